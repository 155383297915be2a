package paloalto

import (
	"bytes"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/nbfwc/nbfwc/catalog"
	"github.com/nbfwc/nbfwc/compile"
	"github.com/nbfwc/nbfwc/lab/workload"
	"github.com/nbfwc/nbfwc/lang"
	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
)

// coreJob is the firewall in front of the servers of W(z, c), with hosts merged
// into prefixes and ranges or not.
func coreJob(t testing.TB, z, c int, aggregate string) targets.Job {
	t.Helper()
	fsys := fstest.MapFS{}
	for name, text := range workload.Policy(z, c, workload.Inventory, "paloalto") {
		text = bytes.Replace(text, []byte("version = \"7.6\"\n"), []byte("version = \"7.6\"\n  aggregate = "+aggregate+"\n"), 1)
		fsys[name] = &fstest.MapFile{Data: text}
	}
	p, _, diags := lang.Load(fsys, ".", lang.Options{Catalog: catalog.FS})
	if p == nil {
		t.Fatal(diags)
	}
	g, problems := compile.New(p, compile.Options{})
	if g == nil {
		t.Fatal(problems)
	}
	job := targets.Job{Firewall: "fw-core", Manage: targets.Exclusive, Prefix: targets.DefaultPrefix}
	g.EachRuleSet(func(i int, rs ruleset.RuleSet) {
		if fw := g.Firewalls[i]; fw.Name == "fw-core" {
			job.Want = rs
			for _, f := range fw.Interfaces {
				job.Interfaces = append(job.Interfaces, targets.Interface{Label: f.Label, Devices: f.Devices})
			}
		}
	})
	return job
}

// TestWorkloadLines: 100,000 clients behind 1000 firewalls, on the one in front of
// the servers.
func TestWorkloadLines(t *testing.T) {
	job := coreJob(t, 1000, 100, "true")
	var text bytes.Buffer
	start := time.Now()
	if err := Render(&text, job); err != nil {
		t.Fatal(err)
	}
	took := time.Since(start)
	lines := strings.Count(text.String(), "\n")
	t.Logf("%d lines, %d bytes in %v: %d rules, %d groups", lines, text.Len(), took, len(job.Want.Stages[0].Rules), len(job.Want.Groups))
	if lines > 56_165 {
		t.Errorf("%d lines", lines)
	}
	for line := range strings.Lines(text.String()) {
		if len(line) > 2*maxLine {
			t.Fatalf("a line of %d bytes: %.200s", len(line), line)
		}
	}
}

func BenchmarkRender(b *testing.B) {
	job := coreJob(b, 1000, 100, "false")
	b.ReportAllocs()
	for b.Loop() {
		var text bytes.Buffer
		if err := Render(&text, job); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkPlan: one client more among 100,000.
func BenchmarkPlan(b *testing.B) {
	job := coreJob(b, 1000, 100, "false")
	var text bytes.Buffer
	if err := Render(&text, job); err != nil {
		b.Fatal(err)
	}
	lines := strings.Split(text.String(), "\n")
	member := ""
	for i, line := range lines {
		if words := strings.Fields(line); len(words) > 4 && words[1] == "address-group" && words[3] == "static" && words[4] == "[" && len(words) > 12 {
			member = words[5]
			lines[i] = strings.Replace(line, member+" ", "", 1)
			break
		}
	}
	if member == "" {
		b.Fatal("no group with a list")
	}
	have, err := parse(strings.NewReader(strings.Join(lines, "\n")), parseOptions(&job))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		c, problems := (Target{}).Plan(have, job, targets.PlanOptions{})
		if c == nil {
			b.Fatal(problems)
		}
		if list := stepLines(c.Steps); strings.Count(list, "\n") != 4 || !strings.Contains(list, member) {
			b.Fatal(list)
		}
	}
}
