package nftables

import (
	"fmt"
	"slices"
	"strings"

	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
)

// A hook is a place in the kernel where packets are filtered.
type hook uint8

const (
	forward hook = iota
	input
	output
)

var hookNames = [...]string{"forward", "input", "output"}

// An anchor names the base chains of a user that enter our section: a family, a
// table and a chain for each hook, "" for none.
type anchor struct {
	family, table string
	chains        [3]string
}

// layout is a job laid out in chains, before it is written.
type layout struct {
	job    *targets.Job
	anchor anchor
	// labels and devices are those of the interfaces of the job; others is the
	// index that stands for all that the job doesn't name.
	labels map[string]int32
	names  []string // identifiers of the labels
	others int32
	groups map[string]int
	// families are those of each group's members.
	families []use
	runs     []int // the run of each stage
	hooks    []*hookLayout
	parts    [][][]part // of each rule's service, by stage and rule

	variants [2]variant // room of variantsOf

	problems []targets.Problem
}

// hookLayout is the part of a job that one hook sees.
type hookLayout struct {
	hook  hook
	rules []ruleRef // rules that apply to every pair of interfaces
	end   end       // of every pair without one of its own
	pairs []*pair
	at    map[[2]int32]*pair
	// stages apply to every pair.
	stages []int
}

// pair is two interfaces with a chain of their own.
type pair struct {
	in, out int32
	rules   []ruleRef
	stages  []int
	end     end
	ownEnd  bool
	chain   string
}

// ruleRef is a rule by stage and index. The order of refs is that of matching.
type ruleRef struct{ stage, rule int32 }

func (a ruleRef) compare(b ruleRef) int {
	if a.stage != b.stage {
		return int(a.stage) - int(b.stage)
	}
	return int(a.rule) - int(b.rule)
}

// end is what becomes of packets that no rule matches.
type end struct {
	action ruleset.Action
	log    bool
}

// newLayout lays out a job; problems holds what can't be expressed.
func newLayout(job *targets.Job) *layout {
	l := &layout{job: job, labels: make(map[string]int32, len(job.Interfaces)), groups: make(map[string]int, len(job.Want.Groups)), families: make([]use, len(job.Want.Groups))}
	l.checkJob()
	for i, f := range job.Interfaces {
		l.labels[f.Label] = int32(i)
		l.names = append(l.names, identifier(f.Label, maxLabel))
	}
	l.others = int32(len(job.Interfaces))
	l.names = append(l.names, "/others")
	for i := range job.Want.Groups {
		l.groups[job.Want.Groups[i].Name] = i
	}
	run := 0
	for _, s := range job.Want.Stages {
		l.runs = append(l.runs, run)
		if s.Default != ruleset.Next {
			run++
		}
	}
	l.checkRules()
	l.hooks = append(l.hooks, l.layHook(forward))
	if job.Self {
		l.hooks = append(l.hooks, l.layHook(input), l.layHook(output))
	}
	return l
}

func (l *layout) problem(text, format string, args ...any) {
	l.problems = append(l.problems, targets.Problem{Text: text, Why: fmt.Sprintf(format, args...)})
}

// layHook finds the pairs of interfaces that need a chain at a hook.
func (l *layout) layHook(h hook) *hookLayout {
	k := &hookLayout{hook: h, at: map[[2]int32]*pair{}}
	for i := range l.job.Want.Stages {
		s := &l.job.Want.Stages[i]
		ins, outs, every := l.reach(h, s.In, s.Out)
		if every {
			k.stages = append(k.stages, i)
		} else {
			k.each(ins, outs, func(p *pair) { p.stages = append(p.stages, i) })
		}
		for j := range s.Rules {
			in, out := s.In.Intersect(s.Rules[j].In), s.Out.Intersect(s.Rules[j].Out)
			ref := ruleRef{int32(i), int32(j)}
			ins, outs, every := l.reach(h, in, out)
			if every {
				k.rules = append(k.rules, ref)
			} else {
				k.each(ins, outs, func(p *pair) { p.rules = append(p.rules, ref) })
			}
		}
	}
	k.end = l.endOf(k.stages, hookNames[h])
	l.finish(k)
	return k
}

// each calls f for every pair of the product.
func (k *hookLayout) each(ins, outs []int32, f func(*pair)) {
	for _, in := range ins {
		for _, out := range outs {
			p := k.at[[2]int32{in, out}]
			if p == nil {
				p = &pair{in: in, out: out}
				k.at[[2]int32{in, out}] = p
				k.pairs = append(k.pairs, p)
			}
			f(p)
		}
	}
}

// reach returns the interfaces of the two sets that a hook sees. every says
// that these are all that it sees.
func (l *layout) reach(h hook, in, out ruleset.IfaceSet) (ins, outs []int32, every bool) {
	ins, everyIn := l.indices(in, h == output)
	outs, everyOut := l.indices(out, h == input)
	return ins, outs, everyIn && everyOut
}

