package push_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/nbfwc/nbfwc/push"
	"github.com/nbfwc/nbfwc/targets"
)

// onlyRecord is the record of a device that has one.
func onlyRecord(t *testing.T, state string) push.Record {
	t.Helper()
	records, err := push.History(state, "edge")
	if err != nil || len(records) != 1 {
		t.Fatalf("%d records, %v", len(records), err)
	}
	return records[0]
}

// A record says who did what, when, by which policy, each command and answer,
// and how it ended; private answers are not in it.
func TestTheRecordOfAPush(t *testing.T) {
	w := newWorld(stateDir(t), stepwise)
	o := w.mustPush(t, push.Options{})
	r := onlyRecord(t, w.eng.State)
	if r.ID != o.ID || r.Device != "edge" || r.Firewall != "edge-fw" || r.Who != "alice@desk" || r.Policy != "policy.hcl" || r.PolicyDigest != "abc" ||
		r.Target != "fake" || r.Open() || r.Stand != push.New || r.Error != "" || r.Damage != "" || r.Digest != strings.Join(oldLines, ";") || len(r.Steps) != 4 ||
		!r.Began.Equal(w.clock.now()) || r.Identity != w.fake.id {
		t.Errorf("record %+v", r)
	}
	var commands []string
	for _, e := range r.Entries {
		if e.What == push.Command {
			commands = append(commands, e.Text)
		}
		if strings.Contains(e.Answer, "10.9.0.1") {
			t.Errorf("a private answer is in the journal: %+v", e)
		}
	}
	if !slices.Equal(commands, w.fake.typed[6:]) {
		t.Errorf("commands %q\ntyped %q", commands, w.fake.typed)
	}
	if !slices.ContainsFunc(r.Entries, func(e push.Entry) bool { return strings.HasPrefix(e.Answer, "(private: ") }) {
		t.Error("of a private answer the size and the hash are missing")
	}
	before, err := r.Before()
	if err != nil || !strings.Contains(string(before), "other permit 10.9.0.1 22\n") {
		t.Errorf("before: %q, %v", before, err)
	}
	all, err := push.History(w.eng.State, "")
	if err != nil || len(all) != 1 || all[0].ID != o.ID || all[0].Entries != nil || all[0].Stand != push.New {
		t.Errorf("the history of all devices: %+v, %v", all, err)
	}
}

// Each command that changes something is on the disk before the device has it.
func TestACommandIsWrittenBeforeItIsSent(t *testing.T) {
	w := newWorld(stateDir(t), atomic)
	checked := 0
	w.fake.before = func(_ *fakeDevice, line string) {
		if line == "identity" || line == "running" || line == "pending" {
			return
		}
		r := onlyRecord(t, w.eng.State)
		i := slices.IndexFunc(r.Entries, func(e push.Entry) bool { return e.What == push.Command && e.Text == line })
		if i < 0 {
			t.Errorf("%q is sent and not written", line)
		}
		checked++
	}
	w.mustPush(t, push.Options{})
	if checked < 8 {
		t.Errorf("%d commands", checked)
	}
}

