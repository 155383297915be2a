package paloalto

import (
	"strings"
	"testing"

	"github.com/nbfwc/nbfwc/lab/panos"
)

// prepared is a push up to its first edit, with its session still open.
func (b *bench) prepared(t *testing.T) (apply func() error, settle func() ([]string, error)) {
	t.Helper()
	s, _, err := b.login(false)
	if err != nil {
		t.Fatal(err)
	}
	p, err := b.planned(s, "p1", b.new)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.dialogue.Prepare(t.Context(), s, p); err != nil {
		t.Fatal(err)
	}
	apply = func() error { return b.dialogue.Apply(t.Context(), s, p) }
	settle = func() ([]string, error) {
		s.Close()
		s, _, err := b.login(false)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		return b.dialogue.Settle(t.Context(), s, p)
	}
	return apply, settle
}

// TestOwnAccountByHand: what somebody types with nbfwc's own account in the
// middle of a push is not committed with it, wherever in the configuration.
func TestOwnAccountByHand(t *testing.T) {
	for _, line := range []string{
		"set deviceconfig system timezone UTC",
		"set address by-hand ip-netmask 10.9.9.9/32",
		"set rulebase security rules NBU-default log-end yes",
		"set rulebase security rules NBU-client-outside-to-media-inside log-end no",
		"set rulebase security rules NBU-client-outside-to-media-inside service any",
	} {
		b := newBench(t)
		apply, settle := b.prepared(t)
		b.hook = func(typed string) {
			if typed == "show config candidate" {
				b.hook = nil
				s := b.d.LoginAs(me)
				s.Send("configure")
				s.Send(line)
			}
		}
		if err := apply(); err == nil || !strings.Contains(err.Error(), "nothing was committed") && !strings.Contains(err.Error(), "validate full") {
			t.Errorf("%s: %v", line, err)
		}
		if _, err := settle(); err != nil || b.stand() != "old" {
			t.Errorf("%s: %v, it stands at %s", line, err, b.stand())
		}
		b.clean()
	}
}

// TestSettleLeavesOthers: what isn't of the push stays: locks of another push,
// and edits that our account made before anything of the push was begun.
func TestSettleLeavesOthers(t *testing.T) {
	b := newBench(t)
	apply, settle := b.prepared(t)
	if err := apply(); err != nil {
		t.Fatal(err)
	}
	if _, err := settle(); err != nil {
		t.Fatal(err)
	}
	b.d.Lock("config", me, "nbfwc p0")
	b.type_(me, "configure", "set address by-hand ip-netmask 10.9.9.9/32")
	candidate := b.d.Candidate()
	found, err := settle()
	if err != nil || len(found) != 1 || !strings.Contains(found[0], "not of this push; they were left alone") {
		t.Errorf("%q %v", found, err)
	}
	if b.d.Candidate() != candidate {
		t.Error("an edit by hand was taken back")
	}
	s := b.d.Login()
	if answer := s.Send("show config-locks"); !strings.Contains(answer, "nbfwc p0") {
		t.Errorf("the lock of another push was given back: %s", answer)
	}
}

// TestSettleWithoutLock: somebody has broken our lock. What we had edited is
// taken back all the same, unless it can't be told from what our account did
// elsewhere.
func TestSettleWithoutLock(t *testing.T) {
	b := newBench(t)
	p := b.halfEdited("p1")
	b.type_("bob", "request config-lock remove admin "+me, "request commit-lock remove admin "+me)
	b.settle(p)
	b.clean()

	b = newBench(t)
	p = b.halfEdited("p1")
	b.type_("bob", "request config-lock remove admin "+me)
	b.type_(me, "configure", "set deviceconfig system timezone UTC")
	s, _, err := b.login(false)
	if err != nil {
		t.Fatal(err)
	}
	candidate := b.d.Candidate()
	if _, err := b.dialogue.Settle(t.Context(), s, p); err == nil || !strings.Contains(err.Error(), "beside those of this push") || b.d.Candidate() != candidate {
		t.Errorf("%v", err)
	}

	b = newBench(t)
	p = b.halfEdited("p1")
	b.type_("bob", "delete config saved nbfwc-p1.xml")
	b.settle(p) // the lock is there, and nothing else differs
	b.clean()
}

// TestSettleChecks: a revert that isn't one is an error, and so is a file that
// can't be removed.
func TestSettleChecks(t *testing.T) {
	for line, want := range map[string]string{
		"revert config":       "are still in the candidate",
		"delete config saved": "",
	} {
		b := newBench(t)
		p := b.halfEdited("p1")
		b.answer = func(typed string) (string, bool) {
			if strings.HasPrefix(typed, "delete") {
				return "Server error : nbfwc-p1.xml does not exist\n", strings.HasPrefix(typed, line)
			}
			return "[edit]\n", strings.HasPrefix(typed, line)
		}
		s, _, err := b.login(false)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.dialogue.Settle(t.Context(), s, p); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s isn't done: %v, want %q", line, err, want)
		}
		b.answer = nil
		b.settle(p)
		b.clean()
	}
}

