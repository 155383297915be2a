package lang

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
)

// Version is a version number of up to four parts, such as 7.6.0.4. Versions
// are comparable with ==: ParseVersion drops zeros after the second part, so
// that 7.6 and 7.6.0 are the same value. The zero Version is unset.
type Version struct {
	part [4]uint16
	n    uint8
}

// releases are the releases of NetBackup, oldest first. Between 7.1 and 7.5
// there was none. Each has maintenance releases with a third and fourth number.
var releases = [...]string{
	"7.0", "7.1", "7.5", "7.6", "7.7",
	"8.0", "8.1", "8.2", "8.3",
	"9.0", "9.1",
	"10.0", "10.1", "10.2", "10.3", "10.4", "10.5",
	"11.0", "11.1",
}

// ParseVersion reads the version of a NetBackup host: a known release and, if
// wanted, its maintenance numbers. A release that is not known is an error,
// since nothing can be said of the ports it uses.
func ParseVersion(s string) (Version, error) {
	v, err := ParseNumber(s)
	if err != nil {
		return Version{}, err
	}
	if !knownRelease(v) {
		return Version{}, unknownRelease(s)
	}
	return v, nil
}

// ParseNumber reads a version number of any product, such as the firmware of
// an appliance: two to four numbers with dots.
func ParseNumber(s string) (Version, error) {
	v, err := parseParts(s)
	if err != nil {
		return Version{}, err
	}
	if v.n < 2 {
		return Version{}, fmt.Errorf("%q is not a version: write at least two numbers, such as %q", s, s+".0")
	}
	for v.n > 2 && v.part[v.n-1] == 0 {
		v.n--
	}
	return v, nil
}

// parseParts reads one to four numbers with dots and keeps them as written.
func parseParts(s string) (Version, error) {
	var v Version
	for rest, more := s, true; more; {
		var p string
		p, rest, more = strings.Cut(rest, ".")
		k, err := parsePart(p)
		if err != nil || v.n == 4 {
			return Version{}, fmt.Errorf("%q is not a version: write two to four numbers with dots, such as \"7.6\" or \"7.6.0.4\"", clip(s))
		}
		v.part[v.n] = k
		v.n++
	}
	return v, nil
}

// parsePart reads one number. Signs, blanks and leading zeros are no part of a
// version: 7.06 could be meant as 7.6 or as 7.0.6.
func parsePart(p string) (uint16, error) {
	if p == "" || len(p) > 1 && p[0] == '0' || p[0] < '0' || p[0] > '9' {
		return 0, strconv.ErrSyntax
	}
	k, err := strconv.ParseUint(p, 10, 16)
	return uint16(k), err
}

func knownRelease(v Version) bool {
	head := Version{n: 2}
	copy(head.part[:2], v.part[:2])
	text := head.String()
	for _, r := range releases {
		if text == r {
			return true
		}
	}
	return false
}

func unknownRelease(s string) error {
	return fmt.Errorf("%q is no known release of NetBackup; known are %s, each with its maintenance releases such as 7.6.0.4",
		clip(s), strings.Join(releases[:], ", "))
}

// clip shortens text of the user's for an error message.
func clip(s string) string {
	const most = 60
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "..."
}

// IsZero reports whether v is unset.
func (v Version) IsZero() bool { return v.n == 0 }

// Compare orders versions by their numbers; missing numbers count as 0. The
// unset version is before all others.
func (v Version) Compare(w Version) int {
	if v.IsZero() || w.IsZero() {
		return cmp.Compare(min(v.n, 1), min(w.n, 1))
	}
	for i := range v.part {
		if c := cmp.Compare(v.part[i], w.part[i]); c != 0 {
			return c
		}
	}
	return 0
}

// Less reports whether v is older than w.
func (v Version) Less(w Version) bool { return v.Compare(w) < 0 }

// AtLeast reports whether v is w or newer.
func (v Version) AtLeast(w Version) bool { return v.Compare(w) >= 0 }

// String is the version as it is written in a policy, "" if it is unset.
func (v Version) String() string {
	var b []byte
	for i := range v.n {
		if i > 0 {
			b = append(b, '.')
		}
		b = strconv.AppendUint(b, uint64(v.part[i]), 10)
	}
	return string(b)
}

// hasPrefix reports whether v begins with the numbers of w.
func (v Version) hasPrefix(w Version) bool {
	for i := range w.n {
		if v.part[i] != w.part[i] {
			return false
		}
	}
	return !v.IsZero()
}

// VersionRange is a range of versions. An unset Min or Max is no bound. Both
// are inclusive, Max with all that begins with it: 7.7 as Max includes 7.7.3.
type VersionRange struct{ Min, Max Version }

// ParseVersionRange reads "7.0 - 7.7", "8.0 -", "- 7.7" or one version, which
// stands for itself and its maintenance releases. As an upper bound or alone,
// "10" and "10.x" are all releases of 10.
func ParseVersionRange(s string) (VersionRange, error) {
	low, high, isRange := strings.Cut(s, "-")
	low, high = strings.TrimSpace(low), strings.TrimSpace(high)
	if !isRange {
		high = low
	}
	var r VersionRange
	var err error
	if r.Min, err = parseBound(low); err != nil {
		return VersionRange{}, err
	}
	if r.Max, err = parseBound(high); err != nil {
		return VersionRange{}, err
	}
	switch {
	case r.Min.IsZero() && r.Max.IsZero():
		return VersionRange{}, fmt.Errorf("%q is not a range of versions: write it like \"7.0 - 7.7\", \"8.0 -\" or \"7.0.1\"", clip(s))
	case !r.Max.IsZero() && r.Max.Less(r.Min) && !r.Min.hasPrefix(r.Max):
		return VersionRange{}, fmt.Errorf("%q is an empty range: %s is newer than %s", clip(s), r.Min, r.Max)
	}
	return r, nil
}

// parseBound reads one end of a range; "" is none. The numbers are kept as
// written, because as an upper bound they are a prefix.
func parseBound(s string) (Version, error) {
	if s == "" {
		return Version{}, nil
	}
	digits, _ := strings.CutSuffix(s, ".x")
	v, err := parseParts(digits)
	if err != nil {
		return Version{}, err
	}
	if v.n >= 2 && !knownRelease(v) || v.n == 1 && !knownMajor(v) {
		return Version{}, unknownRelease(s)
	}
	return v, nil
}

func knownMajor(v Version) bool {
	for _, r := range releases {
		if strings.HasPrefix(r, v.String()+".") {
			return true
		}
	}
	return false
}

// Contains reports whether v is in the range; the unset version never is.
func (r VersionRange) Contains(v Version) bool {
	if v.IsZero() {
		return false
	}
	return !v.Less(r.Min) && (r.Max.IsZero() || !r.Max.Less(v) || v.hasPrefix(r.Max))
}

// String is the range as ParseVersionRange reads it, "" if it has no bounds.
func (r VersionRange) String() string {
	switch {
	case r.Min == r.Max:
		return r.Min.String()
	case r.Max.IsZero():
		return r.Min.String() + " -"
	case r.Min.IsZero():
		return "- " + r.Max.String()
	}
	return r.Min.String() + " - " + r.Max.String()
}
