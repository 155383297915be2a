package nftables

import (
	"net/netip"
	"slices"

	"github.com/nbfwc/nbfwc/ruleset"
)

// use says for which families a group has members, or rules refer to it.
type use struct{ v4, v6 bool }

// familiesOf are the families of a group's members.
func familiesOf(g *ruleset.Group) use {
	var u use
	for i := range g.Members {
		if g.Members[i].Range.From.Is4() {
			u.v4 = true
		} else {
			u.v6 = true
		}
	}
	return u
}

// appendSetName appends the identifier of a group's set for one family.
func appendSetName(b []byte, group string, family byte) []byte {
	b = append(append(b, prefix...), groupIdentifier(group)...)
	if family == 4 {
		return append(b, ".v4"...)
	}
	return append(b, ".v6"...)
}

// Remarks that Parse understands: the name of a group whose set has a shortened
// one, and a member that isn't written as it was declared.
const (
	groupRemark   = "group: "
	leftOutRemark = ": others of this set have it, or part of it"
)

// set writes a group's members of one family, one on a line as they were
// declared, with the host's name as a remark of the file.
func (w *writer) set(g *ruleset.Group, family byte) {
	if groupIdentifier(g.Name) != g.Name {
		w.str("\t# " + groupRemark)
		w.b = appendText(w.b, g.Name, 1<<16)
		w.str("\n")
	}
	w.str("\tset ")
	w.b = appendSetName(w.b, g.Name, family)
	w.str(" {\n")
	if family == 4 {
		w.str("\t\ttype ipv4_addr\n\t\tflags interval\n")
	} else {
		w.str("\t\ttype ipv6_addr\n\t\tflags interval\n")
	}
	// Of a set that exists nft takes no new comment, so in a section, where
	// sets stay, they have none.
	if !w.section && g.Reason != "" {
		w.str("\t\tcomment \"")
		w.b = appendText(w.b, g.Reason, maxComment)
		w.str("\"\n")
	}
	w.str("\t\telements = {\n")
	w.elements(g.Members, family)
	w.str("\t\t}\n\t}\n\n")
}

// elements writes the members of a family. nft refuses elements that overlap
// ("conflicting intervals specified"), so of such members each address is
// written once; what is left out is a remark. Members side by side stay apart.
func (w *writer) elements(members []ruleset.Member, family byte) {
	if shareAddresses(members, family) {
		w.distinct(members, family)
		return
	}
	for i := range members {
		if m := &members[i]; m.Range.From.Is4() == (family == 4) {
			w.element(m.Range, m.Name)
		}
	}
}

func (w *writer) element(r ruleset.Range, name string) {
	w.str("\t\t\t")
	w.b = appendRange(w.b, r)
	w.str(",")
	if name != "" {
		w.str(" # ")
		w.b = appendText(w.b, name, maxComment)
	}
	w.str("\n")
}

// shareAddresses says whether two members of a family share an address. Members
// mostly come in ascending order, which one look shows.
func shareAddresses(members []ruleset.Member, family byte) bool {
	ascending, last := true, netip.Addr{}
	for i := range members {
		r := members[i].Range
		if r.From.Is4() != (family == 4) {
			continue
		}
		if last.IsValid() && r.From.Compare(last) <= 0 {
			ascending = false
			break
		}
		last = r.To
	}
	if ascending {
		return false
	}
	sorted := sortedMembers(members, family)
	for i := 1; i < len(sorted); i++ {
		if members[sorted[i]].Range.From.Compare(members[sorted[i-1]].Range.To) <= 0 {
			return true
		}
	}
	return false
}

// sortedMembers returns the indices of a family's members by first address, the
// larger before what lies in it, the earlier before its repetition.
func sortedMembers(members []ruleset.Member, family byte) []int {
	var ids []int
	for i := range members {
		if members[i].Range.From.Is4() == (family == 4) {
			ids = append(ids, i)
		}
	}
	slices.SortFunc(ids, func(a, b int) int {
		x, y := members[a].Range, members[b].Range
		if c := x.From.Compare(y.From); c != 0 {
			return c
		}
		if c := y.To.Compare(x.To); c != 0 {
			return c
		}
		return a - b
	})
	return ids
}

// distinct writes members of which some share addresses, in their order: of
// each what no member that begins before it has.
func (w *writer) distinct(members []ruleset.Member, family byte) {
	left := make([]ruleset.Range, len(members))
	var reached netip.Addr
	for _, i := range sortedMembers(members, family) {
		r := members[i].Range
		if reached.IsValid() && r.To.Compare(reached) <= 0 {
			continue // within earlier ones
		}
		if reached.IsValid() && r.From.Compare(reached) <= 0 {
			r.From = reached.Next()
		}
		left[i], reached = r, members[i].Range.To
	}
	for i := range members {
		m := &members[i]
		switch {
		case m.Range.From.Is4() != (family == 4):
		case left[i] == m.Range:
			w.element(m.Range, m.Name)
		default:
			w.str("\t\t\t# ")
			w.b = appendRange(w.b, m.Range)
			if m.Name != "" {
				w.str(" ")
				w.b = appendText(w.b, m.Name, maxComment)
			}
			w.str(leftOutRemark + "\n")
			if left[i].From.IsValid() {
				w.element(left[i], "")
			}
		}
	}
}

// appendRange appends an address, a prefix or a range as nft reads it.
func appendRange(b []byte, r ruleset.Range) []byte {
	if r.From == r.To {
		return r.From.AppendTo(b)
	}
	if p, ok := r.Prefix(); ok {
		return p.AppendTo(b)
	}
	return r.To.AppendTo(append(r.From.AppendTo(b), '-'))
}
