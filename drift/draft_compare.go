package drift

import (
	"fmt"
	"slices"

	"github.com/nbfwc/nbfwc/compile"
	"github.com/nbfwc/nbfwc/ruleset"
)

// finish is the graph and the text of the draft with all that is in it.
func (d *drafter) finish() (*compile.Graph, []byte, error) {
	text, err := d.text()
	if err != nil {
		return nil, nil, err
	}
	g, err := d.load(nil)
	return g, text, err
}

// differences compares what the draft opens with a configuration: for
// NetBackup's own ports, and for all that the draft opens.
func (d *drafter) differences(g *compile.Graph, i int) (ruleset.Difference, *ruleset.RuleSet, error) {
	fw := d.firewalls[i]
	ours := g.Firewalls[slices.IndexFunc(g.Firewalls, func(c *compile.Firewall) bool { return c.Name == fw.label })]
	want := g.RuleSet(ours)
	ports := d.ownPorts()
	for _, s := range want.Stages {
		for k := range s.Rules {
			ports = ports.Union(s.Rules[k].Service)
		}
	}
	have, then := fw.scoped(fw.rs, ports), fw.scoped(&want, ports)
	then.Behind = g.Behind(ours)
	diff, err := ruleset.Compare(have, then, ruleset.CompareOptions{MaxBoxes: maxBoxes})
	return diff, have, err
}

func (d *drafter) ownPorts() ruleset.ServiceSet { return OwnPorts(d.catalog) }

// compare lists what the draft leaves over of a configuration.
func (d *drafter) compare(g *compile.Graph, i int, out *Draft) error {
	fw := d.firewalls[i]
	diff, have, err := d.differences(g, i)
	if err != nil {
		return err
	}
	equal := true
	at := map[string]int{}
	add := func(kind, why string, rule *ruleset.Rule, b ruleset.Box) {
		equal = false
		key, name, line := ruleKey(rule)
		key += kind
		k, ok := at[key]
		if !ok {
			k = len(out.Left)
			at[key] = k
			out.Left = append(out.Left, Leftover{Firewall: fw.label, Kind: kind, Rule: name, Line: line, Why: why})
		}
		if l := &out.Left[k]; len(l.Boxes) < shownBoxes {
			l.Boxes = append(l.Boxes, b)
		} else {
			l.More++
		}
	}
	own := d.ownPorts()
	for k := range diff.Certain {
		x := &diff.Certain[k]
		rule := decider(have, x.HaveBy)
		if x.Want == ruleset.Passes {
			add("extra", "the draft opens more than the configuration", rule, x.Box)
			continue
		}
		b := x.Box
		if b.Service = b.Service.Intersect(own); x.Have == ruleset.Passes && !b.Service.IsEmpty() {
			add("missing", d.whyMissing(rule, b), rule, b)
		}
	}
	for k := range diff.Unknown {
		x := &diff.Unknown[k]
		b := x.Box
		if x.Want != ruleset.Passes {
			b.Service = b.Service.Intersect(own)
		}
		if !b.Service.IsEmpty() {
			add("unclear", fmt.Sprintf("it depends on %s, which is not modelled", few(x.Unknowns)), condition(have, x.HaveBy), b)
		}
	}
	if n := diff.MoreCertain + diff.MoreUnknown; n > 0 {
		equal = false
		out.Left = append(out.Left, Leftover{Firewall: fw.label, Kind: "unclear", Why: "there are more differences than are listed", More: n})
	}
	out.Firewalls = append(out.Firewalls, DraftFirewall{fw.label, fw.File, fw.Target, len(fw.permits), equal})
	return nil
}

func (d *drafter) whyMissing(rule *ruleset.Rule, b ruleset.Box) string {
	switch {
	case b.Service.Intersect(ReservedPorts(d.catalog)).Equal(b.Service):
		return "the ports must not be open through a firewall"
	case rule == nil:
		return "no rule names the hosts: the default lets the packets pass"
	case size(rule.Src) >= wide || size(rule.Dst) >= wide:
		return "the rule names too many addresses to make hosts of them"
	}
	return "a policy can't say it: where an address lies, or its source ports"
}

func few(list []string) string {
	if len(list) > 3 {
		return fmt.Sprintf("%s, %s, %s and %d more", list[0], list[1], list[2], len(list)-3)
	}
	text := ""
	for i, s := range list {
		if i > 0 {
			text += ", "
		}
		text += s
	}
	return text
}
