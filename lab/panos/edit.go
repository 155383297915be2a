package panos

import (
	"slices"
	"strings"
)

// refusal is what the device says instead of doing something.
type refusal string

func (r refusal) Error() string { return string(r) }

const (
	errSyntax  refusal = "Invalid syntax."
	errMissing refusal = "Object doesn't exist"
)

// fault is the refusal of a value or a name.
func fault(path []string, why string) error {
	if why == string(errSyntax) {
		return errSyntax
	}
	at := strings.Join(path, " -> ")
	if strings.HasPrefix(why, "constraints failed") {
		return refusal("Server error : " + at + " " + why)
	}
	return refusal("Validation Error:\n " + at + " " + why + "\n " + at + " is invalid")
}

// scope says what the first words of a path mean.
type scope struct {
	root    *schema
	multi   []string // the names of several virtual systems
	target  string   // the virtual system of short forms; "" for none
	full    bool     // paths may begin with the virtual system, whatever it is
	loading bool     // reads a printed configuration
}

// begin returns what comes before a path's first word.
func (sc *scope) begin(first string) ([]act, error) {
	if first == "vsys" && sc.root.byWord["vsys"] != nil {
		if len(sc.multi) == 0 && !sc.full {
			return nil, errSyntax
		}
		return nil, nil
	}
	if sc.root.byWord[first] != nil {
		return nil, nil
	}
	vsys := sc.root.byWord["vsys"]
	if sc.target == "" || vsys == nil || vsys.entry.byWord[first] == nil {
		return nil, errSyntax
	}
	return []act{{s: vsys, word: "vsys"}, {s: vsys.entry, word: sc.target, entry: true}}, nil
}

// knows says that a virtual system of this name exists.
func (sc *scope) knows(name string) bool {
	if len(sc.multi) == 0 {
		return name == "vsys1"
	}
	return slices.Contains(sc.multi, name)
}

// act is a step of an edit: down to a word or an entry, or a leaf's value.
type act struct {
	s      *schema
	word   string
	entry  bool
	leaf   bool
	listed bool // members in brackets
	values []string
}

// parser reads the path of a command.
type parser struct {
	scope
	r     reader
	path  []string
	ahead []token
}

func (p *parser) next() (token, error) {
	if n := len(p.ahead); n > 0 {
		t := p.ahead[n-1]
		p.ahead = p.ahead[:n-1]
		return t, nil
	}
	return p.r.next()
}

func (p *parser) unread(t token) { p.ahead = append(p.ahead, t) }

// sets reads what "set" does. Words of one level may follow each other.
func (p *parser) sets() ([]act, error) {
	t, err := p.next()
	if err != nil || t.none() || t.bracket() {
		return nil, errSyntax
	}
	acts, err := p.begin(t.text)
	if err != nil {
		return nil, err
	}
	cur := p.root
	if len(acts) > 0 {
		cur = acts[len(acts)-1].s
	}
	p.unread(t)
	for {
		t, err := p.next()
		if err != nil {
			return nil, err
		}
		if t.none() {
			break
		}
		if t.bracket() || t.text == "" {
			return nil, errSyntax
		}
		var a act
		switch cur.kind {
		case table:
			a, err = p.entryAct(cur, t.text)
		case open:
			p.unread(t)
			more, err := p.openActs(cur)
			return append(acts, more...), err
		default:
			a, err = p.wordAct(cur, t.text)
		}
		if err != nil {
			return nil, err
		}
		if acts = append(acts, a); !a.leaf {
			cur = a.s
			p.path = append(p.path, a.word)
		}
	}
	if cur.kind == table {
		return nil, errSyntax
	}
	return acts, nil
}

