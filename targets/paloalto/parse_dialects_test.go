package paloalto

import (
	"encoding/xml"
	"regexp"
	"strings"
	"testing"

	"github.com/nbfwc/nbfwc/targets"
)

type dialect struct{ name, text string }

// dialects returns a configuration in the set dialect as a device prints it in
// the others, and set lines with all words from the root.
func dialects(t testing.TB, set string) []dialect {
	t.Helper()
	p := &parser{m: &model{}, tree: newTree(targets.DefaultPrefix)}
	if err := p.read([]byte(set)); err != nil {
		t.Fatal(err)
	}
	pr := printer{t: p.tree}
	out := []dialect{{"set", set}}
	pr.braces(0, topShape, 0)
	out = append(out, dialect{"braces", pr.b.String()})
	pr.b.Reset()
	pr.xmlRoot()
	out = append(out, dialect{"xml", pr.b.String()})
	pr.b.Reset()
	pr.lines()
	return append(out, dialect{"filesystem", pr.b.String()})
}

// printer prints a tree.
type printer struct {
	t *tree
	b strings.Builder
}

var plainWord = regexp.MustCompile(`^[^\s;,{}\[\]&|()"'#!]+$`)

func inQuotes(s string) string {
	if plainWord.MatchString(s) {
		return s
	}
	return `"` + s + `"`
}

// flat says whether all children of n are values.
func (p *printer) flat(n int32) bool {
	for i := p.t.nodes[n].first; i != 0; i = p.t.nodes[i].next {
		if p.t.nodes[i].first != 0 {
			return false
		}
	}
	return true
}

func allInQuotes(list []string) string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = inQuotes(s)
	}
	return strings.Join(out, " ")
}

func (p *printer) braces(n int32, s *shape, depth int) {
	indent := strings.Repeat("  ", depth)
	for i := p.t.nodes[n].first; i != 0; i = p.t.nodes[i].next {
		k := &p.t.nodes[i]
		below := s.below([]byte(k.name))
		p.b.WriteString(indent + inQuotes(k.name))
		switch {
		case k.first == 0:
			p.b.WriteString(";\n")
		case (below.kind == leaf || below.kind == free) && k.count == 1 && p.flat(i):
			p.b.WriteString(" " + inQuotes(p.t.nodes[k.first].name) + ";\n")
		case (below.kind == leaf || below.kind == free) && p.flat(i):
			p.b.WriteString(" [ " + allInQuotes(p.t.values(i)) + "];\n")
		default:
			p.b.WriteString(" {\n")
			p.braces(i, below, depth+1)
			p.b.WriteString(indent + "}\n")
		}
	}
}

func textOfXML(s string) string {
	var b strings.Builder
	xml.EscapeText(&b, []byte(s))
	return b.String()
}

// xmlRoot prints the skeleton of a configuration with the parts in their places.
func (p *printer) xmlRoot() {
	p.b.WriteString("<response status=\"success\"><result><config version=\"10.1.0\" urldb=\"paloaltonetworks\">\n")
	vsys, device := "", ""
	for i := p.t.nodes[0].first; i != 0; i = p.t.nodes[i].next {
		name := p.t.nodes[i].name
		q := printer{t: p.t}
		q.element(i, topShape)
		switch text := q.b.String(); {
		case objectShapes[name] != nil:
			vsys += text
		case name == "shared" || name == "readonly" || name == "policy":
			p.b.WriteString(text)
		default:
			device += text
		}
	}
	p.b.WriteString("<devices>\n<entry name=\"localhost.localdomain\">\n" + device)
	if vsys != "" {
		p.b.WriteString("<vsys><entry name=\"vsys1\">\n" + vsys + "</entry></vsys>\n")
	}
	p.b.WriteString("</entry></devices></config></result></response>\n")
}

