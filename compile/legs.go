package compile

import (
	"fmt"
	"slices"

	"github.com/nbfwc/nbfwc/lang"
	"github.com/nbfwc/nbfwc/ruleset"
)

// legRef is a leg as flows see it.
type legRef struct {
	id    int32 // index in legTable.list
	place place
	use   lang.Use
	v6    bool
}

// legPair is the two legs of a flow.
type legPair struct{ from, to int32 }

// legTable numbers the legs of all groups. Behind them stand the zones, twice
// each, once per family: the ends of flows that name whole zones.
type legTable struct {
	list    []legOwner
	byGroup map[*lang.Group][]legRef
	zones   int32 // id of the first zone's IPv4 end
	// self has the legs that live on firewalls, by zone.
	self map[int32][]int32
	// sets are the addresses of whole zones that are ends of flows.
	sets map[int32]ruleset.AddrSet
}

// legOwner is where a leg stands in the policy.
type legOwner struct {
	group *lang.Group
	leg   int
	place place
}

func (o legOwner) addrs() []lang.AddrRange { return o.group.Legs[o.leg].Addrs }

// newLegTable numbers the legs in the order of the policy.
func newLegTable(groups []*lang.Group, t *topology) (legTable, []Problem) {
	lt := legTable{byGroup: make(map[*lang.Group][]legRef, len(groups)), self: map[int32][]int32{}, sets: map[int32]ruleset.AddrSet{}}
	own := selfAddrs(t)
	var problems []Problem
	n := 0
	for _, g := range groups {
		n += len(g.Legs)
	}
	refs := make([]legRef, 0, n)
	lt.list = make([]legOwner, 0, n)
	for _, g := range groups {
		start := len(refs)
		for i := range g.Legs {
			r, p := lt.ref(t, own, g, i)
			problems = append(problems, p...)
			refs = append(refs, r)
		}
		lt.byGroup[g] = refs[start:len(refs):len(refs)]
	}
	lt.zones = int32(len(lt.list))
	return lt, problems
}

func (lt *legTable) ref(t *topology, own []ruleset.AddrSet, g *lang.Group, i int) (legRef, []Problem) {
	leg := &g.Legs[i]
	var problems []Problem
	zone, ok := t.zoneIndex[leg.Zone]
	if !ok {
		zone = t.zoneIndex[lang.Elsewhere]
	}
	p := place{zone, -1}
	for fw, set := range own {
		if set.IsEmpty() {
			continue
		}
		switch in := countIn(leg.Addrs, set); {
		case in == len(leg.Addrs) && in > 0:
			p.self = int32(fw)
		case in > 0:
			problems = append(problems, Problem{
				Summary: "Hosts partly on a firewall",
				Detail: fmt.Sprintf("Some addresses of hosts %q are on firewall %q itself and some are not. Rules for the two differ, "+
					"so give the hosts that are on the firewall a hosts block of their own.", g.Block, t.firewalls[fw].Name),
				Subject: g.Origin,
			})
		}
	}
	id := int32(len(lt.list))
	lt.list = append(lt.list, legOwner{g, i, p})
	if p.self >= 0 {
		lt.self[zone] = append(lt.self[zone], id)
	}
	return legRef{id: id, place: p, use: leg.Use, v6: leg.IPv6}, problems
}

// selfAddrs has the firewalls' own addresses; nil if no firewall has any.
func selfAddrs(t *topology) []ruleset.AddrSet {
	var own []ruleset.AddrSet
	for i, fw := range t.firewalls {
		if len(fw.Self) == 0 {
			continue
		}
		if own == nil {
			own = make([]ruleset.AddrSet, len(t.firewalls))
		}
		own[i] = ruleset.NewAddrSet(ranges(fw.Self)...)
	}
	return own
}

func ranges(list []lang.AddrRange) []ruleset.Range {
	out := make([]ruleset.Range, len(list))
	for i, r := range list {
		out[i] = ruleset.Range(r)
	}
	return out
}

func countIn(list []lang.AddrRange, set ruleset.AddrSet) int {
	n := 0
	for _, r := range list {
		if set.Contains(r.From) && set.Contains(r.To) {
			n++
		}
	}
	return n
}

