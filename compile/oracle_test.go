package compile

import (
	"net/netip"
	"slices"

	"github.com/nbfwc/nbfwc/lang"
	"github.com/nbfwc/nbfwc/ruleset"
)

// The oracle says what a policy permits, host by host and packet by packet,
// from the language's own words. It shares no code with the compiler but the
// types, and is as slow as it looks.
type oracle struct {
	p   *lang.Policy
	top *topology // only for walking every way
}

// hostAddr is one address and whose it is.
type hostAddr struct {
	group *lang.Group
	host  int
	leg   int
}

func (o *oracle) owner(a netip.Addr) (hostAddr, bool) {
	for _, d := range o.p.Domains {
		for _, g := range d.Groups {
			for l, leg := range g.Legs {
				for k, r := range leg.Addrs {
					if r.From.Compare(a) <= 0 && a.Compare(r.To) <= 0 {
						return hostAddr{g, k, l}, true
					}
				}
			}
		}
	}
	return hostAddr{}, false
}

func (o *oracle) zone(a netip.Addr) *lang.Zone {
	best, bits := lang.Elsewhere, -1
	for _, z := range o.p.Zones {
		for _, n := range z.Networks {
			if n.Contains(a) && n.Bits() > bits {
				best, bits = z, n.Bits()
			}
		}
	}
	return best
}

func (o *oracle) self(a netip.Addr) int32 {
	for i, fw := range o.p.Firewalls {
		for _, r := range fw.Self {
			if r.From.Compare(a) <= 0 && a.Compare(r.To) <= 0 {
				return int32(i)
			}
		}
	}
	return -1
}

// card is an address that a host, or a zone, could use.
type card struct {
	zone *lang.Zone
	use  lang.Use
	v6   bool
	leg  int
}

func (o *oracle) cards(g *lang.Group, ipmi bool) []card {
	var out []card
	any := false
	for _, leg := range g.Legs {
		any = any || leg.Use == lang.IPMI
	}
	pure := true
	for _, r := range g.Roles {
		pure = pure && r.IPMI
	}
	for i, leg := range g.Legs {
		if (leg.Use == lang.IPMI) == ipmi || ipmi && !any && pure {
			out = append(out, card{leg.Zone, leg.Use, leg.IPv6, i})
		}
	}
	return out
}

// talk reports whether a host with the cards from talks by card a to card b of
// one with the cards to.
func talk(from, to []card, a, b card) bool {
	if a.use == lang.Virtual || a.v6 != b.v6 {
		return false
	}
	var targets, sources []card
	for _, c := range from {
		if c.use != lang.Virtual {
			sources = append(sources, c)
		}
	}
	if b.use == lang.Virtual {
		targets = []card{b}
	} else {
		for _, c := range to {
			if c.use != lang.Virtual {
				targets = append(targets, c)
			}
		}
	}
	sharing := false
	for _, s := range sources {
		for _, t := range targets {
			sharing = sharing || s.zone == t.zone && s.v6 == t.v6
		}
	}
	if sharing {
		return a.zone == b.zone
	}
	best := func(cards []card, family int) []card {
		var backup, all []card
		for _, c := range cards {
			if family >= 0 && c.v6 != (family == 1) {
				continue
			}
			all = append(all, c)
			if c.use == lang.Backup {
				backup = append(backup, c)
			}
		}
		if backup != nil {
			return backup
		}
		return all
	}
	in := func(family int) (fits, mine bool) {
		for _, s := range best(sources, family) {
			for _, t := range best(targets, family) {
				if s.v6 == t.v6 {
					fits = true
					mine = mine || s == a && t == b
				}
			}
		}
		return
	}
	if fits, mine := in(-1); fits {
		return mine
	}
	_, four := in(0)
	_, six := in(1)
	return four || six
}

// grant is why a packet may pass.
type grant struct {
	nonreserved bool
	reset       []*lang.Service // fallbacks of the pair
	service     *lang.Service
	ping        bool // the domain wants echo for the pair
}

func rowCovers(row *lang.Row, f, t *lang.Facts) bool {
	return (!row.From.Versioned || row.FromCovers.Contains(f.Version)) && (!row.To.Versioned || row.ToCovers.Contains(t.Version))
}

func wants(g *lang.Group, role *lang.Role, other *lang.Group) bool {
	list, ok := g.Peers[role]
	return !ok || slices.Contains(list, lang.PeerBlock{Block: other.Block})
}

// grants are all reasons for which src talks to dst.
func (o *oracle) grants(src, dst netip.Addr) []grant {
	var out []grant
	s, sok := o.owner(src)
	d, dok := o.owner(dst)
	for _, row := range o.p.Catalog.Rows {
		if !sok || !dok || !slices.Contains(s.group.Roles, row.From) || !slices.Contains(d.group.Roles, row.To) || !rowCovers(row, s.group.Facts, d.group.Facts) {
			continue
		}
		times := 0
		if row.Link == "" && s.group.Domain == d.group.Domain && wants(s.group, row.To, d.group) && wants(d.group, row.From, s.group) {
			times++
		}
		for _, l := range o.p.Links {
			there := s.group.Domain == l.Source && d.group.Domain == l.Target
			back := s.group.Domain == l.Target && d.group.Domain == l.Source
			if row.Link == l.Kind && (there || back) && takesPart(l, row.From, s.group) && takesPart(l, row.To, d.group) {
				times++
			}
		}
		from, to := o.cards(s.group, row.From.IPMI), o.cards(d.group, row.To.IPMI)
		a, b := cardOf(from, s.leg), cardOf(to, d.leg)
		if times == 0 || a == nil || b == nil || !talk(from, to, *a, *b) {
			continue
		}
		dom := s.group.Domain
		gr := grant{nonreserved: dom.SourcePorts, service: row.Service, ping: dom.Ping && row.Link == ""}
		if dom.ResetFallback {
			gr.reset = row.Fallback
		}
		out = append(out, gr)
	}
	return append(out, o.ownGrants(src, dst)...)
}

