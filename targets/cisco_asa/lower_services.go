package cisco_asa

import (
	"github.com/nbfwc/nbfwc/ruleset"
)

// maxServiceBoxes bounds the members of all service groups that are written
// out.
const maxServiceBoxes = 1 << 14

var allPorts = ruleset.PortRange{From: 0, To: 65535}

// A portPart is the ports of a group; unknown is as in a servicePart.
type portPart struct {
	ports   []ruleset.PortRange
	unknown string
	open    bool
}

// service is what the protocol, the ports and the ICMP part of a line match.
func (s *sets) service(l line, x *tail) servicePart {
	k := serviceKey{l.proto, l.sport, l.dport, x.icmp}
	p, ok := s.services[k]
	if !ok {
		pool := s.m.pool
		p = s.protocols(pool.protos.list[l.proto], pool.ports.list[l.sport], pool.ports.list[l.dport], x.icmp)
		s.services[k] = p
	}
	return p
}

// protocols is the service of an ACE's operands.
func (s *sets) protocols(proto protoSpec, src, dst portSpec, icmp icmpSpec) servicePart {
	w := &serviceWriter{s: s, open: map[string]bool{}}
	plain := src.op == noPorts && dst.op == noPorts && icmp == (icmpSpec{})
	o := s.m.index[proto.name]
	switch {
	case proto.kind != objectProto && proto.kind != groupProto:
		w.member(serviceMember{proto: proto, src: src, dst: dst, icmp: icmp}, 0)
	case o != nil && o.kind == protocolGroup && proto.kind == groupProto:
		w.protocolGroup(o, src, dst, icmp, 0)
	case !plain:
		w.unknown = append(w.unknown, "service "+proto.name)
		s.miss(proto.name, "the line names ports beside a service group that has its own; it may match any service")
	default:
		w.named(proto, 0)
	}
	p := servicePart{known: ruleset.NewServiceSet(w.boxes...)}
	if len(w.unknown) > 0 {
		p.unknown = anyOf(w.unknown)
	}
	return p
}

// A serviceWriter collects the boxes of services.
type serviceWriter struct {
	s       *sets
	boxes   []ruleset.ServiceBox
	unknown []string
	open    map[string]bool // groups that have been met
}

// enter says whether a group is to be written out: not twice, not too deep.
func (w *serviceWriter) enter(name string, depth int) bool {
	if w.open[name] {
		return false
	}
	w.open[name] = true
	if depth > maxNesting || len(w.boxes) > maxServiceBoxes || w.s.spans > maxSpans {
		w.doubt(name, "the groups are nested too deeply or too large to be read; the lines that name them may match any service")
		return false
	}
	return true
}

func (w *serviceWriter) doubt(name, why string) {
	w.unknown = append(w.unknown, "service "+name)
	w.s.miss(name, why)
}

// named writes out the object or group that a line names in place of a
// protocol.
func (w *serviceWriter) named(p protoSpec, depth int) {
	o := w.s.m.index[p.name]
	if o == nil && p.kind == objectProto {
		if m, ok := predefinedServices[p.name]; ok {
			w.member(m, depth)
			return
		}
	}
	switch {
	case o == nil:
		w.doubt(p.name, "no service object or object-group has this name; the lines that name it may match any service")
		return
	case p.kind == objectProto && o.kind == serviceObject:
	case p.kind == groupProto && (o.kind == serviceGroup || o.kind == protocolGroup):
	default:
		w.doubt(p.name, "the object or object-group isn't of the type that a line needs; the line may match any service")
		return
	}
	if !w.enter(p.name, depth) {
		return
	}
	if o.unread != "" || o.kind == serviceObject && len(o.services) == 0 {
		w.unknown = append(w.unknown, "service "+o.name)
	}
	for _, m := range o.services {
		w.member(m, depth+1)
	}
}

// protocolGroup writes out the protocols of a group, those that have ports with
// the ports of the line.
func (w *serviceWriter) protocolGroup(o *object, src, dst portSpec, icmp icmpSpec, depth int) {
	if !w.enter(o.name, depth) {
		return
	}
	if o.unread != "" {
		w.unknown = append(w.unknown, "service "+o.name)
	}
	for _, m := range o.services {
		if m.proto.kind != groupProto {
			w.member(serviceMember{proto: m.proto, src: src, dst: dst, icmp: icmp}, depth+1)
			continue
		}
		n := w.s.m.index[m.proto.name]
		if n == nil || n.kind != protocolGroup {
			w.doubt(m.proto.name, "no object-group of protocols has this name; the lines that name it may match any service")
			continue
		}
		w.protocolGroup(n, src, dst, icmp, depth+1)
	}
}

