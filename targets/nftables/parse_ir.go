package nftables

import (
	"slices"
	"strconv"
	"strings"

	"github.com/nbfwc/nbfwc/ruleset"
)

// What follows is the form that both listings, text and JSON, are brought into
// before anything is concluded from them. It says what nft says, in its words.

// A listing is all that was read.
type listing struct {
	tables  []*tableDecl
	tableOf map[string]*tableDecl // by family and name
	// commands says that chains or sets were added or flushed by commands: the
	// text is a file, no listing.
	commands bool
}

// A tableDecl holds chains, sets and maps of one family.
type tableDecl struct {
	family, name string
	line         int
	dormant      bool
	// doubtful says that flags are set that the listing doesn't name.
	doubtful bool
	chains   []*chainDecl
	sets     []*setDecl
	timeouts []timeoutObject

	chainOf map[string]*chainDecl
	setOf   map[string]*setDecl
}

// A chainDecl is a list of rules; a base chain hangs on a hook.
type chainDecl struct {
	table      *tableDecl
	name       string
	line       int
	base       bool
	section    bool // see sections
	kind, hook string
	devices    []string
	prio       int
	policyDrop bool
	rules      []*ruleDecl
}

// A ruleDecl is a list of statements that are carried out from left to right until
// one of them doesn't match.
type ruleDecl struct {
	line    int
	handle  string
	comment string
	stmts   []stmt
	// fate says what became of the rule; every rule has one in the end.
	fate fate
}

// A timeoutObject is what "ct timeout set" refers to.
type timeoutObject struct {
	name, proto string
	established int // seconds, 0 if the default stays
}

// A setDecl is a named or an anonymous set or map.
type setDecl struct {
	name    string
	line    int
	handle  string
	comment string
	// keyType is what nft calls the type of the elements.
	keyType string
	// verdicts says that it is a map to verdicts.
	verdicts bool
	interval bool
	// changing says that packets add or remove elements: what is listed is
	// true for a moment only.
	changing bool
	// expires says that elements without a timeout of their own have one.
	expires bool
	// unread is what the set has that isn't modelled, "" for nothing.
	unread string
	elems  []setElem
	// called is what a remark of the file calls the group that the set is of,
	// and declared are its members if the file says more than elems, see
	// declaration.
	called   string
	declared []ruleset.Member
}

// A setElem is a member of a set or map.
type setElem struct {
	key     node
	verdict verdict
	comment string
	line    int32
	// expires says that it has a timeout; doubt names a statement of the
	// element that decides whether it matches.
	expires bool
	doubt   string
}

type verdictKind uint8

const (
	vNone verdictKind = iota
	vAccept
	vDrop
	vReject
	vJump
	vGoto
	vReturn
	vContinue
	vQueue
	vTranslated // dnat and its like: accepts after changing the packet
	vAnything   // an unknown statement that may end the rule
)

// A verdict says what happens to the packet, target names the chain of a jump
// or goto, text is what is printed of a queue or an unknown statement.
type verdict struct {
	kind   verdictKind
	target string
	text   string
}

type stmtKind uint8

const (
	sEffect    stmtKind = iota // doesn't decide anything
	sMatch                     // left op right
	sVmap                      // left vmap right
	sVerdict                   // verdict
	sLog                       // log
	sTimeout                   // ct timeout set text
	sUncertain                 // matches or not for reasons of its own: limit, quota, ...
	sUnknown                   // not understood; a condition or an effect
	sChange                    // changes addresses or ports; the packet goes on
	sAssign                    // sets what later matches may read; text is the field
	sNotrack                   // takes the connection out of connection tracking
)

// A stmt is one statement of a rule.
type stmt struct {
	kind        stmtKind
	op          string
	left, right node
	verdict     verdict
	// text is the canonical text of statements that aren't modelled.
	text string
	// varies says that two statements of this text needn't agree: each has a
	// state of its own.
	varies bool
	line   int
}

type nodeKind uint8

const (
	nNone   nodeKind = iota
	nValue           // text
	nPrefix          // text/n
	nRange           // kids[0]-kids[1]
	nConcat          // kids[0] . kids[1] ...
	nList            // kids[0] , kids[1] ...: flags, any of them or all of them
	nField           // what is read of the packet, text in nft's words
	nMask            // kids[0] text kids[1], text is & | ^ << or >>
	nSet             // an anonymous set
	nRef             // @text
	nOther           // not understood
)

// A node is an expression.
type node struct {
	kind nodeKind
	n    int32
	text string
	kids []node
	set  *setDecl
}

