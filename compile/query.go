package compile

import (
	"cmp"
	"net/netip"
	"runtime"
	"slices"
	"sync"

	"github.com/gaissmai/bart"

	"github.com/nbfwc/nbfwc/lang"
	"github.com/nbfwc/nbfwc/ruleset"
)

// Tuple is a packet as one asks for it. For ICMP and ICMPv6, Port is the type.
// The source port is taken to be an ordinary one.
type Tuple struct {
	Src, Dst netip.Addr
	Proto    uint8
	Port     uint16
}

// Verdict is what becomes of a tuple.
type Verdict uint8

const (
	// NoPath: there is no way between the two, or no single one.
	NoPath Verdict = iota
	// Unfiltered: no firewall of the policy is between the two; Local says why.
	Unfiltered
	// Permitted by every firewall on each path.
	Permitted
	// Denied by every firewall on each path, silently.
	Denied
	// Rejected by every firewall on each path, with an answer.
	Rejected
)

// Answer is what becomes of a tuple and where. All firewalls on the way come
// to the same verdict, since each has rules for exactly the flows that cross
// it. Paths and Flows are shared; don't change them.
type Answer struct {
	Verdict Verdict
	Local   Local // with Unfiltered
	Paths   [][]Hop
	// Flows are those that have the tuple, ascending.
	Flows []int32
	// Management: it is SSH from a source of management to a firewall that
	// filters what reaches itself, which stays open whatever the flows are.
	Management bool
}

// Index answers for tuples. It is read only and safe for concurrent use.
type Index struct {
	g     *Graph
	hosts *bart.Table[int32] // leg
	zones *bart.Table[int32]
	spans map[legPair]span
	order []int32 // flow ids, by pair of legs
	// wholeZones: some flow ends in a whole zone.
	wholeZones bool
	elsewhere  int32

	mu     sync.Mutex
	routes *routes // of pairs that no flow uses, made when asked for
}

type span struct{ start, end int32 }

// Index freezes the graph for queries.
func (g *Graph) Index() *Index {
	x := &Index{
		g: g, hosts: new(bart.Table[int32]), zones: new(bart.Table[int32]),
		spans: make(map[legPair]span, len(g.Flows)), routes: newRoutes(g.topology),
		elsewhere: g.topology.zoneIndex[lang.Elsewhere],
	}
	for i, z := range g.topology.zones {
		for _, n := range z.Networks {
			x.zones.Insert(n, int32(i))
		}
	}
	for id, o := range g.legs.list {
		for _, r := range o.addrs() {
			x.insert(r, int32(id))
		}
	}
	x.sortFlows()
	return x
}

func (x *Index) insert(r lang.AddrRange, leg int32) {
	if r.From == r.To {
		x.hosts.Insert(netip.PrefixFrom(r.From, r.From.BitLen()), leg)
		return
	}
	for _, p := range ruleset.NewAddrSet(ruleset.Range(r)).Prefixes() {
		x.hosts.Insert(p, leg)
	}
}

func (x *Index) sortFlows() {
	ends := x.g.ends
	x.order = make([]int32, len(ends))
	for i := range x.order {
		x.order[i] = int32(i)
		x.wholeZones = x.wholeZones || x.g.legs.isZone(ends[i].from) || x.g.legs.isZone(ends[i].to)
	}
	slices.SortFunc(x.order, func(a, b int32) int {
		return cmp.Or(cmp.Compare(ends[a].from, ends[b].from), cmp.Compare(ends[a].to, ends[b].to), cmp.Compare(a, b))
	})
	for i := 0; i < len(x.order); {
		n := i + 1
		for n < len(x.order) && ends[x.order[n]] == ends[x.order[i]] {
			n++
		}
		x.spans[ends[x.order[i]]] = span{int32(i), int32(n)}
		i = n
	}
}

// spot is where an address is: its place, and the legs that hold it.
type spot struct {
	place
	legs [2]int32 // the host's and the whole zone's, -1 for none
}

// spot finds an address by its longest match.
func (x *Index) spot(a netip.Addr) spot {
	s := spot{legs: [2]int32{-1, -1}}
	if leg, ok := x.hosts.Lookup(a); ok {
		s.place, s.legs[0] = x.g.legs.list[leg].place, leg
	} else if z, ok := x.zones.Lookup(a); ok {
		s.place = place{z, -1}
	} else {
		s.place = place{x.elsewhere, -1}
	}
	if x.wholeZones && s.self < 0 {
		s.legs[1] = x.g.legs.zoneEnd(s.zone, a.Is6()).id
	}
	return s
}

// asker answers tuples one after the other, with a memory of routes.
type asker struct {
	*Index
	routes map[[2]place]*route
	last   [2]place
	at     *route
}

// Answer says what becomes of one tuple.
func (x *Index) Answer(t Tuple) Answer {
	a := asker{Index: x}
	return a.answer(t)
}

