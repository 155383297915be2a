package lang

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclparse"
)

// TestGuard holds one diagnostic for each hostile text, at its place.
func TestGuard(t *testing.T) {
	many := func(s string, n int) string { return strings.Repeat(s, n) }
	for _, c := range []struct {
		name, file, text, want string
	}{
		{"plain", "p.hcl", "a = [1, 2]\n", ""},
		{"empty", "p.hcl", "", ""},
		{"bom", "p.hcl", "\xef\xbb\xbfa = 1\n", ""},
		{"nul", "p.hcl", "a = 1\nb = \"x\x00\"\n", "p.hcl:2,7-8 NUL byte"},
		{"latin 1", "p.hcl", "a = 1\n# caf\xe9\n", "p.hcl:2,6-7 Invalid UTF-8"},
		{"surrogate", "p.hcl", "# \xed\xa0\x80\n", "p.hcl:1,3-4 Invalid UTF-8"},
		{"utf-16", "p.hcl", "\xff\xfea\x00", "p.hcl:1,1-3 File is UTF-16"},
		{"nested to the limit", "p.hcl", "a = " + many("[", 200) + many("]", 200), ""},
		{"lists", "p.hcl", "a = " + many("[", 201), "p.hcl:1,205-206 Nested too deep"},
		{"parentheses", "p.hcl", "a = " + many("(", 1_000_000), "p.hcl:1,205-206 Nested too deep"},
		{"blocks", "p.hcl", many("a {\n", 201), "p.hcl:201,3-4 Nested too deep"},
		{"blocks one after the other", "p.hcl", many("a {\n}\n", 5000), ""},
		{"objects", "p.hcl", "a = " + many("{x=", 201), "p.hcl:1,605-606 Nested too deep"},
		{"templates", "p.hcl", "a = " + many("\"${", 201), "p.hcl:1,606-607 Nested too deep"},
		{"directives", "p.hcl", "a = \"" + many("%{if b}", 201) + "\"", "p.hcl:1,1406-1407 Nested too deep"},
		{"directives that end", "p.hcl", "a = \"" + many("%{if b}%{endif}", 900) + "\"", ""},
		{"mismatched directives", "p.hcl", "a = \"" + many("%{if b}%{endfor}", 201) + "\"", "p.hcl:1,3197-3198 Nested too deep"},
		{"brackets in strings and comments", "p.hcl", "a = \"" + many("([{", 500) + "\" # " + many("(", 500) + "\n/*" + many("[", 500) + "*/", ""},
		{"closing brackets in strings don't count", "p.hcl", "a = " + many("[\"]\",", 201), "p.hcl:1,1005-1006 Nested too deep"},
		{"brackets in a heredoc", "p.hcl", "a = <<E\n" + many("(\n", 500) + "E\n", ""},
		{"minus", "p.hcl", "a = " + many("-", 500_000) + "1", "p.hcl:1,1005-1006 Expression too long"},
		{"minus with blanks", "p.hcl", "a = " + many("- /* x */ ", 2000) + "1", "p.hcl:1,10005-10006 Expression too long"},
		{"not", "p.hcl", "a = " + many("!", 500_000) + "true", "p.hcl:1,1005-1006 Expression too long"},
		{"sum", "p.hcl", "a = 1" + many(" + 1", 2000), "p.hcl:1,4007-4008 Expression too long"},
		{"conditionals", "p.hcl", "a = " + many("b ? c : ", 2000) + "d", "p.hcl:1,8007-8008 Expression too long"},
		{"indexes", "p.hcl", "a = b" + many("[0]", 2000), "p.hcl:1,3006-3007 Expression too long"},
		{"splats", "p.hcl", "a = b" + many(".*", 2000), "p.hcl:1,2007-2008 Expression too long"},
		{"signs in levels", "p.hcl", "a = " + many("("+many("-", 99), 20), "p.hcl:1,1005-1006 Expression too long"},
		{"operators in a for object", "p.hcl", "a = {for k, v in x : k => v" + many("\n+ v", 2000) + "}", "p.hcl:1001,1-2 Expression too long"},
		{"many small expressions", "p.hcl", many("a = -1 + 2\n", 5000), ""},
		{"a list of negative numbers", "p.hcl", "a = [" + many("-1, ", 5000) + "]", ""},
		{"a list of lists", "p.hcl", "a = [" + many("[1], ", 5000) + "]", ""},
		{"an object of calls", "p.hcl", "a = {" + many("x = f(1)\n", 5000) + "}", ""},
		{"heredoc with many sequences", "p.hcl", "a = <<E\n" + many("${b}\n", 20_000) + "E\n", "p.hcl:1002,1-2 Too many template sequences"},
		{"heredoc with many lines", "p.hcl", "a = <<E\n" + many("x\n", 50_000) + "E\n", "p.hcl:2002,2-2003,1 Too many template sequences"},
		{"dollars", "p.hcl", "a = \"" + many("$", 300_000) + "\"", "p.hcl:1,2006-2007 Too many template sequences"},
		{"percents in a short list", "p.hcl", "a = [" + many("\"100 %\", ", 5000) + "]", ""},
		{"json dollars", "p.hcl.json", `{"a": "` + many("$", 300_000) + `"}`, "p.hcl.json:1,7-8 Too many template sequences"},
		{"json lines", "p.hcl.json", `{"a": "` + many(`\n`, 300_000) + `"}`, "p.hcl.json:1,7-8 Too many template sequences"},
		{"unclosed comment", "p.hcl", "a = 1\n" + many("/* ", 300_000), "p.hcl:2,1-2 Unclosed comment"},
		{"begins of heredocs", "p.hcl", many("<<", 400) + "\n" + many("<<a", 300), ""},
		{"begins of heredocs in one line", "p.hcl", "a = [" + many("<<a-,", 200_000) + "]", ""},
		{"json", "p.hcl.json", `{"a": [{"b": "c"}]}`, ""},
		{"json nested", "p.hcl.json", many("[", 1_000_000), "p.hcl.json:1,201-202 Nested too deep"},
		{"json objects", "p.hcl.json", many(`{"a":`, 1_000), "p.hcl.json:1,1001-1002 Nested too deep"},
		{"json brackets in strings", "p.hcl.json", `{"a": "` + many("[", 1000) + `"}`, ""},
		{"json template", "p.hcl.json", "{\n\"a\": \"${" + many("(", 1000) + `"}`, "p.hcl.json:2,6-7 Nested too deep"},
		{"json escaped template", "p.hcl.json", `{"a": "\u0024{` + many("\\u0028", 1000) + `"}`, "p.hcl.json:1,7-8 Nested too deep"},
		{"json name", "p.hcl.json", `{"${` + many("-", 2000) + `1}": 1}`, "p.hcl.json:1,2-3 Expression too long"},
		{"json byte order mark", "p.hcl.json", "\xef\xbb\xbf{}", "p.hcl.json:1,1-1 Byte order mark in JSON"},
	} {
		start := time.Now()
		diags := guard(c.file, []byte(c.text), DefaultLimits())
		got := ""
		if len(diags) > 0 {
			got = fmt.Sprintf("%s %s", diags[0].Subject, diags[0].Summary)
		}
		if got != c.want || len(diags) > 1 {
			t.Errorf("%s: have %q, want %q", c.name, got, c.want)
		}
		if d := time.Since(start); d > 30*time.Second {
			t.Errorf("%s: took %v", c.name, d)
		}
	}
}

