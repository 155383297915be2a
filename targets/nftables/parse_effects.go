package nftables

import (
	"slices"
	"time"

	"github.com/nbfwc/nbfwc/ruleset"
)

// survey looks at all rules for what matters to others: names of interfaces,
// fields that are written, sets that packets change, notrack.
func (tr *translation) survey() {
	for _, t := range tr.had.tables {
		for _, c := range t.chains {
			for _, d := range c.devices {
				tr.interfaces.mention(d)
			}
			for _, r := range c.rules {
				for i := range r.stmts {
					tr.surveyStatement(t, &r.stmts[i])
				}
			}
		}
	}
	for _, t := range tr.had.tables {
		for _, c := range t.chains {
			for _, r := range c.rules {
				if slices.ContainsFunc(r.stmts, func(s stmt) bool { return s.kind == sNotrack }) {
					tr.surveyNotrack(c, r)
				}
			}
		}
	}
}

func (tr *translation) surveyStatement(t *tableDecl, s *stmt) {
	switch {
	case s.kind == sAssign:
		tr.assigned[s.text] = true
	case s.kind == sUncertain && s.left.kind == nRef:
		if set := t.setOf[s.left.text]; set != nil {
			set.changing = true
		}
	case s.kind == sMatch || s.kind == sVmap:
		tr.mention(t, s.left, -1, s.right)
	}
}

// mention declares the interfaces that are compared with a field.
func (tr *translation) mention(t *tableDecl, left node, at int, right node) {
	if left.kind == nConcat {
		for i, k := range left.kids {
			tr.mention(t, k, i, right)
		}
		return
	}
	if left.kind != nField {
		return
	}
	if a := fieldOf(left.text).axis; a != axIn && a != axOut {
		return
	}
	name := func(n node) {
		if at >= 0 && n.kind == nConcat && at < len(n.kids) {
			n = n.kids[at]
		}
		if n.kind == nValue {
			tr.interfaces.mention(n.text)
		}
	}
	set := right.set
	if right.kind == nRef {
		set = t.setOf[right.text]
	}
	if set == nil {
		name(right)
		return
	}
	for i := range set.elems {
		name(set.elems[i].key)
	}
}

// maxUntracked bounds the boxes of packets that aren't tracked.
const maxUntracked = 32

// surveyNotrack notes which packets a notrack statement could see. Whether they
// get there isn't followed: their state is unknown.
func (tr *translation) surveyNotrack(c *chainDecl, r *ruleDecl) {
	early := chainDecl{table: c.table, name: c.name, hook: "prerouting", prio: -300}
	f := &flattening{conditions: tr.conditionsAt(&early), tr: tr, base: &early}
	f.untracked = nil
	for _, cl := range f.compile(c, r) {
		if cl.kind != kNotrack {
			continue
		}
		tr.problem(r.line, "notrack", "the state of these connections may be untracked; rules that ask for the state are unknown for them")
		if len(tr.untracked) == maxUntracked {
			tr.untracked = []box{anyBox()}
		}
		tr.untracked = append(tr.untracked, cl.box)
	}
}

// timeout returns what a ct timeout object is for.
func (t *tableDecl) timeout(name string) (timeoutObject, bool) {
	for _, o := range t.timeouts {
		if o.name == name {
			return o, true
		}
	}
	return timeoutObject{}, false
}

// maxIdleWork bounds how often rules are compared with ct timeouts.
const maxIdleWork = 30_000_000

// assignIdle gives the permits of a stage the idle timeouts that statements
// before them have set. The last one that a packet has met counts. A rule that
// covers packets with and without one is split.
func (tr *translation) assignIdle(b *built) {
	if len(tr.idlings) == 0 || b.at.rank == 1 {
		return
	}
	if len(tr.idlings)*len(b.stage.Rules) > maxIdleWork {
		tr.problem(b.c.line, b.stage.Name, "too many ct timeouts to tell the idle timeout of each rule")
		return
	}
	out := make([]ruleset.Rule, 0, len(b.stage.Rules))
	chains := make([]*chainDecl, 0, len(b.stage.Rules))
	for i, r := range b.stage.Rules {
		if r.Action == ruleset.Permit {
			out = tr.splitIdle(out, r, b, i)
		}
		out = append(out, r)
		if n := len(out); n > 1 && r.Action == ruleset.Permit && covered(out[n-2], r) {
			out = out[:n-1]
		}
		for len(chains) < len(out) {
			chains = append(chains, b.chains[i])
		}
	}
	b.stage.Rules, b.chains = out, chains
}

