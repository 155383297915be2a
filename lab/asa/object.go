package asa

import (
	"slices"
	"strconv"
	"strings"
)

const (
	nameLimit        = 64
	nameLimitLoaded  = 128 // older releases made longer ones
	descriptionLimit = 200
)

// object is an "object network" or an "object service".
type object struct {
	name, kind  string
	description string
	nat         string

	// value is "host", "subnet", "range", "fqdn" or "service"; "" if it has
	// none yet.
	value string
	addr  address
	last  address // end of a range, a host
	fqdn  string  // with its v4 or v6
	svc   service
}

func (o *object) lines(sp spelling) []string {
	var out []string
	switch o.value {
	case "host":
		out = append(out, " host "+sp.ip(o.addr.ip))
	case "subnet":
		out = append(out, " subnet "+sp.address(o.addr))
	case "range":
		out = append(out, " range "+sp.ip(o.addr.ip)+" "+sp.ip(o.last.ip))
	case "fqdn":
		out = append(out, " fqdn "+o.fqdn)
	case "service":
		l := " service " + o.svc.print()
		if o.svc.hasPorts() {
			l += " "
		}
		out = append(out, l)
	}
	if o.description != "" {
		out = append(out, " description "+o.description)
	}
	return out
}

// used says that some line names the object or group.
func (cfg *config) used(name string) bool { return cfg.uses[name] > 0 }

func (cfg *config) use(name string, by int) {
	if name == "" {
		return
	}
	if cfg.uses[name] += by; cfg.uses[name] <= 0 {
		delete(cfg.uses, name)
	}
}

func (c *call) limit() int {
	if c.s.loading {
		return nameLimitLoaded
	}
	return nameLimit
}

// objectRef reads the name of an object of the kind that has a value.
func (c *call) objectRef(kind string) (string, error) {
	n, err := c.in.name(c.limit())
	if err != nil {
		return "", err
	}
	o := c.cfg.objects[n]
	switch {
	case o == nil && c.forward() && c.cfg.groups[n] == nil:
		return n, nil
	case o == nil:
		return "", refuse("ERROR: object (%s) does not exist.", n)
	case o.kind != kind:
		return "", refuse("ERROR: specified object <%s> has wrong type; expecting %s type", n, kind)
	case o.value == "" && !c.forward():
		return "", refuse("ERROR: object (%s) is empty.", n)
	}
	return n, nil
}

// groupRef reads the name of an object-group of one of the kinds that has a
// member.
func (c *call) groupRef(kinds ...string) (string, error) {
	n, err := c.in.name(c.limit())
	if err != nil {
		return "", err
	}
	return n, c.checkGroup(n, kinds...)
}

func (c *call) checkGroup(n string, kinds ...string) error {
	g := c.cfg.groups[n]
	switch {
	case g == nil && c.forward() && c.cfg.objects[n] == nil:
		return nil
	case g == nil:
		return refuse("ERROR: specified object group <%s> not found", n)
	case !slices.Contains(kinds, g.class()):
		return refuse("ERROR: specified object group <%s> has wrong type; expecting %s type", n, kindWord(kinds[0]))
	case len(g.members) == 0 && !c.forward():
		return refuse("ERROR: specified object group <%s> is empty", n)
	}
	return nil
}

// cmdObject is "object {network|service} NAME".
func cmdObject(c *call) error {
	kind, err := c.in.keyword("network", "service")
	if err != nil {
		return err
	}
	name, err := c.in.name(c.limit())
	if err != nil {
		return err
	}
	if err := c.in.done(); err != nil {
		return err
	}
	o := c.cfg.objects[name]
	if c.no {
		switch {
		case o == nil || o.kind != kind:
			return refuse("ERROR: object (%s) does not exist.", name)
		case c.cfg.used(name) && !c.cfg.forwardRef:
			return refuse("ERROR: unable to delete object (%s). object is being used.", name)
		}
		delete(c.cfg.objects, name)
		c.cfg.objectOrder = without(c.cfg.objectOrder, o)
		return nil
	}
	if o == nil {
		if err := c.free(name); err != nil {
			return err
		}
		o = &object{name: name, kind: kind}
		c.cfg.objects[name] = o
		c.cfg.objectOrder = append(c.cfg.objectOrder, o)
		if err := c.suits(name); err != nil {
			delete(c.cfg.objects, name)
			c.cfg.objectOrder = without(c.cfg.objectOrder, o)
			return err
		}
	} else if o.kind != kind {
		return refuse("An object with the same id but different type (%s) exists", o.kind)
	}
	c.s.enter(modeObject, name)
	return nil
}

