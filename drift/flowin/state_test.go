package flowin

import (
	"net/netip"
	"testing"
	"time"
)

var (
	simple = specs(8, 4, 12, 4, 7, 2, 11, 2)
	flow   = join(client, master, u16(40000), u16(1556))
)

func learned(id int) []byte { return set(0, templateRecord(id, simple)) }

// feed gives a decoder datagrams a second apart and returns how many records
// each made.
func feed(d *Decoder, datagrams ...[]byte) (flows []int) {
	for i, b := range datagrams {
		flows = append(flows, len(d.Decode(router, noon.Add(time.Duration(i)*time.Second), b, nil)))
	}
	return flows
}

func checked(t *testing.T, d *Decoder) Stats {
	t.Helper()
	s := d.Stats()
	if err := s.Check(); err != nil {
		t.Error(err)
	}
	return s
}

// The collector starts before the exporter repeats its templates: the flows
// come late, with the time at which they were sent.
func TestTemplateAfterData(t *testing.T) {
	d := NewDecoder(Config{})
	got := d.Decode(router, noon, v9(0, 1, 0, set(256, flow, flow)), nil)
	got = d.Decode(router, noon.Add(time.Minute), v9(1, 1, time.Minute, set(0, templateRecord(257, simple))), got)
	if s := checked(t, d); len(got) != 0 || s.Sets.Waiting != 1 {
		t.Fatalf("%d records, %+v", len(got), s)
	}
	got = d.Decode(router, noon.Add(time.Minute), v9(2, 1, time.Minute, learned(256), set(256, flow)), got)
	if s := checked(t, d); len(got) != 3 || s.Sets.Late != 1 || s.Sets.Waiting != 0 {
		t.Fatalf("%d records, %+v", len(got), s)
	}
	if got[0].First != noon.UnixMilli() || got[2].First != noon.Add(time.Minute).UnixMilli() {
		t.Errorf("times %d, %d", got[0].First, got[2].First)
	}
}

// A template that comes too late finds nothing, and that is counted.
func TestDataThatWaitedTooLong(t *testing.T) {
	d := NewDecoder(Config{Limits: Limits{Wait: time.Second}})
	got := feed(d, v9(0, 1, 0, set(256, flow)), v9(1, 1, time.Second, set(300)), v9(2, 1, 2*time.Second, learned(256)))
	if s := checked(t, d); got[2] != 0 || s.Sets.Expired != 1 || s.Sets.Late != 0 {
		t.Errorf("%v %+v", got, s)
	}
}

// Templates belong to an address and domain and version, not to each other's.
func TestTemplatesOfOthersAreNotUsed(t *testing.T) {
	d := NewDecoder(Config{})
	other := netip.MustParseAddr("192.0.2.2")
	d.Decode(router, noon, v9(0, 1, 0, learned(256)), nil)
	for what, got := range map[string][]Record{
		"another exporter": d.Decode(other, noon, v9(0, 1, 0, set(256, flow)), nil),
		"another domain":   d.Decode(router, noon, v9(0, 2, 0, set(256, flow)), nil),
		"another protocol": d.Decode(router, noon, ipfix(0, 1, set(256, flow)), nil),
	} {
		if len(got) != 0 {
			t.Errorf("%s: %d records", what, len(got))
		}
	}
	// The same exporter through a socket of both families is the same.
	if got := d.Decode(netip.AddrFrom16(router.As16()), noon, v9(1, 1, 0, set(256, flow)), nil); len(got) != 1 {
		t.Errorf("mapped address: %d records", len(got))
	}
	checked(t, d)
}

