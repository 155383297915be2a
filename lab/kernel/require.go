package kernel

import "os"

// TB is the part of *testing.T that Require needs.
type TB interface {
	Helper()
	Logf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// Without is the environment variable that says to go on without a kernel.
const Without = "NBFWC_WITHOUT_KERNEL"

// Require is true if test networks can be made. If not, the test fails and says
// why, unless the environment variable Without is set and CI isn't: then the
// test logs what was not asked, Require is false, and the test should return.
func Require(t TB) bool {
	t.Helper()
	err := Missing()
	switch {
	case err == nil:
		return true
	case os.Getenv(Without) == "" || os.Getenv("CI") != "":
		t.Fatalf("the kernel can't be asked: %v; run the test as root, or outside CI set %s=1 to go on without its answer", err, Without)
	}
	t.Logf("NOT RUN, the kernel was not asked: %v", err)
	return false
}
