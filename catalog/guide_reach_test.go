package catalog_test

import (
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/nbfwc/nbfwc/catalog"
	"github.com/nbfwc/nbfwc/compile"
	"github.com/nbfwc/nbfwc/lang"
)

// allVersions are sevens and the releases after them.
var allVersions = append(slices.Clone(sevens), strings.Fields("8.0 8.1 8.1.1 8.1.2 8.2 9.0 9.1 10.0 10.1.1 11.0")...)

// stated are values of settings that have no default, for hosts whose own don't
// matter.
var stated = map[string]string{
	"server_port_window": `"4900-4999"`, "appliance_model": `"5220"`, "appliance_firmware": `"2.14"`,
	"rmm_mode": `"encrypted"`, "puredisk_naming": `"names"`,
}

// hostsBlock writes one host with these facts as a hosts block. Its addresses
// begin with net.
func hostsBlock(c *lang.Catalog, label, net string, role *lang.Role, f *lang.Facts, more map[string]string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "  hosts %q {\n    addresses = { h = { data = \"%s1\", ipmi = \"%s2\" } }\n    roles = [", label, net, net)
	for _, r := range withImplied(slices.Clone(f.Roles), role) {
		fmt.Fprintf(&b, "role.%s, ", r.Name)
	}
	b.WriteString("]\n    features = [")
	for _, x := range f.Features {
		fmt.Fprintf(&b, "feature.%s, ", x.Name)
	}
	b.WriteString("]\n    settings = {\n")
	for _, def := range c.Settings {
		if text := settingText(def, role, f, more); text != "" {
			fmt.Fprintf(&b, "      %s = %s\n", def.Name, text)
		}
	}
	b.WriteString("    }\n")
	if !f.Version.IsZero() {
		fmt.Fprintf(&b, "    version = %q\n", f.Version)
	}
	return b.String() + "  }\n"
}

// settingText is what the block says of a setting, "" for nothing.
func settingText(def *lang.SettingDef, role *lang.Role, f *lang.Facts, more map[string]string) string {
	if !slices.Contains(def.On, role) {
		return ""
	}
	for _, s := range f.Settings {
		if s.Name == def.Name {
			return fmt.Sprintf("%q", fmt.Sprint(s.Value))
		}
	}
	if text := more[def.Name]; text != "" {
		return text
	}
	return stated[def.Name]
}

const twoZones = `zone "a" { networks = ["10.1.0.0/16"] }
zone "b" { networks = ["10.2.0.0/16"] }
firewall "edge" {
  target = "nftables"
  manage = "exclusive"
  interface "a0" { zones = [zone.a] }
  interface "b0" { zones = [zone.b] }
}
`

// policyOf is a policy for a row: two hosts of its roles in two zones with a
// firewall between, and in two domains for a row between domains. The link goes
// the other way if back is set.
func policyOf(c *lang.Catalog, row *lang.Row, p pair, back bool, settings map[string]string) string {
	source := hostsBlock(c, "source", "10.1.0.", row.From, p.from, settings)
	target := hostsBlock(c, "target", "10.2.0.", row.To, p.to, settings)
	head := fmt.Sprintf("  version = \"7.6\"\n  strict = %t\n  uncertain = %t\n", p.from.Domain.Strict, p.from.Domain.Uncertain)
	if row.Link == "" {
		return twoZones + "domain \"d\" {\n" + head + source + target + "}\n"
	}
	ends := "  source = domain.s\n  target = domain.t\n"
	if back {
		ends = "  source = domain.t\n  target = domain.s\n"
	}
	return twoZones + "domain \"s\" {\n" + head + source + "}\ndomain \"t\" {\n" + head + target + "}\nair \"x\" {\n" + ends + "}\n"
}

// compiled is the graph of a policy's text; problems that are errors fail the
// test.
func compiled(t *testing.T, text string) *compile.Graph {
	t.Helper()
	p, _, diags := lang.Load(fstest.MapFS{"p.hcl": {Data: []byte(text)}}, "p.hcl", lang.Options{Catalog: catalog.FS})
	if p == nil {
		t.Fatalf("%v\n%s", diags, beginning(text))
	}
	g, problems := compile.New(p, compile.Options{})
	if g == nil {
		for _, x := range problems {
			if x.Severity == compile.Error {
				t.Errorf("%s: %s", x.Summary, x.Detail)
			}
		}
		t.Fatalf("can't be compiled:\n%s", beginning(text))
	}
	return g
}

func beginning(text string) string { return text[:min(len(text), 2000)] }

