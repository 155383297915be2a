package view

import (
	"github.com/nbfwc/nbfwc/compile"
)

// GraphZone is a zone as a picture shows it.
type GraphZone struct {
	Name      string       `json:"name"`
	Networks  []string     `json:"networks,omitempty"`
	Transit   bool         `json:"transit,omitempty"`
	Elsewhere bool         `json:"elsewhere,omitempty"` // every address that is in no zone
	Hosts     []GraphHosts `json:"hosts,omitempty"`
	Local     []GraphLocal `json:"local,omitempty"`
}

// GraphHosts is hosts of a zone that agree in roles, version and features.
type GraphHosts struct {
	Name     string   `json:"name"` // of the hosts block; the domain first if there are several
	Roles    []string `json:"roles"`
	Version  string   `json:"version,omitempty"`
	Features []string `json:"features,omitempty"`
	Count    int      `json:"count"`
	Firewall string   `json:"firewall,omitempty"` // that the hosts are
}

// GraphLocal counts flows of a zone that cross no firewall.
type GraphLocal struct {
	Why   string `json:"why"`
	To    string `json:"to,omitempty"` // the other zone behind the same interface
	Flows int    `json:"flows"`
}

// GraphFirewall is a firewall with its interfaces.
type GraphFirewall struct {
	Name       string           `json:"name"`
	Target     string           `json:"target"`
	Interfaces []GraphInterface `json:"interfaces"`
}

// GraphInterface is a side of a firewall.
type GraphInterface struct {
	Label string   `json:"label"`
	Zones []string `json:"zones"`
}

// GraphEnd is a zone, or a firewall whose own flows they are.
type GraphEnd struct {
	Zone     string `json:"zone,omitempty"`
	Firewall string `json:"firewall,omitempty"`
}

// GraphBundle is all flows from one end to another.
type GraphBundle struct {
	From  GraphEnd `json:"from"`
	To    GraphEnd `json:"to"`
	Ports []Port   `json:"ports"`
	Flows int      `json:"flows"`
	// Paths is each way that the flows take.
	Paths [][]Hop `json:"paths"`
}

// GraphDocument answers "graph -json". Nothing in it is folded.
type GraphDocument struct {
	Document
	Zones     []GraphZone     `json:"zones"`
	Firewalls []GraphFirewall `json:"firewalls"`
	Bundles   []GraphBundle   `json:"bundles"`
}

// Graph makes the document of a graph.
func Graph(g *compile.Graph) GraphDocument {
	p := NewPicture(g, PictureOptions{Fold: FoldNever})
	doc := GraphDocument{
		Document: document("graph"), Zones: []GraphZone{}, Firewalls: []GraphFirewall{},
		Bundles: make([]GraphBundle, len(p.bundles)),
	}
	sides := make([][]GraphInterface, len(p.nodes))
	for _, l := range p.links {
		sides[l.firewall] = withZone(sides[l.firewall], l.label, p.nodes[l.zone].name)
	}
	for at, n := range p.nodes {
		if n.kind == firewallNode {
			doc.Firewalls = append(doc.Firewalls, GraphFirewall{n.name, n.target, append([]GraphInterface{}, sides[at]...)})
		} else {
			doc.Zones = append(doc.Zones, graphZone(n))
		}
	}
	for i, b := range p.bundles {
		doc.Bundles[i] = p.graphBundle(b)
	}
	return doc
}

// withZone adds a zone to the interface of a label.
func withZone(sides []GraphInterface, label, zone string) []GraphInterface {
	for i := range sides {
		if sides[i].Label == label {
			sides[i].Zones = append(sides[i].Zones, zone)
			return sides
		}
	}
	return append(sides, GraphInterface{label, []string{zone}})
}

func graphZone(n *pictureNode) GraphZone {
	z := GraphZone{Name: n.name, Networks: n.networks, Transit: n.kind == transitZone, Elsewhere: n.kind == elsewhereZone}
	for _, g := range n.groups {
		z.Hosts = append(z.Hosts, GraphHosts{
			Name: g.name, Roles: append([]string{}, g.roles...), Version: g.version, Features: g.features, Count: g.count, Firewall: g.on,
		})
	}
	for _, l := range n.local {
		z.Local = append(z.Local, GraphLocal{localWords(l.why), l.other, l.flows})
	}
	return z
}

func (p *Picture) graphBundle(b *bundle) GraphBundle {
	v := GraphBundle{From: p.graphEnd(b.from), To: p.graphEnd(b.to), Flows: b.flows, Ports: []Port{}, Paths: [][]Hop{}}
	for _, port := range b.ports {
		v.Ports = append(v.Ports, portOf(port))
	}
	for _, route := range b.routes {
		v.Paths = append(v.Paths, p.hops(route))
	}
	return v
}

func (p *Picture) graphEnd(at int) GraphEnd {
	if n := p.nodes[at]; n.kind == firewallNode {
		return GraphEnd{Firewall: n.name}
	}
	return GraphEnd{Zone: p.nodes[at].name}
}

// hops is a route as the firewalls on it, in and out by interface.
func (p *Picture) hops(route []step) []Hop {
	hops := []Hop{}
	for _, s := range route {
		link := p.links[s.link]
		name := p.nodes[link.firewall].name
		if s.out { // of the zone, into the firewall
			hops = append(hops, Hop{Firewall: name, In: link.label})
			continue
		}
		if len(hops) == 0 || hops[len(hops)-1].Firewall != name || hops[len(hops)-1].Out != "" {
			hops = append(hops, Hop{Firewall: name})
		}
		hops[len(hops)-1].Out = link.label
	}
	return hops
}
