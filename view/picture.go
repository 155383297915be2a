package view

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/nbfwc/nbfwc/compile"
	"github.com/nbfwc/nbfwc/lang"
)

// Fold says whether a picture may draw many alike zones as one.
type Fold uint8

const (
	// FoldAuto folds if there are more zones than a page shows.
	FoldAuto Fold = iota
	// FoldNever draws every zone, host group, network and bundle of flows.
	FoldNever
)

// foldAbove is the number of zones that are drawn without folding.
const foldAbove = 30

// PictureOptions are the user's choices for a picture.
type PictureOptions struct {
	// Title stands above the picture; "" is a general one.
	Title string
	Fold  Fold
}

// Picture is a flow graph as it is drawn: zones with their hosts, the
// firewalls between them, and flows bundled by pair of zones. It is read only.
type Picture struct {
	title string
	// nodes are the zones in the policy's order, then the firewalls in
	// theirs.
	nodes   []*pictureNode
	links   []pictureLink
	bundles []*bundle // sorted by from, then to
	counts  pictureCounts
	// folding says in words what was folded, "" for nothing.
	folding string
	// all: nothing may be left out.
	all bool
}

// pictureCounts are of the whole graph, folded or not.
type pictureCounts struct{ zones, firewalls, flows, local int }

type nodeKind uint8

const (
	hostZone nodeKind = iota
	transitZone
	elsewhereZone
	firewallNode
)

// pictureNode is a zone or a firewall.
type pictureNode struct {
	kind     nodeKind
	name     string
	networks []string       // of a zone
	groups   []pictureGroup // of a zone
	local    []localFlows   // of a zone
	target   string         // of a firewall
	// like are the names of all nodes that this one stands for, its own first;
	// nil if it stands for itself. alike says how much they are.
	like  []string
	alike string
	// ends is the number of flow ends in the zone.
	ends int
}

// stands is the number of nodes that n stands for.
func (n *pictureNode) stands() int { return max(1, len(n.like)) }

// pictureGroup is the hosts of one block with the same roles and version.
type pictureGroup struct {
	name     string
	roles    []string
	features []string
	version  string
	count    int
	on       string // the firewall that the hosts are, "" for none
}

// localFlows are flows of a zone that cross no firewall.
type localFlows struct {
	why   compile.Local
	other string // the other zone behind the same interface
	flows int
}

func (l localFlows) String() string {
	words := Count(l.flows, "flow", "flows")
	switch l.why {
	case compile.SameHost:
		return words + " on one host"
	case compile.SameInterface:
		return words + " to " + l.other + ", same interface, not enforced"
	}
	return words + " inside the zone"
}

// pictureLink is an interface of a firewall towards one zone.
type pictureLink struct {
	zone, firewall int // nodes
	label          string
	// labels are of all interfaces that a folded link stands for.
	labels []string
}

// step is one link on the way of flows, out of the zone or into it.
type step struct {
	link int
	out  bool
}

// bundle is all flows from one node to another. A firewall is an end where
// the flows are its own.
type bundle struct {
	from, to int
	ports    []compile.Port // sorted, each once
	flows    int
	// detail is one line for each of the first flows.
	detail []string
	routes [][]step
}

// maxDetail is how many flows of a bundle are spelled out.
const maxDetail = 40

// NewPicture makes the picture of a graph.
func NewPicture(g *compile.Graph, opt PictureOptions) *Picture {
	p := newPictureMaker(g, opt.Fold == FoldNever).picture()
	p.title = opt.Title
	if p.title == "" {
		p.title = "NetBackup flows between zones"
	}
	if opt.Fold == FoldAuto && p.counts.zones > foldAbove {
		return p.fold()
	}
	return p
}

// pictureMaker collects the nodes, links and bundles of a graph.
type pictureMaker struct {
	g         *compile.Graph
	p         *Picture
	zones     map[*lang.Zone]int
	firewalls map[*lang.Firewall]int
	links     map[linkKey]int
	bundles   map[[2]int]*bundle
	self      map[groupZone]string // hosts that are a firewall
}

type linkKey struct {
	zone, firewall int
	iface          *lang.Interface
}

type groupZone struct {
	group *lang.Group
	zone  int
}

func newPictureMaker(g *compile.Graph, all bool) *pictureMaker {
	return &pictureMaker{
		g: g, p: &Picture{all: all},
		zones: map[*lang.Zone]int{}, firewalls: map[*lang.Firewall]int{},
		links: map[linkKey]int{}, bundles: map[[2]int]*bundle{}, self: map[groupZone]string{},
	}
}

func (m *pictureMaker) picture() *Picture {
	m.addZones()
	m.addFirewalls()
	for i := range m.g.Flows {
		m.addFlow(&m.g.Flows[i])
	}
	m.addHosts()
	p := m.p
	for _, b := range m.bundles {
		p.bundles = append(p.bundles, b)
	}
	slices.SortFunc(p.bundles, compareBundles)
	p.counts.zones, p.counts.firewalls = len(m.zones), len(m.firewalls)
	return p
}

