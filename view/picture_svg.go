package view

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"
)

// SVG writes the picture as one SVG document that needs nothing else: no
// script, no font, no link. Pointing at a zone, a firewall or the text of an
// arrow shows its details, and for an arrow its whole way.
func (p *Picture) SVG(w io.Writer) error {
	s := &svgWriter{l: p.newLayout(), p: p, w: bufio.NewWriter(w)}
	s.head()
	s.drawLanes()
	for at := range p.nodes {
		s.drawNode(at)
	}
	s.drawBundles()
	s.f("</svg>\n")
	return s.w.Flush()
}

// svgWriter writes one picture. Errors stay in the bufio.Writer until Flush.
type svgWriter struct {
	p *Picture
	l *layout
	w *bufio.Writer
}

func (s *svgWriter) f(format string, args ...any) { fmt.Fprintf(s.w, format, args...) }

// xmlText is s printable and without markup.
func xmlText(s string) string { return xmlEscapes.Replace(Printable(s)) }

var xmlEscapes = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&#39;")

// svgStyle has colours of at least 4.5:1 against what they stand on.
const svgStyle = `
text { font-family: Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif; white-space: pre }
.t { fill: #1b1f24 } .s { fill: #4a5260 } .w { fill: #571408 }
.zone { fill: #eef4fb; stroke: #41618c; stroke-width: 1.5 }
.transit { fill: #f3f3f3; stroke: #6b6b6b; stroke-width: 1.2; stroke-dasharray: 5 3 }
.elsewhere { fill: #ffffff; stroke: #6b6b6b; stroke-width: 1.5; stroke-dasharray: 2 3 }
.card { fill: #ffffff; stroke: #9fb3cd }
.wall { fill: #f8e3dd; stroke: #8c2f23; stroke-width: 2 } .port { fill: #8c2f23 }
.none { stroke: #8b919b; fill: none; stroke-width: 1.2 }
.in { stroke: #1c5d99; fill: none } .in-head { fill: #1c5d99 }
.away { stroke: #8a5200; fill: none } .away-head { fill: #8a5200 }
.way { stroke: #c2185b; stroke-width: 5; fill: none; stroke-linejoin: round; opacity: 0; pointer-events: none }
.bundle:hover .way, .bundle:focus .way { opacity: 0.75 }
.bundle:hover text, .bundle:focus text { text-decoration: underline }
@media print { .way { display: none } }
`

