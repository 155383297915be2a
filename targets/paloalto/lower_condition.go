package paloalto

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
)

// conditions returns what isn't modelled of a rule beside addresses and zones,
// and its services.
func (l *lowerer) conditions(s *scope, r *rule) (ids []string, services []servicePart) {
	list := func(what string, names []string) {
		if names != nil {
			sorted := slices.Clone(names)
			slices.Sort(sorted)
			ids = append(ids, what+" "+strings.Join(sorted, ", "))
		}
	}
	list("source-user", r.sourceUser)
	list("category", r.category)
	list("source-hip", r.sourceHIP)
	list("destination-hip", r.destHIP)
	if r.schedule != "" {
		ids = append(ids, "schedule "+r.schedule+l.defined(s, "schedule", r.schedule))
	}
	if r.target != "" {
		ids = append(ids, "target "+r.target)
	}
	for _, f := range r.unknown {
		l.problem(f.line, r.name+" "+f.name+" "+f.text, "a field of a security rule that isn't known; it can decide which packets the rule matches")
		ids = append(ids, f.name+" "+f.text)
	}
	services = l.applications(s, r)
	return ids, services
}

// defined returns what the object of a kind consists of.
func (l *lowerer) defined(s *scope, kind, name string) string {
	for _, c := range l.m.chain(s) {
		if o := c.named.get(name); o != nil && o.kind == kind {
			return definition(o)
		}
	}
	return ""
}

var (
	ping    = ruleset.NewServiceSet(ruleset.ServiceBox{ProtoFrom: ruleset.ICMP, ProtoTo: ruleset.ICMP, Src: ruleset.PortRange{From: 8, To: 8}})
	ping6   = ruleset.NewServiceSet(ruleset.ServiceBox{ProtoFrom: ruleset.ICMPv6, ProtoTo: ruleset.ICMPv6, Src: ruleset.PortRange{From: 128, To: 128}})
	allICMP = ruleset.Protocol(ruleset.ICMP).Union(ruleset.Protocol(ruleset.ICMPv6))
)

// applications returns what application and service together match.
func (l *lowerer) applications(s *scope, r *rule) []servicePart {
	services := l.ruleServices(s, r)
	if len(r.application) == 0 {
		l.problem(r.line, r.name, "the rule has no application; a device doesn't commit such a rule")
		return conditional(services, "rule "+r.name+" has no application")
	}
	if contains(r.application, "any") {
		if contains(r.service, "application-default") {
			return conditional(services, "application-default")
		}
		return services
	}
	apps := l.applicationNames(s, r.application)
	var out []servicePart
	var rest []string
	icmp := true
	for _, a := range apps {
		set := ruleset.ServiceSet{}
		switch a {
		case "ping":
			set = ping
		case "ping6":
			set = ping6
		case "icmp", "ipv6-icmp":
			rest = append(rest, a)
			continue
		default:
			rest = append(rest, a)
			icmp = false
			continue
		}
		for _, p := range services {
			if p.set = p.set.Intersect(set); !p.set.IsEmpty() {
				p.named = false
				out = append(out, p)
			}
		}
	}
	if len(rest) == 0 {
		return out
	}
	if icmp {
		services = narrowed(services, allICMP)
	}
	id := "application " + strings.Join(rest, ", ")
	if contains(r.service, "application-default") {
		id += " on its default ports"
	}
	return append(out, conditional(services, id)...)
}

func narrowed(parts []servicePart, to ruleset.ServiceSet) []servicePart {
	var out []servicePart
	for _, p := range parts {
		p.named = false
		if p.set = p.set.Intersect(to); !p.set.IsEmpty() {
			out = append(out, p)
		}
	}
	return out
}

// conditional returns the parts with one more condition.
func conditional(parts []servicePart, id string) []servicePart {
	out := slices.Clone(parts)
	for i := range out {
		if out[i].id != "" {
			out[i].id += "; "
		}
		out[i].id += id
	}
	return out
}

