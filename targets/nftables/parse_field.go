package nftables

import (
	"strconv"
	"strings"

	"github.com/nbfwc/nbfwc/ruleset"
)

// An axis is the part of a packet that a field tells about.
type axis uint8

const (
	axOpaque axis = iota // not modelled
	axIn
	axOut
	axSrc
	axDst
	axFamily
	axProto
	axSport
	axDport
	axConst // the first packet of a connection has it in one of few values
)

// A field is what nft can look at in a packet. To look at it presupposes a
// family (4, 6, or 0 for any) and a protocol (-1 for any): nft adds these
// conditions by itself and a listing leaves them out.
type field struct {
	text   string
	axis   axis
	family int
	proto  int
	// max is the greatest number, names are the words for numbers.
	max   uint32
	names map[string]uint32
	// values are what the first packet of a connection may have, for axConst.
	values []uint32
}

// fieldOf returns the field of that name; it is opaque if it isn't modelled.
func fieldOf(text string) field {
	f := field{text: text, proto: -1, max: 65535}
	switch text {
	case "meta iifname", "meta iif":
		f.axis = axIn
	case "meta oifname", "meta oif":
		f.axis = axOut
	case "meta l4proto":
		f.axis, f.max, f.names = axProto, 255, protocolNumbers
	case "meta nfproto":
		f.axis, f.names = axFamily, map[string]uint32{"ipv4": 4, "ipv6": 6, "2": 4, "10": 6}
	case "meta protocol":
		f.axis, f.names = axFamily, map[string]uint32{"ip": 4, "ip6": 6, "0x0800": 4, "0x86dd": 6, "2048": 4, "34525": 6}
	case "ct state":
		// The first packet of a connection is new (nft(8), "ct").
		f.axis, f.names, f.values = axConst, ctStates, []uint32{ctNew}
	case "ct direction":
		f.axis, f.names, f.values = axConst, map[string]uint32{"original": 0, "reply": 1}, []uint32{0}
	case "ct status":
		// It has had no reply and isn't confirmed; whether it is expected or
		// translated isn't modelled.
		f.axis, f.names, f.values = axConst, ctStatus, []uint32{0, 1, 0x10, 0x20, 0x30, 0x11, 0x21, 0x31}
	default:
		f.header()
	}
	return f
}

// header fills in fields of packet headers.
func (f *field) header() {
	head, rest, _ := strings.Cut(f.text, " ")
	switch head {
	case "ip":
		f.family = 4
	case "ip6":
		f.family = 6
	case "icmp":
		f.family, f.proto = 4, int(ruleset.ICMP)
	case "icmpv6":
		f.family, f.proto = 6, int(ruleset.ICMPv6)
	case "tcp", "udp", "udplite", "sctp", "dccp", "ah", "esp", "comp":
		f.proto = int(protocolNumbers[head])
	}
	switch {
	case f.text == "ip protocol", f.text == "ip6 nexthdr":
		f.axis, f.max, f.names = axProto, 255, protocolNumbers
	case f.text == "ip version":
		f.axis, f.values = axConst, []uint32{4}
	case f.text == "ip6 version":
		f.axis, f.values = axConst, []uint32{6}
	case f.text == "tcp flags":
		// The first packet has SYN alone, and maybe ECE and CWR (RFC 3168, 6.1.1).
		f.axis, f.names, f.values = axConst, tcpFlags, []uint32{0x02, 0x42, 0x82, 0xc2}
	case rest == "saddr" && f.family != 0:
		f.axis = axSrc
	case rest == "daddr" && f.family != 0:
		f.axis = axDst
	case head == "icmp" && rest == "type":
		f.axis, f.max, f.names = axSport, 255, icmpTypes
	case head == "icmpv6" && rest == "type":
		f.axis, f.max, f.names = axSport, 255, icmpv6Types
	case head == "icmp" && rest == "code":
		f.axis, f.max, f.names = axDport, 255, icmpCodes
	case head == "icmpv6" && rest == "code":
		f.axis, f.max, f.names = axDport, 255, icmpv6Codes
	case rest == "sport" && hasPorts(head):
		f.axis, f.names = axSport, portNumbers
	case rest == "dport" && hasPorts(head):
		f.axis, f.names = axDport, portNumbers
	}
}

func hasPorts(head string) bool {
	switch head {
	case "tcp", "udp", "udplite", "sctp", "dccp", "th":
		return true
	}
	return false
}

// portProtocols are the protocols whose ports "th sport" and "th dport" read.
// Of others they read whatever stands there.
var portProtocols = []uint8{6, 17, 33, 132, 136}

