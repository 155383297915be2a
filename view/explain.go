package view

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"github.com/nbfwc/nbfwc/compile"
)

// ExplainDocument answers "explain -json".
type ExplainDocument struct {
	Document
	Explanations []Explanation `json:"explanations"`
}

// Explanation says why two endpoints may talk, or why not.
type Explanation struct {
	Source      Endpoint      `json:"source"`
	Destination Endpoint      `json:"destination"`
	Port        *Port         `json:"port,omitempty"` // that was asked for
	Verdict     string        `json:"verdict"`
	Local       string        `json:"local,omitempty"`
	Reason      string        `json:"reason,omitempty"` // "management": what permits it beside flows
	Paths       [][]Hop       `json:"paths,omitempty"`
	Flows       []Explained   `json:"flows"`   // that have the port
	Other       []Explained   `json:"other"`   // between the two, without the port
	Reverse     []Explained   `json:"reverse"` // that the destination opens
	Nearest     []NearestFlow `json:"nearest"` // that would open it, and why they don't
}

// Endpoint is something that talks.
type Endpoint struct {
	Address  string   `json:"address"`
	Host     string   `json:"host,omitempty"`
	Hosts    string   `json:"hosts,omitempty"` // the hosts block, domain first
	Zone     string   `json:"zone"`
	Firewall string   `json:"firewall,omitempty"` // that has the address itself
	Roles    []string `json:"roles,omitempty"`
	Version  string   `json:"version,omitempty"`
	Features []string `json:"features,omitempty"`
}

// Explained is a flow with what makes it necessary.
type Explained struct {
	ID      int      `json:"id"`
	Name    string   `json:"name"`
	Service string   `json:"service"`
	Ports   []Port   `json:"ports"`
	From    string   `json:"from"`
	To      string   `json:"to"`
	Because []string `json:"because,omitempty"`
	Reason  Reason   `json:"reason"`
}

// NearestFlow is a row of the catalogue that would open the port.
type NearestFlow struct {
	Row     string   `json:"row"`
	From    string   `json:"from"`
	To      string   `json:"to"`
	Service string   `json:"service"`
	Cite    []string `json:"cite,omitempty"`
	Why     []string `json:"why"`
}

// Explain makes the document of explanations.
func Explain(list []compile.Explanation) ExplainDocument {
	doc := ExplainDocument{document("explain"), make([]Explanation, len(list))}
	for i := range list {
		doc.Explanations[i] = explanationOf(&list[i])
	}
	return doc
}

func explanationOf(e *compile.Explanation) Explanation {
	v := Explanation{
		Source: endpointOf(e.Src), Destination: endpointOf(e.Dst), Verdict: VerdictName(e.Verdict),
		Flows: explainedOf(e.Flows), Other: explainedOf(e.Other), Reverse: explainedOf(e.Reverse), Nearest: []NearestFlow{},
	}
	if e.Port != nil {
		p := portOf(*e.Port)
		v.Port = &p
	}
	v.Reason = reasonBesideFlows(e.Management)
	if e.Verdict == compile.Unfiltered {
		v.Local = localWords(e.Local)
	}
	for _, path := range e.Paths {
		v.Paths = append(v.Paths, hopsOf(path))
	}
	for _, m := range e.Nearest {
		v.Nearest = append(v.Nearest, NearestFlow{m.Row.Name, m.Row.From.Name, m.Row.To.Name, m.Row.Service.Name, m.Row.Cite, m.Why})
	}
	return v
}

func endpointOf(e compile.Endpoint) Endpoint {
	v := Endpoint{Address: e.Addr.String(), Host: e.Host, Zone: e.Zone.Name}
	if e.On != nil {
		v.Firewall = e.On.Name
	}
	if g := e.Group; g != nil {
		v.Hosts, v.Version = g.Domain.Name+"."+g.Block, versionText(g.Facts.Version)
		for _, r := range g.Roles {
			v.Roles = append(v.Roles, r.Name)
		}
		for _, f := range g.Facts.Features {
			v.Features = append(v.Features, f.Name)
		}
	}
	return v
}

