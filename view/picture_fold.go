package view

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Folding draws alike parts of a network once. A part is what hangs on the
// rest by one firewall or interface: a leaf zone, or a firewall with the zones
// behind it. Parts at the same place are alike if they have the same shape, the
// same kinds of hosts, and flows by the same ports with zones that are the
// same or alike again.

// foldFrom is the least number of alike parts that are drawn as one.
const foldFrom = 3

// fold is the picture with alike parts drawn once. If that leaves too many
// zones, parts count as alike whatever their hosts' versions and ports are,
// and the picture says so.
func (p *Picture) fold() *Picture {
	q := p.foldBy(false)
	if q.drawnZones() > foldAbove {
		q = p.foldBy(true)
	}
	return q
}

func (p *Picture) drawnZones() int {
	n := 0
	for _, node := range p.nodes {
		if node.kind != firewallNode {
			n++
		}
	}
	return n
}

func (p *Picture) foldBy(loosely bool) *Picture {
	f := &folder{p: p, loosely: loosely, ranks: p.rank(), onto: make([]int, len(p.nodes)), parts: make([][]int, len(p.nodes))}
	for i := range f.onto {
		f.onto[i] = i
	}
	f.strip()
	f.classify()
	for at := range p.nodes {
		if !f.part[at] {
			f.foldParts(at)
		}
	}
	return f.picture()
}

type folder struct {
	p       *Picture
	loosely bool
	ranks   *ranks
	part    []bool  // by node: it belongs to a part that hangs on one node
	parts   [][]int // by node: what hangs on it, itself left out
	class   []int   // by node: equal for alike nodes
	onto    []int   // by node: what it is drawn as; itself if it stays
}

// strip finds the parts: again and again, nodes with one neighbour left.
func (f *folder) strip() {
	left := make([]int, len(f.p.nodes))
	f.part = make([]bool, len(left))
	var queue []int
	for at, near := range f.ranks.near {
		left[at] = len(near)
		if left[at] == 1 {
			queue = append(queue, at)
		}
	}
	for ; len(queue) > 0; queue = queue[1:] {
		at := queue[0]
		if left[at] != 1 || f.ranks.parent[at] < 0 {
			continue // a root is what parts hang on
		}
		f.part[at] = true
		for _, up := range f.ranks.near[at] {
			if f.part[up] {
				continue
			}
			f.parts[up] = append(f.parts[up], at)
			if left[up]--; left[up] == 1 {
				queue = append(queue, up)
			}
		}
	}
	for _, hung := range f.parts {
		slices.Sort(hung)
	}
}

// classify refines classes until no class splits any more: first by what a
// node is, then by the classes of what hangs on it and of its flows' peers.
func (f *folder) classify() {
	f.class = make([]int, len(f.p.nodes))
	flows := f.flowsByNode()
	count := f.refine(func(at int) string { return f.kind(at) })
	for range f.p.nodes {
		next := f.refine(func(at int) string { return f.surroundings(at, flows[at]) })
		if next == count {
			return
		}
		count = next
	}
}

// refine numbers the different keys in order of appearance and makes them the
// classes. Keys contain the class before, so that classes only ever split.
func (f *folder) refine(key func(at int) string) int {
	numbers := map[string]int{}
	next := make([]int, len(f.class))
	for at := range next {
		k := key(at)
		n, ok := numbers[k]
		if !ok {
			n = len(numbers)
			numbers[k] = n
		}
		next[at] = n
	}
	f.class = next
	return len(numbers)
}

// kind is what a node is by itself. What can't be folded is like nothing else.
func (f *folder) kind(at int) string {
	n := f.p.nodes[at]
	if !f.part[at] || n.kind == elsewhereZone {
		return "node " + strconv.Itoa(at)
	}
	var hosts []string
	for _, g := range n.groups {
		words := strings.Join(g.roles, ",")
		if !f.loosely {
			words = fmt.Sprintf("%q %q %q %v", words, g.version, g.features, g.on != "")
		}
		hosts = append(hosts, words)
	}
	slices.Sort(hosts)
	hosts = slices.Compact(hosts)
	var local []string
	for _, l := range n.local {
		local = append(local, localWords(l.why))
	}
	slices.Sort(local)
	if f.loosely {
		local = nil
	}
	return fmt.Sprintf("%d %q %q %q", n.kind, n.target, hosts, slices.Compact(local))
}

