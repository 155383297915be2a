package ruleset

// A branch is one line that may decide: it has its outcome if its unknown
// turns out true. The last branch of a run has no unknown and always decides.
type branch struct {
	unknown opaqueKey
	outcome int32
}

// branches are the lines of one run that may decide a packet, in order.
type branches []branch

// maxOutcomes bounds the combinations of unknowns that are tried for one
// packet. It is reached only where dozens of opaque lines of several runs cover
// the same packet.
const maxOutcomes = 1 << 14

// eachOutcome calls visit with every combination of outcomes, one for each
// list, that some assignment of truth to the unknowns leads to. An unknown that
// appears in several lists has the same truth in all. It returns false if there
// are too many to tell, after which nothing may be concluded from the visits.
func eachOutcome(lists []branches, visit func([]int32)) bool {
	w := walk{lists: lists, outcomes: make([]int32, len(lists)), truth: map[opaqueKey]bool{}, left: maxOutcomes, visit: visit}
	return w.list(0)
}

type walk struct {
	lists    []branches
	outcomes []int32
	truth    map[opaqueKey]bool
	left     int
	visit    func([]int32)
}

// list decides list i and all after it.
func (w *walk) list(i int) bool {
	if i == len(w.lists) {
		w.visit(w.outcomes)
		w.left--
		return w.left > 0
	}
	var assumed []opaqueKey
	defer func() {
		for _, k := range assumed {
			delete(w.truth, k)
		}
	}()
	for j, b := range w.lists[i] {
		if w.lists[i].settled(j) {
			w.outcomes[i] = b.outcome
			return w.list(i + 1)
		}
		truth, known := w.truth[b.unknown]
		if known && !truth {
			continue
		}
		w.outcomes[i] = b.outcome
		if known {
			return w.list(i + 1)
		}
		assumed = append(assumed, b.unknown)
		w.truth[b.unknown] = true
		if !w.list(i + 1) {
			return false
		}
		w.truth[b.unknown] = false
	}
	return true
}

// settled says whether all branches from j on have one outcome, so that it
// doesn't matter which of them decides.
func (b branches) settled(j int) bool {
	for _, c := range b[j+1:] {
		if c.outcome != b[j].outcome {
			return false
		}
	}
	return true
}
