package fortios

import (
	"slices"
	"strings"
	"time"

	"github.com/nbfwc/nbfwc/lab"
)

type frameKind uint8

const (
	inTable  frameKind = iota // a table, or an object
	inEntry                   // an entry of a table
	inVDOMs                   // config vdom
	inVDOM                    // edit root
	inGlobal                  // config global
)

// frame is a scope that a session is in.
type frame struct {
	kind       frameKind
	vdom, path string
	word       string // in the prompt
	sub        *table // the table, if it stands inside an entry
	e          *entry // what is open and has no effect yet
	changed    bool
	isNew      bool
}

// Session is one login on the device.
type Session struct {
	d        *Device
	stack    []frame
	loading  bool
	own      *config // that of a load or of a transaction; nil: the device's
	tx       *transaction
	complete bool            // of a load: nothing of the factory is there
	fresh    map[*entry]bool // the factory's entries that a load hasn't named
	open     string          // the lines of a quote that isn't closed
	typed    string          // the beginning of a line that "?" left behind
	confirm  func(*call) error
	banner   bool // the question of the banner is open
	closed   bool
	down     int
	number   int
	inBatch  bool // its lines are collected
	more     []string
	admin    string
	typedAt  time.Time // when it was last used
	onEnd    []func()
	paged    bool // a terminal
}

var (
	_ lab.Session   = (*Session)(nil)
	_ lab.Ender     = (*Session)(nil)
	_ lab.Idler     = (*Session)(nil)
	_ lab.Accounts  = (*Device)(nil)
	_ lab.Terminals = (*Device)(nil)
)

// Login begins a session on the device.
func (d *Device) Login() lab.Session { return d.login() }

func (d *Device) login() *Session { return d.loginAs("admin") }

// LoginAs begins a session of an administrator at a terminal, which shows
// output page by page while "output" of the console is "more".
func (d *Device) LoginAs(admin string) lab.Session {
	s := d.loginAs(admin)
	s.paged = true
	return s
}

func (d *Device) loginAs(admin string) *Session {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.tick()
	s := &Session{d: d, down: d.down, banner: d.opt.Faults.Banner, admin: admin, typedAt: d.now()}
	d.sessions = append(slices.DeleteFunc(d.sessions, (*Session).gone), s)
	return s
}

// Terminal is how the device treats a terminal.
func (d *Device) Terminal() lab.Terminal { return lab.Terminal{Help: true, Long: lab.Wrapped} }

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

// Idle is how long nothing may be typed before the device ends the session.
func (s *Session) Idle() time.Duration {
	s.d.mu.Lock()
	defer s.d.mu.Unlock()
	return s.d.patience()
}

func (s *Session) readOnly() bool {
	return s.d.opt.Faults.ReadOnly || slices.Contains(s.d.opt.ReadOnly, s.admin)
}

// Close ends the session: the open entry is lost, finished ones stay. A
// transaction goes on until it expires.
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

func (s *Session) gone() bool { return s.closed || s.down != s.d.down }

func (s *Session) current() *config {
	if s.own != nil {
		return s.own
	}
	return s.d.cfg
}

const (
	morePrompt   = "--More-- "
	bannerPrompt = "(Press 'a' to accept):"
)

// Prompt is what the device prints before it waits for a line; "" if the
// session has ended.
func (s *Session) Prompt() string {
	s.d.mu.Lock()
	defer s.d.mu.Unlock()
	s.d.tick()
	s.idle()
	switch {
	case s.gone():
		return ""
	case s.banner:
		return bannerPrompt
	case len(s.more) > 0:
		return morePrompt
	case s.confirm != nil:
		return "Do you want to continue? (y/n)"
	case s.open != "":
		return "> "
	}
	return s.prompt() + s.typed
}

func (s *Session) prompt() string {
	p := s.d.hostname(s.current()) + s.d.roleInPrompt() + " "
	if n := len(s.stack); n > 0 {
		p += "(" + s.stack[n-1].word + ") "
	}
	if s.readOnly() {
		return p + "$ "
	}
	return p + "# "
}

