package panos

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// deepest is how deep blocks and elements may be in each other.
const deepest = 64

// read makes a configuration of what the device printed: lines of "set",
// blocks in braces or XML.
func (sc scope) read(text string) (*node, error) {
	sc.loading = true
	root := &node{s: sc.root}
	var err error
	switch t := strings.TrimLeft(text, " \t\r\n"); {
	case t == "":
	case t[0] == '<':
		err = sc.readXML(root, t)
	case setText(t):
		err = sc.readSet(root, text)
	default:
		err = sc.readBraces(root, text)
	}
	if err != nil {
		return nil, err
	}
	root.tidy()
	return root, nil
}

// tidy takes away what says nothing: tables without entries, leaves without a
// value.
func (n *node) tidy() {
	n.each((*node).tidy)
	switch {
	case n.s.kind == table && n.first == nil, n.s.kind == list && len(n.members) == 0, n.s.kind == scalar && !n.has:
		n.prune()
	}
}

// setText says that the first line that isn't a comment begins with "set".
func setText(text string) bool {
	for l := range strings.Lines(text) {
		if l = strings.TrimSpace(l); l != "" && l[0] != '#' && l[0] != '!' {
			return strings.HasPrefix(l, "set ")
		}
	}
	return true
}

// printable drops control characters, which nobody can type.
func printable(s string) string {
	control := func(b byte) bool { return b < 0x20 && b != '\t' && b != '\n' || b == 0x7f }
	for i := range len(s) {
		if control(s[i]) {
			return string(slices.DeleteFunc([]byte(s), control))
		}
	}
	return s
}

// eachLine hands out lines with their numbers. A line whose string isn't
// closed goes on in the next one.
func eachLine(text, end string, do func(int, string) error) error {
	number, from := 0, 0
	var open []string
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimRight(line, "\r\n")
		if len(open) == 0 {
			if t := strings.TrimSpace(line); t == "" || t[0] == '#' || t[0] == '!' {
				continue
			}
			from = number
		}
		done := strings.Count(line, `"`)%2 == 0
		if len(open) > 0 {
			done = !done
		}
		if t := strings.TrimRight(line, " \t"); !done && strings.HasSuffix(t, `"`+end) && (len(open) > 0 || strings.Count(t, `"`) > 1) {
			done = true
		}
		if !done {
			open = append(open, line)
			continue
		}
		if len(open) > 0 {
			line = strings.Join(append(open, line), "\n")
			open = nil
		}
		if err := do(from, printable(line)); err != nil {
			return fmt.Errorf("line %d: %s: %w", from, strings.TrimSpace(line), err)
		}
	}
	if len(open) > 0 {
		return fmt.Errorf("line %d: %w", from, errSyntax)
	}
	return nil
}

func (sc scope) readSet(root *node, text string) error {
	return eachLine(text, "", func(_ int, line string) error {
		line, ok := strings.CutPrefix(strings.TrimSpace(line), "set ")
		if !ok {
			return errSyntax
		}
		p := parser{scope: sc}
		if rest, ok := strings.CutPrefix(line, "config "); ok {
			p.full = true
			line = strings.TrimPrefix(rest, "devices localhost.localdomain ")
		}
		p.r.line = line
		acts, err := p.sets()
		if err != nil {
			return err
		}
		return apply(root, acts, true)
	})
}

// builder takes blocks and elements, which say themselves what is a word.
type builder struct {
	sc   scope
	path []string
}

// enter returns the child of a block.
func (b *builder) enter(n *node, word string) (*node, error) {
	if len(b.path) > deepest || word == "" {
		return nil, errSyntax
	}
	p := parser{scope: b.sc, path: b.path}
	if n.parent == nil {
		first, err := b.sc.begin(word)
		if err != nil {
			return nil, err
		}
		for _, a := range first {
			n = n.apply(a, true)
		}
	}
	switch n.s.kind {
	case table:
		a, err := p.entryAct(n.s, word)
		if err != nil {
			return nil, err
		}
		if other := taken[n.word]; other != "" && n.parent.at(other, word) != nil {
			return nil, fault([]string{n.word, word}, "constraints failed : '"+word+"' is already in use by "+other)
		}
		return n.open(word, a.s, true), nil
	case open:
		return n.openChild(word), nil
	case container:
		k := n.s.byWord[word]
		if k == nil && n.s.loose {
			k = anything
		}
		if k != nil {
			return n.open(word, k, false), nil
		}
	}
	return nil, errSyntax
}

// leaf gives a node its values.
func (b *builder) leaf(n *node, values []string, listed bool) error {
	p := parser{scope: b.sc, path: b.path}
	a := act{s: n.s, leaf: true, values: values, listed: listed}
	switch n.s.kind {
	case scalar:
		if len(values) != 1 || values[0] == "" && !n.s.text {
			return errSyntax
		}
		n.has, n.value = true, values[0]
	case list:
		if slices.Contains(values, "") {
			return errSyntax
		}
		for _, v := range values {
			n.addMember(v)
		}
	case open:
		if slices.Contains(values, "") {
			return errSyntax
		}
		n.openValue(a, true)
		return nil
	default:
		return errSyntax
	}
	p.path = b.path[:max(0, len(b.path)-1)]
	a.word = n.word
	return p.checkAll(a)
}

