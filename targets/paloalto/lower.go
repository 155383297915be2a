package paloalto

import (
	"fmt"
	"slices"
	"strings"

	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
)

// maxRules bounds the rules that one rule set is lowered to: a rule can become
// several (see ifaceParts). Beyond it, rules stay opaque.
const maxRules = 400_000

// lowerer turns a model into a rule set.
type lowerer struct {
	m        *model
	context  []*scope // the scopes that the context sees
	zones    *zones
	problems []targets.Problem
	reported map[string]bool

	addresses map[objectKey]*addrValue
	services  map[objectKey]*serviceValue
	// addrLists and serviceLists hold lists that were lowered before.
	addrLists    map[listKey]*addrValue
	serviceLists map[listKey]*serviceValue
	between      map[string][]ifacePart // parts of rules between zones
	ranges       int                    // that were collected so far
	listed       int                    // ranges that the lists of rules had so far
	rules        int
}

type objectKey struct {
	scope *scope
	name  string
}

type listKey struct {
	scope *scope
	names string
}

func newLowerer(m *model, opt targets.ParseOptions) *lowerer {
	l := &lowerer{
		m:            m,
		context:      m.chain(m.context()),
		reported:     map[string]bool{},
		addresses:    map[objectKey]*addrValue{},
		services:     map[objectKey]*serviceValue{},
		addrLists:    map[listKey]*addrValue{},
		serviceLists: map[listKey]*serviceValue{},
		between:      map[string][]ifacePart{},
	}
	if l.context == nil {
		if s := m.scope(sharedScope, ""); s != nil {
			l.context = []*scope{s}
		}
	}
	l.zones = newZones(m, l.context, opt)
	return l
}

// ruleSet is what the device does with packets by the model.
func (m *model) ruleSet(opt targets.ParseOptions) (ruleset.RuleSet, []targets.Problem) {
	l := newLowerer(m, opt)
	rs := ruleset.RuleSet{Behind: opt.Behind}
	add := func(name string, s *scope, t *table[rule]) {
		if len(t.list) > 0 {
			rs.Stages = append(rs.Stages, l.stage(name, s, t))
		}
	}
	chain := slices.Clone(l.context)
	slices.Reverse(chain)
	for _, s := range chain {
		if list := s.rules.security.list; len(list) > 0 && s.kind != vsysScope {
			name := stageName("rulebase", s)
			l.problem(list[0].line, name, "local rules in a place that isn't a vsys; what they decide isn't known")
			rs.Stages = append(rs.Stages, undecided(name, name, "it isn't known when the rules of "+scopeTitle(s)+" are tried"))
		}
	}
	for _, s := range chain {
		add(stageName("pre-rulebase", s), s, &s.pre.security)
	}
	switch c := m.context(); {
	case m.panorama && !m.sectionOnly:
		rs.Stages = append(rs.Stages, undecided("rulebase", "local rules of the firewalls", "Panorama doesn't hold the local rules of the firewalls"))
	case c != nil && !m.panorama:
		rs.Stages = append(rs.Stages, l.stage("rulebase", c, &c.rules.security))
	}
	for _, s := range l.context {
		add(stageName("post-rulebase", s), s, &s.post.security)
	}
	if !m.sectionOnly {
		rs.Stages = append(rs.Stages, l.defaults())
	}
	rs.Groups = l.groups()
	return rs, l.problems
}

// stageName is the rule base and whose it is.
func stageName(base string, s *scope) string {
	switch s.kind {
	case sharedScope:
		return base + " shared"
	case pushedScope:
		return base + " panorama"
	}
	return base + " " + s.name
}

var notSelf = ruleset.NotIfaces(ruleset.Self)

