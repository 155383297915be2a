package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/nbfwc/nbfwc/drift"
	"github.com/nbfwc/nbfwc/push"
	"github.com/nbfwc/nbfwc/targets"
	"github.com/nbfwc/nbfwc/view"
)

// pushFlags are the flags of push beside those of every verb of devices.
type pushFlags struct {
	*fleetFlags
	plan, resume, abandon string
	limit                 int
	yes, readOnly         bool
	opt                   targets.PlanOptions
}

func newPush(e *env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "push [POLICY]",
		Short: "Make firewalls do what the policy says",
		Long: `Read the firewalls, show what would change, ask, and change them: each as a
transaction that is verified from a new connection and taken back if anything
goes wrong. A record of every command and answer is kept ("nbfwc history").

A push that was cut off leaves its record open. -resume DEVICE finishes it,
-abandon DEVICE undoes it; both begin by asking the device where it stands.

With -plan, exactly the saved plan is done, or nothing if the firewall or the
policy has changed since. Several firewalls are planned first, all together, and
nothing is sent if one of them can't be; then they are changed one after the
other, until one fails.

Exit status 2 says that a firewall was not brought to what the policy wants, 1
that the other unit of a pair doesn't do the same, or couldn't be asked.`,
		GroupID: "devices",
		Example: "  nbfwc push policy.hcl -firewall edge\n  nbfwc push . -plan edge.plan.json -yes -limit 20\n  nbfwc push -resume edge",
		Args:    cobra.MaximumNArgs(1),
	}
	f := &pushFlags{fleetFlags: fleetArgs(cmd)}
	fs := cmd.Flags()
	fs.StringVar(&f.plan, "plan", "", "do what the saved plan in `file` says, and nothing else")
	fs.StringVar(&f.resume, "resume", "", "finish the push of `device` that was cut off")
	fs.StringVar(&f.abandon, "abandon", "", "undo the push of `device` that was cut off")
	fs.IntVar(&f.limit, "limit", 0, "refuse if more than `number` rules of a firewall would change")
	fs.DurationVar(&f.session.timeout, "timeout", push.DefaultTimeout, "`time` in which a push must be confirmed before a host takes it back by itself, and in which a lost device must come back")
	fs.BoolVar(&f.yes, "yes", false, "don't ask")
	fs.BoolVar(&f.readOnly, "read-only", false, "stop before anything is sent: a rehearsal that types only what reads")
	fs.BoolVar(&f.opt.TakeOver, "take-over", false, "let an exclusive firewall's plan remove rules of others")
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		modes := 0
		for _, s := range []string{f.plan, f.resume, f.abandon} {
			if s != "" {
				modes++
			}
		}
		switch {
		case modes > 1:
			return usageError{errors.New("-plan, -resume and -abandon exclude each other")}
		case f.session.timeout < time.Second || f.session.timeout > time.Hour:
			return usageError{errors.New("-timeout must be between 1s and 1h")}
		case f.limit < 0:
			return usageError{errors.New("-limit must not be negative")}
		case f.resume+f.abandon != "" && f.readOnly:
			return usageError{errors.New("-read-only is for a push that begins; \"nbfwc audit\" reads a device")}
		case f.resume != "":
			return recoverPush(e, f, f.resume, push.Resume, args)
		case f.abandon != "":
			return recoverPush(e, f, f.abandon, push.Abandon, args)
		}
		return pushAll(e, policyArg(args), f)
	}
	return cmd
}

// pushAll plans all firewalls, asks, and pushes.
func pushAll(e *env, arg string, flags *pushFlags) error {
	var saved *push.SavedPlan
	if flags.plan != "" {
		firewall, plan, err := readPlan(flags.plan)
		if err != nil {
			return err
		}
		if len(flags.firewalls) > 0 && !slices.Equal(flags.firewalls, []string{firewall}) {
			return usageError{fmt.Errorf("%s is the plan of firewall %s", flags.plan, firewall)}
		}
		flags.firewalls, saved = []string{firewall}, plan
	}
	f, err := newFleet(e, arg, flags.fleetFlags)
	if err != nil {
		return err
	}
	if err := f.noneOpen(); err != nil {
		return err
	}
	ctx := e.interruptible()
	defer ctx.stop()
	plans, errs := f.plan(ctx, flags.opt)
	f.printLeftOut(e)
	if err := f.fitToPush(plans, errs, saved, flags); err != nil {
		return err
	}
	todo := 0
	for i := range plans {
		if len(plans[i].Change.Steps) > 0 {
			todo++
		}
	}
	if todo > 0 && (flags.readOnly || !flags.yes) {
		if err := f.showForPush(plans, flags.json); err != nil {
			return err
		}
	}
	switch {
	case flags.readOnly && todo > 0:
		fmt.Fprintln(e.stderr, "Read-only: nothing was sent.")
		return errFindings
	case todo > 0 && !flags.yes:
		if err := f.confirm(ctx, plans, todo); err != nil {
			return err
		}
	}
	return f.push(ctx, plans, saved, flags)
}

