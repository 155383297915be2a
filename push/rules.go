package push

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strconv"

	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
)

// A key is the same for rules that do the same with the same packets.
type key [sha256.Size]byte

// keys makes keys; sets that rules share are spelled once.
type keys struct {
	addrs    map[ruleset.AddrSet]key
	services map[ruleset.ServiceSet]key
}

func newKeys() *keys {
	return &keys{map[ruleset.AddrSet]key{}, map[ruleset.ServiceSet]key{}}
}

func keyOf[S interface {
	comparable
	String() string
}](known map[S]key, s S) key {
	k, ok := known[s]
	if !ok {
		k = sha256.Sum256([]byte(s.String()))
		known[s] = k
	}
	return k
}

func (k *keys) rule(r *ruleset.Rule) key {
	opaque := ""
	if r.Opaque != nil {
		opaque = r.Opaque.ID + "\x00" + r.Opaque.Why
	}
	return sha256.Sum256(fmt.Appendf(nil, "%q %q %x %x %x %v %v %q %v", r.In.String(), r.Out.String(),
		keyOf(k.addrs, r.Src), keyOf(k.addrs, r.Dst), keyOf(k.services, r.Service), r.Action, r.Opaque != nil, opaque, r.Effects))
}

func (k *keys) rules(rules []ruleset.Rule) []key {
	out := make([]key, len(rules))
	for i := range rules {
		out[i] = k.rule(&rules[i])
	}
	return out
}

// sameRules says whether two rule sets have the same stages with the same rules
// in the same order, which is quick to see.
func sameRules(a, b *ruleset.RuleSet) bool {
	k := newKeys()
	return slices.EqualFunc(a.Stages, b.Stages, func(x, y ruleset.Stage) bool {
		return x.In.Equal(y.In) && x.Out.Equal(y.Out) && x.Default == y.Default && x.Effects == y.Effects &&
			slices.Equal(k.rules(x.Rules), k.rules(y.Rules))
	})
}

// identified gives each opaque rule without an ID one by what it says, so that
// the same line in two configurations of one device is the same unknown.
func identified(rs *ruleset.RuleSet) *ruleset.RuleSet {
	k, out := newKeys(), *rs
	out.Stages = slices.Clone(rs.Stages)
	seen := map[string]int{}
	for i := range out.Stages {
		st := &out.Stages[i]
		cloned := false
		for j := range st.Rules {
			r := &st.Rules[j]
			if r.Opaque == nil || r.Opaque.ID != "" {
				continue
			}
			if !cloned {
				st.Rules, cloned = slices.Clone(st.Rules), true
				r = &st.Rules[j]
			}
			what := fmt.Sprintf("%s %x", st.Name, k.rule(r))
			seen[what]++
			o := *r.Opaque
			o.ID = "the line without a name, " + r.Opaque.Why + " " + what + " " + strconv.Itoa(seen[what])
			r.Opaque = &o
		}
	}
	return &out
}

// touched counts the rules that a change adds, removes, alters or moves. A rule
// that keeps its name is altered.
func touched(have, want *ruleset.RuleSet) int {
	k, n := newKeys(), 0
	for i := range max(len(have.Stages), len(want.Stages)) {
		var a, b []ruleset.Rule
		if i < len(have.Stages) {
			a = have.Stages[i].Rules
		}
		if i < len(want.Stages) {
			b = want.Stages[i].Rules
		}
		n += touchedRules(a, b, k)
	}
	return n
}

func touchedRules(a, b []ruleset.Rule, k *keys) int {
	ka, kb := k.rules(a), k.rules(b)
	places := map[key][]int{}
	for i, x := range ka {
		places[x] = append(places[x], i)
	}
	gone := map[string]int{} // names of rules of a; those that have no equal in b remain
	for i := range a {
		gone[a[i].Name]++
	}
	var kept []int // places in a of the rules of b that are there
	var fresh []string
	for i, x := range kb {
		if p := places[x]; len(p) > 0 {
			kept = append(kept, p[0])
			gone[a[p[0]].Name]--
			places[x] = p[1:]
		} else {
			fresh = append(fresh, b[i].Name)
		}
	}
	altered := 0
	for _, name := range fresh {
		if name != "" && gone[name] > 0 {
			gone[name]--
			altered++
		}
	}
	removed := len(a) - len(kept) - altered
	return removed + len(fresh) + len(kept) - longestRising(kept)
}

// longestRising is the length of a longest rising part of a list.
func longestRising(list []int) int {
	var ends []int // the least end of a rising part of each length
	for _, x := range list {
		i, _ := slices.BinarySearch(ends, x)
		if i == len(ends) {
			ends = append(ends, x)
		} else {
			ends[i] = x
		}
	}
	return len(ends)
}

// sameNAT says whether two configurations change addresses by the same rules.
func sameNAT(a, b *targets.Config) bool {
	return slices.EqualFunc(a.NAT, b.NAT, func(x, y targets.NATRule) bool { return x.Text == y.Text })
}
