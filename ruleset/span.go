package ruleset

import "slices"

// A point is an element of a line on which sets are kept as spans: an address
// of one family or a port. next and prev are undefined at the ends of the
// line, which the algorithms below never cross.
type point[T any] interface {
	comparable
	cmp(T) int
	next() T
	prev() T
}

// A span is all points from lo to hi, both included.
type span[T point[T]] struct{ lo, hi T }

// normal sorts and merges spans in place, so that equal sets become equal
// slices: ascending, disjoint, not adjacent.
func normal[T point[T]](s []span[T]) []span[T] {
	if len(s) < 2 {
		return s
	}
	byLow := func(a, b span[T]) int { return a.lo.cmp(b.lo) }
	if !slices.IsSortedFunc(s, byLow) {
		slices.SortFunc(s, byLow)
	}
	out := s[:1]
	for _, x := range s[1:] {
		last := &out[len(out)-1]
		// x.lo > last.hi means that x.lo has a predecessor.
		if x.lo.cmp(last.hi) > 0 && x.lo.prev() != last.hi {
			out = append(out, x)
		} else if x.hi.cmp(last.hi) > 0 {
			last.hi = x.hi
		}
	}
	return out
}

// union returns the normal form of a and b together.
func union[T point[T]](a, b []span[T]) []span[T] {
	if len(a) == 0 {
		return b
	}
	if len(b) == 0 {
		return a
	}
	all := make([]span[T], 0, len(a)+len(b))
	i, j := 0, 0
	for i < len(a) && j < len(b) {
		if a[i].lo.cmp(b[j].lo) <= 0 {
			all = append(all, a[i])
			i++
		} else {
			all = append(all, b[j])
			j++
		}
	}
	all = append(all, a[i:]...)
	all = append(all, b[j:]...)
	return normal(all)
}

// intersect returns what a and b share.
func intersect[T point[T]](a, b []span[T]) []span[T] {
	var out []span[T]
	for i, j := 0, 0; i < len(a) && j < len(b); {
		lo, hi := later(a[i].lo, b[j].lo), earlier(a[i].hi, b[j].hi)
		if lo.cmp(hi) <= 0 {
			out = append(out, span[T]{lo, hi})
		}
		if a[i].hi.cmp(b[j].hi) < 0 {
			i++
		} else {
			j++
		}
	}
	return out
}

// subtract returns what is in a and not in b.
func subtract[T point[T]](a, b []span[T]) []span[T] {
	var out []span[T]
	j := 0
	for _, x := range a {
		for j < len(b) && b[j].hi.cmp(x.lo) < 0 {
			j++
		}
		lo, left := x.lo, true
		for k := j; k < len(b) && b[k].lo.cmp(x.hi) <= 0; k++ {
			if b[k].lo.cmp(lo) > 0 {
				out = append(out, span[T]{lo, b[k].lo.prev()})
			}
			if b[k].hi.cmp(x.hi) >= 0 {
				left = false
				break
			}
			lo = b[k].hi.next()
		}
		if left {
			out = append(out, span[T]{lo, x.hi})
		}
	}
	return out
}

// contains says whether x is in s.
func contains[T point[T]](s []span[T], x T) bool {
	lo, hi := 0, len(s)
	for lo < hi {
		m := int(uint(lo+hi) >> 1)
		if s[m].hi.cmp(x) < 0 {
			lo = m + 1
		} else {
			hi = m
		}
	}
	return lo < len(s) && s[lo].lo.cmp(x) <= 0
}

func later[T point[T]](a, b T) T {
	if a.cmp(b) > 0 {
		return a
	}
	return b
}

func earlier[T point[T]](a, b T) T {
	if a.cmp(b) < 0 {
		return a
	}
	return b
}
