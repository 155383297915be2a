package cisco_asa

import (
	"slices"
	"strings"
)

// restored turns p.want, a copy of what the device has, into that with ours as
// it was before.
func (p *planner) restored() {
	keep := map[string]bool{}
	p.restoreLists()
	p.restoreClasses()
	p.restoreObjects(keep)
}

// restoreLists gives each list of ours, and each section in a list of others,
// the lines that it had.
func (p *planner) restoreLists() {
	m, old := p.want, p.before
	lines := func(list []line) []line {
		out := make([]line, len(list))
		for i, l := range list {
			out[i] = m.line(old.ace(l), 0)
		}
		return out
	}
	for _, b := range old.bindings {
		if now, ok := m.bound(bindIn, b.iface); b.kind == bindIn && p.isOwnList(old.aclIndex[b.acl], old) && (!ok || now.acl != b.acl) {
			m.bind(b.acl, b.iface)
		}
	}
	for _, b := range slices.Clone(m.bindings) {
		if b.kind != bindIn || !p.isOwnList(m.aclIndex[b.acl], m) {
			continue
		}
		was, ok := old.bound(bindIn, b.iface)
		switch {
		case ok && was.acl == b.acl:
		case ok && m.aclIndex[was.acl] != nil:
			m.bind(was.acl, b.iface)
		case ok && p.isOwnList(old.aclIndex[was.acl], old):
			m.bind(was.acl, b.iface) // it is made again below
		case ok:
			p.problem(was.acl, "the access-list was bound to %s before, and is no longer on the device; enter it again", b.iface)
		default:
			m.bindings = slices.DeleteFunc(m.bindings, func(x binding) bool { return x == b })
		}
	}
	for _, a := range old.acls {
		from, to, ok, wrong := old.section(a)
		now := m.aclIndex[a.name]
		switch {
		case wrong != "":
			p.problem(a.name, "%s", wrong)
		case p.isOwnList(a, old) || p.isIdleName(a.name) && old.isIdleList(a):
			if now == nil {
				now = &acl{name: a.name, kind: a.kind}
				m.addACL(now)
			}
			now.lines = lines(a.lines)
		case !ok:
		case now == nil:
			p.problem(a.name, "the access-list held entries of ours, and is no longer on the device; enter it again")
		default:
			p.restoreSection(now, a, lines(a.lines[from:to+1]), from)
		}
	}
	for _, a := range slices.Clone(m.acls) {
		was := old.aclIndex[a.name]
		from, to, ok, wrong := m.section(a)
		if wrong != "" && was != nil {
			if _, _, had, _ := old.section(was); !had {
				from, to, ok = p.begun(a, newIn(a, was, lines))
			}
		}
		switch {
		case p.isOwnList(a, m) && was == nil && !slices.ContainsFunc(m.bindings, func(b binding) bool { return b.acl == a.name }):
			m.removeACL(a.name)
		case p.isIdleName(a.name) && m.isIdleList(a) && was == nil:
			m.removeACL(a.name)
			m.dropClass(a.name)
		case !ok || p.isOwnList(a, m):
		case was == nil:
			p.replaceSection(a, from, to, nil)
		default:
			if _, _, had, _ := old.section(was); !had {
				p.replaceSection(a, from, to, nil)
			}
		}
	}
}

// newIn are the lines of a list that it hadn't before.
func newIn(a, was *acl, read func([]line) []line) []line {
	had := map[line]bool{}
	for _, l := range read(was.lines) {
		had[unnumbered(l)] = true
	}
	return slices.DeleteFunc(slices.Clone(a.lines), func(l line) bool { return had[unnumbered(l)] })
}

// isOwnList says whether a list is ours as a whole: by its name and the marks
// in it.
func (p *planner) isOwnList(a *acl, m *model) bool {
	if a == nil || !strings.HasPrefix(a.name, p.prefix) || !strings.HasSuffix(a.name, listSuffix) && !strings.HasSuffix(a.name, otherListSuffix) {
		return false
	}
	return m.hasRemark(a, beginRemark)
}

