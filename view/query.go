package view

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/nbfwc/nbfwc/compile"
)

// QueryDocument answers "query -json".
type QueryDocument struct {
	Document
	Answers []QueryAnswer `json:"answers"`
}

// QueryAnswer is what becomes of a tuple.
type QueryAnswer struct {
	Source      string   `json:"source"`
	Destination string   `json:"destination"`
	Protocol    string   `json:"protocol"`
	Port        int      `json:"port"`
	Verdict     string   `json:"verdict"`
	Local       string   `json:"local,omitempty"`  // why no firewall sees it
	Paths       [][]Hop  `json:"paths,omitempty"`  // each firewall comes to the verdict
	Flows       []string `json:"flows,omitempty"`  // names of the flows that permit it
	Reason      string   `json:"reason,omitempty"` // "management": what permits it beside flows
}

// Query makes the document of answers.
func Query(g *compile.Graph, tuples []compile.Tuple, answers []compile.Answer) QueryDocument {
	doc := QueryDocument{document("query"), make([]QueryAnswer, len(tuples))}
	for i, t := range tuples {
		doc.Answers[i] = answerOf(g, t, answers[i])
	}
	return doc
}

func answerOf(g *compile.Graph, t compile.Tuple, a compile.Answer) QueryAnswer {
	v := QueryAnswer{
		Source: t.Src.String(), Destination: t.Dst.String(), Protocol: ProtocolName(t.Proto), Port: int(t.Port),
		Verdict: VerdictName(a.Verdict),
	}
	if a.Verdict == compile.Unfiltered {
		v.Local = localWords(a.Local)
	}
	for _, path := range a.Paths {
		v.Paths = append(v.Paths, hopsOf(path))
	}
	v.Reason = reasonBesideFlows(a.Management)
	for _, id := range a.Flows {
		v.Flows = append(v.Flows, FlowName(&g.Flows[id]))
	}
	return v
}

// WriteQuery writes what JSON writes of the document that Query makes. It holds
// one answer at a time, since a file of tuples has millions.
func WriteQuery(w io.Writer, g *compile.Graph, tuples []compile.Tuple, answers []compile.Answer) error {
	if len(tuples) == 0 {
		return JSON(w, Query(g, nil, nil))
	}
	out := bufio.NewWriterSize(w, 1<<16)
	head := document("query")
	fmt.Fprintf(out, "{\n  \"schema\": %q,\n  \"kind\": %q,\n  \"answers\": [", head.Schema, head.Kind)
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	enc.SetIndent("    ", "  ")
	for i, t := range tuples {
		text.Reset()
		if err := enc.Encode(answerOf(g, t, answers[i])); err != nil {
			return err
		}
		if i > 0 {
			out.WriteByte(',')
		}
		out.WriteString("\n    ")
		if _, err := out.Write(escapeInvisible(bytes.TrimSuffix(text.Bytes(), []byte("\n")))); err != nil {
			return err
		}
	}
	out.WriteString("\n  ]\n}\n")
	return out.Flush()
}

// VerdictName is a verdict in a word.
func VerdictName(v compile.Verdict) string {
	switch v {
	case compile.NoPath:
		return "no-path"
	case compile.Unfiltered:
		return "unfiltered"
	case compile.Permitted:
		return "permitted"
	case compile.Denied:
		return "denied"
	case compile.Rejected:
		return "rejected"
	}
	return "unknown"
}

// WriteAnswer writes what becomes of one tuple for people.
func WriteAnswer(w io.Writer, g *compile.Graph, t compile.Tuple, a compile.Answer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s -> %s %s %d: %s\n", t.Src, t.Dst, ProtocolName(t.Proto), t.Port, VerdictName(a.Verdict))
	switch a.Verdict {
	case compile.NoPath:
		for _, line := range wrap(noPathWords, 78) {
			b.WriteString("  " + line + "\n")
		}
	case compile.Unfiltered:
		fmt.Fprintf(&b, "  No firewall of the policy sees it: %s.\n", localWords(a.Local))
	}
	for _, path := range a.Paths {
		for _, h := range path {
			fmt.Fprintf(&b, "  firewall %s, %s: %s\n", Printable(h.Firewall.Name), hopWords(hopsOf([]compile.Hop{h})[0]), VerdictName(a.Verdict))
		}
	}
	if a.Management {
		b.WriteString("  " + managementWords + "\n")
	}
	for _, id := range a.Flows {
		f := &g.Flows[id]
		fmt.Fprintf(&b, "  %s\n", Printable(fmt.Sprintf("flow %s: %s -> %s (%s)", FlowName(f), EndName(f.From), EndName(f.To), Why(f))))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// managementWords say why SSH to a firewall is open though no flow has it.
const managementWords = "management: SSH from its sources to a firewall that filters itself stays open"

// reasonBesideFlows is the word for what permits a packet beside flows.
func reasonBesideFlows(management bool) string {
	if management {
		return "management"
	}
	return ""
}

// noPathWords say what makes a way where there is none.
const noPathWords = "The policy has no way between the two. Interfaces of firewalls that name their zones make one, a transit zone joins firewalls, default = true on an interface leads to what is in no zone; of several ways, a path block chooses."

// hopWords says how a packet crosses a firewall.
func hopWords(h Hop) string {
	switch {
	case h.Out == "":
		return "in by " + Printable(h.In) + " to the firewall itself"
	case h.In == "":
		return "from the firewall itself out by " + Printable(h.Out)
	}
	return "in by " + Printable(h.In) + ", out by " + Printable(h.Out)
}
