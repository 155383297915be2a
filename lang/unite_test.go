package lang

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"pgregory.net/rapid"
)

// TestUniteProperty holds that every address is in exactly one group, with the
// roles of all blocks that name it and no others: compared with a map from
// addresses to roles.
func TestUniteProperty(t *testing.T) {
	roles := []string{"media", "client", "puredisk_node", "vxss"}
	rapid.Check(t, func(t *rapid.T) {
		var policy strings.Builder
		policy.WriteString("zone \"core\" { networks = [\"10.0.0.0/24\"] }\ndomain \"d\" {\n version = \"7.6\"\n")
		want := map[netip.Addr][]string{}
		base := netip.MustParseAddr("10.0.0.0").As4()
		at := func(i int) netip.Addr { b := base; b[3] = byte(i); return netip.AddrFrom4(b) }
		for i := range rapid.IntRange(1, 4).Draw(t, "blocks") {
			role := rapid.SampledFrom(roles).Draw(t, "role")
			var list []string
			for range rapid.IntRange(1, 5).Draw(t, "addresses") {
				from := rapid.IntRange(0, 30).Draw(t, "from")
				to := from + rapid.SampledFrom([]int{0, 0, 0, 1, 4, 9}).Draw(t, "more")
				list = append(list, fmt.Sprintf("%q", fmt.Sprintf("%v-%v", at(from), at(to))))
				for k := from; k <= to; k++ {
					want[at(k)] = appendOnce(want[at(k)], role)
				}
			}
			fmt.Fprintf(&policy, " hosts \"h%d\" {\n  roles = [role.%s]\n  addresses = [%s]\n }\n", i, role, strings.Join(list, ", "))
		}
		policy.WriteString("}\n")
		p, _, diags := Load(fstest.MapFS{"p.hcl": {Data: []byte(policy.String())}}, ".", testOptions())
		if p == nil {
			t.Fatalf("%v\n%s", diags, &policy)
			return
		}
		got := map[netip.Addr][]string{}
		for _, g := range p.Domains[0].Groups {
			names := strings.Split(roleNames(g.Roles), ", ")
			for _, r := range g.Legs[0].Addrs {
				for a := r.From; !r.To.Less(a); a = a.Next() {
					if got[a] != nil {
						t.Fatalf("%v is in two groups\n%s", a, &policy)
					}
					got[a] = names
				}
			}
		}
		for a, names := range want {
			slices.Sort(names)
			if !slices.Equal(names, got[a]) {
				t.Fatalf("%v: want %v, have %v\n%s", a, names, got[a], &policy)
			}
		}
		if len(got) != len(want) {
			t.Fatalf("want %d addresses, have %d\n%s", len(want), len(got), &policy)
		}
	})
}
