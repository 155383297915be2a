package targets

import (
	"fmt"
	"strings"
)

// Place is where an Anchor puts a section in an ordered list of rules.
type Place uint8

const (
	// Top: above all rules.
	Top Place = iota + 1
	// Bottom: below all rules but those at the end that deny everything, below
	// which nothing has an effect.
	Bottom
	// Before and After: next to the rule that the anchor names.
	Before
	After
)

// Anchor is where a section of ours is put into a list of rules that has none
// of ours yet. Where our markers stand already, they say it.
type Anchor struct {
	Place Place
	// Name is what the target calls a rule: the text of an ASA remark, the
	// name of a PAN-OS rule, the name or id of a FortiGate policy.
	Name string
}

// ParseAnchor reads "top", "bottom", "before NAME" or "after NAME", the anchors
// of all targets with a list of rules.
func ParseAnchor(text string) (Anchor, error) {
	word, name, _ := strings.Cut(strings.TrimSpace(text), " ")
	a := Anchor{Name: strings.TrimSpace(name)}
	switch word {
	case "top":
		a.Place = Top
	case "bottom":
		a.Place = Bottom
	case "before":
		a.Place = Before
	case "after":
		a.Place = After
	}
	if a.Place == 0 || (a.Place >= Before) != (a.Name != "") {
		return Anchor{}, fmt.Errorf(`an anchor is "top", "bottom", "before NAME" or "after NAME", not %q`, text)
	}
	return a, nil
}
