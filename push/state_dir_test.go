package push_test

import (
	"os"
	"testing"
)

// stateDir is a directory for the records of a test, in memory where the system
// has such a place: a matrix of faults waits for the disk very often.
func stateDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "nbfwc-push-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}
