package fortigate

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/nbfwc/nbfwc/targets"
)

// writer turns operations into commands, and follows what they make of the
// list of policies.
type writer struct {
	*planner
	now         []line
	names       map[string]bool // of policies
	ids         map[uint32]bool
	createdLine map[uint32]bool // by id
}

// write makes the steps and returns the configuration after them.
func (p *planner) write(ops []targets.Op) *model {
	w := &writer{planner: p, now: slices.Clone(p.haveLines), names: map[string]bool{}, ids: map[uint32]bool{}, createdLine: map[uint32]bool{}}
	for i := range w.now {
		w.names[w.now[i].name], w.ids[w.now[i].id] = true, true
	}
	w.deleteLeftovers()
	w.createObjects()
	for _, op := range ops {
		w.op(&op)
	}
	final := p.wantModel()
	final.policies = make([]policy, len(w.now))
	for i := range w.now {
		final.policies[i] = w.now[i].policy
	}
	final.groups = w.keptGroups(final.groups, ops)
	w.editInPlace(final)
	w.deleteObjects(final)
	return final
}

// step adds a step: commands that enter the VDOM if there is one.
func (p *planner) step(why string, write func(*printer)) {
	pr := &printer{}
	write(pr)
	if len(pr.b) == 0 {
		return
	}
	commands := pr.commands()
	for _, c := range append([]string{pr.odd}, commands...) {
		if !canBeTyped(c) {
			p.problem(c, "a name or a value in this command has characters that can't be typed, so it has to be changed on the device by hand")
			return
		}
	}
	if p.vdom != "" {
		commands = slices.Concat([]string{"config vdom", "edit " + p.vdom}, commands, []string{"end"})
	}
	p.steps = append(p.steps, targets.Step{Why: why, Commands: commands})
}

// maxTyped is the length of a line that FortiOS takes.
const maxTyped = 1200

// canBeTyped says whether a line does what it says if it is typed: '?' asks for
// help, even between quotes, and control characters do worse. Names of others
// are printed by the device and can hold anything.
func canBeTyped(line string) bool {
	return len(line) <= maxTyped && utf8.ValidString(line) && !strings.ContainsFunc(line, func(c rune) bool {
		return c == '?' || c == '\u2028' || c == '\u2029' || unicode.IsControl(c)
	})
}

func idText(id uint32) string { return strconv.FormatUint(uint64(id), 10) }

