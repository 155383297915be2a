package flowin

import (
	"bytes"
	"encoding/binary"
)

// template is a plan with the bytes that it was made from, by which a refresh
// is told from a change.
type template struct {
	plan    *plan
	raw     []byte
	options bool
	seen    int64 // milliseconds since 1970, by our clock
}

// cost is what a template is counted with against the bytes of its exporter.
func (t *template) cost() int { return 128 + len(t.raw) + 32*cap(t.plan.steps) }

// layout is a template record as it came.
type layout struct {
	id      uint16
	raw     []byte // its field specifiers
	scopes  int    // number of scope fields at the beginning
	fields  int
	options bool
}

// templates learns the templates of a set and decodes what waited for them.
// Padding at the end is what cannot be a template, or zeros.
func (d *Decoder) templates(m *message, b []byte, options bool, dst []Record) []Record {
	for len(b) >= 4 && !zeros(b) {
		d.stats.Templates.Received++
		l, rest, whole := cutLayout(b, m.version, options)
		if !whole {
			d.stats.Templates.Broken++
			return dst
		}
		b = rest
		dst = d.learn(m, l, dst)
	}
	return dst
}

func zeros(b []byte) bool { return len(bytes.TrimLeft(b, "\x00")) == 0 }

// cutLayout takes a template record from b. A withdrawal (RFC 7011, section
// 8.1) is one without fields, and ends after the count.
func cutLayout(b []byte, version uint16, options bool) (l layout, rest []byte, whole bool) {
	be := binary.BigEndian
	l = layout{id: be.Uint16(b), fields: int(be.Uint16(b[2:])), options: options}
	switch {
	case !options || version == versionIPFIX && l.fields == 0:
		b = b[4:]
	case len(b) < 6:
		return l, nil, false
	case version == versionIPFIX:
		l.scopes = int(be.Uint16(b[4:]))
		if l.scopes > l.fields {
			return l, nil, false
		}
		b = b[6:]
	default: // RFC 3954, section 6.1: lengths in bytes, of scopes and of options
		scopes, others := l.fields, int(be.Uint16(b[4:]))
		if scopes%4 != 0 || others%4 != 0 {
			return l, nil, false
		}
		l.scopes, l.fields = scopes/4, (scopes+others)/4
		b = b[6:]
	}
	length := 0
	for range l.fields {
		if length+4 > len(b) {
			return l, nil, false
		}
		if version == versionIPFIX && b[length]&0x80 != 0 {
			length += 4
		}
		length += 4
	}
	if length > len(b) {
		return l, nil, false
	}
	l.raw = b[:length]
	return l, b[length:], true
}

// specifiers are the layout's fields. The scope of version 9 has numbers of its
// own (RFC 3954, section 6.1), which are made to be no element at all.
func (l *layout) specifiers(version uint16) []field {
	be := binary.BigEndian
	fields := make([]field, 0, l.fields)
	for b := l.raw; len(b) > 0; b = b[4:] {
		f := field{element{0, be.Uint16(b)}, int(be.Uint16(b[2:]))}
		if version == versionIPFIX && f.id&0x8000 != 0 {
			f.id &= 0x7fff
			f.pen = be.Uint32(b[4:])
			b = b[4:]
		} else if version == versionNetFlow9 && len(fields) < l.scopes {
			f.pen = 1<<32 - 1
		}
		fields = append(fields, f)
	}
	return fields
}

// learn makes a template of a layout, or counts why not. One that is refused
// takes the place of its predecessor, whose records these are no longer.
func (d *Decoder) learn(m *message, l layout, dst []Record) []Record {
	why := &d.stats.Templates
	if l.id < 256 {
		why.BadID++
		return dst
	}
	old := m.dom.templates[l.id]
	if old != nil && old.options == l.options && bytes.Equal(old.raw, l.raw) && old.plan.scopes == l.scopes {
		old.seen = m.in.received
		why.Refreshed++
		return d.late(m, l.id, old, dst) // what came after its life had ended
	}
	m.exp.drop(m.dom, l.id)
	t, reason := d.template(m, &l)
	if t == nil {
		*reason++
		d.forsake(m.dom, l.id)
		return dst
	}
	why.Learned++
	m.exp.add(m.dom, l.id, t)
	return d.late(m, l.id, t, dst)
}

// template compiles a layout, or returns the counter of why not. A record longer
// than a datagram can never come.
func (d *Decoder) template(m *message, l *layout) (*template, *uint64) {
	why := &d.stats.Templates
	if l.fields == 0 {
		return nil, &why.Empty
	}
	if l.fields > d.limits.Fields {
		return nil, &why.Fields
	}
	if m.exp.templates >= d.limits.Templates {
		return nil, &why.NoRoom
	}
	p := compile(l.specifiers(m.version), m.version, l.options)
	p.scopes = l.scopes
	switch {
	case p.size == 0:
		return nil, &why.Empty
	case p.size > 0xffff:
		return nil, &why.Fields
	}
	t := &template{plan: p, raw: bytes.Clone(l.raw), options: l.options, seen: m.in.received}
	if m.exp.bytes+t.cost() > d.limits.Bytes {
		return nil, &why.NoRoom
	}
	return t, nil
}
