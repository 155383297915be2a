package nftables

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
)

func listingOf(t testing.TB, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata/listings", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func packet(t testing.TB, line string) ruleset.Packet {
	t.Helper()
	c, err := parseVerdictCase(line + " = x: y")
	if err != nil {
		t.Fatal(err)
	}
	return c.packet
}

// TestMergedComparisons: nft 1.0.6 prints two comparisons as a range upside
// down; what it matches can't be told.
func TestMergedComparisons(t *testing.T) {
	rs := parseText(t, listingOf(t, "merged-comparisons.nft"))
	if v := rs.Verdict(packet(t, "lan > wan 10.1.0.5 10.2.0.1 udp 5 1998")); v != ruleset.Unknown {
		t.Errorf("have %v, want unknown", v)
	}
}

// TestAccounts holds that every rule of a listing ends up somewhere: in the rule
// set, or as a side effect, as one that can't match a first packet, or in a
// chain that no packet reaches. Both forms agree on it.
func TestAccounts(t *testing.T) {
	for _, name := range []string{"many-statements", "many-tables"} {
		var have [2]string
		for i, suffix := range []string{".nft", ".json"} {
			text := listingOf(t, name+suffix)
			had, _, err := readEither(text)
			if err != nil {
				t.Fatal(err)
			}
			tr := newTranslation(&had, targets.ParseOptions{})
			rs := tr.ruleSet()
			fates := map[fate]int{}
			read := 0
			for _, tb := range had.tables {
				for _, c := range tb.chains {
					for _, r := range c.rules {
						read++
						fates[r.fate]++
					}
				}
			}
			if rules := strings.Count(text, `{"rule":`); i == 1 && read != rules {
				t.Errorf("%s: %d rules of %d read", name, read, rules)
			}
			n := 0
			for _, st := range rs.Stages {
				n += len(st.Rules)
			}
			if fates[decides] == 0 || n < fates[decides]/2 {
				t.Errorf("%s: %d rules decide, %d in the rule set", name, fates[decides], n)
			}
			have[i] = fmt.Sprintf("read %d, decide %d, effects %d, never %d, unreached %d", read, fates[decides], fates[sideEffect], fates[neverFirst], fates[unreached])
		}
		if name == "many-statements" && have[0] != have[1] {
			t.Errorf("%s: text %s, JSON %s", name, have[0], have[1])
		}
		t.Logf("%s: %s", name, have[0])
	}
}

// TestOpaqueIDs: the same unknown has the same ID in both forms, other unknowns
// have others.
func TestOpaqueIDs(t *testing.T) {
	ids := func(name string) map[string]bool {
		rs := parseText(t, listingOf(t, name))
		out := map[string]bool{}
		for _, st := range rs.Stages {
			for _, r := range st.Rules {
				if r.Opaque != nil {
					out[r.Opaque.ID] = true
				}
			}
		}
		return out
	}
	text, json := ids("many-statements.nft"), ids("many-statements.json")
	only := 0
	for id := range text {
		if !json[id] {
			only++
			t.Logf("only in text: %s", id)
		}
	}
	if len(text) < 40 || only > 12 {
		t.Errorf("%d unknowns, %d of them spelled otherwise in JSON", len(text), only)
	}
}

// TestIdleTimeouts: "ct timeout set" gives the permits after it an idle timeout,
// and splits those that it covers in part.
func TestIdleTimeouts(t *testing.T) {
	rs := parseText(t, `
table inet t {
	ct timeout long {
		protocol tcp
		l3proto ip
		policy = { established : 172800 }
	}
	ct timeout short {
		protocol tcp
		l3proto ip
		policy = { established : 60 }
	}
	chain p {
		type filter hook prerouting priority mangle; policy accept;
		tcp dport { 1556, 13724 } ct timeout set "long"
	}
	chain f {
		type filter hook forward priority filter; policy drop;
		tcp dport 1556 accept
		tcp dport 13000-14000 accept
		tcp dport 22 ct timeout set "short" accept
		udp dport 1556 accept
	}
}`)
	idle := func(line string) time.Duration {
		v, ds := rs.Decide(packet(t, line))
		if v != ruleset.Passes {
			t.Errorf("%s: %v", line, v)
		}
		d := ds[len(ds)-1]
		return rs.Stages[d.Stage].Rules[d.Rule].Idle
	}
	for line, want := range map[string]time.Duration{
		"lan > wan 10.0.0.1 10.0.0.2 tcp 1 1556":  48 * time.Hour,
		"lan > wan 10.0.0.1 10.0.0.2 tcp 1 13724": 48 * time.Hour,
		"lan > wan 10.0.0.1 10.0.0.2 tcp 1 13725": 0,
		"lan > wan 10.0.0.1 10.0.0.2 tcp 1 22":    time.Minute,
		"lan > wan 10.0.0.1 10.0.0.2 udp 1 1556":  0,
	} {
		if have := idle(line); have != want {
			t.Errorf("%s: idle %v, want %v", line, have, want)
		}
	}
	if len(rs.Stages) != 1 || len(rs.Stages[0].Rules) != 5 {
		t.Errorf("want one stage of five rules (one is split): %+v", rs.Stages)
	}
}

