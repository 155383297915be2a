// Package flowin turns datagrams of flow exporters into flow records: NetFlow
// v5 and v9 (RFC 3954), IPFIX (RFC 7011, with biflows of RFC 5103), the Secure
// Event Logging of Cisco ASA (NSEL, "Cisco Secure Firewall ASA NetFlow
// Implementation Guide") and sFlow version 5.
//
// A [Decoder] is given the exporter's address, the time of receipt and the
// bytes of one datagram, and appends [Record] values to the caller's slice. It
// opens no socket and reads no clock. It keeps what the protocols need between
// datagrams, which is templates, sampling rates and sequence numbers, per
// exporter address and observation domain and not per port, so that an exporter
// that restarts on another port is still the same one.
//
// Each template is compiled once into a plan: which bytes of a record go to
// which field of a Record. A plan's offsets lie within its record size, and
// records are cut to that size before the plan sees them, so decoding reads
// nothing outside and allocates nothing. Templates whose records could be empty
// are refused: a set would hold endlessly many of them.
//
// All state is bounded by [Limits], and what is refused, lost or not understood
// is counted by reason. [Stats.Check] says whether the counters add up; they do
// after each call, whatever came in.
package flowin
