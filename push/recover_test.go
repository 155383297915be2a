package push_test

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/nbfwc/nbfwc/push"
	"github.com/nbfwc/nbfwc/targets"
)

// The record of a push is gone on with only for the same device, firewall and
// policy.
func TestARecoveryOfSomethingElse(t *testing.T) {
	cases := []struct {
		name string
		what push.Recovery
		set  func(w *world)
		why  string
	}{
		{"another policy", push.Resume, func(w *world) { w.dev.PolicyDigest = "def" }, "the policy is another than that of the unfinished push"},
		{"another firewall", push.Abandon, func(w *world) { w.dev.Firewall = "other" }, "is of firewall edge-fw, not of other"},
		{"another partition", push.Abandon, func(w *world) { w.dev.Part.Context = "green" }, "another partition"},
		{"another target", push.Abandon, func(w *world) { w.dev.Target = renamed{} }, "was made for a fake, not for a renamed"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := crashed(t, stepwise, 9)
			typed := len(w.fake.typed)
			c.set(w)
			if _, err := w.eng.Recover(ctx, w.dev, c.what, push.Options{}); err == nil || !strings.Contains(err.Error(), c.why) {
				t.Errorf("error %v", err)
			}
			if len(w.fake.typed) != typed {
				t.Errorf("typed %q", w.fake.typed[typed:])
			}
		})
	}
	t.Run("another device", func(t *testing.T) {
		w := crashed(t, stepwise, 9)
		w.fake.id.Serial = "FK0777"
		typed := len(w.fake.typed)
		o, err := w.eng.Recover(ctx, w.dev, push.Abandon, push.Options{})
		if err != nil || o.Stand != push.Unknown || !o.Open || !strings.Contains(o.Err.Error(), "it is another device") {
			t.Errorf("%v, %+v", err, o)
		}
		if !slices.Equal(w.fake.typed[typed:], []string{"identity"}) {
			t.Errorf("typed %q", w.fake.typed[typed:])
		}
	})
	t.Run("nothing to recover", func(t *testing.T) {
		w := newWorld(stateDir(t), stepwise)
		if _, err := w.eng.Recover(ctx, w.dev, push.Abandon, push.Options{}); err == nil || !strings.Contains(err.Error(), "there is no unfinished push") {
			t.Errorf("error %v", err)
		}
	})
}

type renamed struct{ fakeTarget }

func (renamed) Name() string { return "renamed" }

// The connection breaks with the last command of a recovery: it is found to be
// done, and the record is closed.
func TestARecoveryWithoutItsLastAnswer(t *testing.T) {
	for what, last := range map[push.Recovery]string{push.Resume: lastStep, push.Abandon: "del ours permit 10.1.0.5 443"} {
		w := crashed(t, stepwise, 9)
		w.fake.before = func(d *fakeDevice, line string) {
			if line == last {
				d.before, d.at, d.what = nil, d.lines+1, dropAfter
			}
		}
		o, err := w.eng.Recover(ctx, w.dev, what, push.Options{})
		want := []push.Stand{push.New, push.Old}[what]
		if err != nil || o.Stand != want || o.Open || o.Err != nil || len(o.Notes) != 1 || !strings.Contains(o.Notes[0], "found complete and finished") {
			t.Errorf("%v, %+v", err, o)
		}
	}
}

// While a recovery is approved somebody changes the device: it isn't done.
func TestARecoveryOfADeviceThatChanges(t *testing.T) {
	w := crashed(t, stepwise, 9)
	before := ours(w.fake.running)
	o, err := w.eng.Recover(ctx, w.dev, push.Resume, push.Options{Approve: func(*push.Planned) error {
		w.fake.running = append(w.fake.running, "other permit 10.9.0.9 22")
		return nil
	}})
	var stale *push.StaleError
	if err != nil || !o.Open || !errors.As(o.Err, &stale) || !slices.Equal(ours(w.fake.running), before) {
		t.Errorf("%v, %+v, running %q", err, o, w.fake.running)
	}
	recovers(t, "changed by others", w, push.Resume)
}

