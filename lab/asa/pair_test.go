package asa_test

import (
	"strings"
	"testing"

	"github.com/nbfwc/nbfwc/lab/asa"
)

const roles = "prompt hostname priority state"

// What the active unit is told, the standby unit does.
func TestPair(t *testing.T) {
	a, b := asa.NewPair(asa.Options{Hostname: "fw", Enabled: true})
	if err := a.Load(small + roles + "\n"); err != nil {
		t.Fatal(err)
	}
	s, u := a.Login(), b.Login()
	if s.Prompt() != "fw/pri/act# " || u.Prompt() != "fw/sec/stby# " {
		t.Errorf("prompts %q and %q", s.Prompt(), u.Prompt())
	}
	typeAll(t, s, "configure terminal", "object network A", "host 10.0.0.1")
	if !strings.Contains(b.Running(), "object network A") {
		t.Error("the standby unit doesn't follow")
	}
	typeAll(t, s, "end", "configure session S", "object network B", "host 10.0.0.2")
	if a := u.Send("show configuration session"); strings.Contains(a, "S") {
		t.Errorf("a configuration session is seen on the other unit: %q", a)
	}
	typeAll(t, s, "commit noconfirm", "write memory")
	for unit, d := range map[string]*asa.Device{"active": a, "standby": b} {
		if r := d.Running(); !strings.Contains(r, "object network B") || !strings.HasPrefix(r, ": Saved") {
			t.Errorf("%s after the commit and write memory:\n%s", unit, r)
		}
		if !strings.Contains(d.Startup(), "object network B") {
			t.Errorf("%s: not in the startup configuration", unit)
		}
	}
	for u, want := range map[string]string{s.Send("show failover"): "This host: Primary - Active", u.Send("show failover"): "This host: Secondary - Standby Ready"} {
		if !strings.Contains(u, want) || !strings.Contains(u, "Interface inside (invalid IP): Normal") && !strings.Contains(u, "Interface inside (") {
			t.Errorf("%q is not in\n%s", want, u)
		}
	}
}

// What the standby unit is told stays there, with a warning, and the two differ
// until the active unit writes its configuration over it.
func TestStandbyGoesItsOwnWay(t *testing.T) {
	a, b := asa.NewPair(asa.Options{Hostname: "fw", Enabled: true})
	s, u := a.Login(), b.Login()
	if w := u.Send("configure terminal"); !strings.Contains(w, "Replication is NOT performed from Standby unit to Active unit") {
		t.Errorf("no warning: %q", w)
	}
	typeAll(t, u, "object network ONLY", "host 10.0.0.9")
	if strings.Contains(a.Running(), "ONLY") {
		t.Error("the active unit took over a change of the standby unit")
	}
	typeAll(t, s, "configure terminal", "object network BOTH", "host 10.0.0.1", "end", "configure session S", "object network TOO", "host 10.0.0.3", "commit noconfirm")
	for _, n := range []string{"ONLY", "BOTH\n host 10.0.0.1", "TOO\n host 10.0.0.3"} {
		if !strings.Contains(b.Running(), "object network "+n) {
			t.Errorf("%q is not on the standby unit", n)
		}
	}
	typeAll(t, s, "write standby")
	if strings.Contains(b.Running(), "ONLY") || !strings.Contains(b.Running(), "BOTH") {
		t.Error("the units differ after write standby")
	}
	if x := u.Send("write standby"); !u.Refused(x) {
		t.Errorf("the standby unit wrote to the active one: %q", x)
	}
}

// A reload that was to undo a change undoes nothing on a pair: the other unit
// takes over with what ran.
func TestReloadOfAPairUndoesNothing(t *testing.T) {
	a, b := asa.NewPair(asa.Options{Hostname: "fw", Enabled: true})
	if err := a.Load(roles + "\n"); err != nil {
		t.Fatal(err)
	}
	s, u := a.Login(), b.Login()
	typeAll(t, s, "configure terminal", "object network NEW", "host 10.0.0.1", "end", "reload noconfirm")
	if s.Prompt() != "" {
		t.Error("the session goes on")
	}
	if !a.Standby() || b.Standby() || u.Prompt() != "fw/sec/act# " {
		t.Errorf("the other unit hasn't taken over: %q", u.Prompt())
	}
	if !strings.Contains(a.Running(), "NEW") || !strings.Contains(b.Running(), "NEW") {
		t.Error("the change is gone")
	}
	if p := a.Login().Prompt(); p != "fw/pri/stby# " {
		t.Errorf("the unit that was reloaded: %q", p)
	}
}

func TestUnitsChangePlaces(t *testing.T) {
	a, b := asa.NewPair(asa.Options{Enabled: true})
	s, u := a.Login(), b.Login()
	typeAll(t, s, "no failover active")
	if !a.Standby() || b.Standby() {
		t.Error("the active unit did not step back")
	}
	typeAll(t, s, "failover active")
	if a.Standby() || !b.Standby() {
		t.Error("the unit did not become active")
	}
	b.Failover()
	typeAll(t, u, "configure terminal", "object network FROM-B", "host 10.0.0.1")
	if !strings.Contains(a.Running(), "FROM-B") {
		t.Error("the new standby unit doesn't follow")
	}
	alone := asa.New(asa.Options{Enabled: true}).Login()
	if x := alone.Send("failover active"); !alone.Refused(x) {
		t.Errorf("a device alone: %q", x)
	}
	if x := alone.Send("show failover"); !strings.HasPrefix(x, "Failover Off") {
		t.Errorf("a device alone: %q", x)
	}
	if x := u.Send("show failover state"); !strings.Contains(x, "Secondary") || !strings.Contains(x, "Active") {
		t.Error(x)
	}
}

// The power fails before the third line: what was saved runs, and on a pair
// the other unit takes over with everything that was done.
func TestPowerFails(t *testing.T) {
	lines := []string{"configure terminal", "object network DONE", "object network NOT"}
	one := asa.New(asa.Options{Enabled: true, Faults: asa.Faults{RestartNth: 3}})
	a, b := asa.NewPair(asa.Options{Enabled: true, Faults: asa.Faults{RestartNth: 3}})
	for _, d := range []*asa.Device{one, a} {
		s := d.Login()
		for _, l := range lines {
			s.Send(l)
		}
		if s.Prompt() != "" || strings.Contains(d.Running(), "NOT") {
			t.Error("the third line was done")
		}
	}
	if strings.Contains(one.Running(), "DONE") {
		t.Error("a device alone runs what wasn't saved")
	}
	if !strings.Contains(b.Running(), "DONE") || b.Standby() || !a.Standby() {
		t.Error("the other unit has not taken over")
	}
}

// The other unit takes over before the third line: who types goes on on what
// is now the standby unit, and what he types stays there.
func TestTheOtherUnitTakesOver(t *testing.T) {
	a, b := asa.NewPair(asa.Options{Enabled: true, Faults: asa.Faults{FailNth: 3}})
	s := a.Login()
	typeAll(t, s, "configure terminal", "object network BOTH", "object network ONE")
	if !strings.Contains(b.Running(), "BOTH") || strings.Contains(b.Running(), "ONE") || !strings.Contains(a.Running(), "ONE") {
		t.Error("who has what")
	}
}
