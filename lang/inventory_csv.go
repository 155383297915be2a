package lang

import (
	"fmt"
	"strings"
)

// csvRows reads CSV as encoding/csv does (RFC 4180 with comment lines), but
// without copying fields. The first row has the headers. Fields are separated
// by commas or, if the header line has none, by semicolons or tabs, which
// spreadsheets write in countries with a decimal comma.
type csvRows struct {
	text  string
	pos   int
	line  int // of the next line, from 1
	comma byte
	lim   Limits
	names []string
	cells []cell
	again []cell    // cells that at gave
	bad   *rowFault // of the header
}

func newCSVRows(src []byte, begin int, lim Limits) *csvRows {
	r := &csvRows{text: string(src), pos: begin, line: 1, comma: ',', lim: lim}
	r.comma = r.separator()
	cells, _, _, fault := r.record()
	if fault != nil {
		fault.fatal = true
		r.bad = fault
		return r
	}
	r.names = make([]string, 0, len(cells))
	r.bad = r.header(cells)
	return r
}

// separator looks at the header line.
func (r *csvRows) separator() byte {
	probe := *r
	if !probe.skipBlank() {
		return ','
	}
	line := probe.text[probe.pos:]
	if n := strings.IndexByte(line, '\n'); n >= 0 {
		line = line[:n]
	}
	for _, c := range ",;\t" {
		if strings.ContainsRune(line, c) {
			return byte(c)
		}
	}
	return ','
}

// header takes the names of the columns.
func (r *csvRows) header(cells []cell) *rowFault {
	if cells == nil {
		return &rowFault{at: r.pos, summary: "Empty inventory", fatal: true,
			detail: "The file is empty. The first line must name the columns, such as: name,address,zone"}
	}
	seen := map[string]bool{}
	for _, c := range cells {
		h := strings.ToLower(c.text)
		if seen[h] && h != "" {
			return &rowFault{at: c.at, n: len(c.text), summary: "Duplicate column", fatal: true,
				detail: fmt.Sprintf("There are two columns %q (upper and lower case are the same). Rename one.", clip(c.text))}
		}
		seen[h] = true
		r.names = append(r.names, c.text)
	}
	if _, err := parseAddrRange(r.names[len(r.names)-1]); err == nil && len(r.names) <= 2 {
		return &rowFault{at: cells[0].at, n: 1, summary: "Missing header", fatal: true,
			detail: "The first line looks like a host. It must name the columns, such as: name,address,zone"}
	}
	return nil
}

func (r *csvRows) headers() []string { return r.names }

func (r *csvRows) next() ([]cell, int, int, *rowFault) {
	if r.bad != nil {
		return nil, r.line, 0, r.bad
	}
	cells, line, offset, fault := r.record()
	if fault == nil && cells != nil && len(cells) != len(r.names) {
		fault = r.wrongWidth(cells, offset)
	}
	return cells, line, offset, fault
}

// wrongWidth is about a row with more or fewer fields than headers.
func (r *csvRows) wrongWidth(cells []cell, offset int) *rowFault {
	f := &rowFault{at: offset, n: 1, summary: "Too few fields"}
	hint := "Check for a missing comma"
	if len(cells) > len(r.names) {
		f.summary = "Too many fields"
		f.at = cells[len(r.names)].at
		hint = "Check for a comma in a field that is not in quotes"
	}
	f.detail = fmt.Sprintf("Fields of the row: %d; columns that the first line names: %d. %s.", len(cells), len(r.names), hint)
	return f
}

func (r *csvRows) at(offset int) []cell {
	again := csvRows{text: r.text, pos: offset, line: 1, comma: r.comma, lim: r.lim, cells: r.again}
	cells, _, _, _ := again.record()
	r.again = again.cells
	return cells
}

// skipBlank goes to the next line that is neither empty nor a comment.
func (r *csvRows) skipBlank() bool {
	for r.pos < len(r.text) {
		switch rest := r.text[r.pos:]; {
		case rest[0] == '\n':
			r.pos++
		case strings.HasPrefix(rest, "\r\n"):
			r.pos += 2
		case rest == "\r":
			r.pos++
			return false
		case rest[0] == '#':
			n := strings.IndexByte(rest, '\n')
			if n < 0 {
				r.pos = len(r.text)
				return false
			}
			r.pos += n + 1
		default:
			return true
		}
		r.line++
	}
	return false
}