// suits says that a new object or group is of the type that the lines that
// have named it before need.
func (c *call) suits(name string) error {
	if c.s.loading || !c.cfg.used(name) {
		return nil
	}
	return c.cfg.kinds()
}

// free says that neither an object nor a group has the name.
func (c *call) free(name string) error {
	if o := c.cfg.objects[name]; o != nil {
		return refuse("An object with the same id but different type (%s) exists", o.kind)
	}
	if g := c.cfg.groups[name]; g != nil {
		return refuse("An object-group with the same id but different type (%s) exists", g.kind)
	}
	return nil
}

func without[T comparable](list []T, x T) []T {
	if i := slices.Index(list, x); i >= 0 {
		return slices.Delete(list, i, i+1)
	}
	return list
}

func (c *call) describe(field *string) error {
	if c.no {
		*field = ""
		return nil
	}
	text := c.in.rest()
	if text == "" {
		return errIncomplete
	}
	if len(text) > descriptionLimit {
		return invalid(len(c.in.text) - len(text) + descriptionLimit)
	}
	*field = text
	return nil
}

// subObject is a line inside an object.
func subObject(c *call, word string) error {
	o := c.cfg.objects[c.s.mode.name]
	if o == nil {
		return refuse("ERROR: object (%s) does not exist.", c.s.mode.name)
	}
	if word == "description" {
		return c.describe(&o.description)
	}
	if word == "nat" {
		return c.objectNAT(o)
	}
	v := object{name: o.name, kind: o.kind, description: o.description, nat: o.nat, value: word}
	var err error
	switch word {
	case "host":
		v.addr.ip, err = c.hostAddress()
		v.addr.kind = addrHost
	case "subnet":
		v.addr, err = c.network()
	case "range":
		err = c.addressRange(&v)
	case "fqdn":
		v.fqdn, err = c.in.word()
		if err == nil && (v.fqdn == "v4" || v.fqdn == "v6") {
			var w string
			w, err = c.in.word()
			v.fqdn += " " + w
		}
	case "service":
		v.svc, err = c.service(false)
	}
	if err != nil {
		return err
	}
	if err := c.in.done(); err != nil {
		return err
	}
	if !c.no {
		*o = v
		return nil
	}
	if o.value != word || !slices.Equal(v.lines(spelling{}), o.lines(spelling{})) {
		return refuse("ERROR: object (%s) does not have this value.", o.name)
	}
	if c.cfg.used(o.name) && !c.cfg.forwardRef {
		return refuse("ERROR: unable to delete object (%s). object is being used.", o.name)
	}
	o.value = ""
	return nil
}

func (c *call) addressRange(v *object) (err error) {
	if v.addr.ip, err = c.hostAddress(); err != nil {
		return err
	}
	c.in.skip()
	at := c.in.at
	if v.last.ip, err = c.hostAddress(); err != nil {
		return err
	}
	if v.addr.ip.BitLen() != v.last.ip.BitLen() || v.last.ip.Less(v.addr.ip) {
		return invalid(at)
	}
	v.addr.kind = addrHost
	return nil
}

// group is an object-group.
type group struct {
	name, kind  string
	proto       string // of a service group in a port position
	description string
	members     []member
	keys        map[string]bool
}

// class is the kind of a group in references: a service group with a protocol
// is one of ports.
func (g *group) class() string {
	if g.proto != "" {
		return "ports-" + g.proto
	}
	return g.kind
}

// kindWord is how a refusal calls a class.
func kindWord(class string) string {
	if strings.HasPrefix(class, "ports-") {
		return "service"
	}
	return class
}

func (g *group) header() string {
	h := "object-group " + g.kind + " " + g.name
	if g.proto != "" {
		h += " " + g.proto
	}
	return h
}

// member is one line of an object-group. word is its first word.
type member struct {
	word  string
	addr  address
	svc   service
	name  string // of a group-object or a service-object object
	ports ports
	text  string // of a line that is kept as it is
	id    string // its key, once it is in a group
}

