package cisco_asa

import (
	"slices"
	"strconv"
	"strings"

	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
)

// A lowering turns a model into a rule set.
type lowering struct {
	m        *model
	sets     *sets
	labels   map[string]string // of each nameif
	idle     *idling
	problems []targets.Problem
}

// forwarded are the interfaces of packets that pass the device.
var forwarded = ruleset.NotIfaces(ruleset.Self)

// ruleSet returns what a device with this configuration does with the first
// packet of each connection that passes it. The stages are, each a run of its
// own unless said otherwise:
//
//   - "interfaces", with the default permit: packets of interfaces that are not
//     in the text or are for management only, packets that would leave by the
//     interface that they came in by, or by one of the same security level;
//   - for each access list that is bound in, "access-list X in";
//   - "access-list X global", in a run with the ones before, whose implicit deny
//     it takes the place of; or if no list is bound globally, "security levels"
//     for interfaces without a list of their own;
//   - for each access list that is bound out, "access-list X out".
//
// Without a single interface in the text there are no security levels to read,
// and what enters by an interface that no list is bound to isn't described.
// Of the text of a section the lists are stages with the default Next.
func (m *model) ruleSet(opt targets.ParseOptions) (ruleset.RuleSet, []targets.Problem) {
	l := &lowering{m: m}
	l.sets = newSets(m, l.problem)
	l.label(opt.Interfaces)
	l.idle = l.idling()
	rs := ruleset.RuleSet{Behind: opt.Behind, Groups: l.groups()}
	ins, global := l.bound(bindIn), l.bound(bindGlobal)
	if s := l.interfaces(len(global) > 0); len(s.Rules) > 0 {
		rs.Stages = append(rs.Stages, s)
	}
	taken := []string{ruleset.Self}
	for _, b := range ins {
		s := l.stage(b, "in", true)
		s.In, s.Out = ruleset.Ifaces(b.labels...), forwarded
		if len(global) > 0 {
			s.Default = ruleset.Next
		}
		taken = append(taken, b.labels...)
		rs.Stages = append(rs.Stages, s)
	}
	for _, b := range global {
		s := l.stage(b, "global", true)
		s.In, s.Out = forwarded, forwarded
		rs.Stages = append(rs.Stages, s)
	}
	if len(global) == 0 && len(m.ifaces) > 0 {
		rs.Stages = append(rs.Stages, l.levels(taken))
	}
	if m.fragment {
		rs.Stages = append(rs.Stages, l.fragments(opt)...)
	}
	for _, b := range l.bound(bindOut) {
		s := l.stage(b, "out", false)
		s.In, s.Out = forwarded, ruleset.Ifaces(b.labels...)
		rs.Stages = append(rs.Stages, s)
	}
	return rs, l.problems
}

// fragments are the lists of a section that isn't on a device yet, each for the
// interface that it is named for.
func (l *lowering) fragments(opt targets.ParseOptions) []ruleset.Stage {
	prefix := opt.Prefix
	if prefix == "" {
		prefix = targets.DefaultPrefix
	}
	labels := map[string]string{}
	for _, i := range opt.Interfaces {
		for _, d := range i.Devices {
			labels[listName(prefix, d, false)] = i.Label
		}
	}
	var out []ruleset.Stage
	for _, a := range l.m.acls {
		if _, _, ours, _ := l.m.section(a); !ours {
			continue
		}
		label, ok := labels[a.name]
		if !ok {
			label = strings.TrimSuffix(strings.TrimPrefix(a.name, prefix), listSuffix)
		}
		s := l.stage(boundList{acl: a, name: a.name, num: a.num, labels: []string{label}}, "in", true)
		s.In, s.Out, s.Default = ruleset.Ifaces(label), forwarded, ruleset.Next
		out = append(out, s)
	}
	return out
}

func (l *lowering) problem(num int, text, why string) {
	if len(l.problems) < maxProblems {
		l.problems = append(l.problems, targets.Problem{Line: num, Text: shortText(text), Why: why})
	}
}

// label gives each nameif its label. A label that would stand for two
// interfaces of the text stands for none of them.
func (l *lowering) label(declared []targets.Interface) {
	of := map[string]string{}
	for _, i := range declared {
		for _, d := range i.Devices {
			of[d] = i.Label
		}
	}
	l.labels = map[string]string{}
	by := map[string]string{}
	add := func(nameif string, num int) {
		if _, done := l.labels[nameif]; done || nameif == "" {
			return
		}
		label, ok := of[nameif]
		if !ok {
			label = nameif
		}
		if first, twice := by[label]; twice {
			l.problem(num, nameif, "the label "+label+" of the policy stands for the interfaces "+first+" and "+nameif+" of this device; give each a label of its own")
			label = nameif + "@" + label
		}
		by[label] = nameif
		l.labels[nameif] = label
	}
	for _, i := range l.m.ifaces {
		add(i.nameif, i.num)
	}
	for _, b := range l.m.bindings {
		add(b.iface, b.num)
	}
}

