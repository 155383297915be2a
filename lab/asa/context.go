package asa

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// kept of the system execution space.
var systemWords = []string{"context", "admin-context"}

// notInSystem are global commands of contexts only.
var notInSystem = []string{"object", "object-group", "access-list", "access-group", "name", "names", "time-range", "class-map", "policy-map", "service-policy", "nat", "same-security-traffic"}

// addContexts makes a machine one of several contexts. The first is the admin
// context.
func (b *box) addContexts(names []string) error {
	b.system = &Device{box: b, name: "system"}
	for _, n := range names {
		d := &Device{box: b, name: n}
		if err := d.load(factory); err != nil {
			return err
		}
		b.contexts = append(b.contexts, d)
	}
	var t strings.Builder
	fmt.Fprintf(&t, "hostname %s\nprompt hostname context\nadmin-context %s\n", b.opt.Hostname, names[0])
	for _, n := range names {
		fmt.Fprintf(&t, "context %s\n  config-url disk0:/%s.cfg\n", n, n)
	}
	return b.system.load(t.String())
}

// Context returns a context, or the system execution space by the name
// "system"; nil if there is none.
func (d *Device) Context(name string) *Device {
	for _, v := range d.views() {
		if v.name == name && name != "" {
			return v
		}
	}
	return nil
}

// changeTo is "changeto context NAME" and "changeto system".
func (c *call) changeTo() error {
	if home := c.s.home; !c.d.multiple() || home != c.d.system && home != c.d.contexts[0] {
		return invalid(0)
	}
	w, err := c.in.keyword("context", "system")
	if err != nil {
		return err
	}
	to := c.d.system
	if w == "context" {
		n, err := c.in.word()
		if err != nil {
			return err
		}
		i := slices.IndexFunc(c.d.contexts, func(d *Device) bool { return d.name == n })
		if i < 0 {
			return refuse("ERROR: Context <%s> does not exist", n)
		}
		to = c.d.contexts[i]
	}
	if err := c.in.done(); err != nil {
		return err
	}
	c.s.d, c.s.draft = to, nil
	c.s.mode = mode{kind: modeEnable}
	return nil
}

// showContext is "show context [NAME]".
func (c *call) showContext() error {
	if !c.d.multiple() || c.d != c.d.system && c.d != c.d.contexts[0] {
		return invalid(len("show "))
	}
	name := c.in.peek()
	c.in.at += len(name)
	if err := c.in.done(); err != nil {
		return err
	}
	if name != "" && c.d.Context(name) == nil {
		return refuse("ERROR: Context <%s> does not exist", name)
	}
	c.say("Context Name      Class      Interfaces           Mode         URL")
	for i, d := range c.d.contexts {
		if name != "" && d.name != name {
			continue
		}
		mark := " "
		if i == 0 {
			mark = "*"
		}
		var ports []string
		for _, f := range d.cfg.interfaces {
			ports = append(ports, f.port)
		}
		c.say("%s%-17s%-11s%-21s%-13s%s", mark, d.name, "default", strings.Join(ports, ","), "Routed", "disk0:/"+d.name+".cfg")
	}
	if name == "" {
		c.say("\nTotal active Security Contexts: %d", len(c.d.contexts))
	}
	return nil
}

// versionLine is the line of the version in a printed configuration.
func (d *Device) versionLine() string {
	out := "ASA Version " + d.cfg.version + " "
	switch {
	case d.box.system == d:
		out += "<system>"
	case d.multiple():
		out += "<context>"
	}
	return out
}

// checkContexts says whether contexts may have these names.
func checkContexts(names []string) error {
	for i, n := range names {
		if n == "" || n == "system" || n == "null" || len(n) > 32 || strings.ContainsAny(n, " \t/") || slices.Contains(names[:i], n) {
			return errors.New("asa: a context can't be named " + n)
		}
	}
	return nil
}
