package ruleset

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// line is a stretch of addresses that the set tests draw from: both ends of
// both families, a border between two /31s and one between two 64-bit halves.
var line = func() []netip.Addr {
	var out []netip.Addr
	for _, start := range []string{
		"0.0.0.0", "9.255.255.254", "127.255.255.253", "255.255.255.250",
		"::", "2001:db8::fffe", "2001:db8:0:0:ffff:ffff:ffff:fffd", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffa",
	} {
		a := netip.MustParseAddr(start)
		for range 6 {
			out = append(out, a)
			a = a.Next()
		}
	}
	return out
}()

func drawRange(t *rapid.T) Range {
	i := rapid.IntRange(0, len(line)-1).Draw(t, "from")
	end := i
	for end+1 < len(line) && line[end+1].Is4() == line[i].Is4() {
		end++
	}
	return Range{line[i], line[rapid.IntRange(i, end).Draw(t, "to")]}
}

func drawAddrs(t *rapid.T, name string) ([]Range, AddrSet) {
	rs := rapid.SliceOfN(rapid.Custom(drawRange), 0, 6).Draw(t, name)
	return rs, NewAddrSet(rs...)
}

func inRanges(rs []Range, a netip.Addr) bool {
	return slices.ContainsFunc(rs, func(r Range) bool {
		return r.From.Is4() == a.Is4() && r.From.Compare(a) <= 0 && a.Compare(r.To) <= 0
	})
}

func TestAddrSetAgainstBitmap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		as, a := drawAddrs(t, "a")
		bs, b := drawAddrs(t, "b")
		u, i, d := a.Union(b), a.Intersect(b), a.Subtract(b)
		same := true
		for _, x := range line {
			ina, inb := inRanges(as, x), inRanges(bs, x)
			same = same && ina == inb
			checkBool(t, fmt.Sprint(x, " in a"), a.Contains(x), ina)
			checkBool(t, fmt.Sprint(x, " in union"), u.Contains(x), ina || inb)
			checkBool(t, fmt.Sprint(x, " in intersection"), i.Contains(x), ina && inb)
			checkBool(t, fmt.Sprint(x, " in difference"), d.Contains(x), ina && !inb)
		}
		// Each stretch of line is contiguous, so that sets that agree on the
		// line can differ only by ranges that span a gap between stretches.
		if a.Equal(b) && !same {
			t.Fatalf("%v equals %v", a, b)
		}
		checkNormal(t, u)
		checkNormal(t, i)
		checkNormal(t, d)
		if !d.Union(i).Equal(a) || !a.Subtract(d).Equal(i) || !d.Intersect(b).IsEmpty() {
			t.Fatalf("a=%v b=%v: a-b=%v and a&b=%v don't make up a", a, b, d, i)
		}
		if !PrefixSet(u.Prefixes()...).Equal(u) {
			t.Fatalf("%v as prefixes: %v", u, u.Prefixes())
		}
	})
}

func checkBool(t *rapid.T, what string, have, want bool) {
	t.Helper()
	if have != want {
		t.Fatalf("%s: have %v, want %v", what, have, want)
	}
}

// checkNormal checks that the ranges of s ascend with gaps and make s again.
func checkNormal(t *rapid.T, s AddrSet) {
	t.Helper()
	rs := s.Ranges()
	for i, r := range rs {
		if !r.IsValid() {
			t.Fatalf("invalid range %v", r)
		}
		if i > 0 && rs[i-1].To.Is4() == r.From.Is4() && rs[i-1].To.Next().Compare(r.From) >= 0 {
			t.Fatalf("%v and %v are not apart", rs[i-1], r)
		}
	}
	if s.IsEmpty() != (len(rs) == 0) || !NewAddrSet(rs...).Equal(s) {
		t.Fatalf("%v is not made of its ranges %v", s, rs)
	}
}

// The fewest prefixes: no two of them can be joined and none is inside another.
func TestPrefixesAreFewest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		_, a := drawAddrs(t, "a")
		ps := a.Prefixes()
		for i := 1; i < len(ps); i++ {
			p, q := ps[i-1], ps[i]
			if p.Overlaps(q) || p.Bits() > 0 && p.Bits() == q.Bits() && netip.PrefixFrom(p.Addr(), p.Bits()-1).Contains(q.Addr()) {
				if netip.PrefixFrom(p.Addr(), p.Bits()-1).Masked().Addr() == p.Addr() {
					t.Fatalf("%v and %v are one prefix", p, q)
				}
			}
		}
	})
}

