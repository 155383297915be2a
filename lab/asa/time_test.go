package asa_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nbfwc/nbfwc/lab"
	"github.com/nbfwc/nbfwc/lab/asa"
)

// watch is a clock that is set by hand.
type watch struct {
	mu sync.Mutex
	t  time.Time
}

func (w *watch) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.t
}

func (w *watch) add(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.t = w.t.Add(d)
}

func newWatch() *watch { return &watch{t: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)} }

// typeAll types lines and fails if one is refused.
func typeAll(t *testing.T, s lab.Session, lines ...string) string {
	t.Helper()
	var out strings.Builder
	for _, l := range lines {
		a := s.Send(l)
		if s.Refused(a) {
			t.Fatalf("%s: %s", l, a)
		}
		out.WriteString(a)
	}
	return out.String()
}

// A reload is asked for, a change made, and nobody cancels: after ten minutes
// the device is what was saved, and logins have ended.
func TestReloadComes(t *testing.T) {
	w := newWatch()
	d := asa.New(asa.Options{Enabled: true, Clock: w.now})
	s := d.Login()
	ended := make(chan bool)
	s.(lab.Ender).OnEnd(func() { close(ended) })
	typeAll(t, s, "reload in 10 noconfirm", "configure terminal", "object network LOST", "host 10.0.0.1", "end", "configure session S", "exit")
	w.add(4 * time.Minute)
	if a := s.Send("show reload"); !strings.Contains(a, "12:10:00 UTC Sun Mar 1 2026 (in 6 minutes)") {
		t.Error(a)
	}
	w.add(4 * time.Minute)
	typeAll(t, s, "show clock")
	w.add(2 * time.Minute)
	if p := s.Prompt(); p != "" {
		t.Errorf("after ten minutes the prompt is %q", p)
	}
	<-ended
	if strings.Contains(d.Running(), "LOST") {
		t.Error("what wasn't saved runs after the reload")
	}
	if a := typeAll(t, d.Login(), "show reload", "show configuration session", "show version"); strings.Contains(a, "session S") ||
		!strings.Contains(a, "No reload") || !strings.Contains(a, "not been modified") {
		t.Error(a)
	}
}

func TestReloadIsCanceled(t *testing.T) {
	w := newWatch()
	d := asa.New(asa.Options{Enabled: true, Clock: w.now})
	s := d.Login()
	typeAll(t, s, "reload in 2 noconfirm", "configure terminal", "object network KEPT", "host 10.0.0.1", "reload cancel")
	w.add(3 * time.Minute)
	if s.Prompt() == "" || !strings.Contains(d.Running(), "KEPT") {
		t.Error("the device was reloaded")
	}
}

// Where there is a timer the reload comes without anybody asking.
func TestReloadComesByItself(t *testing.T) {
	w := newWatch()
	var due func()
	stopped := 0
	d := asa.New(asa.Options{Enabled: true, Clock: w.now, Timer: func(after time.Duration, f func()) func() {
		if after != 2*time.Minute {
			t.Errorf("a timer of %v", after)
		}
		due = f
		return func() { stopped++ }
	}})
	s := d.Login()
	ended := make(chan bool)
	s.(lab.Ender).OnEnd(func() { close(ended) })
	typeAll(t, s, "reload in 2 noconfirm", "reload cancel", "reload in 2 noconfirm")
	w.add(2 * time.Minute)
	due()
	<-ended
	if stopped != 2 { // by the cancel, and by the reload
		t.Errorf("stopped %d times", stopped)
	}
}

// ssh timeout is five minutes, or what the configuration says.
func TestIdleLoginsEnd(t *testing.T) {
	w := newWatch()
	d := asa.New(asa.Options{Enabled: true, Clock: w.now})
	s := d.Login()
	w.add(4 * time.Minute)
	typeAll(t, s, "configure terminal", "ssh timeout 30")
	w.add(29 * time.Minute)
	typeAll(t, s, "no ssh timeout 30")
	if got := s.(lab.Idler).Idle(); got != 5*time.Minute {
		t.Errorf("%v", got)
	}
	w.add(5 * time.Minute)
	if a := s.Send("object network LATE"); a != "" || s.Prompt() != "" {
		t.Errorf("after five minutes: %q", a)
	}
	if strings.Contains(d.Running(), "LATE") {
		t.Error("a line was done in a session that had ended")
	}
}

