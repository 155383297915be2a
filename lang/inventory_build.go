package lang

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/apparentlymart/go-textseg/v15/textseg"
	"github.com/hashicorp/hcl/v2"
)

// inventoryBuilder makes an inventory of rows.
type inventoryBuilder struct {
	inv    *inventory
	call   inventoryCall
	lock   *Lock
	lim    Limits
	diags  hcl.Diagnostics
	hidden int // diagnostics beyond the limit
	bound  int // headers that are bound

	lines map[string]uint32 // texts of cells, as indexes of inv.Texts
	last  [len(meanings)]struct {
		text string
		id   uint32
	}
	// byName merges rows of the same host, for formats that repeat it.
	byName     map[string]int
	unresolved map[string]bool
	noColumn   bool // it was said that no column has the addresses
}

func newInventoryBuilder(name string, src []byte, call inventoryCall, lock *Lock, lim Limits) *inventoryBuilder {
	b := &inventoryBuilder{
		inv:        &inventory{File: name, src: src, Texts: []string{""}, Start: []int32{0}},
		call:       call,
		lock:       lock,
		lim:        lim,
		lines:      map[string]uint32{"": 0},
		unresolved: map[string]bool{},
	}
	var err error
	if b.inv.columns, err = newInventoryColumns(call); err != nil {
		b.diags = append(b.diags, &hcl.Diagnostic{Severity: hcl.DiagError, Summary: "Unknown column", Detail: err.Error(), Subject: &call.Range})
		return b
	}
	if call.Format == bpplclientsFormat || call.Format == nbemmcmdFormat {
		b.byName = map[string]int{}
	}
	b.inv.reader = newRowReader(name, src, call.Format, lim)
	b.reserve()
	return b
}

// reserve makes room for a row in each line of a CSV file, so that its columns
// don't grow step by step: then the room of all steps together would be several
// times that of the rows. A call that chooses rows may take few of them.
func (b *inventoryBuilder) reserve() {
	r, csv := b.inv.reader.(*csvRows)
	if !csv || r.bad != nil || len(b.call.Where) > 0 {
		return
	}
	n := min(strings.Count(r.text[r.pos:], "\n")+1, b.lim.InventoryRows, (len(r.text)-r.pos)/len(r.names)+1)
	inv := b.inv
	inv.Names, inv.Keys, inv.Lines = make([]string, 0, n), make([]string, 0, n), make([]int32, 0, n)
	inv.offsets, inv.Start = make([]int, 0, n), append(make([]int32, 0, n+1), inv.Start...)
	inv.Zone, inv.Version = make([]uint32, 0, n), make([]uint32, 0, n)
	inv.Roles, inv.Features = make([]uint32, 0, n), make([]uint32, 0, n)
	if b.call.NeedAddresses {
		inv.Addrs = make([]rowAddr, 0, n)
	}
}

func (b *inventoryBuilder) failed() bool { return b.diags.HasErrors() }

// readAll takes all rows.
func (b *inventoryBuilder) readAll() {
	for b.readRow() {
	}
	b.inv.Headers = b.inv.reader.headers()
	switch {
	case b.failed():
	case !b.bindHeaders():
	case b.inv.columns.missing(b.inv.Headers) != "":
		b.callFault("Unknown column", b.inv.columns.missing(b.inv.Headers))
	case b.inv.Len() == 0 && !b.call.MayBeEmpty:
		b.callFault("Empty inventory", b.inv.columns.nothing())
	}
	if b.hidden > 0 {
		b.diags = append(b.diags, &hcl.Diagnostic{
			Severity: hcl.DiagError,
			Summary:  "More faults in the inventory",
			Detail:   fmt.Sprintf("There are %d more faults in %s, which are not shown.", b.hidden, b.inv.File),
			Subject:  &hcl.Range{Filename: b.inv.File, Start: hcl.InitialPos, End: hcl.InitialPos},
		})
	}
}

