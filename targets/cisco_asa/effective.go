package cisco_asa

import (
	"cmp"
	"slices"
	"time"

	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
)

// Effective returns what a device does that has loaded what Render writes for
// the job: Parse of the text has the same effect. It differs from job.Want in
// what the rule set doesn't say:
//
//   - other interfaces than those of the job forward nothing, unless it is a
//     section;
//   - there is a stage for each interface that a packet enters, and none knows
//     the interface that it leaves by: a rule holds for all of them;
//   - ICMP errors that TCP needs, and replies to echo requests, pass between the
//     ends of permitted pairs (see answers);
//   - nothing is rejected, what would be is dropped in silence. Where no later
//     rule would permit it, a rejecting rule isn't written at all;
//   - an idle timeout that the device gives anyway isn't set; others count in
//     whole seconds, for TCP connections only. The device looks for the timeout
//     in a list of its own, whatever rule permits the packet, so where two rules
//     overlap the longest counts for both;
//   - the default of a section is Next: the user's lines below it decide.
func Effective(job targets.Job) ruleset.RuleSet {
	l := newLayout(&job)
	rs := ruleset.RuleSet{Groups: l.ruleGroups(), Behind: job.Want.Behind}
	idles := l.idleBoxes()
	if job.Manage == targets.Exclusive && len(l.lists) > 0 {
		rs.Stages = append(rs.Stages, l.otherInterfaces())
	}
	for _, list := range l.lists {
		s := ruleset.Stage{Name: list.nameif, In: ruleset.Ifaces(list.label), Out: ruleset.NotIfaces(ruleset.Self)}
		for _, r := range list.rules {
			rule := *r.Rule
			rule.Action, rule.Service, rule.Idle = r.Action, r.Service, r.Idle
			rule.In, rule.Out, rule.ServiceGroup = ruleset.IfaceSet{}, ruleset.IfaceSet{}, r.service
			rule.SrcGroup, rule.DstGroup = r.src.name, r.dst.name
			s.Rules = append(s.Rules, withIdle(rule, idles)...)
		}
		s.Default, s.Effects = l.closing, ruleset.Effects{Log: l.closeLog}
		if job.Manage == targets.Section {
			s.Default, s.Effects = ruleset.Next, ruleset.Effects{}
		}
		rs.Stages = append(rs.Stages, s)
	}
	return rs
}

// otherInterfaces is the stage of what the job doesn't name: a device that has
// its interfaces only forwards nothing between others.
func (l *layout) otherInterfaces() ruleset.Stage {
	known := []string{ruleset.Self}
	for _, list := range l.lists {
		known = append(known, list.label)
	}
	forwarded, other := ruleset.NotIfaces(ruleset.Self), ruleset.NotIfaces(known...)
	s := ruleset.Stage{Name: "interfaces", In: forwarded, Out: forwarded, Default: ruleset.Permit}
	for _, r := range []ruleset.Rule{{In: other}, {Out: other}} {
		r.Src, r.Dst, r.Service = ruleset.AnyAddr(), ruleset.AnyAddr(), ruleset.AnyService()
		r.Action, r.Name = ruleset.Deny, "no such interface"
		s.Rules = append(s.Rules, r)
	}
	return s
}

// ruleGroups are the groups of the job and those that rules without a group are
// given.
func (l *layout) ruleGroups() []ruleset.Group {
	groups := slices.Clone(l.job.Want.Groups)
	for _, n := range l.nets {
		if _, ok := l.groups[n.name]; ok {
			continue
		}
		g := ruleset.Group{Name: n.name, Set: n.set, Reason: n.reason}
		for _, p := range n.set.Prefixes() {
			g.Members = append(g.Members, ruleset.Member{Range: ruleset.RangeOf(p)})
		}
		groups = append(groups, g)
	}
	return groups
}

// idleBox is what a rule with an idle timeout gives it to.
type idleBox struct {
	idle     time.Duration
	src, dst ruleset.AddrSet
	service  ruleset.ServiceSet // TCP
}

// idleBoxes are in the order in which the device looks at them: the longest
// timeout first.
func (l *layout) idleBoxes() []idleBox {
	var list []idleBox
	for _, r := range l.rules {
		if r.Idle > 0 {
			list = append(list, idleBox{r.Idle, r.Src, r.Dst, r.Service.Intersect(tcp)})
		}
	}
	slices.SortStableFunc(list, func(a, b idleBox) int { return cmp.Compare(b.idle, a.idle) })
	return list
}

// withIdle is a rule with the timeouts that its connections get: the rule
// itself, with rules before it for the packets that get another one.
func withIdle(r ruleset.Rule, idles []idleBox) []ruleset.Rule {
	own := r.Idle
	r.Idle = 0
	connections := r.Service.Intersect(tcp)
	if r.Action != ruleset.Permit || connections.IsEmpty() {
		return []ruleset.Rule{r}
	}
	var out []ruleset.Rule
	for i := range idles {
		b := &idles[i]
		if b.idle <= own {
			break
		}
		box := ruleset.Box{Src: r.Src.Intersect(b.src), Dst: r.Dst.Intersect(b.dst), Service: connections.Intersect(b.service)}
		if box.IsEmpty() {
			continue
		}
		part := r
		part.Idle, part.Service, part.ServiceGroup = b.idle, box.Service, ""
		if !box.Src.Equal(r.Src) {
			part.Src, part.SrcGroup = box.Src, ""
		}
		if !box.Dst.Equal(r.Dst) {
			part.Dst, part.DstGroup = box.Dst, ""
		}
		out = append(out, part)
	}
	if own == 0 {
		return append(out, r)
	}
	timed := r
	timed.Idle, timed.Service = own, connections
	out = append(out, timed)
	if rest := r.Service.Subtract(tcp); !rest.IsEmpty() {
		r.Service = rest
		out = append(out, r)
	}
	return out
}
