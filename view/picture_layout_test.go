package view

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/nbfwc/nbfwc/compile"
)

// randomNetwork joins up to 40 zones by firewalls at random, cycles and
// several parts included, and sends flows along random walks.
func randomNetwork(r *rand.Rand) *network {
	n := newNetwork()
	zones := 1 + r.IntN(40)
	for i := range zones {
		z := n.zone(fmt.Sprintf("z%0*d", 1+r.IntN(12), i), fmt.Sprintf("10.%d.0.0/16", i))
		z.Transit = r.IntN(6) == 0
		for j := range r.IntN(9) {
			if !z.Transit {
				n.hosts(fmt.Sprintf("h%d-%d%s", i, j, strings.Repeat("W", r.IntN(40))), z.Name, 1+r.IntN(2000), "7.6", roleNames(r)...)
			}
		}
	}
	for i := range r.IntN(12) {
		interfaces := []string{}
		for j := range 1 + r.IntN(12) {
			var behind []string
			for range 1 + r.IntN(2) {
				if z := n.policy.Zones[r.IntN(zones)].Name; !slices.Contains(behind, z) {
					behind = append(behind, z)
				}
			}
			interfaces = append(interfaces, fmt.Sprintf("if%d%s:%s", j, strings.Repeat("m", r.IntN(30)), strings.Join(behind, "+")))
		}
		n.firewall(fmt.Sprintf("fw%d", i), "nftables", interfaces...)
	}
	for i := range r.IntN(150) {
		n.randomFlow(r, i)
	}
	return n
}

func roleNames(r *rand.Rand) []string {
	var out []string
	for range 1 + r.IntN(5) {
		out = append(out, []string{"client", "media", "master", "opscenter_server", "puredisk_content_router"}[r.IntN(5)])
	}
	return out
}

// randomFlow walks from a zone over up to three firewalls.
func (n *network) randomFlow(r *rand.Rand, id int) {
	at := n.policy.Zones[r.IntN(len(n.policy.Zones))]
	from := at
	var path []compile.Hop
	for range 1 + r.IntN(3) {
		var hops []compile.Hop
		for _, fw := range n.graph.Firewalls {
			for _, in := range fw.Interfaces {
				if !slices.Contains(in.Zones, at) {
					continue
				}
				for _, out := range fw.Interfaces {
					if out != in {
						hops = append(hops, compile.Hop{Firewall: fw, In: in, Out: out})
					}
				}
			}
		}
		if len(hops) == 0 {
			break
		}
		hop := hops[r.IntN(len(hops))]
		path = append(path, hop)
		at = hop.Out.Zones[r.IntN(len(hop.Out.Zones))]
	}
	var ports []uint16
	for range 1 + r.IntN(12) {
		ports = append(ports, uint16(r.IntN(1<<16)))
	}
	f := n.flow(from.Name, at.Name, tcp(ports...))
	if len(path) == 0 {
		f.Local = compile.SameZone
		return
	}
	f.Row.Name = fmt.Sprint("row", id)
	f.Paths = [][]compile.Hop{path}
}

func TestNothingOverlaps(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 1))
		n := randomNetwork(r)
		for _, fold := range []Fold{FoldAuto, FoldNever} {
			p := NewPicture(n.graph, PictureOptions{Fold: fold})
			if faults := overlaps(p.newLayout()); len(faults) > 0 {
				t.Fatalf("seed %d, fold %d:\n%s", seed, fold, strings.Join(faults, "\n"))
			}
		}
	}
	for _, pic := range pictures {
		if faults := overlaps(NewPicture(pic.make().graph, PictureOptions{}).newLayout()); len(faults) > 0 {
			t.Errorf("%s:\n%s", pic.name, strings.Join(faults, "\n"))
		}
	}
}

// overlaps says what is wrong with a layout: anything that meets something
// else, leaves its box or leaves the picture.
func overlaps(l *layout) []string {
	var faults []string
	fault := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	page := rect{0, 0, l.width, l.height}
	// Apart are all things of which no two may meet.
	type thing struct {
		rect
		what string
	}
	var apart []thing
	for at, box := range l.boxes {
		apart = append(apart, thing{box, "box of " + l.p.nodes[at].name})
		faults = append(faults, insideFaults(l, at)...)
	}
	for _, t := range l.texts {
		apart = append(apart, thing{t.rect, "heading " + t.text})
	}
	for i, la := range l.lanes {
		for _, t := range l.laneTexts[i] {
			apart = append(apart, thing{t.rect, "lane text " + t.text})
		}
		apart = append(apart, thing{levelPart(l, la), fmt.Sprint("line of lane ", i)})
	}
	for i, a := range apart {
		if !page.holds(a.rect) {
			fault("%s %v leaves the page %v", a.what, a.rect, page)
		}
		for _, b := range apart[:i] {
			if a.overlaps(b.rect) {
				fault("%s %v meets %s %v", a.what, a.rect, b.what, b.rect)
			}
		}
	}
	return append(faults, bendFaults(l)...)
}

// levelPart is the room of the part of a lane that runs level.
func levelPart(l *layout, la *lane) rect {
	zone, bend, _ := l.laneX(la)
	w := la.weight()
	return rect{min(zone, bend), la.zoneY - w/2, max(zone, bend) - min(zone, bend), w}
}

