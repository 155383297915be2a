package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nbfwc/nbfwc/lab/kernel"
)

// TestPlanThatWouldCutOurSession: a policy that filters what comes to the
// machine itself, and doesn't name where we come from, is refused before
// anything is sent, by plan as by push.
func TestPlanThatWouldCutOurSession(t *testing.T) {
	if !kernel.Require(t) {
		return
	}
	t.Parallel()
	r := newHostRig(t, true)
	name := filepath.Join(r.dir, "policy", "policy.hcl")
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	policy := strings.Replace(string(text), `target = "nftables"`, "target = \"nftables\"\n  self   = [hosts.media]", 1)
	policy = strings.Replace(policy, `  hosts "web" {`, "  hosts \"media\" {\n    roles     = [role.media]\n    addresses = { s1 = \"10.0.0.1\" }\n  }\n  hosts \"web\" {", 1)
	if err := os.WriteFile(name, []byte(policy+"management { from = [\"203.0.113.0/24\"] }\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	before := r.on("nft -s list ruleset")
	for _, args := range [][]string{{"plan"}, {"push", "-yes"}, {"push", "-read-only"}} {
		said := strings.Join(strings.Fields(r.nbfwc(exitFailure, args...)), " ")
		if !strings.Contains(said, "the plan would cut this session") || !strings.Contains(said, "management { from = [...] }") {
			t.Errorf("%v says:\n%s", args, said)
		}
	}
	if now := r.on("nft -s list ruleset"); now != before {
		t.Errorf("the rules were\n%s\nand are\n%s", before, now)
	}
	if r.openRecord() {
		t.Error("a record was begun")
	}
}
