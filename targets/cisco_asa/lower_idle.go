package cisco_asa

import (
	"net/netip"
	"strings"
	"time"

	"github.com/nbfwc/nbfwc/ruleset"
)

// Bounds of what is done to give idle timeouts.
const (
	maxIdleRules   = 1 << 20 // rules that are added
	maxIdleClasses = 1 << 12
	maxIdleLooks   = 1 << 26 // entries of classes that are compared with rules
	maxIdleCuts    = 1 << 21 // those that may have packets in common
)

// An idling gives idle timeouts to rules, as the service policies do: a packet
// takes the first class that it matches of those that set something of its
// connection. Policies of the interface where it enters come first, then those
// of the interface where it leaves, then the global one.
type idling struct {
	l       *lowering
	classes []timeoutClass
	lists   map[string]idleList
	added   int
	looks   int
	cuts    int
	full    bool
	addrs   map[[2]ruleset.AddrSet]ruleset.AddrSet
	svcs    map[[2]ruleset.ServiceSet]ruleset.ServiceSet
	hulls   map[ruleset.AddrSet]hull
}

// A timeoutClass is a class at the place where a policy is bound.
type timeoutClass struct {
	in, out ruleset.IfaceSet
	idle    time.Duration // 0 leaves the device's own
	entries []idleEntry
}

// An idleEntry is an entry of the list that a class matches by.
type idleEntry struct {
	src, dst ruleset.AddrSet
	service  ruleset.ServiceSet
	permit   bool

	srcHull, dstHull hull
}

// An idleList is an access list that classes match by; all says that its entries
// are all known.
type idleList struct {
	entries []idleEntry
	all     bool
}

// idling collects the classes of all policies that are bound.
func (l *lowering) idling() *idling {
	d := &idling{l: l, lists: map[string]idleList{}, addrs: map[[2]ruleset.AddrSet]ruleset.AddrSet{}, svcs: map[[2]ruleset.ServiceSet]ruleset.ServiceSet{}, hulls: map[ruleset.AddrSet]hull{}}
	for _, where := range []string{"in", "out", "global"} {
		for _, s := range l.m.servicePolicies {
			if (s.iface == "") != (where == "global") {
				continue
			}
			p := l.m.policyMap(s.policy)
			if p == nil {
				if where != "out" {
					l.problem(s.num, "service-policy "+s.policy, "the policy-map isn't in the text, so that idle timeouts aren't known")
				}
				continue
			}
			var in, out ruleset.IfaceSet
			switch where {
			case "in":
				in = ruleset.Ifaces(l.idleLabel(s.iface))
			case "out":
				out = ruleset.Ifaces(l.idleLabel(s.iface))
			}
			for i := range p.classes {
				d.class(&p.classes[i], in, out, where != "out")
			}
		}
	}
	for len(d.classes) > 0 && d.classes[len(d.classes)-1].idle == 0 {
		d.classes = d.classes[:len(d.classes)-1]
	}
	return d
}

func (l *lowering) idleLabel(nameif string) string {
	if label, ok := l.labels[nameif]; ok {
		return label
	}
	return nameif
}

// class adds a class that sets something of connections.
func (d *idling) class(c *policyClass, in, out ruleset.IfaceSet, report bool) {
	if !c.setsConnection() {
		return
	}
	if len(d.classes) >= maxIdleClasses {
		d.tooMuch()
		return
	}
	k := timeoutClass{in: in, out: out}
	if c.timeout.hasIdle {
		k.idle = orNever(c.timeout.idle)
	}
	problem := func(why string) {
		if report {
			d.l.problem(c.num, "class "+c.class, why)
		}
	}
	if c.class == "class-default" {
		k.entries = []idleEntry{d.entry(ruleset.AnyAddr(), ruleset.AnyAddr(), ruleset.AnyService(), true)}
		d.classes = append(d.classes, k)
		return
	}
	m := d.l.m.classMap(c.class)
	switch {
	case m == nil:
		problem("the class-map isn't in the text, so that it isn't known which connections get the timeouts of this class")
		return
	case m.management:
		return
	case len(m.matches) > 1 && !m.matchAny:
		problem("a class-map with several matches isn't modelled; it isn't known which connections get the timeouts of this class")
		return
	}
	for _, x := range m.matches {
		e, ok := d.matched(x)
		if !ok {
			problem("it isn't known for all connections whether they match this class and get its timeouts: " + x.text)
		}
		// What one match denies another one may permit.
		if len(m.matches) > 1 {
			d.classes = append(d.classes, timeoutClass{in, out, k.idle, e})
			continue
		}
		k.entries = e
	}
	if len(m.matches) <= 1 {
		d.classes = append(d.classes, k)
	}
}

