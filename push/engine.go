package push

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"

	"github.com/nbfwc/nbfwc/targets"
)

// StaleError says that a device isn't what a plan was made for.
type StaleError struct{ Device, Why string }

func (e *StaleError) Error() string { return fmt.Sprintf("device %s: %s", e.Device, e.Why) }

// UnfinishedError says that an earlier push has to be finished or undone first.
type UnfinishedError struct{ Record *Record }

func (e *UnfinishedError) Error() string {
	r := e.Record
	s := fmt.Sprintf("device %s: push %s by %s is not finished", r.Device, r.ID, printable(r.Who))
	if r.Stand != "" {
		s += fmt.Sprintf(" (the device stood %s)", r.Stand)
	}
	if r.Damage != "" {
		s += "; " + r.Damage
	}
	return s + fmt.Sprintf("; finish it with nbfwc push -resume %s, or undo it with nbfwc push -abandon %s", r.Device, r.Device)
}

// Push makes a device do what its job wants. An error says why nothing was
// begun: nothing of the device is changed then, and the outcome, if there is
// one, has the plan. Otherwise the outcome says where the device stands; its Err
// says what went wrong on the way.
//
// When the context is done while the device is being changed, the push stops
// between two commands and is undone.
func (e *Engine) Push(ctx context.Context, d *Device, opt Options) (*Outcome, error) {
	dir, err := deviceDir(e.State, d.Name)
	if err != nil {
		return nil, err
	}
	held, err := takeLock(dir, d.Name, e.Who, e.Now().UTC())
	if err != nil {
		return nil, err
	}
	defer held.release()
	open, err := OpenRecord(e.State, d.Name)
	if err != nil {
		return nil, err
	}
	if open != nil {
		return nil, &UnfinishedError{open}
	}
	if err := sweep(dir); err != nil {
		return nil, err
	}
	x := &run{e: e, d: d, dir: dir, id: newID(e.Now()), opt: opt.Plan}
	defer x.context(ctx, opt.GiveUp)()

	p, err := e.Plan(ctx, d, opt.Plan)
	if err != nil {
		return nil, err
	}
	o := &Outcome{Stand: Unchanged, Planned: p}
	if err := acceptable(d, p, opt); err != nil {
		return o, err
	}
	if len(p.Change.Steps) == 0 {
		o.Result = p.Config
		if p.Apart != "" {
			o.Notes = append(o.Notes, p.Apart)
		}
		return o, nil
	}
	if opt.Approve != nil {
		if err := opt.Approve(p); err != nil {
			return o, err
		}
	}
	return x.push(p)
}

// acceptable says by an error why a plan isn't to be carried out.
func acceptable(d *Device, p *Planned, opt Options) error {
	if len(p.Refused) > 0 {
		return &RefusedError{d.Name, p.Refused}
	}
	if opt.Saved != nil {
		if err := opt.Saved.Matches(p.Config.Digest, p.Change.Steps); err != nil {
			return &StaleError{d.Name, err.Error()}
		}
	}
	if len(p.Change.Steps) == 0 {
		return nil
	}
	if len(p.Pending) > 0 {
		return pendingError(d, p.Pending)
	}
	return within(d, p, opt)
}

// within says by an error that a plan changes more rules than it may.
func within(d *Device, p *Planned, opt Options) error {
	if opt.Limit > 0 && p.Rules > opt.Limit {
		return &RefusedError{d.Name, []targets.Problem{{Why: fmt.Sprintf("the plan changes %d rules, the limit is %d", p.Rules, opt.Limit)}}}
	}
	return nil
}

// Matches says by an error that a saved plan is stale: that the configuration it
// was made for isn't there any more, or that now other steps would be taken.
func (s *SavedPlan) Matches(digest string, steps []targets.Step) error {
	switch {
	case s.Digest != digest:
		return errors.New("the saved plan is stale: it was made for another configuration, and the device has been changed since; plan again")
	case !sameSteps(s.Steps, steps):
		return errors.New("the saved plan is stale: the policy asks for other commands now; plan again")
	}
	return nil
}

func pendingError(d *Device, pending []string) error {
	var list []targets.Problem
	for _, s := range pending {
		list = append(list, targets.Problem{Text: s, Why: "others have work on the device that is not finished; save or discard it first"})
	}
	return &RefusedError{d.Name, list}
}

func sameSteps(a, b []targets.Step) bool {
	return slices.EqualFunc(a, b, func(x, y targets.Step) bool {
		return x.Why == y.Why && (len(x.Commands) == 0 && len(y.Commands) == 0 || reflect.DeepEqual(x.Commands, y.Commands))
	})
}

// push carries out a plan that was approved.
func (x *run) push(p *Planned) (*Outcome, error) {
	o := &Outcome{Stand: Unchanged, Planned: p}
	l, f, err := x.again(p)
	if err != nil {
		return o, err
	}
	x.before, x.text, x.known = f.Config, f.Text, l.identities()
	defer x.closeJournal()
	now, err := x.carry(toNew, l, f, p.Change)
	switch {
	case len(x.attempts) == 0:
		return o, err // the record couldn't be begun
	case err == nil:
		o.Result = now
		x.shut(o, New)
	default:
		x.rescue(o, p.Change, err)
	}
	x.compareUnits(o)
	return o, nil
}

// again logs in to change the device, which must still be as it was planned
// for.
func (x *run) again(p *Planned) (*login, *Fetched, error) {
	if err := x.soft.Err(); err != nil {
		return nil, nil, err
	}
	x.progress("logging in to make the change")
	l, err := x.e.login(x.soft, x.d, false, x.record)
	if err != nil {
		return nil, nil, err
	}
	f, err := x.unchanged(p, l)
	if err != nil {
		l.close()
		return nil, nil, err
	}
	return l, f, nil
}

func (x *run) unchanged(p *Planned, l *login) (*Fetched, error) {
	if err := sameDevice(x.d, l, []targets.Identity{p.Identity}); err != nil {
		return nil, err
	}
	f, err := x.e.fetch(x.soft, x.d, l, x.id, false)
	switch {
	case err != nil:
		return nil, err
	case f.Config.Digest != p.Config.Digest:
		return nil, &StaleError{x.d.Name, "somebody has changed the device since the plan was made; nothing was sent, so plan again"}
	case len(f.Pending) > 0:
		return nil, pendingError(x.d, f.Pending)
	}
	return f, x.stays(l, f, p.Change)
}

// stays says by an error that a change would cut the session.
func (x *run) stays(l *login, f *Fetched, c *targets.Change) error {
	if why := cutsUs(x.d, l.s, f.Config, &c.Result); why != "" {
		return &RefusedError{x.d.Name, []targets.Problem{{Why: why}}}
	}
	return nil
}

func (x *run) closeJournal() {
	if x.j != nil {
		_ = x.j.close() // what mattered was flushed, and end has told of errors
	}
}
