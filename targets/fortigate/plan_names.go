package fortigate

import (
	"slices"
	"strings"
)

// Entries that are wanted and those that the device has are paired: addresses
// and services by what they hold, groups by the name that they are alternates
// of. An address or service is never changed. If somebody has changed one of
// ours, it no longer holds what its name says, and another one is made.

func (p *planner) nameAddresses() {
	names := map[string]string{} // of own entries, by content
	exact := map[objKey]string{} // content, by name
	for i := range p.have.addresses {
		a := &p.have.addresses[i]
		if !p.isOwn(a.name, a.comment) {
			continue
		}
		c := addressContent(a)
		exact[objKey{a.name, a.v6}] = c
		if _, ok := names[c]; !ok {
			names[c] = a.name
		}
	}
	for i := range p.desired.addresses {
		a := p.desired.addresses[i]
		key, c := objKey{a.name, a.v6}, addressContent(&a)
		switch name, ok := names[c]; {
		case exact[key] == c:
			p.addressNames[key] = a.name
		case ok:
			p.addressNames[key] = name
		default:
			a.name = p.freeName(a.name)
			p.addressNames[key] = a.name
			p.newAddresses = append(p.newAddresses, a)
		}
	}
}

// addressContent is the same for addresses that hold the same.
func addressContent(a *address) string {
	b := *a
	b.comment = ""
	p := &printer{}
	p.address(&b)
	return string(p.b)
}

func (p *planner) nameServices() {
	names, exact := map[string]string{}, map[string]string{}
	for i := range p.have.services {
		s := &p.have.services[i]
		if !p.isOwn(s.name, s.comment) {
			continue
		}
		c := serviceContent(s)
		exact[s.name] = c
		if _, ok := names[c]; !ok {
			names[c] = s.name
		}
	}
	for i := range p.desired.services {
		s := p.desired.services[i]
		key, c := s.name, serviceContent(&s)
		switch name, ok := names[c]; {
		case exact[key] == c:
			p.serviceNames[key] = key
		case ok:
			p.serviceNames[key] = name
		default:
			for n := 1; p.takenService[s.name]; n++ {
				s.name = alternate(key, n)
			}
			p.takenService[s.name] = true
			p.serviceNames[key] = s.name
			p.newServices = append(p.newServices, s)
		}
	}
}

// serviceContent is the same for services that hold the same.
func serviceContent(s *service) string {
	t := *s
	t.comment, t.category = "", ""
	p := &printer{}
	p.service(&t)
	return string(p.b)
}

// nameGroups pairs the desired groups with those of the device.
func (p *planner) nameGroups() {
	byBase := map[string][]*group{}
	for _, name := range p.haveGroups.names {
		byBase[base(name)] = append(byBase[base(name)], p.haveGroups.byName[name])
	}
	desired := groupIndex{}
	for i := range p.desired.groups {
		desired.add(&p.desired.groups[i])
	}
	clear(p.groupNames)
	p.wantGroups = groupIndex{}
	var settle func(name string)
	settle = func(name string) {
		if p.groupNames[name] != "" {
			return
		}
		g := desired.byName[name]
		p.groupNames[name] = name // ends groups that hold themselves
		for _, e := range g.entries {
			if e == nil {
				continue
			}
			for _, m := range e.members {
				if desired.byName[m] != nil {
					settle(m)
				}
			}
		}
		want := p.spelledGroup(g)
		want.name = p.groupName(want, byBase[base(name)], name)
		p.groupNames[name] = want.name
		for _, e := range want.entries {
			if e != nil {
				e.name = want.name
				p.wantGroups.add(e)
			}
		}
	}
	for _, name := range desired.names {
		settle(name)
	}
}

// spelledGroup is a copy of a desired group with the device's names of members.
func (p *planner) spelledGroup(g *group) *group {
	want := &group{name: g.name}
	for family, e := range g.entries {
		if e == nil {
			continue
		}
		c := *e
		c.members = p.spelled(e.members, family == 1)
		want.entries[family] = &c
	}
	return want
}

