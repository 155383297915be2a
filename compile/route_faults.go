package compile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/nbfwc/nbfwc/lang"
)

// routeFault is why traffic between two places has no single way. Pairs of
// places with the same cause are one problem: one missing interface can break
// thousands of them.
type routeFault struct {
	cause   string
	summary string
	why     string // a clause that says what is there
	advice  string // sentences that say what to write
	// at is the place in the policy that is at fault; the zero Origin if it is
	// the one that needs the way.
	at lang.Origin
}

// routeFaults collects the faults of a policy by cause.
type routeFaults struct {
	list    []*blamedRoutes
	byCause map[string]*blamedRoutes
	looked  int
	unsaid  int
}

// blamedRoutes are the pairs of places that one cause breaks.
type blamedRoutes struct {
	routeFault
	asker lang.Origin
	pairs []placePair // the first few
	more  int
}

// placePair is two places.
type placePair struct{ a, b place }

const (
	// maxRoutesExplained bounds for how many pairs of places the cause is looked
	// for, since that is a walk through the whole network.
	maxRoutesExplained = 500
	// maxPairsListed is how many pairs of places a problem names.
	maxPairsListed = 4
)

// add notes that there is no single way between a pair of places, for the
// reasons that why gives.
func (r *routeFaults) add(t *topology, p placePair, why func() []routeFault, asker lang.Origin) {
	faults := t.detached(p)
	if faults == nil {
		if r.looked == maxRoutesExplained {
			r.unsaid++
			return
		}
		r.looked++
		faults = why()
	}
	for _, f := range faults {
		b := r.byCause[f.cause]
		if b == nil {
			b = &blamedRoutes{routeFault: f, asker: asker}
			if r.byCause == nil {
				r.byCause = map[string]*blamedRoutes{}
			}
			r.byCause[f.cause] = b
			r.list = append(r.list, b)
		}
		if len(b.pairs) < maxPairsListed {
			b.pairs = append(b.pairs, p)
		} else {
			b.more++
		}
	}
}

// problems are the faults as problems, one per cause.
func (r *routeFaults) problems(t *topology) []Problem {
	var out []Problem
	for i, b := range r.list {
		p := Problem{Summary: b.summary, Subject: b.at, Detail: b.text(t)}
		switch {
		case b.at == lang.Origin{}:
			p.Subject = b.asker
		case b.asker != lang.Origin{} && b.asker != b.at:
			p.Detail += fmt.Sprintf(" What is at %s needs the way.", placeText(b.asker))
		}
		if n := r.unsaid; n > 0 && i == len(r.list)-1 {
			p.Detail += fmt.Sprintf(" Beside those that are reported, %d further pairs of zones have no single way; they were not looked at.", n)
		}
		out = append(out, p)
	}
	return out
}

func (b *blamedRoutes) text(t *topology) string {
	text := fmt.Sprintf("Between %s %s. %s", t.ends(b.pairs[0]), b.why, b.advice)
	if len(b.pairs) == 1 {
		return text
	}
	var others []string
	for _, p := range b.pairs[1:] {
		others = append(others, t.ends(p))
	}
	text += " The same holds between " + strings.Join(others, "; ")
	if b.more > 0 {
		text += fmt.Sprintf("; and %d more pairs", b.more)
	}
	return text + "."
}

// placeText is a place in the policy in words.
func placeText(o lang.Origin) string { return fmt.Sprintf("%s line %d", o.File, o.Line) }

// maxListed is how many ways an error lists.
const maxListed = 8

func (t *topology) ends(p placePair) string {
	return fmt.Sprintf("%s and %s", t.placeName(p.a), t.placeName(p.b))
}

func (t *topology) placeName(p place) string {
	if p.self >= 0 {
		return fmt.Sprintf("firewall %q itself", t.firewalls[p.self].Name)
	}
	return fmt.Sprintf("zone %q", t.zones[p.zone].Name)
}

// detached are the zones of a pair that no firewall has an interface to: the
// commonest cause, and one that is known at once.
func (t *topology) detached(p placePair) []routeFault {
	var out []routeFault
	for _, x := range []place{p.a, p.b} {
		if len(t.edges[x.zone]) > 0 {
			continue
		}
		z := t.zones[x.zone]
		f := routeFault{
			cause: "zone " + z.Name, summary: "Zone behind no firewall", at: z.Origin,
			why:    fmt.Sprintf("there is no way, since no interface of a firewall has zone.%s", z.Name),
			advice: "Add it to the zones of the interface that leads there.",
		}
		if z == lang.Elsewhere {
			f.why = "there is no way, since no interface leads to what is in no zone"
			f.advice = "Say default = true on the interface behind which it is, or declare a zone for these addresses."
		}
		out = append(out, f)
	}
	return out
}

// several is the fault of more ways than one. Its cause is the firewalls that
// not all of the ways cross.
func (t *topology) several(a, b place, paths [][]Hop, more bool) []routeFault {
	var text []string
	for i, p := range paths {
		if i == maxListed {
			break
		}
		text = append(text, pathText(p))
	}
	rest := ""
	if n := len(paths) - len(text); n > 0 {
		rest = fmt.Sprintf("; and %d more", n)
		if more {
			rest = "; and more"
		}
	}
	optional := someCross(paths)
	return []routeFault{{
		cause: "several " + strings.Join(optional, " "), summary: "Several ways between two zones",
		why: fmt.Sprintf("there are several ways: %s%s", strings.Join(text, "; "), rest),
		advice: fmt.Sprintf("Rules must stand on the firewalls that the traffic crosses, so say which: "+
			"write a block path \"x\" with from = zone.%s, to = zone.%s and via = [firewall.%s]. With avoid instead of via other ways are left, and all = true opens every way.",
			t.zones[a.zone].Name, t.zones[b.zone].Name, firstOf(optional, paths)),
	}}
}