// Files are for their owner alone.
func TestNobodyElseReadsRecords(t *testing.T) {
	w := newWorld(stateDir(t)+"/state", stepwise)
	w.mustPush(t, push.Options{})
	err := filepath.WalkDir(w.eng.State, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		want := os.FileMode(0o600)
		if d.IsDir() {
			want = 0o700
		}
		if err == nil && info.Mode().Perm() != want {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A state directory that others can write to, or a device's directory that
// leads elsewhere, isn't used.
func TestAStateDirectoryOfOthersIsRefused(t *testing.T) {
	w := newWorld(stateDir(t), stepwise)
	if err := os.Chmod(w.eng.State, 0o770); err != nil {
		t.Fatal(err)
	}
	if _, err := w.eng.Push(ctx, w.dev, push.Options{}); err == nil || !strings.Contains(err.Error(), "can be written by others (mode 0770)") {
		t.Errorf("error %v", err)
	}
	w = newWorld(stateDir(t), stepwise)
	if err := os.Symlink(t.TempDir(), w.eng.State+"/edge"); err != nil {
		t.Fatal(err)
	}
	if _, err := w.eng.Push(ctx, w.dev, push.Options{}); err == nil || !strings.Contains(err.Error(), "is not a directory") {
		t.Errorf("error %v", err)
	}
	if w.fake.dials > 0 {
		t.Error("the device was asked")
	}
}

// Whatever a device is called, its records are in a directory of their own
// below the state directory, and are found under its name.
func TestHostileNamesOfDevices(t *testing.T) {
	state := stateDir(t)
	names := []string{"../../etc", "a/b", ".", "..", "lock", "a%2Fb", "Ünïcode", "a b", ".new-x", "-rf", "con\x00trol", "x\ny"}
	for _, name := range names {
		w := newWorld(state, stepwise)
		w.dev.Name = name
		w.mustPush(t, push.Options{})
		if r, err := push.History(state, name); err != nil || len(r) != 1 || r[0].Device != name || filepath.Dir(filepath.Dir(r[0].Dir)) != state {
			t.Errorf("%q: %+v, %v", name, r, err)
		}
	}
	all, err := push.History(state, "")
	if err != nil || len(all) != len(names) {
		t.Errorf("%d records of %d devices, %v", len(all), len(names), err)
	}
	w := newWorld(state, stepwise)
	for _, name := range []string{"", strings.Repeat("x", 300)} {
		w.dev.Name = name
		if _, err := w.eng.Push(ctx, w.dev, push.Options{}); err == nil {
			t.Errorf("%q is taken", name)
		}
	}
}

// A journal that was cut off anywhere, as a crash can leave it, is still
// readable; the push is then open, unless all of its last entry is there.
func TestAJournalCutOffAtEveryByte(t *testing.T) {
	w := newWorld(stateDir(t), stepwise)
	w.mustPush(t, push.Options{})
	r := onlyRecord(t, w.eng.State)
	path := filepath.Join(r.Dir, "journal")
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	entries := len(r.Entries)
	for n := range whole {
		if err := os.WriteFile(path, whole[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		cut := onlyRecord(t, w.eng.State)
		open, err := push.OpenRecord(w.eng.State, "edge")
		complete := n == len(whole)-1 // only the line's end is missing
		if err != nil || cut.Damage != "" || cut.Who != "alice@desk" || cut.Open() == complete || (open == nil) != complete || len(cut.Entries) > entries {
			t.Fatalf("cut after %d of %d bytes: %+v, open %v, %v", n, len(whole), cut, open, err)
		}
		if n%97 != 0 && n != len(whole)-2 {
			continue
		}
		// The device is asked, not the journal: both ways work.
		device := w.fake.clone()
		copied := &world{}
		copied.on(w.eng.State, stepwise, device)
		o, err := copied.eng.Recover(ctx, copied.dev, push.Abandon, push.Options{})
		if err != nil || o.Err != nil || o.Stand != push.Old || !slices.Equal(ours(device.running), ours(oldLines)) {
			t.Fatalf("cut after %d bytes: %v, %+v", n, err, o)
		}
		again := onlyRecord(t, w.eng.State)
		if again.Open() || again.Damage != "" {
			t.Fatalf("cut after %d bytes, then abandoned: %+v", n, again)
		}
		for _, name := range []string{"plan-2.json", "before-2.conf", "plan-3.json", "before-3.conf"} {
			if err := os.Remove(filepath.Join(r.Dir, name)); err != nil && !errors.Is(err, os.ErrNotExist) {
				t.Fatal(err)
			}
		}
	}
}

// A line in the middle that can't be read, or a file that is gone, is shown and
// not passed over.
func TestADamagedRecordIsShown(t *testing.T) {
	cases := []struct {
		name   string
		damage func(dir string) error
		why    string
		open   bool
	}{
		{"a line that is none", func(dir string) error { return edit(dir+"/journal", "\"What\":\"phase\"", "\x00\xff{") }, "can't be read", false},
		{"an end that is none", func(dir string) error { return edit(dir+"/journal", "\"What\":\"ended\"", "\"What\":12") }, "can't be read", true},
		{"a plan that is none", func(dir string) error { return edit(dir+"/plan.json", "{", "[") }, "plan.json", false},
		{"a plan of another version", func(dir string) error { return edit(dir+"/plan.json", `"Version": 1`, `"Version": 9`) }, "version 9", false},
		{"no plan", func(dir string) error { return os.Remove(dir + "/plan.json") }, "plan.json", false},
		{"no journal", func(dir string) error { return os.Remove(dir + "/journal") }, "journal", true},
		{"a journal that leads elsewhere", func(dir string) error {
			return errors.Join(os.Remove(dir+"/journal"), os.Symlink("/etc/passwd", dir+"/journal"))
		}, "not an ordinary file", true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(stateDir(t), stepwise)
			w.mustPush(t, push.Options{})
			if err := c.damage(onlyRecord(t, w.eng.State).Dir); err != nil {
				t.Fatal(err)
			}
			r := onlyRecord(t, w.eng.State)
			if !strings.Contains(r.Damage, c.why) || r.Open() != c.open || r.Device != "edge" || r.Began.IsZero() {
				t.Errorf("record %+v", r)
			}
			if !c.open {
				return
			}
			w.fake.running = slices.Clone(oldLines)
			_, err := w.eng.Push(ctx, w.dev, push.Options{})
			var unfinished *push.UnfinishedError
			if !errors.As(err, &unfinished) || !strings.Contains(err.Error(), c.why) {
				t.Errorf("the next push: %v", err)
			}
		})
	}
}

func edit(path, old, text string) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	at := bytes.Index(content, []byte(old))
	if at < 0 {
		return errors.New("the text isn't there")
	}
	changed := slices.Concat(content[:at], []byte(text), content[at+len(old):])
	return os.WriteFile(path, changed, 0o600)
}

// A record that can't be gone on with says what to do by hand.
func TestARecordWithoutItsPlan(t *testing.T) {
	w := crashed(t, stepwise, 9)
	r := onlyRecord(t, w.eng.State)
	if err := os.Remove(r.Dir + "/plan.json"); err != nil {
		t.Fatal(err)
	}
	typed := len(w.fake.typed)
	_, err := w.eng.Recover(ctx, w.dev, push.Abandon, push.Options{})
	if err == nil || !strings.Contains(err.Error(), "put the device right by hand, then move "+r.Dir+" away") || len(w.fake.typed) != typed {
		t.Errorf("error %v", err)
	}
}

// What a crash leaves before a record has its name was never begun.
func TestARecordThatNeverGotItsName(t *testing.T) {
	w := newWorld(stateDir(t), stepwise)
	left := w.eng.State + "/edge/.new-20261123-000000-abcdef"
	if err := os.MkdirAll(left, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(left+"/journal", []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	w.mustPush(t, push.Options{})
	if _, err := os.Stat(left); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("it is still there: %v", err)
	}
	onlyRecord(t, w.eng.State)
}

// An answer of any size doesn't make a journal of any size.
func TestALongAnswerIsCut(t *testing.T) {
	w := newWorld(stateDir(t), stepwise)
	dial := w.eng.Dial
	w.eng.Dial = func(ctx context.Context, d *push.Device, unit int, readOnly bool) (targets.Session, error) {
		s, err := dial(ctx, d, unit, readOnly)
		return &talkative{s}, err
	}
	w.mustPush(t, push.Options{})
	r := onlyRecord(t, w.eng.State)
	info, err := os.Stat(filepath.Join(r.Dir, "journal"))
	if err != nil || info.Size() > 4<<20 || r.Damage != "" {
		t.Errorf("%d bytes, %v, %s", info.Size(), err, r.Damage)
	}
	if !slices.ContainsFunc(r.Entries, func(e push.Entry) bool { return strings.Contains(e.Answer, "… (3000000 bytes, SHA-256 ") }) {
		t.Error("the size and the hash of the answer are missing")
	}
}

// talkative is a session whose device says a lot.
type talkative struct{ targets.Session }

func (s *talkative) Do(ctx context.Context, commands ...targets.Command) ([]string, error) {
	answers, err := s.Session.Do(ctx, commands...)
	for i := range answers {
		if strings.HasPrefix(commands[i].Line, "add ") {
			answers[i] = strings.Repeat("\x1b[2J", 750000)
		}
	}
	return answers, err
}

// Whatever bytes stand in a journal, it is read without harm, and never lost.
func TestAJournalOfAnyBytes(t *testing.T) {
	w := newWorld(stateDir(t), stepwise)
	w.mustPush(t, push.Options{})
	path := filepath.Join(onlyRecord(t, w.eng.State).Dir, "journal")
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(rt *rapid.T) {
		text := slices.Clone(whole)
		for range rapid.IntRange(1, 5).Draw(rt, "edits") {
			at := rapid.IntRange(0, len(text)-1).Draw(rt, "at")
			text[at] = rapid.Byte().Draw(rt, "byte")
		}
		if err := os.WriteFile(path, text, 0o600); err != nil {
			rt.Fatal(err)
		}
		records, err := push.History(w.eng.State, "edge")
		if err != nil || len(records) != 1 || records[0].Who == "" {
			rt.Fatalf("%+v, %v", records, err)
		}
		open, err := push.OpenRecord(w.eng.State, "edge")
		if err != nil || (open != nil) != records[0].Open() {
			rt.Fatalf("the record is open or isn't: %+v, %+v, %v", open, records[0], err)
		}
		if _, err := json.Marshal(records[0].Entries); err != nil {
			rt.Fatal(err)
		}
	})
}