// entryAct checks the name of an entry of a table.
func (p *parser) entryAct(t *schema, name string) (act, error) {
	if t.check != nil {
		if why := t.check(name); why != "" {
			return act{}, fault(append(p.path, name), why)
		}
	}
	if t.word == "vsys" && !p.knows(name) {
		return act{}, fault(append(p.path, name), "'"+name+"' is not a valid vsys")
	}
	return act{s: t.entry, word: name, entry: true}, nil
}

// wordAct reads a word of a container and, if it is a leaf, its values.
func (p *parser) wordAct(c *schema, word string) (act, error) {
	k := c.byWord[word]
	if k == nil && c.loose {
		k = anything
	}
	if k == nil {
		return act{}, errSyntax
	}
	a := act{s: k, word: word}
	switch k.kind {
	case scalar:
		return p.scalarAct(a)
	case list:
		values, listed, err := p.values()
		if err != nil {
			return a, err
		}
		a.leaf, a.values, a.listed = true, values, listed
		return a, p.checkAll(a)
	}
	return a, nil
}

func (p *parser) scalarAct(a act) (act, error) {
	a.leaf = true
	if p.loading && a.s.text {
		v, err := p.r.rest()
		if err != nil {
			return a, err
		}
		a.values = []string{v}
		return a, p.checkAll(a)
	}
	t, err := p.next()
	if err != nil || t.none() || t.bracket() || t.text == "" && !a.s.text {
		return a, errSyntax
	}
	a.values = []string{t.text}
	return a, p.checkAll(a)
}

func (p *parser) checkAll(a act) error {
	if a.s.check == nil {
		return nil
	}
	for _, v := range a.values {
		if why := a.s.check(v); why != "" {
			return fault(append(p.path, a.word), why)
		}
	}
	return nil
}

// values reads a member, or members in brackets.
func (p *parser) values() (out []string, listed bool, err error) {
	t, err := p.next()
	if err != nil || t.none() || t.is("]") {
		return nil, false, errSyntax
	}
	if !t.is("[") {
		if t.text == "" {
			return nil, false, errSyntax
		}
		return []string{t.text}, false, nil
	}
	for {
		t, err := p.next()
		if err != nil || t.none() || t.is("[") || !t.is("]") && t.text == "" {
			return nil, false, errSyntax
		}
		if t.is("]") {
			break
		}
		out = append(out, t.text)
	}
	if len(out) == 0 {
		return nil, false, errSyntax
	}
	return out, true, nil
}

// openActs reads the rest of a line below a word that isn't emulated: a path
// and its value, which is the last word or the brackets.
func (p *parser) openActs(s *schema) ([]act, error) {
	var path []string
	for {
		t, err := p.next()
		if err != nil || t.is("]") {
			return nil, errSyntax
		}
		if t.none() {
			break
		}
		if !t.is("[") {
			if t.text == "" {
				return nil, errSyntax
			}
			path = append(path, t.text)
			continue
		}
		p.unread(t)
		values, _, err := p.values()
		if err != nil {
			return nil, err
		}
		if t, err := p.next(); err != nil || !t.none() {
			return nil, errSyntax
		}
		acts := openPath(path)
		return append(acts, act{s: anything, leaf: true, listed: true, values: values}), nil
	}
	acts := openPath(path[:len(path)-1])
	return append(acts, act{s: anything, leaf: true, values: path[len(path)-1:]}), nil
}

func openPath(path []string) []act {
	var acts []act
	for _, w := range path {
		acts = append(acts, act{s: anything, word: w})
	}
	return acts
}

// taken are pairs of tables that may not have a name in common.
var taken = map[string]string{"address": "address-group", "address-group": "address", "service": "service-group", "service-group": "service"}

// apply does an edit on a configuration. It changes nothing if it fails.
func apply(root *node, acts []act, loading bool) error {
	n := root
	for _, a := range acts {
		if a.leaf || n == nil {
			break
		}
		if a.entry && n.child(a.word) == nil {
			if other := taken[n.word]; other != "" && n.parent.at(other, a.word) != nil {
				return fault([]string{n.word, a.word}, "constraints failed : '"+a.word+"' is already in use by "+other)
			}
		}
		n = n.child(a.word)
	}
	n = root
	for _, a := range acts {
		n = n.apply(a, loading)
	}
	return nil
}

