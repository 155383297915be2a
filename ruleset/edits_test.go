package ruleset

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// An editLine is a line over a universe of 8 packets: a mask of those that it
// matches, and whether it permits them.
type editLine struct {
	mask   uint8
	permit bool
	remark int
}

func (l editLine) line() Line {
	switch {
	case l.mask == 0:
		return Line{Key: fmt.Sprint("remark ", l.remark)}
	case l.permit:
		return Line{Key: fmt.Sprint("permit ", l.mask), Class: 1}
	}
	return Line{Key: fmt.Sprint("deny ", l.mask), Class: 2}
}

func lines(list []editLine) []Line {
	out := make([]Line, len(list))
	for i, l := range list {
		out[i] = l.line()
	}
	return out
}

func editVerdicts(list []editLine) (v [8]bool) {
	for p := range v {
		for _, l := range list {
			if l.mask>>p&1 == 1 {
				v[p] = l.permit
				break
			}
		}
	}
	return v
}

func randomEditLines(rng *rand.Rand, n int) []editLine {
	list := make([]editLine, n)
	for i := range list {
		list[i] = editLine{mask: uint8(rng.Uint32() & rng.Uint32() >> 8), permit: rng.IntN(2) == 0, remark: rng.IntN(3)}
	}
	return list
}

// somewhatLike is list with some lines dropped, moved and added.
func somewhatLike(rng *rand.Rand, list []editLine) []editLine {
	out := slices.Clone(list)
	for range rng.IntN(4) {
		switch {
		case rng.IntN(3) == 0 && len(out) > 0:
			i := rng.IntN(len(out))
			out = slices.Delete(out, i, i+1)
		case rng.IntN(2) == 0 && len(out) > 0:
			i := rng.IntN(len(out))
			l := out[i]
			out = slices.Delete(out, i, i+1)
			out = slices.Insert(out, rng.IntN(len(out)+1), l)
		default:
			out = slices.Insert(out, rng.IntN(len(out)+1), randomEditLines(rng, 1)...)
		}
	}
	return out
}

// apply does edits in the given order and counts the packets that are, after
// any of them, treated neither as by have nor as by want. Positions are found
// by identity, since they hold for one order only.
func apply(t *testing.T, have, want []editLine, edits []Edit) (end []editLine, wrong int) {
	t.Helper()
	a, b := editVerdicts(have), editVerdicts(want)
	list := slices.Clone(have)
	for _, e := range edits {
		if e.Delete {
			if list[e.At] != have[e.Line] {
				t.Fatalf("have %v, want %v: %+v deletes %v", have, want, e, list[e.At])
			}
			list = slices.Delete(list, e.At, e.At+1)
		} else {
			list = slices.Insert(list, e.At, want[e.Line])
		}
		for p, v := range editVerdicts(list) {
			if v != a[p] && v != b[p] {
				wrong++
			}
		}
	}
	return list, wrong
}

func TestEveryEditIsSafe(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	moved := 0
	for range 100_000 {
		have := randomEditLines(rng, rng.IntN(8))
		want := randomEditLines(rng, rng.IntN(8))
		if rng.IntN(2) == 0 {
			want = somewhatLike(rng, have)
		}
		edits := Edits(lines(have), lines(want))
		end, wrong := apply(t, have, want, edits)
		if wrong > 0 {
			t.Fatalf("have %v, want %v: %v leaves %d packets to chance", have, want, edits, wrong)
		}
		if editVerdicts(end) != editVerdicts(want) {
			t.Fatalf("have %v, want %v: %v ends at %v", have, want, edits, end)
		}
		if got, all := sortedKeys(end), sortedKeys(want); !slices.Equal(got, all) {
			t.Fatalf("have %v, want %v: ends with %v", have, want, end)
		}
		if len(Edits(lines(end), lines(want))) > 0 {
			t.Fatalf("have %v, want %v: the end %v is not seen to be want", have, want, end)
		}
		if len(edits) > 0 && len(have) == len(want) {
			moved++
		}
	}
	if moved < 10_000 {
		t.Errorf("only %d cases change a list of the same length", moved)
	}
}

func sortedKeys(list []editLine) []string {
	var keys []string
	for _, l := range list {
		keys = append(keys, l.line().Key)
	}
	slices.Sort(keys)
	return keys
}

