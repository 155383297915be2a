package nftables

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nbfwc/nbfwc/targets"
)

// shellSession is a login without a network: the platform's program runs in a
// process of this machine. It takes no files.
type shellSession struct {
	typed []string // the lines, in order

	readOnly bool
	cmd      *exec.Cmd
	in       io.WriteCloser
	out      chan []byte
	got      []byte
	once     sync.Once
}

const testWord = "w7f3a9"

var _ targets.Session = (*shellSession)(nil)

var errSessionEnded = errors.New("the session has ended")

// newSession begins a session in a process that runs the program.
func newSession(cmd *exec.Cmd, readOnly bool) (*shellSession, error) {
	s := &shellSession{cmd: cmd, readOnly: readOnly, out: make(chan []byte, 64)}
	var err error
	if s.in, err = cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		defer close(s.out)
		for {
			b := make([]byte, 1<<16)
			n, err := out.Read(b)
			if n > 0 {
				s.out <- b[:n]
			}
			if err != nil {
				return
			}
		}
	}()
	if _, err := s.answer(context.Background(), 15*time.Second); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// programFor is the platform's program as a session starts it.
func programFor() string {
	return strings.ReplaceAll(Dialogue{}.Platform().Program, "{host}", testWord)
}

var testPrompt = regexp.MustCompile(`(?:^|\n)` + testWord + `> $`)

// answer is what comes until the prompt.
func (s *shellSession) answer(ctx context.Context, wait time.Duration) (string, error) {
	s.got = s.got[:0]
	timer := time.NewTimer(wait)
	defer timer.Stop()
	for {
		tail := s.got[max(0, len(s.got)-40):]
		if m := testPrompt.FindIndex(tail); m != nil {
			text := string(s.got[:len(s.got)-len(testWord)-2])
			return text, nil
		}
		select {
		case b, ok := <-s.out:
			if !ok {
				return string(s.got), errSessionEnded
			}
			s.got = append(s.got, b...)
		case <-ctx.Done():
			return string(s.got), ctx.Err()
		case <-timer.C:
			return string(s.got), fmt.Errorf("no prompt in %s, but %q", wait, tail)
		}
	}
}

func (s *shellSession) Do(ctx context.Context, commands ...targets.Command) ([]string, error) {
	var answers []string
	for _, c := range commands {
		if s.readOnly && !c.Reads {
			return answers, targets.ErrReadOnly
		}
		if len(c.Line) > 4000 || strings.ContainsAny(c.Line, "\n\t\x1b") {
			return answers, fmt.Errorf("no line for a terminal: %q", c.Line)
		}
		s.typed = append(s.typed, c.Line)
		if _, err := io.WriteString(s.in, c.Line+"\n"); err != nil {
			return answers, err
		}
		text, err := s.answer(ctx, 30*time.Second)
		if err != nil {
			return answers, fmt.Errorf("%q: %w", c.Line, err)
		}
		answers = append(answers, text)
		if err := c.Check(text, "shell", "shell"); err != nil {
			return answers, err
		}
	}
	return answers, nil
}

func (s *shellSession) Mode() string   { return "shell" }
func (s *shellSession) ReadOnly() bool { return s.readOnly }
func (s *shellSession) Ends() (client, device netip.AddrPort) {
	return
}

func (s *shellSession) Close() error {
	s.once.Do(func() {
		s.in.Close()
		_ = s.cmd.Process.Kill()
		go func() {
			for range s.out {
			}
		}()
		_ = s.cmd.Wait()
	})
	return nil
}

// Every shell that may be called sh takes the program and the lines.
func TestDialogueWorksInEveryShell(t *testing.T) {
	for _, shell := range [][]string{{"dash"}, {"bash"}, {"bash", "--posix"}, {"busybox", "sh"}} {
		t.Run(strings.Join(shell, " "), func(t *testing.T) {
			if _, err := exec.LookPath(shell[0]); err != nil {
				t.Fatalf("%v: install the packages dash, bash and busybox", err)
			}
			program := strings.Replace(programFor(), " sh -c", " "+strings.Join(shell, " ")+" -c", 1)
			s, err := newSession(exec.Command("sh", "-c", program), true)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			ctx := context.Background()
			id, err := Dialogue{}.Open(ctx, s, targets.Partition{})
			if err != nil {
				t.Fatal(err)
			}
			if name, _ := os.Hostname(); id.Hostname != name || !strings.HasPrefix(id.Model, "Linux ") || !regexp.MustCompile(`^[0-9]+\.`).MatchString(id.Version) {
				t.Errorf("identity %+v", id)
			}
			h, err := look(ctx, s)
			if err != nil {
				t.Fatal(err)
			}
			text, errs, ok, err := h.content(ctx, "try", `sh -c 'echo one; echo oops >&2; printf two; exit 3'`)
			if text != "one\ntwo" || errs != "oops" || ok || err != nil {
				t.Errorf("content: %q %q %v %v", text, errs, ok, err)
			}
			if text, errs, ok, err = h.content(ctx, "try", `printf 'status 0\nerrors\n%s> \n' `+testWord); text != "status 0\nerrors\n"+testWord+"> \n" || errs != "" || !ok || err != nil {
				t.Errorf("look-alikes: %q %q %v %v", text, errs, ok, err)
			}
			if _, err := h.read(ctx, "try", "false"); err == nil || !strings.Contains(err.Error(), "try") {
				t.Errorf("a line that fails: %v", err)
			}
			if _, err := h.read(ctx, "try", "echo unexpected"); err == nil {
				t.Error("a line that says something unexpected")
			}
		})
	}
}

// Linux has no contexts; nothing is typed before that is said.
func TestDialogueRefusesPartitions(t *testing.T) {
	s, err := newSession(exec.Command("sh", "-c", programFor()), true)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	_, err = Dialogue{}.Open(context.Background(), s, targets.Partition{Context: "vdom1"})
	if err == nil || !strings.Contains(err.Error(), "vdom1") {
		t.Errorf("have %v", err)
	}
	if len(s.typed) > 0 {
		t.Errorf("typed %q", s.typed)
	}
}

// The document names the lines of sudoers that the program asks for.
func TestSudoersOfTheDocument(t *testing.T) {
	text, err := os.ReadFile("../../docs/targets/nftables.md")
	if err != nil {
		t.Fatal(err)
	}
	h := host{user: "nbfwc", uid: "990", nft: "/usr/sbin/nft", boot: "/etc/nftables.conf"}
	_, lines, _ := strings.Cut(h.sudoers(), "\n")
	lines = strings.ReplaceAll(strings.TrimPrefix(lines, "  "), "\n  ", "\n")
	if !strings.Contains(string(text), "```\n"+lines+"\n```\n") {
		t.Errorf("the document doesn't hold\n%s", lines)
	}
}
