package cisco_asa

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
)

// txtars are the cases of a folder by name, with the parts of each.
func txtars(t testing.TB, folder string) map[string]map[string]string {
	t.Helper()
	names, err := filepath.Glob("testdata/" + folder + "/*.txtar")
	if err != nil || len(names) == 0 {
		t.Fatal("no cases in", folder, err)
	}
	out := map[string]map[string]string{}
	for _, name := range names {
		ar, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if len(strings.TrimSpace(string(ar.Comment))) == 0 {
			t.Errorf("%s: the first line says what the case shows", name)
		}
		parts := map[string]string{}
		for _, f := range ar.Files {
			// · stands for a blank at the end of a line, ␍ for a carriage return.
			parts[f.Name] = strings.NewReplacer("·", " ", "␍", "\r", "␈", "\b").Replace(string(f.Data))
		}
		out[strings.TrimSuffix(filepath.Base(name), ".txtar")] = parts
	}
	return out
}

func textLines(s string) []string {
	if s = strings.TrimSpace(s); s == "" {
		return nil
	}
	return strings.Split(s, "\n")
}

// TestParseFiles reads configurations. A case has the running configuration and
// some of
//
//	facts       os, hostname, context, elements, established
//	problems    LINE: part of the reason
//	modes       part of the reason
//	interfaces  LABEL NETWORK...
//	nat         LINE ADDRESSES
//	groups      NAME MEMBER...
//	rules       STAGE | ACTION SRC DST SERVICE [idle] [log] [opaque ID]
//	error       part of the error
//
// What a case doesn't have isn't compared, but for problems.
func TestParseFiles(t *testing.T) {
	for name, parts := range txtars(t, "parse") {
		t.Run(name, func(t *testing.T) {
			opt := targets.ParseOptions{Context: strings.TrimSpace(parts["context"])}
			for _, l := range textLines(parts["labels"]) {
				w := strings.Fields(l)
				opt.Interfaces = append(opt.Interfaces, targets.Interface{Label: w[0], Devices: w[1:]})
			}
			c, err := parse(strings.NewReader(parts["running-config"]), opt)
			if want := strings.TrimSpace(parts["error"]); want != "" {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Fatalf("error %v, want %q", err, want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			have := facts(c)
			for _, l := range textLines(parts["facts"]) {
				k, v, _ := strings.Cut(l, " ")
				if have[k] != v {
					t.Errorf("%s is %q, want %q", k, have[k], v)
				}
			}
			same(t, "problems", problemLines(c.Problems), textLines(parts["problems"]), true)
			same(t, "modes", problemLines(c.Model.(*model).modes), textLines(parts["modes"]), true)
			for what, have := range map[string][]string{
				"interfaces": interfaceLines(c), "nat": natLines(c), "groups": groupLines(c), "rules": ruleLines(&c.RuleSet),
			} {
				if want, ok := parts[what]; ok {
					same(t, what, have, textLines(want), false)
				}
			}
		})
	}
}

// same compares lists line by line; of a problem the file has only a part.
func same(t *testing.T, what string, have, want []string, part bool) {
	t.Helper()
	ok := len(have) == len(want)
	for i := range want {
		ok = ok && (have[i] == want[i] || part && strings.Contains(have[i], want[i]))
	}
	if !ok {
		t.Errorf("%s: have\n%s\nwant\n%s", what, strings.Join(have, "\n"), strings.Join(want, "\n"))
	}
}

func facts(c *targets.Config) map[string]string {
	return map[string]string{
		"os": c.OS, "hostname": c.Hostname, "context": c.Context, "lines": fmt.Sprint(c.Lines),
		"elements": fmt.Sprint(c.Elements), "established": c.Established.String(),
	}
}

func problemLines(ps []targets.Problem) (out []string) {
	for _, p := range ps {
		out = append(out, fmt.Sprintf("%d: %s: %s", p.Line, p.Text, p.Why))
	}
	return out
}

func interfaceLines(c *targets.Config) (out []string) {
	for _, i := range c.Interfaces {
		s := i.Label
		for _, p := range i.Networks {
			s += " " + p.String()
		}
		out = append(out, s)
	}
	return out
}

func natLines(c *targets.Config) (out []string) {
	for _, n := range c.NAT {
		out = append(out, fmt.Sprint(n.Line, " ", n.Addrs))
	}
	return out
}

func groupLines(c *targets.Config) (out []string) {
	for _, g := range c.RuleSet.Groups {
		s := g.Name
		for _, m := range g.Members {
			s += " " + m.Range.String()
		}
		out = append(out, s)
	}
	return out
}

func ruleLines(rs *ruleset.RuleSet) (out []string) {
	for _, s := range rs.Stages {
		for _, r := range s.Rules {
			x := fmt.Sprintf("%s | %v %v %v %v", s.Name, r.Action, r.Src, r.Dst, r.Service)
			if r.Idle != 0 {
				x += " idle " + r.Idle.String()
			}
			if r.Log {
				x += " log"
			}
			if r.Opaque != nil {
				x += " opaque " + r.Opaque.ID
			}
			out = append(out, x)
		}
	}
	return out
}

// TestRewrites holds that what a device rewrites by itself is no difference: a
// case has two texts of one configuration.
func TestRewrites(t *testing.T) {
	for name, parts := range txtars(t, "parse_rewrites") {
		t.Run(name, func(t *testing.T) {
			a, b := parsed(t, parts["entered"], targets.ParseOptions{}), parsed(t, parts["printed"], targets.ParseOptions{})
			if len(a.Problems)+len(b.Problems) > 0 {
				t.Errorf("problems: %v %v", a.Problems, b.Problems)
			}
			if a.Digest != b.Digest {
				t.Error("the digests differ")
			}
			if !ruleset.SameSpelling(&a.RuleSet, &b.RuleSet) {
				t.Errorf("the rule sets differ:\n%s\n\n%s", strings.Join(ruleLines(&a.RuleSet), "\n"), strings.Join(ruleLines(&b.RuleSet), "\n"))
			}
		})
	}
}

// changesNothing are the other words that begin lines of the example without
// which it means the same.
var changesNothing = wordSet("interface ASA hostname no shutdown timeout parameters message-length")

// TestDigestOfWhatMatters holds that each line of a configuration that a plan
// depends on changes the digest.
func TestDigestOfWhatMatters(t *testing.T) {
	text := txtars(t, "parse")["example"]["running-config"]
	want := parsed(t, text, targets.ParseOptions{}).Digest
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		w := strings.Fields(l)
		if len(w) == 0 || strings.HasPrefix(l, "!") || strings.HasPrefix(l, ":") || irrelevant[w[0]] || changesNothing[w[0]] || strings.HasPrefix(l, "Crypto") {
			continue
		}
		without := strings.Join(append(append([]string{}, lines[:i]...), lines[i+1:]...), "\n")
		if parsed(t, without, targets.ParseOptions{}).Digest == want {
			t.Errorf("the digest doesn't depend on %q", l)
		}
	}
}
