package cisco_asa

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"

	"github.com/nbfwc/nbfwc/lab"
	"github.com/nbfwc/nbfwc/lab/asa"
	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
)

// asDevice says what the emulated device, which shares no code with us, does
// with a packet: the verdict and the idle timeout of what passes.
func asDevice(d *asa.Device, p ruleset.Packet) string {
	q := lab.Packet{In: p.In, Out: p.Out, Src: p.Src, Dst: p.Dst, Proto: p.Proto, SrcPort: p.SrcPort, DstPort: p.DstPort}
	switch d.Decide(q) {
	case lab.Passes:
		if p.Proto == ruleset.TCP {
			return "passes " + d.Idle(q).String()
		}
		return "passes"
	case lab.Drops:
		return "drops"
	case lab.Rejects:
		return "rejects"
	}
	return "unknown"
}

// asRead says the same of the rule set.
func asRead(c *targets.Config, p ruleset.Packet) string {
	v, by := c.RuleSet.Decide(p)
	if v != ruleset.Passes || p.Proto != ruleset.TCP {
		return v.String()
	}
	idle := c.Established
	for _, d := range by {
		if d.Rule < 0 || d.Opaque {
			continue
		}
		if r := &c.RuleSet.Stages[d.Stage].Rules[d.Rule]; r.Idle != 0 {
			idle = r.Idle
		}
	}
	if idle == never {
		idle = 0
	}
	return "passes " + idle.String()
}

// compareWith holds the reading of what the device prints against what it does.
func compareWith(t *testing.T, d *asa.Device, entered string, packets []ruleset.Packet) {
	t.Helper()
	text := d.Running()
	c := parsed(t, text, targets.ParseOptions{})
	if entered != "" {
		if e := parsed(t, entered, targets.ParseOptions{}); !ruleset.SameSpelling(&e.RuleSet, &c.RuleSet) {
			t.Errorf("what was entered and what is printed are read as two things:\n%s\n\n%s", entered, text)
		}
	}
	for _, p := range packets {
		if have, want := asRead(c, p), asDevice(d, p); have != want {
			_, by := c.RuleSet.Decide(p)
			t.Fatalf("%v: read as %q, the device %q: %s\n%v\n%s", p, have, want,
				d.Explain(lab.Packet{In: p.In, Out: p.Out, Src: p.Src, Dst: p.Dst, Proto: p.Proto, SrcPort: p.SrcPort, DstPort: p.DstPort}), by, text)
		}
	}
}

// otherReadings are the cases where the emulated device takes another side of
// what the guides leave open: whether a list permits what goes to an interface
// of the same level, and whether limits and timeouts of connections are one
// feature. It doesn't emulate management-only.
var otherReadings = wordSet("same-level-refused limits-take-the-feature management-only")

// TestVerdictsOfDevice asks the emulated device for the hand-written verdicts'
// packets and their neighbours.
func TestVerdictsOfDevice(t *testing.T) {
	loaded := 0
	for _, f := range verdictFiles(t) {
		d := asa.New(asa.Options{})
		if err := d.Load(f.config); err != nil || otherReadings[f.name] {
			t.Logf("%s: %v", f.name, err)
			continue
		}
		loaded++
		var packets []ruleset.Packet
		for _, x := range f.cases {
			if _, known := ifaceOf(f.config, x.packet); !known {
				continue
			}
			for n := range 9 {
				p := x.packet
				p.SrcPort, p.DstPort = p.SrcPort+uint16(n%3)-1, p.DstPort+uint16(n/3)-1
				if isICMP(protoSpec{kind: numberProto, number: p.Proto}) {
					p.SrcPort, p.DstPort = p.SrcPort&255, p.DstPort&255
				}
				packets = append(packets, p)
			}
		}
		compareWith(t, d, "", packets)
	}
	if loaded < 15 {
		t.Errorf("the device took %d configurations", loaded)
	}
}

// ifaceOf says whether the configuration has the interfaces of a packet.
func ifaceOf(config string, p ruleset.Packet) (string, bool) {
	for _, n := range []string{p.In, p.Out} {
		if !strings.Contains(config, " nameif "+n+"\n") {
			return n, false
		}
	}
	return "", true
}

// A chance makes configurations over few addresses, ports and interfaces, so
// that entries overlap.
type chance struct {
	*rand.Rand
	b strings.Builder
}

func (r *chance) one(list ...string) string { return list[r.IntN(len(list))] }

func (r *chance) printf(format string, args ...any) { fmt.Fprintf(&r.b, format, args...) }

var (
	chanceHosts = []string{"10.1.0.0", "10.1.0.1", "10.1.0.2", "10.1.0.3", "10.1.0.255", "2001:db8::", "2001:db8::1", "2001:db8::ffff"}
	chancePorts = []string{"0", "1", "21", "22", "80", "111", "65535"}
	chanceSides = []string{"a", "b", "c"}
)

func (r *chance) literal() string {
	return r.one("any", "any4", "any6", "host "+r.one(chanceHosts...), "10.1.0.0 255.255.255.0", "10.1.0.2 255.255.255.254",
		"10.1.0.1 255.255.255.253", "2001:db8::/112")
}

func (r *chance) ports() string {
	p := r.one(chancePorts...)
	return r.one("", "", "eq "+p, "neq "+p, "gt "+r.one("0", "21", "80", "1000"), "lt "+r.one("22", "80", "65535"), "range 21 "+r.one("22", "80", "111"))
}

func (r *chance) address() string {
	return r.one(r.literal(), r.literal(), "object o"+r.one("0", "1", "2"), "object-group g"+r.one("0", "1", "2"))
}

