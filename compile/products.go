package compile

import (
	"cmp"
	"slices"

	"github.com/nbfwc/nbfwc/lang"
)

// legSets numbers sets of legs: equal sets have the same number.
type legSets struct {
	list  [][]int32 // sorted
	index map[uint64][]int32
}

// id is the number of a sorted set.
func (s *legSets) id(set []int32) int32 {
	h := uint64(14695981039346656037)
	for _, v := range set {
		h = (h ^ uint64(uint32(v))) * 1099511628211
		h ^= h >> 29
	}
	for _, i := range s.index[h] {
		if slices.Equal(s.list[i], set) {
			return i
		}
	}
	i := int32(len(s.list))
	s.list = append(s.list, slices.Clone(set))
	s.index[h] = append(s.index[h], i)
	return i
}

// self is the index that stands for the firewall itself where interfaces are
// numbered.
const self = int32(-1)

// lane is where the flows of one row cross a firewall with the same ports.
type lane struct {
	in, out int32 // interfaces, self
	v6      bool
	ports   *Port // identity of the ports
}

// crossings of one row in one lane.
type relation struct {
	lane
	flow  *Flow // any of them: they agree in all but ends
	pairs []flowPair
}

type flowPair struct{ src, dst, flow int32 }

// product is all of a set of sources with all of a set of destinations: what
// one rule can say.
type product struct {
	lane
	flow     *Flow
	src, dst int32 // numbers of leg sets
	flows    []int32
	anchor   int32 // the first leg of the side whose legs no other product of the relation has
}

// relations sorts a firewall's flows into lanes, in the order in which they
// first occur.
//
// The relations are valid until visit returns; their room is used again.
func (g *Graph) relations(fw *Firewall, room *[]*relation, visit func(*relation)) {
	index := map[*lang.Interface]int32{nil: self}
	for i, f := range fw.Interfaces {
		index[f] = int32(i)
	}
	for i := 0; i < len(fw.Flows); {
		n := i + 1
		for n < len(fw.Flows) && g.alike(fw.Flows[i], fw.Flows[n]) {
			n++
		}
		for _, r := range g.lanes(fw, fw.Flows[i:n], index, room) {
			visit(r)
		}
		i = n
	}
}

// alike reports whether two flows have the same reason.
func (g *Graph) alike(a, b int32) bool {
	f, h := &g.Flows[a], &g.Flows[b]
	return f.Row == h.Row && f.Custom == h.Custom && f.Domain == h.Domain && f.Link == h.Link && f.Idle == h.Idle
}

func (g *Graph) lanes(fw *Firewall, ids []int32, index map[*lang.Interface]int32, room *[]*relation) []*relation {
	n := 0
	var known map[lane]*relation
	var last *relation
	for _, id := range ids {
		f := &g.Flows[id]
		for _, path := range f.Paths {
			for _, h := range path {
				if h.Firewall != fw {
					continue
				}
				l := lane{index[h.In], index[h.Out], g.legs.isV6(g.ends[id].from), &f.Ports[0]}
				if last == nil || last.lane != l {
					if known == nil {
						known = map[lane]*relation{}
					}
					if last = known[l]; last == nil {
						if n == len(*room) {
							*room = append(*room, new(relation))
						}
						last = (*room)[n]
						n++
						*last = relation{lane: l, flow: f, pairs: last.pairs[:0]}
						known[l] = last
					}
				}
				last.pairs = append(last.pairs, flowPair{g.ends[id].from, g.ends[id].to, id})
			}
		}
	}
	return (*room)[:n]
}

func bySource(a, b flowPair) int {
	return cmp.Or(cmp.Compare(a.src, b.src), cmp.Compare(a.dst, b.dst), cmp.Compare(a.flow, b.flow))
}

