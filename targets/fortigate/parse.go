package fortigate

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/nbfwc/nbfwc/targets"
)

// maxText bounds what is read.
const maxText = 128 << 20

// parse reads what a FortiGate prints ("show", "show full-configuration", a
// backup, single tables one after the other) or what Render writes, and returns
// what the VDOM does with packets that it forwards.
func parse(r io.Reader, opt targets.ParseOptions) (*targets.Config, error) {
	text, err := readText(r)
	if err != nil {
		return nil, fmt.Errorf("read FortiGate configuration: %w", err)
	}
	m, err := readModel(text, opt)
	if err != nil {
		return nil, fmt.Errorf("read FortiGate configuration: %w", err)
	}
	return configOf(m, opt), nil
}

// configOf says in the words of all targets what a model means.
func configOf(m *model, opt targets.ParseOptions) *targets.Config {
	m.opt = opt
	l := lower(m, opt)
	c := &targets.Config{
		OS: m.header.version(), Hostname: m.hostname, Context: m.vdom, Lines: m.lines,
		RuleSet: l.rules, Interfaces: l.interfaces, NAT: l.nat, Digest: digest(m, opt), Model: m,
	}
	if m.settings.manager == "fortimanager" {
		c.Manager = "FortiManager"
	}
	if m.ttl.standard != 0 {
		c.Established = m.ttl.standard.idle()
	}
	c.Problems = slices.Concat(m.refused, m.unread, l.problems)
	slices.SortStableFunc(c.Problems, func(a, b targets.Problem) int { return a.Line - b.Line })
	return c
}

func readText(r io.Reader) (string, error) {
	var b strings.Builder
	if l, ok := r.(interface{ Len() int }); ok {
		b.Grow(min(l.Len(), maxText+1))
	}
	n, err := io.Copy(&b, io.LimitReader(r, maxText+1))
	if err != nil {
		return "", err
	}
	if n > maxText {
		return "", fmt.Errorf("more than %d bytes", maxText)
	}
	if strings.IndexByte(b.String(), 0) >= 0 {
		return "", errors.New("it holds a NUL byte; it is no text of a FortiGate")
	}
	return withoutPager(b.String()), nil
}

// A reader fills a model from the commands of a text.
type reader struct {
	m       *model
	scan    scanner
	stack   []frame
	want    string // the VDOM to read, "" until it is known
	context string // that was asked for
	prefix  string // of our names
	index   map[string]map[string]int
	// ifaceVDOM is the VDOM of each interface; owner of each secondary table.
	ifaceVDOM []string
	sdwan     map[string][]string
	sdwanZone []string
	problems  int
	typed     bool // the command stands at a prompt
	work      int
}

// maxWork bounds the work on lists that are taken apart again.
const maxWork = 50_000_000

// A frame is a table that was entered with "config", or a wrapper.
type frame struct {
	path  string
	table *table
	// skip says that the table is of another VDOM or has no bearing; foreign
	// that it is of another VDOM.
	skip, foreign bool
	// typed says that it was entered at a prompt of a session, which need not
	// leave it.
	typed bool
	// inEntry says that an "edit" is open, entry is its name, at its index.
	inEntry bool
	entry   string
	at      int
	line    int
}

// maxDepth bounds how deep tables are nested; FortiOS has four.
const maxDepth = 16

// readModel reads the VDOM that is named, or the only or first one.
func readModel(text string, opt targets.ParseOptions) (*model, error) {
	vdom := opt.Context
	p := &reader{
		m: &model{tables: map[string]bool{}, usedElsewhere: map[string]int{}, opt: opt}, scan: scanner{text: text}, context: vdom, want: vdom,
		prefix: prefixOf(opt.Prefix), index: map[string]map[string]int{}, sdwan: map[string][]string{},
	}
	for {
		c, ok := p.scan.next()
		if !ok {
			break
		}
		p.command(c)
	}
	p.m.lines = p.scan.line
	if p.scan.open > 0 {
		p.refuse(p.scan.open, "", "a quote that begins here is never closed; what follows it can't be told from its text")
	}
	for len(p.stack) > 0 {
		f := p.top()
		if !f.typed {
			p.refuse(f.line, "config "+f.path, "the text ends inside of this table; fetch the configuration again")
		}
		p.closeEntry(f)
		p.stack = p.stack[:len(p.stack)-1]
	}
	if vdom != "" && len(p.m.vdoms) > 0 && !slices.Contains(p.m.vdoms, vdom) {
		return nil, fmt.Errorf("there is no VDOM %q in the text; it has %s", vdom, strings.Join(p.m.vdoms, ", "))
	}
	p.finish()
	return p.m, nil
}

