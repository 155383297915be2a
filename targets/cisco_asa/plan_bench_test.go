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

// zonesJob is a section of two rules for each of 1,000 zones.
func zonesJob(clients int) targets.Job {
	var text strings.Builder
	text.WriteString("manage section\nanchor bottom\ninterface inside\ninterface wan\ngroup NBU-media-inside 10.0.0.21 10.0.0.22\n")
	var rules strings.Builder
	for z := range 1000 {
		fmt.Fprintf(&text, "group NBU-client-z%d", z)
		for c := range clients {
			fmt.Fprintf(&text, " 10.%d.%d.%d", 16+z/250, z%250, c)
		}
		text.WriteString("\n")
		fmt.Fprintf(&rules, "permit inside wan NBU-media-inside NBU-client-z%d tcp/1556 idle 8h # media to client\n", z)
		fmt.Fprintf(&rules, "permit wan inside NBU-client-z%d NBU-media-inside tcp/1556,tcp/13724 idle 8h # client to media\n", z)
	}
	return testJobOf(text.String() + rules.String())
}

// BenchmarkPlanSection: one client in each of 1,000 zones, whose rules stand in a
// section below 200,000 entries of others.
func BenchmarkPlanSection(b *testing.B) {
	before := zonesJob(20)
	var text strings.Builder
	text.WriteString("interface GigabitEthernet0/0\n nameif inside\n security-level 100\ninterface GigabitEthernet0/1\n nameif wan\n security-level 0\n")
	section := rendered(b, before)
	lists := strings.Index(section, "access-list NBU-inside-in")
	text.WriteString(strings.Replace(section[:lists], sectionComment, "", 1))
	for i := range 200_000 {
		fmt.Fprintf(&text, "access-list wan extended %s tcp host 172.16.%d.%d host 10.9.%d.%d eq %d\n", []string{"permit", "deny"}[i%2], i/256%256, i%256, i/512%256, i%251, 1+i%5000)
	}
	text.WriteString(strings.NewReplacer("access-list NBU-inside-in", "access-list inside", "access-list NBU-wan-in", "access-list wan").Replace(section[lists:]))
	text.WriteString("access-group inside in interface inside\naccess-group wan in interface wan\n")
	job := zonesJob(21)
	have, err := Target{}.Parse(strings.NewReader(text.String()), parseOptions(&job))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		c, problems := Plan(have, job, targets.PlanOptions{})
		if c == nil || len(c.Steps) != 1000 {
			b.Fatal(problems, len(c.Steps))
		}
	}
}
