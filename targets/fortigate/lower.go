package fortigate

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
)

// lowered is what a model means in the words of all targets.
type lowered struct {
	rules      ruleset.RuleSet
	interfaces []targets.ConfigInterface
	nat        []targets.NATRule
	problems   []targets.Problem
	// policy is the index of the policy of each rule, -1 for rules that come
	// from elsewhere.
	policy []int
}

// lowering turns a model into a rule set of one stage: what tables beside the
// policies may decide, the policies in order, traffic inside of zones, and the
// implicit deny.
type lowering struct {
	m        *model
	opt      targets.ParseOptions
	labels   map[string]string
	ports    map[string]portPlace
	zones    map[string]*zone
	objects  *objects
	services *services
	known    map[string]bool // groups of the rule set, by name
	never    map[string]bool // schedules that never are
	periods  map[string]string
	out      lowered
	rules    []ruleset.Rule
	current  int // the policy that rules are made of, -1 for none
	sides    map[string]ruleset.IfaceSet
	reported map[string]bool
}

// portPlace is where an interface belongs.
type portPlace struct{ zone *zone }

func lower(m *model, opt targets.ParseOptions) lowered {
	l := &lowering{
		m: m, opt: opt, labels: map[string]string{}, ports: map[string]portPlace{}, zones: map[string]*zone{},
		known: map[string]bool{}, never: map[string]bool{}, periods: map[string]string{}, sides: map[string]ruleset.IfaceSet{},
		reported: map[string]bool{},
	}
	for _, i := range opt.Interfaces {
		for _, d := range i.Devices {
			if l.labels[d] == "" {
				l.labels[d] = i.Label
			}
		}
	}
	for i := range m.zones {
		z := &m.zones[i]
		l.zones[z.name] = z
		for _, name := range z.members {
			l.ports[name] = portPlace{z}
		}
	}
	l.objects, l.services = newObjects(m, l.problem), newServices(m, l.problem)
	l.readSchedules()
	l.listGroups()
	l.rules = make([]ruleset.Rule, 0, len(m.policies)+4)
	l.current = -1
	l.beside()
	for l.current = range m.policies {
		l.policy(&m.policies[l.current])
	}
	l.current = -1
	l.intrazone()
	l.listInterfaces()
	l.listNAT()
	notSelf := ruleset.NotIfaces(ruleset.Self)
	stage := ruleset.Stage{Name: "forward", In: notSelf, Out: notSelf, Rules: l.rules, Default: ruleset.Deny}
	switch {
	case m.section:
		stage.Default = ruleset.Next
	case m.settings.implicitLog:
		stage.Effects.Log = true
	}
	l.out.rules.Stages = []ruleset.Stage{stage}
	l.out.rules.Behind = opt.Behind
	return l.out
}

// add adds a rule at the end.
func (l *lowering) add(r ruleset.Rule) {
	l.rules = append(l.rules, r)
	l.out.policy = append(l.out.policy, l.current)
}

func (l *lowering) problem(line int, text, why string) {
	if len(l.out.problems) < maxProblems {
		l.out.problems = append(l.out.problems, targets.Problem{Line: line, Text: clip(text), Why: why})
	}
}

// once reports a name that is met often.
func (l *lowering) once(line int, text, why string) {
	if key := text + "\x00" + why; !l.reported[key] {
		l.reported[key] = true
		l.problem(line, text, why)
	}
}

// label is what the policy calls an interface or zone of the device.
func (l *lowering) label(device string) string {
	if label := l.labels[device]; label != "" {
		return label
	}
	return device
}

// side is the interfaces that a policy names. A zone is its own label and those
// of its members that the caller knows by a label.
func (l *lowering) side(names []string) ruleset.IfaceSet {
	if slices.Contains(names, "any") {
		return ruleset.IfaceSet{}
	}
	key := strings.Join(names, "\x00")
	if s, ok := l.sides[key]; ok {
		return s
	}
	var labels []string
	for _, name := range names {
		labels = append(labels, l.label(name))
		if z := l.zones[name]; z != nil {
			for _, member := range z.members {
				if label := l.labels[member]; label != "" {
					labels = append(labels, label)
				}
			}
		}
	}
	s := ruleset.Ifaces(labels...)
	l.sides[key] = s
	return s
}

