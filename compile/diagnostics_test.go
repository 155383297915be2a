package compile

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/nbfwc/nbfwc/catalog"
	"github.com/nbfwc/nbfwc/lang"
)

// entry is a problem as docs/diagnostics.md documents it.
type entry struct {
	summary, text string
	files         map[string]string
}

var fence = regexp.MustCompile("(?ms)^```(\\w+) ?(\\S*)\n(.*?)^```$")

// documented reads the chapters of the page that are about this package: the
// network that stands beside all examples, and the entries.
func documented(t *testing.T) (network string, chapters [][]entry) {
	t.Helper()
	page, err := os.ReadFile("../docs/diagnostics.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range strings.Split(string(page), "\n## ")[1:] {
		title, _, _ := strings.Cut(c, "\n")
		if !slices.Contains([]string{"Network and flows", "What NetBackup's guide warns of"}, title) {
			continue
		}
		parts := strings.Split(c, "\n### ")
		if m := fence.FindStringSubmatch(parts[0]); m != nil {
			network = m[3]
		}
		var list []entry
		for _, p := range parts[1:] {
			summary, text, _ := strings.Cut(p, "\n")
			e := entry{summary, text, map[string]string{}}
			for _, m := range fence.FindAllStringSubmatch(text, -1) {
				name := m[2]
				if name == "" {
					name = "policy.hcl"
				}
				e.files[name] = m[3]
			}
			list = append(list, e)
		}
		chapters = append(chapters, list)
	}
	if len(chapters) != 2 || network == "" {
		t.Fatalf("the page has %d of the two chapters", len(chapters))
	}
	return network, chapters
}

// expectation is a comment such as: # ERROR: Zone behind no firewall
var expectation = regexp.MustCompile(`# (ERROR|WARNING|NOTICE): (.*)$`)

func expected(name, text string) []string {
	var want []string
	for i, line := range strings.Split(text, "\n") {
		if m := expectation.FindStringSubmatch(line); m != nil {
			want = append(want, fmt.Sprintf("%s:%d %s: %s", name, i+1, m[1], m[2]))
		}
	}
	return want
}

// TestDocumentedExamples compiles each example of the page with the embedded
// catalogue. What is said of it is exactly what its comments say, gaps apart.
func TestDocumentedExamples(t *testing.T) {
	network, chapters := documented(t)
	for _, e := range slices.Concat(chapters...) {
		if len(e.files) == 0 {
			if examples[e.summary] == nil {
				t.Errorf("%s: no example on the page and none in the test", e.summary)
			}
			continue
		}
		t.Run(e.summary, func(t *testing.T) {
			fsys := fstest.MapFS{"network.hcl": {Data: []byte(network)}}
			var want []string
			for name, text := range e.files {
				fsys[name] = &fstest.MapFile{Data: []byte(text)}
				want = append(want, expected(name, text)...)
			}
			p, _, diags := lang.Load(fsys, ".", lang.Options{Catalog: catalog.FS})
			if p == nil || len(diags) > 0 {
				t.Fatal(diags)
			}
			g, problems := New(p, Options{})
			problems = withoutGaps(problems, e.summary)
			if diff := cmp.Diff(sorted(want), sorted(reported(problems))); diff != "" {
				t.Errorf("problems differ (-want +got):\n%s", diff)
				for _, p := range problems {
					t.Logf("%s: %s", p.Summary, p.Detail)
				}
			}
			if !strings.Contains(strings.Join(want, "\n")+"\n", ": "+e.summary+"\n") {
				t.Errorf("the example doesn't show the problem")
			}
			if refused := slices.ContainsFunc(problems, func(p Problem) bool { return p.Severity == Error }); refused != (g == nil) {
				t.Errorf("errors: %t, graph is nil: %t", refused, g == nil)
			}
			for _, p := range problems {
				checkWording(t, p)
			}
		})
	}
}

func sorted(list []string) []string { sort.Strings(list); return list }

func reported(problems []Problem) []string {
	var got []string
	for _, p := range problems {
		severity := [...]string{Error: "ERROR", Warning: "WARNING", Notice: "NOTICE"}[p.Severity]
		got = append(got, fmt.Sprintf("%s:%d %s: %s", p.Subject.File, p.Subject.Line, severity, p.Summary))
	}
	return got
}

// checkWording holds what every problem must be: a short summary without a name
// of the user's, a detail in whole sentences, a place.
func checkWording(t *testing.T, p Problem) {
	t.Helper()
	if len(p.Summary) > 60 || strings.ContainsAny(p.Summary, `".`) {
		t.Errorf("the summary is too long or has names in it: %s", p.Summary)
	}
	if p.Subject == (lang.Origin{}) {
		t.Errorf("%s: no place", p.Summary)
	}
	first := strings.ToUpper(p.Detail[:1])
	if !strings.HasSuffix(p.Detail, ".") || p.Detail[:1] != first || strings.Contains(p.Detail, "%!") {
		t.Errorf("%s: the detail is no sentence: %s", p.Summary, p.Detail)
	}
}

