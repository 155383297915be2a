package ruleset

import (
	"slices"
	"strconv"
	"strings"
)

// A side is one of the rule sets that are looked at together, with its sets
// replaced by numbers.
type side struct {
	rs    *RuleSet
	rules [][]numbered // of each stage
	// bounds are the runs: run i is the stages from bounds[i] to before
	// bounds[i+1].
	bounds []int
}

// A numbered is a rule with its sets replaced by numbers. A set that has no
// address of a family has the number of the empty set there.
type numbered struct {
	pair       int32 // of interface sets
	src4, dst4 int32
	src6, dst6 int32
	svc        int32
}

// numbers are the sets of all sides, each once.
type numbers struct {
	src4, dst4   interned[[]span[ip4]]
	src6, dst6   interned[[]span[ip6]]
	svc          interned[ServiceSet]
	ins, outs    interned[IfaceSet]
	pairs        interned[[2]int32]
	seenAddr     map[*addrs][4]int32
	seenServices map[*services]int32
}

func newNumbers() *numbers {
	n := &numbers{seenAddr: map[*addrs][4]int32{}, seenServices: map[*services]int32{}}
	same4 := func(a, b []span[ip4]) bool { return slices.Equal(a, b) }
	same6 := func(a, b []span[ip6]) bool { return slices.Equal(a, b) }
	n.src4, n.dst4 = interned[[]span[ip4]]{hash: hash4, same: same4}, interned[[]span[ip4]]{hash: hash4, same: same4}
	n.src6, n.dst6 = interned[[]span[ip6]]{hash: hash6, same: same6}, interned[[]span[ip6]]{hash: hash6, same: same6}
	n.svc = interned[ServiceSet]{hash: hashBoxes, same: ServiceSet.Equal}
	ifaces := interned[IfaceSet]{hash: hashIfaces, same: IfaceSet.Equal}
	n.ins, n.outs = ifaces, ifaces
	n.pairs = interned[[2]int32]{
		hash: func(p [2]int32) uint64 { return mix(uint64(uint32(p[0]))<<32 | uint64(uint32(p[1]))) },
		same: func(a, b [2]int32) bool { return a == b },
	}
	return n
}

func hashIfaces(s IfaceSet) uint64 {
	h := uint64(len(s.labels))
	if s.only {
		h = ^h
	}
	for _, l := range s.labels {
		for i := range len(l) {
			h = (h ^ uint64(l[i])) * 0x100000001b3
		}
		h = mix(h)
	}
	return h
}

// side numbers the sets of a rule set.
func (n *numbers) side(rs *RuleSet) *side {
	s := &side{rs: rs, rules: make([][]numbered, len(rs.Stages))}
	for i := range rs.Stages {
		st := &rs.Stages[i]
		n.ins.id(st.In)
		n.outs.id(st.Out)
		s.rules[i] = make([]numbered, len(st.Rules))
		for j := range st.Rules {
			s.rules[i][j] = n.rule(st, &st.Rules[j])
		}
	}
	for i := 0; i < len(rs.Stages); i = rs.runEnd(i) {
		s.bounds = append(s.bounds, i)
	}
	s.bounds = append(s.bounds, len(rs.Stages))
	return s
}

func (n *numbers) rule(st *Stage, r *Rule) numbered {
	src, dst := n.address(r.Src), n.address(r.Dst)
	return numbered{
		pair: n.pair(st.In.Intersect(r.In), st.Out.Intersect(r.Out)),
		src4: src[0], src6: src[1], dst4: dst[2], dst6: dst[3],
		svc: n.service(r.Service),
	}
}

// address returns the numbers of a set as source and as destination. Sets that
// share memory, as those of one group do, are looked at once.
func (n *numbers) address(s AddrSet) [4]int32 {
	if ids, ok := n.seenAddr[s.p]; ok {
		return ids
	}
	ids := [4]int32{n.src4.id(s.v4()), n.src6.id(s.v6()), n.dst4.id(s.v4()), n.dst6.id(s.v6())}
	n.seenAddr[s.p] = ids
	return ids
}

func (n *numbers) service(s ServiceSet) int32 {
	id, ok := n.seenServices[s.p]
	if !ok {
		id = n.svc.id(s)
		n.seenServices[s.p] = id
	}
	return id
}

func (n *numbers) pair(in, out IfaceSet) int32 {
	return n.pairs.id([2]int32{n.ins.id(in), n.outs.id(out)})
}

// ifaceClass is interfaces that no rule tells apart.
type ifaceClass struct {
	set IfaceSet
	// example is a member.
	example string
}

