package cisco_asa

import (
	"io"

	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
)

// Target is Cisco ASA; its zero value is ready.
type Target struct{}

// Name is the word that a policy uses.
func (Target) Name() string { return "cisco_asa" }

// FileSuffix ends the names of output files.
func (Target) FileSuffix() string { return ".asa" }

// Check returns what of a job can't be expressed.
func (Target) Check(job targets.Job) []targets.Problem { return Check(job) }

// Render writes the complete configuration of a job.
func (Target) Render(w io.Writer, job targets.Job) error { return Render(w, job) }

// Effective returns what a device does that has loaded what Render writes.
func (Target) Effective(job targets.Job) ruleset.RuleSet { return Effective(job) }

// Parse reads what "show running-config" printed, or what Render wrote.
func (Target) Parse(r io.Reader, opt targets.ParseOptions) (*targets.Config, error) {
	return parse(r, opt)
}

// Plan returns the change from a device to a job.
func (Target) Plan(have *targets.Config, job targets.Job, opt targets.PlanOptions) (*targets.Change, []targets.Problem) {
	return Plan(have, job, opt)
}

// Restore returns the change that takes what is ours back to what it was.
func (Target) Restore(have, before *targets.Config) (*targets.Change, []targets.Problem) {
	return Restore(have, before)
}

var _ targets.Target = Target{}
