package main

import (
	"math/rand/v2"
	"net/netip"
	"slices"

	"github.com/nbfwc/nbfwc/compile"
	"github.com/nbfwc/nbfwc/lab/kernel"
	"github.com/nbfwc/nbfwc/lang"
	"github.com/nbfwc/nbfwc/ruleset"
)

// reservedPort is a source port below 1024, which rules with source_ports =
// "nonreserved" don't match. No flow of the proofs goes to it.
const reservedPort = 987

// prober chooses what to ask the kernel about a policy.
type prober struct {
	*rand.Rand
	g     *compile.Graph
	x     *compile.Index
	sets  map[*compile.Firewall]*ruleset.RuleSet
	net   *kernel.Net
	seen  map[kernel.Tuple]bool
	list  []kernel.Tuple
	legs  map[legKey][]netip.Addr
	hosts []netip.Addr // declared ones, some of each leg
	edges []netip.Addr // around the declared ones, and one in each zone
	ports []compile.Port
	// narrow: some flow matches source ports from 1024 only.
	narrow bool
}

type legKey struct {
	group *lang.Group
	leg   int
}

func newProber(seed uint64, g *compile.Graph, net *kernel.Net) *prober {
	p := &prober{
		Rand: rand.New(rand.NewPCG(seed, 11)), g: g, x: g.Index(), net: net,
		sets: map[*compile.Firewall]*ruleset.RuleSet{}, seen: map[kernel.Tuple]bool{}, legs: map[legKey][]netip.Addr{},
	}
	for _, fw := range g.Firewalls {
		rs := g.RuleSet(fw)
		p.sets[fw] = &rs
	}
	for _, d := range g.Policy.Domains {
		p.narrow = p.narrow || d.SourcePorts
		for _, grp := range d.Groups {
			for i := range grp.Legs {
				some := representatives(&grp.Legs[i])
				p.legs[legKey{grp, i}] = some
				p.hosts = append(p.hosts, some...)
			}
		}
	}
	for _, f := range g.Policy.Flows {
		p.narrow = p.narrow || f.SourcePorts
	}
	p.findEdges()
	p.findPorts()
	return p
}

// representatives are all addresses of a leg with few, and of a larger one the
// first, some in the middle and the last.
func representatives(leg *lang.Leg) []netip.Addr {
	const few = 4
	var all []netip.Addr
	for _, r := range leg.Addrs {
		for a := r.From; len(all) < 1<<16; a = a.Next() {
			all = append(all, a)
			if a == r.To {
				break
			}
		}
	}
	if len(all) <= few {
		return all
	}
	n := len(all)
	return []netip.Addr{all[0], all[n/2], all[n-1]}
}

// findEdges collects the addresses just outside of what is declared, and for
// each zone one that nobody declared.
func (p *prober) findEdges() {
	eachLeg(p.g.Policy, func(_ *lang.Group, leg *lang.Leg) {
		for i, r := range leg.Addrs {
			if i < 8 || i == len(leg.Addrs)-1 {
				p.edges = append(p.edges, r.From.Prev(), r.To.Next())
			}
		}
	})
	var networks []netip.Prefix
	for _, z := range p.g.Policy.Zones {
		networks = append(networks, z.Networks...)
	}
	for _, n := range append(networks, beyond...) {
		b := n.Addr().AsSlice()
		b[len(b)-1] |= 0x35
		a, _ := netip.AddrFromSlice(b)
		p.edges = append(p.edges, a)
	}
	p.edges = slices.DeleteFunc(p.edges, func(a netip.Addr) bool { return !p.usable(a) })
	slices.SortFunc(p.edges, netip.Addr.Compare)
	p.edges = slices.Compact(p.edges)
}

// usable says whether an address is on a node and can be an end. The first
// address of an IPv6 network is the anycast address of its routers (RFC 4291,
// 2.6.1), about which no errors are sent.
func (p *prober) usable(a netip.Addr) bool {
	if !a.IsValid() || p.net.Holder(a) == "" {
		return false
	}
	b := a.As16()
	return a.Is4() || slices.ContainsFunc(b[8:], func(x byte) bool { return x != 0 })
}

