package cisco_asa

import (
	"encoding/binary"
	"slices"
	"strings"

	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
)

// steps are what turns have into want, of which only what is ours differs.
type steps struct {
	have, want *model
	prefix     string
	haveSets   *sets
	wantSets   *sets
	lists      []*listChange
	groups     []targets.EditGroup
	// changed are groups that are edited in place, with those that hold them.
	changed map[string]bool

	steps []targets.Step
	gone  removed
}

// renames are what has to be made anew under its other name.
type renames struct {
	objects []string
	lists   []string // nameifs
}

func (r renames) isEmpty() bool { return len(r.objects)+len(r.lists) == 0 }

// listChange is an access list that changes: in place between two lines, or as
// a whole where old or new is missing.
type listChange struct {
	name     string
	nameif   string // that it is bound to in want by a new binding
	old, new *acl
	from     int // the line at which have and want begin
	have     []line
	want     []line
	replaces string // a list of ours that it takes the place of
	scrap    bool   // what is left of it is removed before it is made
	idle     bool   // it belongs to a class-map of ours
	// bound says that packets are filtered by it.
	bound bool
}

func newSteps(have, want *model, prefix string) *steps {
	quiet := func(int, string, string) {}
	s := &steps{have: have, want: want, prefix: prefix, haveSets: newSets(have, quiet), wantSets: newSets(want, quiet), changed: map[string]bool{}}
	s.findGroups()
	s.findLists()
	return s
}

// findGroups finds the objects of ours that differ, and those that hold them.
func (s *steps) findGroups() {
	differ := map[string]bool{}
	var order []string
	add := func(name string) {
		if !slices.Contains(order, name) {
			order = append(order, name)
		}
	}
	for _, o := range s.want.objects {
		if !strings.HasPrefix(o.name, s.prefix) {
			continue
		}
		h := s.have.index[o.name]
		if h == nil || len(h.nets)+len(h.services) == 0 {
			differ[o.name] = true
		} else if !h.sameMembers(o) {
			differ[o.name], s.changed[o.name] = true, true
		}
	}
	for _, o := range s.have.objects {
		if strings.HasPrefix(o.name, s.prefix) && s.want.index[o.name] == nil {
			differ[o.name] = true
		}
	}
	for grown := true; grown; { // what holds a changed group changes with it
		grown = false
		for _, m := range []*model{s.have, s.want} {
			for _, o := range m.objects {
				if !differ[o.name] && slices.ContainsFunc(o.refers(), func(n string) bool { return s.changed[n] }) {
					differ[o.name], s.changed[o.name], grown = true, true, true
				}
			}
		}
	}
	for _, o := range s.want.objects {
		if differ[o.name] {
			add(o.name)
		}
	}
	for _, o := range s.have.objects {
		if differ[o.name] {
			add(o.name)
		}
	}
	for _, name := range order {
		h, w := s.have.index[name], s.want.index[name]
		g := targets.EditGroup{Name: name}
		if h != nil && (w == nil || len(h.nets)+len(h.services) > 0) {
			g.InHave, g.Have = true, s.elements(h, s.haveSets, differ)
		}
		if w != nil {
			g.InWant, g.Want = true, s.elements(w, s.wantSets, differ)
		}
		s.groups = append(s.groups, g)
	}
}

// elements are the members of an object. A group in it that doesn't change
// stands for its addresses.
func (s *steps) elements(o *object, x *sets, differ map[string]bool) []targets.Element {
	list := make([]targets.Element, 0, len(o.nets)+len(o.services))
	for _, n := range o.nets {
		e := targets.Element{Key: n.key()}
		if differ[n.addr.name] {
			e.Group = n.addr.name
		} else {
			set := x.operand(n.addr, n.to, 0)
			e.Addrs = set.known.Union(set.rest)
		}
		list = append(list, e)
	}
	for _, v := range o.services {
		e := targets.Element{Key: v.text()}
		if v.proto.kind == groupProto && differ[v.proto.name] {
			e.Group = v.proto.name
		} else {
			e.Services = x.protocols(v.proto, v.src, v.dst, v.icmp).known
		}
		list = append(list, e)
	}
	return list
}

// findLists finds the lists that differ, or that refer to a group that is
// edited in place.
func (s *steps) findLists() {
	done := map[string]bool{}
	for _, a := range s.want.acls {
		done[a.name] = true
		if c := s.listChange(a.name, s.have.aclIndex[a.name], a); c != nil {
			s.lists = append(s.lists, c)
		}
	}
	for _, a := range s.have.acls {
		if !done[a.name] {
			s.lists = append(s.lists, &listChange{name: a.name, old: a, have: a.lines, idle: s.have.classMap(a.name) != nil})
		}
	}
	for _, c := range slices.Clone(s.lists) {
		if c.nameif != "" && c.old == nil {
			s.pairReplaced(c)
		}
	}
}