func (r *chance) entry() string {
	action, end := r.one("permit", "permit", "deny"), r.one("", "", "", " log", " inactive", " log errors interval 60")
	switch r.IntN(6) {
	case 0:
		return fmt.Sprintf("%s object-group s%d %s %s%s", action, r.IntN(2), r.address(), r.address(), end)
	case 1:
		return fmt.Sprintf("%s icmp %s %s %s%s", action, r.address(), r.address(), r.one("", "echo", "echo-reply", "unreachable 1"), end)
	case 2:
		return fmt.Sprintf("%s ip %s %s%s", action, r.address(), r.address(), end)
	case 3:
		return fmt.Sprintf("%s tcp %s %s %s object-group p%s", action, r.address(), r.ports(), r.address(), end)
	}
	return fmt.Sprintf("%s %s %s %s %s %s%s", action, r.one("tcp", "udp"), r.address(), r.ports(), r.address(), r.ports(), end)
}

func (r *chance) config() string {
	levels := []int{100, 50, 0}
	for i, n := range chanceSides {
		r.printf("interface GigabitEthernet0/%d\n nameif %s\n security-level %d\n ip address 10.%d.9.1 255.255.255.0\n", i, n, levels[i], i+1)
	}
	r.printf("object network o0\n host %s\nobject network o1\n range 10.1.0.1 10.1.0.3\nobject network o2\n subnet 2001:db8::/112\n", r.one(chanceHosts...))
	for i := range 3 {
		r.printf("object-group network g%d\n network-object object o%d\n", i, r.IntN(3))
		if h := r.one(chanceHosts...); strings.Contains(h, ":") {
			r.printf(" network-object %s/128\n", h)
		} else {
			r.printf(" network-object %s\n", r.one("host "+h, h+" 255.255.255.255"))
		}
		if i > 0 {
			r.printf(" group-object g%d\n", i-1)
		}
	}
	for i := range 2 {
		r.printf("object-group service s%d\n service-object tcp destination eq %s\n service-object udp source gt 21 destination lt 112\n", i, r.one(chancePorts...))
		r.printf(" service-object %s\n", r.one("icmp echo", "icmp", "97", "tcp-udp destination eq www", "tcp source eq ssh"))
	}
	r.printf("object-group service p tcp\n port-object eq %s\n port-object range 80 111\n", r.one(chancePorts...))
	names := []string{"x", "y", "z"}
	for _, n := range append(names, "idle0", "idle1") {
		seen := map[string]bool{}
		for range 1 + r.IntN(6) {
			e := r.entry()
			if key := strings.Split(strings.Split(e, " log")[0], " inactive")[0]; seen[key] {
				continue
			} else {
				seen[key] = true
			}
			r.printf("access-list %s extended %s\n", n, e)
		}
	}
	r.printf("access-group x in interface a\n")
	if r.IntN(2) == 0 {
		r.printf("access-group y out interface b\n")
	}
	if r.IntN(2) == 0 {
		r.printf("access-group z global\n")
	}
	if r.IntN(2) == 0 {
		r.printf("same-security-traffic permit intra-interface\n")
	}
	r.printf("timeout conn 1:00:00\nclass-map c0\n match access-list idle0\nclass-map c1\n match access-list idle1\n")
	r.printf("policy-map p0\n class c0\n  set connection timeout idle 2:00:00\n class c1\n  set connection timeout %s\n", r.one("idle 3:00:00", "half-closed 0:20:00", "idle 0:00:00"))
	r.printf("policy-map p1\n class c1\n  set connection timeout idle 4:00:00\n")
	r.printf("service-policy p0 global\n")
	if r.IntN(2) == 0 {
		r.printf("service-policy p1 interface %s\n", r.one(chanceSides...))
	}
	return r.b.String()
}

// packets are all of the small world, thinned out.
func (r *chance) packets(n int) (out []ruleset.Packet) {
	ports := []uint16{0, 1, 20, 21, 22, 23, 80, 81, 110, 111, 112, 1001, 65534, 65535}
	hosts := append([]string{"10.1.0.4", "10.2.0.1", "2001:db8::2", "2001:db8:0:1::"}, chanceHosts...)
	for len(out) < n {
		p := ruleset.Packet{In: r.one(chanceSides...), Out: r.one(chanceSides...), SrcPort: ports[r.IntN(len(ports))], DstPort: ports[r.IntN(len(ports))]}
		p.Src, p.Dst = netip.MustParseAddr(r.one(hosts...)), netip.MustParseAddr(r.one(hosts...))
		if p.Src.Is4() != p.Dst.Is4() {
			continue
		}
		switch r.IntN(6) {
		case 0:
			p.Proto, p.SrcPort, p.DstPort = ruleset.ICMP, []uint16{0, 3, 8}[r.IntN(3)], uint16(r.IntN(2))
		case 1:
			p.Proto, p.SrcPort, p.DstPort = 97, 0, 0
		case 2:
			p.Proto = ruleset.UDP
		default:
			p.Proto = ruleset.TCP
		}
		out = append(out, p)
	}
	return out
}

// TestChanceAgainstDevice holds random configurations, as the device prints
// them, against what the device does.
func TestChanceAgainstDevice(t *testing.T) {
	const rounds = 150
	loaded := 0
	for i := range uint64(rounds) {
		r := &chance{Rand: rand.New(rand.NewPCG(i, 7))}
		text := r.config()
		d := asa.New(asa.Options{})
		if err := d.Load(text); err != nil {
			t.Logf("%d: %v", i, err)
			continue
		}
		loaded++
		compareWith(t, d, text, r.packets(1500))
		if t.Failed() {
			return
		}
	}
	if loaded < rounds*9/10 {
		t.Errorf("the device took %d of %d configurations", loaded, rounds)
	}
}
