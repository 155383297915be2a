package fortigate

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/nbfwc/nbfwc/targets"
)

// FuzzPlan: whatever a device prints, a plan is made or refused, and its
// commands are lines that can be typed.
func FuzzPlan(f *testing.F) {
	files, err := filepath.Glob("testdata/plan/*.txtar")
	if err != nil || len(files) == 0 {
		f.Fatal(err)
	}
	var job, before string
	for _, name := range files {
		a, err := txtar.ParseFile(name)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range a.Files {
			switch {
			case file.Name == "have.conf":
				f.Add(string(file.Data))
			case file.Name == "job.json" && strings.Contains(name, "second-rule"):
				job = string(file.Data)
			case file.Name == "before.conf" && strings.Contains(name, "restore-a-host"):
				before = string(file.Data)
			}
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		j, err := readJob([]byte(job))
		if err != nil {
			t.Fatal(err)
		}
		have, err := Target{}.Parse(strings.NewReader(text), optionsOf(&j))
		if err != nil {
			return
		}
		j.Anchor = "bottom"
		earlier := parsed(t, before, targets.ParseOptions{})
		for _, plan := range []func() (*targets.Change, []targets.Problem){
			func() (*targets.Change, []targets.Problem) {
				return Target{}.Plan(have, j, targets.PlanOptions{TakeOver: true})
			},
			func() (*targets.Change, []targets.Problem) { return Target{}.Restore(have, earlier) },
			func() (*targets.Change, []targets.Problem) { return Target{}.Restore(earlier, have) },
		} {
			c, problems := plan()
			if (c == nil) == (len(problems) == 0) {
				t.Fatalf("%v, %v", c, problems)
			}
			if c == nil {
				continue
			}
			for _, s := range c.Steps {
				for _, line := range s.Commands {
					if !canBeTyped(line) || line != strings.TrimSpace(line) || line == "" {
						t.Fatalf("%q", line)
					}
				}
			}
		}
	})
}
