package lang

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Printable is s with everything that could steer a terminal or break a line
// written as an escape: control and format characters and invalid UTF-8.
func Printable(s string) string {
	clean := true
	for i := 0; i < len(s); i++ {
		if s[i] < ' ' || s[i] >= 0x7f {
			clean = false
			break
		}
	}
	if clean {
		return s
	}
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(s[i:], "\uFFFD"):
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case unicode.IsPrint(r):
			b.WriteRune(r)
		default:
			b.WriteString(strings.Trim(fmt.Sprintf("%+q", r), "'"))
		}
	}
	return b.String()
}

// wrapLines breaks text at blanks into lines of at most width runes, 0 for any
// number; a longer word stays whole. Line breaks in the text stay.
func wrapLines(text string, width int) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = wrapLine(Printable(line), width)
	}
	return strings.Join(lines, "\n")
}

func wrapLine(line string, width int) string {
	if width <= 0 || utf8.RuneCountInString(line) <= width {
		return line
	}
	var b strings.Builder
	used := 0
	for k, word := range strings.Split(line, " ") {
		n := utf8.RuneCountInString(word)
		switch {
		case k == 0:
		case used+1+n > width:
			b.WriteByte('\n')
			used = 0
		default:
			b.WriteByte(' ')
			used++
		}
		b.WriteString(word)
		used += n
	}
	return b.String()
}

// shownRune is r as a source line shows it: what could steer a terminal is a
// question mark, a carriage return and a tab are a blank.
func shownRune(r rune, n int) rune {
	switch {
	case r == '\r' || r == '\t':
		return ' '
	case unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == utf8.RuneError && n == 1:
		return '?'
	}
	return r
}
