package targettest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/nbfwc/nbfwc/lab"
	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
)

// Run runs the whole suite.
func Run(t *testing.T, s Subject) {
	t.Run("RoundTrip", func(t *testing.T) { s.roundTrip(t) })
	t.Run("Verdicts", func(t *testing.T) { s.verdicts(t) })
	t.Run("Injection", func(t *testing.T) { s.injection(t) })
	if s.Device == nil {
		return
	}
	t.Run("WrittenIsWhatTheDeviceDoes", func(t *testing.T) { s.written(t) })
	t.Run("EveryCommandIsSafe", func(t *testing.T) { s.changes(t) })
	t.Run("Interrupted", func(t *testing.T) { s.interrupted(t) })
	t.Run("AmongOthers", func(t *testing.T) { s.amongOthers(t) })
}

// job is a random job that the target can express.
func (s *Subject) job(rng *rand.Rand, manage targets.Manage) *targets.Job {
	job := randomJob(rng, manage)
	s.adjust(job)
	return job
}

func (s *Subject) adjust(job *targets.Job) {
	if s.Adjust != nil {
		s.Adjust(job)
	}
}

func (s *Subject) each(t *testing.T, test func(t *testing.T, rng *rand.Rand, manage targets.Manage)) {
	for _, manage := range []targets.Manage{targets.Section, targets.Exclusive} {
		t.Run([]string{"section", "exclusive"}[manage], func(t *testing.T) {
			for i := range s.rounds() {
				test(t, rand.New(rand.NewPCG(uint64(i), uint64(manage))), manage)
			}
		})
	}
}

// roundTrip: what is written is read back with the same effect, the same job
// gives the same bytes, and there is nothing to change about it.
func (s *Subject) roundTrip(t *testing.T) {
	s.each(t, func(t *testing.T, rng *rand.Rand, manage targets.Manage) {
		job := s.job(rng, manage)
		text := s.render(t, job)
		if again := s.render(t, job); again != text {
			t.Fatalf("the same job gives different bytes:\n%s\n%s", text, again)
		}
		have := s.parse(t, text, job)
		want := s.Target.Effective(*job)
		same(t, "what is read back", &have.RuleSet, &want, func() string { return describe(job) + text })
	})
}

// verdicts: what is written permits what the job permits, by a walk over the
// job's rules.
func (s *Subject) verdicts(t *testing.T) {
	all := packets()
	for i := range s.rounds() {
		job := s.job(rand.New(rand.NewPCG(uint64(i), 77)), targets.Exclusive)
		rs := s.parse(t, s.render(t, job), job).RuleSet
		frozen, err := ruleset.Freeze(&rs)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range all {
			v := frozen.Verdict(ruleset.Packet{In: p.In, Out: p.Out, Src: p.Src, Dst: p.Dst, Proto: p.Proto, SrcPort: p.SrcPort, DstPort: p.DstPort})
			if (v == ruleset.Passes) != permits(job, p) || v == ruleset.Unknown {
				t.Fatalf("%v: %s, but the job says %v\n%s", p, v, permits(job, p), describe(job))
			}
		}
	}
}

// written: a blank device that is told what is written does what the job says,
// prints what is read back with the same effect, and needs no change.
func (s *Subject) written(t *testing.T) {
	all := packets()
	s.each(t, func(t *testing.T, rng *rand.Rand, manage targets.Manage) {
		if manage == targets.Section {
			return // a section lives among others; see AmongOthers
		}
		job := s.job(rng, manage)
		d := s.Device(t)
		s.login(t, d).commands(s.lines(s.render(t, job)))
		s.judge(t, d, job, all)
		have := s.parse(t, d.Running(), job)
		want := s.Target.Effective(*job)
		same(t, "what the device prints", &have.RuleSet, &want, func() string { return describe(job) + d.Running() })
		s.settled(t, d, job)
	})
}

// judge fails if the device doesn't do what an exclusive job says.
func (s *Subject) judge(t *testing.T, d lab.Device, job *targets.Job, all []lab.Packet) {
	t.Helper()
	for _, p := range all {
		if v := d.Decide(p); (v == lab.Passes) != permits(job, p) || v == lab.Undecided {
			t.Fatalf("%v: the device says %d, the job %v\n%s%s", p, v, permits(job, p), describe(job), d.Running())
		}
	}
}

// settled fails if there is something to change on a device that has the job.
func (s *Subject) settled(t *testing.T, d lab.Device, job *targets.Job) {
	t.Helper()
	c := s.plan(t, d, job)
	if len(c.Steps) > 0 {
		t.Fatalf("there is something to do on a device that has the job:\n%s\nit has:\n%s", strings.Join(commands(c), "\n"), d.Running())
	}
}