// Who changed the configuration last: the login's name where logins are
// privileged, enable_15 after enable, another one who meddled.
func TestWhoChangedLast(t *testing.T) {
	w := newWatch()
	last := func(d *asa.Device) string {
		_, who, _ := strings.Cut(d.LoginAs("reader").Send("show version | include last"), "last modified by ")
		return strings.TrimSpace(who)
	}
	d := asa.New(asa.Options{Enabled: true, Clock: w.now})
	s := d.LoginAs("ann")
	if a := s.Send("show curpriv"); !strings.Contains(a, "Username : ann") {
		t.Error(a)
	}
	typeAll(t, s, "configure terminal", "object network A")
	if got := last(d); got != "ann at 12:00:00.000 UTC Sun Mar 1 2026" {
		t.Error(got)
	}
	d.SetFaults(asa.Faults{MeddleNth: 1, Meddle: []string{"object network B"}})
	w.add(time.Second)
	s.Send("show clock")
	if got := last(d); got != "other at 12:00:01.000 UTC Sun Mar 1 2026" {
		t.Error(got)
	}
	e := asa.New(asa.Options{Password: "e", Clock: w.now})
	s = e.LoginAs("ann")
	if a := s.Send("show curpriv"); !strings.Contains(a, "Username : ann") {
		t.Error(a)
	}
	typeAll(t, s, "enable", "e", "configure terminal", "object network A")
	if a := s.Send("show curpriv"); !strings.Contains(a, "Username : enable_15") {
		t.Error(a)
	}
}

// A login at a terminal gets pages as long as the configuration says, until it
// says otherwise.
func TestPagesAtATerminal(t *testing.T) {
	d := asa.New(asa.Options{Enabled: true})
	s := d.LoginAs("ann")
	a := s.Send("show running-config")
	if n := strings.Count(a, "\n"); n != 24 || s.Prompt() != "<--- More --->" {
		t.Fatalf("%d lines, then %q", n, s.Prompt())
	}
	for s.Prompt() == "<--- More --->" {
		a += s.Send(" ")
	}
	if !strings.HasSuffix(a, ": end\n") {
		t.Error(a)
	}
	typeAll(t, s, "terminal pager 0")
	if a := s.Send("show running-config"); !strings.HasSuffix(a, ": end\n") {
		t.Error(a)
	}
	typeAll(t, s, "configure terminal", "no pager")
	if a := d.LoginAs("ann").Send("show pager"); a != "no pager\n" {
		t.Errorf("with pages off in the configuration: %q", a)
	}
}

// A packed device is the same device.
func TestCompact(t *testing.T) {
	d := asa.New(asa.Options{Hostname: "fw", Enabled: true, Compact: true})
	if err := d.Load(small); err != nil {
		t.Fatal(err)
	}
	before := d.Running()
	s := d.Login()
	typeAll(t, s, "configure terminal", "object network A", "host 10.0.0.1", "write memory")
	s.Close()
	after := d.Running()
	if after == before || !strings.Contains(after, "object network A\n host 10.0.0.1\n") || !strings.HasPrefix(after, ": Saved") {
		t.Error(after)
	}
	s = d.Login()
	if a := s.Send("show version | include last"); !strings.Contains(a, "enable_15") {
		t.Errorf("who changed it last: %q", a)
	}
	typeAll(t, s, "configure terminal", "object network B", "host 10.0.0.2")
	s.Close()
	if !strings.Contains(d.Running(), "object network B") {
		t.Error("what wasn't saved is lost")
	}
	if err := d.Reload(); err != nil {
		t.Fatal(err)
	}
	if d.Running() != after {
		t.Error("after a reload it isn't what was saved")
	}
	if s.Prompt() != "" || s.(lab.Idler).Idle() == 0 {
		t.Error("a session of before goes on")
	}
	d.SetHits("IN", 1, 3)
}
