package cisco_asa

import (
	"errors"
	"strings"
)

// errSystem says that the text is of the system execution space.
var errSystem = errors.New(`this is the configuration of the system execution space, which filters nothing; hand in that of a context ("changeto context NAME", "show running-config")`)

// head reads a line that begins a section or is one.
func (p *parser) head() error {
	p.body = nil
	switch p.w[0] {
	case ":":
		p.comment()
	case "ASA":
		return p.versionLine()
	case "NGFW":
		p.ftdMode()
	case "hostname":
		p.m.hostname = p.keep(p.at(1))
	case "name":
		p.nameLine()
	case "interface":
		p.interfaceHead()
	case "object":
		p.objectHead()
	case "object-group":
		p.groupHead()
	case "access-group":
		p.accessGroup()
	case "nat":
		p.twiceNAT()
	case "route":
		p.routeLine()
	case "ipv6":
		p.ipv6Line()
	case "timeout":
		p.timeoutLine()
	case "class-map":
		p.classMapHead()
	case "policy-map":
		p.policyMapHead()
	case "service-policy":
		p.servicePolicy()
	case "same-security-traffic":
		p.sameSecurity()
	case "firewall":
		if p.at(1) == "transparent" {
			p.mode("transparent firewall mode isn't modelled: packets are bridged between members of a bridge group")
		}
	case "context", "admin-context":
		return errSystem
	default:
		p.otherHead()
	}
	return nil
}

// comment reads a line that begins with a colon; the frame says the hardware.
func (p *parser) comment() {
	if strings.Contains(p.line, "Firepower Threat Defense") {
		p.ftdMode()
	}
}

func (p *parser) ftdMode() {
	if !p.ftd {
		p.ftd = true
		p.mode("this is Firepower Threat Defense, whose access policy stands in its manager and not in this text")
	}
}

// versionLine reads "ASA Version 9.8(1)", in a context "ASA Version 9.8(1)
// <context>".
func (p *parser) versionLine() error {
	if p.at(1) != "Version" {
		p.otherHead()
		return nil
	}
	p.m.version = p.keep(p.at(2))
	if v := p.m.version; len(v) > 1 && v[1] == '.' && v[0] < '9' {
		p.mode("releases before 9.0 aren't modelled: \"any\" is IPv4 only there, and before 8.3 access lists hold mapped addresses")
	}
	if p.at(3) == "<system>" {
		return errSystem
	}
	return nil
}

// otherHead passes over a section that no forwarded packet depends on, and
// reports any other.
func (p *parser) otherHead() {
	w := p.w[0]
	switch {
	case strings.HasPrefix(w, ":"), strings.HasPrefix(w, "Cryptochecksum:"), w == "Cryptochecksum", isPrompt(p.w):
		p.comment()
	case w == "no" && (irrelevant[p.at(1)] || skippedNo[p.at(1)]):
		p.m.skipped++
	case deciding[w] != "":
		p.problem(deciding[w])
	case w == "aaa" && (p.at(2) == "match" || p.at(2) == "include" || p.at(2) == "exclude"):
		p.problem("authentication of users who pass the firewall isn't modelled; their packets may be refused until they log in")
	case w == "dynamic-filter" && p.at(1) == "drop":
		p.problem("the botnet traffic filter isn't modelled; it drops packets of hosts on its lists")
	case irrelevant[w]:
		p.skip()
	default:
		p.problem("the command isn't known; what belongs to it isn't read")
	}
}

// maxMentions bounds the words that are remembered of lines that are passed over.
const maxMentions = 100_000

// skip passes over a line that no forwarded packet depends on.
func (p *parser) skip() {
	p.m.skipped++
	for _, w := range p.w[min(1, len(p.w)):] {
		if _, ok := p.m.mentions[w]; !ok && len(p.m.mentions) < maxMentions {
			p.m.mentions[p.keep(w)] = p.num
		}
	}
}

// isPrompt recognises a line of the terminal: "host# show running-config".
func isPrompt(w []string) bool {
	s := w[0]
	if len(s) < 2 || s[len(s)-1] != '#' && s[len(s)-1] != '>' {
		return false
	}
	if len(w) == 1 {
		return true
	}
	switch w[1] {
	case "show", "sh", "more", "terminal", "exit", "changeto":
		return true
	}
	return false
}

// deciding are commands that aren't modelled and may change what becomes of a
// packet, with what they do.
var deciding = map[string]string{
	"established": "permits connections that belong to others; it isn't modelled",
	"filter":      "sends requests through a filter server or removes active content; it isn't modelled",
	"static":      "address translation of releases before 8.3 isn't modelled: their access lists hold mapped addresses",
	"global":      "address translation of releases before 8.3 isn't modelled: their access lists hold mapped addresses",
	"conduit":     "conduits of releases before 7.0 aren't modelled",
	"outbound":    "outbound lists of releases before 7.0 aren't modelled",
	"apply":       "outbound lists of releases before 7.0 aren't modelled",
	"shun":        "blocks a host; it isn't modelled",
	"alias":       "address translation of releases before 8.3 isn't modelled",
	"zone":        "traffic zones aren't modelled: interfaces of one zone stand in for each other",
	"wccp":        "redirects packets to a web cache; it isn't modelled",
}

