package paloalto

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nbfwc/nbfwc/lab"
	"github.com/nbfwc/nbfwc/lab/panos"
	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
	"github.com/nbfwc/nbfwc/targets/targettest"
)

// talk looks at jobs as often as it can.
var talk = Dialogue{Poll: time.Microsecond}

// me is the account that pushes.
const me = "nbfwc-push"

// bench is an emulated firewall with an old job, and a new one that is to come.
// While it is worked on it checks after every line that all packets are treated
// by the old or all by the new policy.
type bench struct {
	t        testing.TB
	d        *panos.Device
	old, new targets.Job
	at       targets.Partition
	dialogue Dialogue
	account  string
	takeOver bool

	before   string // the running configuration
	some     []lab.Packet
	was, now []lab.Verdict
	typed    []string // in all sessions
	// answer stands in for the device where it says that it does, hook sees each
	// line before it is done.
	answer func(line string) (string, bool)
	hook   func(line string)
	// dial logs in; nil for a session straight on the device.
	dial func(readOnly bool) (targets.Session, error)
}

// newBench is a firewall that permits PBX from one client, and a job that
// permits more ports from another.
func newBench(t testing.TB) *bench {
	t.Helper()
	b := &bench{t: t, d: labDevice(t).(*panos.Device), old: planJob(), new: planJob(), dialogue: talk, account: me}
	for _, job := range []*targets.Job{&b.old, &b.new} {
		media, a := &job.Want.Groups[1], netip.MustParseAddr("10.1.0.5")
		media.Members = append(media.Members, ruleset.Member{Range: ruleset.Range{From: a, To: a}, Name: "media"})
		media.Set = ruleset.MemberSet(media.Members)
		job.Want.Stages[0].Rules[0].Dst = media.Set
	}
	r := &b.new.Want.Stages[0].Rules[0]
	r.Service = ruleset.TCPPorts(ruleset.PortRange{From: 1556, To: 1556}, ruleset.PortRange{From: 13724, To: 13724})
	g := &b.new.Want.Groups[0]
	a := netip.MustParseAddr("10.3.0.8")
	g.Members = append(g.Members[1:len(g.Members):len(g.Members)], ruleset.Member{Range: ruleset.Range{From: a, To: a}, Name: "second"})
	g.Set = ruleset.MemberSet(g.Members)
	r.Src = g.Set
	b.begin()
	return b
}

// begin makes the device do the old job, and finds out what both jobs do.
func (b *bench) begin() {
	b.t.Helper()
	b.load(b.new)
	b.some = benchPackets()
	b.now = b.verdicts()
	b.load(b.old)
	b.before, b.was = b.d.RunningXML(), b.verdicts()
	b.choose()
	b.d.SetFaults(panos.Faults{})
}

// choose keeps a few packets that tell the jobs apart, and a few others.
func (b *bench) choose() {
	b.t.Helper()
	kept := [2]int{}
	all, was, now := b.some, b.was, b.now
	b.some, b.was, b.now = nil, nil, nil
	for i, p := range all {
		same := 0
		if was[i] == now[i] {
			same = 1
		}
		if kept[same]++; kept[same] <= 4 {
			b.some, b.was, b.now = append(b.some, p), append(b.was, was[i]), append(b.now, now[i])
		}
	}
	if kept[0] < 3 || kept[1] < 3 {
		b.t.Fatalf("%d packets tell the jobs apart, and %d don't", kept[0], kept[1])
	}
}

// load types what has to be done for a job, and commits.
func (b *bench) load(job targets.Job) {
	b.t.Helper()
	have, err := Target{}.Parse(strings.NewReader(b.d.RunningXML()), parseOptions(&job))
	if err != nil {
		b.t.Fatal(err)
	}
	change, problems := Target{}.Plan(have, job, targets.PlanOptions{})
	if change == nil {
		b.t.Fatal(problems)
	}
	s := b.d.Login()
	defer s.Close()
	s.Send("configure")
	for _, step := range change.Steps {
		for _, line := range step.Commands {
			if answer := s.Send(line); s.Refused(answer) {
				b.t.Fatalf("%q: %s", line, answer)
			}
		}
	}
}

func benchPackets() []lab.Packet {
	var out []lab.Packet
	for _, src := range []string{"10.3.0.7", "10.3.0.8", "10.3.0.9", "2001:db8:3::5", "2001:db8:3::7"} {
		for _, dst := range []string{"2001:db8:1::5", "2001:db8:1::6", "10.1.0.5"} {
			for _, port := range []uint16{1556, 13724, 22} {
				s, d := netip.MustParseAddr(src), netip.MustParseAddr(dst)
				if s.Is4() == d.Is4() {
					out = append(out, lab.Packet{In: "outside", Out: "inside", Src: s, Dst: d, Proto: 6, SrcPort: 40000, DstPort: port})
				}
			}
		}
	}
	return out
}

