package lang

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// makeGroups puts all hosts into groups. Its work is linear in the number of
// addresses, but for sorting them.
func (l *loader) makeGroups() {
	u := l.unite()
	g := &grouper{
		l: l, t: l.table, u: u, recent: -1,
		united: map[[2]int32]int32{},
		groups: map[groupKey]int32{}, signatures: map[string]int32{},
		done: map[int32]*Group{}, facts: map[string]*Facts{},
	}
	if u != nil {
		g.unite()
	}
	for h := range int32(g.t.Len()) {
		switch {
		case u == nil:
			g.add(h, nil)
		case !u.dead[h] && u.root(h) == h:
			g.add(h, g.more[h])
		}
	}
	g.fill()
	g.discriminate()
	l.table, l.inventories = nil, nil
}

// groupKey is what hosts of a group have in common.
type groupKey struct{ profile, legs int32 }

// grouper makes groups of hosts.
type grouper struct {
	l      *loader
	t      *hostTable
	u      *unions
	more   map[int32][]int32 // further hosts that are the same host as the key
	united map[[2]int32]int32

	groups     map[groupKey]int32
	signatures map[string]int32
	list       []*Group
	keys       []groupKey
	recent     int32           // index of the group of the last host, -1 before the first
	lists      [][]int32       // hosts of each group
	legsOf     map[int32][]leg // of hosts whose legs aren't in order as declared
	scratch    []leg
	text       []byte
	// last is the signature of the last host with one address, counted from 1.
	last struct {
		kind, zone, id int32
		is4            bool
	}
	done  map[int32]*Group
	facts map[string]*Facts
}

// leg is one address of a host while it is put into a group.
type leg struct {
	AddrRange
	kind, zone int32
}

// unite gives the root of each set of hosts the united profile.
func (g *grouper) unite() {
	g.more, g.legsOf = map[int32][]int32{}, map[int32][]leg{}
	for h := range int32(g.t.Len()) {
		r := g.u.root(h)
		if r == h || g.u.dead[h] {
			continue
		}
		g.more[r] = append(g.more[r], h)
		if g.t.name[r] == "" {
			g.t.name[r] = g.t.name[h]
		}
		g.t.profile[r] = g.unitedProfile(r, h)
	}
}

// unitedProfile is the profile of a host that two blocks declare.
func (g *grouper) unitedProfile(r, h int32) int32 {
	k := [2]int32{g.t.profile[r], g.t.profile[h]}
	if k[0] == k[1] {
		return k[0]
	}
	if id, ok := g.united[k]; ok {
		return id
	}
	p, q := g.t.profiles[k[0]], g.t.profiles[k[1]]
	if p.blocks[0].domain != q.blocks[0].domain {
		g.l.fail(sumDomains, fmt.Sprintf("The host of the domain %q at %s has this address as well. A host belongs to one domain; flows to hosts of another one are flows of the policy's own, with domain.NAME.hosts.NAME at an end.", p.blocks[0].domain.Name, g.l.hostPlace(r)), g.l.hostPlace(h))
		return k[0]
	}
	out := profile{version: p.version, peers: unitedPeers(p.peers, q.peers)}
	if !p.version.IsZero() && !q.version.IsZero() && p.version != q.version {
		g.l.conflict(r, h, fmt.Sprintf("It has version %s there and %s here.", p.version, q.version))
	}
	if p.version.IsZero() {
		out.version = q.version
	}
	out.blocks = slices.Clone(p.blocks)
	for _, b := range q.blocks {
		out.blocks = appendOnce(out.blocks, b)
	}
	out.roles = sortedRoles(append(slices.Clone(p.roles), q.roles...))
	out.features = sortedFeatures(append(slices.Clone(p.features), q.features...))
	out.settings = g.unitedSettings(p.settings, q.settings, r, h)
	id := int32(len(g.t.profiles))
	g.t.profiles = append(g.t.profiles, out)
	g.united[k] = id
	return id
}

func (g *grouper) unitedSettings(p, q []Setting, r, h int32) []Setting {
	out := slices.Clone(p)
	for _, s := range q {
		i := slices.IndexFunc(out, func(o Setting) bool { return o.Name == s.Name })
		if i < 0 {
			out = append(out, s)
			continue
		}
		if settingText(out[i].Value) != settingText(s.Value) {
			g.l.conflict(r, h, fmt.Sprintf("Its setting %s is %s there and %s here.", s.Name, settingText(out[i].Value), settingText(s.Value)))
		}
	}
	byName(out, func(s Setting) string { return s.Name })
	return out
}

