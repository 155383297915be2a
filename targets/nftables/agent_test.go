package nftables

import (
	"context"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/nbfwc/nbfwc/targets"
)

// The program that loads a change says that it will go back before it loads
// anything, and goes back when its time is over; what was confirmed stays. nft is
// played by a script that writes down when it was called.
func TestTheAgentCanGoBackBeforeItLoads(t *testing.T) {
	for _, c := range []struct {
		name, during string // what happens while the new rules are loaded
		status       string // of loading them
		want         []string
		end          string // the file that says where it ended
	}{
		{"nobody confirms", "", "0", []string{"new armed", "old fired"}, "fired"},
		{"somebody confirms", "mv armed confirmed", "0", []string{"new armed"}, "confirmed"},
		{"somebody asks to go back", ": >now", "0", []string{"new armed", "old fired"}, "fired"},
		{"nft refuses", "", "1", []string{"new armed"}, "failed"},
		{"nft is killed", "", "137", []string{"new armed", "old fired"}, "fired"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			write := func(name, text string) {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o700); err != nil {
					t.Fatal(err)
				}
			}
			nft := filepath.Join(dir, "nft")
			write("nft", `#!/bin/sh
read which
for f in ready armed confirmed fired failed; do [ -e $f ] && echo "$which $f" >>calls; done
[ $which = new ] || exit 0
`+c.during+`
exit `+c.status+"\n")
			write("new.nft", "new\n")
			write("old.nft", "old\n")
			write("ready", "")
			if out, err := exec.Command("sh", "-c", agent(&host{uid: "0", nft: nft}, dir, 1)).CombinedOutput(); err != nil {
				t.Fatalf("%v %s", err, out)
			}
			calls, err := os.ReadFile(filepath.Join(dir, "calls"))
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Split(strings.TrimSpace(string(calls)), "\n"); !slices.Equal(got, c.want) {
				t.Errorf("nft was called with %q, want %q", got, c.want)
			}
			if _, err := os.Stat(filepath.Join(dir, c.end)); err != nil {
				t.Error(err)
			}
		})
	}
}

// notes is a machine that says that all went well, and what was typed.
type notes struct{ typed []string }

func (n *notes) Do(_ context.Context, commands ...targets.Command) ([]string, error) {
	var answers []string
	for _, c := range commands {
		n.typed = append(n.typed, c.Line)
		answers = append(answers, "status 0\n")
	}
	return answers, nil
}
func (*notes) Mode() string                          { return "shell" }
func (*notes) ReadOnly() bool                        { return false }
func (*notes) Ends() (client, device netip.AddrPort) { return }
func (*notes) Close() error                          { return nil }

// Each step of Settle ends what it finds: after it nothing runs that would
// change the machine later.
func TestStepsOfSettle(t *testing.T) {
	for _, c := range []struct {
		name  string
		at    stands
		typed string // part of the only line, "" for none
		done  bool
	}{
		{"nothing is there", stands{}, "", true},
		{"it was being prepared", stands{dir: true}, "", true},
		{"it was ready", stands{dir: true, token: "ready"}, "/ready /run/nbfwc/1000/p1/settled", false},
		{"it waits for the confirmation", stands{dir: true, token: "armed", loaded: "0", alive: true}, ": >/run/nbfwc/1000/p1/now; ", false},
		{"the agent has died", stands{dir: true, token: "armed", loaded: "0"}, "/armed /run/nbfwc/1000/p1/fired", false},
		{"it goes back", stands{dir: true, token: "fired", alive: true}, "[ ! -e back ]", false},
		{"it has gone back", stands{dir: true, token: "fired", back: "0"}, "", true},
		{"it died while it went back", stands{dir: true, token: "fired"}, "/old.nft", false},
		{"it couldn't go back", stands{dir: true, token: "fired", back: "1", alive: true}, "/old.nft", false},
		{"it was confirmed", stands{dir: true, token: "confirmed"}, "", true},
		{"nft refused it", stands{dir: true, token: "failed", loaded: "1"}, "", true},
		{"it was settled", stands{dir: true, token: "settled"}, "", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &notes{}
			h := &host{s: s, uid: "1000", user: "ops", nft: "/usr/sbin/nft", sudo: "/usr/bin/sudo"}
			done, err := h.settle(t.Context(), &targets.Push{ID: "p1"}, c.at, func(string) {})
			if err != nil || done != c.done {
				t.Errorf("done %v, %v", done, err)
			}
			if c.typed == "" && len(s.typed) > 0 || c.typed != "" && (len(s.typed) != 1 || !strings.Contains(s.typed[0], c.typed)) {
				t.Errorf("typed %q", s.typed)
			}
		})
	}
}
