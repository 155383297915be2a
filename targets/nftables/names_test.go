package nftables

import (
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"
)

// Different labels give different chains, whatever they are called.
func TestIdentifiersDiffer(t *testing.T) {
	labels := []string{"a", "b", "a-to-b", "b-to-a", "A", "a b", "a_b", "a/b", "any", "/others", "", "-to-", "a.v4", "a.v4.v4", "lan/reply",
		strings.Repeat("x", 40), strings.Repeat("x", 41), strings.Repeat("x", 42), "Büro", "Büro ", "forward", "section", "x-0123456789"}
	for _, l := range labels { // what others are shortened to
		labels = append(labels, identifier(l, maxLabel))
	}
	seen := map[string]string{}
	for _, in := range labels {
		for _, out := range labels {
			name := identifier(in, maxLabel) + pairWord + identifier(out, maxLabel)
			pair := in + "\x00" + out
			if other, ok := seen[name]; ok && other != pair {
				t.Errorf("%q and %q are both %s", other, pair, name)
			}
			seen[name] = pair
			for i := range len(name) {
				if !isNameByte(name[i]) {
					t.Errorf("%q has %q", name, name[i])
				}
			}
			if len(name) > 2*maxLabel+len(pairWord) {
				t.Errorf("%s is too long", name)
			}
		}
	}
	groups := map[string]string{}
	for _, g := range labels {
		id := groupIdentifier(g)
		if other, ok := groups[id]; ok && other != g {
			t.Errorf("the groups %q and %q are both %s", other, g, id)
		}
		groups[id] = g
	}
}

// FuzzText holds that no text ends a string or a line, and the limit in bytes
// on a boundary of runes.
func FuzzText(f *testing.F) {
	for _, s := range []string{"", "plain", "a\"b", "\\", "a\nb\r\x00", strings.Repeat("ü", 100), "\xff\xfe", "\u2028\u202e", strings.Repeat("x", 127) + "ü"} {
		f.Add(s, maxComment)
	}
	f.Fuzz(func(t *testing.T, s string, limit int) {
		limit = max(0, min(limit, 1000))
		b := appendText([]byte("before"), s, limit)[len("before"):]
		if len(b) > limit || !utf8.Valid(b) {
			t.Errorf("%q: %d bytes, limit %d", b, len(b), limit)
		}
		for _, r := range string(b) {
			if r < ' ' || r == '"' || r == '\\' || r == 0x7f || r == 0x85 || r == 0x2028 || r == 0x2029 {
				t.Errorf("%q has %q", b, r)
			}
		}
		if again := appendText(nil, string(b), limit); string(again) != string(b) {
			t.Errorf("%q becomes %q", b, again)
		}
	})
}

// What parts say of a service is what the service says.
func TestPartsAreTheService(t *testing.T) {
	for seed := range uint64(300) {
		m := &jobMaker{Rand: rand.New(rand.NewPCG(9, seed))}
		s := m.service().Union(m.service())
		parts, bad := partsOf(s)
		if bad != "" {
			t.Fatalf("%v: %s", s, bad)
		}
		for _, proto := range []uint8{1, 6, 17, 47, 58} {
			for _, x := range []uint16{0, 8, 128, 129, 255, 1023, 1024, 65535} {
				for _, y := range []uint16{0, 1, 255, 1555, 1556, 1557, 1558, 1559, 13724, 65535} {
					if isICMP(proto) && (x > 255 || y > 255) {
						continue
					}
					if have, want := partsContain(parts, proto, x, y), s.Contains(proto, x, y); have != want {
						t.Fatalf("%v: parts contain %d %d %d: %v", s, proto, x, y, have)
					}
				}
			}
		}
	}
}

func partsContain(parts []part, proto uint8, x, y uint16) bool {
	for _, p := range parts {
		src, dst := x, y
		if p.kind == someTypes {
			src, dst = y, x
		}
		switch p.kind {
		case anyService:
			return true
		case wholeProtocols:
			for _, r := range p.protos {
				if r[0] <= proto && proto <= r[1] {
					return true
				}
			}
		default:
			if p.proto != proto || src < p.src.From || p.src.To < src {
				continue
			}
			for _, d := range p.dst {
				if d.From <= dst && dst <= d.To {
					return true
				}
			}
		}
	}
	return false
}
