package nftables

import (
	"strings"
)

// command reads one command of the outermost level: a table block, as nft lists
// it, or one of the commands that Render writes before a block. Their meaning is
// that of nft(8), for a kernel that holds nothing of what the text names but
// the tables that it adds to.
func (p *textListing) command() error {
	t := p.advance()
	if t.kind == tBreak || t.kind == tNote {
		return nil
	}
	words := t.text
	if t.kind == tWord && p.tok.kind == tWord && t.text != "table" {
		words += " " + p.tok.text
	}
	switch words {
	case "table":
		return p.table(t)
	case "add table":
		return p.table(p.advance())
	case "delete table", "destroy table":
		p.advance()
		family, name, err := p.tableName()
		p.had.remove(family, name)
		return p.ended(words, err)
	case "flush ruleset":
		p.advance()
		p.had = listing{}
		return p.ended(words, nil)
	case "add chain", "flush chain", "add set", "flush set":
		p.advance()
		p.had.commands = true
		return p.ended(words, p.inNamedTable(words))
	}
	return p.errorf(t, "%.40q is not read. Give what \"nft -s list ruleset\" or \"nft -j list ruleset\" prints, or a file that nbfwc wrote: table blocks, and the commands add and flush for tables, chains and sets", words)
}

// ended says whether a command ends where it should.
func (p *textListing) ended(words string, err error) error {
	if err == nil && p.tok.kind != tBreak && p.tok.kind != tEnd && p.tok.kind != tNote {
		return p.errorf(p.tok, "%.40q after %s is not read", p.tok.text, words)
	}
	return err
}

// inNamedTable reads the rest of a command about a chain or set: the names of
// its table and its own, and what follows.
func (p *textListing) inNamedTable(words string) error {
	family, table, err := p.tableName()
	if err != nil {
		return err
	}
	line := p.tok.line
	t := p.had.table(family, table, line)
	switch words {
	case "add set":
		return p.set(t, false)
	case "add chain":
		return p.addChain(t)
	}
	name := p.advance()
	if name.kind != tWord && name.kind != tString {
		return p.errorf(name, "want a name after %s, have %.40q", words, name.text)
	}
	if c := t.chainOf[name.text]; c != nil && words == "flush chain" {
		c.rules = nil
		return nil
	}
	if s := t.setOf[name.text]; s != nil && words == "flush set" {
		s.elems, s.declared = nil, nil
		return nil
	}
	return p.errorf(name, "%s: %s %s has no %.60q here; add it first", words, family, table, name.text)
}

// addChain reads "add chain inet t c" or the same with a block. To add a chain
// that exists changes nothing.
func (p *textListing) addChain(t *tableDecl) error {
	name := p.advance()
	if name.kind != tWord && name.kind != tString {
		return p.errorf(name, "want the name of a chain, have %.40q", name.text)
	}
	if p.tok.is("{") {
		p.advance()
		return p.chainBody(t, name)
	}
	if t.chainOf[name.text] == nil {
		t.addChain(&chainDecl{table: t, name: name.text, line: name.line})
	}
	return nil
}

// remarked reads a remark at the level of a table: that of the set after it,
// whose name the remark has in full.
func (p *textListing) remarked(k token) {
	if name, ok := strings.CutPrefix(k.text, groupRemark); ok {
		p.groupName = name
	}
}

// entered reports chains of a section that nothing jumps to: the rules stand in
// the kernel and decide nothing. In the text of a file that is as it should be:
// the jump stands in the user's own.
func (tr *translation) entered() {
	if tr.had.commands {
		return
	}
	for _, t := range tr.had.tables {
		for _, name := range sectionChains {
			if c := t.chainOf[name]; c != nil && len(c.rules) > 0 && !t.jumpsTo(name) {
				tr.problem(c.line, c.title(), "nothing jumps to the section, so its rules decide nothing; add \"jump "+name+"\" to your base chain")
			}
		}
	}
}

// jumpsTo says whether a rule of the table has a jump or goto to a chain.
func (t *tableDecl) jumpsTo(name string) bool {
	for _, c := range t.chains {
		for _, r := range c.rules {
			for i := range r.stmts {
				if r.stmts[i].jumpsTo(t, name) {
					return true
				}
			}
		}
	}
	return false
}

func (s *stmt) jumpsTo(t *tableDecl, name string) bool {
	if s.kind == sVerdict {
		return s.verdict.target == name
	}
	if s.kind != sVmap {
		return false
	}
	set := s.right.set
	if s.right.kind == nRef {
		set = t.setOf[s.right.text]
	}
	if set == nil {
		return false
	}
	for i := range set.elems {
		if set.elems[i].verdict.target == name {
			return true
		}
	}
	return false
}

// sections returns the chains of a section that a file writes and does not
// enter, each as if it hung on its hook. What returns from it is for the user's
// chain to decide, which is not in the file.
func (tr *translation) sections() []*chainDecl {
	if !tr.had.commands {
		return nil
	}
	var out []*chainDecl
	for _, t := range tr.had.tables {
		for i, name := range sectionChains {
			if c := t.chainOf[name]; c != nil && !c.base && !t.jumpsTo(name) {
				hooked := *c
				hooked.hook, hooked.kind, hooked.section = hookNames[i], "filter", true
				out = append(out, &hooked)
			}
		}
	}
	return out
}
