package fortigate

import (
	"crypto/sha256"
	"encoding/base32"
	"net/netip"
	"strconv"
	"strings"

	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
)

// Limits of FortiOS 7, by its CLI reference.
const (
	maxObject        = 79 // bytes of the name of an address, group or service
	maxPolicyName    = 35
	maxComment       = 255 // of an address, group or service
	maxPolicyComment = 1023
	maxZone          = 35 // of a zone; interfaces have 15
	maxProfile       = 35 // of a profile group
	maxVDOM          = 31
	maxPrefix        = 16 // ours, so that names stay readable
)

const (
	// mark begins the comment of everything that is ours.
	mark = "nbfwc"
	// roomForAlternate is kept at the end of a name for what alternate adds.
	roomForAlternate = 3
	digestChars      = 6
)

// identifier returns a name that the device takes: name itself, or where it is
// too long or looks like an alternate, a shortened name with a digest of the
// whole. Check finds names that are shortened to the same.
func identifier(name string, limit int) string {
	limit -= roomForAlternate
	if len(name) <= limit && base(name) == name {
		return name
	}
	return shortened(name, limit)
}

// shortened ends in a digest of the whole name.
func shortened(name string, limit int) string {
	sum := sha256.Sum256([]byte(name))
	digest := strings.ToLower(base32.StdEncoding.EncodeToString(sum[:])[:digestChars])
	return strings.TrimRight(name[:min(len(name), limit-1-digestChars)], "-_. ") + "-" + digest
}

// alternate is the n-th name of an entry whose earlier names are taken: the
// entry that replaces another stands beside it for a while. The first is the
// name itself.
func alternate(name string, n int) string {
	if n <= 1 {
		return name
	}
	return name + "." + strconv.Itoa(n)
}

// base is the name that an alternate stands for.
func base(name string) string {
	i := len(name)
	for i > 0 && name[i-1] >= '0' && name[i-1] <= '9' {
		i--
	}
	if i == len(name) || i < 2 || name[i-1] != '.' {
		return name
	}
	return name[:i-1]
}

// isName says whether a name of ours can be typed: letters, digits, '_', '.',
// '-' and blanks within. The rest is refused by some release or table, ends a
// word, or means something to the command line.
func isName(s string) bool {
	if s == "" || s != strings.TrimSpace(s) {
		return false
	}
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		case i > 0 && (c == '_' || c == '.' || c == '-' || c == ' '):
		default:
			return false
		}
	}
	return true
}

// isForeignName says whether a name of others can be typed between quotes.
func isForeignName(s string) bool {
	if s == "" {
		return false
	}
	for i := 0; i < len(s); i++ {
		if !isText(s[i]) {
			return false
		}
	}
	return true
}

// isText says whether a character can stand in a comment: FortiOS refuses
// quotes, angle brackets and in places parentheses and '#' in texts, '?' asks
// for help even between quotes, and a backslash escapes.
func isText(c byte) bool { return c >= ' ' && c < 0x7f && strings.IndexByte(`"'<>()#\?`, c) < 0 }

// comment is the comment of something of ours, cut to limit. Characters that
// can't stand in it are replaced, so no text ends a command.
func comment(reason string, limit int) string {
	if reason = cleanText(reason, limit-len(mark)-1); reason == "" {
		return mark
	}
	return mark + " " + reason
}

func cleanText(s string, limit int) string {
	var b strings.Builder
	for _, c := range s {
		switch c {
		case '"', '\'':
			c = '`'
		case '(', '<':
			c = '['
		case ')', '>':
			c = ']'
		case '\\':
			c = '/'
		case '\t', '\n', '\r':
			c = ' '
		}
		if c >= 0x80 || !isText(byte(c)) {
			c = '.'
		}
		if b.Len() >= limit {
			break
		}
		b.WriteByte(byte(c))
	}
	return strings.TrimSpace(b.String())
}

// isMarked says whether a comment is that of something of ours.
func isMarked(comment string) bool {
	return comment == mark || strings.HasPrefix(comment, mark+" ")
}

// jobPrefix begins the names of our objects.
func jobPrefix(job *targets.Job) string { return prefixOf(job.Prefix) }

func prefixOf(prefix string) string {
	if prefix == "" {
		return targets.DefaultPrefix
	}
	return prefix
}

// addressName names the address object of a range. The name says what it holds:
// adding a member to a group never renames another one.
func addressName(prefix string, r ruleset.Range) string {
	name := prefix + rangeWord(r)
	if limit := maxObject - roomForAlternate; len(name) > limit {
		return shortened(name, limit)
	}
	return name
}

func rangeWord(r ruleset.Range) string {
	p, ok := r.Prefix()
	switch {
	case !ok && r.From.Is4():
		return r.From.String() + "-" + r.To.String()
	case !ok:
		return addrWord(r.From) + "_to_" + addrWord(r.To)
	case p.IsSingleIP():
		return addrWord(r.From)
	}
	return addrWord(r.From) + "_" + strconv.Itoa(p.Bits())
}

// addrWord has no colons, which some tables refuse.
func addrWord(a netip.Addr) string { return strings.ReplaceAll(a.String(), ":", "-") }
