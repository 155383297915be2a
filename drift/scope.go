package drift

import (
	"slices"

	"github.com/nbfwc/nbfwc/compile"
	"github.com/nbfwc/nbfwc/lang"
	"github.com/nbfwc/nbfwc/ruleset"
)

// A Scope is the packets that are NetBackup's business: NetBackup's own ports
// with a declared host at one end, and generic ports (22, 443, ...) between
// hosts whose roles have a row of the catalogue with such a port.
type Scope struct {
	// Hosts are all addresses of declared hosts.
	Hosts ruleset.AddrSet
	boxes []ruleset.Box
}

// NewScope returns the scope of a policy.
func NewScope(g *compile.Graph) Scope {
	var s Scope
	byRole := map[*lang.Role][]ruleset.Range{}
	var all []ruleset.Range
	for _, d := range g.Policy.Domains {
		for _, group := range d.Groups {
			for _, leg := range group.Legs {
				for _, a := range leg.Addrs {
					r := ruleset.Range{From: a.From, To: a.To}
					all = append(all, r)
					for _, role := range group.Roles {
						byRole[role] = append(byRole[role], r)
					}
				}
			}
		}
	}
	s.Hosts = ruleset.NewAddrSet(all...)
	own := OwnPorts(g.Policy.Catalog)
	any := ruleset.AnyAddr()
	s.boxes = append(s.boxes, ruleset.Box{Src: s.Hosts, Dst: any, Service: own}, ruleset.Box{Src: any, Dst: s.Hosts, Service: own})
	type pair struct{ from, to *lang.Role }
	generic := map[pair]ruleset.ServiceSet{}
	var order []pair
	for _, row := range g.Policy.Catalog.Rows {
		if row.Service.NetBackup || byRole[row.From] == nil || byRole[row.To] == nil {
			continue
		}
		p := pair{row.From, row.To}
		if _, ok := generic[p]; !ok {
			order = append(order, p)
		}
		generic[p] = generic[p].Union(portsOf(row.Service))
	}
	for _, p := range order {
		s.boxes = append(s.boxes, ruleset.Box{
			Src: ruleset.NewAddrSet(byRole[p.from]...), Dst: ruleset.NewAddrSet(byRole[p.to]...), Service: generic[p],
		})
	}
	return s
}

// OwnPorts are the ports that are NetBackup's own, TCP and UDP.
func OwnPorts(c *lang.Catalog) ruleset.ServiceSet {
	var out ruleset.ServiceSet
	for _, s := range c.Services {
		if s.NetBackup {
			out = out.Union(portsOf(s))
		}
	}
	return out
}

// ReservedPorts are the ports that must not be opened through a firewall.
func ReservedPorts(c *lang.Catalog) ruleset.ServiceSet {
	var out ruleset.ServiceSet
	for _, s := range c.Services {
		if s.Reserved {
			out = out.Union(portsOf(s))
		}
	}
	return out
}

func portsOf(s *lang.Service) ruleset.ServiceSet {
	ports := func(list []lang.PortRange) []ruleset.PortRange {
		out := make([]ruleset.PortRange, len(list))
		for i, p := range list {
			out[i] = ruleset.PortRange{From: p.From, To: p.To}
		}
		return out
	}
	return ruleset.TCPPorts(ports(s.TCP)...).Union(ruleset.UDPPorts(ports(s.UDP)...))
}

// with is the scope and all that a rule set permits.
func (s Scope) with(want *ruleset.RuleSet) Scope {
	s.boxes = slices.Clone(s.boxes)
	for _, stage := range want.Stages {
		for i := range stage.Rules {
			if r := &stage.Rules[i]; r.Action == ruleset.Permit {
				s.boxes = append(s.boxes, r.Box())
			}
		}
	}
	return s
}

// Within returns the parts of a box that are in scope; they may overlap.
func (s *Scope) Within(b ruleset.Box) []ruleset.Box {
	var out []ruleset.Box
	for _, x := range s.boxes {
		y := x.Intersect(b)
		if !y.IsEmpty() && !slices.ContainsFunc(out, func(have ruleset.Box) bool { return covers(have, y) }) {
			out = append(out, y)
		}
	}
	return out
}

// covers says whether all packets of b are in a.
func covers(a, b ruleset.Box) bool {
	return a.In.Intersect(b.In).Equal(b.In) && a.Out.Intersect(b.Out).Equal(b.Out) &&
		b.Src.Subtract(a.Src).IsEmpty() && b.Dst.Subtract(a.Dst).IsEmpty() && b.Service.Intersect(a.Service).Equal(b.Service)
}

// Only returns the rule set with all rules cut down to services and addresses
// that scope can matter for: its verdict is the same for packets in scope.
func (s *Scope) Only(rs *ruleset.RuleSet) *ruleset.RuleSet {
	var services ruleset.ServiceSet
	for _, b := range s.boxes {
		services = services.Union(b.Service)
	}
	ends := s.Hosts
	for _, b := range s.boxes {
		if !b.Src.IsAny() {
			ends = ends.Union(b.Src)
		}
		if !b.Dst.IsAny() {
			ends = ends.Union(b.Dst)
		}
	}
	out := *rs
	out.Stages = slices.Clone(rs.Stages)
	for i := range out.Stages {
		rules := out.Stages[i].Rules
		kept := make([]ruleset.Rule, 0, len(rules))
		for _, r := range rules {
			r.Service = r.Service.Intersect(services)
			if r.Service.IsEmpty() || r.Src.Intersect(ends).IsEmpty() && r.Dst.Intersect(ends).IsEmpty() {
				continue
			}
			kept = append(kept, r)
		}
		out.Stages[i].Rules = kept
	}
	return &out
}
