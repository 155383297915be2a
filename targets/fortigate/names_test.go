package fortigate

import (
	"strings"
	"testing"

	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
)

func TestIdentifier(t *testing.T) {
	long := "NBU-" + strings.Repeat("x", 60)
	for _, c := range []struct{ name, want string }{
		{"NBU-master", "NBU-master"},
		{"NBU-client-to-master-in-the-dmz-1", "NBU-client-to-master-in-t-djzfd2"}, // 33 characters: no room for ".2"
		{"NBU-client-to-master-in-the-dmz-", "NBU-client-to-master-in-the-dmz-"},
		{"NBU-r.2", "NBU-r.2-wri4ao"},
		{"NBU-r.x", "NBU-r.x"},
		{long, "NBU-xxxxxxxxxxxxxxxxxxxxx-wweqk3"},
	} {
		have := identifier(c.name, maxPolicyName)
		if have != c.want {
			t.Errorf("%s: have %s, want %s", c.name, have, c.want)
		}
		if len(alternate(have, 99)) > maxPolicyName || base(alternate(have, 99)) != have || base(have) != have {
			t.Errorf("%s: alternate %s of %s", have, alternate(have, 99), base(alternate(have, 99)))
		}
	}
}

func TestAddressName(t *testing.T) {
	for _, c := range []struct{ addr, want string }{
		{"10.0.0.5", "NBU-10.0.0.5"},
		{"10.0.0.0/24", "NBU-10.0.0.0_24"},
		{"0.0.0.0/0", "NBU-0.0.0.0_0"},
		{"10.0.0.1-10.0.0.9", "NBU-10.0.0.1-10.0.0.9"},
		{"::1", "NBU---1"},
		{"2001:db8::/64", "NBU-2001-db8--_64"},
		{"2001:db8:1111:2222:3333:4444:5555:1-2001:db8:1111:2222:3333:4444:5555:6666", "NBU-2001-db8-1111-2222-3333-4444-5555-1_to_2001-db8-1111-2222-3333-4444-5555"},
	} {
		if have := addressName("NBU-", rangeOf(c.addr)); have != c.want && (len(c.want) < 60 || !strings.HasPrefix(have, c.want[:60])) || len(have) > maxObject {
			t.Errorf("%s: have %s, want %s", c.addr, have, c.want)
		}
	}
}

func TestComment(t *testing.T) {
	for _, c := range []struct{ reason, want string }{
		{"", "nbfwc"},
		{" \t\n", "nbfwc"},
		{"pbx, vnetd; table 2-1 (note 3)", "nbfwc pbx, vnetd; table 2-1 [note 3]"},
		{`a "quoted" 'word' \ <tag> #1 why?`, "nbfwc a `quoted` `word` / [tag] .1 why."},
		{"Straße", "nbfwc Stra.e"},
		{"bad \xff byte", "nbfwc bad . byte"},
		{strings.Repeat("long ", 100), "nbfwc " + strings.Repeat("long ", 49) + "long"},
	} {
		have := comment(c.reason, maxComment)
		if have != c.want {
			t.Errorf("%q: have %q, want %q", c.reason, have, c.want)
		}
		if !isMarked(have) || len(have) > maxComment {
			t.Errorf("%q", have)
		}
	}
	for _, other := range []string{"", "nbfwcx", " nbfwc", "my nbfwc"} {
		if isMarked(other) {
			t.Errorf("%q isn't ours", other)
		}
	}
}

// hostileJob has a text in each place that texts of a policy come to.
func hostileJob(text string) targets.Job {
	any := ruleset.NotIfaces(ruleset.Self)
	a, b := rangeOf("10.0.0.1"), rangeOf("192.0.2.0/31")
	job := targets.Job{Firewall: text, Manage: targets.Exclusive, Header: []string{text, "second"}, DenyLog: true,
		Interfaces: []targets.Interface{{Label: "core", Devices: []string{"core"}}, {Label: "dmz", Devices: []string{"dmz"}}}}
	job.Want.Groups = []ruleset.Group{
		{Name: "NBU-a", Members: []ruleset.Member{{Range: a, Name: text}}, Set: ruleset.NewAddrSet(a), Reason: text},
		{Name: "NBU-b", Members: []ruleset.Member{{Range: b, Name: text}}, Set: ruleset.NewAddrSet(b)},
	}
	job.Want.Stages = []ruleset.Stage{{Name: text, In: any, Out: any, Default: ruleset.Deny, Rules: []ruleset.Rule{{
		In: ruleset.Ifaces("core"), Out: ruleset.Ifaces("dmz"), SrcGroup: "NBU-a", DstGroup: "NBU-b", Src: job.Want.Groups[0].Set, Dst: job.Want.Groups[1].Set,
		Service: serviceSet("tcp 1556"), Action: ruleset.Permit, Name: "NBU-r", Reason: text,
	}}}}
	return job
}

// FuzzTexts: whatever a policy's texts hold, the lines are the same but for
// comments, none of them has a character that the command line acts on, and a
// plan's lines don't either.
func FuzzTexts(f *testing.F) {
	for _, s := range []string{"", "plain", "\"\nend\nend\nconfig system admin", "a\\", "'", "?", "#", "\r", "\x03", "\x00", "\t", "x\u2028y", strings.Repeat("\"", 2000), strings.Repeat("ä", 600)} {
		f.Add(s)
	}
	plain := strings.Split(renderedText(f, hostileJob("x")), "\n")
	f.Fuzz(func(t *testing.T, text string) {
		job := hostileJob(text)
		var lines []string
		for _, l := range strings.Split(renderedText(t, job), "\n") {
			if !strings.HasPrefix(l, "# ") || l == exclusiveRemark {
				lines = append(lines, l)
			}
			for _, c := range []byte(l) {
				if c < ' ' || c >= 0x7f || c == '?' || c == '\\' || c == '\'' {
					t.Fatalf("%q in %q", c, l)
				}
			}
		}
		var want []string
		for _, l := range plain {
			if !strings.HasPrefix(l, "# ") || l == exclusiveRemark {
				want = append(want, l)
			}
		}
		if len(lines) != len(want) {
			t.Fatalf("%d lines, want %d\n%s", len(lines), len(want), strings.Join(lines, "\n"))
		}
		for i, l := range lines {
			if name := strings.TrimSpace(l); strings.HasPrefix(name, "set comment") {
				if strings.Count(l, `"`) != 2 || !strings.HasSuffix(l, `"`) || len(l) > 1100 {
					t.Fatalf("%q", l)
				}
				continue
			}
			if l != want[i] {
				t.Fatalf("have %q, want %q", l, want[i])
			}
		}
		c := parsed(t, renderedText(t, job), optionsOf(&job))
		if wantRules := (Target{}).Effective(job); !sameEffect(t, &c.RuleSet, &wantRules) {
			t.Fatal(text)
		}
	})
}

func renderedText(t testing.TB, job targets.Job) string {
	t.Helper()
	var b strings.Builder
	if err := (Target{}).Render(&b, job); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
