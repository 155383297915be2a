package lang

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"
)

// jsonRows reads a JSON list of flat objects, one after the other: values are
// strings, numbers, booleans, null (no value) or lists of those, which become
// words separated by blanks. Numbers keep their spelling, so that the version
// 7.10 stays what it is. The columns are the names in all objects.
type jsonRows struct {
	text  string
	pos   int
	line  int // of linePos
	lineP int // where line was counted
	lim   Limits
	names []string
	index map[string]int
	cells []cell
	set   []int // row in which a cell was set
	row   int
	begun bool
	done  bool
}

func newJSONRows(src []byte, begin int, lim Limits) *jsonRows {
	return &jsonRows{text: string(src), pos: begin, line: 1, lim: lim, index: map[string]int{}, cells: []cell{}}
}

func (r *jsonRows) headers() []string { return r.names }

// errJSON is a fault of syntax at the position; the rest can't be read.
func (r *jsonRows) errJSON(format string, args ...any) *rowFault {
	return &rowFault{at: min(r.pos, len(r.text)), n: 1, summary: "Invalid JSON", detail: fmt.Sprintf(format, args...), fatal: true}
}

func (r *jsonRows) blank() {
	for r.pos < len(r.text) {
		switch r.text[r.pos] {
		case ' ', '\t', '\n', '\r':
			r.pos++
		default:
			return
		}
	}
}

// accept passes the byte c if it is next.
func (r *jsonRows) accept(c byte) bool {
	r.blank()
	if r.pos < len(r.text) && r.text[r.pos] == c {
		r.pos++
		return true
	}
	return false
}

func (r *jsonRows) next() ([]cell, int, int, *rowFault) {
	if r.done {
		return nil, r.line, r.pos, nil
	}
	if f := r.separate(); f != nil || r.done {
		r.done = true
		return nil, r.line, r.pos, f
	}
	r.blank()
	offset := r.pos
	r.line += strings.Count(r.text[r.lineP:offset], "\n")
	r.lineP = offset
	f := r.object()
	if f != nil {
		r.done = true
		return nil, r.line, offset, f
	}
	return r.cells, r.line, offset, nil
}

// separate reads what is between rows, and the begin and end of the list.
func (r *jsonRows) separate() *rowFault {
	switch {
	case !r.begun:
		r.begun = true
		if !r.accept('[') {
			return r.errJSON("A JSON inventory is a list of objects: it must begin with [.")
		}
		r.done = r.accept(']')
	case r.accept(','):
	case r.accept(']'):
		r.done = true
	default:
		return r.errJSON("There must be a comma between two objects, and ] after the last.")
	}
	if r.done {
		if r.blank(); r.pos < len(r.text) {
			return r.errJSON("There is something after the end of the list.")
		}
	}
	return nil
}

// object reads a row.
func (r *jsonRows) object() *rowFault {
	if !r.accept('{') {
		return r.errJSON("Each row must be an object, such as {\"name\": \"c1\", \"address\": \"10.0.0.1\"}.")
	}
	r.row++
	clear(r.cells)
	if r.accept('}') {
		return nil
	}
	for guess := 0; ; guess++ {
		k, f := r.column(guess)
		if f != nil {
			return f
		}
		guess = k
		if !r.accept(':') {
			return r.errJSON("There must be a colon after the name.")
		}
		r.blank()
		at := r.pos
		s, f := r.value(true)
		if f != nil {
			return f
		}
		if len(s) > r.lim.FieldBytes {
			r.pos = at
			return r.errJSON("A value can have at most %d bytes.", r.lim.FieldBytes)
		}
		if at < len(r.text) && r.text[at] == '"' {
			at++
		}
		r.cells[k] = cell{strings.TrimSpace(s), at}
		if r.accept('}') {
			return nil
		}
		if !r.accept(',') {
			return r.errJSON("There must be a comma between two values, and } after the last.")
		}
	}
}

// column reads a name and returns its column. Objects have their names mostly
// in the same order, so the column after the last one is tried first.
func (r *jsonRows) column(guess int) (int, *rowFault) {
	r.blank()
	at := r.pos
	name, f := r.str()
	if f != nil {
		return 0, f
	}
	k := guess
	if k >= len(r.names) || r.names[k] != name {
		var ok bool
		if k, ok = r.index[name]; !ok {
			if k, f = r.newColumn(name, at); f != nil {
				return 0, f
			}
		}
	}
	if r.set[k] == r.row {
		r.pos = at
		return 0, r.errJSON("The object has the name %q twice.", clip(name))
	}
	r.set[k] = r.row
	return k, nil
}

