package lang

import (
	"net/netip"
	"time"
)

// Origin is a place in the policy, for diagnostics. The zero Origin is no
// place.
type Origin struct {
	File                     string // as it was named when loaded
	Line, Column, Byte       int    // start; lines and columns count from 1
	EndLine, EndColumn, EndB int
}

// Policy is a policy whose references are resolved and whose values are
// checked. It is read only. All slices are sorted by name, except where a
// comment says otherwise.
type Policy struct {
	Zones     []*Zone
	Devices   []*Device
	Firewalls []*Firewall
	Domains   []*Domain
	Links     []*Link
	Flows     []*Flow // the policy's own flows, in file order
	Catalog   *Catalog
	// Paths choose among several ways, in file order.
	Paths      []*PathChoice
	Management *Management // nil if not declared
	// Inputs are all files that were read, with their digests, sorted by name.
	Inputs []Input
}

// Input is a file that the policy was made from.
type Input struct {
	Name   string // slash-separated, relative to the policy's directory
	SHA256 [32]byte
}

// Zone is a named part of the network.
type Zone struct {
	Name     string
	Networks []netip.Prefix // masked, sorted
	Transit  bool           // joins firewalls; hosts don't live here
	Origin   Origin
}

// Elsewhere is the zone of every address that is in no declared zone.
var Elsewhere = &Zone{Name: "elsewhere"}

// Device is how a firewall is reached.
type Device struct {
	Name      string
	Addresses []netip.AddrPort // port 0: 22; two for a pair
	Hostname  string           // expected, "" for any
	Username  string
	// Serials are the serial numbers that its units may have, none for any.
	Serials []string
	// Jump is the device that connections go through, nil for none. Chains of
	// jumps have no loops.
	Jump   *Device
	Origin Origin
}

// Firewall is one enforcement context.
type Firewall struct {
	Name    string
	Target  string  // paloalto, cisco_asa, fortigate or nftables
	OS      string  // "" for the oldest supported
	Context string  // ASA context, vsys, VDOM; "" for none
	Device  *Device // nil if not declared
	// Exclusive: the whole forward policy is ours (manage = "exclusive").
	Exclusive bool
	Anchor    string
	Bind      bool
	// DeviceGroup is the Panorama device group that holds the rules, "" for a
	// firewall that holds its own (paloalto only).
	DeviceGroup string
	// LocalRules allows rules to be written to a device that a central manager
	// manages as well.
	LocalRules bool
	// Interfaces are in file order.
	Interfaces []*Interface
	// Self are the addresses of declared hosts that live on the firewall
	// itself (nftables only): the groups that "self" names, sorted ranges.
	Self        []AddrRange
	Log         bool
	DenyLog     bool
	Profile     string
	Established time.Duration // the device's own idle timeout; 0: vendor's default
	// Assume says of conditions that rules of the device have and nbfwc doesn't
	// model, by the id that findings give ("app-id ssl"), whether they match;
	// nil if it says nothing.
	Assume map[string]bool
	// NamePrefix begins the names of our objects; "" is DefaultPrefix.
	NamePrefix string
	GroupName  NameTemplate
	// UseObjects are sorted by group.
	UseObjects []UseObject
	Origin     Origin
}

// NameTemplate says what the names of our groups are made of after the prefix:
// text and fields such as {role}. The zero template is what nbfwc chooses.
type NameTemplate struct {
	Text   string
	Origin Origin
}

// NameFields are the fields of a NameTemplate.
var NameFields = [...]string{"domain", "role", "class", "version", "family", "interface"}

// UseObject says that an object of the device stands for one of our groups.
type UseObject struct {
	Group, Object string
	Origin        Origin
}

// Interface is a side of a firewall.
type Interface struct {
	Label   string
	Devices []string // names on the device; the label itself if none are given
	Zones   []*Zone
	Hairpin bool
	// Default: what is in no zone lies behind this interface.
	Default bool
	Origin  Origin
}

// Domain is one NetBackup domain. Labels are local to it.
type Domain struct {
	Name    string
	Version Version
	// Settings that conditions may ask for as domain.strict and
	// domain.uncertain.
	Strict, Uncertain bool
	// ResetFallback answers denied fallback ports of permitted pairs with a
	// reset.
	ResetFallback bool
	// Ping permits echo requests between the ends of permitted pairs.
	Ping bool
	// SourcePorts: rules match source ports 1024-65535 instead of any.
	SourcePorts bool
	// Aggregate merges declared hosts into prefixes and ranges.
	Aggregate bool
	Idle      time.Duration // default of TCP flows; 0: 8h
	// Groups are in file order, then in the order of first rows.
	Groups []*Group
	Origin Origin
}

