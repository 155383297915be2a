package push

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/nbfwc/nbfwc/targets"
)

// A run is the work on one device, from the lock to the outcome.
type run struct {
	e *Engine
	d *Device
	// soft is done when the push is to be stopped and undone, hard when nothing
	// more is to be done. stoppable says that soft counts now.
	soft, hard context.Context
	stoppable  bool
	rescuing   bool // the device is being put right after an error

	dir   string // of the device
	id    string
	j     *journal // nil before the record is there
	in    string   // the record's directory
	known []targets.Identity
	// before is what the device did before the push, and text how it said it.
	before *targets.Config
	text   []byte
	opt    targets.PlanOptions
	// attempts are all pushes on the device, the last one now; confirming says
	// that one of them came to Confirm, so that what the device begins with
	// after a restart may have changed.
	attempts   []*targets.Push
	confirming bool
	uncleared  error // why the device isn't cleared up
	notes      []string
}

// A goalName is where an attempt is to lead.
type goalName string

const (
	toNew goalName = "new"
	toOld goalName = "old"
)

// What a journal calls the phases.
const (
	phasePrepare = "prepare"
	phaseApply   = "apply"
	phaseVerify  = "verify"
	phaseConfirm = "confirm"
	phaseFinish  = "finish"
	phaseSettle  = "settle"
)

func (e *Engine) timeout() time.Duration {
	if e.Timeout > 0 {
		return e.Timeout
	}
	return DefaultTimeout
}

func (x *run) progress(doing string) { x.e.progress(x.d, doing) }

// phase begins a phase, in the journal and for people.
func (x *run) phase(name, doing string) {
	x.write(Entry{What: Phase, Text: name}, true)
	x.progress(doing)
}

// plan is what leads from have to a goal.
func (x *run) plan(g goalName, have *targets.Config) (*targets.Change, []targets.Problem) {
	var c *targets.Change
	var problems []targets.Problem
	if g == toNew {
		c, problems = x.d.Target.Plan(have, x.d.Job, x.opt)
	} else {
		c, problems = x.d.Target.Restore(have, x.before)
	}
	if len(problems) == 0 && c == nil {
		problems = []targets.Problem{{Why: "there is no plan"}}
	}
	return c, problems
}

// there says why a device that was read isn't where an attempt was to lead, nil
// if it is. want is what the attempt promised; nil if that isn't known.
func (x *run) there(g goalName, have *targets.Config, want *targets.Change) error {
	rest, problems := x.plan(g, have)
	switch {
	case len(problems) > 0:
		return &RefusedError{x.d.Name, problems}
	case len(rest.Steps) > 0:
		return fmt.Errorf("device %s: it doesn't hold what was sent: there is still to do: %s (%d steps)", x.d.Name, rest.Steps[0].Why, len(rest.Steps))
	case want == nil:
		return nil
	}
	why, err := differ(&have.RuleSet, &want.Result, "the device", "the plan", x.e.limit)
	if err != nil {
		// There is nothing more to do by the plan; that has to do.
		x.tell("what the device does was compared with the plan command by command, and not packet by packet: %v", err)
	}
	if why != "" {
		return fmt.Errorf("device %s: it does something else than was planned: %s", x.d.Name, why)
	}
	if !sameNAT(have, x.before) {
		return fmt.Errorf("device %s: the rules that change addresses were changed by somebody else during the push", x.d.Name)
	}
	return nil
}

// begin adds an attempt to the record and to the run.
func (x *run) begin(g goalName, l *login, f *Fetched, c *targets.Change) error {
	p := &planFile{
		ID: x.id + attemptSuffix(len(x.attempts)), Goal: g, Began: x.e.Now().UTC(), Who: x.e.Who, Digest: f.Config.Digest,
		Identity: l.id, Identities: l.identities(), Timeout: x.e.timeout(), Steps: c.Steps, Device: factsOf(x.d),
	}
	p.Device.Prefix = x.d.prefix()
	if len(x.attempts) == 0 {
		j, in, err := createRecord(x.dir, p, f.Text, x.e.Now)
		if err != nil {
			return fmt.Errorf("device %s: the record of the push: %w", x.d.Name, err)
		}
		x.j, x.in = j, in
	} else if err := x.addAttempt(p, f.Text); err != nil {
		return err
	}
	push := p.push(f.Text, c)
	push.Note = func(s string) { x.note("%s", s) }
	x.attempts = append(x.attempts, push)
	return nil
}

// addAttempt writes a further attempt into the record. Where the device is being
// put right again, that comes before the record.
func (x *run) addAttempt(p *planFile, before []byte) error {
	x.note("attempt %d: to the %s state, %d steps", len(x.attempts)+1, p.Goal, len(p.Steps))
	err := p.save(x.in, len(x.attempts), before)
	syncDir(x.in)
	if err != nil && !x.rescuing {
		return fmt.Errorf("device %s: the record of the push: %w", x.d.Name, err)
	}
	if err != nil {
		x.tell("the record of the push can't be written: %v", err)
	}
	return nil
}

func (x *run) last() *targets.Push { return x.attempts[len(x.attempts)-1] }

