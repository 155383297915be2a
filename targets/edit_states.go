package targets

import (
	"slices"

	"github.com/nbfwc/nbfwc/ruleset"
)

// content is what a group stands for.
type content struct {
	addrs    ruleset.AddrSet
	services ruleset.ServiceSet
}

// contents are those of all groups at a moment, or (everything) of all their
// elements at any time.
func (o *ordering) contents(at moment, everything bool) map[string]content {
	out := make(map[string]content, len(o.names))
	var of func(name string, depth int) content
	of = func(name string, depth int) content {
		if c, ok := out[name]; ok {
			return c
		}
		g := o.groups[name]
		if g == nil || depth > maxNesting {
			return content{}
		}
		elements := g.elements(at)
		if everything {
			elements = slices.Concat(g.Have, g.Want)
		}
		var c content
		for _, e := range elements {
			part := content{e.Addrs, e.Services}
			if e.Group != "" {
				part = of(e.Group, depth+1)
			}
			c.services = c.services.Union(part.services)
		}
		c.addrs = addrsOf(elements, func(name string) ruleset.AddrSet { return of(name, depth+1).addrs })
		out[name] = c
		return c
	}
	for _, name := range o.names {
		of(name, 0)
	}
	return out
}

// addrsOf is the union of the elements' addresses.
func addrsOf(elements []Element, group func(string) ruleset.AddrSet) ruleset.AddrSet {
	var ranges []ruleset.Range
	for _, e := range elements {
		set := e.Addrs
		if e.Group != "" {
			set = group(e.Group)
		}
		ranges = append(ranges, set.Ranges()...)
	}
	return ruleset.NewAddrSet(ranges...)
}

// with is the rule of a line where groups have the contents.
func (l *EditLine) with(c map[string]content) ruleset.Rule {
	r := *l.Rule
	if g, ok := c[r.SrcGroup]; ok && r.SrcGroup != "" {
		r.Src = g.addrs
	}
	if g, ok := c[r.DstGroup]; ok && r.DstGroup != "" {
		r.Dst = g.addrs
	}
	if g, ok := c[r.ServiceGroup]; ok && r.ServiceGroup != "" {
		r.Service = g.services
	}
	return r
}

// uses says whether the line's match changes with one of the groups.
func (l *EditLine) uses(changing map[string]bool) bool {
	return l.Rule != nil && (changing[l.Rule.SrcGroup] || changing[l.Rule.DstGroup] || changing[l.Rule.ServiceGroup])
}

// changing are the groups that change in place, with those that hold them.
func (o *ordering) changing() map[string]bool {
	var names []string
	for _, name := range o.names {
		if o.groups[name].changes() {
			names = append(names, name)
		}
	}
	return o.above(names...)
}

// moving is what comes or goes of each group that changes in place, itself or
// by a group that it holds.
func (o *ordering) moving(all map[string]content) map[string]content {
	out := map[string]content{}
	var of func(name string, depth int) content
	of = func(name string, depth int) content {
		if c, ok := out[name]; ok {
			return c
		}
		g := o.groups[name]
		if g == nil || depth > maxNesting {
			return content{}
		}
		var c content
		for _, e := range slices.Concat(g.added, g.removed) {
			part := content{e.Addrs, e.Services}
			if e.Group != "" {
				part = all[e.Group]
			}
			c = content{c.addrs.Union(part.addrs), c.services.Union(part.services)}
		}
		for _, held := range o.holds[name] {
			part := of(held, depth+1)
			c = content{c.addrs.Union(part.addrs), c.services.Union(part.services)}
		}
		out[name] = c
		return c
	}
	for _, name := range o.names {
		of(name, 0)
	}
	return out
}

// view is one list at different moments, cut down to the packets that groups
// that change in place can matter for.
type view struct {
	list    *EditList
	around  ruleset.Box
	reached []reachedLine // lines whose match changes
	// Sets of the list, cut down: many lines share few.
	src, dst map[ruleset.AddrSet]ruleset.AddrSet
	services map[ruleset.ServiceSet]ruleset.ServiceSet
}

// reachedLine is a line with all that it can match at any time, cut down.
type reachedLine struct {
	*EditLine
	box ruleset.Box
}

