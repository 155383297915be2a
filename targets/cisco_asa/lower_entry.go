package cisco_asa

import (
	"strings"

	"github.com/nbfwc/nbfwc/ruleset"
)

// entry appends the rules of one ACE. It is one rule, unless it names
// something that isn't known: then the first is what matches for certain, and
// opaque ones below it what may match.
func (l *lowering) entry(out []ruleset.Rule, r ruleset.Rule, x line, t *tail) []ruleset.Rule {
	src, dst, svc := l.sets.addr(x.src), l.sets.addr(x.dst), l.sets.service(x, t)
	r.Src, r.Dst, r.Service = src.known, dst.known, svc.known
	condition := t.condition()
	if src.unknown == "" && dst.unknown == "" && svc.unknown == "" && condition == "" {
		if r.Src.IsEmpty() || r.Dst.IsEmpty() || r.Service.IsEmpty() {
			return out
		}
		return append(out, r)
	}
	unclear := strings.HasPrefix(condition, neither)
	condition = strings.TrimPrefix(condition, neither)
	// The bits of n say which of source, destination and service are taken from
	// the unknown part.
	for n := range 8 {
		q := r
		var when []string
		if condition != "" {
			when = append(when, condition)
		}
		if n&1 != 0 {
			q.Src = src.rest
			when = append(when, "source "+src.unknown)
		}
		if n&2 != 0 {
			q.Dst = dst.rest
			when = append(when, "destination "+dst.unknown)
		}
		if n&4 != 0 {
			q.Service = ruleset.AnyService()
			when = append(when, svc.unknown)
		}
		if n&1 != 0 && src.unknown == "" || n&2 != 0 && dst.unknown == "" || n&4 != 0 && svc.unknown == "" ||
			q.Src.IsEmpty() || q.Dst.IsEmpty() || q.Service.IsEmpty() {
			continue
		}
		if len(when) > 0 {
			id := strings.Join(when, " and ")
			q.Opaque = &ruleset.Opaque{ID: id, Why: "the entry matches only if: " + id}
		}
		if unclear {
			q.Opaque = &ruleset.Opaque{ID: "permit: " + condition, Why: "the entry isn't understood"}
			q.Action = ruleset.Permit
			out = append(out, q)
			q.Opaque = &ruleset.Opaque{ID: "deny: " + condition, Why: "the entry isn't understood"}
			q.Action = ruleset.Deny
		}
		out = append(out, q)
	}
	return out
}

// condition is what of an ACE isn't modelled, in words.
func (t *tail) condition() string {
	switch {
	case t.timeRange == "":
		return t.unread
	case t.unread == "":
		return "time-range " + t.timeRange
	}
	return t.unread + " and time-range " + t.timeRange
}

// interfaces is the stage of what interfaces refuse whatever the lists say.
func (l *lowering) interfaces(global bool) ruleset.Stage {
	s := ruleset.Stage{Name: "interfaces", In: forwarded, Out: forwarded, Default: ruleset.Permit}
	if len(l.m.ifaces) == 0 && (len(l.bound(bindIn)) == 0 || l.m.fragment) {
		return s
	}
	rule := func(in, out ruleset.IfaceSet, name string, line int) *ruleset.Rule {
		s.Rules = append(s.Rules, ruleset.Rule{
			In: in, Out: out, Src: ruleset.AnyAddr(), Dst: ruleset.AnyAddr(), Service: ruleset.AnyService(),
			Action: ruleset.Deny, Name: name, Line: line,
		})
		return &s.Rules[len(s.Rules)-1]
	}
	known := []string{ruleset.Self}
	for _, i := range l.m.ifaces {
		known = append(known, l.labels[i.nameif])
	}
	for _, b := range l.m.bindings {
		if b.iface != "" {
			known = append(known, l.labels[b.iface])
		}
	}
	others := ruleset.NotIfaces(known...)
	rule(others, ruleset.IfaceSet{}, "no such interface", 0)
	rule(ruleset.IfaceSet{}, others, "no such interface", 0)
	for _, i := range l.m.ifaces {
		own := ruleset.Ifaces(l.labels[i.nameif])
		if i.management {
			rule(own, ruleset.IfaceSet{}, "management-only", i.num)
			rule(ruleset.IfaceSet{}, own, "management-only", i.num)
			continue
		}
		if !l.m.sameIntra {
			rule(own, own, "no same-security-traffic permit intra-interface", i.num)
		}
		_, bound := l.m.bound(bindIn, i.nameif)
		if l.m.sameInter || !bound && !global {
			continue
		}
		if same := l.level(i, func(level int) bool { return level == i.level && level != noLevel }); len(same) > 0 {
			r := rule(own, ruleset.Ifaces(same...), "no same-security-traffic permit inter-interface", i.num)
			r.Opaque = &ruleset.Opaque{
				ID:  "same security level",
				Why: `the interfaces have the same security level and "same-security-traffic permit inter-interface" isn't there; whether an access list permits packets between them all the same isn't documented`,
			}
		}
	}
	return s
}

// level returns the labels of the other interfaces whose level is chosen.
func (l *lowering) level(i iface, chosen func(level int) bool) []string {
	var out []string
	for _, o := range l.m.ifaces {
		if o.nameif != i.nameif && !o.management && chosen(o.level) {
			out = append(out, l.labels[o.nameif])
		}
	}
	return out
}

// levels is the stage of interfaces to which no access list is bound: packets
// may go to interfaces of a lower security level, and where it is permitted to
// those of the same level.
func (l *lowering) levels(taken []string) ruleset.Stage {
	s := ruleset.Stage{Name: "security levels", In: ruleset.NotIfaces(taken...), Out: forwarded, Default: ruleset.Deny}
	for _, i := range l.m.ifaces {
		if _, bound := l.m.bound(bindIn, i.nameif); bound || i.management {
			continue
		}
		lower := l.level(i, func(level int) bool {
			return i.level != noLevel && level != noLevel && (level < i.level || level == i.level && l.m.sameInter)
		})
		if l.m.sameIntra && i.level != noLevel {
			lower = append(lower, l.labels[i.nameif])
		}
		own := ruleset.Ifaces(l.labels[i.nameif])
		r := ruleset.Rule{
			In: own, Src: ruleset.AnyAddr(), Dst: ruleset.AnyAddr(), Service: ruleset.AnyService(),
			Action: ruleset.Permit, Name: "security-level of " + i.nameif, Line: i.num,
		}
		if len(lower) > 0 {
			r.Out = ruleset.Ifaces(lower...)
			s.Rules = append(s.Rules, r)
		}
		unclear := l.level(i, func(level int) bool { return i.level == noLevel || level == noLevel })
		if len(unclear) > 0 {
			r.Out = ruleset.Ifaces(unclear...)
			r.Opaque = &ruleset.Opaque{ID: "security level of " + i.nameif, Why: "the text doesn't say the security level of both interfaces"}
			s.Rules = append(s.Rules, r)
		}
	}
	if l.idle.any() {
		s.Rules = l.idle.split(s.Rules, ruleset.IfaceSet{})
	}
	return s
}
