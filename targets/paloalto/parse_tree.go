package paloalto

import "strings"

// tree is a configuration as words below words: what all dialects have in
// common. A value is a node without children, a list is a node with several.
// Node 0 is the root.
type tree struct {
	nodes []node
	// index finds children of nodes that have many.
	index map[childKey]int32
	words map[string]string
	// left are words with the prefix in parts that aren't kept.
	prefix string
	left   map[string]bool
	// rooted says that words stand below the root of the device's configuration
	// (config, devices), where a vsys is always named.
	rooted bool
}

type node struct {
	name              string
	line              int32
	first, last, next int32 // 0 for none
	count             int32 // children
}

type childKey struct {
	parent int32
	name   string
}

// manyChildren is from how many children on the index is used.
const manyChildren = 12

func newTree(prefix string) *tree {
	return &tree{nodes: make([]node, 1, 1024), index: map[childKey]int32{}, words: map[string]string{}, prefix: prefix, left: map[string]bool{}}
}

// leave notes a word that isn't kept.
func (t *tree) leave(w []byte) {
	if len(w) >= len(t.prefix) && string(w[:len(t.prefix)]) == t.prefix {
		t.left[string(w)] = true
	}
}

// intern returns the word as a string; equal words are one string.
func (t *tree) intern(w []byte) string {
	if s, ok := t.words[string(w)]; ok {
		return s
	}
	s := string(w)
	t.words[s] = s
	return s
}

// child returns the child of a name, 0 if there is none.
func (t *tree) child(parent int32, name string) int32 {
	p := &t.nodes[parent]
	if p.last != 0 && t.nodes[p.last].name == name {
		return p.last
	}
	if p.count >= manyChildren {
		return t.index[childKey{parent, name}]
	}
	for i := p.first; i != 0; i = t.nodes[i].next {
		if t.nodes[i].name == name {
			return i
		}
	}
	return 0
}

// add returns the child of a name; it makes one if there is none.
func (t *tree) add(parent int32, name string, line int) int32 {
	if i := t.child(parent, name); i != 0 {
		return i
	}
	i := int32(len(t.nodes))
	t.nodes = append(t.nodes, node{name: name, line: int32(line)})
	p := &t.nodes[parent]
	if p.last == 0 {
		p.first = i
	} else {
		t.nodes[p.last].next = i
	}
	p.last = i
	p.count++
	switch {
	case p.count == manyChildren:
		for k := p.first; k != 0; k = t.nodes[k].next {
			t.index[childKey{parent, t.nodes[k].name}] = k
		}
	case p.count > manyChildren:
		t.index[childKey{parent, name}] = i
	}
	return i
}

// path returns the node below n, 0 if there is none.
func (t *tree) path(n int32, names ...string) int32 {
	for _, name := range names {
		if n = t.child(n, name); n == 0 {
			return 0
		}
	}
	return n
}

// values returns the names of the children, nil if there are none.
func (t *tree) values(n int32) []string {
	if n == 0 || t.nodes[n].count == 0 {
		return nil
	}
	out := make([]string, 0, t.nodes[n].count)
	for i := t.nodes[n].first; i != 0; i = t.nodes[i].next {
		out = append(out, t.nodes[i].name)
	}
	return out
}

// maxFieldText bounds the text of a part that isn't modelled; what is cut off
// is told apart by its hash.
const maxFieldText = 4096

// text returns all that stands below n as words, with parentheses around the
// children of each.
func (t *tree) text(n int32) string {
	var b strings.Builder
	t.writeText(&b, n)
	return shorten(b.String(), maxFieldText)
}

func (t *tree) writeText(b *strings.Builder, n int32) {
	for i := t.nodes[n].first; i != 0; i = t.nodes[i].next {
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(t.nodes[i].name)
		if t.nodes[i].first != 0 {
			b.WriteString(" (")
			t.writeText(b, i)
			b.WriteString(" )")
		}
	}
}

// maxDepth bounds how deep words can stand below each other.
const maxDepth = 100

// cursor is a place in a tree where words are added, with the shape that the
// configuration has there.
type cursor struct {
	t     *tree
	stack []place
	// deep says that a word was left out since it stood too deep.
	deep bool
}

// place is a node with its shape. Node -1 is one that isn't kept.
type place struct {
	node  int32
	shape *shape
}

func newCursor(t *tree) *cursor {
	return &cursor{t: t, stack: []place{{0, topShape}}}
}

func (c *cursor) top() place { return c.stack[len(c.stack)-1] }

// reset goes back to the height that the stack had.
func (c *cursor) reset(height int) { c.stack = c.stack[:height] }

// pop goes up one word.
func (c *cursor) pop() {
	if len(c.stack) > 1 {
		c.stack = c.stack[:len(c.stack)-1]
	}
}

// enter goes down to the word w below the top; it is added if need be.
func (c *cursor) enter(w []byte, line int) {
	p := c.top()
	if len(c.stack) > maxDepth {
		c.deep = true
		p = place{-1, skipped}
	}
	next := place{-1, skipped}
	if p.node >= 0 {
		s := p.shape.below(w)
		if s == transparent {
			next = place{p.node, topShape}
			c.t.rooted = true
		} else if s == transparentEntry {
			next = place{p.node, devicesShape}
			c.t.rooted = true
		} else if s != skipped {
			next = place{c.node(p.node, w, line), s}
		}
	} else {
		c.t.leave(w)
	}
	c.stack = append(c.stack, next)
}

func (c *cursor) node(parent int32, w []byte, line int) int32 {
	if last := c.t.nodes[parent].last; last != 0 && c.t.nodes[last].name == string(w) {
		return last
	}
	return c.t.add(parent, c.t.intern(w), line)
}

// value adds a value below the top.
func (c *cursor) value(w []byte, line int) {
	if p := c.top(); p.node >= 0 {
		c.node(p.node, w, line)
	} else {
		c.t.leave(w)
	}
}

// word takes the next word of a line whose structure is only in the order of
// its words: several leaves of one entry can follow each other. The stack
// doesn't get lower than floor.
func (c *cursor) word(w []byte, floor, line int) {
	switch s := c.top().shape; s.kind {
	case leaf:
		c.value(w, line)
		if len(c.stack) > floor {
			c.pop()
		}
	case branch:
		if i := c.knows(w, floor); i > 0 {
			c.reset(i)
		}
		c.enter(w, line)
	default:
		c.enter(w, line)
	}
}

// knows returns the height of the innermost place, within the entry at hand and
// not below floor, under which the word w is known; 0 if there is none.
func (c *cursor) knows(w []byte, floor int) int {
	for i := len(c.stack); i >= floor && i > 0; i-- {
		s := c.stack[i-1].shape
		if s.kind == branch && s.kids[string(w)] != nil {
			return i
		}
		if s.entry || s == topShape || s.scope {
			break
		}
	}
	return 0
}
