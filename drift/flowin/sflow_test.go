package flowin

import (
	"testing"
)

func sflowDatagram(sequence uint32, samples ...[]byte) []byte {
	return join(u32(5), u32(1), []byte{10, 0, 0, 1}, u32(0), u32(sequence), u32(1000), u32(uint32(len(samples))), join(samples...))
}

// flowSample is a sample of interface 3 to 4 at 1 in 512, plain (1) or expanded (3).
func flowSample(format uint32, records ...[]byte) []byte {
	body := join(u32(1), u32(3), u32(512), u32(9999), u32(0), u32(3), u32(4))
	if format == 3 {
		body = join(u32(1), u32(0), u32(3), u32(512), u32(9999), u32(0), u32(0), u32(3), u32(0), u32(4))
	}
	body = join(body, u32(uint32(len(records))), join(records...))
	return join(u32(format), u32(uint32(len(body))), body)
}

// rawHeader is a sampled frame of 1514 bytes.
func rawHeader(frame []byte) []byte {
	body := join(u32(1), u32(1514), u32(4), u32(uint32(len(frame))), frame, make([]byte, -len(frame)&3))
	return join(u32(1), u32(uint32(len(body))), body)
}

// tcp4 is an Ethernet frame with a VLAN tag: 10.1.1.5:40000 to 10.2.2.6:1556, SYN.
func tcp4() []byte {
	ip := join([]byte{0x45, 0}, u16(60), make([]byte, 5), []byte{6}, u16(0), []byte{10, 1, 1, 5, 10, 2, 2, 6})
	ip[8], ip[9] = 64, 6
	return join(make([]byte, 12), u16(0x8100), u16(42), u16(0x0800), ip[:20], u16(40000), u16(1556), make([]byte, 9), []byte{2})
}

func tcp6(extension bool) []byte {
	ip := join([]byte{0x60, 0, 0, 0}, u16(40), []byte{6, 64}, make([]byte, 15), []byte{1}, make([]byte, 15), []byte{2})
	tcp := join(u16(40000), u16(1556), make([]byte, 9), []byte{0x12})
	if extension {
		ip[6] = 0
		ip = append(ip, 6, 0, 0, 0, 0, 0, 0, 0)
	}
	return join(make([]byte, 12), u16(0x86dd), ip, tcp)
}

// A switch samples packets of a backup's first connect; VLAN tags, IPv6
// extension headers and both forms of sample are understood, counters are not
// flows.
func TestSFlowSamples(t *testing.T) {
	d := NewDecoder(Config{})
	counters := join(u32(2), u32(12), u32(1), u32(3), u32(0))
	got := d.Decode(router, noon, sflowDatagram(1, flowSample(1, rawHeader(tcp4())), counters, flowSample(3, rawHeader(tcp6(false)))), nil)
	got = d.Decode(router, noon, sflowDatagram(4, flowSample(3, rawHeader(tcp6(true)))), got)
	if len(got) != 3 {
		t.Fatalf("%d records, %+v", len(got), d.Stats())
	}
	for i, want := range []struct {
		src, dst string
		flags    uint16
		family   Family
	}{{"10.1.1.5", "10.2.2.6", 2, IPv4}, {"::1", "::2", 0x12, IPv6}, {"::1", "::2", 0x12, IPv6}} {
		r := got[i]
		if r.SrcAddr().String() != want.src || r.DstAddr().String() != want.dst || r.TCPFlags != want.flags || r.Family != want.family {
			t.Errorf("%v %v %x %v, want %v", r.SrcAddr(), r.DstAddr(), r.TCPFlags, r.Family, want)
		}
		if r.SrcPort != 40000 || r.DstPort != 1556 || r.Protocol != 6 || r.Bytes != 1514 || r.Packets != 1 ||
			r.Sampling != 512 || r.InterfaceIn != 3 || r.InterfaceOut != 4 || r.First != noon.UnixMilli() {
			t.Errorf("%+v", r)
		}
	}
	s := d.Stats()
	if s.Sequence.Lost != 2 || s.Sets.NotFlows != 1 || s.Records.Flows != 3 || s.Check() != nil {
		t.Errorf("%+v", s)
	}
}

// A sample that claims more records than fit makes nobody allocate them.
func TestSFlowSampleThatClaimsTooMuch(t *testing.T) {
	b := flowSample(1, rawHeader(tcp4()))
	copy(b[8+28:], u32(1000))
	d := NewDecoder(Config{})
	if got := d.Decode(router, noon, sflowDatagram(1, b, flowSample(1, rawHeader(tcp4()))), nil); len(got) != 1 {
		t.Errorf("%d records", len(got))
	}
	if s := d.Stats(); s.Sets.Broken != 1 || s.Datagrams.Decoded != 1 || s.Check() != nil {
		t.Errorf("%+v", s)
	}
}

// FuzzSFlowSample changes the inside of samples of all forms and of all kinds of
// records that goflow2 knows.
func FuzzSFlowSample(f *testing.F) {
	for _, kind := range []uint32{1, 2, 3, 4, 1001, 1002, 1003, 1004, 1006, 1007, 1008, 1012, 1036, 1037, 1038} {
		body := join(u32(1), make([]byte, 80))
		f.Add(uint32(1), flowSample(1, join(u32(kind), u32(uint32(len(body))), body))[8:])
		f.Add(uint32(3), flowSample(3, join(u32(kind), u32(uint32(len(body))), body), rawHeader(tcp6(true)))[8:])
	}
	f.Add(uint32(1), flowSample(1, rawHeader(tcp4()))[8:])
	f.Fuzz(func(t *testing.T, format uint32, body []byte) {
		d := NewDecoder(Config{})
		b := sflowDatagram(1, join(u32(format), u32(uint32(len(body))), body))
		got := d.Decode(router, noon, b, nil)
		if s := d.Stats(); s.Check() != nil || uint64(len(got)) != s.Records.Flows || s.Datagrams.Decoded != 1 {
			t.Fatalf("%v: %+v", s.Check(), s)
		}
	})
}
