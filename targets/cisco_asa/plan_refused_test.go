package cisco_asa

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
)

const simpleJob = `manage exclusive
interface inside
interface dmz
group NBU-a 10.0.0.21 10.0.0.22
group NBU-b 192.0.2.10 192.0.2.11
permit inside dmz NBU-a NBU-b tcp/1556 # media server to client
`

// TestOtherModes: what isn't an ASA in routed mode is refused by its name.
func TestOtherModes(t *testing.T) {
	for _, text := range []string{"firewall transparent\n", ": Saved\nNGFW Version 7.0.1\n"} {
		job, _ := testJob(t, simpleJob)
		have, err := Target{}.Parse(strings.NewReader(text), parseOptions(&job))
		if err != nil {
			continue
		}
		if c, problems := (Target{}).Plan(have, job, targets.PlanOptions{TakeOver: true}); c != nil || len(problems) == 0 {
			t.Errorf("%q is planned for: %s", text, stepsText(c, nil))
		}
		if c, problems := (Target{}).Restore(have, have); c != nil || len(problems) == 0 {
			t.Errorf("%q is restored: %s", text, stepsText(c, nil))
		}
	}
}

// TestNoConfiguration: without a configuration, or with that of another vendor,
// there is no plan.
func TestNoConfiguration(t *testing.T) {
	job, _ := testJob(t, simpleJob)
	for _, c := range []*targets.Config{nil, {}, {Model: "of another vendor"}} {
		if change, problems := (Target{}).Plan(c, job, targets.PlanOptions{}); change != nil || len(problems) == 0 {
			t.Errorf("%v is planned for", c)
		}
		if change, problems := (Target{}).Restore(c, c); change != nil || len(problems) == 0 {
			t.Errorf("%v is restored", c)
		}
	}
}

// TestCheck: what a job can't ask for, and the words that say so. Jobs that
// policies can make are on the page of the target.
func TestCheck(t *testing.T) {
	rule := func(j *targets.Job) *ruleset.Rule { return &j.Want.Stages[0].Rules[0] }
	for _, c := range []struct {
		why  string
		with func(*targets.Job)
	}{
		{"device groups are Panorama's", func(j *targets.Job) { j.DeviceGroup = "dg" }},
		{"the prefix of our names", func(j *targets.Job) { j.Prefix = "N B" }},
		{"the prefix of our names", func(j *targets.Job) { j.Prefix = "" }},
		{"access lists don't filter what is for the firewall", func(j *targets.Job) { j.Self = true }},
		{"an anchor names a remark", func(j *targets.Job) { j.Manage, j.Anchor = targets.Section, "before x\nno access-list y" }},
		{"an interface can't be called", func(j *targets.Job) { j.Interfaces[0].Label = "" }},
		{"two interfaces have this label", func(j *targets.Job) { j.Interfaces = append(j.Interfaces, j.Interfaces[0]) }},
		{"a nameif is at most", func(j *targets.Job) { j.Interfaces[0].Devices = []string{"in side"} }},
		{"a nameif is at most", func(j *targets.Job) { j.Interfaces[0].Devices = []string{"x\nreload"} }},
		{"two groups have this name", func(j *targets.Job) { j.Want.Groups = append(j.Want.Groups, j.Want.Groups[0]) }},
		{"a group is named by the prefix", func(j *targets.Job) { j.Want.Groups[0].Name = "NBU-a b" }},
		{"a group is named by the prefix", func(j *targets.Job) { j.Want.Groups[0].Name = "servers" }},
		{"a group is named by the prefix", func(j *targets.Job) { j.Want.Groups[0].Name = "NBU-a.svc" }},
		{"is no range of addresses", func(j *targets.Job) { j.Want.Groups[0].Members = make([]ruleset.Member, 1) }},
		{"has no blanks", func(j *targets.Job) { j.UseObjects = map[string]string{"NBU-a": "x\nreload"} }},
		{"would be taken for ours", func(j *targets.Job) { j.UseObjects = map[string]string{"NBU-a": "NBU-x"} }},
		{"there is no such group", func(j *targets.Job) { j.UseObjects = map[string]string{"NBU-c": "x"} }},
		{"put all rules into one stage", func(j *targets.Job) { j.Want.Stages = append(j.Want.Stages, j.Want.Stages[0]) }},
		{"the stage is for some interfaces only", func(j *targets.Job) { j.Want.Stages[0].In = ruleset.Ifaces("inside") }},
		{"a section can't permit everything else", func(j *targets.Job) { j.Manage = targets.Section; j.Want.Stages[0].Default = ruleset.Permit }},
		{"an exclusive access list decides all packets", func(j *targets.Job) { j.Want.Stages[0].Default = ruleset.Next }},
		{"a condition that is not modelled", func(j *targets.Job) { rule(j).Opaque = &ruleset.Opaque{} }},
		{"a rule permits, denies or rejects", func(j *targets.Job) { rule(j).Action = ruleset.Next }},
		{"which no access list filters", func(j *targets.Job) { rule(j).Out = ruleset.Ifaces(ruleset.Self) }},
		{"no interface has the label", func(j *targets.Job) { rule(j).In = ruleset.Ifaces("wan") }},
		{"there is no group", func(j *targets.Job) { rule(j).SrcGroup = "NBU-c" }},
		{"doesn't have the addresses of the rule", func(j *targets.Job) { rule(j).Src = ruleset.Any4() }},
		{"can't be written in a service group", func(j *targets.Job) { rule(j).Service = ruleset.AnyService().Subtract(tcp) }},
		{"outside what the device takes", func(j *targets.Job) { rule(j).Idle = -1 }},
		{"refuses only between named addresses", func(j *targets.Job) {
			j.Manage = targets.Section
			*rule(j) = ruleset.Rule{Src: ruleset.AnyAddr(), Dst: ruleset.AnyAddr(), Service: tcp, Action: ruleset.Deny}
		}},
		{"names neither addresses nor services", func(j *targets.Job) {
			j.Manage = targets.Section
			*rule(j) = ruleset.Rule{Src: ruleset.AnyAddr(), Dst: ruleset.AnyAddr(), Service: ruleset.AnyService(), Action: ruleset.Permit}
		}},
	} {
		job, _ := testJob(t, simpleJob)
		c.with(&job)
		problems := Check(job)
		said := ""
		for _, p := range problems {
			said += p.Why + "\n"
		}
		if !strings.Contains(said, c.why) {
			t.Errorf("want %q, have %q", c.why, said)
		}
		var b strings.Builder
		if err := Render(&b, job); err == nil || b.Len() > 0 {
			t.Errorf("%s: Check refuses and Render writes %q", c.why, b.String())
		}
		if change, _ := Plan(bigConfig(t, plainJob(t)), job, targets.PlanOptions{}); change != nil {
			t.Errorf("%s: Check refuses and Plan plans", c.why)
		}
	}
}