// findPorts collects all services of the flows, and fallback ports.
func (p *prober) findPorts() {
	for i := range p.g.Flows {
		f := &p.g.Flows[i]
		p.ports = append(p.ports, f.Ports...)
		if f.Row == nil {
			continue
		}
		for _, s := range f.Row.Fallback {
			for _, r := range s.TCP {
				p.ports = append(p.ports, compile.Port{Proto: ruleset.TCP, From: r.From, To: r.To})
			}
			for _, r := range s.UDP {
				p.ports = append(p.ports, compile.Port{Proto: ruleset.UDP, From: r.From, To: r.To})
			}
		}
	}
	slices.SortFunc(p.ports, func(a, b compile.Port) int {
		return slices.Compare([]int{int(a.Proto), int(a.From), int(a.To), int(a.Code)}, []int{int(b.Proto), int(b.From), int(b.To), int(b.Code)})
	})
	p.ports = slices.Compact(p.ports)
}

// ask adds a tuple, if it can be one and some firewall is on its way. It says
// whether it is among the tuples now.
func (p *prober) ask(t kernel.Tuple) bool {
	if t.Src.BitLen() != t.Dst.BitLen() || !p.usable(t.Src) || !p.usable(t.Dst) || p.net.Holder(t.Src) == p.net.Holder(t.Dst) {
		return false
	}
	switch t.Proto {
	case kernel.ICMP, kernel.ICMPv6:
		t.SrcPort, t.DstPort = 0, 0
		if t.Proto == kernel.ICMP != t.Src.Is4() {
			return false
		}
	case kernel.TCP, kernel.UDP:
		if t.DstPort == 0 || t.DstPort == reservedPort {
			return false
		}
	default:
		return false
	}
	if p.seen[t] {
		return true
	}
	ans := p.x.Answer(question(t))
	if ans.Verdict == compile.NoPath || ans.Verdict == compile.Unfiltered && ans.Local != compile.SameInterface {
		return false
	}
	p.seen[t] = true
	p.list = append(p.list, t)
	return true
}

// question is a tuple as query takes it.
func question(t kernel.Tuple) compile.Tuple {
	q := compile.Tuple{Src: t.Src, Dst: t.Dst, Proto: t.Proto, Port: t.DstPort}
	switch t.Proto {
	case kernel.ICMP:
		q.Port = 8
	case kernel.ICMPv6:
		q.Port = 128
	}
	return q
}

// permitted asks about every flow, between all representatives of its ends. It
// returns the flows that cross a firewall and that nothing could be asked of.
func (p *prober) permitted() (left []int) {
	for i := range p.g.Flows {
		f := &p.g.Flows[i]
		asked := len(f.Paths) == 0
		for _, src := range p.end(f.From) {
			for _, dst := range p.end(f.To) {
				if src == dst || src.BitLen() != dst.BitLen() {
					continue
				}
				for _, port := range f.Ports {
					for _, n := range portsOf(port) {
						asked = p.ask(kernel.Tuple{Src: src, Dst: dst, Proto: port.Proto, DstPort: n}) || asked
					}
				}
			}
		}
		if !asked {
			left = append(left, i)
		}
	}
	return left
}

// portsOf are the first, a middle and the last port of a range.
func portsOf(p compile.Port) []uint16 {
	list := []uint16{p.From, p.From + (p.To-p.From)/2, p.To}
	return slices.Compact(list)
}

// end is some addresses of an end of a flow.
func (p *prober) end(e compile.End) []netip.Addr {
	if e.Group != nil {
		return p.legs[legKey{e.Group, e.Leg}]
	}
	var list []netip.Addr
	for _, a := range append(slices.Clone(p.edges), p.hosts...) {
		if a.Is6() == e.IPv6 && len(list) < 6 && p.zoneOf(a) == e.Zone {
			list = append(list, a)
		}
	}
	return list
}

// zoneOf is the zone of an address, by the longest network.
func (p *prober) zoneOf(a netip.Addr) *lang.Zone {
	zone, bits := lang.Elsewhere, -1
	for _, z := range p.g.Policy.Zones {
		for _, n := range z.Networks {
			if n.Contains(a) && n.Bits() > bits {
				zone, bits = z, n.Bits()
			}
		}
	}
	return zone
}

