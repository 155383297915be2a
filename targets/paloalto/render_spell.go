package paloalto

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
)

// ours is what a job is on the device: all that is marked as ours.
type ours struct {
	addresses []address
	groups    []addressGroup
	services  []service
	rules     []rule
}

// speller makes ours of a job that was checked.
type speller struct {
	*layout
	written map[string]bool // groups that are made
	objects map[string]bool // names of addresses and groups
	used    map[string]bool // names of services
	taken   map[string]bool // names of rules
}

// spell fills l.own. That two objects of ours would have one name is a problem.
func (l *layout) spell() {
	s := speller{l, map[string]bool{}, map[string]bool{}, map[string]bool{}, map[string]bool{}}
	if l.list != nil {
		for i := range l.list.Rules {
			s.rule(&l.list.Rules[i])
		}
	}
	slices.SortStableFunc(l.own.services, func(a, b service) int {
		return cmp.Or(strings.Compare(a.protocol, b.protocol), firstPort(a.port)-firstPort(b.port), strings.Compare(a.name, b.name))
	})
	if l.job.Manage == targets.Exclusive {
		l.own.rules = append(l.own.rules, l.last())
	}
	for i := range l.own.groups {
		if g := &l.own.groups[i]; s.objects[g.name] {
			l.problem(g.name, "an address object of ours has the name of the group; rename the group")
		}
	}
}

func firstPort(ports string) int {
	first, _, _ := strings.Cut(ports, "-")
	n, _ := strconv.Atoi(first)
	return n
}

// last decides what no rule does, in place of the device's defaults.
func (l *layout) last() rule {
	r := newRule(l.job.Prefix+"default", 0)
	any := []string{"any"}
	r.from, r.to, r.source, r.destination, r.application, r.service = any, any, any, any, any, any
	r.action, r.logEnd = "drop", l.job.DenyLog
	if l.list != nil {
		r.logEnd = r.logEnd || l.list.Log
		if l.list.Default == ruleset.Permit {
			r.action, r.logEnd = "allow", l.list.Log
		}
	}
	r.tags, r.groupTag, r.description = marked, mark, "what no rule above decides"
	return r
}

// rule spells one rule of the job: one for TCP and UDP, one for echo requests. A
// rule that matches nothing is none.
func (s *speller) rule(want *ruleset.Rule) {
	in, out := want.In.Intersect(s.list.In), want.Out.Intersect(s.list.Out)
	box := want.Box()
	if box.IsEmpty() || in.IsEmpty() || out.IsEmpty() {
		return
	}
	r := newRule("", 0)
	r.from, r.to = s.zonesOf(in), s.zonesOf(out)
	r.ruleType = ruleType(r.from, r.to)
	r.source, r.destination = s.side(want.SrcGroup, want.Src), s.side(want.DstGroup, want.Dst)
	r.action = [...]string{ruleset.Permit: "allow", ruleset.Deny: "drop", ruleset.Reject: "reset-both"}[want.Action]
	r.logEnd = want.Log
	if want.Action == ruleset.Permit {
		group, log, _ := splitProfile(want.Profile)
		if r.logSetting = log; group != "" {
			r.profileGroup = []string{group}
		}
	}
	r.tags, r.groupTag, r.description = marked, mark, description(want.Reason, maxDescription)

	name := want.Name
	if name == "" {
		name = "rule " + want.Box().Service.String() + want.SrcGroup + want.DstGroup
	}
	services, applications, udp := s.services(want)
	if len(services) > 0 {
		main := r
		main.name = s.unique(name)
		main.application, main.service = []string{"any"}, services
		main.icmpUnreachable = udp && want.Action == ruleset.Reject
		s.own.rules = append(s.own.rules, main)
	}
	if len(applications) > 0 {
		if len(services) > 0 {
			name += "-ping"
		}
		r.name = s.unique(name)
		r.application, r.service = applications, []string{"application-default"}
		s.own.rules = append(s.own.rules, r)
	}
}

// unique is the name of a rule. Names of two rules that are the same are told
// apart by their number.
func (s *speller) unique(name string) string {
	own := ownName(s.job.Prefix, name)
	for n := 2; s.taken[own] || own == s.job.Prefix+"default"; n++ {
		own = ownName(s.job.Prefix, name+"-"+strconv.Itoa(n))
	}
	s.taken[own] = true
	return own
}

// ruleType is interzone where no packet within one zone can match, which says
// the same as universal and shows what is meant.
func ruleType(from, to []string) string {
	for _, z := range from {
		if z == "any" || to[0] == "any" || slices.Contains(to, z) {
			return "universal"
		}
	}
	return "interzone"
}

func (s *speller) zonesOf(set ruleset.IfaceSet) []string {
	if everywhere(set) {
		return []string{"any"}
	}
	var zones []string
	labels, _ := set.Labels()
	for _, label := range labels {
		zones = append(zones, s.zones[label]...)
	}
	return zones
}

