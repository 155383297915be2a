package drift

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/nbfwc/nbfwc/compile"
	"github.com/nbfwc/nbfwc/ruleset"
)

const (
	// maxGuesses bounds the hosts blocks for which roles are tried, maxTried
	// the rules of configurations with which they are.
	maxGuesses = 40
	maxTried   = 5_000
)

// draftVersions are the versions that roles are tried with, the likeliest
// first.
var draftVersions = []string{"7.6", "7.0"}

// guessRoles writes roles where they open nothing that a configuration doesn't
// permit, with the version by which they explain the most.
func (d *drafter) guessRoles() error {
	rules := 0
	for _, fw := range d.firewalls {
		for _, s := range fw.rs.Stages {
			rules += len(s.Rules)
		}
	}
	if len(d.hosts) == 0 || len(d.hosts) > maxGuesses || rules > maxTried {
		return nil
	}
	var best []Guess
	most, version := -1, ""
	for _, v := range draftVersions {
		d.version = v
		known, err := d.tryRoles()
		if err != nil {
			return err
		}
		if len(known) > most {
			most, version = len(known), v
			best = nil
			for _, h := range d.hosts {
				best = append(best, h.guess)
			}
		}
	}
	d.version = version
	for k, h := range d.hosts {
		h.guess = best[k]
	}
	g, err := d.load(nil)
	if err != nil {
		return err
	}
	d.makeFlows(d.explain(g))
	return nil
}

// tryRoles guesses the roles of all hosts, the surest first, and returns what
// they explain.
func (d *drafter) tryRoles() (explained, error) {
	order := make([]int, len(d.hosts))
	for k, h := range d.hosts {
		order[k] = k
		h.guess = d.guess(k)
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(d.hosts[b].guess.Percent, d.hosts[a].guess.Percent) })
	for _, k := range order {
		h := d.hosts[k]
		first := h.guess
		for _, roles := range likelyRoles(first.Roles) {
			h.guess.Roles, h.guess.Written, h.guess.Against = roles, true, ""
			if against := d.opens(); against != "" {
				if first.Against == "" {
					first.Against = against
				}
				h.guess = first
				continue
			}
			if len(roles) > 0 && roles[0] != first.Roles[0] {
				h.guess.Percent = min(h.guess.Percent, 20)
				h.guess.Evidence = append(slices.Clip(h.guess.Evidence), "the likelier role "+first.Roles[0]+" would open more")
			}
			break
		}
	}
	g, err := d.load(nil)
	if err != nil {
		return nil, err
	}
	known := d.explain(g)
	used := map[int]bool{}
	for ends := range known {
		used[ends[0]], used[ends[1]] = true, true
	}
	for k, h := range d.hosts {
		if h.guess.Written && !used[k] {
			h.guess.Written, h.guess.Against = false, "The roles explain none of the permits."
		}
	}
	return known, nil
}

// likelyRoles are the roles of a guess, and what hosts that aren't that could be
// as well.
func likelyRoles(guess []string) [][]string {
	out := [][]string{guess}
	for _, r := range []string{"master", "client"} {
		if guess[0] != r && guess[0] == "media" {
			out = append(out, []string{r})
		}
	}
	return out
}

// opens says what the draft would open that a configuration doesn't permit, ""
// if it opens nothing.
func (d *drafter) opens() string {
	g, err := d.load(nil)
	if err != nil {
		return "Not written: " + err.Error()
	}
	for i, fw := range d.firewalls {
		diff, _, err := d.differences(g, i)
		if err != nil {
			return "Not written: " + err.Error()
		}
		for _, x := range slices.Concat(diff.Certain, diff.Unknown) {
			if x.Want == ruleset.Passes {
				return clipText(fmt.Sprintf("Not written: it would open %s to %s, %s on %s.", x.Src, x.Dst, x.Service, fw.label), 200)
			}
		}
	}
	return ""
}

// explain says what the rows of the catalogue open between hosts of the draft.
func (d *drafter) explain(g *compile.Graph) explained {
	at := map[string]int{}
	for k, h := range d.hosts {
		at[h.label] = k
	}
	known := explained{}
	for i := range g.Flows {
		f := &g.Flows[i]
		if f.Row == nil || len(f.Paths) == 0 || f.From.Group == nil || f.To.Group == nil {
			continue
		}
		ends := [2]int{at[f.From.Group.Block], at[f.To.Group.Block]}
		for _, p := range f.Ports {
			b := ruleset.ServiceBox{ProtoFrom: p.Proto, ProtoTo: p.Proto, Src: ruleset.PortRange{To: 65535}, Dst: ruleset.PortRange{From: p.From, To: p.To}}
			known[ends] = known[ends].Union(ruleset.NewServiceSet(b))
		}
	}
	return known
}

// guess is what the ports and the names of hosts say of their roles.
func (d *drafter) guess(k int) Guess {
	h := d.hosts[k]
	var listens, asks ruleset.ServiceSet
	servers, clients := 0, 0
	for _, p := range d.pairs {
		if p.from == k {
			asks = asks.Union(p.service)
			servers++
		}
		if p.to == k {
			listens = listens.Union(p.service)
			clients++
		}
	}
	on := func(s ruleset.ServiceSet, port uint16) bool { return s.Contains(ruleset.TCP, 40000, port) }
	words := strings.ToLower(h.label)
	for _, r := range h.set.Ranges() {
		words += " " + strings.ToLower(h.names[r.From])
	}
	named := func(list ...string) bool {
		return slices.ContainsFunc(list, func(w string) bool { return strings.Contains(words, w) })
	}
	score := map[string]int{}
	var evidence []string
	note := func(role string, points int, text string) {
		score[role] += points
		evidence = append(evidence, text)
	}
	switch {
	case named("master", "primary"):
		note("master", 40, "the name says master server")
	case named("media", "msdp"):
		note("media", 40, "the name says media server")
	case named("client", "db", "web", "files"):
		note("client", 30, "the name says client")
	}
	if on(listens, 13720) {
		note("master", 45, "listens on bprd, tcp 13720")
	}
	if on(listens, 10082) || on(listens, 10102) {
		note("media", 50, "listens on spoold or spad, tcp 10082 and 10102")
	}
	if on(asks, 13720) {
		note("client", 35, "asks bprd, tcp 13720")
	}
	if on(asks, 10082) || on(asks, 10102) {
		note("client", 30, "sends to deduplication storage, tcp 10082 and 10102")
	}
	if on(listens, 13782) || on(listens, 13724) {
		note("client", 20, "is contacted on bpcd or vnetd, tcp 13782 and 13724")
	}
	if on(asks, 1556) || on(asks, 13724) || on(asks, 13782) {
		note("media", 15, fmt.Sprintf("contacts others (%d) on PBX, vnetd or bpcd", servers))
	}
	if on(listens, 1556) {
		note("client", 15, fmt.Sprintf("is contacted by others (%d) on PBX, tcp 1556", clients))
	}
	g := Guess{Evidence: evidence}
	role := ""
	for _, r := range []string{"master", "media", "client"} {
		if score[r] > score[role] {
			role = r
		}
	}
	if role == "" {
		role = "client"
	}
	g.Roles, g.Percent = []string{role}, min(95, max(10, score[role]))
	if role == "media" && (on(listens, 10082) || on(listens, 10102)) {
		g.Roles = append(g.Roles, "msdp")
	}
	if len(evidence) == 0 {
		g.Evidence = []string{"only ports that say little of a role"}
	}
	return g
}
