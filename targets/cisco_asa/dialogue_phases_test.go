package cisco_asa

import (
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/nbfwc/nbfwc/lab/asa"
	"github.com/nbfwc/nbfwc/targets"
	"github.com/nbfwc/nbfwc/targets/targettest"
)

// inPhases is the target with its plans in the order in which a push types
// them. It counts the plans of each sort.
type inPhases struct {
	Target
	version                  string
	plans, sessions, ordered *int
}

func (x inPhases) Plan(have *targets.Config, job targets.Job, opt targets.PlanOptions) (*targets.Change, []targets.Problem) {
	c, problems := Target{}.Plan(have, job, opt)
	return x.sort(have, c), problems
}

func (x inPhases) Restore(have, before *targets.Config) (*targets.Change, []targets.Problem) {
	c, problems := Target{}.Restore(have, before)
	return x.sort(have, c), problems
}

func (x inPhases) sort(have *targets.Config, c *targets.Change) *targets.Change {
	if c == nil || len(c.Steps) == 0 {
		return c
	}
	ph, err := sorted(have.Model.(*model), c, x.version)
	if err != nil {
		panic(err)
	}
	*x.plans++
	out := *c
	out.Steps = nil
	add := func(why string, lines ...typedLine) {
		s := targets.Step{Why: why}
		for _, l := range lines {
			s.Commands = append(s.Commands, l.text)
		}
		out.Steps = append(out.Steps, s)
	}
	add("before", ph.before...)
	if len(ph.session) > 0 {
		*x.sessions++
		add("session", typedLine{text: "end"}, typedLine{text: fmt.Sprintf("configure session s%.8x", sha256.Sum256(fmt.Append(nil, have.Digest, c.Steps)))})
		add("session", ph.session...)
		add("session", typedLine{text: "commit noconfirm"}, typedLine{text: "configure terminal"})
	}
	if ph.ordered != "" {
		*x.ordered++
	}
	add("after", ph.after...)
	return &out
}

// TestPhasesAreSafe: the whole suite of targets, in which after every command
// every packet is treated as before the change or as after it, holds for the
// order in which a push types a plan as well.
func TestPhasesAreSafe(t *testing.T) {
	var plans, sessions, ordered int
	s := subject()
	s.Target = inPhases{version: "9.16(4)", plans: &plans, sessions: &sessions, ordered: &ordered}
	s.Rounds = 32
	s.Atomic = true // interruptions: TestBrokenOff, which settles what is left open
	targettest.Run(t, s)
	t.Logf("%d plans, %d with a session, %d in the order of their steps", plans, sessions, ordered)
	if sessions < plans/3 {
		t.Errorf("of %d plans only %d had a session", plans, sessions)
	}
}

// TestRandomPhasesAreSafe: the same for jobs that have little to do with each
// other, where lists are exchanged and groups edited in one plan.
func TestRandomPhasesAreSafe(t *testing.T) {
	var plans, sessions, ordered int
	x := inPhases{version: "9.16(4)", plans: &plans, sessions: &sessions, ordered: &ordered}
	for i := range 40 {
		rng := rand.New(rand.NewPCG(uint64(i), 13))
		a := randomJobText(rng, "exclusive")
		b := randomJobText(rng, "exclusive")
		if i%2 == 0 {
			a, b = reordered(rng, a)
		}
		first, _ := testJob(t, a)
		second, _ := testJob(t, b)
		d := asa.New(asa.Options{Enabled: true})
		typed(t, d, storyDevice)
		typed(t, d, storyLines(rendered(t, first)))
		have := readStory(t, d, &second)
		c, problems := x.Plan(have, second, targets.PlanOptions{TakeOver: true})
		if c == nil {
			t.Fatalf("case %d: %v\n%s\n%s", i, problems, a, b)
		}
		playStory(t, d, c, &second, targets.PlanOptions{})
		back, problems := x.Restore(readStory(t, d, &second), have)
		if back == nil {
			t.Fatalf("case %d: no way back: %v\n%s\n%s", i, problems, a, b)
		}
		playStory(t, d, back, &second, targets.PlanOptions{})
	}
	t.Logf("%d plans, %d with a session, %d in the order of their steps", plans, sessions, ordered)
	if sessions < plans/3 || ordered == 0 {
		t.Errorf("of %d plans %d had a session and %d none that could", plans, sessions, ordered)
	}
}

