package view

import (
	"io"

	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
)

// ConfigDiffDocument answers "diff -json" for two running configurations.
type ConfigDiffDocument struct {
	Document
	Old     string         `json:"old"`
	New     string         `json:"new"`
	Differs []ConfigChange `json:"differs"`
	Unclear []ConfigChange `json:"unclear"`
	Routing []ConfigChange `json:"routing"`
	More    int            `json:"more"`
	// Lines that were not understood.
	OldUnread []ConfigProblem `json:"old_unread"`
	NewUnread []ConfigProblem `json:"new_unread"`
}

// ConfigChange is packets that two configurations treat differently.
type ConfigChange struct {
	Packets     Packets  `json:"packets"`
	Old         string   `json:"old"`
	New         string   `json:"new"`
	OldRule     string   `json:"old_rule,omitempty"`
	OldLine     int      `json:"old_line,omitempty"`
	NewRule     string   `json:"new_rule,omitempty"`
	NewLine     int      `json:"new_line,omitempty"`
	EffectsOnly bool     `json:"effects_only"`
	Depends     []string `json:"depends"`
	Example     string   `json:"example"`
}

// ConfigDiff makes the document of a difference of two rule sets.
func ConfigDiff(oldName, newName string, oldRules, newRules *ruleset.RuleSet, d ruleset.Difference, oldUnread, newUnread []targets.Problem) ConfigDiffDocument {
	changes := func(list []ruleset.Disagreement) []ConfigChange {
		out := make([]ConfigChange, len(list))
		for i := range list {
			x := &list[i]
			c := ConfigChange{
				Packets: packetsOf(x.Box), Old: x.Have.String(), New: x.Want.String(), EffectsOnly: x.EffectsOnly,
				Depends: append([]string{}, x.Unknowns...), Example: x.Witness.String(),
			}
			c.OldRule, c.OldLine = lastRule(oldRules, x.HaveBy)
			c.NewRule, c.NewLine = lastRule(newRules, x.WantBy)
			out[i] = c
		}
		return out
	}
	return ConfigDiffDocument{
		Document: document("config-diff"), Old: oldName, New: newName,
		Differs: changes(d.Certain), Unclear: changes(d.Unknown), Routing: changes(d.Routing),
		More:      d.MoreCertain + d.MoreUnknown + d.MoreRouting,
		OldUnread: problemsOf(oldUnread), NewUnread: problemsOf(newUnread),
	}
}

// lastRule is the rule that decided, "" and 0 for a default.
func lastRule(rs *ruleset.RuleSet, by []ruleset.Decision) (string, int) {
	for i := len(by) - 1; i >= 0; i-- {
		if d := by[i]; d.Rule >= 0 {
			r := &rs.Stages[d.Stage].Rules[d.Rule]
			return r.Name, r.Line
		}
	}
	return "", 0
}

// WriteConfigDiff writes a difference of two configurations for people.
func WriteConfigDiff(w io.Writer, doc ConfigDiffDocument, width int) error {
	p := &paragraphs{width: width}
	p.unread(doc.Old, doc.OldUnread)
	p.unread(doc.New, doc.NewUnread)
	if len(doc.Differs)+len(doc.Unclear) == 0 {
		p.line(0, "Both treat all packets the same.")
	}
	p.configChanges("Treated differently", doc.Differs)
	p.configChanges("Perhaps treated differently", doc.Unclear)
	p.configChanges("Treated differently only if the routing is other than stated", doc.Routing)
	if doc.More > 0 {
		p.line(0, "%s more are not shown.", Count(doc.More, "set of packets", "sets of packets"))
	}
	_, err := io.WriteString(w, p.b.String())
	return err
}

func (p *paragraphs) unread(name string, list []ConfigProblem) {
	if len(list) == 0 {
		return
	}
	p.line(0, "%s: %s not understood, as line %d%s: %s", name, Count(len(list), "line is", "lines are"), list[0].Line, quoted(list[0].Text), list[0].Why)
}

func (p *paragraphs) configChanges(title string, list []ConfigChange) {
	if len(list) == 0 {
		return
	}
	p.line(0, "")
	p.line(0, "%s:", title)
	for _, c := range list {
		way := ""
		if c.Packets.In != "any" || c.Packets.Out != "any" {
			way = c.Packets.In + " to " + c.Packets.Out + ": "
		}
		p.line(2, "%s%s -> %s: %s", way, few(c.Packets.Sources), few(c.Packets.Destinations), c.Packets.Service)
		before, after := c.Old, c.New
		if c.EffectsOnly {
			after += ", with another timeout, log or profile"
		}
		p.line(6, "old: %s by %s; new: %s by %s", before, deciding(c.OldRule, c.OldLine), after, deciding(c.NewRule, c.NewLine))
		if len(c.Depends) > 0 {
			p.line(6, "depends on %s", few(c.Depends))
		}
		p.line(6, "for example %s", c.Example)
	}
}

func deciding(rule string, line int) string {
	if rule == "" && line == 0 {
		return "the default"
	}
	return ruleWords(rule, line)
}
