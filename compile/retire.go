package compile

import (
	"cmp"
	"regexp"
	"slices"

	"github.com/nbfwc/nbfwc/lang"
)

// Retirement is flows that exist only because hosts of some group are old.
type Retirement struct {
	Row    *lang.Row
	Domain *lang.Domain
	// Old are the hosts that keep the flows open, at the source if Source,
	// else at the destination.
	Old    *lang.Group
	Source bool
	// Until is the version from which on the flows are no longer needed.
	Until lang.Version
	// Flows are their ids, ascending.
	Flows []int32
}

// Retire lists what would close on firewalls if old hosts were upgraded, in the
// order of flows. A flow whose ports another row would keep open is not in it; a
// flow that needs both of its ends to be upgraded is not in it: no
// single host keeps it open.
func (g *Graph) Retire() []Retirement {
	type key struct {
		row    *lang.Row
		old    *lang.Group
		source bool
		until  lang.Version
	}
	index := map[key]int{}
	memo := map[closing]lang.Version{}
	var list []Retirement
	for id := range g.Flows {
		f := &g.Flows[id]
		if f.Row == nil || f.Row.When == nil || f.Local != NotLocal {
			continue
		}
		for _, source := range []bool{true, false} {
			k := key{f.Row, f.To.Group, source, g.closesAt(f, source, memo)}
			if source {
				k.old = f.From.Group
			}
			if k.until.IsZero() {
				continue
			}
			i, ok := index[k]
			if !ok {
				i = len(list)
				index[k] = i
				list = append(list, Retirement{Row: f.Row, Domain: f.Domain, Old: k.old, Source: source, Until: k.until})
			}
			list[i].Flows = append(list[i].Flows, int32(id))
		}
	}
	return list
}

// closing is what closesAt depends on.
type closing struct {
	row      *lang.Row
	link     *lang.Link
	from, to *lang.Facts
	source   bool
}

// closesAt is the oldest version that is newer than the end's and for which
// the flow's condition no longer holds; unset if there is none.
func (g *Graph) closesAt(f *Flow, source bool, memo map[closing]lang.Version) lang.Version {
	k := closing{f.Row, f.Link, f.From.Group.Facts, f.To.Group.Facts, source}
	until, known := memo[k]
	if !known {
		until = g.firstClosing(f, source)
		memo[k] = until
	}
	return until
}

func (g *Graph) firstClosing(f *Flow, source bool) lang.Version {
	from, to := f.facts()
	facts := to
	if source {
		facts = from
	}
	for _, v := range thresholds(f.Row) {
		if !facts.Version.IsZero() && facts.Version.Less(v) && g.closedBy(f, source, v) {
			return v
		}
	}
	return lang.Version{}
}

// closedBy reports whether the flow's ports close once the end has the version:
// its condition fails, something is known of the new pair of versions, and no
// row opens the same ports to it.
func (g *Graph) closedBy(f *Flow, source bool, v lang.Version) bool {
	from, to := f.facts()
	end := &to
	if source {
		end = &from
	}
	upgraded := **end
	upgraded.Version = v
	*end = &upgraded
	if f.Row.When.Holds(from, to) {
		return false
	}
	known := false
	for _, row := range g.Policy.Catalog.Rows {
		if row.Link != f.Row.Link || !slices.Contains(from.Roles, row.From) || !slices.Contains(to.Roles, row.To) || !covers(row, from, to) {
			continue
		}
		known = known || row.From == f.Row.From && row.To == f.Row.To
		if row.When.Holds(from, to) && sharesPort(row, f, from, to) {
			return false
		}
	}
	return known
}

// sharesPort reports whether a row opens a port of the flow between hosts with
// these facts.
func sharesPort(row *lang.Row, f *Flow, from, to *lang.Facts) bool {
	ports := newServicePorts(row.Service.TCP, row.Service.UDP, row.Service.ICMP)
	if row.Ports != nil {
		list, err := row.Ports.Ports(from, to)
		if err != nil {
			return false
		}
		ports = withPorts(row.Service, list)
	}
	all := append(slices.Clone(ports.v4), ports.v6...)
	return slices.ContainsFunc(f.Ports, func(p Port) bool {
		return slices.ContainsFunc(all, func(q Port) bool { return p.Proto == q.Proto && p.From <= q.To && q.From <= p.To })
	})
}

var versionLiteral = regexp.MustCompile(`"([0-9]+(?:\.[0-9]+){1,3})"`)

// thresholds are the versions at which the row's condition can change,
// ascending.
func thresholds(row *lang.Row) []lang.Version {
	var list []lang.Version
	for _, m := range versionLiteral.FindAllStringSubmatch(row.When.String(), -1) {
		if v, err := lang.ParseVersion(m[1]); err == nil {
			list = append(list, v)
		}
	}
	slices.SortFunc(list, lang.Version.Compare)
	return slices.Compact(list)
}

// Hosts are the names of the old hosts, addresses for those without a name,
// sorted.
func (r *Retirement) Hosts() []string {
	var names []string
	for k, n := range r.Old.Names {
		if n == "" && len(r.Old.Legs) > 0 {
			n = r.Old.Legs[0].Addrs[k].From.String()
		}
		names = append(names, n)
	}
	slices.SortFunc(names, cmp.Compare)
	return names
}
