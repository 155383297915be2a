package fortigate

import (
	"slices"
	"strconv"
	"strings"

	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
)

// makeLines makes the list of policies that the device has and the one that is
// wanted, for the engine that finds the order of changes.
func (p *planner) makeLines() {
	p.wantLines = p.wanted()
	haveRules := rulesOf(p.have, p.haveLines, p.opt)
	want := p.wantModel()
	wantRules := rulesOf(want, p.wantLines, p.opt)
	foreign := p.foreignGroups()
	for i := range p.haveLines {
		p.makeEdit(&p.haveLines[i], haveRules[i], &p.haveGroups, foreign)
	}
	for i := range p.wantLines {
		p.makeEdit(&p.wantLines[i], wantRules[i], &p.wantGroups, foreign)
	}
	p.keepForeign()
}

// keepForeign sees to it that a policy of others never changes its place: ours
// that stand on another side of one than is wanted are made anew. They get a
// key of their own, so that the engine doesn't keep them in place of the other.
func (p *planner) keepForeign() {
	stays := map[string]bool{}
	for i := range p.wantLines {
		stays[p.wantLines[i].edit.Key] = true
	}
	type place struct {
		key   string
		above int // policies of others
	}
	wanted := map[place]bool{}
	above := 0
	for i := range p.wantLines {
		l := &p.wantLines[i]
		if !l.own && p.isThere(l.id) {
			above++
		}
		wanted[place{l.edit.Key, above}] = true
	}
	above = 0
	for i := range p.haveLines {
		l := &p.haveLines[i]
		switch {
		case !l.own && stays[l.edit.Key]:
			above++
		case l.own && !wanted[place{l.edit.Key, above}]:
			l.edit.Key = "moves " + l.edit.Key
		}
	}
}

// isThere says whether the device has a policy of others with the id.
func (p *planner) isThere(id uint32) bool {
	if p.foreignIDs == nil {
		p.foreignIDs = map[uint32]bool{}
		for i := range p.haveLines {
			if l := &p.haveLines[i]; !l.own {
				p.foreignIDs[l.id] = true
			}
		}
	}
	return p.foreignIDs[id]
}

// wanted is the list of policies as it is to be: those of others where they
// stand, unless the firewall is ours alone.
func (p *planner) wanted() []line {
	var mine []line
	for _, q := range p.desired.policies {
		q.src, q.dst = p.spelled(q.src, false), p.spelled(q.dst, false)
		q.src6, q.dst6 = p.spelled(q.src6, true), p.spelled(q.dst6, true)
		q.services = p.spelledServices(q.services)
		mine = append(mine, line{policy: q, own: true})
	}
	have := p.haveLines
	switch {
	case p.exclusive:
		return mine
	case p.was != nil:
		return p.asItWas(mine)
	case !slices.ContainsFunc(have, func(l line) bool { return l.own }):
		at, _ := p.anchorIndex(have) // checked
		return slices.Concat(have[:at], mine, have[at:])
	}
	return merged(have, mine)
}

// asItWas is the list before the change, with policies of others as they are now
// where they are left.
func (p *planner) asItWas(mine []line) []line {
	left := map[uint32]line{}
	for _, l := range p.haveLines {
		if !l.own {
			left[l.id] = l
		}
	}
	var out []line
	for i := range p.was.policies {
		q := &p.was.policies[i]
		switch l, ok := left[q.id]; {
		case ok:
			out = append(out, l)
		case !p.ownPolicy(q):
			out = append(out, line{policy: *q})
		case !q.disabled:
			out, mine = append(out, mine[0]), mine[1:]
		}
	}
	return out
}

func (p *planner) spelledServices(names []string) []string {
	out := slices.Clone(names)
	for i, name := range out {
		if s := p.serviceNames[name]; s != "" {
			out[i] = s
		}
	}
	return out
}

// merged puts our policies where ours stand: those that keep their order stay,
// a new one follows the one that it follows in mine. A policy of others that
// stands among ours stays there.
func merged(have, mine []line) []line {
	stays := keptOrder(have, mine)
	fixed := map[int]bool{}
	for _, w := range stays {
		fixed[w] = w >= 0
	}
	var out []line
	next := 0
	upTo := func(end func() bool) {
		for next < len(mine) && !end() {
			out = append(out, mine[next])
			next++
		}
	}
	all := !slices.ContainsFunc(stays, func(w int) bool { return w >= 0 })
	for i := range have {
		switch w := stays[i]; {
		case !have[i].own:
			out = append(out, have[i])
		case all: // the first of ours: none stays
			upTo(func() bool { return false })
		case w >= 0:
			upTo(func() bool { return next > w })
			upTo(func() bool { return fixed[next] })
		}
	}
	return out
}

