package panos

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/nbfwc/nbfwc/lab"
)

// story types lines and checks what each answers. A line begins with ">" if
// it is typed by the session; the lines after it stand in the answer.
func story(t *testing.T, s lab.Session, text string) {
	t.Helper()
	answer, line := "", ""
	for l := range strings.Lines(text) {
		l = strings.TrimSpace(l)
		if typed, ok := strings.CutPrefix(l, "> "); ok {
			line, answer = typed, s.Send(typed)
			continue
		}
		switch {
		case l == "":
		case l == "(nothing)":
			if a := strings.TrimSpace(strings.ReplaceAll(answer, "[edit]", "")); a != "" {
				t.Errorf("%q: %q", line, answer)
			}
		case strings.HasPrefix(l, "(not) "):
			if strings.Contains(answer, strings.TrimPrefix(l, "(not) ")) {
				t.Errorf("%q: %q", line, answer)
			}
		case !strings.Contains(answer, l):
			t.Errorf("%q: %q isn't in %q", line, l, answer)
		}
	}
}

const zones = "set zone a network layer3 ethernet1/1\nset zone b network layer3 ethernet1/2\n"

func loaded(t *testing.T, opt Options, text string) *Device {
	t.Helper()
	d := New(opt)
	if err := d.Load(text); err != nil {
		t.Fatal(err)
	}
	return d
}

var web = lab.Packet{In: "a", Out: "b", Proto: 6, SrcPort: 1024, DstPort: 443, Src: netip.MustParseAddr("10.0.0.1"), Dst: netip.MustParseAddr("10.0.0.2")}

const openWeb = "set rulebase security rules web from a to b source any destination any application any service any action allow"

// A whole push: look, lock, save, edit, validate, commit, prove, unlock.
func TestPushStory(t *testing.T) {
	d := loaded(t, Options{Hostname: "fw1", HA: "active", Serial: "0123", Model: "PA-3220", Version: "10.1.6"}, zones)
	s := d.login("nbfwc")
	if p := s.Prompt(); p != "nbfwc@fw1(active)> " {
		t.Error(p)
	}
	story(t, s, `
> set cli scripting-mode on
(nothing)
> set cli pager off
> set cli terminal width 500
> environment command-completion space false
Unknown command: environment
> show system info
hostname: fw1
model: PA-3220
serial: 0123
sw-version: 10.1.6
multi-vsys: off
> show high-availability state
State: active (last 12 days)
State: passive
> show config-locks
no locks
> show config list changes
(nothing)
> request config-lock add comment "nbfwc 7"
Successfully acquired lock
> request commit-lock add comment "nbfwc 7"
Successfully acquired lock
> show config-locks
nbfwc 7
yes
> configure
Entering configuration mode
> check pending-changes
no
> save config to nbfwc-before-7.xml
Config saved to nbfwc-before-7.xml
> set address H ip-netmask 10.0.0.1/32
(nothing)
> `+openWeb+`
(nothing)
> check pending-changes
yes
> run show config list change-summary
admins: nbfwc
device-and-network: no
locations: vsys1
> run show config list changes
SET      address H ip-netmask 10.0.0.1/32
> validate partial admin nbfwc
Validate job 2 is in progress
Configuration is valid
> commit partial admin nbfwc description "nbfwc 7"
Commit job 3 is in progress. Use Ctrl+C to return to command prompt
100%
Configuration committed successfully
> exit
> show commit-locks
no locks
> show config-locks
nbfwc 7
> show jobs id 3
FIN     OK
> show config audit info
nbfwc 7
> request config-lock remove
Successfully removed lock
> delete config saved nbfwc-before-7.xml
successfully removed
> delete config saved nbfwc-before-7.xml
Server error : nbfwc-before-7.xml does not exist
`)
	if d.Decide(web) != lab.Passes {
		t.Error(d.Explain(web))
	}
	if x := s.Send("show config running"); !strings.Contains(x, `<entry name="web"`) || x != d.RunningXML() {
		t.Error(x)
	}
}

// Every way in which another administrator is in the way.
func TestOthersInTheWay(t *testing.T) {
	d := loaded(t, Options{}, zones)
	a, b := d.login("ann"), d.login("bob")
	story(t, b, "> configure\n> set address B ip-netmask 10.0.0.2\n> request config-lock add comment mine\nSuccessfully acquired lock")
	story(t, a, `
> request config-lock add
Config for scope shared is currently locked by bob
> request config-lock remove
Config is not currently locked for scope shared
> configure
> set address A ip-netmask 10.0.0.1
Server error : Configuration is locked by bob
> revert config
Server error : Configuration is locked by bob
> load config version 1
Server error : Configuration is locked by bob
> commit
Server error : other administrators are holding config locks
`)
	story(t, b, `
> request config-lock add
You already own a config lock for scope shared
> request config-lock remove
Successfully removed lock
> request commit-lock remove
Commit lock is not currently held
> request commit-lock add
Successfully acquired lock
> request commit-lock add
Commit lock is already held
`)
	story(t, a, `
> set address A ip-netmask 10.0.0.1
(nothing)
> commit
Server error : other administrators are holding device wide commit locks
> commit partial admin ann
Server error : other administrators are holding device wide commit locks
> run show commit-locks
bob
> request commit-lock remove admin bob
Successfully removed lock
> run show config list admins
ann
bob
> commit partial admin ann
Configuration committed successfully
`)
	if r := d.Running(); strings.Contains(r, "address B") || !strings.Contains(r, "address A") {
		t.Error(r)
	}
	story(t, a, "> run show config list changes\nbob\n(not) ann")
	b.Close()
	story(t, a, "> run show config diff\n+ ")
	story(t, d.login("cyd"), "> show config diff\n+ \n> show config candidate\n<entry name=\"B\">")
}

