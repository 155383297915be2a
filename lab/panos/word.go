package panos

import "strings"

// reader takes a line apart: words, "strings", 'strings' and the brackets of
// lists. There is no escape.
type reader struct {
	line string
	pos  int
}

// token is a word, a string or a bracket.
type token struct {
	text   string
	quoted bool
	start  int
}

func (t token) is(word string) bool { return !t.quoted && t.text == word }
func (t token) bracket() bool       { return t.is("[") || t.is("]") }
func (t token) none() bool          { return !t.quoted && t.text == "" }

func blank(b byte) bool { return b == ' ' || b == '\t' || b == '\n' }

func (r *reader) skip() {
	for r.pos < len(r.line) && blank(r.line[r.pos]) {
		r.pos++
	}
}

// next returns the next token, none at the end. A string that isn't closed or
// that is glued to something is invalid.
func (r *reader) next() (token, error) {
	r.skip()
	start := r.pos
	if start == len(r.line) {
		return token{start: start}, nil
	}
	switch b := r.line[start]; b {
	case '[', ']':
		r.pos++
		return token{text: string(b), start: start}, nil
	case '"', '\'':
		end := strings.IndexByte(r.line[start+1:], b)
		if end < 0 {
			return token{}, errSyntax
		}
		r.pos = start + 1 + end + 1
		if r.pos < len(r.line) && !blank(r.line[r.pos]) && r.line[r.pos] != ']' {
			return token{}, errSyntax
		}
		return token{text: r.line[start+1 : r.pos-1], quoted: true, start: start}, nil
	}
	for r.pos < len(r.line) && !blank(r.line[r.pos]) && r.line[r.pos] != '[' && r.line[r.pos] != ']' {
		if b := r.line[r.pos]; b == '"' || b == '\'' {
			return token{}, errSyntax
		}
		r.pos++
	}
	return token{text: r.line[start:r.pos], start: start}, nil
}

// rest returns what is left of a printed line as one value. A string ends with
// the quote at the end of the line, whatever stands inside.
func (r *reader) rest() (string, error) {
	s := strings.Trim(r.line[r.pos:], " \t")
	r.pos = len(r.line)
	switch {
	case len(s) >= 2 && s[0] == '"' && s[len(s)-1] == '"':
		return s[1 : len(s)-1], nil
	case s != "" && (s[0] == '"' || strings.ContainsAny(s, " \t")):
		return "", errSyntax
	}
	return s, nil
}

const special = " \t\n\r;,{}[]&|()\"'"

// quote spells a word or a value.
func quote(s string) string {
	if s == "" || strings.ContainsAny(s, special) {
		return `"` + s + `"`
	}
	return s
}

// spelled is a value of a leaf: nothing if it is empty; lists of ports have
// commas without quotes.
func (n *node) spelled() string {
	switch {
	case n.value == "":
		return ""
	case n.s.word == "port" || n.s.word == "source-port":
		return n.value
	}
	return quote(n.value)
}
