package nftables

import (
	"fmt"
	"strings"
)

type tokenKind uint8

const (
	tEnd    tokenKind = iota
	tBreak            // a line break or ;
	tWord             // letters, digits and what addresses and names are made of
	tString           // "...", text without the quotes
	tPunct            // { } ( ) , = == != < > <= >= ! & | ^ << >>
	tNote             // a comment that nft puts into a listing
)

// A token is a piece of nft's text.
type token struct {
	kind tokenKind
	text string
	line int
}

func (t token) is(text string) bool { return t.text == text && (t.kind == tWord || t.kind == tPunct) }

// closes says whether the token ends a rule.
func (t token) closes() bool {
	return t.kind == tEnd || t.kind == tBreak || t.kind == tPunct && t.text == "}"
}

// scanner cuts nft's text into tokens.
type scanner struct {
	s    string
	pos  int
	line int
	err  error
	// remarks says that every comment is returned.
	remarks bool
}

// next returns the next token. After the end it returns tEnd for ever.
func (x *scanner) next() token {
	for x.pos < len(x.s) {
		switch c := x.s[x.pos]; {
		case c == ' ' || c == '\t' || c == '\r':
			x.pos++
		case c == '\\' && strings.HasPrefix(x.s[x.pos:], "\\\n"):
			x.pos += 2
			x.line++
		case c == '\n' || c == ';':
			t := token{tBreak, string(c), x.line}
			if c == '\n' {
				x.line++
			}
			x.pos++
			return t
		case c == '#':
			if t, ok := x.note(); ok {
				return t
			}
		case c == '"':
			return x.quoted()
		case isWordByte(c):
			return x.word()
		default:
			return x.punct()
		}
	}
	return token{tEnd, "", x.line}
}

// note reads a comment up to the end of the line. Handles and what nft can't
// print ("# xt_...", an expression of iptables-nft) are returned.
func (x *scanner) note() (token, bool) {
	end := strings.IndexByte(x.s[x.pos:], '\n')
	if end < 0 {
		end = len(x.s) - x.pos
	}
	text := strings.TrimSpace(x.s[x.pos+1 : x.pos+end])
	x.pos += end
	return token{tNote, text, x.line}, x.remarks || strings.HasPrefix(text, "handle ") || strings.HasPrefix(text, "xt_") || strings.HasPrefix(text, "unknown")
}

// quoted reads a string. There is no escape in it, and it may hold line breaks
// (nft 1.0.6).
func (x *scanner) quoted() token {
	t := token{tString, "", x.line}
	end := strings.IndexByte(x.s[x.pos+1:], '"')
	if end < 0 {
		x.err = fmt.Errorf("line %d: a string has no end: the listing is incomplete", x.line)
		x.pos = len(x.s)
		return token{tEnd, "", x.line}
	}
	t.text = x.s[x.pos+1 : x.pos+1+end]
	x.line += strings.Count(t.text, "\n")
	x.pos += end + 2
	return t
}

func isWordByte(c byte) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c >= 0x80:
		return true
	}
	return strings.IndexByte("_-./:@*$%+~?\\'[]", c) >= 0
}

func (x *scanner) word() token {
	from := x.pos
	for x.pos < len(x.s) && isWordByte(x.s[x.pos]) {
		x.pos++
	}
	// "established: 172800" is a word and a colon, "fe80::" is an address.
	if w := x.s[from:x.pos]; len(w) > 1 && strings.HasSuffix(w, ":") && !strings.HasSuffix(w, "::") {
		x.pos--
	}
	return token{tWord, x.s[from:x.pos], x.line}
}

func (x *scanner) punct() token {
	n := 1
	if x.pos+1 < len(x.s) {
		switch x.s[x.pos : x.pos+2] {
		case "==", "!=", "<=", ">=", "<<", ">>", "&&", "||":
			n = 2
		}
	}
	t := token{tPunct, x.s[x.pos : x.pos+n], x.line}
	x.pos += n
	return t
}
