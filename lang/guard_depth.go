package lang

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"
)

// faultKind is why text is not given to the parser.
type faultKind uint8

const (
	tooNested faultKind = iota
	tooManyOperators
	tooManyParts
	tooManyTokens
	unclosedComment
)

// depthFault is a place where text goes too deep.
type depthFault struct {
	kind faultKind
	at   int
	// outer is the outermost bracket that is open there, or at.
	outer int
}

// depthFrame is a bracket, template sequence, directive or string that is open.
type depthFrame struct {
	open byte // ( [ { $ % ", 'i' and 'f' for %{if} and %{for}, 0 for the whole text
	at   int
	// operators since the last comma or end of line. The parser recurses for
	// signs and conditionals, and what it builds from the others is as deep
	// as they are many.
	operators int
	parts     int  // of a string
	joined    bool // a newline doesn't end an expression
	begun     bool // something came after the bracket
	word      string
}

// depthMeter follows the parser down.
type depthMeter struct {
	src       []byte
	lim       Limits
	frames    []depthFrame
	depth     int // frames that count
	operators int // of all frames
}

// findDepthFault finds where src asks for more recursion than lim allows. It
// may see more depth than the parser would in text with syntax errors, never
// less.
func findDepthFault(src []byte, mode guardMode, lim Limits) *depthFault {
	s := newGuardScanner(src, mode)
	m := &depthMeter{src: src, lim: lim, frames: []depthFrame{{joined: mode == guardBare}}}
	for {
		ev := s.next()
		if ev == guardEnd {
			return nil
		}
		if s.tokens > lim.Tokens {
			return &depthFault{tooManyTokens, s.start, s.start}
		}
		if kind, bad := m.step(ev, s.start, s.pos); bad {
			return &depthFault{kind, s.start, m.outermost(s.start)}
		}
	}
}

// outermost is the place of the first open bracket, or at.
func (m *depthMeter) outermost(at int) int {
	for _, f := range m.frames[1:] {
		if f.open != '"' {
			return f.at
		}
	}
	return at
}

func (m *depthMeter) top() *depthFrame { return &m.frames[len(m.frames)-1] }

// step takes the event that is src[from:to].
func (m *depthMeter) step(ev guardEvent, from, to int) (faultKind, bool) {
	top := m.top()
	begun := top.begun
	top.begun = begun || ev != guardNewline
	switch ev {
	case guardUnclosedComment:
		return unclosedComment, true
	case guardOpen:
		// A call or an index is an operator on what stands before it.
		m.operator(top)
		c := m.src[from]
		m.push(depthFrame{open: c, at: from, joined: c != '{'})
	case guardClose:
		m.close(m.src[from])
	case guardString:
		m.push(depthFrame{open: '"', at: from, joined: true})
	case guardLiteral:
		m.popTo('"', '"')
	case guardTemplate, guardControl:
		m.push(depthFrame{open: m.src[from], at: from, joined: true})
		if m.part(len(m.frames)-2) > m.lim.Parts {
			return tooManyParts, true
		}
	case guardPart:
		if m.part(len(m.frames)-1) > m.lim.Parts {
			return tooManyParts, true
		}
	case guardSeqEnd:
		m.endSequence()
	case guardOperator:
		m.operator(top)
	case guardComma:
		m.reset(top)
	case guardNewline:
		if !top.joined {
			m.reset(top)
		}
	case guardWord:
		if !begun {
			top.word = m.keyword(from, to)
			// { for ... } is an object whose newlines mean nothing.
			top.joined = top.joined || top.word == "for"
		}
	}
	if m.depth > m.lim.Nesting {
		return tooNested, true
	}
	return tooManyOperators, m.operators > m.lim.Operators
}

// keyword is a word that matters at the begin of a bracket, without allocation
// for the others.
func (m *depthMeter) keyword(from, to int) string {
	switch string(m.src[from:to]) {
	case "if":
		return "if"
	case "for":
		return "for"
	case "endif":
		return "endif"
	case "endfor":
		return "endfor"
	}
	return ""
}

func (m *depthMeter) operator(f *depthFrame) {
	f.operators++
	m.operators++
}

func (m *depthMeter) reset(f *depthFrame) {
	m.operators -= f.operators
	f.operators = 0
}

func (m *depthMeter) push(f depthFrame) {
	m.frames = append(m.frames, f)
	if f.open != '"' {
		m.depth++
	}
}

func (m *depthMeter) pop() depthFrame {
	f := *m.top()
	m.reset(m.top())
	m.frames = m.frames[:len(m.frames)-1]
	if f.open != '"' {
		m.depth--
	}
	return f
}

// close ends a bracket. One that doesn't fit is a syntax error, after which
// the parser may or may not be where it was: it ends nothing here.
func (m *depthMeter) close(c byte) {
	opens := openingBracket(c)
	if f := m.top(); f.open == opens && f.open != 0 {
		m.pop()
	}
}

// popTo ends the innermost frame that is open by a or b, and all in it.
func (m *depthMeter) popTo(a, b byte) (depthFrame, bool) {
	for k := len(m.frames) - 1; k > 0; k-- {
		if c := m.frames[k].open; c != a && c != b {
			continue
		}
		for len(m.frames)-1 > k {
			m.pop()
		}
		return m.pop(), true
	}
	return depthFrame{}, false
}

// part counts a part of the string that frame k is in.
func (m *depthMeter) part(k int) int {
	for k > 0 && (m.frames[k].open == 'i' || m.frames[k].open == 'f') {
		k--
	}
	m.frames[k].parts++
	return m.frames[k].parts
}

// endSequence ends ${...} or %{...}. The directives if and for begin what ends
// with another sequence.
func (m *depthMeter) endSequence() {
	f, ok := m.popTo('$', '%')
	if !ok || f.open == '$' {
		return
	}
	switch f.word {
	case "if", "for":
		m.push(depthFrame{open: f.word[0], at: f.at, joined: true, begun: true})
	case "endif", "endfor":
		if m.top().open == f.word[3] {
			m.pop()
		}
	}
}

// diagnostic says it to the author of the text.
func (f *depthFault) diagnostic(name string, src []byte, lim Limits) *hcl.Diagnostic {
	summary, detail := f.text(lim)
	if f.outer != f.at {
		detail += fmt.Sprintf(" It may also be that the bracket in line %d is not closed.", posAt(src, f.outer).Line)
	}
	return guardFault(name, src, f.at, 1, summary, detail)
}

func (f *depthFault) text(lim Limits) (summary, detail string) {
	switch f.kind {
	case tooNested:
		return "Nested too deep", fmt.Sprintf("Brackets, blocks and templates are nested more than %d levels deep here. Use a local value for the inner part.", lim.Nesting)
	case tooManyOperators:
		return "Expression too long", fmt.Sprintf("There are more than %d operators in this expression and those around it. Split it with local values.", lim.Operators)
	case tooManyParts:
		return "Too many template sequences", fmt.Sprintf("There are more than %d lines, sequences ${...} and %%{...}, and signs $ and %% in this string. Make a list, and join it.", lim.Parts)
	case tooManyTokens:
		return "File too large", fmt.Sprintf("The file has more than %d words, numbers and signs. Split it into several files, or keep lists of hosts in an inventory.", lim.Tokens)
	}
	return "Unclosed comment", "This comment is not closed: there is no */ behind it."
}

// openingBracket is the bracket that c closes. "~}" outside of a template
// closes none.
func openingBracket(c byte) byte {
	switch c {
	case ')':
		return '('
	case ']':
		return '['
	case '}':
		return '{'
	}
	return 0
}
