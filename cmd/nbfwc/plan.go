package main

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/google/renameio/v2"
	"github.com/spf13/cobra"

	"github.com/nbfwc/nbfwc/compile"
	"github.com/nbfwc/nbfwc/drift"
	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
	"github.com/nbfwc/nbfwc/view"
)

func newPlan(e *env) *cobra.Command {
	var against, firewall, backTo, out string
	var opt targets.PlanOptions
	cmd := &cobra.Command{
		Use:   "plan [POLICY] -against FILE",
		Short: "What would change on a firewall, and the commands that change it",
		Long: `Compare a saved running configuration with a policy: what would start and stop
working, what else should be looked at, and the commands that make the firewall
do what the policy wants. After each command every packet is treated as before
the change or as after it. Nothing is sent to any device.

With -back-to, the commands that take what is ours back to what it was in
another saved configuration of the same firewall.

Exit status 1 says that there is something to do or to look at.`,
		GroupID: "make",
		Example: "  nbfwc plan policy.hcl -against edge.running\n  nbfwc plan . -against fw1.conf -firewall fw1 -o fw1.plan.json",
		Args:    cobra.MaximumNArgs(1),
	}
	flags := policyArgs(cmd)
	cmd.Flags().StringVar(&against, "against", "", "running configuration, `file` (- for standard input)")
	cmd.Flags().StringVar(&firewall, "firewall", "", "firewall of the policy that the configuration is of, `name`")
	cmd.Flags().StringVar(&backTo, "back-to", "", "earlier running configuration to go back to, `file`")
	cmd.Flags().StringVarP(&out, "output", "o", "", "save the plan, with its hash, as JSON to `file`")
	cmd.Flags().BoolVar(&opt.TakeOver, "take-over", false, "let an exclusive firewall's plan remove rules of others")
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		if against == "" {
			return usageError{fmt.Errorf("plan needs -against and the file of a running configuration")}
		}
		l, err := loadGraph(e, policyArg(args), flags)
		if err != nil {
			return err
		}
		p, err := makePlan(e, l, firewall, against, backTo, opt)
		if err != nil {
			return err
		}
		if out != "" {
			if err := savePlan(out, p); err != nil {
				return err
			}
		}
		if flags.json {
			err = view.JSON(e.stdout, view.Plan(p))
		} else {
			err = view.WritePlan(e.stdout, p, e.textWidth())
		}
		switch {
		case err != nil:
			return err
		case len(p.Refused) > 0:
			return errReported
		case p.Clean():
			return nil
		}
		return errFindings
	}
	return cmd
}

// makePlan plans the change of one firewall.
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
	if !sameRelease(have.OS, fw.OS) {
		p.Refused = []targets.Problem{{Text: have.OS, Why: fmt.Sprintf("the configuration is of version %s, the policy says os = %q; correct one of them", have.OS, fw.OS)}}
		return p, nil
	}
	if have.Manager != "" && !fw.LocalRules {
		p.Refused = []targets.Problem{{Text: have.Manager, Why: "the device is managed by " + have.Manager + ", whose next install can undo what is written to the device itself; change the rules there, or set local_rules = true in the policy's firewall block"}}
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
	if p.Change == nil {
		return p, nil
	}
	have.RuleSet = *ruleset.Settle(&have.RuleSet, fw.Assume)
	p.Change.Result = *ruleset.Settle(&p.Change.Result, fw.Assume)
	p.Report, err = drift.Review(l.graph, fw, have, &p.Change.Result)
	return p, err
}

// sameRelease says whether the version that a device states is the one that the
// policy says, which may be less exact: 9.16(4) is 9.16, and 7.2.4 is 7.2. An
// unknown one contradicts nothing.
func sameRelease(have, want string) bool {
	rest, ok := strings.CutPrefix(have, want)
	return have == "" || want == "" || ok && (rest == "" || rest[0] < '0' || rest[0] > '9')
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
