package push_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nbfwc/nbfwc/lab"
	"github.com/nbfwc/nbfwc/lab/panos"
	"github.com/nbfwc/nbfwc/push"
	"github.com/nbfwc/nbfwc/targets"
	"github.com/nbfwc/nbfwc/targets/targettest"
)

// site is an emulated device that is pushed to.
type site struct {
	m       *maker
	d       lab.Device // the unit that is active
	units   []lab.Device
	dev     *push.Device
	eng     *push.Engine
	packets []lab.Packet
	was     []lab.Verdict
	will    []lab.Verdict

	typed  []string
	at     int
	what   fault
	looked int // how often the dialogue looked in vain
	broken string
}

// wire is a login on a site, whose lines are counted over all logins.
type wire struct {
	lab.Session
	s *site
}

func (w *wire) Send(line string) string {
	s := w.s
	if w.Prompt() == "" {
		return ""
	}
	s.typed = append(s.typed, line)
	what := nothing
	if len(s.typed) == s.at {
		what = s.what
	}
	switch what {
	case refuse:
		return s.m.refusal
	case dropBefore:
		w.Close()
		return ""
	case crashBefore:
		w.Close()
		panic(crash{})
	}
	switch what {
	case powerCut:
		if err := s.m.restart(s.d); err != nil {
			s.broken = err.Error()
		}
	case failover:
		other := s.units[0]
		if s.d == other {
			other = s.units[1]
		}
		s.m.failover(s.d, other)
		s.d = other
	}
	if s.m.looks != "" && strings.HasSuffix(line, s.m.looks) {
		if s.looked++; s.looked%5 == 0 {
			s.m.expire(s.d)
		}
	}
	answer := w.Session.Send(line)
	s.look(line)
	switch what {
	case dropAfter:
		w.Close()
		return ""
	case crashAfter:
		w.Close()
		panic(crash{})
	}
	return answer
}

// look holds that each packet is treated as by the old or by the new policy.
func (s *site) look(line string) {
	if s.broken != "" || s.was == nil {
		return
	}
	for i, v := range verdicts(s.d, s.packets) {
		if v != s.was[i] && v != s.will[i] {
			s.broken = fmt.Sprintf("after line %d (%q) %+v is treated as %d; the old policy says %d, the new one %d", len(s.typed), line, s.packets[i], v, s.was[i], s.will[i])
			return
		}
	}
}

func (s *site) dial(ctx context.Context, d *push.Device, unit int, readOnly bool) (targets.Session, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	c, err := targettest.Connect(&wire{s.login(s.units[unit], d.Admin), s}, d.Dialogue.Platform(), readOnly, nil)
	if err != nil {
		return nil, err
	}
	return c, nil
}

func (s *site) login(d lab.Device, admin string) lab.Session {
	if d, ok := d.(*panos.Device); ok {
		return d.LoginAs(admin)
	}
	return d.Login()
}

func newSite(t *testing.T, m *maker, paired bool, job targets.Job) *site {
	t.Helper()
	clock := newClock()
	s := &site{m: m, packets: samplePackets()}
	if paired {
		active, other := m.pair(t)
		s.units = []lab.Device{other, active} // the first address needn't be that of the active unit
	} else {
		s.units = []lab.Device{m.device(t)}
	}
	s.d = s.units[len(s.units)-1]
	s.dev = &push.Device{
		Name: "edge", Firewall: "edge", Units: len(s.units), Admin: "nbfwc", Target: m.target, Dialogue: m.dialogue, Job: job,
		Parse:    targets.ParseOptions{Interfaces: job.Interfaces, Prefix: job.Prefix},
		Hostname: "edge", OS: m.os, PolicyDigest: "abc",
	}
	s.eng = &push.Engine{Dial: s.dial, State: stateDir(t), Now: clock.now, Who: "alice@desk", Timeout: time.Minute, Wait: clock.wait}
	return s
}

