package ruleset

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// hostPairs returns a list of n rules between single hosts, of which the given
// share has any on one side. Every tenth rule denies.
func hostPairs(n, hosts int, wide float64, seed uint64) *RuleSet {
	r := rand.New(rand.NewPCG(seed, 1))
	host := func(side byte) AddrSet {
		if r.Float64() < wide/2 {
			return AnyAddr()
		}
		k := r.IntN(hosts)
		a := ip4(uint32(side)<<24 | uint32(k)*3).addr()
		return NewAddrSet(Range{a, a})
	}
	st := Stage{Name: "acl", Default: Deny}
	for i := range n {
		rule := Rule{Src: host(10), Dst: host(11), Action: Permit, Service: TCPPorts(PortRange{uint16(1 + r.IntN(50)), uint16(51 + r.IntN(3))})}
		if i%10 == 0 {
			rule.Action = Deny
		}
		st.Rules = append(st.Rules, rule)
	}
	return &RuleSet{Stages: []Stage{st}}
}

// groupRules returns a list as compiled for backup clients: groups of scattered
// hosts, few servers, some services, below rules for whole networks.
func groupRules(n, hosts int, seed uint64) *RuleSet {
	r := rand.New(rand.NewPCG(seed, 2))
	groups := make([]AddrSet, n/10)
	for g := range groups {
		var rs []Range
		for range hosts {
			a := ip4(10<<24 | r.Uint32N(1<<22)).addr()
			rs = append(rs, Range{a, a})
		}
		groups[g] = NewAddrSet(rs...)
	}
	net := func() AddrSet {
		a := ip4(10<<24 | r.Uint32N(1<<24)).addr()
		p, _ := a.Prefix(12 + r.IntN(13))
		return PrefixSet(p)
	}
	st := Stage{Name: "acl", Default: Deny}
	for i := range n {
		rule := Rule{Src: groups[r.IntN(len(groups))], Dst: groups[r.IntN(len(groups))], Action: Permit}
		if i%4 == 0 {
			rule.Src, rule.Dst = net(), net()
		}
		if i%16 == 0 {
			rule.Action = Deny
		}
		p := uint16(r.IntN(300))
		rule.Service = TCPPorts(PortRange{p, p + uint16(r.IntN(3))}, PortRange{1556, 1556})
		if i%50 == 0 {
			rule.Service = AnyService()
		}
		st.Rules = append(st.Rules, rule)
	}
	return &RuleSet{Stages: []Stage{st}}
}

// clientLines returns a list with one line for each client, server and port, as
// a device without groups has it.
func clientLines(clients, servers int, seed uint64) *RuleSet {
	r := rand.New(rand.NewPCG(seed, 3))
	host := func(net, k int) AddrSet {
		a := ip4(uint32(net)<<24 | uint32(k)).addr()
		return NewAddrSet(Range{a, a})
	}
	st := Stage{Name: "acl", Default: Deny}
	for c := range clients {
		from := host(10, c*7)
		for s := range servers {
			port := []uint16{1556, 13724, 13782, 10102, 10082}[s%5]
			st.Rules = append(st.Rules, Rule{Src: from, Dst: host(11, s/5), Service: TCPPorts(PortRange{port, port}), Action: Permit})
		}
		if r.IntN(50) == 0 {
			st.Rules = append(st.Rules, Rule{Src: from, Dst: AnyAddr(), Service: AnyService(), Action: Deny})
		}
	}
	return &RuleSet{Stages: []Stage{st}}
}

// edited returns a copy with another order inside stretches of equal action,
// and a few rules less.
func edited(rs *RuleSet, gone int) *RuleSet {
	rules := slices.Clone(rs.Stages[0].Rules)
	for i := 0; i+2 < len(rules); i += 10 {
		rules[i+1], rules[i+2] = rules[i+2], rules[i+1]
	}
	for k := range gone {
		i := (k + 1) * len(rules) / (gone + 2)
		rules = slices.Delete(rules, i, i+1)
	}
	return &RuleSet{Stages: []Stage{{Name: "acl", Default: Deny, Rules: rules}}}
}

func BenchmarkCompare(b *testing.B) {
	for _, c := range []struct {
		name string
		rs   func() *RuleSet
	}{
		{"10k-pairs", func() *RuleSet { return hostPairs(10_000, 2000, 0, 1) }},
		{"10k-pairs-5%any", func() *RuleSet { return hostPairs(10_000, 2000, 0.05, 1) }},
		{"10k-pairs-30%any", func() *RuleSet { return hostPairs(10_000, 2000, 0.3, 1) }},
		{"10k-groups", func() *RuleSet { return groupRules(10_000, 8, 1) }},
		{"200k-lines", func() *RuleSet { return clientLines(10_000, 20, 1) }},
		{"200k-pairs", func() *RuleSet { return hostPairs(200_000, 40_000, 0, 1) }},
		{"200k-pairs-1%any", func() *RuleSet { return hostPairs(200_000, 40_000, 0.01, 1) }},
	} {
		b.Run(c.name, func(b *testing.B) {
			have := c.rs()
			want := edited(have, 5)
			b.ReportAllocs()
			for b.Loop() {
				d, err := Compare(have, want, CompareOptions{})
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(len(d.Certain)+d.MoreCertain), "boxes")
			}
		})
	}
}
