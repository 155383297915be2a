package ruleset

import (
	"math/rand/v2"
	"net/netip"
	"testing"
)

// The set of members is the set of their ranges, invalid ones left out.
func TestMemberSet(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 1000 {
		var members []Member
		var ranges []Range
		for range r.IntN(6) {
			a := netip.AddrFrom4([4]byte{10, 0, 0, byte(r.IntN(8))})
			x := Range{a, a}
			switch r.IntN(4) {
			case 0:
				x.To = a.Next().Next()
			case 1:
				x = RangeOf(netip.PrefixFrom(netip.AddrFrom16([16]byte{15: byte(r.IntN(8))}), 127))
			case 2:
				x.To = a.Prev()
			}
			members, ranges = append(members, Member{Range: x}), append(ranges, x)
		}
		if have, want := MemberSet(members), NewAddrSet(ranges...); !have.Equal(want) {
			t.Fatalf("%v: have %v want %v", members, have, want)
		}
	}
}
