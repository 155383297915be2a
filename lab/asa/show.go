package asa

import (
	"fmt"
	"hash/fnv"
	"net/netip"
	"slices"
	"strings"
)

var showWords = []string{"running-config", "startup-config", "access-list", "version", "pager", "terminal", "hostname", "curpriv", "mode",
	"failover", "clock", "names", "reload", "checksum", "configuration", "context", "disk0:", "firewall"}

// show is a show command, with or without a filter.
func (c *call) show() error {
	c.cfg = c.d.cfg // a configuration session shows what runs
	text := c.in.text
	line, tail, piped := strings.Cut(text, " | ")
	c.in.text = line
	before := c.out.Len()
	if err := c.showWhat(); err != nil {
		return err
	}
	if !piped {
		return nil
	}
	f := input{text: text, at: len(line) + 3}
	w, err := f.keyword("include", "exclude", "begin", "grep")
	if err != nil {
		return err
	}
	out, ok := filter(c.out.String()[before:], w, f.rest())
	if !ok || tail == "" {
		return invalid(len(line) + 3)
	}
	c.out.Reset()
	c.out.WriteString(out)
	return nil
}

func (c *call) showWhat() error {
	words := showWords
	if c.s.mode.kind == modeExec {
		words = []string{"version", "pager", "terminal", "hostname", "curpriv", "mode", "clock", "checksum", "firewall"}
	}
	w, err := c.in.keyword(words...)
	if err != nil {
		return err
	}
	switch w {
	case "running-config":
		return c.showRunning()
	case "access-list":
		return c.showAccessList()
	case "configuration":
		return c.showDrafts()
	case "context":
		return c.showContext()
	case "disk0:":
		return c.dir()
	case "failover":
		if c.in.accept("state") != "" {
			if err := c.in.done(); err != nil {
				return err
			}
			c.showFailoverState()
			return nil
		}
	case "hostname":
		c.in.accept("fqdn")
	}
	if err := c.in.done(); err != nil {
		return err
	}
	switch w {
	case "startup-config":
		c.out.WriteString(c.d.startupText())
	case "version":
		c.showVersion()
	case "pager":
		if c.s.pager == 0 {
			c.say("no pager")
		} else {
			c.say("pager lines %d", c.s.pager)
		}
	case "terminal":
		c.say("Width = %d, no monitor\nterminal interactive", c.s.width)
	case "hostname":
		c.say("%s", c.cfg.hostname)
	case "curpriv":
		level, modes := 15, "P_PRIV"
		if c.s.mode.kind == modeExec {
			level, modes = 1, "P_UNPR"
		} else if c.s.mode.kind >= modeConfig {
			modes += " P_CONF"
		}
		c.say("Username : %s\nCurrent privilege level : %d\nCurrent Mode/s : %s", c.s.user(), level, modes)
	case "mode":
		if c.d.multiple() {
			c.say("Security context mode: multiple")
		} else {
			c.say("Security context mode: single")
		}
	case "firewall":
		if slices.ContainsFunc(c.cfg.blocks, func(b *block) bool { return b.top == "firewall transparent" }) {
			c.say("Firewall mode: Transparent")
		} else {
			c.say("Firewall mode: Router")
		}
	case "clock":
		c.say("%s", c.d.now())
	case "names":
		for _, n := range c.cfg.names {
			c.say("%s", n.print())
		}
	case "failover":
		c.showFailover()
	case "reload":
		c.showReload()
	case "checksum":
		s := c.d.sum
		c.say("Cryptochecksum: %s %s %s %s", s[:8], s[8:16], s[16:24], s[24:])
	}
	return nil
}

func (c *call) showVersion() {
	c.say("\nCisco Adaptive Security Appliance Software Version %s \nDevice Manager Version 7.16(1)\n", c.cfg.version)
	c.say("%s up 10 days 2 hours\n\nHardware:   %s,", c.cfg.hostname, c.d.hardware())
	c.say("\nSerial Number: %s", c.d.opt.Serial)
	if c.d.changed == "" {
		c.say("Configuration has not been modified since last system restart.")
	} else {
		c.say("Configuration last modified by %s", c.d.changed)
	}
}

