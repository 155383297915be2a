package panos

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"strings"
	"testing"
)

// addresses reads the address objects of a printed configuration.
func addresses(t *testing.T, text string) map[string]string {
	t.Helper()
	all := map[string]string{}
	for l := range strings.Lines(text) {
		f := strings.Fields(l)
		if len(f) != 5 || f[1] != "address" {
			t.Fatal(l)
		}
		all[f[2]] = f[4]
	}
	return all
}

// TestRandomAdministrators has three administrators edit objects of their own
// at random, commit their part or all, and take their part back, while jobs
// last for some lines. What runs is always what was committed last, and the
// candidate that with what is pending.
func TestRandomAdministrators(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 1))
		d := New(Options{})
		names := []string{"ann", "bob", "cyd"}
		var sessions []*Session
		pending := map[string]map[string]string{} // "" for what is deleted
		for _, n := range names {
			s := d.login(n)
			s.Send("configure")
			sessions, pending[n] = append(sessions, s), map[string]string{}
		}
		running := map[string]string{}
		commit := func(n string) {
			for k, v := range pending[n] {
				running[k] = v
				if v == "" {
					delete(running, k)
				}
			}
			pending[n] = map[string]string{}
		}
		var typed []string
		for range 60 {
			i := r.IntN(3)
			n, s := names[i], sessions[i]
			d.SetFaults(Faults{JobLines: r.IntN(3) * r.IntN(2)})
			object := fmt.Sprintf("%s%d", n, r.IntN(4))
			line := ""
			switch r.IntN(8) {
			case 0, 1, 2:
				ip := fmt.Sprintf("10.0.0.%d", r.IntN(250))
				line = "set address " + object + " ip-netmask " + ip
				pending[n][object] = ip
			case 3:
				line = "delete address " + object
				_, had := pending[n][object]
				if running[object] == "" && !had || had && pending[n][object] == "" {
					continue
				}
				pending[n][object] = ""
			case 4:
				line = "commit partial admin " + n
				commit(n)
			case 5:
				line = "commit"
				for _, n := range names {
					commit(n)
				}
			case 6:
				line = "revert config partial admin " + n
				pending[n] = map[string]string{}
			case 7:
				line = "validate full"
			}
			typed = append(typed, n+": "+line)
			if a := s.Send(line); s.Refused(a) {
				t.Fatalf("seed %d: %s\n%s", seed, strings.Join(typed, "\n"), a)
			}
			for range 12 { // until the jobs have ended
				s.Send("run show jobs pending")
			}
			candidate := maps.Clone(running)
			for _, n := range names {
				for k, v := range pending[n] {
					candidate[k] = v
					if v == "" {
						delete(candidate, k)
					}
				}
			}
			if !maps.Equal(addresses(t, d.Running()), running) || !maps.Equal(addresses(t, d.Candidate()), candidate) {
				t.Fatalf("seed %d: %s\nrunning:\n%swant %v\ncandidate:\n%swant %v", seed, strings.Join(typed, "\n"), d.Running(), running, d.Candidate(), candidate)
			}
			if len(d.pending) == 0 && !d.candidate.same(d.running) {
				t.Fatalf("seed %d: %s\nnothing is pending, but the candidate differs", seed, strings.Join(typed, "\n"))
			}
		}
	}
}
