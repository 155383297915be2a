package cisco_asa

import (
	"net/netip"
	"strings"

	"github.com/nbfwc/nbfwc/ruleset"
)

// Bounds of what groups are written out to.
const (
	maxNesting   = 200
	maxMaskSpans = 1 << 16 // ranges of one mask with gaps
	maxSpans     = 1 << 20 // ranges of all groups together
)

// A partSet is addresses of which some are known and others are not: all may
// be any address of rest that meets the condition unknown. If unknown is "",
// the set is exactly known.
type partSet struct {
	known   ruleset.AddrSet
	rest    ruleset.AddrSet
	unknown string
}

// A servicePart is the same for services.
type servicePart struct {
	known   ruleset.ServiceSet
	unknown string
}

// sets evaluates operands of a model, each once.
type sets struct {
	m *model
	// problem reports what stands in a line and has no meaning.
	problem func(num int, text, why string)

	addrs    []partSet // by number of the operand, if done
	done     []bool
	groups   map[string]*groupSet
	services map[serviceKey]servicePart
	portSets map[string]portPart
	spans    int
	missing  map[string]bool
}

// A groupSet is an object or object-group written out.
type groupSet struct {
	set     partSet
	members []ruleset.Member
	open    bool // being written out: it contains itself if it is met again
}

type serviceKey struct {
	proto, sport, dport int32
	icmp                icmpSpec
}

func newSets(m *model, problem func(int, string, string)) *sets {
	return &sets{
		m: m, problem: problem,
		addrs: make([]partSet, len(m.pool.addrs.list)), done: make([]bool, len(m.pool.addrs.list)),
		groups: map[string]*groupSet{}, services: map[serviceKey]servicePart{}, portSets: map[string]portPart{},
		missing: map[string]bool{},
	}
}

// addr is the set of an operand of a line, by its number.
func (s *sets) addr(n int32) partSet {
	if !s.done[n] {
		s.done[n] = true
		s.addrs[n] = s.operand(s.m.pool.addrs.list[n], netip.Addr{}, 0)
	}
	return s.addrs[n]
}

// operand is the set of an operand; to is the end of a range.
func (s *sets) operand(o operand, to netip.Addr, depth int) partSet {
	switch o.kind {
	case anyAddr:
		return partSet{known: ruleset.AnyAddr()}
	case any4Addr:
		return partSet{known: ruleset.Any4()}
	case any6Addr:
		return partSet{known: ruleset.Any6()}
	case hostAddr:
		return partSet{known: ruleset.NewAddrSet(ruleset.Range{From: o.addr(), To: o.addr()})}
	case rangeAddr:
		return partSet{known: ruleset.NewAddrSet(ruleset.Range{From: o.addr(), To: to})}
	case netAddr:
		ranges, ok := o.ranges()
		s.spans += len(ranges)
		if !ok || s.spans > maxSpans {
			return partSet{rest: ruleset.Any4(), unknown: "mask " + o.maskAddr().String() + " of " + o.addr().String()}
		}
		return partSet{known: ruleset.NewAddrSet(ranges...)}
	case fqdnAddr:
		return partSet{rest: fqdnFamily(o.name), unknown: "fqdn " + o.name}
	case objectAddr, groupAddr:
		return s.group(o, depth).set
	case ifaceAddr:
		return s.interfaceSet(o.name)
	}
	// What isn't read of a line is a condition of the line.
	return partSet{known: ruleset.AnyAddr()}
}

// fqdnFamily are the addresses that an FQDN can have.
func fqdnFamily(name string) ruleset.AddrSet {
	switch {
	case strings.HasPrefix(name, "v4 "):
		return ruleset.Any4()
	case strings.HasPrefix(name, "v6 "):
		return ruleset.Any6()
	}
	return ruleset.AnyAddr()
}

// ranges are the addresses of a netAddr; ok is false where its mask has gaps
// that make too many.
func (o operand) ranges() (out []ruleset.Range, ok bool) {
	if p, ok := o.prefix(); ok {
		return []ruleset.Range{ruleset.RangeOf(p)}, true
	}
	var gaps []uint32 // bits that don't count above one that does, the lowest first
	low := 0
	for o.mask>>low&1 == 0 {
		low++
	}
	for b := low; b < 32; b++ {
		if o.mask>>b&1 == 0 {
			gaps = append(gaps, 1<<b)
		}
	}
	if len(gaps) > 30 || 1<<len(gaps) > maxMaskSpans {
		return nil, false
	}
	b := o.addr().As4()
	first := uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
	for n := range 1 << len(gaps) {
		from := first
		for i, g := range gaps {
			if n>>i&1 == 1 {
				from |= g
			}
		}
		out = append(out, ruleset.Range{From: addr4(from), To: addr4(from | (1<<low - 1))})
	}
	return out, true
}

