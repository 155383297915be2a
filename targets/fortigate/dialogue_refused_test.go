package fortigate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nbfwc/nbfwc/lab/fortios"
	"github.com/nbfwc/nbfwc/targets"
)

// refusals are the answers by which FortiOS refuses a line, and some that only
// aren't expected.
var refusals = []string{
	"command parse error before 'ipp'\nCommand fail. Return code -61\n",
	"Unknown action 0\n",
	"incomplete command in the end\nCommand fail. Return code -160\n",
	"entry not found in datasource\n\nvalue parse error before 'NBU-master'\nCommand fail. Return code -3\n",
	"node_check_object fail! for name LAN\n\nvalue parse error before 'LAN'\nCommand fail. Return code -651\n",
	"invalid ip address\n\nvalue parse error before '10.0.0.256'\nCommand fail. Return code -8\n",
	"string value is too long. the size is 734, the limit is 255\n\nvalue parse error before 'x'\nCommand fail. Return code -1\n",
	"Name 'n' conflict: 'address' and 'address group' cannot be the same name.\n\nvalue parse error before 'n'\nCommand fail. Return code -163\n",
	"node_check_object fail! for tcp-portrange 100-10\n\nvalue parse error before '100-10'\nCommand fail. Return code -650\n",
	"Attribute 'schedule' MUST be set\nCommand fail. Return code 1\n",
	"object check operator error, -651, discard the setting\nCommand fail. Return code 1\n",
	"The entry is used by other 2 entries\nCommand fail. Return code -23\n",
	"delete table entry 700001 unset oper error ret=-3\nCommand fail. Return code -3\n",
	"Command fail. Return code -4 (reached the maximum number of entries)\n",
	"Permission denied.\nCommand fail. Return code -37\n",
	"token line: Unmatched double quote.\n",
	"The object is locked by another config transaction.\nCommand fail. Return code -37\n",
	"config transaction id=1 will expire in 30 seconds\n",
	"config transaction id=1 has expired\n",
	"The system is going to check its licence.\n",
	"new entry 'something else' added\n",
	"System will reboot if no input is received in the next 10 seconds...\n",
}

// No line of a change takes any of these answers.
func TestEveryRefusalOfEveryLine(t *testing.T) {
	for _, k := range kinds {
		y := newStory(t, k)
		list, err := commandsOf(y.push(y.plan(y.d, y.job)))
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range list {
			for _, answer := range refusals {
				before := scope
				if c.Then == root {
					before = root
				}
				if err := c.Check(answer, before, c.Then); err == nil {
					t.Errorf("%s: %q takes the answer %q", k.name, c.Line, answer)
				}
			}
		}
	}
}

// The device refuses each of the lines. The push ends there, says what was
// refused and how, leaves an open entry without saving it and no transaction
// behind; each packet is treated as before or, stepwise, as after.
func TestRefusedAtEveryLine(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind) {
		y := newStory(t, k)
		change := y.plan(y.d, y.job)
		if err := y.change(y.push(change), nil); err != nil {
			t.Fatal(err)
		}
		typed := y.wires[0].typed
		for n := 1; n <= len(typed); n++ {
			y.restart(y.before)
			answer := refusals[n%len(refusals)]
			p := y.push(change)
			err := y.change(p, func(w *wire) {
				w.instead = func(i int, line string) *string {
					if i != n {
						return nil
					}
					return &answer
				}
			})
			when := where(n, typed)
			if typed[n-1] == "diagnose sys vd list" || strings.HasPrefix(typed[n-1], "execute backup") && strings.Contains(answer, "-61") {
				if err != nil {
					t.Fatalf("%s: the device can be pushed to without: %v", when, err)
				}
				continue
			}
			if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("%q: ", typed[n-1])) || !strings.Contains(err.Error(), fmt.Sprintf("the device answered %q", strings.TrimSpace(answer))) {
				t.Fatalf("%s, answered %q: %v", when, answer, err)
			}
			y.oldOrNew(when)
			w := y.wires[0]
			rest := w.typed[n:]
			if inEntryAt(typed[:n-1]) && (len(rest) == 0 || rest[0] != "abort") {
				t.Fatalf("%s: inside of an entry, and typed %q then", when, rest)
			}
			if slices.Contains(rest, "next") || slices.Contains(rest, "execute config-transaction commit") {
				t.Fatalf("%s: typed %q then", when, rest)
			}
			if strings.HasPrefix(k.name, "transaction") {
				y.wholly(when)
			}
			if y.d.Transactions() > 0 && rest != nil && !slices.Contains(rest, abortTransaction) {
				t.Fatalf("%s: a transaction is left open; typed %q", when, rest)
			}
			y.settle(p)
			if y.d.Transactions() > 0 {
				t.Fatalf("%s: a transaction is left open after it was settled", when)
			}
			if left := y.d.Running(); n%7 == 0 {
				y.resumed(when)
				y.restart(left)
			}
		}
	})
}

