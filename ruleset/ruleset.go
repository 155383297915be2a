package ruleset

import (
	"net/netip"
	"time"
)

// Packet is the first packet of a connection, as one enforcement context sees
// it. In and Out are interface labels, or Self. For ICMP and ICMPv6 the type
// stands in SrcPort and the code in DstPort.
type Packet struct {
	In, Out          string
	Src, Dst         netip.Addr
	Proto            uint8
	SrcPort, DstPort uint16
}

// Self is the label of the enforcement context itself: a packet with Out ==
// Self is delivered to it, one with In == Self is sent by it. It can't be the
// name of a real interface.
const Self = "(self)"

// IP protocol numbers (IANA) that have ports or types.
const (
	ICMP   uint8 = 1
	TCP    uint8 = 6
	UDP    uint8 = 17
	ICMPv6 uint8 = 58
)

// Action is what a rule or the default of a stage does with a packet.
type Action uint8

const (
	// Permit lets the packet go on to the next stage.
	Permit Action = iota + 1
	// Deny drops the packet without an answer.
	Deny
	// Reject drops the packet and tells the sender (TCP reset or ICMP error).
	Reject
	// Next is a default only: no decision here, the next stage of the run
	// decides.
	Next
)

// Effects are what a rule does beside its action. They don't change which
// packets pass.
type Effects struct {
	// Idle is the idle timeout that the rule gives to its connections; 0
	// leaves the device's own.
	Idle time.Duration
	// Log says that matches are logged.
	Log bool
	// Profile names the vendor's log or security profile, "" for none.
	Profile string
}

// Opaque is the part of a rule that is not modelled: the rule matches an
// unknown subset of its box.
type Opaque struct {
	// ID is the same for two lines whose unmodelled parts are known to match
	// the same packets ("app-id ssl"); it makes them one unknown.
	ID string
	// Why says in words what is not modelled.
	Why string
}

// Rule is one line of a stage. Its box is the product of the six sets; the
// zero value of each set is described with its type.
type Rule struct {
	In, Out  IfaceSet
	Src, Dst AddrSet
	Service  ServiceSet
	Action   Action
	Opaque   *Opaque

	Effects

	// What follows never changes which packets the rule matches.

	// Name is what the device calls the rule; Line is its number in what the
	// device printed, from 1.
	Name string
	Line int
	// SrcGroup, DstGroup and ServiceGroup name the object-groups that spell
	// the sets; "" where the set is spelled out in the rule.
	SrcGroup, DstGroup, ServiceGroup string
	// Flows are the flows of the graph that need the rule, ascending.
	Flows []int32
	// Reason is one line of text for a remark, description or comment.
	Reason string
}

// Stage is an ordered first-match list. It applies to packets whose in- and
// out-interface are in In and Out. Default decides what no rule matches; a
// stage whose Default is Next forms a run with the stages after it, up to the
// first with another default.
type Stage struct {
	Name    string
	In, Out IfaceSet
	Rules   []Rule
	Default Action
	Effects // of the default
}

// RuleSet is all that one enforcement context does with new connections. A
// packet passes if every run that applies to it permits it: the rules of the
// applicable stages of a run are tried in order, then the default of the last
// applicable one, where Next stands for the default of the last stage of the
// run. A run none of whose stages applies permits.
type RuleSet struct {
	Stages []Stage
	// Groups spell the address sets of the rules.
	Groups []Group
	// Behind gives, by interface label, the addresses that belong behind the
	// interface. It makes "consistent packets" precise: a packet is consistent
	// if Src is behind In and Dst is behind Out, where known.
	Behind map[string]AddrSet
}

// Group is a named list of addresses.
type Group struct {
	Name string
	// Members are kept as they were declared: they are never merged, since
	// each is one line on a device.
	Members []Member
	// Set is the union of Members.
	Set AddrSet
	// Parts are the names of groups, also in RuleSet.Groups, that the group is
	// exactly the union of; nil for a group that is spelled by its members. A
	// part has no parts.
	Parts []string
	// Reason is one line of text for a remark, description or comment.
	Reason string
}

// Member is one host, prefix or range of a Group.
type Member struct {
	Range Range
	// Name is the host's name, "" if it has none.
	Name string
}

// Verdict is the outcome for one packet.
type Verdict uint8

const (
	// Unknown: an opaque line decides, or may.
	Unknown Verdict = iota
	// Passes: every run permits.
	Passes
	// Drops: some run denies.
	Drops
	// Rejects: some run rejects, and no earlier run denies.
	Rejects
)
