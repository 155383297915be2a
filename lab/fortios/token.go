package fortios

import "strings"

// token is a word of a line. A quoted one is printed in quotes where the
// configuration is kept as it was typed.
type token struct {
	text   string
	quoted bool
}

// errOpen: the line goes on, because a quote is open or because it ends in a
// backslash.
const errOpen = refusal("token line: Unmatched double quote.")

// tokens splits a line. A word is a chain of bare runs, '...' and "..."; in
// double quotes a backslash escapes a quote or itself only, in single quotes
// nothing is special, and elsewhere a backslash takes the next character as it
// is.
func tokens(line string) ([]token, error) {
	var list []token
	for i := 0; i < len(line); {
		if isBlank(line[i]) {
			i++
			continue
		}
		if line[i] == '|' {
			list = append(list, token{text: "|"})
			i++
			continue
		}
		t, n, err := word(line[i:])
		if err != nil {
			return nil, err
		}
		list = append(list, t)
		i += n
	}
	return list, nil
}

func isBlank(b byte) bool { return b == ' ' || b == '\t' || b == '\n' || b == '\r' }

// word reads the word at the beginning of s and returns its length too.
func word(s string) (t token, n int, err error) {
	if plain := strings.IndexAny(s, " \t\r\n'\"\\|"); plain < 0 {
		return token{text: s}, len(s), nil
	} else if isBlank(s[plain]) {
		return token{text: s[:plain]}, plain, nil
	}
	if t, n := quotedWord(s); n > 0 {
		return t, n, nil
	}
	var b strings.Builder
	i := 0
	for i < len(s) && !isBlank(s[i]) && s[i] != '|' {
		switch s[i] {
		case '\\':
			if i++; i == len(s) {
				return t, 0, errOpen
			}
			if s[i] != '\n' {
				b.WriteByte(s[i])
			}
			i++
		case '\'':
			end := strings.IndexByte(s[i+1:], '\'')
			if end < 0 {
				return t, 0, errOpen
			}
			b.WriteString(s[i+1 : i+1+end])
			t.quoted = true
			i += end + 2
		case '"':
			t.quoted = true
			for i++; ; i++ {
				if i >= len(s) {
					return t, 0, errOpen
				}
				if s[i] == '"' {
					break
				}
				if s[i] == '\\' && i+1 < len(s) && strings.IndexByte(`"'\`, s[i+1]) >= 0 {
					i++
				}
				b.WriteByte(s[i])
			}
			i++
		default:
			b.WriteByte(s[i])
			i++
		}
	}
	t.text = b.String()
	return t, i, nil
}

// quotedWord reads the ordinary "..." without a copy.
func quotedWord(s string) (token, int) {
	if s[0] != '"' {
		return token{}, 0
	}
	end := strings.IndexAny(s[1:], "\"\\")
	if end < 0 || s[1+end] != '"' {
		return token{}, 0
	}
	n := end + 2
	if n < len(s) && !isBlank(s[n]) && s[n] != '|' {
		return token{}, 0
	}
	return token{text: s[1 : 1+end], quoted: true}, n
}

// quote is how the device prints a string.
func quote(s string) string {
	if s == "" {
		return "''"
	}
	if !strings.ContainsAny(s, `"'\`) {
		return `"` + s + `"`
	}
	var b strings.Builder
	b.WriteByte('"')
	for i := range len(s) {
		if strings.IndexByte(`"'\`, s[i]) >= 0 {
			b.WriteByte('\\')
		}
		b.WriteByte(s[i])
	}
	b.WriteByte('"')
	return b.String()
}

// String is how the device prints a kept word.
func (t token) String() string {
	if t.quoted || t.text == "" || strings.ContainsAny(t.text, " \t\r\n'\"\\|#?") {
		return quote(t.text)
	}
	return t.text
}

func join(list []token) string {
	var b strings.Builder
	for i, t := range list {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(t.String())
	}
	return b.String()
}

func texts(list []token) []string {
	out := make([]string, len(list))
	for i, t := range list {
		out[i] = t.text
	}
	return out
}

// printable drops control characters, which nobody can type. Line ends stay.
func printable(s string) string {
	control := func(r rune) bool { return r < 0x20 && r != '\t' && r != '\n' || r == 0x7f }
	if strings.IndexFunc(s, control) < 0 {
		return s
	}
	var b strings.Builder
	for i := range len(s) {
		if !control(rune(s[i])) {
			b.WriteByte(s[i])
		}
	}
	return b.String()
}
