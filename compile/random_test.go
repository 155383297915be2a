package compile

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"

	"github.com/nbfwc/nbfwc/lang"
)

// A random policy is small enough to ask for every packet between all of its
// addresses, and odd enough to need every rule of the language: several
// addresses per host, both families, peers, versions that rows don't speak for,
// nested networks, several ways, firewalls that are hosts, flows of zones.
type randomPolicy struct {
	*lang.Policy
	r     *rand.Rand
	next  int
	facts map[string]*lang.Facts
}

func newRandomPolicy(seed uint64) *randomPolicy {
	p := &randomPolicy{r: rand.New(rand.NewPCG(seed, 7)), facts: map[string]*lang.Facts{}}
	p.Policy = p.network()
	p.Policy.Catalog = p.catalog()
	for i := range 1 + p.r.IntN(2) {
		p.Domains = append(p.Domains, p.domain(fmt.Sprintf("d%d", i)))
	}
	if len(p.Domains) == 2 && p.chance(2) {
		l := &lang.Link{Name: "l", Kind: "air", Source: p.Domains[0], Target: p.Domains[1]}
		for p.chance(2) {
			if l.Peers == nil {
				l.Peers = map[*lang.Role][]lang.LinkPeer{}
			}
			d := pick(p, p.Domains)
			role := pick(p, p.Catalog.Roles)
			l.Peers[role] = append(l.Peers[role], lang.LinkPeer{Domain: d, Block: pick(p, d.Groups).Block})
		}
		p.Links = []*lang.Link{l}
	}
	p.selves()
	for i := range p.r.IntN(3) {
		p.Flows = append(p.Flows, p.flow(fmt.Sprintf("own%d", i)))
	}
	p.Paths = []*lang.PathChoice{{Name: "all", All: true}}
	return p
}

func (p *randomPolicy) chance(n int) bool { return p.r.IntN(n) == 0 }

func pick[T any](p *randomPolicy, list []T) T { return list[p.r.IntN(len(list))] }

// network is a random one, or a star around a backbone.
func (p *randomPolicy) network() *lang.Policy {
	var n *lang.Policy
	if p.chance(3) {
		n = randomNetwork(p.r)
	} else {
		n = zonesAnd([]string{"wan*", "z1", "z2", "z3"},
			fwText{"fw0", [][]string{{"z1", "z2"}, {"wan"}}}, fwText{"fw1", [][]string{{"wan"}, {"z3"}}})
		n.Firewalls[0].Interfaces[0].Hairpin = p.chance(2)
		if p.chance(2) {
			n.Firewalls = append(n.Firewalls, &lang.Firewall{Name: "host", Interfaces: []*lang.Interface{{Label: "nic", Zones: []*lang.Zone{n.Zones[1]}}}})
		}
	}
	for i, z := range n.Zones {
		z.Networks = append(z.Networks, netip.MustParsePrefix(fmt.Sprintf("10.0.%d.0/24", i)))
		if i > 1 && p.chance(2) {
			z.Networks = append(z.Networks, netip.MustParsePrefix(fmt.Sprintf("10.0.1.%d/28", i*16)))
		}
		if p.chance(2) {
			z.Networks = append(z.Networks, netip.MustParsePrefix(fmt.Sprintf("fd00:%d::/64", i)))
		}
	}
	pick(p, pick(p, n.Firewalls).Interfaces).Default = true
	return n
}

var someCovers = []string{"", "7.0 - 7.1", "7.5 -"}

func (p *randomPolicy) catalog() *lang.Catalog {
	c := &lang.Catalog{}
	for _, name := range []string{"server", "media", "client", "emm"} {
		c.Roles = append(c.Roles, &lang.Role{Name: name, Versioned: true})
	}
	c.Roles[0].Brings = c.Roles[3:4]
	c.Roles = append(c.Roles, &lang.Role{Name: "gui", External: true}, &lang.Role{Name: "bmc", IPMI: true})
	for i, s := range []lang.Service{
		{TCP: []lang.PortRange{{From: 1, To: 1}}}, {TCP: []lang.PortRange{{From: 2, To: 3}}}, {UDP: []lang.PortRange{{From: 1, To: 2}}},
		{TCP: []lang.PortRange{{From: 4, To: 4}}, UDP: []lang.PortRange{{From: 4, To: 4}}}, {ICMP: []lang.ICMPType{{Type: 8, Code: -1}}},
	} {
		s.Name = fmt.Sprintf("s%d", i)
		c.Services = append(c.Services, &s)
	}
	for i := range 5 + p.r.IntN(5) {
		row := &lang.Row{Name: fmt.Sprintf("row%d", i), From: pick(p, c.Roles), To: pick(p, c.Roles), Service: pick(p, c.Services)}
		row.FromCovers, row.ToCovers = versions(pick(p, someCovers)), versions(pick(p, someCovers))
		if p.chance(3) {
			row.Fallback = []*lang.Service{pick(p, c.Services[:4])}
		}
		if p.chance(5) {
			row.Link = "air"
		}
		c.Rows = append(c.Rows, row)
	}
	// Something is known of every pair of versions.
	for _, row := range slices.Clone(c.Rows) {
		c.Rows = append(c.Rows, &lang.Row{Name: "any-" + row.Name, From: row.From, To: row.To, Link: row.Link, Service: c.Services[0]})
	}
	return c
}

func versions(s string) lang.VersionRange {
	if s == "" {
		return lang.VersionRange{}
	}
	v, err := lang.ParseVersionRange(s)
	if err != nil {
		panic(err)
	}
	return v
}

