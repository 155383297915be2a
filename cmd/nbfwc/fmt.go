package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/renameio/v2"
	"github.com/spf13/cobra"

	"github.com/nbfwc/nbfwc/lang"
	"github.com/nbfwc/nbfwc/view"
)

func newFmt(e *env) *cobra.Command {
	var o fmtOptions
	cmd := &cobra.Command{
		Use:   "fmt [PATH...]",
		Short: "Format policy files",
		Long: `Format policy files in place: those that are named, and the *.hcl files of
directories that are named (default: of the current directory), and print the
names of those that changed. A lone "-" formats standard input to standard
output. The meaning and the comments of a file stay as they are.

With -check or -diff nothing is written, and exit status 1 says that some file
is not formatted.`,
		GroupID: "write",
		Example: "  nbfwc fmt\n  nbfwc fmt -check -diff policies/",
		Args:    cobra.ArbitraryArgs,
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 1 && args[0] == "-" {
				return fmtStdin(e, o)
			}
			if len(args) == 0 {
				args = []string{"."}
			}
			return fmtPaths(e, args, o)
		},
	}
	cmd.Flags().BoolVar(&o.check, "check", false, "list files that are not formatted; write nothing")
	cmd.Flags().BoolVar(&o.diff, "diff", false, "show what would change; write nothing")
	jsonFlag(cmd, &o.json)
	return cmd
}

type fmtOptions struct{ check, diff, json bool }

func (o fmtOptions) write() bool { return !o.check && !o.diff }

func fmtStdin(e *env, o fmtOptions) error {
	if o.json {
		return usageError{errors.New("-json is for files: standard input is printed formatted")}
	}
	src, err := io.ReadAll(io.LimitReader(e.stdin, lang.DefaultLimits().FileBytes+1))
	if err != nil {
		return err
	}
	out, diags := lang.Format(src, "<stdin>")
	if diags.HasErrors() {
		printSourceDiagnostics(e, diags, src)
		return errReported
	}
	if o.write() {
		_, err = e.stdout.Write(out)
		return err
	}
	if bytes.Equal(src, out) {
		return nil
	}
	if err := showUnformatted(e, "<stdin>", src, out, o); err != nil {
		return err
	}
	return errFindings
}

// showUnformatted prints what -check or -diff say of a file, or that it is
// being rewritten.
func showUnformatted(e *env, name string, src, out []byte, o fmtOptions) error {
	if o.json {
		return nil
	}
	if o.diff {
		return view.LineDiff(e.stdout, name, string(src), name+" (formatted)", string(out))
	}
	_, err := fmt.Fprintln(e.stdout, view.Printable(name))
	return err
}

func fmtPaths(e *env, args []string, o fmtOptions) error {
	files, err := policyFiles(args)
	if err != nil {
		return err
	}
	unformatted, failed := false, false
	results := make([]view.FmtFile, 0, len(files))
	for _, name := range files {
		changed, err := fmtFile(e, name, o)
		switch {
		case errors.Is(err, errReported):
			failed = true
		case err != nil:
			return err
		default:
			results = append(results, view.FmtFile{File: name, Formatted: !changed, Written: changed && o.write()})
		}
		unformatted = unformatted || changed
	}
	if o.json {
		if err := view.JSON(e.stdout, view.Fmt(results)); err != nil {
			return err
		}
	}
	switch {
	case failed:
		return errReported
	case unformatted && !o.write():
		return errFindings
	}
	return nil
}

// policyFiles are the files to format: those named, and those of directories.
func policyFiles(args []string) ([]string, error) {
	var files []string
	for _, arg := range args {
		info, err := os.Stat(arg)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%s: no such file or directory", arg)
		}
		if err != nil {
			return nil, err
		}
		if !info.IsDir() && !info.Mode().IsRegular() {
			return nil, fmt.Errorf("%s is no regular file: \"nbfwc fmt -\" formats standard input", arg)
		}
		if !info.IsDir() {
			files = append(files, arg)
			continue
		}
		entries, err := os.ReadDir(arg)
		if err != nil {
			return nil, err
		}
		found := false
		for _, entry := range entries {
			if strings.HasSuffix(entry.Name(), ".hcl") && entry.Type().IsRegular() {
				files = append(files, filepath.Join(arg, entry.Name()))
				found = true
			}
		}
		if !found {
			return nil, fmt.Errorf("%s: no *.hcl files in this directory", arg)
		}
	}
	return files, nil
}

// fmtFile formats one file and says whether it was not formatted.
func fmtFile(e *env, name string, o fmtOptions) (changed bool, err error) {
	f, err := os.Open(name)
	if err != nil {
		return false, err
	}
	defer f.Close()
	src, err := io.ReadAll(io.LimitReader(f, lang.DefaultLimits().FileBytes+1))
	if err != nil {
		return false, err
	}
	out, diags := lang.Format(src, name)
	if diags.HasErrors() {
		printSourceDiagnostics(e, diags, src)
		return false, errReported
	}
	if bytes.Equal(src, out) {
		return false, nil
	}
	if o.write() {
		// A link stays a link: the file that it leads to is replaced.
		target, err := filepath.EvalSymlinks(name)
		if err != nil {
			return true, err
		}
		if err := renameio.WriteFile(target, out, 0o644, renameio.WithExistingPermissions()); err != nil {
			return true, err
		}
	}
	return true, showUnformatted(e, name, src, out, o)
}
