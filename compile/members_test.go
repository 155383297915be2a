package compile

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// Sorting by digits is sorting.
func TestSortKeys(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for _, n := range []int{0, 1, 255, 256, 257, 5000} {
		keys := make([]uint64, n)
		for i := range keys {
			keys[i] = uint64(r.Uint32()>>(r.IntN(4)*8))<<32 | uint64(i)
		}
		want := slices.Clone(keys)
		slices.Sort(want)
		if sortKeys(keys); !slices.Equal(keys, want) {
			t.Errorf("%d keys are not sorted", n)
		}
	}
}

// What is clean already is what cleaning makes of it.
func TestCleaned(t *testing.T) {
	for w, want := range map[string]string{
		"": "", "a": "a", "a-b_C9": "a-b_C9", "-a": "a", "a-": "a", "a--b": "a-b", `site["b"]`: "site-b", "é": "", "a b": "a-b", "a.b": "a-b",
	} {
		if have := cleaned(w); have != want || have != "" && !isClean(have) {
			t.Errorf("%q: %q", w, have)
		}
	}
}
