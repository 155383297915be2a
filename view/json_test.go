package view

import (
	"bytes"
	"encoding/json"
	"testing"
	"unicode"
)

// JSON shows what it holds: nothing in it steers a terminal, and it reads back
// as what was written.
func TestJSONIsVisible(t *testing.T) {
	for _, s := range []string{"plain", "Jürgen ≤ 日本 😀", "\x1b[2J", "\u202e\u009b\u00ad\ufeff\u200b", "\U000e0001 tag", "<a&b>", "\x7f", "a\u2028b"} {
		var out bytes.Buffer
		if err := JSON(&out, s); err != nil {
			t.Fatal(err)
		}
		text := bytes.TrimSpace(out.Bytes())
		for _, r := range string(text) {
			if !unicode.IsGraphic(r) {
				t.Errorf("%q: %U in %s", s, r, text)
			}
		}
		var back string
		if err := json.Unmarshal(text, &back); err != nil || back != s {
			t.Errorf("%q reads back as %q, %v", s, back, err)
		}
		if hand := appendString(nil, s); string(s) != "<a&b>" && !bytes.Equal(hand, text) {
			t.Errorf("%q is appended as %s, not %s", s, hand, text)
		}
	}
}
