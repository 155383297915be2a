package panos

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// The checks say what is wrong with a value, in the device's words; "" if
// nothing is.

func atMost(n int) func(string) string {
	return func(s string) string {
		if len(s) > n {
			return fmt.Sprintf("constraints failed : length %d is more than %d", len(s), n)
		}
		return ""
	}
}

func wordOf(list ...string) func(string) string {
	return func(s string) string {
		if slices.Contains(list, s) {
			return ""
		}
		return string(errSyntax)
	}
}

func numberIn(low, high int) func(string) string {
	return func(s string) string {
		n, ok := decimal(s)
		switch {
		case !ok:
			return fmt.Sprintf("'%s' is not a valid number", s)
		case n < low || n > high:
			return fmt.Sprintf("constraints failed : %s is not in the range %d to %d", s, low, high)
		}
		return ""
	}
}

func decimal(s string) (int, bool) {
	if s == "" || len(s) > 9 {
		return 0, false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
	}
	n, err := strconv.Atoi(s)
	return n, err == nil
}

func letter(b byte) bool { return b|0x20 >= 'a' && b|0x20 <= 'z' }
func digit(b byte) bool  { return b >= '0' && b <= '9' }

// nameOf checks a name: letters, digits, blank, "-", "_" and ".".
func nameOf(longest int) func(string) string {
	return func(s string) string {
		if s == "any" {
			return "constraints failed : 'any' is not allowed"
		}
		if len(s) > longest {
			return fmt.Sprintf("constraints failed : length %d is more than %d", len(s), longest)
		}
		for i := range len(s) {
			if b := s[i]; !letter(b) && !digit(b) && b != ' ' && b != '-' && b != '_' && b != '.' {
				return fmt.Sprintf("constraints failed : '%s' has a character that is not allowed", s)
			}
		}
		if s[0] == ' ' || s[len(s)-1] == ' ' {
			return fmt.Sprintf("constraints failed : '%s' begins or ends with a blank", s)
		}
		return ""
	}
}

var plainName = nameOf(63)

// objectName is the name of an address, a service or a group of them.
func objectName(s string) string {
	if s == "application-default" {
		return "constraints failed : 'application-default' is not allowed"
	}
	return plainName(s)
}

func ruleName(s string) string {
	if why := plainName(s); why != "" {
		return why
	}
	if b := s[0]; !letter(b) && !digit(b) && b != '_' {
		return fmt.Sprintf("constraints failed : '%s' does not begin with a letter, a digit or '_'", s)
	}
	return ""
}

func vsysName(s string) string {
	if n, ok := decimal(strings.TrimPrefix(s, "vsys")); !strings.HasPrefix(s, "vsys") || !ok || n < 1 || n > 255 || s != "vsys"+strconv.Itoa(n) {
		return fmt.Sprintf("'%s' is not a valid vsys", s)
	}
	return ""
}

func colour(s string) string {
	if n, ok := decimal(strings.TrimPrefix(s, "color")); !strings.HasPrefix(s, "color") || !ok || n < 1 || n > 42 {
		return fmt.Sprintf("'%s' is not a valid color", s)
	}
	return ""
}

// interfaceName takes ethernet1/1, ethernet1/1.100, ae1, loopback.1 and so on.
func interfaceName(s string) string {
	wrong := fmt.Sprintf("'%s' is not a valid interface", s)
	base, unit, sub := strings.Cut(s, ".")
	if n, ok := decimal(unit); sub && (!ok || n < 1 || n > 9999) {
		return wrong
	}
	switch base {
	case "vlan", "loopback", "tunnel":
		return ""
	}
	if n, ok := strings.CutPrefix(base, "ae"); ok {
		if _, ok := decimal(n); ok {
			return ""
		}
	}
	n, ok := strings.CutPrefix(base, "ethernet")
	slot, port, two := strings.Cut(n, "/")
	_, a := decimal(slot)
	_, b := decimal(port)
	if ok && two && a && b {
		return ""
	}
	return wrong
}

