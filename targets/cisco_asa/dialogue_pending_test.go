package cisco_asa

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/nbfwc/nbfwc/lab/asa"
	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
)

// saved is a device with an ordinary configuration that is written.
func saved(t *testing.T, more ...string) *asa.Device {
	t.Helper()
	d := asa.New(asa.Options{Enabled: true, Hostname: "fw1"})
	typed(t, d, append(append([]string{}, storyDevice...), more...))
	s := d.Login()
	defer s.Close()
	if a := s.Send("write memory"); s.Refused(a) {
		t.Fatal(a)
	}
	return d
}

// pendingOn is what a new login finds pending.
func pendingOn(t *testing.T, d *asa.Device) []string {
	t.Helper()
	s, id, err := dial(typing{Session: d.Login()}, true, targets.Partition{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	p := &targets.Push{ID: "p1", Identity: id, Prefix: "NBU-"}
	if p.Before, err = (Dialogue{}).Fetch(context.Background(), s, targets.Partition{}); err != nil {
		t.Fatal(err)
	}
	list, err := Dialogue{}.Pending(context.Background(), s, p)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// TestPending: what others have left on a device, as somebody reads it.
func TestPending(t *testing.T) {
	d := saved(t, "logging enable", "object-group network servers", " network-object host 10.0.0.1")
	if list := pendingOn(t, d); len(list) > 0 {
		t.Errorf("a saved device has %q pending", list)
	}

	typed(t, d, []string{"snmp-server community geheim"})
	list := pendingOn(t, d)
	if len(list) != 1 || !strings.Contains(list[0], "in what no rule depends on: 1 of its lines aren't there, and 0 of there not here (snmp-server)") ||
		!strings.Contains(list[0], "last modified by") || strings.Contains(list[0], "geheim") {
		t.Errorf("%q", list)
	}

	typed(t, d, []string{"object-group network servers", " network-object host 10.0.0.2", " no network-object host 10.0.0.1"})
	if list = pendingOn(t, d); len(list) != 1 || !strings.Contains(list[0], "in what rules depend on: 2 of its lines aren't there, and 1 of there not here (network-object, snmp-server)") {
		t.Errorf("%q", list)
	}

	d = saved(t)
	s := d.Login()
	s.Send("configure session CHG-1")
	s.Send("access-list x extended permit ip any any")
	s.Send("exit")
	s.Send("configure session nbfwc-p0")
	if list = pendingOn(t, d); len(list) != 2 || !strings.HasPrefix(list[0], "configuration session CHG-1 (") || !strings.Contains(list[1], "an earlier push of nbfwc has left it") {
		t.Errorf("%q", list)
	}
}

// TestOrderOnly: the same lines in another order are a difference.
func TestOrderOnly(t *testing.T) {
	a := configLines([]byte(": Saved\nASA Version 9.16(4)\nmtu inside 1500\nmtu dmz 1400 \r\n!\nCryptochecksum:1\n: end\n"))
	b := configLines([]byte("mtu dmz 1400\nmtu inside 1500\n"))
	if len(a) != 2 || apart(a, b) != "the same lines in another order" {
		t.Errorf("%q %s", a, apart(a, b))
	}
}

// TestUnreadable: answers of commands that print anything, when they aren't
// what they should be.
func TestUnreadable(t *testing.T) {
	ctx := context.Background()
	for _, c := range []struct{ line, answer, want string }{
		{cmdRunning, ": Saved\nASA Version 9.16(4)\nhostname fw1\n", "the answer is not complete"},
		{cmdRunning, "", "the answer is not complete"},
		{cmdRunning, ": Saved\n%ASA-5-111008: User 'x' executed the 'show' command.\n: end\n", "messages of the log stand in the answer"},
		{cmdStartup, "No Configuration\n", "the answer is not complete"},
		{cmdSessions, "ERROR: % Invalid input detected at '^' marker.\n", "doesn't begin as expected"},
		{"dir disk0:/", "%Error opening disk0:/ (No such device)\n", "doesn't begin as expected"},
		{"copy /noconfirm running-config disk0:/nbfwc-p1.cfg", "\n%Error writing disk0:/nbfwc-p1.cfg (No space left on device)\n", "no copy of the running configuration can be kept"},
		{"copy /noconfirm running-config disk0:/nbfwc-p1.cfg", "", "no copy of the running configuration can be kept"},
		{"write memory", "Building configuration...\n%Error copying system:/running-config (No space left on device)\nError executing command\n[FAILED]\n", "the startup configuration isn't written"},
		{"write memory", "Building configuration...\nCryptochecksum: 4b86b1e4 2e731d6b 9d1fc491 a5eae0f3 \n", "the answer is not complete"},
		{"delete /noconfirm disk0:/nbfwc-p1.cfg", "%Error deleting disk0:/nbfwc-p1.cfg (Read-only file system)\n", "an unexpected answer"},
	} {
		d := saved(t)
		s, id, err := dial(typing{Session: d.Login(), before: func(line string) (string, bool) { return c.answer, line == c.line }}, false, targets.Partition{})
		if err != nil {
			t.Fatal(err)
		}
		p := &targets.Push{ID: "p1", Identity: id, Change: &targets.Change{}}
		before := d.Running()
		_, err = Dialogue{}.Fetch(ctx, s, targets.Partition{})
		if err == nil {
			_, err = Dialogue{}.Pending(ctx, s, p)
		}
		if err == nil {
			err = Dialogue{}.Prepare(ctx, s, p)
		}
		if err == nil {
			err = Dialogue{}.Confirm(ctx, s, p)
		}
		if err == nil {
			err = Dialogue{}.Finish(ctx, s, p)
		}
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), c.line) {
			t.Errorf("%s: %q: %v", c.line, c.answer, err)
		}
		if c.line == cmdRunning && strings.Contains(fmt.Sprint(err), "hostname") {
			t.Errorf("the error shows the configuration: %v", err)
		}
		if now := d.Running(); now != before {
			t.Errorf("%s: the device has changed", c.line)
		}
	}
}

// TestReadOnly: a login that only reads types nothing else, whatever is asked.
func TestReadOnly(t *testing.T) {
	ctx := context.Background()
	d := asa.New(asa.Options{Hostname: "fw1", Password: enableSecret})
	before := d.Running()
	y := typing{Session: d.Login()}
	var lines []string
	y.after = func(line string) { lines = append(lines, line) }
	s, id, err := dial(y, true, targets.Partition{})
	if err != nil {
		t.Fatal(err)
	}
	p := &targets.Push{ID: "p1", Identity: id, Change: &targets.Change{Steps: []targets.Step{{Commands: []string{"access-list a extended permit ip any any"}}}}}
	if p.Before, err = (Dialogue{}).Fetch(ctx, s, targets.Partition{}); err != nil {
		t.Fatal(err)
	}
	if _, err := (Dialogue{}).Pending(ctx, s, p); err != nil {
		t.Fatal(err)
	}
	for _, line := range lines {
		if line != enableSecret && !slices.Contains(ReadCommands(), line) {
			t.Errorf("%q was typed to read", line)
		}
	}
	for what, err := range map[string]error{"prepare": Dialogue{}.Prepare(ctx, s, p), "apply": Dialogue{}.Apply(ctx, s, p), "confirm": Dialogue{}.Confirm(ctx, s, p), "finish": Dialogue{}.Finish(ctx, s, p)} {
		if !errors.Is(err, targets.ErrReadOnly) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if d.Running() != before {
		t.Error("the device has changed")
	}
}

// TestSettle: a session that was left open never was in force; one that was
// committed stays in force. Either is gone afterwards, and others' are not.
func TestSettle(t *testing.T) {
	ctx := context.Background()
	for _, commit := range []bool{false, true} {
		d := saved(t)
		s := d.Login()
		s.Send("configure session nbfwc-p1")
		s.Send("access-list x extended permit ip any any")
		if commit {
			s.Send("commit noconfirm revert-save")
		}
		s.Close()
		other := d.Login()
		other.Send("configure session CHG-1")
		c, id, err := dial(typing{Session: d.Login()}, false, targets.Partition{})
		if err != nil {
			t.Fatal(err)
		}
		p := &targets.Push{ID: "p1", Identity: id}
		found, err := Dialogue{}.Settle(ctx, c, p)
		if err != nil || len(found) != 1 || !strings.Contains(found[0], "nbfwc-p1") {
			t.Errorf("committed %v: %q %v", commit, found, err)
		}
		if has := strings.Contains(d.Running(), "access-list x "); has != commit {
			t.Errorf("committed %v, and the running configuration has it: %v", commit, has)
		}
		if found, err = (Dialogue{}).Settle(ctx, c, p); err != nil || len(found) > 0 {
			t.Errorf("settled again: %q %v", found, err)
		}
		list, err := openSessions(ctx, c, id)
		if err != nil || len(list) != 1 || list[0].name != "CHG-1" {
			t.Errorf("the session of somebody else: %v %v", list, err)
		}
	}
}

// TestCommitFails: nothing of the session is in force, and nothing is left.
func TestCommitFails(t *testing.T) {
	storyCases(t, func(t *testing.T, p *pushCase, _ *asa.Device, lines []string) {
		if !slices.Contains(lines, "commit noconfirm revert-save") {
			return
		}
		d := p.device()
		d.SetFaults(asa.Faults{CommitFails: true})
		c, _ := Target{}.Plan(p.have, p.job, p.opt)
		var refused *targets.AnswerError
		if err := p.push(d, "p1", c, typing{}); !errors.As(err, &refused) || refused.Command != "commit noconfirm revert-save" {
			t.Fatal(err)
		}
		d.SetFaults(asa.Faults{})
		p.recover(t, d, true, "the commit failed")
	})
}

// TestNotes: the record says what the device remarked, and what wasn't done
// because it is so already.
func TestNotes(t *testing.T) {
	d := saved(t, "object-group network NBU-a", " network-object host 10.0.0.1", "access-list inside_in extended permit ip object-group NBU-a any", "access-group inside_in in interface inside")
	s, id, err := dial(typing{Session: d.Login()}, false, targets.Partition{})
	if err != nil {
		t.Fatal(err)
	}
	var notes []string
	p := &targets.Push{ID: "p1", Identity: id, Prefix: "NBU-", Note: func(n string) { notes = append(notes, n) }, Change: &targets.Change{Steps: []targets.Step{{Commands: []string{
		"object-group network NBU-a", " network-object host 10.0.0.1", " network-object host 10.0.0.2",
		"access-list inside_in line 2 extended permit tcp object-group NBU-a object-group NBU-a eq 1556"}}}}}
	if p.Before, err = (Dialogue{}).Fetch(context.Background(), s, targets.Partition{}); err != nil {
		t.Fatal(err)
	}
	if err := (Dialogue{}).Apply(context.Background(), s, p); err != nil {
		t.Fatal(err)
	}
	all := strings.Join(notes, "\n")
	for _, want := range []string{"4 commands come into force together, with configuration session nbfwc-p1", "object already exists", "WARNING: Same object-group is used more than once"} {
		if !strings.Contains(all, want) {
			t.Errorf("no %q in\n%s", want, all)
		}
	}
}

// batches is a session that remembers what is typed in one go.
type batches struct {
	targets.Session
	list [][]targets.Command
}

func (b *batches) Do(ctx context.Context, commands ...targets.Command) ([]string, error) {
	b.list = append(b.list, commands)
	return b.Session.Do(ctx, commands...)
}

// TestLargeChange: ten thousand hosts come to a group that is in use, in one
// session and without waiting for each answer; only when all have come the
// commit is typed.
func TestLargeChange(t *testing.T) {
	job, _ := testJob(t, "manage exclusive\ninterface inside\ninterface dmz\ngroup NBU-client-dmz 192.0.2.10 192.0.2.11\ngroup NBU-media-inside 10.0.0.21\npermit inside dmz NBU-media-inside NBU-client-dmz tcp/1556\n")
	d := saved(t, storyLines(rendered(t, job))...)
	g := &job.Want.Groups[0]
	for i := range 10_000 {
		r, err := testRange(fmt.Sprintf("172.16.%d.%d", i/100, 2*(i%100)))
		if err != nil {
			t.Fatal(err)
		}
		g.Members = append(g.Members, ruleset.Member{Range: r})
	}
	g.Set = ruleset.MemberSet(g.Members)
	for i := range job.Want.Stages[0].Rules {
		job.Want.Stages[0].Rules[i].Dst = g.Set
	}
	c, problems := Target{}.Plan(readStory(t, d, &job), job, targets.PlanOptions{})
	if c == nil {
		t.Fatal(problems)
	}
	s, id, err := dial(typing{Session: d.Login()}, false, targets.Partition{})
	if err != nil {
		t.Fatal(err)
	}
	b := &batches{Session: s}
	p := &targets.Push{ID: "p1", Identity: id, Prefix: "NBU-", Change: c, Before: []byte(d.Running())}
	if err := (Dialogue{}).Apply(context.Background(), b, p); err != nil {
		t.Fatal(err)
	}
	settledStory(t, d, job, targets.PlanOptions{})
	ahead := 0
	for i, list := range b.list {
		for k, x := range list {
			if x.Ahead {
				ahead++
				if k == len(list)-1 {
					t.Errorf("%q is not waited for before %q", x.Line, b.list[i+1][0].Line)
				}
			}
		}
		if len(list) > 1 && list[len(list)-1].Line == "commit noconfirm revert-save" {
			t.Error("the commit is typed before the answers have come")
		}
	}
	if ahead < 10_000 {
		t.Errorf("only %d of 10,000 lines are typed ahead", ahead)
	}
}

// TestAhead: outside of a configuration session only what nothing uses yet is
// typed without waiting for the answer.
func TestAhead(t *testing.T) {
	storyCases(t, func(t *testing.T, p *pushCase, _ *asa.Device, _ []string) {
		d := p.device()
		s, id, err := dial(typing{Session: d.Login()}, false, targets.Partition{})
		if err != nil {
			t.Fatal(err)
		}
		c, _ := Target{}.Plan(p.have, p.job, p.opt)
		b := &batches{Session: s}
		before := verdictsOf(d, p.packets)
		push := &targets.Push{ID: "p1", Identity: id, Prefix: p.job.Prefix, Change: c, Before: []byte(d.Running())}
		if err := (Dialogue{}).Apply(context.Background(), b, push); err != nil {
			t.Fatal(err)
		}
		// Typed on another device, all that is typed ahead up to the first
		// command that isn't changes nothing.
		d = p.device()
		x := d.Login()
		x.Send("configure terminal")
		for _, list := range b.list {
			for _, cmd := range list {
				if cmd.Ahead && cmd.Then == modeConfig && !strings.HasPrefix(list[0].Line, "configure") {
					x.Send(cmd.Line)
					if !slices.Equal(verdictsOf(d, p.packets), before) {
						t.Fatalf("%q is typed ahead, and changes what becomes of packets", cmd.Line)
					}
				}
			}
			if list[0].Line == "configure session nbfwc-p1" {
				return
			}
		}
	})
}