// partners gives for policies of have the index in mine of the one of the same
// name. Where a change was interrupted there are two of have; then it is the
// one that does what mine does.
func partners(have, mine []line) map[int]int {
	index := map[string]int{}
	keys := make([]string, len(mine))
	for i := range mine {
		index[base(mine[i].name)] = i
		keys[i] = policyKeyOf(&mine[i].policy)
	}
	partner, taken := map[int]int{}, map[int]bool{}
	for _, exact := range []bool{true, false} {
		for i := range have {
			w, ok := index[base(have[i].name)]
			if !have[i].own || !ok || taken[w] || exact && policyKeyOf(&have[i].policy) != keys[w] {
				continue
			}
			partner[i], taken[w] = w, true
		}
	}
	return partner
}

// keptOrder gives for each policy of have that stays where it is the index of
// its partner in mine, else -1: a longest ascending sequence.
func keptOrder(have, mine []line) []int {
	partner := partners(have, mine)
	stays := make([]int, len(have))
	var ends []int // positions in have of the best ends of sequences by length
	prev := make([]int, len(have))
	for i := range have {
		stays[i], prev[i] = -1, -1
		w, ok := partner[i]
		if !ok {
			continue
		}
		stays[i] = w
		k, _ := slices.BinarySearchFunc(ends, w, func(end, w int) int { return stays[end] - w })
		if k > 0 {
			prev[i] = ends[k-1]
		}
		if k == len(ends) {
			ends = append(ends, i)
		} else {
			ends[k] = i
		}
	}
	keep := map[int]bool{}
	if len(ends) > 0 {
		for i := ends[len(ends)-1]; i >= 0; i = prev[i] {
			keep[i] = true
		}
	}
	for i := range stays {
		if !keep[i] {
			stays[i] = -1
		}
	}
	return stays
}

// wantModel is the device with all that is wanted and nothing taken away.
func (p *planner) wantModel() *model {
	m := *p.have
	m.addresses = slices.Concat(m.addresses, p.newAddresses)
	m.services = slices.Concat(m.services, p.newServices)
	m.groups = nil
	for i := range p.have.groups {
		if g := &p.have.groups[i]; p.wantGroups.byName[g.name] == nil || !p.isOwn(g.name, g.comment) {
			m.groups = append(m.groups, *g)
		}
	}
	for _, name := range p.wantGroups.names {
		for _, e := range p.wantGroups.byName[name].entries {
			if e != nil {
				m.groups = append(m.groups, *e)
			}
		}
	}
	return &m
}

// rulesOf is what each of the policies matches in a model; nil for one that
// matches nothing.
func rulesOf(m *model, lines []line, opt targets.ParseOptions) []*ruleset.Rule {
	c := *m
	c.policies = make([]policy, len(lines))
	for i := range lines {
		c.policies[i] = lines[i].policy
	}
	low := lower(&c, opt)
	out := make([]*ruleset.Rule, len(lines))
	rules := low.rules.Stages[0].Rules
	for i, at := range low.policy {
		if at < 0 {
			continue
		}
		r := rules[i]
		if out[at] == nil {
			out[at] = &r
			continue
		}
		out[at] = united(out[at], &r)
	}
	return out
}

// united is one rule for two that a policy was taken apart to: they differ in
// service and idle timeout. Of any others it is only known what they could
// match.
func united(a, b *ruleset.Rule) *ruleset.Rule {
	r := *a
	r.Service = a.Service.Union(b.Service)
	if !a.Src.Equal(b.Src) || !a.Dst.Equal(b.Dst) || a.Action != b.Action || a.Opaque != nil || b.Opaque != nil {
		r.Src, r.Dst = a.Src.Union(b.Src), a.Dst.Union(b.Dst)
		r.In, r.Out = a.In.Union(b.In), a.Out.Union(b.Out)
		r.Opaque = &ruleset.Opaque{ID: "policy " + a.Name, Why: "the policy is not modelled"}
	}
	return &r
}