// apply does a step and returns where the next one begins.
func (n *node) apply(a act, loading bool) *node {
	switch {
	case !a.leaf && n.s.kind == open:
		return n.openChild(a.word)
	case !a.leaf:
		return n.open(a.word, a.s, a.entry)
	case n.s.kind == open:
		n.openValue(a, loading)
		return n
	}
	k := n.open(a.word, a.s, false)
	if a.s.kind == list {
		for _, v := range a.values {
			k.addMember(v)
		}
		return n
	}
	k.value, k.has = a.values[0], true
	return n
}

// open returns a child, made if it isn't there. Of a choice, the others go.
func (n *node) open(word string, s *schema, entry bool) *node {
	if s.choice != "" {
		n.each(func(k *node) {
			if k.s.choice == s.choice && k.word != word {
				k.remove()
			}
		})
	}
	if k := n.child(word); k != nil {
		return k
	}
	return n.add(word, s, entry)
}

// openChild returns a child of an open word. What was its value becomes a word.
func (n *node) openChild(word string) *node {
	n.spread()
	if k := n.child(word); k != nil {
		return k
	}
	return n.add(word, anything, false)
}

// spread makes children of the values of an open word.
func (n *node) spread() {
	old := n.members
	if n.has {
		old = append(old, n.value)
	}
	n.has, n.value, n.members, n.known = false, "", nil, nil
	for _, w := range old {
		if n.child(w) == nil {
			n.add(w, anything, false)
		}
	}
}

// openValue gives an open word a value. Typed, a value replaces another; in a
// printed configuration two lines are two words.
func (n *node) openValue(a act, loading bool) {
	switch {
	case n.first != nil:
		for _, v := range a.values {
			n.openChild(v)
		}
	case a.listed || len(n.members) > 0:
		if n.has {
			n.has = false
			n.addMember(n.value)
			n.value = ""
		}
		for _, v := range a.values {
			n.addMember(v)
		}
	case loading && n.has && n.value != a.values[0]:
		n.openChild(a.values[0])
	default:
		n.has, n.value = true, a.values[0]
	}
}

// tokens reads the rest of a line.
func (p *parser) tokens() ([]token, error) {
	var out []token
	for {
		t, err := p.next()
		if err != nil {
			return nil, err
		}
		if t.none() {
			return out, nil
		}
		out = append(out, t)
	}
}

// place is what a path names: a node, or members of it.
type place struct {
	s       *schema
	entry   bool
	node    *node // nil if there is none
	members []string
	path    []string
}

// find follows a path in a configuration.
func (sc *scope) find(root *node, toks []token) (place, error) {
	at := place{s: sc.root, node: root}
	if len(toks) == 0 {
		return at, nil
	}
	first, err := sc.begin(toks[0].text)
	if err != nil {
		return at, err
	}
	for _, a := range first {
		at.node, at.s = at.node.child(a.word), a.s
	}
	for i := 0; i < len(toks); i++ {
		t := toks[i]
		if at.s.kind == list {
			at.members, err = memberTokens(toks[i:])
			return at, err
		}
		if t.bracket() || t.text == "" || at.s.kind == scalar {
			return at, errSyntax
		}
		at.entry = at.s.kind == table
		next := at.s.entry
		switch at.s.kind {
		case container:
			next = at.s.byWord[t.text]
			if next == nil && at.s.loose {
				next = anything
			}
		case open:
			next = anything
			if i == len(toks)-1 && at.node.child(t.text) == nil && at.node != nil &&
				(at.node.has && at.node.value == t.text || at.node.hasMember(t.text)) {
				at.members = []string{t.text}
				return at, nil
			}
		}
		if next == nil {
			return at, errSyntax
		}
		at.s, at.node = next, at.node.child(t.text)
		at.path = append(at.path, t.text)
	}
	return at, nil
}

