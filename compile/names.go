package compile

import (
	"slices"
	"strconv"

	"github.com/nbfwc/nbfwc/lang"
)

// maxName is the length of a name that every target can take as it is.
const maxName = 31

// use is what a set of legs on one side of rules is for. All hosts of a use
// behind one interface are one object-group, whatever they talk with.
type use struct {
	role   *lang.Role // nil for a flow of the policy
	custom *lang.Flow
	from   bool // with custom: the source side
	class  string
	covers lang.VersionRange
	domain *lang.Domain
	iface  int32
	v6     bool
}

// names gives each set of legs behind an interface of a firewall one name, that
// of its most telling use. A name never depends on the members: the words are role,
// class, interface, and where that doesn't tell two sets apart, the other
// side's role, the row, and the first of the hosts blocks.
type names struct {
	m      *ruleMaker
	whole  map[use]int32 // all legs of the use
	list   []groupName
	byName map[string]int32
	byText map[string]int32 // as the words say it, before it is cut
	bySet  map[setAt]int32
	// collisions are pairs of groups that a name template gives one name.
	collisions [][2]int32
}

// groupName is a set of legs that has a name.
type groupName struct {
	setAt
	name  string
	words words
	uses  []use   // in the order in which they were found
	parts []int32 // of a union, sorted by name
}

// setAt is a set of legs behind an interface.
type setAt struct{ set, iface int32 }

func newNames(m *ruleMaker) names {
	n := names{m: m, whole: map[use]int32{}, byName: map[string]int32{}, byText: map[string]int32{}, bySet: map[setAt]int32{}}
	parts := map[use][]int32{}
	add := func(u use, set int32) {
		if !slices.Contains(parts[u], set) {
			parts[u] = append(parts[u], set)
		}
	}
	for i := range m.products {
		p := &m.products[i]
		add(n.use(p, true), p.src)
		add(n.use(p, false), p.dst)
	}
	for u, list := range parts {
		n.whole[u] = -1
		if len(list) == 1 {
			n.whole[u] = list[0]
		} else if s, ok := m.sets.largest(list); ok {
			n.whole[u] = s
		}
	}
	n.nameAll()
	return n
}

// nameAll names all sets. Of the uses that a set has, the name is that of the
// most telling: all hosts of a use before some, what hosts are before what one
// flow of the policy wants of them, a role before a class of it, and a role that
// the catalogue says much of before one that it says little of (a master that is
// also a cssc_consumer is a master).
func (n *names) nameAll() {
	type side struct {
		p      *product
		source bool
		rank   [4]int
	}
	sides := make([]side, 0, 2*len(n.m.products))
	for i := range n.m.products {
		for _, source := range [...]bool{true, false} {
			s := side{p: &n.m.products[i], source: source}
			u := n.use(s.p, source)
			s.rank = [4]int{claim(n.whole[u] != s.p.set(source)), claim(u.role == nil), claim(u.class != ""), -n.m.rows[u.role]}
			sides = append(sides, s)
		}
	}
	slices.SortStableFunc(sides, func(a, b side) int { return slices.Compare(a.rank[:], b.rank[:]) })
	for _, s := range sides {
		n.of(s.p, s.source)
	}
}

func claim(is bool) int {
	if is {
		return 1
	}
	return 0
}

// set is the number of a side's set of legs.
func (p *product) set(source bool) int32 {
	if source {
		return p.src
	}
	return p.dst
}

// largest is the set that holds all others of the list, if one does.
func (s *legSets) largest(list []int32) (int32, bool) {
	best := list[0]
	for _, i := range list {
		if len(s.list[i]) > len(s.list[best]) {
			best = i
		}
	}
	for _, i := range list {
		if i != best && !subset(s.list[i], s.list[best]) {
			return 0, false
		}
	}
	return best, true
}

// subset reports whether a is in b; both are sorted.
func subset(a, b []int32) bool {
	for _, v := range a {
		i, ok := slices.BinarySearch(b, v)
		if !ok {
			return false
		}
		b = b[i+1:]
	}
	return true
}

// use is what a side of the product is for.
func (n *names) use(p *product, source bool) use {
	u := use{v6: p.v6, iface: p.out, from: source}
	if source {
		u.iface = p.in
	}
	if p.flow.Row == nil {
		u.custom = p.flow.Custom
		return u
	}
	set, end, row := p.dst, p.flow.To, p.flow.Row
	if source {
		set, end = p.src, p.flow.From
	}
	u.from = false
	u.domain = end.Group.Domain
	info := n.m.g.rows[row]
	if source {
		u.role, u.class, u.covers = row.From, info.from, row.FromCovers
	} else {
		u.role, u.class, u.covers = row.To, info.to, row.ToCovers
	}
	u.role = n.bringer(u.role, set)
	return u
}

// bringer is the role that brings this one on all hosts of the set, else the
// role itself: what a master does as emm is done by NBU-master.
func (n *names) bringer(role *lang.Role, set int32) *lang.Role {
	for _, r := range n.m.g.bringers[role] {
		if n.m.allPlay(set, r) {
			return r
		}
	}
	return role
}

