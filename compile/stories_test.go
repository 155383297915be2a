package compile

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/nbfwc/nbfwc/lang"
	"github.com/nbfwc/nbfwc/ruleset"
)

const storyNetwork = `
zone "core" { networks = ["10.0.0.0/24"] }
zone "dmz"  { networks = ["192.0.2.0/24"] }
zone "lab"  { networks = ["198.51.100.0/24"] }
firewall "edge" {
  target = "nftables"
  manage = "exclusive"
  interface "lan0" { zones = [zone.core] }
  interface "dmz0" { zones = [zone.dmz] }
}
`

const storyDomain = `
domain "prod" {
  version = "7.6"
  hosts "master" {
    zone      = zone.core
    addresses = { m = "10.0.0.10" }
    roles     = [role.master]
  }
  hosts "media" {
    zone      = zone.core
    addresses = { med1 = "10.0.0.21", med2 = "10.0.0.22" }
    roles     = [role.media, role.msdp]
  }
  hosts "web" {
    zone      = zone.dmz
    addresses = { web1 = "192.0.2.11", web2 = "192.0.2.12" }
    roles     = [role.client]
    features  = [feature.client_dedup]
  }
  hosts "legacy" {
    zone      = zone.dmz
    addresses = { old1 = "192.0.2.31" }
    roles     = [role.client]
    version   = "7.0"
    peers     = { media = [hosts.media] }
  }
}
`

// story compiles policy text.
func story(t *testing.T, text string) *Graph {
	t.Helper()
	g, problems := New(load(t, map[string][]byte{"p.hcl": []byte(text)}), Options{})
	if g == nil {
		t.Fatal(problems)
	}
	return g
}

func endpoint(t *testing.T, x *Index, text string) Endpoint {
	t.Helper()
	list, err := x.Endpoints(text)
	if err != nil || len(list) == 0 {
		t.Fatalf("%s: %v %v", text, list, err)
	}
	return list[0]
}

func TestObjectGroupsAreNamedForTheirUse(t *testing.T) {
	g := story(t, storyNetwork+storyDomain)
	rs := g.RuleSet(g.Firewalls[0])
	var names, rules []string
	for _, grp := range rs.Groups {
		names = append(names, fmt.Sprintf("%s %d", grp.Name, len(grp.Members)))
	}
	for _, r := range rs.Stages[0].Rules {
		rules = append(rules, fmt.Sprintf("%s -> %s: %v", r.SrcGroup, r.DstGroup, r.Service))
	}
	want := []string{
		"NBU-client-dedup-dmz0 2", "NBU-client-dmz0 3", "NBU-client-old-dmz0 1",
		"NBU-master-lan0 1", "NBU-master-media-lan0 3", "NBU-media-lan0 2",
	}
	if !slices.Equal(names, want) {
		t.Errorf("groups %q", names)
	}
	// The media servers are the MSDP servers, and what they share with the
	// master is one rule.
	want = []string{
		"NBU-master-media-lan0 -> NBU-client-dmz0: tcp 1556",
		"NBU-master-media-lan0 -> NBU-client-old-dmz0: tcp 13724",
		"NBU-client-dmz0 -> NBU-master-media-lan0: tcp 1556",
		"NBU-client-old-dmz0 -> NBU-master-media-lan0: tcp 13724",
		"NBU-client-dedup-dmz0 -> NBU-media-lan0: tcp 10082, tcp 10102",
	}
	if !slices.Equal(rules, want) {
		t.Errorf("have\n%s\nwant\n%s", strings.Join(rules, "\n"), strings.Join(want, "\n"))
	}
}

