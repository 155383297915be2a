package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/nbfwc/nbfwc/lang"
	"github.com/nbfwc/nbfwc/view"
)

func newInit(e *env) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "init [DIR]",
		Short: "Begin a policy: a starter with comments that compiles",
		Long: `Write a starter policy with comments into a directory (default: the current
one). Files that exist are never overwritten.`,
		GroupID: "write",
		Example: "  nbfwc init\n  nbfwc init policies/site-north",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			return initDir(e, policyArg(args), asJSON)
		},
	}
	jsonFlag(cmd, &asJSON)
	return cmd
}

// refusePolicy refuses a directory that has a policy: the starter's blocks
// would become part of it.
func refusePolicy(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	}
	for _, entry := range entries {
		if name := entry.Name(); strings.HasSuffix(name, ".hcl") || strings.HasSuffix(name, ".hcl.json") {
			return fmt.Errorf("%s exists, and all files of a directory make one policy: choose another directory", filepath.Join(dir, name))
		}
	}
	return nil
}

func initDir(e *env, dir string, asJSON bool) error {
	if err := refusePolicy(dir); err != nil {
		return err
	}
	files := lang.Starter()
	for _, name := range view.SortedKeys(files) {
		path := filepath.Join(dir, name)
		if _, err := os.Lstat(path); err == nil {
			return fmt.Errorf("%s exists: choose another directory, or move the file away", path)
		} else if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	var written []string
	for _, name := range view.SortedKeys(files) {
		path := filepath.Join(dir, name)
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if err != nil {
			return err
		}
		_, err = f.Write(files[name])
		if err = errors.Join(err, f.Close()); err != nil {
			return err
		}
		written = append(written, path)
		if !asJSON {
			fmt.Fprintf(e.stdout, "wrote %s\n", view.Printable(path))
		}
	}
	if asJSON {
		return view.JSON(e.stdout, view.Init(written))
	}
	_, err := fmt.Fprintf(e.stdout, "Next: nbfwc flows %s\n", shellWord(dir))
	return err
}
