package push_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nbfwc/nbfwc/push"
	"github.com/nbfwc/nbfwc/targets"
)

var ctx = context.Background()

// mustPush pushes and holds that all went well.
func (w *world) mustPush(t *testing.T, opt push.Options) *push.Outcome {
	t.Helper()
	o, err := w.eng.Push(ctx, w.dev, opt)
	if err != nil || o.Err != nil || o.Stand != push.New || o.Open {
		t.Fatalf("%v, %+v\ntyped %q", err, o, w.fake.typed)
	}
	return o
}

// nothingSent holds that a push was refused before anything was changed.
func (w *world) nothingSent(t *testing.T, o *push.Outcome, err error, why string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), why) || !strings.Contains(err.Error(), "device edge") {
		t.Errorf("the error doesn't say %q: %v", why, err)
	}
	if o != nil && (o.Stand != push.Unchanged || o.Open || o.ID != "") {
		t.Errorf("outcome %+v", o)
	}
	for _, d := range w.units {
		for _, l := range d.typed {
			if l != "identity" && l != "running" && l != "pending" {
				t.Errorf("%q was typed", l)
			}
		}
	}
	if records, err := push.History(w.eng.State, "edge"); err != nil || len(records) > 0 {
		t.Errorf("records %+v, %v", records, err)
	}
}

// A push reads in a session that can't change anything, asks, reads again,
// changes, and looks from a new session before it makes the change last.
func TestAPushInItsOrder(t *testing.T) {
	w := newWorld(stateDir(t), timed)
	var doing []string
	w.eng.Progress = func(_ *push.Device, s string) { doing = append(doing, s) }
	approved := 0
	o := w.mustPush(t, push.Options{Approve: func(p *push.Planned) error {
		approved = len(w.fake.typed)
		if p.Rules != 4 || len(p.Change.Steps) != 4 || p.Guarantee.Text == "" || p.Identity.Serial != "FK0001" {
			t.Errorf("the plan that is shown: %+v", p)
		}
		return nil
	}})
	want := []string{
		"identity", "running", "pending",
		"identity", "running", "pending",
		"backup " + o.ID, "arm " + o.ID + " 60",
		"add ours permit 10.1.0.4 1556", "add ours permit 10.1.0.5 443", "del ours permit 10.1.0.2 1556", "del ours permit 10.1.0.3 13724",
		"identity", "running", "disarm " + o.ID, "write", "forget " + o.ID,
	}
	if !slices.Equal(w.fake.typed, want) || approved != 3 || w.fake.dials != 3 {
		t.Errorf("typed %q, approved after %d lines, %d logins", w.fake.typed, approved, w.fake.dials)
	}
	if len(doing) < 8 {
		t.Errorf("progress %q", doing)
	}
}

// Fetch and Plan type nothing that changes anything: the session wouldn't let
// them.
func TestFetchAndPlanOnlyRead(t *testing.T) {
	w := newWorld(stateDir(t), atomic)
	dial := w.eng.Dial
	w.eng.Dial = func(ctx context.Context, d *push.Device, unit int, readOnly bool) (targets.Session, error) {
		if !readOnly {
			t.Error("a session that can change something")
		}
		return dial(ctx, d, unit, readOnly)
	}
	f, err := w.eng.Fetch(ctx, w.dev)
	if err != nil || f.Config.Hostname != "edge" || len(f.Text) == 0 || f.Apart != "" {
		t.Errorf("%v, %+v", err, f)
	}
	p, err := w.eng.Plan(ctx, w.dev, targets.PlanOptions{})
	if err != nil || len(p.Change.Steps) != 4 {
		t.Errorf("%v, %+v", err, p)
	}
	if _, err := os.Stat(w.eng.State + "/edge"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("reading has left something in the state directory: %v", err)
	}
}

