package nftables

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/nbfwc/nbfwc/lab/kernel"
	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
)

var errCut = errors.New("the test has cut the connection")

// cuts are the ways to lose a connection in the middle of a line.
var cuts = []struct {
	name string
	cut  func(m *machine) error
	mend func(m *machine) error
}{
	{"kill sshd", func(m *machine) error { return m.host.KillSSH() }, func(m *machine) error { return m.host.StartSSH() }},
	{"hang up", func(m *machine) error { m.host.Hangup(); return nil }, nil},
	{"drop packets", func(m *machine) error { return m.host.Cut(true) }, func(m *machine) error { return m.host.Cut(false) }},
}

// talk is a push with new sessions where the engine makes them, up to Finish. The
// sessions call typed before each line and file.
func (m *machine) talk(p *targets.Push, typed func(*session, string) error) error {
	ctx := context.Background()
	login := func() (*session, error) {
		s, _, err := m.dial(false)
		if err == nil {
			s.typed = func(line string) error { return typed(s, line) }
		}
		return s, err
	}
	s, err := login()
	if err != nil {
		return err
	}
	defer s.Close()
	if err := (Dialogue{}).Prepare(ctx, s, p); err != nil {
		return err
	}
	if err := (Dialogue{}).Apply(ctx, s, p); err != nil {
		return err
	}
	s.Close()
	if s, err = login(); err != nil {
		return err
	}
	defer s.Close()
	if err := (Dialogue{}).Confirm(ctx, s, p); err != nil {
		return err
	}
	return Dialogue{}.Finish(ctx, s, p)
}

// The connection is lost behind every line of a push, in three ways. Whatever
// was typed then, real connections are treated by the old rules or by the new
// ones; after Settle nothing is left open or running on the machine; and what
// the machine loads at boot is what it runs, once Confirm has made it so.
func TestCutAtEveryLine(t *testing.T) {
	if !kernel.Require(t) {
		return
	}
	// Two machines at once, each for every other line.
	for first, user := range []string{"root", kernel.User} {
		t.Run(user, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t, user)
			m.whole(jobOf(targets.Section, 1556))
			found, cut := map[string]int{}, 0
			for at, more := uint16(1556), true; more; cut++ {
				at, more = m.cutAt(first+2*cut, (first+cut)%len(cuts), at, found)
			}
			t.Logf("%d cuts: %v", cut, found)
			if cut < 15 || found[""] == 0 || found["the push was not yet ready to load anything"] == 0 ||
				found["the new rules were loaded and not confirmed; the machine goes back now, the machine has gone back to the old rules"] == 0 ||
				found["the new rules were loaded and confirmed"] == 0 {
				t.Errorf("the %d cuts prove little: %v", cut, found)
			}
		})
	}
}

// cutAt pushes from one port to the other, loses the connection behind a line,
// and settles. It returns the port that is open then, and whether the push had
// so many lines.
func (m *machine) cutAt(line, how int, at uint16, found map[string]int) (uint16, bool) {
	m.t.Helper()
	ctx := context.Background()
	other := 1556 + 13724 - at
	s := m.login()
	p := m.push(s, jobOf(targets.Section, other), time.Minute)
	s.Close()
	n, last := 0, ""
	err := m.talk(p, func(s *session, text string) error {
		if n++; n <= line {
			return nil
		}
		last = text
		// The line goes out; what the machine does with it, and whether it gets
		// it before the cut, is left to chance.
		typed := make(chan bool)
		lost, lose := context.WithCancel(ctx)
		go func() {
			defer close(typed)
			_, _ = s.Session.Do(lost, targets.Command{Line: text, Any: true})
		}()
		time.Sleep(time.Duration(line%3) * 10 * time.Millisecond)
		if err := cuts[how].cut(m); err != nil {
			m.t.Error(err)
		}
		time.Sleep(time.Duration(line%2) * 30 * time.Millisecond)
		lose()
		<-typed
		return errCut
	})
	if err == nil {
		return other, false
	}
	if !errors.Is(err, errCut) {
		m.t.Fatalf("line %d: %v", line, err)
	}
	m.mustBe(last, at, other)
	if cuts[how].mend != nil {
		if err := cuts[how].mend(m); err != nil {
			m.t.Fatal(err)
		}
	}
	s = m.login()
	defer s.Close()
	said, err := Dialogue{}.Settle(ctx, s, p)
	if err != nil {
		m.t.Fatalf("cut at %q: %v (found %q)", last, err, said)
	}
	found[strings.Join(said, ", ")]++
	at = m.mustBe(last, at, other)
	p.Change = &targets.Change{}
	if err := errors.Join(Dialogue{}.Confirm(ctx, s, p), Dialogue{}.Finish(ctx, s, p)); err != nil {
		m.t.Fatalf("cut at %q: %v", last, err)
	}
	m.clean(fmt.Sprintf("cut at %q", last))
	m.run("nft -f /etc/nftables.conf")
	m.mustBe(last+", and booted", at, at)
	return at, true
}

// mustBe is the port that is open, which must be one of two.
func (m *machine) mustBe(when string, a, b uint16) uint16 {
	m.t.Helper()
	now := m.open(1556, 13724)
	if now != fmt.Sprint(a) && now != fmt.Sprint(b) {
		m.t.Fatalf("cut at %q: open are %q, expected %d or %d", when, now, a, b)
	}
	if now == fmt.Sprint(a) {
		return a
	}
	return b
}

