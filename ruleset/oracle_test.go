package ruleset

import (
	"fmt"
	"math/bits"
	"math/rand/v2"
	"net/netip"
	"strings"
)

// The oracle is the slow and obvious twin of everything in this package that
// answers questions about packets. It knows a small universe of packets, keeps
// sets as bit masks over it, and enumerates all of them. It shares no code with
// what it checks: masks are turned into sets for the code under test, never the
// other way round.
//
// The universe is complete: besides single points it has one point that stands
// for all others, so that a set that is made from a mask can't tell packets
// apart that the universe doesn't.

// Points of each dimension; the last of each stands for all that are not
// listed.
var (
	points4  = addrPoints("0.0.0.0", "0.0.0.1", "10.0.0.0", "10.0.0.1", "10.0.0.2", "255.255.255.254", "255.255.255.255", "99.9.9.9")
	points6  = addrPoints("::", "::1", "2001:db8::", "2001:db8::1", "2001:db8:0:0:ffff:ffff:ffff:ffff", "2001:db8:0:1::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "3000::5")
	dstPorts = []uint16{0, 1, 79, 80, 443, 1023, 65535, 5000}
	labels   = [2]string{"lan", "(other)"}
)

// servicePoint is a service of the universe and the boxes that it stands for.
type servicePoint struct {
	proto        uint8
	sport, dport uint16
	boxes        []ServiceBox
}

var servicePoints = func() []servicePoint {
	var out []servicePoint
	for _, proto := range []uint8{TCP, UDP} {
		for _, src := range []PortRange{{0, 1023}, {1024, 65535}} {
			for i, d := range dstPorts {
				p := servicePoint{proto: proto, sport: src.To, dport: d}
				dsts := []PortRange{{d, d}}
				if i == len(dstPorts)-1 {
					dsts = portGaps(dstPorts[:i])
				}
				for _, r := range dsts {
					p.boxes = append(p.boxes, ServiceBox{proto, proto, src, r})
				}
				out = append(out, p)
			}
		}
	}
	// ICMP: echo request, and the other types with code 0 and with others.
	out = append(out,
		servicePoint{ICMP, 8, 0, []ServiceBox{{ICMP, ICMP, PortRange{8, 8}, PortRange{0, 255}}}},
		servicePoint{ICMP, 255, 0, []ServiceBox{{ICMP, ICMP, PortRange{0, 7}, PortRange{0, 0}}, {ICMP, ICMP, PortRange{9, 255}, PortRange{0, 0}}}},
		servicePoint{ICMP, 3, 255, []ServiceBox{{ICMP, ICMP, PortRange{0, 7}, PortRange{1, 255}}, {ICMP, ICMP, PortRange{9, 255}, PortRange{1, 255}}}},
		servicePoint{50, 0, 0, []ServiceBox{{0, 0, anyPort, anyPort}, {2, 5, anyPort, anyPort}, {7, 16, anyPort, anyPort}, {18, 255, anyPort, anyPort}}},
	)
	return out
}()

const (
	addrN = 8
	pairN = 4 // in and out interface
	famN  = 2
)

var (
	svcN      = len(servicePoints)
	universeN = pairN * famN * addrN * addrN * svcN
)

// packetAt returns the packet with a number.
func packetAt(i int) Packet {
	s := servicePoints[i%svcN]
	i /= svcN
	dst, src, fam, pair := i%addrN, i/addrN%addrN, i/addrN/addrN%famN, i/addrN/addrN/famN
	points := points4
	if fam == 1 {
		points = points6
	}
	return Packet{In: labels[pair/2], Out: labels[pair%2], Src: points[src], Dst: points[dst], Proto: s.proto, SrcPort: s.sport, DstPort: s.dport}
}

// A masked box is a product of subsets of the universe.
type maskedBox struct {
	in, out  uint8 // bits of labels
	src, dst [famN]uint8
	svc      uint64
}

// paint calls set for all packets of the box, as ranges of numbers.
func (b *maskedBox) paint(set func(from, to int)) {
	for pair := range pairN {
		if b.in>>(pair/2)&1 == 0 || b.out>>(pair%2)&1 == 0 {
			continue
		}
		for fam := range famN {
			for src := range addrN {
				if b.src[fam]>>src&1 == 0 {
					continue
				}
				for dst := range addrN {
					if b.dst[fam]>>dst&1 == 1 {
						b.paintServices((((pair*famN+fam)*addrN+src)*addrN+dst)*svcN, set)
					}
				}
			}
		}
	}
}

func (b *maskedBox) paintServices(base int, set func(from, to int)) {
	for left := b.svc; left != 0; {
		from := bits.TrailingZeros64(left)
		n := bits.TrailingZeros64(^(left >> from))
		set(base+from, base+from+n)
		left = left >> from >> n << from << n
	}
}

func fill(s []Verdict, v Verdict) {
	for i := range s {
		s[i] = v
	}
}

// A modelRule and a modelStage are what a Rule and a Stage are made from.
type modelRule struct {
	maskedBox
	action  Action
	unknown int // 0 for none, else 1 + number of the unknown
	effects Effects
}

type modelStage struct {
	in, out  uint8
	rules    []modelRule
	fallback Action
	effects  Effects
}

// A model is the oracle's rule set.
type model []modelStage

// verdicts evaluates all packets, given which unknowns are true (bits). It goes
// through each run backwards and lets every rule overwrite what later ones said.
func (m model) verdicts(truth uint, total, scratch []Verdict) []Verdict {
	fill(total, Passes)
	for from := 0; from < len(m); {
		to := from
		for to < len(m)-1 && m[to].fallback == Next {
			to++
		}
		for i, v := range m.run(from, to, truth, scratch) {
			if total[i] == Passes && v != 0 {
				total[i] = v
			}
		}
		from = to + 1
	}
	return total
}

// run evaluates the stages from..to; 0 means that none applies.
func (m model) run(from, to int, truth uint, out []Verdict) []Verdict {
	clear(out)
	last := m[to].fallback
	if last == Next {
		last = Permit
	}
	for k := from; k <= to; k++ {
		d := m[k].fallback
		if d == Next {
			d = last
		}
		all := maskedBox{m[k].in, m[k].out, [2]uint8{255, 255}, [2]uint8{255, 255}, 1<<svcN - 1}
		v := asVerdict(d)
		all.paint(func(from, to int) { fill(out[from:to], v) })
	}
	for k := to; k >= from; k-- {
		for j := len(m[k].rules) - 1; j >= 0; j-- {
			r := m[k].rules[j]
			if r.unknown > 0 && truth>>(r.unknown-1)&1 == 0 {
				continue
			}
			b := r.maskedBox
			b.in &= m[k].in
			b.out &= m[k].out
			v := asVerdict(r.action)
			b.paint(func(from, to int) { fill(out[from:to], v) })
		}
	}
	return out
}

func asVerdict(a Action) Verdict {
	switch a {
	case Permit:
		return Passes
	case Deny:
		return Drops
	}
	return Rejects
}

// ruleSet spells the model for the code under test.
func (m model) ruleSet() *RuleSet {
	rs := &RuleSet{}
	for _, st := range m {
		s := Stage{In: ifacesOf(st.in), Out: ifacesOf(st.out), Default: st.fallback, Effects: st.effects}
		for _, r := range st.rules {
			rule := Rule{
				In: ifacesOf(r.in), Out: ifacesOf(r.out), Src: addrsOf(r.src), Dst: addrsOf(r.dst),
				Service: servicesOf(r.svc), Action: r.action, Effects: r.effects,
			}
			if r.unknown > 0 {
				rule.Opaque = &Opaque{ID: fmt.Sprint("unknown ", r.unknown), Why: "test"}
			}
			s.Rules = append(s.Rules, rule)
		}
		rs.Stages = append(rs.Stages, s)
	}
	return rs
}

func ifacesOf(mask uint8) IfaceSet {
	switch mask {
	case 0:
		return Ifaces()
	case 1:
		return Ifaces("lan")
	case 2:
		return NotIfaces("lan")
	}
	return IfaceSet{}
}

func addrsOf(masks [famN]uint8) AddrSet {
	var rs []Range
	for fam, points := range [famN][]netip.Addr{points4, points6} {
		for i, p := range points {
			switch {
			case masks[fam]>>i&1 == 0:
			case i == addrN-1:
				rs = append(rs, addrGaps(points[:i])...)
			default:
				rs = append(rs, Range{p, p})
			}
		}
	}
	return NewAddrSet(rs...)
}

func servicesOf(mask uint64) ServiceSet {
	var boxes []ServiceBox
	for i, p := range servicePoints {
		if mask>>i&1 == 1 {
			boxes = append(boxes, p.boxes...)
		}
	}
	return NewServiceSet(boxes...)
}

func addrPoints(words ...string) []netip.Addr {
	out := make([]netip.Addr, len(words))
	for i, w := range words {
		out[i] = netip.MustParseAddr(w)
	}
	return out
}

// addrGaps returns the addresses between ascending points.
func addrGaps(points []netip.Addr) []Range {
	var out []Range
	for i := 0; i+1 < len(points); i++ {
		if a := points[i].Next(); a.Less(points[i+1]) {
			out = append(out, Range{a, points[i+1].Prev()})
		}
	}
	return out
}

// portGaps returns the ports between ascending points that include 0 and 65535.
func portGaps(points []uint16) []PortRange {
	var out []PortRange
	for i := 0; i+1 < len(points); i++ {
		if points[i]+1 < points[i+1] {
			out = append(out, PortRange{points[i] + 1, points[i+1] - 1})
		}
	}
	return out
}

// maskOf asks the code under test which packets of the universe are in a box.
func maskOf(b Box) maskedBox {
	var m maskedBox
	for i, l := range labels {
		if b.In.Contains(l) {
			m.in |= 1 << i
		}
		if b.Out.Contains(l) {
			m.out |= 1 << i
		}
	}
	for fam, points := range [famN][]netip.Addr{points4, points6} {
		for i, p := range points {
			if b.Src.Contains(p) {
				m.src[fam] |= 1 << i
			}
			if b.Dst.Contains(p) {
				m.dst[fam] |= 1 << i
			}
		}
	}
	for i, p := range servicePoints {
		if b.Service.Contains(p.proto, p.sport, p.dport) {
			m.svc |= 1 << i
		}
	}
	return m
}

// generate draws rule lists that overlap much.
type generator struct {
	*rand.Rand
	opaque bool
}

func newGenerator(seed uint64) generator { return generator{Rand: rand.New(rand.NewPCG(seed, 7))} }

func (g generator) model() model {
	n := 1
	if g.IntN(3) == 0 {
		n += g.IntN(3)
	}
	m := make(model, n)
	for i := range m {
		st := modelStage{in: 3, out: 3, fallback: []Action{Permit, Deny, Deny, Reject}[g.IntN(4)]}
		if n > 1 {
			st.in, st.out = g.iface(), g.iface()
			if g.IntN(2) == 0 {
				st.fallback = Next
			}
		}
		if g.IntN(5) == 0 {
			st.effects.Log = true
		}
		for range g.IntN(7) {
			st.rules = append(st.rules, g.rule())
		}
		m[i] = st
	}
	return m
}

func (g generator) iface() uint8 { return []uint8{3, 3, 3, 1, 2}[g.IntN(5)] }

func (g generator) rule() modelRule {
	r := modelRule{action: []Action{Permit, Permit, Permit, Deny, Deny, Reject}[g.IntN(6)]}
	r.in, r.out = g.iface(), g.iface()
	r.src, r.dst, r.svc = g.addrs(), g.addrs(), g.services()
	if g.opaque && g.IntN(3) == 0 {
		r.unknown = 1 + g.IntN(3)
	}
	if g.IntN(6) == 0 {
		r.effects.Idle = 3600e9
	}
	return r
}

func (g generator) addrs() [famN]uint8 {
	switch g.IntN(6) {
	case 0:
		return [famN]uint8{255, 255}
	case 1:
		return [famN]uint8{1 << g.IntN(8), 0}
	case 2:
		return [famN]uint8{0, 1 << g.IntN(8)}
	}
	m := [famN]uint8{uint8(g.UintN(256)), uint8(g.UintN(256))}
	m[g.IntN(2)] &= uint8(g.UintN(256))
	return m
}

func (g generator) services() uint64 {
	all := uint64(1)<<svcN - 1
	switch g.IntN(5) {
	case 0:
		return all
	case 1:
		return 0xffff << (16 * g.IntN(2)) & all // one protocol
	case 2:
		return 0x0101 << g.IntN(8) & all // one TCP port from any source port
	}
	return g.Uint64() & g.Uint64() & all
}

// edit returns a copy of m with a few changes, most of which keep its meaning
// or change it a little.
func (g generator) edit(m model) model {
	out := make(model, len(m))
	for i, st := range m {
		st.rules = append([]modelRule(nil), st.rules...)
		out[i] = st
	}
	for range g.IntN(3) {
		st := &out[g.IntN(len(out))]
		n := len(st.rules)
		if n == 0 {
			st.rules = append(st.rules, g.rule())
			continue
		}
		i, j := g.IntN(n), g.IntN(n)
		switch g.IntN(6) {
		case 0:
			st.rules[i], st.rules[j] = st.rules[j], st.rules[i]
		case 1:
			st.rules = append(st.rules, st.rules[i])
		case 2: // Split a rule in two.
			a, b := st.rules[i], st.rules[i]
			a.svc &= 0xff00ff00ff00ff
			b.svc &^= 0xff00ff00ff00ff
			st.rules = append(append(append([]modelRule(nil), st.rules[:i]...), a, b), st.rules[i+1:]...)
		case 5: // Shadow a rule with two halves.
			a, b, half := st.rules[i], st.rules[i], uint8(g.UintN(256))
			for fam := range a.src {
				a.src[fam] &= half
				b.src[fam] &^= half
			}
			a.unknown, b.unknown = 0, 0
			st.rules = append(append(append([]modelRule(nil), st.rules[:i]...), a, b), st.rules[i:]...)
		case 3:
			st.rules[i].src[g.IntN(2)] ^= 1 << g.IntN(8)
		case 4:
			st.rules[i].action = []Action{Permit, Deny, Reject}[g.IntN(3)]
		}
	}
	return out
}

func (m model) String() string {
	var b strings.Builder
	for i, st := range m {
		fmt.Fprintf(&b, "stage %d in=%b out=%b default=%v %+v\n", i, st.in, st.out, st.fallback, st.effects)
		for _, r := range st.rules {
			fmt.Fprintf(&b, "  %v in=%b out=%b src=%08b dst=%08b svc=%x unknown=%d %+v\n", r.action, r.in, r.out, r.src, r.dst, r.svc, r.unknown, r.effects)
		}
	}
	return b.String()
}
