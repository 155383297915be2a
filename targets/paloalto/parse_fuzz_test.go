package paloalto

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
)

// seeds returns the configurations of the test cases in a dialect.
func seeds(f *testing.F, name string) {
	for _, v := range verdictFiles(f) {
		for _, d := range dialects(f, v.config) {
			if d.name == name {
				f.Add(d.text)
			}
		}
	}
	files, err := filepath.Glob("testdata/parse/*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		ar, err := txtar.ParseFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for _, part := range ar.Files {
			if strings.HasPrefix(name, part.Name) {
				f.Add(string(part.Data))
			}
		}
	}
}

// checkAny holds what is true for every text.
func checkAny(t *testing.T, text string) {
	c, err := parse(strings.NewReader(text), targets.ParseOptions{Interfaces: []targets.Interface{{Label: "lan", Devices: []string{"client", "dmz"}}}})
	if err != nil {
		return
	}
	d, err := parse(strings.NewReader(text), targets.ParseOptions{})
	if err != nil || c.Digest != d.Digest {
		t.Fatalf("labels change the digest: %v", err)
	}
	for _, p := range c.Problems {
		if strings.ContainsAny(p.Text, "\n\r\x1b\x00") || len(p.Text) > 1000 || p.Why == "" {
			t.Errorf("problem %+q", p.Text)
		}
	}
	for _, s := range c.RuleSet.Stages {
		for _, r := range s.Rules {
			if r.Action == 0 || r.Opaque != nil && (r.Opaque.ID == "" || len(r.Opaque.ID) > 1200) {
				t.Errorf("rule %+v", r)
			}
			if strings.ContainsAny(r.Reason, "\n\r\x1b") {
				t.Errorf("reason %q", r.Reason)
			}
			if labels, except := r.In.Labels(); !except && slices.Contains(labels, ruleset.Self) {
				t.Errorf("rule %s is for the firewall itself", r.Name)
			}
		}
	}
}

func FuzzParseSet(f *testing.F) {
	seeds(f, "set")
	f.Fuzz(checkAny)
}

func FuzzParseBraces(f *testing.F) {
	seeds(f, "braces")
	f.Fuzz(checkAny)
}

func FuzzParseXML(f *testing.F) {
	seeds(f, "xml")
	f.Fuzz(checkAny)
}

// FuzzDialects holds that what was read from set lines is read again from the
// other dialects.
func FuzzDialects(f *testing.F) {
	seeds(f, "set")
	f.Fuzz(func(t *testing.T, text string) {
		// A word in quotes that holds a quote, a line break or bytes that XML
		// doesn't have can't be printed in all dialects.
		for _, line := range strings.Split(text, "\n") {
			if line != "" && !strings.HasPrefix(line, "set ") {
				return
			}
		}
		if strings.ContainsAny(text, "\"'\\\r\t;{}#!@") || strings.ToValidUTF8(text, "") != text {
			return
		}
		for _, c := range text {
			if c < ' ' && c != '\n' || c > '~' {
				return
			}
		}
		p := &parser{m: &model{}, tree: newTree("NBU-")}
		if p.read([]byte(text)) != nil || len(p.problems) > 0 || p.tree.nodes[0].first == 0 ||
			p.tree.child(0, "vsys") != 0 && p.bareScope() {
			return
		}
		for i := p.tree.nodes[0].first; i != 0; i = p.tree.nodes[i].next {
			if topShape.kids[p.tree.nodes[i].name] == nil {
				return
			}
		}
		var first *targets.Config
		for _, d := range dialects(t, text) {
			c, err := parse(strings.NewReader(d.text), targets.ParseOptions{})
			if first == nil {
				if err != nil {
					return
				}
				first = c
				continue
			}
			if d.name == "filesystem" || d.name == "xml" && len(first.Model.(*model).elsewhere) > 0 {
				continue
			}
			if err != nil {
				t.Fatalf("%s: %v\n%s", d.name, err, d.text)
			}
			if c.Digest != first.Digest {
				t.Errorf("%s: another digest\n%s\n%s", d.name, text, d.text)
			}
		}
	})
}
