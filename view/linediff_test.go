package view

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// The oracle is git: what we print, applied to the old text, gives the new one.
func TestLineDiffIsAPatch(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		line := rapid.SampledFrom([]string{"a\n", "b\n", "c\n", "}\n", "\n"})
		last := rapid.SampledFrom([]string{"", "a", "z"})
		text := func(name string) string {
			return strings.Join(rapid.SliceOfN(line, 0, 30).Draw(t, name), "") + last.Draw(t, name+" end")
		}
		before, after := text("before"), text("after")
		var patch bytes.Buffer
		if err := LineDiff(&patch, "a/file", before, "b/file", after); err != nil {
			t.Fatal(err)
		}
		if before == after {
			if patch.Len() > 0 {
				t.Fatalf("equal texts differ:\n%s", patch.String())
			}
			return
		}
		if before == "" || after == "" {
			return // git wants to create or delete the file
		}
		if err := os.WriteFile(filepath.Join(dir, "file"), []byte(before), 0o600); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command("git", "apply", "--whitespace=nowarn", "-")
		cmd.Dir, cmd.Stdin = dir, &patch
		shown := patch.String()
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s\n%s", err, out, shown)
		}
		got, err := os.ReadFile(filepath.Join(dir, "file"))
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != after {
			t.Fatalf("the patch gives %q, want %q:\n%s", got, after, shown)
		}
	})
}

func TestLineDiffOfLargeTextsIsBounded(t *testing.T) {
	before := strings.Repeat("old\n", 5000)
	after := strings.Repeat("new\n", 5000)
	var out bytes.Buffer
	if err := LineDiff(&out, "a", before, "b", after); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "@@ -1,5000 +1,5000 @@\n-old\n") {
		t.Errorf("difference begins %.80q", out.String())
	}
}
