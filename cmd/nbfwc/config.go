package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/nbfwc/nbfwc/compile"
	"github.com/nbfwc/nbfwc/targets"
	"github.com/nbfwc/nbfwc/view"
)

// maxConfig bounds a running configuration: ten times one of 200,000 lines.
const maxConfig = 256 << 20

// readConfigText reads a running configuration: a regular file, or standard
// input for "-".
func readConfigText(e *env, name string) (text []byte, err error) {
	in := e.stdin
	if name != "-" {
		info, err := os.Stat(name)
		switch {
		case err != nil:
			return nil, err
		case info.IsDir():
			return nil, fmt.Errorf("%s is a directory; name the file that holds the running configuration", name)
		case !info.Mode().IsRegular():
			return nil, fmt.Errorf("%s is no regular file", name)
		}
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, f.Close()) }()
		in = f
	}
	text, err = io.ReadAll(io.LimitReader(in, maxConfig+1))
	switch {
	case err != nil:
		return nil, err
	case len(text) > maxConfig:
		return nil, fmt.Errorf("%s has more than %d MiB; it is no running configuration", name, maxConfig>>20)
	case len(bytes.TrimSpace(text)) == 0:
		return nil, fmt.Errorf("%s is empty; save the device's running configuration to it", name)
	}
	return text, nil
}

// configFlags say how to read running configurations without a policy.
type configFlags struct {
	target, context string
}

func configArgs(cmd *cobra.Command) *configFlags {
	f := &configFlags{}
	cmd.Flags().StringVar(&f.target, "target", "", "vendor of the configuration, `name`: "+strings.Join(targetNames(), ", ")+" (default: recognised)")
	cmd.Flags().StringVar(&f.context, "context", "", "ASA context, vsys or VDOM to read, `name`")
	return f
}

// targetFor is the target of a text: the named one, or the one that the text
// looks like.
func targetFor(name, file string, text []byte) (targets.Target, error) {
	guess := name == ""
	if guess {
		name = recognise(text)
	}
	target, ok := targetByName(name)
	switch {
	case ok:
		return target, nil
	case guess:
		return nil, usageError{fmt.Errorf("%s looks like no configuration that is known; say which it is with -target", file)}
	}
	return nil, usageError{fmt.Errorf("-target %s: the targets are %s", name, strings.Join(targetNames(), ", "))}
}

func targetNames() []string {
	var names []string
	for _, t := range allTargets {
		names = append(names, t.Name())
	}
	return names
}

// recognise names the target that a text looks like, "" for none.
func recognise(text []byte) string {
	text = text[:min(len(text), 1<<20)]
	votes := map[string]int{}
	seen := 0
	for line := range bytes.Lines(text) {
		trimmed := bytes.TrimSpace(line)
		if len(trimmed) == 0 {
			continue
		}
		for _, mark := range recogniseMarks {
			if bytes.HasPrefix(line, []byte(mark.begin)) {
				votes[mark.target]++
			}
		}
		if seen++; seen == 2000 {
			break
		}
	}
	best := ""
	for _, name := range targetNames() {
		if votes[name] > votes[best] {
			best = name
		}
	}
	return best
}

// recogniseMarks are beginnings of lines that one vendor's configurations have.
var recogniseMarks = []struct{ begin, target string }{
	{": Saved", "cisco_asa"}, {"ASA Version", "cisco_asa"}, {"access-list ", "cisco_asa"}, {"object network ", "cisco_asa"},
	{"object-group ", "cisco_asa"}, {"access-group ", "cisco_asa"}, {" nameif ", "cisco_asa"}, {"object service ", "cisco_asa"},
	{" network-object ", "cisco_asa"}, {" service-object ", "cisco_asa"},
	{"set ", "paloalto"}, {"<config", "paloalto"}, {"<response", "paloalto"}, {"<?xml", "paloalto"}, {"config devices ", "paloalto"},
	{"rulebase {", "paloalto"}, {"deviceconfig {", "paloalto"}, {"vsys {", "paloalto"}, {"  security {", "paloalto"}, {"shared {", "paloalto"}, {"address {", "paloalto"},
	{"#config-version=", "fortigate"}, {"config firewall ", "fortigate"}, {"config system ", "fortigate"}, {"    edit ", "fortigate"}, {"config vdom", "fortigate"},
	{"table ", "nftables"}, {"#!/usr/sbin/nft", "nftables"}, {`{"nftables"`, "nftables"}, {"add table ", "nftables"}, {"\tchain ", "nftables"}, {"flush ruleset", "nftables"},
}

// parseConfig reads a text; that it can't be read at all is a failure of the
// user's input.
func parseConfig(target targets.Target, file string, text []byte, opt targets.ParseOptions) (*targets.Config, error) {
	have, err := target.Parse(bytes.NewReader(text), opt)
	if err != nil {
		return nil, fmt.Errorf("%s as a configuration of %s: %w", view.Printable(file), target.Name(), err)
	}
	return have, nil
}

// chooseFirewall is the firewall of a policy that a configuration belongs to:
// the named one, or the only one.
func chooseFirewall(g *compile.Graph, name string) (*compile.Firewall, error) {
	var names []string
	for _, fw := range g.Firewalls {
		if fw.Name == name {
			return fw, nil
		}
		names = append(names, fw.Name)
	}
	switch {
	case name != "":
		return nil, usageError{fmt.Errorf("the policy has no firewall %q; it has %s", name, some(names))}
	case len(names) == 0:
		return nil, errors.New("the policy has no firewall")
	case len(names) == 1:
		return g.Firewalls[0], nil
	}
	return nil, usageError{fmt.Errorf("the policy has %d firewalls: name the one that the configuration is of with -firewall (%s)", len(names), some(names))}
}

// some lists a few names and counts the rest.
func some(names []string) string {
	const shown = 8
	if len(names) <= shown {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:shown], ", "), len(names)-shown)
}

// parseOptions are how a firewall's configuration is read.
func parseOptions(g *compile.Graph, fw *compile.Firewall, job *targets.Job) targets.ParseOptions {
	return targets.ParseOptions{Interfaces: job.Interfaces, Context: cmp.Or(fw.DeviceGroup, fw.Context), Prefix: job.Prefix, Behind: g.Behind(fw)}
}

// parseMap reads "old=new" pairs of interface names.
func parseMap(pairs []string) ([]targets.Interface, error) {
	var out []targets.Interface
	for _, pair := range pairs {
		from, to, ok := strings.Cut(pair, "=")
		if !ok || from == "" || to == "" {
			return nil, usageError{fmt.Errorf("-map %q: write -map old=new, the names of one interface in the two configurations", pair)}
		}
		if i := slices.IndexFunc(out, func(f targets.Interface) bool { return f.Label == to }); i >= 0 {
			out[i].Devices = append(out[i].Devices, from)
			continue
		}
		out = append(out, targets.Interface{Label: to, Devices: []string{from}})
	}
	slices.SortFunc(out, func(a, b targets.Interface) int { return cmp.Compare(a.Label, b.Label) })
	return out, nil
}