func explainedOf(reasons []compile.Reason) []Explained {
	out := make([]Explained, len(reasons))
	for i, r := range reasons {
		ports := make([]Port, len(r.Flow.Ports))
		for k, p := range r.Flow.Ports {
			ports[k] = portOf(p)
		}
		out[i] = Explained{
			ID: int(r.ID), Name: FlowName(r.Flow), Service: FlowService(r.Flow), Ports: ports,
			From: EndName(r.Flow.From), To: EndName(r.Flow.To), Because: r.Because, Reason: reasonOf(r.Flow),
		}
	}
	return out
}

// WriteExplanation writes an explanation for people, in lines of at most width
// runes.
func WriteExplanation(w io.Writer, e *compile.Explanation, width int) error {
	p := &paragraphs{width: width}
	p.line(0, "%s -> %s%s: %s", e.Src, e.Dst, askedPort(e.Port), verdictWords(e))
	for _, end := range []compile.Endpoint{e.Src, e.Dst} {
		p.line(2, "%s", endpointWords(end))
	}
	if e.Verdict == compile.NoPath {
		p.line(2, "%s", noPathWords)
	}
	for _, path := range e.Paths {
		for _, h := range hopsOf(path) {
			p.line(2, "firewall %s: %s", h.Firewall, hopWords(h))
		}
	}
	if e.Management {
		p.line(2, "%s", managementWords)
	}
	p.reasons("Because of:", e.Flows)
	p.reasons("Other ports that are open between the two:", e.Other)
	p.reasons("Opened by the other side:", e.Reverse)
	if len(e.Nearest) > 0 {
		p.line(0, "")
		p.line(0, "Nearest in the catalogue:")
	}
	const shown = 5
	for i, m := range e.Nearest {
		if i == shown {
			p.line(2, "... and %d more; -json lists all.", len(e.Nearest)-shown)
			break
		}
		p.line(2, "%s: %s -> %s, %s (%s)", m.Row.Name, m.Row.From.Name, m.Row.To.Name, servicePortsText(m.Row.Service), strings.Join(m.Row.Cite, ", "))
		for _, why := range m.Why {
			p.line(4, "not here: %s", why)
		}
	}
	_, err := io.WriteString(w, p.b.String())
	return err
}

func askedPort(p *compile.Port) string {
	if p == nil {
		return ""
	}
	return " " + Ports([]compile.Port{*p})
}

func verdictWords(e *compile.Explanation) string {
	switch {
	case e.Verdict == compile.Unfiltered:
		return "unfiltered (" + localWords(e.Local) + ")"
	case e.Verdict == compile.Permitted && e.Port == nil:
		return "permitted on some ports"
	}
	return VerdictName(e.Verdict)
}

func endpointWords(e compile.Endpoint) string {
	name := cmp.Or(e.Host, e.Addr.String())
	if e.Group == nil {
		return name + " is no host of the policy."
	}
	v := endpointOf(e)
	words := fmt.Sprintf("%s is in %s: %s", name, v.Hosts, strings.Join(v.Roles, ", "))
	if v.Version != "" {
		words += ", version " + v.Version
	}
	if len(v.Features) > 0 {
		words += ", with " + strings.Join(v.Features, ", ")
	}
	return words
}

// paragraphs is text in lines of bounded width.
type paragraphs struct {
	b     strings.Builder
	width int
}

func (p *paragraphs) line(indent int, format string, args ...any) {
	pad := strings.Repeat(" ", indent)
	for i, text := range wrap(Printable(fmt.Sprintf(format, args...)), p.width-indent-2) {
		if i > 0 {
			text = "  " + text
		}
		p.b.WriteString(strings.TrimRight(pad+text, " ") + "\n")
	}
}

func (p *paragraphs) reasons(title string, reasons []compile.Reason) {
	if len(reasons) == 0 {
		return
	}
	p.line(0, "")
	p.line(0, "%s", title)
	for _, r := range reasons {
		p.line(2, "%s: %s (%s)", FlowName(r.Flow), Ports(r.Flow.Ports), Why(r.Flow))
		if r.Condition != "" {
			p.line(4, "needed if: %s", strings.Join(strings.Fields(r.Condition), " "))
		}
		for _, because := range r.Because {
			p.line(4, "here: %s", because)
		}
		if r.Flow.Row != nil && r.Flow.Row.Breaks != "" {
			p.line(4, "if closed: %s", r.Flow.Row.Breaks)
		}
	}
}