// A template of nothing is refused, whatever way it says so, and takes its
// predecessor with it; data of its id makes no records, and it ends.
func TestTemplatesOfNothing(t *testing.T) {
	empty := specs(8, 0, 12, 0)
	for name, b := range map[string][]byte{
		"v9, no fields":             v9(1, 1, 0, set(0, templateRecord(256, nil))),
		"v9, fields of no length":   v9(1, 1, 0, set(0, templateRecord(256, empty))),
		"v9, options of nothing":    v9(1, 1, 0, set(1, options9(256, nil, nil))),
		"v9, options of no length":  v9(1, 1, 0, set(1, options9(256, empty[:1], empty[1:]))),
		"IPFIX, withdrawn":          ipfix(0, 1, set(2, templateRecord(256, nil))),
		"IPFIX, options withdrawn":  ipfix(0, 1, set(3, u16(256), u16(0))),
		"IPFIX, no length":          ipfix(0, 1, set(2, templateRecord(256, empty))),
		"IPFIX, options of nothing": ipfix(0, 1, set(3, optionsIPFIX(256, empty[:1], empty[1:]))),
	} {
		d := NewDecoder(Config{})
		good := v9(0, 1, 0, learned(256))
		data := v9(2, 1, 0, set(256, make([]byte, 1000)))
		if b[1] == 10 {
			good, data = ipfix(0, 1, set(2, templateRecord(256, simple))), ipfix(0, 1, set(256, make([]byte, 1000)))
		}
		got := feed(d, good, b, data)
		if s := checked(t, d); got[2] != 0 || s.Templates.Empty != 1 || s.Sets.Waiting != 1 {
			t.Errorf("%s: %v %+v", name, got, s)
		}
	}
}

// What waits for a template that turns out to be refused waits no longer.
func TestDataWhoseTemplateIsRefused(t *testing.T) {
	d := NewDecoder(Config{})
	got := feed(d, v9(0, 1, 0, set(256, flow), set(257, flow)), v9(1, 1, time.Second, set(0, templateRecord(256, nil))), v9(2, 1, 2*time.Second, learned(257)))
	if s := checked(t, d); s.Sets.Dropped != 1 || s.Sets.Late != 1 || got[2] != 1 {
		t.Errorf("%v %+v", got, s)
	}
}

// The same fields with another scope are another template: in version 9 a
// scope's numbers are not those of elements.
func TestScopeChanges(t *testing.T) {
	d := NewDecoder(Config{})
	rate := func(scopes, options []spec) []byte {
		return v9(0, 1, 0, set(1, options9(257, scopes, options)), set(257, u32(100), u32(0)), learned(256), set(256, flow))
	}
	f := specs(34, 4, 41, 4)
	for i, b := range [][]byte{rate(f[:1], f[1:]), rate(nil, f)} {
		got := d.Decode(router, noon, b, nil)
		if len(got) != 1 || got[0].Sampling != []uint32{0, 100}[i] {
			t.Errorf("%d: %+v", i, got)
		}
	}
	checked(t, d)
}

// The length of a field is in one byte or in three, also of nothing at the very
// end; and a number of nine bytes is none.
func TestFieldsOfVariableLength(t *testing.T) {
	d := NewDecoder(Config{})
	f := append(simple, spec{id: 1, length: variable}, spec{id: 371, length: variable})
	b := ipfix(0, 1, set(2, templateRecord(256, f)),
		set(256, flow, []byte{2, 1, 0, 0}, flow, []byte{9}, make([]byte, 8), []byte{1, 0}, flow, []byte{255, 0, 1, 7}, []byte{255, 0, 0}))
	got := d.Decode(router, noon, b, nil)
	if s := checked(t, d); len(got) != 3 || got[0].Bytes != 256 || got[1].Bytes != 0 || got[2].Bytes != 7 {
		t.Errorf("%+v %+v", got, s)
	}
}

// Fields of variable length only: each record has a byte at least, so that an
// IPFIX set of them ends.
func TestRecordsOfVariableLengthOnly(t *testing.T) {
	d := NewDecoder(Config{})
	b := ipfix(0, 1, set(2, templateRecord(256, []spec{{id: 371, length: variable}})), set(256, make([]byte, 50)))
	got := feed(d, b)
	if s := checked(t, d); got[0] != 0 || s.Records.NotFlows != 50 {
		t.Errorf("%v %+v", got, s)
	}
}

