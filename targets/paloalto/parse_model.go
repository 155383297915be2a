package paloalto

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/nbfwc/nbfwc/targets"
)

// fill makes the model from the tree.
func (p *parser) fill() error {
	t, m := p.tree, p.m
	m.hostname = p.scalar(t.path(0, "deviceconfig", "system", "hostname"))
	m.managed = p.panoramaServer()
	m.rematch = p.scalar(t.path(0, "deviceconfig", "setting", "config", "rematch"))
	m.tcpTimeout = p.seconds(t.path(0, "deviceconfig", "setting", "session", "timeout-tcp"))
	m.elsewhere = map[string]bool{}
	if err := p.choose(); err != nil {
		return err
	}
	p.network()
	p.reportSections()
	p.reportZones()
	p.findElsewhere()
	if m.managed != "" && !m.panorama && m.scope(pushedScope, "") == nil {
		p.problem(p.lineOf("deviceconfig", "system"), "panorama-server "+m.managed,
			"this firewall is managed by Panorama: rules and objects that Panorama pushes are decided on there and are not in this text; read the merged configuration to see them")
	}
	return nil
}

func (p *parser) panoramaServer() string {
	t := p.tree
	if s := p.scalar(t.path(0, "deviceconfig", "system", "panorama-server")); s != "" {
		return s
	}
	return p.scalar(t.path(0, "deviceconfig", "system", "panorama", "local-panorama", "panorama-server"))
}

func (p *parser) lineOf(path ...string) int {
	return int(p.tree.nodes[p.tree.path(0, path...)].line)
}

// choose finds the scope that is asked for and fills it and those that it sees.
func (p *parser) choose() error {
	t, m := p.tree, p.m
	vsys, groups := t.values(t.child(0, "vsys")), t.values(t.child(0, "device-group"))
	bare := p.bareScope()
	m.panorama = len(groups) > 0 || len(vsys) == 0 && !bare && p.sharedRules()
	names := vsys
	if m.panorama {
		names = groups
	}
	m.prefixed = len(vsys) > 1 || len(vsys) == 1 && (vsys[0] != "vsys1" || !t.rooted)
	m.vsys = p.opt.Context
	switch {
	case len(names) == 0 && m.vsys == "" && !m.panorama:
		m.vsys = "vsys1"
	case len(names) > 0 && m.vsys == "":
		m.vsys = names[0]
	case len(names) > 0 && !contains(names, m.vsys):
		return fmt.Errorf("the text has no %q; it has %s", m.vsys, clean(strings.Join(names, ", "), 400))
	}
	if bare && len(vsys) > 0 {
		p.problem(0, "", "objects or rules stand outside of the vsys that the text has; they are read as part of "+m.vsys)
	}
	if n := t.child(0, "shared"); n != 0 {
		p.scope(m.addScope(sharedScope, "", int(t.nodes[n].line)), n)
	}
	if n := t.path(0, "policy", "shared"); n != 0 {
		p.scope(m.addScope(sharedScope, "", int(t.nodes[n].line)), n)
	}
	for _, path := range [][]string{{"panorama"}, {"policy", "panorama"}} {
		if n := t.path(0, path...); n != 0 && t.nodes[n].first != 0 {
			p.scope(m.addScope(pushedScope, "", int(t.nodes[n].line)), n)
		}
	}
	if m.panorama {
		p.deviceGroups()
		return nil
	}
	s := m.addScope(vsysScope, m.vsys, 0)
	if n := t.path(0, "vsys", m.vsys); n != 0 {
		s.line = int(t.nodes[n].line)
		p.scope(s, n)
	}
	if bare {
		p.scope(s, 0)
	}
	return nil
}

// deviceGroups fills the device group that is read and those above it.
func (p *parser) deviceGroups() {
	t, m := p.tree, p.m
	for name := m.vsys; name != "" && m.scope(groupScope, name) == nil; {
		n := t.path(0, "device-group", name)
		if n == 0 {
			p.problem(0, name, "the device group is named as a parent but isn't in the text")
			return
		}
		s := m.addScope(groupScope, name, int(t.nodes[n].line))
		p.scope(s, n)
		s.parent = p.parentOf(name)
		name = s.parent
	}
}

