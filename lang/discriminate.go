package lang

import (
	"strconv"
	"strings"
)

// discriminate tells the groups of one block apart in words: by what differs
// among them, and by a number if that is not enough.
func (g *grouper) discriminate() {
	for _, d := range g.l.policy.Domains {
		for from := 0; from < len(d.Groups); {
			to := from + 1
			for to < len(d.Groups) && d.Groups[to].Block == d.Groups[from].Block {
				to++
			}
			if to-from > 1 {
				tellApart(d.Groups[from:to])
			}
			from = to
		}
	}
}

// traits are the things by which groups of a block can differ, in the order in
// which they are said.
var traits = []func(*Group) string{
	func(g *Group) string { return g.Facts.Version.String() },
	func(g *Group) string { return eachLeg(g, func(l *Leg) string { return l.Zone.Name }) },
	func(g *Group) string {
		return joinNames(g.Roles, roleName)
	},
	func(g *Group) string {
		return joinNames(g.Facts.Features, featureName)
	},
	func(g *Group) string {
		var declared []Setting
		for _, s := range g.Facts.Settings {
			if s.Declared {
				declared = append(declared, s)
			}
		}
		return joinNames(declared, func(s Setting) string { return s.Name + "=" + settingText(s.Value) })
	},
	func(g *Group) string {
		return eachLeg(g, func(l *Leg) string {
			if l.IPv6 {
				return "IPv6"
			}
			return "IPv4"
		})
	},
	func(g *Group) string {
		return eachLeg(g, func(l *Leg) string {
			if l.Name != "" {
				return l.Name
			}
			return useNames[l.Use]
		})
	},
	func(g *Group) string { return strings.Join(g.Also, "+") },
}

var useNames = [...]string{Data: "data", Backup: "backup", IPMI: "ipmi", Virtual: "virtual"}

// String is the use as a policy writes it.
func (u Use) String() string { return useNames[u] }

// eachLeg joins what the legs say, each word once.
func eachLeg(g *Group, f func(*Leg) string) string {
	var words []string
	for i := range g.Legs {
		words = appendOnce(words, f(&g.Legs[i]))
	}
	return strings.Join(words, "+")
}

func joinNames[T any](xs []T, name func(T) string) string {
	words := make([]string, len(xs))
	for i, x := range xs {
		words[i] = name(x)
	}
	return strings.Join(words, "+")
}

func tellApart(groups []*Group) {
	words := make([][]string, len(groups))
	for _, trait := range traits {
		differs := false
		texts := make([]string, len(groups))
		for i, g := range groups {
			texts[i] = trait(g)
			differs = differs || texts[i] != texts[0]
		}
		for i, t := range texts {
			if differs && t != "" {
				words[i] = append(words[i], t)
			}
		}
	}
	taken := map[string]int{}
	for i, g := range groups {
		d := strings.Join(words[i], ", ")
		taken[d]++
		if n := taken[d]; n > 1 || d == "" {
			d = strings.TrimPrefix(d+", "+strconv.Itoa(n), ", ")
		}
		g.Discriminator = d
	}
}
