package paloalto

import (
	"fmt"
	"math/bits"
	"net/netip"
	"slices"
	"strings"

	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
)

const (
	// maxNesting bounds how deep groups are followed.
	maxNesting = 100
	// maxRanges bounds the addresses and ranges that all groups of a text
	// expand to; nested groups can make them many.
	maxRanges = 4_000_000
	// maxListed bounds the same for the lists of rules.
	maxListed = 10_000_000
	// maxWildcard is how many prefixes an ip-wildcard is expanded to at most.
	maxWildcard = 1024
)

// addrValue is what a name or a list of names means as addresses.
type addrValue struct {
	set     ruleset.AddrSet
	members []ruleset.Member // of set, in the order of the text
	// unknown are the parts that aren't modelled, ascending; set is the rest.
	unknown []string
	// faults are names that mean nothing; they are among unknown.
	faults []targets.Problem
	// object says that an object or group has this name.
	object bool
	open   bool // being lowered: a group that is met again is in a circle
}

func (v *addrValue) finish() {
	v.set = ruleset.MemberSet(v.members)
	v.unknown = sortedSet(v.unknown)
	v.faults = distinct(v.faults)
}

// size is what the value takes in memory, about.
func (v *addrValue) size() int { return len(v.members) + len(v.unknown) + len(v.faults) }

func sortedSet(list []string) []string {
	slices.Sort(list)
	return slices.Compact(list)
}

func (v *addrValue) join(w *addrValue) {
	v.members = append(v.members, w.members...)
	v.unknown = append(v.unknown, w.unknown...)
	v.faults = append(v.faults, w.faults...)
}

func (v *addrValue) fault(line int, text, why string) {
	v.unknown = append(v.unknown, "unknown "+text)
	v.faults = append(v.faults, targets.Problem{Line: line, Text: text, Why: why})
}

// addrList lowers the names that a rule of the scope gives.
func (l *lowerer) addrList(s *scope, list []string) *addrValue {
	if len(list) == 1 {
		return l.name(s, list[0], 0, 0)
	}
	key := listKey{s, strings.Join(list, "\x00")}
	if v := l.addrLists[key]; v != nil {
		return v
	}
	v := &addrValue{}
	for _, name := range list {
		w := l.name(s, name, 0, 0)
		if l.listed += w.size(); l.listed > maxListed {
			*v = addrValue{}
			v.fault(0, list[0], fmt.Sprintf("the lists of the rules expand to more than %d addresses", maxListed))
			v.unknown = []string{"list " + shorten(strings.Join(list, ", "), 200)}
			break
		}
		v.join(w)
	}
	v.finish()
	v.members = nil
	l.addrLists[key] = v
	return v
}

// anyAddr is what "any" means.
var anyAddr = &addrValue{set: ruleset.AnyAddr(), members: []ruleset.Member{
	{Range: ruleset.RangeOf(netip.MustParsePrefix("0.0.0.0/0"))},
	{Range: ruleset.RangeOf(netip.MustParsePrefix("::/0"))},
}}

// name lowers a name as the scope s sees it. An object or group with the name
// counts before an address that it may look like.
func (l *lowerer) name(s *scope, name string, depth, line int) *addrValue {
	if name == "any" {
		return anyAddr
	}
	chain := l.m.chain(s)
	at := holder(chain, name)
	if at == nil {
		return l.literal(chain, name, line)
	}
	v := l.object(at, name, depth)
	if other := l.rival(chain, at, name); other != nil {
		if w := l.object(other, name, depth); len(v.unknown)+len(w.unknown) > 0 || !v.set.Equal(w.set) {
			u := &addrValue{object: true, unknown: []string{"name " + name + " of " + scopeTitle(at) + " or " + scopeTitle(other)}}
			l.once("rival "+name, line, name, "the name means one thing in %s and another in %s; which one counts for this rule isn't known", scopeTitle(at), scopeTitle(other))
			return u
		}
	}
	return v
}