func (p *planner) isIdleName(name string) bool { return strings.HasPrefix(name, p.prefix+idleName) }

// restoreSection gives a list of others the section that it had: where one
// stands, else below the line that it stood under.
func (p *planner) restoreSection(now, was *acl, lines []line, from int) {
	m := p.want
	f, t, ok, wrong := m.section(now)
	if wrong != "" {
		if f, t, ok = p.begun(now, lines); !ok {
			p.problem(now.name, "%s", wrong)
			return
		}
	}
	if ok {
		p.replaceSection(now, f, t, p.ownLines(lines))
		return
	}
	at := 0
	for above := from - 1; above >= 0; above-- {
		l := m.line(p.before.ace(was.lines[above]), 0)
		if i := slices.IndexFunc(now.lines, func(x line) bool { return x.sameAs(l) }); i >= 0 {
			at = i + 1
			break
		}
	}
	now.lines = slices.Insert(slices.Clone(now.lines), at, p.ownLines(lines)...)
}

// ownLines are the lines of a section without those of others.
func (p *planner) ownLines(lines []line) []line {
	return slices.DeleteFunc(slices.Clone(lines), func(l line) bool { return !p.isOwnLine(p.want, l, nil) })
}

// restoreClasses gives class-maps and classes of ours what they had.
func (p *planner) restoreClasses() {
	m, old := p.want, p.before
	m.classMaps = slices.DeleteFunc(m.classMaps, func(k *classMap) bool { return p.isIdleName(k.name) && old.classMap(k.name) == nil })
	for _, k := range old.classMaps {
		if !p.isIdleName(k.name) {
			continue
		}
		if now := m.classMap(k.name); now == nil {
			c := *k
			m.classMaps = append(m.classMaps, &c)
		} else if len(now.matches) == 0 {
			*now = *k
		}
	}
	for _, pm := range m.policyMaps {
		var classes []policyClass
		if was := old.policyMap(pm.name); was != nil {
			for _, c := range was.classes {
				if p.isIdleName(c.class) {
					classes = append(classes, c)
				}
			}
		}
		p.setClasses(pm, classes)
	}
}

// restoreObjects gives objects of ours the members that they had.
func (p *planner) restoreObjects(keep map[string]bool) {
	m, old := p.want, p.before
	renamed := map[string]string{}
	n := p.newNames()
	var ours []*object // what others are made of first; ours are nested once
	for _, holds := range []bool{false, true} {
		for _, o := range old.objects {
			if old.isOurs(o, p.prefix) && holds == (len(o.refers()) > 0) {
				ours = append(ours, o)
			}
		}
	}
	for _, o := range ours {
		c := o.clone()
		for i := range c.nets {
			if to, ok := renamed[c.nets[i].addr.name]; ok {
				c.nets[i].addr = m.operandOf(to)
			}
		}
		at := n.at(c)
		if at.name != c.name || at.kind != c.kind {
			renamed[c.name] = at.name
		}
		c.name, c.kind = at.name, at.kind
		m.put(c)
		keep[c.name] = true
	}
	if len(renamed) > 0 {
		p.renameInLines(renamed)
	}
	p.dropUnused(keep)
}

// operandOf is how an object or group of addresses is referred to.
func (m *model) operandOf(name string) operand {
	if o := m.index[name]; o != nil && o.kind == networkObject {
		return wordOperand(objectAddr, name)
	}
	return wordOperand(groupAddr, name)
}

// renameInLines has the lines of ours refer to objects under their other names.
func (p *planner) renameInLines(renamed map[string]string) {
	m := p.want
	for _, a := range m.acls {
		for i, l := range a.lines {
			if l.remark || m.lineOwner(l, p.prefix) == others {
				continue
			}
			e := m.ace(l)
			changed := false
			for _, o := range []*operand{&e.src, &e.dst} {
				to, ok := renamed[o.name]
				if !ok {
					continue
				}
				*o, changed = m.operandOf(to), true
			}
			if to, ok := renamed[e.proto.name]; ok {
				e.proto.name, changed = to, true
			}
			if changed {
				a.lines[i] = m.line(e, 0)
			}
		}
	}
}