// TestLabels: devices have the labels of the policy; a rule about one of two
// devices of a label is unknown for the label.
func TestLabels(t *testing.T) {
	opt := targets.ParseOptions{
		Interfaces: []targets.Interface{{Label: "core", Devices: []string{"eth0", "eth1"}}, {Label: "client", Devices: []string{"bond0"}}},
		Behind:     map[string]ruleset.AddrSet{"core": ruleset.Any4()},
	}
	rs, _, err := Parse(strings.NewReader(`table inet t {
	set hosts {
		type ipv4_addr
		elements = { 10.0.0.1 comment "master", 10.0.0.2 }
	}
	chain f {
		type filter hook forward priority 0; policy drop;
		iifname "eth*" tcp dport 1 ip saddr @hosts accept
		iifname "eth0" tcp dport 2 accept
		iifname != "bond0" tcp dport 3 accept
		iifname "core" tcp dport 4 accept
	}
}`), opt)
	if err != nil {
		t.Fatal(err)
	}
	for line, want := range map[string]ruleset.Verdict{
		"core > client 10.0.0.1 10.0.0.2 tcp 1 1":   ruleset.Passes,
		"core > client 10.0.0.3 10.0.0.2 tcp 1 1":   ruleset.Drops,
		"core > client 10.0.0.1 10.0.0.2 tcp 1 2":   ruleset.Unknown,
		"client > core 10.0.0.1 10.0.0.2 tcp 1 2":   ruleset.Drops,
		"client > core 10.0.0.1 10.0.0.2 tcp 1 3":   ruleset.Drops,
		"core > client 10.0.0.1 10.0.0.2 tcp 1 3":   ruleset.Passes,
		"core > client 10.0.0.1 10.0.0.2 tcp 1 4":   ruleset.Drops,
		"client > client 10.0.0.1 10.0.0.2 tcp 1 1": ruleset.Drops,
	} {
		if have := rs.Verdict(packet(t, line)); have != want {
			t.Errorf("%s: have %v, want %v", line, have, want)
		}
	}
	g := rs.Groups
	if len(g) != 1 || g[0].Name != "hosts" || len(g[0].Members) != 2 || g[0].Members[0].Name != "master" {
		t.Errorf("groups: %+v", g)
	}
	if r := rs.Stages[0].Rules[0]; r.SrcGroup != "hosts" || r.Line != 8 {
		t.Errorf("rule: %+v", r)
	}
	if !rs.Behind["core"].Equal(ruleset.Any4()) {
		t.Error("Behind isn't copied")
	}
}

// TestRefusals: text that is no listing gives one clear error, in bounded time
// and memory.
func TestRefusals(t *testing.T) {
	deepJSON := `{"nftables": [{"rule": {"more": ` + strings.Repeat("[", 1<<20)
	for text, want := range map[string]string{
		deepJSON:                       "nested deeper",
		`{"nftables": [`:               "incomplete",
		`{"nftables": [{"table": 5}]}`: "want",
		`{"nftables": [{"add": {}}]}`:  "command",
		"table inet t {":               "incomplete",
		"table inet t { chain c { accept comment \"x":     "no end",
		"add rule inet t c accept":                        `line 1: "add rule" is not read`,
		"hostname fw1":                                    `"hostname fw1" is not read`,
		"table inet t {\nset s {\nelements = { 1 . . 2 }": "elements",
		"a\x00b": "NUL",
		"table inet t {\nchain c {\ntype filter hook forward priority 99999999999;\n}\n}": "priority",
	} {
		_, _, err := Parse(strings.NewReader(text), targets.ParseOptions{})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60q: have %v, want %s", text, err, want)
		}
	}
}