// takesPart reports whether a link lets a host act in a role.
func takesPart(l *lang.Link, role *lang.Role, g *lang.Group) bool {
	narrowed, named := false, false
	for _, p := range l.Peers[role] {
		narrowed = narrowed || p.Domain == g.Domain
		named = named || p == lang.LinkPeer{Domain: g.Domain, Block: g.Block}
	}
	return named || !narrowed
}

func cardOf(cards []card, leg int) *card {
	for i := range cards {
		if cards[i].leg == leg {
			return &cards[i]
		}
	}
	return nil
}

func (o *oracle) ownGrants(src, dst netip.Addr) []grant {
	var out []grant
	for _, f := range o.p.Flows {
		for _, x := range f.From {
			for _, y := range f.To {
				from, a := o.endCards(x, src)
				to, b := o.endCards(y, dst)
				if a == nil || b == nil || !talk(from, to, *a, *b) {
					continue
				}
				nonreserved := f.SourcePorts
				if x.Group != nil && y.Group != nil && x.Group.Domain == y.Group.Domain {
					nonreserved = nonreserved || x.Group.Domain.SourcePorts
				}
				out = append(out, grant{nonreserved: nonreserved, service: f.Service})
			}
		}
	}
	return out
}

// endCards are the cards of a flow's end from which an address comes, and the
// one that is the address's.
func (o *oracle) endCards(e lang.FlowEnd, addr netip.Addr) ([]card, *card) {
	own, ok := o.owner(addr)
	if e.Group != nil {
		cards := o.cards(e.Group, false)
		if len(cards) == 0 {
			cards = o.cards(e.Group, true)
		}
		if !ok || own.group != e.Group {
			return nil, nil
		}
		return cards, cardOf(cards, own.leg)
	}
	if o.zone(addr) != e.Zone {
		return nil, nil
	}
	if o.self(addr) >= 0 {
		leg := own.group.Legs[own.leg]
		c := []card{{leg.Zone, leg.Use, leg.IPv6, own.leg}}
		return c, &c[0]
	}
	var cards []card
	for _, v6 := range []bool{false, true} {
		has := e.Zone == lang.Elsewhere
		for _, n := range e.Zone.Networks {
			has = has || n.Addr().Is6() == v6
		}
		if has {
			cards = append(cards, card{zone: e.Zone, v6: v6})
		}
	}
	for i := range cards {
		if cards[i].v6 == addr.Is6() {
			return cards, &cards[i]
		}
	}
	return cards, nil
}

// probe is a packet without addresses.
type probe struct {
	proto      uint8
	port       uint16
	nonrserved bool // the source port is 1024 or above
}

func serviceHas(s *lang.Service, q probe, v6 bool) bool {
	in := func(list []lang.PortRange) bool {
		return slices.ContainsFunc(list, func(r lang.PortRange) bool { return r.From <= q.port && q.port <= r.To })
	}
	switch q.proto {
	case ruleset.TCP:
		return in(s.TCP)
	case ruleset.UDP:
		return in(s.UDP)
	}
	return slices.ContainsFunc(s.ICMP, func(t lang.ICMPType) bool {
		return t.IPv6 == (q.proto == ruleset.ICMPv6) && uint16(t.Type) == q.port && t.IPv6 == v6
	})
}

// verdict is what a firewall between the two does with the packet.
func (o *oracle) verdict(src, dst netip.Addr, q probe) Verdict {
	v6 := src.Is6()
	reject := false
	for _, g := range o.grants(src, dst) {
		ported := q.proto == ruleset.TCP || q.proto == ruleset.UDP
		if serviceHas(g.service, q, v6) && (q.nonrserved || !g.nonreserved || !ported) {
			return Permitted
		}
		if !exists(g.service, v6) {
			continue
		}
		for _, s := range g.reset {
			reject = reject || ported && serviceHas(s, q, v6)
		}
	}
	echo := q.proto == ruleset.ICMP && q.port == 8 && !v6 || q.proto == ruleset.ICMPv6 && q.port == 128 && v6
	if echo && (o.pings(src, dst) || !o.virtual(src) && o.pings(dst, src)) {
		return Permitted
	}
	if reject {
		return Rejected
	}
	return Denied
}

func (o *oracle) virtual(a netip.Addr) bool {
	h, ok := o.owner(a)
	return ok && h.group.Legs[h.leg].Use == lang.Virtual
}

func (o *oracle) pings(src, dst netip.Addr) bool {
	return slices.ContainsFunc(o.grants(src, dst), func(g grant) bool {
		return g.ping && exists(g.service, src.Is6())
	})
}

// exists reports whether a service has anything in a family; without, it makes
// no flow.
func exists(s *lang.Service, v6 bool) bool {
	return len(s.TCP)+len(s.UDP) > 0 || slices.ContainsFunc(s.ICMP, func(t lang.ICMPType) bool { return t.IPv6 == v6 })
}
