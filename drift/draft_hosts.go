package drift

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"

	"github.com/nbfwc/nbfwc/compile"
	"github.com/nbfwc/nbfwc/ruleset"
)

// draftHosts is a hosts block: addresses of one family in one zone that take
// part in the same permits.
type draftHosts struct {
	label string
	zone  int
	set   ruleset.AddrSet
	names map[netip.Addr]string
	guess Guess
	// asSource and asTarget are indices of boxes.
	asSource, asTarget []int
}

// draftPair is what passes from hosts to hosts, and the first box that says so.
type draftPair struct {
	from, to int
	service  ruleset.ServiceSet
	box      int
}

// maxPairs bounds the pairs of hosts blocks.
const maxPairs = 200_000

// makeHosts cuts the addresses of permits into classes that no permit and no
// zone tells apart.
func (d *drafter) makeHosts(g *compile.Graph) error {
	d.consistent(g)
	for _, v6 := range []bool{false, true} {
		d.classes(v6)
	}
	slices.SortStableFunc(d.hosts, func(a, b *draftHosts) int { return a.set.First().Compare(b.set.First()) })
	d.nameHosts()
	return d.makePairs()
}

// consistent cuts the permits into boxes from one interface to another with the
// addresses that belong behind them.
func (d *drafter) consistent(g *compile.Graph) {
	for f, fw := range d.firewalls {
		behind := g.Behind(g.Firewalls[slices.IndexFunc(g.Firewalls, func(c *compile.Firewall) bool { return c.Name == fw.label })])
		for i := range fw.permits {
			for _, in := range fw.interfaces {
				for _, out := range fw.interfaces {
					b := fw.permits[i]
					if in == out || !b.In.Contains(in.label) || !b.Out.Contains(out.label) {
						continue
					}
					b.firewall, b.In, b.Out = f, ruleset.Ifaces(in.label), ruleset.Ifaces(out.label)
					b.Src, b.Dst = b.Src.Intersect(behind[in.label]), b.Dst.Intersect(behind[out.label])
					if !b.Box.IsEmpty() {
						d.boxes = append(d.boxes, b)
					}
				}
			}
		}
	}
}

// cut is where a class may begin or end.
type cut struct {
	at    netip.Addr
	box   int // -1: of a zone
	side  int
	begin bool
}

// classes sweeps over all addresses of a family.
func (d *drafter) classes(v6 bool) {
	var cuts []cut
	add := func(ranges []ruleset.Range, box, side int) {
		for _, r := range ranges {
			if r.From.Is6() != v6 {
				continue
			}
			cuts = append(cuts, cut{r.From, box, side, true})
			if next := r.To.Next(); next.IsValid() {
				cuts = append(cuts, cut{next, box, side, false})
			}
		}
	}
	for i := range d.boxes {
		add(d.boxes[i].Src.Ranges(), i, 0)
		add(d.boxes[i].Dst.Ranges(), i, 1)
	}
	for _, z := range d.zones {
		for _, n := range z.networks {
			add([]ruleset.Range{ruleset.RangeOf(n)}, -1, 0)
		}
	}
	slices.SortFunc(cuts, func(a, b cut) int { return a.at.Compare(b.at) })
	type key struct {
		sum  [2]uint64
		zone int
	}
	var sum [2]uint64
	var active [2]map[int]int
	active[0], active[1] = map[int]int{}, map[int]int{}
	found := map[key]*draftHosts{}
	ranges := map[*draftHosts][]ruleset.Range{}
	for i := 0; i < len(cuts); {
		at := cuts[i].at
		for ; i < len(cuts) && cuts[i].at == at; i++ {
			c := cuts[i]
			if c.box < 0 {
				continue
			}
			mark := [2]uint64{mix(uint64(c.box)*2 + uint64(c.side)), mix(mix(uint64(c.box)*2+uint64(c.side)) + 1)}
			if c.begin {
				active[c.side][c.box]++
				sum[0], sum[1] = sum[0]+mark[0], sum[1]+mark[1]
			} else {
				if active[c.side][c.box]--; active[c.side][c.box] == 0 {
					delete(active[c.side], c.box)
				}
				sum[0], sum[1] = sum[0]-mark[0], sum[1]-mark[1]
			}
		}
		if len(active[0])+len(active[1]) == 0 {
			continue
		}
		last := lastOf(v6)
		if i < len(cuts) {
			last = cuts[i].at.Prev()
		}
		k := key{sum, d.networkZone(at)}
		h := found[k]
		if h == nil {
			h = &draftHosts{zone: k.zone, asSource: sortedInts(active[0]), asTarget: sortedInts(active[1])}
			found[k] = h
			d.hosts = append(d.hosts, h)
		}
		ranges[h] = append(ranges[h], ruleset.Range{From: at, To: last})
	}
	for h, list := range ranges {
		h.set = ruleset.NewAddrSet(list...)
	}
}