// TestOtherOrdersAreNotSafe: the same edits in another order open or close
// packets on the way. Were one of these orders safe, the test above could not
// see a fault.
func TestOtherOrdersAreNotSafe(t *testing.T) {
	orders := map[string]func(inserts, deletes []mergedLine) []mergedLine{
		"deletes first": func(i, d []mergedLine) []mergedLine { return append(d, i...) },
		"inserts from the bottom": func(i, d []mergedLine) []mergedLine {
			slices.Reverse(i)
			return append(i, d...)
		},
		"deletes from the top": func(i, d []mergedLine) []mergedLine {
			slices.Reverse(d)
			return append(i, d...)
		},
	}
	for name, order := range orders {
		t.Run(name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(3, 4))
			wrong := 0
			for range 20_000 {
				have := randomEditLines(rng, 1+rng.IntN(7))
				want := randomEditLines(rng, 1+rng.IntN(7))
				if rng.IntN(2) == 0 {
					want = somewhatLike(rng, have)
				}
				merged, inserts, deletes := mergedLines(have, want)
				wrong += wrongOnTheWay(merged, order(inserts, deletes), editVerdicts(have), editVerdicts(want))
			}
			if wrong < 1000 {
				t.Errorf("only %d packets went wrong", wrong)
			}
		})
	}
}

// A mergedLine is a line of the merged list, by its place there.
type mergedLine int

type mergeState struct {
	line    editLine
	present bool
}

// mergedLines replays the edits without deleting, so that every line has one
// place.
func mergedLines(have, want []editLine) (m []mergeState, inserts, deletes []mergedLine) {
	for _, l := range have {
		m = append(m, mergeState{l, true})
	}
	edits := Edits(lines(have), lines(want))
	for _, e := range edits {
		if !e.Delete {
			m = slices.Insert(m, e.At, mergeState{want[e.Line], false})
		}
	}
	for i := range m {
		if !m[i].present {
			inserts = append(inserts, mergedLine(i))
		}
	}
	for _, e := range edits {
		if e.Delete {
			deletes = append(deletes, mergedLine(e.At)) // nothing above is gone yet
		}
	}
	return m, inserts, deletes
}

func wrongOnTheWay(m []mergeState, order []mergedLine, a, b [8]bool) (wrong int) {
	for _, i := range order {
		m[i].present = !m[i].present
		var now []editLine
		for _, s := range m {
			if s.present {
				now = append(now, s.line)
			}
		}
		for p, v := range editVerdicts(now) {
			if v != a[p] && v != b[p] {
				wrong++
			}
		}
	}
	return wrong
}

func TestHarmlessOrderIsNoChange(t *testing.T) {
	p := func(mask uint8) editLine { return editLine{mask: mask, permit: true} }
	d := func(mask uint8) editLine { return editLine{mask: mask} }
	have := []editLine{p(1), p(3), p(7), d(15)}
	if e := Edits(lines(have), lines([]editLine{p(7), p(1), p(3), d(15)})); len(e) > 0 {
		t.Errorf("permits in another order: %v", e)
	}
	if e := Edits(lines(have), lines([]editLine{d(15), p(1), p(3), p(7)})); len(e) != 2 {
		t.Errorf("the deny moves above the permits: %v", e)
	}
}

// TestEditsAreFew: k random changes of a list take at most 2k edits.
func TestEditsAreFew(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for range 200 {
		have := make([]Line, 500)
		for i := range have {
			have[i] = Line{fmt.Sprint("line ", i), 1 + rng.IntN(2)}
		}
		want := slices.Clone(have)
		k := 1 + rng.IntN(10)
		for i := range k {
			from, to := rng.IntN(len(want)), rng.IntN(len(want))
			l := want[from]
			switch i % 3 {
			case 0: // moved
				want = slices.Insert(slices.Delete(want, from, from+1), to, l)
			case 1: // gone
				want = slices.Delete(want, from, from+1)
			case 2: // new
				want = slices.Insert(want, to, Line{fmt.Sprint("new ", i), 1})
			}
		}
		if e := Edits(have, want); len(e) > 2*k {
			t.Fatalf("%d edits for %d changes", len(e), k)
		}
	}
}

func BenchmarkEdits(b *testing.B) {
	have := make([]Line, 200_000)
	for i := range have {
		have[i] = Line{Key: fmt.Sprint("permit tcp host 10.0.0.1 host ", i), Class: 1}
	}
	want := make([]Line, 0, len(have)+1000)
	for i, l := range have {
		want = append(want, l)
		if i%200 == 0 {
			want = append(want, Line{Key: fmt.Sprint("new ", i), Class: 1})
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		if n := len(Edits(have, want)); n != 1000 {
			b.Fatal(n)
		}
	}
}
