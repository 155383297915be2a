package paloalto

import (
	"slices"

	"github.com/nbfwc/nbfwc/targets"
)

// ordered are all rules of our rule base as the job wants them: what is ours
// replaced, rules of others as they are. It refuses where that isn't settled.
func (p *planner) ordered(own *ours, job *targets.Job, opt targets.PlanOptions) []rule {
	have := p.have.context().base(p.have.panorama).security.list
	var others []rule
	for i := range have {
		if !p.isOurs(&have[i].entry) {
			others = append(others, have[i])
		}
	}
	mine := p.keepTags(own.rules)
	if job.Manage == targets.Exclusive {
		if len(others) > 0 && !opt.TakeOver {
			p.problem(job.Firewall, "an exclusive firewall has no rules of others, and these would be removed: %s; allow it with -take-over, or use manage = \"section\"", listNames(others, 5))
		}
		return mine
	}
	return p.inSection(have, others, mine, job.Anchor)
}

// keepTags gives rules of ours the tags that others have put on them.
func (p *planner) keepTags(mine []rule) []rule {
	have := &p.have.context().base(p.have.panorama).security
	mine = slices.Clone(mine)
	for i := range mine {
		if r := have.get(mine[i].name); r != nil && p.isOurs(&r.entry) {
			mine[i].tags = r.tags
		}
	}
	return mine
}

// inSection puts our rules where ours stand, or at the anchor if none does. Of
// those that stand there, as many as can stay where they are; a new one comes
// next after the one that it follows.
func (p *planner) inSection(have, others, mine []rule, anchor string) []rule {
	place := make(map[string]int, len(mine))
	for i := range mine {
		place[mine[i].name] = i
	}
	var places []int // in mine, of the rules of ours that the device has
	first := -1
	before := 0 // rules of others before the first one of ours
	for i := range have {
		if !p.isOurs(&have[i].entry) {
			if first < 0 {
				before++
			}
			continue
		}
		if first < 0 {
			first = i
		}
		if k, ok := place[have[i].name]; ok {
			places = append(places, k)
		}
	}
	keep := longestAscending(places)
	switch {
	case len(mine) == 0:
		return others
	case first < 0:
		return p.atAnchor(others, mine, anchor)
	case len(keep) == 0:
		return slices.Concat(others[:before], mine, others[before:])
	}
	next := map[int]int{} // from a kept rule to the one after it in mine
	for i, k := range keep {
		next[k] = len(mine)
		if i+1 < len(keep) {
			next[k] = keep[i+1]
		}
	}
	var out []rule
	for i := range have {
		if !p.isOurs(&have[i].entry) {
			out = append(out, have[i])
			continue
		}
		k, ok := place[have[i].name]
		if !ok {
			continue
		}
		end, kept := next[k]
		if !kept {
			continue
		}
		from := k
		if k == keep[0] {
			from = 0
		}
		out = append(out, mine[from:end]...)
	}
	return out
}

// atAnchor puts a new section into the rules of others.
func (p *planner) atAnchor(others, mine []rule, text string) []rule {
	if len(others) == 0 {
		return mine
	}
	if text == "" {
		p.problem(p.firewall, "nothing says where our rules belong among those of others (%s); give the anchor \"top\", \"bottom\", \"before NAME\" or \"after NAME\"", listNames(others, 5))
		return nil
	}
	a, _ := targets.ParseAnchor(text) // checked with the job
	at := 0
	switch a.Place {
	case targets.Bottom:
		at = len(others)
		for at > 0 && others[at-1].refusesAll() {
			at--
		}
	case targets.Before, targets.After:
		at = slices.IndexFunc(others, func(r rule) bool { return r.name == a.Name })
		if at < 0 {
			p.problem(text, "no rule is called %q; there are %s", a.Name, listNames(others, 8))
			return nil
		}
		if a.Place == targets.After {
			at++
		}
	}
	return slices.Concat(others[:at], mine, others[at:])
}

// refusesAll says whether no packet gets past the rule, and none through it.
func (r *rule) refusesAll() bool {
	every := func(list []string) bool { return slices.Contains(list, "any") }
	return r.action != "allow" && !r.disabled && r.ruleType == "universal" &&
		every(r.from) && every(r.to) && every(r.source) && every(r.destination) &&
		every(r.application) && every(r.service) && !r.negateSource && !r.negateDest &&
		r.sourceUser == nil && r.category == nil && r.sourceHIP == nil && r.destHIP == nil &&
		r.schedule == "" && r.target == "" && len(r.unknown) == 0
}

// longestAscending returns a longest ascending part of a list of different
// numbers, in n log n.
func longestAscending(list []int) []int {
	var ends []int // place in list of the last number of the best run of each length
	before := make([]int, len(list))
	for i, v := range list {
		n, _ := slices.BinarySearchFunc(ends, v, func(e, v int) int { return list[e] - v })
		if before[i] = -1; n > 0 {
			before[i] = ends[n-1]
		}
		if n == len(ends) {
			ends = append(ends, i)
		} else {
			ends[n] = i
		}
	}
	if len(ends) == 0 {
		return nil
	}
	out := make([]int, 0, len(ends))
	for i := ends[len(ends)-1]; i >= 0; i = before[i] {
		out = append(out, list[i])
	}
	slices.Reverse(out)
	return out
}

// moves are the commands that bring the rules of the candidate into their order:
// those that it has in the order of have, then the new ones in the order of
// want. Rules of others are never moved. Rules that will be deleted don't count.
func (p *planner) moves(s speech, have, want []rule, fresh map[string]bool) []string {
	stays := p.staying(have, want, fresh)
	// New rules that are to be at the end are there.
	end := len(want)
	for end > 0 && fresh[want[end-1].name] {
		end--
	}
	var out []string
	for i := range end {
		name := want[i].name
		switch {
		case stays[name]:
		case i == 0:
			out = append(out, "move "+s.rule(name)+" top")
		default:
			out = append(out, "move "+s.rule(name)+" after "+p.word(want[i-1].name))
		}
	}
	return out
}

// staying are the rules that needn't be moved: those of others, and between any
// two of them as many of ours as possible.
func (p *planner) staying(have, want []rule, fresh map[string]bool) map[string]bool {
	type spot struct{ gap, place int }
	spots := map[string]spot{}
	gap := 0
	for i := range want {
		if !p.isOurs(&want[i].entry) {
			gap++
		}
		spots[want[i].name] = spot{gap, i}
	}
	stays := map[string]bool{}
	gap = 0
	var places []int
	flush := func() {
		for _, k := range longestAscending(places) {
			stays[want[k].name] = true
		}
		places = places[:0]
	}
	for i := range have {
		at, ok := spots[have[i].name]
		switch {
		case !ok || fresh[have[i].name]:
		case !p.isOurs(&have[i].entry):
			flush()
			gap++
			stays[have[i].name] = true
		case at.gap == gap:
			places = append(places, at.place)
		}
	}
	flush()
	return stays
}
