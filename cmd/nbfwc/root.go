package main

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/nbfwc/nbfwc/view"
)

// Exit statuses, the same for every verb.
const (
	exitClean    = 0 // nothing to report
	exitFindings = 1 // findings or pending changes, which were printed
	exitFailure  = 2 // the verb could not do its work
)

// errFindings ends a verb that did its work and printed findings.
var errFindings = errors.New("findings")

// errReported ends a verb that failed and has already said why.
var errReported = errors.New("reported")

// usageError is a mistake on the command line.
type usageError struct{ error }

// run runs the program and returns its exit status.
func run(e env) int {
	root := newRoot(&e)
	root.SetArgs(longFlags(root, e.args))
	root.SetOut(completionOutput(&e))
	cmd, err := root.ExecuteC()
	switch {
	case err == nil:
		return exitClean
	case errors.Is(err, errFindings):
		return exitFindings
	case errors.Is(err, errReported):
		return exitFailure
	}
	fmt.Fprintf(e.stderr, "nbfwc: %s\n", printableLines(err.Error()))
	if usage := (usageError{}); errors.As(err, &usage) {
		fmt.Fprintf(e.stderr, "Run \"%s -help\" for its arguments and flags.\n", cmd.CommandPath())
	}
	return exitFailure
}

// addTemplateFunctions is what the usage template needs. The flag library keeps
// it for the whole process, and tests make many roots at a time.
var addTemplateFunctions = sync.OnceFunc(func() {
	cobra.AddTemplateFunc("flagUsages", func(fs *pflag.FlagSet) string { return singleDash(fs.FlagUsages()) })
})

func newRoot(e *env) *cobra.Command {
	root := &cobra.Command{
		Use:   "nbfwc",
		Short: "Firewall rules for NetBackup, compiled from a policy",
		Long: `nbfwc compiles a policy that names network zones and NetBackup roles into
firewall configuration. It knows which role talks to which, in which version,
and can say why each port is open and what breaks when it is not.

Exit status: 0 clean, 1 findings or pending changes, 2 failure.`,
		SilenceErrors: true,
		SilenceUsage:  true,
		// Without it the library suggests only verbs that begin with the word.
		SuggestionsMinimumDistance: 2,
		Args:                       cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return cmd.Help()
		},
	}
	root.SetIn(e.stdin)
	root.SetOut(e.stdout)
	root.SetErr(e.stderr)
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{flagError(err)} })
	root.SetUsageTemplate(strings.NewReplacer(
		".LocalFlags.FlagUsages", ".LocalFlags | flagUsages",
		".InheritedFlags.FlagUsages", ".InheritedFlags | flagUsages",
		"--help", "-help").Replace(root.UsageTemplate()))
	addTemplateFunctions()
	root.AddGroup(
		&cobra.Group{ID: "write", Title: "Write a policy:"},
		&cobra.Group{ID: "ask", Title: "Ask about it:"},
		&cobra.Group{ID: "make", Title: "Make configuration:"},
		&cobra.Group{ID: "devices", Title: "Work on devices:"},
		&cobra.Group{ID: "other", Title: "Other:"},
	)
	root.SetHelpCommandGroupID("other")
	for _, add := range []func(*env) *cobra.Command{
		newInit, newImport, newFmt, newValidate, newResolve, newCatalog,
		newFlows, newExplain, newQuery, newGraph, newCheck,
		newCompile, newPlan, newDiff,
		newDevice, newFetch, newPush, newAudit, newHistory, newLab,
		newMan, newCompletion, newVersion,
	} {
		verb := add(e)
		if verb.Args == nil {
			verb.Args = cobra.NoArgs
		}
		verb.Args = usageArgs(verb.Args)
		root.AddCommand(verb)
	}
	root.Args = usageArgs(root.Args)
	return root
}

// usageArgs makes the error of a check of arguments say which arguments the
// verb takes.
func usageArgs(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if check(cmd, args) == nil {
			return nil
		}
		if !cmd.HasParent() {
			return usageError{fmt.Errorf("no verb %q%s", args[0], didYouMean(cmd.SuggestionsFor(args[0])))}
		}
		_, takes, _ := strings.Cut(cmd.Use, " ")
		text := fmt.Sprintf("%s takes %s, but %s given", cmd.Name(), cmp.Or(takes, "no arguments"), view.Count(len(args), "argument is", "arguments are"))
		if cmd.Flags().Lookup("policy") != nil {
			text += "; the policy is named by -policy"
		}
		return usageError{errors.New(text)}
	}
}

// didYouMean ends a message with names that are near what was written.
func didYouMean(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return fmt.Sprintf(": did you mean %s?", strings.Join(names, " or "))
}

// flagError says what is wrong with a flag, with the flag spelled as in our
// documents.
func flagError(err error) error {
	unknown := (*pflag.NotExistError)(nil)
	if errors.As(err, &unknown) {
		return fmt.Errorf("no flag -%s", unknown.GetSpecifiedName())
	}
	missing := (*pflag.ValueRequiredError)(nil)
	if errors.As(err, &missing) {
		return fmt.Errorf("flag -%s needs a value", missing.GetSpecifiedName())
	}
	return errors.New(singleDash(err.Error()))
}

// longFlags lets a long flag have one dash or two: -json is --json. The flag
// library reads one dash as a cluster of one-letter flags, of which we have
// none beside -o and -h.
func longFlags(root *cobra.Command, args []string) []string {
	known := map[string]bool{"help": true}
	collect := func(f *pflag.Flag) { known[f.Name] = true }
	for _, cmd := range everyCommand(root) {
		cmd.Flags().VisitAll(collect)
		cmd.PersistentFlags().VisitAll(collect)
	}
	out := make([]string, len(args))
	for i, arg := range args {
		if arg == "--" {
			copy(out[i:], args[i:])
			break
		}
		name, _, _ := strings.Cut(strings.TrimPrefix(arg, "-"), "=")
		if strings.HasPrefix(arg, "-") && !strings.HasPrefix(arg, "--") && len(name) > 1 {
			asked := i == len(args)-1 && strings.HasPrefix(args[0], cobra.ShellCompRequestCmd)
			if known[name] || !strings.HasPrefix(name, "o") || asked {
				arg = "-" + arg
			}
		}
		out[i] = arg
	}
	return out
}

// everyCommand is a command and all below it.
func everyCommand(cmd *cobra.Command) []*cobra.Command {
	list := []*cobra.Command{cmd}
	for _, sub := range cmd.Commands() {
		list = append(list, everyCommand(sub)...)
	}
	return list
}

// singleDash spells the long flags in a text of the flag library as our
// documents do.
func singleDash(text string) string { return strings.ReplaceAll(text, "--", "-") }
