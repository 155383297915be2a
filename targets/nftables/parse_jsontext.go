package nftables

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Bounds of what is read. nft 1.0.6 prints 49 MB of JSON for 100,000 rules with
// counters, and nothing of what it prints nests deeper than 20.
const (
	maxListing = 256 << 20
	maxNesting = 64
	maxParts   = 12_000_000
)

var errTooMany = fmt.Errorf("more than %d values: this is no listing of one firewall", maxParts)

// budget counts the values that are kept, so that small text can't turn into
// much memory.
type budget struct{ used int }

func (b *budget) spend() error {
	if b.used++; b.used > maxParts {
		return errTooMany
	}
	return nil
}

// jsonText reads JSON from front to back without building a tree. encoding/json
// is four times slower at it, and its nesting limit of 10,000 is not ours.
type jsonText struct {
	s     string
	pos   int
	depth int
	// line is that of pos.
	line int
}

func (j *jsonText) errorf(format string, args ...any) error {
	return fmt.Errorf("line %d: "+format, append([]any{j.line}, args...)...)
}

// peek returns the first byte of the next token, 0 at the end.
func (j *jsonText) peek() byte {
	for ; j.pos < len(j.s); j.pos++ {
		switch j.s[j.pos] {
		case '\n':
			j.line++
		case ' ', '\t', '\r':
		default:
			return j.s[j.pos]
		}
	}
	return 0
}

func (j *jsonText) expect(c byte) error {
	if have := j.peek(); have != c {
		if have == 0 {
			return j.errorf("the JSON ends in the middle: the listing is incomplete")
		}
		return j.errorf("want %q, have %q: this is not the JSON that nft prints", string(c), string(have))
	}
	j.pos++
	return nil
}

func (j *jsonText) enter(c byte) error {
	if j.depth++; j.depth > maxNesting {
		return j.errorf("nested deeper than %d", maxNesting)
	}
	return j.expect(c)
}

// list reads items separated by commas up to the closing byte.
func (j *jsonText) list(from, to byte, item func() error) error {
	if err := j.enter(from); err != nil {
		return err
	}
	defer func() { j.depth-- }()
	if j.peek() == to {
		j.pos++
		return nil
	}
	for {
		if err := item(); err != nil {
			return err
		}
		if j.peek() == to {
			j.pos++
			return nil
		}
		if err := j.expect(','); err != nil {
			return err
		}
	}
}

// object calls member for each member; it must read the value.
func (j *jsonText) object(member func(key string) error) error {
	return j.list('{', '}', func() error {
		key, err := j.str()
		if err != nil {
			return err
		}
		if err := j.expect(':'); err != nil {
			return err
		}
		return member(key)
	})
}

// array calls item for each item, which it must read.
func (j *jsonText) array(item func() error) error { return j.list('[', ']', item) }

// str reads a string.
func (j *jsonText) str() (string, error) {
	if err := j.expect('"'); err != nil {
		return "", err
	}
	from := j.pos
	for ; j.pos < len(j.s); j.pos++ {
		switch c := j.s[j.pos]; {
		case c == '"':
			j.pos++
			return j.s[from : j.pos-1], nil
		case c == '\\':
			return j.escaped(from)
		case c == '\n':
			j.line++
		}
	}
	return "", j.errorf("a string has no end: the listing is incomplete")
}

// escaped reads the rest of a string that has a backslash at pos.
func (j *jsonText) escaped(from int) (string, error) {
	b := []byte(j.s[from:j.pos])
	for j.pos < len(j.s) {
		c := j.s[j.pos]
		j.pos++
		switch c {
		case '"':
			return string(b), nil
		case '\\':
			var err error
			if b, err = j.escape(b); err != nil {
				return "", err
			}
		default:
			b = append(b, c)
		}
	}
	return "", j.errorf("a string has no end: the listing is incomplete")
}

func (j *jsonText) escape(b []byte) ([]byte, error) {
	if j.pos >= len(j.s) {
		return nil, j.errorf("a string has no end: the listing is incomplete")
	}
	c := j.s[j.pos]
	j.pos++
	if i := strings.IndexByte(`"\/bfnrt`, c); i >= 0 {
		return append(b, "\"\\/\b\f\n\r\t"[i]), nil
	}
	if c != 'u' {
		return nil, j.errorf("%q is no escape of JSON", `\`+string(c))
	}
	r, err := j.hex4()
	if err != nil {
		return nil, err
	}
	if utf16.IsSurrogate(r) && strings.HasPrefix(j.s[j.pos:], `\u`) {
		j.pos += 2
		low, err := j.hex4()
		if err != nil {
			return nil, err
		}
		r = utf16.DecodeRune(r, low)
	}
	return utf8.AppendRune(b, r), nil
}

func (j *jsonText) hex4() (rune, error) {
	if j.pos+4 > len(j.s) {
		return 0, j.errorf("a string has no end: the listing is incomplete")
	}
	v, err := strconv.ParseUint(j.s[j.pos:j.pos+4], 16, 32)
	if err != nil {
		return 0, j.errorf("%q is no escape of JSON", `\u`+j.s[j.pos:j.pos+4])
	}
	j.pos += 4
	return rune(v), nil
}

// word reads a number, true, false or null.
func (j *jsonText) word() (string, error) {
	j.peek()
	from := j.pos
	for j.pos < len(j.s) && isJSONWord(j.s[j.pos]) {
		j.pos++
	}
	if from == j.pos {
		return "", j.errorf("want a value: this is not the JSON that nft prints")
	}
	return j.s[from:j.pos], nil
}

func isJSONWord(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '-' || c == '+' || c == '.'
}

// scalar reads a string, number, true, false or null as text.
func (j *jsonText) scalar() (string, error) {
	switch j.peek() {
	case '"':
		return j.str()
	case '{', '[':
		return j.raw()
	}
	return j.word()
}

// number reads a number; what is none is 0.
func (j *jsonText) number() (int, error) {
	s, err := j.scalar()
	if err != nil {
		return 0, err
	}
	n, err := strconv.Atoi(s)
	if err != nil && !errors.Is(err, strconv.ErrSyntax) {
		return 0, j.errorf("the number %.40q is too large", s)
	}
	return n, nil
}

// skip reads a value and forgets it.
func (j *jsonText) skip() error {
	switch j.peek() {
	case '{':
		return j.object(func(string) error { return j.skip() })
	case '[':
		return j.array(j.skip)
	}
	_, err := j.scalar()
	return err
}

// raw reads a value and returns its text as it stands.
func (j *jsonText) raw() (string, error) {
	j.peek()
	from := j.pos
	err := j.skip()
	return j.s[from:j.pos], err
}