func addr4(n uint32) netip.Addr {
	return netip.AddrFrom4([4]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)})
}

// interfaceSet is "interface NAMEIF", the address of the interface. Whether a
// packet that is forwarded can have it depends on address translation.
func (s *sets) interfaceSet(nameif string) partSet {
	p := partSet{rest: ruleset.AnyAddr(), unknown: "address of interface " + nameif}
	if i, ok := s.m.iface(nameif); ok && !i.dynamic && len(i.prefixes) > 0 {
		p.rest = ruleset.AddrSet{}
		for _, x := range i.prefixes {
			p.rest = p.rest.Union(ruleset.NewAddrSet(ruleset.Range{From: x.Addr(), To: x.Addr()}))
		}
	}
	return p
}

// group is the object or object-group of that name, written out.
func (s *sets) group(o operand, depth int) *groupSet {
	g := s.groups[o.name]
	switch {
	case g != nil && g.open:
		s.miss(o.name, "the group contains itself")
		return &groupSet{set: partSet{rest: ruleset.AnyAddr(), unknown: "group " + o.name + " that contains itself"}}
	case g != nil:
		return g
	}
	g = &groupSet{open: true}
	s.groups[o.name] = g
	g.set = s.writeOut(g, o, depth)
	g.open = false
	return g
}

// miss reports a name that has no meaning, once.
func (s *sets) miss(name, why string) {
	if !s.missing[name] {
		s.missing[name] = true
		num := 0
		if d := s.m.index[name]; d != nil {
			num = d.num
		}
		s.problem(num, name, why)
	}
}

func (s *sets) writeOut(g *groupSet, o operand, depth int) partSet {
	d := s.m.index[o.name]
	switch {
	case d == nil:
		s.miss(o.name, "no network object or object-group has this name; the lines that name it may match any address")
	case d.kind != networkObject && d.kind != networkGroup || (d.kind == networkGroup) != (o.kind == groupAddr):
		s.miss(o.name, "the object or object-group isn't of the type that a line needs; the line may match any address")
	case depth > maxNesting:
		s.miss(o.name, "the groups are nested too deeply to be read; the lines that name them may match any address")
	default:
		return s.union(g, d, depth)
	}
	return partSet{rest: ruleset.AnyAddr(), unknown: "object " + o.name}
}

// union is the set of all members of d.
func (s *sets) union(g *groupSet, d *object, depth int) partSet {
	var out partSet
	var unknown []string
	add := func(p partSet) {
		if p.unknown != "" {
			out.rest = out.rest.Union(p.rest)
			unknown = append(unknown, p.unknown)
		}
	}
	if d.unread != "" || d.kind == networkObject && len(d.nets) == 0 {
		add(partSet{rest: ruleset.AnyAddr(), unknown: "object " + d.name})
	}
	var ranges []ruleset.Range
	for _, m := range d.nets {
		if s.spans > maxSpans {
			s.miss(d.name, "the groups are too large to be written out; the lines that name them may match any address")
			add(partSet{rest: ruleset.AnyAddr(), unknown: "object " + d.name})
			break
		}
		switch m.addr.kind {
		case objectAddr, groupAddr:
			n := s.group(m.addr, depth+1)
			g.members = append(g.members, n.members...)
			s.spans += len(n.members)
			add(n.set)
			for _, x := range n.members {
				ranges = append(ranges, x.Range)
			}
		default:
			p := s.operand(m.addr, m.to, depth)
			add(p)
			name := ""
			if d.kind == networkObject {
				name = d.name
			}
			for _, r := range p.known.Ranges() {
				g.members = append(g.members, ruleset.Member{Range: r, Name: name})
				ranges = append(ranges, r)
			}
			s.spans++
		}
	}
	out.known = ruleset.NewAddrSet(ranges...)
	if len(unknown) > 0 {
		out.unknown = anyOf(unknown)
	}
	return out
}

// anyOf joins conditions of which one must hold.
func anyOf(c []string) string {
	seen := map[string]bool{}
	var out []string
	for _, x := range c {
		if !seen[x] {
			seen[x] = true
			out = append(out, x)
		}
	}
	if len(out) == 1 {
		return out[0]
	}
	const most = 20
	if len(out) > most {
		return "one of (" + strings.Join(out[:most], ", ") + ", and others of " + out[most] + ")"
	}
	return "one of (" + strings.Join(out, ", ") + ")"
}
