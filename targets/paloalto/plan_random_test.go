package paloalto

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
)

// randomJob is a job of a small universe that uses all that can be written:
// unions of groups, both families, rules without groups, several zones, echo
// requests, source ports, resets, profiles.
func randomJob(rng *rand.Rand, manage targets.Manage) targets.Job {
	job := targets.Job{Firewall: "edge", Prefix: "NBU-", Manage: manage, DenyLog: rng.IntN(2) == 0, Anchor: "",
		Interfaces: []targets.Interface{{Label: "core", Devices: []string{"core"}}, {Label: "dmz", Devices: []string{"dmz", "dmz 2"}}, {Label: "out", Devices: []string{"untrust"}}}}
	for i := range 4 {
		g := ruleset.Group{Name: fmt.Sprintf("NBU-g%d", i), Reason: "reason of a group"}
		for range 1 + rng.IntN(4) {
			g.Members = append(g.Members, randomMember(rng))
		}
		g.Set = ruleset.MemberSet(g.Members)
		job.Want.Groups = append(job.Want.Groups, g)
	}
	union := ruleset.Group{Name: "NBU-union", Parts: []string{"NBU-g0", "NBU-g1"}, Set: job.Want.Groups[0].Set.Union(job.Want.Groups[1].Set)}
	job.Want.Groups = append(job.Want.Groups, union)
	stage := ruleset.Stage{Name: "forward", In: ruleset.NotIfaces(ruleset.Self), Out: ruleset.NotIfaces(ruleset.Self), Default: ruleset.Deny}
	for i := range rng.IntN(6) {
		stage.Rules = append(stage.Rules, randomRule(rng, &job, i))
	}
	job.Want.Stages = []ruleset.Stage{stage}
	return job
}

func randomMember(rng *rand.Rand) ruleset.Member {
	a := netip.AddrFrom4([4]byte{10, 0, 0, byte(rng.IntN(8))})
	if rng.IntN(4) == 0 {
		a = netip.MustParseAddr(fmt.Sprintf("2001:db8::%d", rng.IntN(4)))
	}
	switch rng.IntN(5) {
	case 0:
		return ruleset.Member{Range: ruleset.RangeOf(netip.PrefixFrom(a, a.BitLen()-rng.IntN(4)))}
	case 1:
		return ruleset.Member{Range: ruleset.Range{From: a, To: a.Next().Next()}}
	}
	return ruleset.Member{Range: ruleset.Range{From: a, To: a}, Name: fmt.Sprintf("host%d", a.As16()[15])}
}

func randomRule(rng *rand.Rand, job *targets.Job, i int) ruleset.Rule {
	r := ruleset.Rule{Name: fmt.Sprintf("NBU-r%d", rng.IntN(8)), Reason: fmt.Sprintf("rule %d", rng.IntN(2))}
	side := func() (ruleset.AddrSet, string) {
		if rng.IntN(6) == 0 {
			return ruleset.NewAddrSet(randomMember(rng).Range, randomMember(rng).Range), ""
		}
		g := &job.Want.Groups[rng.IntN(len(job.Want.Groups))]
		return g.Set, g.Name
	}
	iface := func() ruleset.IfaceSet {
		switch rng.IntN(8) {
		case 0:
			return ruleset.IfaceSet{}
		case 1:
			return ruleset.Ifaces("core", "out")
		}
		return ruleset.Ifaces([]string{"core", "dmz", "out"}[rng.IntN(3)])
	}
	r.In, r.Out = iface(), iface()
	r.Src, r.SrcGroup = side()
	r.Dst, r.DstGroup = side()
	all := []ruleset.ServiceSet{
		ruleset.TCPPorts(ruleset.PortRange{From: 1556, To: 1556}), ruleset.TCPPorts(ruleset.PortRange{From: 1556, To: 1560}),
		ruleset.UDPPorts(ruleset.PortRange{From: 53, To: 53}), services("tcp 1024-65535 -> 1556"), services("udp 0-1023 -> 50-60"), ruleset.Protocol(ruleset.TCP),
	}
	for range 1 + rng.IntN(3) {
		r.Service = r.Service.Union(all[rng.IntN(len(all))])
	}
	r.Log = rng.IntN(2) == 0
	if r.Action = ruleset.Permit; rng.IntN(5) == 0 {
		r.Action = []ruleset.Action{ruleset.Deny, ruleset.Reject}[rng.IntN(2)]
		return r
	}
	if rng.IntN(5) == 0 {
		r.Service = r.Service.Union(services("icmp 8/0, icmpv6 128/0"))
	}
	if rng.IntN(2) == 0 && !r.Service.Intersect(ruleset.Protocol(ruleset.TCP)).IsEmpty() {
		r.Idle = []time.Duration{8 * time.Hour, time.Minute}[rng.IntN(2)]
	}
	r.Profile = []string{"", "strict"}[rng.IntN(2)]
	if r.Log && rng.IntN(2) == 0 {
		r.Profile = strings.TrimSpace(r.Profile + " log:siem")
	}
	return r
}