// products splits a relation into disjoint products, as few as equal signatures
// allow: legs of one side with the same partners are one product.
func (r *relation) products(sets *legSets, g *Graph) []product {
	if !slices.IsSortedFunc(r.pairs, bySource) {
		slices.SortFunc(r.pairs, bySource)
	}
	// Two paths of one flow can cross a firewall by the same interfaces, and a
	// flow of the policy can name the same hosts twice.
	r.pairs = slices.CompactFunc(r.pairs, func(a, b flowPair) bool { return a == b })
	if p, ok := r.whole(sets); ok {
		return []product{p}
	}
	if g.splitBySource(r) {
		return r.split(sets, false)
	}
	return r.split(sets, true)
}

// whole is r as one product, if it is one.
func (r *relation) whole(sets *legSets) (product, bool) {
	k := 1
	for k < len(r.pairs) && r.pairs[k].src == r.pairs[0].src {
		k++
	}
	if len(r.pairs)%k != 0 {
		return product{}, false
	}
	srcs := make([]int32, 0, len(r.pairs)/k)
	for i, p := range r.pairs {
		if i%k == 0 {
			if i > 0 && p.src == r.pairs[i-1].src {
				return product{}, false
			}
			srcs = append(srcs, p.src)
		}
		if p.src != srcs[len(srcs)-1] || p.dst != r.pairs[i%k].dst || i%k > 0 && i < k && p.dst == r.pairs[i-1].dst {
			return product{}, false
		}
	}
	dsts := make([]int32, k)
	for i := range dsts {
		dsts[i] = r.pairs[i].dst
	}
	return product{lane: r.lane, flow: r.flow, src: sets.id(srcs), dst: sets.id(dsts), flows: r.ids(), anchor: srcs[0]}, true
}

func (r *relation) ids() []int32 {
	ids := make([]int32, len(r.pairs))
	for i, p := range r.pairs {
		ids[i] = p.flow
	}
	slices.Sort(ids)
	return ids
}

// splitBySource says on which side of a relation legs are told apart by their
// partners: the side that says peers, else the side with more legs. Hosts that
// come and go are mostly on that side, and a new one adds a rule there instead
// of changing others.
func (g *Graph) splitBySource(r *relation) bool {
	srcs, dsts := map[int32]bool{}, map[int32]bool{}
	for _, p := range r.pairs {
		srcs[p.src], dsts[p.dst] = true, true
	}
	if r.flow.Row != nil {
		switch {
		case g.anyPeers(srcs, r.flow.Row.To):
			return true
		case g.anyPeers(dsts, r.flow.Row.From):
			return false
		}
	}
	return len(srcs) >= len(dsts)
}

func (g *Graph) anyPeers(legs map[int32]bool, role *lang.Role) bool {
	for id := range legs {
		if g.legs.isZone(id) {
			continue
		}
		if _, ok := g.legs.list[id].group.Peers[role]; ok {
			return true
		}
	}
	return false
}

// split makes a product for each set of partners.
func (r *relation) split(sets *legSets, byDst bool) []product {
	pairs := r.pairs
	if byDst {
		pairs = slices.Clone(pairs)
		for i, p := range pairs {
			pairs[i].src, pairs[i].dst = p.dst, p.src
		}
		slices.SortFunc(pairs, bySource)
	}
	type class struct{ legs, flows []int32 }
	classes := map[int32]*class{}
	var order, partners []int32
	for i := 0; i < len(pairs); {
		n := i
		partners = partners[:0]
		for n < len(pairs) && pairs[n].src == pairs[i].src {
			if k := len(partners); k == 0 || partners[k-1] != pairs[n].dst {
				partners = append(partners, pairs[n].dst)
			}
			n++
		}
		id := sets.id(partners)
		c := classes[id]
		if c == nil {
			c = &class{}
			classes[id] = c
			order = append(order, id)
		}
		c.legs = append(c.legs, pairs[i].src)
		for _, p := range pairs[i:n] {
			c.flows = append(c.flows, p.flow)
		}
		i = n
	}
	var list []product
	for _, id := range order {
		c := classes[id]
		slices.Sort(c.flows)
		p := product{lane: r.lane, flow: r.flow, src: sets.id(c.legs), dst: id, flows: slices.Compact(c.flows), anchor: c.legs[0]}
		if byDst {
			p.src, p.dst = p.dst, p.src
		}
		list = append(list, p)
	}
	return list
}