// reordered is a job with rules that name no groups, and the same with its rules
// in another order, other services and an address more in some groups: the list
// is made anew, since entries without groups can't stand in it twice.
func reordered(rng *rand.Rand, job string) (a, b string) {
	lines := storyLines(job)
	from := slices.IndexFunc(lines, func(l string) bool {
		return strings.HasPrefix(l, "permit ") || strings.HasPrefix(l, "deny ") || strings.HasPrefix(l, "reject ")
	})
	if from < 0 {
		return job, job
	}
	lines = slices.Insert(lines, from, "permit inside dmz 10.0.0.10 192.0.2.10 tcp/22", "deny inside dmz 10.0.0.21 192.0.2.11 tcp/1556", "permit inside dmz 10.0.0.21 192.0.2.10 tcp/1556 log")
	a = strings.Join(lines, "\n") + "\n"
	rules := slices.Clone(lines[from:])
	rng.Shuffle(len(rules), func(i, j int) { rules[i], rules[j] = rules[j], rules[i] })
	for i, r := range rules {
		if rng.IntN(3) == 0 {
			rules[i] = strings.Replace(r, "tcp/1556", "tcp/443", 1)
		}
	}
	groups := slices.Clone(lines[:from])
	for i, l := range groups {
		if head, reason, ok := strings.Cut(l, " #"); ok && strings.HasPrefix(l, "group NBU-g") && rng.IntN(2) == 0 {
			more := map[bool]string{true: " 10.0.0.99", false: " 192.0.2.12"}[strings.HasSuffix(strings.Fields(l)[1], "inside")]
			groups[i] = head + more + " #" + reason
		}
	}
	return a, strings.Join(append(groups, rules...), "\n") + "\n"
}

