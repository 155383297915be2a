package paloalto

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/nbfwc/nbfwc/targets"
)

// planner makes a change of a device: what it has, and what it is to have.
type planner struct {
	have, want *model
	prefix     string
	firewall   string // label in the policy
	options    targets.ParseOptions
	problems   []targets.Problem
	findings   []targets.Problem
}

func (p *planner) problem(text, format string, args ...any) {
	p.problems = append(p.problems, targets.Problem{Text: text, Why: fmt.Sprintf(format, args...)})
}

func (p *planner) finding(line int, text, format string, args ...any) {
	p.findings = append(p.findings, targets.Problem{Line: line, Text: text, Why: fmt.Sprintf(format, args...)})
}

// plan returns the change that makes a device do what a job wants.
func plan(have *targets.Config, job *targets.Job, opt targets.PlanOptions) (*targets.Change, []targets.Problem) {
	known := *job
	known.Established = cmp.Or(job.Established, have.Established)
	l := newLayout(&known)
	if len(l.problems) > 0 {
		return nil, l.problems
	}
	p, problem := newPlanner(have, l.job.Prefix, parseOptions(l.job))
	if problem != nil {
		return nil, problem
	}
	if p.options.Behind == nil {
		p.options.Behind = have.RuleSet.Behind
	}
	p.firewall = job.Firewall
	p.checkContext(job)
	p.checkZones(job)
	p.checkObjects(job)
	if len(p.problems) > 0 {
		return nil, p.problems
	}
	own := l.own
	p.checkNames(&own, job)
	rules := p.ordered(&own, job, opt)
	if len(p.problems) > 0 {
		return nil, p.problems
	}
	p.wanted(&own, rules)
	if job.Context != "" {
		p.want.prefixed = true
	}
	return p.change(have)
}

// newPlanner begins a plan for what was read of a device.
func newPlanner(have *targets.Config, prefix string, options targets.ParseOptions) (*planner, []targets.Problem) {
	m, ok := have.Model.(*model)
	if !ok || m == nil {
		return nil, []targets.Problem{{Why: "this configuration wasn't read as one of PAN-OS"}}
	}
	options.Context = m.vsys
	return &planner{have: m, prefix: prefix, options: options}, nil
}

// change is what has to be typed, and what it does.
func (p *planner) change(have *targets.Config) (*targets.Change, []targets.Problem) {
	c := &targets.Change{Steps: p.steps()}
	if len(p.problems) > 0 {
		return nil, p.problems
	}
	c.Result, _ = p.want.ruleSet(p.options)
	p.findForeign(&c.Result)
	c.Findings = p.findings
	if len(c.Steps) > 0 {
		p.connections(c, &have.RuleSet)
	}
	return c, nil
}

// checkContext holds that the job is about what was read.
func (p *planner) checkContext(job *targets.Job) {
	m := p.have
	switch {
	case m.sectionOnly:
		p.problem("", "this is a file of nbfwc and not the configuration of a device")
	case job.DeviceGroup != "" && !m.panorama:
		p.problem(job.DeviceGroup, "the job is for a device group, and this is the configuration of a firewall; read Panorama's own")
	case job.DeviceGroup == "" && m.panorama:
		p.problem(m.vsys, "this is Panorama's configuration; name the device group that the rules belong to")
	case m.panorama && m.vsys != job.DeviceGroup:
		p.problem(job.DeviceGroup, "the device group %q was read", m.vsys)
	case !m.panorama && job.Context != "" && m.vsys != job.Context:
		p.problem(job.Context, "the vsys %q was read", m.vsys)
	case !m.panorama && job.Context == "" && m.prefixed:
		p.problem(m.vsys, "the firewall has several vsys; name the one that the rules belong to with context = %q", m.vsys)
	}
	if p.have.context() == nil && len(p.problems) == 0 {
		p.problem(m.vsys, "the text has no such vsys or device group")
	}
}

