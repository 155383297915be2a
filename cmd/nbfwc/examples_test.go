package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The compiled output beside each example is what compiling gives today.
func TestExamplesAreCompiled(t *testing.T) {
	policies, err := filepath.Glob(filepath.Join(repository, "examples", "*", "policy.hcl"))
	if err != nil || len(policies) < 8 {
		t.Fatalf("%d examples: %v", len(policies), err)
	}
	for _, policy := range policies {
		dir := filepath.Dir(policy)
		t.Run(filepath.Base(dir), func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "out")
			runProgram(t, "compile", dir, "-o", out)
			golden := filepath.Join(dir, "compiled")
			if *update {
				if err := os.RemoveAll(golden); err != nil {
					t.Fatal(err)
				}
				copyOutputs(t, golden, out)
			}
			want, got := outputs(t, golden), outputs(t, out)
			for name, text := range got {
				if want[name] != text {
					t.Errorf("%s/%s is out of date (go test ./cmd/nbfwc -run TestExamplesAreCompiled -update):\n%s", golden, name, diffText(t, want[name], text))
				}
				delete(want, name)
			}
			for name := range want {
				t.Errorf("%s/%s is no longer compiled", golden, name)
			}
		})
	}
}

// runProgram runs nbfwc in this process, which must end with status 0.
func runProgram(t *testing.T, args ...string) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	e := env{args: args, stdin: strings.NewReader(""), stdout: &stdout, stderr: &stderr,
		now: func() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) }}
	if status := run(e); status != 0 {
		t.Fatalf("nbfwc %s: exit status %d\n%s", strings.Join(args, " "), status, stderr.String())
	}
	return stdout.String()
}

// outputs are the configurations in a directory, without the manifest, which
// names the build.
func outputs(t *testing.T, dir string) map[string]string {
	t.Helper()
	texts := map[string]string{}
	names, err := filepath.Glob(filepath.Join(dir, "*.nft"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		texts[filepath.Base(name)] = string(text)
	}
	return texts
}

func copyOutputs(t *testing.T, to, from string) {
	t.Helper()
	if err := os.MkdirAll(to, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range outputs(t, from) {
		if err := os.WriteFile(filepath.Join(to, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