// TestSettleQueue: the commit waits behind that of another administrator when
// the connection breaks. It is waited for, and it counts.
func TestSettleQueue(t *testing.T) {
	b := newBench(t)
	apply, settle := b.prepared(t)
	b.hook = func(typed string) {
		if strings.HasPrefix(typed, "commit") {
			b.d.SetFaults(panos.Faults{JobLines: 12, DropDone: 1})
		}
	}
	if err := apply(); err == nil || b.stand() != "old" {
		t.Fatalf("%v, it stands at %s", err, b.stand())
	}
	b.hook = nil
	found, err := settle()
	if err != nil || b.stand() != "new" || !strings.Contains(strings.Join(found, "\n"), "(Commit): FIN OK; it was waited for") {
		t.Errorf("%q %v; it stands at %s", found, err, b.stand())
	}
	b.clean()
}

// TestSettleNothing: where nothing is open it does no harm, and says nothing.
func TestSettleNothing(t *testing.T) {
	b := newBench(t)
	_, settle := b.prepared(t)
	for range 2 {
		if _, err := settle(); err != nil {
			t.Fatal(err)
		}
	}
	found, err := settle()
	if err != nil || len(found) > 0 || b.d.RunningXML() != b.before {
		t.Errorf("%q %v", found, err)
	}
	b.clean()
}

// TestSettleJournal: edits that took each other back are taken out of the
// journal as well, so that the next push finds nothing of ours.
func TestSettleJournal(t *testing.T) {
	b := newBench(t)
	_, settle := b.prepared(t)
	b.type_(me, "configure", "set address NBU-x ip-netmask 10.9.9.9/32", "delete address NBU-x")
	if _, err := settle(); err != nil {
		t.Fatal(err)
	}
	b.clean()
}

// TestConfirm: a push is confirmed only while what runs is what was planned.
func TestConfirm(t *testing.T) {
	b := newBench(t)
	p, err := b.push("p1", b.new)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.end(t.Context(), p); err != nil {
		t.Errorf("again: %v", err)
	}
	b.some, b.was, b.now = nil, nil, nil
	b.type_("bob", "configure", "delete rulebase security rules NBU-client-outside-to-media-inside", "commit")
	if err := b.end(t.Context(), p); err == nil || !strings.Contains(err.Error(), "isn't what was planned") {
		t.Errorf("after somebody has removed a rule: %v", err)
	}
	p.Change.Steps = nil
	if err := b.end(t.Context(), p); err != nil {
		t.Errorf("without steps: %v", err)
	}
}

// TestRestart: the firewall restarts in the middle of a push: with half of the
// edits typed, and while the commit runs, which then fails. Versions before 10.1
// forget the candidate, newer ones keep it.
func TestRestart(t *testing.T) {
	b := newBench(t)
	p := b.halfEdited("p1")
	b.d.Restart()
	b.settle(p)
	b.clean()
	if b.stand() != "old" {
		t.Error(b.stand())
	}

	b = newBench(t)
	apply, settle := b.prepared(t)
	b.d.SetFaults(panos.Faults{JobLines: 6})
	looks := 0
	b.hook = func(typed string) {
		if strings.HasPrefix(typed, "show jobs id") && strings.Contains(strings.Join(b.typed, "\n"), "# commit") {
			if looks++; looks == 2 {
				b.d.Restart()
			}
		}
	}
	if err := apply(); err == nil || looks != 2 {
		t.Fatalf("%v after %d looks", err, looks)
	}
	b.hook = nil
	if _, err := settle(); err != nil || b.stand() != "old" {
		t.Errorf("%v; it stands at %s", err, b.stand())
	}
	b.clean()
}

// TestForgottenCandidate: what a restart of an old version has forgotten can't be
// taken back, and needn't.
func TestForgottenCandidate(t *testing.T) {
	b, _ := randomBench(t, false)
	b.d = panos.New(panos.Options{Hostname: "old", Version: "9.1.0"})
	b.type_("admin", "configure", "set zone inside network layer3 ethernet1/1", "set zone outside network layer3 ethernet1/2", "set zone dmz network layer3 ethernet1/3", "commit")
	b.new = planJob()
	p := b.halfEdited("p1")
	b.d.Restart()
	b.settle(p)
	b.clean()
}