// readRow takes a row and reports whether there may be another.
func (b *inventoryBuilder) readRow() bool {
	cells, line, offset, fault := b.inv.reader.next()
	if fault != nil {
		b.fault(fault)
		return !fault.fatal
	}
	if !b.bindHeaders() || cells == nil {
		return false
	}
	if !b.inv.columns.chooses(cells) {
		return true
	}
	if b.inv.Len() >= b.lim.InventoryRows {
		b.fault(&rowFault{at: offset, n: 1, summary: "Too many rows", detail: fmt.Sprintf("An inventory can have at most %d rows.", b.lim.InventoryRows)})
		return false
	}
	b.add(cells, line, offset)
	return true
}

// bindHeaders binds the headers that are new. For CSV that is all of them, at
// the first row, and what the call wants must be among them.
func (b *inventoryBuilder) bindHeaders() bool {
	headers := b.inv.reader.headers()
	if b.bound == len(headers) {
		return true
	}
	first := b.bound == 0
	for k := b.bound; k < len(headers); k++ {
		b.inv.columns.bind(headers[k], k)
	}
	b.bound = len(headers)
	if _, csv := b.inv.reader.(*csvRows); csv && first {
		if text := b.inv.columns.missing(headers); text != "" {
			b.callFault("Unknown column", text)
			return false
		}
	}
	return true
}

// callFault is a diagnostic about the call in the policy.
func (b *inventoryBuilder) callFault(summary, detail string) {
	b.diags = append(b.diags, &hcl.Diagnostic{
		Severity: hcl.DiagError,
		Summary:  summary,
		Detail:   fmt.Sprintf("%s: %s", b.inv.File, detail),
		Subject:  &b.call.Range,
	})
}

// fault is a diagnostic about a place in the file.
func (b *inventoryBuilder) fault(f *rowFault) {
	if len(b.diags) >= b.lim.Diagnostics {
		b.hidden++
		return
	}
	b.diags = append(b.diags, guardFault(b.inv.File, b.inv.src, f.at, max(f.n, 1), f.summary, f.detail))
}

// add appends a row that is chosen.
func (b *inventoryBuilder) add(cells []cell, line, offset int) {
	inv, col := b.inv, &b.inv.columns.meaning
	name := cellAt(cells, col[meansName])
	if b.byName != nil {
		if i, ok := b.byName[strings.ToLower(name)]; ok {
			b.merge(i, cells)
			return
		}
		b.byName[strings.ToLower(name)] = inv.Len()
	}
	if b.call.NeedAddresses {
		b.addresses(cells, name, offset)
	}
	key := cellAt(cells, col[meansKey])
	if key == "" {
		key = name
	}
	inv.Names = append(inv.Names, name)
	inv.Keys = append(inv.Keys, key)
	inv.Lines = append(inv.Lines, int32(line))
	inv.offsets = append(inv.offsets, offset)
	inv.Start = append(inv.Start, int32(len(inv.Addrs)))
	inv.Zone = append(inv.Zone, b.text(cells, meansZone))
	inv.Version = append(inv.Version, b.text(cells, meansVersion))
	inv.Roles = append(inv.Roles, b.text(cells, meansRoles))
	inv.Features = append(inv.Features, b.text(cells, meansFeatures))
}

// merge adds what another row says of host i: a machine that NetBackup lists
// as server and as master is both.
func (b *inventoryBuilder) merge(i int, cells []cell) {
	inv := b.inv
	if inv.Version[i] == 0 {
		inv.Version[i] = b.text(cells, meansVersion)
	}
	if more := b.text(cells, meansRoles); more != inv.Roles[i] {
		inv.Roles[i] = b.intern(inv.Texts[inv.Roles[i]]+" "+inv.Texts[more], true)
	}
}

// text is the index of the text in a column of the row.
func (b *inventoryBuilder) text(cells []cell, meaning int) uint32 {
	s := cellAt(cells, b.inv.columns.meaning[meaning])
	if s == "" {
		return 0
	}
	// Neighbours are mostly equal.
	last := &b.last[meaning]
	if last.text != s {
		last.text, last.id = s, b.intern(s, meaning == meansRoles || meaning == meansFeatures)
	}
	return last.id
}

// intern is the index of s, or of the set of words that it lists.
func (b *inventoryBuilder) intern(s string, words bool) uint32 {
	if words {
		fields := strings.Fields(s)
		slices.Sort(fields)
		s = strings.Join(slices.Compact(fields), " ")
	}
	id, ok := b.lines[s]
	if !ok {
		id = uint32(len(b.inv.Texts))
		b.lines[s] = id
		b.inv.Texts = append(b.inv.Texts, s)
	}
	return id
}