func TestRangeWords(t *testing.T) {
	for _, c := range []struct{ from, to, want string }{
		{"10.0.0.1", "10.0.0.1", "10.0.0.1"},
		{"10.0.0.0", "10.0.0.255", "10.0.0.0/24"},
		{"10.0.0.1", "10.0.0.9", "10.0.0.1-10.0.0.9"},
		{"0.0.0.0", "255.255.255.255", "0.0.0.0/0"},
		{"::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "::/0"},
		{"2001:db8::", "2001:db8::1", "2001:db8::/127"},
		{"2001:db8::1", "2001:db8::2", "2001:db8::1-2001:db8::2"},
	} {
		r := Range{netip.MustParseAddr(c.from), netip.MustParseAddr(c.to)}
		if r.String() != c.want {
			t.Errorf("have %s, want %s", r, c.want)
		}
		if p, ok := r.Prefix(); ok && RangeOf(p) != r {
			t.Errorf("RangeOf(%v) = %v", p, RangeOf(p))
		}
	}
}

func TestMappedAddressesAreIPv4(t *testing.T) {
	four := netip.MustParseAddr("10.0.0.1")
	mapped := netip.MustParseAddr("::ffff:10.0.0.1")
	if s := NewAddrSet(Range{mapped, mapped}); !s.Contains(four) || !s.Contains(mapped) || s.String() != "10.0.0.1" {
		t.Errorf("mapped: %v", s)
	}
	if r := RangeOf(netip.MustParsePrefix("::ffff:10.0.0.0/120")); r.String() != "10.0.0.0/24" {
		t.Errorf("mapped prefix: %v", r)
	}
	if !NewAddrSet(Range{}, Range{four, netip.MustParseAddr("::1")}, Range{four.Next(), four}).IsEmpty() {
		t.Error("an invalid range added something")
	}
	if (AddrSet{}).Contains(four) || AnyAddr().Contains(netip.Addr{}) {
		t.Error("the zero address or the empty set")
	}
}

func TestAnySets(t *testing.T) {
	if !Any4().Union(Any6()).IsAny() || Any4().IsAny() || !AnyAddr().Subtract(Any4()).Equal(Any6()) {
		t.Error("Any4, Any6 and AnyAddr don't fit")
	}
	if AnyAddr().String() != "any" || Any4().String() != "0.0.0.0/0" || (AddrSet{}).String() != "none" {
		t.Error(AnyAddr(), Any4(), AddrSet{})
	}
}

// Points of the service space at the borders that matter: the ends, ICMP's
// limit of 255, protocols beside ICMP.
var (
	protoLine = []uint8{0, 1, 2, 6, 57, 58, 59, 255}
	portLine  = []uint16{0, 1, 254, 255, 256, 1024, 65534, 65535}
)

func drawBox(t *rapid.T) ServiceBox {
	two := func(n int, name string) (int, int) {
		a, b := rapid.IntRange(0, n-1).Draw(t, name), rapid.IntRange(0, n-1).Draw(t, name)
		return min(a, b), max(a, b)
	}
	p0, p1 := two(len(protoLine), "proto")
	s0, s1 := two(len(portLine), "sport")
	d0, d1 := two(len(portLine), "dport")
	return ServiceBox{protoLine[p0], protoLine[p1], PortRange{portLine[s0], portLine[s1]}, PortRange{portLine[d0], portLine[d1]}}
}

func TestServiceSetAgainstBitmap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		as := rapid.SliceOfN(rapid.Custom(drawBox), 0, 4).Draw(t, "a")
		bs := rapid.SliceOfN(rapid.Custom(drawBox), 0, 4).Draw(t, "b")
		a, b := NewServiceSet(as...), NewServiceSet(bs...)
		u, i, d := a.Union(b), a.Intersect(b), a.Subtract(b)
		in := func(boxes []ServiceBox, p uint8, x, y uint16) bool {
			if isICMP(p) && (x > 255 || y > 255) {
				return false
			}
			return slices.ContainsFunc(boxes, func(c ServiceBox) bool {
				return c.ProtoFrom <= p && p <= c.ProtoTo && c.Src.From <= x && x <= c.Src.To && c.Dst.From <= y && y <= c.Dst.To
			})
		}
		same := true
		for _, p := range protoLine {
			for _, x := range portLine {
				for _, y := range portLine {
					ina, inb := in(as, p, x, y), in(bs, p, x, y)
					same = same && ina == inb
					what := fmt.Sprint(p, x, y)
					checkBool(t, what+" in a", a.Contains(p, x, y), ina)
					checkBool(t, what+" in union", u.Contains(p, x, y), ina || inb)
					checkBool(t, what+" in intersection", i.Contains(p, x, y), ina && inb)
					checkBool(t, what+" in difference", d.Contains(p, x, y), ina && !inb)
				}
			}
		}
		if a.Equal(b) && !same {
			t.Fatalf("%v equals %v", a, b)
		}
		// Equal sets are built from other boxes in another order.
		if !d.Union(i).Equal(a) || !a.Subtract(d).Equal(i) || !u.Subtract(b).Equal(d) {
			t.Fatalf("a=%v b=%v: a-b=%v and a&b=%v don't make up a", a, b, d, i)
		}
		boxes := u.Boxes()
		rand.New(rand.NewPCG(1, 2)).Shuffle(len(boxes), func(i, j int) { boxes[i], boxes[j] = boxes[j], boxes[i] })
		if !NewServiceSet(boxes...).Equal(u) {
			t.Fatalf("%v is not made of its boxes", u)
		}
		for k, x := range boxes {
			for _, y := range boxes[:k] {
				if _, ok := x.and(y); ok {
					t.Fatalf("%v and %v overlap", x, y)
				}
			}
		}
	})
}

