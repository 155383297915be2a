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

// Parse reads what nft printed, or a file that Render wrote.
func (Target) Parse(r io.Reader, opt targets.ParseOptions) (ruleset.RuleSet, []targets.Problem, error) {
	return Parse(r, opt)
}