// String returns the expression as nft writes it, numbers in decimal, so that
// the text and the JSON form of one expression give the same string.
func (n node) String() string {
	var b strings.Builder
	n.write(&b)
	return b.String()
}

func (n node) write(b *strings.Builder) {
	switch n.kind {
	case nPrefix:
		b.WriteString(n.text)
		b.WriteByte('/')
		b.WriteString(strconv.Itoa(int(n.n)))
	case nRange:
		writeNodes(b, n.kids, "-")
	case nConcat:
		writeNodes(b, n.kids, " . ")
	case nList:
		writeNodes(b, n.kids, ",")
	case nMask:
		writeNodes(b, n.kids, " "+n.text+" ")
	case nRef:
		b.WriteString("@" + n.text)
	case nSet:
		n.set.write(b)
	case nValue:
		b.WriteString(canonicalNumber(n.text))
	default:
		b.WriteString(n.text)
	}
}

func writeNodes(b *strings.Builder, ns []node, sep string) {
	for i, k := range ns {
		if i > 0 {
			b.WriteString(sep)
		}
		k.write(b)
	}
}

// String returns the elements as nft writes them.
func (s *setDecl) String() string {
	var b strings.Builder
	s.write(&b)
	return b.String()
}

func (s *setDecl) write(b *strings.Builder) {
	b.WriteString("{ ")
	for i := range s.elems {
		if i > 0 {
			b.WriteString(", ")
		}
		s.elems[i].key.write(b)
		if s.verdicts {
			b.WriteString(" : " + s.elems[i].verdict.String())
		}
	}
	b.WriteString(" }")
}

// String returns the verdict as nft writes it.
func (v verdict) String() string {
	switch v.kind {
	case vAccept:
		return "accept"
	case vDrop:
		return "drop"
	case vReject:
		return "reject"
	case vJump:
		return "jump " + v.target
	case vGoto:
		return "goto " + v.target
	case vReturn:
		return "return"
	case vContinue:
		return "continue"
	}
	return v.text
}

// String returns the statement as nft writes it.
func (s *stmt) String() string {
	switch s.kind {
	case sMatch:
		if s.op == "in" || s.op == "==" && (!isFlags(s.left) || s.right.kind == nSet || s.right.kind == nRef) {
			return s.left.String() + " " + s.right.String()
		}
		return s.left.String() + " " + s.op + " " + s.right.String()
	case sVmap:
		return s.left.String() + " vmap " + s.right.String()
	case sVerdict:
		return s.verdict.String()
	}
	return s.text
}

// canonicalNumber returns hexadecimal numbers in decimal; nft's text has marks
// as 0x00000005, its JSON has 5.
func canonicalNumber(s string) string {
	if !strings.HasPrefix(s, "0x") {
		return s
	}
	v, err := strconv.ParseUint(s[2:], 16, 64)
	if err != nil {
		return s
	}
	return strconv.FormatUint(v, 10)
}

func newTable(family, name string, line int) *tableDecl {
	return &tableDecl{family: family, name: name, line: line, chainOf: map[string]*chainDecl{}, setOf: map[string]*setDecl{}}
}

func (t *tableDecl) addChain(c *chainDecl) *chainDecl {
	if have := t.chainOf[c.name]; have != nil {
		// A chain that is declared twice is one chain: the rules add up.
		if c.base {
			rules := append(have.rules, c.rules...)
			*have = *c
			have.rules = rules
		} else {
			have.rules = append(have.rules, c.rules...)
		}
		return have
	}
	t.chains = append(t.chains, c)
	t.chainOf[c.name] = c
	return c
}

func (t *tableDecl) addSet(s *setDecl) {
	if have := t.setOf[s.name]; have != nil {
		if have.called == "" {
			have.called = s.called
		}
		have.elems = append(have.elems, s.elems...)
		have.declared = append(have.declared, s.declared...)
		have.line = max(have.line, s.line)
		return
	}
	t.sets = append(t.sets, s)
	t.setOf[s.name] = s
}

// table returns the table of that name, which it adds if there is none.
func (l *listing) table(family, name string, line int) *tableDecl {
	key := family + " " + name
	if t := l.tableOf[key]; t != nil {
		return t
	}
	t := newTable(family, name, line)
	if l.tableOf == nil {
		l.tableOf = map[string]*tableDecl{}
	}
	l.tableOf[key] = t
	l.tables = append(l.tables, t)
	return t
}

// remove forgets a table, as "delete table" does.
func (l *listing) remove(family, name string) {
	t := l.tableOf[family+" "+name]
	if t == nil {
		return
	}
	delete(l.tableOf, family+" "+name)
	l.tables = slices.DeleteFunc(l.tables, func(x *tableDecl) bool { return x == t })
}