func plainJob(t testing.TB) targets.Job {
	job, _ := testJob(t, simpleJob)
	return job
}

// FuzzPlan: whatever a device prints, a plan is a change or a refusal, and its
// commands are single lines.
func FuzzPlan(f *testing.F) {
	for _, dir := range []string{"plan", "parse"} {
		paths, err := filepath.Glob(filepath.Join("testdata", dir, "*.txtar"))
		if err != nil {
			f.Fatal(err)
		}
		for _, path := range paths {
			data, err := os.ReadFile(path)
			if err != nil {
				f.Fatal(err)
			}
			for _, file := range txtar.Parse(data).Files {
				if strings.Contains(string(file.Data), "access-") {
					f.Add(string(file.Data))
				}
			}
		}
	}
	exclusive := plainJob(f)
	f.Add(rendered(f, exclusive))
	section := exclusive
	section.Manage, section.Anchor = targets.Section, "top"
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 1<<16 {
			return
		}
		for _, job := range []targets.Job{exclusive, section} {
			have, err := Target{}.Parse(strings.NewReader(text), parseOptions(&job))
			if err != nil {
				return
			}
			c, problems := Target{}.Plan(have, job, targets.PlanOptions{TakeOver: true})
			if (c == nil) != (len(problems) > 0) {
				t.Fatalf("change %v, problems %v", c, problems)
			}
			back, problems := Target{}.Restore(have, have)
			if (back == nil) != (len(problems) > 0) {
				t.Fatalf("change %v, problems %v", back, problems)
			}
			for _, change := range []*targets.Change{c, back} {
				if change == nil {
					continue
				}
				for _, s := range change.Steps {
					for _, line := range s.Commands {
						if strings.ContainsAny(line, "\r\n\x00") {
							t.Fatalf("%q is no line", line)
						}
					}
				}
			}
		}
	})
}
