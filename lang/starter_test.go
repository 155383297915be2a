package lang

import (
	"bytes"
	"strings"
	"testing"
)

// TestStarterIsFormatted holds that nbfwc fmt leaves a new policy alone. That
// it compiles is shown where policies are compiled.
func TestStarterIsFormatted(t *testing.T) {
	files := Starter()
	src := files["policy.hcl"]
	got, diags := Format(src, "policy.hcl")
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	if !bytes.Equal(got, src) {
		t.Errorf("have:\n%s\nwant:\n%s", src, got)
	}
	inv, diags := readInventory("clients.csv", files["clients.csv"], inventoryCall{NeedAddresses: true}, nil, DefaultLimits())
	if diags.HasErrors() || inv.Len() != 3 {
		t.Fatal(inv, diags)
	}
}

// TestStarterExampleInComments uncomments the example at the end.
func TestStarterExampleInComments(t *testing.T) {
	head, tail, ok := strings.Cut(string(Starter()["policy.hcl"]), "beside those of NetBackup.\n#\n")
	if !ok {
		t.Fatal("the example is gone")
	}
	tail = strings.ReplaceAll("\n"+tail, "\n# ", "\n")
	tail = strings.ReplaceAll(tail, "\n#\n", "\n\n")
	if _, diags := Format([]byte(head+tail), "policy.hcl"); diags.HasErrors() {
		t.Fatal(diags)
	}
}
