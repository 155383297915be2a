package nftables

import (
	"bytes"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
)

// The universe of the random policies: few values, at the edges of each other,
// so that rules overlap.
var (
	rtAddrs = []string{"10.0.0.0", "10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.1.0", "fd00::", "fd00::1", "fd00::2"}
	rtPorts = []uint16{79, 80, 81, 443, 1556}
	rtNames = []string{"lan", "wan", "dmz"}
)

func pick[T any](rng *rand.Rand, xs []T) T { return xs[rng.IntN(len(xs))] }

func randomAddrs(rng *rand.Rand) ruleset.AddrSet {
	switch rng.IntN(6) {
	case 0:
		return ruleset.AnyAddr()
	case 1:
		return ruleset.PrefixSet(netip.MustParsePrefix(pick(rng, []string{"10.0.0.0/31", "10.0.0.0/24", "fd00::/127", "0.0.0.0/0"})))
	}
	var s ruleset.AddrSet
	for range 1 + rng.IntN(3) {
		a := netip.MustParseAddr(pick(rng, rtAddrs))
		s = s.Union(ruleset.NewAddrSet(ruleset.Range{From: a, To: a}))
	}
	return s
}

func randomService(rng *rand.Rand) ruleset.ServiceSet {
	from := pick(rng, rtPorts)
	r := ruleset.PortRange{From: from, To: max(from, pick(rng, rtPorts))}
	switch rng.IntN(6) {
	case 0:
		return ruleset.AnyService()
	case 1:
		return ruleset.UDPPorts(r)
	case 2:
		return ruleset.TCPPorts(r).Union(ruleset.UDPPorts(r))
	case 3:
		return icmpEcho
	case 4:
		return ruleset.NewServiceSet(ruleset.ServiceBox{ProtoFrom: 6, ProtoTo: 6, Src: r, Dst: ruleset.PortRange{To: 65535}})
	}
	return ruleset.TCPPorts(r, ruleset.PortRange{From: 1000, To: 1000})
}

var icmpEcho = ruleset.NewServiceSet(ruleset.ServiceBox{ProtoFrom: 1, ProtoTo: 1, Src: ruleset.PortRange{From: 8, To: 8}, Dst: ruleset.PortRange{To: 255}})

func randomIfaces(rng *rand.Rand) ruleset.IfaceSet {
	switch rng.IntN(4) {
	case 0:
		return ruleset.IfaceSet{}
	case 1:
		return ruleset.Ifaces(pick(rng, rtNames), pick(rng, rtNames))
	}
	return ruleset.Ifaces(pick(rng, rtNames))
}

// randomJob returns a job with a random forward policy.
func randomJob(rng *rand.Rand) targets.Job {
	notSelf := ruleset.NotIfaces(ruleset.Self)
	st := ruleset.Stage{Name: "forward", In: notSelf, Out: notSelf, Default: ruleset.Deny}
	for range rng.IntN(8) {
		st.Rules = append(st.Rules, ruleset.Rule{
			In: randomIfaces(rng), Out: randomIfaces(rng), Src: randomAddrs(rng), Dst: randomAddrs(rng),
			Service: randomService(rng), Action: pick(rng, []ruleset.Action{ruleset.Permit, ruleset.Permit, ruleset.Deny, ruleset.Reject}),
		})
		// Types of ICMP are those of IPv4.
		if r := &st.Rules[len(st.Rules)-1]; r.Service.Equal(icmpEcho) && (r.Src.Intersect(ruleset.Any4()).IsEmpty() || r.Dst.Intersect(ruleset.Any4()).IsEmpty()) {
			r.Src, r.Dst = ruleset.Any4(), ruleset.Any4()
		}
		// A timeout is that of a TCP connection; rules for more have none here.
		if r := &st.Rules[len(st.Rules)-1]; r.Service.Subtract(ruleset.Protocol(ruleset.TCP)).IsEmpty() {
			r.Idle = time.Duration(rng.IntN(2)) * time.Hour
		}
	}
	job := targets.Job{Firewall: "fw", Manage: targets.Exclusive, Established: 10 * time.Minute, Want: ruleset.RuleSet{Stages: []ruleset.Stage{st}}}
	for _, n := range rtNames {
		job.Interfaces = append(job.Interfaces, targets.Interface{Label: n, Devices: []string{n}})
	}
	return job
}

