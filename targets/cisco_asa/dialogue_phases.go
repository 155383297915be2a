package cisco_asa

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/nbfwc/nbfwc/targets"
)

// phases are the commands of a change as they are typed.
//
// A change is proven safe in the order of its steps. Another order of its
// commands is as safe if what moves is
//
//   - commands that no verdict depends on: objects, groups and lists that
//     nothing refers to yet, classes and their lists, which set timeouts. They
//     come first, and those that remove what nothing refers to any more last;
//   - edits of lists and groups in use, which one commit brings into force at
//     once: what is between old and new on the way is then never seen.
//
// Where a list is exchanged for another (access-group, or one that is removed
// while it is bound) in a change that edits groups as well, the packets of that
// interface would see the groups' new members in the old list, or the old ones
// in the new list. Such a change keeps the order of its steps.
type phases struct {
	before  []typedLine
	session []typedLine
	after   []typedLine
	// ordered says why there is no configuration session though something that
	// is in use is edited.
	ordered string
}

// typedLine is a command; idle says that it makes something that nothing uses
// yet, so that the next one can be typed before its answer.
type typedLine struct {
	text string
	idle bool
}

// phasesOf sorts the commands of a push, or says why they can't be typed.
func phasesOf(p *targets.Push) (phases, error) {
	if p.Change == nil || len(p.Change.Steps) == 0 {
		return phases{}, nil
	}
	have, err := parse(bytes.NewReader(p.Before), targets.ParseOptions{Context: p.Part.Context, Prefix: p.Prefix})
	if err != nil {
		return phases{}, fmt.Errorf("the configuration that the change begins with: %w", err)
	}
	return sorted(have.Model.(*model), p.Change, p.Identity.Version)
}

// sorted sorts the commands of a change of what have is.
func sorted(have *model, c *targets.Change, version string) (phases, error) {
	units, err := unitsOf(c)
	if err != nil {
		return phases{}, err
	}
	o := &sorter{have: have, units: units, made: map[string]bool{}, classes: map[string]bool{}, matched: map[string]bool{}}
	return o.phases(version), nil
}

// unit is a command with those of its submode.
type unit struct {
	head string
	body []string
	w    []string // the words of head
}

// maxCommand is the length of the longest line that an ASA takes.
const maxCommand = 510

// unitsOf are the commands of a change. Each can be typed as it is: a question
// mark asks for help.
func unitsOf(c *targets.Change) ([]unit, error) {
	var list []unit
	for _, s := range c.Steps {
		for _, line := range s.Commands {
			if len(line) > maxCommand {
				return nil, fmt.Errorf("a command of %d characters is too long to be typed: %q", len(line), line[:80])
			}
			if i := strings.IndexFunc(line, func(r rune) bool { return r < ' ' || r > '~' || r == '?' }); i >= 0 {
				return nil, fmt.Errorf("a command has a character that can't be typed (%q): %q; change the text on the device", line[i:i+1], line)
			}
			if strings.HasPrefix(line, " ") && len(list) > 0 {
				u := &list[len(list)-1]
				u.body = append(u.body, line)
				continue
			}
			list = append(list, unit{head: line, w: strings.Fields(line)})
		}
	}
	return list, nil
}

func (u *unit) at(i int) string {
	if i < len(u.w) {
		return u.w[i]
	}
	return ""
}

func (u *unit) lines(idle bool) []typedLine {
	out := []typedLine{{u.head, idle}}
	for _, l := range u.body {
		out = append(out, typedLine{l, idle})
	}
	return out
}

// place is where a unit goes.
type place uint8

const (
	unclear place = iota // the order has to be kept
	makes                // something that nothing uses yet
	times                // timeouts, before the edits
	edits                // something in use
	swaps                // the list of an interface
	cleans               // after everything else
)

// sorter finds the places of units.
type sorter struct {
	have    *model
	units   []unit
	made    map[string]bool // lists that the change makes
	classes map[string]bool // classes that it enters again
	matched map[string]bool // lists that class-maps match, old and new
	why     string          // why a unit is unclear
}

func (o *sorter) phases(version string) phases {
	o.look()
	var ph phases
	places := make([]place, len(o.units))
	groups := false // a group in use is edited
	for i := range o.units {
		u := &o.units[i]
		places[i] = o.place(u)
		lines := u.lines(places[i] == makes)
		switch places[i] {
		case makes, times:
			ph.before = append(ph.before, lines...)
		case edits:
			ph.session = append(ph.session, lines...)
			groups = groups || u.at(0) == "object-group"
		case swaps, cleans:
			ph.after = append(ph.after, lines...)
		}
	}
	switch {
	case slices.Contains(places, unclear):
	case !slices.Contains(places, edits):
	case !hasSessions(version):
		o.why = "ASA " + version + " has no configuration sessions"
	case groups && slices.Contains(places, swaps):
		o.why = "the list of an interface is exchanged, and groups in use are edited"
	}
	if o.why != "" {
		return o.inOrder(places)
	}
	return ph
}

