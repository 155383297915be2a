package nftables

import (
	"fmt"
	"strconv"

	"github.com/nbfwc/nbfwc/ruleset"
)

// A part is as much of a service as one rule of nft can match.
type part struct {
	kind partKind
	// protos are whole protocols.
	protos [][2]uint8
	// proto is the protocol of ports or types.
	proto uint8
	// src is one range of source ports, or of ICMP codes; dst are destination
	// ports or ICMP types.
	src ruleset.PortRange
	dst []ruleset.PortRange
}

type partKind uint8

const (
	anyService partKind = iota
	wholeProtocols
	somePorts
	someTypes
)

var (
	everyPort = ruleset.PortRange{From: 0, To: 65535}
	everyType = ruleset.PortRange{From: 0, To: 255}
)

// portNames are the protocols whose ports nft can match, with its words.
var portNames = map[uint8]string{ruleset.TCP: "tcp", ruleset.UDP: "udp", 33: "dccp", 132: "sctp", 136: "udplite"}

// partsOf splits a service into parts: whole protocols together, ports by
// protocol and source range, ICMP types by code. bad is a box that names ports
// of a protocol without ports.
func partsOf(s ruleset.ServiceSet) (parts []part, bad string) {
	if s.IsAny() {
		return []part{{kind: anyService}}, ""
	}
	boxes := s.Boxes()
	var whole part
	whole.kind = wholeProtocols
	for _, b := range boxes {
		if isWhole(b) {
			whole.add(b)
		}
	}
	if len(whole.protos) > 0 {
		parts = append(parts, whole)
	}
	for _, b := range boxes {
		switch {
		case isWhole(b):
		case isICMP(b.ProtoFrom) && b.ProtoFrom == b.ProtoTo:
			parts = addPorts(parts, someTypes, b.ProtoFrom, b.Dst, b.Src)
		default:
			for p := int(b.ProtoFrom); p <= int(b.ProtoTo); p++ {
				if portNames[uint8(p)] == "" {
					bad = fmt.Sprint(b)
					continue
				}
				parts = addPorts(parts, somePorts, uint8(p), b.Src, b.Dst)
			}
		}
	}
	return parts, bad
}

func isICMP(p uint8) bool { return p == ruleset.ICMP || p == ruleset.ICMPv6 }

func isWhole(b ruleset.ServiceBox) bool {
	if b.ProtoFrom == b.ProtoTo && isICMP(b.ProtoFrom) {
		return b.Src == everyType && b.Dst == everyType
	}
	return b.Src == everyPort && b.Dst == everyPort
}

// add adds the protocols of a box, which come in ascending order.
func (p *part) add(b ruleset.ServiceBox) {
	if n := len(p.protos); n > 0 && int(p.protos[n-1][1])+1 == int(b.ProtoFrom) {
		p.protos[n-1][1] = b.ProtoTo
		return
	}
	p.protos = append(p.protos, [2]uint8{b.ProtoFrom, b.ProtoTo})
}

// addPorts adds dst to the part that agrees in the rest.
func addPorts(parts []part, kind partKind, proto uint8, src, dst ruleset.PortRange) []part {
	for i := range parts {
		if p := &parts[i]; p.kind == kind && p.proto == proto && p.src == src {
			p.dst = append(p.dst, dst)
			return parts
		}
	}
	return append(parts, part{kind: kind, proto: proto, src: src, dst: []ruleset.PortRange{dst}})
}

// tcp returns the part's TCP alone; ok is false if it has none.
func (p *part) tcp() (t part, ok bool) {
	switch p.kind {
	case anyService:
		return part{kind: wholeProtocols, protos: [][2]uint8{{ruleset.TCP, ruleset.TCP}}}, true
	case wholeProtocols:
		for _, r := range p.protos {
			if r[0] <= ruleset.TCP && ruleset.TCP <= r[1] {
				return part{kind: wholeProtocols, protos: [][2]uint8{{ruleset.TCP, ruleset.TCP}}}, true
			}
		}
	case somePorts:
		return *p, p.proto == ruleset.TCP
	}
	return part{}, false
}

// onlyTCP says whether the part is nothing but TCP.
func (p *part) onlyTCP() bool {
	return p.kind == somePorts && p.proto == ruleset.TCP ||
		p.kind == wholeProtocols && len(p.protos) == 1 && p.protos[0] == [2]uint8{ruleset.TCP, ruleset.TCP}
}

// family is the address family that the part needs, 0 for any.
func (p *part) family() byte {
	if p.kind == someTypes {
		if p.proto == ruleset.ICMP {
			return 4
		}
		return 6
	}
	return 0
}

// anyOf says whether some part is not for the other address family.
func anyOf(parts []part, family byte) bool {
	for i := range parts {
		if f := parts[i].family(); f == 0 || f == family {
			return true
		}
	}
	return false
}

// appendMatch appends what matches the part, each condition with a blank after
// it. With mirror it matches the answers.
func (p *part) appendMatch(b []byte, mirror bool) []byte {
	switch p.kind {
	case wholeProtocols:
		b = append(b, "meta l4proto "...)
		return appendList(b, len(p.protos), func(b []byte, i int) []byte {
			return appendNumbers(b, uint64(p.protos[i][0]), uint64(p.protos[i][1]))
		})
	case somePorts:
		word := portNames[p.proto]
		src, dst := " sport ", " dport "
		if mirror {
			src, dst = dst, src
		}
		if p.src != everyPort {
			b = append(append(b, word...), src...)
			b = append(appendNumbers(b, uint64(p.src.From), uint64(p.src.To)), ' ')
		}
		if len(p.dst) == 1 && p.dst[0] == everyPort {
			return b
		}
		return appendPorts(append(append(b, word...), dst...), p.dst)
	case someTypes:
		if mirror {
			b = append(b, "meta l4proto "...)
			return append(strconv.AppendUint(b, uint64(p.proto), 10), ' ')
		}
		word := "icmp"
		if p.proto == ruleset.ICMPv6 {
			word = "icmpv6"
		}
		b = appendPorts(append(append(b, word...), " type "...), p.dst)
		if p.src != everyType {
			b = append(append(b, word...), " code "...)
			b = append(appendNumbers(b, uint64(p.src.From), uint64(p.src.To)), ' ')
		}
	}
	return b
}

func appendPorts(b []byte, list []ruleset.PortRange) []byte {
	return appendList(b, len(list), func(b []byte, i int) []byte {
		return appendNumbers(b, uint64(list[i].From), uint64(list[i].To))
	})
}

// appendList appends one item, or several in braces, and a blank.
func appendList(b []byte, n int, item func([]byte, int) []byte) []byte {
	if n == 1 {
		return append(item(b, 0), ' ')
	}
	b = append(b, "{ "...)
	for i := range n {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = item(b, i)
	}
	return append(b, " } "...)
}

func appendNumbers(b []byte, from, to uint64) []byte {
	b = strconv.AppendUint(b, from, 10)
	if from != to {
		b = strconv.AppendUint(append(b, '-'), to, 10)
	}
	return b
}