// base is the name of a block without the key of its instance.
func base(name string) string {
	name, _, _ = strings.Cut(name, "[")
	return name
}

type peerFlow struct {
	peer  int
	words string // direction, way and ports
}

func (f *folder) flowsByNode() [][]peerFlow {
	flows := make([][]peerFlow, len(f.p.nodes))
	for _, b := range f.p.bundles {
		words := ""
		if !f.loosely {
			words = Ports(b.ports)
			for _, r := range b.routes {
				words += fmt.Sprintf("; %d", len(r))
			}
		}
		flows[b.from] = append(flows[b.from], peerFlow{b.to, "to " + words})
		flows[b.to] = append(flows[b.to], peerFlow{b.from, "from " + words})
	}
	return flows
}

// surroundings is a node's class with those of what hangs on it, of what it
// hangs on, and of the nodes that it has flows with.
func (f *folder) surroundings(at int, flows []peerFlow) string {
	var around []string
	for _, c := range f.parts[at] {
		around = append(around, "part "+strconv.Itoa(f.class[c]))
	}
	if f.part[at] {
		around = append(around, "on "+strconv.Itoa(f.class[f.ranks.parent[at]]))
	}
	for _, pf := range flows {
		around = append(around, fmt.Sprintf("%d %s", f.class[pf.peer], pf.words))
	}
	slices.Sort(around)
	if f.loosely {
		around = slices.Compact(around)
	}
	return fmt.Sprintf("%d %q", f.class[at], around)
}

// foldParts folds the alike ones among what hangs on a node, then goes on
// into those that stay.
func (f *folder) foldParts(at int) {
	for todo := []int{at}; len(todo) > 0; {
		at, todo = todo[len(todo)-1], todo[:len(todo)-1]
		byClass := map[int][]int{}
		for _, c := range f.parts[at] {
			byClass[f.class[c]] = append(byClass[f.class[c]], c)
		}
		for _, class := range slices.Sorted(maps.Keys(byClass)) {
			alike := byClass[class]
			if len(alike) < foldFrom {
				todo = append(todo, alike...)
				continue
			}
			for _, c := range alike[1:] {
				f.lay(c, alike[0])
			}
			todo = append(todo, alike[0])
		}
	}
}

// lay draws a part as another of the same class.
func (f *folder) lay(part, onto int) {
	f.onto[part] = onto
	byClass := func(a, b int) int { return f.class[a] - f.class[b] }
	from, to := slices.Clone(f.parts[part]), slices.Clone(f.parts[onto])
	slices.SortStableFunc(from, byClass)
	slices.SortStableFunc(to, byClass)
	for i, c := range from {
		// Loosely alike nodes can have different numbers of a class.
		other := slices.IndexFunc(to, func(t int) bool { return f.class[t] == f.class[c] })
		if i < len(to) && f.class[to[i]] == f.class[c] {
			other = i
		}
		f.lay(c, to[other])
	}
}

// drawnAs is what a node is drawn as in the end.
func (f *folder) drawnAs(at int) int {
	for f.onto[at] != at {
		at = f.onto[at]
	}
	return at
}

// picture is the folded picture.
func (f *folder) picture() *Picture {
	q := &Picture{title: f.p.title, counts: f.p.counts, all: f.p.all}
	number := make([]int, len(f.p.nodes))
	folded := 0
	for at, n := range f.p.nodes {
		if to := f.drawnAs(at); to != at {
			number[at] = number[to]
			f.merge(q.nodes[number[to]], n)
			if n.kind != firewallNode {
				folded++
			}
			continue
		}
		number[at] = len(q.nodes)
		drawn := *n
		drawn.groups, drawn.local = slices.Clone(n.groups), slices.Clone(n.local)
		drawn.networks = slices.Clone(n.networks)
		q.nodes = append(q.nodes, &drawn)
	}
	link := f.foldLinks(q, number)
	f.foldBundles(q, number, link)
	if folded > 0 {
		q.folding = f.words(q)
	}
	return q
}

