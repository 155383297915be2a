package targettest

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/nbfwc/nbfwc/lab"
	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
)

// Interfaces are the sides of the firewall in all tests; a device has them, by
// these names, connected to 10.N.0.0/24 and 2001:db8:N::/64 with N from 1.
var Interfaces = []string{"inside", "dmz", "outside"}

// hosts are the addresses behind an interface that take part: some next to
// each other, at both ends of the network.
func hosts(iface int) []netip.Addr {
	n := byte(iface + 1)
	return []netip.Addr{
		netip.AddrFrom4([4]byte{10, n, 0, 0}), netip.AddrFrom4([4]byte{10, n, 0, 1}),
		netip.AddrFrom4([4]byte{10, n, 0, 7}), netip.AddrFrom4([4]byte{10, n, 0, 255}),
		netip.MustParseAddr(fmt.Sprintf("2001:db8:%d::5", n)), netip.MustParseAddr(fmt.Sprintf("2001:db8:%d::6", n)),
	}
}

func behind() map[string]ruleset.AddrSet {
	out := map[string]ruleset.AddrSet{}
	for i, label := range Interfaces {
		out[label] = ruleset.PrefixSet(
			netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i + 1), 0, 0}), 24),
			netip.MustParsePrefix(fmt.Sprintf("2001:db8:%d::/64", i+1)))
	}
	return out
}

// services are what random rules permit, with ports next to each other.
var services = []ruleset.ServiceSet{
	ruleset.TCPPorts(ruleset.PortRange{From: 1556, To: 1556}),
	ruleset.TCPPorts(ruleset.PortRange{From: 1556, To: 1556}, ruleset.PortRange{From: 13724, To: 13724}),
	ruleset.TCPPorts(ruleset.PortRange{From: 10082, To: 10082}, ruleset.PortRange{From: 10101, To: 10102}),
	ruleset.TCPPorts(ruleset.PortRange{From: 111, To: 111}).Union(ruleset.UDPPorts(ruleset.PortRange{From: 111, To: 111})),
	ruleset.UDPPorts(ruleset.PortRange{From: 162, To: 162}),
	ruleset.NewServiceSet(ruleset.ServiceBox{ProtoFrom: ruleset.TCP, ProtoTo: ruleset.TCP,
		Src: ruleset.PortRange{From: 1024, To: 65535}, Dst: ruleset.PortRange{From: 13782, To: 13783}}),
	ruleset.TCPPorts(ruleset.PortRange{From: 1024, To: 65535}),
}

var resets = ruleset.TCPPorts(ruleset.PortRange{From: 13720, To: 13721})

// A tuple is what a packet has beside its ends.
type tuple struct {
	proto        uint8
	sport, dport uint16
}

var tuples = []tuple{
	{ruleset.TCP, 50000, 1555}, {ruleset.TCP, 50000, 1556}, {ruleset.TCP, 50000, 1557}, {ruleset.UDP, 50000, 1556},
	{ruleset.TCP, 50000, 13724}, {ruleset.TCP, 50000, 10082}, {ruleset.TCP, 50000, 10101}, {ruleset.TCP, 50000, 10103},
	{ruleset.TCP, 50000, 111}, {ruleset.UDP, 50000, 111}, {ruleset.UDP, 50000, 162}, {ruleset.UDP, 50000, 161},
	{ruleset.TCP, 1023, 13782}, {ruleset.TCP, 1024, 13783}, {ruleset.TCP, 50000, 13720}, {ruleset.TCP, 1000, 65535}, {ruleset.TCP, 1000, 80},
}

// Packets are all consistent packets of the world.
func packets() []lab.Packet {
	var out []lab.Packet
	for in := range Interfaces {
		for to := range Interfaces {
			if in == to {
				continue
			}
			for _, src := range hosts(in) {
				for _, dst := range hosts(to) {
					if src.Is4() != dst.Is4() {
						continue
					}
					for _, u := range tuples {
						out = append(out, lab.Packet{In: Interfaces[in], Out: Interfaces[to], Src: src, Dst: dst, Proto: u.proto, SrcPort: u.sport, DstPort: u.dport})
					}
				}
			}
		}
	}
	return out
}

