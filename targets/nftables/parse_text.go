package nftables

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/nbfwc/nbfwc/targets"
)

// A textListing reads what "nft list ruleset" prints, with -s, -a, both or
// none, and what Render writes; the grammar is that of nft(8).
type textListing struct {
	scanner
	budget
	// tok is the token ahead.
	tok      token
	had      listing
	problems []targets.Problem
	buf      []token
	// groupName is what a remark calls the next set.
	groupName string
}

// readText returns the listing in text.
func readText(text string) (listing, []targets.Problem, error) {
	p := &textListing{scanner: scanner{s: text, line: 1}}
	p.advance()
	for p.tok.kind != tEnd {
		if err := p.command(); err != nil {
			return p.had, p.problems, err
		}
	}
	return p.had, p.problems, p.err
}

func (p *textListing) advance() token {
	t := p.tok
	p.tok = p.next()
	return t
}

func (p *textListing) errorf(t token, format string, args ...any) error {
	if p.err != nil {
		return p.err
	}
	return fmt.Errorf("line %d: "+format, append([]any{t.line}, args...)...)
}

// tableFamilies are the words that may stand before a table's name.
var tableFamilies = map[string]bool{"ip": true, "ip6": true, "inet": true, "arp": true, "bridge": true, "netdev": true}

func (p *textListing) tableName() (family, name string, err error) {
	family = "ip"
	t := p.advance()
	if tableFamilies[t.text] && p.tok.kind == tWord {
		family = t.text
		t = p.advance()
	}
	if t.kind != tWord {
		return "", "", p.errorf(t, "want the name of a table, have %.40q", t.text)
	}
	return family, t.text, nil
}

func (p *textListing) table(at token) error {
	family, name, err := p.tableName()
	if err != nil {
		return err
	}
	t := p.had.table(family, name, at.line)
	if !p.tok.is("{") {
		return nil
	}
	p.remarks = true
	defer func() { p.remarks = false }()
	p.advance()
	for {
		p.remarks = true
		k := p.advance()
		p.remarks = false
		switch {
		case k.is("}"):
			return nil
		case k.kind == tEnd:
			return p.errorf(k, "table %s has no end: the listing is incomplete", name)
		case k.kind == tNote:
			p.remarked(k)
		case k.kind == tBreak:
		default:
			if err := p.inTable(t, k); err != nil {
				return err
			}
		}
	}
}

// inTable reads one part of a table that begins with k.
func (p *textListing) inTable(t *tableDecl, k token) error {
	switch k.text {
	case "flags":
		for _, f := range p.rest() {
			t.dormant = t.dormant || f.is("dormant")
		}
		return nil
	case "comment":
		p.rest()
		return nil
	case "chain":
		return p.chain(t)
	case "set", "map":
		return p.set(t, k.text == "map")
	case "ct":
		if p.tok.is("timeout") {
			p.advance()
			return p.ctTimeout(t)
		}
		return p.block()
	case "counter", "quota", "limit", "secmark", "synproxy", "flowtable", "tunnel", "meter":
		return p.block()
	}
	p.problems = append(p.problems, targets.Problem{Line: k.line, Text: k.text, Why: "a part of a table of an unknown kind; what it does is not modelled"})
	return p.block()
}

// rest returns the tokens up to the end of the line or block, braces included,
// which may hold line breaks.
func (p *textListing) rest() []token {
	p.buf = p.buf[:0]
	depth := 0
	for {
		switch t := p.tok; {
		case t.kind == tEnd || depth == 0 && t.closes():
			return p.buf
		case t.is("{"):
			depth++
		case t.is("}"):
			depth--
		}
		if p.tok.kind != tBreak {
			p.buf = append(p.buf, p.tok)
		}
		p.advance()
	}
}

// block skips words up to a block and the block.
func (p *textListing) block() error {
	at := p.tok
	p.rest()
	if p.tok.kind == tEnd {
		return p.errorf(at, "a block has no end: the listing is incomplete")
	}
	return nil
}

// open reads the name of a chain or set and the brace after it.
func (p *textListing) open(what string) (token, error) {
	t := p.advance()
	if t.kind != tWord && t.kind != tString || !p.tok.is("{") {
		return t, p.errorf(t, "want the name of a %s and {, have %.40q", what, t.text)
	}
	p.advance()
	return t, nil
}