// What is there already isn't pushed, and makes no record.
func TestAPushOfNothing(t *testing.T) {
	w := newWorld(stateDir(t), stepwise)
	w.mustPush(t, push.Options{})
	typed := len(w.fake.typed)
	o, err := w.eng.Push(ctx, w.dev, push.Options{Limit: 1, Approve: func(*push.Planned) error { return errors.New("asked") }})
	if err != nil || o.Err != nil || o.Stand != push.Unchanged || o.Result == nil || len(w.fake.typed) != typed+3 {
		t.Errorf("%v, %+v, typed %q", err, o, w.fake.typed[typed:])
	}
	if records, err := push.History(w.eng.State, "edge"); err != nil || len(records) != 1 {
		t.Errorf("%d records, %v", len(records), err)
	}
}

// What a push refuses before anything is sent.
func TestRefusedBeforeAnythingIsSent(t *testing.T) {
	mgmt := [2]netip.AddrPort{netip.MustParseAddrPort("10.1.0.2:50000"), netip.MustParseAddrPort("10.0.0.1:1556")}
	cases := []struct {
		name string
		set  func(w *world, opt *push.Options)
		why  string
	}{
		{"the device has another name", func(w *world, _ *push.Options) { w.dev.Hostname = "core" }, `calls itself edge, the policy says hostname = "core"`},
		{"the device has another serial number", func(w *world, _ *push.Options) { w.dev.Serials = []string{"FK0002"} }, "has the serial number FK0001, the policy says FK0002"},
		{"the device runs another version", func(w *world, _ *push.Options) { w.dev.OS = "9.2" }, `runs version 9.1(2), the policy says os = "9.2"`},
		{"the configuration is of another version", func(w *world, _ *push.Options) { w.fake.id.Version, w.dev.Target = "9.1", aged{} }, "the configuration is of version 7.0"},
		{"the unit is on standby", func(w *world, _ *push.Options) { w.fake.id.Standby = true }, "is the standby unit of a pair"},
		{"a manager writes the rules", func(w *world, _ *push.Options) { w.dev.Target = managed{} }, "managed by Panorama"},
		{"there is no plan", func(w *world, _ *push.Options) { w.fake.running = append(w.fake.running, "other deny any 666") }, "it hides all of ours"},
		{"others have not saved", func(w *world, _ *push.Options) { w.fake.others = []string{"bob has edited 3 lines"} }, "bob has edited 3 lines: others have work on the device"},
		{"more rules than the limit", func(_ *world, o *push.Options) { o.Limit = 3 }, "changes 4 rules, the limit is 3"},
		{"nobody wants it", func(_ *world, o *push.Options) {
			o.Approve = func(*push.Planned) error { return errors.New("device edge: no") }
		}, "no"},
		{"the saved plan is of another configuration", func(_ *world, o *push.Options) { o.Saved = &push.SavedPlan{Digest: "of yesterday"} }, "the saved plan is stale: it was made for another configuration"},
		{"the saved plan has other steps", func(_ *world, o *push.Options) {
			o.Saved = &push.SavedPlan{Digest: strings.Join(oldLines, ";"), Steps: []targets.Step{{Why: "x", Commands: []string{"add x"}}}}
		}, "the saved plan is stale: the policy asks for other commands"},
		{"somebody changes the device while it is approved", func(w *world, o *push.Options) {
			o.Approve = func(*push.Planned) error {
				w.fake.running = append(w.fake.running, "other permit 10.9.0.9 22")
				return nil
			}
		}, "somebody has changed the device since the plan was made; nothing was sent"},
		{"somebody begins something while it is approved", func(w *world, o *push.Options) {
			o.Approve = func(*push.Planned) error { w.fake.others = []string{"bob locks it"}; return nil }
		}, "bob locks it"},
		{"another device answers after it was approved", func(w *world, o *push.Options) {
			o.Approve = func(*push.Planned) error { w.fake.id.Serial = "FK0777"; return nil }
		}, "it is another device"},
		{"the plan would cut our own session", func(w *world, _ *push.Options) { w.fake.ends = mgmt }, "the plan would cut this session (any > (self): 10.1.0.2 -> 10.0.0.1 tcp 50000 -> 1556: now it passes, afterwards it is dropped)"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(stateDir(t), stepwise)
			opt := push.Options{}
			c.set(w, &opt)
			o, err := w.eng.Push(ctx, w.dev, opt)
			w.nothingSent(t, o, err, c.why)
		})
	}
}

