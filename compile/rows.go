package compile

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/nbfwc/nbfwc/lang"
)

// defaultIdle is the idle timeout of TCP flows where the policy says nothing:
// well above the keepalive of NetBackup hosts (7200 s).
const defaultIdle = 8 * time.Hour

// roster is the groups that play each role, and their facts by number.
type roster struct {
	byRole  map[*lang.Role][]member
	byBlock map[string][]member
	facts   []*lang.Facts // by number
}

// member is a group with what is needed to pair it.
type member struct {
	group *lang.Group
	pos   int // in the domain
	facts int // number
}

func newRoster(d *lang.Domain, facts func(*lang.Facts) *lang.Facts) *roster {
	r := &roster{byRole: map[*lang.Role][]member{}, byBlock: map[string][]member{}}
	number := map[*lang.Facts]int{}
	for pos, g := range d.Groups {
		f := facts(g.Facts)
		n, ok := number[f]
		if !ok {
			n = len(r.facts)
			number[f] = n
			r.facts = append(r.facts, f)
		}
		m := member{g, pos, n}
		for _, role := range g.Roles {
			r.byRole[role] = append(r.byRole[role], m)
		}
		r.byBlock[g.Block] = append(r.byBlock[g.Block], m)
		for _, also := range g.Also {
			r.byBlock[also] = append(r.byBlock[also], m)
		}
	}
	return r
}

// among are the members of list in the blocks that m names as its peers for
// the role, list itself if it names none.
func (r *roster) among(m member, role *lang.Role, list []member) []member {
	peers, ok := m.group.Peers[role]
	if !ok {
		return list
	}
	var out []member
	for _, p := range peers {
		for _, x := range r.byBlock[p.Block] {
			if slices.Contains(x.group.Roles, role) {
				out = append(out, x)
			}
		}
	}
	slices.SortFunc(out, func(a, b member) int { return a.pos - b.pos })
	return slices.CompactFunc(out, func(a, b member) bool { return a.pos == b.pos })
}

// welcomes reports whether m talks with other in the role.
func welcomes(m member, role *lang.Role, other *lang.Group) bool {
	peers, ok := m.group.Peers[role]
	return !ok || slices.ContainsFunc(peers, func(p lang.PeerBlock) bool {
		return p.Block == other.Block || slices.Contains(other.Also, p.Block)
	})
}

// narrow leaves of the roles that a link narrows in the roster's domain only the
// members that take part.
func (r *roster) narrow(l *lang.Link, d *lang.Domain) {
	for role, peers := range l.Peers {
		var blocks []string
		for _, p := range peers {
			if p.Domain == d {
				blocks = append(blocks, p.Block)
			}
		}
		if len(blocks) == 0 {
			continue
		}
		r.byRole[role] = slices.DeleteFunc(slices.Clone(r.byRole[role]), func(m member) bool {
			return !slices.Contains(blocks, m.group.Block) && !slices.ContainsFunc(m.group.Also, func(b string) bool { return slices.Contains(blocks, b) })
		})
	}
}

func same(f *lang.Facts) *lang.Facts { return f }

// domain adds the flows inside a domain.
func (b *builder) domain(d *lang.Domain) {
	r := newRoster(d, same)
	first := len(b.g.Flows)
	for _, row := range b.g.Policy.Catalog.Rows {
		if row.Link == "" {
			b.row(rowPairs{row: row, domain: d, from: r, to: r})
		}
	}
	b.coverage(d, nil, r, r, "")
	b.openPairs(d, first)
	if d.Ping {
		b.pings(d, first)
	}
}

// link adds the flows between the source and the target domain of a link. Its
// rows hold in both directions.
func (b *builder) link(l *lang.Link) {
	facts := linkFacts(l)
	source, target := newRoster(l.Source, facts), newRoster(l.Target, facts)
	source.narrow(l, l.Source)
	target.narrow(l, l.Target)
	for _, row := range b.g.Policy.Catalog.Rows {
		if row.Link == l.Kind {
			b.row(rowPairs{row: row, domain: l.Source, link: l, from: source, to: target})
			b.row(rowPairs{row: row, domain: l.Target, link: l, from: target, to: source})
		}
	}
	b.coverage(l.Source, l, source, target, l.Kind)
	b.coverage(l.Target, l, target, source, l.Kind)
}

// linkFacts gives facts the features of a link, for the roles that can have
// them.
func linkFacts(l *lang.Link) func(*lang.Facts) *lang.Facts {
	known := map[*lang.Facts]*lang.Facts{}
	return func(f *lang.Facts) *lang.Facts {
		if known[f] == nil {
			known[f] = withFeatures(f, l.Features)
		}
		return known[f]
	}
}

func withFeatures(f *lang.Facts, more []*lang.Feature) *lang.Facts {
	g := *f
	g.Features = slices.Clone(f.Features)
	for _, x := range more {
		fits := len(x.On) == 0 || slices.ContainsFunc(x.On, func(r *lang.Role) bool { return slices.Contains(f.Roles, r) })
		if fits && !slices.Contains(g.Features, x) {
			g.Features = append(g.Features, x)
		}
	}
	slices.SortFunc(g.Features, func(a, b *lang.Feature) int { return compareText(a.Name, b.Name) })
	return &g
}

// rowPairs is a row with the groups that it may pair.
type rowPairs struct {
	row      *lang.Row
	domain   *lang.Domain
	link     *lang.Link
	from, to *roster
	verdicts []rowVerdict // by pair of facts
}

