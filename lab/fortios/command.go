package fortios

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// call is a line that is being done.
type call struct {
	d   *Device
	s   *Session
	cfg *config
	in  []token
	out strings.Builder
}

func (c *call) say(format string, args ...any) {
	fmt.Fprintf(&c.out, format, args...)
	c.out.WriteByte('\n')
}

// top is the innermost scope.
func (c *call) top() *frame {
	if n := len(c.s.stack); n > 0 {
		return &c.s.stack[n-1]
	}
	return &frame{kind: inGlobal, vdom: "root"}
}

func (c *call) push(f frame) { c.s.stack = append(c.s.stack, f) }

func (c *call) pop() { c.s.stack = c.s.stack[:len(c.s.stack)-1] }

const depthLimit = 10

// verbs are the commands of each kind of scope.
var verbs = map[frameKind][]string{
	inTable:  {"config", "edit", "set", "append", "select", "unselect", "unset", "delete", "rename", "clone", "move", "purge", "show", "get", "next", "end", "abort"},
	inEntry:  {"config", "set", "append", "select", "unselect", "unset", "show", "get", "next", "end", "abort"},
	inVDOMs:  {"edit", "delete", "show", "get", "next", "end", "abort"},
	inVDOM:   {"config", "show", "get", "execute", "diagnose", "next", "end", "abort"},
	inGlobal: {"config", "show", "get", "execute", "diagnose", "end", "abort"},
}

var topVerbs = []string{"config", "show", "get", "execute", "diagnose", "exit"}

// line does a line.
func (c *call) line(text string) error {
	text = strings.TrimLeft(text, " \t")
	if text == "" || text[0] == '#' {
		return nil
	}
	var err error
	if c.in, err = tokens(text); err != nil || len(c.in) == 0 {
		return err
	}
	words := topVerbs
	if len(c.s.stack) > 0 {
		words = verbs[c.top().kind]
	}
	verb, err := choose(c.in[0].text, words)
	if err != nil {
		if len(c.s.stack) == 0 {
			return refusal("Unknown action 0")
		}
		return err
	}
	if c.s.loading && !slices.Contains(verbs[inTable], verb) {
		return parseError(verb)
	}
	c.in = c.in[1:]
	if verb == "show" || verb == "get" || verb == "diagnose" {
		return c.filtered(verb)
	}
	if !c.s.loading && c.s.readOnly() && (verb == "set" || verb == "edit" || verb == "delete" || verb == "purge" || verb == "move" || verb == "rename" || verb == "clone" || verb == "unset" || verb == "append" || verb == "select" || verb == "unselect") {
		return errRights
	}
	if i := slices.IndexFunc(c.in, func(t token) bool { return t.text == "|" && !t.quoted }); i >= 0 {
		return parseError("|")
	}
	return c.do(verb)
}

func (c *call) do(verb string) error {
	switch verb {
	case "config":
		return c.config()
	case "edit":
		return c.edit()
	case "set", "append", "select", "unselect", "unset":
		return c.set(verb)
	case "delete":
		return c.delete()
	case "rename":
		return c.rename()
	case "clone":
		return c.clone()
	case "move":
		return c.move()
	case "purge":
		return c.purge()
	case "next", "end", "abort":
		if len(c.in) > 0 {
			return parseError(c.in[0].text)
		}
		return c.leave(verb)
	case "execute":
		return c.execute()
	case "exit":
		c.s.closed = true
	}
	return nil
}

// tableOf is the table that a scope is in; nil if its VDOM has gone.
func (c *call) tableOf(f *frame) *table {
	if f.sub != nil {
		return f.sub
	}
	v := c.cfg.scopeOf(f.vdom, f.path)
	if v == nil {
		return nil
	}
	return v.table(f.path, true)
}

// config enters a table or an object.
func (c *call) config() error {
	if len(c.in) == 0 {
		return errIncomplete
	}
	if len(c.s.stack) >= depthLimit {
		return parseError(c.in[0].text)
	}
	f := c.top()
	if f.kind == inTable || f.kind == inEntry {
		return c.nested(f)
	}
	if c.cfg.vdomMode && len(c.s.stack) == 0 {
		return c.configTop()
	}
	path, rest, err := c.path(c.in)
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		return parseError(rest[0].text)
	}
	if c.cfg.vdomMode && isGlobal(path) != (f.kind == inGlobal) {
		return parseError(strings.Fields(path)[1])
	}
	t := frame{kind: inTable, vdom: f.vdom, path: path, word: path[strings.LastIndexByte(path, ' ')+1:]}
	at := c.cfg.scopeOf(t.vdom, path)
	if at == nil {
		return parseError(c.in[0].text)
	}
	if c.s.tx != nil && slices.Contains(outsideTransactions, path) {
		return errInTransaction
	}
	if k := schemas[path]; k == nil || k.kind == "object" {
		t.e = at.object(path).copy()
	}
	c.push(t)
	return nil
}