// TestPhases: what goes where.
func TestPhases(t *testing.T) {
	const device = `ASA Version 9.16(4)
interface GigabitEthernet0/0
 nameif inside
interface GigabitEthernet0/1
 nameif dmz
object-group network NBU-a
 description nbfwc
 network-object host 10.0.0.1
object network NBU-h
 host 10.0.0.9
access-list inside_in extended permit tcp object-group NBU-a any eq 1556
access-list inside_in extended permit tcp any any eq www
access-list vpn extended permit ip any any
access-list both extended permit tcp any any
access-list NBU-idle-8h extended permit tcp object-group NBU-a any eq 1556
access-list NBU-dmz-in2 remark nbfwc begin
access-group inside_in in interface inside
access-group both in interface dmz
crypto map m 10 match address vpn
class-map NBU-idle-8h
 match access-list NBU-idle-8h
class-map both
 match access-list both
: end
`
	have, err := parse(strings.NewReader(device), targets.ParseOptions{Prefix: "NBU-"})
	if err != nil {
		t.Fatal(err)
	}
	made := "object-group network NBU-b\n network-object host 10.0.0.2"
	edit := "object-group network NBU-a\n network-object host 10.0.0.3"
	line := "access-list inside_in line 1 extended permit tcp object-group NBU-b any eq 1556"
	idle := "access-list NBU-idle-8h line 1 extended permit tcp object-group NBU-b any eq 1556"
	class := "policy-map global_policy\n class NBU-idle-8h\n  set connection timeout idle 8:00:00"
	noClass := "policy-map global_policy\n no class NBU-idle-8h"
	swap := "access-group NBU-dmz-in in interface dmz"
	for _, c := range []struct {
		what, version          string
		plan                   []string
		before, session, after []string
		ordered                string
	}{
		{what: "what is made comes first, what is used is edited in the session, what is no longer used goes last",
			plan: []string{made, edit, line, class, "no object-group network NBU-old"}, before: []string{made, class}, session: []string{edit, line}, after: []string{"no object-group network NBU-old"}},
		{what: "the list of a timeout is none of a session", plan: []string{edit, idle}, before: []string{idle}, session: []string{edit}},
		{what: "a class that goes goes last, one that moves does so before", plan: []string{noClass, class, line, "no class-map NBU-idle-8h"}, before: []string{noClass, class}, session: []string{line}, after: []string{"no class-map NBU-idle-8h"}},
		{what: "a class that only goes", plan: []string{line, noClass, "no class-map NBU-idle-8h", "clear configure access-list NBU-idle-8h"}, session: []string{line}, after: []string{noClass, "no class-map NBU-idle-8h", "clear configure access-list NBU-idle-8h"}},
		{what: "a list that is exchanged, and another one that is edited", plan: []string{swap, line}, session: []string{line}, after: []string{swap}},
		{what: "a list that is exchanged, and a group that is edited", plan: []string{made, swap, edit}, after: []string{made, swap, edit}, ordered: "the list of an interface is exchanged"},
		{what: "a bound list that is removed, and a group that is edited", plan: []string{edit, "clear configure access-list inside_in"}, after: []string{edit, "clear configure access-list inside_in"}, ordered: "the list of an interface is exchanged"},
		{what: "a list of which something is left is made anew", plan: []string{line, "clear configure access-list NBU-dmz-in2", "access-list NBU-dmz-in2 extended permit ip any any"},
			before: []string{"clear configure access-list NBU-dmz-in2", "access-list NBU-dmz-in2 extended permit ip any any"}, session: []string{line}},
		{what: "a list of a VPN", plan: []string{"access-list vpn line 1 extended deny ip any any", line}, after: []string{"access-list vpn line 1 extended deny ip any any", line}, ordered: "something else uses as well (vpn)"},
		{what: "a list of an interface and of a class", plan: []string{"no access-list both line 1 extended permit tcp any any"}, after: []string{"no access-list both line 1 extended permit tcp any any"}, ordered: "a class-map uses as well (both)"},
		{what: "no sessions", version: "9.3(1)", plan: []string{made, line}, after: []string{made, line}, ordered: "ASA 9.3(1) has no configuration sessions"},
		{what: "nothing in use is edited", version: "9.1(2)", plan: []string{swap, made}, before: []string{made}, after: []string{swap}},
		{what: "an object gets another value", plan: []string{line, "object network NBU-h\n host 10.0.0.8"}, after: []string{line, "object network NBU-h\n host 10.0.0.8"}, ordered: "object NBU-h is in use"},
		{what: "a description", plan: []string{"object-group network NBU-a\n description nbfwc: b", line}, session: []string{line}, after: []string{"object-group network NBU-a\n description nbfwc: b"}},
		{what: "a command that isn't known", plan: []string{line, "mtu inside 1400"}, after: []string{line, "mtu inside 1400"}, ordered: `"mtu inside 1400" isn't a command`},
	} {
		if c.version == "" {
			c.version = "9.3(2)"
		}
		var steps []targets.Step
		for _, u := range c.plan {
			steps = append(steps, targets.Step{Commands: strings.Split(u, "\n")})
		}
		ph, err := sorted(have.Model.(*model), &targets.Change{Steps: steps}, c.version)
		if err != nil {
			t.Errorf("%s: %v", c.what, err)
			continue
		}
		for _, x := range []struct {
			name string
			have []typedLine
			want []string
		}{{"before", ph.before, c.before}, {"session", ph.session, c.session}, {"after", ph.after, c.after}} {
			var lines []string
			for _, l := range x.have {
				lines = append(lines, l.text)
			}
			if got, want := strings.Join(lines, "\n"), strings.Join(x.want, "\n"); got != want {
				t.Errorf("%s: %s:\n%s\nwant:\n%s", c.what, x.name, got, want)
			}
		}
		if c.ordered == "" && ph.ordered != "" || !strings.Contains(ph.ordered, c.ordered) {
			t.Errorf("%s: %q", c.what, ph.ordered)
		}
	}
}

// TestTyped: what can't be typed is refused before anything is.
func TestTyped(t *testing.T) {
	for line, want := range map[string]string{
		"access-list a remark why?":                        `"?"`,
		"access-list a remark caf\u00e9":                   "can't be typed",
		"access-list a remark \x15no access-list a":        "can't be typed",
		"access-list a remark a\nno access-list b":         "can't be typed",
		"access-list a remark " + strings.Repeat("x", 500): "too long",
	} {
		_, err := sorted(newModel(), &targets.Change{Steps: []targets.Step{{Commands: []string{line}}}}, "9.16(4)")
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", line, err)
		}
	}
}
