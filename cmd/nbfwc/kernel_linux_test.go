package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nbfwc/nbfwc/compile"
	"github.com/nbfwc/nbfwc/lab/kernel"
	"github.com/nbfwc/nbfwc/view"
)

// compiled is a policy as the program compiled it.
type compiled struct {
	graph *compile.Graph
	files map[string]string // by firewall
}

// compilePolicy runs the program: compile POLICY -o DIR, and reads what it
// wrote. The error is what the program printed.
func compilePolicy(policy, out string) (*compiled, error) {
	var printed bytes.Buffer
	e := env{
		args: []string{"compile", policy, "-o", out}, stdin: strings.NewReader(""), stdout: &printed, stderr: &printed,
		now: func() time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) },
	}
	if status := run(e); status != exitClean {
		return nil, fmt.Errorf("compile ends with status %d:\n%s", status, printed.String())
	}
	text, err := os.ReadFile(filepath.Join(out, view.ManifestName))
	if err != nil {
		return nil, err
	}
	var manifest struct {
		Outputs []view.ManifestOutput `json:"outputs"`
	}
	if err := json.Unmarshal(text, &manifest); err != nil {
		return nil, err
	}
	c := &compiled{files: map[string]string{}}
	for _, o := range manifest.Outputs {
		file, err := os.ReadFile(filepath.Join(out, o.File))
		if err != nil {
			return nil, err
		}
		c.files[o.Firewall] = string(file)
	}
	l, err := loadGraph(&e, policy, &policyFlags{})
	if err != nil {
		return nil, err
	}
	if c.graph = l.graph; len(c.files) != len(c.graph.Firewalls) {
		return nil, fmt.Errorf("%d files for %d firewalls", len(c.files), len(c.graph.Firewalls))
	}
	return c, nil
}

// kind is a class of probes that has to occur.
type kind struct {
	proto  uint8
	ipv6   bool
	hops   int // firewalls on the way, 2 for more
	self   bool
	answer kernel.Answer
}

// histogram counts probes that the kernel answered as query said.
type histogram map[kind]int

func (h histogram) sum(is func(kind) bool) int {
	n := 0
	for k, count := range h {
		if is(k) {
			n += count
		}
	}
	return n
}

// require fails the test if fewer than least probes are of a kind.
func (h histogram) require(t *testing.T, least int, what string, is func(kind) bool) {
	t.Helper()
	if n := h.sum(is); n < least {
		t.Errorf("only %d probes are %s, want %d: the proof proves little", n, what, least)
	}
}

func (h histogram) String() string {
	var b strings.Builder
	line := func(what string, is func(kind) bool) {
		fmt.Fprintf(&b, "%s:", what)
		for a := kernel.Silent; a <= kernel.Unreachable; a++ {
			fmt.Fprintf(&b, " %d %s", h.sum(func(k kind) bool { return k.answer == a && is(k) }), a)
		}
		b.WriteString("; ")
	}
	line("tcp", func(k kind) bool { return k.proto == kernel.TCP })
	line("udp", func(k kind) bool { return k.proto == kernel.UDP })
	line("ping", func(k kind) bool { return k.proto != kernel.TCP && k.proto != kernel.UDP })
	line("IPv6", func(k kind) bool { return k.ipv6 })
	line("two firewalls", func(k kind) bool { return k.hops == 2 })
	line("ends on a firewall", func(k kind) bool { return k.self })
	return strings.TrimSuffix(b.String(), "; ")
}

// proveCompiled loads the files of a policy into a network made from its
// topology, asks the kernel about all flows and about up to n other tuples, and
// returns what disagrees with query.
func proveCompiled(c *compiled, seed uint64, n int) (histogram, []string, error) {
	topology, err := networkOf(c.graph)
	if err != nil {
		return nil, nil, err
	}
	net, err := kernel.New(topology)
	if err != nil {
		return nil, nil, err
	}
	defer net.Close()
	p := newProber(seed, c.graph, net)
	var faults []string
	for _, id := range p.permitted() {
		faults = append(faults, fmt.Sprintf("flow %d of the graph crosses a firewall, and no probe of it could be made", id))
	}
	flows := len(p.list)
	p.others(n)
	if len(p.list) == 0 {
		return nil, nil, fmt.Errorf("nothing to ask")
	}
	for _, t := range p.list[:flows] {
		if want := p.expected(t); want != kernel.Open {
			faults = append(faults, fmt.Sprintf("%s is part of a flow, and query says %s", t, want))
		}
	}
	files := map[string]string{}
	for _, fw := range c.graph.Firewalls {
		files[firewallNode(fw)] = loadedText(fw, c.files[fw.Name])
	}
	results, err := net.Prove(files, p.list)
	if err != nil {
		return nil, faults, err
	}
	h, more, err := p.compare(net, files, results)
	return h, append(faults, more...), err
}

// compare finds the results that are not as query says. What was silent though
// it shouldn't be is asked again with more patience: a busy machine loses
// answers, but none of them makes a denied packet pass.
func (p *prober) compare(net *kernel.Net, files map[string]string, results []kernel.Result) (histogram, []string, error) {
	h := histogram{}
	var faults []string
	var unsure []kernel.Tuple
	for i, r := range results {
		want := p.expected(p.list[i])
		switch {
		case r.Answer == want:
			h[p.kind(p.list[i], want)]++
		case r.Answer == kernel.Silent:
			unsure = append(unsure, p.list[i])
		default:
			faults = append(faults, fmt.Sprintf("query says %s, the kernel %s", want, r))
		}
	}
	if len(unsure) == 0 {
		return h, faults, nil
	}
	net.Wait = 3 * time.Second
	again, err := net.Prove(files, unsure)
	if err != nil {
		return h, faults, err
	}
	for i, r := range again {
		if want := p.expected(unsure[i]); r.Answer == want {
			h[p.kind(unsure[i], want)]++
		} else {
			faults = append(faults, fmt.Sprintf("query says %s, the kernel %s", want, r))
		}
	}
	return h, faults, nil
}

