package cisco_asa

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
)

// layout is a job laid out in access lists, before a name or a line is chosen.
type layout struct {
	job    *targets.Job
	groups map[string]int
	// established is the idle timeout that the device gives by itself.
	established time.Duration
	// lists are in the order of the interfaces, all and their names.
	lists []*wantList
	// rules are all rules that are written, nets and services what they use.
	rules    []*wantRule
	nets     []*wantNet
	netIndex map[string]*wantNet
	svcIndex map[string]bool
	room     []wantRule
	last     *spelledService
	// closing is what an exclusive list does with the rest.
	closing  ruleset.Action
	closeLog bool

	problems []targets.Problem
}

// wantList is the access list of an interface.
type wantList struct {
	label, nameif string
	rules         []*wantRule
}

// wantRule is a rule as it is written: one entry in the list of each interface
// that it is for, and for each of its TCP ports one in that of its idle timeout.
type wantRule struct {
	*ruleset.Rule // of the job, but for:
	Action        ruleset.Action
	Idle          time.Duration
	Service       ruleset.ServiceSet // with the answers to other rules

	src, dst wantSide
	service  string        // the name of its service group, or "" where
	inline   serviceMember // spells it in the entry
	outs     []int         // interfaces that its packets leave by
	isAnswer bool
}

// wantSide is how a rule names its sources or destinations: by a group, or where
// name is "", in the entry.
type wantSide struct {
	name string
	word operand
}

// wantNet is a group as it is written.
type wantNet struct {
	name    string
	members []netMember
	parts   []*wantNet // in place of members
	reason  string
	device  string // the object of the device that is used in its place
	set     ruleset.AddrSet
}

// host says whether the group is written as an object, being one address.
func (n *wantNet) host() bool {
	return len(n.parts) == 0 && len(n.members) == 1 && n.members[0].addr.kind == hostAddr
}

// defaultEstablished is "timeout conn" of a new device.
const defaultEstablished = time.Hour

// newLayout lays out a job; problems holds what can't be expressed.
func newLayout(job *targets.Job) *layout {
	l := &layout{
		job: job, groups: make(map[string]int, len(job.Want.Groups)), established: job.Established,
		netIndex: map[string]*wantNet{}, svcIndex: map[string]bool{}, closing: ruleset.Deny, closeLog: job.DenyLog,
	}
	if l.established == 0 {
		l.established = defaultEstablished
	}
	l.checkJob()
	l.checkStages()
	for _, f := range job.Interfaces {
		l.lists = append(l.lists, &wantList{label: f.Label, nameif: nameifOf(f)})
	}
	if len(l.problems) > 0 {
		return l
	}
	for i := range job.Want.Stages {
		l.layStage(&job.Want.Stages[i])
	}
	l.layAnswers()
	return l
}

func (l *layout) problem(text, format string, args ...any) {
	l.problems = append(l.problems, targets.Problem{Text: text, Why: fmt.Sprintf(format, args...)})
}

func (l *layout) layStage(s *ruleset.Stage) {
	if s.Default == ruleset.Permit {
		l.closing = ruleset.Permit
	}
	if l.closeLog = l.closing == ruleset.Deny && (l.job.DenyLog || s.Log); l.closing == ruleset.Permit {
		l.closeLog = s.Log
	}
	needed := neededRefusals(s.Rules)
	for i := range s.Rules {
		if r := &s.Rules[i]; r.Action == ruleset.Permit || needed[i] {
			l.layRule(r)
		}
	}
}

// neededRefusals marks the rules that deny or reject and without which a later
// rule would permit. An ASA can't answer with a reset for one rule, so a refusal
// is written only where its silence makes a difference.
func neededRefusals(rules []ruleset.Rule) map[int]bool {
	needed := map[int]bool{}
	var later []*ruleset.Rule
	for i := len(rules) - 1; i >= 0; i-- {
		r := &rules[i]
		if r.Action == ruleset.Permit {
			later = append(later, r)
			continue
		}
		needed[i] = r.Action == ruleset.Deny || slices.ContainsFunc(later, func(p *ruleset.Rule) bool {
			return !p.Src.Intersect(r.Src).IsEmpty() && !p.Dst.Intersect(r.Dst).IsEmpty() &&
				!p.Service.Intersect(r.Service).IsEmpty() && !p.In.Intersect(r.In).IsEmpty()
		})
	}
	return needed
}

