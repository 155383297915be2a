package compile

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/nbfwc/nbfwc/lang"
)

// randomNetwork is a few zones and firewalls, joined at random; some interfaces
// send back where it came from, some zones carry traffic, some firewalls are
// hosts themselves.
func randomNetwork(r *rand.Rand) *lang.Policy {
	p := &lang.Policy{Catalog: &lang.Catalog{}}
	for i := range 3 + r.IntN(4) {
		p.Zones = append(p.Zones, &lang.Zone{Name: fmt.Sprintf("z%d", i), Transit: r.IntN(2) == 0})
	}
	for i := range 1 + r.IntN(4) {
		fw := &lang.Firewall{Name: fmt.Sprintf("fw%d", i)}
		left := slices.Clone(p.Zones)
		r.Shuffle(len(left), func(i, j int) { left[i], left[j] = left[j], left[i] })
		for k := range 1 + r.IntN(3) {
			n := min(1+r.IntN(2), len(left))
			fw.Interfaces = append(fw.Interfaces, &lang.Interface{Label: fmt.Sprintf("if%d", k), Zones: left[:n:n], Hairpin: r.IntN(4) == 0})
			left = left[n:]
		}
		p.Firewalls = append(p.Firewalls, fw)
	}
	return p
}

// bruteWays walks every simple way from a to b, vertex by vertex.
func bruteWays(t *topology, a, b place) []string {
	start, goal := a.zone, b.zone
	if a.self >= 0 {
		start = t.vertex(a.self)
	}
	if b.self >= 0 {
		goal = t.vertex(b.self)
	}
	var out []string
	var walk func(w way)
	walk = func(w way) {
		v := w.verts[len(w.verts)-1]
		if v == goal {
			if len(t.hops(w)) > 0 {
				out = append(out, pathText(t.hops(w)))
			}
			return
		}
		leaving := a.self >= 0 && v == a.zone && len(w.verts) == 2
		arriving := b.self >= 0 && v == b.zone
		if len(w.verts) > 1 && !t.carries(v) && !leaving && !arriving {
			return
		}
		for _, e := range t.edges[v] {
			if len(w.verts) > 1 && !t.carries(v) && !leaving && e.to != goal {
				continue
			}
			if slices.Contains(w.verts, e.to) || len(w.ifaces) > 0 && !t.passable(v, w.ifaces[len(w.ifaces)-1], e.iface) {
				continue
			}
			walk(way{append(slices.Clone(w.verts), e.to), append(slices.Clone(w.ifaces), e.iface)})
		}
	}
	walk(way{verts: []int32{start}})
	slices.Sort(out)
	return slices.Compact(out)
}

func graphOf(p *lang.Policy) *topology {
	var fws []*Firewall
	for _, fw := range p.Firewalls {
		fws = append(fws, &Firewall{Firewall: fw})
	}
	return newTopology(p, fws)
}

// The block tree finds the same ways as walking every one of them.
func TestWaysAreAllSimpleWays(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	counts := map[int]int{}
	for range 4000 {
		p := randomNetwork(r)
		top := graphOf(p)
		for a := range top.zones {
			for b := range top.zones {
				for _, sa := range []int32{-1, int32(r.IntN(len(top.firewalls)))} {
					for _, sb := range []int32{-1, int32(r.IntN(len(top.firewalls)))} {
						from, to := place{int32(a), sa}, place{int32(b), sb}
						if sa < 0 && sb < 0 && a == b || sa >= 0 && sa == sb {
							continue
						}
						list, more := top.ways(from, to)
						if more {
							t.Fatalf("a small network has too many ways")
						}
						var have []string
						for _, w := range list {
							if h := top.hops(w); len(h) > 0 {
								have = append(have, pathText(h))
							}
						}
						slices.Sort(have)
						have = slices.Compact(have)
						want := bruteWays(top, from, to)
						counts[min(len(want), 3)]++
						if !slices.Equal(have, want) {
							t.Fatalf("from %v to %v in\n%s\nhave %q\nwant %q", from, to, networkText(p), have, want)
						}
					}
				}
			}
		}
	}
	for n := range 4 {
		if counts[n] < 500 {
			t.Errorf("only %d pairs with %d ways: the networks are too simple", counts[n], n)
		}
	}
}

func networkText(p *lang.Policy) string {
	s := ""
	for _, z := range p.Zones {
		s += fmt.Sprintf("zone %s transit=%v\n", z.Name, z.Transit)
	}
	for _, fw := range p.Firewalls {
		s += "firewall " + fw.Name
		for _, i := range fw.Interfaces {
			s += fmt.Sprintf(" %s(hairpin=%v)", i.Label, i.Hairpin)
			for _, z := range i.Zones {
				s += " " + z.Name
			}
		}
		s += "\n"
	}
	return s
}