// covered says whether the first rule takes all packets of the second.
func covered(a, b ruleset.Rule) bool {
	return a.Line == b.Line && a.Opaque == b.Opaque && a.Idle != b.Idle && a.In.Equal(b.In) && a.Out.Equal(b.Out) &&
		a.Src.Equal(b.Src) && a.Dst.Equal(b.Dst) && a.Service.Equal(b.Service)
}

// splitIdle appends the parts of a rule that have an idle timeout.
func (tr *translation) splitIdle(out []ruleset.Rule, r ruleset.Rule, b *built, at int) []ruleset.Rule {
	met := b.places[at]
	whole := box{r.In, r.Out, r.Src, r.Dst, r.Service}
	for i := len(tr.idlings) - 1; i >= 0; i-- {
		d := &tr.idlings[i]
		if !d.at.before(b.at) && (d.at != b.at || i >= met) {
			continue
		}
		if d.at == b.at && d.spent != 0 && at >= d.spent {
			continue
		}
		o, ok := d.table.timeout(d.name)
		if !ok || o.established == 0 {
			continue
		}
		common, ok := tr.sets.and(whole, d.box)
		if !ok {
			continue
		}
		if p, known := protocolNumbers[o.proto]; known {
			common.svc = tr.sets.service(common.svc, ruleset.Protocol(uint8(p)))
		}
		if common.svc.IsEmpty() {
			continue
		}
		if d.opaque != "" {
			tr.problem(d.line(), d.name, "whether connections get this idle timeout depends on what isn't modelled")
			continue
		}
		if common.in.Intersect(b.in).IsEmpty() || common.out.Intersect(b.out).IsEmpty() {
			continue
		}
		// What doesn't get here makes no difference.
		seenIn, seenOut := b.in, b.out
		if d.at == b.at {
			seenIn, seenOut = d.seen.in, d.seen.out
		}
		if common.in.Equal(r.In.Intersect(seenIn)) {
			common.in = r.In
		}
		if common.out.Equal(r.Out.Intersect(seenOut)) {
			common.out = r.Out
		}
		part := r
		part.In, part.Out, part.Src, part.Dst, part.Service = common.in, common.out, common.src, common.dst, common.svc
		part.Idle = time.Duration(o.established) * time.Second
		keepFamily(&part, r)
		out = append(out, part)
		if covered(part, r) {
			break
		}
	}
	return out
}

func (d *idling) line() int { return d.table.line }

// keepFamily takes back that both sides are narrowed to a family where the rule
// says it on one side only.
func keepFamily(part *ruleset.Rule, r ruleset.Rule) {
	any := ruleset.AnyAddr()
	oneFamily := func(s ruleset.AddrSet) bool {
		return s.Intersect(ruleset.Any4()).IsEmpty() || s.Intersect(ruleset.Any6()).IsEmpty()
	}
	if r.Dst == any && part.Src == r.Src && r.Src != any && oneFamily(r.Src) && (part.Dst == ruleset.Any4() || part.Dst == ruleset.Any6()) {
		part.Dst = any
	}
	if r.Src == any && part.Dst == r.Dst && r.Dst != any && oneFamily(r.Dst) && (part.Src == ruleset.Any4() || part.Src == ruleset.Any6()) {
		part.Src = any
	}
}

// doubtChanged puts unknowns before the rules of a stage for packets that a
// stage before it may have changed: it doesn't see what is asked for.
func (tr *translation) doubtChanged(b *built) {
	var first []ruleset.Rule
	for _, ch := range tr.changes {
		if !ch.at.before(b.at) {
			continue
		}
		r := ruleset.Rule{In: ch.in, Out: ch.out, Src: ch.src, Dst: ch.dst, Service: ch.svc, Line: b.c.line, Name: b.c.name}
		for _, u := range []struct {
			a    ruleset.Action
			what string
		}{{ruleset.Permit, ", accepts"}, {ruleset.Deny, ", refuses"}} {
			id := bothIDs(ch.opaque, ch.id+u.what)
			r.Action, r.Opaque = u.a, &ruleset.Opaque{ID: id, Why: "the packet is changed before it comes here: " + id}
			first = append(first, r)
		}
	}
	if first != nil {
		b.stage.Rules = append(first, b.stage.Rules...)
	}
}
