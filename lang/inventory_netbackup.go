package lang

import (
	"bytes"
	"fmt"
	"strings"
)

// tableRows are the rows of a listing that NetBackup prints. Listings are
// read as a whole, because what is known of one host can stand in several
// lines; they are small compared to inventories.
type tableRows struct {
	names   []string
	cells   []cell // len(names) for each row
	lines   []int
	offsets []int
	row     int
	faults  []*rowFault
	byAt    map[int]int // row by offset
	typ     int         // column of the type, -1 if there is none
	buf     []cell      // the words of a line
}

func (r *tableRows) headers() []string { return r.names }

func (r *tableRows) next() ([]cell, int, int, *rowFault) {
	if len(r.faults) > 0 {
		f := r.faults[0]
		r.faults = r.faults[1:]
		return nil, 0, f.at, f
	}
	if r.row == len(r.lines) {
		return nil, 0, 0, nil
	}
	k := r.row
	r.row++
	return r.cellsOf(k), r.lines[k], r.offsets[k], nil
}

func (r *tableRows) cellsOf(k int) []cell { return r.cells[k*len(r.names) : (k+1)*len(r.names)] }

func (r *tableRows) at(offset int) []cell {
	if r.byAt == nil {
		r.byAt = make(map[int]int, len(r.offsets))
		for k, at := range r.offsets {
			r.byAt[at] = k
		}
	}
	return r.cellsOf(r.byAt[offset])
}

// virtual reports whether a row is a cluster's name rather than a host.
func (r *tableRows) virtual(cells []cell) bool {
	return r.typ >= 0 && (cells[r.typ].text == "cluster" || cells[r.typ].text == "app_cluster")
}

// add appends a row.
func (r *tableRows) add(line, offset int, cells ...cell) {
	r.cells = append(r.cells, cells...)
	r.lines = append(r.lines, line)
	r.offsets = append(r.offsets, offset)
}

func (r *tableRows) fault(at, n int, format string, args ...any) {
	r.faults = append(r.faults, &rowFault{at: at, n: n, summary: "Unknown line in a listing", detail: fmt.Sprintf(format, args...)})
}

// textLine is one line of a listing.
type textLine struct {
	text   string // without blanks at the end
	at, no int
}

// eachLine calls f for the lines that are not blank, until it says false.
func eachLine(src []byte, begin int, lim Limits, f func(l textLine) bool) *rowFault {
	no := 1
	all := string(src)
	for at := begin; at < len(src); no++ {
		end := len(src)
		if n := bytes.IndexByte(src[at:], '\n'); n >= 0 {
			end = at + n
		}
		if end-at > 16*lim.FieldBytes {
			return &rowFault{at: at, n: 1, summary: "Line too long", fatal: true, detail: fmt.Sprintf("A line can have at most %d bytes.", 16*lim.FieldBytes)}
		}
		text := strings.TrimRight(all[at:end], " \t\r")
		if text != "" && !f(textLine{text, at, no}) {
			return nil
		}
		at = end + 1
	}
	return nil
}

// words appends the words of a line to all.
func (l textLine) words(all []cell) []cell {
	for i := 0; i < len(l.text); {
		if l.text[i] == ' ' || l.text[i] == '\t' {
			i++
			continue
		}
		n := strings.IndexAny(l.text[i:], " \t")
		if n < 0 {
			n = len(l.text) - i
		}
		all = append(all, cell{l.text[i : i+n], l.at + i})
		i += n
	}
	return all
}

