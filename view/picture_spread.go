package view

// slot is a place on a line: where something wants to be, how far it has to
// stay from the slot before it (or from where the line begins), and where it is
// put.
type slot struct{ want, gap, at int }

// spread puts slots, in their order, between lo and hi such that gaps are kept
// and the sum of the squares of the ways from where they want to be is least,
// up to rounding. If there is no room for all they begin at lo.
func spread(slots []slot, lo, hi int) {
	if len(slots) == 0 {
		return
	}
	// Without the gaps it is the isotonic regression of the wishes, which
	// pooling adjacent violators finds.
	type pool struct{ sum, n int }
	var pools []pool
	offset := 0
	for _, s := range slots {
		offset += s.gap
		p := pool{s.want - offset, 1}
		for len(pools) > 0 && pools[len(pools)-1].sum*p.n >= p.sum*pools[len(pools)-1].n {
			last := pools[len(pools)-1]
			pools = pools[:len(pools)-1]
			p = pool{p.sum + last.sum, p.n + last.n}
		}
		pools = append(pools, p)
	}
	i, total := 0, offset
	offset = 0
	for _, p := range pools {
		at := max(lo, min(p.sum/p.n, hi-total))
		for range p.n {
			offset += slots[i].gap
			slots[i].at = at + offset
			i++
		}
	}
}
