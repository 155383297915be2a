package lang

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/hashicorp/hcl/v2"
)

// doubling is locals each of which has twice the size of the one before.
func doubling(n int, first, next string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "locals {\n l0 = %s\n", first)
	for i := 1; i < n; i++ {
		fmt.Fprintf(&b, " l%d = %s\n", i, strings.ReplaceAll(next, "L", fmt.Sprintf("local.l%d", i-1)))
	}
	b.WriteString("}\n")
	return b.String()
}

// TestHostileExpressions holds that expressions which would make more than
// memory holds end soon, with a diagnostic, in bounded memory.
func TestHostileExpressions(t *testing.T) {
	nested := "1"
	for i := range 9 {
		nested = fmt.Sprintf("[for x%d in local.n : %s]", i, nested)
	}
	for name, text := range map[string]string{
		"nested for":        "locals {\n n = range(1000)\n a = " + nested + "\n}\n",
		"doubling text":     doubling(60, `"0123456789abcdef"`, `"${L}${L}"`),
		"doubling join":     doubling(60, `"0123456789abcdef"`, `join("", [L, L])`),
		"doubling concat":   doubling(60, `[1, 2]`, `concat(L, L)`),
		"doubling flatten":  doubling(60, `[1, 2]`, `flatten([L, L])`),
		"shared, compared":  doubling(60, `[1, 2]`, `[L, L]`) + "locals { same = local.l59 == [for x in local.l59 : x] }\n",
		"shared, flattened": doubling(60, `[1, 2]`, `[L, L]`) + "locals { f = flatten(local.l59) }\n",
		"shared, distinct":  doubling(60, `[1, 2]`, `[L, L]`) + "locals { f = distinct([local.l59, local.l58]) }\n",
		"replace":           doubling(60, `"aa"`, `replace(L, "a", "aaaa")`),
		"split":             doubling(60, `"aa"`, `join("", split("", "${L}${L}"))`),
		"format":            doubling(60, `"aa"`, `format("%s%s%999s", L, L, L)`),
		"template for":      doubling(60, `"aa"`, `"%{for x in [1, 2, 3]}${L}%{endfor}"`),
		"quadratic search":  "locals {\n n = range(100000)\n a = [for x in local.n : x if contains(local.n, -x - 1)]\n}\n",
		"setproduct":        "locals {\n n = range(100000)\n a = [for x in local.n : setunion(local.n, [x])]\n}\n",
		"regexall":          "locals {\n n = range(100000)\n t = join(\"\", local.n)\n a = [for x in local.n : regexall(\"(((((.)))))\", local.t)]\n}\n",
		"splat":             "locals {\n n = range(10000)\n a = [for x in local.n : local.n[*]]\n}\n",
		"range":             "locals {\n n = range(1e12)\n}\n",
		"number":            doubling(60, `1e9`, `L * L`),
		"for_each":          "zone \"z\" {\n for_each = range(200000)\n networks = []\n}\n",
		"for_each of words": "zone \"z\" {\n for_each = [for x in range(200000) : \"k${x}\"]\n networks = [\"10.0.0.0/8\"]\n}\n",
		"deep locals":       doubling(20_000, `[1]`, `[L]`) + "locals { f = flatten(local.l19999) == [2] }\nzone \"x\" { networks = 1 }\n",
		"pieces of ranges":  rangesInRanges(3000),
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			start := time.Now()
			p, _, diags := Load(fstest.MapFS{"p.hcl": {Data: []byte(text)}}, ".", Options{})
			took := time.Since(start)
			runtime.ReadMemStats(&after)
			if p != nil || !diags.HasErrors() {
				t.Errorf("the policy loads")
			}
			if len(diags) > 45 {
				t.Errorf("%d diagnostics", len(diags))
			}
			if took > 20*time.Second*raceFactor {
				t.Errorf("it took %v", took)
			}
			if mb := (after.TotalAlloc - before.TotalAlloc) >> 20; mb > 4000*raceFactor {
				t.Errorf("it allocated %d MB", mb)
			}
			t.Logf("%v, %d MB allocated, %s", took.Round(time.Millisecond), (after.TotalAlloc-before.TotalAlloc)>>20, diags[0].Summary)
		})
	}
}

