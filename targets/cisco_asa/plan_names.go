package cisco_asa

import (
	"github.com/nbfwc/nbfwc/ruleset"
	"net/netip"
	"slices"
	"strings"

	"github.com/nbfwc/nbfwc/targets"
)

// names finds where objects of a layout stand on a device.
type names struct {
	p *planner
	// used are the objects that lines of ours refer to, with those in them.
	used map[string]bool
	// given are the names that objects of the layout have got.
	given map[string]string
}

func (p *planner) newNames() *names {
	n := &names{p: p, used: map[string]bool{}, given: map[string]string{}}
	for _, a := range p.have.acls {
		p.have.eachName(a.lines, func(name string) { n.use(name, 0) })
	}
	return n
}

func (n *names) use(name string, depth int) {
	if n.used[name] || depth > maxDepth {
		return
	}
	n.used[name] = true
	if o := n.p.have.index[name]; o != nil {
		for _, inner := range o.refers() {
			n.use(inner, depth+1)
		}
	}
}

// maxDepth bounds how deep groups stand in one another.
const maxDepth = 32

// eachName calls f for each object that lines refer to, once.
func (m *model) eachName(lines []line, f func(string)) {
	seen := map[string]bool{}
	add := func(name string) {
		if name != "" && !seen[name] {
			seen[name] = true
			f(name)
		}
	}
	p := m.pool
	addrs, protos, ports, tails := make([]bool, len(p.addrs.list)), make([]bool, len(p.protos.list)), make([]bool, len(p.ports.list)), make([]bool, len(p.tails.list))
	addr := func(i int32) {
		if o := &p.addrs.list[i]; !addrs[i] && (o.kind == objectAddr || o.kind == groupAddr) {
			addrs[i] = true
			add(o.name)
		}
	}
	port := func(i int32) {
		if !ports[i] {
			ports[i] = true
			add(p.ports.list[i].name)
		}
	}
	for _, l := range lines {
		if l.remark {
			continue
		}
		addr(l.src)
		addr(l.dst)
		port(l.sport)
		port(l.dport)
		if !protos[l.proto] {
			protos[l.proto] = true
			add(p.protos.list[l.proto].name)
		}
		if !tails[l.x] {
			tails[l.x] = true
			t := &p.tails.list[l.x]
			add(t.icmp.group)
			if t.raw != "" { // any word of it could be a name
				for _, w := range strings.Fields(t.raw) {
					add(w)
				}
			}
		}
	}
}

// refers are the objects and groups that an object is made of.
func (o *object) refers() []string {
	var list []string
	for _, n := range o.nets {
		if n.addr.kind == objectAddr || n.addr.kind == groupAddr {
			list = append(list, n.addr.name)
		}
	}
	for _, s := range o.services {
		for _, name := range []string{s.proto.name, s.src.name, s.dst.name, s.icmp.group} {
			if name != "" {
				list = append(list, name)
			}
		}
	}
	return list
}

// isOurs says whether an object is ours: by its prefix and its description.
func (m *model) isOurs(o *object, prefix string) bool {
	return strings.HasPrefix(o.name, prefix) && isOwnDescription(o.description)
}

// isHalfMade says whether an object of ours was begun and not finished: a broken
// connection leaves it without members, and maybe without description.
func (o *object) isHalfMade(prefix string) bool {
	return strings.HasPrefix(o.name, prefix) && len(o.nets)+len(o.services) == 0 && o.unread == "" &&
		(o.description == "" || isOwnDescription(o.description))
}

// at is where an object of the layout stands: where it is already if it can
// stay there, else under the first of its two names that is free. A group that
// has become one address stays a group.
func (n *names) at(o *object) spot {
	if o.kind == 0 {
		return n.device(o.name)
	}
	first := o.name
	second := twin(o.name)
	if n.p.twins[first] && !n.p.twins[second] {
		first, second = second, first
	}
	var best *object
	score := 0
	for _, name := range []string{first, second} {
		h := n.p.have.index[name]
		if h == nil || n.p.twins[name] {
			continue
		}
		if !n.p.have.isOurs(h, n.p.prefix) && !h.isHalfMade(n.p.prefix) {
			n.p.problem(name, "the device has an object of this name that isn't ours: its description doesn't begin with %q; rename it there", ownMark)
			continue
		}
		s := 0
		switch {
		case !h.canBecome(o):
		case h.sameMembers(o):
			s = 4
		case n.used[name]:
			s = 3
		default:
			s = 2
		}
		if s == 4 && n.used[name] {
			s++
		}
		if s > score {
			best, score = h, s
		}
	}
	if best != nil && score >= 3 {
		return spot{best.name, best.kind}
	}
	for _, name := range []string{first, second} {
		if n.p.have.index[name] == nil && !n.p.twins[name] {
			return spot{name, o.kind}
		}
	}
	if best != nil {
		return spot{best.name, best.kind}
	}
	n.p.problem(o.name, "it would have to be made anew, and both %s and %s are taken; finish or undo the change that was interrupted first", first, second)
	return spot{first, o.kind}
}

