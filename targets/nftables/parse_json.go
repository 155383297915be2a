package nftables

import (
	"strconv"
	"strings"

	"github.com/nbfwc/nbfwc/targets"
)

// A jsonListing reads what "nft -j list ruleset" prints; the form is described
// in libnftables-json(5).
type jsonListing struct {
	jsonText
	budget
	had      listing
	problems []targets.Problem
}

// readJSON returns the listing in text.
func readJSON(text string) (listing, []targets.Problem, error) {
	p := &jsonListing{jsonText: jsonText{s: text, line: 1}}
	err := p.object(func(key string) error {
		if key != "nftables" {
			return p.skip()
		}
		return p.array(p.command)
	})
	if err == nil && p.peek() != 0 {
		err = p.errorf("text follows the JSON")
	}
	return p.had, p.problems, err
}

// command reads one object of the outer array.
func (p *jsonListing) command() error {
	return p.object(func(key string) error {
		switch key {
		case "table":
			return p.table()
		case "chain":
			return p.chain()
		case "rule":
			return p.rule()
		case "set", "map", "element":
			return p.set(key)
		case "ct timeout":
			return p.ctTimeout()
		case "metainfo", "counter", "quota", "limit", "ct helper", "ct expectation", "secmark", "synproxy", "flowtable", "meter":
			return p.skip()
		case "add", "insert", "replace", "delete", "destroy", "create", "flush", "reset", "rename", "list":
			return p.errorf("%q is a command; give what \"nft -j list ruleset\" prints", key)
		}
		line := p.line
		p.problems = append(p.problems, targets.Problem{Line: line, Text: key, Why: "an object of an unknown kind; what it does is not modelled"})
		return p.skip()
	})
}

// head is what all objects have.
type jsonHead struct{ family, table, name, handle, comment string }

func (h *jsonHead) read(p *jsonListing, key string) (bool, error) {
	at := map[string]*string{"family": &h.family, "table": &h.table, "name": &h.name, "handle": &h.handle, "comment": &h.comment}[key]
	if at == nil {
		return false, nil
	}
	var err error
	*at, err = p.scalar()
	return true, err
}

func (p *jsonListing) table() error {
	var h jsonHead
	var dormant, doubtful bool
	line := p.line
	err := p.object(func(key string) error {
		if ok, err := h.read(p, key); ok {
			return err
		}
		if key != "flags" {
			return p.skip()
		}
		flags, err := p.words()
		for _, f := range flags {
			dormant = dormant || f == "dormant"
			// nft 1.0.6 prints the name of the table in place of its flags.
			doubtful = doubtful || f != "dormant" && f != "owner" && f != "persist"
		}
		return err
	})
	t := p.had.table(h.family, h.name, line)
	t.dormant, t.doubtful = dormant, doubtful && !dormant
	return err
}

// words reads a string or an array of strings.
func (p *jsonListing) words() ([]string, error) {
	if p.peek() != '[' {
		s, err := p.scalar()
		return []string{s}, err
	}
	var out []string
	err := p.array(func() error {
		s, err := p.scalar()
		out = append(out, s)
		return err
	})
	return out, err
}

func (p *jsonListing) chain() error {
	var h jsonHead
	c := &chainDecl{line: p.line}
	err := p.object(func(key string) (err error) {
		if ok, err := h.read(p, key); ok {
			return err
		}
		switch key {
		case "type":
			c.base = true
			c.kind, err = p.scalar()
		case "hook":
			c.base = true
			c.hook, err = p.scalar()
		case "prio":
			c.prio, err = p.number()
		case "dev":
			c.devices, err = p.words()
		case "policy":
			var s string
			s, err = p.scalar()
			c.policyDrop = s == "drop"
		default:
			err = p.skip()
		}
		return err
	})
	c.name = h.name
	c.table = p.had.table(h.family, h.table, c.line)
	c.table.addChain(c)
	return err
}

func (p *jsonListing) rule() error {
	var h jsonHead
	chain := ""
	r := &ruleDecl{line: p.line}
	if err := p.spend(); err != nil {
		return err
	}
	err := p.object(func(key string) (err error) {
		switch key {
		case "chain":
			chain, err = p.scalar()
		case "expr":
			r.stmts = make([]stmt, 0, 4)
			err = p.array(func() error { return p.statement(&r.stmts) })
		default:
			if ok, err := h.read(p, key); ok {
				return err
			}
			err = p.skip()
		}
		return err
	})
	r.handle, r.comment = h.handle, h.comment
	t := p.had.table(h.family, h.table, r.line)
	c := t.chainOf[chain]
	if c == nil {
		c = t.addChain(&chainDecl{table: t, name: chain, line: r.line})
	}
	c.rules = append(c.rules, r)
	return err
}

