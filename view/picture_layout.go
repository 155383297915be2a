package view

import "slices"

// rect is a rectangle in pixels: x and y of its upper left corner.
type rect struct{ x, y, w, h int }

func (r rect) overlaps(s rect) bool {
	return r.x < s.x+s.w && s.x < r.x+r.w && r.y < s.y+s.h && s.y < r.y+r.h
}

func (r rect) holds(s rect) bool {
	return s.x >= r.x && s.y >= r.y && s.x+s.w <= r.x+r.w && s.y+s.h <= r.y+r.h
}

func (r rect) middle() int { return r.y + r.h/2 }

// placed is a line of text with the room that is reserved for it.
type placed struct {
	rect
	text  string
	size  int
	bold  bool
	class string // colour
	align string // "middle" or "end" of the room; "" for its start
}

// inside is what stands in a box: text, and the boxes of host groups.
type inside struct {
	texts []placed
	cards []rect
	ports []rect // of a firewall: where an interface meets its zones
}

// layout is where everything stands. All is in whole pixels, so that it is the
// same on every machine.
type layout struct {
	p             *Picture
	width, height int
	boxes         []rect // by node
	byNode        []inside
	texts         []placed // what stands above the picture
	lanes         []*lane
	laneTexts     [][]placed // by lane

	ranks  *ranks
	byLink [][]*lane
	// columns, and between them the channels with the lanes
	columnX, columnW []int
	level            []int // width of the level part of the lanes, by channel
	bodies           []nodeBody
}

// Distances, in pixels.
const (
	margin    = 24
	pad       = 10 // between a box and what is in it
	linkGap   = 8  // between links of a node, beside the gap of a lane
	zoneGap   = 18 // between boxes of a column
	partGap   = 44 // between parts that no firewall joins
	wallHead  = 44 // name and target of a firewall, above its interfaces
	laneIn    = 20 // between a zone and the text at its lane
	minBend   = 36 // for the bent part of a lane
	maxBend   = 200
	lineRoom  = 16 // a line of text
	cardGap   = 6
	groupText = 230 // width of the text of a host group
)

// newLayout lays a picture out. Each node gets a band of its column that is as
// high as the bands of its children in the spanning tree together, so that no
// two boxes of a column can meet; lanes run level beside their zone, within
// its height, and bend only in the strip before the firewall, where nothing
// else stands.
func (p *Picture) newLayout() *layout {
	l := &layout{p: p, ranks: p.rank()}
	l.byLink = p.lanes(l.ranks)
	l.bodies = make([]nodeBody, len(p.nodes))
	l.boxes = make([]rect, len(p.nodes))
	l.byNode = make([]inside, len(p.nodes))
	for i, link := range p.links {
		for _, ends := range [2][2]int{{link.zone, link.firewall}, {link.firewall, link.zone}} {
			sides := &l.bodies[ends[0]].links[l.side(ends[0], ends[1])]
			*sides = append(*sides, i)
		}
	}
	for i := range p.nodes {
		l.measure(i)
	}
	top := l.header()
	l.placeRows(top)
	l.placeLanes()
	l.placeColumns()
	l.placeText()
	return l
}

// header reserves the lines above the picture and returns where it begins.
func (l *layout) header() int {
	y := margin
	line := func(text string, size int, bold bool, class string) {
		text = clip(text, size, bold, 1000)
		w := textWidth(text, size, bold)
		l.texts = append(l.texts, placed{rect{margin, y, w, size + 4}, text, size, bold, class, ""})
		l.width = max(l.width, w+2*margin)
		y += size + 8
	}
	line(l.p.title, titleSize, true, "t")
	line(l.p.summary(), 12, false, "s")
	if l.p.folding != "" {
		for _, part := range lines(l.p.folding, 12, 900, 0) {
			line(part, 12, false, "s")
		}
	}
	line("An arrow is the flows between two zones, pointing where connections are opened to; the more flows, the thicker.", textSize, false, "s")
	line("Point at an arrow's text to see its whole way and its flows.", textSize, false, "s")
	return y + 14
}