func memberTokens(toks []token) ([]string, error) {
	if len(toks) == 1 && !toks[0].bracket() && toks[0].text != "" {
		return []string{toks[0].text}, nil
	}
	last := len(toks) - 1
	if last < 2 || !toks[0].is("[") || !toks[last].is("]") {
		return nil, errSyntax
	}
	var out []string
	for _, t := range toks[1:last] {
		if t.bracket() || t.text == "" {
			return nil, errSyntax
		}
		out = append(out, t.text)
	}
	return out, nil
}

// deletes does "delete": a node with all below it, or members of a list.
func (sc *scope) deletes(root *node, toks []token) error {
	at, err := sc.find(root, toks)
	switch {
	case err != nil:
		return err
	case len(toks) == 0:
		return errSyntax
	case at.node == nil:
		return errMissing
	case at.members == nil:
		at.node.prune()
		return nil
	}
	n := at.node
	if n.has {
		n.prune()
		return nil
	}
	for _, m := range at.members {
		if !n.hasMember(m) {
			return errMissing
		}
	}
	for _, m := range at.members {
		if n.hasMember(m) {
			n.dropMember(m)
		}
	}
	if len(n.members) == 0 {
		n.prune()
	}
	return nil
}

// moves does "move": an entry to another place of its table.
func (sc *scope) moves(root *node, toks []token) error {
	count := len(toks)
	if count < 2 {
		return errSyntax
	}
	where, mark := toks[count-1].text, ""
	path := toks[:count-1]
	if where != "top" && where != "bottom" || toks[count-2].is("before") || toks[count-2].is("after") {
		if count < 3 {
			return errSyntax
		}
		where, mark, path = toks[count-2].text, toks[count-1].text, toks[:count-2]
		if where != "before" && where != "after" || toks[count-1].bracket() {
			return errSyntax
		}
	}
	at, err := sc.find(root, path)
	switch {
	case err != nil:
		return err
	case !at.entry || at.members != nil:
		return errSyntax
	case at.node == nil:
		return errMissing
	}
	n, p := at.node, at.node.parent
	other := p.child(mark)
	if mark != "" && (other == nil || other == n) {
		if other == n {
			return errSyntax
		}
		return errMissing
	}
	n.remove()
	switch where {
	case "top":
		p.insert(n, nil)
	case "bottom":
		p.insert(n, p.last)
	case "before":
		p.insert(n, other.prev)
	case "after":
		p.insert(n, other)
	}
	return nil
}

// renames does "rename" and "copy": the entry gets, or is copied to, another
// name. What refers to it is left alone.
func (sc *scope) renames(root *node, toks []token, copied bool) error {
	count := len(toks)
	if count < 4 || !toks[count-2].is("to") || toks[count-1].bracket() || toks[count-1].text == "" {
		return errSyntax
	}
	name := toks[count-1].text
	at, err := sc.find(root, toks[:count-2])
	switch {
	case err != nil:
		return err
	case !at.entry || at.members != nil:
		return errSyntax
	case at.node == nil:
		return errMissing
	}
	p := at.node.parent
	path := append(slices.Clone(at.path[:len(at.path)-1]), name)
	if p.s.check != nil {
		if why := p.s.check(name); why != "" {
			return fault(path, why)
		}
	}
	other := taken[p.word]
	if p.child(name) != nil || p.word == "vsys" || other != "" && p.parent.at(other, name) != nil {
		return fault(path, "constraints failed : '"+name+"' is already in use")
	}
	n := at.node
	after := n.prev
	if copied {
		n = n.copy()
		n.uuid = ""
		after = p.last
	} else {
		n.remove()
	}
	n.word = name
	p.insert(n, after)
	return nil
}
