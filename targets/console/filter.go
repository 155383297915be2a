package console

// The bytes of a session after the filter: text, "\n", "\t" and these two, for
// what a terminal would do with the line that it is at. scrapligo's channel
// deletes "\r" and escape sequences, the latter only if no chunk ends inside of
// one; so the transport takes both away before, and leaves what they did.
const (
	carriageReturn = '\v' // the next byte stands in the first column, alone
	backspace      = '\b' // the next byte stands one column to the left
	eraseLine      = '\f' // what stands from here on is gone
)

type filterState uint8

const (
	inText filterState = iota
	inReturn
	inEscape
	inSequence // ESC [
	inString   // ESC ] and its like, until BEL or ESC \
	inStringEscape
	inCharset // ESC ( and its like: one more byte
)

// filter turns what a device sends to a terminal into text. Its state outlives
// the chunks that the network makes. The zero value is at the begin of the text.
type filter struct {
	state filterState
	param int  // first number of a sequence
	more  bool // a second number has begun
}

// maxMoves bounds what a sequence that moves the cursor stands for.
const maxMoves = 512

// plainByte tells bytes that the filter passes on.
var plainByte = func() (t [256]bool) {
	for b := range t {
		t[b] = b >= 0x20 && b != 0x7f || b == '\n' || b == '\t' || b == backspace
	}
	return t
}()

// append appends the text of src to dst.
func (f *filter) append(dst, src []byte) []byte {
	for len(src) > 0 {
		if f.state == inText {
			n := 0
			for n < len(src) && plainByte[src[n]] {
				n++
			}
			dst = append(dst, src[:n]...)
			if src = src[n:]; len(src) == 0 {
				break
			}
		}
		b := src[0]
		src = src[1:]
		dst = f.step(dst, b)
	}
	return dst
}

// step is one byte that is not plain, or stands where bytes mean something else.
func (f *filter) step(dst []byte, b byte) []byte {
	switch f.state {
	case inReturn:
		// Any number of "\r" before "\n" ends a line as "\n" does.
		if b == '\r' {
			return dst
		}
		f.state = inText
		if b != '\n' {
			dst = append(dst, carriageReturn)
		}
		return f.text(dst, b)
	case inEscape:
		return f.escape(dst, b)
	case inSequence:
		return f.sequence(dst, b)
	case inString:
		switch b {
		case 0x07, '\n':
			f.state = inText
		case 0x1b:
			f.state = inStringEscape
		}
		return dst
	case inStringEscape, inCharset:
		f.state = inText
		return dst
	}
	return f.text(dst, b)
}

func (f *filter) text(dst []byte, b byte) []byte {
	switch {
	case plainByte[b]:
		return append(dst, b)
	case b == '\r':
		f.state = inReturn
	case b == 0x1b:
		f.state = inEscape
	case b == 0x00 || b == 0x07: // padding and the bell
	default:
		const hex = "0123456789abcdef"
		return append(dst, '\\', 'x', hex[b>>4], hex[b&15])
	}
	return dst
}

func (f *filter) escape(dst []byte, b byte) []byte {
	f.state = inText
	switch {
	case b == '[':
		f.state, f.param, f.more = inSequence, 0, false
	case b == ']' || b == 'P' || b == '^' || b == '_' || b == 'X':
		f.state = inString
	case b >= 0x20 && b <= 0x2f:
		f.state = inCharset
	case b == 0x1b:
		f.state = inEscape
	case b < 0x20:
		return f.text(dst, b)
	}
	return dst
}

func (f *filter) sequence(dst []byte, b byte) []byte {
	switch {
	case b >= '0' && b <= '9':
		if !f.more {
			f.param = min(f.param*10+int(b-'0'), maxMoves)
		}
		return dst
	case b >= 0x20 && b <= 0x3f:
		f.more = true
		return dst
	case b < 0x20: // acts in the middle of a sequence as anywhere else
		f.state = inText
		return f.text(dst, b)
	}
	f.state = inText
	switch b {
	case 'D': // left
		for range max(f.param, 1) {
			dst = append(dst, backspace)
		}
	case 'K':
		if f.param == 0 {
			dst = append(dst, eraseLine)
		} else { // from the first column on: the cursor stays where the text is gone
			dst = append(dst, carriageReturn, eraseLine)
		}
	case 'G':
		if f.param <= 1 {
			dst = append(dst, carriageReturn)
		}
	}
	return dst
}
