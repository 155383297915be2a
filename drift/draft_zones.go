package drift

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"

	"github.com/nbfwc/nbfwc/ruleset"
)

// draftZone is a zone of the draft.
type draftZone struct {
	name     string
	networks []prefix
	at       []attachment
	transit  bool
	comment  string
}

// attachment is an interface that a zone lies behind.
type attachment struct{ firewall, iface int }

// makeZones makes zones of the networks of interfaces. Networks that lie behind
// the same interfaces are one zone. Addresses that permits name and that no
// network has are zones of their own.
func (d *drafter) makeZones() {
	at := map[prefix][]attachment{}
	var order []prefix
	for f, fw := range d.firewalls {
		for i, iface := range fw.interfaces {
			for _, n := range iface.networks {
				list := at[n]
				if list == nil {
					order = append(order, n)
				}
				if !slices.ContainsFunc(list, func(a attachment) bool { return a.firewall == f }) {
					at[n] = append(list, attachment{f, i})
				}
			}
		}
	}
	// Networks that most firewalls have are those that join them.
	slices.SortStableFunc(order, func(a, b prefix) int { return cmp.Compare(len(at[b]), len(at[a])) })
	for i, n := range order {
		at[n] = withoutBeyond(at[n], order[:i], at)
	}
	names := unique{"elsewhere": true}
	for _, n := range order {
		z := d.zoneAt(at[n])
		if z == nil {
			z = &draftZone{name: names.pick(d.zoneName(at[n])), at: at[n]}
			d.zones = append(d.zones, z)
		}
		z.networks = append(z.networks, n)
	}
	d.addUnknown(names)
	d.splitTransit(names)
	d.joinDefaults(names)
	for f, fw := range d.firewalls {
		for i, iface := range fw.interfaces {
			here := attachment{f, i}
			if !iface.byDefault && !slices.ContainsFunc(d.zones, func(z *draftZone) bool { return slices.Contains(z.at, here) }) {
				d.zones = append(d.zones, &draftZone{
					name: names.pick(d.zoneName([]attachment{here})), at: []attachment{here}, transit: true,
					comment: "Nothing is known of what lies behind this interface: fill in its networks.",
				})
			}
		}
	}
	slices.SortStableFunc(d.zones, func(a, b *draftZone) int { return cmp.Compare(a.name, b.name) })
	for k, z := range d.zones {
		slices.SortFunc(z.networks, prefix.Compare)
		for _, a := range z.at {
			iface := d.firewalls[a.firewall].interfaces[a.iface]
			iface.zones = append(iface.zones, k)
		}
	}
}

// withoutBeyond leaves out the interfaces that have a route to a network which
// another firewall has behind another side than the networks that they share:
// it lies beyond that firewall.
func withoutBeyond(list []attachment, settled []prefix, at map[prefix][]attachment) []attachment {
	beyond := func(a attachment) bool {
		for _, b := range list {
			if b.firewall == a.firewall {
				continue
			}
			for _, m := range settled {
				if slices.Contains(at[m], a) && slices.ContainsFunc(at[m], func(o attachment) bool {
					return o.firewall == b.firewall && o.iface != b.iface
				}) {
					return true
				}
			}
		}
		return false
	}
	var out []attachment
	for _, a := range list {
		if !beyond(a) {
			out = append(out, a)
		}
	}
	if len(out) == 0 {
		return list
	}
	return out
}

func (d *drafter) zoneAt(at []attachment) *draftZone {
	for _, z := range d.zones {
		if slices.Equal(z.at, at) && z.comment == "" {
			return z
		}
	}
	return nil
}

// zoneName is named for the only interface, or for the firewalls that a zone
// joins.
func (d *drafter) zoneName(at []attachment) string {
	if len(at) == 1 {
		fw := d.firewalls[at[0].firewall]
		name := cmp.Or(safeLabel(fw.interfaces[at[0].iface].label), "zone")
		if len(d.firewalls) > 1 && !strings.EqualFold(name, fw.label) {
			name = safeLabel(fw.label + "-" + name)
		}
		return name
	}
	var names []string
	for _, a := range at {
		names = append(names, d.firewalls[a.firewall].label)
	}
	return safeLabel("between-" + strings.Join(names, "-"))
}

// networkZone finds the zone of an address: the one with the longest network.
func (d *drafter) networkZone(a netip.Addr) int {
	best, bits := -1, -1
	for k, z := range d.zones {
		for _, n := range z.networks {
			if n.Bits() > bits && n.Contains(a) {
				best, bits = k, n.Bits()
			}
		}
	}
	return best
}

// part is addresses with the interfaces that they lie behind.
type part struct {
	set ruleset.AddrSet
	at  []attachment
}

