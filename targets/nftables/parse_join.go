package nftables

import (
	"slices"

	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
)

// A joiner puts rules of nft together again that Render made of one rule. What
// Render would write of the joined rule is computed by Render's own code: if
// that isn't what stands there, line for line, the rules stay as they are.
type joiner struct {
	tr     *translation
	groups map[string]*ruleset.Group
	l      layout
	equal  map[[2]ruleset.AddrSet]bool
}

func (tr *translation) joiner(groups []ruleset.Group) *joiner {
	j := &joiner{tr: tr, groups: map[string]*ruleset.Group{}, equal: map[[2]ruleset.AddrSet]bool{}}
	j.l = layout{job: &targets.Job{Want: ruleset.RuleSet{Groups: groups}}, groups: map[string]int{}}
	for i := range groups {
		j.groups[groups[i].Name] = &groups[i]
		j.l.groups[groups[i].Name] = i
		j.l.families = append(j.l.families, familiesOf(&groups[i]))
	}
	return j
}

// A block is the rules of one chain in a stage.
type block struct {
	chain *chainDecl
	rules []ruleset.Rule
}

// blocks cuts a list of rules by chain and joins the rules of each block.
func (j *joiner) blocks(rules []ruleset.Rule, chains []*chainDecl) []block {
	var out []block
	for from := 0; from < len(rules); {
		to := from + 1
		for to < len(rules) && chains[to] == chains[from] {
			to++
		}
		out = append(out, block{chains[from], j.join(rules[from:to])})
		from = to
	}
	return out
}

// maxJoined bounds how many rules are tried together. A rule of a policy becomes
// two for each range of source ports and each of a few protocols.
const maxJoined = 32

// join returns rules in which those that one rule was written as are one.
func (j *joiner) join(rules []ruleset.Rule) []ruleset.Rule {
	out := make([]ruleset.Rule, 0, len(rules))
	for from := 0; from < len(rules); {
		to := from + 1
		for to < len(rules) && to-from < maxJoined && joinable(&rules[from], &rules[to]) {
			to++
		}
		joined := rules[from]
		for ; to > from; to-- {
			if r, ok := j.one(rules[from:to]); ok {
				joined = r
				break
			}
		}
		out = append(out, joined)
		from = max(to, from+1)
	}
	return out
}

func joinable(a, b *ruleset.Rule) bool {
	return a.Opaque == nil && b.Opaque == nil && a.Action == b.Action && a.Reason == b.Reason && a.Log == b.Log && a.Profile == b.Profile &&
		(a.Name == b.Name || !a.Log) && a.SrcGroup == b.SrcGroup && a.DstGroup == b.DstGroup && a.In.Equal(b.In) && a.Out.Equal(b.Out) &&
		(a.Idle == 0 || b.Idle == 0 || a.Idle == b.Idle)
}

// one returns the rule that was written as these; ok is false if there is none.
// Beside their packets it has at most ICMP types of the other address family,
// which nobody sends: Render writes each ICMP for its own.
func (j *joiner) one(rules []ruleset.Rule) (r ruleset.Rule, ok bool) {
	r = rules[0]
	if r.Opaque != nil {
		return r, false
	}
	for i := range rules[1:] {
		o := &rules[1+i]
		r.Src, r.Dst, r.Service = j.union(r.Src, o.Src), j.union(r.Dst, o.Dst), r.Service.Union(o.Service)
		r.Idle = max(r.Idle, o.Idle)
	}
	if r.Idle > 0 && !tcpOnly(r.Service) {
		return r, false // the kernel gives it to the TCP of the rule only
	}
	if g := j.groups[r.SrcGroup]; g != nil {
		r.Src = g.Set
	}
	if g := j.groups[r.DstGroup]; g != nil {
		r.Dst = g.Set
	}
	if j.writtenAs(&r, rules) {
		return r, true
	}
	// A listing leaves out that the other side is of the family that one side
	// tells; with a group of both families it has to be said.
	for _, family := range [...]ruleset.AddrSet{ruleset.Any4(), ruleset.Any6()} {
		narrow := r
		if r.Dst.IsAny() {
			narrow.Dst = family
		} else if r.Src.IsAny() {
			narrow.Src = family
		}
		if narrow.Src != r.Src || narrow.Dst != r.Dst {
			if j.writtenAs(&narrow, rules) {
				return narrow, true
			}
		}
	}
	return r, false
}

