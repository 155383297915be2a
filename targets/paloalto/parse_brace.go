package paloalto

import (
	"bytes"
	"fmt"
	"strings"
)

// braceReader reads the brace tree, the default of "show".
type braceReader struct {
	lexer
	p *parser
	c *cursor
	// heights are those of the stack at the open blocks.
	heights []int
}

func (p *parser) readBraces(data []byte) error {
	r := braceReader{lexer: lexer{data: data, line: 1, delimiters: "[]{};"}, p: p, c: newCursor(p.tree)}
	for {
		more, err := r.statement()
		if err != nil {
			return fmt.Errorf("line %d: %w", r.line, err)
		}
		if !more {
			break
		}
	}
	if len(r.heights) > 0 {
		return fmt.Errorf("the text ends inside a block; fetch the whole configuration")
	}
	if r.c.deep {
		p.problem(0, "", "words that stand more than 100 deep were left out")
	}
	return nil
}

// space goes to the next byte of a statement; it leaves out comments and, at the
// top, what the command line prints beside the configuration.
func (r *braceReader) space() {
	begins := r.pos == 0
	for r.pos < len(r.data) {
		r.blanks()
		if r.pos >= len(r.data) {
			return
		}
		switch c := r.data[r.pos]; {
		case c == '\n':
			r.advance(r.pos + 1)
			begins = true
		case begins && (c == '#' || c == '!' || len(r.heights) == 0 && r.atNoise()):
			r.skipLine()
		default:
			return
		}
	}
}

func (r *braceReader) atNoise() bool {
	line, _ := r.lineAt(r.pos)
	return isNoise(bytes.TrimSpace(line))
}

// statement reads up to a brace or semicolon.
func (r *braceReader) statement() (more bool, err error) {
	r.space()
	if r.pos >= len(r.data) {
		return false, nil
	}
	floor := len(r.c.stack)
	start := r.line
	var last []byte
	words, list := 0, false
	for ; ; words++ {
		r.blanks()
		for r.pos < len(r.data) && r.data[r.pos] == '\n' {
			r.advance(r.pos + 1)
			r.blanks()
		}
		if r.pos >= len(r.data) {
			return false, fmt.Errorf("the text ends inside a statement; fetch the whole configuration")
		}
		switch c := r.data[r.pos]; {
		case c == '[' && !list && words > 0:
			r.pos++
			list = true
		case c == ']' && list:
			r.pos++
			list = false
		case c == '{' && !list && words > 0:
			r.pos++
			r.heights = append(r.heights, floor)
			return true, nil
		case c == '}' && words == 0:
			r.pos++
			if len(r.heights) == 0 {
				return false, fmt.Errorf("a closing brace too many")
			}
			r.c.reset(r.heights[len(r.heights)-1])
			r.heights = r.heights[:len(r.heights)-1]
			return true, nil
		case c == ';' && !list:
			r.pos++
			r.c.reset(floor)
			return true, nil
		case strings.IndexByte(r.delimiters, c) >= 0:
			return false, fmt.Errorf("%q is out of place", c)
		default:
			w := r.next(last, start)
			if list {
				r.c.value(w, start)
			} else {
				r.c.word(w, floor, start)
			}
			last = w
		}
	}
}

// next reads a word.
func (r *braceReader) next(last []byte, start int) []byte {
	if c := r.data[r.pos]; c != '"' && c != '\'' {
		return r.word()
	}
	w, ok := []byte(nil), false
	if isFreeText(last) {
		w, ok = r.freeText(";", nil)
	} else {
		w, ok = r.quoted()
	}
	if !ok {
		r.p.problem(start, string(w), "a quote that isn't closed")
	}
	return w
}
