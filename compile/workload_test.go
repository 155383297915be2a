package compile

import (
	"net/netip"
	"runtime"
	"testing"
	"testing/fstest"

	"github.com/nbfwc/nbfwc/catalog"
	"github.com/nbfwc/nbfwc/lab/workload"
	"github.com/nbfwc/nbfwc/lang"
	"github.com/nbfwc/nbfwc/ruleset"
)

// load reads policy text with the embedded catalogue.
func load(t testing.TB, files map[string][]byte) *lang.Policy {
	t.Helper()
	fsys := fstest.MapFS{}
	for name, text := range files {
		fsys[name] = &fstest.MapFile{Data: text}
	}
	p, _, diags := lang.Load(fsys, ".", lang.Options{Catalog: catalog.FS})
	if p == nil {
		t.Fatal(diags)
	}
	return p
}

// Whichever way the workload is written, exactly its flows come of it.
func TestWorkloadFlows(t *testing.T) {
	const z, c = 3, 23
	for _, style := range workload.Styles() {
		t.Run(style.String(), func(t *testing.T) {
			g, problems := New(load(t, workload.Policy(z, c, style, "nftables")), Options{})
			if g == nil {
				t.Fatal(problems)
			}
			want := map[workload.Flow]bool{}
			hosts := map[netip.Addr]bool{}
			workload.Flows(z, c, func(f workload.Flow) {
				want[f], hosts[f.Src], hosts[f.Dst] = true, true, true
			})
			x := g.Index()
			for src := range hosts {
				for dst := range hosts {
					for _, port := range []uint16{22, 443, 1556, 10082, 10102, 13720, 13722, 13724, 13783} {
						a := x.Answer(Tuple{src, dst, ruleset.TCP, port})
						if a.Verdict == Unfiltered {
							continue
						}
						if have := a.Verdict == Permitted; have != want[workload.Flow{Src: src, Dst: dst, Port: port}] {
							t.Fatalf("%v -> %v %d: have %v, flows %v", src, dst, port, a.Verdict, a.Flows)
						}
					}
				}
			}
		})
	}
}

// A notice says how many pairs are open where peers would narrow them.
func TestManyPairsAreNoticed(t *testing.T) {
	_, problems := New(load(t, workload.Policy(30, 100, workload.Inventory, "nftables")), Options{})
	n := 0
	for _, p := range problems {
		if p.Summary == "Many pairs of hosts" {
			n++
			wantText(t, p.Detail, "3000 hosts with the role client", "4 with the role media", "12000 pairs", "peers")
		}
	}
	if n != 1 {
		t.Errorf("%d notices: %v", n, problems)
	}
}

// The phase after reading, on policies as they are read.
func benchmarkStyle(b *testing.B, z, c int, style workload.Style) {
	p := load(b, workload.Policy(z, c, style, "nftables"))
	runtime.GC()
	b.ReportAllocs()
	defer reportCPU(b)()
	for b.Loop() {
		g, problems := New(p, Options{})
		if g == nil {
			b.Fatal(problems)
		}
		g.EachRuleSet(func(int, ruleset.RuleSet) {})
	}
}

func BenchmarkInventoryW1000x100(b *testing.B) { benchmarkStyle(b, 1000, 100, workload.Inventory) }
func BenchmarkBlocksW1000x100(b *testing.B)    { benchmarkStyle(b, 1000, 100, workload.Blocks) }
func BenchmarkLiteralsW1000x100(b *testing.B)  { benchmarkStyle(b, 1000, 100, workload.Literals) }
