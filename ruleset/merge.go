package ruleset

import "slices"

// A Row says that a flow goes from one leg to another with a service. Legs and
// services are numbers that the caller gives: legs are disjoint sets of
// addresses, a service number stands for one set of ports.
type Row struct {
	Src, Dst int32
	Service  int32
	Flow     int32
}

// A Merged rule is the product of its sources, destinations and services, all
// ascending. Flows are the flows of the rows that it was made of.
type Merged struct {
	Src, Dst []int32
	Services []int32
	Flows    []int32
}

// Merge joins rows to few rules that together permit what the rows permit and
// nothing else: rows that agree in destination and service first, then in
// source and service, then in source and destination, until no two rules can be
// joined. No two rules have a (source, destination, service) in common. Rules
// are ordered by the first row that is part of each, so that the result depends
// on nothing but the rows and their order.
//
// A leg that takes part in the same rows as another is in the same rules: to
// add it adds one member to each of them.
func Merge(rows []Row) []Merged {
	p := newProducts(3)
	type triple struct{ src, dst, service int32 }
	at := make(map[triple]int32, len(rows))
	rowOf := make([]int32, len(rows))
	for i, r := range rows {
		t := triple{r.Src, r.Dst, r.Service}
		k, ok := at[t]
		if !ok {
			k = int32(len(p.rows))
			at[t] = k
			p.add(0, one(r.Src), one(r.Dst), one(r.Service))
		}
		rowOf[i] = k
	}
	alive := p.merge()
	out := make([]Merged, len(alive))
	place := make(map[int32]int32, len(alive))
	for i, r := range alive {
		place[r] = int32(i)
		out[i] = Merged{Src: members(p.at(int(r), 0)), Dst: members(p.at(int(r), 1)), Services: members(p.at(int(r), 2))}
	}
	for i, r := range rows {
		m := &out[place[p.root(rowOf[i])]]
		m.Flows = append(m.Flows, r.Flow)
	}
	for i := range out {
		slices.Sort(out[i].Flows)
		out[i].Flows = slices.Clip(slices.Compact(out[i].Flows))
	}
	return out
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
