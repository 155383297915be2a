package cisco_asa

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
)

// maxIdle is the longest idle timeout that "set connection timeout" takes.
const maxIdle = 1193 * time.Hour

// oldestMinor is the oldest supported release of ASA 9.
const oldestMinor = 12

// Check returns what of a job can't be expressed. Render returns an error for
// the same jobs.
func Check(job targets.Job) []targets.Problem { return newLayout(&job).problems }

// checkJob finds problems of the job as a whole.
func (l *layout) checkJob() {
	job := l.job
	if job.OS != "" && !supportedOS(job.OS) {
		l.problem(job.OS, "the target writes for ASA 9.%d and newer releases of ASA 9; give os as in \"9.16\", or leave it out", oldestMinor)
	}
	if job.Context != "" && !isContext(job.Context) {
		l.problem(job.Context, "a context is named by at most %d letters, digits and hyphens", maxContext)
	}
	if job.DeviceGroup != "" {
		l.problem(job.DeviceGroup, "device groups are Panorama's; leave device_group out")
	}
	if !isName(job.Prefix, maxPrefix) {
		l.problem(job.Prefix, "the prefix of our names is a letter and at most %d further letters, digits, '_', '.' or '-'", maxPrefix-1)
	}
	if job.Self {
		l.problem(job.Firewall, "access lists don't filter what is for the firewall itself; leave self out, and permit management on the device")
	}
	if job.Manage == targets.Exclusive && job.Anchor != "" {
		l.problem(job.Anchor, "an anchor is for a section; with manage = \"exclusive\" the whole access list is ours")
	}
	if job.Manage == targets.Section && job.Anchor != "" {
		if _, err := targets.ParseAnchor(job.Anchor); err != nil {
			l.problem(job.Anchor, "%v", err)
		} else if !isLineText(job.Anchor) {
			l.problem(job.Anchor, "an anchor names a remark of the access list, which is printable ASCII without '?'")
		}
	}
	l.checkInterfaces()
	l.checkGroups()
}

// supportedOS says whether a version is one that Render writes for: "9.16" or
// "9.16(4)".
func supportedOS(os string) bool {
	rest, ok := strings.CutPrefix(os, "9.")
	if !ok {
		return false
	}
	minor, tail, _ := strings.Cut(rest, "(")
	n, err := strconv.ParseUint(minor, 10, 16)
	return err == nil && n >= oldestMinor && strings.Trim(tail, "0123456789.)") == ""
}

func isContext(name string) bool {
	for i := 0; i < len(name); i++ {
		if c := name[i]; !isNameByte(c) || c == '_' || c == '.' {
			return false
		}
	}
	return len(name) <= maxContext
}

// isLineText says whether s can stand in a remark as it is.
func isLineText(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < ' ' || s[i] > '~' || s[i] == '?' {
			return false
		}
	}
	return true
}

func (l *layout) checkInterfaces() {
	labels, nameifs, lists := map[string]bool{}, map[string]string{}, map[string]string{}
	for _, f := range l.job.Interfaces {
		switch {
		case f.Label == "" || f.Label == ruleset.Self:
			l.problem(f.Label, "an interface can't be called %q", f.Label)
		case labels[f.Label]:
			l.problem(f.Label, "two interfaces have this label")
		case len(f.Devices) > 1:
			l.problem(f.Label, "an access list is bound to one interface: give each nameif an interface of its own")
		}
		labels[f.Label] = true
		nameif := nameifOf(f)
		if !isWord(nameif) || len(nameif) > maxNameif {
			l.problem(nameif, "a nameif is at most %d printable characters without blanks and '?'; give it with devices = [...]", maxNameif)
		}
		if other, ok := nameifs[nameif]; ok {
			l.problem(nameif, "the nameif belongs to the interfaces %q and %q; a packet would enter both", other, f.Label)
			continue
		}
		nameifs[nameif] = f.Label
		name := listName(l.job.Prefix, nameif, false)
		if other, ok := lists[name]; ok {
			l.problem(nameif, "its access list would have the same name as that of %q; rename one", other)
		}
		lists[name] = nameif
	}
}

// nameifOf is what the device calls an interface.
func nameifOf(f targets.Interface) string {
	if len(f.Devices) > 0 {
		return f.Devices[0]
	}
	return f.Label
}

