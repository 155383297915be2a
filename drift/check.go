package drift

import (
	"fmt"
	"slices"
	"strings"

	"github.com/nbfwc/nbfwc/lang"
	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
)

// Inspection is what a running configuration does for NetBackup, without any
// policy.
type Inspection struct {
	Config *targets.Config
	// Permits are packets on NetBackup's own ports that pass from one zone or
	// interface to another, by the rule that lets them, in the order of the
	// rules.
	Permits  []Permit
	Findings []Finding
}

// Permit is what one rule lets pass on NetBackup's own ports.
type Permit struct {
	Rule  ruleset.Rule
	Boxes []ruleset.Box
	More  int
	// Services are the catalogue's names of the ports.
	Services []string
	// Unknowns are the conditions that it depends on and that are not modelled;
	// Rule is the first line that has one of them.
	Unknowns []string
}

// wide is how many IPv4 addresses are more than any set of backup hosts: a
// prefix of length 12.
const wide = 1 << 20

// Inspect says what a configuration does for NetBackup: lines that are not
// understood, rules that decide nothing, reserved ports that are open,
// NetBackup ports that are open to everything.
func Inspect(name string, c *lang.Catalog, have *targets.Config) (Inspection, error) {
	out := Inspection{Config: have, Findings: Unread(name, have)}
	reserved := ReservedPorts(c)
	ports := OwnPorts(c).Union(reserved)
	only, denied := within(&have.RuleSet, ports), nothing(&have.RuleSet)
	d, err := ruleset.Compare(denied, only, ruleset.CompareOptions{MaxBoxes: maxBoxes})
	if err != nil {
		return out, err
	}
	byRule := map[string]int{}
	permit := func(rule *ruleset.Rule, b ruleset.Box, unknowns []string) {
		key, _, _ := ruleKey(rule)
		if len(unknowns) > 0 {
			key = strings.Join(unknowns, "\n")
		}
		k, ok := byRule[key]
		if !ok {
			k = len(out.Permits)
			byRule[key] = k
			p := Permit{Unknowns: unknowns}
			if rule != nil {
				p.Rule = *rule
			}
			out.Permits = append(out.Permits, p)
		}
		p := &out.Permits[k]
		if len(p.Boxes) < shownBoxes {
			p.Boxes = append(p.Boxes, b)
		} else {
			p.More++
		}
	}
	budget := maxShares
	for i := range d.Certain {
		x := &d.Certain[i]
		for _, sh := range shares(only, x.Box, decider(only, x.WantBy), &budget) {
			permit(sh.rule, sh.box, nil)
			if s := sh.box.Service.Intersect(reserved); !s.IsEmpty() {
				out.reserved(name, sh, x, s)
			}
			if size(sh.box.Src) >= wide || size(sh.box.Dst) >= wide {
				out.open(name, sh, x)
			}
		}
	}
	for i := range d.Unknown {
		x := &d.Unknown[i]
		rule := opaque(only, x)
		permit(rule, x.Box, x.Unknowns)
		_, text, line := ruleKey(rule)
		out.add(Finding{
			Kind: Unreadable, Severity: Low, Firewall: name, Rule: text, Line: line, Witness: x.Witness,
			Summary: ruleText(rule) + " may let NetBackup's own ports pass; it has a condition that is not modelled",
		}, x.Box)
	}
	slices.SortStableFunc(out.Permits, func(a, b Permit) int { return a.Rule.Line - b.Rule.Line })
	for i := range out.Permits {
		var s ruleset.ServiceSet
		for _, b := range out.Permits[i].Boxes {
			s = s.Union(b.Service)
		}
		out.Permits[i].Services = ServiceNames(c, s)
	}
	useless, err := ruleset.UselessRules(&have.RuleSet)
	if err != nil {
		return out, err
	}
	for _, u := range useless {
		out.useless(name, u)
	}
	return out, nil
}

func (in *Inspection) reserved(firewall string, by share, x *ruleset.Disagreement, s ruleset.ServiceSet) {
	_, text, line := ruleKey(by.rule)
	by.box.Service = s
	in.add(Finding{
		Kind: Reserved, Severity: High, Firewall: firewall, Rule: text, Line: line, Witness: x.Witness,
		Summary: fmt.Sprintf("%s opens ports that must not be open through a firewall: %s", ruleText(by.rule), s),
		Detail:  "These are reserved for use on one host. Nothing in NetBackup needs them from another host.",
	}, by.box)
}