func (p *reader) top() *frame { return &p.stack[len(p.stack)-1] }

// maxProblems bounds how many lines are reported; a text that isn't a
// configuration has nothing else.
const maxProblems = 1000

func (p *reader) unread(line int, text, why string) {
	p.problems++
	switch {
	case p.problems < maxProblems:
		p.m.unread = append(p.m.unread, targets.Problem{Line: line, Text: clip(text), Why: why})
	case p.problems == maxProblems:
		p.refuse(line, "", "more than 1000 lines are not understood; the others are not listed")
	}
}

func (p *reader) refuse(line int, text, why string) {
	if len(p.m.refused) < maxProblems {
		p.m.refused = append(p.m.refused, targets.Problem{Line: line, Text: clip(text), Why: why})
	}
}

// clip shortens a line for a message.
func clip(text string) string {
	const most = 160
	if i := strings.IndexByte(text, '\n'); i >= 0 {
		text = strings.TrimRight(text[:i], "\r") + " ..."
	}
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + " ..."
	}
	return text
}

// command reads one line.
func (p *reader) command(c command) {
	switch c.words[0] {
	case "#":
		p.comment(c)
	case "config":
		p.config(c)
	case "edit":
		p.edit(c)
	case "set", "append", "unset", "unselect", "select":
		p.field(c)
	case "next":
		p.next(c)
	case "end":
		p.end(c)
	case "delete", "rename", "clone", "move", "purge", "abort":
		if p.skipped() {
			return
		}
		p.refuse(c.line, c.text, "a command that changes a device; what a device prints has none, so this text isn't what it runs")
	default:
		p.noise(c)
	}
}

// noise reads what stands around the tables in a transcript: prompts, what was
// typed at them, and what the device answered.
func (p *reader) noise(c command) {
	if rest, ok := stripPrompt(c.text); ok {
		sub := scanner{text: rest, line: c.line - 1}
		if inner, ok := sub.next(); ok && inner.words[0] != "#" {
			if _, again := stripPrompt(inner.text); !again {
				p.typed = true
				p.command(inner)
				p.typed = false
			}
		}
		if sub.open > 0 {
			p.refuse(c.line, rest, "a quote that begins here goes over several lines of a session; fetch the configuration by show")
		}
		return
	}
	if p.parent() == "" || p.skipped() {
		for _, word := range [...]string{"show", "sh", "get", "diagnose", "exit", "current", "execute"} {
			if c.words[0] == word || word == "current" && strings.HasPrefix(c.text, "current vf=") {
				return
			}
		}
	}
	if p.skipped() {
		return
	}
	if len(p.stack) > 0 && strings.HasPrefix(c.text, "current vf=") {
		return
	}
	p.unread(c.line, c.text, "not a line of a FortiGate configuration")
}

// skipped says whether the table that is open has no bearing on the model.
func (p *reader) skipped() bool { return len(p.stack) > 0 && p.top().skip }

// comment reads the header of a backup and the mark of what Render writes.
func (p *reader) comment(c command) {
	const version = "#config-version="
	switch {
	case strings.HasPrefix(c.text, version):
		p.m.header.read(c.text[len(version):])
	case c.text == "#global_vdom=1":
		p.m.header.multi = p.m.header.multi || p.m.header.vdoms
	case c.text == sectionRemark && c.line == 1:
		p.m.section = true
	}
}