// permits is what a job says of a packet: some rule permits it.
func permits(job *targets.Job, p lab.Packet) bool {
	for _, s := range job.Want.Stages {
		for i := range s.Rules {
			r := &s.Rules[i]
			if r.Action == ruleset.Permit && r.In.Contains(p.In) && r.Out.Contains(p.Out) && r.Src.Contains(p.Src) && r.Dst.Contains(p.Dst) && r.Service.Contains(p.Proto, p.SrcPort, p.DstPort) {
				return true
			}
		}
	}
	return false
}

// randomJob is a job as a policy makes them: groups named for their use, rules
// over them.
func randomJob(rng *rand.Rand, manage targets.Manage) *targets.Job {
	job := &targets.Job{Firewall: "edge", Manage: manage, Prefix: targets.DefaultPrefix, Header: []string{"made for a test"}}
	for _, label := range Interfaces {
		job.Interfaces = append(job.Interfaces, targets.Interface{Label: label, Devices: []string{label}})
	}
	for i, label := range Interfaces {
		for _, role := range []string{"client", "media", "master"} {
			for _, v6 := range []bool{false, true} {
				g := ruleset.Group{Name: fmt.Sprintf("NBU-%s-%s", role, label), Reason: role + " behind " + label}
				all := hosts(i)[:4]
				if v6 {
					g.Name, all = fmt.Sprintf("NBU-%s-v6-%s", role, label), hosts(i)[4:]
				}
				for k, a := range all {
					if rng.IntN(2) == 0 {
						g.Members = append(g.Members, ruleset.Member{Range: ruleset.Range{From: a, To: a}, Name: fmt.Sprintf("%s%d", role, k)})
					}
				}
				if rng.IntN(6) == 0 && !v6 {
					g.Members = append(g.Members, ruleset.Member{Range: ruleset.Range{From: all[1], To: all[2]}})
				}
				if len(g.Members) == 0 {
					g.Members = append(g.Members, ruleset.Member{Range: ruleset.Range{From: all[0], To: all[0]}, Name: role + "0"})
				}
				g.Set = ruleset.MemberSet(g.Members)
				job.Want.Groups = append(job.Want.Groups, g)
			}
		}
	}
	others := ruleset.NotIfaces(ruleset.Self)
	stage := ruleset.Stage{Name: "forward", In: others, Out: others, Default: ruleset.Deny}
	for range 1 + rng.IntN(6) {
		addRule(rng, job, &stage)
	}
	job.Want.Stages = []ruleset.Stage{stage}
	onlyUsed(&job.Want)
	return job
}

func addRule(rng *rand.Rand, job *targets.Job, stage *ruleset.Stage) {
	in := rng.IntN(len(Interfaces))
	out := (in + 1 + rng.IntN(len(Interfaces)-1)) % len(Interfaces)
	v6 := ""
	if rng.IntN(4) == 0 {
		v6 = "-v6"
	}
	roles := []string{"client", "media", "master"}
	src := group(job, fmt.Sprintf("NBU-%s%s-%s", roles[rng.IntN(3)], v6, Interfaces[in]))
	dst := group(job, fmt.Sprintf("NBU-%s%s-%s", roles[rng.IntN(3)], v6, Interfaces[out]))
	if src == nil || dst == nil {
		return
	}
	name := src.Name + "-to-" + strings.TrimPrefix(dst.Name, "NBU-")
	if slices.ContainsFunc(stage.Rules, func(r ruleset.Rule) bool { return r.Name == name }) {
		return
	}
	r := ruleset.Rule{
		In: ruleset.Ifaces(Interfaces[in]), Out: ruleset.Ifaces(Interfaces[out]),
		Src: src.Set, Dst: dst.Set, SrcGroup: src.Name, DstGroup: dst.Name,
		Service: services[rng.IntN(len(services))], Action: ruleset.Permit, Name: name, Reason: "test: a reason (Table 2-4, note *)",
		Effects: ruleset.Effects{Log: rng.IntN(2) == 0},
	}
	if rng.IntN(2) == 0 && !r.Service.Intersect(ruleset.Protocol(ruleset.TCP)).IsEmpty() {
		r.Idle = 8 * time.Hour
	}
	stage.Rules = append(stage.Rules, r)
	if rng.IntN(5) == 0 {
		reset := r
		reset.Action, reset.Service, reset.Idle, reset.Name = ruleset.Reject, resets, 0, name+"-reset"
		stage.Rules = append(stage.Rules, reset)
	}
	// Permits come first.
	slices.SortStableFunc(stage.Rules, func(a, b ruleset.Rule) int { return int(a.Action) - int(b.Action) })
}