func scopeTitle(s *scope) string {
	switch s.kind {
	case sharedScope:
		return "shared"
	case pushedScope:
		return "what Panorama pushed"
	case groupScope:
		return "device-group " + s.name
	}
	return "vsys " + s.name
}

// holder returns the nearest scope that has an address object or group of the
// name, nil if there is none.
func holder(chain []*scope, name string) *scope {
	for _, s := range chain {
		if s.addresses.has(name) || s.addressGroups.has(name) {
			return s
		}
	}
	return nil
}

// rival returns another scope whose object may be meant instead. A rule of
// Panorama that is made in one scope is used on firewalls that see another
// scope first, and what Panorama pushes stands beside what the firewall has.
func (l *lowerer) rival(chain []*scope, at *scope, name string) *scope {
	if l.m.panorama || chain[0].kind == pushedScope {
		if other := holder(l.context, name); other != at {
			return other
		}
		return nil
	}
	if at.kind == sharedScope && chain[0].kind == sharedScope {
		return nil
	}
	for i, s := range chain {
		if s != at {
			continue
		}
		if other := holder(chain[i+1:], name); other != nil && (other.kind == pushedScope || at.kind == pushedScope) {
			return other
		}
	}
	return nil
}

// object lowers the address object or group that a scope has.
func (l *lowerer) object(s *scope, name string, depth int) *addrValue {
	key := objectKey{s, name}
	v := l.addresses[key]
	if v != nil {
		return v
	}
	v = &addrValue{object: true, open: true}
	l.addresses[key] = v
	a, g := s.addresses.get(name), s.addressGroups.get(name)
	switch {
	case a != nil && g != nil:
		v.fault(g.line, name, "an address object and an address group have this name; a device refuses that")
	case a != nil:
		l.address(v, a)
	case depth >= maxNesting:
		v.fault(g.line, name, fmt.Sprintf("groups are nested more than %d deep", maxNesting))
	default:
		l.group(v, s, g, depth)
	}
	v.members = distinct(v.members)
	if l.ranges += v.size(); l.ranges > maxRanges {
		v.members, v.unknown, v.faults = nil, nil, nil
		v.fault(0, name, fmt.Sprintf("the groups expand to more than %d addresses", maxRanges))
	}
	v.finish()
	v.open = false
	return v
}

func (l *lowerer) group(v *addrValue, s *scope, g *addressGroup, depth int) {
	for _, f := range g.unknown {
		v.fault(f.line, g.name+" "+f.name, "a field of an address group that isn't known")
	}
	switch {
	case g.dynamic && len(g.static) > 0:
		v.fault(g.line, g.name, "an address group is static or dynamic, not both")
		return
	case g.dynamic:
		v.unknown = append(v.unknown, "dynamic group "+g.filter)
		return
	case len(g.static) == 0:
		v.fault(g.line, g.name, "the address group is empty; a device refuses that")
		return
	}
	for _, name := range g.static {
		if name == "any" {
			v.fault(g.line, g.name+" any", "any can't be a member of an address group")
			continue
		}
		if l.ranges+v.size() > maxRanges {
			l.ranges += v.size()
			break
		}
		w := l.name(s, name, depth+1, g.line)
		if w.open {
			v.fault(g.line, g.name+" "+name, "address groups contain each other in a circle; a device refuses that")
			continue
		}
		v.join(w)
	}
}