// unitedPeers: a role that one block narrows stays narrowed; one that both
// narrow may have the peers of either.
func unitedPeers(p, q map[*Role][]PeerBlock) map[*Role][]PeerBlock {
	if len(p) == 0 {
		return q
	}
	out := maps.Clone(p)
	for r, peers := range q {
		list := slices.Clone(out[r])
		for _, x := range peers {
			list = appendOnce(list, x)
		}
		out[r] = list
	}
	return out
}

// add puts host h, which is also the hosts more, into its group.
func (g *grouper) add(h int32, more []int32) {
	legs := g.legs(h, more)
	k := groupKey{g.t.profile[h], g.signature(legs)}
	if g.recent >= 0 && g.keys[g.recent] == k { // neighbours are mostly alike
		g.lists[g.recent] = append(g.lists[g.recent], h)
		return
	}
	id, ok := g.groups[k]
	if !ok {
		id = int32(len(g.keys))
		g.groups[k] = id
		g.keys = append(g.keys, k)
		g.lists = append(g.lists, nil)
		g.list = append(g.list, g.newGroup(k, legs, h))
	}
	g.lists[id] = append(g.lists[id], h)
	g.recent = id
}

// legs are the legs of a host in normal order: by use, name, family and zone,
// then as they were declared. A leg that two blocks declare counts once.
func (g *grouper) legs(h int32, more []int32) []leg {
	g.scratch = g.scratch[:0]
	add := func(h int32) {
		from, to := g.t.legs(int(h))
		for i := from; i < to; i++ {
			g.scratch = append(g.scratch, leg{g.t.addr[i], g.t.kind[i], g.t.zone[i]})
		}
	}
	add(h)
	if len(g.scratch) == 1 && len(more) == 0 {
		return g.scratch
	}
	for _, m := range more {
		add(m)
	}
	slices.SortStableFunc(g.scratch, g.compareLegs)
	legs := g.scratch[:0]
	for _, x := range g.scratch {
		if !slices.ContainsFunc(legs, func(y leg) bool { return x.AddrRange == y.AddrRange }) {
			legs = append(legs, x)
		}
	}
	if g.legsOf == nil {
		g.legsOf = map[int32][]leg{}
	}
	g.legsOf[h] = slices.Clone(legs)
	return legs
}

func (g *grouper) compareLegs(a, b leg) int {
	x, y := g.t.kinds[a.kind], g.t.kinds[b.kind]
	return cmp.Or(cmp.Compare(x.use, y.use), strings.Compare(x.name, y.name),
		cmp.Compare(a.From.BitLen(), b.From.BitLen()), strings.Compare(g.t.zones[a.zone].Name, g.t.zones[b.zone].Name))
}

// signature is the same number for hosts whose legs agree in all but the
// addresses.
func (g *grouper) signature(legs []leg) int32 {
	if len(legs) != 1 {
		return g.signatureOf(legs)
	}
	// Hosts with one address are mostly like their neighbours.
	x := legs[0]
	last := &g.last
	if last.id == 0 || last.kind != x.kind || last.zone != x.zone || last.is4 != x.From.Is4() {
		last.kind, last.zone, last.is4 = x.kind, x.zone, x.From.Is4()
		last.id = g.signatureOf(legs) + 1
	}
	return last.id - 1
}

func (g *grouper) signatureOf(legs []leg) int32 {
	g.text = g.text[:0]
	for _, x := range legs {
		k := g.t.kinds[x.kind]
		g.text = append(g.text, byte(k.use), byte(x.From.BitLen()))
		g.text = binary.LittleEndian.AppendUint32(g.text, uint32(x.zone))
		g.text = append(append(g.text, k.name...), 0)
	}
	id, ok := g.signatures[string(g.text)]
	if !ok {
		id = int32(len(g.signatures))
		g.signatures[string(g.text)] = id
	}
	return id
}

// newGroup makes the group that host h is the first of.
func (g *grouper) newGroup(k groupKey, legs []leg, h int32) *Group {
	p := &g.t.profiles[k.profile]
	first := p.blocks[0]
	out := &Group{Domain: first.domain.Domain, Block: first.in.name(), Peers: p.peers, Origin: first.origin}
	for _, b := range p.blocks[1:] {
		out.Also = append(out.Also, b.in.name())
	}
	out.Roles = g.l.withBrought(first.domain, p.roles)
	out.Facts = g.factsOf(p, out.Roles, h)
	for _, x := range legs {
		kind := g.t.kinds[x.kind]
		out.Legs = append(out.Legs, Leg{Name: kind.name, Zone: g.t.zones[x.zone], Use: kind.use, IPv6: x.From.Is6()})
	}
	for _, b := range p.blocks {
		b.groups = append(b.groups, out)
	}
	return out
}

