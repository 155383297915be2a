package push

import (
	"os"
	"path/filepath"

	"github.com/gofrs/flock"
)

// AtWork says by a *LockedError that somebody is at work on a device just now.
// nil promises nothing for the next moment.
func AtWork(state, device string) error {
	name, err := dirName(device)
	if err != nil {
		return err
	}
	path := filepath.Join(state, name, "lock")
	if err := checkFile(path); err != nil {
		return err
	}
	l := flock.New(path, flock.SetFlag(os.O_RDONLY))
	switch free, err := l.TryRLock(); {
	case os.IsNotExist(err):
		return nil
	case err != nil:
		return err
	case free:
		return l.Close()
	}
	h := readHolder(path)
	return &LockedError{Device: device, Who: h.Who, Since: h.Since, PID: h.PID}
}
