package cisco_asa

import (
	"math"
	"net/netip"
	"strings"
	"time"
)

// never is the idle timeout of connections that have none ("idle 0").
const never = time.Duration(math.MaxInt64)

// noLevel is the security level of an interface whose text doesn't say it.
const noLevel = -1

// nameLine reads `name ADDRESS WORD [description TEXT]`.
func (p *parser) nameLine() {
	a, err := netip.ParseAddr(p.at(1))
	if err != nil || a.Zone() != "" || p.at(2) == "" {
		p.problem("the name isn't understood")
		return
	}
	if _, twice := p.m.names[p.w[2]]; twice {
		p.problem("the name stands for two addresses; the first one counts here")
		return
	}
	p.m.names[p.keep(p.w[2])] = a
}

// Bounds of what a device has few of; the text is refused beyond them.
const (
	maxInterfaces = 2048
	maxPolicies   = 4096
)

// few says whether there may be one more of what there are n already.
func (p *parser) few(n, most int) bool {
	if n < most {
		return true
	}
	p.mode("there are more of these than a device can have; what follows isn't read")
	return false
}

// interfaceHead reads "interface DEVICE". The interface counts once it has a
// nameif.
func (p *parser) interfaceHead() {
	i := iface{device: p.keep(p.at(1)), level: noLevel}
	at := -1
	p.body = func() {
		p.interfaceLine(&i)
		switch {
		case i.nameif == "":
		case at < 0:
			at = len(p.m.ifaces)
			p.m.ifaces = append(p.m.ifaces, i)
		default:
			p.m.ifaces[at] = i
		}
	}
}

func (p *parser) interfaceLine(i *iface) {
	switch p.w[0] {
	case "nameif":
		if i.nameif == "" && p.at(1) != "" && p.few(len(p.m.ifaces), maxInterfaces) {
			if _, twice := p.m.iface(p.w[1]); twice {
				p.problem("another interface has this nameif")
				return
			}
			i.nameif, i.num = p.keep(p.w[1]), p.num
		}
	case "security-level":
		n, ok := smallNumber(p.at(1), 100)
		if !ok {
			p.problem("the security level isn't understood")
			return
		}
		i.level = n
	case "ip", "ipv6":
		if p.at(1) == "address" {
			p.interfaceAddress(i)
		}
	case "no":
		if p.at(1) == "forward" {
			p.problem("an interface that may not open connections to another one isn't modelled")
		}
	case "shutdown":
		i.shutdown = true
	case "management-only":
		i.management = true
	case "zone-member":
		p.mode("traffic zones aren't modelled: interfaces of one zone stand in for each other")
	case "bridge-group":
		p.mode("bridge groups aren't modelled: packets are bridged between their members")
	}
}

func (p *parser) interfaceAddress(i *iface) {
	s := p.at(2)
	switch s {
	case "dhcp", "pppoe", "autoconfig":
		i.dynamic = true
		return
	}
	if s == "" || p.at(3) == "link-local" {
		return
	}
	if p.w[0] == "ip" {
		o, _, ok := p.netAt(2)
		a, okA := p.addr(s)
		if pre, okP := o.prefix(); ok && okA && okP {
			i.prefixes = append(i.prefixes, netip.PrefixFrom(a, pre.Bits()))
			return
		}
	} else if j := strings.LastIndexByte(s, '/'); j >= 0 {
		a, ok := p.addr(s[:j])
		bits, okBits := smallNumber(s[j+1:], 128)
		if ok && okBits && a.Is6() {
			i.prefixes = append(i.prefixes, netip.PrefixFrom(a, bits))
			return
		}
	} else if _, ok := p.addr(s); ok {
		return
	}
	p.problem("the address of the interface isn't understood")
}

// accessGroup reads "access-group ACL in interface X [control-plane]",
// "access-group ACL out interface X", "access-group ACL global".
func (p *parser) accessGroup() {
	b := binding{acl: p.keep(p.at(1)), num: p.num}
	used := 5
	switch {
	case p.at(2) == "global":
		b.kind, used = bindGlobal, 3
	case p.at(3) != "interface" || p.at(4) == "":
	case p.at(2) == "in":
		b.kind, b.iface = bindIn, p.keep(p.w[4])
	case p.at(2) == "out":
		b.kind, b.iface = bindOut, p.keep(p.w[4])
	}
	for ; b.kind != 0 && used < len(p.w); used++ {
		switch {
		case p.w[used] == "control-plane" && b.kind == bindIn:
			b.kind = bindControl
		case p.w[used] == "per-user-override":
			b.perUser = true
		default:
			b.kind = 0
		}
	}
	if b.kind == 0 || b.acl == "" {
		p.mode("the access-group isn't understood, so that it isn't known what filters the interface")
		return
	}
	if !p.few(len(p.m.bindings), 3*maxInterfaces) {
		return
	}
	for i, c := range p.m.bindings {
		if c.kind == b.kind && c.iface == b.iface {
			p.m.bindings[i] = b // entering another one replaces it
			return
		}
	}
	p.m.bindings = append(p.m.bindings, b)
}

