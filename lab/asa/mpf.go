package asa

import (
	"slices"
	"strings"
	"time"
)

const mapNameLimit = 40

// classMap says which connections are of a class.
type classMap struct {
	name, description string
	match             []string // "access-list X", "any", "port tcp eq 80", as printed
	port              service  // of a match on a port
}

func (m *classMap) matches(list string) bool { return slices.Contains(m.match, "access-list "+list) }

func (m *classMap) lines() []string {
	out := []string{"class-map " + m.name}
	if m.description != "" {
		out = append(out, " description "+m.description)
	}
	for _, l := range m.match {
		out = append(out, " match "+l)
	}
	return out
}

// policyMap holds classes with what is done to their connections, in order.
type policyMap struct {
	name, description string
	classes           []*policyClass
}

type policyClass struct {
	name    string
	actions []string // as printed, but for the timeouts
	timers  *timers
}

// timers is one "set connection timeout" line.
type timers struct {
	embryonic, idle, halfClosed                 time.Duration
	hasEmbryonic, hasIdle, reset, hasHalfClosed bool
	dcd                                         bool
	retry                                       time.Duration
	max                                         int
}

func (t *timers) empty() bool { return !t.hasEmbryonic && !t.hasIdle && !t.hasHalfClosed && !t.dcd }

func (t *timers) print() string {
	out := "set connection timeout"
	if t.hasEmbryonic {
		out += " embryonic " + clock(t.embryonic)
	}
	if t.hasIdle {
		out += " idle " + clock(t.idle)
		if t.reset {
			out += " reset"
		}
	}
	if t.hasHalfClosed {
		out += " half-closed " + clock(t.halfClosed)
	}
	if t.dcd {
		out += " dcd " + clock(t.retry) + " " + itoa(t.max)
	}
	return out
}

// clock prints a time as the device does: hours unpadded.
func clock(d time.Duration) string {
	s := int(d / time.Second)
	return itoa(s/3600) + ":" + pad(s/60%60) + ":" + pad(s%60)
}

func pad(n int) string {
	if n < 10 {
		return "0" + itoa(n)
	}
	return itoa(n)
}

// parseClock reads H:M:S or 0.
func parseClock(w string) (time.Duration, bool) {
	if w == "0" {
		return 0, true
	}
	f := strings.Split(w, ":")
	if len(f) != 3 {
		return 0, false
	}
	total := 0
	for i, x := range f {
		n, ok := decimal(x)
		if !ok || n > 9999 || i > 0 && n > 59 {
			return 0, false
		}
		total = total*60 + n
	}
	return time.Duration(total) * time.Second, true
}

// clock reads a time of at most highest.
func (c *call) clock(lowest, highest time.Duration) (time.Duration, error) {
	w := c.in.peek()
	d, ok := parseClock(w)
	if !ok || d > highest || d < lowest {
		return 0, c.in.bad()
	}
	c.in.at += len(w)
	return d, nil
}

func find[T any](list []T, ok func(T) bool) (none T) {
	if i := slices.IndexFunc(list, ok); i >= 0 {
		return list[i]
	}
	return none
}

func (cfg *config) classMap(name string) *classMap {
	return find(cfg.classMaps, func(m *classMap) bool { return m.name == name })
}

func (cfg *config) policyMap(name string) *policyMap {
	return find(cfg.policyMaps, func(p *policyMap) bool { return p.name == name })
}

func (p *policyMap) class(name string) *policyClass {
	return find(p.classes, func(c *policyClass) bool { return c.name == name })
}

// cmdClassMap is "class-map [match-all] NAME".
func cmdClassMap(c *call) error {
	if c.in.peek() == "type" {
		return cmdKept(c)
	}
	if before := c.in; c.in.accept("match-all") != "" && c.in.end() {
		c.in = before // it is a name that looks like the beginning of the keyword
	}
	name, err := c.in.name(mapNameLimit)
	if err != nil {
		return err
	}
	if err := c.in.done(); err != nil {
		return err
	}
	m := c.cfg.classMap(name)
	if c.no {
		if m == nil {
			return refuse("ERROR: %% class-map %s not configured", name)
		}
		for _, p := range c.cfg.policyMaps {
			if p.class(name) != nil {
				return refuse("ERROR: %% class-map %s is being used", name)
			}
		}
		c.cfg.classMaps = without(c.cfg.classMaps, m)
		return nil
	}
	if name == "class-default" {
		return refuse("ERROR: %% class-default is a reserved name")
	}
	if m == nil {
		c.cfg.classMaps = append(c.cfg.classMaps, &classMap{name: name})
	}
	c.s.enter(modeClassMap, name)
	return nil
}

