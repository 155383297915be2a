package lang

import (
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"
	"unicode/utf8"
)

func stringFuncs() map[string]builtin {
	return map[string]builtin{
		"lower":      {1, 1, "lower(text)", func(c *call) value { return strings.ToLower(c.str(0)) }},
		"upper":      {1, 1, "upper(text)", func(c *call) value { return strings.ToUpper(c.str(0)) }},
		"trimspace":  {1, 1, "trimspace(text)", func(c *call) value { return strings.TrimSpace(c.str(0)) }},
		"startswith": {2, 2, "startswith(text, prefix)", func(c *call) value { return strings.HasPrefix(c.str(0), c.str(1)) }},
		"endswith":   {2, 2, "endswith(text, suffix)", func(c *call) value { return strings.HasSuffix(c.str(0), c.str(1)) }},
		"replace":    {3, 3, "replace(text, old, new)", replaceText},
		"split":      {2, 2, "split(separator, text)", splitText},
		"join":       {2, 2, "join(separator, list)", joinText},
		"format":     {1, -1, "format(text, values...)", formatText},
		"regex":      {2, 2, "regex(pattern, text)", regexFirst},
		"regexall":   {2, 2, "regexall(pattern, text)", regexAll},
		"substr":     {3, 3, "substr(text, offset, length); the length -1 is up to the end", substr},
		"tostring": {1, 1, "tostring(value)", func(c *call) value {
			if c.args[0] == nil {
				return nil
			}
			return c.str(0)
		}},
	}
}

// grows spends what a text of n bytes costs, before it is made.
func (c *call) grows(n int) bool { return n >= 0 && c.l.spendText(n, c.rng) }

func replaceText(c *call) value {
	text, old, repl := c.str(0), c.str(1), c.str(2)
	if c.bad || !c.grows(len(text)+strings.Count(text, old)*len(repl)) {
		return faulty{}
	}
	return strings.ReplaceAll(text, old, repl)
}

func splitText(c *call) value {
	sep, text := c.str(0), c.str(1)
	if c.bad || !c.l.spend(strings.Count(text, sep)+1, c.rng) {
		return faulty{}
	}
	parts := strings.Split(text, sep)
	out := make([]any, len(parts))
	for i, p := range parts {
		out[i] = p
	}
	return out
}

func joinText(c *call) value {
	sep, list := c.str(0), c.list(1)
	var b strings.Builder
	for i, v := range list {
		s, ok := asString(v)
		if !ok {
			return c.fail(1, "all elements must be strings, but one is %s.", typeName(v))
		}
		if i > 0 {
			b.WriteString(sep)
		}
		if !c.grows(len(s) + len(sep)) {
			return faulty{}
		}
		b.WriteString(s)
	}
	return b.String()
}

// verb is a verb of format: flags, width and precision of at most three
// digits, which bounds the text that it makes.
var verb = regexp.MustCompile(`%([-+ 0#]*)(\d{0,3})(\.\d{0,3})?([a-zA-Z%])`)

// formatText knows %s %v %q %d %x %X %o %b %f %g %e %t and %%, each with
// flags and width.
func formatText(c *call) value {
	text := c.str(0)
	var b strings.Builder
	next, last := 1, 0
	for _, m := range verb.FindAllStringSubmatchIndex(text, -1) {
		b.WriteString(text[last:m[0]])
		last = m[1]
		v := text[m[8]]
		if v == '%' {
			b.WriteByte('%')
			continue
		}
		if next >= len(c.args) {
			return c.fail(0, "the text has more verbs than there are values.")
		}
		s, ok := c.formatOne(text[m[0]:m[8]], v, next)
		if !ok || !c.grows(len(s)) {
			return faulty{}
		}
		b.WriteString(s)
		next++
	}
	if strings.Contains(verb.ReplaceAllString(text, ""), "%") {
		return c.fail(0, "a %% must begin a verb such as %%s or %%03d, or be written %%%%.")
	}
	if next < len(c.args) {
		return c.fail(next, "the text has no verb for this value.")
	}
	b.WriteString(text[last:])
	return b.String()
}

// formatOne formats argument i by a verb and its flags.
func (c *call) formatOne(flags string, v byte, i int) (string, bool) {
	switch v {
	case 's', 'v', 'q':
		s := c.str(i)
		if v == 'v' {
			v = 's'
		}
		return fmt.Sprintf(flags+string(v), s), !c.bad
	case 'd', 'x', 'X', 'o', 'b':
		n := c.int(i)
		return fmt.Sprintf(flags+string(v), n), !c.bad
	case 'f', 'g', 'e':
		f := c.num(i)
		return fmt.Sprintf(flags+string(v), f), !c.bad
	case 't':
		t, ok := asBool(c.args[i])
		if !ok {
			c.fail(i, "%%t needs true or false, but this is %s.", typeName(c.args[i]))
		}
		return fmt.Sprintf(flags+"t", t), ok
	}
	c.fail(0, "there is no verb %%%c.", v)
	return "", false
}

// pattern compiles argument 0 for matching a text of n bytes. Go's regular
// expressions take time in proportion to the text and to the size of the
// compiled pattern, which is spent here.
func (c *call) pattern(n int) *regexp.Regexp {
	text := c.str(0)
	if len(text) > 1000 {
		c.fail(0, "the pattern is longer than 1000 characters.")
		return nil
	}
	re, err := regexp.Compile(text)
	if err != nil {
		c.fail(0, "the pattern can't be read: %v.", err)
		return nil
	}
	size := 1
	if tree, err := syntax.Parse(text, syntax.Perl); err == nil {
		if prog, err := syntax.Compile(tree.Simplify()); err == nil {
			size = len(prog.Inst)
		}
	}
	if !c.l.spend(size+n/16*size, c.rng) {
		return nil
	}
	return re
}

// captured is what a match gives: the text, a list of its groups, or an object
// of its named groups.
func captured(re *regexp.Regexp, text string, m []int) value {
	if re.NumSubexp() == 0 {
		return text[m[0]:m[1]]
	}
	list, named := []any{}, map[string]value{}
	for i, name := range re.SubexpNames()[1:] {
		var v value
		if at := m[2*i+2]; at >= 0 {
			v = text[at:m[2*i+3]]
		}
		list = append(list, v)
		if name != "" {
			named[name] = v
		}
	}
	if len(named) > 0 {
		return newObject(named)
	}
	return list
}

func regexFirst(c *call) value {
	text := c.str(1)
	re := c.pattern(len(text))
	if re == nil || c.bad {
		return faulty{}
	}
	m := re.FindStringSubmatchIndex(text)
	if m == nil {
		return c.fail(1, "the pattern doesn't match %q. Use regexall, which gives an empty list then.", clip(text))
	}
	return captured(re, text, m)
}

func regexAll(c *call) value {
	text := c.str(1)
	re := c.pattern(len(text))
	if re == nil || c.bad || !c.l.spend(len(text)*(2+re.NumSubexp()), c.rng) {
		return faulty{}
	}
	out := []any{}
	for _, m := range re.FindAllStringSubmatchIndex(text, -1) {
		out = append(out, captured(re, text, m))
	}
	return out
}

func substr(c *call) value {
	text, offset, n := c.str(0), c.int(1), c.int(2)
	if c.bad {
		return faulty{}
	}
	runes := utf8.RuneCountInString(text)
	if offset < 0 {
		offset += runes
	}
	if offset < 0 || offset > runes {
		return c.fail(1, "the offset is outside of the text, which has %d characters.", runes)
	}
	r := []rune(text)[offset:]
	if n >= 0 && n < len(r) {
		r = r[:n]
	}
	return string(r)
}
