package lang

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// evalTraversal resolves a name and the steps after it.
func (l *loader) evalTraversal(e *hclsyntax.ScopeTraversalExpr, sc *scope) value {
	t := e.Traversal
	root := t[0].(hcl.TraverseRoot)
	if v, ok := sc.lookup(root.Name); ok {
		return l.steps(v, t[1:], sc)
	}
	if l.constants {
		return l.fail(sumUnknownName, fmt.Sprintf("The value of a variable can't refer to %q or anything else. Values that are made of others are locals.", clip(root.Name)), e.SrcRange)
	}
	switch root.Name {
	case "var", "local", "each":
		return l.evalNamed(root, t, sc)
	}
	k, ok := kindOf(root.Name)
	if !ok {
		return l.unknownName(root, sc)
	}
	if len(t) == 1 {
		return kindRef{kind: k}
	}
	return l.steps(kindRef{kind: k}, t[1:], sc)
}

// evalNamed resolves var.x, local.x and each.x.
func (l *loader) evalNamed(root hcl.TraverseRoot, t hcl.Traversal, sc *scope) value {
	var attr hcl.TraverseAttr
	if len(t) > 1 {
		attr, _ = t[1].(hcl.TraverseAttr)
	}
	if attr.Name == "" {
		return l.fail(sumUnknownName, fmt.Sprintf("%q is not a value by itself: write %s.NAME.", root.Name, root.Name), t.SourceRange())
	}
	var v value
	switch in := sc.root().each; root.Name {
	case "var":
		v = l.variable(attr.Name, t.SourceRange())
	case "local":
		v = l.local(attr.Name, t.SourceRange())
	default:
		switch {
		case in == nil || !in.decl.keyed:
			return l.fail(sumUnknownName, "each.key and each.value are there only in a block with for_each.", t.SourceRange())
		case attr.Name == "key":
			v = in.key
		case attr.Name == "value":
			v = in.each
		default:
			return l.fail(sumUnknownName, "There are each.key and each.value only.", t.SourceRange())
		}
	}
	return l.steps(v, t[2:], sc)
}

func (l *loader) unknownName(root hcl.TraverseRoot, sc *scope) value {
	known := []string{"var", "local", "each"}
	known = append(known, kindNames[:referable]...)
	for s := sc; s.parent != nil; s = s.parent {
		known = append(known, s.key, s.val)
	}
	detail := fmt.Sprintf("Nothing is called %q. A text must stand in quotes; a reference begins with %s.", clip(root.Name), strings.Join(known[:3+int(referable)], ", "))
	if s := closest(root.Name, known); s != "" {
		detail = fmt.Sprintf("Nothing is called %q. Did you mean %q?", clip(root.Name), s)
	}
	return l.fail(sumUnknownName, detail, root.SrcRange)
}

// steps follows .name and [key].
func (l *loader) steps(v value, t hcl.Traversal, sc *scope) value {
	for _, s := range t {
		if _, ok := v.(faulty); ok {
			return v
		}
		switch s := s.(type) {
		case hcl.TraverseAttr:
			v = l.step(v, s.Name, s.SrcRange, sc)
		case hcl.TraverseIndex:
			var key value
			if s.Key.Type() == cty.String {
				key = s.Key.AsString()
			} else {
				key, _ = s.Key.AsBigFloat().Float64()
			}
			v = l.step(v, key, s.SrcRange, sc)
		default:
			return faulty{}
		}
	}
	return v
}

// step is v.key or v[key].
func (l *loader) step(v, key value, at hcl.Range, sc *scope) value {
	name, isName := asString(key)
	switch v := v.(type) {
	case faulty:
		return v
	case kindRef:
		if isName {
			return l.refer(v, name, at, sc)
		}
	case *decl:
		if in := v.byKey[name]; in != nil && isName {
			return in
		}
		return l.unknownKey(fmt.Sprintf("%s.%s has no instance", v.kind, v.label), name, instanceKeys(v), at)
	case *instance:
		if v.decl.kind == kindDomain && key == "hosts" {
			return kindRef{kind: kindHosts, domain: v.decl}
		}
		return l.fail(sumUnknownKey, fmt.Sprintf("%s.%s is a reference, which has nothing below it; there is no %q.", v.decl.kind, v.name(), clip(name)), at)
	case *object:
		if x, ok := v.get(name); ok && isName {
			return x
		}
		return l.unknownKey("The object has no", name, v.keys, at)
	case []any:
		if i, ok := asInt(key); ok && i >= 0 && i < len(v) {
			return v[i]
		}
		return l.fail(sumUnknownKey, fmt.Sprintf("The list has the indexes 0 to %d; there is no %q.", len(v)-1, clip(name)), at)
	case *rows:
		if i, ok := asInt(key); ok && i >= 0 && i < v.Len() {
			return v.object(i)
		}
		return l.fail(sumUnknownKey, fmt.Sprintf("The inventory has %d rows; there is no %q.", v.Len(), clip(name)), at)
	}
	return l.fail(sumUnknownKey, fmt.Sprintf("There is nothing below %s.", typeName(v)), at)
}

