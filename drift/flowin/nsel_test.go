package flowin

import (
	"testing"
	"time"
)

// NSEL as an ASA sends it: each kind of event has a template of its own, v9 with
// source id 0, ids of 33000 and above that are no enterprise fields.
var (
	nselDenied   = specs(8, 4, 7, 2, 10, 2, 12, 4, 11, 2, 14, 2, 4, 1, 176, 1, 177, 1, 233, 1, 33002, 2, 323, 8, 33000, 12, 33001, 12)
	nselDenied6  = specs(27, 16, 7, 2, 10, 2, 28, 16, 11, 2, 14, 2, 4, 1, 178, 1, 179, 1, 233, 1, 33002, 2, 323, 8, 33000, 12, 33001, 12)
	nselTornDown = specs(148, 4, 8, 4, 7, 2, 10, 2, 12, 4, 11, 2, 14, 2, 4, 1, 176, 1, 177, 1, 225, 4, 226, 4, 227, 2, 228, 2,
		233, 1, 33002, 2, 323, 8, 231, 4, 232, 4, 152, 8)
)

var (
	client = []byte{10, 1, 1, 5}
	master = []byte{10, 2, 2, 6}
	began  = noon.Add(-5 * time.Second).UnixMilli()
	event  = noon.Add(-time.Second).UnixMilli()
	entry  = join(u32(0x102154c1), u32(0xd0e5806e), u32(0x7e5ad93b))
	none   = make([]byte, 12)
)

// A client connects to its master, the connection ends, and another try that
// the access list denies: who began, how much went each way, which entry.
func TestDialogueOfNSEL(t *testing.T) {
	conn := join(client, u16(40000), u16(3), master, u16(1556), u16(4), []byte{6, 0, 0})
	xlate := join(client, master, u16(40000), u16(1556))
	packet := v9(0, 0, 0,
		set(0, templateRecord(256, created), templateRecord(261, nselDenied), templateRecord(262, nselDenied6), templateRecord(263, nselTornDown)),
		padded(256, u32(77), conn, xlate, []byte{1}, u16(0), u64(uint64(event)), u64(uint64(began)), entry, none, make([]byte, 20)),
		padded(263, u32(77), conn, xlate, []byte{2}, u16(2030), u64(uint64(event)), u32(7000), u32(123), u64(uint64(began))),
		padded(261, conn, []byte{3}, u16(1001), u64(uint64(event)), entry, none),
		padded(262, make([]byte, 15), []byte{1}, u16(9), u16(3), make([]byte, 15), []byte{2}, u16(13724), u16(4), []byte{6, 0, 0}, []byte{3}, u16(1002), u64(uint64(event)), none, entry))
	d := NewDecoder(Config{})
	got := d.Decode(router, noon, packet, nil)
	if len(got) != 4 {
		t.Fatalf("%d records, %+v", len(got), d.Stats())
	}
	ace := ACLID{0x102154c1, 0xd0e5806e, 0x7e5ad93b}
	for i, want := range []struct {
		event    Event
		extended uint16
		first    int64
		in, out  ACLID
		there    uint64
		back     uint64
		biflow   bool
		family   Family
		port     uint16
	}{
		{EventCreated, 0, began, ace, ACLID{}, 0, 0, false, IPv4, 1556},
		{EventTornDown, 2030, began, ACLID{}, ACLID{}, 7000, 123, true, IPv4, 1556},
		{EventDenied, 1001, event, ace, ACLID{}, 0, 0, false, IPv4, 1556},
		{EventDenied, 1002, event, ACLID{}, ace, 0, 0, false, IPv6, 13724},
	} {
		r := got[i]
		if r.Event != want.event || r.ExtendedEvent != want.extended || r.First != want.first || r.Last != event ||
			r.IngressACL != want.in || r.EgressACL != want.out || r.Bytes != want.there || r.ReverseBytes != want.back ||
			r.Biflow != want.biflow || r.Family != want.family || r.DstPort != want.port || r.Initiator != InitiatorSrc ||
			r.InterfaceIn != 3 || r.InterfaceOut != 4 || r.Protocol != 6 {
			t.Errorf("%v: %+v", r.Event, r)
		}
	}
	if got[0].SrcAddr().String() != "10.1.1.5" || got[0].DstAddr().String() != "10.2.2.6" || got[0].SrcPort != 40000 {
		t.Errorf("%+v", got[0])
	}
	if from, known := d.ExporterAddr(got[0].Exporter); !known || from != router {
		t.Errorf("exporter %v %v", from, known)
	}
}

