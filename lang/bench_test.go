package lang

import (
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/nbfwc/nbfwc/catalog"
)

// zonesText are n zones of a /24 each, as blocks.
func zonesText(n int) string {
	var b strings.Builder
	for z := range n {
		fmt.Fprintf(&b, "zone \"z%d\" { networks = [\"10.%d.%d.0/24\"] }\n", z, z/256, z%256)
	}
	return b.String()
}

func hostAddr(zone, host int) string {
	return fmt.Sprintf("10.%d.%d.%d", zone/256, zone%256, host+1)
}

// blocksPolicy has 5,000 blocks: a zone and four hosts blocks for each of 1,000
// zones.
func blocksPolicy() fstest.MapFS {
	fsys := fstest.MapFS{"zones.hcl": {Data: []byte(zonesText(1000))}}
	for part := range 4 {
		var b strings.Builder
		fmt.Fprintf(&b, "domain \"d%d\" {\n version = \"7.6\"\n", part)
		for z := range 1000 {
			fmt.Fprintf(&b, " hosts \"h%d\" {\n  zone = zone.z%d\n  addresses = [%q]\n  roles = [role.client]\n  features = [feature.client_dedup]\n }\n", z, z, hostAddr(z, part))
		}
		b.WriteString("}\n")
		fsys[fmt.Sprintf("d%d.hcl", part)] = &fstest.MapFile{Data: []byte(b.String())}
	}
	return fsys
}

// literalsPolicy has 100,000 addresses in literal lists, 100 in each of 1,000
// zones.
func literalsPolicy() fstest.MapFS {
	var b strings.Builder
	b.WriteString("domain \"d\" {\n version = \"7.6\"\n hosts \"all\" {\n  roles = [role.client]\n  addresses = [\n")
	for z := range 1000 {
		for h := range 100 {
			fmt.Fprintf(&b, "%q,\n", hostAddr(z, h))
		}
	}
	b.WriteString("]\n }\n}\n")
	return fstest.MapFS{"zones.hcl": {Data: []byte(zonesText(1000))}, "hosts.hcl": {Data: []byte(b.String())}}
}

// inventoryPolicy has rows rows in a CSV file; for_each gives each zone its own.
func inventoryPolicy(zones, rows int) fstest.MapFS {
	var sites, clients strings.Builder
	sites.WriteString("name,net\n")
	clients.WriteString("name,address,zone,version\n")
	for z := range zones {
		fmt.Fprintf(&sites, "s%d,10.%d.%d.0/24\n", z, z/256, z%256)
		for h := range rows / zones {
			fmt.Fprintf(&clients, "c%d-%d,%s,s%d,7.%d\n", z, h, hostAddr(z, h), z, 5+h%2)
		}
	}
	return fstest.MapFS{
		"sites.csv": {Data: []byte(sites.String())}, "clients.csv": {Data: []byte(clients.String())},
		"p.hcl": {Data: []byte(`
zone "site" {
  for_each = inventory("sites.csv")
  networks = [each.value.net]
}
domain "d" {
  hosts "clients" {
    for_each  = zone.site
    zone      = each.value
    addresses = inventory("clients.csv", each.key)
    roles     = [role.client]
  }
}
`)},
	}
}

func benchmarkLoad(b *testing.B, fsys fs.FS, hosts int) {
	b.Helper()
	b.ReportAllocs()
	for b.Loop() {
		p, _, diags := Load(fsys, ".", Options{Catalog: catalog.FS})
		if p == nil {
			b.Fatal(diags)
		}
		n := 0
		for _, d := range p.Domains {
			for _, g := range d.Groups {
				n += len(g.Names)
			}
		}
		if n != hosts {
			b.Fatalf("%d hosts, want %d", n, hosts)
		}
	}
}

func BenchmarkCatalog(b *testing.B) {
	benchmarkLoad(b, fstest.MapFS{"p.hcl": {Data: []byte("zone \"core\" { networks = [\"10.0.0.0/24\"] }\n")}}, 0)
}
func BenchmarkBlocks5000(b *testing.B)    { benchmarkLoad(b, blocksPolicy(), 4000) }
func BenchmarkLiterals100k(b *testing.B)  { benchmarkLoad(b, literalsPolicy(), 100_000) }
func BenchmarkInventory100k(b *testing.B) { benchmarkLoad(b, inventoryPolicy(1000, 100_000), 100_000) }
func BenchmarkInventory1M(b *testing.B) {
	benchmarkLoad(b, inventoryPolicy(6000, 960_000), 960_000)
}
