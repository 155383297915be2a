package ruleset

import (
	"net/netip"
	"testing"
)

// Two halves of the address space take all packets of a rule for all of it, and
// neither does alone.
func TestShadowedByTwoHalves(t *testing.T) {
	half := func(p string) Rule {
		return Rule{Src: PrefixSet(netip.MustParsePrefix(p)), Dst: Any4(), Service: AnyService(), Action: Permit}
	}
	all := half("0.0.0.0/0")
	rs := &RuleSet{Stages: []Stage{{Default: Deny, Rules: []Rule{half("0.0.0.0/1"), half("128.0.0.0/1"), all}}}}
	useless, err := UselessRules(rs)
	if err != nil || len(useless) != 1 || !useless[0].Shadowed || useless[0].Rule != 2 || len(useless[0].By) == 0 {
		t.Errorf("have %+v (%v), want rule 2 shadowed by rules 0 and 1", useless, err)
	}
	rs.Stages[0].Rules = []Rule{half("0.0.0.0/1"), all}
	useless, err = UselessRules(rs)
	if err != nil || len(useless) != 1 || useless[0].Shadowed || useless[0].Rule != 0 {
		t.Errorf("have %+v (%v), want rule 0 redundant", useless, err)
	}
}
