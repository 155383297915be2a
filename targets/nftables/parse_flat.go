package nftables

import (
	"slices"
	"strconv"

	"github.com/nbfwc/nbfwc/ruleset"
)

// Bounds of the translation of one listing: how many boxes are looked at and
// how deep chains call each other (NFT_JUMP_STACK_SIZE of Linux is 16).
const (
	maxWork  = 20_000_000
	perRule  = 16 // what a rule costs, for the memory that it takes
	maxJumps = 16
	maxCross = 1 << 21
)

// A clause is what one rule, or one element of its verdict map, does with the
// packets of a term.
type clause struct {
	term
	kind    clauseKind
	v       verdict
	comment string
	line    int
	// once says that the packets of this clause are no packets of the later
	// ones, though their boxes may overlap.
	once   bool
	log    bool
	idle   string // the ct timeout that the rule sets, for kTimeout
	change string // what is done to the packet, for kChange
	name   string // of the rule, from its log prefix
	handle string
	// src, dst and svc are the named sets that the rule asks for.
	src, dst, svc string
}

type clauseKind uint8

const (
	kVerdict clauseKind = iota
	kTimeout
	kChange
	kNotrack
	kLog
)

// A change is a place where packets get other addresses or ports.
type change struct {
	at place
	term
	id string
}

// An idling is a place where connections get an idle timeout.
type idling struct {
	at place
	term
	name  string
	table *tableDecl
	// seen is what gets so far of all that the hook sees.
	seen box
	// spent is the number of rules of its base chain up to that which decides
	// all its packets, 0 if there is none.
	spent int
}

// A place is where on a packet's way something happens.
type place struct{ rank, prio, seq int }

func (p place) before(q place) bool {
	switch {
	case p.rank != q.rank:
		return p.rank < q.rank
	case p.prio != q.prio:
		return p.prio < q.prio
	}
	return p.seq < q.seq
}

// flattening turns a base chain, with the chains that it calls, into one
// first-match list.
type flattening struct {
	*conditions
	tr       *translation
	base     *chainDecl
	at       place
	in, out  ruleset.IfaceSet // that the hook sees
	rules    []ruleset.Rule
	places   []int        // of rules: how many idlings were met before
	chains   []*chainDecl // of rules: in which they stand
	logged   clause       // the last log that packets met, kLog if there was one
	compiled map[*ruleDecl][]clause
	full     bool // the work is too much: the list ended with an unknown
}

// chain appends what a chain does with the packets that reach it.
func (f *flattening) chain(c *chainDecl, reach []term, depth int) {
	if depth > maxJumps {
		f.unknownFate(reach, "chains call each other deeper than "+strconv.Itoa(maxJumps), clause{line: c.line}, c)
		return
	}
	for i, r := range c.rules {
		if len(reach) == 0 || f.full {
			return
		}
		gone := f.rule(c, r, reach, depth)
		if i == len(c.rules)-1 {
			return
		}
		for _, t := range gone {
			f.tr.work += 8 * len(reach)
			reach = f.subtract(reach, t)
		}
	}
}

// rule appends what a rule does with the packets that reach it, and returns
// those that leave the chain without a verdict.
func (f *flattening) rule(c *chainDecl, r *ruleDecl, reach []term, depth int) (gone []term) {
	clauses, ok := f.compiled[r]
	if !ok {
		clauses = f.compile(c, r)
		f.compiled[r] = clauses
	}
	if len(clauses) == 0 {
		r.becomes(sideEffect)
	}
	if n := len(clauses); n > 1000 {
		f.rules, f.places = slices.Grow(f.rules, n), slices.Grow(f.places, n)
	}
	for i := range clauses {
		cl := &clauses[i]
		for _, p := range reach {
			if f.tr.work++; f.tr.work > maxWork {
				f.giveUp(r.line)
				return nil
			}
			t, ok := f.both(p, cl.term)
			if !ok {
				r.becomes(neverFirst)
				continue
			}
			r.becomes(decides)
			if f.act(c, cl, t, depth) {
				gone = append(gone, t)
			}
		}
		if cl.once {
			f.tr.work += 8 * len(reach)
			reach = f.subtract(reach, cl.term)
		}
	}
	return gone
}