func compareBundles(a, b *bundle) int {
	if a.from != b.from {
		return a.from - b.from
	}
	return a.to - b.to
}

func (m *pictureMaker) addZones() {
	for _, z := range m.g.Policy.Zones {
		m.addZone(z)
	}
	for i := range m.g.Flows {
		if f := &m.g.Flows[i]; endZone(f.From) == lang.Elsewhere || endZone(f.To) == lang.Elsewhere {
			m.addZone(lang.Elsewhere)
			return
		}
	}
}

func (m *pictureMaker) addZone(z *lang.Zone) {
	n := &pictureNode{name: z.Name}
	switch {
	case z == lang.Elsewhere:
		n.kind = elsewhereZone
	case z.Transit:
		n.kind = transitZone
	}
	for _, prefix := range z.Networks {
		n.networks = append(n.networks, prefix.String())
	}
	m.zones[z] = len(m.p.nodes)
	m.p.nodes = append(m.p.nodes, n)
}

func (m *pictureMaker) addFirewalls() {
	elsewhere, used := m.zones[lang.Elsewhere]
	for _, fw := range m.g.Firewalls {
		at := len(m.p.nodes)
		m.firewalls[fw.Firewall] = at
		m.p.nodes = append(m.p.nodes, &pictureNode{kind: firewallNode, name: fw.Name, target: fw.Target})
		for _, iface := range fw.Interfaces {
			for _, z := range iface.Zones {
				m.link(m.zones[z], at, iface)
			}
			if iface.Default && used {
				m.link(elsewhere, at, iface)
			}
		}
	}
}

// link is the link between a zone and an interface, made if there is none.
func (m *pictureMaker) link(zone, firewall int, iface *lang.Interface) int {
	key := linkKey{zone, firewall, iface}
	at, ok := m.links[key]
	if !ok {
		at = len(m.p.links)
		m.links[key] = at
		m.p.links = append(m.p.links, pictureLink{zone: zone, firewall: firewall, label: iface.Label})
	}
	return at
}

func (m *pictureMaker) addFlow(f *compile.Flow) {
	from, to := m.zones[endZone(f.From)], m.zones[endZone(f.To)]
	if f.Local != compile.NotLocal {
		m.p.counts.local++
		m.addLocal(from, to, f.Local)
		return
	}
	m.p.counts.flows++
	m.p.nodes[from].ends++
	m.p.nodes[to].ends++
	for i, path := range f.Paths {
		m.addPath(f, path, from, to, i == 0)
	}
}

func (m *pictureMaker) addLocal(from, to int, why compile.Local) {
	n, other := m.p.nodes[from], ""
	if why == compile.SameInterface {
		other = m.p.nodes[to].name
	}
	at := slices.IndexFunc(n.local, func(l localFlows) bool { return l.why == why && l.other == other })
	if at < 0 {
		at = len(n.local)
		n.local = append(n.local, localFlows{why: why, other: other})
	}
	n.local[at].flows++
}

// addPath adds one way of a flow to the bundle between its ends; it counts
// for the first way only.
func (m *pictureMaker) addPath(f *compile.Flow, path []compile.Hop, from, to int, counts bool) {
	first, last := path[0], path[len(path)-1]
	if first.In == nil {
		m.markSelf(f.From, from, first.Firewall)
		from = m.firewalls[first.Firewall.Firewall]
	}
	if last.Out == nil {
		m.markSelf(f.To, to, last.Firewall)
		to = m.firewalls[last.Firewall.Firewall]
	}
	b := m.bundles[[2]int{from, to}]
	if b == nil {
		b = &bundle{from: from, to: to}
		m.bundles[[2]int{from, to}] = b
	}
	if counts {
		b.flows++
		b.addPorts(f.Ports)
		if len(b.detail) < maxDetail {
			b.detail = append(b.detail, fmt.Sprintf("%s to %s: %s, %s", EndName(f.From), EndName(f.To), FlowName(f), Ports(f.Ports)))
		}
	}
	b.addRoute(m.route(path, endZone(f.From), endZone(f.To)))
}

func (m *pictureMaker) markSelf(e compile.End, zone int, fw *compile.Firewall) {
	if e.Group != nil {
		m.self[groupZone{e.Group, zone}] = fw.Name
	}
}

func (b *bundle) addPorts(ports []compile.Port) {
	for _, p := range ports {
		if at, ok := slices.BinarySearchFunc(b.ports, p, comparePorts); !ok {
			b.ports = slices.Insert(b.ports, at, p)
		}
	}
}

