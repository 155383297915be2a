package flowin

import "encoding/binary"

// variable is the length of a template field whose records tell it themselves
// (RFC 7011, section 7).
const variable = 0xffff

// field is one field specifier of a template.
type field struct {
	element
	length int
}

// step reads one field of a record. In plans of variable length the offset is
// not used, and the steps with no target are fields to step over.
type step struct {
	offset int
	length int
	to     target
	form   form
}

// plan is a compiled template.
type plan struct {
	steps    []step
	size     int  // of a record; the least possible one if variable
	variable bool // records differ in length
	flow     bool // has a source and a destination
	options  bool // describes the exporter, not flows
	scopes   int  // of the fields, how many say what the others are about
	hints    bool // has steps whose results are in hints
	biflow   bool
	fromSrc  bool // the source is who began, by what its fields mean
	icmp     bool // has ICMP fields of its own
	first    bool
	last     bool
}

// hints are what a record says about other fields.
type hints struct {
	firstUptime, lastUptime uint32
	hasFirst, hasLast       bool
	sampler                 uint64
	interval                uint64
	packets, space          uint64
	size, population        uint64
	initTime                int64
}

// compile returns the plan for a template. Its size is zero iff a record could
// be empty; such a plan must not be used.
func compile(fields []field, version uint16, options bool) *plan {
	p := &plan{options: options}
	for _, f := range fields {
		if f.length == variable && version == versionIPFIX {
			p.variable = true
			p.size++
		} else {
			p.size += f.length
		}
	}
	best := choose(fields, version)
	offset := 0
	for i, f := range fields {
		s := step{offset: offset, length: f.length}
		if version != versionIPFIX || f.length != variable {
			offset += f.length
		} else {
			s.length = variable
		}
		if src, known := sources[f.element]; known && best[src.to].holds(i) {
			s.to, s.form = src.to, src.form
			s.form = s.form.besideOther(best[src.to].both())
			p.note(s, version)
			p.fromSrc = p.fromSrc || initiators[f.element]
		} else if !p.variable {
			continue
		}
		p.steps = append(p.steps, s)
	}
	p.flow = !options && best[toSrc].any() && best[toDst].any()
	return p
}

// note keeps what decoding a record must know about all steps.
func (p *plan) note(s step, version uint16) {
	switch s.to {
	case toReverseBytes, toReversePackets:
		p.biflow = true
	case toICMP, toICMPType, toICMPCode:
		p.icmp = true
	case toFirst:
		p.first = true
	case toLast:
		p.last = true
	}
	if s.to >= toInterval || s.form == uptime && version == versionIPFIX {
		p.hints = true
	}
}

// choice is which fields of a template a target is read from, by number plus
// one; the second is only for addresses, which may come in both families.
type choice struct{ first, second int }

func (c choice) holds(i int) bool { return c.first == i+1 || c.second == i+1 }
func (c choice) both() bool       { return c.first != 0 && c.second != 0 }
func (c choice) any() bool        { return c.first != 0 || c.second != 0 }

func choose(fields []field, version uint16) (best [toInitTime + 1]choice) {
	var ranks [toInitTime + 1]uint8
	for i, f := range fields {
		src, known := sources[f.element]
		if !known || !src.form.fits(f.length) && !(src.form.numeric() && f.length == variable && version == versionIPFIX) {
			continue
		}
		c := &best[src.to]
		switch {
		case src.form == address6:
			if c.second == 0 {
				c.second = i + 1
			}
		case c.first == 0 || src.rank < ranks[src.to]:
			c.first, ranks[src.to] = i+1, src.rank
		}
	}
	// ICMP comes in one number or in two; a code without a type is neither.
	if best[toICMPType].any() {
		best[toICMP] = choice{}
	} else {
		best[toICMPCode] = choice{}
	}
	return best
}

// fixed fills r from a record of exactly p.size bytes.
func (p *plan) fixed(b []byte, r *Record, h *hints, at *moment) {
	for i := range p.steps {
		s := &p.steps[i]
		s.read(b[s.offset:s.offset+s.length], r, h, at)
	}
}

// walk fills r from the record that b begins with and returns its length, or
// false if it does not end within b.
func (p *plan) walk(b []byte, r *Record, h *hints, at *moment) (int, bool) {
	n := 0
	for i := range p.steps {
		s := &p.steps[i]
		length := s.length
		if length == variable {
			if n >= len(b) {
				return 0, false
			}
			length = int(b[n])
			n++
			if length == 255 {
				if n+2 > len(b) {
					return 0, false
				}
				length = int(binary.BigEndian.Uint16(b[n:]))
				n += 2
			}
		}
		if n+length > len(b) {
			return 0, false
		}
		if s.to != 0 && s.form.fits(length) {
			s.read(b[n:n+length], r, h, at)
		}
		n += length
	}
	return n, true
}

