package push

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nbfwc/nbfwc/targets"
)

// maxUndo is how often a push that failed tries to undo itself.
const maxUndo = 2

// rescue puts a device right after an error in the middle of a push, and says
// where it stands then. If it is found to do all that was wanted the push is
// finished; otherwise it is undone.
func (x *run) rescue(o *Outcome, want *targets.Change, err error) {
	x.rescuing = true
	o.Err = err
	x.write(Entry{What: Failed, Text: err.Error()}, true)
	for tries := 0; ; tries++ {
		if done := x.rescueOnce(o, want, tries); done {
			return
		}
	}
}

// rescueOnce asks the device where it stands and goes on from there. It returns
// false if it made an attempt that failed.
func (x *run) rescueOnce(o *Outcome, want *targets.Change, tries int) bool {
	var lost *lostError
	if errors.As(o.Err, &lost) {
		x.left(o, Unknown, nil)
		return true
	}
	l, f, err := x.settled()
	if err != nil {
		x.left(o, Unknown, err)
		return true
	}
	defer l.close()
	o.Result = f.Config
	if x.there(toNew, f.Config, want) == nil {
		return x.keep(o, l, f, tries)
	}
	if x.isOld(f.Config) {
		x.closeOld(o, l, f)
		return true
	}
	if tries >= maxUndo {
		x.left(o, Between, nil)
		return true
	}
	back, problems := x.plan(toOld, f.Config)
	if len(problems) > 0 {
		x.left(o, Between, &RefusedError{x.d.Name, problems})
		return true
	}
	x.progress("undoing the change")
	now, err := x.carry(toOld, l, f, back)
	if err != nil {
		x.note("undoing the change: %v", err)
		o.Err = errors.Join(o.Err, fmt.Errorf("undoing it: %w", err))
		return false
	}
	o.Result = now
	x.shut(o, Old)
	return true
}

// keep finishes a push that is found to have reached its goal.
func (x *run) keep(o *Outcome, l *login, f *Fetched, tries int) bool {
	err := x.confirmFound(toNew, l, f)
	switch {
	case err == nil:
		x.tell("the push was interrupted, found complete and finished: %v", o.Err)
		o.Err = nil
		x.shut(o, New)
	case tries == 0:
		x.note("%v", err)
		return false
	default:
		x.left(o, Unsaved, err)
	}
	return true
}

// isOld says whether a configuration does what the device did before the push.
func (x *run) isOld(now *targets.Config) bool {
	return now.Digest != "" && now.Digest == x.before.Digest || x.there(toOld, now, nil) == nil
}

// closeOld closes the record of a device that does what it did before. What it
// begins with after a restart is saved only if the push may have changed it:
// others can have unsaved changes by now.
func (x *run) closeOld(o *Outcome, l *login, f *Fetched) {
	if !x.confirming {
		x.finish(l)
	} else if err := x.confirmFound(toOld, l, f); err != nil {
		// It does, but may begin with the new configuration after a restart.
		o.Err = errors.Join(o.Err, err)
		x.end(o.at(Old), true)
		return
	}
	x.shut(o, Old)
}

// confirmFound makes last what a device was found to do, after Settle: a push
// without steps.
func (x *run) confirmFound(g goalName, l *login, f *Fetched) error {
	if err := x.begin(g, l, f, &targets.Change{Result: f.Config.RuleSet}); err != nil {
		return err
	}
	return x.confirm(l)
}

func (o *Outcome) at(s Stand) *Outcome {
	o.Stand = s
	return o
}

// shut closes the record, unless there is something to clear up.
func (x *run) shut(o *Outcome, s Stand) {
	if s == Old && o.Result != nil {
		if why := x.changedByOthers(o.Result); why != "" {
			x.tell("what the push did is undone; but others have changed the device meanwhile: %s", why)
		}
	}
	if x.uncleared != nil {
		x.left(o, s, fmt.Errorf("device %s: clearing up: %w", x.d.Name, x.uncleared))
		return
	}
	x.end(o.at(s), false)
}

// changedByOthers says what of a device that was put back isn't as it was.
func (x *run) changedByOthers(now *targets.Config) string {
	if now.Digest != "" && now.Digest == x.before.Digest {
		return ""
	}
	if !sameNAT(now, x.before) {
		return "the rules that change addresses are others"
	}
	why, err := differ(&now.RuleSet, &x.before.RuleSet, "the device now", "the device before", x.e.limit)
	if err != nil {
		return "the configurations are different: " + err.Error()
	}
	return why
}

// left leaves the record open.
func (x *run) left(o *Outcome, s Stand, err error) {
	if s == Unknown {
		o.Result = nil
	}
	if err != nil {
		o.Err = errors.Join(o.Err, err)
	}
	x.end(o.at(s), true)
}

// compareUnits says of a pair whether the other unit has taken over what was
// done on the first. That takes a while.
func (x *run) compareUnits(o *Outcome) {
	if x.d.Units < 2 || o.Stand == Unknown {
		return
	}
	x.progress("comparing the units")
	for try := range 4 {
		if try > 0 && x.e.wait(x.hard, 5*time.Second) != nil {
			break
		}
		if o.Apart = x.unitsApart(x.hard); o.Apart == "" {
			return
		}
	}
	o.Notes = append(o.Notes, o.Apart)
}

func (x *run) unitsApart(ctx context.Context) string {
	l, err := x.e.login(ctx, x.d, true, nil)
	if err != nil {
		return "the units can't be compared: " + err.Error()
	}
	defer l.close()
	if l.peer == nil {
		return l.apart
	}
	_, active, err := read(ctx, x.d, l.s)
	if err != nil {
		return "the units can't be compared: " + err.Error()
	}
	_, peer, err := read(ctx, x.d, l.peer)
	return apart(active, peer, err)
}
