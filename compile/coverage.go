package compile

import (
	"fmt"
	"slices"

	"github.com/nbfwc/nbfwc/lang"
)

// rolePair is the two roles of rows.
type rolePair struct{ from, to *lang.Role }

// coverage reports the versions of two ends for which a row holds but doesn't
// speak, and no other row of their roles speaks for them and its service:
// nothing is known of such a pair, and to stay silent would be to close ports
// that it may need.
func (b *builder) coverage(d *lang.Domain, l *lang.Link, from, to *roster, kind string) {
	byPair := map[rolePair][]*lang.Row{}
	var order []rolePair
	for _, row := range b.g.Policy.Catalog.Rows {
		p := rolePair{row.From, row.To}
		if row.Link != kind || !p.from.Versioned && !p.to.Versioned {
			continue
		}
		if byPair[p] == nil {
			order = append(order, p)
		}
		byPair[p] = append(byPair[p], row)
	}
	for _, p := range order {
		b.pairCoverage(d, l, from, to, p, byPair[p])
	}
}

func (b *builder) pairCoverage(d *lang.Domain, l *lang.Link, from, to *roster, p rolePair, rows []*lang.Row) {
	sources, targets := firstByFacts(from, p.from), firstByFacts(to, p.to)
	for i, g := range sources {
		for j, h := range targets {
			if g == nil || h == nil {
				continue
			}
			open := unanswered(rows, from.facts[i], to.facts[j])
			if len(open) == 0 {
				continue
			}
			key := versionsKey(d, p, from.facts[i], to.facts[j])
			if b.blamed[key] {
				continue
			}
			if x, y, ok := allowedPair(from, to, p, i, j, l != nil); ok && b.once(key) {
				b.report(uncovered(p, x, y, open))
			}
		}
	}
}

// unanswered are the rows whose condition holds for two ends of versions that
// neither they nor another row for the same service covers.
func unanswered(rows []*lang.Row, from, to *lang.Facts) []*lang.Row {
	var open []*lang.Row
	for _, r := range rows {
		if covers(r, from, to) || !r.When.Holds(from, to) {
			continue
		}
		if !slices.ContainsFunc(rows, func(o *lang.Row) bool { return o.Service == r.Service && covers(o, from, to) }) {
			open = append(open, r)
		}
	}
	return open
}

// firstByFacts has a group with the role for each number of facts.
func firstByFacts(r *roster, role *lang.Role) []*lang.Group {
	first := make([]*lang.Group, len(r.facts))
	for _, m := range r.byRole[role] {
		if first[m.facts] == nil {
			first[m.facts] = m.group
		}
	}
	return first
}

// versionsKey is the same for both directions of a pair of roles and versions.
func versionsKey(d *lang.Domain, p rolePair, f, g *lang.Facts) string {
	x, y := p.from.Name+" "+f.Version.String(), p.to.Name+" "+g.Version.String()
	if x > y {
		x, y = y, x
	}
	return fmt.Sprintf("versions %s, %s, %s", d.Name, x, y)
}

// allowedPair finds two groups with these facts that peers don't keep apart.
func allowedPair(from, to *roster, p rolePair, i, j int, link bool) (g, h *lang.Group, ok bool) {
	for _, x := range from.byRole[p.from] {
		if x.facts != i {
			continue
		}
		for _, y := range to.byRole[p.to] {
			if y.facts == j && (link || welcomes(x, p.to, y.group) && welcomes(y, p.from, x.group)) {
				return x.group, y.group, true
			}
		}
	}
	return nil, nil, false
}

func uncovered(p rolePair, g, h *lang.Group, rows []*lang.Row) Problem {
	known := ""
	for i, r := range rows {
		if i == 3 {
			known += " and others"
			break
		}
		if i > 0 {
			known += "; "
		}
		known += fmt.Sprintf("%s: %s", r.Name, coversText(r))
	}
	return Problem{
		Summary: "No catalogue row for these versions",
		Detail: fmt.Sprintf("Nothing is known of the ports between %s %s of hosts %q and %s %s of hosts %q (%s). The catalogue's rows for these roles speak for other versions (%s). "+
			"Check the versions, or state the ports yourself: flow \"...\" { from = role.%s  to = role.%s  service = service.x } with covers for these versions.",
			p.from.Name, versionText(p.from, g), g.Block, p.to.Name, versionText(p.to, h), h.Block, placeText(h.Origin), known, p.from.Name, p.to.Name),
		Subject: g.Origin,
	}
}

func versionText(r *lang.Role, g *lang.Group) string {
	if !r.Versioned {
		return "of any version"
	}
	if g.Facts.Version.IsZero() {
		return "without a version"
	}
	return "version " + g.Facts.Version.String()
}

func coversText(r *lang.Row) string {
	from, to := r.FromCovers.String(), r.ToCovers.String()
	switch {
	case from == to || !r.To.Versioned:
		return from
	case !r.From.Versioned:
		return to
	}
	return from + " to " + to
}

// manyPairs is how many pairs of hosts a pair of roles may open before a notice
// says so.
const manyPairs = 10_000

