package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/nbfwc/nbfwc/lab/kernel"
)

// The proof finds files that permit a packet too many or too few: it is made
// with files that were changed in one place.
func TestKernelProofFindsFaults(t *testing.T) {
	if !kernel.Require(t) {
		return
	}
	for _, f := range []struct{ name, example, firewall, old, new string }{
		{"a port too many", "quickstart", "edge", "tcp dport 1556 ", "tcp dport 1556-1557 "},
		{"a port too few", "quickstart", "edge", "tcp dport 5666 ", "tcp dport 5667 "},
		{"an address too many", "quickstart", "edge", "192.0.2.11-192.0.2.15", "192.0.2.11-192.0.2.16"},
		{"an address too few", "quickstart", "edge", "192.0.2.11-192.0.2.15", "192.0.2.11-192.0.2.14"},
		{"a policy that accepts", "consoles", "inner", "policy drop;", "policy accept;"},
		{"a device too few", "two-sites", "site_router", "\"lan1\" . \"xfer1\"", "\"lan2\" . \"xfer1\""},
		{"silence instead of a reset", "two-sites", "core_router", "reject with tcp reset", "drop"},
		{"an own port too many", "two-sites", "master_host", "tcp dport 1556 ", "tcp dport 1555-1556 "},
	} {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			c, err := compilePolicy(filepath.Join(repository, "examples", f.example), t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			changed := strings.ReplaceAll(c.files[f.firewall], f.old, f.new)
			if changed == c.files[f.firewall] {
				t.Fatalf("the file of %s has no %q:\n%s", f.firewall, f.old, changed)
			}
			c.files[f.firewall] = changed
			_, faults, err := proveCompiled(c, 1, 2000)
			if err != nil {
				t.Fatal(err)
			}
			if len(faults) == 0 {
				t.Errorf("%q in place of %q in the file of %s was not found", f.new, f.old, f.firewall)
			}
		})
	}
}
