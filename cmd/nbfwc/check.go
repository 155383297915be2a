package main

import (
	"github.com/spf13/cobra"

	"github.com/nbfwc/nbfwc/drift"
	"github.com/nbfwc/nbfwc/targets"
	"github.com/nbfwc/nbfwc/view"
)

func newCheck(e *env) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "check FILE",
		Short: "What a running configuration does for NetBackup, without a policy",
		Long: `Read a running configuration and say what it does for NetBackup: which rules let
NetBackup's own ports pass, and what should be looked at: lines that are not
understood, rules that decide nothing, ports that must not be open, NetBackup
ports that are open to everything.

Exit status 1 says that there are findings.`,
		GroupID: "ask",
		Example: "  nbfwc check edge.running\n  nbfwc check -target paloalto -context vsys2 fw1.xml -json",
		Args:    cobra.ExactArgs(1),
	}
	flags := configArgs(cmd)
	jsonFlag(cmd, &asJSON)
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		text, err := readConfigText(e, args[0])
		if err != nil {
			return err
		}
		target, err := targetFor(flags.target, args[0], text)
		if err != nil {
			return err
		}
		have, err := parseConfig(target, args[0], text, targets.ParseOptions{Context: flags.context})
		if err != nil {
			return err
		}
		c, err := embeddedCatalog()
		if err != nil {
			return err
		}
		in, err := drift.Inspect(have.Hostname, c, have)
		if err != nil {
			return err
		}
		if asJSON {
			err = view.JSON(e.stdout, view.Check(args[0], target.Name(), in))
		} else {
			err = view.WriteCheck(e.stdout, args[0], target.Name(), in, e.textWidth())
		}
		if err == nil && len(in.Findings) > 0 {
			return errFindings
		}
		return err
	}
	return cmd
}
