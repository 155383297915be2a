package compile

import (
	"fmt"
	"strings"
	"testing"
)

// One mistake is one problem, however many zones, hosts or instances of a block
// it breaks.
func TestNoEchoes(t *testing.T) {
	var branches strings.Builder
	for i := range 60 {
		fmt.Fprintf(&branches, "zone \"b%d\" { networks = [\"10.1.%d.0/24\"] }\n", i, i)
	}
	list := func(format string, n int) string {
		var parts []string
		for i := range n {
			parts = append(parts, fmt.Sprintf(format, i))
		}
		return strings.Join(parts, ", ")
	}
	for _, c := range []struct {
		name, text string
		want       []string // summary and words of the detail of each problem
	}{
		{"an interface that is missing", storyNetwork + branches.String() + `
flow "x" {
  from    = [zone.core, ` + list("zone.b%d", 60) + `]
  to      = zone.lab
  service = service.pbx
}
firewall "branches" {
  target = "nftables"
  interface "lan0" { zones = [` + list("zone.b%d", 60) + `] }
}
`, []string{`Zone behind no firewall / zone "core" and zone "lab"; the same holds between; and 57 more pairs; policy.hcl line`}},
		{"networks that nothing joins", storyNetwork + branches.String() + `
flow "x" {
  from    = [zone.core, zone.dmz]
  to      = [` + list("zone.b%d", 60) + `]
  service = service.pbx
}
flow "y" {
  from    = [` + list("zone.b%d", 60) + `]
  to      = [zone.core, zone.dmz]
  service = service.pbx
}
firewall "branches" {
  target = "nftables"
  interface "lan0" { zones = [` + list("zone.b%d", 60) + `] }
}
`, []string{`No way between two zones / from zone "core" one gets to firewall edge, from zone "b0" to firewall branches; and 116 more pairs`}},
		{"two firewalls side by side for all", strings.Replace(storyNetwork, "zones = [zone.dmz]", "zones = [zone.dmz, "+list("zone.b%d", 60)+"]", 1) + branches.String() + `
firewall "spare" {
  target = "nftables"
  interface "in"  { zones = [zone.core] }
  interface "out" { zones = [zone.dmz, ` + list("zone.b%d", 60) + `] }
}
flow "x" {
  from    = zone.core
  to      = [` + list("zone.b%d", 60) + `]
  service = service.pbx
}
`, []string{"Several ways between two zones / path \"x\" with from = zone.core, to = zone.b0; and 56 more pairs"}},
		{"one group with IPv6 among many", `
zone "core" { networks = ["10.0.0.0/16", "2001:db8::/64"] }
domain "prod" {
  version = "7.6"
  hosts "media" {
    for_each  = { for n in range(30) : "m${n}" => n }
    roles     = [role.media]
    addresses = ["10.0.1.${each.value}"]
  }
  hosts "master" {
    roles     = [role.master]
    addresses = ["10.0.0.1"]
  }
  hosts "web" {
    roles     = [role.client]
    addresses = ["2001:db8::7"]
  }
}
`, []string{`No common address family / Hosts "web" have to talk with "master"; "media[`}},
		{"instances of one block", storyNetwork + `
domain "prod" {
  version = "7.6"
  hosts "web" {
    for_each  = { for n in range(30) : "w${n}" => n }
    roles     = [role.client]
    features  = [feature.connect_options]
    addresses = ["10.0.0.${each.value + 100}"]
  }
}
`, []string{"Connect options are not the default / further instances of the block (29)"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, problems := New(load(t, map[string][]byte{"policy.hcl": []byte(c.text)}), Options{})
			problems = withoutGaps(problems, "")
			if len(problems) != len(c.want) {
				t.Fatalf("have %d problems, want %d: %v", len(problems), len(c.want), problems)
			}
			for i, p := range problems {
				checkWording(t, p)
				summary, words, _ := strings.Cut(c.want[i], " / ")
				if p.Summary != summary {
					t.Errorf("have %q, want %q", p.Summary, summary)
				}
				wantText(t, strings.Replace(p.Detail, "The same", "the same", 1), strings.Split(words, "; ")...)
			}
		})
	}
}

// Firewalls that stand alone are one problem each, not one for each pair; beyond
// a number of pairs the cause isn't looked for, and that is said.
func TestFirewallsThatNothingJoins(t *testing.T) {
	for n, unsaid := range map[int]int{30: 0, 40: 40*39/2 - maxRoutesExplained} {
		var text strings.Builder
		var zones []string
		for i := range n {
			fmt.Fprintf(&text, "zone \"b%d\" { networks = [\"10.1.%d.0/24\"] }\nfirewall \"f%d\" {\n  target = \"nftables\"\n  interface \"lan\" { zones = [zone.b%d] }\n}\n", i, i, i, i)
			zones = append(zones, fmt.Sprintf("zone.b%d", i))
		}
		all := strings.Join(zones, ", ")
		fmt.Fprintf(&text, "flow \"x\" {\n  from = [%s]\n  to = [%s]\n  service = service.pbx\n}\n", all, all)
		g, problems := New(load(t, map[string][]byte{"policy.hcl": []byte(text.String())}), Options{})
		if g != nil || len(problems) == 0 || len(problems) >= n {
			t.Fatalf("%d problems for %d firewalls", len(problems), n)
		}
		said := 0
		for _, p := range problems {
			if strings.Contains(p.Detail, fmt.Sprintf("%d further pairs of zones", unsaid)) {
				said++
			}
		}
		if want := min(unsaid, 1); said != want {
			t.Errorf("%d firewalls: %d problems speak of %d pairs that were not looked at, want %d", n, said, unsaid, want)
		}
	}
}