// showRunning is "show running-config [SECTION [NAME]]".
func (c *call) showRunning() error {
	if c.in.end() {
		c.out.WriteString(c.d.running())
		return nil
	}
	words := []string{"all", "access-list", "access-group", "object", "object-group", "class-map", "policy-map", "service-policy",
		"name", "names", "time-range", "interface", "timeout", "nat", "hostname", "same-security-traffic"}
	for w := range kept {
		if configCommands[w] != nil && w != "access-list" && w != "class-map" && w != "policy-map" {
			words = append(words, w)
		}
	}
	w, err := c.in.keyword(words...)
	if err != nil {
		return err
	}
	var lines []string
	arg := ""
	switch w {
	case "all":
		c.out.WriteString(c.d.running())
		return c.in.done()
	case "object", "object-group":
		return c.showObjects(w)
	case "access-list", "class-map", "policy-map", "interface", "time-range":
		if arg = c.in.peek(); arg != "" {
			c.in.at += len(arg)
		}
	}
	if err := c.in.done(); err != nil {
		return err
	}
	cfg := c.cfg
	switch w {
	case "access-list":
		if arg != "" && cfg.acls[arg] == nil {
			return refuse("ERROR: access-list <%s> does not exist", arg)
		}
		lines = cfg.aclLines(arg)
	case "access-group":
		lines = cfg.accessGroupLines()
	case "class-map":
		lines = cfg.classMapLines(arg)
	case "policy-map":
		lines = cfg.policyMapLines(arg)
	case "service-policy":
		lines = cfg.servicePolicyLines()
	case "name", "names":
		lines = cfg.nameLines()[1:]
	case "time-range":
		for _, p := range cfg.periodOrder {
			if arg == "" || p.name == arg {
				lines = append(lines, p.print()...)
			}
		}
	case "interface":
		for _, f := range cfg.interfaces {
			if arg == "" || strings.EqualFold(f.port, arg) {
				lines = append(append(lines, "!"), f.lines(cfg.spelling())...)
			}
		}
	case "timeout":
		lines = cfg.timeoutText()
	case "nat":
		lines = cfg.natLines()
	case "hostname":
		lines = []string{"hostname " + cfg.hostname}
	case "same-security-traffic":
		lines = cfg.sameSecurityLines()
	default:
		lines = cfg.blockLines(func(b *block) bool {
			f := strings.Fields(strings.TrimPrefix(b.top, "no "))
			return f[0] == w
		})
	}
	c.print(lines)
	return nil
}

func (c *call) print(lines []string) {
	for _, l := range lines {
		c.out.WriteString(l)
		c.out.WriteByte('\n')
	}
}

// showObjects is the section of objects or groups, of one kind or name.
func (c *call) showObjects(what string) error {
	kinds := []string{"network", "service", "id"}
	if what == "object-group" {
		kinds = append(kinds, "protocol", "icmp-type", "user", "security")
	}
	kind, name := "", ""
	if !c.in.end() {
		w, err := c.in.keyword(kinds...)
		if err != nil {
			return err
		}
		kind = w
		if w == "id" {
			kind = ""
			if name, err = c.in.word(); err != nil {
				return err
			}
		}
	}
	if err := c.in.done(); err != nil {
		return err
	}
	if what == "object" {
		c.print(c.cfg.objectLines(kind, name))
	} else {
		c.print(c.cfg.groupLines(kind, name))
	}
	return nil
}

func hash(parts ...string) uint32 {
	h := fnv.New32a()
	for _, p := range parts {
		_, _ = h.Write([]byte(p))
		_, _ = h.Write([]byte{0})
	}
	return h.Sum32()
}

// mostRows of one entry are printed; an entry with more of them is printed as
// one line, as with "object-group-search access-control".
const mostRows = 20000

// showAccessList is "show access-list [NAME] [brief]".
func (c *call) showAccessList() error {
	name := c.in.peek()
	if name != "" {
		c.in.at += len(name)
		if c.cfg.acls[name] == nil {
			return refuse("ERROR: access-list <%s> does not exist", name)
		}
	}
	brief := name != "" && c.in.accept("brief") != ""
	if err := c.in.done(); err != nil {
		return err
	}
	if name == "" {
		c.say("access-list cached ACL log flows: total 0, denied 0 (deny-flow-max 4096)\n            alert-interval 300")
	}
	for _, a := range c.cfg.aclOrder {
		if name == "" || a.name == name {
			c.showACL(a, brief)
		}
	}
	return nil
}

