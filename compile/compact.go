package compile

import (
	"cmp"
	"encoding/binary"
	"slices"
	"time"
)

// compact joins rules until no two can be joined that permit together what
// each permits alone: rules of the same ends, rules that another one covers,
// and rules that agree in all but one end, whose groups become parts of one
// that is their union. A union is made only where it saves more rules than it
// adds groups, and which unions are made depends on which groups meet in rules
// and never on how many hosts they have.
//
// A joined rule stands where the first of its rules stood.
func (m *ruleMaker) compact() {
	c := &m.joins
	c.m, c.work = m, 0
	c.joinEqual()
	c.absorb()
	for c.unite() {
		c.joinEqual()
		c.absorb()
	}
}

// compactor joins the rules of a maker. What it keeps between two firewalls is
// room, and numbers of services.
type compactor struct {
	m        *ruleMaker
	services map[string]int32
	work     int
	// The fans that were asked for last.
	fanNo map[fan]int
	list  []fan
	rules [][]int
}

// maxCompactWork bounds the steps in which a firewall's rules are joined. Rules
// that are still apart then stay so.
const maxCompactWork = 20_000_000

// fewRules is how many rules are searched faster one by one than by a map.
const fewRules = 16

// number gives equal services one number, from 1.
func (c *compactor) number() {
	if c.services == nil {
		c.services = map[string]int32{}
	}
	for i := range c.m.rules {
		d := &c.m.rules[i]
		if d.serviceNo > 0 {
			continue
		}
		text := d.service.String()
		n, ok := c.services[text]
		if !ok {
			n = int32(len(c.services)) + 1
			c.services[text] = n
		}
		d.serviceNo = n
	}
}

// joinEqual joins rules with equal keys.
func (c *compactor) joinEqual() {
	var first map[ruleKey]int
	if len(c.m.rules) > fewRules {
		first = make(map[ruleKey]int, len(c.m.rules))
	}
	kept := c.m.rules[:0]
	for _, d := range c.m.rules {
		i, ok := first[d.ruleKey]
		if first == nil {
			i = indexOfKey(kept, &d.ruleKey)
			ok = i >= 0
		}
		if ok {
			kept[i].join(&d)
			continue
		}
		if first != nil {
			first[d.ruleKey] = len(kept)
		}
		kept = append(kept, d)
	}
	c.m.rules = kept
	c.number()
}

// indexOfKey is the index of the rule with the key, -1 if none has it.
func indexOfKey(rules []draft, key *ruleKey) int {
	for i := range rules {
		if rules[i].ruleKey == *key {
			return i
		}
	}
	return -1
}

// join adds to a draft what another one is for.
func (d *draft) join(o *draft) {
	if d.serviceNo == 0 || d.serviceNo != o.serviceNo {
		d.service, d.serviceNo = d.service.Union(o.service), 0
	}
	d.flows = slices.Concat(d.flows, o.flows)
	d.reasons = appendNew(slices.Clip(d.reasons), o.reasons...)
}

// fan is what rules agree in that differ in one end.
type fan struct {
	in, out int32
	source  bool  // the end in which they differ
	other   int32 // the end in which they agree
	idle    time.Duration
	reset   bool
	service int32
}

// fanOf is the fan of a rule at one of its ends, and the group there.
func (c *compactor) fanOf(i int, source bool) (fan, int32) {
	d := &c.m.rules[i]
	f := fan{in: d.in, out: d.out, source: source, other: d.dst, idle: d.idle, reset: d.reset, service: d.serviceNo}
	if source {
		return f, d.src
	}
	f.other = d.src
	return f, d.dst
}

// fans finds the rules of each fan, in the order of their first rules, and calls
// visit for those that have several. The rules are valid until the next call.
func (c *compactor) fans(visit func(f fan, rules []int)) {
	c.work += len(c.m.rules)
	if c.fanNo == nil {
		c.fanNo = map[fan]int{}
	}
	few := len(c.m.rules) <= fewRules
	clear(c.fanNo)
	c.list = c.list[:0]
	for i := range c.m.rules {
		for _, source := range [...]bool{true, false} {
			f, _ := c.fanOf(i, source)
			var n int
			var ok bool
			if few {
				n = slices.Index(c.list, f)
				ok = n >= 0
			} else {
				n, ok = c.fanNo[f]
			}
			if !ok {
				n = len(c.list)
				if !few {
					c.fanNo[f] = n
				}
				c.list = append(c.list, f)
				if n == len(c.rules) {
					c.rules = append(c.rules, nil)
				}
				c.rules[n] = c.rules[n][:0]
			}
			c.rules[n] = append(c.rules[n], i)
		}
	}
	for n, f := range c.list {
		if len(c.rules[n]) > 1 {
			visit(f, c.rules[n])
		}
	}
}

