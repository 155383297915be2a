package lang

func mapFuncs() map[string]builtin {
	return map[string]builtin{
		"keys":   {1, 1, "keys(object)", keys},
		"values": {1, 1, "values(object)", values},
		"merge":  {0, -1, "merge(object, object, ...)", merge},
		"lookup": {2, 3, "lookup(object, key) or lookup(object, key, default)", lookup},
		"zipmap": {2, 2, "zipmap(list of keys, list of values)", zipmap},
	}
}

func keys(c *call) value {
	out := []any{}
	if d, ok := c.args[0].(*decl); ok {
		for _, in := range d.inst {
			out = append(out, in.key)
		}
		c.l.spend(len(out), c.rng)
		return out
	}
	for _, k := range c.obj(0).keys {
		out = append(out, k)
	}
	return out
}

func values(c *call) value {
	if _, ok := c.args[0].(*decl); ok {
		return c.list(0)
	}
	return append([]any{}, c.obj(0).vals...)
}

// merge gives all elements; of equal keys the last object's counts.
func merge(c *call) value {
	m := map[string]value{}
	for i := range c.args {
		if c.args[i] == nil {
			continue
		}
		o := c.obj(i)
		if c.l.exhausted {
			return faulty{}
		}
		for j, k := range o.keys {
			m[k] = o.vals[j]
		}
	}
	return newObject(m)
}

func lookup(c *call) value {
	o, k := c.args[0], c.str(1)
	switch o := o.(type) {
	case *object:
		if v, ok := o.get(k); ok {
			return v
		}
	case *decl:
		if in := o.byKey[k]; in != nil {
			return in
		}
	default:
		c.obj(0)
	}
	if len(c.args) < 3 {
		return c.fail(1, "there is no %q, and no default is given.", clip(k))
	}
	return c.args[2]
}

func zipmap(c *call) value {
	ks, vs := c.list(0), c.list(1)
	if c.bad {
		return faulty{}
	}
	if len(ks) != len(vs) {
		return c.fail(1, "there are %d keys and %d values; there must be as many.", len(ks), len(vs))
	}
	m := make(map[string]value, len(ks))
	for i, k := range ks {
		s, ok := asString(k)
		if !ok {
			return c.fail(0, "all keys must be strings, but one is %s.", typeName(k))
		}
		m[s] = vs[i]
	}
	return newObject(m)
}