// TestManyJumps: chains that multiply end in an unknown, not in a guess and not
// in an hour.
func TestManyJumps(t *testing.T) {
	var b strings.Builder
	b.WriteString("table inet t {\n")
	for i := range 15 {
		fmt.Fprintf(&b, "chain c%d {\n", i)
		for range 20 {
			if i == 0 {
				b.WriteString("tcp dport 1 accept\n")
			} else {
				fmt.Fprintf(&b, "jump c%d\n", i-1)
			}
		}
		b.WriteString("}\n")
	}
	b.WriteString("chain f {\ntype filter hook forward priority 0; policy drop;\ntcp dport 9 drop\njump c14\n}\n}\n")
	from := time.Now()
	rs := parseText(t, b.String())
	if d := time.Since(from); d > 5*time.Minute {
		t.Errorf("took %v", d)
	}
	if v := rs.Verdict(packet(t, "lan > wan 10.0.0.1 10.0.0.2 tcp 1 9")); v != ruleset.Drops {
		t.Errorf("what is decided before: %v", v)
	}
	if v := rs.Verdict(packet(t, "lan > wan 10.0.0.1 10.0.0.2 udp 1 9")); v != ruleset.Unknown {
		t.Errorf("what isn't followed: %v", v)
	}
}

// manyTuples writes a verdict map of n tuples as text and as JSON.
func manyTuples(n int) (text, json string) {
	var x, y strings.Builder
	x.WriteString("table inet t {\nmap m {\ntype ipv4_addr . ipv4_addr . inet_proto . inet_service : verdict\nflags interval\nelements = { ")
	y.WriteString(`{"nftables": [{"table": {"family": "inet", "name": "t", "handle": 1}}, {"map": {"family": "inet", "name": "m", "table": "t", "type": ["ipv4_addr", "ipv4_addr", "inet_proto", "inet_service"], "map": "verdict", "flags": ["interval"], "elem": [`)
	for i := range n {
		if i > 0 {
			x.WriteString(",\n")
			y.WriteString(", ")
		}
		a, b := netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), netip.AddrFrom4([4]byte{10, 200, byte(i % 7), byte(i % 251)})
		fmt.Fprintf(&x, "%s . %s . tcp . %d : accept", a, b, 1000+i%9)
		fmt.Fprintf(&y, `[{"concat": ["%s", "%s", "tcp", %d]}, {"accept": null}]`, a, b, 1000+i%9)
	}
	x.WriteString(" }\n}\nchain f {\ntype filter hook forward priority 0; policy drop;\nip saddr . ip daddr . meta l4proto . th dport vmap @m\n}\n}\n")
	y.WriteString(`]}}, {"chain": {"family": "inet", "table": "t", "name": "f", "handle": 2, "type": "filter", "hook": "forward", "prio": 0, "policy": "drop"}}, {"rule": {"family": "inet", "table": "t", "chain": "f", "handle": 3, "expr": [{"vmap": {"key": {"concat": [{"payload": {"protocol": "ip", "field": "saddr"}}, {"payload": {"protocol": "ip", "field": "daddr"}}, {"meta": {"key": "l4proto"}}, {"payload": {"protocol": "th", "field": "dport"}}]}, "data": "@m"}}]}}]}`)
	return x.String(), y.String()
}

func BenchmarkParse(b *testing.B) {
	text, json := manyTuples(100_000)
	for name, in := range map[string]string{"text": text, "json": json} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(in)))
			for range b.N {
				rs, _, err := Parse(strings.NewReader(in), targets.ParseOptions{})
				if err != nil || len(rs.Stages[0].Rules) != 100_000 {
					b.Fatal(err)
				}
			}
		})
	}
}

// FuzzParse: no input makes Parse panic, and what it accepts has well-formed
// rules.
func FuzzParse(f *testing.F) {
	for _, v := range verdictFiles(f) {
		f.Add(v.config)
	}
	for _, n := range []string{"many-statements.nft", "many-statements.json", "many-tables.nft", "many-tables.json"} {
		f.Add(listingOf(f, n))
	}
	_, json := manyTuples(2)
	f.Add(json)
	f.Fuzz(func(t *testing.T, in string) {
		rs, _, err := Parse(strings.NewReader(in), targets.ParseOptions{})
		if err != nil {
			return
		}
		for _, st := range rs.Stages {
			for _, r := range st.Rules {
				if r.Action < ruleset.Permit || r.Action > ruleset.Reject || r.Src.IsEmpty() || r.Dst.IsEmpty() || r.Service.IsEmpty() {
					t.Fatalf("rule %+v", r)
				}
				if r.Opaque != nil && r.Opaque.ID == "" {
					t.Fatalf("an unknown without a name: %+v", r)
				}
			}
		}
		rs.Verdict(ruleset.Packet{In: "a", Out: "b", Src: netip.MustParseAddr("10.0.0.1"), Dst: netip.MustParseAddr("10.0.0.2"), Proto: 6, SrcPort: 5, DstPort: 80})
	})
}
