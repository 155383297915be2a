package push_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/nbfwc/nbfwc/lab"
	"github.com/nbfwc/nbfwc/lab/asa"
	"github.com/nbfwc/nbfwc/lab/fortios"
	"github.com/nbfwc/nbfwc/lab/panos"
	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
	"github.com/nbfwc/nbfwc/targets/cisco_asa"
	"github.com/nbfwc/nbfwc/targets/fortigate"
	"github.com/nbfwc/nbfwc/targets/paloalto"
)

// maker is a kind of emulated device, and how it is talked with.
type maker struct {
	name     string
	target   targets.Target
	dialogue targets.Dialogue
	os       string
	// device is one with interfaces and nothing of ours.
	device func(t *testing.T) lab.Device
	// refusal is what the device says to a command that isn't allowed.
	refusal string
	// looks is what a dialogue types again and again while it waits for what a
	// broken session left; expire lets the time pass that it waits for.
	looks  string
	expire func(lab.Device)
	// restart has the device begin again with what is saved.
	restart func(lab.Device) error
	// pair makes two devices the active and the other unit of a pair, failover
	// has the other one take over.
	pair     func(t *testing.T) (active, other lab.Device)
	failover func(active, other lab.Device)
}

var makers = []maker{
	{
		name: "ASA with configuration sessions", target: cisco_asa.Target{}, dialogue: cisco_asa.Dialogue{}, os: "9.16",
		device:  func(t *testing.T) lab.Device { return newASA(t, "9.16(4)") },
		refusal: "Command authorization failed\n",
		restart: func(d lab.Device) error { return d.(*asa.Device).Reload() },
		pair: func(t *testing.T) (active, other lab.Device) {
			a, b := asa.NewPair(asa.Options{Hostname: "edge", Version: "9.16(4)", Enabled: true})
			typeAll(t, a, interfacesOfASA())
			return a, b
		},
		failover: func(_, other lab.Device) { other.(*asa.Device).Failover() },
	},
	{
		name: "ASA line by line", target: cisco_asa.Target{}, dialogue: cisco_asa.Dialogue{}, os: "9.1",
		device:  func(t *testing.T) lab.Device { return newASA(t, "9.1(7)") },
		refusal: "Command authorization failed\n",
		restart: func(d lab.Device) error { return d.(*asa.Device).Reload() },
	},
	{
		name: "PAN-OS", target: paloalto.Target{}, dialogue: paloalto.Dialogue{Poll: time.Microsecond}, os: "10.2",
		device:  func(t *testing.T) lab.Device { return newPANOS(t, "007051000000001") },
		refusal: "Server error : permission denied\n",
		restart: func(d lab.Device) error { d.(*panos.Device).Restart(); return nil },
		pair: func(t *testing.T) (active, other lab.Device) {
			a, b := newPANOS(t, "007051000000001"), newPANOS(t, "007051000000002")
			panos.Pair(a.(*panos.Device), b.(*panos.Device))
			return a, b
		},
		failover: func(active, _ lab.Device) { active.(*panos.Device).Failover() },
	},
	{
		name: "FortiGate with transactions", target: fortigate.Target{}, dialogue: fortigate.Dialogue{Poll: time.Microsecond}, os: "7.2",
		device:  func(t *testing.T) lab.Device { return newFortiOS(t, "7.2.4") },
		refusal: "Unknown action 0\n\nCommand fail. Return code -61\n",
		looks:   "txn-info", expire: func(d lab.Device) { d.(*fortios.Device).Expire() },
		pair: func(t *testing.T) (active, other lab.Device) {
			a, b := newFortiOS(t, "7.2.4"), newFortiOS(t, "7.2.4")
			fortios.Pair(a.(*fortios.Device), b.(*fortios.Device))
			return a, b
		},
		failover: func(active, _ lab.Device) { active.(*fortios.Device).Failover() },
		restart:  func(d lab.Device) error { d.(*fortios.Device).Restart(); return nil },
	},
	{
		name: "FortiGate line by line", target: fortigate.Target{}, dialogue: fortigate.Dialogue{}, os: "6.0",
		device:  func(t *testing.T) lab.Device { return newFortiOS(t, "6.0.12") },
		refusal: "Unknown action 0\n\nCommand fail. Return code -61\n",
		restart: func(d lab.Device) error { d.(*fortios.Device).Restart(); return nil },
	},
}

var sides = []string{"inside", "dmz", "outside"}

func newASA(t *testing.T, version string) lab.Device {
	d := asa.New(asa.Options{Hostname: "edge", Version: version, Enabled: true})
	typeAll(t, d, interfacesOfASA())
	return d
}

func interfacesOfASA() []string {
	lines := []string{"configure terminal"}
	for i, name := range sides {
		lines = append(lines, fmt.Sprintf("interface GigabitEthernet0/%d", i), "nameif "+name, fmt.Sprintf("security-level %d", 100-40*i),
			fmt.Sprintf("ip address 10.%d.0.254 255.255.255.0", i+1), "no shutdown", "exit")
	}
	return append(lines, "end", "write memory")
}

