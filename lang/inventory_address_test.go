package lang

import (
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
)

func TestParseAddrRange(t *testing.T) {
	for in, want := range map[string]string{
		"10.0.0.10": "10.0.0.10-10.0.0.10", "0.0.0.0": "0.0.0.0-0.0.0.0", "255.255.255.255": "255.255.255.255-255.255.255.255",
		"10.0.0.0/28": "10.0.0.0-10.0.0.15", "10.0.0.1/32": "10.0.0.1-10.0.0.1", "0.0.0.0/0": "0.0.0.0-255.255.255.255", "10.0.0.128/25": "10.0.0.128-10.0.0.255",
		"10.0.0.10-10.0.0.20": "10.0.0.10-10.0.0.20", "10.0.0.10 - 10.0.0.20": "10.0.0.10-10.0.0.20", "10.0.0.1-10.0.0.1": "10.0.0.1-10.0.0.1",
		"2001:db8::5": "2001:db8::5-2001:db8::5", "2001:DB8::/33": "2001:db8::-2001:db8:7fff:ffff:ffff:ffff:ffff:ffff",
		"2001:db8::5-2001:db8::9": "2001:db8::5-2001:db8::9", "::/0": "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
	} {
		r, err := parseAddrRange(in)
		if got := r.From.String() + "-" + r.To.String(); err != nil || got != want {
			t.Errorf("%s: have %s (%v), want %s", in, got, err, want)
		}
	}
	for in, want := range map[string]string{
		"": "empty", " 10.0.0.1": "remove them", "10.0.0.01": "leading zeros", "010.0.0.1": "leading zeros", "10.0.0.256": "is not an address",
		"10.0.0": "is not an address", "1.2.3.4.5": "is not an address", "10.0.0.5/24": `write "10.0.0.0/24" for the network`, "10.0.0.0/33": "from 0 to 32",
		"10.0.0.0/": "from 0 to 32", "10.0.0.0/+8": "from 0 to 32", "10.0.0.0/08": "from 0 to 32", "10.0.0.0/8/8": "from 0 to 32", "::/129": "from 0 to 128",
		"10.0.0.9-10.0.0.1": `write "10.0.0.1-10.0.0.9"`, "10.0.0.1-::5": "mixes IPv4 and IPv6", "10.0.0.1-20": "is not an address", "10.0.0.1-": "empty",
		"::ffff:10.0.0.1": `write "10.0.0.1"`, "::ffff:10.0.0.0/104": "IPv4 address in IPv6 form", "fe80::1%eth0": "IPv6 zone", "fe80::1%1-fe80::2": "IPv6 zone",
		"web1.example.com": "lookup_dns", "web-1": "lookup_dns", "10.0.0.1O": "is a host name", "10.0.0.1,10.0.0.2": "is not an address", "0x7f.0.0.1": "is not an address",
		"１0.0.0.1": "is not an address", "10.0.0.1\x00": "is not an address",
	} {
		r, err := parseAddrRange(in)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: have %v (%v), want %q", in, err, r, want)
		}
	}
}

// TestParseIPv4 compares the fast way with net/netip over mutated text.
func TestParseIPv4(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	const letters = "0123456789.0123456789...:-/ x"
	for range 300_000 {
		b := []byte(netip.AddrFrom4([4]byte{byte(rng.Uint32()), byte(rng.Uint32()), byte(rng.Uint32() & 15), byte(rng.Uint32())}).String())
		for range rng.IntN(3) {
			switch i := rng.IntN(len(b)); rng.IntN(3) {
			case 0:
				b[i] = letters[rng.IntN(len(letters))]
			case 1:
				b = append(b[:i+1], b[i:]...)
			default:
				if b = append(b[:i], b[i+1:]...); len(b) == 0 {
					b = []byte("1")
				}
			}
		}
		got, ok := parseIPv4(string(b))
		want, err := netip.ParseAddr(string(b))
		if ok != (err == nil && want.Is4()) || ok && got != want {
			t.Fatalf("%q: have %v %v, want %v %v", b, got, ok, want, err)
		}
	}
}

func FuzzParseAddrRange(f *testing.F) {
	for _, s := range []string{"10.0.0.1", "10.0.0.0/28", "10.0.0.1-10.0.0.2", "2001:db8::/33", "::1-::2", "::ffff:1.2.3.4", "fe80::1%x", "010.0.0.1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, err := parseAddrRange(s)
		if err != nil {
			return
		}
		if !r.From.IsValid() || r.From.Is4() != r.To.Is4() || r.To.Less(r.From) || r.From.Is4In6() || r.To.Is4In6() || r.From.Zone() != "" || r.To.Zone() != "" {
			t.Fatalf("%q becomes %v", s, r)
		}
		again, err := parseAddrRange(r.From.String() + "-" + r.To.String())
		if err != nil || again != r {
			t.Fatalf("%q becomes %v and then %v (%v)", s, r, again, err)
		}
		if p, err := netip.ParsePrefix(s); err == nil && (p.Masked() != p || p.Addr() != r.From || !p.Contains(r.To)) {
			t.Fatalf("%q becomes %v", s, r)
		}
	})
}

func BenchmarkParseAddrRange(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := parseAddrRange("192.0.2.117"); err != nil {
			b.Fatal(err)
		}
	}
}
