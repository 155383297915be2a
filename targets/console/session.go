package console

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"time"

	"github.com/scrapli/scrapligo/driver/network"

	"github.com/nbfwc/nbfwc/targets"
)

// Hop is a jump host.
type Hop struct {
	Address  netip.AddrPort
	Username string
}

// Options say how to log in and what to type.
type Options struct {
	Username string
	Platform targets.Platform
	// KnownHosts are files as OpenSSH writes them, at least one. A host whose key
	// is not in them is not talked with.
	KnownHosts []string
	// Identities are files of private keys that only their owner can read.
	Identities []string
	Agent      string // socket of an SSH agent, "" for none
	Secrets    Secrets
	// Jump are the hosts on the way, from here to the device. The device's own
	// password is not typed there, but the one that Secrets calls "jump".
	Jump     []Hop
	ReadOnly bool
	// Transcript takes what is typed, as "> line", and what is answered; nil for
	// none.
	Transcript io.Writer
	// Handshake bounds the login on each host, 0 for 15 s; Idle the time without
	// any output while something is expected, 0 for 60 s.
	Handshake, Idle time.Duration
	Limit           int64 // bytes of one answer, 0 for 256 MiB
	// Longest bounds the time of one answer, however much comes in it, and of
	// all that comes before the first prompt; 0 for an hour.
	Longest time.Duration
}

func (o Options) withDefaults() Options {
	if o.Handshake <= 0 {
		o.Handshake = 15 * time.Second
	}
	if o.Idle <= 0 {
		o.Idle = 60 * time.Second
	}
	if o.Limit <= 0 {
		o.Limit = 256 << 20
	}
	if o.Longest <= 0 {
		o.Longest = time.Hour
	}
	return o
}

// echoKind is how a device shows what is typed.
type echoKind uint8

const (
	echoPlain echoKind = iota // as it is, also the blanks of a probe
	echoWeak                  // somehow; a probe shows as an empty line
	echoNone
)

// Session is a login on a device.
type Session struct {
	o    Options
	d    *network.Driver
	t    *wire
	p    prompts
	more *pager
	// sure says that nobody else can know the prompt, so that its text proves
	// that it is one.
	sure    bool
	echo    echoKind
	mode    string
	buf     []byte   // received and not used; at rest the prompt
	err     error    // why the session is of no further use
	longest int      // columns of the longest line that was read
	blanks  []string // what the device prints for an empty line
	ends    [2]netip.AddrPort
	ctx     context.Context // of the call that is in progress
	told    *told           // the secrets, nil if there are none
	private bool            // the last answer that was begun is
}

var (
	_ targets.Session  = (*Session)(nil)
	_ targets.Uploader = (*Session)(nil)
)

// Dial logs in on a device and finds its first prompt.
func Dial(ctx context.Context, addr netip.AddrPort, o Options) (*Session, error) {
	o = o.withDefaults()
	if len(o.KnownHosts) == 0 {
		return nil, errors.New("no file of known hosts is given, and host keys are always verified")
	}
	s := &Session{o: o, ctx: ctx}
	if o.Secrets != nil {
		s.told = &told{Secrets: o.Secrets}
		s.o.Secrets = s.told
	}
	if err := s.prepare(ctx, addr); err != nil {
		return nil, err
	}
	// The driver opens the transport and starts to read from it.
	if err := s.d.Open(); err != nil {
		return nil, s.told.maskError(err)
	}
	s.ends = s.t.way.ends()
	stop := s.watch(ctx)
	defer stop()
	defer s.bound()()
	if err := s.login(); err != nil {
		err = s.fail(ctx, err)
		return nil, fmt.Errorf("%s: login: %w", addr, err)
	}
	return s, nil
}

// prepare makes everything of a session that needs no device.
func (s *Session) prepare(ctx context.Context, addr netip.AddrPort) (err error) {
	platform := s.o.Platform
	s.t = newWire(ctx, addr, &s.o)
	host := ""
	if platform.Program != "" {
		if host, err = randomHost(platform); err != nil {
			return err
		}
		s.sure = true
		s.t.program = commandLine(platform.Program, host)
	}
	s.p.host = host
	if s.p.patterns, err = patternsOf(platform); err != nil {
		return err
	}
	if s.more, err = newPager(platform.More); err != nil {
		return err
	}
	if _, err = compileAsk(platform.Greeting); err != nil {
		return err
	}
	s.d, err = newDriver(platform, addr.Addr().String(), s.t)
	return err
}

// randomHost is a word that nobody can guess and that the platform takes for a
// host.
func randomHost(p targets.Platform) (string, error) {
	b := make([]byte, 8)
	if _, err := rand.Read(b); err != nil {
		return "", err
	}
	host := "nbfwc-" + hex.EncodeToString(b)
	re, err := cachedRegexp("^(?:" + p.Host + ")$")
	if err == nil && !re.MatchString(host) {
		err = fmt.Errorf("platform %s has a program, and %q is no host for it", p.Name, host)
	}
	return host, err
}

