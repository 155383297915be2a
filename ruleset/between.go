package ruleset

// Between returns packets that mid lets pass or not as neither have nor want
// does: the boxes in which a state on the way from have to want is wrong. None
// is returned if there are none. What depends on opaque lines counts as wrong
// unless it is the same unknown. The answer is never too short; it can be too
// long where the limit of boxes is reached.
func Between(have, mid, want *RuleSet) ([]Box, error) {
	a, err := changed(have, mid)
	if err != nil || len(a) == 0 {
		return nil, err
	}
	b, err := changed(want, mid)
	if err != nil {
		return nil, err
	}
	var out []Box
	for _, x := range a {
		for _, y := range b {
			if z := x.Intersect(y); !z.IsEmpty() {
				out = append(out, z)
			}
		}
	}
	return out, nil
}

// maxBetween bounds the boxes of one comparison; beyond it all packets count as
// treated differently.
const maxBetween = 2000

func changed(from, to *RuleSet) ([]Box, error) {
	d, err := Compare(from, to, CompareOptions{MaxBoxes: maxBetween})
	if err != nil {
		return nil, err
	}
	if d.MoreCertain+d.MoreUnknown > 0 {
		return []Box{{Src: AnyAddr(), Dst: AnyAddr(), Service: AnyService()}}, nil
	}
	var out []Box
	for _, list := range [][]Disagreement{d.Certain, d.Unknown} {
		for i := range list {
			out = append(out, list[i].Box)
		}
	}
	return out, nil
}

// Intersect returns the packets that are in both boxes.
func (b Box) Intersect(c Box) Box {
	return Box{
		In: b.In.Intersect(c.In), Out: b.Out.Intersect(c.Out),
		Src: b.Src.Intersect(c.Src), Dst: b.Dst.Intersect(c.Dst),
		Service: b.Service.Intersect(c.Service),
	}
}

// IsEmpty says whether the box holds no packet. That both addresses have to be
// of one family counts.
func (b Box) IsEmpty() bool {
	if b.In.IsEmpty() || b.Out.IsEmpty() || b.Service.IsEmpty() {
		return true
	}
	v4 := len(b.Src.v4()) > 0 && len(b.Dst.v4()) > 0
	v6 := len(b.Src.v6()) > 0 && len(b.Dst.v6()) > 0
	return !v4 && !v6
}

// Box returns the packets that the rule matches, or may match.
func (r *Rule) Box() Box { return Box{r.In, r.Out, r.Src, r.Dst, r.Service} }
