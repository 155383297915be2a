package paloalto

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
)

// Each file of testdata/plan is a story: what a device has, a job (or what it had
// before, to restore), and the steps between, or why there are none.
func TestPlan(t *testing.T) {
	for _, file := range storiesIn(t, "plan", 10) {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) { planCase(t, file) })
	}
}

func planCase(t *testing.T, file string) {
	a, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	want, have := map[string]string{}, map[string]string{}
	for _, f := range a.Files {
		want[f.Name] = string(f.Data)
	}
	for _, name := range []string{"have.set", "job", "before.set", "options"} {
		if text, ok := want[name]; ok {
			have[name] = text
		}
	}
	job, err := readJob(want["job"])
	if err != nil {
		t.Fatal(err)
	}
	opt := parseOptions(&job)
	before := readDevice(t, want["have.set"], opt)
	var change *targets.Change
	var problems []targets.Problem
	old, restoring := want["before.set"]
	if restoring {
		change, problems = Target{}.Restore(before, readDevice(t, old, opt))
	} else {
		change, problems = Target{}.Plan(before, job, targets.PlanOptions{TakeOver: strings.Contains(want["options"], "take over")})
	}
	if change == nil {
		have["problems"] = problemLines(problems)
	} else {
		have["steps"] = stepLines(change.Steps)
		if len(change.Findings) > 0 {
			have["findings"] = problemLines(change.Findings)
		}
		if len(change.Connections) > 0 {
			have["connections"] = strings.Join(slices.Concat(change.Connections, change.Cut), "\n") + "\n"
		}
		after := applied(t, want["have.set"], change, opt)
		if !restoring {
			again, problems := Target{}.Plan(after, job, targets.PlanOptions{})
			if again == nil || len(again.Steps) > 0 {
				t.Errorf("the second plan isn't empty: %v %v", again, problems)
			}
		}
	}
	compareStory(t, file, a, want, have, []string{"have.set", "job", "before.set", "options", "steps", "findings", "connections", "problems"})
}

func readDevice(t *testing.T, text string, opt targets.ParseOptions) *targets.Config {
	t.Helper()
	c, err := parse(strings.NewReader(text), opt)
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return c
}

func stepLines(steps []targets.Step) string {
	var b strings.Builder
	for _, s := range steps {
		fmt.Fprintf(&b, "# %s\n", s.Why)
		for _, c := range s.Commands {
			b.WriteString(c + "\n")
		}
	}
	return b.String()
}

// applied types the steps of a change and reads the device again. What it does
// then is what the change says.
func applied(t *testing.T, text string, change *targets.Change, opt targets.ParseOptions) *targets.Config {
	t.Helper()
	c := readCandidate(text)
	for _, s := range change.Steps {
		for _, command := range s.Commands {
			c.do(command)
		}
	}
	if len(c.log) > 0 {
		t.Errorf("refused: %s", strings.Join(c.log, "\n"))
	}
	after := readDevice(t, c.text(), opt)
	if same, err := ruleset.SameEffect(&after.RuleSet, &change.Result); err != nil || !same {
		t.Errorf("the device does something else than the plan says: %v\n%s", err, c.text())
	}
	return after
}