// beside are tables that decide before the policies, as opaque rules.
func (l *lowering) beside() {
	for i := range l.m.odd {
		o := &l.m.odd[i]
		if o.off {
			continue
		}
		r := ruleset.Rule{
			In: l.side(o.in), Src: family(o.v6), Dst: family(o.v6), Service: ruleset.AnyService(), Action: ruleset.Deny,
			Name: o.table + " " + o.name, Line: o.line,
		}
		if len(o.in) == 0 {
			r.In = ruleset.IfaceSet{}
		}
		if o.permits {
			r.Src, r.Dst = ruleset.AnyAddr(), ruleset.AnyAddr()
		}
		why := "firewall " + o.table + " isn't modelled"
		r.Opaque = &ruleset.Opaque{ID: "firewall " + o.table + " " + o.name, Why: why}
		l.add(r)
		if o.permits {
			r.Action, r.Opaque = ruleset.Permit, &ruleset.Opaque{ID: r.Opaque.ID + " permits", Why: why}
			l.add(r)
		}
	}
	l.doubtful("ngfw-mode", "the NGFW mode policy-based isn't modelled", l.m.settings.policyBased)
	l.doubtful("opmode", "transparent mode isn't modelled", l.m.settings.transparent)
	l.redirected()
	l.translated()
}

// doubtful says that every packet may be permitted or denied.
func (l *lowering) doubtful(name, why string, holds bool) {
	if !holds {
		return
	}
	for _, action := range [...]ruleset.Action{ruleset.Deny, ruleset.Permit} {
		l.add(ruleset.Rule{
			Src: ruleset.AnyAddr(), Dst: ruleset.AnyAddr(), Service: ruleset.AnyService(), Action: action, Name: name,
			Opaque: &ruleset.Opaque{ID: name + " " + action.String(), Why: why},
		})
	}
}

// redirected: with allow-traffic-redirect, the default, a packet that leaves by
// the interface that it came in by isn't asked for. Whether a packet does that
// depends on routes, so it is said only where a policy is for such packets.
func (l *lowering) redirected() {
	here := map[string]bool{}
	for i := range l.m.interfaces {
		here[l.m.interfaces[i].name] = true
	}
	var labels []string
	for i := range l.m.policies {
		p := &l.m.policies[i]
		for _, name := range p.srcIntf {
			if !p.disabled && here[name] && name != "any" && slices.Contains(p.dstIntf, name) {
				labels = append(labels, l.label(name))
			}
		}
	}
	slices.Sort(labels)
	var src ruleset.AddrSet
	if !l.m.settings.noRedirect {
		src = src.Union(ruleset.Any4())
	}
	if !l.m.settings.noRedirect6 {
		src = src.Union(ruleset.Any6())
	}
	if src.IsEmpty() {
		return
	}
	for _, label := range slices.Compact(labels) {
		same := ruleset.Ifaces(label)
		l.add(ruleset.Rule{
			In: same, Out: same, Src: src, Dst: src, Service: ruleset.AnyService(), Action: ruleset.Permit, Name: "allow-traffic-redirect",
			Opaque: &ruleset.Opaque{ID: "allow-traffic-redirect " + label, Why: "packets that leave by the interface that they came in by may pass without a policy"},
		})
	}
}

// translated: the destination of a packet to a virtual address is changed before
// policies are asked, so what they say about the address doesn't hold.
func (l *lowering) translated() {
	for i := range l.m.nat {
		n := &l.m.nat[i]
		if !isVirtual(n.table) || n.off {
			continue
		}
		outer := ruleset.NewAddrSet(n.outer...)
		if outer.Equal(ruleset.NewAddrSet(ruleset.Range{From: netip.IPv4Unspecified(), To: netip.IPv4Unspecified()})) {
			outer = ruleset.Any4() // 0.0.0.0 takes the address of the interface
		}
		if outer.IsEmpty() {
			outer = ruleset.AnyAddr()
		}
		for _, action := range [...]ruleset.Action{ruleset.Deny, ruleset.Permit} {
			l.add(ruleset.Rule{
				Src: ruleset.AnyAddr(), Dst: outer, Service: ruleset.AnyService(), Action: action, Name: n.table + " " + n.name, Line: n.line,
				Opaque: &ruleset.Opaque{
					ID:  "virtual address " + n.name + " " + action.String() + " " + fieldsText(n.fields),
					Why: "the destination is a virtual address (" + n.name + "), which is translated before policies are asked",
				},
			})
		}
	}
}

func isVirtual(table string) bool {
	return table == "vip" || table == "vip6" || table == "vip46" || table == "vip64"
}

