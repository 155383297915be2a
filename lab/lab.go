// Package lab says what an emulated firewall is: a device that takes the
// commands of its vendor, line by line, holds the configuration that they make,
// prints it in the vendor's own spelling and decides about packets. Emulators
// are written from the vendors' documents and share no code with what they
// judge.
package lab

import (
	"net/netip"
	"time"
)

// Packet is the first packet of a connection. In and Out are the device's own
// names of interfaces or zones. For ICMP the type stands in SrcPort and the
// code in DstPort.
type Packet struct {
	In, Out          string
	Src, Dst         netip.Addr
	Proto            uint8
	SrcPort, DstPort uint16
}

// Verdict is what a device does with a packet.
type Verdict uint8

const (
	// Undecided: a condition that the emulator doesn't know the answer to (a
	// user, an application, the time of day) decides.
	Undecided Verdict = iota
	// Passes: the packet is forwarded.
	Passes
	// Drops: it isn't, and nobody is told.
	Drops
	// Rejects: it isn't, and the sender is told.
	Rejects
)

// Device is an emulated firewall.
type Device interface {
	// Load replaces the configuration by one that the device printed, as a
	// restart with it would. It is an error if the device would not take a
	// line of it.
	Load(text string) error
	// Login begins a session on the device.
	Login() Session
	// Running prints the running configuration as the device does.
	Running() string
	// Decide says what becomes of a packet now.
	Decide(Packet) Verdict
}

// Session is one login. Its state is the mode that it is in.
type Session interface {
	// Prompt is what the device prints before it waits for a line, without
	// line ends.
	Prompt() string
	// Send types a line and returns what the device answers, without the echo
	// and the prompt, lines ended by "\n"; "" if it says nothing. More than one
	// line is typed one after the other.
	Send(line string) string
	// Refused says whether the answer means that the line before it was not
	// done.
	Refused(answer string) bool
	// Close ends the session in the middle of whatever it does, as a broken
	// connection does.
	Close()
}

// What follows are interfaces that a Device or a Session may have beside its
// own; who puts it behind a terminal asks for them.

// Accounts is a Device that tells those who log in apart.
type Accounts interface {
	// LoginAs begins a session of this user.
	LoginAs(user string) Session
}

// Terminals is a Device that says how it treats a terminal.
type Terminals interface {
	Terminal() Terminal
}

// Ender is a Session that can end while nothing is typed: the device restarts.
type Ender interface {
	// OnEnd has f called once, in a goroutine of its own, when the device ends
	// the session, or at once if it has.
	OnEnd(f func())
}

// Idler is a Session that the device ends when nothing is typed for some time;
// 0 for never.
type Idler interface {
	Idle() time.Duration
}

// Columns is a Session that breaks what is typed at a width of its own,
// whatever the terminal is; 0 for never.
type Columns interface {
	Columns() int
}

// Long is what becomes of a typed line that is longer than the terminal is
// wide.
type Long uint8

const (
	// Plain: nothing; the terminal goes on in the next row.
	Plain Long = iota
	// Wrapped: the device begins a row with a blank and a carriage return.
	Wrapped
	// Scrolled: the row is drawn again with the end of the line after a "$".
	Scrolled
)

// Terminal is how a device treats a terminal.
type Terminal struct {
	// LineEnd ends lines of output; "" for CR LF.
	LineEnd string
	// Width is the number of columns; 0 for what the client asks for.
	Width int
	Long  Long
	// Help says that "?" is answered at once and leaves the line as it is.
	Help bool
	// NoEcho shows nothing of what is typed.
	NoEcho bool
	// Greeting comes before the first prompt, its lines ended by "\n".
	Greeting string
	// BeforePrompt is put before every prompt.
	BeforePrompt string
}

// Startup is a Device whose running configuration is not the one that it
// starts with.
type Startup interface {
	// Startup is what Load takes for a restart.
	Startup() string
}

// Interrupter is a Session in which Ctrl-C ends what a line waits for.
type Interrupter interface {
	// Interrupt may be called while Send runs.
	Interrupt()
}
