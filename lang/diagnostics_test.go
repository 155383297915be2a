package lang

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"

	"github.com/nbfwc/nbfwc/catalog"
)

const diagnosticsPage = "../docs/diagnostics.md"

// entry is a diagnostic as the page documents it.
type entry struct {
	summary string
	files   map[string]string
}

var fence = regexp.MustCompile("(?ms)^```(\\w+) ?(\\S*)\n(.*?)^```$")

// documented reads the chapter of the page that is about this package: what stands beside all examples, and the entries.
func documented(t *testing.T) (base string, entries []entry) {
	t.Helper()
	page, err := os.ReadFile(diagnosticsPage)
	if err != nil {
		t.Fatal(err)
	}
	_, chapter, _ := strings.Cut(string(page), "\n## Text and values\n")
	chapter, _, _ = strings.Cut(chapter, "\n## ")
	parts := strings.Split(chapter, "\n### ")
	base = fence.FindStringSubmatch(parts[0])[3]
	for _, p := range parts[1:] {
		summary, text, _ := strings.Cut(p, "\n")
		e := entry{summary: summary, files: map[string]string{}}
		for _, m := range fence.FindAllStringSubmatch(text, -1) {
			name := m[2]
			if name == "" {
				name = "policy.hcl"
			}
			e.files[name] = m[3]
		}
		entries = append(entries, e)
	}
	return base, entries
}

// expectation is a comment such as: # ERROR: Unknown reference
var expectation = regexp.MustCompile(`\s*# (ERROR|WARNING): (.*)$`)

// expected finds the comments of a file. In files that have no comments they
// are taken out.
func expected(name, text string) (clean string, want []string) {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		m := expectation.FindStringSubmatchIndex(line)
		if m == nil {
			continue
		}
		want = append(want, fmt.Sprintf("%s:%d %s: %s", name, i+1, line[m[2]:m[3]], line[m[4]:m[5]]))
		if !strings.HasSuffix(name, ".hcl") || strings.HasPrefix(line, "/*") {
			lines[i] = line[:m[0]]
		}
	}
	return strings.Join(lines, "\n"), want
}

func found(diags hcl.Diagnostics) []string {
	var got []string
	for _, d := range diags {
		severity := "ERROR"
		if d.Severity == hcl.DiagWarning {
			severity = "WARNING"
		}
		file, line := "", 0
		if d.Subject != nil {
			file, line = d.Subject.Filename, d.Subject.Start.Line
		}
		got = append(got, fmt.Sprintf("%s:%d %s: %s", file, line, severity, d.Summary))
	}
	sort.Strings(got)
	return got
}

var testDay = time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)

func testOptions() Options { return Options{Catalog: catalog.FS, Today: testDay} }

// checkFaults loads files and compares what is found with their comments.
func checkFaults(t *testing.T, files map[string]string) {
	t.Helper()
	fsys, want := fstest.MapFS{}, []string(nil)
	for name, text := range files {
		clean, w := expected(name, text)
		fsys[name] = &fstest.MapFile{Data: []byte(clean)}
		want = append(want, w...)
	}
	sort.Strings(want)
	p, sources, diags := Load(fsys, ".", testOptions())
	if diff := cmp.Diff(want, found(diags)); diff != "" {
		var text bytes.Buffer
		if err := sources.Write(&text, diags, 78, false); err != nil {
			t.Fatal(err)
		}
		t.Errorf("diagnostics differ (-want +got):\n%s\n%s", diff, text.String())
	}
	if (p == nil) != diags.HasErrors() {
		t.Errorf("policy is nil: %t, errors: %t", p == nil, diags.HasErrors())
	}
	for _, d := range diags {
		checkWording(t, d)
	}
}

// checkWording holds what every diagnostic must be.
func checkWording(t *testing.T, d *hcl.Diagnostic) {
	t.Helper()
	if d.Subject == nil && d.Summary != sumMore {
		t.Errorf("%s: no place", d.Summary)
	}
	if !strings.Contains(d.Detail+" ", ". ") && !strings.HasSuffix(d.Detail, "?") {
		t.Errorf("%s: the detail is no sentence: %s", d.Summary, d.Detail)
	}
}

