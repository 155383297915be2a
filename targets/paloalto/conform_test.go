package paloalto

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nbfwc/nbfwc/lab"
	"github.com/nbfwc/nbfwc/lab/panos"
	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
	"github.com/nbfwc/nbfwc/targets/targettest"
)

// labDevice is an emulated firewall with the zones of the suite's world.
func labDevice(t testing.TB) lab.Device {
	t.Helper()
	d := panos.New(panos.Options{Hostname: "edge"})
	list := []string{"configure"}
	for i, zone := range targettest.Interfaces {
		port := fmt.Sprintf("ethernet1/%d", i+1)
		list = append(list,
			fmt.Sprintf("set network interface ethernet %s layer3 ip 10.%d.0.254/24", port, i+1),
			fmt.Sprintf("set network interface ethernet %s layer3 ipv6 enabled yes", port),
			fmt.Sprintf("set network interface ethernet %s layer3 ipv6 address 2001:db8:%d::ff/64", port, i+1),
			fmt.Sprintf("set zone %s network layer3 %s", zone, port))
	}
	s := d.Login()
	defer s.Close()
	for _, line := range append(list, "commit", "exit") {
		if answer := s.Send(line); s.Refused(answer) {
			t.Fatalf("the device refuses %q: %s", line, answer)
		}
	}
	return d
}

func TestTarget(t *testing.T) {
	targettest.Run(t, targettest.Subject{
		Target: Target{}, Device: labDevice, Atomic: true, Comment: "#",
		Enter: []string{"configure"}, Leave: []string{"commit", "exit"},
		Adjust: func(job *targets.Job) {
			for i := range job.Want.Stages[0].Rules { // idle timeouts are TCP's
				if r := &job.Want.Stages[0].Rules[i]; r.Service.Intersect(ruleset.Protocol(ruleset.TCP)).IsEmpty() {
					r.Idle = 0
				}
			}
		},
		Foreign: []targettest.Foreign{{
			Name: "rules",
			Commands: []string{
				"set address printer ip-netmask 10.2.0.7/32",
				"set rulebase security rules web from any to dmz source any destination printer application any service service-https action allow",
				"set rulebase security rules \"no udp\" from outside to inside source any destination any application any service any action deny disabled yes",
				"set rulebase security rules \"web out\" from inside to outside source any destination any application any service [ service-http service-https ] action allow",
				"set rulebase security rules clean-up from any to any source any destination any application any service any action deny",
			},
			Anchors: []string{"top", "bottom", "before web", "after web out", "before clean-up"},
			Keep:    []string{"security rules web ", "security rules \"no udp\"", "security rules \"web out\"", "security rules clean-up"},
		}},
	})
}

// TestDeviceDialects: the three forms in which the device prints one
// configuration are read as the same.
func TestDeviceDialects(t *testing.T) {
	job := planJob()
	d := labDevice(t).(*panos.Device)
	s := d.Login()
	defer s.Close()
	var text strings.Builder
	if err := (Target{}).Render(&text, job); err != nil {
		t.Fatal(err)
	}
	for _, line := range slices.Concat([]string{"configure"}, strings.Split(strings.TrimSpace(text.String()), "\n"), []string{"commit"}) {
		if answer := s.Send(line); !strings.HasPrefix(line, "#") && s.Refused(answer) {
			t.Fatalf("%q: %s", line, answer)
		}
	}
	opt := targets.ParseOptions{Interfaces: job.Interfaces}
	digests := map[string]bool{}
	for _, printed := range []string{d.Running(), d.RunningBraces(), d.RunningXML()} {
		c, err := Target{}.Parse(strings.NewReader(printed), opt)
		if err != nil || len(c.Problems) > 0 {
			t.Fatalf("%v %v\n%s", err, c.Problems, printed)
		}
		digests[c.Digest] = true
	}
	if len(digests) != 1 {
		t.Errorf("%d digests of one configuration", len(digests))
	}
}

// planJob permits PBX from clients in outside to media servers in inside.
func planJob() targets.Job {
	job := targets.Job{Firewall: "edge", Manage: targets.Exclusive, Prefix: targets.DefaultPrefix}
	for _, zone := range targettest.Interfaces {
		job.Interfaces = append(job.Interfaces, targets.Interface{Label: zone, Devices: []string{zone}})
	}
	group := func(name, addr string) ruleset.Group {
		a := netip.MustParseAddr(addr)
		g := ruleset.Group{Name: name, Members: []ruleset.Member{{Range: ruleset.Range{From: a, To: a}, Name: "host"}}}
		g.Set = ruleset.MemberSet(g.Members)
		return g
	}
	src, dst := group("NBU-client-outside", "10.3.0.7"), group("NBU-media-inside", "2001:db8:1::5")
	src.Members = append(src.Members, ruleset.Member{Range: ruleset.Range{From: netip.MustParseAddr("2001:db8:3::5"), To: netip.MustParseAddr("2001:db8:3::6")}})
	src.Set = ruleset.MemberSet(src.Members)
	others := ruleset.NotIfaces(ruleset.Self)
	job.Want = ruleset.RuleSet{Groups: []ruleset.Group{src, dst}, Stages: []ruleset.Stage{{Name: "forward", In: others, Out: others, Default: ruleset.Deny, Rules: []ruleset.Rule{{
		In: ruleset.Ifaces("outside"), Out: ruleset.Ifaces("inside"), Src: src.Set, Dst: dst.Set, SrcGroup: src.Name, DstGroup: dst.Name,
		Service: ruleset.TCPPorts(ruleset.PortRange{From: 1556, To: 1556}), Action: ruleset.Permit, Name: "NBU-client-outside-to-media-inside", Reason: "client to media: PBX (Table 2-4)",
		Effects: ruleset.Effects{Idle: 8 * time.Hour, Log: true},
	}}}}}
	return job
}