// TestGuardNamesTheOpenBracket: a bracket that is not closed makes the rest of
// a file one expression, so the hint must lead there.
func TestGuardNamesTheOpenBracket(t *testing.T) {
	src := "x = 1\ny = [1, 2\n" + strings.Repeat("z = -1 + 2\n", 1000)
	diags := guard("p.hcl", []byte(src), DefaultLimits())
	if len(diags) != 1 || !strings.Contains(diags[0].Detail, "the bracket in line 2 is not closed") {
		t.Fatal(diags)
	}
}

func TestGuardTokens(t *testing.T) {
	lim := DefaultLimits()
	lim.Tokens = 1000
	diags := guard("p.hcl", []byte("a = ["+strings.Repeat("1,", 600)+"]"), lim)
	if len(diags) != 1 || diags[0].Summary != "File too large" {
		t.Fatal(diags)
	}
}

// TestGuardedTextIsParsed gives what guard lets pass to the parser, which must
// survive: text of random brackets, signs and directives at the limits.
func TestGuardedTextIsParsed(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	parts := []string{"(", "[", "{", "\"${", "<<A\n${", "%{if a}", "%{for x in y}", "-", "!", "a ? b :", "[0]", "f(", "{for k, v in x : k => ", "a + ", "\n", ")", "}\"", "]", "}"}
	passed := 0
	for range 300 {
		part := parts[rng.IntN(len(parts))] + parts[rng.IntN(len(parts))]
		src := []byte("a = " + strings.Repeat(part, 1+rng.IntN(2000)))
		if guard("p.hcl", src, DefaultLimits()).HasErrors() {
			continue
		}
		passed++
		file, _ := hclparse.NewParser().ParseHCL(src, "p.hcl")
		attrs, _ := file.Body.JustAttributes()
		for _, attr := range attrs {
			attr.Expr.Variables()
			attr.Expr.Value(&hcl.EvalContext{})
		}
	}
	if passed < 50 {
		t.Fatalf("only %d texts passed", passed)
	}
}

