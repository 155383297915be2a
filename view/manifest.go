package view

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/nbfwc/nbfwc/compile"
	"github.com/nbfwc/nbfwc/lang"
	"github.com/nbfwc/nbfwc/ruleset"
)

// ManifestName is the file that completes a directory of compiled output.
const ManifestName = "nbfwc.manifest.json"

// ManifestHead is what identifies a compilation: the same digest and flags
// give the same outputs.
type ManifestHead struct {
	Document
	// Complete is false while the directory is being written.
	Complete bool             `json:"complete"`
	Program  string           `json:"program"`
	Digest   string           `json:"digest"` // of inputs, program and flags
	Flags    []string         `json:"flags"`
	ValidTo  string           `json:"valid_to,omitempty"` // the first date on which a flow is expired
	Inputs   []ManifestInput  `json:"inputs"`
	Outputs  []ManifestOutput `json:"outputs"`
}

// ManifestInput is a file that was read.
type ManifestInput struct {
	Name   string `json:"name"`
	SHA256 string `json:"sha256"`
}

// ManifestOutput is a file that was written, for one firewall.
type ManifestOutput struct {
	File     string `json:"file"`
	Firewall string `json:"firewall"`
	Target   string `json:"target"`
	SHA256   string `json:"sha256"`
	Bytes    int    `json:"bytes"`
}

// ManifestDocument is a whole manifest as other programs read it. WriteManifest
// writes one without making it.
type ManifestDocument struct {
	ManifestHead
	Groups []ManifestGroup `json:"groups,omitempty"`
	Rows   []Reason        `json:"rows,omitempty"`
	Flows  []ManifestFlow  `json:"flows,omitempty"`
}

// ManifestGroup is hosts of a block that agree in everything but address.
type ManifestGroup struct {
	Hosts    string        `json:"hosts"` // the hosts block, domain first
	Roles    []string      `json:"roles"`
	Version  string        `json:"version"` // "" if unknown
	Features []string      `json:"features"`
	Names    []string      `json:"names"` // empty if no host has a name
	Legs     []ManifestLeg `json:"legs"`
}

// ManifestLeg is the addresses of a group in a zone.
type ManifestLeg struct {
	Zone      string   `json:"zone"`
	Addresses []string `json:"addresses"`
}

// ManifestFlow is a flow with references into the other lists.
type ManifestFlow struct {
	Name      string      `json:"name"`
	Row       *int        `json:"row,omitempty"` // index in rows
	Reason    *Reason     `json:"reason,omitempty"`
	From      ManifestEnd `json:"from"`
	To        ManifestEnd `json:"to"`
	Ports     string      `json:"ports"`
	Local     string      `json:"local,omitempty"`
	Firewalls []string    `json:"firewalls"`
}

// ManifestEnd is a side of a flow: a zone, or a leg of a group, by number.
type ManifestEnd struct {
	Zone       string
	Group, Leg int
}

// UnmarshalJSON reads [group, leg], or the name of a zone.
func (e *ManifestEnd) UnmarshalJSON(text []byte) error {
	*e = ManifestEnd{}
	if bytes.HasPrefix(text, []byte{'"'}) {
		return json.Unmarshal(text, &e.Zone)
	}
	var at []int
	if err := json.Unmarshal(text, &at); err != nil {
		return err
	}
	if len(at) != 2 {
		return fmt.Errorf("%s is not [group, leg]", text)
	}
	e.Group, e.Leg = at[0], at[1]
	return nil
}

// Manifest makes the head of a manifest.
func Manifest(complete bool, program, digest string, flags []string, validTo string, inputs []lang.Input, outputs []ManifestOutput) ManifestHead {
	h := ManifestHead{
		Document: document("manifest"), Complete: complete, Program: program, Digest: digest,
		Flags: append([]string{}, flags...), ValidTo: validTo,
		Inputs: make([]ManifestInput, len(inputs)), Outputs: append([]ManifestOutput{}, outputs...),
	}
	for i, in := range inputs {
		h.Inputs[i] = ManifestInput{Name: in.Name, SHA256: hex.EncodeToString(in.SHA256[:])}
	}
	return h
}

// maxManifestHead bounds what ReadManifestHead takes in.
const maxManifestHead = 64 << 20

