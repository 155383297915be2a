package fortigate

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
)

// maxPolicies leaves ids for policies that replace others.
const maxPolicies = (lastID - firstID + 1) / 2

// checkJob finds problems of the job as a whole.
func (l *layout) checkJob() {
	job := l.job
	if job.Self {
		l.problem(job.Firewall, "what a FortiGate itself receives is decided by its local-in policies, which nbfwc doesn't write; leave out self")
	}
	if job.DeviceGroup != "" {
		l.problem(job.DeviceGroup, "device groups are Panorama's; a FortiGate has none")
	}
	if job.Manage == targets.Exclusive && job.Anchor != "" {
		l.problem(job.Anchor, "an anchor is for a section; with manage = \"exclusive\" all policies are ours")
	}
	if job.Anchor != "" && job.Manage == targets.Section {
		if _, err := targets.ParseAnchor(job.Anchor); err != nil {
			l.problem(job.Anchor, "%v", err)
		}
	}
	if len(l.prefix) > maxPrefix || !isName(l.prefix+"x") {
		l.problem(job.Prefix, "a prefix of names has at most %d letters, digits, '_', '.' and '-' and begins with a letter or digit", maxPrefix)
	}
	l.checkOS()
	l.checkContext()
	l.checkInterfaces()
	l.checkUseObjects()
	for i := range job.Want.Groups {
		l.checkGroup(&job.Want.Groups[i])
	}
}

var releases = regexp.MustCompile(`^(\d{1,3})\.(\d{1,3})(\.\d{1,3})?$`)

// checkOS holds that one table has the policies of both families, which it has
// from 6.4, and what is written was looked up for 7.0 and later.
func (l *layout) checkOS() {
	if l.job.OS == "" {
		return
	}
	m := releases.FindStringSubmatch(l.job.OS)
	if m == nil {
		l.problem(l.job.OS, "%q is no release of FortiOS; write \"7.0\" or \"7.4.3\"", l.job.OS)
		return
	}
	if major, _ := strconv.Atoi(m[1]); major < 7 {
		l.problem(l.job.OS, "policies are written for FortiOS 7.0 and later")
	}
}

func (l *layout) checkContext() {
	name := l.job.Context
	if name == "" {
		return
	}
	for i := 0; i < len(name); i++ {
		switch c := name[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '_', c == '-' && i > 0:
		default:
			l.problem(name, "a VDOM's name has letters, digits, '_' and '-' only")
			return
		}
	}
	if len(name) > maxVDOM {
		l.problem(name, "a VDOM's name has at most %d characters", maxVDOM)
	}
	if strings.HasPrefix(name, "vsys_") {
		l.problem(name, "VDOMs whose names begin with vsys_ are FortiOS's own")
	}
}

func (l *layout) checkInterfaces() {
	seen, devices := map[string]bool{}, map[string]string{}
	for _, f := range l.job.Interfaces {
		switch {
		case f.Label == "" || f.Label == ruleset.Self:
			l.problem(f.Label, "an interface can't be called %q", f.Label)
			continue
		case seen[f.Label]:
			l.problem(f.Label, "two interfaces have this label")
		}
		seen[f.Label] = true
		for _, d := range l.devices[f.Label] {
			switch {
			case d == "any":
				l.problem(d, "\"any\" means all interfaces; name the zone or the interface")
			case !isForeignName(d):
				l.problem(d, "the name of a zone or an interface can't have quotes, parentheses or any of <>#?\\")
			case len(d) > maxZone:
				l.problem(d, "the name of a zone has at most %d characters and that of an interface 15; give the device's name with devices = [...]", maxZone)
			}
			if other, ok := devices[d]; ok {
				l.problem(d, "the device belongs to the interfaces %q and %q; a packet would match both", other, f.Label)
			}
			devices[d] = f.Label
		}
	}
}