// side is the source or destination of a rule, with the objects that it needs.
func (s *speller) side(group string, set ruleset.AddrSet) []string {
	if group != "" {
		return []string{s.group(group)}
	}
	if set.IsAny() {
		return []string{"any"}
	}
	var names []string
	for _, r := range set.Ranges() {
		names = append(names, s.address(ruleset.Member{Range: r}))
	}
	return names
}

// address makes the object of a member once and returns its name.
func (s *speller) address(m ruleset.Member) string {
	a := newAddress(s.job.Prefix, m)
	if !s.objects[a.name] {
		s.objects[a.name] = true
		s.own.addresses = append(s.own.addresses, a)
	}
	return a.name
}

// group makes a group once, with all that it consists of, and returns its name.
func (s *speller) group(label string) string {
	if object, ok := s.job.UseObjects[label]; ok {
		return object
	}
	name := ownName(s.job.Prefix, label)
	if s.written[name] {
		return name
	}
	s.written[name] = true
	g := &s.job.Want.Groups[s.groups[label]]
	have := map[string]bool{}
	var static []string
	add := func(n string) {
		if !have[n] {
			have[n] = true
			static = append(static, n)
		}
	}
	for _, part := range g.Parts {
		if !s.job.Want.Groups[s.groups[part]].Set.IsEmpty() {
			add(s.group(part))
		}
	}
	if len(g.Parts) == 0 {
		for _, m := range g.Members {
			add(s.address(m))
		}
	}
	e := entry{name: name, tags: marked, description: description("nbfwc "+g.Reason, maxDescription)}
	s.own.groups = append(s.own.groups, addressGroup{entry: e, static: static})
	return name
}

// services are the names of the services and applications that a rule's service
// is, with the objects that they need. udp says whether UDP is among them.
func (s *speller) services(r *ruleset.Rule) (services, applications []string, udp bool) {
	if r.Service.IsAny() {
		return []string{"any"}, nil, true
	}
	idle := s.idleSeconds(r)
	for _, b := range joined(r.Service.Boxes()) {
		switch kindOf(b) {
		case tcpBox:
			services = append(services, s.service(newService(s.job.Prefix, "tcp", b, idle)))
		case udpBox:
			udp = true
			services = append(services, s.service(newService(s.job.Prefix, "udp", b, 0)))
		case pingBox:
			applications = append(applications, "ping")
		case ping6Box:
			applications = append(applications, "ping6")
		}
	}
	return services, applications, udp
}

func (s *speller) service(v service) string {
	if !s.used[v.name] {
		s.used[v.name] = true
		s.own.services = append(s.own.services, v)
	}
	return v.name
}

// joined are boxes in which source ports side by side, for the same destination
// ports, are one range again. A set of services cuts them where another service
// begins.
func joined(boxes []ruleset.ServiceBox) []ruleset.ServiceBox {
	boxes = slices.Clone(boxes)
	slices.SortStableFunc(boxes, func(a, b ruleset.ServiceBox) int {
		return cmp.Or(cmp.Compare(a.ProtoFrom, b.ProtoFrom), cmp.Compare(a.Dst.From, b.Dst.From), cmp.Compare(a.Dst.To, b.Dst.To), cmp.Compare(a.Src.From, b.Src.From))
	})
	var out []ruleset.ServiceBox
	for _, b := range boxes {
		if n := len(out) - 1; n >= 0 {
			last := &out[n]
			if last.ProtoFrom == b.ProtoFrom && last.ProtoTo == b.ProtoTo && last.Dst == b.Dst && int(last.Src.To)+1 == int(b.Src.From) {
				last.Src.To = b.Src.To
				continue
			}
		}
		out = append(out, b)
	}
	return out
}

// boxKind is what PAN-OS calls a box of a service.
type boxKind uint8

const (
	otherBox boxKind = iota // nothing that is written
	tcpBox
	udpBox
	pingBox
	ping6Box
)

func kindOf(b ruleset.ServiceBox) boxKind {
	one := func(t uint16) bool {
		return b.Src == ruleset.PortRange{From: t, To: t} && b.Dst == ruleset.PortRange{}
	}
	switch {
	case b.ProtoFrom != b.ProtoTo:
		return otherBox
	case b.ProtoFrom == ruleset.TCP:
		return tcpBox
	case b.ProtoFrom == ruleset.UDP:
		return udpBox
	case b.ProtoFrom == ruleset.ICMP && one(8):
		return pingBox
	case b.ProtoFrom == ruleset.ICMPv6 && one(128):
		return ping6Box
	}
	return otherBox
}

// deviceIdle is the idle timeout that PAN-OS gives to TCP by itself, where the
// policy states no other.
const deviceIdle = 3600 * time.Second

// idleSeconds is the idle timeout that is written for the TCP services of a
// rule: none that isn't longer than what the device gives anyway.
func (l *layout) idleSeconds(r *ruleset.Rule) int {
	if r.Action != ruleset.Permit || r.Idle <= cmp.Or(l.job.Established, deviceIdle) {
		return 0
	}
	return int((r.Idle + time.Second - 1) / time.Second)
}
