package sshd

import (
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/crypto/ssh"

	"github.com/nbfwc/nbfwc/lab"
	"github.com/nbfwc/nbfwc/lab/asa"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// machine is a device whose sessions are a function of the line.
type machine struct {
	lab.Device
	prompt string
	answer func(line string) string

	mu    sync.Mutex
	lines []string
	users []string
}

func (m *machine) Login() lab.Session { return m.LoginAs("") }

func (m *machine) LoginAs(user string) lab.Session {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.users = append(m.users, user)
	return &desk{m: m, user: user}
}

func (m *machine) done() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]string(nil), m.lines...)
}

type desk struct {
	m      *machine
	user   string
	secret bool
	ended  bool
	pages  int
}

func (s *desk) Prompt() string {
	switch {
	case s.ended:
		return ""
	case s.secret:
		return "Password: "
	case s.pages > 0:
		return "<--- More --->"
	}
	return s.m.prompt
}

func (s *desk) Send(line string) string {
	s.m.mu.Lock()
	defer s.m.mu.Unlock()
	if s.pages > 0 {
		if s.pages--; line == "q" {
			s.pages = 0
		}
		return "\r              \rpage\n"
	}
	if s.secret = false; line == "enable" {
		s.secret = true
	}
	s.m.lines = append(s.m.lines, line)
	switch line {
	case "enable":
		return ""
	case "exit":
		s.ended = true
		return "bye\n"
	case "pages":
		s.pages = 3
		return "page\n"
	case "whoami":
		return s.user + "\n"
	}
	if s.m.answer == nil {
		return ""
	}
	return s.m.answer(line)
}

func (s *desk) Refused(string) bool { return false }
func (s *desk) Close()              {}