// placeRows sets y and height of every box.
func (l *layout) placeRows(top int) {
	bands := make([]int, len(l.p.nodes))
	nodes, _ := l.ranks.walk()
	for _, at := range slices.Backward(nodes) {
		left, right := l.ranks.sides(at)
		bands[at] = max(l.bodies[at].h, l.headOf(at)+l.stack(bands, right))
		if len(left) > 0 {
			column, heights := l.leftColumn(at, left, bands)
			bands[at] = max(bands[at], l.headOf(at)+l.stack(heights, column))
		}
	}
	y := top
	for _, root := range l.ranks.roots {
		l.placeBand(root, y, bands)
		y += bands[root] + partGap
	}
	l.height = y - partGap + margin
}

// stack is the height of bands one below the other.
func (l *layout) stack(bands, nodes []int) int {
	h := 0
	for i, at := range nodes {
		if i > 0 {
			h += zoneGap
		}
		h += bands[at]
	}
	return h
}

// headOf is what has to stay free above the children of a node.
func (l *layout) headOf(at int) int {
	if l.p.nodes[at].kind == firewallNode {
		return wallHead
	}
	return 0
}

// leftColumn is what stands to the left of a firewall: leaf zones, and the
// firewall's parent in their middle; with the height of each node.
func (l *layout) leftColumn(at int, left, bands []int) (column, heights []int) {
	up, half := l.ranks.parent[at], len(left)/2
	column = slices.Concat(left[:half], []int{up}, left[half:])
	heights = slices.Clone(bands)
	heights[up] = l.bodies[up].h
	return column, heights
}

// band is the room of a node with all that is behind it; y is its top.
type band struct{ node, y int }

// placeBand places the subtree of a node, its band beginning at y.
func (l *layout) placeBand(root, y int, bands []int) {
	for todo := []band{{root, y}}; len(todo) > 0; {
		b := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		at, height, body := b.node, bands[b.node], l.bodies[b.node].h
		if l.p.nodes[at].kind == firewallNode {
			l.boxes[at] = rect{y: b.y, h: height}
		} else {
			l.boxes[at] = rect{y: b.y + (height-body)/2, h: body}
		}
		left, right := l.ranks.sides(at)
		head := l.headOf(at)
		todo = append(todo, l.placeStack(right, b.y+head, height-head, bands)...)
		if len(left) > 0 {
			column, heights := l.leftColumn(at, left, bands)
			for _, c := range l.placeStack(column, b.y+head, height-head, heights) {
				l.boxes[c.node] = rect{y: c.y, h: l.bodies[c.node].h}
			}
		}
	}
}

// placeStack gives nodes their bands, one below the other, in the middle of
// the room from y on.
func (l *layout) placeStack(nodes []int, y, room int, bands []int) []band {
	var out []band
	y += max(0, room-l.stack(bands, nodes)) / 2
	for _, c := range nodes {
		out = append(out, band{c, y})
		y += bands[c] + zoneGap
	}
	return out
}

// placeLanes sets where lanes meet their zone, then where they meet their
// firewall.
func (l *layout) placeLanes() {
	for at, n := range l.p.nodes {
		if n.kind != firewallNode {
			for side := range 2 {
				l.placeZoneSide(at, side)
			}
		}
	}
	for at, n := range l.p.nodes {
		if n.kind == firewallNode {
			for side := range 2 {
				l.placeWallSide(at, side)
			}
		}
	}
	for _, lanes := range l.byLink {
		l.lanes = append(l.lanes, lanes...)
	}
}

// laneHeight is the height that the lanes of a link take.
func (l *layout) laneHeight(link int) int {
	h := 0
	for _, lane := range l.byLink[link] {
		h += lane.gap()
	}
	return h
}

// side of a node: 0 is left, 1 is right.
func (l *layout) side(at, other int) int {
	if l.ranks.of[other] > l.ranks.of[at] {
		return 1
	}
	return 0
}

// placeZoneSide spreads the lanes of one side over the height of a zone, each
// as near to its firewall as it can be.
func (l *layout) placeZoneSide(at, side int) {
	links := l.bodies[at].links[side]
	slices.SortStableFunc(links, func(a, b int) int {
		return l.boxes[l.p.links[a].firewall].middle() - l.boxes[l.p.links[b].firewall].middle()
	})
	var slots []slot
	for i, link := range links {
		fw := l.boxes[l.p.links[link].firewall]
		want := max(fw.y+wallHead, min(l.boxes[at].middle(), fw.y+fw.h-pad)) - l.laneHeight(link)/2
		for j, lane := range l.byLink[link] {
			gap := lane.gap()
			want += gap
			if i > 0 && j == 0 {
				gap += linkGap
			}
			slots = append(slots, slot{want: want, gap: gap})
		}
	}
	box := l.boxes[at]
	spread(slots, box.y, box.y+box.h-pad)
	for _, link := range links {
		for _, lane := range l.byLink[link] {
			lane.zoneY, slots = slots[0].at, slots[1:]
		}
	}
}

