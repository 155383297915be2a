package nftables

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nbfwc/nbfwc/lab/kernel"
	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
)

var kernelRounds = flag.Int("kernel-rounds", 8, "random rule sets for each kernel proof")

// The network of the proofs: a and b are zones of the policy, c is a zone that
// it doesn't know, and r is the firewall, which has addresses of its own.
func proofTopology() kernel.Topology {
	return kernel.Topology{
		Routers: []kernel.Router{{Name: "r", Addrs: prefixes("10.0.9.0/30", "fd00:9::/126")}},
		Zones: []kernel.Zone{
			{Name: "a", Router: "r", Device: "a0", Addrs: prefixes("10.0.1.0/28", "fd00:1::/124")},
			{Name: "b", Router: "r", Device: "b0", Addrs: prefixes("10.0.2.0/28", "fd00:2::/124")},
			{Name: "c", Router: "r", Device: "c0", Addrs: prefixes("10.0.3.0/28", "fd00:3::/124")},
		},
	}
}

func prefixes(texts ...string) []netip.Prefix {
	var ps []netip.Prefix
	for _, s := range texts {
		ps = append(ps, netip.MustParsePrefix(s))
	}
	return ps
}

func newNet(t *testing.T, topology kernel.Topology) *kernel.Net {
	t.Helper()
	n, err := kernel.New(topology)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.Close)
	return n
}

func render(t *testing.T, job targets.Job) string {
	t.Helper()
	var b bytes.Buffer
	if err := Render(&b, job); err != nil {
		t.Fatalf("%v\n%v", err, Check(job))
	}
	return b.String()
}

// jobMaker makes random jobs from a small universe, so that rules overlap.
type jobMaker struct {
	*rand.Rand
	section bool
	self    bool
	dense   bool // many rules, and wide ones
}

func (m *jobMaker) job() targets.Job {
	job := targets.Job{Firewall: "proof", Manage: targets.Exclusive, DenyLog: m.IntN(4) == 0, Self: m.self,
		Interfaces:     []targets.Interface{{Label: "zone a", Devices: []string{"a0"}}, {Label: "b", Devices: []string{"b0"}}},
		ManagementFrom: addrs("10.0.77.0/24", nil)}
	if m.section {
		job.Manage, job.Anchor = targets.Section, "inet filter forward"
		if m.self {
			job.Anchor = "inet filter forward input output"
		}
	}
	for i := range 4 {
		g := ruleset.Group{Name: fmt.Sprintf("group-%d", i), Reason: "random"}
		var ranges []ruleset.Range
		for range 1 + m.IntN(4) {
			r := m.ranges()
			ranges = append(ranges, r)
			g.Members = append(g.Members, ruleset.Member{Range: r, Name: "host"})
		}
		g.Set = ruleset.NewAddrSet(ranges...)
		job.Want.Groups = append(job.Want.Groups, g)
	}
	others := ruleset.NotIfaces(ruleset.Self)
	end := []ruleset.Action{ruleset.Deny, ruleset.Deny, ruleset.Deny, ruleset.Reject, ruleset.Permit}[m.IntN(5)]
	if m.section {
		end = ruleset.Deny // of the user's chain
	}
	self := ruleset.Ifaces(ruleset.Self)
	job.Want.Stages = []ruleset.Stage{m.stage(&job, "forward", others, others, end)}
	if m.self {
		job.Want.Stages = append(job.Want.Stages, m.stage(&job, "input", others, self, end), m.stage(&job, "output", self, others, end))
	}
	if !m.section && m.IntN(3) == 0 { // a stage for some pairs that falls through
		s := m.stage(&job, "first", ruleset.Ifaces("zone a", "b"), others, ruleset.Next)
		job.Want.Stages = append([]ruleset.Stage{s}, job.Want.Stages...)
	}
	return job
}

func (m *jobMaker) stage(job *targets.Job, name string, in, out ruleset.IfaceSet, end ruleset.Action) ruleset.Stage {
	s := ruleset.Stage{Name: name, In: in, Out: out, Default: end}
	rules := 3 + m.IntN(8)
	if m.dense {
		rules *= 3
	}
	for len(s.Rules) < rules {
		if r := m.rule(job, in, out); expressible(*job, r) {
			s.Rules = append(s.Rules, r)
		}
	}
	return s
}

