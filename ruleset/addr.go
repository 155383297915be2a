package ruleset

import (
	"cmp"
	"encoding/binary"
	"net/netip"
	"slices"
	"strings"
)

// Range is the addresses From to To, both included. Both are of one family,
// From is not above To, and neither has a zone. IPv4 addresses mapped into IPv6
// are IPv4.
type Range struct{ From, To netip.Addr }

// RangeOf returns the addresses of a prefix; host bits of p are ignored. It
// returns the zero Range for an invalid prefix.
func RangeOf(p netip.Prefix) Range {
	if p.Addr().Is4In6() && p.Bits() >= 96 {
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	p = netip.PrefixFrom(p.Addr().WithZone(""), p.Bits()).Masked()
	if !p.IsValid() {
		return Range{}
	}
	if p.Addr().Is4() {
		return Range{p.Addr(), ip4Of(p.Addr()).withHostBits(p.Bits()).addr()}
	}
	return Range{p.Addr(), ip6Of(p.Addr()).withHostBits(p.Bits()).addr()}.unmapped()
}

// Prefix returns the prefix that r is; ok is false if r is none.
func (r Range) Prefix() (p netip.Prefix, ok bool) {
	if !r.IsValid() {
		return netip.Prefix{}, false
	}
	return prefixOf(r.From, r.To)
}

// prefixOf returns the prefix that the addresses from a to b are.
func prefixOf(a, b netip.Addr) (netip.Prefix, bool) {
	n := commonBits(a, b)
	p := netip.PrefixFrom(a, n)
	if p.Masked().Addr() != a {
		return p, false
	}
	if a.Is4() {
		return p, ip4Of(a).withHostBits(n) == ip4Of(b)
	}
	return p, ip6Of(a).withHostBits(n) == ip6Of(b)
}

// IsValid says whether r keeps what its type promises.
func (r Range) IsValid() bool {
	return r.From.IsValid() && r.From.BitLen() == r.To.BitLen() && r.From.Zone() == "" && r.To.Zone() == "" &&
		!r.From.Is4In6() && !r.To.Is4In6() && r.From.Compare(r.To) <= 0
}

// unmapped returns r without zones and mapped addresses: as IPv4 if it is made
// of them, without them if they are at an end.
func (r Range) unmapped() Range {
	from, to := r.From.WithZone(""), r.To.WithZone("")
	switch {
	case from.Is4In6() && to.Is4In6():
		from, to = from.Unmap(), to.Unmap()
	case from.Is4In6() && to.Is6():
		from = afterMapped.addr()
	case to.Is4In6() && from.Is6():
		to = beforeMapped.addr()
	}
	return Range{from, to}
}

// String returns "10.0.0.1", "10.0.0.0/24" or "10.0.0.1-10.0.0.9".
func (r Range) String() string { return string(r.AppendTo(nil)) }

// AppendTo appends what String returns.
func (r Range) AppendTo(b []byte) []byte {
	if r.From == r.To {
		return r.From.AppendTo(b)
	}
	if p, ok := r.Prefix(); ok {
		return p.AppendTo(b)
	}
	b = append(r.From.AppendTo(b), '-')
	return r.To.AppendTo(b)
}

func commonBits(a, b netip.Addr) int {
	x, y := a.As16(), b.As16()
	n := 0
	for i := range x {
		d := x[i] ^ y[i]
		if d == 0 {
			n += 8
			continue
		}
		for d&0x80 == 0 {
			d <<= 1
			n++
		}
		break
	}
	if a.Is4() {
		n -= 96
	}
	return n
}

// AddrSet is a set of addresses of both families. It never changes and is cheap
// to copy. The zero value is the empty set.
type AddrSet struct{ p *addrs }

// addrs is what sets share: spans in normal form.
type addrs struct {
	v4 []span[ip4]
	v6 []span[ip6]
}

// The sets that are used everywhere. They never change, like all sets.
var (
	all4 = []span[ip4]{{0, ^ip4(0)}}
	all6 = []span[ip6]{{ip6{}, ip6{^uint64(0), ^uint64(0)}}}
	any4 = AddrSet{&addrs{v4: all4}}
	any6 = AddrSet{&addrs{v6: all6}}
	anyA = AddrSet{&addrs{v4: all4, v6: all6}}
)

// AnyAddr returns all addresses of both families.
func AnyAddr() AddrSet { return anyA }

// Any4 returns all IPv4 addresses.
func Any4() AddrSet { return any4 }

// Any6 returns all IPv6 addresses.
func Any6() AddrSet { return any6 }

// NewAddrSet returns the addresses of the ranges, which may overlap. Ranges
// that are not valid (zero, upside down, of two families) add nothing.
func NewAddrSet(ranges ...Range) AddrSet {
	n4 := 0
	for i := range ranges {
		if ranges[i].From.Unmap().Is4() {
			n4++
		}
	}
	var d addrs
	if n4 > 0 {
		d.v4 = make([]span[ip4], 0, n4)
	}
	if n4 < len(ranges) {
		d.v6 = make([]span[ip6], 0, len(ranges)-n4)
	}
	for _, r := range ranges {
		r = r.unmapped()
		if !r.IsValid() {
			continue
		}
		if r.From.Is4() {
			d.v4 = append(d.v4, span[ip4]{ip4Of(r.From), ip4Of(r.To)})
		} else {
			d.v6 = append(d.v6, span[ip6]{ip6Of(r.From), ip6Of(r.To)})
		}
	}
	return addrSet(normal(d.v4), normal(d.v6))
}

// PrefixSet returns the addresses of the prefixes.
func PrefixSet(prefixes ...netip.Prefix) AddrSet {
	ranges := make([]Range, len(prefixes))
	for i, p := range prefixes {
		ranges[i] = RangeOf(p)
	}
	return NewAddrSet(ranges...)
}

func addrSet(v4 []span[ip4], v6 []span[ip6]) AddrSet {
	if len(v4) == 0 && len(v6) == 0 {
		return AddrSet{}
	}
	return AddrSet{&addrs{v4, v6}}
}

func (s AddrSet) v4() []span[ip4] {
	if s.p == nil {
		return nil
	}
	return s.p.v4
}

func (s AddrSet) v6() []span[ip6] {
	if s.p == nil {
		return nil
	}
	return s.p.v6
}

// Union returns the addresses that are in s or in t.
func (s AddrSet) Union(t AddrSet) AddrSet {
	switch {
	case s.p == nil || s.p == t.p:
		return t
	case t.p == nil:
		return s
	}
	return addrSet(union(s.p.v4, t.p.v4), union(s.p.v6, t.p.v6))
}

// Intersect returns the addresses that are in both s and t.
func (s AddrSet) Intersect(t AddrSet) AddrSet {
	switch {
	case s.p == nil || t.p == nil:
		return AddrSet{}
	case s.p == t.p || t.IsAny():
		return s
	case s.IsAny():
		return t
	}
	return addrSet(intersect(s.p.v4, t.p.v4), intersect(s.p.v6, t.p.v6))
}

// Subtract returns the addresses that are in s and not in t.
func (s AddrSet) Subtract(t AddrSet) AddrSet {
	switch {
	case s.p == nil || s.p == t.p:
		return AddrSet{}
	case t.p == nil:
		return s
	}
	return addrSet(subtract(s.p.v4, t.p.v4), subtract(s.p.v6, t.p.v6))
}

// Contains says whether a is in s. An IPv4 address mapped into IPv6 is the IPv4
// address; a zone is ignored.
func (s AddrSet) Contains(a netip.Addr) bool {
	if s.p == nil || !a.IsValid() {
		return false
	}
	if a = a.Unmap(); a.Is4() {
		return contains(s.p.v4, ip4Of(a))
	}
	return contains(s.p.v6, ip6Of(a))
}

// IsEmpty says whether no address is in s.
func (s AddrSet) IsEmpty() bool { return s.p == nil }

// IsAny says whether all addresses of both families are in s.
func (s AddrSet) IsAny() bool {
	return s.p == anyA.p || s.p != nil && slices.Equal(s.p.v4, all4) && slices.Equal(s.p.v6, all6)
}

// Equal says whether s and t hold the same addresses.
func (s AddrSet) Equal(t AddrSet) bool {
	return s.p == t.p || s.p != nil && t.p != nil && slices.Equal(s.p.v4, t.p.v4) && slices.Equal(s.p.v6, t.p.v6)
}

// Len is the number of ranges of s.
func (s AddrSet) Len() int { return len(s.v4()) + len(s.v6()) }

// Ranges returns the addresses of s as few ranges: ascending, IPv4 first, with
// a gap between any two.
func (s AddrSet) Ranges() []Range {
	if s.p == nil {
		return nil
	}
	out := make([]Range, 0, s.Len())
	for _, x := range s.p.v4 {
		out = append(out, Range{x.lo.addr(), x.hi.addr()})
	}
	for _, x := range s.p.v6 {
		out = append(out, Range{x.lo.addr(), x.hi.addr()})
	}
	return out
}

// Prefixes returns the addresses of s as the fewest prefixes, ascending, IPv4
// first.
func (s AddrSet) Prefixes() []netip.Prefix {
	var out []netip.Prefix
	for _, r := range s.Ranges() {
		out = appendPrefixes(out, r)
	}
	return out
}

// First returns the lowest address of s, the zero Addr if s is empty.
func (s AddrSet) First() netip.Addr {
	switch {
	case len(s.v4()) > 0:
		return s.p.v4[0].lo.addr()
	case len(s.v6()) > 0:
		return s.p.v6[0].lo.addr()
	}
	return netip.Addr{}
}

// String lists the ranges; it returns "any" or "none" where that is meant.
func (s AddrSet) String() string {
	switch {
	case s.IsEmpty():
		return "none"
	case s.IsAny():
		return "any"
	}
	words := make([]string, 0, s.Len())
	for _, r := range s.Ranges() {
		words = append(words, r.String())
	}
	return strings.Join(words, ", ")
}

// appendPrefixes splits r in the middle until each part is a prefix.
func appendPrefixes(out []netip.Prefix, r Range) []netip.Prefix {
	if p, ok := prefixOf(r.From, r.To); ok {
		if p.Addr().Is4In6() {
			return out // No address of r, see beforeMapped.
		}
		return append(out, p)
	}
	upper := splitPoint(r)
	out = appendPrefixes(out, Range{r.From, upper.Prev()})
	return appendPrefixes(out, Range{upper, r.To})
}

// splitPoint returns the first address of r that differs from r.From in the
// highest bit in which the ends of r differ.
func splitPoint(r Range) netip.Addr {
	n := commonBits(r.From, r.To) + 1
	return netip.PrefixFrom(r.To, n).Masked().Addr()
}

// ip4 is an IPv4 address as a number.
type ip4 uint32

func ip4Of(a netip.Addr) ip4 {
	b := a.As4()
	return ip4(binary.BigEndian.Uint32(b[:]))
}

func (a ip4) addr() netip.Addr {
	var b [4]byte
	binary.BigEndian.PutUint32(b[:], uint32(a))
	return netip.AddrFrom4(b)
}

// withHostBits sets all bits after the first n.
func (a ip4) withHostBits(n int) ip4 { return a | ip4(^uint32(0)>>n) }

func (a ip4) cmp(b ip4) int { return cmp.Compare(a, b) }
func (a ip4) next() ip4     { return a + 1 }
func (a ip4) prev() ip4     { return a - 1 }

// ip6 is an IPv6 address as a number.
type ip6 struct{ hi, lo uint64 }

func ip6Of(a netip.Addr) ip6 {
	b := a.As16()
	return ip6{binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:])}
}