func (m member) print(sp spelling, g *group) string {
	switch {
	case m.word == "group-object":
		return m.word + " " + m.name
	case m.word == "network-object":
		return m.word + " " + sp.address(m.addr)
	case m.word == "service-object" && m.name != "":
		return m.word + " object " + m.name
	case m.word == "service-object":
		s := m.word + " " + m.svc.print()
		if m.svc.hasPorts() {
			s += " "
		}
		return s
	case m.word == "port-object":
		n, _ := parseProtocol(g.proto, true)
		return m.word + m.ports.print(portTable(n))
	case m.word == "protocol-object":
		return m.word + " " + printProtocol(m.svc.proto)
	case m.word == "icmp-object":
		return m.word + " " + icmp4Type.print(m.svc.icmpType)
	}
	return m.word + " " + m.text
}

// key is the same for two members of the same value.
func (m member) key(g *group) string {
	m.addr = m.addr.normal()
	return m.print(spelling{}, g)
}

// memberWords are the lines that a kind of group takes.
func (g *group) memberWords() []string {
	switch g.kind {
	case "network":
		return []string{"description", "network-object", "group-object"}
	case "service":
		if g.proto != "" {
			return []string{"description", "port-object", "group-object"}
		}
		return []string{"description", "service-object", "group-object"}
	case "protocol":
		return []string{"description", "protocol-object", "group-object"}
	case "icmp-type":
		return []string{"description", "icmp-object", "group-object"}
	case "user":
		return []string{"description", "user", "user-group", "group-object"}
	}
	return []string{"description", "security-group", "group-object"}
}

// cmdObjectGroup is "object-group KIND NAME [PROTOCOL]".
func cmdObjectGroup(c *call) error {
	kind, err := c.in.keyword("network", "service", "protocol", "icmp-type", "user", "security")
	if err != nil {
		return err
	}
	name, err := c.in.name(c.limit())
	if err != nil {
		return err
	}
	proto := ""
	if kind == "service" && !c.in.end() {
		if proto, err = c.in.keyword("tcp", "udp", "tcp-udp"); err != nil {
			return err
		}
	}
	if err := c.in.done(); err != nil {
		return err
	}
	g := c.cfg.groups[name]
	if c.no {
		switch {
		case g == nil || g.kind != kind || proto != "" && g.proto != proto:
			return refuse("Removing object-group (%s) failed; it does not exist", name)
		case c.cfg.used(name) && (!c.cfg.forwardRef || g.proto != ""): // without its type the place of a port group can't be told
			return refuse("Removing object-group (%s) not allowed, it is being used.", name)
		}
		for _, m := range g.members {
			c.cfg.useMember(m, -1)
		}
		delete(c.cfg.groups, name)
		c.cfg.groupOrder = without(c.cfg.groupOrder, g)
		return nil
	}
	if g == nil {
		if err := c.free(name); err != nil {
			return err
		}
		g = &group{name: name, kind: kind, proto: proto, keys: map[string]bool{}}
		c.cfg.groups[name] = g
		c.cfg.groupOrder = append(c.cfg.groupOrder, g)
		if err := c.suits(name); err != nil {
			delete(c.cfg.groups, name)
			c.cfg.groupOrder = without(c.cfg.groupOrder, g)
			return err
		}
	} else if g.kind != kind || g.proto != proto {
		return refuse("An object-group with the same id but different type (%s) exists", g.kind)
	}
	c.s.enter(modeGroup, name)
	return nil
}

func (cfg *config) useMember(m member, by int) {
	cfg.use(m.name, by)
	cfg.use(m.addr.name, by)
}

// subGroup is a line inside an object-group.
func subGroup(c *call, word string) error {
	g := c.cfg.groups[c.s.mode.name]
	if g == nil {
		return refuse("ERROR: specified object group <%s> not found", c.s.mode.name)
	}
	if word == "description" {
		return c.describe(&g.description)
	}
	m, err := c.member(g, word)
	if err != nil {
		return err
	}
	if err := c.in.done(); err != nil {
		return err
	}
	key := m.key(g)
	text := m.print(c.cfg.spelling(), g)
	if c.no {
		return c.removeMember(g, m, key, text)
	}
	if g.keys[key] {
		return refuse("Adding obj (%s) to grp (%s) failed; object already exists", trimRight(text), g.name)
	}
	if m.word == "group-object" && c.cfg.reaches(m.name, g.name) {
		return refuse("Adding obj (%s) to grp (%s) failed; cause a loop in grp hierarchy", text, g.name)
	}
	g.keys[key] = true
	m.id = key
	g.members = append(g.members, m)
	c.cfg.useMember(m, 1)
	return nil
}