// expressible says whether a rule is none of those that would lose its idle
// timeout or its ICMP types, which Check refuses.
func expressible(job targets.Job, r ruleset.Rule) bool {
	job.Want.Stages = []ruleset.Stage{{Default: ruleset.Deny, Rules: []ruleset.Rule{r}}}
	return !slices.ContainsFunc(Check(job), func(p targets.Problem) bool {
		return strings.Contains(p.Why, "without TCP") || strings.Contains(p.Why, "ICMP")
	})
}

func (m *jobMaker) rule(job *targets.Job, in, out ruleset.IfaceSet) ruleset.Rule {
	r := ruleset.Rule{In: m.ifaces(in), Out: m.ifaces(out), Service: m.service(), Reason: "random \"rule\"", Effects: ruleset.Effects{Log: m.IntN(5) == 0}}
	if m.IntN(3) == 0 { // of every pair of interfaces
		r.In, r.Out = in, out
	}
	r.Action = []ruleset.Action{ruleset.Permit, ruleset.Permit, ruleset.Permit, ruleset.Deny, ruleset.Reject}[m.IntN(5)]
	if m.IntN(4) == 0 {
		r.Idle = 6 * 24 * time.Hour
	}
	narrow := m.section && r.Action != ruleset.Permit
	if m.section && !narrow && m.IntN(3) == 0 {
		r.Service = ruleset.AnyService()
	}
	r.Src, r.SrcGroup = m.side(job, narrow)
	r.Dst, r.DstGroup = m.side(job, narrow)
	for narrow && r.Service.IsAny() {
		r.Service = m.service()
	}
	return r
}

func (m *jobMaker) ifaces(within ruleset.IfaceSet) ruleset.IfaceSet {
	sets := []ruleset.IfaceSet{{}, ruleset.Ifaces("zone a"), ruleset.Ifaces("b"), ruleset.Ifaces("zone a", "b"), ruleset.NotIfaces("b")}
	s := sets[m.IntN(len(sets))]
	if labels, except := within.Labels(); !except && len(labels) == 1 {
		return within
	}
	return s
}

func (m *jobMaker) side(job *targets.Job, narrow bool) (ruleset.AddrSet, string) {
	switch k := m.IntN(10); {
	case k < 5:
		g := job.Want.Groups[m.IntN(len(job.Want.Groups))]
		return g.Set, g.Name
	case k < 8 && m.dense:
		return everywhere, ""
	case k < 6 && !narrow:
		return []ruleset.AddrSet{ruleset.AnyAddr(), ruleset.Any4(), ruleset.Any6()}[m.IntN(3)], ""
	}
	return ruleset.NewAddrSet(m.ranges(), m.ranges(), m.ranges()), ""
}

// nets are where the addresses of the universe are.
var nets = []netip.Addr{
	netip.MustParseAddr("10.0.1.0"), netip.MustParseAddr("10.0.2.0"), netip.MustParseAddr("10.0.3.0"), netip.MustParseAddr("10.0.9.0"),
	netip.MustParseAddr("fd00:1::"), netip.MustParseAddr("fd00:2::"), netip.MustParseAddr("fd00:3::"), netip.MustParseAddr("fd00:9::"),
}

// everywhere is the universe, named so that it isn't "any".
var everywhere = addrs("10.0.0.0/20, fd00::/16", nil)

func at(base netip.Addr, k int) netip.Addr {
	for range k {
		base = base.Next()
	}
	return base
}

func (m *jobMaker) ranges() ruleset.Range {
	base := nets[m.IntN(len(nets))]
	if m.IntN(3) == 0 {
		a := at(base, m.IntN(8))
		return ruleset.Range{From: a, To: a}
	}
	from := m.IntN(8)
	return ruleset.Range{From: at(base, from), To: at(base, from+m.IntN(8))}
}

// ports and sources are those that rules and probes use, with neighbours.
var (
	ports   = []uint16{1556, 1557, 1558, 13724, 65535}
	sources = []uint16{1023, 1024, 40000}
)