// inEntryAt says whether lines end inside of an entry of a table.
func inEntryAt(typed []string) bool {
	open := false
	for _, l := range typed {
		switch {
		case strings.HasPrefix(l, `edit "`), strings.HasPrefix(l, "edit 7"):
			open = true
		case l == "next":
			open = false
		}
	}
	return open
}

func TestCommitIsRefused(t *testing.T) {
	y := newStory(t, kinds[0])
	y.d.SetFaults(fortios.Faults{CommitFail: "failed to commit the transaction"})
	p := y.push(y.plan(y.d, y.job))
	err := y.change(p, nil)
	if err == nil || !strings.Contains(err.Error(), `"execute config-transaction commit": an answer where none was expected: the device answered "failed to commit`) {
		t.Fatal(err)
	}
	y.does(y.was, "after the refused commit")
	if n := y.d.Transactions(); n > 0 {
		t.Errorf("%d transactions are left open", n)
	}
	if found := y.settle(p); len(found) > 0 {
		t.Errorf("found %q", found)
	}
}

func TestAnotherAdministratorHasLocked(t *testing.T) {
	t.Run("an entry of the change", func(t *testing.T) {
		y := newStory(t, kinds[0])
		y.d.SetFaults(fortios.Faults{Locked: [][2]string{{"firewall addrgrp", "NBU-media"}}})
		err := y.change(y.push(y.plan(y.d, y.job)), nil)
		if err == nil || !strings.Contains(err.Error(), "locked by another config transaction") {
			t.Fatal(err)
		}
		y.does(y.was, "after the refused line")
		if n := y.d.Transactions(); n > 0 {
			t.Errorf("%d transactions are left open", n)
		}
	})
	t.Run("something, in a transaction that is open", func(t *testing.T) {
		y := newStory(t, kinds[1])
		y.d.LoginAs("bob").Send("execute config-transaction start")
		err := y.change(y.push(y.plan(y.d, y.job)), nil)
		if err == nil || !strings.Contains(err.Error(), "config transactions of others are open (1), and what they have changed is locked") {
			t.Fatal(err)
		}
		if strings.Contains(lines(y.wires[0]), "execute") {
			t.Errorf("typed:\n%s", lines(y.wires[0]))
		}
	})
}

// Without room on the flash the push ends before the change.
func TestDiskFull(t *testing.T) {
	for _, k := range kinds {
		y := newStory(t, k)
		y.d.SetFaults(fortios.Faults{SaveFail: true})
		err := y.change(y.push(y.plan(y.d, y.job)), nil)
		if err == nil || !strings.Contains(err.Error(), "no space left on device") {
			t.Fatal(k.name, err)
		}
		if strings.Contains(lines(y.wires[0]), "config firewall") || strings.Contains(lines(y.wires[0]), "transaction start") {
			t.Errorf("%s: typed:\n%s", k.name, lines(y.wires[0]))
		}
	}
}

// What the device has is not what the plan was made for: somebody has made or
// deleted an entry in between. An entry is never overwritten that wasn't there,
// or made that was.
func TestChangedInBetween(t *testing.T) {
	theirs := map[string]string{
		"an address is there":     "config firewall address\nedit \"NBU-10.2.0.7\"\nset subnet 10.9.9.9 255.255.255.255\nnext\nend",
		"a policy has the number": "config firewall policy\nedit 700003\nset name \"theirs\"\nset srcintf \"dmz\"\nset dstintf \"inside\"\nset srcaddr \"all\"\nset dstaddr \"all\"\nset schedule \"always\"\nset service \"ALL\"\nnext\nend",
		"a group is gone":         "config firewall policy\ndelete 700001\ndelete 700002\nend\nconfig firewall addrgrp\ndelete \"NBU-media\"\nend",
	}
	for name, commands := range theirs {
		for _, k := range []kind{kinds[0], kinds[2]} {
			t.Run(k.name+", "+name, func(t *testing.T) {
				y := newStory(t, k)
				p := y.push(y.plan(y.d, y.job))
				y.enter(strings.Split(commands, "\n"))
				before := withoutVersion(y.d.Running())
				err := y.change(p, nil)
				if err == nil || !strings.Contains(err.Error(), `"edit`) || strings.Contains(name, "gone") == strings.Contains(err.Error(), "there is such an entry already") {
					t.Fatal(err)
				}
				if k == kinds[0] && withoutVersion(y.d.Running()) != before {
					t.Errorf("the device was changed")
				}
				if strings.Contains(y.d.Running(), "10.9.9.9") != strings.Contains(before, "10.9.9.9") || strings.Contains(y.d.Running(), `"theirs"`) != strings.Contains(before, `"theirs"`) {
					t.Errorf("what somebody made is gone:\n%s", y.d.Running())
				}
			})
		}
	}
}