// zonesAnd makes a policy of zones ("core dmz wan*", with * for transit) and
// firewalls ("edge: in=core out=wan,dmz out2=~").
func zonesAnd(zones []string, firewalls ...fwText) *lang.Policy {
	p := &lang.Policy{Catalog: &lang.Catalog{}}
	byName := map[string]*lang.Zone{}
	for _, name := range zones {
		z := &lang.Zone{Name: name}
		if name[len(name)-1] == '*' {
			z.Name, z.Transit = name[:len(name)-1], true
		}
		byName[z.Name] = z
		p.Zones = append(p.Zones, z)
	}
	for _, f := range firewalls {
		fw := &lang.Firewall{Name: f.name}
		for i, side := range f.sides {
			iface := &lang.Interface{Label: fmt.Sprintf("eth%d", i)}
			for _, z := range side {
				iface.Zones = append(iface.Zones, byName[z])
			}
			fw.Interfaces = append(fw.Interfaces, iface)
		}
		p.Firewalls = append(p.Firewalls, fw)
	}
	return p
}

type fwText struct {
	name  string
	sides [][]string
}

func between(t *topology, a, b string) (*route, string) {
	place := func(name string) place {
		for i, z := range t.zones {
			if z.Name == name {
				return place{int32(i), -1}
			}
		}
		panic("no zone " + name)
	}
	r, why := t.route(place(a), place(b))
	if why == nil {
		return r, ""
	}
	var faults routeFaults
	faults.add(t, placePair{place(a), place(b)}, why, lang.Origin{})
	text := ""
	for _, p := range faults.problems(t) {
		text += p.Summary + ": " + p.Detail
	}
	return r, text
}

func TestRouteStories(t *testing.T) {
	two := zonesAnd([]string{"core", "dmz", "wan*", "far", "side"},
		fwText{"a", [][]string{{"core"}, {"wan"}}},
		fwText{"b", [][]string{{"core"}, {"wan"}}},
		fwText{"c", [][]string{{"wan"}, {"far", "side"}}})
	top := graphOf(two)
	r, why := between(top, "core", "far")
	wantText(t, why, "Several ways between two zones", "a (eth0 to eth1), c (eth0 to eth1); b (eth0 to eth1), c (eth0 to eth1)", `path "x" with from = zone.core, to = zone.far and via = [firewall.a]`)
	if !r.broken {
		t.Error("two ways were taken as one")
	}
	if r, _ = between(top, "far", "side"); r.local != SameInterface {
		t.Errorf("two zones behind one interface: %v", r.local)
	}
	_, why = between(top, "core", "dmz")
	wantText(t, why, "Zone behind no firewall", `zone "core" and zone "dmz"`, "no interface of a firewall has zone.dmz")

	two.Paths = []*lang.PathChoice{{Name: "b", To: two.Zones[0], Avoid: []*lang.Firewall{two.Firewalls[0]}}}
	r, why = between(graphOf(two), "far", "core")
	if why != "" || len(r.paths) != 1 || pathText(r.paths[0]) != "c (eth1 to eth0), b (eth1 to eth0)" {
		t.Errorf("avoid: %v %s", r.paths, why)
	}
	two.Paths[0] = &lang.PathChoice{Name: "both", All: true}
	if r, why = between(graphOf(two), "core", "far"); why != "" || len(r.paths) != 2 {
		t.Errorf("all: %v %s", r.paths, why)
	}
	two.Paths[0] = &lang.PathChoice{Name: "neither", Avoid: two.Firewalls[:2]}
	_, why = between(graphOf(two), "core", "far")
	wantText(t, why, "No way left", `"neither"`, "a (eth0 to eth1), c (eth0 to eth1)")

	gap := zonesAnd([]string{"core", "mid", "far"}, fwText{"a", [][]string{{"core"}, {"mid"}}}, fwText{"b", [][]string{{"mid"}, {"far"}}})
	_, why = between(graphOf(gap), "core", "far")
	wantText(t, why, `zone "mid", which lies between firewall a and firewall b, carries no traffic of others`, "transit = true")
}

func wantText(t *testing.T, have string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if !strings.Contains(have, p) {
			t.Errorf("have %q\nwant in it %q", have, p)
		}
	}
}

// Four thousand firewalls around one backbone: the time is linear.
func BenchmarkRoutesOfStar(b *testing.B) {
	zones := []string{"backbone*", "core"}
	fws := []fwText{{"core", [][]string{{"core"}, {"backbone"}}}}
	for i := range 4000 {
		z := fmt.Sprintf("c%d", i)
		zones = append(zones, z)
		fws = append(fws, fwText{z, [][]string{{z}, {"backbone"}}})
	}
	p := zonesAnd(zones, fws...)
	b.ReportAllocs()
	for b.Loop() {
		top := graphOf(p)
		routes := newRoutes(top)
		for z := int32(2); z < 4002; z++ {
			routes.between(place{1, -1}, place{z, -1}, lang.Origin{})
			routes.between(place{z, -1}, place{1, -1}, lang.Origin{})
		}
		if list := routes.faults.problems(top); len(list) > 0 {
			b.Fatal(list)
		}
	}
}
