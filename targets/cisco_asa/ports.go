package cisco_asa

import (
	"strconv"
	"strings"

	"github.com/nbfwc/nbfwc/ruleset"
)

// The words that an ASA prints in place of numbers, as in the chapter
// "Addresses, Protocols, and Ports" of the ASA CLI configuration guide. Which
// word stands for a number depends on the protocol of the very line.
var (
	tcpNames = map[uint16]string{
		7: "echo", 9: "discard", 13: "daytime", 19: "chargen", 20: "ftp-data", 21: "ftp", 22: "ssh",
		23: "telnet", 25: "smtp", 43: "whois", 49: "tacacs", 53: "domain", 70: "gopher", 79: "finger",
		80: "www", 101: "hostname", 109: "pop2", 110: "pop3", 111: "sunrpc", 113: "ident", 119: "nntp",
		139: "netbios-ssn", 143: "imap4", 179: "bgp", 194: "irc", 389: "ldap", 443: "https",
		496: "pim-auto-rp", 512: "exec", 513: "login", 514: "rsh", 515: "lpd", 517: "talk", 540: "uucp",
		543: "klogin", 544: "kshell", 554: "rtsp", 636: "ldaps", 750: "kerberos", 1352: "lotusnotes",
		1494: "citrix-ica", 1521: "sqlnet", 1720: "h323", 1723: "pptp", 2049: "nfs", 2748: "ctiqbe",
		3020: "cifs", 5060: "sip", 5190: "aol", 5631: "pcanywhere-data",
	}
	udpNames = map[uint16]string{
		7: "echo", 9: "discard", 37: "time", 42: "nameserver", 49: "tacacs", 53: "domain", 67: "bootps",
		68: "bootpc", 69: "tftp", 80: "www", 111: "sunrpc", 123: "ntp", 137: "netbios-ns",
		138: "netbios-dgm", 161: "snmp", 162: "snmptrap", 177: "xdmcp", 195: "dnsix", 434: "mobile-ip",
		496: "pim-auto-rp", 500: "isakmp", 512: "biff", 513: "who", 514: "syslog", 517: "talk",
		520: "rip", 750: "kerberos", 1645: "radius", 1646: "radius-acct", 2049: "nfs", 3020: "cifs",
		4789: "vxlan", 5060: "sip", 5510: "secureid-udp", 5632: "pcanywhere-status",
	}
	// Words that are understood when they are entered and never printed.
	tcpAliases = map[string]uint16{
		"http": 80, "cmd": 514, "rpc": 111, "msrpc": 135, "drip": 3949, "onep-plain": 15001,
		"connectedapps-plain": 15001, "onep-tls": 15002, "connectedapps-tls": 15002, "time": 37,
		"tacacs-ds": 65,
	}
	udpAliases = map[string]uint16{
		"http": 80, "rpc": 111, "dns": 53, "netbios-ss": 139, "non500-isakmp": 4500, "ripng": 521,
		"ripv6": 521, "tacacs-ds": 65,
	}

	protoNames = map[uint8]string{
		51: "ah", 88: "eigrp", 50: "esp", 47: "gre", 1: "icmp", 58: "icmp6", 2: "igmp", 9: "igrp",
		4: "ipinip", 94: "nos", 89: "ospf", 108: "pcp", 103: "pim", 132: "sctp", 109: "snp",
		6: "tcp", 17: "udp",
	}
	protoAliases = map[string]uint8{"ahp": 51, "ipsec": 50, "pptp": 47}

	icmpNames = map[uint8]string{
		0: "echo-reply", 3: "unreachable", 4: "source-quench", 5: "redirect", 6: "alternate-address",
		8: "echo", 9: "router-advertisement", 10: "router-solicitation", 11: "time-exceeded",
		12: "parameter-problem", 13: "timestamp-request", 14: "timestamp-reply",
		15: "information-request", 16: "information-reply", 17: "mask-request", 18: "mask-reply",
		30: "traceroute", 31: "conversion-error", 32: "mobile-redirect",
	}
	icmp6Names = map[uint8]string{
		1: "unreachable", 2: "packet-too-big", 3: "time-exceeded", 4: "parameter-problem", 128: "echo",
		129: "echo-reply", 130: "membership-query", 131: "membership-report",
		132: "membership-reduction", 133: "router-solicitation", 134: "router-advertisement",
		135: "neighbor-solicitation", 136: "neighbor-advertisement", 137: "neighbor-redirect",
		138: "router-renumbering",
	}

	logLevels = [...]string{"emergencies", "alerts", "critical", "errors", "warnings", "notifications", "informational", "debugging"}
)