func group(job *targets.Job, name string) *ruleset.Group {
	for i := range job.Want.Groups {
		if job.Want.Groups[i].Name == name {
			return &job.Want.Groups[i]
		}
	}
	return nil
}

// onlyUsed drops groups that no rule uses, as compile does.
func onlyUsed(rs *ruleset.RuleSet) {
	used := map[string]bool{}
	for _, s := range rs.Stages {
		for i := range s.Rules {
			used[s.Rules[i].SrcGroup], used[s.Rules[i].DstGroup] = true, true
		}
	}
	rs.Groups = slices.DeleteFunc(rs.Groups, func(g ruleset.Group) bool { return !used[g.Name] })
}

// changedJob is a job after routine changes: hosts come and go, rules too. It
// returns how many things changed.
func changedJob(rng *rand.Rand, job *targets.Job) (*targets.Job, int) {
	full := randomJob(rng, job.Manage) // new rules may need new groups
	c := *job
	c.Want.Groups = slices.Clone(job.Want.Groups)
	for i := range full.Want.Groups {
		if group(&c, full.Want.Groups[i].Name) == nil {
			c.Want.Groups = append(c.Want.Groups, full.Want.Groups[i])
		}
	}
	c.Want.Stages = slices.Clone(job.Want.Stages)
	stage := &c.Want.Stages[0]
	stage.Rules = slices.Clone(stage.Rules)
	k := 1 + rng.IntN(3)
	for range k {
		switch rng.IntN(5) {
		case 0:
			addRule(rng, &c, stage)
		case 1:
			if len(stage.Rules) > 0 {
				i := rng.IntN(len(stage.Rules))
				stage.Rules = slices.Delete(stage.Rules, i, i+1)
			}
		default:
			changeMember(rng, &c.Want.Groups[rng.IntN(len(c.Want.Groups))])
		}
	}
	for i := range stage.Rules {
		r := &stage.Rules[i]
		r.Src, r.Dst = group(&c, r.SrcGroup).Set, group(&c, r.DstGroup).Set
	}
	onlyUsed(&c.Want)
	return &c, k
}

func changeMember(rng *rand.Rand, g *ruleset.Group) {
	g.Members = slices.Clone(g.Members)
	if len(g.Members) > 1 && rng.IntN(2) == 0 {
		i := rng.IntN(len(g.Members))
		g.Members = slices.Delete(g.Members, i, i+1)
	} else {
		iface := slices.IndexFunc(Interfaces, func(label string) bool { return strings.HasSuffix(g.Name, "-"+label) })
		all := hosts(iface)[:4]
		if strings.Contains(g.Name, "-v6") {
			all = hosts(iface)[4:]
		}
		a := all[rng.IntN(len(all))]
		if !g.Set.Contains(a) {
			g.Members = append(g.Members, ruleset.Member{Range: ruleset.Range{From: a, To: a}})
		}
	}
	g.Set = ruleset.MemberSet(g.Members)
}

// describe is a job in words, for failures.
func describe(job *targets.Job) string {
	var b strings.Builder
	fmt.Fprintf(&b, "job for %s, manage %d, anchor %q\n", job.Firewall, job.Manage, job.Anchor)
	for _, g := range job.Want.Groups {
		fmt.Fprintf(&b, "  group %s = %s\n", g.Name, g.Set)
	}
	for _, s := range job.Want.Stages {
		for i := range s.Rules {
			r := &s.Rules[i]
			fmt.Fprintf(&b, "  %s %s>%s %s -> %s %s idle %s log %v\n", r.Action, r.In, r.Out, r.SrcGroup, r.DstGroup, r.Service, r.Idle, r.Log)
		}
	}
	return b.String()
}