// subClassMap is a line inside a class-map.
func subClassMap(c *call, word string) error {
	m := c.cfg.classMap(c.s.mode.name)
	if m == nil {
		return refuse("ERROR: %% class-map %s not configured", c.s.mode.name)
	}
	if word == "description" {
		return c.describe(&m.description)
	}
	text, port, err := c.classMatch()
	if err != nil {
		return err
	}
	i := slices.Index(m.match, text)
	if c.no {
		if i < 0 {
			return refuse("ERROR: %% match %s not configured", text)
		}
		m.match = slices.Delete(m.match, i, i+1)
		return nil
	}
	if i >= 0 {
		return nil
	}
	if len(m.match) > 0 && !joins(text) && !joins(m.match[0]) {
		return refuse("ERROR: Multiple match commands are not supported except for the 'match tunnel-group or default-inspect-traffic' command.")
	}
	m.match, m.port = append(m.match, text), port
	return nil
}

// joins says that a match may stand beside another one.
func joins(match string) bool {
	return match == "default-inspection-traffic" || strings.HasPrefix(match, "tunnel-group ") || match == "flow ip destination-address"
}

func (c *call) classMatch() (text string, port service, err error) {
	w, err := c.in.keyword("access-list", "any", "default-inspection-traffic", "port", "dscp", "precedence", "rtp", "tunnel-group", "flow")
	if err != nil {
		return "", port, err
	}
	switch w {
	case "access-list":
		n, err := c.in.name(aclNameLimit)
		if err != nil {
			return "", port, err
		}
		if c.cfg.acls[n] == nil && !c.forward() && !c.no {
			return "", port, refuse("ERROR: access-list <%s> does not exist", n)
		}
		return w + " " + n, port, c.in.done()
	case "port":
		p, err := c.in.keyword("tcp", "udp", "sctp")
		if err != nil {
			return "", port, err
		}
		n, _ := parseProtocol(p, false)
		port = newService(n)
		if port.dst, err = c.portCondition(portTable(n)); err == nil && port.dst.op != portEq && port.dst.op != portRange {
			err = c.in.bad()
		}
		if err != nil {
			return "", port, err
		}
		return w + " " + p + port.dst.print(portTable(n)), port, c.in.done()
	case "any", "default-inspection-traffic":
		return w, port, c.in.done()
	}
	rest := c.in.rest()
	if rest == "" {
		return "", port, errIncomplete
	}
	return w + " " + rest, port, nil
}

// cmdPolicyMap is "policy-map NAME".
func cmdPolicyMap(c *call) error {
	if c.in.peek() == "type" {
		return cmdKept(c)
	}
	name, err := c.in.name(mapNameLimit)
	if err != nil {
		return err
	}
	if err := c.in.done(); err != nil {
		return err
	}
	p := c.cfg.policyMap(name)
	if c.no {
		if p == nil {
			return refuse("ERROR: %% policy-map %s not configured", name)
		}
		if slices.ContainsFunc(c.cfg.servicePolicies, func(s servicePolicy) bool { return s.policy == name }) {
			return refuse("ERROR: %% policy-map %s is being used", name)
		}
		c.cfg.policyMaps = without(c.cfg.policyMaps, p)
		return nil
	}
	if p == nil {
		c.cfg.policyMaps = append(c.cfg.policyMaps, &policyMap{name: name})
	}
	c.s.enter(modePolicyMap, name)
	return nil
}

// subPolicyMap is "class NAME" or a description.
func subPolicyMap(c *call, word string) error {
	p := c.cfg.policyMap(c.s.mode.name)
	if p == nil {
		return refuse("ERROR: %% policy-map %s not configured", c.s.mode.name)
	}
	if word == "description" {
		return c.describe(&p.description)
	}
	name, err := c.in.name(mapNameLimit)
	if err != nil {
		return err
	}
	if err := c.in.done(); err != nil {
		return err
	}
	k := p.class(name)
	if c.no {
		if k == nil {
			return refuse("ERROR: %% class-map %s not configured", name)
		}
		p.classes = without(p.classes, k)
		return nil
	}
	if k == nil {
		if name != "class-default" && c.cfg.classMap(name) == nil && !c.s.loading {
			return refuse("ERROR: %% class-map %s not configured", name)
		}
		at := len(p.classes)
		if at > 0 && p.classes[at-1].name == "class-default" {
			at--
		}
		p.classes = slices.Insert(p.classes, at, &policyClass{name: name})
	}
	c.s.mode.class = name
	c.s.mode.kind = modePolicyClass
	return nil
}

// subPolicyClass is an action of a class.
func subPolicyClass(c *call, word string) error {
	p := c.cfg.policyMap(c.s.mode.name)
	var k *policyClass
	if p != nil {
		k = p.class(c.s.mode.class)
	}
	if k == nil {
		return refuse("ERROR: %% class-map %s not configured", c.s.mode.class)
	}
	if word == "set" {
		at := c.in.at
		if c.in.accept("connection") != "" && c.in.accept("timeout") != "" {
			return c.setTimers(k)
		}
		c.in.at = at
	}
	rest := c.in.rest()
	if rest == "" && word != "priority" {
		return errIncomplete
	}
	text := trimRight(word + " " + strings.Join(strings.Fields(rest), " "))
	i := slices.Index(k.actions, text)
	switch {
	case c.no && i < 0:
		return refuse("ERROR: %% %s not configured", text)
	case c.no:
		k.actions = slices.Delete(k.actions, i, i+1)
	case i < 0:
		k.actions = append(k.actions, text)
	}
	return nil
}

