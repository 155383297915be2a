package sshd

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/nbfwc/nbfwc/lab"
)

// row is what stands in the row of a terminal after the bytes.
func row(t *rapid.T, width int, bytes string) string {
	var cells []byte
	at := 0
	for i := range len(bytes) {
		switch b := bytes[i]; b {
		case '\b':
			if at--; at < 0 {
				t.Fatal("the cursor leaves the row on the left")
			}
		case '\a':
		default:
			if at >= width {
				t.Fatal("the cursor leaves the row on the right")
			}
			if at == len(cells) {
				cells = append(cells, ' ')
			}
			cells[at] = b
			at++
		}
	}
	return strings.TrimRight(string(cells[:at]), " ") + strings.Repeat(" ", len(cells[:at])-len(strings.TrimRight(string(cells[:at]), " "))) +
		strings.TrimRight(string(cells[at:]), " ")
}

// Whatever is typed and rubbed out, the row of a device that scrolls shows the
// prompt and the line, or a "$" and the end of the line, and the device gets
// what was meant.
func TestScrolledRows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		prompt := rapid.SampledFrom([]string{"fw# ", "firewall-01(config-network-object)# "}).Draw(t, "prompt")
		width := rapid.IntRange(len(prompt)+12, 100).Draw(t, "width")
		var e editor
		e.reset(width, len(prompt))
		shown, meant := prompt, ""
		rubs := true
		for range rapid.IntRange(0, 60).Draw(t, "words") {
			word := rapid.StringMatching(`[a-z0-9.-]{1,12} `).Draw(t, "word")
			for i := range len(word) {
				shown += e.typed(word[i], lab.Scrolled)
				meant += word[i : i+1]
			}
			if rapid.Bool().Draw(t, "rubs") && rubs {
				n := rapid.IntRange(0, 3).Draw(t, "n")
				for range min(n, len(meant)) {
					shown += e.typed(0x7f, lab.Scrolled)
					meant = meant[:len(meant)-1]
				}
			}
		}
		got := row(t, width, shown)
		line, whole := strings.CutPrefix(got, prompt)
		if !whole {
			t.Fatalf("the prompt is gone: %q", got)
		}
		if tail, scrolled := strings.CutPrefix(line, "$"); scrolled && !strings.HasSuffix(meant, tail) || !scrolled && line != meant {
			t.Fatalf("the row shows %q of %q", line, meant)
		}
		if sent := e.take(); sent != meant {
			t.Fatalf("the device gets %q, meant was %q", sent, meant)
		}
	})
}

// No bytes confuse the line editor: what the device gets holds no control
// characters but what was quoted, and isn't longer than a line may be.
func FuzzEditor(f *testing.F) {
	for _, s := range []string{"show version", "a\x16?b\x7f\x7f", "\x15\x17\x16", "x \x17\x7f\x08", "\x16\x01\x7f"} {
		f.Add(s, 20, 5, 3)
	}
	f.Fuzz(func(t *testing.T, keys string, width, start, held int) {
		if start < 0 || start > 1000 || width < 0 || width > 1000 || held < 0 || held > 1000 {
			return
		}
		for _, long := range []lab.Long{lab.Plain, lab.Wrapped, lab.Scrolled} {
			var e editor
			e.reset(width, start)
			e.held = held
			for i := range len(keys) {
				e.typed(keys[i], long)
			}
			if e.held < 0 {
				t.Fatalf("%d bytes are held", e.held)
			}
			line := e.take()
			for i := 0; i < len(line); i++ {
				if b := line[i]; b == 0x16 && i+1 < len(line) && line[i+1] >= 0x20 {
					i++
				} else if b < 0x20 {
					t.Fatalf("%q: the device gets %q", keys, line)
				}
			}
		}
	})
}
