package cisco_asa

import (
	"fmt"
	"slices"
	"strings"

	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
)

// removed is what a change no longer permits.
type removed struct {
	addrs []ruleset.Range // of members that are removed
	lines int             // entries that are removed
	lists []string        // lists that others took the place of
	idle  bool            // an idle timeout changes
}

func (s *steps) step(why string, commands ...string) {
	if len(commands) > 0 {
		s.steps = append(s.steps, targets.Step{Why: why, Commands: commands})
	}
}

// write turns operations into commands. What exists is referred to, what is
// referred to isn't removed: objects, lists, bindings, classes, and back.
func (s *steps) write(ops []targets.Op) {
	isLine := func(op targets.Op) bool { return op.Kind == targets.InsertLine || op.Kind == targets.DeleteLine }
	isGone := func(op targets.Op) bool { return op.Kind == targets.DeleteGroup }
	lines := make([][]targets.Op, len(s.lists))
	late := false
	var after, gone []targets.Op
	for _, op := range ops {
		switch {
		case isLine(op):
			lines[op.List] = append(lines[op.List], op)
			late = true
		case isGone(op):
			gone = append(gone, op)
		case late:
			after = append(after, op)
		default:
			s.group(op)
		}
	}
	for i, c := range s.lists {
		s.list(c, lines[i])
	}
	for _, op := range after {
		s.group(op)
	}
	s.classes()
	s.clear()
	for _, op := range gone {
		o := s.have.index[op.Group]
		s.step("remove "+op.Group+", which nothing uses any more", "no "+strings.TrimSuffix(o.head(), " "))
	}
	s.descriptions()
}

// group writes what happens to a group or object.
func (s *steps) group(op targets.Op) {
	h, w := s.have.index[op.Group], s.want.index[op.Group]
	switch op.Kind {
	case targets.CreateGroup:
		s.step("make "+op.Group, append([]string{w.head()}, indented(w.typed())...)...)
	case targets.AddElements:
		texts := w.texts()
		commands := []string{w.head()}
		for _, e := range op.Elements {
			commands = append(commands, " "+texts[e.Key])
		}
		s.step("add "+count(len(op.Elements), "member", "members")+" to "+op.Group, commands...)
	case targets.RemoveElements:
		texts := h.texts()
		commands := []string{h.head()}
		for _, e := range op.Elements {
			commands = append(commands, " no "+texts[e.Key])
			s.gone.addrs = append(s.gone.addrs, e.Addrs.Ranges()...)
			if !e.Services.IsEmpty() {
				s.gone.lines++
			}
		}
		s.step("remove "+count(len(op.Elements), "member", "members")+" from "+op.Group, commands...)
	}
}

// typed are the commands within an object in the order in which they are typed:
// the description first, by which a half-made object is known to be ours.
func (o *object) typed() []string {
	list := o.body()
	if last := len(list) - 1; o.kind == networkObject && o.description != "" {
		list = append([]string{list[last]}, list[:last]...)
	}
	return list
}

func indented(lines []string) []string {
	for i := range lines {
		lines[i] = " " + lines[i]
	}
	return lines
}

// texts are the spellings of an object's members, by key.
func (o *object) texts() map[string]string {
	out := map[string]string{}
	for _, n := range o.nets {
		out[n.key()] = n.text(o.kind)
	}
	for _, v := range o.services {
		out[v.text()] = v.text()
	}
	return out
}

// list writes what happens to an access list.
func (s *steps) list(c *listChange, ops []targets.Op) {
	if c.new == nil {
		return // cleared when nothing refers to it
	}
	if c.scrap {
		s.step("remove what an interrupted change has left of it", "clear configure access-list "+c.name)
	}
	if c.old == nil {
		commands := make([]string, len(c.want))
		for i, l := range c.want {
			commands[i] = s.want.spelled(c.new, l)
		}
		s.step("make access-list "+c.name, commands...)
	} else {
		s.edit(c, ops)
	}
	if c.nameif != "" {
		s.step("filter what enters "+c.nameif+" by it", binding{acl: c.name, kind: bindIn, iface: c.nameif}.text())
		if b, ok := s.have.bound(bindIn, c.nameif); ok {
			s.gone.lists = append(s.gone.lists, b.acl)
		}
	}
}

// edit writes the edits of a list in place, line by line.
func (s *steps) edit(c *listChange, ops []targets.Op) {
	for from := 0; from < len(ops); {
		to := from
		var commands []string
		for to < len(ops) && ops[to].Kind == ops[from].Kind {
			e := ops[to].Edit
			at := fmt.Sprintf("access-list %s line %d ", c.name, c.from+e.At+1)
			if e.Delete {
				a := s.have.ace(c.have[e.Line])
				commands = append(commands, "no "+at+aceText(&a))
				if a.permit && !c.idle {
					s.gone.lines++
				}
			} else {
				a := s.want.ace(c.want[e.Line])
				commands = append(commands, at+aceText(&a))
			}
			to++
		}
		verb := "insert " + count(to-from, "line", "lines") + " in"
		if ops[from].Kind == targets.DeleteLine {
			verb = "delete " + count(to-from, "line", "lines") + " of"
		}
		s.step(verb+" access-list "+c.name, commands...)
		from = to
	}
}

