package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/nbfwc/nbfwc/drift"
	"github.com/nbfwc/nbfwc/push"
	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
	"github.com/nbfwc/nbfwc/view"
)

func newAudit(e *env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "audit [POLICY]",
		Short: "Whether devices still do what the policy says",
		Long: `Log in on the devices of a policy over SSH, read what they run, and compare it
with the policy: packets that the policy permits and the device doesn't let
pass, so that backups break; packets that pass and shouldn't; lines that may
matter and are not understood. Nothing on a device is changed: only commands
that read are typed.

Exit status 1 says that there are findings or pending changes, 2 that a device
could not be read.`,
		GroupID: "devices",
		Example: "  nbfwc audit policy.hcl\n  nbfwc audit . -firewall edge -json",
		Args:    cobra.MaximumNArgs(1),
	}
	flags := fleetArgs(cmd)
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		f, err := newFleet(e, policyArg(args), flags)
		if err != nil {
			return err
		}
		return f.audit(flags.json)
	}
	return cmd
}

func (f *fleet) audit(asJSON bool) error {
	ctx := f.e.interruptible()
	defer ctx.stop()
	list := make([]view.AuditedFirewall, len(f.firewalls))
	errs := f.each(ctx, f.flags.jobs, func(ctx context.Context, i int, d *push.Device) (err error) {
		list[i], err = f.auditOne(ctx, i, d)
		return err
	})
	clean := true
	for i, err := range errs {
		if err != nil {
			list[i] = view.AuditedFirewall{Unit: view.Unit{Firewall: f.firewalls[i].Name, Target: f.firewalls[i].Target, Device: f.firewalls[i].Device.Name}, Err: err}
		}
		clean = clean && list[i].Clean()
	}
	var err error
	if asJSON {
		err = view.JSON(f.e.stdout, view.Audit(list))
	} else {
		err = view.WriteAudit(f.e.stdout, list, f.e.textWidth())
	}
	if failed := f.printFailures(errs); failed {
		return errors.Join(err, errReported)
	}
	if err == nil && !clean {
		return errFindings
	}
	return err
}

// auditOne reads a device and compares it with the policy. Only what is printed
// is kept.
func (f *fleet) auditOne(ctx context.Context, i int, d *push.Device) (view.AuditedFirewall, error) {
	fw := f.firewalls[i]
	got, err := f.engine.Plan(ctx, d, targets.PlanOptions{})
	if err != nil {
		return view.AuditedFirewall{}, err
	}
	f.progress.doing(fw.Name, "comparing")
	have := got.Config
	have.RuleSet = *ruleset.Settle(&have.RuleSet, fw.Assume)
	report, err := drift.Review(f.l.graph, fw, have, &have.RuleSet)
	if err != nil {
		return view.AuditedFirewall{}, err
	}
	a := view.AuditedFirewall{
		Unit: unitOf(fw, &got.Fetched), Lines: have.Lines, Digest: have.Digest, Findings: report.Findings,
		Refused: got.Refused, Rules: got.Rules, Pending: got.Pending, Apart: got.Apart,
	}
	if got.Change != nil {
		a.Left = got.Change.Findings
		for _, s := range got.Change.Steps {
			a.Commands += len(s.Commands)
		}
	}
	return a, nil
}
