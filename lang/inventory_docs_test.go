package lang

import (
	"os"
	"strings"
	"testing"
)

// TestInventoryDocs reads the examples of docs/inventories.md.
func TestInventoryDocs(t *testing.T) {
	text, err := os.ReadFile("../docs/inventories.md")
	if err != nil {
		t.Fatal(err)
	}
	var fences []string
	for i, part := range strings.Split(string(text), "```") {
		if i%2 == 1 {
			fences = append(fences, part)
		}
	}
	block := func(begin string) []byte {
		for _, f := range fences {
			if kind, body, _ := strings.Cut(f, "\n"); strings.HasPrefix(kind+"\n"+body, begin) {
				return []byte(body)
			}
		}
		t.Fatalf("no example begins with %q", begin)
		return nil
	}
	lock, diags := parseLock(LockFile, block("json\n{"), DefaultLimits())
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	for _, c := range []struct {
		begin, name string
		format      inventoryFormat
		need        bool
		rows        int
	}{
		{"csv\n#", "c.csv", inventoryByName, true, 4},
		{"json\n[", "c.json", inventoryByName, true, 2},
		{"\nHardware", "c.txt", bpplclientsFormat, false, 3},
		{"\nNBEMMCMD", "h.txt", nbemmcmdFormat, false, 1},
	} {
		inv, diags := readInventory(c.name, block(c.begin), inventoryCall{Format: c.format, NeedAddresses: c.need}, lock, DefaultLimits())
		if diags.HasErrors() || inv.Len() != c.rows {
			t.Errorf("%s: %v", c.name, diags)
		}
	}
}
