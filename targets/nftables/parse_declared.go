package nftables

import (
	"strings"

	"github.com/nbfwc/nbfwc/ruleset"
)

// A declaration follows the elements of a set in a file of ours and finds the
// members as they were declared: nft takes no two elements that share an
// address, so such members are left out or cut, and a remark has them whole.
type declaration struct {
	found bool
	// cut is the member of the last remark, to which the next element may
	// belong.
	cut     ruleset.Range
	pending bool
}

// leftOut reads a remark on a line of its own.
func (d *declaration) leftOut(s *setDecl, remark string) {
	text, ok := strings.CutSuffix(remark, leftOutRemark)
	if !ok {
		return
	}
	text, name, _ := strings.Cut(text, " ")
	r, ok := addrRange(wordNode(text))
	if !ok {
		return
	}
	if !d.found {
		d.found = true
		for i := range s.elems {
			d.declare(s, &s.elems[i])
		}
	}
	s.declared = append(s.declared, ruleset.Member{Range: r, Name: name})
	d.cut, d.pending = r, true
}

// element takes note of the last element. What is left of a cut member follows
// its remark, has its last address and no name. No other element that follows
// can lie in the member and end with it.
func (d *declaration) element(s *setDecl) {
	if !d.found {
		return
	}
	e := &s.elems[len(s.elems)-1]
	if r, ok := addrRange(e.key); ok && d.pending && r.To == d.cut.To && d.cut.From.Compare(r.From) < 0 {
		d.pending = false
		return
	}
	d.pending = false
	d.declare(s, e)
}

func (d *declaration) declare(s *setDecl, e *setElem) {
	if r, ok := addrRange(e.key); ok {
		s.declared = append(s.declared, ruleset.Member{Range: r, Name: e.comment})
	}
}

// end forgets the members if they are not the addresses of the elements:
// somebody has edited one and not the other.
func (d *declaration) end(s *setDecl) {
	if !d.found {
		return
	}
	var ranges []ruleset.Range
	for i := range s.elems {
		if r, ok := addrRange(s.elems[i].key); ok {
			ranges = append(ranges, r)
		}
	}
	if !ruleset.MemberSet(s.declared).Equal(ruleset.NewAddrSet(ranges...)) {
		s.declared = nil
	}
}
