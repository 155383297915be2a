package panos

import (
	"encoding/xml"
	"fmt"
	"hash/fnv"
	"strings"
)

// printer prints a configuration in one of the device's formats.
type printer struct {
	strings.Builder
	single bool // no words for the one virtual system
}

// listing spells the members of a list.
func listing(m []string, tail string) string {
	if len(m) == 1 {
		return quote(m[0])
	}
	var b strings.Builder
	b.WriteString("[")
	for _, x := range m {
		b.WriteString(" " + quote(x))
	}
	return b.String() + tail
}

// set prints one line for each leaf.
func (w *printer) set(n *node, prefix string) {
	switch {
	case w.single && n.s.word == "vsys" && n.s.kind == table:
		n.child("vsys1").each(func(k *node) { w.set(k, prefix+" "+quote(k.word)) })
		return
	case len(n.members) > 0:
		prefix += " " + listing(n.members, " ]")
	case n.has && n.value != "":
		prefix += " " + n.spelled()
	case n.first != nil:
		n.each(func(k *node) {
			if k.s.word == "vsys" && w.single && k.s.kind == table {
				w.set(k, prefix)
				return
			}
			w.set(k, prefix+" "+quote(k.word))
		})
		return
	}
	if n.parent != nil {
		w.WriteString(prefix + "\n")
	}
}

// braces prints the tree with its words in blocks.
func (w *printer) braces(n *node, indent string) {
	if w.single && n.s.word == "vsys" && n.s.kind == table {
		n.child("vsys1").each(func(k *node) { w.braces(k, indent) })
		return
	}
	if n.parent == nil {
		n.each(func(k *node) { w.braces(k, indent) })
		return
	}
	head := indent + quote(n.word)
	switch {
	case len(n.members) > 0:
		w.WriteString(head + " " + listing(n.members, "]") + ";\n")
	case n.has && n.value != "":
		w.WriteString(head + " " + n.spelled() + ";\n")
	case n.first == nil:
		w.WriteString(head + ";\n")
	default:
		w.WriteString(head + " {\n")
		n.each(func(k *node) { w.braces(k, indent+"  ") })
		w.WriteString(indent + "}\n")
	}
}

func escape(s string) string {
	var b strings.Builder
	// A strings.Builder takes all that is written.
	_ = xml.EscapeText(&b, []byte(s))
	return b.String()
}

// element says that a word can be an element's name.
func element(s string) bool {
	for i := range len(s) {
		if b := s[i]; !letter(b) && b != '_' && (i == 0 || !digit(b) && b != '-' && b != '.') {
			return false
		}
	}
	return s != "" && s != "entry" && s != "member"
}

// xml prints elements.
func (w *printer) xml(n *node, indent string) {
	tag, end := n.word, n.word
	if n.entry || n.s == anything && !element(n.word) {
		tag, end = `entry name="`+escape(n.word)+`"`, "entry"
		if n.s.byWord["rule-type"] != nil {
			tag += ` uuid="` + n.identity() + `"`
		}
	}
	switch {
	case len(n.members) > 0:
		w.WriteString(indent + "<" + tag + ">\n")
		for _, m := range n.members {
			w.WriteString(indent + "  <member>" + escape(m) + "</member>\n")
		}
		w.WriteString(indent + "</" + end + ">\n")
	case n.has && n.value != "":
		w.WriteString(indent + "<" + tag + ">" + escape(n.value) + "</" + end + ">\n")
	case n.first == nil:
		w.WriteString(indent + "<" + tag + "/>\n")
	default:
		w.WriteString(indent + "<" + tag + ">\n")
		n.each(func(k *node) { w.xml(k, indent+"  ") })
		w.WriteString(indent + "</" + end + ">\n")
	}
}

// identity is the UUID of a rule: the one that it was loaded with or one of
// its name.
func (n *node) identity() string {
	if n.uuid != "" {
		return n.uuid
	}
	h := fnv.New128a()
	h.Write([]byte(n.word))
	x := h.Sum(nil)
	return fmt.Sprintf("%x-%x-4%03x-8%03x-%x", x[0:4], x[4:6], x[6:8], x[8:10], x[10:16])[:36]
}

func (d *Device) asSet(root *node) string {
	w := printer{single: len(d.opt.MultiVsys) == 0}
	root.each(func(k *node) {
		if k.word == "vsys" && w.single {
			w.set(k, "set")
			return
		}
		w.set(k, "set "+quote(k.word))
	})
	return w.String()
}

func (d *Device) asBraces(root *node) string {
	w := printer{single: len(d.opt.MultiVsys) == 0}
	w.braces(root, "")
	return w.String()
}

// asXML is the whole configuration as it is stored.
func (d *Device) asXML(root *node) string {
	var w printer
	fmt.Fprintf(&w, "<config version=\"%s\" urldb=\"paloaltonetworks\">\n", escape(d.opt.Version))
	for _, k := range []string{"mgt-config", "shared"} {
		if n := root.child(k); n != nil {
			w.xml(n, "  ")
		}
	}
	w.WriteString("  <devices>\n    <entry name=\"localhost.localdomain\">\n")
	for _, k := range []string{"deviceconfig", "network", "vsys", "template", "template-stack", "device-group"} {
		if n := root.child(k); n != nil {
			w.xml(n, "      ")
		}
	}
	w.WriteString("    </entry>\n  </devices>\n</config>\n")
	return w.String()
}
