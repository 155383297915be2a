package panos

import (
	"slices"
)

// node is a word, an entry or a leaf of a configuration. Its children have an
// order; those of a container have that of the schema.
type node struct {
	s       *schema
	word    string // or the name of an entry
	entry   bool
	has     bool // a leaf with a value
	value   string
	members []string
	known   map[string]bool // members, if there are many
	uuid    string

	parent, prev, next, first, last *node
	count                           int
	index                           map[string]*node // children, if there are many
}

const few = 12

// child returns the child of this name or nil.
func (n *node) child(word string) *node {
	if n == nil {
		return nil
	}
	if n.index != nil {
		return n.index[word]
	}
	for k := n.first; k != nil; k = k.next {
		if k.word == word {
			return k
		}
	}
	return nil
}

// at follows a path of words; nil if it ends.
func (n *node) at(path ...string) *node {
	for _, w := range path {
		n = n.child(w)
	}
	return n
}

// text returns the value of a scalar below.
func (n *node) text(path ...string) string {
	if k := n.at(path...); k != nil {
		return k.value
	}
	return ""
}

// list returns the members of a list below.
func (n *node) list(path ...string) []string {
	if k := n.at(path...); k != nil {
		return k.members
	}
	return nil
}

// each goes through the children in order.
func (n *node) each(do func(*node)) {
	if n == nil {
		return
	}
	for k := n.first; k != nil; {
		next := k.next
		do(k)
		k = next
	}
}

// add makes a child that doesn't exist: at the end, or where the schema puts
// it.
func (n *node) add(word string, s *schema, entry bool) *node {
	k := &node{s: s, word: word, entry: entry}
	after := n.last
	if n.s.kind == container && s.rank > 0 {
		for after != nil && (after.s.rank == 0 || after.s.rank > s.rank) {
			after = after.prev
		}
	}
	n.insert(k, after)
	return k
}

// insert puts a node after another, or at the top.
func (n *node) insert(k, after *node) {
	k.parent, k.prev = n, after
	if after == nil {
		k.next, n.first = n.first, k
	} else {
		k.next, after.next = after.next, k
	}
	if k.next == nil {
		n.last = k
	} else {
		k.next.prev = k
	}
	n.count++
	if n.index != nil {
		n.index[k.word] = k
	} else if n.count > few {
		n.index = make(map[string]*node, 2*few)
		for x := n.first; x != nil; x = x.next {
			n.index[x.word] = x
		}
	}
}

// remove takes a node out of its parent.
func (n *node) remove() {
	p := n.parent
	if n.prev == nil {
		p.first = n.next
	} else {
		n.prev.next = n.next
	}
	if n.next == nil {
		p.last = n.prev
	} else {
		n.next.prev = n.prev
	}
	p.count--
	if p.index != nil {
		delete(p.index, n.word)
	}
	n.parent, n.prev, n.next = nil, nil, nil
}

// prune removes a node and what becomes empty above it; entries stay.
func (n *node) prune() {
	for n.parent != nil {
		p := n.parent
		n.remove()
		if p.first != nil || p.entry || p.has || len(p.members) > 0 {
			return
		}
		n = p
	}
}

func (n *node) hasMember(m string) bool {
	if n.known != nil {
		return n.known[m]
	}
	return slices.Contains(n.members, m)
}

func (n *node) addMember(m string) {
	if n.hasMember(m) {
		return
	}
	n.members = append(n.members, m)
	if n.known != nil {
		n.known[m] = true
	} else if len(n.members) > 4*few {
		n.known = make(map[string]bool, 8*few)
		for _, x := range n.members {
			n.known[x] = true
		}
	}
}

func (n *node) dropMember(m string) {
	i := slices.Index(n.members, m)
	n.members = slices.Delete(n.members, i, i+1)
	delete(n.known, m)
}

// copy returns the same tree again.
func (n *node) copy() *node {
	c := &node{s: n.s, word: n.word, entry: n.entry, has: n.has, value: n.value, uuid: n.uuid}
	for _, m := range n.members {
		c.addMember(m)
	}
	n.each(func(k *node) { c.insert(k.copy(), c.last) })
	return c
}

// same says that two trees are alike.
func (n *node) same(o *node) bool {
	if n.word != o.word || n.has != o.has || n.value != o.value || n.count != o.count || !slices.Equal(n.members, o.members) {
		return false
	}
	b := o.first
	for a := n.first; a != nil; a, b = a.next, b.next {
		if !a.same(b) {
			return false
		}
	}
	return true
}