// configTop is "config vdom" and "config global".
func (c *call) configTop() error {
	w, err := choose(c.in[0].text, []string{"vdom", "global"})
	if err != nil {
		return err
	}
	if len(c.in) > 1 {
		return parseError(c.in[1].text)
	}
	f := frame{kind: inVDOMs, word: w}
	if w == "global" {
		f.kind = inGlobal
	}
	c.push(f)
	return nil
}

// nested is "config" inside an entry or an object.
func (c *call) nested(f *frame) error {
	name := c.in[0].text
	if f.e == nil || len(c.in) > 1 || !plainName(name) {
		return parseError(name)
	}
	t := c.tableOf(f)
	if t == nil {
		return parseError(name)
	}
	var k *schema
	if t.k != nil && !t.k.open {
		if !slices.Contains(t.k.subs, name) {
			return parseError(name)
		}
		k = schemas[name]
	}
	sub := f.e.sub(name)
	if sub == nil {
		sub = newTable(name, k)
	}
	n := frame{kind: inTable, vdom: f.vdom, path: name, word: name, sub: sub.copy()}
	if k == nil || k.kind == "object" {
		n.e = sub.self.copy()
	}
	c.push(n)
	return nil
}

// path reads the words of a table, abbreviated or not.
func (c *call) path(in []token) (string, []token, error) {
	if len(in) < 2 {
		return "", nil, errIncomplete
	}
	first, err := choose(in[0].text, categories)
	if err != nil {
		return "", nil, err
	}
	second := in[1].text
	if known := secondWords[first]; known != nil {
		if second, err = choose(second, known); err != nil {
			return "", nil, err
		}
	} else if !plainName(second) {
		return "", nil, parseError(second)
	}
	path, rest := first+" "+second, in[2:]
	if schemas[path] != nil {
		return path, rest, nil
	}
	third := thirdWords[path]
	switch {
	case third == nil && len(rest) == 0:
		return path, nil, nil
	case third == nil: // e.g. vpn ipsec phase1-interface
		if !plainName(rest[0].text) || len(path)+len(rest[0].text) > 200 {
			return "", nil, parseError(rest[0].text)
		}
		return path + " " + rest[0].text, rest[1:], nil
	case len(rest) == 0:
		return "", nil, errIncomplete
	}
	w, err := choose(rest[0].text, third)
	if err != nil {
		return "", nil, err
	}
	return path + " " + w, rest[1:], nil
}

// key checks the name or the number of an entry.
func (c *call) key(t *table, in token) (string, error) {
	s := in.text
	if s == "" || strings.Contains(s, "\n") {
		return "", checkFail("name", s, -651)
	}
	if t.k == nil {
		if len(s) > 255 {
			return "", tooLong(s, 255)
		}
		return s, nil
	}
	if t.k.kind == "id" {
		n, err := strconv.ParseUint(s, 10, 64)
		if err != nil || n > t.k.limit {
			return "", valueError("value is not a number from 0 to "+strconv.FormatUint(t.k.limit, 10), s, -1)
		}
		return strconv.FormatUint(n, 10), nil
	}
	if uint64(len(s)) > t.k.limit {
		return "", tooLong(s, t.k.limit)
	}
	if !c.s.loading && strings.ContainsAny(s, forbiddenInNames) {
		return "", forbidden(s)
	}
	return s, nil
}

// edit creates or opens an entry.
func (c *call) edit() error {
	if len(c.in) == 0 {
		return errIncomplete
	}
	if len(c.in) > 1 {
		return parseError(c.in[1].text)
	}
	f := c.top()
	if f.kind == inVDOMs {
		return c.editVDOM(c.in[0].text)
	}
	t := c.tableOf(f)
	if t == nil || t.k != nil && t.k.kind == "object" {
		return parseError(c.in[0].text)
	}
	key, err := c.key(t, c.in[0])
	if err != nil {
		return err
	}
	n := frame{kind: inEntry, vdom: f.vdom, path: f.path, word: key, sub: f.sub}
	if have := t.find(key); have != nil && !c.s.fresh[have] {
		n.e = have.copy()
		if err := c.locked(&n); err != nil {
			return err
		}
		if n.sub == nil {
			c.touch(&n)
		}
	} else {
		if have == nil {
			if err := c.mayCreate(f, t, key); err != nil {
				return err
			}
			c.say("new entry '%s' added", key)
		}
		n.e, n.isNew = &entry{key: key, bare: !c.in[0].quoted}, true
	}
	c.push(n)
	return nil
}

// mayCreate says whether a table takes another entry of this name.
func (c *call) mayCreate(f *frame, t *table, key string) error {
	if most := c.d.opt.Faults.MaxEntries[f.path]; most > 0 && len(t.slots) >= most {
		return errFull
	}
	if f.sub != nil || c.s.loading {
		return nil
	}
	return c.cfg.clash(f.vdom, f.path, key)
}