// openPairs says how many pairs of hosts are open because no peers narrow two
// roles. The flows of the domain begin at first.
func (b *builder) openPairs(d *lang.Domain, first int) {
	noticed := map[rolePair]bool{}
	flows := b.g.Flows[first:]
	for i := 0; i < len(flows); {
		n := i
		row := flows[i].Row
		for n < len(flows) && flows[n].Row == row {
			n++
		}
		p := rolePair{row.From, row.To}
		o := openedBy(flows[i:n])
		i = n
		if o.pairs < manyPairs || o.from < 2 || o.to < 2 || noticed[p] {
			continue
		}
		noticed[p], noticed[rolePair{p.to, p.from}] = true, true
		if o.from < o.to {
			p = rolePair{p.to, p.from}
			o.from, o.to, o.firstFrom, o.firstTo = o.to, o.from, o.firstTo, o.firstFrom
		}
		b.report(Problem{
			Severity: Notice,
			Summary:  "Many pairs of hosts",
			Detail: fmt.Sprintf("In domain %q each of %d hosts with the role %s may talk with each of %d with the role %s: %d pairs. "+
				"If each talks with some of them only, say so with peers = { %s = [hosts.x] }.", d.Name, o.from, p.from.Name, o.to, p.to.Name, o.pairs, p.to.Name),
			Subject: o.firstFrom.Origin,
		})
	}
}

// opened counts hosts, and pairs of them, that no peers narrow.
type opened struct {
	from, to, pairs    int
	firstFrom, firstTo *lang.Group
}

// openedBy counts what the flows of one row open.
func openedBy(flows []Flow) opened {
	var o opened
	froms, tos := map[*lang.Group]bool{}, map[*lang.Group]bool{}
	var last Flow
	for _, f := range flows {
		g, h := f.From.Group, f.To.Group
		if g == last.From.Group && h == last.To.Group || narrows(g, f.Row.To) || narrows(h, f.Row.From) {
			continue
		}
		last = f
		if o.firstFrom == nil {
			o.firstFrom, o.firstTo = g, h
		}
		o.pairs += len(g.Names) * len(h.Names)
		if !froms[g] {
			froms[g] = true
			o.from += len(g.Names)
		}
		if !tos[h] {
			tos[h] = true
			o.to += len(h.Names)
		}
	}
	return o
}

func narrows(g *lang.Group, role *lang.Role) bool {
	_, ok := g.Peers[role]
	return ok
}

// echo is the service of ping: echo requests.
var echo = newServicePorts(nil, nil, []lang.ICMPType{{Type: 8, Code: 0}, {IPv6: true, Type: 128, Code: 0}})

// pings adds echo requests in both directions between the ends of the flows
// from first on. Each pair of roles and class has a row of its own for them, so
// that they share object-groups with the flows that they belong to.
func (b *builder) pings(d *lang.Domain, first int) {
	type kind struct {
		rolePair
		class string
	}
	rows := map[kind]*lang.Row{}
	type pair struct {
		row  *lang.Row
		ends legPair
	}
	seen := map[pair]bool{}
	service := &lang.Service{Name: "ping", Title: "Echo request", ICMP: []lang.ICMPType{{Type: 8, Code: 0}, {IPv6: true, Type: 128, Code: 0}}}
	last := len(b.g.Flows)
	add := func(k kind, like *lang.Row, from, to End, ends legPair, asker lang.Origin) {
		row := rows[k]
		if row == nil {
			row = &lang.Row{Name: "ping", From: k.from, To: k.to, Service: service, Class: k.class,
				Source: "transport", Breaks: "Reachability tests between hosts that talk.", Origin: d.Origin}
			rows[k] = row
			b.g.rows[row] = b.g.rows[like].ofPing(row, row.From == like.From)
		}
		if seen[pair{row, ends}] {
			return
		}
		seen[pair{row, ends}] = true
		r := b.g.routes.between(b.g.legs.placeOf(ends.from), b.g.legs.placeOf(ends.to), asker)
		if r.broken {
			return
		}
		b.add(Flow{Domain: d, Row: row, From: from, To: to, Ports: echo.of(b.g.legs.isV6(ends.from)), Paths: r.paths, Local: r.local}, ends)
	}
	for i := first; i < last; i++ {
		f, e := b.g.Flows[i], b.g.ends[i]
		if f.Local != NotLocal {
			continue
		}
		add(kind{rolePair{f.Row.From, f.Row.To}, f.Row.Class}, f.Row, f.From, f.To, e, d.Origin)
	}
	for i := first; i < last; i++ {
		f, e := b.g.Flows[i], b.g.ends[i]
		if f.Local != NotLocal || b.virtual(f.To) {
			continue
		}
		add(kind{rolePair{f.Row.To, f.Row.From}, f.Row.Class}, f.Row, f.To, f.From, legPair{e.to, e.from}, d.Origin)
	}
}

// virtual reports whether the end is a cluster's address, which sends nothing.
func (b *builder) virtual(e End) bool {
	return e.Group != nil && e.Group.Legs[e.Leg].Use == lang.Virtual
}
