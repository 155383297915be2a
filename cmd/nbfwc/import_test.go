package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/nbfwc/nbfwc/catalog"
	"github.com/nbfwc/nbfwc/compile"
	"github.com/nbfwc/nbfwc/drift"
	"github.com/nbfwc/nbfwc/lang"
	"github.com/nbfwc/nbfwc/targets"
)

// importedPolicy is a small policy behind one firewall of a vendor.
func importedPolicy(r *rand.Rand, target string) string {
	var b strings.Builder
	b.WriteString("zone \"a\" { networks = [\"10.1.0.0/24\"] }\nzone \"b\" { networks = [\"10.2.0.0/24\"] }\nzone \"c\" { networks = [\"10.3.0.0/24\"] }\n")
	fmt.Fprintf(&b, "firewall \"fw\" {\n target = %q\n manage = \"exclusive\"\n", target)
	if target == "cisco_asa" {
		b.WriteString(" bind = true\n")
	}
	b.WriteString(" interface \"ifa\" { zones = [zone.a] }\n interface \"ifb\" { zones = [zone.b] }\n interface \"ifc\" { zones = [zone.c] }\n}\n")
	fmt.Fprintf(&b, "domain \"d\" {\n version = %q\n", []string{"7.0", "7.6", "8.1"}[r.IntN(3)])
	for i := range 2 + r.IntN(4) {
		role := []string{"master", "media", "client", "msdp"}[r.IntN(4)]
		if i == 0 {
			role = "master"
		} else if role == "master" {
			role = "client"
		}
		zone := r.IntN(3)
		fmt.Fprintf(&b, " hosts \"h%d\" {\n  zone = zone.%c\n  addresses = [", i, 'a'+zone)
		for k := range 1 + r.IntN(3) {
			fmt.Fprintf(&b, "\"10.%d.0.%d\", ", zone+1, 1+i*20+k*(1+r.IntN(3)))
		}
		fmt.Fprintf(&b, "]\n  roles = [role.%s]\n }\n", role)
	}
	b.WriteString("}\n")
	return b.String()
}

// What is compiled from a policy and imported again lets the same packets pass
// on NetBackup's own ports, whatever the vendor.
func TestImportOfCompiledPolicies(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	taken := 0
	for n := range 12 {
		target := allTargets[n%len(allTargets)]
		text := importedPolicy(r, target.Name())
		policy, _, diags := lang.Load(fstest.MapFS{"p.hcl": {Data: []byte(text)}}, "p.hcl", lang.Options{Catalog: catalog.FS})
		if policy == nil {
			t.Fatalf("%v\n%s", diags, text)
		}
		g, problems := compile.New(policy, compile.Options{})
		if g == nil {
			t.Logf("%v", problems)
			continue // versions of which the catalogue knows nothing
		}
		job := jobOf(g, g.Firewalls[0], g.RuleSet(g.Firewalls[0]), nil)
		var out bytes.Buffer
		if err := target.Render(&out, job); err != nil {
			t.Fatalf("%s: %v\n%s", target.Name(), err, text)
		}
		have, err := target.Parse(bytes.NewReader(out.Bytes()), targets.ParseOptions{})
		if err != nil {
			t.Fatal(err)
		}
		draft, err := drift.MakeDraft([]drift.Source{{File: "fw.conf", Target: target.Name(), Config: have}}, catalog.FS)
		if err != nil {
			t.Fatalf("%s: %v\n%s\n%s", target.Name(), err, text, out.String())
		}
		for _, l := range draft.Left {
			if l.Kind == "missing" || l.Kind == "extra" || l.Kind == "dropped" {
				t.Errorf("%s: %s line %d: %s %v\n%s\n%s\n%s", target.Name(), l.Kind, l.Line, l.Why, l.Boxes, text, out.String(), draft.Text)
			}
		}
		taken += len(draft.Hosts)
		formatted, _ := lang.Format(draft.Text, "policy.hcl")
		if !bytes.Equal(formatted, draft.Text) {
			t.Errorf("fmt changes the draft:\n%s", draft.Text)
		}
	}
	if taken < 10 {
		t.Errorf("only %d hosts blocks were taken over", taken)
	}
}

// A directory with a file is left alone, and so is a file.
func TestImportWritesIntoNewDirectories(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "x")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{dir, file} {
		if err := refuseFiles(path); err == nil {
			t.Errorf("%s is not refused", path)
		}
	}
	if err := refuseFiles(filepath.Join(dir, "new")); err != nil {
		t.Error(err)
	}
}
