package panos

import "time"

// Faults are what can go wrong on request. Lines are counted over all sessions
// from 1, unless something else is said.
type Faults struct {
	DropAfter  int      // ends every session after so many lines of it were done
	DropBefore int      // ends every session at this line of it, which isn't done
	DropNth    int      // this line isn't done; its session ends
	DropDone   int      // this line is done; its session ends without an answer
	CutNth     int      // the answer to this line breaks off in the middle
	CutDrop    int      // so does this one, and the session ends
	RestartNth int      // before this line the device restarts
	FailNth    int      // before this line the other unit of the pair takes over
	DropCommit bool     // a commit ends the session; the job goes on
	RefuseNth  int      // "Server error : Timed out" to this line
	MeddleNth  int      // before this line another administrator types Meddle
	Meddle     []string // in configuration mode, as admin "other"
	AutoCommit bool     // the auto-commit after the start has not finished
	Busy       int      // so many commits and validations are refused because another one runs
	NoQueue    bool     // so are they while a job runs, instead of waiting in the queue

	ValidateFail string   // validations, and the commits that begin with one, fail with this text
	CommitFail   string   // commits fail with this text after the validation
	CommitWarn   []string // commits warn with these lines
	SameCommit   bool     // a commit without changes is answered by the longer text
	DiskFull     bool     // nothing can be saved
	SyncFail     bool     // a commit doesn't reach the other unit of a pair

	// JobLines is how many lines, of whichever session, a job lasts. The
	// session that began it doesn't wait for it, as after Ctrl-C.
	JobLines int
	// JobTime is how long a job lasts. The session that began it waits.
	JobTime time.Duration
	// Slow is how long each line takes, by the wall clock.
	Slow time.Duration

	// Pager has sessions of Login stop at each page, as those of LoginAs do,
	// until "set cli pager off".
	Pager bool
	// Terminal is what only a terminal shows, until "set cli scripting-mode
	// on": escape sequences before the prompt, help for "?", broken lines.
	Terminal bool
}

// SetFaults replaces the faults. Lines go on being counted from 1.
func (d *Device) SetFaults(f Faults) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.opt.Faults, d.lines = f, 0
}

// Lines is how many lines were typed since the faults were set.
func (d *Device) Lines() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.lines
}

// half is the first half of an answer.
func half(s string) string { return s[:len(s)/2] }