// addresses appends the addresses of the row.
func (b *inventoryBuilder) addresses(cells []cell, name string, offset int) {
	before, columns := len(b.inv.Addrs), false
	faults := len(b.diags) + b.hidden
	for _, a := range addressMeanings {
		k := b.inv.columns.meaning[a.meaning]
		columns = columns || k >= 0
		if k >= 0 && k < len(cells) {
			b.addressCell(cells[k], a.use)
		}
	}
	switch {
	case len(b.inv.Addrs) > before || len(b.diags)+b.hidden > faults:
	case !columns && name != "":
		b.nameOnly(cells, name)
	case !columns && b.isCSV():
		if !b.noColumn {
			b.noColumn = true
			b.fault(&rowFault{at: offset, n: 1, summary: "Missing address", detail: b.noAddressColumn(cells)})
		}
	default:
		b.fault(&rowFault{at: offset, n: 1, summary: "Missing address",
			detail: fmt.Sprintf("The row%s has no address. Give it one in the column %q, or take the row out.", ofHost(name), b.addressHeader())})
	}
}

// nameOnly takes the addresses of a host of which the file tells the name only.
// If the lock doesn't know it, and the header line has no address column, that
// column may be there under another name. A file in which it is gets one
// message: the other hosts would only repeat it.
func (b *inventoryBuilder) nameOnly(cells []cell, name string) {
	at, use := cells[b.inv.columns.meaning[meansName]].at, b.nameUse(cells)
	if !b.isCSV() || !isHostName(name) {
		b.hostName(name, at, len(name), use)
		return
	}
	if b.lockKnows(name, use) || b.unresolved[name] {
		return
	}
	b.unresolved[name] = true
	b.inv.Unresolved = append(b.inv.Unresolved, name)
	likely := b.likelyAddresses(cells) != ""
	if b.noColumn && likely {
		return
	}
	detail := unknownHostDetail(name)
	if !b.noColumn {
		b.noColumn = true
		byName := fmt.Sprintf("%s has no address for %q. Run nbfwc resolve, which asks the DNS and writes the file, and commit it.", LockFile, clip(name))
		detail = byName + " Or give the addresses in the file. " + b.noAddressColumn(cells)
		if likely {
			detail = b.noAddressColumn(cells) + " Or, to find hosts by their names: " + byName
		}
	}
	b.fault(&rowFault{at: at, n: len(name), summary: unknownHost, detail: detail})
}

// isCSV reports whether all columns are known from the first row on.
func (b *inventoryBuilder) isCSV() bool {
	_, csv := b.inv.reader.(*csvRows)
	return csv
}

// noAddressColumn says that no column of a CSV file has the addresses, and how
// to choose one.
func (b *inventoryBuilder) noAddressColumn(cells []cell) string {
	headers := b.inv.reader.headers()
	some, more := headers, ""
	if len(some) > shownColumns {
		some, more = some[:shownColumns], ", ..."
	}
	text := fmt.Sprintf("No column of %s is %q. The columns are: %s%s.", b.inv.File, b.addressHeader(), clip200(strings.Join(some, ", ")), more)
	column := b.likelyAddresses(cells)
	if column == "" {
		return text + fmt.Sprintf(" Add the column %q, or choose the one that has the addresses, such as: %s.", b.addressHeader(), b.callWith("NAME OF THE COLUMN"))
	}
	return text + fmt.Sprintf(" Choose the one that has the addresses: %s.", b.callWith(column))
}

// callWith is the call of the policy with a column for the addresses.
func (b *inventoryBuilder) callWith(column string) string {
	chosen := maps.Clone(b.call.Columns)
	if chosen == nil {
		chosen = map[string]string{}
	}
	chosen["address"] = clip(column)
	var words []string
	for _, meaning := range sortedNames(chosen) {
		words = append(words, fmt.Sprintf("%s = %q", meaning, chosen[meaning]))
	}
	return fmt.Sprintf("inventory(%q, { %s })", b.inv.File, strings.Join(words, ", "))
}

