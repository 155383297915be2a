package view

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestTextFitsTheWidthAndLosesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cell := rapid.StringMatching(`[a-z]{0,12}( [a-z]{1,12}){0,4}`)
		tb := Table{Heading: []string{"A", "B", "C"}}
		for range rapid.IntRange(0, 5).Draw(t, "rows") {
			tb.Add(cell.Draw(t, "a"), cell.Draw(t, "b"), cell.Draw(t, "c"))
		}
		var out bytes.Buffer
		if err := tb.Text(&out, 80); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(out.String()) {
			if utf8.RuneCountInString(strings.TrimSuffix(line, "\n")) > 80 {
				t.Fatalf("line is too long: %q", line)
			}
			if strings.HasSuffix(strings.TrimSuffix(line, "\n"), " ") {
				t.Fatalf("line ends with a blank: %q", line)
			}
		}
		want := 3
		for _, row := range tb.Rows {
			for _, c := range row {
				want += len(strings.ReplaceAll(c, " ", ""))
			}
		}
		got := len(strings.Join(strings.Fields(out.String()), ""))
		if got != want {
			t.Fatalf("%d letters in the table, %d in the text:\n%s", want, got, out.String())
		}
	})
}

func TestOutsideTextIsHarmless(t *testing.T) {
	tb := Table{Heading: []string{"HOST"}}
	tb.Add("=HYPERLINK(\"x\")")
	tb.Add("a|b<script>")
	tb.Add("esc\x1b[2J\nnew \xff line")
	var text, md, csv bytes.Buffer
	for _, err := range []error{tb.Text(&text, 80), tb.Markdown(&md), tb.CSV(&csv)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if want := "HOST\n=HYPERLINK(\"x\")\na|b<script>\nesc\\x1b[2J\\nnew \\xff line\n"; text.String() != want {
		t.Errorf("text is %q, want %q", text.String(), want)
	}
	if want := "| HOST |\n|---|\n| =HYPERLINK(\"x\") |\n| a\\|b&lt;script&gt; |\n| esc\\\\x1b\\[2J\\\\nnew \\\\xff line |\n"; md.String() != want {
		t.Errorf("markdown is %q, want %q", md.String(), want)
	}
	if want := "HOST\n\"'=HYPERLINK(\"\"x\"\")\"\na|b<script>\nesc\\x1b[2J\\nnew \\xff line\n"; csv.String() != want {
		t.Errorf("csv is %q, want %q", csv.String(), want)
	}
}
