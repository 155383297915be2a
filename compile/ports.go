package compile

import (
	"fmt"
	"strings"

	"github.com/nbfwc/nbfwc/lang"
	"github.com/nbfwc/nbfwc/ruleset"
)

// servicePorts is a service as the ports of flows, by family: ICMP belongs to
// IPv4 and ICMPv6 to IPv6, all else to both.
type servicePorts struct {
	v4, v6 []Port
	tcp    bool
}

func (s *servicePorts) of(v6 bool) []Port {
	if v6 {
		return s.v6
	}
	return s.v4
}

// portsOf is a service's ports, the same value each time.
func (b *builder) portsOf(s *lang.Service) *servicePorts {
	if p := b.portSets[s]; p != nil {
		return p
	}
	p := newServicePorts(s.TCP, s.UDP, s.ICMP)
	b.portSets[s] = p
	return p
}

// replacedPorts is the service with other ports in each of its protocols, the
// same value for the same ports.
func (b *builder) replacedPorts(s *lang.Service, ports []lang.PortRange) *servicePorts {
	key := fmt.Sprint(s.Name, ports)
	if b.replaced[key] == nil {
		b.replaced[key] = withPorts(s, ports)
	}
	return b.replaced[key]
}

func withPorts(s *lang.Service, ports []lang.PortRange) *servicePorts {
	var tcp, udp []lang.PortRange
	if len(s.TCP) > 0 || len(s.UDP) == 0 {
		tcp = ports
	}
	if len(s.UDP) > 0 {
		udp = ports
	}
	return newServicePorts(tcp, udp, s.ICMP)
}

func newServicePorts(tcp, udp []lang.PortRange, icmp []lang.ICMPType) *servicePorts {
	s := &servicePorts{tcp: len(tcp) > 0}
	both := make([]Port, 0, len(tcp)+len(udp))
	for _, r := range tcp {
		both = append(both, Port{Proto: ruleset.TCP, From: r.From, To: r.To})
	}
	for _, r := range udp {
		both = append(both, Port{Proto: ruleset.UDP, From: r.From, To: r.To})
	}
	s.v4, s.v6 = both[:len(both):len(both)], both[:len(both):len(both)]
	for _, t := range icmp {
		p := Port{Proto: ruleset.ICMP, From: uint16(t.Type), To: uint16(t.Type), Code: t.Code}
		if t.IPv6 {
			p.Proto = ruleset.ICMPv6
			s.v6 = append(s.v6, p)
		} else {
			s.v4 = append(s.v4, p)
		}
	}
	return s
}

// Matches reports whether p holds the port. For ICMP and ICMPv6 port is the
// type, and any code will do.
func (p Port) Matches(proto uint8, port uint16) bool {
	return p.Proto == proto && p.From <= port && port <= p.To
}

// box is p as a rule matches it, with source ports from 1024 if asked for.
func (p Port) box(nonreserved bool) ruleset.ServiceBox {
	b := ruleset.ServiceBox{ProtoFrom: p.Proto, ProtoTo: p.Proto, Src: ruleset.PortRange{To: 65535}}
	if p.Proto == ruleset.ICMP || p.Proto == ruleset.ICMPv6 {
		b.Src = ruleset.PortRange{From: p.From, To: p.To}
		b.Dst = ruleset.PortRange{To: 255}
		if p.Code >= 0 {
			b.Dst = ruleset.PortRange{From: uint16(p.Code), To: uint16(p.Code)}
		}
		return b
	}
	b.Dst = ruleset.PortRange{From: p.From, To: p.To}
	if nonreserved {
		b.Src.From = 1024
	}
	return b
}

func compareText(a, b string) int { return strings.Compare(a, b) }

// portsText is a list of ports in words: "tcp 1556, udp 161-162".
func portsText(ports []Port) string {
	words := make([]string, len(ports))
	for i, p := range ports {
		words[i] = p.String()
	}
	return strings.Join(words, ", ")
}

// String is the port in words: "tcp 1556", "udp 161-162", "icmp 8/0".
func (p Port) String() string {
	return p.box(false).String()
}
