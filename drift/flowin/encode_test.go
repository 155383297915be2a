package flowin

import (
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"time"
)

// An encoder of our own, that shares nothing with the decoder but the RFCs.

var (
	router = netip.MustParseAddr("192.0.2.1")
	noon   = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
)

func u16(v int) []byte    { return binary.BigEndian.AppendUint16(nil, uint16(v)) }
func u32(v uint32) []byte { return binary.BigEndian.AppendUint32(nil, v) }
func u64(v uint64) []byte { return binary.BigEndian.AppendUint64(nil, v) }

func join(parts ...[]byte) (all []byte) {
	for _, p := range parts {
		all = append(all, p...)
	}
	return all
}

// spec is a template field; 65535 is a variable length.
type spec struct {
	id, length int
	pen        uint32
}

func specs(idLength ...int) (all []spec) {
	for i := 0; i < len(idLength); i += 2 {
		all = append(all, spec{id: idLength[i], length: idLength[i+1]})
	}
	return all
}

func fieldBytes(fields []spec) (b []byte) {
	for _, f := range fields {
		id := f.id
		if f.pen != 0 {
			id |= 0x8000
		}
		b = append(b, join(u16(id), u16(f.length))...)
		if f.pen != 0 {
			b = append(b, u32(f.pen)...)
		}
	}
	return b
}

func templateRecord(id int, fields []spec) []byte {
	return join(u16(id), u16(len(fields)), fieldBytes(fields))
}

func options9(id int, scopes, options []spec) []byte {
	return join(u16(id), u16(4*len(scopes)), u16(4*len(options)), fieldBytes(scopes), fieldBytes(options))
}

func optionsIPFIX(id int, scopes, options []spec) []byte {
	return join(u16(id), u16(len(scopes)+len(options)), u16(len(scopes)), fieldBytes(scopes), fieldBytes(options))
}

func set(id int, parts ...[]byte) []byte {
	b := join(parts...)
	return join(u16(id), u16(4+len(b)), b)
}

// padded is a set that ends on a multiple of four.
func padded(id int, parts ...[]byte) []byte {
	b := join(parts...)
	return set(id, b, make([]byte, -len(b)&3))
}

// v9 is an export packet, sent at noon plus the uptime.
func v9(sequence uint32, source uint32, uptime time.Duration, sets ...[]byte) []byte {
	sent := noon.Add(uptime)
	return join(u16(9), u16(len(sets)), u32(uint32(uptime.Milliseconds())), u32(uint32(sent.Unix())), u32(sequence), u32(source), join(sets...))
}

func ipfix(sequence, domain uint32, sets ...[]byte) []byte {
	b := join(sets...)
	return join(u16(10), u16(16+len(b)), u32(uint32(noon.Unix())), u32(sequence), u32(domain), b)
}

// value is a field's bytes, with its length before it if that is variable.
func (f spec) value(v []byte, long bool) []byte {
	switch {
	case f.length != variable:
		return v
	case long || len(v) > 254:
		return join([]byte{255}, u16(len(v)), v)
	}
	return join([]byte{byte(len(v))}, v)
}

func noise(r *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

var numbers = []int{
	7, 11, 180, 181, 182, 183, 4, 6, 231, 1, 85, 23, 298, 2, 86, 24, 232, 299, 239, 150, 151, 152, 153, 158, 159, 323,
	10, 14, 32, 139, 176, 177, 178, 179, 233, 89,
}

// randomFields is a template's fields: addresses, numbers in any length up to
// eight, and things that nobody knows.
func randomFields(r *rand.Rand, version int) []spec {
	var fields []spec
	switch r.IntN(4) {
	case 0:
		fields = specs(27, 16, 28, 16)
	case 1:
		fields = specs(8, 4, 12, 4, 27, 16, 28, 16)
	default:
		fields = specs(8, 4, 12, 4)
	}
	for _, id := range numbers {
		if r.IntN(3) == 0 {
			fields = append(fields, spec{id: id, length: 1 + r.IntN(8)})
		}
	}
	if version == 9 {
		if r.IntN(2) == 0 {
			fields = append(fields, specs(21, 4, 22, 4, 33000, 12, 33001, 12, 33002, 2, 40005, 1)...)
		}
	} else {
		for _, id := range []int{1, 2, 85, 86} {
			if r.IntN(3) == 0 {
				fields = append(fields, spec{id: id, length: 1 + r.IntN(8), pen: 29305})
			}
		}
		if r.IntN(3) == 0 {
			fields = append(fields, specs(154, 8, 157, 8)...)
		}
		if r.IntN(2) == 0 {
			fields = append(fields, spec{id: 7, length: 2, pen: 9999}, spec{id: 371, length: variable}, spec{id: 95, length: variable, pen: 9})
		}
	}
	for range r.IntN(4) {
		fields = append(fields, spec{id: 1000 + r.IntN(500), length: r.IntN(40)})
	}
	r.Shuffle(len(fields), func(i, j int) { fields[i], fields[j] = fields[j], fields[i] })
	return fields
}

func randomRecord(r *rand.Rand, fields []spec) (b []byte) {
	for _, f := range fields {
		n := f.length
		if n == variable {
			n = r.IntN(300)
		}
		v := noise(r, n)
		if n == 16 && r.IntN(2) == 0 {
			clear(v)
		}
		b = append(b, f.value(v, r.IntN(2) == 0)...)
	}
	return b
}
