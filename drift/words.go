package drift

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/nbfwc/nbfwc/lang"
	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
)

// ServiceNames are the titles of the catalogue's services that have some of the
// ports, NetBackup's own first; none if the set is everything.
func ServiceNames(c *lang.Catalog, s ruleset.ServiceSet) []string {
	if s.Equal(ruleset.AnyService()) {
		return nil
	}
	var own, other []string
	for _, x := range c.Services {
		if ports := portsOf(x); ports.Intersect(s).IsEmpty() || manyPorts(ports) {
			continue
		}
		name := cmp.Or(x.Title, x.Name)
		if x.NetBackup {
			own = append(own, name)
		} else {
			other = append(other, name)
		}
	}
	list := append(own, other...)
	slices.Sort(list[:len(own)])
	return slices.Compact(list)
}

// manyPorts says whether a service is a window of ports, in which a single one
// says nothing.
func manyPorts(s ruleset.ServiceSet) bool {
	n := 0
	for _, b := range s.Boxes() {
		n += int(b.Dst.To-b.Dst.From) + 1
	}
	return n > 100
}

// ruleText says which line of the configuration is meant.
func ruleText(r *ruleset.Rule) string {
	switch {
	case r == nil:
		return "the default"
	case r.Name != "" && r.Line > 0:
		return fmt.Sprintf("%s (line %d)", r.Name, r.Line)
	case r.Name != "":
		return r.Name
	case r.Line > 0:
		return fmt.Sprintf("line %d", r.Line)
	}
	return "a rule without a name"
}

func ruleKey(r *ruleset.Rule) (key, name string, line int) {
	if r == nil {
		return "default", "", 0
	}
	return fmt.Sprintf("%s/%d", r.Name, r.Line), r.Name, r.Line
}

// missing is the finding that a rule of the device, or its default, refuses
// what the policy permits.
func (r *review) missing(by *ruleset.Rule) (string, Finding) {
	key, name, line := ruleKey(by)
	f := Finding{Kind: Missing, Severity: High, Rule: name, Line: line}
	if by == nil {
		f.Summary = "nothing on the firewall permits what the policy permits"
		f.Detail = "Backups or restores of the listed hosts fail. Plan and apply the policy."
	} else {
		f.Summary = fmt.Sprintf("%s refuses what the policy permits", ruleText(by))
		f.Detail = "It decides before the rules of the policy. Move the section above it, or narrow that rule."
	}
	return "missing " + key, f
}

// extra is the finding that a rule of the device, or its default, lets pass
// NetBackup packets that the policy doesn't permit.
func (r *review) extra(by *ruleset.Rule) (string, Finding) {
	key, name, line := ruleKey(by)
	return "extra " + key, Finding{
		Kind: Extra, Severity: Medium, Rule: name, Line: line,
		Summary: fmt.Sprintf("%s lets pass NetBackup packets that the policy doesn't permit", ruleText(by)),
		Detail:  "Hosts of the policy can be reached on NetBackup ports by more than they need. Narrow that rule, or state the need as a flow of the policy.",
	}
}

// unclear is the finding that it can't be told whether the policy's packets
// pass.
func (r *review) unclear(x *ruleset.Disagreement, by *ruleset.Rule) (string, Finding) {
	key, name, line := ruleKey(by)
	return "unreadable " + strings.Join(x.Unknowns, ",") + key, Finding{
		Kind: Unreadable, Severity: Medium, Rule: name, Line: line,
		Summary: fmt.Sprintf("whether packets of the policy pass depends on %s", strings.Join(x.Unknowns, ", ")),
		Detail:  `The condition is not modelled. If you know what it matches, say so with "assume" in the policy's firewall block.`,
	}
}

// nat finds address translation of declared hosts.
func (r *review) nat(have *targets.Config) {
	hosts := NewScope(r.g).Hosts
	for _, n := range have.NAT {
		touched := n.Addrs.Intersect(hosts)
		if touched.IsEmpty() {
			continue
		}
		r.Findings = append(r.Findings, Finding{
			Kind: NAT, Severity: Medium, Firewall: r.fw.Name, Line: n.Line,
			Summary: fmt.Sprintf("addresses of declared hosts are translated: %s", n.Text),
			Detail:  "What the rules of the policy see may not be the addresses that it names; verdicts for these hosts are not certain.",
			Boxes:   []ruleset.Box{{Src: touched, Dst: ruleset.AnyAddr(), Service: ruleset.AnyService()}},
		})
	}
}

// problems are lines that were not understood.
func (r *review) problems(have *targets.Config) {
	r.Findings = append(r.Findings, Unread(r.fw.Name, have)...)
}

// Unread are the findings for lines that were not understood: one for each
// reason.
func Unread(firewall string, have *targets.Config) []Finding {
	var out []Finding
	at := map[string]int{}
	for _, p := range have.Problems {
		i, ok := at[p.Why]
		if !ok {
			i = len(out)
			at[p.Why] = i
			out = append(out, Finding{
				Kind: Unreadable, Severity: Low, Firewall: firewall, Line: p.Line, Rule: p.Text,
				Summary: p.Why, More: -1,
			})
		}
		out[i].More++
	}
	for i := range out {
		if n := out[i].More; n > 0 {
			out[i].Detail = fmt.Sprintf("The same holds for others (%d).", n)
		}
		out[i].More = 0
	}
	return out
}