// Lists (RFC 6313) are stepped over by their length and never entered; one that
// leads out of its set ends it.
func TestListsAreSteppedOver(t *testing.T) {
	d := NewDecoder(Config{})
	list := spec{id: 291, length: variable} // basicList
	tmpl := set(2, templateRecord(256, append([]spec{list}, simple...)))
	nested := list.value(join([]byte{3}, u16(291), u16(0), make([]byte, 40)), false)
	got := feed(d, ipfix(0, 1, tmpl, set(256, nested, flow, nested, flow)), ipfix(2, 1, set(256, nested, flow, []byte{255, 255, 255}, flow)))
	if s := checked(t, d); got[0] != 2 || got[1] != 1 || s.Records.Broken != 1 {
		t.Errorf("%v %+v", got, s)
	}
}

// A layout that changes is used from then on; one that is repeated costs nothing.
func TestTemplateIsRedefined(t *testing.T) {
	d := NewDecoder(Config{})
	turned := specs(12, 4, 8, 4, 11, 2, 7, 2)
	feed(d, v9(0, 1, 0, learned(256)), v9(1, 1, time.Second, learned(256)))
	got := d.Decode(router, noon, v9(2, 1, time.Second, set(256, flow), set(0, templateRecord(256, turned)), set(256, flow)), nil)
	if s := checked(t, d); len(got) != 2 || got[0].DstPort != 1556 || got[1].DstPort != 40000 || s.Templates.Learned != 2 || s.Templates.Refreshed != 1 {
		t.Errorf("%+v %+v", got, s)
	}
}

// A template without refresh is not trusted for ever, even if nobody expires it.
func TestOldTemplate(t *testing.T) {
	d := NewDecoder(Config{Limits: Limits{TemplateLife: time.Second}})
	got := feed(d, v9(0, 1, 0, learned(256)), v9(1, 1, time.Second, set(256, flow)), v9(2, 1, 2*time.Second, set(256, flow)))
	if got[1] != 1 || got[2] != 0 || checked(t, d).Sets.Waiting != 1 {
		t.Errorf("%v", got)
	}
	late := d.Decode(router, noon.Add(3*time.Second), v9(3, 1, 3*time.Second, learned(256)), nil)
	if s := checked(t, d); len(late) != 1 || s.Sets.Late != 1 || s.Templates.Refreshed != 1 {
		t.Errorf("after the refresh: %d records, %+v", len(late), s)
	}
}

// A router says in options that it samples one packet in 100 (packet interval 1
// and space 99 in IPFIX); records carry it, and counters stay as told.
func TestSampling(t *testing.T) {
	for name, b := range map[string][]byte{
		"v9": v9(0, 1, 0, set(1, options9(257, specs(1, 4), specs(34, 4, 35, 1))), padded(257, u32(0), u32(100), []byte{2}), learned(256), set(256, flow)),
		"IPFIX": ipfix(0, 1, set(3, optionsIPFIX(257, specs(302, 8), specs(305, 4, 306, 4))), set(257, u64(0), u32(1), u32(99)),
			set(2, templateRecord(256, simple)), set(256, flow)),
		"in the record": v9(0, 1, 0, set(0, templateRecord(256, append(simple, specs(34, 4)...))), set(256, flow, u32(100))),
		"by sampler": v9(0, 1, 0, set(1, options9(257, specs(1, 4), specs(48, 1, 50, 4))), padded(257, u32(0), []byte{5}, u32(100), u32(0), []byte{6}, u32(7)),
			set(0, templateRecord(256, append(simple, specs(48, 1)...))), padded(256, flow, []byte{5})),
	} {
		d := NewDecoder(Config{})
		got := d.Decode(router, noon, b, nil)
		if s := checked(t, d); len(got) != 1 || got[0].Sampling != 100 || s.Records.Flows != 1 {
			t.Errorf("%s: %+v %+v", name, got, s)
		}
	}
}