// intrazone permits what goes on inside of zones. Policies are asked first.
func (l *lowering) intrazone() {
	for i := range l.m.zones {
		z := &l.m.zones[i]
		if !z.intrazone {
			continue
		}
		side := l.side([]string{z.name})
		r := ruleset.Rule{
			In: side, Out: side, Src: ruleset.AnyAddr(), Dst: ruleset.AnyAddr(), Service: ruleset.AnyService(), Action: ruleset.Permit,
			Name: "intrazone " + z.name, Line: z.line,
		}
		if len(z.members) < 2 && !l.m.header.since(7, 4, 4) {
			if l.m.header.major != 0 {
				continue
			}
			r.Opaque = &ruleset.Opaque{
				ID:  "intrazone of one interface " + z.name,
				Why: "before FortiOS 7.4.4 a zone of one interface permits nothing inside of it, and the text doesn't say the version",
			}
		}
		l.add(r)
	}
}

// since says whether the version is at least this one.
func (h header) since(major, minor, patch int) bool {
	if h.major != major {
		return h.major > major
	}
	if h.minor != minor {
		return h.minor > minor
	}
	return h.patch >= patch
}

// listInterfaces are the interfaces that policies can name: zones, and
// interfaces that are in none.
func (l *lowering) listInterfaces() {
	networks := map[string][]netip.Prefix{}
	for _, f := range l.m.interfaces {
		networks[f.name] = append(networks[f.name], f.networks...)
	}
	for _, r := range l.m.routes {
		if !r.off && r.device != "" {
			networks[r.device] = append(networks[r.device], r.to)
		}
	}
	add := func(label string, line int, names ...string) {
		var all []netip.Prefix
		for _, n := range names {
			all = append(all, networks[n]...)
		}
		i := slices.IndexFunc(l.out.interfaces, func(c targets.ConfigInterface) bool { return c.Label == label })
		if i < 0 || len(l.out.interfaces) > maxListed {
			l.out.interfaces = append(l.out.interfaces, targets.ConfigInterface{Label: label, Networks: all, Line: line})
			return
		}
		l.out.interfaces[i].Networks = append(l.out.interfaces[i].Networks, all...)
	}
	for _, f := range l.m.interfaces {
		if l.ports[f.name].zone == nil {
			add(l.label(f.name), f.line, f.name)
		}
	}
	for _, z := range l.m.zones {
		add(l.label(z.name), z.line, append(slices.Clone(z.members), z.name)...)
	}
	slices.SortStableFunc(l.out.interfaces, func(a, b targets.ConfigInterface) int { return a.Line - b.Line })
}

// maxListed bounds how many interfaces are compared by name with each other; no
// FortiGate has that many.
const maxListed = 20000

// listGroups makes a group of each address and address group: what is written
// out of it. The objects of both families that have one name are one group.
func (l *lowering) listGroups() {
	at := make(map[string]int, len(l.m.addresses)+len(l.m.groups))
	groups := make([]ruleset.Group, 0, len(l.m.addresses)+len(l.m.groups))
	add := func(name, reason string, members []ruleset.Member) {
		i, ok := at[name]
		if !ok {
			at[name] = len(groups)
			groups = append(groups, ruleset.Group{Name: name, Members: members, Reason: reason})
			return
		}
		groups[i].Members = append(slices.Clip(groups[i].Members), members...)
	}
	for i := range l.m.addresses {
		a := &l.m.addresses[i]
		add(a.name, a.comment, membersOf(a.name, l.objects.find(a.name, a.v6).lo))
	}
	f := flattener{o: l.objects, known: map[objKey][]ruleset.Member{}, open: map[objKey]bool{}}
	for i := range l.m.groups {
		g := &l.m.groups[i]
		members := f.members(objKey{g.name, g.v6})
		if f.work > maxMembers {
			l.problem(g.line, "edit "+g.name, "groups in groups hold too many members to list them; policies with this group and those below are read all the same")
			break
		}
		add(g.name, g.comment, members)
	}
	for i := range groups {
		groups[i].Set = ruleset.MemberSet(groups[i].Members)
		l.known[groups[i].Name] = true
	}
	l.out.rules.Groups = groups
}

// maxMembers bounds the members that are listed for all groups.
const maxMembers = 2_000_000

func membersOf(name string, s ruleset.AddrSet) []ruleset.Member {
	ranges := s.Ranges()
	members := make([]ruleset.Member, len(ranges))
	for i, r := range ranges {
		members[i] = ruleset.Member{Range: r, Name: name}
	}
	return members
}

// flattener lists the members of groups in groups.
type flattener struct {
	o     *objects
	known map[objKey][]ruleset.Member
	open  map[objKey]bool
	work  int
}