func (l *loader) unknownKey(what, key string, known []string, at hcl.Range) value {
	detail := fmt.Sprintf("%s %q.", what, clip(key))
	if s := closest(key, known); s != "" {
		detail += fmt.Sprintf(" Did you mean %q?", s)
	} else if len(known) > 0 && len(known) <= 12 {
		detail += fmt.Sprintf(" There are: %s.", strings.Join(known, ", "))
	}
	return l.fail(sumUnknownKey, detail, at)
}

func instanceKeys(d *decl) []string {
	keys := make([]string, len(d.inst))
	for i, in := range d.inst {
		keys[i] = in.key
	}
	return keys
}

// hit is a reference that was found, and where it is written.
type hit struct {
	*instance
	at hcl.Range
}

// references evaluates an expression to references of the wanted kinds. A
// block with for_each stands for all its instances.
func (l *loader) references(e hclsyntax.Expression, sc *scope, want ...kind) []hit {
	var out []hit
	l.eachElement(e, sc, func(v value, at hcl.Range) {
		out = l.appendHits(out, v, at, want)
	})
	return out
}

// eachElement calls f for each element of a list, with the place of the
// element where it is written out, and for the value itself if it is no list.
// Plain strings of the JSON syntax are read as references first.
func (l *loader) eachElement(e hclsyntax.Expression, sc *scope, f func(value, hcl.Range)) {
	if b := l.bare(e); b != nil {
		e = b
	}
	if list, ok := e.(*hclsyntax.TupleConsExpr); ok {
		for _, x := range list.Exprs {
			l.eachElement(x, sc, f)
		}
		return
	}
	switch v := l.eval(e, sc).(type) {
	case []any:
		for _, x := range v {
			f(x, e.Range())
		}
	case nil:
	default:
		f(v, e.Range())
	}
}

func (l *loader) appendHits(out []hit, v value, at hcl.Range, want []kind) []hit {
	switch v := v.(type) {
	case faulty:
		l.missedRefs++
	case *instance:
		if slices.Contains(want, v.decl.kind) {
			return append(out, hit{v, at})
		}
		l.wrongReference(v, at, want)
	case *decl:
		if !slices.Contains(want, v.kind) {
			l.wrongReference(v, at, want)
			break
		}
		for _, in := range v.inst {
			out = append(out, hit{in, at})
		}
	default:
		l.wrongReference(v, at, want)
	}
	return out
}

func (l *loader) wrongReference(v value, at hcl.Range, want []kind) {
	names := make([]string, len(want))
	for i, k := range want {
		names[i] = k.String() + ".NAME"
	}
	detail := fmt.Sprintf("This must be a reference such as %s, but it is %s.", strings.Join(names, " or "), typeName(v))
	if s, ok := v.(string); ok {
		for _, k := range want {
			if l.decls[k][s] != nil || k == kindHosts && l.hostsByLabel[s] != nil {
				detail += fmt.Sprintf(" Write %s.%s without quotes.", k, s)
				break
			}
		}
	}
	l.fail(sumWrongReference, detail, at)
}

// reference is references for exactly one.
func (l *loader) reference(e hclsyntax.Expression, sc *scope, want kind) *instance {
	hits := l.references(e, sc, want)
	switch {
	case len(hits) == 1:
		return hits[0].instance
	case len(hits) > 1:
		l.fail(sumWrongReference, fmt.Sprintf("Exactly one %s is needed here, but these are %d. Of a block with for_each write %s.NAME[\"KEY\"].", want, len(hits), want), e.Range())
	}
	return nil
}
