package push

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/nbfwc/nbfwc/targets"
)

// Recover finishes or undoes the unfinished push of a device. It asks the device
// how far it got. Resume needs the job of the policy that the push was begun
// with; Abandon doesn't, see Record.NewDevice. Either can be interrupted and
// asked for again.
func (e *Engine) Recover(ctx context.Context, d *Device, what Recovery, opt Options) (*Outcome, error) {
	dir, err := deviceDir(e.State, d.Name)
	if err != nil {
		return nil, err
	}
	held, err := takeLock(dir, d.Name, e.Who, e.Now().UTC())
	if err != nil {
		return nil, err
	}
	defer held.release()
	r, err := OpenRecord(e.State, d.Name)
	if err != nil {
		return nil, err
	}
	if err := recoverable(d, r, what); err != nil {
		return nil, err
	}
	x := &run{e: e, d: d, dir: dir, opt: opt.Plan}
	defer x.context(ctx, opt.GiveUp)()
	if err := x.load(r); err != nil {
		return nil, err
	}
	defer x.closeJournal()
	o := &Outcome{}
	g, began := toOld, "abandoning"
	if what == Resume {
		g, began = toNew, "resuming"
	}
	x.write(Entry{What: Resumed, Text: e.Who + ", " + began}, true)
	x.recover(o, g, opt)
	x.compareUnits(o)
	return o, nil
}

// recoverable says by an error why a record can't be gone on with.
func recoverable(d *Device, r *Record, what Recovery) error {
	switch {
	case r == nil:
		return fmt.Errorf("device %s: there is no unfinished push", d.Name)
	case len(r.plans) == 0:
		return fmt.Errorf("device %s: push %s can't be gone on with: %s; put the device right by hand, then move %s away", d.Name, r.ID, r.Damage, r.Dir)
	case r.Firewall != d.Firewall:
		return fmt.Errorf("device %s: the unfinished push %s is of firewall %s, not of %s", d.Name, r.ID, r.Firewall, d.Firewall)
	case r.Target != d.Target.Name():
		return fmt.Errorf("device %s: the unfinished push %s was made for a %s, not for a %s", d.Name, r.ID, r.Target, d.Target.Name())
	case what == Resume && r.PolicyDigest != d.PolicyDigest:
		return fmt.Errorf("device %s: the policy is another than that of the unfinished push %s (%s); give that one, or undo the push with nbfwc push -abandon %s", d.Name, r.ID, printable(r.Policy), d.Name)
	}
	return nil
}

// load takes over what an earlier process has written down.
func (x *run) load(r *Record) error {
	x.id, x.in = r.ID, r.Dir
	text, err := r.before(0)
	if err != nil {
		return err
	}
	// What was written down says how the old configuration was read.
	old := *x.d
	old.Parse = r.plans[0].Device.device(x.d.Target, x.d.Dialogue).Parse
	old.Part = r.plans[0].Device.Part
	if old.Part != x.d.Part {
		return fmt.Errorf("device %s: the unfinished push %s is of another partition of the device", x.d.Name, x.id)
	}
	if x.before, err = parse(&old, text); err != nil {
		return err
	}
	x.text = text
	for i := range r.plans {
		p := &r.plans[i]
		before, err := r.before(i)
		if err != nil {
			return err
		}
		push := p.push(before, nil)
		push.Note = func(s string) { x.note("%s", s) }
		x.attempts = append(x.attempts, push)
		for _, id := range p.Identities {
			if !slices.Contains(x.known, id) {
				x.known = append(x.known, id)
			}
		}
	}
	x.confirming = r.confirming()
	x.j, err = openJournal(r.Dir, x.e.Now)
	return err
}

// recover leads the device to a goal and says where it stands.
func (x *run) recover(o *Outcome, g goalName, opt Options) {
	x.rescuing = true // a record that can't be written must not keep the device from being put right
	l, f, err := x.settled()
	if err != nil {
		x.left(o, Unknown, err)
		return
	}
	defer l.close()
	o.Result = f.Config
	p := &Planned{Fetched: *f, Guarantee: x.d.Dialogue.Guarantee(l.id)}
	if g == toNew {
		p.Refused = Refuse(f.Config, x.d.OS, x.d.LocalRules)
	}
	if len(p.Refused) == 0 {
		p.Change, p.Refused = x.plan(g, f.Config)
	}
	o.Planned = p
	if len(p.Refused) > 0 {
		p.Change = nil
		x.stands(o, f.Config, &RefusedError{x.d.Name, p.Refused})
		return
	}
	p.Rules = touched(&f.Config.RuleSet, &p.Change.Result)
	if len(p.Change.Steps) == 0 {
		x.found(o, g, l, f)
		return
	}
	if err := x.approved(p, l, opt); err != nil {
		x.stands(o, f.Config, err)
		return
	}
	if opt.Approve != nil {
		l.close() // while somebody read the plan it may have become stale
		if l, f, err = x.still(f); err != nil {
			x.left(o, Unknown, err)
			return
		}
		defer l.close()
	}
	x.rescuing = false
	now, err := x.carry(g, l, f, p.Change)
	x.rescuing = true
	if err == nil {
		o.Result = now
		x.shut(o, stand(g))
		return
	}
	x.write(Entry{What: Failed, Text: err.Error()}, true)
	x.afterFailure(o, g, err)
}

func (x *run) approved(p *Planned, l *login, opt Options) error {
	if err := x.stays(l, &p.Fetched, p.Change); err != nil {
		return err
	}
	if err := within(x.d, p, opt); err != nil {
		return err
	}
	if opt.Approve == nil {
		return nil
	}
	return opt.Approve(p)
}

// still logs in once more on a device that must not have changed since it was
// read.
func (x *run) still(was *Fetched) (*login, *Fetched, error) {
	l, f, err := x.anew()
	if err == nil && f.Config.Digest != was.Config.Digest {
		l.close()
		err = &StaleError{x.d.Name, "somebody has changed the device since the plan was made; try again"}
	}
	return l, f, err
}

// found ends a recovery that has nothing more to do than to make last what is
// there.
func (x *run) found(o *Outcome, g goalName, l *login, f *Fetched) {
	if g == toOld {
		x.closeOld(o, l, f)
		return
	}
	if err := x.confirmFound(g, l, f); err != nil {
		x.left(o, Unsaved, err)
		return
	}
	x.shut(o, New)
}

func stand(g goalName) Stand {
	if g == toNew {
		return New
	}
	return Old
}

// afterFailure says where a device stands after a recovery that failed. What was
// asked for isn't turned into its contrary: the record stays open.
func (x *run) afterFailure(o *Outcome, g goalName, failure error) {
	o.Err = failure
	l, f, err := x.settled()
	if err != nil {
		x.left(o, Unknown, err)
		return
	}
	defer l.close()
	o.Result = f.Config
	if x.there(g, f.Config, nil) == nil && x.confirmFound(g, l, f) == nil {
		x.tell("the work was interrupted, found complete and finished: %v", failure)
		o.Err = nil
		x.shut(o, stand(g))
		return
	}
	x.stands(o, f.Config, nil)
}

// stands leaves the record open with what the configuration says.
func (x *run) stands(o *Outcome, now *targets.Config, err error) {
	o.Err = errors.Join(o.Err, err)
	s := Between
	switch {
	case x.isOld(now):
		s = Old
	case x.d.Job.Firewall != "" && x.there(toNew, now, nil) == nil:
		s = Unsaved
	}
	x.left(o, s, nil)
}
