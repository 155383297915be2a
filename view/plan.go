package view

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"strings"

	"github.com/nbfwc/nbfwc/compile"
	"github.com/nbfwc/nbfwc/drift"
	"github.com/nbfwc/nbfwc/targets"
)

// PlanResult is what a plan came to. Change is nil if it was refused.
type PlanResult struct {
	Firewall, Target, Against string
	Have                      *targets.Config
	Refused                   []targets.Problem
	Change                    *targets.Change
	Report                    drift.Report
}

// Clean says whether there is nothing to do and nothing to look at.
func (p *PlanResult) Clean() bool {
	return p.Change != nil && len(p.Change.Steps)+len(p.Change.Findings)+len(p.Report.Findings) == 0
}

// PlanDocument answers "plan -json" and is what a saved plan is.
type PlanDocument struct {
	Document
	FirewallPlan
}

// PlansDocument answers "plan -json" for several firewalls.
type PlansDocument struct {
	Document
	Plans  []FirewallPlan      `json:"plans"`
	Failed []UnplannedFirewall `json:"failed"`
}

// UnplannedFirewall is a firewall that there is no plan of.
type UnplannedFirewall struct {
	Unit
	Error string `json:"error"`
}

// FirewallPlan is the plan of one firewall.
type FirewallPlan struct {
	Firewall    string          `json:"firewall"`
	Target      string          `json:"target"`
	Against     string          `json:"against"`
	Lines       int             `json:"lines"`
	Digest      string          `json:"digest"`
	Refused     []ConfigProblem `json:"refused"`
	Starts      []PlanChange    `json:"starts"`
	Stops       []PlanChange    `json:"stops"`
	Unclear     []PlanChange    `json:"unclear"`
	More        int             `json:"more"`
	Effects     int             `json:"effects"`
	Findings    []Finding       `json:"findings"`
	Left        []ConfigProblem `json:"left"`
	Steps       []PlanStep      `json:"steps"`
	Connections []string        `json:"connections"`
	Cut         []string        `json:"cut"`
	Hash        string          `json:"hash"`
}

// PlanStep is commands that belong together.
type PlanStep struct {
	Why      string   `json:"why"`
	Commands []string `json:"commands"`
}

// PlanChange is packets that are treated differently.
type PlanChange struct {
	Packets  Packets    `json:"packets"`
	Before   string     `json:"before"`
	After    string     `json:"after"`
	Rule     string     `json:"rule,omitempty"`
	Line     int        `json:"line,omitempty"`
	Services []string   `json:"services"`
	Flows    []DiffFlow `json:"flows"`
	Depends  []string   `json:"depends"`
	Example  string     `json:"example"`
}

// Plan makes the document of a plan.
func Plan(p PlanResult) PlanDocument { return PlanDocument{document("plan"), firewallPlan(p)} }

// Plans makes the document of several plans.
func Plans(list []PlanResult, failed []UnplannedFirewall) PlansDocument {
	doc := PlansDocument{document("plans"), make([]FirewallPlan, len(list)), append([]UnplannedFirewall{}, failed...)}
	for i := range list {
		doc.Plans[i] = firewallPlan(list[i])
	}
	return doc
}

func firewallPlan(p PlanResult) FirewallPlan {
	doc := FirewallPlan{
		Firewall: p.Firewall, Target: p.Target, Against: p.Against,
		Lines: p.Have.Lines, Digest: p.Have.Digest, Refused: problemsOf(p.Refused),
		Starts: planChanges(p.Report.Starts), Stops: planChanges(p.Report.Stops), Unclear: planChanges(p.Report.Maybe),
		More: p.Report.More, Effects: p.Report.Effects, Findings: findingsOf(p.Report.Findings),
		Left: []ConfigProblem{}, Steps: []PlanStep{}, Connections: []string{}, Cut: []string{},
	}
	if c := p.Change; c != nil {
		doc.Left = problemsOf(c.Findings)
		for _, s := range c.Steps {
			doc.Steps = append(doc.Steps, PlanStep{s.Why, s.Commands})
		}
		doc.Connections = append(doc.Connections, c.Connections...)
		doc.Cut = append(doc.Cut, c.Cut...)
	}
	doc.Hash = doc.hash()
	return doc
}

// Whole says whether a saved plan is as it was saved.
func (d *FirewallPlan) Whole() bool { return d.Hash == d.hash() }

// hash is what the plan does and what it is for: SHA-256 of the firewall, the
// digest of the configuration and the commands.
func (d *FirewallPlan) hash() string {
	h := sha256.New()
	fmt.Fprintf(h, "%q %q %q\n", d.Firewall, d.Target, d.Digest)
	for _, s := range d.Steps {
		fmt.Fprintf(h, "%q\n", s.Commands)
	}
	return hex.EncodeToString(h.Sum(nil))
}

func planChanges(list []drift.PacketChange) []PlanChange {
	out := make([]PlanChange, len(list))
	for i := range list {
		c := &list[i]
		out[i] = PlanChange{
			Packets: packetsOf(c.Box), Before: c.Have.String(), After: c.Want.String(),
			Rule: c.By.Name, Line: c.By.Line, Services: append([]string{}, c.Services...),
			Flows: diffFlows(c.Flows), Depends: append([]string{}, c.Unknowns...), Example: c.Witness.String(),
		}
	}
	return out
}

// shownChanges and shownCommands bound what is printed for people; -json has all.
const (
	shownChanges  = 40
	shownCommands = 2000
)

