package ruleset

import (
	"cmp"
	"slices"
)

// port is a port or protocol number as a point of a line.
type port uint16

func (p port) cmp(q port) int { return cmp.Compare(p, q) }
func (p port) next() port     { return p + 1 }
func (p port) prev() port     { return p - 1 }

// newServiceSet brings boxes into the one form that their union has.
func newServiceSet(boxes []ServiceBox) ServiceSet {
	parts := splitICMP(boxes)
	if len(parts) == 0 {
		return ServiceSet{}
	}
	var out, last []ServiceBox
	for _, p := range slabs(parts, func(b ServiceBox) span[port] { return span[port]{port(b.ProtoFrom), port(b.ProtoTo)} }) {
		plane := portPlane(p.in)
		if len(plane) == 0 {
			last = nil
			continue
		}
		from, to := uint8(p.at.lo), uint8(p.at.hi)
		if samePorts(last, plane) && last[0].ProtoTo+1 == from {
			for i := range last {
				last[i].ProtoTo = to
			}
			continue
		}
		for i := range plane {
			plane[i].ProtoFrom, plane[i].ProtoTo = from, to
		}
		out = append(out, plane...)
		last = out[len(out)-len(plane):]
	}
	if len(out) == 0 {
		return ServiceSet{}
	}
	return ServiceSet{&services{slices.Clip(out)}}
}

// splitICMP drops boxes that are upside down and cuts ICMP and ICMPv6 out of
// wider boxes, so that types and codes end at 255.
func splitICMP(boxes []ServiceBox) []ServiceBox {
	parts := make([]ServiceBox, 0, len(boxes))
	for _, b := range boxes {
		if !b.isValid() {
			continue
		}
		from := int(b.ProtoFrom)
		for _, p := range []uint8{ICMP, ICMPv6} {
			if int(p) < from || p > b.ProtoTo {
				continue
			}
			if from < int(p) {
				parts = append(parts, ServiceBox{uint8(from), p - 1, b.Src, b.Dst})
			}
			if c, ok := (ServiceBox{p, p, anyType, anyType}).and(b); ok {
				parts = append(parts, c)
			}
			from = int(p) + 1
		}
		if from <= int(b.ProtoTo) {
			parts = append(parts, ServiceBox{uint8(from), b.ProtoTo, b.Src, b.Dst})
		}
	}
	return parts
}

// portPlane brings the ports of boxes into normal form; protocols are ignored.
func portPlane(boxes []ServiceBox) []ServiceBox {
	var out, last []ServiceBox
	for _, s := range slabs(boxes, func(b ServiceBox) span[port] { return span[port]{port(b.Src.From), port(b.Src.To)} }) {
		dst := make([]span[port], len(s.in))
		for i, b := range s.in {
			dst[i] = span[port]{port(b.Dst.From), port(b.Dst.To)}
		}
		dst = normal(dst)
		if len(dst) == 0 {
			last = nil
			continue
		}
		if sameDst(last, dst) && port(last[0].Src.To)+1 == s.at.lo {
			for i := range last {
				last[i].Src.To = uint16(s.at.hi)
			}
			continue
		}
		for _, d := range dst {
			out = append(out, ServiceBox{Src: PortRange{uint16(s.at.lo), uint16(s.at.hi)}, Dst: PortRange{uint16(d.lo), uint16(d.hi)}})
		}
		last = out[len(out)-len(dst):]
	}
	return out
}

// A slab is a span of one axis over which the same boxes lie.
type slab struct {
	at span[port]
	in []ServiceBox
}

// slabs cuts an axis at the ends of the boxes, ascending.
func slabs(boxes []ServiceBox, axis func(ServiceBox) span[port]) []slab {
	cuts := make([]int, 0, 2*len(boxes))
	for _, b := range boxes {
		s := axis(b)
		cuts = append(cuts, int(s.lo), int(s.hi)+1)
	}
	slices.Sort(cuts)
	cuts = slices.Compact(cuts)
	if len(cuts) == 2 {
		return []slab{{axis(boxes[0]), boxes}}
	}
	sorted := slices.Clone(boxes)
	slices.SortStableFunc(sorted, func(a, b ServiceBox) int { return axis(a).lo.cmp(axis(b).lo) })
	var out []slab
	var active []ServiceBox
	for i := 0; i+1 < len(cuts); i++ {
		lo, hi := port(cuts[i]), port(cuts[i+1]-1)
		active = slices.DeleteFunc(active, func(b ServiceBox) bool { return axis(b).hi < lo })
		for len(sorted) > 0 && axis(sorted[0]).lo == lo {
			active = append(active, sorted[0])
			sorted = sorted[1:]
		}
		if len(active) > 0 {
			out = append(out, slab{span[port]{lo, hi}, slices.Clone(active)})
		}
	}
	return out
}

func samePorts(a, b []ServiceBox) bool {
	return slices.EqualFunc(a, b, func(x, y ServiceBox) bool { return x.Src == y.Src && x.Dst == y.Dst })
}

func sameDst(a []ServiceBox, b []span[port]) bool {
	return slices.EqualFunc(a, b, func(x ServiceBox, y span[port]) bool {
		return x.Dst == PortRange{uint16(y.lo), uint16(y.hi)}
	})
}
