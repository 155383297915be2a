package lang

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
)

const (
	// excerptRunes is how much of a source line a diagnostic shows at most, and
	// excerptBefore how much of that is before the subject in a longer line.
	excerptRunes  = 120
	excerptBefore = 40
	// excerptBytes is how far from the subject the ends of its line are looked
	// for, so that the time doesn't depend on the length of the line.
	excerptBytes = excerptRunes * utf8.UTFMax
	// detailBytes bounds a detail: a few cite what they are about.
	detailBytes = 4000
)

// WriteDiagnostic prints one diagnostic with the line of file that it is about;
// file may be nil. Of a long line only what is around the subject is shown.
// Nothing in the source, or in what is said about it, steers a terminal. The
// subject is underlined by colour, or without it by a line of carets. A width
// of 0 doesn't wrap the detail.
func WriteDiagnostic(w io.Writer, d *hcl.Diagnostic, file *hcl.File, width uint, color bool) error {
	var b strings.Builder
	severity, paint, reset := "Error", "\x1b[31m", "\x1b[0m"
	if d.Severity == hcl.DiagWarning {
		severity, paint = "Warning", "\x1b[33m"
	}
	if !color {
		paint, reset = "", ""
	}
	fmt.Fprintf(&b, "%s%s%s: %s\n\n", paint, severity, reset, Printable(clip200(d.Summary)))
	if d.Subject != nil {
		writePlace(&b, d.Subject, file, color)
	}
	if d.Detail != "" {
		detail := d.Detail
		if len(detail) > detailBytes {
			detail = strings.ToValidUTF8(detail[:detailBytes], "") + "..."
		}
		fmt.Fprintf(&b, "%s\n\n", wrapLines(detail, int(width)))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// writePlace prints where the subject is, and its line.
func writePlace(b *strings.Builder, subject *hcl.Range, file *hcl.File, color bool) {
	fmt.Fprintf(b, "  on %s line %d", Printable(subject.Filename), subject.Start.Line)
	if file == nil {
		b.WriteString("\n\n")
		return
	}
	if blocks, ok := file.Nav.(navigator); ok {
		if title := blocks.ContextString(subject.Start.Byte); title != "" {
			fmt.Fprintf(b, ", in %s", Printable(title))
		}
	}
	b.WriteString(":\n")
	if x, ok := excerptOf(file.Bytes, subject); ok {
		x.write(b, subject.Start.Line, color)
	}
	b.WriteByte('\n')
}

// excerpt is what is shown of a line: the subject is line[from:to], which may
// begin at its end.
type excerpt struct {
	line     []rune
	from, to int
}

// excerptOf is the first line of the subject, or what is around it there.
func excerptOf(src []byte, subject *hcl.Range) (excerpt, bool) {
	at := subjectStart(src, subject)
	if len(src) == 0 || at > len(src) {
		return excerpt{}, false
	}
	begin, cutBefore := lineBegin(src, at)
	end, cutAfter := lineEnd(src, at)
	x := excerpt{}
	var starts []int // of the runes in src
	for i := begin; i < end; {
		r, n := utf8.DecodeRune(src[i:end])
		x.line, starts = append(x.line, shownRune(r, n)), append(starts, i)
		i += n
	}
	for x.from < len(starts) && starts[x.from] < at {
		x.from++
	}
	for x.to = x.from; x.to < len(starts) && starts[x.to] < subject.End.Byte; {
		x.to++
	}
	return x.window(cutBefore, cutAfter), true
}

// subjectStart is the offset of the subject. A range of which only the line is
// known has the offset 0.
func subjectStart(src []byte, subject *hcl.Range) int {
	at := subject.Start.Byte
	if at == 0 {
		for line := 1; line < subject.Start.Line; line++ {
			n := bytes.IndexByte(src[at:], '\n')
			if n < 0 {
				break
			}
			at += n + 1
		}
	}
	return at
}

// lineBegin is where the line of offset at begins, or a place before at that is
// near enough.
func lineBegin(src []byte, at int) (begin int, cut bool) {
	near := max(0, at-excerptBytes)
	if n := bytes.LastIndexByte(src[near:at], '\n'); n >= 0 {
		return near + n + 1, false
	}
	if near == 0 {
		return len(src) - len(bytes.TrimPrefix(src, bom)), false
	}
	for near < at && !utf8.RuneStart(src[near]) {
		near++
	}
	return near, src[near-1] != '\n'
}

// lineEnd is where the line of offset at ends, or a place after at that is far
// enough.
func lineEnd(src []byte, at int) (end int, cut bool) {
	far := min(len(src), at+excerptBytes)
	if n := bytes.IndexByte(src[at:far], '\n'); n >= 0 {
		far = at + n
		if far > at && src[far-1] == '\r' {
			far--
		}
		return far, false
	}
	if far == len(src) {
		return far, false
	}
	for far > at && !utf8.RuneStart(src[far]) {
		far--
	}
	return far, src[far] != '\n'
}

// window cuts the line to what is shown, with dots where something was.
func (x excerpt) window(cutBefore, cutAfter bool) excerpt {
	first, last := 0, len(x.line)
	if last > excerptRunes || cutBefore || cutAfter {
		last = min(last, max(0, x.from-excerptBefore)+excerptRunes)
		first = max(0, min(x.from-excerptBefore, last-excerptRunes))
	}
	cutBefore, cutAfter = cutBefore || first > 0, cutAfter || last < len(x.line)
	shown := excerpt{line: x.line[first:last:last], from: x.from - first, to: min(x.to, last) - first}
	if cutBefore {
		shown.line = append([]rune("..."), shown.line...)
		shown.from, shown.to = shown.from+3, shown.to+3
	}
	if cutAfter {
		shown.line = append(shown.line, '.', '.', '.')
	}
	return shown
}

// write prints the excerpt with the subject marked. A subject of no length, or
// after the last character, is one column wide.
func (x excerpt) write(b *strings.Builder, number int, color bool) {
	for x.to > x.from+1 && x.line[x.to-1] == ' ' {
		x.to--
	}
	line := strings.TrimRight(string(x.line[x.to:]), " ")
	before, subject := string(x.line[:x.from]), string(x.line[x.from:x.to])
	if color {
		if subject != "" {
			subject = "\x1b[1;4m" + subject + "\x1b[0m"
		}
		fmt.Fprintf(b, "%4d: %s%s%s\n", number, before, subject, line)
		return
	}
	prefix := fmt.Sprintf("%4d: ", number)
	fmt.Fprintf(b, "%s\n", strings.TrimRight(prefix+before+subject+line, " "))
	fmt.Fprintf(b, "%s%s\n", strings.Repeat(" ", len(prefix)+columns(x.line[:x.from])), strings.Repeat("^", max(1, columns(x.line[x.from:x.to]))))
}

// columns is how wide runes are on a terminal: marks stand on the character
// before them, and East Asian characters are two wide.
func columns(runes []rune) int {
	n := 0
	for _, r := range runes {
		switch {
		case unicode.In(r, unicode.Mn, unicode.Me):
		case unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul):
			n += 2
		default:
			n++
		}
	}
	return n
}