// noneOpen says which devices have a push that was cut off: it has to be ended
// first, and may be what others seem to be doing there.
func (f *fleet) noneOpen() error {
	var err error
	for _, fw := range f.firewalls {
		record, e := push.OpenRecord(f.state, fw.Device.Name)
		if e == nil && record != nil {
			// One that is still being made is not to be resumed.
			if e = push.AtWork(f.state, fw.Device.Name); e == nil {
				e = &push.UnfinishedError{Record: record}
			}
		}
		err = errors.Join(err, e)
	}
	return err
}

// fitToPush says why nothing is pushed, if so.
func (f *fleet) fitToPush(plans []livePlan, errs []error, saved *push.SavedPlan, flags *pushFlags) error {
	ready := true
	say := func(i int, format string, args ...any) {
		ready = false
		fmt.Fprintf(f.e.stderr, "nbfwc: %s: %s\n", f.firewalls[i].Name, printableLines(fmt.Sprintf(format, args...)))
	}
	for i := range plans {
		p := &plans[i]
		switch {
		case errs[i] != nil:
			say(i, "%v", errs[i])
			continue
		case p.Change == nil:
			for _, r := range p.Refused {
				say(i, "there is no plan: %s", r.Why)
			}
			continue
		}
		for _, text := range p.pending {
			say(i, "others have begun something there: %s", text)
		}
		if err := unclear(&p.Report); err != nil {
			say(i, "%v", err)
		}
		if flags.limit > 0 && p.rules > flags.limit {
			say(i, "%s would change, more than -limit %d", view.Count(p.rules, "rule", "rules"), flags.limit)
		}
		if saved != nil {
			if err := saved.Matches(p.Have.Digest, p.Change.Steps); err != nil {
				say(i, "%v", err)
			}
		}
	}
	if !ready {
		fmt.Fprintln(f.e.stderr, "Nothing was sent to any device.")
		return errReported
	}
	return nil
}

// unclear says that what a change does depends on lines that are not understood.
func unclear(r *drift.Report) error {
	if n := len(r.Maybe); n > 0 {
		return fmt.Errorf("%s may change, depending on lines that are not understood (such as %s); \"nbfwc plan\" shows them, and assume in the policy settles them", view.Count(n, "set of packets", "sets of packets"), r.Maybe[0].Witness)
	}
	return nil
}

// showForPush prints what would change: to stderr if the answer is JSON.
func (f *fleet) showForPush(plans []livePlan, asJSON bool) error {
	out := f.e.stdout
	if asJSON {
		out = f.e.stderr
	}
	for i := range plans {
		if len(plans[i].Change.Steps) == 0 {
			continue
		}
		if err := view.WritePlan(out, plans[i].PlanResult, f.e.textWidth()); err != nil {
			return err
		}
		fmt.Fprintln(out)
	}
	return nil
}

// confirm asks whether the plans are wanted.
func (f *fleet) confirm(ctx context.Context, plans []livePlan, todo int) error {
	w := f.e.stderr
	fmt.Fprintf(w, "Push to %s:\n", view.Count(todo, "firewall", "firewalls"))
	for i := range plans {
		p := &plans[i]
		if len(p.Change.Steps) == 0 {
			continue
		}
		commands := 0
		for _, s := range p.Change.Steps {
			commands += len(s.Commands)
		}
		fmt.Fprintf(w, "  %s (%s): %s, %s. %s\n", p.Firewall, p.Target, view.Count(p.rules, "rule", "rules"), view.Count(commands, "command", "commands"), p.pledge.Text)
	}
	fmt.Fprint(w, "Type yes to go on: ")
	if !readYes(ctx, bufio.NewReader(io.LimitReader(f.e.stdin, 1000))) {
		fmt.Fprintln(w, "\nNothing was sent to any device. (-yes goes on without asking.)")
		return errReported
	}
	return nil
}

