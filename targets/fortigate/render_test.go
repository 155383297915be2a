package fortigate

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/nbfwc/nbfwc/targets"
)

var updateGolden = flag.Bool("update", false, "rewrite testdata/render and testdata/plan")

// Each file of testdata/render is a story: a job, and what it becomes or what is
// wrong with it.
func TestRender(t *testing.T) {
	eachCase(t, "testdata/render/*.txtar", func(t *testing.T, in map[string]string) map[string]string {
		job, err := readJob([]byte(in["job.json"]))
		if err != nil {
			t.Fatal(err)
		}
		out := map[string]string{"job.json": in["job.json"]}
		var text bytes.Buffer
		err = Target{}.Render(&text, job)
		if problems := (Target{}).Check(job); len(problems) > 0 {
			out["problems"] = problemText(problems)
			if err == nil {
				t.Error("Render writes what Check refuses")
			}
		} else if err != nil {
			t.Errorf("Render refuses what Check lets pass: %v", err)
		} else {
			out["want.conf"] = text.String()
			c := parsed(t, text.String(), optionsOf(&job))
			if want := (Target{}).Effective(job); len(job.UseObjects) == 0 && !sameEffect(t, &c.RuleSet, &want) {
				t.Error("what is parsed has another effect")
			}
		}
		return out
	})
}

func problemText(list []targets.Problem) string {
	var b strings.Builder
	for _, p := range list {
		fmt.Fprintf(&b, "%s: %s\n", p.Text, p.Why)
	}
	return b.String()
}

// fileOrder is how the files of a case stand in it.
var fileOrder = []string{"have.conf", "before.conf", "job.json", "options", "want.conf", "problems", "steps", "findings", "cut"}

// eachCase runs each case and compares its files with those that come out of it.
func eachCase(t *testing.T, pattern string, run func(*testing.T, map[string]string) map[string]string) {
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) < 8 {
		t.Fatalf("%d cases, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			want := map[string]string{}
			for _, f := range a.Files {
				want[f.Name] = string(f.Data)
			}
			have := run(t, want)
			if *updateGolden {
				a.Files = nil
				for _, name := range fileOrder {
					if data, ok := have[name]; ok {
						a.Files = append(a.Files, txtar.File{Name: name, Data: []byte(data)})
					}
				}
				if err := os.WriteFile(file, txtar.Format(a), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if d := cmp.Diff(want, have); d != "" {
				t.Errorf("-want +have:\n%s", d)
			}
		})
	}
}