// undecided is a stage of which nothing is known: it may permit or deny any
// packet.
func undecided(name, id, why string) ruleset.Stage {
	s := ruleset.Stage{Name: name, In: notSelf, Out: notSelf, Default: ruleset.Next}
	for _, a := range []ruleset.Action{ruleset.Permit, ruleset.Deny} {
		s.Rules = append(s.Rules, ruleset.Rule{
			Src: ruleset.AnyAddr(), Dst: ruleset.AnyAddr(), Service: ruleset.AnyService(), Action: a,
			Opaque: &ruleset.Opaque{ID: id + ", those that " + a.String(), Why: why},
			Name:   "(" + id + ")",
		})
	}
	return s
}

// stage lowers the rules of one rule base.
func (l *lowerer) stage(name string, s *scope, t *table[rule]) ruleset.Stage {
	st := ruleset.Stage{Name: name, In: notSelf, Out: notSelf, Default: ruleset.Next, Rules: make([]ruleset.Rule, 0, len(t.list))}
	for i := range t.list {
		if r := &t.list[i]; !r.disabled {
			st.Rules = l.rule(st.Rules, s, r)
		}
	}
	return st
}

func (l *lowerer) problem(line int, text, format string, args ...any) {
	why := format
	if len(args) > 0 {
		why = fmt.Sprintf(format, args...)
	}
	l.problems = append(l.problems, targets.Problem{Line: line, Text: text, Why: why})
}

// once reports a problem unless it was reported for the key.
func (l *lowerer) once(key string, line int, text, format string, args ...any) {
	if !l.reported[key] {
		l.reported[key] = true
		l.problem(line, text, format, args...)
	}
}

// addrPart is one part of what a list of addresses matches; id names what isn't
// modelled of it, "" if nothing.
type addrPart struct {
	set ruleset.AddrSet
	id  string
}

// rule adds what a rule does. It becomes several rules where services differ in
// their timeouts or answers, where zones have to differ, or where only some of
// its addresses are known.
func (l *lowerer) rule(out []ruleset.Rule, s *scope, r *rule) []ruleset.Rule {
	conditions, services := l.conditions(s, r)
	ifaces, zoneIDs := l.ifaceParts(r)
	conditions = append(conditions, zoneIDs...)
	src, srcGroup := l.side(s, r, "source", r.source, r.negateSource)
	dst, dstGroup := l.side(s, r, "destination", r.destination, r.negateDest)
	decided := answers(r)
	if decided == nil {
		l.problem(r.line, r.name+" action "+r.action, "an action that isn't known; it can allow or deny")
		conditions = append(conditions, "rule "+r.name+" action "+r.action)
	}
	base := ruleset.Rule{Name: r.name, Line: r.line, Reason: clean(r.description, 1024), Effects: effects(r)}
	if len(r.service) == 1 && len(services) > 0 && services[0].named {
		base.ServiceGroup = r.service[0]
	}
	n := len(ifaces) * len(src) * len(dst) * len(services)
	if l.rules += n; l.rules > maxRules {
		l.once("rules", r.line, r.name, "the rules from here on expand to more than %d; they are not modelled", maxRules)
		ifaces = []ifacePart{{}}
		conditions = append(conditions, "rule "+r.name)
	}
	for _, f := range ifaces {
		for _, a := range src {
			for _, b := range dst {
				for _, sv := range services {
					x := base
					x.In, x.Out, x.Src, x.Dst, x.Service = f.in, f.out, a.set, b.set, sv.set
					if a.id == "" {
						x.SrcGroup = srcGroup
					}
					if b.id == "" {
						x.DstGroup = dstGroup
					}
					x.Idle = sv.idle
					x.Opaque = opaque(append([]string{f.id, a.id, b.id, sv.id}, conditions...))
					out = answer(out, x, decided)
				}
			}
		}
	}
	return out
}

// opaque joins conditions that aren't modelled; nil if there are none. All of
// them must hold, so that their order doesn't count.
func opaque(ids []string) *ruleset.Opaque {
	n := ids[:0:0]
	for _, id := range ids {
		if id != "" {
			n = append(n, id)
		}
	}
	if len(n) == 0 {
		return nil
	}
	slices.Sort(n)
	id := strings.Join(slices.Compact(n), "; ")
	return &ruleset.Opaque{ID: shorten(id, 1024), Why: "not modelled: " + clean(id, 300)}
}

