package drift

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/nbfwc/nbfwc/compile"
	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
)

// sshPort is where devices are reached that the policy gives no port for.
const sshPort = 22

// CutsManagement says, in words, which devices of the policy can be managed
// through the firewall now and not after the change, from the sources that the
// policy's management block names. It looks at what the firewall forwards; who
// makes the change looks after his own way to the firewall itself.
func CutsManagement(g *compile.Graph, fw *compile.Firewall, have *targets.Config, after *ruleset.RuleSet) ([]targets.Problem, error) {
	m := g.Policy.Management
	if m == nil {
		return nil, nil
	}
	from := make([]ruleset.Range, len(m.From))
	for i, p := range m.From {
		from[i] = ruleset.RangeOf(p)
	}
	behind := elsewhere(g.Behind(fw), labels(&have.RuleSet), labels(after))
	var out []targets.Problem
	for _, d := range g.Policy.Devices {
		for _, a := range d.Addresses {
			port := cmp.Or(a.Port(), sshPort)
			ssh := ruleset.Rule{
				Src: ruleset.NewAddrSet(from...), Dst: ruleset.NewAddrSet(ruleset.Range{From: a.Addr(), To: a.Addr()}),
				Service: ruleset.TCPPorts(ruleset.PortRange{From: port, To: port}), Action: ruleset.Permit,
			}
			before, then := only(&have.RuleSet, ssh, behind), only(after, ssh, behind)
			diff, err := ruleset.Compare(before, then, ruleset.CompareOptions{MaxBoxes: maxBoxes})
			if err != nil {
				return nil, err
			}
			for i := range diff.Certain {
				x := &diff.Certain[i]
				if x.Have == ruleset.Passes && x.Want != ruleset.Passes {
					out = append(out, targets.Problem{Text: d.Name, Why: fmt.Sprintf("the change would cut the management of device %s: SSH from %s to %s passes through firewall %s today and would not any more; permit it with a flow of the policy, or with a rule of your own", d.Name, x.Src.Prefixes()[0], a.Addr(), fw.Name)})
					break
				}
			}
		}
	}
	return out, nil
}

// only is the rule set for the forwarded packets of one permit; all others are
// denied, so that they aren't compared: also those between two addresses behind
// one interface, which need no firewall, and those by interfaces of which nobody
// knows what is behind them.
func only(rs *ruleset.RuleSet, permit ruleset.Rule, behind map[string]ruleset.AddrSet) *ruleset.RuleSet {
	out := *rs
	out.Behind = behind
	var rules []ruleset.Rule
	known := slices.Sorted(maps.Keys(behind))
	permit.In, permit.Out = ruleset.Ifaces(known...), ruleset.Ifaces(known...)
	for _, l := range known {
		stays := ruleset.Rule{In: ruleset.Ifaces(l), Out: ruleset.Ifaces(l), Src: ruleset.AnyAddr(), Dst: ruleset.AnyAddr(), Service: ruleset.AnyService(), Action: ruleset.Deny}
		rules = append(rules, stays)
	}
	scope := ruleset.Stage{Name: "scope", Rules: append(rules, permit), Default: ruleset.Deny}
	out.Stages = append([]ruleset.Stage{scope}, rs.Stages...)
	return &out
}
