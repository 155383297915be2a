package drift_test

import (
	"bytes"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/nbfwc/nbfwc/catalog"
	"github.com/nbfwc/nbfwc/compile"
	"github.com/nbfwc/nbfwc/drift"
	"github.com/nbfwc/nbfwc/lang"
	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
)

const smallPolicy = `
zone "core" { networks = ["10.1.0.0/24"] }
zone "dmz" { networks = ["10.2.0.0/24"] }
firewall "fw" {
  target = "cisco_asa"
  interface "inside" { zones = [zone.core] }
  interface "dmz" { zones = [zone.dmz] }
}
domain "d" {
  version = "7.6"
  hosts "master" {
    addresses = ["10.1.0.10"]
    roles = [role.master]
  }
  hosts "web" {
    addresses = ["10.2.0.11", "10.2.0.12"]
    roles = [role.client]
  }
}
`

func graph(t *testing.T, text string) *compile.Graph {
	t.Helper()
	p, _, diags := lang.Load(fstest.MapFS{"p.hcl": {Data: []byte(text)}}, "p.hcl", lang.Options{Catalog: catalog.FS})
	if p == nil {
		t.Fatal(diags)
	}
	g, problems := compile.New(p, compile.Options{})
	if g == nil {
		t.Fatal(problems)
	}
	return g
}

func set(texts ...string) (s ruleset.AddrSet) {
	for _, text := range texts {
		if text == "any" {
			return ruleset.AnyAddr()
		}
		s = s.Union(ruleset.PrefixSet(netip.MustParsePrefix(text)))
	}
	return s
}

func rule(name string, line int, action ruleset.Action, in, out, src, dst string, ports ...uint16) ruleset.Rule {
	r := ruleset.Rule{Name: name, Line: line, Action: action, Src: set(src), Dst: set(dst), Service: ruleset.AnyService()}
	if in != "" {
		r.In = ruleset.Ifaces(in)
	}
	if out != "" {
		r.Out = ruleset.Ifaces(out)
	}
	if len(ports) > 0 {
		var list []ruleset.PortRange
		for _, p := range ports {
			list = append(list, ruleset.PortRange{From: p, To: p})
		}
		r.Service = ruleset.TCPPorts(list...)
	}
	return r
}

