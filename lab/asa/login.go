package asa

import (
	"strings"
	"time"

	"github.com/nbfwc/nbfwc/lab"
)

// Terminal is how the device treats a terminal: 80 columns, a longer line
// scrolls, "?" is answered at once.
func (d *Device) Terminal() lab.Terminal {
	return lab.Terminal{Width: 80, Long: lab.Scrolled, Help: true, BeforePrompt: "\r",
		Greeting: "Type help or '?' for a list of available commands.\n"}
}

// Columns is the width that "terminal width" has set.
func (s *Session) Columns() int {
	s.d.lock()
	defer s.d.mu.Unlock()
	return s.width
}

// OnEnd has f called when the device ends the session by a restart.
func (s *Session) OnEnd(f func()) {
	s.d.lock()
	defer s.d.mu.Unlock()
	if s.down != s.d.down {
		go f()
		return
	}
	s.onEnd = f
}

// ended tells who is at the terminal.
func (s *Session) ended() {
	if s.onEnd != nil {
		go s.onEnd()
		s.onEnd = nil
	}
}

// Idle is how long a session lasts in which nothing is typed: "ssh timeout",
// five minutes unless it is set.
func (s *Session) Idle() time.Duration {
	s.d.lock()
	defer s.d.mu.Unlock()
	return s.idle()
}

func (s *Session) idle() time.Duration {
	const usual = 5 * time.Minute
	if s.d.cfg == nil { // the session has ended, and the device sleeps
		return usual
	}
	for _, b := range s.d.cfg.blocks {
		if m, ok := strings.CutPrefix(b.top, "ssh timeout "); ok {
			if n, ok := decimal(strings.TrimSpace(m)); ok && n > 0 {
				return time.Duration(n) * time.Minute
			}
		}
	}
	return usual
}

// expired ends a session in which nothing was typed for too long.
func (s *Session) expired() bool {
	now := s.d.clock()
	if now.Sub(s.last) >= s.idle() {
		s.closed = true
		delete(s.d.sessions, s)
	}
	s.last = now
	return s.closed
}

// pagerLines is the page that a login begins with.
func (cfg *config) pagerLines() int {
	n := 24
	for _, b := range cfg.blocks {
		switch f := strings.Fields(b.top); {
		case b.top == "no pager":
			n = 0
		case f[0] == "pager" && len(f) > 1:
			n, _ = decimal(f[len(f)-1])
		}
	}
	return n
}

// user is the name that the session's commands go by.
func (s *Session) user() string {
	switch {
	case s.mode.kind == modeExec && s.login != "":
		return s.login
	case s.mode.kind == modeExec:
		return "enable_1"
	case s.who != "":
		return s.who
	}
	return "enable_15"
}

// ask has the next line answer a question.
func (s *Session) ask(text string, then func(c *call, answer string) error) {
	s.asked = &question{text, then}
}

// answer goes on after a question.
func (s *Session) answer(q *question, text string) string {
	c := call{d: s.d, s: s, cfg: s.current()}
	c.in.text = text
	c.in.at = len(text)
	if err := q.then(&c, text); err != nil {
		return c.out.String() + err.Error() + "\n"
	}
	return c.out.String()
}