// record reads one record; nil cells are the end of the file. After a fault it
// goes on with the next line.
func (r *csvRows) record() (cells []cell, line, offset int, fault *rowFault) {
	if !r.skipBlank() {
		return nil, r.line, r.pos, nil
	}
	line, offset = r.line, r.pos
	r.cells = r.cells[:0]
	for more := true; more; {
		var c cell
		if r.pos < len(r.text) && r.text[r.pos] == '"' {
			c, more, fault = r.quoted()
		} else {
			c, more, fault = r.plain()
		}
		if fault == nil {
			fault = r.tooMuch(c)
		}
		if fault != nil {
			r.nextLine()
			return nil, line, offset, fault
		}
		r.cells = append(r.cells, c)
	}
	return r.cells, line, offset, nil
}

// nextLine leaves a line with a fault.
func (r *csvRows) nextLine() {
	if n := strings.IndexByte(r.text[r.pos:], '\n'); n >= 0 {
		r.pos += n + 1
		r.line++
		return
	}
	r.pos = len(r.text)
}

func (r *csvRows) tooMuch(c cell) *rowFault {
	switch {
	case len(c.text) > r.lim.FieldBytes:
		return &rowFault{at: c.at, n: 1, summary: "Field too long", detail: fmt.Sprintf("A field can have at most %d bytes.", r.lim.FieldBytes)}
	case len(r.cells) >= r.lim.Fields:
		return &rowFault{at: c.at, n: 1, summary: "Too many fields", detail: fmt.Sprintf("A row can have at most %d fields.", r.lim.Fields)}
	}
	return nil
}

// plain reads a field without quotes, and reports whether another follows in
// the row.
func (r *csvRows) plain() (cell, bool, *rowFault) {
	begin := r.pos
	text := r.text
	for i := begin; i < len(text); i++ {
		switch c := text[i]; c {
		case r.comma:
			r.pos = i + 1
			return trimmed(text[begin:i], begin), true, nil
		case '\n':
			r.pos = i + 1
			r.line++
			return trimmed(strings.TrimSuffix(text[begin:i], "\r"), begin), false, nil
		case '"':
			r.pos = i
			return cell{}, false, &rowFault{at: i, n: 1, summary: "Misplaced quote",
				detail: "A quote stands inside of a field. Put the whole field in quotes, and write the quote in it as two."}
		}
	}
	r.pos = len(text)
	return trimmed(strings.TrimSuffix(text[begin:], "\r"), begin), false, nil
}

// trimmed is a field without the blanks around it.
func trimmed(s string, at int) cell {
	if s == "" || s[0] > ' ' && s[len(s)-1] > ' ' {
		return cell{s, at}
	}
	t := strings.TrimLeft(s, " \t")
	return cell{strings.TrimRight(t, " \t"), at + len(s) - len(t)}
}

// quoted reads a field in quotes.
func (r *csvRows) quoted() (cell, bool, *rowFault) {
	begin := r.pos + 1
	doubled := false
	for i := begin; i < len(r.text); i++ {
		switch c := r.text[i]; {
		case c == '\n':
			r.line++
		case c == '"' && i+1 < len(r.text) && r.text[i+1] == '"':
			doubled = true
			i++
		case c == '"':
			r.pos = i + 1
			return r.closed(r.text[begin:i], begin, doubled)
		}
	}
	r.pos = len(r.text)
	return cell{}, false, &rowFault{at: begin - 1, n: 1, fatal: true, summary: "Unclosed quote",
		detail: "The field that begins here is not closed by a quote."}
}

// closed takes what is between quotes and looks at what follows them.
func (r *csvRows) closed(s string, at int, doubled bool) (cell, bool, *rowFault) {
	if doubled {
		s = strings.ReplaceAll(s, `""`, `"`)
	}
	if strings.Contains(s, "\r\n") {
		s = strings.ReplaceAll(s, "\r\n", "\n")
	}
	c := trimmed(s, at)
	switch rest := r.text[r.pos:]; {
	case rest == "" || rest == "\r":
		r.pos = len(r.text)
		return c, false, nil
	case rest[0] == r.comma:
		r.pos++
		return c, true, nil
	case rest[0] == '\n':
		r.pos++
	case strings.HasPrefix(rest, "\r\n"):
		r.pos += 2
	default:
		return cell{}, false, &rowFault{at: r.pos, n: 1, summary: "Misplaced quote",
			detail: "After the closing quote of a field there must be a comma or the end of the line. Write a quote that is part of the field as two."}
	}
	r.line++
	return c, false, nil
}