// device is an object of others that is used in place of a group: it has to be
// there and have the same addresses, which is asked when all is laid out.
func (n *names) device(name string) spot {
	if o := n.p.have.index[name]; o != nil {
		return spot{name, o.kind}
	}
	return spot{}
}

// canBecome says whether the object h of the device can be turned into o by
// adding and removing members: objects of one address are never changed, since
// an address in them is replaced at once.
func (h *object) canBecome(o *object) bool {
	switch {
	case h.unread != "":
		return false
	case h.kind == networkObject:
		return o.kind == networkObject && (h.sameMembers(o) || len(h.nets) == 0)
	case h.kind == networkGroup:
		return o.kind == networkGroup || o.kind == networkObject
	}
	return h.kind == o.kind && h.kind == serviceGroup
}

// sameMembers says whether two objects stand for the same, line by line.
func (h *object) sameMembers(o *object) bool {
	a, b := h.memberKeys(), o.memberKeys()
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(slices.Compact(a), slices.Compact(b))
}

func (h *object) memberKeys() []string {
	var list []string
	for _, n := range h.nets {
		list = append(list, n.key())
	}
	for _, s := range h.services {
		list = append(list, s.text())
	}
	return list
}

// put puts an object into a model, in place of one of its name. What the device
// spells in its own way stays spelled so.
func (m *model) put(o *object) {
	old := m.index[o.name]
	if old == nil {
		m.addObject(o)
		return
	}
	spelled := map[string]netMember{}
	for _, n := range old.nets {
		spelled[n.key()] = n
	}
	nets := slices.Clone(o.nets)
	for i, n := range nets {
		if s, ok := spelled[n.key()]; ok {
			nets[i] = s
		}
	}
	old.kind, old.nets, old.services, old.description, old.unread = o.kind, nets, o.services, o.description, ""
}

// checkUsed finds objects of the device that are to be used and can't be.
func (p *planner) checkUsed() {
	for _, group := range sortedKeys(p.job.UseObjects) {
		name := p.job.UseObjects[group]
		n := p.l.netIndex[group]
		if n == nil {
			continue
		}
		o := p.have.index[name]
		switch set, ok := p.have.addrsOf(name); {
		case o == nil || o.kind != networkObject && o.kind != networkGroup:
			p.problem(name, "the device has no network object or group of this name to use for %s", group)
		case !ok:
			p.problem(name, "it is to be used for %s, and not all of its lines are understood", group)
		case !set.Equal(n.set):
			more, less := set.Subtract(n.set), n.set.Subtract(set)
			p.problem(name, "it is to be used for %s and has other addresses (more: %s; missing: %s); correct it on the device, or leave the group to us", group, shortSet(more.String()), shortSet(less.String()))
		}
	}
}

func shortSet(s string) string {
	const most = 100
	if len(s) > most {
		return s[:most] + "..."
	}
	return s
}

// dropObjects removes objects of ours that nothing refers to any more.
func (p *planner) dropObjects(u *ours) {
	keep := map[string]bool{}
	for _, o := range u.objects {
		keep[o.name] = true
	}
	p.dropUnused(keep)
}

// dropUnused removes objects of ours that are not to be kept and that nothing
// refers to: no list, no NAT, no object that stays.
func (p *planner) dropUnused(keep map[string]bool) {
	m := p.want
	used := map[string]bool{}
	var use func(name string, depth int)
	use = func(name string, depth int) {
		o := m.index[name]
		if o == nil || used[name] || depth > maxDepth {
			return
		}
		used[name] = true
		for _, inner := range o.refers() {
			use(inner, depth+1)
		}
	}
	for _, a := range m.acls {
		m.eachName(a.lines, func(name string) { use(name, 0) })
	}
	for _, x := range m.nats {
		use(x.object, 0)
		for _, o := range x.operands {
			use(o.name, 0)
		}
		for _, w := range strings.Fields(x.text) {
			use(w, 0)
		}
	}
	for _, o := range m.objects {
		if keep[o.name] || !m.isOurs(o, p.prefix) && !o.isHalfMade(p.prefix) {
			use(o.name, 0)
		}
	}
	for _, o := range slices.Clone(m.objects) {
		switch {
		case keep[o.name] || !m.isOurs(o, p.prefix) && !o.isHalfMade(p.prefix):
		case !used[o.name]:
			m.removeObject(o.name)
		default:
			p.findings = append(p.findings, problemAt(o.num, o.name, "nothing of ours needs the object any more, and something of others refers to it; it is left alone"))
		}
	}
}

func problemAt(num int, text, why string) targets.Problem {
	return targets.Problem{Line: num, Text: text, Why: why}
}

// addrsOf are the addresses of an object or group; ok is false if they are not
// exactly known.
func (m *model) addrsOf(name string) (ruleset.AddrSet, bool) {
	known := true
	s := newSets(m, func(int, string, string) { known = false })
	set := s.operand(wordOperand(groupAddr, name), netip.Addr{}, 0)
	return set.known, known && set.unknown == ""
}
