package cisco_asa

import (
	"net/netip"
	"strings"

	"github.com/nbfwc/nbfwc/ruleset"
)

// declare returns the object that a head names, which may stand twice: NAT of
// an object is printed in a second block.
func (p *parser) declare(name string, kind objectKind) *object {
	if name == "" {
		p.problem("the object has no name")
		return &object{kind: kind}
	}
	if o := p.m.index[name]; o != nil {
		if o.kind != kind {
			p.problem("an object or object-group of this name and another type stands above; a name can be used once")
			return &object{kind: kind, name: o.name}
		}
		return o
	}
	o := &object{kind: kind, name: p.keep(name), num: p.num}
	p.m.addObject(o)
	return o
}

// objectHead reads "object network NAME" and "object service NAME".
func (p *parser) objectHead() {
	switch p.at(1) {
	case "network":
		o := p.declare(p.at(2), networkObject)
		p.body = func() { p.networkObjectLine(o) }
	case "service":
		o := p.declare(p.at(2), serviceObject)
		p.body = func() { p.serviceObjectLine(o) }
	default:
		o := p.declare(p.at(2), otherGroup)
		o.unread = "objects of type " + shortText(p.at(1)) + " aren't modelled"
		p.body = func() {}
	}
}

// networkObjectLine reads a line of an "object network".
func (p *parser) networkObjectLine(o *object) {
	switch p.w[0] {
	case "host", "subnet", "range", "fqdn":
		m, ok := p.objectAddress()
		if !ok {
			p.unreadMember(o, "the address isn't understood")
			return
		}
		m.num = int32(p.num)
		o.nets = append(o.nets[:0], m)
	case "nat":
		p.objectNAT(o)
	case "description", "description:":
		o.description = strings.Clone(p.rest(1))
	default:
		p.unreadMember(o, "the line isn't understood")
	}
}

// objectAddress reads "host A", "subnet A MASK", "range A B" or "fqdn [v4|v6]
// NAME".
func (p *parser) objectAddress() (netMember, bool) {
	switch p.w[0] {
	case "host":
		a, ok := p.addr(p.at(1))
		return netMember{addr: hostOperand(a)}, ok && len(p.w) == 2
	case "subnet":
		o, n, ok := p.netAt(1)
		return netMember{addr: o}, ok && len(p.w) == 1+n
	case "range":
		a, okA := p.addr(p.at(1))
		b, okB := p.addr(p.at(2))
		ok := okA && okB && len(p.w) == 3 && ruleset.Range{From: a, To: b}.IsValid()
		return netMember{addr: addrOperand(rangeAddr, a), to: b}, ok
	case "fqdn":
		return netMember{addr: wordOperand(fqdnAddr, strings.Clone(p.rest(1)))}, len(p.w) == 2 || len(p.w) == 3 && (p.w[1] == "v4" || p.w[1] == "v6")
	}
	return netMember{}, false
}

// addr reads an address or a word of the table of names.
func (p *parser) addr(s string) (netip.Addr, bool) {
	if s == "" {
		return netip.Addr{}, false
	}
	if c := s[0]; c >= '0' && c <= '9' || strings.IndexByte(s, ':') >= 0 {
		if a, err := netip.ParseAddr(s); err == nil && a.Zone() == "" && !a.Is4In6() {
			return a, true
		}
	}
	a, ok := p.m.names[s]
	return a, ok
}

// netAt reads "A MASK" or "A6/LEN" from the i-th word on; n is the number of
// words.
func (p *parser) netAt(i int) (o operand, n int, ok bool) {
	s := p.at(i)
	_, named := p.m.names[s]
	if j := strings.LastIndexByte(s, '/'); j >= 0 && !named {
		a, ok := p.addr(s[:j])
		bits, okBits := smallNumber(s[j+1:], 128)
		if !ok || !okBits || !a.Is6() {
			return operand{}, 0, false
		}
		return netOperand(netip.PrefixFrom(a, bits).Masked()), 1, true
	}
	a, ok := p.addr(s)
	mask, okMask := p.addr(p.at(i + 1))
	if !ok || !okMask || !a.Is4() || !mask.Is4() {
		return operand{}, 0, false
	}
	o = addrOperand(netAddr, a)
	b := mask.As4()
	o.mask = uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
	for k := range b {
		o.ip[k] &= b[k]
	}
	return o, 2, true
}

