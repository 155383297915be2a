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

// refusedHere are the reasons of the nftables target that no policy can cause:
// the parts of their texts, and what keeps a policy from it. Jobs that other
// programs make can.
var refusedHere = map[string]string{
	"an interface can't be called ":                            "labels are names, and none is that of the firewall itself",
	"two interfaces have this label":                           "a policy with two is refused when it is read",
	"the interface has no device":                              "the label is the device where none is given",
	"no device of Linux can have this name":                    "a name begins with a letter or digit",
	"can't stand in a device name":                             "texts with such characters are refused when a policy is read",
	"a group has no name":                                      "groups are named by compile",
	"is no range of addresses":                                 "addresses are checked when a policy is read",
	"two groups have this name, or are shortened to the same":  "names are made different by compile",
	"a section can't permit everything else":                   "the default of compile's stages is to refuse",
	"no interface has the label ":                              "rules have the interfaces of the firewall",
	"the rule is about the firewall itself":                    "such rules are made for a firewall with self only",
	"the rule has a condition that is not modelled":            "policies have no such conditions",
	"a rule permits, denies or rejects":                        "compile makes no others",
	"only tcp, udp, udplite, dccp and sctp have ports":         "a service has ports of tcp and udp only",
	"there is no group ":                                       "rules have the groups of their rule set",
	"doesn't have the addresses of the rule":                   "the addresses of a rule are those of its group",
	"ICMP types for IPv6 addresses":                            "compile gives each family its own types",
	"ICMPv6 types for IPv4 addresses":                          "compile gives each family its own types",
	"a section refuses only between named addresses":           "resets are made between declared hosts only",
	"the labels of two pairs of interfaces are shortened":      "that needs two labels with the same digest",
	"nftables output has one list for each pair of interfaces": "compile makes stages that don't overlap",
}

var refusedExample = regexp.MustCompile("(?ms)^### ([^\n]*)\n(.*?)^```hcl\n(.*?)^```$")
var refusedMark = regexp.MustCompile(`# REFUSED: (.*)$`)

// TestRefusals runs the examples of the targets' pages: what is refused is on the
// marked line and nothing else is. Each reason in the code of nftables is on its
// page, or no policy can cause it.
func TestRefusals(t *testing.T) {
	for _, target := range allTargets {
		t.Run(target.Name(), func(t *testing.T) {
			said := refusedOnPage(t, target.Name())
			if target.Name() == "nftables" {
				allRefusalsSaid(t, said)
			}
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

func allRefusalsSaid(t *testing.T, said string) {
	t.Helper()
	for _, text := range refusalsOfCode(t) {
		unreachable := slices.ContainsFunc(keys(refusedHere), func(part string) bool { return strings.Contains(text, part) })
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
func refusalsOfCode(t *testing.T) []string {
	t.Helper()
	var list []string
	for _, name := range []string{"check.go", "model.go"} {
		f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(repository, "targets/nftables", name), nil, 0)
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
	if len(list) < 20 {
		t.Fatalf("found only %d reasons in the code", len(list))
	}
	return list
}
