package view

import (
	"fmt"
	"io"
	"strings"

	"github.com/nbfwc/nbfwc/drift"
)

// ImportDocument answers "import -json".
type ImportDocument struct {
	Document
	Files     []string         `json:"files"`
	Version   string           `json:"version,omitempty"`
	Firewalls []ImportFirewall `json:"firewalls"`
	Hosts     []ImportHosts    `json:"hosts"`
	Flows     int              `json:"flows"`
	Left      []ImportLeft     `json:"left"`
}

// ImportFirewall says what became of one configuration.
type ImportFirewall struct {
	Firewall string `json:"firewall"`
	File     string `json:"file"`
	Target   string `json:"target"`
	Permits  int    `json:"permits"`
	Equal    bool   `json:"equal"`
}

// ImportHosts is a hosts block of the draft, with the roles that the hosts
// could have.
type ImportHosts struct {
	Hosts     string   `json:"hosts"`
	Zone      string   `json:"zone"`
	Addresses []string `json:"addresses"`
	Roles     []string `json:"roles"`
	Percent   int      `json:"percent"`
	Evidence  []string `json:"evidence"`
	Written   bool     `json:"written"`
	Against   string   `json:"against,omitempty"`
}

// ImportLeft is what the draft treats otherwise than a configuration.
type ImportLeft struct {
	Firewall string    `json:"firewall"`
	Kind     string    `json:"kind"`
	Rule     string    `json:"rule,omitempty"`
	Line     int       `json:"line,omitempty"`
	Why      string    `json:"why"`
	Packets  []Packets `json:"packets"`
	More     int       `json:"more"`
}

// Import makes the document of a draft that was written to files.
func Import(files []string, d *drift.Draft) ImportDocument {
	doc := ImportDocument{
		Document: document("import"), Files: files, Version: d.Version, Flows: d.Flows,
		Firewalls: []ImportFirewall{}, Hosts: []ImportHosts{}, Left: []ImportLeft{},
	}
	for _, f := range d.Firewalls {
		doc.Firewalls = append(doc.Firewalls, ImportFirewall{f.Label, f.File, f.Target, f.Permits, f.Equal})
	}
	for _, h := range d.Hosts {
		doc.Hosts = append(doc.Hosts, ImportHosts{
			h.Label, h.Zone, rangeTexts(h.Addresses), append([]string{}, h.Guess.Roles...),
			h.Guess.Percent, append([]string{}, h.Guess.Evidence...), h.Guess.Written, h.Guess.Against,
		})
	}
	for _, l := range d.Left {
		v := ImportLeft{l.Firewall, l.Kind, l.Rule, l.Line, l.Why, []Packets{}, l.More}
		for _, b := range l.Boxes {
			v.Packets = append(v.Packets, packetsOf(b))
		}
		doc.Left = append(doc.Left, v)
	}
	return doc
}

// WriteImport writes what became of configurations for people.
func WriteImport(w io.Writer, files []string, d *drift.Draft, width int) error {
	p := &paragraphs{width: width}
	for _, f := range files {
		p.line(0, "wrote %s", f)
	}
	p.line(0, "")
	for _, f := range d.Firewalls {
		same := "the draft lets the same packets pass on NetBackup's own ports"
		if !f.Equal {
			same = "not all of it is in the draft, see below"
		}
		p.line(0, "Firewall %s (%s, %s): %s.", f.Label, f.Target, f.File, same)
	}
	p.line(0, "%s, %s.", Count(len(d.Hosts), "hosts block", "hosts blocks"), Count(d.Flows, "flow block", "flow blocks"))
	for i := range d.Hosts {
		h := &d.Hosts[i]
		p.line(2, "%s (zone %s): %s", h.Label, h.Zone, few(rangeTexts(h.Addresses)))
		if g := h.Guess; len(g.Roles) > 0 {
			what := "written"
			if !g.Written {
				what = "not written"
			}
			p.line(6, "%s, %d %%, %s: %s", strings.Join(g.Roles, ", "), g.Percent, what, strings.Join(g.Evidence, "; "))
			if g.Against != "" {
				p.line(6, "%s", g.Against)
			}
		}
	}
	if len(d.Left) > 0 {
		p.line(0, "")
		p.line(0, "Left over:")
	}
	for i := range d.Left {
		l := &d.Left[i]
		where := l.Firewall
		if l.Rule != "" || l.Line > 0 {
			where += fmt.Sprintf(", %s", ruleWords(l.Rule, l.Line))
		}
		p.line(2, "%s, %s: %s", l.Kind, where, l.Why)
		for _, b := range l.Boxes {
			p.line(6, "%s", packetsText(b))
		}
		if l.More > 0 {
			p.line(6, "and %d more", l.More)
		}
	}
	_, err := io.WriteString(w, p.b.String())
	return err
}
