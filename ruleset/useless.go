package ruleset

import "slices"

// A RuleRef is the place of a rule: indices of its stage and within it.
type RuleRef struct{ Stage, Rule int }

// Useless is a rule that could be deleted.
type Useless struct {
	RuleRef
	// Shadowed says that the rule never decides anything: earlier rules of its
	// run take all its packets. Otherwise it is redundant: what decides its
	// packets without it does the same to them.
	Shadowed bool
	// By are some rules that take its packets, or that would decide them in its
	// place, ascending. It is empty if the rule matches no packet or if the
	// default would decide in its place.
	By []RuleRef
}

// maxBy bounds the rules that are named as the cause of another's uselessness.
const maxBy = 8

// UselessRules returns the shadowed and redundant rules, ascending. Deleting
// all of them at once changes neither the verdict nor the effects for any
// packet. An opaque line shadows nothing, since it may match nothing. The error
// is ErrTooLarge.
func UselessRules(rs *RuleSet) ([]Useless, error) {
	w := newWorld(nil, rs)
	u := newUses(rs)
	for i := range w.groups {
		g := &w.groups[i]
		p, origin := w.program(g, u.kind, true)
		u.p, u.origin = p, origin
		v4, ok4 := newField(w.svc, p.items, p.v4, w.src4.of, w.dst4.of, w.src4.n(), w.dst4.n(), DefaultLimit, p.trimChain, zeroCode)
		v6, ok6 := newField(w.svc, p.items, p.v6, w.src6.of, w.dst6.of, w.src6.n(), w.dst6.n(), DefaultLimit, p.trimChain, zeroCode)
		if !ok4 || !ok6 {
			return nil, ErrTooLarge
		}
		u.note(v4)
		u.note(v6)
	}
	return u.useless(), nil
}

func zeroCode([]int32) int32 { return 0 }

// maxChain bounds how many rules with the same outcome are remembered for a
// packet. With more, a rule may be taken for needed that isn't.
const maxChain = 16

// trimChain keeps of each slot the lines up to the first that isn't opaque, and
// after it those with the same outcome up to the first with another.
func (p *program) trimChain(lines []int32) []int32 {
	out := lines[:0]
	slot, exact, n, done := int32(-1), int32(-1), 0, false
	for _, l := range lines {
		st := &p.stretches[l]
		if st.slot != slot {
			slot, exact, n, done = st.slot, -1, 0, false
		}
		if done {
			continue
		}
		out = append(out, l)
		switch {
		case exact >= 0:
			n++
			done = n == maxChain || st.outcome != p.stretches[exact].outcome
		case !st.opaque:
			exact = l
		}
	}
	return out
}

// uses collects which rules decide what.
type uses struct {
	rs       *RuleSet
	p        *program
	origin   []ruleAt
	outcomes interned[outcome]
	start    []int // number of the first rule of each stage
	chains   []chain
	of       [][]int32 // of each rule: the chains in which it decides, or may
	takers   [][]int32 // of each rule: some rules that take its packets
	deleted  []bool
}

// A chain is the rules of one run that match some packet, in order, with what
// the default does.
type chain struct {
	rules    []int32
	fallback int32
}

func newUses(rs *RuleSet) *uses {
	u := &uses{rs: rs}
	u.outcomes = newJudge(true, nil).outcomes
	n := 0
	for i := range rs.Stages {
		u.start = append(u.start, n)
		n += len(rs.Stages[i].Rules)
	}
	u.of, u.takers, u.deleted = make([][]int32, n), make([][]int32, n), make([]bool, n)
	return u
}

func (u *uses) kind(a Action, e Effects) int32 {
	return u.outcomes.id(outcome{verdictOfAction(a), e})
}

func (u *uses) ruleOf(line int32) int32 {
	o := u.origin[line]
	return int32(u.start[o.stage] + o.rule)
}

func (u *uses) rule(r int32) (*Rule, RuleRef) {
	stage := len(u.start) - 1
	for u.start[stage] > int(r) {
		stage--
	}
	ref := RuleRef{stage, int(r) - u.start[stage]}
	return &u.rs.Stages[stage].Rules[ref.Rule], ref
}

// note adds the chains of all packets of a field.
func (u *uses) note(f *field) {
	for m, seen := range f.visibleMatches() {
		if seen {
			u.noteMatch(f.matches.at(int32(m)))
		}
	}
}

// noteMatch adds the chain of each run.
func (u *uses) noteMatch(lines []int32) {
	for len(lines) > 0 {
		slot := u.p.stretches[lines[0]].slot
		n := 0
		for n < len(lines) && u.p.stretches[lines[n]].slot == slot {
			n++
		}
		c := chain{fallback: u.p.slots[slot].fallback}
		for _, l := range lines[:n] {
			c.rules = append(c.rules, u.ruleOf(l))
		}
		u.noteChain(c)
		lines = lines[n:]
	}
}

