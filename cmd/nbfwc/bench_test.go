package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nbfwc/nbfwc/lab/workload"
	"github.com/nbfwc/nbfwc/view"
)

// size is a workload W(z, c) in one style.
type size struct {
	z, c  int
	style workload.Style
}

func (s size) String() string { return fmt.Sprintf("W(%d,%d)/%s", s.z, s.c, s.style) }

// sizes are what docs/benchmarks.md has figures of.
func sizes() []size {
	var list []size
	for _, style := range workload.Styles() {
		list = append(list, size{100, 50, style}, size{1000, 100, style}, size{4000, 240, style})
	}
	return list
}

// write writes the workload's policy to a new directory.
func (s size) write(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range workload.Policy(s.z, s.c, s.style, "nftables") {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// compileInProcess runs the program as "nbfwc compile".
func compileInProcess(t testing.TB, policy, out string) {
	t.Helper()
	var stderr bytes.Buffer
	e := env{args: []string{"compile", policy, "-o", out}, stdin: strings.NewReader(""), stdout: io.Discard, stderr: &stderr, now: time.Now}
	if status := run(e); status != exitClean {
		t.Fatalf("status %d: %s", status, &stderr)
	}
}

// BenchmarkCompile is the program without its start, with the garbage
// collector as the test has it: where time and memory go.
func BenchmarkCompile(b *testing.B) {
	for _, s := range []size{{1000, 100, workload.Inventory}, {1000, 100, workload.Blocks}, {1000, 100, workload.Literals}, {4000, 240, workload.Inventory}} {
		b.Run(s.String(), func(b *testing.B) {
			policy, outs := s.write(b), b.TempDir()
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				compileInProcess(b, policy, filepath.Join(outs, strconv.Itoa(i)))
			}
		})
	}
}

// BenchmarkProcess is the whole process from its start to its end, as the
// operating system accounts for it: cpu-s is user and system time of all
// threads, peak-MiB the largest resident memory. Each run writes to a directory
// of its own; "again" runs find the output of the same inputs there.
func BenchmarkProcess(b *testing.B) {
	for _, s := range sizes() {
		b.Run(s.String(), func(b *testing.B) {
			policy, outs := s.write(b), b.TempDir()
			out := func(i int) string { return filepath.Join(outs, strconv.Itoa(i)) }
			runs := 0
			b.Run("first", func(b *testing.B) {
				benchmarkProcess(b, policy, func(int) string { runs++; return out(runs) })
			})
			compileProcess(b, policy, out(0))
			b.Run("again", func(b *testing.B) { benchmarkProcess(b, policy, func(int) string { return out(0) }) })
		})
	}
}

func benchmarkProcess(b *testing.B, policy string, out func(i int) string) {
	var cpu time.Duration
	peak := 0.0
	for i := 0; b.Loop(); i++ {
		used, mib := compileProcess(b, policy, out(i))
		cpu += used
		peak = max(peak, mib)
	}
	b.ReportMetric(cpu.Seconds()/float64(b.N), "cpu-s/op")
	b.ReportMetric(peak, "peak-MiB")
}

// peakLine is what the command nbfwc-measured ends with.
var peakLine = regexp.MustCompile(`VmHWM:\s*(\d+) kB\n\z`)

// compileProcess compiles in a process of its own and says what that used. The
// memory is 0 where there is no /proc.
func compileProcess(t testing.TB, policy, out string) (cpu time.Duration, peakMiB float64) {
	t.Helper()
	cmd := exec.Command("nbfwc-measured", "compile", policy, "-o", out)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v: %s", err, &stderr)
	}
	if m := peakLine.FindSubmatch(stderr.Bytes()); m != nil {
		kib, err := strconv.Atoi(string(m[1]))
		if err != nil {
			t.Fatal(err)
		}
		peakMiB = float64(kib) / 1024
	}
	return cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), peakMiB
}

// measured is main with a last line about its memory. What the parent learns
// when it waits for a process counts the parent's own memory as well.
func measured() {
	sparseCollections()
	status := run(processEnv())
	if text, err := os.ReadFile("/proc/self/status"); err == nil {
		for line := range strings.Lines(string(text)) {
			if strings.HasPrefix(line, "VmHWM:") {
				fmt.Fprint(os.Stderr, line)
			}
		}
	}
	os.Exit(status)
}

