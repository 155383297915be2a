package console

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/nbfwc/nbfwc/targets"
)

// usualWidth is how many columns a terminal has that nobody has told otherwise.
const usualWidth = 80

// broken says whether a terminal may have broken the lines of an answer: the
// longest are just as long as one is wide, and none was ever longer. Two halves
// of a rule would be read as two rules; so such an answer isn't accepted.
func (s *Session) broken(c *targets.Command, answer string) error {
	if s.sure { // a shell has no such terminal
		return nil
	}
	atEdge, wide := 0, width(s.o.Platform)
	for line := range strings.Lines(answer) {
		line = strings.TrimRight(line, "\n")
		n := len(line)
		if n < usualWidth || n < s.longest {
			continue
		}
		n = utf8.RuneCountInString(line)
		if (n == usualWidth || n == wide) && strings.Trim(line, "-=+_*# ") == "" { // a rule on the screen
			continue
		}
		if n > s.longest {
			s.longest, atEdge = n, 0
		}
		if n == s.longest {
			atEdge++
		}
	}
	if !c.Private || atEdge == 0 || s.longest != usualWidth && s.longest != wide {
		return nil
	}
	return &targets.AnswerError{Command: c.Line, Why: fmt.Sprintf(
		"%d of its lines have exactly %d columns and none has more: the device's terminal breaks lines there; let its width be 511 or without limit for this login", atEdge, s.longest)}
}
