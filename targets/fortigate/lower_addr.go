package fortigate

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/bits"
	"net/netip"
	"slices"
	"strings"

	"github.com/nbfwc/nbfwc/ruleset"
)

// A set of which not all is known: what is in lo is certainly a member, what is
// not in hi certainly isn't. unknown names what decides about the rest, sorted;
// two sets with the same lo, hi and unknown are the same.
type addrs struct {
	lo, hi  ruleset.AddrSet
	unknown []string
}

func exactly(s ruleset.AddrSet) addrs { return addrs{lo: s, hi: s} }

func (a addrs) exact() bool { return len(a.unknown) == 0 }

// objKey names an address object: a name has a meaning in each family.
type objKey struct {
	name string
	v6   bool
}

// objects finds what names of addresses stand for.
type objects struct {
	m         *model
	addresses map[objKey]*address
	groups    map[objKey]*addrGroup
	nat       map[objKey][]*natEntry
	known     map[objKey]addrs
	open      map[objKey]bool
	// missing are names that stand for nothing, as they are met.
	missing map[objKey]bool
	lists   map[string]addrs // of several names
	work    int
	problem func(line int, text, why string)
}

// maxRanges bounds the ranges that all groups and lists together are taken apart
// to; more can't be written down by hand, but groups in groups can say it.
const maxRanges = 8_000_000

// maxNesting bounds groups in groups.
const maxNesting = 64

func newObjects(m *model, problem func(int, string, string)) *objects {
	o := &objects{
		m: m, problem: problem,
		addresses: make(map[objKey]*address, len(m.addresses)), groups: make(map[objKey]*addrGroup, len(m.groups)),
		nat: map[objKey][]*natEntry{}, known: make(map[objKey]addrs, len(m.addresses)), open: map[objKey]bool{}, missing: map[objKey]bool{},
		lists: map[string]addrs{},
	}
	for i := range m.addresses {
		a := &m.addresses[i]
		o.addresses[objKey{a.name, a.v6}] = a
	}
	for i := range m.groups {
		g := &m.groups[i]
		k := objKey{g.name, g.v6}
		if a := o.addresses[k]; a != nil {
			problem(g.line, "edit "+g.name, "an address and a group have the same name")
		}
		o.groups[k] = g
	}
	for i := range m.nat {
		n := &m.nat[i]
		if strings.HasPrefix(n.table, "vip") {
			k := objKey{n.name, n.v6}
			o.nat[k] = append(o.nat[k], n)
		}
	}
	return o
}

func family(v6 bool) ruleset.AddrSet {
	if v6 {
		return ruleset.Any6()
	}
	return ruleset.Any4()
}

// find returns what a name stands for.
func (o *objects) find(name string, v6 bool) addrs { return o.at(objKey{name, v6}, 0) }

func (o *objects) at(k objKey, depth int) addrs {
	if a, ok := o.known[k]; ok {
		return a
	}
	if o.open[k] || depth > maxNesting {
		return addrs{hi: family(k.v6), unknown: []string{"address group in itself " + k.name}}
	}
	o.open[k] = true
	a := o.resolve(k, depth)
	delete(o.open, k)
	o.known[k] = a
	return a
}

func (o *objects) resolve(k objKey, depth int) addrs {
	if g := o.groups[k]; g != nil {
		return o.group(g, depth)
	}
	if a := o.addresses[k]; a != nil {
		return a.set()
	}
	if list := o.nat[k]; list != nil {
		return o.virtual(k, list, depth)
	}
	if s, ok := factoryAddress(k.name, k.v6); ok {
		return exactly(s)
	}
	o.missing[k] = true
	return addrs{hi: family(k.v6), unknown: []string{"address " + k.name}}
}

// virtual is a virtual address as the destination of a policy: packets that the
// device has translated. Which of them it translates isn't modelled.
func (o *objects) virtual(k objKey, list []*natEntry, depth int) addrs {
	out := addrs{unknown: []string{"virtual address " + k.name}}
	for _, n := range list {
		out.hi = out.hi.Union(ruleset.NewAddrSet(n.outer...)).Union(ruleset.NewAddrSet(n.inner...))
		for _, name := range n.names {
			out.hi = out.hi.Union(o.at(objKey{name, n.v6}, depth+1).hi)
		}
		if n.unclear || len(n.outer) == 0 && len(n.names) == 0 {
			out.hi = ruleset.AnyAddr()
		}
	}
	return out
}

// group unites members and takes out those that are excluded.
func (o *objects) group(g *addrGroup, depth int) addrs {
	if len(g.others) > 0 || g.category != "" {
		// A folder or a tag of zero trust; its members aren't all of it.
		return addrs{hi: family(g.v6), unknown: []string{"address group " + g.name + " " + fieldsText(g.others) + g.category}}
	}
	in := o.union(g.members, g.v6, depth)
	if !g.exclude {
		return in
	}
	out := o.union(g.excluded, g.v6, depth)
	if in.exact() && out.exact() {
		return exactly(in.lo.Subtract(out.lo))
	}
	return addrs{
		lo: in.lo.Subtract(out.hi), hi: in.hi.Subtract(out.lo),
		unknown: []string{"members " + fingerprint(in.lo.String(), in.unknown, out.lo.String(), out.unknown)},
	}
}

