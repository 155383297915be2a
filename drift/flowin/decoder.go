package flowin

import (
	"encoding/binary"
	"net/netip"
	"time"
)

const (
	versionNetFlow5 = 5
	versionNetFlow9 = 9
	versionIPFIX    = 10
	versionSFlow    = 105 // sFlow has its own count of versions; this one is ours
)

// Config is what a Decoder is made from.
type Config struct {
	// Allow reports whether datagrams of this address are looked at. Without
	// it all are, which is for files and not for sockets: UDP sources can be
	// forged.
	Allow  func(exporter netip.Addr) bool
	Limits Limits
}

// Decoder decodes the datagrams of any number of exporters. It is not for
// concurrent use: workers have one each, and the datagrams of an exporter go to
// the same worker, since templates do not travel between them.
type Decoder struct {
	allow     func(netip.Addr) bool
	limits    Limits
	exporters map[netip.Addr]*exporter
	names     map[uint32]netip.Addr
	last      uint32 // exporter id given
	stats     Stats
}

// NewDecoder returns a Decoder that has seen nothing.
func NewDecoder(c Config) *Decoder {
	return &Decoder{
		allow:     c.Allow,
		limits:    c.Limits.withDefaults(),
		exporters: map[netip.Addr]*exporter{},
		names:     map[uint32]netip.Addr{},
	}
}

// Stats returns the counts so far.
func (d *Decoder) Stats() Stats { return d.stats }

// ExporterAddr returns the exporter's address that a Record names by number, or
// false if it has been forgotten. Numbers are not given twice.
func (d *Decoder) ExporterAddr(id uint32) (netip.Addr, bool) {
	a, known := d.names[id]
	return a, known
}

// arrival is where and when a datagram came in.
type arrival struct {
	from     netip.Addr
	received int64 // milliseconds since 1970
}

// Decode appends to dst the records of one datagram, and those of earlier ones
// that waited for a template in it, and returns dst. It keeps nothing of the
// datagram's memory.
func (d *Decoder) Decode(from netip.Addr, received time.Time, datagram []byte, dst []Record) []Record {
	d.stats.Datagrams.Received++
	in := arrival{from.Unmap().WithZone(""), received.UnixMilli()}
	if d.allow != nil && !d.allow(in.from) {
		d.stats.Datagrams.NotAllowed++
		return dst
	}
	if len(datagram) < 4 {
		d.stats.Datagrams.TooShort++
		return dst
	}
	switch version := binary.BigEndian.Uint16(datagram); {
	case version == versionNetFlow5:
		return d.netflow5(datagram, &in, dst)
	case version == versionNetFlow9:
		return d.netflow9(datagram, &in, dst)
	case version == versionIPFIX:
		return d.ipfix(datagram, &in, dst)
	case binary.BigEndian.Uint32(datagram) == 5:
		return d.sflow(datagram, &in, dst)
	}
	d.stats.Datagrams.UnknownVersion++
	return dst
}

// message is a datagram of version 9 or IPFIX while its sets are walked.
type message struct {
	version uint16
	at      moment
	in      *arrival
	exp     *exporter
	dom     *domain
	records uint32 // data records in it, by which IPFIX counts on
	unknown bool   // a set's records could not be counted
}

// netflow9 decodes an export packet of RFC 3954, section 5.1. Its count of
// records is not used: the sets' lengths say where they end.
func (d *Decoder) netflow9(b []byte, in *arrival, dst []Record) []Record {
	if len(b) < 20 {
		d.stats.Datagrams.TooShort++
		return dst
	}
	be := binary.BigEndian
	dom := d.domain(in, versionNetFlow9, be.Uint32(b[16:]))
	if dom == nil {
		return dst
	}
	m := message{version: versionNetFlow9, in: in, exp: dom.of, dom: dom}
	m.at = moment{uptime: be.Uint32(b[4:]), sent: int64(be.Uint32(b[8:])) * 1000}
	d.clock(dom, in, &m.at, true)
	d.sequence(dom, be.Uint32(b[12:]), 1, true)
	return d.sets(&m, b[20:], false, dst)
}

