package paloalto

import (
	"net/netip"

	"github.com/nbfwc/nbfwc/targets"
)

// model is a configuration of PAN-OS or Panorama in the vendor's own words, as
// far as security rules depend on it. Lists are in the order of the text. The
// dialect that a configuration was printed in leaves no trace in it, nor do
// defaults that were printed or not.
type model struct {
	version, hostname string
	// vsys is the context that is read: a vsys of a firewall, or, with panorama,
	// a device group. It is a name of scopes.
	vsys string
	// panorama says that the text is Panorama's own configuration.
	panorama bool
	// prefixed says that the scope of a vsys is spelled in commands ("set vsys
	// vsys2 address ..."), as a firewall with several needs it. It tells nothing
	// about packets and isn't compared.
	prefixed bool
	// sectionOnly says that the text is a section as we print it for a device
	// that has none of ours: what other rules decide isn't in it.
	sectionOnly bool
	// elsewhere are names with our prefix that are mentioned outside of security
	// rules and groups, or in scopes that aren't read.
	elsewhere map[string]bool
	// options are those that the text was read with.
	options targets.ParseOptions
	// managed names the Panorama that pushes rules to this firewall, "" if the
	// text names none.
	managed string
	// rematch is "yes" or "no" if the text says whether sessions are looked at
	// again after a commit.
	rematch string
	// tcpTimeout is the idle timeout of TCP sessions in seconds, 0 if the text
	// doesn't state it.
	tcpTimeout int

	// scopes holds shared first if it is there, then the others in the order of
	// the text.
	scopes []*scope

	interfaces   table[netInterface]
	routes       []route
	virtualWires []string // names
}

// scopeKind is a place where objects and rules are kept.
type scopeKind uint8

const (
	sharedScope scopeKind = iota
	// pushedScope holds what Panorama has pushed to a firewall ("set panorama").
	pushedScope
	vsysScope
	groupScope // a device group of Panorama
)

// scope is one place of objects and rules.
type scope struct {
	kind scopeKind
	name string // of the vsys or device group, else ""
	// parent is the device group above this one, "" for none.
	parent string
	line   int

	addresses     table[address]
	addressGroups table[addressGroup]
	services      table[service]
	serviceGroups table[serviceGroup]
	tags          table[tag]
	zones         table[zone]
	// named are objects of which only the name matters and what they are made
	// of: schedules, regions, external lists, applications and their groups.
	named table[namedObject]

	// rules are the local rules, pre and post those of Panorama.
	rules, pre, post rulebase
	// interfaces that were imported into the vsys.
	imported []string
}

// rulebase is one list of rules of each kind.
type rulebase struct {
	security table[rule]
	nat      table[natRule]
	// defaults are the rules of default-security-rules that the text overrides:
	// intrazone-default and interzone-default. Of their fields only those that
	// can be overridden are set.
	defaults table[rule]
}

// entry is what all objects and rules have.
type entry struct {
	name        string
	description string
	tags        []string
	// unknown are the fields that are not modelled, in the order of the text.
	unknown []field
	line    int
}

func (e *entry) base() *entry { return e }

// field is one field that is not modelled, with what stands below it.
type field struct {
	name, text string
	line       int
}

// address is an address object. Kind is ip-netmask, ip-range, fqdn or
// ip-wildcard, "" if the text gives it no value.
type address struct {
	entry
	kind, value string
}

// addressGroup is static, or dynamic with a filter.
type addressGroup struct {
	entry
	static  []string
	dynamic bool
	filter  string
}

// service is a service object.
type service struct {
	entry
	protocol string // tcp, udp or sctp; "" if the text gives none
	port     string // comma list of ports and ranges, as it was typed
	source   string // source-port, "" for any
	// timeouts in seconds that the service overrides, 0 for none.
	timeout, halfClose, timeWait int
	// overrides says that there is "override yes".
	overrides bool
}

// serviceGroup is a group of services and service groups.
type serviceGroup struct {
	entry
	members []string
}

// tag is a tag object.
type tag struct {
	entry
	color, comments string
}

// zone is a zone with its interfaces. Kind is layer3, layer2, virtual-wire,
// tap, tunnel or external, "" if the zone has no interface.
type zone struct {
	entry
	kind       string
	interfaces []string
}

// namedObject is an object that is not modelled beyond what it consists of.
type namedObject struct {
	entry
	kind string // the word of the configuration: region, schedule, application ...
	text string // all that stands below it
	// members of an application-group.
	members []string
}

// rule is a security rule. Fields hold what the device does, so that a default
// is the same whether it is printed or not. Start from newRule.
type rule struct {
	entry
	from, to                 []string // nil if the text doesn't say
	source, destination      []string
	negateSource, negateDest bool
	application              []string
	service                  []string
	// sourceUser, category, sourceHIP and destHIP are nil for any.
	sourceUser, category []string
	sourceHIP, destHIP   []string
	action               string // allow deny drop reset-client reset-server reset-both
	ruleType             string // universal interzone intrazone
	schedule             string
	disabled             bool
	logStart, logEnd     bool
	logSetting           string
	// profileGroup is what profile-setting group names, profiles what stands
	// below profile-setting profiles.
	profileGroup    []string
	profiles        string
	icmpUnreachable bool
	noInspection    bool // option disable-server-response-inspection
	groupTag        string
	// target are the firewalls that a rule of Panorama is meant for, as text;
	// "" for all.
	target string
}

// newRule is a rule with the defaults of the device.
func newRule(name string, line int) rule {
	return rule{entry: entry{name: name, line: line}, ruleType: "universal", logEnd: true}
}