// insideFaults is what is wrong inside of a box.
func insideFaults(l *layout, at int) []string {
	var faults []string
	box, in := l.boxes[at], l.byNode[at]
	for i, t := range in.texts {
		if !box.holds(t.rect) {
			faults = append(faults, fmt.Sprintf("%q %v leaves the box %v of %s", t.text, t.rect, box, l.p.nodes[at].name))
		}
		for _, u := range in.texts[:i] {
			if t.overlaps(u.rect) {
				faults = append(faults, fmt.Sprintf("%q %v meets %q %v", t.text, t.rect, u.text, u.rect))
			}
		}
		for _, c := range in.cards {
			if t.overlaps(c) && !c.holds(t.rect) {
				faults = append(faults, fmt.Sprintf("%q %v crosses the border of %v", t.text, t.rect, c))
			}
		}
	}
	for i, c := range in.cards {
		if !box.holds(c) || i > 0 && c.overlaps(in.cards[i-1]) {
			faults = append(faults, fmt.Sprintf("host group %v of %s leaves its place", c, l.p.nodes[at].name))
		}
	}
	return faults
}

// bendFaults holds that the strip where lanes bend has neither box nor text in
// it, and that lanes meet both of their boxes.
func bendFaults(l *layout) []string {
	var faults []string
	for _, la := range l.lanes {
		link := l.p.links[la.link]
		zone, bend, wall := l.laneX(la)
		strip := rect{min(bend, wall), 0, max(bend, wall) - min(bend, wall), l.height}
		for at, box := range l.boxes {
			if strip.overlaps(box) {
				faults = append(faults, fmt.Sprintf("box of %s stands where lanes bend", l.p.nodes[at].name))
			}
		}
		for i := range l.lanes {
			for _, t := range l.laneTexts[i] {
				if strip.overlaps(t.rect) {
					faults = append(faults, fmt.Sprintf("%q stands where lanes bend", t.text))
				}
			}
		}
		z, f := l.boxes[link.zone], l.boxes[link.firewall]
		if la.zoneY <= z.y || la.zoneY >= z.y+z.h || zone != z.x && zone != z.x+z.w {
			faults = append(faults, fmt.Sprintf("lane at %d,%d does not meet its zone %v", zone, la.zoneY, z))
		}
		if la.wallY <= f.y || la.wallY >= f.y+f.h || wall != f.x && wall != f.x+f.w {
			faults = append(faults, fmt.Sprintf("lane at %d,%d does not meet its firewall %v", wall, la.wallY, f))
		}
	}
	return faults
}

// TestOverlapsAreSeen holds that the check above can fail.
func TestOverlapsAreSeen(t *testing.T) {
	for what, spoil := range map[string]func(*layout){
		"box":       func(l *layout) { l.boxes[1] = l.boxes[0] },
		"lane text": func(l *layout) { l.laneTexts[0][0].x = l.boxes[0].x },
		"lane":      func(l *layout) { l.lanes[0].zoneY = l.lanes[1].zoneY },
		"text":      func(l *layout) { l.byNode[0].texts[1].y = l.byNode[0].texts[0].y },
		"page":      func(l *layout) { l.width /= 2 },
	} {
		l := NewPicture(twoZones().graph, PictureOptions{}).newLayout()
		if spoil(l); len(overlaps(l)) == 0 {
			t.Errorf("a misplaced %s was not seen", what)
		}
	}
}

// TestSpreadIsNearest compares with all placements on a small line.
func TestSpreadIsNearest(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	for range 2000 {
		const hi = 14
		slots := make([]slot, 1+r.IntN(3))
		for i := range slots {
			slots[i] = slot{want: r.IntN(24) - 4, gap: 1 + r.IntN(3)}
		}
		spread(slots, 0, hi)
		have, last := 0, 0
		for _, s := range slots {
			if s.at < last+s.gap || s.at > hi {
				t.Fatalf("%v is not within 0..%d with its gaps", slots, hi)
			}
			last = s.at
			have += (s.at - s.want) * (s.at - s.want)
		}
		// In whole pixels a run of slots can be less than one off its best
		// place, where its sum of squares is flat.
		if want := nearest(slots, 0, hi); have > want+len(slots) {
			t.Fatalf("%v is %d away, %d is possible", slots, have, want)
		}
	}
}

// nearest tries all placements.
func nearest(slots []slot, last, hi int) int {
	if len(slots) == 0 {
		return 0
	}
	best := 1 << 30
	for at := last + slots[0].gap; at <= hi; at++ {
		d := (at - slots[0].want) * (at - slots[0].want)
		best = min(best, d+nearest(slots[1:], at, hi))
	}
	return best
}

func TestSameGraphSameBytes(t *testing.T) {
	for seed := range uint64(20) {
		var first []byte
		for range 3 {
			p := NewPicture(randomNetwork(rand.New(rand.NewPCG(seed, 2))).graph, PictureOptions{})
			var out bytes.Buffer
			for _, err := range []error{p.SVG(&out), p.DOT(&out), p.Mermaid(&out)} {
				if err != nil {
					t.Fatal(err)
				}
			}
			if first != nil && !bytes.Equal(first, out.Bytes()) {
				t.Fatalf("seed %d is drawn in two ways", seed)
			}
			first = out.Bytes()
		}
	}
}

func BenchmarkPicture(b *testing.B) {
	for _, sites := range []int{160, 3200} {
		g := branches(sites).graph
		b.Run(fmt.Sprint(sites), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				var out bytes.Buffer
				if err := NewPicture(g, PictureOptions{}).SVG(&out); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
