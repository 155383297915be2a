package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/nbfwc/nbfwc/compile"
	"github.com/nbfwc/nbfwc/lang"
	"github.com/nbfwc/nbfwc/view"
)

// maxPrinted bounds how many messages are printed as text.
const maxPrinted = 20

// printMessages prints messages to stderr, errors first.
func printMessages(e *env, sources *lang.Sources, messages []message) {
	messages = slices.Clone(messages)
	slices.SortStableFunc(messages, func(a, b message) int { return int(a.severity) - int(b.severity) })
	width := e.errTextWidth()
	for i, m := range messages {
		if i == maxPrinted {
			fmt.Fprintf(e.stderr, "... and %d more; -json lists all.\n", len(messages)-i)
			return
		}
		if m.severity == compile.Notice || m.diag.Subject == nil || sources.Files()[m.diag.Subject.Filename] == nil {
			printPlain(e, m, width)
			continue
		}
		writeDiagnostic(e, sources.Files()[m.diag.Subject.Filename], m.diag, width)
	}
}

// printPlain prints a notice, which needs no source line, or a message about
// something that has none, such as a flag.
func printPlain(e *env, m message, width int) {
	fmt.Fprintf(e.stderr, "%s: %s\n", []string{"Error", "Warning", "Notice"}[m.severity], view.Printable(m.diag.Summary))
	if s := m.diag.Subject; s != nil {
		place := view.Printable(s.Filename)
		if m.severity == compile.Notice {
			place += fmt.Sprintf(" line %d", s.Start.Line)
		}
		fmt.Fprintf(e.stderr, "  on %s\n", place)
	}
	for _, line := range view.Wrap(m.diag.Detail, width-2) {
		fmt.Fprintf(e.stderr, "  %s\n", line)
	}
	fmt.Fprintln(e.stderr)
}

// writeDiagnostic prints a diagnostic with the source line that it is about.
// What can't be written to stderr can't be reported there either.
func writeDiagnostic(e *env, file *hcl.File, d *hcl.Diagnostic, width int) {
	_ = lang.WriteDiagnostic(e.stderr, d, file, uint(width), e.colour())
}

// printSourceDiagnostics prints diagnostics about one text.
func printSourceDiagnostics(e *env, diags hcl.Diagnostics, src []byte) {
	for _, d := range diags {
		writeDiagnostic(e, &hcl.File{Bytes: src}, d, e.errTextWidth())
	}
}

// printableLines is a text whose lines are printable.
func printableLines(text string) string {
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = view.Printable(lines[i])
	}
	return strings.Join(lines, "\n")
}
