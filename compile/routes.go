package compile

import (
	"slices"

	"github.com/nbfwc/nbfwc/lang"
)

// route is how traffic gets from one place to another: along paths, or without
// a firewall for the reason that local gives. A broken route is neither.
type route struct {
	paths  [][]Hop
	local  Local
	broken bool
}

// routes memoises routes by pair of places and collects what is wrong with
// those that were asked for.
type routes struct {
	t      *topology
	known  map[[2]place]*route
	faults routeFaults
}

func newRoutes(t *topology) *routes {
	return &routes{t: t, known: map[[2]place]*route{}}
}

// between is the route from a to b. A problem with it is reported once per
// cause, for the first origin that asks.
func (r *routes) between(a, b place, asker lang.Origin) *route {
	found, why := r.find(a, b)
	if why != nil && r.known[[2]place{b, a}] == nil {
		r.faults.add(r.t, placePair{a, b}, why, asker)
	}
	return found
}

// find is the route from a to b, and what is wrong with it the first time that
// somebody asks.
func (r *routes) find(a, b place) (*route, func() []routeFault) {
	key := [2]place{a, b}
	if known := r.known[key]; known != nil {
		return known, nil
	}
	found, why := r.t.route(a, b)
	r.known[key] = found
	return found, why
}

// route finds the route from a to b; if there is none, the function says why.
func (t *topology) route(a, b place) (*route, func() []routeFault) {
	switch {
	case a == b && a.self >= 0, a.self >= 0 && a.self == b.self:
		return &route{local: SameHost}, nil
	case a == b:
		return &route{local: SameZone}, nil
	case a.zone == b.zone:
		if w, ok := t.direct(a, b); ok {
			return &route{paths: [][]Hop{t.hops(w)}}, nil
		}
	}
	list, more := t.ways(a, b)
	paths := make([][]Hop, 0, len(list)+1)
	shared := t.sharedInterface(a, b)
	if shared != nil {
		paths = append(paths, nil)
	}
	for _, w := range list {
		// Ways that differ in the zones between two firewalls only are one path.
		if p := t.hops(w); !slices.ContainsFunc(paths, func(q []Hop) bool { return slices.Equal(p, q) }) {
			paths = append(paths, p)
		}
	}
	choice := t.choice(a.zone, b.zone)
	if choice != nil {
		paths = slices.DeleteFunc(paths, func(p []Hop) bool { return !allows(choice, p) })
	}
	switch {
	case len(paths) == 0 && choice != nil && len(list) > 0:
		return &route{broken: true}, func() []routeFault { return t.nothingLeft(a, b, choice, list) }
	case len(paths) == 0:
		return &route{broken: true}, func() []routeFault { return t.noWay(a, b) }
	case more && (choice != nil || len(paths) == 1):
		return &route{broken: true}, func() []routeFault { return t.tooMany(a, b) }
	case len(paths) > 1 && (choice == nil || !choice.All):
		return &route{broken: true}, func() []routeFault { return t.several(a, b, paths, more) }
	}
	paths = slices.DeleteFunc(paths, func(p []Hop) bool { return len(p) == 0 })
	if len(paths) == 0 {
		return &route{local: SameInterface}, nil
	}
	return &route{paths: paths}, nil
}

// direct is the way between two ends in one zone of which at least one is a
// firewall itself: straight through the zone.
func (t *topology) direct(a, b place) (way, bool) {
	var w way
	if a.self >= 0 {
		e, ok := t.edgeTo(t.vertex(a.self), a.zone)
		if !ok {
			return w, false
		}
		w.verts, w.ifaces = append(w.verts, t.vertex(a.self)), append(w.ifaces, e.iface)
	}
	w.verts = append(w.verts, a.zone)
	if b.self >= 0 {
		e, ok := t.edgeTo(t.vertex(b.self), b.zone)
		if !ok {
			return w, false
		}
		w.verts, w.ifaces = append(w.verts, t.vertex(b.self)), append(w.ifaces, e.iface)
	}
	return w, true
}

func (t *topology) edgeTo(v, to int32) (edge, bool) {
	for _, e := range t.edges[v] {
		if e.to == to {
			return e, true
		}
	}
	return edge{}, false
}

// hops are the firewalls of a way.
func (t *topology) hops(w way) []Hop {
	var hops []Hop
	for i, v := range w.verts {
		if t.isZone(v) {
			continue
		}
		h := Hop{Firewall: t.firewalls[v-int32(len(t.zones))]}
		if i > 0 {
			h.In = w.ifaces[i-1]
		}
		if i < len(w.ifaces) {
			h.Out = w.ifaces[i]
		}
		hops = append(hops, h)
	}
	return hops
}

// sharedInterface is an interface without hairpin behind which both zones lie,
// so that its firewall doesn't see what goes on between them; nil for none.
func (t *topology) sharedInterface(a, b place) *lang.Interface {
	if a.self >= 0 || b.self >= 0 {
		return nil
	}
	for _, e := range t.edges[a.zone] {
		if e.iface.Hairpin {
			continue
		}
		for _, f := range t.edges[b.zone] {
			if e.iface == f.iface {
				return e.iface
			}
		}
	}
	return nil
}

// choice is the path block that settles the ways between two zones: the most
// specific one, and of those the first.
func (t *topology) choice(a, b int32) *lang.PathChoice {
	var best *lang.PathChoice
	rank := -1
	for _, c := range t.choices {
		if r := t.fits(c, a, b); r > rank {
			best, rank = c, r
		}
	}
	return best
}

// fits is the number of zones that c names, -1 if it isn't for a and b.
func (t *topology) fits(c *lang.PathChoice, a, b int32) int {
	named := 0
	for _, z := range []*lang.Zone{c.From, c.To} {
		if z != nil {
			named++
		}
	}
	is := func(z *lang.Zone, i int32) bool { return z == nil || t.zones[i] == z }
	if is(c.From, a) && is(c.To, b) || is(c.From, b) && is(c.To, a) {
		return named
	}
	return -1
}

// allows reports whether c leaves a path over.
func allows(c *lang.PathChoice, path []Hop) bool {
	crosses := func(fw *lang.Firewall) bool {
		return slices.ContainsFunc(path, func(h Hop) bool { return h.Firewall.Firewall == fw })
	}
	for _, fw := range c.Via {
		if !crosses(fw) {
			return false
		}
	}
	return !slices.ContainsFunc(c.Avoid, crosses)
}
