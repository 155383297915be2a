package paloalto

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nbfwc/nbfwc/lab"
	"github.com/nbfwc/nbfwc/lab/panos"
	"github.com/nbfwc/nbfwc/targets"
)

// TestPending: what others have begun is named, and nothing is begun.
func TestPending(t *testing.T) {
	for _, x := range []struct {
		name, want string
		begin      func(b *bench)
	}{
		{"edits of another administrator", "changes of bob that are not committed", func(b *bench) {
			b.type_("bob", "configure", "set address printer ip-netmask 10.2.0.7/32")
		}},
		{"edits of two", "changes of ann that are not committed\nchanges of bob that are not committed", func(b *bench) {
			b.type_("ann", "configure", "set address printer ip-netmask 10.2.0.7/32")
			b.type_("bob", "configure", "set address printer description \"second floor\"")
		}},
		{"a configuration lock", "a config lock: bob shared", func(b *bench) { b.d.Lock("config", "bob", "maintenance") }},
		{"a commit lock", "a commit lock: bob shared", func(b *bench) { b.d.Lock("commit", "bob", "") }},
		{"a lock of our own account", "a config lock: " + me + " shared", func(b *bench) { b.d.Lock("config", me, "by hand") }},
		{"a lock of another push", "nbfwc p0", func(b *bench) { b.d.Lock("config", me, "nbfwc p0") }},
		{"a commit of another administrator", "a job that has not finished: job ", func(b *bench) {
			b.d.SetFaults(panos.Faults{JobLines: 100})
			b.type_("bob", "configure", "set address printer ip-netmask 10.2.0.7/32", "commit")
		}},
	} {
		t.Run(strings.ReplaceAll(x.name, " ", "-"), func(t *testing.T) {
			b := newBench(t)
			x.begin(b)
			candidate := b.d.Candidate()
			p, err := b.push("p1", b.new)
			if p != nil || err == nil || !strings.Contains(err.Error(), x.want) {
				t.Errorf("%v %v, want %q", p, err, x.want)
			}
			if b.stand() != "old" || b.d.Candidate() != candidate || len(b.d.Saved()) > 0 {
				t.Error("something was begun")
			}
		})
	}
}

// type_ types lines as an administrator does who stays logged in.
func (b *bench) type_(admin string, lines ...string) {
	b.t.Helper()
	s := b.d.LoginAs(admin)
	for _, line := range lines {
		if answer := s.Send(line); s.Refused(answer) {
			b.t.Fatalf("%q: %s", line, answer)
		}
	}
}

