package sshd

import (
	"bytes"
	"io"
	"net"
	"regexp"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/nbfwc/nbfwc/lab"
)

// asking is what a prompt waits for.
type asking uint8

const (
	aLine asking = iota
	aSecret
	aKey      // of a pager
	anAnswer  // one key: y, n, a
	lineLimit = 64 << 10
)

var (
	secretPrompt = regexp.MustCompile(`(?i)(?:password|passphrase|passcode|secret)[^\n]*: ?$`)
	keyPrompt    = regexp.MustCompile(`(?i)^(?:<--- more --->|--more--|lines \d+-\d+)`)
	answerPrompt = regexp.MustCompile(`(?i)\(y(?:/| or )n\)[?:]? ?$|\(press '?a'? to accept\):? ?$`)
)

func asks(prompt string) asking {
	switch {
	case keyPrompt.MatchString(prompt):
		return aKey
	case answerPrompt.MatchString(prompt):
		return anAnswer
	case secretPrompt.MatchString(prompt):
		return aSecret
	}
	return aLine
}

// login is somebody at a terminal of the device.
type login struct {
	srv    *Server
	conn   net.Conn
	ch     ssh.Channel
	window *window
	term   Terminal
	dev    lab.Session
	out    screen
	idle   *time.Timer

	prompt string
	want   asking
	ed     editor
	wasCR  bool
	hung   bool
}

func newLogin(s *Server, c net.Conn, ch ssh.Channel, w *window, user string) *login {
	l := &login{srv: s, conn: c, ch: ch, window: w, term: s.term(), dev: s.login(user)}
	if l.term.LineEnd == "" {
		l.term.LineEnd = "\r\n"
	}
	l.out.l = l
	l.out.stall = time.AfterFunc(stallTime, func() { c.Close() })
	l.out.stall.Stop()
	l.idle = time.AfterFunc(time.Hour, func() { c.Close() })
	l.idle.Stop()
	return l
}

func (l *login) faults() *faultState { return l.srv.now() }

func (l *login) end() {
	l.out.stall.Stop()
	l.idle.Stop()
	l.dev.Close()
	if f := l.srv.opt.Logout; f != nil {
		f()
	}
}

// run is the login from the first prompt on. It returns true if the device
// ended it.
func (l *login) run() bool {
	if !l.srv.sleep(l.faults().ShellDelay) {
		return false
	}
	if e, ok := l.dev.(lab.Ender); ok {
		e.OnEnd(func() { l.conn.Close() })
	}
	l.out.text(l.term.Greeting)
	if !l.ask() {
		return true
	}
	keys, stop := l.keys()
	defer stop()
	for {
		l.out.flush()
		if l.out.err != nil {
			return false
		}
		l.rewind()
		in, err := keys()
		for _, b := range in {
			if l.hung {
				continue
			}
			if more := l.key(b); !more {
				l.out.flush()
				return true
			}
			if l.out.err != nil {
				return false
			}
		}
		if err != nil {
			return false
		}
	}
}

// keys returns what reads a piece of what is typed, valid until the next. Of a
// session that can be interrupted it is read ahead, so that Ctrl-C arrives
// while the device works.
func (l *login) keys() (read func() ([]byte, error), stop func()) {
	i, ok := l.dev.(lab.Interrupter)
	if !ok {
		buf := make([]byte, 2048)
		return func() ([]byte, error) {
			n, err := l.ch.Read(buf)
			return buf[:n], err
		}, func() {}
	}
	ahead := make(chan []byte, 16)
	done := make(chan struct{})
	l.srv.wg.Go(func() {
		defer close(ahead)
		for {
			buf := make([]byte, 2048)
			n, err := l.ch.Read(buf)
			if bytes.IndexByte(buf[:n], 0x03) >= 0 {
				i.Interrupt()
			}
			select {
			case ahead <- buf[:n]:
			case <-done:
				return
			}
			if err != nil {
				return
			}
		}
	})
	return func() ([]byte, error) {
		p, ok := <-ahead
		if !ok {
			return nil, io.EOF
		}
		return p, nil
	}, func() { close(done) }
}

// rewind begins to count the time without a key again.
func (l *login) rewind() {
	if i, ok := l.dev.(lab.Idler); ok {
		if d := i.Idle(); d > 0 {
			l.idle.Reset(d)
			return
		}
	}
	l.idle.Stop()
}

