package fortigate

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
)

// ours are the entries that a job needs, as the device spells them. Policies
// have no ids yet, and no entry has an alternate name.
type ours struct {
	addresses []address
	groups    []addrGroup // a group of both families is two entries
	services  []service
	policies  []policy
}

// layout turns a job into entries. What can't be expressed is a problem.
type layout struct {
	job      *targets.Job
	prefix   string
	problems []targets.Problem
	devices  map[string][]string // what the device calls an interface, by label
	groups   map[string]int      // of job.Want, by name
	given    time.Duration       // what TCP connections have by themselves

	ours
	// Done already, by name: groups also by the name of the job.
	haveAddress map[addressKey]string
	haveGroup   map[string]bool
	haveService map[string]bool
}

// addressKey tells addresses apart: the families have tables of their own.
type addressKey struct{ ruleset.Range }

func newLayout(job *targets.Job) *layout {
	l := &layout{job: job, prefix: jobPrefix(job), given: job.Established,
		devices: map[string][]string{}, groups: map[string]int{},
		haveGroup: map[string]bool{}, haveService: map[string]bool{}}
	for _, f := range job.Interfaces {
		if l.devices[f.Label] = f.Devices; len(f.Devices) == 0 {
			l.devices[f.Label] = []string{f.Label}
		}
	}
	members := 0
	for i := range job.Want.Groups {
		l.groups[job.Want.Groups[i].Name] = i
		members += len(job.Want.Groups[i].Members)
	}
	l.addresses = make([]address, 0, members)
	l.haveAddress = make(map[addressKey]string, members)
	l.checkJob()
	for i := range job.Want.Stages {
		l.stage(&job.Want.Stages[i])
	}
	l.checkNames()
	return l
}

func (l *layout) problem(text, why string, args ...any) {
	l.problems = append(l.problems, targets.Problem{Text: text, Why: fmt.Sprintf(why, args...)})
}

func (l *layout) stage(s *ruleset.Stage) {
	if !l.checkStage(s) {
		return
	}
	for i := range s.Rules {
		if r := &s.Rules[i]; l.checkRule(r) {
			l.policies = append(l.policies, l.policy(r))
		}
	}
	if p, ok := l.closing(s); ok {
		l.policies = append(l.policies, p)
	}
}

// closingName is of the policy that logs or rejects what an exclusive firewall
// refuses. The implicit deny of the device does the rest.
func (l *layout) closingName() string { return identifier(l.prefix+"deny", maxPolicyName) }

func (l *layout) closing(s *ruleset.Stage) (p policy, ok bool) {
	log := s.Log || l.job.DenyLog
	if l.job.Manage != targets.Exclusive || !log && s.Default != ruleset.Reject {
		return policy{}, false
	}
	r := ruleset.Rule{Src: ruleset.AnyAddr(), Dst: ruleset.AnyAddr(), Service: ruleset.AnyService(), Action: s.Default,
		Effects: ruleset.Effects{Log: log}, Name: l.closingName(), Reason: "what the policy does not permit"}
	return l.policy(&r), true
}

// policy spells a rule that checkRule found nothing wrong with.
func (l *layout) policy(r *ruleset.Rule) policy {
	p := policy{
		name: identifier(r.Name, maxPolicyName), srcIntf: l.interfaces(r.In), dstIntf: l.interfaces(r.Out),
		schedule: "always", services: l.services(r), comments: comment(r.Reason, maxPolicyComment), log: logOf(r),
	}
	v4, v6 := families(r)
	if v4 {
		p.src, p.dst = l.side(r.SrcGroup, r.Src, false), l.side(r.DstGroup, r.Dst, false)
	}
	if v6 {
		p.src6, p.dst6 = l.side(r.SrcGroup, r.Src, true), l.side(r.DstGroup, r.Dst, true)
	}
	switch r.Action {
	case ruleset.Permit:
		p.action = accept
		if r.Profile != "" {
			p.utm = true
			p.others = []field{{name: "profile-type", values: []string{"group"}}, {name: "profile-group", values: []string{r.Profile}}}
		}
	case ruleset.Reject:
		p.sendDeny = true
	}
	return p
}

// logOf says what is logged. A policy that accepts and isn't logged keeps the
// default, so that what its profiles find is.
func logOf(r *ruleset.Rule) logMode {
	switch {
	case r.Log:
		return logAll
	case r.Action == ruleset.Permit:
		return logUTM
	}
	return logNone
}

