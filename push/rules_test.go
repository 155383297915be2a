package push

import (
	"fmt"
	"strings"
	"testing"

	"github.com/nbfwc/nbfwc/ruleset"
)

// mustDiffer is what differ says of rule sets that can be compared.
func mustDiffer(t *testing.T, have, want *ruleset.RuleSet) string {
	t.Helper()
	why, err := differ(have, want, "x", "y", 0)
	if err != nil {
		t.Fatal(err)
	}
	return why
}

// list is a stage of rules "NAME:PORT", or "PORT" for a rule without a name.
func list(rules string) *ruleset.RuleSet {
	st := ruleset.Stage{Default: ruleset.Deny}
	for _, w := range strings.Fields(rules) {
		name, port, named := strings.Cut(w, ":")
		if !named {
			name, port = "", w
		}
		var n uint16
		if _, err := fmt.Sscan(port, &n); err != nil {
			panic(err)
		}
		st.Rules = append(st.Rules, ruleset.Rule{
			Name: name, Src: ruleset.AnyAddr(), Dst: ruleset.AnyAddr(), Action: ruleset.Permit,
			Service: ruleset.TCPPorts(ruleset.PortRange{From: n, To: n}),
		})
	}
	return &ruleset.RuleSet{Stages: []ruleset.Stage{st}}
}

// How many rules a change touches.
func TestTouched(t *testing.T) {
	for _, c := range []struct {
		have, want string
		n          int
	}{
		{"", "", 0},
		{"1 2 3", "1 2 3", 0},
		{"1 2 3", "1 2 3 4", 1},
		{"1 2 3", "1 3", 1},
		{"1 2 3", "", 3},
		{"a:1 b:2", "a:1 b:3", 1},           // altered
		{"1 2", "1 3", 2},                   // one goes, one comes
		{"a:1 b:2", "b:1 a:2", 0},           // names do nothing
		{"1 2 3 4", "4 1 2 3", 1},           // one is moved
		{"1 2 3 4", "4 3 2 1", 3},           // all but one are
		{"1 1 2", "1 2", 1},                 // of two equal ones one goes
		{"a:1 b:2 c:3", "c:3 a:9 d:4", 3},   // b goes, d comes, a is altered
		{"x:1 x:2", "x:3", 2},               // one altered, one gone
		{"1 2 3 4 5 6", "1 7 2 3 8 4 6", 3}, // two come, one goes
	} {
		if n := touched(list(c.have), list(c.want)); n != c.n {
			t.Errorf("%q to %q: %d, expected %d", c.have, c.want, n, c.n)
		}
	}
	if n := touched(list("1 2"), &ruleset.RuleSet{}); n != 2 {
		t.Errorf("a stage that goes: %d", n)
	}
}

// A line that isn't understood and has no ID is the same unknown in two
// configurations where it says the same.
func TestIdentified(t *testing.T) {
	opaque := func(rules, why string) *ruleset.RuleSet {
		rs := list(rules)
		rs.Stages[0].Rules[0].Opaque = &ruleset.Opaque{Why: why}
		return rs
	}
	if why := mustDiffer(t, opaque("1 2", "a schedule"), opaque("1 2", "a schedule")); why != "" {
		t.Error(why)
	}
	if why := mustDiffer(t, opaque("1 2", "a schedule"), opaque("1 2", "a user")); !strings.Contains(why, "may be dropped") {
		t.Errorf("%q", why)
	}
	// The same line elsewhere in the list, where it decides the same packets.
	if why := mustDiffer(t, opaque("1 2", "a schedule"), opaque("1 2 3", "a schedule")); !strings.Contains(why, "tcp 49152 -> 3: by x it is dropped, by y it passes (and 1 more)") { // that of IPv6
		t.Errorf("%q", why)
	}
	rs := opaque("1", "a schedule")
	if identified(rs); rs.Stages[0].Rules[0].Opaque.ID != "" {
		t.Error("the rule set itself was changed")
	}
}

// A rule set that passes the same packets but logs them otherwise differs.
func TestDifferInEffects(t *testing.T) {
	a, b := list("1"), list("1")
	b.Stages[0].Rules[0].Log = true
	if why := mustDiffer(t, a, b); !strings.Contains(why, "alike but for log") {
		t.Errorf("%q", why)
	}
}
