package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/nbfwc/nbfwc/view"
)

// release is the version of the program; -ldflags can set it, and a build by
// "go install module@version" records it by itself.
var release = ""

// programVersion is the release, or what the build recorded of its source.
func programVersion() string {
	if release != "" {
		return release
	}
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" || info.Main.Version == "(devel)" {
		return "devel"
	}
	return info.Main.Version
}

func newVersion(e *env) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "version",
		Short:   "Print the version of nbfwc",
		GroupID: "other",
		Example: "  nbfwc version\n  nbfwc version -json",
		RunE: func(*cobra.Command, []string) error {
			v := view.Version(programVersion(), runtime.Version())
			if asJSON {
				return view.JSON(e.stdout, v)
			}
			_, err := fmt.Fprintf(e.stdout, "nbfwc %s (%s)\n", v.Version, v.Go)
			return err
		},
	}
	jsonFlag(cmd, &asJSON)
	return cmd
}

func jsonFlag(cmd *cobra.Command, p *bool) {
	cmd.Flags().BoolVar(p, "json", false, "print JSON (docs/json.md)")
}
