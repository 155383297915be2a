package main

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/spf13/cobra"

	"github.com/nbfwc/nbfwc/compile"
	"github.com/nbfwc/nbfwc/lang"
	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
	"github.com/nbfwc/nbfwc/targets/cisco_asa"
	"github.com/nbfwc/nbfwc/targets/fortigate"
	"github.com/nbfwc/nbfwc/targets/nftables"
	"github.com/nbfwc/nbfwc/targets/paloalto"
	"github.com/nbfwc/nbfwc/view"
)

// allTargets is the table of targets.
var allTargets = []targets.Target{cisco_asa.Target{}, paloalto.Target{}, fortigate.Target{}, nftables.Target{}}

// dialogues are how the devices of each target are talked with.
var dialogues = map[string]targets.Dialogue{
	(cisco_asa.Target{}).Name(): cisco_asa.Dialogue{},
	(paloalto.Target{}).Name():  paloalto.Dialogue{},
	(fortigate.Target{}).Name(): fortigate.Dialogue{},
	(nftables.Target{}).Name():  nftables.Dialogue{},
}

func targetByName(name string) (targets.Target, bool) {
	for _, t := range allTargets {
		if t.Name() == name {
			return t, true
		}
	}
	return nil, false
}

func newCompile(e *env) *cobra.Command {
	var dir string
	var xml bool
	cmd := &cobra.Command{
		Use:   "compile [POLICY] -o DIR",
		Short: "Write the configuration of every firewall",
		Long: `Compile a policy (a file, a directory, or REVISION:PATH of git) to one file
for each of its firewalls, and a manifest that says what they were made from
and why each flow is there.

The files are complete configurations for devices that have none of ours.
Nothing is written if anything is wrong. If the directory already holds the
output of the same inputs, it is left alone.`,
		GroupID: "make",
		Example: "  nbfwc compile examples/quickstart -o out\n  nbfwc compile policies -var site=north -o out/north",
		Args:    cobra.MaximumNArgs(1),
	}
	flags := policyArgs(cmd)
	cmd.Flags().StringVarP(&dir, "output", "o", "", "`directory` to write to; it is made if it doesn't exist")
	cmd.Flags().BoolVar(&xml, "xml", false, "write PAN-OS configurations as XML for \"load config partial\", not as set commands")
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		if dir == "" {
			return usageError{errors.New("compile needs -o DIR, the directory to write to")}
		}
		return compileTo(e, policyArg(args), dir, xml, flags)
	}
	return cmd
}

func compileTo(e *env, arg, dir string, xml bool, flags *policyFlags) error {
	out, err := openOutDir(dir)
	if err != nil {
		return err
	}
	defer out.close()
	opt, err := loadOptions(e, flags)
	if err != nil {
		return err
	}
	words := flagWords(e, flags, opt.VarFiles)
	if xml {
		words = append(words, "-xml")
	}
	if digest, err := inputDigest(arg, out.old, words); err == nil && out.upToDate(digest, e.now().Format("2006-01-02")) {
		return reportCompiled(e, flags, *out.old, dir, true)
	}
	l, err := loadGraph(e, arg, flags)
	if err != nil {
		return err
	}
	printWarnings(e, arg, l)
	outputs, messages, err := renderAll(l, xml)
	if err != nil {
		return err
	}
	if len(messages) > 0 {
		return reportFailure(e, arg, flags, l.sources, messages)
	}
	manifest := make([]view.ManifestOutput, len(outputs))
	for i := range outputs {
		manifest[i] = outputs[i].ManifestOutput
	}
	inputs := withoutVarFiles(l.policy.Inputs, opt.VarFiles)
	head := view.Manifest(true, programVersion(), policyDigest(inputs, words), words, validTo(l.policy), inputs, manifest)
	if err := out.write(head, outputs, l.graph); err != nil {
		return fmt.Errorf("write %s: %w", dir, err)
	}
	return reportCompiled(e, flags, head, dir, false)
}

// reportCompiled says what is in the directory now.
func reportCompiled(e *env, flags *policyFlags, head view.ManifestHead, dir string, unchanged bool) error {
	if flags.json {
		return view.JSON(e.stdout, view.Compiled(head, dir, unchanged))
	}
	verb := "wrote"
	if unchanged {
		verb = "unchanged:"
	}
	const listed = 20
	for i, o := range head.Outputs {
		if i == listed {
			fmt.Fprintf(e.stdout, "... and %d more files\n", len(head.Outputs)-i)
			break
		}
		fmt.Fprintf(e.stdout, "%s %s/%s for firewall %s (%s)\n", verb, view.Printable(dir), o.File, o.Firewall, o.Target)
	}
	_, err := fmt.Fprintf(e.stdout, "%s %s/%s\n", verb, view.Printable(dir), view.ManifestName)
	return err
}

// validTo is the first date on which a flow of the policy is expired, "" if
// none expires.
func validTo(p *lang.Policy) string {
	first := ""
	for _, f := range p.Flows {
		if f.Expires.IsZero() {
			continue
		}
		if date := f.Expires.Format("2006-01-02"); first == "" || date < first {
			first = date
		}
	}
	return first
}

