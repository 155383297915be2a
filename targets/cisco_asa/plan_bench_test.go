package cisco_asa

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
)

// literalJob is 200,000 entries between single hosts, in lists without a group:
// clients of 1,000 zones with one server.
func literalJob(clients int) targets.Job {
	job := targets.Job{Firewall: "core", Manage: targets.Exclusive, Prefix: targets.DefaultPrefix}
	job.Interfaces = []targets.Interface{{Label: "inside"}, {Label: "wan"}}
	all := ruleset.NotIfaces(ruleset.Self)
	s := ruleset.Stage{Name: "forward", In: all, Out: all, Default: ruleset.Deny}
	in, out := ruleset.Ifaces("wan"), ruleset.Ifaces("inside")
	server := ruleset.PrefixSet(netip.MustParsePrefix("10.0.0.10/32"))
	service := ruleset.UDPPorts(ruleset.PortRange{From: 1556, To: 1556})
	for z := range 1000 {
		for c := range clients {
			client := netip.AddrFrom4([4]byte{10, byte(16 + z/250), byte(z % 250), byte(c)})
			s.Rules = append(s.Rules, ruleset.Rule{
				In: in, Out: out, Src: ruleset.PrefixSet(netip.PrefixFrom(client, 32)), Dst: server,
				Service: service, Action: ruleset.Permit,
			})
		}
	}
	job.Want.Stages = []ruleset.Stage{s}
	return job
}

// BenchmarkPlanLiteral: one client in each of 1,000 zones in a list of 200,000
// entries without groups.
func BenchmarkPlanLiteral(b *testing.B) {
	have := bigConfig(b, literalJob(200))
	job := literalJob(201)
	b.ReportAllocs()
	for b.Loop() {
		c, problems := Plan(have, job, targets.PlanOptions{})
		if c == nil || len(c.Steps) != 1 || len(c.Steps[0].Commands) != 1000 {
			b.Fatal(problems)
		}
	}
}

func bigConfig(b testing.TB, job targets.Job) *targets.Config {
	b.Helper()
	c, err := Target{}.Parse(strings.NewReader(rendered(b, job)), parseOptions(&job))
	if err != nil {
		b.Fatal(err)
	}
	return c
}

// groupJob is 8 rules between groups of up to 100,000 hosts.
func groupJob(clients int) targets.Job {
	var text strings.Builder
	text.WriteString("manage exclusive\ninterface core\ninterface backbone\ngroup NBU-master-core 10.0.0.10\ngroup NBU-media-core 10.0.0.21 10.0.0.22\n")
	for k, kind := range []string{"client", "old", "dedup"} {
		fmt.Fprintf(&text, "group NBU-%s-backbone", kind)
		for i := range clients / 3 {
			fmt.Fprintf(&text, " 10.%d.%d.%d", 16+k*32+i/65536, i/256%256, i%256)
		}
		text.WriteString("\n")
	}
	for _, kind := range []string{"client", "old", "dedup"} {
		fmt.Fprintf(&text, "permit core backbone NBU-media-core NBU-%s-backbone tcp/1556,tcp/13724 idle 8h # media to %s\n", kind, kind)
		fmt.Fprintf(&text, "permit backbone core NBU-%s-backbone NBU-media-core tcp/1556,tcp/10082 idle 8h # %s to media\n", kind, kind)
		fmt.Fprintf(&text, "permit backbone core NBU-%s-backbone NBU-master-core tcp/1556 idle 8h # %s to master\n", kind, kind)
	}
	return testJobOf(text.String())
}

func testJobOf(text string) targets.Job {
	var t testing.T
	job, _ := testJob(&t, text)
	return job
}

// BenchmarkPlanGroups: one client in lists of 100,000.
func BenchmarkPlanGroups(b *testing.B) {
	have := bigConfig(b, groupJob(99_999))
	job := groupJob(100_002)
	b.ReportAllocs()
	for b.Loop() {
		c, problems := Plan(have, job, targets.PlanOptions{})
		if c == nil || len(c.Steps) != 3 {
			b.Fatal(problems, stepsText(c, nil))
		}
	}
}

// BenchmarkRender: 100,000 hosts in three groups.
func BenchmarkRender(b *testing.B) {
	job := groupJob(99_999)
	b.ReportAllocs()
	for b.Loop() {
		rendered(b, job)
	}
}