func (a ip6) addr() netip.Addr {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], a.hi)
	binary.BigEndian.PutUint64(b[8:], a.lo)
	return netip.AddrFrom16(b)
}

func (a ip6) cmp(b ip6) int {
	if c := cmp.Compare(a.hi, b.hi); c != 0 {
		return c
	}
	return cmp.Compare(a.lo, b.lo)
}

// The line of IPv6 addresses leaves out those that are mapped IPv4 addresses,
// so that a set has no member that isn't a member of its IPv4 half.
var (
	beforeMapped = ip6{0, 0xfffe_ffff_ffff}
	afterMapped  = ip6{0, 0x1_0000_0000_0000}
)

func (a ip6) isMapped() bool { return a.hi == 0 && a.lo>>32 == 0xffff }

func (a ip6) next() ip6 {
	if a.lo++; a.lo == 0 {
		a.hi++
	}
	if a.isMapped() {
		return afterMapped
	}
	return a
}

func (a ip6) prev() ip6 {
	if a.lo == 0 {
		a.hi--
	}
	a.lo--
	if a.isMapped() {
		return beforeMapped
	}
	return a
}

// withHostBits sets all bits after the first n.
func (a ip6) withHostBits(n int) ip6 {
	if n < 64 {
		return ip6{a.hi | ^uint64(0)>>n, ^uint64(0)}
	}
	return ip6{a.hi, a.lo | ^uint64(0)>>(n-64)}
}