// pairReplaced joins a new list with the one of ours that it takes the place of.
func (s *steps) pairReplaced(c *listChange) {
	b, ok := s.have.bound(bindIn, c.nameif)
	if !ok || s.want.aclIndex[b.acl] != nil {
		return
	}
	c.replaces = b.acl
	if a := s.have.aclIndex[b.acl]; a != nil {
		c.have = a.lines
	}
	s.lists = slices.DeleteFunc(s.lists, func(d *listChange) bool { return d.name == b.acl && d.new == nil })
}

func (s *steps) listChange(name string, old, new *acl) *listChange {
	c := &listChange{name: name, old: old, new: new}
	for _, b := range s.want.bindings {
		if b.acl != name {
			continue
		}
		c.bound = true
		if h, ok := s.have.bound(b.kind, b.iface); b.kind == bindIn && (!ok || h.acl != name) {
			c.nameif = b.iface
		}
	}
	c.idle = s.want.classMap(name) != nil && strings.HasPrefix(name, s.prefix+idleName)
	if old != nil && c.nameif != "" && strings.HasPrefix(name, s.prefix) && !s.isBound(name) && !slices.EqualFunc(old.lines, new.lines, line.sameAs) {
		c.old, c.scrap, old = nil, true, nil // left over from a change that was interrupted
	}
	if old == nil {
		c.want = new.lines
		return c
	}
	h, w := old.lines, new.lines
	from := 0
	for from < len(h) && from < len(w) && h[from].sameAs(w[from]) {
		from++
	}
	end := 0
	for end < len(h)-from && end < len(w)-from && h[len(h)-1-end].sameAs(w[len(w)-1-end]) {
		end++
	}
	if c.bound && len(s.changed) > 0 { // lines that use a group that is edited count too
		for i := range from {
			if s.usesChanged(s.have, h[i]) {
				from = i
				break
			}
		}
		for i := range end {
			if s.usesChanged(s.have, h[len(h)-end+i]) {
				// the lines from the end up to the last such one
				last := end
				for k := end - 1; k >= i; k-- {
					if s.usesChanged(s.have, h[len(h)-end+k]) {
						last = end - 1 - k
						break
					}
				}
				end = last
				break
			}
		}
	}
	c.from, c.have, c.want = from, h[from:len(h)-end], w[from:len(w)-end]
	if len(c.have)+len(c.want) == 0 && c.nameif == "" {
		return nil
	}
	return c
}

// isBound says whether a list filters packets on the device.
func (s *steps) isBound(name string) bool {
	return slices.ContainsFunc(s.have.bindings, func(b binding) bool { return b.acl == name })
}

func (s *steps) usesChanged(m *model, l line) bool {
	if l.remark {
		return false
	}
	p := m.pool
	t := &p.tails.list[l.x]
	return s.changed[p.addrs.list[l.src].name] || s.changed[p.addrs.list[l.dst].name] || s.changed[p.protos.list[l.proto].name] ||
		s.changed[p.ports.list[l.sport].name] || s.changed[p.ports.list[l.dport].name] || s.changed[t.icmp.group] || t.raw != ""
}

// editLists are the lists as the order of edits is asked for. Entries are
// written out only where a group that they use is edited.
func (s *steps) editLists() []targets.EditList {
	out := make([]targets.EditList, len(s.lists))
	for i, c := range s.lists {
		exact := len(s.changed) > 0 && !c.idle
		def := ruleset.Next
		tag := byte(0)
		if c.replaces != "" {
			tag = 1 // no line of the old list is one of the new
		}
		out[i] = targets.EditList{Have: s.editLines(s.have, s.haveSets, c.have, 0, exact), Want: s.editLines(s.want, s.wantSets, c.want, tag, exact), Default: def}
	}
	return out
}

func (s *steps) editLines(m *model, x *sets, lines []line, tag byte, exact bool) []targets.EditLine {
	out := make([]targets.EditLine, len(lines))
	plain := map[ruleset.Effects]*[2]ruleset.Rule{}
	for i, l := range lines {
		out[i].Key = l.key(tag)
		if l.remark {
			continue
		}
		if exact {
			s.writeOut(m, x, l, &out[i])
			continue
		}
		e := ruleset.Effects{Log: m.pool.tails.list[l.x].log.kind == logPlain}
		if plain[e] == nil {
			plain[e] = &[2]ruleset.Rule{{Action: ruleset.Deny, Effects: e}, {Action: ruleset.Permit, Effects: e}}
		}
		out[i].Rule = &plain[e][0]
		if l.permit {
			out[i].Rule = &plain[e][1]
		}
	}
	return out
}

// key is the same for lines that are spelled alike.
func (l line) key(tag byte) string {
	b := make([]byte, 0, 27)
	for _, n := range [...]int32{l.proto, l.src, l.sport, l.dst, l.dport, l.x} {
		b = binary.LittleEndian.AppendUint32(b, uint32(n))
	}
	kind := byte(0)
	if l.permit {
		kind = 1
	}
	if l.remark {
		kind |= 2
	}
	return string(append(b, kind, tag))
}

