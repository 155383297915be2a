package console

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/nbfwc/nbfwc/targets"
)

// ErrLost says that what a device prints doesn't belong to what was typed.
var ErrLost = errors.New("the session is out of step with the device")

const (
	// window bounds the bytes that are typed and not yet answered.
	window = 4 << 10
	// again is how long a probe may stay unanswered at a prompt before another
	// is typed: a pager can have eaten it.
	again = 3 * time.Second
	// settle is how long a device without a proper echo must be quiet at what
	// looks like a prompt.
	settle    = 300 * time.Millisecond
	maxProbes = 5
	maxAsked  = 16
	// maxBlank bounds what a device prints for an empty line ("[edit]").
	maxBlank = 512
)

// run types commands, all but the first before the answers to those before it
// have come, and returns the answers up to the first that is refused.
func (s *Session) run(commands []targets.Command) (answers []string, refused, err error) {
	if err := s.quiet(); err != nil {
		return nil, nil, err
	}
	typed, flight := 0, 0
	for k := range commands {
		if refused == nil && (flight <= window/2 || typed <= k+1) {
			n, err := s.typeAhead(commands, typed, k, flight)
			if err != nil {
				return answers, nil, err
			}
			typed, flight = typed+n, flight+size(commands[typed:typed+n])
		}
		if k == typed { // what was refused is the last that was typed
			break
		}
		if k == 0 {
			if err := s.takeEcho(commands[0].Line); err != nil {
				return answers, nil, err
			}
		}
		next := ""
		if k+1 < typed {
			next = commands[k+1].Line
		}
		r := &reading{s: s, c: &commands[k], next: next, ahead: k+1 < typed}
		before := s.mode
		if err := r.read(); err != nil {
			_ = s.record(r, err)
			return answers, nil, err
		}
		flight -= len(commands[k].Line) + len(lineEnd)
		if refused != nil { // typed before it was known; the answer is of no interest
			_ = s.record(r, nil)
			continue
		}
		answer := r.text()
		answers = append(answers, answer)
		if err := s.record(r, nil); err != nil {
			return answers, nil, err
		}
		if refused = commands[k].Check(answer, before, s.mode); refused == nil {
			refused = s.broken(&commands[k], answer)
		}
	}
	return answers, refused, nil
}

func size(commands []targets.Command) (n int) {
	for _, c := range commands {
		n += len(c.Line) + len(lineEnd)
	}
	return n
}

// typeAhead types as much as the window takes, at least up to the command after
// the k-th, and returns how many commands that is.
func (s *Session) typeAhead(commands []targets.Command, typed, k, flight int) (int, error) {
	var line strings.Builder
	n := 0
	for typed+n < len(commands) {
		l := commands[typed+n].Line
		if flight+line.Len()+len(l)+len(lineEnd) > window && typed+n > k+1 {
			break
		}
		line.WriteString(l + lineEnd)
		n++
	}
	if n == 0 {
		return 0, nil
	}
	return n, s.write(line.String(), false)
}

// quiet makes sure that the device waits at the prompt. What it prints without
// being asked would be taken for an answer.
func (s *Session) quiet() error {
	for s.waiting() {
		if err := s.next(0); err != nil {
			return err
		}
	}
	if shown := screen(s.buf); s.p.mode(shown) == "" || bytes.IndexByte(s.buf, '\n') >= 0 {
		return fmt.Errorf("%w: it printed %s without being asked", ErrLost, s.quote(shown))
	}
	if s.echo == echoNone {
		s.buf = nil
	}
	return nil
}

// takeEcho reads the rest of the line that the prompt stands on, which shows what
// was typed. Nothing else proves that the device has read it here.
func (s *Session) takeEcho(typed string) error {
	if s.echo == echoNone {
		return nil
	}
	typed = strings.ReplaceAll(typed, string(rune(quoteNext)), "")
	for from := 0; ; {
		i := bytes.IndexByte(s.buf[from:], '\n')
		if i < 0 {
			if len(s.buf) > 8*len(typed)+4*maxPrompt {
				return fmt.Errorf("%w: it echoed %s", ErrLost, s.quote(screen(s.buf)))
			}
			if err := s.next(s.o.Idle); err != nil {
				return s.silent(err)
			}
			continue
		}
		raw := s.buf[:from+i]
		prompt, state := s.p.matchEcho(raw, typed)
		if state == echoOther && s.echo == echoWeak && s.p.mode(screen(raw)) != "" {
			prompt, state = screen(raw), echoWhole
		}
		switch state {
		case echoWhole:
			s.mode = s.p.mode(prompt)
			s.buf = s.buf[from+i+1:]
			return nil
		case echoPartial:
			from += i + 1
		default:
			return fmt.Errorf("%w: it echoed %s", ErrLost, s.quote(screen(raw)))
		}
	}
}

// silent is err, with what the device said last.
func (s *Session) silent(err error) error {
	if !errors.Is(err, errIdle) || len(s.buf) == 0 {
		return err
	}
	return fmt.Errorf("%w after %s", err, s.quote(screen(s.buf[bytes.LastIndexByte(s.buf, '\n')+1:])))
}