// ifaceClasses returns the classes of interfaces with respect to some sets,
// and for each class which sets hold it. Labels that are named as special are
// classes of their own.
func ifaceClasses(sets []IfaceSet, special []string) ([]ifaceClass, [][]bool) {
	var labels []string
	for _, s := range sets {
		labels = append(labels, s.labels...)
	}
	labels = sortedSet(append(labels, special...))
	byHolders := map[string]int{}
	var classes []ifaceClass
	var holds [][]bool
	add := func(label string, set IfaceSet) {
		in := make([]bool, len(sets))
		key := make([]byte, len(sets))
		for i, s := range sets {
			if in[i] = s.Contains(label); in[i] {
				key[i] = 1
			}
		}
		name := string(key)
		if slices.Contains(special, label) {
			name += label
		}
		k, ok := byHolders[name]
		if !ok {
			k = len(classes)
			byHolders[name] = k
			classes = append(classes, ifaceClass{Ifaces(), label})
			holds = append(holds, in)
		}
		classes[k].set = classes[k].set.Union(set)
	}
	for _, l := range labels {
		add(l, Ifaces(l))
	}
	add(unnamed(labels), NotIfaces(labels...))
	return classes, holds
}

// unnamed returns a label that is not among the labels.
func unnamed(labels []string) string {
	l := "(other)"
	for i := 1; slices.Contains(labels, l); i++ {
		l = "(other" + strconv.Itoa(i) + ")"
	}
	return l
}

// A pairGroup is pairs of interface classes to which the same lines apply.
type pairGroup struct {
	pairs [][2]int // in and out class
	// applies are the numbered pairs of interface sets that hold the pairs,
	// ascending.
	applies []int32
	// stages says for each side and stage whether it applies.
	stages [][]bool
}

// pairGroups returns all pairs of interface classes in groups.
func pairGroups(n *numbers, sides []*side, ins, outs []ifaceClass, inHolds, outHolds [][]bool) []pairGroup {
	byKey := map[string]int{}
	var groups []pairGroup
	for i := range ins {
		var fromHere []int32
		for p, v := range n.pairs.values {
			if inHolds[i][v[0]] {
				fromHere = append(fromHere, int32(p))
			}
		}
		for o := range outs {
			var applies []int32
			var key strings.Builder
			for _, p := range fromHere {
				if outHolds[o][n.pairs.values[p][1]] {
					applies = append(applies, p)
					key.WriteString(itoa(int(p)))
					key.WriteByte(' ')
				}
			}
			stages := make([][]bool, len(sides))
			for s, sd := range sides {
				stages[s] = make([]bool, len(sd.rs.Stages))
				for k := range sd.rs.Stages {
					st := &sd.rs.Stages[k]
					stages[s][k] = st.In.Contains(ins[i].example) && st.Out.Contains(outs[o].example)
					writeBool(&key, stages[s][k])
				}
			}
			g, ok := byKey[key.String()]
			if !ok {
				g = len(groups)
				byKey[key.String()] = g
				groups = append(groups, pairGroup{applies: applies, stages: stages})
			}
			groups[g].pairs = append(groups[g].pairs, [2]int{i, o})
		}
	}
	return groups
}

func writeBool(b *strings.Builder, x bool) {
	if x {
		b.WriteByte('1')
	} else {
		b.WriteByte('0')
	}
}

// ruleAt is a rule that applies to a group of interface pairs.
type ruleAt struct{ stage, rule int }

// applying returns the rules of a run that apply to the group, in order, and
// the last stage that applies, or -1. byPair finds the rules of each numbered
// pair of interface sets.
func (s *side) applying(byPair []map[int32][]int32, g *pairGroup, which, run int) ([]ruleAt, int) {
	var out []ruleAt
	last := -1
	for st := s.bounds[run]; st < s.bounds[run+1]; st++ {
		if !g.stages[which][st] {
			continue
		}
		last = st
		n := len(out)
		for _, pair := range g.applies {
			for _, r := range byPair[st][pair] {
				out = append(out, ruleAt{st, int(r)})
			}
		}
		slices.SortFunc(out[n:], func(a, b ruleAt) int { return a.rule - b.rule })
	}
	return out, last
}

// byPair returns for each stage the rules of each numbered pair of interface
// sets.
func (s *side) byPair() []map[int32][]int32 {
	out := make([]map[int32][]int32, len(s.rules))
	for st, rules := range s.rules {
		out[st] = map[int32][]int32{}
		for j, r := range rules {
			if s.rs.Stages[st].Rules[j].Action != Next {
				out[st][r.pair] = append(out[st][r.pair], int32(j))
			}
		}
	}
	return out
}