var xmlName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9._-]*$`)

func (p *printer) element(n int32, parent *shape) {
	k := &p.t.nodes[n]
	s := parent.below([]byte(k.name))
	open, end := "<"+k.name+">", "</"+k.name+">\n"
	// <member> is a value of a list and <entry> has a name, whatever is around it.
	if parent.kind == entries || !xmlName.MatchString(k.name) || k.name == "member" || k.name == "entry" {
		open, end = `<entry name="`+textOfXML(k.name)+`" uuid="x" loc="vsys1">`, "</entry>\n"
	}
	p.b.WriteString(open)
	switch {
	case (s.kind == leaf || s.kind == free) && k.count == 1 && p.flat(n):
		p.b.WriteString(textOfXML(p.t.nodes[k.first].name))
	case (s.kind == leaf || s.kind == free) && p.flat(n):
		for _, v := range p.t.values(n) {
			p.b.WriteString("\n <member>" + textOfXML(v) + "</member>")
		}
	default:
		p.b.WriteString("\n")
		for i := k.first; i != 0; i = p.t.nodes[i].next {
			p.element(i, s)
		}
	}
	p.b.WriteString(end)
}

// lines prints set lines that begin at the root of the file system of the
// device.
func (p *printer) lines() {
	for i := p.t.nodes[0].first; i != 0; i = p.t.nodes[i].next {
		prefix := "set config devices localhost.localdomain "
		switch name := p.t.nodes[i].name; {
		case objectShapes[name] != nil:
			prefix += "vsys vsys1 "
		case name == "shared":
			prefix = "set config "
		case name == "readonly" || name == "policy":
			prefix = "set "
		}
		p.line(prefix, i, topShape)
	}
}

func (p *printer) line(prefix string, n int32, parent *shape) {
	k := &p.t.nodes[n]
	s := parent.below([]byte(k.name))
	prefix += inQuotes(k.name)
	switch {
	case k.first == 0:
		p.b.WriteString(prefix + "\n")
	case (s.kind == leaf || s.kind == free) && k.count == 1 && p.flat(n):
		p.b.WriteString(prefix + " " + inQuotes(p.t.nodes[k.first].name) + "\n")
	case (s.kind == leaf || s.kind == free) && p.flat(n):
		p.b.WriteString(prefix + " [ " + allInQuotes(p.t.values(n)) + " ]\n")
	default:
		for i := k.first; i != 0; i = p.t.nodes[i].next {
			p.line(prefix+" ", i, s)
		}
	}
}

// TestDialectsAgree holds that a configuration gives the same digest and the
// same rules in every dialect.
func TestDialectsAgree(t *testing.T) {
	for _, f := range verdictFiles(t) {
		var first *targets.Config
		for _, d := range dialects(t, f.config) {
			c, err := parse(strings.NewReader(d.text), f.opt)
			if err != nil {
				t.Errorf("%s, %s: %v", f.name, d.name, err)
				continue
			}
			if first == nil {
				first = c
				continue
			}
			if c.Digest != first.Digest {
				t.Errorf("%s, %s: another digest\n%s", f.name, d.name, d.text)
			}
			if len(c.Problems) != len(first.Problems) {
				t.Errorf("%s, %s: problems %v, want %v", f.name, d.name, c.Problems, first.Problems)
			}
			sameRules(t, f.name+", "+d.name, c, first)
		}
	}
}

// sameRules compares rule sets but for line numbers.
func sameRules(t *testing.T, what string, have, want *targets.Config) {
	t.Helper()
	a, b := have.RuleSet, want.RuleSet
	if len(a.Stages) != len(b.Stages) {
		t.Errorf("%s: %d stages, want %d", what, len(a.Stages), len(b.Stages))
		return
	}
	for i := range a.Stages {
		if len(a.Stages[i].Rules) != len(b.Stages[i].Rules) {
			t.Errorf("%s: stage %s has %d rules, want %d", what, a.Stages[i].Name, len(a.Stages[i].Rules), len(b.Stages[i].Rules))
			return
		}
		for k := range a.Stages[i].Rules {
			x, y := a.Stages[i].Rules[k], b.Stages[i].Rules[k]
			same := x.In.Equal(y.In) && x.Out.Equal(y.Out) && x.Src.Equal(y.Src) && x.Dst.Equal(y.Dst) && x.Service.Equal(y.Service) &&
				x.Action == y.Action && x.Effects == y.Effects && x.Name == y.Name && x.SrcGroup == y.SrcGroup &&
				x.DstGroup == y.DstGroup && x.Reason == y.Reason && (x.Opaque == nil) == (y.Opaque == nil)
			if same && x.Opaque != nil {
				same = x.Opaque.ID == y.Opaque.ID
			}
			if !same {
				t.Errorf("%s: rule %s is\n%+v, want\n%+v", what, x.Name, x, y)
			}
		}
	}
}
