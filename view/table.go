package view

import (
	"encoding/csv"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/nbfwc/nbfwc/lang"
)

// Table is rows of text under a heading. All rows have as many cells as the
// heading.
type Table struct {
	Heading []string
	Rows    [][]string
}

// Add appends a row.
func (t *Table) Add(cells ...string) { t.Rows = append(t.Rows, cells) }

// Text writes the table in columns of at most width runes in all; 0 sets no
// limit. A cell that is too long for its column goes on in the next line of
// the same column: nothing is cut off.
func (t *Table) Text(w io.Writer, width int) error {
	cols := t.columnWidths(width)
	if err := textRow(w, t.Heading, cols); err != nil {
		return err
	}
	for _, row := range t.Rows {
		if err := textRow(w, row, cols); err != nil {
			return err
		}
	}
	return nil
}

const columnGap = 2

// columnWidths gives each column what it needs, and where that is more than
// width in all, takes from the widest columns first: down to their longest
// words, and only if that doesn't do, further.
func (t *Table) columnWidths(width int) []int {
	cols, words := make([]int, len(t.Heading)), make([]int, len(t.Heading))
	for _, row := range append([][]string{t.Heading}, t.Rows...) {
		for i, cell := range row {
			cell = Printable(cell)
			cols[i] = max(cols[i], utf8.RuneCountInString(cell))
			for word := range strings.FieldsSeq(cell) {
				words[i] = max(words[i], utf8.RuneCountInString(word))
			}
		}
	}
	total := columnGap * (len(cols) - 1)
	for _, c := range cols {
		total += c
	}
	if width <= 0 {
		return cols
	}
	total = shrink(cols, words, total, width)
	shrink(cols, make([]int, len(cols)), total, width)
	return cols
}

// narrowest is the least width that a column is shrunk to.
const narrowest = 8

// shrink takes from the widest column that is above its floor until the total
// is at most width or every column is at its floor. It returns the total.
func shrink(cols, floors []int, total, width int) int {
	for total > width {
		widest := -1
		for i, c := range cols {
			if c > max(floors[i], narrowest) && (widest < 0 || c > cols[widest]) {
				widest = i
			}
		}
		if widest < 0 {
			break
		}
		cols[widest]--
		total--
	}
	return total
}

func textRow(w io.Writer, row []string, cols []int) error {
	cells := make([][]string, len(row))
	height := 1
	for i, cell := range row {
		cells[i] = wrap(Printable(cell), cols[i])
		height = max(height, len(cells[i]))
	}
	var b strings.Builder
	for line := range height {
		pad := 0
		for i := range cells {
			text := ""
			if line < len(cells[i]) {
				text = cells[i][line]
			}
			if text != "" {
				b.WriteString(strings.Repeat(" ", pad))
				b.WriteString(text)
				pad = 0
			}
			pad += cols[i] - utf8.RuneCountInString(text) + columnGap
		}
		b.WriteByte('\n')
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// wrap breaks text into lines of at most width runes, at blanks where it can.
func wrap(text string, width int) []string {
	var lines []string
	for utf8.RuneCountInString(text) > width && width > 0 {
		cut := runeOffset(text, width)
		if blank := strings.LastIndexByte(text[:cut+1], ' '); blank > 0 {
			cut = blank
		} else if comma := strings.LastIndexByte(text[:cut], ','); comma > 0 {
			cut = comma + 1
		}
		lines = append(lines, strings.TrimRight(text[:cut], " "))
		text = strings.TrimLeft(text[cut:], " ")
	}
	return append(lines, text)
}

// runeOffset is the byte offset of rune n of text, which has more than n runes.
func runeOffset(text string, n int) int {
	for i := range text {
		if n == 0 {
			return i
		}
		n--
	}
	return len(text)
}

// Markdown writes the table as GitHub-flavoured Markdown.
func (t *Table) Markdown(w io.Writer) error {
	var b strings.Builder
	row := func(cells []string) {
		for _, cell := range cells {
			b.WriteString("| ")
			b.WriteString(markdownCell(cell))
			b.WriteByte(' ')
		}
		b.WriteString("|\n")
	}
	row(t.Heading)
	b.WriteString(strings.Repeat("|---", len(t.Heading)) + "|\n")
	for _, r := range t.Rows {
		row(r)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

var markdownEscapes = strings.NewReplacer(
	`\`, `\\`, "|", `\|`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "<", "&lt;", ">", "&gt;", "&", "&amp;")

func markdownCell(s string) string { return markdownEscapes.Replace(Printable(s)) }

// CSV writes the table as RFC 4180 CSV. A cell that a spreadsheet would take
// for a formula is written with an apostrophe before it.
func (t *Table) CSV(w io.Writer) error {
	cw := csv.NewWriter(w)
	for _, row := range append([][]string{t.Heading}, t.Rows...) {
		safe := make([]string, len(row))
		for i, cell := range row {
			safe[i] = csvCell(cell)
		}
		if err := cw.Write(safe); err != nil {
			return err
		}
	}
	cw.Flush()
	return cw.Error()
}

func csvCell(s string) string {
	s = Printable(s)
	if s != "" && strings.ContainsRune("=+-@", rune(s[0])) {
		return "'" + s
	}
	return s
}

// Printable is s with everything that could steer a terminal or break a line
// written as an escape: control and format characters and invalid UTF-8.
func Printable(s string) string { return lang.Printable(s) }

// Wrap breaks text into lines of at most width runes; line breaks in it stay.
func Wrap(text string, width int) []string {
	var lines []string
	for line := range strings.Lines(text) {
		lines = append(lines, wrap(Printable(strings.TrimRight(line, "\n")), width)...)
	}
	return lines
}
