package view

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nbfwc/nbfwc/compile"
	"github.com/nbfwc/nbfwc/lang"
)

var updatePictures = flag.Bool("update", false, "rewrite the golden files of pictures")

// network builds a policy and its flow graph by hand: a line for each zone,
// firewall and flow.
type network struct {
	policy    *lang.Policy
	graph     *compile.Graph
	zones     map[string]*lang.Zone
	groups    map[string]*lang.Group
	firewalls map[string]*compile.Firewall
	domain    *lang.Domain
	next      netip.Addr
}

func newNetwork() *network {
	d := &lang.Domain{Name: "prod"}
	p := &lang.Policy{Domains: []*lang.Domain{d}}
	return &network{
		policy: p, graph: &compile.Graph{Policy: p}, domain: d, zones: map[string]*lang.Zone{"elsewhere": lang.Elsewhere},
		groups: map[string]*lang.Group{}, firewalls: map[string]*compile.Firewall{}, next: netip.MustParseAddr("10.0.0.1"),
	}
}

func (n *network) zone(name string, networks ...string) *lang.Zone {
	z := &lang.Zone{Name: name}
	for _, s := range networks {
		z.Networks = append(z.Networks, netip.MustParsePrefix(s))
	}
	n.zones[name] = z
	n.policy.Zones = append(n.policy.Zones, z)
	return z
}

func (n *network) hosts(block, zone string, count int, version string, roles ...string) {
	g := &lang.Group{Domain: n.domain, Block: block, Facts: &lang.Facts{Domain: n.domain}}
	if version != "" {
		v, err := lang.ParseVersion(version)
		if err != nil {
			panic(err)
		}
		g.Facts.Version = v
	}
	for _, r := range roles {
		g.Roles = append(g.Roles, &lang.Role{Name: r})
	}
	leg := lang.Leg{Zone: n.zones[zone]}
	for range count {
		leg.Addrs = append(leg.Addrs, lang.AddrRange{From: n.next, To: n.next})
		g.Names = append(g.Names, "")
		n.next = n.next.Next()
	}
	g.Legs = []lang.Leg{leg}
	n.groups[block] = g
	n.domain.Groups = append(n.domain.Groups, g)
}

// firewall has an interface for each "label:zone+zone"; "label:*" is the
// default interface.
func (n *network) firewall(name, target string, interfaces ...string) {
	fw := &lang.Firewall{Name: name, Target: target}
	for _, s := range interfaces {
		label, zones, _ := strings.Cut(s, ":")
		iface := &lang.Interface{Label: label}
		for _, z := range strings.Split(zones, "+") {
			if z == "*" {
				iface.Default = true
			} else {
				iface.Zones = append(iface.Zones, n.zones[z])
			}
		}
		fw.Interfaces = append(fw.Interfaces, iface)
	}
	n.firewalls[name] = &compile.Firewall{Firewall: fw}
	n.policy.Firewalls = append(n.policy.Firewalls, fw)
	n.graph.Firewalls = append(n.graph.Firewalls, n.firewalls[name])
}

func (n *network) iface(firewall, label string) *lang.Interface {
	for _, i := range n.firewalls[firewall].Interfaces {
		if i.Label == label {
			return i
		}
	}
	return nil
}

// flow goes through "firewall in out" hops; "-" is the firewall itself.
func (n *network) flow(from, to string, ports []compile.Port, hops ...string) *compile.Flow {
	f := compile.Flow{
		Domain: n.domain, Row: &lang.Row{Name: from + "-" + to, Service: &lang.Service{Name: "s"}},
		From: n.end(from), To: n.end(to), Ports: ports,
	}
	var path []compile.Hop
	for _, h := range hops {
		words := strings.Fields(h)
		path = append(path, compile.Hop{Firewall: n.firewalls[words[0]], In: n.iface(words[0], words[1]), Out: n.iface(words[0], words[2])})
	}
	if len(path) > 0 {
		f.Paths = [][]compile.Hop{path}
	}
	n.graph.Flows = append(n.graph.Flows, f)
	return &n.graph.Flows[len(n.graph.Flows)-1]
}

