package lang

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
)

// rows are rows of an inventory as a value. They are read when something looks
// at them: as hosts with their addresses, or as objects without.
type rows struct {
	l     *loader
	call  inventoryCall
	file  string
	inv   *inventory
	chose []int32 // rows of inv; all if inv was read for this call alone
	all   bool
}

// load reads the rows without their addresses.
func (r *rows) load() {
	if r.inv == nil {
		r.inv, r.chose, r.all = r.l.inventory(r.file, r.call)
	}
}

// hosts are the rows with their addresses.
func (r *rows) hosts() *rows {
	h := &rows{l: r.l, call: r.call, file: r.file}
	h.call.NeedAddresses = true
	h.call.MayBeEmpty = false
	h.load()
	return h
}

// Len is the number of rows.
func (r *rows) Len() int {
	r.load()
	if r.all {
		return r.inv.Len()
	}
	return len(r.chose)
}

// row is the index in inv of row i.
func (r *rows) row(i int) int {
	if r.all {
		return i
	}
	return int(r.chose[i])
}

// object makes row i a value.
func (r *rows) object(i int) *object {
	cells := r.inv.Row(r.row(i))
	o := &object{keys: sortedKeys(cells)}
	for _, k := range o.keys {
		o.vals = append(o.vals, cells[k])
	}
	return o
}

// inventoryFile is a file that was read in one way for all calls that want it
// so, with indexes for calls that choose rows by one column.
type inventoryFile struct {
	inv     *inventory
	clean   bool // there was nothing to say
	columns map[string]map[string][]int32
}

// inventory reads the rows of a call. Many calls that differ only in the rows
// they choose, as for_each makes them, read the file once.
func (l *loader) inventory(file string, call inventoryCall) (inv *inventory, chose []int32, all bool) {
	src, ok := l.input(file, call.Range)
	if !ok {
		return &inventory{}, nil, true
	}
	if f := l.shared(file, src, call); f != nil {
		for column, wanted := range call.Where {
			if index := f.index(call, column); index != nil {
				for _, v := range wanted {
					chose = append(chose, index[v]...)
				}
			}
		}
		if len(call.Where) == 0 && (call.MayBeEmpty || f.inv.Len() > 0) {
			return f.inv, nil, true
		}
		if len(chose) > 0 {
			// In the order of the file, each once.
			slices.Sort(chose)
			return f.inv, slices.Compact(chose), false
		}
	}
	// The reader of the call itself knows best what to say.
	inv, diags := readInventory(file, src, call, l.lock(), l.opt.Limits)
	for _, d := range diags {
		if d.Summary != unknownHost || !l.lockBroken {
			l.diags.add(d)
		}
	}
	if inv == nil || diags.HasErrors() {
		return &inventory{}, nil, true
	}
	return inv, nil, true
}

// shared is the file read without choosing rows, nil if the call chooses in a
// way that has no index or the file has faults, which may be none of the
// call's business.
func (l *loader) shared(file string, src []byte, call inventoryCall) *inventoryFile {
	if len(call.Where) > 1 || call.Format != inventoryByName {
		return nil
	}
	var key strings.Builder
	fmt.Fprintf(&key, "%q %t", file, call.NeedAddresses)
	for _, m := range sortedKeys(call.Columns) {
		fmt.Fprintf(&key, " %q=%q", m, call.Columns[m])
	}
	f := l.inventories[key.String()]
	if f == nil {
		call.Where, call.MayBeEmpty = nil, true
		inv, diags := readInventory(file, src, call, l.lock(), l.opt.Limits)
		f = &inventoryFile{inv: inv, clean: len(diags) == 0 && inv != nil, columns: map[string]map[string][]int32{}}
		l.inventories[key.String()] = f
	}
	if !f.clean {
		return nil
	}
	return f
}

// index gives, for each text in a column, the rows that have it; nil if the
// file has no such column.
func (f *inventoryFile) index(call inventoryCall, column string) map[string][]int32 {
	if index, ok := f.columns[column]; ok {
		return index
	}
	header := column
	if h, ok := call.Columns[column]; ok {
		header = h
	}
	var index map[string][]int32
	k := slices.IndexFunc(f.inv.Headers, func(h string) bool { return strings.EqualFold(h, header) })
	if k >= 0 {
		index = f.rowsByText(k)
	}
	f.columns[column] = index
	return index
}