// setsConnection says whether the class sets limits or timeouts of connections.
// These are one feature: a packet takes it from one class only.
func (c *policyClass) setsConnection() bool {
	if c.timeout != (connTimeout{}) {
		return true
	}
	for _, a := range c.actions {
		w := strings.Fields(a)
		if len(w) > 2 && w[0] == "set" && w[1] == "connection" && w[2] != "advanced-options" && w[2] != "decrement-ttl" {
			return true
		}
	}
	return false
}

// matched are the entries that a match stands for; ok is false where some
// aren't known, which are left out.
func (d *idling) matched(x classMatch) (out []idleEntry, ok bool) {
	switch x.kind {
	case matchAll:
		return []idleEntry{d.entry(ruleset.AnyAddr(), ruleset.AnyAddr(), ruleset.AnyService(), true)}, true
	case matchPort:
		var boxes []ruleset.ServiceBox
		for _, r := range x.ports.ranges() {
			boxes = append(boxes, ruleset.ServiceBox{ProtoFrom: x.proto, ProtoTo: x.proto, Src: allPorts, Dst: r})
		}
		return []idleEntry{d.entry(ruleset.AnyAddr(), ruleset.AnyAddr(), ruleset.NewServiceSet(boxes...), true)}, true
	case matchACL:
		list, done := d.lists[x.text]
		if !done {
			list = d.list(d.l.m.aclIndex[x.text])
			d.lists[x.text] = list
		}
		return list.entries, list.all
	}
	return nil, false
}

// list are the entries of an access list.
func (d *idling) list(a *acl) idleList {
	if a == nil || a.kind != "extended" {
		return idleList{}
	}
	list := idleList{all: true}
	for _, r := range d.l.rules(a) {
		if r.Opaque != nil {
			list.all = false
			continue
		}
		list.entries = append(list.entries, d.entry(r.Src, r.Dst, r.Service, r.Action == ruleset.Permit))
	}
	return list
}

// any says whether some class gives an idle timeout.
func (d *idling) any() bool { return len(d.classes) > 0 }

// split gives the rules of a stage for packets that enter by in their idle
// timeouts. A rule of which only a part matches a class is preceded by that
// part.
func (d *idling) split(rules []ruleset.Rule, in ruleset.IfaceSet) []ruleset.Rule {
	out := make([]ruleset.Rule, 0, len(rules))
	for _, r := range rules {
		if r.Action != ruleset.Permit {
			out = append(out, r)
			continue
		}
		out = d.each(out, r, in, 0)
	}
	return out
}

