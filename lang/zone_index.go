package lang

import (
	"net/netip"
	"slices"
	"sort"
)

// zoneIndex finds the zone with the longest matching network, for ranges as
// well as for addresses: the networks of all zones are cut into disjoint
// spans, sorted by address. A trie would find the zone of an address; whether a
// whole range lies in one zone is a question for spans.
type zoneIndex struct {
	spans []zoneSpan
}

// zoneSpan is a range of addresses whose longest matching network is of zone.
type zoneSpan struct {
	from, to netip.Addr
	zone     *Zone
}

// newZoneIndex cuts the networks. Of two networks one contains the other or
// they are disjoint, so that a stack of open networks suffices.
func newZoneIndex(zones []*Zone) *zoneIndex {
	type network struct {
		AddrRange
		bits int
		zone *Zone
	}
	var all []network
	for _, z := range zones {
		for _, p := range z.Networks {
			all = append(all, network{rangeOf(p), p.Bits(), z})
		}
	}
	slices.SortFunc(all, func(a, b network) int {
		if c := a.From.Compare(b.From); c != 0 {
			return c
		}
		return a.bits - b.bits
	})
	x := &zoneIndex{}
	var open []network
	var at netip.Addr // the first address that is not in a span yet
	closeTo := func(limit netip.Addr) {
		for len(open) > 0 && (!limit.IsValid() || open[len(open)-1].To.Less(limit)) {
			n := open[len(open)-1]
			open = open[:len(open)-1]
			if at.IsValid() && !n.To.Less(at) {
				x.add(at, n.To, n.zone)
				at = n.To.Next()
			}
		}
	}
	for _, n := range all {
		closeTo(n.From)
		if len(open) > 0 && at.IsValid() && at.Less(n.From) {
			x.add(at, n.From.Prev(), open[len(open)-1].zone)
		}
		at = n.From
		open = append(open, n)
	}
	closeTo(netip.Addr{})
	return x
}

// add appends a span, or lengthens the last one if they touch.
func (x *zoneIndex) add(from, to netip.Addr, z *Zone) {
	if n := len(x.spans); n > 0 && x.spans[n-1].zone == z && x.spans[n-1].to.Next() == from && from.IsValid() {
		x.spans[n-1].to = to
		return
	}
	x.spans = append(x.spans, zoneSpan{from, to, z})
}

// find returns the zone that all of r lies in: Elsewhere if r is in no zone,
// nil if r crosses a border, and then the first address beyond it.
func (x *zoneIndex) find(r AddrRange) (*Zone, netip.Addr) {
	i := sort.Search(len(x.spans), func(i int) bool { return !x.spans[i].to.Less(r.From) })
	if i == len(x.spans) || r.To.Less(x.spans[i].from) || x.spans[i].from.Is4() != r.From.Is4() {
		return Elsewhere, netip.Addr{}
	}
	s := x.spans[i]
	switch {
	case r.From.Less(s.from):
		return nil, s.from
	case s.to.Less(r.To):
		return nil, s.to.Next()
	}
	return s.zone, netip.Addr{}
}
