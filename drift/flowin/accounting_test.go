package flowin

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"
)

// anyDatagram is one of what may come in at a port: valid, damaged, or noise.
func anyDatagram(r *rand.Rand, layouts map[int][]spec) []byte {
	version := 9 + r.IntN(2)
	var sets [][]byte
	for range r.IntN(5) {
		id := 256 + r.IntN(8)
		switch r.IntN(6) {
		case 0:
			layouts[id] = randomFields(r, version)
			sets = append(sets, set((version-9)*2, templateRecord(id, layouts[id])))
		case 1:
			o := specs(302, 4, 34, 4, 160, 8)
			layouts[id] = o
			if version == 9 {
				sets = append(sets, set(1, options9(id, o[:1], o[1:])))
			} else {
				sets = append(sets, set(3, optionsIPFIX(id, o[:1], o[1:])))
			}
		case 2:
			sets = append(sets, set([]int{0, 1, 2, 3, 77, 300}[r.IntN(6)], noise(r, r.IntN(80))))
		case 3: // templates of nothing, and one under a set id
			sets = append(sets, set((version-9)*2, templateRecord(id, specs(8, 0, 12, 0)), templateRecord(77, specs(8, 4)), templateRecord(id+1, nil)))
		default:
			sets = append(sets, padded(id, randomRecord(r, layouts[id]), randomRecord(r, layouts[id])))
		}
	}
	var b []byte
	switch r.IntN(5) {
	case 0:
		b = sflowDatagram(r.Uint32(), flowSample(1, rawHeader(tcp4())), join(u32(2), u32(4), u32(1)), flowSample(3, noise(r, r.IntN(60))))
	case 1:
		b = join(u16(5), u16(r.IntN(4)), noise(r, 20), noise(r, 48*r.IntN(4)))
	case 2, 3:
		b = v9(r.Uint32N(50), r.Uint32N(4), time.Duration(r.IntN(1e9)), sets...)
	default:
		b = ipfix(r.Uint32N(50), r.Uint32N(4), sets...)
	}
	if r.IntN(3) == 0 && len(b) > 0 { // damage
		for range 1 + r.IntN(4) {
			b[r.IntN(len(b))] = byte(r.Uint32())
		}
	}
	if r.IntN(4) == 0 {
		b = b[:r.IntN(len(b)+1)]
	}
	if r.IntN(10) == 0 {
		b = noise(r, r.IntN(200))
	}
	return b
}

// Whatever comes in, all of it is accounted for, what is returned is what was
// counted, and what is kept stays within its limits.
func TestEveryDatagramAndRecordIsAccountedFor(t *testing.T) {
	limits := Limits{Exporters: 5, Domains: 3, Templates: 4, Fields: 30, Bytes: 4000, WaitingSets: 4, WaitingBytes: 900,
		Wait: 20 * time.Second, TemplateLife: time.Minute, ExporterLife: 2 * time.Minute, SamplersOfADomain: 3}
	seen := Stats{}
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 9))
		d := NewDecoder(Config{Limits: limits, Allow: func(a netip.Addr) bool { return a != netip.AddrFrom4([4]byte{10, 0, 0, 7}) }})
		layouts := map[int][]spec{}
		at := noon
		flows := uint64(0)
		for i := range 300 {
			at = at.Add(time.Duration(r.IntN(3000)) * time.Millisecond)
			from := netip.AddrFrom4([4]byte{10, 0, 0, byte(r.IntN(8))})
			flows += uint64(len(d.Decode(from, at, anyDatagram(r, layouts), nil)))
			if r.IntN(50) == 0 {
				d.Expire(at)
			}
			s := d.Stats()
			if err := s.Check(); err != nil || s.Datagrams.Received != uint64(i+1) || s.Records.Flows != flows {
				t.Fatalf("seed %d, datagram %d: %v, %d flows of %d\n%+v", seed, i, err, flows, s.Records.Flows, s)
			}
			withinLimits(t, d)
		}
		seen.add(d.Stats())
		d.Expire(at.Add(time.Hour))
		if s := d.Stats(); len(d.exporters)+len(d.names) != 0 || s.Sets.Waiting != 0 || s.Check() != nil {
			t.Fatalf("an hour later %d exporters, %+v", len(d.exporters), s)
		}
	}
	// The streams were varied enough for each outcome to happen.
	for what, n := range map[string]uint64{
		"not allowed": seen.Datagrams.NotAllowed, "too short": seen.Datagrams.TooShort, "unknown version": seen.Datagrams.UnknownVersion,
		"exporter limit": seen.Datagrams.ExporterLimit, "domain limit": seen.Datagrams.DomainLimit, "broken datagram": seen.Datagrams.Broken,
		"late": seen.Sets.Late, "expired": seen.Sets.Expired, "no room to wait": seen.Sets.NoRoom, "dropped": seen.Sets.Dropped,
		"reserved": seen.Sets.Reserved, "counter samples": seen.Sets.NotFlows, "broken set": seen.Sets.Broken,
		"refreshed": seen.Templates.Refreshed + seen.Templates.Learned, "empty": seen.Templates.Empty, "bad id": seen.Templates.BadID,
		"fields": seen.Templates.Fields, "no room": seen.Templates.NoRoom, "broken template": seen.Templates.Broken,
		"options": seen.Records.Options, "not flows": seen.Records.NotFlows, "broken record": seen.Records.Broken, "lost": seen.Sequence.Lost,
	} {
		if n == 0 {
			t.Errorf("%s never happened", what)
		}
	}
}

