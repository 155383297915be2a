package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/spf13/cobra"

	"github.com/nbfwc/nbfwc/compile"
	"github.com/nbfwc/nbfwc/lang"
	"github.com/nbfwc/nbfwc/view"
)

// policyFlags are the flags of every verb that loads a policy.
type policyFlags struct {
	vars         []string
	varFiles     []string
	allowExpired bool
	json         bool
}

func policyArgs(cmd *cobra.Command) *policyFlags {
	f := inputArgs(cmd)
	jsonFlag(cmd, &f.json)
	return f
}

// inputArgs are the flags of a verb that loads a policy and prints no document.
func inputArgs(cmd *cobra.Command) *policyFlags {
	f := &policyFlags{}
	cmd.Flags().StringArrayVar(&f.vars, "var", nil, "value of a variable, `name=value`; can be given several times")
	cmd.Flags().StringArrayVar(&f.varFiles, "var-file", nil, "`file` with values of variables; can be given several times")
	cmd.Flags().BoolVar(&f.allowExpired, "allow-expired", false, "keep flows whose expiry date has come, with a warning")
	return f
}

// policyArg is the policy that a verb was given: by default that of the
// current directory.
func policyArg(args []string) string {
	if len(args) == 0 {
		return "."
	}
	return args[0]
}

// loaded is a policy and its graph.
type loaded struct {
	policy   *lang.Policy
	graph    *compile.Graph
	sources  *lang.Sources
	messages []message
}

// message is a diagnostic that is not an error.
type message struct {
	severity compile.Severity
	diag     *hcl.Diagnostic
}

// loadGraph loads a policy and makes its graph. What is wrong is printed, and
// then the error is errReported. Warnings and notices are not: a verb that
// answers a question prints the answer, and validate and compile give advice.
func loadGraph(e *env, arg string, flags *policyFlags) (*loaded, error) {
	l, sources, messages, err := loadMessages(e, arg, flags)
	if err != nil {
		return nil, err
	}
	if l == nil {
		return nil, reportFailure(e, arg, flags, sources, messages)
	}
	l.messages = messages
	return l, nil
}

// printWarnings prints the warnings about a policy; its notices are only
// counted, since validate lists them.
func printWarnings(e *env, arg string, l *loaded) {
	warnings := slices.DeleteFunc(slices.Clone(l.messages), func(m message) bool { return m.severity == compile.Notice })
	printMessages(e, l.sources, warnings)
	if n := len(l.messages) - len(warnings); n > 0 {
		fmt.Fprintf(e.stderr, "%s: \"nbfwc validate %s\" shows them.\n", view.Count(n, "notice", "notices"), shellWord(arg))
	}
}

// loadMessages loads a policy and makes its graph, and returns what there is to
// say of it. The policy is nil if something is an error; err is for what is no
// fault of the policy's text.
func loadMessages(e *env, arg string, flags *policyFlags) (*loaded, *lang.Sources, []message, error) {
	dir, err := openPolicy(arg)
	if err != nil {
		return nil, nil, nil, err
	}
	defer dir.close()
	opt, err := loadOptions(e, flags)
	if err != nil {
		return nil, nil, nil, err
	}
	if dir.empty() {
		return nil, &lang.Sources{}, []message{errorMessage("No policy", fmt.Sprintf("%s has no file that ends in .hcl or .hcl.json. Name the directory of a policy, or begin one with: nbfwc init %s", arg, shellWord(arg)), lang.Origin{})}, nil
	}
	policy, sources, diags := lang.Load(dir.fs(), dir.name, opt)
	var messages []message
	for _, d := range diags {
		messages = append(messages, message{severityOf(d), d})
	}
	if diags.HasErrors() {
		return nil, sources, messages, nil
	}
	graph, problems := compile.New(policy, compile.Options{})
	for _, p := range problems {
		severity := hcl.DiagWarning
		if p.Severity == compile.Error {
			severity = hcl.DiagError
		}
		messages = append(messages, message{p.Severity, lang.Diagnostic(severity, p.Summary, p.Detail, p.Subject)})
	}
	if graph == nil {
		return nil, sources, messages, nil
	}
	return &loaded{policy: policy, graph: graph, sources: sources}, sources, messages, nil
}

func severityOf(d *hcl.Diagnostic) compile.Severity {
	if d.Severity == hcl.DiagError {
		return compile.Error
	}
	return compile.Warning
}

// reportFailure prints what is wrong with a policy: in full as text, or as the
// JSON document of validate.
func reportFailure(e *env, arg string, flags *policyFlags, sources *lang.Sources, messages []message) error {
	if flags.json {
		if err := view.JSON(e.stdout, view.Validate(arg, false, diagnostics(messages))); err != nil {
			return err
		}
		return errReported
	}
	printMessages(e, sources, messages)
	return errReported
}

// diagnostics are messages as JSON has them.
func diagnostics(messages []message) []view.Diagnostic {
	var out []view.Diagnostic
	for _, m := range messages {
		v := view.Diagnostic{
			Severity: []string{"error", "warning", "notice"}[m.severity],
			Summary:  m.diag.Summary,
			Detail:   m.diag.Detail,
		}
		if s := m.diag.Subject; s != nil {
			v.Place = &view.Place{File: s.Filename, Line: s.Start.Line, Column: s.Start.Column}
		}
		out = append(out, v)
	}
	return out
}

// parseVars splits "name=value" pairs.
func parseVars(pairs []string) (map[string]string, error) {
	vars := map[string]string{}
	for _, pair := range pairs {
		name, value, ok := strings.Cut(pair, "=")
		if !ok || name == "" {
			return nil, usageError{fmt.Errorf("-var %q: write -var name=value", pair)}
		}
		if _, twice := vars[name]; twice {
			return nil, usageError{fmt.Errorf("-var %s is given twice", name)}
		}
		vars[name] = value
	}
	return vars, nil
}

// shellWord quotes a word for a command that a user may copy.
func shellWord(s string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("/._-:", r)
	}
	if s != "" && !strings.ContainsFunc(s, func(r rune) bool { return !plain(r) }) {
		return s
	}
	return "'" + strings.ReplaceAll(view.Printable(s), "'", `'\''`) + "'"
}
