package push_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/nbfwc/nbfwc/push"
	"github.com/nbfwc/nbfwc/targets"
)

// newPair is a pair of which the second unit is active and the first follows
// it.
func newPair(t *testing.T, k kind) *world {
	t.Helper()
	w := newWorld(stateDir(t), k)
	standby := newFake(w.clock, oldLines...)
	standby.id.Serial, standby.id.Standby, standby.id.Pair = "FK0002", true, true
	w.fake.id.Pair, w.fake.peer = true, standby
	w.units, w.dev.Units = []*fakeDevice{standby, w.fake}, 2
	w.dev.Serials = []string{"FK0001", "FK0002"}
	return w
}

// The unit that takes changes is found and changed; the other one follows, after
// a while.
func TestAPushToAPair(t *testing.T) {
	w := newPair(t, stepwise)
	w.units[0].lag = 6
	o := w.mustPush(t, push.Options{})
	if o.Apart != "" || !slices.Equal(w.units[0].running, w.fake.running) {
		t.Errorf("%+v, the standby unit has %q", o, w.units[0].running)
	}
	for _, l := range w.units[0].typed {
		if l != "identity" && l != "running" {
			t.Errorf("%q was typed on the standby unit", l)
		}
	}
	f, err := w.eng.Fetch(ctx, w.dev)
	if err != nil || f.Unit != 1 || f.Peer == nil || f.Apart != "" {
		t.Errorf("%v, %+v", err, f)
	}
}

// A unit that doesn't follow is named, with a packet.
func TestAPairThatDoesNotSync(t *testing.T) {
	w := newPair(t, stepwise)
	w.fake.peer = nil
	o := w.mustPush(t, push.Options{})
	const want = "by the standby unit it"
	if !strings.Contains(o.Apart, want) || !slices.Contains(o.Notes, o.Apart) {
		t.Errorf("%+v", o)
	}
	f, err := w.eng.Fetch(ctx, w.dev)
	if err != nil || !strings.Contains(f.Apart, want) {
		t.Errorf("%v, %q", err, f.Apart)
	}
}

// What can be wrong with a pair before anything is sent.
func TestAPairThatIsNotOne(t *testing.T) {
	cases := []struct {
		name string
		set  func(w *world)
		why  string
	}{
		{"both are active", func(w *world) { w.units[0].id.Standby = false }, "both units, edge (serial number FK0002) and edge (serial number FK0001), say that they are active"},
		{"both are on standby", func(w *world) { w.fake.id.Standby = true }, "both units say that they are on standby"},
		{"the active one is out of reach", func(w *world) { w.fake.dead = true }, "the other unit, edge (serial number FK0002), is on standby"},
		{"both are out of reach", func(w *world) { w.fake.dead, w.units[0].dead = true, true }, "device edge (unit 2): no route to host"},
		{"the standby unit is another device", func(w *world) { w.units[0].id.Serial = "FK0777" }, "has the serial number FK0777"},
		{"neither has the name", func(w *world) { w.dev.Hostname = "core" }, `the policy says hostname = "core"`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := newPair(t, stepwise)
			c.set(w)
			o, err := w.eng.Push(ctx, w.dev, push.Options{})
			w.nothingSent(t, o, err, c.why)
		})
	}
}

// The units of a pair can have names of their own, of which the policy says one.
func TestAPairWithTwoNames(t *testing.T) {
	w := newPair(t, stepwise)
	w.units[0].id.Hostname = "edge-2"
	w.mustPush(t, push.Options{})
}

// Without its standby unit a pair is still worked on, and that is said.
func TestAPairOfOne(t *testing.T) {
	w := newPair(t, stepwise)
	w.units[0].dead = true
	o := w.mustPush(t, push.Options{})
	if !strings.Contains(o.Apart, "the other unit can't be asked: device edge (unit 1): no route to host") {
		t.Errorf("%q", o.Apart)
	}
}