func (m *jobMaker) service() ruleset.ServiceSet {
	var boxes []ruleset.ServiceBox
	for range 1 + m.IntN(3) {
		p := []uint8{ruleset.TCP, ruleset.TCP, ruleset.UDP}[m.IntN(3)]
		b := ruleset.ServiceBox{ProtoFrom: p, ProtoTo: p, Src: everyPort, Dst: everyPort}
		from := ports[m.IntN(len(ports))]
		b.Dst = ruleset.PortRange{From: from, To: from}
		if m.IntN(3) == 0 {
			b.Dst.To = max(from, ports[m.IntN(len(ports))])
		}
		if m.IntN(3) == 0 {
			b.Src = ruleset.PortRange{From: 1024, To: 65535}
		}
		boxes = append(boxes, b)
	}
	switch m.IntN(12) {
	case 0:
		return ruleset.AnyService()
	case 1:
		return ruleset.Protocol(ruleset.TCP)
	case 2:
		return ruleset.Protocol(ruleset.UDP).Union(ruleset.Protocol(ruleset.ICMP))
	case 3, 4:
		boxes = append(boxes, ruleset.ServiceBox{ProtoFrom: 1, ProtoTo: 1, Src: ruleset.PortRange{From: 8, To: 8}, Dst: ruleset.PortRange{From: 0, To: 0}},
			ruleset.ServiceBox{ProtoFrom: 58, ProtoTo: 58, Src: ruleset.PortRange{From: 128, To: 129}, Dst: everyType})
	}
	return ruleset.NewServiceSet(boxes...)
}

// tuples are n probes between different nodes, with few repetitions of a value
// so that each is at some edge of the rules.
func (m *jobMaker) tuples(nodes []int, n int) []kernel.Tuple {
	seen := map[kernel.Tuple]bool{}
	var list []kernel.Tuple
	for range n {
		i, j := nodes[m.IntN(len(nodes))], nodes[m.IntN(len(nodes))]
		if i == j {
			continue
		}
		// The first address of an IPv6 network is the anycast address of its
		// routers (RFC 4291, 2.6.1), about which no errors are sent.
		v6 := m.IntN(2) * 4
		hosts := func(k int) int {
			first := min(v6, 1)
			if k == 3 {
				return first + m.IntN(4-first)
			}
			return first + m.IntN(16-first)
		}
		t := kernel.Tuple{Src: at(nets[i+v6], hosts(i)), Dst: at(nets[j+v6], hosts(j))}
		switch m.IntN(8) {
		case 0:
			t.Proto = ruleset.ICMP
			if v6 > 0 {
				t.Proto = ruleset.ICMPv6
			}
		case 1, 2:
			t.Proto = ruleset.UDP
		default:
			t.Proto = ruleset.TCP
		}
		if t.Proto == ruleset.UDP || t.Proto == ruleset.TCP {
			t.SrcPort, t.DstPort = sources[m.IntN(len(sources))], ports[m.IntN(len(ports))]
		}
		if !seen[t] {
			seen[t] = true
			list = append(list, t)
		}
	}
	return list
}

var labelOf = map[string]string{"a": "zone a", "b": "b", "c": "c0", "r": ruleset.Self}

func packetOf(t kernel.Tuple) ruleset.Packet {
	p := ruleset.Packet{In: labelOf[t.From], Out: labelOf[t.To], Src: t.Src, Dst: t.Dst, Proto: t.Proto, SrcPort: t.SrcPort, DstPort: t.DstPort}
	switch t.Proto {
	case ruleset.ICMP:
		p.SrcPort = 8
	case ruleset.ICMPv6:
		p.SrcPort = 128
	}
	return p
}

// answerFor is what a verdict looks like from the source.
func answerFor(v ruleset.Verdict, t kernel.Tuple) kernel.Answer {
	switch {
	case v == ruleset.Passes:
		return kernel.Open
	case v == ruleset.Drops:
		return kernel.Silent
	case t.Proto == ruleset.TCP:
		return kernel.Reset
	}
	return kernel.Unreachable
}

