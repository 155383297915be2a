package cisco_asa

import (
	"slices"
	"strings"

	"github.com/nbfwc/nbfwc/ruleset"
)

// noteEntry notes where a line of an access list stands.
func (p *parser) noteEntry(from int) {
	if len(p.w) < 3 {
		p.problem("the access list entry has no contents")
		return
	}
	if _, ok := smallNumber(p.w[2], 999_999_999); ok && len(p.w) == 3 && (p.w[1] == "alert-interval" || p.w[1] == "deny-flow-max") {
		p.m.skipped++
		return
	}
	l := p.lists[p.w[1]]
	if l == nil {
		l = &listText{name: p.keep(p.w[1])}
		p.lists[l.name] = l
		p.order = append(p.order, l)
	}
	l.lines = append(l.lines, entryAt{int32(p.num), int32(from)})
}

// readLists reads the access lists: all objects are known now.
func (p *parser) readLists() {
	for _, l := range p.order {
		a := &acl{name: l.name, kind: "extended", lines: make([]line, 0, len(l.lines)), num: int(l.lines[0].num)}
		p.m.addACL(a)
		for _, at := range l.lines {
			raw := p.text[at.from:]
			if i := strings.IndexByte(raw, '\n'); i >= 0 {
				raw = raw[:i]
			}
			p.num, p.line = int(at.num), cleanLine(raw)
			p.w = split(p.w[:0], p.line)
			p.entry(a)
		}
	}
	p.order, p.lists, p.text = nil, nil, ""
}

// entry reads "access-list NAME [line N] ...".
func (p *parser) entry(a *acl) {
	i, at := 2, 0
	if p.at(2) == "line" {
		n, ok := smallNumber(p.at(3), 1<<30)
		if ok && n > 0 && len(p.w) > 4 {
			i, at = 4, n
		}
	}
	switch p.at(i) {
	case "remark":
		p.add(a, ace{remark: strings.Clone(p.rest(i + 1))}, at)
		return
	case "standard", "webtype", "ethertype":
		a.kind = p.keep(p.w[i])
		a.skipped++
		p.m.skipped++
		return
	case "extended":
		i++
	}
	c := cursor{p: p, i: i}
	e, ok := c.ace()
	if !ok {
		p.problem("the entry isn't understood from " + c.here() + " on; it may match any packet")
		e = ace{permit: p.at(i) == "permit", proto: protoSpec{kind: ipProto}, src: wordOperand(otherAddr, ""), dst: wordOperand(otherAddr, "")}
		e.tail.unread = "entry " + shortText(p.rest(i))
		if p.at(i) != "permit" && p.at(i) != "deny" {
			e.tail.unread = neither + e.tail.unread
		}
	}
	if e.tail.unread != "" {
		e.tail.raw = strings.Clone(p.rest(2))
	}
	p.add(a, e, at)
}

// neither begins what is unread of an entry that doesn't say its action.
const neither = "action and "

// add puts an entry at the end of the list, or where "line N" says.
func (p *parser) add(a *acl, e ace, at int) {
	l := p.m.line(e, p.num)
	if at == 0 || at > len(a.lines) {
		a.lines = append(a.lines, l)
		return
	}
	if p.inserts++; p.inserts > maxInserts {
		p.problem("more than a thousand entries with a line number stand out of order; this one stands at the end of the list")
		l = p.m.line(ace{proto: protoSpec{kind: ipProto}, src: wordOperand(otherAddr, ""), dst: wordOperand(otherAddr, ""),
			tail: tail{unread: neither + "place of the entry", raw: strings.Clone(p.rest(2))}}, p.num)
		a.lines = append(a.lines, l)
		return
	}
	a.lines = slices.Insert(a.lines, at-1, l)
}

// A cursor reads an ACE word by word.
type cursor struct {
	p      *parser
	i      int
	unread []string // conditions that aren't modelled
}

func (c *cursor) word() string { return c.p.at(c.i) }

// here names the place for a message.
func (c *cursor) here() string {
	if w := c.word(); w != "" {
		return `"` + shortText(w) + `"`
	}
	return "its end"
}

// ace reads "permit|deny PROTOCOL SOURCE [PORTS] DESTINATION [PORTS] ...".
func (c *cursor) ace() (e ace, ok bool) {
	switch c.word() {
	case "permit":
		e.permit = true
	case "deny":
	default:
		return e, false
	}
	c.i++
	if e.proto, ok = c.proto(); !ok {
		return e, false
	}
	if e.src, ok = c.address("source"); !ok {
		return e, false
	}
	if e.sports, ok = c.ports(e.proto, false); !ok {
		return e, false
	}
	if e.dst, ok = c.address("destination"); !ok {
		return e, false
	}
	if e.dports, ok = c.ports(e.proto, true); !ok {
		return e, false
	}
	if e.dports.op == noPorts {
		e.tail.icmp = c.icmp(e.proto)
	}
	if !c.options(&e.tail) {
		return e, false
	}
	e.tail.unread = strings.Join(c.unread, " and ")
	return e, true
}