// someCross names the firewalls that are on some paths and not on all, in the
// order of their names. Paths that cross the same firewalls by other interfaces
// have all of them here.
func someCross(paths [][]Hop) []string {
	on := map[string]int{}
	for _, p := range paths {
		for _, h := range p {
			on[h.Firewall.Name]++
		}
	}
	var some, all []string
	for name, n := range on {
		all = append(all, name)
		if n < len(paths) {
			some = append(some, name)
		}
	}
	if len(some) == 0 {
		some = all
	}
	slices.Sort(some)
	return some
}

// firstOf is the first firewall of the paths that is one of names.
func firstOf(names []string, paths [][]Hop) string {
	for _, p := range paths {
		for _, h := range p {
			if slices.Contains(names, h.Firewall.Name) {
				return h.Firewall.Name
			}
		}
	}
	return "x"
}

// pathText is a path in words: "edge (lan0 to dmz0), core (out to in)".
func pathText(path []Hop) string {
	if len(path) == 0 {
		return "directly, behind one interface"
	}
	var parts []string
	for _, h := range path {
		parts = append(parts, fmt.Sprintf("%s (%s to %s)", h.Firewall.Name, ifaceText(h.In), ifaceText(h.Out)))
	}
	return strings.Join(parts, ", ")
}

func ifaceText(i *lang.Interface) string {
	if i == nil {
		return "itself"
	}
	return i.Label
}

func (t *topology) tooMany(_, _ place) []routeFault {
	return []routeFault{{
		cause: "too many", summary: "Too many ways between two zones",
		why: fmt.Sprintf("there are more ways than can be looked at (%d)", maxWays),
		advice: "Firewalls that are one cluster or pair are one firewall block; " +
			"zones that don't join firewalls should not say transit = true.",
	}}
}

func (t *topology) nothingLeft(_, _ place, c *lang.PathChoice, list []way) []routeFault {
	return []routeFault{{
		cause: "path " + c.Name, summary: "No way left between two zones", at: c.Origin,
		why:    fmt.Sprintf("the block path %q leaves no way. Without it there would be %s", c.Name, pathText(t.hops(list[0]))),
		advice: "Change its via or avoid, or name the zones that it is for with from and to.",
	}}
}

// noWay says where the search for a way from a to b ends. It looks for the one
// change that would join the two: a zone that is no transit zone, an interface
// that sends back where it came from, or a firewall that lacks an interface.
func (t *topology) noWay(a, b place) []routeFault {
	near, far := t.reach(a), t.reach(b)
	f := routeFault{summary: "No way between two zones"}
	for z := range t.zones {
		if t.zones[z].Transit || int32(z) == a.zone || int32(z) == b.zone {
			continue
		}
		if u, v := t.beside(int32(z), near), t.beside(int32(z), far); u >= 0 && v >= 0 && u != v {
			f.at = t.zones[z].Origin
			f.why = fmt.Sprintf("there is no way, since zone %q, which lies between %s and %s, carries no traffic of others", t.zones[z].Name, t.name(u), t.name(v))
			f.advice = "If it only joins the two, say transit = true in it and give its hosts a zone of their own; else add the interface or the transit zone by which the two are joined."
			f.cause = "transit " + t.zones[z].Name
			return []routeFault{f}
		}
	}
	for i, fw := range t.firewalls {
		if v := t.vertex(int32(i)); near[v] && far[v] {
			f.at = fw.Origin
			f.why = fmt.Sprintf("there is no way, since both sides meet at firewall %q behind one interface", fw.Name)
			f.advice = "If it routes between them, say hairpin = true on that interface."
			f.cause = "hairpin " + fw.Name
			return []routeFault{f}
		}
	}
	here, there := t.some(near), t.some(far)
	f.why = fmt.Sprintf("there is no way: from %s one gets to %s, from %s to %s, and nothing joins these", t.placeName(a), here, t.placeName(b), there)
	f.advice = "Declare the zone between them with transit = true, and name it in the zones of an interface on each side."
	// The smaller part is the one that is cut off.
	f.cause = "apart " + max(here, there)
	if len(near) != len(far) {
		f.cause = "apart " + here
		if len(far) < len(near) {
			f.cause = "apart " + there
		}
	}
	return []routeFault{f}
}

// reach is what traffic from p can get to, by vertex.
func (t *topology) reach(p place) map[int32]bool {
	start := p.zone
	if p.self >= 0 {
		start = t.vertex(p.self)
	}
	seen := map[int32]bool{start: true}
	for todo := []int32{start}; len(todo) > 0; {
		u := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		for _, e := range t.edges[u] {
			if !seen[e.to] && t.carries(e.to) {
				seen[e.to] = true
				todo = append(todo, e.to)
			}
		}
	}
	return seen
}

// beside is a firewall of set that has an interface in zone z, -1 for none.
func (t *topology) beside(z int32, set map[int32]bool) int32 {
	for _, e := range t.edges[z] {
		if set[e.to] {
			return e.to
		}
	}
	return -1
}

// some names a few firewalls of set.
func (t *topology) some(set map[int32]bool) string {
	var names []string
	for i := range t.firewalls {
		if !set[t.vertex(int32(i))] {
			continue
		}
		if len(names) == 3 {
			names = append(names, "others")
			break
		}
		names = append(names, t.firewalls[i].Name)
	}
	if len(names) == 0 {
		return "no firewall"
	}
	return "firewall " + strings.Join(names, ", ")
}
