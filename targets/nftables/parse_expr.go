package nftables

import "strings"

// metaKeys are the keys of meta that nft writes without the word meta.
var metaKeys = map[string]bool{
	"iif": true, "oif": true, "iifname": true, "oifname": true, "iifgroup": true, "oifgroup": true, "iiftype": true,
	"oiftype": true, "mark": true, "skuid": true, "skgid": true, "cgroup": true, "rtclassid": true, "cpu": true,
	"pkttype": true, "nftrace": true, "ibrname": true, "obrname": true, "ibriport": true, "obriport": true,
}

// headers are the protocols whose header fields are two words.
var headers = map[string]bool{
	"ip": true, "ip6": true, "tcp": true, "udp": true, "udplite": true, "sctp": true, "dccp": true, "th": true,
	"icmp": true, "icmpv6": true, "igmp": true, "ether": true, "vlan": true, "arp": true, "ah": true, "esp": true, "comp": true,
}

// match reads a relational expression, a verdict map or an assignment.
func (c *cursor) match() (stmt, bool) {
	left, ok := c.left()
	if !ok {
		return stmt{}, false
	}
	if c.take("set") {
		return assignment(left, c.textUntilStop()), true
	}
	if c.take("vmap") {
		right, ok := c.mapRight()
		return stmt{kind: sVmap, left: left, right: right}, ok
	}
	s := stmt{kind: sMatch, left: left, op: c.operator()}
	if s.right, ok = c.right(); !ok {
		return stmt{}, false
	}
	if c.take("/") {
		// "tcp flags syn / fin,syn" is "tcp flags & (fin | syn) == syn".
		mask, ok := c.right()
		if !ok || s.op != "" && s.op != "==" && s.op != "!=" {
			return stmt{}, false
		}
		s.left = node{kind: nMask, text: "&", kids: []node{left, mask}}
	}
	if s.op == "" {
		s.op = "=="
		if isFlags(s.left) && (s.right.kind == nValue || s.right.kind == nList) {
			s.op = "in"
		}
	}
	return s, true
}

// isFlags says whether a field holds flags, for which nft takes a missing
// operator as "any of" (nft(8), "bitmask type").
func isFlags(n node) bool {
	return n.kind == nField && (n.text == "ct state" || n.text == "ct status" || n.text == "tcp flags" || n.text == "ct event")
}

var operators = map[string]string{
	"==": "==", "!=": "!=", "<": "<", ">": ">", "<=": "<=", ">=": ">=", "!": "!",
	"eq": "==", "ne": "!=", "lt": "<", "gt": ">", "le": "<=", "ge": ">=",
}

// operator reads an operator, "" if there is none.
func (c *cursor) operator() string {
	t := c.peek()
	op := operators[t.text]
	if op != "" && t.kind != tString {
		c.i++
	}
	return op
}

// left reads the left side: fields, their concatenation, a mask.
func (c *cursor) left() (node, bool) {
	n, ok := c.field()
	if ok && c.peek().is(".") {
		kids := []node{n}
		for ok && c.take(".") {
			n, ok = c.field()
			kids = append(kids, n)
		}
		n = node{kind: nConcat, kids: kids}
	}
	for depth := 0; ok; depth++ {
		op := c.peek().text
		if !c.takeAny("&", "|", "^", "<<", ">>") {
			break
		}
		if depth == maxNesting {
			return n, false
		}
		var mask node
		mask, ok = c.right()
		n = node{kind: nMask, text: op, kids: []node{n, mask}}
	}
	return n, ok
}

// field reads what is looked at in the packet.
func (c *cursor) field() (node, bool) {
	t := c.next()
	if t.kind != tWord {
		return node{}, false
	}
	words := []string{t.text}
	ok := true
	word := func() {
		var w string
		if w, ok = c.value(); ok {
			words = append(words, w)
		}
	}
	switch {
	case t.text == "ct":
		for c.peek().is("original") || c.peek().is("reply") || c.peek().is("ip") || c.peek().is("ip6") {
			word()
		}
		word()
	case t.text == "meta":
		word()
	case metaKeys[t.text]:
		words = []string{"meta", t.text}
	case t.text == "tcp" && c.peek().is("option"), t.text == "exthdr":
		for word(); ok && len(words) < 4; {
			if p := c.peek(); p.kind != tWord || p.is("exists") || p.is("missing") || operators[p.text] != "" {
				break
			}
			word()
		}
	case t.text == "ip" && c.peek().is("option"):
		return node{}, false
	case headers[t.text]:
		word()
	case t.text == "rt":
		if c.peek().is("ip") || c.peek().is("ip6") {
			word()
		}
		word()
	case t.text == "fib":
		for word(); ok && c.take("."); word() {
			words = append(words, ".")
		}
		if ok {
			word()
		}
	case strings.HasPrefix(t.text, "@") && c.take(","):
		words[0] = t.text[1:]
		word()
		ok = ok && c.take(",")
		if ok {
			word()
		}
	default:
		return node{}, false
	}
	return node{kind: nField, text: strings.Join(words, " ")}, ok
}

