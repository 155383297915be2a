package console

import "strings"

// blocks is text that grows without being copied.
type blocks struct {
	full [][]byte
	last []byte
	n    int64
}

const (
	firstBlock = 512
	largeBlock = 1 << 20
	keepWhole  = 4 << 10 // a piece from here on is kept as it is
	tailLength = 1 << 10
)

// add appends a piece, which the caller doesn't change any more.
func (t *blocks) add(b []byte) {
	t.n += int64(len(b))
	if len(b) >= keepWhole {
		if len(t.last) > 0 {
			t.full = append(t.full, t.last)
			t.last = nil
		}
		t.full = append(t.full, b)
		return
	}
	if len(t.last)+len(b) > cap(t.last) {
		if len(t.last) > 0 {
			t.full = append(t.full, t.last)
		}
		t.last = make([]byte, 0, max(len(b), min(max(firstBlock, 2*cap(t.last)), largeBlock)))
	}
	t.last = append(t.last, b...)
}

// String is the text.
func (t *blocks) String() string {
	var out strings.Builder
	out.Grow(int(t.n))
	for _, b := range t.full {
		out.Write(b)
	}
	out.Write(t.last)
	return out.String()
}

// tail is the end of the text, at least so much as a question can have.
func (t *blocks) tail() string {
	s := string(last(t.last))
	for i := len(t.full) - 1; i >= 0 && len(s) < tailLength; i-- {
		s = string(last(t.full[i])) + s
	}
	return s
}

func last(b []byte) []byte { return b[max(0, len(b)-tailLength):] }
