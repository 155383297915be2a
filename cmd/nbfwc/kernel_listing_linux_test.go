package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/nbfwc/nbfwc/compile"
	"github.com/nbfwc/nbfwc/lab/kernel"
	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
	"github.com/nbfwc/nbfwc/targets/nftables"
)

// foreignTable is somebody else's, with a name of a set that we could have.
const foreignTable = `table ip foreign {
	set nb_hosts {
		type ipv4_addr
		elements = { 192.0.2.99 }
	}
	chain early {
		type filter hook prerouting priority raw; policy accept;
		ip saddr @nb_hosts counter drop
	}
	chain nb_forward {
		type filter hook forward priority 10; policy accept;
		tcp dport 9 drop
	}
}
`

// The files of every example pass nft's check, can be loaded any number of
// times, beside other tables, and what the kernel lists afterwards has the
// packets of the rule set that they were made from.
func TestKernelHoldsExamples(t *testing.T) {
	if !kernel.Require(t) {
		return
	}
	for _, dir := range examples(t) {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			t.Parallel()
			c, err := compilePolicy(dir, t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			for _, fw := range c.graph.Firewalls {
				if err := holds(c, fw); err != nil {
					t.Errorf("firewall %s: %v", fw.Name, err)
				}
			}
		})
	}
}

// nft runs nft in a network with a single router.
type nft struct{ *kernel.Net }

func (n nft) run(stdin string, args ...string) (string, error) {
	return n.Exec("fw", stdin, "nft", args...)
}

// reset leaves what is on the device before our file is loaded.
func (n nft) reset(before string) error {
	if err := n.Flush("fw"); err != nil {
		return err
	}
	_, err := n.run(before, "-f", "-")
	return err
}

// listsSamePackets holds what holds does for one file, but only of packets.
func listsSamePackets(c *compiled, fw *compile.Firewall) error {
	net, err := kernel.New(kernel.Topology{Routers: []kernel.Router{{Name: "fw"}}})
	if err != nil {
		return err
	}
	defer net.Close()
	before := ""
	if !fw.Exclusive {
		before = userRules(fw)
	}
	return nft{net}.samePackets(before, c.files[fw.Name], c.graph, fw)
}

