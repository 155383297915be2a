package compile

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/nbfwc/nbfwc/lang"
)

// Options say how to compile.
type Options struct {
	// MaxFlows bounds the flows of a policy, and with them memory; 0 is four
	// million.
	MaxFlows int
}

const defaultMaxFlows = 4_000_000

// New makes the flow graph of a policy. The graph is nil if a problem is an
// Error. Problems are sorted by their place in the policy.
func New(p *lang.Policy, opt Options) (*Graph, []Problem) {
	b := newBuilder(p, opt)
	b.readCatalog(p.Catalog)
	for _, d := range p.Domains {
		b.domain(d)
	}
	for _, l := range p.Links {
		b.link(l)
	}
	for _, f := range p.Flows {
		b.custom(f)
	}
	b.finish()
	isError := func(p Problem) bool { return p.Severity == Error }
	if !slices.ContainsFunc(b.problems, isError) {
		if names := b.g.checkNames(); len(names) > 0 {
			b.problems = append(slices.DeleteFunc(b.problems, func(p Problem) bool { return p.Severity == Notice }), names...)
		}
	}
	b.problems = withoutEchoes(sortProblems(b.problems))
	if slices.ContainsFunc(b.problems, isError) {
		return nil, b.problems
	}
	return b.g, b.problems
}

// readCatalog notes what rules need to know of roles and rows.
func (b *builder) readCatalog(c *lang.Catalog) {
	g := b.g
	for _, row := range c.Rows {
		g.rows[row] = newRowInfo(row)
		if v := row.FromCovers.Min; !v.IsZero() && (g.oldest.IsZero() || v.Less(g.oldest)) {
			g.oldest = v
		}
	}
	g.bringers = map[*lang.Role][]*lang.Role{}
	for _, role := range c.Roles {
		for _, r := range role.Brings {
			g.bringers[r] = append(g.bringers[r], role)
		}
	}
}

// builder collects the flows of a graph.
type builder struct {
	g        *Graph
	opt      Options
	problems []Problem
	blamed   map[string]bool
	portSets map[*lang.Service]*servicePorts
	replaced map[string]*servicePorts
	scratch  []legPairRef
	apart    apart
	overflow bool
}

func newBuilder(p *lang.Policy, opt Options) *builder {
	g := &Graph{Policy: p, rows: map[*lang.Row]*rowInfo{}}
	for _, fw := range p.Firewalls {
		g.Firewalls = append(g.Firewalls, &Firewall{Firewall: fw})
	}
	g.topology = newTopology(p, g.Firewalls)
	g.routes = newRoutes(g.topology)
	for _, d := range p.Domains {
		g.groups = append(g.groups, d.Groups...)
	}
	if opt.MaxFlows == 0 {
		opt.MaxFlows = defaultMaxFlows
	}
	b := &builder{g: g, opt: opt, blamed: map[string]bool{}, portSets: map[*lang.Service]*servicePorts{}, replaced: map[string]*servicePorts{}}
	g.legs, b.problems = newLegTable(g.groups, g.topology)
	return b
}

// finish gives the firewalls their flows and collects the problems of routes.
func (b *builder) finish() {
	b.problems = append(b.problems, b.g.routes.faults.problems(b.g.topology)...)
	b.problems = append(b.problems, b.apart.problems()...)
	g := b.g
	for id := range g.Flows {
		for _, path := range g.Flows[id].Paths {
			for _, h := range path {
				if n := len(h.Firewall.Flows); n == 0 || h.Firewall.Flows[n-1] != int32(id) {
					h.Firewall.Flows = append(h.Firewall.Flows, int32(id))
				}
			}
		}
	}
	b.advise()
}

// advise adds the advice. Where the graph has errors, advice on flows would
// speak of flows that are not there, so only its errors count; and notices are
// for policies that compile.
func (b *builder) advise() {
	isError := func(p Problem) bool { return p.Severity == Error }
	onFlows, onHosts := b.g.advice()
	if slices.ContainsFunc(b.problems, isError) {
		onFlows = slices.DeleteFunc(onFlows, func(p Problem) bool { return !isError(p) })
	}
	b.problems = append(append(b.problems, onFlows...), onHosts...)
	if slices.ContainsFunc(b.problems, isError) {
		b.problems = slices.DeleteFunc(b.problems, func(p Problem) bool { return p.Severity == Notice })
	}
}

// once reports whether key is new; it keeps echoes of one fault away.
func (b *builder) once(key string) bool {
	if b.blamed[key] {
		return false
	}
	b.blamed[key] = true
	return true
}

func (b *builder) report(p Problem) { b.problems = append(b.problems, p) }

func sortProblems(list []Problem) []Problem {
	slices.SortStableFunc(list, func(p, q Problem) int {
		return cmp.Or(
			cmp.Compare(p.Subject.File, q.Subject.File),
			cmp.Compare(p.Subject.Byte, q.Subject.Byte),
			cmp.Compare(p.Severity, q.Severity),
			cmp.Compare(p.Summary, q.Summary),
			cmp.Compare(p.Detail, q.Detail))
	})
	return list
}

// side is one end of a flow that is to be made.
type side struct {
	group *lang.Group // nil for a whole zone
	zone  *lang.Zone
	legs  []legRef
}

// end is the side by one of its legs.
func (b *builder) end(s side, l legRef) End {
	if s.zone != nil {
		return End{Zone: s.zone, IPv6: l.v6}
	}
	return End{Group: s.group, Leg: b.g.legs.list[l.id].leg}
}

// flows adds a copy of f for each pair of legs by which the two sides talk. It
// says whether they can talk at all.
func (b *builder) flows(f Flow, from, to side, ports *servicePorts, asker lang.Origin) bool {
	b.scratch = choose(b.scratch[:0], from.legs, to.legs)
	for _, p := range b.scratch {
		f.Ports = ports.of(p.from.v6)
		if len(f.Ports) == 0 {
			continue
		}
		r := b.g.routes.between(p.from.place, p.to.place, asker)
		if r.broken {
			continue
		}
		f.From, f.To = b.end(from, p.from), b.end(to, p.to)
		f.Paths, f.Local = r.paths, r.local
		if f.Local == SameZone && from.group != nil && from.group == to.group && oneHost(from.group) {
			f.Local = SameHost
		}
		b.add(f, legPair{p.from.id, p.to.id})
	}
	return len(b.scratch) > 0
}

// oneHost reports whether the group is a single host.
func oneHost(g *lang.Group) bool {
	if len(g.Names) != 1 {
		return false
	}
	for i := range g.Legs {
		for _, a := range g.Legs[i].Addrs {
			if a.From != a.To {
				return false
			}
		}
	}
	return true
}

func (b *builder) add(f Flow, ends legPair) {
	if len(b.g.Flows) >= b.opt.MaxFlows {
		if !b.overflow {
			b.overflow = true
			b.report(Problem{
				Summary: "Too many flows",
				Detail: fmt.Sprintf("The policy has more than %d flows between groups of hosts. Say with peers which hosts talk with which, "+
					"or give hosts that agree in version, roles and features one hosts block.", b.opt.MaxFlows),
				Subject: flowOrigin(&f),
			})
		}
		return
	}
	if n := len(b.g.Flows); n == cap(b.g.Flows) {
		// Flows are large and many: grow in few steps.
		b.g.Flows = slices.Grow(b.g.Flows, n+256)
	}
	b.g.Flows = append(b.g.Flows, f)
	b.g.ends = append(b.g.ends, ends)
}
