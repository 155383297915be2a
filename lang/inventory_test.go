package lang

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
)

// inventoryText tells an inventory and its diagnostics in words, for golden
// files.
func inventoryText(inv *inventory, diags hcl.Diagnostics) string {
	var b strings.Builder
	for _, d := range diags {
		fmt.Fprintf(&b, "error %s: %s: %s\n", d.Subject, d.Summary, d.Detail)
	}
	if inv == nil || diags.HasErrors() {
		return b.String()
	}
	fmt.Fprintf(&b, "columns: %s\n", strings.Join(inv.Headers, ", "))
	for i := range inv.Len() {
		fmt.Fprintf(&b, "line %d: %s", inv.Lines[i], inv.Names[i])
		if inv.Keys[i] != inv.Names[i] {
			fmt.Fprintf(&b, " key=%s", inv.Keys[i])
		}
		for _, a := range inv.Addrs[inv.Start[i]:inv.Start[i+1]] {
			fmt.Fprintf(&b, " %s=%s", []string{"data", "backup", "ipmi", "virtual"}[a.Use], rangeText(a.Range))
		}
		for _, c := range []struct {
			name string
			id   uint32
		}{{"zone", inv.Zone[i]}, {"version", inv.Version[i]}, {"roles", inv.Roles[i]}, {"features", inv.Features[i]}} {
			if c.id != 0 {
				fmt.Fprintf(&b, " %s=%q", c.name, inv.Texts[c.id])
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func rangeText(r AddrRange) string {
	if r.From == r.To {
		return r.From.String()
	}
	return r.From.String() + "-" + r.To.String()
}

var testCall = hcl.Range{Filename: "policy.hcl", Start: hcl.Pos{Line: 7, Column: 15, Byte: 100}, End: hcl.Pos{Line: 7, Column: 40, Byte: 125}}

// TestInventoryStories runs the files of testdata/inventory: the listing as it
// was printed or exported, then the call, then what comes out.
func TestInventoryStories(t *testing.T) {
	files, err := filepath.Glob("testdata/inventory/*.txt")
	if err != nil || len(files) < 10 {
		t.Fatal("stories are missing", err, len(files))
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			checkStory(t, file, string(text))
		})
	}
}

// checkStory reads a story: "call: key=value ..." in the first line, then the
// file between "---- NAME" and "---- result".
func checkStory(t *testing.T, file, text string) {
	head, rest, ok1 := strings.Cut(text, "---- ")
	name, rest, ok2 := strings.Cut(rest, "\n")
	body, want, ok3 := strings.Cut(rest, "---- result\n")
	if !ok1 || !ok2 || !ok3 {
		t.Fatal("not a story")
	}
	call := inventoryCall{Range: testCall, NeedAddresses: true, Columns: map[string]string{}, Where: map[string][]string{}}
	lock := &Lock{}
	for _, line := range strings.Split(head, "\n") {
		key, value, _ := strings.Cut(line, ": ")
		switch key {
		case "format":
			call.Format = map[string]inventoryFormat{"bpplclients": bpplclientsFormat, "nbemmcmd": nbemmcmdFormat}[value]
		case "column":
			m, h, _ := strings.Cut(value, "=")
			call.Columns[m] = h
		case "where":
			m, v, _ := strings.Cut(value, "=")
			call.Where[m] = strings.Split(v, "|")
		case "each":
			call.NeedAddresses = false
		case "lock":
			var diags hcl.Diagnostics
			if lock, diags = parseLock(LockFile, []byte(value), DefaultLimits()); diags.HasErrors() {
				t.Fatal(diags)
			}
		}
	}
	lim := DefaultLimits()
	lim.Diagnostics = 6
	inv, diags := readInventory(name, []byte(body), call, lock, lim)
	got := inventoryText(inv, diags)
	if *update {
		if err := os.WriteFile(file, []byte(head+"---- "+name+"\n"+body+"---- result\n"+got), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got != want {
		t.Errorf("have:\n%s\nwant:\n%s", got, want)
	}
}

// workloadCSV is an inventory of n clients in 100 zones.
func workloadCSV(n int) []byte {
	var b bytes.Buffer
	b.WriteString("name,address,zone,version,features\n")
	for i := range n {
		fmt.Fprintf(&b, "client-%06d,10.%d.%d.%d,zone%02d,%s,%s\n", i, i>>16&255, i>>8&255, i&255, i/1000%100,
			[]string{"7.0", "7.6.0.4", "7.7.3"}[i%3], []string{"", "client_dedup"}[i/7%2])
	}
	return b.Bytes()
}

func workloadJSON(n int) []byte {
	var b bytes.Buffer
	b.WriteString("[\n")
	for i := range n {
		if i > 0 {
			b.WriteString(",\n")
		}
		fmt.Fprintf(&b, `{"name": "client-%06d", "address": "10.%d.%d.%d", "zone": "zone%02d", "version": "%s"}`, i, i>>16&255, i>>8&255, i&255, i/1000%100,
			[]string{"7.0", "7.6.0.4", "7.7.3"}[i%3])
	}
	b.WriteString("\n]\n")
	return b.Bytes()
}

func benchmarkInventory(b *testing.B, name string, src []byte, f inventoryFormat, lock *Lock) {
	call := inventoryCall{NeedAddresses: true, Format: f}
	b.SetBytes(int64(len(src)))
	b.ReportAllocs()
	for b.Loop() {
		inv, diags := readInventory(name, src, call, lock, DefaultLimits())
		if diags.HasErrors() || inv.Len() != 100_000 {
			b.Fatal(inv.Len(), diags)
		}
	}
}

func BenchmarkInventoryCSV(b *testing.B) {
	benchmarkInventory(b, "c.csv", workloadCSV(100_000), inventoryByName, nil)
}

func BenchmarkInventoryJSON(b *testing.B) {
	benchmarkInventory(b, "c.json", workloadJSON(100_000), inventoryByName, nil)
}

// TestInventoryAllocations holds that rows cost no allocation of their own.
func TestInventoryAllocations(t *testing.T) {
	call := inventoryCall{NeedAddresses: true}
	for name, src := range map[string][]byte{"c.csv": workloadCSV(20_000), "c.json": workloadJSON(20_000)} {
		n := testing.AllocsPerRun(3, func() {
			if inv, diags := readInventory(name, src, call, nil, DefaultLimits()); diags.HasErrors() || inv.Len() != 20_000 {
				t.Fatal(diags)
			}
		})
		if n > 1000 {
			t.Errorf("%s: %v allocations for 20,000 rows", name, n)
		}
	}
}
