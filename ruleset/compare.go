package ruleset

import (
	"cmp"
	"slices"
	"strings"
)

// CompareOptions say what counts as a difference and how much of it to return.
type CompareOptions struct {
	// Effects tells apart also packets that are treated alike but for idle
	// timeout, log and profile, or but for being dropped or rejected.
	Effects bool
	// MaxBoxes bounds the length of each list of a Difference; what is left
	// out is counted. 0 means 100.
	MaxBoxes int
	// Limit bounds the steps that are spent on each group of interface pairs;
	// 0 means DefaultLimit.
	Limit int
}

// A Box is the packets whose interfaces, addresses and service are in the sets.
type Box struct {
	In, Out  IfaceSet
	Src, Dst AddrSet
	Service  ServiceSet
}

// A Disagreement is packets for which two rule sets differ in one way.
type Disagreement struct {
	Box
	// Have and Want are the verdicts of the two rule sets; Unknown where a
	// verdict depends on an opaque line.
	Have, Want Verdict
	// EffectsOnly says that the packets pass in both or in neither.
	EffectsOnly bool
	// Unknowns are the IDs of the opaque lines that the answer depends on (in
	// place of an ID, what says where the line stands), ascending. It is empty
	// for a certain difference.
	Unknowns []string
	// Witness is a packet of the box, HaveBy and WantBy what decides it.
	Witness        Packet
	HaveBy, WantBy []Decision
}

// A Difference is where two rule sets differ, as disjoint boxes. A list that
// was cut short has the number of the boxes left out beside it.
type Difference struct {
	// Certain are consistent packets that are treated differently, whatever
	// opaque lines match.
	Certain     []Disagreement
	MoreCertain int
	// Unknown are consistent packets that may be treated differently: it
	// depends on which packets opaque lines match.
	Unknown     []Disagreement
	MoreUnknown int
	// Routing are packets that differ and are not consistent with Behind: they
	// don't arise unless the routing is other than stated.
	Routing     []Disagreement
	MoreRouting int
}

// IsEmpty says whether all consistent packets are treated alike for certain.
func (d *Difference) IsEmpty() bool { return len(d.Certain) == 0 && len(d.Unknown) == 0 }

// SamePackets says whether have and want let the same packets pass. Only
// consistent packets count, and it must hold however opaque lines turn out,
// where lines with the same Opaque.ID match the same packets.
func SamePackets(have, want *RuleSet) (bool, error) {
	d, err := Compare(have, want, CompareOptions{MaxBoxes: 1})
	return err == nil && d.IsEmpty(), err
}

// SameEffect says whether have and want treat packets alike in all respects:
// SamePackets, and what passes gets the same idle timeout, log and profile, and
// what doesn't is dropped or rejected alike.
func SameEffect(have, want *RuleSet) (bool, error) {
	d, err := Compare(have, want, CompareOptions{MaxBoxes: 1, Effects: true})
	return err == nil && d.IsEmpty(), err
}

// Compare returns the packets that have and want treat differently. It is
// exact. A packet is consistent with the Behind of want, or with that of have
// where want has none. The error is ErrTooLarge, and then nothing is known.
func Compare(have, want *RuleSet, o CompareOptions) (Difference, error) {
	if o.MaxBoxes == 0 {
		o.MaxBoxes = 100
	}
	if o.Limit == 0 {
		o.Limit = DefaultLimit
	}
	b := want.Behind
	if b == nil {
		b = have.Behind
	}
	c := &comparison{w: newWorld(b, have, want), o: o, have: have, want: want}
	c.j = newJudge(o.Effects, c.unknownName)
	c.found4, c.found6 = newProducts(axes), newProducts(axes)
	for i := range c.w.groups {
		if err := c.group(&c.w.groups[i]); err != nil {
			return Difference{}, err
		}
	}
	return c.difference(), nil
}

type comparison struct {
	w          *world
	o          CompareOptions
	have, want *RuleSet
	j          *judge
	// found4 and found6 are the differences: in, out, source, destination and
	// service classes. A tag is a relation, doubled, plus 1 if inconsistent.
	found4, found6 *products
}

// unknownName is what a Disagreement calls an unknown.
func (c *comparison) unknownName(k opaqueKey) string {
	if k.id != "" {
		return k.id
	}
	rs, where := c.have, "have"
	if k.side == 1 {
		rs, where = c.want, "want"
	}
	return where + ": " + rs.ruleName(k.stage, k.rule)
}