// config enters a table.
func (p *reader) config(c command) {
	path := strings.Join(c.words[1:], " ")
	f := frame{path: path, line: c.line, typed: p.typed}
	if len(p.stack) >= maxDepth {
		if !p.skipped() {
			p.refuse(c.line, c.text, "tables are nested deeper than on any FortiGate")
		}
		f.skip = true
		// What stands deeper is counted, and not kept.
		p.stack = append(p.stack, f)
		return
	}
	switch parent := p.parent(); {
	case p.skipped():
		f.skip, f.foreign = true, p.top().foreign
	case path == "global" && parent == "":
		f.path, f.table = "global", wrapper
	case path == "vdom" && parent == "":
		f.path, f.table = "vdom", vdomWrapper
		p.m.header.multi = true
	case path == "":
		p.unread(c.line, c.text, "no table is named")
		f.skip = true
	case parent != "":
		f.path = parent + " / " + path
		f.table = nested(parent, path)
		if f.table == nil {
			f.skip = true
			if t := p.top().table; t != nil && !t.ignoreNested(path) {
				p.unread(c.line, c.text, "a table that is not known here")
			}
		}
	default:
		p.enter(&f, c)
	}
	p.stack = append(p.stack, f)
}

// parent is the path of the table that is open, "" where tables of the VDOM
// stand.
func (p *reader) parent() string {
	if len(p.stack) == 0 {
		return ""
	}
	f := p.top()
	if f.table == wrapper || f.table == vdomWrapper {
		return ""
	}
	return f.path
}

// enter finds what a table of the first level is.
func (p *reader) enter(f *frame, c command) {
	f.table = tables[f.path]
	switch {
	case f.table != nil:
		p.m.tables[f.path] = true
	case irrelevant(f.path):
		f.skip = true
	case strings.HasPrefix(f.path, "firewall "):
		f.skip = true
		p.unread(c.line, c.text, "a table of the firewall that is not known; it may decide packets")
	default:
		f.skip = true
		p.unread(c.line, c.text, "a table that is not known; it may decide packets")
	}
}

// edit opens an entry.
func (p *reader) edit(c command) {
	if len(p.stack) == 0 {
		p.unread(c.line, c.text, "an entry outside of a table")
		return
	}
	f := p.top()
	name := ""
	if len(c.words) > 1 {
		name = c.words[1]
	}
	if f.skip && !f.inVDOM() {
		return
	}
	if f.table != vdomWrapper && (len(c.words) != 2 || name == "") {
		p.unread(c.line, c.text, "an entry has one name")
		return
	}
	p.closeEntry(f)
	f.inEntry, f.entry, f.line = true, name, c.line
	if f.table == vdomWrapper {
		p.editVDOM(f, name)
		return
	}
	if f.table.open == nil {
		p.unread(c.line, c.text, "this table has no entries")
		f.skip = true
		return
	}
	f.at = p.indexOf(f, name, c.line)
}

func (f *frame) inVDOM() bool { return f.table == vdomWrapper }

// editVDOM enters a VDOM.
func (p *reader) editVDOM(f *frame, name string) {
	if !slices.Contains(p.m.vdoms, name) {
		p.m.vdoms = append(p.m.vdoms, name)
	}
	if p.want == "" {
		p.want = name
	}
	f.skip = name != p.want
	f.foreign = f.skip
}

// indexOf returns the place of an entry of the table, a new one if it has none.
func (p *reader) indexOf(f *frame, name string, line int) int {
	key := name
	if f.table.key != nil {
		key = f.table.key(p, name)
	}
	ix := p.index[f.table.name]
	if ix == nil {
		ix = map[string]int{}
		p.index[f.table.name] = ix
	}
	if at, ok := ix[key]; ok && key != "" {
		return at
	}
	at := f.table.open(p, name, line)
	ix[key] = at
	return at
}

func (p *reader) closeEntry(f *frame) {
	if !f.inEntry {
		return
	}
	f.inEntry = false
	if f.table == vdomWrapper {
		f.skip, f.foreign = false, false
	}
}

