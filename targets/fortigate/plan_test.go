package fortigate

import (
	"fmt"
	"strings"
	"testing"

	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
)

// Each file of testdata/plan is a story: what a device has, and a job or what it
// had before; the steps from the one to the other, or why there are none.
func TestPlan(t *testing.T) {
	eachCase(t, "testdata/plan/*.txtar", func(t *testing.T, in map[string]string) map[string]string {
		out := map[string]string{"have.conf": in["have.conf"]}
		var change *targets.Change
		var problems []targets.Problem
		if before, ok := in["before.conf"]; ok {
			out["before.conf"] = before
			change, problems = Target{}.Restore(parsed(t, in["have.conf"], targets.ParseOptions{}), parsed(t, before, targets.ParseOptions{}))
		} else {
			job, err := readJob([]byte(in["job.json"]))
			if err != nil {
				t.Fatal(err)
			}
			if o, ok := in["options"]; ok {
				out["options"] = o
			}
			out["job.json"] = in["job.json"]
			have := parsed(t, in["have.conf"], optionsOf(&job))
			change, problems = Target{}.Plan(have, job, targets.PlanOptions{TakeOver: strings.Contains(in["options"], "take-over")})
			if change != nil {
				compareResult(t, have, &job, change)
			}
		}
		if problems != nil {
			out["problems"] = problemText(problems)
			return out
		}
		out["steps"] = stepText(change.Steps)
		if len(change.Findings) > 0 {
			out["findings"] = problemText(change.Findings)
		}
		if len(change.Cut) > 0 {
			out["cut"] = strings.Join(change.Cut, "\n") + "\n"
		}
		return out
	})
}

func stepText(steps []targets.Step) string {
	var b strings.Builder
	for _, s := range steps {
		fmt.Fprintf(&b, "# %s\n%s\n", s.Why, strings.Join(s.Commands, "\n"))
	}
	return b.String()
}

// compareResult holds that the packets of our permits pass after the change, and
// for an exclusive firewall that nothing else does.
func compareResult(t *testing.T, have *targets.Config, job *targets.Job, c *targets.Change) {
	t.Helper()
	if job.Manage == targets.Exclusive {
		if len(job.UseObjects) == 0 {
			want := (Target{}).Effective(*job)
			sameEffect(t, &c.Result, &want)
		}
		return
	}
	if len(c.Findings) > 0 {
		return // others decide before ours
	}
	for _, s := range job.Want.Stages {
		for i := range s.Rules {
			only := ruleset.RuleSet{Stages: []ruleset.Stage{{Rules: s.Rules[i : i+1], Default: ruleset.Deny}}}
			d, err := ruleset.Compare(&c.Result, &only, ruleset.CompareOptions{})
			if err != nil {
				t.Fatal(err)
			}
			for _, x := range d.Certain {
				if x.Want == ruleset.Passes {
					t.Errorf("%s permits %v, and it doesn't pass", s.Rules[i].Name, x.Witness)
				}
			}
		}
	}
}