func FuzzGuard(f *testing.F) {
	for _, s := range guardAlphabet {
		f.Add([]byte("a = "+s), false)
		f.Add([]byte(s), true)
	}
	f.Add([]byte(starterPolicy), false)
	f.Fuzz(func(t *testing.T, src []byte, isJSON bool) {
		name := "p.hcl"
		if isJSON {
			name = "p.hcl.json"
		}
		start := time.Now()
		diags := guard(name, src, DefaultLimits())
		if d := time.Since(start); d > 30*time.Second {
			t.Fatalf("took %v for %d bytes", d, len(src))
		}
		for _, d := range diags {
			if b := d.Subject.Start.Byte; b < 0 || b > len(src) {
				t.Fatalf("place %d of %d bytes", b, len(src))
			}
		}
		if !isJSON && len(src) < 4096 && invalidUTF8(src) < 0 && bytes.IndexByte(src, 0) < 0 && !unusualRunes(src) {
			compareScanner(t, src, guardCode)
			compareScanner(t, src, guardBare)
		}
	})
}

// unusualRunes reports text in which the lexer, whose tables are of another
// version of Unicode, may see other identifiers, or that stops it.
func unusualRunes(src []byte) bool {
	for _, r := range string(src) {
		if r > 0x24f && r != '€' || r >= 0x7f && r < 0xc0 || r == '\r' || r < ' ' && r != '\n' && r != '\t' {
			return true
		}
	}
	return false
}

func BenchmarkGuardList(b *testing.B) { benchmarkGuard(b, "p.hcl", literalPolicy(100_000), 0) }

func BenchmarkGuardBrackets(b *testing.B) {
	benchmarkGuard(b, "p.hcl", bytes.Repeat([]byte("[]\n"), 500_000), 0)
}

func BenchmarkGuardUnclosed(b *testing.B) {
	benchmarkGuard(b, "p.hcl", bytes.Repeat([]byte("["), 1_000_000), 1)
}

func benchmarkGuard(b *testing.B, name string, src []byte, want int) {
	b.SetBytes(int64(len(src)))
	b.ReportAllocs()
	for b.Loop() {
		if diags := guard(name, src, DefaultLimits()); len(diags) != want {
			b.Fatal(diags)
		}
	}
}
