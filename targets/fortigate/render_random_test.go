package fortigate

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
)

// The universe of random jobs is small, so that rules overlap: few addresses of
// both families at the edges of prefixes, few services, three interfaces.
var (
	someRanges = []string{"0.0.0.0", "10.0.0.0", "10.0.0.1", "10.0.0.0/31", "10.0.0.2/31", "10.0.0.1-10.0.0.2", "10.0.0.0/30", "255.255.255.255",
		"2001:db8::", "2001:db8::1", "2001:db8::/127", "2001:db8::1-2001:db8::2", "2001:db8::2"}
	someServices = []string{"tcp 1556", "tcp 13724", "tcp 1556-1558", "tcp 1024-65535 -> 1556", "udp 111", "tcp", "udp 0-1", "icmp 8/0", "icmpv6 128/0", "icmp", "icmp 3/0-2", "protocol 50", "tcp 0-65535 -> 65535"}
	someLabels   = []string{"core", "dmz"}
)

func pick[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }

func randomGroup(r *rand.Rand, name string) ruleset.Group {
	g := ruleset.Group{Name: name, Reason: "hosts of " + name}
	for range 1 + r.IntN(4) {
		m := ruleset.Member{Range: rangeOf(pick(r, someRanges))}
		if r.IntN(2) == 0 {
			m.Name = fmt.Sprintf("host%d", r.IntN(3))
		}
		g.Members = append(g.Members, m)
	}
	g.Set = ruleset.MemberSet(g.Members)
	return g
}

// randomJob is a job without problems.
func randomJob(r *rand.Rand) targets.Job {
	for {
		job := targets.Job{Firewall: "edge", Prefix: "NBU-", Manage: targets.Manage(r.IntN(2)), DenyLog: r.IntN(2) == 0}
		if job.Manage == targets.Section {
			job.Anchor = "bottom"
		}
		if r.IntN(4) == 0 {
			job.Context = "blue"
		}
		if r.IntN(3) == 0 {
			job.Established = 24 * time.Hour
		}
		for _, label := range someLabels {
			job.Interfaces = append(job.Interfaces, targets.Interface{Label: label, Devices: []string{"z-" + label}})
		}
		want := &job.Want
		for i := range 2 + r.IntN(3) {
			want.Groups = append(want.Groups, randomGroup(r, fmt.Sprintf("NBU-g%d", i)))
		}
		if a, b := want.Groups[0], want.Groups[1]; r.IntN(3) == 0 {
			want.Groups = append(want.Groups, ruleset.Group{Name: "NBU-both", Parts: []string{a.Name, b.Name}, Set: a.Set.Union(b.Set)})
		}
		stage := ruleset.Stage{Name: "forward", In: ruleset.NotIfaces(ruleset.Self), Out: ruleset.NotIfaces(ruleset.Self), Default: ruleset.Deny}
		for i := range r.IntN(10) {
			stage.Rules = append(stage.Rules, randomRule(r, want.Groups, fmt.Sprintf("NBU-r%d", i)))
		}
		want.Stages = []ruleset.Stage{stage}
		l := newLayout(&job)
		if len(l.problems) == 0 {
			return job
		}
	}
}

