package push

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nbfwc/nbfwc/targets"
)

func fixed() time.Time { return time.Date(2026, 11, 23, 1, 0, 0, 0, time.UTC) }

// From a certain size on a journal keeps only beginnings.
func TestAJournalHasABound(t *testing.T) {
	j, err := newJournal(t.TempDir(), fixed)
	if err != nil {
		t.Fatal(err)
	}
	defer j.f.Close()
	long := strings.Repeat("x", maxText+1)
	for _, c := range []struct {
		size  int64
		text  string
		whole bool
	}{{0, long[:maxText], true}, {0, long, false}, {maxJournal, long[:1000], true}, {maxJournal + 1, long[:1000], false}, {maxJournal + 1, long[:shortText], true}} {
		j.size = c.size
		got := j.bounded(c.text)
		if (got == c.text) != c.whole || !c.whole && !strings.HasSuffix(got, "… ("+sizeAndHash(c.text)+")") || len(got) > maxText+200 {
			t.Errorf("%d bytes in a journal of %d are kept as %d", len(c.text), c.size, len(got))
		}
	}
}

// willing is a session that takes everything.
type willing struct{ answers []string }

func (w *willing) Do(_ context.Context, c ...targets.Command) ([]string, error) {
	return w.answers[:len(c)], nil
}
func (*willing) Mode() string                     { return "" }
func (*willing) ReadOnly() bool                   { return false }
func (*willing) Ends() (client, d netip.AddrPort) { return }
func (*willing) Close() error                     { return nil }

// uploads is a session that takes files as well.
type uploads struct {
	willing
	path string
}

func (u *uploads) Upload(_ context.Context, path string, _ []byte) error { u.path = path; return nil }

// A session that takes files still does when it is recorded, and the journal has
// the file's size and hash, and not what is in it.
func TestUploadsAreRecorded(t *testing.T) {
	dir := t.TempDir()
	j, err := newJournal(dir, fixed)
	if err != nil {
		t.Fatal(err)
	}
	x := &run{j: j, d: &Device{Name: "edge"}, soft: context.Background()}
	u := &uploads{}
	up, ok := x.record(u).(targets.Uploader)
	if !ok {
		t.Fatal("the recorded session takes no files")
	}
	if _, ok := x.record(&willing{}).(targets.Uploader); ok {
		t.Error("a session takes files that couldn't")
	}
	if err := up.Upload(context.Background(), "/run/x", []byte("secret sauce")); err != nil || u.path != "/run/x" {
		t.Errorf("%v, %q", err, u.path)
	}
	if err := j.close(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "journal"))
	if err != nil || !strings.Contains(string(text), "upload to /run/x: 12 bytes, SHA-256 ") || strings.Contains(string(text), "sauce") {
		t.Errorf("%v\n%s", err, text)
	}
	stopped, stop := context.WithCancel(context.Background())
	stop()
	x.soft, x.stoppable = stopped, true
	if err := up.Upload(context.Background(), "/run/y", nil); err == nil || u.path != "/run/x" {
		t.Errorf("a stopped push uploads: %v, %q", err, u.path)
	}
}

// What writing the journal of 10,000 commands costs, on this disk: typed ahead
// they are written at once, one by one each waits for the disk.
func BenchmarkTenThousandCommands(b *testing.B) {
	for _, ahead := range []bool{true, false} {
		b.Run(fmt.Sprintf("ahead=%v", ahead), func(b *testing.B) {
			commands := make([]targets.Command, 10000)
			for i := range commands {
				commands[i] = targets.Command{Line: fmt.Sprintf("network-object host 10.0.%d.%d", i/256, i%256), Ahead: ahead}
			}
			for b.Loop() {
				j, err := newJournal(b.TempDir(), fixed)
				if err != nil {
					b.Fatal(err)
				}
				x := &run{j: j, d: &Device{}, soft: context.Background()}
				s := x.record(&willing{make([]string, len(commands))})
				if _, err := s.Do(context.Background(), commands...); err != nil {
					b.Fatal(err)
				}
				if err := j.close(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
