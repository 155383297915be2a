package drift

import (
	"cmp"
	"fmt"
	"net/netip"
	"path"
	"slices"
	"strings"

	"github.com/nbfwc/nbfwc/ruleset"
)

type prefix = netip.Prefix

// maxPermits bounds the boxes of packets of one configuration that a draft is
// made of.
const maxPermits = 20_000

// read takes what the configurations let pass on NetBackup's own ports for
// certain and between bounded sets.
func (d *drafter) read(sources []Source) error {
	labels := unique{}
	for _, s := range sources {
		base := strings.TrimSuffix(path.Base(s.File), path.Ext(s.File))
		fw := &draftFirewall{Source: s}
		fw.label = labels.pick(cmp.Or(safeLabel(s.Config.Hostname), safeLabel(base), "firewall"))
		d.firewalls = append(d.firewalls, fw)
		d.readInterfaces(fw)
		if err := d.readPermits(fw); err != nil {
			return err
		}
		for _, f := range Unread(fw.label, s.Config) {
			d.left = append(d.left, Leftover{Firewall: fw.label, Kind: "unread", Rule: f.Rule, Line: f.Line, Why: strings.TrimSpace(f.Summary + " " + f.Detail)})
		}
	}
	return nil
}

// readInterfaces takes the interfaces that the text has, and those that only
// rules name.
func (d *drafter) readInterfaces(fw *draftFirewall) {
	labels, renamed := unique{}, map[string]string{}
	add := func(device string, line int) *draftInterface {
		label := device
		if !isWord(device) || labels[device] {
			label = labels.pick(cmp.Or(safeLabel(device), "interface"))
			d.left = append(d.left, Leftover{Firewall: fw.label, Kind: "dropped", Rule: device, Line: line,
				Why: fmt.Sprintf("the name of the interface can't stand in a policy; the draft calls it %s: rename it on the device", label)})
		}
		labels[label] = true
		renamed[device] = label
		i := &draftInterface{label: label, device: device}
		fw.interfaces = append(fw.interfaces, i)
		return i
	}
	for _, c := range fw.Config.Interfaces {
		if _, ok := renamed[c.Label]; ok || c.Label == ruleset.Self {
			continue
		}
		i := add(c.Label, c.Line)
		for _, n := range c.Networks {
			if n.Bits() == 0 {
				i.byDefault = true
			} else if n.IsValid() && !slices.Contains(i.networks, n.Masked()) {
				i.networks = append(i.networks, n.Masked())
			}
		}
	}
	for _, label := range ruleLabels(&fw.Config.RuleSet) {
		if _, ok := renamed[label]; !ok {
			add(label, 0)
		}
	}
	if len(fw.interfaces) == 0 {
		add("unknown", 0).byDefault = true
	}
	first := true
	var all []string
	for _, i := range fw.interfaces {
		i.byDefault = i.byDefault && first
		first = first && !i.byDefault
		all = append(all, i.label)
	}
	fw.known = ruleset.Ifaces(all...)
	fw.rs = renameInterfaces(&fw.Config.RuleSet, renamed)
}

// ruleLabels are the labels that stages and rules name, sorted.
func ruleLabels(rs *ruleset.RuleSet) []string {
	seen := map[string]bool{ruleset.Self: true}
	var out []string
	add := func(s ruleset.IfaceSet) {
		labels, _ := s.Labels()
		for _, l := range labels {
			if !seen[l] {
				seen[l] = true
				out = append(out, l)
			}
		}
	}
	for _, s := range rs.Stages {
		add(s.In)
		add(s.Out)
		for i := range s.Rules {
			add(s.Rules[i].In)
			add(s.Rules[i].Out)
		}
	}
	slices.Sort(out)
	return out
}

// renameInterfaces is the rule set with other labels, without Behind.
func renameInterfaces(rs *ruleset.RuleSet, names map[string]string) *ruleset.RuleSet {
	out := *rs
	out.Behind = nil
	same := true
	for from, to := range names {
		same = same && from == to
	}
	if same {
		return &out
	}
	rename := func(s ruleset.IfaceSet) ruleset.IfaceSet {
		labels, except := s.Labels()
		labels = slices.Clone(labels)
		for i, l := range labels {
			labels[i] = cmp.Or(names[l], l)
		}
		if except {
			return ruleset.NotIfaces(labels...)
		}
		return ruleset.Ifaces(labels...)
	}
	out.Stages = slices.Clone(rs.Stages)
	for i := range out.Stages {
		s := &out.Stages[i]
		s.In, s.Out = rename(s.In), rename(s.Out)
		s.Rules = slices.Clone(s.Rules)
		for k := range s.Rules {
			s.Rules[k].In, s.Rules[k].Out = rename(s.Rules[k].In), rename(s.Rules[k].Out)
		}
	}
	return &out
}

