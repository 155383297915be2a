package main

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/nbfwc/nbfwc/compile"
	"github.com/nbfwc/nbfwc/lab/kernel"
	"github.com/nbfwc/nbfwc/lang"
	"github.com/nbfwc/nbfwc/ruleset"
)

// beyond is where the packets of the zone elsewhere come from, beside the hosts
// that a policy declares there (RFC 5737 and 3849).
var beyond = []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("2001:db8:ffff::/48")}

// wiring turns the topology of a policy into a network. Each zone is a node
// that has all its addresses and forwards unfiltered, each firewall a router
// with the device names of the policy.
type wiring struct {
	kernel.Topology
	policy  *lang.Policy
	attach  map[*lang.Zone]int // how many interfaces lead to a zone
	cluster map[string]string  // node -> one it is connected with
	devices map[string]int     // how many devices a zone's node has
	made    map[*lang.Zone]bool
}

// networkOf is the network that a policy describes. It has to be a tree:
// between any two zones the kernel then takes the way that the policy means.
func networkOf(g *compile.Graph) (kernel.Topology, error) {
	w := &wiring{policy: g.Policy, attach: map[*lang.Zone]int{}, cluster: map[string]string{}, devices: map[string]int{}, made: map[*lang.Zone]bool{}}
	for _, fw := range g.Firewalls {
		for _, iface := range fw.Interfaces {
			for _, z := range behind(iface) {
				w.attach[z]++
			}
		}
	}
	for _, fw := range g.Firewalls {
		w.Routers = append(w.Routers, kernel.Router{Name: firewallNode(fw), Addrs: ruleset.NewAddrSet(rangesOf(fw.Self)...).Prefixes()})
		for _, iface := range fw.Interfaces {
			if err := w.wire(firewallNode(fw), iface); err != nil {
				return w.Topology, fmt.Errorf("firewall %s, interface %s: %w", fw.Name, iface.Label, err)
			}
		}
	}
	return w.Topology, nil
}

func firewallNode(fw *compile.Firewall) string { return "firewall " + fw.Name }
func zoneNode(z *lang.Zone) string             { return "zone " + z.Name }

func behind(iface *lang.Interface) []*lang.Zone {
	if iface.Default && !slices.Contains(iface.Zones, lang.Elsewhere) {
		return append(slices.Clone(iface.Zones), lang.Elsewhere)
	}
	return iface.Zones
}

func rangesOf(list []lang.AddrRange) []ruleset.Range {
	out := make([]ruleset.Range, len(list))
	for i, r := range list {
		out[i] = ruleset.Range(r)
	}
	return out
}

// wire connects an interface of a firewall with the zones behind it.
func (w *wiring) wire(fw string, iface *lang.Interface) error {
	zones := behind(iface)
	switch {
	case len(zones) == 0:
		return nil
	case len(iface.Devices) > 1:
		return w.split(fw, iface, zones)
	case len(zones) == 1:
		return w.join(fw, iface.Devices[0], w.zone(zones[0]))
	case iface.Hairpin:
		return w.hairpin(fw, iface.Devices[0], zones)
	}
	// Zones that share an interface meet before the firewall. Other firewalls
	// that are there have the same zones behind their interface.
	lan := "lan of"
	for _, z := range zones {
		lan += " " + z.Name
	}
	known := w.devices[lan] > 0
	if !known {
		w.Routers = append(w.Routers, kernel.Router{Name: lan})
	}
	if err := w.join(fw, iface.Devices[0], lan); err != nil || known {
		return err
	}
	for _, z := range zones {
		if err := w.join(lan, w.device(lan), w.zone(z)); err != nil {
			return err
		}
	}
	return nil
}

// hairpin puts zones behind one device so that they meet in the firewall.
func (w *wiring) hairpin(fw, device string, zones []*lang.Zone) error {
	for _, z := range zones {
		if w.attach[z] != 1 {
			return fmt.Errorf("zone %s has a hairpin and another interface: no network for that", z.Name)
		}
		w.made[z] = true
		if err := w.connect(fw, zoneNode(z)); err != nil {
			return err
		}
		w.Zones = append(w.Zones, kernel.Zone{Name: zoneNode(z), Router: fw, Device: device, Addrs: w.addrs(z).Prefixes()})
	}
	return nil
}

