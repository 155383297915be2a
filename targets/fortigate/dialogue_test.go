package fortigate

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/nbfwc/nbfwc/targets"
)

// A push gets a device from the one policy to the other. Each packet is treated
// by the one or the other at all times; in a transaction all change at once,
// with the commit.
func TestPush(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind) {
		y := newStory(t, k)
		p := y.push(y.plan(y.d, y.job))
		mixed := 0
		err := y.change(p, func(w *wire) {
			w.heard = func(line string) {
				y.oldOrNew("after " + line)
				if now := y.decide(y.d); !slices.Equal(now, y.was) && !slices.Equal(now, y.will) {
					mixed++
				}
			}
		})
		if err != nil {
			t.Fatalf("%v\n%s", err, lines(y.wires[0]))
		}
		y.does(y.will, "after the push")
		if c := y.plan(y.d, y.job); len(c.Steps) > 0 {
			t.Errorf("there is still something to do:\n%s", stepText(c.Steps))
		}
		atomic := quick.Guarantee(p.Identity).Atomic
		if atomic != strings.HasPrefix(k.name, "transaction") || atomic != (mixed == 0) {
			t.Errorf("atomic: %v, but %d times some packets were treated by the new policy and others by the old", atomic, mixed)
		}
		if atomic != slices.Contains(y.wires[0].typed, "execute config-transaction commit") {
			t.Errorf("typed:\n%s", lines(y.wires[0]))
		}
	})
}

// The session breaks at every line, before it is done or before its answer has
// come. What is left is settled in a new session; then the push is made again
// and gets to the new policy, or is undone and gets to the old one.
func TestBrokenAtEveryLine(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind) {
		y := newStory(t, k)
		change := y.plan(y.d, y.job)
		if err := y.change(y.push(change), nil); err != nil {
			t.Fatal(err)
		}
		typed := y.wires[0].typed
		recovered := map[string]bool{}
		for n := 1; n <= len(typed); n++ {
			for _, after := range []bool{false, true} {
				y.restart(y.before)
				p := y.push(change)
				when := fmt.Sprintf("%s, done: %v", where(n, typed), after)
				if err := y.change(p, func(w *wire) { w.cut, w.after = n, after }); err == nil {
					t.Fatalf("%s: no error", when)
				}
				y.oldOrNew(when)
				found := y.settle(p)
				y.oldOrNew(when + ", settled")
				if strings.HasPrefix(k.name, "transaction") {
					y.wholly(when)
					if open := leftOpen(typed, n, after); open != (len(found) == 1 && strings.Contains(found[0], "they have ended")) {
						t.Fatalf("%s: a transaction is open: %v, found: %q", when, open, found)
					}
				}
				if left := withoutVersion(y.d.Running()); !recovered[left] {
					recovered[left] = true
					y.resumed(when)
					y.abandoned(p, when)
				}
			}
		}
	})
}

// leftOpen says whether a transaction is open when a session breaks.
func leftOpen(typed []string, n int, done bool) bool {
	if !done {
		n--
	}
	began := slices.Contains(typed[:n], "execute config-transaction start")
	return began && !slices.Contains(typed[:n], "execute config-transaction commit")
}

// withoutVersion is a configuration without the number that changes with each
// change.
func withoutVersion(text string) string {
	from := strings.Index(text, "#conf_file_ver=")
	return text[:from] + text[from+strings.IndexByte(text[from:], '\n'):]
}

// resumed holds that the push gets to the new policy from where the device is;
// then it is there again.
func (y *story) resumed(when string) {
	y.t.Helper()
	left := y.d.Running()
	if err := y.change(y.push(y.plan(y.d, y.job)), nil); err != nil {
		y.t.Fatalf("%s, resumed: %v", when, err)
	}
	y.does(y.will, when+", resumed")
	if c := y.plan(y.d, y.job); len(c.Steps) > 0 {
		y.t.Fatalf("%s, resumed: there is still something to do:\n%s", when, stepText(c.Steps))
	}
	y.restart(left)
}

// abandoned holds the same for the way back.
func (y *story) abandoned(p *targets.Push, when string) {
	y.t.Helper()
	opt := optionsOf(&y.job)
	c, problems := Target{}.Restore(mustParse(y.t, y.fetched(), opt), mustParse(y.t, string(p.Before), opt))
	if problems != nil {
		y.t.Fatalf("%s, abandoned: %v", when, problems)
	}
	if err := y.change(y.push(c), nil); err != nil {
		y.t.Fatalf("%s, abandoned: %v", when, err)
	}
	y.does(y.was, when+", abandoned")
}