// isThPort says whether f reads ports without asking for the protocol.
func (f *field) isThPort() bool { return f.proto < 0 && (f.axis == axSport || f.axis == axDport) }

// number returns the number that a word stands for.
func (f *field) number(word string) (uint32, bool) {
	if n, ok := f.names[word]; ok {
		return n, true
	}
	n, err := strconv.ParseUint(word, 0, 32)
	return uint32(n), err == nil && f.axis != axFamily && (f.axis == axConst || uint32(n) <= f.max)
}

const ctNew = 8

var ctStates = map[string]uint32{"invalid": 1, "established": 2, "related": 4, "new": ctNew, "untracked": ctUntracked}

const ctUntracked = 64

var ctStatus = map[string]uint32{
	"expected": 1, "seen-reply": 2, "assured": 4, "confirmed": 8, "snat": 0x10, "dnat": 0x20, "dying": 0x200,
}

var tcpFlags = map[string]uint32{
	"fin": 1, "syn": 2, "rst": 4, "psh": 8, "ack": 16, "urg": 32, "ecn": 64, "cwr": 128,
}

// protocolNumbers are the names that nft takes from /etc/protocols of Debian 12.
var protocolNumbers = map[string]uint32{
	"ip": 0, "hopopt": 0, "icmp": 1, "igmp": 2, "ggp": 3, "ipencap": 4, "st": 5, "tcp": 6, "egp": 8, "igp": 9, "pup": 12, "udp": 17,
	"hmp": 20, "xns-idp": 22, "rdp": 27, "iso-tp4": 29, "dccp": 33, "xtp": 36, "ddp": 37, "idpr-cmtp": 38, "ipv6": 41,
	"ipv6-route": 43, "ipv6-frag": 44, "idrp": 45, "rsvp": 46, "gre": 47, "esp": 50, "ah": 51, "skip": 57,
	"ipv6-icmp": 58, "icmpv6": 58, "ipv6-nonxt": 59, "ipv6-opts": 60, "rspf": 73, "vmtp": 81, "eigrp": 88, "ospf": 89,
	"ax.25": 93, "ipip": 94, "etherip": 97, "encap": 98, "pim": 103, "ipcomp": 108, "comp": 108, "vrrp": 112, "l2tp": 115,
	"isis": 124, "sctp": 132, "fc": 133, "mobility-header": 135, "udplite": 136, "mpls-in-ip": 137, "manet": 138,
	"hip": 139, "shim6": 140, "wesp": 141, "rohc": 142, "ethernet": 143,
}

// portNumbers are service names that people write by hand; nft prints numbers.
var portNumbers = map[string]uint32{
	"ftp": 21, "ssh": 22, "telnet": 23, "smtp": 25, "domain": 53, "tftp": 69, "http": 80, "sunrpc": 111, "ntp": 123,
	"snmp": 161, "https": 443,
}

// The names of ICMP types and codes are nft's (nft(8), "ICMP TYPE TYPE" and
// after; "nft describe icmp code" for the codes).
var icmpTypes = map[string]uint32{
	"echo-reply": 0, "destination-unreachable": 3, "source-quench": 4, "redirect": 5, "echo-request": 8,
	"router-advertisement": 9, "router-solicitation": 10, "time-exceeded": 11, "parameter-problem": 12,
	"timestamp-request": 13, "timestamp-reply": 14, "info-request": 15, "info-reply": 16,
	"address-mask-request": 17, "address-mask-reply": 18,
}

var icmpv6Types = map[string]uint32{
	"destination-unreachable": 1, "packet-too-big": 2, "time-exceeded": 3, "parameter-problem": 4, "echo-request": 128,
	"echo-reply": 129, "mld-listener-query": 130, "mld-listener-report": 131, "mld-listener-done": 132,
	"mld-listener-reduction": 132, "nd-router-solicit": 133, "nd-router-advert": 134, "nd-neighbor-solicit": 135,
	"nd-neighbor-advert": 136, "nd-redirect": 137, "router-renumbering": 138, "ind-neighbor-solicit": 141,
	"ind-neighbor-advert": 142, "mld2-listener-report": 143,
}

var icmpCodes = map[string]uint32{
	"net-unreachable": 0, "host-unreachable": 1, "prot-unreachable": 2, "port-unreachable": 3, "frag-needed": 4,
	"net-prohibited": 9, "host-prohibited": 10, "admin-prohibited": 13,
}

var icmpv6Codes = map[string]uint32{
	"no-route": 0, "admin-prohibited": 1, "addr-unreachable": 3, "port-unreachable": 4, "policy-fail": 5, "reject-route": 6,
}
