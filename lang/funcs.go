package lang

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// builtin is a function of the language. most < 0 is any number of arguments.
type builtin struct {
	least, most int
	usage       string
	call        func(*call) value
}

// builtins are the functions by name.
func builtins() map[string]builtin {
	all := map[string]builtin{}
	for _, table := range []map[string]builtin{stringFuncs(), listFuncs(), mapFuncs(), addressFuncs(), inventoryFuncs()} {
		for name, f := range table {
			all[name] = f
		}
	}
	return all
}

// call is a call of a function whose arguments have values.
type call struct {
	l    *loader
	name string
	args []value
	at   []hcl.Range
	rng  hcl.Range
	bad  bool // an argument was refused, and it was said
}

func (l *loader) evalCall(e *hclsyntax.FunctionCallExpr, sc *scope) value {
	f, ok := l.functions[e.Name]
	if !ok {
		detail := fmt.Sprintf("There is no function %q.", clip(e.Name))
		if s := closest(e.Name, sortedKeys(l.functions)); s != "" {
			detail += fmt.Sprintf(" Did you mean %s?", s)
		}
		return l.fail(sumUnknownFunction, detail, e.NameRange)
	}
	c := &call{l: l, name: e.Name, rng: e.Range()}
	if !c.evalArgs(e, sc) {
		return faulty{}
	}
	if n := len(c.args); n < f.least || f.most >= 0 && n > f.most {
		return l.fail(sumArguments, fmt.Sprintf("Write %s.", f.usage), c.rng)
	}
	v := f.call(c)
	if c.bad || l.exhausted {
		return faulty{}
	}
	return v
}

func (c *call) evalArgs(e *hclsyntax.FunctionCallExpr, sc *scope) bool {
	good := true
	for i, a := range e.Args {
		v := c.l.eval(a, sc)
		if _, ok := v.(faulty); ok {
			good = false
			continue
		}
		if list, ok := v.([]any); ok && e.ExpandFinal && i == len(e.Args)-1 {
			for _, x := range list {
				c.args, c.at = append(c.args, x), append(c.at, a.Range())
			}
			continue
		}
		c.args, c.at = append(c.args, v), append(c.at, a.Range())
	}
	return good && c.l.spend(len(c.args), c.rng)
}

// fail reports what is wrong with argument i.
func (c *call) fail(i int, format string, args ...any) value {
	c.bad = true
	return c.l.fail(sumArguments, fmt.Sprintf(c.name+": "+format, args...), c.at[i])
}

func (c *call) str(i int) string {
	s, ok := asString(c.args[i])
	if !ok && !c.bad {
		c.fail(i, "this must be a string, but it is %s.", typeName(c.args[i]))
	}
	c.l.spendText(len(s), c.rng)
	return s
}

func (c *call) num(i int) float64 {
	f, ok := asNumber(c.args[i])
	if !ok && !c.bad {
		c.fail(i, "this must be a number, but it is %s.", typeName(c.args[i]))
	}
	return f
}

func (c *call) int(i int) int {
	n, ok := asInt(c.args[i])
	if !ok && !c.bad {
		c.fail(i, "this must be a whole number, but it is %s.", typeName(c.args[i]))
	}
	return n
}

// list is argument i as a list. Inventories become lists of objects and blocks
// with for_each lists of references.
func (c *call) list(i int) []any { return c.listOf(c.args[i], i) }

func (c *call) listOf(v value, i int) []any {
	if list, ok := v.([]any); ok {
		c.l.spend(len(list), c.rng)
		return list
	}
	out := []any{}
	switch v.(type) {
	case *rows, *decl:
		c.l.elements(v, c.rng, func(_, x value) bool {
			out = append(out, x)
			return true
		})
	default:
		if !c.bad {
			c.fail(i, "this must be a list, but it is %s.", typeName(v))
		}
	}
	return out
}

func (c *call) obj(i int) *object {
	if o, ok := c.args[i].(*object); ok {
		c.l.spend(len(o.keys), c.rng)
		return o
	}
	if !c.bad {
		c.fail(i, "this must be an object, but it is %s.", typeName(c.args[i]))
	}
	return &object{}
}
