// Command mutants proves that the tests can fail: it applies one-line faults to
// the code and the catalogue, one at a time and without touching the files, and
// demands that for each the test named beside it fails. Given names, it does so
// for these faults only:
//
//	go run ./lab/mutants [NAME...]
//
// The faults stand in mutants.txtar: for each a file whose name says what is
// broken, with the lines
//
//	file:  the file with the fault
//	test:  the package and the test, or TEST/SUBTEST, that must fail
//	after: a text that occurs once in the file; may be left out
//	old:   the text to replace: it occurs once, or with after, is the first
//	       behind that
//	new:   what stands there instead
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/tools/txtar"
)

// mutant is one fault.
type mutant struct {
	name, file, pkg, test, after, old, new string
}

// errNotRun says that a test passed because it did not ask what it asks.
var errNotRun = errors.New("the test did not ask the kernel")

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}

func run(names []string) error {
	mutants, err := readMutants(filepath.Join("lab", "mutants", "mutants.txtar"))
	if err != nil {
		return err
	}
	if mutants, err = chosen(mutants, names); err != nil {
		return err
	}
	if err := passWithoutFault(mutants); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "mutants-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	faults := make([]error, len(mutants))
	took := make([]time.Duration, len(mutants))
	eachParallel(len(mutants), func(i int) {
		start := time.Now()
		work := filepath.Join(dir, fmt.Sprint(i))
		if faults[i] = os.Mkdir(work, 0o700); faults[i] == nil {
			faults[i] = mutants[i].kill(work)
		}
		took[i] = time.Since(start)
	})
	return report(mutants, faults, took)
}

// chosen are the mutants with the names, all if there are none.
func chosen(mutants []mutant, names []string) ([]mutant, error) {
	if len(names) == 0 {
		return mutants, nil
	}
	var out []mutant
	for _, n := range names {
		i := slices.IndexFunc(mutants, func(m mutant) bool { return m.name == n })
		if i < 0 {
			return nil, fmt.Errorf("there is no fault %q", n)
		}
		out = append(out, mutants[i])
	}
	return out, nil
}

func eachParallel(n int, do func(int)) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(n, runtime.GOMAXPROCS(0)) {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				do(i)
			}
		})
	}
	wg.Wait()
}

func report(mutants []mutant, faults []error, took []time.Duration) error {
	alive, unasked := 0, 0
	for i, m := range mutants {
		seconds := took[i].Seconds()
		switch {
		case faults[i] == nil:
			fmt.Printf("killed   %4.1fs  %s by %s\n", seconds, m.name, m.test)
		case errors.Is(faults[i], errNotRun):
			unasked++
			fmt.Printf("NOT RUN  %4.1fs  %s: %v\n", seconds, m.name, faults[i])
		default:
			alive++
			fmt.Printf("ALIVE    %4.1fs  %s: %v\n", seconds, m.name, faults[i])
		}
	}
	if alive > 0 {
		return fmt.Errorf("%d of %d faults were not noticed", alive, len(mutants))
	}
	fmt.Printf("%d faults, each noticed by its test; %d not run\n", len(mutants)-unasked, unasked)
	return nil
}

func readMutants(name string) ([]mutant, error) {
	archive, err := txtar.ParseFile(name)
	if err != nil {
		return nil, err
	}
	var mutants []mutant
	seen := map[string]bool{}
	for _, f := range archive.Files {
		m, err := parseMutant(f)
		if err != nil {
			return nil, err
		}
		if seen[m.name] {
			return nil, fmt.Errorf("%s: there are two of this name", m.name)
		}
		seen[m.name] = true
		mutants = append(mutants, m)
	}
	return mutants, nil
}

func parseMutant(f txtar.File) (mutant, error) {
	m := mutant{name: f.Name}
	for line := range strings.Lines(string(f.Data)) {
		key, value, _ := strings.Cut(strings.TrimRight(line, "\n"), ": ")
		switch key {
		case "file":
			m.file = value
		case "test":
			m.pkg, m.test, _ = strings.Cut(value, " ")
		case "after":
			m.after = value
		case "old":
			m.old = value
		case "new":
			m.new = value
		case "new:", "": // the fault is to leave the text out
		default:
			return m, fmt.Errorf("%s: unknown line %q", f.Name, line)
		}
	}
	if m.file == "" || m.test == "" || m.old == "" || m.old == m.new {
		return m, fmt.Errorf("%s: needs file, test, old and new", f.Name)
	}
	return m, nil
}

