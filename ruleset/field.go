package ruleset

import (
	"cmp"
	"slices"
)

// A field says for every packet of one family and one group of interface pairs
// which lines match it, in a form whose size follows the lines and not the
// number of packets.
//
// Source classes are the leaves of a segment tree. A line whose source set is
// wide stands high in the tree, once, instead of being copied to every source.
// A node of the tree has layers: disjoint ranges of destination classes, the
// cells, each with a state. For a packet, the layer nearest to the leaf that has
// a cell for its destination tells the state.
//
// A state is a list of lines on top of the state of a layer below. It decides
// the service classes that its own lines mention (its region), and leaves the
// others to the state below. So a host's single line on top of a thousand lines
// for all hosts costs one line and not a thousand.
//
// For a packet, a field gives the lines that match it, ascending, without those
// that can't matter: trim drops lines of a list whose first lines decide. It
// must give the same for a list and for the union of trimmed parts of it. A
// match is the number of such a list; codes are what eval makes of it.
type field struct {
	svc   *serviceClasses
	eval  func(lines []int32) int32
	trim  func(lines []int32) []int32
	items []item // ascending by line

	lists    *lists // of items
	matches  *lists // of lines
	codes    []int32
	combined map[uint64]int32 // two matches to the match of both
	alone    map[int32]result // what a list of items means by itself

	states  []state
	stateOf map[uint64]int32
	layers  []layer
	top     []int32 // of each source class: its nearest layer, or -1

	steps, limit int
	scratch      scratch
}

// An item is a line with one of its service sets.
type item struct{ line, svc int32 }

// A state with parent -1 is the base, where no line matches. Its segments are
// its region; where they say nothing the parent does.
type state struct {
	parent   int32
	segments result
}

// A result is ascending, disjoint ranges of service classes.
type result []segment

// A segment is a range of service classes with one match.
type segment struct{ lo, hi, match int32 }

// find returns the segment that holds the class.
func (r result) find(class int32) (segment, bool) {
	lo, hi := 0, len(r)
	for lo < hi {
		m := int(uint(lo+hi) >> 1)
		if r[m].hi < class {
			lo = m + 1
		} else {
			hi = m
		}
	}
	if lo < len(r) && r[lo].lo <= class {
		return r[lo], true
	}
	return segment{}, false
}

// A layer belongs to the source classes from xlo to xhi; below is the layer
// under it, or -1.
type layer struct {
	xlo, xhi int32
	below    int32
	cells    []cell
}

// A cell is a range of destination classes. area counts the pairs of source and
// destination class that no higher layer decides.
type cell struct {
	lo, hi, state int32
	area          uint64
}

// A placed is a line on the plane: the numbers of its source and destination
// sets and of its item.
type placed struct{ x, y, item int32 }

// newField makes a field of nx source and ny destination classes. xs and ys
// give the classes of each source and destination set. It returns false if that
// would take more than limit steps.
func newField(svc *serviceClasses, items []item, lines []placed, xs, ys [][]classRange, nx, ny int32, limit int, trim func([]int32) []int32, eval func([]int32) int32) (*field, bool) {
	f := &field{
		svc: svc, eval: eval, trim: trim, items: items, limit: limit,
		lists: newLists(), matches: newLists(),
		combined: map[uint64]int32{}, alone: map[int32]result{}, stateOf: map[uint64]int32{},
	}
	f.codes = append(f.codes, eval(nil))
	f.states = append(f.states, state{parent: -1, segments: result{{0, int32(len(svc.boxes)) - 1, 0}}})
	f.top = make([]int32, nx)
	// The base is a layer of its own, so that every packet has a cell.
	f.layers = append(f.layers, layer{0, nx - 1, -1, []cell{{0, ny - 1, 0, uint64(nx) * uint64(ny)}}})
	t := newTree(f, lines, xs, ys, nx, ny)
	t.build(1, 0, t.size-1, 0)
	return f, f.steps <= f.limit
}

