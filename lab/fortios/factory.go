package fortios

import "strings"

// factoryEntry is an object that a new device has.
type factoryEntry struct {
	path, key string
	lines     []string
}

// factoryObjects are: table | name | lines, separated by commas.
const factoryObjects = `
firewall address | none | set subnet 0.0.0.0 255.255.255.255
firewall address | all |
firewall address6 | all |
firewall address6 | none | set ip6 ::/128
firewall schedule recurring | always | set day sunday monday tuesday wednesday thursday friday saturday
firewall schedule recurring | none |
`

// factoryServices are: name | category | TCP ports | UDP ports, or a protocol.
const factoryServices = `
ALL | General | protocol IP
ALL_TCP | General | 1-65535
ALL_UDP | General | | 1-65535
ALL_ICMP | General | protocol ICMP
ALL_ICMP6 | General | protocol ICMP6
GRE | Tunneling | protocol IP 47
AH | Tunneling | protocol IP 51
ESP | Tunneling | protocol IP 50
AOL | | 5190-5194
BGP | Network Services | 179
DHCP | Network Services | | 67-68
DNS | Network Services | 53 | 53
FINGER | | 79
FTP | File Access | 21
FTP_GET | File Access | 21
FTP_PUT | File Access | 21
GOPHER | | 70
H323 | VoIP, Messaging & Other Applications | 1720 1503 | 1719
HTTP | Web Access | 80
HTTPS | Web Access | 443
IKE | Tunneling | | 500 4500
IMAP | Email | 143
IMAPS | Email | 993
IRC | VoIP, Messaging & Other Applications | 6660-6669
L2TP | Tunneling | 1701 | 1701
LDAP | Authentication | 389
NetMeeting | | 1720
NFS | File Access | 111 2049 | 111 2049
NNTP | | 119
NTP | Network Services | 123 | 123
OSPF | Network Services | protocol IP 89
PC-Anywhere | Remote Access | 5631 | 5632
PING | Network Services | protocol ICMP 8
TIMESTAMP | | protocol ICMP 13
INFO_REQUEST | | protocol ICMP 15
INFO_ADDRESS | | protocol ICMP 17
ONC-RPC | Remote Access | 111 | 111
DCE-RPC | Remote Access | 135 | 135
POP3 | Email | 110
POP3S | Email | 995
PPTP | Tunneling | 1723
QUAKE | | | 26000 27000 27910 27960
RAUDIO | | | 7070
REXEC | | 512
RIP | Network Services | | 520
RLOGIN | | 513:512-1023
RSH | | 514:512-1023
SCCP | VoIP, Messaging & Other Applications | 2000
SIP | VoIP, Messaging & Other Applications | 5060 | 5060
SIP-MSNmessenger | VoIP, Messaging & Other Applications | 1863
SAMBA | File Access | 139
SMTP | Email | 25
SMTPS | Email | 465
SNMP | Network Services | 161-162 | 161-162
SSH | Remote Access | 22
SYSLOG | Network Services | | 514
TALK | | | 517-518
TELNET | Remote Access | 23
TFTP | File Access | | 69
MGCP | | | 2427 2727
UUCP | | 540
VDOLIVE | | 7000-7010
WAIS | | 210
WINFRAME | | 1494 2598
X-WINDOWS | Remote Access | 6000-6063
PING6 | | protocol ICMP6 128
MS-SQL | | 1433 1434
MYSQL | | 3306
RDP | Remote Access | 3389
VNC | Remote Access | 5900
DHCP6 | Network Services | | 546 547
SQUID | Tunneling | 3128
SOCKS | Tunneling | 1080 | 1080
WINS | Remote Access | 1512 | 1512
RADIUS | Authentication | | 1812 1813
RADIUS-OLD | | | 1645 1646
CVSPSERVER | | 2401 | 2401
AFS3 | File Access | 7000-7009 | 7000-7009
TRACEROUTE | Network Services | | 33434-33535
RTSP | VoIP, Messaging & Other Applications | 554 7070 8554 | 554
MMS | | 1755 | 1024-5000
KERBEROS | Authentication | 88 464 | 88 464
LDAP_UDP | Authentication | | 389
SMB | File Access | 445
NONE | | 0
`

var factoryGroups = [][]string{
	{"Email Access", "DNS", "IMAP", "IMAPS", "POP3", "POP3S", "SMTP", "SMTPS"},
	{"Web Access", "DNS", "HTTP", "HTTPS"},
	{"Windows AD", "DCE-RPC", "DNS", "KERBEROS", "LDAP", "LDAP_UDP", "SAMBA", "SMB"},
	{"Exchange Server", "DCE-RPC", "DNS", "HTTPS"},
}

func columns(line string) []string {
	f := strings.Split(line, "|")
	for i := range f {
		f[i] = strings.TrimSpace(f[i])
	}
	return append(f, "", "", "")
}

func factoryEntries() []factoryEntry {
	var list []factoryEntry
	for line := range strings.Lines(strings.TrimSpace(factoryObjects)) {
		f := columns(line)
		e := factoryEntry{path: f[0], key: f[1]}
		if f[2] != "" {
			e.lines = []string{f[2]}
		}
		list = append(list, e)
	}
	for line := range strings.Lines(strings.TrimSpace(factoryServices)) {
		list = append(list, factoryService(columns(line)))
	}
	for _, g := range factoryGroups {
		l := "set member"
		for _, m := range g[1:] {
			l += " " + quote(m)
		}
		list = append(list, factoryEntry{"firewall service group", g[0], []string{l}})
	}
	return list
}

func factoryService(f []string) factoryEntry {
	e := factoryEntry{path: "firewall service custom", key: f[0]}
	if f[1] != "" {
		e.lines = append(e.lines, "set category "+quote(f[1]))
	}
	if p, ok := strings.CutPrefix(f[2], "protocol "); ok {
		p, number, has := strings.Cut(p, " ")
		e.lines = append(e.lines, "set protocol "+p)
		switch {
		case has && p == "IP":
			e.lines = append(e.lines, "set protocol-number "+number)
		case has:
			e.lines = append(e.lines, "set icmptype "+number)
		}
		return e
	}
	if f[2] != "" {
		e.lines = append(e.lines, "set tcp-portrange "+f[2])
	}
	if f[3] != "" {
		e.lines = append(e.lines, "set udp-portrange "+f[3])
	}
	return e
}
