package targets

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Platform is what a vendor's command line looks like.
type Platform struct {
	// Name is the target's.
	Name string
	// Host is a regular expression for what begins every prompt. A session
	// learns the text from the first prompt and from then on takes only this.
	Host string
	// Modes are told apart by their prompts. A login begins in any of them.
	Modes []Mode
	// Greeting are questions that may come between the login and the first
	// prompt.
	Greeting []Question
	// More is a regular expression for what stands between two pages, as the
	// end of the output; a blank is typed for the next. "" if there are none.
	More string
	// Program is started in place of the login shell; {host} in it stands for
	// a word of the session's choice that Host matches. "" for the device's own
	// command line.
	Program string
	// Width is how many columns the terminal is asked for to have.
	Width int
}

// Mode is a state of a command line.
type Mode struct {
	Name string
	// Prompt is a regular expression for the whole last line of the output;
	// {host} in it stands for Platform.Host, later for what was learned.
	Prompt string
}

// Question is what a device asks in the middle of an answer.
type Question struct {
	Ask string // regular expression for the end of the output
	// Answer is typed, with a line end unless Key is set.
	Answer string
	Key    bool
	// Secret names a secret that is typed in place of Answer: "password" or
	// "enable". It is typed once; if the question comes again it was wrong.
	Secret string
}

// Command is a line that is typed, and what may come back. The zero value
// besides Line says: in the mode that the session is in, an empty answer.
type Command struct {
	Line string
	Ask  []Question
	// Then is the mode that the session must be in afterwards, "" for the one
	// before.
	Then string
	// Accept are regular expressions. Each line of the answer that isn't blank
	// must match one of them as a whole; else the answer is an AnswerError.
	Accept []string
	// Any accepts any lines. It is for reading; End or Begin then say what is
	// expected.
	Any bool
	// Begin and End are regular expressions for the first and the last line of
	// the answer that aren't blank; "" for no demand.
	Begin, End string
	// Reads says that the line changes nothing that a configuration holds. A
	// read-only session types no others.
	Reads bool
	// Ahead allows the next command to be typed before the answer to this one
	// has come. It is for lines that take effect only together, later.
	Ahead bool
	// Private keeps the answer out of transcripts and journals, which name its
	// size and its hash.
	Private bool
	// Wait bounds the time without any output; 0 for the session's own limit.
	Wait time.Duration
}

// Session is one login on a device. It is for one goroutine.
type Session interface {
	// Do types commands one after the other and returns the answers: without
	// echo, prompt and what a terminal does, lines ended by "\n". It stops at
	// the first answer that its command doesn't accept, with an *AnswerError;
	// the session can go on after it. After any other error it can't. The
	// answers that came are returned with an error as well.
	Do(ctx context.Context, commands ...Command) ([]string, error)
	// Mode is the one whose prompt came last.
	Mode() string
	// ReadOnly says that the session types only what reads.
	ReadOnly() bool
	// Ends are the addresses of the connection, as we see them; the zero value
	// if it goes through others.
	Ends() (client, device netip.AddrPort)
	// Close ends the login. It doesn't wait for the device.
	Close() error
}

// Uploader is a session on a device that takes files.
type Uploader interface {
	// Upload writes a file that only the login can read. The path is absolute,
	// of letters, digits and ". _ - /". A read-only session refuses.
	Upload(ctx context.Context, path string, content []byte) error
}

// AnswerError is an answer that a command doesn't accept.
type AnswerError struct {
	Command string
	Answer  string // "" if it is private
	Why     string
}

func (e *AnswerError) Error() string {
	if e.Answer == "" {
		return fmt.Sprintf("%q: %s", clip(e.Command), e.Why)
	}
	return fmt.Sprintf("%q: %s: the device answered %q", clip(e.Command), e.Why, clip(e.Answer))
}

// ErrReadOnly says that a read-only session was asked to change something.
var ErrReadOnly = errors.New("the session is read-only")

// Check says whether the answer to the command, after which the session is in
// the mode now, is one that the command accepts: nil or an *AnswerError.
func (c *Command) Check(answer, before, now string) error {
	refuse := func(why string) error {
		e := &AnswerError{Command: c.Line, Answer: strings.TrimSpace(answer), Why: why}
		if c.Private {
			e.Answer = ""
		}
		return e
	}
	want := c.Then
	if want == "" {
		want = before
	}
	first, last := "", ""
	for line := range strings.Lines(answer) {
		line = strings.TrimRight(line, " \t\r\n")
		if line == "" {
			continue
		}
		if first == "" {
			first = line
		}
		last = line
		if !c.Any && !matchesAny(c.Accept, line) {
			if len(c.Accept) == 0 {
				return refuse("an answer where none was expected")
			}
			return refuse("an unexpected answer")
		}
	}
	switch {
	case c.Begin != "" && !matchesAny([]string{c.Begin}, first):
		return refuse("the answer doesn't begin as expected")
	case c.End != "" && !matchesAny([]string{c.End}, last):
		return refuse("the answer is not complete")
	case now != want:
		return refuse(fmt.Sprintf("the prompt is that of %s, expected %s", now, want))
	}
	return nil
}

