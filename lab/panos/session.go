package panos

import (
	"slices"
	"strings"
	"time"

	"github.com/nbfwc/nbfwc/lab"
)

// Session is one login on the device.
type Session struct {
	d         *Device
	admin     string
	configure bool
	closed    bool
	number    int
	format    string // of "show" in configuration mode
	target    string // the virtual system of short forms
	edit      string // where "edit" went

	scripting   bool // what only a terminal shows is off
	paged       bool // a terminal
	noPager     bool
	width       int
	height      int
	more        []string // the pages that wait
	seen        int      // lines of them that were shown
	typed       string   // what "?" left on the line
	interrupted bool
	down        int
	onEnd       []func()
}

var (
	_ lab.Session   = (*Session)(nil)
	_ lab.Ender     = (*Session)(nil)
	_ lab.Accounts  = (*Device)(nil)
	_ lab.Terminals = (*Device)(nil)
)

// Login begins a session of the administrator "admin".
func (d *Device) Login() lab.Session { return d.login("admin") }

// LoginAs begins a session of an administrator at a terminal, which shows
// output page by page until "set cli pager off".
func (d *Device) LoginAs(admin string) lab.Session {
	s := d.login(admin)
	s.paged = true
	return s
}

// Terminal is how the device treats a terminal.
func (d *Device) Terminal() lab.Terminal {
	d.mu.Lock()
	defer d.mu.Unlock()
	return lab.Terminal{Help: d.opt.Faults.Terminal, Long: lab.Wrapped, Greeting: "Last login: " + d.now().Format("Mon Jan _2 15:04:05 2006") +
		" from 192.0.2.10\n\n\nNumber of failed attempts since last successful login: 0\n\n"}
}

func (d *Device) login(admin string) *Session {
	d.mu.Lock()
	defer d.mu.Unlock()
	s := &Session{d: d, admin: admin, format: "default", width: 80, height: 24, down: d.down}
	d.sessions = append(slices.DeleteFunc(d.sessions, (*Session).gone), s)
	return s
}

func (s *Session) gone() bool { return s.closed || s.down != s.d.down }

// OnEnd has f called when the device ends the session by restarting.
func (s *Session) OnEnd(f func()) {
	s.d.mu.Lock()
	defer s.d.mu.Unlock()
	if s.gone() {
		go f()
		return
	}
	s.onEnd = append(s.onEnd, f)
}

// Close ends the session. What was typed stays in the candidate.
func (s *Session) Close() {
	s.d.mu.Lock()
	defer s.d.mu.Unlock()
	s.closed = true
}

// Closed says that the device or the user has ended the session.
func (s *Session) Closed() bool {
	s.d.mu.Lock()
	defer s.d.mu.Unlock()
	return s.gone()
}

// Prompt is what the device prints before it waits for a line; "" if the
// session has ended.
func (s *Session) Prompt() string {
	s.d.mu.Lock()
	defer s.d.mu.Unlock()
	switch {
	case s.gone():
		return ""
	case len(s.more) > 0:
		return s.question()
	}
	return s.escapes() + s.prompt() + s.typed
}

func (s *Session) prompt() string {
	p := s.admin + "@" + s.d.hostname()
	if s.target != "" {
		p += "-" + s.target
	}
	if s.d.opt.HA != "" {
		p += "(" + s.d.opt.HA + ")"
	}
	if s.configure {
		return p + "# "
	}
	return p + "> "
}

// Send types a line, or several, and returns the answers. In configuration
// mode they end with the line that says where the session is.
func (s *Session) Send(line string) string {
	s.d.mu.Lock()
	defer s.d.mu.Unlock()
	var out strings.Builder
	line = strings.ReplaceAll(strings.ReplaceAll(line, "\r\n", "\n"), "\r", "\n")
	for l := range strings.SplitSeq(strings.TrimSuffix(line, "\n"), "\n") {
		if !s.gone() {
			out.WriteString(s.send(printable(l)))
		}
	}
	return out.String()
}

func (s *Session) send(line string) string {
	if len(s.more) > 0 {
		return s.nextPage(line)
	}
	d, f := s.d, &s.d.opt.Faults
	if s.terminal() && strings.Contains(s.typed+line, "?") {
		s.typed, _, _ = strings.Cut(s.typed+line, "?")
		return "  <Enter>  Finish input\n"
	}
	line, s.typed = s.typed+line, ""
	if f.DropAfter > 0 && s.number >= f.DropAfter || f.DropBefore > 0 && s.number+1 >= f.DropBefore {
		s.closed = true
		return ""
	}
	s.number++
	d.lines++
	d.ticks++
	nth := d.lines
	is := func(n int) bool { return n > 0 && n == nth }
	d.pass()
	if f.Slow > 0 {
		d.mu.Unlock()
		time.Sleep(f.Slow)
		d.mu.Lock()
	}
	if is(f.MeddleNth) {
		other := &Session{d: d, admin: "other", configure: true, format: "default", down: d.down}
		for _, l := range f.Meddle {
			other.run(l)
		}
	}
	if is(f.RestartNth) {
		d.restart()
	}
	if is(f.FailNth) {
		d.failover()
	}
	if is(f.DropNth) || s.gone() {
		s.closed = true
		return ""
	}
	var out string
	if is(f.RefuseNth) {
		out = "Server error : Timed out\n"
	} else {
		out = s.run(line)
	}
	switch {
	case is(f.DropDone):
		s.closed = true
		return ""
	case is(f.CutDrop):
		s.closed = true
		return half(out)
	case is(f.CutNth):
		out = half(out)
		if out != "" && !strings.HasSuffix(out, "\n") {
			out += "\n"
		}
	}
	switch {
	case s.gone():
		return out
	case s.configure:
		if out == "" {
			out = "\n"
		}
		out += "[edit" + strings.TrimRight(" "+s.edit, " ") + "]\n"
	}
	return s.page(s.wrap(out))
}

// pass lets the time of a line pass for the job that runs.
func (d *Device) pass() {
	if len(d.queue) > 0 && d.queue[0].state == active && d.queue[0].lines > 0 {
		d.queue[0].lines--
	}
	d.settle()
}

// run does a line and returns the answer.
func (s *Session) run(line string) string {
	out, err := s.do(strings.TrimSpace(line))
	if err != nil {
		return out + err.Error() + "\n"
	}
	return out
}

func (s *Session) do(line string) (string, error) {
	word, rest, _ := strings.Cut(line, " ")
	if word == "" {
		return "", nil
	}
	if s.configure {
		return s.config(word, strings.TrimSpace(rest))
	}
	return s.op(word, strings.TrimSpace(rest))
}

var refusals = []string{"Unknown command:", "Invalid syntax.", "Server error", "Validation Error", "Object doesn't exist",
	"Commit lock is", "Config for scope", "You already own", "Config is not currently locked", "Another commit/validate"}

// Refused says whether the answer means that the line wasn't done.
func (s *Session) Refused(answer string) bool {
	first := strings.TrimLeft(answer, "\n")
	for _, r := range refusals {
		if strings.HasPrefix(first, r) {
			return true
		}
	}
	if !strings.HasPrefix(first, "Commit job ") && !strings.HasPrefix(first, "Validate job ") {
		return false
	}
	return strings.Contains(answer, "\nCommit failed\n") || strings.Contains(answer, "\nConfiguration is invalid\n")
}