func (p *jsonListing) ctTimeout() error {
	var h jsonHead
	var o timeoutObject
	line := p.line
	err := p.object(func(key string) (err error) {
		switch key {
		case "protocol":
			o.proto, err = p.scalar()
		case "policy":
			err = p.object(func(state string) error {
				n, err := p.number()
				if state == "established" {
					o.established = n
				}
				return err
			})
		default:
			if ok, err := h.read(p, key); ok {
				return err
			}
			err = p.skip()
		}
		return err
	})
	o.name = h.name
	t := p.had.table(h.family, h.table, line)
	t.timeouts = append(t.timeouts, o)
	return err
}

func (p *jsonListing) set(kind string) error {
	var h jsonHead
	s := &setDecl{line: p.line, verdicts: kind == "map"}
	isMap := kind == "map"
	err := p.object(func(key string) (err error) {
		switch key {
		case "map":
			isMap = true
			var to string
			to, err = p.scalar()
			s.verdicts = to == "verdict"
		case "flags":
			var flags []string
			flags, err = p.words()
			for _, f := range flags {
				s.flag(f)
			}
		case "type":
			s.keyType, err = p.scalar()
		case "timeout":
			_, err = p.scalar()
			s.expires = true
		case "elem":
			err = p.elements(s, isMap || kind == "element")
		default:
			if ok, err := h.read(p, key); ok {
				return err
			}
			err = p.skip()
		}
		return err
	})
	if isMap && !s.verdicts {
		s.unread = "a map to other things than verdicts"
	}
	s.name, s.handle, s.comment = h.name, h.handle, h.comment
	p.had.table(h.family, h.table, s.line).addSet(s)
	return err
}

// flag takes note of a flag of a set.
func (s *setDecl) flag(f string) {
	switch f {
	case "interval":
		s.interval = true
	case "dynamic":
		s.changing = true
	case "constant", "timeout":
	default:
		s.unread = "flags " + f
	}
}

// elements reads the elements of a set, or of a map as pairs.
func (p *jsonListing) elements(s *setDecl, pairs bool) error {
	if p.peek() != '[' {
		return p.element(s, pairs)
	}
	return p.array(func() error { return p.element(s, pairs) })
}

func (p *jsonListing) element(s *setDecl, pairs bool) error {
	e := setElem{line: int32(p.line)}
	var err error
	if pairs && p.peek() == '[' {
		err = p.pair(&e)
	} else {
		err = p.key(&e)
	}
	s.elems = append(s.elems, e)
	if err == nil {
		err = p.spend()
	}
	return err
}

// pair reads the key and the value of an element of a map.
func (p *jsonListing) pair(e *setElem) error {
	i := 0
	return p.array(func() error {
		i++
		switch {
		case i == 1:
			return p.key(e)
		case p.peek() == '{':
			var sts []stmt
			if err := p.statement(&sts); err != nil {
				return err
			}
			e.verdict = verdictOfStatements(sts)
			return nil
		}
		return p.skip()
	})
}

// verdictOfStatements is the verdict that stands in a map, which is written
// like a statement.
func verdictOfStatements(sts []stmt) verdict {
	if len(sts) == 1 && sts[0].kind == sVerdict {
		return sts[0].verdict
	}
	return verdict{kind: vAnything, text: "a value that is no verdict"}
}

// key reads the key of an element, alone or with comment, timeout and so on.
func (p *jsonListing) key(e *setElem) error {
	if p.peek() != '{' {
		var err error
		e.key, err = p.expr()
		return err
	}
	return p.object(func(key string) (err error) {
		if key != "elem" {
			e.key, err = p.exprOf(key)
			return err
		}
		return p.object(func(key string) (err error) {
			switch key {
			case "val":
				e.key, err = p.expr()
			case "comment":
				e.comment, err = p.scalar()
			case "timeout":
				e.expires = true
				err = p.skip()
			case "expires", "counter", "last":
				err = p.skip()
			default:
				var raw string
				raw, err = p.raw()
				e.doubt = key + " " + raw
			}
			return err
		})
	})
}

