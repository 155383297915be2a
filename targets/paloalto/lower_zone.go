package paloalto

import (
	"fmt"
	"slices"
	"strings"

	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
)

// zones are the zones of a context and the labels that the policy has for them.
// A zone that isn't mapped stands for itself.
type zones struct {
	label map[string]string   // by zone
	of    map[string][]string // the zones of a label
	// labels are ascending.
	labels []string
	// all says that the text defines its zones, so that there are no others;
	// defined are those.
	all     bool
	defined map[string]bool
}

// newZones collects the zones that the text defines, those of the interfaces of
// the policy and those that rules name.
func newZones(m *model, chain []*scope, opt targets.ParseOptions) *zones {
	z := &zones{label: map[string]string{}, of: map[string][]string{}, defined: map[string]bool{}}
	mapped := map[string]string{}
	for _, f := range opt.Interfaces {
		devices := f.Devices
		if len(devices) == 0 {
			devices = []string{f.Label}
		}
		for _, d := range devices {
			mapped[d] = f.Label
		}
		for _, d := range devices {
			z.add(d, mapped)
		}
	}
	for _, s := range chain {
		for i := range s.zones.list {
			name := s.zones.list[i].name
			z.defined[name] = true
			z.add(name, mapped)
		}
	}
	// A template of Panorama can define zones that a firewall's own text lacks.
	complete := m.managed == "" || m.scope(pushedScope, "") != nil
	z.all = len(z.defined) > 0 && !m.panorama && complete
	for _, s := range chain {
		for _, b := range []*rulebase{&s.pre, &s.rules, &s.post} {
			for i := range b.security.list {
				for _, list := range [][]string{b.security.list[i].from, b.security.list[i].to} {
					for _, name := range list {
						if name != "any" {
							z.add(name, mapped)
						}
					}
				}
			}
		}
	}
	slices.Sort(z.labels)
	return z
}

func (z *zones) add(zone string, mapped map[string]string) {
	if _, ok := z.label[zone]; ok {
		return
	}
	label, ok := mapped[zone]
	if !ok {
		label = zone
	}
	if label == ruleset.Self {
		label = "zone " + label
	}
	z.label[zone] = label
	if z.of[label] == nil {
		z.labels = append(z.labels, label)
	}
	z.of[label] = append(z.of[label], zone)
}

// labelsOf returns the labels of the zones, ascending. whole says that all zones
// of these labels are in the list.
func (z *zones) labelsOf(list []string) (labels []string, whole bool) {
	count := map[string]int{}
	for _, name := range list {
		count[z.label[name]]++
	}
	whole = true
	for label, n := range count {
		labels = append(labels, label)
		whole = whole && n == len(z.of[label])
	}
	slices.Sort(labels)
	return labels, whole
}

// single says whether each label stands for one zone.
func (z *zones) single(labels []string) bool {
	for _, label := range labels {
		if len(z.of[label]) > 1 {
			return false
		}
	}
	return true
}

// ifacePart is a part of the pairs of zones that a rule matches; id names what
// isn't modelled of it.
type ifacePart struct {
	in, out ruleset.IfaceSet
	id      string
}

// unnamed are the pairs of zones that nothing names.
const unnamed = "traffic inside a zone that is not named"

// within are the pairs of a zone with itself.
func (z *zones) within() []ifacePart {
	var out []ifacePart
	for _, label := range z.labels {
		f := ruleset.Ifaces(label)
		id := ""
		if len(z.of[label]) > 1 {
			id = "traffic inside a zone of " + label
		}
		out = append(out, ifacePart{f, f, id})
	}
	if !z.all {
		rest := ruleset.NotIfaces(append(slices.Clone(z.labels), ruleset.Self)...)
		out = append(out, ifacePart{rest, rest, unnamed})
	}
	return out
}

// maxZoneParts bounds the parts that a rule between zones is split into.
const maxZoneParts = 1000

// ifaceParts lowers from, to and the type of a rule. The ids are conditions of
// the whole rule that aren't modelled.
func (l *lowerer) ifaceParts(r *rule) (parts []ifacePart, ids []string) {
	for i, list := range [][]string{r.from, r.to} {
		if len(list) == 0 && (i == 0 || r.ruleType != "intrazone") {
			l.problem(r.line, r.name, "the rule has no %s; a device doesn't commit such a rule", [2]string{"from", "to"}[i])
			return []ifacePart{{}}, []string{"rule " + r.name + " has no zone"}
		}
		l.undefined(r, list)
	}
	z := l.zones
	from, fromAny, id1 := z.side("from", r.from)
	to, toAny, id2 := z.side("to", r.to)
	switch r.ruleType {
	case "universal":
		p := ifacePart{}
		if !fromAny {
			p.in = ruleset.Ifaces(from...)
		}
		if !toAny {
			p.out = ruleset.Ifaces(to...)
		}
		return []ifacePart{p}, []string{id1, id2}
	case "intrazone":
		return l.intrazone(r, from, fromAny, id1)
	case "interzone":
		return l.interzone(r, from, to, fromAny, toAny, []string{id1, id2})
	}
	l.problem(r.line, r.name+" rule-type "+r.ruleType, "a type of rule that isn't known")
	return []ifacePart{{}}, []string{"rule " + r.name + " rule-type " + r.ruleType}
}

