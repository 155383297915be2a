package fortigate

import (
	"bytes"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// maxLine keeps lines below what a terminal and FortiOS take: long lists go on
// with append.
const maxLine = 900

// printer writes configuration as the device prints it.
type printer struct {
	b     []byte
	depth int
	// odd is a line that ends within a value, so that it would be two.
	odd string
}

// line writes one line; words are written as they are.
func (p *printer) line(words ...string) {
	for range p.depth {
		p.b = append(p.b, "    "...)
	}
	start := len(p.b)
	for i, w := range words {
		if i > 0 {
			p.b = append(p.b, ' ')
		}
		p.b = append(p.b, w...)
	}
	if bytes.ContainsAny(p.b[start:], "\n\r") {
		p.odd = string(p.b[start:])
	}
	p.b = append(p.b, '\n')
}

func (p *printer) config(table string) {
	p.line("config", table)
	p.depth++
}

func (p *printer) edit(name string) {
	p.line("edit", quoted(name))
	p.depth++
}

func (p *printer) next() {
	p.depth--
	p.line("next")
}

func (p *printer) end() {
	p.depth--
	p.line("end")
}

// commands are the lines without indentation.
func (p *printer) commands() []string {
	var list []string
	for line := range strings.Lines(string(p.b)) {
		list = append(list, strings.TrimSpace(line))
	}
	return list
}

// quoted is a value between quotes. Check sees to it that values of ours hold
// nothing that has to be escaped; what the device printed can.
func quoted(s string) string {
	if !strings.ContainsAny(s, `"'\`) {
		return `"` + s + `"`
	}
	var b strings.Builder
	b.WriteByte('"')
	for i := 0; i < len(s); i++ {
		if strings.IndexByte(`"'\`, s[i]) >= 0 {
			b.WriteByte('\\')
		}
		b.WriteByte(s[i])
	}
	b.WriteByte('"')
	return b.String()
}

// list writes a list as "set", and what doesn't fit in a line as "append".
func (p *printer) list(name string, values []string) {
	if len(values) > 0 {
		p.lines("set", "append", name, values)
	}
}

// lines writes values behind a verb in lines that are not too long; rest is the
// verb of the lines after the first.
func (p *printer) lines(verb, rest, name string, values []string) {
	for len(values) > 0 {
		words := []string{verb, name}
		n := len(verb) + len(name)
		for len(values) > 0 {
			w := quoted(values[0])
			if n += len(w) + 1; n > maxLine && len(words) > 2 {
				break
			}
			words, values = append(words, w), values[1:]
		}
		p.line(words...)
		verb = rest
	}
}

func (p *printer) text(name, value string) {
	if value != "" {
		p.line("set", name, quoted(value))
	}
}

func (p *printer) fields(list []field) {
	for _, f := range list {
		if len(f.values) == 0 {
			p.line("unset", f.name)
			continue
		}
		p.list(f.name, f.values)
	}
}

// address writes the fields of an address.
func (p *printer) address(a *address) {
	switch a.kind {
	case ipmask:
		if a.v6 {
			p.line("set ip6", a.prefix.String())
		} else {
			p.line("set subnet", a.prefix.Addr().String(), mask4(a.prefix))
		}
	case iprange:
		p.line("set type iprange")
		p.line("set start-ip", a.from.String())
		p.line("set end-ip", a.to.String())
	case wildcard:
		p.line("set type wildcard")
		p.line("set wildcard", a.from.String(), a.to.String())
	case fqdn:
		p.line("set type fqdn")
		p.text("fqdn", a.value)
	case geography:
		p.line("set type geography")
		p.text("country", a.value)
	default:
		p.line("set type", a.word)
	}
	p.text("associated-interface", a.associated)
	p.text("comment", a.comment)
	p.fields(a.others)
}

func mask4(p netip.Prefix) string { return net.IP(net.CIDRMask(p.Bits(), 32)).String() }

// group writes the fields of an address group.
func (p *printer) group(g *addrGroup) {
	p.text("category", g.category)
	p.list("member", g.members)
	if g.exclude {
		p.line("set exclude enable")
		p.list("exclude-member", g.excluded)
	}
	p.text("comment", g.comment)
	p.fields(g.others)
}

// service writes the fields of a service.
func (p *printer) service(s *service) {
	p.text("category", s.category)
	switch s.kind {
	case icmp, icmp6:
		p.line("set protocol", map[svcKind]string{icmp: "ICMP", icmp6: "ICMP6"}[s.kind])
		if s.icmpType < 0 {
			p.line("unset icmptype")
			break
		}
		p.line("set icmptype", strconv.Itoa(int(s.icmpType)))
		if s.icmpCode < 0 {
			p.line("unset icmpcode")
		} else {
			p.line("set icmpcode", strconv.Itoa(int(s.icmpCode)))
		}
	case ip:
		p.line("set protocol IP")
		if s.number != 0 {
			p.line("set protocol-number", strconv.Itoa(int(s.number)))
		}
	case otherSvc:
		p.line("set protocol", s.word)
	}
	p.ports("tcp-portrange", s.tcp)
	p.ports("udp-portrange", s.udp)
	p.ports("sctp-portrange", s.sctp)
	p.ttl(s.ttl)
	p.text("comment", s.comment)
	p.fields(s.others)
}

func (p *printer) ports(name string, list []ports) {
	if len(list) == 0 {
		return
	}
	words := []string{"set", name}
	for _, item := range list {
		w := item.dst.String()
		if item.src != anyPort {
			w += ":" + item.src.String()
		}
		words = append(words, w)
	}
	p.line(words...)
}

func (p *printer) ttl(t ttl) {
	switch t {
	case 0:
	case never:
		p.line("set session-ttl never")
	default:
		p.line("set session-ttl", strconv.Itoa(int(t)))
	}
}

var actionWords = map[polAction]string{accept: "accept", ipsec: "ipsec"}

var logWords = map[logMode]string{logAll: "all", logNone: "disable"}

// policy writes the fields of a policy.
func (p *printer) policy(q *policy) {
	p.text("name", q.name)
	if q.disabled {
		p.line("set status disable")
	}
	p.match(q)
	p.log(q.log)
	p.text("comments", q.comments)
}

func (p *printer) log(m logMode) {
	if w := logWords[m]; w != "" {
		p.line("set logtraffic", w)
	}
}

// match writes what a policy matches and does, but not its name, log and
// comments.
func (p *printer) match(q *policy) {
	p.list("srcintf", q.srcIntf)
	p.list("dstintf", q.dstIntf)
	if w := actionWords[q.action]; w != "" {
		p.line("set action", w)
	}
	p.list("srcaddr", q.src)
	p.list("dstaddr", q.dst)
	p.list("srcaddr6", q.src6)
	p.list("dstaddr6", q.dst6)
	for _, f := range []struct {
		name string
		on   bool
	}{
		{"srcaddr-negate", q.srcNot}, {"dstaddr-negate", q.dstNot},
		{"srcaddr6-negate", q.src6Not}, {"dstaddr6-negate", q.dst6Not},
	} {
		if f.on {
			p.line("set", f.name, "enable")
		}
	}
	p.text("schedule", q.schedule)
	p.list("service", q.services)
	for _, f := range []struct {
		name string
		on   bool
	}{
		{"service-negate", q.serviceNot}, {"send-deny-packet", q.sendDeny}, {"nat", q.nat}, {"utm-status", q.utm},
	} {
		if f.on {
			p.line("set", f.name, "enable")
		}
	}
	p.ttl(q.ttl)
	p.fields(q.others)
}