func (s *svgWriter) head() {
	l := s.l
	s.f(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-labelledby="nbfwc-title nbfwc-desc">`+"\n",
		l.width, l.height, l.width, l.height)
	s.f("<title id=\"nbfwc-title\">%s</title>\n", xmlText(s.p.title))
	s.f("<desc id=\"nbfwc-desc\">%s</desc>\n", xmlText(s.p.description()))
	s.f("<style>%s</style>\n", svgStyle)
	s.f("<rect width=\"%d\" height=\"%d\" fill=\"#ffffff\"/>\n", l.width, l.height)
	for _, t := range l.texts {
		s.text(t)
	}
}

// description is the picture in words, for those who can't see it.
func (p *Picture) description() string {
	var b strings.Builder
	b.WriteString(p.summary() + ".")
	if p.folding != "" {
		b.WriteString(" " + p.folding)
	}
	for i, bundle := range p.bundles {
		if i == maxDetail && !p.all {
			fmt.Fprintf(&b, " And %s.", Count(len(p.bundles)-i, "more pair of zones", "more pairs of zones"))
			break
		}
		fmt.Fprintf(&b, " %s.", p.bundleWords(bundle))
	}
	return b.String()
}

// bundleWords is a bundle in one line.
func (p *Picture) bundleWords(b *bundle) string {
	return fmt.Sprintf("%s to %s: %s, %s", p.peer(b.from), p.peer(b.to), portsWithin(b.ports, textSize, 2000), Count(b.flows, "flow", "flows"))
}

func (s *svgWriter) text(t placed) {
	weight, x := "", t.x
	switch t.align {
	case "middle":
		x += t.w / 2
	case "end":
		x += t.w
	}
	if t.align != "" {
		weight = fmt.Sprintf(" text-anchor=%q", t.align)
	}
	if t.bold {
		weight += ` font-weight="bold"`
	}
	s.f("<text class=\"%s\" x=\"%d\" y=\"%d\" font-size=\"%d\"%s>%s</text>\n", t.class, x, t.y+t.size, t.size, weight, xmlText(t.text))
}

// lanePath is the line of a lane from its zone to its firewall, leaving room
// for the head of its arrow.
func (s *svgWriter) lanePath(la *lane) string {
	zone, bend, wall := s.l.laneX(la)
	if la.flows > 0 {
		back := la.headLength() - 1
		if (wall > zone) != la.out {
			back = -back
		}
		if la.out {
			wall -= back
		} else {
			zone -= back
		}
	}
	half := (bend + wall) / 2
	return fmt.Sprintf("M%d %dH%dC%d %d %d %d %d %d", zone, la.zoneY, bend, half, la.zoneY, half, la.wallY, wall, la.wallY)
}

// headLength is the length of the head of a lane's arrow; it is two thirds of
// that to either side.
func (la *lane) headLength() int { return 7 + la.weight() }

// headPath is the head of a lane's arrow.
func (s *svgWriter) headPath(la *lane) string {
	zone, _, wall := s.l.laneX(la)
	x, y, back := zone, la.zoneY, la.headLength()
	if la.out {
		x, y = wall, la.wallY
	}
	if (wall > zone) == la.out {
		back = -back
	}
	half := la.headLength()*2/3 - 1
	return fmt.Sprintf("M%d %dL%d %dL%d %dZ", x, y, x+back, y-half, x+back, y+half)
}

// towards says whether a lane's flows go towards the first zone.
func (s *svgWriter) towards(la *lane) bool {
	link, r := s.p.links[la.link], s.l.ranks
	zoneIsBehind := r.of[link.zone] > r.of[link.firewall]
	switch {
	case r.parent[link.zone] == link.firewall:
		zoneIsBehind = true
	case r.parent[link.firewall] == link.zone:
		zoneIsBehind = false
	}
	return zoneIsBehind == la.out
}

func (s *svgWriter) drawLanes() {
	s.f("<g>\n")
	for _, la := range s.l.lanes {
		if la.flows == 0 {
			s.f("<path class=\"none\" d=\"%s\"/>\n", s.lanePath(la))
			continue
		}
		class := "away"
		if s.towards(la) {
			class = "in"
		}
		s.f("<path class=\"%s\" stroke-width=\"%d\" d=\"%s\"/>", class, la.weight(), s.lanePath(la))
		s.f("<path class=\"%s-head\" d=\"%s\"/>\n", class, s.headPath(la))
	}
	s.f("</g>\n")
}

func (s *svgWriter) drawNode(at int) {
	n, box := s.p.nodes[at], s.l.boxes[at]
	class := [...]string{hostZone: "zone", transitZone: "transit", elsewhereZone: "elsewhere", firewallNode: "wall"}[n.kind]
	s.f("<g><title>%s</title>\n", xmlLines(s.p.nodeDetail(at)))
	if n.stands() > 1 {
		s.f("<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"6\"/>\n", class, box.x+4, box.y+5, box.w-8, box.h)
	}
	s.f("<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"6\"/>\n", class, box.x, box.y, box.w, box.h)
	for _, c := range s.l.byNode[at].ports {
		s.f("<rect class=\"port\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\"/>\n", c.x, c.y, c.w, c.h)
	}
	for _, c := range s.l.byNode[at].cards {
		s.f("<rect class=\"card\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"3\"/>\n", c.x, c.y, c.w, c.h)
	}
	for _, t := range s.l.byNode[at].texts {
		s.text(t)
	}
	s.f("</g>\n")
}

// xmlLines is lines of text for a <title>.
func xmlLines(all []string) string {
	out := make([]string, len(all))
	for i, line := range all {
		out[i] = xmlText(line)
	}
	return strings.Join(out, "\n")
}

// maxListed is how many names are listed of one kind in a detail.
const maxListed = 60

// nodeDetail is all that is known of a zone or firewall.
func (p *Picture) nodeDetail(at int) []string {
	n := p.nodes[at]
	out := []string{"zone " + n.name}
	switch n.kind {
	case firewallNode:
		out[0] = "firewall " + n.name + ", " + n.target
	case transitZone:
		out[0] += ", transit"
	case elsewhereZone:
		out[0] = "elsewhere: every address that is in no zone of the policy"
	}
	if n.stands() > 1 {
		out = append(out, n.heading()+": "+nameList(n.like, maxListed))
	}
	if len(n.networks) > 0 {
		out = append(out, "networks: "+nameList(n.networks, maxListed))
	}
	for i, g := range n.groups {
		if i == maxListed {
			out = append(out, Count(len(n.groups)-i, "more host group", "more host groups"))
			break
		}
		line := g.name + ", " + g.countWords() + ": " + g.facts()
		if len(g.features) > 0 {
			line += " · " + strings.Join(g.features, ", ")
		}
		out = append(out, line)
	}
	for _, local := range n.local {
		out = append(out, local.String())
	}
	for i, link := range p.links {
		if link.firewall == at && len(out) < 2*maxListed {
			out = append(out, "interface "+p.linkNames(i)+" to "+p.peer(link.zone))
		}
	}
	return out
}

// linkNames are all labels of a link.
func (p *Picture) linkNames(at int) string {
	if link := p.links[at]; len(link.labels) > 1 {
		return nameList(link.labels, maxListed)
	}
	return p.links[at].label
}

// drawBundles writes the text of each lane with the way of its flows, which
// shows while the text is pointed at.
func (s *svgWriter) drawBundles() {
	for i, la := range s.l.lanes {
		if la.label == nil {
			continue
		}
		s.f("<g class=\"bundle\" tabindex=\"0\"><title>%s</title>\n", xmlLines(s.p.laneDetail(la)))
		if la.own {
			s.f("<path class=\"way\" d=\"%s\"/>\n", s.way(s.p.bundles[la.bundles[0]]))
		}
		for _, t := range s.l.laneTexts[i] {
			s.text(t)
		}
		s.f("</g>\n")
	}
}

// laneDetail is the flows of a lane's one bundle, or a line for each of its
// bundles.
func (p *Picture) laneDetail(la *lane) []string {
	if !la.own {
		out := slices.Clone(la.label)
		for i, at := range la.bundles {
			if i == maxListed {
				out = append(out, Count(len(la.bundles)-i, "more pair of zones", "more pairs of zones"))
				break
			}
			out = append(out, p.bundleWords(p.bundles[at]))
		}
		return out
	}
	return p.bundleDetail(p.bundles[la.bundles[0]])
}

// bundleDetail is a bundle with its first flows.
func (p *Picture) bundleDetail(b *bundle) []string {
	out := append([]string{p.bundleWords(b), "through " + p.through(b)}, b.detail...)
	if more := b.flows - len(b.detail); more > 0 {
		out = append(out, Count(more, "more flow", "more flows"))
	}
	return out
}

// through names the firewalls on the way of a bundle.
func (p *Picture) through(b *bundle) string {
	var out []string
	for i, route := range b.routes {
		if i == maxListed {
			break
		}
		var way []string
		for _, s := range route {
			if name := p.nodes[p.links[s.link].firewall].name; len(way) == 0 || way[len(way)-1] != name {
				way = append(way, name)
			}
		}
		out = append(out, strings.Join(way, ", "))
	}
	return strings.Join(out, "; or ")
}

// way is the line of a bundle through all that it crosses.
func (s *svgWriter) way(b *bundle) string {
	var d strings.Builder
	for i, route := range b.routes {
		if i == maxListed {
			break
		}
		pen := "M"
		for _, st := range route {
			la := s.laneOf(b, st)
			if la == nil {
				continue
			}
			zone, bend, wall := s.l.laneX(la)
			half := (bend + wall) / 2
			if st.out {
				fmt.Fprintf(&d, "%s%d %dL%d %dC%d %d %d %d %d %d", pen, zone, la.zoneY, bend, la.zoneY, half, la.zoneY, half, la.wallY, wall, la.wallY)
			} else {
				fmt.Fprintf(&d, "%s%d %dC%d %d %d %d %d %dL%d %d", pen, wall, la.wallY, half, la.wallY, half, la.zoneY, bend, la.zoneY, zone, la.zoneY)
			}
			pen = "L"
		}
	}
	return d.String()
}

// laneOf is the lane by which a bundle takes a step.
func (s *svgWriter) laneOf(b *bundle, st step) *lane {
	for _, la := range s.l.byLink[st.link] {
		if la.out != st.out {
			continue
		}
		for _, at := range la.bundles {
			if s.p.bundles[at] == b {
				return la
			}
		}
	}
	return nil
}
