package nftables

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/nbfwc/nbfwc/lab/kernel"
	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
)

// simpleJob permits TCP 1556 from a to b, and nothing else.
func simpleJob(section bool) targets.Job {
	both := func(s string) ruleset.AddrSet { return addrs(s, nil) }
	job := targets.Job{Firewall: "proof", Manage: targets.Exclusive,
		Interfaces: []targets.Interface{{Label: "a", Devices: []string{"a0"}}, {Label: "b", Devices: []string{"b0"}}},
		Want: ruleset.RuleSet{Stages: []ruleset.Stage{{Name: "forward", Default: ruleset.Deny, In: ruleset.NotIfaces(ruleset.Self), Out: ruleset.NotIfaces(ruleset.Self), Rules: []ruleset.Rule{{
			In: ruleset.Ifaces("a"), Out: ruleset.Ifaces("b"), Src: both("10.0.1.1, fd00:1::1"), Dst: both("10.0.2.1, fd00:2::1"),
			Service: ruleset.TCPPorts(ruleset.PortRange{From: 1556, To: 1556}), Action: ruleset.Permit}}}}}}
	if section {
		job.Manage, job.Anchor = targets.Section, "inet filter forward"
	}
	return job
}

func dial(t *testing.T, n *kernel.Net, src, dst string) net.Conn {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	c, err := n.Dial(ctx, netip.MustParseAddr(src), netip.MustParseAddrPort(dst))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if _, err := io.ReadFull(c, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	return c
}

// echo sends bytes and waits for them to come back.
func echo(c net.Conn, size int, wait time.Duration) error {
	if err := c.SetDeadline(time.Now().Add(wait)); err != nil {
		return err
	}
	sent := make(chan error, 1)
	go func() {
		_, err := c.Write(make([]byte, size))
		sent <- err
	}()
	_, err := io.ReadFull(c, make([]byte, size))
	if err == nil {
		err = <-sent
	}
	return err
}

// A connection goes on while the file is loaded again and again, and after a
// file that no longer permits it.
func TestEstablishedSurvivesReload(t *testing.T) {
	if !kernel.Require(t) {
		return
	}
	n := newNet(t, proofTopology())
	job := simpleJob(false)
	text := render(t, job)
	if err := n.Load("r", text); err != nil {
		t.Fatal(err)
	}
	c := dial(t, n, "10.0.1.1", "10.0.2.1:1556")
	for range 20 {
		if err := n.Load("r", text); err != nil {
			t.Fatal(err)
		}
		if err := echo(c, 100, 2*time.Second); err != nil {
			t.Fatal(err)
		}
	}
	job.Want.Stages[0].Rules = nil
	if err := n.Load("r", render(t, job)); err != nil {
		t.Fatal(err)
	}
	if err := echo(c, 100, 2*time.Second); err != nil {
		t.Errorf("the connection ended with its rule: %v", err)
	}
	results, err := n.Probe([]kernel.Tuple{{Src: netip.MustParseAddr("10.0.1.1"), Dst: netip.MustParseAddr("10.0.2.1"), Proto: kernel.TCP, DstPort: 1556}})
	if err != nil || results[0].Answer != kernel.Silent {
		t.Errorf("a new connection after its rule is gone: %v %v", results, err)
	}
}

// The kernel keeps a connection as long as its rule says, and others as long as
// it does by itself.
func TestIdleTimeoutIsInTheConnectionTable(t *testing.T) {
	if !kernel.Require(t) {
		return
	}
	for _, section := range []bool{false, true} {
		n := newNet(t, proofTopology())
		job := simpleJob(section)
		rules := &job.Want.Stages[0].Rules
		*rules = append(*rules, (*rules)[0])
		(*rules)[0].Idle = 7 * 24 * time.Hour
		(*rules)[1].Service = ruleset.TCPPorts(ruleset.PortRange{From: 13724, To: 13724})
		text := render(t, job)
		if section {
			text = userTable("forward") + text
		}
		if err := n.Load("r", text); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			dst     string
			seconds string
		}{{"10.0.2.1:1556", "60479[0-9]|604800"}, {"[fd00:2::1]:1556", "60479[0-9]|604800"}, {"10.0.2.1:13724", "43199[0-9]|432000"}} {
			dst := netip.MustParseAddrPort(c.dst)
			src, family := "10.0.1.1", "ipv4"
			if dst.Addr().Is6() {
				src, family = "fd00:1::1", "ipv6"
			}
			dial(t, n, src, c.dst)
			table, err := n.Exec("r", "", "conntrack", "-L", "-f", family, "-p", "tcp")
			if err != nil {
				t.Fatalf("the proof needs the program conntrack: %v", err)
			}
			if want := regexp.MustCompile(fmt.Sprintf(`tcp\s+6 (%s) ESTABLISHED src=%s dst=%s \S+ dport=%d`, c.seconds, src, dst.Addr(), dst.Port())); !want.MatchString(table) {
				t.Errorf("section %v: no %s in\n%s", section, want, table)
			}
		}
	}
}

// Errors about packets that are too big reach the sender from a router behind
// the firewall, and without the rule for them the connection hangs.
func TestPacketTooBigPasses(t *testing.T) {
	if !kernel.Require(t) {
		return
	}
	for _, section := range []bool{false, true} {
		for _, ends := range [][2]string{{"10.0.1.1", "10.0.2.1:1556"}, {"fd00:1::1", "[fd00:2::1]:1556"}} {
			for _, permitted := range []bool{true, false} {
				t.Run(fmt.Sprintf("section=%v/%s/errors=%v", section, ends[0], permitted), func(t *testing.T) {
					tooBig(t, section, permitted, ends[0], ends[1])
				})
			}
		}
	}
}

