package view

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/nbfwc/nbfwc/compile"
	"github.com/nbfwc/nbfwc/lang"
	"github.com/nbfwc/nbfwc/ruleset"
)

// Flows makes the document of the given flows of g, by id.
func Flows(g *compile.Graph, ids []int32) FlowsDocument {
	doc := FlowsDocument{document("flows"), make([]Flow, 0, len(ids)), Transport(g, ids)}
	for _, id := range ids {
		doc.Flows = append(doc.Flows, flowOf(g, id))
	}
	return doc
}

func flowOf(g *compile.Graph, id int32) Flow {
	f := &g.Flows[id]
	v := Flow{
		ID: int(id), Name: FlowName(f), Service: FlowService(f),
		From: endOf(f.From), To: endOf(f.To),
		Idle: int(f.Idle.Seconds()), Local: localWords(f.Local), Reason: reasonOf(f),
	}
	if f.Domain != nil {
		v.Domain = f.Domain.Name
	}
	if f.Link != nil {
		v.Link = f.Link.Name
	}
	for _, p := range f.Ports {
		v.Ports = append(v.Ports, portOf(p))
	}
	for _, path := range f.Paths {
		v.Paths = append(v.Paths, hopsOf(path))
	}
	return v
}

func hopsOf(path []compile.Hop) []Hop {
	hops := make([]Hop, len(path))
	for i, h := range path {
		hops[i] = Hop{Firewall: h.Firewall.Name, In: ifaceLabel(h.In), Out: ifaceLabel(h.Out)}
	}
	return hops
}

func ifaceLabel(i *lang.Interface) string {
	if i == nil {
		return ""
	}
	return i.Label
}

func localWords(l compile.Local) string {
	switch l {
	case compile.SameHost:
		return "same host"
	case compile.SameZone:
		return "same zone"
	case compile.SameInterface:
		return "same interface, not enforced"
	}
	return ""
}

// FlowName is the catalogue row's name, or that of the policy's own flow.
func FlowName(f *compile.Flow) string {
	if f.Row != nil {
		return f.Row.Name
	}
	return f.Custom.Name
}

// FlowService is the name of the service.
func FlowService(f *compile.Flow) string {
	if f.Row != nil {
		return f.Row.Service.Name
	}
	return f.Custom.Service.Name
}

func reasonOf(f *compile.Flow) Reason {
	if r := f.Row; r != nil {
		reason := Reason{Row: r.Name, Cite: r.Cite, Source: r.Source, Breaks: r.Breaks, Inferred: r.Inferred}
		if r.When != nil {
			reason.Condition = r.When.String()
		}
		return reason
	}
	reason := Reason{Text: f.Custom.Reason, Ticket: f.Custom.Ticket}
	if !f.Custom.Expires.IsZero() {
		reason.Expires = f.Custom.Expires.Format("2006-01-02")
	}
	return reason
}

func endOf(e compile.End) End {
	if e.Zone != nil {
		v := End{Zone: e.Zone.Name, Count: 1}
		for _, p := range e.Zone.Networks {
			v.Addresses = append(v.Addresses, p.String())
		}
		return v
	}
	g, leg := e.Group, e.Group.Legs[e.Leg]
	v := End{
		Hosts: g.Domain.Name + "." + g.Block, Zone: leg.Zone.Name, Count: len(leg.Addrs),
		Addresses: make([]string, len(leg.Addrs)),
	}
	if !g.Facts.Version.IsZero() {
		v.Version = g.Facts.Version.String()
	}
	for _, r := range g.Roles {
		v.Roles = append(v.Roles, r.Name)
	}
	for _, f := range g.Facts.Features {
		v.Features = append(v.Features, f.Name)
	}
	for i, a := range leg.Addrs {
		v.Addresses[i] = ruleset.Range{From: a.From, To: a.To}.String()
	}
	if slices.ContainsFunc(g.Names, func(n string) bool { return n != "" }) {
		v.Names = g.Names
	}
	return v
}