func (b *bundle) addRoute(route []step) {
	if len(route) > 0 && !slices.ContainsFunc(b.routes, func(r []step) bool { return slices.Equal(r, route) }) {
		b.routes = append(b.routes, route)
	}
}

// route is the links of a path, in its direction.
func (m *pictureMaker) route(path []compile.Hop, from, to *lang.Zone) []step {
	var route []step
	for i, hop := range path {
		fw := m.firewalls[hop.Firewall.Firewall]
		if hop.In != nil {
			route = append(route, step{m.link(m.zones[from], fw, hop.In), true})
		}
		if hop.Out == nil {
			continue
		}
		next := to
		if i < len(path)-1 {
			next = m.between(hop.Out, path[i+1].In, to)
		}
		route = append(route, step{m.link(m.zones[next], fw, hop.Out), false})
		from = next
	}
	return route
}

// between is the zone through which one interface reaches another: a transit
// zone if there is one.
func (m *pictureMaker) between(out, in *lang.Interface, otherwise *lang.Zone) *lang.Zone {
	var found *lang.Zone
	for _, z := range out.Zones {
		if in != nil && slices.Contains(in.Zones, z) && (found == nil || z.Transit && !found.Transit) {
			found = z
		}
	}
	if found != nil {
		return found
	}
	return otherwise
}

// addHosts adds to each zone the groups that have an address in it.
func (m *pictureMaker) addHosts() {
	several := len(m.g.Policy.Domains) > 1
	for _, d := range m.g.Policy.Domains {
		for _, g := range d.Groups {
			for zone, count := range hostsByZone(g) {
				m.addGroup(zone, newPictureGroup(g, count, several), g)
			}
		}
	}
}

// hostsByZone is how many hosts of a group have an address in each zone.
func hostsByZone(g *lang.Group) map[*lang.Zone]int {
	counts := map[*lang.Zone]int{}
	for _, leg := range g.Legs {
		counts[leg.Zone] = max(counts[leg.Zone], len(leg.Addrs))
	}
	return counts
}

func newPictureGroup(g *lang.Group, count int, several bool) pictureGroup {
	pg := pictureGroup{name: g.Block, count: count}
	if several {
		pg.name = g.Domain.Name + "." + g.Block
	}
	for _, r := range g.Roles {
		pg.roles = append(pg.roles, r.Name)
	}
	if g.Facts != nil {
		for _, f := range g.Facts.Features {
			pg.features = append(pg.features, f.Name)
		}
		// A mail server has the version of its domain, which means nothing.
		netbackup := slices.ContainsFunc(g.Roles, func(r *lang.Role) bool { return !r.External })
		if netbackup && !g.Facts.Version.IsZero() {
			pg.version = g.Facts.Version.String()
		}
	}
	return pg
}

func (m *pictureMaker) addGroup(z *lang.Zone, pg pictureGroup, g *lang.Group) {
	at, ok := m.zones[z]
	if !ok {
		return // elsewhere, and no flow of the group is there
	}
	pg.on = m.self[groupZone{g, at}]
	n := m.p.nodes[at]
	for i := range n.groups {
		if n.groups[i].same(pg) {
			n.groups[i].count += pg.count
			return
		}
	}
	n.groups = append(n.groups, pg)
}

// same says whether two groups are drawn as one.
func (g pictureGroup) same(h pictureGroup) bool {
	return g.name == h.name && g.version == h.version && g.on == h.on &&
		slices.Equal(g.roles, h.roles) && slices.Equal(g.features, h.features)
}

// facts are the roles and version of a group in words.
func (g pictureGroup) facts() string {
	words := strings.Join(g.roles, ", ")
	if g.version != "" {
		words += " · " + g.version
	}
	if g.on != "" {
		words += " · on firewall " + g.on
	}
	return words
}

// peer names a node as the other end of flows.
func (p *Picture) peer(at int) string {
	n := p.nodes[at]
	if n.stands() > 1 {
		return fmt.Sprintf("%d like %s", n.stands(), n.name)
	}
	if n.kind == firewallNode {
		return n.name + " itself"
	}
	return n.name
}

// peers names nodes as the other ends of flows, or counts them.
func (p *Picture) peers(at []int) string {
	if len(at) == 1 {
		return p.peer(at[0])
	}
	sum, word := 0, " zones"
	for _, i := range at {
		sum += p.nodes[i].stands()
		if p.nodes[i].kind == firewallNode {
			word = " zones and firewalls"
		}
	}
	return strconv.Itoa(sum) + word
}

// summary says in words how much is in the picture.
func (p *Picture) summary() string {
	c := p.counts
	return fmt.Sprintf("%s, %s, %s through a firewall, %s", Count(c.zones, "zone", "zones"),
		Count(c.firewalls, "firewall", "firewalls"), Count(c.flows, "flow", "flows"), Count(c.local, "local flow", "local flows"))
}