func (p *textListing) chain(t *tableDecl) error {
	name, err := p.open("chain")
	if err != nil {
		return err
	}
	return p.chainBody(t, name)
}

// chainBody reads a chain after its brace.
func (p *textListing) chainBody(t *tableDecl, name token) error {
	c := &chainDecl{table: t, name: name.text, line: name.line}
	for {
		k := p.tok
		switch {
		case k.is("}"):
			p.advance()
			t.addChain(c)
			return nil
		case k.kind == tEnd:
			return p.errorf(k, "chain %s has no end: the listing is incomplete", name.text)
		case k.kind == tBreak:
			p.advance()
		case k.kind == tNote:
			p.advance()
		case k.is("type"):
			if err := p.hook(c); err != nil {
				return err
			}
		case k.is("policy"):
			p.advance()
			c.policyDrop = p.advance().is("drop")
		case k.is("comment"), k.is("flags"):
			p.rest()
		default:
			if err := p.rule(c); err != nil {
				return err
			}
		}
	}
}

// hook reads "type filter hook forward priority filter + 5".
func (p *textListing) hook(c *chainDecl) error {
	at := p.tok
	c.base = true
	w := p.rest()
	for i := 0; i+1 < len(w); i++ {
		switch w[i].text {
		case "type":
			c.kind = w[i+1].text
		case "hook":
			c.hook = w[i+1].text
		case "device":
			c.devices = append(c.devices, w[i+1].text)
		case "devices":
			for i++; i < len(w) && !w[i].is("}"); i++ {
				if w[i].kind == tString || w[i].kind == tWord {
					c.devices = append(c.devices, w[i].text)
				}
			}
		case "priority":
			prio, err := priority(c.table.family, w[i+1:])
			if err != nil {
				return p.errorf(at, "%v", err)
			}
			c.prio = prio
		}
	}
	return nil
}

// priorities are the names of priorities (nft(8), "standard priority names").
var priorities = map[string]int{"raw": -300, "mangle": -150, "dstnat": -100, "filter": 0, "security": 50, "srcnat": 100}

var bridgePriorities = map[string]int{"dstnat": -300, "filter": -200, "out": 100, "srcnat": 300}