// Send types a line, or several, and returns the answers.
func (s *Session) Send(line string) string {
	s.d.mu.Lock()
	defer s.d.mu.Unlock()
	var out strings.Builder
	line = strings.ReplaceAll(strings.ReplaceAll(line, "\r\n", "\n"), "\r", "\n")
	for l := range strings.SplitSeq(strings.TrimSuffix(line, "\n"), "\n") {
		s.d.tick()
		s.idle()
		if s.gone() {
			break
		}
		out.WriteString(s.send(l))
		s.typedAt = s.d.now()
	}
	return out.String()
}

func (s *Session) send(typed string) string {
	switch {
	case s.banner:
		s.banner = !strings.HasPrefix(strings.ToLower(typed), "a")
		return ""
	case len(s.more) > 0:
		return s.nextPage(typed)
	}
	text, help := s.edit(typed)
	if s.closed {
		return ""
	}
	if help {
		s.typed = text
		return "\n"
	}
	s.typed = ""
	noise, refused, dropped := s.d.faulty(s, text)
	if dropped {
		return ""
	}
	if s.d.opt.Faults.Echo {
		noise = s.prompt() + text + "\n" + noise
	}
	noise += s.expired()
	nth := s.d.lines
	var out string
	if refused {
		out = noise + errRights.Error() + "\n"
	} else {
		out = noise + s.run(text)
	}
	if out, s.closed = s.d.opt.Faults.cut(nth, out, s.closed); s.closed {
		return out
	}
	return s.page(out)
}

// edit does what the line editor does with control characters. "?" asks for
// help, even inside text, and leaves the line as it is.
func (s *Session) edit(typed string) (text string, help bool) {
	line := []byte(s.typed)
	for i := 0; i < len(typed); i++ {
		switch b := typed[i]; b {
		case 0x16: // Ctrl-V
			if i++; i < len(typed) && typed[i] >= 0x20 && typed[i] != 0x7f {
				line = append(line, typed[i])
			}
		case '?':
			return string(line), true
		case 0x03: // Ctrl-C
			if len(s.stack) == 0 && len(line) == 0 && s.open == "" {
				s.closed = true
				return "", false
			}
			line, s.open = line[:0], ""
		case 0x08, 0x7f:
			if len(line) > 0 {
				line = line[:len(line)-1]
			}
		default:
			if b >= 0x20 {
				line = append(line, b)
			}
		}
	}
	return string(line), false
}

const lineLimit = 64 << 10

// run does a line and returns the answer.
func (s *Session) run(text string) string {
	if s.open != "" {
		text = s.open + "\n" + text
		s.open = ""
	}
	if len(text) > lineLimit {
		return errOpen.Error() + "\n"
	}
	if s.inBatch && s.d.batch != nil && !strings.HasPrefix(strings.TrimSpace(text), "execute batch ") {
		s.d.batch.lines = append(s.d.batch.lines, text)
		return ""
	}
	c := call{d: s.d, s: s, cfg: s.current()}
	if s.tx != nil {
		s.tx.lines = append(s.tx.lines, text)
	}
	var err error
	if f := s.confirm; f != nil {
		s.confirm = nil
		if strings.HasPrefix(strings.ToLower(strings.TrimSpace(text)), "y") {
			err = f(&c)
		}
	} else {
		err = c.line(text)
	}
	if err == errOpen && !s.d.opt.OneLineQuotes {
		s.open = text
		return ""
	}
	if err != nil {
		return c.out.String() + err.Error() + "\n"
	}
	return c.out.String()
}

// Refused says whether the answer means that the line was not done.
func (s *Session) Refused(answer string) bool {
	if strings.HasPrefix(answer, "config ") && strings.Contains(answer, "\nend\n") || strings.HasPrefix(answer, "#config-version") {
		return false // a configuration that is shown
	}
	for l := range strings.Lines(answer) {
		l = strings.TrimRight(l, "\r\n ")
		if strings.HasPrefix(l, "config transaction id=") && strings.HasSuffix(l, " has expired") {
			return true
		}
		for _, p := range refusals {
			if strings.HasPrefix(l, p) {
				return true
			}
		}
	}
	return false
}

// refusals begin the lines by which the device refuses.
var refusals = []string{"Command fail.", "command parse error before", "Unknown action", "incomplete command in the end",
	"value parse error before", "object check operator error", "Attribute '", "token line:", "The entry is used by", "delete table entry"}
