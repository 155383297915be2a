package nftables

import (
	"strings"
	"testing"
	"time"

	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
)

// TestCommands holds that commands of a file mean what they mean to nft, and
// that others are refused with their line.
func TestCommands(t *testing.T) {
	rs := parseText(t, `
add table inet t
add set inet t s { type ipv4_addr; flags interval; }
flush set inet t s
add chain inet t c { type filter hook forward priority 0; policy drop; }
table inet t {
	set s { type ipv4_addr; flags interval; elements = { 10.0.0.1 } }
	chain c { ip saddr @s accept; }
}
add chain inet t c
table inet gone { chain c { type filter hook forward priority 0; policy drop; } }
delete table inet gone
`)
	if v := rs.Verdict(packet(t, "a > b 10.0.0.1 10.0.0.2 tcp 1 2")); v != ruleset.Passes {
		t.Errorf("the permitted packet: %v", v)
	}
	if v := rs.Verdict(packet(t, "a > b 10.0.0.2 10.0.0.2 tcp 1 2")); v != ruleset.Drops {
		t.Errorf("another packet: %v", v)
	}
	for text, want := range map[string]string{
		"\nadd rule inet t c accept":            `line 2: "add rule" is not read`,
		"table ip t\ninsert rule ip t c accept": `line 2: "insert rule"`,
		"flush chain inet t c":                  "line 1: flush chain: inet t has no \"c\" here; add it first",
		"flush set inet t s":                    "line 1: flush set: inet t has no \"s\"",
		"add chain inet t c extra":              `line 1: "extra" after add chain`,
		"add element inet t s { 1.1.1.1 }":      `"add element" is not read`,
		"include \"x\"":                         "is not read",
		"add set ip t s { type ipv4_addr; }\nadd set ip t s { type ipv6_addr; }": "line 2: the set s is there with another type",
	} {
		_, _, err := Parse(strings.NewReader(text), targets.ParseOptions{})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: have %v, want %s", text, err, want)
		}
	}
}

// TestSectionThatNothingEnters: in a listing it decides nothing, and a problem
// says so.
func TestSectionThatNothingEnters(t *testing.T) {
	rs, problems, err := Parse(strings.NewReader(`table inet filter {
	chain nb_section {
		accept
	}
	chain forward {
		type filter hook forward priority filter; policy drop;
	}
}`), targets.ParseOptions{})
	if err != nil || len(problems) != 1 || !strings.Contains(problems[0].Why, "nothing jumps") || problems[0].Line != 2 {
		t.Errorf("problems %v, %v", problems, err)
	}
	if v := rs.Verdict(packet(t, "a > b 10.0.0.1 10.0.0.2 tcp 1 2")); v != ruleset.Drops {
		t.Errorf("have %v", v)
	}
}

// TestHopLimits: valid packets of neighbour discovery have hop limit 255; any
// other condition on it stays unknown.
func TestHopLimits(t *testing.T) {
	for rule, want := range map[string]ruleset.Verdict{
		"icmpv6 type nd-neighbor-solicit ip6 hoplimit 255 accept":                   ruleset.Passes,
		"icmpv6 type { nd-neighbor-solicit, echo-request } ip6 hoplimit 255 accept": ruleset.Unknown,
		"icmpv6 type nd-neighbor-solicit ip6 hoplimit 1 accept":                     ruleset.Unknown,
		"icmpv6 type nd-neighbor-solicit ip6 hoplimit != 255 accept":                ruleset.Unknown,
		"ip6 hoplimit 255 icmpv6 type nd-neighbor-solicit accept":                   ruleset.Unknown,
		"icmpv6 type mld-listener-query ip6 hoplimit 1 accept":                      ruleset.Drops,
	} {
		rs := parseText(t, "table inet t {\nchain c {\ntype filter hook input priority 0; policy drop;\n"+rule+"\n}\n}\n")
		if v := rs.Verdict(packet(t, "a > (self) fd00::1 fd00::2 icmpv6 135 0")); v != want {
			t.Errorf("%s: have %v, want %v", rule, v, want)
		}
	}
}

// TestLostWithoutAWord: what would be left out in silence is refused.
func TestLostWithoutAWord(t *testing.T) {
	base := func() ruleset.Rule {
		return ruleset.Rule{Src: ruleset.AnyAddr(), Dst: ruleset.AnyAddr(), Action: ruleset.Permit, Service: ruleset.UDPPorts(ruleset.PortRange{From: 1, To: 1})}
	}
	udp, icmp, icmp6, tcp := base(), base(), base(), base()
	udp.Idle = time.Hour
	icmp.Src, icmp.Service = ruleset.Any6(), icmpEcho
	icmp6.Dst, icmp6.Service = ruleset.Any4(), icmpv6TypeSet(ruleset.PortRange{From: 128, To: 128})
	tcp.Idle, tcp.Service = time.Hour, ruleset.TCPPorts(ruleset.PortRange{From: 1, To: 1})
	for want, r := range map[string]ruleset.Rule{"without TCP": udp, "ICMP is IPv4's": icmp, "ICMPv6 is IPv6's": icmp6, "": tcp} {
		job := targets.Job{Manage: targets.Exclusive, Want: ruleset.RuleSet{Stages: []ruleset.Stage{{Default: ruleset.Deny, Rules: []ruleset.Rule{r}}}}}
		ps := Check(job)
		if want == "" && len(ps) > 0 || want != "" && (len(ps) != 1 || !strings.Contains(ps[0].Why, want)) {
			t.Errorf("%q: %v", want, ps)
		}
	}
}
