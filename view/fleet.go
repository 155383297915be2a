package view

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"github.com/nbfwc/nbfwc/drift"
	"github.com/nbfwc/nbfwc/targets"
)

// Unit is a device that was talked to, for one firewall of the policy.
type Unit struct {
	Firewall string `json:"firewall"`
	Target   string `json:"target"`
	Device   string `json:"device"`
	Address  string `json:"address,omitempty"`
	Hostname string `json:"hostname,omitempty"`
	Model    string `json:"model,omitempty"`
	Version  string `json:"version,omitempty"`
	Serial   string `json:"serial,omitempty"`
}

// Words name the device that was talked to.
func (u Unit) Words() string {
	text := u.Device
	if u.Hostname != "" && u.Hostname != u.Device {
		text += ", which calls itself " + u.Hostname
	}
	var more []string
	for _, s := range []string{u.Address, u.Model, u.Version} {
		if s != "" {
			more = append(more, s)
		}
	}
	if u.Serial != "" {
		more = append(more, "serial "+u.Serial)
	}
	if len(more) > 0 {
		text += " (" + strings.Join(more, ", ") + ")"
	}
	return text
}

// FetchDocument answers "fetch -json".
type FetchDocument struct {
	Document
	Firewalls []FetchedFirewall `json:"firewalls"`
}

// FetchedFirewall is what was read for one firewall, or why it could not be.
type FetchedFirewall struct {
	Unit
	File    string   `json:"file,omitempty"`
	Lines   int      `json:"lines"`
	Bytes   int      `json:"bytes"`
	SHA256  string   `json:"sha256,omitempty"`
	Digest  string   `json:"digest,omitempty"`
	Pending []string `json:"pending"`
	Apart   string   `json:"apart,omitempty"`
	Error   string   `json:"error,omitempty"`
}

// Fetch makes the document of what was read.
func Fetch(list []FetchedFirewall) FetchDocument {
	return FetchDocument{document("fetch"), append([]FetchedFirewall{}, list...)}
}

// WriteFetch writes it for people. Those that could not be read are not in it.
func WriteFetch(w io.Writer, list []FetchedFirewall, width int) error {
	p := &paragraphs{width: width}
	read := 0
	for _, f := range list {
		if f.Error != "" {
			continue
		}
		read++
		p.line(0, "wrote %s: %s of %s", f.File, Count(f.Lines, "line", "lines"), f.Words())
		p.aside(f.Pending, f.Apart)
	}
	if len(list) > 1 {
		p.line(0, "%d of %s read.", read, Count(len(list), "firewall", "firewalls"))
	}
	_, err := io.WriteString(w, p.b.String())
	return err
}

// aside writes what else was seen on a device.
func (p *paragraphs) aside(pending []string, apart string) {
	for _, text := range pending {
		p.line(2, "not saved or committed there: %s", text)
	}
	if apart != "" {
		p.line(2, "the units of the pair differ: %s", apart)
	}
}

// AuditedFirewall is what an audit of one firewall came to.
type AuditedFirewall struct {
	Unit
	Lines    int
	Digest   string
	Findings []drift.Finding
	// Left are lines of others that the plan leaves alone and somebody should
	// look at.
	Left []targets.Problem
	// Refused says why there is no plan that would bring the firewall in line.
	Refused []targets.Problem
	// Commands and Rules are the size of that plan.
	Commands, Rules int
	Pending         []string
	Apart           string
	Err             error
}

// Clean says whether there is nothing to do and nothing to look at.
func (a *AuditedFirewall) Clean() bool {
	return a.Err == nil && len(a.Findings)+len(a.Left)+len(a.Refused)+len(a.Pending)+a.Commands == 0 && a.Apart == ""
}

// AuditDocument answers "audit -json".
type AuditDocument struct {
	Document
	Clean     int             `json:"clean"`
	Unread    int             `json:"unread"`
	Firewalls []AuditFirewall `json:"firewalls"`
}

// AuditFirewall is the audit of one firewall.
type AuditFirewall struct {
	Unit
	Lines    int             `json:"lines"`
	Digest   string          `json:"digest,omitempty"`
	Findings []Finding       `json:"findings"`
	Left     []ConfigProblem `json:"left"`
	Refused  []ConfigProblem `json:"refused"`
	Commands int             `json:"commands"`
	Rules    int             `json:"rules"`
	Pending  []string        `json:"pending"`
	Apart    string          `json:"apart,omitempty"`
	Error    string          `json:"error,omitempty"`
}