// group compares the lists of one group of interface pairs.
func (c *comparison) group(g *pairGroup) error {
	p, _ := c.w.program(g, c.j.kind, false)
	c.j.p = p
	if p.sidesAgree() {
		return nil
	}
	w := c.w
	f, ok := newField(w.svc, p.items, p.v4, w.src4.of, w.dst4.of, w.src4.n(), w.dst4.n(), c.o.Limit, p.trim, c.j.eval)
	if !ok || !c.collect(f, g, c.found4, func(b behind) []classRange { return b.v4 }) {
		return ErrTooLarge
	}
	f, ok = newField(w.svc, p.items, p.v6, w.src6.of, w.dst6.of, w.src6.n(), w.dst6.n(), c.o.Limit, p.trim, c.j.eval)
	if !ok || !c.collect(f, g, c.found6, func(b behind) []classRange { return b.v6 }) {
		return ErrTooLarge
	}
	return nil
}

// sidesAgree says whether both sides have the same stretches with the same
// boxes, which is quick to see and often so.
func (p *program) sidesAgree() bool {
	split := func(n int, side func(int) int) (int, bool) {
		k := 0
		for k < n && side(k) == 0 {
			k++
		}
		return k, 2*k == n
	}
	slots, ok := split(len(p.slots), func(i int) int { return p.slots[i].side })
	if !ok {
		return false
	}
	for i := range slots {
		if p.slots[i].fallback != p.slots[slots+i].fallback {
			return false
		}
	}
	sideOf := func(line int32) int { return p.slots[p.stretches[line].slot].side }
	lines, ok := split(len(p.stretches), func(i int) int { return sideOf(int32(i)) })
	if !ok {
		return false
	}
	for i := range lines {
		a, b := p.stretches[i], p.stretches[lines+i]
		b.slot -= int32(slots)
		if a != b || a.opaque && a.unknown.id == "" {
			return false
		}
	}
	rules, ok := split(len(p.v4), func(i int) int { return sideOf(p.items[p.v4[i].item].line) })
	if !ok {
		return false
	}
	for i := range rules {
		a4, b4, a6, b6 := p.v4[i], p.v4[rules+i], p.v6[i], p.v6[rules+i]
		ia, ib := p.items[a4.item], p.items[b4.item]
		if a4.x != b4.x || a4.y != b4.y || a6.x != b6.x || a6.y != b6.y || ia.svc != ib.svc || ia.line+int32(lines) != ib.line {
			return false
		}
	}
	return true
}

// collect adds what differs in a field to found. It returns false over the
// limit.
func (c *comparison) collect(f *field, g *pairGroup, found *products, family func(behind) []classRange) bool {
	local := newProducts(3)
	ok := f.eachNonzero(func(x, y classRange, classes []span[classNo], code int32) {
		local.add(code, toSpans(x), toSpans(y), classes)
	})
	if !ok {
		return false
	}
	for _, r := range local.merge() {
		row := local.rows[r]
		for _, pair := range g.pairs {
			c.split(found, pair, row.tag, local.at(int(r), 0), local.at(int(r), 1), local.at(int(r), 2), family)
		}
	}
	return true
}

// trim keeps of each slot the lines up to the first that isn't opaque.
func (p *program) trim(lines []int32) []int32 {
	out := lines[:0]
	decided := int32(-1)
	for _, l := range lines {
		st := &p.stretches[l]
		if st.slot == decided {
			continue
		}
		if !st.opaque {
			decided = st.slot
		}
		out = append(out, l)
	}
	return out
}

// split adds the consistent and the other part of a product to found.
func (c *comparison) split(found *products, pair [2]int, tag int32, x, y, svc []span[classNo], family func(behind) []classRange) {
	in, out := one(int32(pair[0])), one(int32(pair[1]))
	xIn, xOut := splitBehind(x, c.w.inBehind[pair[0]], family)
	yIn, yOut := splitBehind(y, c.w.outBehind[pair[1]], family)
	found.add(2*tag, in, out, xIn, yIn, svc)
	found.add(2*tag+1, in, out, xIn, yOut, svc)
	found.add(2*tag+1, in, out, xOut, y, svc)
}

func splitBehind(s []span[classNo], b behind, family func(behind) []classRange) (in, out []span[classNo]) {
	if !b.known {
		return s, nil
	}
	home := toSpans(family(b)...)
	return intersect(s, home), subtract(s, home)
}

func toSpans(rs ...classRange) []span[classNo] {
	out := make([]span[classNo], len(rs))
	for i, r := range rs {
		out[i] = span[classNo]{classNo(r.lo), classNo(r.hi)}
	}
	return normal(out)
}

func toRanges(s []span[classNo]) []classRange {
	out := make([]classRange, len(s))
	for i, x := range s {
		out[i] = classRange{int32(x.lo), int32(x.hi)}
	}
	return out
}

