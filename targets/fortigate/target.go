package fortigate

import (
	"io"

	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
)

// Target is FortiGate; its zero value is ready.
type Target struct{}

// Name is the word that a policy uses.
func (Target) Name() string { return "fortigate" }

// FileSuffix ends the names of output files.
func (Target) FileSuffix() string { return ".conf" }

// Check returns what of a job can't be expressed.
func (Target) Check(job targets.Job) []targets.Problem { return newLayout(&job).problems }

// Render writes the complete configuration of a job, for a VDOM that has
// nothing of ours.
func (Target) Render(w io.Writer, job targets.Job) error { return render(w, job) }

// Effective returns what a VDOM does that has loaded what Render writes.
func (Target) Effective(job targets.Job) ruleset.RuleSet { return effective(job) }

// Parse reads what a FortiGate printed, or a file that Render wrote.
func (Target) Parse(r io.Reader, opt targets.ParseOptions) (*targets.Config, error) {
	return parse(r, opt)
}

// Plan returns the steps from what the device has to the job.
func (Target) Plan(have *targets.Config, job targets.Job, opt targets.PlanOptions) (*targets.Change, []targets.Problem) {
	return plan(have, job, opt)
}

// Restore returns the steps that put back what was ours before.
func (Target) Restore(have, before *targets.Config) (*targets.Change, []targets.Problem) {
	return restore(have, before)
}
