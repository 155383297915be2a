package panos

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// change is an edit of the candidate that hasn't been committed.
type change struct {
	seq    int
	admin  string
	action string // SET, EDIT, ...
	path   string
	scope  string // the virtual system or "shared", "" for the device itself
	at     time.Time
	do     func(*node) error
}

// note remembers an edit that was done on the candidate.
func (d *Device) note(s *Session, action string, toks []token, do func(*node) error) {
	d.edits++
	var path []string
	for _, t := range toks {
		if t.bracket() || len(path) == 6 {
			break
		}
		path = append(path, quote(t.text))
	}
	c := change{seq: d.edits, admin: s.admin, action: strings.ToUpper(action), path: strings.Join(path, " "), at: d.now(), do: do, scope: "vsys1"}
	if s.target != "" {
		c.scope = s.target
	}
	switch {
	case len(toks) == 0:
		c.scope = ""
	case (toks[0].is("vsys") || toks[0].is("device-group")) && len(toks) > 1:
		c.scope = toks[1].text
	case toks[0].is("shared"):
		c.scope = shared
	case d.running.s.byWord[toks[0].text] != nil:
		c.scope = ""
	}
	d.pending = append(d.pending, c)
}

// journal lists the edits of an administrator, of all if there is no name,
// that aren't committed.
func (d *Device) journal(admin string) []change {
	return slices.DeleteFunc(slices.Clone(d.pending), func(c change) bool { return admin != "" && c.admin != admin })
}

// showList is "show config list".
func (d *Device) showList(f []string) (string, error) {
	admin := ""
	if len(f) == 4 && f[1] == "partial" && f[2] == "admin" {
		admin, f = f[3], f[:1]
	}
	if len(f) != 1 {
		return "", errSyntax
	}
	list := d.journal(admin)
	var b strings.Builder
	switch f[0] {
	case "admins":
		for _, a := range distinct(list, func(c change) string { return c.admin }) {
			b.WriteString(a + "\n")
		}
	case "changes":
		if len(list) == 0 {
			return "", nil
		}
		fmt.Fprintf(&b, "%-20s %-16s %-8s %s\n%s\n", "Time", "Owner", "Action", "Path", strings.Repeat("-", 90))
		for _, c := range list {
			fmt.Fprintf(&b, "%s\n", strings.TrimRight(fmt.Sprintf("%-20s %-16s %-8s %s", c.at.Format(stamp), c.admin, c.action, c.path), " "))
		}
	case "change-summary":
		if len(list) == 0 {
			return "", nil
		}
		yes := func(ok bool) string {
			if ok {
				return "yes"
			}
			return "no"
		}
		fmt.Fprintf(&b, "admins: %s\n", strings.Join(distinct(list, func(c change) string { return c.admin }), " "))
		scopes := distinct(list, func(c change) string { return c.scope })
		fmt.Fprintf(&b, "device-and-network: %s\nshared-object: %s\nlocations: %s\n", yes(slices.Contains(scopes, "")), yes(slices.Contains(scopes, shared)),
			strings.Join(slices.DeleteFunc(scopes, func(s string) bool { return s == "" || s == shared }), " "))
	default:
		return "", errSyntax
	}
	return b.String(), nil
}

// distinct are the values of a list of changes, sorted.
func distinct(list []change, of func(change) string) []string {
	var all []string
	for _, c := range list {
		all = append(all, of(c))
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// diff says by "- " and "+ " how one text becomes another, line by line.
func diff(from, to []string) string {
	var b strings.Builder
	a, c := 0, 0
	flush := func(i, j int) {
		for ; a < i; a++ {
			b.WriteString("- " + from[a] + "\n")
		}
		for ; c < j; c++ {
			b.WriteString("+ " + to[c] + "\n")
		}
	}
	for _, m := range common(from, to) {
		flush(m[0], m[1])
		a, c = m[0]+1, m[1]+1
	}
	flush(len(from), len(to))
	return b.String()
}

// common pairs lines that stay: those at both ends, and of those that are
// there once, the most that keep their order.
func common(from, to []string) [][2]int {
	low := 0
	for low < len(from) && low < len(to) && from[low] == to[low] {
		low++
	}
	i, j := len(from), len(to)
	for i > low && j > low && from[i-1] == to[j-1] {
		i, j = i-1, j-1
	}
	var pairs [][2]int
	for k := range low {
		pairs = append(pairs, [2]int{k, k})
	}
	pairs = append(pairs, increasing(unique(from, to, low, i, j))...)
	for k := i; k < len(from); k++ {
		pairs = append(pairs, [2]int{k, j + k - i})
	}
	return pairs
}

// unique pairs the lines that both texts have once between the bounds.
func unique(from, to []string, low, i, j int) [][2]int {
	type seen struct{ n, m, at int }
	all := map[string]*seen{}
	for _, l := range from[low:i] {
		if all[l] == nil {
			all[l] = &seen{}
		}
		all[l].n++
	}
	for k, l := range to[low:j] {
		if x := all[l]; x != nil {
			x.m, x.at = x.m+1, low+k
		}
	}
	var pairs [][2]int
	for k, l := range from[low:i] {
		if x := all[l]; x.n == 1 && x.m == 1 {
			pairs = append(pairs, [2]int{low + k, x.at})
		}
	}
	return pairs
}

// increasing is the longest part of the pairs whose second halves increase.
func increasing(pairs [][2]int) [][2]int {
	var ends, before []int
	for k, p := range pairs {
		at, _ := slices.BinarySearchFunc(ends, p[1], func(e, v int) int { return pairs[e][1] - v })
		if at == len(ends) {
			ends = append(ends, k)
		} else {
			ends[at] = k
		}
		last := -1
		if at > 0 {
			last = ends[at-1]
		}
		before = append(before, last)
	}
	var out [][2]int
	if len(ends) > 0 {
		for k := ends[len(ends)-1]; k >= 0; k = before[k] {
			out = append(out, pairs[k])
		}
	}
	slices.Reverse(out)
	return out
}

// showDiff compares the candidate with the running configuration.
func (s *Session) showDiff() string {
	print := map[string]func(*node) string{"set": s.d.asSet, "xml": s.d.asXML}[s.format]
	if print == nil {
		print = s.d.asBraces
	}
	lines := func(n *node) []string { return strings.Split(strings.TrimSuffix(print(n), "\n"), "\n") }
	return diff(lines(s.d.running), lines(s.d.candidate))
}
