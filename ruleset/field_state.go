package ruleset

import (
	"cmp"
	"slices"
)

// scratch is memory that is used again and again while a field is built.
type scratch struct {
	list   []int32
	edges  []lineEdge
	active []int32
}

// A lineEdge is a service class at which a line begins or ceases to match.
type lineEdge struct {
	at, line int32
	ends     bool
}

// push returns the state that has a list of items on top of another state.
func (f *field) push(parent, list int32) int32 {
	key := uint64(uint32(parent))<<32 | uint64(uint32(list))
	if s, ok := f.stateOf[key]; ok {
		return s
	}
	segments := f.meaning(list)
	if parent != 0 {
		var both result
		for _, seg := range segments {
			f.effective(parent, seg.lo, seg.hi, func(under segment) {
				both = both.append(segment{under.lo, under.hi, f.combine(under.match, seg.match)})
			})
		}
		segments = slices.Clip(both)
	}
	s := int32(len(f.states))
	f.states = append(f.states, state{parent, segments})
	f.stateOf[key] = s
	return s
}

// effective visits what matches in a state between two service classes.
func (f *field) effective(s, lo, hi int32, visit func(segment)) {
	segments := f.states[s].segments
	i, _ := slices.BinarySearchFunc(segments, lo, func(x segment, lo int32) int { return cmp.Compare(x.hi, lo) })
	for ; i < len(segments) && segments[i].lo <= hi; i++ {
		x := segments[i]
		if lo < x.lo {
			f.effective(f.states[s].parent, lo, x.lo-1, visit)
			lo = x.lo
		}
		if !f.spend(1) {
			return
		}
		visit(segment{lo, min(hi, x.hi), x.match})
		lo = x.hi + 1
	}
	if lo <= hi {
		f.effective(f.states[s].parent, lo, hi, visit)
	}
}

// combine returns the match of the lines of both matches.
func (f *field) combine(a, b int32) int32 {
	if a == b || b == 0 {
		return a
	}
	if a == 0 {
		return b
	}
	key := uint64(uint32(a))<<32 | uint64(uint32(b))
	if m, ok := f.combined[key]; ok {
		return m
	}
	x, y := f.matches.at(a), f.matches.at(b)
	f.spend(len(x) + len(y))
	out := f.scratch.list[:0]
	for len(x) > 0 && len(y) > 0 {
		switch {
		case x[0] < y[0]:
			out, x = append(out, x[0]), x[1:]
		case x[0] > y[0]:
			out, y = append(out, y[0]), y[1:]
		default:
			out, x, y = append(out, x[0]), x[1:], y[1:]
		}
	}
	f.scratch.list = append(append(out, x...), y...)
	f.combined[key] = f.matchOf(f.scratch.list)
	return f.combined[key]
}

// matchOf returns the match of lines, which ascend. It may reuse their memory.
func (f *field) matchOf(lines []int32) int32 {
	id := f.matches.id(f.trim(lines))
	if int(id) == len(f.codes) {
		f.codes = append(f.codes, f.eval(f.matches.at(id)))
	}
	return id
}

// meaning returns what matches where a list of items is alone.
func (f *field) meaning(list int32) result {
	if r, ok := f.alone[list]; ok {
		return r
	}
	f.fillEdges(f.lists.at(list))
	edges, active := f.scratch.edges, f.scratch.active[:0]
	var r result
	for i := 0; i < len(edges); {
		at := edges[i].at
		for ; i < len(edges) && edges[i].at == at; i++ {
			active = toggle(active, edges[i])
		}
		if len(active) == 0 {
			continue
		}
		f.spend(len(active))
		f.scratch.list = append(f.scratch.list[:0], active...)
		r = r.append(segment{at, edges[i].at - 1, f.matchOf(slices.Compact(f.scratch.list))})
	}
	f.scratch.active = active
	f.alone[list] = slices.Clip(r)
	return r
}

// append appends a segment and joins it to the last one if it can.
func (r result) append(s segment) result {
	if n := len(r); n > 0 && r[n-1].hi+1 == s.lo && r[n-1].match == s.match {
		r[n-1].hi = s.hi
		return r
	}
	return append(r, s)
}

// toggle adds or removes the line of an edge in an ascending list. A line is
// there as often as items of it match.
func toggle(active []int32, e lineEdge) []int32 {
	k, _ := slices.BinarySearch(active, e.line)
	if e.ends {
		return slices.Delete(active, k, k+1)
	}
	return slices.Insert(active, k, e.line)
}

// fillEdges collects where the lines of the items begin and cease to match,
// ascending.
func (f *field) fillEdges(items []int32) {
	edges := f.scratch.edges[:0]
	for _, i := range items {
		it := f.items[i]
		for _, c := range f.svc.of[it.svc] {
			edges = append(edges, lineEdge{c.lo, it.line, false}, lineEdge{c.hi + 1, it.line, true})
		}
	}
	f.spend(len(edges))
	slices.SortFunc(edges, func(a, b lineEdge) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.line, b.line)) })
	f.scratch.edges = edges
}