// examples are the problems whose example is too large for a page, or no text.
var examples = map[string]func(t *testing.T, network string) (*lang.Policy, Options){
	"Hosts partly on a firewall": func(t *testing.T, _ string) (*lang.Policy, Options) {
		p := load(t, map[string][]byte{"policy.hcl": []byte(`
zone "core" { networks = ["10.0.0.0/24"] }
firewall "host" {
  target = "nftables"
  manage = "exclusive"
  self   = [hosts.media]
  interface "eth0" { zones = [zone.core] }
}
domain "prod" {
  version = "7.6"
  hosts "media" {
    roles     = [role.media]
    addresses = ["10.0.0.5", "10.0.0.6"]
  }
}
`)})
		// The policy's text has both hosts on the firewall; now one leaves it.
		p.Firewalls[0].Self = p.Domains[0].Groups[0].Legs[0].Addrs[:1]
		return p, Options{}
	},
	"Too many flows": func(t *testing.T, network string) (*lang.Policy, Options) {
		return load(t, map[string][]byte{"network.hcl": []byte(network), "policy.hcl": []byte(`
domain "prod" {
  version = "7.6"
  hosts "master" {
    addresses = ["10.0.0.10"]
    roles     = [role.master]
  }
  hosts "media" {
    addresses = ["192.0.2.10"]
    roles     = [role.media]
  }
}
`)}), Options{MaxFlows: 2}
	},
	// Ten firewalls side by side, three times in a row, are a thousand ways.
	"Too many ways between two zones": func(t *testing.T, network string) (*lang.Policy, Options) {
		var text strings.Builder
		text.WriteString("zone \"far\" { networks = [\"10.9.0.0/24\"] }\n")
		last := "core"
		for i, next := range []string{"t1", "t2", "far"} {
			if next != "far" {
				fmt.Fprintf(&text, "zone %q {\n  networks = [\"10.8.%d.0/24\"]\n  transit = true\n}\n", next, i)
			}
			for n := range 10 {
				fmt.Fprintf(&text, "firewall \"f%d-%d\" {\n  target = \"nftables\"\n  interface \"a\" { zones = [zone.%s] }\n  interface \"b\" { zones = [zone.%s] }\n}\n", i, n, last, next)
			}
			last = next
		}
		text.WriteString("flow \"x\" {\n  from = zone.core\n  to = zone.far\n  service = service.pbx\n}\npath \"p\" { avoid = [firewall.edge] }\n")
		return load(t, map[string][]byte{"network.hcl": []byte(network), "policy.hcl": []byte(text.String())}), Options{}
	},
}

func TestExamplesBeyondThePage(t *testing.T) {
	network, _ := documented(t)
	for summary, example := range examples {
		t.Run(summary, func(t *testing.T) {
			p, opt := example(t, network)
			g, problems := New(p, opt)
			problems = withoutGaps(problems, summary)
			for _, p := range problems {
				checkWording(t, p)
			}
			if len(problems) != 1 || problems[0].Summary != summary || problems[0].Severity != Error || g != nil {
				t.Errorf("want one error %q, graph is nil: %t; have %v", summary, g == nil, problems)
			}
		})
	}
}

// TestAllDocumented compares the page with the summaries in the code.
func TestAllDocumented(t *testing.T) {
	_, chapters := documented(t)
	var page []string
	for _, list := range chapters {
		var names []string
		for _, e := range list {
			names = append(names, e.summary)
			if prose, _, _ := strings.Cut(e.text, "```"); len(strings.TrimSpace(prose)) < 40 {
				t.Errorf("%s: the page doesn't say what it means and what to do", e.summary)
			}
		}
		if !slices.IsSortedFunc(names, func(a, b string) int { return strings.Compare(strings.ToLower(a), strings.ToLower(b)) }) {
			t.Errorf("the chapter isn't in alphabetical order: %q", names)
		}
		page = append(page, names...)
	}
	if diff := cmp.Diff(summariesOfCode(t), sorted(page)); diff != "" {
		t.Errorf("code and page differ (-code +page):\n%s", diff)
	}
}

// summariesOfCode are the constants sum..., and the literals where a summary is
// given. A summary that is given in any other way is a mistake, except where
// one struct hands it to another.
func summariesOfCode(t *testing.T) []string {
	t.Helper()
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	set := map[string]bool{}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			var value ast.Expr
			switch n := n.(type) {
			case *ast.ValueSpec:
				if strings.HasPrefix(n.Names[0].Name, "sum") && len(n.Values) == 1 {
					value = n.Values[0]
				}
			case *ast.KeyValueExpr:
				if k, ok := n.Key.(*ast.Ident); ok && (k.Name == "Summary" || k.Name == "summary") {
					value = n.Value
				}
			}
			switch v := value.(type) {
			case *ast.BasicLit:
				s, _ := strconv.Unquote(v.Value)
				set[s] = true
			case *ast.CallExpr, *ast.BinaryExpr:
				t.Errorf("%s: a summary is made up: it must be the same words every time", name)
			}
			return true
		})
	}
	var list []string
	for s := range set {
		list = append(list, s)
	}
	return sorted(list)
}
