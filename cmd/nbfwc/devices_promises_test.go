package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nbfwc/nbfwc/lab/sshd"
	"github.com/nbfwc/nbfwc/targets"
)

// meanwhile is an answer that is typed after something else has happened.
type meanwhile struct {
	happens func()
	answer  io.Reader
}

func (m *meanwhile) Read(p []byte) (int, error) {
	if m.happens != nil {
		m.happens()
		m.happens = nil
	}
	return m.answer.Read(p)
}

// answered runs the program; something happens before the question is answered
// by a yes.
func (r *rig) answered(happens func(), args ...string) (status int, report string) {
	r.t.Helper()
	var out bytes.Buffer
	status = run(env{
		args: args, stdin: &meanwhile{happens, strings.NewReader("yes\n")}, stdout: &out, stderr: &out, now: time.Now, who: "alice@admin1", environ: r.environ(),
	})
	r.noSecrets(strings.Join(args, " "), out.String())
	return status, out.String()
}

// TestThePlanThatWasShown: what is done is what was shown and agreed to. If the
// device is changed while somebody reads the plan, nothing is.
func TestThePlanThatWasShown(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	status, report := r.answered(func() {
		r.tamper("dc", "enable", rigEnable, "configure terminal", "access-list outside_in extended permit tcp any any eq 99", "end", "write memory")
	}, "push", r.policy(), "-firewall", "dc")
	if words := strings.Join(strings.Fields(report), " "); status != 2 || !strings.Contains(words, "the saved plan is stale") && !strings.Contains(words, "changed") {
		t.Errorf("status %d\n%s", status, report)
	}
	if strings.Contains(r.devices["dc"].Running(), "NBU-") {
		t.Errorf("the device was changed:\n%s", report)
	}
}

// TestOneFailureEndsAPush: what fails on the first device isn't tried on the
// others.
func TestOneFailureEndsAPush(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	status, report := r.answered(func() { r.servers["apps"].Close() }, "push", r.policy())
	if status != 2 || strings.Count(report, "not begun, since another push failed") != 2 || !strings.Contains(report, "connection refused") {
		t.Errorf("status %d\n%s", status, report)
	}
	for _, name := range []string{"dc", "branch"} {
		if strings.Contains(r.devices[name].Running(), "NBU-") {
			t.Errorf("%s was changed:\n%s", name, report)
		}
	}
}

// TestUnreadIsNotClean: an audit that couldn't read a device fails, whatever it
// found on the others.
func TestUnreadIsNotClean(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.servers["branch"].Close()
	out, stderr := r.nbfwc(2, "audit", r.policy())
	if !strings.Contains(stderr, "nbfwc: branch: device branch: ") || !strings.Contains(out, "1 not read") {
		t.Errorf("%s%s", out, stderr)
	}
}

// TestTheLimitIsForEach: one firewall over the limit keeps all from being
// changed, and nobody is asked.
func TestTheLimitIsForEach(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	status, report := r.answered(func() { t.Error("somebody is asked") }, "push", r.policy(), "-limit", "1")
	if status != 2 || !strings.Contains(report, "more than -limit 1") || !strings.Contains(report, "Nothing was sent to any device.") {
		t.Errorf("status %d\n%s", status, report)
	}
	for name, d := range r.devices {
		if strings.Contains(d.Running(), "NBU-") {
			t.Errorf("%s was changed:\n%s", name, report)
		}
	}
}

// TestOnlyYesIsYes: nothing else is.
func TestOnlyYesIsYes(t *testing.T) {
	for answer, want := range map[string]bool{
		"yes\n": true, "YES\r\n": true, " yes \n": true, "yes": true,
		"y\n": false, "no\n": false, "\n": false, "": false, "yes please\n": false, "\nyes\n": false, "no\nyes\n": false,
	} {
		if got := readYes(context.Background(), bufio.NewReader(strings.NewReader(answer))); got != want {
			t.Errorf("%q: %v", answer, got)
		}
	}
}

// TestReadersCantChange: the sessions of verbs that read refuse to type what
// changes, whoever asks them to.
func TestReadersCantChange(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	e := &env{stderr: io.Discard, now: time.Now, who: "alice@admin1", environ: r.environ()}
	f, err := newFleet(e, r.policy(), &fleetFlags{policyFlags: &policyFlags{}, session: &sessionFlags{jobs: 1}, firewalls: []string{"dc"}})
	if err != nil {
		t.Fatal(err)
	}
	d, err := f.device(f.l, f.firewalls[0], f.policy, f.digest)
	if err != nil {
		t.Fatal(err)
	}
	for _, readOnly := range []bool{true, false} {
		s, err := f.dial(t.Context(), d, 0, readOnly)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Do(t.Context(), targets.Command{Line: "show version", Any: true}); errors.Is(err, targets.ErrReadOnly) != readOnly {
			t.Errorf("read-only %v: %v", readOnly, err)
		}
		s.Close()
	}
}

// TestTwoPushesAtOnce: the second of two pushes says who is at work and doesn't
// tell anybody to finish or undo it; the first goes its way.
func TestTwoPushesAtOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.servers["dc"].SetFaults(sshd.Faults{Chunk: 500, Delay: 2 * time.Millisecond})
	type end struct {
		status int
		report string
	}
	first := make(chan end)
	go func() {
		var out bytes.Buffer
		status := run(env{
			args: []string{"push", r.policy(), "-firewall", "dc", "-yes"}, stdin: strings.NewReader(""), stdout: &out, stderr: &out,
			now: time.Now, who: "bob@admin2", environ: r.environ(),
		})
		first <- end{status, out.String()}
	}()
	for begun := false; !begun; time.Sleep(time.Millisecond) {
		plans, err := filepath.Glob(filepath.Join(r.dir, "state", "dc", "*", "plan.json"))
		begun = err != nil || len(plans) > 0
	}
	status, report := r.try("push", r.policy(), "-firewall", "dc", "-yes")
	if status != 2 || !strings.Contains(report, "another push is at work on it, by bob@admin2 since ") || strings.Contains(report, "-resume") {
		t.Errorf("status %d\n%s", status, report)
	}
	if e := <-first; e.status != 0 {
		t.Errorf("the first push: %d\n%s", e.status, e.report)
	}
	if _, err := os.Stat(filepath.Join(r.dir, "state", "dc", "lock")); err != nil {
		t.Error(err)
	}
	r.nbfwc(0, "push", r.policy(), "-firewall", "dc", "-yes")
}
