package paloalto

import (
	"bytes"
	"strings"
)

// lexer reads words of the set and the brace dialect. In both, strings have no
// escapes: what is printed in quotes may hold quotes and line breaks.
type lexer struct {
	data []byte
	pos  int
	line int // of pos
	// delimiters end a word beside blanks.
	delimiters string
	// open tells, for each quote, that from some place on no such quote stands
	// before the end of a line, or none at all.
	noEnd, noQuote [2]bool
}

// isBlank says whether c stands between words.
func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\r' }

// lineAt returns the line that begins at pos, without its end, and where the
// next one begins.
func (l *lexer) lineAt(pos int) (line []byte, next int) {
	if i := bytes.IndexByte(l.data[pos:], '\n'); i >= 0 {
		return bytes.TrimSuffix(l.data[pos:pos+i], []byte{'\r'}), pos + i + 1
	}
	return bytes.TrimSuffix(l.data[pos:], []byte{'\r'}), len(l.data)
}

// skipLine goes to the beginning of the next line.
func (l *lexer) skipLine() {
	_, next := l.lineAt(l.pos)
	l.advance(next)
}

// advance goes to pos.
func (l *lexer) advance(pos int) {
	l.line += bytes.Count(l.data[l.pos:pos], []byte{'\n'})
	l.pos = pos
}

// blanks goes to the next byte that isn't a blank.
func (l *lexer) blanks() {
	for l.pos < len(l.data) && isBlank(l.data[l.pos]) {
		l.pos++
	}
}

// ends says whether a word ends before pos.
func (l *lexer) ends(pos int) bool {
	if pos >= len(l.data) {
		return true
	}
	c := l.data[pos]
	return c == '\n' || isBlank(c) || strings.IndexByte(l.delimiters, c) >= 0
}

// word reads a word that isn't quoted.
func (l *lexer) word() []byte {
	i := l.pos
	for !l.ends(i) {
		i++
	}
	w := l.data[l.pos:i]
	l.pos = i
	return w
}

// quoted reads a quoted word: up to the first quote after which a word can end.
// ok is false if there is none; then the rest of the line is the word.
func (l *lexer) quoted() (w []byte, ok bool) {
	q := l.data[l.pos]
	if which := quoteIndex(q); !l.noQuote[which] {
		for i := l.pos + 1; i < len(l.data); i++ {
			if l.data[i] == q && l.ends(i+1) {
				w = l.data[l.pos+1 : i]
				l.advance(i + 1)
				return w, true
			}
		}
		l.noQuote[which] = true
	}
	return l.restOfLine(), false
}

func quoteIndex(q byte) int {
	if q == '"' {
		return 0
	}
	return 1
}

func (l *lexer) restOfLine() []byte {
	line, _ := l.lineAt(l.pos)
	w := line[1:]
	l.pos += len(line)
	return w
}

// freeText reads a quoted value that people have written: its closing quote is
// the one directly before end at the end of a line, however many others stand
// before it. follows says whether a word can follow the value on its line; then
// the quote before it may close it as well.
func (l *lexer) freeText(end string, follows func([]byte) bool) (w []byte, ok bool) {
	q := l.data[l.pos]
	start := l.pos + 1
	line, next := l.lineAt(l.pos)
	if n := closing(line[1:], q, end); n >= 0 {
		l.pos = start + n + 1
		return line[1 : 1+n], true
	}
	for i := 1; i < len(line); i++ {
		if line[i] == q && i+1 < len(line) && isBlank(line[i+1]) && follows != nil && follows(firstWord(line[i+1:])) {
			l.pos += i + 1
			return line[1:i], true
		}
	}
	which := quoteIndex(q)
	if l.noEnd[which] {
		return l.restOfLine(), false
	}
	for next < len(l.data) {
		from := next
		line, next = l.lineAt(from)
		if n := closing(line, q, end); n >= 0 {
			w = l.data[start : from+n]
			l.advance(from + n + 1)
			return w, true
		}
	}
	l.noEnd[which] = true
	return l.restOfLine(), false
}

// closing returns where the quote stands with which a line ends, -1 if it
// doesn't.
func closing(line []byte, q byte, end string) int {
	line = bytes.TrimRight(line, " \t\r")
	if !bytes.HasSuffix(line, []byte(end)) {
		return -1
	}
	line = line[:len(line)-len(end)]
	if len(line) == 0 || line[len(line)-1] != q {
		return -1
	}
	return len(line) - 1
}

func firstWord(line []byte) []byte {
	line = bytes.TrimLeft(line, " \t")
	if i := bytes.IndexAny(line, " \t\r"); i >= 0 {
		return line[:i]
	}
	return line
}

// isFreeText says whether people write what they like below a word.
func isFreeText(word []byte) bool {
	switch string(word) {
	case "description", "comments", "comment", "login-banner", "motd-and-banner", "message":
		return true
	}
	return false
}

// setReader reads the set dialect.
type setReader struct {
	lexer
	p *parser
	c *cursor
}

func (p *parser) readSet(data []byte) {
	r := setReader{lexer: lexer{data: data, line: 1, delimiters: "[]"}, p: p, c: newCursor(p.tree)}
	for r.pos < len(r.data) {
		r.statement()
		r.skipLine()
	}
	if r.c.deep {
		p.problem(0, "", "words that stand more than 100 deep were left out")
	}
}

// statement reads what begins on this line.
func (r *setReader) statement() {
	line, _ := r.lineAt(r.pos)
	if c := bytes.TrimSpace(line); len(c) == 0 || line[0] == '#' || line[0] == '!' || isNoise(c) {
		return
	}
	verb := firstWord(line)
	start := r.line
	switch {
	case string(verb) != "set":
		r.p.strange(start, line, string(verb))
		return
	case bytes.HasPrefix(bytes.TrimLeft(line, " \t"), []byte("set cli ")):
		return
	}
	r.blanks()
	r.pos += len(verb)
	r.c.reset(1)
	var last []byte
	list, any := false, false
	for {
		r.blanks()
		if r.pos >= len(r.data) || r.data[r.pos] == '\n' {
			break
		}
		w, isWord := r.next(last, start, list)
		switch {
		case !isWord && w[0] == '[' && !list:
			list = true
		case !isWord && w[0] == ']' && list:
			list = false
			r.c.pop()
		case !isWord:
			r.p.problem(start, string(line), "a bracket without its partner")
		case list:
			r.c.value(w, start)
		default:
			r.c.word(w, 1, start)
		}
		any = true
		last = w
	}
	if list {
		r.p.problem(start, string(line), "a list that isn't closed")
	}
	if !any {
		r.p.problem(start, string(line), "nothing is set")
	}
}

// next reads a word or a bracket.
func (r *setReader) next(last []byte, start int, list bool) (w []byte, isWord bool) {
	switch c := r.data[r.pos]; c {
	case '[', ']':
		r.pos++
		return r.data[r.pos-1 : r.pos], false
	case '"', '\'':
		ok := false
		if isFreeText(last) && !list {
			w, ok = r.freeText("", func(next []byte) bool { return r.c.follows(next) })
		} else {
			w, ok = r.quoted()
		}
		if !ok {
			r.p.problem(start, string(w), "a quote that isn't closed")
		}
		return w, true
	}
	return r.word(), true
}

// follows says whether a word is known where the value at hand is complete.
func (c *cursor) follows(w []byte) bool {
	height := len(c.stack) - 1
	if height < 1 {
		return false
	}
	d := cursor{t: c.t, stack: c.stack[:height]}
	return d.knows(w, 1) > 0
}
