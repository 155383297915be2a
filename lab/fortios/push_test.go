package fortios

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/nbfwc/nbfwc/lab"
)

// story types lines and checks what each answers. A line begins with ">" if
// it is typed; the lines after it stand in the answer.
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
			if answer != "" {
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

const interfaces = `config system interface
edit "a"
next
edit "b"
next
end
`

// openWeb makes a policy from a to b, as lines to type.
const openWeb = `
> config firewall policy
> edit 7
new entry '7' added
> set name web
> set srcintf a
> set dstintf b
> set srcaddr all
> set dstaddr all
> set action accept
> set schedule always
> set service ALL
> next
(nothing)
> end
(nothing)
`

var web = lab.Packet{In: "a", Out: "b", Proto: 6, SrcPort: 1024, DstPort: 443, Src: netip.MustParseAddr("10.0.0.1"), Dst: netip.MustParseAddr("10.0.0.2")}

// watch is a clock that a test moves.
type watch struct{ t time.Time }

func (w *watch) now() time.Time { return w.t }

func loaded(t *testing.T, opt Options) (*Device, *watch) {
	t.Helper()
	w := &watch{time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	opt.Now = w.now
	if opt.Hostname == "" {
		opt.Hostname = "fw1"
	}
	d := New(opt)
	if err := d.Load(interfaces); err != nil {
		t.Fatal(err)
	}
	return d, w
}

// What a push asks before it begins.
func TestIdentity(t *testing.T) {
	d, _ := loaded(t, Options{Model: "FortiGate-100F", Serial: "FG100F0000000001", Version: "7.4.4"})
	story(t, d.loginAs("ann"), `
> get system status
Version: FortiGate-100F v7.4.4,build2463,230131 (GA.F)
Serial-Number: FG100F0000000001
Hostname: fw1
Virtual domain configuration: disable
Current HA mode: standalone
System time: Fri Jan  2 03:04:05 2026
> get system global | grep cfg-save
cfg-save            : automatic
> get system console | grep ^output
output              : more
> get system ha status
Mode: Standalone
> get system central-management | grep ^type
type                : fortiguard
> execute revision list config
ID TIME                   ADMIN
> diagnose sys config-transaction status
config transaction count: 0
`)
}

// An administrator with few rights reads everything and changes nothing.
func TestReadOnlyAdmin(t *testing.T) {
	d, _ := loaded(t, Options{ReadOnly: []string{"audit"}})
	s := d.loginAs("audit")
	if p := s.Prompt(); p != "fw1 $ " {
		t.Error(p)
	}
	story(t, s, `
> show firewall policy
config firewall policy
> config firewall address
(nothing)
> edit A
Command fail. Return code -37
> end
> execute config-transaction start
Command fail. Return code -37
> execute backup config flash x
Command fail. Return code -37
> execute reboot
Command fail. Return code -37
`)
	if p := d.loginAs("ann").Prompt(); p != "fw1 # " {
		t.Error(p)
	}
}

// With cfg-save revert the device goes back by itself unless what runs is
// saved.
func TestRevertTimer(t *testing.T) {
	for _, saved := range []bool{false, true} {
		d, w := loaded(t, Options{})
		s := d.loginAs("ann")
		story(t, s, `
> config system global
> set cfg-save revert
> set cfg-revert-timeout 60
> set admintimeout 60
> end
> execute cfg save
no config to be saved.
`+openWeb)
		if !d.Unsaved() {
			t.Error("it is saved")
		}
		w.t = w.t.Add(59 * time.Second)
		if d.Decide(web) != lab.Passes {
			t.Error("too early")
		}
		if saved {
			d.SetFaults(Faults{SaveFail: true})
			story(t, s, "> execute cfg save\nno space left on device")
			d.SetFaults(Faults{})
			story(t, s, "> execute cfg save\nconfig saved.\n> execute cfg save\nno config to be saved.")
		}
		w.t = w.t.Add(time.Second)
		if (d.Decide(web) == lab.Passes) != saved || (s.Prompt() != "") != saved {
			t.Errorf("saved %v: %v %q", saved, d.Decide(web), s.Prompt())
		}
		story(t, d.loginAs("ann"), "> get system global | grep cfg-save\ncfg-save            : revert")
	}
}

// With cfg-save manual a restart, or "execute cfg reload", goes back.
func TestManualSave(t *testing.T) {
	d, _ := loaded(t, Options{})
	s := d.loginAs("ann")
	story(t, s, "> config system global\n> set cfg-save manual\n> end\n"+openWeb+"> execute cfg reload\nconfigs reloaded. system will reboot.")
	if s.Prompt() != "" || d.Decide(web) != lab.Drops {
		t.Error(d.Decide(web))
	}
	s = d.loginAs("ann")
	story(t, s, openWeb+"> config system global\n> set cfg-save automatic\n> end\n")
	d.Restart()
	if d.Decide(web) != lab.Passes {
		t.Error("automatic didn't save")
	}
}

// A revision brings a configuration back; the device restarts.
func TestRevisions(t *testing.T) {
	d, _ := loaded(t, Options{})
	s := d.loginAs("ann")
	story(t, s, `
> execute backup config flash "nbfwc 7"
Config backed up to flash disk done.
`+openWeb+`
> execute revision list config
1 2026-01-02 03:04:05    ann
nbfwc 7
> execute restore config flash 9
Revision 9 does not exist.
> execute restore config flash 1
This operation will overwrite the current setting and could possibly reboot the system!
> n
> show firewall policy
web
> execute restore config flash 1
`)
	if p := s.Prompt(); p != "Do you want to continue? (y/n)" {
		t.Error(p)
	}
	story(t, s, "> y\nThe system is going down NOW !!")
	if s.Prompt() != "" || d.Decide(web) != lab.Drops {
		t.Error(d.Decide(web))
	}
	s = d.loginAs("ann")
	story(t, s, "> execute revision list config\nnbfwc 7\n> execute revision delete config 1\n(nothing)\n> execute revision list config\n(not) nbfwc 7")
	d.SetFaults(Faults{SaveFail: true})
	story(t, s, "> execute backup config flash x\nno space left on device")
}

// In a cluster the secondary unit takes over what the primary has, and loses
// what was changed on it.
func TestCluster(t *testing.T) {
	one, _ := loaded(t, Options{Serial: "FG1"})
	two, _ := loaded(t, Options{Hostname: "fw2", Serial: "FG2", RolePrompt: true})
	Pair(one, two)
	s, r := one.loginAs("ann"), two.loginAs("ann")
	if s.Prompt() != "fw1 # " || r.Prompt() != "fw2(Secondary) # " {
		t.Error(s.Prompt(), r.Prompt())
	}
	story(t, r, "> config firewall address\n> edit lost\n> next\n> end\n> get system status\nCurrent HA mode: a-p, secondary\n> get system ha status\nFG2(updated 3 seconds ago): out-of-sync\nPrimary     : fw1             , FG1\nSecondary   : fw2             , FG2")
	story(t, s, openWeb+"> get system status\nCurrent HA mode: a-p, primary\n> get system ha status\nFG1(updated 3 seconds ago): in-sync\nFG2(updated 3 seconds ago): in-sync\n(not) out-of-sync")
	if two.Decide(web) != lab.Passes || strings.Contains(two.Running(), "lost") || r.Prompt() != "fw2(Secondary) # " {
		t.Error(two.Running(), r.Prompt())
	}
	same := func() bool {
		var all []string
		for l := range strings.Lines(s.Send("diagnose sys ha checksum cluster")) {
			if strings.HasPrefix(l, "all: ") {
				all = append(all, l)
			}
		}
		if len(all) != 4 {
			t.Fatal(all)
		}
		return all[0] == all[2] && all[1] == all[3]
	}
	if !same() {
		t.Error("they differ")
	}
	one.SetFaults(Faults{SyncFail: true})
	story(t, s, "> config firewall policy\n> delete 7\n> end")
	if same() || two.Decide(web) != lab.Passes {
		t.Error("they are the same")
	}
	one.SetFaults(Faults{})
	one.Failover()
	if r.Prompt() != "fw2(Primary) # " {
		t.Error(r.Prompt())
	}
	story(t, r, "> config firewall address\n> edit kept\n> next\n> end")
	if !strings.Contains(one.Running(), "kept") || one.Decide(web) != lab.Passes {
		t.Error(one.Running())
	}
}

// The session is lost at each line, before or after it is done: what was left
// by "next" and "end" stays, what is open is gone.
func TestDropAtEachLine(t *testing.T) {
	var lines []string
	for l := range strings.Lines(openWeb) {
		if typed, ok := strings.CutPrefix(strings.TrimSpace(l), "> "); ok {
			lines = append(lines, typed)
		}
	}
	for n := 1; n <= len(lines); n++ {
		for _, done := range []bool{false, true} {
			d, _ := loaded(t, Options{})
			did := n - 1
			f := Faults{DropNth: n}
			if done {
				f, did = Faults{DropDone: n}, n
			}
			d.SetFaults(f)
			s := d.loginAs("ann")
			for _, l := range lines {
				s.Send(l)
			}
			if s.Prompt() != "" || d.Lines() != n {
				t.Errorf("line %d, done %v: %d lines", n, done, d.Lines())
			}
			if got := d.Decide(web) == lab.Passes; got != (did >= len(lines)-1) {
				t.Errorf("line %d, done %v: %v", n, done, d.Decide(web))
			}
		}
	}
}

// An answer that breaks off.
func TestCut(t *testing.T) {
	d, _ := loaded(t, Options{})
	whole := d.Running()
	d.SetFaults(Faults{CutNth: 1, CutDrop: 2})
	s := d.loginAs("ann")
	if a := s.Send("show"); len(a) >= len(whole) || !strings.HasPrefix(whole, strings.TrimSuffix(a, "\n")) || s.Prompt() == "" {
		t.Errorf("%q", a)
	}
	if a := s.Send("show"); !strings.HasPrefix(whole, a) || s.Prompt() != "" {
		t.Errorf("%q", a)
	}
}

// With VDOMs the login is at the top, and each part is seen where it is.
func TestVDOMLogin(t *testing.T) {
	d := New(Options{VDOMs: []string{"dmz"}})
	story(t, d.loginAs("ann"), `
> get system status | grep "Virtual domain configuration"
Virtual domain configuration: multiple
> config global
> diagnose sys vd list
name=dmz/dmz index=1
> get system console | grep ^output
output              : more
> end
> config vdom
> edit dmz
current vf=dmz:1
> get system status | grep "Current virtual domain"
Current virtual domain: dmz
> execute config-transaction start
(nothing)
> config firewall address
> edit H
> next
> end
> execute config-transaction commit
(nothing)
> show firewall address H
edit "H"
`)
}

// A batch runs after its end, whether its session is there or not; a line that
// fails doesn't stop it.
func TestBatch(t *testing.T) {
	d, _ := loaded(t, Options{Faults: Faults{BatchLines: 3}, NoHeader: true})
	s := d.loginAs("ann")
	story(t, s, `
> execute batch start
Enter batch mode...
> config firewall address
(nothing)
> delete nobody
(nothing)
> edit H
(nothing)
> next
> end
> execute batch status
batch mode is running
> execute batch end
Exit and run batch commands...
`)
	s.Close()
	s = d.loginAs("ann")
	story(t, s, `
> execute batch status
batch mode is running
> show firewall address
(not) "H"
> execute batch status
batch mode is stopped
> execute batch lastlog
0: config firewall address
-3: delete nobody
0: next
> show firewall address H
edit "H"
`)
	if a := s.Send("show"); !strings.HasPrefix(a, "config system global\n") {
		t.Errorf("%.80q", a)
	}
}

// The way of saving may be changed in a transaction too; nothing of it is
// saved then.
func TestSaveModeInTransaction(t *testing.T) {
	d, w := loaded(t, Options{})
	story(t, d.loginAs("ann"), "> execute config-transaction start\n> config system global\n> set cfg-save revert\n> set cfg-revert-timeout 30\n> end\n"+openWeb+"> execute config-transaction commit\n(nothing)")
	if d.Decide(web) != lab.Passes || !d.Unsaved() {
		t.Error(d.Decide(web), d.Unsaved())
	}
	w.t = w.t.Add(30 * time.Second)
	if d.Decide(web) != lab.Drops || strings.Contains(d.Running(), "cfg-save") {
		t.Error(d.Running())
	}
}

// By the wall clock the device goes back, and ends its sessions, though nobody
// types anything.
func TestRevertByItself(t *testing.T) {
	d := New(Options{})
	if err := d.Load(interfaces); err != nil {
		t.Fatal(err)
	}
	s := d.loginAs("ann")
	ended := make(chan bool)
	s.OnEnd(func() { close(ended) })
	story(t, s, "> config system global\n> set cfg-save revert\n> set cfg-revert-timeout 10\n> end\n"+openWeb)
	d.mu.Lock()
	d.revertIn(10 * time.Millisecond) // the least that can be set is long for a test
	d.mu.Unlock()
	<-ended
	if s.Prompt() != "" || d.Decide(web) != lab.Drops {
		t.Error(s.Prompt(), d.Decide(web))
	}
}

// A terminal shows page after page until the device is told not to; that
// stays.
func TestPages(t *testing.T) {
	d, _ := loaded(t, Options{})
	s := d.LoginAs("ann")
	out := s.Send("show")
	for range 200 {
		if s.Prompt() != "--More-- " {
			break
		}
		out += strings.ReplaceAll(s.Send(" "), "\r         \r", "")
	}
	if want := d.Running(); strings.TrimRight(out, "\n") != strings.TrimRight(want, "\n") {
		t.Errorf("%q", out)
	}
	story(t, s, "> config system console\n> set output standard\n> end\n(nothing)")
	if a := d.LoginAs("bob").Send("show"); a != d.Running() {
		t.Errorf("%q", a)
	}
}

// The primary restarts, or the secondary takes over, in the middle of a push.
func TestRestartAndFailoverBetweenLines(t *testing.T) {
	one, _ := loaded(t, Options{RolePrompt: true})
	two, _ := loaded(t, Options{})
	Pair(one, two)
	s := one.loginAs("ann")
	one.SetFaults(Faults{FailNth: 12, RestartNth: 14})
	story(t, s, openWeb+"> get system status\nCurrent HA mode: a-p, secondary")
	if s.Prompt() != "fw1(Secondary) # " || two.Decide(web) != lab.Passes {
		t.Error(s.Prompt(), two.Decide(web))
	}
	s.Send("get system status")
	if a := s.Send("get system status"); a != "" || s.Prompt() != "" || one.Decide(web) != lab.Passes {
		t.Errorf("%q %q", a, s.Prompt())
	}
}
