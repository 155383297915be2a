package main

import (
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/nbfwc/nbfwc/lang"
	"github.com/nbfwc/nbfwc/targets"
)

// The import law of docs/architecture.md: for each package, which of our own
// packages its code (not its tests) may import, and why others are left out.
var importLaw = map[string]struct {
	may []string
	why string
}{
	"catalog":            {nil, "it is data"},
	"ruleset":            {nil, "the middle type knows neither policies nor vendors"},
	"lang":               {[]string{"catalog"}, "a policy is a value before it is a graph"},
	"compile":            {[]string{"lang", "ruleset"}, "it makes rule sets for any vendor"},
	"targets":            {[]string{"ruleset"}, "the seam to vendors knows no policy"},
	"targets/nftables":   {[]string{"targets", "ruleset"}, "a vendor knows no other vendor and no policy"},
	"targets/cisco_asa":  {[]string{"targets", "ruleset"}, "a vendor knows no other vendor and no policy"},
	"targets/paloalto":   {[]string{"targets", "ruleset"}, "a vendor knows no other vendor and no policy"},
	"targets/fortigate":  {[]string{"targets", "ruleset"}, "a vendor knows no other vendor and no policy"},
	"targets/console":    {[]string{"targets"}, "it types what a dialogue says and knows no vendor"},
	"targets/targettest": {[]string{"targets", "ruleset", "lab"}, "what holds for every vendor is said without knowing one"},
	"push":               {[]string{"targets", "ruleset"}, "a transaction knows neither policies nor SSH"},
	"drift":              {[]string{"lang", "compile", "ruleset", "targets"}, "it compares values and knows no vendor"},
	"drift/flowin":       {nil, "a record is what an exporter told, before any policy is asked"},
	"view":               {[]string{"lang", "compile", "ruleset", "targets", "drift", "push"}, "it prints values of the others"},
	"cmd/nbfwc":          {[]string{"catalog", "lang", "compile", "ruleset", "targets", "targets/nftables", "targets/cisco_asa", "targets/paloalto", "targets/fortigate", "targets/console", "push", "drift", "view", "lab", "lab/asa", "lab/panos", "lab/fortios", "lab/sshd"}, "it puts them together"},
	"lab":                {nil, "an emulator shares nothing with what it judges"},
	"lab/asa":            {[]string{"lab"}, "an emulator shares nothing with what it judges"},
	"lab/panos":          {[]string{"lab"}, "an emulator shares nothing with what it judges"},
	"lab/fortios":        {[]string{"lab"}, "an emulator shares nothing with what it judges"},
	"lab/sshd":           {[]string{"lab"}, "an emulator shares nothing with what it judges"},
	"lab/kernel":         {nil, "it asks the kernel and must not share our idea of a packet"},
	"lab/mutants":        {nil, "it changes the others"},
	"lab/workload":       {nil, "it states the expected flows by itself"},
}

// Libraries that only the named packages may import.
var libraryLaw = map[string][]string{
	"github.com/hashicorp/hcl/v2":      {"lang", "cmd/nbfwc"}, // positions travel as lang.Origin; cmd prints diagnostics
	"github.com/zclconf/go-cty":        {"lang"},
	"github.com/spf13/cobra":           {"cmd/nbfwc"},
	"github.com/scrapli/scrapligo":     {"targets/console"},
	"golang.org/x/crypto":              {"targets/console", "lab/sshd"},
	"github.com/sergi/go-diff":         {"view"},
	"github.com/netsampler/goflow2/v2": {"drift/flowin"},
}

func TestImportLaw(t *testing.T) {
	const module = "github.com/nbfwc/nbfwc/"
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, module+"...").Output()
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		pkg := strings.TrimPrefix(fields[0], module)
		law, known := importLaw[pkg]
		if !known {
			t.Errorf("package %s is not in the import law", pkg)
			continue
		}
		seen++
		for _, imp := range fields[1:] {
			if own, ok := strings.CutPrefix(imp, module); ok && !slices.Contains(law.may, own) {
				t.Errorf("%s imports %s, but %s", pkg, own, law.why)
			}
			for lib, may := range libraryLaw {
				if (imp == lib || strings.HasPrefix(imp, lib+"/")) && !slices.Contains(may, pkg) {
					t.Errorf("%s imports %s, which is for %v", pkg, lib, may)
				}
			}
		}
	}
	if seen != len(importLaw) {
		t.Errorf("%d packages found, %d in the import law", seen, len(importLaw))
	}
}

// Library packages get clocks, environments and files from their caller, so
// that tests and other programs can give them others.
func TestOnlyTheProgramTouchesTheWorld(t *testing.T) {
	out, err := exec.Command("git", "-C", repository, "grep", "-nE",
		`\bos\.(Args|Getenv|Environ|Exit|Std(in|out|err))\b|\btime\.Now\(|\bfmt\.Print`, "--",
		"catalog/*.go", "ruleset/*.go", "lang/*.go", "compile/*.go", "targets/*.go", "push/*.go", "drift/*.go", "view/*.go").Output()
	if err != nil {
		if exit, ok := err.(*exec.ExitError); ok && exit.ExitCode() == 1 {
			return // nothing found
		}
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		if !strings.Contains(line, "_test.go:") {
			t.Errorf("library code touches the world: %s", line)
		}
	}
}

// Neither package may import the other, and both have to mean the same.
func TestOnePrefix(t *testing.T) {
	if lang.DefaultPrefix != targets.DefaultPrefix {
		t.Errorf("lang has %q, targets %q", lang.DefaultPrefix, targets.DefaultPrefix)
	}
}
