package lang

import (
	"bytes"
	"strings"

	"github.com/hashicorp/hcl/v2"
)

// inventoryFormat is how a file lists hosts.
type inventoryFormat uint8

const (
	// inventoryByName: JSON if the file's name ends in .json, else CSV.
	inventoryByName inventoryFormat = iota
	inventoryCSV
	inventoryJSON
	// bpplclientsFormat is what bpplclients prints.
	bpplclientsFormat
	// nbemmcmdFormat is what nbemmcmd -listhosts prints.
	nbemmcmdFormat
)

// inventoryCall is a call of inventory(), bpplclients() or nbemmcmd() in a
// policy.
type inventoryCall struct {
	Format inventoryFormat
	// Columns gives, for a meaning ("zone"), the header that the file has for
	// it. A meaning that is not in the map has its own name as header.
	Columns map[string]string
	// Where keeps only the rows whose column (a meaning or a header) has one
	// of the values.
	Where map[string][]string
	// Range is the call in the policy, for diagnostics that are about no line
	// of the file.
	Range hcl.Range
	// NeedAddresses: the rows are hosts, and one without an address is an
	// error (addresses = inventory(...)). Otherwise addresses are not looked
	// at (for_each = inventory(...)).
	NeedAddresses bool
	// MayBeEmpty: that no row is chosen is no error.
	MayBeEmpty bool
}

// inventory is the rows of a file that a call chose, in columns: Names[i],
// Lines[i], Zone[i] and so on are of row i. It holds no map and no HCL value
// per row.
type inventory struct {
	File  string
	Names []string
	Keys  []string // column "key", else the name
	Lines []int32  // where the row begins, from 1
	// The addresses of row i are Addrs[Start[i]:Start[i+1]].
	Start []int32
	Addrs []rowAddr
	// Zone, Version, Roles and Features index Texts; 0 is "", so not given.
	// Equal cells have equal indexes. Roles and Features are names separated
	// by single blanks, sorted, each once.
	Zone, Version, Roles, Features []uint32
	Texts                          []string
	// Headers are all columns of the file, in order.
	Headers []string
	// Unresolved are host names that the lock doesn't know, once each, in
	// order. There is a diagnostic for them as well.
	Unresolved []string

	src     []byte
	offsets []int // where the rows begin
	reader  rowReader
	columns *inventoryColumns
}

// rowAddr is one address of a row.
type rowAddr struct {
	Range AddrRange
	Use   Use
}

// Len is the number of rows.
func (inv *inventory) Len() int { return len(inv.Lines) }

// Row is all cells of row i, by header, and by meaning where the call has
// another header for it. It is made when asked for.
func (inv *inventory) Row(i int) map[string]string {
	cells := inv.reader.at(inv.offsets[i])
	row := make(map[string]string, len(inv.Headers))
	for k, h := range inv.Headers {
		row[h] = ""
		if k < len(cells) {
			row[h] = cells[k].text
		}
	}
	for m, k := range inv.columns.meaning {
		if k >= 0 {
			row[meanings[m]] = row[inv.Headers[k]]
		}
	}
	return row
}

// Range is the first line of row i.
func (inv *inventory) Range(i int) hcl.Range {
	return lineRange(inv.File, inv.src, inv.offsets[i], int(inv.Lines[i]))
}

// lineRange is the rest of the line from offset at, which is in the line of
// the number.
func lineRange(name string, src []byte, at, line int) hcl.Range {
	begin := bytes.LastIndexByte(src[:at], '\n') + 1
	end := len(src)
	if n := bytes.IndexByte(src[at:], '\n'); n >= 0 {
		end = at + n
	}
	start := hcl.Pos{Line: line, Column: columnAt(src, begin, at), Byte: at}
	return hcl.Range{Filename: name, Start: start, End: hcl.Pos{Line: line, Column: columnAt(src, begin, end), Byte: end}}
}

// cell is one field of a row, and where it stands in the file.
type cell struct {
	text string
	at   int
}

// rowReader reads the rows of a file in one format. Headers may grow while
// rows are read (JSON); cells are by header. What next returns is valid until
// it is called again.
type rowReader interface {
	// headers are the columns known so far.
	headers() []string
	// next reads a row; it returns nil at the end.
	next() (cells []cell, line, offset int, fault *rowFault)
	// at reads the row that begins at offset again. What it returns is valid
	// until it is called again.
	at(offset int) []cell
}

// rowFault is what is wrong with a row. A fatal one ends reading.
type rowFault struct {
	at, n           int // place in the file
	summary, detail string
	fatal           bool
}

// readInventory reads the rows of a file that a call chooses. Host names become
// addresses by lock, which may be nil.
func readInventory(name string, src []byte, call inventoryCall, lock *Lock, lim Limits) (*inventory, hcl.Diagnostics) {
	if d := guardBytes(name, src, lim.InventoryBytes); d != nil {
		return nil, hcl.Diagnostics{d}
	}
	b := newInventoryBuilder(name, src, call, lock, lim)
	if !b.failed() {
		b.readAll()
	}
	if b.diags.HasErrors() {
		return b.inv, b.diags
	}
	return b.inv, nil
}

// newRowReader returns the reader for a format.
func newRowReader(name string, src []byte, f inventoryFormat, lim Limits) rowReader {
	begin := 0
	if bytes.HasPrefix(src, bom) {
		begin = len(bom)
	}
	if f == inventoryByName {
		f = inventoryCSV
		if strings.HasSuffix(strings.ToLower(name), ".json") {
			f = inventoryJSON
		}
	}
	switch f {
	case inventoryJSON:
		return newJSONRows(src, begin, lim)
	case bpplclientsFormat:
		return newClientRows(src, begin, lim)
	case nbemmcmdFormat:
		return newHostRows(src, begin, lim)
	}
	return newCSVRows(src, begin, lim)
}
