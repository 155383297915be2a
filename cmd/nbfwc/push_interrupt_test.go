package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"regexp"
	"strings"
	"testing"
	"time"
)

// watched calls seen when it has written the text.
type watched struct {
	bytes.Buffer
	text string
	seen func()
}

func (w *watched) Write(b []byte) (int, error) {
	n, err := w.Buffer.Write(b)
	if strings.Contains(w.String(), w.text) {
		w.seen()
	}
	return n, err
}

// interrupted runs the program, which the user interrupts when it has said some
// text; what is typed afterwards comes from then.
func (r *rig) interrupted(at string, then io.Reader, args ...string) (status int, stdout, stderr string) {
	r.t.Helper()
	ctx, cancel := context.WithCancel(r.t.Context())
	defer cancel()
	var out bytes.Buffer
	errs := &watched{text: at, seen: cancel}
	status = run(env{
		args: args, stdin: then, stdout: &out, stderr: errs, now: time.Now, who: "alice@admin1", environ: r.environ(),
		interrupts: func() *interrupts {
			return &interrupts{Context: ctx, giveUp: make(chan struct{}), stop: func() {}}
		},
	})
	return status, out.String(), errs.String()
}

// TestInterruptedBetweenFirewalls: who stops a push of three firewalls when the
// first one is done is told that the others were not begun, by the status too.
func TestInterruptedBetweenFirewalls(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	status, out, errs := r.interrupted("clearing up", strings.NewReader(""), "push", r.policy(), "-yes")
	if status != 2 {
		t.Errorf("status %d\n%s%s", status, out, errs)
	}
	if n := strings.Count(out, "it does what the policy says, and will after a restart"); n != 1 {
		t.Errorf("%d firewalls were pushed to:\n%s", n, out)
	}
	if n := strings.Count(out, "not begun"); n != 2 {
		t.Errorf("%d firewalls are said to be not begun:\n%s", n, out)
	}
}

// TestInterruptedQuestion: an interrupt ends the question whether to push, also
// if nothing is ever typed.
func TestInterruptedQuestion(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	before := r.devices["dc"].Running()
	typed, typist := io.Pipe()
	defer typist.Close()
	done := make(chan struct{})
	go func() {
		defer close(done)
		status, out, errs := r.interrupted("Type yes", typed, "push", r.policy(), "-firewall", "dc")
		if status != 2 || !strings.Contains(errs, "Nothing was sent to any device") {
			t.Errorf("status %d\n%s%s", status, out, errs)
		}
	}()
	select {
	case <-done:
	case <-time.After(time.Minute):
		typist.Close()
		<-done
		t.Error("the question waits for an answer after the interrupt")
	}
	if now := r.devices["dc"].Running(); now != before {
		t.Errorf("the device was changed:\n%s", diffText(t, before, now))
	}
}

// TestPairWithoutItsOtherUnit: of a pair of which only one unit answers that one
// is pushed to, and the status doesn't say that all is as wanted.
func TestPairWithoutItsOtherUnit(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone.Close()
	one := r.servers["dc"].Addr().String()
	policy := regexp.MustCompile(`address( *)= "`+regexp.QuoteMeta(one)+`"`).ReplaceAllString(r.read("policy/policy.hcl"),
		fmt.Sprintf("addresses = [%q, %q]", one, gone.Addr()))
	r.write("policy/policy.hcl", policy)
	for _, want := range []string{"it does what the policy says, and will after a restart", "nothing was changed"} {
		out, _ := r.nbfwc(1, "push", r.policy(), "-firewall", "dc", "-yes")
		if !strings.Contains(out, want) || strings.Count(out, "the other unit can't be asked") != 1 {
			t.Errorf("want %q, and once why the other unit isn't known to do the same:\n%s", want, out)
		}
	}
}
