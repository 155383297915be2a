package cisco_asa

import (
	"fmt"
	"strings"
	"testing"

	"github.com/nbfwc/nbfwc/lab"
	"github.com/nbfwc/nbfwc/lab/asa"
	"github.com/nbfwc/nbfwc/targets"
	"github.com/nbfwc/nbfwc/targets/targettest"
)

// testDevice is an emulated device with the interfaces of the world of
// targettest.
func testDevice(t testing.TB) lab.Device {
	d := asa.New(asa.Options{Enabled: true})
	var list []string
	for i, nameif := range targettest.Interfaces {
		list = append(list, fmt.Sprintf("interface GigabitEthernet0/%d", i),
			" nameif "+nameif, fmt.Sprintf(" security-level %d", 100-40*i),
			fmt.Sprintf(" ip address 10.%d.0.254 255.255.255.0", i+1), fmt.Sprintf(" ipv6 address 2001:db8:%d::ff/64", i+1), " no shutdown")
	}
	typed(t, d, list)
	return d
}

// typed types commands at the top of the configuration mode.
func typed(t testing.TB, d lab.Device, list []string) {
	t.Helper()
	s := d.Login()
	defer s.Close()
	for _, line := range append(append([]string{"configure terminal"}, list...), "end") {
		if answer := s.Send(line); s.Refused(answer) {
			t.Fatalf("the device refuses %q: %s\nof:\n%s\nit has:\n%s", line, answer, strings.Join(list, "\n"), d.Running())
		}
	}
}

func TestTarget(t *testing.T) { targettest.Run(t, subject()) }

// subject is the target among the configurations of others that it has to live
// with.
func subject() targettest.Subject {
	closed := []string{
		"object network web", " host 10.2.0.7",
		"access-list inside_in remark ours since 2009", "access-list inside_in extended permit tcp any object web eq www",
		"access-list inside_in remark the rest", "access-list inside_in extended permit udp any any eq domain", "access-list inside_in extended deny ip any any log",
		"access-list dmz_in remark ours since 2009", "access-list dmz_in extended permit icmp any any",
		"access-list dmz_in remark the rest", "access-list dmz_in extended deny ip any any",
		"access-list outside_in remark ours since 2009", "access-list outside_in extended deny tcp any host 10.1.0.7 eq 1556",
		"access-list outside_in remark the rest", "access-list outside_in extended permit tcp any any eq https",
		"access-group inside_in in interface inside", "access-group dmz_in in interface dmz", "access-group outside_in in interface outside",
	}
	return targettest.Subject{
		Target: Target{}, Device: testDevice, Enter: []string{"configure terminal"}, Leave: []string{"end"},
		Adjust: func(job *targets.Job) { // idle timeouts are TCP's
			for i := range job.Want.Stages[0].Rules {
				if r := &job.Want.Stages[0].Rules[i]; r.Service.Intersect(tcp).IsEmpty() {
					r.Idle = 0
				}
			}
		},
		Foreign: []targettest.Foreign{{
			Name: "lists", Commands: closed,
			Anchors: []string{"top", "bottom", "before the rest", "after ours since 2009"},
			Keep: []string{
				"access-list inside_in remark ours since 2009", "permit tcp any object web eq www", "access-list inside_in remark the rest",
				"access-list inside_in extended deny ip any any log", "access-list outside_in extended deny tcp any host 10.1.0.7 eq 1556",
			},
		}},
	}
}
