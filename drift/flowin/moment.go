package flowin

// moment is when a datagram was sent, by its exporter's clock.
type moment struct {
	sent   int64 // milliseconds since 1970
	uptime uint32
	// booted is when uptime began, as options told; IPFIX has no uptime in its
	// header (RFC 7011, section 3.1), so without it uptimes say nothing.
	booted int64
	ipfix  bool
}

// atUptime returns the time at which the exporter had been up for so many
// milliseconds. Uptimes wrap after 49.7 days and lie within half of that of the
// header's. An exporter that has not told when it booted gets the time of export.
func (m *moment) atUptime(up uint32, booted int64) int64 {
	if !m.ipfix {
		return m.sent + int64(int32(up-m.uptime))
	}
	if booted == 0 {
		booted = m.booted
	}
	if booted == 0 {
		return m.sent
	}
	since := m.sent - booted
	return m.sent + int64(int32(up-uint32(since)))
}

func (m *moment) time(f form, v uint64) int64 {
	switch f {
	case uptime:
		return m.atUptime(uint32(v), 0)
	case seconds:
		return int64(v&0xffffffff) * 1000
	case milliseconds:
		return int64(v)
	case ntp:
		// RFC 7011, section 6.1.9: the era began in 1900.
		return (int64(v>>32)-2208988800)*1000 + int64((v&0xffffffff)*1000>>32)
	case beforeSent:
		return m.sent - int64(v/1000)
	}
	return m.sent
}
