package fortigate

import (
	"slices"
	"strings"
	"time"

	"github.com/nbfwc/nbfwc/ruleset"
)

// policy makes rules of a policy: for each idle timeout that its services have
// one that is known, and one for what depends on names that aren't modelled.
func (l *lowering) policy(p *policy) {
	if p.disabled {
		return
	}
	whole, never := l.conditions(p)
	if never {
		return
	}
	src, dst := l.ends(p)
	base := ruleset.Rule{
		In: l.side(p.srcIntf), Out: l.side(p.dstIntf), Name: p.label(), Line: p.line, Reason: p.comments,
		Effects: ruleset.Effects{Log: p.log == logAll},
	}
	if len(p.srcIntf) == 0 || len(p.dstIntf) == 0 {
		l.once(p.line, "policy "+p.label(), "the policy names no interface, which no device prints")
		whole = append(whole, "interfaces of policy "+p.label())
	}
	for _, name := range slices.Concat(p.srcIntf, p.dstIntf) {
		if z := l.ports[name].zone; z != nil {
			l.once(p.line, "policy "+p.label(), "the policy names the interface "+name+", which is in zone "+z.name+"; a device refuses that")
			whole = append(whole, "interface "+name+" of a zone")
		}
	}
	switch {
	case p.action == deny && p.sendDeny:
		base.Action = ruleset.Reject
	case p.action == deny:
		base.Action = ruleset.Deny
	default:
		base.Action = ruleset.Permit
		base.Profile = p.profiles()
	}
	base.SrcGroup, base.DstGroup = l.groupName(p.src, p.src6, p.srcNot || p.src6Not), l.groupName(p.dst, p.dst6, p.dstNot || p.dst6Not)
	parts := l.servicesOf(p)
	if len(parts) == 1 && len(p.services) == 1 && !p.serviceNot && l.services.groups[p.services[0]] != nil {
		base.ServiceGroup = p.services[0]
	}
	for _, s := range parts {
		l.emit(p, base, whole, src, dst, s)
	}
}

// emit adds the rules of one part of a policy's services. What is certain comes
// first; what isn't has a wider box and the same action, so that their order is
// of no importance.
func (l *lowering) emit(p *policy, r ruleset.Rule, whole []string, src, dst addrs, s part) {
	idle := idleOf(s.ttl, p.ttl)
	if r.Action != ruleset.Permit {
		idle = 0
	}
	unknown := slices.Clone(whole)
	dims := 0
	for _, d := range [...]struct {
		name    string
		unknown []string
	}{{"source ", src.unknown}, {"destination ", dst.unknown}, {"service ", s.unknown}} {
		for _, u := range d.unknown {
			unknown = append(unknown, d.name+u)
		}
		if len(d.unknown) > 0 {
			dims++
		}
	}
	certain := !src.lo.IsEmpty() && !dst.lo.IsEmpty() && !s.lo.IsEmpty()
	if len(whole) == 0 && (certain || len(unknown) == 0) {
		// A rule that matches nothing for certain stays in the list, as on the
		// device.
		r.Src, r.Dst = src.lo, dst.lo
		l.withIdle(r, s.lo, idle)
	}
	if len(unknown) == 0 {
		return
	}
	slices.Sort(unknown)
	id := strings.Join(unknown, "; ")
	if dims > 1 || dims == 1 && len(whole) > 0 {
		// What is certain of one condition counts for where the others matter.
		id += " [" + fingerprint(src.lo.String(), dst.lo.String(), s.lo.String()) + "]"
	}
	r.Src, r.Dst = src.hi, dst.hi
	r.Opaque = &ruleset.Opaque{ID: id, Why: "not modelled: " + clip(strings.Join(unknown, ", "))}
	l.withIdle(r, s.hi, idle)
}

