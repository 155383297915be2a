package asa

import (
	"net/netip"
	"slices"
	"strings"
	"time"
)

// nameEntry is "name ADDRESS WORD [description TEXT]".
type nameEntry struct {
	ip          netip.Addr
	word        string
	description string
}

func (n nameEntry) print() string {
	out := "name " + n.ip.String() + " " + n.word
	if n.description != "" {
		out += " description " + n.description
	}
	return out
}

// cmdNames is "names" and "no names".
func cmdNames(c *call) error {
	if err := c.in.done(); err != nil {
		return err
	}
	c.cfg.namesOff = c.no
	return nil
}

// reserved words can't stand for an address.
var reserved = []string{"any", "any4", "any6", "host", "object", "object-group", "interface", "log", "inactive", "eq", "neq", "gt", "lt",
	"range", "remark", "extended", "standard", "user", "user-group", "object-group-user", "security-group", "object-group-security",
	"time-range", "dhcp", "pppoe", "standby", "line", "permit", "deny"}

func cmdName(c *call) error {
	c.in.skip()
	at := c.in.at
	w, err := c.in.word()
	if err != nil {
		return err
	}
	ip, perr := netip.ParseAddr(w)
	if perr != nil || strings.Contains(w, "%") || ip.Is4In6() {
		return invalid(at)
	}
	c.in.skip()
	at = c.in.at
	n := nameEntry{ip: ip}
	if c.in.end() && c.no {
		n.word = c.cfg.nameByAddr[ip]
	} else if n.word, err = c.in.name(63); err != nil {
		return err
	}
	if c.no {
		if c.cfg.nameByAddr[ip] != n.word || n.word == "" {
			return refuse("ERROR: name %s doesn't exist", w)
		}
		delete(c.cfg.nameByAddr, ip)
		delete(c.cfg.nameByWord, n.word)
		c.cfg.names = slices.DeleteFunc(c.cfg.names, func(x nameEntry) bool { return x.ip == ip })
		return nil
	}
	first := n.word[0] | 0x20
	word, more := choose(n.word, reserved)
	if first < 'a' || first > 'z' || word != "" || more || strings.Contains(n.word, "/") || slices.Contains(reserved, strings.ToLower(n.word)) {
		return invalid(at)
	}
	if _, err := netip.ParseAddr(n.word); err == nil {
		return invalid(at)
	}
	if c.in.accept("description") != "" {
		n.description = c.in.rest()
	}
	if err := c.in.done(); err != nil {
		return err
	}
	if old, ok := c.cfg.nameByWord[n.word]; ok && old.ip != ip {
		return refuse("ERROR: name %s is already defined as %s", n.word, old.ip)
	}
	if old, ok := c.cfg.nameByAddr[ip]; ok {
		if old != n.word {
			return refuse("ERROR: %s already has the name %s", ip, old)
		}
		c.cfg.names = slices.DeleteFunc(c.cfg.names, func(x nameEntry) bool { return x.ip == ip })
	}
	c.cfg.nameByWord[n.word] = n
	c.cfg.nameByAddr[ip] = n.word
	c.cfg.names = append(c.cfg.names, n)
	return nil
}

func cmdHostname(c *call) error {
	n, err := c.in.name(63)
	if err != nil {
		return err
	}
	if err := c.in.done(); err != nil {
		return err
	}
	if c.no {
		n = "ciscoasa"
	}
	allowed := "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-"
	if c.s.loading { // older releases took these too
		allowed += "_."
	}
	if strings.Trim(n, allowed) != "" {
		return c.at(n)
	}
	c.cfg.hostname = n
	return nil
}

// at points at a word that has just been read.
func (c *call) at(w string) error { return invalid(strings.LastIndex(c.in.text, w)) }

func cmdSameSecurity(c *call) error {
	if _, err := c.in.keyword("permit"); err != nil {
		return err
	}
	w, err := c.in.keyword("inter-interface", "intra-interface")
	if err != nil {
		return err
	}
	if err := c.in.done(); err != nil {
		return err
	}
	if w == "inter-interface" {
		c.cfg.interPermit = !c.no
	} else {
		c.cfg.intraPermit = !c.no
	}
	return nil
}