// writeOut writes out what an entry matches.
func (s *steps) writeOut(m *model, x *sets, l line, out *targets.EditLine) {
	t := &m.pool.tails.list[l.x]
	src, dst, svc := x.addr(l.src), x.addr(l.dst), x.service(l, t)
	r := &ruleset.Rule{
		Src: src.known.Union(src.rest), Dst: dst.known.Union(dst.rest), Service: svc.known, Action: ruleset.Deny,
		Effects: ruleset.Effects{Log: t.log.kind == logPlain},
	}
	if l.permit {
		r.Action = ruleset.Permit
	}
	out.Rule = r
	name := func(o operand) string {
		if o.kind == objectAddr || o.kind == groupAddr {
			return o.name
		}
		return ""
	}
	p := m.pool
	if proto := p.protos.list[l.proto]; src.unknown == "" && dst.unknown == "" && svc.unknown == "" && t.condition() == "" && !t.inactive && t.raw == "" {
		r.SrcGroup, r.DstGroup = name(p.addrs.list[l.src]), name(p.addrs.list[l.dst])
		if proto.kind == groupProto {
			r.ServiceGroup = proto.name
		}
		return
	}
	if t.inactive && t.raw == "" {
		out.Rule = nil // it matches nothing
		return
	}
	if svc.unknown != "" || t.raw != "" {
		r.Service = ruleset.AnyService()
	}
	if t.raw != "" {
		r.Src, r.Dst = ruleset.AnyAddr(), ruleset.AnyAddr()
	}
	r.Opaque = &ruleset.Opaque{ID: out.Key, Why: "not understood"}
	m.eachName([]line{l}, func(n string) { out.Refers = append(out.Refers, n) })
}

// order puts the change in order, or says what has to be made anew.
func (s *steps) order() (renames, error) {
	ops, fresh, err := targets.Order(s.editLists(), s.groups)
	if err != nil || len(fresh) > 0 {
		return renames{objects: fresh}, err
	}
	if r := s.emptied(ops); !r.isEmpty() {
		return r, nil
	}
	if r := s.doubled(ops); !r.isEmpty() {
		return r, nil
	}
	s.write(ops)
	return renames{}, nil
}

// emptied are groups that would be empty on the way, which a device refuses
// while they are in use.
func (s *steps) emptied(ops []targets.Op) renames {
	left := map[string]int{}
	for _, g := range s.groups {
		left[g.Name] = len(g.Have)
	}
	var r renames
	for _, op := range ops {
		switch op.Kind {
		case targets.AddElements:
			left[op.Group] += len(op.Elements)
		case targets.RemoveElements:
			if left[op.Group] -= len(op.Elements); left[op.Group] <= 0 {
				r.objects = append(r.objects, op.Group)
			}
		}
	}
	// An object of one address can't be edited: the device replaces it.
	for name := range s.changed {
		if o := s.want.index[name]; o != nil && o.kind == networkObject && !s.have.index[name].sameMembers(o) && len(s.have.index[name].nets) > 0 {
			r.objects = append(r.objects, name)
		}
	}
	slices.Sort(r.objects)
	r.objects = slices.Compact(r.objects)
	return r
}

// doubled finds entries that would stand in a list twice on the way, which a
// device doesn't take: they are spelled through other objects, or the list is
// made anew.
func (s *steps) doubled(ops []targets.Op) renames {
	var r renames
	inserted := make([]map[string]line, len(s.lists))
	for _, op := range ops {
		if op.Kind != targets.InsertLine || s.lists[op.List].old == nil {
			continue
		}
		l := s.lists[op.List].want[op.Edit.Line]
		if l.remark {
			continue
		}
		if inserted[op.List] == nil {
			inserted[op.List] = map[string]line{}
		}
		inserted[op.List][l.match(s.want)] = l
	}
	for i, c := range s.lists {
		if inserted[i] == nil {
			continue
		}
		for _, h := range c.old.lines {
			if h.remark {
				continue
			}
			if l, ok := inserted[i][h.match(s.have)]; ok {
				s.double(&r, c, l)
			}
		}
	}
	for _, list := range []*[]string{&r.objects, &r.lists} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
	return r
}

// double has an entry spelled through other objects, or its list made anew.
func (s *steps) double(r *renames, c *listChange, l line) {
	switch e := s.want.ace(l); {
	case strings.HasPrefix(e.proto.name, s.prefix):
		r.objects = append(r.objects, e.proto.name)
	case strings.HasPrefix(e.src.name, s.prefix):
		r.objects = append(r.objects, e.src.name)
	case strings.HasPrefix(e.dst.name, s.prefix):
		r.objects = append(r.objects, e.dst.name)
	default:
		r.lists = append(r.lists, s.boundTo(c.name))
	}
}

// match is the same for entries of which a device takes one only: log makes no
// difference to it.
func (l line) match(m *model) string {
	if t := &m.pool.tails.list[l.x]; t.log != (logSpec{}) {
		bare := *t
		bare.log = logSpec{}
		l.x = m.pool.tails.number(bare)
	}
	return l.key(0)
}

func (s *steps) boundTo(name string) string {
	for _, b := range s.want.bindings {
		if b.acl == name {
			return b.iface
		}
	}
	return name
}