// The same policy gives the same bytes with any number of processors.
func TestSameBytesOnAnyProcessors(t *testing.T) {
	for _, style := range workload.Styles() {
		policy := size{60, 30, style}.write(t)
		var want map[string]string
		for _, procs := range []int{1, 2, 3, 8} {
			out := filepath.Join(t.TempDir(), "out")
			before := runtime.GOMAXPROCS(procs)
			compileInProcess(t, policy, out)
			runtime.GOMAXPROCS(before)
			got := filesOf(t, out)
			if want == nil {
				want = got
				if len(want) != 62 {
					t.Fatalf("%v: %d files, not one for each of 61 firewalls and a manifest", style, len(want))
				}
				continue
			}
			for name, text := range want {
				if got[name] != text {
					t.Errorf("%v, %d processors: %s differs", style, procs, name)
				}
			}
			if len(got) != len(want) {
				t.Errorf("%v, %d processors: %d files instead of %d", style, procs, len(got), len(want))
			}
		}
	}
}

func filesOf(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, e := range entries {
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		files[e.Name()] = string(text)
	}
	return files
}

// What is allocated grows as zones and clients do: from twice to four times the
// size by about twice what it grows from once to twice. It would be four times
// if it grew with the square; lists that double and what the race detector
// allocates make it less than exact, by less than a quarter of the smallest.
// Unlike time it is nearly the same in every run.
func TestCompileGrowsLinearly(t *testing.T) {
	for _, style := range workload.Styles() {
		for name, sizes := range map[string][3]size{
			"zones":   {{100, 40, style}, {200, 40, style}, {400, 40, style}},
			"clients": {{100, 40, style}, {100, 80, style}, {100, 160, style}},
		} {
			once, twice, four := allocated(t, sizes[0]), allocated(t, sizes[1]), allocated(t, sizes[2])
			if twice <= once || four-twice > (twice-once)*3+once/4 {
				t.Errorf("%v, %s: %d, %d, %d KiB are allocated for one, two and four times the size", style, name, once>>10, twice>>10, four>>10)
			}
			t.Logf("%v, %s: %d, %d, %d KiB", style, name, once>>10, twice>>10, four>>10)
		}
	}
}

func allocated(t *testing.T, s size) uint64 {
	t.Helper()
	policy, out := s.write(t), filepath.Join(t.TempDir(), "out")
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	compileInProcess(t, policy, out)
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// A change of one zone replaces the files that it changes, and no other.
func TestEqualFilesStay(t *testing.T) {
	policy, out := size{20, 10, workload.Inventory}.write(t), filepath.Join(t.TempDir(), "out")
	compileInProcess(t, policy, out)
	old := time.Now().Add(-time.Hour).Truncate(time.Second)
	for name := range filesOf(t, out) {
		if err := os.Chtimes(filepath.Join(out, name), old, old); err != nil {
			t.Fatal(err)
		}
	}
	clients, err := os.OpenFile(filepath.Join(policy, "clients.csv"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := clients.WriteString("newcomer,10.1.7.250,cz7,,\n"); err != nil {
		t.Fatal(err)
	}
	if err := clients.Close(); err != nil {
		t.Fatal(err)
	}
	// A file that somebody changed is made again as well.
	if err := os.WriteFile(filepath.Join(out, "fw-cz9.nft"), []byte("flush ruleset\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	compileInProcess(t, policy, out)
	var written []string
	for name := range filesOf(t, out) {
		info, err := os.Stat(filepath.Join(out, name))
		if err != nil {
			t.Fatal(err)
		}
		if !info.ModTime().Equal(old) {
			written = append(written, name)
		}
	}
	fresh := filepath.Join(t.TempDir(), "out")
	compileInProcess(t, policy, fresh)
	want, got := filesOf(t, fresh), filesOf(t, out)
	for name, text := range want {
		if got[name] != text {
			t.Errorf("%s is not what a first compilation writes", name)
		}
	}
	wanted := map[string]bool{"fw-core.nft": true, "fw-cz7.nft": true, "fw-cz9.nft": true, view.ManifestName: true}
	if len(written) != len(wanted) {
		t.Errorf("written: %v, not just %v", written, wanted)
	}
	for _, name := range written {
		if !wanted[name] {
			t.Errorf("%s was written again", name)
		}
	}
}
