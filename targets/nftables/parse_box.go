package nftables

import (
	"github.com/nbfwc/nbfwc/ruleset"
)

// A box is a product of sets, like that of a rule.
type box struct {
	in, out  ruleset.IfaceSet
	src, dst ruleset.AddrSet
	svc      ruleset.ServiceSet
}

func anyBox() box {
	return box{src: ruleset.AnyAddr(), dst: ruleset.AnyAddr(), svc: ruleset.AnyService()}
}

// familyBox returns the packets of a family, all for 0.
func familyBox(family int) box {
	b := anyBox()
	switch family {
	case 4:
		b.src, b.dst = ruleset.Any4(), ruleset.Any4()
	case 6:
		b.src, b.dst = ruleset.Any6(), ruleset.Any6()
	}
	return b
}

func (b box) isEmpty() bool {
	return b.in.IsEmpty() || b.out.IsEmpty() || b.src.IsEmpty() || b.dst.IsEmpty() || b.svc.IsEmpty()
}

func (b box) isAny() bool {
	return b.in.IsAny() && b.out.IsAny() && b.src == ruleset.AnyAddr() && b.dst == ruleset.AnyAddr() && b.svc == ruleset.AnyService()
}

// A term is a box, or with an opaque part an unknown subset of it.
type term struct {
	box
	opaque string // the ID, "" for none
}

// sets remembers intersections: rules share few sets, and sets that were
// intersected once keep being one value.
type sets struct {
	addrs map[[2]ruleset.AddrSet]ruleset.AddrSet
	svcs  map[[2]ruleset.ServiceSet]ruleset.ServiceSet
}

func newSets() *sets {
	return &sets{map[[2]ruleset.AddrSet]ruleset.AddrSet{}, map[[2]ruleset.ServiceSet]ruleset.ServiceSet{}}
}

func (m *sets) addr(a, b ruleset.AddrSet) ruleset.AddrSet {
	any := ruleset.AnyAddr()
	switch {
	case a == b || b == any:
		return a
	case a == any:
		return b
	case a.Len()+b.Len() < 8:
		return common(a, b)
	}
	key := [2]ruleset.AddrSet{a, b}
	c, ok := m.addrs[key]
	if !ok {
		c = common(a, b)
		m.addrs[key] = c
	}
	return c
}

// common is the intersection, as the same value where it is one of the two.
func common(a, b ruleset.AddrSet) ruleset.AddrSet {
	c := a.Intersect(b)
	switch {
	case c.Equal(a):
		return a
	case c.Equal(b):
		return b
	}
	return c
}

func (m *sets) service(a, b ruleset.ServiceSet) ruleset.ServiceSet {
	any := ruleset.AnyService()
	switch {
	case a == b || b == any:
		return a
	case a == any:
		return b
	}
	key := [2]ruleset.ServiceSet{a, b}
	c, ok := m.svcs[key]
	if !ok {
		if c = a.Intersect(b); c.Equal(a) {
			c = a
		} else if c.Equal(b) {
			c = b
		}
		m.svcs[key] = c
	}
	return c
}

// and returns what two boxes share.
func (m *sets) and(a, b box) (box, bool) {
	c := a
	if !b.in.IsAny() {
		c.in = a.in.Intersect(b.in)
	}
	if !b.out.IsAny() {
		c.out = a.out.Intersect(b.out)
	}
	c.svc = m.service(a.svc, b.svc)
	c.src = m.addr(a.src, b.src)
	c.dst = m.addr(a.dst, b.dst)
	return c, !c.isEmpty()
}

// both returns what two terms share: the unknown of both if both have one.
func (m *sets) both(a, b term) (term, bool) {
	c, ok := m.and(a.box, b.box)
	return term{c, bothIDs(a.opaque, b.opaque)}, ok
}

func bothIDs(a, b string) string {
	switch {
	case a == "" || a == b:
		return b
	case b == "":
		return a
	}
	return a + " and " + b
}

// within says whether all packets of a are in b.
func (m *sets) within(a, b box) bool {
	addrs := func(a, b ruleset.AddrSet) bool { return a == b || b == ruleset.AnyAddr() || m.addr(a, b).Equal(a) }
	return a.in.Intersect(b.in).Equal(a.in) && a.out.Intersect(b.out).Equal(a.out) &&
		addrs(a.src, b.src) && addrs(a.dst, b.dst) && m.service(a.svc, b.svc).Equal(a.svc)
}

// minus appends the parts of a that are not in b.
func (m *sets) minus(out []box, a, b box) []box {
	shared, ok := m.and(a, b)
	if !ok {
		return append(out, a)
	}
	cut := func(part box) {
		if !part.isEmpty() {
			out = append(out, part)
		}
	}
	p := a
	p.in = a.in.Intersect(notIfaces(b.in))
	cut(p)
	a.in = shared.in
	p = a
	p.out = a.out.Intersect(notIfaces(b.out))
	cut(p)
	a.out = shared.out
	p = a
	p.src = a.src.Subtract(b.src)
	cut(p)
	a.src = shared.src
	p = a
	p.dst = a.dst.Subtract(b.dst)
	cut(p)
	a.dst = shared.dst
	p = a
	p.svc = a.svc.Subtract(b.svc)
	cut(p)
	return out
}

func notIfaces(s ruleset.IfaceSet) ruleset.IfaceSet {
	labels, except := s.Labels()
	if except {
		return ruleset.Ifaces(labels...)
	}
	return ruleset.NotIfaces(labels...)
}

// subtract returns the terms without those packets that are surely in t. Where
// t is opaque its packets stay, as packets that may be left.
func (m *sets) subtract(terms []term, t term) []term {
	out := make([]term, 0, len(terms)+4)
	var parts []box
	for _, p := range terms {
		common, ok := m.and(p.box, t.box)
		if !ok {
			out = append(out, p)
			continue
		}
		if len(terms) > maxPieces {
			// Too many pieces to be exact: say that it isn't known.
			out = append(out, term{p.box, bothIDs(p.opaque, "not "+t.box.String())})
			continue
		}
		parts = m.minus(parts[:0], p.box, t.box)
		for _, b := range parts {
			out = append(out, term{b, p.opaque})
		}
		if t.opaque != "" {
			out = append(out, term{common, bothIDs(p.opaque, "not ("+t.opaque+")")})
		}
	}
	return out
}

// maxPieces bounds into how many boxes the packets that reach a rule are split.
const maxPieces = 256

// String identifies a box in the ID of an unknown.
func (b box) String() string {
	return b.in.String() + " > " + b.out.String() + ": " + clip(b.src.String()) + " -> " + clip(b.dst.String()) + " " + clip(b.svc.String())
}

func clip(s string) string {
	if len(s) > 200 {
		return s[:200] + "..."
	}
	return s
}
