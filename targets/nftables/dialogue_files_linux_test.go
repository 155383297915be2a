package nftables

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/nbfwc/nbfwc/lab/kernel"
	"github.com/nbfwc/nbfwc/targets"
)

// rulesOn is what the kernel has, as Fetch returns it.
func rulesOn(t *testing.T, n *kernel.Net) string {
	t.Helper()
	text, err := n.Exec("r", "", "nft", "-s", "list", "ruleset")
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func mustLoad(t *testing.T, n *kernel.Net, what, text string) {
	t.Helper()
	if err := n.Load("r", text); err != nil {
		t.Fatalf("%s: %v\n%s", what, err, text)
	}
}

// oursOnly are the pieces of a listing that are ours and not empty, and what is
// left when they are taken out.
func oursOnly(t *testing.T, text string) (ours, others string) {
	t.Helper()
	others, _, err := without(text, func(p piece) bool { return p.isTable() || p.ours() || p.section && p.kind == "ct" })
	if err != nil {
		t.Fatal(err)
	}
	pieces, err := piecesOf(text)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, p := range pieces {
		if p.isTable() || p.ours() {
			list = append(list, objectOf(p).String()+"\n"+p.text)
		}
	}
	return strings.Join(slices.Sorted(slices.Values(list)), "\n"), strings.Join(strings.Fields(others), " ")
}

// othersTables is what a machine has besides.
const othersTables = `table ip nat {
	chain post { type nat hook postrouting priority srcnat; policy accept; oifname "b0" masquerade; }
}
table inet f2b-table {
	set addr { type ipv4_addr; elements = { 198.51.100.7 } }
	chain f2b { type filter hook input priority filter - 1; policy accept; ip saddr @addr drop; }
}
`

// The file to go back by leads from both states, before the load and after it,
// to what was there before, and touches nothing of others; so does the file of
// a Restore, and the file to go back from that.
func TestGoingBackLeadsToTheOldRulesFromBothStates(t *testing.T) {
	if !kernel.Require(t) {
		return
	}
	n := newNet(t, kernel.Topology{Routers: []kernel.Router{{Name: "r"}}})
	opt := targets.ParseOptions{}
	parseText := func(text string) *targets.Config {
		c, err := Target{}.Parse(strings.NewReader(text), opt)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	for round := range 12 {
		section := round%2 == 1
		m := &jobMaker{Rand: rand.New(rand.NewPCG(77, uint64(round))), section: section, self: round%4 > 1}
		// A place for a section is there also where the firewall is exclusive.
		base := othersTables + userTable("forward")
		if m.self {
			base = othersTables + userTable("forward", "input", "output")
		}
		t.Run(fmt.Sprint(round), func(t *testing.T) {
			if err := n.Flush("r"); err != nil {
				t.Fatal(err)
			}
			mustLoad(t, n, "the tables of others", base)
			// The machine goes through jobs, the first of which finds nothing.
			for step := range 4 {
				before := rulesOn(t, n)
				change, problems := Target{}.Plan(parseText(before), m.job(), targets.PlanOptions{})
				if change == nil {
					t.Fatal(problems)
				}
				if step == 3 { // a push that undoes everything
					change, problems = Target{}.Restore(parseText(before), parseText(userOnly(t, before)))
					if change == nil {
						t.Fatal(problems)
					}
				}
				if len(change.Steps) == 0 {
					continue
				}
				f, err := fileOf(change)
				if err != nil {
					t.Fatal(err)
				}
				back, err := f.back(before)
				if err != nil {
					t.Fatal(err)
				}
				ours, others := oursOnly(t, before)
				same := func(when string) {
					haveOurs, haveOthers := oursOnly(t, rulesOn(t, n))
					if haveOthers != others {
						t.Fatalf("step %d, %s: what is of others was %s\nand is %s", step, when, others, haveOthers)
					}
					if when != "loaded" && haveOurs != ours {
						t.Fatalf("step %d, %s: ours was\n%s\nand is\n%s\nafter\n%s", step, when, ours, haveOurs, back)
					}
				}
				mustLoad(t, n, "going back before the load", back)
				same("back before the load")
				mustLoad(t, n, "the change", f.text)
				same("loaded")
				if ok, err := f.loadedIn(rulesOn(t, n)); err != nil || !ok {
					t.Fatalf("step %d: what was loaded isn't found in the listing: %v\n%s\n%s", step, err, f.text, rulesOn(t, n))
				}
				mustLoad(t, n, "going back", back)
				same("back")
				mustLoad(t, n, "going back again", back)
				same("back again")
				mustLoad(t, n, "the change again", f.text)
				boots(t, n, base)
				if body, err := bootOf(rulesOn(t, n)); err != nil || step == 3 && body != "" {
					t.Fatalf("nothing of ours is left, and at boot is loaded\n%s%v", body, err)
				}
			}
		})
	}
}

// userOnly is a listing without anything of ours, but with the chains that the
// user made for us to be entered.
func userOnly(t *testing.T, text string) string {
	t.Helper()
	rest, _, err := without(text, func(p piece) bool {
		return p.isTable() || p.ours() && p.name != "nb_section" && p.name != "nb_section-input" && p.name != "nb_section-output"
	})
	if err != nil {
		t.Fatal(err)
	}
	pieces, err := piecesOf(rest)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range pieces {
		if p.ours() {
			rest = strings.Replace(rest, p.text, "chain "+p.name+" {\n\t}", 1)
		}
	}
	return rest
}

// boots says whether what a machine keeps for its boot does what runs now.
func boots(t *testing.T, n *kernel.Net, base string) {
	t.Helper()
	now := rulesOn(t, n)
	body, err := bootOf(now)
	if err != nil {
		t.Fatal(err)
	}
	mustLoad(t, n, "the configuration at boot", "flush ruleset\n"+base+"\n"+body)
	have, err := parse(rulesOn(t, n), targets.ParseOptions{})
	if err != nil {
		t.Fatal(err)
	}
	want, err := parse(now, targets.ParseOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if have.Digest != want.Digest {
		t.Fatalf("after a boot the machine has\n%s\nand had\n%s\nby\n%s", rulesOn(t, n), now, body)
	}
}
