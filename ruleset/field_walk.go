package ruleset

import (
	"cmp"
	"slices"
	"strconv"
)

func itoa(n int) string { return strconv.Itoa(n) }

// eachNonzero visits disjoint boxes that together are all packets whose code
// is not 0. classes ascend and are in normal form. It returns false over the limit.
func (f *field) eachNonzero(visit func(x, y classRange, classes []span[classNo], code int32)) bool {
	w := walker{f: f, visit: visit, expanded: make([][]coded, len(f.states)), done: make([]bool, len(f.states))}
	if !w.markLayers() {
		return f.steps <= f.limit
	}
	for x := 0; x < len(f.top); {
		end := x
		for end+1 < len(f.top) && f.top[end+1] == f.top[x] {
			end++
		}
		w.x = classRange{int32(x), int32(end)}
		w.stack(f.top[x])
		x = end + 1
	}
	return f.steps <= f.limit
}

// A coded is a range of service classes with one code that is not 0.
type coded struct{ lo, hi, code int32 }

type walker struct {
	f        *field
	visit    func(x, y classRange, classes []span[classNo], code int32)
	expanded [][]coded // of each state
	done     []bool
	nonzero  [][]int32 // of each layer: its cells that are seen and not 0
	x        classRange
	above    []int32 // the layers above the one that is walked
}

// markLayers finds the cells that matter; it returns false if there are none.
func (w *walker) markLayers() bool {
	w.nonzero = make([][]int32, len(w.f.layers))
	some := false
	for k := range w.f.layers {
		for i, c := range w.f.layers[k].cells {
			if c.area > 0 && len(w.expand(c.state)) > 0 {
				w.nonzero[k] = append(w.nonzero[k], int32(i))
				some = true
			}
		}
	}
	return some
}

// expand returns the service classes of a state whose code is not 0, by code.
func (w *walker) expand(s int32) []coded {
	if w.done[s] {
		return w.expanded[s]
	}
	w.done[s] = true
	st := &w.f.states[s]
	var out []coded
	for _, seg := range st.segments {
		if code := w.f.codes[seg.match]; code != 0 {
			out = append(out, coded{seg.lo, seg.hi, code})
		}
	}
	if st.parent >= 0 {
		own := make([]span[classNo], len(st.segments))
		for i, seg := range st.segments {
			own[i] = span[classNo]{classNo(seg.lo), classNo(seg.hi)}
		}
		for _, seg := range w.expand(st.parent) {
			for _, x := range subtract([]span[classNo]{{classNo(seg.lo), classNo(seg.hi)}}, own) {
				out = append(out, coded{int32(x.lo), int32(x.hi), seg.code})
			}
		}
	}
	w.f.spend(len(out))
	slices.SortFunc(out, func(a, b coded) int { return cmp.Or(cmp.Compare(a.code, b.code), cmp.Compare(a.lo, b.lo)) })
	w.expanded[s] = out
	return out
}

// stack visits what is seen of the layers from the top one down.
func (w *walker) stack(top int32) {
	w.above = w.above[:0]
	for k := top; k >= 0 && w.f.spend(1); k = w.f.layers[k].below {
		for _, i := range w.nonzero[k] {
			c := &w.f.layers[k].cells[i]
			w.seen(c, c.lo, c.hi, len(w.above))
		}
		w.above = append(w.above, k)
	}
}

// seen visits the parts of a cell between lo and hi that the first n of the
// layers above leave visible.
func (w *walker) seen(c *cell, lo, hi int32, n int) {
	if !w.f.spend(1) {
		return
	}
	if n == 0 {
		w.cell(c.state, lo, hi)
		return
	}
	l := &w.f.layers[w.above[n-1]]
	for i := l.find(lo); i < len(l.cells) && l.cells[i].lo <= hi; i++ {
		if lo < l.cells[i].lo {
			w.seen(c, lo, l.cells[i].lo-1, n-1)
		}
		lo = l.cells[i].hi + 1
	}
	if lo <= hi {
		w.seen(c, lo, hi, n-1)
	}
}

// cell visits the codes of a state.
func (w *walker) cell(s, lo, hi int32) {
	codes := w.expanded[s]
	for len(codes) > 0 {
		n := 1
		for n < len(codes) && codes[n].code == codes[0].code {
			n++
		}
		classes := make([]span[classNo], n)
		for i := range n {
			classes[i] = span[classNo]{classNo(codes[i].lo), classNo(codes[i].hi)}
		}
		w.f.spend(n)
		w.visit(w.x, classRange{lo, hi}, normal(classes), codes[0].code)
		codes = codes[n:]
	}
}