func (p *randomPolicy) domain(name string) *lang.Domain {
	d := &lang.Domain{Name: name, Ping: p.chance(3), ResetFallback: p.chance(2), SourcePorts: p.chance(3), Aggregate: p.chance(4)}
	for i := range 2 + p.r.IntN(4) {
		d.Groups = append(d.Groups, p.group(d, fmt.Sprintf("b%d", i)))
	}
	for _, g := range d.Groups {
		if p.chance(3) {
			role := pick(p, p.Catalog.Roles)
			g.Peers = map[*lang.Role][]lang.PeerBlock{role: {{Block: pick(p, d.Groups).Block}}}
			if p.chance(2) {
				g.Peers[role] = append(g.Peers[role], lang.PeerBlock{Block: pick(p, d.Groups).Block})
			}
		}
	}
	return d
}

func (p *randomPolicy) group(d *lang.Domain, block string) *lang.Group {
	g := &lang.Group{Domain: d, Block: block}
	for range 1 + p.r.IntN(4) {
		if r := pick(p, p.Catalog.Roles); !slices.Contains(g.Roles, r) {
			g.Roles = append(g.Roles, r)
		}
	}
	v, _ := lang.ParseVersion(pick(p, []string{"7.0", "7.1", "7.5", "7.6"}))
	key := fmt.Sprint(d.Name, v, g.Roles)
	if p.facts[key] == nil {
		p.facts[key] = &lang.Facts{Version: v, Roles: g.Roles, Domain: d}
	}
	g.Facts = p.facts[key]
	n := 1 + p.r.IntN(3)
	for k := range n {
		g.Names = append(g.Names, fmt.Sprintf("%s-%s-%d", d.Name, block, k))
	}
	// Most hosts can talk with most others: by IPv4, and out of band where
	// they have to.
	for len(g.Legs) == 0 && slices.ContainsFunc(p.Zones, func(z *lang.Zone) bool { return !z.Transit }) {
		if leg, ok := p.leg(n); ok && !leg.IPv6 {
			leg.Use = lang.Data
			g.Legs = append(g.Legs, leg)
		}
	}
	for range p.r.IntN(4) {
		if leg, ok := p.leg(n); ok {
			if len(g.Legs) == 1 && slices.ContainsFunc(g.Roles, func(r *lang.Role) bool { return r.IPMI }) {
				leg.Use = lang.IPMI
			}
			g.Legs = append(g.Legs, leg)
		}
	}
	return g
}

// leg is n new addresses in one network of a zone.
func (p *randomPolicy) leg(n int) (lang.Leg, bool) {
	z := pick(p, p.Zones)
	if z.Transit || len(z.Networks) == 0 {
		return lang.Leg{}, false
	}
	net := pick(p, z.Networks)
	leg := lang.Leg{Zone: z, IPv6: net.Addr().Is6(), Use: pick(p, []lang.Use{lang.Data, lang.Data, lang.Data, lang.Backup, lang.IPMI, lang.Virtual})}
	for range n {
		leg.Addrs = append(leg.Addrs, p.address(net))
	}
	return leg, true
}

// address is the next one in a network; now and then a pair of them.
func (p *randomPolicy) address(net netip.Prefix) lang.AddrRange {
	p.next++
	a := net.Addr()
	step := p.next % 7
	if net.Bits() != 28 {
		// Beyond what nested networks take, descending, so that members have
		// to be sorted.
		b := a.AsSlice()
		b[len(b)-1] = byte(250 - p.next%100*2)
		a, _ = netip.AddrFromSlice(b)
		if p.chance(5) {
			return lang.AddrRange{From: a, To: a.Next()}
		}
		return lang.AddrRange{From: a, To: a}
	}
	for range step {
		a = a.Next()
	}
	return lang.AddrRange{From: a, To: a}
}

// selves puts one leg of a group onto a firewall that touches its zone.
func (p *randomPolicy) selves() {
	for _, d := range p.Domains {
		for _, g := range d.Groups {
			for _, leg := range g.Legs {
				for _, fw := range p.Firewalls {
					for _, iface := range fw.Interfaces {
						if slices.Contains(iface.Zones, leg.Zone) && p.chance(5) {
							fw.Self = append(fw.Self, leg.Addrs...)
							return
						}
					}
				}
			}
		}
	}
}

func (p *randomPolicy) flow(name string) *lang.Flow {
	f := &lang.Flow{Name: name, Service: pick(p, p.Catalog.Services), SourcePorts: p.chance(3)}
	end := func() lang.FlowEnd {
		if p.chance(2) {
			return lang.FlowEnd{Zone: pick(p, append(slices.Clone(p.Zones), lang.Elsewhere))}
		}
		return lang.FlowEnd{Group: pick(p, pick(p, p.Domains).Groups)}
	}
	f.From, f.To = []lang.FlowEnd{end()}, []lang.FlowEnd{end()}
	if p.chance(3) {
		f.To = append(f.To, end())
	}
	return f
}

// valid reports what the loader would have refused: addresses that stand twice
// in the policy, hosts without any, a network in two zones.
func (p *randomPolicy) valid() bool {
	seen := map[netip.Addr]bool{}
	for _, d := range p.Domains {
		for _, g := range d.Groups {
			if len(g.Legs) == 0 {
				return false
			}
			for _, leg := range g.Legs {
				for _, r := range leg.Addrs {
					for a := r.From; a.Compare(r.To) <= 0; a = a.Next() {
						if seen[a] {
							return false
						}
						seen[a] = true
					}
				}
			}
		}
	}
	return true
}