// expr reads an expression.
func (p *jsonListing) expr() (n node, err error) {
	if err := p.spend(); err != nil {
		return node{}, err
	}
	switch p.peek() {
	case '"':
		s, err := p.str()
		if name, ok := strings.CutPrefix(s, "@"); ok {
			return node{kind: nRef, text: name}, err
		}
		return node{kind: nValue, text: s}, err
	case '[':
		n.kind = nList
		n.kids, err = p.exprs()
		return n, err
	case '{':
		members := 0
		err = p.object(func(key string) (err error) {
			members++
			n, err = p.exprOf(key)
			return err
		})
		if members != 1 && err == nil {
			n = node{kind: nOther, text: "an expression of " + strconv.Itoa(members) + " parts"}
		}
		return n, err
	}
	w, err := p.word()
	switch w {
	case "true":
		w = "exists"
	case "false":
		w = "missing"
	}
	return node{kind: nValue, text: w}, err
}

func (p *jsonListing) exprs() (kids []node, err error) {
	if p.peek() != '[' {
		k, err := p.expr()
		return []node{k}, err
	}
	err = p.array(func() error {
		k, err := p.expr()
		kids = append(kids, k)
		return err
	})
	return kids, err
}

// exprOf reads the value of the only member of an expression.
func (p *jsonListing) exprOf(key string) (n node, err error) {
	switch key {
	case "prefix":
		return p.prefix()
	case "range":
		n.kind = nRange
		n.kids, err = p.exprs()
		if len(n.kids) != 2 && err == nil {
			err = p.errorf("a range of %d ends", len(n.kids))
		}
		return n, err
	case "concat":
		n.kind = nConcat
		n.kids, err = p.exprs()
		return n, err
	case "&", "|", "^", "<<", ">>":
		n.kind, n.text = nMask, key
		n.kids, err = p.exprs()
		return n, err
	case "set":
		n.kind, n.set = nSet, &setDecl{line: p.line, interval: true}
		return n, p.elements(n.set, false)
	case "payload":
		return p.field("", "base", "protocol", "field", "offset", "len")
	case "meta":
		return p.field("meta", "key")
	case "ct":
		return p.field("ct", "dir", "family", "key")
	case "fib":
		return p.fib()
	case "tcp option":
		return p.field("tcp option", "name", "field")
	case "exthdr", "ip option", "sctp chunk":
		return p.field(key, "name", "field")
	case "rt":
		return p.field("rt", "family", "key")
	case "socket":
		return p.field("socket", "key")
	}
	raw, err := p.raw()
	return node{kind: nOther, text: key + " " + raw}, err
}

func (p *jsonListing) prefix() (n node, err error) {
	n.kind = nPrefix
	err = p.object(func(key string) (err error) {
		switch key {
		case "addr":
			n.text, err = p.scalar()
		case "len":
			var bits int
			bits, err = p.number()
			if bits < 0 || bits > 128 {
				return p.errorf("a prefix of %d bits", bits)
			}
			n.n = int32(bits)
		default:
			err = p.skip()
		}
		return err
	})
	return n, err
}

// field reads what is looked at in the packet; the text is made of the values
// of the members in the given order.
func (p *jsonListing) field(prefix string, order ...string) (node, error) {
	values := make([]string, len(order))
	err := p.object(func(key string) error {
		s, err := p.scalar()
		for i, o := range order {
			if o == key {
				values[i] = s
				return err
			}
		}
		// A member that isn't known changes what is read.
		prefix = key + "=" + s + " " + prefix
		return err
	})
	text := prefix
	for _, v := range values {
		if v != "" {
			if text != "" {
				text += " "
			}
			text += v
		}
	}
	return node{kind: nField, text: text}, err
}

// fib reads a lookup of the routes and spells it like nft: "fib saddr . iif oif".
func (p *jsonListing) fib() (node, error) {
	var result string
	var flags []string
	err := p.object(func(key string) (err error) {
		switch key {
		case "result":
			result, err = p.scalar()
		case "flags":
			flags, err = p.words()
		default:
			err = p.skip()
		}
		return err
	})
	return node{kind: nField, text: "fib " + strings.Join(flags, " . ") + " " + result}, err
}