// ask prints the prompt. It returns false if the device has ended the session.
func (l *login) ask() bool {
	l.prompt = l.dev.Prompt()
	if l.prompt == "" {
		return false
	}
	l.want = asks(l.prompt)
	l.ed.reset(l.columns(), len(l.prompt))
	f := l.faults()
	if f.Escapes && l.want == aLine {
		l.out.raw("\x1b[?2004h\x1b[1m\x1b[0m")
	}
	l.out.raw(l.term.BeforePrompt)
	if half := len(l.prompt) / 2; f.CutPrompt > 0 {
		l.out.raw(l.prompt[:half])
		l.out.flush()
		l.srv.sleep(f.CutPrompt)
		l.out.raw(l.prompt[half:])
		l.out.flush()
		return true
	}
	l.out.raw(l.prompt)
	return true
}

// columns is the width of a row, 0 if there is none.
func (l *login) columns() int {
	if c, ok := l.dev.(lab.Columns); ok {
		return c.Columns()
	}
	if l.term.Width > 0 {
		return l.term.Width
	}
	return l.window.columns()
}

// key takes a byte that was typed. It returns false at the end of the session.
func (l *login) key(b byte) bool {
	afterCR := l.wasCR
	l.wasCR = b == '\r'
	if b == '\n' && afterCR {
		return true
	}
	switch l.want {
	case aKey:
		return l.page(b)
	case anAnswer:
		return l.answer(b)
	}
	if b == '\r' || b == '\n' {
		return l.enter()
	}
	if b == '?' && l.want == aLine && l.term.Help && !l.ed.literal {
		return l.help()
	}
	if b == 0x03 {
		return l.interrupt()
	}
	echo := l.ed.typed(b, l.term.Long)
	if l.want == aLine && !l.term.NoEcho {
		l.out.raw(echo)
	}
	return true
}

// interrupt is Ctrl-C: the line is given up. The device is told if it keeps a
// part of it, or if there is none.
func (l *login) interrupt() bool {
	held := l.ed.held
	line := l.ed.take()
	l.out.raw("^C" + l.term.LineEnd)
	if _, told := l.dev.(lab.Interrupter); !told && (held > 0 || line == "") {
		l.out.text(l.dev.Send("\x03"))
	}
	return l.ask()
}

// page is a key at the end of a page.
func (l *login) page(b byte) bool {
	line := string(b)
	switch b {
	case '\r', '\n':
		line = ""
	case 0x03:
		line = "q"
	}
	l.out.text(l.dev.Send(line))
	return l.ask()
}

// answer is a key that answers a question. Others are ignored.
func (l *login) answer(b byte) bool {
	if !strings.ContainsRune("yYnNaA", rune(b)) {
		return true
	}
	l.out.raw(string(b) + l.term.LineEnd)
	l.out.text(l.dev.Send(string(b)))
	return l.ask()
}

// help asks for help about the line so far, which stays.
func (l *login) help() bool {
	line := l.ed.take()
	l.out.raw("?" + l.term.LineEnd)
	l.out.text(l.dev.Send(line + "?"))
	more := l.ask()
	l.ed.held = len(line)
	return more
}

// enter ends a line.
func (l *login) enter() bool {
	line := l.ed.take()
	if !l.term.NoEcho || l.want == aSecret {
		l.out.raw(l.term.LineEnd)
	}
	if l.want == aSecret {
		l.out.text(l.dev.Send(line))
		return l.ask()
	}
	l.out.flush()
	f := l.faults()
	n := int(f.commands.Add(1))
	switch n {
	case f.DropBefore:
		f.sever(l.conn)
		l.out.err = net.ErrClosed
		return true
	case f.HangBefore:
		l.hung, l.out.silent = true, true
		return true
	}
	answer := l.dev.Send(line)
	switch n {
	case f.DropAfter:
		f.sever(l.conn)
		l.out.err = net.ErrClosed
		return true
	case f.HangAfter:
		l.hung, l.out.silent = true, true
		return true
	}
	l.out.text(l.troubled(f, answer))
	return l.ask()
}

// troubled is an answer with what the faults put into it.
func (l *login) troubled(f *faultState, answer string) string {
	if f.NoiseEvery > 0 && f.answers.Add(1)%int64(f.NoiseEvery) == 0 {
		answer = noisy(answer, f.Noise)
	}
	if f.Escapes {
		answer = decorated(answer)
	}
	return answer
}
