package cisco_asa

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nbfwc/nbfwc/lab/asa"
	"github.com/nbfwc/nbfwc/lab/sshd"
	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
	"github.com/nbfwc/nbfwc/targets/console"
)

type wireSecrets map[string]string

func (s wireSecrets) Secret(_ context.Context, name string) (string, error) { return s[name], nil }

// TestOverSSH: the whole dialogue over SSH, on a terminal of 80 columns that
// redraws longer lines and pages, with remarks that look like prompts: a group
// gets 10,000 more hosts, in seconds.
func TestOverSSH(t *testing.T) {
	job, _ := testJob(t, "manage exclusive\ninterface inside\ninterface dmz\ngroup NBU-client-dmz 192.0.2.10 192.0.2.11 # a reason that is long enough for a line that doesn't fit into eighty columns of a terminal\ngroup NBU-media-inside 10.0.0.21\npermit inside dmz NBU-media-inside NBU-client-dmz tcp/1556 idle 8h # media server to client\n")
	d := asa.New(asa.Options{Hostname: "fw1", Password: enableSecret})
	typedEnabled(t, d, append(append([]string{}, storyDevice...), "access-list noise remark fw1# ", "access-list noise remark fw1(config)#", "access-list noise remark Password: ", "access-list noise extended permit ip any any"))
	server, err := sshd.Serve(d, sshd.Options{Users: map[string]string{"nbfwc": "pw"}, Banner: "fw1# is not a prompt\nfw1> neither\n"})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	known := filepath.Join(t.TempDir(), "known_hosts")
	var transcript strings.Builder
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Second)
	defer cancel()
	keys, err := console.HostKeys(ctx, server.Addr(), console.Options{Username: "nbfwc", Platform: Dialogue{}.Platform()})
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range keys {
		if err := console.Trust(known, server.Addr(), k); err != nil {
			t.Fatal(err)
		}
	}
	login := func(readOnly bool) (targets.Session, targets.Identity) {
		s, err := console.Dial(ctx, server.Addr(), console.Options{Username: "nbfwc", Platform: Dialogue{}.Platform(), KnownHosts: []string{known},
			Secrets: wireSecrets{"password": "pw", "enable": enableSecret}, ReadOnly: readOnly, Transcript: &transcript})
		if err != nil {
			t.Fatal(err)
		}
		id, err := Dialogue{}.Open(ctx, s, targets.Partition{})
		if err != nil {
			t.Fatal(err)
		}
		return s, id
	}
	push := func(id string) {
		s, who := login(false)
		defer s.Close()
		p := &targets.Push{ID: id, Identity: who, Prefix: "NBU-"}
		if p.Before, err = (Dialogue{}).Fetch(ctx, s, targets.Partition{}); err != nil {
			t.Fatal(err)
		}
		have, err := Target{}.Parse(strings.NewReader(string(p.Before)), parseOptions(&job))
		if err != nil {
			t.Fatal(err)
		}
		var problems []targets.Problem
		if p.Change, problems = (Target{}).Plan(have, job, targets.PlanOptions{TakeOver: true}); p.Change == nil {
			t.Fatal(problems)
		}
		begin := time.Now()
		for _, do := range []func(context.Context, targets.Session, *targets.Push) error{Dialogue{}.Prepare, Dialogue{}.Apply, Dialogue{}.Confirm, Dialogue{}.Finish} {
			if err := do(ctx, s, p); err != nil {
				t.Fatal(err)
			}
		}
		t.Logf("%s: %d steps in %v", id, len(p.Change.Steps), time.Since(begin).Round(time.Millisecond))
	}
	push("p1")
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
	push("p2")
	settledStory(t, d, job, targets.PlanOptions{})

	s, who := login(true)
	defer s.Close()
	p := &targets.Push{ID: "p2", Identity: who, Prefix: "NBU-"}
	if p.Before, err = (Dialogue{}).Fetch(ctx, s, targets.Partition{}); err != nil {
		t.Fatal(err)
	}
	if string(p.Before) != d.Running() {
		t.Error("what is fetched isn't what the device has")
	}
	if list, err := (Dialogue{}).Pending(ctx, s, p); err != nil || len(list) > 0 {
		t.Errorf("%q %v", list, err)
	}
	if text := transcript.String(); strings.Contains(text, enableSecret) || strings.Contains(text, "remark fw1# ") || !strings.Contains(text, "commit noconfirm revert-save") {
		t.Error("the transcript has a secret, or what is private, or not what was typed")
	}
}

// typedEnabled types commands on a device whose logins aren't privileged.
func typedEnabled(t *testing.T, d *asa.Device, list []string) {
	t.Helper()
	s := d.Login()
	defer s.Close()
	for _, line := range append(append([]string{"enable", enableSecret, "configure terminal"}, list...), "end", "write memory") {
		if a := s.Send(line); s.Refused(a) {
			t.Fatalf("%q: %s", line, a)
		}
	}
}