// TestRoundTrip: what is written, as commands and as XML, is read back with the
// effect that Effective says.
func TestRoundTrip(t *testing.T) {
	seen := map[string]int{}
	for i := range 300 {
		rng := rand.New(rand.NewPCG(uint64(i), 1))
		job := randomJob(rng, targets.Manage(i%2))
		if i%5 == 0 {
			job.Context = "vsys3"
		} else if i%7 == 0 {
			job.DeviceGroup = "Branch 1"
		}
		if ps := Check(job); len(ps) > 0 {
			t.Fatal(problemLines(ps))
		}
		var set, again, xml bytes.Buffer
		if err := Render(&set, job); err != nil {
			t.Fatal(err)
		}
		if err := RenderXML(&xml, job); err != nil {
			t.Fatal(err)
		}
		if err := Render(&again, job); err != nil || again.String() != set.String() {
			t.Fatalf("the same job gives other bytes: %v", err)
		}
		if !strings.Contains(set.String(), "set ") {
			continue // a section without rules says nothing
		}
		a, b := readsBack(t, job, set.String()), readsBack(t, job, xml.String())
		if !ruleset.SameSpelling(&a.RuleSet, &b.RuleSet) {
			t.Errorf("XML is spelled otherwise:\n%s\n%s", set.String(), xml.String())
		}
		for _, word := range []string{"reset-both", "ping", "union static", "source-port", "universal", "profile-setting", "application any"} {
			if strings.Contains(set.String(), word) {
				seen[word]++
			}
		}
		if t.Failed() {
			t.FailNow()
		}
	}
	for word, n := range seen {
		if n < 15 {
			t.Errorf("%q in %d jobs only", word, n)
		}
	}
	if len(seen) != 7 {
		t.Errorf("only %v", seen)
	}
}

// others are rules of others in which a section has to live.
const others = `set address SRV ip-netmask 10.0.0.3/32
set tag nbtag color color1
set rulebase security rules "web out" from any to untrust source any destination any application any service service-https action allow
set rulebase security rules block from any to any source SRV destination any application any service any action deny
set rulebase security rules dns from core to [ dmz untrust ] source any destination SRV application any service any action allow tag nbtag
set rulebase security rules cleanup from any to any source any destination any application any service any action drop
`

// TestRandomPlans: plans between random jobs among rules of others are taken by
// the candidate, end in what they say, leave others alone, and can be undone.
func TestRandomPlans(t *testing.T) {
	moved := 0
	for i := range 150 {
		rng := rand.New(rand.NewPCG(uint64(i), 2))
		first, second := randomJob(rng, targets.Section), randomJob(rng, targets.Section)
		anchor := []string{"top", "bottom", "before dns", "after web out"}[rng.IntN(4)]
		first.Anchor, second.Anchor = anchor, anchor
		opt := parseOptions(&first)
		text := readCandidate(others).text()
		blank := readDevice(t, text, opt)
		planned := func(have *targets.Config, job targets.Job) *targets.Change {
			c, problems := Target{}.Plan(have, job, targets.PlanOptions{})
			if c == nil {
				t.Fatalf("case %d: %s", i, problemLines(problems))
			}
			return c
		}
		step := func(have *targets.Config, from string, c *targets.Change) (*targets.Config, string) {
			to := typedInto(t, from, c)
			now := readDevice(t, to, opt)
			if same, err := ruleset.SameEffect(&now.RuleSet, &c.Result); err != nil || !same {
				t.Fatalf("case %d: the device does something else than the plan says: %v %s\n%s\n%s", i, err, differences(&now.RuleSet, &c.Result), stepLines(c.Steps), to)
			}
			othersKept(t, to)
			return now, to
		}
		one, text1 := step(blank, text, planned(blank, first))
		if c := planned(one, first); len(c.Steps) > 0 {
			t.Fatalf("case %d: the second plan isn't empty:\n%s%s", i, stepLines(c.Steps), text1)
		}
		change := planned(one, second)
		moved += strings.Count(stepLines(change.Steps), "\nmove")
		two, text2 := step(one, text1, change)
		if c := planned(two, second); len(c.Steps) > 0 {
			t.Fatalf("case %d: the second plan isn't empty:\n%s%s", i, stepLines(c.Steps), text2)
		}
		back, problems := Target{}.Restore(two, one)
		if back == nil {
			t.Fatalf("case %d: no way back: %s", i, problemLines(problems))
		}
		three, text3 := step(two, text2, back)
		if same, err := ruleset.SameEffect(&three.RuleSet, &one.RuleSet); err != nil || !same {
			t.Fatalf("case %d: restored is not as before: %v\n%s\nbefore\n%s\nnow\n%s", i, err, stepLines(back.Steps), text1, text3)
		}
		none := second
		none.Want.Stages = []ruleset.Stage{{Name: "forward", In: first.Want.Stages[0].In, Out: first.Want.Stages[0].Out, Default: ruleset.Deny}}
		if _, end := step(two, text2, planned(two, none)); end != text {
			t.Fatalf("case %d: something is left or gone after all of ours went:\n%s\nbefore:\n%s", i, end, text)
		}
	}
	if moved < 80 {
		t.Errorf("only %d moves in all plans", moved)
	}
}

