package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/nbfwc/nbfwc/compile"
	"github.com/nbfwc/nbfwc/view"
)

const expiringPolicy = `
zone "a" { networks = ["10.0.0.0/24"] }
zone "b" { networks = ["192.0.2.0/24"] }

firewall "f" {
  target = "nftables"
  manage = "exclusive"
  interface "a0" { zones = [zone.a] }
  interface "b0" { zones = [zone.b] }
}

service "agent" { tcp = [8400] }

flow "agent" {
  from    = zone.a
  to      = zone.b
  service = service.agent
  expires = "2026-06-30"
}
`

// Output that was made before a flow expired isn't taken for up to date after:
// from the day on which the flow expires the same inputs give something else.
func TestCompileKnowsTheDay(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "policy.hcl"), []byte(expiringPolicy), 0o600); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(dir, "out")
	for _, c := range []struct {
		day    string
		flags  []string
		status int
		want   string
	}{
		{"2026-06-01", nil, 0, "wrote " + out + "/f.nft"},
		{"2026-06-29", nil, 0, "unchanged: " + out + "/f.nft"},
		{"2026-06-30", nil, 2, "2026-06-30"},
		{"2026-07-01", nil, 2, "2026-06-30"},
		{"2026-07-01", []string{"-allow-expired"}, 0, "wrote " + out + "/f.nft"},
		{"2026-06-29", nil, 0, "wrote " + out + "/f.nft"},
	} {
		now, err := time.Parse("2006-01-02", c.day)
		if err != nil {
			t.Fatal(err)
		}
		var stdout, stderr bytes.Buffer
		status := run(env{
			args:  append([]string{"compile", filepath.Join(dir, "policy.hcl"), "-o", out}, c.flags...),
			stdin: strings.NewReader(""), stdout: &stdout, stderr: &stderr, now: func() time.Time { return now },
		})
		if status != c.status || !strings.Contains(stdout.String()+stderr.String(), c.want) {
			t.Errorf("on %s %v: status %d, want %d and %q\n%s%s", c.day, c.flags, status, c.status, c.want, &stdout, &stderr)
		}
	}
}

// Errors are coloured on a terminal alone, and not if NO_COLOR is set to
// anything or the terminal is dumb.
func TestColour(t *testing.T) {
	bad := filepath.Join(t.TempDir(), "policy.hcl")
	if err := os.WriteFile(bad, []byte("zone \"a\" { networks = [\"10.0.0.0/33\"] } # \x1b[2J\u202e\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		width   int
		environ []string
		colour  bool
	}{
		{0, nil, false},
		{80, nil, true},
		{80, []string{"NO_COLOR=", "TERM=xterm"}, true},
		{80, []string{"NO_COLOR=1"}, false},
		{80, []string{"NO_COLOR=0"}, false},
		{80, []string{"TERM=dumb"}, false},
	} {
		var stdout, stderr bytes.Buffer
		status := run(env{
			args: []string{"validate", bad}, stdin: strings.NewReader(""), stdout: &stdout, stderr: &stderr,
			now: time.Now, environ: c.environ, errWidth: c.width,
		})
		text := stderr.String()
		if status != 2 || strings.Contains(text, "\x1b[") != c.colour {
			t.Errorf("width %d, %v: status %d, colour should be %v: %q", c.width, c.environ, status, c.colour, text)
		}
		if strings.Contains(text, "\x1b[2J") || strings.Contains(text, "\u202e") {
			t.Errorf("the comment of the policy reaches the terminal: %q", text)
		}
	}
}

// What people read is as wide as the terminal, and 80 columns without one.
func TestTextWidth(t *testing.T) {
	policy := filepath.Join(repository, "examples", "quickstart")
	widest := func(args []string, width int) int {
		var stdout, stderr bytes.Buffer
		run(env{args: args, stdin: strings.NewReader(""), stdout: &stdout, stderr: &stderr, now: time.Now, width: width, errWidth: width})
		most := 0
		for line := range strings.Lines(stdout.String() + stderr.String()) {
			if !strings.Contains(line, "quickstart") { // names and commands are never broken
				most = max(most, utf8.RuneCountInString(strings.TrimRight(line, "\n")))
			}
		}
		return most
	}
	for _, args := range [][]string{
		{"flows", policy}, {"catalog"}, {"explain", "-policy", policy, "ftp", "nbmaster"}, {"flows", "-retire", policy}, {"validate", policy},
	} {
		for _, c := range []struct{ width, most int }{{0, 80}, {60, 60}, {80, 80}, {120, 120}} {
			if got := widest(args, c.width); got > c.most {
				t.Errorf("%v on %d columns: a line of %d", args, c.width, got)
			}
		}
	}
	if widest([]string{"flows", policy}, 120) <= widest([]string{"flows", policy}, 60) {
		t.Error("a wider terminal makes no wider table")
	}
}

// tupleFile is n tuples between hosts of examples/quickstart, of all verdicts.
func tupleFile(n int) []byte {
	hosts := []string{"192.0.2.11", "192.0.2.12", "192.0.2.31", "192.0.2.41", "10.0.8.5", "10.0.0.10", "10.0.0.21", "203.0.113.7"}
	ports := []int{1556, 13724, 22, 10102, 5666}
	var b bytes.Buffer
	for i := range n {
		fmt.Fprintf(&b, "%s %s tcp %d\n", hosts[i%len(hosts)], hosts[i/3%len(hosts)], ports[i/7%len(ports)])
	}
	return b.Bytes()
}

// BenchmarkQueryFile answers a million tuples after load: read the lines, ask,
// write the answers.
func BenchmarkQueryFile(b *testing.B) {
	e := env{stdout: io.Discard, stderr: io.Discard, now: time.Now}
	l, err := loadGraph(&e, filepath.Join(repository, "examples", "quickstart"), &policyFlags{})
	if err != nil {
		b.Fatal(err)
	}
	const n = 1_000_000
	text := tupleFile(n)
	index := l.graph.Index()
	b.ReportAllocs()
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		tuples, err := parseTuples("tuples", text)
		if err != nil {
			b.Fatal(err)
		}
		answers := make([]compile.Answer, len(tuples))
		index.Answers(tuples, answers)
		if err := writeAnswers(io.Discard, tuples, answers); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(n*float64(b.N)/b.Elapsed().Seconds(), "tuples/s")
	b.ReportMetric(float64(runtime.GOMAXPROCS(0)), "procs")
}

// BenchmarkStart is what every run pays: the verbs, and a small policy.
func BenchmarkStart(b *testing.B) {
	for _, args := range [][]string{{"version"}, {"validate", filepath.Join(repository, "examples", "quickstart")}} {
		b.Run(args[0], func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if status := run(env{args: args, stdin: strings.NewReader(""), stdout: io.Discard, stderr: io.Discard, now: time.Now}); status != 0 {
					b.Fatalf("status %d", status)
				}
			}
		})
	}
}