// absorb drops rules whose hosts at one end are all in another rule of the fan;
// what they are for goes to that one.
func (c *compactor) absorb() {
	into := c.each()
	changed := false
	c.fans(func(f fan, rules []int) {
		for _, i := range rules {
			_, a := c.fanOf(i, f.source)
			for _, k := range rules {
				_, b := c.fanOf(k, f.source)
				if a != b && into[i] == i && c.inside(a, b) {
					into[i], changed = k, true
				}
			}
		}
	})
	if changed {
		c.follow(into)
	}
}

// each has every rule go into itself.
func (c *compactor) each() []int {
	into := make([]int, len(c.m.rules))
	for i := range into {
		into[i] = i
	}
	return into
}

// inside reports whether all legs of a are in b. Different groups are different
// sets, so no two are inside each other.
func (c *compactor) inside(a, b int32) bool {
	x, y := c.legs(a), c.legs(b)
	if len(x) >= len(y) || c.work > maxCompactWork {
		return false
	}
	c.work += 1 + len(x)
	return subset(x, y)
}

func (c *compactor) legs(group int32) []int32 { return c.m.sets.list[c.m.names.list[group].set] }

// follow joins each rule with the one that it goes into. The joined rule has the
// key of the latter and stands at the first place of all.
func (c *compactor) follow(into []int) {
	place := make(map[int]int, len(into))
	kept := make([]draft, 0, len(into))
	for i := range c.m.rules {
		root := i
		for into[root] != root {
			root = into[root]
		}
		at, ok := place[root]
		if !ok {
			at = len(kept)
			place[root] = at
			d := c.m.rules[i]
			d.ruleKey = c.m.rules[root].ruleKey
			kept = append(kept, d)
			continue
		}
		kept[at].join(&c.m.rules[i])
	}
	c.m.rules = kept
	c.number()
}

// meeting is groups that meet in fans: the parts of a possible union.
type meeting struct {
	parts []int32 // ascending
	saves int
	first int // the first fan in which they meet
}

// unite makes the union that saves most rules; false if none saves enough.
func (c *compactor) unite() bool {
	var lists [][]int32
	c.fans(func(f fan, rules []int) { lists = append(lists, c.groupsOf(f, rules)) })
	best := c.best(c.meetings(lists))
	if best == nil {
		return false
	}
	u := c.union(best.parts)
	for _, source := range [...]bool{true, false} {
		c.replace(best.parts, u, source)
	}
	return true
}

// groupsOf are the groups that a fan can unite, ascending. Those that only flows
// of the policy name stay by themselves: they come and go with their tickets.
func (c *compactor) groupsOf(f fan, rules []int) []int32 {
	var list []int32
	for _, i := range rules {
		_, g := c.fanOf(i, f.source)
		if c.m.names.list[g].hasRole() {
			list = append(list, g)
		}
	}
	slices.Sort(list)
	return list
}

// maxOverlaps is the number of different lists up to which their overlaps are
// looked at as well.
const maxOverlaps = 64

// meetings are the different lists of groups and what their unions save.
func (c *compactor) meetings(lists [][]int32) []meeting {
	known := map[string]bool{}
	var out []meeting
	add := func(parts []int32, first int) {
		if len(parts) < 2 {
			return
		}
		if k := listKey(parts); !known[k] {
			known[k] = true
			out = append(out, meeting{parts: parts, first: first})
		}
	}
	for i, l := range lists {
		add(l, i)
	}
	if n := len(out); n <= maxOverlaps {
		for i := range n {
			for k := range i {
				add(overlap(out[i].parts, out[k].parts), out[k].first)
			}
		}
	}
	in := map[int32][]int{} // lists by group
	for i, l := range lists {
		for _, g := range l {
			in[g] = append(in[g], i)
		}
	}
	for i := range out {
		c.count(&out[i], lists, in)
	}
	return out
}

