package sshd

import (
	"bufio"
	"io"
	"strings"
	"sync"
	"time"
)

// screen is the output side of a login. Lines end as the device's do.
type screen struct {
	l      *login
	buf    *bufio.Writer // taken from a pool while there is something to write
	column int           // counted only if output is wrapped
	silent bool
	err    error
	stall  *time.Timer
}

var buffers = sync.Pool{New: func() any { return bufio.NewWriterSize(io.Discard, 32<<10) }}

// Write sends a piece. A client that doesn't take it is cut off.
func (sc *screen) Write(p []byte) (int, error) {
	if sc.silent {
		return len(p), nil
	}
	sc.stall.Reset(stallTime)
	defer sc.stall.Stop()
	if f := sc.l.faults(); f.shapes() {
		return shaped{sc.l.ch, f, func() { f.sever(sc.l.conn) }, sc.l.srv.sleep}.Write(p)
	}
	return sc.l.ch.Write(p)
}

func (sc *screen) writer() *bufio.Writer {
	if sc.buf == nil {
		sc.buf = buffers.Get().(*bufio.Writer)
		sc.buf.Reset(sc)
	}
	return sc.buf
}

// flush sends what has been put.
func (sc *screen) flush() {
	if sc.buf == nil {
		return
	}
	if err := sc.buf.Flush(); err != nil && sc.err == nil {
		sc.err = err
	}
	sc.buf.Reset(io.Discard)
	buffers.Put(sc.buf)
	sc.buf = nil
}

// raw puts text as it is.
func (sc *screen) raw(text string) {
	if sc.err == nil {
		_, sc.err = sc.writer().WriteString(text)
	}
}

// text puts lines that the device prints.
func (sc *screen) text(text string) {
	if n := sc.l.faults().WrapOutput; n > 0 {
		text = sc.wrap(text, n)
	}
	w, end := sc.writer(), sc.l.term.LineEnd
	for text != "" && sc.err == nil {
		i := strings.IndexByte(text, '\n')
		if i < 0 {
			sc.raw(text)
			return
		}
		w.WriteString(text[:i])
		_, sc.err = w.WriteString(end)
		text = text[i+1:]
	}
}

// wrap breaks lines that are longer than a row.
func (sc *screen) wrap(text string, columns int) string {
	var b strings.Builder
	for i := range len(text) {
		switch text[i] {
		case '\n', '\r':
			sc.column = 0
		default:
			if sc.column >= columns {
				b.WriteByte('\n')
				sc.column = 0
			}
			sc.column++
		}
		b.WriteByte(text[i])
	}
	return b.String()
}

// decorated is an answer with what a terminal understands and a reader doesn't
// want.
func decorated(answer string) string {
	var b strings.Builder
	for line := range strings.Lines(answer) {
		text, ended := strings.CutSuffix(line, "\n")
		b.WriteString("\x1b[0m" + text + "\x1b[K")
		if ended {
			b.WriteByte('\n')
		}
	}
	return b.String()
}

// noisy is an answer with a line in its middle that has nothing to do with it.
func noisy(answer, noise string) string {
	i := strings.IndexByte(answer, '\n') + 1
	return answer[:i] + strings.TrimSuffix(noise, "\n") + "\n" + answer[i:]
}
