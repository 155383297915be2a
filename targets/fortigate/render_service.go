package fortigate

import (
	"strconv"
	"time"

	"github.com/nbfwc/nbfwc/ruleset"
)

const sctp uint8 = 132

// maxServices bounds the services of one rule: a service has one ICMP type, and
// a set with holes in it could need tens of thousands.
const maxServices = 512

// Idle timeouts that a service can have.
const (
	minIdle = 300 * time.Second
	maxIdle = 2764800 * time.Second
	// standardIdle is what FortiOS gives to TCP connections that nothing else
	// is said about.
	standardIdle = 3600 * time.Second
)

var (
	everyPort = ruleset.PortRange{From: 0, To: 65535}
	everyType = ruleset.PortRange{From: 0, To: 255}
)

// servicesOf spells a service set, the TCP part of it with an idle timeout: one
// entry for each box, so that a name says all that the entry is. bad is a part
// that can't be spelled.
func servicesOf(set ruleset.ServiceSet, timeout ttl) (list []service, bad string) {
	if set.IsAny() && timeout == 0 {
		return []service{newService(service{kind: ip})}, ""
	}
	for _, b := range set.Boxes() {
		for proto := int(b.ProtoFrom); proto <= int(b.ProtoTo); proto++ {
			some, bad := boxServices(uint8(proto), b, timeout)
			if bad != "" {
				return nil, bad
			}
			if list = append(list, some...); len(list) > maxServices {
				return nil, "more than " + strconv.Itoa(maxServices) + " services"
			}
		}
	}
	return list, ""
}

// boxServices are the services of a box for one of its protocols.
func boxServices(proto uint8, b ruleset.ServiceBox, timeout ttl) (list []service, bad string) {
	if proto != ruleset.TCP {
		timeout = 0
	}
	switch {
	case proto == ruleset.ICMP || proto == ruleset.ICMPv6:
		return icmpServices(proto, b), ""
	case b.Src == everyPort && b.Dst == everyPort:
		if proto == 0 || proto == 255 {
			return nil, "protocol " + strconv.Itoa(int(proto)) // 0 means every protocol
		}
		return []service{newService(service{kind: ip, number: proto, ttl: timeout})}, ""
	}
	item := []ports{{dst: b.Dst, src: b.Src}}
	switch proto {
	case ruleset.TCP:
		return []service{newService(service{tcp: item, ttl: timeout})}, ""
	case ruleset.UDP:
		return []service{newService(service{udp: item})}, ""
	case sctp:
		return []service{newService(service{sctp: item})}, ""
	}
	return nil, "ports of protocol " + strconv.Itoa(int(proto))
}

// icmpServices are one entry for each type, or for each type and code: an entry
// has one or all of them.
func icmpServices(proto uint8, b ruleset.ServiceBox) []service {
	kind := icmp
	if proto == ruleset.ICMPv6 {
		kind = icmp6
	}
	types, codes := within(b.Src, everyType), within(b.Dst, everyType)
	if types == everyType && codes == everyType {
		return []service{newService(service{kind: kind, icmpType: -1, icmpCode: -1})}
	}
	var list []service
	for t := int(types.From); t <= int(types.To) && len(list) <= maxServices; t++ {
		if codes == everyType {
			list = append(list, newService(service{kind: kind, icmpType: int16(t), icmpCode: -1}))
			continue
		}
		for c := int(codes.From); c <= int(codes.To) && len(list) <= maxServices; c++ {
			list = append(list, newService(service{kind: kind, icmpType: int16(t), icmpCode: int16(c)}))
		}
	}
	return list
}

func within(r, limit ruleset.PortRange) ruleset.PortRange {
	return ruleset.PortRange{From: r.From, To: min(r.To, limit.To)}
}

// newService completes a service of ours; the caller adds the prefix to its
// name.
func newService(s service) service {
	s.comment = mark
	if s.kind != icmp && s.kind != icmp6 {
		s.icmpType, s.icmpCode = -1, -1
	}
	s.name = serviceWord(&s)
	return s
}

// serviceWord says all that a service is, so that an entry with a name never has
// to be changed.
func serviceWord(s *service) string {
	word := ""
	switch s.kind {
	case tcpUDPSCTP:
		for _, p := range []struct {
			name string
			list []ports
		}{{"tcp", s.tcp}, {"udp", s.udp}, {"sctp", s.sctp}} {
			for _, item := range p.list {
				word = p.name + "-" + item.dst.String()
				if item.src != anyPort {
					word += "-from-" + item.src.String()
				}
			}
		}
	case icmp, icmp6:
		word = "icmp"
		if s.kind == icmp6 {
			word = "icmp6"
		}
		if s.icmpType >= 0 {
			word += "-" + strconv.Itoa(int(s.icmpType))
		}
		if s.icmpCode >= 0 {
			word += "-" + strconv.Itoa(int(s.icmpCode))
		}
	case ip:
		word = "ip"
		if s.number != 0 {
			word += "-" + strconv.Itoa(int(s.number))
		}
	}
	switch s.ttl {
	case 0:
	case never:
		word += "-never"
	default:
		word += "-ttl" + strconv.Itoa(int(s.ttl))
	}
	return word
}

// serviceTTL is the idle timeout that a rule's TCP services need: 0 where the
// device gives as much by itself.
func serviceTTL(idle, given time.Duration) ttl {
	switch {
	case idle <= established(given):
		return 0
	case idle == neverIdle:
		return never
	}
	return ttl((idle + time.Second - 1) / time.Second)
}
