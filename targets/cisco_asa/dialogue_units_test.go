package cisco_asa

import (
	"context"
	"strings"
	"testing"

	"github.com/nbfwc/nbfwc/lab/asa"
	"github.com/nbfwc/nbfwc/targets"
)

const unitsJob = `manage exclusive
context blue
interface inside
interface dmz
group NBU-client-dmz 192.0.2.10 192.0.2.11
group NBU-media-inside 10.0.0.21
permit inside dmz NBU-media-inside NBU-client-dmz tcp/1556 idle 8h
`

// pushAll is a whole push in one login: what is pending, the change, the
// confirmation and what is left to clean up.
func pushAll(t *testing.T, d *asa.Device, at targets.Partition, job targets.Job) []string {
	t.Helper()
	ctx := context.Background()
	var lines []string
	s, id, err := dial(typing{Session: d.Login(), after: func(line string) { lines = append(lines, line) }}, false, at)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	p := &targets.Push{ID: "p1", Part: at, Identity: id, Prefix: job.Prefix}
	if p.Before, err = (Dialogue{}).Fetch(ctx, s, at); err != nil {
		t.Fatal(err)
	}
	if list, err := (Dialogue{}).Pending(ctx, s, p); err != nil || len(list) > 0 {
		t.Fatalf("pending: %q %v", list, err)
	}
	have, err := Target{}.Parse(strings.NewReader(string(p.Before)), parseOptions(&job))
	if err != nil {
		t.Fatal(err)
	}
	c, problems := Target{}.Plan(have, job, targets.PlanOptions{TakeOver: true})
	if c == nil || len(c.Steps) == 0 {
		t.Fatalf("no plan: %v", problems)
	}
	p.Change = c
	for _, do := range []func(context.Context, targets.Session, *targets.Push) error{Dialogue{}.Prepare, Dialogue{}.Apply, Dialogue{}.Confirm, Dialogue{}.Finish} {
		if err := do(ctx, s, p); err != nil {
			t.Fatal(err)
		}
	}
	return lines
}

// TestContexts: one of several contexts is changed and saved, the others and
// the system aren't.
func TestContexts(t *testing.T) {
	d := asa.New(asa.Options{Enabled: true, Hostname: "fw1", Contexts: []string{"admin", "blue", "green"}})
	for _, name := range []string{"blue", "green"} {
		typed(t, d.Context(name), storyDevice)
		s := d.Context(name).Login()
		s.Send("write memory")
		s.Close()
	}
	job, _ := testJob(t, unitsJob)
	green, system := d.Context("green").Running(), d.Context("system").Running()
	lines := pushAll(t, d, targets.Partition{Context: "blue"}, job)
	if strings.Contains(strings.Join(lines, "\n"), "disk0:") {
		t.Error("a context was asked for a disk")
	}
	if d.Context("green").Running() != green || d.Context("system").Running() != system {
		t.Error("another context has changed")
	}
	have := readStory(t, d.Context("blue"), &job)
	if c, problems := (Target{}).Plan(have, job, targets.PlanOptions{}); c == nil || len(c.Steps) > 0 {
		t.Errorf("%v", problems)
	}
	_, _, err := dial(typing{Session: d.Login()}, true, targets.Partition{Context: "red"})
	if err == nil || !strings.Contains(err.Error(), `no context "red"; it has admin, blue, green`) {
		t.Error(err)
	}
	if _, _, err = dial(typing{Session: d.Login()}, true, targets.Partition{}); err == nil || !strings.Contains(err.Error(), "it has admin, blue, green") {
		t.Error(err)
	}
}

// TestPair: the active unit is changed, and the standby unit has it; the
// standby unit says that it is one, and takes nothing.
func TestPair(t *testing.T) {
	first, second := asa.NewPair(asa.Options{Enabled: true, Hostname: "fw1"})
	typed(t, first, storyDevice)
	s := first.Login()
	s.Send("write memory")
	s.Close()
	job, _ := testJob(t, strings.Replace(unitsJob, "context blue\n", "", 1))
	pushAll(t, first, targets.Partition{}, job)
	settledStory(t, first, job, targets.PlanOptions{})
	settledStory(t, second, job, targets.PlanOptions{})
	for i, d := range []*asa.Device{first, second} {
		c, id, err := dial(typing{Session: d.Login()}, false, targets.Partition{})
		if err != nil || !id.Pair || id.Standby != (i == 1) {
			t.Fatalf("unit %d: %+v %v", i, id, err)
		}
		before := d.Running()
		p := &targets.Push{ID: "p2", Identity: id, Prefix: "NBU-", Before: []byte(before), Change: &targets.Change{Steps: []targets.Step{{Commands: []string{"object network NBU-x", " host 10.0.0.1"}}}}}
		if err := (Dialogue{}).Apply(context.Background(), c, p); (err != nil) != (i == 1) || i == 1 && d.Running() != before {
			t.Errorf("unit %d: %v", i, err)
		}
	}
}

// TestFailedOver: the unit becomes the standby in the middle of a push. The
// other one has what was committed, and every packet is treated as before or as
// after.
func TestFailedOver(t *testing.T) {
	storyCases(t, func(t *testing.T, p *pushCase, _ *asa.Device, lines []string) {
		for n := 0; n < len(lines); n += 3 {
			from := p.device()
			first, second := asa.NewPair(asa.Options{Enabled: true})
			if err := first.Load(from.Running()); err != nil {
				t.Fatal(err)
			}
			typed(t, first, []string{"mtu inside 1500"}) // brings all of it to the other unit
			count := 0
			c, _ := Target{}.Plan(p.have, p.job, p.opt)
			when, last := 0, 0
			err := p.push(first, "p1", c, typing{before: func(line string) (string, bool) {
				if count++; count == n+1 {
					second.Failover()
					when = count
				}
				if line == "configure terminal" {
					last = count
				}
				return "", false
			}})
			if err == nil && when <= last {
				t.Errorf("the unit was the standby when configuration mode was entered again, and the push goes on: line %d of %d", when, last)
			}
			p.recover(t, second, n%2 == 0, "failed over at "+lines[n])
		}
	})
}
