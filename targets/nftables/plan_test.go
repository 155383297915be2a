package nftables

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
	"github.com/nbfwc/nbfwc/targets/targettest"
)

func TestTarget(t *testing.T) {
	targettest.Run(t, targettest.Subject{Target: Target{}, Adjust: func(j *targets.Job) {
		if j.Manage == targets.Section {
			j.Anchor = "inet filter forward"
		}
	}})
}

const users = `table ip nat {
	chain postrouting {
		type nat hook postrouting priority srcnat; policy accept;
		oifname "wan1" masquerade
	}
}
table inet filter {
	chain nb_section {
	}
	chain forward {
		type filter hook forward priority filter; policy drop;
		ct state established,related accept
		jump nb_section
		iifname "lan0" oifname "wan0" tcp dport 443 accept comment "} not an end {"
	}
}
`

func planOf(t *testing.T, text string, job targets.Job) (*targets.Config, *targets.Change) {
	t.Helper()
	have, err := Target{}.Parse(strings.NewReader(text), targets.ParseOptions{Interfaces: job.Interfaces})
	if err != nil {
		t.Fatal(err)
	}
	c, problems := Target{}.Plan(have, job, targets.PlanOptions{})
	if c == nil {
		t.Fatal(problems)
	}
	return have, c
}

// after is the listing after a change, as far as text can say.
func after(t *testing.T, text string, c *targets.Change, ours func(piece) bool) string {
	t.Helper()
	rest, _, err := without(text, ours)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range c.Steps {
		rest = loaded(rest, strings.Join(s.Commands, "\n"))
	}
	return rest
}

// sectionJob permits TCP 1556 from a client behind lan0 to a master behind wan0.
func sectionJob() targets.Job {
	host := func(name, addr string) ruleset.Group {
		a := netip.MustParseAddr(addr)
		g := ruleset.Group{Name: name, Members: []ruleset.Member{{Range: ruleset.Range{From: a, To: a}, Name: "host"}}}
		g.Set = ruleset.MemberSet(g.Members)
		return g
	}
	src, dst := host("NBU-client-lan0", "10.0.0.7"), host("NBU-master-wan0", "192.0.2.9")
	others := ruleset.NotIfaces(ruleset.Self)
	return targets.Job{
		Firewall: "edge", Manage: targets.Section, Anchor: "inet filter forward", Prefix: targets.DefaultPrefix,
		Interfaces: []targets.Interface{{Label: "lan0", Devices: []string{"lan0"}}, {Label: "wan0", Devices: []string{"wan0"}}},
		Want: ruleset.RuleSet{Groups: []ruleset.Group{src, dst}, Stages: []ruleset.Stage{{
			Name: "forward", In: others, Out: others, Default: ruleset.Deny, Rules: []ruleset.Rule{{
				In: ruleset.Ifaces("lan0"), Out: ruleset.Ifaces("wan0"), Src: src.Set, Dst: dst.Set, SrcGroup: src.Name, DstGroup: dst.Name,
				Service: ruleset.TCPPorts(ruleset.PortRange{From: 1556, To: 1556}), Action: ruleset.Permit, Name: "NBU-client-to-master", Reason: "PBX",
			}},
		}}},
	}
}

func TestPlanSectionInUsersChain(t *testing.T) {
	job := sectionJob()
	have, c := planOf(t, users, job)
	if len(c.Steps) != 1 || len(c.Findings) > 0 {
		t.Fatalf("%d steps, findings %v", len(c.Steps), c.Findings)
	}
	p := ruleset.Packet{In: "lan0", Out: "wan0", Proto: ruleset.TCP, SrcPort: 5000, DstPort: 1556}
	p.Src, p.Dst = job.Want.Groups[0].Members[0].Range.From, job.Want.Groups[1].Members[0].Range.From
	if v := have.RuleSet.Verdict(p); v != ruleset.Drops {
		t.Errorf("before: %s", v)
	}
	if v, by := c.Result.Decide(p); v != ruleset.Passes {
		t.Errorf("after: %s by %v\n%+v", v, by, c.Result.Stages)
	}
	then := after(t, users, c, piece.ours)
	_, again := planOf(t, then, job)
	if len(again.Steps) > 0 {
		t.Errorf("planned again:\n%s", strings.Join(again.Steps[0].Commands, "\n"))
	}
}

func TestPlanNeedsTheUsersChain(t *testing.T) {
	job := sectionJob()
	job.Anchor = "inet filter fwd"
	have, err := Target{}.Parse(strings.NewReader(users), targets.ParseOptions{})
	if err != nil {
		t.Fatal(err)
	}
	c, problems := Target{}.Plan(have, job, targets.PlanOptions{})
	if c != nil || len(problems) != 1 || !strings.Contains(problems[0].Why, "no chain fwd in table inet filter") {
		t.Errorf("%v", problems)
	}
	job.Anchor = "inet filter forward"
	have, err = Target{}.Parse(strings.NewReader(strings.ReplaceAll(users, "\t\tjump nb_section\n", "")), targets.ParseOptions{})
	if err != nil {
		t.Fatal(err)
	}
	c, _ = Target{}.Plan(have, job, targets.PlanOptions{})
	if c == nil || len(c.Findings) != 1 || !strings.Contains(c.Findings[0].Why, "doesn't jump to nb_section") {
		t.Errorf("%+v", c)
	}
}

// TestRestoreIsTheOldFile: a listing with one job, changed to another, goes
// back to the first.
func TestRestoreIsTheOldFile(t *testing.T) {
	old, new := sectionJob(), sectionJob()
	new.Want.Stages[0].Rules[0].Service = ruleset.TCPPorts(ruleset.PortRange{From: 13724, To: 13724})
	_, c := planOf(t, users, old)
	first := after(t, users, c, piece.ours)
	_, c = planOf(t, first, new)
	second := after(t, first, c, piece.ours)
	opt := targets.ParseOptions{Interfaces: old.Interfaces}
	before, err := Target{}.Parse(strings.NewReader(first), opt)
	if err != nil {
		t.Fatal(err)
	}
	have, err := Target{}.Parse(strings.NewReader(second), opt)
	if err != nil {
		t.Fatal(err)
	}
	back, problems := Target{}.Restore(have, before)
	if back == nil || len(back.Steps) != 1 {
		t.Fatalf("%v %v", back, problems)
	}
	if ok, err := ruleset.SameEffect(&back.Result, &before.RuleSet); !ok || err != nil {
		t.Errorf("restored differs: %v\n%s", err, strings.Join(back.Steps[0].Commands, "\n"))
	}
}
