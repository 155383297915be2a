package lang

import "time"

// Catalog is what is known of NetBackup: the embedded catalogue and what the
// policy adds to it. Slices are in file order; names are unique per kind.
type Catalog struct {
	Roles    []*Role
	Features []*Feature
	Settings []*SettingDef
	Services []*Service
	Rows     []*Row
}

// Role is a part that a host plays.
type Role struct {
	Name, Title string
	// Brings are roles that come with this one unless another host of the
	// domain declares them (master: emm, java_server).
	Brings []*Role
	// Implies are roles that every host of this one has as well, whoever else
	// has them (each PureDisk service: puredisk_node).
	Implies []*Role
	// Versioned: hosts of the role run a NetBackup version that rows depend on.
	Versioned bool
	// External: not a NetBackup host (a browser, a mail server, a filer).
	External bool
	// IPMI: rows of the role use addresses with the use "ipmi".
	IPMI   bool
	Cite   []string
	Origin Origin
}

// Feature is something that a host or domain uses and that opens ports.
type Feature struct {
	Name, Title string
	On          []*Role // roles that can have it; empty: any
	Cite        []string
	Origin      Origin
}

// SettingDef declares a setting of hosts: a port, port range, choice or text
// that conditions and ports depend on.
type SettingDef struct {
	Name, Title string
	Kind        string // "port", "ports", "choice", "version", "bool"
	Choices     []string
	Default     any // nil: none; the same types as Setting.Value
	On          []*Role
	Cite        []string
	Origin      Origin
}

// Service is protocols and ports.
type Service struct {
	Name, Title string
	TCP, UDP    []PortRange // sorted, disjoint
	ICMP        []ICMPType
	// NetBackup: the ports are NetBackup's own, so that a declared host at one
	// end is enough to bring a packet into scope.
	NetBackup bool
	// Reserved: must not be opened through a firewall (13722, 13783).
	Reserved bool
	Cite     []string
	Origin   Origin
}

// PortRange is From..To, inclusive.
type PortRange struct{ From, To uint16 }

// ICMPType is an ICMP (or ICMPv6) type; Code < 0 is any code.
type ICMPType struct {
	IPv6 bool
	Type uint8
	Code int16
}

// Row is one line of the catalogue: hosts of one role talk to hosts of another.
type Row struct {
	Name     string
	From, To *Role
	Service  *Service
	// Link is "" for a flow inside a domain, "air" for one between the source
	// and the target domain of a link of this kind, in either direction.
	Link string
	// Covers are the versions of the ends for which the row's source speaks,
	// by end; they count only for versioned roles.
	FromCovers, ToCovers VersionRange
	// When is the condition, nil for always.
	When *Condition
	// Ports replace the ports of the service, nil if they don't.
	Ports *PortsExpr
	// Class discriminates flows of one role pair in names ("old", "dedup").
	Class string
	// Fallback are the services that NetBackup tries when this one is blocked.
	Fallback []*Service
	Idle     time.Duration // 0: the domain's
	Cite     []string      // "Table 2-2, note **"
	Source   string        // "guide 7.x" (also if the embedded row says none), or the document
	Inferred string        // what the source doesn't say and we concluded; "" for nothing
	Breaks   string        // what fails when the port is closed, in backup words
	User     bool          // from the policy, not embedded
	Origin   Origin
}
