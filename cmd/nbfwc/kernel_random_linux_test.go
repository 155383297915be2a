package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/nbfwc/nbfwc/lab/kernel"
)

var kernelPolicies = flag.Int("kernel-policies", 25, "random policies for the proof by the kernel")

// The kernel does with each packet what query says, for random policies, and
// what it lists has the packets of the rule sets. A failure prints the policy;
// its seed is the name of the test.
func TestKernelAgreesOnRandomPolicies(t *testing.T) {
	if !kernel.Require(t) {
		return
	}
	total := make(chan histogram, *kernelPolicies)
	t.Run("policies", func(t *testing.T) {
		for seed := range *kernelPolicies {
			t.Run(fmt.Sprint(seed), func(t *testing.T) {
				t.Parallel()
				policy, inventory := randomPolicy(uint64(seed))
				text := fmt.Sprintf("%s\n# hosts.csv\n%s", policy, inventory)
				dir := t.TempDir()
				for name, text := range map[string]string{"policy.hcl": policy, "hosts.csv": inventory} {
					if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
						t.Fatal(err)
					}
				}
				c, err := compilePolicy(dir, filepath.Join(t.TempDir(), "out"))
				if err != nil {
					t.Fatalf("%v\nthe policy:\n%s", err, text)
				}
				h, faults, err := proveCompiled(c, uint64(seed), 1500)
				for _, fw := range c.graph.Firewalls {
					if err := listsSamePackets(c, fw); err != nil {
						faults = append(faults, fmt.Sprintf("firewall %s: %v", fw.Name, err))
					}
				}
				report(t, faults, err, c, text)
				t.Logf("%d firewalls, %d flows; %v", len(c.graph.Firewalls), len(c.graph.Flows), h)
				total <- h
			})
		}
	})
	all := together(t, total)
	for _, answer := range []struct {
		name string
		is   func(kind) bool
	}{{"permitted", isOpen}, {"denied", isSilent}} {
		all.require(t, 5000, answer.name+" TCP", func(k kind) bool { return k.proto == kernel.TCP && answer.is(k) })
		all.require(t, 300, answer.name+" UDP", func(k kind) bool { return k.proto == kernel.UDP && answer.is(k) })
		all.require(t, 100, answer.name+" echoes", func(k kind) bool { return k.proto != kernel.TCP && k.proto != kernel.UDP && answer.is(k) })
		all.require(t, 500, answer.name+" over IPv6", func(k kind) bool { return k.ipv6 && answer.is(k) })
		all.require(t, 1000, answer.name+" through two firewalls", func(k kind) bool { return k.hops == 2 && answer.is(k) })
		all.require(t, 200, answer.name+" with an end on a firewall", func(k kind) bool { return k.self && answer.is(k) })
	}
	all.require(t, 150, "reset", func(k kind) bool { return k.answer == kernel.Reset })
}
