package push

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// maxLine bounds a line of a journal when it is read. No entry that was written
// comes near: a text of maxText grows by at most six when it is quoted.
const maxLine = 2 << 20

var recordID = regexp.MustCompile(`^[0-9]{8}-[0-9]{6}-[0-9a-f]{6}$`)

// newID names a push: by its time, so that records sort, and by chance, so that
// no two are the same.
func newID(now time.Time) string {
	var b [3]byte
	_, _ = rand.Read(b[:]) // never fails
	return now.UTC().Format("20060102-150405-") + hex.EncodeToString(b[:])
}

// createRecord writes a new record. It is there as a whole or not at all: until
// its directory has its name, nothing was sent to the device.
func createRecord(dir string, p *planFile, before []byte, now func() time.Time) (*journal, string, error) {
	hidden, final := filepath.Join(dir, ".new-"+p.ID), filepath.Join(dir, p.ID)
	if err := os.Mkdir(hidden, 0o700); err != nil {
		return nil, "", err
	}
	if err := p.save(hidden, 0, before); err != nil {
		return nil, "", err
	}
	j, err := newJournal(hidden, now)
	if err != nil {
		return nil, "", err
	}
	err = j.add(Entry{What: Began, Text: p.Who}, true)
	if err == nil {
		syncDir(hidden)
		err = os.Rename(hidden, final)
	}
	if err != nil {
		return nil, "", errors.Join(err, j.f.Close())
	}
	syncDir(dir)
	return j, final, nil
}

// sweep removes what is left of records that never got their names.
func sweep(dir string) error {
	left, err := filepath.Glob(filepath.Join(globLiteral(dir), ".new-*"))
	for _, l := range left {
		err = errors.Join(err, os.RemoveAll(l))
	}
	return err
}

func globLiteral(s string) string {
	return regexp.MustCompile(`[*?\[\\]`).ReplaceAllString(s, `\$0`)
}

// OpenRecord returns the unfinished push of a device, nil if there is none.
func OpenRecord(state, device string) (*Record, error) {
	name, err := dirName(device)
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(state, name)
	ids, err := idsOf(dir)
	if err != nil {
		return nil, err
	}
	for _, id := range slices.Backward(ids) {
		if closed(filepath.Join(dir, id)) {
			continue
		}
		if r := readRecord(filepath.Join(dir, id), device, id); r.Open() {
			return r, nil
		}
	}
	return nil, nil
}

// closed says whether a journal ends with the entry that closes it, without
// reading the rest. Where it says no, that has to be looked at.
func closed(dir string) bool {
	path := filepath.Join(dir, "journal")
	f, err := os.Open(path)
	if err != nil || checkFile(path) != nil {
		return false
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return false
	}
	tail := make([]byte, min(info.Size(), maxLine/4))
	if _, err := f.ReadAt(tail, info.Size()-int64(len(tail))); err != nil {
		return false
	}
	tail = bytes.TrimRight(tail, "\n")
	var e Entry
	return json.Unmarshal(tail[bytes.LastIndexByte(tail, '\n')+1:], &e) == nil && e.What == Ended && !e.At.IsZero()
}

// History returns the records of a device, oldest first; of all devices for "",
// then without their entries. A record that can't be read is among them, with
// the reason; it counts as open.
func History(state, device string) ([]Record, error) {
	names := []string{}
	if device != "" {
		name, err := dirName(device)
		if err != nil {
			return nil, err
		}
		names = append(names, name)
	} else {
		entries, err := os.ReadDir(state)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		for _, e := range entries {
			if _, ok := deviceName(e.Name()); ok && e.IsDir() {
				names = append(names, e.Name())
			}
		}
	}
	var out []Record
	for _, name := range names {
		records, err := recordsOf(filepath.Join(state, name), device != "")
		if err != nil {
			return nil, err
		}
		out = append(out, records...)
	}
	slices.SortStableFunc(out, func(a, b Record) int {
		return cmp.Or(a.Began.Compare(b.Began), cmp.Compare(a.Device, b.Device), cmp.Compare(a.ID, b.ID))
	})
	return out, nil
}