// smallNumber reads a decimal number up to most.
func smallNumber(s string, most int) (int, bool) {
	if s == "" || len(s) > 9 {
		return 0, false
	}
	n := 0
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = n*10 + int(s[i]-'0')
	}
	return n, n <= most
}

// unreadMember notes that a line of an object isn't understood: what the object
// matches is unknown then.
func (p *parser) unreadMember(o *object, why string) {
	p.problem(why + ", so that it isn't known what " + shortText(o.name) + " matches")
	o.unread = why
}

// groupHead reads "object-group TYPE NAME".
func (p *parser) groupHead() {
	name := p.at(2)
	switch p.at(1) {
	case "network":
		g := p.declare(name, networkGroup)
		p.body = func() { p.networkGroupLine(g) }
	case "service":
		if len(p.w) == 4 {
			proto, ok := protoNumber(p.w[3])
			g := p.declare(name, portGroup)
			g.proto = proto
			if !ok || !hasPorts(proto) {
				p.unreadMember(g, "the protocol isn't understood")
			}
			p.body = func() { p.portGroupLine(g) }
			return
		}
		g := p.declare(name, serviceGroup)
		p.body = func() { p.serviceGroupLine(g) }
	case "protocol":
		g := p.declare(name, protocolGroup)
		p.body = func() { p.protocolGroupLine(g) }
	case "icmp-type":
		g := p.declare(name, icmpGroup)
		p.body = func() { p.icmpGroupLine(g) }
	default:
		g := p.declare(name, otherGroup)
		g.unread = "object-groups of type " + shortText(p.at(1)) + " aren't modelled"
		p.body = func() {}
	}
}

// hasPorts says whether a line of that protocol can name ports.
func hasPorts(p protoSpec) bool {
	return p.kind == tcpUDPProto || p.kind == numberProto && (p.number == ruleset.TCP || p.number == ruleset.UDP || p.number == sctp)
}

const sctp = 132

// groupDescription reads the line of a group that all types have.
func (p *parser) groupDescription(g *object) bool {
	if p.w[0] != "description" && p.w[0] != "description:" {
		return false
	}
	g.description = strings.Clone(p.rest(1))
	return true
}

func (p *parser) networkGroupLine(g *object) {
	if p.groupDescription(g) {
		return
	}
	m := netMember{num: int32(p.num)}
	ok := false
	switch {
	case p.w[0] == "group-object" && len(p.w) == 2:
		m.addr, ok = wordOperand(groupAddr, p.keep(p.w[1])), true
	case p.w[0] != "network-object":
	case p.at(1) == "object" && len(p.w) == 3:
		m.addr, ok = wordOperand(objectAddr, p.keep(p.w[2])), true
	case p.at(1) == "host" && len(p.w) == 3:
		var a netip.Addr
		a, ok = p.addr(p.w[2])
		m.addr = hostOperand(a)
	default:
		var n int
		m.addr, n, ok = p.netAt(1)
		ok = ok && len(p.w) == 1+n
	}
	if !ok {
		p.unreadMember(g, "the member isn't understood")
		return
	}
	g.nets = append(g.nets, m)
}

func (p *parser) portGroupLine(g *object) {
	if p.groupDescription(g) {
		return
	}
	m := serviceMember{proto: g.proto, num: int32(p.num)}
	ok := false
	switch {
	case p.w[0] == "group-object" && len(p.w) == 2:
		m.dst, ok = portSpec{op: groupPort, name: p.keep(p.w[1])}, true
	case p.w[0] == "port-object":
		var n int
		m.dst, n, ok = p.portsAt(1, g.proto)
		ok = ok && len(p.w) == 1+n
	}
	if !ok {
		p.unreadMember(g, "the member isn't understood")
		return
	}
	g.services = append(g.services, m)
}

func (p *parser) protocolGroupLine(g *object) {
	if p.groupDescription(g) {
		return
	}
	m := serviceMember{num: int32(p.num)}
	ok := false
	switch {
	case len(p.w) != 2:
	case p.w[0] == "group-object":
		m.proto, ok = protoSpec{kind: groupProto, name: p.keep(p.w[1])}, true
	case p.w[0] == "protocol-object":
		m.proto, ok = protoNumber(p.w[1])
	}
	if !ok {
		p.unreadMember(g, "the member isn't understood")
		return
	}
	g.services = append(g.services, m)
}

