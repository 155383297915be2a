package ruleset

import (
	"errors"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"
)

// On lists of real size a difference holds exactly the sampled packets that the
// linear evaluation treats differently.
func TestCompareAgainstLinear(t *testing.T) {
	for name, have := range map[string]*RuleSet{
		"pairs":  hostPairs(2000, 300, 0, 1),
		"wide":   hostPairs(2000, 300, 0.1, 2),
		"groups": groupRules(1000, 8, 3),
	} {
		t.Run(name, func(t *testing.T) {
			want := edited(have, 300)
			d, err := Compare(have, want, CompareOptions{MaxBoxes: 1 << 20})
			if err != nil || d.MoreCertain > 0 || len(d.Unknown) > 0 {
				t.Fatal(err, d.MoreCertain, len(d.Unknown))
			}
			packets := samplePackets(have, 3000)
			for _, x := range d.Certain {
				packets = append(packets, x.Witness)
			}
			differing := 0
			for _, p := range packets {
				boxes := 0
				for _, x := range d.Certain {
					if x.Src.Contains(p.Src) && x.Dst.Contains(p.Dst) && x.Service.Contains(p.Proto, p.SrcPort, p.DstPort) {
						boxes++
					}
				}
				differ := 0
				if have.Verdict(p) != want.Verdict(p) {
					differ = 1
				}
				if boxes != differ {
					t.Fatalf("%v is in %d boxes, want %d", p, boxes, differ)
				}
				differing += differ
			}
			if differing < 20 {
				t.Errorf("only %d packets differ", differing)
			}
		})
	}
}

// Entangled beyond the limit: no answer, and never "equal".
func TestTooLargeIsSaid(t *testing.T) {
	have := hostPairs(2000, 300, 0.3, 2)
	want := edited(have, 0)
	d, err := Compare(have, want, CompareOptions{Limit: 1000})
	if !errors.Is(err, ErrTooLarge) || len(d.Certain) > 0 {
		t.Errorf("have %v, %v", d, err)
	}
	if d, err := Compare(have, want, CompareOptions{}); err != nil || !d.IsEmpty() {
		t.Errorf("with the default limit: %v, %v", len(d.Certain), err)
	}
}

// Host pairs cost in proportion to their number.
func TestCompareIsLinear(t *testing.T) {
	cost := func(n int) int {
		rs := hostPairs(n, n/5, 0, 1)
		w := newWorld(nil, rs)
		p, _ := w.program(&w.groups[0], func(a Action, _ Effects) int32 { return int32(a) }, false)
		f, ok := newField(w.svc, p.items, p.v4, w.src4.of, w.dst4.of, w.src4.n(), w.dst4.n(), DefaultLimit, p.trim, zeroCode)
		if !ok {
			t.Fatal(ErrTooLarge)
		}
		return f.steps
	}
	if small, large := cost(2000), cost(20_000); large > 15*small {
		t.Errorf("2,000 rules take %d steps, 20,000 take %d", small, large)
	}
}

// Effects: what passes with another idle timeout differs in effect only, and a
// reject is no deny.
func TestCompareEffects(t *testing.T) {
	web := TCPPorts(PortRange{443, 443})
	list := func(a Action, e Effects) *RuleSet {
		return &RuleSet{Stages: []Stage{{Default: Deny, Rules: []Rule{{Src: Any4(), Dst: Any4(), Service: web, Action: a, Effects: e}}}}}
	}
	for _, c := range []struct {
		name       string
		have, want *RuleSet
		packets    bool
		effect     bool
	}{
		{"same", list(Permit, Effects{Log: true}), list(Permit, Effects{Log: true}), true, true},
		{"idle", list(Permit, Effects{Idle: time.Hour}), list(Permit, Effects{}), true, false},
		{"profile", list(Permit, Effects{Profile: "strict"}), list(Permit, Effects{}), true, false},
		{"log of a deny", list(Deny, Effects{Log: true}), list(Deny, Effects{}), true, false},
		{"idle of a deny means nothing", list(Deny, Effects{Idle: time.Hour}), list(Deny, Effects{}), true, true},
		{"reject", list(Reject, Effects{}), list(Deny, Effects{}), true, false},
		{"action", list(Permit, Effects{}), list(Deny, Effects{}), false, false},
	} {
		packets, err1 := SamePackets(c.have, c.want)
		effect, err2 := SameEffect(c.have, c.want)
		if err1 != nil || err2 != nil || packets != c.packets || effect != c.effect {
			t.Errorf("%s: same packets %v, same effect %v (%v, %v)", c.name, packets, effect, err1, err2)
		}
	}
	d, err := Compare(list(Reject, Effects{}), list(Deny, Effects{}), CompareOptions{Effects: true})
	if err != nil || len(d.Certain) != 1 || !d.Certain[0].EffectsOnly || d.Certain[0].Have != Rejects || d.Certain[0].Want != Drops {
		t.Errorf("%+v, %v", d, err)
	}
}

