package asa_test

import (
	"strings"
	"testing"

	"github.com/nbfwc/nbfwc/lab"
	"github.com/nbfwc/nbfwc/lab/asa"
)

func TestContexts(t *testing.T) {
	d := asa.New(asa.Options{Hostname: "fw", Enabled: true, Contexts: []string{"admin", "dmz", "lan"}})
	if err := d.Context("dmz").Load("hostname other\n" + small); err != nil {
		t.Fatal(err)
	}
	s := d.Login()
	at := func(want string) {
		t.Helper()
		if p := s.Prompt(); p != want {
			t.Errorf("prompt %q, want %q", p, want)
		}
	}
	at("fw/admin# ")
	if a := typeAll(t, s, "show mode", "show context"); !strings.Contains(a, "multiple") || !strings.Contains(a, "*admin") ||
		!strings.Contains(a, " dmz ") || !strings.Contains(a, "GigabitEthernet0/0,GigabitEthernet0/1") || !strings.Contains(a, "Contexts: 3") {
		t.Error(a)
	}
	typeAll(t, s, "changeto context dmz")
	at("fw/dmz# ")
	if a := typeAll(t, s, "show running-config", "show hostname"); !strings.Contains(a, "ASA Version 9.16(4) <context>") || !strings.HasSuffix(a, "\nother\n") {
		t.Error(a)
	}
	typeAll(t, s, "configure terminal", "object network D", "host 10.0.0.1", "write memory")
	at("fw/dmz(config-network-object)# ")
	typeAll(t, s, "changeto context lan")
	at("fw/lan# ")
	typeAll(t, s, "configure terminal", "object network L", "host 10.0.0.2")
	if a := s.Send("changeto context nowhere"); !s.Refused(a) {
		t.Errorf("a context that isn't there: %q", a)
	}
	typeAll(t, s, "changeto system")
	at("fw# ")
	if a := typeAll(t, s, "show running-config"); !strings.Contains(a, "<system>") || !strings.Contains(a, "context lan\n  config-url disk0:/lan.cfg\n") {
		t.Error(a)
	}
	typeAll(t, s, "configure terminal")
	for _, l := range []string{"object network S", "access-list X permit ip any any", "context more"} {
		if a := s.Send(l); !s.Refused(a) {
			t.Errorf("%s in the system execution space: %q", l, a)
		}
	}
	if r := d.Context("lan").Running(); strings.HasPrefix(r, ": Saved") || !strings.Contains(r, "object network L") || strings.Contains(r, "object network D") {
		t.Error(r)
	}
	if r := d.Context("dmz").Running(); !strings.HasPrefix(r, ": Saved") || !strings.Contains(r, "object network D") {
		t.Error(r)
	}
	p := lab.Packet{In: "outside", Out: "inside", Proto: 6, DstPort: 443}
	if v := d.Context("dmz").Decide(p); v != lab.Passes {
		t.Errorf("the context of the list: %v", v)
	}
	typeAll(t, s, "end", "write memory all")
	if !strings.HasPrefix(d.Context("lan").Running(), ": Saved") {
		t.Error("write memory all saved not all")
	}
	if d.Context("nowhere") != nil || d.Context("system") == nil || d.Context("") != nil {
		t.Error("contexts by name")
	}
}

// Whoever logs in to another context than the admin context stays there.
func TestContextsAreKeptApart(t *testing.T) {
	d := asa.New(asa.Options{Enabled: true, Contexts: []string{"admin", "dmz"}})
	s := d.Context("dmz").Login()
	for _, l := range []string{"changeto context admin", "changeto system", "show context", "reload noconfirm"} {
		if a := s.Send(l); !s.Refused(a) {
			t.Errorf("%s: %q", l, a)
		}
	}
	one := asa.New(asa.Options{Enabled: true}).Login()
	for _, l := range []string{"changeto system", "show context"} {
		if a := one.Send(l); !one.Refused(a) {
			t.Errorf("%s without contexts: %q", l, a)
		}
	}
}

// A reload of the machine is one of all contexts.
func TestReloadOfContexts(t *testing.T) {
	d := asa.New(asa.Options{Enabled: true, Contexts: []string{"admin", "dmz"}})
	u := d.Context("dmz").Login()
	typeAll(t, u, "configure terminal", "object network LOST", "host 10.0.0.1")
	s := d.Login()
	typeAll(t, s, "changeto system", "reload noconfirm")
	if u.Prompt() != "" || strings.Contains(d.Context("dmz").Running(), "LOST") {
		t.Error("the context goes on")
	}
}

// The two units of a pair have the same contexts.
func TestPairWithContexts(t *testing.T) {
	a, b := asa.NewPair(asa.Options{Enabled: true, Contexts: []string{"admin", "dmz"}})
	s := a.Login()
	typeAll(t, s, "changeto context dmz", "configure terminal", "object network D", "host 10.0.0.1")
	if !strings.Contains(b.Context("dmz").Running(), "object network D") || strings.Contains(b.Running(), "object network D") {
		t.Error("the standby unit's contexts")
	}
}
