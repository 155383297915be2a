package lang

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
)

// What evaluation may cost in one load is metered: each node that is
// evaluated, each element that a list or object is made of or compared by, and
// each 16 bytes of text are one unit. 10 units for each element that a list may
// have (20 million by default) are some seconds and a few hundred megabytes at
// the most; real policies need far less, because literal lists of addresses
// and inventories don't go through evaluation.
//
// When the units are used up there is one diagnostic, and all that is evaluated
// afterwards is faulty at once. Since every loop of the evaluator spends before
// it works, what is still done then is bounded by the size of the text.

// spend takes units and reports whether there were enough.
func (l *loader) spend(units int, at hcl.Range) bool {
	l.spent += units
	most := l.opt.Limits.Elements * 10
	if l.spent <= most {
		return true
	}
	if !l.exhausted {
		l.exhausted = true
		l.fail(sumExpands, fmt.Sprintf("By this expression the policy has made more than %d values. Look for nested \"for\" expressions or locals that double each other. Long lists of hosts are better kept in an inventory.", most), at)
	}
	return false
}

func (l *loader) spendText(n int, at hcl.Range) bool { return l.spend(n/16+1, at) }

// sameValue is the == of the language: values of different types differ. It
// spends, since a value that shares its parts can be far larger than the memory
// that it takes.
func (l *loader) sameValue(a, b value, at hcl.Range) bool {
	if !l.spend(1, at) {
		return false
	}
	same := func(a, b value) bool { return l.sameValue(a, b, at) }
	switch a := a.(type) {
	case []any:
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, same)
	case *object:
		b, ok := b.(*object)
		return ok && slices.Equal(a.keys, b.keys) && slices.EqualFunc(a.vals, b.vals, same)
	}
	switch b.(type) {
	case []any, *object:
		return false
	}
	return a == b
}

// key is a text that is equal for equal values, so that a map finds
// duplicates.
func (l *loader) key(v value, at hcl.Range) string {
	if s, ok := v.(string); ok {
		return "s" + s
	}
	var b strings.Builder
	l.writeKey(&b, v, at)
	return b.String()
}

func (l *loader) writeKey(b *strings.Builder, v value, at hcl.Range) {
	if !l.spendText(b.Len()/256, at) {
		return
	}
	switch v := v.(type) {
	case string:
		b.WriteString(strconv.Quote(v))
	case []any:
		b.WriteByte('[')
		for _, e := range v {
			l.writeKey(b, e, at)
			b.WriteByte(',')
		}
		b.WriteByte(']')
	case *object:
		b.WriteByte('{')
		for i, k := range v.keys {
			b.WriteString(strconv.Quote(k))
			b.WriteByte('=')
			l.writeKey(b, v.vals[i], at)
			b.WriteByte(',')
		}
		b.WriteByte('}')
	case *instance, *decl, *rows:
		fmt.Fprintf(b, "%T %p", v, v)
	default:
		fmt.Fprintf(b, "%T %v", v, v)
	}
}