// What the sequence numbers tell: v9 counts datagrams.
func TestGapsLateDatagramsAndRestarts(t *testing.T) {
	d := NewDecoder(Config{})
	at := func(sequence uint32, second int) []byte { return v9(sequence, 1, time.Duration(second)*time.Second) }
	feed(d, at(10, 1000), at(11, 1001), at(15, 1002), at(13, 1003), at(16, 1004))
	if s := checked(t, d).Sequence; s != (SequenceStats{Lost: 2, Gaps: 1, Late: 1}) {
		t.Errorf("%+v", s)
	}
	feed(d, at(17, 1005))
	// It boots: uptime and number begin anew, and its templates are gone.
	d.Decode(router, noon.Add(time.Minute), v9(18, 1, 1065*time.Second, learned(256)), nil)
	d.Decode(router, noon.Add(2*time.Minute), at(0, 20), nil)
	if s := checked(t, d).Sequence; s != (SequenceStats{Lost: 2, Gaps: 1, Late: 1, Restarts: 1}) {
		t.Errorf("%+v", s)
	}
	src := d.Sources()
	if len(src) != 1 || src[0].Templates != 0 || src[0].Protocol != "NetFlow v9" || src[0].Sequence.Lost != 2 || src[0].Skew != -100*time.Second {
		t.Errorf("%+v", src)
	}
}

// A number that falls to zero or leaps beyond any loss is a count that began
// anew, and not a thousand million lost flows.
func TestCountBeginsAnew(t *testing.T) {
	d := NewDecoder(Config{})
	feed(d, ipfix(500, 1), ipfix(0, 1), ipfix(1<<30, 1), ipfix(1<<30, 1))
	if s := checked(t, d).Sequence; s != (SequenceStats{Restarts: 2}) {
		t.Errorf("%+v", s)
	}
}

// After a set whose end is wrong nobody knows how many records there were, so
// that nothing is called lost.
func TestNothingIsLostAfterABrokenSet(t *testing.T) {
	d := NewDecoder(Config{})
	feed(d, ipfix(10, 1, set(2, templateRecord(256, simple)), join(u16(256), u16(900), flow)), ipfix(30, 1, set(256, flow)))
	if s := checked(t, d); s.Sets.Broken != 1 || s.Datagrams.Broken != 1 || s.Sequence != (SequenceStats{}) {
		t.Errorf("%+v", s)
	}
}

// What an exporter told about its sampling ends with its restart.
func TestRestartForgetsSampling(t *testing.T) {
	d := NewDecoder(Config{})
	d.Decode(router, noon, v9(0, 1, time.Hour, set(1, options9(257, nil, specs(34, 4))), set(257, u32(100))), nil)
	got := d.Decode(router, noon.Add(time.Minute), v9(0, 1, time.Second, learned(256), set(256, flow)), nil)
	if s := checked(t, d); len(got) != 1 || got[0].Sampling != 0 || s.Sequence.Restarts != 1 {
		t.Errorf("%+v %+v", got, s)
	}
}

// Datagrams that were held up on their way, and a clock of ours that leaps, are
// not restarts of the exporter: it has been up for longer.
func TestDelayIsNoRestart(t *testing.T) {
	d := NewDecoder(Config{})
	d.Decode(router, noon, v9(0, 1, time.Hour, learned(256)), nil)
	got := d.Decode(router, noon.Add(5*time.Minute), v9(1, 1, time.Hour+time.Second, set(256, flow)), nil)
	if s := checked(t, d); len(got) != 1 || s.Sequence != (SequenceStats{}) {
		t.Errorf("%d records, %+v", len(got), s)
	}
}

// After 49.7 days the uptime begins again at zero; that is no restart.
func TestUptimeWraps(t *testing.T) {
	d := NewDecoder(Config{})
	const wrap = time.Duration(1<<32) * time.Millisecond
	got := feed(d, v9(0, 1, wrap-time.Second, learned(256)), v9(1, 1, wrap+500*time.Millisecond, set(256, flow)))
	if s := checked(t, d); got[1] != 1 || s.Sequence.Restarts != 0 {
		t.Errorf("%v %+v", got, s)
	}
}

