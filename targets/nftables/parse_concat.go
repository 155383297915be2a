package nftables

import (
	"slices"
	"strings"

	"github.com/nbfwc/nbfwc/ruleset"
)

// constant compares a field that the first packet of a connection has in one of
// few values. It is decided if all of them give the same answer.
func (m *conditions) constant(f field, op string, bits uint32, right node, s *stmt, w where) []term {
	dep := m.presupposed(f)
	holds, ok := m.constantHolds(f, f.values, op, bits, right, w.t)
	if !ok {
		return m.unknown(s, w, f)
	}
	var out []term
	if holds {
		out = []term{{dep, ""}}
	}
	if f.text != "ct state" || len(m.untracked) == 0 {
		return out
	}
	// Of a packet that notrack may have seen the state may be untracked too.
	other, ok := m.constantHolds(f, []uint32{ctUntracked}, op, bits, right, w.t)
	if ok && other == holds {
		return out
	}
	for _, b := range m.untracked {
		out = m.subtract(out, term{box: b})
		out = append(out, term{b, s.String() + " after notrack"})
	}
	return out
}

// constantHolds says whether a comparison holds for all values; ok is false if
// that depends on the value or isn't understood.
func (m *conditions) constantHolds(f field, values []uint32, op string, bits uint32, right node, t *tableDecl) (holds, ok bool) {
	for i, v := range values {
		h, ok := m.valueHolds(f, v&bits, op, right, t)
		if !ok || i > 0 && h != holds {
			return false, false
		}
		holds = h
	}
	return holds, true
}

func (m *conditions) valueHolds(f field, v uint32, op string, right node, t *tableDecl) (holds, ok bool) {
	var s *setDecl
	switch right.kind {
	case nRef:
		if s = t.setOf[right.text]; s == nil || s.changing || s.unread != "" || s.expires {
			return false, false
		}
	case nSet:
		s = right.set
	default:
		return f.valueCompares(v, op, right)
	}
	if op != "==" && op != "!=" {
		return false, false
	}
	found := false
	for i := range s.elems {
		e := &s.elems[i]
		if e.key.kind == nValue && e.key.text == "*" {
			found = true
			continue
		}
		h, ok := f.valueCompares(v, "==", e.key)
		if !ok || e.expires || e.doubt != "" {
			return false, false
		}
		found = found || h
	}
	return found == (op == "=="), true
}

func (f *field) valueCompares(v uint32, op string, right node) (holds, ok bool) {
	if right.kind == nRange {
		lo, ok1 := f.number(right.kids[0].text)
		hi, ok2 := f.number(right.kids[1].text)
		return (lo <= v && v <= hi) == (op == "=="), ok1 && ok2 && (op == "==" || op == "!=")
	}
	r, ok := f.flags(right)
	if !ok {
		return false, false
	}
	switch op {
	case "==":
		return v == r, true
	case "!=":
		return v != r, true
	case "in":
		return v&r != 0, true
	case "!":
		return v&r == 0, true
	case "<":
		return v < r, true
	case "<=":
		return v <= r, true
	case ">":
		return v > r, true
	case ">=":
		return v >= r, true
	}
	return false, false
}

// flags returns the bits that a value or a list of values stands for.
func (f *field) flags(n node) (uint32, bool) {
	switch {
	case n.kind == nValue:
		return f.number(n.text)
	case n.kind == nList || n.kind == nMask && n.text == "|":
		bits := uint32(0)
		for _, k := range n.kids {
			b, ok := f.flags(k)
			if !ok {
				return 0, false
			}
			bits |= b
		}
		return bits, true
	}
	return 0, false
}

// concat returns the packets for which several fields together are in a set.
func (m *conditions) concat(s *stmt, w where) []term {
	dep := m.presupposedByAll(s.left.kids)
	set, single := m.setOf(s.right, w.t)
	if single != nil {
		set = &setDecl{elems: []setElem{{key: *single}}}
	}
	if set == nil || s.op != "==" && s.op != "!=" {
		return []term{{dep, m.id(s.String(), s, w)}}
	}
	key := memberKey{s.left.String(), s.op, set}
	if have, ok := m.memo[key]; ok && single == nil {
		return have
	}
	var in []term
	for i := range set.elems {
		in = append(in, m.element(s, &set.elems[i], set, w)...)
	}
	out := in
	if s.op == "!=" {
		out = []term{{dep, ""}}
		for _, t := range in {
			out = m.subtract(out, t)
		}
	}
	if allSure(out) {
		m.memo[key] = out
	}
	return out
}

// allSure says whether no term is opaque. Opaque terms name the rule that they
// were made for, so they aren't remembered for others.
func allSure(ts []term) bool {
	return !slices.ContainsFunc(ts, func(t term) bool { return t.opaque != "" })
}

// setOf returns the set that a right side means, or the single value; neither
// if the set isn't known or changes.
func (m *conditions) setOf(n node, t *tableDecl) (*setDecl, *node) {
	switch n.kind {
	case nRef:
		if s := t.setOf[n.text]; s != nil && !s.changing && s.unread == "" {
			return s, nil
		}
		return nil, nil
	case nSet:
		return n.set, nil
	case nOther, nField, nMask:
		return nil, nil
	}
	return nil, &n
}

func (m *conditions) presupposedByAll(fields []node) box {
	b := anyBox()
	for _, f := range fields {
		if f.kind == nField {
			b, _ = m.and(b, m.presupposed(fieldOf(f.text)))
		}
	}
	return b
}

