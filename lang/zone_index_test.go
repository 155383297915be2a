package lang

import (
	"net/netip"
	"testing"

	"pgregory.net/rapid"
)

// smallPrefix draws a prefix within a few bits, so that networks nest and touch
// often, at the ends of the address space too.
func smallPrefix(t *rapid.T, label string) netip.Prefix {
	if rapid.Bool().Draw(t, label+"6") {
		b := rapid.SampledFrom([]byte{0, 0x20, 0xff}).Draw(t, label+"first")
		a := netip.AddrFrom16([16]byte{b, 1: 0xff, 15: rapid.Byte().Draw(t, label+"last")})
		p, _ := a.Prefix(rapid.IntRange(120, 128).Draw(t, label+"bits"))
		return p
	}
	b := rapid.SampledFrom([]byte{0, 10, 255}).Draw(t, label+"first")
	a := netip.AddrFrom4([4]byte{b, b, b, rapid.Byte().Draw(t, label+"last")})
	p, _ := a.Prefix(rapid.IntRange(24, 32).Draw(t, label+"bits"))
	return p
}

// longest is the slow twin of zoneIndex.
func longest(zones []*Zone, a netip.Addr) *Zone {
	best, bits := Elsewhere, -1
	for _, z := range zones {
		for _, p := range z.Networks {
			if p.Contains(a) && p.Bits() > bits {
				best, bits = z, p.Bits()
			}
		}
	}
	return best
}

func TestZoneOfRange(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var zones []*Zone
		taken := map[netip.Prefix]bool{}
		for range rapid.IntRange(1, 4).Draw(t, "zones") {
			z := &Zone{}
			for range rapid.IntRange(0, 4).Draw(t, "networks") {
				if p := smallPrefix(t, "p"); !taken[p] {
					taken[p] = true
					z.Networks = append(z.Networks, p)
				}
			}
			zones = append(zones, z)
		}
		x := newZoneIndex(zones)
		for range 20 {
			r := rangeOf(smallPrefix(t, "r"))
			if rapid.Bool().Draw(t, "shorter") && r.From != r.To {
				r.From = r.From.Next()
			}
			got, border := x.find(r)
			want := longest(zones, r.From)
			for a := r.From; ; a = a.Next() {
				if z := longest(zones, a); z != want {
					if got != nil || border != a {
						t.Fatalf("%v crosses a border at %v; found %v, %v", r, a, got, border)
					}
					break
				}
				if a == r.To {
					if got != want {
						t.Fatalf("%v is in %v, found %v (%v)", r, want, got, border)
					}
					break
				}
			}
		}
	})
}
