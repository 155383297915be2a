package flowin

import (
	"cmp"
	"net/netip"
	"slices"
	"time"
)

// track is what sequence numbers and clocks of a domain told.
type track struct {
	known    bool
	next     uint32
	lost     uint64
	gaps     uint64
	late     uint64
	restarts uint64

	clocked  bool
	uptime   uint32
	received int64
	skew     int64
}

const (
	// A number so far behind is a late datagram; further, the count began anew.
	lateDatagrams = 1 << 10
	lateRecords   = 1 << 16
	// So far ahead is no loss that anybody could have had.
	widestGap = 1 << 28
	// What uptime and our clock may differ by between two datagrams.
	slack = 10_000
)

// sequence follows a datagram's number: it is the first of n units. If n is not
// known, neither is what comes next.
func (d *Decoder) sequence(dom *domain, number, n uint32, counted bool) {
	t := &dom.track
	back := int32(-lateRecords)
	if dom.key.version == versionNetFlow9 || dom.key.version == versionSFlow {
		back = -lateDatagrams
	}
	switch ahead := int32(number - t.next); {
	case !t.known || ahead == 0:
	case ahead > 0 && ahead < widestGap:
		t.gaps++
		t.lost += uint64(ahead)
		d.stats.Sequence.Gaps++
		d.stats.Sequence.Lost += uint64(ahead)
	case ahead < 0 && ahead >= back && number != 0:
		// What was counted as lost has come after all.
		found := min(uint64(n), t.lost)
		t.late++
		t.lost -= found
		d.stats.Sequence.Late++
		d.stats.Sequence.Lost -= found
		return
	default:
		t.restarts++
		d.stats.Sequence.Restarts++
	}
	t.known = counted
	t.next = number + n
}

// clock compares the exporter's clocks with ours. A restart shows in an uptime
// that is not what the last one was plus the time since then, and is no longer
// than that time; so neither the wrap of 32 bits nor a late datagram is one.
func (d *Decoder) clock(dom *domain, in *arrival, at *moment, uptime bool) {
	t := &dom.track
	t.skew = at.sent - in.received
	if !uptime {
		return
	}
	since := in.received - t.received
	off := int32(at.uptime - t.uptime - uint32(since))
	if t.clocked && since >= 0 && int64(at.uptime) <= since+slack && (off > slack || off < -slack) {
		d.restart(dom)
	}
	t.clocked, t.uptime, t.received = true, at.uptime, in.received
}

// Source is what is known of one observation domain of an exporter.
type Source struct {
	Addr      netip.Addr
	Protocol  string // "NetFlow v5", "NetFlow v9", "IPFIX" or "sFlow v5"
	Domain    uint32
	LastSeen  time.Time
	Skew      time.Duration // its clock minus ours, as of the last datagram, with the way's delay; sFlow has no clock
	Sampling  uint32        // one packet in so many; 0 is not told
	Templates int
	Sequence  SequenceStats
}

// Sources returns all observation domains, sorted by address, protocol and
// domain.
func (d *Decoder) Sources() []Source {
	protocols := map[uint16]string{versionNetFlow5: "NetFlow v5", versionNetFlow9: "NetFlow v9", versionIPFIX: "IPFIX", versionSFlow: "sFlow v5"}
	var all []Source
	for _, e := range d.exporters {
		for _, dom := range e.domains {
			t := &dom.track
			all = append(all, Source{
				Addr: e.addr, Protocol: protocols[dom.key.version], Domain: dom.key.id,
				LastSeen: time.UnixMilli(dom.seen), Skew: time.Duration(t.skew) * time.Millisecond,
				Sampling: dom.sampling, Templates: len(dom.templates),
				Sequence: SequenceStats{Lost: t.lost, Gaps: t.gaps, Late: t.late, Restarts: t.restarts},
			})
		}
	}
	slices.SortFunc(all, func(a, b Source) int {
		return cmp.Or(a.Addr.Compare(b.Addr), cmp.Compare(a.Protocol, b.Protocol), cmp.Compare(a.Domain, b.Domain))
	})
	return all
}