// member writes out one protocol with its ports or ICMP types.
func (w *serviceWriter) member(m serviceMember, depth int) {
	switch m.proto.kind {
	case objectProto, groupProto:
		w.named(m.proto, depth)
		return
	case tcpUDPProto:
		for _, n := range []uint8{ruleset.TCP, ruleset.UDP} {
			m.proto = protoSpec{kind: numberProto, number: n}
			w.member(m, depth)
		}
		return
	}
	first, last := m.proto.number, m.proto.number
	if m.proto.kind == ipProto {
		first, last = 0, 255
	}
	src, dst := []ruleset.PortRange{allPorts}, []ruleset.PortRange{allPorts}
	switch {
	case m.icmp != (icmpSpec{}) && !isICMP(m.proto), (m.src.op != noPorts || m.dst.op != noPorts) && !hasPorts(m.proto):
		w.doubt(protoName(m.proto), "the line names ports or ICMP types of a protocol that has none; it may match any packet")
		return
	case m.icmp != (icmpSpec{}):
		src, dst = w.icmpTypes(m.icmp, depth)
	default:
		if m.src.op != noPorts {
			src = w.ports(m.src, m.proto, depth)
		}
		if m.dst.op != noPorts {
			dst = w.ports(m.dst, m.proto, depth)
		}
	}
	if n := len(src) * len(dst); n > maxServiceBoxes || len(w.boxes)+n > maxServiceBoxes {
		w.doubt(protoName(m.proto), "the ports are too many to be written out; the line may match any service")
		return
	}
	w.s.spans += len(src) * len(dst)
	for _, a := range src {
		for _, b := range dst {
			w.boxes = append(w.boxes, ruleset.ServiceBox{ProtoFrom: first, ProtoTo: last, Src: a, Dst: b})
		}
	}
}

// icmpTypes are the types and codes of an ICMP message.
func (w *serviceWriter) icmpTypes(i icmpSpec, depth int) (types, codes []ruleset.PortRange) {
	codes = []ruleset.PortRange{allPorts}
	if i.group == "" {
		if i.hasCode {
			codes = []ruleset.PortRange{{From: uint16(i.code), To: uint16(i.code)}}
		}
		return []ruleset.PortRange{{From: uint16(i.typ), To: uint16(i.typ)}}, codes
	}
	o := w.s.m.index[i.group]
	if o == nil || o.kind != icmpGroup {
		w.doubt(i.group, "no object-group of ICMP types has this name; the lines that name it may match any type")
		return nil, codes
	}
	if !w.enter(o.name, depth) {
		return nil, codes
	}
	if o.unread != "" {
		w.unknown = append(w.unknown, "service "+o.name)
	}
	for _, m := range o.services {
		t, _ := w.icmpTypes(m.icmp, depth+1)
		types = append(types, t...)
	}
	return types, codes
}

// ports are the ports of an operator or of a group.
func (w *serviceWriter) ports(p portSpec, proto protoSpec, depth int) []ruleset.PortRange {
	if p.op != groupPort {
		return p.ranges()
	}
	g := w.s.portGroup(p.name, proto, depth)
	if g.unknown != "" {
		w.unknown = append(w.unknown, g.unknown)
	}
	return g.ports
}

// portGroup is the ports of a group in a line of that protocol.
func (s *sets) portGroup(name string, proto protoSpec, depth int) portPart {
	if g, ok := s.portSets[name]; ok && !g.open {
		return s.ofProtocol(g, name, proto)
	}
	o := s.m.index[name]
	bad := portPart{unknown: "service " + name}
	switch {
	case o == nil || o.kind != portGroup:
		s.miss(name, "no object-group of ports has this name; the lines that name it may match any port")
		return bad
	case s.portSets[name].open:
		s.miss(name, "the group contains itself")
		return bad
	case depth > maxNesting || s.spans > maxSpans:
		s.miss(name, "the groups are nested too deeply or too large to be read; the lines that name them may match any port")
		return bad
	}
	s.portSets[name] = portPart{open: true}
	var g portPart
	if o.unread != "" {
		g.unknown = bad.unknown
	}
	for _, m := range o.services {
		if m.dst.op == groupPort {
			n := s.portGroup(m.dst.name, o.proto, depth+1)
			g.ports = append(g.ports, n.ports...)
			s.spans += len(n.ports)
			if n.unknown != "" {
				g.unknown = bad.unknown
			}
			continue
		}
		g.ports = append(g.ports, m.dst.ranges()...)
	}
	s.portSets[name] = g
	return s.ofProtocol(g, name, proto)
}

// ofProtocol refuses a group of another protocol's ports.
func (s *sets) ofProtocol(g portPart, name string, proto protoSpec) portPart {
	o := s.m.index[name]
	if o.proto == proto || o.proto.kind == tcpUDPProto && (proto.kind == numberProto && (proto.number == ruleset.TCP || proto.number == ruleset.UDP)) {
		return g
	}
	s.miss(name, "a line of another protocol names this group of ports; it may match any port")
	return portPart{unknown: "service " + name}
}

// ranges are the ports of an operator.
func (p portSpec) ranges() []ruleset.PortRange {
	var out []ruleset.PortRange
	switch p.op {
	case eqPort:
		out = append(out, ruleset.PortRange{From: p.from, To: p.from})
	case rangePort:
		out = append(out, ruleset.PortRange{From: p.from, To: p.to})
	case gtPort, neqPort:
		if p.from < 65535 {
			out = append(out, ruleset.PortRange{From: p.from + 1, To: 65535})
		}
	}
	if (p.op == ltPort || p.op == neqPort) && p.from > 0 {
		out = append(out, ruleset.PortRange{From: 0, To: p.from - 1})
	}
	return out
}
