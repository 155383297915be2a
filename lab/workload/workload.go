// Package workload makes policies of a known size and the flows that have to
// come of them, for benchmarks: W(z, c) is one domain of version 7.6 with z
// client zones of c clients each. A core zone holds a master and four media
// servers, an admin zone four consoles, behind one firewall; each client zone
// has a firewall of its own; a backbone joins them all. One client in ten is
// older than 7.0.1, another one in ten deduplicates by itself.
//
// The same intent can be written in three styles, since what an engineer's
// policy looks like decides what reading it costs.
package workload

import (
	"bytes"
	"fmt"
	"net/netip"
)

// Style is how a policy is written.
type Style int

const (
	// Inventory: zones, firewalls and clients come from two CSV files; the
	// policy is the same for any size.
	Inventory Style = iota
	// Blocks: a zone, a firewall and a hosts block for each client zone, whose
	// addresses come from a CSV file.
	Blocks
	// Literals: as Blocks, with all addresses in the policy's text.
	Literals
)

// String names a style.
func (s Style) String() string { return [...]string{"inventory", "blocks", "literals"}[s] }

// Styles are all styles.
func Styles() []Style { return []Style{Inventory, Blocks, Literals} }

const servers = `zone "core" { networks = ["10.0.0.0/24"] }
zone "admin" { networks = ["10.0.1.0/24"] }
zone "backbone" {
  networks = ["10.255.0.0/16"]
  transit  = true
}

firewall "fw-core" {
  target = %[1]q
  manage = "exclusive"
  interface "core" { zones = [zone.core] }
  interface "admin" { zones = [zone.admin] }
  interface "backbone" { zones = [zone.backbone] }
}

domain "prod" {
  version = "7.6"
  hosts "master" {
    zone      = zone.core
    addresses = { master = "10.0.0.10" }
    roles     = [role.master]
  }
  hosts "media" {
    zone      = zone.core
    addresses = { media1 = "10.0.0.21", media2 = "10.0.0.22", media3 = "10.0.0.23", media4 = "10.0.0.24" }
    roles     = [role.media, role.msdp]
  }
  hosts "win" {
    zone      = zone.admin
    addresses = { win1 = "10.0.1.11", win2 = "10.0.1.12" }
    roles     = [role.win_console]
  }
  hosts "java" {
    zone      = zone.admin
    addresses = { java1 = "10.0.1.21", java2 = "10.0.1.22" }
    roles     = [role.java_console]
  }
`

// Policy is W(z, c) as the files of a policy's directory, for firewalls of the
// target. z is up to 4000, c up to 240.
func Policy(z, c int, style Style, target string) map[string][]byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, servers, target)
	files := map[string][]byte{}
	switch style {
	case Inventory:
		b.WriteString(inventoryClients)
		fmt.Fprintf(&b, inventoryZones, target)
		files["zones.csv"], files["clients.csv"] = zonesCSV(z), clientsCSV(z, c)
	case Blocks:
		for i := 1; i <= z; i++ {
			fmt.Fprintf(&b, "  hosts \"clients_%d\" {\n    addresses = inventory(\"clients.csv\", \"cz%d\")\n    roles     = [role.client]\n  }\n", i, i)
		}
		b.WriteString("}\n")
		zoneBlocks(&b, z, target)
		files["clients.csv"] = clientsCSV(z, c)
	case Literals:
		for i := 1; i <= z; i++ {
			literalClients(&b, i, c)
		}
		b.WriteString("}\n")
		zoneBlocks(&b, z, target)
	}
	files["policy.hcl"] = b.Bytes()
	return files
}

const inventoryClients = `  hosts "clients" {
    addresses = inventory("clients.csv")
    roles     = [role.client]
  }
}
`

const inventoryZones = `
zone "cz" {
  for_each = inventory("zones.csv")
  networks = [each.value.network]
}

firewall "fw" {
  for_each = inventory("zones.csv")
  target   = %[1]q
  manage   = "exclusive"
  interface "clients" { zones = [zone.cz[each.key]] }
  interface "backbone" { zones = [zone.backbone] }
}
`

