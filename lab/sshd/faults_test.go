package sshd

import (
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
)

// reads returns what came of each command, until the connection is gone.
func reads(x *tty, commands ...string) (got []string, gone bool) {
	x.until("fw# ")
	for _, c := range commands {
		x.typed(c + "\r")
		var b strings.Builder
		var buf [1]byte
		for !strings.HasSuffix(b.String(), "fw# ") {
			if _, err := x.out.Read(buf[:]); err != nil {
				return append(got, b.String()), true
			}
			b.WriteByte(buf[0])
		}
		got = append(got, b.String())
	}
	return got, false
}

func TestConnectionCutAtEveryCommand(t *testing.T) {
	commands := []string{"one", "two", "three"}
	for n := 1; n <= 3; n++ {
		for _, after := range []bool{false, true} {
			m := &machine{prompt: "fw# ", answer: func(l string) string { return "did " + l + "\n" }}
			f := Faults{DropBefore: n}
			done := n - 1
			if after {
				f = Faults{DropAfter: n}
				done = n
			}
			s := serve(t, m, Options{Faults: f})
			got, gone := reads(open(t, s), commands...)
			if !gone || len(got) != n || strings.Contains(got[n-1], "did") {
				t.Errorf("cut at %d, after: %v: %v, got %q", n, after, gone, got)
			}
			if d := m.done(); !slices.Equal(d, commands[:done]) {
				t.Errorf("cut at %d, after: %v: the device did %q", n, after, d)
			}
			if got, gone := reads(open(t, s), commands...); gone {
				t.Errorf("the next login was cut as well: %q", got)
			}
		}
	}
}

func TestConnectionCutAtEveryByte(t *testing.T) {
	const whole = "fw# one\r\ndid one\r\nfw# "
	for n := 1; n <= len(whole); n++ {
		m := &machine{prompt: "fw# ", answer: func(l string) string { return "did " + l + "\n" }}
		x := open(t, serve(t, m, Options{Faults: Faults{DropAtByte: int64(n)}}))
		x.typed("one\r")
		if got := x.rest(); got != whole[:n] && !strings.HasPrefix(whole[:n], got) {
			t.Errorf("cut at byte %d: %q", n, got)
		}
	}
}

func TestDeviceFallsSilent(t *testing.T) {
	for _, f := range []Faults{{HangBefore: 2}, {HangAfter: 2}} {
		m := &machine{prompt: "fw# ", answer: func(string) string { return "done\n" }}
		s := serve(t, m, Options{Faults: f})
		x := open(t, s)
		x.until("fw# ")
		x.typed("one\r")
		x.until("fw# ")
		x.typed("two\rthree\r")
		x.until("two\r\n")
		time.AfterFunc(200*time.Millisecond, func() { x.client.Close() })
		if got := x.rest(); got != "" {
			t.Errorf("%+v: not silent: %q", f, got)
		}
		want := []string{"one", "two"}[:1+f.HangAfter/2]
		if got := m.done(); !slices.Equal(got, want) {
			t.Errorf("%+v: the device did %q, want %q", f, got, want)
		}
	}
}

func TestADeviceThatIsGoneStaysGone(t *testing.T) {
	s := serve(t, &machine{prompt: "fw# "}, Options{Faults: Faults{DropAfter: 1, Gone: true, Reset: true}})
	if _, gone := reads(open(t, s), "reload"); !gone {
		t.Fatal("not cut")
	}
	if c, err := dial(s); err == nil {
		c.Close()
		t.Error("a login on a device that is gone")
	}
	s.SetFaults(Faults{})
	reads(open(t, s), "show")
}

// Whatever the pieces are, the bytes are the same.
func TestPiecesMakeTheSameOutput(t *testing.T) {
	m := &machine{prompt: "fw# ", answer: func(string) string { return "remark fw# is > than $5\n" + strings.Repeat("a", 300) + "\n" }}
	const want = "show\r\nremark fw# is > than $5\r\n"
	for _, f := range []Faults{
		{Chunk: 1}, {Chunk: 3, Delay: time.Millisecond}, {Chunk: 1, Delay: 50 * time.Microsecond},
		{PromptPause: 5 * time.Millisecond}, {PromptPause: time.Millisecond, Chunk: 2}, {CutPrompt: 5 * time.Millisecond},
	} {
		x := open(t, serve(t, m, Options{Faults: f}))
		x.until("fw# ")
		x.typed("show\r")
		got := ""
		for strings.Count(got, "fw# ") < 2 {
			got += x.until("fw# ")
		}
		if got != want+strings.Repeat("a", 300)+"\r\nfw# " {
			t.Errorf("%+v: %q", f, got)
		}
	}
}

