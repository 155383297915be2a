package flowin

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/netsampler/goflow2/v2/decoders/netflow"
	"github.com/netsampler/goflow2/v2/decoders/netflowlegacy"
)

// told is a record as goflow2 cut it into fields.
type told []netflow.DataField

func (t told) bytes(id int, pen uint32) ([]byte, bool) {
	for _, f := range t {
		if int(f.Type) == id && f.Pen == pen {
			return f.Value.([]byte), true
		}
	}
	return nil, false
}

func (t told) number(ids ...int) (uint64, int) {
	for _, id := range ids {
		if b, has := t.bytes(id&0xffff, uint32(id>>16)); has {
			v := uint64(0)
			for _, c := range b {
				v = v<<8 + uint64(c)
			}
			return v, id
		}
	}
	return 0, 0
}

func (t told) address(four, six int) (a [16]byte) {
	b4, has4 := t.bytes(four, 0)
	b6, has6 := t.bytes(six, 0)
	if has6 && !(has4 && bytes.Equal(b6, make([]byte, 16))) {
		return [16]byte(b6)
	}
	copy(a[10:], append([]byte{0xff, 0xff}, b4...))
	return a
}

const reverse = 29305 << 16

// want is the record by the words of the RFCs, one field after the other.
func (t told) want(blank Record, uptime uint32) Record {
	r := blank
	n := func(ids ...int) uint64 { v, _ := t.number(ids...); return v }
	r.Src, r.Dst = t.address(8, 27), t.address(12, 28)
	r.SrcPort, r.DstPort = uint16(n(7, 180, 182)), uint16(n(11, 181, 183))
	r.Protocol, r.TCPFlags = uint8(n(4)), uint16(n(6))
	r.Bytes, r.Packets = n(231, 1, 85, 23), n(298, 2, 86, 24)
	r.ReverseBytes = n(232, reverse|1, reverse|85)
	r.ReversePackets = n(299, reverse|2, reverse|86)
	_, a := t.number(232, 299, reverse|1, reverse|85, reverse|2, reverse|86)
	r.Biflow = a != 0
	r.Initiator = map[uint64]Initiator{1: InitiatorSrc, 2: InitiatorDst}[n(239)&3]
	if _, nsel := t.number(33002, 40005, 231, 232, 298, 299); nsel != 0 {
		r.Initiator = InitiatorSrc
	}
	r.InterfaceIn, r.InterfaceOut = uint32(n(10)), uint32(n(14))
	r.Event, r.ExtendedEvent, r.Forwarding = Event(n(233, 40005)), uint16(n(33002)), uint8(n(89))
	if b, has := t.bytes(33000, 0); has {
		r.IngressACL = ACLID{uint32(bigEndian(b[:4])), uint32(bigEndian(b[4:8])), uint32(bigEndian(b[8:]))}
	}
	if b, has := t.bytes(33001, 0); has {
		r.EgressACL = ACLID{uint32(bigEndian(b[:4])), uint32(bigEndian(b[4:8])), uint32(bigEndian(b[8:]))}
	}
	t.icmp(&r)
	t.times(&r, uptime)
	four := func(a [16]byte) bool { return bytes.HasPrefix(a[:], append(make([]byte, 10), 0xff, 0xff)) }
	r.Family = map[[2]bool]Family{{true, true}: IPv4, {false, false}: IPv6}[[2]bool{four(r.Src), four(r.Dst)}]
	if r.Family == 0 {
		r.Family = Mixed
	}
	return r
}

// icmp is told by type and code, by both in one number, or in the port.
func (t told) icmp(r *Record) {
	both, hasBoth := t.number(32, 139)
	kind, hasKind := t.number(176, 178)
	code, _ := t.number(177, 179)
	switch {
	case hasKind != 0:
		r.ICMPType, r.ICMPCode = uint8(kind), uint8(code)
	case hasBoth != 0:
		r.ICMPType, r.ICMPCode = uint8(both>>8), uint8(both)
	case r.Protocol == 1 || r.Protocol == 58:
		r.ICMPType, r.ICMPCode = uint8(r.DstPort>>8), uint8(r.DstPort)
	}
}

func (t told) times(r *Record, uptime uint32) {
	sent := r.First
	read := func(ids ...int) (int64, bool) {
		v, id := t.number(ids...)
		switch id {
		case 150, 151:
			return int64(uint32(v)) * 1000, true
		case 152, 153, 323:
			return int64(v), true
		case 154, 157:
			return (int64(v>>32)-2208988800)*1000 + int64(uint64(uint32(v))*1000>>32), true
		case 158, 159:
			return sent - int64(v/1000), true
		case 21, 22:
			return sent + int64(int32(uint32(v)-uptime)), true
		}
		return sent, false
	}
	first, hasFirst := read(152, 154, 150, 158, 22)
	last, hasLast := read(153, 157, 151, 159, 21, 323)
	r.First, r.Last = first, last
	if hasLast && !hasFirst {
		r.First = last
	}
}

