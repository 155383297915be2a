package view

import (
	"cmp"
	"slices"
	"strings"

	"github.com/nbfwc/nbfwc/compile"
	"github.com/nbfwc/nbfwc/lang"
)

// flowTable is the port table of some flows. Groups of one hosts block share a
// line only where they have the same ports for the same reasons: a block whose
// hosts differ in version or features would else seem to need, for each of its
// hosts, what a few of them need.
func flowTable(g *compile.Graph, ids []int32) *Table {
	var lines []*pairLine
	known := map[pairKey]*pairLine{}
	for _, id := range ids {
		f := &g.Flows[id]
		k := pairKey{kindOf(f.From), kindOf(f.To), Firewalls(f)}
		if known[k] == nil {
			known[k] = &pairLine{
				from: []hostKind{k.from}, to: []hostKind{k.to},
				firewalls: k.firewalls, local: f.Local != compile.NotLocal,
			}
			lines = append(lines, known[k])
		}
		known[k].add(f)
	}
	sizes := kindsOf(g.Policy)
	lines = fold(lines, sizes, func(l *pairLine) *[]hostKind { return &l.from }, func(l *pairLine) *[]hostKind { return &l.to })
	lines = fold(lines, sizes, func(l *pairLine) *[]hostKind { return &l.to }, func(l *pairLine) *[]hostKind { return &l.from })
	slices.SortStableFunc(lines, func(a, b *pairLine) int {
		return cmp.Compare(boolInt(a.local), boolInt(b.local))
	})
	t := &Table{Heading: []string{"FROM", "TO", "PORTS", "FIREWALLS", "WHY"}}
	for _, l := range lines {
		t.Add(kindNames(l.from, sizes), kindNames(l.to, sizes), Ports(l.ports), l.firewalls, strings.Join(l.why, ", "))
	}
	return t
}

// hostKind is one side of a line: a group of a hosts block in a zone, or a
// whole zone.
type hostKind struct {
	block blockPlace
	kind  string // the group's discriminator
}

// blockPlace is a hosts block as far as it is in a zone.
type blockPlace struct {
	domain      *lang.Domain
	block, zone string
}

// name is the block in words: "web (dmz)".
func (b blockPlace) name() string {
	if b.block == "" {
		return "zone " + b.zone
	}
	return b.block + " (" + b.zone + ")"
}

func kindOf(e compile.End) hostKind {
	if e.Zone != nil {
		return hostKind{block: blockPlace{zone: e.Zone.Name}}
	}
	g := e.Group
	return hostKind{blockPlace{g.Domain, g.Block, g.Legs[e.Leg].Zone.Name}, g.Discriminator}
}

// kindsOf counts the kinds of hosts in each block and zone.
func kindsOf(p *lang.Policy) map[blockPlace]int {
	kinds := map[hostKind]bool{}
	count := map[blockPlace]int{}
	for _, d := range p.Domains {
		for _, g := range d.Groups {
			for leg := range g.Legs {
				if k := kindOf(compile.End{Group: g, Leg: leg}); !kinds[k] {
					kinds[k] = true
					count[k.block]++
				}
			}
		}
	}
	return count
}

// kindNames names the kinds of one block: by the block alone if these are all
// of them, else with what sets them apart, "web [7.0] (dmz)".
func kindNames(kinds []hostKind, sizes map[blockPlace]int) string {
	b := kinds[0].block
	if len(kinds) >= sizes[b] {
		return b.name()
	}
	words := make([]string, len(kinds))
	for i, k := range kinds {
		words[i] = k.kind
		if strings.Trim(k.kind, "0123456789") == "" {
			words[i] = "group " + k.kind // nothing but its number sets it apart
		}
	}
	b.block += " [" + strings.Join(words, "; ") + "]"
	return b.name()
}

type pairKey struct {
	from, to  hostKind
	firewalls string
}

// pairLine gathers the flows of one line of a FlowTable.
type pairLine struct {
	from, to  []hostKind
	firewalls string
	local     bool
	ports     []compile.Port
	why       []string
}

// fold makes one line of those that differ only in the kinds of one block on
// the given side. It stands where the first of them stood.
func fold(lines []*pairLine, sizes map[blockPlace]int, side, other func(*pairLine) *[]hostKind) []*pairLine {
	type likeness struct {
		block blockPlace
		text  string
	}
	first := map[likeness]*pairLine{}
	return slices.DeleteFunc(lines, func(l *pairLine) bool {
		o := *other(l)
		key := likeness{(*side(l))[0].block, strings.Join([]string{
			o[0].block.name(), kindNames(o, sizes), l.firewalls, Ports(l.ports), strings.Join(l.why, "\n"),
		}, "\x00")}
		if o[0].block.domain != nil {
			key.text += "\x00" + o[0].block.domain.Name
		}
		into := first[key]
		if into == nil {
			first[key] = l
			return false
		}
		kinds := side(into)
		*kinds = append(*kinds, *side(l)...)
		return true
	})
}

func (l *pairLine) add(f *compile.Flow) {
	for _, p := range f.Ports {
		if !slices.Contains(l.ports, p) {
			l.ports = append(l.ports, p)
		}
	}
	slices.SortFunc(l.ports, func(a, b compile.Port) int {
		return cmp.Or(cmp.Compare(a.Proto, b.Proto), cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To), cmp.Compare(a.Code, b.Code))
	})
	why := []string{Why(f)}
	if f.Row != nil {
		why = f.Row.Cite
	}
	for _, text := range why {
		if text != "" && !slices.Contains(l.why, text) {
			l.why = append(l.why, text)
		}
	}
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}