// rowVerdict is what the row says for a pair of facts: nothing (no ports), or
// the ports. Evaluated once per pair.
type rowVerdict struct {
	known bool
	ports *servicePorts
	// missing is the setting that the ports need and an end lacks, nil for none:
	// a fault if two hosts with these facts talk.
	missing *lang.MissingSetting
}

func (v rowVerdict) speaks() bool { return v.ports != nil || v.missing != nil }

// row adds the flows of one row.
func (b *builder) row(rp rowPairs) {
	rp.verdicts = make([]rowVerdict, len(rp.from.facts)*len(rp.to.facts))
	all := rp.to.byRole[rp.row.To]
	if len(all) == 0 {
		return
	}
	for _, g := range rp.from.byRole[rp.row.From] {
		if !b.speaks(&rp, g.facts, all) {
			continue
		}
		targets := all
		if rp.link == nil {
			targets = rp.to.among(g, rp.row.To, all)
		}
		for _, h := range targets {
			v := b.verdict(&rp, g, h)
			if !v.speaks() || rp.link == nil && !welcomes(h, rp.row.From, g.group) {
				continue
			}
			if v.missing != nil {
				b.noPorts(&rp, g, h, v.missing)
				continue
			}
			b.pair(&rp, g.group, h.group, v.ports)
		}
	}
}

// speaks reports whether the row says anything to hosts with these facts. It
// keeps rows for few hosts from being tried on all pairs.
func (b *builder) speaks(rp *rowPairs, facts int, targets []member) bool {
	n := len(rp.to.facts)
	for i, v := range rp.verdicts[facts*n : (facts+1)*n] {
		if !v.known {
			if j := slices.IndexFunc(targets, func(m member) bool { return m.facts == i }); j >= 0 {
				v = b.verdict(rp, member{facts: facts, group: targets[j].group}, targets[j])
			} else {
				rp.verdicts[facts*n+i].known = true
			}
		}
		if v.speaks() {
			return true
		}
	}
	return false
}

func (b *builder) verdict(rp *rowPairs, g, h member) rowVerdict {
	v := &rp.verdicts[g.facts*len(rp.to.facts)+h.facts]
	if v.known {
		return *v
	}
	v.known = true
	from, to := rp.from.facts[g.facts], rp.to.facts[h.facts]
	if !covers(rp.row, from, to) || !rp.row.When.Holds(from, to) {
		return *v
	}
	if rp.row.Ports == nil {
		v.ports = b.portsOf(rp.row.Service)
		return *v
	}
	ports, err := rp.row.Ports.Ports(from, to)
	var missing lang.MissingSetting
	if errors.As(err, &missing) {
		v.missing = &missing
		return *v
	}
	v.ports = b.replacedPorts(rp.row.Service, ports)
	return *v
}

func (b *builder) noPorts(rp *rowPairs, g, h member, missing *lang.MissingSetting) {
	hosts := h.group
	if missing.AtSource {
		hosts = g.group
	}
	if b.once("setting " + missing.Setting + " " + placeKey(hosts.Origin)) {
		b.report(Problem{
			Summary: "Setting for ports is missing",
			Detail: fmt.Sprintf("Hosts %q don't say their %s, and without it nobody can say which ports to open between %s %q and %s %q (row %q of the catalogue). Write settings = { %s = ... } in their hosts block.",
				hosts.Block, missing.Setting, rp.row.From.Name, g.group.Block, rp.row.To.Name, h.group.Block, rp.row.Name, missing.Setting),
			Subject: hosts.Origin,
		})
	}
}

// covers reports whether the row's source speaks for the versions of both ends.
func covers(row *lang.Row, from, to *lang.Facts) bool {
	return (!row.From.Versioned || row.FromCovers.Contains(from.Version)) &&
		(!row.To.Versioned || row.ToCovers.Contains(to.Version))
}

// pair adds the flows of a row from one group to another.
func (b *builder) pair(rp *rowPairs, g, h *lang.Group, ports *servicePorts) {
	row := rp.row
	from := side{group: g, legs: usable(b.g.legs.byGroup[g], g, row.From.IPMI)}
	to := side{group: h, legs: usable(b.g.legs.byGroup[h], h, row.To.IPMI)}
	if b.addressless(from, row.From) || b.addressless(to, row.To) {
		return
	}
	f := Flow{Domain: rp.domain, Link: rp.link, Row: row, Idle: idle(row, rp.domain, ports)}
	if !b.flows(f, from, to, ports, g.Origin) {
		b.apart.add(g, h, noSource(from))
	}
}

// addressless reports (once) a side that has no address which the role uses.
func (b *builder) addressless(s side, role *lang.Role) bool {
	if len(s.legs) > 0 {
		return false
	}
	want := "an address that is not an IPMI address"
	if role.IPMI {
		want = "an address with the use ipmi"
	}
	if b.once(fmt.Sprintf("legs %s %v", placeKey(s.group.Origin), role.IPMI)) {
		b.report(Problem{
			Summary: "Hosts without an address of the needed use",
			Detail:  fmt.Sprintf("As %s, hosts %q need %s, and they have none. Add it to their addresses.", role.Name, s.group.Block, want),
			Subject: s.group.Origin,
		})
	}
	return true
}

func (s side) name() string {
	if s.group != nil {
		return s.group.Block
	}
	return "zone." + s.zone.Name
}

// idle is the idle timeout of a flow: the row's, the domain's or the default,
// for TCP; other protocols keep the device's own.
func idle(row *lang.Row, d *lang.Domain, ports *servicePorts) time.Duration {
	switch {
	case !ports.tcp:
		return row.Idle
	case row.Idle != 0:
		return row.Idle
	case d != nil && d.Idle != 0:
		return d.Idle
	}
	return defaultIdle
}
