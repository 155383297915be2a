package console

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/nbfwc/nbfwc/targets"
)

// maxBanner bounds what a device prints before its first prompt.
const maxBanner = 1 << 20

// newProbe is an empty line that can be told from others: two blanks or more, not
// as many as one of those before it. No device minds them, and no text that was
// configured before has just as many behind a prompt; one it may have, where the
// prompt itself ends with a blank or not.
func newProbe(before []string) (string, error) {
	for {
		b := make([]byte, 1)
		if _, err := rand.Read(b); err != nil {
			return "", err
		}
		if p := strings.Repeat(" ", 2+int(b[0]&15)); !slices.Contains(before, p) {
			return p, nil
		}
	}
}

// greeting is the way to the first prompt.
type greeting struct {
	r      *reading // for questions
	s      *Session
	seen   int // bytes
	probes []string
	at     string // what the last probe was typed behind
	found  string // the prompt that the last probe shows behind, "" before it does
	since  int    // bytes after that
	blank  []string
	simple int // probes in a row that showed as nothing but another prompt
}

// login finds the first prompt and learns the host from it. Banners may hold
// anything, also prompts, and may be cut anywhere; so a prompt counts when it
// came twice, with a probe between.
func (s *Session) login() error {
	q := s.o.Platform.Greeting
	g := &greeting{s: s}
	g.r = &reading{s: s, c: &targets.Command{Ask: q}, wait: s.o.Idle}
	var err error
	if g.r.asks, err = compileAsk(q); err != nil {
		return err
	}
	prompt, err := g.prompt()
	if err != nil {
		return err
	}
	if s.p.host == "" {
		if s.p.host, err = learnHost(s.o.Platform, prompt); err != nil {
			return err
		}
	}
	if s.mode = s.p.mode(prompt); s.mode == "" {
		return fmt.Errorf("%q is no prompt of the host %q", prompt, s.p.host)
	}
	s.buf = []byte(prompt)
	s.learnBlank(strings.TrimSpace(strings.Join(g.blank, "\n")))
	return nil
}

// prompt reads up to the first prompt.
func (g *greeting) prompt() (string, error) {
	s := g.s
	for {
		if g.lines(); g.seen+len(s.buf) > maxBanner {
			return "", fmt.Errorf("no prompt in the first %d KiB", maxBanner>>10)
		}
		wait := s.o.Idle
		if len(s.buf) <= 4*maxPrompt && !s.waiting() {
			had := len(s.buf)
			done, err := g.partial()
			if err != nil || done != "" {
				return done, err
			}
			if len(s.buf) > had { // more came meanwhile
				continue
			}
			if len(g.probes) < maxProbes && g.mayProbe() {
				wait = min(wait, again)
			}
		}
		if err := s.next(wait); err != nil {
			if !errors.Is(err, errIdle) || wait == s.o.Idle {
				return "", s.silent(err)
			}
			if err := g.probe(); err != nil {
				return "", err
			}
		}
	}
}

// mayProbe says whether an empty line does no harm: at what looks like a
// prompt, or where nothing is asked.
func (g *greeting) mayProbe() bool {
	shown := screen(g.s.buf)
	// A prompt that nobody else can know needs no such help; and a terminal would
	// echo the line before the program is there that has to read it.
	return shown == "" && !g.s.sure || g.s.p.mode(shown) != ""
}

// lines uses the whole lines of the buffer.
func (g *greeting) lines() {
	s := g.s
	for {
		i := bytes.IndexByte(s.buf, '\n')
		if i < 0 {
			return
		}
		shown := screen(s.buf[:i])
		g.seen += i + 1
		s.buf = s.buf[i+1:]
		if g.r.after != nil {
			g.r.after = nil
			continue
		}
		if len(g.probes) == 0 {
			continue
		}
		probe := g.probes[len(g.probes)-1]
		if before, ok := strings.CutSuffix(shown, probe); ok && s.p.mode(before) != "" {
			g.found, g.since, g.blank, s.echo = before, 0, nil, echoPlain
		} else if shown == g.at && s.p.mode(shown) != "" {
			g.found, g.since, g.blank, s.echo = shown, 0, nil, echoWeak
		} else if g.since += i + 1; g.since > maxBlank { // more than an empty line gives
			g.found, g.blank = "", nil
		} else {
			g.blank = append(g.blank, shown)
		}
	}
}

// partial looks at the line that the output ends with and returns the prompt
// when it is proved to be one.
func (g *greeting) partial() (prompt string, err error) {
	s := g.s
	shown := screen(s.buf)
	if g.r.after != nil {
		shown = g.r.after.strip(shown)
	}
	switch {
	case shown == "":
		return "", nil
	case g.twice(shown): // no echo, not even of the line end
		prompt := shown[:len(shown)/2]
		g.found, s.echo = prompt, echoNone
		s.buf = []byte(prompt)
		return g.accept(prompt)
	case s.sure && len(g.probes) == 0 && s.p.suffix(shown) != "":
		s.buf = []byte(s.p.suffix(shown))
		return "", g.probe()
	case s.p.mode(shown) != "":
		g.r.cutEcho()
		if g.found == shown {
			return g.accept(shown)
		}
		if len(g.probes) == 0 {
			return "", g.probe()
		}
	case s.more.waits(shown):
		s.buf = nil
		return "", s.write(" ", false)
	default:
		for i, re := range g.r.asks {
			if re.MatchString(shown) {
				return "", g.r.answer(&s.o.Platform.Greeting[i], shown)
			}
		}
	}
	return "", nil
}

// twice says whether a line is a prompt, of which the last probe was typed behind
// as much as had come, and the same once more.
func (g *greeting) twice(shown string) bool {
	prompt, again := shown[:len(shown)/2], shown[len(shown)/2:]
	return g.at != "" && prompt == again && strings.HasPrefix(prompt, g.at) && g.s.p.mode(prompt) != ""
}

// accept is a prompt that came again. Where the probe itself wasn't shown, a
// banner can have done that; then it takes two more, and quiet between.
func (g *greeting) accept(prompt string) (string, error) {
	s := g.s
	if s.sure || s.echo == echoPlain && g.found == prompt {
		return prompt, nil
	}
	if err := s.next(settle); !errors.Is(err, errIdle) {
		g.simple = 0
		return "", err
	}
	if g.simple++; g.simple > 2 {
		return prompt, nil
	}
	return "", g.probe()
}

// probe types an empty line.
func (g *greeting) probe() error {
	s := g.s
	if len(g.probes) >= 2*maxProbes {
		return fmt.Errorf("%w: it doesn't answer to an empty line with a prompt", ErrLost)
	}
	probe := ""
	if !s.sure {
		var err error
		if probe, err = newProbe(g.probes); err != nil {
			return err
		}
	}
	g.probes = append(g.probes, probe)
	g.found, g.at = "", screen(s.buf)
	return s.write(probe+lineEnd, false)
}