// each appends r, whose packets are in none of the classes before the k-th.
func (d *idling) each(out []ruleset.Rule, r ruleset.Rule, in ruleset.IfaceSet, k int) []ruleset.Rule {
	src, dst := d.hull(r.Src), d.hull(r.Dst)
	for ; k < len(d.classes); k++ {
		c := &d.classes[k]
		q := r
		q.In, q.Out = r.In.Intersect(c.in), r.Out.Intersect(c.out)
		if q.In.IsEmpty() || q.Out.IsEmpty() || in.Intersect(q.In).IsEmpty() {
			continue
		}
		all := q.Out.Equal(r.Out) && in.Intersect(q.In).Equal(in.Intersect(r.In))
		if all {
			q.In = r.In
		}
		for i := range c.entries {
			e := &c.entries[i]
			if d.looks++; d.looks > maxIdleLooks || d.cuts > maxIdleCuts {
				d.tooMuch()
				return append(out, r)
			}
			if !src.meets(&e.srcHull) || !dst.meets(&e.dstHull) {
				continue
			}
			d.cuts++
			x := q
			if x.Service = d.service(r.Service, e.service); x.Service.IsEmpty() {
				continue
			}
			if x.Src = d.addr(r.Src, e.src); x.Src.IsEmpty() {
				continue
			}
			if x.Dst = d.addr(r.Dst, e.dst); x.Dst.IsEmpty() || x.Box().IsEmpty() {
				continue
			}
			whole := all && x.Src.Equal(r.Src) && x.Dst.Equal(r.Dst) && x.Service.Equal(r.Service)
			if !d.room() {
				break
			}
			if e.permit {
				x.Idle = c.idle
				out = append(out, d.spelled(x, r))
			} else {
				out = d.each(out, d.spelled(x, r), in, k+1)
			}
			if whole {
				return out
			}
		}
	}
	return append(out, r)
}

// A hull is the lowest and the highest address of a set, by family. Sets whose
// hulls don't meet have no address in common.
type hull struct {
	has4, has6 bool
	lo4, hi4   netip.Addr
	lo6, hi6   netip.Addr
}

func (d *idling) hull(s ruleset.AddrSet) hull {
	h, ok := d.hulls[s]
	if ok {
		return h
	}
	for _, r := range s.Ranges() {
		switch {
		case r.From.Is4() && !h.has4:
			h.has4, h.lo4, h.hi4 = true, r.From, r.To
		case r.From.Is4():
			h.hi4 = r.To
		case !h.has6:
			h.has6, h.lo6, h.hi6 = true, r.From, r.To
		default:
			h.hi6 = r.To
		}
	}
	d.hulls[s] = h
	return h
}

func (h *hull) meets(k *hull) bool {
	return h.has4 && k.has4 && h.lo4.Compare(k.hi4) <= 0 && k.lo4.Compare(h.hi4) <= 0 ||
		h.has6 && k.has6 && h.lo6.Compare(k.hi6) <= 0 && k.lo6.Compare(h.hi6) <= 0
}

func (d *idling) entry(src, dst ruleset.AddrSet, service ruleset.ServiceSet, permit bool) idleEntry {
	return idleEntry{src, dst, service, permit, d.hull(src), d.hull(dst)}
}

// room says whether there may be another rule.
func (d *idling) room() bool {
	if d.added++; d.added <= maxIdleRules {
		return true
	}
	d.tooMuch()
	return false
}

func (d *idling) tooMuch() {
	if !d.full {
		d.full = true
		d.l.problem(0, "service-policy", "the classes and the entries of the access lists overlap too often; idle timeouts aren't known for all rules")
	}
}

// spelled is a part of r without the names that spell all of r.
func (d *idling) spelled(x, r ruleset.Rule) ruleset.Rule {
	if !x.Src.Equal(r.Src) {
		x.SrcGroup = ""
	}
	if !x.Dst.Equal(r.Dst) {
		x.DstGroup = ""
	}
	if !x.Service.Equal(r.Service) {
		x.ServiceGroup = ""
	}
	return x
}

func (d *idling) addr(a, b ruleset.AddrSet) ruleset.AddrSet {
	k := [2]ruleset.AddrSet{a, b}
	s, ok := d.addrs[k]
	if !ok {
		if s = a.Intersect(b); s.Equal(a) {
			s = a
		}
		d.addrs[k] = s
	}
	return s
}

func (d *idling) service(a, b ruleset.ServiceSet) ruleset.ServiceSet {
	k := [2]ruleset.ServiceSet{a, b}
	s, ok := d.svcs[k]
	if !ok {
		if s = a.Intersect(b); s.Equal(a) {
			s = a
		}
		d.svcs[k] = s
	}
	return s
}
