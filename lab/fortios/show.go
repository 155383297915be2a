package fortios

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// filtered is a command that only tells, with "| grep" behind it.
func (c *call) filtered(verb string) error {
	in := c.in
	at := slices.IndexFunc(in, func(t token) bool { return t.text == "|" && !t.quoted })
	if at >= 0 {
		in = in[:at]
	}
	var keep func(string) string
	if at >= 0 {
		var err error
		if keep, err = grep(c.in[at+1:]); err != nil {
			return err
		}
	}
	c.in = in
	var err error
	switch verb {
	case "show":
		err = c.show()
	case "get":
		err = c.get()
	default:
		err = c.diagnose()
	}
	if err == nil && keep != nil {
		text := keep(c.out.String())
		c.out.Reset()
		c.out.WriteString(text)
	}
	return err
}

// grep reads "grep [-i] [-v] [-c] [-f] PATTERN".
func grep(in []token) (func(string) string, error) {
	bad := parseError("|")
	if len(in) < 2 || in[0].text != "grep" {
		return nil, bad
	}
	flags := ""
	in = in[1:]
	for len(in) > 0 && strings.HasPrefix(in[0].text, "-") && !in[0].quoted {
		flags += in[0].text[1:]
		in = in[1:]
	}
	if len(in) != 1 || len(in[0].text) > 200 || strings.Trim(flags, "ivcfn") != "" {
		return nil, bad
	}
	pattern := in[0].text
	if strings.Contains(flags, "i") {
		pattern = "(?i)" + pattern
	}
	re, err := regexp.Compile(pattern)
	if err != nil {
		return nil, bad
	}
	has := func(f string) bool { return strings.Contains(flags, f) }
	return func(text string) string {
		if has("f") {
			return grepEntries(re, text)
		}
		var b strings.Builder
		n := 0
		for l := range strings.Lines(text) {
			if re.MatchString(strings.TrimRight(l, "\n")) != has("v") {
				b.WriteString(l)
				n++
			}
		}
		if has("c") {
			return strconv.Itoa(n) + "\n"
		}
		return b.String()
	}, nil
}

// grepEntries keeps the entries that hold the pattern, and marks its lines.
func grepEntries(re *regexp.Regexp, text string) string {
	var b strings.Builder
	var entry []string
	config, hit, printed := "", false, false
	flush := func(end string) {
		if hit {
			if !printed {
				b.WriteString(config)
				printed = true
			}
			b.WriteString(strings.Join(entry, ""))
		}
		if printed && end != "" {
			b.WriteString(end)
			printed = false
		}
		entry, hit = nil, false
	}
	for l := range strings.Lines(text) {
		marked := l
		if re.MatchString(strings.TrimRight(l, "\n")) {
			hit = true
			marked = strings.TrimRight(l, "\n") + " <---\n"
		}
		switch {
		case strings.HasPrefix(l, "config "):
			flush("")
			config, hit = marked, marked != l
		case l == "end\n":
			flush(l)
		default:
			entry = append(entry, marked)
			if l == "    next\n" {
				flush("")
			}
		}
	}
	flush("")
	return b.String()
}

// scopeHere is the scope whose tables are shown.
func (c *call) scopeHere(path string) (*scope, error) {
	f := c.top()
	if !c.cfg.vdomMode {
		return c.cfg.scopeOf("root", path), nil
	}
	switch {
	case f.kind == inVDOM && !isGlobal(path):
		if v := c.cfg.vdom(f.vdom); v != nil {
			return v, nil
		}
	case f.kind == inGlobal && len(c.s.stack) > 0 && isGlobal(path):
		return c.cfg.global, nil
	}
	return nil, parseError(strings.Fields(path)[1])
}

// show prints the configuration, a table or an entry.
func (c *call) show() error {
	p := printer{version: c.cfg.version}
	if len(c.in) > 0 && len(c.in[0].text) > 1 && strings.HasPrefix("full-configuration", c.in[0].text) && !c.in[0].quoted {
		p.full = true
		c.in = c.in[1:]
	}
	f := c.top()
	if f.kind == inTable || f.kind == inEntry {
		return c.showHere(&p, f)
	}
	if len(c.in) == 0 {
		switch v := c.cfg.vdom(f.vdom); {
		case f.kind == inVDOM && v != nil:
			p.scope(v)
		case f.kind == inGlobal && len(c.s.stack) > 0:
			p.scope(c.cfg.global)
		default:
			text := c.cfg.print(p.full)
			for c.d.opt.NoHeader && strings.HasPrefix(text, "#") {
				_, text, _ = strings.Cut(text, "\n")
			}
			c.out.WriteString(text)
			return nil
		}
		c.out.WriteString(p.b.String())
		return nil
	}
	path, rest, err := c.path(c.in)
	if err != nil {
		return err
	}
	v, err := c.scopeHere(path)
	if err != nil {
		return err
	}
	t := v.table(path, false)
	only := ""
	if len(rest) > 0 {
		if only = rest[0].text; t.find(only) == nil {
			return notFound(only)
		}
	}
	p.table(t, 0, only)
	c.out.WriteString(p.b.String())
	return nil
}

