package lang

import (
	"cmp"
	"io"
	"slices"
	"sort"

	"github.com/hashicorp/hcl/v2"
)

// Sources are the texts that a policy was made from, kept so that diagnostics
// of any phase can show the line they are about.
type Sources struct {
	files map[string]*hcl.File
}

// Files are the texts by name, as WriteDiagnostic wants them.
func (s *Sources) Files() map[string]*hcl.File { return s.files }

// Write prints diagnostics with the source lines they are about. A width of 0
// doesn't wrap lines.
func (s *Sources) Write(w io.Writer, diags hcl.Diagnostics, width uint, color bool) error {
	for _, d := range diags {
		var file *hcl.File
		if d.Subject != nil {
			file = s.files[d.Subject.Filename]
		}
		if err := WriteDiagnostic(w, d, file, width, color); err != nil {
			return err
		}
	}
	return nil
}

// add keeps the text of a file.
func (s *Sources) add(name string, src []byte, blocks []blockSpan) {
	s.files[name] = &hcl.File{Bytes: src, Nav: navigator(blocks)}
}

// Diagnostic is a diagnostic of another phase, at a place in the policy.
func Diagnostic(severity hcl.DiagnosticSeverity, summary, detail string, o Origin) *hcl.Diagnostic {
	d := &hcl.Diagnostic{Severity: severity, Summary: summary, Detail: detail}
	if o != (Origin{}) {
		d.Subject = o.hclRange().Ptr()
	}
	return d
}

// originOf is a range of the HCL parser as an Origin.
func originOf(r hcl.Range) Origin {
	return Origin{
		File: r.Filename,
		Line: r.Start.Line, Column: r.Start.Column, Byte: r.Start.Byte,
		EndLine: r.End.Line, EndColumn: r.End.Column, EndB: r.End.Byte,
	}
}

// hclRange is the inverse of originOf.
func (o Origin) hclRange() hcl.Range {
	return hcl.Range{
		Filename: o.File,
		Start:    hcl.Pos{Line: o.Line, Column: o.Column, Byte: o.Byte},
		End:      hcl.Pos{Line: o.EndLine, Column: o.EndColumn, Byte: o.EndB},
	}
}

// blockSpan is where a top-level block stands.
type blockSpan struct {
	from, to int
	title    string
}

// navigator tells the diagnostic writer in which block a place is, without
// keeping the parsed file in memory.
type navigator []blockSpan

// ContextString is the block that offset is in, such as: zone "core".
func (n navigator) ContextString(offset int) string {
	i := sort.Search(len(n), func(i int) bool { return n[i].to > offset })
	if i < len(n) && n[i].from <= offset {
		return n[i].title
	}
	return ""
}

// collector gathers diagnostics of one load: it leaves out repetitions, caps
// those of one kind, and sorts by place.
type collector struct {
	diags hcl.Diagnostics
	count map[string]int
	most  int // of one summary
	seen  map[diagKey]bool
}

type diagKey struct {
	summary, detail, file string
	byte                  int
}

func newCollector(most int) *collector {
	return &collector{count: map[string]int{}, seen: map[diagKey]bool{}, most: most}
}

// add takes a diagnostic unless it is the repetition of one.
func (c *collector) add(d *hcl.Diagnostic) {
	k := diagKey{summary: d.Summary, detail: d.Detail}
	if d.Subject != nil {
		k.file, k.byte = d.Subject.Filename, d.Subject.Start.Byte
		if k.byte == 0 {
			k.byte = -d.Subject.Start.Line
		}
	}
	if d.Severity == hcl.DiagError {
		c.count[""]++
	}
	c.count[d.Summary]++
	if c.count[d.Summary] > c.most || c.seen[k] {
		return
	}
	c.seen[k] = true
	c.diags = append(c.diags, d)
}

func (c *collector) addAll(diags hcl.Diagnostics) {
	for _, d := range diags {
		c.add(d)
	}
}

// failed reports whether there was an error.
func (c *collector) failed() bool { return c.count[""] > 0 }

// sorted returns the diagnostics by file and place.
func (c *collector) sorted() hcl.Diagnostics {
	place := func(d *hcl.Diagnostic) (string, int, int) {
		if d.Subject == nil {
			return "", 0, 0
		}
		return d.Subject.Filename, d.Subject.Start.Line, d.Subject.Start.Column
	}
	slices.SortStableFunc(c.diags, func(a, b *hcl.Diagnostic) int {
		af, al, ac := place(a)
		bf, bl, bc := place(b)
		return cmp.Or(cmp.Compare(af, bf), cmp.Compare(al, bl), cmp.Compare(ac, bc))
	})
	out := c.diags
	for _, summary := range sortedKeys(c.count) {
		if n := c.count[summary]; summary != "" && n > c.most {
			out = append(out, moreOfTheSame(summary, n-c.most))
		}
	}
	return out
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