// address lowers an address object.
func (l *lowerer) address(v *addrValue, a *address) {
	for _, f := range a.unknown {
		v.fault(f.line, a.name+" "+f.name, "a field of an address object that isn't known")
	}
	switch a.kind {
	case "ip-netmask", "ip-range":
		if r, ok := literalRange(a.value); ok {
			v.members = append(v.members, ruleset.Member{Range: r})
			return
		}
		v.fault(a.line, a.name+" "+a.value, "not an address, a prefix or a range")
	case "fqdn":
		v.unknown = append(v.unknown, "fqdn "+strings.ToLower(a.value))
	case "ip-wildcard":
		ranges, ok := wildcard(a.value)
		switch {
		case !ok:
			v.fault(a.line, a.name+" "+a.value, "not an address with a wildcard mask")
		case ranges == nil:
			v.unknown = append(v.unknown, "ip-wildcard "+a.value)
		}
		for _, r := range ranges {
			v.members = append(v.members, ruleset.Member{Range: r})
		}
	default:
		v.fault(a.line, a.name, "the address object has no value")
	}
}

// literalRange reads an address, a prefix or a range.
func literalRange(s string) (ruleset.Range, bool) {
	if from, to, ok := strings.Cut(s, "-"); ok {
		a, err1 := netip.ParseAddr(from)
		b, err2 := netip.ParseAddr(to)
		r := ruleset.Range{From: a, To: b}
		return r, err1 == nil && err2 == nil && r.IsValid()
	}
	q, err := netip.ParsePrefix(canonicalAddress(s))
	if err != nil || q.Addr().Is4In6() {
		return ruleset.Range{}, false
	}
	return ruleset.RangeOf(q), true
}

// wildcard expands an address with a mask whose one bits can be anything. The
// result is nil if it would be too long.
func wildcard(s string) (out []ruleset.Range, ok bool) {
	left, right, _ := strings.Cut(s, "/")
	a, err1 := netip.ParseAddr(left)
	m, err2 := netip.ParseAddr(right)
	if err1 != nil || err2 != nil || !a.Is4() || !m.Is4() {
		return nil, false
	}
	mask := number(m)
	base := number(a) &^ mask
	tail := bits.TrailingZeros32(^mask)
	free := mask
	if tail < 32 {
		free = mask &^ (1<<tail - 1)
	} else {
		free = 0
	}
	if 1<<bits.OnesCount32(free) > maxWildcard {
		return nil, true
	}
	for v := uint32(0); ; {
		from := base | v
		out = append(out, ruleset.Range{From: ip4(from), To: ip4(from | mask&^free)})
		// The next subset of the bits of free.
		if v = (v - free) & free; v == 0 {
			return out, true
		}
	}
}

func number(a netip.Addr) uint32 {
	b := a.As4()
	return uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
}

func ip4(v uint32) netip.Addr {
	return netip.AddrFrom4([4]byte{byte(v >> 24), byte(v >> 16), byte(v >> 8), byte(v)})
}

// literal lowers a name that no address object or group has: an address, or a
// region or external list.
func (l *lowerer) literal(chain []*scope, name string, line int) *addrValue {
	key := objectKey{nil, name}
	for _, s := range chain {
		if o := s.named.get(name); o != nil && (o.kind == "region" || o.kind == "external-list") {
			v := &addrValue{unknown: []string{o.kind + " " + name + definition(o)}}
			return v
		}
	}
	if v := l.addresses[key]; v != nil {
		return v
	}
	v := &addrValue{}
	r, ok := literalRange(name)
	switch {
	case ok:
		v.members = []ruleset.Member{{Range: r}}
	case len(name) == 2 && strings.ToUpper(name) == name && strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == "":
		v.unknown = []string{"region " + name}
	case strings.HasPrefix(name, "panw-"):
		v.unknown = []string{"external-list " + name}
	default:
		v.fault(line, name, "no address, group, region or list has this name")
	}
	v.finish()
	l.addresses[key] = v
	return v
}

// definition tells objects of one name apart by what they consist of.
func definition(o *namedObject) string {
	if o.text == "" {
		return ""
	}
	return " = " + shorten(o.text, 120)
}

// lookAddress returns the address object of the name that the chain sees.
func (m *model) lookAddress(chain []*scope, name string) *address {
	for _, s := range chain {
		if a := s.addresses.get(name); a != nil {
			return a
		}
		if s.addressGroups.has(name) {
			return nil
		}
	}
	return nil
}