func cmdForwardReference(c *call) error {
	if _, err := c.in.keyword("enable"); err != nil {
		return err
	}
	if err := c.in.done(); err != nil {
		return err
	}
	was := c.cfg.forwardRef
	c.cfg.forwardRef = !c.no
	if err := c.cfg.resolved(); err != nil && !c.s.loading {
		c.cfg.forwardRef = was
		return err
	}
	return nil
}

// The timeouts with their defaults, line by line as they are printed.
var timeoutLines = [][]string{
	{"xlate", "3:00:00"},
	{"pat-xlate", "0:00:30"},
	{"conn", "1:00:00", "half-closed", "0:10:00", "udp", "0:02:00", "sctp", "0:02:00", "icmp", "0:00:02"},
	{"sunrpc", "0:10:00", "h323", "0:05:00", "h225", "1:00:00", "mgcp", "0:05:00", "mgcp-pat", "0:05:00"},
	{"sip", "0:30:00", "sip_media", "0:02:00", "sip-invite", "0:03:00", "sip-disconnect", "0:02:00"},
	{"sip-provisional-media", "0:02:00", "uauth", "0:05:00"},
	{"tcp-proxy-reassembly", "0:01:00"},
	{"floating-conn", "0:00:00"},
	{"conn-holddown", "0:00:15"},
	{"igp", "0:01:10"},
}

func defaultTimeouts() map[string]time.Duration {
	m := map[string]time.Duration{}
	for _, l := range timeoutLines {
		for i := 0; i < len(l); i += 2 {
			m[l[i]], _ = parseClock(l[i+1])
		}
	}
	return m
}

func (cfg *config) timeoutText() []string {
	var out []string
	for _, l := range timeoutLines {
		s := "timeout"
		for i := 0; i < len(l); i += 2 {
			s += " " + l[i]
			if l[i] == "igp" {
				s += " stale-route"
			}
			s += " " + clock(cfg.timeouts[l[i]])
			if l[i] == "uauth" {
				s += " " + cfg.uauth
			}
		}
		out = append(out, s)
	}
	return out
}

// cmdTimeout is "timeout NAME H:M:S [NAME H:M:S ...]".
func cmdTimeout(c *call) error {
	var words []string
	for _, l := range timeoutLines {
		for i := 0; i < len(l); i += 2 {
			words = append(words, l[i])
		}
	}
	defaults := defaultTimeouts()
	set := map[string]time.Duration{}
	uauth := c.cfg.uauth
	for {
		w, err := c.in.keyword(words...)
		if err != nil {
			return err
		}
		if w == "igp" {
			c.in.accept("stale-route")
		}
		if c.no {
			set[w] = defaults[w]
			if _, ok := parseClock(c.in.peek()); ok {
				_, _ = c.in.word()
			}
		} else if set[w], err = c.clock(0, longestIdle); err != nil {
			return err
		}
		if w == "uauth" {
			if k := c.in.accept("absolute", "inactivity"); k != "" {
				uauth = k
			}
		}
		if c.in.end() {
			break
		}
	}
	for w, d := range set {
		c.cfg.timeouts[w] = d
	}
	c.cfg.uauth = uauth
	return nil
}

// period is a time-range. When it holds nobody here knows.
type period struct {
	name  string
	lines []string
}

func cmdTimeRange(c *call) error {
	n, err := c.in.name(nameLimit)
	if err != nil {
		return err
	}
	if err := c.in.done(); err != nil {
		return err
	}
	p := c.cfg.periods[n]
	if c.no {
		if p == nil {
			return refuse("ERROR: time-range <%s> does not exist", n)
		}
		if c.cfg.used(periodKey + n) {
			return refuse("ERROR: time-range <%s> is being used", n)
		}
		delete(c.cfg.periods, n)
		c.cfg.periodOrder = without(c.cfg.periodOrder, p)
		return nil
	}
	if p == nil {
		p = &period{name: n}
		c.cfg.periods[n] = p
		c.cfg.periodOrder = append(c.cfg.periodOrder, p)
	}
	c.s.enter(modePeriod, n)
	return nil
}