// A job that lasts: the session that began it is lost, and it ends all the
// same; commits wait in the queue.
func TestSlowJob(t *testing.T) {
	d := loaded(t, Options{}, zones)
	d.SetFaults(Faults{JobLines: 4, DropCommit: true})
	s := d.login("ann")
	s.Send("configure\n" + openWeb)
	if a := s.Send("commit"); !strings.Contains(a, "Commit job 2 is in progress") || strings.Contains(a, "success") || s.Prompt() != "" {
		t.Errorf("%q", a)
	}
	if d.Decide(web) != lab.Drops {
		t.Error("it is active too early")
	}
	d.SetFaults(Faults{JobLines: 3})
	story(t, d.login("bob"), `
> show jobs id 2
ACT   PEND 55%
> configure
Entering
> revert config
Server error : A commit is in progress.
> run show jobs id 2
FIN     OK
`)
	d.SetFaults(Faults{})
	if d.Decide(web) != lab.Passes {
		t.Error("it hasn't ended")
	}
	story(t, d.login("bob"), "> show jobs all\nFIN     OK\n> show jobs pending\n(not) FIN")
}

func TestQueue(t *testing.T) {
	d := loaded(t, Options{}, zones)
	d.SetFaults(Faults{JobLines: 4})
	a := d.login("ann")
	a.Send("configure")
	story(t, a, `
> set address A ip-netmask 10.0.0.1
> commit description first
Commit job 2 is in progress
(not) committed
> set address B ip-netmask 10.0.0.2
> commit
Commit job 3 is in progress
> run show jobs all
ENQ   PEND
> run show jobs id 2
FIN     OK
> run show jobs id 3
ACT   PEND
`)
	if r := d.Running(); !strings.Contains(r, "address A") || strings.Contains(r, "address B") {
		t.Error(r)
	}
	for range 4 {
		a.Send("run show jobs all")
	}
	if r := d.Running(); !strings.Contains(r, "address B") {
		t.Error(r)
	}
	d.SetFaults(Faults{JobLines: 2, NoQueue: true})
	story(t, a, `
> set address C ip-netmask 10.0.0.3
> commit
Commit job 4
> validate full
Another commit/validate is in progress. Please try again later
`)
}

// The session waits for a job that takes its time, and Ctrl-C ends only the
// wait.
func TestJobTime(t *testing.T) {
	d := loaded(t, Options{Faults: Faults{JobTime: 30 * time.Millisecond}}, zones)
	s := d.login("ann")
	s.Send("configure\n" + openWeb)
	if a := s.Send("commit"); !strings.Contains(a, "Configuration committed successfully") || d.Decide(web) != lab.Passes {
		t.Error(a)
	}
	var clock time.Time
	now := func() time.Time { return clock }
	d = loaded(t, Options{Now: now, Faults: Faults{JobTime: time.Hour}}, zones)
	s = d.login("ann")
	s.Send("configure\n" + openWeb)
	done := make(chan string)
	go func() { done <- s.Send("commit") }()
	for len(d.login("bob").Send("show jobs pending")) < 200 {
		time.Sleep(time.Millisecond)
	}
	s.Interrupt()
	if a := <-done; strings.Contains(a, "100%") || s.Prompt() == "" || d.Decide(web) != lab.Drops {
		t.Errorf("%q", a)
	}
	d.mu.Lock()
	clock = clock.Add(2 * time.Hour)
	d.mu.Unlock()
	if d.Decide(web) != lab.Passes {
		t.Error("the job hasn't ended")
	}
}

