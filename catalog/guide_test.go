package catalog_test

import (
	"bufio"
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/nbfwc/nbfwc/lang"
)

// The vendor's guide was transcribed twice: into the catalogue's rows, and line
// by line into testdata/guide.tsv by somebody who didn't look at them. These
// tests hold that the two say the same.

// table reads a file of testdata: lines of that many columns.
func table(t *testing.T, name string, columns int) [][]string {
	t.Helper()
	text, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	var rows [][]string
	in := bufio.NewScanner(bytes.NewReader(text))
	in.Buffer(nil, 1<<20)
	for n := 1; in.Scan(); n++ {
		if strings.HasPrefix(in.Text(), "#") {
			continue
		}
		cells := strings.Split(in.Text(), "\t")
		if len(cells) != columns || slices.Contains(cells, "") {
			t.Fatalf("testdata/%s:%d: have %d columns, want %d, - for an empty one", name, n, len(cells), columns)
		}
		rows = append(rows, cells)
	}
	if len(rows) == 0 || in.Err() != nil {
		t.Fatalf("testdata/%s has no lines: %v", name, in.Err())
	}
	return rows
}

// line is a line of guide.tsv.
type line struct {
	table, source, destination, service string
	port                                string // with its protocol
	configurable                        bool
	note, condition                     string
	both                                bool
	remark                              string
	decided                             []*decision
}

func (l *line) String() string {
	return fmt.Sprintf("table %s, %s to %s, %s", l.table, l.source, l.destination, l.port)
}

// decision is a line of guide_decisions.tsv.
type decision struct{ id, table, source, destination, port, from, to, means, condition, reason string }

// reading is one meaning of a line: all hosts of these roles, that port, that
// condition.
type reading struct {
	line     *line
	from, to []string
	port     string
	when     expression
}

// key is what rows and lines are compared by.
type key struct {
	from, to, port string
	air            bool
}

func (k key) String() string {
	s := fmt.Sprintf("%s to %s, %s", k.from, k.to, k.port)
	if k.air {
		return s + " between domains"
	}
	return s
}

func guideLines(t *testing.T) []*line {
	t.Helper()
	var lines []*line
	for _, c := range table(t, "guide.tsv", 11) {
		l := &line{table: c[0], source: c[1], destination: c[2], service: c[3], port: c[4] + " " + c[5],
			configurable: c[6] == "yes", note: c[7], condition: c[8], both: c[9] == "both", remark: c[10]}
		if c[4] != "tcp" && c[4] != "udp" || c[6] != "yes" && c[6] != "no" || c[9] != "one" && c[9] != "both" {
			t.Errorf("%s: protocol %q, configurable %q, direction %q", l, c[4], c[6], c[9])
		}
		lines = append(lines, l)
	}
	for _, d := range decisions(t) {
		if d.table != "-" {
			d.attach(t, lines)
		}
	}
	return lines
}

func decisions(t *testing.T) []*decision {
	t.Helper()
	var out []*decision
	for _, c := range table(t, "guide_decisions.tsv", 10) {
		d := &decision{c[0], c[1], c[2], c[3], c[4], c[5], c[6], c[7], c[8], c[9]}
		if !strings.HasSuffix(d.reason, ".") {
			t.Errorf("decision %s gives no reason: %q", d.id, d.reason)
		}
		out = append(out, d)
	}
	return out
}

func (d *decision) attach(t *testing.T, lines []*line) {
	t.Helper()
	n := 0
	for _, l := range lines {
		if l.table == d.table && l.source == d.source && l.destination == d.destination && l.port == d.port {
			l.decided = append(l.decided, d)
			n++
		}
	}
	if n != 1 {
		t.Errorf("decision %s on table %s, %s to %s, %s is on %d lines of guide.tsv", d.id, d.table, d.source, d.destination, d.port, n)
	}
}

// literal is the line as it stands; the error says what can't be read so.
func (l *line) literal() (reading, error) {
	r := reading{line: l, port: l.port}
	var known, also bool
	if r.from, known = rolesOf(l.source, l.service); !known {
		return r, fmt.Errorf("%s: no role for %q", l, l.source)
	}
	if r.to, also = rolesOf(l.destination, l.service); !also {
		return r, fmt.Errorf("%s: no role for %q", l, l.destination)
	}
	var err error
	r.when, err = parseGuide(l.condition)
	return r, err
}

