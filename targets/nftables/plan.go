package nftables

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
)

// A config is what Plan and Restore need of a listing.
type config struct {
	text string
	opt  targets.ParseOptions
}

// parse reads a listing as a configuration.
func parse(text string, opt targets.ParseOptions) (*targets.Config, error) {
	had, problems, err := readEither(text)
	if err != nil {
		return nil, fmt.Errorf("read nftables listing: %w", err)
	}
	tr := newTranslation(&had, opt)
	c := &targets.Config{
		Lines: strings.Count(strings.TrimSuffix(text, "\n"), "\n") + 1, RuleSet: tr.ruleSet(),
		Model: &config{text, opt},
	}
	c.Problems = append(problems, tr.problems...)
	c.Digest = digest(&c.RuleSet)
	return c, nil
}

// digest is what the verdicts of a rule set depend on: counters, handles and
// comments are not in it, nor the order of what excludes each other.
func digest(rs *ruleset.RuleSet) string {
	h := sha256.New()
	for _, s := range ordered(rs).Stages {
		fmt.Fprintf(h, "stage %q %v %v %v %v\n", s.Name, s.In, s.Out, s.Default, s.Effects)
		for i := range s.Rules {
			r := &s.Rules[i]
			opaque := ""
			if r.Opaque != nil {
				opaque = r.Opaque.ID
			}
			fmt.Fprintf(h, "%v %v %v %v %v %v %v %q\n", r.Action, r.In, r.Out, r.Src, r.Dst, r.Service, r.Effects, opaque)
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

// plan replaces what is ours by what Render writes, at once.
func plan(have *targets.Config, job targets.Job) (*targets.Change, []targets.Problem) {
	var file strings.Builder
	if err := Render(&file, job); err != nil {
		if problems := Check(job); len(problems) > 0 {
			return nil, problems
		}
		return nil, []targets.Problem{{Why: err.Error()}}
	}
	was := have.Model.(*config)
	if job.Manage == targets.Exclusive {
		return replace(have, was, file.String(), file.String(), piece.isTable, "replace the table of ours")
	}
	at, err := parseAnchor(job.Anchor)
	if err != nil {
		return nil, []targets.Problem{{Text: job.Anchor, Why: err.Error()}}
	}
	if p := at.problem(was.text); p != nil {
		return nil, []targets.Problem{*p}
	}
	c, problems := replace(have, was, file.String(), file.String(), func(p piece) bool { return p.table == at.family+" "+at.table && p.ours() }, "replace the chains and sets of ours in table "+at.table)
	if c != nil {
		c.Findings = append(c.Findings, at.notEntered(was.text)...)
	}
	return c, problems
}

// restore puts back what was ours. It needs the text form of the listing, which
// nft takes back as it printed it.
func restore(have, before *targets.Config) (*targets.Change, []targets.Problem) {
	was, then := have.Model.(*config), before.Model.(*config)
	if isJSON(was.text) || isJSON(then.text) {
		return nil, []targets.Problem{{Why: `going back needs the listings as text: save the output of "nft -s list ruleset"`}}
	}
	now, err := piecesOf(was.text)
	if err != nil {
		return nil, []targets.Problem{{Why: err.Error()}}
	}
	old, err := piecesOf(then.text)
	if err != nil {
		return nil, []targets.Problem{{Why: err.Error()}}
	}
	file, blocks := undo(now, old)
	return replace(have, was, file, blocks, func(p piece) bool { return p.ours() || p.isTable() }, "put back the chains and sets that were ours")
}

// undo is a file that makes what is ours what it was, and what it adds where
// nothing is ours.
func undo(now, old []piece) (file, blocks string) {
	var head strings.Builder
	if slices.ContainsFunc(now, piece.isTable) || slices.ContainsFunc(old, piece.isTable) {
		head.WriteString("table inet " + table + "\ndelete table inet " + table + "\n")
	}
	for _, p := range now {
		if p.kind == "chain" && p.ours() {
			head.WriteString("flush chain " + p.table + " " + p.name + "\n")
		}
	}
	stays := map[string]bool{} // chains that others may jump to; sets are made anew
	for _, p := range old {
		if p.kind == "chain" && p.ours() {
			stays[p.table+" "+p.name] = true
			head.WriteString("add chain " + p.table + " " + p.name + "\n")
		}
	}
	for _, p := range now {
		if p.ours() && (p.kind != "chain" || !stays[p.table+" "+p.name]) {
			head.WriteString("delete " + p.kind + " " + p.table + " " + p.name + "\n")
		}
	}
	blocks = blocksOf(slices.DeleteFunc(slices.Clone(old), func(p piece) bool { return !p.isTable() && !p.ours() }))
	return head.String() + blocks, blocks
}

// replace is the change that loads a file which replaces the pieces that are
// ours; no change if the machine does the same already. Where nothing is ours,
// the file adds the blocks.
func replace(have *targets.Config, was *config, file, blocks string, ours func(piece) bool, why string) (*targets.Change, []targets.Problem) {
	rest, had, err := without(was.text, ours)
	if err != nil {
		return nil, []targets.Problem{{Why: err.Error()}}
	}
	then, err := parse(loaded(rest, blocks), was.opt)
	if err != nil {
		return nil, []targets.Problem{{Why: "what would be loaded isn't understood: " + err.Error()}}
	}
	c := &targets.Change{Result: then.RuleSet}
	if had && unchanged(&have.RuleSet, &then.RuleSet) || !had && strings.TrimSpace(file) == "" {
		return c, nil
	}
	c.Steps = []targets.Step{{Why: why, Commands: strings.Split(strings.TrimSuffix(file, "\n"), "\n")}}
	c.Connections = []string{"Connections that the kernel tracks as established go on, also those that are no longer permitted, until they end or time out."}
	c.Cut = []string{"conntrack -F"}
	return c, nil
}

// unchanged says whether two rule sets are spelled alike but for comments.
func unchanged(have, want *ruleset.RuleSet) bool {
	return ruleset.SameSpelling(unnamed(have), unnamed(want))
}

// unnamed is the rule set without what nft doesn't keep: the names of hosts, and
// members that others of the group contain. The rules are in an order of their
// own.
func unnamed(rs *ruleset.RuleSet) *ruleset.RuleSet {
	out := *ordered(rs)
	out.Groups = slices.Clone(rs.Groups)
	for i := range out.Groups {
		g := &out.Groups[i]
		g.Members = nil
		for _, r := range g.Set.Ranges() {
			g.Members = append(g.Members, ruleset.Member{Range: r})
		}
	}
	return &out
}