func (b *bench) verdicts() []lab.Verdict {
	out := make([]lab.Verdict, len(b.some))
	for i, p := range b.some {
		out[i] = b.d.Decide(p)
	}
	return out
}

// stand is which policy the device has now.
func (b *bench) stand() string {
	b.t.Helper()
	switch v := b.verdicts(); {
	case slices.Equal(v, b.was):
		return "old"
	case slices.Equal(v, b.now):
		return "new"
	default:
		b.t.Errorf("packets are treated neither by the old policy %v nor by the new one %v but %v\ntyped:\n%s", b.was, b.now, v, strings.Join(b.typed, "\n"))
		return "between"
	}
}

// watched is a session that is looked over the shoulder.
type watched struct {
	lab.Session
	b *bench
}

func (w watched) Send(line string) string {
	w.b.typed = append(w.b.typed, w.Prompt()+line)
	if w.b.hook != nil {
		w.b.hook(line)
	}
	if w.b.answer != nil {
		if answer, ok := w.b.answer(line); ok {
			return answer
		}
	}
	answer := w.Session.Send(line)
	w.b.stand()
	return answer
}

// login is a new session, opened.
func (b *bench) login(readOnly bool) (targets.Session, targets.Identity, error) {
	dial := b.dial
	if dial == nil {
		dial = func(readOnly bool) (targets.Session, error) {
			return targettest.Connect(watched{b.d.LoginAs(b.account), b}, b.dialogue.Platform(), readOnly, nil)
		}
	}
	s, err := dial(readOnly)
	if err != nil {
		return nil, targets.Identity{}, err
	}
	id, err := b.dialogue.Open(b.t.Context(), s, b.at)
	return s, id, err
}

// planned is a push to the job, from what the device has now.
func (b *bench) planned(s targets.Session, id string, job targets.Job) (*targets.Push, error) {
	text, err := b.dialogue.Fetch(b.t.Context(), s, b.at)
	if err != nil {
		return nil, err
	}
	p := &targets.Push{ID: id, Admin: b.account, Part: b.at, Before: text, Prefix: job.Prefix, Parse: parseOptions(&job)}
	have, err := Target{}.Parse(bytes.NewReader(text), p.Parse)
	if err != nil {
		return nil, err
	}
	change, problems := Target{}.Plan(have, job, targets.PlanOptions{TakeOver: b.takeOver})
	if change == nil {
		return nil, fmt.Errorf("no plan: %v", problems)
	}
	p.Change = change
	return p, nil
}

// push takes the device to a job, as the engine does. The push is nil if
// nothing was begun.
func (b *bench) push(id string, job targets.Job) (*targets.Push, error) {
	ctx := b.t.Context()
	s, _, err := b.login(false)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	others, err := b.dialogue.Pending(ctx, s, &targets.Push{ID: id, Admin: b.account, Part: b.at})
	if err != nil {
		return nil, err
	}
	if len(others) > 0 {
		return nil, errors.New(strings.Join(others, "\n"))
	}
	p, err := b.planned(s, id, job)
	if err != nil {
		return nil, err
	}
	if err := b.dialogue.Prepare(ctx, s, p); err != nil {
		return p, err
	}
	if err := b.dialogue.Apply(ctx, s, p); err != nil {
		return p, err
	}
	return p, b.end(ctx, p)
}

// end confirms a push in a new session.
func (b *bench) end(ctx context.Context, p *targets.Push) error {
	s, _, err := b.login(false)
	if err != nil {
		return err
	}
	defer s.Close()
	if err := b.dialogue.Confirm(ctx, s, p); err != nil {
		return err
	}
	return b.dialogue.Finish(ctx, s, p)
}

// settle ends what a push has left, in a new session, as from a record.
func (b *bench) settle(p *targets.Push) []string {
	b.t.Helper()
	s, _, err := b.login(false)
	if err != nil {
		b.t.Fatal(err)
	}
	defer s.Close()
	record := *p
	record.Parse, record.Change = targets.ParseOptions{}, &targets.Change{Steps: p.Change.Steps}
	found, err := b.dialogue.Settle(b.t.Context(), s, &record)
	if err != nil {
		b.t.Fatalf("settle: %v\ntyped:\n%s", err, strings.Join(b.typed, "\n"))
	}
	return found
}