func randomPacket(rng *rand.Rand) ruleset.Packet {
	p := ruleset.Packet{In: pick(rng, rtNames), Out: pick(rng, rtNames), Src: netip.MustParseAddr(pick(rng, rtAddrs)),
		Proto: pick(rng, []uint8{6, 6, 17, 1, 47}), SrcPort: pick(rng, rtPorts), DstPort: pick(rng, append(rtPorts, 1000, 999))}
	for p.Dst = netip.MustParseAddr(pick(rng, rtAddrs)); p.Dst.Is4() != p.Src.Is4(); {
		p.Dst = netip.MustParseAddr(pick(rng, rtAddrs))
	}
	if p.Proto == 1 && p.Src.Is6() {
		p.Proto = 17 // ICMP over IPv6 is ICMPv6; nft can't ask for the other
	}
	if p.Proto == 1 {
		p.SrcPort, p.DstPort = pick(rng, []uint16{0, 8, 9}), pick(rng, []uint16{0, 255})
	}
	if p.Proto == 47 {
		p.SrcPort, p.DstPort = 0, 0
	}
	return p
}

// idleOf returns the idle timeout that a permitted TCP connection gets.
func idleOf(rs ruleset.RuleSet, p ruleset.Packet) (idle time.Duration) {
	_, ds := rs.Decide(p)
	for _, d := range ds {
		if d.Rule >= 0 && d.Action == ruleset.Permit && !d.Opaque {
			idle = max(idle, rs.Stages[d.Stage].Rules[d.Rule].Idle)
		}
	}
	return idle
}

// samePackets compares two rule sets on random packets of the universe, with
// the idle timeouts of TCP connections.
func samePackets(t *testing.T, rng *rand.Rand, form, text string, want, have ruleset.RuleSet) {
	t.Helper()
	for range 400 {
		p := randomPacket(rng)
		if w, h := want.Verdict(p), have.Verdict(p); w != h {
			t.Fatalf("%s: %v: have %v, want %v\n%s", form, p, h, w, text)
		} else if wi, hi := idleOf(want, p), idleOf(have, p); w == ruleset.Passes && p.Proto == ruleset.TCP && wi != hi {
			t.Fatalf("%s: %v: have idle %v, want %v\n%s", form, p, hi, wi, text)
		}
	}
}

// TestRoundTrip: what Render writes is read back as the same packets, from the
// file and from what the kernel lists of it in both forms.
func TestRoundTrip(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 11))
	for i := range 300 {
		job := randomJob(rng)
		if ps := Check(job); len(ps) > 0 {
			t.Fatalf("can't be expressed: %v", ps)
		}
		var b bytes.Buffer
		if err := Render(&b, job); err != nil {
			t.Fatal(err)
		}
		opt := targets.ParseOptions{Interfaces: job.Interfaces}
		have, _, err := Parse(bytes.NewReader(b.Bytes()), opt)
		if err != nil {
			t.Fatalf("%v\n%s", err, b.String())
		}
		samePackets(t, rng, "file", b.String(), job.Want, have)
		if i%15 != 0 {
			continue
		}
		inRouter(t, func(r *router) {
			if err := r.load(b.String()); err != nil {
				t.Error(err)
				return
			}
			for _, form := range []string{"-j", "-s"} {
				text, err := r.run("", "nft", form, "list", "ruleset")
				if err != nil {
					t.Error(err)
					return
				}
				have, _, err := Parse(bytes.NewReader([]byte(text)), opt)
				if err != nil {
					t.Errorf("%v\n%s", err, text)
					return
				}
				for range 400 {
					p := randomPacket(rng)
					if w, h := job.Want.Verdict(p), have.Verdict(p); w != h {
						t.Errorf("nft %s: %v: have %v, want %v\n%s", form, p, h, w, text)
						return
					}
				}
			}
		})
	}
}
