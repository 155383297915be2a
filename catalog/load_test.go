package catalog_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/nbfwc/nbfwc/catalog"
	"github.com/nbfwc/nbfwc/lang"
)

// block writes the host of a story as a hosts block.
func (h host) block(label, role, zone, address string, l *library, t *testing.T) string {
	var b strings.Builder
	fmt.Fprintf(&b, "  hosts %q {\n    zone = zone.%s\n    addresses = { h = { data = %q, ipmi = %q } }\n", label, zone, address+"1", address+"2")
	var roles, features, settings []string
	for _, r := range append([]string{role}, strings.Fields(h.roles)...) {
		roles = append(roles, "role."+r)
	}
	for _, f := range strings.Fields(h.features) {
		features = append(features, "feature."+f)
	}
	for _, name := range slices.Sorted(maps.Keys(h.settings)) {
		value := fmt.Sprintf("%q", h.settings[name])
		if l.by["setting."+name].text(t, "kind") == "port" {
			value = h.settings[name]
		}
		settings = append(settings, name+" = "+value)
	}
	fmt.Fprintf(&b, "    roles = [%s]\n    features = [%s]\n    settings = { %s }\n", strings.Join(roles, ", "), strings.Join(features, ", "), strings.Join(settings, ", "))
	if h.version != "" {
		fmt.Fprintf(&b, "    version = %q\n", h.version)
	}
	return b.String() + "  }\n"
}

// loaded asks the same as answer, of the catalogue as package lang reads it and
// of the facts that it makes of a policy.
func (s *story) loaded(t *testing.T, l *library) string {
	text := fmt.Sprintf("zone \"a\" { networks = [\"10.0.1.0/24\"] }\nzone \"b\" { networks = [\"10.0.2.0/24\"] }\ndomain \"d\" {\n  version = \"7.6\"\n  strict = %t\n  uncertain = %t\n%s%s}\n",
		s.strict, s.uncertain, s.source.block("source", s.from, "a", "10.0.1.", l, t), s.target.block("target", s.to, "b", "10.0.2.", l, t))
	p, _, diags := lang.Load(fstest.MapFS{"p.hcl": {Data: []byte(text)}}, "p.hcl", lang.Options{Catalog: catalog.FS})
	if p == nil {
		t.Fatalf("%v\n%s", diags, text)
	}
	facts := map[string]*lang.Facts{}
	for _, g := range p.Domains[0].Groups {
		facts[g.Block] = g.Facts
	}
	from, to := facts["source"], facts["target"]
	var out []string
	answered, open := map[string]bool{}, false
	var asked []*lang.Row
	for _, row := range p.Catalog.Rows {
		if row.From.Name != s.from || row.To.Name != s.to || row.Link != s.link {
			continue
		}
		covers := (!row.From.Versioned || row.FromCovers.Contains(from.Version)) && (!row.To.Versioned || row.ToCovers.Contains(to.Version))
		switch holds := row.When.Holds(from, to); {
		case covers:
			answered[row.Service.Name] = true
			if holds {
				out = append(out, portTexts(row, from, to)...)
			}
		case holds:
			asked = append(asked, row)
		}
	}
	for _, row := range asked {
		open = open || !answered[row.Service.Name]
	}
	if open {
		return "?"
	}
	return strings.Join(out, ", ")
}

func portTexts(row *lang.Row, from, to *lang.Facts) []string {
	proto, ports := "tcp", row.Service.TCP
	if len(row.Service.UDP) > 0 {
		proto, ports = "udp", row.Service.UDP
	}
	if row.Ports != nil {
		var err error
		if ports, err = row.Ports.Ports(from, to); err != nil {
			return []string{proto + " unstated"}
		}
	}
	var out []string
	for _, p := range ports {
		if p.From == p.To {
			out = append(out, fmt.Sprintf("%s %d", proto, p.From))
		} else {
			out = append(out, fmt.Sprintf("%s %d-%d", proto, p.From, p.To))
		}
	}
	return out
}

func TestImpliedRoles(t *testing.T) {
	text := `zone "a" { networks = ["10.0.1.0/24"] }
domain "d" {
  version = "7.6"
  hosts "pool" {
    zone      = zone.a
    addresses = ["10.0.1.1"]
    roles     = [role.puredisk_metabase_engine]
  }
  hosts "master" {
    zone      = zone.a
    addresses = ["10.0.1.2"]
    roles     = [role.master]
  }
  hosts "opscenter" {
    zone      = zone.a
    addresses = ["10.0.1.3"]
    roles     = [role.opscenter_server]
  }
}
`
	p, _, diags := lang.Load(fstest.MapFS{"p.hcl": {Data: []byte(text)}}, "p.hcl", lang.Options{Catalog: catalog.FS})
	if p == nil {
		t.Fatal(diags)
	}
	want := map[string]string{
		"pool":      "puredisk_controller puredisk_metabase_engine puredisk_node",
		"master":    "emm java_server master",
		"opscenter": "opscenter_db opscenter_server",
	}
	for _, g := range p.Domains[0].Groups {
		var names []string
		for _, r := range g.Roles {
			names = append(names, r.Name)
		}
		if have := strings.Join(names, " "); have != want[g.Block] {
			t.Errorf("hosts %s: have %q, want %q", g.Block, have, want[g.Block])
		}
	}
}
