// Package targets says what a firewall vendor's package offers to the rest of
// nbfwc and in which words: a Job goes in, configuration text comes out; the
// text of a device goes in, a Config comes out; from a Config and a Job comes a
// Change, the commands that make the device do what the job wants; what can't
// be done is a Problem. A Dialogue is how a device is read and changed. No package
// below does I/O beyond the writer, reader or Session that it is given.
package targets

import (
	"io"
	"net/netip"
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
	Anchor string
	// Bind allows a section to be bound to an interface that has no access
	// list, where the target has such a thing.
	Bind       bool
	Interfaces []Interface
	// Prefix begins the name of every object of ours ("NBU-"). Names in Want
	// have it already.
	Prefix string
	// UseObjects name objects of the device that are used in place of a group
	// of Want, by the group's name. They are checked and never edited.
	UseObjects map[string]string
	// DeviceGroup is the Panorama device group that the rules belong to, ""
	// for a firewall that holds its own.
	DeviceGroup string
	Want        ruleset.RuleSet
	Log         bool
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

// Problem is something that a target can't express or read, or that stands in
// the way of a plan.
type Problem struct {
	Line int    // in the text that was read; 0 when writing
	Text string // the line, or the name at fault
	Why  string
}

// Config is a running configuration as a target has read it.
type Config struct {
	// OS is the version of the vendor's software that the text states, Hostname
	// what the device calls itself; "" if it doesn't say.
	OS, Hostname string
	// Context is the ASA context, vsys or VDOM that was read.
	Context string
	// Manager is the central manager that the device obeys ("Panorama"), ""
	// for none that the text names.
	Manager string
	// Lines counts the lines of the text.
	Lines int
	// RuleSet is what the device does with packets. Its groups are all named
	// address objects and groups of the device.
	RuleSet ruleset.RuleSet
	// Problems are lines that were not understood and could matter, and lines
	// that stand where they shouldn't.
	Problems []Problem
	// Interfaces are in the order of the text.
	Interfaces []ConfigInterface
	// NAT are the rules that change addresses.
	NAT []NATRule
	// Elements is how many entries the rules expand to where the device counts
	// them that way (ASA: the number that "show access-list" prints), else 0.
	Elements int64
	// Established is the idle timeout that the device gives to established TCP
	// connections by itself; 0 if the text doesn't say.
	Established time.Duration
	// Digest is the SHA-256, in hex, of the normalised text that a plan depends
	// on: rule bases in order, objects that they refer to, bindings, NAT,
	// timeouts, interfaces. What the device rewrites by itself (headers,
	// checksums, uuids, secrets) is not in it.
	Digest string
	// Model is the target's own form of the text. Only the target that made it
	// looks into it.
	Model any
}

// ConfigInterface is what a configuration says of one interface.
type ConfigInterface struct {
	Label    string         // the label of the policy, or what the device's rules call it
	Networks []netip.Prefix // that it is connected to or has static routes for
	Line     int
}

// NATRule is a line that changes addresses.
type NATRule struct {
	Line  int
	Text  string
	Addrs ruleset.AddrSet // that it touches, real and mapped; all addresses if unclear
}

// Change is how a device gets from the configuration that it has to the one
// that is wanted. After every command each packet is treated as it was before
// the change or as it will be after it.
type Change struct {
	// Steps are in the order in which they must be done; none if nothing has
	// to be changed.
	Steps []Step
	// Result is what the device will do with packets after the last step.
	Result ruleset.RuleSet
	// Findings are what the plan leaves alone and somebody should look at:
	// lines of others between our markers, lines of others that decide packets
	// before ours.
	Findings []Problem
	// Connections says, a sentence each, what becomes of existing connections.
	Connections []string
	// Cut are commands that would cut existing connections that are no longer
	// permitted. They are no part of Steps.
	Cut []string
}

// Step is commands that belong together.
type Step struct {
	// Why says what the step is for ("add 3 hosts to NBU-client-dmz").
	Why string
	// Commands are single lines, in order, as they are typed at the top of the
	// configuration mode; nftables: the lines of one file for "nft -f".
	Commands []string
}

// PlanOptions say what a plan may do.
type PlanOptions struct {
	// TakeOver allows an exclusive firewall to remove rules of others.
	TakeOver bool
}

// Target is one vendor.
type Target interface {
	// Name is the word that a policy uses, and FileSuffix ends the names of
	// its output files (".nft").
	Name() string
	FileSuffix() string
	// Check says what the target can't express, before a byte is written.
	Check(Job) []Problem
	// Render writes the complete configuration for a device that has none of
	// ours. The same job gives the same bytes. A job in which Check finds
	// problems is an error, and nothing of it is written.
	Render(io.Writer, Job) error
	// Effective is what a device does that has loaded what Render writes: what
	// Parse makes of it has the same effect.
	Effective(Job) ruleset.RuleSet
	// Parse reads what the device printed. Lines that are not modelled become
	// opaque rules or problems, never nothing.
	Parse(io.Reader, ParseOptions) (*Config, error)
	// Plan returns the change from have to the job. If there are problems, the
	// plan is refused and the change is nil.
	Plan(have *Config, job Job, opt PlanOptions) (*Change, []Problem)
	// Restore returns the change that takes what is ours from have back to what
	// it was before, as Plan does. It undoes a change of ours, also one that
	// was interrupted.
	Restore(have, before *Config) (*Change, []Problem)
}

// ParseOptions say how to read a configuration.
type ParseOptions struct {
	// Interfaces map device names to the labels of the policy; names that are
	// not listed stand for themselves.
	Interfaces []Interface
	// Context is the ASA context, vsys or VDOM to read of a text that has
	// several; "" for the only or first one.
	Context string
	// Prefix is Job.Prefix: it tells our objects from those of others. ""
	// stands for DefaultPrefix.
	Prefix string
	// Behind is copied to the rule set.
	Behind map[string]ruleset.AddrSet
}

// DefaultPrefix begins the names of our objects where a policy doesn't say
// otherwise.
const DefaultPrefix = "NBU-"