// ruleServices returns what service matches.
func (l *lowerer) ruleServices(s *scope, r *rule) []servicePart {
	switch {
	case len(r.service) == 0:
		l.problem(r.line, r.name, "the rule has no service; a device doesn't commit such a rule")
		return []servicePart{{set: ruleset.AnyService(), id: "rule " + r.name + " has no service"}}
	case contains(r.service, "any"), contains(r.service, "application-default"):
		if len(r.service) > 1 {
			l.problem(r.line, r.name, "any and application-default stand alone; a device doesn't commit such a rule")
			return []servicePart{{set: ruleset.AnyService(), id: "rule " + r.name + " has services beside any"}}
		}
		return []servicePart{{set: ruleset.AnyService()}}
	}
	return l.serviceList(s, r).ready
}

// applicationNames returns the applications that are meant, ascending: groups
// are expanded, and those that the text defines come with their definition.
func (l *lowerer) applicationNames(s *scope, list []string) []string {
	chain := l.m.chain(s)
	seen := map[string]bool{}
	var out []string
	var add func(name string)
	add = func(name string) {
		if seen[name] {
			return
		}
		seen[name] = true
		for _, c := range chain {
			o := c.named.get(name)
			if o == nil {
				continue
			}
			switch o.kind {
			case "application-group":
				for _, m := range o.members {
					add(m)
				}
				return
			case "application", "application-filter":
				out = append(out, o.kind+" "+name+definition(o))
				return
			}
		}
		out = append(out, name)
	}
	for _, name := range list {
		add(name)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// configInterfaces are the zones with the networks behind them: those of their
// interfaces and of static routes through them.
func (m *model) configInterfaces(opt targets.ParseOptions) []targets.ConfigInterface {
	c := m.context()
	if c == nil {
		return nil
	}
	z := newZones(m, m.chain(c), opt)
	zoneOf := map[string]string{}
	networks := map[string][]netip.Prefix{}
	var out []targets.ConfigInterface
	for i := range c.zones.list {
		zone := &c.zones.list[i]
		for _, f := range zone.interfaces {
			zoneOf[f] = zone.name
			if n := m.interfaces.get(f); n != nil {
				networks[zone.name] = append(networks[zone.name], n.networks...)
			}
		}
	}
	for _, r := range m.routes {
		zone := zoneOf[r.iface]
		if r.iface == "" && r.nextHop.IsValid() {
			zone = zoneOf[m.interfaceOf(r.nextHop)]
		}
		if zone != "" {
			networks[zone] = append(networks[zone], r.destination)
		}
	}
	for i := range c.zones.list {
		zone := &c.zones.list[i]
		out = append(out, targets.ConfigInterface{Label: z.label[zone.name], Networks: distinct(networks[zone.name]), Line: zone.line})
	}
	return out
}

// interfaceOf returns the interface whose network has the address, "" if there
// is none.
func (m *model) interfaceOf(a netip.Addr) string {
	best, name := -1, ""
	for i := range m.interfaces.list {
		for _, q := range m.interfaces.list[i].networks {
			if q.Contains(a) && q.Bits() > best {
				best, name = q.Bits(), m.interfaces.list[i].name
			}
		}
	}
	return name
}

// distinct returns the list without what it has twice, in its order.
func distinct[T comparable](list []T) []T {
	if len(list) < 2 {
		return list
	}
	seen := make(map[T]bool, len(list))
	out := list[:0]
	for _, x := range list {
		if !seen[x] {
			seen[x] = true
			out = append(out, x)
		}
	}
	return out
}

// natRules are the rules in force that change addresses.
func (m *model) natRules() []targets.NATRule {
	l := newLowerer(m, targets.ParseOptions{})
	var out []targets.NATRule
	for _, s := range l.context {
		for _, b := range []*rulebase{&s.pre, &s.rules, &s.post} {
			for i := range b.nat.list {
				r := &b.nat.list[i]
				if r.disabled {
					continue
				}
				clear := !r.unclear && len(r.unknown) == 0 && len(r.source) > 0 && len(r.destination) > 0
				var set ruleset.AddrSet
				for _, list := range [][]string{r.source, r.destination, r.translations} {
					v := l.addrList(s, list)
					set = set.Union(v.set)
					clear = clear && len(v.unknown) == 0
				}
				if !clear {
					set = ruleset.AnyAddr()
				}
				out = append(out, targets.NATRule{Line: r.line, Text: clean(r.name+" "+r.text, 400), Addrs: set})
			}
		}
	}
	return out
}
