package panos

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/nbfwc/nbfwc/lab"
)

// FuzzLoad loads texts. Nothing panics, and what is taken prints to a text
// that is taken; a string with a quote or a line end in it may be read
// otherwise, as on the device.
func FuzzLoad(f *testing.F) {
	f.Add("set address A ip-netmask 10.0.0.1\nset address A description \"a \"b\" c\"\n")
	f.Add("address {\n  A {\n    ip-netmask 10.0.0.1;\n    tag [ a b];\n  }\n}\ntag {\n  a;\n  b;\n}\n")
	f.Add("<config><shared><tag><entry name=\"t\"/></tag></shared><devices><entry name=\"localhost.localdomain\"><vsys><entry name=\"vsys1\"><address><entry name=\"A\"><fqdn>a.b</fqdn><tag><member>t</member></tag></entry></address></entry></vsys></entry></devices></config>")
	f.Add("set config devices localhost.localdomain vsys vsys1 tag x\nset config shared tag y\n")
	f.Fuzz(func(t *testing.T, text string) {
		d := New(Options{})
		if d.Load(text) != nil || strings.ToValidUTF8(text, "") != text {
			return
		}
		first := d.Running()
		if strings.ContainsAny(text, "'\"&") {
			return
		}
		e := New(Options{})
		if err := e.Load(first); err != nil || e.Running() != first {
			t.Errorf("%v\n%s\n%s", err, first, e.Running())
		}
	})
}

// What Panorama pushes stands around the local rules and isn't printed.
func TestPush(t *testing.T) {
	d := New(Options{})
	if err := d.Load("set zone a network layer3 ethernet1/1\nset zone b network layer3 ethernet1/2\n" +
		"set rulebase security rules local from a to b source any destination any application any service any action allow\n"); err != nil {
		t.Fatal(err)
	}
	if err := d.Push("set address P ip-netmask 10.0.0.1\nset pre-rulebase security rules pre from a to b source P destination any application any service any action drop\n"); err != nil {
		t.Fatal(err)
	}
	p := lab.Packet{In: "a", Out: "b", Proto: 6, DstPort: 80, Src: netip.MustParseAddr("10.0.0.1"), Dst: netip.MustParseAddr("10.0.0.2")}
	if why := d.Explain(p); d.Decide(p) != lab.Drops || why != "rule pre" {
		t.Error(why)
	}
	p.Src = netip.MustParseAddr("10.0.0.3")
	if why := d.Explain(p); d.Decide(p) != lab.Passes || why != "rule local" {
		t.Error(why)
	}
	if strings.Contains(d.Running(), "pre") {
		t.Error(d.Running())
	}
}

// Faults: a lost session leaves its edits in the candidate, a commit goes on
// without it, another administrator edits in between.
func TestFaults(t *testing.T) {
	d := New(Options{Faults: Faults{DropAfter: 2}})
	s := d.Login()
	s.Send("configure\nset address A ip-netmask 10.0.0.1\nset address B ip-netmask 10.0.0.2")
	if s.Prompt() != "" || d.Candidate() != "set address A ip-netmask 10.0.0.1\n" {
		t.Error(d.Candidate())
	}
	d.SetFaults(Faults{DropCommit: true})
	s = d.Login()
	s.Send("configure\ncommit")
	if s.Prompt() != "" || d.Running() != d.Candidate() {
		t.Error(d.Running())
	}
	d.SetFaults(Faults{RefuseNth: 2, MeddleNth: 2, Meddle: []string{"set address C ip-netmask 10.0.0.3"}, AutoCommit: true})
	s = d.Login()
	if a := s.Send("configure"); s.Refused(a) {
		t.Error(a)
	}
	for _, l := range []string{"set address D ip-netmask 10.0.0.4", "commit"} {
		if a := s.Send(l); !s.Refused(a) {
			t.Error(l, a)
		}
	}
	if c := d.Candidate(); !strings.Contains(c, "address C") || strings.Contains(c, "address D") {
		t.Error(c)
	}
}

// A configuration with a line that isn't taken, or that no commit would take,
// changes nothing.
func TestLoadAllOrNothing(t *testing.T) {
	d := New(Options{})
	for _, text := range []string{"set address A ip-netmask 10.0.0.1\nset address B ip-netmask 1.2\n", "set address-group G static A\n", "<config><nope/></config>", "address {\n"} {
		if err := d.Load(text); err == nil || d.Running() != "" {
			t.Errorf("%q is loaded", text)
		}
	}
}
