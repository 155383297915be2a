package paloalto

import (
	"net/netip"
	"strings"
)

// network reads interfaces, static routes and virtual wires.
func (p *parser) network() {
	t := p.tree
	n := t.child(0, "network")
	if n == 0 {
		return
	}
	for i := t.nodes[t.child(n, "interface")].first; i != 0 && t.child(n, "interface") != 0; i = t.nodes[i].next {
		switch word := t.nodes[i].name; word {
		case "ethernet", "aggregate-ethernet":
			for k := t.nodes[i].first; k != 0; k = t.nodes[k].next {
				p.ethernet(k)
			}
		case "vlan", "loopback", "tunnel":
			p.layer3(word, i, word)
		}
	}
	for _, word := range []string{"virtual-router", "logical-router"} {
		vr := t.child(n, word)
		if vr == 0 {
			continue
		}
		for i := t.nodes[vr].first; i != 0; i = t.nodes[i].next {
			p.staticRoutes(i)
			if vrf := t.child(i, "vrf"); vrf != 0 {
				for k := t.nodes[vrf].first; k != 0; k = t.nodes[k].next {
					p.staticRoutes(k)
				}
			}
		}
	}
	if w := t.child(n, "virtual-wire"); w != 0 {
		for i := t.nodes[w].first; i != 0; i = t.nodes[i].next {
			if t.nodes[i].count > 0 {
				p.m.virtualWires = append(p.m.virtualWires, t.nodes[i].name)
			}
		}
	}
	p.mark(n)
}

func (p *parser) ethernet(n int32) {
	t := p.tree
	name := t.nodes[n].name
	kind := ""
	for i := t.nodes[n].first; i != 0; i = t.nodes[i].next {
		switch word := t.nodes[i].name; word {
		case "layer3":
			kind = word
			p.layer3(name, i, word)
		case "layer2", "virtual-wire", "tap", "ha", "decrypt-mirror", "aggregate-group":
			kind = word
		}
	}
	if kind != "layer3" {
		put(&p.m.interfaces, netInterface{entry: entry{name: name, line: int(t.nodes[n].line)}, kind: kind})
	}
}

// layer3 reads an interface with its units.
func (p *parser) layer3(name string, n int32, kind string) {
	t := p.tree
	f := netInterface{entry: entry{name: name, line: int(t.nodes[n].line)}, kind: kind}
	f.networks = p.networks(t.child(n, "ip"), f.networks)
	f.networks = p.networks(t.path(n, "ipv6", "address"), f.networks)
	put(&p.m.interfaces, f)
	units := t.child(n, "units")
	if units == 0 {
		return
	}
	for i := t.nodes[units].first; i != 0; i = t.nodes[i].next {
		u := netInterface{entry: entry{name: t.nodes[i].name, line: int(t.nodes[i].line)}, kind: kind}
		u.networks = p.networks(t.child(i, "ip"), u.networks)
		u.networks = p.networks(t.path(i, "ipv6", "address"), u.networks)
		put(&p.m.interfaces, u)
	}
}

// networks adds the networks of the addresses below a node.
func (p *parser) networks(n int32, to []netip.Prefix) []netip.Prefix {
	for _, s := range p.tree.values(n) {
		if q, ok := p.prefixOf(s); ok {
			to = append(to, q.Masked())
		}
	}
	return to
}

// prefixOf reads a prefix, an address or the name of an address object.
func (p *parser) prefixOf(s string) (netip.Prefix, bool) {
	for range 2 {
		if q, err := netip.ParsePrefix(canonicalAddress(s)); err == nil {
			return q, true
		}
		o := p.m.lookAddress(p.m.chain(p.m.context()), s)
		if o == nil || o.kind != "ip-netmask" {
			break
		}
		s = o.value
	}
	return netip.Prefix{}, false
}

func (p *parser) staticRoutes(vr int32) {
	t := p.tree
	for _, family := range []string{"ip", "ipv6"} {
		n := t.path(vr, "routing-table", family, "static-route")
		if n == 0 {
			continue
		}
		for i := t.nodes[n].first; i != 0; i = t.nodes[i].next {
			d, ok := p.prefixOf(p.scalar(t.child(i, "destination")))
			if !ok || t.path(i, "nexthop", "discard") != 0 {
				continue
			}
			r := route{destination: d.Masked(), iface: p.scalar(t.child(i, "interface")), line: int(t.nodes[i].line)}
			hop := p.scalar(t.path(i, "nexthop", "ip-address"))
			if hop == "" {
				hop = p.scalar(t.path(i, "nexthop", "ipv6-address"))
			}
			if q, ok := p.prefixOf(hop); ok {
				r.nextHop = q.Addr()
			}
			p.m.routes = append(p.m.routes, r)
		}
	}
}

// reportZones reports the zones that don't route.
func (p *parser) reportZones() {
	c := p.m.context()
	if c == nil {
		return
	}
	for i := range c.zones.list {
		switch z := &c.zones.list[i]; z.kind {
		case "virtual-wire", "layer2", "tap":
			if len(z.interfaces) > 0 {
				p.problem(z.line, "zone "+z.name, "the zone is of kind "+z.kind+": what is behind it isn't known from addresses, and only zones of kind layer3 can be changed")
			}
		}
	}
}

// reportSections reports words that are known nowhere.
func (p *parser) reportSections() {
	p.reportUnknown(0, topShape, "")
	if n := p.tree.child(0, "shared"); n != 0 {
		p.reportUnknown(n, scopeShape, "shared ")
	}
	word := "vsys"
	if p.m.panorama {
		word = "device-group"
	}
	for _, s := range p.m.scopes {
		if n := p.tree.path(0, word, s.name); s.name != "" && n != 0 {
			p.reportUnknown(n, scopeShape, word+" "+s.name+" ")
		}
	}
}

func (p *parser) reportUnknown(n int32, s *shape, where string) {
	t := p.tree
	for i := t.nodes[n].first; i != 0; i = t.nodes[i].next {
		word := t.nodes[i].name
		switch k := s.kids[word]; {
		case k == nil:
			p.problem(int(t.nodes[i].line), strings.TrimSpace(where+word), "a part of a configuration that isn't known")
		case k == rulebaseShape:
			for j := t.nodes[i].first; j != 0; j = t.nodes[j].next {
				if rulebaseShape.kids[t.nodes[j].name] == nil {
					p.problem(int(t.nodes[j].line), where+word+" "+t.nodes[j].name, "a kind of rules that isn't known")
				}
			}
		}
	}
}

// findElsewhere notes names of ours in scopes that aren't read and in parts
// that aren't kept.
func (p *parser) findElsewhere() {
	t := p.tree
	for _, word := range []string{"vsys", "device-group"} {
		n := t.child(0, word)
		if n == 0 {
			continue
		}
		for i := t.nodes[n].first; i != 0; i = t.nodes[i].next {
			kind := vsysScope
			if word == "device-group" {
				kind = groupScope
			}
			if p.m.scope(kind, t.nodes[i].name) == nil {
				p.mark(i)
			}
		}
	}
	for i := t.nodes[0].first; i != 0; i = t.nodes[i].next {
		if topShape.kids[t.nodes[i].name] == nil {
			p.mark(i)
		}
	}
	for w := range t.left {
		p.m.elsewhere[w] = true
	}
}