// rangesInRanges are n nested ranges, which cut each other into n*n pieces.
func rangesInRanges(n int) string {
	var b strings.Builder
	b.WriteString("zone \"z\" { networks = [\"10.0.0.0/8\"] }\nrole \"r\" {}\ndomain \"d\" {\n hosts \"h\" {\n  roles = [role.r]\n  addresses = [\n")
	for i := range n {
		fmt.Fprintf(&b, "\"10.0.%d.%d-10.9.%d.%d\",\n", i/256, i%256, 255-i/256, 255-i%256)
	}
	b.WriteString("]\n }\n}\n")
	return b.String()
}

// FuzzLoad feeds policy text of both syntaxes. Nothing may panic, and a policy
// comes without errors or not at all.
func FuzzLoad(f *testing.F) {
	seed := func(name string) {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text), strings.HasSuffix(name, ".json"))
	}
	for _, name := range []string{"testdata/valid/example.hcl", "testdata/valid/example.hcl.json", "testdata/invalid/many.hcl", "testdata/invalid/conditions.hcl"} {
		seed(name)
	}
	lim := DefaultLimits()
	lim.Elements, lim.Instances, lim.FileBytes = 10_000, 100, 1<<16
	f.Fuzz(func(t *testing.T, text string, json bool) {
		name := "p.hcl"
		if json {
			name += ".json"
		}
		start := time.Now()
		p, sources, diags := Load(fstest.MapFS{
			name:          {Data: []byte(text)},
			"clients.csv": {Data: []byte("name,address,zone\na,10.0.0.5,dmz\n")},
		}, ".", Options{Limits: lim, Environ: []string{"NBFWC_VAR_x=[1]"}, Today: testDay})
		if took := time.Since(start); took > 2*time.Minute {
			t.Errorf("it took %v", took)
		}
		if (p == nil) != diags.HasErrors() {
			t.Errorf("policy is nil: %t; %v", p == nil, diags)
		}
		if err := sources.Write(discard{}, diags, 78, false); err != nil {
			t.Error(err)
		}
		if p != nil {
			checkPolicy(t, p)
		}
	})
}

// checkPolicy holds what a policy promises to those who use it.
func checkPolicy(t *testing.T, p *Policy) {
	t.Helper()
	for _, d := range p.Domains {
		for _, g := range d.Groups {
			if len(g.Names) == 0 || len(g.Legs) == 0 || g.Facts == nil || len(g.Roles) == 0 {
				t.Errorf("incomplete group %+v", g)
			}
			for _, l := range g.Legs {
				if len(l.Addrs) != len(g.Names) || l.Zone == nil || l.Zone.Transit {
					t.Errorf("leg %+v of %d hosts", l, len(g.Names))
				}
			}
		}
	}
	for _, r := range p.Catalog.Rows {
		if r.From == nil || r.To == nil || r.Service == nil {
			t.Errorf("incomplete row %+v", r)
		}
	}
	for _, f := range p.Firewalls {
		for _, i := range f.Interfaces {
			if len(i.Devices) == 0 {
				t.Errorf("interface %q has no device", i.Label)
			}
		}
	}
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

func TestDiagnosticOfOtherPhases(t *testing.T) {
	text := "zone \"core\" {\n  networks = [\"10.0.0.0/24\"]\n}\n"
	p, sources, diags := Load(fstest.MapFS{"p.hcl": {Data: []byte(text)}}, "p.hcl", Options{})
	if p == nil {
		t.Fatal(diags)
	}
	var b strings.Builder
	d := Diagnostic(hcl.DiagError, "No path", "There is no way.", p.Zones[0].Origin)
	if err := sources.Write(&b, hcl.Diagnostics{d}, 0, false); err != nil {
		t.Fatal(err)
	}
	want := "Error: No path\n\n  on p.hcl line 1, in zone \"core\":\n   1: zone \"core\" {\n      ^^^^^^^^^^^\n\nThere is no way.\n\n"
	if b.String() != want {
		t.Errorf("printed\n%s\nwant\n%s", b.String(), want)
	}
	if o := originOf(p.Zones[0].Origin.hclRange()); o != p.Zones[0].Origin {
		t.Errorf("origin changes: %+v", o)
	}
}
