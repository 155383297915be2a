package fortios

import (
	"slices"
)

// set is "set", "append", "select", "unselect" and "unset".
func (c *call) set(verb string) error {
	f := c.top()
	if f.e == nil {
		return parseError(verb)
	}
	t := c.tableOf(f)
	if t == nil {
		return parseError(verb)
	}
	if len(c.in) == 0 {
		return errIncomplete
	}
	name := c.in[0].text
	d, err := c.field(t.k, name)
	if err != nil {
		return err
	}
	if d == nil {
		return c.keep(verb, f, name, c.in[1:])
	}
	if d.when != "" && !slices.Contains(d.whenIn, f.e.word(t.k, d.when)) {
		if verb == "unset" && c.s.loading || verb == "set" && f.path == "firewall policy" && len(c.in) == 2 && c.in[1].text == d.def {
			return nil // it says what holds without it
		}
		return parseError(name)
	}
	f.changed = true
	if verb == "unset" {
		if len(c.in) > 1 {
			return parseError(c.in[1].text)
		}
		f.e.drop(d.name)
		c.conditions(t.k, f.e, d)
		return nil
	}
	if len(c.in) == 1 {
		return errIncomplete
	}
	vals, err := c.value(d, f.e, c.in[1:])
	if err != nil {
		return err
	}
	if verb != "set" && verb != "select" {
		if !isList(d) {
			return parseError(name)
		}
		vals = changedList(verb, f.e.get(d.name), vals)
		if err := alone(d, vals); err != nil {
			return err
		}
	}
	if d.name == "type" && t.path == "firewall addrgrp" && !f.isNew && !c.s.loading && vals[0].text != f.e.word(t.k, "type") {
		return checkFail("type", vals[0].text, -651)
	}
	if len(vals) == 0 || join(vals) == d.def {
		f.e.drop(d.name)
	} else {
		f.e.put(d.name, vals)
	}
	c.conditions(t.k, f.e, d)
	return nil
}

func isList(d *fieldDef) bool { return d.kind == "refs" || d.kind == "ports" || d.kind == "any" }

// changedList is a list with values added or taken out.
func changedList(verb string, have, vals []token) []token {
	same := func(v token) func(token) bool {
		return func(o token) bool { return o.text == v.text }
	}
	out := slices.Clone(have)
	for _, v := range vals {
		has := slices.ContainsFunc(out, same(v))
		switch {
		case verb == "append" && !has:
			out = append(out, v)
		case verb == "unselect" && has:
			out = slices.DeleteFunc(out, same(v))
		}
	}
	return out
}

// field finds a field by its name, or its beginning; nil if the table keeps
// what it doesn't know.
func (c *call) field(k *schema, name string) (*fieldDef, error) {
	if k == nil {
		if !plainName(name) {
			return nil, parseError(name)
		}
		return nil, nil
	}
	if d := k.byName[name]; d != nil && d.in(c.cfg.version) {
		return d, nil
	}
	if k.open && plainName(name) {
		return nil, nil
	}
	var words []string
	for _, d := range k.fields {
		if d.in(c.cfg.version) {
			words = append(words, d.name)
		}
	}
	w, err := choose(name, words)
	if err != nil {
		return nil, err
	}
	return k.byName[w], nil
}

// keep sets a field that is kept as it is typed. One that is unset is kept as
// such.
func (c *call) keep(verb string, f *frame, name string, vals []token) error {
	f.changed = true
	if verb == "unset" {
		if len(vals) > 0 {
			return parseError(vals[0].text)
		}
		f.e.put(name, nil)
		return nil
	}
	if len(vals) == 0 {
		return errIncomplete
	}
	if verb == "append" || verb == "unselect" {
		vals = changedList(verb, f.e.get(name), vals)
	}
	f.e.put(name, vals)
	return nil
}

// conditions drops the fields that don't exist beside the new value of
// another.
func (c *call) conditions(k *schema, e *entry, changed *fieldDef) {
	for _, d := range k.fields {
		if d.when == changed.name && !slices.Contains(d.whenIn, e.word(k, changed.name)) && e.get(d.name) != nil {
			e.drop(d.name)
			c.conditions(k, e, d)
		}
	}
}
