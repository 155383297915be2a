package fortios

import (
	"net/netip"
	"slices"
	"strings"
)

// commit puts the open entry of a scope in its table, or refuses it.
func (c *call) commit(f *frame) error {
	t := c.tableOf(f)
	if t == nil {
		return parseError(f.word)
	}
	if err := c.whole(f, t); err != nil {
		return err
	}
	if f.sub != nil {
		t.place(f.e)
		return nil
	}
	if !f.changed && !f.isNew {
		return nil
	}
	if err := c.locked(f); err != nil {
		return err
	}
	if t.k != nil && t.k.kind == "id" && f.e.key == "0" && f.isNew && f.path != "" {
		f.e.key = t.free()
	}
	have := t.find(f.e.key)
	if have != nil && f.isNew && !c.s.fresh[have] && !c.s.loading { // another session was faster
		f.isNew = false
	}
	c.cfg.complete(t.k, f.e)
	t.place(f.e)
	if c.s.loading {
		return nil
	}
	c.cfg.count(f.vdom, t.k, have, -1)
	c.cfg.count(f.vdom, t.k, f.e, 1)
	c.renamed(f.vdom, f.path, have, f.e)
	c.touch(f)
	c.changed()
	return nil
}

// renamed keeps the list of policy names.
func (c *call) renamed(vdom, path string, have, now *entry) {
	v := c.cfg.vdom(vdom)
	if v == nil || path != "firewall policy" {
		return
	}
	if have != nil {
		if n := have.word(nil, "name"); n != "" {
			delete(v.names, n)
		}
	}
	if now != nil {
		if n := now.word(nil, "name"); n != "" {
			v.names[n] = now.key
		}
	}
}

// changed notes a change of the configuration.
func (c *call) changed() {
	if c.s.loading {
		return
	}
	c.cfg.fileVer++
	if c.s.tx == nil {
		c.d.gen++
		c.d.unsaved()
		c.d.tell()
	}
}

// whole says whether an entry holds together.
func (c *call) whole(f *frame, t *table) error {
	k, e := t.k, f.e
	if k == nil {
		return nil
	}
	for _, d := range k.fields {
		if d.must && len(e.get(d.name)) == 0 && (d.when == "" || slices.Contains(d.whenIn, e.word(k, d.when))) {
			return mandatory(d.name)
		}
		if !c.s.loading && d.class != "" { // what it names may have gone in between
			for _, v := range e.get(d.name) {
				if err := c.cfg.refer(f.vdom, f.path, d, e, v.text); err != nil && strings.Contains(err.Error(), "datasource") {
					return err
				}
			}
		}
	}
	switch f.path {
	case "firewall address", "firewall address6":
		return wholeAddress(k, e)
	case "firewall addrgrp", "firewall addrgrp6":
		if e.word(k, "exclude") == "enable" && len(e.get("exclude-member")) == 0 {
			return mandatory("exclude-member")
		}
	case "firewall service custom":
		return wholeService(k, e)
	case "firewall policy":
		return c.wholePolicy(f, k)
	case "firewall local-in-policy":
		for _, n := range []string{"srcaddr", "dstaddr"} {
			if len(e.get(n)) == 0 {
				return mandatory(n)
			}
		}
	case "port":
		lo, hi := e.word(k, "start-port"), e.word(k, "end-port")
		if len(lo) > len(hi) || len(lo) == len(hi) && lo > hi {
			return discarded("end-port must not be less than start-port", -651)
		}
	}
	return nil
}

func wholeAddress(k *schema, e *entry) error {
	if e.word(k, "type") != "iprange" {
		return nil
	}
	lo, _ := netip.ParseAddr(e.word(k, "start-ip"))
	hi, _ := netip.ParseAddr(e.word(k, "end-ip"))
	if !lo.Less(hi) {
		return discarded("end-ip must be greater than start-ip", -45)
	}
	return nil
}

func wholeService(k *schema, e *entry) error {
	if e.word(k, "protocol") != k.byName["protocol"].def {
		return nil
	}
	for _, n := range []string{"tcp-portrange", "udp-portrange", "sctp-portrange"} {
		if len(e.get(n)) > 0 {
			return nil
		}
	}
	return discarded("TCP/UDP/SCTP portrange cannot all be empty.", -651)
}

func (c *call) wholePolicy(f *frame, k *schema) error {
	e := f.e
	on := func(n string) bool { return e.word(k, n) == "enable" }
	if f.isNew && !c.s.loading && e.word(k, "name") == "" && c.cfg.vdom(f.vdom).object("system settings").word(nil, "gui-allow-unnamed-policy") != "enable" {
		return mandatory("name")
	}
	if n := e.word(k, "name"); n != "" && !c.s.loading && c.nameTaken(n) {
		return checkFail("name", n, -163)
	}
	if len(e.get("srcaddr")) == 0 && len(e.get("srcaddr6")) == 0 && !on("internet-service-src") && !on("internet-service6-src") {
		return mandatory("srcaddr")
	}
	if !on("internet-service") && !on("internet-service6") {
		if len(e.get("dstaddr")) == 0 && len(e.get("dstaddr6")) == 0 {
			return mandatory("dstaddr")
		}
		if len(e.get("service")) == 0 {
			return mandatory("service")
		}
	}
	return nil
}

// objectSet does what a change of an object brings about.
func (c *call) objectSet(f *frame, t *table) error {
	if c.s.loading {
		return nil
	}
	if c.s.tx != nil {
		for _, x := range fixedInTransactions[f.path] {
			if join(t.self.get(x)) != join(f.e.get(x)) {
				return errInTransaction
			}
		}
		return nil
	}
	if f.path != "system global" {
		return nil
	}
	was, is := t.self.word(t.k, "cfg-save"), f.e.word(t.k, "cfg-save")
	if is == was {
		return nil
	}
	t.self = f.e
	c.d.saveMode(was, is, c.cfg)
	c.d.justSaved = was == "automatic"
	return nil
}