func TestExplain(t *testing.T) {
	g := story(t, storyNetwork+storyDomain)
	x := g.Index()
	vnetd := &Port{Proto: ruleset.TCP, From: 13724, To: 13724}

	e := x.Explain(endpoint(t, x, "med1"), endpoint(t, x, "hosts.legacy"), vnetd)
	if e.Verdict != Permitted || len(e.Flows) != 1 || len(e.Flows[0].Because) == 0 || pathText(e.Paths[0]) != "edge (lan0 to dmz0)" {
		t.Fatalf("%+v", e)
	}
	wantText(t, strings.Join(e.Flows[0].Because, "; "), "the destination has version 7.0, which is older than 7.0.1")
	wantText(t, strings.Join(e.Flows[0].Flow.Row.Cite, "; "), "Table 2-3")

	e = x.Explain(endpoint(t, x, "med1"), endpoint(t, x, "192.0.2.12"), vnetd)
	if e.Verdict != Denied || len(e.Flows) != 0 || len(e.Other) == 0 || len(e.Nearest) == 0 {
		t.Fatalf("%+v", e)
	}
	wantText(t, strings.Join(e.Nearest[0].Why, "; "), "the destination has version 7.6, which is 7.0.1 or newer")
	if len(e.Reverse) == 0 {
		t.Error("the client may open connections to the media server, and nobody says so")
	}

	e = x.Explain(endpoint(t, x, "web1"), endpoint(t, x, "zone.core"), nil)
	if e.Verdict != Denied || e.Dst.Group != nil || len(e.Nearest) != 0 {
		t.Errorf("to an address without a host: %+v", e)
	}
	if e = x.Explain(endpoint(t, x, "web1"), endpoint(t, x, "zone.lab"), nil); e.Verdict != NoPath {
		t.Errorf("to a zone without a way: %v", e.Verdict)
	}
	if e = x.Explain(endpoint(t, x, "m"), endpoint(t, x, "med2"), nil); e.Verdict != Unfiltered || e.Local != SameZone || len(e.Flows) == 0 {
		t.Errorf("inside a zone: %+v", e)
	}
	if _, err := x.Endpoints("nobody"); err == nil {
		t.Error("nobody is somebody")
	}
	if have := e.Src.String(); have != "m (10.0.0.10, zone core)" {
		t.Error(have)
	}
}

func TestExplainPeersAndDomains(t *testing.T) {
	g := story(t, storyNetwork+storyDomain+`
domain "test" {
  version = "7.6"
  hosts "media" {
    zone      = zone.core
    addresses = { tmed = "10.0.0.121" }
    roles     = [role.media]
  }
  hosts "web" {
    zone      = zone.dmz
    addresses = { tweb = "192.0.2.111" }
    roles     = [role.client]
    peers     = { media = [hosts.spare] }
  }
  hosts "spare" {
    zone      = zone.core
    addresses = { spare = "10.0.0.122" }
    roles     = [role.media]
  }
}
`)
	x := g.Index()
	e := x.Explain(endpoint(t, x, "tweb"), endpoint(t, x, "tmed"), nil)
	wantText(t, fmt.Sprint(e.Nearest), "hosts web name peers for media, and hosts media are not among them")
	e = x.Explain(endpoint(t, x, "web1"), endpoint(t, x, "tmed"), nil)
	wantText(t, fmt.Sprint(e.Nearest), "the hosts are in different domains, prod and test")
	for _, grp := range g.RuleSet(g.Firewalls[0]).Groups {
		if !strings.HasPrefix(grp.Name, "NBU-prod-") && !strings.HasPrefix(grp.Name, "NBU-test-") {
			t.Errorf("two domains, and %s doesn't say which", grp.Name)
		}
	}
}

func TestRetire(t *testing.T) {
	g := story(t, storyNetwork+storyDomain)
	list := g.Retire()
	if len(list) == 0 {
		t.Fatal("nothing keeps old ports open")
	}
	for _, r := range list {
		if r.Old.Block != "legacy" || r.Until.String() != "7.0.1" || !slices.Equal(r.Hosts(), []string{"old1"}) {
			t.Errorf("%s: %v until %v", r.Row.Name, r.Hosts(), r.Until)
		}
		for _, id := range r.Flows {
			if f := g.Flows[id]; portsText(f.Ports) != "tcp 13724" || f.Row != r.Row {
				t.Errorf("%s: %s", r.Row.Name, portsText(f.Ports))
			}
		}
	}
	// What is listed is what an upgrade closes.
	after := story(t, storyNetwork+strings.Replace(storyDomain, `version   = "7.0"`, `version   = "7.0.1"`, 1))
	if len(after.Retire()) != 0 {
		t.Error("an upgrade changed nothing")
	}
	n := 0
	for _, r := range list {
		n += len(r.Flows)
	}
	if gone := len(g.Flows) - len(after.Flows); gone != n {
		t.Errorf("%d flows are listed, %d are gone", n, gone)
	}
}