// TestRefused: each thing that stands in the way of a push ends it with what the
// device says. The old policy stays in force, and nothing of ours is left.
func TestRefused(t *testing.T) {
	before := func(line string, do func(b *bench)) func(b *bench) {
		return func(b *bench) {
			b.hook = func(l string) {
				if strings.HasPrefix(l, line) {
					b.hook = nil
					do(b)
				}
			}
		}
	}
	faults := func(f panos.Faults) func(b *bench) { return func(b *bench) { b.d.SetFaults(f) } }
	for _, x := range []struct {
		name, want string
		begin      func(b *bench)
		others     bool // others' edits or locks stay
	}{
		{"somebody takes the configuration lock first", "currently locked by bob",
			before("request config-lock", func(b *bench) { b.d.Lock("config", "bob", "") }), true},
		{"somebody takes the commit lock first", "Commit lock is already held",
			before("request commit-lock", func(b *bench) { b.d.Lock("commit", "bob", "") }), true},
		{"our account locks by hand", "You already own a config lock for scope shared",
			before("request config-lock", func(b *bench) { b.d.Lock("config", me, "for my nbfwc test") }), true},
		{"somebody commits before the lock", "was changed since the plan was made",
			before("request config-lock", func(b *bench) {
				b.type_("bob", "configure", "set rulebase security rules bobs from any to any source any destination any application any service any action deny disabled yes", "commit")
			}), false},
		{"somebody edits before the lock", "the candidate has changes that are not committed",
			before("request config-lock", func(b *bench) { b.type_("bob", "configure", "set address printer ip-netmask 10.2.0.7/32") }), true},
		{"our account has edited by hand", "the candidate has changes that are not committed (by " + me,
			func(b *bench) { b.type_(me, "configure", "set address printer ip-netmask 10.2.0.7/32") }, true},
		{"somebody's commit is queued", "try again when it has finished",
			before("request config-lock", func(b *bench) {
				b.d.SetFaults(panos.Faults{JobLines: 9})
				b.type_("bob", "configure", "commit force")
			}), false},
		{"the disk is full", "No space left on device", faults(panos.Faults{DiskFull: true}), false},
		{"the validation fails", "application 'x' not found", faults(panos.Faults{ValidateFail: "Error: application 'x' not found"}), false},
		{"the commit fails", "out of memory", faults(panos.Faults{CommitFail: "out of memory"}), false},
		{"a slow commit fails", "out of memory", faults(panos.Faults{CommitFail: "out of memory", JobLines: 5}), false},
		{"a failed commit talks of success", "job 6 (Commit): FIN FAIL",
			faults(panos.Faults{CommitFail: "Configuration committed successfully on 0 of 1 dataplanes"}), false},
		{"the auto-commit has not finished", "auto-commit not yet finished successfully", faults(panos.Faults{AutoCommit: true}), false},
		{"the device is always busy", "Another commit/validate is in progress", faults(panos.Faults{Busy: 1000}), false},
		{"the unit becomes the passive one", "isn't the active one", before("validate full", func(b *bench) { b.d.SetHA("passive") }), false},
		{"the unit is suspended", "isn't the active one", before("request config-lock", func(b *bench) {
			b.d.SetHA("active")
			b.hook = func(l string) {
				if l == "commit" || l == "validate full" {
					b.d.SetHA("suspended")
				}
			}
		}), false},
	} {
		t.Run(strings.ReplaceAll(x.name, " ", "-"), func(t *testing.T) {
			b := newBench(t)
			x.begin(b)
			p, err := b.push("p1", b.new)
			if p == nil || err == nil || !strings.Contains(err.Error(), x.want) {
				t.Fatalf("%v, want %q\ntyped:\n%s", err, x.want, strings.Join(b.typed, "\n"))
			}
			b.hook = nil
			theirs := b.d.Candidate()
			b.d.SetFaults(panos.Faults{})
			b.d.SetHA("")
			b.settle(p)
			if b.stand() != "old" || len(b.d.Saved()) > 0 {
				t.Errorf("it stands at %s, and has the files %q", b.stand(), b.d.Saved())
			}
			if !x.others {
				b.clean()
			} else if b.d.Candidate() != theirs {
				t.Errorf("the candidate was changed to\n%s\nfrom\n%s", b.d.Candidate(), theirs)
			}
		})
	}
}

// TestPushGoesOn: what only takes longer, or is worth a note, isn't in the way.
func TestPushGoesOn(t *testing.T) {
	for name, f := range map[string]panos.Faults{
		"slow jobs":              {JobLines: 9},
		"jobs that are seen":     {JobTime: 20 * time.Millisecond},
		"busy for a while":       {Busy: 3},
		"no queue":               {NoQueue: true, JobLines: 3},
		"warnings":               {CommitWarn: []string{"Security Policy:", "- Rule 'a' shadows rule 'b'"}},
		"a pager and a terminal": {Pager: true},
	} {
		t.Run(strings.ReplaceAll(name, " ", "-"), func(t *testing.T) {
			b := newBench(t)
			b.d.SetFaults(f)
			if _, err := b.push("p1", b.new); err != nil || b.stand() != "new" {
				t.Fatalf("%v; it stands at %s\ntyped:\n%s", err, b.stand(), strings.Join(b.typed, "\n"))
			}
			b.clean()
		})
	}
}