// withIdle adds a rule; where its connections have an idle timeout and not all
// are TCP, it is two.
func (l *lowering) withIdle(r ruleset.Rule, s ruleset.ServiceSet, idle time.Duration) {
	r.Service = s
	if idle == 0 {
		l.add(r)
		return
	}
	tcp := s.Intersect(tcpOnly)
	rest := s.Subtract(tcpOnly)
	if !rest.IsEmpty() {
		r.ServiceGroup = ""
	}
	if !tcp.IsEmpty() {
		q := r
		q.Service, q.Idle = tcp, idle
		l.add(q)
	}
	if !rest.IsEmpty() || tcp.IsEmpty() {
		r.Service = rest
		l.add(r)
	}
}

var tcpOnly = ruleset.Protocol(ruleset.TCP)

// ends are the sources and destinations of a policy. The two families don't
// mix: a product of both holds no packet from one to the other.
func (l *lowering) ends(p *policy) (src, dst addrs) {
	src = join(negated(l.list(p, p.src, false), p.srcNot && len(p.src) > 0, false), l.negated6(p, p.src6, p.srcNot, p.src6Not))
	dst = join(negated(l.list(p, p.dst, false), p.dstNot && len(p.dst) > 0, false), l.negated6(p, p.dst6, p.dstNot, p.dst6Not))
	for _, f := range p.others {
		if policyFields[f.name].kind != matching || !strings.HasPrefix(f.name, "internet-service") {
			continue
		}
		v6 := strings.HasPrefix(f.name, "internet-service6")
		if !strings.HasSuffix(f.name, "-src") {
			dst.hi = dst.hi.Union(family(v6))
		} else {
			src.hi = src.hi.Union(family(v6))
		}
	}
	if _, ok := p.field("nat46"); ok {
		dst.hi = ruleset.AnyAddr()
	}
	if _, ok := p.field("nat64"); ok {
		dst.hi = ruleset.AnyAddr()
	}
	return src, dst
}

// list unites the names of one family and reports names that stand for nothing.
func (l *lowering) list(p *policy, names []string, v6 bool) addrs {
	a := l.objects.list(names, v6)
	if len(l.objects.missing) > 0 {
		for k := range l.objects.missing {
			delete(l.objects.missing, k)
			l.once(p.line, k.name, "the configuration has no such address, address group or virtual address; what it holds isn't known")
		}
	}
	return a
}

// negated turns a list into what is not in it. A list that isn't there is not
// negated: it stays empty.
func negated(a addrs, not, v6 bool) addrs {
	if !not {
		return a
	}
	all := family(v6)
	n := addrs{lo: all.Subtract(a.hi), hi: all.Subtract(a.lo)}
	for _, u := range a.unknown {
		n.unknown = append(n.unknown, "not "+u)
	}
	return n
}

// negated6 is an IPv6 list with the negations of both families. Before FortiOS
// 7.2.4 (CLI reference) there is no negation for IPv6 alone; whether srcaddr-negate
// then negates srcaddr6 too isn't said.
func (l *lowering) negated6(p *policy, names []string, not4, not6 bool) addrs {
	a := l.list(p, names, true)
	if len(names) == 0 {
		return a
	}
	if not4 && !not6 && !l.m.header.since(7, 2, 4) {
		return addrs{hi: family(true), unknown: []string{"negated IPv6 addresses " + fingerprint(a.lo.String(), a.unknown)}}
	}
	return negated(a, not6, true)
}

func join(a, b addrs) addrs {
	return addrs{lo: a.lo.Union(b.lo), hi: a.hi.Union(b.hi), unknown: sortedNames(slices.Concat(a.unknown, b.unknown))}
}

