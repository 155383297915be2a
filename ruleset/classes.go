package ruleset

import (
	"cmp"
	"slices"
)

// Packets are compared by classes: two points of a line are in one class if no
// set that a rule mentions tells them apart. A group of a thousand hosts that
// are always named together is one class, and what is done for it is done once.

// A classRange is the classes from lo to hi, both included.
type classRange struct{ lo, hi int32 }

// classes is the partition of a line by some sets.
type classes[T point[T]] struct {
	starts  []T     // lower ends of the elementary intervals, ascending
	class   []int32 // of each elementary interval
	created []int32 // number of classes before each elementary interval; one more at the end
	full    span[T]
	of      [][]classRange // of each set
}

func (c *classes[T]) n() int32 { return c.created[len(c.starts)] }

// partition makes classes from sets in normal form. Classes are numbered by
// their lowest points. A span of a set therefore holds just the classes whose
// lowest point it holds, which have adjacent numbers, and those that an earlier
// span of the set holds: a set has no more class ranges than spans.
func partition[T point[T]](sets [][]span[T], full span[T]) *classes[T] {
	c := &classes[T]{full: full}
	sig := signature{child: map[uint64]int32{}}
	rank := rankBySize(sets, full)
	events := cutEvents(sets, full, rank)
	c.starts = append(c.starts, full.lo)
	seen := map[int32]int32{}
	for i := 0; ; {
		for i < len(events) && events[i].at == c.starts[len(c.starts)-1] {
			sig.toggle(events[i].rank)
			i++
		}
		node := sig.node()
		c.created = append(c.created, int32(len(seen)))
		id, ok := seen[node]
		if !ok {
			id = int32(len(seen))
			seen[node] = id
		}
		c.class = append(c.class, id)
		if i == len(events) {
			break
		}
		c.starts = append(c.starts, events[i].at)
	}
	c.created = append(c.created, int32(len(seen)))
	c.of = make([][]classRange, len(sets))
	for i, s := range sets {
		c.of[i] = c.ranges(s)
	}
	return c
}

// ranges returns the classes of a set whose ends are among the starts.
func (c *classes[T]) ranges(s []span[T]) []classRange {
	var out []classRange
	for _, x := range s {
		lo := c.created[c.interval(x.lo)]
		hi := c.created[c.interval(x.hi)+1] - 1
		if lo > hi {
			continue
		}
		if n := len(out); n > 0 && out[n-1].hi+1 == lo {
			out[n-1].hi = hi
		} else {
			out = append(out, classRange{lo, hi})
		}
	}
	return out
}

// interval returns the index of the elementary interval that x is in.
func (c *classes[T]) interval(x T) int {
	lo, hi := 0, len(c.starts)
	for lo < hi {
		m := int(uint(lo+hi) >> 1)
		if c.starts[m].cmp(x) <= 0 {
			lo = m + 1
		} else {
			hi = m
		}
	}
	return lo - 1
}

// spans returns the points of the classes in normal form.
func (c *classes[T]) spans(in []classRange) []span[T] {
	member := make([]bool, c.n())
	for _, r := range in {
		for k := r.lo; k <= r.hi; k++ {
			member[k] = true
		}
	}
	var out []span[T]
	for i, k := range c.class {
		if !member[k] {
			continue
		}
		hi := c.full.hi
		if i+1 < len(c.starts) {
			hi = c.starts[i+1].prev()
		}
		if n := len(out); n > 0 && out[n-1].hi.next() == c.starts[i] {
			out[n-1].hi = hi
		} else {
			out = append(out, span[T]{c.starts[i], hi})
		}
	}
	return out
}

// A cut is a point where the set of this rank begins or ends.
type cut[T point[T]] struct {
	at   T
	rank int32
}

// cutEvents returns where the sets begin and end, ascending. The full set tells
// nothing apart.
func cutEvents[T point[T]](sets [][]span[T], full span[T], rank []int32) []cut[T] {
	var events []cut[T]
	for i, s := range sets {
		if len(s) == 1 && s[0] == full {
			continue
		}
		for _, x := range s {
			events = append(events, cut[T]{x.lo, rank[i]})
			if x.hi != full.hi {
				events = append(events, cut[T]{x.hi.next(), rank[i]})
			}
		}
	}
	slices.SortFunc(events, func(a, b cut[T]) int { return cmp.Or(a.at.cmp(b.at), cmp.Compare(a.rank, b.rank)) })
	return events
}

// rankBySize numbers the sets so that wide ones come first: a signature changes
// at its tail when a narrow set begins or ends, which is what mostly happens.
// The order has no influence on the classes.
func rankBySize[T point[T]](sets [][]span[T], full span[T]) []int32 {
	order := make([]int32, len(sets))
	widest := make([]span[T], len(sets))
	for i, s := range sets {
		order[i] = int32(i)
		if len(s) > 0 {
			widest[i] = span[T]{s[0].lo, s[len(s)-1].hi}
		} else {
			widest[i] = full
		}
	}
	// By lower end, and the longer one first: of nested sets the outer comes
	// first.
	slices.SortStableFunc(order, func(a, b int32) int {
		return cmp.Or(widest[a].lo.cmp(widest[b].lo), widest[b].hi.cmp(widest[a].hi))
	})
	rank := make([]int32, len(sets))
	for i, s := range order {
		rank[s] = int32(i)
	}
	return rank
}

// A signature is a set of ranks, kept so that equal sets have equal nodes: the
// ascending ranks are a path in a trie.
type signature struct {
	ranks []int32
	path  []int32          // path[i] is the node of ranks[:i+1]
	child map[uint64]int32 // node and rank to node; nodes count from 1
}

// toggle adds the rank, or removes it if it is there.
func (s *signature) toggle(rank int32) {
	i, found := slices.BinarySearch(s.ranks, rank)
	if found {
		s.ranks = slices.Delete(s.ranks, i, i+1)
	} else {
		s.ranks = slices.Insert(s.ranks, i, rank)
	}
	s.path = s.path[:i]
	for _, r := range s.ranks[i:] {
		key := uint64(uint32(s.node()))<<32 | uint64(uint32(r))
		n, ok := s.child[key]
		if !ok {
			n = int32(len(s.child)) + 1
			s.child[key] = n
		}
		s.path = append(s.path, n)
	}
}

func (s *signature) node() int32 {
	if len(s.path) == 0 {
		return 0
	}
	return s.path[len(s.path)-1]
}
