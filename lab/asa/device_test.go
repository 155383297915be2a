package asa_test

import (
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"github.com/nbfwc/nbfwc/lab"
	"github.com/nbfwc/nbfwc/lab/asa"
)

const small = `interface GigabitEthernet0/0
 nameif inside
 security-level 100
interface GigabitEthernet0/1
 nameif outside
 security-level 0
access-list IN extended permit tcp any any eq https
access-group IN in interface outside
`

// A device of two interfaces: a line is typed, the device refuses another, and
// decides about a packet.
func Example() {
	d := asa.New(asa.Options{Hostname: "fw1", Enabled: true})
	if err := d.Load(small); err != nil {
		fmt.Println(err)
	}
	s := d.Login()
	for _, line := range []string{"configure terminal", "access-list IN extended permit tcp any any eq 1556", "no object network MEDIA"} {
		fmt.Println(s.Prompt() + line)
		answer := s.Send(line)
		fmt.Print(answer)
		if s.Refused(answer) {
			fmt.Println("-> refused")
		}
	}
	p := lab.Packet{In: "outside", Out: "inside", Proto: 6, DstPort: 1556,
		Src: netip.MustParseAddr("192.0.2.1"), Dst: netip.MustParseAddr("10.0.0.1")}
	fmt.Println(d.Decide(p) == lab.Passes, d.Idle(p), d.Explain(p))
	// Output:
	// fw1# configure terminal
	// fw1(config)# access-list IN extended permit tcp any any eq 1556
	// fw1(config)# no object network MEDIA
	// ERROR: object (MEDIA) does not exist.
	// -> refused
	// true 1h0m0s access-list IN line 2 extended permit tcp any any eq 1556
}

// What isn't written to memory is lost with a reload, which ends sessions.
func TestReload(t *testing.T) {
	d := asa.New(asa.Options{Enabled: true})
	if err := d.Load(small); err != nil {
		t.Fatal(err)
	}
	s := d.Login()
	s.Send("configure terminal\nobject network KEPT\nhost 10.0.0.1\nwrite memory\nobject network LOST\nhost 10.0.0.2")
	if err := d.Reload(); err != nil {
		t.Fatal(err)
	}
	if s.Prompt() != "" || s.Send("end") != "" {
		t.Error("the session goes on after a reload")
	}
	if r := d.Running(); !strings.Contains(r, "object network KEPT") || strings.Contains(r, "LOST") {
		t.Error(r)
	}
}

// A configuration that has a line that isn't taken changes nothing.
func TestLoadAllOrNothing(t *testing.T) {
	d := asa.New(asa.Options{})
	before := d.Running()
	err := d.Load("object network A\n host 10.0.0.1\nobject network B\n host 10.0.0.1.1\n")
	if err == nil || !strings.Contains(err.Error(), "line 4") {
		t.Error(err)
	}
	if d.Running() != before {
		t.Error("a part of it was loaded")
	}
}

func TestHits(t *testing.T) {
	d := asa.New(asa.Options{Enabled: true})
	if err := d.Load(small); err != nil {
		t.Fatal(err)
	}
	d.SetHits("IN", 1, 7)
	s := d.Login()
	if a := s.Send("show access-list IN"); !strings.Contains(a, "(hitcnt=7)") {
		t.Error(a)
	}
	if a := s.Send("show access-list IN brief"); !strings.Contains(a, " 00000007 ") {
		t.Error(a)
	}
	s.Send("clear access-list IN counters")
	if a := s.Send("show access-list IN"); !strings.Contains(a, "(hitcnt=0)") {
		t.Error(a)
	}
}

// Every answer of show is no refusal, whatever a remark says.
func TestRefused(t *testing.T) {
	d := asa.New(asa.Options{Enabled: true})
	s := d.Login()
	for _, l := range []string{"configure terminal", "access-list X remark ERROR: not one", "show running-config", "show access-list", "write memory", "interface Vlan7", "nameif x"} {
		if a := s.Send(l); s.Refused(a) {
			t.Errorf("%s: %q is taken for a refusal", l, a)
		}
	}
}

// Several administrators at once.
func TestAtOnce(t *testing.T) {
	d := asa.New(asa.Options{Enabled: true})
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			s := d.Login()
			s.Send("configure terminal")
			for j := range 20 {
				s.Send(fmt.Sprintf("object network H%d-%d", i, j))
				s.Send(fmt.Sprintf("host 10.0.%d.%d", i, j))
			}
			s.Close()
		})
	}
	all.Wait()
	if n := strings.Count(d.Running(), "\n host "); n != 80 {
		t.Error(n, "objects")
	}
}
