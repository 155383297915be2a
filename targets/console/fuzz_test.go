package console

import (
	"bytes"
	"context"
	"io"
	"net/netip"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/scrapli/scrapligo/transport"
	"golang.org/x/crypto/ssh"

	"github.com/nbfwc/nbfwc/targets"
)

// What the filter leaves doesn't depend on where the network cuts, and nothing
// of it does anything to a terminal.
func FuzzFilter(f *testing.F) {
	f.Add([]byte("a\r\nb\x1b[31mc\x1b[0m\r\n\x1b]0;x\x07y\x1b(Bz\b\b\x1b[K\x9b\xc2\x85"), []byte{1, 2, 3})
	f.Add([]byte("\x1b[999999999999D\x1b[2Kx\r\r\n\x1b\x1b[5D"), []byte{1})
	f.Fuzz(func(t *testing.T, src, cuts []byte) {
		var whole, parts filter
		want := whole.append(nil, src)
		var got []byte
		rest := src
		for i := 0; len(rest) > 0; i++ {
			n := len(rest)
			if len(cuts) > 0 {
				n = min(n, 1+int(cuts[i%len(cuts)])%9)
			}
			got = parts.append(got, rest[:n])
			rest = rest[n:]
		}
		if !bytes.Equal(got, want) {
			t.Fatalf("%q in pieces, %q at once", got, want)
		}
		for line := range bytes.SplitSeq(want, newline) {
			shown := screen(line)
			if !utf8.ValidString(shown) {
				t.Fatalf("%q is no UTF-8", shown)
			}
			for _, r := range shown {
				if unicode.IsControl(r) && r != '\t' || unicode.Is(unicode.Cf, r) {
					t.Fatalf("%q of %q", shown, line)
				}
			}
		}
	})
}

// console is a device without a network: what it prints comes in the pieces that
// it is told, and it reads its input only at the prompt.
type console struct {
	ssh.Channel
	mu       sync.Mutex
	wake     *sync.Cond
	answers  map[string]string
	typed    []byte
	out      []byte
	cuts     []byte
	n, waits int
	closed   bool
}

func (c *console) Write(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.typed = append(c.typed, b...)
	c.wake.Broadcast()
	return len(b), nil
}

func (c *console) Read(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for {
		if len(c.out) == 0 {
			if line, rest, ok := bytes.Cut(c.typed, []byte("\r")); ok {
				c.typed = rest
				c.out = append(c.out, string(line)+"\r\n"+c.answers[strings.TrimSpace(string(line))]+"fw01# "...)
			}
		}
		if len(c.out) > 0 {
			n, wait := len(c.out), false
			if len(c.cuts) > 0 {
				cut := c.cuts[c.n%len(c.cuts)]
				c.n++
				n, wait = 1+int(cut&63), cut&64 != 0
			}
			n = copy(b, c.out[:min(n, len(c.out))])
			c.out = c.out[n:]
			if wait && c.waits < 60 { // long enough for the session to act
				c.waits++
				c.mu.Unlock()
				time.Sleep(200 * time.Microsecond)
				c.mu.Lock()
			}
			return n, nil
		}
		if c.closed {
			return 0, io.EOF
		}
		c.wake.Wait()
	}
}

func (c *console) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	c.wake.Broadcast()
}

// connected is a wire that is connected already.
type connected struct{ *wire }

func (connected) Open(*transport.Args) error { return nil }

// on begins a session on a console.
func (c *console) session(t *testing.T) *Session {
	c.wake = sync.NewCond(&c.mu)
	c.out = []byte("fw01# ")
	s := &Session{o: Options{Platform: asa, Idle: 5 * time.Second}.withDefaults(), ctx: context.Background()}
	if err := s.prepare(s.ctx, netip.AddrPort{}); err != nil {
		t.Fatal(err)
	}
	d, err := newDriver(asa, "console", connected{s.t})
	if err != nil {
		t.Fatal(err)
	}
	s.d, s.t.ch, s.t.way = d, c, &way{}
	if err := d.Open(); err != nil {
		t.Fatal(err)
	}
	if err := s.login(); err != nil {
		t.Fatal(err)
	}
	return s
}

var words = []string{"\n", " ", "fw01# ", "fw01#", "fw01> ", "fw01(config)# ", "\n", "# ", "show b", ": end", "fw01", "a", "Password: ", "remark", "$", "fw01# show b", "fw01# show c\nx\nfw01# "}

// unknowable is text that a session can take for the end of an answer if it
// guesses the length of a probe.
var unknowable = regexp.MustCompile(`(?m)^fw01(\(config\))?[>#] {2,}$`)

// typedAhead is text that shows what is typed ahead.
var typedAhead = regexp.MustCompile(`(?m)^fw01(\(config\))?[>#] ?show [bc]$`)

// Whatever an answer holds and wherever the network cuts it, each command gets
// its own, whole.
func FuzzAnswers(f *testing.F) {
	f.Add([]byte{2, 0, 2, 2, 0, 14, 8, 0}, []byte{2, 0, 3, 0}, []byte{64 | 5, 64}, false)
	f.Add([]byte{2, 0, 2, 0, 2, 0}, []byte{15, 0, 16, 0}, []byte{64 | 5}, true)
	f.Add([]byte("\x02\x00\x02\x00\x03\x00"), []byte{16, 6}, []byte{64}, true)
	f.Fuzz(func(t *testing.T, first, second, cuts []byte, ahead bool) {
		if len(first)+len(second) > 60 {
			return
		}
		text := func(b []byte) string {
			var out strings.Builder
			for _, x := range b {
				out.WriteString(words[int(x)%len(words)])
			}
			if out.Len() > 0 {
				out.WriteString("\n")
			}
			return out.String()
		}
		a, b := text(first), text(second)
		if unknowable.MatchString(a) || unknowable.MatchString(b) {
			return
		}
		if ahead && typedAhead.MatchString(a+b) {
			return // what is typed ahead is known before
		}
		crlf := func(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") }
		c := &console{cuts: cuts, answers: map[string]string{"show a": crlf(a), "show b": crlf(b), "show c": "the last\r\n"}}
		s := c.session(t)
		defer func() { c.end(); s.Close() }()
		list := []targets.Command{read("show a"), read("show b"), read("show c")}
		for i := range list {
			list[i].Ahead = ahead
		}
		got, err := s.Do(t.Context(), list...)
		if err != nil {
			t.Fatalf("%v\nanswers %q", err, got)
		}
		for i, want := range []string{a, b, "the last\n"} {
			if got[i] != want {
				t.Fatalf("answer %d is %q, want %q", i, got[i], want)
			}
		}
	})
}
