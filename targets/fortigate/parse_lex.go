package fortigate

import (
	"strings"
)

// A scanner cuts a text into commands: the words of one line, or of several
// where a quoted string or a backslash goes over the end of a line.
//
// A word is a chain of pieces: '...' has nothing special, in "..." a backslash
// stands before ", ' and \ only, elsewhere a backslash takes the next character
// as it is. Words are parts of the text as long as nothing has to be taken out
// of them.
type scanner struct {
	text string
	pos  int
	line int // of what is read next, from 1
	slab []string
	// open is the line of a quote that nothing closes, 0 if there is none.
	open int
}

// A command is a line and its words; text is the line as it is written.
type command struct {
	line  int
	words []string
	text  string
}

// wordSlab is how many words are kept together, so that a line needs no memory
// of its own.
const wordSlab = 4096

// next returns the next line that has words or is a comment; ok is false at the
// end. A comment has the one word "#".
func (s *scanner) next() (c command, ok bool) {
	for s.pos < len(s.text) {
		s.line++
		c.line = s.line
		from := s.pos
		s.skipBlanks()
		if s.pos < len(s.text) && s.text[s.pos] == '#' {
			s.skipLine()
			c.text = strings.TrimSpace(s.text[from:s.pos])
			c.words = commentWords
			return c, true
		}
		if !verbs[s.firstWord()] {
			// Not a line of a configuration: a quote in it is only a character,
			// and must not take the lines below with it.
			s.skipLine()
			if c.text = strings.TrimSpace(s.text[from:s.pos]); c.text == "" {
				continue
			}
			c.words = strings.SplitN(c.text, " ", 2)
			return c, true
		}
		mark := len(s.slab)
		if mark > wordSlab {
			s.slab, mark = make([]string, 0, 2*wordSlab), 0
		}
		for {
			word, more := s.word()
			if !more {
				break
			}
			s.slab = append(s.slab, word)
		}
		c.text = strings.TrimSpace(s.text[from:s.pos])
		s.skipLine()
		if len(s.slab) > mark {
			c.words = s.slab[mark:len(s.slab):len(s.slab)]
			return c, true
		}
	}
	return c, false
}

// verbs begin the lines of a configuration.
var verbs = map[string]bool{
	"config": true, "edit": true, "set": true, "append": true, "unset": true, "select": true, "unselect": true, "next": true, "end": true,
	"delete": true, "rename": true, "clone": true, "move": true, "purge": true, "abort": true,
}

// firstWord is what stands in the line up to the first blank.
func (s *scanner) firstWord() string {
	to := s.pos
	for to < len(s.text) && s.text[to] != '\n' && !isBlank(s.text[to]) {
		to++
	}
	return s.text[s.pos:to]
}

var commentWords = []string{"#"}

