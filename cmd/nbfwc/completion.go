package main

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

func newCompletion(e *env) *cobra.Command {
	shells := map[string]func(*cobra.Command) error{
		"bash": func(root *cobra.Command) error { return root.GenBashCompletionV2(e.stdout, true) },
		"zsh":  func(root *cobra.Command) error { return root.GenZshCompletion(e.stdout) },
		"fish": func(root *cobra.Command) error { return root.GenFishCompletion(e.stdout, true) },
	}
	return &cobra.Command{
		Use:   "completion bash|zsh|fish",
		Short: "Print a script that completes verbs and flags in a shell",
		Long: `Print a script by which a shell completes the verbs and flags of nbfwc. Load
it where your shell keeps such scripts, or in the shell that you are in.`,
		GroupID:   "other",
		Example:   "  nbfwc completion bash > /etc/bash_completion.d/nbfwc\n  nbfwc completion fish > ~/.config/fish/completions/nbfwc.fish",
		Args:      cobra.ExactArgs(1),
		ValidArgs: []string{"bash", "zsh", "fish"},
		RunE: func(cmd *cobra.Command, args []string) error {
			script, ok := shells[args[0]]
			if !ok {
				return usageError{fmt.Errorf("no completion for %q: write bash, zsh or fish", args[0])}
			}
			return script(cmd.Root())
		},
	}
}

// completionOutput is where the flag library writes. If a script asks what
// completes a word with one dash, the answers have one dash too: a shell drops
// those that don't begin with the word.
func completionOutput(e *env) io.Writer {
	if len(e.args) == 0 || !strings.HasPrefix(e.args[0], cobra.ShellCompRequestCmd) {
		return e.stdout
	}
	if last := e.args[len(e.args)-1]; strings.HasPrefix(last, "--") || !strings.HasPrefix(last, "-") {
		return e.stdout
	}
	return singleDashLines{e.stdout}
}

// singleDashLines takes one of two dashes from the beginning of lines. Each
// Write has whole lines.
type singleDashLines struct{ w io.Writer }

func (s singleDashLines) Write(p []byte) (int, error) {
	var out bytes.Buffer
	for line := range bytes.Lines(p) {
		if bytes.HasPrefix(line, []byte("--")) {
			line = line[1:]
		}
		out.Write(line)
	}
	_, err := s.w.Write(out.Bytes())
	return len(p), err
}
