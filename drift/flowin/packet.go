package flowin

import "encoding/binary"

// The headers of a sampled packet may be cut off anywhere. What is there is
// read; without both addresses it is no flow.

func (r *Record) ethernet(b []byte) bool {
	if len(b) < 14 {
		return false
	}
	kind := binary.BigEndian.Uint16(b[12:])
	b = b[14:]
	for (kind == 0x8100 || kind == 0x88a8) && len(b) >= 4 { // VLAN tags
		kind = binary.BigEndian.Uint16(b[2:])
		b = b[4:]
	}
	switch kind {
	case 0x0800:
		return r.ip4(b)
	case 0x86dd:
		return r.ip6(b)
	}
	return false
}

func (r *Record) ip4(b []byte) bool {
	if len(b) < 20 || b[0]>>4 != 4 || b[0]&15 < 5 {
		return false
	}
	r.Src, r.Dst, r.Protocol = map4(b[12:16]), map4(b[16:20]), b[9]
	header := int(b[0]&15) * 4
	if binary.BigEndian.Uint16(b[6:])&0x1fff == 0 && len(b) >= header {
		r.transport(b[header:])
	}
	return true
}

func (r *Record) ip6(b []byte) bool {
	if len(b) < 40 || b[0]>>4 != 6 {
		return false
	}
	r.Src, r.Dst = [16]byte(b[8:24]), [16]byte(b[24:40])
	next := b[6]
	b = b[40:]
	for len(b) >= 8 {
		switch next {
		case 0, 43, 60: // hop-by-hop, routing, destination options
			length := 8 + int(b[1])*8
			if length > len(b) {
				r.Protocol = b[0]
				return true
			}
			next, b = b[0], b[length:]
			continue
		case 44: // fragment
			if binary.BigEndian.Uint16(b[2:])&0xfff8 != 0 {
				r.Protocol = b[0]
				return true
			}
			next, b = b[0], b[8:]
			continue
		}
		break
	}
	r.Protocol = next
	r.transport(b)
	return true
}

func (r *Record) transport(b []byte) {
	switch r.Protocol {
	case 6, 17, 132:
		if len(b) >= 4 {
			r.SrcPort, r.DstPort = binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])
		}
		if r.Protocol == 6 && len(b) >= 14 {
			r.TCPFlags = uint16(b[13])
		}
	case 1, 58:
		if len(b) >= 2 {
			r.ICMPType, r.ICMPCode = b[0], b[1]
		}
	}
}
