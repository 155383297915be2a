package compile

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/nbfwc/nbfwc/catalog"
	"github.com/nbfwc/nbfwc/lang"
)

// TestAdviceOfPolicy asks for advice on policies as a user writes them, with the
// embedded catalogue: one that deserves most of it and one that deserves none
// but the unavoidable.
func TestAdviceOfPolicy(t *testing.T) {
	const network = `
zone "core" { networks = ["10.0.0.0/24"] }
zone "dmz"  { networks = ["10.0.1.0/24"] }
firewall "edge" {
  target = "nftables"
  manage = "exclusive"
  interface "lan0" { zones = [zone.core] }
  interface "dmz0" { zones = [zone.dmz] }
}
`
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{"an old domain", `
domain "prod" {
  version = "7.6"
  hosts "master" {
    zone      = zone.core
    addresses = ["10.0.0.10"]
    roles     = [role.master]
  }
  hosts "media" {
    zone      = zone.dmz
    addresses = ["10.0.1.10"]
    roles     = [role.media, role.msdp]
    settings  = { server_port_window = "5000-5999" }
  }
  hosts "old" {
    zone      = zone.core
    addresses = ["10.0.0.20"]
    roles     = [role.client]
    version   = "7.0"
    features  = [feature.resilient, feature.connect_options]
  }
  hosts "console" {
    zone      = zone.dmz
    addresses = ["10.0.1.30"]
    roles     = [role.win_console]
  }
}
service "wide" { tcp = ["13700-13800"] }
flow "wide" {
  from    = domain.prod.hosts.old
  to      = domain.prod.hosts.media
  service = service.wide
}
`, []string{
			"notice Consoles must be trusted servers",
			"notice Flows that cross no firewall",
			"notice No VxSS server for old hosts",
			"notice Old hosts keep 13724 open",
			"notice Simple MSDP needs no extra ports",
			"warning Client is too old for resilient connections",
			"warning Connect options are not the default",
			"warning Port window is wide",
			"warning Reserved port is open",
			"warning Reserved port is open",
		}},
		{"a plain domain", `
domain "prod" {
  version = "7.6"
  hosts "master" {
    zone      = zone.core
    addresses = ["10.0.0.10"]
    roles     = [role.master]
  }
  hosts "media" {
    zone      = zone.dmz
    addresses = ["10.0.1.10"]
    roles     = [role.media]
  }
}
`, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, _, diags := lang.Load(fstest.MapFS{"p.hcl": {Data: []byte(network + c.text)}}, "p.hcl", lang.Options{Catalog: catalog.FS})
			if p == nil {
				t.Fatal(diags)
			}
			g, problems := New(p, Options{})
			if g == nil {
				t.Fatal(problems)
			}
			var have []string
			onFlows, onHosts := g.advice()
			for _, a := range append(onFlows, onHosts...) {
				have = append(have, [...]string{Error: "error", Warning: "warning", Notice: "notice"}[a.Severity]+" "+a.Summary)
			}
			slices.Sort(have)
			if !slices.Equal(have, c.want) {
				t.Errorf("have\n  %s\nwant\n  %s", strings.Join(have, "\n  "), strings.Join(c.want, "\n  "))
			}
		})
	}
}
