package fortigate

import (
	"net/netip"

	"github.com/nbfwc/nbfwc/ruleset"
)

// factoryAddress returns an address that every device has, unless the text
// prints it with another content.
func factoryAddress(name string, v6 bool) (ruleset.AddrSet, bool) {
	switch name {
	case "all":
		if v6 {
			return ruleset.Any6(), true
		}
		return ruleset.Any4(), true
	case "none":
		// The factory's object is the network 0.0.0.0/32 or ::/128, an address
		// that no packet is sent to.
		if v6 {
			return ruleset.PrefixSet(netip.PrefixFrom(netip.IPv6Unspecified(), 128)), true
		}
		return ruleset.PrefixSet(netip.PrefixFrom(netip.IPv4Unspecified(), 32)), true
	}
	return ruleset.AddrSet{}, false
}

// factoryServices are services that every device has, for texts that hold the
// policies alone. They are those that are the same from FortiOS 7.0 to 7.6;
// a text that prints the table says what they are on its device.
var factoryServices = map[string]service{
	"ALL":       {kind: ip},
	"ALL_TCP":   {tcp: dstPorts(1, 65535)},
	"ALL_UDP":   {udp: dstPorts(1, 65535)},
	"ALL_ICMP":  {kind: icmp, icmpType: -1, icmpCode: -1},
	"ALL_ICMP6": {kind: icmp6, icmpType: -1, icmpCode: -1},
	"GRE":       {kind: ip, number: 47},
	"AH":        {kind: ip, number: 51},
	"ESP":       {kind: ip, number: 50},
	"OSPF":      {kind: ip, number: 89},
	"PING":      {kind: icmp, icmpType: 8, icmpCode: -1},
	"PING6":     {kind: icmp6, icmpType: 128, icmpCode: -1},
	"BGP":       {tcp: dstPorts(179, 179)},
	"DNS":       {tcp: dstPorts(53, 53), udp: dstPorts(53, 53)},
	"HTTP":      {tcp: dstPorts(80, 80)},
	"HTTPS":     {tcp: dstPorts(443, 443)},
	"IMAP":      {tcp: dstPorts(143, 143)},
	"IMAPS":     {tcp: dstPorts(993, 993)},
	"LDAP":      {tcp: dstPorts(389, 389)},
	"LDAP_UDP":  {udp: dstPorts(389, 389)},
	"NTP":       {tcp: dstPorts(123, 123), udp: dstPorts(123, 123)},
	"ONC-RPC":   {tcp: dstPorts(111, 111), udp: dstPorts(111, 111)},
	"POP3":      {tcp: dstPorts(110, 110)},
	"POP3S":     {tcp: dstPorts(995, 995)},
	"RDP":       {tcp: dstPorts(3389, 3389)},
	"SMTP":      {tcp: dstPorts(25, 25)},
	"SMTPS":     {tcp: dstPorts(465, 465)},
	"SSH":       {tcp: dstPorts(22, 22)},
	"SYSLOG":    {udp: dstPorts(514, 514)},
	"TELNET":    {tcp: dstPorts(23, 23)},
}

func dstPorts(from, to uint16) []ports {
	return []ports{{dst: ruleset.PortRange{From: from, To: to}, src: anyPort}}
}
