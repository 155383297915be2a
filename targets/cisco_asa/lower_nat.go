package cisco_asa

import (
	"math"
	"net/netip"

	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
)

// natRules are the translations with the addresses that they touch.
func (m *model) natRules() []targets.NATRule {
	if len(m.nats) == 0 {
		return nil
	}
	s := newSets(m, func(int, string, string) {})
	out := make([]targets.NATRule, 0, len(m.nats))
	for i := range m.nats {
		n := &m.nats[i]
		out = append(out, targets.NATRule{Line: n.num, Text: shortText(n.text), Addrs: s.touched(n)})
	}
	return out
}

// touched are the addresses of a translation, all if some aren't known.
func (s *sets) touched(n *nat) ruleset.AddrSet {
	if n.all {
		return ruleset.AnyAddr()
	}
	var out ruleset.AddrSet
	for _, o := range n.operands {
		switch o.kind {
		case objectAddr:
			if d := s.m.index[o.name]; d != nil && d.kind == networkGroup {
				o.kind = groupAddr
			}
		case hostAddr:
			// The first of as many addresses as the object has.
			if d := s.m.index[n.object]; d != nil && len(d.nets) == 1 && d.nets[0].addr.kind != hostAddr {
				if p, ok := d.nets[0].addr.prefix(); ok && p.Addr().BitLen() == o.addr().BitLen() {
					o = netOperand(netip.PrefixFrom(o.addr(), p.Bits()).Masked())
				} else {
					return ruleset.AnyAddr()
				}
			}
		case ifaceAddr:
			p := s.interfaceSet(o.name)
			if p.rest.IsAny() {
				return ruleset.AnyAddr()
			}
			out = out.Union(p.rest)
			continue
		}
		p := s.operand(o, netip.Addr{}, 0)
		if p.unknown != "" {
			return ruleset.AnyAddr()
		}
		out = out.Union(p.known)
	}
	return out
}

// elements is the number of entries that the device expands the bound access
// lists to: for each entry the product of its sources, destinations and
// services. "show access-list" prints it for each list.
func (m *model) elements() int64 {
	c := &counter{m: m, addrs: map[string]int64{}, services: map[string]int64{}}
	counted := map[string]bool{}
	total := int64(0)
	for _, b := range m.bindings {
		a := m.aclIndex[b.acl]
		if a == nil || counted[b.acl] || b.kind == bindControl {
			continue
		}
		counted[b.acl] = true
		for _, l := range a.lines {
			if l.remark {
				continue
			}
			n := product(c.addr(m.pool.addrs.list[l.src], 0), c.addr(m.pool.addrs.list[l.dst], 0))
			n = product(n, c.protocol(m.pool.protos.list[l.proto], 0))
			n = product(n, product(c.ports(m.pool.ports.list[l.sport], 0), c.ports(m.pool.ports.list[l.dport], 0)))
			n = product(n, c.types(m.pool.tails.list[l.x].icmp, 0))
			total = sum(total, n)
		}
	}
	return total
}

func product(a, b int64) int64 {
	if a == 0 || b == 0 {
		return 0
	}
	if a > math.MaxInt64/b {
		return math.MaxInt64
	}
	return a * b
}

func sum(a, b int64) int64 {
	if a > math.MaxInt64-b {
		return math.MaxInt64
	}
	return a + b
}

// A counter counts the members of groups, each group once.
type counter struct {
	m               *model
	addrs, services map[string]int64
}

// once returns the count of a name; what isn't there, or contains itself,
// counts as one.
func once(done map[string]int64, name string, depth int, count func() int64) int64 {
	n, ok := done[name]
	if !ok {
		done[name] = 1
		if n = 1; depth <= maxNesting {
			n = count()
		}
		done[name] = n
	}
	return n
}

func (c *counter) addr(o operand, depth int) int64 {
	d := c.m.index[o.name]
	if o.kind != groupAddr || d == nil || d.kind != networkGroup {
		return 1
	}
	return once(c.addrs, o.name, depth, func() (n int64) {
		for _, m := range d.nets {
			n = sum(n, c.addr(m.addr, depth+1))
		}
		return n
	})
}

func (c *counter) protocol(p protoSpec, depth int) int64 {
	d := c.m.index[p.name]
	switch {
	case p.kind == tcpUDPProto:
		return 2
	case p.kind != groupProto || d == nil || d.kind != serviceGroup && d.kind != protocolGroup:
		return 1
	}
	return once(c.services, p.name, depth, func() (n int64) {
		for _, m := range d.services {
			n = sum(n, c.protocol(m.proto, depth+1))
		}
		return n
	})
}

func (c *counter) ports(p portSpec, depth int) int64 {
	d := c.m.index[p.name]
	if p.op != groupPort || d == nil || d.kind != portGroup {
		return 1
	}
	return once(c.services, p.name, depth, func() (n int64) {
		for _, m := range d.services {
			n = sum(n, c.ports(m.dst, depth+1))
		}
		return n
	})
}

func (c *counter) types(i icmpSpec, depth int) int64 {
	d := c.m.index[i.group]
	if i.group == "" || d == nil || d.kind != icmpGroup {
		return 1
	}
	return once(c.services, i.group, depth, func() (n int64) {
		for _, m := range d.services {
			n = sum(n, c.types(m.icmp, depth+1))
		}
		return n
	})
}