// Audit makes the document of an audit.
func Audit(list []AuditedFirewall) AuditDocument {
	doc := AuditDocument{Document: document("audit"), Firewalls: []AuditFirewall{}}
	for i := range list {
		a := &list[i]
		v := AuditFirewall{
			Unit: a.Unit, Lines: a.Lines, Digest: a.Digest, Findings: findingsOf(a.Findings), Left: problemsOf(a.Left), Refused: problemsOf(a.Refused),
			Commands: a.Commands, Rules: a.Rules, Pending: append([]string{}, a.Pending...), Apart: a.Apart,
		}
		if a.Err != nil {
			v.Error = a.Err.Error()
			doc.Unread++
		}
		if a.Clean() {
			doc.Clean++
		}
		doc.Firewalls = append(doc.Firewalls, v)
	}
	return doc
}

// WriteAudit writes an audit for people: first the firewalls that are in line,
// then the others, then the count. Those that could not be read are only
// counted.
func WriteAudit(w io.Writer, list []AuditedFirewall, width int) error {
	p := &paragraphs{width: width}
	clean, unread := 0, 0
	for i := range list {
		if a := &list[i]; a.Clean() {
			clean++
			p.line(0, "%s: in line with the policy; %s of %s", a.Firewall, Count(a.Lines, "line", "lines"), a.Words())
		}
	}
	for i := range list {
		a := &list[i]
		switch {
		case a.Err != nil:
			unread++
			continue
		case a.Clean():
			continue
		}
		n := len(a.Findings) + len(a.Left)
		p.line(0, "%s: %s; %s of %s", a.Firewall, Count(n, "finding", "findings"), Count(a.Lines, "line", "lines"), a.Words())
		p.findings(a.Findings)
		p.problems(a.Left)
		if a.Commands > 0 {
			p.line(2, "%s would bring it in line: \"nbfwc plan -firewall %s\" shows them.", Count(a.Commands, "command", "commands"), a.Firewall)
		}
		if len(a.Refused) > 0 {
			p.line(2, "There is no plan that would bring it in line:")
			p.problems(a.Refused)
		}
		p.aside(a.Pending, a.Apart)
	}
	p.line(0, "%s: %d in line, %d with findings or pending changes, %d not read.", Count(len(list), "firewall", "firewalls"), clean, len(list)-clean-unread, unread)
	_, err := io.WriteString(w, p.b.String())
	return err
}

// Device is a device of the policy.
type Device struct {
	Name      string   `json:"name"`
	Addresses []string `json:"addresses"`
	Username  string   `json:"username,omitempty"`
	Hostname  string   `json:"hostname,omitempty"`
	Jump      string   `json:"jump,omitempty"`
	Firewalls []string `json:"firewalls"`
}

// DevicesDocument answers "device list -json".
type DevicesDocument struct {
	Document
	Devices []Device `json:"devices"`
}

// Devices makes the document of a policy's devices.
func Devices(list []Device) DevicesDocument {
	return DevicesDocument{document("devices"), append([]Device{}, list...)}
}

// WriteDevices writes them for people.
func WriteDevices(w io.Writer, list []Device, width int) error {
	if len(list) == 0 {
		_, err := fmt.Fprintln(w, "The policy has no device.")
		return err
	}
	t := Table{Heading: []string{"DEVICE", "ADDRESS", "USERNAME", "THROUGH", "FIREWALLS"}}
	for _, d := range list {
		t.Add(d.Name, strings.Join(d.Addresses, " "), d.Username, cmp.Or(d.Jump, "-"), cmp.Or(strings.Join(d.Firewalls, " "), "-"))
	}
	return t.Text(w, width)
}

// HostKey is a key that a device offers, and what became of it: known, added or
// refused.
type HostKey struct {
	Device      string `json:"device"`
	Address     string `json:"address"`
	Type        string `json:"type"`
	Fingerprint string `json:"fingerprint"`
	State       string `json:"state"`
}

// TrustDocument answers "device trust -json".
type TrustDocument struct {
	Document
	File string    `json:"file"`
	Keys []HostKey `json:"keys"`
}

// Trust makes the document of host keys.
func Trust(file string, keys []HostKey) TrustDocument {
	return TrustDocument{document("trust"), file, append([]HostKey{}, keys...)}
}
