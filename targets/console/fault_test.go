package console

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/nbfwc/nbfwc/targets"
)

// clean fails the test if a connection or a goroutine of a session is left.
func clean(t *testing.T, d *device) {
	t.Helper()
	for range 200 {
		if d.open() == 0 {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if n := d.open(); n > 0 {
		t.Errorf("%d connections are left", n)
	}
	d.stop()
	goleak.VerifyNone(t)
}

// A connection that breaks anywhere is an error at once, with no answer but
// those that are whole, and leaves nothing behind.
func TestDisconnectAnywhere(t *testing.T) {
	d := newDevice()
	d.banner = "Welcome\n"
	d.answers = map[string]string{"show version": "Version 9.16(4)\nup 3 days\n", "show clock": "12:00:00\n"}
	d.start(t)
	o := d.options(t)
	total := len("Welcome\r\nfw01> show version\r\nVersion 9.16(4)\r\nup 3 days\r\nfw01> \r\nfw01> show clock\r\n12:00:00\r\nfw01> \r\n") + 140
	whole := false
	for d.cut = 1; d.cut < total; d.cut++ {
		s, err := Dial(t.Context(), d.addr, o)
		if err != nil {
			if !strings.Contains(err.Error(), "login") || errors.Is(err, errIdle) {
				t.Fatalf("cut at byte %d: %v", d.cut, err)
			}
			continue
		}
		got, err := s.Do(t.Context(), read("show version"), read("show clock"))
		want := []string{d.answers["show version"], d.answers["show clock"]}
		if !slices.Equal(got, want[:len(got)]) || (err == nil) != (len(got) == 2) {
			t.Fatalf("cut at byte %d: %q, %v", d.cut, got, err)
		}
		if err != nil {
			if _, again := s.Do(t.Context(), read("show clock")); again == nil {
				t.Fatal("the session goes on")
			}
		}
		whole = whole || err == nil
		s.Close()
	}
	if !whole {
		t.Error("no session came to its end")
	}
	clean(t, d)
}

// The device ends the session; nothing waits and nothing is left.
func TestExit(t *testing.T) {
	d := newDevice().start(t)
	s := d.dial(t)
	begin := time.Now()
	_, err := s.Do(t.Context(), read("exit"))
	if err == nil || !errors.Is(err, errEnded) {
		t.Errorf("error %v", err)
	}
	if time.Since(begin) > time.Second {
		t.Errorf("it took %s to notice", time.Since(begin))
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	clean(t, d)
}

// Whoever doesn't answer is not waited for longer than was said.
func TestSilence(t *testing.T) {
	for _, where := range []string{"tcp", "shell", "show version"} {
		t.Run(where, func(t *testing.T) {
			d := newDevice()
			d.silent = where
			d.start(t)
			o := d.options(t)
			o.Handshake, o.Idle = 300*time.Millisecond, 300*time.Millisecond
			begin := time.Now()
			s, err := Dial(t.Context(), d.addr, o)
			if where == "show version" && err == nil {
				defer s.Close()
				_, err = s.Do(t.Context(), read("show version"))
			}
			if !errors.Is(err, errIdle) && !errors.Is(err, errSilent) {
				t.Errorf("error %v", err)
			}
			if took := time.Since(begin); took > 3*time.Second {
				t.Errorf("it took %s", took)
			}
			clean(t, d)
		})
	}
}

// A cancelled context ends whatever is waited for, soon.
func TestCancel(t *testing.T) {
	for _, where := range []string{"tcp", "shell", "show version"} {
		t.Run(where, func(t *testing.T) {
			d := newDevice()
			d.silent = where
			d.start(t)
			o := d.options(t)
			why := errors.New("the user has changed their mind")
			ctx, cancel := context.WithCancelCause(t.Context())
			time.AfterFunc(200*time.Millisecond, func() { cancel(why) })
			begin := time.Now()
			s, err := Dial(ctx, d.addr, o)
			if where == "show version" && err == nil {
				defer s.Close()
				_, err = s.Do(ctx, read("show version"))
			}
			if !errors.Is(err, why) {
				t.Errorf("error %v", err)
			}
			if took := time.Since(begin); took > 600*time.Millisecond {
				t.Errorf("it took %s", took)
			}
			clean(t, d)
		})
	}
}

// Output without end, with and without line ends, is bounded.
func TestEndlessOutput(t *testing.T) {
	for name, piece := range map[string]string{"lines": "fw01# more\r\n", "one line": "xxxxxxxxxxxxxxxx", "escapes": "\x1b[1;1;1;1"} {
		t.Run(name, func(t *testing.T) {
			d := newDevice()
			d.pace = func(out io.Writer, text []byte) error {
				if !bytes.Contains(text, []byte("ENDLESS")) {
					_, err := out.Write(text)
					return err
				}
				for {
					if _, err := out.Write([]byte(strings.Repeat(piece, 1000))); err != nil {
						return err
					}
				}
			}
			d.answers = map[string]string{"show x": "ENDLESS\n"}
			d.start(t)
			s := d.dial(t, func(o *Options) { o.Limit, o.Idle = 1<<20, time.Second })
			_, err := s.Do(t.Context(), read("show x"))
			if err == nil || name != "escapes" && !strings.Contains(err.Error(), "longer than 1048576 bytes") {
				t.Errorf("error %v", err)
			}
			clean(t, d)
		})
	}
}

// What a device refuses is an error with its name.
func TestRefused(t *testing.T) {
	for _, what := range []string{"session", "pty-req", "shell"} {
		t.Run(what, func(t *testing.T) {
			d := newDevice()
			d.refuse = what
			d.start(t)
			_, err := Dial(t.Context(), d.addr, d.options(t))
			if err == nil || !strings.Contains(err.Error(), what) {
				t.Errorf("error %v", err)
			}
			clean(t, d)
		})
	}
}

// A wrong enable secret is typed once, also when the device asks again.
func TestWrongEnableSecret(t *testing.T) {
	d := newDevice()
	d.enable = "another"
	d.start(t)
	s := d.dial(t)
	_, err := s.Do(t.Context(), enable)
	if err == nil || !strings.Contains(err.Error(), `the secret "enable" was refused`) {
		t.Errorf("error %v", err)
	}
	if strings.Contains(err.Error(), "open-sesame") {
		t.Errorf("the secret is in the error: %v", err)
	}
	clean(t, d)
}

// A command that isn't expected to ask anything doesn't get an answer to a
// question, not even by a probe.
func TestUnexpectedQuestion(t *testing.T) {
	d := newDevice().start(t)
	s := d.dial(t, func(o *Options) { o.Idle = 500 * time.Millisecond })
	_, err := s.Do(t.Context(), targets.Command{Line: "reload"})
	if err == nil || !strings.Contains(err.Error(), "[confirm]") {
		t.Errorf("error %v", err)
	}
	clean(t, d)
}

// A question is answered with a key alone, and both are in the answer's place.
func TestQuestion(t *testing.T) {
	d := newDevice().start(t)
	s := d.dial(t)
	got := mustDo(t, s, targets.Command{Line: "reload", Any: true, Ask: []targets.Question{{Ask: `\[confirm\]`, Answer: "y", Key: true}}})
	if want := "Proceed with reload? [confirm]\nreload scheduled\n"; got[0] != want {
		t.Errorf("got %q", got[0])
	}
}

// A device that prints something by itself gets no further command: what comes
// next couldn't be told apart.
func TestUnasked(t *testing.T) {
	d := newDevice()
	d.pace = func(out io.Writer, text []byte) error {
		_, err := out.Write(text)
		if bytes.HasSuffix(text, []byte("LATE\r\n")) {
			go func() {
				time.Sleep(100 * time.Millisecond)
				_, _ = out.Write([]byte("\r\n%ASA-5-111008: noise\r\nfw01> "))
			}()
		}
		return err
	}
	d.answers = map[string]string{"show x": "LATE\n", "show version": "Version\n"}
	d.start(t)
	s := d.dial(t)
	mustDo(t, s, read("show x"))
	time.Sleep(300 * time.Millisecond)
	if got, err := s.Do(t.Context(), read("show version")); !errors.Is(err, ErrLost) || len(got) > 0 {
		t.Errorf("got %q, %v", got, err)
	}
	clean(t, d)
}

// A read-only session types nothing but what reads.
func TestReadOnly(t *testing.T) {
	d := newDevice()
	d.answers = map[string]string{"show version": "Version\n"}
	d.start(t)
	s := d.dial(t, func(o *Options) { o.ReadOnly = true })
	got, err := s.Do(t.Context(), read("show version"), targets.Command{Line: "configure terminal"}, read("show version"))
	if !errors.Is(err, targets.ErrReadOnly) || len(got) != 1 {
		t.Errorf("got %q, %v", got, err)
	}
	_, err = s.Do(t.Context(), targets.Command{Line: "show version", Ahead: true, Any: true, Reads: true}, targets.Command{Line: "object network X", Ahead: true})
	if !errors.Is(err, targets.ErrReadOnly) {
		t.Errorf("error %v", err)
	}
	if err := s.Upload(t.Context(), "/tmp/x", []byte("x")); !errors.Is(err, targets.ErrReadOnly) {
		t.Errorf("upload: %v", err)
	}
	for _, line := range d.lines() {
		if line := strings.TrimSpace(line); line != "" && line != "show version" {
			t.Errorf("%q was typed", line)
		}
	}
	mustDo(t, s, read("show version")) // it goes on
}

// A line with a line end in it would be two.
func TestControlCharactersAreNotTyped(t *testing.T) {
	d := newDevice().start(t)
	s := d.dial(t)
	for _, line := range []string{"show x\rreload", "show\x03", "a\tb", "\x1b[A"} {
		if _, err := s.Do(t.Context(), read(line)); err == nil {
			t.Errorf("%q was typed", line)
		}
	}
	if got := strings.TrimSpace(strings.Join(d.lines(), "")); got != "" {
		t.Errorf("%q was typed", got)
	}
}

// A device that is never silent and never done is given up, in the login as in
// an answer.
func TestTalksOnAndOn(t *testing.T) {
	drip := func(out io.Writer, text []byte) error {
		if !bytes.Contains(text, []byte("drip")) {
			_, err := out.Write(text)
			return err
		}
		for {
			if _, err := out.Write([]byte("x")); err != nil {
				return err
			}
			time.Sleep(10 * time.Millisecond)
		}
	}
	hasty := func(o *Options) { o.Longest = 300 * time.Millisecond }
	t.Run("answer", func(t *testing.T) {
		d := newDevice()
		d.pace, d.answers = drip, map[string]string{"show it": "drip"}
		d.start(t)
		begin := time.Now()
		_, err := d.dial(t, hasty).Do(t.Context(), read("show it"))
		if err == nil || !strings.Contains(err.Error(), "talks on and on") || time.Since(begin) > 5*time.Second {
			t.Errorf("error %v after %s", err, time.Since(begin))
		}
		clean(t, d)
	})
	t.Run("login", func(t *testing.T) {
		d := newDevice()
		d.pace, d.banner = drip, "drip"
		d.start(t)
		o := d.options(t)
		hasty(&o)
		begin := time.Now()
		_, err := Dial(t.Context(), d.addr, o)
		if err == nil || !strings.Contains(err.Error(), "talks on and on") || time.Since(begin) > 5*time.Second {
			t.Errorf("error %v after %s", err, time.Since(begin))
		}
		clean(t, d)
	})
}

// A transcript has what was typed and answered, and never a secret.
func TestTranscript(t *testing.T) {
	d := newDevice()
	d.answers = map[string]string{
		"show version": "Version\n", "show running-config": "key open-sesame\nsecret\n",
	}
	d.start(t)
	var log bytes.Buffer
	s := d.dial(t, func(o *Options) { o.Transcript = &log })
	private := read("show running-config")
	private.Private = true
	mustDo(t, s, enable, read("show version"), private)
	if _, err := s.Do(t.Context(), targets.Command{Line: "frobnicate"}); err == nil {
		t.Error("no error")
	}
	want := `> enable
Password: 
> ***
> show version
Version
> show running-config
[23 bytes, sha256 e4c1eed2a0a2c5d5a9cd4c0ab2e0cab2bd0ec81a1c5ab9a3ae1ef1b5a1c39e6f]
> frobnicate
ERROR: % Invalid input detected at '^' marker.
`
	got := log.String()
	if i := strings.Index(got, "sha256 "); i < 0 {
		t.Fatalf("got\n%s", got)
	} else {
		want = strings.Replace(want, want[strings.Index(want, "sha256 "):strings.Index(want, "]\n")], got[i:i+len("sha256 ")+64], 1)
	}
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if strings.Contains(got, "sesame") || strings.Contains(got, "let-me-in") {
		t.Error("a secret is in the transcript")
	}
}

type failingWriter struct{}

func (failingWriter) Write([]byte) (int, error) { return 0, os.ErrClosed }

// A transcript that can't be written ends the session.
func TestTranscriptFails(t *testing.T) {
	d := newDevice()
	d.answers = map[string]string{"show version": "Version\n"}
	d.start(t)
	s := d.dial(t, func(o *Options) { o.Transcript = failingWriter{} })
	if _, err := s.Do(t.Context(), read("show version")); !errors.Is(err, os.ErrClosed) {
		t.Errorf("error %v", err)
	}
	clean(t, d)
}

// Files are written whole, by name, or it is an error.
func TestUpload(t *testing.T) {
	d := newDevice()
	d.answers = map[string]string{"show version": "Version\n"}
	d.start(t)
	s := d.dial(t)
	content := bytes.Repeat([]byte("add rule inet fw forward accept\n"), 50_000)
	if err := s.Upload(t.Context(), "/var/tmp/nbfwc-1.nft", content); err != nil {
		t.Fatal(err)
	}
	if d.files["/var/tmp/nbfwc-1.nft"] != string(content) {
		t.Error("the content differs")
	}
	for _, bad := range []string{"", "x", "/tmp/a b", "/tmp/../etc/passwd", "/tmp/'x", "/tmp/x/", "//x", "/tmp/$(x)", "/tmp/x\n", "/" + strings.Repeat("x", 300)} {
		if err := s.Upload(t.Context(), bad, nil); err == nil {
			t.Errorf("%q was written", bad)
		}
	}
	for _, c := range [][2]string{{"disk", "No space left"}, {"short", "number of bytes"}, {"exec", "refused"}} {
		d.refuse = c[0]
		err := s.Upload(t.Context(), "/tmp/x", content)
		if err == nil || !strings.Contains(err.Error(), c[1]) {
			t.Errorf("%s: %v", c[0], err)
		}
		if c[0] != "exec" { // the session ends with that
			mustDo(t, s, read("show version"))
		}
	}
	clean(t, d)
}

// Options that can't work are errors, not panics.
func TestBadOptions(t *testing.T) {
	d := newDevice().start(t)
	for name, change := range map[string]func(*Options){
		"no known hosts":  func(o *Options) { o.KnownHosts = nil },
		"no modes":        func(o *Options) { o.Platform.Modes = nil },
		"a bad prompt":    func(o *Options) { o.Platform.Modes = []targets.Mode{{Name: "x", Prompt: "("}} },
		"a bad pager":     func(o *Options) { o.Platform.More = "(" },
		"a bad greeting":  func(o *Options) { o.Platform.Greeting = []targets.Question{{Ask: "("}} },
		"a mode twice":    func(o *Options) { o.Platform.Modes = append(slices.Clone(asa.Modes), asa.Modes[0]) },
		"a foreign host":  func(o *Options) { o.Platform.Program, o.Platform.Host = "sh", "[0-9]" },
		"a missing agent": func(o *Options) { o.Agent, o.Secrets = "/nonexistent", nil },
	} {
		o := d.options(t)
		change(&o)
		if _, err := Dial(t.Context(), d.addr, o); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	s := d.dial(t)
	if _, err := s.Do(t.Context(), targets.Command{Line: "x", Ask: []targets.Question{{Ask: "("}}}); err == nil {
		t.Error("a bad question: no error")
	}
	clean(t, d)
}
