package compile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/nbfwc/nbfwc/lang"
	"github.com/nbfwc/nbfwc/ruleset"
)

// Explanation says why two endpoints may talk, or why not.
type Explanation struct {
	Src, Dst Endpoint
	Port     *Port // that was asked for, nil for any
	// Verdict, Local and Paths are as in Answer; without a port, Permitted
	// means that some port is.
	Verdict Verdict
	Local   Local
	Paths   [][]Hop
	// Management is as in Answer.
	Management bool
	// Flows are the ones between the two that have the port.
	Flows []Reason
	// Other are flows between the two that don't have the port.
	Other []Reason
	// Reverse are the flows from Dst to Src: answers need none of them, but
	// who opens the connection matters.
	Reverse []Reason
	// Nearest are rows of the catalogue that would open the port, or any port
	// if none was asked for, with what they lack; the nearest first.
	Nearest []Miss
}

// Reason is a flow with what makes it necessary.
type Reason struct {
	ID   int32
	Flow *Flow
	// Condition is the row's condition as the catalogue has it, "" for always;
	// Because are the facts of the two ends that make it hold, in clauses.
	Condition string
	Because   []string
}

// Miss is a row that says nothing to two hosts, and why.
type Miss struct {
	Row *lang.Row
	// Why are clauses such as "the source has version 7.6, which is 7.0.1 or
	// newer".
	Why []string
}

// Explain says why src may open connections to dst, on a port or at all, or why
// not.
func (x *Index) Explain(src, dst Endpoint, port *Port) Explanation {
	e := Explanation{Src: src, Dst: dst, Port: port}
	a, b := x.spot(src.Addr), x.spot(dst.Addr)
	e.Flows, e.Other = x.reasons(a, b, port)
	e.Reverse, _ = x.reasons(b, a, nil)
	ans := x.outcome(src, dst, port, len(e.Flows) > 0)
	e.Verdict, e.Local, e.Paths, e.Management = ans.Verdict, ans.Local, ans.Paths, ans.Management
	if len(e.Flows) == 0 && !e.Management {
		e.Nearest = x.nearest(src, dst, port)
	}
	return e
}

func (x *Index) outcome(src, dst Endpoint, port *Port, permitted bool) Answer {
	t := Tuple{Src: src.Addr, Dst: dst.Addr}
	if port != nil {
		t.Proto, t.Port = port.Proto, port.From
	}
	a := x.Answer(t)
	if a.Management && port.From != port.To {
		// Of the ports that were asked for it is only the first.
		a.Management = false
		if !permitted {
			a.Verdict = Denied
		}
	}
	if a.Verdict == Denied && permitted {
		a.Verdict = Permitted
	}
	return a
}

// reasons are the flows between two spots, with the port and without it.
func (x *Index) reasons(src, dst spot, port *Port) (with, without []Reason) {
	var ids []int32
	x.candidates(src, dst, func(id int32) { ids = append(ids, id) })
	slices.Sort(ids)
	for _, id := range ids {
		f := &x.g.Flows[id]
		r := Reason{ID: id, Flow: f}
		if f.Row != nil && f.Row.When != nil {
			from, to := f.facts()
			r.Condition = f.Row.When.String()
			_, r.Because = f.Row.When.Explain(from, to)
		}
		if port == nil || slices.ContainsFunc(f.Ports, port.within) {
			with = append(with, r)
		} else {
			without = append(without, r)
		}
	}
	return with, without
}

// within reports whether all of p is in q.
func (p Port) within(q Port) bool {
	return p.Proto == q.Proto && q.From <= p.From && p.To <= q.To
}

// facts are the facts with which the flow's row was evaluated.
func (f *Flow) facts() (from, to *lang.Facts) {
	from, to = f.From.Group.Facts, f.To.Group.Facts
	if f.Link != nil {
		return withFeatures(from, f.Link.Features), withFeatures(to, f.Link.Features)
	}
	return from, to
}