// zoneEnd is the leg of a whole zone in one family.
func (lt *legTable) zoneEnd(zone int32, v6 bool) legRef {
	id := lt.zones + 2*zone
	if v6 {
		id++
	}
	return legRef{id: id, place: place{zone, -1}, v6: v6}
}

// isZone reports whether id is the end of a whole zone.
func (lt *legTable) isZone(id int32) bool { return id >= lt.zones }

// zoneOf is the zone of a whole zone's end and its family.
func (lt *legTable) zoneOf(id int32) (zone int32, v6 bool) {
	return (id - lt.zones) / 2, (id-lt.zones)%2 == 1
}

// placeOf is where the leg is.
func (lt *legTable) placeOf(id int32) place {
	if lt.isZone(id) {
		z, _ := lt.zoneOf(id)
		return place{z, -1}
	}
	return lt.list[id].place
}

// isV6 is the leg's family.
func (lt *legTable) isV6(id int32) bool {
	if lt.isZone(id) {
		_, v6 := lt.zoneOf(id)
		return v6
	}
	return lt.list[id].group.Legs[lt.list[id].leg].IPv6
}

// usable are the legs that a role uses: an IPMI role those with the use ipmi,
// all others the rest. Hosts that play IPMI roles only may give plain
// addresses.
func usable(legs []legRef, g *lang.Group, ipmi bool) []legRef {
	plain := true
	for _, l := range legs {
		plain = plain && l.use != lang.IPMI
	}
	if plain && (!ipmi || onlyIPMI(g)) {
		return legs
	}
	return slices.DeleteFunc(slices.Clone(legs), func(l legRef) bool { return (l.use == lang.IPMI) != ipmi })
}

func onlyIPMI(g *lang.Group) bool {
	return !slices.ContainsFunc(g.Roles, func(r *lang.Role) bool { return !r.IPMI })
}

// choose picks the legs by which two ends talk: those that share a zone; else
// the backup addresses where an end has them, else the others; IPv4 with IPv4,
// IPv6 with IPv6. A virtual address is a destination only and stands beside the
// others. No pair means that there is no common family, or no source.
func choose(out []legPairRef, from, to []legRef) []legPairRef {
	if len(from) == 1 && len(to) == 1 && from[0].use != lang.Virtual {
		if from[0].v6 == to[0].v6 {
			out = append(out, legPairRef{from[0], to[0]})
		}
		return out
	}
	real := func(l legRef) bool { return l.use != lang.Virtual }
	virtual := func(l legRef) bool { return l.use == lang.Virtual }
	src := only(from, real)
	out = chooseReal(out, src, only(to, real))
	for _, v := range only(to, virtual) {
		out = chooseReal(out, src, []legRef{v})
	}
	return out
}

type legPairRef struct{ from, to legRef }

func only(legs []legRef, keep func(legRef) bool) []legRef {
	return slices.DeleteFunc(slices.Clone(legs), func(l legRef) bool { return !keep(l) })
}

func chooseReal(out []legPairRef, from, to []legRef) []legPairRef {
	n := len(out)
	out = pairs(out, from, to, func(a, b legRef) bool { return a.place.zone == b.place.zone })
	if len(out) > n {
		return out
	}
	always := func(_, _ legRef) bool { return true }
	out = pairs(out, preferred(from), preferred(to), always)
	if len(out) > n {
		return out
	}
	for _, v6 := range []bool{false, true} {
		family := func(l legRef) bool { return l.v6 == v6 }
		out = pairs(out, preferred(only(from, family)), preferred(only(to, family)), always)
	}
	return out
}

// pairs appends the pairs of one family that fit.
func pairs(out []legPairRef, from, to []legRef, fit func(a, b legRef) bool) []legPairRef {
	for _, a := range from {
		for _, b := range to {
			if a.v6 == b.v6 && fit(a, b) {
				out = append(out, legPairRef{a, b})
			}
		}
	}
	return out
}

// preferred are the backup legs, all legs if there is none.
func preferred(legs []legRef) []legRef {
	backup := only(legs, func(l legRef) bool { return l.use == lang.Backup })
	if len(backup) > 0 {
		return backup
	}
	return legs
}