func serve(t testing.TB, d lab.Device, o Options) *Server {
	t.Helper()
	if o.Users == nil && o.Keys == nil {
		o.Users = map[string]string{"ann": "secret"}
	}
	s, err := Serve(d, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// dial logs in as ann.
func dial(s *Server, auth ...ssh.AuthMethod) (*ssh.Client, error) {
	if auth == nil {
		auth = []ssh.AuthMethod{ssh.Password("secret")}
	}
	return ssh.Dial("tcp", s.Addr().String(), &ssh.ClientConfig{User: "ann", Auth: auth,
		HostKeyCallback: ssh.FixedHostKey(s.HostKey()), Timeout: 10 * time.Second})
}

// tty is the client's end of a shell.
type tty struct {
	t      testing.TB
	client *ssh.Client
	sess   *ssh.Session
	in     io.WriteCloser
	out    io.Reader
}

func open(t testing.TB, s *Server) *tty { return openWide(t, s, 80) }

func openWide(t testing.TB, s *Server, columns int) *tty {
	t.Helper()
	c, err := dial(s)
	if err != nil {
		t.Fatal(err)
	}
	x := &tty{t: t, client: c}
	t.Cleanup(func() { c.Close() })
	if x.sess, err = c.NewSession(); err != nil {
		t.Fatal(err)
	}
	if err := x.sess.RequestPty("vt100", 24, columns, ssh.TerminalModes{}); err != nil {
		t.Fatal(err)
	}
	x.in, _ = x.sess.StdinPipe()
	x.out, _ = x.sess.StdoutPipe()
	if err := x.sess.Shell(); err != nil {
		t.Fatal(err)
	}
	return x
}

func (x *tty) typed(keys string) { io.WriteString(x.in, keys) }

// until reads to the end of what is wanted, and returns everything since the
// last time.
func (x *tty) until(want string) string {
	x.t.Helper()
	var got strings.Builder
	late := time.AfterFunc(20*time.Second, func() { x.client.Close() })
	defer late.Stop()
	var buf [1]byte
	for !strings.HasSuffix(got.String(), want) {
		if _, err := x.out.Read(buf[:]); err != nil {
			x.t.Fatalf("%v; wanted %q, got %q", err, want, got.String())
		}
		got.WriteByte(buf[0])
	}
	return got.String()
}

// rest is everything until the device ends the session.
func (x *tty) rest() string {
	late := time.AfterFunc(20*time.Second, func() { x.client.Close() })
	defer late.Stop()
	b, _ := io.ReadAll(x.out)
	return string(b)
}

func TestWhatATerminalShows(t *testing.T) {
	m := &machine{prompt: "fw# ", answer: func(l string) string { return "did " + l + "\n" }}
	x := open(t, serve(t, m, Options{Terminal: &Terminal{Greeting: "Hello.\n"}}))
	for _, c := range []struct{ about, keys, want string }{
		{"the greeting and the first prompt", "", "Hello.\r\nfw# "},
		{"a line is echoed", "show\r", "show\r\ndid show\r\nfw# "},
		{"a line ended by LF", "show\n", "show\r\ndid show\r\nfw# "},
		{"CR LF is one end", "show\r\n", "show\r\ndid show\r\nfw# "},
		{"rubbing out", "shx\x7fow\r", "shx\b \bow\r\ndid show\r\nfw# "},
		{"rubbing out nothing", "\x7fa\r", "a\r\ndid a\r\nfw# "},
		{"Ctrl-U", "abc\x15d\r", "abc\b \b\b \b\b \bd\r\ndid d\r\nfw# "},
		{"Ctrl-W", "ab cd\x17e\r", "ab cd\b \b\b \be\r\ndid ab e\r\nfw# "},
		{"Ctrl-C", "abc\x03", "abc^C\r\nfw# "},
		{"other control characters", "a\x01\tb\r", "ab\r\ndid ab\r\nfw# "},
		{"a secret isn't shown", "enable\rhush\rshow\r", "enable\r\nPassword: \r\ndid hush\r\nfw# show\r\ndid show\r\nfw# "},
		{"pages need no line end", "pages\r q", "pages\r\npage\r\n<--- More --->\r              \rpage\r\n<--- More --->\r              \rpage\r\nfw# "},
		{"who it is", "whoami\r", "whoami\r\nann\r\nfw# "},
	} {
		x.typed(c.keys)
		got := ""
		for strings.Count(got, "fw# ") < strings.Count(c.want, "fw# ") {
			got += x.until("fw# ")
		}
		if got != c.want {
			t.Errorf("%s: got %q, want %q", c.about, got, c.want)
		}
	}
	x.typed("exit\r")
	if got := x.rest(); got != "exit\r\nbye\r\n" {
		t.Errorf("exit: %q", got)
	}
	if err := x.sess.Wait(); err != nil {
		t.Errorf("exit status: %v", err)
	}
}

func TestQuestionsTakeOneKey(t *testing.T) {
	m := &machine{prompt: "Do you want to continue? (y/n)"}
	x := open(t, serve(t, m, Options{}))
	x.until("(y/n)")
	x.typed("\rxy")
	if got, want := x.until("(y/n)"), "y\r\nDo you want to continue? (y/n)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := m.done(); len(got) != 1 || got[0] != "y" {
		t.Errorf("the device got %q", got)
	}
}

func TestWhoMayLogIn(t *testing.T) {
	good, goodKey := newKey(t)
	bad, _ := newKey(t)
	asked := func(answer string) ssh.AuthMethod {
		return ssh.KeyboardInteractive(func(_, _ string, q []string, echo []bool) ([]string, error) {
			if len(q) == 0 {
				return nil, nil
			}
			if q[0] != "Password: " || echo[0] {
				return nil, fmt.Errorf("asked %q, echo %v", q[0], echo[0])
			}
			return []string{answer}, nil
		})
	}
	all := Options{Users: map[string]string{"ann": "secret"}, Keys: []ssh.PublicKey{goodKey}}
	only := func(m string) Options { o := all; o.Methods = []string{m}; return o }
	for _, c := range []struct {
		about string
		o     Options
		auth  ssh.AuthMethod
		ok    bool
	}{
		{"password", all, ssh.Password("secret"), true},
		{"wrong password", all, ssh.Password("Secret"), false},
		{"keyboard-interactive", all, asked("secret"), true},
		{"wrong answer", all, asked("x"), false},
		{"key", all, ssh.PublicKeys(good), true},
		{"another key", all, ssh.PublicKeys(bad), false},
		{"a password where only answers count", only("keyboard-interactive"), ssh.Password("secret"), false},
		{"an answer where only answers count", only("keyboard-interactive"), asked("secret"), true},
		{"a key where only passwords count", only("password"), ssh.PublicKeys(good), false},
		{"an unknown user with an empty password", Options{Users: map[string]string{"bob": "x"}}, ssh.Password(""), false},
		{"an unknown user with a key", Options{Users: map[string]string{"bob": "x"}, Keys: []ssh.PublicKey{goodKey}}, ssh.PublicKeys(good), false},
		{"a key without users", Options{Keys: []ssh.PublicKey{goodKey}}, ssh.PublicKeys(good), true},
	} {
		t.Run(c.about, func(t *testing.T) {
			s := serve(t, &machine{prompt: "> "}, c.o)
			cl, err := dial(s, c.auth)
			if (err == nil) != c.ok {
				t.Errorf("login: %v", err)
			}
			if err == nil {
				cl.Close()
			}
		})
	}
	if _, err := Serve(&machine{}, Options{}); err == nil {
		t.Error("a server that lets nobody in was begun")
	}
}

func newKey(t testing.TB) (ssh.Signer, ssh.PublicKey) {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	k, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return k, k.PublicKey()
}

func TestBannerComesBeforeTheLogin(t *testing.T) {
	s := serve(t, &machine{prompt: "> "}, Options{Banner: "Authorized users only #\n"})
	var got string
	c, err := ssh.Dial("tcp", s.Addr().String(), &ssh.ClientConfig{User: "ann", Auth: []ssh.AuthMethod{ssh.Password("no")},
		HostKeyCallback: ssh.FixedHostKey(s.HostKey()), BannerCallback: func(b string) error { got = b; return nil }})
	if err == nil {
		c.Close()
		t.Error("logged in")
	}
	if got != "Authorized users only #\n" {
		t.Errorf("banner %q", got)
	}
}

func TestOnlyShellsAreServed(t *testing.T) {
	s := serve(t, &machine{prompt: "> "}, Options{})
	c, err := dial(s)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for _, kind := range []string{"direct-tcpip", "x11"} {
		var no *ssh.OpenChannelError
		if _, _, err := c.OpenChannel(kind, nil); !errors.As(err, &no) {
			t.Errorf("channel %s: %v", kind, err)
		}
	}
	one, err := c.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	if err := one.Run("show version"); err == nil {
		t.Error("a command was run without a shell")
	}
	if err := waitFor(func() bool { two, err := c.NewSession(); return err == nil && two.Shell() == nil }); err != nil {
		t.Error("no shell after the refused command")
	}
	if _, err := c.NewSession(); err == nil {
		t.Error("two sessions at a time")
	}
}

func waitFor(f func() bool) error {
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if f() {
			return nil
		}
	}
	return errors.New("not in 10 seconds")
}