// writtenAs says whether the rules are what Render makes of r.
func (j *joiner) writtenAs(r *ruleset.Rule, rules []ruleset.Rule) bool {
	parts, bad := partsOf(r.Service)
	if bad != "" || len(parts) > maxJoined {
		return false
	}
	lines := j.lines(r, parts)
	if len(lines) != len(rules) {
		return false
	}
	for i := range lines {
		if !j.is(&lines[i], r, &rules[i]) {
			return false
		}
	}
	return true
}

func tcpOnly(s ruleset.ServiceSet) bool {
	return s.Subtract(ruleset.Protocol(ruleset.TCP)).IsEmpty()
}

func (j *joiner) union(a, b ruleset.AddrSet) ruleset.AddrSet {
	if j.same(a, b) {
		return a
	}
	return a.Union(b)
}

// same is Equal, remembered: few sets are compared with each other again and
// again.
func (j *joiner) same(a, b ruleset.AddrSet) bool {
	if a == b {
		return true
	}
	if a.Len()+b.Len() < 8 {
		return a.Equal(b)
	}
	key := [2]ruleset.AddrSet{a, b}
	eq, ok := j.equal[key]
	if !ok {
		eq = a.Equal(b)
		j.equal[key] = eq
	}
	return eq
}

// A line is one rule that is expected to have been read.
type line struct {
	family  byte // 0 for both
	service part
	timed   bool // it has the idle timeout
}

// lines returns what is read of a rule that Render writes, see Render's rule.
// Where an idle timeout is for a part of a rule, that part is read first, see
// splitIdle.
func (j *joiner) lines(r *ruleset.Rule, parts []part) []line {
	var out []line
	for _, v := range j.l.variantsOf(r) {
		for _, p := range parts {
			family := p.family()
			if family != 0 && v.family != 0 && family != v.family {
				continue
			}
			family = max(family, v.family)
			t, tcp := p.tcp()
			timed := r.Action == ruleset.Permit && r.Idle > 0 && tcp
			if timed {
				for _, f := range [...]byte{6, 4} {
					if v.family == 0 || v.family == f {
						out = append(out, line{f, t, true})
					}
				}
			}
			if r.Action == ruleset.Reject && tcp && !p.onlyTCP() {
				out = append(out, line{family, t, false})
			}
			if !timed || !p.onlyTCP() || v.family == 0 {
				out = append(out, line{family, p, false})
			}
		}
	}
	return out
}

// is says whether have is a line of r.
func (j *joiner) is(l *line, r, have *ruleset.Rule) bool {
	if l.timed != (have.Idle > 0) || !l.service.services().Equal(have.Service) {
		return false
	}
	if l.family == 0 {
		return have.Src.IsAny() && have.Dst.IsAny()
	}
	own, other := ruleset.Any4(), ruleset.Any6()
	if l.family == 6 {
		own, other = other, own
	}
	half := j.tr.sets.addr
	return j.same(half(r.Src, own), half(have.Src, own)) && j.same(half(r.Dst, own), half(have.Dst, own)) &&
		(half(have.Src, other).IsEmpty() || half(have.Dst, other).IsEmpty())
}

