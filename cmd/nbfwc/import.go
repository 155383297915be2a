package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/nbfwc/nbfwc/catalog"
	"github.com/nbfwc/nbfwc/drift"
	"github.com/nbfwc/nbfwc/targets"
	"github.com/nbfwc/nbfwc/view"
)

func newImport(e *env) *cobra.Command {
	var asJSON bool
	var out string
	cmd := &cobra.Command{
		Use:   "import FILE... -o DIR",
		Short: "A draft policy from running configurations",
		Long: `Read running configurations, one for each firewall, and write a policy that
lets the same packets pass on NetBackup's own ports. What can't be taken over
is listed with its lines: rules for everything, conditions that are not
modelled. Nothing is written into a directory that has files.

Exit status 1 says that something is left over.`,
		GroupID: "write",
		Example: "  nbfwc import edge.running -o policy\n  nbfwc import dc.asa fw1.set branch.conf -o policy -json",
		Args:    cobra.MinimumNArgs(1),
	}
	flags := configArgs(cmd)
	jsonFlag(cmd, &asJSON)
	cmd.Flags().StringVarP(&out, "output", "o", "", "write the policy to `directory`, which is made")
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		if out == "" {
			return usageError{errors.New("import needs -o and a directory for the policy")}
		}
		if err := refuseFiles(out); err != nil {
			return err
		}
		var sources []drift.Source
		for _, file := range args {
			text, err := readConfigText(e, file)
			if err != nil {
				return err
			}
			target, err := targetFor(flags.target, file, text)
			if err != nil {
				return err
			}
			have, err := parseConfig(target, file, text, targets.ParseOptions{Context: flags.context})
			if err != nil {
				return err
			}
			sources = append(sources, drift.Source{File: file, Target: target.Name(), Config: have})
		}
		draft, err := drift.MakeDraft(sources, catalog.FS)
		if err != nil {
			return err
		}
		path, err := writeDraft(out, draft.Text)
		if err != nil {
			return err
		}
		if asJSON {
			err = view.JSON(e.stdout, view.Import([]string{path}, draft))
		} else {
			err = view.WriteImport(e.stdout, []string{path}, draft, e.textWidth())
		}
		if err == nil && len(draft.Left) > 0 {
			return errFindings
		}
		return err
	}
	return cmd
}

// refuseFiles refuses a directory that is not empty.
func refuseFiles(dir string) error {
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case len(entries) > 0:
		return fmt.Errorf("%s is not empty: choose another directory with -o", dir)
	}
	return nil
}

func writeDraft(dir string, text []byte) (path string, err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	path = filepath.Join(dir, "policy.hcl")
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return "", err
	}
	_, err = f.Write(text)
	return path, errors.Join(err, f.Close())
}