// push does the plans, one device after the other, until one fails.
func (f *fleet) push(ctx *interrupts, plans []livePlan, saved *push.SavedPlan, flags *pushFlags) error {
	f.progress.verbose = true
	giveUp := ctx.giveUp
	list := make([]view.PushedFirewall, len(plans))
	failed := false
	errs := f.each(ctx, 1, func(ctx context.Context, i int, d *push.Device) error {
		p := &plans[i]
		list[i].Unit = view.Unit{Firewall: p.Firewall, Target: p.Target, Device: d.Name}
		if failed {
			list[i].Stand, list[i].Notes, list[i].Error = push.Unchanged, []string{}, "not begun, since another push failed"
			return errors.New(list[i].Error)
		}
		opt := push.Options{Plan: flags.opt, Limit: flags.limit, Saved: saved, GiveUp: giveUp}
		if saved == nil {
			opt.Saved = &push.SavedPlan{Digest: p.Have.Digest, Steps: p.Change.Steps}
		}
		out, err := f.engine.Push(ctx, d, opt)
		list[i] = pushed(list[i].Unit, out, err)
		failed = list[i].Error != ""
		if failed {
			return errors.New(list[i].Error)
		}
		return nil
	})
	for i, err := range errs {
		if err != nil && list[i].Error == "" { // interrupted before it was its turn
			list[i] = view.PushedFirewall{Unit: view.Unit{Firewall: plans[i].Firewall, Target: plans[i].Target, Device: f.firewalls[i].Device.Name},
				Stand: push.Unchanged, Notes: []string{}, Error: "not begun: " + err.Error()}
		}
	}
	return reportPushed(f.e, list, flags.json)
}

// pushed is the outcome of one push for people.
func pushed(u view.Unit, out *push.Outcome, err error) view.PushedFirewall {
	v := view.PushedFirewall{Unit: u, Stand: push.Unchanged, Notes: []string{}}
	if out != nil {
		v.ID, v.Stand, v.Open, v.Apart = out.ID, out.Stand, out.Open, out.Apart
		if out.Stand == push.Unchanged && out.Planned != nil {
			v.Apart = cmp.Or(v.Apart, out.Planned.Apart)
		}
		for _, note := range out.Notes {
			if note != v.Apart { // which has a place of its own
				v.Notes = append(v.Notes, note)
			}
		}
		err = errors.Join(err, out.Err)
		if p := out.Planned; p != nil {
			v.Rules = p.Rules
			id := p.Identity
			v.Unit.Hostname, v.Unit.Model, v.Unit.Version, v.Unit.Serial = id.Hostname, id.Model, id.Version, id.Serial
			if p.Change != nil {
				for _, s := range p.Change.Steps {
					v.Commands += len(s.Commands)
				}
			}
		}
	}
	if err != nil {
		v.Error = err.Error()
	}
	return v
}

func reportPushed(e *env, list []view.PushedFirewall, asJSON bool) error {
	var err error
	if asJSON {
		err = view.JSON(e.stdout, view.Push(list))
	} else {
		err = view.WritePush(e.stdout, list, e.textWidth())
	}
	switch {
	case err != nil:
		return err
	case slices.ContainsFunc(list, func(p view.PushedFirewall) bool { return p.Error != "" }):
		return errReported
	case slices.ContainsFunc(list, func(p view.PushedFirewall) bool { return p.Apart != "" }):
		return errFindings
	}
	return nil
}

