package nftables

import (
	"strings"

	"github.com/nbfwc/nbfwc/ruleset"
)

// groupsOf returns the named sets of addresses. The two sets of a group of ours
// are one group again.
func (tr *translation) groupsOf() []ruleset.Group {
	uses := map[string]int{}
	type place struct {
		t    *tableDecl
		name string
	}
	at := map[place]int{}
	var out []ruleset.Group
	var tables []*tableDecl
	for _, t := range tr.had.tables {
		own := t.isOurs()
		for _, s := range t.sets {
			g, ok := s.group()
			if !ok {
				continue
			}
			if own {
				g.Name = t.policyName(s)
			}
			tr.groups[s] = g.Name
			if i, ok := at[place{t, g.Name}]; ok {
				out[i].Members = append(out[i].Members, g.Members...)
				out[i].Set = out[i].Set.Union(g.Set)
				if out[i].Reason == "" {
					out[i].Reason = g.Reason
				}
				continue
			}
			at[place{t, g.Name}] = len(out)
			uses[g.Name]++
			out = append(out, g)
			tables = append(tables, t)
		}
	}
	for i := range out {
		if t := tables[i]; uses[out[i].Name] > 1 {
			name := out[i].Name
			out[i].Name = t.family + " " + t.name + " " + name
			for _, s := range t.sets {
				if tr.groups[s] == name {
					tr.groups[s] = out[i].Name
				}
			}
		}
	}
	return out
}

// isOurs says whether the table, or a section of it, is what Render wrote.
func (t *tableDecl) isOurs() bool {
	if t.family == "inet" && t.name == table {
		return true
	}
	for _, name := range sectionChains {
		if t.chainOf[name] != nil {
			return true
		}
	}
	return false
}

// policyName is the name of the group that a set of ours is part of. Where the
// set has a shortened name, a remark of the file has it whole.
func (t *tableDecl) policyName(s *setDecl) string {
	name, ok := strings.CutPrefix(s.name, prefix)
	suffix := map[string]string{"ipv4_addr": ".v4", "ipv6_addr": ".v6"}[s.keyType]
	if !ok || suffix == "" {
		return s.name
	}
	name, ok = strings.CutSuffix(name, suffix)
	switch {
	case !ok || name == "" || t.setOf[name] != nil:
		return s.name
	case s.called != "" && groupIdentifier(s.called) == name:
		return s.called
	}
	return name
}

// group returns a set of addresses as a group; ok is false if it is none, or
// changes by itself.
func (s *setDecl) group() (g ruleset.Group, ok bool) {
	switch s.keyType {
	case "ipv4_addr", "ipv6_addr", "ip saddr", "ip daddr", "ip6 saddr", "ip6 daddr":
	default:
		return g, false
	}
	if s.changing || s.unread != "" || s.verdicts || len(s.elems) == 0 {
		return g, false
	}
	g = ruleset.Group{Name: s.name, Reason: s.comment, Members: make([]ruleset.Member, 0, len(s.elems))}
	for i := range s.elems {
		r, ok := addrRange(s.elems[i].key)
		if !ok || s.elems[i].expires || s.expires {
			return g, false
		}
		g.Members = append(g.Members, ruleset.Member{Range: r, Name: s.elems[i].comment})
	}
	g.Set = ruleset.MemberSet(g.Members)
	if s.declared != nil {
		g.Members = s.declared
	}
	return g, true
}

// groupName returns the name of the group that a named set is, "" for none.
func (tr *translation) groupName(t *tableDecl, set string) string {
	return tr.groups[t.setOf[set]]
}
