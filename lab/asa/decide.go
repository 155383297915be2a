package asa

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/nbfwc/nbfwc/lab"
)

// answer is whether something matches. maybe stands for what nobody here
// knows: the time of day, a user, the addresses of a name.
type answer uint8

const (
	no answer = iota
	maybe
	yes
)

func both(a, b answer) answer { return min(a, b) }

func claim(ok bool) answer {
	if ok {
		return yes
	}
	return no
}

func anyOf[T any](list []T, match func(T) answer) answer {
	best := no
	for _, x := range list {
		best = max(best, match(x))
	}
	return best
}

// matchAddress says whether an address is in what an entry or a group names.
func (cfg *config) matchAddress(a address, ip netip.Addr, seen map[string]bool) answer {
	switch a.kind {
	case addrAny4:
		return claim(ip.Is4())
	case addrAny6:
		return claim(ip.Is6())
	case addrHost:
		return claim(ip == a.ip)
	case addrMask:
		if !ip.Is4() {
			return no
		}
		x, y := ip.As4(), a.ip.As4()
		for i := range x {
			if x[i]&a.mask[i] != y[i] {
				return no
			}
		}
		return yes
	case addrPrefix:
		return claim(netip.PrefixFrom(a.ip, int(a.bits)).Contains(ip))
	case addrObject:
		return cfg.matchObject(cfg.objects[a.name], ip)
	case addrGroup:
		g := cfg.groups[a.name]
		if g == nil || seen[a.name] {
			return no
		}
		if seen == nil {
			seen = map[string]bool{}
		}
		seen[a.name] = true
		return anyOf(g.members, func(m member) answer {
			if m.word == "group-object" {
				return cfg.matchAddress(address{kind: addrGroup, name: m.name}, ip, seen)
			}
			return cfg.matchAddress(m.addr, ip, seen)
		})
	case addrInterface:
		f := cfg.interfaceNamed(a.name)
		if f == nil {
			return no
		}
		if f.dynamic != "" {
			return maybe
		}
		return claim(f.ip == ip)
	}
	return yes
}

func (cfg *config) matchObject(o *object, ip netip.Addr) answer {
	if o == nil {
		return no
	}
	switch o.value {
	case "host", "subnet":
		return cfg.matchAddress(o.addr, ip, nil)
	case "range":
		return claim(ip.BitLen() == o.addr.ip.BitLen() && !ip.Less(o.addr.ip) && !o.last.ip.Less(ip))
	case "fqdn":
		if strings.HasPrefix(o.fqdn, "v4 ") && !ip.Is4() || strings.HasPrefix(o.fqdn, "v6 ") && !ip.Is6() {
			return no
		}
		return maybe
	}
	return no
}

// services returns all that the protocol, the ports and the ICMP type of an
// entry come to.
func (cfg *config) services(e *entry) []service {
	var list []service
	switch {
	case e.proto.object != "":
		if o := cfg.objects[e.proto.object]; o != nil && o.value == "service" {
			list = append(list, o.svc)
		}
	case e.proto.group != "":
		for _, m := range cfg.membersOf(e.proto.group, map[string]bool{}) {
			switch {
			case m.word == "protocol-object":
				s := e.svc
				s.proto = m.svc.proto
				list = append(list, s)
			case m.name == "":
				list = append(list, m.svc)
			default:
				if o := cfg.objects[m.name]; o != nil && o.value == "service" {
					list = append(list, o.svc)
				}
			}
		}
	default:
		list = append(list, e.svc)
	}
	list = cfg.withPorts(list, func(s *service) *ports { return &s.src })
	list = cfg.withPorts(list, func(s *service) *ports { return &s.dst })
	if e.icmp == "" {
		return list
	}
	var out []service
	for _, s := range list {
		for _, m := range cfg.membersOf(e.icmp, map[string]bool{}) {
			s.icmpType = m.svc.icmpType
			out = append(out, s)
		}
	}
	return out
}

// withPorts puts the ports of a port group in the place of its name.
func (cfg *config) withPorts(list []service, side func(*service) *ports) []service {
	if !slices.ContainsFunc(list, func(s service) bool { return side(&s).op == portGroup }) {
		return list
	}
	var out []service
	for _, s := range list {
		p := side(&s)
		if p.op != portGroup {
			out = append(out, s)
			continue
		}
		for _, m := range cfg.membersOf(p.group, map[string]bool{}) {
			*p = m.ports
			out = append(out, s)
		}
	}
	return out
}