func TestServiceWords(t *testing.T) {
	for _, c := range []struct {
		s    ServiceSet
		want string
	}{
		{ServiceSet{}, "none"},
		{AnyService(), "any"},
		{TCPPorts(PortRange{443, 443}, PortRange{80, 81}), "tcp 80-81, tcp 443"},
		{NewServiceSet(ServiceBox{UDP, UDP, PortRange{1024, 65535}, PortRange{53, 53}}), "udp 1024-65535 -> 53"},
		{NewServiceSet(ServiceBox{ICMP, ICMP, PortRange{8, 8}, PortRange{0, 0}}), "icmp 8/0"},
		{NewServiceSet(ServiceBox{ICMPv6, ICMPv6, PortRange{1, 4}, anyPort}), "icmpv6 1-4"},
		{Protocol(50), "protocol 50"},
		{Protocol(ICMP), "icmp"},
		{NewServiceSet(ServiceBox{TCP, TCP, PortRange{20, 20}, anyPort}), "tcp 20 -> any"},
	} {
		if c.s.String() != c.want {
			t.Errorf("have %q, want %q", c.s, c.want)
		}
	}
	if !AnyService().Subtract(Protocol(6)).Union(Protocol(6)).IsAny() {
		t.Error("any without tcp, and tcp, is not any")
	}
}

func TestIfaceSetAgainstMembers(t *testing.T) {
	labels := []string{"a", "b", "c", Self}
	draw := rapid.Custom(func(t *rapid.T) IfaceSet {
		ls := rapid.SliceOfN(rapid.SampledFrom(labels), 0, 4).Draw(t, "labels")
		if rapid.Bool().Draw(t, "only") {
			return Ifaces(ls...)
		}
		return NotIfaces(ls...)
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b := draw.Draw(t, "a"), draw.Draw(t, "b")
		same := true
		for _, l := range append([]string{"other"}, labels...) {
			same = same && a.Contains(l) == b.Contains(l)
			checkBool(t, l+" in both", a.Intersect(b).Contains(l), a.Contains(l) && b.Contains(l))
			checkBool(t, l+" in either", a.Union(b).Contains(l), a.Contains(l) || b.Contains(l))
		}
		checkBool(t, "equal", a.Equal(b), same)
		ls, except := a.Labels()
		again := Ifaces(ls...)
		if except {
			again = NotIfaces(ls...)
		}
		checkBool(t, "from labels", again.Equal(a), true)
		checkBool(t, "any", a.IsAny(), a.Equal(IfaceSet{}))
		checkBool(t, "empty", a.IsEmpty(), a.Equal(Ifaces()))
	})
}

func BenchmarkNewAddrSet1M(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 1))
	ranges := make([]Range, 1_000_000)
	for i := range ranges {
		a := ip4(r.Uint32()).addr()
		ranges[i] = Range{a, a}
	}
	b.ReportAllocs()
	for b.Loop() {
		if NewAddrSet(ranges...).Len() < 900_000 {
			b.Fatal("too few")
		}
	}
}