// act carries out a clause; it says whether the packets leave the chain.
func (f *flattening) act(c *chainDecl, cl *clause, t term, depth int) bool {
	switch cl.kind {
	case kTimeout:
		f.tr.idlings = append(f.tr.idlings, idling{at: f.at, term: f.atHook(t), seen: f.atHook(term{box: anyBox()}).box, name: cl.idle, table: c.table})
		return false
	case kChange:
		f.changed(t, cl, c)
		return false
	case kNotrack:
		return false // collected before, by untracked
	case kLog:
		if f.logged = (clause{}); t.opaque == "" {
			f.logged = *cl
			f.logged.term = t
		}
		return false
	}
	switch cl.v.kind {
	case vAccept:
		f.emit(ruleset.Permit, t, cl, c)
	case vDrop:
		f.emit(ruleset.Deny, t, cl, c)
	case vReject:
		f.emit(ruleset.Reject, t, cl, c)
	case vReturn:
		return true
	case vJump, vGoto:
		target := c.table.chainOf[cl.v.target]
		if target == nil {
			f.unknownFate([]term{t}, "chain "+cl.v.target+", which the listing doesn't have", *cl, c)
			return false
		}
		f.chain(target, []term{t}, depth+1)
		return cl.v.kind == vGoto
	case vQueue:
		u := t
		u.opaque = bothIDs(u.opaque, cl.v.text+" ("+c.title()+" at "+f.base.hook+")")
		f.emit(ruleset.Deny, u, cl, c)
		f.emit(ruleset.Permit, t, cl, c)
	case vTranslated:
		ch := *cl
		ch.change = cl.v.text
		f.changed(t, &ch, c)
		f.emit(ruleset.Permit, t, cl, c)
	case vAnything:
		f.unknownFate([]term{t}, cl.v.text, *cl, c)
	}
	return false
}

// unknownFate says that it isn't known what happens to packets.
func (f *flattening) unknownFate(ts []term, why string, cl clause, c *chainDecl) {
	for _, t := range ts {
		f.undecided(t, why+" ("+c.title()+" at "+f.base.hook+")", &cl, c)
	}
}

// undecided appends two unknowns for which packets are accepted and refused.
func (f *flattening) undecided(t term, id string, cl *clause, c *chainDecl) {
	u := t
	u.opaque = bothIDs(t.opaque, id+", accepts")
	f.emit(ruleset.Permit, u, cl, c)
	u.opaque = bothIDs(t.opaque, id+", refuses")
	f.emit(ruleset.Deny, u, cl, c)
}

// changed notes that packets are changed here. What later rules and stages see
// isn't what the verdict is asked for, so it is unknown.
func (f *flattening) changed(t term, cl *clause, c *chainDecl) {
	id := cl.change + " (" + c.title() + " at " + f.base.hook + ")"
	f.undecided(t, id, cl, c)
	f.tr.changes = append(f.tr.changes, change{f.at, f.atHook(t), id})
}

// atHook narrows what rules of other hooks are to know of to the packets that
// this hook sees, less those of interfaces that one of the first rules decides
// whole: loopback, which alone passes two filter hooks.
func (f *flattening) atHook(t term) term {
	t.in, t.out = t.in.Intersect(f.in), t.out.Intersect(f.out)
	for i := range f.rules[:min(len(f.rules), 4)] {
		r := &f.rules[i]
		switch {
		case r.Opaque != nil || !r.Src.IsAny() || !r.Dst.IsAny() || !r.Service.IsAny():
		case r.In.IsAny() && !r.Out.IsAny():
			t.out = t.out.Intersect(notIfaces(r.Out))
		case r.Out.IsAny() && !r.In.IsAny():
			t.in = t.in.Intersect(notIfaces(r.In))
		}
	}
	return t
}

