package drift

import (
	"slices"

	"github.com/nbfwc/nbfwc/ruleset"
)

// A share is the part of a box that one rule decides, or may decide. Shares of
// a box may overlap.
type share struct {
	rule *ruleset.Rule
	box  ruleset.Box
}

// maxShares bounds the rules that are looked at for all boxes of a report.
const maxShares = 4 << 20

// shares says which rules decide the packets of a box whose packets all pass.
// It asks for one packet of what each permitting rule has of the box. Where
// there are too many rules for the budget, or none is found, all of the box is
// the first rule's, which decides its example.
func shares(rs *ruleset.RuleSet, b ruleset.Box, first *ruleset.Rule, budget *int) []share {
	whole := []share{{first, b}}
	n := 0
	for _, s := range rs.Stages {
		n += len(s.Rules)
	}
	if *budget -= n; *budget < 0 {
		return whole
	}
	var out []share
	for _, s := range rs.Stages {
		for i := range s.Rules {
			r := &s.Rules[i]
			if r.Action != ruleset.Permit || r.Opaque != nil || b.Service.Intersect(r.Service).IsEmpty() {
				continue
			}
			part := b.Intersect(r.Box())
			if part.IsEmpty() {
				continue
			}
			p, ok := example(part)
			if !ok {
				continue
			}
			if verdict, by := rs.Decide(p); verdict == ruleset.Passes && decider(rs, by) == r {
				out = append(out, share{r, part})
			}
		}
	}
	if !slices.ContainsFunc(out, func(s share) bool { return s.rule == first }) {
		// The default, or a rule of whose part another packet was asked for.
		if len(out) == 0 || first != nil {
			out = append(out, whole...)
		}
	}
	return out
}

// example is a packet of a box.
func example(b ruleset.Box) (ruleset.Packet, bool) {
	svc := b.Service.Boxes()
	if len(svc) == 0 || b.Src.IsEmpty() || b.Dst.IsEmpty() {
		return ruleset.Packet{}, false
	}
	p := ruleset.Packet{
		In: label(b.In), Out: label(b.Out), Src: b.Src.First(), Dst: b.Dst.First(),
		Proto: svc[0].ProtoFrom, SrcPort: svc[0].Src.To, DstPort: svc[0].Dst.From,
	}
	if p.Src.Is4() != p.Dst.Is4() {
		src, dst := b.Src.Intersect(ruleset.Any6()), b.Dst.Intersect(ruleset.Any6())
		if src.IsEmpty() || dst.IsEmpty() {
			return ruleset.Packet{}, false
		}
		p.Src, p.Dst = src.First(), dst.First()
	}
	return p, true
}

// label is one interface of a set, or one that nobody names.
func label(s ruleset.IfaceSet) string {
	labels, except := s.Labels()
	if !except && len(labels) > 0 {
		return labels[0]
	}
	return "other interface"
}

// withinOne are rules for packets that stay within one zone or interface: the
// device's own intrazone rules.
func withinOne(r *ruleset.Rule) bool {
	in, except := r.In.Labels()
	return !except && len(in) == 1 && r.In.Equal(r.Out)
}

// labels are all interfaces that a rule set names, but for the firewall itself.
func labels(rs *ruleset.RuleSet) []string {
	var out []string
	add := func(s ruleset.IfaceSet) {
		names, _ := s.Labels()
		for _, n := range names {
			if n != ruleset.Self && !slices.Contains(out, n) {
				out = append(out, n)
			}
		}
	}
	for i := range rs.Stages {
		s := &rs.Stages[i]
		add(s.In)
		add(s.Out)
		for k := range s.Rules {
			add(s.Rules[k].In)
			add(s.Rules[k].Out)
		}
	}
	return out
}