func subPeriod(c *call, word string) error {
	p := c.cfg.periods[c.s.mode.name]
	if p == nil {
		return refuse("ERROR: time-range <%s> does not exist", c.s.mode.name)
	}
	rest := c.in.rest()
	if rest == "" {
		return errIncomplete
	}
	text := word + " " + strings.Join(strings.Fields(rest), " ")
	p.lines = slices.DeleteFunc(p.lines, func(l string) bool {
		return l == text || word == "absolute" && strings.HasPrefix(l, "absolute ")
	})
	if !c.no {
		p.lines = append(p.lines, text)
	}
	return nil
}

// block is a command that is kept as it is, with the lines inside it.
type block struct {
	top  string
	tail string // the blank that the device prints after some
	subs []string
	rank int
}

// Places of kept commands in the running configuration.
const (
	rankHead = iota
	rankNames
	rankModes
	rankLists
	rankLog
	rankRoute
	rankAccess
	rankClass
	rankTail
	ranks
)

// kept are the commands of ordinary configurations that are not looked into,
// by place.
var kept = func() map[string]int {
	m := map[string]int{}
	for rank, words := range [ranks]string{
		rankHead:  "domain-name enable passwd password xlate asp license firewall terminal lacp jumbo-frame mac-address service-module service-interface cluster",
		rankNames: "ip no-proxy-arp dns-guard",
		rankModes: "banner boot ftp clock dns hardware-bypass regex zone cts",
		rankLists: "object-group-search access-list nve",
		rankLog:   "pager logging flow-export mtu failover monitor-interface icmp no-failover asdm arp arp-permit-nonconnected mac-list mac-address-table no-monitor-interface",
		rankRoute: "route router prefix-list route-map ipv6 multicast-routing pim igmp mroute policy-list community-list as-path",
		rankAccess: `user-identity aaa aaa-server http snmp-server service sysopt crypto telnet ssh console no-ssh vpn vpn-addr-assign vpn-sessiondb
 vpdn dhcpd dhcprelay dhcp-client threat-detection ntp ssl webvpn group-policy username tunnel-group tunnel-group-map dynamic-access-policy-record
 management-access key ldap tftp-server tls-proxy url-server url-block url-cache filter virtual auth-prompt wccp sla track event privilege
 ddns scep crypto-engine anyconnect ipsec isakmp l2tp phone-proxy ctl-provider ctl-file media-termination uc-ime smart-tunnel saml
 imap4s pop3s smtps eigrp rip port-channel password-policy quota app-agent mdm-proxy sctp-map`,
		rankClass: "class-map",
		rankTail:  "policy-map prompt call-home hpm coredump smtp-server snmp asdm-location compression jumbo-mode profile privileged-exec context admin-context"} {
		for _, w := range strings.Fields(words) {
			m[w] = rank
		}
	}
	m["policy-map"] = rankClass
	return m
}()

// singles are kept commands of which one value stands, by the number of words
// that name them.
var singles = map[string]int{"domain-name": 1, "passwd": 1, "pager": 1, "prompt": 1, "ftp": 2, "mtu": 2, "clock": 2, "console": 2,
	"terminal": 2, "enable": 2, "management-access": 1, "password": 1}

// takes says that a kept command has the second word, where others that have
// to do with access rules are no commands.
func takes(word, second string) bool {
	switch word {
	case "service":
		w, _ := choose(second, []string{"resetinbound", "resetoutbound", "resetoutside", "internal", "password-recovery", "sw-reset-button", "telnetlogin", "call-home"})
		return w != ""
	case "ipv6":
		return second != "access-list" && second != "access-group"
	}
	return true
}

// verbatim keeps a line as it is.
func (c *call) verbatim(text string) error {
	text = trimRight(strings.TrimLeft(text, " \t"))
	f := strings.Fields(text)
	if len(f) == 0 {
		return errIncomplete
	}
	rank, ok := kept[f[0]]
	if !ok {
		return invalid(0)
	}
	if slices.Contains(systemWords, f[0]) && (c.d != c.d.system || !c.s.loading) {
		return invalid(0)
	}
	if len(f) > 1 && !takes(f[0], f[1]) {
		return c.at(f[1])
	}
	if len(f) < 2 && !c.no && !c.s.loading && !slices.Contains([]string{"webvpn", "failover", "call-home", "multicast-routing", "dns-guard"}, f[0]) {
		return errIncomplete
	}
	top := text
	if c.no {
		top = "no " + text
	}
	i := slices.IndexFunc(c.cfg.blocks, func(b *block) bool { return b.top == top })
	if i >= 0 {
		c.s.block = c.cfg.blocks[i]
		return nil
	}
	if !c.s.loading {
		n := singles[f[0]]
		c.cfg.blocks = slices.DeleteFunc(c.cfg.blocks, func(b *block) bool {
			switch g := strings.Fields(b.top); {
			case c.no:
				return b.top == text || strings.HasPrefix(b.top, text+" ")
			case n > 0 && len(g) >= n && len(f) >= n && slices.Equal(g[:n], f[:n]):
				return true
			}
			rest, off := strings.CutPrefix(b.top, "no ")
			return off && (rest == text || strings.HasPrefix(text, rest+" "))
		})
		if c.no && text != "pager" {
			return nil
		}
	}
	c.s.block = &block{top: top, rank: rank}
	c.cfg.blocks = append(c.cfg.blocks, c.s.block)
	return nil
}