// The device discards the transaction while it is filled, at any line: what is
// typed then has no effect.
func TestTransactionExpires(t *testing.T) {
	y := newStory(t, kinds[0])
	change := y.plan(y.d, y.job)
	if err := y.change(y.push(change), nil); err != nil {
		t.Fatal(err)
	}
	typed := y.wires[0].typed
	from := slices.Index(typed, "execute config-transaction start") + 2
	for n := from; n <= len(typed); n++ {
		y.restart(y.before)
		p := y.push(change)
		err := y.change(p, func(w *wire) {
			w.instead = func(i int, _ string) *string {
				if i == n {
					y.d.Expire()
				}
				return nil
			}
		})
		if err == nil || !strings.Contains(err.Error(), "has expired") {
			t.Fatalf("%s: %v", where(n, typed), err)
		}
		y.does(y.was, where(n, typed))
	}
}

// A process that was stopped for a while types no more lines: they would take
// effect at once if the device has discarded the transaction.
func TestStoppedForAWhile(t *testing.T) {
	y := newStory(t, kinds[0])
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	list, err := commandsOf(y.push(y.plan(y.d, y.job)))
	if err != nil {
		t.Fatal(err)
	}
	s, err := y.login(false, func(w *wire) {
		w.heard = func(string) {
			if len(w.typed) == 10 {
				<-ctx.Done()
				y.d.Expire()
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	err = together(ctx, s, list)
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "discarded after five minutes") {
		t.Fatal(err)
	}
	if n := len(y.wires[0].typed); n != 10 {
		t.Errorf("%d lines were typed", n)
	}
	y.does(y.was, "afterwards")
}

// A change with a line that isn't one of ours is not begun.
func TestLinesOfOthers(t *testing.T) {
	y := newStory(t, kinds[1])
	head := []string{"config vdom", "edit blue"}
	for _, c := range []struct {
		lines []string
		why   string
	}{
		{[]string{"config system global"}, "no table that a change of ours touches"},
		{append(head, "config system admin"), "no table that a change of ours touches"},
		{[]string{"config vdom", "edit green"}, `not the VDOM "blue"`},
		{[]string{"config vdom", `edit "blue`}, "can be typed"},
		{append(head, "config firewall policy", "edit 1", "config x"), "no table"},
		{append(head, "config firewall policy", "edit 1", "end"), "stand where"},
		{append(head, "config firewall policy", "set name x"), "stand where"},
		{append(head, "config firewall policy", "purge"), "no line of a change"},
		{append(head, "execute reboot"), "no line of a change"},
		{append(head, "config firewall policy", "edit 1", "set comments \"why?\""), "can be typed"},
		{append(head, "config firewall policy", "edit 1", "set comments \"a\nb\""), "can be typed"},
		{append(head, "config firewall policy", "edit 1", "next"), "don't end at the top"},
		{append(head, "config firewall address", "move 1 before 2"), "stand where"},
		{append(head, "next"), "stand where"},
		{[]string{"delete 1"}, "stand where"},
		{[]string{""}, "can be typed"},
	} {
		p := y.push(&targets.Change{Steps: []targets.Step{{Why: "test", Commands: c.lines}}})
		p.Identity.Version = "7.4.1"
		s, err := y.login(false, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, do := range []func(context.Context, targets.Session, *targets.Push) error{quick.Prepare, quick.Apply} {
			if err := do(context.Background(), s, p); err == nil || !strings.Contains(err.Error(), c.why) {
				t.Errorf("%q: %v", c.lines, err)
			}
		}
		if len(s.Typed) > 0 {
			t.Errorf("%q: typed %q", c.lines, s.Typed)
		}
	}
}

func TestNoPushOn(t *testing.T) {
	y := newStory(t, kinds[0])
	s, err := y.login(false, nil)
	if err != nil {
		t.Fatal(err)
	}
	p := y.push(y.plan(y.d, y.job))
	p.Identity.Standby = true
	if err := quick.Prepare(context.Background(), s, p); err == nil || !strings.Contains(err.Error(), "changes are made on the primary") {
		t.Error(err)
	}
	p.Identity.Standby, p.ID = false, "x; reboot"
	if err := quick.Prepare(context.Background(), s, p); err == nil || !strings.Contains(err.Error(), "no name for a push") {
		t.Error(err)
	}
	p.ID, p.Before = "x", []byte("config vdom\nedit other\nnext\nend\n")
	p.Part.Context = "blue"
	if err := quick.Prepare(context.Background(), s, p); err == nil || !strings.Contains(err.Error(), "the configuration before the change") {
		t.Error(err)
	}
	if fmt.Sprint(s.Typed) != "[]" {
		t.Error(s.Typed)
	}
}
