package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
	"github.com/nbfwc/nbfwc/view"
)

// configDiff compares two running configurations.
type configDiff struct {
	oldTarget, newTarget string
	names                []string
	lines, effects       bool
}

// isConfig says whether an argument of diff names a running configuration: a
// file that is no policy's.
func isConfig(arg string) bool {
	if strings.HasSuffix(arg, ".hcl") || strings.HasSuffix(arg, ".hcl.json") {
		return false
	}
	info, err := os.Stat(arg)
	return arg == "-" || err == nil && !info.IsDir()
}

func (c *configDiff) run(e *env, oldName, newName string, asJSON bool) error {
	if oldName == "-" && newName == "-" {
		return usageError{fmt.Errorf("only one of the configurations can be standard input")}
	}
	names, err := parseMap(c.names)
	if err != nil {
		return err
	}
	before, oldText, err := c.read(e, oldName, c.oldTarget, names)
	if err != nil {
		return err
	}
	after, newText, err := c.read(e, newName, c.newTarget, nil)
	if err != nil {
		return err
	}
	d, err := ruleset.Compare(&before.RuleSet, &after.RuleSet, ruleset.CompareOptions{Effects: c.effects})
	if err != nil {
		return err
	}
	doc := view.ConfigDiff(oldName, newName, &before.RuleSet, &after.RuleSet, d, before.Problems, after.Problems)
	if asJSON {
		err = view.JSON(e.stdout, doc)
	} else if err = view.WriteConfigDiff(e.stdout, doc, e.textWidth()); err == nil && c.lines {
		err = view.LineDiff(e.stdout, oldName, oldText, newName, newText)
	}
	if err == nil && len(doc.Differs)+len(doc.Unclear) > 0 {
		return errFindings
	}
	return err
}

func (c *configDiff) read(e *env, file, name string, interfaces []targets.Interface) (*targets.Config, string, error) {
	text, err := readConfigText(e, file)
	if err != nil {
		return nil, "", err
	}
	target, err := targetFor(name, file, text)
	if err != nil {
		return nil, "", err
	}
	have, err := parseConfig(target, file, text, targets.ParseOptions{Interfaces: interfaces})
	return have, string(text), err
}
