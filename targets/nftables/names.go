package nftables

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"unicode/utf8"
)

// Limits of nft 1.0.6 and the kernel, each tried.
const (
	maxComment = 128 // bytes; one more is "comment too long"
	maxPrefix  = 127 // bytes of a log prefix; one more doesn't fit the kernel
	maxDevice  = 15  // bytes of a device name, IFNAMSIZ less the final NUL
)

const (
	// prefix stands before every identifier, so that none is a keyword, now or
	// in a later nft, and ours are told from others'.
	prefix    = "nb_"
	pairWord  = "-to-"
	hashChars = 10
	maxLabel  = 40  // of an interface label within a chain's name
	maxGroup  = 100 // of a group's name within a set's name
)

// identifier returns a word of letters, digits, '_', '.' and '-' for a name. It
// is the name itself where that can't be confused with another; else a
// shortened name with a digest of the whole.
func identifier(name string, limit int) string {
	if isPlain(name, limit) {
		return name
	}
	sum := sha256.Sum256([]byte(name))
	var b strings.Builder
	for i := 0; i < len(name) && b.Len() < limit-hashChars-1; i++ {
		if isNameByte(name[i]) {
			b.WriteByte(name[i])
		} else {
			b.WriteByte('_')
		}
	}
	b.WriteByte('-')
	b.WriteString(hex.EncodeToString(sum[:hashChars/2]))
	return b.String()
}

// isPlain says whether name can be an identifier as it is: no other name is
// then turned into the same identifier.
func isPlain(name string, limit int) bool {
	if name == "" || len(name) > limit || strings.Contains(name, pairWord) || endsInDigest(name) {
		return false
	}
	for i := 0; i < len(name); i++ {
		if !isNameByte(name[i]) {
			return false
		}
	}
	return true
}

// endsInDigest says whether a name ends like a shortened one.
func endsInDigest(name string) bool {
	n := len(name) - hashChars
	if n < 1 || name[n-1] != '-' {
		return false
	}
	for _, c := range []byte(name[n:]) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

func isNameByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '.' || c == '-'
}

// groupIdentifier is like identifier for the name of a group, which may well
// contain "-to-": sets stand in a name space of their own.
func groupIdentifier(name string) string {
	if strings.Contains(name, pairWord) && isPlain(strings.ReplaceAll(name, pairWord, "_to_"), maxGroup) {
		return name
	}
	return identifier(name, maxGroup)
}

// appendText appends what of s can stand between quotes or in a comment, at
// most limit bytes, on a boundary of runes. nft has no escapes: a quote ends
// the string, a newline in it fools readers of lines. Bytes that are not UTF-8
// and characters that don't print are left out, too.
func appendText(b []byte, s string, limit int) []byte {
	start := len(b)
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			i++
			switch {
			case c == '"' || c == '\\':
				c = '\''
			case c == '\n' || c == '\t' || c == '\r':
				c = ' '
			case c < ' ' || c == 0x7f:
				continue
			}
			if len(b)-start >= limit {
				return b
			}
			b = append(b, c)
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		i += n
		if r == utf8.RuneError && n == 1 || !printable(r) {
			continue
		}
		if len(b)-start+n > limit {
			return b
		}
		b = append(b, s[i-n:i]...)
	}
	return b
}

// printable leaves out controls, line and paragraph separators, and the marks
// that turn the direction of text and so hide what stands in a file.
func printable(r rune) bool {
	switch {
	case r < 0xa0, r == 0x2028, r == 0x2029, r == 0xfeff, r >= 0x200b && r <= 0x200f,
		r >= 0x202a && r <= 0x202e, r >= 0x2060 && r <= 0x206f:
		return false
	}
	return true
}