// passWithoutFault demands that each test is there and passes as things are:
// a test that always fails would notice everything.
func passWithoutFault(mutants []mutant) error {
	var packages []string
	tests := map[string][]string{}
	for _, m := range mutants {
		if tests[m.pkg] == nil {
			packages = append(packages, m.pkg)
		}
		if !slices.Contains(tests[m.pkg], m.test) {
			tests[m.pkg] = append(tests[m.pkg], m.test)
		}
	}
	errs := make([]error, len(packages))
	eachParallel(len(packages), func(i int) {
		errs[i] = passes(packages[i], tests[packages[i]])
	})
	return errors.Join(errs...)
}

func passes(pkg string, tests []string) error {
	var heads []string
	for _, t := range tests {
		head, _, _ := strings.Cut(t, "/")
		if !slices.Contains(heads, head) {
			heads = append(heads, head)
		}
	}
	// Other tests under the same heads may fail: they are not asked here.
	out, err := exec.Command("go", "test", "-v", "-run", "^("+strings.Join(heads, "|")+")$", pkg).CombinedOutput()
	for _, t := range tests {
		if !regexp.MustCompile(`(?m)^\s*--- PASS: ` + regexp.QuoteMeta(t) + ` `).Match(out) {
			return fmt.Errorf("without any fault %s of %s doesn't pass, or isn't there: %v\n%s", t, pkg, err, lastLines(out))
		}
	}
	return nil
}

// lastLines is the end of a program's output.
func lastLines(out []byte) string {
	lines := strings.Split(strings.TrimRight(string(out), "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-30):], "\n")
}

// kill runs the test of m with the fault in place; nil if the test fails, as
// it should.
func (m mutant) kill(dir string) error {
	overlay, err := m.overlay(dir)
	if err != nil {
		return err
	}
	var pattern []string
	for part := range strings.SplitSeq(m.test, "/") {
		pattern = append(pattern, "^"+regexp.QuoteMeta(part)+"$")
	}
	// The vet of go test is left out: the fault is none of spelling.
	args := []string{"test", "-overlay", overlay, "-vet=off", "-v", "-failfast", "-count=1", "-timeout=1m",
		"-run", strings.Join(pattern, "/"), m.pkg}
	if usesRapid(m.pkg) {
		// It would keep the failing case in the package's testdata, and spend
		// half a minute on making it small.
		args = append(args, "-rapid.nofailfile", "-rapid.shrinktime=0s")
	}
	out, err := exec.Command("go", args...).CombinedOutput()
	switch {
	case err == nil && strings.Contains(string(out), "NOT RUN, the kernel was not asked"):
		return errNotRun
	case err == nil:
		return fmt.Errorf("%s passes", m.test)
	case !regexp.MustCompile(`(?m)^\s*--- FAIL: ` + regexp.QuoteMeta(m.test) + `\b|^panic: `).Match(out):
		return fmt.Errorf("the test did not run: %v\n%s", err, lastLines(out))
	}
	return nil
}

// usesRapid says whether the tests of a package have the flags of rapid.
func usesRapid(pkg string) bool {
	files, _ := filepath.Glob(filepath.Join(pkg, "*_test.go"))
	return slices.ContainsFunc(files, func(f string) bool {
		src, err := os.ReadFile(f)
		return err == nil && strings.Contains(string(src), `"pgregory.net/rapid"`)
	})
}

// overlay writes the file with the fault into dir, and beside it what tells go
// to use that file; it returns the name of the latter.
func (m mutant) overlay(dir string) (string, error) {
	src, err := os.ReadFile(m.file)
	if err != nil {
		return "", err
	}
	faulty, err := m.faulty(string(src))
	if err != nil {
		return "", fmt.Errorf("%s: %w", m.file, err)
	}
	path, err := filepath.Abs(m.file)
	if err != nil {
		return "", err
	}
	mutated := filepath.Join(dir, filepath.Base(m.file))
	if err := os.WriteFile(mutated, []byte(faulty), 0o600); err != nil {
		return "", err
	}
	text, err := json.Marshal(map[string]map[string]string{"Replace": {path: mutated}})
	if err != nil {
		return "", err
	}
	overlay := filepath.Join(dir, "overlay.json")
	return overlay, os.WriteFile(overlay, text, 0o600)
}

// faulty is src with the fault.
func (m mutant) faulty(src string) (string, error) {
	before, rest := "", src
	if m.after != "" {
		if n := strings.Count(src, m.after); n != 1 {
			return "", fmt.Errorf("%q occurs %d times and not once", m.after, n)
		}
		at := strings.Index(src, m.after) + len(m.after)
		before, rest = src[:at], src[at:]
	}
	switch n := strings.Count(rest, m.old); {
	case n == 0:
		return "", fmt.Errorf("there is no %q", m.old)
	case n > 1 && m.after == "":
		return "", fmt.Errorf("%q occurs %d times and not once", m.old, n)
	}
	return before + strings.Replace(rest, m.old, m.new, 1), nil
}
