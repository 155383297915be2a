package fortios

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
	// RefuseNth answers that this line needs more rights.
	RefuseNth int
	// MeddleNth: before this line another administrator types Meddle.
	MeddleNth int
	Meddle    []string
	// NoiseEvery puts a message of the console before the answer of every such
	// line.
	NoiseEvery int
	// Echo begins answers with the prompt and the line, as a terminal shows
	// them.
	Echo bool
	// Pager has sessions of Login cut answers into pages of 24 lines, as those
	// of LoginAs do, while "output" of the console is "more".
	Pager bool
	// Banner asks for an "a" after the login.
	Banner bool
	// ReadOnly logins change nothing; their prompt ends in "$".
	ReadOnly bool
	// MaxEntries is how many entries the tables of this model take, by path
	// ("firewall policy"), and how many VDOMs ("vdom").
	MaxEntries map[string]int
	// Slow is how long each line takes.
	Slow time.Duration
	// DropNth ends the session that types this line, which isn't done;
	// DropDone ends it when the line is done, without an answer.
	DropNth, DropDone int
	// RestartNth restarts the device before this line, FailNth has the other
	// unit of the cluster take over.
	RestartNth, FailNth int
	// CutNth breaks the answer to this line off in the middle; CutDrop ends
	// the session there too.
	CutNth, CutDrop int
	// BatchLines is how many lines, of whichever session, a batch lasts after
	// its end.
	BatchLines int
	// SaveFail: there is no room to save the configuration, or a revision.
	SaveFail bool
	// CommitFail is the answer to the commit of a transaction, which then isn't
	// done and stays open.
	CommitFail string
	// Locked are entries ("firewall policy", "12") of the VDOM root that the
	// transaction of another administrator has locked.
	Locked [][2]string
	// SyncFail: changes don't reach the other unit of the cluster.
	SyncFail bool
}

// Lines is how many lines were typed since the faults were set.
func (d *Device) Lines() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.lines
}

// cut breaks the answer to a line off, and says whether the session ends.
func (f *Faults) cut(nth int, out string, closed bool) (string, bool) {
	is := func(n int) bool { return n > 0 && n == nth }
	switch {
	case is(f.DropDone):
		return "", true
	case is(f.CutDrop):
		return out[:len(out)/2], true
	case is(f.CutNth):
		if out = out[:len(out)/2]; out != "" && !strings.HasSuffix(out, "\n") {
			out += "\n"
		}
	}
	return out, closed
}

// SetFaults replaces the faults. Lines go on being counted from 1.
func (d *Device) SetFaults(f Faults) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.opt.Faults = f
	d.lines = 0
}

// faulty does what goes wrong before a line.
func (d *Device) faulty(s *Session, text string) (noise string, refused, dropped bool) {
	f := d.opt.Faults
	if f.DropAfter > 0 && s.number >= f.DropAfter || f.DropBefore > 0 && s.number+1 >= f.DropBefore {
		s.closed = true
		return "", false, true
	}
	s.number++
	d.lines++
	nth := d.lines
	if d.batchLeft > 0 {
		if d.batchLeft--; d.batchLeft == 0 {
			d.runBatch()
		}
	}
	if f.Slow > 0 {
		d.mu.Unlock()
		time.Sleep(f.Slow)
		d.mu.Lock()
	}
	if f.MeddleNth > 0 && nth == f.MeddleNth {
		other := &Session{d: d, down: d.down}
		for _, l := range f.Meddle {
			other.run(l)
		}
	}
	if f.NoiseEvery > 0 && d.lines%f.NoiseEvery == 0 {
		noise = "The system is going to check its licence.\n"
	}
	if f.RestartNth > 0 && nth == f.RestartNth {
		d.restart()
	}
	if f.FailNth > 0 && nth == f.FailNth {
		d.failover()
	}
	if f.DropNth > 0 && nth == f.DropNth {
		s.closed = true
	}
	return noise, f.RefuseNth > 0 && nth == f.RefuseNth, s.gone()
}

const pageLines = 24

// page keeps what doesn't fit on a page for later.
func (s *Session) page(answer string) string {
	if !s.d.opt.Faults.Pager && !s.paged || s.current().object("system console").word(schemas["system console"], "output") != "more" || strings.Count(answer, "\n") <= pageLines {
		return answer
	}
	lines := strings.SplitAfter(strings.TrimSuffix(answer, "\n"), "\n")
	s.more = lines[pageLines:]
	return strings.Join(lines[:pageLines], "")
}

// nextPage is the answer to a key at the end of a page: blank for a page,
// enter for a line, q for no more. The device wipes its question out.
func (s *Session) nextPage(key string) string {
	wipe := "\r" + strings.Repeat(" ", len(morePrompt)) + "\r"
	n := pageLines
	switch {
	case strings.HasPrefix(strings.ToLower(key), "q"):
		s.more = nil
		return wipe + "\n"
	case key == "":
		n = 1
	}
	n = min(n, len(s.more))
	out := wipe + strings.Join(s.more[:n], "")
	s.more = s.more[n:]
	if len(s.more) == 0 {
		out += "\n"
	}
	return out
}