func cmdKept(c *call) error {
	text := c.in.text
	if c.no {
		_, text, _ = strings.Cut(strings.TrimLeft(text, " \t"), " ")
	}
	c.in.at = len(c.in.text)
	return c.verbatim(text)
}

// cmdNAT is a rule of "twice" network address translation.
func cmdNAT(c *call) error {
	c.in.skip()
	f := strings.Fields(c.in.text[c.in.at:])
	if len(f) == 0 {
		return errIncomplete
	}
	if !strings.HasPrefix(f[0], "(") && first(choose(f[0], []string{"source", "after-auto"})) == "" {
		if _, ok := decimal(f[0]); !ok {
			return c.in.bad()
		}
	}
	at := 1 << 30
	if len(f) > 1 && strings.HasPrefix(f[0], "(") {
		if n, ok := decimal(f[1]); ok {
			at = n - 1
			f = slices.Delete(f, 1, 2)
		}
	}
	text := "nat " + strings.Join(f, " ")
	i := slices.Index(c.cfg.nat, text)
	if c.no {
		if i < 0 {
			return refuse("ERROR: NAT rule does not exist")
		}
		c.cfg.nat = slices.Delete(c.cfg.nat, i, i+1)
		c.cfg.useNAT(text, -1)
		return nil
	}
	if i >= 0 {
		return refuse("ERROR: NAT rule already exists")
	}
	for _, w := range natNames(text) {
		if c.cfg.objects[w] == nil && c.cfg.groups[w] == nil && !c.forward() {
			return refuse("ERROR: %s doesn't match an existing object or object-group", w)
		}
		if o := c.cfg.objects[w]; o != nil && o.value == "" && !c.forward() {
			return refuse("ERROR: object (%s) is empty.", w)
		}
		if g := c.cfg.groups[w]; g != nil && len(g.members) == 0 && !c.forward() {
			return refuse("ERROR: specified object group <%s> is empty", w)
		}
	}
	c.in.at = len(c.in.text)
	if at = max(at, 0); at > len(c.cfg.nat) {
		at = len(c.cfg.nat)
	}
	c.cfg.nat = slices.Insert(c.cfg.nat, at, text)
	c.cfg.useNAT(text, 1)
	return nil
}

// useNAT counts what a rule of address translation names.
func (cfg *config) useNAT(text string, by int) {
	for _, w := range natNames(text) {
		cfg.use(w, by)
	}
}

// natNames returns the objects and groups that a rule names: two after static,
// dynamic and service each.
func natNames(text string) []string {
	var out []string
	left := 0
	for _, w := range strings.Fields(text) {
		switch w {
		case "static", "dynamic", "service":
			left = 2
		case "source", "destination", "description", "inactive", "dns", "no-proxy-arp", "route-lookup", "unidirectional", "net-to-net":
			left = 0
		case "pat-pool":
			left = 1
		case "any", "interface":
			left--
		default:
			if left > 0 {
				out = append(out, w)
			}
			left--
		}
	}
	return out
}

// objectNAT is a "nat" line inside an object.
func (c *call) objectNAT(o *object) error {
	f := strings.Fields(c.in.rest())
	if len(f) == 0 {
		return errIncomplete
	}
	text := strings.Join(f, " ")
	if c.no {
		if o.nat != text {
			return refuse("ERROR: NAT rule does not exist")
		}
		o.nat = ""
		return nil
	}
	o.nat = text
	return nil
}
