package cisco_asa

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/nbfwc/nbfwc/lab"
	"github.com/nbfwc/nbfwc/lab/asa"
	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
	"github.com/nbfwc/nbfwc/targets/targettest"
)

// typing is a login of which every line is seen, and can be answered by
// somebody else than the device.
type typing struct {
	lab.Session
	before func(line string) (answer string, taken bool)
	after  func(line string)
}

func (y typing) Send(line string) string {
	if y.before != nil {
		if answer, taken := y.before(line); taken {
			return answer
		}
	}
	answer := y.Session.Send(line)
	if y.after != nil {
		y.after(line)
	}
	return answer
}

const enableSecret = "s3cret"

// dial logs in and opens the dialogue.
func dial(y typing, readOnly bool, at targets.Partition) (*targettest.Console, targets.Identity, error) {
	c, err := targettest.Connect(y, Dialogue{}.Platform(), readOnly, map[string]string{"enable": enableSecret})
	if err != nil {
		return nil, targets.Identity{}, err
	}
	id, err := Dialogue{}.Open(context.Background(), c, at)
	return c, id, err
}

// A pushCase is a device with what it has, and a job that it is to be given.
type pushCase struct {
	device func() *asa.Device
	job    targets.Job
	opt    targets.PlanOptions
	// old and new are what becomes of the packets before and after.
	packets  []lab.Packet
	old, new []lab.Verdict
	have     *targets.Config
}

// newCase pushes once, watching every line, and remembers both ends.
func newCase(t *testing.T, device func() *asa.Device, job targets.Job, opt targets.PlanOptions) (*pushCase, *asa.Device, []string) {
	t.Helper()
	p := &pushCase{device: device, job: job, opt: opt, packets: storyPackets()}
	d := device()
	p.old = verdictsOf(d, p.packets)
	p.have = readStory(t, d, &job)
	c, _ := Target{}.Plan(p.have, job, opt)
	if c == nil {
		return nil, nil, nil
	}
	var states [][]lab.Verdict
	var lines []string
	err := p.push(d, "p1", c, typing{after: func(line string) {
		states, lines = append(states, verdictsOf(d, p.packets)), append(lines, line)
	}})
	if err != nil {
		t.Fatalf("%v\n%s", err, stepsText(c, nil))
	}
	p.new = verdictsOf(d, p.packets)
	for i, s := range states {
		p.either(t, s, "after "+lines[i])
	}
	p.fewer()
	return p, d, lines
}

// fewer keeps the packets that the push changes, and some others.
func (p *pushCase) fewer() {
	var packets []lab.Packet
	var old, new []lab.Verdict
	for i, v := range p.packets {
		if p.old[i] != p.new[i] && len(packets) < 100 || i%11 == 0 {
			packets, old, new = append(packets, v), append(old, p.old[i]), append(new, p.new[i])
		}
	}
	p.packets, p.old, p.new = packets, old, new
}

// either fails if a packet is treated neither as before the push nor as after.
func (p *pushCase) either(t *testing.T, now []lab.Verdict, when string) {
	t.Helper()
	for i, v := range now {
		if v != p.old[i] && v != p.new[i] {
			t.Fatalf("%s %+v is treated as neither before (%d) nor after (%d): %d", when, p.packets[i], p.old[i], p.new[i], v)
		}
	}
}

// push is what the engine does in the session that changes the device.
func (p *pushCase) push(d *asa.Device, id string, c *targets.Change, y typing) error {
	ctx := context.Background()
	y.Session = d.Login()
	s, who, err := dial(y, false, targets.Partition{})
	if err != nil {
		return err
	}
	defer s.Close()
	push := &targets.Push{ID: id, Identity: who, Prefix: p.job.Prefix, Change: c}
	if push.Before, err = (Dialogue{}).Fetch(ctx, s, targets.Partition{}); err != nil {
		return err
	}
	if err := (Dialogue{}).Prepare(ctx, s, push); err != nil {
		return err
	}
	return Dialogue{}.Apply(ctx, s, push)
}