func recordsOf(dir string, withEntries bool) ([]Record, error) {
	ids, err := idsOf(dir)
	if err != nil {
		return nil, err
	}
	device, _ := deviceName(filepath.Base(dir))
	var out []Record
	for _, id := range ids {
		r := readRecord(filepath.Join(dir, id), device, id)
		if !withEntries {
			r.Entries = nil
		}
		out = append(out, *r)
	}
	return out, nil
}

// idsOf are the records in a device's directory, oldest first.
func idsOf(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var out []string
	for _, e := range entries {
		if recordID.MatchString(e.Name()) && e.IsDir() {
			out = append(out, e.Name())
		}
	}
	return out, nil
}

// readRecord reads what can be read of a record.
func readRecord(dir, device, id string) *Record {
	r := &Record{ID: id, Device: device, Dir: dir}
	r.Began, _ = time.Parse("20060102-150405", id[:len("20060102-150405")])
	damage := func(err error) {
		if err != nil && r.Damage == "" {
			r.Damage = err.Error()
		}
	}
	for i := 0; ; i++ {
		p, err := readPlan(dir, i)
		if i > 0 && errors.Is(err, fs.ErrNotExist) {
			break
		}
		if err != nil {
			damage(err)
			break
		}
		r.plans = append(r.plans, p)
	}
	if len(r.plans) > 0 {
		p := &r.plans[0]
		r.Firewall, r.Target, r.Policy, r.PolicyDigest = p.Device.Firewall, p.Device.Target, p.Device.Policy, p.Device.PolicyDigest
		r.Who, r.Began, r.Identity, r.Digest, r.Steps = p.Who, p.Began, p.Identity, p.Digest, p.Steps
	}
	damage(r.readJournal())
	return r
}

// readJournal reads the entries, and from them where the push stands.
func (r *Record) readJournal() error {
	path := filepath.Join(r.Dir, "journal")
	if err := checkFile(path); err != nil {
		return err
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return r.readEntries(f)
}

func (r *Record) readEntries(f io.Reader) error {
	var damage error
	in := bufio.NewReaderSize(f, 64<<10)
	for n := 1; ; n++ {
		line, whole, err := readLine(in)
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if len(bytes.TrimSpace(line)) > 0 {
			var e Entry
			if json.Unmarshal(line, &e) != nil || e.What == "" {
				e = Entry{What: Unreadable, Text: strings.ToValidUTF8(string(line[:min(len(line), shortText)]), "?")}
				if whole && damage == nil && !r.resumedAfter(in) {
					damage = fmt.Errorf("line %d of %s can't be read", n, filepath.Join(r.Dir, "journal"))
				}
			}
			r.take(e)
		}
		if err != nil {
			return damage
		}
	}
}

// resumedAfter says whether the next line was written by a process that went on
// with the record: the one before it was cut off when its process ended.
func (r *Record) resumedAfter(in *bufio.Reader) bool {
	next, _ := in.Peek(shortText)
	return bytes.Contains(next, []byte(`"What":"`+string(Resumed)+`"`))
}

// readLine reads a line, of an overlong one its beginning; whole says that it
// had an end.
func readLine(in *bufio.Reader) (line []byte, whole bool, err error) {
	for {
		part, err := in.ReadSlice('\n')
		if len(line) < maxLine {
			line = append(line, part...)
		}
		if err == nil || !errors.Is(err, bufio.ErrBufferFull) {
			return line, err == nil, err
		}
	}
}

// take adds an entry.
func (r *Record) take(e Entry) {
	r.Entries = append(r.Entries, e)
	switch e.What {
	case Began:
		if r.Who == "" {
			r.Who = e.Text
		}
	case Left, Ended:
		r.Stand, r.Error, r.Ended = e.Stand, e.Text, time.Time{}
		if e.What == Ended {
			r.Ended = e.At
		}
	}
}

// confirming says whether an attempt has come so far that what the device
// begins with after a restart may have changed. Of a damaged record that isn't
// known.
func (r *Record) confirming() bool {
	return r.Damage != "" || slices.ContainsFunc(r.Entries, func(e Entry) bool { return e.What == Phase && e.Text == phaseConfirm })
}