// indices returns the interfaces of a set, or where only the firewall itself is
// meant, one index for it if it is in the set.
func (l *layout) indices(s ruleset.IfaceSet, self bool) (list []int32, every bool) {
	if self {
		if s.Contains(ruleset.Self) {
			return []int32{l.others}, true
		}
		return nil, false
	}
	labels, except := s.Labels()
	if !except {
		for _, name := range labels {
			if i, ok := l.labels[name]; ok {
				list = append(list, i)
			}
		}
		return list, false
	}
	out := 0
	for _, name := range labels {
		if name != ruleset.Self {
			out++
		}
	}
	for i := range l.job.Interfaces {
		if out == 0 || s.Contains(l.job.Interfaces[i].Label) {
			list = append(list, int32(i))
		}
	}
	return append(list, l.others), out == 0
}

// finish gives each pair the rules and stages that apply everywhere, drops the
// pairs that differ in nothing from the rest, and names the chains.
func (l *layout) finish(k *hookLayout) {
	kept := k.pairs[:0]
	taken := map[string]bool{}
	for _, p := range k.pairs {
		p.end = k.end
		if len(p.stages) > 0 {
			p.stages = append(p.stages, k.stages...)
			slices.Sort(p.stages)
			p.end = l.endOf(p.stages, l.pairText(k.hook, p))
			p.ownEnd = p.end != k.end
		}
		if len(p.rules) == 0 && !p.ownEnd {
			continue
		}
		if len(k.rules) > 0 {
			p.rules = append(p.rules, k.rules...)
			slices.SortFunc(p.rules, ruleRef.compare)
		}
		p.chain = l.chainName(k.hook, p)
		if taken[p.chain] {
			l.problem(l.pairText(k.hook, p), "the labels of two pairs of interfaces are shortened to the same name %s; rename one", p.chain)
		}
		taken[p.chain] = true
		kept = append(kept, p)
	}
	k.pairs = kept
	slices.SortFunc(k.pairs, func(a, b *pair) int {
		if a.in != b.in {
			return int(a.in - b.in)
		}
		return int(a.out - b.out)
	})
}

// endOf is what becomes of packets to which the stages apply, if no rule
// matches. All of them have to be of one run: in a table of ours one chain
// decides.
func (l *layout) endOf(stages []int, where string) end {
	if len(stages) == 0 {
		return l.unlessSection(end{action: ruleset.Permit})
	}
	last := stages[len(stages)-1]
	if first := stages[0]; l.runs[first] != l.runs[last] {
		l.problem(where, "the stages %q and %q must both permit a packet; nftables output has one list for each pair of interfaces",
			l.job.Want.Stages[first].Name, l.job.Want.Stages[last].Name)
	}
	s := &l.job.Want.Stages[last]
	for s.Default == ruleset.Next && last+1 < len(l.runs) {
		last++
		s = &l.job.Want.Stages[last]
	}
	e := end{action: s.Default, log: s.Log || l.job.DenyLog}
	if e.action == ruleset.Next || e.action == 0 {
		e.action = ruleset.Permit
	}
	if e.action == ruleset.Permit {
		e.log = false
	}
	return l.unlessSection(e)
}

// unlessSection returns e, or for a section that the user's chain goes on: what
// no rule matches is not ours, whatever the stage says of it.
func (l *layout) unlessSection(e end) end {
	if l.job.Manage == targets.Section {
		return end{action: ruleset.Next}
	}
	return e
}

func (l *layout) pairText(h hook, p *pair) string {
	label := func(i int32) string {
		if i == l.others {
			return "any other interface"
		}
		return l.job.Interfaces[i].Label
	}
	switch h {
	case input:
		return label(p.in) + " to the firewall itself"
	case output:
		return "the firewall itself to " + label(p.out)
	}
	return label(p.in) + " to " + label(p.out)
}

// chainName names a pair's chain for its interfaces. Plain labels don't contain
// "-to-", so the names of two pairs differ.
func (l *layout) chainName(h hook, p *pair) string {
	switch h {
	case input:
		return prefix + "in-" + l.names[p.in]
	case output:
		return prefix + "out-" + l.names[p.out]
	}
	return prefix + l.names[p.in] + pairWord + l.names[p.out]
}

func (l *layout) rule(r ruleRef) *ruleset.Rule { return &l.job.Want.Stages[r.stage].Rules[r.rule] }

// parseAnchor reads "family table chain", or "family table chain chain chain"
// for forward, input and output, with "-" for a hook that is not used.
func parseAnchor(text string) (anchor, error) {
	words := strings.Fields(text)
	if len(words) != 3 && len(words) != 5 {
		return anchor{}, fmt.Errorf("an anchor is a family, a table and a chain: \"inet filter forward\"; with the firewall itself as an endpoint also its input and output chains: \"inet filter forward input output\", where \"-\" stands for none")
	}
	switch words[0] {
	case "inet", "ip", "ip6":
	default:
		return anchor{}, fmt.Errorf("family %q: a section stands in a table of family inet, ip or ip6", words[0])
	}
	for _, w := range words[1:] {
		if !isAnchorName(w) {
			return anchor{}, fmt.Errorf("%q is no name of a table or chain", w)
		}
	}
	a := anchor{family: words[0], table: words[1]}
	for i, w := range words[2:] {
		if w != "-" {
			a.chains[i] = w
		}
	}
	return a, nil
}

func isAnchorName(w string) bool {
	for i := 0; i < len(w); i++ {
		if !isNameByte(w[i]) {
			return false
		}
	}
	return w == "-" || w[0] >= 'a' && w[0] <= 'z' || w[0] >= 'A' && w[0] <= 'Z' || w[0] == '_'
}
