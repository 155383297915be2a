package nftables

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/nbfwc/nbfwc/lab/kernel"
	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
)

// A written case is a job of testdata/render and what Render makes of it.
type written struct {
	name, user, text string
	job              targets.Job
}

func writtenCases(t *testing.T) []written {
	t.Helper()
	files, err := filepath.Glob("testdata/render/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	var out []written
	for _, file := range files {
		a, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		c := written{name: strings.TrimSuffix(filepath.Base(file), ".txtar")}
		for _, f := range a.Files {
			switch f.Name {
			case "job.json":
				if c.job, err = readJob(f.Data); err != nil {
					t.Fatal(err)
				}
			case "user.nft":
				c.user = string(f.Data)
			case "want.nft":
				c.text = string(f.Data)
			}
		}
		if c.text != "" {
			out = append(out, c)
		}
	}
	if len(out) < 15 {
		t.Fatalf("%d cases", len(out))
	}
	return out
}

// understood parses text, which must hold nothing that isn't modelled.
func understood(t *testing.T, form, text string, job targets.Job) ruleset.RuleSet {
	t.Helper()
	rs, problems, err := Parse(strings.NewReader(text), targets.ParseOptions{Interfaces: job.Interfaces})
	if err != nil {
		t.Fatalf("%s: %v\n%s", form, err, text)
	}
	for _, p := range problems {
		t.Errorf("%s: problem: %+v", form, p)
	}
	for _, s := range rs.Stages {
		for _, r := range s.Rules {
			if r.Opaque != nil {
				t.Errorf("%s: line %d is opaque: %s", form, r.Line, r.Opaque.Why)
			}
		}
	}
	return rs
}

// closed puts the rule set of a section in front of a chain that refuses what
// returns, and takes ICMP of the other family out, which no packet has.
func closed(rs ruleset.RuleSet, section bool) *ruleset.RuleSet {
	every := ruleset.PortRange{To: 65535}
	icmp := func(p uint8) ruleset.ServiceSet {
		return ruleset.NewServiceSet(ruleset.ServiceBox{ProtoFrom: p, ProtoTo: p, Src: every, Dst: every})
	}
	stages := []ruleset.Stage{{Name: "no packets", Default: ruleset.Permit, Rules: []ruleset.Rule{
		{Src: ruleset.Any6(), Dst: ruleset.Any6(), Service: icmp(ruleset.ICMP), Action: ruleset.Deny},
		{Src: ruleset.Any4(), Dst: ruleset.Any4(), Service: icmp(ruleset.ICMPv6), Action: ruleset.Deny},
	}}}
	stages = append(stages, rs.Stages...)
	rs.Stages = stages
	if section {
		return closedIfSection(rs)
	}
	return &rs
}

func mustHaveSameEffect(t *testing.T, form string, have, want *ruleset.RuleSet) {
	t.Helper()
	d, err := ruleset.Compare(have, want, ruleset.CompareOptions{Effects: true, MaxBoxes: 3})
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range append(append(d.Certain, d.Unknown...), d.Routing...) {
		t.Errorf("%s: have %v, want %v (effects only: %v) for %v", form, x.Have, x.Want, x.EffectsOnly, x.Witness)
	}
}

// policyOf leaves out what Render permits by itself.
func policyOf(rs ruleset.RuleSet) ruleset.RuleSet {
	var stages []ruleset.Stage
	for _, s := range rs.Stages {
		if !strings.HasSuffix(s.Name, alwaysName) {
			stages = append(stages, s)
		}
	}
	rs.Stages = stages
	return rs
}

// otherBytes are the cases that are not written the same again, with the reason.
var otherBytes = map[string]string{
	"idle-timeouts": "a rule for TCP and more has its timeout for TCP only, and comes back as two",
	"hostile-text":  "of a name with characters that don't print some are left out",
}

// TestWrittenIsReadBack holds that Parse returns what was rendered: nothing is
// opaque, each packet has the same effect, and rendering it again gives the same
// bytes.
func TestWrittenIsReadBack(t *testing.T) {
	for _, c := range writtenCases(t) {
		t.Run(c.name, func(t *testing.T) {
			have := understood(t, "file", c.text, c.job)
			want := Effective(c.job)
			section := c.job.Manage == targets.Section
			mustHaveSameEffect(t, "file", closed(have, section), closed(want, section))
			again := c.job
			again.Want = policyOf(have)
			var b bytes.Buffer
			if err := Render(&b, again); err != nil {
				t.Fatal(err)
			}
			d := cmp.Diff(c.text, b.String())
			if why := otherBytes[c.name]; (d != "") != (why != "") {
				t.Errorf("rendered again (-first +again):\n%s%s", d, why)
			}
		})
	}
}

// TestListedIsReadBack holds the same for what the kernel lists, in both forms.
func TestListedIsReadBack(t *testing.T) {
	if !kernel.Require(t) {
		return
	}
	for _, c := range writtenCases(t) {
		t.Run(c.name, func(t *testing.T) {
			section := c.job.Manage == targets.Section
			want := closed(understood(t, "file", c.text, c.job), section)
			for form, text := range listed(t, c.user+c.text) {
				have := understood(t, form, text, c.job)
				if !strings.Contains(c.user, "table ip ") {
					mustHaveSameEffect(t, form, closed(have, false), want)
				}
			}
		})
	}
}

// listed loads text and returns what nft lists of it.
func listed(t *testing.T, text string) map[string]string {
	t.Helper()
	out := map[string]string{}
	inRouter(t, func(r *router) {
		if err := r.load(text); err != nil {
			t.Error(err)
			return
		}
		for _, form := range []string{"-j", "-s", "-a"} {
			listing, err := r.run("", "nft", form, "list", "ruleset")
			if err != nil {
				t.Error(err)
				return
			}
			out[form] = listing
		}
	})
	return out
}

// TestExamplesAreUnderstood holds that of the compiled examples nothing is
// opaque, in the file and in what the kernel lists, and that both say the same.
func TestExamplesAreUnderstood(t *testing.T) {
	files, err := filepath.Glob("../../examples/*/compiled/*.nft")
	if err != nil || len(files) < 8 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	asked := kernel.Require(t)
	for _, file := range files {
		t.Run(file, func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			want := understood(t, "file", string(text), targets.Job{})
			if asked {
				for form, listing := range listed(t, enclosing(string(text))+string(text)) {
					have := understood(t, form, listing, targets.Job{})
					mustHaveSameEffect(t, form, &have, closedIfSection(want))
				}
			}
		})
	}
}

// enclosing is the table of a user that a section needs, with its jumps; "" for
// a file that is no section.
func enclosing(text string) string {
	var b strings.Builder
	for i, name := range sectionChains {
		_, rest, ok := strings.Cut(text, "add chain inet filter "+name+"\n")
		if ok && rest != "" {
			b.WriteString("chain " + name + " {\n}\nchain " + hookNames[i] + " {\ntype filter hook " + hookNames[i] + " priority filter; policy drop;\njump " + name + "\n}\n")
		}
	}
	if b.Len() == 0 {
		return ""
	}
	return "table inet filter {\n" + b.String() + "}\n"
}

func closedIfSection(rs ruleset.RuleSet) *ruleset.RuleSet {
	if n := len(rs.Stages); n > 0 && rs.Stages[n-1].Default == ruleset.Next {
		end := ruleset.Stage{Name: "the user's chain", Default: ruleset.Deny}
		if !slices.ContainsFunc(rs.Stages, func(s ruleset.Stage) bool { return s.Default == ruleset.Next && s.Out.Contains(ruleset.Self) }) {
			end.In, end.Out = hookSides["forward"][0], hookSides["forward"][1]
		}
		rs.Stages = append(rs.Stages[:n:n], end)
	}
	return &rs
}
