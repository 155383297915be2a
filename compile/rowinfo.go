package compile

import (
	"strings"

	"github.com/nbfwc/nbfwc/lang"
)

// rowInfo is what rules say of a row.
type rowInfo struct {
	// from and to are the words that tell the row's hosts apart from others
	// with the role: its class, at the ends that its condition asks about.
	from, to string
	reason   string
}

func newRowInfo(row *lang.Row) *rowInfo {
	info := &rowInfo{reason: rowReason(row)}
	if row.When == nil {
		return info
	}
	text := row.When.String()
	if mentions(text, "from") {
		info.from = row.Class
	}
	if mentions(text, "to") {
		info.to = row.Class
	}
	return info
}

// ofPing is the info of the row for echo requests between the same hosts.
func (r *rowInfo) ofPing(ping *lang.Row, along bool) *rowInfo {
	info := &rowInfo{from: r.from, to: r.to, reason: rowReason(ping)}
	if !along {
		info.from, info.to = r.to, r.from
	}
	return info
}

// mentions reports whether a condition's text refers to an end: the word
// stands alone and not as the last part of another reference.
func mentions(text, word string) bool {
	for rest := text; ; {
		i := strings.Index(rest, word)
		if i < 0 {
			return false
		}
		before, after := rest[:i], rest[i+len(word):]
		if !strings.HasSuffix(before, ".") && !endsInWord(before) && (after == "" || !wordByte(after[0])) {
			return true
		}
		end := strings.IndexFunc(after, func(r rune) bool { return r > 127 || !wordByte(byte(r)) })
		if end < 0 {
			return false
		}
		rest = after[end:]
	}
}

func endsInWord(s string) bool { return s != "" && wordByte(s[len(s)-1]) }

func wordByte(c byte) bool {
	return c == '_' || c == '-' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// rowReason is a row in one line: "media to client: VNETD (Table 2-3, note **)".
func rowReason(row *lang.Row) string {
	s := row.From.Name + " to " + row.To.Name + ": " + serviceTitle(row.Service)
	switch {
	case len(row.Cite) > 0:
		return s + " (" + strings.Join(row.Cite, ", ") + ")"
	case row.User:
		return s + " (policy)"
	case row.Source != "":
		return s + " (" + row.Source + ")"
	}
	return s
}

func serviceTitle(s *lang.Service) string {
	if s.Title != "" {
		return s.Title
	}
	return s.Name
}

// customReason is a flow of the policy in one line.
func customReason(f *lang.Flow) string {
	s := "flow " + f.Name + ": " + serviceTitle(f.Service)
	if f.Ticket != "" {
		s += " (" + f.Ticket + ")"
	}
	if f.Reason != "" {
		s += ", " + f.Reason
	}
	return s
}