// A foundRow is a row of found4 or found6.
type foundRow struct {
	p   *products
	row int32
	six bool
}

func (c *comparison) difference() Difference {
	var d Difference
	var rows []foundRow
	for _, r := range c.found4.merge() {
		rows = append(rows, foundRow{c.found4, r, false})
	}
	for _, r := range c.found6.merge() {
		rows = append(rows, foundRow{c.found6, r, true})
	}
	slices.SortStableFunc(rows, c.order)
	for _, r := range rows {
		tag := r.p.rows[r.row].tag
		list, more := &d.Certain, &d.MoreCertain
		if tag%2 == 1 {
			list, more = &d.Routing, &d.MoreRouting
		} else if !c.j.relations[tag/2].certain {
			list, more = &d.Unknown, &d.MoreUnknown
		}
		if len(*list) >= c.o.MaxBoxes {
			*more++
			continue
		}
		*list = append(*list, c.disagreement(r))
	}
	return d
}

// order is by relation, then by place.
func (c *comparison) order(a, b foundRow) int {
	ra, rb := c.j.relations[a.p.rows[a.row].tag/2], c.j.relations[b.p.rows[b.row].tag/2]
	if x := compareRelations(ra, rb); x != 0 {
		return x
	}
	for axis := range axes {
		sa, sb := a.p.at(int(a.row), axis), b.p.at(int(b.row), axis)
		if x := slices.CompareFunc(sa, sb, func(p, q span[classNo]) int { return cmp.Or(p.lo.cmp(q.lo), p.hi.cmp(q.hi)) }); x != 0 {
			return x
		}
	}
	return 0
}

func (c *comparison) disagreement(r foundRow) Disagreement {
	rel := c.j.relations[r.p.rows[r.row].tag/2]
	d := Disagreement{Box: c.box(r), Have: rel.have, Want: rel.want, EffectsOnly: rel.effects}
	if rel.unknowns != "" {
		d.Unknowns = strings.Split(strings.TrimSuffix(rel.unknowns, "\n"), "\n")
	}
	d.Witness = c.witness(r, d.Box)
	_, d.HaveBy = c.have.Decide(d.Witness)
	_, d.WantBy = c.want.Decide(d.Witness)
	return d
}

func (c *comparison) box(r foundRow) Box {
	at := func(axis int) []span[classNo] { return r.p.at(int(r.row), axis) }
	b := Box{In: Ifaces(), Out: Ifaces()}
	for _, k := range members(at(0)) {
		b.In = b.In.Union(c.w.ins[k].set)
	}
	for _, k := range members(at(1)) {
		b.Out = b.Out.Union(c.w.outs[k].set)
	}
	if r.six {
		b.Src = addrSet(nil, c.w.src6.spans(toRanges(at(2))))
		b.Dst = addrSet(nil, c.w.dst6.spans(toRanges(at(3))))
	} else {
		b.Src = addrSet(c.w.src4.spans(toRanges(at(2))), nil)
		b.Dst = addrSet(c.w.dst4.spans(toRanges(at(3))), nil)
	}
	b.Service = c.w.svc.set(members(at(4)))
	return b
}

// witness returns a packet of the box.
func (c *comparison) witness(r foundRow, b Box) Packet {
	p := b.Service.example()
	p.In = c.w.ins[members(r.p.at(int(r.row), 0))[0]].example
	p.Out = c.w.outs[members(r.p.at(int(r.row), 1))[0]].example
	p.Src, p.Dst = b.Src.First(), b.Dst.First()
	return p
}

// example returns a packet with a service of s, TCP with an ephemeral source
// port if there is one.
func (s ServiceSet) example() Packet {
	const ephemeral = 49152
	best := s.p.boxes[0]
	proto := best.ProtoFrom
	for _, b := range s.p.boxes {
		if b.ProtoFrom <= TCP && TCP <= b.ProtoTo {
			best, proto = b, TCP
			break
		}
	}
	p := Packet{Proto: proto, SrcPort: best.Src.From, DstPort: best.Dst.From}
	if best.contains(proto, ephemeral, p.DstPort) {
		p.SrcPort = ephemeral
	}
	return p
}

// ruleName says where a rule stands.
func (rs *RuleSet) ruleName(stage, rule int) string {
	st := &rs.Stages[stage]
	name := st.Rules[rule].Name
	if name == "" {
		name = "rule " + itoa(rule+1)
	}
	if st.Name == "" {
		return "stage " + itoa(stage+1) + ", " + name
	}
	return st.Name + ", " + name
}
