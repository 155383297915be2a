package fortigate

import (
	"math/rand/v2"
	"testing"

	"github.com/nbfwc/nbfwc/targets"
)

// All lines of random plans, and of the ways back from them, are lines of a
// change; which entries a device has when a line is typed is known before.
func TestRandomChangesAreTyped(t *testing.T) {
	lines, made := 0, 0
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 11))
		a := randomJob(r)
		b := next(r, a)
		d := randomDevice(t, r, rendered(t, a))
		opt := optionsOf(&b)
		before := parsed(t, d.text(b.Context), opt)
		change, problems := Target{}.Plan(before, b, targets.PlanOptions{TakeOver: true})
		if problems != nil {
			t.Fatalf("seed %d: %v", seed, problems)
		}
		for _, there := range []bool{true, false} {
			if !there {
				if change, problems = (Target{}).Restore(parsed(t, d.text(b.Context), opt), before); problems != nil {
					t.Fatalf("seed %d: %v", seed, problems)
				}
			}
			list, err := commandsOf(&targets.Push{Before: []byte(d.text(b.Context)), Part: targets.Partition{Context: b.Context}, Change: change})
			if err != nil {
				t.Fatalf("seed %d: %v\n%s", seed, err, stepText(change.Steps))
			}
			for _, c := range list {
				lines++
				if w := words(c.Line); w[0] == "edit" && d.path[0] != "vdom" {
					isNew := d.table().entries[w[1]] == nil
					if said := c.Begin != ""; said != isNew {
						t.Fatalf("seed %d: %q makes an entry: %v, expected: %v", seed, c.Line, isNew, said)
					}
					if isNew {
						made++
						if err := c.Check("new entry '"+w[1]+"' added\n", scope, scope); err != nil {
							t.Fatal(err)
						}
					}
				}
				d.do(c.Line)
			}
			if d.path != nil || d.vdom != "" {
				t.Fatalf("seed %d: ends in %v", seed, d.path)
			}
		}
	}
	if lines < 20_000 || made < 2000 {
		t.Errorf("%d lines, %d entries made", lines, made)
	}
}
