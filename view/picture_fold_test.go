package view

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/nbfwc/nbfwc/compile"
)

// headings are what stands on the boxes of a picture.
func headings(p *Picture) []string {
	var out []string
	for _, n := range p.nodes {
		out = append(out, n.heading())
	}
	return out
}

func TestAlikeBranchesAreDrawnOnce(t *testing.T) {
	p := NewPicture(branches(160).graph, PictureOptions{})
	want := []string{"core", "wan", "120 zones like site001", "40 zones like site004", "40 zones like site004-srv",
		"hq", "120 firewalls like fw001", "40 firewalls like fw004"}
	if have := headings(p); !slices.Equal(have, want) {
		t.Errorf("boxes are %q, want %q", have, want)
	}
	if want := "Folded: 200 zones are drawn as 3 boxes."; !strings.HasPrefix(p.folding, want) {
		t.Errorf("folding is %q, want %q", p.folding, want)
	}
	if svg := drawn(t, p.SVG); !strings.Contains(svg, "Folded: 200 zones") {
		t.Error("the picture does not say that it is folded")
	}
}

func TestFoldingIsOnlyForManyZones(t *testing.T) {
	for _, c := range []struct {
		zones int
		fold  Fold
		boxes int
	}{{30, FoldAuto, 31}, {31, FoldNever, 32}, {200, FoldNever, 201}, {31, FoldAuto, 5}} {
		if have := len(NewPicture(manyZones(c.zones).graph, PictureOptions{Fold: c.fold}).nodes); have != c.boxes {
			t.Errorf("%d zones, fold %d: %d boxes, want %d", c.zones, c.fold, have, c.boxes)
		}
	}
}

// One zone among forty differs in one thing: it is drawn by itself.
func TestWhatDiffersIsDrawnByItself(t *testing.T) {
	for what, change := range map[string]func(*network){
		"one more port": func(n *network) { n.flow("media", "clients07", tcp(22), "edge inside net07") },
		"flows the other way": func(n *network) {
			n.flow("clients07", "clients08", tcp(1556, 13724), "edge net07 net08")
		},
		"another role": func(n *network) { n.groups["clients07"].Roles = n.groups["media"].Roles },
		"a feature-less version": func(n *network) {
			n.groups["clients07"].Facts = n.groups["master"].Facts
		},
		"a local flow": func(n *network) { n.flow("clients07", "clients07", tcp(1)).Local = compile.SameZone },
		"a second firewall": func(n *network) {
			n.firewall("inner", "nftables", "a:net07")
		},
		"transit": func(n *network) { n.zones["net07"].Transit = true },
	} {
		n := alikeZones(40)
		if have := headings(NewPicture(n.graph, PictureOptions{})); len(have) != 3 {
			t.Fatalf("alike zones are drawn as %q", have)
		}
		change(n)
		if have := headings(NewPicture(n.graph, PictureOptions{})); !slices.Contains(have, "net07") {
			t.Errorf("%s: net07 is not drawn by itself: %q", what, have)
		}
	}
}

// alikeZones is manyZones, all in the same version and with the same flows.
func alikeZones(count int) *network {
	n := newNetwork()
	n.zone("core", "10.0.0.0/24")
	interfaces := []string{"inside:core"}
	for i := 1; i < count; i++ {
		name := fmt.Sprintf("net%02d", i)
		n.zone(name, fmt.Sprintf("10.%d.0.0/16", i))
		interfaces = append(interfaces, name+":"+name)
	}
	n.firewall("edge", "fortigate", interfaces...)
	n.hosts("media", "core", 4, "7.6", "media")
	n.hosts("master", "core", 4, "7.1", "master")
	for i := 1; i < count; i++ {
		name, block := fmt.Sprintf("net%02d", i), fmt.Sprintf("clients%02d", i)
		n.hosts("clients", name, 10, "7.6", "client")
		n.groups[block] = n.groups["clients"]
		n.flow("media", block, tcp(1556, 13724), "edge inside "+name)
	}
	return n
}

func TestManyDifferentZonesAreFoldedLoosely(t *testing.T) {
	n := alikeZones(60)
	for i := 1; i < 60; i++ {
		n.flow("media", fmt.Sprintf("clients%02d", i), tcp(uint16(2000+i)), fmt.Sprintf("edge inside net%02d", i))
	}
	p := NewPicture(n.graph, PictureOptions{})
	if have := headings(p); !slices.Contains(have, "59 zones much like net01") {
		t.Errorf("boxes are %q", have)
	}
	if !strings.Contains(p.folding, "versions and ports may differ") {
		t.Errorf("folding is %q", p.folding)
	}
}

