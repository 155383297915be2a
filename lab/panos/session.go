package panos

import (
	"strings"

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
}

var _ lab.Session = (*Session)(nil)

// Login begins a session of the administrator "admin".
func (d *Device) Login() lab.Session { return d.LoginAs("admin") }

// LoginAs begins a session of an administrator.
func (d *Device) LoginAs(admin string) *Session {
	return &Session{d: d, admin: admin, format: "default"}
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
	return s.closed
}

// Prompt is what the device prints before it waits for a line; "" if the
// session has ended.
func (s *Session) Prompt() string {
	s.d.mu.Lock()
	defer s.d.mu.Unlock()
	if s.closed {
		return ""
	}
	p := s.admin + "@" + s.d.hostname()
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
		if !s.closed {
			out.WriteString(s.send(printable(l)))
		}
	}
	return out.String()
}

func (s *Session) send(line string) string {
	d, f := s.d, s.d.opt.Faults
	if f.DropAfter > 0 && s.number >= f.DropAfter || f.DropBefore > 0 && s.number+1 >= f.DropBefore {
		s.closed = true
		return ""
	}
	s.number++
	d.lines++
	if f.MeddleNth > 0 && d.lines == f.MeddleNth {
		other := &Session{d: d, admin: "other", configure: true, format: "default"}
		for _, l := range f.Meddle {
			other.run(l)
		}
	}
	var out string
	if f.RefuseNth > 0 && d.lines == f.RefuseNth {
		out = "Server error : Timed out\n"
	} else {
		out = s.run(line)
	}
	switch {
	case s.closed || !s.configure:
		return out
	case out == "":
		out = "\n"
	}
	return out + "[edit" + strings.TrimRight(" "+s.edit, " ") + "]\n"
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
