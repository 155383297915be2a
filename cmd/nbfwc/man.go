package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"github.com/nbfwc/nbfwc/view"
)

func newMan(e *env) *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:     "man",
		Short:   "Write the manual pages",
		Long:    "Write a manual page for nbfwc and one for each verb into a directory.",
		GroupID: "other",
		Example: "  nbfwc man -o /usr/local/share/man/man1\n  nbfwc man -o man && man ./man/nbfwc-compile.1",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if dir == "" {
				return usageError{errors.New("man needs -o DIR, the directory to write the pages to")}
			}
			if err := os.MkdirAll(dir, 0o755); err != nil {
				return err
			}
			root := cmd.Root()
			pages := 0
			for _, c := range everyCommand(root) {
				if c != root && !c.IsAvailableCommand() {
					continue
				}
				page, err := manPage(c)
				if err != nil {
					return fmt.Errorf("manual page of %s: %w", c.CommandPath(), err)
				}
				name := strings.ReplaceAll(c.CommandPath(), " ", "-") + ".1"
				if err := os.WriteFile(filepath.Join(dir, name), page, 0o644); err != nil {
					return err
				}
				pages++
			}
			_, err := fmt.Fprintf(e.stdout, "wrote %s to %s\n", view.Count(pages, "page", "pages"), view.Printable(dir))
			return err
		},
	}
	cmd.Flags().StringVarP(&dir, "output", "o", "", "`directory` to write to")
	return cmd
}

// In a page of the library: the value that a flag without value has, an empty
// default, and a long flag.
var (
	manNoDefault = regexp.MustCompile(`\\fP(=false|\[=false\]|=""|=\[\])`)
	manLongFlag  = regexp.MustCompile(`\\fB--([a-z])`)
)

// manPage is the manual page of a verb, with its flags spelled as in our
// documents. It has no date, so that a program gives the same bytes any day.
func manPage(c *cobra.Command) ([]byte, error) {
	c.DisableAutoGenTag = true
	date := time.Date(1, time.January, 1, 0, 0, 0, 0, time.UTC)
	header := &doc.GenManHeader{Section: "1", Date: &date, Source: "nbfwc " + programVersion(), Manual: "nbfwc manual"}
	var page bytes.Buffer
	if err := doc.GenMan(c, header, &page); err != nil {
		return nil, err
	}
	text := manNoDefault.ReplaceAll(page.Bytes(), []byte(`\fP`))
	text = manLongFlag.ReplaceAll(text, []byte(`\fB-$1`))
	return bytes.Replace(text, []byte(`"Jan 0001"`), []byte(`""`), 1), nil
}
