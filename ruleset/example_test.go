package ruleset_test

import (
	"fmt"
	"net/netip"

	"github.com/nbfwc/nbfwc/ruleset"
)

func prefix(s string) ruleset.AddrSet { return ruleset.PrefixSet(netip.MustParsePrefix(s)) }

// media is a firewall that lets clients reach a media server.
func media() *ruleset.RuleSet {
	return &ruleset.RuleSet{Stages: []ruleset.Stage{{
		Name:    "dmz_in",
		Default: ruleset.Deny,
		Rules: []ruleset.Rule{
			{Src: prefix("192.0.2.66/32"), Action: ruleset.Deny, Service: ruleset.AnyService(), Dst: ruleset.AnyAddr()},
			{Src: prefix("192.0.2.0/24"), Dst: prefix("10.0.0.21/32"), Service: ruleset.TCPPorts(ruleset.PortRange{From: 1556, To: 1556}), Action: ruleset.Permit},
		},
	}}}
}

func ExampleRuleSet_Decide() {
	p := ruleset.Packet{
		Src: netip.MustParseAddr("192.0.2.66"), Dst: netip.MustParseAddr("10.0.0.21"),
		Proto: ruleset.TCP, SrcPort: 50000, DstPort: 1556,
	}
	verdict, by := media().Decide(p)
	fmt.Println(verdict, "by rule", by[0].Rule)
	// Output: drops by rule 0
}

func ExampleRuleSet_Verdict() {
	p := ruleset.Packet{
		Src: netip.MustParseAddr("192.0.2.11"), Dst: netip.MustParseAddr("10.0.0.21"),
		Proto: ruleset.TCP, SrcPort: 50000, DstPort: 1556,
	}
	fmt.Println(media().Verdict(p))
	// Output: passes
}

func ExampleFreeze() {
	f, err := ruleset.Freeze(media())
	if err != nil {
		fmt.Println(err)
		return
	}
	p := ruleset.Packet{
		Src: netip.MustParseAddr("192.0.2.11"), Dst: netip.MustParseAddr("10.0.0.21"),
		Proto: ruleset.TCP, SrcPort: 50000, DstPort: 1557,
	}
	fmt.Println(f.Verdict(p))
	// Output: drops
}

// The order of the rules is wrong: the deny comes too late.
func ExampleCompare() {
	have, want := media(), media()
	rules := have.Stages[0].Rules
	rules[0], rules[1] = rules[1], rules[0]
	d, err := ruleset.Compare(have, want, ruleset.CompareOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, x := range d.Certain {
		fmt.Printf("%v -> %v, %v: have %v, want %v\n", x.Src, x.Dst, x.Service, x.Have, x.Want)
		fmt.Printf("for example %v (rule %d there, rule %d here)\n", x.Witness, x.HaveBy[0].Rule, x.WantBy[0].Rule)
	}
	// Output:
	// 192.0.2.66 -> 10.0.0.21, tcp 1556: have passes, want drops
	// for example (other) > (other): 192.0.2.66 -> 10.0.0.21 tcp 49152 -> 1556 (rule 0 there, rule 0 here)
}

func ExampleSamePackets() {
	have, want := media(), media()
	have.Stages[0].Rules[1].Log = true
	same, err := ruleset.SamePackets(have, want)
	fmt.Println(same, err)
	// Output: true <nil>
}

func ExampleSameEffect() {
	have, want := media(), media()
	have.Stages[0].Rules[1].Log = true
	same, err := ruleset.SameEffect(have, want)
	fmt.Println(same, err)
	// Output: false <nil>
}

func ExampleSameSpelling() {
	have, want := media(), media()
	have.Stages[0].Rules[1].Line = 17 // Where a rule stands in a text is no part of its spelling.
	fmt.Println(ruleset.SameSpelling(have, want))
	have.Stages[0].Rules[1].Name = "backup"
	fmt.Println(ruleset.SameSpelling(have, want))
	// Output:
	// true
	// false
}

func ExampleNormal() {
	a := func(s string) ruleset.Member {
		x := netip.MustParseAddr(s)
		return ruleset.Member{Range: ruleset.Range{From: x, To: x}}
	}
	rs := &ruleset.RuleSet{Groups: []ruleset.Group{{Name: "media", Members: []ruleset.Member{a("10.0.0.22"), a("10.0.0.21"), a("10.0.0.22")}}}}
	g := ruleset.Normal(rs).Groups[0]
	fmt.Println(len(g.Members), g.Members[0].Range, g.Set)
	// Output: 2 10.0.0.21 10.0.0.21-10.0.0.22
}

func ExampleUselessRules() {
	rs := media()
	late := rs.Stages[0].Rules[1]
	late.Src = prefix("192.0.2.0/25")
	rs.Stages[0].Rules = append(rs.Stages[0].Rules, late)
	useless, err := ruleset.UselessRules(rs)
	for _, u := range useless {
		fmt.Println(u.Rule, u.Shadowed, u.By, err)
	}
	// Output: 2 true [{0 1}] <nil>
}

func ExampleAddrSet_Subtract() {
	fmt.Println(prefix("10.0.0.0/29").Subtract(prefix("10.0.0.3/32")))
	// Output: 10.0.0.0-10.0.0.2, 10.0.0.4/30
}

func ExampleServiceSet_Union() {
	web := ruleset.TCPPorts(ruleset.PortRange{From: 80, To: 80})
	fmt.Println(web.Union(ruleset.TCPPorts(ruleset.PortRange{From: 81, To: 443})))
	// Output: tcp 80-443
}

func ExampleIfaceSet_Intersect() {
	fmt.Println(ruleset.Ifaces("inside", "dmz").Intersect(ruleset.NotIfaces("dmz")))
	// Output: inside
}
