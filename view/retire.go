package view

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/nbfwc/nbfwc/compile"
)

// RetireDocument answers "flows -retire -json".
type RetireDocument struct {
	Document
	Retirements []Retirement `json:"retirements"`
}

// Retirement is flows that exist only because some hosts are old.
type Retirement struct {
	Domain  string   `json:"domain"`
	Hosts   string   `json:"hosts"` // the hosts block
	Names   []string `json:"names"` // addresses for hosts without a name
	Version string   `json:"version"`
	Until   string   `json:"until"` // the version that makes the flows go away
	Row     string   `json:"row"`
	Ports   []Port   `json:"ports"`
	Cite    []string `json:"cite,omitempty"`
	Flows   []int    `json:"flows"`
}

// retirements are those of g that have one of the flows.
func retirements(g *compile.Graph, ids []int32) []compile.Retirement {
	return slices.DeleteFunc(g.Retire(), func(r compile.Retirement) bool {
		return !slices.ContainsFunc(r.Flows, func(id int32) bool {
			_, found := slices.BinarySearch(ids, id)
			return found
		})
	})
}

// Retiring are those of the flows that exist only because of old hosts.
func Retiring(g *compile.Graph, ids []int32) []int32 {
	old := map[int32]bool{}
	for _, r := range g.Retire() {
		for _, id := range r.Flows {
			old[id] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(ids), func(id int32) bool { return !old[id] })
}

// Retire makes the document of what old hosts keep open.
func Retire(g *compile.Graph, ids []int32) RetireDocument {
	doc := RetireDocument{document("retire"), []Retirement{}}
	for _, r := range retirements(g, ids) {
		v := Retirement{
			Domain: r.Domain.Name, Hosts: r.Old.Block, Names: r.Hosts(), Version: versionText(r.Old.Facts.Version),
			Until: r.Until.String(), Row: r.Row.Name, Ports: servicePorts(r.Row.Service), Cite: r.Row.Cite,
		}
		for _, id := range r.Flows {
			v.Flows = append(v.Flows, int(id))
		}
		doc.Retirements = append(doc.Retirements, v)
	}
	return doc
}

// WriteRetire writes what old hosts keep open, and what closes it.
func WriteRetire(w io.Writer, g *compile.Graph, ids []int32, width int) error {
	list := retirements(g, ids)
	if len(list) == 0 {
		_, err := fmt.Fprintln(w, "No flow is open only because of an old version.")
		return err
	}
	t := Table{Heading: []string{"HOSTS", "VERSION", "KEEP OPEN", "UNTIL", "WHY"}}
	for _, r := range list {
		names := r.Hosts()
		const shown = 4
		if len(names) > shown {
			names = append(slices.Clone(names[:shown]), fmt.Sprintf("and %d more", len(names)-shown))
		}
		t.Add(r.Old.Block+": "+strings.Join(names, ", "), versionText(r.Old.Facts.Version),
			fmt.Sprintf("%s, %s -> %s", servicePortsText(r.Row.Service), r.Row.From.Name, r.Row.To.Name),
			r.Until.String(), strings.Join(r.Row.Cite, ", "))
	}
	return t.Text(w, width)
}
