package console

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/nbfwc/nbfwc/targets"
)

// pager knows what stands between two pages: the whole line that the output
// ends with.
type pager struct{ re *regexp.Regexp }

func newPager(pattern string) (*pager, error) {
	if pattern == "" {
		return &pager{}, nil
	}
	re, err := cachedRegexp("^(?:" + pattern + ")$")
	if err != nil {
		return nil, fmt.Errorf("pager: %w", err)
	}
	return &pager{re}, nil
}

func (p *pager) waits(shown string) bool { return p.re != nil && p.re.MatchString(shown) }

// partial looks at the line that the output ends with. It is done if that is
// the end; patience is how long the line may stand before another probe is
// typed, 0 for ever.
func (r *reading) partial() (done bool, patience time.Duration, err error) {
	s := r.s
	shown := screen(s.buf)
	if r.after != nil {
		shown = r.after.strip(shown)
	}
	if s.sure {
		if prompt := s.p.suffix(shown); prompt != "" {
			if before := strings.TrimSuffix(shown, prompt); before != "" { // its line had no end
				r.line([]byte(before))
			}
			s.mode, s.buf = s.p.mode(prompt), []byte(prompt)
			return true, 0, nil
		}
	}
	if s.p.mode(shown) != "" {
		r.cutEcho()
		return r.atPrompt(shown)
	}
	if _, blanks := s.p.behind(shown); blanks > 0 && !r.ahead && !r.exact() {
		// Blanks for pages that were none, or a probe of which a pager ate the end.
		if len(r.probes) == 0 {
			return false, settle, nil
		}
		return false, again, nil
	}
	if s.more.waits(shown) {
		// The device erases this line before it goes on.
		s.buf, r.pages = nil, shown
		r.eaten = r.eaten || len(r.probes) > 0
		r.turned++
		return false, 0, s.write(" ", false)
	}
	for i, re := range r.asks {
		if shown != "" && re.MatchString(r.out.tail()+shown) {
			return false, 0, r.answer(&r.c.Ask[i], shown)
		}
	}
	return false, 0, nil
}

// atPrompt makes sure that what looks like a prompt is one. A line of the
// answer can look the same, and a chunk can end there; so a probe is typed. Only
// the device's command line shows it behind a prompt.
func (r *reading) atPrompt(shown string) (done bool, patience time.Duration, err error) {
	s := r.s
	switch {
	case r.ahead: // what was typed ahead is the probe
		return false, 0, nil
	case r.over:
		err := s.next(settle)
		if !errors.Is(err, errIdle) {
			return false, 0, err
		}
		if (r.eaten || len(r.probes) > 1) && s.p.mode(lastLine(r.out.tail())) != "" {
			return false, 0, fmt.Errorf("%w: the answer ends with a prompt, and a pager has read some of what was typed", ErrLost)
		}
		s.mode = s.p.mode(shown)
		return true, 0, nil
	case len(r.probes) > 0:
		return false, again, nil
	case s.echo == echoPlain && r.turned > 0:
		// A probe that is typed too early would turn pages.
		if err := s.next(settle); !errors.Is(err, errIdle) {
			return false, 0, err
		}
		return false, again, r.typeProbe()
	case s.echo == echoPlain:
		return false, again, r.typeProbe()
	}
	// The device doesn't show what is typed as it is. That it has nothing more to
	// say must do, and that nothing but a prompt follows an empty line.
	if err := s.next(settle); !errors.Is(err, errIdle) {
		return false, 0, err
	}
	s.mode, s.buf = s.p.mode(shown), nil
	if err := s.write(lineEnd, false); err != nil {
		return false, 0, err
	}
	return true, 0, r.blank()
}

// typeProbe types a probe unlike those before it.
func (r *reading) typeProbe() error {
	if len(r.probes) >= maxProbes {
		return fmt.Errorf("%w: an empty line was typed %d times and not answered", ErrLost, len(r.probes))
	}
	probe, err := newProbe(r.probes)
	if err != nil {
		return err
	}
	r.probes = append(r.probes, probe)
	return r.s.write(probe+lineEnd, false)
}

// lastLine is the last of whole lines.
func lastLine(text string) string {
	text = strings.TrimSuffix(text, "\n")
	return text[strings.LastIndexByte(text, '\n')+1:]
}

// nextPage is the first line after a page: the rest of what erases the pager's
// line, and text.
func (r *reading) nextPage(line []byte) {
	if len(line) == 0 { // nothing was erased: it was text that looks like a pager
		r.line([]byte(r.pages))
		r.stray = true // the blank is still on its way to whatever reads next
	} else {
		r.line(line)
	}
	r.pages = ""
}

// answer types what a question asks for.
func (r *reading) answer(q *targets.Question, shown string) error {
	s := r.s
	a := answered{text: q.Answer, secret: q.Secret}
	if q.Secret != "" {
		for _, t := range r.typed {
			if t.secret == q.Secret {
				return &permanentError{fmt.Errorf("the secret %q was refused", q.Secret)}
			}
		}
		if s.o.Secrets == nil {
			return fmt.Errorf("%s: %w", q.Secret, ErrNoSecret)
		}
		var err error
		if a.text, err = s.o.Secrets.Secret(s.ctx, q.Secret); err == nil {
			err = checkSecret(a.text)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", q.Secret, err)
		}
	}
	if len(r.typed) >= maxAsked {
		return fmt.Errorf("it asks %s again and again", s.quote(shown))
	}
	// The question stays in the answer, what is typed behind it doesn't.
	r.line([]byte(shown))
	s.buf = nil
	a.at = r.out.n
	r.typed = append(r.typed, a)
	r.after = &r.typed[len(r.typed)-1]
	line := a.text
	if !q.Key {
		line += lineEnd
	}
	return s.write(line, q.Secret != "")
}

// strip is a line without the echo of what was typed at its begin.
func (a *answered) strip(shown string) string {
	if rest, ok := strings.CutPrefix(shown, a.text); ok {
		return rest
	}
	if a.secret != "" {
		return strings.TrimLeft(shown, "*")
	}
	return shown
}

// answerEcho is the rest of the line on which a question was answered.
func (r *reading) answerEcho(line []byte) {
	rest := r.after.strip(screen(line))
	r.after = nil
	if strings.TrimSpace(rest) != "" {
		r.line([]byte(rest))
	}
}

// cutEcho removes the echo of an answer from the begin of the buffer, where no
// line end came after it.
func (r *reading) cutEcho() {
	if r.after != nil {
		r.s.buf = bytes.TrimPrefix(r.s.buf, []byte(r.after.text))
		r.after = nil
	}
}

// text is the answer.
func (r *reading) text() string { return r.mask(r.out.String()) }

// mask is s without the secrets that were typed for it.
func (r *reading) mask(s string) string {
	for _, a := range r.typed {
		if a.secret != "" && len(a.text) >= shortestMasked {
			s = strings.ReplaceAll(s, a.text, "***")
		}
	}
	return s
}
