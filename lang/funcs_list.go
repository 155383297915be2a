package lang

import (
	"math"
	"slices"
)

func listFuncs() map[string]builtin {
	return map[string]builtin{
		"concat":          {0, -1, "concat(list, list, ...)", concat},
		"distinct":        {1, 1, "distinct(list)", func(c *call) value { return c.distinct(c.list(0)) }},
		"flatten":         {1, 1, "flatten(list)", func(c *call) value { return c.flatten(nil, c.list(0)) }},
		"contains":        {2, 2, "contains(list, value)", contains},
		"length":          {1, 1, "length(list or object or text)", length},
		"range":           {1, 3, "range(end), range(start, end) or range(start, end, step)", numbers},
		"sort":            {1, 1, "sort(list of strings)", func(c *call) value { return c.sorted(c.list(0)) }},
		"reverse":         {1, 1, "reverse(list)", reverse},
		"slice":           {3, 3, "slice(list, start, end)", slice},
		"setunion":        {1, -1, "setunion(list, list, ...)", setUnion},
		"setintersection": {1, -1, "setintersection(list, list, ...)", setIntersection},
		"setsubtract":     {2, 2, "setsubtract(list, list)", setSubtract},
		"tolist":          {1, 1, "tolist(list)", func(c *call) value { return c.list(0) }},
		"toset":           {1, 1, "toset(list of strings)", func(c *call) value { return c.sorted(c.distinct(c.list(0))) }},
		"tonumber": {1, 1, "tonumber(value)", func(c *call) value {
			if c.args[0] == nil {
				return nil
			}
			return c.num(0)
		}},
		"min": {1, -1, "min(number, ...)", func(c *call) value { return c.extreme(math.Min) }},
		"max": {1, -1, "max(number, ...)", func(c *call) value { return c.extreme(math.Max) }},
	}
}

func concat(c *call) value {
	out := []any{}
	for i := range c.args {
		list := c.list(i)
		if c.l.exhausted {
			break
		}
		out = append(out, list...)
	}
	return out
}

// distinct keeps the first of equal values.
func (c *call) distinct(list []any) []any {
	seen := make(map[string]bool, len(list))
	out := []any{}
	for _, v := range list {
		if k := c.l.key(v, c.rng); !seen[k] {
			seen[k] = true
			out = append(out, v)
		}
	}
	return out
}

func (c *call) flatten(out, list []any) []any {
	if out == nil {
		out = []any{}
	}
	for _, v := range list {
		if !c.l.spend(1, c.rng) {
			break
		}
		switch v.(type) {
		case []any, *rows, *decl:
			out = c.flatten(out, c.listOf(v, 0))
		default:
			out = append(out, v)
		}
	}
	return out
}

func contains(c *call) value {
	return slices.ContainsFunc(c.list(0), func(v any) bool { return c.l.sameValue(v, c.args[1], c.rng) })
}

func length(c *call) value {
	switch v := c.args[0].(type) {
	case string:
		return float64(len([]rune(v)))
	case *object:
		return float64(len(v.keys))
	case *rows:
		return float64(v.Len())
	}
	return float64(len(c.list(0)))
}

func numbers(c *call) value {
	start, step := 0.0, 1.0
	end := c.num(len(c.args) - 1)
	switch len(c.args) {
	case 2:
		start = c.num(0)
	case 3:
		start, end, step = c.num(0), c.num(1), c.num(2)
	}
	if end < start && len(c.args) < 3 {
		step = -1
	}
	if step == 0 || (end-start)/step < 0 {
		return c.fail(len(c.args)-1, "the step doesn't lead from %v to %v.", start, end)
	}
	n := math.Ceil((end - start) / step)
	if n > float64(c.l.opt.Limits.Elements) {
		return c.fail(len(c.args)-1, "this makes more than %d numbers.", c.l.opt.Limits.Elements)
	}
	if c.bad || !c.l.spend(int(n), c.rng) {
		return faulty{}
	}
	out := make([]any, int(n))
	for i := range out {
		out[i] = start + float64(i)*step
	}
	return out
}

// sorted sorts strings; numbers and bools among them become strings.
func (c *call) sorted(list []any) value {
	texts := make([]string, len(list))
	for i, v := range list {
		s, ok := asString(v)
		if !ok {
			return c.fail(0, "all elements must be strings, but one is %s.", typeName(v))
		}
		texts[i] = s
	}
	slices.Sort(texts)
	out := make([]any, len(texts))
	for i, s := range texts {
		out[i] = s
	}
	return out
}

func reverse(c *call) value {
	out := slices.Clone(c.list(0))
	slices.Reverse(out)
	return out
}

func slice(c *call) value {
	list, from, to := c.list(0), c.int(1), c.int(2)
	if c.bad {
		return faulty{}
	}
	if from < 0 || to < from || to > len(list) {
		return c.fail(1, "the list has %d elements; %d to %d isn't a part of it.", len(list), from, to)
	}
	return list[from:to:to]
}

// setUnion and its kin work on lists, which they take and give without
// duplicates, in the order of their first argument.
func setUnion(c *call) value {
	var all []any
	for i := range c.args {
		all = append(all, c.list(i)...)
		if c.l.exhausted {
			break
		}
	}
	return c.distinct(all)
}

func setIntersection(c *call) value {
	out := c.distinct(c.list(0))
	for i := range c.args[1:] {
		other := c.keySet(c.list(i + 1))
		out = slices.DeleteFunc(out, func(v any) bool { return !other[c.l.key(v, c.rng)] })
	}
	return out
}

func setSubtract(c *call) value {
	other := c.keySet(c.list(1))
	return slices.DeleteFunc(c.distinct(c.list(0)), func(v any) bool { return other[c.l.key(v, c.rng)] })
}

func (c *call) keySet(list []any) map[string]bool {
	set := make(map[string]bool, len(list))
	for _, v := range list {
		set[c.l.key(v, c.rng)] = true
	}
	return set
}

func (c *call) extreme(pick func(x, y float64) float64) value {
	best := c.num(0)
	for i := range c.args {
		best = pick(best, c.num(i))
	}
	return best
}
