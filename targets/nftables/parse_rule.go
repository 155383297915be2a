package nftables

import "strings"

// A cursor walks over the tokens of one rule or one list of elements.
type cursor struct {
	toks   []token
	i      int
	budget *budget
}

func (c *cursor) done() bool { return c.i >= len(c.toks) }

func (c *cursor) peek() token {
	if c.done() {
		return token{kind: tEnd}
	}
	return c.toks[c.i]
}

func (c *cursor) next() token {
	t := c.peek()
	c.i++
	return t
}

// take consumes the token if it is the given one.
func (c *cursor) take(text string) bool {
	if c.peek().is(text) {
		c.i++
		return true
	}
	return false
}

// takeAny consumes the token if it is one of the given ones.
func (c *cursor) takeAny(texts ...string) bool {
	for _, t := range texts {
		if c.take(t) {
			return true
		}
	}
	return false
}

// value consumes a word or string.
func (c *cursor) value() (string, bool) {
	t := c.next()
	return t.text, t.kind == tWord || t.kind == tString
}

// verdictWords are the statements that end a rule and may stand after anything.
var verdictWords = map[string]verdictKind{
	"accept": vAccept, "drop": vDrop, "reject": vReject, "jump": vJump, "goto": vGoto,
	"return": vReturn, "continue": vContinue, "queue": vQueue,
}

// stops are the words at which an unknown statement ends.
var stops = map[string]bool{
	"accept": true, "drop": true, "reject": true, "jump": true, "goto": true, "return": true, "continue": true,
	"queue": true, "counter": true, "log": true, "comment": true, "vmap": true,
	"dnat": true, "snat": true, "masquerade": true, "redirect": true,
}

// textUntilStop consumes tokens up to one of the stops, at least one.
func (c *cursor) textUntilStop() string {
	var words []string
	depth := 0
	for !c.done() {
		t := c.peek()
		if depth == 0 && len(words) > 0 && (t.kind == tWord && stops[t.text] || isHandle(t)) {
			break
		}
		switch {
		case t.is("{"):
			depth++
		case t.is("}"):
			depth--
		}
		words = append(words, t.source())
		c.i++
	}
	return strings.Join(words, " ")
}

func isHandle(t token) bool { return t.kind == tNote && strings.HasPrefix(t.text, "handle ") }

// source returns the token as it stood in the text.
func (t token) source() string {
	switch t.kind {
	case tString:
		return `"` + t.text + `"`
	case tNote:
		return "# " + t.text
	case tWord:
		return canonicalNumber(t.text)
	}
	return t.text
}

// unknown consumes a statement that isn't understood. A rule goes on after it
// at a verdict; a verdict map on an unknown key is kept as such.
func (c *cursor) unknown() stmt {
	text := c.textUntilStop()
	if c.take("vmap") {
		if right, ok := c.mapRight(); ok {
			return stmt{kind: sVmap, left: node{kind: nOther, text: text}, right: right}
		}
		text += " vmap " + c.textUntilStop()
	}
	return stmt{kind: sUnknown, text: text}
}

// statement reads one statement and appends it to the rule; it returns false if
// it doesn't understand it.
func (c *cursor) statement(r *ruleDecl) bool {
	t := c.peek()
	add := func(s stmt) bool { r.stmts = append(r.stmts, s); return true }
	if t.kind == tNote {
		if !isHandle(t) {
			return false
		}
		r.handle = strings.TrimPrefix(t.text, "handle ")
		c.i++
		return true
	}
	if t.kind == tPunct || t.kind == tString {
		return false
	}
	if _, ok := verdictWords[t.text]; ok {
		v, implied, ok := c.verdict()
		r.stmts = append(r.stmts, implied...)
		return ok && add(stmt{kind: sVerdict, verdict: v})
	}
	switch t.text {
	case "comment":
		c.i++
		var ok bool
		r.comment, ok = c.value()
		return ok
	case "counter", "last", "log", "dup", "flow", "notrack":
		return c.effect(r)
	case "limit", "quota", "meter", "add", "update", "delete", "set":
		s, ok := c.uncertain()
		return ok && add(s)
	case "dnat", "snat", "masquerade", "redirect", "fwd":
		return add(stmt{kind: sVerdict, verdict: verdict{kind: vTranslated, text: c.textUntilStop()}})
	case "tproxy":
		return add(stmt{kind: sChange, text: c.textUntilStop()})
	case "ct":
		if s, ok := c.ctStatement(); ok {
			return add(s)
		}
	}
	s, ok := c.match()
	return ok && add(s)
}