func (c *cursor) proto() (s protoSpec, ok bool) {
	w := c.word()
	c.i++
	switch w {
	case "object", "object-group":
		s.kind = objectProto
		if w == "object-group" {
			s.kind = groupProto
		}
		s.name = c.p.keep(c.word())
		c.i++
		return s, s.name != ""
	}
	s, ok = protoNumber(w)
	return s, ok && s.kind != tcpUDPProto
}

// address reads a source or destination with the users or security groups that
// may stand before it.
func (c *cursor) address(side string) (o operand, ok bool) {
	if !c.identity(side) {
		return o, false
	}
	p, w := c.p, c.word()
	c.i++
	switch w {
	case "any":
		return operand{kind: anyAddr}, true
	case "any4":
		return operand{kind: any4Addr}, true
	case "any6":
		return operand{kind: any6Addr}, true
	case "host":
		a, ok := p.addr(c.word())
		c.i++
		return hostOperand(a), ok
	case "object", "object-group", "interface":
		name := c.word()
		c.i++
		return wordOperand(addrWords[w], p.keep(name)), name != ""
	case "object-group-network-service":
		c.unread = append(c.unread, side+" "+w+" "+shortText(c.word()))
		c.i++
		return wordOperand(otherAddr, ""), true
	case "":
		return o, false
	}
	o, n, ok := p.netAt(c.i - 1)
	c.i += n - 1
	return o, ok
}

var addrWords = map[string]addrKind{"object": objectAddr, "object-group": groupAddr, "interface": ifaceAddr}

// identity reads users and security groups.
func (c *cursor) identity(side string) bool {
	for {
		n := 0
		switch c.word() {
		case "user", "user-group", "object-group-user", "object-group-security":
			n = 2
		case "security-group":
			n = 3
		default:
			return true
		}
		if c.i+n > len(c.p.w) {
			return false
		}
		c.unread = append(c.unread, side+" "+shortText(strings.Join(c.p.w[c.i:c.i+n], " ")))
		c.i += n
	}
}

// ports reads the ports of the source or of the destination. After the source
// an object-group can be ports or the destination, which the type of the group
// says.
func (c *cursor) ports(proto protoSpec, last bool) (s portSpec, ok bool) {
	p := c.p
	if c.word() == "object-group" {
		g := p.m.index[p.at(c.i+1)]
		if g == nil && last && !isICMP(proto) || g != nil && g.kind == portGroup {
			s = portSpec{op: groupPort, name: p.keep(p.at(c.i + 1))}
			c.i += 2
		}
		return s, s.op == noPorts || s.name != ""
	}
	if _, is := portOps[c.word()]; !is {
		return s, true
	}
	s, n, ok := p.portsAt(c.i, proto)
	c.i += n
	return s, ok
}

// icmp reads the type of an ICMP message: a word, a number with its code or a
// group.
func (c *cursor) icmp(proto protoSpec) (s icmpSpec) {
	p := c.p
	if c.word() == "object-group" {
		if g := p.m.index[p.at(c.i+1)]; g == nil || g.kind == icmpGroup {
			s.group = p.keep(p.at(c.i + 1))
			c.i += 2
		}
		return s
	}
	if isICMP(proto) {
		var n int
		s, n = p.icmpAt(c.i, proto.number == ruleset.ICMPv6)
		c.i += n
	}
	return s
}

// options reads what stands at the end of an ACE, in any order.
func (c *cursor) options(t *tail) bool {
	for c.i < len(c.p.w) {
		switch c.word() {
		case "log":
			c.i++
			if !c.log(&t.log) {
				return false
			}
		case "time-range":
			t.timeRange = c.p.keep(c.p.at(c.i + 1))
			if t.timeRange == "" {
				return false
			}
			c.i += 2
		case "inactive":
			t.inactive = true
			c.i++
		default:
			return false
		}
	}
	return true
}

// log reads "[disable|default|LEVEL] [interval SECONDS]". A clause that spells
// the defaults is the plain one.
func (c *cursor) log(s *logSpec) bool {
	s.kind = logPlain
	switch c.word() {
	case "disable":
		s.kind = logDisable
		c.i++
		return true
	case "default":
		s.kind = logDefault
		c.i++
		return true
	}
	level, interval := defaultLogLevel, defaultLogInterval
	if n := slices.Index(logLevels[:], c.word()); n >= 0 {
		level = n
		c.i++
	} else if n, ok := smallNumber(c.word(), 7); ok {
		level = n
		c.i++
	}
	if c.word() == "interval" {
		n, ok := smallNumber(c.p.at(c.i+1), 1<<30)
		if !ok {
			return false
		}
		interval = n
		c.i += 2
	}
	if level != defaultLogLevel || interval != defaultLogInterval {
		*s = logSpec{kind: logLevel, level: uint8(level), interval: uint32(interval)}
	}
	return true
}
