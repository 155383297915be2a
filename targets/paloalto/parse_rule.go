package paloalto

// rulebase reads the rules below a node.
func (p *parser) rulebase(b *rulebase, n int32) {
	t := p.tree
	for i := t.nodes[n].first; i != 0; i = t.nodes[i].next {
		rules := t.child(i, "rules")
		switch word := t.nodes[i].name; word {
		case "security":
			if rules != 0 {
				each(p, rules, &b.security, p.securityRule)
			}
		case "default-security-rules":
			if rules != 0 {
				each(p, rules, &b.defaults, p.securityRule)
			}
		case "nat":
			if rules != 0 {
				each(p, rules, &b.nat, p.natRule)
			}
		case "dos":
			p.otherRules(i, rules, "DoS protection rules can drop packets that security rules allow; they are not modelled")
		case "authentication", "captive-portal":
			p.otherRules(i, rules, "authentication rules can hold up packets that security rules allow; they are not modelled")
		default:
			p.mark(i)
		}
	}
}

// otherRules reports rules that aren't modelled and are in force.
func (p *parser) otherRules(n, rules int32, why string) {
	t := p.tree
	p.mark(n)
	if rules == 0 {
		return
	}
	for i := t.nodes[rules].first; i != 0; i = t.nodes[i].next {
		if !p.yes(t.child(i, "disabled")) {
			p.problem(int(t.nodes[i].line), t.nodes[n].name+" "+t.nodes[i].name, why)
		}
	}
}

// securityRule reads a rule.
func (p *parser) securityRule(n int32) rule {
	r := newRule(p.tree.nodes[n].name, 0)
	r.entry = p.entry(n, func(word string, i int32) bool {
		return p.ruleList(&r, word, i) || p.ruleScalar(&r, word, i)
	})
	return r
}

// ruleList reads a field that holds a list.
func (p *parser) ruleList(r *rule, word string, i int32) bool {
	v := func() []string { return p.tree.values(i) }
	switch word {
	case "from":
		r.from = v()
	case "to":
		r.to = v()
	case "source":
		r.source = v()
	case "destination":
		r.destination = v()
	case "application":
		r.application = v()
	case "service":
		r.service = v()
	case "source-user":
		r.sourceUser = notAny(v())
	case "category":
		r.category = notAny(v())
	case "source-hip":
		r.sourceHIP = notAny(v())
	case "destination-hip":
		r.destHIP = notAny(v())
	case "hip-profiles":
		// Before 10.0 one field for the source.
		if h := notAny(v()); h != nil {
			r.sourceHIP = h
		}
	default:
		return false
	}
	return true
}

// notAny returns the list, nil if any is in it.
func notAny(list []string) []string {
	if contains(list, "any") {
		return nil
	}
	return list
}

// ruleScalar reads a field that holds one value.
func (p *parser) ruleScalar(r *rule, word string, i int32) bool {
	t := p.tree
	switch word {
	case "negate-source":
		r.negateSource = p.yes(i)
	case "negate-destination":
		r.negateDest = p.yes(i)
	case "action":
		r.action = p.scalar(i)
	case "rule-type":
		if s := p.scalar(i); s != "" {
			r.ruleType = s
		}
	case "schedule":
		r.schedule = p.scalar(i)
	case "disabled":
		r.disabled = p.yes(i)
	case "log-start":
		r.logStart = p.yes(i)
	case "log-end":
		r.logEnd = p.scalar(i) != "no"
	case "log-setting":
		r.logSetting = p.scalar(i)
	case "icmp-unreachable":
		r.icmpUnreachable = p.yes(i)
	case "group-tag":
		r.groupTag = p.scalar(i)
	case "option":
		r.noInspection = p.yes(t.child(i, "disable-server-response-inspection"))
	case "profile-setting":
		r.profileGroup = t.values(t.child(i, "group"))
		if k := t.child(i, "profiles"); k != 0 {
			r.profiles = t.text(k)
		}
		p.mark(i)
	case "target":
		if t.path(i, "devices") != 0 && t.nodes[t.path(i, "devices")].count > 0 || t.child(i, "tags") != 0 {
			r.target = t.text(i)
		}
	case "uuid", "qos", "disable-inspect", "audit-comment":
		// The uuid is the device's own; qos marks packets that pass, and
		// disable-inspect says how deep they are looked into.
	default:
		// Whatever the condition is, any stands for none.
		v := t.values(i)
		return len(v) == 1 && v[0] == "any" && t.nodes[t.nodes[i].first].first == 0
	}
	return true
}

// natRule reads a rule that changes addresses.
func (p *parser) natRule(n int32) natRule {
	var r natRule
	t := p.tree
	p.mark(n)
	r.entry = p.entry(n, func(word string, i int32) bool {
		switch word {
		case "from":
			r.from = t.values(i)
		case "to":
			r.to = t.values(i)
		case "source":
			r.source = t.values(i)
		case "destination":
			r.destination = t.values(i)
		case "service":
			r.service = p.scalar(i)
		case "disabled":
			r.disabled = p.yes(i)
		case "source-translation", "destination-translation", "dynamic-destination-translation":
			p.translation(&r, i)
		case "to-interface", "nat-type", "group-tag", "uuid", "active-active-device-binding", "target":
		default:
			return false
		}
		return true
	})
	r.text = t.text(n)
	return r
}

// translation collects the addresses that a translation mentions.
func (p *parser) translation(r *natRule, n int32) {
	t := p.tree
	for i := t.nodes[n].first; i != 0; i = t.nodes[i].next {
		switch t.nodes[i].name {
		case "translated-address":
			r.translations = append(r.translations, t.values(i)...)
		case "interface-address":
			r.unclear = true
		case "translated-port", "distribution", "bi-directional", "dns-rewrite":
		default:
			p.translation(r, i)
		}
	}
}
