package paloalto

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
)

// maxIdle is the longest timeout of a service object.
const maxIdle = 604800 * time.Second

// Check returns what of a job can't be expressed. Render returns an error for
// the same jobs.
func Check(job targets.Job) []targets.Problem { return newLayout(&job).problems }

// layout is a job with what its names mean, and, if nothing is wrong with it,
// what it is on the device.
type layout struct {
	job *targets.Job
	// zones are those of an interface, by label.
	zones  map[string][]string
	groups map[string]int
	// list is the one list of rules of a firewall, nil if the job has none.
	list     *ruleset.Stage
	own      ours
	problems []targets.Problem
}

// newLayout checks a job and spells it.
func newLayout(job *targets.Job) *layout {
	named := *job
	named.Prefix = cmp.Or(job.Prefix, targets.DefaultPrefix)
	l := &layout{job: &named, zones: map[string][]string{}, groups: map[string]int{}}
	l.checkJob()
	l.checkInterfaces()
	l.checkGroups()
	l.checkStages()
	if len(l.problems) == 0 {
		l.spell()
	}
	return l
}

func (l *layout) problem(text, format string, args ...any) {
	l.problems = append(l.problems, targets.Problem{Text: text, Why: fmt.Sprintf(format, args...)})
}

// checkJob finds problems of the job as a whole.
func (l *layout) checkJob() {
	job := l.job
	if job.Context != "" && !vsysName.MatchString(job.Context) {
		l.problem(job.Context, "a context of PAN-OS is a vsys and is called \"vsys1\", \"vsys2\" and so on")
	}
	if job.DeviceGroup != "" {
		if job.Context != "" {
			l.problem(job.Context, "the rules of a device group are Panorama's and have no vsys; leave one of the two out")
		}
		if !legalName(job.DeviceGroup, maxName) {
			l.problem(job.DeviceGroup, "names of device groups have letters, digits, dots, hyphens, underscores and spaces, at most %d", maxName)
		}
	}
	if p := job.Prefix; len(p) > maxPrefix || !legalName(p+"x", maxName) {
		l.problem(p, "the prefix of our names has 1 to %d letters, digits, dots, hyphens and underscores", maxPrefix)
	}
	if job.OS != "" {
		l.checkVersion()
	}
	if job.Self {
		l.problem(job.Firewall, "rules of PAN-OS are about what passes the firewall; flows of the firewall itself are filtered on nftables only, so leave self out")
	}
	l.checkAnchor()
	for _, group := range slices.Sorted(maps.Keys(job.UseObjects)) {
		if object := job.UseObjects[group]; !legalName(object, maxName) || object == "any" {
			l.problem(group, "%q can't be the name of an object: names have letters, digits, dots, hyphens, underscores and spaces", object)
		}
	}
}

var vsysName = regexp.MustCompile(`^vsys[1-9][0-9]{0,2}$`)
var version = regexp.MustCompile(`^([0-9]{1,3})\.([0-9]{1,3})([.-][0-9A-Za-z.-]*)?$`)

// checkVersion holds the oldest version that is written for: group-tag came with
// PAN-OS 9.0, and 9.1 is the oldest one of which anything is known.
func (l *layout) checkVersion() {
	m := version.FindStringSubmatch(l.job.OS)
	if m == nil {
		l.problem(l.job.OS, "a version of PAN-OS is two numbers, such as \"10.1\"")
		return
	}
	major, _ := strconv.Atoi(m[1])
	minor, _ := strconv.Atoi(m[2])
	if major < 9 || major == 9 && minor < 1 {
		l.problem(l.job.OS, "nbfwc writes for PAN-OS 9.1 and newer")
	}
}

func (l *layout) checkAnchor() {
	if l.job.Anchor == "" {
		return
	}
	if l.job.Manage == targets.Exclusive {
		l.problem(l.job.Anchor, "an anchor is for a section; with manage = \"exclusive\" all rules are ours")
		return
	}
	a, err := targets.ParseAnchor(l.job.Anchor)
	switch {
	case err != nil:
		l.problem(l.job.Anchor, "%v", err)
	case a.Name != "" && !legalName(a.Name, maxName):
		l.problem(l.job.Anchor, "no rule of PAN-OS is called %q: names have letters, digits, dots, hyphens, underscores and spaces", a.Name)
	}
}