// servicesOf are the services of a policy by idle timeout.
func (l *lowering) servicesOf(p *policy) []part {
	if internet(p) {
		return []part{{lo: ruleset.AnyService(), hi: ruleset.AnyService()}}
	}
	parts := l.services.union(p.services, 0)
	for name := range l.services.missing {
		delete(l.services.missing, name)
		l.once(p.line, name, "the configuration has no such service or service group, and it isn't one that every device has; what it holds isn't known")
	}
	if !p.serviceNot {
		if len(parts) == 0 {
			return []part{{}}
		}
		return parts
	}
	all := part{}
	for _, s := range parts {
		all.lo, all.hi = all.lo.Union(s.lo), all.hi.Union(s.hi)
		for _, u := range s.unknown {
			all.unknown = append(all.unknown, "not "+u)
		}
	}
	every := ruleset.AnyService()
	return []part{{lo: every.Subtract(all.hi), hi: every.Subtract(all.lo), unknown: sortedNames(all.unknown)}}
}

// internet says whether a policy matches an internet service in place of
// destinations and services.
func internet(p *policy) bool {
	_, v4 := p.field("internet-service")
	_, v6 := p.field("internet-service6")
	return v4 || v6
}

// conditions are what a policy asks for beside the box and that isn't modelled;
// never says that it matches nothing.
func (l *lowering) conditions(p *policy) (unknown []string, never bool) {
	when, never := l.when(p)
	if never {
		return nil, true
	}
	if when != "" {
		unknown = append(unknown, when)
	}
	switch p.action {
	case ipsec:
		unknown = append(unknown, "action ipsec")
	case otherAction:
		unknown = append(unknown, "action "+p.actionWord)
	}
	counts := false
	for _, f := range p.others {
		k := policyFields[f.name]
		switch {
		case k.kind == 0:
			l.once(f.line, "set "+f.name+" "+strings.Join(f.values, " "), "a field of a policy that is not known; it may bear on what the policy matches")
		case k.kind == deciding && p.action == deny:
			continue
		case k.kind != matching && k.kind != deciding && f.name != "nat46" && f.name != "nat64":
			continue
		}
		counts = true
		unknown = append(unknown, f.name+" "+strings.Join(f.values, " "))
	}
	if counts {
		// What these conditions ask for may stand in fields that belong to them.
		for _, f := range p.others {
			if policyFields[f.name].kind == naming {
				unknown = append(unknown, f.name+" "+strings.Join(f.values, " "))
			}
		}
	}
	return unknown, false
}

// profiles name the security profiles of a policy: a group by its name, single
// ones as "av-profile=x ips-sensor=y".
func (p *policy) profiles() string {
	if !p.utm {
		return ""
	}
	if kind, ok := p.field("profile-type"); ok && slices.Equal(kind, []string{"group"}) {
		name, _ := p.field("profile-group")
		return strings.Join(name, " ")
	}
	var words []string
	for _, f := range p.others {
		if policyFields[f.name].kind == profile && f.name != "profile-group" && f.name != "profile-type" {
			words = append(words, f.name+"="+strings.Join(f.values, " "))
		}
	}
	slices.Sort(words)
	return strings.Join(words, " ")
}

// groupName is the object that spells a side of a policy, if it is one.
func (l *lowering) groupName(v4, v6 []string, not bool) string {
	name := ""
	switch {
	case not || len(v4) > 1 || len(v6) > 1:
		return ""
	case len(v4) == 1 && len(v6) == 1:
		if v4[0] != v6[0] {
			return ""
		}
		name = v4[0]
	case len(v4) == 1:
		name = v4[0]
	case len(v6) == 1:
		name = v6[0]
	}
	if !l.known[name] {
		return ""
	}
	// A name of both families stands for both, and a policy of one family for one.
	if len(v4) == 0 || len(v6) == 0 {
		if l.objects.has(name, false) && l.objects.has(name, true) {
			return ""
		}
	}
	if name == "all" || name == "none" {
		return ""
	}
	return name
}

// has says whether the text has an object.
func (o *objects) has(name string, v6 bool) bool {
	k := objKey{name, v6}
	return o.addresses[k] != nil || o.groups[k] != nil
}