// layRule adds a rule to the lists. One that matches no packet is left out: a
// device takes no empty group and no entry between two families.
func (l *layout) layRule(r *ruleset.Rule) {
	if !meet(r.Src, r.Dst) || r.Service.IsEmpty() {
		return
	}
	w := l.newRule()
	*w = wantRule{Rule: r, Action: r.Action, Service: r.Service}
	if r.Action == ruleset.Reject {
		w.Action = ruleset.Deny
	}
	if r.Action == ruleset.Permit && r.Idle > l.established {
		w.Idle = roundUp(r.Idle)
	}
	for i, list := range l.lists {
		if r.In.Contains(list.label) {
			list.rules = append(list.rules, w)
		}
		if r.Out.Contains(list.label) {
			w.outs = append(w.outs, i)
		}
	}
	l.rules = append(l.rules, w)
	var ok bool
	w.src, w.dst = l.named(r.SrcGroup, r.Src), l.named(r.DstGroup, r.Dst)
	exclusive := l.job.Manage == targets.Exclusive
	if exclusive && r.SrcGroup == "" && r.DstGroup == "" || r.Service.IsAny() {
		w.inline, ok = l.inlineService(r.Service)
	}
	if ok && !exclusive { // an entry of a section names something of ours, by which it is known
		w.src, w.dst = w.src.unlessOne(), w.dst.unlessOne()
	}
	if ok && w.src != (wantSide{}) && w.dst != (wantSide{}) {
		return
	}
	name := l.ruleName(r)
	l.svcIndex[name] = true
	if !ok {
		w.service = name
	}
	base := strings.TrimSuffix(name, serviceSuffix)
	w.src = l.ownSide(w.src, r.Src, base+sourceSuffix, r.Reason)
	w.dst = l.ownSide(w.dst, r.Dst, base+destSuffix, r.Reason)
}

// newRule is room for a rule; many are made at a time.
func (l *layout) newRule() *wantRule {
	if len(l.room) == 0 {
		l.room = make([]wantRule, 1+min(len(l.rules), 4096))
	}
	w := &l.room[0]
	l.room = l.room[1:]
	return w
}

// members are those of a service group for a set. Rules one after the other
// often have the same.
func (l *layout) members(s ruleset.ServiceSet) ([]serviceMember, string) {
	if l.last == nil || !l.last.service.Equal(s) {
		list, bad := serviceMembers(s)
		l.last = &spelledService{s, list, bad}
	}
	return l.last.members, l.last.bad
}

type spelledService struct {
	service ruleset.ServiceSet
	members []serviceMember
	bad     string
}

// inlineService spells a service in the entry itself: all services, and for
// rules without groups what is one line of a service group.
func (l *layout) inlineService(s ruleset.ServiceSet) (serviceMember, bool) {
	list, _ := l.members(s)
	if len(list) != 1 {
		return serviceMember{}, false
	}
	return list[0], true
}

// meet says whether a packet can go from one set to the other.
func meet(src, dst ruleset.AddrSet) bool {
	b := ruleset.Box{Src: src, Dst: dst, Service: tcp}
	return !b.IsEmpty()
}

func roundUp(d time.Duration) time.Duration {
	return (d + time.Second - 1) / time.Second * time.Second
}

