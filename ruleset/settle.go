package ruleset

// Settle returns rs as it is under assumptions about opaque rules, by the ID of
// what is not modelled ("app-id ssl"): a rule that is assumed true matches its
// whole box, one that is assumed false is left out. Others stay opaque, as do
// rules without an ID. rs is not changed; what both have in common is shared.
func Settle(rs *RuleSet, assume map[string]bool) *RuleSet {
	out := *rs
	out.Stages = make([]Stage, len(rs.Stages))
	for i := range rs.Stages {
		out.Stages[i] = rs.Stages[i]
		out.Stages[i].Rules = settled(rs.Stages[i].Rules, assume)
	}
	return &out
}

// settled are the rules of a stage; the same slice if none is settled.
func settled(rules []Rule, assume map[string]bool) []Rule {
	n := 0
	for i := range rules {
		if _, known := rules[i].assumed(assume); known {
			n++
		}
	}
	if n == 0 {
		return rules
	}
	out := make([]Rule, 0, len(rules))
	for i := range rules {
		r := rules[i]
		truth, known := r.assumed(assume)
		if known && !truth {
			continue
		}
		if known {
			r.Opaque = nil
		}
		out = append(out, r)
	}
	return out
}

func (r *Rule) assumed(assume map[string]bool) (truth, known bool) {
	if r.Opaque == nil || r.Opaque.ID == "" {
		return false, false
	}
	truth, known = assume[r.Opaque.ID]
	return truth, known
}
