package sshd

import (
	"bytes"
	"strings"

	"github.com/nbfwc/nbfwc/lab"
)

// editor is the line that is being typed, and how the terminal shows it.
type editor struct {
	line    []byte
	held    int  // bytes that the device keeps of a line that "?" was typed in
	literal bool // after Ctrl-V
	width   int  // 0: rows don't end
	column  int  // where the cursor is, in what is shown of the line
	start   int  // where the line begins
	shown   []byte
}

func (e *editor) reset(width, start int) {
	*e = editor{line: e.line[:0], shown: e.shown[:0], width: width, start: start}
	if cap(e.line) > 4<<10 { // a long line isn't kept for ever
		e.line, e.shown = nil, nil
	}
}

// take ends the line.
func (e *editor) take() string {
	line := string(e.line)
	e.line, e.held, e.literal = e.line[:0], 0, false
	return line
}

const bell = "\a"

// typed takes a byte and returns what the terminal shows of it.
func (e *editor) typed(b byte, long lab.Long) string {
	switch {
	case e.literal:
		e.literal = false
		if b < 0x20 || b == 0x7f {
			return bell
		}
		return e.add(long, 0x16, b)
	case b == 0x16:
		e.literal = true
		return ""
	case b == 0x08 || b == 0x7f:
		return e.erase(1)
	case b == 0x15: // Ctrl-U
		return e.erase(len(e.line) + e.held)
	case b == 0x17: // Ctrl-W
		word := bytes.TrimRight(e.line, " ")
		return e.erase(len(e.line) - 1 - bytes.LastIndexByte(word, ' '))
	case b < 0x20:
		return ""
	}
	return e.add(long, b)
}

// add puts bytes at the end of the line. The last of them is shown.
func (e *editor) add(long lab.Long, p ...byte) string {
	if len(e.line)+len(p) > lineLimit {
		return bell
	}
	e.line = append(e.line, p...)
	return e.show(p[len(p)-1], long)
}

// show is how a byte at the end of the line is shown.
func (e *editor) show(b byte, long lab.Long) string {
	room := e.width - e.start - 1
	if long == lab.Plain || e.width == 0 || room < 8 {
		return string([]byte{b})
	}
	if long == lab.Wrapped {
		e.column++
		if (e.start+e.column)%e.width == 0 {
			return string([]byte{b}) + " \r"
		}
		return string([]byte{b})
	}
	redraw := ""
	if len(e.shown) >= room {
		redraw = e.scroll(room)
	}
	e.shown = append(e.shown, b)
	return redraw + string([]byte{b})
}

// scroll draws the row again: the end of the line after a "$", blanks over what
// was there.
func (e *editor) scroll(room int) string {
	was := len(e.shown)
	tail := append([]byte("$"), e.shown[was-room/3:]...)
	blank := was - len(tail)
	e.shown = append(e.shown[:0], tail...)
	return strings.Repeat("\b", was) + string(tail) + strings.Repeat(" ", blank) + strings.Repeat("\b", blank)
}

// erase takes bytes away from the end.
func (e *editor) erase(n int) string {
	var b strings.Builder
	for range n {
		switch {
		case len(e.line) >= 2 && e.line[len(e.line)-2] == 0x16:
			e.line = e.line[:len(e.line)-2]
		case len(e.line) > 0 && e.line[len(e.line)-1] != 0x7f:
			e.line = e.line[:len(e.line)-1]
		case e.held > 0: // the device has it and takes it away itself
			e.held--
			e.line = append(e.line, 0x7f)
		default:
			return b.String()
		}
		if len(e.shown) > 0 {
			e.shown = e.shown[:len(e.shown)-1]
		}
		if e.column > 0 {
			e.column--
		}
		b.WriteString("\b \b")
	}
	return b.String()
}
