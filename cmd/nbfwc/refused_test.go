package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/nbfwc/nbfwc/catalog"
	"github.com/nbfwc/nbfwc/compile"
	"github.com/nbfwc/nbfwc/lang"
)

var refusedExample = regexp.MustCompile("(?ms)^### ([^\n]*)\n(.*?)^```hcl\n(.*?)^```$")
var refusedMark = regexp.MustCompile(`# REFUSED: (.*)$`)

// TestRefusals runs the examples of the targets' pages: what is refused is on the
// marked line and nothing else is. Each reason in the code of a target is on its
// page, or no policy can cause it.
func TestRefusals(t *testing.T) {
	for _, target := range allTargets {
		t.Run(target.Name(), func(t *testing.T) {
			allRefusalsSaid(t, target.Name(), refusedOnPage(t, target.Name()))
		})
	}
}

// refusedOnPage runs the examples of one page and returns what was said of them.
func refusedOnPage(t *testing.T, target string) string {
	t.Helper()
	page, err := os.ReadFile(filepath.Join(repository, "docs/targets", target+".md"))
	if err != nil {
		t.Fatal(err)
	}
	_, chapter, _ := strings.Cut(string(page), "\n## What is refused\n")
	chapter, _, _ = strings.Cut(chapter, "\n## ")
	zones, _, ok := strings.Cut(chapter[strings.Index(chapter, "```hcl\n")+7:], "```")
	if !ok {
		t.Fatal("the chapter has no zones")
	}
	said := ""
	for _, m := range refusedExample.FindAllStringSubmatch(chapter, -1) {
		title, text := m[1], m[3]
		t.Run(title, func(t *testing.T) {
			p, _, diags := lang.Load(fstest.MapFS{"zones.hcl": {Data: []byte(zones)}, "policy.hcl": {Data: []byte(text)}}, ".", lang.Options{Catalog: catalog.FS})
			if p == nil {
				t.Fatal(diags)
			}
			g, problems := compile.New(p, compile.Options{})
			if g == nil {
				t.Fatal(problems)
			}
			have := checkTargets(&loaded{policy: p, graph: g})
			if len(have) != 1 {
				t.Fatalf("want one refusal, have %d: %v", len(have), have)
			}
			d := have[0].diag
			said += d.Detail + "\n"
			for i, line := range strings.Split(text, "\n") {
				mark := refusedMark.FindStringSubmatch(line)
				if marked := i+1 == d.Subject.Start.Line; marked != (mark != nil) {
					t.Errorf("line %d: marked %t, reported %t: %s", i+1, mark != nil, marked, d.Detail)
				} else if marked && !strings.Contains(d.Detail, ": "+mark[1]) {
					t.Errorf("have %s\nwant %s", d.Detail, mark[1])
				}
			}
			if !strings.HasSuffix(d.Detail, ".") || d.Summary != sumRefused {
				t.Errorf("%s: %s", d.Summary, d.Detail)
			}
		})
	}
	if said == "" {
		t.Error("nothing is refused")
	}
	return said
}

func allRefusalsSaid(t *testing.T, target, said string) {
	t.Helper()
	for _, text := range refusalsOfCode(t, target) {
		unreachable := slices.ContainsFunc(keys(unreachable[target]), func(part string) bool { return strings.Contains(text, part) })
		onPage := strings.Contains(said, longestPart(text))
		if unreachable == onPage {
			t.Errorf("on the page: %t, said to be out of reach of policies: %t: %s", onPage, unreachable, text)
		}
	}
}

func keys(m map[string]string) []string {
	var list []string
	for k := range m {
		list = append(list, k)
	}
	return list
}

var verb = regexp.MustCompile(`%[a-z]`)

// longestPart is the longest part of a format without verbs.
func longestPart(format string) string {
	return slices.MaxFunc(verb.Split(format, -1), func(a, b string) int { return len(a) - len(b) })
}

// refusalsOfCode are the formats that the target calls problem with, or makes an
// error of an anchor with.
func refusalsOfCode(t *testing.T, target string) []string {
	t.Helper()
	var list []string
	for _, name := range refusingFiles[target] {
		f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(repository, "targets", target, name), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			s, ok := call.Fun.(*ast.SelectorExpr)
			if !ok || s.Sel.Name != "problem" && s.Sel.Name != "Errorf" {
				return true
			}
			for _, arg := range call.Args {
				if lit, ok := arg.(*ast.BasicLit); ok && lit.Kind == token.STRING {
					if text, err := strconv.Unquote(lit.Value); err == nil && text != "%v" && text != "" {
						list = append(list, text)
					}
				}
			}
			return true
		})
	}
	if len(list) < 15 {
		t.Fatalf("found only %d reasons in the code", len(list))
	}
	return list
}
