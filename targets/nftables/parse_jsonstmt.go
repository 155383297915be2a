package nftables

import (
	"strings"
)

// statement reads one statement and appends it, with the statements that it
// implies.
func (p *jsonListing) statement(to *[]stmt) error {
	line := p.line
	from := len(*to)
	members := 0
	err := p.object(func(key string) error {
		members++
		return p.statementOf(key, to)
	})
	if members != 1 && err == nil {
		*to = append((*to)[:from], stmt{kind: sUnknown, text: "a statement of several parts"})
	}
	for i := from; i < len(*to); i++ {
		(*to)[i].line = line
	}
	return err
}

func (p *jsonListing) statementOf(key string, to *[]stmt) (err error) {
	s := stmt{}
	switch key {
	case "match":
		s, err = p.match()
	case "vmap":
		s, err = p.vmap()
	case "accept", "drop", "continue", "return":
		s = verdictStmt(map[string]verdictKind{"accept": vAccept, "drop": vDrop, "continue": vContinue, "return": vReturn}[key])
		err = p.skip()
	case "jump", "goto":
		s = verdictStmt(map[string]verdictKind{"jump": vJump, "goto": vGoto}[key])
		s.verdict.target, err = p.member("target")
	case "reject":
		s = verdictStmt(vReject)
		var kind string
		kind, err = p.member("type")
		*to = append(*to, rejectImplies(kind)...)
	case "queue":
		s = verdictStmt(vQueue)
		s.verdict.text, err = p.named("queue")
	case "snat", "dnat", "masquerade", "redirect", "fwd":
		s = verdictStmt(vTranslated)
		s.verdict.text, err = p.named(key)
	case "counter", "last", "dup", "flow", "ct helper", "ct expectation", "secmark":
		s.kind = sEffect
		err = p.skip()
	case "log":
		s.kind = sLog
		s.text, err = p.member("prefix")
	case "ct timeout":
		s.kind = sTimeout
		s.text, err = p.scalar()
	case "notrack":
		s.kind = sNotrack
		err = p.skip()
	case "mangle":
		s, err = p.mangle()
	case "tproxy":
		s.kind = sChange
		s.text, err = p.named(key)
	case "limit":
		s, err = p.limit()
	case "quota", "ct count":
		s, err = p.amount(key)
	case "set", "map":
		s, err = p.dynset()
	case "meter":
		s = stmt{kind: sUncertain, varies: true}
		s.text, err = p.named(key)
	default:
		s.kind = sUnknown
		s.text, err = p.named(key)
	}
	*to = append(*to, s)
	return err
}

func verdictStmt(k verdictKind) stmt { return stmt{kind: sVerdict, verdict: verdict{kind: k}} }

// rejectImplies returns the conditions that nft adds to a reject by itself and
// leaves out of the listing: "reject with icmp host-unreachable" in an inet
// table is compiled to a check of nfproto first (nft 1.0.6, --debug=netlink;
// testdata/verdicts/reject-with-icmp-is-ipv4-only.txtar).
func rejectImplies(kind string) []stmt {
	switch kind {
	case "icmp":
		return []stmt{equals("meta nfproto", "ipv4")}
	case "icmpv6":
		return []stmt{equals("meta nfproto", "ipv6")}
	case "tcp reset":
		return []stmt{equals("meta l4proto", "tcp")}
	}
	return nil
}

func equals(field, value string) stmt {
	return stmt{kind: sMatch, op: "==", left: node{kind: nField, text: field}, right: node{kind: nValue, text: value}}
}

// named returns a value that isn't modelled as text.
func (p *jsonListing) named(key string) (string, error) {
	raw, err := p.raw()
	if raw == "null" {
		return key, err
	}
	return key + " " + strings.Join(strings.Fields(raw), " "), err
}

// member returns one member of an object as text, "" if it isn't there.
func (p *jsonListing) member(name string) (value string, err error) {
	if p.peek() != '{' {
		return "", p.skip()
	}
	err = p.object(func(key string) (err error) {
		if key != name {
			return p.skip()
		}
		value, err = p.scalar()
		return err
	})
	return value, err
}