// membersOf returns the members of a group and of the groups in it.
func (cfg *config) membersOf(name string, seen map[string]bool) []member {
	g := cfg.groups[name]
	if g == nil || seen[name] {
		return nil
	}
	seen[name] = true
	var out []member
	for _, m := range g.members {
		if m.word == "group-object" {
			out = append(out, cfg.membersOf(m.name, seen)...)
		} else {
			out = append(out, m)
		}
	}
	return out
}

func (s service) match(p lab.Packet) answer {
	switch s.proto {
	case protoIP:
		return yes
	case protoBoth:
		if p.Proto != protoTCP && p.Proto != protoUDP {
			return no
		}
	default:
		if int(p.Proto) != s.proto {
			return no
		}
	}
	switch p.Proto {
	case protoTCP, protoUDP, protoSCTP:
		return claim(s.src.match(p.SrcPort) && s.dst.match(p.DstPort))
	case protoICMP, protoICMP6:
		return claim((s.icmpType < 0 || int(p.SrcPort) == s.icmpType) && (s.icmpCode < 0 || int(p.DstPort) == s.icmpCode))
	}
	return claim(!s.hasPorts())
}

// matchEntry says whether an entry is about a packet.
func (cfg *config) matchEntry(e *entry, p lab.Packet) answer {
	if e.remark || e.dormant {
		return no
	}
	if e.raw != "" { // of a list of another kind
		return maybe
	}
	a := both(cfg.matchAddress(e.src, p.Src, nil), cfg.matchAddress(e.dst, p.Dst, nil))
	if a == no {
		return no
	}
	a = both(a, anyOf(cfg.services(e), func(s service) answer { return s.match(p) }))
	if e.period != "" || e.user != "" {
		a = both(a, maybe)
	}
	return a
}

// hit is what can decide about a packet.
type hit struct {
	verdict lab.Verdict
	why     string
}

// walk goes through a list and returns what may decide, up to the entry that
// surely does; sure says that there is one.
func (cfg *config) walk(name string, p lab.Packet) (hits []hit, sure bool) {
	a := cfg.acls[name]
	if a == nil {
		return nil, false
	}
	for i, e := range a.lines {
		m := cfg.matchEntry(e, p)
		if m == no {
			continue
		}
		h := hit{lab.Passes, "access-list " + name + lineNumber(i) + e.body(cfg.spelling(), false)}
		if e.deny {
			h.verdict = lab.Drops
		}
		hits = append(hits, h)
		if m == yes {
			return hits, true
		}
	}
	return hits, false
}

func (cfg *config) listAt(dir, nameif string) string {
	for _, g := range cfg.accessGroups {
		if g.dir == dir && g.nameif == nameif && g.option != "control-plane" {
			return g.acl
		}
	}
	return ""
}

// incoming returns what may decide on the way in: the list of the interface,
// then the global one, then the implicit deny; without lists the security
// levels.
func (cfg *config) incoming(p lab.Packet) []hit {
	var hits []hit
	list, global := cfg.listAt("in", p.In), cfg.listAt("global", "")
	for _, n := range []string{list, global} {
		if n == "" {
			continue
		}
		h, sure := cfg.walk(n, p)
		hits = append(hits, h...)
		if sure {
			return hits
		}
	}
	switch {
	case global != "":
		return append(hits, hit{lab.Drops, "implicit deny of the global access-list " + global})
	case list != "":
		return append(hits, hit{lab.Drops, "implicit deny of access-list " + list})
	}
	return append(hits, cfg.levels(p))
}

func (cfg *config) levels(p lab.Packet) hit {
	in, out := cfg.interfaceNamed(p.In).level, cfg.interfaceNamed(p.Out).level
	why := fmt.Sprintf("security levels %d to %d", in, out)
	switch {
	case in > out, in == out && p.In != p.Out && cfg.interPermit, p.In == p.Out:
		return hit{lab.Passes, why}
	}
	return hit{lab.Drops, why}
}

