package compile

import (
	"cmp"
	"encoding/binary"
	"slices"

	"github.com/nbfwc/nbfwc/ruleset"
)

// groups are the object-groups that rules use and the parts of those, sorted by
// name, members sorted by address.
func (m *ruleMaker) groups() []ruleset.Group {
	used := make([]bool, len(m.names.list))
	for i := range m.rules {
		for _, k := range [...]int32{m.rules[i].src, m.rules[i].dst} {
			used[k] = true
			for _, part := range m.names.list[k].parts {
				used[part] = true
			}
		}
	}
	m.reserveMembers(used)
	list := make([]ruleset.Group, 0, len(used))
	for i, is := range used {
		if is {
			list = append(list, m.group(&m.names.list[i]))
		}
	}
	slices.SortFunc(list, func(a, b ruleset.Group) int { return cmp.Compare(a.Name, b.Name) })
	return list
}

func (m *ruleMaker) group(n *groupName) ruleset.Group {
	g := ruleset.Group{Name: n.name, Members: m.membersOf(n.set), Reason: m.groupReason(n.uses)}
	g.Set = ruleset.MemberSet(g.Members)
	if m.aggregated(n.set) {
		g.Members = aggregate(g.Set)
	}
	for _, part := range n.parts {
		g.Parts = append(g.Parts, m.names.list[part].name)
	}
	return g
}

// aggregated reports whether the domains of all legs want members merged.
func (m *ruleMaker) aggregated(set int32) bool {
	for _, id := range m.sets.list[set] {
		if m.g.legs.isZone(id) || !m.g.legs.list[id].group.Domain.Aggregate {
			return false
		}
	}
	return true
}

// aggregate spells a set with as few prefixes and ranges as possible.
func aggregate(set ruleset.AddrSet) []ruleset.Member {
	var list []ruleset.Member
	for _, r := range set.Ranges() {
		list = append(list, ruleset.Member{Range: r})
	}
	return list
}

// groupReason says in one line what the hosts of a group are.
func (m *ruleMaker) groupReason(uses []use) string {
	var what, domains []string
	for _, u := range uses {
		if w := u.what(); !slices.Contains(what, w) {
			what = append(what, w)
		}
		if u.domain != nil && !slices.Contains(domains, u.domain.Name) {
			domains = append(domains, u.domain.Name)
		}
	}
	s := listed(what, ", ") + " behind " + m.ifaceLabel(uses[0].iface)
	if uses[0].iface == self {
		s = listed(what, ", ") + " on the firewall itself"
	}
	if len(domains) > 0 {
		s += ", domain " + listed(domains, ", ")
	}
	return s
}

// what is a use in words.
func (u *use) what() string {
	switch {
	case u.role != nil && u.class != "":
		return u.role.Name + " (" + u.class + ")"
	case u.role != nil:
		return u.role.Name
	case u.from:
		return "sources of flow " + u.custom.Name
	}
	return "destinations of flow " + u.custom.Name
}

// membersOf are the hosts of a set of legs, sorted by address.
func (m *ruleMaker) membersOf(set int32) []ruleset.Member {
	legs := m.sets.list[set]
	if m.g.legs.isZone(legs[0]) {
		return m.zoneMembers(legs)
	}
	n := 0
	for _, id := range legs {
		if m.g.legs.isZone(id) {
			return m.mixed(legs)
		}
		n += len(m.g.legs.list[id].addrs())
	}
	if m.g.legs.isV6(legs[0]) {
		return m.sorted(legs, n)
	}
	return m.sorted4(legs, n)
}

// sorted4 sorts IPv4 hosts by one word each: the address and the host's number.
func (m *ruleMaker) sorted4(legs []int32, n int) []ruleset.Member {
	keys, hosts := slices.Grow(m.keys[:0], n), slices.Grow(m.hosts[:0], n)
	ascending, last := true, uint64(0)
	for _, id := range legs {
		for k, r := range m.g.legs.list[id].addrs() {
			a := r.From.As4()
			key := uint64(binary.BigEndian.Uint32(a[:]))<<32 | uint64(len(keys))
			ascending = ascending && key >= last
			last = key
			keys, hosts = append(keys, key), append(hosts, hostRef{id, int32(k)})
		}
	}
	m.keys, m.hosts = keys, hosts
	if !ascending {
		sortKeys(keys)
	}
	out := m.makeMembers(n)
	for i, key := range keys {
		h := hosts[uint32(key)]
		out[i] = member1(&m.g.legs.list[h.leg], int(h.k))
	}
	return out
}