// carry makes a change in a session that was opened for it, and sees in a new
// one that the device does what it promised and goes on doing so. It is what
// the device then has. The first session is closed.
func (x *run) carry(g goalName, l *login, f *Fetched, c *targets.Change) (*targets.Config, error) {
	defer l.close()
	if err := x.begin(g, l, f, c); err != nil {
		return nil, err
	}
	x.stoppable = !x.rescuing
	defer func() { x.stoppable = false }()
	x.phase(phasePrepare, "preparing the change")
	if err := x.d.Dialogue.Prepare(x.hard, l.s, x.last()); err != nil {
		return nil, fmt.Errorf("device %s: preparing the change: %w", x.d.Name, err)
	}
	x.phase(phaseApply, "making the change")
	if err := x.d.Dialogue.Apply(x.hard, l.s, x.last()); err != nil {
		return nil, fmt.Errorf("device %s: making the change: %w", x.d.Name, err)
	}
	x.stoppable = false
	l.close()
	x.phase(phaseVerify, "verifying the change in a new session")
	next, err := x.reach()
	if err != nil {
		return nil, &lostError{fmt.Errorf("device %s: it can't be asked whether the change is there: %w", x.d.Name, err)}
	}
	defer next.close()
	_, now, err := read(x.hard, x.d, next.s)
	if err != nil {
		return nil, err
	}
	if err := x.there(g, now, c); err != nil {
		return nil, err
	}
	return now, x.confirm(next)
}

// lostError says that the device was tried for long enough.
type lostError struct{ error }

func (e *lostError) Unwrap() error { return e.error }

// confirm makes what the last attempt did last, and clears up behind all.
func (x *run) confirm(l *login) error {
	x.phase(phaseConfirm, "making the change last over a restart")
	x.confirming = true
	if err := x.d.Dialogue.Confirm(x.hard, l.s, x.last()); err != nil {
		return fmt.Errorf("device %s: making the change last over a restart: %w", x.d.Name, err)
	}
	x.finish(l)
	return nil
}

// maxFinish is how often clearing up is tried.
const maxFinish = 3

// finish clears up on the device. If the connection breaks meanwhile it logs in
// again, since what is left can be a lock that keeps others out. If nothing
// helps, the record stays open for it.
func (x *run) finish(l *login) {
	x.phase(phaseFinish, "clearing up")
	err := x.finishAll(l)
	for tries := 1; err != nil && tries < maxFinish; tries++ {
		x.note("clearing up: %v", err)
		next, lost := x.reach()
		if lost != nil {
			break
		}
		err = x.finishAll(next)
		next.close()
	}
	if x.uncleared = err; err != nil {
		x.tell("something that the push needed, a file or a lock called %s, may be left on the device; it is removed when the push is resumed or abandoned", x.id)
	}
}

// finishAll clears up behind all attempts, each on the unit it was made on.
func (x *run) finishAll(l *login) error {
	for _, p := range x.attempts {
		if err := x.d.Dialogue.Finish(x.hard, l.s, p); err != nil {
			return err
		}
		if sameUnit(l.id, p.Identity) || l.peer == nil {
			continue
		}
		if err := x.d.Dialogue.Finish(x.hard, l.peer, p); err != nil {
			return err
		}
	}
	return nil
}

// tell adds a note to the outcome and the journal.
func (x *run) tell(format string, args ...any) {
	s := fmt.Sprintf(format, args...)
	if !slices.Contains(x.notes, s) {
		x.notes = append(x.notes, s)
	}
	x.note("%s", s)
}

// settled asks the device where it stands: in a new session, after everything
// of ours that was open on it is ended.
func (x *run) settled() (*login, *Fetched, error) {
	l, err := x.reach()
	if err != nil {
		return nil, nil, err
	}
	x.phase(phaseSettle, "asking the device where it stands")
	err = x.settle(l.s, "")
	if err == nil && !sameUnit(l.id, x.last().Identity) {
		x.settleFormer(l)
	}
	l.close()
	if err != nil {
		return nil, nil, fmt.Errorf("device %s: ending what the push left open on it: %w", x.d.Name, err)
	}
	return x.anew()
}

func (x *run) settle(s targets.Session, where string) error {
	found, err := x.d.Dialogue.Settle(x.hard, s, x.last())
	for _, f := range found {
		x.note("found%s: %s", where, f)
	}
	return err
}

// settleFormer ends what the push left open on the unit of a pair that was
// active then and isn't any more: edits and locks stay where they were made.
func (x *run) settleFormer(l *login) {
	err := errors.New(l.apart)
	if l.peer != nil {
		err = x.settle(l.peer, " on the unit that was active before")
	}
	if err != nil {
		x.tell("the push was made on the unit that is not active any more, where edits or locks of it can be left: %v", err)
	}
}

// anew logs in once more, to read what the device runs and go on from there.
func (x *run) anew() (*login, *Fetched, error) {
	l, err := x.reach()
	if err != nil {
		return nil, nil, err
	}
	f := &Fetched{Identity: l.id, Unit: l.unit, At: x.e.Now()}
	if f.Text, f.Config, err = read(x.hard, x.d, l.s); err != nil {
		l.close()
		return nil, nil, err
	}
	return l, f, nil
}

// end closes the record, or leaves it open for somebody to go on with.
func (x *run) end(o *Outcome, open bool) *Outcome {
	e := Entry{What: Ended, Stand: o.Stand}
	if open {
		e.What = Left
	}
	if o.Err != nil {
		e.Text = o.Err.Error()
	}
	x.write(e, true)
	o.ID, o.Open, o.Notes = x.id, open, x.notes
	if x.j.err != nil {
		o.Open = true
		o.Notes = append(o.Notes, x.j.err.Error()+"; the device will be asked again by -resume or -abandon")
	}
	return o
}

// context makes the two contexts of a run from that of the caller.
func (x *run) context(ctx context.Context, giveUp <-chan struct{}) (stop func()) {
	hard, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	x.soft, x.hard = ctx, hard
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		select {
		case <-giveUp:
			cancel(errGivenUp)
		case <-done:
		}
	}()
	return func() {
		close(done)
		<-ended
		cancel(nil)
	}
}

var errGivenUp = errors.New("given up by the user")