func (o *ordering) view(list *EditList, changing map[string]bool, all, moving map[string]content) view {
	v := view{
		list: list, src: map[ruleset.AddrSet]ruleset.AddrSet{}, dst: map[ruleset.AddrSet]ruleset.AddrSet{},
		services: map[ruleset.ServiceSet]ruleset.ServiceSet{},
	}
	var src, dst []ruleset.Range
	var service ruleset.ServiceSet
	seen := map[string]bool{}
	for _, lines := range [][]EditLine{list.Have, list.Want} {
		for i := range lines {
			l := &lines[i]
			if !l.uses(changing) || seen[l.Key] {
				continue
			}
			seen[l.Key] = true
			r := l.with(all)
			v.reached = append(v.reached, reachedLine{l, r.Box()})
			// For each operand that changes: what moves of it, with all of the others.
			for k, name := range []string{r.SrcGroup, r.DstGroup, r.ServiceGroup} {
				if !changing[name] {
					continue
				}
				b := r.Box()
				switch m := moving[name]; k {
				case 0:
					b.Src = m.addrs
				case 1:
					b.Dst = m.addrs
				case 2:
					b.Service = m.services
				}
				src, dst = append(src, b.Src.Ranges()...), append(dst, b.Dst.Ranges()...)
				service = service.Union(b.Service)
			}
		}
	}
	v.around = ruleset.Box{Src: ruleset.NewAddrSet(src...), Dst: ruleset.NewAddrSet(dst...), Service: service}
	for i := range v.reached {
		v.reached[i].box = v.reached[i].box.Intersect(v.around)
	}
	return v
}

// cut is the part of a rule that is in the view; false if there is none.
func (v *view) cut(r *ruleset.Rule) bool {
	var ok bool
	var s ruleset.ServiceSet
	if s, ok = v.services[r.Service]; !ok {
		s = r.Service.Intersect(v.around.Service)
		v.services[r.Service] = s
	}
	if s.IsEmpty() {
		return false
	}
	var a, b ruleset.AddrSet
	if a, ok = v.src[r.Src]; !ok {
		a = r.Src.Intersect(v.around.Src)
		v.src[r.Src] = a
	}
	if a.IsEmpty() {
		return false
	}
	if b, ok = v.dst[r.Dst]; !ok {
		b = r.Dst.Intersect(v.around.Dst)
		v.dst[r.Dst] = b
	}
	r.Src, r.Dst, r.Service = a, b, s
	return !r.Box().IsEmpty()
}

// rules is the list as a rule set, within the view.
func (v *view) rules(lines []EditLine, c map[string]content, def ruleset.Action) *ruleset.RuleSet {
	s := ruleset.Stage{Default: def}
	for i := range lines {
		if lines[i].Rule == nil {
			continue
		}
		if r := lines[i].with(c); v.cut(&r) {
			s.Rules = append(s.Rules, r)
		}
	}
	return &ruleset.RuleSet{Stages: []ruleset.Stage{s}}
}

// entangled are groups that make one packet match more permits and more denies
// at a time, so that it could change more than once.
func (v *view) entangled() []string {
	var out []string
	for _, p := range v.reached {
		if p.Rule.Action != ruleset.Permit {
			continue
		}
		for _, d := range v.reached {
			if d.Rule.Action != ruleset.Permit && !p.box.Intersect(d.box).IsEmpty() {
				out = append(out, d.Rule.SrcGroup, d.Rule.DstGroup, d.Rule.ServiceGroup)
			}
		}
	}
	return out
}

// try looks at all states for the moments as they are now. It delays groups
// that are wrong (retry), or names those for which there is no moment left.
func (o *ordering) try() (retry bool, fresh []string, err error) {
	changing := o.changing()
	if len(changing) == 0 {
		return false, nil, nil
	}
	all := o.contents(atStart, true)
	moving := o.moving(all)
	at := make([]map[string]content, atEnd+1)
	for m := range at {
		at[m] = o.contents(moment(m), false)
	}
	for i := range o.lists {
		v := o.view(&o.lists[i], changing, all, moving)
		if len(v.reached) == 0 {
			continue
		}
		if names := o.changed(v.entangled()); len(names) > 0 {
			return false, names, nil
		}
		for _, s := range []struct {
			edited bool // the lines
			at     moment
		}{{false, earlyGone}, {false, earlyAdded}, {true, earlyAdded}, {true, lateGone}} {
			lines := v.list.Have
			if s.edited {
				lines = v.list.Want
			}
			wrong, err := v.wrong(lines, at, s.at)
			if err != nil {
				return false, nil, err
			}
			if len(wrong) == 0 {
				continue
			}
			return o.delay(v.culprits(wrong), s.at, s.edited)
		}
	}
	return false, nil, nil
}

// wrong are packets that are treated at a moment as by neither have nor want.
// Where something else decides what no line matches, it may permit or deny.
func (v *view) wrong(lines []EditLine, at []map[string]content, m moment) ([]ruleset.Box, error) {
	defaults := []ruleset.Action{v.list.Default}
	if v.list.Default == ruleset.Next {
		defaults = []ruleset.Action{ruleset.Permit, ruleset.Deny}
	}
	for _, def := range defaults {
		wrong, err := ruleset.Between(
			v.rules(v.list.Have, at[atStart], def),
			v.rules(lines, at[m], def),
			v.rules(v.list.Want, at[atEnd], def))
		if err != nil || len(wrong) > 0 {
			return wrong, err
		}
	}
	return nil, nil
}