// spend counts steps; it returns false when too many are spent.
func (f *field) spend(n int) bool {
	f.steps += n
	return f.steps <= f.limit
}

// tree is the segment tree over source classes while it is being built.
type tree struct {
	f        *field
	nx, ny   int32
	size     int32
	ys       [][]classRange
	bySource []placed  // sorted by x, then y, then item
	first    []int32   // of each source set: its start in bySource
	nodes    []nodeSet // sorted by node
	busy     []bool    // of each node: it or a node under it has sets
}

type nodeSet struct{ node, set int32 }

func newTree(f *field, lines []placed, xs, ys [][]classRange, nx, ny int32) *tree {
	t := &tree{f: f, nx: nx, ny: ny, size: 1, ys: ys, bySource: lines}
	for t.size < nx {
		t.size *= 2
	}
	slices.SortFunc(lines, func(a, b placed) int {
		return cmp.Or(cmp.Compare(a.x, b.x), cmp.Compare(a.y, b.y), cmp.Compare(a.item, b.item))
	})
	t.bySource = slices.Compact(lines)
	t.first = make([]int32, len(xs)+1)
	for _, l := range t.bySource {
		t.first[l.x+1]++
	}
	for i := range xs {
		t.first[i+1] += t.first[i]
	}
	t.busy = make([]bool, 2*t.size)
	for i, ranges := range xs {
		if t.first[i] == t.first[i+1] {
			continue
		}
		for _, r := range ranges {
			// The last range of classes may as well end with the tree: there
			// is nothing after nx.
			if r.hi == nx-1 {
				r.hi = t.size - 1
			}
			t.place(1, 0, t.size-1, r, int32(i))
		}
	}
	slices.SortFunc(t.nodes, func(a, b nodeSet) int { return cmp.Or(cmp.Compare(a.node, b.node), cmp.Compare(a.set, b.set)) })
	return t
}

// place notes the set at the fewest nodes that make up the range.
func (t *tree) place(node, lo, hi int32, r classRange, set int32) {
	t.busy[node] = true
	if r.lo <= lo && hi <= r.hi {
		t.nodes = append(t.nodes, nodeSet{node, set})
		return
	}
	mid := lo + (hi-lo)/2
	if r.lo <= mid {
		t.place(2*node, lo, mid, r, set)
	}
	if r.hi > mid {
		t.place(2*node+1, mid+1, hi, r, set)
	}
}

// build adds the layers of a node and of all under it on top of a layer.
func (t *tree) build(node, lo, hi, below int32) {
	if lo >= t.nx || t.f.steps > t.f.limit {
		return
	}
	if t.busy[node] {
		below = t.addLayers(node, lo, min(hi, t.nx-1), below)
	}
	if !t.busy[node] || lo == hi {
		for x := lo; x <= min(hi, t.nx-1); x++ {
			t.f.top[x] = below
		}
		return
	}
	mid := lo + (hi-lo)/2
	t.build(2*node, lo, mid, below)
	t.build(2*node+1, mid+1, hi, below)
}

// addLayers adds a layer for the lines of the node whose destination set is
// everything, and one for the others, and returns the top layer.
func (t *tree) addLayers(node, lo, hi, below int32) int32 {
	i, _ := slices.BinarySearchFunc(t.nodes, node, func(n nodeSet, node int32) int { return cmp.Compare(n.node, node) })
	var wide []int32
	var narrow []placed
	for ; i < len(t.nodes) && t.nodes[i].node == node; i++ {
		set := t.nodes[i].set
		for _, l := range t.bySource[t.first[set]:t.first[set+1]] {
			if y := t.ys[l.y]; len(y) == 1 && y[0] == (classRange{0, t.ny - 1}) {
				wide = append(wide, l.item)
			} else {
				narrow = append(narrow, l)
			}
		}
	}
	if len(wide) > 0 {
		slices.Sort(wide)
		below = t.f.addLayer(lo, hi, below, []touch{{0, t.ny - 1, t.f.lists.id(slices.Compact(wide))}})
	}
	if len(narrow) > 0 {
		below = t.f.addLayer(lo, hi, below, t.touches(narrow))
	}
	return below
}

