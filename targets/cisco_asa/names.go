package cisco_asa

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Limits that every ASA from 9.12 keeps. Names of objects may have 64
// characters by the command reference ("object-group"), remarks 100, class-maps
// 40; two characters of an object's name are left for its twin.
const (
	maxObject      = 62
	maxRemark      = 100
	maxDescription = 200
	maxNameif      = 48
	maxContext     = 32
	maxClassMap    = 40
	maxPrefix      = 16
)

// Suffixes tell what a name of ours is for. compile uses no '.' in names, so
// they can't be taken by a group.
const (
	twinSuffix      = ".2"   // an object that takes the place of the one without it
	serviceSuffix   = ".svc" // the services of a rule
	sourceSuffix    = ".src" // the sources of a rule that names no group
	destSuffix      = ".dst"
	idleName        = "IDLE-"
	policyName      = "policy"
	listSuffix      = "-in"
	otherListSuffix = "-in2"
)

// isName says whether s can be the name of an object, access list, class-map
// or policy-map everywhere: a letter, then letters, digits, '_', '.' and '-'.
func isName(s string, limit int) bool {
	if s == "" || len(s) > limit {
		return false
	}
	for i := 0; i < len(s); i++ {
		c := s[i]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !letter && (i == 0 || !isNameByte(c)) {
			return false
		}
	}
	return true
}

func isNameByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '.' || c == '-'
}

// isWord says whether s can stand in a command as a word: printable ASCII
// without blanks, and without '?', which asks for help.
func isWord(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] <= ' ' || s[i] > '~' || s[i] == '?' {
			return false
		}
	}
	return s != ""
}

// shortened is name, or where it is too long or has other characters than a
// name may have, its beginning and ten digits of a digest of the whole.
func shortened(name string, limit int) string {
	if isName(name, limit) {
		return name
	}
	const digits = 10
	var b strings.Builder
	for i := 0; i < len(name) && b.Len() < limit-digits-1; i++ {
		if isNameByte(name[i]) {
			b.WriteByte(name[i])
		} else {
			b.WriteByte('_')
		}
	}
	sum := sha256.Sum256([]byte(name))
	return b.String() + "-" + hex.EncodeToString(sum[:digits/2])
}

// listName names the access list of an interface; other is the second of the
// two names that it alternates between.
func listName(prefix, nameif string, other bool) string {
	suffix := listSuffix
	if other {
		suffix = otherListSuffix
	}
	return shortened(prefix+nameif, maxObject) + suffix
}

// twin is the other name of an object or group.
func twin(name string) string {
	if base, ok := strings.CutSuffix(name, twinSuffix); ok {
		return base
	}
	return name + twinSuffix
}

// idleListName names the access list and class-map of an idle timeout for its
// length in the largest unit that it is a whole number of: "NBU-IDLE-8h".
func idleListName(prefix string, idle time.Duration) string {
	n, unit := int64(idle/time.Second), "s"
	switch {
	case n%3600 == 0:
		n, unit = n/3600, "h"
	case n%60 == 0:
		n, unit = n/60, "m"
	}
	return fmt.Sprintf("%s%s%d%s", prefix, idleName, n, unit)
}

// cleanText is what of a text can stand in a remark, description or comment: at
// most limit characters of printable ASCII. '?' would ask for help while a line
// is typed; it and what doesn't print become '.', line ends and tabs a blank.
// Blanks that the device would drop are left out. A text that begins like one of
// our marks is told from them by a word before it.
func cleanText(text string, limit int) string {
	b := make([]byte, 0, min(len(text), limit)+8)
	for _, r := range text {
		switch {
		case r == '\n' || r == '\r' || r == '\t' || r == ' ':
			if len(b) == 0 || b[len(b)-1] == ' ' {
				continue
			}
			b = append(b, ' ')
		case r < ' ' || r > '~' || r == '?':
			b = append(b, '.')
		default:
			b = append(b, byte(r))
		}
		if len(b) > limit {
			break
		}
	}
	if len(b) >= len(ownMark) && strings.EqualFold(string(b[:len(ownMark)]), ownMark) {
		b = append([]byte("policy: "), b...)
	}
	return strings.TrimRight(string(b[:min(len(b), limit)]), " ")
}

// ownMark begins the descriptions of our objects and the remarks that mark our
// lines.
const ownMark = "nbfwc"

// description is the description of an object of ours.
func description(reason string) string {
	if text := cleanText(reason, maxDescription-len(ownMark)-2); text != "" {
		return ownMark + ": " + text
	}
	return ownMark
}

// isOwnDescription says whether a description is that of an object of ours.
func isOwnDescription(text string) bool {
	return text == ownMark || strings.HasPrefix(text, ownMark+":") || strings.HasPrefix(text, ownMark+" ")
}

// sortedKeys are the keys of a map, ascending.
func sortedKeys[V any](m map[string]V) []string {
	return slices.Sorted(maps.Keys(m))
}
