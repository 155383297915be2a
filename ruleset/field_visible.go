package ruleset

// A shade is service classes of a state that no packet is in, because other
// states lie above it wherever it is.
type shade struct {
	all  bool
	some []span[classNo]
}

// visibleMatches says of each match whether some packet has it.
func (f *field) visibleMatches() []bool {
	shades := make([]shade, len(f.states))
	for i := range shades {
		shades[i].all = true
	}
	for k := range f.layers {
		for _, c := range f.layers[k].cells {
			if c.area > 0 {
				shades[c.state].all = false
			}
		}
	}
	seen := make([]bool, f.matches.len())
	// A state comes after the one that it lies on.
	for s := len(f.states) - 1; s >= 0; s-- {
		st := &f.states[s]
		if shades[s].all {
			continue
		}
		region := make([]span[classNo], len(st.segments))
		for i, seg := range st.segments {
			region[i] = span[classNo]{classNo(seg.lo), classNo(seg.hi)}
			if len(subtract(region[i:i+1], shades[s].some)) > 0 {
				seen[seg.match] = true
			}
		}
		if st.parent >= 0 {
			shades[st.parent].lessen(union(shades[s].some, normal(region)))
		}
		shades[s].some = nil
	}
	return seen
}

// lessen leaves what is shaded in a further place too.
func (s *shade) lessen(there []span[classNo]) {
	if s.all {
		s.all, s.some = false, there
		return
	}
	s.some = intersect(s.some, there)
}