func (p *prober) kind(t kernel.Tuple, answer kernel.Answer) kind {
	k := kind{proto: t.Proto, ipv6: t.Src.Is6(), answer: answer}
	for _, path := range p.x.Answer(question(t)).Paths {
		k.hops = max(k.hops, min(len(path), 2))
		for _, hop := range path {
			k.self = k.self || hop.In == nil || hop.Out == nil
		}
	}
	return k
}

// report fails the test with the faults and what they are about.
func report(t *testing.T, faults []string, err error, c *compiled, text string) {
	t.Helper()
	const most = 12
	for i, f := range faults {
		if i == most {
			t.Errorf("... and %d more", len(faults)-most)
			break
		}
		t.Error(f)
	}
	if err != nil {
		t.Error(err)
	}
	if t.Failed() {
		t.Logf("the policy:\n%s", text)
		for _, fw := range c.graph.Firewalls {
			t.Logf("the file of firewall %s:\n%s", fw.Name, c.files[fw.Name])
		}
	}
}

// examples are the directories of policies that the repository shows.
func examples(t *testing.T) []string {
	t.Helper()
	dirs, err := filepath.Glob(filepath.Join(repository, "examples", "*"))
	if err != nil {
		t.Fatal(err)
	}
	dirs = slices.DeleteFunc(dirs, func(d string) bool {
		found, _ := filepath.Glob(filepath.Join(d, "*.hcl*"))
		// The firewalls of vendors have no kernel here: TestVendorsAgree.
		return len(found) == 0 || filepath.Base(d) == "vendors"
	})
	if len(dirs) < 5 {
		t.Fatalf("only %d examples: %v", len(dirs), dirs)
	}
	return dirs
}

// The kernel does with each packet what query says, for every example: all
// flows, and neighbours of them in every respect.
func TestKernelAgreesOnExamples(t *testing.T) {
	if !kernel.Require(t) {
		return
	}
	total := make(chan histogram, 100)
	t.Run("examples", func(t *testing.T) {
		for i, dir := range examples(t) {
			t.Run(filepath.Base(dir), func(t *testing.T) {
				t.Parallel()
				c, err := compilePolicy(dir, t.TempDir())
				if err != nil {
					t.Fatal(err)
				}
				h, faults, err := proveCompiled(c, uint64(i), 3000)
				report(t, faults, err, c, dir)
				t.Logf("%d flows; %v", len(c.graph.Flows), h)
				h.require(t, 5, "permitted", isOpen)
				h.require(t, 500, "denied", isSilent)
				total <- h
			})
		}
	})
	all := together(t, total)
	all.require(t, 400, "permitted TCP", func(k kind) bool { return k.proto == kernel.TCP && isOpen(k) })
	all.require(t, 10, "permitted UDP", func(k kind) bool { return k.proto == kernel.UDP && isOpen(k) })
	all.require(t, 20, "permitted through two firewalls", func(k kind) bool { return k.hops == 2 && isOpen(k) })
	all.require(t, 5, "permitted IPv6", func(k kind) bool { return k.ipv6 && isOpen(k) })
	all.require(t, 10000, "denied", isSilent)
	all.require(t, 20, "reset", func(k kind) bool { return k.answer == kernel.Reset })
}

func isOpen(k kind) bool   { return k.answer == kernel.Open }
func isSilent(k kind) bool { return k.answer == kernel.Silent }

// together is the sum of all histograms.
func together(t *testing.T, parts chan histogram) histogram {
	t.Helper()
	close(parts)
	all := histogram{}
	for h := range parts {
		for k, n := range h {
			all[k] += n
		}
	}
	t.Logf("together: %v", all)
	return all
}

// What manages a firewall that filters its own traffic reaches it by SSH from
// where the policy says, and from nowhere else. Query leaves it out: it speaks
// of flows.
func TestKernelLeavesManagementOpen(t *testing.T) {
	if !kernel.Require(t) {
		return
	}
	c, err := compilePolicy(filepath.Join(repository, "examples", "two-sites"), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	topology, err := networkOf(c.graph)
	if err != nil {
		t.Fatal(err)
	}
	net, err := kernel.New(topology)
	if err != nil {
		t.Fatal(err)
	}
	defer net.Close()
	ssh := func(src string) kernel.Tuple {
		return kernel.Tuple{Src: netip.MustParseAddr(src), Dst: netip.MustParseAddr("10.80.0.10"), Proto: kernel.TCP, DstPort: 22}
	}
	tuples := []kernel.Tuple{ssh("10.80.0.250"), ssh("10.80.0.249"), ssh("10.80.0.251"), ssh("10.80.0.20"), ssh("10.81.4.11")}
	files := map[string]string{}
	for _, fw := range c.graph.Firewalls {
		files[firewallNode(fw)] = loadedText(fw, c.files[fw.Name])
	}
	p := newProber(1, c.graph, net)
	results, err := net.Prove(files, tuples)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range results {
		want := kernel.Silent
		if i == 0 {
			want = kernel.Open
		}
		if r.Answer != want || p.expected(tuples[i]) != want {
			t.Errorf("%s, want %s", r, want)
		}
	}
}