var (
	tcpNumbers    = inverse(tcpNames, tcpAliases)
	udpNumbers    = inverse(udpNames, udpAliases)
	tcpUDPNumbers = bothNumbers()
	protoNumbers  = inverse(protoNames, protoAliases)
	icmpNumbers   = inverse(icmpNames, nil)
	icmp6Numbers  = inverse(icmp6Names, nil)
	// The service objects that every device has without configuring them.
	predefinedServices = predefined()
)

func inverse[N uint8 | uint16](names map[N]string, aliases map[string]N) map[string]N {
	out := make(map[string]N, len(names)+len(aliases))
	for n, w := range names {
		out[w] = n
	}
	for w, n := range aliases {
		out[w] = n
	}
	return out
}

// bothNumbers are the words that mean one number for TCP and UDP alike.
func bothNumbers() map[string]uint16 {
	out := map[string]uint16{"http": 80, "rpc": 111}
	for n, w := range tcpNames {
		if udpNames[n] == w {
			out[w] = n
		}
	}
	return out
}

// portNumber reads a port in a line of that protocol. Where the line doesn't
// say one protocol, only words of both have a meaning.
func portNumber(p protoSpec, word string) (uint16, bool) {
	if n, ok := smallNumber(word, 65535); ok {
		return uint16(n), true
	}
	words := tcpUDPNumbers
	if p.kind == numberProto {
		switch p.number {
		case ruleset.TCP:
			words = tcpNumbers
		case ruleset.UDP:
			words = udpNumbers
		}
	}
	n, ok := words[strings.ToLower(word)]
	return n, ok
}

// protoName is how a device prints a protocol: "tcp", "ip", "97".
func protoName(p protoSpec) string {
	switch p.kind {
	case ipProto:
		return "ip"
	case tcpUDPProto:
		return "tcp-udp"
	}
	if w, ok := protoNames[p.number]; ok {
		return w
	}
	return strconv.Itoa(int(p.number))
}

// protoNumber reads a protocol by name or number. Protocol 0 is "ip".
func protoNumber(word string) (protoSpec, bool) {
	if n, ok := smallNumber(word, 255); ok {
		if n == 0 {
			return protoSpec{kind: ipProto}, true
		}
		return protoSpec{kind: numberProto, number: uint8(n)}, true
	}
	word = strings.ToLower(word)
	switch word {
	case "ip":
		return protoSpec{kind: ipProto}, true
	case "tcp-udp":
		return protoSpec{kind: tcpUDPProto}, true
	}
	n, ok := protoNumbers[word]
	return protoSpec{kind: numberProto, number: n}, ok
}

// icmpNumber reads a type of ICMP, or of ICMPv6 if v6.
func icmpNumber(v6 bool, word string) (uint8, bool) {
	if n, ok := smallNumber(word, 255); ok {
		return uint8(n), true
	}
	names := icmpNumbers
	if v6 {
		names = icmp6Numbers
	}
	n, ok := names[strings.ToLower(word)]
	return n, ok
}

// predefined are the service objects that an ASA knows by itself: a protocol,
// "icmp-TYPE", "icmp6-TYPE", "tcp-PORT" and "udp-PORT".
func predefined() map[string]serviceMember {
	out := map[string]serviceMember{}
	number := func(n uint8) protoSpec { return protoSpec{kind: numberProto, number: n} }
	for n, w := range protoNames {
		out[w] = serviceMember{proto: number(n)}
	}
	for n, w := range icmpNames {
		out["icmp-"+w] = serviceMember{proto: number(ruleset.ICMP), icmp: icmpSpec{hasType: true, typ: n}}
	}
	for n, w := range icmp6Names {
		out["icmp6-"+w] = serviceMember{proto: number(ruleset.ICMPv6), icmp: icmpSpec{hasType: true, typ: n}}
	}
	for n, w := range tcpNames {
		out["tcp-"+w] = serviceMember{proto: number(ruleset.TCP), dst: portSpec{op: eqPort, from: n}}
	}
	for n, w := range udpNames {
		out["udp-"+w] = serviceMember{proto: number(ruleset.UDP), dst: portSpec{op: eqPort, from: n}}
	}
	return out
}
