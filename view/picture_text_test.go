package view

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/nbfwc/nbfwc/lang"
)

// hostile are texts that end a string, a label, an element or a statement in
// one of the three forms, or mean something in it.
var hostile = []string{
	`</text><script>alert(1)</script>`, `]]><!--`, `&lt;&#60;&amp;`, `a" b='c`, "line\nbreak\r\n\tand\x00more",
	`"]; x -> y [label="`, `\`, `\"`, `\N\G\l`, `ends with \`, `%%{init: {"theme":"dark"}}%%`, `#quot;#35;`, "`md` **b** 1. x",
	`"] --> evil[" end`, "end", "click n0 href \"javascript:x\"", "\u202egnp.exe\u2066", "\xff\xfe", "名前 🔥", `x|y{z}<br>`, "--- ==> ;",
	"$(reboot)", strings.Repeat("W", 500),
}

// named is a network in which every text from outside is the same.
func named(text string) *network {
	n := twoInARow()
	for _, z := range n.policy.Zones {
		z.Name = text
	}
	for _, g := range n.domain.Groups {
		g.Block = text
		for _, r := range g.Roles {
			r.Name = text
		}
		g.Facts.Features = []*lang.Feature{{Name: text}}
	}
	for _, fw := range n.policy.Firewalls {
		fw.Name, fw.Target = text, text
		for _, i := range fw.Interfaces {
			i.Label = text
		}
	}
	for i := range n.graph.Flows {
		n.graph.Flows[i].Row.Name = text
	}
	return n
}

func TestHostileText(t *testing.T) {
	for _, text := range hostile {
		checkHarmless(t, text)
	}
}

func FuzzPictureText(f *testing.F) {
	for _, text := range hostile {
		f.Add(text)
	}
	f.Fuzz(checkHarmless)
}

// checkHarmless holds that a text changes nothing but text, in all forms.
func checkHarmless(t *testing.T, text string) {
	if text == "" {
		text = "plain" // a policy has no empty names
	}
	have := NewPicture(named(text).graph, PictureOptions{Title: text})
	plain := NewPicture(named("plain").graph, PictureOptions{Title: "plain"})
	if faults := overlaps(have.newLayout()); len(faults) > 0 {
		t.Errorf("%q: %s", text, strings.Join(faults, "\n"))
	}
	if h, w := svgShape(t, have, text), svgShape(t, plain, "plain"); h != w {
		t.Errorf("%q changes the elements of the SVG", text)
	}
	if h, w := dotShape(drawn(t, have.DOT)), dotShape(drawn(t, plain.DOT)); h != w {
		t.Errorf("%q changes the DOT from\n%s\nto\n%s", text, w, h)
	}
	if h, w := mermaidShape(t, drawn(t, have.Mermaid)), mermaidShape(t, drawn(t, plain.Mermaid)); h != w {
		t.Errorf("%q changes the Mermaid from\n%s\nto\n%s", text, w, h)
	}
}

func drawn(t *testing.T, write func(io.Writer) error) string {
	t.Helper()
	var out bytes.Buffer
	if err := write(&out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// svgAttributes are all attributes that the SVG may have: none of them refers
// to anything outside or runs anything.
var svgAttributes = map[string][]string{
	"svg":   {"xmlns", "viewBox", "width", "height", "role", "aria-labelledby"},
	"title": {"id"}, "desc": {"id"}, "style": nil,
	"rect": {"class", "x", "y", "width", "height", "rx", "fill"},
	"path": {"class", "d", "stroke-width"},
	"g":    {"class", "tabindex"},
	"text": {"class", "x", "y", "font-size", "font-weight", "text-anchor"},
}

// svgShape parses the SVG and is its elements, but for text, numbers, and how
// many lines a text takes.
func svgShape(t *testing.T, p *Picture, text string) string {
	t.Helper()
	dec := xml.NewDecoder(strings.NewReader(drawn(t, p.SVG)))
	var shape strings.Builder
	var titles []string
	open := ""
	for {
		tok, err := dec.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%q: the SVG can't be parsed: %v", text, err)
		}
		switch tok := tok.(type) {
		case xml.StartElement:
			open = tok.Name.Local
			allowed, ok := svgAttributes[open]
			if !ok {
				t.Fatalf("%q: the SVG has an element <%s>", text, open)
			}
			for _, a := range tok.Attr {
				if !slices.Contains(allowed, a.Name.Local) {
					t.Fatalf("%q: <%s> has an attribute %s", text, open, a.Name.Local)
				}
			}
			if open != "text" {
				shape.WriteString(open + "\n")
			}
		case xml.EndElement:
			open = ""
		case xml.CharData:
			if open == "title" {
				titles = append(titles, string(tok))
			}
		case xml.Comment, xml.Directive, xml.ProcInst:
			t.Fatalf("%q: the SVG has %T", text, tok)
		}
	}
	if want := "zone " + Printable(text); !slices.ContainsFunc(titles, func(s string) bool { return strings.HasPrefix(s, want) }) {
		t.Errorf("%q: no zone says its whole name: %q", text, titles)
	}
	return shape.String()
}

// dotShape is DOT without what stands in its strings.
func dotShape(s string) string {
	var b strings.Builder
	in := false
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '"':
			in = !in
			b.WriteByte('"')
		case in && s[i] == '\\':
			i++
		case !in:
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

// mermaidStrings are strings that mean nothing but their text.
var mermaidStrings = regexp.MustCompile(`^([\p{L}\p{Nd} .,:/+()·]|#[0-9]+;|<br/>)*$`)

// mermaidShape is Mermaid without what stands in its strings.
func mermaidShape(t *testing.T, s string) string {
	t.Helper()
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		parts := strings.Split(line, `"`)
		for j := 1; j < len(parts); j += 2 {
			if !mermaidStrings.MatchString(parts[j]) {
				t.Fatalf("Mermaid has a string %q", parts[j])
			}
			parts[j] = ""
		}
		if title, ok := strings.CutPrefix(line, "  accTitle: "); ok {
			if strings.ContainsAny(title, "#;\"%{}<>`") {
				t.Fatalf("Mermaid has a title %q", title)
			}
			parts = []string{"accTitle"}
		}
		lines[i] = strings.Join(parts, `"`)
	}
	return strings.Join(lines, "\n")
}

// TestTextIsMeasured holds for the widths what the fonts of the drawing rely
// on: longer text is wider, clipped text fits and says that it is clipped.
func TestTextIsMeasured(t *testing.T) {
	for _, text := range hostile {
		for width := 20; width < 400; width += 7 {
			have := clip(text, textSize, false, width)
			if textWidth(have, textSize, false) > width {
				t.Errorf("clip(%q, %d) is %q, which is wider", text, width, have)
			}
			if have != Printable(text) && !strings.HasSuffix(have, "…") {
				t.Errorf("clip(%q, %d) is %q and does not say that something is left out", text, width, have)
			}
			for _, line := range lines(text, textSize, width, 3) {
				if textWidth(line, textSize, false) > width {
					t.Errorf("lines(%q, %d) has %q, which is wider", text, width, line)
				}
			}
		}
	}
}

func TestPortsThatDoNotFitAreCounted(t *testing.T) {
	ports := tcp(1, 22, 333, 4444, 55555)
	for width, want := range map[int]string{
		300: "tcp 1, 22, 333, 4444, 55555",
		150: "tcp 1, 22, 333, +2 more",
		10:  "tcp 1, +4 more",
	} {
		if have := portsWithin(ports, textSize, width); have != want {
			t.Errorf("in %d pixels: %q, want %q", width, have, want)
		}
	}
}