var (
	irrelevant = wordSet(irrelevantHeads)
	skippedNo  = wordSet("names asdm object-group-search forward-reference firewall service-policy same-security-traffic timeout")
)

func wordSet(s string) map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.Fields(s) {
		out[w] = true
	}
	return out
}

// irrelevantHeads begin lines and sections that don't say what becomes of a
// forwarded packet of a new connection.
const irrelevantHeads = `
	aaa aaa-server app-agent arp arp-inspection asdm asp auth-prompt banner bfd bfd-template boot
	ca call-home certificate checkheaps client-update clock cluster command-alias community-list
	compression config-register configure console coredump crashinfo crypto ctl-file ctl-provider
	cts ddns default-information dhcp dhcp-client dhcpd dhcprelay dns dns-guard dns-group
	domain-name dynamic-access-policy-record dynamic-filter eject enable encrypted
	end event exit failover fips flow-export flow-offload forward-reference fragment ftp ftp-map
	group-delimiter group-policy gtp-map h225-map hpm http http-map hw-module icmp
	ikev1 ikev2 imap4s instance ip ip-client ipsec isakmp jumbo-frame jumbo-frame-reservation key
	l2tp lacp ldap license lisp local-base-stations logging logout mac-address mac-address-table
	mac-learn mac-list management-access management-interface map mdm-proxy memory mfib mgcp-map
	migrate mode monitor-interface mount mroute mtu multicast nac nac-policy names network-acl ntp
	num-webvpn nve nve-only object-group-search onscreen pager passive-ftp passwd
	password password-policy pim pkcs12 pop3s policy-list port-channel prefix-list
	priority-queue privilege process prompt quit quota radius-common-pw reactivation-mode
	redirect-fqdn regex reload resource rest-api route-map router routing saml scansafe sctp-map
	secure-http service service-interface service-module setup sip-map sla smart-tunnel smtp-server smtps snmp
	snmp-map snmp-server software ssh ssl sunrpc-server switch sysopt tcp-map tcp telnet terminal
	tftp-server threat-detection time-range tls-proxy track tunnel-group tunnel-group-map
	umbrella-global uc-ime unit url-block url-cache url-server user-alert user-identity username
	virtual vlan vpdn vpn vpn-addr-assign vpn-load-balancing vpn-mode vpn-sessiondb vpnclient
	vpnsetup vxlan webvpn xlate`

// A frame is the configuration of one context in a text.
type frame struct {
	text    string
	context string
	before  int // lines above it
}

// selectContext returns the configuration to read. A text has several if it was
// recorded in a session that went from context to context: the line with
// "changeto context NAME" names what follows. What stands above the first such
// line has no name.
func selectContext(text, want string) (frame, error) {
	frames := contexts(text)
	if len(frames) == 0 {
		return frame{text: text, context: want}, nil
	}
	var names []string
	for _, f := range frames {
		if f.context == want || want == "" {
			return f, nil
		}
		names = append(names, f.context)
	}
	return frame{}, errors.New("the text has no context " + shortText(want) + "; it has " + shortText(strings.Join(names, ", ")))
}

// contexts splits a text at the lines that change the context.
func contexts(text string) []frame {
	const change = "changeto "
	if !strings.Contains(text, change) {
		return nil
	}
	var out []frame
	at, num, open := 0, 0, -1
	for at < len(text) {
		raw, next := text[at:], len(text)
		if i := strings.IndexByte(raw, '\n'); i >= 0 {
			raw, next = raw[:i], at+i+1
		}
		num++
		if w := changeWords(raw); w != nil {
			switch {
			case open >= 0:
				out[len(out)-1].text = text[open:at]
			case len(out) == 0 && hasConfiguration(text[:at]):
				out = append(out, frame{text: text[:at]}) // of the context where the session began
			}
			open = -1
			if w[0] == "context" {
				out = append(out, frame{context: strings.Clone(w[1]), before: num})
				open = next
			}
		}
		at = next
	}
	if open >= 0 {
		out[len(out)-1].text = text[open:]
	}
	return out
}

// hasConfiguration says whether a text holds the configuration of a context.
func hasConfiguration(text string) bool {
	i := strings.Index(text, "ASA Version ")
	if i < 0 {
		return false
	}
	line, _, _ := strings.Cut(text[i:], "\n")
	return !strings.Contains(line, "<system>")
}

// changeWords returns what follows "changeto" in a line of a terminal, as in
// "fw/admin# changeto context dmz", or nil.
func changeWords(raw string) []string {
	if !strings.Contains(raw, "changeto ") || len(raw) > 1024 {
		return nil
	}
	w := strings.Fields(strings.ReplaceAll(raw, "\r", ""))
	if len(w) > 0 && isPrompt(w) {
		w = w[1:]
	}
	switch {
	case len(w) == 3 && w[0] == "changeto" && w[1] == "context", len(w) == 2 && w[0] == "changeto" && w[1] == "system":
		return w[1:]
	}
	return nil
}
