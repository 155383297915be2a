package fortios

import (
	"slices"
	"strings"
)

// open is the table of the scope, if entries can be handled in it.
func (c *call) openTable() (*frame, *table, error) {
	f := c.top()
	t := c.tableOf(f)
	if t == nil || t.k != nil && t.k.kind == "object" {
		return nil, nil, parseError(f.word)
	}
	return f, t, nil
}

// delete removes an entry that nobody refers to.
func (c *call) delete() error {
	if len(c.in) != 1 {
		return errIncomplete
	}
	if c.top().kind == inVDOMs {
		return c.deleteVDOM(c.in[0].text)
	}
	f, t, err := c.openTable()
	if err != nil {
		return err
	}
	e := t.find(c.in[0].text)
	if e == nil {
		return absent(c.in[0].text)
	}
	if n := c.usesOf(f, t, e.key); n > 0 {
		return inUse(n)
	}
	if err := c.locked(&frame{vdom: f.vdom, path: f.path, sub: f.sub, e: e}); err != nil {
		return err
	}
	c.removed(f, t, e)
	return nil
}

func (c *call) usesOf(f *frame, t *table, key string) int {
	if f.sub != nil || t.k == nil || t.k.space == "" {
		return 0
	}
	return c.cfg.uses[c.cfg.use(f.vdom, t.k.space, key)]
}

func (c *call) removed(f *frame, t *table, e *entry) {
	t.remove(e.key)
	if f.sub != nil {
		return
	}
	c.cfg.count(f.vdom, t.k, e, -1)
	c.renamed(f.vdom, f.path, e, nil)
	c.touch(&frame{vdom: f.vdom, path: f.path, e: e})
	c.changed()
}

func (c *call) deleteVDOM(name string) error {
	v := c.cfg.vdom(name)
	if v == nil {
		return absent(name)
	}
	n := 0
	if t := c.cfg.global.byPath["system interface"]; t != nil {
		for _, s := range t.slots {
			if s.e.word(t.k, "vdom") == name {
				n++
			}
		}
	}
	if n > 0 || name == "root" {
		return inUse(max(n, 1))
	}
	c.cfg.vdoms = slices.DeleteFunc(c.cfg.vdoms, func(x *scope) bool { return x == v })
	for u := range c.cfg.uses {
		if u.vdom == name {
			delete(c.cfg.uses, u)
		}
	}
	c.changed()
	return nil
}

// purge removes all entries, after a question.
func (c *call) purge() error {
	if _, _, err := c.openTable(); err != nil {
		return err
	}
	if len(c.in) > 0 {
		return parseError(c.in[0].text)
	}
	if c.s.loading {
		return c.purgeAll()
	}
	c.say("This operation will clear all table!")
	c.s.confirm = (*call).purgeAll
	return nil
}

func (c *call) purgeAll() error {
	f, t, err := c.openTable()
	if err != nil {
		return err
	}
	for _, s := range t.slots {
		if n := c.usesOf(f, t, s.e.key); n > 0 {
			return inUse(n)
		}
	}
	for _, s := range slices.Clone(t.slots) {
		c.removed(f, t, s.e)
	}
	return nil
}

// pair reads "A WORD B".
func (c *call) pair(words ...string) (a token, word string, b token, err error) {
	if len(c.in) < 3 {
		return a, "", b, errIncomplete
	}
	if len(c.in) > 3 {
		return a, "", b, parseError(c.in[3].text)
	}
	word, err = choose(c.in[1].text, words)
	return c.in[0], word, c.in[2], err
}

// move is "move A before B" and "move A after B".
func (c *call) move() error {
	f, t, err := c.openTable()
	if err != nil {
		return err
	}
	a, word, b, err := c.pair("before", "after")
	if err != nil {
		return err
	}
	s, to := t.byKey[a.text], t.byKey[b.text]
	switch {
	case s == nil:
		return notFound(a.text)
	case to == nil:
		return notFound(b.text)
	case s == to:
		return nil
	}
	if err := c.locked(&frame{vdom: f.vdom, path: f.path, sub: f.sub, e: s.e}); err != nil {
		return err
	}
	i := t.index(a.text)
	t.slots = slices.Delete(t.slots, i, i+1)
	j := t.index(b.text)
	if word == "after" {
		j++
	}
	t.slots = slices.Insert(t.slots, j, s)
	if f.sub == nil {
		c.touch(&frame{vdom: f.vdom, path: f.path, e: s.e})
		c.changed()
	} else {
		f.changed = true
	}
	return nil
}