func (s *Subject) plan(t *testing.T, d lab.Device, job *targets.Job) *targets.Change {
	t.Helper()
	have := s.parse(t, d.Running(), job)
	c, problems := s.Target.Plan(have, *job, targets.PlanOptions{})
	if c == nil {
		t.Fatalf("no plan: %v\n%sdevice has:\n%s", problems, describe(job), d.Running())
	}
	return c
}

// watch remembers what a device does with packets.
func watch(d lab.Device, some []lab.Packet) []lab.Verdict {
	out := make([]lab.Verdict, len(some))
	for i, p := range some {
		out[i] = d.Decide(p)
	}
	return out
}

// sample is some of the packets.
func sample(rng *rand.Rand, all []lab.Packet, n int) []lab.Packet {
	out := make([]lab.Packet, n)
	for i := range out {
		out[i] = all[rng.IntN(len(all))]
	}
	return out
}

// perform types a change and fails if a packet is treated, after a command,
// neither as before the change nor as after it.
func (s *Subject) perform(t *testing.T, d lab.Device, c *targets.Change, some []lab.Packet, note string) {
	t.Helper()
	before := watch(d, some)
	type state struct {
		command  string
		verdicts []lab.Verdict
	}
	var states []state
	list := commands(c)
	y := s.login(t, d)
	y.after = func(command string) { states = append(states, state{command, watch(d, some)}) }
	y.commands(list)
	after := watch(d, some)
	for _, now := range states {
		for i, v := range now.verdicts {
			if passes := v == lab.Passes; passes != (before[i] == lab.Passes) && passes != (after[i] == lab.Passes) {
				t.Fatalf("after %q, %v is treated as neither before (%d) nor after (%d) but %d\n%s\nthe plan:\n%s\nend:\n%s",
					now.command, some[i], before[i], after[i], v, note, strings.Join(list, "\n"), d.Running())
			}
		}
	}
}

// changes: a device that has one job gets another and goes back again.
func (s *Subject) changes(t *testing.T) {
	all := packets()
	s.each(t, func(t *testing.T, rng *rand.Rand, manage targets.Manage) {
		if manage == targets.Section {
			return // see AmongOthers
		}
		job := s.job(rng, manage)
		d := s.Device(t)
		s.login(t, d).commands(s.lines(s.render(t, job)))
		s.change(t, rng, d, job, all)
	})
}

// change takes a device from a job to a changed one and back.
func (s *Subject) change(t *testing.T, rng *rand.Rand, d lab.Device, job *targets.Job, all []lab.Packet) {
	t.Helper()
	next, k := changedJob(rng, job)
	s.adjust(next)
	note := "from " + describe(job) + "to " + describe(next)
	some := sample(rng, all, 250)
	text := d.Running()
	before := s.parse(t, text, job)
	c := s.plan(t, d, next)
	if again := s.plan(t, d, next); !slices.Equal(commands(again), commands(c)) {
		t.Fatalf("the same plan differs:\n%q\n%q", commands(c), commands(again))
	}
	if n := len(commands(c)); n > 40*k+60 {
		t.Errorf("%d commands for %d changes\n%s%s", n, k, note, strings.Join(commands(c), "\n"))
	}
	s.perform(t, d, c, some, note)
	have := s.parse(t, d.Running(), next)
	same(t, "the result of the plan", &have.RuleSet, &c.Result, func() string {
		return note + "\nplan:\n" + strings.Join(commands(c), "\n") + "\ndevice:\n" + d.Running()
	})
	s.settled(t, d, next)
	if next.Manage == targets.Exclusive {
		s.judge(t, d, next, some)
	}

	back, problems := s.Target.Restore(have, before)
	if back == nil {
		t.Fatalf("no way back: %v\n%s", problems, note)
	}
	s.perform(t, d, back, some, "back "+note)
	restored := s.parse(t, d.Running(), job)
	same(t, "what was restored", &restored.RuleSet, &before.RuleSet, func() string {
		return note + "\nthe way back:\n" + strings.Join(commands(back), "\n") + "\ndevice:\n" + d.Running() + "\nbefore:\n" + text
	})
	s.settled(t, d, job)
}

// interrupted: a plan that breaks off after any command can be finished by a
// new plan, and undone.
func (s *Subject) interrupted(t *testing.T) {
	if s.Atomic {
		return // nothing has happened before the last command
	}
	all := packets()
	for i := range s.rounds() {
		rng := rand.New(rand.NewPCG(uint64(i), 99))
		job := s.job(rng, targets.Exclusive)
		d := s.Device(t)
		s.login(t, d).commands(s.lines(s.render(t, job)))
		before := s.parse(t, d.Running(), job)
		next, _ := changedJob(rng, job)
		s.adjust(next)
		list := commands(s.plan(t, d, next))
		if len(list) == 0 {
			continue
		}
		y := s.login(t, d)
		y.lines(list[:rng.IntN(len(list))])
		y.session.Close()
		some := sample(rng, all, 150)
		if rng.IntN(2) == 0 {
			c := s.plan(t, d, next)
			s.perform(t, d, c, some, "resumed")
			s.judge(t, d, next, some)
			s.settled(t, d, next)
			continue
		}
		have := s.parse(t, d.Running(), job)
		back, problems := s.Target.Restore(have, before)
		if back == nil {
			t.Fatalf("no way back: %v", problems)
		}
		s.perform(t, d, back, some, "abandoned")
		s.judge(t, d, job, some)
	}
}

