package paloalto

import (
	"strings"
	"testing"

	"github.com/nbfwc/nbfwc/lab/panos"
	"github.com/nbfwc/nbfwc/targets"
)

// A trouble is what goes wrong at one line.
type trouble struct {
	name   string
	faults func(nth int) panos.Faults
}

var troubles = []trouble{
	{"the connection breaks before the line is done", func(n int) panos.Faults { return panos.Faults{DropNth: n} }},
	{"the connection breaks after the line was done", func(n int) panos.Faults { return panos.Faults{DropDone: n} }},
	{"the connection breaks in the middle of the answer", func(n int) panos.Faults { return panos.Faults{CutDrop: n} }},
	{"the answer lacks its second half", func(n int) panos.Faults { return panos.Faults{CutNth: n} }},
	{"the line is refused", func(n int) panos.Faults { return panos.Faults{RefuseNth: n} }},
	{"the connection breaks, and jobs last", func(n int) panos.Faults { return panos.Faults{DropDone: n, JobLines: 4} }},
}

// TestDialogueBroken breaks a push at each of its lines. Afterwards the device
// does what it did before or what was wanted, all of it; nothing is left open;
// another push gets to the new policy, and the way back to the old one.
func TestDialogueBroken(t *testing.T) {
	b := newBench(t)
	if _, err := b.push("p1", b.new); err != nil {
		t.Fatal(err)
	}
	lines := b.d.Lines()
	if lines < 40 {
		t.Fatalf("a push has %d lines", lines)
	}
	for k, x := range troubles {
		t.Run(strings.ReplaceAll(x.name, " ", "-"), func(t *testing.T) {
			stands := map[string]int{}
			for nth := 1; nth <= lines; nth++ {
				for _, resume := range []bool{true, false} {
					if k > 1 && (nth+k)%2 == 0 == resume {
						continue // one of both, by turns
					}
					b := newBench(t)
					b.d.SetFaults(x.faults(nth))
					stands[broken(t, b, nth, resume)]++
				}
			}
			t.Log(lines, "lines:", stands)
			if stands["old"] == 0 || stands["new"] == 0 {
				t.Errorf("a push that is broken at any line ends old and new; here %v", stands)
			}
		})
	}
}

// broken is a push in which something goes wrong, and what comes after. It
// returns where the device stood in between.
func broken(t *testing.T, b *bench, nth int, resume bool) string {
	t.Helper()
	p, err := b.push("p1", b.new)
	if p == nil {
		// Nothing was begun, so there is no record either.
		if b.stand() != "old" {
			t.Fatalf("line %d: packets are treated otherwise before anything was begun", nth)
		}
		b.clean()
		return "old"
	}
	if err != nil {
		b.settle(p)
		b.clean()
	} else if b.stand() != "new" {
		t.Fatalf("line %d: the push says that all is well, and the device stands at %s", nth, b.stand())
	}
	stand := b.stand()
	if resume {
		if _, err := b.push("p2", b.new); err != nil || b.stand() != "new" {
			t.Fatalf("line %d: after it stood at %s, another push: %v, and it stands at %s\ntyped:\n%s", nth, stand, err, b.stand(), strings.Join(b.typed, "\n"))
		}
	} else if err := b.restore(p); err != nil || b.stand() != "old" {
		t.Fatalf("line %d: after it stood at %s, the way back: %v, and it stands at %s\ntyped:\n%s", nth, stand, err, b.stand(), strings.Join(b.typed, "\n"))
	}
	b.clean()
	return stand
}

// TestSettleBroken: what ends a broken push can break as well, at each of its
// lines, and be done again.
func TestSettleBroken(t *testing.T) {
	for nth := 1; ; nth++ {
		b := newBench(t)
		p := b.halfEdited("p1")
		b.d.SetFaults(panos.Faults{DropDone: nth})
		s, _, err := b.login(false)
		if err == nil {
			_, err = b.dialogue.Settle(t.Context(), s, p)
			s.Close()
		}
		if err == nil {
			if nth < 15 {
				t.Errorf("it has only %d lines", nth)
			}
			return
		}
		b.settle(p)
		b.clean()
		if b.stand() != "old" {
			t.Fatalf("line %d: it stands at %s", nth, b.stand())
		}
	}
}

// halfEdited is a push whose connection broke after half of its edits.
func (b *bench) halfEdited(id string) *targets.Push {
	b.t.Helper()
	s, _, err := b.login(false)
	if err != nil {
		b.t.Fatal(err)
	}
	p, err := b.planned(s, id, b.new)
	if err != nil {
		b.t.Fatal(err)
	}
	if err := b.dialogue.Prepare(b.t.Context(), s, p); err != nil {
		b.t.Fatal(err)
	}
	lines, err := editLines(p.Change)
	if err != nil {
		b.t.Fatal(err)
	}
	b.d.SetFaults(panos.Faults{DropNth: len(lines) / 2})
	if err := b.dialogue.Apply(b.t.Context(), s, p); err == nil || b.d.Candidate() == b.d.Running() {
		b.t.Fatalf("it didn't break in the middle: %v", err)
	}
	b.d.SetFaults(panos.Faults{})
	return p
}
