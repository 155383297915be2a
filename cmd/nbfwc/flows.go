package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/nbfwc/nbfwc/view"
)

func newFlows(e *env) *cobra.Command {
	var selection view.Selection
	var format string
	var retire bool
	cmd := &cobra.Command{
		Use:   "flows [POLICY]",
		Short: "The port table: every flow, its firewalls and its reason",
		Long: `List every flow that the policy needs: who talks to whom, on which ports,
across which firewalls, and which table of the guide says so. Flows that cross
no firewall are listed with the reason.

With -retire: only flows that exist because of hosts with old versions, and
what makes them go away.`,
		GroupID: "ask",
		Example: "  nbfwc flows examples/quickstart -zone dmz\n  nbfwc flows policies -port 13724 -format csv > ticket.csv",
		Args:    cobra.MaximumNArgs(1),
	}
	flags := policyArgs(cmd)
	cmd.Flags().StringVar(&selection.Host, "host", "", "only flows of this hosts block, host or address")
	cmd.Flags().StringVar(&selection.Zone, "zone", "", "only flows from or to this zone")
	cmd.Flags().StringVar(&selection.Role, "role", "", "only flows because of this role")
	cmd.Flags().StringVar(&selection.Firewall, "firewall", "", "only flows across this firewall")
	cmd.Flags().StringVar(&selection.Port, "port", "", "only flows with this port: 1556 or udp/111")
	cmd.Flags().StringVar(&format, "format", "text", "text, markdown or csv")
	cmd.Flags().BoolVar(&retire, "retire", false, "only flows that exist because of old versions, with those hosts")
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		// An empty name, as an unset variable of a shell gives, would select all.
		for _, name := range []string{"host", "zone", "role", "firewall", "port"} {
			if f := cmd.Flags().Lookup(name); f.Changed && f.Value.String() == "" {
				return usageError{fmt.Errorf("flag -%s needs a value", name)}
			}
		}
		write, ok := map[string]func(*loaded, []int32) error{
			"text":     func(l *loaded, ids []int32) error { return flowsText(e, l, ids, retire) },
			"markdown": func(l *loaded, ids []int32) error { return view.MarkdownFlows(e.stdout, l.graph, ids) },
			"csv":      func(l *loaded, ids []int32) error { return view.TicketTable(l.graph, ids).CSV(e.stdout) },
		}[format]
		if !ok {
			return usageError{fmt.Errorf("-format %q: write text, markdown or csv", format)}
		}
		l, err := loadGraph(e, policyArg(args), flags)
		if err != nil {
			return err
		}
		ids, err := view.Select(l.graph, selection)
		if err != nil {
			return usageError{err}
		}
		if retire {
			ids = view.Retiring(l.graph, ids)
		}
		switch {
		case flags.json && retire:
			return view.JSON(e.stdout, view.Retire(l.graph, ids))
		case flags.json:
			return view.JSON(e.stdout, view.Flows(l.graph, ids))
		}
		return write(l, ids)
	}
	return cmd
}

func flowsText(e *env, l *loaded, ids []int32, retire bool) error {
	if retire {
		return view.WriteRetire(e.stdout, l.graph, ids, e.textWidth())
	}
	return view.WriteFlows(e.stdout, l.graph, ids, e.textWidth())
}