// ruleName names the service group of a rule: after the rule, which compile
// names for its two groups, so that it depends on nothing the group holds. A
// rule without name is named for its groups; one without groups, which compile
// never makes, by a digest of what it matches.
func (l *layout) ruleName(r *ruleset.Rule) string {
	name := r.Name
	if name == "" && r.SrcGroup != "" && r.DstGroup != "" {
		name = r.SrcGroup + "-to-" + strings.TrimPrefix(r.DstGroup, l.job.Prefix)
	}
	if name == "" {
		sum := sha256.Sum256([]byte(r.Src.String() + " " + r.Dst.String()))
		name = "rule-" + hex.EncodeToString(sum[:5])
	}
	if !strings.HasPrefix(name, l.job.Prefix) {
		name = l.job.Prefix + name
	}
	const limit = maxObject - len(serviceSuffix)
	first := shortened(name, limit) + serviceSuffix
	if !l.svcIndex[first] {
		return first
	}
	name += " " + r.In.String() + " " + r.Out.String() + " " + r.Idle.String()
	for n := 2; ; n++ {
		if other := shortened(name, limit) + serviceSuffix; !l.svcIndex[other] {
			return other
		}
		name = fmt.Sprint(name, " ", n)
	}
}

// named is how a set is spelled without a group of our own: by the rule's group,
// else by a word or one address or network. Nothing is returned where that can't
// be.
func (l *layout) named(group string, set ruleset.AddrSet) wantSide {
	if group != "" {
		l.net(group)
		return wantSide{name: group}
	}
	switch {
	case set.IsAny():
		return wantSide{word: operand{kind: anyAddr}}
	case set.Len() > 1:
		return wantSide{}
	}
	if p := set.Prefixes(); len(p) == 1 {
		return wantSide{word: prefixOperand(p[0])}
	}
	return wantSide{}
}

// unlessOne is nothing for one address or network, which a group of our own can
// hold.
func (s wantSide) unlessOne() wantSide {
	if s.word.kind == hostAddr || s.word.kind == netAddr {
		return wantSide{}
	}
	return s
}

// ownSide is s, or a group of our own if s is nothing.
func (l *layout) ownSide(s wantSide, set ruleset.AddrSet, own, reason string) wantSide {
	if s != (wantSide{}) {
		return s
	}
	l.addNet(&wantNet{name: own, members: membersOf(set.Ranges()), reason: reason, set: set})
	return wantSide{name: own}
}

// net adds a group of the job, after the groups that it is made of.
func (l *layout) net(name string) *wantNet {
	if n := l.netIndex[name]; n != nil {
		return n
	}
	g := &l.job.Want.Groups[l.groups[name]]
	n := &wantNet{name: name, reason: g.Reason, device: l.job.UseObjects[name], set: g.Set}
	if n.device == "" && len(g.Parts) > 0 && !slices.ContainsFunc(g.Parts, func(p string) bool { return !l.isPart(p) }) {
		for _, p := range g.Parts {
			n.parts = append(n.parts, l.net(p))
		}
	} else {
		ranges := make([]ruleset.Range, len(g.Members))
		for i, m := range g.Members {
			ranges[i] = m.Range
		}
		if len(ranges) == 0 {
			ranges = g.Set.Ranges()
		}
		n.members = membersOf(ranges)
	}
	l.addNet(n)
	return n
}

// isPart says whether a group is there, not empty and made of no other groups.
func (l *layout) isPart(name string) bool {
	i, ok := l.groups[name]
	return ok && len(l.job.Want.Groups[i].Parts) == 0 && !l.job.Want.Groups[i].Set.IsEmpty()
}

func (l *layout) addNet(n *wantNet) {
	l.nets = append(l.nets, n)
	l.netIndex[n.name] = n
}

// membersOf are the lines of a group: a host or network for each range, or where
// a range is none, the networks that it is made of, since a group takes ranges
// by objects only. A line stands once, as the device has it.
func membersOf(ranges []ruleset.Range) []netMember {
	list := make([]netMember, 0, len(ranges))
	seen := make(map[operand]bool, len(ranges))
	add := func(o operand) {
		if !seen[o] {
			seen[o] = true
			list = append(list, netMember{addr: o})
		}
	}
	for _, r := range ranges {
		if r.From == r.To {
			add(hostOperand(r.From))
			continue
		}
		if p, ok := r.Prefix(); ok {
			add(netOperand(p))
			continue
		}
		for _, p := range ruleset.NewAddrSet(r).Prefixes() {
			if p.IsSingleIP() {
				add(hostOperand(p.Addr()))
			} else {
				add(netOperand(p))
			}
		}
	}
	return list
}

