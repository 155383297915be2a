package lang

import (
	"flag"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestVersionsInOrder parses all releases, and maintenance releases of theirs,
// and compares each with each.
func TestVersionsInOrder(t *testing.T) {
	ordered := strings.Fields("7.0 7.0.1 7.0.2 7.1 7.1.0.1 7.5 7.5.0.7 7.6 7.6.0.4 7.6.1 7.6.1.2 7.7 7.7.1 7.7.3 8.0 8.1 8.1.1 8.1.2 8.2 8.3 8.3.0.2 " +
		"9.0 9.0.0.1 9.1 9.1.0.1 10.0 10.0.0.1 10.1 10.1.1 10.2 10.3 10.4 10.5 10.5.0.1 11.0 11.0.0.1 11.1")
	for _, r := range releases {
		if !slices.Contains(ordered, r) {
			t.Errorf("release %s is not in the test", r)
		}
	}
	var all []Version
	for _, s := range ordered {
		v, err := ParseVersion(s)
		if err != nil {
			t.Fatal(err)
		}
		if v.String() != s || v.IsZero() {
			t.Errorf("%s becomes %s", s, v)
		}
		all = append(all, v)
	}
	for i, v := range all {
		for j, w := range all {
			if v.Less(w) != (i < j) || v.AtLeast(w) != (i >= j) || (v == w) != (i == j) || v.Compare(w) != -w.Compare(v) {
				t.Errorf("%s and %s are in the wrong order", v, w)
			}
		}
		if !(Version{}).Less(v) || v.Less(Version{}) {
			t.Errorf("the unset version is not before %s", v)
		}
	}
}

func TestVersionSpellings(t *testing.T) {
	for in, want := range map[string]string{
		"7.6.0": "7.6", "7.6.0.0": "7.6", "7.7.3.0": "7.7.3", "10.1.1.0": "10.1.1", "7.0.0.1": "7.0.0.1",
	} {
		v, err := ParseVersion(in)
		if err != nil || v.String() != want {
			t.Errorf("%s: have %s (%v), want %s", in, v, err, want)
		}
		if w, _ := ParseVersion(want); w != v {
			t.Errorf("%s and %s differ", in, want)
		}
	}
	for _, in := range strings.Fields("7 6.5 7.2 7.3 7.4 7.8 7.10 7.60 8.4 9.2 10.6 10.10 11.2 12.0 0.0 7. .7 7..0 7.6.0.4.1 07.6 7.06 +7.6 7.6-1 7.6x 7,6 v7.6 7.6.x 7.6.99999 ٧.٦") {
		if v, err := ParseVersion(in); err == nil || !v.IsZero() {
			t.Errorf("%s is accepted as %s", in, v)
		}
	}
	for _, in := range []string{"", " 7.6", "7.6 ", "7 .6", "7.6\n"} {
		if _, err := ParseVersion(in); err == nil {
			t.Errorf("%q is accepted", in)
		}
	}
	if _, err := ParseVersion("12.0"); err == nil || !strings.Contains(err.Error(), "known are 7.0, 7.1, 7.5") || !strings.Contains(err.Error(), "11.1") {
		t.Errorf("the error doesn't list what is known: %v", err)
	}
	if v, err := ParseNumber("2.6.0.1"); err != nil || v.String() != "2.6.0.1" {
		t.Error("firmware of an appliance", v, err)
	}
}

func TestVersionRanges(t *testing.T) {
	for _, c := range []struct{ text, in, out string }{
		{"7.0 - 7.7", "7.0 7.0.1 7.5 7.7 7.7.3", "8.0 11.1"},
		{"7.0-7.7", "7.0 7.7.3", "8.0"},
		{"8.0 -", "8.0 8.1.2 11.1", "7.0 7.7.3"},
		{"- 7.7", "7.0 7.7.3", "8.0"},
		{"7.0.1", "7.0.1 7.0.1.5", "7.0 7.0.2 7.1"},
		{"7.0", "7.0 7.0.1 7.0.0.4", "7.1"},
		{"7.0.1 - 7.5", "7.0.1 7.1 7.5 7.5.0.6", "7.0 7.6"},
		{"8.1.2 - 10", "8.1.2 8.2 10.0 10.5 10.5.0.1", "8.1.1 11.0"},
		{"8.1.2 - 10.x", "8.1.2 10.5", "11.0"},
		{"10", "10.0 10.1.1 10.5", "9.1 11.0"},
		{"10.x -", "10.0 11.1", "9.1"},
		{"7.7.3 - 7.7", "7.7.3", "7.7 7.7.2 8.0"},
		{"7.6.0.4 - 7.6.0.4", "7.6.0.4", "7.6 7.6.1"},
	} {
		r, err := ParseVersionRange(c.text)
		if err != nil {
			t.Fatal(err)
		}
		again, err := ParseVersionRange(r.String())
		if err != nil || again != r {
			t.Errorf("%q becomes %q", c.text, r)
		}
		for want, list := range map[bool]string{true: c.in, false: c.out} {
			for _, s := range strings.Fields(list) {
				v, err := ParseVersion(s)
				if err != nil {
					t.Fatal(err)
				}
				if r.Contains(v) != want {
					t.Errorf("%q contains %s: have %v", c.text, s, !want)
				}
			}
		}
		if r.Contains(Version{}) {
			t.Errorf("%q contains the unset version", c.text)
		}
	}
	for _, s := range []string{"", "-", " - ", "7.7 - 7.0", "8.0 - 7.7.3", "7.2", "12", "12.x", "7.0 - 7.7 - 8.0", "x", "7.x.x", "7.0 to 7.7", "7.0 – 7.7"} {
		if r, err := ParseVersionRange(s); err == nil {
			t.Errorf("%q is accepted as %q", s, r)
		}
	}
}

func FuzzVersion(f *testing.F) {
	for _, s := range []string{"7.6.0.4", "7.0 - 7.7", "8.0 -", "10.x", "7.6.0", "- 7"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if v, err := ParseVersion(s); err == nil {
			if w, err := ParseVersion(v.String()); err != nil || w != v {
				t.Fatalf("%q: %s and %s (%v)", s, v, w, err)
			}
		} else if !v.IsZero() {
			t.Fatalf("%q: an error and %s", s, v)
		}
		if r, err := ParseVersionRange(s); err == nil {
			if q, err := ParseVersionRange(r.String()); err != nil || q != r {
				t.Fatalf("%q: %q and %q (%v)", s, r, q, err)
			}
			// The upper end is the newest version that begins with Max. Max
			// itself can be before Min: "7.7.3 - 7.7" is 7.7.3 and later of 7.7.
			newest := r.Max
			for ; newest.n > 0 && newest.n < 4; newest.n++ {
				newest.part[newest.n] = 65535
			}
			if !r.Min.IsZero() && !r.Contains(r.Min) || !r.Max.IsZero() && (!r.Contains(newest) || r.Contains(r.Max) == r.Max.Less(r.Min)) {
				t.Fatalf("%q doesn't contain its ends", s)
			}
		}
	})
}