// renderAll makes the outputs of all firewalls, in the order of the policy, or
// says what their targets can't express. It uses all processors; the result
// doesn't depend on how many there are.
func renderAll(l *loaded, xml bool) ([]output, []message, error) {
	if len(l.graph.Firewalls) == 0 {
		return nil, []message{errorMessage(sumNoFirewall, "The policy declares no firewall, so there is nothing to compile. Add a firewall block, or name the directory that has one.", lang.Origin{})}, nil
	}
	names, err := fileNames(l.graph.Firewalls)
	if err != nil {
		return nil, nil, err
	}
	outputs := make([]output, len(names))
	problems := make([][]targets.Problem, len(names))
	errs := make([]error, len(names))
	header := jobHeader(l.policy)
	var texts textRooms
	l.graph.EachRuleSet(func(i int, want ruleset.RuleSet) {
		room := texts.take()
		outputs[i], problems[i], errs[i] = renderOne(l.graph, l.graph.Firewalls[i], want, names[i], header, xml, room)
		texts.give(room, outputs[i].text)
	})
	var messages []message
	for i, fw := range l.graph.Firewalls {
		if errs[i] != nil {
			return nil, nil, errs[i]
		}
		messages = append(messages, refusals(fw, problems[i])...)
	}
	return outputs, messages, nil
}

// errorMessage is an error that is found after the policy is loaded.
func errorMessage(summary, detail string, at lang.Origin) message {
	return message{compile.Error, lang.Diagnostic(hcl.DiagError, summary, detail, at)}
}

func renderOne(g *compile.Graph, fw *compile.Firewall, want ruleset.RuleSet, name string, header []string, xml bool, room []byte) (output, []targets.Problem, error) {
	target, ok := targetByName(fw.Target)
	if !ok {
		return output{}, nil, fmt.Errorf("firewall %s: there is no target %s", fw.Name, fw.Target)
	}
	if xml && fw.Target == (paloalto.Target{}).Name() {
		target = xmlTarget{}
	}
	job := jobOf(g, fw, want, header)
	text := bytes.NewBuffer(room)
	if err := target.Render(text, job); err != nil {
		if problems := target.Check(job); len(problems) > 0 {
			return output{}, problems, nil
		}
		return output{}, nil, fmt.Errorf("firewall %s: %w", fw.Name, err)
	}
	sum := sha256.Sum256(text.Bytes())
	return output{
		ManifestOutput: view.ManifestOutput{
			File: name + target.FileSuffix(), Firewall: fw.Name, Target: fw.Target,
			SHA256: hex.EncodeToString(sum[:]), Bytes: text.Len(),
		},
		text: text.Bytes(),
	}, nil, nil
}

// xmlTarget is PAN-OS that writes XML.
type xmlTarget struct{ paloalto.Target }

func (xmlTarget) FileSuffix() string { return ".xml" }

func (xmlTarget) Render(w io.Writer, job targets.Job) error { return paloalto.RenderXML(w, job) }

// jobHeader is what every output says at its top.
func jobHeader(p *lang.Policy) []string {
	return []string{
		"Compiled by nbfwc from a policy. Change the policy, not this file.",
		"The complete configuration for a device that has none of ours yet.",
	}
}

// jobOf is a firewall's part of the policy as the targets take it.
func jobOf(g *compile.Graph, fw *compile.Firewall, want ruleset.RuleSet, header []string) targets.Job {
	job := targets.Job{
		Firewall: fw.Name, OS: fw.OS, Context: fw.Context, Anchor: fw.Anchor,
		Bind: fw.Bind, Prefix: fw.Prefix(), DeviceGroup: fw.DeviceGroup,
		Want: want, Log: fw.Log, DenyLog: fw.DenyLog, Established: fw.Established,
		Self: len(fw.Self) > 0, Header: header,
	}
	for _, u := range fw.UseObjects {
		if job.UseObjects == nil {
			job.UseObjects = make(map[string]string, len(fw.UseObjects))
		}
		job.UseObjects[u.Group] = u.Object
	}
	if fw.Exclusive {
		job.Manage = targets.Exclusive
	}
	for _, i := range fw.Interfaces {
		job.Interfaces = append(job.Interfaces, targets.Interface{Label: i.Label, Devices: i.Devices})
	}
	if m := g.Policy.Management; m != nil {
		ranges := make([]ruleset.Range, len(m.From))
		for i, p := range m.From {
			ranges[i] = ruleset.RangeOf(p)
		}
		job.ManagementFrom = ruleset.NewAddrSet(ranges...)
	}
	return job
}

// fileNames are the names of the output files without suffix: the labels, with
// what a file system or shell could take amiss replaced. That two labels give
// one name is an error.
func fileNames(firewalls []*compile.Firewall) ([]string, error) {
	names := make([]string, len(firewalls))
	owner := map[string]string{}
	for i, fw := range firewalls {
		name := fileName(fw.Name)
		key := strings.ToLower(name) // some file systems don't tell case apart
		if other, taken := owner[key]; taken {
			return nil, fmt.Errorf("firewalls %s and %s would both be written to %s: rename one", other, fw.Name, name)
		}
		owner[key], names[i] = fw.Name, name
	}
	return names, nil
}

func fileName(label string) string {
	name := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '_', r == '.':
			return r
		case r == '"', r == ']':
			return -1
		}
		return '-'
	}, label)
	return cmp.Or(strings.TrimLeft(name, "-."), "firewall")
}

// flagWords are the flags and the environment that the output depends on, in
// one spelling. Files of variables stay in their order, in which a later one
// wins.
func flagWords(e *env, flags *policyFlags, varFiles []lang.VarFile) []string {
	var words []string
	for _, v := range flags.vars {
		words = append(words, "-var="+v)
	}
	if flags.allowExpired {
		words = append(words, "-allow-expired")
	}
	for _, kv := range e.environ {
		if strings.HasPrefix(kv, lang.EnvironmentPrefix) {
			words = append(words, kv)
		}
	}
	slices.Sort(words)
	for _, f := range varFiles {
		words = append(words, fmt.Sprintf("-var-file=%s sha256:%x", f.Name, sha256.Sum256(f.Src)))
	}
	return words
}
