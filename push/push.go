package push

import (
	"context"
	"encoding/json"
	"time"

	"github.com/nbfwc/nbfwc/targets"
)

// Device is a device of the policy, and one firewall on it.
type Device struct {
	// Name is the device's label in the policy; locks and records are named for
	// it. Firewall is that of the enforcement context.
	Name, Firewall string
	// Units is how many addresses the device has: 1, or 2 for a pair.
	Units    int
	Admin    string // the name that sessions log in by
	Target   targets.Target
	Dialogue targets.Dialogue
	Part     targets.Partition
	Job      targets.Job
	Parse    targets.ParseOptions
	// Hostname, OS and Serials are what the policy expects of the device; empty
	// for anything. OS may be less exact than what the device says.
	Hostname, OS string
	Serials      []string
	// LocalRules allows to change a device that a central manager manages.
	LocalRules bool
	// Policy is where the policy was read from, and PolicyDigest the hash of
	// what the job was made of.
	Policy, PolicyDigest string
	// Reach is how Dial finds the device, in words of its own and without
	// secrets. It is kept in the record, for a push that is abandoned without
	// the policy.
	Reach json.RawMessage
}

// Dial logs in on a unit of a device, counted from 0. The session is at the
// device's first prompt. An error that has a method Permanent() bool which says
// true is not tried again.
type Dial func(ctx context.Context, d *Device, unit int, readOnly bool) (targets.Session, error)

// Engine works on devices. It may be used for several at once.
type Engine struct {
	Dial Dial
	// State is the directory of locks and records.
	State string
	Now   func() time.Time
	// Who is written into locks and records ("alice@host").
	Who string
	// Timeout is how long a device that can waits for our confirmation, and
	// about how long we try to reach one again that we lost; 0 means
	// DefaultTimeout.
	Timeout time.Duration
	// Progress takes what is being done, for people; it may be nil. It is
	// called from the goroutine that works on the device.
	Progress func(d *Device, doing string)
	// Wait waits between two tries, or until the context is done; nil for a
	// wait by the system's clock.
	Wait func(context.Context, time.Duration) error

	limit int // of a comparison; 0 for the usual
}

// DefaultTimeout is the Timeout of an engine that states none.
const DefaultTimeout = 2 * time.Minute

// Fetched is what was read from a device.
type Fetched struct {
	Identity targets.Identity
	Unit     int // the unit that takes changes
	Text     []byte
	Config   *targets.Config
	At       time.Time
	// Peer is what the other unit of a pair has, nil if there is none. Apart
	// says, in words, how the two differ; "" if they don't.
	Peer  *targets.Config
	Apart string
	// Pending are changes of others that are not saved or committed.
	Pending []string
}

// Planned is what a push would do.
type Planned struct {
	Fetched
	Change    *targets.Change // nil if it is refused
	Refused   []targets.Problem
	Guarantee targets.Guarantee
	// Rules is how many rules the change adds, removes or alters.
	Rules int
}

// Options are those of one push.
type Options struct {
	Plan targets.PlanOptions
	// Limit is how many rules the change may touch, 0 for any number.
	Limit int
	// Saved is a plan that the push must be the same as; nil for none.
	Saved *SavedPlan
	// Approve sees the plan and says by an error that it isn't wanted. Nothing
	// of the device was changed then, and nothing is. nil approves.
	Approve func(*Planned) error
	// GiveUp, when it is closed, ends the work at once and leaves the record
	// open. (When the context is done, the push is undone first.) nil for never.
	GiveUp <-chan struct{}
}

// SavedPlan is a plan that was made earlier, for a configuration with that
// digest.
type SavedPlan struct {
	Digest string
	Steps  []targets.Step
}

// Stand is where a device stands after a push.
type Stand string

const (
	// Unchanged: nothing had to be done, or nothing was.
	Unchanged Stand = "unchanged"
	// New: the device does what the policy wants, and will after a restart.
	New Stand = "new"
	// Old: the push failed, and the device does what it did before.
	Old Stand = "old"
	// Between: the push failed on the way; every packet is treated by the old
	// or by the new policy. The record is open: resume or abandon it.
	Between Stand = "between"
	// Unsaved: the device does what the policy wants, but would not after a
	// restart. The record is open.
	Unsaved Stand = "unsaved"
	// Unknown: the device couldn't be asked any more. The record is open.
	Unknown Stand = "unknown"
)

// Outcome is the end of a push.
type Outcome struct {
	// ID is that of the record, "" if there is none because nothing of the
	// device was changed.
	ID      string
	Stand   Stand
	Planned *Planned
	// Result is the configuration after it, nil if it couldn't be read.
	Result *targets.Config
	// Err is why the push didn't get to New, nil if it did.
	Err error
	// Notes are what somebody should know besides.
	Notes []string
	// Apart says how the units of a pair differ after the push; "" if they
	// don't, or if there is only one.
	Apart string
	// Open says that the record is open: the device takes no other push before
	// this one is resumed or abandoned.
	Open bool
}

// Recovery is what is wanted of an open record.
type Recovery uint8

const (
	// Resume finishes the push.
	Resume Recovery = iota
	// Abandon undoes it.
	Abandon
)

// Record is a push in the history.
type Record struct {
	ID, Device, Firewall, Who string
	// Target is the name of the device's target.
	Target               string
	Policy, PolicyDigest string
	Began, Ended         time.Time // Ended is zero while it is open
	Identity             targets.Identity
	Digest               string // of the configuration before
	Steps                []targets.Step
	// Stand is where the device stood when it was asked last, "" if that wasn't
	// known.
	Stand Stand
	// Error is why the push didn't get to New.
	Error string
	// Damage says what of the record can't be read, "" for nothing. A last line
	// that was cut off in the middle is no damage.
	Damage  string
	Entries []Entry
	Dir     string // where the record's files are

	plans []planFile // of the attempts, in order
}

// Open says whether the push is unfinished.
func (r *Record) Open() bool { return r.Ended.IsZero() }

// Entry is a line of a journal.
type Entry struct {
	At   time.Time
	What What
	Text string
	// Answer is what came back to a command; of a private one its size and
	// hash.
	Answer string `json:",omitempty"`
	// Stand is that of an end.
	Stand Stand `json:",omitempty"`
}

// What is the kind of an entry.
type What string

const (
	// Began is the first entry, Resumed the first of a process that goes on with
	// the record; the text is who.
	Began   What = "began"
	Resumed What = "resumed"
	// Phase is what is done from here on.
	Phase What = "phase"
	// Command is a line that is about to be typed.
	Command What = "command"
	// Answer is what came back, Failed that nothing or something else did.
	Answer What = "answer"
	Failed What = "failed"
	// Note is for people.
	Note What = "note"
	// Left is where a process left the device, with the record open; Ended
	// closes the record.
	Left  What = "left"
	Ended What = "ended"
	// Unreadable is a line that can't be read.
	Unreadable What = "unreadable"
)
