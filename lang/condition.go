package lang

import (
	"fmt"
	"slices"
	"strings"
)

// Condition is a checked condition over the two ends of a flow. It can't fail
// when it is evaluated: whatever could go wrong was an error when the policy
// was loaded.
type Condition struct {
	text string
	root claim
}

// Holds reports whether the condition is true for a flow between hosts with
// these facts.
func (c *Condition) Holds(from, to *Facts) bool {
	return c == nil || c.root.holds(from, to)
}

// String is the condition as it stands in the catalogue.
func (c *Condition) String() string {
	if c == nil {
		return ""
	}
	return c.text
}

// Explain says in words why the condition holds or doesn't: of a conjunction
// that fails the operands that fail, of a disjunction that holds the operands
// that hold, else all of them. Each reason is a clause without a full stop.
func (c *Condition) Explain(from, to *Facts) (holds bool, because []string) {
	if c == nil {
		return true, nil
	}
	return c.root.holds(from, to), c.root.because(from, to)
}

// claim is a node of a condition. Claims are immutable.
type claim interface {
	holds(from, to *Facts) bool
	// because says why holds is what it is.
	because(from, to *Facts) []string
}

// end says which end of a flow an operand is about.
type end uint8

const (
	fromEnd end = iota
	toEnd
)

func (e end) facts(from, to *Facts) *Facts {
	if e == fromEnd {
		return from
	}
	return to
}

func (e end) String() string {
	if e == fromEnd {
		return "the source"
	}
	return "the destination"
}

type allOf struct{ x, y claim }

func (c allOf) holds(from, to *Facts) bool { return c.x.holds(from, to) && c.y.holds(from, to) }

func (c allOf) because(from, to *Facts) []string {
	return reasonsOf(c.holds(from, to), from, to, c.x, c.y)
}

type anyOf struct{ x, y claim }

func (c anyOf) holds(from, to *Facts) bool { return c.x.holds(from, to) || c.y.holds(from, to) }

func (c anyOf) because(from, to *Facts) []string {
	return reasonsOf(c.holds(from, to), from, to, c.x, c.y)
}

// reasonsOf collects the reasons of the operands whose outcome is that of the
// whole: they are the ones that decide it.
func reasonsOf(outcome bool, from, to *Facts, operands ...claim) []string {
	var out []string
	for _, o := range operands {
		if o.holds(from, to) != outcome {
			continue
		}
		for _, r := range o.because(from, to) {
			if !slices.Contains(out, r) {
				out = append(out, r)
			}
		}
	}
	return out
}

type not struct{ x claim }

func (c not) holds(from, to *Facts) bool       { return !c.x.holds(from, to) }
func (c not) because(from, to *Facts) []string { return c.x.because(from, to) }

type constant bool

func (c constant) holds(_, _ *Facts) bool { return bool(c) }

func (c constant) because(_, _ *Facts) []string {
	if c {
		return []string{"the condition is always true"}
	}
	return []string{"the condition is never true"}
}

// versionTest compares the version of an end, or a setting that is a version.
// An end without the version is neither older nor newer nor equal.
type versionTest struct {
	end     end
	setting string // "" for the version of NetBackup
	op      string // "older", "atleast" or "=="
	than    Version
}

func (c versionTest) version(from, to *Facts) Version {
	f := c.end.facts(from, to)
	if c.setting == "" {
		return f.Version
	}
	v, _ := settingOf(f, c.setting).(Version)
	return v
}

func (c versionTest) holds(from, to *Facts) bool {
	v := c.version(from, to)
	if v.IsZero() {
		return false
	}
	switch c.op {
	case "older":
		return v.Less(c.than)
	case "atleast":
		return v.AtLeast(c.than)
	}
	return v == c.than
}

func (c versionTest) because(from, to *Facts) []string {
	v, what := c.version(from, to), "version"
	if c.setting != "" {
		what = c.setting
	}
	if v.IsZero() {
		return []string{fmt.Sprintf("%s has no %s", c.end, what)}
	}
	relation := "which is " + c.than.String() + " or newer"
	switch {
	case c.op == "==" && v == c.than:
		return []string{fmt.Sprintf("%s has %s %s", c.end, what, v)}
	case c.op == "==":
		relation = "which is not " + c.than.String()
	case v.Less(c.than):
		relation = "which is older than " + c.than.String()
	}
	return []string{fmt.Sprintf("%s has %s %s, %s", c.end, what, v, relation)}
}

