package compile

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/nbfwc/nbfwc/lang"
	"github.com/nbfwc/nbfwc/ruleset"
)

// One more client adds its own lines and touches no other: the same groups
// under the same names, the same rules with the same services, reasons and
// flow ids.
func TestOneMoreClient(t *testing.T) {
	tried, grown := 0, 0
	for seed := uint64(0); seed < 3000; seed++ {
		p, q := newRandomPolicy(seed), newRandomPolicy(seed)
		for i := range p.Domains {
			// Merged members are what aggregate asks for.
			p.Domains[i].Aggregate, q.Domains[i].Aggregate = false, false
		}
		// A host on a firewall takes its address out of flows of the whole zone.
		if !p.valid() || slices.ContainsFunc(p.Firewalls, func(fw *lang.Firewall) bool { return len(fw.Self) > 0 }) && len(p.Flows) > 0 {
			continue
		}
		before, _ := New(p.Policy, Options{})
		if before == nil {
			continue
		}
		tried++
		added := q.addClient(t)
		after, problems := New(q.Policy, Options{})
		if after == nil {
			t.Fatalf("seed %d: one more client: %v", seed, problems)
		}
		have, want := after.RuleSets(), before.RuleSets()
		for i := range want {
			if x, y := outline(&have[i], added), outline(&want[i], ruleset.AddrSet{}); x != y {
				t.Fatalf("seed %d: firewall %s\nhave %s\nwant %s", seed, p.Firewalls[i].Name, x, y)
			}
			if len(membersIn(&have[i], added)) > 0 {
				grown++
			}
		}
	}
	if tried < 100 || grown < 100 {
		t.Errorf("only %d policies, %d firewalls with a new member", tried, grown)
	}
}

// addClient adds one host to a group, with an address for each leg.
func (p *randomPolicy) addClient(t *testing.T) ruleset.AddrSet {
	g := pick(p, pick(p, p.Domains).Groups)
	var added []ruleset.Range
	for i := range g.Legs {
		leg := &g.Legs[i]
		a := p.unused(leg.Addrs[0].From)
		if !a.IsValid() {
			t.Fatal("no address is left")
		}
		r := lang.AddrRange{From: a, To: a}
		for _, fw := range p.Firewalls {
			if slices.Contains(fw.Self, leg.Addrs[0]) {
				fw.Self = append(fw.Self, r)
			}
		}
		leg.Addrs = append(leg.Addrs, r)
		added = append(added, ruleset.Range(r))
	}
	g.Names = append(g.Names, "new")
	return ruleset.NewAddrSet(added...)
}

// unused is an address near a, in the same zone, that no host has.
func (p *randomPolicy) unused(a netip.Addr) netip.Addr {
	o := &oracle{p: p.Policy}
	for _, step := range []func(netip.Addr) netip.Addr{netip.Addr.Next, netip.Addr.Prev} {
		for b := step(a); b.IsValid() && o.zone(b) == o.zone(a); b = step(b) {
			if _, taken := o.owner(b); !taken {
				return b
			}
		}
	}
	return netip.Addr{}
}

// outline is a rule set in words, without the members that are in without.
func outline(rs *ruleset.RuleSet, without ruleset.AddrSet) string {
	var b strings.Builder
	for _, s := range rs.Stages {
		fmt.Fprintf(&b, "stage %s %v %v %v\n", s.Name, s.In, s.Out, s.Default)
		for _, r := range s.Rules {
			fmt.Fprintf(&b, "  %s %v %v %s %s %v %v %v %v %s\n", r.Name, r.In, r.Out, r.SrcGroup, r.DstGroup, r.Service, r.Action, r.Effects, r.Flows, r.Reason)
		}
	}
	for _, g := range rs.Groups {
		fmt.Fprintf(&b, "group %s %s\n", g.Name, g.Reason)
		for _, m := range g.Members {
			if ruleset.NewAddrSet(m.Range).Subtract(without).IsEmpty() {
				continue
			}
			fmt.Fprintf(&b, "  %s %s\n", m.Name, m.Range)
		}
	}
	return b.String()
}

func membersIn(rs *ruleset.RuleSet, set ruleset.AddrSet) []ruleset.Member {
	var out []ruleset.Member
	for _, g := range rs.Groups {
		for _, m := range g.Members {
			if !ruleset.NewAddrSet(m.Range).Intersect(set).IsEmpty() {
				out = append(out, m)
			}
		}
	}
	return out
}
