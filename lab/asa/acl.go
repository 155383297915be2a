package asa

import (
	"slices"
	"strconv"
	"strings"
)

const (
	aclNameLimit = 241
	remarkLimit  = 100
)

// acl is an access list. Its remarks have line numbers like its entries.
type acl struct {
	name, kind string // extended, standard, ethertype or webtype; "" with remarks only
	lines      []*entry
	keys       map[string]*entry
}

// entry is one line of an access list.
type entry struct {
	remark  bool
	raw     string // a remark, or a line that isn't of an extended list
	hits    int
	deny    bool
	proto   protoRef
	user    string
	src     address
	dst     address
	svc     service // the ports and the ICMP type, under proto.n
	icmp    string  // an icmp-type group
	log     logClause
	period  string // time-range
	dormant bool   // inactive
}

// protoRef is what stands in the position of the protocol: a number, a service
// object or a group.
type protoRef struct {
	n             int
	object, group string
}

type logClause struct {
	on       bool
	word     string // disable or default
	level    int
	interval int
}

const (
	logLevel    = 6
	logInterval = 300
)

func (l logClause) print(full bool) string {
	switch {
	case !l.on:
		return ""
	case l.word != "":
		return " log " + l.word
	case full:
		return " log " + logLevels[l.level] + " interval " + itoa(l.interval)
	}
	out := " log"
	if l.level != logLevel {
		out += " " + logLevels[l.level]
	}
	if l.interval != logInterval {
		out += " interval " + itoa(l.interval)
	}
	return out
}

// tuple prints what the entry matches and does, from permit or deny on,
// without log, time-range and inactive.
func (e *entry) tuple(sp spelling) string {
	var b strings.Builder
	b.WriteString("permit ")
	if e.deny {
		b.Reset()
		b.WriteString("deny ")
	}
	t := noPorts
	switch {
	case e.proto.object != "":
		b.WriteString("object " + e.proto.object)
	case e.proto.group != "":
		b.WriteString("object-group " + e.proto.group)
	default:
		b.WriteString(printProtocol(e.proto.n))
		t = portTable(e.proto.n)
	}
	if e.user != "" {
		b.WriteString(" " + e.user)
	}
	b.WriteByte(' ')
	b.WriteString(sp.address(e.src))
	b.WriteString(e.svc.src.print(t))
	b.WriteByte(' ')
	b.WriteString(sp.address(e.dst))
	b.WriteString(e.svc.dst.print(t))
	if e.icmp != "" {
		b.WriteString(" object-group " + e.icmp)
	} else if e.svc.icmpType >= 0 {
		b.WriteString(e.svc.printICMP())
	}
	return b.String()
}

// body prints the line after the list's name, without the trailing blank. full
// is the form of show access-list.
func (e *entry) body(sp spelling, full bool) string {
	if e.raw != "" || e.remark {
		return e.raw
	}
	out := "extended " + e.tuple(sp) + e.log.print(full)
	if e.period != "" {
		out += " time-range " + e.period
	}
	if e.dormant && !full {
		out += " inactive"
	}
	return out
}

// key is the same for entries that can't stand in one list.
func (e *entry) key() string {
	k := e.tuple(spelling{})
	if e.period != "" {
		k += " time-range " + e.period
	}
	return k
}

func (cfg *config) useEntry(e *entry, by int) {
	for _, n := range [...]string{e.proto.object, e.proto.group, e.svc.src.group, e.svc.dst.group, e.icmp} {
		cfg.use(n, by)
	}
	if e.src.kind == addrObject || e.src.kind == addrGroup {
		cfg.use(e.src.name, by)
	}
	if e.dst.kind == addrObject || e.dst.kind == addrGroup {
		cfg.use(e.dst.name, by)
	}
	if e.period != "" {
		cfg.use(periodKey+e.period, by)
	}
	if e.user == "" {
		return
	}
	f := strings.Fields(e.user)
	for i := 1; i < len(f); i++ {
		if strings.HasPrefix(f[i-1], "object-group-") {
			cfg.use(f[i], by)
		}
	}
}

// periodKey sets the uses of time ranges apart from those of objects.
const periodKey = "time-range "

