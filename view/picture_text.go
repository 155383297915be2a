package view

import (
	"strconv"
	"strings"

	"github.com/nbfwc/nbfwc/compile"
)

// Text in a picture is measured without a font, since the picture has to be
// the same on every machine: with the advance widths of DejaVu Sans in
// hundredths of the font size, rounded up. It is the widest of the fonts that
// browsers use for sans-serif text, so that what is reserved is enough.
var glyphWidths = [2][95]uint8{
	{32, 41, 46, 84, 64, 96, 78, 28, 40, 40, 50, 84, 32, 37, 32, 34, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 34, 34,
		84, 84, 84, 54, 100, 69, 69, 70, 78, 64, 58, 78, 76, 30, 30, 66, 56, 87, 75, 79, 61, 79, 70, 64, 62, 74, 69, 99,
		69, 62, 69, 40, 34, 40, 84, 50, 50, 62, 64, 55, 64, 62, 36, 64, 64, 28, 28, 58, 28, 98, 64, 62, 64, 64, 42, 53,
		40, 64, 60, 82, 60, 60, 53, 64, 34, 64, 84},
	{35, 46, 53, 84, 70, 101, 88, 31, 46, 46, 53, 84, 38, 42, 38, 37, 70, 70, 70, 70, 70, 70, 70, 70, 70, 70, 40, 40,
		84, 84, 84, 59, 100, 78, 77, 74, 84, 69, 69, 83, 84, 38, 38, 78, 64, 100, 84, 86, 74, 86, 78, 73, 69, 82, 78, 111,
		78, 73, 73, 46, 37, 46, 84, 50, 50, 68, 72, 60, 72, 68, 44, 72, 72, 35, 35, 67, 35, 105, 72, 69, 72, 72, 50, 60,
		48, 72, 66, 93, 65, 66, 59, 72, 37, 72, 84},
}

// otherGlyph is more than any glyph outside of ASCII takes that is one rune:
// ideographs are 100 wide, pictographs up to 128.
const otherGlyph = 130

// textWidth is how many pixels a text takes at most at a font size.
func textWidth(s string, size int, bold bool) int {
	table := &glyphWidths[0]
	if bold {
		table = &glyphWidths[1]
	}
	sum := 0
	for _, r := range s {
		sum += glyphWidth(table, r)
	}
	return (sum*size + 99) / 100
}

// glyphWidth is how wide a character is, in hundredths of the font size.
func glyphWidth(table *[95]uint8, r rune) int {
	switch {
	case r >= ' ' && r <= '~':
		return int(table[r-' '])
	case r == '·' || r == '×' || r == '…':
		return 100
	}
	return otherGlyph
}

// clip is s, printable and on one line, with an ellipsis where it would be
// wider than width pixels.
func clip(s string, size int, bold bool, width int) string {
	s = Printable(s)
	if textWidth(s, size, bold) <= width {
		return s
	}
	table := &glyphWidths[0]
	if bold {
		table = &glyphWidths[1]
	}
	sum := glyphWidth(table, '…')
	for i, r := range s {
		if sum += glyphWidth(table, r); (sum*size+99)/100 > width {
			s = s[:i]
			break
		}
	}
	return strings.TrimRight(s, " ,") + "…"
}

// lines breaks text into at most most lines of width pixels; most 0 is no
// limit. What doesn't fit into the last line is cut with an ellipsis.
func lines(s string, size, width, most int) []string {
	var out []string
	line := ""
	words := strings.Fields(Printable(s))
	for i, word := range words {
		longer := word
		if line != "" {
			longer = line + " " + word
		}
		if textWidth(longer, size, false) <= width {
			line = longer
			continue
		}
		if most > 0 && len(out) == most-1 {
			return append(out, clip(strings.TrimSpace(line+" "+strings.Join(words[i:], " ")), size, false, width))
		}
		if line != "" {
			out = append(out, line)
		}
		line = clip(word, size, false, width)
	}
	if line == "" {
		return out
	}
	return append(out, line)
}

func comparePorts(a, b compile.Port) int {
	for _, d := range [...]int{int(a.Proto) - int(b.Proto), int(a.From) - int(b.From), int(a.To) - int(b.To)} {
		if d != 0 {
			return d
		}
	}
	return int(a.Code) - int(b.Code)
}

// portsWithin spells ports in at most width pixels: what doesn't fit is
// counted.
func portsWithin(ports []compile.Port, size, width int) string {
	for n := min(len(ports), max(1, width/size)); n > 0; n-- {
		text := Ports(ports[:n])
		if n < len(ports) {
			text += ", +" + strconv.Itoa(len(ports)-n) + " more"
		}
		if n == 1 || textWidth(text, size, false) <= width {
			return text
		}
	}
	return ""
}