// right reads the right side: a set, a reference, a value or a list of flags.
func (c *cursor) right() (node, bool) {
	if c.peek().is("{") {
		s := &setDecl{interval: true, line: c.peek().line}
		return node{kind: nSet, set: s}, c.elements(s)
	}
	n, ok := c.operand()
	for ok && (c.peek().is(",") || c.peek().is("|")) {
		sep := c.next().text
		var k node
		k, ok = c.operand()
		switch {
		case sep == "," && n.kind == nList:
			n.kids = append(n.kids, k)
		case sep == ",":
			n = node{kind: nList, kids: []node{n, k}}
		default:
			n = orNode(n, k)
		}
	}
	return n, ok
}

// orNode joins two operands by a bar without nesting deeper.
func orNode(n, k node) node {
	if n.kind == nMask && n.text == "|" {
		n.kids = append(n.kids, k)
		return n
	}
	return node{kind: nMask, text: "|", kids: []node{n, k}}
}

// mapRight reads a verdict map.
func (c *cursor) mapRight() (node, bool) {
	if c.peek().is("{") {
		s := &setDecl{interval: true, verdicts: true, line: c.peek().line}
		return node{kind: nSet, set: s}, c.elements(s)
	}
	n, ok := c.operand()
	return n, ok && n.kind == nRef
}

// operand reads a value, a range, or a list in parentheses.
func (c *cursor) operand() (node, bool) {
	if c.budget.spend() != nil {
		return node{}, false
	}
	t := c.next()
	var n node
	switch {
	case t.kind == tWord && t.text != "-" && t.text != ":" && t.text != ".":
		n = wordNode(t.text)
	case t.kind == tString:
		n = node{kind: nValue, text: t.text}
	case t.is("("):
		return c.parentheses()
	default:
		return node{}, false
	}
	if c.take("-") {
		to := c.next()
		if to.kind != tWord && to.kind != tString {
			return node{}, false
		}
		n = node{kind: nRange, kids: []node{n, {kind: nValue, text: to.text}}}
	}
	return n, true
}

// parentheses reads "fin | syn | rst)" or "established, related)".
func (c *cursor) parentheses() (node, bool) {
	n := node{kind: nList}
	for {
		t := c.next()
		if t.kind != tWord {
			return node{}, false
		}
		n.kids = append(n.kids, node{kind: nValue, text: t.text})
		if c.take(")") {
			return n, true
		}
		if !c.takeAny("|", ",") {
			return node{}, false
		}
	}
}

// elements reads "{ element, element }".
func (c *cursor) elements(s *setDecl) bool {
	if !c.take("{") {
		return false
	}
	var d declaration
	for !c.take("}") {
		if c.budget.spend() != nil || c.done() {
			return false
		}
		if t := c.peek(); t.kind == tNote {
			c.i++
			d.leftOut(s, t.text)
			continue
		}
		e, ok := c.element(s.verdicts)
		if !ok || !c.take(",") && !c.peek().is("}") && c.peek().kind != tNote {
			return false
		}
		if t := c.peek(); t.kind == tNote && t.line == c.toks[c.i-1].line {
			c.i++
			if e.comment == "" {
				e.comment = t.text
			}
		}
		s.elems = append(s.elems, e)
		d.element(s)
	}
	d.end(s)
	return true
}

func (c *cursor) element(verdicts bool) (e setElem, ok bool) {
	e.line = int32(c.peek().line)
	if e.key, ok = c.elementKey(); !ok {
		return e, false
	}
	if !c.elementOptions(&e) {
		return e, false
	}
	if !c.take(":") {
		return e, !verdicts
	}
	if verdicts {
		e.verdict, _, ok = c.verdict()
	} else {
		_, ok = c.elementKey()
	}
	return e, ok && c.elementOptions(&e)
}

// elementKey reads the key of an element: operands joined by dots, of which
// each may be flags joined by bars.
func (c *cursor) elementKey() (node, bool) {
	n, ok := c.flags()
	if !ok || !c.peek().is(".") {
		return n, ok
	}
	kids := append(make([]node, 0, 5), n)
	for ok && c.take(".") {
		n, ok = c.flags()
		kids = append(kids, n)
	}
	return node{kind: nConcat, kids: kids}, ok
}

func (c *cursor) flags() (node, bool) {
	n, ok := c.operand()
	for ok && c.take("|") {
		var k node
		k, ok = c.operand()
		n = orNode(n, k)
	}
	return n, ok
}

// elementOptions reads comment, timeout, counter and statements of an element.
func (c *cursor) elementOptions(e *setElem) bool {
	for {
		t := c.peek()
		if t.kind == tEnd || t.kind == tNote || t.is(",") || t.is("}") || t.is(":") {
			return true
		}
		c.i++
		ok := true
		switch t.text {
		case "comment":
			e.comment, ok = c.value()
		case "timeout":
			e.expires = true
			_, ok = c.value()
		case "expires":
			_, ok = c.value()
		case "counter":
			for c.takeAny("packets", "bytes") {
				c.i++
			}
		case "last":
			if c.take("used") {
				c.i++
				c.take("ago")
			}
		default:
			from := c.i - 1
			for !c.done() && !c.peek().is(",") && !c.peek().is("}") && !c.peek().is(":") {
				c.i++
			}
			e.doubt = joined(c.toks[from:c.i])
		}
		if !ok {
			return false
		}
	}
}
