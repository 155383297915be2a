package paloalto

import (
	"io"

	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
)

// Target is Palo Alto PAN-OS; its zero value is ready.
type Target struct{}

var _ targets.Target = Target{}

// Name is the word that a policy uses.
func (Target) Name() string { return "paloalto" }

// FileSuffix ends the names of output files.
func (Target) FileSuffix() string { return ".set" }

// Check returns what of a job can't be expressed.
func (Target) Check(job targets.Job) []targets.Problem { return Check(job) }

// Render writes the complete configuration of a job as set commands.
func (Target) Render(w io.Writer, job targets.Job) error { return Render(w, job) }

// Effective returns what a firewall does that has loaded what Render writes.
func (Target) Effective(job targets.Job) ruleset.RuleSet { return Effective(job) }

// Parse reads what a firewall or Panorama printed, in any of its forms.
func (Target) Parse(r io.Reader, opt targets.ParseOptions) (*targets.Config, error) {
	return parse(r, opt)
}

// Plan returns the edits of the candidate that make it do what the job wants,
// and the commit that makes them take effect.
func (Target) Plan(have *targets.Config, job targets.Job, opt targets.PlanOptions) (*targets.Change, []targets.Problem) {
	return plan(have, &job, opt)
}

// Restore returns the change that takes what is ours back to what it was before.
func (Target) Restore(have, before *targets.Config) (*targets.Change, []targets.Problem) {
	return restore(have, before)
}
