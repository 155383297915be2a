package ruleset

import (
	"math/rand/v2"
	"net/netip"
	"testing"
)

func TestFrozenAgainstOracle(t *testing.T) {
	onAllCores(1500/raceFactor, func(i int, s *caseScratch) {
		if t.Failed() {
			return
		}
		g := newGenerator(uint64(i) + 1<<33)
		unknowns := 0
		if i%4 == 3 {
			g.opaque, unknowns = true, 3
		}
		m := g.model()
		s.answers(m, m, unknowns)
		f, err := Freeze(m.ruleSet())
		if err != nil {
			t.Error(err)
			return
		}
		for k := range universeN {
			if v := f.Verdict(packetAt(k)); v != s.verdicts[k][0] {
				t.Errorf("case %d: %v: have %v, oracle %v\n%v", i, packetAt(k), v, s.verdicts[k][0], m)
				return
			}
		}
	})
}

// On real sizes the frozen form agrees with the linear evaluation.
func TestFrozenAgainstLinear(t *testing.T) {
	rs := groupRules(2000, 8, 3)
	f, err := Freeze(rs)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[Verdict]int{}
	for _, p := range samplePackets(rs, 20_000) {
		v := rs.Verdict(p)
		seen[v]++
		if got := f.Verdict(p); got != v {
			t.Fatalf("%v: have %v, want %v", p, got, v)
		}
	}
	if seen[Passes] < 1000 || seen[Drops] < 1000 {
		t.Errorf("one-sided sample: %v", seen)
	}
}

// samplePackets returns packets of which most are near the borders of rules.
func samplePackets(rs *RuleSet, n int) []Packet {
	r := rand.New(rand.NewPCG(5, 5))
	rules := rs.Stages[0].Rules
	near := func(s AddrSet) netip.Addr {
		all := s.v4()
		x := all[r.IntN(len(all))]
		if r.IntN(4) > 0 {
			return x.lo.addr()
		}
		return (x.lo + ip4(r.IntN(3)) - 1).addr()
	}
	out := make([]Packet, n)
	for i := range out {
		a, b := rules[r.IntN(len(rules))], rules[r.IntN(len(rules))]
		if r.IntN(2) == 0 {
			b = a
		}
		box := a.Service.p.boxes[0]
		out[i] = Packet{Src: near(a.Src), Dst: near(b.Dst), Proto: TCP, SrcPort: 50000, DstPort: box.Dst.From + uint16(r.IntN(2))}
	}
	return out
}

func TestFrozenOddPackets(t *testing.T) {
	f, err := Freeze(&RuleSet{})
	if err != nil {
		t.Fatal(err)
	}
	four, six := netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("2001:db8::1")
	for _, c := range []struct {
		p    Packet
		want Verdict
	}{
		{Packet{Src: four, Dst: four, Proto: TCP}, Passes},
		{Packet{Src: six, Dst: six, Proto: ICMPv6, SrcPort: 255, DstPort: 255}, Passes},
		{Packet{Src: netip.MustParseAddr("::ffff:10.0.0.1"), Dst: four, Proto: TCP}, Passes},
		{Packet{Src: four, Dst: six, Proto: TCP}, Unknown},
		{Packet{Proto: TCP}, Unknown},
		{Packet{Src: four, Dst: four, Proto: ICMP, SrcPort: 256}, Unknown},
	} {
		if v := f.Verdict(c.p); v != c.want {
			t.Errorf("%v: have %v, want %v", c.p, v, c.want)
		}
	}
}

func TestFrozenDoesNotAllocate(t *testing.T) {
	rs := groupRules(200, 8, 1)
	f, err := Freeze(rs)
	if err != nil {
		t.Fatal(err)
	}
	p := samplePackets(rs, 1)[0]
	if n := testing.AllocsPerRun(100, func() { f.Verdict(p) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkFrozenVerdict(b *testing.B) {
	for name, rs := range map[string]*RuleSet{"10k-groups": groupRules(10_000, 8, 1), "200k-pairs-1%any": hostPairs(200_000, 40_000, 0.01, 1)} {
		b.Run(name, func(b *testing.B) {
			f, err := Freeze(rs)
			if err != nil {
				b.Fatal(err)
			}
			packets := samplePackets(rs, 1<<16)
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				f.Verdict(packets[i&(1<<16-1)])
				i++
			}
		})
	}
}

func BenchmarkFreeze10k(b *testing.B) {
	rs := groupRules(10_000, 8, 1)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Freeze(rs); err != nil {
			b.Fatal(err)
		}
	}
}