// matrix is a kind of device with the two configurations that it is between.
type matrix struct {
	m         *maker
	paired    bool
	oldText   string
	packets   []lab.Packet
	was, will []lab.Verdict
	lines     int // of a push without faults
}

// newMatrix pushes the old policy to a bare device, then the new one.
func newMatrix(t *testing.T, m *maker, paired bool) *matrix {
	t.Helper()
	before, after := jobs()
	x := &matrix{m: m, paired: paired}
	s := newSite(t, m, paired, before)
	s.mustPush(t)
	x.oldText, x.was = s.d.Running(), verdicts(s.d, s.packets)
	s.dev.Job, s.typed = after, nil
	s.mustPush(t)
	x.will, x.lines = verdicts(s.d, s.packets), len(s.typed)
	x.choose(t, s.packets)
	o, err := s.eng.Push(context.Background(), s.dev, push.Options{})
	if err != nil || o.Stand != push.Unchanged {
		t.Fatalf("a second push: %v, %+v", err, o)
	}
	return x
}

// choose keeps the packets that tell the policies apart, and some others.
func (x *matrix) choose(t *testing.T, all []lab.Packet) {
	t.Helper()
	was, will, same := x.was, x.will, 0
	x.was, x.will = nil, nil
	for i, p := range all {
		if was[i] == will[i] {
			if same++; same > 4 && was[i] != lab.Passes {
				continue
			}
		}
		x.packets, x.was, x.will = append(x.packets, p), append(x.was, was[i]), append(x.will, will[i])
	}
	if len(x.packets) < same/4 || !slices.Contains(was, lab.Passes) || slices.Equal(x.was, x.will) {
		t.Fatal("the packets don't tell the two policies apart")
	}
	t.Logf("%d packets", len(x.packets))
}

func (s *site) mustPush(t *testing.T) {
	t.Helper()
	o, err := s.eng.Push(context.Background(), s.dev, push.Options{Plan: targets.PlanOptions{TakeOver: true}})
	if err != nil || o.Err != nil || o.Stand != push.New || o.Open {
		t.Fatalf("%s: a push without faults: %v, %+v\ntyped:\n%s", s.m.name, err, o, strings.Join(s.typed, "\n"))
	}
}

// site is a device with the old policy that is to get the new one.
func (x *matrix) site(t *testing.T) *site {
	t.Helper()
	_, after := jobs()
	s := newSite(t, x.m, x.paired, after)
	for _, d := range slices.Backward(s.units) {
		if err := d.Load(x.oldText); err != nil {
			t.Fatal(err)
		}
	}
	s.packets, s.was, s.will = x.packets, x.was, x.will
	return s
}

// At every line of a push to every kind of emulated firewall, the device refuses
// it, the connection breaks before it or after it, the power fails, or our
// process ends. After
// that every packet is treated as by the old or by the new policy, what is
// reported is true, an open record can be resumed to the new policy and
// abandoned to the old one, and both last over a restart.
func TestAFaultAtEveryLineOnEmulatedFirewalls(t *testing.T) {
	for i := range makers {
		t.Run(makers[i].name, func(t *testing.T) {
			t.Parallel()
			x := newMatrix(t, &makers[i], false)
			seen := map[push.Stand]int{}
			for at := 1; at <= x.lines; at += everyNth {
				for _, what := range []fault{refuse, dropBefore, dropAfter, powerCut}[:4-at%2] { // the power fails at every other line
					s := x.site(t)
					s.at, s.what = at, what
					o, err := s.eng.Push(context.Background(), s.dev, push.Options{})
					s.isTrue(t, o, err)
					seen[standOf(o, err)]++
					if o != nil && o.Open {
						s.recovers(t, []push.Recovery{push.Resume, push.Abandon}[at%2])
					}
				}
				// A process that ends before a line ends after the one before it.
				for _, what := range []push.Recovery{push.Resume, push.Abandon} {
					s := x.site(t)
					s.at, s.what = at, crashAfter
					if !try(func() { _, _ = s.eng.Push(context.Background(), s.dev, push.Options{}) }) {
						t.Fatalf("line %d was not typed", at)
					}
					if !s.recovers(t, what) {
						break // the push hadn't begun
					}
				}
				if t.Failed() {
					return
				}
			}
			t.Logf("%d lines; where the devices stood: %v", x.lines, seen)
		})
	}
}

