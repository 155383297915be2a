package paloalto

import (
	"cmp"
	"slices"

	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
)

// restore returns the change that makes what is ours what it was before. Rules
// of others stay as they are; only those that a take-over has removed come back.
func restore(have, before *targets.Config) (*targets.Change, []targets.Problem) {
	old, ok := before.Model.(*model)
	if !ok || old == nil {
		return nil, []targets.Problem{{Why: "the earlier configuration wasn't read as one of PAN-OS"}}
	}
	p, problem := newPlanner(have, cmp.Or(old.options.Prefix, targets.DefaultPrefix), old.options)
	switch {
	case problem != nil:
		return nil, problem
	case p.have.panorama != old.panorama || p.have.vsys != old.vsys:
		return nil, []targets.Problem{{Text: old.vsys, Why: "the earlier configuration is that of another vsys or device group"}}
	case p.have.context() == nil || old.context() == nil:
		return nil, []targets.Problem{{Text: old.vsys, Why: "the text has no such vsys or device group"}}
	}
	own := p.oursOf(old)
	p.checkNames(&own, nil)
	rules := p.restoredRules(old)
	if len(p.problems) > 0 {
		return nil, p.problems
	}
	p.wanted(&own, rules)
	return p.change(have)
}

// oursOf is what is ours in a configuration, with nothing that isn't modelled.
func (p *planner) oursOf(m *model) ours {
	c := m.context()
	var o ours
	mine := func(e *entry) bool {
		if !p.isOurs(e) {
			return false
		}
		if len(e.unknown) > 0 {
			p.finding(e.line, e.name, "the earlier configuration had fields of it that nbfwc can't write; they don't come back")
		}
		e.unknown = nil
		return true
	}
	for _, a := range c.addresses.list {
		if mine(&a.entry) {
			o.addresses = append(o.addresses, a)
		}
	}
	for _, g := range c.addressGroups.list {
		if mine(&g.entry) {
			o.groups = append(o.groups, g)
		}
	}
	for _, v := range c.services.list {
		if mine(&v.entry) {
			o.services = append(o.services, v)
		}
	}
	for _, r := range c.base(m.panorama).security.list {
		if mine(&r.entry) {
			r.profiles, r.target = "", ""
			o.rules = append(o.rules, r)
		}
	}
	return o
}

// restoredRules are all rules of our rule base: those of others as they are,
// ours as before, each after the rule that it came after then.
func (p *planner) restoredRules(old *model) []rule {
	have := &p.have.context().base(p.have.panorama).security
	was := old.context().base(old.panorama).security.list
	others := make([]rule, 0, len(have.list))
	for _, r := range have.list {
		if !p.isOurs(&r.entry) {
			others = append(others, r)
		}
	}
	last := p.prefix + "default"
	takenOver := have.has(last) && !slices.ContainsFunc(was, func(r rule) bool { return r.name == last })
	// after holds what comes behind a rule of others; "" stands for the top.
	after := map[string][]rule{}
	place := ""
	for _, r := range was {
		switch {
		case p.isOurs(&r.entry):
			r.unknown, r.profiles, r.target = nil, "", ""
			after[place] = append(after[place], r)
		case have.has(r.name) && !p.isOurs(&have.get(r.name).entry):
			place = r.name
		case takenOver:
			if len(r.unknown) > 0 || r.profiles != "" || r.target != "" {
				p.problem(r.name, "the rule was removed and has fields that nbfwc can't write; load the version of the configuration from before (load config version)")
			}
			for _, f := range r.settings() {
				for _, v := range f.values {
					p.checked(v)
				}
			}
			after[place] = append(after[place], r)
		}
	}
	out := slices.Clone(after[""])
	for _, r := range others {
		out = append(append(out, r), after[r.name]...)
	}
	return out
}

// shortSet is a set in a few words.
func shortSet(s ruleset.AddrSet) string {
	if s.Len() > 3 {
		return s.Ranges()[0].String() + " and more"
	}
	return s.String()
}
