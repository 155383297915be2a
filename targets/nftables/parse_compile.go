package nftables

import (
	"slices"
	"strconv"

	"github.com/nbfwc/nbfwc/ruleset"
)

// compile returns what a rule does, as clauses in the order in which they are
// tried.
func (f *flattening) compile(c *chainDecl, r *ruleDecl) []clause {
	k := compiler{flattening: f, c: c, r: r, terms: []term{{box: anyBox()}}}
	for i := range r.stmts {
		if k.statement(i); k.done {
			break
		}
	}
	if k.log && !k.done {
		k.add(clause{kind: kLog})
	}
	return k.out
}

// A compiler follows the statements of one rule.
type compiler struct {
	*flattening
	c     *chainDecl
	r     *ruleDecl
	terms []term
	out   []clause
	log   bool
	label string // the rule's name in the log prefix
	// src, dst and svc are the named sets that were asked for.
	src, dst, svc string
	done          bool
}

func (k *compiler) where() where {
	return where{k.c.table, k.c, k.base.hook, k.nth()}
}

// nth numbers the rules of a chain among those with the same statements, so
// that inserting a rule elsewhere doesn't rename the unknowns of the others.
func (k *compiler) nth() string {
	n, ok := k.tr.ordinals[k.r]
	if !ok {
		seen := map[string]int{}
		for _, r := range k.c.rules {
			text := ""
			for i := range r.stmts {
				text += r.stmts[i].brief() + " "
			}
			seen[text]++
			k.tr.ordinals[r] = seen[text]
		}
		n = k.tr.ordinals[k.r]
	}
	return strconv.Itoa(n)
}

// brief is the statement's text without the elements of sets.
func (s *stmt) brief() string {
	if s.right.kind == nSet {
		return s.left.String() + " " + s.op + " {...}"
	}
	return s.String()
}

func (k *compiler) statement(i int) {
	s := &k.r.stmts[i]
	switch s.kind {
	case sMatch:
		if k.discovery(s) {
			return
		}
		k.narrow(k.match(s, k.where()), s)
		k.name(s)
	case sUncertain:
		if s.text == denyLimit && k.onlyLogs(i) {
			return
		}
		k.doubt(k.id(s.text, s, k.where()))
	case sUnknown:
		if k.endsLater(i) {
			k.doubt(k.id(s.text, &stmt{varies: true}, k.where()))
			return
		}
		k.tr.problem(s.line, s.text, "not modelled: it may accept, refuse or do nothing")
		k.verdict(verdict{kind: vAnything, text: s.text + " (rule " + k.nth() + ")"}, s)
	case sLog:
		k.log = true
		k.label = ruleLabel(s.text)
	case sTimeout:
		k.add(clause{kind: kTimeout, idle: s.text})
	case sChange:
		k.tr.problem(s.line, s.text, "the packet is changed: what later rules make of it isn't modelled")
		k.add(clause{kind: kChange, change: s.text})
	case sNotrack:
		k.add(clause{kind: kNotrack})
	case sVerdict:
		k.verdict(s.verdict, s)
	case sVmap:
		k.vmap(s)
	}
}

// endsLater says whether a verdict comes after statement i, so that i can't be
// one itself.
func (k *compiler) endsLater(i int) bool {
	for _, s := range k.r.stmts[i+1:] {
		if s.kind == sVerdict || s.kind == sVmap {
			return true
		}
	}
	return false
}

func (k *compiler) narrow(to []term, s *stmt) {
	if len(k.terms)*len(to) > maxCross || k.tr.work > maxWork {
		k.doubt(k.id(s.brief(), &stmt{varies: true}, k.where()))
		return
	}
	k.tr.work += len(k.terms) * len(to)
	k.terms = k.cross(k.terms, to)
}

// doubt says that it isn't known whether a statement matches.
func (k *compiler) doubt(id string) {
	terms := make([]term, len(k.terms))
	for i, t := range k.terms {
		terms[i] = term{t.box, bothIDs(t.opaque, id)}
	}
	k.terms = terms
}

// name remembers a named set that spells a side of the rule.
func (k *compiler) name(s *stmt) {
	if s.right.kind != nRef || s.op != "==" || s.left.kind != nField {
		return
	}
	to := map[axis]*string{axSrc: &k.src, axDst: &k.dst, axDport: &k.svc}[fieldOf(s.left.text).axis]
	if to == nil {
		return
	}
	*to = s.right.text
}