// newClientRows reads the output of bpplclients, in any of its forms:
//
//	Hardware        OS              Client            (the default and -U)
//	--------------- --------------- --------------
//	Linux           RedHat2.6       c1
//
//	CLIENT c1 Linux RedHat2.6 0 0 0 0                  (-l)
//
//	Client/HW/OS/Pri/DMI/CIT:  c1 Linux RedHat2.6 0 0 0 0 ?   (-L)
//
// The first form has no header with -noheader. What follows the third field
// differs between releases and is not read.
func newClientRows(src []byte, begin int, lim Limits) *tableRows {
	r := &tableRows{names: []string{"name", "hardware", "os", "roles"}, typ: -1}
	bad := eachLine(src, begin, lim, func(l textLine) bool {
		r.clientLine(l)
		return len(r.lines) <= lim.InventoryRows
	})
	if bad != nil {
		r.faults = append(r.faults, bad)
	}
	return r
}

// clientLine takes a line of bpplclients.
func (r *tableRows) clientLine(l textLine) {
	r.buf = l.words(r.buf[:0])
	w := r.buf
	var name, hardware, os cell
	switch {
	case strings.Trim(l.text, "- \t") == "", len(w) >= 3 && w[0].text == "Hardware" && w[1].text == "OS":
		return
	case strings.EqualFold(l.text, "no entity was found"):
		// The text of NetBackup status 227.
		r.fault(l.at, len(l.text), "bpplclients found no clients. Run it on the master server, and for a policy that has some.")
		return
	case len(w) >= 4 && (w[0].text == "CLIENT" || strings.HasPrefix(w[0].text, "Client/HW/OS/")):
		name, hardware, os = w[1], w[2], w[3]
	case len(w) >= 3 && isClientName(w[2].text):
		name, hardware, os = w[2], w[0], w[1]
	default:
		r.fault(l.at, len(l.text), "This line is none of bpplclients: expected are hardware, operating system and client, as bpplclients -allunique prints them.")
		return
	}
	if !isClientName(name.text) {
		r.fault(name.at, len(name.text), "%q can't be the name of a client.", clip(name.text))
		return
	}
	// A filer that is backed up by NDMP stands in policies as a client, but
	// has no client software.
	role := "client"
	if strings.EqualFold(hardware.text, "NDMP") {
		role = ""
	}
	r.add(l.no, l.at, name, notNull(hardware), notNull(os), cell{role, l.at})
}

// isClientName reports whether s can name a client: a host name or an address.
func isClientName(s string) bool {
	if isHostName(s) {
		return true
	}
	_, err := parseAddr(s)
	return err == nil
}

// notNull is a cell in which NetBackup's word for no value means none.
func notNull(c cell) cell {
	if c.text == "*NULL*" {
		c.text = ""
	}
	return c
}

// machineRoles are the roles that a type of machine plays. "server" is the
// machine of the Enterprise Media Manager. Other types (ndmp, cluster,
// app_cluster, foreign_media, ...) have none that follows from the type.
var machineRoles = [...]struct{ typ, role string }{
	{"server", "emm"}, {"master", "master"}, {"primary", "master"}, {"media", "media"}, {"client", "client"},
}

func machineRole(typ string) string {
	for _, m := range machineRoles {
		if m.typ == typ {
			return m.role
		}
	}
	return ""
}

// Columns of nbemmcmd -listhosts.
const (
	hostName = iota
	hostType
	hostVersion
	hostOS
	hostCluster
	hostRoles
	hostColumns
)

// newHostRows reads the output of nbemmcmd -listhosts:
//
//	NBEMMCMD, Version: 7.6
//	The following hosts were found:
//	server           m1
//	media            med1
//	Command completed successfully.
//
// With -verbose, each host is a line with its name and then indented lines
//
//	MachineName = "med1"
//	MachineNbuType = media (1)
//	NetBackupVersion = 7.6.0.4 (760400)
//	OperatingSystem = linux (16)
func newHostRows(src []byte, begin int, lim Limits) *tableRows {
	r := &tableRows{names: []string{"name", "type", "version", "os", "cluster", "roles"}, typ: hostType}
	b := hostBlock{rows: r}
	bad := eachLine(src, begin, lim, func(l textLine) bool {
		b.line(l)
		return len(r.lines) <= lim.InventoryRows
	})
	b.end()
	if bad != nil {
		r.faults = append(r.faults, bad)
	}
	return r
}

