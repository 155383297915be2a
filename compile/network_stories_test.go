package compile

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// Two firewalls between the same zones: an error, until the policy chooses.
func TestPathBlock(t *testing.T) {
	network := strings.Replace(storyNetwork, `firewall "edge"`, `firewall "spare" {
  target = "nftables"
  interface "in"  { zones = [zone.core] }
  interface "out" { zones = [zone.dmz] }
}
firewall "edge"`, 1)
	_, problems := New(load(t, map[string][]byte{"p.hcl": []byte(network + storyDomain)}), Options{})
	n := 0
	for _, p := range problems {
		if p.Severity == Error {
			n++
			wantText(t, p.Summary+": "+p.Detail, "Several ways between two zones", "edge (", "spare (", "path \"x\"")
		}
	}
	if n != 1 {
		t.Errorf("%d errors for one pair of zones: %v", n, problems)
	}
	for text, want := range map[string][]string{
		`path "p" { via = [firewall.edge] }`:                                           {"edge"},
		"path \"p\" {\n from = zone.dmz\n to = zone.core\n avoid = [firewall.edge]\n}": {"spare"},
		`path "p" { all = true }`:                                                      {"edge", "spare"},
	} {
		g := story(t, network+storyDomain+text)
		var have []string
		for _, fw := range g.Firewalls {
			if len(fw.Flows) > 0 {
				have = append(have, fw.Name)
			}
		}
		if slices.Sort(have); !slices.Equal(have, want) {
			t.Errorf("%s: flows cross %v, want %v", text, have, want)
		}
	}
}

// A host that filters for itself sees its neighbours and those beyond the
// router; the router sees only the latter.
func TestHostFirewall(t *testing.T) {
	g := story(t, strings.Replace(storyNetwork, `firewall "edge"`, `firewall "med1" {
  target = "nftables"
  manage = "exclusive"
  self   = [hosts.media]
  interface "eth0" { zones = [zone.core] }
}
firewall "edge"`, 1)+storyDomain)
	var host *Firewall
	for _, fw := range g.Firewalls {
		if fw.Name == "med1" {
			host = fw
		}
	}
	var have []string
	for _, s := range g.RuleSet(host).Stages {
		for _, r := range s.Rules {
			have = append(have, fmt.Sprintf("%s: %s -> %s %v", s.Name, r.SrcGroup, r.DstGroup, r.Service))
		}
	}
	text := strings.Join(have, "\n")
	for _, want := range []string{
		"input: NBU-master-eth0 -> NBU-media-self tcp 1556",
		"input: NBU-client-eth0 -> NBU-media-self tcp 1556",
		"output: NBU-media-self -> NBU-client-old-eth0 tcp 13724",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no rule %q in\n%s", want, text)
		}
	}
	if strings.Contains(text, "forward") {
		t.Errorf("a host forwards:\n%s", text)
	}
	for id := range g.Flows {
		f := &g.Flows[id]
		if f.From.Group.Block == "legacy" && f.To.Group.Block == "media" && pathText(f.Paths[0]) != "edge (dmz0 to lan0), med1 (eth0 to itself)" {
			t.Errorf("from beyond the router: %s", pathText(f.Paths[0]))
		}
	}
}

// Images are replicated from the source domain to the target domain, and to no
// other.
func TestAirLink(t *testing.T) {
	remote := `
domain "dr" {
  version = "7.6"
  hosts "media" {
    zone      = zone.dmz
    addresses = { drmed = "192.0.2.201" }
    roles     = [role.media, role.msdp]
  }
  hosts "master" {
    zone      = zone.dmz
    addresses = { drm = "192.0.2.200" }
    roles     = [role.master]
  }
}
`
	apart := story(t, storyNetwork+storyDomain+remote)
	for id := range apart.Flows {
		if f := &apart.Flows[id]; f.From.Group.Domain != f.To.Group.Domain {
			t.Fatalf("%s joins two domains", label(f))
		}
	}
	g := story(t, storyNetwork+storyDomain+remote+"air \"offsite\" {\n source = domain.prod\n target = domain.dr\n}\n")
	n := 0
	for id := range g.Flows {
		f := &g.Flows[id]
		if f.Link == nil {
			continue
		}
		n++
		if f.Link.Name != "offsite" || f.From.Group.Domain.Name != "prod" && f.To.Group.Domain.Name != "prod" || f.From.Group.Domain == f.To.Group.Domain || len(f.Paths) != 1 {
			t.Errorf("%s: %s to %s", label(f), f.From.blockText(), f.To.blockText())
		}
	}
	if n == 0 {
		t.Error("the link has no flows")
	}
	x := g.Index()
	if e := x.Explain(endpoint(t, x, "med1"), endpoint(t, x, "drmed"), nil); e.Verdict != Permitted || len(e.Flows) == 0 {
		t.Errorf("%+v", e)
	}
	if e := x.Explain(endpoint(t, x, "drmed"), endpoint(t, x, "med1"), nil); e.Verdict != Permitted || len(e.Flows) == 0 {
		t.Errorf("the way back of the link: %+v", e)
	}
}
