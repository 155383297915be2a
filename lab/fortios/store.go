package fortios

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// field is a value that was set. Without values it is one that prints "unset".
type field struct {
	name string
	vals []token
}

// entry is one entry of a table, or what an object itself holds. Once it
// stands in a table it doesn't change any more; another takes its place.
type entry struct {
	key    string
	bare   bool // the key was typed without quotes
	fields []field
	subs   []*table
}

func (e *entry) copy() *entry {
	return &entry{key: e.key, bare: e.bare, fields: slices.Clone(e.fields), subs: slices.Clone(e.subs)}
}

func (e *entry) get(name string) []token {
	for i := range e.fields {
		if e.fields[i].name == name {
			return e.fields[i].vals
		}
	}
	return nil
}

// word is the first value of a field, or its default.
func (e *entry) word(k *schema, name string) string {
	if v := e.get(name); len(v) > 0 {
		return v[0].text
	}
	if k != nil {
		if f := k.byName[name]; f != nil {
			return f.def
		}
	}
	return ""
}

func (e *entry) put(name string, vals []token) {
	for i := range e.fields {
		if e.fields[i].name == name {
			e.fields[i].vals = vals
			return
		}
	}
	e.fields = append(e.fields, field{name, vals})
}

func (e *entry) drop(name string) {
	e.fields = slices.DeleteFunc(e.fields, func(f field) bool { return f.name == name })
}

func (e *entry) empty() bool { return len(e.fields) == 0 && len(e.subs) == 0 }

func (e *entry) sub(name string) *table {
	for _, t := range e.subs {
		if t.path == name {
			return t
		}
	}
	return nil
}

// slot holds the place of an entry.
type slot struct{ e *entry }

// table is a table with its entries in order; self is what is set beside them.
type table struct {
	path  string
	k     *schema // nil: it is kept as it is typed
	self  *entry
	slots []*slot
	byKey map[string]*slot
	// tail of the numbers: none below it is free.
	low uint64
}

func newTable(path string, k *schema) *table {
	return &table{path: path, k: k, self: &entry{}, byKey: map[string]*slot{}, low: 1}
}

func (t *table) copy() *table {
	c := newTable(t.path, t.k)
	c.self, c.low = t.self, t.low
	c.slots = make([]*slot, len(t.slots))
	all := make([]slot, len(t.slots))
	for i, s := range t.slots {
		all[i] = *s
		c.slots[i] = &all[i]
		c.byKey[s.e.key] = &all[i]
	}
	return c
}

func (t *table) find(key string) *entry {
	if s := t.byKey[key]; s != nil {
		return s.e
	}
	return nil
}

// place puts an entry where the one of its key stood, or at the end.
func (t *table) place(e *entry) {
	if s := t.byKey[e.key]; s != nil {
		s.e = e
		return
	}
	s := &slot{e}
	t.byKey[e.key] = s
	t.slots = append(t.slots, s)
}

func (t *table) index(key string) int {
	s := t.byKey[key]
	if s == nil {
		return -1
	}
	return slices.Index(t.slots, s)
}

func (t *table) remove(key string) {
	i := t.index(key)
	if i < 0 {
		return
	}
	t.slots = slices.Delete(t.slots, i, i+1)
	delete(t.byKey, key)
	t.low = 1
}

func (t *table) rename(from, to string) {
	s := t.byKey[from]
	e := s.e.copy()
	e.key = to
	s.e = e
	delete(t.byKey, from)
	t.byKey[to] = s
	t.low = 1
}

// free is the lowest number that isn't used.
func (t *table) free() string {
	for t.byKey[strconv.FormatUint(t.low, 10)] != nil {
		t.low++
	}
	return strconv.FormatUint(t.low, 10)
}

func (t *table) empty() bool { return len(t.slots) == 0 && t.self.empty() }

// scope holds the tables of a VDOM, or the global ones.
type scope struct {
	name   string
	tables []*table // in the order in which they came
	byPath map[string]*table
	names  map[string]string // policy names, with their numbers
}