// WritePlan writes a plan for people: what starts and stops, what else to look
// at, then the commands.
func WritePlan(w io.Writer, r PlanResult, width int) error {
	p := &paragraphs{width: width}
	p.line(0, "Firewall %s (%s) against %s: %s read.", r.Firewall, r.Target, r.Against, Count(r.Have.Lines, "line", "lines"))
	if r.Change == nil {
		p.line(0, "")
		p.line(0, "There is no plan:")
		p.problems(r.Refused)
		_, err := io.WriteString(w, p.b.String())
		return err
	}
	rep := &r.Report
	p.changes("would start working", rep.Starts, "+")
	p.changes("would stop working", rep.Stops, "-")
	p.changes("may change", rep.Maybe, "?")
	if rep.More > 0 {
		p.line(0, "%s more are not shown.", Count(rep.More, "set of packets", "sets of packets"))
	}
	if rep.Effects > 0 {
		p.line(0, "")
		p.line(0, "%s only another timeout, log or profile.", Count(rep.Effects, "set of packets gets", "sets of packets get"))
	}
	if len(rep.Starts)+len(rep.Stops)+len(rep.Maybe)+rep.Effects == 0 {
		p.line(0, "No packet would be treated differently.")
	}
	if n := len(rep.Findings) + len(r.Change.Findings); n > 0 {
		p.line(0, "")
		p.line(0, "%s:", Count(n, "finding", "findings"))
		p.findings(rep.Findings)
		p.problems(r.Change.Findings)
	}
	p.steps(r.Change)
	_, err := io.WriteString(w, p.b.String())
	return err
}

// changes writes what packets change, flows of the policy first.
func (p *paragraphs) changes(what string, list []drift.PacketChange, sign string) {
	if len(list) == 0 {
		return
	}
	p.line(0, "")
	p.line(0, "%s:", capital(what))
	shown := 0
	for _, c := range mergeFlows(list) {
		if shown++; shown > shownChanges {
			continue
		}
		p.line(2, "%s %s", sign, flowText(c.Flow))
		p.line(6, "%s -> %s", few(rangeTexts(c.Src)), few(rangeTexts(c.Dst)))
		if row := c.Flow.Row; row != nil && sign == "-" && row.Breaks != "" {
			p.line(6, "then: %s", row.Breaks)
		}
	}
	for i := range list {
		c := &list[i]
		if len(c.Flows) > 0 {
			continue
		}
		if shown++; shown > shownChanges {
			continue
		}
		p.line(2, "%s %s", sign, packetsText(c.Box))
		text := "not in the policy"
		if len(c.Services) > 0 {
			text += "; could be " + few(c.Services)
		}
		if by := c.By.Name; by != "" || c.By.Line > 0 {
			text += fmt.Sprintf("; by %s", ruleWords(c.By.Name, c.By.Line))
		}
		if c.By.Reason != "" {
			text += fmt.Sprintf(" (%s)", c.By.Reason)
		}
		if len(c.Unknowns) > 0 {
			text += "; depends on " + few(c.Unknowns)
		}
		p.line(6, "%s", text)
	}
	if shown > shownChanges {
		p.line(2, "and %d more", shown-shownChanges)
	}
}

func ruleWords(name string, line int) string {
	switch {
	case name == "":
		return fmt.Sprintf("line %d", line)
	case line == 0:
		return name
	}
	return fmt.Sprintf("%s (line %d)", name, line)
}

// flowText says what a flow is and why it is there.
func flowText(f *compile.Flow) string {
	text := fmt.Sprintf("%s -> %s, %s", EndName(f.From), EndName(f.To), Ports(f.Ports))
	if why := Why(f); why != "" {
		text += " (" + why + ")"
	}
	return text
}

// mergeFlows joins the parts of each flow, and flows that read the same.
func mergeFlows(list []drift.PacketChange) []compile.FlowChange {
	at := map[string]int{}
	var out []compile.FlowChange
	for i := range list {
		for _, c := range list[i].Flows {
			text := flowText(c.Flow)
			k, ok := at[text]
			if !ok {
				at[text] = len(out)
				out = append(out, c)
				continue
			}
			out[k].Src, out[k].Dst = out[k].Src.Union(c.Src), out[k].Dst.Union(c.Dst)
		}
	}
	return out
}

func (p *paragraphs) steps(c *targets.Change) {
	p.line(0, "")
	if len(c.Steps) == 0 {
		p.line(0, "Nothing to do.")
		return
	}
	p.line(0, "%s:", Count(len(c.Steps), "step", "steps"))
	lines, shown := 0, 0
	for i, s := range c.Steps {
		if lines += len(s.Commands); lines > shownCommands && i > 0 {
			break // a step is shown whole or not at all
		}
		shown++
		p.line(2, "%d. %s", i+1, s.Why)
		for _, command := range s.Commands {
			p.b.WriteString(strings.TrimRight("       "+Printable(strings.ReplaceAll(command, "\t", "    ")), " ") + "\n")
		}
	}
	if n := len(c.Steps) - shown; n > 0 {
		p.line(2, "%s more: -o FILE saves them all", Count(n, "step", "steps"))
	}
	if len(c.Connections) > 0 {
		p.line(0, "")
		p.line(0, "Existing connections:")
		for _, text := range c.Connections {
			p.line(2, "%s", text)
		}
	}
	if len(c.Cut) > 0 {
		p.line(0, "To cut those that are no longer permitted:")
		for _, command := range c.Cut {
			p.b.WriteString("       " + Printable(command) + "\n")
		}
	}
}

func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
