package drift

import (
	"cmp"
	"maps"
	"slices"

	"github.com/nbfwc/nbfwc/compile"
	"github.com/nbfwc/nbfwc/lang"
	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
)

// Report is what a change of one firewall does and what it leaves.
type Report struct {
	Firewall string
	// Starts and Stops are what will work that did not, and the other way
	// round. Maybe are packets for which it depends on lines that are not
	// understood.
	Starts, Stops, Maybe []PacketChange
	// More counts the boxes that were left out.
	More int
	// Effects counts boxes for which only idle timeout, log or profile change.
	Effects int
	// Findings are about the configuration as it will be.
	Findings []Finding
}

// PacketChange is a box of packets that are treated differently.
type PacketChange struct {
	ruleset.Box
	Have, Want ruleset.Verdict
	Witness    ruleset.Packet
	// By is the rule that lets the packets pass: before, or after.
	By ruleset.Rule
	// Flows are those of the policy that have some of the packets.
	Flows []compile.FlowChange
	// Services are the catalogue's names of what the packets could be.
	Services []string
	Unknowns []string
}

// maxBoxes bounds each list of a report.
const maxBoxes = 1000

// Review says what happens when a firewall goes from have to after, and how
// what it then does differs from what the policy wants: for all packets that
// are in the policy's scope.
func Review(g *compile.Graph, fw *compile.Firewall, have *targets.Config, after *ruleset.RuleSet) (Report, error) {
	want := g.RuleSet(fw)
	want.Behind = elsewhere(g.Behind(fw), labels(&have.RuleSet), labels(after))
	r := &review{g: g, fw: fw, want: &want, sets: map[*lang.Leg]ruleset.AddrSet{}}
	r.Firewall = fw.Name
	if err := r.changes(&have.RuleSet, after); err != nil {
		return Report{}, err
	}
	if err := r.effective(after); err != nil {
		return Report{}, err
	}
	r.nat(have)
	r.problems(have)
	return r.Report, nil
}

// elsewhere adds the interfaces that the device has and the policy doesn't
// speak of: what the policy has behind another interface isn't behind them.
func elsewhere(behind map[string]ruleset.AddrSet, lists ...[]string) map[string]ruleset.AddrSet {
	rest := ruleset.AnyAddr()
	for _, s := range behind {
		rest = rest.Subtract(s)
	}
	out := maps.Clone(behind)
	for _, list := range lists {
		for _, l := range list {
			if _, ok := out[l]; !ok {
				out[l] = rest
			}
		}
	}
	return out
}

type review struct {
	Report
	g    *compile.Graph
	fw   *compile.Firewall
	want *ruleset.RuleSet
	sets map[*lang.Leg]ruleset.AddrSet
}

// changes compares before with after.
func (r *review) changes(have, after *ruleset.RuleSet) error {
	before, then := *have, *after
	before.Behind, then.Behind = r.want.Behind, r.want.Behind
	d, err := ruleset.Compare(&before, &then, ruleset.CompareOptions{Effects: true, MaxBoxes: maxBoxes})
	if err != nil {
		return err
	}
	r.More = d.MoreCertain + d.MoreUnknown
	for i := range d.Certain {
		x := &d.Certain[i]
		switch {
		case x.EffectsOnly:
			r.Effects++
		case x.Want == ruleset.Passes:
			r.Starts = append(r.Starts, r.change(x, &then, x.WantBy))
		case x.Have == ruleset.Passes:
			r.Stops = append(r.Stops, r.change(x, &before, x.HaveBy))
		}
	}
	for i := range d.Unknown {
		r.Maybe = append(r.Maybe, r.change(&d.Unknown[i], &then, d.Unknown[i].WantBy))
	}
	return nil
}

func (r *review) change(x *ruleset.Disagreement, rs *ruleset.RuleSet, by []ruleset.Decision) PacketChange {
	c := PacketChange{Box: x.Box, Have: x.Have, Want: x.Want, Witness: x.Witness, Unknowns: x.Unknowns}
	if rule := decider(rs, by); rule != nil {
		c.By = *rule
	}
	c.Flows, _ = r.flows(x.Box)
	c.Services = ServiceNames(r.g.Policy.Catalog, x.Service)
	return c
}

// decider is the last rule of a decision that is one, nil if defaults decide.
func decider(rs *ruleset.RuleSet, by []ruleset.Decision) *ruleset.Rule {
	for _, d := range slices.Backward(by) {
		if d.Rule >= 0 {
			return &rs.Stages[d.Stage].Rules[d.Rule]
		}
	}
	return nil
}

// condition is the first rule of a decision that has a condition which is not
// modelled, or else the one that decides.
func condition(rs *ruleset.RuleSet, by []ruleset.Decision) *ruleset.Rule {
	for _, d := range by {
		if d.Opaque && d.Rule >= 0 {
			return &rs.Stages[d.Stage].Rules[d.Rule]
		}
	}
	return decider(rs, by)
}

