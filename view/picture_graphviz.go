package view

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// DOT writes the picture for Graphviz: zones are clusters, interfaces lines
// without a head, bundles of flows thick arrows from zone to zone.
func (p *Picture) DOT(w io.Writer) error {
	d := &dotWriter{p, bufio.NewWriter(w)}
	d.f("digraph nbfwc {\n")
	d.f("  graph [compound=true, rankdir=LR, fontname=\"Helvetica\", fontsize=12, labelloc=t, nodesep=0.35, ranksep=1.4, label=%s, tooltip=%s];\n",
		dotText(p.headLines()...), dotText(p.title))
	d.f("  node [fontname=\"Helvetica\", fontsize=10];\n  edge [fontname=\"Helvetica\", fontsize=9];\n")
	for at, n := range p.nodes {
		if n.kind == firewallNode {
			d.f("  n%d [shape=box, style=filled, color=\"#8c2f23\", fillcolor=\"#f8e3dd\", fontcolor=\"#571408\", label=%s, tooltip=%s];\n",
				at, dotText(n.heading(), n.target), dotText(p.nodeDetail(at)...))
		} else {
			d.zone(at, n)
		}
	}
	rank := p.rank().of
	for i, l := range p.links {
		// Graphviz makes columns of the direction of edges without a head.
		tail, head, end := l.zone, l.firewall, "ltail"
		if rank[tail] > rank[head] {
			tail, head, end = head, tail, "lhead"
		}
		d.f("  n%d -> n%d [dir=none, color=\"#6b6b6b\", label=%s, tooltip=%s%s];\n", tail, head, dotText(l.label), dotText(p.linkNames(i)), d.cluster(end, l.zone))
	}
	for _, b := range p.bundles {
		d.f("  n%d -> n%d [constraint=false, color=\"#1c5d99\", penwidth=%d, label=%s, tooltip=%s%s%s];\n", b.from, b.to,
			(&lane{flows: b.flows}).weight(), dotText(portsWithin(b.ports, textSize, laneText), Count(b.flows, "flow", "flows")),
			dotText(p.bundleDetail(b)...), d.cluster("ltail", b.from), d.cluster("lhead", b.to))
	}
	d.f("}\n")
	return d.w.Flush()
}

type dotWriter struct {
	p *Picture
	w *bufio.Writer
}

func (d *dotWriter) f(format string, args ...any) { fmt.Fprintf(d.w, format, args...) }

// cluster makes an edge end at the border of a zone.
func (d *dotWriter) cluster(attribute string, at int) string {
	if d.p.nodes[at].kind == firewallNode {
		return ""
	}
	return fmt.Sprintf(", %s=cluster%d", attribute, at)
}

func (d *dotWriter) zone(at int, n *pictureNode) {
	style := "filled,rounded"
	if n.kind != hostZone {
		style = "dashed,rounded"
	}
	d.f("  subgraph cluster%d {\n    style=%q; color=\"#41618c\"; fillcolor=\"#eef4fb\"; label=%s; tooltip=%s;\n",
		at, style, dotText(n.heading()), dotText(d.p.nodeDetail(at)...))
	// Edges need a node to begin at: the zone's networks and local flows.
	d.f("    n%d [shape=plaintext, label=%s];\n", at, dotText(d.p.zoneLines(n)...))
	for i, g := range d.p.shownGroups(n) {
		d.f("    n%d_%d [shape=box, style=filled, fillcolor=white, color=\"#9fb3cd\", label=%s];\n", at, i,
			dotText(g.name+" · "+g.countWords(), g.facts()))
	}
	d.f("  }\n")
}

// dotText is lines of text as a quoted string: no quote or backslash of theirs
// ends it or is an escape, and no ampersand begins an entity.
func dotText(all ...string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i, line := range all {
		if i > 0 {
			b.WriteString(`\n`)
		}
		b.WriteString(dotEscapes.Replace(Printable(line)))
	}
	b.WriteByte('"')
	return b.String()
}

var dotEscapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "&", "&amp;", "<", "&lt;", ">", "&gt;")

// headLines are the title of a picture and what it counts.
func (p *Picture) headLines() []string {
	out := []string{p.title, p.summary()}
	if p.folding != "" {
		out = append(out, p.folding)
	}
	return out
}

// zoneLines are a zone's networks and local flows.
func (p *Picture) zoneLines(n *pictureNode) []string {
	var out []string
	switch n.kind {
	case transitZone:
		out = append(out, "transit")
	case elsewhereZone:
		out = append(out, "every other address")
	}
	most := maxNetworks
	if p.all {
		most = len(n.networks)
	}
	if len(n.networks) > 0 {
		out = append(out, nameList(n.networks, most))
	}
	for _, l := range n.local {
		out = append(out, l.String())
	}
	return out
}

// shownGroups are the host groups of a zone; beyond a number they are one that
// counts the others.
func (p *Picture) shownGroups(n *pictureNode) []pictureGroup {
	if p.all || len(n.groups) <= maxCards {
		return n.groups
	}
	rest := pictureGroup{name: Count(len(n.groups)-maxCards+1, "more host group", "more host groups")}
	for _, g := range n.groups[maxCards-1:] {
		rest.count += g.count
	}
	return append(n.groups[:maxCards-1:maxCards-1], rest)
}
