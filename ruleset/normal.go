package ruleset

import (
	"cmp"
	"slices"
)

// Normal returns the syntactic normal form of a rule set: what can be spelled
// in several ways without meaning anything else within one rule is spelled in
// one way. Members of groups are sorted and without duplicates, a group's Set
// is the union of its members, groups are sorted by name, flows are sorted.
// Order and number of stages and rules stay, as do names, lines and reasons.
// Sets need nothing: equal sets have one form. rs is not changed.
func Normal(rs *RuleSet) *RuleSet {
	out := &RuleSet{Stages: slices.Clone(rs.Stages), Groups: slices.Clone(rs.Groups), Behind: rs.Behind}
	for i := range out.Stages {
		st := &out.Stages[i]
		st.Rules = slices.Clone(st.Rules)
		for j := range st.Rules {
			st.Rules[j] = normalRule(st.Rules[j])
		}
	}
	for i := range out.Groups {
		out.Groups[i] = normalGroup(out.Groups[i])
	}
	slices.SortStableFunc(out.Groups, func(a, b Group) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

func normalRule(r Rule) Rule {
	if !slices.IsSorted(r.Flows) {
		r.Flows = slices.Clone(r.Flows)
		slices.Sort(r.Flows)
	}
	if r.Opaque != nil {
		o := *r.Opaque
		r.Opaque = &o
	}
	return r
}

func normalGroup(g Group) Group {
	g.Members = slices.Clone(g.Members)
	slices.SortStableFunc(g.Members, func(a, b Member) int {
		return cmp.Or(a.Range.From.Compare(b.Range.From), a.Range.To.Compare(b.Range.To), cmp.Compare(a.Name, b.Name))
	})
	g.Members = slices.Compact(g.Members)
	ranges := make([]Range, len(g.Members))
	for i, m := range g.Members {
		ranges[i] = m.Range
	}
	g.Set = NewAddrSet(ranges...)
	return g
}

// SameSpelling says whether have and want are written alike: the same stages
// with the same rules in the same order, the same effects, the same names of
// rules and groups, and groups with the same members. Lines, flows and reasons
// don't count; nor does Behind, which is not written on a device.
func SameSpelling(have, want *RuleSet) bool {
	h, w := Normal(have), Normal(want)
	return slices.EqualFunc(h.Stages, w.Stages, sameStage) && slices.EqualFunc(h.Groups, w.Groups, sameGroup)
}

func sameStage(a, b Stage) bool {
	return a.Name == b.Name && a.In.Equal(b.In) && a.Out.Equal(b.Out) && a.Default == b.Default && a.Effects == b.Effects &&
		slices.EqualFunc(a.Rules, b.Rules, sameRule)
}

func sameRule(a, b Rule) bool {
	if (a.Opaque == nil) != (b.Opaque == nil) || a.Opaque != nil && *a.Opaque != *b.Opaque {
		return false
	}
	return a.In.Equal(b.In) && a.Out.Equal(b.Out) && a.Src.Equal(b.Src) && a.Dst.Equal(b.Dst) && a.Service.Equal(b.Service) &&
		a.Action == b.Action && a.Effects == b.Effects && a.Name == b.Name &&
		a.SrcGroup == b.SrcGroup && a.DstGroup == b.DstGroup && a.ServiceGroup == b.ServiceGroup
}

func sameGroup(a, b Group) bool {
	return a.Name == b.Name && slices.Equal(a.Members, b.Members)
}
