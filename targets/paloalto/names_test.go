package paloalto

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/nbfwc/nbfwc/ruleset"
)

func TestAddressNames(t *testing.T) {
	for _, c := range []struct{ host, member, want string }{
		{"web1", "192.0.2.11", "NBU-web1-192.0.2.11"},
		{"", "192.0.2.11", "NBU-192.0.2.11"},
		{"", "10.1.2.0/24", "NBU-10.1.2.0_24"},
		{"", "0.0.0.0/0", "NBU-0.0.0.0_0"},
		{"", "10.0.0.1-10.0.0.9", "NBU-10.0.0.1-10.0.0.9"},
		{"", "10.0.0.0-10.0.0.255", "NBU-10.0.0.0_24"}, // a range that is a prefix is written as one
		{"", "2001:db8::1", "NBU-2001_db8__1"},
		{"", "2001:db8::/64", "NBU-2001_db8__-64"},
		{"", "2001:db8::1:0/112", "NBU-2001_db8__1_0-112"}, // and not the address 2001:db8::1:0:112
		{"", "2001:db8::1:0:112", "NBU-2001_db8__1_0_112"},
		{"web.example", "2001:db8::1", "NBU-web.example-2001_db8__1"},
		{"größe", "10.0.0.1", "NBU-gr__e-10.0.0.1"},
		{strings.Repeat("h", 80), "10.0.0.1", "NBU-" + strings.Repeat("h", 50) + "-10.0.0.1"},
		{strings.Repeat("h", 80), "2001:db8:1111:2222:3333:4444:5555:6666", "NBU-" + strings.Repeat("h", 20) + "-2001_db8_1111_2222_3333_4444_5555_6666"},
	} {
		have := addressName("NBU-", ruleset.Member{Range: rangeOf(c.member), Name: c.host})
		if have != c.want || !legalName(have, maxName) {
			t.Errorf("%s %s: have %s, want %s", c.host, c.member, have, c.want)
		}
	}
}

// Members of different content have different names, whatever they are called.
func TestAddressNamesAreContent(t *testing.T) {
	var members []ruleset.Member
	for _, text := range []string{"10.0.0.0", "10.0.0.1", "255.255.255.255", "::", "::1", "2001:db8::", "2001:db8::1", "2001:db8:1:1:1:1:1:1", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"} {
		a := netip.MustParseAddr(text)
		for bits := range a.BitLen() + 1 {
			members = append(members, ruleset.Member{Range: ruleset.RangeOf(netip.PrefixFrom(a, bits))})
		}
		for b := a.Next(); b.IsValid() && len(members)%7 != 0; b = b.Next() {
			members = append(members, ruleset.Member{Range: ruleset.Range{From: a, To: b}})
		}
	}
	held := map[string]string{}
	for _, m := range members {
		for _, host := range []string{"", "h", strings.Repeat("x", 70)} {
			m.Name = host
			a := newAddress("NBU-", m)
			content := a.kind + " " + a.value
			if old, ok := held[a.name]; ok && old != content {
				t.Fatalf("%s is %s and %s", a.name, old, content)
			}
			held[a.name] = content
		}
	}
	if len(held) < 500 {
		t.Errorf("only %d names", len(held))
	}
}

func TestLegalNames(t *testing.T) {
	for name, want := range map[string]bool{
		"a": true, "_a": true, "0": true, "a b": true, "a.b-c_d": true, strings.Repeat("a", 63): true,
		"": false, " a": false, "a ": false, "-a": false, ".a": false, "a;": false, "a\"": false, "ä": false, "a\n": false, "a/b": false, strings.Repeat("a", 64): false,
	} {
		if have := legalName(name, maxName); have != want {
			t.Errorf("%q: %v", name, have)
		}
	}
}

// FuzzNames: whatever a policy says becomes a name that PAN-OS takes and a text
// that stays between its quotes.
func FuzzNames(f *testing.F) {
	for _, s := range []string{"", "a\nb", `"`, "NBU-a b", "NBU- ", "\x00\xff", "it's | ? \\", strings.Repeat("ä", 99)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if name := ownName("NBU-", s); !legalName(name, maxName) || !strings.HasPrefix(name, "NBU-") {
			t.Errorf("%q: %q", s, name)
		}
		if name := addressName("NBU-", ruleset.Member{Range: rangeOf("10.0.0.1"), Name: s}); !legalName(name, maxName) {
			t.Errorf("%q: %q", s, name)
		}
		d := description(s, 100)
		if len(d) > 100 || strings.ContainsAny(d, "\"'`\\|?\r\n\t") || strings.ContainsFunc(d, func(c rune) bool { return c < ' ' || c > '~' }) {
			t.Errorf("%q: %q", s, d)
		}
		if q := quoted(d); d != "" && strings.Count(q, `"`) != 0 && strings.Count(q, `"`) != 2 {
			t.Errorf("%q: %s", s, q)
		}
	})
}
