package ruleset

import "slices"

// serviceClasses is the partition of all services by some sets.
type serviceClasses struct {
	boxes [][]ServiceBox // of each class
	of    [][]classRange // classes of each set, ascending
	all   []bool         // of each set: it is AnyService
	// index finds the class of a service.
	index []protoSlab
}

// A protoSlab is a range of protocols in which ports lie in the same classes.
type protoSlab struct {
	to    uint8 // the last protocol
	slabs []sportSlab
}

type sportSlab struct {
	to      uint16 // the last source port
	dports  []uint16
	classes []int32 // classes[i] holds the destination ports up to dports[i]
}

// partitionServices makes classes from sets.
func partitionServices(sets []ServiceSet) *serviceClasses {
	c := &serviceClasses{of: make([][]classRange, len(sets)), all: make([]bool, len(sets))}
	b := classBuilder{c: c, sig: signature{child: map[uint64]int32{}}, seen: map[int32]int32{}}
	var boxes []ownedBox
	for i, s := range sets {
		if c.all[i] = s.IsAny(); c.all[i] || s.p == nil {
			continue
		}
		for _, x := range s.p.boxes {
			boxes = append(boxes, ownedBox{x, int32(i)})
		}
	}
	for _, domain := range anyS.p.boxes {
		b.protocols(domain, within(boxes, domain))
	}
	for i := range sets {
		if c.all[i] {
			c.of[i] = []classRange{{0, int32(len(c.boxes)) - 1}}
		}
	}
	return c
}

// class returns the class of a service; -1 for an ICMP type or code above 255.
func (c *serviceClasses) class(proto uint8, sport, dport uint16) int32 {
	lo, hi := 0, len(c.index)
	for lo < hi {
		m := int(uint(lo+hi) >> 1)
		if c.index[m].to < proto {
			lo = m + 1
		} else {
			hi = m
		}
	}
	s := c.index[lo].slabs
	lo, hi = 0, len(s)
	for lo < hi {
		m := int(uint(lo+hi) >> 1)
		if s[m].to < sport {
			lo = m + 1
		} else {
			hi = m
		}
	}
	if lo == len(s) {
		return -1
	}
	d := &s[lo]
	lo, hi = 0, len(d.dports)
	for lo < hi {
		m := int(uint(lo+hi) >> 1)
		if d.dports[m] < dport {
			lo = m + 1
		} else {
			hi = m
		}
	}
	if lo == len(d.dports) {
		return -1
	}
	return d.classes[lo]
}

// set returns the services of the classes.
func (c *serviceClasses) set(in []int32) ServiceSet {
	var boxes []ServiceBox
	for _, k := range in {
		boxes = append(boxes, c.boxes[k]...)
	}
	return newServiceSet(boxes)
}

// An ownedBox is a box of the set with the number.
type ownedBox struct {
	ServiceBox
	set int32
}

// within returns what the boxes share with the domain.
func within(boxes []ownedBox, domain ServiceBox) []ownedBox {
	var out []ownedBox
	for _, b := range boxes {
		if x, ok := b.and(domain); ok {
			out = append(out, ownedBox{x, b.set})
		}
	}
	return out
}

// classBuilder sweeps protocols, then source ports, then destination ports.
type classBuilder struct {
	c    *serviceClasses
	sig  signature
	seen map[int32]int32 // signature to class
}

func (b *classBuilder) protocols(domain ServiceBox, boxes []ownedBox) {
	axis := func(x ownedBox) classRange { return classRange{int32(x.ProtoFrom), int32(x.ProtoTo)} }
	sweep(boxes, axis, classRange{int32(domain.ProtoFrom), int32(domain.ProtoTo)}, func(at classRange, in []ownedBox) {
		domain.ProtoFrom, domain.ProtoTo = uint8(at.lo), uint8(at.hi)
		b.c.index = append(b.c.index, protoSlab{to: uint8(at.hi)})
		b.sourcePorts(domain, in)
	})
}

func (b *classBuilder) sourcePorts(domain ServiceBox, boxes []ownedBox) {
	axis := func(x ownedBox) classRange { return classRange{int32(x.Src.From), int32(x.Src.To)} }
	p := &b.c.index[len(b.c.index)-1]
	sweep(boxes, axis, classRange{int32(domain.Src.From), int32(domain.Src.To)}, func(at classRange, in []ownedBox) {
		domain.Src = PortRange{uint16(at.lo), uint16(at.hi)}
		p.slabs = append(p.slabs, sportSlab{to: uint16(at.hi)})
		b.destinationPorts(domain, in, &p.slabs[len(p.slabs)-1])
	})
}

func (b *classBuilder) destinationPorts(domain ServiceBox, boxes []ownedBox, s *sportSlab) {
	var events []cut[port]
	end := domain.Dst.To
	for _, x := range boxes {
		events = append(events, cut[port]{port(x.Dst.From), x.set})
		if x.Dst.To != end {
			events = append(events, cut[port]{port(x.Dst.To) + 1, x.set})
		}
	}
	slices.SortFunc(events, func(x, y cut[port]) int { return int(x.at) - int(y.at) })
	at := domain.Dst.From
	for i := 0; ; {
		for i < len(events) && events[i].at == port(at) {
			b.sig.toggle(events[i].rank)
			i++
		}
		to := end
		if i < len(events) {
			to = uint16(events[i].at - 1)
		}
		domain.Dst = PortRange{at, to}
		k := b.class(domain)
		s.dports, s.classes = append(s.dports, to), append(s.classes, k)
		if i == len(events) {
			break
		}
		at = to + 1
	}
	b.sig.ranks, b.sig.path = b.sig.ranks[:0], b.sig.path[:0]
}

// class puts a box into the class of the present signature.
func (b *classBuilder) class(box ServiceBox) int32 {
	k, ok := b.seen[b.sig.node()]
	if !ok {
		k = int32(len(b.seen))
		b.seen[b.sig.node()] = k
		b.c.boxes = append(b.c.boxes, nil)
		for _, set := range b.sig.ranks {
			b.c.of[set] = appendClass(b.c.of[set], k)
		}
	}
	b.c.boxes[k] = append(b.c.boxes[k], box)
	return k
}

// appendClass appends a class to ranges that end before it.
func appendClass(of []classRange, k int32) []classRange {
	if n := len(of); n > 0 && of[n-1].hi+1 == k {
		of[n-1].hi = k
		return of
	}
	return append(of, classRange{k, k})
}

// sweep cuts the domain at the ends of the boxes and visits the parts, ascending.
func sweep(boxes []ownedBox, axis func(ownedBox) classRange, domain classRange, visit func(classRange, []ownedBox)) {
	cuts := []int32{domain.lo, domain.hi + 1}
	for _, b := range boxes {
		r := axis(b)
		cuts = append(cuts, r.lo, r.hi+1)
	}
	slices.Sort(cuts)
	cuts = slices.Compact(cuts)
	sorted := slices.Clone(boxes)
	slices.SortStableFunc(sorted, func(a, b ownedBox) int { return int(axis(a).lo - axis(b).lo) })
	var active []ownedBox
	for i := 0; i+1 < len(cuts); i++ {
		at := classRange{cuts[i], cuts[i+1] - 1}
		active = slices.DeleteFunc(active, func(b ownedBox) bool { return axis(b).hi < at.lo })
		for len(sorted) > 0 && axis(sorted[0]).lo == at.lo {
			active = append(active, sorted[0])
			sorted = sorted[1:]
		}
		visit(at, slices.Clone(active))
	}
}