// oracle decodes with goflow2, whose templates it keeps.
func oracle(t *testing.T, templates netflow.NetFlowTemplateSystem, b []byte, blank Record) (all []Record) {
	t.Helper()
	var v9 netflow.NFv9Packet
	var v10 netflow.IPFIXPacket
	if err := netflow.DecodeMessageVersion(bytes.NewBuffer(b), templates, &v9, &v10); err != nil {
		t.Fatal(err)
	}
	for _, s := range append(v9.FlowSets, v10.FlowSets...) {
		data, is := s.(netflow.DataFlowSet)
		if !is {
			continue
		}
		for _, r := range data.Records {
			all = append(all, told(r.Values).want(blank, v9.SystemUptime))
		}
	}
	return all
}

// Random templates and records, several sets in a packet, any field length:
// our plans and goflow2 see the same flows.
func TestSameFlowsAsGoflow2(t *testing.T) {
	for seed := range uint64(1500) {
		r := rand.New(rand.NewPCG(seed, 5))
		version := 9 + r.IntN(2)
		d, templates := NewDecoder(Config{}), netflow.CreateTemplateSystem()
		layouts := map[int][]spec{}
		var sequence uint32
		for range 3 {
			var sets [][]byte
			records := 0
			for range 1 + r.IntN(4) {
				id := 256 + r.IntN(3)
				if layouts[id] == nil || r.IntN(4) == 0 {
					layouts[id] = randomFields(r, version)
					sets = append(sets, set((version-9)*2, templateRecord(id, layouts[id])))
				}
				var data []byte
				for range 1 + r.IntN(5) {
					data = append(data, randomRecord(r, layouts[id])...)
					records++
				}
				sets = append(sets, padded(id, data))
			}
			packet := ipfix(sequence, 7, sets...)
			blank := Record{Exporter: 1, Domain: 7, First: noon.UnixMilli(), Last: noon.UnixMilli()}
			if version == 9 {
				packet = v9(sequence, 7, 90e9, sets...)
				blank.First += 90_000
				blank.Last += 90_000
				sequence++
			} else {
				sequence += uint32(records)
			}
			got := d.Decode(router, noon, packet, nil)
			want := oracle(t, templates, packet, blank)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("seed %d, version %d (-goflow2 +ours):\n%s", seed, version, diff)
			}
			if len(got) != records {
				t.Fatalf("seed %d: %d records of %d", seed, len(got), records)
			}
		}
		s := d.Stats()
		if err := s.Check(); err != nil || s.Datagrams.Decoded != 3 || s.Sequence != (SequenceStats{}) {
			t.Fatalf("seed %d: %v %+v", seed, err, s)
		}
	}
}

// NetFlow v5 by both.
func TestSameFlowsAsGoflow2OfVersion5(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	for range 200 {
		n := 1 + r.IntN(30)
		b := join(u16(5), u16(n), u32(60_000), u32(uint32(noon.Unix())), u32(0), u32(9), noise(r, 2), u16(0x4000|100), noise(r, 48*n))
		var p netflowlegacy.PacketNetFlowV5
		if err := netflowlegacy.DecodeMessageVersion(bytes.NewBuffer(b), &p); err != nil {
			t.Fatal(err)
		}
		got := NewDecoder(Config{}).Decode(router, noon, b, nil)
		if len(got) != n {
			t.Fatalf("%d of %d", len(got), n)
		}
		for i, w := range p.Records {
			g := got[i]
			mine := []any{g.SrcAddr().As4(), g.DstAddr().As4(), g.SrcPort, g.DstPort, g.Protocol, g.TCPFlags, g.Bytes, g.Packets, g.InterfaceIn, g.InterfaceOut, g.First, g.Sampling}
			theirs := []any{[4]byte(u32(uint32(w.SrcAddr))), [4]byte(u32(uint32(w.DstAddr))), w.SrcPort, w.DstPort, w.Proto, uint16(w.TCPFlags), uint64(w.DOctets), uint64(w.DPkts), uint32(w.Input), uint32(w.Output), noon.UnixMilli() + int64(int32(w.First-60_000)), uint32(100)}
			if diff := cmp.Diff(theirs, mine); diff != "" {
				t.Fatal(diff)
			}
		}
	}
}
