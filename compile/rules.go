package compile

import (
	"cmp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nbfwc/nbfwc/lang"
	"github.com/nbfwc/nbfwc/ruleset"
)

// RuleSet is what the policy wants of a firewall: a stage "forward" for what
// it forwards, and if it is itself an endpoint of flows, "input" and "output"
// for that. Each permits exactly the packets of the flows that cross the
// firewall there; the rest is denied, or rejected where the policy asks for it.
//
// Behind is not set: see Graph.Behind.
func (g *Graph) RuleSet(fw *Firewall) ruleset.RuleSet {
	return newRuleMaker(g).ruleSet(fw)
}

// RuleSets are the rule sets of all firewalls, in their order, made on all
// cores.
func (g *Graph) RuleSets() []ruleset.RuleSet {
	out := make([]ruleset.RuleSet, len(g.Firewalls))
	g.eachRuleSet(false, func(i int, rs ruleset.RuleSet) { out[i] = rs })
	return out
}

// EachRuleSet makes the rule set of each firewall and hands it to use, on all
// cores: use is called concurrently, with the firewall's index. Firewalls with
// many flows come first, so that no core ends up alone with a large one. The
// members of the groups are valid until use returns.
func (g *Graph) EachRuleSet(use func(i int, rs ruleset.RuleSet)) {
	g.eachRuleSet(true, use)
}

func (g *Graph) eachRuleSet(reuse bool, use func(i int, rs ruleset.RuleSet)) {
	order := make([]int, len(g.Firewalls))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Compare(len(g.Firewalls[b].Flows), len(g.Firewalls[a].Flows))
	})
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(order)) {
		wg.Go(func() {
			m := newRuleMaker(g)
			m.reuse = reuse
			for {
				i := int(next.Add(1)) - 1
				if i >= len(order) {
					return
				}
				use(order[i], m.ruleSet(g.Firewalls[order[i]]))
			}
		})
	}
	wg.Wait()
}

// ruleMaker makes rule sets, one after the other. What it keeps between two of
// them are values that don't depend on the firewall.
type ruleMaker struct {
	g        *Graph
	services map[serviceKey]ruleset.ServiceSet
	rows     map[*lang.Role]int // how many rows of the catalogue name a role

	fw       *Firewall
	sets     legSets
	products []product
	names    names
	rules    []draft
	index    map[ruleKey]int
	joins    compactor

	// Room that is used again.
	keys    []uint64
	hosts   []hostRef
	room    []*relation
	members []ruleset.Member
	reuse   bool // of members as well: nobody keeps those of the last firewall
}

type serviceKey struct {
	ports       *Port
	n           int
	nonreserved bool
}

// ruleKey is what products must agree in to be one rule.
type ruleKey struct {
	in, out  int32
	src, dst int32 // numbers of names
	idle     time.Duration
	reset    bool // rejects
}

// draft is a rule in the making.
type draft struct {
	ruleKey
	service   ruleset.ServiceSet
	serviceNo int32 // equal for equal services, 0 if not known
	flows     [][]int32
	reasons   []string
	fallback  []*lang.Service
	label     string // of the first reason, to tell rules apart
}

func newRuleMaker(g *Graph) *ruleMaker {
	m := &ruleMaker{g: g, services: map[serviceKey]ruleset.ServiceSet{}, rows: map[*lang.Role]int{}}
	for _, r := range g.Policy.Catalog.Rows {
		m.rows[r.From]++
		m.rows[r.To]++
	}
	return m
}

func (m *ruleMaker) ruleSet(fw *Firewall) ruleset.RuleSet {
	m.members = m.members[:0]
	m.drafts(fw)
	m.compact()
	rs := ruleset.RuleSet{Groups: m.groups()}
	sets := map[string]ruleset.AddrSet{}
	for i := range rs.Groups {
		sets[rs.Groups[i].Name] = rs.Groups[i].Set
	}
	m.stages(&rs, sets)
	return rs
}

// drafts makes the rules of a firewall, before any are joined.
func (m *ruleMaker) drafts(fw *Firewall) {
	m.fw = fw
	m.sets = legSets{index: map[uint64][]int32{}}
	m.products = m.products[:0]
	m.g.relations(fw, &m.room, func(r *relation) {
		m.products = append(m.products, r.products(&m.sets, m.g)...)
	})
	m.names = newNames(m)
	m.rules, m.index = m.rules[:0], map[ruleKey]int{}
	for i := range m.products {
		m.draft(&m.products[i])
	}
	m.resets()
}

// draft adds a product to the rules.
func (m *ruleMaker) draft(p *product) {
	src, dst := m.names.of(p, true), m.names.of(p, false)
	key := ruleKey{in: p.in, out: p.out, src: src, dst: dst, idle: p.flow.Idle}
	i, ok := m.index[key]
	if !ok {
		i = len(m.rules)
		m.index[key] = i
		m.rules = append(m.rules, draft{ruleKey: key, label: label(p.flow)})
	}
	d := &m.rules[i]
	d.service = d.service.Union(m.service(p.flow))
	d.flows = append(d.flows, p.flows)
	d.reasons = appendNew(d.reasons, m.reason(p.flow))
	if row := p.flow.Row; row != nil && p.flow.Domain.ResetFallback {
		d.fallback = appendNew(d.fallback, row.Fallback...)
	}
}

// appendNew appends what is not in the list yet.
func appendNew[E comparable](list []E, more ...E) []E {
	for _, e := range more {
		if !slices.Contains(list, e) {
			list = append(list, e)
		}
	}
	return list
}

