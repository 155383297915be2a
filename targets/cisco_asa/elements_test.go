package cisco_asa

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/nbfwc/nbfwc/lab/asa"
	"github.com/nbfwc/nbfwc/targets"
)

// TestElements holds the number of elements against what the device prints at
// the head of each list. Members of tcp-udp are left out: a device counts them
// for both protocols, the emulated one as one.
func TestElements(t *testing.T) {
	loaded := 0
	for i := range uint64(40) {
		r := &chance{Rand: rand.New(rand.NewPCG(i, 11))}
		d := asa.New(asa.Options{Enabled: true})
		if err := d.Load(strings.ReplaceAll(r.config(), "service-object tcp-udp destination", "service-object udp destination")); err != nil {
			continue
		}
		loaded++
		s := d.Login()
		s.Send("terminal pager 0")
		printed := s.Send("show access-list")
		s.Close()
		c := parsed(t, d.Running(), targets.ParseOptions{})
		want, counted := int64(0), map[string]bool{}
		for _, b := range c.Model.(*model).bindings {
			_, rest, ok := strings.Cut(printed, "access-list "+b.acl+"; ")
			var n int64
			if _, err := fmt.Sscan(rest, &n); !ok || err != nil {
				t.Fatal(b.acl, err, printed)
			}
			if !counted[b.acl] {
				want += n
			}
			counted[b.acl] = true
		}
		if c.Elements != want {
			t.Fatalf("have %d, want %d\n%s\n%s", c.Elements, want, printed, d.Running())
		}
	}
	if loaded < 20 {
		t.Errorf("the device took %d configurations", loaded)
	}
}