// differences are the first few packets that two rule sets treat differently.
func differences(have, want *ruleset.RuleSet) string {
	d, err := ruleset.Compare(have, want, ruleset.CompareOptions{Effects: true, MaxBoxes: 3})
	if err != nil {
		return err.Error()
	}
	var b strings.Builder
	for _, x := range append(d.Certain, d.Unknown...) {
		fmt.Fprintf(&b, "\n  %s: %s, want %s (unknown: %q)", x.Witness, x.Have, x.Want, x.Unknowns)
	}
	return b.String()
}

// typedInto types a change into a candidate.
func typedInto(t *testing.T, text string, change *targets.Change) string {
	t.Helper()
	c := readCandidate(text)
	for _, s := range change.Steps {
		for _, command := range s.Commands {
			c.do(command)
		}
	}
	if len(c.log) > 0 {
		t.Fatalf("refused: %s\nof\n%s\nin\n%s", strings.Join(c.log, "\n"), stepLines(change.Steps), text)
	}
	return c.text()
}

// othersKept holds that rules and objects of others are all there, in order.
func othersKept(t *testing.T, text string) {
	t.Helper()
	rest := text
	for line := range strings.Lines(readCandidate(others).text()) {
		i := strings.Index(rest, line)
		if i < 0 {
			t.Fatalf("%q of others is gone, or at another place, in\n%s", line, text)
		}
		if strings.Contains(line, "security rules") {
			rest = rest[i:]
		}
	}
}

// TestTakeOverAndBack: an exclusive firewall takes over rules of others, changes,
// and goes back to what was there before.
func TestTakeOverAndBack(t *testing.T) {
	for i := range 60 {
		rng := rand.New(rand.NewPCG(uint64(i), 3))
		first, second := randomJob(rng, targets.Exclusive), randomJob(rng, targets.Exclusive)
		opt := parseOptions(&first)
		text := readCandidate(others).text()
		blank := readDevice(t, text, opt)
		if c, problems := (Target{}).Plan(blank, first, targets.PlanOptions{}); c != nil || len(problems) != 1 {
			t.Fatalf("taken over without leave: %v", problems)
		}
		take, problems := Target{}.Plan(blank, first, targets.PlanOptions{TakeOver: true})
		if take == nil {
			t.Fatal(problemLines(problems))
		}
		text = typedInto(t, text, take)
		one := readDevice(t, text, opt)
		want := Effective(first)
		if same, err := ruleset.SameEffect(&one.RuleSet, &want); err != nil || !same {
			t.Fatalf("case %d: after the take-over the device does something else: %v %s\n%s", i, err, differences(&one.RuleSet, &want), text)
		}
		change, problems := Target{}.Plan(one, second, targets.PlanOptions{})
		if change == nil {
			t.Fatal(problemLines(problems))
		}
		text = typedInto(t, text, change)
		two := readDevice(t, text, opt)
		want = Effective(second)
		if same, err := ruleset.SameEffect(&two.RuleSet, &want); err != nil || !same {
			t.Fatalf("case %d: after the change the device does something else: %v %s\n%s", i, err, differences(&two.RuleSet, &want), text)
		}
		back, problems := Target{}.Restore(two, blank)
		if back == nil {
			t.Fatal(problemLines(problems))
		}
		text = typedInto(t, text, back)
		if now := readDevice(t, text, opt); now.Digest != blank.Digest {
			t.Fatalf("case %d: back is not where it was:\n%s\n%s", i, stepLines(back.Steps), text)
		}
	}
}