func TestDocumentedExamples(t *testing.T) {
	base, entries := documented(t)
	for _, e := range entries {
		if len(e.files) == 0 {
			if examples()[e.summary] == nil && e.summary != formatOfJSON(t) {
				t.Errorf("%s: no example on the page and none in the test", e.summary)
			}
			continue
		}
		t.Run(e.summary, func(t *testing.T) {
			e.files["base.hcl"] = base
			checkFaults(t, e.files)
			all := ""
			for _, text := range e.files {
				all += text
			}
			if !strings.Contains(all, ": "+e.summary+"\n") {
				t.Errorf("the example doesn't show the fault")
			}
		})
	}
}

// TestAllDocumented compares the page with the summaries in the code.
func TestAllDocumented(t *testing.T) {
	_, entries := documented(t)
	var page []string
	for _, e := range entries {
		page = append(page, e.summary)
	}
	if !slices.IsSortedFunc(page, func(a, b string) int { return strings.Compare(strings.ToLower(a), strings.ToLower(b)) }) {
		t.Errorf("the page isn't in alphabetical order")
	}
	sort.Strings(page)
	if diff := cmp.Diff(summariesOfCode(t), page); diff != "" {
		t.Errorf("code and page differ (-code +page):\n%s", diff)
	}
}

// summariesOfCode are the constants sum..., and the literals where a summary is
// given.
func summariesOfCode(t *testing.T) []string {
	t.Helper()
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	set := map[string]bool{unknownHost: true}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			for _, e := range summaryPlaces(n) {
				if lit, ok := e.(*ast.BasicLit); ok && lit.Kind == token.STRING {
					s, _ := strconv.Unquote(lit.Value)
					set[s] = true
				}
			}
			return true
		})
	}
	delete(set, "")
	return sortedKeys(set)
}

// summaryPlaces are the expressions of a node that give a summary.
func summaryPlaces(n ast.Node) []ast.Expr {
	switch n := n.(type) {
	case *ast.ValueSpec:
		if strings.HasPrefix(n.Names[0].Name, "sum") && len(n.Values) == 1 {
			return n.Values
		}
	case *ast.KeyValueExpr:
		if k, ok := n.Key.(*ast.Ident); ok && (k.Name == "Summary" || k.Name == "summary") {
			return []ast.Expr{n.Value}
		}
	case *ast.AssignStmt:
		if s, ok := n.Lhs[0].(*ast.SelectorExpr); ok && s.Sel.Name == "summary" {
			return n.Rhs
		}
	case *ast.ReturnStmt: // of depthFault.text
		if len(n.Results) == 2 {
			if lit, ok := n.Results[0].(*ast.BasicLit); ok && strings.Contains(lit.Value, " ") && !strings.Contains(lit.Value, "%") {
				return n.Results[:1]
			}
		}
	case *ast.CallExpr:
		at := map[string]int{"guardFault": 4, "fileFault": 1, "callFault": 0}
		name := ""
		switch f := n.Fun.(type) {
		case *ast.Ident:
			name = f.Name
		case *ast.SelectorExpr:
			name = f.Sel.Name
		}
		if i, ok := at[name]; ok && i < len(n.Args) {
			return n.Args[i : i+1]
		}
	}
	return nil
}

// TestFixtures loads the files of testdata/invalid, whose comments say what is
// wrong, and those of testdata/valid, which are right.
func TestFixtures(t *testing.T) {
	for _, dir := range []string{"invalid", "valid"} {
		names, err := fs.Glob(os.DirFS("testdata"), dir+"/*.hcl*")
		if err != nil || len(names) == 0 {
			t.Fatalf("no fixtures in %s: %v", dir, err)
		}
		for _, name := range names {
			t.Run(name, func(t *testing.T) {
				text, err := os.ReadFile("testdata/" + name)
				if err != nil {
					t.Fatal(err)
				}
				if has := bytes.Contains(text, []byte("# ERROR: ")); has != (dir == "invalid") {
					t.Errorf("%s has expected errors: %t", name, has)
				}
				checkFaults(t, map[string]string{filepath.Base(name): string(text)})
			})
		}
	}
}

// formatOfJSON is the summary of the one diagnostic that loading never gives.
func formatOfJSON(t *testing.T) string {
	t.Helper()
	_, diags := Format([]byte("{}"), "p.hcl.json")
	if len(diags) != 1 {
		t.Fatalf("formatting JSON gives %d diagnostics", len(diags))
	}
	return diags[0].Summary
}