// list is what the names of a policy stand for. Many policies have the same
// list.
func (o *objects) list(names []string, v6 bool) addrs {
	if len(names) < 2 {
		return o.union(names, v6, 0)
	}
	key := strings.Join(names, "\x00")
	if v6 {
		key += "\x006"
	}
	a, ok := o.lists[key]
	if !ok {
		a = o.union(names, v6, 0)
		o.lists[key] = a
	}
	return a
}

// union unites what names stand for.
func (o *objects) union(names []string, v6 bool, depth int) addrs {
	if len(names) == 1 {
		return o.at(objKey{names[0], v6}, depth+1)
	}
	var lo, hi []ruleset.Range
	var out addrs
	for _, name := range names {
		a := o.at(objKey{name, v6}, depth+1)
		o.work += 1 + a.lo.Len()
		if o.work > maxRanges {
			out.unknown = append(out.unknown, "groups that are too large")
			hi = append(hi, family(v6).Ranges()...)
			break
		}
		lo = append(lo, a.lo.Ranges()...)
		if !a.exact() {
			out.unknown = append(out.unknown, a.unknown...)
			hi = append(hi, a.hi.Ranges()...)
		}
	}
	out.lo = ruleset.NewAddrSet(lo...)
	out.hi = out.lo
	if len(hi) > 0 {
		out.hi = ruleset.NewAddrSet(hi...).Union(out.lo)
	}
	out.unknown = sortedNames(out.unknown)
	return out
}

// sortedNames sorts names, takes out doubles, and shortens what gets long.
func sortedNames(names []string) []string {
	if len(names) < 2 {
		return names
	}
	slices.Sort(names)
	names = slices.Compact(names)
	if len(names) > 8 {
		return []string{fmt.Sprintf("%s and %d more (%s)", names[0], len(names)-1, fingerprint(names))}
	}
	return names
}

// fingerprint is a short name for long content.
func fingerprint(parts ...any) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%q\n", p)
	}
	return hex.EncodeToString(h.Sum(nil)[:6])
}

func fieldsText(fields []field) string {
	words := make([]string, 0, len(fields))
	for _, f := range fields {
		words = append(words, f.name+"="+strings.Join(f.values, " "))
	}
	slices.Sort(words)
	return strings.Join(words, ",")
}

// set is what an address holds.
func (a *address) set() addrs {
	if len(a.others) == 0 {
		switch a.kind {
		case ipmask:
			return exactly(ruleset.PrefixSet(a.prefix))
		case iprange:
			if r := (ruleset.Range{From: a.from, To: a.to}); r.IsValid() {
				return exactly(ruleset.NewAddrSet(r))
			}
		case wildcard:
			if s, ok := wildcardSet(a.from, a.to); ok {
				return exactly(s)
			}
		}
	}
	return addrs{hi: family(a.v6), unknown: []string{a.about()}}
}

// about names the content of an address that isn't known; the same text is the
// same content.
func (a *address) about() string {
	about := ""
	switch a.kind {
	case fqdn:
		about = "fqdn " + a.value
	case geography:
		about = "geography " + a.value
	case wildcard:
		about = "wildcard " + a.from.String() + " " + a.to.String()
	case otherAddr:
		about = a.word + " address " + a.name
	default:
		about = "address " + a.name
	}
	if len(a.others) > 0 {
		about += " (" + fieldsText(a.others) + ")"
	}
	return about
}

// maxWildcard bounds the ranges of one address with a mask with gaps.
const maxWildcard = 1024

// wildcardSet is the addresses that agree with ip where mask has a one.
func wildcardSet(ip, mask netip.Addr) (ruleset.AddrSet, bool) {
	if !ip.IsValid() || !mask.IsValid() {
		return ruleset.AddrSet{}, false
	}
	m := word4(mask)
	tail := bits.TrailingZeros32(m) // free bits at the end are one range
	if m == 0 {
		return ruleset.Any4(), true
	}
	free := ^m >> tail << tail
	n := bits.OnesCount32(free)
	if 1<<n > maxWildcard {
		return ruleset.AddrSet{}, false
	}
	base := word4(ip) & m
	var ranges []ruleset.Range
	for sub := free; ; sub = (sub - 1) & free {
		from := base | sub
		ranges = append(ranges, ruleset.Range{From: addr4(from), To: addr4(from | (uint32(1)<<tail - 1))})
		if sub == 0 {
			break
		}
	}
	return ruleset.NewAddrSet(ranges...), true
}
