package ruleset

import (
	"slices"
	"strings"
)

// IfaceSet is a set of interface labels, Self among them: either some labels
// or all but some. It never changes. The zero value is all interfaces.
type IfaceSet struct {
	labels []string // sorted, no duplicates
	only   bool
}

// Ifaces returns the labels and no others.
func Ifaces(labels ...string) IfaceSet { return IfaceSet{sortedSet(labels), true} }

// NotIfaces returns all interfaces but the labels.
func NotIfaces(labels ...string) IfaceSet { return IfaceSet{sortedSet(labels), false} }

func sortedSet(labels []string) []string {
	s := slices.Clone(labels)
	slices.Sort(s)
	return slices.Clip(slices.Compact(s))
}

// Contains says whether the label is in s.
func (s IfaceSet) Contains(label string) bool {
	_, listed := slices.BinarySearch(s.labels, label)
	return listed == s.only
}

// Intersect returns the interfaces that are in both s and t.
func (s IfaceSet) Intersect(t IfaceSet) IfaceSet {
	switch {
	case s.only:
		return s.among(t)
	case t.only:
		return t.among(s)
	}
	return NotIfaces(slices.Concat(s.labels, t.labels)...)
}

// Union returns the interfaces that are in s or in t.
func (s IfaceSet) Union(t IfaceSet) IfaceSet { return s.not().Intersect(t.not()).not() }

func (s IfaceSet) not() IfaceSet { return IfaceSet{s.labels, !s.only} }

// among returns the listed labels of s that are in t.
func (s IfaceSet) among(t IfaceSet) IfaceSet {
	var in []string
	for _, l := range s.labels {
		if t.Contains(l) {
			in = append(in, l)
		}
	}
	return IfaceSet{in, true}
}

// Equal says whether s and t hold the same interfaces.
func (s IfaceSet) Equal(t IfaceSet) bool { return s.only == t.only && slices.Equal(s.labels, t.labels) }

// IsAny says whether s holds all interfaces.
func (s IfaceSet) IsAny() bool { return !s.only && len(s.labels) == 0 }

// IsEmpty says whether s holds no interface.
func (s IfaceSet) IsEmpty() bool { return s.only && len(s.labels) == 0 }

// Labels returns the labels that s is made of, ascending: the members of s, or
// with except, all that are not members.
func (s IfaceSet) Labels() (labels []string, except bool) { return slices.Clone(s.labels), !s.only }

// String lists the labels; it returns "any" or "none" where that is meant.
func (s IfaceSet) String() string {
	switch {
	case s.IsAny():
		return "any"
	case s.IsEmpty():
		return "none"
	case s.only:
		return strings.Join(s.labels, ", ")
	}
	return "any but " + strings.Join(s.labels, ", ")
}
