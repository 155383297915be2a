package push_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/nbfwc/nbfwc/push"
)

// The connection breaks while the push clears up behind itself, or the device
// refuses that once: it is done in another session. If it stays so, the record
// stays open, and the recovery clears up.
func TestClearingUpIsTriedAgain(t *testing.T) {
	for _, what := range []fault{refuse, dropBefore, dropAfter, deadAfter, deadBefore} {
		w := newWorld(stateDir(t), atomic)
		w.fake.before = func(d *fakeDevice, line string) {
			if strings.HasPrefix(line, "forget ") {
				d.before, d.at, d.what = nil, d.lines+1, what
			}
		}
		o, err := w.eng.Push(ctx, w.dev, push.Options{})
		left := what == deadAfter || what == deadBefore // it can't be asked any more
		if err != nil || o.Stand != push.New || o.Open != left || (o.Err != nil) != left || !left && len(w.fake.files) > 0 {
			t.Errorf("%s: %v, %+v, left %v", what, err, o, w.fake.files)
		}
		if !left {
			continue
		}
		w.fake.dead = false
		o, err = w.eng.Recover(ctx, w.dev, push.Resume, push.Options{})
		if err != nil || o.Stand != push.New || o.Open || o.Err != nil || len(w.fake.files) > 0 {
			t.Errorf("%s, resumed: %v, %+v, left %v", what, err, o, w.fake.files)
		}
	}
}

// After a failover in the middle of a push, it clears up on the unit that was
// active before, too.
func TestClearingUpOnTheFormerUnit(t *testing.T) {
	w := newPair(t, stepwise)
	w.fake.before = func(d *fakeDevice, line string) {
		if line == "identity" && slices.Contains(d.typed, lastStep) && !d.id.Standby {
			standby := w.units[0]
			d.before, d.id.Standby, d.peer = nil, true, nil
			standby.running, standby.id.Standby = slices.Clone(d.running), false
		}
	}
	// The first unit is asked first, and says still that it is on standby.
	o, err := w.eng.Push(ctx, w.dev, push.Options{})
	if err != nil || o.Stand != push.New || o.Open || len(o.Notes) > 0 || len(w.fake.files) > 0 || !slices.Equal(ours(w.units[0].startup), ours(newLines)) {
		t.Errorf("%v, %+v, left %v", err, o, w.fake.files)
	}
}
