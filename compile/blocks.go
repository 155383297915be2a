package compile

// blockTree is the decomposition of what carries traffic (firewalls and
// transit zones) into biconnected blocks. Every simple way between two vertices
// crosses the same blocks by the same cut vertices, so a way is unique where
// all of these blocks are single edges, and only in the others is there
// anything to enumerate. Each component is rooted; a block hangs below the
// vertex by which the root is reached.
type blockTree struct {
	above []int32 // by vertex: the block above it, -1 for a root or a vertex outside
	root  []int32 // by vertex: its component's root, -1 for a vertex outside
	depth []int32 // by vertex: blocks between it and the root
	list  []block
}

// block is a maximal set of edges of which every two lie on a common cycle, or
// one edge.
type block struct {
	top   int32 // the vertex nearest to the root
	links []link
	// near has the links by vertex, for blocks of more than one link.
	near map[int32][]edge
}

// link is an edge as a block holds it.
type link struct {
	from int32
	edge
}

// crossing is one block on the way between two vertices.
type crossing struct{ block, in, out int32 }

// searchFrame is a vertex of the depth-first search with its next edge.
type searchFrame struct{ v, via, next int32 }

type blockSearch struct {
	t     *topology
	tree  *blockTree
	order []int32 // discovery number from 1, 0: not seen
	low   []int32
	stack []searchFrame
	trail []link
	clock int32
}

// newBlockTree decomposes t by Tarjan's algorithm, without recursion: a chain
// of firewalls can be long.
func newBlockTree(t *topology) *blockTree {
	n := len(t.edges)
	b := &blockTree{above: filled(n, -1), root: filled(n, -1), depth: make([]int32, n)}
	s := &blockSearch{t: t, tree: b, order: make([]int32, n), low: make([]int32, n)}
	for v := range int32(n) {
		if s.order[v] == 0 && t.carries(v) {
			s.from(v)
		}
	}
	b.measure()
	return b
}

func filled(n int, v int32) []int32 {
	s := make([]int32, n)
	for i := range s {
		s[i] = v
	}
	return s
}

func (s *blockSearch) enter(v, via, root int32) {
	s.clock++
	s.order[v], s.low[v] = s.clock, s.clock
	s.tree.root[v] = root
	s.stack = append(s.stack, searchFrame{v: v, via: via})
}

func (s *blockSearch) from(root int32) {
	s.enter(root, -1, root)
	for len(s.stack) > 0 {
		f := &s.stack[len(s.stack)-1]
		if int(f.next) == len(s.t.edges[f.v]) {
			s.leave()
			continue
		}
		e := s.t.edges[f.v][f.next]
		f.next++
		if e.id == f.via || !s.t.carries(e.to) {
			continue
		}
		switch {
		case s.order[e.to] == 0:
			s.trail = append(s.trail, link{f.v, e})
			s.enter(e.to, e.id, root)
		case s.order[e.to] < s.order[f.v]:
			s.trail = append(s.trail, link{f.v, e})
			s.low[f.v] = min(s.low[f.v], s.order[e.to])
		}
	}
}

// leave ends the search below the vertex on top of the stack. If nothing below
// it reaches above its parent, what was found since is a block.
func (s *blockSearch) leave() {
	f := s.stack[len(s.stack)-1]
	s.stack = s.stack[:len(s.stack)-1]
	if len(s.stack) == 0 {
		return
	}
	up := s.stack[len(s.stack)-1].v
	s.low[up] = min(s.low[up], s.low[f.v])
	if s.low[f.v] < s.order[up] {
		return
	}
	i := len(s.trail) - 1
	for s.trail[i].id != f.via {
		i--
	}
	s.tree.add(up, append([]link(nil), s.trail[i:]...))
	s.trail = s.trail[:i]
}

func (b *blockTree) add(top int32, links []link) {
	id := int32(len(b.list))
	bl := block{top: top, links: links}
	if len(links) > 1 {
		bl.near = map[int32][]edge{}
	}
	for _, l := range links {
		for _, v := range [2]int32{l.from, l.to} {
			if v != top {
				b.above[v] = id
			}
		}
		if bl.near != nil {
			bl.near[l.from] = append(bl.near[l.from], l.edge)
			bl.near[l.to] = append(bl.near[l.to], edge{to: l.from, id: l.id, iface: l.iface})
		}
	}
	b.list = append(b.list, bl)
}

// measure fills depth. Blocks were added from the leaves upwards, so the last
// one's top is a root and going backwards meets each top before its block.
func (b *blockTree) measure() {
	for i := len(b.list) - 1; i >= 0; i-- {
		bl := &b.list[i]
		for _, l := range bl.links {
			for _, v := range [2]int32{l.from, l.to} {
				if v != bl.top {
					b.depth[v] = b.depth[bl.top] + 1
				}
			}
		}
	}
}

// between lists the blocks from u to v with the vertices by which they are
// entered and left; false if there is no way.
func (b *blockTree) between(u, v int32) ([]crossing, bool) {
	if b.root[u] < 0 || b.root[u] != b.root[v] {
		return nil, false
	}
	var up, down []crossing
	for u != v {
		switch bu, bv := b.above[u], b.above[v]; {
		case b.depth[u] > b.depth[v]:
			up = append(up, crossing{bu, u, b.list[bu].top})
			u = b.list[bu].top
		case b.depth[u] < b.depth[v]:
			down = append(down, crossing{bv, b.list[bv].top, v})
			v = b.list[bv].top
		case bu == bv:
			up = append(up, crossing{bu, u, v})
			u = v
		default:
			up = append(up, crossing{bu, u, b.list[bu].top})
			down = append(down, crossing{bv, b.list[bv].top, v})
			u, v = b.list[bu].top, b.list[bv].top
		}
	}
	for i := len(down) - 1; i >= 0; i-- {
		up = append(up, down[i])
	}
	return up, true
}
