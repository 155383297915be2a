package flowin

// target is a field of a Record, or something that fields are worked out from.
type target uint8

const (
	toSrc target = iota + 1
	toDst
	toSrcPort
	toDstPort
	toProtocol
	toTCPFlags
	toBytes
	toPackets
	toReverseBytes
	toReversePackets
	toFirst
	toLast
	toIn
	toOut
	toICMP
	toICMPType
	toICMPCode
	toEvent
	toExtendedEvent
	toIngressACL
	toEgressACL
	toForwarding
	toInitiator
	// What follows is in hints, not in the record itself.
	toInterval
	toPacketInterval
	toPacketSpace
	toSampleSize
	toPopulation
	toSampler
	toInitTime
)

// form is how a field's bytes are read.
type form uint8

const (
	number         form = iota
	address4            // 4 bytes
	address6            // 16 bytes
	address4IfNone      // where the template has both families, IPv6 wins
	address6IfAny       // unless it is all zero
	aclID               // 12 bytes
	uptime              // milliseconds since the exporter booted
	seconds             // since 1970
	milliseconds
	ntp        // 32 bit seconds since 1900 and 32 bit fraction: micro- and nanoseconds
	beforeSent // microseconds before the export
)

const reversePEN = 29305 // RFC 5103: the same element for the other direction

type element struct {
	pen uint32
	id  uint16
}

// A source is a place that a target can be read from. Of several in one
// template the lowest rank wins, then the first.
type source struct {
	to   target
	form form
	rank uint8
}

// sources are the information elements that we read, by IANA's registry "IPFIX
// Information Elements"; the first 127 are those of RFC 3954. The ids 33000 to
// 33002 are NSEL's and have, in version 9, nothing to do with the enterprise
// bit; 40005 is NSEL's event in ASA 8.2.
var sources = map[element]source{
	{0, 8}:  {toSrc, address4, 0},
	{0, 27}: {toSrc, address6, 1},
	{0, 12}: {toDst, address4, 0},
	{0, 28}: {toDst, address6, 1},

	{0, 7}:   {toSrcPort, number, 0},
	{0, 180}: {toSrcPort, number, 1},
	{0, 182}: {toSrcPort, number, 2},
	{0, 11}:  {toDstPort, number, 0},
	{0, 181}: {toDstPort, number, 1},
	{0, 183}: {toDstPort, number, 2},
	{0, 4}:   {toProtocol, number, 0},
	{0, 6}:   {toTCPFlags, number, 0},

	// Of the counters of one direction, those of an initiator are exact; the
	// ones after the device (23, 24) repeat 1 and 2 on FortiGate and count only
	// where nothing else does.
	{0, 231}: {toBytes, number, 0},
	{0, 1}:   {toBytes, number, 1},
	{0, 85}:  {toBytes, number, 2},
	{0, 23}:  {toBytes, number, 3},
	{0, 298}: {toPackets, number, 0},
	{0, 2}:   {toPackets, number, 1},
	{0, 86}:  {toPackets, number, 2},
	{0, 24}:  {toPackets, number, 3},

	{0, 232}:         {toReverseBytes, number, 0},
	{reversePEN, 1}:  {toReverseBytes, number, 1},
	{reversePEN, 85}: {toReverseBytes, number, 2},
	{0, 299}:         {toReversePackets, number, 0},
	{reversePEN, 2}:  {toReversePackets, number, 1},
	{reversePEN, 86}: {toReversePackets, number, 2},
	{0, 239}:         {toInitiator, number, 0},

	{0, 152}: {toFirst, milliseconds, 0},
	{0, 154}: {toFirst, ntp, 1},
	{0, 156}: {toFirst, ntp, 2},
	{0, 150}: {toFirst, seconds, 3},
	{0, 158}: {toFirst, beforeSent, 4},
	{0, 22}:  {toFirst, uptime, 5},
	{0, 153}: {toLast, milliseconds, 0},
	{0, 155}: {toLast, ntp, 1},
	{0, 157}: {toLast, ntp, 2},
	{0, 151}: {toLast, seconds, 3},
	{0, 159}: {toLast, beforeSent, 4},
	{0, 21}:  {toLast, uptime, 5},
	{0, 323}: {toLast, milliseconds, 6},

	{0, 10}:  {toIn, number, 0},
	{0, 14}:  {toOut, number, 0},
	{0, 32}:  {toICMP, number, 0},
	{0, 139}: {toICMP, number, 1},
	{0, 176}: {toICMPType, number, 0},
	{0, 178}: {toICMPType, number, 1},
	{0, 177}: {toICMPCode, number, 0},
	{0, 179}: {toICMPCode, number, 1},

	{0, 233}:   {toEvent, number, 0},
	{0, 40005}: {toEvent, number, 1},
	{0, 33002}: {toExtendedEvent, number, 0},
	{0, 33000}: {toIngressACL, aclID, 0},
	{0, 33001}: {toEgressACL, aclID, 0},
	{0, 89}:    {toForwarding, number, 0},

	{0, 34}:  {toInterval, number, 0},
	{0, 50}:  {toInterval, number, 1},
	{0, 305}: {toPacketInterval, number, 0},
	{0, 306}: {toPacketSpace, number, 0},
	{0, 309}: {toSampleSize, number, 0},
	{0, 310}: {toPopulation, number, 0},
	{0, 302}: {toSampler, number, 0},
	{0, 48}:  {toSampler, number, 1},
	{0, 160}: {toInitTime, milliseconds, 0},
}

// initiators are the elements that only records have whose source is who began:
// NSEL's event and the counters of initiator and responder. An event alone does
// not tell: PAN-OS sends firewallEvent in records of either direction.
var initiators = map[element]bool{
	{0, 33002}: true, {0, 40005}: true,
	{0, 231}: true, {0, 232}: true, {0, 298}: true, {0, 299}: true,
}

// fits reports whether a field of n bytes can be read in this form. Numbers may
// be shorter than their type (RFC 7011, section 6.2); wider than any type is
// something else under the same id.
func (f form) fits(n int) bool {
	switch f {
	case address4, address4IfNone:
		return n == 4
	case address6, address6IfAny:
		return n == 16
	case aclID:
		return n == 12
	case ntp:
		return n == 8
	}
	return n >= 1 && n <= 8
}

// numeric reports whether a field of variable length may be read in this form.
func (f form) numeric() bool { return f == number }

// besideOther is an address's form where its template has both families.
func (f form) besideOther(both bool) form {
	switch {
	case both && f == address4:
		return address4IfNone
	case both && f == address6:
		return address6IfAny
	}
	return f
}
