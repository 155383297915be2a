package flowin

import (
	"net/netip"
	"strconv"
)

// Record is one flow as its exporter told it. It holds no pointers, so a slice
// of records is nothing that the garbage collector has to look into.
type Record struct {
	Src, Dst [16]byte // IPv4 in its mapped form, ::ffff:a.b.c.d; see SrcAddr

	// Counters from Src to Dst, and back where one record tells both: NSEL
	// (initiator and responder) and biflows of RFC 5103. They are as reported
	// and not multiplied by Sampling.
	Bytes, Packets               uint64
	ReverseBytes, ReversePackets uint64

	// First and last packet, or creation and event of NSEL, in milliseconds
	// since 1970 by the exporter's clock. Without such fields both are the
	// time of export.
	First, Last int64

	IngressACL, EgressACL ACLID

	Exporter uint32 // see Decoder.ExporterAddr
	Domain   uint32 // observation domain, source id or engine

	InterfaceIn, InterfaceOut uint32 // SNMP ifIndex; 0 is not told or the device itself
	Sampling                  uint32 // one packet in so many; 0 is not told

	SrcPort, DstPort uint16
	TCPFlags         uint16
	ExtendedEvent    uint16 // NSEL: 1001 denied by the ingress ACL, 1002 egress, ...

	Protocol           uint8
	ICMPType, ICMPCode uint8
	Forwarding         uint8 // forwardingStatus, RFC 7270; 0 is not told
	Event              Event
	Initiator          Initiator
	Biflow             bool // the reverse counters are told, even if zero
	Family             Family
}

// SrcAddr returns the source address, an IPv4 one as such.
func (r *Record) SrcAddr() netip.Addr { return netip.AddrFrom16(r.Src).Unmap() }

// DstAddr returns the destination address, an IPv4 one as such.
func (r *Record) DstAddr() netip.Addr { return netip.AddrFrom16(r.Dst).Unmap() }

// Family is a record's address family; a firewall that translates between the
// two may report a record with one address of each.
type Family uint8

const (
	IPv4  Family = 4
	IPv6  Family = 6
	Mixed Family = 46
)

// Event is what a firewall says happened to a connection: firewallEvent of
// RFC 8158, with the numbers of NSEL. Routers and switches tell none.
type Event uint8

const (
	EventNone     Event = 0
	EventCreated  Event = 1
	EventTornDown Event = 2
	EventDenied   Event = 3
	EventAlert    Event = 4
	EventUpdate   Event = 5
)

func (e Event) String() string {
	names := [...]string{"none", "created", "torn down", "denied", "alert", "update"}
	if int(e) < len(names) {
		return names[e]
	}
	return "event " + strconv.Itoa(int(e))
}

// Initiator says which end began, as far as the exporter knows.
type Initiator uint8

const (
	InitiatorUnknown Initiator = iota
	InitiatorSrc
	InitiatorDst
)

// ACLID names the access list entry of an NSEL event by the hashes that
// "show access-list" prints: of the list, of the entry, and of the expanded
// entry where object-groups are used. All zero: no entry decided.
type ACLID struct {
	ACL, ACE, Expanded uint32
}