func randomRule(r *rand.Rand, groups []ruleset.Group, name string) ruleset.Rule {
	rule := ruleset.Rule{Name: name, In: ruleset.Ifaces(pick(r, someLabels)), Out: ruleset.Ifaces(pick(r, someLabels)), Action: ruleset.Permit, Reason: "flow of " + name}
	if r.IntN(8) == 0 {
		rule.In = ruleset.IfaceSet{}
	}
	side := func() (string, ruleset.AddrSet) {
		if r.IntN(5) == 0 {
			return "", ruleset.NewAddrSet(rangeOf(pick(r, someRanges)), rangeOf(pick(r, someRanges)))
		}
		g := pick(r, groups)
		return g.Name, g.Set
	}
	rule.SrcGroup, rule.Src = side()
	rule.DstGroup, rule.Dst = side()
	for range 1 + r.IntN(3) {
		rule.Service = rule.Service.Union(serviceSet(pick(r, someServices)))
	}
	switch r.IntN(6) {
	case 0:
		rule.Action = ruleset.Reject
	case 1:
		rule.Action = ruleset.Deny
	}
	rule.Log = r.IntN(2) == 0
	if rule.Action == ruleset.Permit && r.IntN(2) == 0 && !rule.Service.Intersect(ruleset.Protocol(ruleset.TCP)).IsEmpty() {
		rule.Idle = pick(r, []time.Duration{time.Minute, 8 * time.Hour, 90*time.Minute + time.Millisecond, 48 * time.Hour})
	}
	if r.IntN(4) == 0 {
		rule.Profile = "strict"
	}
	return rule
}

func rendered(t *testing.T, job targets.Job) string {
	t.Helper()
	var b bytes.Buffer
	if err := (Target{}).Render(&b, job); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func optionsOf(job *targets.Job) targets.ParseOptions {
	return targets.ParseOptions{Interfaces: job.Interfaces, Context: job.Context, Prefix: job.Prefix, Behind: job.Want.Behind}
}

func parsed(t *testing.T, text string, opt targets.ParseOptions) *targets.Config {
	t.Helper()
	c, err := (Target{}).Parse(bytes.NewReader([]byte(text)), opt)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return c
}

func sameEffect(t *testing.T, have, want *ruleset.RuleSet) bool {
	t.Helper()
	d, err := ruleset.Compare(have, want, ruleset.CompareOptions{Effects: true})
	if err != nil {
		t.Fatal(err)
	}
	if d.IsEmpty() && len(d.Unknown) == 0 {
		return true
	}
	for _, x := range slices.Concat(d.Certain, d.Unknown)[:1] {
		t.Errorf("%v: have %v, want %v, effects only %v %v", x.Witness, x.Have, x.Want, x.EffectsOnly, x.Unknowns)
	}
	return false
}

// TestRandomJobs: what is parsed of what Render writes has the effect that
// Effective says, no line of it is a problem, and the same job gives the same
// bytes. Groups come back with their members.
func TestRandomJobs(t *testing.T) {
	overlaps, rejects := 0, 0
	for seed := range uint64(600) {
		job := randomJob(rand.New(rand.NewPCG(seed, 1)))
		text := rendered(t, job)
		if text != rendered(t, job) {
			t.Fatal("two calls of Render differ")
		}
		c := parsed(t, text, optionsOf(&job))
		if len(c.Problems) > 0 {
			t.Fatalf("seed %d: %v\n%s", seed, c.Problems, text)
		}
		want := (Target{}).Effective(job)
		if !sameEffect(t, &c.RuleSet, &want) {
			t.Fatalf("seed %d\n%s", seed, text)
		}
		groups := map[string]ruleset.AddrSet{}
		for _, g := range c.RuleSet.Groups {
			groups[g.Name] = g.Set
		}
		for _, s := range job.Want.Stages {
			for i, r := range s.Rules {
				if r.SrcGroup != "" && !groups[r.SrcGroup].Equal(r.Src) {
					t.Fatalf("seed %d: group %s: %v\n%s", seed, r.SrcGroup, groups[r.SrcGroup], text)
				}
				if r.Action == ruleset.Reject {
					rejects++
				}
				for k := range i {
					if o := &s.Rules[k]; (o.Action == ruleset.Permit) != (r.Action == ruleset.Permit) && !o.Box().Intersect(r.Box()).IsEmpty() {
						overlaps++
					}
				}
			}
		}
	}
	if overlaps < 100 || rejects < 100 {
		t.Errorf("the cases are too plain: %d overlaps of opposite action, %d rejects", overlaps, rejects)
	}
}
