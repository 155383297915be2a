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
		if len(fw.UseObjects) == 0 && fw.GroupName.Text == "" {
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
		out = append(append(out, m.twins()...), unknownGroups(fw, names)...)
	}
	return out
}

// twins are the groups of the firewall to which its name template gives one
// name.
func (m *ruleMaker) twins() []Problem {
	var out []Problem
	for _, pair := range m.names.collisions {
		a, b := &m.names.list[pair[0]], &m.names.list[pair[1]]
		out = append(out, Problem{
			Summary: "Two groups of one name",
			Detail: fmt.Sprintf("On firewall %q both %q and %q would be called %q. What tells them apart is in these fields of group_name: %s.",
				m.fw.Name, m.groupReason(a.uses), m.groupReason(b.uses), m.text(a.words), listed(a.words.differ(&b.words), ", ")),
			Subject: m.fw.GroupName.Origin,
		})
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