// routeLine reads "route NAMEIF NETWORK MASK GATEWAY ...". A tunneled route is
// for VPN traffic only.
func (p *parser) routeLine() {
	if p.w[len(p.w)-1] == "tunneled" {
		return
	}
	o, _, ok := p.netAt(2)
	pre, okP := o.prefix()
	if !ok || !okP || len(p.w) < 5 {
		p.problem("the route isn't understood")
		return
	}
	p.m.routes = append(p.m.routes, route{p.keep(p.w[1]), pre, p.num})
}

// ipv6Line reads "ipv6 route NAMEIF PREFIX GATEWAY ..." and passes over what
// else begins with ipv6, but for the filters of old releases.
func (p *parser) ipv6Line() {
	switch p.at(1) {
	case "route":
		if p.w[len(p.w)-1] == "tunneled" {
			return
		}
		o, n, ok := p.netAt(3)
		if pre, okP := o.prefix(); ok && okP && n == 1 && len(p.w) >= 5 {
			p.m.routes = append(p.m.routes, route{p.keep(p.w[2]), pre, p.num})
			return
		}
		p.problem("the route isn't understood")
	case "access-list":
		p.problem("IPv6 access lists of releases before 9.0 aren't modelled")
	default:
		p.m.skipped++
	}
}

// prefix is what a netAddr or hostAddr spells as prefix; ok is false where its
// mask has gaps.
func (o operand) prefix() (p netip.Prefix, ok bool) {
	switch {
	case o.kind == hostAddr:
		return netip.PrefixFrom(o.addr(), o.addr().BitLen()), true
	case o.kind != netAddr:
		return p, false
	case o.v6:
		return netip.PrefixFrom(o.addr(), int(o.bits)), true
	}
	bits := 0
	for bits < 32 && o.mask<<bits>>31 == 1 {
		bits++
	}
	return netip.PrefixFrom(o.addr(), bits), bits == 32 || o.mask<<bits == 0
}

// sameSecurity reads "same-security-traffic permit inter-interface" and
// "intra-interface".
func (p *parser) sameSecurity() {
	switch {
	case p.at(1) == "permit" && p.at(2) == "inter-interface":
		p.m.sameInter = true
	case p.at(1) == "permit" && p.at(2) == "intra-interface":
		p.m.sameIntra = true
	default:
		p.problem("the command isn't understood")
	}
}

// timeoutLine reads pairs of a word and a time: "timeout conn 1:00:00
// half-closed 0:10:00 udp 0:02:00".
func (p *parser) timeoutLine() {
	for i := 1; i < len(p.w); i++ {
		if p.w[i] != "conn" {
			continue
		}
		d, ok := clock(p.at(i + 1))
		if !ok {
			p.problem("the time isn't understood")
			return
		}
		p.m.timeouts.conn, p.m.timeouts.hasConn = d, true
	}
}

// clock reads "H:MM:SS", or "0".
func clock(s string) (time.Duration, bool) {
	if s == "0" {
		return 0, true
	}
	h, rest, ok := strings.Cut(s, ":")
	m, sec, ok2 := strings.Cut(rest, ":")
	nh, okH := smallNumber(h, 100_000)
	nm, okM := smallNumber(m, 59)
	ns, okS := smallNumber(sec, 59)
	if !ok || !ok2 || !okH || !okM || !okS {
		return 0, false
	}
	return time.Duration(nh)*time.Hour + time.Duration(nm)*time.Minute + time.Duration(ns)*time.Second, true
}

func orNever(d time.Duration) time.Duration {
	if d == 0 {
		return never
	}
	return d
}

// finish looks for what only the whole text shows.
func (p *parser) finish() {
	for i := range p.m.bindings {
		b := &p.m.bindings[i]
		if b.perUser && b.kind == bindIn {
			p.problemAt(b.num, "access-group "+b.acl, "per-user-override lets access lists of users decide before this one; they aren't part of the configuration")
		}
	}
}