// clean fails if a push has left something on the device.
func (b *bench) clean() {
	b.t.Helper()
	if list := b.d.Saved(); len(list) > 0 {
		b.t.Errorf("files are left: %q", list)
	}
	if have, want := b.d.Candidate(), b.d.Running(); have != want {
		b.t.Errorf("edits are left in the candidate:\n%s\nrunning:\n%s\ntyped:\n%s", have, want, strings.Join(b.typed, "\n"))
	}
	s := b.d.Login()
	defer s.Close()
	for line, want := range map[string]string{"show config-locks": "no locks\n", "show commit-locks": "no locks\n", "show config list changes": ""} {
		if answer := s.Send(line); answer != want {
			b.t.Errorf("%s: %s\ntyped:\n%s", line, answer, strings.Join(b.typed, "\n"))
		}
	}
}

// restore takes the device back to what it had before a push.
func (b *bench) restore(p *targets.Push) error {
	ctx := b.t.Context()
	s, _, err := b.login(false)
	if err != nil {
		return err
	}
	defer s.Close()
	text, err := b.dialogue.Fetch(ctx, s, b.at)
	if err != nil {
		return err
	}
	have, err := Target{}.Parse(bytes.NewReader(text), p.Parse)
	if err != nil {
		return err
	}
	before, err := Target{}.Parse(bytes.NewReader(p.Before), p.Parse)
	if err != nil {
		return err
	}
	change, problems := Target{}.Restore(have, before)
	if change == nil {
		return fmt.Errorf("no way back: %v", problems)
	}
	back := *p
	back.ID, back.Before, back.Change = p.ID+"-2", text, change
	if err := b.dialogue.Prepare(ctx, s, &back); err != nil {
		return err
	}
	if err := b.dialogue.Apply(ctx, s, &back); err != nil {
		return err
	}
	return b.end(ctx, &back)
}

// TestDialogue: a push makes the change with one commit and leaves nothing else
// behind; a second one has nothing to do; the way back leads back.
func TestDialogue(t *testing.T) {
	b := newBench(t)
	p, err := b.push("p1", b.new)
	if err != nil {
		t.Fatalf("%v\n%s", err, strings.Join(b.typed, "\n"))
	}
	if b.stand() != "new" {
		t.Error("the new policy isn't in force")
	}
	b.clean()
	commits := 0
	for _, line := range b.typed {
		if strings.Contains(line, "# commit") {
			commits++
			if want := `# commit partial admin ` + me + ` description "nbfwc p1"`; !strings.HasSuffix(line, want) {
				t.Errorf("%q, want %q", line, want)
			}
		}
	}
	if commits != 1 {
		t.Errorf("%d commits", commits)
	}
	s, _, err := b.login(true)
	if err != nil {
		t.Fatal(err)
	}
	again, err := b.planned(s, "p2", b.new)
	if err != nil || len(again.Change.Steps) > 0 {
		t.Errorf("a second push: %v %v", again, err)
	}
	if err := b.restore(p); err != nil {
		t.Fatal(err)
	}
	if b.stand() != "old" {
		t.Error("the old policy isn't back")
	}
	b.clean()
}

// TestDialogueReads: what is typed to open, fetch and look for changes of others
// goes through a read-only session, and changes nothing.
func TestDialogueReads(t *testing.T) {
	b := newBench(t)
	s, id, err := b.login(true)
	if err != nil {
		t.Fatal(err)
	}
	want := targets.Identity{Hostname: "edge", Model: "PA-VM", Version: "10.2.0", Serial: "007051000000001"}
	if id != want {
		t.Errorf("%+v, want %+v", id, want)
	}
	text, err := b.dialogue.Fetch(t.Context(), s, b.at)
	if err != nil || string(text) != b.d.RunningXML() {
		t.Errorf("fetched otherwise: %v\n%s", err, text)
	}
	others, err := b.dialogue.Pending(t.Context(), s, &targets.Push{})
	if err != nil || len(others) > 0 {
		t.Error(others, err)
	}
	if b.d.RunningXML() != b.before || b.d.Candidate() != b.d.Running() {
		t.Error("reading changed the device")
	}
	p := &targets.Push{ID: "x", Admin: me, Change: &targets.Change{Steps: []targets.Step{{Commands: []string{"set tag x"}}}}}
	if err := b.dialogue.Prepare(t.Context(), s, p); !errors.Is(err, targets.ErrReadOnly) {
		t.Errorf("prepare in a read-only session: %v", err)
	}
}