// noteChain remembers who decides in a chain and who comes too late.
func (u *uses) noteChain(c chain) {
	id := int32(len(u.chains))
	u.chains = append(u.chains, c)
	taker := int32(-1)
	for _, r := range c.rules {
		if taker >= 0 {
			u.takers[r] = addFew(u.takers[r], taker)
			continue
		}
		u.of[r] = append(u.of[r], id)
		if rule, _ := u.rule(r); rule.Opaque == nil {
			taker = r
		}
	}
}

// addFew adds to a short ascending list.
func addFew(l []int32, x int32) []int32 {
	i, found := slices.BinarySearch(l, x)
	if found || len(l) >= maxBy {
		return l
	}
	return slices.Insert(l, i, x)
}

// useless goes through the rules from the last to the first, so that what a
// rule would leave its packets to is known to stay.
func (u *uses) useless() []Useless {
	var out []Useless
	for r := int32(len(u.of)) - 1; r >= 0; r-- {
		rule, ref := u.rule(r)
		if rule.Action == Next {
			continue
		}
		x := Useless{RuleRef: ref, Shadowed: len(u.of[r]) == 0}
		by, needed := u.takers[r], false
		if !x.Shadowed {
			by, needed = u.heirs(r)
		} else if len(by) == 0 {
			x.By = u.taker(ref)
		}
		if needed {
			continue
		}
		u.deleted[r] = true
		for _, b := range by {
			_, ref := u.rule(b)
			x.By = append(x.By, ref)
		}
		out = append(out, x)
	}
	slices.Reverse(out)
	return out
}

// heirs returns who would decide the packets of a rule, or that it is needed
// because they would fare otherwise.
func (u *uses) heirs(r int32) (by []int32, needed bool) {
	for _, id := range u.of[r] {
		heir, ok := u.heir(&u.chains[id], r)
		if !ok {
			return nil, true
		}
		if heir >= 0 {
			by = addFew(by, heir)
		}
	}
	return by, false
}

// heir returns the rule that decides a chain without r, or -1 for the default.
// It returns false if that has or may have another outcome.
func (u *uses) heir(c *chain, r int32) (int32, bool) {
	own := u.outcomeOf(r)
	for _, x := range c.rules[slices.Index(c.rules, r)+1:] {
		if u.outcomeOf(x) != own {
			return 0, false
		}
		if rule, _ := u.rule(x); rule.Opaque == nil && !u.deleted[x] {
			return x, true
		}
	}
	return -1, !u.cutShort(c) && c.fallback == own
}

// cutShort says whether a chain goes on after what is remembered.
func (u *uses) cutShort(c *chain) bool {
	decides := slices.IndexFunc(c.rules, func(r int32) bool {
		rule, _ := u.rule(r)
		return rule.Opaque == nil
	})
	return decides >= 0 && len(c.rules)-1-decides >= maxChain
}

func (u *uses) outcomeOf(r int32) int32 {
	rule, _ := u.rule(r)
	return u.kind(rule.Action, rule.Effects)
}

// taker returns the rule that takes some packet of a shadowed rule.
func (u *uses) taker(ref RuleRef) []RuleRef {
	st := &u.rs.Stages[ref.Stage]
	r := &st.Rules[ref.Rule]
	p, ok := r.example(st)
	if !ok {
		return nil
	}
	from := ref.Stage
	for from > 0 && u.rs.Stages[from-1].Default == Next {
		from--
	}
	for _, d := range u.rs.decideRun(nil, p, from, u.rs.runEnd(from)) {
		if !d.Opaque && d.Rule >= 0 {
			return []RuleRef{{d.Stage, d.Rule}}
		}
	}
	return nil
}

// example returns a packet of the rule's box within its stage, if there is one.
func (r *Rule) example(st *Stage) (Packet, bool) {
	in, out := st.In.Intersect(r.In), st.Out.Intersect(r.Out)
	if in.IsEmpty() || out.IsEmpty() || r.Service.IsEmpty() {
		return Packet{}, false
	}
	p := r.Service.example()
	p.In, p.Out = in.example(), out.example()
	switch {
	case len(r.Src.v4()) > 0 && len(r.Dst.v4()) > 0:
		p.Src, p.Dst = r.Src.First(), r.Dst.First()
	case len(r.Src.v6()) > 0 && len(r.Dst.v6()) > 0:
		p.Src, p.Dst = r.Src.v6()[0].lo.addr(), r.Dst.v6()[0].lo.addr()
	default:
		return Packet{}, false
	}
	return p, true
}

// example returns a member of a set that isn't empty.
func (s IfaceSet) example() string {
	if s.only {
		return s.labels[0]
	}
	return unnamed(s.labels)
}