// count finds what a union would save: a rule for each part but one in each fan
// where all parts meet.
func (c *compactor) count(m *meeting, lists [][]int32, in map[int32][]int) {
	rare := slices.MinFunc(m.parts, func(a, b int32) int { return cmp.Compare(len(in[a]), len(in[b])) })
	for _, i := range in[rare] {
		if c.work += 1 + len(m.parts); c.work > maxCompactWork {
			m.saves = 0
			return
		}
		if subset(m.parts, lists[i]) {
			m.saves += len(m.parts) - 1
		}
	}
}

func listKey(list []int32) string {
	b := make([]byte, 0, 4*len(list))
	for _, v := range list {
		b = binary.LittleEndian.AppendUint32(b, uint32(v))
	}
	return string(b)
}

// overlap is what two ascending lists have in common.
func overlap(a, b []int32) []int32 {
	var out []int32
	for _, v := range a {
		if _, ok := slices.BinarySearch(b, v); ok {
			out = append(out, v)
		}
	}
	return out
}

// best is the meeting whose union saves most. Of two that save the same it is
// the one with fewer kinds of hosts, which is the side of the servers, then
// that of the earlier rules.
func (c *compactor) best(list []meeting) *meeting {
	list = slices.DeleteFunc(list, func(m meeting) bool { return m.saves < c.cost(m.parts)+1 })
	if len(list) == 0 {
		return nil
	}
	kinds := func(m *meeting) int {
		n := 0
		for _, g := range m.parts {
			n += len(c.legs(g))
		}
		return n
	}
	best := slices.MinFunc(list, func(a, b meeting) int {
		return cmp.Or(cmp.Compare(b.saves, a.saves), cmp.Compare(kinds(&a), kinds(&b)), cmp.Compare(a.first, b.first))
	})
	return &best
}

// cost is the number of groups that a union adds: none if its hosts have a name
// already that doesn't go with a flow of the policy.
func (c *compactor) cost(parts []int32) int {
	if i, ok := c.m.names.bySet[c.unionSet(parts)]; ok && c.m.names.list[i].hasRole() {
		return 0
	}
	return 1
}

// hasRole reports whether a role of the hosts names the group, not only flows of
// the policy.
func (g *groupName) hasRole() bool {
	return slices.ContainsFunc(g.uses, func(u use) bool { return u.role != nil })
}

// unionSet is the set of all legs of the parts.
func (c *compactor) unionSet(parts []int32) setAt {
	var legs []int32
	for _, g := range parts {
		legs = append(legs, c.legs(g)...)
	}
	slices.Sort(legs)
	return setAt{c.m.sets.id(slices.Compact(legs)), c.m.names.list[parts[0]].iface}
}

// union is the group of all hosts of the parts.
func (c *compactor) union(parts []int32) int32 {
	n := &c.m.names
	at := c.unionSet(parts)
	i, known := n.bySet[at]
	if known && n.list[i].hasRole() {
		return i
	}
	// A part that is a union is replaced by its own parts.
	var flat []int32
	for _, g := range parts {
		if own := n.list[g].parts; own != nil {
			flat = appendNew(flat, own...)
		} else {
			flat = appendNew(flat, g)
		}
	}
	slices.SortFunc(flat, func(a, b int32) int { return cmp.Compare(n.list[a].name, n.list[b].name) })
	g := groupName{setAt: at, parts: flat}
	said := make([]words, len(flat))
	for i, part := range flat {
		said[i] = n.list[part].words
		g.uses = appendNew(g.uses, n.list[part].uses...)
	}
	slices.SortStableFunc(g.uses, func(a, b use) int { return cmp.Compare(claim(a.role == nil), claim(b.role == nil)) })
	g.words = joint(said)
	n.collide(g)
	if known {
		g.uses = appendNew(g.uses, n.list[i].uses...)
		n.rename(i, g)
		return i
	}
	return n.add(g)
}

// replace joins, in each fan in which all parts meet, the rules of the parts.
func (c *compactor) replace(parts []int32, u int32, source bool) {
	into := c.each()
	united := false
	c.fans(func(f fan, all []int) {
		if f.source != source {
			return
		}
		var rules []int
		for _, i := range all {
			if _, g := c.fanOf(i, source); slices.Contains(parts, g) {
				rules = append(rules, i)
			}
		}
		if len(rules) < len(parts) {
			return
		}
		united = true
		for _, i := range rules[1:] {
			into[i] = rules[0]
		}
		if d := &c.m.rules[rules[0]]; source {
			d.src = u
		} else {
			d.dst = u
		}
	})
	if united {
		c.follow(into)
	}
}
