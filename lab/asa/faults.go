package asa

import (
	"strings"
	"time"
)

// Faults are what can go wrong on request. Lines are counted over all sessions
// from 1, without those that only page.
type Faults struct {
	// DropAfter ends the session after so many lines of it have been done.
	DropAfter int
	// DropBefore ends the session when so many lines of it have come: the last
	// of them is not done.
	DropBefore int
	// RefuseNth answers "Command authorization failed" to this line.
	RefuseNth int
	// MeddleNth: before this line another administrator types Meddle in
	// configuration mode.
	MeddleNth int
	Meddle    []string
	// NoiseEvery puts a syslog message before the answer of every such line
	// (logging monitor).
	NoiseEvery int
	// Echo begins answers with the line as the terminal shows it.
	Echo bool
	// Pager cuts answers into pages of 24 lines until "terminal pager 0".
	Pager bool
	// DropNth ends the session that types this line, which isn't done; DropDone
	// ends it when the line is done, without an answer.
	DropNth, DropDone int
	// CutNth breaks the answer to this line off in the middle; CutDrop ends the
	// session there.
	CutNth, CutDrop int
	// RestartNth: before this line the power fails, and the device starts again
	// with what was saved.
	RestartNth int
	// FailNth: before this line the other unit of the pair takes over.
	FailNth int
	// NoiseInside puts the messages of NoiseEvery after the first line of the
	// answer.
	NoiseInside bool
	// WriteFails makes "write memory" fail.
	WriteFails bool
	// WriteError is the reason that it gives; there is no space left if empty.
	// Alone it makes it fail as well.
	WriteError string
	// WriteBusy is how many times it fails because somebody else writes.
	WriteBusy int
	// DiskFull makes everything fail that writes to disk0:, "write memory" too.
	DiskFull bool
	// CommitFails makes the commit of a configuration session fail, with nothing
	// done.
	CommitFails bool
	// PeerFailed is what a unit of a pair says of the other.
	PeerFailed bool
	// Standby is the unit of a failover pair that takes no changes over.
	Standby bool
	// Slow is how long each line takes.
	Slow time.Duration
}

// SetFaults replaces the faults. Lines go on being counted from 1.
func (d *Device) SetFaults(f Faults) {
	d.lock()
	defer d.mu.Unlock()
	d.opt.Faults = f
	d.lines = 0
}

// Lines is how many lines were typed since the faults were set.
func (d *Device) Lines() int {
	d.lock()
	defer d.mu.Unlock()
	return d.lines
}

// broken is an answer with what goes wrong in it.
func (s *Session) broken(out, noise string) string {
	f, n := s.d.opt.Faults, s.d.lines
	is := func(nth int) bool { return nth > 0 && nth == n }
	switch {
	case is(f.DropDone):
		s.closed = true
		return ""
	case is(f.CutDrop):
		s.closed = true
		return noise + out[:len(out)/2]
	case is(f.CutNth):
		return noise + out[:len(out)/2]
	}
	if i := strings.IndexByte(out, '\n') + 1; f.NoiseInside && i < len(out) {
		return out[:i] + noise + out[i:]
	}
	return noise + out
}

// faulty does what goes wrong before a line. refused is an answer instead of
// the line's own; noise comes before it.
func (d *Device) faulty(s *Session, text string) (refused, noise string, dropped bool) {
	f := d.opt.Faults
	if f.DropAfter > 0 && s.number >= f.DropAfter || f.DropBefore > 0 && s.number+1 >= f.DropBefore {
		s.closed = true
		return "", "", true
	}
	s.number++
	d.lines++
	if f.Slow > 0 {
		time.Sleep(f.Slow)
	}
	if f.MeddleNth > 0 && d.lines == f.MeddleNth {
		other := &Session{d: d, down: d.down, who: "other"}
		other.mode.kind = modeConfig
		for _, l := range f.Meddle {
			other.run(l)
		}
	}
	if f.FailNth > 0 && d.lines == f.FailNth && d.peer != nil {
		d.peer.takeOver()
	}
	if f.RestartNth > 0 && d.lines == f.RestartNth {
		if err := d.restart(); err != nil {
			panic("asa: the startup configuration is not taken: " + err.Error())
		}
		return "", "", true
	}
	if f.DropNth > 0 && d.lines == f.DropNth {
		s.closed = true
		return "", "", true
	}
	if f.NoiseEvery > 0 && d.lines%f.NoiseEvery == 0 {
		noise = "%ASA-5-111008: User '" + s.user() + "' executed the '" + strings.TrimSpace(text) + "' command.\n"
	}
	if f.RefuseNth > 0 && d.lines == f.RefuseNth {
		return noise + "Command authorization failed\n", "", false
	}
	return "", noise, false
}

// echo is how a terminal shows the line: whole, or redrawn with "$" at the cut
// where it is longer than the width.
func (s *Session) echo(text string) string {
	if !s.d.opt.Faults.Echo {
		return ""
	}
	room := s.width - len(s.prompt()) - 1
	if s.width == 0 || len(text) <= room || room < 8 {
		return text + "\n"
	}
	half := room / 2
	var b strings.Builder
	for at := 0; ; at += half {
		if at > 0 {
			b.WriteByte('$')
		}
		if len(text)-at <= room-1 {
			b.WriteString(text[at:])
			return b.String() + "\n"
		}
		b.WriteString(text[at : at+room-1])
		b.WriteString(strings.Repeat("\b", room-1))
	}
}

// page keeps what doesn't fit on a page for later.
func (s *Session) page(answer string) string {
	if s.pager == 0 || strings.Count(answer, "\n") <= s.pager {
		return answer
	}
	lines := strings.SplitAfter(answer, "\n")
	if lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	s.more = lines[s.pager:]
	return strings.Join(lines[:s.pager], "")
}

// nextPage is the answer to a key at the end of a page: blank for a page,
// enter for a line, q for no more. The device wipes its question out.
func (s *Session) nextPage(key string) string {
	wipe := "\r" + strings.Repeat(" ", len(morePrompt)) + "\r"
	n := s.pager
	switch {
	case strings.HasPrefix(key, "q") || strings.HasPrefix(key, "Q"):
		s.more = nil
		return wipe + "\n"
	case key == "":
		n = 1
	}
	n = min(n, len(s.more))
	out := wipe + strings.Join(s.more[:n], "")
	s.more = s.more[n:]
	return out
}
