package fortigate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
)

// planner makes the change from what a VDOM has to what is wanted of it.
type planner struct {
	have *model
	opt  targets.ParseOptions
	// prefix begins the names of what is ours, vdom is entered by each step.
	prefix, vdom string
	problems     []targets.Problem
	findings     []targets.Problem

	// desired are entries with their own names, without alternates; exclusive
	// says that there are to be no policies of others.
	desired   ours
	exclusive bool
	anchor    string
	// was is the whole list as it is to be again, if policies of others are
	// where they were; lost are those of them that have been deleted.
	lost []policy
	was  *model

	// What desired entries are called on the device, and those that are new.
	addressNames map[objKey]string
	serviceNames map[string]string
	groupNames   map[string]string // by base name
	newAddresses []address
	newServices  []service
	taken        map[string]bool // names of addresses and groups, of either family
	takenService map[string]bool

	haveGroups, wantGroups groupIndex
	uses                   map[string]int // of own groups by own policies
	pinned                 map[string]string

	haveLines, wantLines []line
	foreignIDs           map[uint32]bool
	leftovers            []policy // own policies that are disabled

	steps []targets.Step
}

// group is the entries of one name, by family.
type group struct {
	name    string
	entries [2]*addrGroup
}

type groupIndex struct {
	names  []string // in order
	byName map[string]*group
}

func (x *groupIndex) add(g *addrGroup) {
	if x.byName == nil {
		x.byName = map[string]*group{}
	}
	e := x.byName[g.name]
	if e == nil {
		e = &group{name: g.name}
		x.byName[g.name] = e
		x.names = append(x.names, g.name)
	}
	e.entries[familyIndex(g.v6)] = g
}

func familyIndex(v6 bool) int {
	if v6 {
		return 1
	}
	return 0
}

// line is a policy in its place.
type line struct {
	policy
	own  bool
	edit targets.EditLine
}

func plan(c *targets.Config, job targets.Job, opt targets.PlanOptions) (*targets.Change, []targets.Problem) {
	have, ok := c.Model.(*model)
	if !ok {
		return nil, []targets.Problem{{Why: "the configuration was not read from a FortiGate"}}
	}
	if job.Established == 0 {
		job.Established = c.Established
	}
	l := newLayout(&job)
	if len(l.problems) > 0 {
		return nil, l.problems
	}
	p := newPlanner(have, targets.ParseOptions{Interfaces: job.Interfaces, Context: job.Context, Prefix: job.Prefix, Behind: job.Want.Behind})
	p.desired, p.exclusive, p.anchor = l.ours, job.Manage == targets.Exclusive, job.Anchor
	p.checkDevice()
	p.checkFor(&job, l)
	if p.exclusive && !opt.TakeOver {
		p.checkTakeOver()
	}
	return p.change()
}

func restore(c, earlier *targets.Config) (*targets.Change, []targets.Problem) {
	have, ok := c.Model.(*model)
	before, ok2 := earlier.Model.(*model)
	if !ok || !ok2 {
		return nil, []targets.Problem{{Why: "the configuration was not read from a FortiGate"}}
	}
	p := newPlanner(have, before.opt)
	p.checkDevice()
	if have.vdom != before.vdom {
		p.problem(have.vdom, "the configuration is of another VDOM than the one before, %q", before.vdom)
	}
	p.desired = p.oursOf(before)
	p.findLost(before)
	p.anchor = p.anchorOf(before)
	return p.change()
}

func newPlanner(have *model, opt targets.ParseOptions) *planner {
	return &planner{have: have, opt: opt, prefix: prefixOf(opt.Prefix), vdom: have.vdom,
		addressNames: map[objKey]string{}, serviceNames: map[string]string{}, groupNames: map[string]string{},
		taken: map[string]bool{}, takenService: map[string]bool{}, uses: map[string]int{}, pinned: map[string]string{}}
}

func (p *planner) problem(text, why string, args ...any) {
	p.problems = append(p.problems, targets.Problem{Text: text, Why: fmt.Sprintf(why, args...)})
}

func (p *planner) finding(line int, text, why string, args ...any) {
	p.findings = append(p.findings, targets.Problem{Line: line, Text: text, Why: fmt.Sprintf(why, args...)})
}

// isOwn says whether an entry is ours: by its name and by its comment.
func (p *planner) isOwn(name, comment string) bool {
	return strings.HasPrefix(name, p.prefix) && isMarked(comment)
}

func (p *planner) ownPolicy(q *policy) bool { return p.isOwn(q.name, q.comments) }