func (l *layout) checkInterfaces() {
	owner := map[string]string{}
	for _, f := range l.job.Interfaces {
		_, taken := l.zones[f.Label]
		switch {
		case f.Label == "" || f.Label == ruleset.Self:
			l.problem(f.Label, "an interface can't be called %q", f.Label)
		case taken:
			l.problem(f.Label, "two interfaces have this label")
		case len(f.Devices) == 0:
			l.problem(f.Label, "the interface has no zone")
		}
		l.zones[f.Label] = f.Devices
		for _, z := range f.Devices {
			l.checkZone(z)
			if other, ok := owner[z]; ok {
				l.problem(z, "the zone belongs to the interfaces %q and %q; a packet would match both", other, f.Label)
			}
			owner[z] = f.Label
		}
	}
}

func (l *layout) checkZone(z string) {
	switch {
	case z == "any" || z == "multicast":
		l.problem(z, "%q is a word of PAN-OS and no zone; give the zone of the device with devices = [...]", z)
	case len(z) > maxZone:
		l.problem(z, "names of zones have at most %d characters; give the zone of the device with devices = [...]", maxZone)
	case !legalName(z, maxZone):
		l.problem(z, "names of zones have letters, digits, dots, hyphens, underscores and spaces; give the zone of the device with devices = [...]")
	}
}

func (l *layout) checkGroups() {
	names := map[string]bool{}
	for i := range l.job.Want.Groups {
		g := &l.job.Want.Groups[i]
		name := ownName(l.job.Prefix, g.Name)
		switch {
		case g.Name == "":
			l.problem("", "a group has no name")
		case names[name]:
			l.problem(g.Name, "two groups have this name, or are shortened to the same; rename one")
		}
		names[name] = true
		l.groups[g.Name] = i
		for _, m := range g.Members {
			if !m.Range.IsValid() {
				l.problem(g.Name, "the member %s is no range of addresses", m.Range)
			}
		}
	}
	for i := range l.job.Want.Groups {
		l.checkParts(&l.job.Want.Groups[i])
	}
}

// checkParts holds what the type of a group promises of its parts.
func (l *layout) checkParts(g *ruleset.Group) {
	if len(g.Parts) == 0 {
		return
	}
	var ranges []ruleset.Range
	for _, name := range g.Parts {
		i, ok := l.groups[name]
		if !ok || len(l.job.Want.Groups[i].Parts) > 0 {
			l.problem(g.Name, "its part %q is no group of members", name)
			return
		}
		ranges = append(ranges, l.job.Want.Groups[i].Set.Ranges()...)
	}
	if !ruleset.NewAddrSet(ranges...).Equal(g.Set) {
		l.problem(g.Name, "the parts of the group don't have its addresses")
	}
}

func (l *layout) checkStages() {
	for i := range l.job.Want.Stages {
		s := &l.job.Want.Stages[i]
		if isSelf(s.In) || isSelf(s.Out) {
			if !l.job.Self && len(s.Rules) > 0 {
				l.problem(s.Name, "the rules are about the firewall itself, which is no endpoint here")
			}
			continue
		}
		if l.list != nil {
			l.problem(s.Name, "PAN-OS has one list of rules for all zones, and not another one that must permit as well")
			return
		}
		l.list = s
		l.checkDefault(s)
		for j := range s.Rules {
			l.checkRule(&s.Rules[j])
		}
	}
}

func isSelf(s ruleset.IfaceSet) bool { return s.Equal(ruleset.Ifaces(ruleset.Self)) }

func (l *layout) checkDefault(s *ruleset.Stage) {
	l.checkIfaces(s.Name, s.In, s.Out)
	if l.job.Manage == targets.Section {
		if s.Default == ruleset.Permit {
			l.problem(s.Name, "a section can't permit everything else: the rules of others decide what is not ours")
		}
		return
	}
	if !everywhere(s.In) || !everywhere(s.Out) {
		l.problem(s.Name, "the list of an exclusive firewall applies to all zones")
	}
	switch s.Default {
	case ruleset.Permit, ruleset.Deny:
	case ruleset.Reject:
		l.problem(s.Name, "PAN-OS can't answer all that it refuses; deny what no rule permits")
	default:
		l.problem(s.Name, "the end of the list permits or denies; %v is none of these", s.Default)
	}
}