// look finds what the places of units depend on besides the unit.
func (o *sorter) look() {
	for _, c := range o.have.classMaps {
		for _, m := range c.matches {
			if m.kind == matchACL {
				o.matched[m.text] = true
			}
		}
	}
	for i := range o.units {
		u := &o.units[i]
		if u.at(0) == "access-list" && o.isNew(u.at(1)) {
			o.made[u.at(1)] = true
		}
		for _, l := range u.body {
			switch w := strings.Fields(l); {
			case u.at(0) == "policy-map" && w[0] == "class":
				o.classes[w[1]] = true
			case u.at(0) == "class-map" && len(w) == 3 && w[0] == "match" && w[1] == "access-list":
				o.matched[w[2]] = true
			}
		}
	}
}

// inOrder keeps the order of the commands.
func (o *sorter) inOrder(places []place) phases {
	ph := phases{ordered: o.why}
	for i := range o.units {
		ph.after = append(ph.after, o.units[i].lines(places[i] == makes)...)
	}
	return ph
}

func (o *sorter) unclear(format string, args ...any) place {
	if o.why == "" {
		o.why = fmt.Sprintf(format, args...)
	}
	return unclear
}

// place says where a unit goes.
func (o *sorter) place(u *unit) place {
	word := u.at(0)
	if word == "no" {
		word += " " + u.at(1)
	}
	switch word {
	case "object", "object-group":
		return o.object(u)
	case "no object", "no object-group", "no class-map":
		return cleans
	case "access-list":
		return o.entry(u.at(1))
	case "no access-list":
		return o.entry(u.at(2))
	case "access-group":
		return swaps
	case "clear":
		return o.clear(u)
	case "class-map", "service-policy":
		return times
	case "policy-map":
		return o.policyMap(u)
	}
	return o.unclear("%q isn't a command that is known to be safe elsewhere", u.head)
}

// object is where an object or group is made or edited.
func (o *sorter) object(u *unit) place {
	have := o.have.index[u.at(2)]
	described := !slices.ContainsFunc(u.body, func(l string) bool { return !strings.HasPrefix(l, " description ") })
	switch {
	case have == nil, len(have.nets)+len(have.services) == 0 && have.unread == "":
		return makes
	case described:
		return cleans
	case u.at(0) == "object":
		return o.unclear("object %s is in use and gets another value", u.at(2))
	}
	return edits
}

// entry is where a list gets or loses an entry.
func (o *sorter) entry(list string) place {
	_, mentioned := o.have.mentions[list]
	switch {
	case o.isNew(list):
		return makes
	case o.isBound(list) && o.matched[list]:
		return o.unclear("a configuration session takes no access list that a class-map uses as well (%s)", list)
	case mentioned:
		return o.unclear("a configuration session takes no access list that something else uses as well (%s)", list)
	case o.matched[list]:
		return times
	}
	return edits
}

// isNew says whether the list is made by the change. What an interrupted change
// has left of it is removed first.
func (o *sorter) isNew(list string) bool {
	if o.have.aclIndex[list] == nil {
		return true
	}
	return !o.isBound(list) && slices.ContainsFunc(o.units, func(u unit) bool { return u.head == "clear configure access-list "+list })
}

func (o *sorter) isBound(list string) bool {
	return slices.ContainsFunc(o.have.bindings, func(b binding) bool { return b.acl == list })
}

// clear is where a list is removed: before it is made anew, or at the end.
func (o *sorter) clear(u *unit) place {
	list := u.at(3)
	switch {
	case u.head != "clear configure access-list "+list:
		return o.unclear("%q isn't a command that is known to be safe elsewhere", u.head)
	case o.made[list]:
		return makes
	case o.isBound(list) && !slices.ContainsFunc(o.units, func(x unit) bool { return o.replaces(&x, list) }):
		return swaps
	}
	return cleans
}

// replaces says whether a unit binds another list where this one is bound.
func (o *sorter) replaces(u *unit, list string) bool {
	return u.at(0) == "access-group" && u.at(1) != list &&
		slices.ContainsFunc(o.have.bindings, func(b binding) bool { return b.acl == list && b.kind == bindIn && b.iface == u.at(4) })
}

// policyMap is where classes are set or removed. One that is entered again
// below is removed right before that.
func (o *sorter) policyMap(u *unit) place {
	for _, l := range u.body {
		if w := strings.Fields(l); len(w) != 3 || w[0] != "no" || w[1] != "class" || o.classes[w[2]] {
			return times
		}
	}
	return cleans
}