// cmdAccessList is "access-list NAME [line N] ...".
func cmdAccessList(c *call) error {
	switch c.in.peek() {
	case "alert-interval", "deny-flow-max":
		return cmdKept(c)
	}
	name, err := c.in.name(aclNameLimit)
	if err != nil {
		return err
	}
	line := 0
	if c.in.accept("line") != "" {
		if line, err = c.in.number(1, 999999999); err != nil {
			return err
		}
	}
	c.in.skip()
	at := c.in.at
	kind, err := c.in.keyword("extended", "remark", "permit", "deny", "standard", "ethertype", "webtype")
	if err != nil {
		return err
	}
	if kind == "permit" || kind == "deny" {
		c.in.at = at
		kind = "extended"
	}
	e := &entry{}
	switch kind {
	case "extended":
		err = c.entry(e)
	case "remark":
		e.remark = true
		e.raw = c.in.rest()
		if len(e.raw) > remarkLimit {
			e.raw = trimRight(e.raw[:remarkLimit])
		}
		e.raw = trimRight("remark " + e.raw)
	default:
		if e.raw = c.in.rest(); e.raw == "" {
			err = errIncomplete
		}
		e.raw = kind + " " + e.raw
	}
	if err != nil {
		return err
	}
	if kind == "remark" {
		kind = ""
	}
	if c.no {
		return c.removeEntry(name, line, e)
	}
	return c.addEntry(name, kind, line, e)
}

func (c *call) addEntry(name, kind string, line int, e *entry) error {
	a := c.cfg.acls[name]
	if a == nil {
		a = &acl{name: name, keys: map[string]*entry{}}
	}
	if kind != "" && a.kind != "" && a.kind != kind {
		return refuse("ERROR: access-list <%s> is of type %s", name, a.kind)
	}
	if kind != "" && kind != "extended" && slices.ContainsFunc(c.cfg.accessGroups, func(g accessGroup) bool { return g.acl == name }) {
		return refuse("ERROR: access-list <%s> is of type extended", name)
	}
	if !e.remark {
		key := e.raw
		if key == "" {
			key = e.key()
		}
		if a.keys[key] != nil {
			return refuse("ACE not added. Possible duplicate entry")
		}
		a.keys[key] = e
		a.kind = kind
	}
	if len(a.lines) == 0 {
		c.cfg.acls[name] = a
		c.cfg.aclOrder = append(c.cfg.aclOrder, a)
	}
	c.cfg.useEntry(e, 1)
	if line == 0 || line > len(a.lines) {
		a.lines = append(a.lines, e)
	} else {
		a.lines = slices.Insert(a.lines, line-1, e)
	}
	if e.src.kind == addrGroup && e.src == e.dst {
		c.say("WARNING: Same object-group is used more than once in one config line. This config is redundant. Please use seperate object-groups")
	}
	return nil
}

func (c *call) removeEntry(name string, line int, e *entry) error {
	const absent = refusal("Specified access-list does not exist")
	a := c.cfg.acls[name]
	if a == nil {
		return absent
	}
	want := e.body(spelling{}, false)
	same := func(x *entry) bool { return x.remark == e.remark && x.body(spelling{}, false) == want }
	i := line - 1
	switch {
	case line > len(a.lines) || line > 0 && !same(a.lines[i]):
		return absent
	case line > 0:
	case e.remark:
		i = slices.IndexFunc(a.lines, same)
	default:
		key := e.raw
		if key == "" {
			key = e.key()
		}
		x := a.keys[key]
		if x == nil || !same(x) {
			return absent
		}
		i = slices.Index(a.lines, x)
	}
	if i < 0 {
		return absent
	}
	if len(a.lines) == 1 {
		return c.dropACL(a)
	}
	c.cfg.removeLine(a, i)
	return nil
}

func (cfg *config) removeLine(a *acl, i int) {
	e := a.lines[i]
	cfg.useEntry(e, -1)
	if !e.remark {
		if e.raw != "" {
			delete(a.keys, e.raw)
		} else {
			delete(a.keys, e.key())
		}
	}
	a.lines = slices.Delete(a.lines, i, i+1)
	if len(a.keys) == 0 {
		a.kind = ""
	}
}