func portOf(p compile.Port) Port {
	v := Port{Protocol: ProtocolName(p.Proto), From: int(p.From), To: int(p.To)}
	if (p.Proto == ruleset.ICMP || p.Proto == ruleset.ICMPv6) && p.Code >= 0 {
		code := int(p.Code)
		v.Code = &code
	}
	return v
}

// ProtocolName is the usual name of an IP protocol.
func ProtocolName(p uint8) string {
	switch p {
	case ruleset.TCP:
		return "tcp"
	case ruleset.UDP:
		return "udp"
	case ruleset.ICMP:
		return "icmp"
	case ruleset.ICMPv6:
		return "icmpv6"
	}
	return strconv.Itoa(int(p))
}

// Ports spells protocols and ports: "tcp 1556, 13724, udp 111".
func Ports(ports []compile.Port) string {
	var parts []string
	for i, p := range ports {
		text := portText(p)
		if i == 0 || ports[i-1].Proto != p.Proto {
			text = ProtocolName(p.Proto) + " " + text
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, ", ")
}

func portText(p compile.Port) string {
	switch {
	case p.Proto == ruleset.ICMP || p.Proto == ruleset.ICMPv6:
		if p.Code >= 0 {
			return fmt.Sprintf("type %d code %d", p.From, p.Code)
		}
		return fmt.Sprintf("type %d", p.From)
	case p.From == p.To:
		return strconv.Itoa(int(p.From))
	}
	return fmt.Sprintf("%d-%d", p.From, p.To)
}

// Why is the reason of a flow in a few words: the citation, or the ticket.
func Why(f *compile.Flow) string {
	if f.Row != nil {
		return strings.Join(f.Row.Cite, ", ")
	}
	parts := []string{f.Custom.Reason, f.Custom.Ticket}
	if !f.Custom.Expires.IsZero() {
		parts = append(parts, "expires "+f.Custom.Expires.Format("2006-01-02"))
	}
	parts = slices.DeleteFunc(parts, func(s string) bool { return s == "" })
	return strings.Join(parts, ", ")
}

// EndName names one side of a flow: "web (dmz)".
func EndName(e compile.End) string {
	if e.Zone != nil {
		return "zone " + e.Zone.Name
	}
	return e.Group.Block + " (" + e.Group.Legs[e.Leg].Zone.Name + ")"
}

// Firewalls names the firewalls that a flow crosses, or says why none.
func Firewalls(f *compile.Flow) string {
	if f.Local != compile.NotLocal {
		return localWords(f.Local)
	}
	var names []string
	for _, path := range f.Paths {
		for _, h := range path {
			if !slices.Contains(names, h.Firewall.Name) {
				names = append(names, h.Firewall.Name)
			}
		}
	}
	return strings.Join(names, ", ")
}

// FlowTables is the port table for people, a table for each domain: one line
// per pair of host groups and way between them, with all ports and their
// sources. Flows that cross no firewall come last.
func FlowTables(g *compile.Graph, ids []int32) []FlowTable {
	var tables []FlowTable
	byTitle := map[string][]int32{}
	for _, id := range ids {
		title := flowTitle(&g.Flows[id])
		if byTitle[title] == nil {
			tables = append(tables, FlowTable{Title: title})
		}
		byTitle[title] = append(byTitle[title], id)
	}
	for i := range tables {
		tables[i].Table = *flowTable(g, byTitle[tables[i].Title])
	}
	return tables
}

// FlowTable is the port table of one domain or link.
type FlowTable struct {
	Title string
	Table
}

// WriteFlows writes the port table as text of at most width runes in a line,
// and how many flows there are.
func WriteFlows(w io.Writer, g *compile.Graph, ids []int32, width int) error {
	for _, t := range FlowTables(g, ids) {
		if _, err := fmt.Fprintf(w, "%s\n", Printable(t.Title)); err != nil {
			return err
		}
		if err := t.Text(w, width); err != nil {
			return err
		}
		if _, err := io.WriteString(w, "\n"); err != nil {
			return err
		}
	}
	if err := flowSummary(w, g, ids); err != nil {
		return err
	}
	p := paragraphs{width: width}
	for _, text := range Transport(g, ids) {
		p.line(0, "%s", text)
	}
	_, err := io.WriteString(w, p.b.String())
	return err
}

// Transport says what firewalls let through or answer beside the flows, in
// sentences: ICMP errors without which TCP fails, and resets on fallback ports.
func Transport(g *compile.Graph, ids []int32) []string {
	filtered, resets := false, map[string]bool{}
	for _, id := range ids {
		f := &g.Flows[id]
		if f.Local != compile.NotLocal {
			continue
		}
		filtered = true
		if f.Domain != nil && f.Domain.ResetFallback && f.Row != nil && len(f.Row.Fallback) > 0 {
			resets[f.Domain.Name] = true
		}
	}
	texts := []string{}
	if filtered {
		texts = append(texts, "Transport: ICMP errors about permitted connections pass as well (unreachable, packet too big, time exceeded, parameter problem).")
	}
	for _, domain := range SortedKeys(resets) {
		texts = append(texts, "Transport: in domain "+domain+", closed fallback ports of permitted pairs are answered with a reset.")
	}
	return texts
}

// MarkdownFlows writes the port table as Markdown.
func MarkdownFlows(w io.Writer, g *compile.Graph, ids []int32) error {
	for i, t := range FlowTables(g, ids) {
		if _, err := fmt.Fprintf(w, "%s### %s\n\n", []string{"", "\n"}[min(i, 1)], markdownCell(t.Title)); err != nil {
			return err
		}
		if err := t.Markdown(w); err != nil {
			return err
		}
	}
	return nil
}

func flowTitle(f *compile.Flow) string {
	switch {
	case f.Link != nil:
		return "Link " + f.Link.Name
	case f.Domain != nil:
		return "Domain " + f.Domain.Name
	}
	return "Flows of the policy"
}

// TicketTable is the port table for a change ticket: addresses spelled out,
// one line per protocol.
func TicketTable(g *compile.Graph, ids []int32) *Table {
	t := &Table{Heading: []string{"domain", "from", "from addresses", "to", "to addresses",
		"protocol", "ports", "service", "firewalls", "reason", "breaks if closed"}}
	for _, id := range ids {
		f := &g.Flows[id]
		domain, breaks := "", ""
		if f.Domain != nil {
			domain = f.Domain.Name
		}
		if f.Row != nil {
			breaks = f.Row.Breaks
		}
		for _, run := range byProtocol(f.Ports) {
			ports := make([]string, len(run))
			for i, p := range run {
				ports[i] = portText(p)
			}
			t.Add(domain, EndName(f.From), strings.Join(endOf(f.From).Addresses, " "),
				EndName(f.To), strings.Join(endOf(f.To).Addresses, " "),
				ProtocolName(run[0].Proto), strings.Join(ports, " "), FlowService(f), Firewalls(f), Why(f), breaks)
		}
	}
	return t
}

// byProtocol splits ports, which are sorted by protocol.
func byProtocol(ports []compile.Port) [][]compile.Port {
	var runs [][]compile.Port
	for i, p := range ports {
		if i == 0 || ports[i-1].Proto != p.Proto {
			runs = append(runs, nil)
		}
		runs[len(runs)-1] = append(runs[len(runs)-1], p)
	}
	return runs
}

// flowSummary writes one line that says how many flows there are.
func flowSummary(w io.Writer, g *compile.Graph, ids []int32) error {
	local := 0
	for _, id := range ids {
		if g.Flows[id].Local != compile.NotLocal {
			local++
		}
	}
	_, err := fmt.Fprintf(w, "%s through a firewall, %s\n", Count(len(ids)-local, "flow", "flows"), Count(local, "local flow", "local flows"))
	return err
}

// Count spells a number of things.
func Count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}