// spaces are tables that share a name space, with the word for their entries.
var spaces = [][][2]string{
	{{"firewall address", "address"}, {"firewall addrgrp", "address group"}, {"firewall vip", "virtual IP"}, {"firewall vipgrp", "virtual IP group"}},
	{{"firewall address6", "address6"}, {"firewall addrgrp6", "address6 group"}, {"firewall vip6", "virtual IPv6"}},
	{{"firewall service custom", "service"}, {"firewall service group", "service group"}},
	{{"system interface", "interface"}, {"system zone", "zone"}},
	{{"firewall schedule recurring", "recurring schedule"}, {"firewall schedule onetime", "onetime schedule"}, {"firewall schedule group", "schedule group"}},
}

// clash says that another table of the name space has the name.
func (cfg *config) clash(vdom, path, key string) error {
	for _, space := range spaces {
		at := slices.IndexFunc(space, func(p [2]string) bool { return p[0] == path })
		if at < 0 {
			continue
		}
		for i, p := range space {
			if i == at {
				continue
			}
			for _, v := range cfg.searched(vdom, p[0]) {
				if v.find(p[0], key) != nil {
					a, b := space[min(i, at)][1], space[max(i, at)][1]
					return nameConflict(key, a, b)
				}
			}
		}
	}
	return nil
}

// searched are the scopes where a table may stand: an interface and the zones
// of all VDOMs share their names.
func (cfg *config) searched(vdom, path string) []*scope {
	if isGlobal(path) {
		return []*scope{cfg.global}
	}
	if vdom == "" {
		return cfg.vdoms
	}
	if v := cfg.vdom(vdom); v != nil {
		return []*scope{v}
	}
	return nil
}

// editVDOM enters a VDOM, or creates it.
func (c *call) editVDOM(name string) error {
	v := c.cfg.vdom(name)
	if v == nil {
		switch {
		case len(name) > 31:
			return tooLong(name, 31)
		case !plainName(name) || strings.Contains(name, "."):
			return checkFail("name", name, -651)
		case c.d.opt.NoNewVDOMs && !c.s.loading:
			return notFound(name)
		case c.d.opt.Faults.MaxEntries["vdom"] > 0 && len(c.cfg.vdoms) >= c.d.opt.Faults.MaxEntries["vdom"]:
			return errFull
		}
		v = newScope(name)
		if err := c.s.furnish(c.cfg, v, c.s.loading && c.s.complete); err != nil {
			return err
		}
		c.cfg.vdoms = append(c.cfg.vdoms, v)
		c.changed()
		c.say("new entry '%s' added", name)
	}
	at := slices.IndexFunc(c.cfg.vdoms, func(x *scope) bool { return x == v })
	c.say("current vf=%s:%d", name, at)
	c.push(frame{kind: inVDOM, vdom: name, word: name})
	return nil
}

// leave is "next", "end" and "abort".
func (c *call) leave(verb string) error {
	f := *c.top()
	switch f.kind {
	case inVDOMs, inGlobal:
		if verb == "next" {
			return parseError("next")
		}
		c.pop()
		return nil
	case inVDOM:
		c.pop()
		if verb != "next" {
			c.pop()
		}
		return nil
	case inTable:
		if verb == "next" {
			return parseError("next")
		}
		c.pop()
		if verb == "abort" {
			return nil
		}
		return c.endTable(&f)
	}
	var err error
	if verb != "abort" {
		err = c.commit(&f)
	}
	c.pop()
	if verb == "next" {
		return err
	}
	t := *c.top()
	c.pop()
	if verb == "end" && err == nil {
		return c.endTable(&t)
	}
	return err
}

// endTable keeps what was set in an object, and gives a nested table to its
// entry.
func (c *call) endTable(f *frame) error {
	if f.sub == nil {
		if !f.changed {
			return nil
		}
		t := c.tableOf(f)
		if t == nil {
			return parseError("end")
		}
		if err := c.locked(f); err != nil {
			return err
		}
		if err := c.objectSet(f, t); err != nil {
			return err
		}
		c.touch(f)
		t.self = f.e
		c.changed()
		return nil
	}
	if f.e != nil {
		f.sub.self = f.e
	}
	p := c.top()
	p.changed = true
	i := slices.IndexFunc(p.e.subs, func(t *table) bool { return t.path == f.path })
	switch {
	case f.sub.empty() && i >= 0:
		p.e.subs = slices.Delete(p.e.subs, i, i+1)
	case f.sub.empty():
	case i >= 0:
		p.e.subs[i] = f.sub
	default:
		p.e.subs = append(p.e.subs, f.sub)
	}
	return nil
}