// checkZones holds that the zones of the job are there and route.
func (p *planner) checkZones(job *targets.Job) {
	c := p.have.context()
	if c == nil || len(c.zones.list) == 0 {
		return
	}
	for _, f := range job.Interfaces {
		for _, name := range f.Devices {
			switch z := c.zones.get(name); {
			case z == nil:
				p.problem(name, "the firewall has no such zone; it has %s", listNames(c.zones.list, 8))
			case z.kind == "virtual-wire", z.kind == "layer2", z.kind == "tap":
				p.problem(name, "the zone is of kind %s; only zones that route (layer3) are modelled", z.kind)
			}
		}
	}
}

// listNames names the first few of a list.
func listNames[T any, P named[T]](list []T, most int) string {
	var names []string
	for i := range list {
		if i == most {
			names = append(names, fmt.Sprintf("and %d more", len(list)-most))
			break
		}
		names = append(names, fmt.Sprintf("%q", P(&list[i]).base().name))
	}
	return strings.Join(names, ", ")
}

// checkObjects holds that objects that stand for groups have their addresses.
func (p *planner) checkObjects(job *targets.Job) {
	for _, g := range job.Want.Groups {
		object, ok := job.UseObjects[g.Name]
		if !ok {
			continue
		}
		set, exact, found := p.have.addrsOf(object)
		switch {
		case !found || !p.isObject(object):
			p.problem(object, "the device has no such object; it stands for the group %q", g.Name)
		case !exact:
			p.problem(object, "what the object holds isn't known from the configuration; it stands for the group %q", g.Name)
		case !set.Equal(g.Set):
			p.problem(object, "the object doesn't have the addresses of the group %q, for which it stands: too many are %s, missing are %s",
				g.Name, shortSet(set.Subtract(g.Set)), shortSet(g.Set.Subtract(set)))
		}
	}
}

// isObject says whether a name is that of an address object or group.
func (p *planner) isObject(name string) bool {
	for _, s := range p.have.chain(p.have.context()) {
		if s.addresses.has(name) || s.addressGroups.has(name) {
			return true
		}
	}
	return false
}

// checkNames holds that what has our prefix is ours, and that no object of ours
// takes the place of one that is known elsewhere by its name.
func (p *planner) checkNames(own *ours, job *targets.Job) {
	c := p.have.context()
	used := map[string]bool{}
	if job != nil {
		for _, object := range job.UseObjects {
			used[object] = true
		}
	}
	check := func(kind string, e *entry) {
		if strings.HasPrefix(e.name, p.prefix) && !slices.Contains(e.tags, mark) && !used[e.name] {
			p.problem(e.name, "the name of this %s begins with our prefix, but it doesn't have the tag %q; rename it, or tag it if it is ours", kind, mark)
		}
	}
	eachEntry(c.base(p.have.panorama).security.list, func(e *entry) { check("rule", e) })
	eachEntry(c.addresses.list, func(e *entry) { check("address", e) })
	eachEntry(c.addressGroups.list, func(e *entry) { check("address group", e) })
	eachEntry(c.services.list, func(e *entry) { check("service", e) })
	for _, s := range p.have.chain(c) {
		for i := range own.services {
			name := own.services[i].name
			if s.serviceGroups.has(name) || s != c && s.services.has(name) {
				p.problem(name, "a service or service group of this name exists already; ours would hide it")
			}
		}
		eachEntry(own.addresses, func(e *entry) { p.checkHidden(s, c, e.name, s.addressGroups.has(e.name)) })
		eachEntry(own.groups, func(e *entry) { p.checkHidden(s, c, e.name, s.addresses.has(e.name)) })
	}
}

func (p *planner) checkHidden(s, own *scope, name string, otherKind bool) {
	if otherKind || s != own && (s.addresses.has(name) || s.addressGroups.has(name)) {
		p.problem(name, "an address or address group of this name exists already; ours would hide it")
	}
}

func eachEntry[T any, P named[T]](list []T, f func(*entry)) {
	for i := range list {
		f(P(&list[i]).base())
	}
}

// isOurs says whether an object or rule is ours: by its name and by its tag.
func (p *planner) isOurs(e *entry) bool {
	return strings.HasPrefix(e.name, p.prefix) && slices.Contains(e.tags, mark)
}
