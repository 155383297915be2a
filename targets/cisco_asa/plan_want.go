package cisco_asa

import (
	"fmt"
	"slices"
	"strings"

	"github.com/nbfwc/nbfwc/targets"
)

// wanted turns p.want, a copy of what the device has, into what it is to be.
func (p *planner) wanted() {
	n := p.newNames()
	u := p.l.ours(p.want, n.at)
	p.checkUsed()
	for _, o := range u.objects {
		p.want.put(o)
	}
	handled := map[string]bool{}
	for i, list := range p.l.lists {
		if p.job.Manage == targets.Exclusive {
			p.wantExclusive(list, u.lists[i], handled)
		} else {
			p.wantSection(list, u.lists[i], handled)
		}
	}
	p.dropLists(handled)
	p.wantIdles(u.idles)
	p.dropObjects(u)
}

// uses are the objects of the device that rules of ours refer to.
func (p *planner) uses() []string {
	var list []string
	if p.job != nil {
		for _, group := range sortedKeys(p.job.UseObjects) {
			list = append(list, p.job.UseObjects[group])
		}
	}
	return list
}

// isOwnLine says whether an entry between our marks is ours.
func (p *planner) isOwnLine(m *model, l line, uses []string) bool {
	if l.remark {
		return true
	}
	o := m.lineOwner(l, p.prefix, uses...)
	return o == ourOwn || o == nobodys && p.literal
}

// wantExclusive makes the whole list of an interface ours.
func (p *planner) wantExclusive(list *wantList, lines []line, handled map[string]bool) {
	m := p.want
	want := append(slices.Clone(lines), m.line(p.l.closingEntry(), 0))
	first, second := listName(p.prefix, list.nameif, false), listName(p.prefix, list.nameif, true)
	b, bound := m.bound(bindIn, list.nameif)
	name := first
	switch {
	case bound && (b.acl == first || b.acl == second):
		name = b.acl
		if !p.onlyBound(b) {
			return
		}
		p.takeOver(m.aclIndex[name], want, list.nameif)
		if p.other[list.nameif] {
			handled[name] = true
			name = otherName(name, first, second)
			if a := m.aclIndex[name]; a != nil && !m.hasRemark(a, beginRemark) {
				p.problem(name, "the list has to be made anew under this name, which is taken by a list that is bound to no interface; remove it with \"clear configure access-list %s\"", name)
				return
			}
		}
	case bound:
		p.takeOver(m.aclIndex[b.acl], nil, list.nameif)
	case !p.opt.TakeOver:
		p.problem(list.nameif, "no access-list is bound to the interface; an exclusive one closes all that its security level permits and the policy doesn't; allow it with -take-over")
	}
	handled[name] = true
	if a := m.aclIndex[name]; a != nil {
		if !m.hasRemark(a, beginRemark) && !(bound && b.acl == name) {
			p.problem(name, "the device has an access-list of this name that isn't ours: it has no remark %q; rename it there", beginRemark)
			return
		}
		a.lines = want
	} else {
		m.addACL(&acl{name: name, kind: "extended", lines: want})
	}
	if bound && b.acl != name && isOwnListName(b.acl, first, second) {
		m.removeACL(b.acl) // the list of ours that it takes the place of
	}
	m.bind(name, list.nameif)
}

func isOwnListName(name, first, second string) bool { return name == first || name == second }

func otherName(name, first, second string) string {
	if name == first {
		return second
	}
	return first
}

// bind binds a list to an interface, in place of another.
func (m *model) bind(name, nameif string) {
	for i := range m.bindings {
		if b := &m.bindings[i]; b.kind == bindIn && b.iface == nameif {
			b.acl = name
			return
		}
	}
	m.bindings = append(m.bindings, binding{acl: name, kind: bindIn, iface: nameif})
}