// settle is what the engine does in a new session when a push went wrong.
func (p *pushCase) settle(t *testing.T, d *asa.Device, id string) []string {
	t.Helper()
	s, who, err := dial(typing{Session: d.Login()}, false, targets.Partition{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	found, err := Dialogue{}.Settle(context.Background(), s, &targets.Push{ID: id, Identity: who})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// recover takes a device on which a push broke off to the end, or back.
func (p *pushCase) recover(t *testing.T, d *asa.Device, back bool, when string) {
	t.Helper()
	p.either(t, verdictsOf(d, p.packets), when)
	p.settle(t, d, "p1")
	p.either(t, verdictsOf(d, p.packets), when+", settled,")
	now := readStory(t, d, &p.job)
	c, problems := Target{}.Restore(now, p.have)
	if !back {
		c, problems = Target{}.Plan(now, p.job, p.opt)
	}
	if c == nil {
		t.Fatalf("%s (back: %v): %v\n%s", when, back, problems, d.Running())
	}
	y := typing{after: func(line string) { p.either(t, verdictsOf(d, p.packets), when+", on the way on, after "+line) }}
	if err := p.push(d, "p1-2", c, y); err != nil {
		t.Fatalf("%s (back: %v): %v\n%s", when, back, err, stepsText(c, nil))
	}
	now = readStory(t, d, &p.job)
	if !back {
		settledStory(t, d, p.job, p.opt)
		if got := verdictsOf(d, p.packets); !slices.Equal(got, p.new) {
			t.Fatalf("%s: resumed, it isn't as after", when)
		}
		return
	}
	if same, err := ruleset.SameEffect(&now.RuleSet, &p.have.RuleSet); err != nil || !same {
		t.Fatalf("%s: the way back ends elsewhere: %v\n%s", when, err, d.Running())
	}
}

// storyCases calls f with each plan of testdata/plan that isn't refused.
func storyCases(t *testing.T, f func(t *testing.T, p *pushCase, d *asa.Device, lines []string)) {
	t.Helper()
	storyCasesOn(t, "", f)
}

// storyCasesOn is storyCases on devices of a version.
func storyCasesOn(t *testing.T, version string, f func(t *testing.T, p *pushCase, d *asa.Device, lines []string)) {
	t.Helper()
	golden(t, "plan", "steps", func(t *testing.T, file map[string]string) string {
		job, opt := testJob(t, file["job"])
		device := func() *asa.Device {
			d := asa.New(asa.Options{Enabled: true, Version: version})
			typed(t, d, storyDevice)
			if old := file["have-job"]; old != "" {
				before, _ := testJob(t, old)
				typed(t, d, storyLines(rendered(t, before)))
			}
			typed(t, d, storyLines(file["have"]))
			return d
		}
		if p, d, lines := newCase(t, device, job, opt); p != nil {
			f(t, p, d, lines)
		}
		return file["steps"]
	})
}

// TestPush: every plan of the stories is pushed; the device then has the job,
// keeps it over a restart, and nothing of the push is left on it.
func TestPush(t *testing.T) {
	ctx := context.Background()
	storyCases(t, func(t *testing.T, p *pushCase, d *asa.Device, lines []string) {
		settledStory(t, d, p.job, p.opt)
		s, who, err := dial(typing{Session: d.Login()}, false, targets.Partition{})
		if err != nil {
			t.Fatal(err)
		}
		push := &targets.Push{ID: "p1", Identity: who, Prefix: p.job.Prefix, Change: &targets.Change{}}
		if err := (Dialogue{}).Confirm(ctx, s, push); err != nil {
			t.Fatal(err)
		}
		if push.Before, err = (Dialogue{}).Fetch(ctx, s, targets.Partition{}); err != nil {
			t.Fatal(err)
		}
		if err := (Dialogue{}).Finish(ctx, s, push); err != nil {
			t.Fatal(err)
		}
		if list, err := (Dialogue{}).Pending(ctx, s, push); err != nil || len(list) > 0 {
			t.Errorf("something is left: %q %v", list, err)
		}
		if dir, err := s.Do(ctx, reads("dir disk0:/")); err != nil || strings.Contains(dir[0], "nbfwc") {
			t.Errorf("something is left: %q %v", dir, err)
		}
		if err := d.Reload(); err != nil {
			t.Fatal(err)
		}
		settledStory(t, d, p.job, p.opt)
	})
}

// TestBrokenOff: the connection breaks at every line of a push. Then each
// packet is treated as before or as after, and a new push ends where the first
// was to, and another one where it began.
func TestBrokenOff(t *testing.T) {
	storyCases(t, func(t *testing.T, p *pushCase, _ *asa.Device, lines []string) {
		c, _ := Target{}.Plan(p.have, p.job, p.opt)
		for n := range lines {
			for _, back := range []bool{false, true} {
				if n < slices.Index(lines, "configure terminal") && back == (n%2 == 0) {
					continue // nothing has changed
				}
				d := p.device()
				d.SetFaults(asa.Faults{DropBefore: n + 1})
				if err := p.push(d, "p1", c, typing{}); err == nil {
					t.Fatalf("the connection broke at line %d and nobody saw it", n)
				}
				d.SetFaults(asa.Faults{})
				p.recover(t, d, back, "broken off at "+lines[n])
			}
		}
	})
}

// TestOldRelease: a release without configuration sessions gets the commands of
// the plan one by one, and can be taken on and back from any of them.
func TestOldRelease(t *testing.T) {
	storyCasesOn(t, "9.1(7)", func(t *testing.T, p *pushCase, d *asa.Device, lines []string) {
		settledStory(t, d, p.job, p.opt)
		if slices.ContainsFunc(lines, func(l string) bool { return strings.Contains(l, "session") }) {
			t.Errorf("a session on 9.1: %q", lines)
		}
		c, _ := Target{}.Plan(p.have, p.job, p.opt)
		for n := slices.Index(lines, "configure terminal") + 1; n > 0 && n < len(lines); n += 3 {
			d := p.device()
			d.SetFaults(asa.Faults{DropBefore: n + 1})
			if err := p.push(d, "p1", c, typing{}); err == nil {
				t.Fatalf("the connection broke at line %d and nobody saw it", n)
			}
			d.SetFaults(asa.Faults{})
			p.recover(t, d, n%2 == 0, "broken off at "+lines[n])
		}
	})
}

// refusals are answers that mean that a command wasn't done, or that nobody
// knows what it did.
var refusals = []string{
	"ERROR: % Invalid input detected at '^' marker.",
	"ERROR: % Incomplete command",
	"ERROR: % Ambiguous command: \"acc\"",
	"Command authorization failed",
	"ERROR: access-list <BOGUS> does not exist",
	"ERROR: specified object group <BOGUS> not found",
	"ERROR: object (X) does not exist.",
	"Removing object-group (X) not allowed, it is being used.",
	"Removing obj from object-group not allowed; object-group (X),  being used in access-list or threat-detection or NAT, would become empty",
	"Adding obj (group-object A) to grp (B) failed; cause a loop in grp hierarchy",
	"object-group (X) is empty. Cannot add an empty group-object to object-group",
	"An object-group with the same id but different type (service) exists",
	"Specified access-list does not exist",
	"ACE not added. Possible duplicate entry",
	"%Error copying system:/running-config (No space left on device)",
	"Error executing command",
	"[FAILED]",
	"**** WARNING ****",
	"something that nobody has seen before",
}

// TestRefused: every answer that isn't expected ends the push at once, whichever
// command gets it; the error names both. After that each packet is treated as
// before or as after, and nothing is left open.
func TestRefused(t *testing.T) {
	round := 0
	storyCases(t, func(t *testing.T, p *pushCase, _ *asa.Device, lines []string) {
		c, _ := Target{}.Plan(p.have, p.job, p.opt)
		for n, line := range lines {
			texts := refusals
			if !strings.HasSuffix(t.Name(), "/idle-order") { // which has commands of every sort
				texts = refusals[round%len(refusals):][:1]
				round++
			}
			for _, text := range texts {
				if line == cmdRunning || line == cmdVersion {
					continue // they print anything; see TestUnreadable
				}
				p.refused(t, c, n, line, text)
			}
		}
	})
}

func (p *pushCase) refused(t *testing.T, c *targets.Change, n int, line, text string) {
	d := p.device()
	count := 0
	err := p.push(d, "p1", c, typing{before: func(string) (string, bool) {
		count++
		return text + "\n", count == n+1
	}})
	var refused *targets.AnswerError
	switch {
	case !errors.As(err, &refused):
		t.Fatalf("%q was answered by %q, and the push says %v", line, text, err)
	case refused.Command != line || refused.Answer != text:
		t.Errorf("%q was answered by %q, and the push says %v", line, text, err)
	case count != n+1:
		t.Errorf("%q was answered by %q, and %d more commands were typed", line, text, count-n-1)
	}
	p.either(t, verdictsOf(d, p.packets), "refused at "+line)
	p.settle(t, d, "p1")
	if found := p.settle(t, d, "p1"); len(found) > 0 {
		t.Errorf("%q was answered by %q: something is left open after settling: %q", line, text, found)
	}
	p.either(t, verdictsOf(d, p.packets), "refused and settled at "+line)
}