// The active unit dies in the middle of a push and the other one takes over,
// with what it has: the push goes on there.
func TestAFailoverInTheMiddleOfAPush(t *testing.T) {
	for at := 7; at <= 14; at++ {
		w := newPair(t, stepwise)
		w.fake.before = func(d *fakeDevice, _ string) {
			if d.lines+1 == at {
				standby := w.units[0]
				standby.running, standby.id.Standby, standby.peer, standby.legal = slices.Clone(d.running), false, nil, d.legal
				d.dead, d.before = true, nil
			}
		}
		o, err := w.eng.Push(ctx, w.dev, push.Options{})
		active := w.units[0]
		want := ours(oldLines)
		if o != nil && o.Stand == push.New {
			want = ours(newLines)
		}
		if err != nil || o.Open || !slices.Equal(ours(active.running), want) || active.broken != "" {
			t.Errorf("at %d: %v, %+v, running %q, %s", at, err, o, active.running, active.broken)
		}
	}
}

// A record of one unit is gone on with on the other.
func TestARecoveryAfterAFailover(t *testing.T) {
	for _, what := range []push.Recovery{push.Resume, push.Abandon} {
		w := newPair(t, stepwise)
		w.fake.at, w.fake.what = 10, crashAfter
		if !try(func() { _, _ = w.eng.Push(ctx, w.dev, push.Options{}) }) {
			t.Fatal("no crash")
		}
		w.fake.heal()
		standby := w.units[0]
		standby.running, standby.id.Standby = slices.Clone(w.fake.running), false
		w.fake.id.Standby, w.fake.peer, standby.peer = true, nil, w.fake
		o, err := w.eng.Recover(ctx, w.dev, what, push.Options{})
		want, lines := push.New, ours(newLines)
		if what == push.Abandon {
			want, lines = push.Old, ours(oldLines)
		}
		if err != nil || o.Err != nil || o.Stand != want || o.Open || o.Apart != "" || !slices.Equal(ours(standby.running), lines) || !slices.Equal(ours(standby.startup), lines) {
			t.Errorf("%v, %+v, %v\nrunning %q", err, o, errors.Join(o.Err), standby.running)
		}
	}
}

// What the push left open on the unit that was active is ended there as well.
func TestARecoveryClearsUpOnTheFormerUnit(t *testing.T) {
	for _, reachable := range []bool{true, false} {
		w := newPair(t, atomic)
		w.fake.at, w.fake.what = 10, crashAfter // in the candidate
		if !try(func() { _, _ = w.eng.Push(ctx, w.dev, push.Options{}) }) {
			t.Fatal("no crash")
		}
		w.fake.heal()
		if w.fake.draft == nil {
			t.Fatal("there is no candidate")
		}
		w.units[0].id.Standby, w.fake.id.Standby, w.fake.peer, w.units[0].peer, w.fake.dead = false, true, nil, w.fake, !reachable
		o, err := w.eng.Recover(ctx, w.dev, push.Abandon, push.Options{})
		if err != nil || o.Stand != push.Old || o.Open || (w.fake.draft == nil) != reachable {
			t.Errorf("%v, %+v, the candidate %q", err, o, w.fake.draft)
		}
		warned := slices.ContainsFunc(o.Notes, func(s string) bool { return strings.Contains(s, "on the unit that is not active any more") })
		if warned == reachable {
			t.Errorf("notes %q", o.Notes)
		}
	}
}

// Versions that policies and devices state.
func TestSameRelease(t *testing.T) {
	for _, c := range []struct {
		have, want string
		same       bool
	}{
		{"9.16(4)", "9.16", true}, {"9.16", "9.16", true}, {"7.2.4", "7.2", true}, {"9.160", "9.16", false},
		{"9.1", "9.16", false}, {"", "9.16", true}, {"9.16", "", true}, {"10.2.3-h4", "10.2.3", true},
	} {
		if got := push.SameRelease(c.have, c.want); got != c.same {
			t.Errorf("%q, %q: %v", c.have, c.want, got)
		}
	}
}

var _ targets.Session = (*fakeSession)(nil)
