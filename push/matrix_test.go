package push_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/nbfwc/nbfwc/push"
)

func TestMain(m *testing.M) {
	if slices.Contains(os.Args, lockHelper) {
		os.Exit(holdLock(os.Args[len(os.Args)-1]))
	}
	goleak.VerifyTestMain(m)
}

// try does what may crash.
func try(work func()) (crashed bool) {
	defer func() {
		if r := recover(); r != nil {
			if _, ok := r.(crash); !ok {
				panic(r)
			}
			crashed = true
		}
	}()
	work()
	return false
}

// cleanLines is how many lines a push without faults types.
func cleanLines(t *testing.T, k kind) int {
	w := newWorld(stateDir(t), k)
	o, err := w.eng.Push(context.Background(), w.dev, push.Options{})
	if err != nil || o.Err != nil || o.Stand != push.New {
		t.Fatalf("a push without faults: %v, %+v", err, o)
	}
	return w.fake.lines
}

// At every line of a push, everything that can go wrong goes wrong once. After
// each, what is reported is true, a record that is left open can be resumed and
// abandoned, and on the way every packet was treated as by the old or by the new
// configuration.
func TestAFaultAtEveryLineOfAPush(t *testing.T) {
	for _, k := range []kind{stepwise, atomic, timed, early} {
		n := cleanLines(t, k)
		for what := refuse; what <= crashAfter; what++ {
			t.Run(fmt.Sprintf("%s, %s", k, what), func(t *testing.T) {
				t.Parallel()
				seen := map[push.Stand]int{}
				for at := 1; at <= n; at += min(everyNth, 2) {
					state := stateDir(t)
					w := newWorld(state, k)
					w.fake.at, w.fake.what = at, what
					var o *push.Outcome
					var err error
					crashed := try(func() { o, err = w.eng.Push(context.Background(), w.dev, push.Options{}) })
					where := fmt.Sprintf("line %d of %d (%q)", at, n, lastOf(w.fake.typed))
					if !crashed {
						isTrue(t, where, w, o, err)
						seen[standOf(o, err)]++
					}
					bothWays(t, where, w, k)
					if t.Failed() {
						return
					}
				}
				t.Logf("where the devices stood: %v", seen)
			})
		}
	}
}

func lastOf(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[len(list)-1]
}

func standOf(o *push.Outcome, err error) push.Stand {
	if err != nil || o == nil {
		return push.Unchanged
	}
	return o.Stand
}

// isTrue holds that what an outcome says is so.
func isTrue(t *testing.T, where string, w *world, o *push.Outcome, err error) {
	t.Helper()
	d := w.fake
	d.mu.Lock()
	defer d.mu.Unlock()
	d.tick()
	have, boot := ours(d.running), ours(d.startup)
	isNew, isOld := slices.Equal(have, ours(newLines)), slices.Equal(have, ours(oldLines))
	fail := func(why string) {
		t.Errorf("%s: %s; outcome %+v, error %v\nrunning %q\nstartup %q\ntyped %q", where, why, o, err, d.running, d.startup, d.typed)
	}
	if d.broken != "" {
		fail(d.broken)
	}
	s := standOf(o, err)
	// A device that can't be cleared up is new, or old, and its record stays open.
	uncleared := err == nil && o.Err != nil && strings.Contains(o.Err.Error(), "clearing up: ")
	if err == nil && (o.Err == nil) != ((s == push.New || s == push.Unchanged) && !uncleared) {
		fail("an error is there if and only if the new state isn't reached, or not cleared up")
	}
	switch s {
	case push.Unchanged:
		if !isOld || !slices.Equal(boot, ours(oldLines)) {
			fail("something was changed")
		}
	case push.New:
		if !isNew || !slices.Equal(boot, ours(newLines)) || d.armedBy != "" {
			fail("it isn't new, or won't stay so")
		}
	case push.Old:
		if !isOld || d.armedBy != "" || !o.Open && !slices.Equal(boot, ours(oldLines)) {
			fail("it isn't old, or won't stay so")
		}
	case push.Between:
		if isNew || isOld {
			fail("it isn't between")
		}
	case push.Unsaved:
		if !isNew {
			fail("it isn't new")
		}
	}
	if o != nil && o.Open != (s == push.Between || s == push.Unknown || s == push.Unsaved || uncleared) && s != push.Old {
		fail("a record is open if and only if there is something to finish")
	}
	r, recordErr := push.OpenRecord(w.eng.State, "edge")
	if recordErr != nil || (r != nil) != (o != nil && o.Open) || r != nil && r.Stand != s {
		fail(fmt.Sprintf("the record says something else: %+v, %v", r, recordErr))
	}
	if o != nil && !o.Open && o.ID != "" && len(d.files) > 0 && len(o.Notes) == 0 {
		fail("something is left on the device, and nobody says so")
	}
}

