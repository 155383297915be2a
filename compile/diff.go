package compile

import (
	"cmp"
	"slices"
	"strings"

	"github.com/nbfwc/nbfwc/ruleset"
)

// Difference is what a change of the policy changes: by flow, that is by the
// reasons for which hosts talk, and by packet, on each firewall. Renaming a
// hosts block changes flows and no packet.
type Difference struct {
	Removed, Added []FlowChange
	// Firewalls are those that treat packets differently, sorted by name.
	Firewalls []FirewallChange
}

// FlowChange is a part of a flow that is new or gone: Src to Dst.
type FlowChange struct {
	// Flow is from the graph that has it: the new one if it was added.
	Flow     *Flow
	Src, Dst ruleset.AddrSet
}

// FirewallChange is how the packets change that a firewall permits. Each Rule
// is a box of packets; the boxes of a list are disjoint. A rule's names and
// reason are of the rule that permits the box.
type FirewallChange struct {
	Name string
	// New and Gone: the firewall is in one of the policies only.
	New, Gone      bool
	Removed, Added []ruleset.Rule
}

// Diff says what changes when the policy of old is replaced by that of new.
func Diff(old, new *Graph) Difference {
	d := Difference{Firewalls: diffFirewalls(old, new)}
	d.Removed, d.Added = diffFlows(old, new)
	return d
}

// flowKey is what makes flows of two policies the same flow: the same reason
// and ports between the same blocks, on the same way.
type flowKey struct {
	domain, link, reason, from, to, ports, paths string
	v6                                           bool
}

// pairBox is all of a set of sources with all of a set of destinations.
type pairBox struct {
	src, dst ruleset.AddrSet
	flow     *Flow
}

func diffFlows(old, new *Graph) (removed, added []FlowChange) {
	x, xs := old.boxes()
	y, ys := new.boxes()
	for _, k := range xs {
		removed = append(removed, minusBoxes(x[k], y[k])...)
	}
	for _, k := range ys {
		added = append(added, minusBoxes(y[k], x[k])...)
	}
	return removed, added
}

// boxes are the flows by key, and the keys in the order of the flows.
func (g *Graph) boxes() (map[flowKey][]pairBox, []flowKey) {
	byKey := map[flowKey][]pairBox{}
	var order []flowKey
	texts := map[*[]Hop]string{}
	sets := map[int32]ruleset.AddrSet{}
	for id := range g.Flows {
		f := &g.Flows[id]
		k := g.flowKey(f, texts)
		k.v6 = g.legs.isV6(g.ends[id].from)
		if byKey[k] == nil {
			order = append(order, k)
		}
		byKey[k] = append(byKey[k], pairBox{g.set(g.ends[id].from, sets), g.set(g.ends[id].to, sets), f})
	}
	return byKey, order
}

func (g *Graph) flowKey(f *Flow, texts map[*[]Hop]string) flowKey {
	k := flowKey{reason: label(f), from: f.From.blockText(), to: f.To.blockText(), ports: portsText(f.Ports), paths: f.Local.String()}
	if f.Domain != nil {
		k.domain = f.Domain.Name
	}
	if f.Link != nil {
		k.link = f.Link.Name
	}
	if len(f.Paths) > 0 {
		// Flows on one route share the slice of its paths.
		text, ok := texts[&f.Paths[0]]
		if !ok {
			var all []string
			for _, p := range f.Paths {
				all = append(all, pathText(p))
			}
			slices.Sort(all)
			text = strings.Join(all, "; ")
			texts[&f.Paths[0]] = text
		}
		k.paths = text
	}
	return k
}

// blockText names the block or zone of an end.
func (e End) blockText() string {
	if e.Zone != nil {
		return "zone." + e.Zone.Name
	}
	return e.Group.Domain.Name + "." + e.Group.Block
}

// set is the addresses of a leg.
func (g *Graph) set(leg int32, memo map[int32]ruleset.AddrSet) ruleset.AddrSet {
	if g.legs.isZone(leg) {
		return g.legs.sets[leg]
	}
	s, ok := memo[leg]
	if !ok {
		s = ruleset.NewAddrSet(ranges(g.legs.list[leg].addrs())...)
		memo[leg] = s
	}
	return s
}