func newPANOS(t *testing.T, serial string) lab.Device {
	d := panos.New(panos.Options{Hostname: "edge", Version: "10.2.0", Serial: serial})
	lines := []string{"configure"}
	for i, zone := range sides {
		port := fmt.Sprintf("ethernet1/%d", i+1)
		lines = append(lines, fmt.Sprintf("set network interface ethernet %s layer3 ip 10.%d.0.254/24", port, i+1),
			fmt.Sprintf("set zone %s network layer3 %s", zone, port))
	}
	typeAll(t, d, append(lines, "commit", "exit"))
	return d
}

func newFortiOS(t *testing.T, version string) lab.Device {
	d := fortios.New(fortios.Options{Hostname: "edge", Version: version})
	text := "config system interface\n"
	for i, name := range sides {
		text += fmt.Sprintf("edit %q\nset vdom \"root\"\nset ip 10.%d.0.1 255.255.255.0\nnext\n", name, i+1)
	}
	if err := d.Load(text + "end\n"); err != nil {
		t.Fatal(err)
	}
	return d
}

func typeAll(t *testing.T, d lab.Device, lines []string) {
	t.Helper()
	s := d.Login()
	defer s.Close()
	for _, l := range lines {
		if a := s.Send(l); s.Refused(a) {
			t.Fatalf("%q: %s", l, a)
		}
	}
}

// hostGroup is a group of hosts.
func hostGroup(name string, addresses ...string) ruleset.Group {
	g := ruleset.Group{Name: name, Reason: "hosts of " + name}
	for _, a := range addresses {
		ip := netip.MustParseAddr(a)
		g.Members = append(g.Members, ruleset.Member{Range: ruleset.Range{From: ip, To: ip}, Name: "h-" + strings.ReplaceAll(a, ".", "-")})
	}
	g.Set = ruleset.MemberSet(g.Members)
	return g
}

func permit(name, in, out string, src, dst ruleset.Group, ports ...uint16) ruleset.Rule {
	var list []ruleset.PortRange
	for _, p := range ports {
		list = append(list, ruleset.PortRange{From: p, To: p})
	}
	return ruleset.Rule{
		In: ruleset.Ifaces(in), Out: ruleset.Ifaces(out), Src: src.Set, Dst: dst.Set, SrcGroup: src.Name, DstGroup: dst.Name,
		Service: ruleset.TCPPorts(list...), Action: ruleset.Permit, Name: name, Reason: name,
	}
}

func exclusiveJob(groups []ruleset.Group, rules ...ruleset.Rule) targets.Job {
	job := targets.Job{Firewall: "edge", Manage: targets.Exclusive, Prefix: targets.DefaultPrefix}
	for _, s := range sides {
		job.Interfaces = append(job.Interfaces, targets.Interface{Label: s, Devices: []string{s}})
	}
	other := ruleset.NotIfaces(ruleset.Self)
	job.Want = ruleset.RuleSet{Groups: groups, Stages: []ruleset.Stage{{Name: "forward", In: other, Out: other, Default: ruleset.Deny, Rules: rules}}}
	return job
}

// jobs are an old policy and a new one: hosts come and go, a rule gets another
// port, one goes and one comes.
func jobs() (before, after targets.Job) {
	client, media := hostGroup("NBU-client", "10.3.0.7", "10.3.0.9"), hostGroup("NBU-media", "10.1.0.5")
	before = exclusiveJob([]ruleset.Group{client, media},
		permit("NBU-client-to-media", "outside", "inside", client, media, 1556),
		permit("NBU-media-to-client", "inside", "outside", media, client, 1556))
	client, media = hostGroup("NBU-client", "10.3.0.8", "10.3.0.9"), hostGroup("NBU-media", "10.1.0.5", "10.1.0.6")
	ops := hostGroup("NBU-ops", "10.2.0.7")
	after = exclusiveJob([]ruleset.Group{client, media, ops},
		permit("NBU-client-to-media", "outside", "inside", client, media, 1556, 13724),
		permit("NBU-ops-to-media", "dmz", "inside", ops, media, 443))
	return before, after
}

func samplePackets() []lab.Packet {
	hosts := map[string][]string{"inside": {"10.1.0.5", "10.1.0.6"}, "dmz": {"10.2.0.7"}, "outside": {"10.3.0.7", "10.3.0.8", "10.3.0.9"}}
	var out []lab.Packet
	for _, in := range sides {
		for _, to := range sides {
			for _, src := range hosts[in] {
				for _, dst := range hosts[to] {
					for _, port := range []uint16{443, 1556, 13724} {
						if in != to {
							out = append(out, lab.Packet{In: in, Out: to, Src: netip.MustParseAddr(src), Dst: netip.MustParseAddr(dst), Proto: 6, SrcPort: 50000, DstPort: port})
						}
					}
				}
			}
		}
	}
	return out
}

func verdicts(d lab.Device, packets []lab.Packet) []lab.Verdict {
	out := make([]lab.Verdict, len(packets))
	for i, p := range packets {
		out[i] = d.Decide(p)
	}
	return out
}
