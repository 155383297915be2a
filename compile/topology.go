package compile

import (
	"slices"

	"github.com/nbfwc/nbfwc/lang"
)

// topology is the network as a graph: zones and firewalls are the vertices,
// interfaces the edges. A way from one zone to another alternates between the
// two; it may pass through transit zones only, since a zone that holds hosts
// carries no traffic of others.
type topology struct {
	zones     []*lang.Zone // the policy's, then elsewhere
	firewalls []*Firewall
	zoneIndex map[*lang.Zone]int32
	edges     [][]edge // by vertex: zones first, then firewalls
	blocks    *blockTree
	choices   []*lang.PathChoice
	fwIndex   map[*lang.Firewall]int32
	within    map[blockPass]*passes // memo of ways through a block
}

// edge leads from a vertex to its neighbour through an interface. Both
// directions of one edge have the same id.
type edge struct {
	to, id int32
	iface  *lang.Interface
}

// place is where an end of a flow is: in a zone, or in a zone and on a
// firewall itself.
type place struct {
	zone int32
	self int32 // index of the firewall, -1 for none
}

func newTopology(p *lang.Policy, firewalls []*Firewall) *topology {
	t := &topology{
		zones:     append(slices.Clone(p.Zones), lang.Elsewhere),
		firewalls: firewalls,
		zoneIndex: make(map[*lang.Zone]int32, len(p.Zones)+1),
		fwIndex:   make(map[*lang.Firewall]int32, len(firewalls)),
		choices:   p.Paths,
		within:    map[blockPass]*passes{},
	}
	for i, z := range t.zones {
		t.zoneIndex[z] = int32(i)
	}
	t.edges = make([][]edge, len(t.zones)+len(firewalls))
	id := int32(0)
	for i, fw := range firewalls {
		t.fwIndex[fw.Firewall] = int32(i)
		for _, iface := range fw.Interfaces {
			for _, z := range zonesBehind(iface) {
				t.join(t.zoneIndex[z], t.vertex(int32(i)), id, iface)
				id++
			}
		}
	}
	t.blocks = newBlockTree(t)
	return t
}

// zonesBehind are the zones of an interface, elsewhere among them if it is the
// default one.
func zonesBehind(iface *lang.Interface) []*lang.Zone {
	if !iface.Default || slices.Contains(iface.Zones, lang.Elsewhere) {
		return iface.Zones
	}
	return append(slices.Clip(iface.Zones), lang.Elsewhere)
}

func (t *topology) join(zone, fw, id int32, iface *lang.Interface) {
	t.edges[zone] = append(t.edges[zone], edge{to: fw, id: id, iface: iface})
	t.edges[fw] = append(t.edges[fw], edge{to: zone, id: id, iface: iface})
}

// vertex is the vertex of the firewall with index i.
func (t *topology) vertex(i int32) int32 { return int32(len(t.zones)) + i }

func (t *topology) isZone(v int32) bool { return int(v) < len(t.zones) }

// carries reports whether ways may pass through v.
func (t *topology) carries(v int32) bool {
	return !t.isZone(v) || t.zones[v].Transit
}

// name is v in words.
func (t *topology) name(v int32) string {
	if t.isZone(v) {
		return "zone " + t.zones[v].Name
	}
	return "firewall " + t.firewalls[v-int32(len(t.zones))].Name
}