// nearest are the rows for the roles of the two hosts that don't apply, or
// apply to other addresses of theirs; those that lack least first.
func (x *Index) nearest(src, dst Endpoint, port *Port) []Miss {
	if src.Group == nil || dst.Group == nil {
		return nil
	}
	var list []Miss
	for _, row := range x.g.Policy.Catalog.Rows {
		if port != nil && !rowServes(row, *port) {
			continue
		}
		if slices.Contains(src.Group.Roles, row.From) && slices.Contains(dst.Group.Roles, row.To) {
			list = append(list, Miss{row, x.lacks(row, src, dst)})
		}
	}
	slices.SortStableFunc(list, func(a, b Miss) int { return len(a.Why) - len(b.Why) })
	return list
}

// rowServes reports whether a row's service has the port. Ports that come from
// settings may be any.
func rowServes(row *lang.Row, p Port) bool {
	if row.Ports != nil {
		return p.Proto == ruleset.TCP && len(row.Service.TCP) > 0 || p.Proto == ruleset.UDP && len(row.Service.UDP) > 0
	}
	s := newServicePorts(row.Service.TCP, row.Service.UDP, row.Service.ICMP)
	return slices.ContainsFunc(append(slices.Clone(s.v4), s.v6...), p.within)
}

// lacks says why the row makes no flow between the two endpoints.
func (x *Index) lacks(row *lang.Row, src, dst Endpoint) []string {
	g, h := src.Group, dst.Group
	var why []string
	switch {
	case row.Link != "" && !x.linked(row.Link, g.Domain, h.Domain):
		why = append(why, fmt.Sprintf("no %s block leads from domain %s to domain %s", row.Link, g.Domain.Name, h.Domain.Name))
	case row.Link == "" && g.Domain != h.Domain:
		why = append(why, fmt.Sprintf("the hosts are in different domains, %s and %s", g.Domain.Name, h.Domain.Name))
	}
	why = append(why, uncoveredEnd(row.From, row.FromCovers, g, "source")...)
	why = append(why, uncoveredEnd(row.To, row.ToCovers, h, "destination")...)
	if ok, because := row.When.Explain(g.Facts, h.Facts); !ok {
		why = append(why, because...)
	}
	if row.Link == "" {
		why = append(why, unwelcome(g, row.To, h)...)
		why = append(why, unwelcome(h, row.From, g)...)
	}
	if len(why) > 0 {
		return why
	}
	if row.Ports != nil {
		why = append(why, "its ports come from a setting: "+row.Ports.String())
	}
	return append(why, x.otherLegs(row, src, dst)...)
}

func (x *Index) linked(kind string, from, to *lang.Domain) bool {
	return slices.ContainsFunc(x.g.Policy.Links, func(l *lang.Link) bool { return l.Kind == kind && l.Source == from && l.Target == to })
}

func uncoveredEnd(role *lang.Role, r lang.VersionRange, g *lang.Group, end string) []string {
	if !role.Versioned || r.Contains(g.Facts.Version) {
		return nil
	}
	return []string{fmt.Sprintf("the row speaks for version %s, and the %s has %s", r, end, versionText(role, g))}
}

func unwelcome(g *lang.Group, role *lang.Role, other *lang.Group) []string {
	if welcomes(member{group: g}, role, other) {
		return nil
	}
	return []string{fmt.Sprintf("hosts %s name peers for %s, and hosts %s are not among them", g.Block, role.Name, other.Block)}
}

// otherLegs names the addresses by which two hosts talk instead of these.
func (x *Index) otherLegs(row *lang.Row, src, dst Endpoint) []string {
	var pairs []string
	for i := range x.g.Flows {
		f := &x.g.Flows[i]
		if f.Row == row && f.From.Group == src.Group && f.To.Group == dst.Group {
			pairs = append(pairs, fmt.Sprintf("%s to %s", legText(f.From), legText(f.To)))
		}
	}
	if pairs == nil {
		return nil
	}
	return []string{"they talk by other addresses: " + strings.Join(slices.Compact(pairs), ", ")}
}

var useNames = [...]string{"data", "backup", "ipmi", "virtual"}

// legText names a leg: "backup address in zone core".
func legText(e End) string {
	leg := &e.Group.Legs[e.Leg]
	return fmt.Sprintf("%s address in zone %s", useNames[leg.Use], leg.Zone.Name)
}