func TestConnectionsAreBounded(t *testing.T) {
	s := serve(t, &machine{prompt: "> "}, Options{MaxConnections: 3})
	var open []net.Conn
	for range 3 {
		c, err := net.Dial("tcp", s.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if _, err := c.Read(make([]byte, 4)); err != nil {
			t.Fatal(err)
		}
		open = append(open, c)
	}
	if c, err := dial(s); err == nil {
		c.Close()
		t.Error("a fourth connection")
	}
	open[0].Close()
	if err := waitFor(func() bool {
		c, err := dial(s)
		if err == nil {
			c.Close()
		}
		return err == nil
	}); err != nil {
		t.Error("no login after one has gone")
	}
}

// A client that goes on typing one line, and one that reads nothing.
func TestHostileClientsAreBounded(t *testing.T) {
	m := &machine{prompt: "> "}
	s := serve(t, m, Options{Terminal: &Terminal{NoEcho: true}})
	x := open(t, s)
	x.until("> ")
	for range 64 {
		x.typed(strings.Repeat("x", 4096))
	}
	x.typed("\r")
	x.until("> ")
	if got := m.done(); len(got) != 1 || len(got[0]) != lineLimit {
		t.Errorf("%d lines, the first of %d bytes", len(got), len(got[0]))
	}
	deaf := open(t, serve(t, &machine{prompt: "> ", answer: func(string) string { return strings.Repeat("x\n", 8<<20) }}, Options{}))
	deaf.typed("go\r") // and Close must not wait for it
}

func TestSessionsAreCounted(t *testing.T) {
	s := serve(t, &machine{prompt: "> "}, Options{})
	x, y := open(t, s), open(t, s)
	x.until("> ")
	y.until("> ")
	if s.Sessions() != 2 {
		t.Errorf("%d sessions", s.Sessions())
	}
	x.client.Close()
	if err := waitFor(func() bool { return s.Sessions() == 1 }); err != nil {
		t.Errorf("%d sessions after one has gone", s.Sessions())
	}
}

func TestEmulatorBehindATerminal(t *testing.T) {
	s := serve(t, asa.New(asa.Options{Hostname: "fw1", Password: "e"}), Options{Terminal: &Terminal{Help: true, Width: 80, Long: lab.Scrolled}})
	x := open(t, s)
	x.until("fw1> ")
	x.typed("enable\r")
	x.until("Password: ")
	x.typed("e\r")
	x.until("fw1# ")
	x.typed("conf t\r")
	x.until("fw1(config)# ")
	x.typed("object network H?")
	x.until("fw1(config)# object network H")
	x.typed("1\rhost 10.0.0.1\r")
	x.until("fw1(config-network-object)# ")
	x.until("fw1(config-network-object)# ")
	x.typed("show running-config object\r")
	if got := x.until("fw1(config-network-object)# "); !strings.Contains(got, "object network H1\r\n host 10.0.0.1\r\n") {
		t.Errorf("the object isn't there: %q", got)
	}
	long := "access-list L remark " + strings.Repeat("abcdefghi ", 9)
	x.typed(long)
	if got := x.until("fghi "); strings.Contains(got, long) {
		t.Errorf("a long line was echoed whole: %q", got)
	}
	x.typed("\r")
	if got := x.until("# "); !strings.Contains(got, "\r\n") {
		t.Error(got)
	}
}

// worker is a session in which a line takes until Ctrl-C.
type worker struct {
	desk
	stop chan struct{}
	once sync.Once
}

func (w *worker) Send(line string) string {
	if line == "wait" {
		<-w.stop
		return "interrupted\n"
	}
	return w.desk.Send(line)
}

func (w *worker) Interrupt() { w.once.Do(func() { close(w.stop) }) }

func TestCtrlCArrivesWhileTheDeviceWorks(t *testing.T) {
	m := &machine{prompt: "fw# "}
	s := serve(t, m, Options{Login: func(string) lab.Session {
		return &worker{desk: desk{m: m}, stop: make(chan struct{})}
	}})
	x := open(t, s)
	x.until("fw# ")
	x.typed("wait\r")
	x.until("wait\r\n")
	x.typed("\x03")
	if got, want := x.until("^C\r\nfw# "), "interrupted\r\nfw# ^C\r\nfw# "; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	x.typed("exit\r")
	x.rest()
	if d := m.done(); len(d) != 1 || d[0] != "exit" {
		t.Errorf("the device got %q", d)
	}
}

// What a terminal of 40 columns shows of a longer line, by the kind of device.
func TestLongLines(t *testing.T) {
	const line = "access-list INSIDE extended permit ip any any"
	for _, c := range []struct {
		long lab.Long
		want string
	}{
		{lab.Plain, line},
		{lab.Wrapped, line[:36] + " \r" + line[36:]},
		{lab.Scrolled, line[:35] + strings.Repeat("\b", 35) + "$" + line[24:35] + strings.Repeat(" ", 23) + strings.Repeat("\b", 23) + line[35:]},
	} {
		m := &machine{prompt: "fw# "}
		x := openWide(t, serve(t, m, Options{Terminal: &Terminal{Long: c.long}}), 40)
		x.until("fw# ")
		x.typed(line + "\r")
		if got := x.until("\r\nfw# "); got != c.want+"\r\nfw# " {
			t.Errorf("%d: got %q, want %q", c.long, got, c.want)
		}
		if d := m.done(); len(d) != 1 || d[0] != line {
			t.Errorf("%d: the device got %q", c.long, d)
		}
	}
}

// The window that the client says anew counts from the next prompt on.
func TestWindowChange(t *testing.T) {
	m := &machine{prompt: "fw# "}
	x := openWide(t, serve(t, m, Options{Terminal: &Terminal{Long: lab.Wrapped}}), 80)
	x.until("fw# ")
	if err := x.sess.WindowChange(24, 20); err != nil {
		t.Fatal(err)
	}
	if err := waitFor(func() bool {
		x.typed("\r1234567890123456789\r")
		x.until("fw# ")
		return strings.Contains(x.until("fw# "), "1234567890123456 \r789")
	}); err != nil {
		t.Error("lines are still as long as before")
	}
}

// The device ends a login in which nothing is typed, and all when it restarts.
func TestTheDeviceEndsLogins(t *testing.T) {
	d := asa.New(asa.Options{Hostname: "fw1", Enabled: true})
	s := serve(t, d, Options{})
	x, y := open(t, s), open(t, s)
	x.until("fw1# ")
	y.until("fw1# ")
	y.typed("reload noconfirm\r")
	y.rest()
	x.rest()
	if err := waitFor(func() bool { return s.Sessions() == 0 }); err != nil {
		t.Errorf("%d sessions after a restart", s.Sessions())
	}
	l := newLogin(s, &net.TCPConn{}, nil, new(window), "ann")
	defer l.end()
	if got := l.dev.(lab.Idler).Idle(); got != 5*time.Minute {
		t.Errorf("a login lasts %v without a key", got)
	}
	quick := serve(t, &machine{}, Options{Login: func(string) lab.Session { return &sleepy{desk{m: &machine{prompt: "fw# "}}} }})
	z := open(t, quick)
	z.until("fw# ")
	began := time.Now()
	for range 3 {
		time.Sleep(60 * time.Millisecond)
		z.typed("x")
	}
	if got := z.rest(); got != "xxx" || time.Since(began) < 250*time.Millisecond {
		t.Errorf("ended after %v: %q", time.Since(began), got)
	}
}

type sleepy struct{ desk }

func (s *sleepy) Idle() time.Duration { return 100 * time.Millisecond }

func TestAsaSaysHowItsTerminalIs(t *testing.T) {
	x := openWide(t, serve(t, asa.New(asa.Options{Hostname: "fw1", Enabled: true}), Options{}), 200)
	if got, want := x.until("fw1# "), "Type help or '?' for a list of available commands.\r\n\rfw1# "; got != want {
		t.Errorf("greeting: got %q, want %q", got, want)
	}
	x.typed("show running-config\r")
	if got := x.until("<--- More --->"); strings.Count(got, "\n") != 25 {
		t.Errorf("a page of %d lines: %q", strings.Count(got, "\n"), got)
	}
	x.typed("q")
	x.until("fw1# ")
	x.typed("terminal pager 0\rshow running-config\r")
	x.until("fw1# ")
	x.until(": end\r\n\rfw1# ")
	long := "! " + strings.Repeat("x", 100)
	x.typed(long + "\r")
	if got := x.until("fw1# "); strings.Contains(got, long) {
		t.Errorf("a long line is echoed whole before the terminal is wide: %q", got)
	}
	x.typed("conf t\rterminal width 511\rend\r")
	x.until("fw1# ")
	x.typed(long + "\r")
	if got := x.until("fw1# "); !strings.HasPrefix(got, long+"\r\n") {
		t.Errorf("a long line on a wide terminal: %q", got)
	}
	x.typed("show curpriv\r")
	if got := x.until("fw1# "); !strings.Contains(got, "Username : ann\r\n") {
		t.Errorf("who is logged in: %q", got)
	}
}
