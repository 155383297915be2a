package fortios

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// printer writes a configuration as the device does.
type printer struct {
	b       strings.Builder
	full    bool // with the defaults
	version string
}

func (p *printer) line(depth int, parts ...string) {
	for range depth {
		p.b.WriteString("    ")
	}
	for i, s := range parts {
		if i > 0 && s != "" {
			p.b.WriteByte(' ')
		}
		p.b.WriteString(s)
	}
	p.b.WriteByte('\n')
}

func (p *printer) table(t *table, depth int, only string) {
	p.line(depth, "config", t.path)
	if t.k == nil || t.k.kind == "object" {
		p.entry(t.k, t.self, depth+1)
	}
	for _, s := range t.slots {
		if only != "" && s.e.key != only {
			continue
		}
		p.line(depth+1, "edit", printedKey(t.k, s.e))
		p.entry(t.k, s.e, depth+2)
		p.line(depth+1, "next")
	}
	p.line(depth, "end")
}

func printedKey(k *schema, e *entry) string {
	if k != nil && k.kind == "id" {
		return e.key
	}
	if k == nil && e.bare {
		return token{text: e.key}.String()
	}
	return quote(e.key)
}

func (p *printer) entry(k *schema, e *entry, depth int) {
	if p.full && k != nil {
		p.fullEntry(k, e, depth)
	} else {
		for _, f := range inOrder(k, e) {
			p.field(k, f, depth)
			if f.name == "icmptype" {
				p.noCode(k, e, depth)
			}
		}
		p.noType(k, e, depth)
	}
	for _, t := range e.subs {
		p.table(t, depth, "")
	}
}

// noType and noCode print what an ICMP service doesn't say, because "none" is
// no default there.
func (p *printer) noType(k *schema, e *entry, depth int) {
	if k != nil && k.byName["icmptype"] != nil && strings.HasPrefix(e.word(k, "protocol"), "ICMP") && e.get("icmptype") == nil {
		p.line(depth, "unset icmptype")
	}
}

func (p *printer) noCode(k *schema, e *entry, depth int) {
	if k != nil && k.byName["icmpcode"] != nil && e.get("icmpcode") == nil {
		p.line(depth, "unset icmpcode")
	}
}

// inOrder sorts the fields of an entry as the device prints them. Fields that
// are kept come last, as they were typed.
func inOrder(k *schema, e *entry) []field {
	if k == nil {
		return e.fields
	}
	list := slices.Clone(e.fields)
	place := func(f field) int {
		if d := k.byName[f.name]; d != nil {
			return d.at
		}
		return len(k.fields)
	}
	slices.SortStableFunc(list, func(a, b field) int { return cmp.Compare(place(a), place(b)) })
	return list
}

func (p *printer) field(k *schema, f field, depth int) {
	if len(f.vals) == 0 {
		p.line(depth, "unset", f.name)
		return
	}
	p.line(depth, "set", f.name, join(f.vals))
}

// fullEntry prints every field that there is, with its default.
func (p *printer) fullEntry(k *schema, e *entry, depth int) {
	for _, d := range k.fields {
		vals := e.get(d.name)
		switch {
		case !d.in(p.version) || d.when != "" && !slices.Contains(d.whenIn, e.word(k, d.when)):
		case len(vals) > 0:
			p.line(depth, "set", d.name, join(vals))
		case d.def != "":
			p.line(depth, "set", d.name, d.def)
		case d.kind == "str" || d.kind == "ref" || d.kind == "refs" || d.kind == "fqdn":
			p.line(depth, "set", d.name, "''")
		case d.kind != "any" || e.has(d.name):
			p.line(depth, "unset", d.name)
		}
	}
	for _, f := range inOrder(k, e) {
		if k.byName[f.name] == nil {
			p.field(k, f, depth)
		}
	}
}

func (e *entry) has(name string) bool {
	return slices.ContainsFunc(e.fields, func(f field) bool { return f.name == name })
}

func (p *printer) scope(v *scope) {
	for _, t := range v.sorted() {
		if !t.empty() {
			p.table(t, 0, "")
		}
	}
}

// Running returns the configuration as "show" prints it.
func (d *Device) Running() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.tick()
	return d.cfg.print(false)
}

func (cfg *config) print(full bool) string {
	p := printer{full: full, version: cfg.version}
	mode := 0
	if cfg.vdomMode {
		mode = 1
	}
	fmt.Fprintf(&p.b, "#config-version=FGVMK6-%s-FW-build%s-230131:opmode=1:vdom=%d:user=admin\n", cfg.version, cfg.build(), mode)
	fmt.Fprintf(&p.b, "#conf_file_ver=%s\n#buildno=%s\n#global_vdom=1\n", strconv.FormatUint(cfg.fileVer, 10), cfg.build())
	if !cfg.vdomMode {
		all := newScope("")
		all.tables = append(slices.Clone(cfg.global.tables), cfg.vdoms[0].tables...)
		p.scope(all)
		return p.b.String()
	}
	p.b.WriteString("\nconfig vdom\n")
	for _, v := range cfg.vdoms {
		p.b.WriteString("edit " + v.name + "\nnext\n")
	}
	p.b.WriteString("end\n\nconfig global\n")
	p.scope(cfg.global)
	p.b.WriteString("end\n")
	for _, v := range cfg.vdoms {
		p.b.WriteString("\nconfig vdom\nedit " + v.name + "\n")
		p.scope(v)
		p.b.WriteString("end\n")
	}
	return p.b.String()
}

func (cfg *config) build() string {
	switch {
	case newer(cfg.version, "7.6.0"):
		return "3401"
	case newer(cfg.version, "7.4.0"):
		return "2463"
	case newer(cfg.version, "7.2.0"):
		return "1396"
	}
	return "0523"
}