func (s *step) read(b []byte, r *Record, h *hints, at *moment) {
	switch s.form {
	case address4IfNone:
		if *r.address(s.to) != [16]byte{} {
			return
		}
		fallthrough
	case address4:
		dst := r.address(s.to)
		dst[10], dst[11] = 0xff, 0xff
		copy(dst[12:], b)
		return
	case address6:
		copy(r.address(s.to)[:], b)
		return
	case address6IfAny:
		if dst := r.address(s.to); [16]byte(b) != [16]byte{} {
			copy(dst[:], b)
		}
		return
	case aclID:
		id := ACLID{binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:]), binary.BigEndian.Uint32(b[8:])}
		if s.to == toIngressACL {
			r.IngressACL = id
		} else {
			r.EgressACL = id
		}
		return
	}
	v := bigEndian(b)
	switch s.to {
	case toSrcPort:
		r.SrcPort = uint16(v)
	case toDstPort:
		r.DstPort = uint16(v)
	case toProtocol:
		r.Protocol = uint8(v)
	case toTCPFlags:
		r.TCPFlags = uint16(v)
	case toBytes:
		r.Bytes = v
	case toPackets:
		r.Packets = v
	case toReverseBytes:
		r.ReverseBytes = v
	case toReversePackets:
		r.ReversePackets = v
	case toIn:
		r.InterfaceIn = uint32(v)
	case toOut:
		r.InterfaceOut = uint32(v)
	case toFirst:
		if s.form == uptime && at.ipfix {
			h.firstUptime, h.hasFirst = uint32(v), true
		} else {
			r.First = at.time(s.form, v)
		}
	case toLast:
		if s.form == uptime && at.ipfix {
			h.lastUptime, h.hasLast = uint32(v), true
		} else {
			r.Last = at.time(s.form, v)
		}
	default:
		s.readRare(v, r, h)
	}
}

func (s *step) readRare(v uint64, r *Record, h *hints) {
	switch s.to {
	case toICMP:
		r.ICMPType, r.ICMPCode = uint8(v>>8), uint8(v)
	case toICMPType:
		r.ICMPType = uint8(v)
	case toICMPCode:
		r.ICMPCode = uint8(v)
	case toEvent:
		r.Event = Event(v)
	case toExtendedEvent:
		r.ExtendedEvent = uint16(v)
	case toForwarding:
		r.Forwarding = uint8(v)
	case toInitiator:
		// biflowDirection, RFC 5103 section 6.3: 1 the source began, 2 the
		// destination; 0 and 3 say nothing about that.
		r.Initiator = [...]Initiator{0, InitiatorSrc, InitiatorDst, 0}[v&3]
	case toInterval:
		h.interval = v
	case toPacketInterval:
		h.packets = v
	case toPacketSpace:
		h.space = v
	case toSampleSize:
		h.size = v
	case toPopulation:
		h.population = v
	case toSampler:
		h.sampler = v
	case toInitTime:
		h.initTime = int64(v)
	}
}

func (r *Record) address(to target) *[16]byte {
	if to == toSrc {
		return &r.Src
	}
	return &r.Dst
}

func bigEndian(b []byte) uint64 {
	switch len(b) {
	case 1:
		return uint64(b[0])
	case 2:
		return uint64(binary.BigEndian.Uint16(b))
	case 4:
		return uint64(binary.BigEndian.Uint32(b))
	case 8:
		return binary.BigEndian.Uint64(b)
	}
	v := uint64(0)
	for _, c := range b {
		v = v<<8 | uint64(c)
	}
	return v
}

// rate returns one packet in how many is counted, 0 if the record does not
// tell. Of packets and space (RFC 5477) some exporters tell only the first and
// mean the rate by it.
func (h *hints) rate() uint32 {
	v := h.interval
	switch {
	case v != 0:
	case h.packets != 0 && h.space != 0:
		v = (h.packets + h.space) / h.packets
	case h.packets != 0:
		v = h.packets
	case h.size != 0:
		v = h.population / h.size
	}
	return uint32(min(v, 1<<32-1))
}

// finish works out what several fields tell together.
func (p *plan) finish(r *Record, h *hints, at *moment) {
	if h.hasFirst {
		r.First = at.atUptime(h.firstUptime, h.initTime)
	}
	if h.hasLast {
		r.Last = at.atUptime(h.lastUptime, h.initTime)
	}
	if p.last && !p.first {
		r.First = r.Last
	}
	r.settle(p.icmp)
	r.Biflow = p.biflow
	if p.fromSrc {
		r.Initiator = InitiatorSrc
	}
}

// settle fills in the family, and ICMP's type and code from the destination
// port, where exporters put them that have no fields for them.
func (r *Record) settle(icmp bool) {
	r.Family = IPv6
	src4, dst4 := mapped(&r.Src), mapped(&r.Dst)
	if src4 && dst4 {
		r.Family = IPv4
	} else if src4 || dst4 {
		r.Family = Mixed
	}
	if !icmp && (r.Protocol == 1 || r.Protocol == 58) {
		r.ICMPType, r.ICMPCode = uint8(r.DstPort>>8), uint8(r.DstPort)
	}
}

func mapped(a *[16]byte) bool {
	return binary.BigEndian.Uint64(a[:]) == 0 && binary.BigEndian.Uint32(a[8:]) == 0xffff
}
