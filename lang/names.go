package lang

import (
	"fmt"
	"unicode"
	"unicode/utf8"

	"github.com/agext/levenshtein"
	"github.com/hashicorp/hcl/v2"
)

// Closest is the known name that is most like the one that was written, "" if
// none is like it.
func Closest(written string, known []string) string { return closest(written, known) }

// closest is the known name that is most like the one that was written, ""
// if none is like it.
func closest(written string, known []string) string {
	if len(written) > 100 {
		return ""
	}
	best, dist := "", 3
	for _, k := range known {
		if d := len(k) - len(written); d >= dist || -d >= dist {
			continue
		}
		if d := levenshtein.Distance(written, k, nil); d < dist && d < len(k) {
			best, dist = k, d
		}
	}
	return best
}

// maxName is the length that labels and keys may have. Targets make device
// names from them, with limits of their own.
const maxName = 63

// checkLabel refuses labels that references couldn't name or devices couldn't
// carry.
func (l *loader) checkLabel(label string, at hcl.Range) bool {
	ok := len(label) > 0 && len(label) <= maxName && isLetter(rune(label[0]))
	for i := 0; ok && i < len(label); i++ {
		c := rune(label[i])
		ok = isLetter(c) || c >= '0' && c <= '9' || c == '_' || c == '-'
	}
	if !ok {
		l.fail(sumLabel, fmt.Sprintf("%q can't be a label: it must begin with a letter, go on with letters, digits, - and _, and have at most %d characters.", clip(label), maxName), at)
	}
	return ok
}

// checkKey is checkLabel for the keys of for_each, which may also begin with
// a digit and have dots, since host names are used.
func (l *loader) checkKey(key string, at hcl.Range) bool {
	ok := len(key) <= maxName
	for i := 0; ok && i < len(key); i++ {
		c := rune(key[i])
		ok = isLetter(c) || c >= '0' && c <= '9' || c == '_' || c == '-' || c == '.'
	}
	if !ok {
		l.fail(sumForEachKey, fmt.Sprintf("%q can't be a key: it must be made of letters, digits, and the characters - _ . only, and have at most %d of them.", clip(key), maxName), at)
	}
	return ok
}

// checkText refuses control and format characters in text that goes into
// remarks and comments: a line break would begin a new command, and a change of
// direction would show a reader another text than the device has.
func (l *loader) checkText(name, text string, most int, at hcl.Range) bool {
	if n := utf8.RuneCountInString(text); n > most {
		l.fail(sumText, fmt.Sprintf("%q has %d characters; there may be at most %d.", name, n, most), at)
		return false
	}
	for _, r := range text {
		if unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) || r == utf8.RuneError {
			l.fail(sumText, fmt.Sprintf("%q must be one line without control characters or invisible ones, such as those that change the direction of writing, since it becomes part of a device's configuration.", name), at)
			return false
		}
	}
	return true
}

// checkWord is checkText for names that stand in commands: nothing that
// quotes, ends a command or begins another one.
func (l *loader) checkWord(name, text string, at hcl.Range) bool {
	if !l.checkText(name, text, maxName, at) {
		return false
	}
	for _, r := range text {
		switch r {
		case '"', '\'', '`', '\\', ';', '{', '}', '$', '#', '?', '!', '|', '<', '>':
			l.fail(sumText, fmt.Sprintf("%q can't have the character %c, which has a meaning in the commands of devices.", name, r), at)
			return false
		}
		if r >= 0x80 {
			l.fail(sumText, fmt.Sprintf("%q can have ASCII characters only, since it becomes part of a device's configuration.", name), at)
			return false
		}
	}
	return true
}
