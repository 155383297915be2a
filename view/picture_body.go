package view

import (
	"fmt"
	"strings"
)

// nodeBody is what stands in a box, measured.
type nodeBody struct {
	w, h  int
	title string
	small []string   // lines below the title
	cards [][]string // lines of each host group, its name first
	notes []string   // lines below the host groups
	links [2][]int   // of the left and the right side
}

// How much of a zone is written out where a picture may leave something out;
// the rest is counted and can be read by pointing at the zone.
const (
	maxNetworks = 3
	maxCards    = 6
	maxNotes    = 4
	maxRoles    = 3 // lines
)

// measure fills in the body of a node, whose links are known.
func (l *layout) measure(at int) {
	if l.p.nodes[at].kind == firewallNode {
		l.wallBody(at, &l.bodies[at])
	} else {
		l.zoneBody(at, &l.bodies[at])
	}
}

func (l *layout) wallBody(at int, b *nodeBody) {
	n := l.p.nodes[at]
	b.title = clip(n.heading(), nameSize, true, groupText)
	b.small = []string{clip(n.target, textSize, false, groupText)}
	labels := 0
	for side := range 2 {
		widest := 0
		for _, link := range b.links[side] {
			widest = max(widest, textWidth(l.p.links[link].shown(), textSize, false))
		}
		labels += widest
		b.h = max(b.h, wallHead+l.sideHeight(b.links[side]))
	}
	b.w = 2*pad + max(labels+2*pad, textWidth(b.title, nameSize, true), textWidth(b.small[0], textSize, false))
	b.h = max(b.h, wallHead+pad)
}

// shown is the label of an interface as it is written.
func (k pictureLink) shown() string { return clip(k.label, textSize, false, 150) }

// sideHeight is the height that the lanes of links take one below the other.
func (l *layout) sideHeight(links []int) int {
	h := pad
	for _, link := range links {
		h += l.laneHeight(link) + linkGap
	}
	return h
}

// heading is the name of a node, and how many it stands for.
func (n *pictureNode) heading() string {
	if n.stands() == 1 {
		return n.name
	}
	what := "zones"
	if n.kind == firewallNode {
		what = "firewalls"
	}
	return fmt.Sprintf("%d %s %slike %s", n.stands(), what, n.alike, n.name)
}

func (l *layout) zoneBody(at int, b *nodeBody) {
	n := l.p.nodes[at]
	b.title = clip(n.heading(), nameSize, true, groupText+2*pad)
	switch n.kind {
	case transitZone:
		b.small = append(b.small, "transit")
	case elsewhereZone:
		b.small = append(b.small, "every other address")
	}
	b.small = append(b.small, l.capped(n.networks, maxNetworks, "network", "networks")...)
	for i, g := range n.groups {
		if !l.p.all && len(n.groups) > maxCards && i == maxCards-1 {
			b.cards = append(b.cards, []string{Count(len(n.groups)-i, "more host group", "more host groups")})
			break
		}
		b.cards = append(b.cards, l.cardLines(g))
	}
	var notes []string
	for _, local := range n.local {
		notes = append(notes, local.String())
	}
	b.notes = l.capped(notes, maxNotes, "more such note", "more such notes")
	b.measureZone()
	for side := range 2 {
		b.h = max(b.h, l.sideHeight(b.links[side]))
	}
}

// capped is at most most lines; the rest is counted.
func (l *layout) capped(all []string, most int, one, many string) []string {
	var out []string
	for i, text := range all {
		if !l.p.all && len(all) > most && i == most-1 {
			return append(out, "+ "+Count(len(all)-i, one, many))
		}
		out = append(out, lines(text, textSize, groupText+2*pad, 2)...)
	}
	return out
}

func (l *layout) cardLines(g pictureGroup) []string {
	most := maxRoles
	if l.p.all {
		most = 0
	}
	name := clip(g.name, textSize, true, groupText-pad-textWidth(g.countWords(), textSize, false))
	return append([]string{name}, lines(g.facts(), textSize, groupText, most)...)
}

// countWords is how many hosts a group has, as it is written.
func (g pictureGroup) countWords() string { return Count(g.count, "host", "hosts") }