// hostBlock is the host of which -verbose is telling.
type hostBlock struct {
	rows  *tableRows
	cells [hostColumns]cell
	begin textLine
	open  bool
}

// line takes a line of nbemmcmd.
func (b *hostBlock) line(l textLine) {
	b.rows.buf = l.words(b.rows.buf[:0])
	w := b.rows.buf
	indented := l.text[0] == ' ' || l.text[0] == '\t'
	switch {
	case strings.HasPrefix(l.text, "NBEMMCMD,"), strings.HasPrefix(l.text, "The following hosts"), strings.HasPrefix(l.text, "Command completed"):
		b.end()
	case strings.HasPrefix(w[0].text, "EMMHOST"):
		b.rows.fault(l.at, len(l.text), "This is the form of nbemmcmd -listhosts -parsable. Use nbemmcmd -listhosts -verbose instead.")
	case indented:
		b.attribute(l)
	case len(w) == 1 && isClientName(w[0].text):
		b.end()
		b.open, b.begin = true, l
		b.cells[hostName] = w[0]
	case len(w) == 2 && isMachineType(w[0].text) && isClientName(w[1].text):
		b.end()
		b.rows.add(l.no, l.at, w[1], w[0], cell{}, cell{}, cell{}, cell{machineRole(w[0].text), w[0].at})
	default:
		b.rows.fault(l.at, len(l.text), "This line is none of nbemmcmd -listhosts: expected are the type and the name of a host.")
	}
}

// isMachineType reports whether s has the form of a machine type. The types
// differ between releases.
func isMachineType(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; (c < 'a' || c > 'z') && c != '_' {
			return false
		}
	}
	return len(s) > 0
}

// attribute takes a line "Name = value" of a host.
func (b *hostBlock) attribute(l textLine) {
	name, value, ok := strings.Cut(l.text, "=")
	if !ok || !b.open {
		b.rows.fault(l.at, len(l.text), "This line is none of nbemmcmd -listhosts -verbose: expected is \"Attribute = value\" below the name of a host.")
		return
	}
	at := l.at + len(name) + 1
	c := trimmed(value, at)
	if len(c.text) >= 2 && c.text[0] == '"' && c.text[len(c.text)-1] == '"' {
		c = cell{c.text[1 : len(c.text)-1], c.at + 1}
	}
	switch strings.TrimSpace(name) {
	case "MachineName":
		if c.text != "" {
			b.cells[hostName] = c
		}
	case "MachineNbuType":
		b.cells[hostType] = firstWord(c)
	case "NetBackupVersion":
		b.cells[hostVersion] = knownVersion(firstWord(c))
	case "OperatingSystem":
		b.cells[hostOS] = firstWord(c)
	case "ClusterName":
		b.cells[hostCluster] = c
	}
}

// firstWord leaves out the number that follows a value in parentheses.
func firstWord(c cell) cell {
	if n := strings.IndexByte(c.text, ' '); n >= 0 {
		c.text = c.text[:n]
	}
	return c
}

// knownVersion is empty for 0.0 and the like, which stand for hosts that never
// told their version.
func knownVersion(c cell) cell {
	if strings.Trim(c.text, "0.") == "" {
		c.text = ""
	}
	return c
}

// end appends the host that was told of.
func (b *hostBlock) end() {
	if !b.open {
		return
	}
	b.open = false
	if name := b.cells[hostName]; isClientName(name.text) {
		b.cells[hostRoles] = cell{machineRole(b.cells[hostType].text), b.begin.at}
		b.rows.add(b.begin.no, b.begin.at, b.cells[:]...)
	} else {
		b.rows.fault(name.at, len(name.text), "%q can't be the name of a host.", clip(name.text))
	}
	b.cells = [hostColumns]cell{}
}