// split puts the hosts of a zone behind several devices, in turn, and the rest
// of the zone behind the first.
func (w *wiring) split(fw string, iface *lang.Interface, zones []*lang.Zone) error {
	z := zones[0]
	if len(zones) != 1 || w.attach[z] != 1 || iface.Hairpin {
		return fmt.Errorf("several devices that lead to several zones: no network for that")
	}
	w.made[z] = true
	rest := w.addrs(z)
	shares := make([]ruleset.AddrSet, len(iface.Devices))
	n := 0
	eachLeg(w.policy, func(_ *lang.Group, leg *lang.Leg) {
		for _, r := range leg.Addrs {
			if leg.Zone == z {
				mine := ruleset.NewAddrSet(ruleset.Range(r)).Intersect(rest)
				n++
				shares[n%len(shares)] = shares[n%len(shares)].Union(mine)
				rest = rest.Subtract(mine)
			}
		}
	})
	shares[0] = shares[0].Union(rest)
	for i, d := range iface.Devices {
		name := fmt.Sprintf("%s by %s", zoneNode(z), d)
		w.Routers = append(w.Routers, kernel.Router{Name: name, Addrs: shares[i].Prefixes()})
		if err := w.join(fw, d, name); err != nil {
			return err
		}
	}
	return nil
}

// zone is the node of a zone.
func (w *wiring) zone(z *lang.Zone) string {
	name := zoneNode(z)
	if !w.made[z] {
		w.made[z] = true
		w.Routers = append(w.Routers, kernel.Router{Name: name, Addrs: w.addrs(z).Prefixes()})
	}
	return name
}

// device is a new device of a node that isn't a firewall.
func (w *wiring) device(node string) string {
	w.devices[node]++
	return fmt.Sprintf("d%d", w.devices[node])
}

func (w *wiring) join(fw, device, node string) error {
	w.Joins = append(w.Joins, kernel.Join{A: fw, ADevice: device, B: node, BDevice: w.device(node)})
	return w.connect(fw, node)
}

// connect notes that two nodes are connected, which they must not be already.
func (w *wiring) connect(a, b string) error {
	root := func(n string) string {
		for w.cluster[n] != "" {
			n = w.cluster[n]
		}
		return n
	}
	if root(a) == root(b) {
		return fmt.Errorf("%s and %s are connected twice: the network is no tree", a, b)
	}
	w.cluster[root(a)] = root(b)
	return nil
}

// addrs are the addresses of a zone that aren't a firewall's own: those whose
// longest matching network is the zone's.
func (w *wiring) addrs(z *lang.Zone) ruleset.AddrSet {
	type network struct {
		netip.Prefix
		zone *lang.Zone
	}
	var all []network
	for _, n := range beyond {
		all = append(all, network{n, lang.Elsewhere})
	}
	for _, o := range w.policy.Zones {
		for _, n := range o.Networks {
			all = append(all, network{n, o})
		}
	}
	slices.SortStableFunc(all, func(a, b network) int { return cmp.Compare(a.Bits(), b.Bits()) })
	var set ruleset.AddrSet
	eachLeg(w.policy, func(_ *lang.Group, leg *lang.Leg) {
		if leg.Zone == z && z == lang.Elsewhere {
			set = set.Union(ruleset.NewAddrSet(rangesOf(leg.Addrs)...))
		}
	})
	for _, n := range all {
		if n.zone == z {
			set = set.Union(ruleset.PrefixSet(n.Prefix))
		} else {
			set = set.Subtract(ruleset.PrefixSet(n.Prefix))
		}
	}
	for _, fw := range w.policy.Firewalls {
		set = set.Subtract(ruleset.NewAddrSet(rangesOf(fw.Self)...))
	}
	return set
}

func eachLeg(p *lang.Policy, visit func(*lang.Group, *lang.Leg)) {
	for _, d := range p.Domains {
		for _, g := range d.Groups {
			for i := range g.Legs {
				visit(g, &g.Legs[i])
			}
		}
	}
}

// loadedText is what is loaded for a firewall: its file, and for a section
// before it the rules of somebody who drops everything else and enters ours by
// a jump. Nothing in them knows of established connections.
func loadedText(fw *compile.Firewall, file string) string {
	if fw.Exclusive {
		return file
	}
	return userRules(fw) + file
}

// userRules are the rules of the owner of a firewall with a section.
func userRules(fw *compile.Firewall) string {
	words := strings.Fields(fw.Anchor)
	var b strings.Builder
	fmt.Fprintf(&b, "table %s %s {\n", words[0], words[1])
	for i, chain := range words[2:] {
		if chain == "-" {
			continue
		}
		hook := []string{"forward", "input", "output"}[i]
		ours := []string{"nb_section", "nb_section-input", "nb_section-output"}[i]
		fmt.Fprintf(&b, "\tchain %s {\n\t}\n\tchain %s {\n\t\ttype filter hook %s priority filter; policy drop;\n", ours, chain, hook)
		if i > 0 { // what the host and the link need is the owner's business
			fmt.Fprintf(&b, "\t\t%s \"lo\" accept\n\t\ticmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept\n", []string{"iifname", "oifname"}[i-1])
		}
		fmt.Fprintf(&b, "\t\tjump %s\n\t}\n", ours)
	}
	b.WriteString("}\n")
	return b.String()
}
