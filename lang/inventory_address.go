package lang

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
)

// parseAddrRange reads "10.0.0.10", "10.0.0.0/28", "10.0.0.10-10.0.0.20" or
// the like in IPv6. It takes no text that could be understood in two ways:
// no leading zeros (octal elsewhere), no host bits in a prefix, no IPv6 zones,
// no IPv4 addresses in IPv6 form. The error says what to write.
func parseAddrRange(s string) (AddrRange, error) {
	// The plain IPv4 address is by far the most frequent form.
	if a, ok := parseIPv4(s); ok {
		return AddrRange{a, a}, nil
	}
	if i := strings.IndexByte(s, '/'); i >= 0 {
		return parsePrefixRange(s, i)
	}
	if i := strings.IndexByte(s, '-'); i >= 0 {
		return parseDashRange(s, i)
	}
	a, err := parseAddr(s)
	return AddrRange{a, a}, err
}

// parseIPv4 reads the usual form of an IPv4 address and says false to all
// other text, which parseAddr then judges.
func parseIPv4(s string) (netip.Addr, bool) {
	if len(s) < 7 || len(s) > 15 {
		return netip.Addr{}, false
	}
	var b [4]byte
	part, value, digits := 0, 0, 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c >= '0' && c <= '9':
			if digits > 0 && value == 0 {
				return netip.Addr{}, false
			}
			if value = value*10 + int(c-'0'); value > 255 {
				return netip.Addr{}, false
			}
			digits++
		case c == '.' && digits > 0 && part < 3:
			b[part] = byte(value)
			part++
			value, digits = 0, 0
		default:
			return netip.Addr{}, false
		}
	}
	b[3] = byte(value)
	return netip.AddrFrom4(b), part == 3 && digits > 0
}

// parseAddr reads one address.
func parseAddr(s string) (netip.Addr, error) {
	a, err := netip.ParseAddr(s)
	switch {
	case err != nil:
		return netip.Addr{}, addrError(s)
	case a.Zone() != "":
		return netip.Addr{}, fmt.Errorf("%q has an IPv6 zone, which means something on one host only: write the address without what follows %%", clip(s))
	case a.Is4In6():
		return netip.Addr{}, fmt.Errorf("%q is an IPv4 address in IPv6 form: write %q", clip(s), a.Unmap())
	}
	return a, nil
}

// addrError says why s is no address.
func addrError(s string) error {
	switch {
	case s == "":
		return errors.New("the address is empty")
	case strings.TrimSpace(s) != s:
		return fmt.Errorf("%q has blanks around the address: remove them", clip(s))
	case hasLeadingZero(s):
		return fmt.Errorf("%q has a number with leading zeros, which some programs read as octal: write it without them", clip(s))
	case isHostName(s):
		return fmt.Errorf("%q is a host name, not an address: write the address, or look the name up with lookup_dns(%q)", clip(s), clip(s))
	}
	return fmt.Errorf("%q is not an address: write one like \"10.0.0.10\", \"10.0.0.0/28\", \"10.0.0.10-10.0.0.20\" or \"2001:db8::5\"", clip(s))
}

// hasLeadingZero reports whether s is an IPv4 address but for leading zeros.
func hasLeadingZero(s string) bool {
	parts := strings.Split(s, ".")
	for i, p := range parts {
		for len(p) > 1 && p[0] == '0' {
			p = p[1:]
		}
		parts[i] = p
	}
	trimmed := strings.Join(parts, ".")
	_, ok := parseIPv4(trimmed)
	return ok && trimmed != s
}

// parsePrefixRange reads a prefix whose slash is at slash.
func parsePrefixRange(s string, slash int) (AddrRange, error) {
	a, err := parseAddr(s[:slash])
	if err != nil {
		return AddrRange{}, err
	}
	bits, err := parsePart(s[slash+1:])
	if err != nil || int(bits) > a.BitLen() {
		return AddrRange{}, fmt.Errorf("%q has no valid prefix length: write a number from 0 to %d after the slash", clip(s), a.BitLen())
	}
	p := netip.PrefixFrom(a, int(bits))
	if p.Masked().Addr() != a {
		return AddrRange{}, fmt.Errorf("%q has host bits: write %q for the network, or %q for the one address", clip(s), p.Masked(), a)
	}
	return rangeOf(p), nil
}

// parseDashRange reads a range whose dash is at dash. Blanks around the dash
// are allowed.
func parseDashRange(s string, dash int) (AddrRange, error) {
	if isHostName(s) {
		return AddrRange{}, addrError(s)
	}
	from, err := parseAddr(strings.TrimRight(s[:dash], " \t"))
	if err != nil {
		return AddrRange{}, err
	}
	to, err := parseAddr(strings.TrimLeft(s[dash+1:], " \t"))
	switch {
	case err != nil:
		return AddrRange{}, err
	case from.Is4() != to.Is4():
		return AddrRange{}, fmt.Errorf("%q mixes IPv4 and IPv6: write both ends of the range in one family", clip(s))
	case to.Less(from):
		return AddrRange{}, fmt.Errorf("%q is reversed: write \"%s-%s\"", clip(s), to, from)
	}
	return AddrRange{from, to}, nil
}

// rangeOf returns the first and last address of a masked prefix.
func rangeOf(p netip.Prefix) AddrRange {
	last := p.Addr().AsSlice()
	for i := p.Bits(); i < len(last)*8; i++ {
		last[i/8] |= 0x80 >> (i % 8)
	}
	to, _ := netip.AddrFromSlice(last)
	return AddrRange{p.Addr(), to}
}

// isHostName reports whether s has the form of a DNS name (RFC 1123 section
// 2.1, with the underscore that NetBackup takes as well) and can't be meant as
// an address: its last label has a letter.
func isHostName(s string) bool {
	if len(s) == 0 || len(s) > 253 || !isLetter(rune(s[len(s)-1])) && strings.IndexFunc(s, isLetter) < 0 {
		return false
	}
	label := ""
	for rest, more := strings.TrimSuffix(s, "."), true; more; {
		if label, rest, more = strings.Cut(rest, "."); !isLabel(label) {
			return false
		}
	}
	return strings.IndexFunc(label, isLetter) >= 0
}

func isLetter(r rune) bool { return r|0x20 >= 'a' && r|0x20 <= 'z' }

func isLabel(l string) bool {
	if len(l) == 0 || len(l) > 63 || l[0] == '-' || l[len(l)-1] == '-' {
		return false
	}
	for i := 0; i < len(l); i++ {
		if c := rune(l[i]); !isLetter(c) && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return true
}