// A plan says already that it would cut our session; and if the session that
// makes the change comes from another address, that one counts.
func TestAPlanThatCutsOurSession(t *testing.T) {
	mgmt := [2]netip.AddrPort{netip.MustParseAddrPort("10.1.0.2:50000"), netip.MustParseAddrPort("10.0.0.1:1556")}
	w := newWorld(stateDir(t), stepwise)
	o, err := w.eng.Push(ctx, w.dev, push.Options{Approve: func(*push.Planned) error { w.fake.ends = mgmt; return nil }})
	w.nothingSent(t, o, err, "the plan would cut this session")
	p, err := w.eng.Plan(ctx, w.dev, targets.PlanOptions{})
	if err != nil || p.Change != nil || len(p.Refused) != 1 || !strings.Contains(p.Refused[0].Why, "management { from = [...] }") {
		t.Errorf("%v, %+v", err, p)
	}
}

// aged is a target whose configurations state an old version, managed one whose
// device obeys a manager.
type (
	aged    struct{ fakeTarget }
	managed struct{ fakeTarget }
)

func (aged) Parse(r io.Reader, o targets.ParseOptions) (*targets.Config, error) {
	c, err := fakeTarget{}.Parse(r, o)
	if c != nil {
		c.OS = "7.0"
	}
	return c, err
}

func (managed) Parse(r io.Reader, o targets.ParseOptions) (*targets.Config, error) {
	c, err := fakeTarget{}.Parse(r, o)
	if c != nil {
		c.Manager = "Panorama"
	}
	return c, err
}

// A managed device is pushed to where the policy says that its own rules count,
// and a session that the plan leaves alone is no reason to refuse it.
func TestWhatIsNotRefused(t *testing.T) {
	w := newWorld(stateDir(t), stepwise)
	w.dev.Target, w.dev.LocalRules = managed{}, true
	w.fake.ends = [2]netip.AddrPort{netip.MustParseAddrPort("10.1.0.1:50000"), netip.MustParseAddrPort("10.0.0.1:1556")}
	p, err := w.eng.Plan(ctx, w.dev, targets.PlanOptions{})
	if err != nil {
		t.Fatal(err)
	}
	w.mustPush(t, push.Options{Limit: 4, Saved: &push.SavedPlan{Digest: p.Config.Digest, Steps: p.Change.Steps}})
}

// While the change is made somebody else changes an address translation: the
// push is undone, and the outcome says why.
func TestSomebodyChangesTheDeviceDuringThePush(t *testing.T) {
	for _, c := range []struct{ line, why string }{
		{"nat 10.1.0.1 192.0.2.1", "the rules that change addresses were changed by somebody else"},
		{"other permit 10.9.0.9 22", "10.9.0.9 -> 0.0.0.0 tcp 49152 -> 22: by the device it passes, by the plan it is dropped"},
	} {
		w := newWorld(stateDir(t), stepwise)
		w.fake.before = func(d *fakeDevice, line string) {
			if strings.HasPrefix(line, "del ") && !slices.Contains(d.running, c.line) {
				d.running = append(d.running, c.line)
			}
		}
		o, err := w.eng.Push(ctx, w.dev, push.Options{})
		if err != nil || o.Stand != push.Old || o.Open || o.Err == nil || !strings.Contains(o.Err.Error(), c.why) {
			t.Errorf("%s: %v, %+v", c.line, err, o)
		}
		if !slices.Equal(ours(w.fake.running), ours(oldLines)) || !slices.Contains(w.fake.running, c.line) {
			t.Errorf("%s: running %q", c.line, w.fake.running)
		}
		if len(o.Notes) != 1 || !strings.Contains(o.Notes[0], "others have changed the device meanwhile") {
			t.Errorf("notes %q", o.Notes)
		}
	}
}

