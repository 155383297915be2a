package asa

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// commands are what a pair runs without the frame of the printed text, which
// names the unit.
func commands(d *Device) string { return body(d.Running()) }

// Two units of a pair are told random lines on the active one: they run the
// same, whether the standby unit shares the configuration or has been in
// configuration mode and follows line by line; also when units change places.
func TestRandomLinesOnAPair(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 2))
		a, b := NewPair(Options{Enabled: true})
		s := a.login()
		s.Send("configure terminal")
		apart := seed%2 == 1
		if apart {
			u := b.login()
			u.Send("configure terminal")
			u.Send("end")
		}
		var script []string
		for i := range 120 {
			l := fill(r, phrases[r.IntN(len(phrases))])
			if i%40 == 39 && !apart {
				l = "end\nno failover active\nfailover active\nconfigure terminal"
			}
			script = append(script, s.Prompt()+l+"\n"+s.Send(l))
			if s.Closed() {
				s = a.login()
				s.Send("configure terminal")
			}
			if x, y := commands(a), commands(b); x != y {
				t.Fatalf("seed %d, the units differ: %s\n%s", seed, cmp.Diff(x, y), strings.Join(script, ""))
			}
		}
	}
}

// A configuration session that is committed comes to the same as its lines
// typed outside; before the commit and after the revert nothing has changed.
func TestRandomSessions(t *testing.T) {
	var edits []string
	for _, p := range phrases {
		for _, w := range []string{"object ", "object-group ", "host ", "subnet ", "range ", "<no>network-object ", "<no>service-object ", "access-list <acl> <line>extended", "no access-list <acl> <line>extended"} {
			if strings.HasPrefix(p, w) && !strings.Contains(p, "standard") {
				edits = append(edits, p)
			}
		}
	}
	for seed := range uint64(100) {
		r := rand.New(rand.NewPCG(seed, 3))
		d, plain := New(Options{Enabled: true}), New(Options{Enabled: true})
		before := commands(d)
		s, o := d.login(), plain.login()
		s.Send("configure session S")
		o.Send("configure terminal")
		var script []string
		for range 60 {
			l := fill(r, edits[r.IntN(len(edits))])
			was := s.mode
			a := s.Send(l)
			script = append(script, l+"\n"+a)
			if s.Refused(a) || a != "" {
				continue
			}
			if was.kind != modeDraft { // the session typed it inside the same thing
				o.mode = mode{kind: was.kind, name: was.name, class: was.class}
			}
			o.Send(l)
		}
		if got := commands(d); got != before {
			t.Fatalf("seed %d, before the commit: %s", seed, cmp.Diff(before, got))
		}
		if a := s.Send("commit noconfirm revert-save"); a != "" {
			t.Fatalf("seed %d: %s\n%s", seed, a, strings.Join(script, ""))
		}
		if x, y := commands(plain), commands(d); x != y {
			t.Fatalf("seed %d, outside and in the session: %s\n%s", seed, cmp.Diff(x, y), strings.Join(script, ""))
		}
		s.Send("configure session S\nrevert")
		if got := commands(d); got != before {
			t.Fatalf("seed %d, after the revert: %s", seed, cmp.Diff(before, got))
		}
	}
}