func holds(c *compiled, fw *compile.Firewall) error {
	net, err := kernel.New(kernel.Topology{Routers: []kernel.Router{{Name: "fw"}}})
	if err != nil {
		return err
	}
	defer net.Close()
	n := nft{net}
	before, own := "", "table inet nbfwc"
	if !fw.Exclusive {
		before, own = userRules(fw), strings.Join(append([]string{"table"}, strings.Fields(fw.Anchor)[:2]...), " ")
	}
	file := c.files[fw.Name]
	for _, check := range []func() error{
		func() error { return n.checkOnly(before, file) },
		func() error { return n.samePackets(before, file, c.graph, fw) },
		func() error { return n.twice(before, file, own) },
		func() error { return n.besideForeign(before, file, own) },
	} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

// checkOnly: nft accepts the file, and checking loads nothing.
func (n nft) checkOnly(before, file string) error {
	if err := n.reset(before); err != nil {
		return err
	}
	empty, err := n.run("", "-s", "list", "ruleset")
	if err != nil {
		return err
	}
	if _, err := n.run(file, "-c", "-f", "-"); err != nil {
		return err
	}
	after, err := n.run("", "-s", "list", "ruleset")
	if err == nil && after != empty {
		err = fmt.Errorf("nft -c -f changed the rules from\n%s\nto\n%s", empty, after)
	}
	return err
}

// twice: a second load changes nothing.
func (n nft) twice(before, file, own string) error {
	if err := n.reset(before); err != nil {
		return err
	}
	var lists [3]string
	for i := range lists {
		if _, err := n.run(file, "-f", "-"); err != nil {
			return fmt.Errorf("load %d: %w", i+1, err)
		}
		var err error
		if lists[i], err = n.run("", "-s", "list", "ruleset"); err != nil {
			return err
		}
		if lists[i] != lists[0] {
			return fmt.Errorf("load %d of the same file changes the rules from\n%s\nto\n%s", i+1, lists[0], lists[i])
		}
	}
	if !strings.Contains(lists[0], own+" {") {
		return fmt.Errorf("the file made no %s:\n%s", own, lists[0])
	}
	return nil
}

// besideForeign: the table of somebody else is left alone, and ours is the same
// beside it.
func (n nft) besideForeign(before, file, own string) error {
	alone, err := n.run("", append([]string{"-s", "list"}, strings.Fields(own)...)...)
	if err != nil {
		return err
	}
	if err := n.reset(before + foreignTable); err != nil {
		return err
	}
	foreign, err := n.run("", "-s", "list", "table", "ip", "foreign")
	if err != nil {
		return err
	}
	for range 2 {
		if _, err := n.run(file, "-f", "-"); err != nil {
			return fmt.Errorf("beside a foreign table: %w", err)
		}
		after, err := n.run("", "-s", "list", "table", "ip", "foreign")
		if err != nil {
			return err
		}
		ours, err := n.run("", append([]string{"-s", "list"}, strings.Fields(own)...)...)
		if err != nil {
			return err
		}
		if after != foreign || ours != alone {
			return fmt.Errorf("loading beside a foreign table changed it:\n%s\nor ours, which was\n%s\nand is\n%s", after, alone, ours)
		}
	}
	return nil
}

// samePackets: what nft lists, read back, lets the same packets pass as the
// rule set that the file was made from.
func (n nft) samePackets(before, file string, g *compile.Graph, fw *compile.Firewall) error {
	if err := n.reset(before); err != nil {
		return err
	}
	if _, err := n.run(file, "-f", "-"); err != nil {
		return err
	}
	want := wantedOf(g, fw)
	opt := targets.ParseOptions{Behind: want.Behind}
	for _, i := range fw.Interfaces {
		opt.Interfaces = append(opt.Interfaces, targets.Interface{Label: i.Label, Devices: i.Devices})
	}
	for _, form := range []string{"-j", "-s"} {
		listing, err := n.run("", form, "list", "ruleset")
		if err != nil {
			return err
		}
		have, problems, err := nftables.Parse(strings.NewReader(listing), opt)
		if err != nil {
			return fmt.Errorf("nft %s list ruleset: %w", form, err)
		}
		d, err := ruleset.Compare(&have, &want, ruleset.CompareOptions{})
		if err != nil {
			return err
		}
		certain, unknown := slices.DeleteFunc(d.Certain, isDiscovery), slices.DeleteFunc(d.Unknown, isDiscovery)
		if more := d.MoreCertain + d.MoreUnknown; more > 0 || len(certain) > 0 || len(unknown) > 0 {
			return fmt.Errorf("nft %s list ruleset has other packets (problems of the listing: %v): certain %s; unknown %s; and %d more", form, problems, boxes(certain), boxes(unknown), more)
		}
	}
	return nil
}

func boxes(list []ruleset.Disagreement) string {
	var b strings.Builder
	for _, d := range list {
		fmt.Fprintf(&b, "\n  %v: have %v, want %v", d.Witness, d.Have, d.Want)
	}
	return b.String()
}

// wantedOf is the rule set of a firewall, with what passes beside it where the
// firewall's own traffic is filtered (docs/targets/nftables.md): the loopback
// device, and if the firewall is wholly ours SSH from where it is managed.
func wantedOf(g *compile.Graph, fw *compile.Firewall) ruleset.RuleSet {
	want := g.RuleSet(fw)
	want.Behind = g.Behind(fw)
	if len(fw.Self) == 0 {
		return want
	}
	anywhere, any := ruleset.AnyAddr(), ruleset.AnyService()
	pass := func(in, out ruleset.IfaceSet, src ruleset.AddrSet, service ruleset.ServiceSet) ruleset.Rule {
		return ruleset.Rule{In: in, Out: out, Src: src, Dst: anywhere, Service: service, Action: ruleset.Permit}
	}
	all, lo := ruleset.IfaceSet{}, ruleset.Ifaces("lo")
	for i := range want.Stages {
		s := &want.Stages[i]
		switch s.Name {
		case "input":
			own := []ruleset.Rule{pass(lo, all, anywhere, any)}
			if fw.Exclusive {
				own = append(own, pass(all, all, managers(g), ruleset.TCPPorts(ruleset.PortRange{From: 22, To: 22})))
			}
			s.Rules = append(own, s.Rules...)
		case "output":
			s.Rules = append([]ruleset.Rule{pass(all, lo, anywhere, any)}, s.Rules...)
		}
	}
	return want
}

// managers are the addresses from which a policy's firewalls are managed.
func managers(g *compile.Graph) ruleset.AddrSet {
	var ranges []ruleset.Range
	for _, n := range g.Policy.Management.From {
		ranges = append(ranges, ruleset.RangeOf(n))
	}
	return ruleset.NewAddrSet(ranges...)
}

// isDiscovery tells packets of neighbour and listener discovery, which a
// firewall says to its link: whether they pass depends on their hop limit, and
// they are no packets of a policy.
func isDiscovery(d ruleset.Disagreement) bool {
	link := ruleset.NewServiceSet(icmpv6Types(130, 136), icmpv6Types(143, 143))
	own := ruleset.Ifaces(ruleset.Self)
	return d.Service.Subtract(link).IsEmpty() && (d.In.Equal(own) || d.Out.Equal(own))
}

func icmpv6Types(from, to uint16) ruleset.ServiceBox {
	return ruleset.ServiceBox{
		ProtoFrom: ruleset.ICMPv6, ProtoTo: ruleset.ICMPv6,
		Src: ruleset.PortRange{From: from, To: to}, Dst: ruleset.PortRange{To: 255},
	}
}
