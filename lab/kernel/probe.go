package kernel

import (
	"fmt"
	"net/netip"
)

// IP protocol numbers that probes can speak.
const (
	ICMP   uint8 = 1
	TCP    uint8 = 6
	UDP    uint8 = 17
	ICMPv6 uint8 = 58
)

// Tuple is one probe: a TCP connection, a UDP exchange or an ICMP echo.
type Tuple struct {
	// From and To are the nodes at the ends; "" means the node whose
	// addresses hold Src or Dst.
	From, To string
	Src, Dst netip.Addr
	Proto    uint8
	// SrcPort 0 leaves the choice to the kernel. Echoes have no ports.
	SrcPort, DstPort uint16
}

// String returns the tuple in one line.
func (t Tuple) String() string {
	name := map[uint8]string{ICMP: "ping", ICMPv6: "ping", TCP: "tcp", UDP: "udp"}[t.Proto]
	if name == "ping" {
		return fmt.Sprintf("%s %s -> %s", name, t.Src, t.Dst)
	}
	return fmt.Sprintf("%s %s -> %s", name, netip.AddrPortFrom(t.Src, t.SrcPort), netip.AddrPortFrom(t.Dst, t.DstPort))
}

// Answer is what came back to a probe.
type Answer uint8

const (
	// Silent: nothing came back in time.
	Silent Answer = iota
	// Open: the node at the other end answered.
	Open
	// Reset: a TCP reset came back.
	Reset
	// Unreachable: an ICMP error came back.
	Unreachable
	// Failed: the probe could not be made.
	Failed
)

// String returns the answer in lower case.
func (a Answer) String() string {
	return [...]string{"silent", "open", "reset", "unreachable", "failed"}[a]
}

// Result is a probe with its answer. SrcPort is the port that was used.
type Result struct {
	Tuple
	Answer Answer
	Err    error // why the probe failed, or the error that the socket gave
}

// String returns the probe and its answer in one line.
func (r Result) String() string {
	s := r.Tuple.String() + " " + r.Answer.String()
	if r.Answer == Failed {
		s += fmt.Sprintf(" (%v)", r.Err)
	}
	return s
}
