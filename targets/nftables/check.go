package nftables

import (
	"slices"
	"strings"
	"time"

	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
)

// maxIdle is the longest idle timeout: the kernel counts ticks, up to a
// thousand a second, in 31 bits.
const maxIdle = 24 * 24 * time.Hour

// Check returns what of a job can't be expressed. Render returns an error for
// the same jobs.
func Check(job targets.Job) []targets.Problem { return newLayout(&job).problems }

// checkJob finds problems of the job as a whole.
func (l *layout) checkJob() {
	job := l.job
	if job.Context != "" {
		l.problem(job.Context, "nftables has no contexts; describe each network namespace as a firewall of its own")
	}
	if job.Manage == targets.Section {
		l.checkSection()
	} else {
		if job.Anchor != "" {
			l.problem(job.Anchor, "an anchor is for a section; with manage = \"exclusive\" the rules stand in a table of their own")
		}
		if job.Self && job.ManagementFrom.IsEmpty() {
			l.problem(job.Firewall, "the firewall's own traffic would be filtered and nothing says from where it is managed, so it could lock everybody out; declare management { from = [...] }")
		}
	}
	l.checkInterfaces()
	for i := range job.Want.Groups {
		l.checkGroup(&job.Want.Groups[i])
		l.families[i] = familiesOf(&job.Want.Groups[i])
	}
}

func (l *layout) checkSection() {
	a, err := parseAnchor(l.job.Anchor)
	if err != nil {
		l.problem(l.job.Anchor, "%v", err)
		return
	}
	l.anchor = a
	if l.job.Self && (a.chains[input] == "" || a.chains[output] == "") {
		l.problem(l.job.Anchor, "flows of the firewall itself need its input and output chains in the anchor: \"%s %s forward input output\"", a.family, a.table)
	}
	if !l.job.Self && a.chains[forward] == "" {
		l.problem(l.job.Anchor, "a section without forward chain filters nothing")
	}
}

func (l *layout) checkInterfaces() {
	labels, devices := map[string]bool{}, map[string]string{}
	for _, f := range l.job.Interfaces {
		switch {
		case f.Label == "" || f.Label == ruleset.Self:
			l.problem(f.Label, "an interface can't be called %q", f.Label)
		case labels[f.Label]:
			l.problem(f.Label, "two interfaces have this label")
		case len(f.Devices) == 0:
			l.problem(f.Label, "the interface has no device")
		}
		labels[f.Label] = true
		for _, d := range f.Devices {
			l.checkDevice(d)
			if other, ok := devices[d]; ok {
				l.problem(d, "the device belongs to the interfaces %q and %q; a packet would match both", other, f.Label)
			}
			devices[d] = f.Label
		}
	}
}

// checkDevice holds the kernel's rule for names (dev_valid_name) and nft's: no
// quotes, since there are no escapes, and no '*', which would be a pattern.
func (l *layout) checkDevice(d string) {
	switch {
	case d == "" || d == "." || d == "..":
		l.problem(d, "no device of Linux can have this name")
	case d == "lo":
		l.problem(d, "the loopback device belongs to no zone: what the firewall says to itself always passes")
	case len(d) > maxDevice:
		l.problem(d, "device names of Linux have at most %d bytes; give the name with devices = [...]", maxDevice)
	case strings.Contains(d, "*"):
		l.problem(d, "a pattern could match devices that belong to no zone; name each device")
	}
	for i := 0; i < len(d); i++ {
		if c := d[i]; c <= ' ' || c >= 0x7f || strings.IndexByte(`"\/:$`, c) >= 0 {
			l.problem(d, "the character %q can't stand in a device name", c)
			break
		}
	}
}

func (l *layout) checkGroup(g *ruleset.Group) {
	if g.Name == "" {
		l.problem("", "a group has no name")
	}
	for i := range g.Members {
		r := &g.Members[i].Range
		if !r.IsValid() {
			l.problem(g.Name, "the member %s is no range of addresses", r)
		}
	}
}

func (l *layout) checkRules() {
	names := make(map[string]bool, len(l.job.Want.Groups))
	for i := range l.job.Want.Groups {
		g := l.job.Want.Groups[i].Name
		if id := groupIdentifier(g); names[id] {
			l.problem(g, "two groups have this name, or are shortened to the same; rename one")
		} else {
			names[id] = true
		}
	}
	for i := range l.job.Want.Stages {
		s := &l.job.Want.Stages[i]
		l.checkIfaces(s.Name, s.In, s.Out)
		l.checkEffects(s.Name, s.Effects)
		if l.job.Manage == targets.Section && s.Default == ruleset.Permit {
			l.problem(s.Name, "a section can't permit everything else: the user's chain decides what is not ours")
		}
		parts := make([][]part, len(s.Rules))
		for j := range s.Rules {
			parts[j] = l.checkRule(&s.Rules[j])
		}
		l.parts = append(l.parts, parts)
	}
}

