package ruleset

import (
	"cmp"
	"slices"
)

// classNo is the number of a class as a point of a line.
type classNo int32

func (c classNo) cmp(d classNo) int { return cmp.Compare(c, d) }
func (c classNo) next() classNo     { return c + 1 }
func (c classNo) prev() classNo     { return c - 1 }

// axes is the largest number of dimensions of a product.
const axes = 5

// A product is the product of one set for each axis, with a tag that must be
// equal for products to be merged.
type product struct {
	set [axes]int32 // numbers of sets in the table of the axis
	tag int32
}

// products are disjoint products over n axes.
type products struct {
	n     int
	rows  []product
	table [axes]*interned[[]span[classNo]]
}

func newProducts(n int) *products {
	p := &products{n: n}
	for i := range n {
		p.table[i] = &interned[[]span[classNo]]{hash: hashClasses, same: func(a, b []span[classNo]) bool { return slices.Equal(a, b) }}
	}
	return p
}

func hashClasses(s []span[classNo]) uint64 {
	h := uint64(len(s))
	for _, x := range s {
		h = mix(h ^ uint64(uint32(x.lo))<<32 ^ uint64(uint32(x.hi)))
	}
	return h
}

// add adds a product of sets in normal form; one that has an empty set adds
// nothing.
func (p *products) add(tag int32, sets ...[]span[classNo]) {
	row := product{tag: tag}
	for i, s := range sets {
		if len(s) == 0 {
			return
		}
		row.set[i] = p.table[i].id(s)
	}
	p.rows = append(p.rows, row)
}

// sets returns the sets of a row.
func (p *products) at(row, axis int) []span[classNo] {
	return p.table[axis].values[p.rows[row].set[axis]]
}

// merge joins rows that are equal but for one axis, axis by axis, until no two
// rows can be joined. The rows that are left are disjoint and cover what all
// rows covered. Each stands where the first row stood that is part of it. alive
// are their numbers, ascending.
func (p *products) merge() (alive []int32) {
	alive = make([]int32, len(p.rows))
	for i := range alive {
		alive[i] = int32(i)
	}
	for unchanged := 0; unchanged < p.n; {
		for axis := 0; axis < p.n && unchanged < p.n; axis++ {
			n := len(alive)
			alive = p.mergeAxis(alive, axis)
			if unchanged++; len(alive) < n {
				unchanged = 1 // This axis has nothing left to join.
			}
		}
	}
	return alive
}

// mergeAxis joins rows that differ in the axis only.
func (p *products) mergeAxis(alive []int32, axis int) []int32 {
	first := make(map[product]int32, len(alive))
	parts := map[int32][]span[classNo]{}
	kept := alive[:0]
	for _, r := range alive {
		key := p.rows[r]
		key.set[axis] = -1
		f, ok := first[key]
		if !ok {
			first[key] = r
			kept = append(kept, r)
			continue
		}
		if _, begun := parts[f]; !begun {
			parts[f] = slices.Clone(p.at(int(f), axis))
		}
		parts[f] = append(parts[f], p.at(int(r), axis)...)
	}
	for f, s := range parts {
		s = slices.Clip(normal(s))
		parts[f] = s
	}
	// Sets get their numbers in the order of rows, not in that of the map.
	for _, f := range kept {
		if s, ok := parts[f]; ok {
			p.rows[f].set[axis] = p.table[axis].id(s)
		}
	}
	return kept
}

func one(n int32) []span[classNo] { return []span[classNo]{{classNo(n), classNo(n)}} }

// members lists the numbers of a set.
func members(s []span[classNo]) []int32 {
	n := 0
	for _, x := range s {
		n += int(x.hi-x.lo) + 1
	}
	out := make([]int32, 0, n)
	for _, x := range s {
		for k := x.lo; k <= x.hi; k++ {
			out = append(out, int32(k))
		}
	}
	return out
}