// scoped is the rule set for packets with a service of the set that cross the
// firewall from one of its interfaces to another; all others are denied.
func (fw *draftFirewall) scoped(rs *ruleset.RuleSet, s ruleset.ServiceSet) *ruleset.RuleSet {
	out := within(rs, s)
	any := ruleset.Rule{Src: ruleset.AnyAddr(), Dst: ruleset.AnyAddr(), Service: ruleset.AnyService(), Action: ruleset.Deny}
	rules := &out.Stages[0].Rules
	labels, _ := fw.known.Labels()
	from, to := any, any
	from.In, to.Out = ruleset.NotIfaces(labels...), ruleset.NotIfaces(labels...)
	*rules = append(*rules, from, to)
	for _, l := range labels {
		same := any
		same.In, same.Out = ruleset.Ifaces(l), ruleset.Ifaces(l)
		*rules = append(*rules, same)
	}
	return out
}

// readPermits finds the packets that pass for certain and that a rule with few
// addresses at both ends permits: a further stage, which packets have to pass
// as well, has these rules alone.
func (d *drafter) readPermits(fw *draftFirewall) error {
	rs := fw.scoped(fw.rs, d.ports)
	bounded := ruleset.Stage{Name: "bounded", Default: ruleset.Deny}
	for _, s := range rs.Stages[1:] {
		for i := range s.Rules {
			r := s.Rules[i]
			if r.Action == ruleset.Permit && size(r.Src) < wide && size(r.Dst) < wide {
				r.Opaque = nil
				bounded.Rules = append(bounded.Rules, r)
			}
		}
	}
	if len(bounded.Rules) == 0 {
		return nil
	}
	rs.Stages = append(slices.Clone(rs.Stages), bounded)
	// The scope is a run of its own; so must the stages before the new one be.
	if k := len(rs.Stages) - 2; rs.Stages[k].Default == ruleset.Next {
		rs.Stages[k].Default = ruleset.Permit
	}
	diff, err := ruleset.Compare(nothing(rs), rs, ruleset.CompareOptions{MaxBoxes: maxPermits})
	if err != nil {
		return err
	}
	if diff.MoreCertain > 0 {
		return ErrDraftTooLarge
	}
	for i := range diff.Certain {
		x := &diff.Certain[i]
		b := draftBox{Box: x.Box, firewall: slices.Index(d.firewalls, fw)}
		if rule := decider(rs, x.WantBy); rule != nil {
			b.rule, b.line = rule.Name, rule.Line
		}
		fw.permits = append(fw.permits, b)
	}
	return nil
}

// unique are labels that are taken.
type unique map[string]bool

// pick returns the label, with a number where it is taken.
func (u unique) pick(label string) string {
	out := label
	for i := 2; u[out]; i++ {
		out = fmt.Sprintf("%s-%d", label[:min(len(label), 50)], i)
	}
	u[out] = true
	return out
}

// safeLabel is text as a label of the policy: a letter, then letters, digits, -
// and _. It is "" if nothing of the text can stay.
func safeLabel(text string) string {
	var b strings.Builder
	for _, r := range text {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		switch {
		case b.Len() == 40:
			return strings.TrimRight(b.String(), "-_")
		case letter, b.Len() > 0 && (r >= '0' && r <= '9' || r == '_' || r == '-'):
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	return strings.TrimRight(b.String(), "-_")
}

// isWord says whether a policy can name something of a device by this text.
func isWord(text string) bool {
	if text == "" || len(text) > 63 || strings.TrimSpace(text) != text {
		return false
	}
	for i := 0; i < len(text); i++ {
		if c := text[i]; c < ' ' || c >= 0x7f || strings.IndexByte("\"'`\\;{}$#?!|<>%", c) >= 0 {
			return false
		}
	}
	return true
}