// makeEdit completes a line for the engine.
func (p *planner) makeEdit(l *line, r *ruleset.Rule, groups *groupIndex, foreign map[string][]string) {
	l.edit = targets.EditLine{Key: "policy " + strconv.FormatUint(uint64(l.id), 10), Rule: r}
	if l.own {
		l.edit.Key = "ours " + policyKeyOf(&l.policy)
	}
	if r == nil {
		return
	}
	r.SrcGroup, r.DstGroup, r.ServiceGroup = "", "", ""
	refer := func(names []string) {
		for _, name := range names {
			for _, g := range append([]string{name}, foreign[name]...) {
				if p.haveGroups.byName[g] != nil || p.wantGroups.byName[g] != nil {
					l.edit.Refers = append(l.edit.Refers, g)
				}
			}
		}
	}
	side := func(v4, v6 []string, negated bool) string {
		if g := groups.byName[soleName(v4, v6)]; l.own && g != nil && !negated && r.Opaque == nil &&
			(len(v4) > 0) == (g.entries[0] != nil) && (len(v6) > 0) == (g.entries[1] != nil) {
			return g.name
		}
		refer(v4)
		refer(v6)
		return ""
	}
	r.SrcGroup = side(l.src, l.src6, l.srcNot || l.src6Not)
	r.DstGroup = side(l.dst, l.dst6, l.dstNot || l.dst6Not)
}

// soleName is the only name in two lists, "" if there are more.
func soleName(v4, v6 []string) string {
	all := slices.Concat(v4, v6)
	if len(all) == 0 || slices.ContainsFunc(all, func(s string) bool { return s != all[0] }) {
		return ""
	}
	return all[0]
}

// policyKeyOf is the same for policies of ours that do the same to the same
// packets and have the same name.
func policyKeyOf(q *policy) string {
	c := *q
	for _, list := range []*[]string{&c.srcIntf, &c.dstIntf, &c.src, &c.dst, &c.src6, &c.dst6, &c.services} {
		*list = slices.Sorted(slices.Values(*list))
	}
	c.others = slices.Clone(c.others)
	slices.SortFunc(c.others, func(a, b field) int { return strings.Compare(a.name, b.name) })
	p := &printer{}
	p.line(base(c.name))
	p.match(&c)
	return string(p.b)
}

// foreignGroups gives for each group of others the groups of ours that it
// holds, however deep.
func (p *planner) foreignGroups() map[string][]string {
	holds := map[string][]string{}
	for i := range p.have.groups {
		if g := &p.have.groups[i]; !p.isOwn(g.name, g.comment) {
			holds[g.name] = slices.Concat(holds[g.name], g.members, g.excluded)
		}
	}
	out := map[string][]string{}
	for name := range holds {
		seen := map[string]bool{name: true}
		for todo := []string{name}; len(todo) > 0; {
			g := todo[0]
			todo = todo[1:]
			for _, m := range holds[g] {
				if seen[m] {
					continue
				}
				if seen[m] = true; holds[m] != nil {
					todo = append(todo, m)
				} else if p.haveGroups.byName[m] != nil {
					out[name] = append(out[name], m)
				}
			}
		}
		slices.Sort(out[name])
	}
	return out
}

// editGroups are the groups of ours, for the engine. One that others use stays.
func (p *planner) editGroups() []targets.EditGroup {
	haveObjects, wantObjects := newObjects(p.have, ignore), newObjects(p.wantModel(), ignore)
	held := p.heldByOthers()
	var list []targets.EditGroup
	for _, name := range p.haveGroups.names {
		e := targets.EditGroup{Name: name, InHave: true, Have: p.elements(p.haveGroups.byName[name], haveObjects)}
		if g := p.wantGroups.byName[name]; g != nil {
			e.InWant, e.Want = true, p.elements(g, wantObjects)
		} else if held[name] {
			e.InWant, e.Want = true, e.Have
		}
		list = append(list, e)
	}
	for _, name := range p.wantGroups.names {
		if p.haveGroups.byName[name] == nil {
			list = append(list, targets.EditGroup{Name: name, InWant: true, Want: p.elements(p.wantGroups.byName[name], wantObjects)})
		}
	}
	return list
}

func ignore(int, string, string) {}

// elements are the members of a group, of both families.
func (p *planner) elements(g *group, o *objects) []targets.Element {
	var list []targets.Element
	for family, e := range g.entries {
		if e == nil {
			continue
		}
		for _, m := range e.members {
			el := targets.Element{Key: elementKey(m, family == 1)}
			if p.haveGroups.byName[m] != nil || p.wantGroups.byName[m] != nil {
				el.Group = m
			} else {
				el.Addrs = o.find(m, family == 1).hi
			}
			list = append(list, el)
		}
	}
	return list
}

// elementKey tells members apart; the first byte is the family.
func elementKey(name string, v6 bool) string {
	if v6 {
		return "6" + name
	}
	return "4" + name
}