// prove runs rounds of random jobs and compares the kernel's answers with the
// verdicts of the rule sets.
func prove(t *testing.T, seed uint64, section, self bool, around func(text string) string) {
	if !kernel.Require(t) {
		return
	}
	n := newNet(t, proofTopology())
	n.Wait = 200 * time.Millisecond
	count := map[kernel.Answer]int{}
	for round := range *kernelRounds {
		m := &jobMaker{rand.New(rand.NewPCG(seed, uint64(round))), section, self, section || self || round%2 == 1}
		job := m.job()
		text := render(t, job)
		nodes := []int{0, 1, 2}
		if self {
			nodes = append(nodes, 3)
		}
		results, err := n.Prove(map[string]string{"r": around(text)}, m.tuples(nodes, 700))
		if err != nil {
			t.Fatalf("round %d: %v\n%s", round, err, text)
		}
		bad := 0
		for _, r := range results {
			v := job.Want.Verdict(packetOf(r.Tuple))
			count[r.Answer]++
			if want := answerFor(v, r.Tuple); r.Answer != want {
				if bad++; bad < 5 {
					t.Errorf("round %d: the rule set says %v, the kernel %s", round, v, r)
				}
			}
		}
		if bad > 0 {
			t.Fatalf("%d disagreements of %d probes\n%s", bad, len(results), text)
		}
	}
	t.Logf("answers: %v", count)
	if count[kernel.Open] < 50 || count[kernel.Silent] < 50 || count[kernel.Reset] < 20 || count[kernel.Unreachable] < 5 {
		t.Errorf("the rounds prove little: %v", count)
	}
}

func alone(text string) string { return text }

// What the rule set says is what the kernel does: forwarding alone.
func TestKernelAgreesOnForwarding(t *testing.T) { prove(t, 1, false, false, alone) }

// The same with the firewall itself at one end.
func TestKernelAgreesWithSelf(t *testing.T) { prove(t, 2, false, true, alone) }

// The same for a section in a chain of the user that drops everything and
// knows nothing of established connections.
func TestKernelAgreesInSection(t *testing.T) {
	prove(t, 3, true, false, func(text string) string { return userTable("forward") + text })
}

// A section with the firewall itself as an end. The user's chains keep what the
// link needs.
func TestKernelAgreesInSectionWithSelf(t *testing.T) {
	prove(t, 4, true, true, func(text string) string { return userTable("forward", "input", "output") + text })
}

func userTable(hooks ...string) string {
	var b strings.Builder
	b.WriteString("table inet filter {\n")
	for _, h := range hooks {
		name := "nb_section"
		if h != "forward" {
			name += "-" + h
		}
		fmt.Fprintf(&b, "chain %s {\n}\nchain %s {\ntype filter hook %s priority filter; policy drop;\n", name, h, h)
		if h != "forward" {
			b.WriteString("icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept\n")
		}
		fmt.Fprintf(&b, "jump %s\n}\n", name)
	}
	return b.String() + "}\n"
}

// Two firewalls in a row: both have to permit, and the first that doesn't
// answers.
func TestKernelAgreesOnTwoInARow(t *testing.T) {
	if !kernel.Require(t) {
		return
	}
	topology := proofTopology()
	topology.Routers = []kernel.Router{{Name: "r1"}, {Name: "r2"}}
	topology.Joins = []kernel.Join{{A: "r1", ADevice: "b0", B: "r2", BDevice: "a0"}}
	topology.Zones = []kernel.Zone{topology.Zones[0], topology.Zones[1]}
	topology.Zones[0].Router, topology.Zones[1].Router = "r1", "r2"
	n := newNet(t, topology)
	n.Wait = 200 * time.Millisecond
	count := map[kernel.Answer]int{}
	for round := range *kernelRounds {
		m := &jobMaker{Rand: rand.New(rand.NewPCG(5, uint64(round))), dense: true}
		job1, job2 := m.job(), m.job()
		results, err := n.Prove(map[string]string{"r1": render(t, job1), "r2": render(t, job2)}, m.tuples([]int{0, 1}, 500))
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range results {
			v1, v2 := job1.Want.Verdict(packetOf(r.Tuple)), job2.Want.Verdict(packetOf(r.Tuple))
			v := v1
			if r.From == "a" && v == ruleset.Passes {
				v = v2
			}
			if r.From == "b" {
				if v = v2; v == ruleset.Passes {
					v = v1
				}
			}
			count[r.Answer]++
			if want := answerFor(v, r.Tuple); r.Answer != want {
				t.Fatalf("round %d: the rule sets say %v and %v, the kernel %s", round, v1, v2, r)
			}
		}
	}
	t.Logf("answers: %v", count)
	if count[kernel.Open] < 20 {
		t.Errorf("the rounds prove little: %v", count)
	}
}
