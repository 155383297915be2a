package lang

import (
	"bytes"
	"strings"
	"testing"
	"testing/fstest"
	"time"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
)

// printed is a diagnostic about src[from:to] as text.
func printed(t *testing.T, src string, from, to int, color bool) string {
	t.Helper()
	line := strings.Count(src[:from], "\n") + 1
	d := &hcl.Diagnostic{Severity: hcl.DiagError, Summary: "S", Detail: "D.", Subject: &hcl.Range{
		Filename: "f", Start: hcl.Pos{Line: line, Byte: from}, End: hcl.Pos{Line: line, Byte: to},
	}}
	var b strings.Builder
	if err := WriteDiagnostic(&b, d, &hcl.File{Bytes: []byte(src)}, 78, color); err != nil {
		t.Fatal(err)
	}
	text, ok := strings.CutPrefix(b.String(), "Error: S\n\n  on f line ")
	if color {
		text, ok = strings.CutPrefix(b.String(), "\x1b[31mError\x1b[0m: S\n\n  on f line ")
	}
	if !ok {
		t.Fatalf("printed %q", b.String())
	}
	_, text, _ = strings.Cut(text, ":\n")
	text, ok = strings.CutSuffix(text, "\n\nD.\n\n")
	if !ok {
		t.Fatalf("printed %q", b.String())
	}
	return text
}

func TestSubjectIsMarked(t *testing.T) {
	digits := strings.Repeat("0123456789", 20)
	for _, c := range []struct {
		name, src string
		from, to  int
		want      string
	}{
		{"word", "a = bcd # e\n", 4, 7, "   1: a = bcd # e\n          ^^^"},
		{"no length", "a = b\n", 4, 4, "   1: a = b\n          ^"},
		{"end of line", "a =\nb\n", 3, 4, "   1: a =\n         ^"},
		{"end of file", "a\n", 2, 2, "   2:\n      ^"},
		{"first of several lines", "a = [\r\n1\r\n]\r\n", 4, 12, "   1: a = [\n          ^"},
		{"tab", "\ta\n", 1, 2, "   1:  a\n       ^"},
		{"accent", "\u00e9e\u0301 = b", 8, 9, "   1: \u00e9e\u0301 = b\n           ^"},
		{"wide", "\u6f22 b", 4, 5, "   1: \u6f22 b\n         ^"},
		{"terminal", "\x1b[2J\u202eb\xff", 7, 8, "   1: ?[2J?b?\n           ^"},
		{"byte order mark", "\ufeffa b", 5, 6, "   1: a b\n        ^"},
		{"start of a long line", digits, 2, 4, "   1: " + digits[:120] + "...\n        ^^"},
		{"end of a long line", digits, 198, 200, "   1: ..." + digits[80:] + "\n" + strings.Repeat(" ", 6+3+118) + "^^"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := printed(t, c.src, c.from, c.to, false); got != c.want {
				t.Errorf("printed\n%s\nwant\n%s", got, c.want)
			}
		})
	}
	if got, want := printed(t, "a = bcd # e\n", 4, 7, true), "   1: a = \x1b[1;4mbcd\x1b[0m # e"; got != want {
		t.Errorf("in colour %q, want %q", got, want)
	}
}

// TestLongLinesAreCut holds that size and time of a message don't follow the
// size of the line, wherever in it the subject is and of whatever length.
func TestLongLinesAreCut(t *testing.T) {
	for _, unit := range []string{"[", "\u6f22", "\x80", " "} {
		src := strings.Repeat(unit, 30<<20/len(unit))
		begin := time.Now()
		for _, at := range []int{0, 1, 477, 481, len(src) / 2, len(src) - 1, len(src)} {
			for _, to := range []int{at, min(at+5, len(src)), len(src)} {
				text := printed(t, src, at, to, false)
				if n := utf8.RuneCountInString(text); n > 4*excerptRunes || strings.Count(text, "\n") != 1 {
					t.Errorf("%q at %d-%d: %d runes", unit, at, to, n)
				}
			}
		}
		// The copy of the text in printed is most of it.
		if took := time.Since(begin); took > 2*time.Minute {
			t.Errorf("%q: %v", unit, took)
		}
	}
}

func TestHostilePolicyLineIsCut(t *testing.T) {
	text := "locals { x = " + strings.Repeat("[", 1<<20)
	_, sources, diags := Load(fstest.MapFS{"p.hcl": {Data: []byte(text)}}, "p.hcl", testOptions())
	var b bytes.Buffer
	if err := sources.Write(&b, diags, 78, false); err != nil {
		t.Fatal(err)
	}
	if !diags.HasErrors() || b.Len() > 2000*len(diags) || !strings.Contains(b.String(), "^") {
		t.Errorf("%d diagnostics in %d bytes", len(diags), b.Len())
	}
}

// TestBlockOfDiagnostic: a block is named only if the place is inside of it.
func TestBlockOfDiagnostic(t *testing.T) {
	for name, text := range map[string]string{
		"p.hcl":      "variable \"v\" {\n  default = nothing.x\n}\n\noutput \"x\" {}\n\nlocals {\n  y = 1 / 0\n}\n",
		"p.hcl.json": `{"variable": {"v": {"default": "x", "bad": 1}}, "output": {"x": {}}}`,
	} {
		_, sources, diags := Load(fstest.MapFS{name: {Data: []byte(text)}}, name, testOptions())
		var b bytes.Buffer
		if err := sources.Write(&b, diags, 0, false); err != nil {
			t.Fatal(err)
		}
		seen := 0
		for _, d := range diags {
			title := sources.Files()[name].Nav.(navigator).ContextString(d.Subject.Start.Byte)
			at := d.Subject.Start.Byte
			want := ""
			switch i := strings.Index(text, "output"); {
			case at < i && at > 0 && name == "p.hcl", at > strings.Index(text, `{"default`) && at < i-5:
				want = `variable "v"`
			case strings.Contains(text, "locals") && at >= strings.Index(text, "locals"):
				want = "locals"
			}
			if title != want {
				t.Errorf("%s: offset %d is in %q, want %q", name, at, title, want)
			}
			if want == "" {
				seen++
			}
		}
		if seen == 0 {
			t.Errorf("%s: nothing outside of all blocks:\n%s", name, b.String())
		}
	}
}