// ipfix decodes a message of RFC 7011, section 3.1.
func (d *Decoder) ipfix(b []byte, in *arrival, dst []Record) []Record {
	if len(b) < 16 {
		d.stats.Datagrams.TooShort++
		return dst
	}
	be := binary.BigEndian
	length := int(be.Uint16(b[2:]))
	if length < 16 {
		d.stats.Datagrams.Broken++
		return dst
	}
	dom := d.domain(in, versionIPFIX, be.Uint32(b[12:]))
	if dom == nil {
		return dst
	}
	m := message{version: versionIPFIX, in: in, exp: dom.of, dom: dom}
	m.at = moment{ipfix: true, sent: int64(be.Uint32(b[4:])) * 1000, booted: dom.booted}
	d.clock(dom, in, &m.at, false)
	cut := length != len(b)
	if length < len(b) {
		b = b[:length]
	}
	dst = d.sets(&m, b[16:], cut, dst)
	// The message's own number does not count its records, so what comes next
	// is only known after they have been counted.
	d.sequence(dom, be.Uint32(b[8:]), m.records, !m.unknown && !cut)
	return dst
}

// sets walks the sets of a message, of which a part may be missing.
func (d *Decoder) sets(m *message, b []byte, cut bool, dst []Record) []Record {
	for len(b) >= 4 {
		id, length := binary.BigEndian.Uint16(b), int(binary.BigEndian.Uint16(b[2:]))
		d.stats.Sets.Received++
		if length < 4 || length > len(b) {
			d.stats.Sets.Broken++
			m.unknown, cut = true, true
			b = nil
			break
		}
		dst = d.set(m, id, b[4:length], dst)
		b = b[length:]
	}
	if cut || len(b) != 0 {
		d.stats.Datagrams.Broken++
	} else {
		d.stats.Datagrams.Decoded++
	}
	return dst
}

// set decodes one set. The ids below 256 differ: RFC 3954 has templates in 0 and
// options templates in 1, RFC 7011 in 2 and 3.
func (d *Decoder) set(m *message, id uint16, b []byte, dst []Record) []Record {
	templates := uint16(0)
	if m.version == versionIPFIX {
		templates = 2
	}
	switch {
	case id == templates || id == templates+1:
		d.stats.Sets.Templates++
		return d.templates(m, b, id != templates, dst)
	case id < 256:
		d.stats.Sets.Reserved++
		return dst
	}
	t := m.dom.template(id, m.in.received, d.limits.TemplateLife)
	if t == nil {
		m.unknown = true
		d.wait(m, id, b)
		return dst
	}
	d.stats.Sets.Data++
	dst, n := d.data(m.dom, t.plan, &m.at, b, dst)
	m.records += n
	return dst
}

// data decodes a data set's body and returns the number of records in it. What
// is left and too short for a record is padding.
func (d *Decoder) data(dom *domain, p *plan, at *moment, b []byte, dst []Record) ([]Record, uint32) {
	if p.variable || !p.flow || p.hints {
		return d.anyData(dom, p, at, b, dst)
	}
	n := uint32(0)
	var none hints
	blank := dom.blank(at)
	for ; len(b) >= p.size; b = b[p.size:] {
		dst = append(dst, blank)
		r := &dst[len(dst)-1]
		p.fixed(b[:p.size], r, &none, at)
		p.finish(r, &none, at)
		n++
	}
	d.stats.Records.Received += uint64(n)
	d.stats.Records.Flows += uint64(n)
	return dst, n
}

// anyData is data for plans of any kind.
func (d *Decoder) anyData(dom *domain, p *plan, at *moment, b []byte, dst []Record) ([]Record, uint32) {
	n := uint32(0)
	for ; len(b) >= p.size; n++ {
		d.stats.Records.Received++
		var h hints
		r := dom.blank(at)
		length, whole := p.size, true
		if p.variable {
			length, whole = p.walk(b, &r, &h, at)
		} else {
			p.fixed(b[:p.size], &r, &h, at)
		}
		if !whole {
			d.stats.Records.Broken++
			return dst, n + 1
		}
		b = b[length:]
		switch {
		case p.options:
			d.stats.Records.Options++
			dom.learn(&h, d.limits.SamplersOfADomain)
			at.booted = dom.booted
		case !p.flow:
			d.stats.Records.NotFlows++
		default:
			d.stats.Records.Flows++
			p.finish(&r, &h, at)
			dom.sample(&r, &h)
			dst = append(dst, r)
		}
	}
	return dst, n
}