// TestMeddling: another administrator breaks our locks at any line of a push and
// edits what we edit. His edits are never committed by us and never lost.
func TestMeddling(t *testing.T) {
	first := newBench(t)
	if _, err := first.push("p1", first.new); err != nil {
		t.Fatal(err)
	}
	outcomes := map[string]int{}
	for nth := 1; nth <= first.d.Lines(); nth++ {
		b := newBench(t)
		b.d.SetFaults(panos.Faults{MeddleNth: nth, Meddle: []string{
			"request config-lock remove admin " + me, "request commit-lock remove admin " + me,
			"set address intruder ip-netmask 10.3.0.9/32",
			"set address-group NBU-client-outside static intruder",
			"set deviceconfig system timezone UTC",
		}})
		p, err := b.push("p1", b.new)
		if p != nil && err != nil {
			b.settle(p)
		}
		stand := b.stand()
		outcomes[stand]++
		switch running := b.d.Running(); {
		case strings.Contains(running, "intruder") || strings.Contains(running, "timezone"):
			t.Fatalf("line %d: his edits were committed\n%s\ntyped:\n%s", nth, running, strings.Join(b.typed, "\n"))
		case err == nil && stand != "new", p == nil && stand != "old", len(b.d.Saved()) > 0:
			t.Fatalf("line %d: %v, and it stands at %s with %q", nth, err, stand, b.d.Saved())
		}
		if c := b.d.Candidate(); !strings.Contains(c, "set address intruder ip-netmask 10.3.0.9/32\n") || !strings.Contains(c, "timezone UTC") {
			t.Fatalf("line %d: his edits are gone\n%s\ntyped:\n%s", nth, c, strings.Join(b.typed, "\n"))
		}
	}
	if outcomes["old"] < 10 || outcomes["new"] < 5 {
		t.Error(outcomes)
	}
}

// TestStandby: both units of a pair say what they are, and the one that isn't
// active takes no push.
func TestStandby(t *testing.T) {
	b := newBench(t)
	other := labDevice(t).(*panos.Device)
	panos.Pair(b.d, other)
	for _, x := range []struct {
		d       *panos.Device
		standby bool
	}{{b.d, false}, {other, true}} {
		s := b.on(x.d)
		_, id, err := s.login(true)
		if err != nil || !id.Pair || id.Standby != x.standby {
			t.Errorf("%+v %v, want standby %v", id, err, x.standby)
		}
	}
	if _, err := b.on(other).push("p1", b.new); err == nil || !strings.Contains(err.Error(), "isn't the active one") {
		t.Errorf("a push on the passive unit: %v", err)
	}
	if _, err := b.push("p1", b.new); err != nil || b.stand() != "new" {
		t.Fatal(err)
	}
	for _, p := range b.some {
		if b.d.Decide(p) != other.Decide(p) {
			t.Errorf("%v: the units differ", p)
		}
	}
	for state, standby := range map[string]bool{"active": false, "active-primary": false, "active-secondary": true, "passive": true, "suspended": true} {
		b.d.SetHA(state)
		_, id, err := b.login(true)
		if err != nil || id.Standby != standby || !id.Pair {
			t.Errorf("%s: %+v %v", state, id, err)
		}
	}
}

// on is the same bench with another device, whose packets aren't looked at.
func (b *bench) on(d *panos.Device) *bench {
	o := *b
	o.d, o.typed = d, nil
	if d != b.d {
		o.some, o.was, o.now = nil, []lab.Verdict{}, []lab.Verdict{}
	}
	return &o
}

// errorsOfPANOS are what the device says instead of doing something.
var errorsOfPANOS = []string{
	"Unknown command: foo", "Invalid syntax.", "Server error : Timed out while getting config lock. Please try again.",
	"Validation Error:\n address -> x -> ip-netmask '1.2.3' is not a valid IP address\n address -> x is invalid",
	"Object doesn't exist", "Server error : address -> x constraints failed : 'x' is already in use", "Commit lock is already held",
	"Config for scope shared is currently locked by bob", "You already own a config lock for scope shared",
	"Server error : Configuration is locked by bob", "Server error : other administrators are holding device wide commit locks",
	"Server error : Commit job was not queued since auto-commit not yet finished successfully. Please use \"commit force\" to schedule commit job",
	"There are no changes to commit.", "Server error : A commit is in progress.",
	"Commit job 99 is in progress. Use Ctrl+C to return to command prompt\n......55%\nError: no\n(Module: device)\nCommit failed",
	"Commit job 99 is in progress. Use Ctrl+C to return to command prompt\n......100%\nConfiguration committed successfully",
}

