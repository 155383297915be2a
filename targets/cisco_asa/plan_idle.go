package cisco_asa

import (
	"slices"
	"strings"
)

// wantIdles makes the lists and classes of idle timeouts those of the job.
func (p *planner) wantIdles(idles []idleWant) {
	m := p.want
	keep := map[string]bool{}
	for i := range idles {
		c := &idles[i]
		keep[c.name] = true
		p.wantIdle(c)
	}
	for _, a := range slices.Clone(m.acls) {
		if strings.HasPrefix(a.name, p.prefix+idleName) && !keep[a.name] && m.isIdleList(a) {
			m.removeACL(a.name)
			m.dropClass(a.name)
		}
	}
	if len(idles) == 0 {
		return
	}
	p.wantClasses(idles)
}

// isIdleList says whether a list is that of an idle timeout of ours.
func (m *model) isIdleList(a *acl) bool {
	return len(a.lines) == 0 || a.lines[0].remark && strings.HasPrefix(m.pool.texts.list[a.lines[0].x], ownMark+" idle timeout")
}

func (p *planner) wantIdle(c *idleWant) {
	m := p.want
	if a := m.aclIndex[c.name]; a == nil {
		m.addACL(&acl{name: c.name, kind: "extended", lines: c.lines})
	} else if !m.isIdleList(a) {
		p.problem(c.name, "the device has an access-list of this name that isn't ours: it doesn't begin with the remark %q; rename it there", idleRemark(c.idle))
		return
	} else {
		a.lines = c.lines
	}
	k := m.classMap(c.name)
	switch {
	case k == nil:
		m.classMaps = append(m.classMaps, c.classMap())
	case len(k.matches) == 0:
		*k = *c.classMap()
	case len(k.matches) != 1 || k.matches[0].kind != matchACL || k.matches[0].text != c.name:
		p.problem(c.name, "the device has a class-map of this name that matches something else; rename it there")
	}
}

// dropClass removes a class-map and the classes that refer to it.
func (m *model) dropClass(name string) {
	m.classMaps = slices.DeleteFunc(m.classMaps, func(c *classMap) bool { return c.name == name })
	for _, pm := range m.policyMaps {
		pm.classes = slices.DeleteFunc(pm.classes, func(c policyClass) bool { return c.class == name })
	}
}

// wantClasses adds the classes to the policy-map that is applied to all
// interfaces. If there is none, one of our own is applied: one of others that
// isn't would bring its other classes with it.
func (p *planner) wantClasses(idles []idleWant) {
	m := p.want
	name := ""
	for _, s := range m.servicePolicies {
		if s.iface == "" {
			name = s.policy
		}
	}
	if name == "" {
		name = defaultPolicy
		if pm := m.policyMap(name); pm != nil && len(pm.classes) > 0 {
			name = p.prefix + policyName
		}
		m.servicePolicies = append(m.servicePolicies, servicePolicy{policy: name})
	}
	pm := m.policyMap(name)
	if pm == nil {
		pm = &policyMap{name: name}
		m.policyMaps = append(m.policyMaps, pm)
	}
	var classes []policyClass
	for i := range idles {
		classes = append(classes, idles[i].policyClass())
	}
	p.setClasses(pm, classes)
	for _, s := range m.servicePolicies {
		if other := m.policyMap(s.policy); s.iface != "" && other != nil && other.setsTimeout() {
			p.findings = append(p.findings, problemAt(s.num, s.text(), "the policy-map of this interface sets connection timeouts and wins over the one for all interfaces, so that connections of ours that enter there may not get their idle timeout; add our classes to it"))
		}
	}
}

func (pm *policyMap) setsTimeout() bool {
	return slices.ContainsFunc(pm.classes, func(c policyClass) bool { return c.timeout.hasIdle })
}

// setClasses makes our classes in a policy-map the given ones, in their order.
// Those that stand in that order already stay; the others come after all that
// is there, since ours don't go above those of others.
func (p *planner) setClasses(pm *policyMap, want []policyClass) {
	kept := p.keptClasses(pm, want)
	var list []policyClass
	n := 0
	for _, c := range pm.classes {
		switch {
		case !p.isIdleName(c.class):
			list = append(list, c)
		case n < kept && c.class == want[n].class:
			c.timeout = want[n].timeout
			list = append(list, c)
			n++
		}
	}
	at := len(list)
	if at > 0 && list[at-1].class == "class-default" {
		at--
	}
	pm.classes = slices.Insert(list, at, want[kept:]...)
	for i, c := range pm.classes {
		below := slices.ContainsFunc(pm.classes[i:], func(c policyClass) bool { return p.isIdleName(c.class) })
		if below && c.timeout.hasIdle && !p.isIdleName(c.class) && c.class != "class-default" {
			p.findings = append(p.findings, problemAt(c.num, "policy-map "+pm.name+" class "+c.class, "the class stands above ours and sets an idle timeout: what it matches doesn't get ours; it is left alone; exclude our connections from it"))
		}
	}
}

// keptClasses is how many of the wanted classes stand in a policy-map already
// in their order.
func (p *planner) keptClasses(pm *policyMap, want []policyClass) int {
	n := 0
	for _, c := range pm.classes {
		if !slices.ContainsFunc(want, func(w policyClass) bool { return w.class == c.class }) {
			continue
		}
		if n >= len(want) || want[n].class != c.class {
			break
		}
		n++
	}
	return n
}