// services is the set of what a part matches.
func (p *part) services() ruleset.ServiceSet {
	var boxes []ruleset.ServiceBox
	switch p.kind {
	case anyService:
		return ruleset.AnyService()
	case wholeProtocols:
		for _, r := range p.protos {
			boxes = append(boxes, ruleset.ServiceBox{ProtoFrom: r[0], ProtoTo: r[1], Src: everyPort, Dst: everyPort})
		}
	case somePorts:
		for _, d := range p.dst {
			boxes = append(boxes, ruleset.ServiceBox{ProtoFrom: p.proto, ProtoTo: p.proto, Src: p.src, Dst: d})
		}
	case someTypes:
		for _, d := range p.dst {
			boxes = append(boxes, ruleset.ServiceBox{ProtoFrom: p.proto, ProtoTo: p.proto, Src: d, Dst: p.src})
		}
	}
	return ruleset.NewServiceSet(boxes...)
}

// spellOut takes the name of a group from sides that aren't the whole group.
func (j *joiner) spellOut(rs *ruleset.RuleSet) {
	for i := range rs.Stages {
		for k := range rs.Stages[i].Rules {
			r := &rs.Stages[i].Rules[k]
			if g := j.groups[r.SrcGroup]; g != nil && !j.same(r.Src, g.Set) {
				r.SrcGroup = ""
			}
			if g := j.groups[r.DstGroup]; g != nil && !j.same(r.Dst, g.Set) {
				r.DstGroup = ""
			}
		}
	}
}

// interleave undoes that Render writes the rules for every pair of interfaces
// into the chain of each pair: it returns the list in which each of them stands
// once, before what it comes before in every chain, or nil if the blocks aren't
// of that form. As the pairs have no packet in common, each packet meets the
// same rules in the same order as before.
func interleave(blocks []block, every string) []ruleset.Rule {
	n := len(blocks) - 1
	if n < 0 || blocks[n].chain.name != every {
		return nil
	}
	common, pairs := blocks[n].rules, blocks[:n]
	if slices.ContainsFunc(common, func(r ruleset.Rule) bool { return !r.In.IsAny() || !r.Out.IsAny() }) || !disjoint(pairs) {
		return nil
	}
	next := make([]int, len(pairs))
	var out []ruleset.Rule
	for i := range common {
		for b := range pairs {
			rules := pairs[b].rules
			for ; next[b] < len(rules) && !sameButInterfaces(&rules[next[b]], &common[i]); next[b]++ {
				out = append(out, rules[next[b]])
			}
			if next[b]++; next[b] > len(rules) {
				return nil
			}
		}
		out = append(out, common[i])
	}
	for b := range pairs {
		out = append(out, pairs[b].rules[next[b]:]...)
	}
	return out
}

// disjoint says whether the rules of each block are of one pair of interfaces,
// and no two blocks share one.
func disjoint(blocks []block) bool {
	seen := map[[2]string]bool{}
	var wide []*ruleset.Rule
	for i := range blocks {
		first := &blocks[i].rules[0]
		for k := range blocks[i].rules {
			if r := &blocks[i].rules[k]; !r.In.Equal(first.In) || !r.Out.Equal(first.Out) {
				return false
			}
		}
		key, ok := single(first)
		if !ok {
			wide = append(wide, first)
			continue
		}
		if seen[key] {
			return false
		}
		seen[key] = true
	}
	for _, w := range wide {
		for i := range blocks {
			if f := &blocks[i].rules[0]; f != w && !f.In.Intersect(w.In).IsEmpty() && !f.Out.Intersect(w.Out).IsEmpty() {
				return false
			}
		}
	}
	return true
}

// single returns the labels of a rule for one pair of interfaces.
func single(r *ruleset.Rule) (pair [2]string, ok bool) {
	for i, s := range [...]ruleset.IfaceSet{r.In, r.Out} {
		labels, except := s.Labels()
		if except || len(labels) != 1 {
			return pair, false
		}
		pair[i] = labels[0]
	}
	return pair, true
}

func sameButInterfaces(a, b *ruleset.Rule) bool {
	x, y := *a, *b
	x.In, x.Out = y.In, y.Out
	return joinable(&x, &y) && a.Idle == b.Idle &&
		a.Src.Equal(b.Src) && a.Dst.Equal(b.Dst) && a.Service.Equal(b.Service)
}
