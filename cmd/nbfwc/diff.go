package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/nbfwc/nbfwc/compile"
	"github.com/nbfwc/nbfwc/view"
)

func newDiff(e *env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "diff OLD NEW",
		Short: "What a change of the policy, or of a configuration, opens and closes",
		Long: `Compare two policies (files, directories, or REVISION:PATH of git): the flows
that start and stop, with what breaks, and for each firewall the packets that it
will treat differently.

Or compare two running configurations, of one vendor or of two: the packets that
they treat differently, and the lines that decide. Where the two call an
interface by different names, -map says so. -lines adds a difference of the two
texts, line by line.

Exit status 1 says that there is a difference.`,
		GroupID: "make",
		Example: "  nbfwc diff HEAD:policies policies\n  nbfwc diff asa.running fortigate.conf -map inside=port1 -map outside=wan1",
		Args:    cobra.ExactArgs(2),
	}
	flags := policyArgs(cmd)
	var c configDiff
	cmd.Flags().StringVar(&c.oldTarget, "old-target", "", "vendor of the old configuration, `name` (default: recognised)")
	cmd.Flags().StringVar(&c.newTarget, "new-target", "", "vendor of the new configuration, `name` (default: recognised)")
	cmd.Flags().StringArrayVar(&c.names, "map", nil, "`old=new`: what the old configuration calls an interface, and the new; can be given several times")
	cmd.Flags().BoolVar(&c.lines, "lines", false, "compare the texts of the configurations as well")
	cmd.Flags().BoolVar(&c.effects, "effects", false, "configurations: other timeouts, logs and profiles count")
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		if isConfig(args[0]) && isConfig(args[1]) {
			return c.run(e, args[0], args[1], flags.json)
		}
		before, err := loadSide(e, args[0], flags)
		if err != nil {
			return err
		}
		after, err := loadSide(e, args[1], flags)
		if err != nil {
			return err
		}
		d := compile.Diff(before.graph, after.graph)
		if flags.json {
			err = view.JSON(e.stdout, view.Diff(d))
		} else {
			err = view.WriteDiff(e.stdout, d, e.textWidth())
		}
		if err == nil && len(d.Removed)+len(d.Added)+len(d.Firewalls) > 0 {
			return errFindings
		}
		return err
	}
	return cmd
}

// loadSide is loadGraph with what there is to say headed by the policy's name:
// places in it are relative to the policy.
func loadSide(e *env, arg string, flags *policyFlags) (*loaded, error) {
	side := *e
	side.stderr = &headed{w: e.stderr, head: fmt.Sprintf("Policy %s:\n", view.Printable(arg))}
	return loadGraph(&side, arg, flags)
}

// headed writes a heading before the first text.
type headed struct {
	w    io.Writer
	head string
}

func (h *headed) Write(p []byte) (int, error) {
	if h.head != "" {
		if _, err := io.WriteString(h.w, h.head); err != nil {
			return 0, err
		}
		h.head = ""
	}
	return h.w.Write(p)
}
