package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/nbfwc/nbfwc/compile"
	"github.com/nbfwc/nbfwc/lang"
	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
)

const (
	sumRefused    = "Not possible on this firewall"
	sumNoFirewall = "No firewall"
)

// refusals are what a target can't express of a firewall, as errors: one for
// each reason, since what is wrong with one rule is mostly wrong with many. Their
// place is the interface that they name, else the firewall.
func refusals(fw *compile.Firewall, problems []targets.Problem) []message {
	type kind struct {
		at  lang.Origin
		why string
	}
	more := map[kind]int{}
	for _, p := range problems {
		more[kind{refusedAt(fw, p.Text), p.Why}]++
	}
	var out []message
	for _, p := range problems {
		k := kind{refusedAt(fw, p.Text), p.Why}
		if more[k] == 0 {
			continue
		}
		what := fmt.Sprintf("firewall %q", fw.Name)
		if p.Text != "" && p.Text != fw.Name {
			what = fmt.Sprintf("%q of %s", p.Text, what)
		}
		text := fmt.Sprintf("The target %s refuses %s: %s.", fw.Target, what, strings.TrimSuffix(p.Why, "."))
		if n := more[k] - 1; n > 0 {
			text += fmt.Sprintf(" The same holds for others (%d).", n)
		}
		more[k] = 0
		out = append(out, errorMessage(sumRefused, text, k.at))
	}
	return out
}

// refusedAt is the last interface with this label or device, since of two with
// the same one the second is at fault; the firewall if there is none.
func refusedAt(fw *compile.Firewall, text string) lang.Origin {
	for _, i := range slices.Backward(fw.Interfaces) {
		if text != "" && (i.Label == text || slices.Contains(i.Devices, text)) {
			return i.Origin
		}
	}
	return fw.Origin
}

// checkTargets says what of a policy the targets of its firewalls can't
// express. Firewalls whose target can't be written yet are not asked.
func checkTargets(l *loaded) []message {
	found := make([][]message, len(l.graph.Firewalls))
	l.graph.EachRuleSet(func(i int, want ruleset.RuleSet) {
		fw := l.graph.Firewalls[i]
		if target, ok := targetByName(fw.Target); ok {
			found[i] = refusals(fw, target.Check(jobOf(l.graph, fw, want, nil)))
		}
	})
	return slices.Concat(found...)
}
