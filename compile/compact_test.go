package compile

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/nbfwc/nbfwc/lab/workload"
	"github.com/nbfwc/nbfwc/ruleset"
)

// The core firewall of the large workload: rules that a person can read, none
// for each zone, and no more lines with more clients.
func TestWorkloadIsCompact(t *testing.T) {
	for _, c := range []int{20, 23} {
		g, problems := New(load(t, workload.Policy(3, c, workload.Inventory, "cisco_asa")), Options{})
		if g == nil {
			t.Fatal(problems)
		}
		rs := g.RuleSet(g.firewall("fw-core"))
		var rules []string
		ports := 0
		for _, r := range rs.Stages[0].Rules {
			rules = append(rules, fmt.Sprintf("%s -> %s: %v", r.SrcGroup, r.DstGroup, r.Service))
			ports += len(r.Service.Boxes())
		}
		want := []string{
			"NBU-win_console-admin -> NBU-master-media-core: tcp 1556, tcp 13724",
			"NBU-java_console-admin -> NBU-master-core: tcp 1556, tcp 13724",
			"NBU-master-media-core -> NBU-client-backbone: tcp 1556",
			"NBU-master-media-core -> NBU-client-old-backbone: tcp 13724",
			"NBU-master-core -> NBU-win_console-admin: tcp 1556",
			"NBU-client-backbone -> NBU-master-media-core: tcp 1556",
			"NBU-client-old-backbone -> NBU-master-media-core: tcp 13724",
			"NBU-client-dedup-backbone -> NBU-media-core: tcp 10082, tcp 10102",
		}
		if !slices.Equal(rules, want) {
			t.Errorf("have\n%s\nwant\n%s", strings.Join(rules, "\n"), strings.Join(want, "\n"))
		}
		lists := 0
		for _, grp := range rs.Groups {
			if len(grp.Members) > 1 {
				lists++
			}
			if grp.Name == "NBU-master-media-core" {
				if !slices.Equal(grp.Parts, []string{"NBU-master-core", "NBU-media-core"}) || len(grp.Members) != 5 {
					t.Errorf("%+v", grp)
				}
				wantText(t, grp.Reason, "master, media, msdp behind core, domain prod")
			}
		}
		if ports > 11 || lists > 7 {
			t.Errorf("%d lines of one port each and %d lists of hosts", ports, lists)
		}
	}
}

func (g *Graph) firewall(name string) *Firewall {
	return g.Firewalls[slices.IndexFunc(g.Firewalls, func(fw *Firewall) bool { return fw.Name == name })]
}

// Whatever the policy: a union is exactly its parts and saves more than it
// costs, no group is there for nothing, rules keep all their flows and reasons,
// and no two rules are left that say what one could.
func TestCompactRandomPolicies(t *testing.T) {
	tried, unions, absorbed := 0, 0, 0
	for seed := uint64(0); tried < 1200; seed++ {
		p := newRandomPolicy(seed)
		if !p.valid() {
			continue
		}
		g, _ := New(p.Policy, Options{})
		if g == nil {
			continue
		}
		tried++
		for _, fw := range g.Firewalls {
			m := newRuleMaker(g)
			rs := m.ruleSet(fw)
			after := slices.Clone(m.rules)
			m.drafts(fw)
			before := m.rules
			added := checkParts(t, &rs)
			unions += added
			if len(after)+added > len(before) {
				t.Fatalf("seed %d: %s: %d rules before, %d and %d unions after", seed, fw.Name, len(before), len(after), added)
			}
			if len(after) < len(before) && added == 0 {
				absorbed++
			}
			if x, y := carried(after), carried(before); x != y {
				t.Fatalf("seed %d: %s: rules are for\n%s\nand were for\n%s", seed, fw.Name, x, y)
			}
			checkDistinct(t, &rs)
			if t.Failed() {
				t.Fatalf("seed %d: firewall %s", seed, fw.Name)
			}
		}
	}
	if unions < 40 || absorbed < 20 {
		t.Errorf("only %d unions, %d firewalls with rules that others cover", unions, absorbed)
	}
}