func (n *network) end(name string) compile.End {
	if g, ok := n.groups[name]; ok {
		return compile.End{Group: g}
	}
	return compile.End{Zone: n.zones[name]}
}

func tcp(ports ...uint16) []compile.Port {
	var out []compile.Port
	for _, p := range ports {
		out = append(out, compile.Port{Proto: 6, From: p, To: p})
	}
	return out
}

// twoZones is the smallest useful policy.
func twoZones() *network {
	n := newNetwork()
	n.zone("core", "10.0.0.0/24")
	n.zone("dmz", "192.0.2.0/24", "2001:db8:2::/64")
	n.firewall("edge", "nftables", "lan0:core", "dmz0:dmz")
	n.hosts("master", "core", 1, "7.6", "emm", "java_server", "master")
	n.hosts("media", "core", 2, "7.6", "media", "msdp")
	n.hosts("web", "dmz", 5, "7.0", "client")
	n.flow("media", "web", tcp(1556, 13724, 13782), "edge lan0 dmz0")
	n.flow("master", "web", tcp(1556, 13724), "edge lan0 dmz0")
	n.flow("web", "master", tcp(1556, 13720, 13724), "edge dmz0 lan0")
	n.flow("web", "media", tcp(10082, 10102), "edge dmz0 lan0")
	n.flow("master", "media", tcp(1556)).Local = compile.SameZone
	return n
}

// twoInARow has two firewalls one after the other, a transit zone between
// them, two zones behind one interface, flows to elsewhere, and a host that is
// the firewall.
func twoInARow() *network {
	n := newNetwork()
	n.zone("core", "10.0.0.0/24", "10.0.1.0/24", "10.0.2.0/24", "10.0.3.0/24", "10.0.4.0/24")
	n.zone("wan", "10.255.0.0/16").Transit = true
	n.zone("dmz", "192.0.2.0/24")
	n.zone("branch", "172.16.0.0/20")
	n.zone("printers", "172.16.16.0/20")
	n.zone("storage", "10.9.0.0/24")
	n.firewall("hq", "cisco_asa", "inside:core", "san:storage", "dmz:dmz", "outside:wan")
	n.firewall("site", "paloalto", "untrust:wan", "trust:branch+printers", "internet:*")
	n.hosts("master", "core", 1, "7.6", "emm", "java_server", "master")
	n.hosts("media", "core", 4, "7.6", "media", "msdp")
	n.hosts("opscenter", "core", 1, "7.6", "opscenter_server")
	n.hosts("web", "dmz", 120, "7.0", "client")
	n.hosts("pcs", "branch", 340, "7.5", "client")
	n.hosts("branch_media", "branch", 1, "7.6", "media")
	n.hosts("gate", "branch", 1, "7.6", "client")
	n.hosts("lp", "printers", 3, "7.6", "client")
	n.hosts("filer", "storage", 2, "", "ndmp_filer")
	for _, g := range []string{"master", "media"} {
		n.flow(g, "web", tcp(1556, 13724, 13782), "hq inside dmz")
		n.flow("web", g, tcp(1556, 13720, 13724), "hq dmz inside")
		n.flow(g, "pcs", tcp(1556, 13724), "hq inside outside", "site untrust trust")
		n.flow("pcs", g, tcp(1556, 13724), "site trust untrust", "hq outside inside")
	}
	n.flow("media", "gate", tcp(1556), "hq inside outside", "site untrust -")
	n.flow("media", "lp", tcp(1556), "hq inside outside", "site untrust trust")
	n.flow("media", "filer", append(tcp(10000), compile.Port{Proto: 17, From: 111, To: 111}), "hq inside san")
	n.flow("opscenter", "elsewhere", tcp(443), "hq inside outside", "site untrust internet")
	n.flow("branch_media", "web", tcp(1556, 13782), "site trust untrust", "hq outside dmz")
	n.flow("branch_media", "pcs", tcp(1556, 13782)).Local = compile.SameZone
	n.flow("branch_media", "lp", tcp(1556, 13782)).Local = compile.SameInterface
	n.flow("master", "media", tcp(1556)).Local = compile.SameZone
	return n
}

