package paloalto

import (
	"fmt"
	"slices"
	"strings"

	"github.com/nbfwc/nbfwc/targets"
)

// steps are the edits of the candidate from have to want, and the commit. Nothing
// takes effect before it (on Panorama: before commit-all), so that the order is
// the one in which each command finds what it names: objects, groups, services,
// rules, their order; then what is no longer referred to.
func (p *planner) steps() []targets.Step {
	s := speech{p.want}
	have, want := p.have.context(), p.want.context()
	var steps []targets.Step
	add := func(why string, commands ...[]string) {
		if all := slices.Concat(commands...); len(all) > 0 {
			steps = append(steps, targets.Step{Why: why, Commands: all})
		}
	}
	tags := editTable(p, s, "tag", have.tags.list, want.tags.list, func(t *tag) settings { return t.settings() })
	addresses := editTable(p, s, "address", have.addresses.list, want.addresses.list, func(a *address) settings { return a.settings() })
	groups := editTable(p, s, "address-group", have.addressGroups.list, want.addressGroups.list, func(g *addressGroup) settings { return g.settings() })
	services := editTable(p, s, "service", have.services.list, want.services.list, func(v *service) settings { return v.settings() })
	rules := p.editRules(s)
	add("make objects: "+counts(len(addresses.names), "address", len(services.names), "service"), tags.put, addresses.put, services.put)
	add("make and fill address groups: "+strings.Join(short(groups.names), ", "), groups.put)
	add("make and edit rules: "+strings.Join(short(rules.names), ", "), rules.put)
	add("put the rules in order", rules.moves)
	add("remove rules that are no longer needed", rules.gone)
	add("take members out of address groups", groups.cut)
	slices.Reverse(groups.gone) // a group is gone before those that it holds
	add("remove objects that are no longer needed", groups.gone, services.gone, addresses.gone, tags.gone)
	if len(steps) == 0 {
		return nil
	}
	for _, step := range steps {
		for _, c := range step.Commands {
			p.checkCommand(c)
		}
	}
	if p.want.panorama {
		return append(steps,
			targets.Step{Why: "make it Panorama's configuration", Commands: []string{"commit"}},
			targets.Step{Why: "make all of it take effect on the firewalls of the device group", Commands: []string{"commit-all shared-policy device-group " + quoted(p.want.vsys)}})
	}
	return append(steps, targets.Step{Why: "make all of it take effect at once; a commit takes what other administrators have left in the candidate too: look at \"show config list changes\" first", Commands: []string{"commit"}})
}

func counts(n int, of string, m int, and string) string {
	return fmt.Sprintf("%d %s, %d %s", n, plural(of, n), m, plural(and, m))
}

func plural(word string, n int) string {
	switch {
	case n == 1:
		return word
	case strings.HasSuffix(word, "s"):
		return word + "es"
	}
	return word + "s"
}

// short is a list that fits in a line.
func short(names []string) []string {
	if len(names) > 3 {
		return append(slices.Clone(names[:3]), fmt.Sprintf("and %d more", len(names)-3))
	}
	return names
}

// edits are the commands for one kind of object.
type edits struct {
	put   []string // make and fill
	cut   []string // take members out of lists
	gone  []string // delete
	moves []string
	names []string // what is made or filled
}

// editTable finds the commands for the objects of ours in a table. Those of
// others are the same in have and want.
func editTable[T any, P named[T]](p *planner, s speech, kind string, have, want []T, of func(*T) settings) edits {
	var e edits
	old := make(map[string]*T, len(have))
	for i := range have {
		old[P(&have[i]).base().name] = &have[i]
	}
	for i := range want {
		w := P(&want[i]).base()
		object := s.object(kind, w.name)
		h := old[w.name]
		delete(old, w.name)
		var put, cut []string
		switch {
		case h == nil:
			put = s.set(object, of(&want[i]))
		case kind == "tag" || p.isOurs(w):
			put, cut = p.edit(s, object, of(h), of(&want[i]))
		}
		if len(put) > 0 {
			e.names = append(e.names, w.name)
		}
		e.put, e.cut = append(e.put, put...), append(e.cut, cut...)
	}
	for i := range have {
		if h := P(&have[i]).base(); old[h.name] != nil {
			e.gone = append(e.gone, "delete "+s.object(kind, p.checked(h.name)))
		}
	}
	return e
}

