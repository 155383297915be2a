package ruleset

import (
	"fmt"
	"slices"
	"strings"
)

// PortRange is the ports From to To, both included.
type PortRange struct{ From, To uint16 }

// anyPort is every port.
var anyPort = PortRange{0, 65535}

// anyType is every ICMP type or code.
var anyType = PortRange{0, 255}

// String returns "443" or "1024-65535".
func (r PortRange) String() string {
	if r.From == r.To {
		return fmt.Sprint(r.From)
	}
	return fmt.Sprintf("%d-%d", r.From, r.To)
}

// ServiceBox is the product of three ranges. Of ICMP and ICMPv6 it holds types
// (Src) and codes (Dst) up to 255 only.
type ServiceBox struct {
	ProtoFrom, ProtoTo uint8
	Src, Dst           PortRange
}

// ServiceSet is a set of (protocol, source port, destination port). It never
// changes and is cheap to copy. The zero value is the empty set.
type ServiceSet struct{ p *services }

// services is what sets share: disjoint boxes in a form that is the same for
// equal sets. Protocols that agree in ports and lie side by side are one range,
// within them source ports that agree in destination ports, within them the
// destination ports are in normal form.
type services struct{ boxes []ServiceBox }

var anyS = newServiceSet([]ServiceBox{{0, 255, anyPort, anyPort}})

// AnyService returns all services.
func AnyService() ServiceSet { return anyS }

// NewServiceSet returns the services of the boxes, which may overlap. Of a box
// that names ports above 255 for ICMP or ICMPv6 only the part up to 255 counts;
// a box with a range upside down adds nothing.
func NewServiceSet(boxes ...ServiceBox) ServiceSet { return newServiceSet(boxes) }

// TCPPorts returns TCP from any source port to the given ports.
func TCPPorts(ports ...PortRange) ServiceSet { return toPorts(TCP, ports) }

// UDPPorts returns UDP from any source port to the given ports.
func UDPPorts(ports ...PortRange) ServiceSet { return toPorts(UDP, ports) }

// Protocol returns all of one IP protocol.
func Protocol(p uint8) ServiceSet { return toPorts(p, []PortRange{anyPort}) }

func toPorts(proto uint8, ports []PortRange) ServiceSet {
	boxes := make([]ServiceBox, len(ports))
	for i, r := range ports {
		boxes[i] = ServiceBox{proto, proto, anyPort, r}
	}
	return newServiceSet(boxes)
}

// Union returns the services that are in s or in t.
func (s ServiceSet) Union(t ServiceSet) ServiceSet {
	switch {
	case s.p == nil || s.p == t.p:
		return t
	case t.p == nil:
		return s
	}
	return newServiceSet(slices.Concat(s.p.boxes, t.p.boxes))
}

// Intersect returns the services that are in both s and t.
func (s ServiceSet) Intersect(t ServiceSet) ServiceSet {
	if s.p == nil || t.p == nil {
		return ServiceSet{}
	}
	if s.p == t.p {
		return s
	}
	var out []ServiceBox
	for _, a := range s.p.boxes {
		for _, b := range t.p.boxes {
			if b.ProtoFrom > a.ProtoTo {
				break
			}
			if c, ok := a.and(b); ok {
				out = append(out, c)
			}
		}
	}
	return newServiceSet(out)
}

// Subtract returns the services that are in s and not in t.
func (s ServiceSet) Subtract(t ServiceSet) ServiceSet {
	if s.p == nil || t.p == nil {
		return s
	}
	left := s.p.boxes
	for _, b := range t.p.boxes {
		var next []ServiceBox
		for _, a := range left {
			next = a.minus(next, b)
		}
		left = next
	}
	return newServiceSet(left)
}

// Contains says whether the service is in s. For ICMP and ICMPv6, sport is the
// type and dport the code.
func (s ServiceSet) Contains(proto uint8, sport, dport uint16) bool {
	if s.p == nil {
		return false
	}
	b := s.p.boxes
	lo, hi := 0, len(b)
	for lo < hi {
		m := int(uint(lo+hi) >> 1)
		if b[m].before(proto, sport, dport) {
			lo = m + 1
		} else {
			hi = m
		}
	}
	return lo < len(b) && b[lo].contains(proto, sport, dport)
}

// before says whether the service comes after b in the order of the boxes of a
// set. That order is total there: protocol ranges are equal or disjoint, and
// so are the source ranges within one.
func (b *ServiceBox) before(proto uint8, sport, dport uint16) bool {
	switch {
	case proto < b.ProtoFrom || b.ProtoTo < proto:
		return b.ProtoTo < proto
	case sport < b.Src.From || b.Src.To < sport:
		return b.Src.To < sport
	}
	return b.Dst.To < dport
}

// IsEmpty says whether no service is in s.
func (s ServiceSet) IsEmpty() bool { return s.p == nil }

// IsAny says whether all services are in s.
func (s ServiceSet) IsAny() bool { return s.Equal(anyS) }

