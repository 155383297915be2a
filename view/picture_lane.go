package view

import "slices"

// lane is one line of a link: a bundle of flows in one direction, with its
// services written at it, or all bundles that are spelled out at their other
// end; or nothing, where no flow takes the link.
type lane struct {
	link    int
	out     bool // out of the zone
	bundles []int
	own     bool     // spells out its one bundle
	label   []string // lines of text above it
	flows   int
	zoneY   int // where it meets the zone, and where the firewall
	wallY   int
}

// maxLanes is how many bundles a link spells out; the others are counted.
const maxLanes = 8

// Sizes of text, in pixels.
const (
	titleSize = 18
	nameSize  = 14
	textSize  = 11
	laneText  = 290 // width of the text at a lane
	laneLine  = 14  // height of a line of it
)

// lanes makes the lanes of every link.
func (p *Picture) lanes(r *ranks) [][]*lane {
	lanes := make([][]*lane, len(p.links))
	rest := make([][2][]int, len(p.links)) // bundles that are counted, out and in
	for at, b := range p.bundles {
		for _, s := range b.steps() {
			if p.spelled(b, s, r) && (p.all || len(lanes[s.link]) < maxLanes) {
				lanes[s.link] = append(lanes[s.link], p.ownLane(at, s))
			} else if s.out {
				rest[s.link][0] = append(rest[s.link][0], at)
			} else {
				rest[s.link][1] = append(rest[s.link][1], at)
			}
		}
	}
	for i := range lanes {
		for side, bundles := range rest[i] {
			if len(bundles) > 0 {
				lanes[i] = append(lanes[i], p.restLane(i, side == 0, bundles))
			}
		}
		if len(lanes[i]) == 0 {
			lanes[i] = []*lane{{link: i}}
		}
	}
	return lanes
}

// steps are all steps of a bundle's routes, each once.
func (b *bundle) steps() []step {
	var all []step
	for _, route := range b.routes {
		for _, s := range route {
			if !slices.Contains(all, s) {
				all = append(all, s)
			}
		}
	}
	return all
}

// spelled says whether the bundle is spelled out at this step: at the end that
// is farther from the first column, where fewer flows meet.
func (p *Picture) spelled(b *bundle, s step, r *ranks) bool {
	zone := p.links[s.link].zone
	for _, route := range b.routes {
		first, last := p.links[route[0].link].zone, p.links[route[len(route)-1].link].zone
		if p.farther(first, last, r) == zone && (s == route[0] || s == route[len(route)-1]) {
			return true
		}
	}
	return false
}

func (p *Picture) farther(a, b int, r *ranks) int {
	switch {
	case r.of[a] != r.of[b]:
		if r.of[a] > r.of[b] {
			return a
		}
		return b
	case p.nodes[a].ends != p.nodes[b].ends:
		if p.nodes[a].ends < p.nodes[b].ends {
			return a
		}
		return b
	}
	return max(a, b)
}

func (p *Picture) ownLane(at int, s step) *lane {
	b, zone := p.bundles[at], p.links[s.link].zone
	l := &lane{link: s.link, out: s.out, bundles: []int{at}, own: true, flows: b.flows}
	end := " · " + Count(b.flows, "flow", "flows")
	who := clip(p.ends(b, zone, s.out), textSize, false, laneText-textWidth(end, textSize, false))
	ports := Ports(b.ports)
	if !p.all {
		ports = portsWithin(b.ports, textSize, 2*laneText-60) // two lines
	}
	l.label = append([]string{who + end}, lines(ports, textSize, laneText, 0)...)
	return l
}

// ends says in words from where or to where the flows of a bundle go, seen
// from a zone on their way.
func (p *Picture) ends(b *bundle, zone int, out bool) string {
	switch {
	case b.from == b.to && out:
		return "to one another"
	case b.from == b.to:
		return "from one another"
	case out && b.from == zone:
		return "to " + p.peer(b.to)
	case !out && b.to == zone:
		return "from " + p.peer(b.from)
	}
	return p.peer(b.from) + " to " + p.peer(b.to)
}

func (p *Picture) restLane(link int, out bool, bundles []int) *lane {
	l := &lane{link: link, out: out, bundles: bundles}
	var peers []int
	for _, at := range bundles {
		b := p.bundles[at]
		l.flows += b.flows
		if out {
			peers = append(peers, b.to)
		} else {
			peers = append(peers, b.from)
		}
	}
	slices.Sort(peers)
	word := " from "
	if out {
		word = " to "
	}
	l.label = []string{clip(Count(l.flows, "flow", "flows")+word+p.peers(slices.Compact(peers)), textSize, false, laneText)}
	return l
}

// weight is the width of a lane's line: it grows with the logarithm of the
// number of flows.
func (l *lane) weight() int {
	if l.flows == 0 {
		return 1
	}
	w := 2
	for n := l.flows; n > 1 && w < 7; n /= 2 {
		w++
	}
	return w
}

// gap is how far a lane stays below what is above it: the room of its text.
func (l *lane) gap() int { return max(1, len(l.label))*laneLine + 9 }

// textWidth is the width of a lane's text.
func (l *lane) textWidth() int {
	w := 0
	for _, line := range l.label {
		w = max(w, textWidth(line, textSize, false))
	}
	return w
}
