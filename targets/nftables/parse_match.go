package nftables

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/nbfwc/nbfwc/ruleset"
)

// numbers are the numbers lo to hi.
type numbers struct{ lo, hi uint32 }

// A membership says for which values of one field a condition holds.
type membership struct {
	f     field
	addrs ruleset.AddrSet
	nums  []numbers
	sure  ruleset.IfaceSet // axIn, axOut
	maybe ruleset.IfaceSet
	// all says that every value is in it ("*").
	all bool
	// doubt says that there are values that aren't understood or that come and
	// go; any value may be in it.
	doubt bool
}

// A condition reads the conditions of one base chain's rules. The interfaces
// that a packet has depend on the hook.
type conditions struct {
	*sets
	hook  string
	early bool // before connection tracking
	ifs   *interfaces
	// assigned are the fields that some rule writes.
	assigned map[string]bool
	memo     map[memberKey][]term
	boxes    map[fieldValue][]term
	// untracked are the packets that a notrack statement may have seen.
	untracked []box
}

type memberKey struct {
	field, op string
	set       *setDecl
}

type fieldValue struct {
	field, text string
	n           int32
}

// where names the place of a rule for unknowns that are no other's.
type where struct {
	t    *tableDecl
	c    *chainDecl
	hook string
	nth  string
}

// match returns the packets that satisfy a comparison.
func (m *conditions) match(s *stmt, w where) []term {
	if s.left.kind == nConcat {
		return m.concat(s, w)
	}
	if s.left.kind == nField {
		f := fieldOf(s.left.text)
		if f.axis == axConst && !m.hidden(f) {
			return m.constant(f, s.op, 0xffffffff, s.right, s, w)
		}
		if t, ok := m.compare(f, s.op, s.right, w.t); ok && !m.hidden(f) {
			return t
		}
		return m.unknown(s, w, f)
	}
	if s.left.kind == nMask && len(s.left.kids) == 2 && s.left.kids[0].kind == nField && s.left.text == "&" {
		f := fieldOf(s.left.kids[0].text)
		if t, ok := m.masked(f, s, w); ok && !m.hidden(f) {
			return t
		}
		return m.unknown(s, w, f)
	}
	return m.unknown(s, w, field{proto: -1})
}

// hidden says whether a field has no value that is modelled at this hook:
// before connection tracking a new packet has no state, and after routing it
// depends on the kernel whether the packet still knows where it came in.
func (m *conditions) hidden(f field) bool {
	return m.early && strings.HasPrefix(f.text, "ct ") || f.axis == axIn && (m.hook == "postrouting" || m.hook == "egress")
}

// unknown returns all packets that have the field, as an unknown subset.
func (m *conditions) unknown(s *stmt, w where, f field) []term {
	return []term{{m.presupposed(f), m.id(s.String(), s, w)}}
}

// id names an unknown. What packets carry in their headers is the same
// everywhere; other things may differ between hooks, and what has a state of
// its own or is written by rules between one rule and the next.
func (m *conditions) id(text string, s *stmt, w where) string {
	var fields []string
	collectFields(s.left, &fields)
	own, local := s.varies || len(fields) == 0 || s.right.kind == nRef, false
	for _, f := range fields {
		head, _, _ := strings.Cut(f, " ")
		own = own || m.assigned[f]
		local = local || !headers[head] && head != "nh"
	}
	switch {
	case own:
		return text + " (rule " + w.nth + " of " + w.c.title() + " at " + w.hook + ")"
	case local:
		return text + " (at " + w.hook + ")"
	}
	return text
}

func (c *chainDecl) title() string { return c.table.family + " " + c.table.name + " " + c.name }

func collectFields(n node, to *[]string) {
	if n.kind == nField {
		*to = append(*to, n.text)
	}
	for _, k := range n.kids {
		collectFields(k, to)
	}
}

// presupposed returns the packets that have the field.
func (m *conditions) presupposed(f field) box {
	b := familyBox(f.family)
	if f.proto >= 0 {
		b.svc = ruleset.Protocol(uint8(f.proto))
	}
	return b
}