// parentOf returns the device group above one, "" if there is none.
func (p *parser) parentOf(name string) string {
	t := p.tree
	for d := t.nodes[t.path(0, "readonly", "devices")].first; d != 0 && t.path(0, "readonly", "devices") != 0; d = t.nodes[d].next {
		if s := p.scalar(t.path(d, "device-group", name, "parent-dg")); s != "" && s != "shared" {
			return s
		}
	}
	return ""
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

// bareScope says whether objects or rules stand at the top of the text, as on a
// firewall with one vsys.
func (p *parser) bareScope() bool {
	for word := range objectShapes {
		if p.tree.child(0, word) != 0 {
			return true
		}
	}
	return false
}

// sharedRules says whether there are rules that only Panorama has.
func (p *parser) sharedRules() bool {
	return p.tree.path(0, "shared", "pre-rulebase") != 0 || p.tree.path(0, "shared", "post-rulebase") != 0
}

// scope reads the objects and rules below a node.
func (p *parser) scope(s *scope, n int32) {
	t := p.tree
	for i := t.nodes[n].first; i != 0; i = t.nodes[i].next {
		switch word := t.nodes[i].name; word {
		case "address":
			each(p, i, &s.addresses, p.address)
		case "address-group":
			each(p, i, &s.addressGroups, p.addressGroup)
		case "service":
			each(p, i, &s.services, p.service)
		case "service-group":
			each(p, i, &s.serviceGroups, p.serviceGroup)
		case "tag":
			each(p, i, &s.tags, p.tagObject)
		case "zone":
			each(p, i, &s.zones, p.zone)
		case "region", "schedule", "external-list", "application", "application-group", "application-filter":
			for k := t.nodes[i].first; k != 0; k = t.nodes[k].next {
				o := p.namedObject(word, k)
				put(&s.named, o)
			}
		case "rulebase":
			p.rulebase(&s.rules, i)
		case "pre-rulebase":
			p.rulebase(&s.pre, i)
		case "post-rulebase":
			p.rulebase(&s.post, i)
		case "import":
			s.imported = append(s.imported, t.values(t.path(i, "network", "interface"))...)
			s.imported = append(s.imported, t.values(t.path(i, "network", "virtual-wire"))...)
		}
	}
}

// each reads the entries below a node into a table.
func each[T any, P named[T]](p *parser, n int32, into *table[T], read func(int32) T) {
	t := p.tree
	if into.list == nil {
		into.list = make([]T, 0, t.nodes[n].count)
		into.index = make(map[string]int32, t.nodes[n].count)
	}
	for i := t.nodes[n].first; i != 0; i = t.nodes[i].next {
		put[T, P](into, read(i))
	}
}

// scalar returns the value below a node, "" if there is none.
func (p *parser) scalar(n int32) string {
	if n == 0 {
		return ""
	}
	k := &p.tree.nodes[n]
	if k.count == 0 {
		return ""
	}
	if k.count > 1 {
		p.problem(int(k.line), k.name, "the value is given more than once; the last one is taken")
	}
	return strings.TrimSpace(p.tree.nodes[k.last].name)
}

// prose returns what people have written below a node.
func (p *parser) prose(n int32) string {
	s := p.scalar(n)
	if strings.IndexByte(s, '\r') >= 0 {
		s = strings.ReplaceAll(s, "\r\n", "\n")
	}
	return s
}

func (p *parser) yes(n int32) bool { return p.scalar(n) == "yes" }

// seconds returns the number below a node, 0 if there is none.
func (p *parser) seconds(n int32) int {
	s := p.scalar(n)
	if s == "" {
		return 0
	}
	v, err := strconv.ParseUint(s, 10, 31)
	if err != nil {
		p.problem(int(p.tree.nodes[n].line), s, "a number of seconds is expected")
		return 0
	}
	return int(v)
}

// entry reads what all objects have. It gives the other children to own; those
// that own doesn't know are kept as unknown fields.
func (p *parser) entry(n int32, own func(word string, n int32) bool) entry {
	t := p.tree
	e := entry{name: t.nodes[n].name, line: int(t.nodes[n].line)}
	for i := t.nodes[n].first; i != 0; i = t.nodes[i].next {
		switch word := t.nodes[i].name; word {
		case "description":
			e.description = p.prose(i)
		case "tag":
			e.tags = t.values(i)
		case "disable-override":
		default:
			if !own(word, i) {
				e.unknown = append(e.unknown, field{name: word, text: t.text(i), line: int(t.nodes[i].line)})
				p.mark(i)
			}
		}
	}
	return e
}

func (p *parser) address(n int32) address {
	var a address
	a.entry = p.entry(n, func(word string, i int32) bool {
		switch word {
		case "ip-netmask", "ip-range", "fqdn", "ip-wildcard":
			if a.kind != "" {
				p.problem(int(p.tree.nodes[i].line), p.tree.nodes[n].name, "the address has two values; the last one is taken")
			}
			a.kind, a.value = word, canonicalAddress(p.scalar(i))
			return true
		}
		return false
	})
	return a
}

// canonicalAddress returns the one way to write a prefix or an address: with
// its length, without host bits. Other texts stay.
func canonicalAddress(s string) string {
	if a, err := netip.ParseAddr(s); err == nil && a.Zone() == "" {
		return netip.PrefixFrom(a, a.BitLen()).String()
	}
	if q, err := netip.ParsePrefix(s); err == nil {
		return q.Masked().String()
	}
	return s
}

func (p *parser) addressGroup(n int32) addressGroup {
	var g addressGroup
	g.entry = p.entry(n, func(word string, i int32) bool {
		switch word {
		case "static":
			g.static = p.tree.values(i)
			return true
		case "dynamic":
			g.dynamic, g.filter = true, p.scalar(p.tree.child(i, "filter"))
			return true
		}
		return false
	})
	return g
}

func (p *parser) service(n int32) service {
	var s service
	s.entry = p.entry(n, func(word string, i int32) bool {
		if word != "protocol" {
			return false
		}
		t := p.tree
		if t.nodes[i].count > 1 {
			p.problem(int(t.nodes[i].line), t.nodes[n].name, "a service has one protocol; the last one is taken")
		}
		if k := t.nodes[i].last; k != 0 {
			s.protocol = t.nodes[k].name
			s.port = portList(p.scalar(t.child(k, "port")))
			s.source = portList(p.scalar(t.child(k, "source-port")))
			if y := t.path(k, "override", "yes"); y != 0 {
				s.overrides = true
				s.timeout = p.seconds(t.child(y, "timeout"))
				s.halfClose = p.seconds(t.child(y, "halfclose-timeout"))
				s.timeWait = p.seconds(t.child(y, "timewait-timeout"))
			}
		}
		return true
	})
	return s
}

func portList(s string) string {
	if strings.IndexByte(s, ' ') >= 0 {
		s = strings.ReplaceAll(s, " ", "")
	}
	return s
}

func (p *parser) serviceGroup(n int32) serviceGroup {
	var g serviceGroup
	g.entry = p.entry(n, func(word string, i int32) bool {
		if word == "members" {
			g.members = p.tree.values(i)
			return true
		}
		return false
	})
	return g
}

func (p *parser) tagObject(n int32) tag {
	var g tag
	g.entry = p.entry(n, func(word string, i int32) bool {
		switch word {
		case "color":
			g.color = p.scalar(i)
		case "comments":
			g.comments = p.prose(i)
		default:
			return false
		}
		return true
	})
	return g
}

func (p *parser) zone(n int32) zone {
	var z zone
	z.entry = p.entry(n, func(word string, i int32) bool {
		switch word {
		case "network":
			t := p.tree
			for k := t.nodes[i].first; k != 0; k = t.nodes[k].next {
				switch kind := t.nodes[k].name; kind {
				case "layer3", "layer2", "virtual-wire", "tap", "tunnel", "external":
					z.kind = kind
					z.interfaces = append(z.interfaces, t.values(k)...)
				case "zone-protection-profile", "log-setting", "enable-packet-buffer-protection", "net-inspection":
				default:
					p.problem(int(t.nodes[k].line), z.name+" "+kind, "a kind of zone that isn't known")
				}
			}
			return true
		case "enable-user-identification", "enable-device-identification", "user-acl", "device-acl", "prenat-user-identification":
			return true
		}
		return false
	})
	return z
}

func (p *parser) namedObject(kind string, n int32) namedObject {
	o := namedObject{kind: kind, text: p.tree.text(n)}
	o.name, o.line = p.tree.nodes[n].name, int(p.tree.nodes[n].line)
	if kind == "application-group" {
		o.members = p.tree.values(p.tree.child(n, "members"))
	}
	p.mark(n)
	return o
}

// mark notes the names of ours that are mentioned below a node.
func (p *parser) mark(n int32) {
	t := p.tree
	for i := t.nodes[n].first; i != 0; i = t.nodes[i].next {
		p.noteElsewhere(t.nodes[i].name)
		p.mark(i)
	}
}

func (p *parser) prefix() string {
	if p.opt.Prefix != "" {
		return p.opt.Prefix
	}
	return targets.DefaultPrefix
}

func (p *parser) noteElsewhere(name string) {
	if strings.HasPrefix(name, p.prefix()) {
		p.m.elsewhere[name] = true
	}
}