func TestDiff(t *testing.T) {
	old := story(t, storyNetwork+storyDomain)
	if d := Diff(old, story(t, storyNetwork+storyDomain)); len(d.Added)+len(d.Removed)+len(d.Firewalls) > 0 {
		t.Errorf("no change: %+v", d)
	}
	grown := story(t, storyNetwork+strings.Replace(storyDomain, `web2 = "192.0.2.12"`, `web2 = "192.0.2.12", web3 = "192.0.2.13"`, 1))
	d := Diff(old, grown)
	if d.Removed != nil || len(d.Added) == 0 || len(d.Firewalls) != 1 || d.Firewalls[0].Removed != nil {
		t.Fatalf("one more client: %+v", d)
	}
	web3 := ruleset.NewAddrSet(ruleset.Range{From: netip.MustParseAddr("192.0.2.13"), To: netip.MustParseAddr("192.0.2.13")})
	for _, c := range d.Added {
		if !c.Src.Equal(web3) && !c.Dst.Equal(web3) {
			t.Errorf("%s: %v -> %v is not about the new client", label(c.Flow), c.Src, c.Dst)
		}
	}
	for _, r := range d.Firewalls[0].Added {
		if !r.Src.Equal(web3) && !r.Dst.Equal(web3) {
			t.Errorf("%s: %v -> %v is not about the new client", r.Name, r.Src, r.Dst)
		}
	}
	// Another name is another flow, and the same packets.
	renamed := story(t, storyNetwork+strings.ReplaceAll(storyDomain, `hosts "web"`, `hosts "shop"`))
	if d = Diff(old, renamed); len(d.Added) == 0 || len(d.Added) != len(d.Removed) || len(d.Firewalls) > 0 {
		t.Errorf("another name: %d added, %d removed, firewalls %v", len(d.Added), len(d.Removed), d.Firewalls)
	}
	second := story(t, strings.ReplaceAll(storyNetwork, `"edge"`, `"border"`)+storyDomain)
	if d = Diff(old, second); len(d.Firewalls) != 2 || !d.Firewalls[0].New || !d.Firewalls[1].Gone {
		t.Errorf("another firewall: %+v", d.Firewalls)
	}
}

// The difference by packet is exact: what was added is permitted after and not
// before, and so on, for every packet of random policies.
func TestDiffOfRandomPolicies(t *testing.T) {
	compared, changed := 0, 0
	for seed := uint64(0); compared < 60; seed++ {
		p, q := newRandomPolicy(seed), newRandomPolicy(seed)
		rows := &q.Catalog.Rows
		*rows = append((*rows)[:1:1], (*rows)[2:]...)
		q.Domains[0].SourcePorts = !q.Domains[0].SourcePorts
		if !p.valid() {
			continue
		}
		old, _ := New(p.Policy, Options{})
		new, _ := New(q.Policy, Options{})
		if old == nil || new == nil {
			continue
		}
		compared++
		d := Diff(old, new)
		changed += len(d.Firewalls)
		before, after := old.RuleSets(), new.RuleSets()
		for i, fw := range old.Firewalls {
			var c FirewallChange
			for _, x := range d.Firewalls {
				if x.Name == fw.Name {
					c = x
				}
			}
			eachPacket(p, fw, func(pkt ruleset.Packet) {
				x, y := before[i].Verdict(pkt) == ruleset.Passes, after[i].Verdict(pkt) == ruleset.Passes
				if removed, added := matching(c.Removed, pkt), matching(c.Added, pkt); removed != count(x && !y) || added != count(y && !x) {
					t.Fatalf("seed %d: %s: %v: before %v, after %v, in %d removed and %d added boxes", seed, fw.Name, pkt, x, y, removed, added)
				}
			})
		}
	}
	if changed < 30 {
		t.Errorf("only %d firewalls changed", changed)
	}
}

func count(b bool) int {
	if b {
		return 1
	}
	return 0
}

func matching(rules []ruleset.Rule, p ruleset.Packet) int {
	n := 0
	for _, r := range rules {
		n += count(r.In.Contains(p.In) && r.Out.Contains(p.Out) && r.Src.Contains(p.Src) && r.Dst.Contains(p.Dst) && r.Service.Contains(p.Proto, p.SrcPort, p.DstPort))
	}
	return n
}