// readings are the line as decided, or as it stands.
func (l *line) readings() ([]reading, error) {
	if l.decided == nil {
		r, err := l.literal()
		if err == nil && (len(r.from) == 0 || len(r.to) == 0) {
			err = fmt.Errorf("%s: names no hosts and isn't decided", l)
		}
		return []reading{r}, err
	}
	var out []reading
	for _, d := range l.decided {
		r, err := l.literal()
		if d.from != "-" {
			r.from = strings.Fields(d.from)
		}
		if d.to != "-" {
			r.to = strings.Fields(d.to)
		}
		if d.means != "-" {
			r.port = d.means
		}
		if d.condition != "-" {
			r.when, err = parseGuide(d.condition)
		}
		if err != nil || len(r.from) == 0 || len(r.to) == 0 {
			return nil, fmt.Errorf("decision %s on %s doesn't say from, to and when: %v", d.id, l, err)
		}
		out = append(out, r)
	}
	return out, nil
}

func (r reading) keys() []key {
	var out []key
	for _, from := range r.from {
		for _, to := range r.to {
			out = append(out, key{from, to, r.port, r.line.table == "3-1 AIR"})
		}
	}
	return out
}

// services are the lines of table 2-1, which name no hosts.
func (l *line) services() bool { return l.table == "2-1" }

// rowPort is the port of a row by default, in the words of guide.tsv.
func rowPort(t *testing.T, c *lang.Catalog, row *lang.Row) string {
	t.Helper()
	proto, ports := "tcp", row.Service.TCP
	if len(row.Service.UDP) > 0 {
		proto, ports = "udp", row.Service.UDP
	}
	if row.Ports != nil {
		m := settingOf.FindStringSubmatch(row.Ports.String())
		if m == nil {
			t.Fatalf("%s: ports depend on %s", row.Name, row.Ports)
		}
		def := named(t, c.Settings, m[2], func(s *lang.SettingDef) string { return s.Name })
		switch n := def.Default.(type) {
		case int:
			ports = []lang.PortRange{{From: uint16(n), To: uint16(n)}}
		case nil:
			return proto + " " + strings.ToUpper(def.Name)
		}
	}
	if len(ports) != 1 || ports[0].From != ports[0].To {
		t.Fatalf("%s: a row of the guide has one port: %v", row.Name, ports)
	}
	return fmt.Sprintf("%s %d", proto, ports[0].From)
}

// comparison has both transcriptions by key.
type comparison struct {
	catalog *lang.Catalog
	rows    map[key][]*lang.Row
}

func newComparison(t *testing.T) *comparison {
	t.Helper()
	c := &comparison{catalog: embedded(t), rows: map[key][]*lang.Row{}}
	for _, row := range c.catalog.Rows {
		if !ofSeven(row) {
			continue
		}
		k := key{row.From.Name, row.To.Name, rowPort(t, c.catalog, row), row.Link == "air"}
		c.rows[k] = append(c.rows[k], row)
	}
	return c
}

// ofSeven reports whether the row covers a pair of 7.x hosts. Rows between
// hosts without NetBackup versions are for all, and come from the guide.
func ofSeven(row *lang.Row) bool {
	covers := func(r *lang.Role, v lang.VersionRange) bool {
		return !r.Versioned || slices.ContainsFunc(sevens, func(s string) bool {
			version, err := lang.ParseVersion(s)
			return err == nil && v.Contains(version)
		})
	}
	return covers(row.From, row.FromCovers) && covers(row.To, row.ToCovers)
}

// difference is the first pair of hosts for which rows and readings of a key
// say different things, "" if there is none.
func (c *comparison) difference(t *testing.T, k key, readings []reading) string {
	t.Helper()
	rows, a := c.rows[k], newAsked()
	for _, row := range rows {
		a.byRow(row)
	}
	for _, r := range readings {
		a.byGuide(r.when)
	}
	found := ""
	a.pairs(t, c.catalog, k, sevens, func(p pair) bool {
		guide := slices.ContainsFunc(readings, func(r reading) bool { return r.when.holds(p) })
		have := slices.ContainsFunc(rows, func(row *lang.Row) bool { return p.covered(row) && row.When.Holds(p.from, p.to) })
		if guide != have {
			found = fmt.Sprintf("%s: open by the guide: %t, by the catalogue: %t", p, guide, have)
		}
		return found == ""
	})
	return found
}

