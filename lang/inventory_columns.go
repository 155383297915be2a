package lang

import (
	"fmt"
	"slices"
	"strings"

	"github.com/agext/levenshtein"
)

// meanings are the columns that say something about a host.
var meanings = [...]string{"name", "address", "backup", "ipmi", "virtual", "zone", "version", "roles", "features", "key"}

// Indexes of meanings.
const (
	meansName = iota
	meansAddress
	meansBackup
	meansIPMI
	meansVirtual
	meansZone
	meansVersion
	meansRoles
	meansFeatures
	meansKey
)

// addressMeanings are the columns with addresses, and what those are for.
var addressMeanings = [...]struct {
	meaning int
	use     Use
}{{meansAddress, Data}, {meansBackup, Backup}, {meansIPMI, IPMI}, {meansVirtual, Virtual}}

// inventoryColumns binds the headers of a file to what a call wants of them.
type inventoryColumns struct {
	meaning [len(meanings)]int // index of the column, -1 if the file has none
	chosen  [len(meanings)]bool
	header  [len(meanings)]string
	where   []whereColumn
}

// whereColumn is a condition on a column.
type whereColumn struct {
	name   string // as the call has it
	header string
	column int // -1 if the file has none
	values []string
	seen   []string // distinct values that don't match, a few, for a hint
}

// newInventoryColumns takes the wishes of a call. The error says which column
// can't be chosen.
func newInventoryColumns(call inventoryCall) (*inventoryColumns, error) {
	c := &inventoryColumns{}
	for m, name := range meanings {
		c.meaning[m] = -1
		header, chosen := call.Columns[name]
		if !chosen {
			header = name
		}
		c.chosen[m] = chosen
		c.header[m] = header
	}
	for _, name := range sortedNames(call.Columns) {
		if !slices.Contains(meanings[:], name) {
			return nil, fmt.Errorf("%q is not what a column can be chosen for: that is one of %s.%s", clip(name), strings.Join(meanings[:], ", "), didYouMean(name, meanings[:]))
		}
	}
	for _, name := range sortedNames(call.Where) {
		header := name
		if h, ok := call.Columns[name]; ok {
			header = h
		}
		c.where = append(c.where, whereColumn{name: name, header: header, column: -1, values: call.Where[name]})
	}
	return c, nil
}

// bind takes the header of column k. Case doesn't matter.
func (c *inventoryColumns) bind(header string, k int) {
	for m := range c.header {
		if strings.EqualFold(c.header[m], header) {
			c.meaning[m] = k
		}
	}
	for i := range c.where {
		if strings.EqualFold(c.where[i].header, header) {
			c.where[i].column = k
		}
	}
}

// missing says which column of the call is not in the file, "" if none.
func (c *inventoryColumns) missing(headers []string) string {
	for m, chosen := range c.chosen {
		if chosen && c.meaning[m] < 0 {
			return missingColumn(c.header[m], headers)
		}
	}
	for _, w := range c.where {
		if w.column < 0 {
			return missingColumn(w.header, headers)
		}
	}
	return ""
}

// shownColumns is how many columns of a file a message names.
const shownColumns = 12

func missingColumn(name string, headers []string) string {
	some := headers
	more := ""
	if len(some) > shownColumns {
		some, more = some[:shownColumns], ", ..."
	}
	return fmt.Sprintf("There is no column %q. The columns are: %s%s.%s", clip(name), clip200(strings.Join(some, ", ")), more, didYouMean(name, headers))
}

func clip200(s string) string {
	if len(s) <= 200 {
		return s
	}
	return strings.ToValidUTF8(s[:200], "") + "..."
}

// chooses reports whether the row meets all conditions.
func (c *inventoryColumns) chooses(cells []cell) bool {
	for i := range c.where {
		w := &c.where[i]
		v := cellAt(cells, w.column)
		if !slices.Contains(w.values, v) {
			if len(w.seen) < 100 && !slices.Contains(w.seen, v) {
				w.seen = append(w.seen, v)
			}
			return false
		}
	}
	return true
}

// nothing says why no row was chosen.
func (c *inventoryColumns) nothing() string {
	if len(c.where) == 0 {
		return "The file has no rows."
	}
	var conditions []string
	hint := ""
	for _, w := range c.where {
		conditions = append(conditions, fmt.Sprintf("%s = %q", w.name, strings.Join(w.values, "|")))
		for _, v := range w.values {
			if hint == "" {
				hint = didYouMean(v, w.seen)
			}
		}
	}
	return fmt.Sprintf("No row has %s.%s", clip200(strings.Join(conditions, " and ")), hint)
}

func cellAt(cells []cell, k int) string {
	if k < 0 || k >= len(cells) {
		return ""
	}
	return cells[k].text
}

// didYouMean is a hint at the known name nearest to given, with a blank
// before it, or "". The measure and its bound are those of HCL's own hints.
func didYouMean(given string, known []string) string {
	best, least := "", 3
	for _, k := range known {
		if k == "" || len(k) > 100 || len(given) > 100 {
			continue
		}
		d := levenshtein.Distance(strings.ToLower(given), strings.ToLower(k), nil)
		if d < least && d < len(k) {
			best, least = k, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf(" Did you mean %q?", best)
}

func sortedNames[V any](m map[string]V) []string {
	names := make([]string, 0, len(m))
	for k := range m {
		names = append(names, k)
	}
	slices.Sort(names)
	return names
}