func config(rules ...ruleset.Rule) *targets.Config {
	c := &targets.Config{Hostname: "fw"}
	c.RuleSet.Stages = []ruleset.Stage{{Name: "all", Rules: rules, Default: ruleset.Deny}}
	c.Interfaces = []targets.ConfigInterface{
		{Label: "inside", Networks: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/24")}},
		{Label: "dmz", Networks: []netip.Prefix{netip.MustParsePrefix("10.2.0.0/24")}},
	}
	return c
}

// What the policy wants, permitted by rules of the device.
func wanted() []ruleset.Rule {
	return []ruleset.Rule{
		rule("to-web", 1, ruleset.Permit, "inside", "dmz", "10.1.0.10/32", "10.2.0.11/32", 1556),
		rule("to-web", 2, ruleset.Permit, "inside", "dmz", "10.1.0.10/32", "10.2.0.12/32", 1556),
		rule("from-web", 3, ruleset.Permit, "dmz", "inside", "10.2.0.11/32", "10.1.0.10/32", 1556),
		rule("from-web", 4, ruleset.Permit, "dmz", "inside", "10.2.0.12/32", "10.1.0.10/32", 1556),
	}
}

func kinds(list []drift.Finding) (out []string) {
	for _, f := range list {
		out = append(out, string(f.Kind))
	}
	slices.Sort(out)
	return out
}

// Each story is a running configuration, and what is found in it.
func TestReviewFindings(t *testing.T) {
	opaque := rule("app", 9, ruleset.Deny, "inside", "dmz", "any", "any")
	opaque.Opaque = &ruleset.Opaque{ID: "app-id ssl", Why: "application ssl"}
	nat := config(wanted()...)
	nat.NAT = []targets.NATRule{{Line: 7, Text: "nat web", Addrs: set("10.2.0.11/32")}, {Line: 8, Text: "nat other", Addrs: set("10.9.0.1/32")}}
	unread := config(wanted()...)
	unread.Problems = []targets.Problem{{Line: 5, Text: "frob", Why: "not understood"}, {Line: 6, Text: "frob", Why: "not understood"}}
	for name, c := range map[string]struct {
		have *targets.Config
		want []string
		line int
	}{
		"all as wanted":              {config(wanted()...), nil, 0},
		"one rule is gone":           {config(wanted()[1:]...), []string{"missing"}, 0},
		"a deny above":               {config(append([]ruleset.Rule{rule("no", 9, ruleset.Deny, "inside", "dmz", "any", "10.2.0.11/32")}, wanted()...)...), []string{"missing"}, 9},
		"more is open":               {config(append(wanted(), rule("wide", 9, ruleset.Permit, "", "", "any", "10.1.0.10/32", 1556))...), []string{"extra"}, 9},
		"other ports are no concern": {config(append(wanted(), rule("web", 9, ruleset.Permit, "", "", "any", "10.2.0.11/32", 443))...), nil, 0},
		"other hosts are no concern": {config(append(wanted(), rule("web", 9, ruleset.Permit, "", "", "10.1.0.77/32", "10.2.0.77/32", 1556))...), nil, 0},
		"a condition above":          {config(append([]ruleset.Rule{opaque}, wanted()...)...), []string{"unreadable"}, 9},
		"addresses are translated":   {nat, []string{"nat"}, 7},
		"lines are not understood":   {unread, []string{"unreadable"}, 5},
	} {
		t.Run(name, func(t *testing.T) {
			g := graph(t, smallPolicy)
			r, err := drift.Review(g, g.Firewalls[0], c.have, &c.have.RuleSet)
			if err != nil {
				t.Fatal(err)
			}
			if got := kinds(r.Findings); !slices.Equal(got, c.want) {
				t.Fatalf("found %v, not %v: %+v", got, c.want, r.Findings)
			}
			if len(r.Findings) > 0 && r.Findings[0].Line != c.line {
				t.Errorf("line %d, not %d", r.Findings[0].Line, c.line)
			}
			if len(r.Starts)+len(r.Stops)+len(r.Maybe) > 0 {
				t.Error("nothing changes, but something is said to")
			}
		})
	}
}

// What a change of the rules starts and stops, with the policy's flows.
func TestReviewChanges(t *testing.T) {
	g := graph(t, smallPolicy)
	have, after := config(wanted()[1:]...), config(wanted()[:3]...)
	r, err := drift.Review(g, g.Firewalls[0], have, &after.RuleSet)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Starts) != 1 || len(r.Stops) != 1 {
		t.Fatalf("starts %v, stops %v", r.Starts, r.Stops)
	}
	if s := r.Starts[0]; len(s.Flows) == 0 || s.By.Line != 1 || !s.Dst.Equal(set("10.2.0.11/32")) {
		t.Errorf("starts %+v", s)
	}
	if s := r.Stops[0]; len(s.Flows) == 0 || s.By.Line != 4 || !s.Src.Equal(set("10.2.0.12/32")) {
		t.Errorf("stops %+v", s)
	}
}

// A finding keeps its id when lines move, and loses it when packets change.
func TestFindingID(t *testing.T) {
	a := drift.Finding{Kind: drift.Extra, Firewall: "fw", Rule: "r", Summary: "s", Line: 3}
	b, c := a, a
	b.Line = 4
	c.Rule = "other"
	if a.ID() != b.ID() || a.ID() == c.ID() || !strings.HasPrefix(a.ID(), "extra-") {
		t.Errorf("%s %s %s", a.ID(), b.ID(), c.ID())
	}
}

// A configuration by itself.
func TestInspect(t *testing.T) {
	c, diags := lang.LoadCatalog(catalog.FS)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	in, err := drift.Inspect("fw", c, config(
		rule("hosts", 1, ruleset.Permit, "", "", "10.1.0.10/32", "10.2.0.11/32", 1556),
		rule("again", 2, ruleset.Permit, "", "", "10.1.0.10/32", "10.2.0.11/32", 1556),
		rule("reserved", 3, ruleset.Permit, "", "", "10.1.0.10/32", "10.2.0.12/32", 13722),
		rule("wide", 4, ruleset.Permit, "", "", "any", "10.2.0.13/32", 13724),
		rule("other", 5, ruleset.Permit, "", "", "any", "10.2.0.13/32", 443),
	))
	if err != nil {
		t.Fatal(err)
	}
	if got := kinds(in.Findings); !slices.Equal(got, []string{"open", "reserved", "useless"}) {
		t.Errorf("found %v", got)
	}
	var lines []int
	for _, p := range in.Permits {
		lines = append(lines, p.Rule.Line)
	}
	if !slices.Equal(lines, []int{1, 3, 4}) {
		t.Errorf("permits by lines %v", lines)
	}
}

func draft(t *testing.T, configs ...*targets.Config) *drift.Draft {
	t.Helper()
	var sources []drift.Source
	for _, c := range configs {
		sources = append(sources, drift.Source{File: c.Hostname + ".conf", Target: "cisco_asa", Config: c})
	}
	d, err := drift.MakeDraft(sources, catalog.FS)
	if err != nil {
		t.Fatal(err)
	}
	graph(t, string(d.Text))
	if again, _ := lang.Format(d.Text, "p.hcl"); !bytes.Equal(again, d.Text) {
		t.Errorf("fmt changes:\n%s", d.Text)
	}
	return d
}

