package compile

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// withoutGaps leaves out what is said of every part of a domain: that it has no
// master server, that hosts have no partner. A test about one of these keeps it.
func withoutGaps(problems []Problem, topic string) []Problem {
	return slices.DeleteFunc(slices.Clone(problems), func(p Problem) bool {
		return p.Summary != topic && (p.Summary == "Domain without a master server" || p.Summary == "Hosts without any flow")
	})
}

// gapNetwork has hosts on two sides of a firewall.
const gapNetwork = `
zone "core" { networks = ["10.0.0.0/24"] }
zone "dmz"  { networks = ["10.0.1.0/24", "2001:db8:1::/64"] }
firewall "edge" {
  target = "nftables"
  manage = "exclusive"
  interface "lan0" { zones = [zone.core] }
  interface "dmz0" { zones = [zone.dmz] }
}
`

const gapMaster = `
  hosts "master" {
    roles     = [role.master]
    addresses = ["10.0.0.10"]
  }
`

// TestGaps has the policies that lack something, and the nearest that don't.
// What is wanted are the summaries with words of the detail.
func TestGaps(t *testing.T) {
	domain := func(text string) string { return "domain \"prod\" {\n  version = \"7.6\"\n" + text + "}\n" }
	hosts := func(name, role, address, more string) string {
		return fmt.Sprintf("  hosts %q {\n    roles = [role.%s]\n    addresses = [%q]\n    %s\n  }\n", name, role, address, more)
	}
	media := hosts("media", "media", "10.0.1.5", "")
	web := hosts("web", "client", "10.0.1.7", "")
	console := hosts("console", "ism_console", "10.0.1.9", "")
	host := func(manage string) string {
		return "firewall \"host\" {\n  target = \"nftables\"\n  manage = \"" + manage + "\"\n  anchor = \"inet filter - input output\"\n  self = [domain.prod.hosts.master]\n" +
			"  interface \"eth0\" { zones = [zone.core] }\n}\n"
	}
	for _, c := range []struct{ name, text, want string }{
		{"a whole domain", domain(gapMaster + media + web), ""},
		{"no master", domain(media + web), `Domain without a master server / "prod"`},
		{"no master, and a host alone: one cause", domain(media), `Domain without a master server / "prod"`},
		{"hosts that run no NetBackup need none", domain(hosts("browser", "web_browser", "10.0.1.5", "")), `Hosts without any flow / hosts "browser"`},
		{"an empty domain", domain(""), ""},
		{"a console without its appliance", domain(gapMaster + media + console), `Hosts without any flow / hosts "console" take`},
		{"several are told at once", domain(gapMaster + media + console + hosts("b", "web_browser", "10.0.1.10", "")), `Hosts without any flow / hosts "console", "b" take`},
		{"a flow of the policy's own", domain(gapMaster+media+console) + "flow \"x\" {\n  from = hosts.console\n  to = hosts.master\n  service = service.pbx\n}\n", ""},
		{"a flow of their zone", domain(gapMaster+media+console) + "flow \"x\" {\n  from = zone.dmz\n  to = hosts.master\n  service = service.pbx\n}\n", ""},
		{"a flow of their zone in the other family", domain(gapMaster+media+hosts("console", "ism_console", "2001:db8:1::9", "")) + "flow \"x\" {\n  from = zone.dmz\n  to = hosts.master\n  service = service.pbx\n}\n", `Hosts without any flow / hosts "console" take`},
		{"a local flow is one", domain(gapMaster + hosts("media", "media", "10.0.0.5", "")), ""},
		{"peers that leave nobody", domain(gapMaster + media + console + hosts("web", "client", "10.0.1.7", "peers = {\n      master = []\n      media = []\n    }")), `Hosts without any flow / "web" take`},
		{"a host that filters everything", domain(gapMaster+media) + host("exclusive"), `Host firewall filters everything / DNS`},
		{"a host that filters a section", domain(gapMaster+media) + host("section"), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			g, problems := New(load(t, map[string][]byte{"policy.hcl": []byte(gapNetwork + c.text)}), Options{})
			if g == nil {
				t.Fatal(problems)
			}
			var got []Problem
			for _, p := range problems {
				checkWording(t, p)
				if p.Summary != "Flows that cross no firewall" {
					got = append(got, p)
				}
			}
			summary, words, _ := strings.Cut(c.want, " / ")
			switch {
			case c.want == "" && len(got) == 0:
			case len(got) != 1 || got[0].Summary != summary || !strings.Contains(got[0].Detail, words):
				t.Errorf("have %+v\nwant %s", got, c.want)
			}
		})
	}
}
