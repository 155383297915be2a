package nftables

import (
	"io"
	"strings"

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
	rs, problems, err := Parse(r, opt)
	if err != nil {
		return nil, err
	}
	return &targets.Config{RuleSet: rs, Problems: problems}, nil
}

// Plan loads what Render writes, at once.
func (Target) Plan(have *targets.Config, job targets.Job, _ targets.PlanOptions) (*targets.Change, []targets.Problem) {
	var b strings.Builder
	if err := Render(&b, job); err != nil {
		return nil, Check(job)
	}
	load := targets.Step{Why: "replace our table", Commands: strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")}
	return &targets.Change{Steps: []targets.Step{load}, Result: Effective(job)}, nil
}

// Restore loads our table as it was before.
func (Target) Restore(have, before *targets.Config) (*targets.Change, []targets.Problem) {
	return nil, []targets.Problem{{Why: "load the file of the earlier policy"}}
}