// addUnknown puts addresses of permits that are in no network behind the
// interface that the permit names, or else the default one, or the only one of
// which nothing is known.
func (d *drafter) addUnknown(names unique) {
	var all []prefix
	for _, z := range d.zones {
		all = append(all, z.networks...)
	}
	known := ruleset.PrefixSet(all...)
	var parts []part
	for f, fw := range d.firewalls {
		var taken ruleset.AddrSet
		put := func(s ruleset.AddrSet, side, other ruleset.IfaceSet) {
			if s = s.Subtract(known).Subtract(taken); s.IsEmpty() {
				return
			}
			if i := fw.likely(side, other); i >= 0 {
				taken = taken.Union(s)
				parts = addPart(parts, s, attachment{f, i})
			}
		}
		for i := range fw.permits {
			b := &fw.permits[i]
			put(b.Src, b.In, b.Out)
			put(b.Dst, b.Out, b.In)
		}
	}
	for _, p := range parts {
		z := d.zoneAt(p.at)
		if z == nil || !strings.HasPrefix(z.name, "other-") {
			z = &draftZone{name: names.pick(safeLabel("other-" + d.zoneName(p.at))), at: p.at,
				comment: "Addresses that permits name and that are in no network of the configuration."}
			d.zones = append(d.zones, z)
		}
		z.networks = append(z.networks, p.set.Prefixes()...)
	}
}

// likely is the interface of a side that unknown addresses are behind, -1 if
// that can't be told.
func (fw *draftFirewall) likely(side, other ruleset.IfaceSet) int {
	only, _ := other.Labels()
	var can, blank []int
	for i, iface := range fw.interfaces {
		if !side.Contains(iface.label) || len(only) == 1 && other.Contains(iface.label) && !other.IsAny() {
			continue
		}
		if iface.byDefault {
			return i
		}
		can = append(can, i)
		if len(iface.networks) == 0 {
			blank = append(blank, i)
		}
	}
	switch {
	case len(can) == 1:
		return can[0]
	case len(blank) == 1:
		return blank[0]
	}
	return -1
}

// addPart says of some addresses that they are behind an interface, too.
func addPart(parts []part, s ruleset.AddrSet, a attachment) []part {
	var out []part
	for _, p := range parts {
		both := p.set.Intersect(s)
		if both.IsEmpty() || slices.ContainsFunc(p.at, func(b attachment) bool { return b.firewall == a.firewall }) {
			out = append(out, p)
			continue
		}
		if rest := p.set.Subtract(s); !rest.IsEmpty() {
			out = append(out, part{rest, p.at})
		}
		out = append(out, part{both, append(slices.Clip(p.at), a)})
		s = s.Subtract(both)
	}
	if s.IsEmpty() {
		return out
	}
	for i := range out {
		if slices.Equal(out[i].at, []attachment{a}) {
			out[i].set = out[i].set.Union(s)
			return out
		}
	}
	return append(out, part{s, []attachment{a}})
}

// splitTransit makes zones that join firewalls carry traffic; the hosts in them
// get a zone of their own beside it.
func (d *drafter) splitTransit(names unique) {
	var ends []ruleset.Range
	for _, fw := range d.firewalls {
		for i := range fw.permits {
			ends = append(append(ends, fw.permits[i].Src.Ranges()...), fw.permits[i].Dst.Ranges()...)
		}
	}
	all := ruleset.NewAddrSet(ends...)
	for _, z := range slices.Clone(d.zones) {
		if len(z.at) < 2 || z.comment != "" {
			continue
		}
		z.transit = true
		z.comment = "Joins the firewalls."
		hosts := all.Intersect(ruleset.PrefixSet(z.networks...))
		for _, o := range d.zones {
			for _, n := range o.networks {
				if o != z && slices.ContainsFunc(z.networks, func(m prefix) bool { return m.Bits() < n.Bits() && m.Contains(n.Addr()) }) {
					hosts = hosts.Subtract(ruleset.PrefixSet(n))
				}
			}
		}
		if hosts.IsEmpty() {
			continue
		}
		beside := &draftZone{name: names.pick(safeLabel(z.name + "-hosts")), at: z.at,
			comment: "Hosts in the network that joins the firewalls."}
		for _, n := range hosts.Prefixes() {
			beside.networks = append(beside.networks, d.halves(n)...)
		}
		z.networks = slices.DeleteFunc(z.networks, func(n prefix) bool { return slices.Contains(beside.networks, n) })
		d.zones = append(d.zones, beside)
	}
}

// halves is the prefix, or its two halves if a zone has it as a network.
func (d *drafter) halves(n prefix) []prefix {
	taken := slices.ContainsFunc(d.zones, func(z *draftZone) bool { return slices.Contains(z.networks, n) })
	if !taken || n.IsSingleIP() {
		return []prefix{n}
	}
	low := netip.PrefixFrom(n.Addr(), n.Bits()+1)
	high := n.Addr().AsSlice()
	high[n.Bits()/8] |= 0x80 >> (n.Bits() % 8)
	up, _ := netip.AddrFromSlice(high)
	return append(d.halves(low), d.halves(netip.PrefixFrom(up, n.Bits()+1))...)
}

// joinDefaults joins firewalls that share no network by their default routes.
func (d *drafter) joinDefaults(names unique) {
	var defaults []attachment
	alone := false
	for f, fw := range d.firewalls {
		for i, iface := range fw.interfaces {
			if !iface.byDefault {
				continue
			}
			defaults = append(defaults, attachment{f, i})
			alone = alone || !slices.ContainsFunc(d.zones, func(z *draftZone) bool {
				return z.transit && slices.ContainsFunc(z.at, func(a attachment) bool { return a.firewall == f })
			})
		}
	}
	if len(defaults) > 1 && alone {
		d.zones = append(d.zones, &draftZone{name: names.pick("between"), at: defaults, transit: true,
			comment: "Supposed: the firewalls reach each other by their default routes."})
	}
}