func (p *jsonListing) match() (stmt, error) {
	s := stmt{kind: sMatch}
	err := p.object(func(key string) (err error) {
		switch key {
		case "op":
			s.op, err = p.scalar()
		case "left":
			s.left, err = p.expr()
		case "right":
			s.right, err = p.expr()
		default:
			var raw string
			raw, err = p.raw()
			s.right = node{kind: nOther, text: key + " " + raw}
		}
		return err
	})
	return s, err
}

func (p *jsonListing) vmap() (stmt, error) {
	s := stmt{kind: sVmap}
	err := p.object(func(key string) (err error) {
		switch key {
		case "key":
			s.left, err = p.expr()
		case "data":
			s.right, err = p.mapData()
		default:
			err = p.errorf("%q in a vmap is not known", key)
		}
		return err
	})
	return s, err
}

// mapData reads a verdict map: a reference or {"set": pairs}.
func (p *jsonListing) mapData() (n node, err error) {
	if p.peek() != '{' {
		return p.expr()
	}
	err = p.object(func(key string) (err error) {
		if key != "set" {
			n, err = p.exprOf(key)
			return err
		}
		n = node{kind: nSet, set: &setDecl{line: p.line, verdicts: true, interval: true}}
		return p.elements(n.set, true)
	})
	return n, err
}

// mangle reads "ip dscp set cs1" and its like.
func (p *jsonListing) mangle() (stmt, error) {
	var key, value node
	err := p.object(func(name string) (err error) {
		switch name {
		case "key":
			key, err = p.expr()
		case "value":
			var raw string
			raw, err = p.raw()
			value = node{kind: nOther, text: raw}
		default:
			err = p.skip()
		}
		return err
	})
	return assignment(key, value.text), err
}

// assignment is a statement that writes a field.
func assignment(key node, value string) stmt {
	text := key.String() + " set " + value
	switch {
	case key.kind != nField:
		return stmt{kind: sChange, text: text}
	case fieldOf(key.text).axis != axOpaque || strings.HasPrefix(key.text, "nh ") || strings.HasPrefix(key.text, "th "):
		return stmt{kind: sChange, text: text}
	}
	return stmt{kind: sAssign, text: key.text}
}

// limit spells a rate as nft does, so that the text of an unknown is the same
// in both forms.
func (p *jsonListing) limit() (stmt, error) {
	s := stmt{kind: sUncertain, varies: true}
	if p.peek() == '"' {
		name, err := p.str()
		s.text = `limit name "` + name + `"`
		return s, err
	}
	m, err := p.scalars()
	s.text = "limit rate " + over(m) + m["rate"]
	if u := m["rate_unit"]; u != "" && u != "packets" {
		s.text += " " + u
	}
	s.text += "/" + m["per"]
	unit := m["burst_unit"]
	if unit == "" {
		unit = "packets"
	}
	if b := m["burst"]; b != "" && b != "0" && (b != "5" || unit != "packets") {
		s.text += " burst " + b + " " + unit
	}
	return s, err
}

func over(m map[string]string) string {
	if m["inv"] == "true" {
		return "over "
	}
	return ""
}

// scalars reads an object of scalars.
func (p *jsonListing) scalars() (map[string]string, error) {
	m := map[string]string{}
	err := p.object(func(key string) error {
		v, err := p.scalar()
		m[key] = v
		return err
	})
	return m, err
}

// amount reads a quota or a limit of the number of connections.
func (p *jsonListing) amount(key string) (stmt, error) {
	s := stmt{kind: sUncertain, varies: true}
	if p.peek() == '"' {
		name, err := p.str()
		s.text = key + ` name "` + name + `"`
		return s, err
	}
	m, err := p.scalars()
	s.text = key + " " + over(m) + m["val"]
	if u := m["val_unit"]; u != "" {
		s.text += " " + u
	}
	return s, err
}

// dynset reads "add @set { ... }". It matches unless the set is full or a
// statement among its own doesn't match (nft(8), "set statement").
func (p *jsonListing) dynset() (stmt, error) {
	s := stmt{kind: sUncertain, varies: true}
	op, name, rest := "add", "", ""
	err := p.object(func(key string) (err error) {
		var v string
		switch key {
		case "op":
			op, err = p.scalar()
		case "set", "map":
			name, err = p.scalar()
		default:
			v, err = p.raw()
			rest += " " + v
		}
		return err
	})
	s.left = node{kind: nRef, text: strings.TrimPrefix(name, "@")}
	s.text = op + " " + name + " {" + rest + " }"
	return s, err
}
