package targets

import (
	"errors"
	"slices"

	"github.com/nbfwc/nbfwc/ruleset"
)

// EditLine is one line of a list on a device where each command takes effect by
// itself.
type EditLine struct {
	// Key is how the line is spelled, names of groups included.
	Key string
	// Rule is what the line matches; nil for a remark. Its SrcGroup, DstGroup
	// and ServiceGroup name the groups that its sets are exactly spelled by.
	Rule *ruleset.Rule
	// Refers names the groups that the line depends on in any other way
	// (negated, in a list with others).
	Refers []string
}

// EditList is an ordered first-match list, whole: lines of others count too.
// Default decides what no line matches; Next, if something else does.
type EditList struct {
	Have, Want []EditLine
	Default    ruleset.Action
}

// EditGroup is a named set that lines refer to.
type EditGroup struct {
	Name           string
	InHave, InWant bool
	Have, Want     []Element
}

// Element is one member of a group: addresses, services, or another group.
type Element struct {
	Key      string // how it is spelled
	Addrs    ruleset.AddrSet
	Services ruleset.ServiceSet
	Group    string // the name of the group that it stands for, "" for none
}

// OpKind is a kind of operation on a device.
type OpKind uint8

const (
	CreateGroup OpKind = iota + 1
	AddElements
	RemoveElements
	InsertLine
	DeleteLine
	DeleteGroup
)

// Op is one operation. The elements of an operation may be added or removed one
// by one, in their order.
type Op struct {
	Kind     OpKind
	Group    string
	Elements []Element
	// List is the index of the list, and Edit what happens to it.
	List int
	Edit ruleset.Edit
}

// Order returns the operations that take lists and groups from have to want
// such that after each of them every packet passes or not as by have or as by
// want. New groups come first, unused ones go last. Lines are inserted from top
// to bottom, then deleted from bottom to top (see ruleset.Edits).
//
// A group that lines share can be edited in place only if that leaves no packet
// to chance. For each group the moments are tried in turn: add before the lines
// change and remove after; add after; remove before. All elements that are
// added at one moment make permits match more, or make denies match more, and
// never both for one packet; so every packet changes once at most, and it is
// enough to look at the states between the moments.
//
// Groups for which no moment is right are returned as fresh: the caller gives
// them another name in want, in lines too, and asks again. Then they are made
// anew and the lines that use them replaced. Operations are nil in that case.
func Order(lists []EditList, groups []EditGroup) (ops []Op, fresh []string, err error) {
	o := &ordering{lists: lists, groups: map[string]*orderGroup{}, holds: map[string][]string{}, heldBy: map[string][]string{}}
	for i := range groups {
		g := newOrderGroup(&groups[i])
		o.groups[g.Name] = g
		o.names = append(o.names, g.Name)
		o.index(g)
	}
	if fresh, err = o.settle(); err != nil || len(fresh) > 0 {
		return nil, fresh, err
	}
	return o.ops(), nil, nil
}

// orderGroup is a group with what changes and when.
type orderGroup struct {
	*EditGroup
	added, removed []Element
	late           bool // added after the lines change
	early          bool // removed before the lines change
}

func newOrderGroup(g *EditGroup) *orderGroup {
	og := &orderGroup{EditGroup: g}
	if !g.InHave || !g.InWant {
		return og
	}
	have, want := keysOf(g.Have), keysOf(g.Want)
	for _, e := range g.Want {
		if !have[e.Key] {
			og.added = append(og.added, e)
		}
	}
	for _, e := range g.Have {
		if !want[e.Key] {
			og.removed = append(og.removed, e)
		}
	}
	return og
}

func keysOf(list []Element) map[string]bool {
	keys := make(map[string]bool, len(list))
	for _, e := range list {
		keys[e.Key] = true
	}
	return keys
}

func (g *orderGroup) changes() bool { return len(g.added)+len(g.removed) > 0 }

type ordering struct {
	lists  []EditList
	groups map[string]*orderGroup
	names  []string // in the caller's order
	// holds are the groups directly in a group, heldBy those that it is in.
	holds, heldBy map[string][]string
}

func (o *ordering) index(g *orderGroup) {
	for _, list := range [][]Element{g.Have, g.Want} {
		for _, e := range list {
			if e.Group != "" && !slices.Contains(o.holds[g.Name], e.Group) {
				o.holds[g.Name] = append(o.holds[g.Name], e.Group)
				o.heldBy[e.Group] = append(o.heldBy[e.Group], g.Name)
			}
		}
	}
}

// moment is a state on the way.
type moment int

const (
	atStart    moment = iota // have
	earlyGone                // elements removed that go before the lines change
	earlyAdded               // elements added that come before the lines change
	lateGone                 // after the lines have changed: elements removed
	atEnd                    // want
)

// elements are those of a group at a moment.
func (g *orderGroup) elements(at moment) []Element {
	switch {
	case !g.InHave:
		return g.Want
	case !g.InWant:
		return g.Have
	}
	out := g.Have
	if g.early && at >= earlyGone || at >= lateGone {
		gone := keysOf(g.removed)
		out = slices.DeleteFunc(slices.Clone(out), func(e Element) bool { return gone[e.Key] })
	}
	if !g.late && at >= earlyAdded || at >= atEnd {
		out = slices.Concat(out, g.added)
	}
	return out
}

// settle finds the moments of all groups; or the groups that need a new name.
func (o *ordering) settle() (fresh []string, err error) {
	referred := o.referred()
	for _, name := range o.names {
		if g := o.groups[name]; g.changes() && (referred[name] || len(g.Have) == 0 || len(g.Want) == 0) {
			fresh = append(fresh, name)
		}
	}
	if len(fresh) > 0 {
		return fresh, nil
	}
	for range 2*len(o.names) + 1 { // each round delays at least one group
		retry, fresh, err := o.try()
		if err != nil || !retry {
			return fresh, err
		}
	}
	return nil, errors.New("no order of the edits was found")
}

// referred are the groups that a line depends on in a way that isn't known
// exactly.
func (o *ordering) referred() map[string]bool {
	var names []string
	for i := range o.lists {
		for _, lines := range [][]EditLine{o.lists[i].Have, o.lists[i].Want} {
			for k := range lines {
				names = append(names, lines[k].Refers...)
			}
		}
	}
	return o.below(names...)
}

// above are the groups that hold one of the named, directly or not, and these.
func (o *ordering) above(names ...string) map[string]bool { return closure(o.heldBy, names) }

// below are the groups that one of the named holds, directly or not, and these.
func (o *ordering) below(names ...string) map[string]bool { return closure(o.holds, names) }

func closure(next map[string][]string, names []string) map[string]bool {
	seen := map[string]bool{}
	for todo := slices.Clone(names); len(todo) > 0; {
		name := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if name != "" && !seen[name] {
			seen[name] = true
			todo = append(todo, next[name]...)
		}
	}
	return seen
}

// maxNesting bounds how deep groups are in one another; devices have less.
const maxNesting = 32
