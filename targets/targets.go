// Package targets says what a firewall vendor's package offers to the rest of
// nbfwc and in which words: a Job goes in, configuration text comes out; the
// text of a device goes in, a RuleSet comes out; what can't be done is a
// Problem. It does no I/O beyond the writer or reader that it is given.
package targets

import (
	"io"
	"time"

	"github.com/nbfwc/nbfwc/ruleset"
)

// Manage says how much of a firewall's policy is ours.
type Manage uint8

const (
	// Section: our rules and objects stand among those of others.
	Section Manage = iota
	// Exclusive: the whole forward policy is ours.
	Exclusive
)

// Job is one firewall's part of a policy: all that a target needs to write its
// configuration. The slices are in the order in which they are written.
type Job struct {
	Firewall string // label in the policy
	OS       string // version of the vendor's software, "" for the oldest supported
	Context  string // ASA context, vsys, VDOM; "" for none
	Manage   Manage
	// Anchor is where a section is entered; its meaning is the target's.
	Anchor     string
	Interfaces []Interface
	Want       ruleset.RuleSet
	Log        bool
	// Ping adds echo requests between the ends of permitted pairs.
	DenyLog bool // log what the default denies, rate limited
	// Established is the idle timeout that the device gives to established TCP
	// connections by itself; 0 means the vendor's default.
	Established time.Duration
	// Self says that the context itself is an endpoint of flows.
	Self bool
	// ManagementFrom are the sources that manage the device over SSH; needed
	// where the device's own traffic is filtered.
	ManagementFrom ruleset.AddrSet
	// Header lines stand at the top of the output, as comments.
	Header []string
}

// Interface is an interface of the firewall.
type Interface struct {
	Label string
	// Devices are the names that the device knows it by, at least one.
	Devices []string
}

// Problem is something that a target can't express or read.
type Problem struct {
	Line int    // in the text that was read; 0 when writing
	Text string // the line, or the name at fault
	Why  string
}

// Target is one vendor.
type Target interface {
	// Name is the word that a policy uses, and FileSuffix ends the names of
	// its output files (".nft").
	Name() string
	FileSuffix() string
	// Check says what the target can't express, before a byte is written.
	Check(Job) []Problem
	// Render writes the complete configuration. The same job gives the same
	// bytes. A job in which Check finds problems is an error, and nothing of
	// it is written.
	Render(io.Writer, Job) error
	// Parse reads what the device printed. Lines that are not modelled become
	// opaque rules or problems, never nothing.
	Parse(io.Reader, ParseOptions) (ruleset.RuleSet, []Problem, error)
}

// ParseOptions say how to read a configuration.
type ParseOptions struct {
	// Interfaces map device names to the labels of the policy; names that are
	// not listed stand for themselves.
	Interfaces []Interface
	// Behind is copied to the rule set.
	Behind map[string]ruleset.AddrSet
}