// A boundList is an access list and the interfaces that it is bound to.
type boundList struct {
	acl    *acl
	name   string
	num    int
	labels []string
}

// bound returns the lists that are bound in a way, in the order of the text.
func (l *lowering) bound(k bindKind) []boundList {
	var out []boundList
	at := map[string]int{}
	for _, b := range l.m.bindings {
		if b.kind != k {
			continue
		}
		i, ok := at[b.acl]
		if !ok {
			i = len(out)
			at[b.acl] = i
			out = append(out, boundList{acl: l.m.aclIndex[b.acl], name: b.acl, num: b.num})
		}
		if b.iface != "" {
			out[i].labels = append(out[i].labels, l.labels[b.iface])
		}
	}
	return out
}

// stage is a bound list. Idle timeouts are given where a packet enters.
func (l *lowering) stage(b boundList, way string, idle bool) ruleset.Stage {
	s := ruleset.Stage{Name: "access-list " + b.name + " " + way, Default: ruleset.Deny}
	if b.acl == nil || b.acl.kind != "extended" {
		l.problem(b.num, "access-group "+b.name, "the access list that is bound isn't in the text, or isn't an extended one; what it does isn't known")
		r := ruleset.Rule{Src: ruleset.AnyAddr(), Dst: ruleset.AnyAddr(), Service: ruleset.AnyService(), Action: ruleset.Permit, Line: b.num}
		r.Opaque = &ruleset.Opaque{ID: "access-list " + b.name, Why: "the access list isn't in the text"}
		s.Rules = append(s.Rules, r)
		return s
	}
	s.Rules = l.rules(b.acl)
	if idle && l.idle.any() {
		in := ruleset.IfaceSet{}
		if len(b.labels) > 0 {
			in = ruleset.Ifaces(b.labels...)
		}
		s.Rules = l.idle.split(s.Rules, in)
	}
	return s
}

// rules are the entries of a list.
func (l *lowering) rules(a *acl) []ruleset.Rule {
	out := make([]ruleset.Rule, 0, len(a.lines))
	pool := l.m.pool
	reason := ""
	for i, x := range a.lines {
		if x.remark {
			if reason = pool.texts.list[x.x]; reason == beginRemark || reason == endRemark {
				reason = ""
			}
			continue
		}
		t := &pool.tails.list[x.x]
		if !t.inactive {
			r := ruleset.Rule{
				Action: ruleset.Deny, Line: int(x.num), Name: a.name + " line " + strconv.Itoa(i+1),
				SrcGroup: pool.addrs.list[x.src].groupName(), DstGroup: pool.addrs.list[x.dst].groupName(),
				ServiceGroup: serviceName(pool.protos.list[x.proto], pool.ports.list[x.dport]),
				Reason:       oneLine(reason),
			}
			if x.permit {
				r.Action = ruleset.Permit
			}
			r.Log = t.log.kind == logPlain || t.log.kind == logLevel
			out = l.entry(out, r, x, t)
		}
		reason = ""
	}
	return out
}

// oneLine is a remark without what isn't text.
func oneLine(s string) string {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return shortText(s)
		}
	}
	return s
}

func (o operand) groupName() string {
	if o.kind == objectAddr || o.kind == groupAddr {
		return o.name
	}
	return ""
}

func serviceName(p protoSpec, dst portSpec) string {
	if p.name != "" {
		return p.name
	}
	return dst.name
}

// groups are all named network objects and groups.
func (l *lowering) groups() []ruleset.Group {
	var out []ruleset.Group
	for _, o := range l.m.objects {
		k := objectAddr
		switch o.kind {
		case networkGroup:
			k = groupAddr
		case networkObject:
		default:
			continue
		}
		g := l.sets.group(wordOperand(k, o.name), 0)
		out = append(out, ruleset.Group{Name: o.name, Members: slices.Clip(g.members), Set: g.set.known, Reason: oneLine(o.description)})
	}
	return out
}

// configInterfaces are the interfaces with what is behind them.
func (m *model) configInterfaces(opt targets.ParseOptions) []targets.ConfigInterface {
	l := &lowering{m: m}
	l.label(opt.Interfaces)
	at := map[string]int{}
	var out []targets.ConfigInterface
	for _, i := range m.ifaces {
		c := targets.ConfigInterface{Label: l.labels[i.nameif], Line: i.num}
		for _, p := range i.prefixes {
			c.Networks = append(c.Networks, p.Masked())
		}
		at[i.nameif] = len(out)
		out = append(out, c)
	}
	for _, r := range m.routes {
		if i, ok := at[r.iface]; ok {
			out[i].Networks = append(out[i].Networks, r.prefix)
		}
	}
	return out
}
