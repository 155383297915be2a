package lang

import (
	"bytes"
	"unicode"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// guardEvent is a token that can make the HCL parser recurse, or that ends
// such a recursion.
type guardEvent uint8

const (
	guardEnd      guardEvent = iota // of the text
	guardOpen                       // ( [ or {, as the byte says
	guardClose                      // ) ] or }
	guardTemplate                   // ${
	guardControl                    // %{
	guardSeqEnd                     // the } that ends ${ or %{
	guardString                     // a string or heredoc begins
	guardPart                       // a line of it, or a $ or % in it, which are tokens of their own
	guardLiteral                    // it ends
	guardOperator
	guardComma
	guardNewline
	guardWord // an identifier
	guardUnclosedComment
)

// guardMode is what the HCL lexer is inside of.
type guardMode uint8

const (
	guardCode guardMode = iota
	guardQuoted
	guardHeredoc
	guardBare // a template that is not in quotes: a string of HCL JSON
)

// guardScanner finds the tokens of HCL text that matter for depth, at the
// places where the HCL lexer finds them. It allocates nothing per token.
// Differences to the lexer are sought by FuzzGuardScanner.
type guardScanner struct {
	src   []byte
	pos   int // of the next byte
	start int // of the last event
	modes []guardMode
	// As in the lexer: braces are counted, and a } that comes at the count at
	// which a template sequence began ends the sequence.
	braces   int
	returns  []int
	heredocs []guardMarker
	tokens   int // about as many as the lexer makes
}

// guardMarker is a heredoc that is open.
type guardMarker struct {
	word        []byte
	startOfLine bool
}

func newGuardScanner(src []byte, mode guardMode) *guardScanner {
	s := &guardScanner{src: src, modes: []guardMode{mode}}
	if bytes.HasPrefix(src, bom) {
		s.pos = len(bom)
	}
	return s
}

var bom = []byte("\xef\xbb\xbf")

// next returns the next event; its place is s.start.
func (s *guardScanner) next() guardEvent {
	for s.pos < len(s.src) {
		var ev guardEvent
		switch s.modes[len(s.modes)-1] {
		case guardCode:
			ev = s.code()
		case guardQuoted:
			ev = s.quoted()
		case guardHeredoc:
			ev = s.heredoc()
		case guardBare:
			ev = s.bare()
		}
		if ev != guardEnd {
			return ev
		}
	}
	s.start = len(s.src)
	return guardEnd
}

func (s *guardScanner) peek(k int) byte {
	if s.pos+k < len(s.src) {
		return s.src[s.pos+k]
	}
	return 0
}

// take makes an event of the next n bytes.
func (s *guardScanner) take(n int, ev guardEvent) guardEvent {
	s.start = s.pos
	s.pos += n
	s.tokens++
	return ev
}

// skip passes n bytes without an event.
func (s *guardScanner) skip(n int) guardEvent {
	s.pos += n
	return guardEnd
}

// code reads one token outside of strings.
func (s *guardScanner) code() guardEvent {
	c, after := s.src[s.pos], s.peek(1)
	switch c {
	case ' ', '\t':
		return s.skip(1)
	case '\n':
		return s.take(1, guardNewline)
	case '\r':
		if after == '\n' {
			return s.take(2, guardNewline)
		}
		return s.skip(1)
	case '#':
		return s.lineComment()
	case '/':
		return s.slash(after)
	case '"':
		s.modes = append(s.modes, guardQuoted)
		return s.take(1, guardString)
	case '(', '[':
		return s.take(1, guardOpen)
	case '{':
		s.braces++
		return s.take(1, guardOpen)
	case ')', ']':
		return s.take(1, guardClose)
	case '}':
		return s.closeBrace(1)
	case '~':
		if after == '}' {
			return s.closeBrace(2)
		}
		return s.skip(1)
	case ',':
		return s.take(1, guardComma)
	case '+', '-', '*', '%', '?':
		return s.take(1, guardOperator)
	case '!', '>':
		if after == '=' {
			return s.take(2, guardOperator)
		}
		return s.take(1, guardOperator)
	case '<':
		return s.less(after)
	case '=':
		return s.equals(after)
	case '&', '|':
		if after == c {
			return s.take(2, guardOperator)
		}
		return s.skip(1)
	}
	return s.word(c)
}

func (s *guardScanner) lineComment() guardEvent {
	end := bytes.IndexByte(s.src[s.pos:], '\n')
	if end < 0 {
		return s.skip(len(s.src) - s.pos)
	}
	return s.take(end+1, guardNewline)
}

// slash reads a comment or a division. A comment that nobody closes is no
// comment for the lexer: it starts again behind the slash, with each of them,
// which takes quadratic time.
func (s *guardScanner) slash(after byte) guardEvent {
	switch after {
	case '/':
		return s.lineComment()
	case '*':
		end := bytes.Index(s.src[s.pos+2:], []byte("*/"))
		if end < 0 {
			return s.take(1, guardUnclosedComment)
		}
		return s.skip(end + 4)
	}
	return s.take(1, guardOperator)
}

// closeBrace reads "}" or "~}".
func (s *guardScanner) closeBrace(n int) guardEvent {
	ev := guardClose
	if k := len(s.returns) - 1; k >= 0 && s.returns[k] == s.braces {
		s.returns = s.returns[:k]
		s.modes = s.modes[:len(s.modes)-1]
		ev = guardSeqEnd
	}
	s.braces--
	return s.take(n, ev)
}

func (s *guardScanner) less(after byte) guardEvent {
	if after == '<' {
		if word, n := heredocMarker(s.src[s.pos+2:]); n > 0 {
			s.modes = append(s.modes, guardHeredoc)
			s.heredocs = append(s.heredocs, guardMarker{word, true})
			return s.take(2+n, guardString)
		}
	}
	if after == '=' {
		return s.take(2, guardOperator)
	}
	return s.take(1, guardOperator)
}

// heredocMarker reads what follows << and returns the marker and the length
// to the end of the line, 0 if it begins no heredoc.
func heredocMarker(rest []byte) ([]byte, int) {
	n := 0
	if len(rest) > 0 && rest[0] == '-' {
		n = 1
	}
	end := n
	for end < len(rest) && (isWordByte(rest[end]) || rest[end] >= utf8.RuneSelf || rest[end] == '-' && end > n) {
		end++
	}
	word := rest[n:end]
	tail := bytes.TrimPrefix(rest[end:min(end+2, len(rest))], []byte("\r"))
	if !bytes.HasPrefix(tail, []byte("\n")) || !hclsyntax.ValidIdentifier(string(word)) {
		return nil, 0
	}
	return word, end + bytes.IndexByte(rest[end:], '\n') + 1
}

func (s *guardScanner) equals(after byte) guardEvent {
	switch after {
	case '=':
		return s.take(2, guardOperator)
	case '>':
		return s.skip(2)
	}
	return s.skip(1)
}

func isWordByte(c byte) bool {
	return c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' || c == '_'
}

// word reads an identifier, a number, or a byte that is neither.
func (s *guardScanner) word(c byte) guardEvent {
	switch {
	case c >= '0' && c <= '9':
		return s.number()
	case isWordByte(c) || c >= utf8.RuneSelf:
		return s.ident()
	}
	return s.skip(1)
}

// ident reads an identifier, in which dashes are letters, or a rune that can
// begin none.
func (s *guardScanner) ident() guardEvent {
	n := 0
	for rest := s.src[s.pos:]; n < len(rest); {
		c := rest[n]
		if isWordByte(c) || c == '-' && n > 0 {
			n++
			continue
		}
		r, size := utf8.DecodeRune(rest[n:])
		if c < utf8.RuneSelf || !unicode.IsLetter(r) && (n == 0 || !unicode.IsMark(r) && !unicode.IsDigit(r)) {
			break
		}
		n += size
	}
	if n == 0 {
		_, size := utf8.DecodeRune(s.src[s.pos:])
		return s.skip(size)
	}
	return s.take(n, guardWord)
}

// number reads a number as the lexer does, in which signs can stand behind an
// exponent, and which doesn't end with a dot.
func (s *guardScanner) number() guardEvent {
	isDigit := func(k int) bool { c := s.peek(k); return c >= '0' && c <= '9' }
	end := 1
	for k := 1; ; {
		switch c := s.peek(k); {
		case isDigit(k):
			k++
			end = k
		case c == '.':
			k++
		case c|0x20 == 'e' && isDigit(k+1):
			k += 2
			end = k
		case c|0x20 == 'e' && (s.peek(k+1) == '+' || s.peek(k+1) == '-') && isDigit(k+2):
			k += 3
			end = k
		default:
			s.tokens++
			return s.skip(end)
		}
	}
}

// quoted reads a part of a string in quotes.
func (s *guardScanner) quoted() guardEvent {
	for s.pos < len(s.src) {
		switch c := s.src[s.pos]; c {
		case '"':
			s.modes = s.modes[:len(s.modes)-1]
			return s.take(1, guardLiteral)
		case '\\':
			if s.peek(1) == '\n' || s.peek(1) == '\r' {
				s.pos++
			} else {
				s.pos += 2
			}
		case '$', '%':
			return s.dollar(c)
		default:
			s.pos++
		}
	}
	return guardEnd
}

// dollar reads a $ or % of a template: the begin of a sequence, an escaped
// one, or itself.
func (s *guardScanner) dollar(c byte) guardEvent {
	switch {
	case s.peek(1) == '{':
		n := 2
		if s.peek(2) == '~' {
			n = 3
		}
		s.braces++
		s.returns = append(s.returns, s.braces)
		s.modes = append(s.modes, guardCode)
		if c == '$' {
			return s.take(n, guardTemplate)
		}
		return s.take(n, guardControl)
	case s.peek(1) == c && s.peek(2) == '{':
		return s.take(3, guardPart)
	}
	return s.take(1, guardPart)
}

// heredoc reads a part of a heredoc.
func (s *guardScanner) heredoc() guardEvent {
	doc := &s.heredocs[len(s.heredocs)-1]
	n := bytes.IndexAny(s.src[s.pos:], "$%\n")
	if n < 0 {
		return s.skip(len(s.src) - s.pos)
	}
	line := s.src[s.pos : s.pos+n]
	s.pos += n
	if s.src[s.pos] != '\n' {
		doc.startOfLine = false
		return s.dollar(s.src[s.pos])
	}
	if doc.startOfLine && bytes.Equal(bytes.TrimSpace(line), doc.word) {
		s.heredocs = s.heredocs[:len(s.heredocs)-1]
		s.modes = s.modes[:len(s.modes)-1]
		// The newline behind the marker is a token of its own.
		return s.take(0, guardLiteral)
	}
	doc.startOfLine = true
	return s.take(1, guardPart)
}

// bare reads a part of a template that is not in quotes.
func (s *guardScanner) bare() guardEvent {
	n := bytes.IndexAny(s.src[s.pos:], "$%\n")
	if n < 0 {
		return s.skip(len(s.src) - s.pos)
	}
	s.pos += n
	if s.src[s.pos] == '\n' {
		return s.take(1, guardPart)
	}
	return s.dollar(s.src[s.pos])
}
