package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/nbfwc/nbfwc/view"
)

func newValidate(e *env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "validate [POLICY]",
		Short: "Check a policy and say everything that is wrong with it",
		Long: `Check a policy: its text, its references and addresses, the way between its
zones, what NetBackup's guide warns of, and what its firewalls can't express.
All errors, warnings and notices are shown in one run. Exit status 2 says that
it can't be compiled; warnings and notices don't change the exit status.`,
		GroupID: "write",
		Example: "  nbfwc validate\n  nbfwc validate examples/quickstart -json",
		Args:    cobra.MaximumNArgs(1),
	}
	flags := policyArgs(cmd)
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		return validate(e, policyArg(args), flags)
	}
	return cmd
}

func validate(e *env, arg string, flags *policyFlags) error {
	l, sources, messages, err := loadMessages(e, arg, flags)
	if err != nil {
		return err
	}
	if l == nil {
		return reportFailure(e, arg, flags, sources, messages)
	}
	if refused := checkTargets(l); len(refused) > 0 {
		return reportFailure(e, arg, flags, sources, append(messages, refused...))
	}
	if flags.json {
		return view.JSON(e.stdout, view.Validate(arg, true, diagnostics(messages)))
	}
	printMessages(e, sources, messages)
	p := l.policy
	hosts := 0
	for _, d := range p.Domains {
		for _, g := range d.Groups {
			hosts += len(g.Names)
		}
	}
	_, err = fmt.Fprintf(e.stdout, "%s is valid: %s, %s, %s, %s.\n", view.Printable(arg),
		view.Count(len(p.Zones), "zone", "zones"), view.Count(len(p.Firewalls), "firewall", "firewalls"),
		view.Count(hosts, "host", "hosts"), view.Count(len(l.graph.Flows), "flow", "flows"))
	if err == nil && len(p.Firewalls) == 0 {
		_, err = fmt.Fprintln(e.stdout, "It declares no firewall yet, so there is nothing to compile.")
	}
	return err
}
