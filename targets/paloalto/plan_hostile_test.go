package paloalto

import (
	"fmt"
	"strings"
	"testing"

	"github.com/nbfwc/nbfwc/targets"
)

// TestHostileDevice: whatever a device calls its rules, no plan types more than
// it means to: either the name is one word of a command or there is no plan.
func TestHostileDevice(t *testing.T) {
	job, err := readJob("manage section\nanchor bottom\ninterface core = core\ninterface dmz = dmz\npermit NBU-r: core -> dmz, 10.0.0.1 -> any, tcp 1556\n")
	if err != nil {
		t.Fatal(err)
	}
	plans := 0
	for _, name := range []string{"plain", "two words", `a" b`, `a" top "b`, `"`, "it's", "a\ncommit", "a\r", "a;b", "a[b]", "a|b", "a?", `a\b`, "ä", "#a", "\x01", ""} {
		text := `<config><devices><entry name="localhost.localdomain"><vsys><entry name="vsys1"><rulebase><security><rules><entry name="` + xmlAttribute(name) +
			`"><from><member>any</member></from><to><member>any</member></to><source><member>any</member></source><destination><member>any</member></destination>` +
			`<application><member>any</member></application><service><member>any</member></service><action>allow</action></entry></rules></security></rulebase></entry></vsys></entry></devices></config>`
		have, err := parse(strings.NewReader(text), parseOptions(&job))
		if err != nil {
			continue // what XML can't hold
		}
		for _, manage := range []targets.Manage{targets.Section, targets.Exclusive} {
			job := job
			if job.Manage = manage; manage == targets.Exclusive {
				job.Anchor = ""
			}
			for _, anchor := range []string{"bottom", "top"} {
				if manage == targets.Section {
					job.Anchor = anchor
				}
				change, problems := Target{}.Plan(have, job, targets.PlanOptions{TakeOver: true})
				if change == nil {
					if len(problems) == 0 {
						t.Errorf("%q: refused without a problem", name)
					}
					continue
				}
				plans++
				for _, s := range change.Steps {
					for _, c := range s.Commands {
						words := wordsOf(c)
						known := map[string]bool{"set": true, "delete": true, "move": true, "commit": true}
						if strings.ContainsAny(c, "\n\r'`\\?|") || !known[words[0]] || words[0] == "commit" && c != "commit" {
							t.Errorf("%q: %q", name, c)
						}
						if words[0] == "delete" && (len(words) != 5 || words[4] != name) {
							t.Errorf("%q: %q", name, c)
						}
					}
				}
			}
		}
	}
	if plans < 8 {
		t.Errorf("only %d plans", plans)
	}
}

// xmlAttribute is a text in an attribute of XML.
func xmlAttribute(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		if c >= 'a' && c <= 'z' || c >= 0x80 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "&#%d;", c)
		}
	}
	return b.String()
}
