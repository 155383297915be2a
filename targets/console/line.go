package console

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// plain says whether the bytes of a line stand on a screen as they came.
func plain(raw []byte) bool {
	for _, b := range raw {
		if b < 0x20 && b != '\t' || b >= 0x80 {
			return false
		}
	}
	return true
}

// screen is what stands on a line of a terminal after the filtered bytes, on a
// terminal without a right edge. What is written after a return replaces the
// line: devices return to show something else, and may not erase all of it.
func screen(raw []byte) string {
	if plain(raw) {
		return string(raw)
	}
	if bytes.IndexByte(raw, carriageReturn) < 0 && bytes.IndexByte(raw, backspace) < 0 && bytes.IndexByte(raw, eraseLine) < 0 {
		return visible(string(raw))
	}
	var line []rune
	at := 0
	for _, r := range decode(raw) {
		switch r {
		case carriageReturn:
			line, at = line[:0], 0
		case backspace:
			at = max(at-1, 0)
		case eraseLine:
			line = line[:at]
		default:
			if at < len(line) {
				line[at] = r
			} else {
				line = append(line, r)
			}
			at++
		}
	}
	return visible(string(line))
}

// decode is the text of raw; bytes that are no UTF-8 are written as \xNN.
func decode(raw []byte) string {
	if utf8.Valid(raw) {
		return string(raw)
	}
	var out strings.Builder
	for len(raw) > 0 {
		r, n := utf8.DecodeRune(raw)
		if r == utf8.RuneError && n == 1 {
			fmt.Fprintf(&out, `\x%02x`, raw[0])
		} else {
			out.Write(raw[:n])
		}
		raw = raw[n:]
	}
	return out.String()
}

// visible is s with everything that a terminal or a report would act upon
// written out: control characters, and those that turn the direction of text.
func visible(s string) string {
	s = decode([]byte(s))
	hidden := func(r rune) bool {
		return r != '\t' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == '\u2028' || r == '\u2029')
	}
	if strings.IndexFunc(s, hidden) < 0 {
		return s
	}
	var out strings.Builder
	for _, r := range s {
		if hidden(r) {
			fmt.Fprintf(&out, `\u%04x`, r)
		} else {
			out.WriteRune(r)
		}
	}
	return out.String()
}

// echoed is how far a line has come that shows what was typed.
type echoed uint8

const (
	echoOther   echoed = iota // it shows something else
	echoPartial               // a device that wraps lines may have come so far
	echoWhole
)

// matchEcho says whether raw, what came since the begin of the line that the
// prompt stands on, is a prompt and typed. Devices show long lines in three
// ways: as they are; with a line end, or a blank and a return, where their
// terminal is full; or scrolled to the left, with "$" in place of what is gone.
func (p prompts) matchEcho(raw []byte, typed string) (prompt string, state echoed) {
	shown := screen(raw)
	if before, ok := strings.CutSuffix(shown, typed); ok && p.mode(before) != "" {
		return before, echoWhole
	}
	flat := visible(unwrapped(raw))
	if before, ok := strings.CutSuffix(flat, typed); ok && p.mode(before) != "" {
		return before, echoWhole
	}
	if prompt := p.scrolled(shown, typed); prompt != "" {
		return prompt, echoWhole
	}
	// A wrapped line goes on: it is a prompt and the beginning of typed.
	if prompt := p.prefix(flat); prompt != "" {
		if rest := flat[len(prompt):]; len(rest) > 0 && len(rest) < len(typed) && len(flat) >= narrowest-2 && strings.HasPrefix(typed, rest) {
			return prompt, echoPartial
		}
	}
	return "", echoOther
}

// narrowest is the width of the narrowest terminal that a device assumes.
const narrowest = 40

// unwrapped is raw without what a device sends where its terminal is full.
func unwrapped(raw []byte) string {
	s := string(raw)
	for _, wrap := range []string{" " + string(rune(carriageReturn)), "\n", string(rune(carriageReturn))} {
		s = strings.ReplaceAll(s, wrap, "")
	}
	return s
}

// scrolled is the prompt of a line of which the left part is gone.
func (p prompts) scrolled(shown, typed string) string {
	i := strings.IndexByte(shown, '$')
	for ; i >= 0; i = nextByte(shown, '$', i) {
		tail := strings.TrimRight(shown[i+1:], " ")
		if p.mode(shown[:i]) == "" || tail == "" {
			continue
		}
		if len(tail) < len(typed) && strings.HasSuffix(strings.TrimRight(typed, " "), tail) {
			return shown[:i]
		}
	}
	return ""
}

func nextByte(s string, b byte, after int) int {
	i := strings.IndexByte(s[after+1:], b)
	if i < 0 {
		return -1
	}
	return after + 1 + i
}

// plainText says whether whole lines stand on a screen as they came.
func plainText(raw []byte) bool {
	for _, b := range raw {
		if !plainLine[b] {
			return false
		}
	}
	return true
}

var plainLine = func() (t [256]bool) {
	for b := range 0x80 {
		t[b] = b >= 0x20 || b == '\n' || b == '\t'
	}
	return t
}()