// rowFlows are the ports of the row's flows from source to target, all of which
// cross the firewall.
func rowFlows(t *testing.T, g *compile.Graph, name string) []string {
	t.Helper()
	var out []string
	for i := range g.Flows {
		f := &g.Flows[i]
		if f.Row == nil || f.Row.Name != name || f.From.Group.Block != "source" || f.To.Group.Block != "target" {
			continue
		}
		if f.Local != compile.NotLocal || len(f.Paths) != 1 || len(f.Paths[0]) != 1 || !slices.Contains(g.Firewalls[0].Flows, int32(i)) {
			t.Errorf("%s: the flow doesn't cross the firewall: %+v", name, f)
		}
		for _, p := range f.Ports {
			out = append(out, portText(p))
		}
	}
	slices.Sort(out)
	return out
}

func portText(p compile.Port) string {
	proto := map[uint8]string{6: "tcp", 17: "udp"}[p.Proto]
	if p.From == p.To {
		return fmt.Sprintf("%s %d", proto, p.From)
	}
	return fmt.Sprintf("%s %d-%d", proto, p.From, p.To)
}

// TestEveryRowIsReachable makes a policy for each row of the catalogue and finds
// the row's flow in its graph, with the row's port and no other, and with
// another port where a setting says so.
func TestEveryRowIsReachable(t *testing.T) {
	c := embedded(t)
	played := map[*lang.Role]bool{}
	for _, row := range c.Rows {
		t.Run(row.Name, func(t *testing.T) {
			p, ok := example(t, c, row)
			if !ok {
				t.Fatalf("no pair of hosts is covered for which the condition holds: %s", row.When)
			}
			played[row.From], played[row.To] = true, true
			for _, back := range []bool{false, true} {
				if back && row.Link == "" {
					continue
				}
				want := strings.Replace(rowPort(t, c, row), "SERVER_PORT_WINDOW", "4900-4999", 1)
				if have := rowFlows(t, compiled(t, policyOf(c, row, p, back, nil)), row.Name); len(have) != 1 || have[0] != want {
					t.Errorf("link the other way: %t: have ports %q, want %q", back, have, want)
				}
			}
			if row.Ports == nil {
				return
			}
			setting := settingOf.FindStringSubmatch(row.Ports.String())[2]
			proto, _, _ := strings.Cut(rowPort(t, c, row), " ")
			if have := rowFlows(t, compiled(t, policyOf(c, row, p, false, map[string]string{setting: "4711"})), row.Name); len(have) != 1 || have[0] != proto+" 4711" {
				t.Errorf("with %s = 4711: have ports %q", setting, have)
			}
		})
	}
	for _, r := range c.Roles {
		if !played[r] {
			t.Errorf("role %s has no flow in any policy", r.Name)
		}
	}
}

// example is the first pair of hosts that the row covers and for which it holds.
func example(t *testing.T, c *lang.Catalog, row *lang.Row) (found pair, ok bool) {
	t.Helper()
	a := newAsked()
	a.byRow(row)
	a.pairs(t, c, key{from: row.From.Name, to: row.To.Name, air: row.Link == "air"}, allVersions, func(p pair) bool {
		if p.covered(row) && row.When.Holds(p.from, p.to) {
			found, ok = p, true
		}
		return !ok
	})
	return found, ok
}

// TestExamplesUseEveryRole loads the shipped examples: together they have hosts
// of every role, and each of these has a flow.
func TestExamplesUseEveryRole(t *testing.T) {
	files, err := fs.Glob(os.DirFS("../examples"), "*/policy.hcl")
	if err != nil || len(files) < 5 {
		t.Fatalf("examples: %v, %v", files, err)
	}
	used := map[string][]string{}
	for _, f := range files {
		name := strings.TrimSuffix(f, "/policy.hcl")
		p, _, diags := lang.Load(os.DirFS("../examples/"+name), ".", lang.Options{Catalog: catalog.FS})
		if p == nil {
			t.Errorf("%s: %v", name, diags)
			continue
		}
		g, problems := compile.New(p, compile.Options{})
		if g == nil {
			t.Errorf("%s: %v", name, problems)
			continue
		}
		for i := range g.Flows {
			if row := g.Flows[i].Row; row != nil && g.Flows[i].Local == compile.NotLocal {
				used[row.From.Name] = append(used[row.From.Name], name)
				used[row.To.Name] = append(used[row.To.Name], name)
			}
		}
	}
	for _, r := range embedded(t).Roles {
		if used[r.Name] == nil {
			t.Errorf("no example has a host of role %s with a flow through a firewall", r.Name)
		}
	}
}
