package cisco_asa

import "strings"

// classMapHead reads "class-map [type T] [match-all|match-any] NAME". Of types
// only the one without and management stand in a policy-map of layers 3 and 4.
func (p *parser) classMapHead() {
	c := &classMap{num: p.num}
	i := 1
	if p.at(i) == "type" {
		if p.at(i+1) != "management" {
			p.body = func() {}
			return
		}
		c.management = true
		i += 2
	}
	switch p.at(i) {
	case "match-any":
		c.matchAny = true
		i++
	case "match-all":
		i++
	}
	c.name = p.keep(p.at(i))
	if c.name == "" || p.m.classMap(c.name) != nil {
		p.problem("the class-map has no name of its own")
	} else if p.few(len(p.m.classMaps), maxPolicies) {
		p.m.classMaps = append(p.m.classMaps, c)
	}
	p.body = func() { p.classMapLine(c) }
}

func (p *parser) classMapLine(c *classMap) {
	if p.w[0] == "description" {
		c.description = strings.Clone(p.rest(1))
		return
	}
	c.matches = append(c.matches, p.classMatch())
}

// classMatch reads a line of a class-map.
func (p *parser) classMatch() classMatch {
	switch {
	case p.w[0] != "match":
	case p.at(1) == "any" && len(p.w) == 2:
		return classMatch{kind: matchAll}
	case p.at(1) == "default-inspection-traffic":
		return classMatch{kind: matchInspection, text: strings.Clone(p.line)}
	case p.at(1) == "access-list" && len(p.w) == 3:
		return classMatch{kind: matchACL, text: p.keep(p.w[2])}
	case p.at(1) == "port":
		proto, ok := protoNumber(p.at(2))
		if ports, n, okPorts := p.portsAt(3, proto); ok && okPorts && proto.kind == numberProto && 3+n == len(p.w) {
			return classMatch{kind: matchPort, proto: proto.number, ports: ports}
		}
	}
	return classMatch{kind: matchOther, text: strings.Clone(strings.TrimSpace(p.line))}
}

// policyMapHead reads "policy-map NAME". A policy-map of a type is the inner
// part of an inspection.
func (p *parser) policyMapHead() {
	if p.at(1) == "type" {
		p.body = func() {}
		return
	}
	m := &policyMap{name: p.keep(p.at(1)), num: p.num}
	if m.name == "" || p.m.policyMap(m.name) != nil {
		p.problem("the policy-map has no name of its own")
	} else if p.few(len(p.m.policyMaps), maxPolicies) {
		p.m.policyMaps = append(p.m.policyMaps, m)
	}
	p.body = func() { p.policyMapLine(m) }
}

func (p *parser) policyMapLine(m *policyMap) {
	switch {
	case p.w[0] == "class" && len(p.w) == 2:
		m.classes = append(m.classes, policyClass{class: p.keep(p.w[1]), num: p.num})
		return
	case len(m.classes) == 0:
		if p.w[0] == "description" {
			m.description = strings.Clone(p.rest(1))
		}
		return
	}
	c := &m.classes[len(m.classes)-1]
	if p.w[0] == "set" && p.at(1) == "connection" && p.at(2) == "timeout" {
		if !p.connTimeout(&c.timeout) {
			p.problem("the timeout isn't understood")
		}
		return
	}
	switch p.w[0] {
	case "sfr", "ips", "csc", "cxsc":
		if p.w[len(p.w)-1] != "monitor-only" {
			p.problem("a module that may drop packets inspects this class; what it does isn't part of the configuration")
		}
	}
	c.actions = append(c.actions, strings.Clone(strings.TrimSpace(p.line)))
}

// connTimeout reads "set connection timeout" with its timers in any order:
// "embryonic T", "half-closed T", "idle T [reset]", "dcd [RETRY [MAX]]". Old
// releases print "tcp T" for "idle T".
func (p *parser) connTimeout(t *connTimeout) bool {
	for i := 3; i < len(p.w); {
		d, hasTime := clock(p.at(i + 1))
		switch p.w[i] {
		case "embryonic":
			t.embryonic, t.hasEmbryonic = d, true
		case "half-closed":
			t.halfClosed, t.hasHalfClosed = d, true
		case "idle", "tcp":
			t.idle, t.hasIdle = d, true
			if p.at(i+2) == "reset" {
				t.reset = true
				i++
			}
		case "dcd":
			t.hasDCD, t.dcdRetry, t.dcdMax = true, defaultDCDRetry, defaultDCDMax
			if !hasTime {
				i++
				continue
			}
			t.dcdRetry = d
			if n, ok := smallNumber(p.at(i+2), 255); ok {
				t.dcdMax = n
				i++
			}
		default:
			return false
		}
		if !hasTime {
			return false
		}
		i += 2
	}
	return len(p.w) > 3
}

// servicePolicy reads "service-policy NAME global" and "service-policy NAME
// interface X".
func (p *parser) servicePolicy() {
	s := servicePolicy{policy: p.keep(p.at(1)), num: p.num}
	switch {
	case p.at(2) == "global":
	case p.at(2) == "interface" && p.at(3) != "":
		s.iface = p.keep(p.w[3])
	default:
		p.problem("the service-policy isn't understood")
		return
	}
	if !p.few(len(p.m.servicePolicies), maxInterfaces) {
		return
	}
	p.m.servicePolicies = append(p.m.servicePolicies, s)
}
