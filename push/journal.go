package push

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

const (
	// maxText bounds a command or an answer in a journal; of a longer one the
	// beginning is kept, with its size and hash.
	maxText = 64 << 10
	// maxJournal is the size from which on only beginnings are kept.
	maxJournal = 64 << 20
	shortText  = 256
)

// A journal is the list of what a push does. It only grows, a line of JSON for
// each entry.
type journal struct {
	f    *os.File
	now  func() time.Time
	size int64
	buf  bytes.Buffer // entries that are not in the file yet
	err  error        // the first; nothing is written after it
}

// newJournal begins the journal of a new record in dir.
func newJournal(dir string, now func() time.Time) (*journal, error) {
	f, err := os.OpenFile(filepath.Join(dir, "journal"), os.O_CREATE|os.O_EXCL|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	return &journal{f: f, now: now}, nil
}

// openJournal goes on with the journal of a record. A last line that was cut
// off stays, as a line of its own.
func openJournal(dir string, now func() time.Time) (*journal, error) {
	path := filepath.Join(dir, "journal")
	if err := checkFile(path); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	j := &journal{f: f, now: now}
	info, err := f.Stat()
	if err == nil {
		j.size = info.Size()
	}
	if err == nil && j.size > 0 {
		var last [1]byte
		if _, err = f.ReadAt(last[:], j.size-1); err == nil && last[0] != '\n' {
			j.buf.WriteByte('\n')
		}
	}
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return j, nil
}

// add appends an entry; sync has it on the disk before it returns.
func (j *journal) add(e Entry, sync bool) error {
	if j.err != nil {
		return j.err
	}
	e.At = j.now().UTC()
	e.Text, e.Answer = j.bounded(e.Text), j.bounded(e.Answer)
	enc := json.NewEncoder(&j.buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(e); err != nil {
		return j.fail(err)
	}
	if sync {
		return j.flush()
	}
	return nil
}

// flush has all entries on the disk before it returns.
func (j *journal) flush() error {
	if j.err != nil {
		return j.err
	}
	n, err := j.f.Write(j.buf.Bytes())
	j.size += int64(n)
	j.buf.Reset()
	if err == nil {
		err = j.f.Sync()
	}
	if err != nil {
		return j.fail(err)
	}
	return nil
}

func (j *journal) fail(err error) error {
	j.err = fmt.Errorf("the record of the push can't be written: %w", err)
	return j.err
}

func (j *journal) close() error {
	return errors.Join(j.flush(), j.f.Close())
}

// bounded is a text as far as the journal keeps it.
func (j *journal) bounded(s string) string {
	most := maxText
	if j.size > maxJournal {
		most = shortText
	}
	if len(s) <= most {
		return s
	}
	return fmt.Sprintf("%s… (%s)", s[:most], sizeAndHash(s))
}

// sizeAndHash stands for a text that is not kept.
func sizeAndHash(s string) string {
	return fmt.Sprintf("%d bytes, SHA-256 %s", len(s), hash([]byte(s)))
}