func (c *call) removeMember(g *group, m member, key, text string) error {
	if !g.keys[key] {
		return refuse("Removing obj (%s) from grp (%s) failed; obj does not exist in this group", trimRight(text), g.name)
	}
	if len(g.members) == 1 && c.cfg.used(g.name) && !c.cfg.forwardRef {
		return refuse("Removing obj from object-group not allowed; object-group (%s),  being used in access-list or threat-detection or NAT, would become empty", g.name)
	}
	i := slices.IndexFunc(g.members, func(x member) bool { return x.id == key })
	c.cfg.useMember(g.members[i], -1)
	g.members = slices.Delete(g.members, i, i+1)
	delete(g.keys, key)
	return nil
}

// reaches says that a group is another one or has it among its members'
// members.
func (cfg *config) reaches(from, to string) bool {
	seen := map[string]bool{}
	var walk func(string) bool
	walk = func(n string) bool {
		if n == to {
			return true
		}
		g := cfg.groups[n]
		if g == nil || seen[n] {
			return false
		}
		seen[n] = true
		return slices.ContainsFunc(g.members, func(m member) bool {
			return m.word == "group-object" && walk(m.name)
		})
	}
	return walk(from)
}

// member reads what follows the first word of a group's line.
func (c *call) member(g *group, word string) (m member, err error) {
	m.word = word
	switch word {
	case "group-object":
		return c.groupMember(g, m)
	case "network-object":
		m.addr, err = c.networkMember()
	case "service-object":
		if c.in.peek() != "" && c.in.accept("object") != "" {
			m.name, err = c.objectRef("service")
			return m, err
		}
		m.svc, err = c.service(true)
	case "port-object":
		n, _ := parseProtocol(g.proto, true)
		if w := c.in.peek(); w != "" && !slices.Contains([]string{"eq", "range"}, first(choose(w, portOps))) {
			return m, c.in.bad()
		}
		m.ports, err = c.portCondition(portTable(n))
		if err == nil && m.ports.op == portAny {
			err = c.in.bad()
		}
	case "protocol-object":
		w := c.in.peek()
		n, ok := parseProtocol(w, false)
		if !ok {
			return m, c.in.bad()
		}
		c.in.at += len(w)
		m.svc = newService(n)
	case "icmp-object":
		w := c.in.peek()
		n, ok := icmp4Type.find(w, 255)
		if !ok {
			return m, c.in.bad()
		}
		c.in.at += len(w)
		m.svc = newService(protoICMP)
		m.svc.icmpType = n
	default:
		if m.text = c.in.rest(); m.text == "" {
			err = errIncomplete
		}
	}
	return m, err
}

func first(w string, _ bool) string { return w }

func (c *call) networkMember() (a address, err error) {
	tok := c.in.peek()
	if _, ok := c.cfg.resolve(tok); !ok {
		switch c.in.accept("host", "object") {
		case "host":
			a.kind = addrHost
			a.ip, err = c.hostAddress()
			return a, err
		case "object":
			a.kind = addrObject
			a.name, err = c.objectRef("network")
			return a, err
		}
	}
	if tok == "" {
		return a, errIncomplete
	}
	return c.network()
}

func (c *call) groupMember(g *group, m member) (member, error) {
	n, err := c.in.name(c.limit())
	if err != nil {
		return m, err
	}
	m.name = n
	sub := c.cfg.groups[n]
	if sub != nil && len(sub.members) == 0 && sub != g && !c.forward() && !c.no {
		return m, refuse("object-group (%s) is empty. Cannot add an empty group-object to object-group", n)
	}
	if sub == g && g != nil {
		return m, nil // the loop is refused by the caller
	}
	return m, c.checkGroup(n, g.class())
}

func trimRight(s string) string {
	for len(s) > 0 && s[len(s)-1] == ' ' {
		s = s[:len(s)-1]
	}
	return s
}

func itoa(n int) string { return strconv.Itoa(n) }