func (k *compiler) add(cl clause) {
	cl.line, cl.comment, cl.log = k.r.line, k.r.comment, k.log
	cl.src, cl.dst, cl.svc, cl.handle, cl.name = k.src, k.dst, k.svc, k.r.handle, k.label
	for _, t := range k.terms {
		cl.term = t
		k.out = append(k.out, cl)
	}
}

func (k *compiler) verdict(v verdict, s *stmt) {
	k.done = true
	switch v.kind {
	case vContinue:
		return
	case vQueue:
		k.tr.problem(s.line, v.text, "a program decides about the packet")
		v.text += " (rule " + k.nth() + ")"
	case vTranslated:
		k.tr.problem(s.line, v.text, "addresses are translated: the verdict for these packets is unknown")
		v.text += " (rule " + k.nth() + ")"
	}
	k.add(clause{v: v})
}

// vmap makes a clause of each element.
func (k *compiler) vmap(s *stmt) {
	k.done = true
	w := k.where()
	set, _ := k.setOf(s.right, k.c.table)
	fields := []node{s.left}
	if s.left.kind == nConcat {
		fields = s.left.kids
	}
	if set == nil || !set.verdicts {
		k.doubt(k.id(s.brief(), &stmt{varies: true}, w))
		k.add(clause{v: verdict{kind: vAnything, text: s.brief() + " (rule " + k.nth() + ")"}})
		return
	}
	elems := k.joinDevices(fields, set)
	k.out = slices.Grow(k.out, len(elems)*min(len(k.terms), 2))
	separate, rest := overlapping(set), -1
	for i := range elems {
		e := &elems[i]
		if e.key.kind == nValue && e.key.text == "*" {
			rest = i // it takes what no other element does
			continue
		}
		k.element(s, set, e, separate, w)
	}
	if rest >= 0 {
		k.elementClauses([]term{{box: k.presupposedByAll(fields)}}, set, &elems[rest], false)
	}
}

// overlapping says whether a packet that one element has sent to a chain could
// come back and be in the box of a later element: elements of concatenations
// of intervals may nest, and "*" is all.
func overlapping(s *setDecl) bool {
	nests, comesBack := false, false
	for i := range s.elems {
		e := &s.elems[i]
		nests = nests || e.key.kind == nConcat && s.interval && hasInterval(e.key) || e.key.text == "*"
		comesBack = comesBack || e.verdict.kind != vAccept && e.verdict.kind != vDrop
	}
	return nests && comesBack
}

func hasInterval(n node) bool {
	for _, k := range n.kids {
		if k.kind == nPrefix || k.kind == nRange {
			return true
		}
	}
	return false
}

func (k *compiler) element(s *stmt, set *setDecl, e *setElem, separate bool, w where) {
	terms := k.conditions.element(s, e, set, w)
	k.elementClauses(terms, set, e, separate && e.verdict.kind != vAccept && e.verdict.kind != vDrop)
}

func (k *compiler) elementClauses(terms []term, set *setDecl, e *setElem, once bool) {
	if e.verdict.kind == vContinue && !once {
		return
	}
	from := len(k.out)
	before := k.terms
	k.tr.work += len(before) * len(terms)
	if k.tr.work <= maxWork {
		k.terms = k.cross(k.terms, terms)
	}
	k.add(clause{v: e.verdict, once: once})
	k.terms = before
	for i := from; i < len(k.out); i++ {
		cl := &k.out[i]
		if e.comment != "" {
			cl.comment = e.comment
		}
		if e.line > 0 && set.name != "" {
			cl.line = int(e.line)
		}
	}
}

// policy appends what the chain does with packets that no rule decides, where
// its default can't say it because other packets pass.
func (f *flattening) policy(reach []term) ruleset.Action {
	a := ruleset.Permit
	if f.base.policyDrop {
		a = ruleset.Deny
	}
	if len(reach) == 1 && reach[0].opaque == "" && reach[0].box.isAny() || a == ruleset.Permit {
		return a
	}
	for _, t := range reach {
		f.emit(a, t, &clause{line: f.base.line, comment: "policy drop"}, f.base)
	}
	return ruleset.Permit
}
