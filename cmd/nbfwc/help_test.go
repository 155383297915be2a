package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// verbs are the verbs of the program.
func verbs() []*cobra.Command {
	root := newRoot(&env{now: time.Now})
	var list []*cobra.Command
	for _, c := range everyCommand(root)[1:] {
		if c.IsAvailableCommand() {
			list = append(list, c)
		}
	}
	return list
}

func allScripts(t *testing.T) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "script", "*.txtar"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d scripts, %v", len(files), err)
	}
	var all strings.Builder
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
		all.WriteByte('\n')
	}
	return all.String()
}

// runHere runs the program in this process, without a terminal.
func runHere(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	status = run(env{args: args, stdin: strings.NewReader(""), stdout: &out, stderr: &errs, now: time.Now})
	return status, out.String(), errs.String()
}

// twoDashes begin a flag; alone they end the flags.
var twoDashes = regexp.MustCompile(`--\w`)

// Each verb shows two examples or three, of itself, whose flags and arguments it takes.
func TestHelpExamples(t *testing.T) {
	for _, verb := range verbs() {
		lines := strings.Split(verb.Example, "\n")
		if len(lines) < 2 || len(lines) > 3 {
			t.Errorf("%s: %d examples", verb.Name(), len(lines))
		}
		for _, line := range lines {
			// A verb with verbs of its own shows those.
			if !strings.HasPrefix(strings.TrimSpace(line)+" ", verb.CommandPath()+" ") {
				t.Errorf("%s: example %q", verb.CommandPath(), line)
				continue
			}
			checkExample(t, strings.Fields(line)[1:])
		}
		for _, spelling := range []string{"-help", "--help", "-h"} {
			status, help, stderr := runHere(t, append(strings.Fields(verb.CommandPath())[1:], spelling)...)
			if status != 0 || stderr != "" || !strings.Contains(help, "\nExamples:\n"+verb.Example+"\n") {
				t.Errorf("%s %s: status %d\n%s%s", verb.Name(), spelling, status, stderr, help)
			}
			if twoDashes.MatchString(help) {
				t.Errorf("%s: help spells a flag with two dashes:\n%s", verb.Name(), help)
			}
		}
	}
}

// checkExample parses an example up to what its shell would do with it.
func checkExample(t *testing.T, words []string) {
	t.Helper()
	for i, w := range words {
		if w == ">" || w == "|" || w == "&&" {
			words = words[:i]
			break
		}
	}
	root := newRoot(&env{now: time.Now})
	verb, args, err := root.Find(longFlags(root, words))
	if err != nil {
		t.Error(err)
		return
	}
	if err := verb.ParseFlags(args); err != nil {
		t.Errorf("%v: %v", words, err)
		return
	}
	if err := verb.ValidateArgs(verb.Flags().Args()); err != nil {
		t.Errorf("%v: %v", words, err)
	}
}

// Lines of the help fit a terminal of 80 columns, but for tables of flags.
func TestHelpWidth(t *testing.T) {
	for _, verb := range verbs() {
		for line := range strings.Lines(verb.Long + "\n" + verb.Example) {
			if n := len(strings.TrimRight(line, "\n")); n > 80 {
				t.Errorf("%s: %d columns: %s", verb.Name(), n, line)
			}
		}
	}
}

// man writes a page for the program and each verb, with every flag spelled as
// in our documents, and the same bytes every time.
func TestManualPages(t *testing.T) {
	dir := t.TempDir()
	if status, _, stderr := runHere(t, "man", "-o", dir); status != 0 {
		t.Fatalf("status %d: %s", status, stderr)
	}
	pages := map[string]string{}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		text, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		pages[entry.Name()] = string(text)
	}
	if len(pages) != len(verbs())+1 || pages["nbfwc.1"] == "" {
		t.Errorf("%d pages for %d verbs", len(pages), len(verbs()))
	}
	for _, verb := range verbs() {
		name := strings.ReplaceAll(verb.CommandPath(), " ", "-")
		page := pages[name+".1"]
		verb.Flags().VisitAll(func(f *pflag.Flag) {
			if !strings.Contains(page, `\fB-`+f.Name+`\fP`) {
				t.Errorf("page of %s lacks -%s", verb.Name(), f.Name)
			}
		})
		if twoDashes.MatchString(page) || strings.Contains(page, "=false") || strings.Contains(page, "=[") {
			t.Errorf("page of %s:\n%s", verb.Name(), page)
		}
		for example := range strings.Lines(verb.Example) {
			if !strings.Contains(page, strings.TrimSpace(example)) {
				t.Errorf("page of %s lacks %s", verb.Name(), example)
			}
		}
		parent := strings.ReplaceAll(verb.Parent().CommandPath(), " ", "-") + ".1"
		if !strings.Contains(pages[parent], name) {
			t.Errorf("%s doesn't name %s", parent, name)
		}
	}
}

// Completion knows every verb, and the flags of each in the spelling in which
// the word was begun.
func TestCompletionAnswers(t *testing.T) {
	for _, verb := range verbs() {
		path := strings.Fields(verb.CommandPath())[1:]
		_, all, _ := runHere(t, append(append([]string{"__complete"}, path[:len(path)-1]...), "")...)
		if !strings.Contains("\n"+all, "\n"+verb.Name()+"\t") {
			t.Errorf("completion lacks %s:\n%s", verb.Name(), all)
		}
		verb.Flags().VisitAll(func(f *pflag.Flag) {
			for _, dash := range []string{"-", "--"} {
				begun := dash + f.Name[:2]
				_, answers, _ := runHere(t, append(append([]string{"__complete"}, path...), begun)...)
				if !strings.Contains("\n"+answers, "\n"+dash+f.Name) {
					t.Errorf("%s %s: %s", verb.Name(), begun, answers)
				}
			}
		})
	}
	for _, shell := range []string{"bash", "zsh", "fish"} {
		if status, script, _ := runHere(t, "completion", shell); status != 0 || len(script) < 1000 || !strings.Contains(script, "nbfwc") {
			t.Errorf("completion %s: status %d, %d bytes", shell, status, len(script))
		}
	}
}