// compare returns the packets whose field compares like that with values; ok
// is false if the field or the operator isn't modelled.
func (m *conditions) compare(f field, op string, right node, t *tableDecl) ([]term, bool) {
	if f.axis == axOpaque || f.axis == axConst || right.kind == nOther || right.kind == nField || right.kind == nConcat {
		return nil, false
	}
	if op != "==" && op != "!=" {
		return m.ordered(f, op, right)
	}
	var s *setDecl
	switch right.kind {
	case nRef:
		if s = t.setOf[right.text]; s == nil || s.changing || s.unread != "" {
			return nil, false
		}
	case nSet:
		s = right.set
	default:
		return m.terms(m.members(f, []node{right}), op == "!=", func() string { return f.text + " " + op + " " + right.String() }), true
	}
	key := memberKey{f.text, op, s}
	if have, ok := m.memo[key]; ok {
		return have, true
	}
	mem := membership{f: f, sure: ruleset.Ifaces(), maybe: ruleset.Ifaces()}
	keys := make([]node, 0, len(s.elems))
	for i := range s.elems {
		e := &s.elems[i]
		if e.expires || s.expires || e.doubt != "" {
			mem.doubt = true
			continue
		}
		keys = append(keys, e.key)
	}
	mem.add(m, keys)
	terms := m.terms(mem, op == "!=", func() string { return f.text + " " + op + " " + s.String() })
	m.memo[key] = terms
	return terms, true
}

func (m *conditions) members(f field, values []node) membership {
	mem := membership{f: f, sure: ruleset.Ifaces(), maybe: ruleset.Ifaces()}
	mem.add(m, values)
	return mem
}

// add adds values.
func (mem *membership) add(m *conditions, values []node) {
	var ranges []ruleset.Range
	var names []string
	for _, v := range values {
		if v.kind == nValue && v.text == "*" {
			mem.all = true
			continue
		}
		ok := false
		switch mem.f.axis {
		case axSrc, axDst:
			var r ruleset.Range
			if r, ok = addrRange(v); ok && r.From.Is4() == (mem.f.family == 4) {
				ranges = append(ranges, r)
			}
		case axIn, axOut:
			ok = v.kind == nValue
			if ok {
				names = append(names, v.text)
			}
		default:
			var n numbers
			if n, ok = mem.f.numberRange(v); ok {
				mem.nums = append(mem.nums, n)
			}
		}
		if !ok {
			mem.doubt = true
		}
	}
	mem.addrs = ruleset.NewAddrSet(ranges...)
	if len(names) > 0 {
		mem.sure, mem.maybe = m.ifs.matching(names, m.hook, mem.f.axis)
	}
	mem.nums = normalNumbers(mem.nums)
}

func normalNumbers(ns []numbers) []numbers {
	slices.SortFunc(ns, func(a, b numbers) int {
		if a.lo != b.lo {
			return int(int64(a.lo) - int64(b.lo))
		}
		return int(int64(a.hi) - int64(b.hi))
	})
	out := ns[:0]
	for _, n := range ns {
		if k := len(out); k > 0 && uint64(n.lo) <= uint64(out[k-1].hi)+1 {
			out[k-1].hi = max(out[k-1].hi, n.hi)
			continue
		}
		out = append(out, n)
	}
	return out
}

// complement returns the numbers up to max that aren't in ns, which are in
// normal form.
func complement(ns []numbers, max uint32) []numbers {
	var out []numbers
	next := uint64(0)
	for _, n := range ns {
		if uint64(n.lo) > next {
			out = append(out, numbers{uint32(next), n.lo - 1})
		}
		next = uint64(n.hi) + 1
	}
	if next <= uint64(max) {
		out = append(out, numbers{uint32(next), max})
	}
	return out
}

// numberRange returns the numbers that a value stands for. A range upside down
// is not understood: nft 1.0.6 lists "udp dport >= 1999 udp sport <= 5" as "udp
// sport 1999-5" (testdata/listings/merged-comparisons.nft).
func (f *field) numberRange(v node) (numbers, bool) {
	if v.kind == nRange {
		lo, ok1 := f.number(v.kids[0].text)
		hi, ok2 := f.number(v.kids[1].text)
		return numbers{lo, hi}, ok1 && ok2 && lo <= hi && f.axis != axFamily
	}
	n, ok := f.number(v.text)
	if f.text == "ip6 nexthdr" && isExtension(n) {
		return numbers{}, false
	}
	return numbers{n, n}, ok && v.kind == nValue
}