// Answers answers each tuple of in into out, which is as long, on all cores.
func (x *Index) Answers(in []Tuple, out []Answer) {
	const chunk = 4096
	workers := min(runtime.GOMAXPROCS(0), (len(in)+chunk-1)/chunk)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			a := asker{Index: x, routes: map[[2]place]*route{}}
			for i := w * chunk; i < len(in); i += workers * chunk {
				for k := i; k < min(i+chunk, len(in)); k++ {
					out[k] = a.answer(in[k])
				}
			}
		})
	}
	wg.Wait()
}

func (a *asker) answer(t Tuple) Answer {
	t.Src, t.Dst = t.Src.Unmap().WithZone(""), t.Dst.Unmap().WithZone("")
	if !t.Src.IsValid() || t.Src.BitLen() != t.Dst.BitLen() {
		return Answer{}
	}
	src, dst := a.spot(t.Src), a.spot(t.Dst)
	r := a.route(src.place, dst.place)
	if r.broken {
		return Answer{}
	}
	ans := Answer{Verdict: Unfiltered, Local: r.local, Paths: r.paths, Flows: a.matching(src, dst, t)}
	if t.Src == t.Dst {
		ans.Local, ans.Paths = SameHost, nil
	}
	if len(ans.Paths) == 0 {
		return ans
	}
	ans.Management = a.manages(ans.Paths, t)
	switch {
	case len(ans.Flows) > 0 || ans.Management:
		ans.Verdict = Permitted
	case a.rejects(src, dst, t):
		ans.Verdict = Rejected
	default:
		ans.Verdict = Denied
	}
	return ans
}

// route is the route between two places, from memory if it was asked before.
func (a *asker) route(src, dst place) *route {
	key := [2]place{src, dst}
	if a.at != nil && a.last == key {
		return a.at
	}
	r := a.routes[key]
	if r == nil {
		r = a.Index.route(key)
		if a.routes != nil {
			a.routes[key] = r
		}
	}
	a.last, a.at = key, r
	return r
}

func (x *Index) route(key [2]place) *route {
	if r := x.g.routes.known[key]; r != nil {
		return r
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	r, _ := x.routes.find(key[0], key[1])
	return r
}

// manages reports whether the tuple is management of the one firewall on its
// way. Others on the way would know nothing of it.
func (x *Index) manages(paths [][]Hop, t Tuple) bool {
	m := x.g.Policy.Management
	if m == nil || t.Proto != ruleset.TCP || t.Port != sshPort || slices.ContainsFunc(paths, func(p []Hop) bool { return len(p) != 1 || !p[0].toItself() }) {
		return false
	}
	return slices.ContainsFunc(m.From, func(n netip.Prefix) bool { return n.Contains(t.Src) })
}

// sshPort is the port on which devices are managed.
const sshPort = 22

// toItself reports whether the packet ends on the firewall, and that has chains
// of ours for what does.
func (h Hop) toItself() bool { return h.Out == nil && h.Firewall.Exclusive }

// candidates visits the flows between the two spots, whatever their ports.
func (x *Index) candidates(src, dst spot, visit func(id int32)) {
	for _, from := range src.legs {
		for _, to := range dst.legs {
			if from < 0 || to < 0 {
				continue
			}
			s := x.spans[legPair{from, to}]
			for _, id := range x.order[s.start:s.end] {
				visit(id)
			}
		}
	}
}

// matching are the flows that have the tuple.
func (x *Index) matching(src, dst spot, t Tuple) []int32 {
	var ids []int32
	x.candidates(src, dst, func(id int32) {
		if slices.ContainsFunc(x.g.Flows[id].Ports, func(p Port) bool { return p.Matches(t.Proto, t.Port) }) {
			ids = append(ids, id)
		}
	})
	if len(ids) > 1 {
		slices.Sort(ids)
	}
	return ids
}

// rejects reports whether a fallback port of a permitted pair answers.
func (x *Index) rejects(src, dst spot, t Tuple) bool {
	found := false
	x.candidates(src, dst, func(id int32) {
		f := &x.g.Flows[id]
		if f.Row == nil || !f.Domain.ResetFallback {
			return
		}
		for _, s := range f.Row.Fallback {
			found = found || serves(s, t.Proto, t.Port)
		}
	})
	return found
}

// serves reports whether a service has a TCP or UDP port.
func serves(s *lang.Service, proto uint8, port uint16) bool {
	var list []lang.PortRange
	switch proto {
	case ruleset.TCP:
		list = s.TCP
	case ruleset.UDP:
		list = s.UDP
	}
	return slices.ContainsFunc(list, func(r lang.PortRange) bool { return r.From <= port && port <= r.To })
}

// String names a verdict.
func (v Verdict) String() string {
	return [...]string{"no path", "unfiltered", "permitted", "denied", "rejected"}[v]
}

// String says in words why no firewall is crossed.
func (l Local) String() string {
	return [...]string{"not local", "same host", "same zone", "same interface, not enforced"}[l]
}
