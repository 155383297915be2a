package view

import (
	"fmt"
	"io"
	"strings"

	"github.com/nbfwc/nbfwc/compile"
	"github.com/nbfwc/nbfwc/ruleset"
)

// DiffDocument answers "diff -json".
type DiffDocument struct {
	Document
	Removed   []DiffFlow     `json:"removed"`
	Added     []DiffFlow     `json:"added"`
	Firewalls []DiffFirewall `json:"firewalls"`
}

// DiffFlow is a part of a flow that is new or gone.
type DiffFlow struct {
	Name         string   `json:"name"`
	Domain       string   `json:"domain,omitempty"`
	From         string   `json:"from"`
	To           string   `json:"to"`
	Sources      []string `json:"sources"`
	Destinations []string `json:"destinations"`
	Ports        []Port   `json:"ports"`
	Firewalls    string   `json:"firewalls"`
	Reason       Reason   `json:"reason"`
}

// DiffFirewall is how the packets change that a firewall permits.
type DiffFirewall struct {
	Firewall string    `json:"firewall"`
	Change   string    `json:"change"` // changed, new or gone
	Removed  []DiffBox `json:"removed"`
	Added    []DiffBox `json:"added"`
}

// DiffBox is a set of packets: each of the sources to each of the destinations.
type DiffBox struct {
	In           string   `json:"in"`
	Out          string   `json:"out"`
	Sources      []string `json:"sources"`
	Destinations []string `json:"destinations"`
	Service      string   `json:"service"`
	Action       string   `json:"action"`
	Reason       string   `json:"reason,omitempty"`
}

// Diff makes the document of a difference.
func Diff(d compile.Difference) DiffDocument {
	doc := DiffDocument{document("diff"), diffFlows(d.Removed), diffFlows(d.Added), []DiffFirewall{}}
	for _, f := range d.Firewalls {
		doc.Firewalls = append(doc.Firewalls, DiffFirewall{f.Name, firewallChange(f), diffBoxes(f.Removed), diffBoxes(f.Added)})
	}
	return doc
}

func firewallChange(f compile.FirewallChange) string {
	switch {
	case f.New:
		return "new"
	case f.Gone:
		return "gone"
	}
	return "changed"
}

func diffFlows(changes []compile.FlowChange) []DiffFlow {
	out := make([]DiffFlow, len(changes))
	for i, c := range changes {
		v := DiffFlow{
			Name: FlowName(c.Flow), From: EndName(c.Flow.From), To: EndName(c.Flow.To),
			Sources: rangeTexts(c.Src), Destinations: rangeTexts(c.Dst),
			Firewalls: Firewalls(c.Flow), Reason: reasonOf(c.Flow),
		}
		if c.Flow.Domain != nil {
			v.Domain = c.Flow.Domain.Name
		}
		for _, p := range c.Flow.Ports {
			v.Ports = append(v.Ports, portOf(p))
		}
		out[i] = v
	}
	return out
}

func diffBoxes(rules []ruleset.Rule) []DiffBox {
	out := make([]DiffBox, len(rules))
	for i := range rules {
		r := &rules[i]
		out[i] = DiffBox{
			In: ifaceText(r.In), Out: ifaceText(r.Out), Sources: rangeTexts(r.Src), Destinations: rangeTexts(r.Dst),
			Service: r.Service.String(), Action: r.Action.String(), Reason: r.Reason,
		}
	}
	return out
}

func ifaceText(s ruleset.IfaceSet) string {
	labels, except := s.Labels()
	switch text := strings.Join(labels, ", "); {
	case except && text == "":
		return "any"
	case except:
		return "any but " + text
	default:
		return text
	}
}

func rangeTexts(s ruleset.AddrSet) []string {
	ranges := s.Ranges()
	out := make([]string, len(ranges))
	for i, r := range ranges {
		out[i] = r.String()
	}
	return out
}

// WriteDiff writes a difference for people: flows in words, then what each
// firewall lets through that it did not, and the other way round.
func WriteDiff(w io.Writer, d compile.Difference, width int) error {
	p := &paragraphs{width: width}
	p.flowChanges("stops", "stop", "-", d.Removed)
	p.flowChanges("starts", "start", "+", d.Added)
	for _, f := range d.Firewalls {
		p.line(0, "")
		p.line(0, "firewall %s (%s)", f.Name, firewallChange(f))
		for _, box := range diffBoxes(f.Removed) {
			p.line(2, "- %s", boxText(box))
		}
		for _, box := range diffBoxes(f.Added) {
			p.line(2, "+ %s", boxText(box))
		}
	}
	if len(d.Firewalls) == 0 {
		p.line(0, "No firewall treats any packet differently.")
	}
	_, err := io.WriteString(w, p.b.String())
	return err
}

func (p *paragraphs) flowChanges(one, many, sign string, changes []compile.FlowChange) {
	if len(changes) == 0 {
		return
	}
	p.line(0, "%s:", Count(len(changes), "flow "+one, "flows "+many))
	for _, c := range changes {
		p.line(2, "%s %s -> %s, %s (%s)", sign, EndName(c.Flow.From), EndName(c.Flow.To), Ports(c.Flow.Ports), Why(c.Flow))
		p.line(6, "%s -> %s", few(rangeTexts(c.Src)), few(rangeTexts(c.Dst)))
		if row := c.Flow.Row; row != nil && sign == "-" && row.Breaks != "" {
			p.line(6, "then: %s", row.Breaks)
		}
	}
}

func boxText(b DiffBox) string {
	return fmt.Sprintf("%s %s: %s -> %s: %s", b.Action, hopWords(Hop{In: selfless(b.In), Out: selfless(b.Out)}), few(b.Sources), few(b.Destinations), b.Service)
}

// selfless is "" for the firewall itself, as a Hop has it.
func selfless(label string) string {
	if label == ruleset.Self {
		return ""
	}
	return label
}

// few lists some of the texts and counts the rest.
func few(texts []string) string {
	const shown = 6
	if len(texts) > shown {
		return strings.Join(texts[:shown], ", ") + fmt.Sprintf(" and %d more", len(texts)-shown)
	}
	return strings.Join(texts, ", ")
}