// parseAddr takes an address as the device does: no zone, no IPv4 in IPv6.
func parseAddr(s string) (netip.Addr, bool) {
	a, err := netip.ParseAddr(s)
	return a, err == nil && a.Zone() == "" && !a.Is4In6()
}

// parseNet takes an address or a network; host bits may stand.
func parseNet(s string) (netip.Prefix, bool) {
	addr, bits, has := strings.Cut(s, "/")
	a, ok := parseAddr(addr)
	if !ok {
		return netip.Prefix{}, false
	}
	if !has {
		return netip.PrefixFrom(a, a.BitLen()), true
	}
	if n, ok := decimal(bits); ok && n <= a.BitLen() && len(bits) <= 3 {
		return netip.PrefixFrom(a, n), true
	}
	m, ok := parseAddr(bits)
	if !ok || !m.Is4() || !a.Is4() {
		return netip.Prefix{}, false
	}
	for n := range 33 {
		if netmask(n) == m.As4() {
			return netip.PrefixFrom(a, n), true
		}
	}
	return netip.Prefix{}, false
}

func netmask(n int) [4]byte {
	m := uint32(0)
	if n > 0 {
		m = ^uint32(0) << (32 - n)
	}
	return [4]byte{byte(m >> 24), byte(m >> 16), byte(m >> 8), byte(m)}
}

func parseRange(s string) (low, high netip.Addr, ok bool) {
	a, b, two := strings.Cut(s, "-")
	low, ok1 := parseAddr(a)
	high, ok2 := parseAddr(b)
	return low, high, two && ok1 && ok2 && low.BitLen() == high.BitLen() && !high.Less(low)
}

func parseWildcard(s string) (base, wild [4]byte, ok bool) {
	a, b, two := strings.Cut(s, "/")
	x, ok1 := parseAddr(a)
	y, ok2 := parseAddr(b)
	if !two || !ok1 || !ok2 || !x.Is4() || !y.Is4() {
		return base, wild, false
	}
	return x.As4(), y.As4(), true
}

func ipNetmask(s string) string {
	if _, ok := parseNet(s); !ok {
		return fmt.Sprintf("'%s' is not a valid IP address", s)
	}
	return ""
}

func ipRange(s string) string {
	if _, _, ok := parseRange(s); !ok {
		return fmt.Sprintf("'%s' is not a valid IP range", s)
	}
	return ""
}

func ipWildcard(s string) string {
	if _, _, ok := parseWildcard(s); !ok {
		return fmt.Sprintf("'%s' is not a valid wildcard mask", s)
	}
	return ""
}

func fqdn(s string) string {
	bad := s == "" || len(s) > 255
	for i := range len(s) {
		b := s[i]
		bad = bad || !letter(b) && !digit(b) && b != '-' && b != '_' && b != '.'
	}
	if bad {
		return fmt.Sprintf("'%s' is not a valid FQDN", s)
	}
	return ""
}

// portRange is ports from low to high.
type portRange struct{ low, high int }

// parsePorts takes a list of ports and ranges with commas and no blanks.
func parsePorts(s string) ([]portRange, bool) {
	var out []portRange
	for p := range strings.SplitSeq(s, ",") {
		a, b, two := strings.Cut(p, "-")
		if !two {
			b = a
		}
		low, ok1 := decimal(a)
		high, ok2 := decimal(b)
		if !ok1 || !ok2 || low > high || high > 65535 {
			return nil, false
		}
		out = append(out, portRange{low, high})
	}
	return out, true
}

func portList(s string) string {
	if len(s) > 1023 {
		return fmt.Sprintf("constraints failed : length %d is more than 1023", len(s))
	}
	if _, ok := parsePorts(s); !ok {
		return fmt.Sprintf("'%s' is not a valid port range", s)
	}
	return ""
}