// TestErrors: any refusal in place of the answer to any line leaves the device
// with the old policy or with the new one, and a push never says that all is
// well when the line wasn't done.
func TestErrors(t *testing.T) {
	first := newBench(t)
	if _, err := first.push("p1", first.new); err != nil {
		t.Fatal(err)
	}
	for k, text := range errorsOfPANOS {
		for nth := 1 + k%2; nth <= first.d.Lines(); nth += 2 {
			b := newBench(t)
			n, at := 0, ""
			b.answer = func(line string) (string, bool) {
				n++
				if n == nth {
					at = line
				}
				return text + "\n", n == nth
			}
			p, err := b.push("p1", b.new)
			b.answer = nil
			if p != nil && err != nil {
				b.settle(p)
			}
			b.clean()
			if stand := b.stand(); err == nil || p == nil && stand != "old" {
				t.Fatalf("%q to line %d (%s): %v, and it stands at %s\ntyped:\n%s", text, nth, at, err, stand, strings.Join(b.typed, "\n"))
			}
		}
	}
}

// TestPartitions: a vsys or device group that isn't there is an error that says
// what is.
func TestPartitions(t *testing.T) {
	b := &bench{t: t, d: panos.New(panos.Options{Hostname: "multi", MultiVsys: []string{"vsys1", "vsys2"}}), dialogue: talk, account: me}
	b.type_("admin", "configure", "set vsys vsys1 address a ip-netmask 10.0.0.1", "set vsys vsys2 address a ip-netmask 10.0.0.2", "commit")
	single := newBench(t)
	for _, x := range []struct {
		b    *bench
		at   targets.Partition
		want string
	}{
		{single, targets.Partition{}, ""},
		{single, targets.Partition{Context: "vsys1"}, ""},
		{single, targets.Partition{Context: "vsys2"}, "the firewall has one vsys, vsys1"},
		{single, targets.Partition{DeviceGroup: "branches"}, "device groups are Panorama's"},
		{b, targets.Partition{}, ""},
		{b, targets.Partition{Context: "vsys2"}, ""},
		{b, targets.Partition{Context: "vsys3"}, `it has vsys1, vsys2`},
	} {
		x.b.at = x.at
		_, _, err := x.b.login(true)
		if (err == nil) != (x.want == "") || err != nil && !strings.Contains(err.Error(), x.want) {
			t.Errorf("%+v: %v, want %q", x.at, err, x.want)
		}
	}
}

// TestLarge: a push of thousands of lines types them ahead.
func TestLarge(t *testing.T) {
	b := newBench(t)
	var lines []string
	for i := range 5000 {
		name := fmt.Sprintf("NBU-10.1.%d.%d", i>>8, i&255)
		lines = append(lines, fmt.Sprintf("set address %s ip-netmask 10.1.%d.%d/32", name, i>>8, i&255), "set address "+name+" tag nbfwc")
	}
	s, _, err := b.login(false)
	if err != nil {
		t.Fatal(err)
	}
	p, err := b.planned(s, "p1", b.new)
	if err != nil {
		t.Fatal(err)
	}
	p.Change.Steps = slices.Insert(p.Change.Steps, 0, targets.Step{Why: "many objects", Commands: lines})
	began := time.Now()
	if err := b.dialogue.Prepare(t.Context(), s, p); err != nil {
		t.Fatal(err)
	}
	if err := b.dialogue.Apply(t.Context(), s, p); err != nil {
		t.Fatal(err)
	}
	if b.stand() != "new" || strings.Count(b.d.Running(), "set address NBU-10.1.") < 5000 {
		t.Error("not all of it was done")
	}
	if took := time.Since(began); took > 2*time.Minute {
		t.Error(took)
	} else {
		t.Log(took)
	}
}