// likelyAddresses is the first column whose cell in the row is an address, else
// one that is called so, else "".
func (b *inventoryBuilder) likelyAddresses(cells []cell) string {
	headers := b.inv.reader.headers()
	for k, c := range cells {
		if _, err := parseAddrRange(c.text); err == nil && k < len(headers) && headers[k] != "" {
			return headers[k]
		}
	}
	for _, h := range headers {
		for _, word := range strings.FieldsFunc(strings.ToLower(h), func(r rune) bool { return !isLetter(r) }) {
			if word == "ip" || strings.HasPrefix(word, "ipv") || strings.HasPrefix(word, "addr") {
				return h
			}
		}
	}
	return ""
}

// nameUse is what the address of a host is for that is known by name only: the
// name of a cluster is a virtual one.
func (b *inventoryBuilder) nameUse(cells []cell) Use {
	if r, ok := b.inv.reader.(*tableRows); ok && r.virtual(cells) {
		return Virtual
	}
	return Data
}

func ofHost(name string) string {
	if name == "" {
		return ""
	}
	return fmt.Sprintf(" of %q", clip(name))
}

// addressHeader is the column that an address belongs in.
func (b *inventoryBuilder) addressHeader() string {
	if k := b.inv.columns.meaning[meansAddress]; k >= 0 {
		return b.inv.reader.headers()[k]
	}
	return b.inv.columns.header[meansAddress]
}

// addressCell takes the addresses of a cell, which are separated by blanks.
func (b *inventoryBuilder) addressCell(c cell, use Use) {
	for rest := c.text; ; {
		rest = strings.TrimLeft(rest, " \t\n")
		if rest == "" {
			return
		}
		word := rest
		if n := strings.IndexAny(rest, " \t\n"); n >= 0 {
			word = rest[:n]
		}
		b.address(word, c.at+len(c.text)-len(rest), use)
		rest = rest[len(word):]
	}
}

// address takes one address, or a host name that the lock knows.
func (b *inventoryBuilder) address(word string, at int, use Use) {
	if isHostName(word) {
		b.hostName(word, at, len(word), use)
		return
	}
	r, err := parseAddrRange(word)
	if err == nil {
		b.inv.Addrs = append(b.inv.Addrs, rowAddr{r, use})
	} else {
		b.fault(&rowFault{at: at, n: len(word), summary: "Invalid address", detail: sentence(err)})
	}
}

// hostName takes the addresses of a host by its name.
func (b *inventoryBuilder) hostName(name string, at, n int, use Use) {
	if !isHostName(name) {
		// NetBackup takes an address as a name.
		a, err := parseAddr(name)
		if err != nil {
			b.fault(&rowFault{at: at, n: n, summary: "Invalid host name", detail: fmt.Sprintf("%q can't be the name of a host.", clip(name))})
			return
		}
		b.inv.Addrs = append(b.inv.Addrs, rowAddr{AddrRange{a, a}, use})
		return
	}
	if b.lockKnows(name, use) || b.unresolved[name] {
		return
	}
	b.unresolved[name] = true
	b.inv.Unresolved = append(b.inv.Unresolved, name)
	b.fault(&rowFault{at: at, n: n, summary: unknownHost, detail: unknownHostDetail(name)})
}

// lockKnows takes the addresses that the lock has for a name, and reports
// whether it has the name.
func (b *inventoryBuilder) lockKnows(name string, use Use) bool {
	addrs, ok := b.lock.Lookup(name)
	for _, a := range addrs {
		b.inv.Addrs = append(b.inv.Addrs, rowAddr{AddrRange{a, a}, use})
	}
	return ok
}

// sentence is an error as a sentence.
func sentence(err error) string {
	s := err.Error()
	return strings.ToUpper(s[:1]) + s[1:] + "."
}

// columnAt is the column of offset at in the line that begins at begin.
func columnAt(src []byte, begin, at int) int {
	text := src[begin:at]
	if begin == 0 {
		text = bytes.TrimPrefix(text, bom)
	}
	if isPlainASCII(text) {
		return len(text) + 1
	}
	n, _ := textseg.TokenCount(text, textseg.ScanGraphemeClusters)
	return n + 1
}

// isPlainASCII reports whether each byte is a character that stands alone as a
// grapheme cluster.
func isPlainASCII(text []byte) bool {
	for _, c := range text {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return true
}