// reply is what a rule does with the packets of a service.
type reply struct {
	service ruleset.ServiceSet
	action  ruleset.Action
}

var (
	tcp      = ruleset.Protocol(ruleset.TCP)
	udp      = ruleset.Protocol(ruleset.UDP)
	allProto = ruleset.AnyService()
)

// answers returns what a rule does, by service; nil if its action isn't known.
// A reset reaches the sender with reset-client and reset-both, and only for
// TCP. An ICMP error is sent, if the rule says so, for UDP, and for TCP that is
// dropped ("Security Policy Actions" and "Building Blocks in a Security Policy
// Rule" of the PAN-OS administrator's guide).
func answers(r *rule) []reply {
	told := ruleset.ServiceSet{}
	switch r.action {
	case "allow":
		return []reply{{allProto, ruleset.Permit}}
	case "deny":
	case "drop":
		if r.icmpUnreachable {
			told = tcp.Union(udp)
		}
	case "reset-client", "reset-both":
		told = tcp
		if r.icmpUnreachable {
			told = tcp.Union(udp)
		}
	case "reset-server":
		if r.icmpUnreachable {
			told = udp
		}
	default:
		return nil
	}
	if told.IsEmpty() {
		return []reply{{allProto, ruleset.Deny}}
	}
	return []reply{{told, ruleset.Reject}, {allProto.Subtract(told), ruleset.Deny}}
}

// answer adds x once for each reply that it gives. Without replies it is not
// known what the rule does, and it may do either.
func answer(out []ruleset.Rule, x ruleset.Rule, replies []reply) []ruleset.Rule {
	if replies == nil {
		id := x.Opaque.ID
		for _, a := range []ruleset.Action{ruleset.Permit, ruleset.Deny} {
			x.Action = a
			x.Opaque = &ruleset.Opaque{ID: id + "; it is " + a.String(), Why: "the action of the rule isn't known"}
			out = append(out, x)
		}
		return out
	}
	all := x.Service
	for _, p := range replies {
		if len(replies) > 1 {
			if x.Service = all.Intersect(p.service); x.Service.IsEmpty() {
				continue
			}
		}
		if x.Action = p.action; x.Action != ruleset.Permit {
			x.Idle = 0
		}
		out = append(out, x)
	}
	return out
}

func effects(r *rule) ruleset.Effects {
	return ruleset.Effects{Log: r.logStart || r.logEnd, Profile: r.profileOf()}
}

// side lowers the source or destination of a rule. The group is the name of the
// one object that spells all of it.
func (l *lowerer) side(s *scope, r *rule, which string, list []string, negate bool) (parts []addrPart, group string) {
	if len(list) == 0 {
		l.problem(r.line, r.name, "the rule has no %s; a device doesn't commit such a rule", which)
		return []addrPart{{ruleset.AnyAddr(), "rule " + r.name + " has no " + which}}, ""
	}
	v := l.addrList(s, list)
	id := ""
	if len(v.unknown) > 0 {
		id = which + " " + strings.Join(v.unknown, ", ")
		if negate {
			id = which + " not " + strings.Join(v.unknown, ", ")
		}
		l.explain(r.line, v)
	}
	if negate {
		return []addrPart{{ruleset.AnyAddr().Subtract(v.set), id}}, ""
	}
	if len(list) == 1 && v.object && id == "" {
		group = list[0]
	}
	if id == "" || !v.set.IsEmpty() {
		parts = append(parts, addrPart{set: v.set})
	}
	if id != "" {
		parts = append(parts, addrPart{ruleset.AnyAddr(), id})
	}
	return parts, group
}