// priority reads "filter", "filter - 5" or a number.
func priority(family string, w []token) (int, error) {
	text := ""
	for _, t := range w {
		text += t.text
	}
	base, names := 0, priorities
	if family == "bridge" {
		names = bridgePriorities
	}
	for n, v := range names {
		if rest, ok := strings.CutPrefix(text, n); ok {
			base, text = v, rest
			break
		}
	}
	if text == "" {
		return base, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < -1<<31 || n > 1<<31-1 {
		return 0, fmt.Errorf("the priority %.40q is not known", text)
	}
	return base + n, nil
}

func (p *textListing) rule(c *chainDecl) error {
	if err := p.spend(); err != nil {
		return err
	}
	r := &ruleDecl{line: p.tok.line}
	cur := cursor{toks: p.rest(), budget: &p.budget}
	r.stmts = make([]stmt, 0, 4)
	for !cur.done() {
		from := cur.i
		n := len(r.stmts)
		if !cur.statement(r) {
			cur.i = from
			r.stmts = append(r.stmts[:n], cur.unknown())
		}
		for i := n; i < len(r.stmts); i++ {
			r.stmts[i].line = cur.toks[from].line
		}
	}
	if p.used > maxParts {
		return errTooMany
	}
	c.rules = append(c.rules, r)
	return nil
}

func (p *textListing) ctTimeout(t *tableDecl) error {
	name, err := p.open("ct timeout")
	if err != nil {
		return err
	}
	o := timeoutObject{name: name.text}
	for !p.tok.is("}") {
		at := p.tok
		if at.kind == tEnd {
			return p.errorf(at, "ct timeout %s has no end: the listing is incomplete", name.text)
		}
		w := p.rest()
		for i := 0; i+1 < len(w); i++ {
			switch {
			case w[i].is("protocol"):
				o.proto = w[i+1].text
			case w[i].is("established") && i+2 < len(w) && w[i+1].is(":"):
				if o.established, err = seconds(w[i+2].text); err != nil {
					return p.errorf(w[i], "%v", err)
				}
			}
		}
		if p.tok.kind == tBreak {
			p.advance()
		}
	}
	p.advance()
	t.timeouts = append(t.timeouts, o)
	return nil
}

// seconds reads a number of seconds, which newer versions of nft print as
// "2d3h".
func seconds(s string) (int, error) {
	if n, err := strconv.Atoi(s); err == nil && n >= 0 && n < 1<<31 {
		return n, nil
	}
	total, n := 0, 0
	for _, c := range strings.TrimSuffix(s, "ms") {
		unit := map[rune]int{'s': 1, 'm': 60, 'h': 3600, 'd': 86400, 'w': 604800}[c]
		switch {
		case '0' <= c && c <= '9' && n < 1<<24:
			n = n*10 + int(c-'0')
		case unit > 0 && total < 1<<31:
			total, n = total+n*unit, 0
		default:
			return 0, fmt.Errorf("the time %.40q is not understood", s)
		}
	}
	return total, nil
}

func (p *textListing) set(t *tableDecl, isMap bool) error {
	name, err := p.open("set")
	if err != nil {
		return err
	}
	s := &setDecl{name: name.text, line: name.line, called: p.groupName}
	p.groupName = ""
	for !p.tok.is("}") {
		k := p.advance()
		switch {
		case k.kind == tEnd:
			return p.errorf(k, "set %s has no end: the listing is incomplete", name.text)
		case k.kind == tNote:
			if h, ok := strings.CutPrefix(k.text, "handle "); ok {
				s.handle = h
			}
		case k.kind == tBreak:
		default:
			if err := p.inSet(s, k, isMap); err != nil {
				return err
			}
		}
	}
	p.advance()
	if have := t.setOf[s.name]; have != nil && have.keyType != s.keyType {
		return p.errorf(name, "the set %s is there with another type", s.name)
	}
	t.addSet(s)
	return nil
}

// inSet reads one line of a set.
func (p *textListing) inSet(s *setDecl, k token, isMap bool) error {
	switch k.text {
	case "type", "typeof":
		w := p.rest()
		n := len(w)
		s.keyType = joined(w)
		s.verdicts = isMap && n > 1 && w[n-1].is("verdict") && w[n-2].is(":")
		if isMap && !s.verdicts {
			s.unread = "a map to other things than verdicts"
		}
	case "flags":
		for _, f := range p.rest() {
			if f.kind == tWord {
				s.flag(f.text)
			}
		}
	case "timeout":
		s.expires = true
		p.rest()
	case "comment":
		if w := p.rest(); len(w) > 0 {
			s.comment = w[0].text
		}
	case "elements":
		p.remarks = true
		w := p.rest()
		p.remarks = false
		cur := cursor{toks: w, budget: &p.budget}
		if !cur.take("=") || !cur.elements(s) {
			at := k
			if !cur.done() {
				at = cur.peek()
			}
			return p.errorf(at, "the elements of set %s are not understood at %.40q", s.name, at.text)
		}
		if p.used > maxParts {
			return errTooMany
		}
	case "size", "gc-interval", "policy", "auto-merge", "counter", "last":
		p.rest()
	default:
		s.unread = k.text
		for _, w := range p.rest() {
			s.unread += " " + w.text
		}
	}
	return nil
}

// wordNode returns what a word without quotes stands for.
func wordNode(w string) node {
	if strings.HasPrefix(w, "@") {
		return node{kind: nRef, text: w[1:]}
	}
	if i := strings.IndexByte(w, '/'); i > 0 {
		if n, err := strconv.ParseUint(w[i+1:], 10, 8); err == nil && n <= 128 {
			return node{kind: nPrefix, text: w[:i], n: int32(n)}
		}
	}
	if i := strings.IndexByte(w, '-'); i > 0 && isPoint(w[:i]) && isPoint(w[i+1:]) {
		return node{kind: nRange, kids: []node{{kind: nValue, text: w[:i]}, {kind: nValue, text: w[i+1:]}}}
	}
	return node{kind: nValue, text: w}
}

// isPoint says whether a word is a number or an address, so that two of them
// with a hyphen are a range and not a name with a hyphen.
func isPoint(s string) bool {
	if _, err := strconv.ParseUint(s, 0, 64); err == nil {
		return true
	}
	_, err := netip.ParseAddr(s)
	return err == nil
}