// words says what was folded.
func (f *folder) words(q *Picture) string {
	boxes, zones := 0, 0
	for _, n := range q.nodes {
		if n.kind != firewallNode && n.stands() > 1 {
			boxes++
			zones += n.stands()
		}
	}
	reason := "the same place in the network, the same kinds of hosts, and flows with the same zones by the same ports"
	if f.loosely {
		reason = "the same place in the network, the same roles, and flows with the same zones; versions and ports may differ"
	}
	return fmt.Sprintf("Folded: %d zones are drawn as %s. Zones in one box have %s.", zones, Count(boxes, "box", "boxes"), reason)
}

// merge adds a node to the one that it is drawn as.
func (f *folder) merge(drawn, n *pictureNode) {
	if drawn.like == nil {
		drawn.like = []string{drawn.name}
		if f.loosely {
			drawn.alike = "much "
		}
	}
	drawn.like = append(drawn.like, n.name)
	drawn.networks = append(drawn.networks, n.networks...)
	drawn.ends += n.ends
	for _, g := range n.groups {
		drawn.mergeGroup(g)
	}
	for _, l := range n.local {
		at := slices.IndexFunc(drawn.local, func(h localFlows) bool { return h.why == l.why })
		if at < 0 {
			drawn.local = append(drawn.local, l)
			continue
		}
		drawn.local[at].flows += l.flows
	}
}

// mergeGroup adds the hosts of a folded zone to those of their kind, of the
// same block if there is one.
func (n *pictureNode) mergeGroup(g pictureGroup) {
	at := slices.IndexFunc(n.groups, func(h pictureGroup) bool { return h.sameKind(g) && base(h.name) == base(g.name) })
	if at < 0 {
		at = slices.IndexFunc(n.groups, func(h pictureGroup) bool { return h.sameKind(g) })
	}
	if at < 0 {
		n.groups = append(n.groups, g)
		return
	}
	h := &n.groups[at]
	h.count += g.count
	switch {
	case h.name == g.name || strings.HasSuffix(h.name, andOthers):
	case base(h.name) == base(g.name):
		h.name = base(h.name) + "[...]"
	default:
		h.name += andOthers
	}
}

const andOthers = " and others"

// sameKind says whether groups differ in nothing but their block.
func (g pictureGroup) sameKind(h pictureGroup) bool {
	isFirewall := (g.on == "") == (h.on == "")
	h.name, h.on = g.name, g.on
	return isFirewall && g.same(h)
}

// foldLinks makes the links of the folded picture and returns the number of
// each link in it. Several links between the same two nodes stay several.
func (f *folder) foldLinks(q *Picture, number []int) []int {
	nth := map[[2]int]int{}
	at := map[[3]int]int{}
	out := make([]int, len(f.p.links))
	for i, l := range f.p.links {
		pair := [2]int{l.zone, l.firewall}
		key := [3]int{number[l.zone], number[l.firewall], nth[pair]}
		nth[pair]++
		to, ok := at[key]
		if !ok {
			to = len(q.links)
			at[key] = to
			q.links = append(q.links, pictureLink{zone: key[0], firewall: key[1], label: l.label})
		}
		out[i] = to
		if drawn := &q.links[to]; !slices.Contains(drawn.labels, l.label) {
			drawn.labels = append(drawn.labels, l.label)
			if len(drawn.labels) > 1 {
				drawn.label = strconv.Itoa(len(drawn.labels)) + " interfaces"
			}
		}
	}
	return out
}

func (f *folder) foldBundles(q *Picture, number, link []int) {
	drawn := map[[2]int]*bundle{}
	for _, b := range f.p.bundles {
		key := [2]int{number[b.from], number[b.to]}
		d := drawn[key]
		if d == nil {
			d = &bundle{from: key[0], to: key[1]}
			drawn[key] = d
			q.bundles = append(q.bundles, d)
		}
		d.flows += b.flows
		d.addPorts(b.ports)
		d.detail = append(d.detail, b.detail[:min(len(b.detail), maxDetail-len(d.detail))]...)
		for _, route := range b.routes {
			mapped := make([]step, len(route))
			for i, s := range route {
				mapped[i] = step{link[s.link], s.out}
			}
			d.addRoute(mapped)
		}
	}
	slices.SortFunc(q.bundles, compareBundles)
}
