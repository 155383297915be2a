package ruleset

import (
	"slices"
	"testing"
)

// shadowedByOracle says of each rule whether it never decides anything: it
// paints the packets that each rule takes and looks for one that it gets.
func (m model) shadowedByOracle() [][]bool {
	out := make([][]bool, len(m))
	taken := make([]bool, universeN)
	for i, st := range m {
		if i == 0 || m[i-1].fallback != Next {
			clear(taken)
		}
		out[i] = make([]bool, len(st.rules))
		for j, r := range st.rules {
			b := r.maskedBox
			b.in &= st.in
			b.out &= st.out
			got := false
			b.paint(func(from, to int) {
				for k := from; k < to; k++ {
					got = got || !taken[k]
					taken[k] = taken[k] || r.unknown == 0
				}
			})
			out[i][j] = !got
		}
	}
	return out
}

// emptyRule says whether no packet matches a rule.
func (m model) emptyRule(stage, rule int) bool {
	b := m[stage].rules[rule].maskedBox
	b.in &= m[stage].in
	b.out &= m[stage].out
	n := 0
	b.paint(func(from, to int) { n += to - from })
	return n == 0
}

// without returns the model without the useless rules.
func (m model) without(gone []Useless) model {
	out := slices.Clone(m)
	for i := range out {
		var left []modelRule
		for j, r := range out[i].rules {
			if !slices.ContainsFunc(gone, func(u Useless) bool { return u.RuleRef == (RuleRef{i, j}) }) {
				left = append(left, r)
			}
		}
		out[i].rules = left
	}
	return out
}

func TestUselessRulesAgainstOracle(t *testing.T) {
	var shadowed, redundant [4000]int
	onAllCores(len(shadowed), func(i int, s *caseScratch) {
		if t.Failed() {
			return
		}
		g := newGenerator(uint64(i) + 1<<34)
		g.opaque = i%4 == 3
		m := g.edit(g.edit(g.model()))
		rs := m.ruleSet()
		useless, err := UselessRules(rs)
		if err != nil {
			t.Error(err)
			return
		}
		for k, list := range m.shadowedByOracle() {
			for j, want := range list {
				at := slices.IndexFunc(useless, func(u Useless) bool { return u.RuleRef == (RuleRef{k, j}) })
				have := at >= 0 && useless[at].Shadowed
				if have && len(useless[at].By) == 0 && !m.emptyRule(k, j) {
					t.Errorf("case %d: nobody shadows rule %d of stage %d\n%v", i, j, k, m)
				}
				if have != want {
					t.Errorf("case %d: rule %d of stage %d: shadowed %v, oracle %v\n%v", i, j, k, have, want, m)
				}
			}
		}
		for _, u := range useless {
			if u.Shadowed {
				shadowed[i]++
			} else {
				redundant[i]++
			}
		}
		rest := m.without(useless)
		for truth := range uint(8) {
			if !g.opaque && truth > 0 {
				break
			}
			if !slices.Equal(m.verdicts(truth, s.have, s.run), rest.verdicts(truth, s.other, s.run)) {
				t.Errorf("case %d: without %v the verdicts are others\n%v", i, useless, m)
			}
		}
		if same, err := SameEffect(rs, rest.ruleSet()); err != nil || !same {
			t.Errorf("case %d: without %v the effects are others (%v)\n%v", i, useless, err, m)
		}
	})
	total := func(n [4000]int) (sum int) {
		for _, x := range n {
			sum += x
		}
		return sum
	}
	if total(shadowed) < 1000 || total(redundant) < 500 {
		t.Errorf("only %d shadowed and %d redundant rules: the cases are too tame", total(shadowed), total(redundant))
	}
}

func BenchmarkUselessRules10k(b *testing.B) {
	for name, rs := range map[string]*RuleSet{"groups": groupRules(10_000, 8, 1), "pairs-5%any": hostPairs(10_000, 2000, 0.05, 1)} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := UselessRules(rs); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
