package view

import (
	"io"

	"github.com/nbfwc/nbfwc/drift"
)

// CheckDocument answers "check -json".
type CheckDocument struct {
	Document
	File     string        `json:"file"`
	Target   string        `json:"target"`
	OS       string        `json:"os,omitempty"`
	Hostname string        `json:"hostname,omitempty"`
	Context  string        `json:"context,omitempty"`
	Lines    int           `json:"lines"`
	Rules    int           `json:"rules"`
	Elements int           `json:"elements"`
	Permits  []CheckPermit `json:"permits"`
	Findings []Finding     `json:"findings"`
}

// CheckPermit is what one rule lets pass on NetBackup's own ports.
type CheckPermit struct {
	Rule     string    `json:"rule,omitempty"`
	Line     int       `json:"line,omitempty"`
	Services []string  `json:"services"`
	Packets  []Packets `json:"packets"`
	More     int       `json:"more"`
	Unclear  bool      `json:"unclear"`
}

// Check makes the document of an inspection.
func Check(file, target string, in drift.Inspection) CheckDocument {
	c := in.Config
	doc := CheckDocument{
		Document: document("check"), File: file, Target: target, OS: c.OS, Hostname: c.Hostname, Context: c.Context,
		Lines: c.Lines, Rules: rules(in), Elements: int(c.Elements), Permits: []CheckPermit{}, Findings: findingsOf(in.Findings),
	}
	for _, x := range in.Permits {
		v := CheckPermit{Rule: x.Rule.Name, Line: x.Rule.Line, Services: append([]string{}, x.Services...), More: x.More, Unclear: len(x.Unknowns) > 0}
		for _, b := range x.Boxes {
			v.Packets = append(v.Packets, packetsOf(b))
		}
		doc.Permits = append(doc.Permits, v)
	}
	return doc
}

func rules(in drift.Inspection) int {
	n := 0
	for _, s := range in.Config.RuleSet.Stages {
		n += len(s.Rules)
	}
	return n
}

// WriteCheck writes an inspection for people.
func WriteCheck(w io.Writer, file, target string, in drift.Inspection, width int) error {
	p := &paragraphs{width: width}
	p.line(0, "%s (%s): %s, %s.", file, target, Count(in.Config.Lines, "line", "lines"), Count(rules(in), "rule", "rules"))
	if n := in.Config.Elements; n > 0 {
		p.line(0, "The rules expand to %d elements.", n)
	}
	p.line(0, "")
	if len(in.Permits) == 0 {
		p.line(0, "No packet on NetBackup's own ports passes from one interface to another.")
	} else {
		p.line(0, "NetBackup's own ports pass from one interface to another by %s:", Count(len(in.Permits), "rule", "rules"))
	}
	for i := range in.Permits {
		x := &in.Permits[i]
		maybe := ""
		if len(x.Unknowns) > 0 {
			maybe = ", perhaps (depends on " + few(x.Unknowns) + ")"
		}
		name := "the default"
		if x.Rule.Name != "" || x.Rule.Line > 0 {
			name = ruleWords(x.Rule.Name, x.Rule.Line)
		}
		p.line(2, "%s%s: %s", name, maybe, few(x.Services))
		for _, b := range x.Boxes {
			p.line(6, "%s", packetsText(b))
		}
		if x.More > 0 {
			p.line(6, "and %d more", x.More)
		}
	}
	if len(in.Findings) > 0 {
		p.line(0, "")
		p.line(0, "%s:", Count(len(in.Findings), "finding", "findings"))
		p.findings(in.Findings)
	}
	_, err := io.WriteString(w, p.b.String())
	return err
}