// withBrought adds the roles that roles bring unless another host of the
// domain declares them.
func (l *loader) withBrought(d *domainParts, roles []*Role) []*Role {
	out := slices.Clone(roles)
	for i := 0; i < len(out); i++ {
		for _, b := range out[i].Brings {
			if !d.declared[b] {
				out = appendOnce(out, b)
			}
		}
		for _, b := range out[i].Implies {
			out = appendOnce(out, b)
		}
	}
	return sortedRoles(out)
}

// factsOf interns the facts of a profile. Host h stands for its hosts in what
// is reported.
func (g *grouper) factsOf(p *profile, roles []*Role, h int32) *Facts {
	d := p.blocks[0].domain
	f := Facts{Version: p.version, Roles: roles, Features: slices.Clone(p.features), Domain: d.Domain}
	if f.Version.IsZero() {
		f.Version = d.Version
	}
	for _, x := range d.features {
		if canHave(x.On, roles) {
			f.Features = appendOnce(f.Features, x)
		}
	}
	byName(f.Features, featureName)
	f.Settings = g.l.allSettings(p.settings, roles)
	if i := slices.IndexFunc(roles, func(r *Role) bool { return r.Versioned }); f.Version.IsZero() && i >= 0 && !anyBroken(p.blocks) {
		g.l.fail(sumVersionMissing, fmt.Sprintf("The ports of a host with the role %s depend on its version. Write version = \"7.6\" or the like in the hosts block or in the domain.", roles[i].Name), g.l.hostPlace(h))
	}
	key := f.key()
	if old := g.facts[key]; old != nil {
		return old
	}
	g.facts[key] = &f
	return &f
}

func anyBroken(blocks []*hostsBlock) bool {
	return slices.ContainsFunc(blocks, func(b *hostsBlock) bool { return b.broken || b.domain.broken })
}

// allSettings adds the defaults that hosts of the roles have.
func (l *loader) allSettings(declared []Setting, roles []*Role) []Setting {
	out := slices.Clone(declared)
	for _, s := range l.catalog.Settings {
		if s.Default == nil || !canHave(s.On, roles) || slices.ContainsFunc(declared, func(d Setting) bool { return d.Name == s.Name }) {
			continue
		}
		out = append(out, Setting{Name: s.Name, Value: s.Default})
	}
	byName(out, func(s Setting) string { return s.Name })
	return out
}

// key is the same text for equal facts.
func (f *Facts) key() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %p", f.Version, f.Domain)
	for _, r := range f.Roles {
		fmt.Fprintf(&b, " %s", r.Name)
	}
	for _, x := range f.Features {
		fmt.Fprintf(&b, " +%s", x.Name)
	}
	for _, s := range f.Settings {
		fmt.Fprintf(&b, " %s=%s%t", s.Name, settingText(s.Value), s.Declared)
	}
	return b.String()
}

// inOrder sorts hosts as they were declared. Hosts that were cut out of ranges
// stand at the end of the table.
func (g *grouper) inOrder(hosts []int32) {
	slices.SortFunc(hosts, func(a, b int32) int {
		return cmp.Or(cmp.Compare(g.l.blockOf(a).id, g.l.blockOf(b).id), cmp.Compare(g.t.at[a], g.t.at[b]),
			g.t.addr[g.t.start[a]].From.Compare(g.t.addr[g.t.start[b]].From))
	})
}

// fill gives the groups their names and addresses, in columns of the exact
// length.
func (g *grouper) fill() {
	for id, group := range g.list {
		hosts := g.lists[id]
		if g.u != nil {
			g.inOrder(hosts)
		}
		group.Names = make([]string, len(hosts))
		for k := range group.Legs {
			group.Legs[k].Addrs = make([]AddrRange, len(hosts))
		}
		for i, h := range hosts {
			group.Names[i] = g.t.name[h]
			if legs, ok := g.legsOf[h]; ok {
				for k, x := range legs {
					group.Legs[k].Addrs[i] = x.AddrRange
				}
				continue
			}
			group.Legs[0].Addrs[i] = g.t.addr[g.t.start[h]]
		}
		group.Domain.Groups = append(group.Domain.Groups, group)
		g.lists[id] = nil
	}
	position := map[string]int32{}
	for _, b := range g.l.blocks {
		position[b.domain.Name+"\x00"+b.in.name()] = b.id
	}
	for _, d := range g.l.policy.Domains {
		slices.SortStableFunc(d.Groups, func(a, b *Group) int {
			return cmp.Compare(position[d.Name+"\x00"+a.Block], position[d.Name+"\x00"+b.Block])
		})
	}
}
