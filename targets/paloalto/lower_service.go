package paloalto

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
)

// servicePart is services that a rule treats alike; id names what isn't
// modelled of it, "" if nothing.
type servicePart struct {
	set  ruleset.ServiceSet
	idle time.Duration
	id   string
	// named says that one service or service group spells the set.
	named bool
}

// timed are boxes of one idle timeout.
type timed struct {
	idle  time.Duration
	boxes []ruleset.ServiceBox
}

// serviceValue is what a name or a list of names means as services.
type serviceValue struct {
	parts   []timed // in the order in which timeouts are met
	unknown []string
	faults  []targets.Problem
	open    bool
	// ready are the parts as rules need them.
	ready []servicePart
}

func (v *serviceValue) add(idle time.Duration, boxes ...ruleset.ServiceBox) {
	for i := range v.parts {
		if v.parts[i].idle == idle {
			v.parts[i].boxes = append(v.parts[i].boxes, boxes...)
			return
		}
	}
	v.parts = append(v.parts, timed{idle, slices.Clone(boxes)})
}

func (v *serviceValue) join(w *serviceValue) {
	for _, p := range w.parts {
		v.add(p.idle, p.boxes...)
	}
	v.unknown = append(v.unknown, w.unknown...)
	v.faults = append(v.faults, w.faults...)
}

func (v *serviceValue) fault(line int, text, why string) {
	v.unknown = append(v.unknown, "unknown "+text)
	v.faults = append(v.faults, targets.Problem{Line: line, Text: text, Why: why})
}

// finish makes the parts that rules need. overlap says that services of
// different timeouts have packets in common.
func (v *serviceValue) finish() (overlap bool) {
	var met ruleset.ServiceSet
	for _, p := range v.parts {
		set := ruleset.NewServiceSet(p.boxes...)
		if !set.Intersect(met).IsEmpty() {
			overlap = true
			set = set.Subtract(met)
		}
		met = met.Union(set)
		if !set.IsEmpty() {
			v.ready = append(v.ready, servicePart{set: set, idle: p.idle})
		}
	}
	if len(v.unknown) > 0 {
		v.ready = append(v.ready, servicePart{set: ruleset.AnyService(), id: "service " + strings.Join(v.unknown, ", ")})
	}
	return overlap
}

// serviceList lowers the names of a rule.
func (l *lowerer) serviceList(s *scope, r *rule) *serviceValue {
	key := listKey{s, strings.Join(r.service, "\x00")}
	v := l.serviceLists[key]
	if v == nil {
		v = &serviceValue{}
		for _, name := range r.service {
			v.join(l.serviceName(s, name, 0, r.line))
		}
		v.unknown, v.faults = sortedSet(v.unknown), distinct(v.faults)
		if v.finish() {
			l.problem(r.line, r.name, "services of the rule overlap and have different timeouts; the one that is listed first is taken to count")
		}
		if len(r.service) == 1 && len(v.ready) == 1 && v.ready[0].id == "" {
			v.ready[0].named = true
		}
		l.serviceLists[key] = v
	}
	for _, f := range v.faults {
		line := f.Line
		if line == 0 {
			line = r.line
		}
		l.once("service "+f.Text+f.Why, line, f.Text, "%s", f.Why)
	}
	return v
}

// serviceName lowers a name as the scope s sees it.
func (l *lowerer) serviceName(s *scope, name string, depth, line int) *serviceValue {
	chain := l.m.chain(s)
	at := serviceHolder(chain, name)
	if at == nil {
		return builtinService(name, line)
	}
	v := l.serviceObject(at, name, depth)
	if other := l.serviceRival(chain, at, name); other != nil {
		if w := l.serviceObject(other, name, depth); !sameServices(v, w) {
			l.once("rival service "+name, line, name, "the service means one thing in %s and another in %s; which one counts for this rule isn't known", scopeTitle(at), scopeTitle(other))
			return &serviceValue{unknown: []string{"name " + name + " of " + scopeTitle(at) + " or " + scopeTitle(other)}}
		}
	}
	return v
}

func serviceHolder(chain []*scope, name string) *scope {
	for _, s := range chain {
		if s.services.has(name) || s.serviceGroups.has(name) {
			return s
		}
	}
	return nil
}

// serviceRival is rival for services.
func (l *lowerer) serviceRival(chain []*scope, at *scope, name string) *scope {
	if l.m.panorama || chain[0].kind == pushedScope {
		if other := serviceHolder(l.context, name); other != at {
			return other
		}
		return nil
	}
	for i, s := range chain {
		if s != at {
			continue
		}
		if other := serviceHolder(chain[i+1:], name); other != nil && (other.kind == pushedScope || at.kind == pushedScope) {
			return other
		}
	}
	return nil
}

