package push_test

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nbfwc/nbfwc/push"
)

// When the record can't be written any more, nothing more is sent; the device is
// put right all the same.
func TestARecordThatCantBeWritten(t *testing.T) {
	w := newWorld(stateDir(t), stepwise)
	w.fake.before = func(d *fakeDevice, line string) {
		if strings.HasPrefix(line, "add ours permit 10.1.0.4") {
			d.before = nil
			if err := failWrites(w.eng.State); err != nil {
				t.Error(err)
			}
		}
	}
	o, err := w.eng.Push(ctx, w.dev, push.Options{})
	if err != nil || o.Stand != push.Old || !strings.Contains(o.Err.Error(), "the record of the push can't be written") {
		t.Fatalf("%v, %+v", err, o)
	}
	if !o.Open || len(o.Notes) == 0 || !strings.Contains(o.Notes[len(o.Notes)-1], "the device will be asked again") {
		t.Errorf("%+v", o)
	}
	if slices.ContainsFunc(w.fake.typed, func(l string) bool { return strings.HasPrefix(l, "add ours permit 10.1.0.5") }) {
		t.Errorf("a command was sent that isn't in the record: %q", w.fake.typed)
	}
	if !slices.Equal(ours(w.fake.running), ours(oldLines)) {
		t.Errorf("running %q", w.fake.running)
	}
}

// failWrites has every journal below a directory that this process has open take
// no more writes: its file is exchanged for a device that is always full.
func failWrites(state string) error {
	fds, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return err
	}
	for _, fd := range fds {
		path, err := os.Readlink("/proc/self/fd/" + fd.Name())
		if err != nil || !strings.HasPrefix(path, state) || filepath.Base(path) != "journal" {
			continue
		}
		n, err := strconv.Atoi(fd.Name())
		if err != nil {
			return err
		}
		full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		defer full.Close()
		if err := unix.Dup3(int(full.Fd()), n, 0); err != nil {
			return err
		}
	}
	return nil
}