// edit are the commands that change the fields of one object: put makes them
// what they have to be, cut takes members out of lists.
func (p *planner) edit(s speech, object string, have, want settings) (put, cut []string) {
	var set settings
	old := map[string]setting{}
	for _, f := range have {
		old[f.path] = f
	}
	for _, f := range want {
		h, ok := old[f.path]
		delete(old, f.path)
		switch {
		case ok && slices.Equal(h.values, f.values):
		case !ok || !f.list:
			set = append(set, f)
		case slices.Contains(h.values, "any") != slices.Contains(f.values, "any"):
			// "any" can't stand beside others.
			put = append(put, "delete "+object+" "+f.path)
			set = append(set, f)
		default:
			set.addList(f.path, minus(f.values, h.values))
			for _, v := range minus(h.values, f.values) {
				cut = append(cut, "delete "+object+" "+f.path+" "+p.word(v))
			}
		}
	}
	var gone []string
	for _, f := range have {
		if _, left := old[f.path]; left {
			if c := "delete " + object + " " + want.outside(f.path); !slices.Contains(gone, c) {
				gone = append(gone, c)
			}
		}
	}
	return slices.Concat(gone, put, s.set(object, set)), cut
}

// outside is the shortest beginning of a path that no field of the settings has.
func (l settings) outside(path string) string {
	words := strings.Split(path, " ")
	for n := 1; n < len(words); n++ {
		part := strings.Join(words[:n], " ")
		if !slices.ContainsFunc(l, func(f setting) bool { return f.path == part || strings.HasPrefix(f.path, part+" ") }) {
			return part
		}
	}
	return path
}

func minus(list, without []string) []string {
	gone := make(map[string]bool, len(without))
	for _, v := range without {
		gone[v] = true
	}
	var out []string
	for _, v := range list {
		if !gone[v] {
			out = append(out, v)
		}
	}
	return out
}

// editRules finds the commands for rules. A rule of ours that somebody gave a
// field that isn't modelled is made anew.
func (p *planner) editRules(s speech) edits {
	var e edits
	have := &p.have.context().base(p.have.panorama).security
	want := &p.want.context().base(p.want.panorama).security
	fresh := map[string]bool{}
	for i := range want.list {
		w := &want.list[i]
		h := have.get(w.name)
		var put, cut []string
		switch {
		case h == nil:
			fresh[w.name] = true
			put = s.set(s.rule(w.name), w.settings())
		case !p.isOurs(&w.entry):
		case len(h.unknown) > 0 || h.profiles != w.profiles || h.target != w.target || w.noInspection != h.noInspection:
			fresh[w.name] = true
			put = append([]string{"delete " + s.rule(w.name)}, s.set(s.rule(w.name), w.settings())...)
		default:
			put, cut = p.edit(s, s.rule(w.name), h.settings(), w.settings())
		}
		if len(put)+len(cut) > 0 {
			e.names = append(e.names, w.name)
		}
		e.put = append(e.put, slices.Concat(put, cut)...)
	}
	e.moves = p.moves(s, have.list, want.list, fresh)
	for i := range have.list {
		if name := have.list[i].name; !want.has(name) {
			e.gone = append(e.gone, "delete "+s.rule(p.checked(name)))
		}
	}
	return e
}

// word is a word that a device has printed, as it stands in a command.
func (p *planner) word(v string) string { return quoted(p.checked(v)) }

// checked holds that a word that a device has printed can be typed.
func (p *planner) checked(v string) string {
	if v == "" || strings.Contains(v, `"`) {
		p.problem(v, "the device has this name, which can't be typed in a command; rename it")
	}
	return v
}

// checkCommand is the last look at a command: it is one line of printable
// characters, with its quotes closed and nothing that a terminal would take for
// more.
func (p *planner) checkCommand(c string) {
	for i := 0; i < len(c); i++ {
		if c[i] < ' ' || c[i] >= 0x7f || strings.IndexByte("'`\\?|", c[i]) >= 0 {
			p.problem(c, "the command has a character that can't be typed; rename what it names")
			return
		}
	}
	if strings.Count(c, `"`)%2 != 0 {
		p.problem(c, "the command has a quote that isn't closed; rename what it names")
	}
}