func (in *Inspection) open(firewall string, by share, x *ruleset.Disagreement) {
	_, text, line := ruleKey(by.rule)
	in.add(Finding{
		Kind: Open, Severity: Medium, Firewall: firewall, Rule: text, Line: line, Witness: x.Witness,
		Summary: ruleText(by.rule) + " opens NetBackup ports to more than a million addresses",
		Detail:  "Name the NetBackup hosts that need them.",
	}, by.box)
}

// opaque is the first rule that the answer depends on.
func opaque(rs *ruleset.RuleSet, x *ruleset.Disagreement) *ruleset.Rule {
	for _, d := range x.WantBy {
		if d.Opaque && d.Rule >= 0 {
			return &rs.Stages[d.Stage].Rules[d.Rule]
		}
	}
	return decider(rs, x.WantBy)
}

// add adds a box to the finding of this kind and rule.
func (in *Inspection) add(f Finding, b ruleset.Box) {
	for i := range in.Findings {
		if have := &in.Findings[i]; have.Kind == f.Kind && have.Rule == f.Rule && have.Line == f.Line {
			if len(have.Boxes) < shownBoxes {
				have.Boxes = append(have.Boxes, b)
			} else {
				have.More++
			}
			return
		}
	}
	f.Boxes = []ruleset.Box{b}
	in.Findings = append(in.Findings, f)
}

func (in *Inspection) useless(firewall string, u ruleset.Useless) {
	rule := &in.Config.RuleSet.Stages[u.Stage].Rules[u.Rule]
	if withinOne(rule) {
		return // the device's own, which nobody can delete
	}
	f := Finding{Kind: Useless, Severity: Low, Firewall: firewall, Rule: rule.Name, Line: rule.Line}
	f.Summary = fmt.Sprintf("%s is redundant: without it its packets are treated the same", ruleText(rule))
	if u.Shadowed {
		f.Summary = fmt.Sprintf("%s is shadowed: earlier rules take all its packets", ruleText(rule))
	}
	for k, by := range u.By {
		if k == 3 {
			f.Detail += fmt.Sprintf(" and %d more", len(u.By)-k)
			break
		}
		if k > 0 {
			f.Detail += ", "
		}
		f.Detail += ruleText(&in.Config.RuleSet.Stages[by.Stage].Rules[by.Rule])
	}
	if f.Detail != "" {
		f.Detail = "By " + f.Detail + "."
	}
	in.Findings = append(in.Findings, f)
}

// within is the rule set for forwarded packets with some service only.
func within(rs *ruleset.RuleSet, s ruleset.ServiceSet) *ruleset.RuleSet {
	out := *rs
	out.Stages = slices.Clone(rs.Stages)
	for i := range out.Stages {
		var kept []ruleset.Rule
		for _, r := range out.Stages[i].Rules {
			if r.Service = r.Service.Intersect(s); !r.Service.IsEmpty() {
				kept = append(kept, r)
			}
		}
		out.Stages[i].Rules = kept
	}
	// What is not of these services, is not forwarded, or stays within one zone
	// or interface is denied, so that it isn't compared.
	other := ruleset.Rule{Src: ruleset.AnyAddr(), Dst: ruleset.AnyAddr(), Service: ruleset.AnyService().Subtract(s), Action: ruleset.Deny}
	from, to := other, other
	from.Service, to.Service = ruleset.AnyService(), ruleset.AnyService()
	from.In, to.Out = ruleset.Ifaces(ruleset.Self), ruleset.Ifaces(ruleset.Self)
	rules := []ruleset.Rule{other, from, to}
	for _, l := range labels(rs) {
		stays := from
		stays.In, stays.Out = ruleset.Ifaces(l), ruleset.Ifaces(l)
		rules = append(rules, stays)
	}
	scope := ruleset.Stage{Name: "scope", Rules: rules, Default: ruleset.Permit}
	out.Stages = append([]ruleset.Stage{scope}, out.Stages...)
	return &out
}

// nothing is a rule set that denies everything, with the same consistent
// packets.
func nothing(rs *ruleset.RuleSet) *ruleset.RuleSet {
	return &ruleset.RuleSet{Stages: []ruleset.Stage{{Default: ruleset.Deny}}, Behind: rs.Behind}
}

// size is the number of IPv4 addresses, at most 2^32, and of IPv6 networks of
// length 64 counted as that many.
func size(s ruleset.AddrSet) uint64 {
	var n uint64
	for _, p := range s.Prefixes() {
		if p.Addr().Is4() {
			n += 1 << (32 - p.Bits())
		} else if p.Bits() < 64 {
			return wide
		}
	}
	return n
}