// families says for which families a rule has a source and a destination.
func families(r *ruleset.Rule) (v4, v6 bool) {
	src4, src6 := familiesOf(r.Src)
	dst4, dst6 := familiesOf(r.Dst)
	return src4 && dst4, src6 && dst6
}

// familiesOf says which families a set has addresses of.
func familiesOf(s ruleset.AddrSet) (v4, v6 bool) {
	if s.IsEmpty() {
		return false, false
	}
	ranges := s.Ranges() // IPv4 first
	return ranges[0].From.Is4(), ranges[len(ranges)-1].From.Is6()
}

// interfaces are the device's words for a set that checkRule found nothing
// wrong with.
func (l *layout) interfaces(set ruleset.IfaceSet) []string {
	labels, except := set.Labels()
	if except {
		return []string{"any"}
	}
	var words []string
	for _, label := range labels {
		words = append(words, l.devices[label]...)
	}
	return words
}

// idle is the timeout of a rule's TCP services.
func (l *layout) idle(r *ruleset.Rule) ttl {
	if r.Action != ruleset.Permit {
		return 0
	}
	return serviceTTL(r.Idle, l.given)
}

func (l *layout) services(r *ruleset.Rule) []string {
	list, _ := servicesOf(r.Service, l.idle(r)) // checked
	names := make([]string, len(list))
	for i := range list {
		s := &list[i]
		s.name = l.prefix + s.name
		names[i] = s.name
		if !l.haveService[s.name] {
			l.haveService[s.name] = true
			l.ours.services = append(l.ours.services, *s)
		}
	}
	return names
}

// side spells one family of one side of a rule: by its group, or by addresses.
func (l *layout) side(group string, set ruleset.AddrSet, v6 bool) []string {
	if group != "" {
		return []string{l.group(group)}
	}
	family := ruleset.Any4()
	if v6 {
		family = ruleset.Any6()
	}
	set = set.Intersect(family)
	if set.Equal(family) {
		return []string{"all"}
	}
	var names []string
	for _, r := range set.Ranges() {
		names = append(names, l.address(r, ""))
	}
	return names
}

// group makes the entries of a group of the job and returns their name.
func (l *layout) group(name string) string {
	if used := l.job.UseObjects[name]; used != "" {
		return used
	}
	own := identifier(name, maxObject)
	if l.haveGroup[name] {
		return own
	}
	l.haveGroup[name] = true
	g := &l.job.Want.Groups[l.groups[name]]
	var members [2][]string // IPv4, IPv6
	add := func(family int, member string, seen map[string]bool) {
		if !seen[member] {
			seen[member] = true
			members[family] = append(members[family], member)
		}
	}
	for family, some := range []ruleset.AddrSet{ruleset.Any4(), ruleset.Any6()} {
		seen := map[string]bool{}
		for _, part := range g.Parts {
			if i, ok := l.groups[part]; ok && !l.job.Want.Groups[i].Set.Intersect(some).IsEmpty() {
				add(family, l.group(part), seen)
			}
		}
		if len(g.Parts) > 0 {
			continue
		}
		for i := range g.Members {
			if m := &g.Members[i]; isFamily(m.Range.From, family) {
				add(family, l.address(m.Range, m.Name), seen)
			}
		}
	}
	for family, list := range members {
		if len(list) > 0 {
			l.ours.groups = append(l.ours.groups, addrGroup{name: own, v6: family == 1, members: list, comment: comment(g.Reason, maxComment)})
		}
	}
	return own
}

func isFamily(a netip.Addr, family int) bool { return a.Is4() == (family == 0) }

// address makes the entry of a range and returns its name.
func (l *layout) address(r ruleset.Range, host string) string {
	key := addressKey{r}
	if name, ok := l.haveAddress[key]; ok {
		return name
	}
	a := newAddress(l.prefix, r, host)
	l.haveAddress[key] = a.name
	l.addresses = append(l.addresses, a)
	return a.name
}

func newAddress(prefix string, r ruleset.Range, host string) address {
	a := address{name: addressName(prefix, r), v6: r.From.Is6(), comment: comment(host, maxComment)}
	if p, ok := r.Prefix(); ok {
		a.prefix = p
	} else {
		a.kind, a.from, a.to = iprange, r.From, r.To
	}
	return a
}
