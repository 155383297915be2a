package lang

import (
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"testing/fstest"
)

// TestReadFile reads a real directory through os.Root, as the program does.
func TestReadFile(t *testing.T) {
	dir := t.TempDir()
	outside := filepath.Join(t.TempDir(), "secret.csv")
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.WriteFile(outside, []byte("secret"), 0o666))
	must(os.WriteFile(filepath.Join(dir, "ok.csv"), []byte("name\n"), 0o666))
	must(os.WriteFile(filepath.Join(dir, "gone.csv"), []byte("name\n"), 0))
	must(os.Symlink("ok.csv", filepath.Join(dir, "inside.csv")))
	must(os.Symlink(outside, filepath.Join(dir, "link.csv")))
	must(os.Symlink("../x", filepath.Join(dir, "up.csv")))
	must(os.Symlink("/dev/zero", filepath.Join(dir, "zero.csv")))
	must(os.Mkdir(filepath.Join(dir, "dir.csv"), 0o777))
	must(syscall.Mkfifo(filepath.Join(dir, "fifo.csv"), 0o666))
	big, err := os.Create(filepath.Join(dir, "big.hcl"))
	must(err)
	must(big.Truncate(1 << 30)) // a hole: it takes no space on the disk
	must(big.Close())
	root, err := os.OpenRoot(dir)
	must(err)
	defer root.Close()
	for name, want := range map[string]string{
		"ok.csv":      "",
		"inside.csv":  "",
		"link.csv":    "File outside of the policy",
		"up.csv":      "File outside of the policy",
		"zero.csv":    "File outside of the policy",
		"../ok.csv":   "File outside of the policy",
		"/etc/passwd": "File outside of the policy",
		"none.csv":    "File not found",
		"dir.csv":     "Not a regular file",
		"fifo.csv":    "Not a regular file",
		"big.hcl":     "File too large",
	} {
		src, diags := readFile(root.FS(), name, DefaultLimits())
		got := ""
		if len(diags) > 0 {
			got = diags[0].Summary
		}
		if got != want || (want == "") != (string(src) == "name\n") {
			t.Errorf("%s: have %q (%d bytes), want %q; %v", name, got, len(src), want, diags)
		}
	}
}

// TestReadFileIsBounded: a file that is larger than it said is read up to the
// limit and not further.
func TestReadFileIsBounded(t *testing.T) {
	lim := DefaultLimits()
	lim.FileBytes = 1000
	fsys := fstest.MapFS{"a.hcl": {Data: make([]byte, 1000)}, "b.hcl": {Data: make([]byte, 1001)}}
	if _, diags := readFile(fsys, "a.hcl", lim); diags.HasErrors() {
		t.Error(diags)
	}
	if _, diags := readFile(fsys, "b.hcl", lim); len(diags) != 1 || diags[0].Summary != "File too large" {
		t.Error(diags)
	}
	if runtime.GOOS != "linux" {
		return
	}
	// Files of /proc say that they have no bytes.
	lim.InventoryBytes = 10
	if _, diags := readFile(os.DirFS("/proc/self"), "status", lim); len(diags) != 1 || diags[0].Summary != "File too large" {
		t.Error(diags)
	}
}
