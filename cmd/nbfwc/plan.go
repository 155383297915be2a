package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/renameio/v2"
	"github.com/spf13/cobra"

	"github.com/nbfwc/nbfwc/compile"
	"github.com/nbfwc/nbfwc/drift"
	"github.com/nbfwc/nbfwc/push"
	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
	"github.com/nbfwc/nbfwc/view"
)

func newPlan(e *env) *cobra.Command {
	var against, backTo, out string
	var opt targets.PlanOptions
	cmd := &cobra.Command{
		Use:   "plan [POLICY]",
		Short: "What would change on firewalls, and the commands that change it",
		Long: `Compare what firewalls run with a policy: what would start and stop working,
what else should be looked at, and the commands that make the firewalls do what
the policy wants. After each command every packet is treated as before the
change or as after it. Nothing on a device is changed.

The running configurations are read from the devices over SSH, or with -against
from a file, and then no device is needed. With -back-to, the commands that take
what is ours back to what it was in another saved configuration of the same
firewall.

Exit status 1 says that there is something to do or to look at.`,
		GroupID: "make",
		Example: "  nbfwc plan policy.hcl -against edge.running\n  nbfwc plan . -firewall fw1 -o fw1.plan.json",
		Args:    cobra.MaximumNArgs(1),
	}
	flags := fleetArgs(cmd)
	cmd.Flags().StringVar(&against, "against", "", "running configuration, `file` (- for standard input), instead of the device's")
	cmd.Flags().StringVar(&backTo, "back-to", "", "earlier running configuration to go back to, `file`")
	cmd.Flags().StringVarP(&out, "output", "o", "", "save the plan, with its hash, as JSON to `file`; to files in a directory for several firewalls")
	cmd.Flags().BoolVar(&opt.TakeOver, "take-over", false, "let an exclusive firewall's plan remove rules of others")
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		if against == "" && backTo == "" {
			return planLive(e, policyArg(args), flags, out, opt)
		}
		if against == "" {
			return usageError{errors.New("-back-to needs -against and the file of a running configuration")}
		}
		if len(flags.firewalls) > 1 {
			return usageError{errors.New("-against is for one firewall")}
		}
		l, err := loadGraph(e, policyArg(args), flags.policyFlags)
		if err != nil {
			return err
		}
		p, err := makePlan(e, l, strings.Join(flags.firewalls, ""), against, backTo, opt)
		if err != nil {
			return err
		}
		return showPlans(e, []view.PlanResult{p}, []string{out}, flags.json, nil)
	}
	return cmd
}

// showPlans prints plans, saves them where they have a file, and says by its
// error what came of them. many is the document of plans of several firewalls,
// nil for one.
func showPlans(e *env, plans []view.PlanResult, files []string, asJSON bool, many func() view.PlansDocument) error {
	refused, clean := false, true
	for i := range plans {
		p := &plans[i]
		refused = refused || len(p.Refused) > 0
		clean = clean && p.Clean()
		if files[i] != "" {
			if err := savePlan(files[i], *p); err != nil {
				return err
			}
		}
	}
	var err error
	switch {
	case asJSON && many == nil:
		err = view.JSON(e.stdout, view.Plan(plans[0]))
	case asJSON:
		err = view.JSON(e.stdout, many())
	default:
		for i := range plans {
			if i > 0 {
				fmt.Fprintln(e.stdout)
			}
			err = errors.Join(err, view.WritePlan(e.stdout, plans[i], e.textWidth()))
		}
	}
	switch {
	case err != nil:
		return err
	case refused:
		return errReported
	case clean:
		return nil
	}
	return errFindings
}

// planLive plans the changes of devices.
func planLive(e *env, arg string, flags *fleetFlags, out string, opt targets.PlanOptions) error {
	f, err := newFleet(e, arg, flags)
	if err != nil {
		return err
	}
	files := make([]string, len(f.firewalls))
	switch {
	case out != "" && len(files) == 1:
		files[0] = out
	case out != "":
		names, err := fileNames(f.firewalls)
		if err != nil {
			return err
		}
		if err := os.MkdirAll(out, 0o700); err != nil {
			return err
		}
		for i, name := range names {
			files[i] = filepath.Join(out, name+".plan.json")
		}
	}
	ctx := e.interruptible()
	defer ctx.stop()
	plans, errs := f.plan(ctx, opt)
	var good []view.PlanResult
	var goodFiles []string
	for i := range plans {
		if errs[i] == nil {
			good, goodFiles = append(good, plans[i].PlanResult), append(goodFiles, files[i])
		}
	}
	var many func() view.PlansDocument
	if len(plans) > 1 {
		many = func() view.PlansDocument { return view.Plans(good, f.unplanned(errs)) }
	}
	err = nil
	if len(good) > 0 || many != nil {
		err = showPlans(e, good, goodFiles, flags.json, many)
	}
	if f.printFailures(errs) {
		if err != nil && !errors.Is(err, errFindings) && !errors.Is(err, errReported) {
			return err // which nobody has said yet
		}
		return errReported
	}
	return err
}

