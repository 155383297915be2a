package push_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/nbfwc/nbfwc/push"
)

// A device answers every line as it should, and doesn't do what it was told: it
// loses a line, or does more. The push sees that from its new session, makes
// nothing of it last and takes it back.
func TestADeviceThatOnlyNods(t *testing.T) {
	cases := []struct {
		name, why string
		meddle    func(d *fakeDevice)
	}{
		{"it loses a line", "it doesn't hold what was sent: there is still to do", func(d *fakeDevice) {
			d.running = slices.DeleteFunc(d.running, func(l string) bool { return strings.HasPrefix(l, "ours permit 10.1.0.5") })
		}},
		{"it lets more pass", "it doesn't hold what was sent: there is still to do", func(d *fakeDevice) { d.running = append(d.running, "ours permit 10.1.0.77 443") }},
		{"others let more pass meanwhile", "it does something else than was planned: ", func(d *fakeDevice) { d.running = append(d.running, "other permit 10.9.0.9 22") }},
	}
	for _, c := range cases {
		for _, kind := range []kind{stepwise, atomic, timed} {
			t.Run(c.name+"/"+string(kind), func(t *testing.T) {
				w := newWorld(stateDir(t), kind)
				old := ours(w.fake.running)
				changing, meddled := false, false
				w.fake.before = func(d *fakeDevice, line string) {
					switch {
					case strings.HasPrefix(line, "add "), strings.HasPrefix(line, "commit "):
						changing = true
					case changing && line == "identity" && !meddled: // the new session
						c.meddle(d)
						meddled = true
					case line == "write" && !slices.Equal(ours(d.running), old):
						t.Errorf("made to last: %q", ours(d.running))
					}
				}
				o, err := w.eng.Push(ctx, w.dev, push.Options{})
				if err != nil || o.Stand != push.Old || o.Open || o.Err == nil || !strings.Contains(o.Err.Error(), c.why) {
					t.Fatalf("%v, %+v", err, o)
				}
				if now := ours(w.fake.running); !slices.Equal(now, old) {
					t.Errorf("ours was %q and is %q", old, now)
				}
			})
		}
	}
}