// natRule is a rule that changes addresses.
type natRule struct {
	entry
	from, to            []string
	source, destination []string
	service             string
	disabled            bool
	// translations are the addresses and names that source-translation and
	// destination-translation mention; unclear says that one is not known from
	// them (the address of an interface).
	translations []string
	unclear      bool
	// text is all that stands below the rule.
	text string
}

// netInterface is an interface with its addresses.
type netInterface struct {
	entry
	networks []netip.Prefix
	kind     string // layer3, layer2, virtual-wire, tap ...
}

// route is a static route.
type route struct {
	destination netip.Prefix
	iface       string
	nextHop     netip.Addr // zero if there is none
	line        int
}

// named is what a table holds.
type named[T any] interface {
	*T
	base() *entry
}

// table is an ordered list of things that have a name. A name occurs once. Read
// list freely; change it with the methods, which keep the index. The zero value
// is empty.
type table[T any] struct {
	list  []T
	index map[string]int32
}

// find returns the place of a name, -1 if there is none.
func (t *table[T]) find(name string) int {
	if i, ok := t.index[name]; ok {
		return int(i)
	}
	return -1
}

// get returns what has the name, nil if there is none. The pointer holds until
// the table is changed.
func (t *table[T]) get(name string) *T {
	if i := t.find(name); i >= 0 {
		return &t.list[i]
	}
	return nil
}

// has says whether there is one of this name.
func (t *table[T]) has(name string) bool { return t.find(name) >= 0 }

// put adds x at the end, or in place of the one that has its name.
func put[T any, P named[T]](t *table[T], x T) *T {
	name := P(&x).base().name
	if i := t.find(name); i >= 0 {
		t.list[i] = x
		return &t.list[i]
	}
	if t.index == nil {
		t.index = map[string]int32{}
	}
	t.index[name] = int32(len(t.list))
	t.list = append(t.list, x)
	return &t.list[len(t.list)-1]
}

// setList makes list the content of t. Of a name that occurs twice, the last
// one stays, in the place of the first.
func setList[T any, P named[T]](t *table[T], list []T) {
	t.list, t.index = nil, nil
	for _, x := range list {
		put[T, P](t, x)
	}
}

// scope returns the scope of a kind and name, nil if the text has none.
func (m *model) scope(kind scopeKind, name string) *scope {
	for _, s := range m.scopes {
		if s.kind == kind && s.name == name {
			return s
		}
	}
	return nil
}

// addScope returns the scope of a kind and name; it makes one if there is none.
func (m *model) addScope(kind scopeKind, name string, line int) *scope {
	if s := m.scope(kind, name); s != nil {
		return s
	}
	s := &scope{kind: kind, name: name, line: line}
	if kind == sharedScope {
		m.scopes = append([]*scope{s}, m.scopes...)
	} else {
		m.scopes = append(m.scopes, s)
	}
	return s
}

// context returns the scope of the vsys or device group that is read, nil if
// there is none.
func (m *model) context() *scope {
	if m.panorama {
		return m.scope(groupScope, m.vsys)
	}
	return m.scope(vsysScope, m.vsys)
}

// chain returns the scopes whose objects the scope s sees, nearest first: its
// own, then those above it.
func (m *model) chain(s *scope) []*scope {
	if s == nil {
		return nil
	}
	out := []*scope{s}
	if s.kind == sharedScope {
		return out
	}
	for p := s; p.kind == groupScope && p.parent != "" && len(out) <= len(m.scopes); {
		if p = m.scope(groupScope, p.parent); p == nil {
			break
		}
		out = append(out, p)
	}
	if s.kind == vsysScope {
		if p := m.scope(pushedScope, ""); p != nil {
			out = append(out, p)
		}
	}
	if p := m.scope(sharedScope, ""); p != nil {
		out = append(out, p)
	}
	return out
}

// clone returns a copy whose scopes and tables can be changed without changing
// m. The lists of strings of entries are shared: replace them, don't edit them.
func (m *model) clone() *model {
	c := *m
	c.scopes = make([]*scope, len(m.scopes))
	for i, s := range m.scopes {
		d := *s
		d.addresses = cloneTable(s.addresses)
		d.addressGroups = cloneTable(s.addressGroups)
		d.services = cloneTable(s.services)
		d.serviceGroups = cloneTable(s.serviceGroups)
		d.tags = cloneTable(s.tags)
		d.zones = cloneTable(s.zones)
		d.named = cloneTable(s.named)
		d.rules, d.pre, d.post = s.rules.clone(), s.pre.clone(), s.post.clone()
		c.scopes[i] = &d
	}
	return &c
}

func (b *rulebase) clone() rulebase {
	return rulebase{security: cloneTable(b.security), nat: cloneTable(b.nat), defaults: cloneTable(b.defaults)}
}

func cloneTable[T any](t table[T]) table[T] {
	c := table[T]{list: append([]T(nil), t.list...), index: make(map[string]int32, len(t.index))}
	for k, v := range t.index {
		c.index[k] = v
	}
	return c
}

// profileOf is Effects.Profile of a rule: the security profile group as it is,
// a log-forwarding profile as "log:NAME", single profiles as "profiles:TEXT",
// with a space between; "" for none.
func (r *rule) profileOf() string {
	out := ""
	add := func(s string) {
		if out != "" {
			out += " "
		}
		out += s
	}
	if r.action == "allow" {
		for _, g := range r.profileGroup {
			add(g)
		}
		if r.profiles != "" {
			add("profiles:" + r.profiles)
		}
	}
	if r.logSetting != "" && (r.logStart || r.logEnd) {
		add("log:" + r.logSetting)
	}
	return out
}