// showHere prints the scope that the session is in, with what is open.
func (c *call) showHere(p *printer, f *frame) error {
	t := c.tableOf(f)
	if t == nil {
		return parseError("show")
	}
	only := ""
	if len(c.in) > 0 {
		if only = c.in[0].text; f.kind == inEntry || t.find(only) == nil {
			return notFound(only)
		}
	}
	switch {
	case f.kind == inEntry:
		one := newTable(t.path, t.k)
		one.place(f.e)
		p.table(one, 0, "")
	case f.e != nil:
		one := *t
		one.self = f.e
		p.table(&one, 0, only)
	default:
		p.table(t, 0, only)
	}
	c.out.WriteString(p.b.String())
	return nil
}

// get prints values.
func (c *call) get() error {
	f := c.top()
	if f.kind == inTable || f.kind == inEntry {
		if f.e != nil {
			t := c.tableOf(f)
			if t == nil {
				return parseError("get")
			}
			c.values(t.k, f.e)
			return nil
		}
		if t := c.tableOf(f); t != nil {
			c.keys(t)
		}
		return nil
	}
	if len(c.in) >= 2 && c.in[0].text == "system" {
		switch c.in[1].text {
		case "status":
			c.status()
			return nil
		case "ha":
			if len(c.in) == 3 && c.in[2].text == "status" {
				c.haStatus()
				return nil
			}
		}
	}
	path, rest, err := c.path(c.in)
	if err != nil {
		return err
	}
	v, err := c.scopeHere(path)
	if err != nil {
		return err
	}
	t := v.table(path, false)
	switch {
	case len(rest) > 0:
		e := t.find(rest[0].text)
		if e == nil {
			return notFound(rest[0].text)
		}
		c.values(t.k, e)
	case t.k != nil && t.k.kind == "object" || t.k == nil && !t.self.empty():
		c.values(t.k, t.self)
	default:
		c.keys(t)
	}
	return nil
}

func (c *call) keys(t *table) {
	word := "name"
	if t.k != nil && t.k.kind == "id" {
		word = "policyid"
	}
	for _, s := range t.slots {
		c.say("== [ %s ]\n%s: %s", s.e.key, word, s.e.key)
	}
}

func (c *call) values(k *schema, e *entry) {
	if k == nil {
		for _, f := range e.fields {
			c.say("%-20s: %s", f.name, strings.Join(texts(f.vals), " "))
		}
		return
	}
	for _, d := range k.fields {
		if !d.in(c.cfg.version) || d.when != "" && !slices.Contains(d.whenIn, e.word(k, d.when)) {
			continue
		}
		v := d.def
		if vals := e.get(d.name); len(vals) > 0 {
			v = join(vals)
			if len(vals) == 1 {
				v = vals[0].text
			}
		}
		c.say("%-20s: %s", d.name, v)
	}
	for _, f := range e.fields {
		if k.byName[f.name] == nil {
			c.say("%-20s: %s", f.name, strings.Join(texts(f.vals), " "))
		}
	}
}

// diagnose answers the questions that a policy push asks.
func (c *call) diagnose() error {
	text := strings.Join(texts(c.in), " ")
	switch {
	case text == "sys vd list":
		c.say("system fib version=1\nlist virtual firewall info:")
		for i, v := range c.cfg.vdoms {
			c.say("name=%s/%s index=%d enabled fib_ver=1", v.name, v.name, i)
		}
	case text == "sys session list", text == "sys session6 list":
		c.say("total session 0")
	case strings.HasPrefix(text, "sys config-transaction "):
		return c.transactionInfo(texts(c.in[2:]))
	case strings.HasPrefix(text, "sys ha checksum"):
		c.checksums()
	case text == "sys ha status":
		c.haStatus()
	case strings.HasPrefix(text, "firewall iprope"):
		return c.iprope(c.in[2:])
	default:
		if len(c.in) == 0 {
			return errIncomplete
		}
		return parseError(c.in[len(c.in)-1].text)
	}
	return nil
}

// iprope is about the compiled policies: their counters and their order.
func (c *call) iprope(in []token) error {
	v := c.cfg.vdoms[0]
	if f := c.top(); f.kind == inVDOM && c.cfg.vdom(f.vdom) != nil {
		v = c.cfg.vdom(f.vdom)
	}
	w := texts(in)
	t := v.table("firewall policy", false)
	switch {
	case len(w) == 3 && w[0] == "show" && w[1] == "100004":
		n := c.d.hits[use{v.name, "policy", w[2]}]
		if w[2] != "0" && t.find(w[2]) == nil {
			return nil
		}
		c.say("idx=%s pkts/bytes=%d/%d asic_pkts/asic_bytes=0/0 nturbo_pkts/nturbo_bytes=0/0 flag=0x0 hit count:%d (%d 0 0 0 0 0 0 0)", w[2], n, 64*n, n, n)
		if n > 0 {
			c.say("    first:2024-01-02 03:04:05 last:2024-01-02 03:04:05")
		}
		c.say(" established session count:0")
	case len(w) >= 2 && w[0] == "list" && w[1] == "100004":
		for _, s := range t.slots {
			if s.e.word(t.k, "status") == "enable" {
				action := s.e.word(t.k, "action")
				c.say("policy index=%s uuid_idx=0 action=%s", s.e.key, action)
			}
		}
	case len(w) >= 2 && w[0] == "clear" && w[1] == "100004":
		for u := range c.d.hits {
			if u.vdom == v.name && (len(w) == 2 || u.name == w[2]) {
				delete(c.d.hits, u)
			}
		}
	default:
		return parseError("iprope")
	}
	return nil
}