func TestCatalogueIsTheGuide(t *testing.T) {
	c, lines := newComparison(t), guideLines(t)
	byKey := map[key][]reading{}
	for _, l := range lines {
		if l.services() {
			continue
		}
		readings, err := l.readings()
		if err != nil {
			t.Error(err)
			continue
		}
		for _, r := range readings {
			for _, k := range r.keys() {
				byKey[k] = append(byKey[k], r)
			}
		}
	}
	for k := range c.rows {
		if byKey[k] == nil {
			t.Errorf("%s: rows %v, and no line of the guide", k, rowNames(c.rows[k]))
		}
	}
	for k, readings := range byKey {
		if c.rows[k] == nil {
			t.Errorf("%s: no row for %s", k, readings[0].line)
			continue
		}
		if d := c.difference(t, k, readings); d != "" {
			t.Errorf("%s (rows %v, %s): %s", k, rowNames(c.rows[k]), readings[0].line, d)
		}
		for _, r := range readings {
			c.columns(t, k, r)
		}
		c.citations(t, k, readings)
	}
	t.Logf("%d lines, %d pairs of roles with a port, %d rows", len(lines), len(byKey), len(slices.Concat(slices.Collect(maps.Values(c.rows))...)))
}

func rowNames(rows []*lang.Row) []string {
	var out []string
	for _, r := range rows {
		out = append(out, r.Name)
	}
	return out
}

// columns compares what a line says beside hosts, port and condition: the
// service, whether the port can be changed, the protocol that was inferred and
// the citation with its note.
func (c *comparison) columns(t *testing.T, k key, r reading) {
	l, cited := r.line, 0
	for _, row := range c.rows[k] {
		if l.service != "-" && !slices.Contains(strings.Fields(guideServices[l.service]), row.Service.Name) {
			t.Errorf("%s: service %s for the guide's %q", row.Name, row.Service.Name, l.service)
		}
		if l.configurable != (row.Ports != nil) {
			t.Errorf("%s: the port depends on a setting: %t; %s says %t", row.Name, row.Ports != nil, l, l.configurable)
		}
		if strings.Contains(l.remark, "protocol inferred") && row.Inferred == "" {
			t.Errorf("%s doesn't say that the protocol is inferred", row.Name)
		}
		if !slices.Contains(row.Cite, tableName(l.table)) {
			continue
		}
		cited++
		for _, star := range strings.Fields(strings.ReplaceAll(l.note, "-", "")) {
			if !slices.Contains(row.Cite, "note "+star) {
				t.Errorf("%s: %s has the note %s, the row cites %v", row.Name, l, star, row.Cite)
			}
		}
		if strings.Contains(l.remark, "footnote * of table 2-1 binds it") && !slices.Contains(row.Cite, "Table 2-1, note *") {
			t.Errorf("%s: %s is bound by the note of table 2-1, the row cites %v", row.Name, l, row.Cite)
		}
	}
	if cited == 0 {
		t.Errorf("%s: no row of %s cites %q", l, k, tableName(l.table))
	}
}

// citations holds that each table a row cites has a line for it.
func (c *comparison) citations(t *testing.T, k key, readings []reading) {
	parts := map[string]bool{}
	for _, name := range guideTables {
		parts[name] = true
	}
	for _, row := range c.rows[k] {
		n := 0
		for _, cite := range row.Cite {
			if cite == "Table 2-1" || !parts[cite] && !isTable(cite) {
				continue
			}
			n++
			if !slices.ContainsFunc(readings, func(r reading) bool { return tableName(r.line.table) == cite }) {
				t.Errorf("%s cites %q, which has no line for %s", row.Name, cite, k)
			}
		}
		if n == 0 {
			t.Errorf("%s cites no part of the guide: %v", row.Name, row.Cite)
		}
	}
}

func isTable(cite string) bool {
	number, ok := strings.CutPrefix(cite, "Table ")
	return ok && !strings.ContainsAny(number, ", ")
}

// TestServicesOfTheGuide compares table 2-1, which names services and no hosts.
func TestServicesOfTheGuide(t *testing.T) {
	c, n := embedded(t), 0
	for _, l := range guideLines(t) {
		if !l.services() {
			continue
		}
		n++
		s := named(t, c.Services, guideServices[l.service], func(s *lang.Service) string { return s.Name })
		if len(s.TCP) != 1 || fmt.Sprintf("tcp %d", s.TCP[0].From) != l.port || len(s.UDP) > 0 || !s.NetBackup || !slices.Contains(s.Cite, "Table 2-1") {
			t.Errorf("%s: service %s is %v, %v, NetBackup's own: %t, cites %v", l, s.Name, s.TCP, s.UDP, s.NetBackup, s.Cite)
		}
		if l.configurable {
			t.Errorf("%s: table 2-1 has no port that can be changed", l)
		}
	}
	if n != 4 {
		t.Errorf("table 2-1 has 4 services, guide.tsv has %d", n)
	}
}

