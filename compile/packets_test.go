package compile

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"github.com/nbfwc/nbfwc/lang"
	"github.com/nbfwc/nbfwc/ruleset"
)

// universe is every address of the policy, and beside each zone's hosts one
// that nobody declared.
func (p *randomPolicy) universe() []netip.Addr {
	list := []netip.Addr{netip.MustParseAddr("203.0.113.9"), netip.MustParseAddr("2001:db8::9")}
	for _, z := range p.Zones {
		for _, n := range z.Networks {
			list = append(list, n.Addr())
		}
	}
	for _, d := range p.Domains {
		for _, g := range d.Groups {
			for _, leg := range g.Legs {
				for _, r := range leg.Addrs {
					list = append(list, r.From)
					if r.To != r.From {
						list = append(list, r.To)
					}
				}
			}
		}
	}
	return list
}

func probes() []probe {
	var list []probe
	for _, proto := range []uint8{ruleset.TCP, ruleset.UDP} {
		for port := uint16(1); port <= 5; port++ {
			list = append(list, probe{proto, port, true}, probe{proto, port, false})
		}
	}
	return append(list, probe{ruleset.ICMP, 8, true}, probe{ruleset.ICMP, 0, true}, probe{ruleset.ICMPv6, 128, true})
}

// Every packet between all addresses of random policies is treated on each
// firewall of its way as the oracle says, and Query says the same.
func TestEveryPacketOfRandomPolicies(t *testing.T) {
	compiled, verdicts, selves, tried := 0, map[Verdict]int{}, 0, uint64(0)
	for seed := uint64(0); compiled < 300; seed++ {
		p := newRandomPolicy(seed)
		if !p.valid() {
			continue
		}
		g, problems := New(p.Policy, Options{})
		if g == nil {
			if len(problems) == 0 {
				t.Fatalf("seed %d: no graph and no problem", seed)
			}
			continue
		}
		compiled++
		c := &checker{t: t, p: p, g: g, o: &oracle{p.Policy, g.topology}, x: g.Index(), sets: map[*Firewall]*ruleset.RuleSet{}, behind: map[*Firewall]map[string]ruleset.AddrSet{}, seed: seed}
		all := g.RuleSets()
		for i, fw := range g.Firewalls {
			c.sets[fw], c.behind[fw] = &all[i], g.Behind(fw)
		}
		addrs := p.universe()
		for _, src := range addrs {
			for _, dst := range addrs {
				if src != dst && src.Is4() == dst.Is4() {
					c.pair(src, dst)
				}
			}
		}
		for v, n := range c.verdicts {
			verdicts[Verdict(v)] += n
		}
		selves += c.selves
		tried = seed
		if t.Failed() {
			return
		}
	}
	t.Logf("verdicts %v, on firewalls themselves %d, of %d seeds", verdicts, selves, tried)
	for _, v := range []Verdict{Permitted, Denied, Rejected, NoPath, Unfiltered} {
		if verdicts[v] < 1000 {
			t.Errorf("only %d packets are %v: the policies are too simple", verdicts[v], v)
		}
	}
	if selves < 1000 {
		t.Errorf("only %d packets end on a firewall", selves)
	}
}

type checker struct {
	t        *testing.T
	p        *randomPolicy
	g        *Graph
	o        *oracle
	x        *Index
	sets     map[*Firewall]*ruleset.RuleSet
	behind   map[*Firewall]map[string]ruleset.AddrSet
	seed     uint64
	verdicts [5]int
	selves   int
}

func (c *checker) pair(src, dst netip.Addr) {
	paths, verdict := c.paths(src, dst)
	for _, q := range probes() {
		want := verdict
		if want == Denied {
			want = c.o.verdict(src, dst, q)
		}
		c.verdicts[want]++
		if q.nonrserved {
			have := c.x.Answer(Tuple{src, dst, q.proto, q.port})
			if have.Verdict != want {
				c.t.Errorf("seed %d: query %v -> %v proto %d port %d: have %v want %v", c.seed, src, dst, q.proto, q.port, have.Verdict, want)
				return
			}
		}
		for _, path := range paths {
			for _, h := range path {
				c.hop(h, src, dst, q, want)
			}
		}
	}
}