// amongOthers: a section comes, changes and goes, and what is of others stays
// as it is.
func (s *Subject) amongOthers(t *testing.T) {
	all := packets()
	for _, f := range s.Foreign {
		for _, anchor := range f.Anchors {
			t.Run(f.Name+"/"+anchor, func(t *testing.T) {
				for i := range s.rounds() / 4 {
					rng := rand.New(rand.NewPCG(uint64(i), 55))
					job := s.job(rng, targets.Section)
					job.Anchor = anchor
					d := s.Device(t)
					s.login(t, d).commands(f.Commands)
					before := s.printed(d)
					some := sample(rng, all, 250)
					s.perform(t, d, s.plan(t, d, job), some, describe(job))
					s.settled(t, d, job)
					f.kept(t, d)
					s.change(t, rng, d, job, all)
					f.kept(t, d)

					none := *job
					none.Want = ruleset.RuleSet{Stages: []ruleset.Stage{{Name: "forward", In: job.Want.Stages[0].In, Out: job.Want.Stages[0].Out, Default: ruleset.Deny}}}
					s.perform(t, d, s.plan(t, d, &none), some, "everything of ours goes")
					if now := s.printed(d); now != before {
						t.Fatalf("something is left or gone after all of ours went:\n%s\nbefore:\n%s", now, before)
					}
				}
			})
		}
	}
}

func (f *Foreign) kept(t *testing.T, d lab.Device) {
	t.Helper()
	rest := d.Running()
	for _, text := range f.Keep {
		i := strings.Index(rest, text)
		if i < 0 {
			t.Fatalf("%q of others is gone, or at another place:\n%s", text, d.Running())
		}
		rest = rest[i+len(text):]
	}
}

// hostile are texts that mean something to somebody.
var hostile = []string{
	"a\nno access-list x", "a\r\nend", "end\n", "quit", "\"", "'", "\\", "a\"; delete firewall policy 1", "?", "a?b", "\t", "\x00", "\x03", "\x1b[2J",
	"]]>", "<b>&amp;", "| match", "a | b", "`id`", "$(id)", "!", "#", ": end", "[ a b ]", "{ }", "ä ö ü", "\u202e", "\u2028", strings.Repeat("x", 300), " lead", "trail ", "",
}

// injection: names and reasons either are refused before a byte is written, or
// change nothing of what is written but themselves.
func (s *Subject) injection(t *testing.T) {
	accepted := 0
	for i, text := range hostile {
		for _, place := range []string{"reason", "group reason", "host name", "group", "rule", "profile", "header", "firewall"} {
			job := s.job(rand.New(rand.NewPCG(4, 4)), targets.Exclusive)
			plain := s.render(t, job)
			r, g := &job.Want.Stages[0].Rules[0], &job.Want.Groups[0]
			switch place {
			case "reason":
				r.Reason = text
			case "group reason":
				g.Reason = text
			case "host name":
				g.Members[0].Name = text
			case "group":
				for k := range job.Want.Stages[0].Rules {
					x := &job.Want.Stages[0].Rules[k]
					if x.SrcGroup == g.Name {
						x.SrcGroup = text
					}
					if x.DstGroup == g.Name {
						x.DstGroup = text
					}
				}
				g.Name = text
			case "rule":
				r.Name = text
			case "profile":
				r.Profile = text
			case "header":
				job.Header = []string{text}
			case "firewall":
				job.Firewall = text
			}
			if len(s.Target.Check(*job)) > 0 {
				var b strings.Builder
				if err := s.Target.Render(&b, *job); err == nil || b.Len() > 0 {
					t.Errorf("%s %q: Check refuses, but %d bytes are written", place, text, b.Len())
				}
				continue
			}
			accepted++
			written := s.render(t, job)
			if n, m := strings.Count(written, "\n"), strings.Count(plain, "\n"); n > m+2 {
				t.Errorf("%s %q makes %d lines of %d:\n%s", place, text, n, m, written)
			}
			have := s.parse(t, written, job)
			want := s.Target.Effective(*job)
			same(t, fmt.Sprintf("%s %q (case %d)", place, text, i), &have.RuleSet, &want, func() string { return written })
			if s.Device == nil || place == "profile" { // the device has no profile of this name
				continue
			}
			d := s.Device(t)
			s.login(t, d).commands(s.lines(written))
			s.judge(t, d, job, sample(rand.New(rand.NewPCG(1, 1)), packets(), 100))
		}
	}
	if accepted < len(hostile) {
		t.Errorf("only %d hostile texts were written at all", accepted)
	}
}
