package targettest

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/nbfwc/nbfwc/lab"
	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
)

// Subject is a target with the device that judges it.
type Subject struct {
	Target targets.Target
	// Device returns a device with the interfaces of World and none of ours.
	Device func(testing.TB) lab.Device
	// Enter and Leave are typed before and after commands of the top of the
	// configuration mode.
	Enter, Leave []string
	// Comment begins lines of a file that the device has no place for and that
	// are left out when it is typed; "" where comments can be typed.
	Comment string
	// Atomic says that commands take effect together, with the last one.
	Atomic bool
	// Adjust makes a random job one that the target can express.
	Adjust func(*targets.Job)
	// Foreign are configurations of others among which a section has to live.
	Foreign []Foreign
	// Noise says that a line of what the device prints changes by itself; nil
	// for none.
	Noise func(line string) bool
	// Rounds is the number of random jobs of each test; 0 means 60.
	Rounds int
}

// Foreign is a configuration of others.
type Foreign struct {
	Name string
	// Commands make it, typed at the top of the configuration mode.
	Commands []string
	// Anchors are places for our section.
	Anchors []string
	// Keep are texts that must stay in what the device prints, in this order.
	Keep []string
}

func (s *Subject) rounds() int {
	if s.Rounds == 0 {
		return 60
	}
	return s.Rounds
}

func (s *Subject) options(job *targets.Job) targets.ParseOptions {
	return targets.ParseOptions{Interfaces: job.Interfaces, Context: job.Context, Prefix: job.Prefix, Behind: behind()}
}

// parse reads a configuration that has no lines that are not understood.
func (s *Subject) parse(t testing.TB, text string, job *targets.Job) *targets.Config {
	t.Helper()
	c, err := s.Target.Parse(strings.NewReader(text), s.options(job))
	if err != nil {
		t.Fatalf("%v\nreading:\n%s", err, text)
	}
	for _, p := range c.Problems {
		t.Fatalf("line %d %q: %s\nreading:\n%s", p.Line, p.Text, p.Why, text)
	}
	return c
}

func (s *Subject) render(t testing.TB, job *targets.Job) string {
	t.Helper()
	var b bytes.Buffer
	if err := s.Target.Render(&b, *job); err != nil {
		t.Fatalf("%v %v\nwriting %s", err, s.Target.Check(*job), describe(job))
	}
	return b.String()
}

// printed is what the device prints, without what changes by itself.
func (s *Subject) printed(d lab.Device) string {
	if s.Noise == nil {
		return d.Running()
	}
	var b strings.Builder
	for line := range strings.Lines(d.Running()) {
		if !s.Noise(line) {
			b.WriteString(line)
		}
	}
	return b.String()
}

// typist types commands on a device and watches what happens.
type typist struct {
	t       testing.TB
	s       *Subject
	device  lab.Device
	session lab.Session
	after   func(command string) // after each line that was typed
}

func (s *Subject) login(t testing.TB, d lab.Device) *typist {
	y := &typist{t: t, s: s, device: d, session: d.Login()}
	y.lines(s.Enter)
	return y
}

// commands types commands and leaves the configuration mode.
func (y *typist) commands(list []string) {
	y.t.Helper()
	y.lines(list)
	y.lines(y.s.Leave)
	y.session.Close()
}

func (y *typist) lines(list []string) {
	y.t.Helper()
	for i, line := range list {
		answer := y.session.Send(line)
		if y.session.Refused(answer) {
			y.t.Fatalf("the device refuses line %d, %q: %s\nof:\n%s\nit has:\n%s", i+1, line, answer, strings.Join(list, "\n"), y.device.Running())
		}
		if y.after != nil {
			y.after(line)
		}
	}
}

// lines are the commands of a rendered file.
func (s *Subject) lines(text string) []string {
	list := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	return slices.DeleteFunc(list, func(line string) bool { return s.Comment != "" && strings.HasPrefix(line, s.Comment) })
}

func commands(c *targets.Change) []string {
	var out []string
	for _, s := range c.Steps {
		out = append(out, s.Commands...)
	}
	return out
}

// same fails if two rule sets differ in effect for consistent packets.
func same(t testing.TB, what string, have, want *ruleset.RuleSet, more func() string) {
	t.Helper()
	a, b := *have, *want
	a.Behind, b.Behind = behind(), behind()
	d, err := ruleset.Compare(&a, &b, ruleset.CompareOptions{Effects: true, MaxBoxes: 5})
	if err != nil {
		t.Fatal(err)
	}
	if d.IsEmpty() {
		return
	}
	var text strings.Builder
	for _, x := range append(d.Certain, d.Unknown...) {
		text.WriteString("\n  " + x.Witness.String() + ": " + x.Have.String() + ", want " + x.Want.String())
		if x.EffectsOnly {
			text.WriteString(" with other effects")
		}
	}
	t.Fatalf("%s differs:%s\n%s", what, text.String(), more())
}