// undefined reports zones that the text doesn't define though it defines others.
func (l *lowerer) undefined(r *rule, list []string) {
	if !l.zones.all {
		return
	}
	for _, name := range list {
		if name != "any" && name != "multicast" && !l.zones.defined[name] {
			l.once("zone "+name, r.line, r.name+" "+name, "the rule names a zone that the text doesn't define")
		}
	}
}

// side lowers a list of zones; id names the zones if they are only some of those
// that a label stands for.
func (z *zones) side(which string, list []string) (labels []string, isAny bool, id string) {
	if contains(list, "any") {
		return nil, true, ""
	}
	labels, whole := z.labelsOf(list)
	if !whole {
		sorted := slices.Clone(list)
		slices.Sort(sorted)
		id = which + " zone"
		for _, s := range sorted {
			id += " " + s
		}
	}
	return labels, false, id
}

// intrazone matches each zone of from with itself.
func (l *lowerer) intrazone(r *rule, from []string, fromAny bool, id string) ([]ifacePart, []string) {
	if len(r.to) > 0 && !contains(r.to, "any") && !sameSet(r.from, r.to) {
		l.problem(r.line, r.name, "a rule of type intrazone whose zones in from and to differ; a device doesn't commit it")
		return []ifacePart{{}}, []string{"rule " + r.name + " has two lists of zones"}
	}
	all := l.zones.within()
	if fromAny {
		return all, nil
	}
	var parts []ifacePart
	for _, p := range all {
		if labels, except := p.in.Labels(); !except && len(labels) == 1 {
			if _, ok := slices.BinarySearch(from, labels[0]); ok {
				parts = append(parts, p)
			}
		}
	}
	return parts, []string{id}
}

func sameSet(a, b []string) bool {
	for _, x := range a {
		if !contains(b, x) {
			return false
		}
	}
	for _, x := range b {
		if !contains(a, x) {
			return false
		}
	}
	return true
}

// interzone matches the zones of from with those of to but never a zone with
// itself.
func (l *lowerer) interzone(r *rule, from, to []string, fromAny, toAny bool, ids []string) ([]ifacePart, []string) {
	z := l.zones
	both := z.labels
	switch {
	case !fromAny && !toAny:
		both = intersect(from, to)
	case !fromAny:
		both = from
	case !toAny:
		both = to
	}
	if len(both) > maxZoneParts {
		l.once("zones", r.line, r.name, "a rule between more than %d zones is not modelled", maxZoneParts)
		return []ifacePart{{}}, append(ids, "rule "+r.name+" between zones")
	}
	key := fmt.Sprint(fromAny, toAny, len(from), "\x00", strings.Join(from, "\x00"), "\x00", strings.Join(to, "\x00"))
	if parts, ok := l.between[key]; ok {
		return parts, ids
	}
	set := func(labels []string, isAny bool) ruleset.IfaceSet {
		if isAny {
			return ruleset.IfaceSet{}
		}
		return ruleset.Ifaces(labels...)
	}
	in, out := set(from, fromAny), set(to, toAny)
	var parts []ifacePart
	add := func(p ifacePart) {
		if !p.in.IsEmpty() && !p.out.IsEmpty() {
			parts = append(parts, p)
		}
	}
	outside := ruleset.NotIfaces(both...)
	switch {
	case fromAny && toAny:
		// What nothing names goes to every zone that has a name.
		add(ifacePart{in: outside, out: ruleset.Ifaces(both...)})
		if !z.all {
			add(ifacePart{in: outside, out: outside, id: "traffic between zones that are not named"})
		}
	default:
		add(ifacePart{in: in.Intersect(outside), out: out})
	}
	for _, label := range both {
		self := ruleset.Ifaces(label)
		add(ifacePart{in: self, out: out.Intersect(ruleset.NotIfaces(label))})
		if !z.single([]string{label}) {
			add(ifacePart{in: self, out: self, id: "traffic between zones of " + label})
		}
	}
	l.between[key] = parts
	return parts, ids
}

func intersect(a, b []string) []string {
	var out []string
	for _, x := range a {
		if _, ok := slices.BinarySearch(b, x); ok {
			out = append(out, x)
		}
	}
	return out
}
