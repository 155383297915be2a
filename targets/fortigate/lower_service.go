package fortigate

import (
	"slices"
	"strings"

	"github.com/nbfwc/nbfwc/ruleset"
)

// sctp is the protocol of "sctp-portrange".
const sctpProtocol = 132

// A part is services with one idle timeout.
type part struct {
	lo, hi  ruleset.ServiceSet
	unknown []string
	ttl     ttl
}

func (s part) exact() bool { return len(s.unknown) == 0 }

// services finds what names of services stand for.
type services struct {
	custom  map[string]*service
	groups  map[string]*svcGroup
	known   map[string][]part
	open    map[string]bool
	missing map[string]bool
	work    int
}

func newServices(m *model, problem func(int, string, string)) *services {
	s := &services{
		custom: make(map[string]*service, len(m.services)), groups: make(map[string]*svcGroup, len(m.svcGroups)),
		known: map[string][]part{}, open: map[string]bool{}, missing: map[string]bool{},
	}
	for i := range m.services {
		s.custom[m.services[i].name] = &m.services[i]
	}
	for i := range m.svcGroups {
		g := &m.svcGroups[i]
		if s.custom[g.name] != nil {
			problem(g.line, "edit "+g.name, "a service and a group have the same name")
		}
		s.groups[g.name] = g
	}
	return s
}

func (s *services) find(name string, depth int) []part {
	if p, ok := s.known[name]; ok {
		return p
	}
	if s.open[name] || depth > maxNesting {
		return []part{{hi: ruleset.AnyService(), unknown: []string{"service group in itself " + name}}}
	}
	s.open[name] = true
	p := s.resolve(name, depth)
	delete(s.open, name)
	s.known[name] = p
	return p
}

func (s *services) resolve(name string, depth int) []part {
	if g := s.groups[name]; g != nil {
		if len(g.others) > 0 {
			return []part{{hi: ruleset.AnyService(), unknown: []string{"service group " + name + " " + fieldsText(g.others)}}}
		}
		return s.union(g.members, depth)
	}
	if c := s.custom[name]; c != nil {
		return []part{c.part()}
	}
	if f, ok := factoryServices[name]; ok {
		return []part{f.part()}
	}
	s.missing[name] = true
	return []part{{hi: ruleset.AnyService(), unknown: []string{"service " + name}}}
}

// union unites services of one timeout, in the order in which timeouts are met.
func (s *services) union(names []string, depth int) []part {
	if len(names) == 1 {
		return s.find(names[0], depth+1)
	}
	type gathered struct {
		ttl     ttl
		lo, hi  []ruleset.ServiceBox
		unknown []string
	}
	var all []gathered
	for _, name := range names {
		for _, p := range s.find(name, depth+1) {
			i := slices.IndexFunc(all, func(g gathered) bool { return g.ttl == p.ttl })
			if i < 0 {
				i = len(all)
				all = append(all, gathered{ttl: p.ttl})
			}
			lo := p.lo.Boxes()
			if s.work += 1 + len(lo); s.work > maxRanges || len(all) > maxParts {
				return []part{{hi: ruleset.AnyService(), unknown: []string{"service groups that are too large " + fingerprint(names)}}}
			}
			all[i].lo = append(all[i].lo, lo...)
			if !p.exact() {
				all[i].hi = append(all[i].hi, p.hi.Boxes()...)
				all[i].unknown = append(all[i].unknown, p.unknown...)
			}
		}
	}
	out := make([]part, len(all))
	for i, g := range all {
		out[i] = part{lo: ruleset.NewServiceSet(g.lo...), ttl: g.ttl, unknown: sortedNames(g.unknown)}
		out[i].hi = out[i].lo
		if len(g.hi) > 0 {
			out[i].hi = ruleset.NewServiceSet(append(g.hi, g.lo...)...)
		}
	}
	return out
}

// maxParts bounds how many different timeouts a group has.
const maxParts = 1000

// part is what a service holds.
func (s *service) part() part {
	set, ok := s.set()
	if !ok || len(s.others) > 0 && !onlyTimers(s.others) {
		about := "service " + s.name
		if s.word != "" {
			about += " " + s.word
		}
		if len(s.others) > 0 {
			about += " (" + fieldsText(s.others) + ")"
		}
		hi := set
		if !ok {
			hi = ruleset.AnyService()
		}
		return part{hi: hi, unknown: []string{about}, ttl: s.ttl}
	}
	return part{lo: set, hi: set, ttl: s.ttl}
}

// onlyTimers says that fields bear on sessions, and not on what is matched.
func onlyTimers(fields []field) bool {
	return !slices.ContainsFunc(fields, func(f field) bool {
		return f.name != "udp-idle-timer" && f.name != "helper" && f.name != "check-reset-range" && !strings.HasPrefix(f.name, "tcp-")
	})
}

func (s *service) set() (ruleset.ServiceSet, bool) {
	switch s.kind {
	case tcpUDPSCTP:
		var boxes []ruleset.ServiceBox
		for _, l := range [...]struct {
			proto uint8
			list  []ports
		}{{ruleset.TCP, s.tcp}, {ruleset.UDP, s.udp}, {sctpProtocol, s.sctp}} {
			for _, p := range l.list {
				boxes = append(boxes, ruleset.ServiceBox{ProtoFrom: l.proto, ProtoTo: l.proto, Src: p.src, Dst: p.dst})
			}
		}
		return ruleset.NewServiceSet(boxes...), len(boxes) > 0
	case icmp, icmp6:
		proto := ruleset.ICMP
		if s.kind == icmp6 {
			proto = ruleset.ICMPv6
		}
		return ruleset.NewServiceSet(ruleset.ServiceBox{ProtoFrom: proto, ProtoTo: proto, Src: byteRange(s.icmpType), Dst: byteRange(s.icmpCode)}), true
	case ip:
		if s.number == 0 {
			return ruleset.AnyService(), true
		}
		return ruleset.Protocol(s.number), true
	}
	return ruleset.ServiceSet{}, false
}

// byteRange is one value, or all for -1.
func byteRange(n int16) ruleset.PortRange {
	if n < 0 {
		return ruleset.PortRange{From: 0, To: 255}
	}
	return ruleset.PortRange{From: uint16(n), To: uint16(n)}
}