// ReadManifestHead reads the head of a manifest and none of its flows.
func ReadManifestHead(r io.Reader) (ManifestHead, error) {
	var h ManifestHead
	dec := json.NewDecoder(io.LimitReader(r, maxManifestHead))
	if tok, err := dec.Token(); err != nil || tok != json.Delim('{') {
		return h, errors.New("not a manifest")
	}
	fields := map[string]any{
		"schema": &h.Schema, "kind": &h.Kind, "complete": &h.Complete, "program": &h.Program, "digest": &h.Digest,
		"flags": &h.Flags, "valid_to": &h.ValidTo, "inputs": &h.Inputs, "outputs": &h.Outputs,
	}
	for dec.More() {
		tok, err := dec.Token()
		if err != nil {
			return h, err
		}
		name, _ := tok.(string)
		field, known := fields[name]
		if !known {
			break // the body, which follows the head
		}
		if err := dec.Decode(field); err != nil {
			return h, fmt.Errorf("manifest, %s: %w", name, err)
		}
	}
	if h.Schema != SchemaVersion || h.Kind != "manifest" {
		return h, fmt.Errorf("manifest of schema %q, kind %q", h.Schema, h.Kind)
	}
	return h, nil
}

// WriteManifest writes a manifest: its head, then groups, rows and flows of g,
// which refer to each other by number. It appends by hand because a manifest
// has a line for each host.
func WriteManifest(w io.Writer, head ManifestHead, g *compile.Graph) error {
	start, err := json.MarshalIndent(head, "", " ")
	if err != nil {
		return err
	}
	m := manifestWriter{w: w, groups: map[*lang.Group]int{}, rows: map[*lang.Row]int{}}
	m.buf = append(m.buf, strings.TrimSuffix(string(start), "\n}")...)
	if g != nil {
		m.writeGroups(g)
		m.writeRows(g)
		m.writeFlows(g)
	}
	m.buf = append(m.buf, "\n}\n"...)
	m.flush(0)
	return m.err
}

type manifestWriter struct {
	w      io.Writer
	buf    []byte
	err    error
	groups map[*lang.Group]int
	rows   map[*lang.Row]int
	// The ports of the last flow: those of a row share one list.
	ports     []compile.Port
	portsText string
}

// flush writes the buffer out once it holds more than keep bytes.
func (m *manifestWriter) flush(keep int) {
	if len(m.buf) <= keep {
		return
	}
	if m.err == nil {
		_, m.err = m.w.Write(m.buf)
	}
	m.buf = m.buf[:0]
}

// item begins an item of a list on a line of its own.
func (m *manifestWriter) item(i int) {
	if i > 0 {
		m.buf = append(m.buf, ',')
	}
	m.buf = append(m.buf, "\n  "...)
	m.flush(1 << 16)
}

func (m *manifestWriter) writeGroups(g *compile.Graph) {
	m.buf = append(m.buf, ",\n \"groups\": ["...)
	n := 0
	for _, d := range g.Policy.Domains {
		for _, group := range d.Groups {
			m.item(n)
			m.groups[group] = n
			n++
			m.buf = appendGroup(m.buf, group)
		}
	}
	m.buf = append(m.buf, "\n ]"...)
}

func appendGroup(b []byte, g *lang.Group) []byte {
	b = append(b, `{"hosts": `...)
	b = appendString(b, g.Domain.Name+"."+g.Block)
	b = append(b, `, "roles": [`...)
	for i, r := range g.Roles {
		b = appendComma(b, i)
		b = appendString(b, r.Name)
	}
	b = append(b, `], "version": `...)
	b = appendString(b, versionText(g.Facts.Version))
	b = append(b, `, "features": [`...)
	for i, f := range g.Facts.Features {
		b = appendComma(b, i)
		b = appendString(b, f.Name)
	}
	b = append(b, `], "names": [`...)
	if slices.ContainsFunc(g.Names, func(name string) bool { return name != "" }) {
		for i, name := range g.Names {
			b = appendComma(b, i)
			b = appendString(b, name)
		}
	}
	b = append(b, `], "legs": [`...)
	for i, leg := range g.Legs {
		b = appendComma(b, i)
		b = append(b, `{"zone": `...)
		b = appendString(b, leg.Zone.Name)
		b = append(b, `, "addresses": [`...)
		for k, a := range leg.Addrs {
			b = appendComma(b, k)
			b = append(b, '"')
			b = ruleset.Range{From: a.From, To: a.To}.AppendTo(b)
			b = append(b, '"')
		}
		b = append(b, "]}"...)
	}
	return append(b, "]}"...)
}