// What differs only for sources that don't belong behind the interface depends
// on routing: every packet of the universe is in the list where it belongs.
func TestConsistentPackets(t *testing.T) {
	for seed := range uint64(1500 / raceFactor) {
		g := newGenerator(seed + 1<<35)
		have := g.model()
		want := g.edit(have)
		h, w := have.ruleSet(), want.ruleSet()
		home := g.addrs()
		w.Behind = map[string]AddrSet{"lan": addrsOf(home)}
		d, err := Compare(h, w, CompareOptions{MaxBoxes: 1 << 20})
		if err != nil {
			t.Fatal(err)
		}
		hv, wv, tmp := make([]Verdict, universeN), make([]Verdict, universeN), make([]Verdict, universeN)
		have.verdicts(0, hv, tmp)
		want.verdicts(0, wv, tmp)
		got := make([]int, universeN)
		for kind, list := range [][]Disagreement{d.Certain, d.Routing} {
			for _, x := range list {
				m := maskOf(x.Box)
				m.paint(func(from, to int) {
					for i := from; i < to; i++ {
						got[i] += kind + 1
					}
				})
			}
		}
		for i := range got {
			p := packetAt(i)
			want := 0
			if (hv[i] == Passes) != (wv[i] == Passes) {
				want = 1
				if p.In == "lan" && !inMask(home, p.Src) || p.Out == "lan" && !inMask(home, p.Dst) {
					want = 2
				}
			}
			if got[i] != want {
				t.Fatalf("seed %d: %v: have %d, want %d\n%v", seed, p, got[i], want, have)
			}
		}
	}
}

// inMask says whether a point of the universe is in a mask.
func inMask(m [famN]uint8, a netip.Addr) bool {
	for fam, points := range [famN][]netip.Addr{points4, points6} {
		for i, p := range points {
			if p == a {
				return m[fam]>>i&1 == 1
			}
		}
	}
	return false
}

// A box list is cut at MaxBoxes and the rest is counted.
func TestMaxBoxes(t *testing.T) {
	have := hostPairs(500, 400, 0, 1)
	want := &RuleSet{Stages: []Stage{{Name: "acl", Default: Deny}}}
	all, err := Compare(have, want, CompareOptions{MaxBoxes: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	some, err := Compare(have, want, CompareOptions{MaxBoxes: 7})
	if err != nil || len(some.Certain) != 7 || some.MoreCertain != len(all.Certain)-7 || len(all.Certain) < 100 {
		t.Errorf("%d and %d more of %d (%v)", len(some.Certain), some.MoreCertain, len(all.Certain), err)
	}
}

// The same difference comes out whatever order rules of a stretch have.
func TestCompareIsDeterministic(t *testing.T) {
	have, want := groupRules(300, 8, 1), groupRules(300, 8, 2)
	first, err := Compare(have, want, CompareOptions{})
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(9, 9))
	for range 3 {
		from := r.IntN(14)*16 + 1 // Rules 16k+1 to 16k+15 all permit.
		rules := have.Stages[0].Rules[from : from+15]
		r.Shuffle(len(rules), func(i, j int) { rules[i], rules[j] = rules[j], rules[i] })
		again, err := Compare(have, want, CompareOptions{})
		if err != nil || len(again.Certain) != len(first.Certain) || again.MoreCertain != first.MoreCertain {
			t.Fatal(err, len(again.Certain), len(first.Certain))
		}
		for i, x := range first.Certain {
			y := again.Certain[i]
			if !x.Src.Equal(y.Src) || !x.Dst.Equal(y.Dst) || !x.Service.Equal(y.Service) || x.Witness != y.Witness {
				t.Fatalf("box %d: %+v and %+v", i, x, y)
			}
		}
	}
}