func TestAPauseComesAfterWhatLooksLikeAPrompt(t *testing.T) {
	const pause = 300 * time.Millisecond
	m := &machine{prompt: "fw# ", answer: func(string) string { return "### fw# more\n" }}
	s := serve(t, m, Options{})
	x := open(t, s)
	x.until("fw# ")
	s.SetFaults(Faults{PromptPause: pause})
	x.typed("s\r")
	x.until("fw# ")
	began := time.Now()
	x.until("more\r\n")
	if d := time.Since(began); d < pause/2 {
		t.Errorf("the rest came after %v", d)
	}
}

func TestWhatFaultsPutIntoAnswers(t *testing.T) {
	m := &machine{prompt: "fw# ", answer: func(string) string { return "first\nsecond\n" }}
	for _, c := range []struct {
		f    Faults
		want string
	}{
		{Faults{NoiseEvery: 1, Noise: "%ASA-5-111008: hello"}, "x\r\nfirst\r\n%ASA-5-111008: hello\r\nsecond\r\nfw# "},
		{Faults{WrapOutput: 4}, "x\r\nfirs\r\nt\r\nseco\r\nnd\r\nfw# "},
		{Faults{Escapes: true}, "x\r\n\x1b[0mfirst\x1b[K\r\n\x1b[0msecond\x1b[K\r\n\x1b[?2004h\x1b[1m\x1b[0mfw# "},
	} {
		x := open(t, serve(t, m, Options{Faults: c.f}))
		x.until("fw# ")
		x.typed("x\r")
		if got := x.until("fw# "); got != c.want {
			t.Errorf("%+v: got %q, want %q", c.f, got, c.want)
		}
	}
}

func TestHowALoginEnds(t *testing.T) {
	for _, c := range []struct {
		exit            Exit
		status, connect bool
	}{{ExitAll, true, false}, {ExitChannel, true, true}, {ExitConnection, false, false}} {
		x := open(t, serve(t, &machine{prompt: "fw# "}, Options{Faults: Faults{Exit: c.exit}}))
		x.until("fw# ")
		x.typed("exit\r")
		if got := x.rest(); got != "exit\r\nbye\r\n" {
			t.Errorf("%d: %q", c.exit, got)
		}
		if err := x.sess.Wait(); (err == nil) != c.status {
			t.Errorf("%d: exit status: %v", c.exit, err)
		}
		if c.connect {
			if err := waitFor(func() bool { _, err := x.client.NewSession(); return err == nil }); err != nil {
				t.Errorf("%d: the connection is closed: %v", c.exit, err)
			}
		} else if err := x.client.Wait(); err == nil {
			t.Errorf("%d: the connection ended by an agreement", c.exit)
		}
	}
}

func TestLoginsThatFail(t *testing.T) {
	try := func(f Faults, password string) (tries int, d time.Duration, err error) {
		s := serve(t, &machine{prompt: "fw# "}, Options{Faults: f, Methods: []string{"password"}})
		began := time.Now()
		c, err := dial(s, ssh.RetryableAuthMethod(ssh.PasswordCallback(func() (string, error) { tries++; return password, nil }), 10))
		if err == nil {
			c.Close()
		}
		return tries, time.Since(began), err
	}
	if n, _, err := try(Faults{}, "no"); err == nil || n != authTries {
		t.Errorf("wrong password: %d tries, %v", n, err)
	}
	if n, _, err := try(Faults{CutDenied: true}, "no"); err == nil || n != 1 {
		t.Errorf("cut at the wrong password: %d tries, %v", n, err)
	}
	if _, _, err := try(Faults{DenyAll: true}, "secret"); err == nil {
		t.Error("somebody got in where nobody does")
	}
	if _, d, err := try(Faults{LoginDelay: 100 * time.Millisecond}, "secret"); err != nil || d < 100*time.Millisecond {
		t.Errorf("slow login: %v, %v", d, err)
	}
}

func TestAMuteDevice(t *testing.T) {
	s := serve(t, &machine{prompt: "fw# "}, Options{Faults: Faults{Mute: true}})
	c, err := net.Dial("tcp", s.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
	if n, err := c.Read(make([]byte, 10)); n > 0 || err == nil {
		t.Errorf("it said something: %d, %v", n, err)
	}
}
