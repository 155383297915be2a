package fortigate

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// typed is a device as far as commands go: tables of entries of fields. An entry
// takes effect at its "next". It checks what a FortiGate checks: references
// exist, an entry in use isn't deleted, a group isn't empty, a name is unique.
type typed struct {
	t       testing.TB
	tables  map[string]*typedTable
	order   []string
	vdom    string
	path    []string
	entry   string
	open    map[string][]string
	changed func() // called after each command that takes effect
	lines   int
}

type typedTable struct {
	order   []string
	entries map[string]map[string][]string
}

func newTyped(t testing.TB) *typed {
	return &typed{t: t, tables: map[string]*typedTable{}, changed: func() {}}
}

// words splits a line as the command line does, of what this package writes.
func words(line string) []string {
	var out []string
	for line != "" {
		line = strings.TrimLeft(line, " ")
		if line == "" {
			break
		}
		if line[0] == '"' {
			end := strings.IndexByte(line[1:], '"')
			if end < 0 {
				panic("unmatched double quote: " + line)
			}
			out, line = append(out, line[1:1+end]), line[end+2:]
			continue
		}
		w, rest, _ := strings.Cut(line, " ")
		out, line = append(out, w), rest
	}
	return out
}

func (d *typed) table() *typedTable {
	name := strings.Join(d.path, " ")
	if d.tables[name] == nil {
		d.tables[name] = &typedTable{entries: map[string]map[string][]string{}}
		d.order = append(d.order, name)
	}
	return d.tables[name]
}

func (d *typed) do(line string) {
	d.t.Helper()
	d.lines++
	if strings.HasPrefix(line, "#") || strings.TrimSpace(line) == "" {
		return
	}
	if len(line) > 1000 || strings.ContainsAny(line, "?\t\n\r") {
		d.t.Fatalf("can't be typed: %q", line)
	}
	w := words(line)
	switch w[0] {
	case "config":
		if d.path != nil {
			d.t.Fatalf("%q inside of %v", line, d.path)
		}
		d.path = w[1:]
	case "edit":
		if d.path[0] == "vdom" {
			d.vdom, d.path = w[1], nil
			return
		}
		d.entry, d.open = w[1], maps.Clone(d.table().entries[w[1]])
		if d.open == nil {
			d.open = map[string][]string{}
		}
	case "set", "append":
		values := w[2:]
		if w[0] == "append" {
			values = slices.Concat(d.open[w[1]], values)
		}
		d.open[w[1]] = values
	case "unselect":
		d.open[w[1]] = slices.DeleteFunc(slices.Clone(d.open[w[1]]), func(s string) bool { return slices.Contains(w[2:], s) })
	case "unset":
		d.open[w[1]] = nil
	case "next":
		d.commit()
	case "delete":
		d.remove(w[1])
	case "move":
		o := d.table().order
		o = slices.DeleteFunc(o, func(s string) bool { return s == w[1] })
		i := slices.Index(o, w[3])
		if i < 0 {
			d.t.Fatalf("no such policy: %s", line)
		}
		d.table().order = slices.Insert(o, i, w[1])
		d.changed()
	case "end":
		if d.path == nil && d.vdom == "" {
			d.t.Fatal("an end too many")
		}
		if d.path == nil {
			d.vdom = ""
		}
		d.path = nil
	default:
		d.t.Fatalf("unknown command %q", line)
	}
}

func (d *typed) commit() {
	d.t.Helper()
	tab := d.table()
	table := strings.Join(d.path, " ")
	if strings.Contains(table, "addrgrp") && len(d.open["member"]) == 0 {
		d.t.Fatalf("the group %s is empty\n%s", d.entry, d.text(""))
	}
	if table == policyTable {
		for id, e := range tab.entries {
			if id != d.entry && len(e["name"]) > 0 && slices.Equal(e["name"], d.open["name"]) {
				d.t.Fatalf("two policies are called %s", e["name"])
			}
		}
	}
	for field, targets := range references {
		if strings.HasPrefix(field, table+" ") {
			for _, name := range d.open[strings.TrimPrefix(field, table+" ")] {
				if !slices.ContainsFunc(targets, func(t string) bool { return d.tables[t] != nil && d.tables[t].entries[name] != nil }) && !factoryNames[name] {
					d.t.Fatalf("%s %s: entry not found in datasource: %s", table, d.entry, name)
				}
			}
		}
	}
	if tab.entries[d.entry] == nil {
		tab.order = append(tab.order, d.entry)
	}
	tab.entries[d.entry] = d.open
	d.entry, d.open = "", nil
	d.changed()
}

var factoryNames = map[string]bool{"all": true, "ALL": true, "SSH": true, "HTTPS": true}

// references says which tables the names in a field are of.
var references = map[string][]string{
	"firewall addrgrp member":   {"firewall address", "firewall addrgrp"},
	"firewall addrgrp6 member":  {"firewall address6", "firewall addrgrp6"},
	"firewall policy srcaddr":   {"firewall address", "firewall addrgrp"},
	"firewall policy dstaddr":   {"firewall address", "firewall addrgrp"},
	"firewall policy srcaddr6":  {"firewall address6", "firewall addrgrp6"},
	"firewall policy dstaddr6":  {"firewall address6", "firewall addrgrp6"},
	"firewall policy service":   {"firewall service custom"},
	"firewall addrgrp exclude":  nil,
	"firewall addrgrp6 exclude": nil,
}

func (d *typed) remove(name string) {
	d.t.Helper()
	table := strings.Join(d.path, " ")
	for field, targets := range references {
		if !slices.Contains(targets, table) {
			continue
		}
		in := field[:strings.LastIndexByte(field, ' ')]
		for _, id := range d.tables[in].names() {
			if slices.Contains(d.tables[in].entries[id][field[len(in)+1:]], name) {
				d.t.Fatalf("delete %s %s: the entry is used by %s %s", table, name, in, id)
			}
		}
	}
	tab := d.table()
	if tab.entries[name] == nil {
		d.t.Fatalf("delete %s: no such entry", name)
	}
	delete(tab.entries, name)
	tab.order = slices.DeleteFunc(tab.order, func(s string) bool { return s == name })
	d.changed()
}

func (t *typedTable) names() []string {
	if t == nil {
		return nil
	}
	return t.order
}

// text is the configuration as it is in effect.
func (d *typed) text(vdom string) string {
	var b strings.Builder
	if vdom != "" {
		fmt.Fprintf(&b, "config vdom\nedit root\nnext\nedit %s\nnext\nend\nconfig vdom\nedit %s\n", vdom, vdom)
	}
	for _, name := range d.order {
		fmt.Fprintf(&b, "config %s\n", name)
		for _, id := range d.tables[name].order {
			fmt.Fprintf(&b, "    edit %s\n", quoted(id))
			e := d.tables[name].entries[id]
			for _, f := range sortedKeys(e) {
				if e[f] == nil {
					fmt.Fprintf(&b, "        unset %s\n", f)
					continue
				}
				fmt.Fprintf(&b, "        set %s", f)
				for _, v := range e[f] {
					b.WriteString(" " + quoted(v))
				}
				b.WriteString("\n")
			}
			b.WriteString("    next\n")
		}
		b.WriteString("end\n")
	}
	if vdom != "" {
		b.WriteString("end\n")
	}
	return b.String()
}

func (d *typed) all(text string) {
	d.t.Helper()
	for line := range strings.Lines(text) {
		d.do(strings.TrimSpace(line))
	}
}