// dropACL removes a whole list, and the access-groups with it.
func (c *call) dropACL(a *acl) error {
	for _, m := range c.cfg.classMaps {
		if m.matches(a.name) && !c.cfg.forwardRef {
			return refuse("ERROR: access-list <%s> is being used by class-map <%s>", a.name, m.name)
		}
	}
	for _, e := range a.lines {
		c.cfg.useEntry(e, -1)
	}
	delete(c.cfg.acls, a.name)
	c.cfg.aclOrder = without(c.cfg.aclOrder, a)
	c.cfg.accessGroups = slices.DeleteFunc(c.cfg.accessGroups, func(g accessGroup) bool { return g.acl == a.name })
	return nil
}

// entry reads an entry from permit or deny on.
func (c *call) entry(e *entry) error {
	w, err := c.in.keyword("permit", "deny")
	if err != nil {
		return err
	}
	e.deny = w == "deny"
	e.svc = newService(protoIP)
	if err := c.entryProtocol(e); err != nil {
		return err
	}
	if err := c.entryUser(e); err != nil {
		return err
	}
	if e.src, err = c.ruleAddress(); err != nil {
		return err
	}
	if e.svc.src, err = c.entryPorts(e); err != nil {
		return err
	}
	if e.dst, err = c.ruleAddress(); err != nil {
		return err
	}
	if e.svc.dst, err = c.entryPorts(e); err != nil {
		return err
	}
	if e.proto.object == "" && e.proto.group == "" && (e.proto.n == protoICMP || e.proto.n == protoICMP6) {
		if err := c.entryICMP(e); err != nil {
			return err
		}
	}
	return c.entryTail(e)
}

func (c *call) entryProtocol(e *entry) error {
	tok := c.in.peek()
	if n, ok := parseProtocol(tok, false); ok {
		c.in.at += len(tok)
		e.proto.n, e.svc.proto = n, n
		return nil
	}
	w, err := c.in.keyword("object", "object-group")
	if err != nil {
		return err
	}
	if w == "object" {
		e.proto.object, err = c.objectRef("service")
		return err
	}
	e.proto.group, err = c.groupRef("service", "protocol")
	return err
}

// entryUser reads the identity conditions, whose packets nobody can tell.
func (c *call) entryUser(e *entry) error {
	for {
		switch w := c.in.peek(); w {
		case "user", "user-group", "object-group-user", "security-group", "object-group-security":
			c.in.at += len(w)
			n, err := c.in.word()
			if err != nil {
				return err
			}
			if w == "security-group" {
				tag, err := c.in.word()
				if err != nil {
					return err
				}
				n += " " + tag
			}
			if w == "object-group-user" || w == "object-group-security" {
				if g := c.cfg.groups[n]; g == nil && !c.forward() {
					return refuse("ERROR: specified object group <%s> not found", n)
				}
			}
			e.user = strings.TrimLeft(e.user+" "+w+" "+n, " ")
		default:
			return nil
		}
	}
}

// entryPorts reads the ports of one side where the protocol has ports.
func (c *call) entryPorts(e *entry) (ports, error) {
	t := noPorts
	var kinds []string
	switch {
	case e.proto.object != "":
		return ports{}, nil
	case e.proto.group != "":
		if g := c.cfg.groups[e.proto.group]; g != nil && g.kind == "service" {
			return ports{}, nil
		}
		kinds = []string{"ports-tcp-udp", "ports-tcp", "ports-udp"}
	case e.proto.n == protoTCP:
		t, kinds = tcpPorts, []string{"ports-tcp", "ports-tcp-udp"}
	case e.proto.n == protoUDP:
		t, kinds = udpPorts, []string{"ports-udp", "ports-tcp-udp"}
	case e.proto.n == protoSCTP:
	default:
		return ports{}, nil
	}
	at := c.in.at
	if w := c.in.peek(); len(w) > len("object") && c.in.accept("object-group") != "" {
		n, err := c.in.word()
		if err != nil {
			return ports{}, err
		}
		if g := c.cfg.groups[n]; g != nil && g.proto != "" {
			return ports{op: portGroup, group: n}, c.checkGroup(n, kinds...)
		}
		c.in.at = at
		return ports{}, nil
	}
	return c.portCondition(t)
}

