package nftables

import (
	"slices"

	"github.com/nbfwc/nbfwc/ruleset"
)

// ordered is the rule set with the rules of different pairs of interfaces in the
// order of their names. The kernel lists the map from pairs to chains in the
// order of a hash table, another one after every load; since a packet has one
// pair, that order means nothing.
func ordered(rs *ruleset.RuleSet) *ruleset.RuleSet {
	out := *rs
	out.Stages = slices.Clone(rs.Stages)
	for i := range out.Stages {
		rules := slices.Clone(out.Stages[i].Rules)
		for from := 0; from < len(rules); {
			to := from
			for to < len(rules) && ofOnePair(&rules[to]) {
				to++
			}
			slices.SortStableFunc(rules[from:to], func(a, b ruleset.Rule) int {
				return slices.Compare(pairOf(&a), pairOf(&b))
			})
			from = to + 1
		}
		out.Stages[i].Rules = rules
	}
	return &out
}

// ofOnePair says whether a rule is for one interface on each side: two such
// rules have the same pair or no packet in common.
func ofOnePair(r *ruleset.Rule) bool {
	in, notIn := r.In.Labels()
	out, notOut := r.Out.Labels()
	return !notIn && !notOut && len(in) == 1 && len(out) == 1
}

func pairOf(r *ruleset.Rule) []string {
	in, _ := r.In.Labels()
	out, _ := r.Out.Labels()
	return append(in, out...)
}