// Every form in which a commit fails leaves what runs and what is pending.
func TestCommitFails(t *testing.T) {
	for _, c := range []struct {
		name string
		f    Faults
		line string
		want string
	}{
		{"validation", Faults{ValidateFail: " rulebase -> security is invalid"}, "validate full", "Configuration is invalid"},
		{"validation of a commit", Faults{ValidateFail: " rulebase -> security is invalid"}, "commit", "Validation Error:\n rulebase -> security is invalid\n(Module: device)\nCommit failed"},
		{"commit", Faults{CommitFail: "Failed to compile the policy"}, "commit", "Error: Failed to compile the policy\n(Module: device)\nCommit failed"},
		{"another one", Faults{Busy: 1}, "commit", "Another commit/validate is in progress. Please try again later"},
		{"auto-commit", Faults{AutoCommit: true}, "commit partial admin ann", "auto-commit not yet finished"},
		{"another reason", Faults{RefuseNth: 1}, "commit", "Server error : Timed out"},
		{"no words", Faults{}, "commit sideways", "Invalid syntax."},
		{"partial of nobody", Faults{}, "commit partial", "Invalid syntax."},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := loaded(t, Options{}, zones)
			s := d.login("ann")
			s.Send("configure\n" + openWeb)
			before := d.Candidate()
			d.SetFaults(c.f)
			if a := s.Send(c.line); !strings.Contains(a, c.want) || !s.Refused(a) {
				t.Errorf("%q", a)
			}
			if d.Decide(web) != lab.Drops || d.Candidate() != before {
				t.Error(d.Running())
			}
			d.SetFaults(Faults{})
			if a := s.Send("commit force"); !strings.Contains(a, "committed successfully") {
				t.Error(a)
			}
		})
	}
	d := New(Options{})
	s := d.login("ann")
	story(t, s, "> configure\n> commit\nThere are no changes to commit.")
	d.SetFaults(Faults{SameCommit: true, CommitWarn: []string{"Security Policy:", "- Rule 'a' shadows rule 'b'"}})
	story(t, s, "> commit\nThe result of this commit would be the same as the previous commit\n> commit force\n- Rule 'a' shadows rule 'b'\nConfiguration committed successfully")
}

// What was saved comes back; other administrators' edits go with it.
func TestSaveAndLoad(t *testing.T) {
	d := loaded(t, Options{}, zones)
	s := d.login("ann")
	story(t, s, `
> configure
> save config to before.xml
Config saved to before.xml
> `+openWeb+`
> commit
committed successfully
> load config from before.xml
Config loaded from before.xml
> run show config diff
- `+"      "+`
> commit
committed successfully
> load config version 3
Config loaded from 3
> commit
committed successfully
> load config version 99
Server error : 99 does not exist
> load config from nothing.xml
Server error : nothing.xml does not exist
> load config from ../../etc/passwd
Invalid syntax.
`)
	if d.Decide(web) != lab.Passes {
		t.Error(d.Running())
	}
	d.SetFaults(Faults{DiskFull: true})
	story(t, s, "> save config to more.xml\nNo space left on device")
	if got := strings.Join(d.Saved(), " "); got != "before.xml" {
		t.Error(got)
	}
}

// One session is lost at each line of a push, before or after it is done: the
// candidate is what was typed, and what runs is old or new.
func TestDropAtEachLine(t *testing.T) {
	lines := []string{"configure", "set address A ip-netmask 10.0.0.1", openWeb, "validate full", "commit", "exit", "show config running"}
	for n := 1; n <= len(lines); n++ {
		for _, done := range []bool{false, true} {
			d := loaded(t, Options{}, zones)
			f := Faults{DropNth: n}
			if done {
				f = Faults{DropDone: n}
			}
			d.SetFaults(f)
			s := d.login("ann")
			for _, l := range lines {
				s.Send(l)
			}
			if s.Prompt() != "" || d.Lines() != n {
				t.Errorf("line %d, done %v: %d lines", n, done, d.Lines())
			}
			did := n - 1
			if done {
				did++
			}
			has := strings.Contains(d.Candidate(), "rules web")
			if has != (did >= 3) || (d.Decide(web) == lab.Passes) != (did >= 5) {
				t.Errorf("line %d, done %v: %v\n%s", n, done, d.Decide(web), d.Candidate())
			}
		}
	}
}

// An answer that breaks off.
func TestCut(t *testing.T) {
	d := loaded(t, Options{}, zones)
	whole := d.RunningXML()
	d.SetFaults(Faults{CutNth: 1, CutDrop: 2})
	s := d.login("ann")
	if a := s.Send("show config running"); len(a) >= len(whole) || !strings.HasPrefix(whole, strings.TrimSuffix(a, "\n")) || s.Prompt() == "" {
		t.Errorf("%q", a)
	}
	if a := s.Send("show config running"); !strings.HasPrefix(whole, a) || s.Prompt() != "" {
		t.Errorf("%q", a)
	}
}

// What becomes of one list of lines in another is told exactly.
func TestDiff(t *testing.T) {
	for _, c := range [][3]string{
		{"a b c", "a b c", ""},
		{"a b c", "a x c", "- b + x"},
		{"a b c", "c a b", "+ c - c"},
		{"", "a", "- + a"},
		{"r1 r2 r3 r4", "r2 r1 r4 r5", "- r1 - r3 + r1 + r5"},
	} {
		got := strings.Join(strings.Fields(diff(strings.Split(c[0], " "), strings.Split(c[1], " "))), " ")
		if got != c[2] {
			t.Errorf("%q to %q: %q", c[0], c[1], got)
		}
	}
}