// TestDirections holds that what the guide has in both directions is written in
// both.
func TestDirections(t *testing.T) {
	lines := guideLines(t)
	for _, l := range lines {
		back := slices.ContainsFunc(lines, func(m *line) bool {
			return m.both && m.table == l.table && m.source == l.destination && m.destination == l.source && m.port == l.port && m.condition == l.condition
		})
		if l.both && !back {
			t.Errorf("%s is in both directions, and there is no line for the other", l)
		}
		if !l.both && l.table == "3-6" && strings.Contains(l.port, "NETBACKUP") {
			t.Errorf("%s: the guide says bidirectional", l)
		}
	}
}

// TestDecisionsAreNeeded finds decisions that make no difference: without them,
// the line as it stands would be the catalogue too.
func TestDecisionsAreNeeded(t *testing.T) {
	c, lines := newComparison(t), guideLines(t)
	for _, l := range lines {
		if l.decided == nil {
			continue
		}
		literal, err := l.literal()
		if err != nil || len(literal.from) == 0 || len(literal.to) == 0 {
			continue // It can't be read without.
		}
		if !slices.ContainsFunc(c.touched(t, l, literal), func(k key) bool { return c.differs(t, k, literal, lines) }) {
			t.Errorf("decision %s makes no difference to %s", l.decided[0].id, l)
		}
	}
}

// touched are the keys of a line as it stands and as decided.
func (c *comparison) touched(t *testing.T, l *line, literal reading) []key {
	t.Helper()
	keys := literal.keys()
	decided, err := l.readings()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range decided {
		keys = append(keys, r.keys()...)
	}
	return keys
}

// differs reports whether rows and guide disagree on a key if one line is read
// as it stands: on what is open, or on the table that has it.
func (c *comparison) differs(t *testing.T, k key, literal reading, lines []*line) bool {
	t.Helper()
	var readings []reading
	for _, l := range lines {
		if l.services() {
			continue
		}
		list, err := []reading{literal}, error(nil)
		if l != literal.line {
			list, err = l.readings()
		}
		if err != nil {
			t.Fatal(err)
		}
		readings = append(readings, slices.DeleteFunc(list, func(r reading) bool { return !slices.Contains(r.keys(), k) })...)
	}
	if (c.rows[k] == nil) != (readings == nil) {
		return true
	}
	cited := tableName(literal.line.table)
	atTable := func(r reading) bool { return tableName(r.line.table) == cited }
	return c.difference(t, k, readings) != "" ||
		slices.ContainsFunc(c.rows[k], func(row *lang.Row) bool { return slices.Contains(row.Cite, cited) }) && !slices.ContainsFunc(readings, atTable)
}

// TestComparisonNotices takes one row of the catalogue away at a time, and one
// condition: each time, the comparison with the guide must fail.
func TestComparisonNotices(t *testing.T) {
	c, byKey := newComparison(t), map[key][]reading{}
	for _, l := range guideLines(t) {
		if readings, err := l.readings(); err == nil && !l.services() {
			for _, r := range readings {
				for _, k := range r.keys() {
					byKey[k] = append(byKey[k], r)
				}
			}
		}
	}
	conditions := 0
	for _, k := range slices.SortedFunc(maps.Keys(c.rows), func(a, b key) int { return cmp.Compare(a.String(), b.String()) }) {
		rows := c.rows[k]
		for i, row := range rows {
			c.rows[k] = slices.Delete(slices.Clone(rows), i, i+1)
			if c.difference(t, k, byKey[k]) == "" {
				t.Errorf("%s: without row %s nothing is missing", k, row.Name)
			}
			if !c.decides(t, k, row) {
				continue
			}
			conditions++
			always := *row
			always.When = nil
			c.rows[k] = append(c.rows[k], &always)
			if c.difference(t, k, byKey[k]) == "" {
				t.Errorf("%s: without the condition of row %s nothing is too much", k, row.Name)
			}
		}
		c.rows[k] = rows
	}
	if conditions < 40 {
		t.Errorf("only %d rows have a condition that matters", conditions)
	}
}

// decides reports whether the row's condition fails for some pair of 7.x hosts.
func (c *comparison) decides(t *testing.T, k key, row *lang.Row) bool {
	t.Helper()
	a, fails := newAsked(), false
	a.byRow(row)
	a.pairs(t, c.catalog, k, sevens, func(p pair) bool {
		fails = p.covered(row) && !row.When.Holds(p.from, p.to)
		return !fails
	})
	return fails
}
