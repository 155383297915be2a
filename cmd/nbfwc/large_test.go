package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/nbfwc/nbfwc/drift"
	"github.com/nbfwc/nbfwc/lab/workload"
	"github.com/nbfwc/nbfwc/targets"
)

// A central is the central firewall of W(z,100): all its clients behind it.
type central struct {
	target targets.Target
	loaded *loaded
}

// loadCentral loads the workload for a target, its text changed by edit.
func loadCentral(t testing.TB, z int, target string, edit func(name string, text []byte) []byte) *central {
	t.Helper()
	dir := t.TempDir()
	for name, text := range workload.Policy(z, 100, workload.Inventory, target) {
		if edit != nil {
			text = edit(name, text)
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	e := env{stderr: os.Stderr, now: time.Now}
	l, err := loadGraph(&e, dir, &policyFlags{})
	if err != nil {
		t.Fatal(err)
	}
	found, ok := targetByName(target)
	if !ok {
		t.Fatal(target)
	}
	return &central{found, l}
}

func (c *central) job(t testing.TB) (targets.Job, targets.ParseOptions) {
	t.Helper()
	fw, err := chooseFirewall(c.loaded.graph, "fw-core")
	if err != nil {
		t.Fatal(err)
	}
	job := jobOf(c.loaded.graph, fw, c.loaded.graph.RuleSet(fw), nil)
	return job, parseOptions(c.loaded.graph, fw, &job)
}

func (c *central) text(t testing.TB) []byte {
	t.Helper()
	job, _ := c.job(t)
	var b bytes.Buffer
	if err := c.target.Render(&b, job); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func aggregated(name string, text []byte) []byte {
	if name != "policy.hcl" {
		return text
	}
	return bytes.Replace(text, []byte("  version = \"7.6\"\n"), []byte("  version   = \"7.6\"\n  aggregate = true\n"), 1)
}

// TestLargeConfigurationsAreCompact: an access list has a line for each kind of
// flow, not for each host, and a PAN-OS configuration a line for each object.
func TestLargeConfigurationsAreCompact(t *testing.T) {
	asa := loadCentral(t, 1000, "cisco_asa", nil).text(t)
	count := func(pattern string) int { return len(regexp.MustCompile("(?m)"+pattern).FindAll(asa, -1)) }
	if n := count(`^access-list NBU-[a-z]+-in extended permit `); n == 0 || n > 11 {
		t.Errorf("%d permit lines", n)
	}
	if n := count(`^object-group network `); n == 0 || n > 7 {
		t.Errorf("%d groups", n)
	}
	if n := bytes.Count(loadCentral(t, 1000, "paloalto", aggregated).text(t), []byte("\n")); n > 56_165 {
		t.Errorf("%d lines for PAN-OS", n)
	}
}

// oneMore adds a client to the inventory.
func oneMore(name string, text []byte) []byte {
	if name == "clients.csv" {
		text = append(bytes.TrimSuffix(text, []byte("\n")), "\nnewcomer,10.1.50.200,cz50,,\n"...)
	}
	return text
}

// TestOneClientIsAHandfulOfCommands, among 20,000.
func TestOneClientIsAHandfulOfCommands(t *testing.T) {
	for _, target := range []string{"cisco_asa", "paloalto", "fortigate"} {
		t.Run(target, func(t *testing.T) {
			device := strings.NewReader(asOnDevice(target, string(loadCentral(t, 200, target, nil).text(t))))
			c := loadCentral(t, 200, target, oneMore)
			job, opt := c.job(t)
			have, err := c.target.Parse(device, opt)
			if err != nil {
				t.Fatal(err)
			}
			change, problems := c.target.Plan(have, job, targets.PlanOptions{})
			if change == nil {
				t.Fatal(problems)
			}
			n := 0
			for _, s := range change.Steps {
				n += len(s.Commands)
			}
			if n == 0 || n > 12 {
				t.Errorf("%d commands: %+v", n, change.Steps)
			}
		})
	}
}

// asOnDevice is compiled text as a device has it that was told it: its comments
// are not kept.
func asOnDevice(target, text string) string {
	mark := "#"
	if target == "cisco_asa" {
		mark = "!"
	}
	var b strings.Builder
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, mark) {
			b.WriteString(line)
		}
	}
	return b.String()
}

// BenchmarkPlan reads the configuration of a firewall with 100,000 clients, plans
// the change that one client more makes, and says what it starts.
func BenchmarkPlan(b *testing.B) {
	for _, target := range []string{"cisco_asa", "paloalto", "fortigate", "nftables"} {
		b.Run(target, func(b *testing.B) {
			device := asOnDevice(target, string(loadCentral(b, 1000, target, nil).text(b)))
			c := loadCentral(b, 1000, target, oneMore)
			job, opt := c.job(b)
			fw, err := chooseFirewall(c.loaded.graph, "fw-core")
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(len(device)))
			b.ReportAllocs()
			for b.Loop() {
				have, err := c.target.Parse(strings.NewReader(device), opt)
				if err != nil {
					b.Fatal(err)
				}
				change, problems := c.target.Plan(have, job, targets.PlanOptions{})
				if change == nil {
					b.Fatal(problems)
				}
				if r, err := drift.Review(c.loaded.graph, fw, have, &change.Result); err != nil || len(r.Starts) == 0 {
					b.Fatalf("%d start, %v", len(r.Starts), err)
				}
			}
		})
	}
}
