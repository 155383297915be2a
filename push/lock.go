package push

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"
)

// LockedError says that somebody else works on the device.
type LockedError struct {
	Device string
	// Who and Since are as the holder wrote them; empty if it can't be read.
	Who   string
	Since time.Time
	PID   int
}

func (e *LockedError) Error() string {
	if e.Who == "" {
		return fmt.Sprintf("device %s: another push is at work on it", e.Device)
	}
	return fmt.Sprintf("device %s: another push is at work on it, by %s since %s (process %d)", e.Device, e.Who, e.Since.Format(time.RFC3339), e.PID)
}

// lock is the right to change a device. The system takes it back when the
// process ends, however it ends.
type lock struct {
	f    *flock.Flock
	path string
}

// holder is what a lock's file says.
type holder struct {
	Who   string
	Since time.Time
	PID   int
}

// takeLock locks a device, or says by a *LockedError who has it.
func takeLock(dir, device, who string, now time.Time) (*lock, error) {
	path := filepath.Join(dir, "lock")
	if err := checkFile(path); err != nil {
		return nil, err
	}
	l := &lock{flock.New(path, flock.SetFlag(os.O_CREATE|os.O_RDWR), flock.SetPermissions(0o600)), path}
	ok, err := l.f.TryLock()
	if err != nil {
		return nil, fmt.Errorf("device %s: %w", device, err)
	}
	if !ok {
		e := &LockedError{Device: device}
		h := readHolder(path)
		e.Who, e.Since, e.PID = h.Who, h.Since, h.PID
		return nil, e
	}
	content, err := json.Marshal(holder{who, now, os.Getpid()})
	if err == nil {
		err = os.WriteFile(path, content, 0o600)
	}
	if err != nil {
		l.release()
		return nil, fmt.Errorf("device %s: %w", device, err)
	}
	return l, nil
}

// readHolder reads who has a lock; nothing if that can't be read, since it is
// only for people.
func readHolder(path string) (h holder) {
	f, err := os.Open(path)
	if err != nil {
		return h
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, 4096))
	if err != nil || json.Unmarshal(content, &h) != nil {
		return holder{}
	}
	h.Who = printable(h.Who)
	return h
}

func (l *lock) release() {
	_ = os.Truncate(l.path, 0) // it would only name somebody who is gone
	_ = l.f.Close()
}

// printable is a text from a file for a line of a message.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || 0x7f <= r && r < 0xa0 {
			return '?'
		}
		return r
	}, s)
}