// rowsByText gives the rows that have each text in column k. The column of
// zones is known already; of others the file is read again.
func (f *inventoryFile) rowsByText(k int) map[string][]int32 {
	index := map[string][]int32{}
	if k == f.inv.columns.meaning[meansZone] {
		lists := make([][]int32, len(f.inv.Texts))
		for i, z := range f.inv.Zone {
			lists[z] = append(lists[z], int32(i))
		}
		for z, list := range lists {
			if len(list) > 0 {
				index[f.inv.Texts[z]] = list
			}
		}
		return index
	}
	for i := range f.inv.Len() {
		text := cellAt(f.inv.reader.at(f.inv.offsets[i]), k)
		index[text] = append(index[text], int32(i))
	}
	return index
}

// input reads a file beside the policy, once.
func (l *loader) input(name string, at hcl.Range) ([]byte, bool) {
	if f, ok := l.inputs[name]; ok {
		return f, f != nil
	}
	src, diags := readFile(l.fsys, path.Join(l.dir, name), l.opt.Limits)
	if diags.HasErrors() {
		// What is wrong is the call; the file may not even exist.
		d := *diags[0]
		d.Subject = at.Ptr()
		l.diags.add(&d)
		l.inputs[name] = nil
		return nil, false
	}
	if src == nil {
		src = []byte{}
	}
	l.inputs[name] = src
	if !l.addSize(len(src), at) {
		return nil, false
	}
	return src, true
}

func inventoryFuncs() map[string]builtin {
	return map[string]builtin{
		"inventory":   {1, 2, `inventory("FILE"), inventory("FILE", "ZONE") or inventory("FILE", { column = "HEADER", where = { column = "VALUE" } })`, callInventory},
		"bpplclients": {1, 1, `bpplclients("FILE")`, func(c *call) value { return c.rows(bpplclientsFormat) }},
		"nbemmcmd":    {1, 1, `nbemmcmd("FILE")`, func(c *call) value { return c.rows(nbemmcmdFormat) }},
	}
}

// rows is the value of a call without the second argument.
func (c *call) rows(f inventoryFormat) value {
	name := c.str(0)
	if c.bad {
		return faulty{}
	}
	if !strings.HasPrefix(name, "/") && !strings.Contains(name, "\\") {
		name = path.Clean(name)
	}
	return &rows{l: c.l, file: name, call: inventoryCall{Format: f, Range: c.rng, MayBeEmpty: true}}
}

func callInventory(c *call) value {
	v := c.rows(inventoryByName)
	r, ok := v.(*rows)
	if !ok || len(c.args) == 1 {
		return v
	}
	switch a := c.args[1].(type) {
	case string:
		r.call.Where = map[string][]string{"zone": {a}}
	case *object:
		c.inventoryOptions(r, a)
	default:
		return c.fail(1, "this must be the name of a zone, or an object with columns, but it is %s.", typeName(a))
	}
	return r
}

// inventoryOptions reads { name = "Host", where = { site = "dmz" } }.
func (c *call) inventoryOptions(r *rows, o *object) {
	r.call.Columns = map[string]string{}
	for i, k := range o.keys {
		if k == "where" {
			c.inventoryWhere(r, o.vals[i])
			continue
		}
		s, ok := o.vals[i].(string)
		if !ok {
			c.fail(1, "%s must be the header of a column, but it is %s.", clip(k), typeName(o.vals[i]))
		}
		r.call.Columns[k] = s
	}
}

func (c *call) inventoryWhere(r *rows, v value) {
	o, ok := v.(*object)
	if !ok {
		c.fail(1, "where must be an object such as { site = \"dmz\" }, but it is %s.", typeName(v))
		return
	}
	r.call.Where = map[string][]string{}
	for i, k := range o.keys {
		list, ok := o.vals[i].([]any)
		if !ok {
			list = []any{o.vals[i]}
		}
		r.call.Where[k] = []string{}
		for _, x := range list {
			s, ok := asString(x)
			if !ok {
				c.fail(1, "where.%s must be a text or a list of texts, but it is %s.", clip(k), typeName(x))
			}
			r.call.Where[k] = append(r.call.Where[k], s)
		}
	}
}