func (s *Stats) add(o Stats) {
	for _, p := range [][2]*uint64{
		{&s.Datagrams.NotAllowed, &o.Datagrams.NotAllowed}, {&s.Datagrams.TooShort, &o.Datagrams.TooShort},
		{&s.Datagrams.UnknownVersion, &o.Datagrams.UnknownVersion}, {&s.Datagrams.ExporterLimit, &o.Datagrams.ExporterLimit},
		{&s.Datagrams.DomainLimit, &o.Datagrams.DomainLimit}, {&s.Datagrams.Broken, &o.Datagrams.Broken},
		{&s.Sets.Late, &o.Sets.Late}, {&s.Sets.Expired, &o.Sets.Expired}, {&s.Sets.NoRoom, &o.Sets.NoRoom},
		{&s.Sets.Dropped, &o.Sets.Dropped}, {&s.Sets.Reserved, &o.Sets.Reserved}, {&s.Sets.NotFlows, &o.Sets.NotFlows},
		{&s.Sets.Broken, &o.Sets.Broken}, {&s.Templates.Refreshed, &o.Templates.Refreshed}, {&s.Templates.Learned, &o.Templates.Learned},
		{&s.Templates.Empty, &o.Templates.Empty}, {&s.Templates.BadID, &o.Templates.BadID}, {&s.Templates.Fields, &o.Templates.Fields},
		{&s.Templates.NoRoom, &o.Templates.NoRoom}, {&s.Templates.Broken, &o.Templates.Broken}, {&s.Records.Options, &o.Records.Options},
		{&s.Records.NotFlows, &o.Records.NotFlows}, {&s.Records.Broken, &o.Records.Broken}, {&s.Sequence.Lost, &o.Sequence.Lost},
	} {
		*p[0] += *p[1]
	}
}

func withinLimits(t *testing.T, d *Decoder) {
	t.Helper()
	if len(d.exporters) > d.limits.Exporters || len(d.names) != len(d.exporters) {
		t.Fatalf("%d exporters, %d names", len(d.exporters), len(d.names))
	}
	for _, e := range d.exporters {
		templates, size, waiting, waitingBytes := 0, 0, 0, 0
		for _, dom := range e.domains {
			templates += len(dom.templates)
			for _, tm := range dom.templates {
				size += tm.cost()
			}
			waiting += len(dom.waiting)
			for _, w := range dom.waiting {
				waitingBytes += len(w.body)
			}
			if len(dom.samplers) > d.limits.SamplersOfADomain {
				t.Fatalf("%d samplers", len(dom.samplers))
			}
		}
		got := []int{len(e.domains), templates, size, waiting, waitingBytes}
		most := []int{d.limits.Domains, d.limits.Templates, d.limits.Bytes, d.limits.WaitingSets, d.limits.WaitingBytes}
		for i := range got {
			if got[i] > most[i] {
				t.Fatalf("kept %v, allowed %v", got, most)
			}
		}
		if !slices.Equal(got[1:], []int{e.templates, e.bytes, e.waiting, e.waitingBytes}) {
			t.Fatalf("kept %v, counted %+v", got, e)
		}
	}
}

// FuzzDecode feeds a stream of datagrams, each after two bytes of length.
func FuzzDecode(f *testing.F) {
	for seed := range uint64(30) {
		r := rand.New(rand.NewPCG(seed, 3))
		layouts := map[int][]spec{}
		var stream []byte
		for range 6 {
			b := anyDatagram(r, layouts)
			stream = append(stream, join(u16(len(b)), b)...)
		}
		f.Add(stream)
	}
	f.Fuzz(func(t *testing.T, stream []byte) {
		d := NewDecoder(Config{Limits: Limits{Exporters: 2, Domains: 2, Templates: 4, Fields: 64, Bytes: 8000, WaitingSets: 3, WaitingBytes: 500}})
		flows := uint64(0)
		for at := noon; len(stream) >= 2; at = at.Add(time.Second) {
			n := min(int(stream[0])<<8|int(stream[1]), len(stream)-2)
			flows += uint64(len(d.Decode(router, at, stream[2:2+n], nil)))
			stream = stream[2+n:]
			withinLimits(t, d)
		}
		if s := d.Stats(); s.Check() != nil || s.Records.Flows != flows {
			t.Fatalf("%v: %+v", s.Check(), s)
		}
	})
}