// eachPacket visits packets between all addresses, through every pair of a
// firewall's interfaces.
func eachPacket(p *randomPolicy, fw *Firewall, visit func(ruleset.Packet)) {
	labels := []string{ruleset.Self}
	for _, i := range fw.Interfaces {
		labels = append(labels, i.Label)
	}
	for _, src := range p.universe() {
		for _, dst := range p.universe() {
			for _, in := range labels {
				for _, out := range labels {
					if src.Is4() == dst.Is4() && !(in == ruleset.Self && out == ruleset.Self) {
						for _, sport := range []uint16{1023, 1024} {
							for port := uint16(1); port < 5; port++ {
								visit(ruleset.Packet{In: in, Out: out, Src: src, Dst: dst, Proto: ruleset.TCP, SrcPort: sport, DstPort: port})
							}
						}
					}
				}
			}
		}
	}
}

func TestVersionsThatNobodyKnows(t *testing.T) {
	p := load(t, map[string][]byte{"p.hcl": []byte(storyNetwork + strings.Replace(storyDomain, `version   = "7.0"`, `version   = "11.0"`, 1))})
	g, problems := New(p, Options{})
	if g != nil {
		t.Fatal("7.6 talks with 11.0")
	}
	n := 0
	for _, p := range problems {
		if p.Summary == "No catalogue row for these versions" {
			n++
			wantText(t, p.Detail, "11.0", "7.6", `"legacy"`)
			if p.Subject.Line == 0 {
				t.Error("no place in the policy")
			}
		}
	}
	if n == 0 || n > 3 {
		t.Errorf("%d problems: %v", n, problems)
	}
}

func TestProblemsSayWhatToDo(t *testing.T) {
	six := &lang.Zone{Name: "six", Networks: []netip.Prefix{netip.MustParsePrefix("fd00::/64")}}
	host := func(p *lang.Policy, addr string) *lang.Group {
		a := netip.MustParseAddr(addr)
		return &lang.Group{Domain: p.Domains[0], Block: "h" + addr, Names: []string{"h"}, Facts: &lang.Facts{Domain: p.Domains[0]},
			Legs: []lang.Leg{{Zone: p.Zones[0], IPv6: a.Is6(), Addrs: []lang.AddrRange{{From: a, To: a}}}}}
	}
	p := zonesAnd([]string{"core"}, fwText{"edge", [][]string{{"core"}}})
	p.Zones = append(p.Zones, six)
	d := &lang.Domain{Name: "prod"}
	p.Domains = []*lang.Domain{d}
	d.Groups = []*lang.Group{host(p, "10.0.0.1"), host(p, "fd00::1")}
	service := &lang.Service{Name: "agent", TCP: []lang.PortRange{{From: 1, To: 1}}}
	p.Flows = []*lang.Flow{
		{Name: "a", From: []lang.FlowEnd{{Group: d.Groups[0]}}, To: []lang.FlowEnd{{Group: d.Groups[1]}}, Service: service},
	}
	g, problems := New(p, Options{})
	wantText(t, fmt.Sprint(problems), "No common address family", `Flow "a" leads from`)
	if g != nil {
		t.Error("a graph with errors")
	}
}