// flows are the parts of the policy's flows that are in a box, and their ids.
func (r *review) flows(b ruleset.Box) (out []compile.FlowChange, ids []int32) {
	seen := map[int32]bool{}
	for _, s := range r.want.Stages {
		for i := range s.Rules {
			rule := &s.Rules[i]
			if rule.Action != ruleset.Permit || rule.Box().Intersect(b).IsEmpty() {
				continue
			}
			for _, id := range rule.Flows {
				f := &r.g.Flows[id]
				if seen[id] || !hasPort(f, b.Service) {
					continue
				}
				seen[id] = true
				src, dst := r.end(f.From).Intersect(b.Src), r.end(f.To).Intersect(b.Dst)
				if !src.IsEmpty() && !dst.IsEmpty() {
					out = append(out, compile.FlowChange{Flow: f, Src: src, Dst: dst})
					ids = append(ids, id)
				}
			}
		}
	}
	return out, ids
}

func hasPort(f *compile.Flow, s ruleset.ServiceSet) bool {
	for _, p := range f.Ports {
		box := ruleset.ServiceBox{ProtoFrom: p.Proto, ProtoTo: p.Proto, Src: ruleset.PortRange{To: 65535}, Dst: ruleset.PortRange{From: p.From, To: p.To}}
		if p.Proto == ruleset.ICMP || p.Proto == ruleset.ICMPv6 {
			box.Src, box.Dst = box.Dst, ruleset.PortRange{To: 255}
		}
		if !s.Intersect(ruleset.NewServiceSet(box)).IsEmpty() {
			return true
		}
	}
	return false
}

// end is the addresses of one end of a flow.
func (r *review) end(e compile.End) ruleset.AddrSet {
	if e.Zone != nil {
		return ruleset.PrefixSet(e.Zone.Networks...)
	}
	leg := &e.Group.Legs[e.Leg]
	s, ok := r.sets[leg]
	if !ok {
		ranges := make([]ruleset.Range, len(leg.Addrs))
		for i, a := range leg.Addrs {
			ranges[i] = ruleset.Range{From: a.From, To: a.To}
		}
		s = ruleset.NewAddrSet(ranges...)
		r.sets[leg] = s
	}
	return s
}

// effective compares what the firewall will do with what the policy wants.
func (r *review) effective(after *ruleset.RuleSet) error {
	scope := NewScope(r.g).with(r.want)
	then := scope.Only(after)
	then.Behind = r.want.Behind
	d, err := ruleset.Compare(then, r.want, ruleset.CompareOptions{MaxBoxes: maxBoxes})
	if err != nil {
		return err
	}
	found := map[string]*Finding{}
	var order []string
	add := func(key string, x *ruleset.Disagreement, b ruleset.Box, f Finding) {
		have := found[key]
		if have == nil {
			f.Firewall, f.Witness = r.fw.Name, x.Witness
			have = &f
			found[key] = have
			order = append(order, key)
		}
		if len(have.Boxes) < shownBoxes {
			have.Boxes = append(have.Boxes, b)
		} else {
			have.More++
		}
		_, ids := r.flows(b)
		have.Flows = append(have.Flows, ids...)
	}
	budget := maxShares
	for i := range d.Certain {
		x := &d.Certain[i]
		if r.unfiltered(x.Box) {
			continue
		}
		for _, b := range scope.Within(x.Box) {
			rule := decider(then, x.HaveBy)
			if x.Want == ruleset.Passes {
				key, f := r.missing(rule)
				add(key, x, b, f)
			} else if x.Have == ruleset.Passes {
				for _, sh := range shares(then, b, rule, &budget) {
					key, f := r.extra(sh.rule)
					add(key, x, sh.box, f)
				}
			}
		}
	}
	for i := range d.Unknown {
		x := &d.Unknown[i]
		if x.Want != ruleset.Passes {
			continue // what is not in the policy and may be open: the line itself is a problem
		}
		for _, b := range scope.Within(x.Box) {
			key, f := r.unclear(x, condition(then, x.HaveBy))
			add(key, x, b, f)
		}
	}
	for _, key := range order {
		f := found[key]
		slices.Sort(f.Flows)
		f.Flows = slices.Compact(f.Flows)
		r.Findings = append(r.Findings, *f)
	}
	slices.SortStableFunc(r.Findings, func(a, b Finding) int { return cmp.Compare(rank(a.Severity), rank(b.Severity)) })
	return nil
}

// unfiltered says whether the packets leave by the interface they came in on,
// where the policy doesn't say that the firewall sees such packets.
func (r *review) unfiltered(b ruleset.Box) bool {
	for _, f := range r.fw.Interfaces {
		only := ruleset.Ifaces(f.Label)
		if b.In.Equal(only) && b.Out.Equal(only) {
			return !f.Hairpin
		}
	}
	return false
}

// shownBoxes bounds the boxes of a finding.
const shownBoxes = 8

func rank(s Severity) int { return slices.Index([]Severity{High, Medium, Low}, s) }