// isExtension says whether an IPv6 next header is an extension (RFC 7045), so
// that it doesn't tell the protocol.
func isExtension(n uint32) bool {
	switch n {
	case 0, 43, 44, 51, 60, 135, 139, 140:
		return true
	}
	return false
}

// addrRange returns the addresses that a value stands for.
func addrRange(v node) (ruleset.Range, bool) {
	switch v.kind {
	case nPrefix:
		a, err := netip.ParseAddr(v.text)
		p := netip.PrefixFrom(a, int(v.n))
		return ruleset.RangeOf(p), err == nil && p.IsValid() && a.Zone() == "" && !a.Is4In6()
	case nRange:
		from, err1 := netip.ParseAddr(v.kids[0].text)
		to, err2 := netip.ParseAddr(v.kids[1].text)
		r := ruleset.Range{From: from, To: to}
		return r, err1 == nil && err2 == nil && r.IsValid()
	case nValue:
		a, err := netip.ParseAddr(v.text)
		return ruleset.Range{From: a, To: a}, err == nil && a.Zone() == "" && !a.Is4In6()
	}
	return ruleset.Range{}, false
}

// terms returns the packets whose field is in mem, or with not, isn't. id names
// the unknown where that isn't known of all packets: it is the whole condition.
func (m *conditions) terms(mem membership, not bool, id func() string) []term {
	f := mem.f
	dep := m.presupposed(f)
	if mem.all {
		if not {
			return nil
		}
		return []term{{dep, ""}}
	}
	var out []term
	add := func(b box, sure bool) {
		c, ok := m.and(dep, b)
		switch {
		case ok && sure:
			out = append(out, term{c, ""})
		case ok:
			out = append(out, term{c, id()})
		}
	}
	if mem.doubt {
		add(anyBox(), false)
		if not {
			return out
		}
	}
	switch f.axis {
	case axSrc, axDst:
		s := mem.addrs
		if not {
			s = familyBox(f.family).src.Subtract(s)
		}
		b := anyBox()
		if f.axis == axSrc {
			b.src = s
		} else {
			b.dst = s
		}
		add(b, true)
	case axIn, axOut:
		m.ifaceTerms(mem, not, add)
	case axFamily:
		ns := mem.nums
		for _, v := range []uint32{4, 6} {
			if not != slices.Contains(ns, numbers{v, v}) {
				add(familyBox(int(v)), true)
			}
		}
	default:
		ns := mem.nums
		if not {
			ns = complement(ns, f.max)
		}
		b := anyBox()
		b.svc = f.services(ns)
		add(b, true)
		if f.isThPort() {
			b.svc = noPorts
			add(b, false)
		}
	}
	return out
}

// noPorts are the protocols of which th sport and th dport read no ports.
var noPorts = func() ruleset.ServiceSet {
	s := ruleset.AnyService()
	for _, p := range portProtocols {
		s = s.Subtract(ruleset.Protocol(p))
	}
	return s
}()

// services returns what has one of the numbers in the field.
func (f *field) services(ns []numbers) ruleset.ServiceSet {
	protos := []uint8{uint8(f.proto)}
	if f.proto < 0 {
		protos = portProtocols
	}
	all := ruleset.PortRange{From: 0, To: 65535}
	var boxes []ruleset.ServiceBox
	for _, n := range ns {
		r := ruleset.PortRange{From: uint16(n.lo), To: uint16(n.hi)}
		switch f.axis {
		case axProto:
			boxes = append(boxes, ruleset.ServiceBox{ProtoFrom: uint8(n.lo), ProtoTo: uint8(n.hi), Src: all, Dst: all})
		case axSport:
			for _, p := range protos {
				boxes = append(boxes, ruleset.ServiceBox{ProtoFrom: p, ProtoTo: p, Src: r, Dst: all})
			}
		case axDport:
			for _, p := range protos {
				boxes = append(boxes, ruleset.ServiceBox{ProtoFrom: p, ProtoTo: p, Src: all, Dst: r})
			}
		}
	}
	return ruleset.NewServiceSet(boxes...)
}