// layAnswers adds what has to pass the other way: to the rule that permits
// between the same groups in the other direction, if there is one, else as a
// rule of its own at the end of the list of the interface that it enters.
func (l *layout) layAnswers() {
	type key struct {
		in       int
		src, dst wantSide
	}
	forward := map[key]*wantRule{}
	for i, list := range l.lists {
		for _, r := range list.rules {
			k := key{i, r.src, r.dst}
			if r.Action == ruleset.Permit && r.service != "" && forward[k] == nil {
				forward[k] = r
			}
		}
	}
	type pair struct {
		list int
		r    *wantRule
		back ruleset.ServiceSet
	}
	var rest []pair // without a rule the other way
	for _, r := range slices.Clone(l.rules) {
		if r.Action != ruleset.Permit {
			continue
		}
		back := answers(r.Rule, r.Service)
		if back.IsEmpty() {
			continue
		}
		for _, i := range r.outs {
			k := key{i, r.dst, r.src}
			if f := forward[k]; f != nil {
				f.Service = f.Service.Union(back)
			} else {
				rest = append(rest, pair{i, r, back})
			}
		}
	}
	own := map[key]*wantRule{}
	for _, x := range rest {
		k := key{x.list, x.r.dst, x.r.src}
		switch f := own[k]; {
		case f != nil:
			f.Service = f.Service.Union(x.back)
		case !l.carried(x.list, x.r, x.back):
			own[k] = l.answer(x.list, x.r, x.back)
		}
	}
	for _, list := range l.lists {
		for _, r := range list.rules {
			if r.isAnswer {
				r.service = l.job.Prefix + answerName(r.Service) + serviceSuffix
			}
		}
	}
}

// maxCarriers bounds the rules of a list that are asked for each answer.
const maxCarriers = 256

// carried says whether a rule of a list lets all answers to r pass already: one
// between larger groups, as that of all clients where r is for some of them.
func (l *layout) carried(list int, r *wantRule, back ruleset.ServiceSet) bool {
	rules := l.lists[list].rules
	if len(rules) > maxCarriers {
		return false
	}
	return slices.ContainsFunc(rules, func(f *wantRule) bool {
		return f.Action == ruleset.Permit && f.Log == r.Log &&
			f.Src.Contains(r.Dst.First()) && f.Dst.Contains(r.Src.First()) &&
			back.Subtract(f.Service).IsEmpty() &&
			r.Dst.Subtract(f.Src).IsEmpty() && r.Src.Subtract(f.Dst).IsEmpty()
	})
}

// answer is a rule for ICMP from the destinations of r back to its sources.
func (l *layout) answer(i int, r *wantRule, back ruleset.ServiceSet) *wantRule {
	a := &wantRule{src: r.dst, dst: r.src, isAnswer: true, Action: ruleset.Permit, Service: back, Rule: &ruleset.Rule{
		In: ruleset.Ifaces(l.lists[i].label), Src: r.Dst, Dst: r.Src,
		Effects: ruleset.Effects{Log: r.Log}, Flows: r.Flows, Reason: "transport",
	}}
	l.rules = append(l.rules, a)
	l.lists[i].rules = append(l.lists[i].rules, a)
	return a
}

// answerName names the services of an answer for what they are. They are the
// same wherever they have this name, so rules share the group.
func answerName(s ruleset.ServiceSet) string {
	var words []string
	for _, part := range []struct {
		word string
		set  ruleset.ServiceSet
	}{{"transport", transport4}, {"transport-v6", transport6}, {"echo-reply", echoReply4}, {"echo-reply-v6", echoReply6}} {
		if !s.Intersect(part.set).IsEmpty() {
			words = append(words, part.word)
		}
	}
	return strings.Join(words, "-")
}
