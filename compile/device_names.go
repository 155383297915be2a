package compile

import (
	"fmt"

	"github.com/nbfwc/nbfwc/lang"
)

// checkNames holds what firewalls say of the names of groups against the groups
// that they get. It is done for a graph without errors.
func (g *Graph) checkNames() []Problem {
	var out []Problem
	var m *ruleMaker
	for _, fw := range g.Firewalls {
		if len(fw.UseObjects) == 0 {
			continue
		}
		if m == nil {
			m = newRuleMaker(g)
			m.reuse = true
		}
		rs := m.ruleSet(fw)
		names := make([]string, len(rs.Groups))
		for i := range rs.Groups {
			names[i] = rs.Groups[i].Name
		}
		out = append(out, unknownGroups(fw, names)...)
	}
	return out
}

// unknownGroups are the groups for which objects are named and that the
// firewall doesn't have; names are those that it has, sorted.
func unknownGroups(fw *Firewall, names []string) []Problem {
	has := make(map[string]bool, len(names))
	for _, n := range names {
		has[n] = true
	}
	var out []Problem
	for _, u := range fw.UseObjects {
		if has[u.Group] {
			continue
		}
		detail := fmt.Sprintf("Firewall %q has no group %q, so nothing would use the object %q.", fw.Name, u.Group, u.Object)
		if near := lang.Closest(u.Group, names); near != "" {
			detail += fmt.Sprintf(" Did you mean %q?", near)
		}
		if len(names) == 0 {
			detail += " No flow crosses it, so it has no groups at all."
		} else {
			detail += " Its groups are " + listed(names, ", ") + "."
		}
		out = append(out, Problem{Summary: "Unknown object-group", Detail: detail, Subject: u.Origin})
	}
	return out
}