// resets adds drafts that reject the fallback ports of each draft's pairs which
// are not permitted.
func (m *ruleMaker) resets() {
	type ends struct{ in, out, src, dst int32 }
	permitted := map[ends]ruleset.ServiceSet{}
	for i := range m.rules {
		d := &m.rules[i]
		k := ends{d.in, d.out, d.src, d.dst}
		permitted[k] = permitted[k].Union(d.service)
	}
	for i, n := 0, len(m.rules); i < n; i++ {
		r := m.rules[i]
		var service ruleset.ServiceSet
		for _, s := range r.fallback {
			for _, p := range newServicePorts(s.TCP, s.UDP, nil).v4 {
				service = service.Union(ruleset.NewServiceSet(p.box(false)))
			}
		}
		if r.service = service.Subtract(permitted[ends{r.in, r.out, r.src, r.dst}]); r.service.IsEmpty() {
			continue
		}
		r.reset, r.idle = true, 0
		r.flows = slices.Clip(r.flows)
		m.rules = append(m.rules, r)
	}
}

func label(f *Flow) string {
	if f.Row != nil {
		return f.Row.Name
	}
	return f.Custom.Name
}

// reason is why the flow is needed, in one line.
func (m *ruleMaker) reason(f *Flow) string {
	if f.Row != nil {
		return m.g.rows[f.Row].reason
	}
	return customReason(f.Custom)
}

// service is the set of the flow's ports.
func (m *ruleMaker) service(f *Flow) ruleset.ServiceSet {
	key := serviceKey{&f.Ports[0], len(f.Ports), f.nonreserved()}
	s, ok := m.services[key]
	if !ok {
		boxes := make([]ruleset.ServiceBox, len(f.Ports))
		for i, p := range f.Ports {
			boxes[i] = p.box(key.nonreserved)
		}
		s = ruleset.NewServiceSet(boxes...)
		m.services[key] = s
	}
	return s
}

// nonreserved reports whether rules for the flow match source ports from 1024.
func (f *Flow) nonreserved() bool {
	return f.Domain != nil && f.Domain.SourcePorts || f.Custom != nil && f.Custom.SourcePorts
}

// stages fills the stages from the drafts: permits first, then what is
// rejected of the rest.
func (m *ruleMaker) stages(rs *ruleset.RuleSet, sets map[string]ruleset.AddrSet) {
	others := ruleset.NotIfaces(ruleset.Self)
	def := ruleset.Effects{Log: m.fw.DenyLog}
	stages := []ruleset.Stage{{Name: "forward", In: others, Out: others, Default: ruleset.Deny, Effects: def}}
	if len(m.fw.Self) > 0 {
		stages = append(stages,
			ruleset.Stage{Name: "input", In: others, Out: ruleset.Ifaces(ruleset.Self), Default: ruleset.Deny, Effects: def},
			ruleset.Stage{Name: "output", In: ruleset.Ifaces(ruleset.Self), Out: others, Default: ruleset.Deny, Effects: def})
	}
	stageOf := func(d *draft) *ruleset.Stage {
		switch {
		case d.out == self:
			return &stages[1]
		case d.in == self:
			return &stages[2]
		}
		return &stages[0]
	}
	taken := make(map[string]bool, len(m.rules))
	for i := range stages {
		n := 0
		for k := range m.rules {
			if stageOf(&m.rules[k]) == &stages[i] {
				n++
			}
		}
		stages[i].Rules = make([]ruleset.Rule, 0, n)
	}
	for i := range m.rules {
		s := stageOf(&m.rules[i])
		s.Rules = append(s.Rules, m.rule(&m.rules[i], sets, taken))
	}
	rs.Stages = stages
}

func (m *ruleMaker) rule(d *draft, sets map[string]ruleset.AddrSet, taken map[string]bool) ruleset.Rule {
	src, dst := m.names.list[d.src].name, m.names.list[d.dst].name
	r := ruleset.Rule{
		In: m.iface(d.in), Out: m.iface(d.out), Src: sets[src], Dst: sets[dst],
		Service: d.service, Action: ruleset.Permit,
		Effects:  ruleset.Effects{Idle: d.idle, Log: m.fw.Log, Profile: m.fw.Profile},
		Name:     src + "-to-" + strings.TrimPrefix(dst, m.fw.Prefix()),
		SrcGroup: src, DstGroup: dst,
		Flows: merged(d.flows), Reason: reasonLine(d.reasons),
	}
	if d.reset {
		r.Action = ruleset.Reject
		r.Name += "-reset"
		r.Reason = "reset instead of silence on fallback ports; " + r.Reason
	}
	// Rules that differ in idle timeout or service only are told apart by what
	// they are for.
	if taken[r.Name] {
		r.Name += "-" + d.label
	}
	taken[r.Name] = true
	return r
}

func (m *ruleMaker) iface(i int32) ruleset.IfaceSet {
	if i == self {
		return ruleset.Ifaces(ruleset.Self)
	}
	return ruleset.Ifaces(m.fw.Interfaces[i].Label)
}

// merged is the ascending union of ascending lists.
func merged(lists [][]int32) []int32 {
	if len(lists) == 1 {
		return lists[0]
	}
	all := slices.Concat(lists...)
	slices.Sort(all)
	return slices.Compact(all)
}

// maxReasons bounds the reasons in a line; all of them are found by the flows.
const maxReasons = 64

func reasonLine(list []string) string { return listed(list, "; ") }

// listed joins the words of a list that may be long.
func listed(list []string, sep string) string {
	if len(list) > maxReasons {
		list = append(slices.Clone(list[:maxReasons]), "and more")
	}
	return strings.Join(list, sep)
}