// manyZones has so many zones of clients behind one firewall.
func manyZones(count int) *network {
	n := newNetwork()
	n.zone("core", "10.0.0.0/24")
	interfaces := []string{"inside:core"}
	for i := 1; i < count; i++ {
		name := fmt.Sprintf("net%02d", i)
		n.zone(name, fmt.Sprintf("10.%d.0.0/16", i))
		interfaces = append(interfaces, name+":"+name)
	}
	n.firewall("edge", "fortigate", interfaces...)
	n.hosts("master", "core", 1, "7.6", "emm", "java_server", "master")
	n.hosts("media", "core", 4, "7.6", "media")
	for i := 1; i < count; i++ {
		name, block := fmt.Sprintf("net%02d", i), fmt.Sprintf("clients%02d", i)
		n.hosts(block, name, 10+i, []string{"7.0", "7.5", "7.6"}[i%3], "client")
		n.flow("media", block, tcp(1556, 13724, 13782)[:1+i%3], "edge inside "+name)
		n.flow(block, "master", tcp(1556, 13720), "edge "+name+" inside")
		n.flow(block, "media", tcp(1556, 13720), "edge "+name+" inside")
	}
	return n
}

// branches has a firewall for each of its sites, each with a zone of clients
// and every fourth with a zone of servers that the clients reach.
func branches(count int) *network {
	n := newNetwork()
	n.zone("core", "10.0.0.0/24")
	n.zone("wan", "10.255.0.0/16").Transit = true
	n.firewall("hq", "paloalto", "inside:core", "wan:wan")
	n.hosts("master", "core", 1, "7.6", "emm", "java_server", "master")
	n.hosts("media", "core", 4, "7.6", "media")
	for i := 1; i <= count; i++ {
		name, fw := fmt.Sprintf("site%03d", i), fmt.Sprintf("fw%03d", i)
		n.zone(name, fmt.Sprintf("10.%d.%d.0/24", 1+i/200, i%200))
		interfaces := []string{"wan:wan", "lan:" + name}
		block := fmt.Sprintf("clients[%q]", name)
		n.hosts(block, name, 20, "7.6", "client")
		if i%4 == 0 {
			n.zone(name+"-srv", fmt.Sprintf("10.%d.%d.0/24", 101+i/200, i%200))
			interfaces = append(interfaces, "srv:"+name+"-srv")
		}
		n.firewall(fw, "nftables", interfaces...)
		if i%4 == 0 {
			srv := fmt.Sprintf("servers[%q]", name)
			n.hosts(srv, name+"-srv", 3, "7.6", "client", "media")
			n.flow(block, srv, tcp(1556, 10082), fw+" lan srv")
			n.flow(srv, "master", tcp(1556), fw+" srv wan", "hq wan inside")
		}
		n.flow("media", block, tcp(1556, 13724), "hq inside wan", fw+" wan lan")
		n.flow(block, "master", tcp(1556), fw+" lan wan", "hq wan inside")
	}
	return n
}

var pictures = []struct {
	name string
	make func() *network
}{
	{"two_zones", twoZones},
	{"two_firewalls", twoInARow},
	{"thirty_zones", func() *network { return manyZones(30) }},
	{"folded", func() *network { return branches(160) }},
}

func TestPicturesAreAsTheyWereLookedAt(t *testing.T) {
	for _, pic := range pictures {
		p := NewPicture(pic.make().graph, PictureOptions{})
		for ext, write := range map[string]func(io.Writer) error{"svg": p.SVG, "dot": p.DOT, "mmd": p.Mermaid} {
			var out bytes.Buffer
			if err := write(&out); err != nil {
				t.Fatal(err)
			}
			golden(t, filepath.Join("testdata", "picture", pic.name+"."+ext), out.Bytes())
		}
	}
}

func golden(t *testing.T, name string, have []byte) {
	t.Helper()
	if *updatePictures {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, have, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want, have) {
		t.Errorf("%s is not what is drawn now; look at the new picture (go test ./view -update) before it is committed", name)
	}
}