func zoneBlocks(b *bytes.Buffer, z int, target string) {
	for i := 1; i <= z; i++ {
		fmt.Fprintf(b, `
zone "cz%[1]d" { networks = ["%[2]s.0/24"] }
firewall "fw-%[1]d" {
  target = %[3]q
  manage = "exclusive"
  interface "clients" { zones = [zone.cz%[1]d] }
  interface "backbone" { zones = [zone.backbone] }
}
`, i, network(i), target)
	}
}

// literalClients writes a hosts block for each kind of client of a zone.
func literalClients(b *bytes.Buffer, i, c int) {
	for kind, extra := range [...]string{
		plain: "", old: "    version   = \"7.0\"\n", dedup: "    features  = [feature.client_dedup]\n",
	} {
		if count(c, kind) == 0 {
			continue
		}
		fmt.Fprintf(b, "  hosts \"%s_%d\" {\n    zone      = zone.cz%d\n    roles     = [role.client]\n%s    addresses = [\n", kindNames[kind], i, i, extra)
		for k := range c {
			if kindOf(k) == kind {
				fmt.Fprintf(b, "      \"%s.%d\",\n", network(i), 10+k)
			}
		}
		b.WriteString("    ]\n  }\n")
	}
}

// Kinds of clients.
const (
	plain = iota
	old
	dedup
)

var kindNames = [...]string{"clients", "old", "dedup"}

func kindOf(k int) int {
	switch k % 10 {
	case 0:
		return old
	case 5:
		return dedup
	}
	return plain
}

func count(c, kind int) int {
	n := 0
	for k := range c {
		if kindOf(k) == kind {
			n++
		}
	}
	return n
}

// network is the first three bytes of the addresses of client zone i.
func network(i int) string { return fmt.Sprintf("10.%d.%d", 1+i/256, i%256) }

func zonesCSV(z int) []byte {
	var b bytes.Buffer
	b.WriteString("key,network\n")
	for i := 1; i <= z; i++ {
		fmt.Fprintf(&b, "cz%d,%s.0/24\n", i, network(i))
	}
	return b.Bytes()
}

func clientsCSV(z, c int) []byte {
	var b bytes.Buffer
	b.WriteString("name,address,zone,version,features\n")
	for i := 1; i <= z; i++ {
		for k := range c {
			version, feature := "", ""
			switch kindOf(k) {
			case old:
				version = "7.0"
			case dedup:
				feature = "client_dedup"
			}
			fmt.Fprintf(&b, "c%d-%d,%s.%d,cz%d,%s,%s\n", i, k, network(i), 10+k, i, version, feature)
		}
	}
	return b.Bytes()
}

// Flow is a TCP connection that the workload needs and that crosses a firewall.
type Flow struct {
	Src, Dst netip.Addr
	Port     uint16
}

// Flows visits every flow of W(z, c), from the workload's own definition: the
// vendor's tables for these roles, written out by hand.
func Flows(z, c int, visit func(Flow)) {
	addr := func(s string, n int) netip.Addr { return netip.MustParseAddr(fmt.Sprintf("%s.%d", s, n)) }
	master := addr("10.0.0", 10)
	media := []netip.Addr{addr("10.0.0", 21), addr("10.0.0", 22), addr("10.0.0", 23), addr("10.0.0", 24)}
	win := []netip.Addr{addr("10.0.1", 11), addr("10.0.1", 12)}
	java := []netip.Addr{addr("10.0.1", 21), addr("10.0.1", 22)}
	both := func(a, b netip.Addr, port uint16) {
		visit(Flow{a, b, port})
		visit(Flow{b, a, port})
	}
	for _, w := range win {
		both(w, master, 1556)
		visit(Flow{w, master, 13724})
		for _, m := range media {
			visit(Flow{w, m, 1556})
			visit(Flow{w, m, 13724})
		}
	}
	for _, j := range java {
		visit(Flow{j, master, 1556})
		visit(Flow{j, master, 13724})
	}
	for i := 1; i <= z; i++ {
		for k := range c {
			client := addr(network(i), 10+k)
			for _, server := range append([]netip.Addr{master}, media...) {
				both(client, server, 1556)
				if kindOf(k) == old {
					both(client, server, 13724)
				}
			}
			if kindOf(k) == dedup {
				for _, m := range media {
					visit(Flow{client, m, 10082})
					visit(Flow{client, m, 10102})
				}
			}
		}
	}
}
