package cisco_asa

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/nbfwc/nbfwc/lab"
	"github.com/nbfwc/nbfwc/lab/asa"
	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
)

// storyDevice is the firewall of the stories: three interfaces with security
// levels 100, 50 and 0.
var storyDevice = []string{
	"interface GigabitEthernet0/0", " nameif inside", " security-level 100", " ip address 10.0.0.1 255.255.255.0", " no shutdown",
	"interface GigabitEthernet0/1", " nameif dmz", " security-level 50", " ip address 192.0.2.1 255.255.255.0", " no shutdown",
	"interface GigabitEthernet0/2", " nameif outside", " security-level 0", " ip address 198.51.100.1 255.255.255.0", " no shutdown",
}

// TestPlan: what a device has (a job that it was given before, then what was
// typed by hand), what is wanted, and the commands between the two. The commands
// are typed on an emulated device: after each of them every packet that is
// looked at passes or not as before or as after all, at the end the device does
// what the plan said, and then there is nothing left to do.
func TestPlan(t *testing.T) {
	golden(t, "plan", "steps", func(t *testing.T, file map[string]string) string {
		job, opt := testJob(t, file["job"])
		d := asa.New(asa.Options{Enabled: true})
		typed(t, d, storyDevice)
		if old := file["have-job"]; old != "" {
			before, _ := testJob(t, old)
			typed(t, d, storyLines(rendered(t, before)))
		}
		typed(t, d, storyLines(file["have"]))
		have := readStory(t, d, &job)
		c, problems := Target{}.Plan(have, job, opt)
		if c != nil {
			playStory(t, d, c, &job, opt)
			settledStory(t, d, job, opt)
			undoStory(t, d, have, &job)
		}
		return stepsText(c, problems)
	})
}

func storyLines(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(s, "\n"), "\n")
}

func readStory(t testing.TB, d lab.Device, job *targets.Job) *targets.Config {
	t.Helper()
	c, err := Target{}.Parse(strings.NewReader(d.Running()), parseOptions(job))
	if err != nil {
		t.Fatalf("%v\n%s", err, d.Running())
	}
	return c
}

// storyPackets are packets between hosts of the stories.
func storyPackets() []lab.Packet {
	hosts := map[string][]string{
		"inside": {"10.0.0.10", "10.0.0.21", "10.0.0.22", "10.0.0.23", "10.0.0.99"},
		"dmz":    {"192.0.2.10", "192.0.2.11", "192.0.2.12", "192.0.2.99"}, "outside": {"198.51.100.10", "203.0.113.5"},
	}
	var out []lab.Packet
	for _, in := range []string{"inside", "dmz", "outside"} {
		for _, to := range []string{"inside", "dmz", "outside"} {
			for _, src := range hosts[in] {
				for _, dst := range hosts[to] {
					if in == to {
						continue
					}
					p := lab.Packet{In: in, Out: to, Src: netip.MustParseAddr(src), Dst: netip.MustParseAddr(dst), Proto: ruleset.TCP, SrcPort: 40000}
					for _, port := range []uint16{22, 80, 443, 1556, 10082, 13724} {
						p.DstPort = port
						out = append(out, p)
					}
					p.Proto, p.SrcPort, p.DstPort = ruleset.ICMP, 3, 4
					out = append(out, p)
				}
			}
		}
	}
	return out
}

func verdictsOf(d lab.Device, list []lab.Packet) []lab.Verdict {
	out := make([]lab.Verdict, len(list))
	for i, p := range list {
		out[i] = d.Decide(p)
	}
	return out
}

