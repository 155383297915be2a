package paloalto

import (
	"slices"
	"strings"
)

// wanted makes p.want: what the device has, with what is ours replaced. Rules
// are all rules of our rule base, in order.
func (p *planner) wanted(own *ours, rules []rule) {
	p.want = p.have.clone()
	c := p.want.context()
	setList(&c.base(p.want.panorama).security, rules)
	needed := p.neededByOthers(own)
	replaceOurs(p, &c.addresses, own.addresses, needed, func(have, want address) address {
		want.tags, want.description, want.unknown = have.tags, have.description, have.unknown
		return want
	})
	replaceOurs(p, &c.addressGroups, own.groups, needed, func(have, want addressGroup) addressGroup {
		want.tags, want.unknown = have.tags, have.unknown
		return want
	})
	replaceOurs(p, &c.services, own.services, needed, func(have, want service) service {
		want.tags, want.description, want.unknown = have.tags, have.description, have.unknown
		return want
	})
	switch {
	case !own.isEmpty():
		if !c.tags.has(mark) {
			put(&c.tags, newTag())
		}
	case c.tags.has(mark) && c.tags.get(mark).comments == newTag().comments && !p.want.uses(mark):
		setList(&c.tags, slices.DeleteFunc(slices.Clone(c.tags.list), func(t tag) bool { return t.name == mark }))
	}
}

// replaceOurs puts mine in place of what is ours in a table. What others still
// need stays. Merge keeps what others may have added to an object of ours.
func replaceOurs[T any, P named[T]](p *planner, t *table[T], mine []T, needed map[string]bool, merge func(have, want T) T) {
	wanted := make(map[string]int, len(mine))
	for i := range mine {
		wanted[P(&mine[i]).base().name] = i
	}
	list := make([]T, 0, len(t.list)+len(mine))
	for _, x := range t.list {
		e := P(&x).base()
		k, ok := wanted[e.name]
		switch {
		case !p.isOurs(e):
			list = append(list, x)
		case ok:
			delete(wanted, e.name)
			list = append(list, merge(x, mine[k]))
		case needed[e.name]:
			p.finding(e.line, e.name, "it is ours and no longer needed, but something of others refers to it; it stays")
			list = append(list, x)
		}
	}
	for i := range mine {
		if _, ok := wanted[P(&mine[i]).base().name]; ok {
			list = append(list, mine[i])
		}
	}
	setList[T, P](t, list)
}

// neededByOthers are the names that something refers to which isn't ours, and
// what these consist of.
func (p *planner) neededByOthers(own *ours) map[string]bool {
	needed := map[string]bool{}
	add := func(lists ...[]string) {
		for _, list := range lists {
			for _, name := range list {
				if strings.HasPrefix(name, p.prefix) {
					needed[name] = true
				}
			}
		}
	}
	for name := range p.have.elsewhere {
		needed[name] = true
	}
	for _, s := range p.have.scopes {
		for i := range s.addressGroups.list {
			if g := &s.addressGroups.list[i]; !p.isOurs(&g.entry) {
				add(g.static)
			}
		}
		for i := range s.serviceGroups.list {
			add(s.serviceGroups.list[i].members)
		}
		for _, b := range [...]*rulebase{&s.rules, &s.pre, &s.post} {
			for i := range b.nat.list {
				n := &b.nat.list[i]
				add(n.source, n.destination, n.translations, []string{n.service})
			}
		}
	}
	for _, s := range p.want.scopes {
		for _, b := range [...]*rulebase{&s.rules, &s.pre, &s.post} {
			for i := range b.security.list {
				if r := &b.security.list[i]; !p.isOurs(&r.entry) {
					add(r.source, r.destination, r.service)
				}
			}
		}
	}
	// A group that stays keeps its members.
	c := p.have.context()
	var todo []string
	for name := range needed {
		todo = append(todo, name)
	}
	for len(todo) > 0 {
		g := c.addressGroups.get(todo[len(todo)-1])
		todo = todo[:len(todo)-1]
		if g == nil || slices.ContainsFunc(own.groups, func(w addressGroup) bool { return w.name == g.name }) {
			continue
		}
		for _, name := range g.static {
			if strings.HasPrefix(name, p.prefix) && !needed[name] {
				needed[name] = true
				todo = append(todo, name)
			}
		}
	}
	return needed
}

// uses says whether a tag is on anything, or in the filter of a group.
func (m *model) uses(name string) bool {
	found := false
	check := func(e *entry) { found = found || slices.Contains(e.tags, name) }
	for _, s := range m.scopes {
		eachEntry(s.addresses.list, check)
		eachEntry(s.addressGroups.list, check)
		eachEntry(s.services.list, check)
		eachEntry(s.serviceGroups.list, check)
		eachEntry(s.zones.list, check)
		for i := range s.addressGroups.list {
			found = found || strings.Contains(s.addressGroups.list[i].filter, name)
		}
		for _, b := range [...]*rulebase{&s.rules, &s.pre, &s.post} {
			eachEntry(b.security.list, check)
			eachEntry(b.nat.list, check)
			for i := range b.security.list {
				found = found || b.security.list[i].groupTag == name
			}
		}
	}
	return found
}