// minusBoxes are the parts of a that are not in b.
func minusBoxes(a, b []pairBox) []FlowChange {
	var out []FlowChange
	for _, box := range a {
		left := []pairBox{box}
		for _, other := range b {
			var next []pairBox
			for _, l := range left {
				next = append(next, l.minus(other)...)
			}
			left = next
		}
		for _, l := range left {
			out = append(out, FlowChange{l.flow, l.src, l.dst})
		}
	}
	return out
}

func (p pairBox) minus(q pairBox) []pairBox {
	shared := p.src.Intersect(q.src)
	if shared.IsEmpty() || p.dst.Intersect(q.dst).IsEmpty() {
		return []pairBox{p}
	}
	var out []pairBox
	if s := p.src.Subtract(q.src); !s.IsEmpty() {
		out = append(out, pairBox{s, p.dst, p.flow})
	}
	if d := p.dst.Subtract(q.dst); !d.IsEmpty() {
		out = append(out, pairBox{shared, d, p.flow})
	}
	return out
}

func diffFirewalls(old, new *Graph) []FirewallChange {
	have, want := rulesByName(old), rulesByName(new)
	var list []FirewallChange
	for name := range have {
		c := FirewallChange{Name: name, Removed: minusRules(have[name], want[name]), Added: minusRules(want[name], have[name])}
		c.Gone = want[name] == nil
		list = append(list, c)
	}
	for name := range want {
		if have[name] == nil {
			list = append(list, FirewallChange{Name: name, New: true, Added: minusRules(want[name], nil)})
		}
	}
	list = slices.DeleteFunc(list, func(c FirewallChange) bool { return !c.New && !c.Gone && c.Removed == nil && c.Added == nil })
	slices.SortFunc(list, func(a, b FirewallChange) int { return cmp.Compare(a.Name, b.Name) })
	return list
}

// rulesByName has the permitting rules of each firewall, not nil.
func rulesByName(g *Graph) map[string][]ruleset.Rule {
	sets := g.RuleSets()
	byName := make(map[string][]ruleset.Rule, len(sets))
	for i, fw := range g.Firewalls {
		rules := []ruleset.Rule{}
		for _, s := range sets[i].Stages {
			for _, r := range s.Rules {
				if r.Action == ruleset.Permit {
					rules = append(rules, r)
				}
			}
		}
		byName[fw.Name] = rules
	}
	return byName
}

// minusRules are the packets of a's permits that none of b's permits has, as
// disjoint boxes. Permits come first in every stage, so nothing shadows them.
func minusRules(a, b []ruleset.Rule) []ruleset.Rule {
	var out []ruleset.Rule
	for i, r := range a {
		left := []ruleset.Rule{r}
		left = cutAll(left, b)
		left = cutAll(left, a[:i])
		out = append(out, left...)
	}
	return out
}

func cutAll(left, by []ruleset.Rule) []ruleset.Rule {
	for k := range by {
		if len(left) == 0 {
			return nil
		}
		var next []ruleset.Rule
		for _, l := range left {
			next = appendCut(next, l, &by[k])
		}
		left = next
	}
	return left
}

// appendCut appends the parts of r that are not in q.
func appendCut(out []ruleset.Rule, r ruleset.Rule, q *ruleset.Rule) []ruleset.Rule {
	if !r.In.Equal(q.In) || !r.Out.Equal(q.Out) {
		return append(out, r)
	}
	src, dst, service := r.Src.Intersect(q.Src), r.Dst.Intersect(q.Dst), r.Service.Intersect(q.Service)
	if src.IsEmpty() || dst.IsEmpty() || service.IsEmpty() {
		return append(out, r)
	}
	part := r
	if part.Src = r.Src.Subtract(q.Src); !part.Src.IsEmpty() {
		out = append(out, part)
	}
	part.Src = src
	if part.Dst = r.Dst.Subtract(q.Dst); !part.Dst.IsEmpty() {
		out = append(out, part)
	}
	part.Dst = dst
	if part.Service = r.Service.Subtract(q.Service); !part.Service.IsEmpty() {
		out = append(out, part)
	}
	return out
}