func (c *call) entryICMP(e *entry) (err error) {
	if w := c.in.peek(); len(w) > len("object") && c.in.accept("object-group") != "" {
		e.icmp, err = c.groupRef("icmp-type")
		return err
	}
	switch w := c.in.peek(); {
	case w == "":
	case first(choose(w, []string{"log", "time-range", "inactive"})) == w:
	default:
		return c.icmp(&e.svc)
	}
	return nil
}

// entryTail reads log, time-range and inactive.
func (c *call) entryTail(e *entry) error {
	if c.in.accept("log") != "" {
		if err := c.logClause(&e.log); err != nil {
			return err
		}
	}
	if c.in.accept("time-range") != "" {
		n, err := c.in.word()
		if err != nil {
			return err
		}
		if c.cfg.periods[n] == nil && !c.forward() {
			return refuse("ERROR: time-range <%s> does not exist", n)
		}
		e.period = n
	}
	if c.in.accept("inactive") != "" {
		e.dormant = true
	}
	return c.in.done()
}

func (c *call) logClause(l *logClause) error {
	*l = logClause{on: true, level: logLevel, interval: logInterval}
	if w := c.in.accept("disable", "default"); w != "" {
		l.word = w
		return nil
	}
	w := c.in.peek()
	if n, ok := decimal(w); ok {
		if n > 7 {
			return c.in.bad()
		}
		l.level = n
		c.in.at += len(w)
	} else if w != "inactive" && w != "interval" {
		if level := c.in.accept(logLevels...); level != "" {
			l.level = slices.Index(logLevels, level)
		}
	}
	if w := c.in.peek(); len(w) > 2 && c.in.accept("interval") != "" {
		n, err := c.in.number(1, 600)
		l.interval = n
		return err
	}
	return nil
}

// accessGroup puts a list into force.
type accessGroup struct {
	acl, dir, nameif string // dir is in, out or global
	option           string // control-plane or per-user-override
}

func (g accessGroup) print() string {
	out := "access-group " + g.acl + " " + g.dir
	if g.dir != "global" {
		out += " interface " + g.nameif
	}
	if g.option != "" {
		out += " " + g.option
	}
	return out
}

func (g accessGroup) samePlace(h accessGroup) bool {
	return g.dir == h.dir && g.nameif == h.nameif && (g.option == "control-plane") == (h.option == "control-plane")
}

// cmdAccessGroup is "access-group NAME {in|out} interface NAMEIF" and
// "access-group NAME global".
func cmdAccessGroup(c *call) error {
	var g accessGroup
	var err error
	if g.acl, err = c.in.name(aclNameLimit); err != nil {
		return err
	}
	if g.dir, err = c.in.keyword("in", "out", "global"); err != nil {
		return err
	}
	if g.dir != "global" {
		if _, err = c.in.keyword("interface"); err != nil {
			return err
		}
		if g.nameif, err = c.nameif(); err != nil {
			return err
		}
		g.option = c.in.accept("control-plane", "per-user-override")
	}
	if err := c.in.done(); err != nil {
		return err
	}
	i := slices.IndexFunc(c.cfg.accessGroups, g.samePlace)
	if c.no {
		if i < 0 || c.cfg.accessGroups[i].acl != g.acl {
			return refuse("ERROR: access-group <%s> does not exist", g.acl)
		}
		c.cfg.accessGroups = slices.Delete(c.cfg.accessGroups, i, i+1)
		return nil
	}
	if a := c.cfg.acls[g.acl]; a == nil && !c.forward() {
		return refuse("ERROR: access-list <%s> does not exist", g.acl)
	} else if a != nil && a.kind != "extended" && a.kind != "" {
		return refuse("ERROR: access-list <%s> is of type %s", g.acl, a.kind)
	}
	if i >= 0 {
		c.cfg.accessGroups[i] = g
	} else {
		c.cfg.accessGroups = append(c.cfg.accessGroups, g)
	}
	return nil
}

// line prints an entry as a line of the running configuration.
func (a *acl) line(e *entry, sp spelling) string {
	out := "access-list " + a.name + " " + e.body(sp, false)
	if e.raw == "" && !e.remark {
		out += " "
	}
	return out
}

func lineNumber(i int) string { return " line " + strconv.Itoa(i+1) + " " }