func (l *layout) checkGroups() {
	for i := range l.job.Want.Groups {
		g := &l.job.Want.Groups[i]
		if _, ok := l.groups[g.Name]; ok {
			l.problem(g.Name, "two groups have this name; rename one")
		}
		l.groups[g.Name] = i
		if !isName(g.Name, maxObject) || !strings.HasPrefix(g.Name, l.job.Prefix) || hasOurSuffix(g.Name) {
			l.problem(g.Name, "a group is named by the prefix %q and letters, digits, '_' and '-', at most %d in all", l.job.Prefix, maxObject)
		}
		for _, m := range g.Members {
			if !m.Range.IsValid() {
				l.problem(g.Name, "the member %s is no range of addresses", m.Range)
			}
		}
	}
	for _, name := range sortedKeys(l.job.UseObjects) {
		if object := l.job.UseObjects[name]; !isWord(object) {
			l.problem(object, "the name of an object has no blanks, no '?' and printable characters only")
		} else if strings.HasPrefix(object, l.job.Prefix) {
			l.problem(object, "an object that begins with %q would be taken for ours; use an object of another name", l.job.Prefix)
		}
		if _, ok := l.groups[name]; !ok {
			l.problem(name, "an object of the device is to be used in place of it, and there is no such group")
		}
	}
}

// hasOurSuffix says whether a name could be one that we make ourselves.
func hasOurSuffix(name string) bool {
	return slices.ContainsFunc([]string{twinSuffix, serviceSuffix, sourceSuffix, destSuffix}, func(s string) bool { return strings.HasSuffix(name, s) })
}

// checkStages finds rule sets that in-ACLs can't express: one stage for all
// that is forwarded.
func (l *layout) checkStages() {
	for i := range l.job.Want.Stages {
		s := &l.job.Want.Stages[i]
		if i > 0 {
			l.problem(s.Name, "a packet is filtered by one access list, that of the interface it enters; put all rules into one stage")
		}
		for _, side := range []ruleset.IfaceSet{s.In, s.Out} {
			if labels, except := side.Labels(); !side.IsAny() && !(except && len(labels) == 1 && labels[0] == ruleset.Self) {
				l.problem(s.Name, "the stage is for some interfaces only; give it all of them and let the rules name theirs")
				break
			}
		}
		switch {
		case l.job.Manage == targets.Section && s.Default == ruleset.Permit:
			l.problem(s.Name, "a section can't permit everything else: the lines below it decide what is not ours")
		case l.job.Manage == targets.Exclusive && s.Default == ruleset.Next:
			l.problem(s.Name, "an exclusive access list decides all packets; permit or deny what no rule matches")
		}
		l.checkEffects(s.Name, s.Effects)
		for j := range s.Rules {
			l.checkRule(&s.Rules[j])
		}
	}
}

func (l *layout) checkEffects(name string, e ruleset.Effects) {
	if e.Profile != "" {
		l.problem(name, "rules of an ASA have no profiles; %q means nothing to it", e.Profile)
	}
	if e.Idle < 0 || e.Idle > maxIdle {
		l.problem(name, "an idle timeout of %v is outside what the device takes, at most %v", e.Idle, maxIdle)
	}
}

func (l *layout) checkRule(r *ruleset.Rule) {
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
	if _, bad := l.members(r.Service); bad != "" {
		l.problem(name, "%s can't be written in a service group: ports are of tcp and udp, and a list of ICMP types or protocols has at most %d entries", bad, maxServices)
	}
	if r.Action == ruleset.Permit && r.Idle != 0 && r.Service.Intersect(ruleset.Protocol(ruleset.TCP)).IsEmpty() {
		l.problem(name, "an idle timeout of %v for a service without TCP: timeouts are set for TCP connections only; leave it out", r.Idle)
	}
	if l.job.Manage == targets.Section && r.Action == ruleset.Permit && isAll(r) {
		l.problem(name, "a rule of a section that names neither addresses nor services couldn't be told from one of others; name some")
	}
	if l.job.Manage == targets.Section && r.Action != ruleset.Permit && (wide(r.Src) || wide(r.Dst) || r.Service.IsAny()) {
		l.problem(name, "a section refuses only between named addresses and for named services; this rule would refuse traffic of others")
	}
}

// isAll says whether a rule names nothing at all.
func isAll(r *ruleset.Rule) bool {
	return r.Service.IsAny() && r.SrcGroup == "" && r.DstGroup == "" && (wide(r.Src) || r.Src.IsEmpty()) && (wide(r.Dst) || r.Dst.IsEmpty())
}

// wide says whether a set holds all addresses of a family.
func wide(s ruleset.AddrSet) bool {
	return s.Intersect(ruleset.Any4()).Equal(ruleset.Any4()) || s.Intersect(ruleset.Any6()).Equal(ruleset.Any6())
}

func (l *layout) checkIfaces(name string, sets ...ruleset.IfaceSet) {
	for _, s := range sets {
		labels, except := s.Labels()
		for _, label := range labels {
			if label == ruleset.Self && !except {
				l.problem(name, "the rule is about the firewall itself, which no access list filters")
			} else if label != ruleset.Self && !l.hasLabel(label) {
				l.problem(name, "no interface has the label %q", label)
			}
		}
	}
}

func (l *layout) hasLabel(label string) bool {
	return slices.ContainsFunc(l.job.Interfaces, func(f targets.Interface) bool { return f.Label == label })
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