func (l *layout) checkIfaces(name string, sets ...ruleset.IfaceSet) {
	for _, s := range sets {
		labels, except := s.Labels()
		for _, label := range labels {
			if _, ok := l.labels[label]; ok {
				continue
			}
			if label != ruleset.Self {
				l.problem(name, "no interface has the label %q", label)
			} else if !l.job.Self && !except {
				l.problem(name, "the rule is about the firewall itself, which is no endpoint here")
			}
		}
	}
}

func (l *layout) checkEffects(name string, e ruleset.Effects) {
	if e.Profile != "" {
		l.problem(name, "nftables has no profiles; %q means nothing to it", e.Profile)
	}
	if e.Idle < 0 || e.Idle > maxIdle {
		l.problem(name, "an idle timeout of %v is outside what the kernel can count, at most %v", e.Idle, maxIdle)
	}
}

// checkRule returns the parts of the rule's service.
func (l *layout) checkRule(r *ruleset.Rule) []part {
	name := r.Name
	if name == "" {
		name = r.Reason
	}
	if r.Opaque != nil {
		l.problem(name, "the rule has a condition that is not modelled: %s", r.Opaque.Why)
	}
	if r.Action != ruleset.Permit && r.Action != ruleset.Deny && r.Action != ruleset.Reject {
		l.problem(name, "a rule permits, denies or rejects; %v is none of these", r.Action)
	}
	l.checkIfaces(name, r.In, r.Out)
	l.checkEffects(name, r.Effects)
	l.checkSide(name, r.SrcGroup, r.Src)
	l.checkSide(name, r.DstGroup, r.Dst)
	if l.job.Manage == targets.Section {
		l.checkForeign(name, r)
	}
	parts, bad := partsOf(r.Service)
	if bad != "" {
		l.problem(name, "%s: only tcp, udp, udplite, dccp and sctp have ports", bad)
	}
	if r.Action == ruleset.Permit && r.Idle != 0 && !slices.ContainsFunc(parts, hasTCP) {
		l.problem(name, "an idle timeout of %v for a service without TCP: timeouts are set for TCP connections only; leave it out", r.Idle)
	}
	l.checkFamilies(name, r, parts)
	return parts
}

func hasTCP(p part) bool {
	_, ok := p.tcp()
	return ok
}

// checkFamilies finds rules that would become nothing: no source talks to a
// destination of its family, or ICMP is named for the family that isn't its own.
// Of a rule for both families each ICMP counts in its own.
func (l *layout) checkFamilies(name string, r *ruleset.Rule, parts []part) {
	if !slices.ContainsFunc(parts, func(p part) bool { return p.family() != 0 }) {
		return
	}
	v4 := families(r.Src.Intersect(ruleset.Any4()), r.Dst.Intersect(ruleset.Any4()))
	v6 := families(r.Src.Intersect(ruleset.Any6()), r.Dst.Intersect(ruleset.Any6()))
	for i := range parts {
		switch f := parts[i].family(); {
		case f == 4 && !v4 && v6:
			l.problem(name, "ICMP types for IPv6 addresses: ICMP is IPv4's, give those of icmpv6")
		case f == 6 && !v6 && v4:
			l.problem(name, "ICMPv6 types for IPv4 addresses: ICMPv6 is IPv6's, give those of icmp")
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

// checkForeign holds the promise that a section decides only what is ours.
func (l *layout) checkForeign(name string, r *ruleset.Rule) {
	if r.Action != ruleset.Permit && (wide(r.Src) || wide(r.Dst) || r.Service.IsAny()) {
		l.problem(name, "a section refuses only between named addresses and for named services; this rule would refuse traffic of others")
	}
	v4, v6 := families(r.Src.Intersect(ruleset.Any4()), r.Dst.Intersect(ruleset.Any4())), families(r.Src.Intersect(ruleset.Any6()), r.Dst.Intersect(ruleset.Any6()))
	if l.anchor.family == "ip" && v6 {
		l.problem(name, "the anchor's table is of family ip and sees no IPv6; use a table of family inet")
	}
	if l.anchor.family == "ip6" && v4 {
		l.problem(name, "the anchor's table is of family ip6 and sees no IPv4; use a table of family inet")
	}
}

func wide(s ruleset.AddrSet) bool {
	return s.Intersect(ruleset.Any4()).Equal(ruleset.Any4()) || s.Intersect(ruleset.Any6()).Equal(ruleset.Any6())
}

func families(src, dst ruleset.AddrSet) bool { return !src.IsEmpty() && !dst.IsEmpty() }