// Folding loses no zone, no host and no flow, whatever the network.
func TestFoldingLosesNothing(t *testing.T) {
	for seed := range uint64(100) {
		n := randomNetwork(rand.New(rand.NewPCG(seed, 3)))
		all := NewPicture(n.graph, PictureOptions{Fold: FoldNever})
		for _, loosely := range []bool{false, true} {
			folded := all.foldBy(loosely)
			if have, want := sums(folded), sums(all); have != want {
				t.Fatalf("seed %d, loosely %t: %v after folding, %v before", seed, loosely, have, want)
			}
			if faults := overlaps(folded.newLayout()); len(faults) > 0 {
				t.Fatalf("seed %d: %s", seed, strings.Join(faults, "\n"))
			}
		}
	}
}

// sums are the zones and firewalls, hosts, flows by their end, and local flows
// of a picture.
func sums(p *Picture) (out [5]int) {
	for _, n := range p.nodes {
		out[0] += n.stands()
		for _, g := range n.groups {
			out[1] += g.count
		}
		out[2] += n.ends
		for _, l := range n.local {
			out[3] += l.flows
		}
	}
	for _, b := range p.bundles {
		out[4] += b.flows
	}
	return out
}

func TestGraphDocumentIsTheGraph(t *testing.T) {
	have, err := json.Marshal(Graph(twoInARow().graph))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`{"schema":"nbfwc/1","kind":"graph","zones":[{"name":"core","networks":["10.0.0.0/24"`,
		`{"name":"wan","networks":["10.255.0.0/16"],"transit":true}`,
		`{"name":"gate","roles":["client"],"version":"7.6","count":1,"firewall":"site"}`,
		`"local":[{"why":"same zone","flows":1},{"why":"same interface, not enforced","to":"printers","flows":1}]`,
		`{"name":"elsewhere","elsewhere":true}`,
		`{"label":"trust","zones":["branch","printers"]},{"label":"internet","zones":["elsewhere"]}`,
		`{"from":{"zone":"core"},"to":{"firewall":"site"},"ports":[{"protocol":"tcp","from":1556,"to":1556}],"flows":1,` +
			`"paths":[[{"firewall":"hq","in":"inside","out":"outside"},{"firewall":"site","in":"untrust","out":""}]]}`,
	} {
		if !strings.Contains(string(have), want) {
			t.Errorf("the document lacks\n%s\nin\n%s", want, have)
		}
	}
}

// Two ways of one flow are drawn, and the flow is counted once.
func TestFlowWithTwoWays(t *testing.T) {
	n := newNetwork()
	n.zone("a", "10.1.0.0/16")
	n.zone("b", "10.2.0.0/16")
	n.firewall("left", "nftables", "a0:a", "b0:b")
	n.firewall("right", "nftables", "a1:a", "b1:b")
	n.hosts("master", "a", 1, "7.6", "master")
	n.hosts("web", "b", 1, "7.6", "client")
	f := n.flow("master", "web", tcp(1556), "left a0 b0")
	f.Paths = append(f.Paths, []compile.Hop{{Firewall: n.firewalls["right"], In: n.iface("right", "a1"), Out: n.iface("right", "b1")}})
	p := NewPicture(n.graph, PictureOptions{})
	if len(p.bundles) != 1 || p.bundles[0].flows != 1 || len(p.bundles[0].routes) != 2 {
		t.Fatalf("bundles are %+v", p.bundles[0])
	}
	if svg := drawn(t, p.SVG); !strings.Contains(svg, "through left; or right") {
		t.Error("the picture does not name both ways")
	}
	if p.counts.flows != 1 || p.nodes[0].ends != 1 {
		t.Errorf("counts are %+v, %d", p.counts, p.nodes[0].ends)
	}
}

// Elsewhere is drawn only if a flow is with it.
func TestElsewhereOnlyWhenUsed(t *testing.T) {
	n := twoZones()
	n.firewalls["edge"].Interfaces[1].Default = true
	if svg := drawn(t, NewPicture(n.graph, PictureOptions{}).SVG); strings.Contains(svg, "elsewhere<") {
		t.Error("elsewhere is drawn and no flow is with it")
	}
	n.flow("master", "elsewhere", tcp(443), "edge lan0 dmz0")
	if svg := drawn(t, NewPicture(n.graph, PictureOptions{}).SVG); !strings.Contains(svg, "elsewhere<") {
		t.Error("elsewhere is not drawn")
	}
}

func TestNothingToDraw(t *testing.T) {
	p := NewPicture(newNetwork().graph, PictureOptions{})
	if svg := drawn(t, p.SVG); !strings.Contains(svg, "0 zones, 0 firewalls") {
		t.Errorf("the empty picture is %s", svg)
	}
}