// giveUp ends the list with an unknown for all packets.
func (f *flattening) giveUp(line int) {
	if f.full {
		return
	}
	f.full = true
	f.tr.problem(line, f.base.title(), "jumps, returns and sets multiply beyond what is followed; what is left of the chain is one unknown")
	f.undecided(term{box: anyBox()}, "the rest of "+f.base.title(), &clause{line: line}, f.base)
}

// emit appends a rule.
func (f *flattening) emit(a ruleset.Action, t term, cl *clause, c *chainDecl) {
	f.tr.work += perRule
	b := t.box
	// "ip saddr" asks for IPv4; that the destination is IPv4 too goes without
	// saying.
	any := ruleset.AnyAddr()
	for v, fam := range map[int]ruleset.AddrSet{4: ruleset.Any4(), 6: ruleset.Any6()} {
		switch {
		case b.dst == fam && b.src != any && b.src != fam && (b.src.First().Is4() == (v == 4)):
			b.dst = any
		case b.src == fam && b.dst != any && b.dst != fam && (b.dst.First().Is4() == (v == 4)):
			b.src = any
		}
	}
	r := ruleset.Rule{
		In: b.in, Out: b.out, Src: b.src, Dst: b.dst, Service: b.svc, Action: a,
		Name: c.name, Line: cl.line, Reason: cl.comment,
	}
	name := cl.name
	r.Log = cl.log
	if !r.Log && f.isLogged(t.box) {
		r.Log, name = true, f.logged.name
	}
	switch {
	case name != "":
		r.Name = name
	case cl.handle != "":
		r.Name += " handle " + cl.handle
	}
	if t.opaque != "" {
		r.Opaque = &ruleset.Opaque{ID: t.opaque, Why: "not modelled: " + t.opaque}
		if cl.opaque != "" {
			f.tr.problem(cl.line, clip(cl.opaque), "not modelled: the rule may match or not")
		}
	}
	r.SrcGroup, r.DstGroup, r.ServiceGroup = f.groupNames(cl, c.table, t.box)
	if t.opaque == "" {
		f.spend(t.box)
		if f.logged.kind == kLog && f.within(f.logged.box, t.box) {
			defer func() { f.logged = clause{} }()
		}
	}
	f.rules = append(f.rules, r)
	f.places = append(f.places, len(f.tr.idlings))
	f.chains = append(f.chains, c)
}

// spend notes that a rule decides all packets of the idle timeouts before it, so
// that later rules of the base chain have none of them. Only the last few are
// looked at: Render writes a rule behind its timeouts.
func (f *flattening) spend(b box) {
	ds := f.tr.idlings
	for i := len(ds) - 1; i >= max(0, len(ds)-4) && ds[i].at == f.at; i-- {
		if d := &ds[i]; d.spent == 0 && d.opaque == "" && f.within(d.box, b) {
			d.spent = len(f.rules) + 1
		}
	}
}

// isLogged says whether all packets of a box have met the last log: whatever
// reaches a later rule and is in the log's box has come through it.
func (f *flattening) isLogged(b box) bool {
	return f.logged.kind == kLog && f.within(b, f.logged.box)
}

// groupNames returns the named sets that still spell the sets of a box.
func (f *flattening) groupNames(cl *clause, t *tableDecl, b box) (src, dst, svc string) {
	if cl.src != "" && b.src == cl.box.src {
		src = f.tr.groupName(t, cl.src)
	}
	if cl.dst != "" && b.dst == cl.box.dst {
		dst = f.tr.groupName(t, cl.dst)
	}
	if cl.svc != "" && b.svc == cl.box.svc {
		svc = cl.svc
	}
	return src, dst, svc
}