// A touch is a range of destination classes with the list of items that begin
// to match there.
type touch struct{ lo, hi, list int32 }

// touches cuts the destination classes at the ends of the lines' sets.
func (t *tree) touches(lines []placed) []touch {
	type edge struct {
		at, item int32
		ends     bool
	}
	var edges []edge
	for _, l := range lines {
		for _, r := range t.ys[l.y] {
			edges = append(edges, edge{r.lo, l.item, false}, edge{r.hi + 1, l.item, true})
		}
	}
	if !t.f.spend(len(edges)) {
		return nil
	}
	slices.SortFunc(edges, func(a, b edge) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.item, b.item)) })
	var out []touch
	var active []int32 // ascending; an item may be there several times
	for i := 0; i < len(edges); {
		at := edges[i].at
		for ; i < len(edges) && edges[i].at == at; i++ {
			k, _ := slices.BinarySearch(active, edges[i].item)
			if edges[i].ends {
				active = slices.Delete(active, k, k+1)
			} else {
				active = slices.Insert(active, k, edges[i].item)
			}
		}
		if len(active) == 0 {
			continue
		}
		if !t.f.spend(len(active)) {
			return nil
		}
		t.f.scratch.list = append(t.f.scratch.list[:0], active...)
		out = append(out, touch{at, edges[i].at - 1, t.f.lists.id(slices.Compact(t.f.scratch.list))})
	}
	return out
}

// addLayer lays the touches over the layer below.
func (f *field) addLayer(xlo, xhi, below int32, touches []touch) int32 {
	width := uint64(xhi-xlo) + 1
	var cells []cell
	for _, t := range touches {
		f.cover(below, t.lo, t.hi, func(lo, hi int32, under *cell) {
			s := f.push(under.state, t.list)
			area := width * (uint64(hi-lo) + 1)
			under.area -= area
			if n := len(cells); n > 0 && cells[n-1].state == s && cells[n-1].hi+1 == lo {
				cells[n-1].hi = hi
				cells[n-1].area += area
			} else {
				cells = append(cells, cell{lo, hi, s, area})
			}
		})
		if f.steps > f.limit {
			break
		}
	}
	f.layers = append(f.layers, layer{xlo, xhi, below, cells})
	return int32(len(f.layers) - 1)
}

// cover visits the cells that one sees from above between lo and hi, ascending.
func (f *field) cover(top, lo, hi int32, visit func(lo, hi int32, c *cell)) {
	if top < 0 || !f.spend(1) {
		return
	}
	l := &f.layers[top]
	i := l.find(lo)
	for ; i < len(l.cells) && l.cells[i].lo <= hi; i++ {
		c := &l.cells[i]
		if c.lo > lo {
			f.cover(l.below, lo, c.lo-1, visit)
			lo = c.lo
		}
		if !f.spend(1) {
			return
		}
		visit(lo, min(hi, c.hi), c)
		lo = c.hi + 1
	}
	if lo <= hi {
		f.cover(l.below, lo, hi, visit)
	}
}

// find returns the index of the first cell that doesn't end before y.
func (l *layer) find(y int32) int {
	lo, hi := 0, len(l.cells)
	for lo < hi {
		m := int(uint(lo+hi) >> 1)
		if l.cells[m].hi < y {
			lo = m + 1
		} else {
			hi = m
		}
	}
	return lo
}

// stateAt returns the state of a source and a destination class.
func (f *field) stateAt(x, y int32) int32 {
	for k := f.top[x]; k >= 0; k = f.layers[k].below {
		l := &f.layers[k]
		if i := l.find(y); i < len(l.cells) && l.cells[i].lo <= y {
			return l.cells[i].state
		}
	}
	return 0
}

// match returns what matches in a state for a service class.
func (f *field) match(s, class int32) int32 {
	for {
		if seg, ok := f.states[s].segments.find(class); ok {
			return seg.match
		}
		s = f.states[s].parent
	}
}