func (sc scope) readBraces(root *node, text string) error {
	b := &builder{sc: sc}
	var stack []*node
	cur := root
	err := eachLine(text, ";", func(_ int, line string) error {
		line = strings.TrimSpace(line)
		r := reader{line: line}
		switch {
		case line == "}":
			if len(stack) == 0 {
				return errSyntax
			}
			last := len(stack) - 1
			if cur != root {
				b.path = b.path[:len(b.path)-1]
			}
			cur, stack = stack[last], stack[:last]
			return nil
		case strings.HasSuffix(line, "{"):
			r.line = strings.TrimSuffix(line, "{")
			t, err := r.next()
			if err != nil || t.none() || t.bracket() {
				return errSyntax
			}
			if r.skip(); r.pos < len(r.line) || len(stack) > deepest {
				return errSyntax
			}
			stack = append(stack, cur)
			if cur == root && (t.is("config") || t.is("devices") || t.is("localhost.localdomain")) {
				b.sc.full = true
				return nil
			}
			n, err := b.enter(cur, t.text)
			b.path = append(b.path, t.text)
			cur = n
			return err
		case strings.HasSuffix(line, ";"):
			return b.line(cur, strings.TrimSuffix(line, ";"))
		}
		return errSyntax
	})
	if err == nil && len(stack) > 0 {
		return errors.New("the last block is not closed")
	}
	return err
}

// line is a leaf: "word;", "word value;" or "word [ a b];".
func (b *builder) line(cur *node, line string) error {
	p := parser{scope: b.sc, r: reader{line: line}}
	t, err := p.next()
	if err != nil || t.none() || t.bracket() {
		return errSyntax
	}
	n, err := b.enter(cur, t.text)
	if err != nil {
		return err
	}
	b.path = append(b.path, t.text)
	defer func() { b.path = b.path[:len(b.path)-1] }()
	if n.s.text {
		v, err := p.r.rest()
		if err != nil {
			return err
		}
		return b.leaf(n, []string{v}, false)
	}
	first, err := p.next()
	switch {
	case err != nil:
		return err
	case first.none() && (n.s.kind == scalar || n.s.kind == list):
		return errSyntax
	case first.none():
		return nil
	}
	p.unread(first)
	values, listed, err := p.values()
	if err != nil {
		return err
	}
	if t, err := p.next(); err != nil || !t.none() {
		return errSyntax
	}
	return b.leaf(n, values, listed)
}

func (sc scope) readXML(root *node, text string) error {
	b := &builder{sc: sc}
	b.sc.full = true
	dec := xml.NewDecoder(strings.NewReader(text))
	type frame struct {
		n      *node
		list   []string
		listed bool
		text   strings.Builder
		member bool
		kids   bool
	}
	var stack []*frame
	fail := func(err error) error {
		line, _ := dec.InputPos()
		return fmt.Errorf("line %d: %s: %w", line, strings.Join(b.path, " -> "), err)
	}
	for {
		t, err := dec.Token()
		if errors.Is(err, io.EOF) {
			if len(stack) > 0 || root == nil {
				return fail(errSyntax)
			}
			return nil
		}
		if err != nil {
			return err
		}
		switch t := t.(type) {
		case xml.StartElement:
			if len(stack) > 2*deepest {
				return fail(errSyntax)
			}
			word, uuid := nameIn(t)
			f := &frame{}
			top := root
			if len(stack) > 0 {
				parent := stack[len(stack)-1]
				parent.kids = true
				top = parent.n
				if parent.member || top == nil {
					return fail(errSyntax)
				}
			}
			switch {
			case t.Name.Local == "member" && len(stack) > 0:
				f.member = true
			case top == root && wrapper(t.Name.Local, word):
				f.n = root
			default:
				if (t.Name.Local == "entry") != (top.s.kind == table) && top.s.kind != open {
					return fail(errSyntax)
				}
				n, err := b.enter(top, word)
				if err != nil {
					return fail(err)
				}
				b.path = append(b.path, word)
				n.uuid = uuid
				f.n = n
			}
			stack = append(stack, f)
		case xml.CharData:
			if len(stack) > 0 {
				stack[len(stack)-1].text.Write(t)
			} else if strings.TrimSpace(string(t)) != "" {
				return fail(errSyntax)
			}
		case xml.EndElement:
			f := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			if f.n == root {
				continue
			}
			value := f.text.String()
			if f.member {
				parent := stack[len(stack)-1]
				parent.list, parent.listed = append(parent.list, printable(strings.TrimSpace(value))), true
				continue
			}
			if err := b.end(f.n, value, f.list, f.kids && !f.listed); err != nil {
				return fail(err)
			}
			b.path = b.path[:len(b.path)-1]
		}
	}
}

// end is the end of an element.
func (b *builder) end(n *node, value string, members []string, kids bool) error {
	value = printable(value)
	if !n.s.text {
		value = strings.TrimSpace(value)
	}
	switch {
	case len(members) > 0:
		return b.leaf(n, members, true)
	case kids && strings.TrimSpace(value) == "":
		return nil
	case kids:
		return errSyntax
	case n.s.kind == list:
		n.prune()
		return nil
	case n.s.kind == scalar:
		return b.leaf(n, []string{value}, false)
	case value == "":
		return nil
	}
	return b.leaf(n, []string{value}, false)
}

// nameIn is the word that an element stands for.
func nameIn(t xml.StartElement) (word, uuid string) {
	word = t.Name.Local
	for _, a := range t.Attr {
		switch {
		case a.Name.Local == "name" && t.Name.Local == "entry":
			word = printable(a.Value)
		case a.Name.Local == "uuid":
			uuid = a.Value
		}
	}
	return word, uuid
}

func wrapper(tag, name string) bool {
	switch tag {
	case "config", "devices", "response", "result":
		return true
	}
	return tag == "entry" && name == "localhost.localdomain"
}