func versionText(v lang.Version) string {
	if v.IsZero() {
		return ""
	}
	return v.String()
}

func (m *manifestWriter) writeRows(g *compile.Graph) {
	m.buf = append(m.buf, ",\n \"rows\": ["...)
	n := 0
	for i := range g.Flows {
		row := g.Flows[i].Row
		if _, seen := m.rows[row]; row == nil || seen {
			continue
		}
		m.item(n)
		m.rows[row] = n
		n++
		m.buf = m.appendReason(m.buf, &g.Flows[i])
	}
	m.buf = append(m.buf, "\n ]"...)
}

// appendReason appends the reason of a flow on one line.
func (m *manifestWriter) appendReason(b []byte, f *compile.Flow) []byte {
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(reasonOf(f)); err != nil && m.err == nil {
		m.err = err
	}
	return append(b, escapeInvisible(bytes.TrimSuffix(text.Bytes(), []byte("\n")))...)
}

func (m *manifestWriter) writeFlows(g *compile.Graph) {
	m.buf = append(m.buf, ",\n \"flows\": ["...)
	for i := range g.Flows {
		m.item(i)
		m.appendFlow(&g.Flows[i])
	}
	m.buf = append(m.buf, "\n ]"...)
}

func (m *manifestWriter) appendFlow(f *compile.Flow) {
	b := append(m.buf, `{"name": `...)
	b = appendString(b, FlowName(f))
	if f.Row != nil {
		b = append(b, `, "row": `...)
		b = strconv.AppendInt(b, int64(m.rows[f.Row]), 10)
	} else {
		b = m.appendReason(append(b, `, "reason": `...), f)
	}
	b = m.appendEnd(append(b, `, "from": `...), f.From)
	b = m.appendEnd(append(b, `, "to": `...), f.To)
	b = append(b, `, "ports": `...)
	b = appendString(b, m.portsOf(f))
	if f.Local != compile.NotLocal {
		b = append(b, `, "local": `...)
		b = appendString(b, localWords(f.Local))
	}
	b = append(b, `, "firewalls": [`...)
	n := 0
	for _, path := range f.Paths {
		for _, hop := range path {
			b = appendComma(b, n)
			b = appendString(b, hop.Firewall.Name)
			n++
		}
	}
	m.buf = append(b, "]}"...)
}

// portsOf is Ports, which flows next to each other mostly have in common.
func (m *manifestWriter) portsOf(f *compile.Flow) string {
	if len(f.Ports) == 0 || len(f.Ports) != len(m.ports) || &f.Ports[0] != &m.ports[0] {
		m.ports, m.portsText = f.Ports, Ports(f.Ports)
	}
	return m.portsText
}

// appendEnd appends [group, leg], or the name of a zone.
func (m *manifestWriter) appendEnd(b []byte, e compile.End) []byte {
	if e.Zone != nil {
		return appendString(b, e.Zone.Name)
	}
	b = strconv.AppendInt(append(b, '['), int64(m.groups[e.Group]), 10)
	b = strconv.AppendInt(append(b, ", "...), int64(e.Leg), 10)
	return append(b, ']')
}

func appendComma(b []byte, i int) []byte {
	if i > 0 {
		return append(b, ", "...)
	}
	return b
}

// appendString appends s as a JSON string.
func appendString(b []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < ' ' || c >= 0x7f || c == '"' || c == '\\' {
			return appendUnusual(b, s)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}

// appendUnusual appends a string with other characters than the most usual
// ones as a JSON string.
func appendUnusual(b []byte, s string) []byte {
	start := len(b)
	b = append(b, '"')
	for i := 0; i < len(s); {
		switch c := s[i]; {
		case c >= ' ' && c < 0x7f && c != '"' && c != '\\' && c != '<' && c != '>' && c != '&':
			b = append(b, c)
			i++
		case c == '"': // hosts["name"], of for_each
			b = append(b, '\\', '"')
			i++
		default:
			text, err := json.Marshal(s)
			if err != nil {
				panic(err) // a string can always be marshalled
			}
			return append(b[:start], escapeInvisible(text)...)
		}
	}
	return append(b, '"')
}
