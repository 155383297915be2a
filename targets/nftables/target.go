package nftables

import (
	"io"

	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
)

// Target is nftables; its zero value is ready.
type Target struct{}

// Name is the word that a policy uses.
func (Target) Name() string { return "nftables" }

// FileSuffix ends the names of output files.
func (Target) FileSuffix() string { return ".nft" }

// Check returns what of a job can't be expressed.
func (Target) Check(job targets.Job) []targets.Problem { return Check(job) }

// Render writes the complete configuration of a job.
func (Target) Render(w io.Writer, job targets.Job) error { return Render(w, job) }

// Effective returns what a machine does that has loaded what Render writes.
func (Target) Effective(job targets.Job) ruleset.RuleSet { return Effective(job) }

// Parse reads what nft printed, or a file that Render wrote.
func (Target) Parse(r io.Reader, opt targets.ParseOptions) (*targets.Config, error) {
	text, err := readListing(r)
	if err != nil {
		return nil, err
	}
	return parse(text, opt)
}

// Plan returns the one step that loads what Render writes.
func (Target) Plan(have *targets.Config, job targets.Job, _ targets.PlanOptions) (*targets.Change, []targets.Problem) {
	return plan(have, job)
}

// Restore returns the one step that puts back what was ours.
func (Target) Restore(have, before *targets.Config) (*targets.Change, []targets.Problem) {
	return restore(have, before)
}