// Rule sets that are too large to compare are no reason to undo a push whose
// plan is done; it is said.
func TestADeviceTooLargeToCompare(t *testing.T) {
	for _, limit := range []int{0, 1} {
		w := newWorld(stateDir(t), stepwise)
		w.eng.SetLimit(limit)
		w.fake.before = func(d *fakeDevice, line string) {
			if line == "running" && slices.Contains(d.typed, lastStep) {
				d.running = append(d.running, "other permit 10.9.0.1 22", "other deny 10.1.0.1 13724") // which change nothing
			}
		}
		o := w.mustPush(t, push.Options{})
		if told := len(o.Notes) == 1 && strings.Contains(o.Notes[0], "not packet by packet"); told != (limit == 1) {
			t.Errorf("limit %d: %q", limit, o.Notes)
		}
	}
}

// The device stops taking commands in the middle of a push, and doesn't take
// those that undo it either: it stands between, and says so. When it takes
// commands again the push can be finished or undone.
func TestADeviceThatTakesNothingMore(t *testing.T) {
	for _, what := range []push.Recovery{push.Resume, push.Abandon} {
		w := newWorld(stateDir(t), stepwise)
		w.fake.before = func(d *fakeDevice, line string) {
			if strings.HasPrefix(line, "add ours permit 10.1.0.5") || strings.HasPrefix(line, "del ") {
				d.at, d.what = d.lines+1, refuse
			}
		}
		o, err := w.eng.Push(ctx, w.dev, push.Options{})
		if err != nil || o.Stand != push.Between || !o.Open || o.Result == nil {
			t.Fatalf("%v, %+v", err, o)
		}
		isTrue(t, "stuck", w, o, err)
		if !strings.Contains(o.Err.Error(), "add ours permit 10.1.0.5") || !strings.Contains(o.Err.Error(), "undoing it: ") {
			t.Errorf("error %v", o.Err)
		}
		o, err = w.eng.Recover(ctx, w.dev, what, push.Options{})
		if err != nil || o.Stand != push.Between || !o.Open {
			t.Errorf("a recovery meanwhile: %v, %+v", err, o)
		}
		w.fake.heal()
		recovers(t, "stuck", w, what)
	}
}

// The disk of the device is full: it does what it should, and would not after a
// restart. When there is room the push can be finished or undone.
func TestADeviceThatCantSave(t *testing.T) {
	for _, what := range []push.Recovery{push.Resume, push.Abandon} {
		w := newWorld(stateDir(t), stepwise)
		w.fake.stored = true
		o, err := w.eng.Push(ctx, w.dev, push.Options{})
		if err != nil || o.Stand != push.Unsaved || !o.Open || !strings.Contains(o.Err.Error(), "no space left on device") {
			t.Fatalf("%v, %+v", err, o)
		}
		isTrue(t, "full", w, o, err)
		o, err = w.eng.Recover(ctx, w.dev, push.Resume, push.Options{})
		if err != nil || o.Stand != push.Unsaved || !o.Open {
			t.Errorf("a recovery meanwhile: %v, %+v", err, o)
		}
		w.fake.heal()
		recovers(t, "full", w, what)
	}
}