// A push that was cut off before it came to save anything is abandoned without
// saving: that would save what others have not saved.
func TestAbandonSavesNothingOfOthers(t *testing.T) {
	for _, c := range []struct {
		at    int
		saved bool
	}{{7, false}, {9, true}} { // after Prepare; in the middle
		w := crashed(t, stepwise, c.at)
		w.fake.running = append(w.fake.running, "other permit 10.9.0.9 22")
		o, err := w.eng.Recover(ctx, w.dev, push.Abandon, push.Options{})
		if err != nil || o.Err != nil || o.Stand != push.Old || slices.Contains(w.fake.startup, "other permit 10.9.0.9 22") != c.saved {
			t.Errorf("line %d: %v, %+v, startup %q", c.at, err, o, w.fake.startup)
		}
	}
}

// crashed is a world whose process ended after a line of a push.
func crashed(t *testing.T, k kind, at int) *world {
	t.Helper()
	w := newWorld(stateDir(t), k)
	w.fake.at, w.fake.what = at, crashAfter
	if !try(func() { _, _ = w.eng.Push(ctx, w.dev, push.Options{}) }) {
		t.Fatalf("line %d was not typed", at)
	}
	w.fake.heal()
	return w
}

// Abandon needs no policy: all is in the record.
func TestAbandonWithoutAPolicy(t *testing.T) {
	w := crashed(t, stepwise, 10)
	r, err := push.OpenRecord(w.eng.State, "edge")
	if err != nil || r == nil {
		t.Fatal(r, err)
	}
	if r.Target != "fake" || r.Firewall != "edge-fw" || r.Policy != "policy.hcl" || r.Who != "alice@desk" || r.Identity.Serial != "FK0001" || len(r.Steps) != 4 || string(r.Reach()) == "" {
		t.Errorf("record %+v", r)
	}
	if _, err := r.NewDevice(renamed{}, fakeDialogue{}); err == nil {
		t.Error("another target is taken")
	}
	d, err := r.NewDevice(fakeTarget{}, fakeDialogue{stepwise})
	if err != nil {
		t.Fatal(err)
	}
	d.Job = targets.Job{} // there is none
	if d.Name != "edge" || d.Admin != "nbfwc" || d.Hostname != "edge" || string(d.Reach) != `{"at":"192.0.2.1:22"}` {
		t.Errorf("device %+v", d)
	}
	w.dev = d
	recovers(t, "without a policy", w, push.Abandon)
}

// What was before isn't believed if the file of it was changed.
func TestAbandonWithAFileThatWasChanged(t *testing.T) {
	w := crashed(t, stepwise, 10)
	r, err := push.OpenRecord(w.eng.State, "edge")
	if err != nil || r == nil {
		t.Fatal(r, err)
	}
	if err := os.WriteFile(r.Dir+"/before.conf", []byte("hostname edge\nend\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	typed := len(w.fake.typed)
	if _, err := w.eng.Recover(ctx, w.dev, push.Abandon, push.Options{}); err == nil || !strings.Contains(err.Error(), "is not what was saved there") {
		t.Errorf("error %v", err)
	}
	if len(w.fake.typed) != typed {
		t.Errorf("typed %q", w.fake.typed[typed:])
	}
}

// A recovery shows what it would do, and isn't done if it isn't wanted.
func TestARecoveryThatIsNotWanted(t *testing.T) {
	w := crashed(t, stepwise, 9)
	before := slices.Clone(w.fake.running)
	o, err := w.eng.Recover(ctx, w.dev, push.Resume, push.Options{Approve: func(p *push.Planned) error {
		if len(p.Change.Steps) == 0 || p.Rules == 0 {
			t.Errorf("plan %+v", p)
		}
		return errors.New("no")
	}})
	if err != nil || o.Stand != push.Between || !o.Open || !slices.Equal(w.fake.running, before) {
		t.Errorf("%v, %+v, running %q", err, o, w.fake.running)
	}
	recovers(t, "not wanted", w, push.Resume)
}