func (p *parser) icmpGroupLine(g *object) {
	if p.groupDescription(g) {
		return
	}
	m := serviceMember{proto: protoSpec{kind: numberProto, number: ruleset.ICMP}, num: int32(p.num)}
	ok := false
	switch {
	case len(p.w) != 2:
	case p.w[0] == "group-object":
		m.icmp, ok = icmpSpec{group: p.keep(p.w[1])}, true
	case p.w[0] == "icmp-object":
		m.icmp.hasType = true
		m.icmp.typ, ok = icmpNumber(false, p.w[1])
	}
	if !ok {
		p.unreadMember(g, "the member isn't understood")
		return
	}
	g.services = append(g.services, m)
}

func (p *parser) serviceGroupLine(g *object) {
	if p.groupDescription(g) {
		return
	}
	var m serviceMember
	ok := false
	switch {
	case p.w[0] == "group-object" && len(p.w) == 2:
		m.proto, ok = protoSpec{kind: groupProto, name: p.keep(p.w[1])}, true
	case p.w[0] != "service-object":
	case p.at(1) == "object" && len(p.w) == 3:
		m.proto, ok = protoSpec{kind: objectProto, name: p.keep(p.w[2])}, true
	default:
		m, ok = p.serviceAt(1)
	}
	if !ok {
		p.unreadMember(g, "the member isn't understood")
		return
	}
	m.num = int32(p.num)
	g.services = append(g.services, m)
}

func (p *parser) serviceObjectLine(o *object) {
	switch p.w[0] {
	case "service":
		m, ok := p.serviceAt(1)
		if !ok {
			p.unreadMember(o, "the service isn't understood")
			return
		}
		m.num = int32(p.num)
		o.services = append(o.services[:0], m)
	case "description", "description:":
		o.description = strings.Clone(p.rest(1))
	default:
		p.unreadMember(o, "the line isn't understood")
	}
}

// serviceAt reads the rest of the line from the i-th word on as a service:
// "tcp source gt 1023 destination eq 443", "icmp echo 0", "97". Before the
// operator of the destination its keyword may be left out.
func (p *parser) serviceAt(i int) (m serviceMember, ok bool) {
	m.proto, ok = protoNumber(p.at(i))
	if !ok {
		return m, false
	}
	i++
	if isICMP(m.proto) {
		var n int
		m.icmp, n = p.icmpAt(i, m.proto.number == ruleset.ICMPv6)
		return m, i+n == len(p.w)
	}
	if !hasPorts(m.proto) {
		return m, i == len(p.w)
	}
	if p.at(i) == "source" {
		var n int
		if m.src, n, ok = p.portsAt(i+1, m.proto); !ok {
			return m, false
		}
		i += 1 + n
	}
	if p.at(i) == "destination" {
		i++
		if i == len(p.w) {
			return m, false
		}
	}
	if i < len(p.w) {
		var n int
		if m.dst, n, ok = p.portsAt(i, m.proto); !ok {
			return m, false
		}
		i += n
	}
	return m, i == len(p.w)
}

func isICMP(p protoSpec) bool {
	return p.kind == numberProto && (p.number == ruleset.ICMP || p.number == ruleset.ICMPv6)
}

// portsAt reads "eq N", "neq N", "gt N", "lt N" or "range N M" from the i-th
// word on; n is the number of words.
func (p *parser) portsAt(i int, proto protoSpec) (s portSpec, n int, ok bool) {
	op, ok := portOps[p.at(i)]
	if !ok {
		return s, 0, false
	}
	s.op = op
	if s.from, ok = portNumber(proto, p.at(i+1)); !ok {
		return s, 0, false
	}
	if op != rangePort {
		return s, 2, true
	}
	s.to, ok = portNumber(proto, p.at(i+2))
	if s.from > s.to {
		s.from, s.to = s.to, s.from
	}
	return s, 3, ok
}

var portOps = map[string]portOp{"eq": eqPort, "neq": neqPort, "gt": gtPort, "lt": ltPort, "range": rangePort}

// icmpAt reads "[TYPE [CODE]]" from the i-th word on; n is the number of words.
func (p *parser) icmpAt(i int, v6 bool) (s icmpSpec, n int) {
	if s.typ, s.hasType = icmpNumber(v6, p.at(i)); !s.hasType {
		return icmpSpec{}, 0
	}
	if code, ok := smallNumber(p.at(i+1), 255); ok {
		s.code, s.hasCode = uint8(code), true
		return s, 2
	}
	return s, 1
}
