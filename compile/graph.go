package compile

import (
	"cmp"
	"sync"
	"time"

	"github.com/nbfwc/nbfwc/lang"
	"github.com/nbfwc/nbfwc/ruleset"
)

// Graph is the flow graph of a policy: every flow that its hosts need, why, and
// the firewalls on its way. It is read only and safe for concurrent use.
type Graph struct {
	Policy *lang.Policy
	// Flows are sorted by domain, row order of the catalogue, then by the
	// position of the groups in the policy; the policy's own flows come last.
	// A flow's index is its id within the graph.
	Flows []Flow
	// Firewalls are those of the policy with what the graph says of them, in
	// the policy's order.
	Firewalls []*Firewall

	topology *topology
	routes   *routes
	groups   []*lang.Group // of all domains, in order
	legs     legTable
	// ends has the two legs of each flow, by its id.
	ends []legPair
	rows map[*lang.Row]*rowInfo
	// bringers are the roles that bring a role with them.
	bringers map[*lang.Role][]*lang.Role
	oldest   lang.Version // that any row speaks for

	zonesOnce sync.Once
	zoneAddrs []ruleset.AddrSet // by zone, for Behind
}

// Flow is one row of the catalogue, or one flow of the policy, between one leg
// of a group and one leg of another.
type Flow struct {
	Domain   *lang.Domain // nil for flows of the policy that belong to none
	Link     *lang.Link   // for a flow between two domains
	Row      *lang.Row    // exactly one of Row and Custom is set
	Custom   *lang.Flow
	From, To End
	Ports    []Port
	Idle     time.Duration
	// Paths is each way through the firewalls that the flow takes; empty if
	// Local says why there is none. The slices are shared between flows.
	Paths [][]Hop
	Local Local
}

// End is one side of a flow. Zone is set for a flow of the policy that names a
// whole zone; else Group and Leg are. A flow of a whole zone is one flow per
// family.
type End struct {
	Group *lang.Group
	Leg   int
	Zone  *lang.Zone
	// IPv6 is the family of a zone's addresses that is meant.
	IPv6 bool
}

// Port is a protocol with a port range. For ICMP and ICMPv6 the type stands in
// From and To and the code (or -1) in Code.
type Port struct {
	Proto    uint8
	From, To uint16
	Code     int16
}

// Hop is a firewall on a path. A nil interface is the firewall itself.
type Hop struct {
	Firewall *Firewall
	In, Out  *lang.Interface
}

// Local says why a flow crosses no firewall.
type Local uint8

const (
	// NotLocal: the flow has a path.
	NotLocal Local = iota
	// SameHost: both roles are on one host.
	SameHost
	// SameZone: both ends are in one zone.
	SameZone
	// SameInterface: both zones lie behind one interface without hairpin: the
	// firewall doesn't see the flow.
	SameInterface
)

// Firewall is a firewall of the policy within a graph.
type Firewall struct {
	*lang.Firewall
	// Flows are the ids of the flows that cross the firewall, ascending.
	Flows []int32
}

// Prefix begins the name of each object of ours on the firewall; it is how they
// are told from those of others.
func (fw *Firewall) Prefix() string { return cmp.Or(fw.NamePrefix, lang.DefaultPrefix) }

// Severity of a Problem.
type Severity uint8

const (
	// Error: nothing can be compiled.
	Error Severity = iota
	// Warning: it compiles, and something is likely wrong.
	Warning
	// Notice: something that the user should know.
	Notice
)

// Problem is what compile has to say about a policy. Summary is short and the
// same for the same kind of problem; Detail says what is wrong, why it matters
// and what to write instead.
type Problem struct {
	Severity Severity
	Summary  string
	Detail   string
	Subject  lang.Origin
}
