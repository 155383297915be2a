package asa

import (
	"strconv"
	"strings"
)

// Port names as printed, per protocol. Source: "Addresses, Protocols, and
// Ports" of the ASA General Operations CLI Configuration Guide, and device
// output.
const tcpNames = `7 echo,9 discard,13 daytime,19 chargen,20 ftp-data,21 ftp,22 ssh,23 telnet,25 smtp,43 whois,49 tacacs,53 domain,
70 gopher,79 finger,80 www,101 hostname,109 pop2,110 pop3,111 sunrpc,113 ident,119 nntp,139 netbios-ssn,143 imap4,
179 bgp,194 irc,389 ldap,443 https,496 pim-auto-rp,512 exec,513 login,514 rsh,515 lpd,517 talk,540 uucp,
543 klogin,544 kshell,554 rtsp,636 ldaps,750 kerberos,1352 lotusnotes,1494 citrix-ica,1521 sqlnet,1720 h323,1723 pptp,
2049 nfs,2748 ctiqbe,3020 cifs,5060 sip,5190 aol,5631 pcanywhere-data`

const udpNames = `7 echo,9 discard,37 time,42 nameserver,49 tacacs,53 domain,67 bootps,68 bootpc,69 tftp,80 www,111 sunrpc,
123 ntp,137 netbios-ns,138 netbios-dgm,161 snmp,162 snmptrap,177 xdmcp,195 dnsix,434 mobile-ip,496 pim-auto-rp,500 isakmp,
512 biff,513 who,514 syslog,517 talk,520 rip,750 kerberos,1645 radius,1646 radius-acct,2049 nfs,3020 cifs,4789 vxlan,
5060 sip,5510 secureid-udp,5632 pcanywhere-status`

const bothNames = `7 echo,9 discard,49 tacacs,53 domain,80 www,111 sunrpc,496 pim-auto-rp,517 talk,750 kerberos,2049 nfs,3020 cifs,5060 sip`

const protoNames = `51 ah,88 eigrp,50 esp,47 gre,1 icmp,58 icmp6,2 igmp,9 igrp,4 ipinip,94 nos,89 ospf,108 pcp,103 pim,132 sctp,109 snp,6 tcp,17 udp`

const icmpNames = `0 echo-reply,3 unreachable,4 source-quench,5 redirect,6 alternate-address,8 echo,9 router-advertisement,10 router-solicitation,
11 time-exceeded,12 parameter-problem,13 timestamp-request,14 timestamp-reply,15 information-request,16 information-reply,17 mask-request,
18 mask-reply,30 traceroute,31 conversion-error,32 mobile-redirect`

const icmp6Names = `1 unreachable,2 packet-too-big,3 time-exceeded,4 parameter-problem,128 echo,129 echo-reply,130 membership-query,131 membership-report,
132 membership-reduction,133 router-solicitation,134 router-advertisement,135 neighbor-solicitation,136 neighbor-advertisement,137 neighbor-redirect,
138 router-renumbering`

// table holds the words of numbers and the numbers of words.
type table struct {
	word   map[int]string
	number map[string]int
}

func newTable(printed, accepted string) table {
	t := table{map[int]string{}, map[string]int{}}
	for i, list := range []string{accepted, printed} {
		for _, f := range strings.Split(list, ",") {
			num, word, ok := strings.Cut(strings.TrimSpace(f), " ")
			if !ok {
				continue
			}
			n, _ := strconv.Atoi(num)
			t.number[word] = n
			if i == 1 {
				t.word[n] = word
			}
		}
	}
	return t
}

var (
	tcpPorts  = newTable(tcpNames, "80 http,514 cmd,111 rpc")
	udpPorts  = newTable(udpNames, "53 dns,111 rpc")
	bothPorts = newTable(bothNames, "111 rpc")
	noPorts   = newTable("", "")
	protocols = newTable(protoNames, "51 ahp,50 ipsec,47 pptp")
	icmp4Type = newTable(icmpNames, "")
	icmp6Type = newTable(icmp6Names, "")
)

// find returns the number that a word, a beginning of one or a decimal means.
func (t table) find(w string, highest int) (int, bool) {
	if n, ok := decimal(w); ok {
		return n, n <= highest
	}
	if w == "" {
		return 0, false
	}
	if n, ok := t.number[w]; ok {
		return n, true
	}
	w = strings.ToLower(w)
	if n, ok := t.number[w]; ok {
		return n, true
	}
	found, hits := 0, 0
	for name, n := range t.number {
		if strings.HasPrefix(name, w) {
			found, hits = n, hits+1
		}
	}
	return found, hits == 1
}

func (t table) print(n int) string {
	if w, ok := t.word[n]; ok {
		return w
	}
	return strconv.Itoa(n)
}

const (
	protoICMP  = 1
	protoTCP   = 6
	protoUDP   = 17
	protoICMP6 = 58
	protoSCTP  = 132
	// protoIP matches every protocol; protoBoth tcp and udp.
	protoIP   = 256
	protoBoth = 257
)

// parseProtocol reads a protocol's word or number. both allows tcp-udp.
func parseProtocol(w string, both bool) (int, bool) {
	switch strings.ToLower(w) {
	case "ip":
		return protoIP, true
	case "tcp-udp":
		return protoBoth, both
	}
	if n, ok := decimal(w); ok && n == 0 {
		return protoIP, true
	}
	n, ok := protocols.number[strings.ToLower(w)]
	if ok {
		return n, true
	}
	n, ok = decimal(w)
	return n, ok && n <= 255
}

func printProtocol(n int) string {
	switch n {
	case protoIP:
		return "ip"
	case protoBoth:
		return "tcp-udp"
	}
	return protocols.print(n)
}

// portTable is how ports are spelt in a line about protocol n.
func portTable(n int) table {
	switch n {
	case protoTCP:
		return tcpPorts
	case protoUDP:
		return udpPorts
	case protoBoth:
		return bothPorts
	}
	return noPorts
}

func icmpTable(n int) table {
	if n == protoICMP6 {
		return icmp6Type
	}
	return icmp4Type
}

var logLevels = []string{"emergencies", "alerts", "critical", "errors", "warnings", "notifications", "informational", "debugging"}
