package main

import (
	"os"
	"path/filepath"
	"testing"
)

// TestFirstConfig: a device of the lab begins with the file of its own name and
// no other, whatever the directory is called.
func TestFirstConfig(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "site [1]*?")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"fw-a.conf", "fw-a.b.conf", "fw.asa", "two.set", "two.xml", "bare"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("text of "+name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]string{"fw-a": "text of fw-a.conf", "fw-a.b": "text of fw-a.b.conf", "fw": "text of fw.asa", "nobody": "", "bare": "", "*": ""} {
		if got, err := firstConfig(dir, name); got != want || err != nil {
			t.Errorf("%s: %q, %v, want %q", name, got, err, want)
		}
	}
	if got, err := firstConfig(dir, "two"); err == nil {
		t.Errorf("two files of a name: %q", got)
	}
	if got, err := firstConfig(dir+"x", "fw"); got != "" || err != nil {
		t.Errorf("no directory: %q, %v", got, err)
	}
}