func lastOf(v6 bool) netip.Addr {
	s := ruleset.Any4()
	if v6 {
		s = ruleset.Any6()
	}
	return s.Ranges()[0].To
}

// mix is a step of splitmix64: sums of its values tell sets apart.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

func sortedInts(m map[int]int) []int {
	out := make([]int, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// makePairs says what passes between the classes.
func (d *drafter) makePairs() error {
	from, to := make([][]int, len(d.boxes)), make([][]int, len(d.boxes))
	for k, h := range d.hosts {
		for _, b := range h.asSource {
			from[b] = append(from[b], k)
		}
		for _, b := range h.asTarget {
			to[b] = append(to[b], k)
		}
	}
	at := map[[2]int]int{}
	for b := range d.boxes {
		if len(from[b])*len(to[b]) > maxPairs {
			return ErrDraftTooLarge
		}
		for _, x := range from[b] {
			for _, y := range to[b] {
				if d.hosts[x].set.First().Is4() != d.hosts[y].set.First().Is4() {
					continue
				}
				k, ok := at[[2]int{x, y}]
				if !ok {
					if k = len(d.pairs); k == maxPairs {
						return ErrDraftTooLarge
					}
					at[[2]int{x, y}] = k
					d.pairs = append(d.pairs, draftPair{from: x, to: y, box: b})
				}
				d.pairs[k].service = d.pairs[k].service.Union(d.boxes[b].Service)
			}
		}
	}
	slices.SortFunc(d.pairs, func(a, b draftPair) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to)) })
	return nil
}

// nameHosts names blocks for the object of a device that they are, or are most
// of; else for the zone.
func (d *drafter) nameHosts() {
	type object struct {
		name string
		set  ruleset.AddrSet
	}
	equal, single := map[string]string{}, map[netip.Addr]string{}
	var large []object
	for _, fw := range d.firewalls {
		for i := range fw.rs.Groups {
			g := &fw.rs.Groups[i]
			name := safeLabel(strings.TrimPrefix(g.Name, "NBU-"))
			if name == "" || g.Set.IsEmpty() || g.Set.IsAny() {
				continue
			}
			if r := g.Set.Ranges(); len(r) == 1 && r[0].From == r[0].To {
				if single[r[0].From] == "" {
					single[r[0].From] = name
				}
				continue
			}
			if g.Set.Len() < 4096 {
				if key := g.Set.String(); equal[key] == "" {
					equal[key] = name
				}
				large = append(large, object{name, g.Set})
			}
		}
	}
	labels := unique{}
	for _, h := range d.hosts {
		h.names = map[netip.Addr]string{}
		taken := unique{}
		for _, r := range h.set.Ranges() {
			if size(h.set) > 4096 {
				break
			}
			for a := r.From; r.From.Is4() || r.From == r.To; a = a.Next() {
				if name := single[a]; name != "" {
					h.names[a] = taken.pick(name)
				}
				if a == r.To {
					break
				}
			}
		}
		name := equal[h.set.String()]
		if name == "" && len(h.names) == 1 && size(h.set) == 1 {
			name = h.names[h.set.First()]
		}
		if name == "" && len(large)*len(d.hosts) <= 1_000_000 {
			var best uint64
			for _, o := range large {
				n := size(o.set)
				if both := size(o.set.Intersect(h.set)); both > 0 && both == size(h.set) && both*2 >= n && (best == 0 || n < best) {
					name, best = o.name, n
				}
			}
		}
		h.label = labels.pick(cmp.Or(name, d.zoneOf(h)))
	}
}

// zoneOf is the name of the zone of hosts.
func (d *drafter) zoneOf(h *draftHosts) string {
	if h.zone < 0 {
		return "elsewhere"
	}
	return d.zones[h.zone].name
}