type featureTest struct {
	end     end
	feature *Feature
}

func (c featureTest) holds(from, to *Facts) bool {
	return containsName(c.end.facts(from, to).Features, c.feature.Name, featureName)
}

func (c featureTest) because(from, to *Facts) []string {
	verb := "doesn't have"
	if c.holds(from, to) {
		verb = "has"
	}
	return []string{fmt.Sprintf("%s %s the feature %s", c.end, verb, c.feature.Name)}
}

type roleTest struct {
	end  end
	role *Role
}

func (c roleTest) holds(from, to *Facts) bool {
	return containsName(c.end.facts(from, to).Roles, c.role.Name, roleName)
}

func (c roleTest) because(from, to *Facts) []string {
	verb := "isn't"
	if c.holds(from, to) {
		verb = "is"
	}
	return []string{fmt.Sprintf("%s %s a %s as well", c.end, verb, c.role.Name)}
}

func roleName(r *Role) string       { return r.Name }
func featureName(f *Feature) string { return f.Name }

// containsName reports whether a slice that is sorted by name has the name.
func containsName[T any](sorted []T, name string, nameOf func(T) string) bool {
	_, ok := slices.BinarySearchFunc(sorted, name, func(x T, n string) int { return strings.Compare(nameOf(x), n) })
	return ok
}

type declaredTest struct {
	end     end
	setting string
}

func (c declaredTest) holds(from, to *Facts) bool {
	s, ok := c.end.facts(from, to).setting(c.setting)
	return ok && s.Declared
}

func (c declaredTest) because(from, to *Facts) []string {
	verb := "doesn't declare"
	if c.holds(from, to) {
		verb = "declares"
	}
	return []string{fmt.Sprintf("%s %s %s", c.end, verb, c.setting)}
}

// settingTest compares a setting with a value; without a value, for settings
// of kind bool, it is the setting itself. A setting that a host doesn't have
// equals nothing.
type settingTest struct {
	end     end
	setting string
	equals  any
}

func (c settingTest) holds(from, to *Facts) bool {
	return settingOf(c.end.facts(from, to), c.setting) == c.equals
}

func (c settingTest) because(from, to *Facts) []string {
	v := settingOf(c.end.facts(from, to), c.setting)
	if v == nil {
		return []string{fmt.Sprintf("%s has no %s", c.end, c.setting)}
	}
	return []string{fmt.Sprintf("%s has %s = %s", c.end, c.setting, settingText(v))}
}

// domainTest asks for a switch of the domain that the source belongs to.
type domainTest struct{ uncertain bool }

func (c domainTest) holds(from, _ *Facts) bool {
	if from.Domain == nil {
		return false
	}
	if c.uncertain {
		return from.Domain.Uncertain
	}
	return from.Domain.Strict
}

func (c domainTest) because(from, to *Facts) []string {
	name, verb := "strict", "doesn't set"
	if c.uncertain {
		name = "uncertain"
	}
	if c.holds(from, to) {
		verb = "sets"
	}
	return []string{fmt.Sprintf("the domain %s %s", verb, name)}
}

// setting returns the setting of that name.
func (f *Facts) setting(name string) (Setting, bool) {
	i, ok := slices.BinarySearchFunc(f.Settings, name, func(s Setting, n string) int { return strings.Compare(s.Name, n) })
	if !ok {
		return Setting{}, false
	}
	return f.Settings[i], true
}

// settingOf returns the value of a setting, nil if the host has none. Values
// are comparable except lists of port ranges, which conditions can't compare.
func settingOf(f *Facts, name string) any {
	s, ok := f.setting(name)
	if !ok {
		return nil
	}
	return s.Value
}

// settingText is a setting's value as a policy spells it.
func settingText(v any) string {
	switch v := v.(type) {
	case string:
		return fmt.Sprintf("%q", v)
	case Version:
		return fmt.Sprintf("%q", v.String())
	case []PortRange:
		return portsText(v)
	}
	return fmt.Sprint(v)
}

func portsText(ports []PortRange) string {
	var b strings.Builder
	for i, p := range ports {
		if i > 0 {
			b.WriteString(", ")
		}
		if p.From == p.To {
			fmt.Fprintf(&b, "%d", p.From)
		} else {
			fmt.Fprintf(&b, "%d-%d", p.From, p.To)
		}
	}
	return b.String()
}