// IPFIX counts records, and v5 flows; what a set without template held is not
// known, so nothing is called lost after it.
func TestGapsInRecords(t *testing.T) {
	d := NewDecoder(Config{})
	feed(d, ipfix(100, 1, set(2, templateRecord(256, simple)), set(256, flow, flow)), ipfix(102, 1, set(256, flow)), ipfix(113, 1, set(300, flow)),
		ipfix(150, 1, set(256, flow)), ipfix(151, 1))
	if s := checked(t, d).Sequence; s != (SequenceStats{Lost: 10, Gaps: 1}) {
		t.Errorf("IPFIX: %+v", s)
	}
	d = NewDecoder(Config{})
	v5 := func(sequence uint32) []byte {
		return join(u16(5), u16(2), u32(1), u32(1), u32(0), u32(sequence), make([]byte, 4), make([]byte, 96))
	}
	feed(d, v5(0), v5(2), v5(8))
	if s := checked(t, d).Sequence; s != (SequenceStats{Lost: 4, Gaps: 1}) {
		t.Errorf("v5: %+v", s)
	}
}

// 200 forged sources each with templates: memory stays within the limits, and
// the exporter that was there before loses nothing.
func TestForgedSources(t *testing.T) {
	d := NewDecoder(Config{Limits: Limits{Exporters: 10}})
	d.Decode(router, noon, v9(0, 1, 0, learned(256)), nil)
	for i := range 200 {
		d.Decode(netip.AddrFrom4([4]byte{10, 0, 0, byte(i)}), noon, v9(0, 1, 0, learned(256)), nil)
	}
	got := d.Decode(router, noon, v9(1, 1, 0, set(256, flow)), nil)
	if s := checked(t, d); len(got) != 1 || s.Datagrams.ExporterLimit != 191 || len(d.Sources()) != 10 {
		t.Errorf("%d records, %+v", len(got), s)
	}
}

// Whoever is not on the list is not looked at and leaves nothing behind.
func TestExporterThatIsNotAllowed(t *testing.T) {
	d := NewDecoder(Config{Allow: func(a netip.Addr) bool { return a != router }})
	got := feed(d, v9(0, 1, 0, learned(256), set(256, flow)))
	if s := checked(t, d); got[0] != 0 || s.Datagrams.NotAllowed != 1 || len(d.Sources()) != 0 {
		t.Errorf("%v %+v", got, s)
	}
}

// IPFIX has no uptime in its header; what an uptime means is told in options or
// in the record, and as long as it is not, records have the time of export.
func TestUptimesInIPFIX(t *testing.T) {
	booted := noon.Add(-60 * 24 * time.Hour) // uptimes have wrapped
	up := func(ago time.Duration) []byte {
		return u32(uint32(noon.Add(-ago).Sub(booted).Milliseconds()))
	}
	record := join(flow, up(9*time.Second), up(2*time.Second))
	f := append(simple, specs(22, 4, 21, 4)...)
	tmpl := set(2, templateRecord(256, f), templateRecord(258, append(f, specs(160, 8)...)))
	init := u64(uint64(booted.UnixMilli()))
	options := join(set(3, optionsIPFIX(257, specs(149, 4), specs(160, 8))), set(257, u32(1), init))
	for name, c := range map[string]struct {
		sets         []byte
		first, after time.Duration
	}{
		"not told":      {set(256, record), 0, 0},
		"in options":    {join(options, set(256, record)), 9 * time.Second, 2 * time.Second},
		"in the record": {set(258, record, init), 9 * time.Second, 2 * time.Second},
	} {
		d := NewDecoder(Config{})
		got := d.Decode(router, noon, ipfix(0, 1, tmpl), nil)
		got = d.Decode(router, noon, ipfix(0, 1, c.sets), got)
		if checked(t, d); len(got) != 1 || got[0].First != noon.Add(-c.first).UnixMilli() || got[0].Last != noon.Add(-c.after).UnixMilli() {
			t.Errorf("%s: %+v", name, got)
		}
	}
}