// Equal says whether s and t hold the same services.
func (s ServiceSet) Equal(t ServiceSet) bool {
	return s.p == t.p || s.p != nil && t.p != nil && slices.Equal(s.p.boxes, t.p.boxes)
}

// Boxes returns disjoint boxes, ascending, the same for equal sets.
func (s ServiceSet) Boxes() []ServiceBox {
	if s.p == nil {
		return nil
	}
	return slices.Clone(s.p.boxes)
}

// First returns the lowest service of s; ok is false if s is empty.
func (s ServiceSet) First() (proto uint8, sport, dport uint16, ok bool) {
	if s.p == nil {
		return 0, 0, 0, false
	}
	b := s.p.boxes[0]
	return b.ProtoFrom, b.Src.From, b.Dst.From, true
}

// String lists the boxes: "tcp 443", "udp 1024-65535 -> 53", "icmp 8/0",
// "protocol 50"; it returns "any" or "none" where that is meant.
func (s ServiceSet) String() string {
	switch {
	case s.IsEmpty():
		return "none"
	case s.IsAny():
		return "any"
	}
	words := make([]string, len(s.p.boxes))
	for i, b := range s.p.boxes {
		words[i] = b.String()
	}
	return strings.Join(words, ", ")
}

// String returns the box as a service set prints it.
func (b ServiceBox) String() string {
	name := protoName(b.ProtoFrom)
	if b.ProtoFrom != b.ProtoTo {
		name = fmt.Sprintf("protocol %d-%d", b.ProtoFrom, b.ProtoTo)
	}
	if isICMP(b.ProtoFrom) && b.ProtoFrom == b.ProtoTo {
		return name + icmpWords(b)
	}
	switch {
	case b.Src == anyPort && b.Dst == anyPort:
		return name
	case b.Src == anyPort:
		return name + " " + b.Dst.String()
	case b.Dst == anyPort:
		return name + " " + b.Src.String() + " -> any"
	}
	return name + " " + b.Src.String() + " -> " + b.Dst.String()
}

func icmpWords(b ServiceBox) string {
	kind, code := b.Src.String(), b.Dst.String()
	switch {
	case b.Src == anyType && b.Dst == anyType:
		return ""
	case b.Dst == anyType:
		return " " + kind
	case b.Src == anyType:
		kind = "any"
	}
	return " " + kind + "/" + code
}

func protoName(p uint8) string {
	switch p {
	case ICMP:
		return "icmp"
	case TCP:
		return "tcp"
	case UDP:
		return "udp"
	case ICMPv6:
		return "icmpv6"
	}
	return fmt.Sprintf("protocol %d", p)
}

func isICMP(p uint8) bool { return p == ICMP || p == ICMPv6 }

func (b ServiceBox) contains(proto uint8, sport, dport uint16) bool {
	return b.ProtoFrom <= proto && proto <= b.ProtoTo && b.Src.From <= sport && sport <= b.Src.To &&
		b.Dst.From <= dport && dport <= b.Dst.To
}

func (b ServiceBox) isValid() bool {
	return b.ProtoFrom <= b.ProtoTo && b.Src.From <= b.Src.To && b.Dst.From <= b.Dst.To
}

// and returns what two boxes share.
func (b ServiceBox) and(c ServiceBox) (ServiceBox, bool) {
	d := ServiceBox{
		max(b.ProtoFrom, c.ProtoFrom), min(b.ProtoTo, c.ProtoTo),
		PortRange{max(b.Src.From, c.Src.From), min(b.Src.To, c.Src.To)},
		PortRange{max(b.Dst.From, c.Dst.From), min(b.Dst.To, c.Dst.To)},
	}
	return d, d.isValid()
}

// minus appends the parts of b that are not in c.
func (b ServiceBox) minus(out []ServiceBox, c ServiceBox) []ServiceBox {
	d, ok := b.and(c)
	if !ok {
		return append(out, b)
	}
	cut := func(part ServiceBox) { out = append(out, part) }
	if p := b; p.ProtoFrom < d.ProtoFrom {
		p.ProtoTo = d.ProtoFrom - 1
		cut(p)
	}
	if p := b; d.ProtoTo < p.ProtoTo {
		p.ProtoFrom = d.ProtoTo + 1
		cut(p)
	}
	b.ProtoFrom, b.ProtoTo = d.ProtoFrom, d.ProtoTo
	if p := b; p.Src.From < d.Src.From {
		p.Src.To = d.Src.From - 1
		cut(p)
	}
	if p := b; d.Src.To < p.Src.To {
		p.Src.From = d.Src.To + 1
		cut(p)
	}
	b.Src = d.Src
	if p := b; p.Dst.From < d.Dst.From {
		p.Dst.To = d.Dst.From - 1
		cut(p)
	}
	if p := b; d.Dst.To < p.Dst.To {
		p.Dst.From = d.Dst.To + 1
		cut(p)
	}
	return out
}