// reserveMembers makes room for the members of all groups that are used.
func (m *ruleMaker) reserveMembers(used []bool) {
	if !m.reuse {
		return
	}
	n := 0
	for i, is := range used {
		if !is {
			continue
		}
		for _, id := range m.sets.list[m.names.list[i].set] {
			if !m.g.legs.isZone(id) {
				n += len(m.g.legs.list[id].addrs())
			}
		}
	}
	if n > cap(m.members) {
		m.members = make([]ruleset.Member, 0, n)
	}
}

// makeMembers makes a list of n members, in room that is used again for the
// next firewall if nobody keeps them.
func (m *ruleMaker) makeMembers(n int) []ruleset.Member {
	if !m.reuse {
		return make([]ruleset.Member, n)
	}
	from := len(m.members)
	if cap(m.members)-from < n {
		// Lists that were made stay where they are.
		m.members, from = make([]ruleset.Member, 0, max(2*cap(m.members), n)), 0
	}
	m.members = m.members[:from+n]
	return m.members[from : from+n : from+n]
}

// hostRef is a host of a leg.
type hostRef struct{ leg, k int32 }

// sortKeys sorts by the upper half of each key, keeping the order of equal
// ones: long lists by digits, in time proportional to their length.
func sortKeys(keys []uint64) {
	if len(keys) < 256 {
		slices.Sort(keys)
		return
	}
	from, to := keys, make([]uint64, len(keys))
	for shift := 32; shift < 64; shift += 8 {
		var count [257]int
		for _, k := range from {
			count[int(byte(k>>shift))+1]++
		}
		for i := range 256 {
			count[i+1] += count[i]
		}
		for _, k := range from {
			d := byte(k >> shift)
			to[count[d]] = k
			count[d]++
		}
		from, to = to, from
	}
}

func member1(o *legOwner, k int) ruleset.Member {
	mb := ruleset.Member{Range: ruleset.Range(o.addrs()[k])}
	if k < len(o.group.Names) {
		mb.Name = o.group.Names[k]
	}
	return mb
}

// sorted sorts hosts of any family.
func (m *ruleMaker) sorted(legs []int32, n int) []ruleset.Member {
	out := make([]ruleset.Member, 0, n)
	for _, id := range legs {
		o := &m.g.legs.list[id]
		for k := range o.addrs() {
			out = append(out, member1(o, k))
		}
	}
	slices.SortStableFunc(out, func(a, b ruleset.Member) int { return a.Range.From.Compare(b.Range.From) })
	return out
}

// zoneMembers are the ranges of whole zones.
func (m *ruleMaker) zoneMembers(ids []int32) []ruleset.Member {
	var out []ruleset.Member
	for _, id := range ids {
		for _, r := range m.g.legs.sets[id].Ranges() {
			out = append(out, ruleset.Member{Range: r})
		}
	}
	slices.SortStableFunc(out, func(a, b ruleset.Member) int { return a.Range.From.Compare(b.Range.From) })
	return out
}

// mixed are the members of whole zones and hosts together, as a flow of the
// policy can name them: the zones, and the hosts that are in none of them.
func (m *ruleMaker) mixed(ids []int32) []ruleset.Member {
	i := slices.IndexFunc(ids, m.g.legs.isZone)
	var zones ruleset.AddrSet
	for _, id := range ids[i:] {
		zones = zones.Union(m.g.legs.sets[id])
	}
	hosts := slices.DeleteFunc(m.sorted(ids[:i], 0), func(mb ruleset.Member) bool {
		return ruleset.NewAddrSet(mb.Range).Subtract(zones).IsEmpty()
	})
	out := append(hosts, m.zoneMembers(ids[i:])...)
	slices.SortStableFunc(out, func(a, b ruleset.Member) int { return a.Range.From.Compare(b.Range.From) })
	return out
}
