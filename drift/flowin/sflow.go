package flowin

import (
	"bytes"
	"encoding/binary"

	"github.com/netsampler/goflow2/v2/decoders/sflow"
)

// sflow decodes an sFlow version 5 datagram (sflow.org, "sFlow Version 5"). Its
// header and the bounds of its samples are read here, so that each sample is
// accounted for; a flow sample's inside is goflow2's work.
func (d *Decoder) sflow(b []byte, in *arrival, dst []Record) []Record {
	be := binary.BigEndian
	agent := 0
	if len(b) >= 8 {
		agent = map[uint32]int{1: 4, 2: 16}[be.Uint32(b[4:])]
	}
	if agent == 0 || len(b) < 8+agent+16 {
		d.stats.Datagrams.TooShort++
		return dst
	}
	b = b[8+agent:]
	dom := d.domain(in, versionSFlow, be.Uint32(b))
	if dom == nil {
		return dst
	}
	at := moment{uptime: be.Uint32(b[8:]), sent: in.received}
	d.clock(dom, in, &at, true)
	d.sequence(dom, be.Uint32(b[4:]), 1, true)
	count := be.Uint32(b[12:])
	b = b[16:]
	for ; count > 0 && len(b) >= 8; count-- {
		d.stats.Sets.Received++
		length := be.Uint32(b[4:])
		if uint64(length) > uint64(len(b)-8) {
			d.stats.Sets.Broken++
			break
		}
		dst = d.sample(dom, &at, be.Uint32(b), b[8:8+length], dst)
		b = b[8+length:]
	}
	if count > 0 {
		d.stats.Datagrams.Broken++
	} else {
		d.stats.Datagrams.Decoded++
	}
	return dst
}

// sample decodes a flow sample: one packet, that several records may describe.
func (d *Decoder) sample(dom *domain, at *moment, format uint32, b []byte, dst []Record) []Record {
	var head int // bytes before the records, their number being the last four
	switch format {
	case sflow.SAMPLE_FORMAT_FLOW:
		head = 32
	case sflow.SAMPLE_FORMAT_EXPANDED_FLOW:
		head = 44
	default:
		d.stats.Sets.NotFlows++
		return dst
	}
	// goflow2 makes room for as many records as the sample says it has.
	if len(b) < head || uint64(binary.BigEndian.Uint32(b[head-4:]))*8 > uint64(len(b)-head) {
		d.stats.Sets.Broken++
		return dst
	}
	sample, err := sflow.DecodeSample(&sflow.SampleHeader{Format: format, Length: uint32(len(b))}, bytes.NewBuffer(b))
	if err != nil {
		d.stats.Sets.Broken++
		return dst
	}
	d.stats.Sets.Data++
	d.stats.Records.Received++
	r := dom.blank(at)
	r.Packets = 1
	var records []sflow.FlowRecord
	switch s := sample.(type) {
	case sflow.FlowSample:
		r.Sampling, r.InterfaceIn, r.InterfaceOut, records = s.SamplingRate, s.Input, s.Output, s.Records
	case sflow.ExpandedFlowSample:
		r.Sampling, r.InterfaceIn, r.InterfaceOut, records = s.SamplingRate, s.InputIfValue, s.OutputIfValue, s.Records
	}
	for i := range records {
		if r.sampled(records[i].Data) {
			d.stats.Records.Flows++
			r.settle(true)
			return append(dst, r)
		}
	}
	d.stats.Records.NotFlows++
	return dst
}

// sampled fills r from one record of a sample, or reports that it tells no
// addresses.
func (r *Record) sampled(data any) bool {
	switch s := data.(type) {
	case sflow.SampledHeader:
		r.Bytes = uint64(s.FrameLength)
		switch s.Protocol { // header_protocol of the sFlow specification
		case 1:
			return r.ethernet(s.HeaderData)
		case 11:
			return r.ip4(s.HeaderData)
		case 12:
			return r.ip6(s.HeaderData)
		}
	case sflow.SampledIPv4:
		r.Src, r.Dst = map4(s.SrcIP), map4(s.DstIP)
		r.sampledIP(&s.SampledIPBase)
		return true
	case sflow.SampledIPv6:
		r.Src, r.Dst = [16]byte(s.SrcIP), [16]byte(s.DstIP)
		r.sampledIP(&s.SampledIPBase)
		return true
	}
	return false
}

func (r *Record) sampledIP(s *sflow.SampledIPBase) {
	r.Bytes, r.Protocol, r.TCPFlags = uint64(s.Length), uint8(s.Protocol), uint16(s.TcpFlags)
	r.SrcPort, r.DstPort = uint16(s.SrcPort), uint16(s.DstPort)
}