// PAN-OS tells the event in records of either direction, so its source need not
// be who began.
func TestEventAloneDoesNotSayWhoBegan(t *testing.T) {
	f := specs(8, 4, 12, 4, 7, 2, 11, 2, 4, 1, 233, 1, 1, 4)
	b := v9(0, 0, 0, set(0, templateRecord(256, f)), padded(256, master, client, u16(1556), u16(40000), []byte{6, 3}, u32(9)))
	got := NewDecoder(Config{}).Decode(router, noon, b, nil)
	if len(got) != 1 || got[0].Event != EventDenied || got[0].Initiator != InitiatorUnknown || got[0].Bytes != 9 {
		t.Errorf("%+v", got)
	}
}

// FortiGate repeats the counters of one direction in 23 and 24, tells ICMP in
// one number, and times as uptimes; the counters are not a way back.
func TestFortiGateRecord(t *testing.T) {
	f := specs(1, 8, 23, 8, 2, 4, 24, 4, 22, 4, 21, 4, 10, 2, 14, 2, 32, 2, 4, 1, 95, 9, 65, 2, 89, 1, 136, 1, 8, 4, 12, 4)
	b := v9(0, 1, time.Minute, set(0, templateRecord(260, f)),
		padded(260, u64(500), u64(500), u32(5), u32(5), u32(50_000), u32(58_000), u16(3), u16(4), u16(0x0800), []byte{1}, make([]byte, 9), u16(0), []byte{0x40, 0}, client, master))
	got := NewDecoder(Config{}).Decode(router, noon, b, nil)
	if len(got) != 1 {
		t.Fatalf("%d records", len(got))
	}
	r := got[0]
	if r.Bytes != 500 || r.Packets != 5 || r.ReverseBytes != 0 || r.Biflow || r.ICMPType != 8 || r.ICMPCode != 0 || r.Forwarding != 0x40 ||
		r.First != noon.UnixMilli()+50_000 || r.Last != noon.UnixMilli()+58_000 {
		t.Errorf("%+v", r)
	}
}

// IPFIX with the counters of both directions (RFC 5103), and the three things
// that biflowDirection may say.
func TestBiflow(t *testing.T) {
	f := append(specs(8, 4, 12, 4, 1, 4, 239, 1), spec{id: 1, length: 4, pen: 29305}, spec{id: 2, length: 2, pen: 29305})
	d := NewDecoder(Config{})
	b := ipfix(0, 1, set(2, templateRecord(300, f)))
	for _, says := range []byte{1, 2, 0, 3} {
		b = append(b, set(300, client, master, u32(10), []byte{says}, u32(20), u16(7))...)
	}
	copy(b[2:], u16(len(b)))
	got := d.Decode(router, noon, b, nil)
	want := []Initiator{InitiatorSrc, InitiatorDst, InitiatorUnknown, InitiatorUnknown}
	if len(got) != len(want) {
		t.Fatalf("%d records, %+v", len(got), d.Stats())
	}
	for i, r := range got {
		if r.Initiator != want[i] || !r.Biflow || r.Bytes != 10 || r.ReverseBytes != 20 || r.ReversePackets != 7 || r.Packets != 0 {
			t.Errorf("%+v", r)
		}
	}
}