// onlyBound says whether a list is used at one place only, and reports if not.
func (p *planner) onlyBound(b binding) bool {
	for _, other := range p.have.bindings {
		if other.acl == b.acl && (other.kind != b.kind || other.iface != b.iface) {
			p.problem(b.acl, "the access-list is bound to %s and elsewhere (%s), where our rules would count as well; give each interface a list of its own", b.iface, other.text())
			return false
		}
	}
	if line, ok := p.have.mentions[b.acl]; ok {
		p.problem(b.acl, "line %d uses the access-list as well, for something else than traffic through %s; our entries would count there; give it a list of its own", line, b.iface)
		return false
	}
	for _, k := range p.have.classMaps {
		for _, x := range k.matches {
			if x.kind == matchACL && x.text == b.acl {
				p.problem(b.acl, "the access-list also says what class-map %s matches, which our entries would change; give the class a list of its own", k.name)
				return false
			}
		}
	}
	return true
}

// takeOver refuses to remove lines of others unless that is allowed. want are
// the lines that stay; the rest is ours by the marks around it.
func (p *planner) takeOver(a *acl, want []line, nameif string) {
	if a == nil || p.opt.TakeOver {
		return
	}
	from, to, ok, _ := p.have.section(a)
	uses := p.uses()
	var foreign []line
	for i, l := range a.lines {
		if l.remark {
			continue
		}
		inside := ok && i > from && i < to && p.isOwnLine(p.have, l, uses)
		if inside || want != nil && i == len(a.lines)-1 && p.have.closes(l) {
			continue
		}
		foreign = append(foreign, l)
	}
	if len(foreign) > 0 {
		stay := make(map[line]bool, len(want))
		for _, l := range want {
			stay[unnumbered(l)] = true
		}
		foreign = slices.DeleteFunc(foreign, func(l line) bool { return stay[unnumbered(l)] })
	}
	if len(foreign) == 0 && want != nil {
		return
	}
	const shown = 3
	var text []string
	for _, l := range foreign[:min(shown, len(foreign))] {
		text = append(text, fmt.Sprintf("%q", p.have.spelled(a, l)))
	}
	p.problem(a.name, "an exclusive policy would remove %s of others from what filters %s (%s%s); check what they are for, then allow it with -take-over",
		count(len(foreign), "entry", "entries"), nameif, strings.Join(text, ", "), more(len(foreign)-len(text)))
}