// explain reports the names of a list that mean nothing.
func (l *lowerer) explain(line int, v *addrValue) {
	for _, f := range v.faults {
		at := line
		if f.Line > 0 {
			at = f.Line
		}
		l.once("address "+f.Text+f.Why, at, f.Text, "%s", f.Why)
	}
}

// defaults is the stage of the two predefined rules: traffic within a zone
// passes, other traffic is dropped; neither is logged. An override counts before
// those of the levels above it.
func (l *lowerer) defaults() ruleset.Stage {
	st := ruleset.Stage{Name: "default-security-rules", In: notSelf, Out: notSelf}
	intra, inter := l.override("intrazone-default", "allow"), l.override("interzone-default", "deny")
	all := ruleset.Rule{Src: ruleset.AnyAddr(), Dst: ruleset.AnyAddr(), Service: ruleset.AnyService()}
	x := all
	x.Name, x.Line, x.Effects = intra.name, intra.line, effects(intra)
	replies := answers(intra)
	for _, f := range l.zones.within() {
		x.In, x.Out, x.Opaque = f.in, f.out, opaque([]string{f.id})
		if replies == nil {
			x.Opaque = opaque([]string{f.id, "rule intrazone-default"})
		}
		st.Rules = answer(st.Rules, x, replies)
	}
	x = all
	x.Name, x.Line, x.Effects = inter.name, inter.line, effects(inter)
	switch replies = answers(inter); len(replies) {
	case 1:
		st.Default = replies[0].action
	case 0:
		x.Opaque = opaque([]string{"rule interzone-default"})
		st.Rules = answer(st.Rules, x, replies)
		st.Default = ruleset.Deny
	default:
		x.Service, x.Action = replies[0].service, replies[0].action
		st.Rules = append(st.Rules, x)
		st.Default = replies[1].action
	}
	st.Effects = x.Effects
	return st
}

// override returns a predefined rule as it is in force.
func (l *lowerer) override(name, action string) *rule {
	r := newRule(name, 0)
	r.action, r.logEnd = action, false
	for _, s := range l.context {
		for _, b := range []*rulebase{&s.rules, &s.pre, &s.post} {
			if o := b.defaults.get(name); o != nil {
				c := *o
				if c.action == "" {
					c.action = action
				}
				if answers(&c) == nil {
					l.problem(c.line, name+" action "+c.action, "an action that isn't known; it can allow or deny")
				}
				for _, f := range c.unknown {
					l.problem(f.line, name+" "+f.name+" "+f.text, "a field of a security rule that isn't known; it can decide what the rule does")
					c.action = "unknown"
				}
				return &c
			}
		}
	}
	return &r
}

// groups are the named address objects and groups that the context sees and
// that are known wholly.
func (l *lowerer) groups() []ruleset.Group {
	var out []ruleset.Group
	seen := map[string]bool{}
	add := func(s *scope, name, reason string) {
		if seen[name] {
			return
		}
		seen[name] = true
		if v := l.object(s, name, 0); len(v.unknown) == 0 {
			out = append(out, ruleset.Group{Name: name, Members: v.members, Set: v.set, Reason: clean(reason, 1024)})
		}
	}
	for _, s := range l.context {
		for i := range s.addresses.list {
			a := &s.addresses.list[i]
			add(s, a.name, a.description)
		}
		for i := range s.addressGroups.list {
			g := &s.addressGroups.list[i]
			add(s, g.name, g.description)
		}
	}
	return out
}

// addrsOf is what a name means as a source or destination in the context. It is
// exact if nothing of it is unknown; ok is false if it means nothing.
func (m *model) addrsOf(name string) (set ruleset.AddrSet, exact, ok bool) {
	l := newLowerer(m, targets.ParseOptions{})
	if len(l.context) == 0 {
		return set, false, false
	}
	v := l.addrList(l.context[0], []string{name})
	return v.set, len(v.unknown) == 0, len(v.faults) == 0
}