// checkParts returns the number of unions.
func checkParts(t *testing.T, rs *ruleset.RuleSet) int {
	groups, used := map[string]*ruleset.Group{}, map[string]bool{}
	for i := range rs.Groups {
		groups[rs.Groups[i].Name] = &rs.Groups[i]
	}
	for _, s := range rs.Stages {
		for _, r := range s.Rules {
			used[r.SrcGroup], used[r.DstGroup] = true, true
		}
	}
	n := 0
	for _, g := range rs.Groups {
		if len(g.Parts) == 0 {
			continue
		}
		n++
		var all ruleset.AddrSet
		for _, part := range g.Parts {
			p := groups[part]
			if p == nil || len(p.Parts) > 0 {
				t.Fatalf("%s has the part %s: %+v", g.Name, part, p)
			}
			all = all.Union(p.Set)
			used[part] = true
		}
		if !slices.IsSorted(g.Parts) || !all.Equal(g.Set) || !ruleset.MemberSet(g.Members).Equal(g.Set) || !used[g.Name] {
			t.Errorf("%+v", g)
		}
	}
	for name := range groups {
		if !used[name] {
			t.Errorf("nobody uses %s", name)
		}
	}
	return n
}

// carried is all that rules are for: flows, and reasons by action.
func carried(rules []draft) string {
	var out []string
	for _, d := range rules {
		for _, list := range d.flows {
			for _, id := range list {
				out = append(out, fmt.Sprint(d.reset, " flow ", id))
			}
		}
		for _, r := range d.reasons {
			out = append(out, fmt.Sprint(d.reset, " ", r))
		}
	}
	slices.Sort(out)
	return strings.Join(slices.Compact(out), "\n")
}

// checkDistinct looks for two groups of an interface with the same hosts and
// for two rules that differ in service only.
func checkDistinct(t *testing.T, rs *ruleset.RuleSet) {
	rules, names := map[string]bool{}, map[string]bool{}
	for _, s := range rs.Stages {
		for _, r := range s.Rules {
			k := fmt.Sprint(r.In, r.Out, r.SrcGroup, r.DstGroup, r.Idle, r.Action)
			if rules[k] || names[r.Name] {
				t.Errorf("two rules %s", r.Name)
			}
			rules[k], names[r.Name] = true, true
		}
	}
}

// Which unions are made doesn't depend on how many hosts the groups have.
func TestUnionsFollowGroupsNotHosts(t *testing.T) {
	names := func(c int) string {
		g, problems := New(load(t, workload.Policy(2, c, workload.Blocks, "nftables")), Options{})
		if g == nil {
			t.Fatal(problems)
		}
		var b strings.Builder
		for _, rs := range g.RuleSets() {
			b.WriteString(outlineNames(&rs))
		}
		return b.String()
	}
	if x, y := names(6), names(240); x != y {
		t.Errorf("6 clients in a zone:\n%s240 clients:\n%s", x, y)
	}
}

// A union is named for the roles in it, also where a flow of the policy names
// the same hosts.
func TestUnionIsNamedForRoles(t *testing.T) {
	g := story(t, storyNetwork+storyDomain+`
service "x" { tcp = [9000] }
flow "agent" {
  from    = hosts.legacy
  to      = [hosts.master, hosts.media]
  service = service.x
}
`)
	rs := g.RuleSet(g.Firewalls[0])
	wantText(t, outlineNames(&rs), "NBU-client-dmz0-to-master-media-lan0 tcp 1556", "NBU-client-old-dmz0-to-master-media-lan0 tcp 9000, tcp 13724")
	wantText(t, rs.Groups[slices.IndexFunc(rs.Groups, func(g ruleset.Group) bool { return g.Parts != nil })].Reason,
		"master, media, msdp, destinations of flow agent behind lan0, domain prod")
}

func outlineNames(rs *ruleset.RuleSet) string {
	var b strings.Builder
	for _, s := range rs.Stages {
		for _, r := range s.Rules {
			fmt.Fprintln(&b, r.Name, r.Service)
		}
	}
	return b.String()
}