func more(n int) string {
	if n <= 0 {
		return ""
	}
	return fmt.Sprintf(" and %d more", n)
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func unnumbered(l line) line {
	l.num = 0
	return l
}

// wantSection puts our lines into the list that is bound to an interface.
func (p *planner) wantSection(list *wantList, lines []line, handled map[string]bool) {
	m := p.want
	b, bound := m.bound(bindIn, list.nameif)
	if !bound {
		if len(list.rules) > 0 {
			p.bindNew(list, lines)
			handled[listName(p.prefix, list.nameif, false)] = true
		}
		return
	}
	a := m.aclIndex[b.acl]
	if a == nil || a.kind != "extended" {
		if len(list.rules) > 0 {
			p.problem(b.acl, "the access-list that is bound to %s is not on the device, or is no extended one", list.nameif)
		}
		return
	}
	from, to, ok, wrong := m.section(a)
	handled[a.name] = true
	if wrong != "" {
		if f, t, begun := p.begun(a, lines); begun {
			from, to, ok, wrong = f, t, true, ""
		}
	}
	switch {
	case wrong != "":
		p.problem(a.name, "%s", wrong)
	case ok:
		if len(list.rules) == 0 {
			lines = nil
		} else if !p.onlyBound(b) {
			return
		}
		p.replaceSection(a, from, to, lines)
	case len(list.rules) > 0 && p.onlyBound(b):
		if at, ok := p.anchor(a); ok {
			a.lines = slices.Insert(slices.Clone(a.lines), at, lines...)
			from = at
		}
	}
	if len(list.rules) > 0 {
		p.checkAbove(a, from)
	}
}

// checkAbove refuses entries above our section that aren't understood at all:
// what they do with our packets can't be said.
func (p *planner) checkAbove(a *acl, from int) {
	m := p.want
	for _, l := range a.lines[:from] {
		if l.remark {
			continue
		}
		t := &m.pool.tails.list[l.x]
		if t.raw != "" && (strings.HasPrefix(t.unread, "entry ") || strings.HasPrefix(t.unread, neither)) {
			p.problems = append(p.problems, problemAt(int(l.num), m.spelled(a, l), "the entry stands above ours and isn't understood, so what it does with our packets can't be said; correct it on the device, or put our section above it"))
		}
	}
}

// replaceSection puts lines in place of ours between the marks. Lines of others
// there stay behind the line of ours that they followed.
func (p *planner) replaceSection(a *acl, from, to int, lines []line) {
	m := p.want
	uses := p.uses()
	index := map[line]int{} // where a line of ours stands in lines, the first free one
	for i := len(lines) - 1; i >= 0; i-- {
		index[unnumbered(lines[i])] = i
	}
	after := map[int][]line{}
	last := 0
	for i := from; i <= to; i++ {
		l := a.lines[i]
		if at, ok := index[unnumbered(l)]; ok {
			last = at
			continue
		}
		if p.isOwnLine(m, l, uses) {
			continue
		}
		p.finding(l, m.spelled(a, l), "an entry of others stands between our marks; it is left alone; move it above %q or below %q", beginRemark, endRemark)
		if len(lines) > 0 {
			last = min(last, len(lines)-2)
		}
		after[last] = append(after[last], l)
	}
	var section []line
	if len(lines) == 0 {
		section = after[0]
	}
	for i, l := range lines {
		section = append(section, l)
		section = append(section, after[i]...)
	}
	all := make([]line, 0, len(a.lines)+len(section))
	all = append(all, a.lines[:from]...)
	all = append(all, section...)
	all = append(all, a.lines[to+1:]...)
	if !slices.ContainsFunc(all, func(l line) bool { return !l.remark }) {
		p.problem(a.name, "the access-list would be left without entries, and the device removes and unbinds such a list: what it denies would then be decided by security levels; enter \"access-list %s extended deny ip any any\" below our section first", a.name)
		return
	}
	a.lines = all
}

// begun is a section that has its first mark and not its last: an interrupted
// change inserts from top to bottom and deletes from bottom to top. It reaches
// to the last line that is ours, or is one of those that are wanted.
func (p *planner) begun(a *acl, wanted []line) (from, to int, ok bool) {
	m := p.want
	from = -1
	for i, l := range a.lines {
		if !l.remark {
			continue
		}
		switch text := m.pool.texts.list[l.x]; {
		case text == beginRemark && from >= 0, text == endRemark:
			return 0, 0, false
		case text == beginRemark:
			from = i
		}
	}
	if from < 0 {
		return 0, 0, false
	}
	ours := map[line]bool{}
	for _, l := range wanted {
		ours[unnumbered(l)] = true
	}
	uses := p.uses()
	to = from
	for i := from + 1; i < len(a.lines); i++ {
		l := a.lines[i]
		if !l.remark && !ours[unnumbered(l)] && !p.isOwnLine(m, l, uses) {
			break
		}
		if !l.remark || ours[unnumbered(l)] {
			to = i
		}
	}
	return from, to, true
}

func (m *model) hasRemark(a *acl, text string) bool {
	return slices.ContainsFunc(a.lines, func(l line) bool { return l.remark && m.pool.texts.list[l.x] == text })
}

// anchor is where a section is put into a list that has none.
func (p *planner) anchor(a *acl) (int, bool) {
	if p.job.Anchor == "" {
		p.problem(a.name, "the access-list has %s of others and the policy doesn't say where ours belong among them; say anchor = \"top\", \"bottom\", or \"before\" or \"after\" and the text of a remark", count(len(a.lines), "line", "lines"))
		return 0, false
	}
	anchor, err := targets.ParseAnchor(p.job.Anchor)
	if err != nil {
		p.problem(p.job.Anchor, "%v", err)
		return 0, false
	}
	switch anchor.Place {
	case targets.Top:
		return 0, true
	case targets.Bottom:
		at := len(a.lines)
		for at > 0 && p.want.deniesAll(a.lines[at-1]) {
			at--
			for at > 0 && a.lines[at-1].remark {
				at--
			}
		}
		return at, true
	}
	var found []int
	for i, l := range a.lines {
		if l.remark && strings.TrimSpace(p.want.pool.texts.list[l.x]) == anchor.Name {
			found = append(found, i)
		}
	}
	if len(found) != 1 {
		p.problem(p.job.Anchor, "access-list %s has %s %q, and an anchor needs one; name another remark, or enter this one where our entries belong", a.name, count(len(found), "remark", "remarks"), anchor.Name)
		return 0, false
	}
	at := found[0]
	if anchor.Place == targets.After { // below the entries that the remark is for
		for at++; at < len(a.lines) && !a.lines[at].remark && !p.want.deniesAll(a.lines[at]); at++ {
		}
	}
	return at, true
}

// deniesAll says whether a line denies all packets, so that nothing below it
// has an effect.
func (m *model) deniesAll(l line) bool { return m.closes(l) && !l.permit }

// bindNew makes and binds a list where there is none. What the security level
// of the interface permits is written out below our section: once a list is
// bound, levels no longer count.
func (p *planner) bindNew(list *wantList, lines []line) {
	m := p.want
	name := listName(p.prefix, list.nameif, false)
	switch {
	case !p.job.Bind:
		p.problem(list.nameif, "no access-list is bound to the interface, and binding one ends what its security level permits; bind one yourself, or say bind = true, which writes out first what the level permits")
		return
	case m.aclIndex[name] != nil && !m.hasRemark(m.aclIndex[name], beginRemark):
		p.problem(name, "the device has an access-list of this name, which is bound to no interface; remove it with \"clear configure access-list %s\"", name)
		return
	}
	permits, ok := p.levelPermits(list.nameif)
	if !ok {
		return
	}
	all := slices.Clone(lines)
	if permits {
		i, _ := m.iface(list.nameif)
		all = append(all,
			m.line(ace{remark: fmt.Sprintf("what security level %d of %s permitted", i.level, list.nameif)}, 0),
			m.line(ace{permit: true, proto: protoSpec{kind: ipProto}, src: operand{kind: anyAddr}, dst: operand{kind: anyAddr}}, 0))
	}
	if a := m.aclIndex[name]; a != nil {
		a.lines = all
	} else {
		m.addACL(&acl{name: name, kind: "extended", lines: all})
	}
	m.bind(name, list.nameif)
}

// levelPermits says whether the security level of an interface permits all (true)
// or nothing (false) of what enters it. Anything between depends on the
// interface that a packet leaves by, which no list of entries can tell; it is
// reported.
func (p *planner) levelPermits(nameif string) (all, ok bool) {
	m := p.have
	if _, global := m.bound(bindGlobal, ""); global {
		return false, true // the global list decides, before and after
	}
	own, known := m.iface(nameif)
	if !known {
		p.problem(nameif, "the configuration doesn't say the security level of the interface, so what it permits can't be written out; bind an access-list yourself")
		return false, false
	}
	some, every := false, true
	for _, i := range m.ifaces {
		if i.nameif == nameif || i.management {
			continue
		}
		if i.level < own.level || i.level == own.level && m.sameInter {
			some = true
		} else {
			every = false
		}
	}
	if some && every {
		return true, true
	}
	if some || m.sameIntra {
		p.problem(nameif, "the security level %d of the interface permits packets to some interfaces and not to others, which an access-list can't say; bind one yourself that permits what you need", own.level)
		return false, false
	}
	return false, true
}

// dropLists removes our lines from the lists of interfaces that the policy no
// longer has.
func (p *planner) dropLists(handled map[string]bool) {
	m := p.want
	for _, a := range slices.Clone(m.acls) {
		from, to, ok, wrong := m.section(a)
		if handled[a.name] || !ok && wrong == "" {
			continue
		}
		if wrong != "" {
			if from, to, ok = p.begun(a, nil); !ok {
				p.problem(a.name, "%s", wrong)
				continue
			}
		}
		bound := slices.ContainsFunc(m.bindings, func(b binding) bool { return b.acl == a.name })
		switch own := strings.HasPrefix(a.name, p.prefix) && (strings.HasSuffix(a.name, listSuffix) || strings.HasSuffix(a.name, otherListSuffix)); {
		case own && !bound:
			m.removeACL(a.name)
		case own && m.closes(a.lines[len(a.lines)-1]):
			p.finding(a.lines[0], a.name, "our access-list filters an interface that the policy no longer has; it is left alone, since without it security levels would decide; bind another one there")
		default:
			p.replaceSection(a, from, to, nil)
		}
	}
}