// everywhere says whether a set holds all interfaces of what is forwarded.
func everywhere(s ruleset.IfaceSet) bool {
	return s.IsAny() || s.Equal(ruleset.NotIfaces(ruleset.Self))
}

func (l *layout) checkIfaces(name string, sets ...ruleset.IfaceSet) {
	for _, s := range sets {
		labels, except := s.Labels()
		for _, label := range labels {
			_, ok := l.zones[label]
			switch {
			case label == ruleset.Self && !except:
				l.problem(name, "the rule is about the firewall itself, which is no endpoint here")
			case label == ruleset.Self:
			case !ok:
				l.problem(name, "no interface has the label %q", label)
			case except:
				l.problem(name, "PAN-OS can't say all zones but some; name the zones")
			}
		}
	}
}

// checkRule finds what of a rule can't be written.
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
	l.checkSide(name, r.SrcGroup, r.Src)
	l.checkSide(name, r.DstGroup, r.Dst)
	l.checkService(name, r)
	l.checkEffects(name, r)
	if l.job.Manage == targets.Section && r.Action != ruleset.Permit && (wide(r.Src) || wide(r.Dst) || r.Service.IsAny()) {
		l.problem(name, "a section refuses only between named addresses and for named services; this rule would refuse traffic of others")
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

// checkService holds what PAN-OS has words for: TCP and UDP with ports, echo
// requests by the applications ping and ping6, and everything.
func (l *layout) checkService(name string, r *ruleset.Rule) {
	if r.Service.IsAny() {
		if r.Action == ruleset.Reject {
			l.problem(name, "PAN-OS can answer TCP and UDP only; reject named services")
		}
		return
	}
	for _, b := range r.Service.Boxes() {
		switch kind := kindOf(b); {
		case kind == tcpBox || kind == udpBox:
		case kind != otherBox && r.Action == ruleset.Reject:
			l.problem(name, "PAN-OS can't answer ICMP; reject TCP and UDP only")
		case kind != otherBox:
		case b.ProtoFrom == b.ProtoTo && (b.ProtoFrom == ruleset.ICMP || b.ProtoFrom == ruleset.ICMPv6):
			l.problem(name, "%s: PAN-OS tells ICMP types apart by application only, of which nbfwc writes ping (icmp 8/0) and ping6 (icmpv6 128/0); errors about permitted connections pass by themselves", b)
		default:
			l.problem(name, "%s: services of PAN-OS are tcp or udp with ports", b)
		}
	}
}

func (l *layout) checkEffects(name string, r *ruleset.Rule) {
	if r.Idle < 0 || r.Idle > maxIdle {
		l.problem(name, "an idle timeout of %v is outside what PAN-OS takes, at most %v", r.Idle, maxIdle)
		return
	}
	if r.Action != ruleset.Permit {
		return
	}
	if r.Idle != 0 && r.Service.Intersect(ruleset.Protocol(ruleset.TCP)).IsEmpty() {
		l.problem(name, "an idle timeout of %v for a service without TCP: timeouts are set for TCP connections only; leave it out", r.Idle)
	}
	if r.Service.IsAny() && l.idleSeconds(r) > 0 {
		l.problem(name, "an idle timeout stands in services with ports; name the services in place of any")
	}
	group, log, ok := splitProfile(r.Profile)
	switch {
	case !ok:
		l.problem(name, "%q is no profile; write the name of a security profile group, \"log:NAME\" for a log forwarding profile, or both", r.Profile)
	case group != "" && !legalName(group, maxName), log != "" && !legalName(log, maxName):
		l.problem(name, "%q can't be the name of a profile: names have letters, digits, dots, hyphens, underscores and spaces", r.Profile)
	case log != "" && !r.Log:
		l.problem(name, "the log profile %q has no effect on a rule that doesn't log; set log = true", log)
	}
}

// splitProfile takes apart "GROUP", "log:NAME" or "GROUP log:NAME".
func splitProfile(s string) (group, log string, ok bool) {
	if rest, found := strings.CutPrefix(s, "log:"); found {
		return "", rest, rest != "" && !strings.Contains(rest, ":")
	}
	group, log, found := strings.Cut(s, " log:")
	return group, log, !strings.Contains(group+log, ":") && (!found || log != "")
}

func wide(s ruleset.AddrSet) bool {
	return s.Intersect(ruleset.Any4()).Equal(ruleset.Any4()) || s.Intersect(ruleset.Any6()).Equal(ruleset.Any6())
}