// newKey is the name or number for an entry that doesn't exist yet.
func (c *call) newKey(f *frame, t *table, in token) (string, error) {
	key, err := c.key(t, in)
	if err != nil {
		return "", err
	}
	if t.find(key) != nil {
		return "", valueError("entry already exists", key, -5)
	}
	return key, c.mayCreate(f, t, key)
}

// clone copies an entry. A policy's name stays with the first.
func (c *call) clone() error {
	f, t, err := c.openTable()
	if err != nil {
		return err
	}
	a, _, b, err := c.pair("to")
	if err != nil {
		return err
	}
	have := t.find(a.text)
	if have == nil {
		return notFound(a.text)
	}
	key, err := c.newKey(f, t, b)
	if err != nil {
		return err
	}
	e := have.copy()
	e.key, e.bare = key, !b.quoted
	if t.k != nil && t.k.byName["uuid"] != nil {
		e.drop("uuid")
	}
	if t.k != nil && t.k.kind == "id" {
		e.drop("name")
		if key == "0" {
			e.key = t.free()
		}
	}
	if f.sub == nil {
		c.cfg.complete(t.k, e)
	}
	t.place(e)
	if f.sub == nil {
		c.cfg.count(f.vdom, t.k, e, 1)
		c.touch(&frame{vdom: f.vdom, path: f.path, e: e})
		c.changed()
	}
	return nil
}

// rename gives an entry another name; what refers to it follows.
func (c *call) rename() error {
	f, t, err := c.openTable()
	if err != nil {
		return err
	}
	a, _, b, err := c.pair("to")
	if err != nil {
		return err
	}
	if t.find(a.text) == nil {
		return notFound(a.text)
	}
	if a.text == b.text {
		return nil
	}
	key, err := c.newKey(f, t, b)
	if err != nil {
		return err
	}
	if f.path == "system interface" && f.sub == nil {
		return checkFail("name", key, -651)
	}
	used := c.usesOf(f, t, a.text)
	from := t.find(a.text)
	c.renamed(f.vdom, f.path, from, nil)
	t.rename(a.text, key)
	if f.sub != nil {
		return nil
	}
	c.renamed(f.vdom, f.path, nil, t.find(key))
	if used > 0 {
		c.follow(f.vdom, t.k.space, a.text, key)
		u := use{f.vdom, t.k.space, a.text}
		c.cfg.uses[use{f.vdom, t.k.space, key}] += c.cfg.uses[u]
		delete(c.cfg.uses, u)
	}
	c.touch(&frame{vdom: f.vdom, path: f.path, e: t.find(key)})
	c.changed()
	return nil
}

// follow renames what entries of a VDOM refer to.
func (c *call) follow(vdom, space, from, to string) {
	v := c.cfg.vdom(vdom)
	if v == nil {
		return
	}
	for _, t := range v.tables {
		if t.k == nil {
			continue
		}
		for _, s := range t.slots {
			var e *entry
			for i, x := range s.e.fields {
				d := t.k.byName[x.name]
				if d == nil || d.class == "" || classes[d.class].space != space {
					continue
				}
				for j, m := range x.vals {
					if m.text != from {
						continue
					}
					if e == nil {
						e = s.e.copy()
					}
					vals := slices.Clone(e.fields[i].vals)
					vals[j].text = to
					e.fields[i].vals = vals
				}
			}
			if e != nil {
				s.e = e
			}
		}
	}
}

// touched is the name under which a transaction knows an entry.
func touched(f *frame) string {
	return strings.Join([]string{f.vdom, f.path, f.e.key}, "\x00")
}