// others asks about up to n tuples beside those that are already asked about:
// neighbours of permitted ones in every respect, and some at random.
func (p *prober) others(n int) {
	base := slices.Clone(p.list)
	if len(base) == 0 {
		return
	}
	most := len(base) + n
	for i, tries := 0, 0; len(p.list) < most && tries < 20*n; i, tries = (i+1)%len(base), tries+1 {
		if i == 0 {
			p.Shuffle(len(base), func(i, j int) { base[i], base[j] = base[j], base[i] })
		}
		t := base[i]
		switch p.IntN(12) {
		case 0, 1:
			t.DstPort++
		case 2:
			t.DstPort--
		case 3:
			t.Src, t.Dst = t.Dst, t.Src
		case 4:
			t.Src = [2]netip.Addr{t.Src.Prev(), t.Src.Next()}[p.IntN(2)]
		case 5:
			t.Dst = [2]netip.Addr{t.Dst.Prev(), t.Dst.Next()}[p.IntN(2)]
		case 6:
			t.Proto = kernel.TCP + kernel.UDP - t.Proto
		case 7:
			t.Src = p.any()
		case 8:
			t.Dst = p.any()
		case 9:
			t = p.random()
		case 10:
			t.DstPort = p.port()
		case 11:
			if !p.narrow || t.Proto != kernel.TCP && t.Proto != kernel.UDP {
				t = p.random()
			} else {
				t.SrcPort = reservedPort
			}
		}
		p.ask(t)
	}
}

func (p *prober) any() netip.Addr {
	if p.IntN(2) == 0 {
		return p.edges[p.IntN(len(p.edges))]
	}
	return p.hosts[p.IntN(len(p.hosts))]
}

func (p *prober) port() uint16 {
	one := p.ports[p.IntN(len(p.ports))]
	return [2]uint16{one.From, one.To}[p.IntN(2)]
}

// random is a tuple of any two addresses and a port of some flow.
func (p *prober) random() kernel.Tuple {
	one := p.ports[p.IntN(len(p.ports))]
	t := kernel.Tuple{Src: p.any(), Proto: one.Proto, DstPort: one.From}
	for range 20 {
		if t.Dst = p.any(); t.Dst.BitLen() == t.Src.BitLen() {
			break
		}
	}
	return t
}

// expected is what the source of a tuple sees, if the kernel does what query
// says. What query leaves open, source ports below 1024 and SSH to a firewall
// that filters its own traffic, follows from the rule sets and the policy.
func (p *prober) expected(t kernel.Tuple) kernel.Answer {
	ans := p.x.Answer(question(t))
	verdict := ans.Verdict
	if t.SrcPort == reservedPort {
		verdict = p.alongTheWay(t, ans)
	}
	if p.manages(t, ans) {
		return kernel.Open
	}
	switch verdict {
	case compile.Permitted, compile.Unfiltered:
		return kernel.Open
	case compile.Rejected:
		if t.Proto == kernel.TCP {
			return kernel.Reset
		}
		return kernel.Unreachable
	}
	return kernel.Silent
}

// alongTheWay is the verdict of the first firewall on the way whose rule set
// doesn't let a tuple pass.
func (p *prober) alongTheWay(t kernel.Tuple, ans compile.Answer) compile.Verdict {
	if len(ans.Paths) == 0 {
		return ans.Verdict
	}
	for _, hop := range ans.Paths[0] {
		switch p.sets[hop.Firewall].Verdict(packetAt(hop, t)) {
		case ruleset.Passes:
		case ruleset.Rejects:
			return compile.Rejected
		default:
			return compile.Denied
		}
	}
	return compile.Permitted
}

// packetAt is a tuple as a firewall sees it.
func packetAt(hop compile.Hop, t kernel.Tuple) ruleset.Packet {
	label := func(i *lang.Interface) string {
		if i == nil {
			return ruleset.Self
		}
		return i.Label
	}
	return ruleset.Packet{In: label(hop.In), Out: label(hop.Out), Src: t.Src, Dst: t.Dst, Proto: t.Proto, SrcPort: t.SrcPort, DstPort: t.DstPort}
}

// manages reports whether a tuple is SSH from where the devices are managed to
// a firewall that filters its own traffic, which stays open whatever the flows
// are. Other firewalls on the way know nothing of it.
func (p *prober) manages(t kernel.Tuple, ans compile.Answer) bool {
	m := p.g.Policy.Management
	if m == nil || t.Proto != kernel.TCP || t.DstPort != 22 || len(ans.Paths) != 1 || len(ans.Paths[0]) != 1 {
		return false
	}
	hop := ans.Paths[0][0]
	return hop.Out == nil && hop.Firewall.Exclusive && slices.ContainsFunc(m.From, func(n netip.Prefix) bool { return n.Contains(t.Src) })
}