// SSH from where devices are managed stays open to a firewall that filters what
// reaches itself, whatever the flows are; no other port, source or firewall.
func TestManagementOfHostFirewall(t *testing.T) {
	const text = `
zone "core"  { networks = ["10.0.0.0/24"] }
zone "admin" { networks = ["10.9.0.0/24"] }
zone "far"   { networks = ["10.8.0.0/24"] }
zone "wan" {
  networks = ["10.255.0.0/16"]
  transit  = true
}
firewall "host" {
  target = "nftables"
  manage = MANAGE
  anchor = "inet filter"
  self   = [hosts.master]
  interface "eth0" { zones = [zone.core, zone.admin, zone.wan] }
}
firewall "gate" {
  target = "nftables"
  manage = "exclusive"
  interface "out" { zones = [zone.far] }
  interface "in" { zones = [zone.wan] }
}
management { from = ["10.9.0.0/28", "10.8.0.0/28"] }
domain "prod" {
  version = "7.6"
  hosts "master" {
    zone      = zone.core
    addresses = { m = "10.0.0.10" }
    roles     = [role.master]
  }
  hosts "media" {
    zone      = zone.core
    addresses = { med = "10.0.0.21" }
    roles     = [role.media]
  }
}
`
	answer := func(manage, src, dst string, port uint16) Answer {
		x := story(t, strings.Replace(text, "MANAGE", manage, 1)).Index()
		return x.Answer(Tuple{netip.MustParseAddr(src), netip.MustParseAddr(dst), ruleset.TCP, port})
	}
	for _, c := range []struct {
		manage, src, dst string
		port             uint16
		want             Verdict
		management       bool
	}{
		{`"exclusive"`, "10.9.0.1", "10.0.0.10", 22, Permitted, true},
		{`"exclusive"`, "10.9.0.1", "10.0.0.10", 23, Denied, false},
		{`"exclusive"`, "10.9.0.77", "10.0.0.10", 22, Denied, false},
		{`"exclusive"`, "10.0.0.10", "10.9.0.1", 22, Denied, false}, // no answer: it opens the connection
		{`"exclusive"`, "10.8.0.1", "10.0.0.10", 22, Denied, false}, // the gate knows nothing of it
		{`"exclusive"`, "10.0.0.21", "10.0.0.10", 1556, Permitted, false},
		{`"section"`, "10.9.0.1", "10.0.0.10", 22, Denied, false},
	} {
		if a := answer(c.manage, c.src, c.dst, c.port); a.Verdict != c.want || a.Management != c.management {
			t.Errorf("%v: %v, management %t", c, a.Verdict, a.Management)
		}
	}
	x := story(t, strings.Replace(text, "MANAGE", `"exclusive"`, 1)).Index()
	src, dst := endpoint(t, x, "10.9.0.1"), endpoint(t, x, "m")
	if e := x.Explain(src, dst, &Port{Proto: ruleset.TCP, From: 22, To: 22}); e.Verdict != Permitted || !e.Management || e.Nearest != nil {
		t.Errorf("%+v", e)
	}
	if e := x.Explain(src, dst, &Port{Proto: ruleset.TCP, From: 22, To: 25}); e.Verdict != Denied || e.Management {
		t.Errorf("%+v", e)
	}
}

// Of the storage servers of two domains those replicate that the link names;
// a domain of which it names none takes part with all.
func TestWhoReplicates(t *testing.T) {
	const text = `
zone "a" { networks = ["10.1.0.0/24"] }
zone "b" { networks = ["10.2.0.0/24"] }
firewall "edge" {
  target = "nftables"
  manage = "exclusive"
  interface "a0" { zones = [zone.a] }
  interface "b0" { zones = [zone.b] }
}
domain "a" {
  version = "7.6"
  hosts "master" {
    roles     = [role.master]
    addresses = ["10.1.0.10"]
  }
  hosts "gold" {
    roles     = [role.media, role.msdp]
    addresses = ["10.1.0.21"]
  }
  hosts "silver" {
    roles     = [role.media, role.msdp]
    addresses = ["10.1.0.22"]
  }
}
domain "b" {
  version = "7.6"
  hosts "master" {
    roles     = [role.master]
    addresses = ["10.2.0.10"]
  }
  hosts "vault" {
    roles     = [role.media, role.msdp]
    addresses = ["10.2.0.21", "10.2.0.22"]
  }
}
air "dr" {
  source = domain.a
  target = domain.b
  PEERS
}
`
	for _, c := range []struct {
		peers, src, dst string
		port            uint16
		want            Verdict
	}{
		{"", "10.1.0.22", "10.2.0.21", 10082, Permitted},
		{"peers = { msdp = [domain.a.hosts.gold] }", "10.1.0.21", "10.2.0.22", 10082, Permitted},
		{"peers = { msdp = [domain.a.hosts.gold] }", "10.2.0.22", "10.1.0.21", 10082, Permitted},
		{"peers = { msdp = [domain.a.hosts.gold] }", "10.1.0.22", "10.2.0.21", 10082, Denied},
		{"peers = { msdp = [domain.a.hosts.gold] }", "10.2.0.21", "10.1.0.22", 10082, Denied},
		{"peers = { msdp = [domain.a.hosts.gold] }", "10.1.0.22", "10.2.0.10", 1556, Denied},
		{"peers = { msdp = [domain.a.hosts.gold] }", "10.1.0.10", "10.2.0.10", 1556, Permitted},
	} {
		x := story(t, strings.Replace(text, "PEERS", c.peers, 1)).Index()
		if a := x.Answer(Tuple{netip.MustParseAddr(c.src), netip.MustParseAddr(c.dst), ruleset.TCP, c.port}); a.Verdict != c.want {
			t.Errorf("%s: %s -> %s %d: %v", c.peers, c.src, c.dst, c.port, a.Verdict)
		}
	}
}