func matchesAny(patterns []string, line string) bool {
	for _, p := range patterns {
		if whole(p).MatchString(line) {
			return true
		}
	}
	return false
}

var (
	compiled sync.Map // pattern -> *regexp.Regexp that matches whole lines
	// kept counts them. Patterns with names in them are without number and
	// not worth keeping.
	kept atomic.Int64
)

const mostKept = 1000

func whole(pattern string) *regexp.Regexp {
	if re, ok := compiled.Load(pattern); ok {
		return re.(*regexp.Regexp)
	}
	re := regexp.MustCompile(`^(?:` + pattern + `)$`)
	if kept.Add(1) <= mostKept {
		compiled.Store(pattern, re)
	}
	return re
}

func clip(s string) string {
	const most = 400
	if len(s) <= most {
		return s
	}
	return s[:most] + "…"
}

// Partition is the part of a device that is worked on.
type Partition struct {
	Context     string // ASA context, vsys or VDOM; "" for the only or first one
	DeviceGroup string // of Panorama; "" for a firewall
}

// Identity is what a device says of itself.
type Identity struct {
	Hostname, Model, Version, Serial string // "" if it isn't printed
	// Standby says that the unit is the one of a pair that takes no changes.
	Standby bool
	// Pair says that the unit is one of a pair or cluster.
	Pair bool
}

// Push is a change that is being made on a device. Everything in it is known
// before the first command, and is written to a journal, so that another
// process can settle or finish what this one began.
type Push struct {
	// ID names the push: letters, digits and "-", at most 32. Files, locks,
	// comments and sessions on the device are named for it.
	ID    string
	Admin string // the name that the sessions log in by
	Part  Partition
	// Identity is the device's, from the session that fetched Before.
	Identity Identity
	// Before is the running configuration that the change begins with, as
	// Fetch returned it, and Prefix the beginning of our objects' names.
	Before []byte
	Prefix string
	Change *Change
	// Parse is how Before was read when the change was planned. It is set while
	// a change is made; a push from a record need not have it.
	Parse ParseOptions
	// Timeout is how long the device waits for Confirm before it goes back to
	// what it was, where it can.
	Timeout time.Duration
	// Note takes one line for the journal; it may be nil.
	Note func(string)
}

// Guarantee is what a push holds on to on a device of this kind.
type Guarantee struct {
	// Atomic: every packet is treated by the old or by the new policy as a
	// whole; otherwise by the one or by the other, packet by packet.
	Atomic bool
	// Timed: the device goes back by itself if nothing is confirmed.
	Timed bool
	// Text says it in one sentence.
	Text string
}

// Dialogue is how a vendor's devices are talked with. Its methods keep nothing
// between calls; what they have to know is in their arguments or on the device.
// Every error says which command failed and what the device answered.
//
// A push calls Pending, Prepare and Apply in one session; then, in a new one,
// Confirm; at the end Finish. When anything goes wrong after Prepare was
// called, or another process takes over, Settle comes in a new session instead,
// and what remains is undone or finished by another push.
type Dialogue interface {
	Platform() Platform
	// Open brings a new login to where the other methods begin and says what
	// the device is: it becomes privileged, stops paging as far as that changes
	// nothing, and goes to the partition. It types only what reads. If the partition
	// isn't there it is an error that names those that are.
	Open(ctx context.Context, s Session, at Partition) (Identity, error)
	// Fetch returns the complete running configuration as the target's Parse
	// takes it, or an error. It types only what reads.
	Fetch(ctx context.Context, s Session, at Partition) ([]byte, error)
	// Pending lists, in words, what others have changed and not yet saved or
	// committed, or hold locked, so that a push must not begin. It types only
	// what reads.
	Pending(ctx context.Context, s Session, p *Push) ([]string, error)
	// Guarantee is what a push holds on to.
	Guarantee(Identity) Guarantee
	// Prepare makes the device ready and checks as far as it can that the
	// change will be taken. When it returns, with or without an error, every
	// packet is treated as before.
	Prepare(ctx context.Context, s Session, p *Push) error
	// Apply makes the change. After an error, and at any time in it, every
	// packet is treated as before the change or as after it.
	Apply(ctx context.Context, s Session, p *Push) error
	// Confirm makes the change last over a restart, and stops what would undo
	// it. An error says that it doesn't last. After Settle it may come without
	// Prepare and Apply, for a push whose change has no steps: then it makes
	// what runs last.
	Confirm(ctx context.Context, s Session, p *Push) error
	// Settle ends whatever a push of ours with this ID left open on the device
	// (a candidate, a session, a timer), so that afterwards the running
	// configuration alone says where it stands, and nothing changes it later.
	// It says in words what it found. It does no harm when nothing is open.
	Settle(ctx context.Context, s Session, p *Push) ([]string, error)
	// Finish removes what a push needs on the device and nobody needs later.
	Finish(ctx context.Context, s Session, p *Push) error
}
