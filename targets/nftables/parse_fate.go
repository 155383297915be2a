package nftables

// A fate is what became of a rule. Every rule that is read has one; the test of
// the accounts adds them up.
type fate uint8

const (
	// unreached: no base chain leads to the rule's chain, or only chains of
	// other traffic or of dormant tables.
	unreached fate = iota
	// sideEffect: it has no verdict (counter, log, ...).
	sideEffect
	// neverFirst: it can't match the first packet of a connection that gets
	// there ("ct state established").
	neverFirst
	// decides: it is in the rule set.
	decides
)

func (r *ruleDecl) becomes(f fate) { r.fate = max(r.fate, f) }
