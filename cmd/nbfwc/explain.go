package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/nbfwc/nbfwc/compile"
	"github.com/nbfwc/nbfwc/view"
)

func newExplain(e *env) *cobra.Command {
	var policy string
	cmd := &cobra.Command{
		Use:   "explain SRC DST [PORT]",
		Short: "Why two hosts may talk, or why not",
		Long: `Say which rows of the catalogue open which ports from SRC to DST, under which
condition, which hosts and versions cause it and which firewalls are on the
way; or why not, and which row would open it. SRC and DST are addresses, names
of hosts, hosts blocks or zones of the policy; PORT is such as 13724 or udp/111.

Exit status 1 says that the port, or every port, is closed.`,
		GroupID: "ask",
		Example: "  nbfwc explain -policy examples/quickstart ftp nbmaster 13724\n  nbfwc explain -policy policies 192.0.2.11 10.0.0.21",
		Args:    cobra.RangeArgs(2, 3),
	}
	flags := policyArgs(cmd)
	cmd.Flags().StringVar(&policy, "policy", ".", "the `policy`: a file, a directory, or REVISION:PATH of git")
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		port, err := explainPort(args)
		if err != nil {
			return usageError{err}
		}
		l, err := loadGraph(e, policy, flags)
		if err != nil {
			return err
		}
		list, err := explanations(l.graph.Index(), args[0], args[1], port)
		if err != nil {
			return usageError{err}
		}
		if flags.json {
			err = view.JSON(e.stdout, view.Explain(list))
		} else {
			err = writeExplanations(e, list)
		}
		if err != nil {
			return err
		}
		for i := range list {
			if v := list[i].Verdict; v == compile.Permitted || v == compile.Unfiltered {
				return nil
			}
		}
		return errFindings
	}
	return cmd
}

func explainPort(args []string) (*compile.Port, error) {
	if len(args) < 3 {
		return nil, nil
	}
	proto, port, err := view.ParsePort(args[2])
	if err != nil {
		return nil, err
	}
	if proto == 0 {
		proto = 6 // a port alone is a TCP port, which NetBackup's nearly all are
	}
	return &compile.Port{Proto: proto, From: port, To: port, Code: -1}, nil
}

// explanations has one for each pair of endpoints of one family that the two
// texts name.
func explanations(x *compile.Index, src, dst string, port *compile.Port) ([]compile.Explanation, error) {
	sources, err := x.Endpoints(src)
	if err != nil {
		return nil, err
	}
	destinations, err := x.Endpoints(dst)
	if err != nil {
		return nil, err
	}
	var list []compile.Explanation
	for _, s := range sources {
		for _, d := range destinations {
			if s.Addr.BitLen() == d.Addr.BitLen() {
				list = append(list, x.Explain(s, d, port))
			}
		}
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("%s and %s have no addresses of one family", src, dst)
	}
	return list, nil
}

func writeExplanations(e *env, list []compile.Explanation) error {
	const shown = 4
	for i := range list {
		if i == shown {
			_, err := fmt.Fprintf(e.stdout, "\n... and %s more of hosts of these names; -json lists all.\n", view.Count(len(list)-shown, "pair", "pairs"))
			return err
		}
		if i > 0 {
			fmt.Fprintln(e.stdout)
		}
		if err := view.WriteExplanation(e.stdout, &list[i], e.textWidth()); err != nil {
			return err
		}
	}
	return nil
}