// quote is the end of what a device has printed, for an error. Of a private
// answer, and of what comes behind one and can be the rest of it, it is the size.
func (s *Session) quote(text string) string {
	if s.private {
		return fmt.Sprintf("[%d bytes]", len(text))
	}
	return strconv.Quote(tail(text))
}

func tail(s string) string {
	const most = 200
	if len(s) > most {
		return "…" + s[len(s)-most:]
	}
	return s
}

// reading is the way to one answer.
type reading struct {
	s *Session
	c *targets.Command
	// next was typed after the command, if ahead: its echo behind a prompt ends the
	// answer. Otherwise a probe is typed at what looks like a prompt, and its echo
	// proves that it is one.
	next   string
	ahead  bool
	probes []string // that were typed
	turned int      // pages
	stray  bool     // a blank was typed for a page that was none
	eaten  bool     // a pager may have read a part of a probe
	over   bool     // the answer has ended, but not all that was typed was read
	held   int      // bytes of lines that may be the beginning of the echo of next
	beyond blocks   // lines after the end, in case that it wasn't
	pages  string   // the pager's line that was just answered
	asks   []*regexp.Regexp
	after  *answered // a question was answered, and its echo is to come
	typed  []answered
	out    blocks
	wait   time.Duration
}

// answered is what was typed at a question, at that byte of the answer.
type answered struct {
	text   string
	secret string // its name, "" if it is none
	at     int64
}

// read reads the answer up to the prompt, which stays in the buffer.
func (r *reading) read() (err error) {
	s := r.s
	r.wait = s.o.Idle
	if r.c.Wait > 0 {
		r.wait = r.c.Wait
	}
	if r.asks, err = compileAsk(r.c.Ask); err != nil {
		return err
	}
	defer s.bound()()
	s.private = r.c.Private
	for {
		if done, err := r.lines(); done || err != nil {
			return err
		}
		if r.beyond.n > maxProbes*maxBlank {
			return fmt.Errorf("%w: it answered to an empty line", ErrLost)
		}
		if r.out.n+int64(len(s.buf)) > s.o.Limit {
			return fmt.Errorf("the answer is longer than %d bytes", s.o.Limit)
		}
		wait := r.wait
		if len(s.buf) > 0 && len(s.buf) <= 4*maxPrompt && r.held == 0 && !s.waiting() {
			had := len(s.buf)
			done, patience, err := r.partial()
			if done || err != nil {
				return err
			}
			if len(s.buf) > had { // more came meanwhile
				continue
			}
			if patience > 0 {
				wait = min(wait, patience)
			}
		}
		if err := s.next(wait); err != nil {
			if !errors.Is(err, errIdle) || wait == r.wait {
				return s.silent(err)
			}
			if err := r.typeProbe(); err != nil {
				return err
			}
		}
	}
}

// lines uses the whole lines of the buffer. It is done when the answer is.
func (r *reading) lines() (done bool, err error) {
	s := r.s
	for {
		i := bytes.IndexByte(s.buf[r.held:], '\n')
		if i < 0 {
			return false, nil
		}
		line, rest := s.buf[:r.held+i], s.buf[r.held+i+1:]
		if r.after != nil {
			r.answerEcho(line)
			s.buf = rest
			continue
		}
		if r.pages != "" {
			r.nextPage(line)
			s.buf = rest
			continue
		}
		if !r.ahead && len(r.probes) == 0 {
			r.bulk()
			continue
		}
		switch whole, partly := r.end(line); {
		case whole:
			s.buf = rest
			if r.ahead {
				return true, nil
			}
			return true, r.blank()
		case partly:
			r.held += i + 1
		case r.held > 0: // it was no echo: the first of the lines is text
			n := bytes.IndexByte(s.buf, '\n')
			r.line(s.buf[:n])
			s.buf, r.held = s.buf[n+1:], 0
		default:
			r.line(line)
			s.buf = rest
		}
	}
}

// bulk uses all whole lines at once.
func (r *reading) bulk() {
	s := r.s
	n := bytes.LastIndexByte(s.buf, '\n') + 1
	text := s.buf[:n]
	if plainText(text) {
		r.out.add(text)
	} else {
		for line := range bytes.Lines(text) {
			r.line(line[:len(line)-1])
		}
	}
	s.buf = s.buf[n:]
}

// line adds a line to the answer.
func (r *reading) line(raw []byte) {
	if r.over {
		if shown := screen(raw); r.s.printsForBlank(shown) {
			r.beyond.add([]byte(shown + "\n"))
			return
		}
		// The answer goes on: what stood behind the prompt was its own text.
		r.over = false
		r.out.add([]byte(r.beyond.String()))
		r.beyond = blocks{}
	}
	if plain(raw) {
		r.out.add(raw)
	} else {
		if i := bytes.IndexAny(raw, string(rune(carriageReturn))+string(rune(backspace))); i > 0 && len(r.probes) > 0 && r.s.more.waits(screen(raw[:i])) {
			r.eaten = true
		}
		text := screen(raw)
		if bytes.IndexByte(raw, backspace) >= 0 {
			text = strings.TrimRight(text, " ") // what erased something
		}
		r.out.add([]byte(text))
	}
	r.out.add(newline)
}

var newline = []byte("\n")
