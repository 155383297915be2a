package view

import (
	"fmt"
	"io"
	"strings"

	"github.com/sergi/go-diff/diffmatchpatch"
)

// maxLineProduct bounds the work of a line difference: beyond it (old lines
// times new lines, common ends not counted) the middle is shown as replaced.
const maxLineProduct = 16 << 20

// edit is a run of lines that were kept (' '), removed ('-') or added ('+').
type edit struct {
	kind  byte
	lines []string
}

// LineDiff writes the difference of two texts in unified form, with three
// lines of context; nothing if they are equal. The result depends on the texts
// alone: the library's time limit, which makes results depend on the machine,
// is off, and large inputs are bounded by size instead.
func LineDiff(w io.Writer, oldName, oldText, newName, newText string) error {
	if oldText == newText {
		return nil
	}
	if _, err := fmt.Fprintf(w, "--- %s\n+++ %s\n", Printable(oldName), Printable(newName)); err != nil {
		return err
	}
	return writeHunks(w, lineEdits(splitLines(oldText), splitLines(newText)))
}

// splitLines keeps line ends, so that a missing last one is a difference.
func splitLines(text string) []string {
	lines := strings.SplitAfter(text, "\n")
	if lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	return lines
}

func lineEdits(a, b []string) []edit {
	head := 0
	for head < len(a) && head < len(b) && a[head] == b[head] {
		head++
	}
	tail := 0
	for tail < len(a)-head && tail < len(b)-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	edits := []edit{{' ', a[:head]}}
	edits = append(edits, middleEdits(a[head:len(a)-tail], b[head:len(b)-tail])...)
	return append(edits, edit{' ', a[len(a)-tail:]})
}

func middleEdits(a, b []string) []edit {
	if len(a)*len(b) > maxLineProduct {
		return []edit{{'-', a}, {'+', b}}
	}
	dmp := diffmatchpatch.New()
	dmp.DiffTimeout = 0
	runesA, runesB, table := dmp.DiffLinesToRunes(strings.Join(a, ""), strings.Join(b, ""))
	var edits []edit
	for _, d := range dmp.DiffCharsToLines(dmp.DiffMainRunes(runesA, runesB, false), table) {
		edits = append(edits, edit{map[diffmatchpatch.Operation]byte{
			diffmatchpatch.DiffEqual: ' ', diffmatchpatch.DiffDelete: '-', diffmatchpatch.DiffInsert: '+',
		}[d.Type], splitLines(d.Text)})
	}
	return edits
}

const diffContext = 3

// writeHunks writes the edits, leaving out what is far from any change.
func writeHunks(w io.Writer, edits []edit) error {
	type line struct {
		kind byte
		text string
	}
	var all []line
	for _, e := range edits {
		for _, text := range e.lines {
			all = append(all, line{e.kind, text})
		}
	}
	near := make([]bool, len(all)) // within the context of a change
	for i, l := range all {
		if l.kind == ' ' {
			continue
		}
		for k := max(0, i-diffContext); k <= min(len(all)-1, i+diffContext); k++ {
			near[k] = true
		}
	}
	oldLine, newLine := 1, 1
	for i := 0; i < len(all); {
		if !near[i] {
			oldLine++
			newLine++
			i++
			continue
		}
		end, oldCount, newCount := i, 0, 0
		for end < len(all) && near[end] {
			if all[end].kind != '+' {
				oldCount++
			}
			if all[end].kind != '-' {
				newCount++
			}
			end++
		}
		var b strings.Builder
		fmt.Fprintf(&b, "@@ -%s +%s @@\n", hunkRange(oldLine, oldCount), hunkRange(newLine, newCount))
		for _, l := range all[i:end] {
			b.WriteByte(l.kind)
			b.WriteString(Printable(strings.TrimSuffix(l.text, "\n")))
			b.WriteByte('\n')
			if !strings.HasSuffix(l.text, "\n") {
				b.WriteString("\\ No newline at end of file\n")
			}
		}
		if _, err := io.WriteString(w, b.String()); err != nil {
			return err
		}
		oldLine, newLine, i = oldLine+oldCount, newLine+newCount, end
	}
	return nil
}

// hunkRange spells a range of a unified difference: an empty one stands after
// the line before it.
func hunkRange(start, count int) string {
	switch count {
	case 0:
		return fmt.Sprintf("%d,0", start-1)
	case 1:
		return fmt.Sprint(start)
	}
	return fmt.Sprintf("%d,%d", start, count)
}
