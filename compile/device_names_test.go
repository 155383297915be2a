package compile

import (
	"slices"
	"strings"
	"testing"

	"github.com/nbfwc/nbfwc/lang"
)

// firewallWith is the story's network with a firewall that says more.
func firewallWith(attributes string) string {
	return strings.Replace(strings.Replace(storyNetwork, `target = "nftables"`, `target = "cisco_asa"`, 1), `manage = "exclusive"`, attributes, 1)
}

func refused(t *testing.T, text, summary string) Problem {
	t.Helper()
	g, problems := New(load(t, map[string][]byte{"p.hcl": []byte(text)}), Options{})
	for _, p := range problems {
		if p.Summary == summary && p.Severity == Error && g == nil {
			return p
		}
	}
	t.Fatalf("no %q in %v", summary, problems)
	return Problem{}
}

// An object of the device is named for a group that exists, be it a union or a
// part of one; else the message says which groups there are.
func TestObjectsForGroups(t *testing.T) {
	g := story(t, firewallWith(`use_object = { "NBU-client-dmz0" = "SRV-CLIENTS", "NBU-master-lan0" = "M", "NBU-master-media-lan0" = "BACKUP" }`)+storyDomain)
	want := lang.UseObject{Group: "NBU-client-dmz0", Object: "SRV-CLIENTS"}
	have := g.Firewalls[0].UseObjects
	if have[0].Origin.Line == 0 {
		t.Error("no place")
	}
	if have[0].Origin = want.Origin; len(have) != 3 || have[0] != want {
		t.Errorf("%+v", have)
	}
	p := refused(t, firewallWith(`use_object = { "NBU-clients-dmz0" = "SRV-CLIENTS" }`)+storyDomain, "Unknown object-group")
	wantText(t, p.Detail, `Did you mean "NBU-client-dmz0"?`, "NBU-client-dedup-dmz0, NBU-client-dmz0, NBU-client-old-dmz0, NBU-master-lan0, NBU-master-media-lan0, NBU-media-lan0.")
	p = refused(t, firewallWith(`use_object = { "NBU-clients-dmz0" = "SRV-CLIENTS" }`), "Unknown object-group")
	wantText(t, p.Detail, "No flow crosses it")
}

// The prefix begins the names of groups and rules; a template says the rest.
func TestNameTemplates(t *testing.T) {
	for _, c := range []struct{ attributes, group, rule string }{
		{`name_prefix = "BKP_"`, "BKP_master-media-lan0", "BKP_client-old-dmz0-to-master-media-lan0"},
		{`group_name = "{interface}.{role}.{class}"`, "NBU-lan0.master-media", "NBU-dmz0.client.old-to-lan0.master-media"},
		{"name_prefix = \"B\"\ngroup_name = \"{domain}{family}_{role}-{version}x{class}{interface}\"", "Bprod_master-media-xlan0", "Bprod_client-xolddmz0-to-prod_master-media-xlan0"},
		{`group_name = "{role}-{class}-at-the-side-of-{interface}"`, "NBU-master-media-at-the-fivfx7", "NBU-client-old-at-the-si-stx9cn-to-master-media-at-the-fivfx7"},
	} {
		g := story(t, firewallWith(c.attributes)+storyDomain)
		rs := g.RuleSet(g.Firewalls[0])
		var names, rules []string
		for _, grp := range rs.Groups {
			if len(grp.Name) > maxName || !strings.HasPrefix(grp.Name, g.Firewalls[0].Prefix()) {
				t.Errorf("name %q", grp.Name)
			}
			if len(grp.Parts) > 0 {
				names = append(names, grp.Name)
			}
		}
		for _, r := range rs.Stages[0].Rules {
			rules = append(rules, r.Name)
		}
		if len(names) != 1 || names[0] != c.group || !slices.Contains(rules, c.rule) {
			t.Errorf("%s: unions %q, rules %q", c.attributes, names, rules)
		}
	}
}

// A template that leaves out what tells groups apart is refused with both.
func TestTemplateWithTwins(t *testing.T) {
	p := refused(t, firewallWith(`group_name = "{interface}-{role}"`)+storyDomain, "Two groups of one name")
	wantText(t, p.Detail, `"client behind dmz0, domain prod"`, `"client (dedup) behind dmz0, domain prod"`, `"NBU-dmz0-client"`, "{class}")
}

// Names under a template stay apart whatever the policy, or it is refused.
func TestTemplatesOfRandomPolicies(t *testing.T) {
	tried, twins := 0, 0
	for seed := uint64(0); tried < 300; seed++ {
		p := newRandomPolicy(seed)
		if !p.valid() {
			continue
		}
		for i, fw := range p.Firewalls {
			fw.GroupName.Text = [...]string{"{role}", "{role}-{interface}", "{domain}.{role}.{class}{version}{family}.{interface}"}[(int(seed)+i)%3]
		}
		g, problems := New(p.Policy, Options{})
		if g == nil {
			if slices.ContainsFunc(problems, func(p Problem) bool { return p.Summary == "Two groups of one name" }) {
				twins++
			}
			continue
		}
		tried++
		for _, rs := range g.RuleSets() {
			checkParts(t, &rs)
			names := map[string]bool{}
			for _, grp := range rs.Groups {
				if names[grp.Name] || len(grp.Name) > maxName {
					t.Errorf("seed %d: %s", seed, grp.Name)
				}
				names[grp.Name] = true
			}
		}
	}
	if twins < 10 {
		t.Errorf("only %d policies are refused", twins)
	}
}