// spelled are the device's names of desired addresses and groups.
func (p *planner) spelled(names []string, v6 bool) []string {
	if len(names) == 0 {
		return nil
	}
	out := make([]string, len(names))
	for i, name := range names {
		out[i] = name
		if a, ok := p.addressNames[objKey{name, v6}]; ok {
			out[i] = a
		} else if g := p.groupNames[name]; g != "" {
			out[i] = g
		}
	}
	return out
}

// groupName is the device's name of a wanted group: that of a group of ours
// which can become it, best the one that holds the same or has most users.
func (p *planner) groupName(want *group, candidates []*group, name string) string {
	if pin := p.pinned[name]; pin != "" {
		return pin
	}
	best, bestScore := "", -1
	for _, c := range candidates {
		if !c.alike(want) {
			continue
		}
		score := 2 * p.uses[c.name]
		if c.same(want) {
			score += 1 << 30
		}
		if c.name == name {
			score++
		}
		if score > bestScore {
			best, bestScore = c.name, score
		}
	}
	if best == "" {
		best = p.freeName(name)
		p.pinned[name] = best
	}
	return best
}

// alike says whether a group can become another by its members alone.
func (g *group) alike(h *group) bool {
	for family, a := range g.entries {
		b := h.entries[family]
		if (a == nil) != (b == nil) {
			return false
		}
		if a != nil && (a.exclude != b.exclude || !sameList(a.excluded, b.excluded) || a.category != b.category || !sameFields(a.others, b.others)) {
			return false
		}
	}
	return true
}

func (g *group) same(h *group) bool {
	for family, a := range g.entries {
		if b := h.entries[family]; a != nil && b != nil && !sameList(a.members, b.members) {
			return false
		}
	}
	return g.alike(h)
}

// retyped is a comment of ours as it can be typed, if somebody has changed it.
func retyped(c string, limit int) string { return comment(strings.TrimPrefix(c, mark), limit) }

// oursOf is what is ours in a model, under names without alternates.
func (p *planner) oursOf(m *model) ours {
	var o ours
	for i := range m.addresses {
		if a := &m.addresses[i]; p.isOwn(a.name, a.comment) {
			o.addresses = append(o.addresses, *a)
			last := &o.addresses[len(o.addresses)-1]
			last.comment = retyped(a.comment, maxComment)
		}
	}
	for i := range m.services {
		if s := &m.services[i]; p.isOwn(s.name, s.comment) {
			o.services = append(o.services, *s)
		}
	}
	plain := map[string]string{} // the name without alternates, unless two have it
	var own groupIndex
	for i := range m.groups {
		if g := &m.groups[i]; p.isOwn(g.name, g.comment) {
			own.add(g)
		}
	}
	users := map[string]int{}
	for _, name := range own.names {
		users[base(name)]++
	}
	for _, name := range own.names {
		if plain[name] = base(name); users[base(name)] > 1 {
			plain[name] = name
		}
	}
	rename := func(list []string) []string {
		list = slices.Clone(list)
		for i, name := range list {
			if plain[name] != "" {
				list[i] = plain[name]
			}
		}
		return list
	}
	for _, name := range own.names {
		for _, e := range own.byName[name].entries {
			if e != nil {
				g := *e
				g.name, g.members, g.comment = plain[name], rename(e.members), retyped(e.comment, maxComment)
				o.groups = append(o.groups, g)
			}
		}
	}
	for i := range m.policies {
		if q := m.policies[i]; p.ownPolicy(&q) && !q.disabled {
			q.src, q.dst, q.src6, q.dst6 = rename(q.src), rename(q.dst), rename(q.src6), rename(q.dst6)
			q.comments = retyped(q.comments, maxPolicyComment)
			o.policies = append(o.policies, q)
		}
	}
	return o
}