func (l *layout) checkUseObjects() {
	for _, group := range sortedKeys(l.job.UseObjects) {
		name := l.job.UseObjects[group]
		if name == "" || len(name) > maxObject || !isForeignName(name) {
			l.problem(name, "the name of an address or group has at most %d characters and no quotes, parentheses or any of <>#?\\", maxObject)
		}
	}
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func (l *layout) checkName(name, what string) bool {
	switch {
	case name == "":
		l.problem("", "a %s has no name", what)
	case !strings.HasPrefix(name, l.prefix):
		l.problem(name, "the name of a %s begins with %q, by which it is told from those of others", what, l.prefix)
	case !isName(name):
		l.problem(name, "the name of a %s has letters, digits, blanks, '_', '.' and '-' only", what)
	default:
		return true
	}
	return false
}

func (l *layout) checkGroup(g *ruleset.Group) {
	l.checkName(g.Name, "group")
	var ranges []ruleset.Range
	for _, m := range g.Members {
		if !m.Range.IsValid() {
			l.problem(g.Name, "the member %s is no range of addresses", m.Range)
		}
		ranges = append(ranges, m.Range)
	}
	for _, part := range g.Parts {
		i, ok := l.groups[part]
		if !ok || len(l.job.Want.Groups[i].Parts) > 0 {
			l.problem(g.Name, "the part %q is no group that is spelled by its members", part)
			continue
		}
		ranges = append(ranges, l.job.Want.Groups[i].Set.Ranges()...)
	}
	if !ruleset.NewAddrSet(ranges...).Equal(g.Set) {
		l.problem(g.Name, "the group doesn't have the addresses of its members")
	}
}

// checkNames finds names that are the same on the device. Groups share a name
// space with addresses.
func (l *layout) checkNames() {
	seen := map[string]bool{}
	for i := range l.job.Want.Groups {
		name := identifier(l.job.Want.Groups[i].Name, maxObject)
		if seen[name] {
			l.problem(l.job.Want.Groups[i].Name, "two groups have this name, or are shortened to the same; rename one")
		}
		seen[name] = true
	}
	for i := range l.addresses {
		if name := l.addresses[i].name; seen[name] {
			l.problem(name, "a group is called like the address object of one of its members; rename it")
		}
	}
	clear(seen)
	for i := range l.policies {
		name := l.policies[i].name
		if seen[name] {
			l.problem(name, "two rules have this name, or are shortened to the same %d characters; rename one", maxPolicyName)
		}
		seen[name] = true
	}
	if len(l.policies) > maxPolicies {
		l.problem(l.job.Firewall, "%d rules need more ids than %d to %d; split the firewall's policy", len(l.policies), firstID, lastID)
	}
}

// checkStage says whether the rules of the stage can be looked at.
func (l *layout) checkStage(s *ruleset.Stage) bool {
	others := ruleset.NotIfaces(ruleset.Self)
	if s != &l.job.Want.Stages[0] || !s.In.Intersect(others).Equal(others) || !s.Out.Intersect(others).Equal(others) {
		l.problem(s.Name, "a FortiGate has one list of policies, for what it forwards between all interfaces")
		return false
	}
	switch {
	case s.Default == ruleset.Permit:
		l.problem(s.Name, "what no policy permits is denied; a default that permits has to be a rule")
	case s.Default == ruleset.Next && l.job.Manage == targets.Exclusive:
		l.problem(s.Name, "nothing else decides what an exclusive firewall leaves open; its default is to deny")
	}
	return true
}

// checkRule says whether the rule can be spelled.
func (l *layout) checkRule(r *ruleset.Rule) bool {
	before := len(l.problems)
	name := r.Name
	l.checkName(name, "rule")
	if r.Opaque != nil {
		l.problem(name, "the rule has a condition that is not modelled: %s", r.Opaque.Why)
	}
	if r.Action != ruleset.Permit && r.Action != ruleset.Deny && r.Action != ruleset.Reject {
		l.problem(name, "a rule permits, denies or rejects; %v is none of these", r.Action)
	}
	l.checkIfaces(name, r.In)
	l.checkIfaces(name, r.Out)
	l.checkSide(name, r.SrcGroup, r.Src)
	l.checkSide(name, r.DstGroup, r.Dst)
	if v4, v6 := families(r); !v4 && !v6 {
		l.problem(name, "no source has a destination of its own address family; leave the rule out")
	}
	if l.job.Manage == targets.Section && r.Action != ruleset.Permit && (wide(r.Src) || wide(r.Dst) || r.Service.IsAny()) {
		l.problem(name, "a section refuses only between named addresses and for named services; this rule would refuse traffic of others")
	}
	l.checkEffects(r)
	return len(l.problems) == before
}

func (l *layout) checkEffects(r *ruleset.Rule) {
	name := r.Name
	if p := r.Profile; p != "" && (len(p) > maxProfile || !isForeignName(p)) {
		l.problem(name, "the name of a profile group has at most %d characters and no quotes, parentheses or any of <>#?\\; %q is none", maxProfile, p)
	}
	timeout := l.idle(r)
	tcp := r.Service.Intersect(ruleset.Protocol(ruleset.TCP))
	switch {
	case r.Service.IsEmpty():
		l.problem(name, "the rule has no service")
		return
	case r.Action != ruleset.Permit || r.Idle == 0:
	case r.Idle < 0 || timeout > 0 && r.Idle < minIdle || timeout != never && r.Idle > maxIdle:
		l.problem(name, "an idle timeout of %v is outside what FortiOS takes, 5 minutes to 768 hours", r.Idle.Round(time.Second))
		return
	case tcp.IsEmpty():
		l.problem(name, "an idle timeout of %v for a service without TCP: timeouts are set for TCP connections only; leave it out", r.Idle)
	case r.Service.IsAny() && timeout != 0:
		l.problem(name, "an idle timeout for every protocol at once; name the TCP ports that need it")
		return
	}
	if _, bad := servicesOf(r.Service, timeout); bad != "" {
		l.problem(name, "%s: FortiOS has services for ports of tcp, udp and sctp, for ICMP types one by one, and for whole protocols from 1 to 254, and a rule has at most %d", bad, maxServices)
	}
}

func (l *layout) checkIfaces(name string, set ruleset.IfaceSet) {
	labels, except := set.Labels()
	if except {
		if slices.ContainsFunc(labels, func(s string) bool { return s != ruleset.Self }) {
			l.problem(name, "a policy has named interfaces or \"any\"; all but some can't be spelled")
		}
		return
	}
	if len(labels) == 0 {
		l.problem(name, "the rule has no interface")
	}
	for _, label := range labels {
		switch {
		case label == ruleset.Self:
			l.problem(name, "the rule is about the firewall itself, which is no endpoint here")
		case l.devices[label] == nil:
			l.problem(name, "no interface has the label %q", label)
		}
	}
}

func (l *layout) checkSide(name, group string, set ruleset.AddrSet) {
	if group == "" {
		return
	}
	i, ok := l.groups[group]
	switch {
	case !ok:
		l.problem(name, "there is no group %q", group)
	case !l.job.Want.Groups[i].Set.Equal(set):
		l.problem(name, "the group %q doesn't have the addresses of the rule", group)
	}
}

func wide(s ruleset.AddrSet) bool {
	return s.Intersect(ruleset.Any4()).Equal(ruleset.Any4()) || s.Intersect(ruleset.Any6()).Equal(ruleset.Any6())
}
