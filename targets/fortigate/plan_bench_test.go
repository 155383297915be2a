package fortigate

import (
	"bytes"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"testing"

	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
)

// largeJob has 10,000 hosts in ten groups and 100 rules.
func largeJob() targets.Job {
	any := ruleset.NotIfaces(ruleset.Self)
	job := targets.Job{Firewall: "edge", Prefix: "NBU-", Anchor: "bottom", Interfaces: []targets.Interface{{Label: "core", Devices: []string{"core"}}, {Label: "dmz", Devices: []string{"dmz"}}}}
	a := netip.MustParseAddr("10.0.0.1")
	for g := range 10 {
		group := ruleset.Group{Name: fmt.Sprintf("NBU-g%d", g)}
		for range 1_000 {
			group.Members = append(group.Members, ruleset.Member{Range: ruleset.Range{From: a, To: a}, Name: "host-" + a.String()})
			a = a.Next().Next()
		}
		group.Set = ruleset.MemberSet(group.Members)
		job.Want.Groups = append(job.Want.Groups, group)
	}
	stage := ruleset.Stage{Name: "forward", In: any, Out: any, Default: ruleset.Deny}
	for i := range 10 {
		for k := range 10 {
			s, d := &job.Want.Groups[i], &job.Want.Groups[k]
			stage.Rules = append(stage.Rules, ruleset.Rule{Name: fmt.Sprintf("NBU-r%d-%d", i, k), In: ruleset.Ifaces("core"), Out: ruleset.Ifaces("dmz"),
				SrcGroup: s.Name, DstGroup: d.Name, Src: s.Set, Dst: d.Set, Service: serviceSet("tcp 1556, tcp 13724"), Action: ruleset.Permit})
		}
	}
	job.Want.Stages = []ruleset.Stage{stage}
	return job
}

func BenchmarkRender(b *testing.B) {
	job := largeJob()
	b.ReportAllocs()
	for b.Loop() {
		if err := (Target{}).Render(io.Discard, job); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkPlan plans one more host where there are 10,000, and 500 policies
// of others.
func BenchmarkPlan(b *testing.B) {
	job := largeJob()
	var text bytes.Buffer
	if err := (Target{}).Render(&text, job); err != nil {
		b.Fatal(err)
	}
	text.WriteString("config firewall policy\n")
	for i := range 500 {
		action := "        set action accept\n"
		if i%10 == 0 {
			action = ""
		}
		fmt.Fprintf(&text, "    edit %d\n        set srcintf \"core\"\n        set dstintf \"lan%d\"\n%s        set srcaddr \"all\"\n        set dstaddr \"all\"\n        set schedule \"always\"\n        set service \"HTTPS\"\n    next\n", i+1, i%7, action)
	}
	text.WriteString("end\n")
	have, err := (Target{}).Parse(strings.NewReader(strings.TrimPrefix(text.String(), sectionRemark)), optionsOf(&job))
	if err != nil {
		b.Fatal(err)
	}
	g := &job.Want.Groups[3]
	one := netip.MustParseAddr("10.200.0.1")
	g.Members = append(g.Members[:len(g.Members):len(g.Members)], ruleset.Member{Range: ruleset.Range{From: one, To: one}})
	g.Set = ruleset.MemberSet(g.Members)
	for i := range job.Want.Stages[0].Rules {
		r := &job.Want.Stages[0].Rules[i]
		if r.SrcGroup == g.Name {
			r.Src = g.Set
		}
		if r.DstGroup == g.Name {
			r.Dst = g.Set
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		c, problems := Target{}.Plan(have, job, targets.PlanOptions{})
		if len(problems) > 0 || len(c.Steps) != 2 {
			b.Fatal(problems, len(c.Steps))
		}
	}
}
