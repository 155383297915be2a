package lang

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// TestFormatStories runs testdata/format: X.in becomes X.out.
func TestFormatStories(t *testing.T) {
	files, err := filepath.Glob("testdata/format/*.in")
	if err != nil || len(files) < 3 {
		t.Fatal("stories are missing", err)
	}
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		got, diags := Format(src, file)
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		out := strings.TrimSuffix(file, ".in") + ".out"
		if *update {
			if err := os.WriteFile(out, got, 0o666); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s:\nhave:\n%s\nwant:\n%s", file, got, want)
		}
		checkFormatted(t, src)
	}
}

// checkFormatted holds for all text that can be formatted: the tokens stay,
// comments included, once is enough, and the end is one newline.
func checkFormatted(t *testing.T, src []byte) {
	t.Helper()
	once, diags := Format(src, "p.hcl")
	if diags.HasErrors() {
		return
	}
	twice, diags := Format(once, "p.hcl")
	if diags.HasErrors() {
		t.Fatalf("%q becomes %q, which is not HCL: %v", src, once, diags)
	}
	if !bytes.Equal(once, twice) {
		t.Fatalf("%q becomes\n%q and that\n%q", src, once, twice)
	}
	if len(once) > 0 && (once[len(once)-1] != '\n' || bytes.HasSuffix(once, []byte("\n\n"))) {
		t.Fatalf("%q ends wrong", once)
	}
	if a, b := tokenTexts(src), tokenTexts(once); strings.Join(a, "|") != strings.Join(b, "|") {
		t.Fatalf("%q becomes %q: tokens\n%q\n%q", src, once, a, b)
	}
}

// tokenTexts are the tokens without newlines and blanks at the end of comments.
func tokenTexts(src []byte) []string {
	tokens, _ := hclsyntax.LexConfig(src, "", hcl.InitialPos)
	var all []string
	for _, t := range tokens {
		text := strings.ReplaceAll(string(t.Bytes), "\r", "")
		if t.Type != hclsyntax.TokenStringLit {
			text = strings.TrimSpace(text)
		}
		if text != "" {
			all = append(all, text)
		}
	}
	return all
}

// formatAlphabet is lines that make HCL in most orders.
var formatAlphabet = []string{
	"a=1", "bcd  =  \"x ${  y  }\"", "# c", "  // d  ", "/* e */", "\n", "\n\n\n", "\r\n", "block \"l\" {", "}", "b{}", "l = [1,2,", "3]", "f = {", "x=1,y =2 ", "}",
	"h = <<EOT\n  text\nEOT", "h = <<-EOT\n\ttext ${a}\n  EOT", "c = a?b:c", "p=(1+2)*-3", "s = \"%{if a}b%{endif}\"", "g = f(a,b...)", " ", "\t", "u = !a", "o = [for x in y:x if z]",
	"i = a[0].b[*].c", "e = a.*.b", "q = -1", "long_name_here = 1 # comment", "z = 1 # other",
}

func TestFormatIsIdempotent(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	done := 0
	for range 60_000 {
		var b bytes.Buffer
		for range 1 + rng.IntN(8) {
			b.WriteString(formatAlphabet[rng.IntN(len(formatAlphabet))])
			if rng.IntN(4) > 0 {
				b.WriteString("\n")
			}
		}
		if _, diags := Format(b.Bytes(), "p.hcl"); !diags.HasErrors() {
			done++
		}
		checkFormatted(t, b.Bytes())
	}
	if done < 3000 {
		t.Fatalf("only %d texts were HCL", done)
	}
}

func FuzzFormat(f *testing.F) {
	for _, s := range formatAlphabet {
		f.Add([]byte(s))
	}
	f.Add([]byte(starterPolicy))
	f.Fuzz(func(t *testing.T, src []byte) {
		if len(src) < 2000 {
			checkFormatted(t, src)
		}
	})
}

func TestFormatRefuses(t *testing.T) {
	for name, src := range map[string]string{"p.hcl.json": "{}", "p.hcl": "a = ["} {
		if out, diags := Format([]byte(src), name); out != nil || !diags.HasErrors() {
			t.Errorf("%s: %q is formatted", name, src)
		}
	}
}

// literalPolicy has a list of n addresses.
func literalPolicy(n int) []byte {
	var b bytes.Buffer
	b.WriteString("domain \"d\" {\n  hosts \"h\" {\n    roles = [role.client]\n    addresses = [\n")
	for i := range n {
		fmt.Fprintf(&b, "      \"10.%d.%d.%d\",\n", i>>16, i>>8&255, i&255)
	}
	b.WriteString("    ]\n  }\n}\n")
	return b.Bytes()
}

func BenchmarkFormatList(b *testing.B) {
	src := literalPolicy(100_000)
	b.SetBytes(int64(len(src)))
	b.ReportAllocs()
	for b.Loop() {
		if _, diags := Format(src, "p.hcl"); diags.HasErrors() {
			b.Fatal(diags)
		}
	}
}