func (m *ruleMaker) allPlay(set int32, r *lang.Role) bool {
	for _, id := range m.sets.list[set] {
		if !slices.Contains(m.g.legs.list[id].group.Roles, r) {
			return false
		}
	}
	return true
}

// of is the number of the name of a side of the product.
func (n *names) of(p *product, source bool) int32 {
	u := n.use(p, source)
	at := setAt{p.set(source), u.iface}
	if i, ok := n.bySet[at]; ok {
		if !slices.Contains(n.list[i].uses, u) {
			n.list[i].uses = append(n.list[i].uses, u)
		}
		return i
	}
	g := groupName{setAt: at, uses: []use{u}}
	level := 0
	if n.whole[u] != at.set {
		level = 1
	}
	for ; level < levels; level++ {
		g.words = n.words(u, p, source, level)
		if _, taken := n.byName[n.m.spelled(g.words)]; !taken {
			break
		}
		n.collide(g)
	}
	if level == levels {
		g.words = n.words(u, p, source, levels)
	}
	return n.add(g)
}

// collide notes that a template gives a group the name of another one, from
// which other words would tell it apart.
func (n *names) collide(g groupName) {
	if n.m.fw.GroupName.Text == "" {
		return
	}
	if i, ok := n.byText[n.m.text(g.words)]; ok && n.list[i].words.field != g.words.field {
		n.list = append(n.list, g)
		n.collisions = append(n.collisions, [2]int32{i, int32(len(n.list) - 1)})
	}
}

// add gives a set its name.
func (n *names) add(g groupName) int32 {
	i := int32(len(n.list))
	n.list = append(n.list, g)
	n.bySet[g.setAt] = i
	n.spell(i)
	return i
}

// rename gives the set of a name another one.
func (n *names) rename(i int32, g groupName) {
	delete(n.byName, n.list[i].name)
	if n.m.fw.GroupName.Text != "" {
		delete(n.byText, n.m.text(n.list[i].words))
	}
	n.list[i] = g
	n.spell(i)
}

// spell makes the name of its words. Where the words don't tell it apart,
// because they were cut or cleaned, a digest of all words does, and of more of
// the same until it is free.
func (n *names) spell(i int32) {
	w := n.list[i].words
	w.more = slices.Clip(w.more)
	if n.m.fw.GroupName.Text != "" {
		n.byText[n.m.text(w)] = i
	}
	name := n.m.spelled(w)
	for {
		if _, taken := n.byName[name]; !taken {
			n.list[i].name, n.byName[name] = name, i
			return
		}
		more := w
		more.more = append(w.more, digest(w.list()))
		name = n.m.spelled(more)
		w.more = append(w.more, "again")
	}
}

// levels is the number of ways to name a use, from the shortest.
const levels = 4

// words are the words of a use at a level.
func (n *names) words(u use, p *product, source bool, level int) words {
	var w words
	if u.domain != nil {
		w.field[domainField] = u.domain.Name
	}
	if u.role != nil {
		w.field[roleField] = u.role.Name
	} else {
		side := "-to"
		if source {
			side = "-from"
		}
		w.field[roleField] = u.custom.Name + side
	}
	w.field[classField] = u.class
	if !u.covers.Min.IsZero() && n.m.g.oldest.Less(u.covers.Min) {
		w.field[versionField] = "v" + u.covers.Min.String()
	}
	if u.v6 {
		w.field[familyField] = "v6"
	}
	w.field[interfaceField] = n.m.ifaceLabel(u.iface)
	if level >= 1 && p.flow.Row != nil {
		w.more = append(w.more, otherSide(p.flow.Row, source)...)
	}
	if level >= 2 {
		w.more = append(w.more, label(p.flow))
	}
	if level >= 3 {
		w.more = append(w.more, n.m.anchorWords(p)...)
	}
	if level >= 4 {
		w.more = append(w.more, n.m.ifaceLabel(p.in), n.m.ifaceLabel(p.out), portsText(p.flow.Ports), p.flow.Idle.String(), sideWord(source))
	}
	return w
}

func sideWord(source bool) string {
	if source {
		return "source"
	}
	return "destination"
}

func otherSide(row *lang.Row, source bool) []string {
	if source {
		return []string{"to", row.To.Name}
	}
	return []string{"from", row.From.Name}
}

func (m *ruleMaker) ifaceLabel(i int32) string {
	if i == self {
		return "self"
	}
	return m.fw.Interfaces[i].Label
}

// anchorWords name the first leg of a product's own class of legs.
func (m *ruleMaker) anchorWords(p *product) []string {
	if m.g.legs.isZone(p.anchor) {
		z, _ := m.g.legs.zoneOf(p.anchor)
		return []string{m.g.topology.zones[z].Name}
	}
	o := m.g.legs.list[p.anchor]
	leg := &o.group.Legs[o.leg]
	return []string{o.group.Block, o.group.Discriminator, m.g.topology.zones[o.place.zone].Name, leg.Name, strconv.Itoa(o.leg)}
}