// Ctrl-C between two commands: the push stops there and is undone.
func TestAPushThatIsStoppedIsUndone(t *testing.T) {
	for _, k := range []kind{stepwise, atomic, timed} {
		for at := 7; at <= 12; at++ {
			w := newWorld(stateDir(t), k)
			stopped, stop := context.WithCancel(ctx)
			w.fake.before = func(d *fakeDevice, _ string) {
				if d.lines+1 == at {
					stop()
				}
			}
			o, err := w.eng.Push(stopped, w.dev, push.Options{})
			where := fmt.Sprintf("%s, stopped at %d", k, at)
			if err != nil || o.Stand == push.Old && !strings.Contains(o.Err.Error(), "stopped between two commands: context canceled") || o.Open {
				t.Errorf("%s: %v, %+v", where, err, o)
			}
			isTrue(t, where, w, o, err)
			if k == stepwise && 8 < at && at < 11 && (o.Stand != push.Old || slices.Contains(w.fake.typed, lastStep)) {
				t.Errorf("%s: %+v, typed %q", where, o, w.fake.typed)
			}
			stop()
		}
	}
}

// lastStep is the last command of the change.
const lastStep = "del ours permit 10.1.0.3 13724"

// Ctrl-C before anything is sent.
func TestAPushThatIsStoppedBeforeItBegins(t *testing.T) {
	w := newWorld(stateDir(t), stepwise)
	stopped, stop := context.WithCancel(ctx)
	defer stop()
	o, err := w.eng.Push(stopped, w.dev, push.Options{Approve: func(*push.Planned) error { stop(); return nil }})
	if !errors.Is(err, context.Canceled) || o.Stand != push.Unchanged {
		t.Errorf("%v, %+v", err, o)
	}
	if slices.ContainsFunc(w.fake.typed, func(l string) bool { return strings.HasPrefix(l, "backup") }) {
		t.Errorf("typed %q", w.fake.typed)
	}
}

// A second Ctrl-C gives up: the device isn't asked any more, and the record is
// open.
func TestAPushThatIsGivenUp(t *testing.T) {
	w := newWorld(stateDir(t), stepwise)
	giveUp := make(chan struct{})
	closed := make(chan struct{})
	w.fake.before = func(d *fakeDevice, line string) {
		if strings.HasPrefix(line, "del ") {
			close(giveUp)
			d.before, d.dead = nil, true
			close(closed)
		}
	}
	o, err := w.eng.Push(ctx, w.dev, push.Options{GiveUp: giveUp})
	<-closed
	if err != nil || o.Stand != push.Unknown || !o.Open || o.Err == nil {
		t.Fatalf("%v, %+v", err, o)
	}
	w.fake.heal()
	recovers(t, "given up", w, push.Abandon)
}

// A device that is out of reach for a while after the change is waited for.
func TestADeviceThatComesBack(t *testing.T) {
	w := newWorld(stateDir(t), timed)
	w.fake.at, w.fake.what = 12, deadAfter // with the last command
	began := w.clock.now()
	w.eng.Wait = func(ctx context.Context, d time.Duration) error {
		if w.clock.pass(d); w.clock.now().Sub(began).Seconds() > 40 {
			w.fake.heal()
		}
		return ctx.Err()
	}
	o, err := w.eng.Push(ctx, w.dev, push.Options{})
	if err != nil || o.Stand != push.Old || o.Open {
		t.Errorf("%v, %+v", err, o)
	}
	isTrue(t, "came back", w, o, err)
}

// refusedLogin is an error that doesn't go away.
type refusedLogin struct{}

func (refusedLogin) Error() string   { return "the password was refused" }
func (refusedLogin) Permanent() bool { return true }

// A login that is refused isn't tried again, since that can lock the account.
func TestARefusedLoginIsTriedOnce(t *testing.T) {
	w := newWorld(stateDir(t), stepwise)
	dial, logins := w.eng.Dial, 0
	w.eng.Dial = func(ctx context.Context, d *push.Device, unit int, readOnly bool) (targets.Session, error) {
		if logins++; logins > 2 {
			return nil, refusedLogin{}
		}
		return dial(ctx, d, unit, readOnly)
	}
	o, err := w.eng.Push(ctx, w.dev, push.Options{})
	if err != nil || o.Stand != push.Unknown || !o.Open || logins != 3 {
		t.Errorf("%d logins: %v, %+v", logins, err, o)
	}
}
