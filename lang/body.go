package lang

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// body reads the attributes of one block, or of one instance of it. Its
// methods report what is wrong with a value and then return the zero value.
type body struct {
	l     *loader
	sc    *scope
	attrs hcl.Attributes
	def   hcl.Range // of the block, for what is missing
	title string    // zone "core"
	// silent: some value is missing because of a fault elsewhere.
	silent bool
}

func (l *loader) bodyOf(d *decl, content *hcl.BodyContent, sc *scope) *body {
	return &body{l: l, sc: sc, attrs: content.Attributes, def: d.block.DefRange, title: fmt.Sprintf("%s %q", d.kind, d.label)}
}

// scopeOf is the scope for the attributes of an instance.
func scopeOf(in *instance) *scope { return &scope{each: in, domain: in.decl.domain} }

// expr is the expression of an attribute, nil if it isn't there.
func (b *body) expr(name string) hclsyntax.Expression {
	a := b.attrs[name]
	if a == nil {
		return nil
	}
	return b.l.native(a.Expr)
}

// value is the value of an attribute; nil if it isn't there, null or faulty.
func (b *body) value(name string) (v value, at hcl.Range) {
	e := b.expr(name)
	if e == nil {
		return nil, b.def
	}
	v = b.l.eval(e, b.sc)
	if _, ok := v.(faulty); ok {
		b.silent = true
		return nil, e.Range()
	}
	return v, e.Range()
}

// need reports an attribute that isn't there.
func (b *body) need(name, example string) bool {
	if b.attrs[name] != nil {
		return true
	}
	b.l.fail(sumMissing, fmt.Sprintf("%s needs %q, such as: %s.", b.title, name, example), b.def)
	return false
}

func (b *body) wrongType(name, want string, v value, at hcl.Range) {
	b.l.fail(sumType, fmt.Sprintf("%q must be %s, but it is %s.", name, want, typeName(v)), at)
}

func (b *body) str(name string) (string, hcl.Range) {
	v, at := b.value(name)
	if v == nil {
		return "", at
	}
	s, ok := v.(string)
	if !ok {
		want := "a string"
		if name == "version" || name == "os" {
			want = "a string in quotes, such as \"7.6\", since the number 7.10 would be 7.1"
		}
		b.wrongType(name, want, v, at)
	}
	return s, at
}

// text is a line of prose of at most most characters.
func (b *body) text(name string, most int) string {
	s, at := b.str(name)
	if s == "" || !b.l.checkText(name, s, most, at) {
		return ""
	}
	return s
}

// name is a text that stands in commands of a device.
func (b *body) name(name string) string {
	s, at := b.str(name)
	if s == "" || !b.l.checkWord(name, s, at) {
		return ""
	}
	return s
}

func (b *body) flag(name string) bool {
	v, at := b.value(name)
	if v == nil {
		return false
	}
	f, ok := v.(bool)
	if !ok {
		b.wrongType(name, "true or false", v, at)
	}
	return f
}

// word is one of a few words; "" if the value is another one.
func (b *body) word(a *hcl.Attribute, words []string) string {
	v, at := b.value(a.Name)
	if v == nil {
		return ""
	}
	s, _ := v.(string)
	for _, w := range words {
		if s == w {
			return w
		}
	}
	detail := fmt.Sprintf("%q must be one of: %s.", a.Name, strings.Join(words, ", "))
	if c := closest(s, words); c != "" {
		detail += fmt.Sprintf(" Did you mean %q?", c)
	}
	b.l.fail(sumWord, detail, at)
	return ""
}

func (b *body) oneOf(name string, words ...string) string {
	if a := b.attrs[name]; a != nil {
		return b.word(a, words)
	}
	return ""
}

// texts is a list of strings.
func (b *body) texts(name string) []string {
	var out []string
	b.each(name, func(v value, at hcl.Range) {
		s, ok := v.(string)
		if !ok {
			b.wrongType(name, "a list of strings", v, at)
			return
		}
		out = append(out, s)
	})
	return out
}

// each calls f for each element of a list, and not for faulty ones.
func (b *body) each(name string, f func(value, hcl.Range)) {
	e := b.expr(name)
	if e == nil {
		return
	}
	one := func(v value, at hcl.Range) {
		if _, ok := v.(faulty); ok {
			b.silent = true
			return
		}
		f(v, at)
	}
	if list, ok := e.(*hclsyntax.TupleConsExpr); ok {
		for _, x := range list.Exprs {
			one(b.l.eval(x, b.sc), x.Range())
		}
		return
	}
	switch v := b.l.eval(e, b.sc).(type) {
	case nil:
	case []any:
		for _, x := range v {
			one(x, e.Range())
		}
	default:
		one(v, e.Range())
	}
}

// duration is a time such as "8h". Timeouts below a second or above a year
// are mistakes.
func (b *body) duration(name string) time.Duration {
	s, at := b.str(name)
	if s == "" {
		return 0
	}
	d, err := time.ParseDuration(s)
	if err != nil || d < time.Second || d > 365*24*time.Hour || d%time.Second != 0 {
		b.l.fail(sumType, fmt.Sprintf("%q must be a time in whole seconds, such as \"8h\", \"30m\" or \"1h30m\".", name), at)
		return 0
	}
	return d
}

func (b *body) version(name string) Version {
	s, at := b.str(name)
	if s == "" {
		return Version{}
	}
	v, err := ParseVersion(s)
	if err != nil {
		b.l.fail(sumVersion, sentence(err), at)
	}
	return v
}

// prefixes is a list of networks.
func (b *body) prefixes(name string) (out []netip.Prefix, at []hcl.Range) {
	b.each(name, func(v value, r hcl.Range) {
		s, ok := v.(string)
		if !ok {
			b.wrongType(name, "a list of prefixes such as \"10.0.0.0/24\"", v, r)
			return
		}
		p, err := parsePrefix(s)
		if err != nil {
			b.l.fail(sumAddressInvalid, sentence(err), r)
			return
		}
		out, at = append(out, p), append(at, r)
	})
	return out, at
}

// parsePrefix reads one prefix, as strictly as addresses are read.
func parsePrefix(s string) (netip.Prefix, error) {
	r, err := parseAddrRange(s)
	if err != nil {
		return netip.Prefix{}, err
	}
	_, bits, ok := strings.Cut(s, "/")
	if !ok {
		if r.From != r.To {
			return netip.Prefix{}, fmt.Errorf("%q is a range where a prefix is needed: write one like \"10.0.0.0/24\"", clip(s))
		}
		return netip.Prefix{}, fmt.Errorf("%q has no prefix length: write \"%s/%d\" for the one address", clip(s), r.From, r.From.BitLen())
	}
	n, _ := parsePart(bits)
	return netip.PrefixFrom(r.From, int(n)), nil
}

// refs is a list of references.
func (b *body) refs(name string, want ...kind) []hit {
	e := b.expr(name)
	if e == nil {
		return nil
	}
	missed := b.l.missedRefs
	hits := b.l.references(e, b.sc, want...)
	b.silent = b.silent || b.l.missedRefs > missed
	return hits
}

// ref is one reference, nil if there is none.
func (b *body) ref(name string, want kind) *instance {
	e := b.expr(name)
	if e == nil {
		return nil
	}
	if lit, ok := e.(*hclsyntax.LiteralValueExpr); ok && lit.Val.IsNull() {
		return nil
	}
	missed := b.l.missedRefs
	in := b.l.reference(e, b.sc, want)
	b.silent = b.silent || b.l.missedRefs > missed
	return in
}

func refOf[T any](in *instance) *T {
	if in == nil {
		return nil
	}
	return in.object.(*T)
}