func (m *conditions) ifaceTerms(mem membership, not bool, add func(b box, sure bool)) {
	sure, maybe := mem.sure, mem.maybe
	if not {
		sure = notIfaces(sure.Union(maybe))
	}
	if mem.f.axis == axOut && (m.hook == "prerouting" || m.hook == "ingress") {
		// The packet isn't routed yet: its out-interface has the name "", which
		// is no name of a rule (tried with Linux 6.18).
		if not {
			add(anyBox(), true)
		}
		return
	}
	for _, s := range []struct {
		ruleset.IfaceSet
		sure bool
	}{{sure, true}, {maybe, false}} {
		b := anyBox()
		if mem.f.axis == axIn {
			b.in = s.IfaceSet
		} else {
			b.out = s.IfaceSet
		}
		add(b, s.sure)
	}
}

// ordered is compare for <, <=, > and >=.
func (m *conditions) ordered(f field, op string, right node) ([]term, bool) {
	if right.kind != nValue || f.axis == axIn || f.axis == axOut || f.axis == axFamily {
		return nil, false
	}
	strict := op == "<" || op == ">"
	low := op == "<" || op == "<="
	if op != "<=" && op != ">=" && !strict {
		return nil, false
	}
	mem := membership{f: f}
	id := func() string { return f.text + " " + op + " " + right.String() }
	if f.axis == axSrc || f.axis == axDst {
		a, ok := addrRange(right)
		if !ok || a.From.Is4() != (f.family == 4) {
			return nil, false
		}
		all := familyBox(f.family).src.Ranges()[0]
		r := ruleset.Range{From: a.From, To: all.To}
		if low {
			r = ruleset.Range{From: all.From, To: a.From}
		}
		mem.addrs = ruleset.NewAddrSet(r)
		if strict {
			mem.addrs = mem.addrs.Subtract(ruleset.NewAddrSet(a))
		}
		return m.terms(mem, false, id), true
	}
	n, ok := f.number(right.text)
	switch {
	case !ok:
		return nil, false
	case low && strict && n == 0, !low && strict && n == f.max:
		return nil, true
	case low && strict:
		mem.nums = []numbers{{0, n - 1}}
	case low:
		mem.nums = []numbers{{0, n}}
	case strict:
		mem.nums = []numbers{{n + 1, f.max}}
	default:
		mem.nums = []numbers{{n, f.max}}
	}
	return m.terms(mem, false, id), true
}

// masked reads "ip saddr & 255.255.0.0 == 10.1.0.0" and masks of flags.
func (m *conditions) masked(f field, s *stmt, w where) ([]term, bool) {
	mask := s.left.kids[1]
	if f.axis == axConst {
		bits, ok := f.flags(mask)
		if !ok {
			return nil, false
		}
		return m.constant(f, s.op, bits, s.right, s, w), true
	}
	if f.axis != axSrc && f.axis != axDst || s.op != "==" && s.op != "!=" || s.right.kind != nValue {
		return nil, false
	}
	a, err1 := netip.ParseAddr(mask.text)
	v, err2 := netip.ParseAddr(s.right.text)
	if err1 != nil || err2 != nil || a.BitLen() != v.BitLen() || a.Is4() != (f.family == 4) {
		return nil, false
	}
	bits, ok := maskBits(a)
	if !ok {
		return nil, false
	}
	mem := membership{f: f}
	if p := netip.PrefixFrom(v, bits); p.Masked().Addr() == v {
		mem.addrs = ruleset.PrefixSet(p)
	}
	return m.terms(mem, s.op == "!=", s.String), true
}

// maskBits returns the length of the prefix that a mask spells.
func maskBits(mask netip.Addr) (int, bool) {
	bits, ended := 0, false
	for _, b := range mask.AsSlice() {
		for i := 7; i >= 0; i-- {
			one := b>>i&1 == 1
			if one && ended {
				return 0, false
			}
			ended = ended || !one
			if one {
				bits++
			}
		}
	}
	return bits, true
}