// skipLine goes behind the end of the line.
func (s *scanner) skipLine() {
	if i := strings.IndexByte(s.text[s.pos:], '\n'); i >= 0 {
		s.pos += i + 1
	} else {
		s.pos = len(s.text)
	}
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v' }

func (s *scanner) skipBlanks() {
	for s.pos < len(s.text) && isBlank(s.text[s.pos]) {
		s.pos++
	}
}

// word reads a word of the line; ok is false at the end of the line.
func (s *scanner) word() (word string, ok bool) {
	for {
		s.skipBlanks()
		if s.pos >= len(s.text) || s.text[s.pos] == '\n' {
			return "", false
		}
		// A backslash at the end of a line is no word.
		if word, ok := s.oneWord(); ok {
			return word, true
		}
	}
}

func (s *scanner) oneWord() (word string, ok bool) {
	if s.text[s.pos] == '"' {
		if word, ok := s.plainQuoted(); ok {
			return word, true
		}
	}
	from := s.pos
	for s.pos < len(s.text) {
		switch c := s.text[s.pos]; {
		case c == '\n' || isBlank(c):
			return s.text[from:s.pos], true
		case c == '"' || c == '\'' || c == '\\':
			return s.pieces(s.text[from:s.pos])
		}
		s.pos++
	}
	return s.text[from:s.pos], true
}

// plainQuoted reads a word that is one double quoted string in one line and
// without a backslash.
func (s *scanner) plainQuoted() (string, bool) {
	for i := s.pos + 1; i < len(s.text); i++ {
		switch s.text[i] {
		case '\\', '\n':
			return "", false
		case '"':
			if i+1 < len(s.text) && s.text[i+1] != '\n' && !isBlank(s.text[i+1]) {
				return "", false
			}
			word := s.text[s.pos+1 : i]
			s.pos = i + 1
			return word, true
		}
	}
	return "", false
}

// pieces reads the rest of a word that begins with start.
func (s *scanner) pieces(start string) (word string, ok bool) {
	var b strings.Builder
	b.WriteString(start)
	something := start != ""
	for s.pos < len(s.text) {
		c := s.text[s.pos]
		switch {
		case c == '\n' || isBlank(c):
			return b.String(), something
		case c == '"' || c == '\'':
			s.quoted(&b, c)
			something = true
		case c == '\\':
			s.pos++
			if s.escaped(&b) {
				something = true
			}
		default:
			b.WriteByte(c)
			s.pos++
			something = true
		}
	}
	return b.String(), something
}

// escaped reads what follows a backslash outside of quotes. At the end of a line
// it continues the line and adds nothing.
func (s *scanner) escaped(b *strings.Builder) bool {
	rest := s.text[s.pos:]
	switch {
	case strings.HasPrefix(rest, "\r\n"):
		s.pos += 2
		s.line++
		return false
	case strings.HasPrefix(rest, "\n"):
		s.pos++
		s.line++
		return false
	case rest != "":
		b.WriteByte(rest[0])
		s.pos++
	}
	return true
}

// quoted reads a quoted piece from its quote to the one that closes it.
func (s *scanner) quoted(b *strings.Builder, quote byte) {
	from := s.line
	s.pos++
	for s.pos < len(s.text) {
		c := s.text[s.pos]
		s.pos++
		switch {
		case c == quote:
			return
		case c == '\\' && quote == '"' && s.pos < len(s.text) && strings.IndexByte(`"'\`, s.text[s.pos]) >= 0:
			b.WriteByte(s.text[s.pos])
			s.pos++
		case c == '\r' && s.pos < len(s.text) && s.text[s.pos] == '\n':
			// The end of a line is the same however it was transported.
		default:
			if c == '\n' {
				s.line++
			}
			b.WriteByte(c)
		}
	}
	if s.open == 0 {
		s.open = from
	}
}

// morePrompt is what a pager leaves in a transcript.
const morePrompt = "--More--"

// withoutPager takes out of a transcript what a pager printed and overwrote: the
// prompt, a carriage return, blanks and another one. Prompts inside of quotes
// don't stand at the beginning of a line and stay.
func withoutPager(text string) string {
	if !strings.Contains(text, morePrompt) {
		return text
	}
	var b strings.Builder
	b.Grow(len(text))
	for {
		i := strings.Index(text, morePrompt)
		if i < 0 {
			b.WriteString(text)
			return b.String()
		}
		rest := text[i+len(morePrompt):]
		if i > 0 && text[i-1] != '\n' && text[i-1] != '\r' {
			b.WriteString(text[:i+len(morePrompt)])
			text = rest
			continue
		}
		b.WriteString(text[:i])
		trimmed := strings.TrimLeft(rest, " ")
		for strings.HasPrefix(trimmed, "\b") || strings.HasPrefix(trimmed, "\r") && !strings.HasPrefix(trimmed, "\r\n") {
			trimmed = strings.TrimLeft(trimmed[1:], " ")
			// What is left are the blanks of the line that the device prints.
			rest = trimmed
		}
		text = rest
	}
}

// stripPrompt takes the prompt of a device ("fw1 (root) # ") off the beginning
// of a line and says whether there was one. Words of a scope may hold blanks.
func stripPrompt(text string) (rest string, ok bool) {
	n := 0
	for n < len(text) && (isWordByte(text[n]) || text[n] == '-' || text[n] == '.') {
		n++
	}
	if n == 0 {
		return text, false
	}
	rest = strings.TrimLeft(text[n:], " ")
	if strings.HasPrefix(rest, "(") {
		i := strings.IndexByte(rest, ')')
		if i < 0 || i > 80 {
			return text, false
		}
		rest = strings.TrimLeft(rest[i+1:], " ")
	}
	if rest == "#" || rest == "$" {
		return "", true
	}
	if strings.HasPrefix(rest, "# ") || strings.HasPrefix(rest, "$ ") {
		return strings.TrimSpace(rest[2:]), true
	}
	return text, false
}

func isWordByte(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}