// bothWays resumes and abandons what a push has left, each on a copy of the
// device and of the records.
func bothWays(t *testing.T, where string, w *world, k kind) {
	t.Helper()
	r, err := push.OpenRecord(w.eng.State, "edge")
	if err != nil {
		t.Fatalf("%s: %v", where, err)
	}
	if r == nil {
		if left := ours(w.fake.running); !slices.Equal(left, ours(oldLines)) && !slices.Equal(left, ours(newLines)) {
			t.Fatalf("%s: the device is between, and no record is open", where)
		}
		return
	}
	for _, what := range []push.Recovery{push.Resume, push.Abandon} {
		state := stateDir(t)
		if err := os.CopyFS(state, os.DirFS(w.eng.State)); err != nil {
			t.Fatal(err)
		}
		private(t, state)
		copied := &world{}
		copied.on(state, k, w.fake.clone())
		recovers(t, where, copied, what)
	}
}

// private gives copied records the rights that they had.
func private(t *testing.T, state string) {
	t.Helper()
	err := filepath.WalkDir(state, func(path string, d os.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			err = os.Chmod(path, 0o700)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func recovers(t *testing.T, where string, w *world, what push.Recovery) {
	t.Helper()
	w.refusesAPush(t, where)
	o, err := w.eng.Recover(context.Background(), w.dev, what, push.Options{})
	want := push.New
	if what == push.Abandon {
		want = push.Old
	}
	if err != nil || o.Err != nil || o.Stand != want || o.Open {
		t.Errorf("%s: recovery %d: %v, %+v\nrunning %q\ntyped %q", where, what, err, o, w.fake.running, w.fake.typed)
		return
	}
	o.Err = map[bool]error{true: errors.New("old"), false: nil}[want == push.Old] // for isTrue
	isTrue(t, fmt.Sprintf("%s, then recovery %d", where, what), w, o, nil)
	if r, err := push.OpenRecord(w.eng.State, "edge"); r != nil || err != nil {
		t.Errorf("%s: the record is still open: %+v, %v", where, r, err)
	}
}

func (w *world) refusesAPush(t *testing.T, where string) {
	t.Helper()
	typed := len(w.fake.typed)
	_, err := w.eng.Push(context.Background(), w.dev, push.Options{})
	var unfinished *push.UnfinishedError
	if !errors.As(err, &unfinished) || len(w.fake.typed) != typed {
		t.Errorf("%s: another push is taken while one is open: %v", where, err)
	}
}

// A recovery can be cut off as well, at every line, and be asked for again.
func TestAFaultAtEveryLineOfARecovery(t *testing.T) {
	for _, k := range []kind{stepwise, atomic, timed, early} {
		for _, what := range []push.Recovery{push.Resume, push.Abandon} {
			for _, broken := range []fault{refuse, dropBefore, dropAfter, deadBefore, deadAfter, crashBefore, crashAfter} {
				t.Run(fmt.Sprintf("%s, %d, %s", k, what, broken), func(t *testing.T) {
					t.Parallel()
					for at := 7; at <= 15; at += 4 { // from the first command that changes something
						state := stateDir(t)
						w := newWorld(state, k)
						w.fake.at, w.fake.what = at, crashAfter
						if !try(func() { _, _ = w.eng.Push(context.Background(), w.dev, push.Options{}) }) {
							continue
						}
						if r, err := push.OpenRecord(state, "edge"); err != nil || r == nil {
							continue
						}
						everyLine(t, w, k, what, broken)
						if t.Failed() {
							return
						}
					}
				})
			}
		}
	}
}

func everyLine(t *testing.T, w *world, k kind, what push.Recovery, broken fault) {
	for at := 1; ; at++ {
		state := stateDir(t)
		if err := os.CopyFS(state, os.DirFS(w.eng.State)); err != nil {
			t.Fatal(err)
		}
		private(t, state)
		c := &world{}
		c.on(state, k, w.fake.clone())
		c.fake.at, c.fake.what = at, broken
		var o *push.Outcome
		var err error
		crashed := try(func() { o, err = c.eng.Recover(context.Background(), c.dev, what, push.Options{}) })
		if c.fake.lines < at {
			return
		}
		where := fmt.Sprintf("recovery %d, line %d (%q)", what, at, lastOf(c.fake.typed))
		if !crashed {
			recoveryIsTrue(t, where, c, o, err)
		}
		bothWays(t, where, c, k)
		if t.Failed() {
			return
		}
	}
}

func recoveryIsTrue(t *testing.T, where string, w *world, o *push.Outcome, err error) {
	t.Helper()
	if err != nil {
		t.Errorf("%s: %v", where, err)
		return
	}
	if o.Stand == push.Old && o.Err == nil {
		o.Err = errors.New("old")
	}
	isTrue(t, where, w, o, nil)
}
