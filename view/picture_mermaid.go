package view

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"unicode"
)

// Mermaid writes the picture as a Mermaid flow chart, which many wikis and
// code hosts draw: zones are subgraphs, interfaces thin lines, bundles of
// flows thick arrows from zone to zone.
func (p *Picture) Mermaid(w io.Writer) error {
	m := bufio.NewWriter(w)
	f := func(format string, args ...any) { fmt.Fprintf(m, format, args...) }
	f("flowchart LR\n  accTitle: %s\n  accDescr: %s\n", mermaidPlain(p.title), mermaidPlain(p.summary()))
	for at, n := range p.nodes {
		if n.kind == firewallNode {
			f("  n%d{{%s}}\n  class n%d wall\n", at, mermaidText(n.heading(), n.target), at)
			continue
		}
		f("  subgraph n%d [%s]\n    direction TB\n", at, mermaidText(n.heading()))
		about := p.zoneLines(n)
		if len(about) > 0 || len(n.groups) == 0 {
			f("    n%d_net[%s]\n    class n%d_net about\n", at, mermaidText(about...), at)
		}
		for i, g := range p.shownGroups(n) {
			f("    n%d_%d[%s]\n", at, i, mermaidText(g.name+" · "+g.countWords(), g.facts()))
		}
		f("  end\n")
	}
	rank := p.rank().of
	for _, l := range p.links {
		first, last := l.zone, l.firewall
		if rank[first] > rank[last] {
			first, last = last, first
		}
		f("  n%d ---|%s| n%d\n", first, mermaidText(l.label), last)
	}
	for _, b := range p.bundles {
		f("  n%d ==>|%s| n%d\n", b.from, mermaidText(portsWithin(b.ports, textSize, laneText), Count(b.flows, "flow", "flows")), b.to)
	}
	if p.folding != "" {
		f("  folding[%s]\n  class folding about\n", mermaidText(lines(p.folding, textSize, 400, 0)...))
	}
	f("  classDef wall fill:#f8e3dd,stroke:#8c2f23,color:#571408\n  classDef about fill:none,stroke:none\n")
	return m.Flush()
}

// mermaidText is lines of text as a quoted string.
func mermaidText(all ...string) string {
	out := make([]string, len(all))
	for i, line := range all {
		out[i] = mermaidWords(line)
	}
	if text := strings.Join(out, "<br/>"); text != "" {
		return `"` + text + `"`
	}
	return `" "`
}

// mermaidWords writes every character that could mean something to Mermaid,
// Markdown or HTML as an entity in Mermaid's spelling: its number between a
// hash and a semicolon.
func mermaidWords(s string) string {
	return mermaidRunes(s, func(r rune) string { return fmt.Sprintf("#%d;", r) })
}

// mermaidPlain is for places where an entity can't stand, since its semicolon
// would end the statement: there such a character becomes a question mark.
func mermaidPlain(s string) string { return mermaidRunes(s, func(rune) string { return "?" }) }

func mermaidRunes(s string, unsafe func(rune) string) string {
	var b strings.Builder
	for _, r := range Printable(s) {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune(" .,:/+()·", r) {
			b.WriteRune(r)
		} else {
			b.WriteString(unsafe(r))
		}
	}
	return b.String()
}
