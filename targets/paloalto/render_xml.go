package paloalto

import (
	"encoding/xml"
	"io"
	"strings"

	"github.com/nbfwc/nbfwc/targets"
)

// RenderXML writes what Render writes as XML, as a file for "load config
// partial".
func RenderXML(out io.Writer, job targets.Job) error {
	m, err := rendered(&job)
	if err != nil {
		return err
	}
	x := &xmlText{}
	x.line(`<?xml version="1.0"?>`)
	for _, n := range notes(&job) {
		x.line("<!-- " + strings.ReplaceAll(n, "--", "-_") + " -->")
	}
	x.model(m, job.OS)
	_, err = io.WriteString(out, x.b.String())
	return err
}

// xmlText is indented XML.
type xmlText struct {
	b     strings.Builder
	depth int
}

func (x *xmlText) line(s string) {
	x.b.WriteString(strings.Repeat("  ", x.depth) + s + "\n")
}

// in writes an element around what inside writes.
func (x *xmlText) in(open string, inside func()) {
	x.line("<" + open + ">")
	x.depth++
	inside()
	x.depth--
	name, _, _ := strings.Cut(open, " ")
	x.line("</" + name + ">")
}

// entry is the start of an element that has a name.
func entryElement(name string) string { return `entry name="` + escaped(name) + `"` }

func escaped(s string) string {
	var b strings.Builder
	xml.EscapeText(&b, []byte(s)) // a strings.Builder takes everything
	return b.String()
}

func (x *xmlText) model(m *model, os string) {
	config := "config"
	if os != "" {
		if strings.Count(os, ".") == 1 {
			os += ".0"
		}
		config += ` version="` + escaped(os) + `"`
	}
	list, base := "vsys", "rulebase"
	if m.panorama {
		list, base = "device-group", "pre-rulebase"
	}
	c := m.context()
	x.in(config, func() {
		x.in("devices", func() {
			x.in(entryElement("localhost.localdomain"), func() {
				x.in(list, func() {
					x.in(entryElement(m.vsys), func() { x.scope(c, base, m.panorama) })
				})
			})
		})
	})
}

func (x *xmlText) scope(c *scope, base string, panorama bool) {
	x.entries("tag", len(c.tags.list), func(i int) (string, settings) { return c.tags.list[i].name, c.tags.list[i].settings() })
	x.entries("address", len(c.addresses.list), func(i int) (string, settings) {
		return c.addresses.list[i].name, c.addresses.list[i].settings()
	})
	x.entries("address-group", len(c.addressGroups.list), func(i int) (string, settings) {
		return c.addressGroups.list[i].name, c.addressGroups.list[i].settings()
	})
	x.entries("service", len(c.services.list), func(i int) (string, settings) {
		return c.services.list[i].name, c.services.list[i].settings()
	})
	rules := c.base(panorama).security.list
	if len(rules) == 0 {
		return
	}
	x.in(base, func() {
		x.in("security", func() {
			x.entries("rules", len(rules), func(i int) (string, settings) { return rules[i].name, rules[i].settings() })
		})
	})
}

// entries writes a list of objects of one kind.
func (x *xmlText) entries(kind string, n int, at func(int) (string, settings)) {
	if n == 0 {
		return
	}
	x.in(kind, func() {
		for i := range n {
			name, s := at(i)
			x.line("<" + entryElement(name) + ">" + s.xml(nil) + "</entry>")
		}
	})
}

// xml are the settings whose path begins with the words, without these. Fields
// with the same first word are one element.
func (l settings) xml(below []string) string {
	var b strings.Builder
	for i := 0; i < len(l); {
		path := strings.Split(l[i].path, " ")[len(below):]
		if len(path) == 0 {
			b.WriteString(l[i].xmlValues())
			i++
			continue
		}
		inner := append(below[:len(below):len(below)], path[0])
		same := strings.Join(inner, " ")
		k := i + 1
		for k < len(l) && (l[k].path == same || strings.HasPrefix(l[k].path, same+" ")) {
			k++
		}
		b.WriteString("<" + path[0] + ">" + l[i:k].xml(inner) + "</" + path[0] + ">")
		i = k
	}
	return b.String()
}

func (f setting) xmlValues() string {
	if !f.list {
		return escaped(f.values[0])
	}
	var b strings.Builder
	for _, v := range f.values {
		b.WriteString("<member>" + escaped(v) + "</member>")
	}
	return b.String()
}
