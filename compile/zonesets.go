package compile

import (
	"cmp"
	"net/netip"
	"slices"

	"github.com/nbfwc/nbfwc/lang"
	"github.com/nbfwc/nbfwc/ruleset"
)

// zoneSet is the addresses that belong to a zone: those whose longest matching
// network is the zone's.
func (t *topology) zoneSet(z *lang.Zone) ruleset.AddrSet {
	if z == lang.Elsewhere {
		var all []netip.Prefix
		for _, o := range t.zones {
			all = append(all, o.Networks...)
		}
		return ruleset.AnyAddr().Subtract(ruleset.PrefixSet(all...))
	}
	type network struct {
		netip.Prefix
		own bool
	}
	var list []network
	for _, o := range t.zones {
		for _, n := range o.Networks {
			if o == z || inside(n, z) {
				list = append(list, network{n, o == z})
			}
		}
	}
	// Longer networks come later and take away from, or give back to, what
	// the shorter ones said.
	slices.SortStableFunc(list, func(a, b network) int { return cmp.Compare(a.Bits(), b.Bits()) })
	var set ruleset.AddrSet
	for _, n := range list {
		if n.own {
			set = set.Union(ruleset.PrefixSet(n.Prefix))
		} else {
			set = set.Subtract(ruleset.PrefixSet(n.Prefix))
		}
	}
	return set
}

// inside reports whether n is part of one of the zone's networks.
func inside(n netip.Prefix, z *lang.Zone) bool {
	return slices.ContainsFunc(z.Networks, func(p netip.Prefix) bool { return p.Bits() < n.Bits() && p.Contains(n.Addr()) })
}

// zoneEndSet is the addresses of a whole zone's end: the zone's in one family,
// without those on firewalls, which are ends of their own.
func (t *topology) zoneEndSet(z *lang.Zone, v6 bool) ruleset.AddrSet {
	family := ruleset.Any4()
	if v6 {
		family = ruleset.Any6()
	}
	return t.zoneSet(z).Intersect(family).Subtract(t.own())
}

// own is the addresses that are on firewalls.
func (t *topology) own() ruleset.AddrSet {
	var all []ruleset.Range
	for _, fw := range t.firewalls {
		all = append(all, ranges(fw.Self)...)
	}
	return ruleset.NewAddrSet(all...)
}

// Behind gives, by interface label, the addresses that belong behind each
// interface of a firewall: those of all zones that are reached through it. An
// address behind two of them, where several ways are open, is behind both. A
// firewall that is itself a host is reached from elsewhere through the zone of
// its address, though the zone carries nothing else.
func (g *Graph) Behind(fw *Firewall) map[string]ruleset.AddrSet {
	t := g.topology
	behind := map[string]ruleset.AddrSet{ruleset.Self: ruleset.NewAddrSet(ranges(fw.Self)...)}
	own := behind[ruleset.Self]
	i := t.fwIndex[fw.Firewall]
	v := t.vertex(i)
	home := map[int32]bool{}
	for z, ids := range g.legs.self {
		for _, id := range ids {
			home[z] = home[z] || g.legs.list[id].place.self == i
		}
	}
	for _, iface := range fw.Interfaces {
		var all []ruleset.Range
		for _, z := range t.zonesThrough(v, iface, home) {
			all = append(all, g.zoneSets()[z].Ranges()...)
		}
		behind[iface.Label] = ruleset.NewAddrSet(all...).Subtract(own)
	}
	return behind
}

// zoneSets are the addresses of each zone, made when they are first asked for.
func (g *Graph) zoneSets() []ruleset.AddrSet {
	g.zonesOnce.Do(func() {
		for _, z := range g.topology.zones {
			g.zoneAddrs = append(g.zoneAddrs, g.topology.zoneSet(z))
		}
	})
	return g.zoneAddrs
}

// zonesThrough are the zones that can be reached from a firewall by an
// interface without coming back to it, ascending. Its home zones are passed
// as if they carried traffic.
func (t *topology) zonesThrough(fw int32, iface *lang.Interface, home map[int32]bool) []int32 {
	seen := map[int32]bool{fw: true}
	var todo, zones []int32
	visit := func(v int32) {
		if seen[v] {
			return
		}
		seen[v] = true
		if t.isZone(v) {
			zones = append(zones, v)
		}
		if t.carries(v) || home[v] {
			todo = append(todo, v)
		}
	}
	for _, e := range t.edges[fw] {
		if e.iface == iface {
			visit(e.to)
		}
	}
	for len(todo) > 0 {
		v := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		for _, e := range t.edges[v] {
			visit(e.to)
		}
	}
	slices.Sort(zones)
	return zones
}