// paths walks every way between two addresses.
func (c *checker) paths(src, dst netip.Addr) ([][]Hop, Verdict) {
	top := c.g.topology
	a := place{top.zoneIndex[c.o.zone(src)], c.o.self(src)}
	b := place{top.zoneIndex[c.o.zone(dst)], c.o.self(dst)}
	if a.self >= 0 && a.self == b.self || a == b {
		return nil, Unfiltered
	}
	if a.zone == b.zone {
		if w, ok := top.direct(a, b); ok {
			return [][]Hop{top.hops(w)}, Denied
		}
	}
	var paths [][]Hop
	list, _ := top.ways(a, b)
	for _, w := range list {
		paths = append(paths, top.hops(w))
	}
	if len(paths) == 0 {
		if top.sharedInterface(a, b) != nil {
			return nil, Unfiltered
		}
		return nil, NoPath
	}
	return paths, Denied
}

func (c *checker) hop(h Hop, src, dst netip.Addr, q probe, want Verdict) {
	label := func(i *lang.Interface) string {
		if i == nil {
			return ruleset.Self
		}
		return i.Label
	}
	pkt := ruleset.Packet{In: label(h.In), Out: label(h.Out), Src: src, Dst: dst, Proto: q.proto, SrcPort: 40000, DstPort: q.port}
	if h.In == nil || h.Out == nil {
		c.selves++
	}
	if b := c.behind[h.Firewall]; !b[pkt.In].Contains(src) || !b[pkt.Out].Contains(dst) {
		c.t.Errorf("seed %d: firewall %s: %v is not consistent with %v", c.seed, h.Firewall.Name, pkt, b)
	}
	if !q.nonrserved {
		pkt.SrcPort = 1023
	}
	if q.proto == ruleset.ICMP || q.proto == ruleset.ICMPv6 {
		pkt.SrcPort, pkt.DstPort = q.port, 0
	}
	have := c.sets[h.Firewall].Verdict(pkt)
	if map[Verdict]ruleset.Verdict{Permitted: ruleset.Passes, Denied: ruleset.Drops, Rejected: ruleset.Rejects}[want] != have {
		c.t.Errorf("seed %d: firewall %s: %v: have %v want %v", c.seed, h.Firewall.Name, pkt, have, want)
	}
}

// Object-groups are named within the limits, hold each member once and sorted,
// and each is used.
func TestObjectGroupsOfRandomPolicies(t *testing.T) {
	for seed := uint64(0); seed < 400; seed++ {
		p := newRandomPolicy(seed)
		if !p.valid() {
			continue
		}
		g, _ := New(p.Policy, Options{})
		if g == nil {
			continue
		}
		for i, rs := range g.RuleSets() {
			if again := g.RuleSet(g.Firewalls[i]); fmt.Sprint(again) != fmt.Sprint(rs) {
				t.Fatalf("seed %d: two rule sets of one firewall", seed)
			}
			used, names := map[string]bool{}, map[string]bool{}
			for _, s := range rs.Stages {
				for _, r := range s.Rules {
					used[r.SrcGroup], used[r.DstGroup] = true, true
					if names[r.Name] {
						t.Errorf("seed %d: two rules are named %s", seed, r.Name)
					}
					names[r.Name] = true
					if len(r.Flows) == 0 || !slices.IsSorted(r.Flows) || r.Reason == "" {
						t.Errorf("seed %d: rule %s has flows %v and reason %q", seed, r.Name, r.Flows, r.Reason)
					}
				}
			}
			for k, grp := range rs.Groups {
				if !used[grp.Name] || len(grp.Name) > maxName || k > 0 && rs.Groups[k-1].Name >= grp.Name {
					t.Errorf("seed %d: group %s (used: %v) is out of order, too long or unused", seed, grp.Name, used[grp.Name])
				}
				for m := 1; m < len(grp.Members); m++ {
					if grp.Members[m-1].Range.From.Compare(grp.Members[m].Range.From) >= 0 {
						t.Errorf("seed %d: members of %s are not sorted: %v", seed, grp.Name, grp.Members)
					}
				}
			}
		}
	}
}
