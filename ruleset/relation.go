package ruleset

import (
	"cmp"
	"slices"
)

// An outcome is what a rule or default does, as far as a comparison tells
// apart.
type outcome struct {
	verdict Verdict
	effects Effects
}

// A relation is how have and want relate for some packets.
type relation struct {
	have, want Verdict
	differ     bool // for some truth of the unknowns at least
	certain    bool // for any truth of the unknowns
	effects    bool // they differ in effects and not in whether packets pass
	unknowns   string
}

// judge finds the relations of the packets of one group of interface pairs.
type judge struct {
	p        *program
	outcomes interned[outcome]
	// effects says that packets that are treated alike but for effects, or
	// but for being rejected or dropped, differ.
	effects   bool
	relations []relation
	ids       map[relation]int32
	names     func(opaqueKey) string

	lists []branches
	buf   []branch
}

func newJudge(effects bool, names func(opaqueKey) string) *judge {
	j := &judge{effects: effects, names: names, ids: map[relation]int32{}}
	j.outcomes.hash = func(o outcome) uint64 {
		h := mix(uint64(o.verdict)<<1 ^ uint64(o.effects.Idle)<<8)
		for i := range len(o.effects.Profile) {
			h = (h ^ uint64(o.effects.Profile[i])) * 0x100000001b3
		}
		return h
	}
	j.outcomes.same = func(a, b outcome) bool { return a == b }
	j.relation(relation{}) // 0: no difference
	return j
}

func (j *judge) relation(r relation) int32 {
	id, ok := j.ids[r]
	if !ok {
		id = int32(len(j.relations))
		j.relations = append(j.relations, r)
		j.ids[r] = id
	}
	return id
}

// kind numbers what a rule does.
func (j *judge) kind(a Action, e Effects) int32 {
	o := outcome{verdict: verdictOfAction(a)}
	if j.effects {
		o.effects = e
	}
	return j.outcomes.id(o)
}

// eval returns the number of the relation of packets that the stretches match.
func (j *judge) eval(matches []int32) int32 {
	if simple, id := j.evalSimple(matches); simple {
		return id
	}
	return j.evalUnknown(matches)
}

// evalSimple settles packets that no opaque line may decide.
func (j *judge) evalSimple(matches []int32) (bool, int32) {
	var total [2]outcome
	total[0].verdict, total[1].verdict = Passes, Passes
	for si := range j.p.slots {
		sl := &j.p.slots[si]
		got := sl.fallback
		for len(matches) > 0 && j.p.stretches[matches[0]].slot < int32(si) {
			matches = matches[1:]
		}
		if len(matches) > 0 && j.p.stretches[matches[0]].slot == int32(si) {
			st := &j.p.stretches[matches[0]]
			if st.opaque {
				return false, 0
			}
			got = st.outcome
		}
		total[sl.side] = then(total[sl.side], j.outcomes.values[got])
	}
	return true, j.relate(total[0], total[1])
}

// then is the outcome of two runs one after the other. A log of either is a
// log; the shorter timeout counts; profiles add up. What is refused has no
// timeout and no profile.
func then(a, b outcome) outcome {
	if a.verdict != Passes {
		return a
	}
	o := outcome{verdict: b.verdict, effects: a.effects}
	o.effects.Log = a.effects.Log || b.effects.Log
	if b.verdict != Passes {
		o.effects.Idle, o.effects.Profile = 0, ""
		return o
	}
	if b.effects.Idle != 0 && (o.effects.Idle == 0 || b.effects.Idle < o.effects.Idle) {
		o.effects.Idle = b.effects.Idle
	}
	if o.effects.Profile != "" && b.effects.Profile != "" {
		o.effects.Profile += " "
	}
	o.effects.Profile += b.effects.Profile
	return o
}

func (j *judge) relate(have, want outcome) int32 {
	if !j.differ(have, want) {
		return 0
	}
	passing := (have.verdict == Passes) == (want.verdict == Passes)
	return j.relation(relation{have: have.verdict, want: want.verdict, differ: true, certain: true, effects: passing})
}

func (j *judge) differ(have, want outcome) bool {
	if j.effects {
		return have != want
	}
	return (have.verdict == Passes) != (want.verdict == Passes)
}

// evalUnknown tries all ways in which the unknowns can turn out.
func (j *judge) evalUnknown(matches []int32) int32 {
	sides := j.gather(matches)
	n := len(j.lists)
	r := relation{certain: true}
	first, only := true, [2]bool{true, true}
	effectsOnly := true
	exact := eachOutcome(j.lists[:n], func(got []int32) {
		total := [2]outcome{{verdict: Passes}, {verdict: Passes}}
		for i, o := range got {
			total[sides[i]] = then(total[sides[i]], j.outcomes.values[o])
		}
		have, want := total[0].verdict, total[1].verdict
		if first {
			r.have, r.want, first = have, want, false
		}
		only[0], only[1] = only[0] && r.have == have, only[1] && r.want == want
		if j.differ(total[0], total[1]) {
			r.differ = true
			effectsOnly = effectsOnly && (have == Passes) == (want == Passes)
		} else {
			r.certain = false
		}
	})
	if exact && !r.differ {
		return 0
	}
	r.differ, r.effects = true, effectsOnly && exact
	r.certain = r.certain && exact
	if !only[0] || !exact {
		r.have = Unknown
	}
	if !only[1] || !exact {
		r.want = Unknown
	}
	if !r.certain {
		r.unknowns = j.unknownNames()
	}
	return j.relation(r)
}

// gather fills j.lists with the branches of each slot and returns their sides.
func (j *judge) gather(matches []int32) []int {
	j.lists, j.buf = j.lists[:0], j.buf[:0]
	var sides []int
	var starts []int
	for si := range j.p.slots {
		starts = append(starts, len(j.buf))
		exact := false
		for len(matches) > 0 && j.p.stretches[matches[0]].slot == int32(si) {
			st := &j.p.stretches[matches[0]]
			matches = matches[1:]
			if exact {
				continue
			}
			exact = !st.opaque
			j.buf = append(j.buf, branch{st.unknown, st.outcome})
		}
		if !exact {
			j.buf = append(j.buf, branch{outcome: j.p.slots[si].fallback})
		}
		sides = append(sides, j.p.slots[si].side)
	}
	starts = append(starts, len(j.buf))
	for i := range sides {
		j.lists = append(j.lists, j.buf[starts[i]:starts[i+1]])
	}
	return sides
}

// unknownNames returns the names of the unknowns of j.lists, sorted, as one
// string with line ends between them.
func (j *judge) unknownNames() string {
	var names []string
	for _, l := range j.lists {
		for _, b := range l[:len(l)-1] {
			names = append(names, j.names(b.unknown))
		}
	}
	slices.Sort(names)
	out := ""
	for _, n := range slices.Compact(names) {
		out += n + "\n"
	}
	return out
}

// compareRelations orders what matters most first: packets that want passes
// and have doesn't, then the other way round, then the rest.
func compareRelations(a, b relation) int {
	weight := func(r relation) int {
		switch {
		case r.effects:
			return 2
		case r.want == Passes:
			return 0
		}
		return 1
	}
	return cmp.Or(cmp.Compare(weight(a), weight(b)), cmp.Compare(a.have, b.have), cmp.Compare(a.want, b.want),
		cmp.Compare(a.unknowns, b.unknowns))
}
