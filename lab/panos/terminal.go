package panos

import (
	"fmt"
	"strings"
)

// terminal says that the session shows what only a terminal does.
func (s *Session) terminal() bool { return s.d.opt.Faults.Terminal && !s.scripting }

// escapes come before the prompt.
func (s *Session) escapes() string {
	if s.terminal() {
		return "\x1b[?1h\x1b=\r"
	}
	return ""
}

// wrap breaks lines that are longer than the terminal is wide.
func (s *Session) wrap(out string) string {
	if !s.terminal() || s.width <= 0 {
		return out
	}
	var b strings.Builder
	for l := range strings.Lines(out) {
		text, end := strings.TrimSuffix(l, "\n"), l[len(strings.TrimSuffix(l, "\n")):]
		for len(text) > s.width {
			b.WriteString(text[:s.width] + "\n")
			text = text[s.width:]
		}
		b.WriteString(text + end)
	}
	return b.String()
}

// page keeps what doesn't fit on a page for later.
func (s *Session) page(out string) string {
	if !s.d.opt.Faults.Pager && !s.paged || s.noPager || strings.Count(out, "\n") < s.height {
		return out
	}
	lines := strings.SplitAfter(strings.TrimSuffix(out, "\n"), "\n")
	s.more, s.seen = lines, 0
	return s.nextLines(s.height - 1)
}

// nextPage is the answer to a key at the end of a page: blank for a page,
// enter for a line, q for no more. The device wipes its question out.
func (s *Session) nextPage(key string) string {
	wipe := "\r" + strings.Repeat(" ", len(s.question())) + "\r"
	if s.terminal() {
		wipe = "\r\x1b[K"
	}
	switch {
	case strings.HasPrefix(key, "q"):
		last := s.more[len(s.more)-1]
		s.more = nil
		if s.configure {
			return wipe + last + "\n"
		}
		return wipe
	case key == "":
		return wipe + s.nextLines(1)
	}
	return wipe + s.nextLines(s.height-1)
}

// question stands between two pages.
func (s *Session) question() string {
	return fmt.Sprintf("lines %d-%d ", 1+max(0, s.seen-s.height+1), s.seen)
}

func (s *Session) nextLines(n int) string {
	n = min(max(n, 1), len(s.more))
	out := strings.Join(s.more[:n], "")
	s.more, s.seen = s.more[n:], s.seen+n
	if len(s.more) == 0 {
		out += "\n"
	}
	return out
}
