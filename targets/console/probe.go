package console

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// end says whether raw, whole lines, is a prompt and what was typed after the
// command, or may be its beginning.
func (r *reading) end(raw []byte) (whole, partly bool) {
	s := r.s
	if s.p.host != "" && r.held == 0 && !bytes.Contains(raw, []byte(s.p.host)) {
		return false, false
	}
	var prompt string
	if r.ahead {
		var state echoed
		prompt, state = s.p.matchEcho(raw, strings.ReplaceAll(r.next, string(rune(quoteNext)), ""))
		whole, partly = state == echoWhole, state == echoPartial
	} else {
		prompt, whole = r.probeEcho(screen(raw))
	}
	if prompt != "" {
		s.mode = s.p.mode(prompt)
	}
	return whole, partly
}

// probeEcho is the prompt of a line that shows a probe behind it, and whether
// nothing is typed that the device has yet to read.
func (r *reading) probeEcho(shown string) (prompt string, whole bool) {
	if r.exact() {
		before, ok := strings.CutSuffix(shown, r.probes[0])
		if !ok || r.s.p.mode(before) == "" {
			return "", false
		}
		return before, true
	}
	if prompt, blanks := r.s.p.behind(shown); blanks > 0 {
		if !r.over {
			r.over, r.beyond = true, blocks{}
		}
		return prompt, false
	}
	return "", false
}

// exact says whether the probe must show as it was typed.
func (r *reading) exact() bool { return len(r.probes) == 1 && !r.stray && !r.eaten }

// behind is the prompt of a line that has nothing but blanks behind it.
func (p prompts) behind(shown string) (prompt string, blanks int) {
	if p.mode(shown) != "" { // the last blank is its own
		return shown, 0
	}
	for n := len(shown) - 1; n > 0 && shown[n] == ' '; n-- {
		if p.mode(shown[:n]) != "" {
			return shown[:n], len(shown) - n
		}
	}
	return "", 0
}

// blank reads what the device prints for the empty line that a probe is, up to
// the prompt. Only what it prints before every prompt, or has printed for the
// first empty line, goes without saying; anything else is news ("the transaction
// has expired") and belongs to the answer.
func (r *reading) blank() error {
	s := r.s
	var text strings.Builder
	for {
		for {
			line, rest, ok := bytes.Cut(s.buf, newline)
			if !ok {
				break
			}
			text.WriteString(screen(line) + "\n")
			s.buf = rest
		}
		if text.Len() > maxBlank || len(s.buf) > maxPrompt {
			return fmt.Errorf("%w: it answered to an empty line: %s", ErrLost, s.quote(text.String()))
		}
		if mode := s.p.mode(screen(s.buf)); mode != "" && !s.waiting() {
			if s.echo == echoNone { // the rest of the prompt would stand before the next answer
				if err := s.next(settle); !errors.Is(err, errIdle) {
					if err != nil {
						return s.silent(err)
					}
					continue
				}
			}
			if mode != s.mode {
				return fmt.Errorf("%w: an empty line led from mode %s to %s", ErrLost, s.mode, mode)
			}
			s.buf = bytes.Clone(s.buf) // and let go of what was before it
			r.news(text.String())
			return nil
		}
		if err := s.next(r.wait); err != nil {
			return s.silent(err)
		}
	}
}

// news adds to the answer what a device has printed for an empty line.
func (r *reading) news(text string) {
	s := r.s
	said := strings.TrimSpace(text)
	before := strings.TrimRight(r.out.tail(), " \n")
	if said == "" || slices.Contains(s.blanks, said) {
		return
	}
	if rest, ok := strings.CutSuffix(before, said); ok && (rest == "" || strings.HasSuffix(rest, "\n")) {
		s.learnBlank(said) // it stands before the prompt as well
		return
	}
	r.out.add([]byte(text))
}

// learnBlank notes what the device prints for an empty line.
func (s *Session) learnBlank(said string) {
	if said != "" && len(s.blanks) < maxProbes && !slices.Contains(s.blanks, said) {
		s.blanks = append(s.blanks, said)
	}
}

// printsForBlank says whether the device may print the line for an empty one:
// nothing, its prompt, or what it has printed then before.
func (s *Session) printsForBlank(line string) bool {
	prompt, _ := s.p.behind(line)
	said := strings.TrimSpace(line)
	return prompt != "" || said == "" || slices.ContainsFunc(s.blanks, func(b string) bool { return strings.Contains(b, said) })
}
