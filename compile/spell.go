package compile

import (
	"hash/fnv"
	"slices"
	"strings"

	"github.com/nbfwc/nbfwc/lang"
)

// words are what a name is made of: a word for each field of a name template,
// "" where there is nothing to say, and what else is needed to tell it apart.
type words struct {
	field [len(lang.NameFields)]string
	more  []string
}

// The fields in the order of lang.NameFields.
const (
	domainField = iota
	roleField
	classField
	versionField
	familyField
	interfaceField
)

// list are all words that say something.
func (w *words) list() []string {
	out := make([]string, 0, len(w.field)+len(w.more))
	for _, f := range w.field {
		if f != "" {
			out = append(out, f)
		}
	}
	return append(out, w.more...)
}

// differ are the fields in which two names differ.
func (w *words) differ(o *words) []string {
	var out []string
	for i := range w.field {
		if w.field[i] != o.field[i] {
			out = append(out, "{"+lang.NameFields[i]+"}")
		}
	}
	return out
}

// spelled is the name that words make: letters, digits, '-', '_' and '.', and
// not too long. What doesn't fit is replaced by a digest of all words.
func (m *ruleMaker) spelled(w words) string {
	s := m.text(w)
	if len(s) <= maxName {
		return s
	}
	d := digest(m.said(w))
	return strings.TrimRight(s[:maxName-1-len(d)], separators) + "-" + d
}

// separators stand between words.
const separators = "-_."

// said are the words that a name has if nothing else is asked for: that of the
// domain only where a policy has several.
func (m *ruleMaker) said(w words) []string {
	if len(m.g.Policy.Domains) < 2 {
		w.field[domainField] = ""
	}
	return w.list()
}

// text is the name that words make, of any length.
func (m *ruleMaker) text(w words) string {
	var b strings.Builder
	b.Grow(maxName)
	b.WriteString(m.fw.Prefix())
	if t := m.fw.GroupName.Text; t != "" {
		b.WriteString(fillIn(t, &w))
	} else {
		w.more = m.said(w)
		w.field = [len(lang.NameFields)]string{}
	}
	for _, word := range w.more {
		if word = cleaned(word); word == "" {
			continue
		}
		if b.Len() > len(m.fw.Prefix()) {
			b.WriteByte('-')
		}
		b.WriteString(word)
	}
	return b.String()
}

// fillIn is a template with the words of its fields. An empty field between
// separators takes those after it along.
func fillIn(template string, w *words) string {
	var b strings.Builder
	for template != "" {
		literal, rest, found := strings.Cut(template, "{")
		b.WriteString(literal)
		if !found {
			break
		}
		name, after, _ := strings.Cut(rest, "}")
		word := ""
		if i := slices.Index(lang.NameFields[:], name); i >= 0 {
			word = cleaned(w.field[i])
		}
		b.WriteString(word)
		if template = after; word == "" && strings.TrimRight(b.String(), separators) != b.String() || b.Len() == 0 {
			template = strings.TrimLeft(after, separators)
		}
	}
	return strings.TrimRight(b.String(), separators)
}

// joint are the words of a union: where its parts agree what they say, and in
// the first field in which they don't, what tells them apart, one part after
// the other.
func joint(parts []words) words {
	out := parts[0]
	var differ []int
	same := func(f func(*words) string) bool {
		return !slices.ContainsFunc(parts, func(w words) bool { return f(&w) != f(&parts[0]) })
	}
	for i := range out.field {
		if !same(func(w *words) string { return w.field[i] }) {
			differ = append(differ, i)
		}
	}
	alike := same(func(w *words) string { return strings.Join(w.more, "\x00") })
	apart := func(w *words) []string {
		var list []string
		for _, i := range differ {
			if w.field[i] != "" {
				list = append(list, w.field[i])
			}
		}
		if !alike {
			list = append(list, w.more...)
		}
		return list
	}
	if len(differ) == 0 || slices.ContainsFunc(parts, func(w words) bool { return len(apart(&w)) == 0 }) {
		// Every part has a role.
		differ = append(differ, roleField)
		slices.Sort(differ)
		differ = slices.Compact(differ)
	}
	var list []string
	for i := range parts {
		list = append(list, apart(&parts[i])...)
	}
	for _, i := range differ {
		out.field[i] = ""
	}
	out.field[differ[0]] = strings.Join(list, "-")
	if !alike {
		out.more = nil
	}
	return out
}

// cleaned is w with runs of other characters than letters, digits, '-' and '_'
// replaced by one '-'.
func cleaned(w string) string {
	if isClean(w) {
		return w
	}
	var b []byte
	for i := range len(w) {
		switch c := w[i]; {
		case wordByte(c) && c != '-':
			b = append(b, c)
		case len(b) > 0 && b[len(b)-1] != '-':
			b = append(b, '-')
		}
	}
	return strings.TrimRight(string(b), "-")
}

func isClean(w string) bool {
	for i := range len(w) {
		if !wordByte(w[i]) || w[i] == '-' && (i == 0 || i == len(w)-1 || w[i-1] == '-') {
			return false
		}
	}
	return true
}

// digest is 6 letters and digits that depend on all words.
func digest(words []string) string {
	h := fnv.New64a()
	for _, w := range words {
		h.Write([]byte(w))
		h.Write([]byte{0})
	}
	const letters = "abcdefghijkmnpqrstuvwxyz23456789"
	v, out := h.Sum64(), make([]byte, 6)
	v ^= v >> 31
	for i := range out {
		out[i] = letters[v%32]
		v /= 32
	}
	return string(out)
}
