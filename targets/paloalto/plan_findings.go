package paloalto

import (
	"fmt"
	"strings"

	"github.com/nbfwc/nbfwc/ruleset"
)

// findForeign finds what the plan leaves alone and somebody should look at:
// rules of others between ours, and such above ours that decide their packets.
func (p *planner) findForeign(result *ruleset.RuleSet) {
	c := p.want.context()
	rules := c.base(p.want.panorama).security.list
	first, last := -1, -1
	mine := map[string]bool{}
	for i := range rules {
		if p.isOurs(&rules[i].entry) {
			mine[rules[i].name] = true
			if last = i; first < 0 {
				first = i
			}
		}
	}
	for i := max(first, 0); i < last; i++ {
		if !p.isOurs(&rules[i].entry) {
			p.finding(rules[i].line, rules[i].name, "this rule of others stands between ours; it is left alone")
		}
	}
	for _, s := range p.want.scopes {
		for i := range s.addressGroups.list {
			if g := &s.addressGroups.list[i]; g.dynamic && !p.isOurs(&g.entry) && strings.Contains(g.filter, mark) {
				p.finding(g.line, g.name, "the filter of this dynamic group mentions our tag %q, so it may hold our objects", mark)
			}
		}
	}
	if len(mine) > 0 {
		p.findAbove(result, mine)
	}
	if p.want.managed != "" {
		p.finding(0, p.want.managed, "Panorama manages this firewall: its rules before ours decide first, and can't be changed here")
	}
}

// maxPairs bounds how many pairs of rules are looked at.
const maxPairs = 2_000_000

// findAbove finds rules of others that refuse, or may refuse, packets that a
// rule of ours below them permits.
func (p *planner) findAbove(result *ruleset.RuleSet, mine map[string]bool) {
	var ours []*ruleset.Rule
	var src, dst []ruleset.Range
	type pair struct {
		foreign *ruleset.Rule
		from    int // in ours
	}
	var pairs []pair
	for i := range result.Stages {
		st := &result.Stages[i]
		own := strings.HasPrefix(st.Name, ownStage(p.want))
		for k := range st.Rules {
			r := &st.Rules[k]
			switch {
			case own && mine[r.Name]:
				if r.Action == ruleset.Permit && r.Opaque == nil {
					ours = append(ours, r)
					src, dst = append(src, r.Src.Ranges()...), append(dst, r.Dst.Ranges()...)
				}
			case r.Action != ruleset.Permit:
				pairs = append(pairs, pair{r, len(ours)})
			}
		}
	}
	all := ruleset.Box{Src: ruleset.NewAddrSet(src...), Dst: ruleset.NewAddrSet(dst...), Service: ruleset.AnyService()}
	said := map[string]bool{}
	looked := 0
	for _, pr := range pairs {
		f := pr.foreign
		if said[f.Name] || f.Name == "" {
			continue
		}
		box := f.Box()
		if box.Intersect(all).IsEmpty() {
			continue
		}
		for _, o := range ours[pr.from:] {
			if looked++; looked > maxPairs {
				p.finding(0, "", "there are too many rules to look at all that stand above ours")
				return
			}
			if box.Intersect(o.Box()).IsEmpty() {
				continue
			}
			said[f.Name] = true
			what := "refuses"
			if f.Opaque != nil {
				what = fmt.Sprintf("may refuse (%s)", f.Opaque.Why)
			}
			p.finding(f.Line, f.Name, "this rule of others stands above ours and %s packets that %q permits", what, o.Name)
			break
		}
	}
}

// ownStage begins the name of the stage of our rule base.
func ownStage(m *model) string {
	if m.panorama {
		return "pre-rulebase " + m.vsys
	}
	return "rulebase"
}