// classes writes the class-maps and classes that differ.
func (s *steps) classes() {
	for _, k := range s.want.classMaps {
		if h := s.have.classMap(k.name); strings.HasPrefix(k.name, s.prefix) && (h == nil || len(h.matches) == 0 && len(k.matches) > 0) {
			s.step("make class-map "+k.name, append([]string{k.head()}, indented(k.body())...)...)
		}
	}
	for _, pm := range s.want.policyMaps {
		s.policyMap(s.have.policyMap(pm.name), pm)
	}
	for _, sp := range s.want.servicePolicies {
		if !slices.ContainsFunc(s.have.servicePolicies, func(h servicePolicy) bool { return h.policy == sp.policy && h.iface == sp.iface }) {
			s.step("apply the policy-map", sp.text())
		}
	}
	for _, pm := range s.have.policyMaps {
		now := s.want.policyMap(pm.name)
		for _, c := range pm.classes {
			if now != nil && strings.HasPrefix(c.class, s.prefix) && !slices.ContainsFunc(now.classes, func(w policyClass) bool { return w.class == c.class }) {
				s.step("remove the idle timeout", "policy-map "+pm.name, " no class "+c.class)
			}
		}
	}
	for _, k := range s.have.classMaps {
		if strings.HasPrefix(k.name, s.prefix) && s.want.classMap(k.name) == nil {
			s.step("remove its class-map", "no class-map "+k.name)
		}
	}
}

// policyMap writes our classes of a policy-map. One that has to stand below
// another that is new is removed first and entered again.
func (s *steps) policyMap(old, pm *policyMap) {
	ours := func(list []policyClass) (out []policyClass) {
		for _, c := range list {
			if strings.HasPrefix(c.class, s.prefix) {
				out = append(out, c)
			}
		}
		return out
	}
	var have []policyClass
	want := ours(pm.classes)
	if old != nil {
		have = slices.DeleteFunc(ours(old.classes), func(h policyClass) bool {
			return !slices.ContainsFunc(want, func(w policyClass) bool { return w.class == h.class })
		})
	}
	kept := 0
	for kept < min(len(have), len(want)) && have[kept].class == want[kept].class {
		kept++
	}
	var commands []string
	for _, c := range have[kept:] {
		commands = append(commands, "policy-map "+pm.name, " no class "+c.class)
	}
	for i, c := range want {
		if i < kept && have[i].timeout == c.timeout {
			continue
		}
		commands = append(commands, "policy-map "+pm.name, " class "+c.class, "  "+c.timeout.text())
		s.gone.idle = true
	}
	s.step("set the idle timeouts of our connections", commands...)
}

// clear removes the lists that nothing refers to any more.
func (s *steps) clear() {
	for _, a := range s.have.acls {
		if s.want.aclIndex[a.name] == nil {
			s.step("remove access-list "+a.name, "clear configure access-list "+a.name)
		}
	}
}

// descriptions renews those of objects of ours that have changed.
func (s *steps) descriptions() {
	for _, w := range s.want.objects {
		h := s.have.index[w.name]
		if h == nil || !strings.HasPrefix(w.name, s.prefix) || h.description == w.description || w.description == "" || len(h.nets)+len(h.services) == 0 {
			continue
		}
		s.step("renew the description of "+w.name, w.head(), " description "+w.description)
	}
}

// connections says what becomes of existing connections.
func (s *steps) connections() []string {
	list := []string{"Rules count for new connections; existing ones go on until they end."}
	if s.gone.any() {
		list = append(list, "Connections that are no longer permitted go on too; \"clear conn\" ends them.")
	}
	if s.gone.idle {
		list = append(list, "A new idle timeout counts for connections that begin after the change.")
	}
	return list
}

func (r *removed) any() bool { return len(r.addrs)+r.lines+len(r.lists) > 0 }

// maxCut bounds the commands that are offered to cut connections.
const maxCut = 50

// cut are the commands that end the connections of addresses that were removed.
// The device permits those again that the rules still permit. Where a rule is
// gone there is no command that ends its connections alone.
func (s *steps) cut() []string {
	var list []string
	for _, r := range ruleset.NewAddrSet(s.gone.addrs...).Ranges() {
		if len(list) == maxCut {
			break
		}
		addr := r.From.String()
		if r.From != r.To {
			addr += "-" + r.To.String()
		}
		list = append(list, "clear conn address "+addr)
	}
	return list
}