func some(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// deleteLeftovers deletes policies of ours that are disabled: a change that was
// interrupted has left them, and they match nothing.
func (w *writer) deleteLeftovers() {
	w.step("delete "+some(len(w.leftovers), "a disabled policy", "disabled policies")+" of ours", func(pr *printer) {
		pr.table(policyTable, func() {
			for i := range w.leftovers {
				pr.line("delete", idText(w.leftovers[i].id))
			}
		})
	})
}

// createObjects creates what nothing refers to yet.
func (w *writer) createObjects() {
	for _, v6 := range []bool{false, true} {
		n := 0
		for i := range w.newAddresses {
			if w.newAddresses[i].v6 == v6 {
				n++
			}
		}
		w.step("create "+some(n, "an address", "addresses"), func(pr *printer) {
			pr.table(addressTable(v6), func() {
				for i := range w.newAddresses {
					if a := &w.newAddresses[i]; a.v6 == v6 {
						pr.entry(a.name, func() { pr.address(a) })
					}
				}
			})
		})
	}
	w.step("create "+some(len(w.newServices), "a service", "services"), func(pr *printer) {
		pr.table(serviceTable, func() {
			for i := range w.newServices {
				pr.entry(w.newServices[i].name, func() { pr.service(&w.newServices[i]) })
			}
		})
	})
}

func (w *writer) op(op *targets.Op) {
	switch op.Kind {
	case targets.CreateGroup:
		w.createGroup(w.wantGroups.byName[op.Group])
	case targets.AddElements:
		w.members(op, "append", "add", "to")
	case targets.RemoveElements:
		w.members(op, "unselect", "remove", "from")
	case targets.InsertLine:
		w.insert(w.wantLines[op.Edit.Line], op.Edit.At)
	case targets.DeleteLine:
		w.delete(op.Edit.At)
	case targets.DeleteGroup:
		w.deleteGroup(w.haveGroups.byName[op.Group])
	}
}

// eachFamily writes into the tables of groups.
func eachFamily(pr *printer, entries func(v6 bool)) {
	for _, v6 := range []bool{false, true} {
		pr.table(groupTable(v6), func() { entries(v6) })
	}
}

func (w *writer) createGroup(g *group) {
	w.step("create the group "+g.name, func(pr *printer) {
		eachFamily(pr, func(v6 bool) {
			if e := g.entries[familyIndex(v6)]; e != nil {
				pr.entry(e.name, func() { pr.group(e) })
			}
		})
	})
}

func (w *writer) deleteGroup(g *group) {
	w.step("delete the group "+g.name+", which nothing uses any more", func(pr *printer) {
		eachFamily(pr, func(v6 bool) {
			if g.entries[familyIndex(v6)] != nil {
				pr.line("delete", quoted(g.name))
			}
		})
	})
}

// members adds or removes members of a group one by one: its other members stay
// in it at all times.
func (w *writer) members(op *targets.Op, verb, deed, where string) {
	what := some(len(op.Elements), op.Elements[0].Key[1:], "members")
	w.step(deed+" "+what+" "+where+" "+op.Group, func(pr *printer) {
		eachFamily(pr, func(v6 bool) {
			var names []string
			for _, e := range op.Elements {
				if e.Key[0] == elementKey("", v6)[0] {
					names = append(names, e.Key[1:])
				}
			}
			if len(names) > 0 {
				pr.entry(op.Group, func() { pr.lines(verb, verb, "member", names) })
			}
		})
	})
}

// insert creates a policy. It is disabled until it stands in its place.
func (w *writer) insert(l line, at int) {
	q := &l.policy
	why := "put back the policy " + about(q) + " of others"
	if l.own {
		name := base(q.name)
		for n := 1; w.names[q.name] || n == 1; n++ {
			q.name = alternate(name, n)
		}
		q.id = w.freeID()
		why = fmt.Sprintf("add the policy %s as %d", q.name, q.id)
	}
	w.names[q.name], w.ids[q.id], w.createdLine[q.id] = true, true, true
	enabled := !q.disabled
	w.step(why, func(pr *printer) {
		pr.table(policyTable, func() {
			created := *q
			created.disabled = true
			pr.policyEntry(q.id, func() { pr.policy(&created) })
			if at < len(w.now) {
				pr.line("move", idText(q.id), "before", idText(w.now[at].id))
			}
			if enabled {
				pr.policyEntry(q.id, func() { pr.line("set status enable") })
			}
		})
	})
	w.now = slices.Insert(w.now, at, l)
}

// freeID is the lowest id of ours that no policy has.
func (w *writer) freeID() uint32 {
	for id := uint32(firstID); id <= lastID; id++ {
		if !w.ids[id] {
			return id
		}
	}
	w.problem(w.vdom, "all policy ids from %d to %d are taken", firstID, lastID)
	return lastID
}

func (w *writer) delete(at int) {
	l := w.now[at]
	why := fmt.Sprintf("delete the policy %s, %d", l.name, l.id)
	if !l.own {
		why = "delete the policy " + about(&l.policy) + " of others"
	}
	w.step(why, func(pr *printer) {
		pr.table(policyTable, func() { pr.line("delete", idText(l.id)) })
	})
	w.now = slices.Delete(w.now, at, at+1)
}

// keptGroups are the groups without those that the operations delete.
func (w *writer) keptGroups(groups []addrGroup, ops []targets.Op) []addrGroup {
	gone := map[string]bool{}
	for _, op := range ops {
		if op.Kind == targets.DeleteGroup {
			gone[op.Group] = true
		}
	}
	return slices.DeleteFunc(groups, func(g addrGroup) bool { return gone[g.name] && w.isOwn(g.name, g.comment) })
}

// editInPlace brings comments and logging of entries that stay up to date.
func (w *writer) editInPlace(final *model) {
	want := map[string]*policy{}
	for i := range w.wantLines {
		if l := &w.wantLines[i]; l.own {
			want[l.edit.Key] = &l.policy
		}
	}
	n := 0
	w.step("", func(pr *printer) {
		pr.table(policyTable, func() {
			for i := range w.now {
				l, q := &w.now[i], &final.policies[i]
				t := want[l.edit.Key]
				if !l.own || t == nil || w.createdLine[l.id] || t.log == l.log && t.comments == l.comments {
					continue
				}
				n++
				pr.policyEntry(l.id, func() { editPolicy(pr, q, t) })
			}
		})
	})
	w.retitle(n, "bring comments and logging of "+some(n, "a policy", "policies")+" up to date")
	w.recommentGroups()
	w.recommentObjects(final)
}

// retitle names the last step, which was made for n entries.
func (w *writer) retitle(n int, why string) {
	if n > 0 && len(w.steps) > 0 { // none if the step can't be typed
		w.steps[len(w.steps)-1].Why = why
	}
}

func editPolicy(pr *printer, q, want *policy) {
	if q.log != want.log {
		q.log = want.log
		if q.log == logUTM {
			pr.line("set logtraffic utm")
		}
		pr.log(q.log)
	}
	if q.comments != want.comments {
		q.comments = want.comments
		pr.text("comments", q.comments)
	}
}

func (w *writer) recommentGroups() {
	n := 0
	w.step("", func(pr *printer) {
		eachFamily(pr, func(v6 bool) {
			for _, name := range w.wantGroups.names {
				have, want := w.haveGroups.byName[name], w.wantGroups.byName[name].entries[familyIndex(v6)]
				if have == nil || want == nil {
					continue
				}
				if e := have.entries[familyIndex(v6)]; e != nil && e.comment != want.comment {
					n++
					pr.entry(name, func() { pr.text("comment", want.comment) })
				}
			}
		})
	})
	w.retitle(n, "bring the comments of "+some(n, "a group", "groups")+" up to date")
}

// recommentObjects does the same for addresses: another host may have the
// address now.
func (w *writer) recommentObjects(final *model) {
	for _, v6 := range []bool{false, true} {
		want := map[string]string{}
		for i := range w.desired.addresses {
			if a := &w.desired.addresses[i]; a.v6 == v6 {
				want[w.addressNames[objKey{a.name, v6}]] = a.comment
			}
		}
		n := 0
		w.step("", func(pr *printer) {
			pr.table(addressTable(v6), func() {
				for i := range final.addresses {
					a := &final.addresses[i]
					c, ok := want[a.name]
					if !ok || a.v6 != v6 || a.comment == c {
						continue
					}
					n++
					a.comment = c
					pr.entry(a.name, func() { pr.text("comment", c) })
				}
			})
		})
		w.retitle(n, "bring the comments of "+some(n, "an address", "addresses")+" up to date")
	}
}

// deleteObjects deletes addresses and services of ours that nothing uses.
func (w *writer) deleteObjects(final *model) {
	used := usedNames(final)
	held := func(name string) bool { return w.have.usedElsewhere[name] > 0 }
	for _, v6 := range []bool{false, true} {
		n := 0
		w.step("", func(pr *printer) {
			pr.table(addressTable(v6), func() {
				final.addresses = slices.DeleteFunc(final.addresses, func(a address) bool {
					if a.v6 != v6 || !w.isOwn(a.name, a.comment) || used[objKey{a.name, v6}] {
						return false
					}
					if held(a.name) {
						w.finding(w.have.usedElsewhere[a.name], a.name, "the address is no longer needed, but something else on the device uses it; it stays")
						return false
					}
					n++
					pr.line("delete", quoted(a.name))
					return true
				})
			})
		})
		w.retitle(n, "delete "+some(n, "an address", "addresses")+" that nothing uses any more")
	}
	w.deleteServices(final, held)
}

func (w *writer) deleteServices(final *model, held func(string) bool) {
	used := map[string]bool{}
	for i := range final.policies {
		for _, name := range final.policies[i].services {
			used[name] = true
		}
	}
	for i := range final.svcGroups {
		for _, name := range final.svcGroups[i].members {
			used[name] = true
		}
	}
	n := 0
	w.step("", func(pr *printer) {
		pr.table(serviceTable, func() {
			final.services = slices.DeleteFunc(final.services, func(s service) bool {
				if !w.isOwn(s.name, s.comment) || used[s.name] {
					return false
				}
				if held(s.name) {
					w.finding(w.have.usedElsewhere[s.name], s.name, "the service is no longer needed, but something else on the device uses it; it stays")
					return false
				}
				n++
				pr.line("delete", quoted(s.name))
				return true
			})
		})
	})
	w.retitle(n, "delete "+some(n, "a service", "services")+" that nothing uses any more")
}

// usedNames are the names of addresses and groups that policies and groups
// refer to.
func usedNames(m *model) map[objKey]bool {
	used := map[objKey]bool{}
	use := func(names []string, v6 bool) {
		for _, name := range names {
			used[objKey{name, v6}] = true
		}
	}
	for i := range m.policies {
		q := &m.policies[i]
		use(q.src, false)
		use(q.dst, false)
		use(q.src6, true)
		use(q.dst6, true)
	}
	for i := range m.groups {
		g := &m.groups[i]
		use(g.members, g.v6)
		use(g.excluded, g.v6)
	}
	return used
}