// Group is a maximal set of hosts of one hosts block that agree in everything
// but names and addresses: the unit for which flows are computed. Each address
// of a policy is in exactly one Group.
type Group struct {
	Domain *Domain
	// Block is the label of the hosts block, with the for_each key if it has
	// one: clients, clients["dmz"]. Two groups can share it.
	Block string
	// Also are further blocks that name the same hosts; their roles and
	// features are united here.
	Also []string
	// Discriminator tells groups of one block apart in words ("7.0, dmz"); ""
	// if the block is one group.
	Discriminator string
	// Roles are sorted by name and include those that a role brings with it.
	Roles []*Role
	// Facts are what conditions see. Groups with equal facts share the
	// pointer.
	Facts *Facts
	// Peers narrows role pairs: for the role, only these blocks; nil map: all.
	Peers map[*Role][]PeerBlock
	// Names has a name for each host ("" if none was given).
	Names []string
	// Legs are the addresses, by column: Legs[i].Addrs[k] belongs to Names[k].
	Legs   []Leg
	Origin Origin
}

// PeerBlock names all groups of a hosts block of the same domain.
type PeerBlock struct{ Block string }

// Leg is one address of each host of a group: all in one zone, of one family
// and with one use.
type Leg struct {
	Name  string // of the address ("backup0"), "" if unnamed
	Zone  *Zone
	Use   Use
	IPv6  bool
	Addrs []AddrRange
}

// AddrRange is a host address (From == To), a prefix or a range.
type AddrRange struct{ From, To netip.Addr }

// Use says what an address of a host is for.
type Use uint8

const (
	// Data is an ordinary address.
	Data Use = iota
	// Backup is preferred where hosts don't share a zone.
	Backup
	// IPMI is the out-of-band management address of an appliance: only rows
	// of IPMI roles use it.
	IPMI
	// Virtual is a cluster's address: a destination only.
	Virtual
)

// Facts are what a condition may ask of one end of a flow. Interned: equal
// facts are the same pointer within a policy.
type Facts struct {
	Version  Version
	Roles    []*Role    // sorted by name, brought roles included
	Features []*Feature // sorted by name
	Settings []Setting  // sorted by name, defaults included
	Domain   *Domain
}

// Setting is a value of a catalogue setting on a host.
type Setting struct {
	Name  string
	Value any // string, bool, int, []PortRange or Version
	// Declared: the policy says it; else it is the default of the catalogue.
	Declared bool
}

// Link joins two domains for Auto Image Replication.
type Link struct {
	Name           string
	Kind           string // "air"
	Source, Target *Domain
	Features       []*Feature
	// Peers narrows roles: of a domain that has blocks in the list of a role,
	// only these take part in it; nil: all of both domains.
	Peers  map[*Role][]LinkPeer
	Origin Origin
}

// LinkPeer names all groups of a hosts block of one of two domains.
type LinkPeer struct {
	Domain *Domain
	Block  string
}

// Flow is a flow of the policy's own.
type Flow struct {
	Name     string
	From, To []FlowEnd
	Service  *Service
	// Domain is the one whose block the flow stands in, nil for none.
	Domain *Domain
	// SourcePorts: rules match source ports 1024-65535 instead of any.
	SourcePorts bool
	Idle        time.Duration // 0: the default
	Ticket      string
	Reason      string
	Expires     time.Time // zero: never
	Origin      Origin
}

// FlowEnd is a group of hosts or a whole zone: exactly one is set.
type FlowEnd struct {
	Group *Group
	Zone  *Zone
}

// Management says who manages the devices.
type Management struct {
	From   []netip.Prefix
	Origin Origin
}

// PathChoice settles which ways flows between two zones take where there are
// several. It holds in both directions.
type PathChoice struct {
	Name string
	// From and To are the zones; nil is any.
	From, To *Zone
	// Via are firewalls that a way has to cross, Avoid those that it must not.
	Via, Avoid []*Firewall
	// All: every way that is left carries the flows.
	All    bool
	Origin Origin
}