const longestIdle = 1193 * time.Hour

func (c *call) setTimers(k *policyClass) error {
	t := timers{}
	if k.timers != nil {
		t = *k.timers
	}
	if c.in.end() {
		if !c.no {
			return errIncomplete
		}
		k.timers = nil
		return nil
	}
	for !c.in.end() {
		w, err := c.in.keyword("embryonic", "half-closed", "idle", "dcd")
		if err != nil {
			return err
		}
		if c.no {
			err = c.unsetTimer(&t, w)
		} else {
			err = c.setTimer(&t, w)
		}
		if err != nil {
			return err
		}
	}
	if k.timers = &t; t.empty() {
		k.timers = nil
	}
	return nil
}

func (c *call) setTimer(t *timers, w string) (err error) {
	switch w {
	case "embryonic":
		t.hasEmbryonic = true
		t.embryonic, err = c.clock(0, longestIdle)
	case "half-closed":
		t.hasHalfClosed = true
		t.halfClosed, err = c.clock(0, longestIdle)
	case "idle":
		t.hasIdle = true
		t.idle, err = c.clock(0, longestIdle)
		t.reset = err == nil && c.in.accept("reset") != ""
	case "dcd":
		t.dcd, t.retry, t.max = true, 15*time.Second, 5
		if w := c.in.peek(); w == "" || w[0] < '0' || w[0] > '9' {
			return nil
		}
		if t.retry, err = c.clock(time.Second, 24*time.Hour); err != nil {
			return err
		}
		if _, ok := decimal(c.in.peek()); ok {
			t.max, err = c.in.number(1, 255)
		}
	}
	return err
}

// unsetTimer takes a timer away; its value may follow.
func (c *call) unsetTimer(t *timers, w string) error {
	var skipped timers
	if next := c.in.peek(); next != "" && next[0] >= '0' && next[0] <= '9' {
		if err := c.setTimer(&skipped, w); err != nil {
			return err
		}
	}
	switch w {
	case "embryonic":
		t.hasEmbryonic = false
	case "half-closed":
		t.hasHalfClosed = false
	case "idle":
		t.hasIdle = false
	case "dcd":
		t.dcd = false
	}
	return nil
}

func (p *policyMap) lines() []string {
	out := []string{"policy-map " + p.name}
	if p.description != "" {
		out = append(out, " description "+p.description)
	}
	for _, k := range p.classes {
		out = append(out, " class "+k.name)
		for _, a := range k.actions {
			out = append(out, "  "+a)
		}
		if k.timers != nil {
			out = append(out, "  "+k.timers.print())
		}
	}
	return out
}

// servicePolicy puts a policy-map into force.
type servicePolicy struct {
	policy, nameif string // nameif is "" for the global one
	failClose      bool
}

func (s servicePolicy) print() string {
	out := "service-policy " + s.policy
	if s.nameif == "" {
		out += " global"
	} else {
		out += " interface " + s.nameif
	}
	if s.failClose {
		out += " fail-close"
	}
	return out
}

// cmdServicePolicy is "service-policy NAME {global | interface NAMEIF}".
func cmdServicePolicy(c *call) error {
	var s servicePolicy
	var err error
	if s.policy, err = c.in.name(mapNameLimit); err != nil {
		return err
	}
	w, err := c.in.keyword("global", "interface")
	if err != nil {
		return err
	}
	if w == "interface" {
		if s.nameif, err = c.nameif(); err != nil {
			return err
		}
	}
	s.failClose = c.in.accept("fail-close") != ""
	if err := c.in.done(); err != nil {
		return err
	}
	i := slices.IndexFunc(c.cfg.servicePolicies, func(x servicePolicy) bool { return x.nameif == s.nameif })
	switch {
	case c.no && (i < 0 || c.cfg.servicePolicies[i].policy != s.policy):
		return refuse("ERROR: %% service-policy %s not configured", s.policy)
	case c.no:
		c.cfg.servicePolicies = slices.Delete(c.cfg.servicePolicies, i, i+1)
	case c.cfg.policyMap(s.policy) == nil:
		return refuse("ERROR: %% policy-map %s not configured", s.policy)
	case i >= 0 && c.cfg.servicePolicies[i].policy != s.policy:
		return refuse("ERROR: Policy map %s is already configured as a service policy", c.cfg.servicePolicies[i].policy)
	case i >= 0:
		c.cfg.servicePolicies[i] = s
	default:
		c.cfg.servicePolicies = append(c.cfg.servicePolicies, s)
	}
	return nil
}