// element returns the packets that one element of a set matches. s.left is a
// field or a concatenation of fields.
func (m *conditions) element(s *stmt, e *setElem, set *setDecl, w where) []term {
	fields, keys := []node{s.left}, []node{e.key}
	if s.left.kind == nConcat {
		fields, keys = s.left.kids, e.key.kids
	}
	all := e.key.kind == nValue && e.key.text == "*"
	if all {
		keys = nil
	} else if s.left.kind == nConcat && (e.key.kind != nConcat || len(keys) != len(fields)) {
		return []term{{m.presupposedByAll(fields), m.id(s.left.String()+" "+e.key.String(), s, w)}}
	}
	terms := []term{{anyBox(), ""}}
	if all {
		terms[0].box = m.presupposedByAll(fields)
	}
	for i, k := range keys {
		terms = m.cross(terms, m.value(fields[i], k, s, w))
	}
	if e.expires || set.expires || e.doubt != "" {
		id := m.id(s.left.String()+" "+e.key.String()+", an element that comes and goes", s, w)
		doubtful := make([]term, len(terms))
		for i, t := range terms {
			doubtful[i] = term{t.box, bothIDs(t.opaque, id)}
		}
		return doubtful
	}
	return terms
}

// value returns the packets whose field has a value. Few values make many
// elements, so they are remembered.
func (m *conditions) value(fn, v node, s *stmt, w where) []term {
	key := fieldValue{fn.text, v.text, v.n}
	simple := v.kind == nValue || v.kind == nPrefix
	if v.kind == nRange {
		key.text, simple = v.kids[0].text+"-"+v.kids[1].text, true
	}
	if have, ok := m.boxes[key]; ok && simple {
		return have
	}
	if f := fieldOf(fn.text); fn.kind == nField && !m.hidden(f) {
		if out, ok := m.compare(f, "==", v, w.t); ok {
			if simple {
				m.boxes[key] = out
			}
			return out
		}
	}
	one := stmt{kind: sMatch, op: "==", left: fn, right: v, varies: s.varies}
	return m.match(&one, w)
}

// cross returns the packets that are in a term of a and in a term of b.
func (m *conditions) cross(a, b []term) []term {
	if len(b) == 1 && b[0].opaque == "" && b[0].box.isAny() {
		return a
	}
	if len(a) == 1 && a[0].opaque == "" && a[0].box.isAny() {
		return b
	}
	out := make([]term, 0, len(a)*len(b))
	for _, x := range a {
		for _, y := range b {
			if t, ok := m.both(x, y); ok {
				out = append(out, t)
			}
		}
	}
	return out
}

// interfaces map the names of devices to the labels of the policy.
type interfaces struct {
	// labels are those of a device, devices those of a label.
	labels  map[string][]string
	devices map[string][]string
	// known are all devices that have a label or are named in the listing.
	known []string
}

func newInterfaces() *interfaces {
	return &interfaces{labels: map[string][]string{}, devices: map[string][]string{}}
}

// declare adds the devices of a label.
func (x *interfaces) declare(label string, devices []string) {
	for _, d := range devices {
		if slices.Contains(x.labels[d], label) {
			continue
		}
		if x.labels[d] == nil {
			x.known = append(x.known, d)
		}
		x.labels[d] = append(x.labels[d], label)
		x.devices[label] = append(x.devices[label], d)
	}
}

// mention adds a device that a listing names. It stands for itself.
func (x *interfaces) mention(device string) {
	if device == "" || isPattern(device) || x.labels[literal(device)] != nil {
		return
	}
	label := literal(device)
	if x.devices[label] != nil {
		label += " (device)" // the label is that of another device
	}
	x.declare(label, []string{literal(device)})
}

// isPattern says whether a name ends with a star that stands for any text.
func isPattern(name string) bool {
	return strings.HasSuffix(name, "*") && !strings.HasSuffix(name, `\*`)
}

func literal(name string) string {
	if strings.HasSuffix(name, `\*`) {
		return name[:len(name)-2] + "*"
	}
	return name
}

// matching returns the labels all of whose devices have one of the names, and
// those of which it isn't known: labels with other devices too, and where a
// pattern is among the names, interfaces that nobody has named.
func (x *interfaces) matching(names []string, hook string, a axis) (sure, maybe ruleset.IfaceSet) {
	hit := map[string]int{}
	lo, pattern := false, false
	named := map[string]bool{}
	for _, n := range names {
		if !isPattern(n) {
			named[literal(n)] = true
			continue
		}
		pattern = true
		prefix := n[:len(n)-1]
		for _, d := range x.known {
			if strings.HasPrefix(d, prefix) {
				named[d] = true
			}
		}
		lo = lo || strings.HasPrefix("lo", prefix)
	}
	lo = lo || named["lo"]
	for d := range named {
		for _, l := range x.labels[d] {
			hit[l]++
		}
	}
	var all, some []string
	for l, n := range hit {
		shared := false
		for _, d := range x.devices[l] {
			shared = shared || len(x.labels[d]) > 1
		}
		if n == len(x.devices[l]) && !shared {
			all = append(all, l)
		} else {
			some = append(some, l)
		}
	}
	if lo && (hook == "output" && a == axOut || hook == "input" && a == axIn) {
		// What the host sends to itself goes by lo.
		all = append(all, ruleset.Self)
	}
	maybe = ruleset.Ifaces(some...)
	if pattern {
		labels := []string{ruleset.Self}
		for l := range x.devices {
			labels = append(labels, l)
		}
		maybe = maybe.Union(ruleset.NotIfaces(labels...))
	}
	return ruleset.Ifaces(all...), maybe
}