func (f *flattener) members(k objKey) []ruleset.Member {
	if m, ok := f.known[k]; ok {
		return m
	}
	g := f.o.groups[k]
	if g == nil || g.exclude || f.open[k] || len(f.open) > maxNesting {
		return membersOf(k.name, f.o.find(k.name, k.v6).lo)
	}
	f.open[k] = true
	var out []ruleset.Member
	for _, name := range g.members {
		m := f.members(objKey{name, k.v6})
		if f.work += 1 + len(m); f.work > maxMembers {
			return nil
		}
		out = append(out, m...)
	}
	delete(f.open, k)
	f.known[k] = out
	return out
}

// listNAT are the entries that change addresses.
func (l *lowering) listNAT() {
	for i := range l.m.nat {
		n := &l.m.nat[i]
		if n.off || strings.HasPrefix(n.table, "vipgrp") || n.table == "ippool_grp" {
			continue
		}
		set := ruleset.NewAddrSet(n.outer...).Union(ruleset.NewAddrSet(n.inner...))
		for _, name := range n.names {
			set = set.Union(l.objects.find(name, false).hi)
			if n.v6 || l.objects.groups[objKey{name, true}] != nil || l.objects.addresses[objKey{name, true}] != nil {
				set = set.Union(l.objects.find(name, true).hi)
			}
		}
		if n.unclear || set.IsEmpty() {
			set = ruleset.AnyAddr()
		}
		l.out.nat = append(l.out.nat, targets.NATRule{Line: n.line, Text: clip("config firewall " + n.table + " / edit " + n.name), Addrs: set})
	}
	for i := range l.m.policies {
		p := &l.m.policies[i]
		if p.disabled || p.action == deny {
			continue
		}
		how := ""
		if p.nat {
			how = "nat"
		}
		for _, f := range p.others {
			if policyFields[f.name].kind == translating {
				how = f.name
			}
		}
		if how == "" {
			continue
		}
		ends, _ := l.ends(p)
		src := ends.hi
		if how != "nat" && how != "ippool" {
			src = ruleset.AnyAddr()
		}
		l.out.nat = append(l.out.nat, targets.NATRule{Line: p.line, Text: clip("policy " + p.label() + ": set " + how + " enable"), Addrs: src})
	}
	slices.SortStableFunc(l.out.nat, func(a, b targets.NATRule) int { return a.Line - b.Line })
}

// label is what people call a policy.
func (p *policy) label() string {
	if p.name != "" {
		return p.name
	}
	return strconv.FormatUint(uint64(p.id), 10)
}

// readSchedules finds out which schedules are always or never.
func (l *lowering) readSchedules() {
	l.never["none"] = true
	for i := range l.m.schedules {
		s := &l.m.schedules[i]
		delete(l.never, s.name)
		switch {
		case s.name == "always" && s.isFactory():
		case s.isNever():
			l.never[s.name] = true
		default:
			l.periods[s.name] = s.table + " " + fieldsText(s.fields)
		}
	}
}

// isFactory says whether a schedule of the factory is as it was.
func (s *schedule) isFactory() bool {
	switch s.name {
	case "always":
		day, _ := findField(s.fields, "day")
		return s.table == "recurring" && len(day) == 7 && s.wholeDays()
	case "none":
		return s.isNever()
	}
	return false
}

// isNever says whether a schedule has no days: none is what FortiOS takes where
// none is set.
func (s *schedule) isNever() bool {
	day, _ := findField(s.fields, "day")
	return s.table == "recurring" && (len(day) == 0 && s.name == "none" || slices.Equal(day, []string{"none"})) && s.wholeDays()
}

// wholeDays says that a schedule is from midnight to midnight.
func (s *schedule) wholeDays() bool {
	return !slices.ContainsFunc(s.fields, func(f field) bool { return f.name != "day" && !slices.Equal(f.values, []string{"00:00"}) })
}

// when returns what of a schedule isn't modelled; never says that it matches
// nothing.
func (l *lowering) when(p *policy) (unknown string, never bool) {
	switch name := p.schedule; {
	case l.never[name]:
		return "", true
	case l.periods[name] != "":
		return "schedule " + name + " (" + l.periods[name] + ")", false
	case name == "always":
		return "", false
	case name == "":
		l.once(p.line, "policy "+p.label(), "the policy has no schedule, which no device prints")
		return "schedule", false
	default:
		return "schedule " + name, false
	}
}

// idleOf is the idle timeout that a policy gives to TCP connections of a service.
func idleOf(service, policy ttl) time.Duration {
	if service != 0 {
		return service.idle()
	}
	return policy.idle()
}
