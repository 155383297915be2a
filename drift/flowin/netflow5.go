package flowin

import "encoding/binary"

const (
	header5 = 24
	record5 = 48
)

// netflow5 decodes NetFlow version 5, whose records have one form. The two bits
// above the sampling interval are its mode.
func (d *Decoder) netflow5(b []byte, in *arrival, dst []Record) []Record {
	if len(b) < header5 {
		d.stats.Datagrams.TooShort++
		return dst
	}
	be := binary.BigEndian
	count := int(be.Uint16(b[2:]))
	dom := d.domain(in, versionNetFlow5, uint32(be.Uint16(b[20:])))
	if dom == nil {
		return dst
	}
	at := moment{uptime: be.Uint32(b[4:]), sent: int64(be.Uint32(b[8:]))*1000 + int64(be.Uint32(b[12:])/1e6)}
	d.clock(dom, in, &at, true)
	d.sequence(dom, be.Uint32(b[16:]), uint32(count), true)
	if rate := be.Uint16(b[22:]) & 0x3fff; rate != 0 {
		dom.sampling = uint32(rate)
	}
	whole := min(count, (len(b)-header5)/record5)
	d.stats.Records.Received += uint64(count)
	d.stats.Records.Flows += uint64(whole)
	d.stats.Records.Broken += uint64(count - whole)
	if whole < count {
		d.stats.Datagrams.Broken++
	} else {
		d.stats.Datagrams.Decoded++
	}
	for i := range whole {
		dst = append(dst, dom.blank(&at))
		dst[len(dst)-1].netflow5(b[header5+i*record5:][:record5], &at)
	}
	return dst
}

func (r *Record) netflow5(b []byte, at *moment) {
	be := binary.BigEndian
	r.Src = map4(b[0:4])
	r.Dst = map4(b[4:8])
	r.InterfaceIn = uint32(be.Uint16(b[12:]))
	r.InterfaceOut = uint32(be.Uint16(b[14:]))
	r.Packets = uint64(be.Uint32(b[16:]))
	r.Bytes = uint64(be.Uint32(b[20:]))
	r.First = at.atUptime(be.Uint32(b[24:]), 0)
	r.Last = at.atUptime(be.Uint32(b[28:]), 0)
	r.SrcPort = be.Uint16(b[32:])
	r.DstPort = be.Uint16(b[34:])
	r.TCPFlags = uint16(b[37])
	r.Protocol = b[38]
	r.settle(false)
}

func map4(b []byte) (a [16]byte) {
	a[10], a[11] = 0xff, 0xff
	copy(a[12:], b)
	return a
}