func sameServices(v, w *serviceValue) bool {
	if len(v.unknown)+len(w.unknown) > 0 || len(v.parts) != len(w.parts) {
		return false
	}
	for i := range v.parts {
		a, b := ruleset.NewServiceSet(v.parts[i].boxes...), ruleset.NewServiceSet(w.parts[i].boxes...)
		if v.parts[i].idle != w.parts[i].idle || !a.Equal(b) {
			return false
		}
	}
	return true
}

// allPorts is every port.
var allPorts = ruleset.PortRange{From: 0, To: 65535}

// builtinService lowers a name that no service has: the two that the device
// knows by itself.
func builtinService(name string, line int) *serviceValue {
	v := &serviceValue{}
	port := func(n uint16) {
		v.add(0, ruleset.ServiceBox{ProtoFrom: ruleset.TCP, ProtoTo: ruleset.TCP, Src: allPorts, Dst: ruleset.PortRange{From: n, To: n}})
	}
	switch name {
	case "service-http":
		port(80)
		port(8080)
	case "service-https":
		port(443)
	default:
		v.fault(line, name, "no service or service group has this name")
	}
	return v
}

// serviceObject lowers the service or service group that a scope has.
func (l *lowerer) serviceObject(s *scope, name string, depth int) *serviceValue {
	key := objectKey{s, name}
	if v := l.services[key]; v != nil {
		return v
	}
	v := &serviceValue{open: true}
	l.services[key] = v
	sv, g := s.services.get(name), s.serviceGroups.get(name)
	switch {
	case sv != nil && g != nil:
		v.fault(g.line, name, "a service and a service group have this name; a device refuses that")
	case sv != nil:
		service1(v, sv)
	case depth >= maxNesting:
		v.fault(g.line, name, fmt.Sprintf("groups are nested more than %d deep", maxNesting))
	default:
		l.serviceGroup(v, s, g, depth)
	}
	v.unknown, v.faults = sortedSet(v.unknown), distinct(v.faults)
	if l.ranges += len(v.unknown) + len(v.faults); l.ranges > maxRanges {
		*v = serviceValue{}
		v.fault(0, name, fmt.Sprintf("the groups expand to more than %d ports and addresses", maxRanges))
	}
	v.open = false
	return v
}

func (l *lowerer) serviceGroup(v *serviceValue, s *scope, g *serviceGroup, depth int) {
	for _, f := range g.unknown {
		v.fault(f.line, g.name+" "+f.name, "a field of a service group that isn't known")
	}
	if len(g.members) == 0 {
		v.fault(g.line, g.name, "the service group is empty; a device refuses that")
	}
	for _, name := range g.members {
		if l.ranges > maxRanges {
			return
		}
		w := l.serviceName(s, name, depth+1, g.line)
		if w.open {
			v.fault(g.line, g.name+" "+name, "service groups contain each other in a circle; a device refuses that")
			continue
		}
		for _, p := range w.parts {
			l.ranges += len(p.boxes)
		}
		v.join(w)
	}
	for i := range v.parts {
		v.parts[i].boxes = ruleset.NewServiceSet(v.parts[i].boxes...).Boxes()
	}
}

// service1 lowers a service object.
func service1(v *serviceValue, s *service) {
	for _, f := range s.unknown {
		v.fault(f.line, s.name+" "+f.name, "a field of a service that isn't known")
	}
	var proto uint8
	switch s.protocol {
	case "tcp":
		proto = ruleset.TCP
	case "udp":
		proto = ruleset.UDP
	case "sctp":
		proto = 132
	default:
		v.fault(s.line, s.name+" "+s.protocol, "a service is of tcp, udp or sctp")
		return
	}
	dst, ok1 := ports(s.port)
	src, ok2 := []ruleset.PortRange{allPorts}, true
	if s.source != "" {
		src, ok2 = ports(s.source)
	}
	if !ok1 || !ok2 {
		v.fault(s.line, s.name+" "+s.port+" "+s.source, "not a list of ports and ranges of ports")
		return
	}
	idle := time.Duration(0)
	if s.overrides {
		idle = time.Duration(s.timeout) * time.Second
	}
	var boxes []ruleset.ServiceBox
	for _, a := range src {
		for _, b := range dst {
			boxes = append(boxes, ruleset.ServiceBox{ProtoFrom: proto, ProtoTo: proto, Src: a, Dst: b})
		}
	}
	v.add(idle, boxes...)
}

// maxPortText bounds a list of ports; the device allows 1023 characters.
const maxPortText = 4096

// ports reads a comma list of ports and ranges.
func ports(s string) (out []ruleset.PortRange, ok bool) {
	if s == "" || len(s) > maxPortText {
		return nil, false
	}
	for _, w := range strings.Split(s, ",") {
		from, to, isRange := strings.Cut(w, "-")
		if !isRange {
			to = from
		}
		a, err1 := strconv.ParseUint(from, 10, 16)
		b, err2 := strconv.ParseUint(to, 10, 16)
		if err1 != nil || err2 != nil || a > b {
			return nil, false
		}
		out = append(out, ruleset.PortRange{From: uint16(a), To: uint16(b)})
	}
	return out, true
}
