package view

import (
	"fmt"
	"strings"

	"github.com/nbfwc/nbfwc/drift"
	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
)

// Finding is something that somebody should look at.
type Finding struct {
	ID       string    `json:"id"`
	Kind     string    `json:"kind"`
	Severity string    `json:"severity"`
	Firewall string    `json:"firewall,omitempty"`
	Summary  string    `json:"summary"`
	Detail   string    `json:"detail,omitempty"`
	Line     int       `json:"line,omitempty"`
	Rule     string    `json:"rule,omitempty"`
	Packets  []Packets `json:"packets"`
	More     int       `json:"more"`
	Example  string    `json:"example,omitempty"`
	Flows    []int     `json:"flows"`
}

// Packets are each of the sources to each of the destinations.
type Packets struct {
	In           string   `json:"in"`
	Out          string   `json:"out"`
	Sources      []string `json:"sources"`
	Destinations []string `json:"destinations"`
	Service      string   `json:"service"`
}

// ConfigProblem is a line of a configuration, or a name, with what is wrong.
type ConfigProblem struct {
	Line int    `json:"line,omitempty"`
	Text string `json:"text,omitempty"`
	Why  string `json:"why"`
}

func packetsOf(b ruleset.Box) Packets {
	return Packets{ifaceText(b.In), ifaceText(b.Out), rangeTexts(b.Src), rangeTexts(b.Dst), b.Service.String()}
}

func findingsOf(list []drift.Finding) []Finding {
	out := make([]Finding, len(list))
	for i := range list {
		f := &list[i]
		v := Finding{
			ID: f.ID(), Kind: string(f.Kind), Severity: string(f.Severity), Firewall: f.Firewall,
			Summary: f.Summary, Detail: f.Detail, Line: f.Line, Rule: f.Rule, More: f.More,
			Packets: []Packets{}, Flows: []int{},
		}
		for _, b := range f.Boxes {
			v.Packets = append(v.Packets, packetsOf(b))
		}
		if f.Witness.Src.IsValid() {
			v.Example = f.Witness.String()
		}
		for _, id := range f.Flows {
			v.Flows = append(v.Flows, int(id))
		}
		out[i] = v
	}
	return out
}

func problemsOf(list []targets.Problem) []ConfigProblem {
	out := make([]ConfigProblem, len(list))
	for i, p := range list {
		out[i] = ConfigProblem{p.Line, p.Text, p.Why}
	}
	return out
}

// findings writes findings for people.
func (p *paragraphs) findings(list []drift.Finding) {
	for i := range list {
		f := &list[i]
		where := ""
		if f.Line > 0 && !strings.Contains(f.Summary, "line ") {
			where = fmt.Sprintf(" (line %d%s)", f.Line, quoted(f.Rule))
		}
		p.line(2, "%s, %s: %s%s", f.Severity, f.Kind, f.Summary, where)
		for _, b := range f.Boxes {
			p.line(6, "%s", packetsText(b))
		}
		if f.More > 0 {
			p.line(6, "and %d more", f.More)
		}
		if f.Detail != "" {
			p.line(6, "%s", f.Detail)
		}
	}
}

func quoted(text string) string {
	const shown = 60
	if text == "" {
		return ""
	}
	if len(text) > shown {
		text = text[:shown] + "..."
	}
	return ": " + text
}

func packetsText(b ruleset.Box) string {
	v := packetsOf(b)
	way := ""
	if !b.In.IsAny() || !b.Out.IsAny() {
		way = fmt.Sprintf("%s to %s: ", v.In, v.Out)
	}
	return fmt.Sprintf("%s%s -> %s: %s", way, few(v.Sources), few(v.Destinations), few(strings.Split(v.Service, ", ")))
}

func (p *paragraphs) problems(list []targets.Problem) {
	for _, x := range list {
		switch {
		case x.Line > 0:
			p.line(2, "line %d%s: %s", x.Line, quoted(x.Text), x.Why)
		case x.Text != "":
			p.line(2, "%s: %s", x.Text, x.Why)
		default:
			p.line(2, "%s", x.Why)
		}
	}
}
