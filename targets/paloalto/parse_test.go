package paloalto

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/nbfwc/nbfwc/targets"
)

// TestParse reads testdata/parse: a sentence, one configuration in one or more
// dialects, and what must be found in it: facts, and problems as LINE: TEXT: the
// beginning of WHY, none if there is no such part. Lines count in the first.
func TestParse(t *testing.T) {
	names, err := filepath.Glob("testdata/parse/*.txtar")
	if err != nil || len(names) == 0 {
		t.Fatal("no cases", err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			ar, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			var first *targets.Config
			var facts, problems string
			for _, f := range ar.Files {
				text := string(f.Data)
				switch f.Name {
				case "facts":
					facts = text
					continue
				case "problems":
					problems = text
					continue
				}
				c, err := parse(strings.NewReader(text), targets.ParseOptions{})
				if err != nil {
					t.Fatalf("%s: %v", f.Name, err)
				}
				if first == nil {
					first = c
					continue
				}
				if c.Digest != first.Digest {
					t.Errorf("%s: another digest than the first", f.Name)
				}
				sameRules(t, f.Name, c, first)
			}
			checkFacts(t, first, facts)
			checkProblems(t, first.Problems, problems)
		})
	}
}

func checkProblems(t *testing.T, have []targets.Problem, want string) {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(want), "\n")
	if want == "" {
		lines = nil
	}
	for i, p := range have {
		s := fmt.Sprintf("%d: %s: %s", p.Line, p.Text, p.Why)
		if i >= len(lines) || !strings.HasPrefix(s, lines[i]) {
			t.Errorf("problem %q", s)
		}
	}
	if len(have) < len(lines) {
		t.Errorf("%d problems, want %d", len(have), len(lines))
	}
}

// checkFacts holds lines THING [NAME] [FIELD] = VALUE against a configuration.
func checkFacts(t *testing.T, c *targets.Config, facts string) {
	t.Helper()
	for _, line := range strings.Split(strings.TrimSpace(facts), "\n") {
		if line == "" {
			continue
		}
		what, want, ok := strings.Cut(line, " = ")
		if !ok {
			t.Fatalf("fact %q", line)
		}
		have, found := fact(c, what)
		if want == "none" {
			if found {
				t.Errorf("%s is there: %q", what, have)
			}
			continue
		}
		text, err := strconv.Unquote(want)
		if err != nil {
			t.Fatalf("fact %q: %v", line, err)
		}
		if !found || have != text {
			t.Errorf("%s is %q, want %q", what, have, text)
		}
	}
}

func fact(c *targets.Config, what string) (string, bool) {
	m := c.Model.(*model)
	s := m.context()
	w := strings.Split(what, " ")
	name, field := strings.Join(w[1:max(len(w)-1, 1)], " "), w[len(w)-1]
	if len(w) == 2 {
		name = w[1]
	}
	switch w[0] {
	case "hostname":
		return c.Hostname, true
	case "context":
		return c.Context, true
	case "address":
		if a := s.addresses.get(name); a != nil {
			return map[string]string{"description": a.description, "value": a.value, "tags": strings.Join(a.tags, ",")}[field], true
		}
	case "service":
		if v := s.services.get(name); v != nil {
			return map[string]string{"port": v.port, "timeout": strconv.Itoa(v.timeout)}[field], true
		}
	case "tag":
		if g := s.tags.get(name); g != nil {
			return g.comments, true
		}
	case "zone":
		for _, f := range c.Interfaces {
			if f.Label == name {
				return strings.Trim(fmt.Sprint(f.Networks), "[]"), true
			}
		}
	case "group":
		for _, g := range c.RuleSet.Groups {
			if g.Name == name {
				return g.Set.String(), true
			}
		}
	case "nat":
		for _, r := range c.NAT {
			if first, _, _ := strings.Cut(r.Text, " "); first == name {
				return r.Addrs.String(), true
			}
		}
	case "rule":
		return ruleFact(c, s, name, field)
	}
	return "", false
}

func ruleFact(c *targets.Config, s *scope, name, field string) (string, bool) {
	r := s.rules.security.get(name)
	if r == nil {
		return "", false
	}
	var idle []string
	log, profile := "", ""
	for _, st := range c.RuleSet.Stages {
		for _, x := range st.Rules {
			if x.Name == name {
				if len(idle) == 0 || idle[len(idle)-1] != x.Idle.String() {
					idle = append(idle, x.Idle.String())
				}
				log, profile = strconv.FormatBool(x.Log), x.Profile
			}
		}
	}
	return map[string]string{
		"description": r.description, "type": r.ruleType, "source": strings.Join(r.source, ","),
		"idle": strings.Join(idle, " "), "log": log, "profile": profile,
	}[field], true
}

// TestParseErrors are texts of which nothing is read.
func TestParseErrors(t *testing.T) {
	for _, c := range []struct{ text, context, want string }{
		{"", "", "holds no configuration"},
		{"# only a comment\n\n", "", "holds no configuration"},
		{`{"config": {}}`, "", "this is JSON"},
		{"address {\n  a {\n    ip-netmask 10.0.0.1;\n", "", "the text ends inside a block"},
		{"address {\n}\n}\n", "", "line 3: a closing brace too many"},
		{"address {\n  a [ b {\n", "", `line 2: '{' is out of place`},
		{"<config><devices>", "", "line 1: the text ends inside an element"},
		{"<config></devices>", "", `an end of "devices"`},
		{"<!DOCTYPE x [<!ENTITY a \"b\">]><config/>", "", "a document type is declared"},
		{"<config>&lol;</config>", "", "the entity &lol;"},
		{"set vsys vsys1 address a\nset vsys vsys2 address a\n", "vsys3", `no "vsys3"; it has vsys1, vsys2`},
	} {
		_, err := parse(strings.NewReader(c.text), targets.ParseOptions{Context: c.context})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v, want %s", c.text, err, c.want)
		}
	}
}