func (b *nodeBody) measureZone() {
	b.w = textWidth(b.title, nameSize, true)
	b.h = pad + nameSize + 8
	for _, s := range append(b.small[:len(b.small):len(b.small)], b.notes...) {
		b.w = max(b.w, textWidth(s, textSize, false))
		b.h += lineRoom
	}
	for _, c := range b.cards {
		b.w = max(b.w, groupText+2*pad)
		b.h += cardHeight(c) + cardGap
	}
	b.w += 2 * pad
	b.h += pad
}

func cardHeight(card []string) int { return len(card)*lineRoom + 6 }

// nameList is a list in one line, without its tail where that is long.
func nameList(all []string, most int) string {
	if len(all) <= most {
		return strings.Join(all, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(all[:most], ", "), len(all)-most)
}

// placeText places the text of all boxes, and of all lanes.
func (l *layout) placeText() {
	for at, n := range l.p.nodes {
		if n.kind == firewallNode {
			l.placeWall(at)
		} else {
			l.placeZone(at)
		}
	}
	for _, lane := range l.lanes {
		l.laneTexts = append(l.laneTexts, l.laneText(lane))
	}
}

// text places one line in a box; x is its left end.
func (l *layout) text(at, x, y int, s string, size int, bold bool, class, align string) {
	t := placed{rect{x, y, textWidth(s, size, bold), size + 3}, s, size, bold, class, align}
	l.byNode[at].texts = append(l.byNode[at].texts, t)
}

func (l *layout) placeWall(at int) {
	box, b := l.boxes[at], &l.bodies[at]
	l.text(at, box.x+(box.w-textWidth(b.title, nameSize, true))/2, box.y+6, b.title, nameSize, true, "w", "middle")
	l.text(at, box.x+(box.w-textWidth(b.small[0], textSize, false))/2, box.y+24, b.small[0], textSize, false, "w", "middle")
	for side := range 2 {
		for _, port := range l.wallPorts(at, side) {
			first, last := port.lanes[0].wallY, port.lanes[len(port.lanes)-1].wallY
			label := l.p.links[port.lanes[0].link].shown()
			l.byNode[at].ports = append(l.byNode[at].ports, rect{box.x + side*(box.w-4), first - 8, 4, last - first + 16})
			x, align := box.x+8, ""
			if side == 1 {
				align = "end"
				x = box.x + box.w - 8 - textWidth(label, textSize, false)
			}
			l.text(at, x, (first+last)/2-7, label, textSize, false, "w", align)
		}
	}
}

func (l *layout) placeZone(at int) {
	box, b, n := l.boxes[at], &l.bodies[at], l.p.nodes[at]
	x, y := box.x+pad, box.y+pad-2
	l.text(at, x, y, b.title, nameSize, true, "t", "")
	y += nameSize + 8
	for _, s := range b.small {
		l.text(at, x, y, s, textSize, false, "s", "")
		y += lineRoom
	}
	for i, c := range b.cards {
		r := rect{x, y, box.w - 2*pad, cardHeight(c)}
		l.byNode[at].cards = append(l.byNode[at].cards, r)
		for j, s := range c {
			l.text(at, x+pad, y+4+j*lineRoom, s, textSize, j == 0, "t", "")
		}
		if i < len(n.groups) && (l.p.all || len(n.groups) <= maxCards || i < maxCards-1) {
			words := n.groups[i].countWords()
			l.text(at, x+r.w-pad-textWidth(words, textSize, false), y+4, words, textSize, false, "s", "end")
		}
		y += r.h + cardGap
	}
	for _, s := range b.notes {
		l.text(at, x, y, s, textSize, false, "s", "")
		y += lineRoom
	}
}

// laneText places the text of a lane above it, where it runs level.
func (l *layout) laneText(la *lane) []placed {
	var out []placed
	link := l.p.links[la.link]
	column := l.ranks.of[link.zone]
	for i, line := range la.label {
		w := textWidth(line, textSize, false)
		y := la.zoneY - la.weight()/2 - 2 - (len(la.label)-i)*laneLine
		t := placed{rect{l.columnX[column] + l.columnW[column] + laneIn, y, w, laneLine}, line, textSize, false, "t", ""}
		if l.side(link.zone, link.firewall) == 0 {
			t.x, t.align = l.columnX[column]-laneIn-w, "end"
		}
		out = append(out, t)
	}
	return out
}