// A master and its clients come back as such.
func TestDraft(t *testing.T) {
	c := config(wanted()...)
	c.RuleSet.Groups = []ruleset.Group{{Name: "MASTER", Set: set("10.1.0.10/32")}, {Name: "CLIENTS", Set: set("10.2.0.11/32", "10.2.0.12/32")}}
	d := draft(t, c)
	if len(d.Left) > 0 || d.Flows != 0 || len(d.Hosts) != 2 || !d.Firewalls[0].Equal {
		t.Fatalf("%+v\n%s", d, d.Text)
	}
	for _, h := range d.Hosts {
		if !h.Guess.Written {
			t.Errorf("%+v", h)
		}
	}
}

// What can't be taken over is left over.
func TestDraftLeavesOver(t *testing.T) {
	maybe := rule("app", 6, ruleset.Permit, "inside", "dmz", "10.1.0.10/32", "10.2.0.40/32", 1556)
	maybe.Opaque = &ruleset.Opaque{ID: "app-id ssl"}
	d := draft(t, config(append(wanted(), maybe,
		rule("wide", 5, ruleset.Permit, "inside", "dmz", "10.1.0.20/32", "any", 13724),
		rule("reserved", 7, ruleset.Permit, "inside", "dmz", "10.1.0.10/32", "10.2.0.12/32", 13722))...))
	got := map[int]string{}
	for _, l := range d.Left {
		got[l.Line] = l.Kind
	}
	if len(got) != 3 || got[5] != "missing" || got[6] != "unclear" || got[7] != "missing" {
		t.Errorf("%v\n%+v", got, d.Left)
	}
}

// A host that contacts all others is no master if the roles would open more;
// the permits are flows then.
func TestDraftWithoutRoles(t *testing.T) {
	d := draft(t, config(rule("one", 1, ruleset.Permit, "inside", "dmz", "10.1.0.10/32", "10.2.0.11/32", 13724)))
	if len(d.Left) > 0 || d.Flows != 1 {
		t.Errorf("%+v\n%s", d.Left, d.Text)
	}
}

// Two firewalls that share a network: it joins them, and what lies beyond the
// other one is behind the other one.
func TestDraftOfTwoFirewalls(t *testing.T) {
	p := netip.MustParsePrefix
	a, b := config(), config()
	a.Hostname, b.Hostname = "a", "b"
	a.Interfaces = []targets.ConfigInterface{{Label: "inside", Networks: []netip.Prefix{p("10.1.0.0/24")}}, {Label: "out", Networks: []netip.Prefix{p("10.99.0.0/24"), p("10.2.0.0/24")}}}
	b.Interfaces = []targets.ConfigInterface{{Label: "apps", Networks: []netip.Prefix{p("10.2.0.0/24")}}, {Label: "wan", Networks: []netip.Prefix{p("10.99.0.0/24"), p("10.1.0.0/24")}}}
	a.RuleSet.Stages[0].Rules = []ruleset.Rule{rule("x", 1, ruleset.Permit, "inside", "out", "10.1.0.10/32", "10.2.0.11/32", 1556)}
	b.RuleSet.Stages[0].Rules = []ruleset.Rule{rule("y", 1, ruleset.Permit, "wan", "apps", "10.1.0.10/32", "10.2.0.11/32", 1556)}
	if d := draft(t, a, b); len(d.Left) > 0 || !strings.Contains(string(d.Text), "transit") {
		t.Errorf("%+v\n%s", d.Left, d.Text)
	}
	b.RuleSet.Stages[0].Rules = nil
	if d := draft(t, a, b); len(d.Left) != 1 || d.Left[0].Kind != "extra" || d.Left[0].Firewall != "b" {
		t.Errorf("%+v\n%s", d.Left, d.Text)
	}
}

// Names of a device can be anything; the draft loads.
func TestDraftOfHostileNames(t *testing.T) {
	for _, name := range []string{"", "a\nb", `x"}`, "${y}", "%{if}", "\x00", "ä", "zone.elsewhere", "elsewhere", strings.Repeat("long", 100), "-", "1"} {
		c := config(rule(name, 1, ruleset.Permit, "inside", "dmz", "10.1.0.10/32", "10.2.0.11/32", 1556))
		c.Hostname, c.OS, c.Context = name, name, name
		c.RuleSet.Groups = []ruleset.Group{{Name: name, Set: set("10.1.0.10/32")}, {Name: name, Set: set("10.2.0.11/32")}}
		c.Interfaces = append(c.Interfaces, targets.ConfigInterface{Label: name})
		draft(t, c)
	}
}