// A document that is written answer by answer is the document of its type.
func TestQueryDocumentIsWrittenInParts(t *testing.T) {
	e := env{stdout: io.Discard, stderr: io.Discard, now: time.Now}
	l, err := loadGraph(&e, filepath.Join(repository, "examples", "quickstart"), &policyFlags{})
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{0, 1, 2, 500} {
		tuples, err := parseTuples("tuples", tupleFile(n))
		if err != nil {
			t.Fatal(err)
		}
		answers := make([]compile.Answer, len(tuples))
		l.graph.Index().Answers(tuples, answers)
		var whole, parts bytes.Buffer
		if err := view.JSON(&whole, view.Query(l.graph, tuples, answers)); err != nil {
			t.Fatal(err)
		}
		if err := view.WriteQuery(&parts, l.graph, tuples, answers); err != nil {
			t.Fatal(err)
		}
		if whole.String() != parts.String() {
			t.Errorf("%d tuples: %d bytes in parts, %d as a whole", n, parts.Len(), whole.Len())
		}
	}
}

// However a file of tuples is cut for the processors, its tuples come in its
// order, and the first bad line is named.
func TestParseTuplesInParts(t *testing.T) {
	text := tupleFile(1000)
	all, err := parseTuples("f", text)
	if err != nil || len(all) != 1000 {
		t.Fatalf("%d tuples, %v", len(all), err)
	}
	for i, line := range bytes.Split(bytes.TrimSpace(text), []byte("\n")) {
		one, err := parseTuple(line)
		if err != nil || one != all[i] {
			t.Fatalf("line %d: %v, want %v", i+1, all[i], one)
		}
	}
	lines := bytes.SplitAfter(text, []byte("\n"))
	for _, bad := range []int{0, 1, 333, 499, 500, 501, 998, 999} {
		broken := append([][]byte{}, lines...)
		broken[bad] = []byte("10.0.0.1 10.0.0.2 tcp x\n")
		broken[999] = []byte("nonsense") // the first counts
		_, err := parseTuples("f", bytes.Join(broken, nil))
		if err == nil || !strings.HasPrefix(err.Error(), fmt.Sprintf("f, line %d: ", bad+1)) {
			t.Errorf("line %d is bad: %v", bad+1, err)
		}
	}
}

// Hostile lines are mistakes with a short message, never a crash.
func FuzzParseTuple(f *testing.F) {
	for _, line := range []string{"192.0.2.1 10.0.0.1 tcp 1556", "::1,::2,udp,0", "1.2.3.4 1.2.3.4 icmp 8", "01.2.3.4 1 1 1", "fe80::1%eth0 ::1 tcp 1", "\xff \x00 tcp 99999999999999999999"} {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		tuple, err := parseTuple(line)
		if err != nil {
			if len(err.Error()) > 1000 {
				t.Errorf("a message of %d bytes", len(err.Error()))
			}
			return
		}
		spelled := fmt.Sprintf("%s %s %s %d", tuple.Src, tuple.Dst, view.ProtocolName(tuple.Proto), tuple.Port)
		if again, err := parseTuple([]byte(spelled)); err != nil || again != tuple {
			t.Errorf("%q is %v, %q is %v, %v", line, tuple, spelled, again, err)
		}
	})
}

// Whoever waits for the DNS on a terminal sees how far it is; a file doesn't
// get such lines.
func TestResolveShowsProgress(t *testing.T) {
	for _, c := range []struct {
		width int
		want  string
	}{{80, "asked for 2 of 3 names\nasked for 3 of 3 names\n"}, {0, ""}} {
		clock := time.Unix(0, 0)
		var stderr bytes.Buffer
		e := env{stderr: &stderr, errWidth: c.width, now: func() time.Time { return clock }}
		lookup := withProgress(&e, 3, func(context.Context, string) ([]netip.Addr, error) { return nil, nil })
		for range 3 {
			if _, err := lookup(t.Context(), "host"); err != nil {
				t.Fatal(err)
			}
			clock = clock.Add(time.Second)
		}
		if stderr.String() != c.want {
			t.Errorf("width %d: %q", c.width, stderr.String())
		}
	}
}