// At every other line of a push to a pair the other unit takes over. The
// same holds, for the unit that is active then.
func TestAFailoverInAPushToEmulatedPairs(t *testing.T) {
	for i := range makers {
		if makers[i].pair == nil {
			continue
		}
		t.Run(makers[i].name, func(t *testing.T) {
			t.Parallel()
			x := newMatrix(t, &makers[i], true)
			seen := map[push.Stand]int{}
			for at := 1 + i%2; at <= x.lines; at += 2 * everyNth {
				s := x.site(t)
				s.at, s.what = at, failover
				o, err := s.eng.Push(context.Background(), s.dev, push.Options{})
				s.isTrue(t, o, err)
				seen[standOf(o, err)]++
				if o != nil && o.Open {
					s.recovers(t, []push.Recovery{push.Resume, push.Abandon}[at%2])
				}
				if t.Failed() {
					return
				}
			}
			t.Logf("%d lines; where the devices stood: %v", x.lines, seen)
		})
	}
}

// isTrue holds that what an outcome says is so.
func (s *site) isTrue(t *testing.T, o *push.Outcome, err error) {
	t.Helper()
	fail := func(why string) {
		t.Helper()
		lines := make([]string, len(s.typed))
		for i, l := range s.typed {
			lines[i] = fmt.Sprintf("%3d %s", i+1, l)
		}
		t.Errorf("%s, line %d %s: %s\noutcome %+v, error %v\n%s", s.m.name, s.at, s.what, why, o, err, strings.Join(lines, "\n"))
	}
	if s.broken != "" {
		fail(s.broken)
	}
	now := verdicts(s.d, s.packets)
	isOld, isNew := slices.Equal(now, s.was), slices.Equal(now, s.will)
	stand := standOf(o, err)
	switch {
	case stand == push.New && !isNew, stand == push.Unsaved && !isNew, (stand == push.Old || stand == push.Unchanged) && !isOld:
		fail("that is not where the device stands")
	case stand == push.Between && (isOld || isNew):
		fail("the device is not between")
	}
	if r, err := push.OpenRecord(s.eng.State, "edge"); err != nil || (r != nil) != (o != nil && o.Open) {
		fail(fmt.Sprintf("the record says something else: %+v, %v", r, err))
	}
	if (stand == push.New || stand == push.Old && !o.Open) && len(s.units) == 1 {
		if err := s.m.restart(s.d); err != nil {
			fail(err.Error())
		}
		if !slices.Equal(verdicts(s.d, s.packets), now) {
			fail("after a restart the device does something else")
		}
	}
}

// recovers resumes or abandons an open record; false if there is none.
func (s *site) recovers(t *testing.T, what push.Recovery) bool {
	t.Helper()
	r, err := push.OpenRecord(s.eng.State, "edge")
	if err != nil {
		t.Fatal(err)
	}
	if r == nil {
		o := &push.Outcome{Stand: push.Unchanged}
		if slices.Equal(verdicts(s.d, s.packets), s.will) {
			o.Stand = push.New
		}
		s.isTrue(t, o, nil)
		return false
	}
	dev := s.dev
	if what == push.Abandon { // needs no policy
		if dev, err = r.NewDevice(s.m.target, s.m.dialogue); err != nil {
			t.Fatal(err)
		}
	}
	was := s.what
	s.at = 0
	o, err := s.eng.Recover(context.Background(), dev, what, push.Options{})
	want := []push.Stand{push.New, push.Old}[what]
	if err != nil || o.Stand != want || o.Err != nil || o.Open {
		t.Errorf("%s, %s: recovery %d: %v, %+v", s.m.name, was, what, err, errors.Join(o.Err))
	}
	s.isTrue(t, o, err)
	return true
}
