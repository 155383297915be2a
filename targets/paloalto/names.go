package paloalto

import (
	"crypto/sha256"
	"encoding/hex"
	"net/netip"
	"strconv"
	"strings"

	"github.com/nbfwc/nbfwc/ruleset"
)

// mark is the tag of everything that is ours.
const mark = "nbfwc"

// marked are the tags of what is made by us.
var marked = []string{mark}

// Lengths that PAN-OS allows: names of objects and rules (pages "Addresses" and
// "Security Policy" of the web interface help), of zones, and of descriptions.
const (
	maxName        = 63
	maxZone        = 31
	maxDescription = 1023
	maxPrefix      = 12
)

// legalName says whether PAN-OS takes a name of a rule or object, and whether it
// can stand in a command: it begins with a letter, digit or underscore and goes
// on with those, dots, hyphens and spaces, the last of which isn't a space.
func legalName(s string, most int) bool {
	if s == "" || len(s) > most || s[len(s)-1] == ' ' {
		return false
	}
	for i := 0; i < len(s); i++ {
		if !nameByte(s[i]) || i == 0 && strings.IndexByte(" .-", s[i]) >= 0 {
			return false
		}
	}
	return true
}

func nameByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte(" ._-", c) >= 0
}

// ownName is a name of ours for s: s itself where it can be, else s with what is
// wrong replaced and a digest of s at the end.
func ownName(prefix, s string) string {
	if !strings.HasPrefix(s, prefix) {
		s = prefix + s
	}
	if legalName(s, maxName) {
		return s
	}
	return cutName(nameBytes(s), s)
}

// cutName cuts a name and ends it in a digest of what it stands for.
func cutName(name, of string) string {
	sum := sha256.Sum256([]byte(of))
	digest := "-" + hex.EncodeToString(sum[:5])
	return name[:min(len(name), maxName-len(digest))] + digest
}

// nameBytes replaces all that can't stand in a name.
func nameBytes(s string) string {
	return strings.Map(func(c rune) rune {
		if c < 0x80 && c != ' ' && nameByte(byte(c)) {
			return c
		}
		return '_'
	}, s)
}

// addressName names the object of a member: host name and address. The address
// in it makes the name unique, and so it never means anything else.
func addressName(prefix string, m ruleset.Member) string {
	text := addressWords(m.Range)
	whole := prefix + text
	if m.Name != "" {
		room := maxName - len(prefix) - len(text) - 1
		host := nameBytes(m.Name)
		if room > 0 {
			whole = prefix + host[:min(len(host), room)] + "-" + text
		}
	}
	if len(whole) > maxName {
		return cutName(whole, whole)
	}
	return whole
}

// addressWords is a range as part of a name: "10.0.0.1", "10.1.2.0_24",
// "10.0.0.1-10.0.0.9", "2001_db8__1", "2001_db8__-64".
func addressWords(r ruleset.Range) string {
	if p, ok := r.Prefix(); ok {
		text := addressWord(p.Addr())
		switch {
		case p.IsSingleIP():
			return text
		case p.Addr().Is4():
			return text + "_" + strconv.Itoa(p.Bits())
		}
		return text + "-" + strconv.Itoa(p.Bits())
	}
	return addressWord(r.From) + "-" + addressWord(r.To)
}

func addressWord(a netip.Addr) string { return strings.ReplaceAll(a.String(), ":", "_") }

// newAddress is the object of a member.
func newAddress(prefix string, m ruleset.Member) address {
	a := address{entry: entry{name: addressName(prefix, m), tags: marked}}
	if p, ok := m.Range.Prefix(); ok {
		a.kind, a.value = "ip-netmask", p.String()
	} else {
		a.kind, a.value = "ip-range", m.Range.From.String()+"-"+m.Range.To.String()
	}
	return a
}

// newService is the object of a box of TCP or UDP ports. All that it says is in
// its name, so that the name never means anything else.
func newService(prefix, protocol string, b ruleset.ServiceBox, idle int) service {
	s := service{entry: entry{tags: marked}, protocol: protocol, port: b.Dst.String()}
	name := prefix + protocol + "-" + s.port
	if b.Src.From > 0 || b.Src.To < 65535 {
		s.source = b.Src.String()
		name += ".from-" + s.source
	}
	if idle > 0 {
		s.overrides, s.timeout = true, idle
		name += ".idle-" + strconv.Itoa(idle)
	}
	s.name = name
	return s
}

// description is a text of the policy as PAN-OS takes it between double quotes,
// for which it has no escape. Of what isn't printable ASCII, and of the
// characters that end a quotation, a command or a line or ask for help, nothing
// is left.
func description(s string, most int) string {
	s = strings.Map(func(c rune) rune {
		switch {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			return ' '
		case c < ' ' || c >= 0x7f || strings.ContainsRune("\"'`\\|?", c):
			return '_'
		}
		return c
	}, s)
	s = strings.Join(strings.Fields(s), " ")
	return strings.TrimSpace(s[:min(len(s), most)])
}

// standsBare says whether a value can stand in a command without quotes.
func standsBare(s string) bool {
	return s != "" && !strings.ContainsAny(s, " \t;,{}[]&|()\"'#!")
}

// quoted is a value as it stands in a command. Values come from names that were
// checked and from description: none has a quote.
func quoted(s string) string {
	if standsBare(s) {
		return s
	}
	return `"` + s + `"`
}
