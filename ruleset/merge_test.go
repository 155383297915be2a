package ruleset

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// randomRows draws rows in which legs often take part in the same flows.
func randomRows(r *rand.Rand, n int) []Row {
	rows := make([]Row, n)
	for i := range rows {
		rows[i] = Row{Src: r.Int32N(5), Dst: 3 + r.Int32N(5), Service: r.Int32N(3), Flow: r.Int32N(9)}
	}
	return rows
}

func TestMergeIsExact(t *testing.T) {
	type triple struct{ src, dst, service int32 }
	for seed := range uint64(5000) {
		r := rand.New(rand.NewPCG(seed, 3))
		rows := randomRows(r, r.IntN(40))
		want := map[triple][]int32{}
		for _, x := range rows {
			k := triple{x.Src, x.Dst, x.Service}
			want[k] = append(want[k], x.Flow)
		}
		merged := Merge(rows)
		have := map[triple]int{}
		for i, m := range merged {
			for _, s := range m.Src {
				for _, d := range m.Dst {
					for _, v := range m.Services {
						k := triple{s, d, v}
						if _, twice := have[k]; twice || want[k] == nil {
							t.Fatalf("seed %d: %v is in two rules or in no row", seed, k)
						}
						have[k] = i
						for _, f := range want[k] {
							if !slices.Contains(m.Flows, f) {
								t.Fatalf("seed %d: flow %d is lost", seed, f)
							}
						}
					}
				}
			}
			checkFlows(t, m, rows)
		}
		if len(have) != len(want) {
			t.Fatalf("seed %d: %d of %d triples", seed, len(have), len(want))
		}
		checkFixpoint(t, merged)
	}
}

// checkFlows checks that a rule has no flow without a row inside it.
func checkFlows(t *testing.T, m Merged, rows []Row) {
	t.Helper()
	if !slices.IsSorted(m.Flows) || len(slices.Compact(slices.Clone(m.Flows))) != len(m.Flows) {
		t.Fatalf("flows %v", m.Flows)
	}
	for _, f := range m.Flows {
		if !slices.ContainsFunc(rows, func(r Row) bool {
			return r.Flow == f && slices.Contains(m.Src, r.Src) && slices.Contains(m.Dst, r.Dst) && slices.Contains(m.Services, r.Service)
		}) {
			t.Fatalf("flow %d has no row in %+v", f, m)
		}
	}
}

// checkFixpoint checks that no two rules agree in two axes.
func checkFixpoint(t *testing.T, merged []Merged) {
	t.Helper()
	for i, a := range merged {
		for _, b := range merged[:i] {
			n := 0
			for _, eq := range []bool{slices.Equal(a.Src, b.Src), slices.Equal(a.Dst, b.Dst), slices.Equal(a.Services, b.Services)} {
				if eq {
					n++
				}
			}
			if n >= 2 {
				t.Fatalf("%+v and %+v could be one rule", a, b)
			}
		}
	}
}

// A new leg that takes part in the same rows as another is added to the rules
// of that one, and nothing else changes, wherever its rows stand.
func TestMergeOneMoreLeg(t *testing.T) {
	const old, added = 1, 99
	for seed := range uint64(2000) {
		r := rand.New(rand.NewPCG(seed, 4))
		rows := randomRows(r, 30)
		var more []Row
		for _, x := range rows {
			more = append(more, x)
			if x.Src == old {
				more = append(more, Row{added, x.Dst, x.Service, x.Flow})
			}
		}
		before, after := Merge(rows), Merge(more)
		for i := range before {
			if slices.Contains(before[i].Src, old) {
				before[i].Src = append(before[i].Src, added)
			}
		}
		if !slices.EqualFunc(before, after, func(a, b Merged) bool {
			return slices.Equal(a.Src, b.Src) && slices.Equal(a.Dst, b.Dst) && slices.Equal(a.Services, b.Services) && slices.Equal(a.Flows, b.Flows)
		}) {
			t.Fatalf("seed %d:\nbefore %+v\nafter  %+v", seed, before, after)
		}
	}
}
