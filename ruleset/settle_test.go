package ruleset

import (
	"fmt"
	"reflect"
	"testing"
)

// Under assumptions a packet has the verdict that it has in every world in
// which they hold, and is unknown where these worlds differ.
func TestSettleAgainstOracle(t *testing.T) {
	onAllCores(200/raceFactor, func(i int, s *caseScratch) {
		g := newGenerator(uint64(i) + 5<<32)
		g.opaque = true
		m := g.model()
		rs := m.ruleSet()
		before := rs.clone()

		assume, fixed, values := map[string]bool{"unknown 9": true, "": true}, uint(0), uint(0)
		for u := range 3 {
			if g.IntN(2) == 0 {
				continue
			}
			truth := g.IntN(2) == 0
			assume[fmt.Sprint("unknown ", u+1)] = truth
			fixed |= 1 << u
			if truth {
				values |= 1 << u
			}
		}
		want := make([]Verdict, universeN)
		seen := false
		for truth := range uint(8) {
			if truth&fixed != values {
				continue
			}
			for k, v := range m.verdicts(truth, s.have, s.run) {
				if seen && want[k] != v {
					v = Unknown
				}
				want[k] = v
			}
			seen = true
		}
		settled := Settle(rs, assume)
		for k := range universeN {
			if v := settled.Verdict(packetAt(k)); v != want[k] {
				t.Errorf("case %d: %v: have %v, oracle %v\nassume %v\n%v", i, packetAt(k), v, want[k], assume, m)
				return
			}
		}
		if !reflect.DeepEqual(rs, before) {
			t.Errorf("case %d: the rule set was changed", i)
		}
	})
}

func (rs *RuleSet) clone() *RuleSet {
	out := &RuleSet{}
	for _, s := range rs.Stages {
		s.Rules = append([]Rule(nil), s.Rules...)
		out.Stages = append(out.Stages, s)
	}
	return out
}

// Rules without an ID are unknowns of their own, which nothing settles, and
// what is settled keeps all else.
func TestSettleKeepsTheRest(t *testing.T) {
	rs := &RuleSet{
		Groups: []Group{{Name: "g"}},
		Stages: []Stage{{Name: "acl", Default: Deny, Rules: []Rule{
			{Action: Permit, Opaque: &Opaque{Why: "no id"}},
			{Action: Permit, Opaque: &Opaque{ID: "app-id ssl"}, Name: "a", Line: 7, Effects: Effects{Log: true}},
			{Action: Deny, Opaque: &Opaque{ID: "user x"}, Name: "b"},
			{Action: Deny, Opaque: &Opaque{ID: "app-id ssh"}, Name: "c"},
		}}},
	}
	out := Settle(rs, map[string]bool{"": true, "app-id ssl": true, "user x": false})
	r := out.Stages[0].Rules
	if len(r) != 3 || r[0].Opaque == nil || r[1].Opaque != nil || r[1].Line != 7 || !r[1].Log || r[2].Opaque == nil || r[2].Name != "c" || len(out.Groups) != 1 {
		t.Errorf("%+v", r)
	}
	if same := Settle(rs, map[string]bool{"other": true}); !reflect.DeepEqual(same, rs) {
		t.Errorf("%+v", same)
	}
}