// placeWallSide spreads the interfaces of one side over the height of a
// firewall, each opposite to its zones if it can be.
func (l *layout) placeWallSide(at, side int) {
	ports := l.wallPorts(at, side)
	var slots []slot
	var lanes []*lane
	for i, port := range ports {
		for j, lane := range port.lanes {
			gap := lane.gap()
			if i > 0 && j == 0 {
				gap += linkGap
			}
			slots = append(slots, slot{want: lane.zoneY, gap: gap})
			lanes = append(lanes, lane)
		}
	}
	box := l.boxes[at]
	spread(slots, box.y+wallHead, box.y+box.h-pad)
	for i, lane := range lanes {
		lane.wallY = slots[i].at
	}
}

// wallPort is an interface on one side of a firewall with its lanes.
type wallPort struct {
	label string
	lanes []*lane
}

func (w *wallPort) middle() int {
	sum := 0
	for _, lane := range w.lanes {
		sum += lane.zoneY
	}
	return sum / len(w.lanes)
}

// wallPorts are the interfaces of one side, from top to bottom.
func (l *layout) wallPorts(at, side int) []*wallPort {
	var ports []*wallPort
	for _, link := range l.bodies[at].links[side] {
		label := l.p.links[link].label
		i := slices.IndexFunc(ports, func(w *wallPort) bool { return w.label == label })
		if i < 0 {
			i = len(ports)
			ports = append(ports, &wallPort{label: label})
		}
		ports[i].lanes = append(ports[i].lanes, l.byLink[link]...)
	}
	for _, w := range ports {
		slices.SortStableFunc(w.lanes, func(a, b *lane) int { return a.zoneY - b.zoneY })
	}
	slices.SortStableFunc(ports, func(a, b *wallPort) int { return a.middle() - b.middle() })
	return ports
}

// placeColumns sets x and width of every box, and the width of the picture.
func (l *layout) placeColumns() {
	count := 1 + slices.Max(append([]int{0}, l.ranks.of...))
	l.columnX, l.columnW = make([]int, count), make([]int, count)
	for at, column := range l.ranks.of {
		l.columnW[column] = max(l.columnW[column], l.bodies[at].w)
	}
	bend := make([]int, count)
	l.level = make([]int, count)
	for _, lane := range l.lanes {
		link := l.p.links[lane.link]
		channel := min(l.ranks.of[link.zone], l.ranks.of[link.firewall])
		l.level[channel] = max(l.level[channel], lane.textWidth()+2*laneIn)
		bend[channel] = max(bend[channel], minBend, min(maxBend, abs(lane.zoneY-lane.wallY)/3))
	}
	x := margin
	for c := range count {
		l.columnX[c] = x
		x += l.columnW[c]
		if c < count-1 {
			x += l.level[c] + bend[c]
		}
	}
	l.width = max(l.width, x+margin)
	for at, column := range l.ranks.of {
		box := &l.boxes[at]
		box.w = l.columnW[column]
		if l.p.nodes[at].kind == transitZone {
			box.w = l.bodies[at].w // small, in the middle of its column
		}
		box.x = l.columnX[column] + (l.columnW[column]-box.w)/2
	}
}

// laneX is where a lane leaves its zone, where it begins to bend, and where it
// meets its firewall.
func (l *layout) laneX(la *lane) (zone, bend, wall int) {
	link := l.p.links[la.link]
	z, f := l.boxes[link.zone], l.boxes[link.firewall]
	column := l.ranks.of[link.zone]
	if l.side(link.zone, link.firewall) == 1 {
		edge := l.columnX[column] + l.columnW[column]
		return z.x + z.w, edge + l.level[column], f.x
	}
	return z.x, l.columnX[column] - l.level[column-1], f.x + f.w
}

func abs(n int) int {
	if n < 0 {
		return -n
	}
	return n
}
