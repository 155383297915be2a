package paloalto

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/nbfwc/nbfwc/targets"
)

// FuzzPlan: whatever a device prints, a plan for it types single lines that it
// can take, or is refused with a reason, and so is the way back.
func FuzzPlan(f *testing.F) {
	files, err := filepath.Glob("testdata/plan/*.txtar")
	if err != nil || len(files) == 0 {
		f.Fatal("no stories", err)
	}
	for _, file := range files {
		a, err := txtar.ParseFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for _, part := range a.Files {
			if strings.HasSuffix(part.Name, ".set") {
				f.Add(string(part.Data), len(part.Data)%2 == 0)
			}
		}
	}
	job, err := readJob("anchor top\ninterface core = core\ninterface dmz = dmz\ngroup NBU-client = 192.0.2.11 web1, 192.0.2.0/24\n" +
		"permit NBU-media-to-client: core -> dmz, 10.0.0.21 -> @NBU-client, tcp 1556, icmp 8/0; idle 8h\n")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string, exclusive bool) {
		job := job
		if exclusive {
			job.Manage, job.Anchor = targets.Exclusive, ""
		}
		have, err := parse(strings.NewReader(text), parseOptions(&job))
		if err != nil {
			return
		}
		blank, err := parse(strings.NewReader("set zone core network layer3 ethernet1/1\n"), parseOptions(&job))
		if err != nil {
			t.Fatal(err)
		}
		look := func(c *targets.Change, problems []targets.Problem) {
			if (c == nil) != (len(problems) > 0) {
				t.Fatalf("%v and %v", c, problems)
			}
			if c == nil {
				return
			}
			for _, s := range c.Steps {
				for _, command := range s.Commands {
					if strings.ContainsAny(command, "\n\r\x00") || strings.Count(command, `"`)%2 != 0 {
						t.Fatalf("%q", command)
					}
				}
			}
		}
		look(Target{}.Plan(have, job, targets.PlanOptions{TakeOver: true}))
		look(Target{}.Restore(have, blank))
		look(Target{}.Restore(blank, have))
	})
}
