package lang

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/apparentlymart/go-textseg/v15/textseg"
	"github.com/hashicorp/hcl/v2"
)

// Limits bound what a policy may make the program do. They are far above what
// real policies need and far below what hurts.
type Limits struct {
	FileBytes      int64 // of one policy or lock file
	InventoryBytes int64 // of one inventory
	TotalBytes     int64 // of all files of a policy together
	Files          int   // of a policy
	Tokens         int   // of one policy file: the parser keeps about 300 bytes for each
	Nesting        int   // of brackets, templates and blocks
	Operators      int   // of one expression and those around it
	Parts          int   // of one string: lines, ${...} and %{...}, single $ and %; the parser's time is quadratic in them
	Instances      int   // of one for_each
	Elements       int   // of one list that an expression makes
	InventoryRows  int   // of one inventory
	Fields         int   // of one row of an inventory
	FieldBytes     int   // of one field of an inventory
	LockNames      int   // in a lock file
	Diagnostics    int   // that one file adds; more are counted only
}

// DefaultLimits are the limits of the program.
func DefaultLimits() Limits {
	return Limits{
		FileBytes:      64 << 20,
		InventoryBytes: 512 << 20,
		TotalBytes:     1 << 30,
		Files:          10_000,
		Tokens:         8_000_000,
		Nesting:        200,
		Operators:      1000,
		Parts:          2000,
		Instances:      100_000,
		Elements:       2_000_000,
		InventoryRows:  2_000_000,
		Fields:         256,
		FieldBytes:     4096,
		LockNames:      1_000_000,
		Diagnostics:    20,
	}
}

// guard looks at policy text before the HCL parser does, which recurses on
// what it reads and can't be stopped: text that would exhaust the stack, or
// that isn't text, gets one diagnostic. What guard lets pass the parser can
// read within bounds; whether it is HCL is for the parser to say.
func guard(name string, src []byte, lim Limits) hcl.Diagnostics {
	if d := guardBytes(name, src, lim.FileBytes); d != nil {
		return hcl.Diagnostics{d}
	}
	var d *hcl.Diagnostic
	if strings.HasSuffix(name, ".json") {
		d = guardJSON(name, src, lim)
	} else if f := findDepthFault(src, guardCode, lim); f != nil {
		d = f.diagnostic(name, src, lim)
	}
	if d != nil {
		return hcl.Diagnostics{d}
	}
	return nil
}

// guardBytes holds that src is UTF-8 text of a bearable size.
func guardBytes(name string, src []byte, limit int64) *hcl.Diagnostic {
	switch {
	case int64(len(src)) > limit:
		return tooLarge(name, limit)
	case bytes.HasPrefix(src, []byte("\xff\xfe")) || bytes.HasPrefix(src, []byte("\xfe\xff")):
		return guardFault(name, src, 0, 2, "File is UTF-16",
			"The file begins with the byte order mark of UTF-16. Save it as UTF-8.")
	}
	if i := bytes.IndexByte(src, 0); i >= 0 {
		return guardFault(name, src, i, 1, "NUL byte",
			"There is a byte of value 0 here, which no text has. The file may be damaged, or not be text at all.")
	}
	if i := invalidUTF8(src); i >= 0 {
		return guardFault(name, src, i, 1, "Invalid UTF-8",
			fmt.Sprintf("The byte 0x%02x here is not part of a UTF-8 character. Save the file as UTF-8.", src[i]))
	}
	return nil
}

// invalidUTF8 is the place of the first byte that is not UTF-8, or -1.
func invalidUTF8(src []byte) int {
	if utf8.Valid(src) {
		return -1
	}
	for i := 0; ; {
		r, size := utf8.DecodeRune(src[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
}

func tooLarge(name string, limit int64) *hcl.Diagnostic {
	return &hcl.Diagnostic{
		Severity: hcl.DiagError,
		Summary:  "File too large",
		Detail:   fmt.Sprintf("%s is larger than %s. Split it into several files, or keep lists of hosts in an inventory.", name, byteSize(limit)),
		Subject:  &hcl.Range{Filename: name, Start: hcl.InitialPos, End: hcl.InitialPos},
	}
}

// byteSize is n in the largest unit that divides it.
func byteSize(n int64) string {
	units := []string{"bytes", "KiB", "MiB", "GiB"}
	k := 0
	for k < len(units)-1 && n >= 1024 && n%1024 == 0 {
		n /= 1024
		k++
	}
	return fmt.Sprintf("%d %s", n, units[k])
}

// guardFault is a diagnostic about n bytes of src from offset at.
func guardFault(name string, src []byte, at, n int, summary, detail string) *hcl.Diagnostic {
	return &hcl.Diagnostic{Severity: hcl.DiagError, Summary: summary, Detail: detail, Subject: rangeAt(name, src, at, n)}
}

// rangeAt is the range of n bytes from offset at. Columns count as in HCL:
// what a reader sees as one character.
func rangeAt(name string, src []byte, at, n int) *hcl.Range {
	at = min(at, len(src))
	end := min(at+n, len(src))
	return &hcl.Range{Filename: name, Start: posAt(src, at), End: posAt(src, end)}
}

func posAt(src []byte, at int) hcl.Pos {
	before := src[:at]
	line := 1 + bytes.Count(before, []byte("\n"))
	begin := bytes.LastIndexByte(before, '\n') + 1
	if begin == 0 {
		before = bytes.TrimPrefix(before, bom)
	}
	// The scanner counts but never fails.
	chars, _ := textseg.TokenCount(before[min(begin, len(before)):], textseg.ScanGraphemeClusters)
	return hcl.Pos{Line: line, Column: chars + 1, Byte: at}
}

// guardJSON is guard for HCL in JSON: brackets outside of strings, and
// templates inside of them.
func guardJSON(name string, src []byte, lim Limits) *hcl.Diagnostic {
	if bytes.HasPrefix(src, bom) {
		return guardFault(name, src, 0, len(bom), "Byte order mark in JSON",
			"JSON text must not begin with a byte order mark (RFC 8259 section 8.1). Save the file as UTF-8 without one.")
	}
	depth, outer := 0, 0
	for i := 0; i < len(src); {
		switch src[i] {
		case '[', '{':
			if depth == 0 {
				outer = i
			}
			if depth++; depth > lim.Nesting {
				return (&depthFault{tooNested, i, outer}).diagnostic(name, src, lim)
			}
		case ']', '}':
			depth = max(depth-1, 0)
		case '"':
			n := jsonStringLen(src[i:])
			if f := findStringFault(src[i:i+n], lim); f != nil {
				return (&depthFault{f.kind, i, i}).diagnostic(name, src, lim)
			}
			i += n
			continue
		}
		i++
	}
	return nil
}

// jsonStringLen is the length of the string at the start of src, quotes
// included, as the HCL parser cuts it: a control character ends a string.
func jsonStringLen(src []byte) int {
	escaped := false
	for i := 1; i < len(src); i++ {
		switch c := src[i]; {
		case c < ' ':
			return i
		case escaped:
			escaped = false
		case c == '\\':
			escaped = true
		case c == '"':
			return i + 1
		}
	}
	return len(src)
}

// findStringFault judges a JSON string, which HCL reads as a template.
func findStringFault(quoted []byte, lim Limits) *depthFault {
	text := quoted[1:]
	if bytes.IndexByte(text, '\\') >= 0 {
		var s string
		if json.Unmarshal(quoted, &s) != nil {
			return nil // The parser says what is wrong with it.
		}
		text = []byte(s)
	}
	if !bytes.ContainsAny(text, "$%\n") {
		return nil
	}
	return findDepthFault(text, guardBare, lim)
}