// unplanned are the firewalls that there is no plan of, and why.
func (f *fleet) unplanned(errs []error) []view.UnplannedFirewall {
	var out []view.UnplannedFirewall
	for i, err := range errs {
		if err != nil {
			fw := f.firewalls[i]
			out = append(out, view.UnplannedFirewall{Unit: view.Unit{Firewall: fw.Name, Target: fw.Target, Device: fw.Device.Name}, Error: err.Error()})
		}
	}
	return out
}

// livePlan is the plan of a device, with what a push needs of it.
type livePlan struct {
	view.PlanResult
	device *push.Device
	rules  int
	pledge targets.Guarantee
	// pending are changes of others that a push has to wait for.
	pending []string
}

// plan plans the change of each firewall.
func (f *fleet) plan(ctx context.Context, opt targets.PlanOptions) ([]livePlan, []error) {
	plans := make([]livePlan, len(f.firewalls))
	errs := f.each(ctx, f.flags.jobs, func(ctx context.Context, i int, d *push.Device) error {
		got, err := f.engine.Plan(ctx, d, opt)
		if err != nil {
			return err
		}
		fw := f.firewalls[i]
		p := &plans[i]
		p.device, p.rules, p.pledge, p.pending = d, got.Rules, got.Guarantee, got.Pending
		p.PlanResult = view.PlanResult{Firewall: fw.Name, Target: fw.Target, Against: unitOf(fw, &got.Fetched).Words(), Have: got.Config, Refused: got.Refused, Change: got.Change}
		return review(f.l, fw, &p.PlanResult)
	})
	return plans, errs
}

// makePlan plans the change of one firewall against a file.
func makePlan(e *env, l *loaded, firewall, against, backTo string, opt targets.PlanOptions) (view.PlanResult, error) {
	fw, err := chooseFirewall(l.graph, firewall)
	if err != nil {
		return view.PlanResult{}, err
	}
	target, ok := targetByName(fw.Target)
	if !ok {
		return view.PlanResult{}, fmt.Errorf("firewall %s: there is no target %s", fw.Name, fw.Target)
	}
	job := jobOf(l.graph, fw, l.graph.RuleSet(fw), jobHeader(l.policy))
	have, err := readConfig(e, l.graph, fw, target, &job, against)
	if err != nil {
		return view.PlanResult{}, err
	}
	p := view.PlanResult{Firewall: fw.Name, Target: fw.Target, Against: against, Have: have}
	if p.Refused = push.Refuse(have, fw.OS, fw.LocalRules); p.Refused != nil {
		return p, nil
	}
	if backTo == "" {
		p.Change, p.Refused = target.Plan(have, job, opt)
	} else {
		before, err := readConfig(e, l.graph, fw, target, &job, backTo)
		if err != nil {
			return view.PlanResult{}, err
		}
		p.Change, p.Refused = target.Restore(have, before)
	}
	return p, review(l, fw, &p)
}

// review says what the change of a plan does, if there is one, and refuses one
// that would cut the management of a device.
func review(l *loaded, fw *compile.Firewall, p *view.PlanResult) (err error) {
	if p.Change == nil {
		return nil
	}
	p.Have.RuleSet = *ruleset.Settle(&p.Have.RuleSet, fw.Assume)
	p.Change.Result = *ruleset.Settle(&p.Change.Result, fw.Assume)
	if p.Report, err = drift.Review(l.graph, fw, p.Have, &p.Change.Result); err != nil {
		return err
	}
	if p.Refused, err = drift.CutsManagement(l.graph, fw, p.Have, &p.Change.Result); len(p.Refused) > 0 {
		p.Change = nil
	}
	return err
}

func readConfig(e *env, g *compile.Graph, fw *compile.Firewall, target targets.Target, job *targets.Job, file string) (*targets.Config, error) {
	text, err := readConfigText(e, file)
	if err != nil {
		return nil, err
	}
	return parseConfig(target, file, text, parseOptions(g, fw, job))
}

func savePlan(file string, p view.PlanResult) error {
	var b bytes.Buffer
	if err := view.JSON(&b, view.Plan(p)); err != nil {
		return err
	}
	return renameio.WriteFile(file, b.Bytes(), 0o600)
}