// culprits are the groups of lines that can match one of the boxes.
func (v *view) culprits(wrong []ruleset.Box) []string {
	var names []string
	for _, l := range v.reached {
		if slices.ContainsFunc(wrong, func(b ruleset.Box) bool { return !l.box.Intersect(b).IsEmpty() }) {
			names = append(names, l.Rule.SrcGroup, l.Rule.DstGroup, l.Rule.ServiceGroup)
		}
	}
	return names
}

// changed are the groups that change in place among the named ones and those
// that they hold, in the caller's order.
func (o *ordering) changed(names []string) []string {
	below := o.below(names...)
	return slices.DeleteFunc(slices.Clone(o.names), func(name string) bool {
		return !below[name] || !o.groups[name].changes()
	})
}

// delay moves the change of groups to another moment than the one that turned
// out wrong; groups that have no other moment are fresh.
func (o *ordering) delay(names []string, at moment, edited bool) (retry bool, fresh []string, err error) {
	names = o.changed(names)
	for _, name := range names {
		g := o.groups[name]
		switch {
		case at != earlyAdded || len(g.removed) == len(g.Have): // never leave it empty
		case !edited && len(g.added) > 0 && !g.late:
			g.late, retry = true, true
		case edited && len(g.removed) > 0 && !g.early:
			g.early, retry = true, true
		}
	}
	if retry {
		return true, nil, nil
	}
	return false, names, nil
}

// ops are the operations for the moments that were found.
func (o *ordering) ops() []Op {
	var ops []Op
	for _, name := range o.nested(func(g *orderGroup) bool { return g.InWant && !g.InHave }) {
		ops = append(ops, Op{Kind: CreateGroup, Group: name, Elements: o.groups[name].Want})
	}
	edit := func(kind OpKind, of func(*orderGroup) []Element) {
		for _, name := range o.names {
			if list := of(o.groups[name]); len(list) > 0 {
				ops = append(ops, Op{Kind: kind, Group: name, Elements: list})
			}
		}
	}
	when := func(list []Element, yes bool) []Element {
		if yes {
			return list
		}
		return nil
	}
	edit(RemoveElements, func(g *orderGroup) []Element { return when(g.removed, g.early) })
	edit(AddElements, func(g *orderGroup) []Element { return when(g.added, !g.late) })
	for i := range o.lists {
		ops = append(ops, o.lists[i].edits(i)...)
	}
	edit(RemoveElements, func(g *orderGroup) []Element { return when(g.removed, !g.early) })
	edit(AddElements, func(g *orderGroup) []Element { return when(g.added, g.late) })
	gone := o.nested(func(g *orderGroup) bool { return g.InHave && !g.InWant })
	slices.Reverse(gone)
	for _, name := range gone {
		ops = append(ops, Op{Kind: DeleteGroup, Group: name})
	}
	return ops
}

// nested are the names of some groups, each after those that it holds.
func (o *ordering) nested(some func(*orderGroup) bool) []string {
	var out []string
	seen := map[string]bool{}
	var add func(name string, depth int)
	add = func(name string, depth int) {
		g := o.groups[name]
		if g == nil || seen[name] || !some(g) || depth > maxNesting {
			return
		}
		seen[name] = true
		for _, list := range [][]Element{g.Have, g.Want} {
			for _, e := range list {
				if e.Group != "" {
					add(e.Group, depth+1)
				}
			}
		}
		out = append(out, name)
	}
	for _, name := range o.names {
		add(name, 0)
	}
	return out
}

// edits are the operations on the i-th list.
func (l *EditList) edits(i int) []Op {
	classes := map[class]int{}
	list := func(lines []EditLine) []ruleset.Line {
		out := make([]ruleset.Line, len(lines))
		for i := range lines {
			out[i] = ruleset.Line{Key: lines[i].Key}
			if r := lines[i].Rule; r != nil {
				c := class{r.Action, r.Effects}
				if classes[c] == 0 {
					classes[c] = len(classes) + 1
				}
				out[i].Class = classes[c]
			}
		}
		return out
	}
	var ops []Op
	for _, e := range ruleset.Edits(list(l.Have), list(l.Want)) {
		kind := InsertLine
		if e.Delete {
			kind = DeleteLine
		}
		ops = append(ops, Op{Kind: kind, List: i, Edit: e})
	}
	return ops
}

// class is what lines must agree in to change places.
type class struct {
	ruleset.Action
	ruleset.Effects
}