func (c *call) showACL(a *acl, brief bool) {
	sp := c.cfg.spelling()
	rows := make([][]string, len(a.lines))
	elements := 0
	for i, e := range a.lines {
		if e.remark {
			continue
		}
		n := 1
		if e.raw == "" {
			rows[i], n = c.cfg.expand(e, sp)
		}
		elements += n
	}
	suffix := ""
	if brief {
		suffix = " brief"
	}
	c.say("access-list %s; %d elements; name hash: 0x%08x%s", a.name, elements, hash(a.name), suffix)
	for i, e := range a.lines {
		head := "access-list " + a.name + lineNumber(i)
		if e.remark {
			if !brief {
				c.say("%s%s", head, e.body(sp, true))
			}
			continue
		}
		h := hash(a.name, e.body(spelling{}, true))
		if brief {
			if e.hits > 0 {
				c.say("%08x 00000000 %08x 00000000", h, e.hits)
			}
			continue
		}
		dormant := ""
		if e.dormant {
			dormant = " (inactive)"
		}
		c.say("%s%s%s (hitcnt=%d) 0x%08x ", head, e.body(sp, true), dormant, e.hits, h)
		for j, r := range rows[i] {
			hits := 0
			if j == 0 {
				hits = e.hits
			}
			count := fmt.Sprintf(" (hitcnt=%d)", hits)
			if strings.Contains(r, "(unresolved)") {
				count = ""
			}
			c.say("  %sextended %s%s%s%s 0x%08x ", head, r, e.log.print(true), dormant, count, hash(a.name, r))
		}
	}
}

// expand returns what an entry's groups and objects come to, as printed, and
// how many they are. It returns no rows if the entry names none.
func (cfg *config) expand(e *entry, sp spelling) ([]string, int) {
	named := e.proto.object != "" || e.proto.group != "" || e.icmp != "" || e.src.name != "" || e.dst.name != "" ||
		e.svc.src.op == portGroup || e.svc.dst.op == portGroup
	if !named {
		return nil, 1
	}
	protos := cfg.services(e)
	srcs, dsts := cfg.addressRows(e.src, sp, nil), cfg.addressRows(e.dst, sp, nil)
	n := len(protos) * len(srcs) * len(dsts)
	if n > mostRows {
		return nil, n
	}
	verb := "permit "
	if e.deny {
		verb = "deny "
	}
	var out []string
	for _, p := range protos {
		t := portTable(p.proto)
		for _, s := range srcs {
			for _, d := range dsts {
				out = append(out, verb+printProtocol(p.proto)+" "+s+p.src.print(t)+" "+d+p.dst.print(t)+p.printICMP())
			}
		}
	}
	return out, n
}

// addressRows spells all that an address comes to.
func (cfg *config) addressRows(a address, sp spelling, seen map[string]bool) []string {
	switch a.kind {
	case addrObject:
		o := cfg.objects[a.name]
		if o == nil {
			return nil
		}
		switch o.value {
		case "host", "subnet":
			return []string{sp.address(o.addr.normal())}
		case "range":
			return []string{sp.span(o.addr.ip, o.last.ip)}
		case "fqdn":
			return []string{"fqdn " + o.fqdn + " (unresolved)"}
		}
		return nil
	case addrGroup:
		g := cfg.groups[a.name]
		if g == nil || seen[a.name] {
			return nil
		}
		if seen == nil {
			seen = map[string]bool{}
		}
		seen[a.name] = true
		var out []string
		for _, m := range g.members {
			x := m.addr
			if m.word == "group-object" {
				x = address{kind: addrGroup, name: m.name}
			}
			out = append(out, cfg.addressRows(x, sp, seen)...)
		}
		return out
	}
	return []string{sp.address(a.normal())}
}

// span prints a range of addresses: as a network if it is one.
func (sp spelling) span(from, to netip.Addr) string {
	for bits := range from.BitLen() + 1 {
		p := netip.PrefixFrom(from, bits)
		if p.Masked().Addr() != from || last(p) != to {
			continue
		}
		if from.Is4() {
			return sp.address(address{kind: addrMask, ip: from, mask: netmaskOf(bits)}.normal())
		}
		return sp.address(address{kind: addrPrefix, ip: from, bits: uint8(bits)}.normal())
	}
	return "range " + sp.ip(from) + " " + sp.ip(to)
}

func netmaskOf(bits int) (m [4]byte) {
	for i := range bits {
		m[i/8] |= 0x80 >> (i % 8)
	}
	return m
}

// last is the highest address of a network.
func last(p netip.Prefix) netip.Addr {
	b := p.Masked().Addr().AsSlice()
	for i := p.Bits(); i < len(b)*8; i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}
