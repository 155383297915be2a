package cisco_asa

import (
	"strings"
	"testing"

	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
)

// TestRender: a job, and the text that a device is given.
func TestRender(t *testing.T) {
	golden(t, "render", "config", func(t *testing.T, file map[string]string) string {
		job, _ := testJob(t, file["job"])
		text := rendered(t, job)
		roundTrip(t, job, text)
		return text
	})
}

// roundTrip reads a text that was rendered and compares what it does.
func roundTrip(t testing.TB, job targets.Job, text string) {
	t.Helper()
	c, err := Target{}.Parse(strings.NewReader(text), parseOptions(&job))
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Problems) > 0 && len(job.UseObjects) == 0 {
		t.Errorf("problems: %v\n%s", c.Problems, text)
	}
	want := Effective(job)
	if len(job.UseObjects) > 0 {
		return
	}
	d, err := ruleset.Compare(&c.RuleSet, &want, ruleset.CompareOptions{Effects: true, MaxBoxes: 3})
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range append(d.Certain, d.Unknown...) {
		t.Errorf("read back %v %+v, effective %v %+v: %v\n%s", x.Have, x.HaveBy, x.Want, x.WantBy, x.Witness, text)
	}
}
