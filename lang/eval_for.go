package lang

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// elements calls yield for each element of a list, object, inventory or block
// with for_each. It reports whether v has elements at all.
func (l *loader) elements(v value, at hcl.Range, yield func(key, val value) bool) bool {
	switch v := v.(type) {
	case []any:
		for i, x := range v {
			if !l.spend(1, at) || !yield(float64(i), x) {
				break
			}
		}
	case *object:
		for i, k := range v.keys {
			if !l.spend(1, at) || !yield(k, v.vals[i]) {
				break
			}
		}
	case *rows:
		v.load()
		for i := range v.Len() {
			// A row becomes an object only here; it costs its columns.
			if !l.spend(2+len(v.inv.Headers), at) || !yield(float64(i), v.object(i)) {
				break
			}
		}
	case *decl:
		for _, in := range v.inst {
			if !l.spend(1, at) || !yield(in.key, in) {
				break
			}
		}
	default:
		return false
	}
	return true
}

func (l *loader) evalFor(e *hclsyntax.ForExpr, sc *scope) value {
	coll := l.eval(e.CollExpr, sc)
	if _, ok := coll.(faulty); ok {
		return faulty{}
	}
	f := &forLoop{l: l, e: e, scope: scope{parent: sc, key: e.KeyVar, val: e.ValVar}, object: map[string]value{}, list: []any{}}
	if !l.elements(coll, e.SrcRange, f.element) {
		return l.fail(sumIterate, fmt.Sprintf("A \"for\" goes through a list, an object, an inventory or a block with for_each, but this is %s.", typeName(coll)), e.CollExpr.Range())
	}
	switch {
	case f.bad || l.exhausted:
		return faulty{}
	case e.KeyExpr == nil:
		return f.list
	}
	return newObject(f.object)
}

// forLoop is one evaluation of a "for" expression.
type forLoop struct {
	l      *loader
	e      *hclsyntax.ForExpr
	scope  scope
	list   []any
	object map[string]value
	bad    bool
}

// element evaluates the body for one element. After the first fault it stops:
// the elements are alike, and so would be their faults.
func (f *forLoop) element(key, val value) bool {
	f.scope.keyV, f.scope.valV = key, val
	sc := &f.scope
	if f.e.CondExpr != nil {
		keep, ok := f.l.boolOperand(f.e.CondExpr, sc)
		if !ok {
			f.bad = true
			return false
		}
		if !keep {
			return true
		}
	}
	v := f.l.eval(f.e.ValExpr, sc)
	if _, ok := v.(faulty); ok {
		f.bad = true
		return false
	}
	if f.e.KeyExpr == nil {
		f.list = append(f.list, v)
		return true
	}
	k, ok := f.l.objectKey(f.e.KeyExpr, sc)
	if !ok {
		f.bad = true
		return false
	}
	return f.put(k, v)
}

func (f *forLoop) put(k string, v value) bool {
	old, dup := f.object[k]
	switch {
	case f.e.Group:
		group, _ := old.([]any)
		f.object[k] = append(group, v)
	case dup:
		f.l.fail(sumDuplicateKey, fmt.Sprintf("Two elements give the key %q. Make the keys different, or write \"...\" after the value to collect the values of equal keys in lists.", clip(k)), f.e.KeyExpr.Range())
		f.bad = true
		return false
	default:
		f.object[k] = v
	}
	return true
}

// evalSplat is x[*].y: of each element of a list, or of the one value, or of
// nothing if it is null.
func (l *loader) evalSplat(e *hclsyntax.SplatExpr, sc *scope) value {
	src := l.eval(e.Source, sc)
	switch src.(type) {
	case faulty:
		return src
	case nil:
		return []any{}
	case []any, *rows, *decl:
	default:
		src = []any{src}
	}
	out, bad := []any{}, false
	l.elements(src, e.SrcRange, func(_, v value) bool {
		v = l.eval(e.Each, &scope{parent: sc, splat: e.Item, valV: v})
		_, bad = v.(faulty)
		out = append(out, v)
		return !bad
	})
	if bad || l.exhausted {
		return faulty{}
	}
	return out
}