func newScope(name string) *scope {
	return &scope{name: name, byPath: map[string]*table{}, names: map[string]string{}}
}

func (v *scope) copy() *scope {
	c := newScope(v.name)
	for _, t := range v.tables {
		t = t.copy()
		c.tables = append(c.tables, t)
		c.byPath[t.path] = t
	}
	for n, id := range v.names {
		c.names[n] = id
	}
	return c
}

// table returns a table; with make it is made if nobody has used it.
func (v *scope) table(path string, create bool) *table {
	t := v.byPath[path]
	if t == nil {
		t = newTable(path, schemas[path])
		if create {
			v.byPath[path] = t
			v.tables = append(v.tables, t)
		}
	}
	return t
}

func (v *scope) find(path, key string) *entry {
	if t := v.byPath[path]; t != nil {
		return t.find(key)
	}
	return nil
}

func (v *scope) object(path string) *entry {
	if t := v.byPath[path]; t != nil {
		return t.self
	}
	return &entry{}
}

// sorted returns the tables in the order of the printed configuration: what is
// named by others comes first.
func (v *scope) sorted() []*table {
	list := slices.Clone(v.tables)
	slices.SortStableFunc(list, func(a, b *table) int { return cmp.Compare(rank(a.path), rank(b.path)) })
	return list
}

func rank(path string) int {
	if r, ok := ranks[path]; ok {
		return r * 2
	}
	if strings.HasPrefix(path, "router ") || strings.HasPrefix(path, "firewall ") {
		return 2 * len(ranks)
	}
	return 2*ranks["system session-ttl"] + 1
}

// use is a name that others refer to. Interfaces are global.
type use struct{ vdom, space, name string }

// config is the configuration of a device.
type config struct {
	vdomMode bool
	version  string // of the header, e.g. 7.2.4
	fileVer  uint64
	global   *scope
	vdoms    []*scope
	uses     map[use]int
	serial   uint64 // of the last uuid
}

func newConfig(version string) *config {
	return &config{version: version, fileVer: 503739534395303, global: newScope(""), uses: map[use]int{}}
}

func (cfg *config) copy() *config {
	c := *cfg
	c.global = cfg.global.copy()
	c.vdoms = make([]*scope, len(cfg.vdoms))
	for i, v := range cfg.vdoms {
		c.vdoms[i] = v.copy()
	}
	c.uses = make(map[use]int, len(cfg.uses))
	for k, n := range cfg.uses {
		c.uses[k] = n
	}
	return &c
}

func (cfg *config) vdom(name string) *scope {
	for _, v := range cfg.vdoms {
		if v.name == name {
			return v
		}
	}
	return nil
}

// scopeOf returns the tables that hold a path, as seen from a VDOM.
func (cfg *config) scopeOf(vdom, path string) *scope {
	if isGlobal(path) {
		return cfg.global
	}
	return cfg.vdom(vdom)
}

func (cfg *config) use(vdom, space, name string) use {
	if space == "intf" && cfg.global.find("system interface", name) != nil {
		vdom = ""
	}
	return use{vdom, space, name}
}

// references calls f once for each name that an entry of a table refers to.
func references(k *schema, e *entry, f func(d *fieldDef, name string)) {
	if k == nil {
		return
	}
	type key struct{ space, name string }
	var seen map[key]bool
	for i := range e.fields {
		d := k.byName[e.fields[i].name]
		if d == nil || d.class == "" {
			continue
		}
		for _, t := range e.fields[i].vals {
			if seen == nil {
				seen = map[key]bool{}
			}
			at := key{classes[d.class].space, t.text}
			if !seen[at] {
				seen[at] = true
				f(d, t.text)
			}
		}
	}
}

// count adds n to the uses of what an entry refers to.
func (cfg *config) count(vdom string, k *schema, e *entry, n int) {
	if e == nil {
		return
	}
	references(k, e, func(d *fieldDef, name string) {
		u := cfg.use(vdom, classes[d.class].space, name)
		if cfg.uses[u] += n; cfg.uses[u] == 0 {
			delete(cfg.uses, u)
		}
	})
}