// ends are the addresses of the connection to the device, if it is direct.
func (w *way) ends() (e [2]netip.AddrPort) {
	if len(w.conns) != 1 {
		return e
	}
	for i, a := range []string{w.conns[0].LocalAddr().String(), w.conns[0].RemoteAddr().String()} {
		if p, err := netip.ParseAddrPort(a); err == nil {
			e[i] = netip.AddrPortFrom(p.Addr().Unmap(), p.Port())
		}
	}
	return e
}

// watch ends the connection when the context ends.
func (s *Session) watch(ctx context.Context) func() bool {
	return context.AfterFunc(ctx, func() { s.t.abort(context.Cause(ctx)) })
}

// bound ends the connection if what begins now isn't stopped in time. A device
// that always says a little more is never silent.
func (s *Session) bound() (stop func() bool) {
	return time.AfterFunc(s.o.Longest, func() { s.t.abort(fmt.Errorf("the device talks on and on: no end after %s", s.o.Longest)) }).Stop
}

// fail ends the session for an error, and returns why it came to that.
func (s *Session) fail(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	err = s.told.maskError(err)
	s.err = err
	s.shut()
	return err
}

func (s *Session) shut() {
	_ = s.d.Channel.Close()
	s.t.wait()
	s.buf = nil
}

// Do types commands one after the other.
func (s *Session) Do(ctx context.Context, commands ...targets.Command) ([]string, error) {
	var answers []string
	defer s.watch(ctx)()
	s.ctx = ctx
	for len(commands) > 0 {
		if s.err == nil && ctx.Err() != nil {
			_ = s.fail(ctx, ctx.Err())
		}
		if s.err != nil {
			return answers, s.err
		}
		n := s.ahead(commands)
		for i := range commands[:n] {
			if err := s.mayType(&commands[i]); err != nil {
				if i == 0 {
					return answers, err
				}
				n = i // what comes before it is typed
				break
			}
		}
		got, refused, err := s.run(commands[:n])
		answers = append(answers, got...)
		if err != nil {
			at := min(len(got), n-1)
			return answers, s.fail(ctx, fmt.Errorf("%q: %w", clip(commands[at].Line), err))
		}
		if refused != nil {
			return answers, s.told.maskError(refused)
		}
		commands = commands[n:]
	}
	return answers, nil
}

// ahead is how many of the commands can be on the way together, at least 1.
func (s *Session) ahead(commands []targets.Command) int {
	n := 0
	for n < len(commands) && commands[n].Ahead && len(commands[n].Ask) == 0 {
		n++
	}
	if s.echo != echoPlain || s.sure { // what belongs to which couldn't be told
		n = min(n, 1)
	}
	return max(n, 1)
}

// mayType says whether a command can be typed here.
func (s *Session) mayType(c *targets.Command) error {
	if s.o.ReadOnly && !c.Reads {
		return fmt.Errorf("%q: %w", clip(c.Line), targets.ErrReadOnly)
	}
	for i := range len(c.Line) {
		if b := c.Line[i]; b < 0x20 && b != quoteNext || b == 0x7f {
			return fmt.Errorf("%q has control characters and is not typed", clip(c.Line))
		}
	}
	if s.sure && len(c.Line) > maxCanonical {
		return fmt.Errorf("%q is longer than the %d bytes that a terminal takes in one line", clip(c.Line), maxCanonical)
	}
	return nil
}

const (
	quoteNext    = 0x16 // Ctrl-V: the next character is text; it isn't shown
	maxCanonical = 4000 // a terminal of Linux cuts lines at 4095
)

// Mode is the one whose prompt came last.
func (s *Session) Mode() string { return s.mode }

// ReadOnly says that only what reads is typed.
func (s *Session) ReadOnly() bool { return s.o.ReadOnly }

// Ends are the addresses of the connection, the zero value if it goes through
// jump hosts.
func (s *Session) Ends() (client, device netip.AddrPort) { return s.ends[0], s.ends[1] }

// Close ends the login. It doesn't wait for the device.
func (s *Session) Close() error {
	if s.err == nil {
		s.err = errClosed
	}
	s.shut()
	return nil
}

// next waits for more output, at most that long, and adds it to the buffer.
func (s *Session) next(wait time.Duration) error {
	select {
	case <-s.t.queued:
		return s.take()
	default:
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-s.t.queued:
		return s.take()
	case <-s.t.ended:
		select {
		case <-s.t.queued:
			return s.take()
		default:
			return s.t.endErr
		}
	case <-s.t.done:
		return s.t.way.reason(errClosed)
	case <-timer.C:
		return errIdle
	}
}

var errIdle = errors.New("the device says nothing")

// take gets a chunk out of the channel's queue.
func (s *Session) take() error {
	b, err := s.d.Channel.Read()
	s.t.credit <- struct{}{}
	if err != nil {
		return s.t.way.reason(err)
	}
	if len(s.buf) == 0 {
		s.buf = b
	} else {
		s.buf = append(s.buf, b...)
	}
	return nil
}

// waiting says whether there is output that wasn't looked at.
func (s *Session) waiting() bool { return len(s.t.queued) > 0 }

// write types text. Secrets are not for scrapligo's log.
func (s *Session) write(text string, secret bool) error {
	return s.d.Channel.Write([]byte(text), secret)
}

// lineEnd is what the Enter key sends. Devices take it as the end of a line, and
// a terminal of Linux turns it into "\n".
const lineEnd = "\r"