func (r *jsonRows) newColumn(name string, at int) (int, *rowFault) {
	for _, n := range r.names {
		if strings.EqualFold(n, name) {
			r.pos = at
			return 0, r.errJSON("The names %q and %q differ in case only. Write one of them everywhere.", clip(n), clip(name))
		}
	}
	if len(r.names) >= r.lim.Fields {
		r.pos = at
		return 0, r.errJSON("An inventory can have at most %d different names.", r.lim.Fields)
	}
	k := len(r.names)
	r.index[name] = k
	r.names = append(r.names, name)
	r.cells = append(r.cells, cell{})
	r.set = append(r.set, 0)
	return k, nil
}

// value reads a value as text.
func (r *jsonRows) value(lists bool) (string, *rowFault) {
	r.blank()
	if r.pos >= len(r.text) {
		return "", r.errJSON("The file ends inside of a row.")
	}
	switch c := r.text[r.pos]; {
	case c == '"':
		return r.str()
	case c == '[' && lists:
		return r.list()
	case c == '-' || c >= '0' && c <= '9':
		return r.number()
	}
	for _, word := range []string{"true", "false", "null"} {
		if rest, ok := strings.CutPrefix(r.text[r.pos:], word); ok && (rest == "" || !isWordByte(rest[0])) {
			r.pos += len(word)
			return strings.TrimPrefix(word, "null"), nil
		}
	}
	return "", r.errJSON("A value must be a string, a number, true, false, null or a list of those.")
}

// list reads a list of values as words.
func (r *jsonRows) list() (string, *rowFault) {
	r.pos++
	if r.accept(']') {
		return "", nil
	}
	var words []string
	size := 0
	for {
		s, f := r.value(false)
		if f != nil {
			return "", f
		}
		if size += len(s) + 1; size > r.lim.FieldBytes {
			return "", r.errJSON("A value can have at most %d bytes.", r.lim.FieldBytes)
		}
		words = append(words, s)
		if r.accept(']') {
			return strings.Join(words, " "), nil
		}
		if !r.accept(',') {
			return "", r.errJSON("There must be a comma between two values, and ] after the last.")
		}
	}
}

// number reads a number of RFC 8259 section 6.
func (r *jsonRows) number() (string, *rowFault) {
	end := r.pos
	for end < len(r.text) && (isWordByte(r.text[end]) || strings.IndexByte("+-.", r.text[end]) >= 0) {
		end++
	}
	s := r.text[r.pos:end]
	if !json.Valid([]byte(s)) {
		return "", r.errJSON("%q is not a number. Text must be in quotes.", clip(s))
	}
	r.pos = end
	return s, nil
}

// str reads a string.
func (r *jsonRows) str() (string, *rowFault) {
	if r.pos >= len(r.text) || r.text[r.pos] != '"' {
		return "", r.errJSON("There must be a name or a text in double quotes.")
	}
	escaped := false
	for i := r.pos + 1; i < len(r.text); i++ {
		switch c := r.text[i]; {
		case c < ' ':
			r.pos = i
			return "", r.errJSON("A string must not have control characters or go over the end of the line.")
		case c == '\\':
			escaped = true
			i++
		case c == '"':
			begin := r.pos
			r.pos = i + 1
			if escaped {
				return r.unescape(begin)
			}
			return r.text[begin+1 : i], nil
		}
	}
	return "", r.errJSON("The string that begins here is not closed by a quote.")
}

// unescape decodes the string that begins at begin and ends at the position.
func (r *jsonRows) unescape(begin int) (string, *rowFault) {
	var s string
	if json.Unmarshal([]byte(r.text[begin:r.pos]), &s) != nil {
		r.pos = begin
		return "", r.errJSON("The string has a backslash that begins no known escape.")
	}
	if strings.IndexByte(s, 0) >= 0 || strings.ContainsRune(s, utf8.RuneError) {
		r.pos = begin
		return "", r.errJSON("The string has an escape that is no character.")
	}
	return s, nil
}

func (r *jsonRows) at(offset int) []cell {
	again := *r
	again.pos = offset
	again.cells = make([]cell, len(r.names))
	again.set = make([]int, len(r.names))
	again.row = 0
	if again.object() != nil {
		return nil
	}
	return again.cells
}