// change returns the steps, unless there are problems.
func (p *planner) change() (*targets.Change, []targets.Problem) {
	p.index()
	p.placeForeign()
	if len(p.problems) > 0 {
		return nil, p.problems
	}
	p.nameAddresses()
	p.nameServices()
	ops, ok := p.order()
	if !ok {
		return nil, p.problems
	}
	final := p.write(ops)
	if len(p.problems) > 0 {
		return nil, p.problems
	}
	after, before := lower(final, p.opt), lower(p.have, p.opt).rules
	result := after.rules
	p.find(final, &after)
	c := &targets.Change{Steps: p.steps, Result: result, Findings: p.findings}
	if len(p.steps) > 0 {
		c.Connections = connections
		c.Cut = p.cut(&before, &result)
	}
	return c, nil
}

// index takes stock of the device.
func (p *planner) index() {
	for i := range p.have.addresses {
		p.taken[p.have.addresses[i].name] = true
	}
	for i := range p.have.groups {
		g := &p.have.groups[i]
		if p.taken[g.name] = true; p.isOwn(g.name, g.comment) {
			p.haveGroups.add(g)
		}
	}
	for i := range p.have.nat {
		p.taken[p.have.nat[i].name] = true
	}
	for i := range p.have.services {
		p.takenService[p.have.services[i].name] = true
	}
	for i := range p.have.svcGroups {
		p.takenService[p.have.svcGroups[i].name] = true
	}
	for i := range p.have.policies {
		q := &p.have.policies[i]
		own := p.ownPolicy(q)
		if own && q.disabled {
			p.leftovers = append(p.leftovers, *q)
			continue
		}
		p.haveLines = append(p.haveLines, line{policy: *q, own: own})
		if own {
			for _, name := range addressNamesOf(q) {
				p.uses[name]++
			}
		}
	}
}

// addressNamesOf are the names of addresses and groups in a policy.
func addressNamesOf(q *policy) []string { return slices.Concat(q.src, q.dst, q.src6, q.dst6) }

// order finds the order of the operations. A group for which there is none gets
// another name, and the policies that use it are replaced.
func (p *planner) order() ([]targets.Op, bool) {
	for range 2 + 2*len(p.desired.groups) {
		p.nameGroups()
		p.makeLines()
		lists := []targets.EditList{{Have: edits(p.haveLines), Want: edits(p.wantLines), Default: ruleset.Deny}}
		ops, fresh, err := targets.Order(lists, p.editGroups())
		if err != nil {
			p.problem(p.vdom, "no safe order of the changes was found: %v", err)
			return nil, false
		}
		if len(fresh) == 0 {
			fresh = p.emptied(ops)
		}
		if len(fresh) == 0 {
			return ops, true
		}
		for _, name := range fresh {
			if !p.rename(name) {
				p.problem(name, "the group can't be changed without a moment in which packets are treated otherwise, and can't be replaced")
				return nil, false
			}
		}
	}
	p.problem(p.vdom, "no safe order of the changes was found")
	return nil, false
}

// emptied are groups that operations leave without members of a family for a
// while, which the device refuses.
func (p *planner) emptied(ops []targets.Op) []string {
	left := map[string]*[2]int{}
	var names []string
	for _, op := range ops {
		if op.Kind != targets.AddElements && op.Kind != targets.RemoveElements {
			continue
		}
		n := left[op.Group]
		if n == nil {
			n = &[2]int{}
			for family, e := range p.haveGroups.byName[op.Group].entries {
				if e != nil {
					n[family] = len(e.members)
				}
			}
			left[op.Group] = n
		}
		for _, e := range op.Elements {
			family := familyIndex(e.Key[0] == elementKey("", true)[0])
			if op.Kind == targets.AddElements {
				n[family]++
			} else if n[family]--; n[family] == 0 && !slices.Contains(names, op.Group) {
				names = append(names, op.Group)
			}
		}
	}
	return names
}

func edits(lines []line) []targets.EditLine {
	out := make([]targets.EditLine, len(lines))
	for i := range lines {
		out[i] = lines[i].edit
	}
	return out
}

// rename gives a wanted group another name.
func (p *planner) rename(name string) bool {
	for _, b := range sortedKeys(p.groupNames) {
		if p.groupNames[b] == name && p.pinned[b] == "" {
			p.pinned[b] = p.freeName(b)
			return true
		}
	}
	return false
}

// freeName is the first alternate of a name of an address or group that nothing
// has.
func (p *planner) freeName(name string) string {
	for n := 1; ; n++ {
		if a := alternate(name, n); !p.taken[a] {
			p.taken[a] = true
			return a
		}
	}
}
