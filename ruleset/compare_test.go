package ruleset

import (
	"fmt"
	"runtime"
	"sync"
	"testing"
)

// The three answers about a packet, as the oracle gives them.
const (
	same byte = iota
	certain
	unknown
)

// answers compares two models packet by packet under every truth of the
// unknowns. Verdicts that depend on it are Unknown.
func (s *caseScratch) answers(have, want model, unknowns int) {
	out, verdicts := s.want, s.verdicts
	for truth := range uint(1) << unknowns {
		h, w := have.verdicts(truth, s.have, s.run), want.verdicts(truth, s.other, s.run)
		if truth == 0 {
			for i := range out {
				out[i], verdicts[i] = answer(h[i], w[i]), [2]Verdict{h[i], w[i]}
			}
			continue
		}
		for i := range out {
			if out[i] != answer(h[i], w[i]) {
				out[i] = unknown
			}
			if verdicts[i][0] != h[i] {
				verdicts[i][0] = Unknown
			}
			if verdicts[i][1] != w[i] {
				verdicts[i][1] = Unknown
			}
		}
	}
}

func answer(have, want Verdict) byte {
	if (have == Passes) != (want == Passes) {
		return certain
	}
	return same
}

// checkDifference checks a difference against the oracle's answers: its boxes
// are disjoint and hold the packets that differ and no others, each with its
// verdicts, and every witness is a packet of its box.
func checkDifference(d Difference, want []byte, verdicts [][2]Verdict, got []byte) error {
	clear(got)
	if d.MoreCertain+d.MoreUnknown+d.MoreRouting+len(d.Routing) > 0 {
		return fmt.Errorf("unexpected: more boxes, or routing")
	}
	var err error
	for kind, list := range [][]Disagreement{nil, d.Certain, d.Unknown} {
		for _, x := range list {
			m, seen := maskOf(x.Box), false
			m.paint(func(from, to int) {
				seen = true
				for i := from; i < to; i++ {
					if got[i] != same {
						err = fmt.Errorf("%v is in two boxes", packetAt(i))
					}
					if verdicts[i] != [2]Verdict{x.Have, x.Want} {
						err = fmt.Errorf("%v: box says %v and %v, oracle %v", packetAt(i), x.Have, x.Want, verdicts[i])
					}
					got[i] = byte(kind)
				}
			})
			if !seen {
				return fmt.Errorf("no packet of the universe is in %+v", x.Box)
			}
			p := x.Witness
			if !x.In.Contains(p.In) || !x.Out.Contains(p.Out) || !x.Src.Contains(p.Src) || !x.Dst.Contains(p.Dst) || !x.Service.Contains(p.Proto, p.SrcPort, p.DstPort) {
				return fmt.Errorf("witness %v is not in its box %+v", p, x.Box)
			}
			if (kind == int(unknown)) != (len(x.Unknowns) > 0) {
				return fmt.Errorf("unknowns %v of a box of kind %d", x.Unknowns, kind)
			}
		}
	}
	if err != nil {
		return err
	}
	for i := range got {
		if got[i] != want[i] {
			return fmt.Errorf("%v: have %d, want %d", packetAt(i), got[i], want[i])
		}
	}
	return nil
}

// onAllCores runs n numbered cases.
func onAllCores(n int, run func(i int, scratch *caseScratch)) {
	var wg sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	for w := range workers {
		wg.Go(func() {
			s := &caseScratch{want: make([]byte, universeN), got: make([]byte, universeN), verdicts: make([][2]Verdict, universeN)}
			s.have, s.other, s.run = make([]Verdict, universeN), make([]Verdict, universeN), make([]Verdict, universeN)
			for i := w; i < n; i += workers {
				run(i, s)
			}
		})
	}
	wg.Wait()
}

type caseScratch struct {
	want, got        []byte
	verdicts         [][2]Verdict
	have, other, run []Verdict
}

// comparedLists is as many as take half a minute on two cores; the race detector
// gets a tenth.
const comparedLists = 100_000 / raceFactor

// Half of the lists are compared with an edited copy, the others with a list of
// their own. One in eight has opaque lines.
func TestCompareAgainstOracle(t *testing.T) {
	onAllCores(comparedLists/2, func(i int, s *caseScratch) {
		if t.Failed() {
			return
		}
		g := newGenerator(uint64(i))
		unknowns := 0
		if i%8 == 7 {
			g.opaque, unknowns = true, 3
		}
		have := g.model()
		want := g.edit(have)
		if i%2 == 1 {
			want = g.model()
		}
		s.answers(have, want, unknowns)
		d, err := Compare(have.ruleSet(), want.ruleSet(), CompareOptions{MaxBoxes: 1 << 20})
		if err == nil {
			err = checkDifference(d, s.want, s.verdicts, s.got)
		}
		if err != nil {
			t.Errorf("case %d: %v\nhave\n%vwant\n%v", i, err, have, want)
		}
	})
}

// The generators are worth something only if rules overlap and disagree.
func TestGeneratorsOverlap(t *testing.T) {
	const n = 5000
	overlapping := 0
	for i := range n {
		g := newGenerator(uint64(i))
		if opposed(g.model()) {
			overlapping++
		}
	}
	t.Logf("%d of %d lists have overlapping rules of opposite action", overlapping, n)
	if overlapping*5 < n {
		t.Errorf("only %d of %d lists have overlapping rules of opposite action, want 20 %%", overlapping, n)
	}
}

func opposed(m model) bool {
	for _, st := range m {
		for i, a := range st.rules {
			for _, b := range st.rules[:i] {
				overlap := a.in&b.in != 0 && a.out&b.out != 0 && a.svc&b.svc != 0 &&
					(a.src[0]&b.src[0] != 0 && a.dst[0]&b.dst[0] != 0 || a.src[1]&b.src[1] != 0 && a.dst[1]&b.dst[1] != 0)
				if overlap && (a.action == Permit) != (b.action == Permit) {
					return true
				}
			}
		}
	}
	return false
}

// Decide is compared for every packet of the universe.
func TestVerdictAgainstOracle(t *testing.T) {
	onAllCores(300/raceFactor, func(i int, s *caseScratch) {
		g := newGenerator(uint64(i) + 1<<32)
		unknowns := 0
		if i%2 == 1 {
			g.opaque, unknowns = true, 3
		}
		m := g.model()
		s.answers(m, m, unknowns)
		rs := m.ruleSet()
		for k := range universeN {
			if v := rs.Verdict(packetAt(k)); v != s.verdicts[k][0] {
				t.Errorf("case %d: %v: have %v, oracle %v\n%v", i, packetAt(k), v, s.verdicts[k][0], m)
				return
			}
		}
	})
}
