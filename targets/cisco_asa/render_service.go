package cisco_asa

import (
	"github.com/nbfwc/nbfwc/ruleset"
)

// maxServices bounds the members of one service group: ICMP types and protocols
// have no ranges and are listed one by one.
const maxServices = 600

// serviceMembers returns the members of the service group that spells a set.
// What can't be spelled is returned as bad.
func serviceMembers(s ruleset.ServiceSet) (list []serviceMember, bad string) {
	if s.IsAny() {
		return []serviceMember{{proto: protoSpec{kind: ipProto}}}, ""
	}
	for _, b := range s.Boxes() {
		members, ok := boxMembers(b)
		if !ok || len(list)+len(members) > maxServices {
			return nil, b.String()
		}
		list = append(list, members...)
	}
	return list, ""
}

var everyPort = ruleset.PortRange{From: 0, To: 65535}

func boxMembers(b ruleset.ServiceBox) ([]serviceMember, bool) {
	var list []serviceMember
	for p := int(b.ProtoFrom); p <= int(b.ProtoTo); p++ {
		proto := protoSpec{kind: numberProto, number: uint8(p)}
		switch uint8(p) {
		case ruleset.TCP, ruleset.UDP:
			list = append(list, serviceMember{proto: proto, src: portsOf(b.Src), dst: portsOf(b.Dst)})
		case ruleset.ICMP, ruleset.ICMPv6:
			members, ok := icmpMembers(proto, b)
			if !ok {
				return nil, false
			}
			list = append(list, members...)
		default:
			// Protocol 0 is what the device calls "ip", all protocols.
			if p == 0 || b.Src != everyPort || b.Dst != everyPort {
				return nil, false
			}
			list = append(list, serviceMember{proto: proto})
		}
	}
	return list, true
}

func portsOf(r ruleset.PortRange) portSpec {
	switch {
	case r == everyPort:
		return portSpec{}
	case r.From == r.To:
		return portSpec{op: eqPort, from: r.From}
	}
	return portSpec{op: rangePort, from: r.From, to: r.To}
}

// icmpMembers lists the types and codes of a box.
func icmpMembers(proto protoSpec, b ruleset.ServiceBox) ([]serviceMember, bool) {
	all := func(r ruleset.PortRange) bool { return r.From == 0 && r.To >= 255 }
	types, codes := b.Src, b.Dst
	types.To, codes.To = min(types.To, 255), min(codes.To, 255)
	if all(types) && all(codes) {
		return []serviceMember{{proto: proto}}, true
	}
	n := int(types.To) - int(types.From) + 1
	if !all(codes) {
		n *= int(codes.To) - int(codes.From) + 1
	}
	if n > maxServices {
		return nil, false
	}
	var list []serviceMember
	for t := int(types.From); t <= int(types.To); t++ {
		if all(codes) {
			list = append(list, serviceMember{proto: proto, icmp: icmpSpec{hasType: true, typ: uint8(t)}})
			continue
		}
		for c := int(codes.From); c <= int(codes.To); c++ {
			list = append(list, serviceMember{proto: proto, icmp: icmpSpec{hasType: true, typ: uint8(t), hasCode: true, code: uint8(c)}})
		}
	}
	return list, true
}

// icmpTypes are all codes of some types.
func icmpTypes(proto uint8, types ...uint16) ruleset.ServiceSet {
	var boxes []ruleset.ServiceBox
	for _, t := range types {
		boxes = append(boxes, ruleset.ServiceBox{ProtoFrom: proto, ProtoTo: proto, Src: ruleset.PortRange{From: t, To: t}, Dst: ruleset.PortRange{From: 0, To: 255}})
	}
	return ruleset.NewServiceSet(boxes...)
}

// transport are the ICMP errors that TCP needs (RFC 1191, RFC 8201): unreachable
// with "fragmentation needed", packet too big, time exceeded, parameter problem.
// An ASA lets an ICMP error pass only where an access list permits it.
var (
	transport4 = icmpTypes(ruleset.ICMP, 3, 11, 12)
	transport6 = icmpTypes(ruleset.ICMPv6, 1, 2, 3, 4)
)

// Echo requests and replies. ICMP has no state on an ASA that doesn't inspect
// it, so replies need an entry of their own.
var (
	echo4      = icmpTypes(ruleset.ICMP, 8)
	echo6      = icmpTypes(ruleset.ICMPv6, 128)
	echoReply4 = icmpTypes(ruleset.ICMP, 0)
	echoReply6 = icmpTypes(ruleset.ICMPv6, 129)
	tcp        = ruleset.Protocol(ruleset.TCP)
)

// answers are the services that have to pass the other way for what a permit
// rule permits: ICMP errors for TCP, of the families that both ends have, and
// replies for echo requests.
func answers(r *ruleset.Rule, s ruleset.ServiceSet) ruleset.ServiceSet {
	var out ruleset.ServiceSet
	if !s.Intersect(tcp).IsEmpty() {
		if both(r, ruleset.Any4()) {
			out = transport4
		}
		if both(r, ruleset.Any6()) {
			out = out.Union(transport6)
		}
	}
	if !s.Intersect(echo4).IsEmpty() {
		out = out.Union(echoReply4)
	}
	if !s.Intersect(echo6).IsEmpty() {
		out = out.Union(echoReply6)
	}
	return out
}

// both says whether both ends of a rule have addresses of a family.
func both(r *ruleset.Rule, family ruleset.AddrSet) bool {
	return !r.Src.Intersect(family).IsEmpty() && !r.Dst.Intersect(family).IsEmpty()
}