// recoverPush finishes or undoes a push that was cut off.
func recoverPush(e *env, flags *pushFlags, device string, what push.Recovery, args []string) error {
	c, err := newConnector(e, flags.session)
	if err != nil {
		return err
	}
	record, err := push.OpenRecord(c.state, device)
	switch {
	case err != nil:
		return err
	case record == nil:
		return fmt.Errorf("no push of device %s is open; \"nbfwc history %s\" lists what was pushed", device, shellWord(device))
	}
	d, approve, err := recoveredDevice(e, c, flags, record, what, args)
	if err != nil {
		return err
	}
	ctx := e.interruptible()
	defer ctx.stop()
	progress := newProgress(e)
	progress.verbose = true
	progress.begin(1)
	engine := c.engine(func(d *push.Device, doing string) { progress.doing(d.Firewall, doing) })
	out, err := engine.Recover(ctx, d, what, push.Options{Plan: flags.opt, Limit: flags.limit, Approve: approve, GiveUp: ctx.giveUp})
	progress.finish()
	return reportPushed(e, []view.PushedFirewall{pushed(view.Unit{Firewall: d.Firewall, Target: record.Target, Device: d.Name}, out, err)}, flags.json)
}

// recoveredDevice is the device of an open record: to abandon, all is in the
// record; to resume, the policy has to say the same as when the push began, and
// what is left of the plan is held to what a push that begins is held to.
func recoveredDevice(e *env, c *connector, flags *pushFlags, record *push.Record, what push.Recovery, args []string) (d *push.Device, approve func(*push.Planned) error, err error) {
	if what == push.Abandon {
		if len(args) > 0 {
			return nil, nil, usageError{errors.New("-abandon needs no policy")}
		}
		target, ok := targetByName(record.Target)
		if !ok {
			return nil, nil, fmt.Errorf("the record is of target %q, which there is none of", record.Target)
		}
		d, err = record.NewDevice(target, dialogues[record.Target])
		return d, nil, err
	}
	arg := record.Policy
	if len(args) > 0 {
		arg = args[0]
	}
	flags.firewalls = []string{record.Firewall}
	f, err := newFleet(e, arg, flags.fleetFlags)
	if err != nil {
		return nil, nil, err
	}
	if f.digest != record.PolicyDigest {
		return nil, nil, fmt.Errorf("the policy %s has changed since the push %s began: give the policy of then, or undo the push with \"nbfwc push -abandon %s\" and push anew", arg, record.ID, shellWord(record.Device))
	}
	d, err = c.device(f.l, f.firewalls[0], arg, f.digest)
	if err != nil {
		return nil, nil, err
	}
	if d.Name != record.Device {
		return nil, nil, fmt.Errorf("firewall %s is on device %s now, and was on %s when the push %s began", d.Firewall, d.Name, record.Device, record.ID)
	}
	return d, func(p *push.Planned) error {
		have, change := *p.Config, *p.Change // the engine's own are not settled
		r := view.PlanResult{Have: &have, Change: &change}
		if err := review(f.l, f.firewalls[0], &r); err != nil {
			return err
		}
		if len(r.Refused) > 0 {
			return errors.New(r.Refused[0].Why)
		}
		return unclear(&r.Report)
	}, nil
}

// maxPlan bounds a saved plan.
const maxPlan = 256 << 20

// readPlan reads a saved plan: the firewall that it is for, and what it is bound
// to.
func readPlan(file string) (string, *push.SavedPlan, error) {
	in, err := os.Open(file)
	if err != nil {
		return "", nil, err
	}
	defer in.Close()
	text, err := io.ReadAll(io.LimitReader(in, maxPlan+1))
	if err != nil {
		return "", nil, err
	}
	if len(text) > maxPlan {
		return "", nil, fmt.Errorf("%s has more than %d MiB; it is no saved plan", file, maxPlan>>20)
	}
	var doc view.PlanDocument
	if err := json.Unmarshal(text, &doc); err != nil || doc.Kind != "plan" || doc.Schema != view.SchemaVersion {
		return "", nil, fmt.Errorf("%s is no plan that \"nbfwc plan -o\" saved: make it anew", file)
	}
	switch {
	case !doc.Whole():
		return "", nil, fmt.Errorf("%s was changed after it was saved: its hash is that of another plan", file)
	case len(doc.Refused) > 0:
		return "", nil, fmt.Errorf("%s holds no plan: %s", file, doc.Refused[0].Why)
	}
	saved := &push.SavedPlan{Digest: doc.Digest}
	for _, s := range doc.Steps {
		saved.Steps = append(saved.Steps, targets.Step{Why: s.Why, Commands: s.Commands})
	}
	return strings.Clone(doc.Firewall), saved, nil
}