func playStory(t testing.TB, d lab.Device, c *targets.Change, job *targets.Job, opt targets.PlanOptions) {
	t.Helper()
	packets := storyPackets()
	before := verdictsOf(d, packets)
	type state struct {
		command string
		does    []lab.Verdict
	}
	var states []state
	s := d.Login()
	s.Send("configure terminal")
	for _, step := range c.Steps {
		for _, line := range step.Commands {
			if answer := s.Send(line); s.Refused(answer) {
				t.Fatalf("the device refuses %q: %s\nof:\n%s\nit has:\n%s", line, answer, stepsText(c, nil), d.Running())
			}
			states = append(states, state{line, verdictsOf(d, packets)})
		}
	}
	s.Close()
	after := verdictsOf(d, packets)
	for _, x := range states {
		for i, v := range x.does {
			if v != before[i] && v != after[i] {
				t.Fatalf("after %q %+v is treated as neither before (%d) nor after (%d): %d\n%s", x.command, packets[i], before[i], after[i], v, stepsText(c, nil))
			}
		}
	}
	for i, p := range packets {
		v := c.Result.Verdict(ruleset.Packet(p))
		if (v == ruleset.Passes) != (after[i] == lab.Passes) && v != ruleset.Unknown {
			t.Fatalf("%+v: the plan says %s, the device %d\n%s", p, v, after[i], d.Running())
		}
	}
	now := readStory(t, d, job)
	same, err := ruleset.SameEffect(&now.RuleSet, &c.Result)
	if err != nil || !same {
		diff, _ := ruleset.Compare(&now.RuleSet, &c.Result, ruleset.CompareOptions{Effects: true, MaxBoxes: 3})
		t.Fatalf("the device doesn't do what the plan said: %+v %v\n%s", diff, err, d.Running())
	}
}

func settledStory(t testing.TB, d lab.Device, job targets.Job, opt targets.PlanOptions) {
	t.Helper()
	opt.TakeOver = false // all is ours now
	c, problems := Target{}.Plan(readStory(t, d, &job), job, opt)
	if c == nil || len(c.Steps) > 0 {
		t.Fatalf("there is something left to do:\n%s\nthe device has:\n%s", stepsText(c, problems), d.Running())
	}
}

// undoStory goes back to what was before.
func undoStory(t testing.TB, d lab.Device, before *targets.Config, job *targets.Job) {
	t.Helper()
	c, problems := Target{}.Restore(readStory(t, d, job), before)
	if c == nil {
		t.Fatalf("no way back: %v", problems)
	}
	playStory(t, d, c, job, targets.PlanOptions{})
	now := readStory(t, d, job)
	if same, err := ruleset.SameEffect(&now.RuleSet, &before.RuleSet); err != nil || !same {
		t.Fatalf("the way back ends elsewhere: %v\n%s\nthe device has:\n%s", err, stepsText(c, nil), d.Running())
	}
}

// TestInterruptedStories: a plan that breaks off after any of its commands is
// finished by a new one, and undone.
func TestInterruptedStories(t *testing.T) {
	golden(t, "plan", "steps", func(t *testing.T, file map[string]string) string {
		job, opt := testJob(t, file["job"])
		start := func() (*asa.Device, *targets.Config) {
			d := asa.New(asa.Options{Enabled: true})
			typed(t, d, storyDevice)
			if old := file["have-job"]; old != "" {
				before, _ := testJob(t, old)
				typed(t, d, storyLines(rendered(t, before)))
			}
			typed(t, d, storyLines(file["have"]))
			return d, readStory(t, d, &job)
		}
		_, have := start()
		c, _ := Target{}.Plan(have, job, opt)
		if c == nil {
			return file["steps"]
		}
		var list []string
		for _, s := range c.Steps {
			list = append(list, s.Commands...)
		}
		for n := range list {
			for _, back := range []bool{false, true} {
				d, have := start()
				typedOpen(t, d, list[:n])
				broken := d.Running()
				var c *targets.Change
				var problems []targets.Problem
				if back {
					c, problems = Target{}.Restore(readStory(t, d, &job), have)
				} else {
					c, problems = Target{}.Plan(readStory(t, d, &job), job, opt)
				}
				if c == nil {
					t.Fatalf("broken off before %q (back: %v): %v\n%s", list[n], back, problems, broken)
				}
				playStory(t, d, c, &job, opt)
				if !back {
					settledStory(t, d, job, opt)
				} else if now := readStory(t, d, &job); true {
					if same, err := ruleset.SameEffect(&now.RuleSet, &have.RuleSet); err != nil || !same {
						t.Fatalf("broken off before %q, the way back ends elsewhere: %v\n%s\n%s", list[n], err, stepsText(c, nil), d.Running())
					}
				}
			}
		}
		return file["steps"]
	})
}

// typedOpen types commands and breaks the connection off.
func typedOpen(t testing.TB, d lab.Device, list []string) {
	t.Helper()
	s := d.Login()
	s.Send("configure terminal")
	for _, line := range list {
		if answer := s.Send(line); s.Refused(answer) {
			t.Fatalf("the device refuses %q: %s", line, answer)
		}
	}
	s.Close()
}