// A policy that would keep us out is loaded, nobody can log in to confirm it,
// and the machine goes back by itself.
func TestLockoutGoesBackByItself(t *testing.T) {
	if !kernel.Require(t) {
		return
	}
	t.Parallel()
	m := newMachine(t, "root")
	m.run("nft add chain inet filter forward '{ policy accept; }'")
	before := m.rules()
	job := jobOf(targets.Exclusive, 1556)
	job.Self, job.ManagementFrom = true, addrs("10.77.0.0/24", nil) // not where we come from
	others, self := ruleset.NotIfaces(ruleset.Self), ruleset.Ifaces(ruleset.Self)
	job.Want.Stages = append(job.Want.Stages,
		ruleset.Stage{Name: "input", In: others, Out: self, Default: ruleset.Deny},
		ruleset.Stage{Name: "output", In: self, Out: others, Default: ruleset.Deny})
	s := m.login()
	p := m.push(s, job, 6*time.Second)
	if err := m.apply(s, p); err != nil {
		t.Fatal(err)
	}
	s.Close()
	if s, _, err := m.dial(false); err == nil {
		s.Close()
		t.Fatal("the machine lets us in, so the policy locks nobody out")
	}
	for end := time.Now().Add(20 * time.Second); ; {
		s, _, err := m.dial(false)
		if err == nil {
			if err := (Dialogue{}).Confirm(context.Background(), s, p); err == nil {
				t.Error("confirmed what has gone back")
			}
			if _, err := (Dialogue{}).Settle(context.Background(), s, p); err != nil {
				t.Error(err)
			}
			s.Close()
			break
		}
		if time.Now().After(end) {
			t.Fatalf("the machine doesn't let us in again: %v\n%s", err, m.rules())
		}
	}
	if now := m.rules(); now != before {
		t.Errorf("the rules were\n%s\nand are\n%s", before, now)
	}
	m.clean("after Settle")
}

// The confirmation and the rollback race for the same moment, many times. When
// Confirm says that the change lasts it does, and when it says that it doesn't
// the machine goes back: nothing in between.
func TestConfirmAndRollbackRace(t *testing.T) {
	if !kernel.Require(t) {
		return
	}
	t.Parallel()
	ctx := context.Background()
	m := newMachine(t, "root")
	m.whole(jobOf(targets.Section, 1556))
	at, won := uint16(1556), map[bool]int{}
	delay := 900 * time.Millisecond
	for range 6 {
		other := 1556 + 13724 - at
		s := m.login()
		p := m.push(s, jobOf(targets.Section, other), time.Second)
		if err := m.apply(s, p); err != nil {
			t.Fatal(err)
		}
		time.Sleep(delay)
		err := Dialogue{}.Confirm(ctx, s, p)
		won[err == nil]++
		if err == nil {
			at, delay = other, delay+60*time.Millisecond
		} else {
			delay = max(0, delay-120*time.Millisecond)
		}
		time.Sleep(time.Second)
		if now := m.open(1556, 13724); now != fmt.Sprint(at) {
			t.Fatalf("Confirm said %v, and open are %q", err, now)
		}
		if _, err := (Dialogue{}).Settle(ctx, s, p); err != nil {
			t.Fatal(err)
		}
		if now := m.open(1556, 13724); now != fmt.Sprint(at) {
			t.Fatalf("Settle changed what was decided: open are %q", now)
		}
		m.run("nft -f /etc/nftables.conf")
		if now := m.open(1556, 13724); now != fmt.Sprint(at) {
			t.Fatalf("Confirm said %v, and after a boot open are %q", err, now)
		}
		s.Close()
	}
	if won[true] == 0 || won[false] == 0 {
		t.Errorf("one side always won: %v", won)
	}
}

// The program that would go back is killed: Settle goes back in its place. One
// that is started late, by a line that was on its way for long, loads nothing.
func TestAgentThatDiesOrComesLate(t *testing.T) {
	if !kernel.Require(t) {
		return
	}
	t.Parallel()
	ctx := context.Background()
	m := newMachine(t, kernel.User)
	m.whole(jobOf(targets.Section, 1556))
	s := m.login()
	p := m.push(s, jobOf(targets.Section, 13724), time.Minute)
	if err := m.apply(s, p); err != nil {
		t.Fatal(err)
	}
	dir := fmt.Sprintf("/run/nbfwc/%d/%s", kernel.UserNum, p.ID)
	m.run("kill -9 $(cat " + dir + "/pid)")
	m.mustOpen("without the agent", "13724")
	found, err := Dialogue{}.Settle(ctx, s, p)
	if err != nil || !strings.Contains(strings.Join(found, "\n"), "has ended") {
		t.Fatalf("%q %v", found, err)
	}
	m.mustOpen("after Settle", "1556")

	p = m.push(s, jobOf(targets.Section, 13724), time.Minute)
	if err := (Dialogue{}).Prepare(ctx, s, p); err != nil {
		t.Fatal(err)
	}
	dir = fmt.Sprintf("/run/nbfwc/%d/%s", kernel.UserNum, p.ID)
	m.run("cp " + dir + "/agent.sh /tmp/late." + p.ID) // the shell has read it already
	if _, err := (Dialogue{}).Settle(ctx, s, p); err != nil {
		t.Fatal(err)
	}
	m.run("sh /tmp/late." + p.ID + " 2>/dev/null; rm /tmp/late." + p.ID)
	m.mustOpen("after a late agent", "1556")
	m.clean("after a late agent")
}