func tooBig(t *testing.T, section, permitted bool, src, dst string) {
	topology := proofTopology()
	topology.Routers = []kernel.Router{{Name: "r"}, {Name: "narrow"}}
	topology.Joins = []kernel.Join{{A: "r", ADevice: "b0", B: "narrow", BDevice: "up0"}}
	topology.Zones = topology.Zones[:2]
	topology.Zones[1].Router = "narrow"
	topology.Zones[1].Device = "slim0"
	n := newNet(t, topology)
	if _, err := n.Exec("narrow", "", "ip", "link", "set", "dev", "slim0", "mtu", "1300"); err != nil {
		t.Fatal(err)
	}
	text := render(t, simpleJob(section))
	if section {
		text = userTable("forward") + text
	}
	if !permitted {
		text = regexp.MustCompile(`(?m)^.*packet-too-big.*\n|^.*time-exceeded.*\n`).ReplaceAllString(text, "")
	}
	if err := n.Load("r", text); err != nil {
		t.Fatal(err)
	}
	err := echo(dial(t, n, src, dst), 200000, 2*time.Second)
	if permitted && err != nil {
		t.Errorf("%v", err)
	}
	if !permitted && err == nil {
		t.Error("the connection goes on without the errors: the test proves nothing")
	}
}

// The way to manage the device stays open, also with forgotten neighbours, and
// another's way does not open.
func TestManagementIsNotLockedOut(t *testing.T) {
	if !kernel.Require(t) {
		return
	}
	n := newNet(t, proofTopology())
	job := simpleJob(false)
	job.Self, job.ManagementFrom = true, addrs("10.0.1.4/30, fd00:1::4/126", nil)
	self, others := ruleset.Ifaces(ruleset.Self), ruleset.NotIfaces(ruleset.Self)
	job.Want.Stages = append(job.Want.Stages, ruleset.Stage{Name: "input", In: others, Out: self, Default: ruleset.Deny},
		ruleset.Stage{Name: "output", In: self, Out: others, Default: ruleset.Deny})
	if err := n.Load("r", render(t, job)); err != nil {
		t.Fatal(err)
	}
	for _, node := range []string{"r", "a"} {
		if _, err := n.Exec(node, "", "ip", "neigh", "flush", "all"); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		src, dst string
		port     uint16
		want     kernel.Answer
	}{
		{"10.0.1.4", "10.0.9.1", 22, kernel.Open},
		{"fd00:1::7", "fd00:9::1", 22, kernel.Open},
		{"10.0.1.4", "10.0.9.1", 23, kernel.Silent},
		{"10.0.1.3", "10.0.9.1", 22, kernel.Silent},
		{"fd00:1::8", "fd00:9::1", 22, kernel.Silent},
		{"10.0.9.1", "10.0.1.4", 22, kernel.Silent},
	} {
		results, err := n.Probe([]kernel.Tuple{{Src: netip.MustParseAddr(c.src), Dst: netip.MustParseAddr(c.dst), Proto: kernel.TCP, DstPort: c.port}})
		if err != nil || results[0].Answer != c.want {
			t.Errorf("%v %v, want %s", results, err, c.want)
		}
	}
}

// Beside a table of another's that drops, our table can't open what the other
// closes, and touches nothing of it; a section leaves what isn't ours to the
// user's rules after the jump.
func TestBesideOthers(t *testing.T) {
	if !kernel.Require(t) {
		return
	}
	n := newNet(t, proofTopology())
	n.Wait = 200 * time.Millisecond
	probe := func(dst string, port uint16) kernel.Tuple {
		return kernel.Tuple{Src: netip.MustParseAddr("10.0.1.1"), Dst: netip.MustParseAddr(dst), Proto: kernel.TCP, DstPort: port}
	}
	tuples := []kernel.Tuple{probe("10.0.2.1", 1556), probe("10.0.2.2", 1556), probe("10.0.2.1", 80)}
	for _, c := range []struct {
		about, text string
		want        [3]kernel.Answer
	}{
		{"a later table drops", "table inet later {\nchain f {\ntype filter hook forward priority filter + 5\ntcp dport 1556 drop\n}\n}\n" + render(t, simpleJob(false)),
			[3]kernel.Answer{kernel.Silent, kernel.Silent, kernel.Silent}},
		{"the user's own rules after the jump", strings.Replace(userTable("forward"), "jump nb_section\n", "jump nb_section\nct state established accept\ntcp dport 80 accept\n", 1) + render(t, simpleJob(true)),
			[3]kernel.Answer{kernel.Open, kernel.Silent, kernel.Open}},
		{"no jump, no effect", strings.Replace(userTable("forward"), "jump nb_section\n", "", 1) + render(t, simpleJob(true)),
			[3]kernel.Answer{kernel.Silent, kernel.Silent, kernel.Silent}},
	} {
		results, err := n.Prove(map[string]string{"r": c.text}, tuples)
		if err != nil {
			t.Fatal(err)
		}
		for i, r := range results {
			if r.Answer != c.want[i] {
				t.Errorf("%s: %s, want %s", c.about, r, c.want[i])
			}
		}
	}
}