// field reads a line that gives a field its value.
func (p *reader) field(c command) {
	if len(p.stack) == 0 {
		p.unread(c.line, c.text, "a field outside of a table")
		return
	}
	f := p.top()
	p.elsewhere(f, c)
	if f.skip {
		return
	}
	if len(c.words) < 2 {
		p.unread(c.line, c.text, "no field is named")
		return
	}
	e := edit{p: p, verb: c.words[0], name: c.words[1], values: c.words[2:], line: c.line}
	if e.verb == "select" {
		e.verb = "set"
	}
	switch {
	case f.table.field == nil:
		p.unread(c.line, c.text, "this table has no fields")
	case f.table.open != nil && !f.inEntry:
		p.unread(c.line, c.text, "a field outside of an entry")
	default:
		if why := f.table.field(p, f, e); why != "" {
			p.unread(c.line, c.text, why)
		}
	}
}

// elsewhere notes names of ours in tables that aren't ours to change.
func (p *reader) elsewhere(f *frame, c command) {
	if f.foreign || len(c.words) < 3 || f.table != nil && ownTables[f.path] && !(f.path == "firewall policy" && policyFields[c.words[1]].kind == naming) {
		return
	}
	for _, word := range c.words[2:] {
		if strings.HasPrefix(word, p.prefix) && p.m.usedElsewhere[word] == 0 {
			p.m.usedElsewhere[word] = c.line
		}
	}
}

// ownTables are those whose references a plan changes.
var ownTables = map[string]bool{
	"firewall address": true, "firewall address6": true, "firewall addrgrp": true, "firewall addrgrp6": true,
	"firewall service custom": true, "firewall service group": true, "firewall policy": true,
}

// next closes an entry.
func (p *reader) next(c command) {
	if len(p.stack) == 0 {
		p.unread(c.line, c.text, "no entry is open")
		return
	}
	f := p.top()
	if !f.inEntry && !f.skip {
		p.unread(c.line, c.text, "no entry is open")
	}
	p.closeEntry(f)
}

// end leaves a table.
func (p *reader) end(c command) {
	if len(p.stack) == 0 {
		// The end of a configuration with VDOMs.
		if !p.m.header.multi {
			p.unread(c.line, c.text, "no table is open")
		}
		return
	}
	p.closeEntry(p.top())
	p.stack = p.stack[:len(p.stack)-1]
}

// An edit is one line of an entry: set, append, unselect or unset.
type edit struct {
	p          *reader
	verb, name string
	values     []string
	line       int
}

// one returns the only value of a field, "" for unset.
func (e edit) one() string {
	if e.verb == "unset" || len(e.values) == 0 {
		return ""
	}
	return e.values[0]
}

// list edits a list of names.
func (e edit) list(to *[]string) string {
	switch e.verb {
	case "set":
		*to = e.values
	case "unset":
		*to = nil
	case "append":
		// Words of the text have no room behind them, so this moves them first.
		*to = append(*to, e.values...)
	case "unselect":
		e.p.work += len(*to) * len(e.values)
		if e.p.work > maxWork {
			return "too much is unselected"
		}
		*to = slices.DeleteFunc(slices.Clone(*to), func(s string) bool { return slices.Contains(e.values, s) })
	}
	return ""
}

// text edits a field of one word.
func (e edit) text(to *string) string {
	*to = e.one()
	return ""
}

// flag edits a field that is enable or disable.
func (e edit) flag(to *bool, standard bool) string {
	switch e.one() {
	case "enable":
		*to = true
	case "disable":
		*to = false
	case "":
		*to = standard
	default:
		return "neither enable nor disable"
	}
	return ""
}

// maxFields bounds how many fields an entry has; a policy has some 200.
const maxFields = 500

// other keeps a field that has no place of its own.
func (e edit) other(to *[]field) string {
	for i := range *to {
		f := &(*to)[i]
		switch {
		case f.name != e.name:
			continue
		case e.verb == "unset":
			*to = slices.Delete(*to, i, i+1)
			return ""
		}
		f.line = e.line
		return e.list(&f.values)
	}
	if len(*to) >= maxFields {
		return "more fields than any entry of FortiOS has"
	}
	if e.verb != "unset" && e.verb != "unselect" {
		*to = append(*to, field{name: e.name, values: e.values, line: e.line})
	}
	return ""
}
