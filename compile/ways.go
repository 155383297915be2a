package compile

import (
	"slices"

	"github.com/nbfwc/nbfwc/lang"
)

// Limits of what is enumerated. More ways than maxWays between two zones are
// not told apart: the policy has to exclude some. maxSteps bounds the search in
// a block whose firewalls mostly can't be passed.
const (
	maxWays  = 256
	maxSteps = 20000
)

// way is a walk through the topology: verts[0] is the start, and iface[i] leads
// from verts[i] to verts[i+1].
type way struct {
	verts  []int32
	ifaces []*lang.Interface
}

// then is w followed by x, which begins where w ends. It fails if a vertex
// would be passed twice, or the firewall at the joint can't be passed so.
func (t *topology) then(w, x way) (way, bool) {
	if len(w.ifaces) > 0 && len(x.ifaces) > 0 && !t.passable(x.verts[0], w.ifaces[len(w.ifaces)-1], x.ifaces[0]) {
		return way{}, false
	}
	for _, v := range x.verts[1:] {
		if slices.Contains(w.verts, v) {
			return way{}, false
		}
	}
	return way{
		verts:  slices.Concat(w.verts, x.verts[1:]),
		ifaces: slices.Concat(w.ifaces, x.ifaces),
	}, true
}

// passable reports whether traffic that comes to v by in can leave it by out:
// always in a zone; at a firewall if the interfaces differ or hairpin.
func (t *topology) passable(v int32, in, out *lang.Interface) bool {
	return t.isZone(v) || in != out || in.Hairpin
}

// ways lists the simple ways from a to b that cross at least one firewall, and
// whether there may be more than were listed.
func (t *topology) ways(a, b place) (list []way, more bool) {
	starts, ends := t.starts(a), t.starts(b)
	for i := range ends {
		ends[i] = reversed(ends[i])
	}
	for _, s := range starts {
		for _, e := range ends {
			found, cut := t.joined(s, e)
			more = more || cut
			list = append(list, found...)
			if len(list) > maxWays {
				return list[:maxWays], true
			}
		}
	}
	return list, more
}

// starts are the ways from p to a vertex that carries traffic.
func (t *topology) starts(p place) []way {
	if p.self < 0 {
		return t.outOf(way{verts: []int32{p.zone}})
	}
	fw := t.vertex(p.self)
	list := []way{{verts: []int32{fw}}}
	if t.carries(p.zone) {
		return list
	}
	// The firewall can also be reached through the zone of its own address.
	for _, e := range t.edges[fw] {
		if e.to == p.zone {
			list = append(list, t.outOf(way{verts: []int32{fw, p.zone}, ifaces: []*lang.Interface{e.iface}})...)
		}
	}
	return list
}

// outOf continues w, which ends in a zone, to the zone's firewalls, unless the
// zone carries traffic itself.
func (t *topology) outOf(w way) []way {
	z := w.verts[len(w.verts)-1]
	if t.carries(z) {
		return []way{w}
	}
	var list []way
	for _, e := range t.edges[z] {
		if x, ok := t.then(w, way{verts: []int32{z, e.to}, ifaces: []*lang.Interface{e.iface}}); ok {
			list = append(list, x)
		}
	}
	return list
}

func reversed(w way) way {
	w.verts, w.ifaces = slices.Clone(w.verts), slices.Clone(w.ifaces)
	slices.Reverse(w.verts)
	slices.Reverse(w.ifaces)
	return w
}

// joined lists the ways that begin with s and end with e.
func (t *topology) joined(s, e way) (list []way, more bool) {
	crossings, ok := t.blocks.between(s.verts[len(s.verts)-1], e.verts[0])
	if !ok {
		return nil, false
	}
	list = []way{s}
	for _, c := range crossings {
		p := t.through(c)
		more = more || p.more
		var next []way
		for _, w := range list {
			for _, x := range p.ways {
				if len(next) >= maxWays {
					more = true
					break
				}
				if y, ok := t.then(w, x); ok {
					next = append(next, y)
				}
			}
		}
		list = next
	}
	var whole []way
	for _, w := range list {
		if y, ok := t.then(w, e); ok {
			whole = append(whole, y)
		}
	}
	return whole, more
}

// blockPass is a way in and a way out of a block; passes are the ways between.
type blockPass = crossing

type passes struct {
	ways []way
	more bool
}

// through lists the ways through a block.
func (t *topology) through(c crossing) *passes {
	b := &t.blocks.list[c.block]
	if len(b.links) == 1 {
		return &passes{ways: []way{{verts: []int32{c.in, c.out}, ifaces: []*lang.Interface{b.links[0].iface}}}}
	}
	if p := t.within[c]; p != nil {
		return p
	}
	s := &passSearch{t: t, b: b, target: c.out, on: map[int32]bool{c.in: true}, verts: []int32{c.in}}
	s.extend()
	t.within[c] = &s.passes
	return &s.passes
}

// passSearch enumerates simple ways inside a block, depth first. Before a step
// it makes sure that the target can still be reached, so that the time for
// each way that is found is bounded by the block's size.
type passSearch struct {
	t      *topology
	b      *block
	target int32
	on     map[int32]bool
	verts  []int32
	ifaces []*lang.Interface
	steps  int
	passes
}

func (s *passSearch) extend() {
	v := s.verts[len(s.verts)-1]
	if v == s.target {
		s.ways = append(s.ways, way{slices.Clone(s.verts), slices.Clone(s.ifaces)})
		return
	}
	for _, e := range s.b.near[v] {
		if s.steps++; len(s.ways) >= maxWays || s.steps > maxSteps {
			s.more = true
			return
		}
		if s.on[e.to] || len(s.ifaces) > 0 && !s.t.passable(v, s.ifaces[len(s.ifaces)-1], e.iface) || !s.reaches(e.to) {
			continue
		}
		s.on[e.to] = true
		s.verts, s.ifaces = append(s.verts, e.to), append(s.ifaces, e.iface)
		s.extend()
		s.verts, s.ifaces = s.verts[:len(s.verts)-1], s.ifaces[:len(s.ifaces)-1]
		delete(s.on, e.to)
	}
}

// reaches reports whether the target can be reached from v without what the
// way has passed already.
func (s *passSearch) reaches(v int32) bool {
	seen := map[int32]bool{v: true}
	for todo := []int32{v}; len(todo) > 0; {
		u := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if u == s.target {
			return true
		}
		for _, e := range s.b.near[u] {
			s.steps++
			if !seen[e.to] && !s.on[e.to] {
				seen[e.to] = true
				todo = append(todo, e.to)
			}
		}
	}
	return false
}
