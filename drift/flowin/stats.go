package flowin

import "fmt"

// Stats counts what came in and what became of it. Each received thing is
// counted under exactly one outcome; Check holds after each call of a Decoder.
type Stats struct {
	Datagrams DatagramStats
	Sets      SetStats
	Templates TemplateStats
	Records   RecordStats
	Sequence  SequenceStats
}

// DatagramStats counts datagrams.
type DatagramStats struct {
	Received       uint64
	Decoded        uint64 // walked to the end
	NotAllowed     uint64 // the exporter is not one of ours
	TooShort       uint64 // shorter than its protocol's header
	UnknownVersion uint64
	ExporterLimit  uint64 // a new exporter, and no room for it
	DomainLimit    uint64 // a new observation domain, and no room for it
	Broken         uint64 // a length in it contradicts its size; what came before is decoded
}

// SetStats counts the sets (flowsets, samples) within datagrams.
type SetStats struct {
	Received  uint64
	Templates uint64 // template and options template sets
	Data      uint64 // decoded on arrival
	Late      uint64 // decoded when the template came
	Waiting   uint64 // kept for a template, now
	Expired   uint64 // kept, and no template came in time
	NoRoom    uint64 // without template, and no room to keep it
	Dropped   uint64 // kept, and its exporter restarted or its template was refused
	Reserved  uint64 // ids that no protocol defines
	NotFlows  uint64 // sFlow counters and samples of unknown form
	Broken    uint64 // its length leads out of the datagram or is impossible
}

// TemplateStats counts template records.
type TemplateStats struct {
	Received  uint64
	Learned   uint64 // new, or with another layout than before
	Refreshed uint64
	Empty     uint64 // no fields, or records without length: refused
	BadID     uint64 // below 256: refused
	Fields    uint64 // more fields or longer records than allowed: refused
	NoRoom    uint64 // more templates or bytes than allowed: refused
	Broken    uint64 // leads out of its set, or contradicts itself
}

// RecordStats counts data records of sets whose template is known.
type RecordStats struct {
	Received uint64
	Flows    uint64 // became a Record
	Options  uint64 // told about the exporter: sampling, clock
	NotFlows uint64 // without source and destination address
	Broken   uint64 // cut off
}

// SequenceStats sums what the sequence numbers of all exporters tell. Lost is
// in the protocol's unit: datagrams for v9 and sFlow, records for v5 and IPFIX.
type SequenceStats struct {
	Lost     uint64
	Gaps     uint64
	Late     uint64 // came after its successor, or twice
	Restarts uint64
}

// Check returns an error if something received has no outcome or two.
func (s *Stats) Check() error {
	d, set, t, r := &s.Datagrams, &s.Sets, &s.Templates, &s.Records
	for _, sum := range []struct {
		what      string
		got, want uint64
	}{
		{"datagrams", d.Received, d.Decoded + d.NotAllowed + d.TooShort + d.UnknownVersion + d.ExporterLimit + d.DomainLimit + d.Broken},
		{"sets", set.Received, set.Templates + set.Data + set.Late + set.Waiting + set.Expired + set.NoRoom + set.Dropped + set.Reserved + set.NotFlows + set.Broken},
		{"templates", t.Received, t.Learned + t.Refreshed + t.Empty + t.BadID + t.Fields + t.NoRoom + t.Broken},
		{"records", r.Received, r.Flows + r.Options + r.NotFlows + r.Broken},
	} {
		if sum.got != sum.want {
			return fmt.Errorf("%d %s received, but %d accounted for", sum.got, sum.what, sum.want)
		}
	}
	return nil
}