// hits returns what may decide about a packet, in order; the last surely does.
func (cfg *config) hits(p lab.Packet) []hit {
	in, out := cfg.interfaceNamed(p.In), cfg.interfaceNamed(p.Out)
	switch {
	case slices.ContainsFunc(cfg.blocks, func(b *block) bool { return b.top == "firewall transparent" }):
		return []hit{{lab.Undecided, "transparent mode"}}
	case in == nil || out == nil:
		return []hit{{lab.Undecided, "no such interface"}}
	case in.shut() || out.shut():
		return []hit{{lab.Drops, "the interface is shut down"}}
	case in == out && !cfg.intraPermit:
		return []hit{{lab.Drops, "no same-security-traffic permit intra-interface"}}
	}
	hits := cfg.incoming(p)
	list := cfg.listAt("out", p.Out)
	if list == "" || !slices.ContainsFunc(hits, func(h hit) bool { return h.verdict == lab.Passes }) {
		return hits
	}
	// What passes the way in meets the list of the way out.
	leaving, sure := cfg.walk(list, p)
	if !sure {
		leaving = append(leaving, hit{lab.Drops, "implicit deny of access-list " + list})
	}
	var all []hit
	for _, h := range hits {
		if h.verdict != lab.Passes {
			all = append(all, h)
			continue
		}
		for _, l := range leaving {
			if l.verdict == lab.Passes {
				l.why = h.why + ", " + l.why
			}
			all = append(all, l)
		}
	}
	return all
}

// Decide says what becomes of the first packet of a connection.
func (d *Device) Decide(p lab.Packet) lab.Verdict {
	d.lock()
	defer d.mu.Unlock()
	d.unpack()
	hits := d.cfg.hits(p)
	v := hits[0].verdict
	for _, h := range hits {
		if h.verdict != v {
			return lab.Undecided
		}
	}
	if v == lab.Drops && p.Proto == protoTCP && d.cfg.resets(p) {
		return lab.Rejects
	}
	return v
}

// resets says that denied TCP connections are answered with a reset: "service
// resetinbound" towards a higher level, "service resetoutbound" towards a
// lower one, of the interface where they come in.
func (cfg *config) resets(p lab.Packet) bool {
	in, out := cfg.interfaceNamed(p.In), cfg.interfaceNamed(p.Out)
	if in == nil || out == nil || in.shut() {
		return false
	}
	word := "service resetinbound"
	if in.level > out.level {
		word = "service resetoutbound"
	}
	return slices.ContainsFunc(cfg.blocks, func(b *block) bool {
		return b.top == word || b.top == word+" interface "+p.In
	})
}

// Explain names what decides about a packet: the lines that may, one after the
// other, if that is open.
func (d *Device) Explain(p lab.Packet) string {
	d.lock()
	defer d.mu.Unlock()
	d.unpack()
	var why []string
	for _, h := range d.cfg.hits(p) {
		why = append(why, h.why)
	}
	return strings.Join(why, " or ")
}

// Idle returns how long a connection may be silent before it is dropped; 0 is
// for ever.
func (d *Device) Idle(p lab.Packet) time.Duration {
	d.lock()
	defer d.mu.Unlock()
	d.unpack()
	for _, nameif := range []string{p.In, p.Out, ""} {
		t := d.cfg.policyTimers(nameif, p)
		if t == nil {
			continue
		}
		if t.hasIdle {
			return t.idle
		}
		break
	}
	word := map[uint8]string{protoTCP: "conn", protoUDP: "udp", protoICMP: "icmp", protoICMP6: "icmp", protoSCTP: "sctp"}[p.Proto]
	if word == "" {
		word = "conn"
	}
	return d.cfg.timeouts[word]
}

// policyTimers returns the timers of the first class of a service policy that
// has timers and matches; nil if none does. Later classes have no say, even if
// the first sets other timers than the idle one.
func (cfg *config) policyTimers(nameif string, p lab.Packet) *timers {
	for _, s := range cfg.servicePolicies {
		if s.nameif != nameif {
			continue
		}
		m := cfg.policyMap(s.policy)
		if m == nil {
			continue
		}
		for _, k := range m.classes {
			if k.timers != nil && cfg.inClass(k.name, p) {
				return k.timers
			}
		}
	}
	return nil
}

// inClass says that a packet is surely of a class.
func (cfg *config) inClass(name string, p lab.Packet) bool {
	if name == "class-default" {
		return true
	}
	m := cfg.classMap(name)
	if m == nil || len(m.match) == 0 {
		return false
	}
	for _, l := range m.match {
		n, isList := strings.CutPrefix(l, "access-list ")
		switch {
		case l == "any":
		case isList:
			hits, sure := cfg.walk(n, p)
			if !sure || slices.ContainsFunc(hits, func(h hit) bool { return h.verdict != lab.Passes }) {
				return false
			}
		case strings.HasPrefix(l, "port "):
			if m.port.match(p) != yes {
				return false
			}
		default:
			return false
		}
	}
	return true
}
