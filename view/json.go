package view

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// SchemaVersion is the version of everything that -json prints. It changes
// when a field is removed or changes its meaning, not when one is added.
const SchemaVersion = "nbfwc/1"

// Document is the head of every JSON document.
type Document struct {
	Schema string `json:"schema"`
	Kind   string `json:"kind"`
}

func document(kind string) Document { return Document{Schema: SchemaVersion, Kind: kind} }

// JSON writes v, indented, with a newline at the end.
func JSON(w io.Writer, v any) error {
	enc := json.NewEncoder(visible{w})
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// visible writes JSON with escapes for characters that aren't shown but could
// steer a terminal or turn the direction of writing, which JSON allows as they
// are. Each Write has whole values.
type visible struct{ w io.Writer }

func (v visible) Write(p []byte) (int, error) {
	_, err := v.w.Write(escapeInvisible(p))
	return len(p), err
}

// escapeInvisible is a JSON text with such escapes.
func escapeInvisible(text []byte) []byte {
	hidden := func(r rune) bool { return r >= 0x7f && !unicode.IsGraphic(r) }
	if !bytes.ContainsFunc(text, hidden) {
		return text
	}
	var out []byte
	for len(text) > 0 {
		r, n := utf8.DecodeRune(text)
		switch {
		case !hidden(r):
			out = append(out, text[:n]...)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			out = fmt.Appendf(out, `\u%04x\u%04x`, high, low)
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
		text = text[n:]
	}
	return out
}

// Place is a place in a policy.
type Place struct {
	File   string `json:"file"`
	Line   int    `json:"line"`
	Column int    `json:"column"`
}

// Diagnostic is a message about a policy.
type Diagnostic struct {
	Severity string `json:"severity"` // error, warning or notice
	Summary  string `json:"summary"`
	Detail   string `json:"detail,omitempty"`
	Place    *Place `json:"place,omitempty"`
}

// ValidateDocument answers "validate -json", and any verb that failed because
// of the policy.
type ValidateDocument struct {
	Document
	Policy      string       `json:"policy"` // as the command line names it
	Valid       bool         `json:"valid"`
	Diagnostics []Diagnostic `json:"diagnostics"`
}

// Validate makes the document of diagnostics.
func Validate(policy string, valid bool, diags []Diagnostic) ValidateDocument {
	if diags == nil {
		diags = []Diagnostic{}
	}
	return ValidateDocument{document("validate"), policy, valid, diags}
}

// End is one side of a flow.
type End struct {
	Hosts     string   `json:"hosts,omitempty"` // the hosts block, domain first
	Zone      string   `json:"zone"`
	Roles     []string `json:"roles,omitempty"`
	Version   string   `json:"version,omitempty"`
	Features  []string `json:"features,omitempty"`
	Count     int      `json:"count"`
	Names     []string `json:"names,omitempty"`
	Addresses []string `json:"addresses"`
}

// Port is a protocol with ports.
type Port struct {
	Protocol string `json:"protocol"`
	From     int    `json:"from"`
	To       int    `json:"to"`
	Code     *int   `json:"code,omitempty"` // ICMP: from and to are the type
}

// Reason says why a flow is needed.
type Reason struct {
	Row       string   `json:"row,omitempty"`
	Cite      []string `json:"cite,omitempty"`
	Source    string   `json:"source,omitempty"`
	Condition string   `json:"condition,omitempty"`
	Breaks    string   `json:"breaks,omitempty"`
	Inferred  string   `json:"inferred,omitempty"`
	Text      string   `json:"text,omitempty"`
	Ticket    string   `json:"ticket,omitempty"`
	Expires   string   `json:"expires,omitempty"`
}

// Hop is a firewall on the way of a flow. An empty interface is the firewall
// itself.
type Hop struct {
	Firewall string `json:"firewall"`
	In       string `json:"in"`
	Out      string `json:"out"`
}

// Flow is one flow of the graph.
type Flow struct {
	ID      int     `json:"id"`
	Domain  string  `json:"domain,omitempty"`
	Link    string  `json:"link,omitempty"`
	Name    string  `json:"name"` // of the row, or of the policy's own flow
	Service string  `json:"service"`
	From    End     `json:"from"`
	To      End     `json:"to"`
	Ports   []Port  `json:"ports"`
	Idle    int     `json:"idle_seconds"`
	Local   string  `json:"local,omitempty"` // why no firewall sees it
	Paths   [][]Hop `json:"paths,omitempty"`
	Reason  Reason  `json:"reason"`
}

// FlowsDocument answers "flows -json".
type FlowsDocument struct {
	Document
	Flows []Flow `json:"flows"`
	// Transport is what passes beside the flows because they need it.
	Transport []string `json:"transport"`
}

// VersionDocument answers "version -json".
type VersionDocument struct {
	Document
	Version string `json:"version"`
	Go      string `json:"go"`
}

// Version makes the document of a version.
func Version(version, goVersion string) VersionDocument {
	return VersionDocument{document("version"), version, goVersion}
}

// InitDocument answers "init -json".
type InitDocument struct {
	Document
	Files []string `json:"files"` // that were written
}

// Init makes the document of a starter.
func Init(files []string) InitDocument { return InitDocument{document("init"), files} }

// FmtDocument answers "fmt -json".
type FmtDocument struct {
	Document
	Files []FmtFile `json:"files"`
}

// FmtFile is a file that was looked at.
type FmtFile struct {
	File      string `json:"file"`
	Formatted bool   `json:"formatted"` // it was, before
	Written   bool   `json:"written"`
}

// Fmt makes the document of formatted files.
func Fmt(files []FmtFile) FmtDocument { return FmtDocument{document("fmt"), files} }

// ResolveDocument answers "resolve -json".
type ResolveDocument struct {
	Document
	File     string   `json:"file"`
	Names    []string `json:"names"` // that the policy uses
	UpToDate bool     `json:"up_to_date"`
	Written  bool     `json:"written"`
}

// Resolve makes the document of a lock file.
func Resolve(file string, names []string, upToDate, written bool) ResolveDocument {
	return ResolveDocument{document("resolve"), file, append([]string{}, names...), upToDate, written}
}

// CompiledDocument answers "compile -json": the head of the manifest, which
// the directory holds.
type CompiledDocument struct {
	Document
	Directory string           `json:"directory"`
	Unchanged bool             `json:"unchanged"`
	Digest    string           `json:"digest"`
	Outputs   []ManifestOutput `json:"outputs"`
}

// Compiled makes the document of a directory of compiled output.
func Compiled(head ManifestHead, dir string, unchanged bool) CompiledDocument {
	return CompiledDocument{document("compile"), dir, unchanged, head.Digest, head.Outputs}
}

// SortedKeys are the keys of a map in order.
func SortedKeys[V any](m map[string]V) []string {
	return slices.Sorted(maps.Keys(m))
}