// verdict reads a verdict, and what a reject implies.
func (c *cursor) verdict() (v verdict, implied []stmt, ok bool) {
	t := c.next()
	v.kind, ok = verdictWords[t.text]
	if !ok || t.kind != tWord {
		return v, nil, false
	}
	switch v.kind {
	case vJump, vGoto:
		v.target, ok = c.value()
	case vQueue:
		c.i--
		v.text = c.textUntilStop()
	case vReject:
		if !c.take("with") {
			break
		}
		kind := c.next().text
		c.take("type")
		if kind == "tcp" {
			kind = "tcp reset"
		}
		implied = rejectImplies(kind)
		_, ok = c.value()
	}
	return v, implied, ok
}

// effect reads a statement that decides nothing.
func (c *cursor) effect(r *ruleDecl) bool {
	s := stmt{kind: sEffect}
	switch c.next().text {
	case "counter":
		for c.takeAny("name", "packets", "bytes") {
			c.i++
		}
	case "last":
		if c.take("used") {
			c.i++
			c.take("ago")
		}
	case "log":
		s.kind = sLog
		if c.peek().is("prefix") && c.i+1 < len(c.toks) {
			s.text = c.toks[c.i+1].text
		}
		for c.takeAny("prefix", "level", "group", "snaplen", "queue-threshold", "flags", ",", "tcp", "ip") {
			c.i++
		}
	case "notrack":
		s.kind = sNotrack
	default:
		c.textUntilStop()
	}
	r.stmts = append(r.stmts, s)
	return c.i <= len(c.toks)
}

// uncertain reads a statement that matches or not for reasons of its own.
func (c *cursor) uncertain() (stmt, bool) {
	s := stmt{kind: sUncertain, varies: true}
	from := c.i
	ok := true
	switch c.next().text {
	case "limit":
		ok = c.limit()
	case "quota":
		c.amount()
	case "meter":
		ok = c.braces()
	default:
		name := c.peek().text
		ok = strings.HasPrefix(name, "@") && c.braces()
		s.left = node{kind: nRef, text: strings.TrimPrefix(name, "@")}
	}
	s.text = joined(c.toks[from:min(c.i, len(c.toks))])
	if i := strings.Index(s.text, " used "); i > 0 {
		s.text = s.text[:i]
	}
	return s, ok && c.i <= len(c.toks)
}

func joined(ts []token) string {
	words := make([]string, len(ts))
	for i, t := range ts {
		words[i] = t.source()
	}
	return strings.Join(words, " ")
}

// limit reads "rate over 10 mbytes/second burst 5 packets".
func (c *cursor) limit() bool {
	if c.take("name") {
		c.i++
		return true
	}
	if !c.take("rate") {
		return false
	}
	c.take("over")
	if !strings.Contains(c.next().text, "/") {
		c.i++
	}
	if c.take("burst") {
		c.i += 2
	}
	return true
}

// amount reads "over 10 mbytes used 5 bytes" or a name.
func (c *cursor) amount() {
	if c.take("name") {
		c.i++
		return
	}
	c.takeAny("over", "until")
	c.i += 2
	if c.take("used") {
		c.i += 2
	}
}

// braces reads up to the end of the next block.
func (c *cursor) braces() bool {
	depth := 0
	for !c.done() {
		switch t := c.next(); {
		case t.is("{"):
			depth++
		case t.is("}"):
			if depth--; depth == 0 {
				return true
			}
		case depth == 0 && stops[t.text]:
			return false
		}
	}
	return false
}

// ctStatement reads the statements that begin with ct; ok is false for a match.
func (c *cursor) ctStatement() (stmt, bool) {
	from := c.i
	c.i++
	key := c.next().text
	switch {
	case key == "count":
		c.take("over")
		c.i++
		return stmt{kind: sUncertain, varies: true, text: joined(c.toks[from:min(c.i, len(c.toks))])}, true
	case key == "timeout" && c.take("set"):
		name, ok := c.value()
		return stmt{kind: sTimeout, text: name}, ok
	case (key == "helper" || key == "expectation") && c.take("set"):
		_, ok := c.value()
		return stmt{kind: sEffect}, ok
	}
	c.i = from
	return stmt{}, false
}
