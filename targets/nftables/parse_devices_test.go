package nftables

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
)

// A verdict map names devices, the policy labels: where a map treats all
// devices of a label alike the verdict is known, and else it is not.
func TestVerdictMapOfDevicesOfOneLabel(t *testing.T) {
	labels := []targets.Interface{
		{Label: "lan", Devices: []string{"l0", "l1"}},
		{Label: "dmz", Devices: []string{"d0", "d1", "d2"}},
		{Label: "wan", Devices: []string{"w0"}},
	}
	for _, c := range []struct {
		name, rule, in, out string
		want                ruleset.Verdict
	}{
		{"all devices of the way in", `iifname . oifname vmap { "l0" . "w0" : jump open, "l1" . "w0" : jump open }`, "lan", "wan", ruleset.Passes},
		{"all devices of the way out", `iifname . oifname vmap { "w0" . "l1" : jump open, "w0" . "l0" : jump open }`, "wan", "lan", ruleset.Passes},
		{"all pairs of two labels", `iifname . oifname vmap { "l0" . "d0" : jump open, "l0" . "d1" : jump open, "l0" . "d2" : jump open, "l1" . "d0" : jump open, "l1" . "d1" : jump open, "l1" . "d2" : jump open }`, "lan", "dmz", ruleset.Passes},
		{"one device", `iifname vmap { "l0" : jump open, "l1" : jump open, "w0" : drop }`, "lan", "dmz", ruleset.Passes},
		{"a map with a rest", `iifname vmap { "l0" : jump open, "l1" : jump open, * : drop }`, "lan", "dmz", ruleset.Passes},
		{"the rest", `iifname vmap { "l0" : jump open, "l1" : jump open, * : drop }`, "dmz", "lan", ruleset.Drops},
		{"a device is missing", `iifname . oifname vmap { "l0" . "d0" : jump open, "l0" . "d1" : jump open, "l0" . "d2" : jump open, "l1" . "d0" : jump open, "l1" . "d1" : jump open }`, "lan", "dmz", ruleset.Unknown},
		{"one device is missing", `iifname vmap { "l0" : jump open }`, "lan", "wan", ruleset.Unknown},
		{"devices are treated differently", `iifname vmap { "l0" : jump open, "l1" : drop }`, "lan", "wan", ruleset.Unknown},
		{"another label", `iifname . oifname vmap { "l0" . "w0" : jump open, "l1" . "w0" : jump open }`, "dmz", "wan", ruleset.Drops},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := "table inet t {\n chain open {\n tcp dport 1556 accept\n }\n chain f {\n type filter hook forward priority filter; policy drop;\n " + c.rule + "\n }\n}\n"
			rs, _, err := Parse(strings.NewReader(text), targets.ParseOptions{Interfaces: labels})
			if err != nil {
				t.Fatal(err)
			}
			p := ruleset.Packet{In: c.in, Out: c.out, Src: netip.MustParseAddr("10.0.0.1"), Dst: netip.MustParseAddr("10.0.0.2"), Proto: ruleset.TCP, SrcPort: 40000, DstPort: 1556}
			if have := rs.Verdict(p); have != c.want {
				t.Errorf("have %v, want %v of\n%s", have, c.want, text)
			}
		})
	}
}
