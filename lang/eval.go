package lang

import (
	"fmt"
	"math"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// scope is what names mean at a place: the variables of enclosing "for"
// expressions, and at the root the block.
type scope struct {
	parent     *scope
	key, val   string // variables of a "for"; "" if there is none
	keyV, valV value
	splat      *hclsyntax.AnonSymbolExpr // the element of a splat, in valV

	each   *instance // at the root: of a block with for_each
	domain *decl     // at the root: the domain that the block stands in
}

func (sc *scope) root() *scope {
	for sc.parent != nil {
		sc = sc.parent
	}
	return sc
}

// lookup finds a variable of an enclosing "for".
func (sc *scope) lookup(name string) (value, bool) {
	for ; sc.parent != nil; sc = sc.parent {
		if name != "" && name == sc.val {
			return sc.valV, true
		}
		if name != "" && name == sc.key {
			return sc.keyV, true
		}
	}
	return nil, false
}

// eval evaluates an expression of the policy. What is wrong with it is
// reported once and makes the value faulty.
func (l *loader) eval(e hclsyntax.Expression, sc *scope) value {
	if l.exhausted || !l.spend(1, e.Range()) {
		return faulty{}
	}
	switch e := e.(type) {
	case *hclsyntax.LiteralValueExpr:
		return l.literal(e)
	case *hclsyntax.TemplateExpr:
		return l.evalTemplate(e, sc)
	case *hclsyntax.TemplateWrapExpr:
		return l.eval(e.Wrapped, sc)
	case *hclsyntax.TemplateJoinExpr:
		return l.evalJoin(e, sc)
	case *hclsyntax.ParenthesesExpr:
		return l.eval(e.Expression, sc)
	case *hclsyntax.ScopeTraversalExpr:
		return l.evalTraversal(e, sc)
	case *hclsyntax.RelativeTraversalExpr:
		return l.steps(l.eval(e.Source, sc), e.Traversal, sc)
	case *hclsyntax.IndexExpr:
		return l.evalIndex(e, sc)
	case *hclsyntax.TupleConsExpr:
		return l.evalList(e, sc)
	case *hclsyntax.ObjectConsExpr:
		return l.evalObject(e, sc)
	case *hclsyntax.ForExpr:
		return l.evalFor(e, sc)
	case *hclsyntax.SplatExpr:
		return l.evalSplat(e, sc)
	case *hclsyntax.AnonSymbolExpr:
		for ; sc != nil; sc = sc.parent {
			if sc.splat == e {
				return sc.valV
			}
		}
	case *hclsyntax.ConditionalExpr:
		return l.evalConditional(e, sc)
	case *hclsyntax.BinaryOpExpr:
		return l.evalBinary(e, sc)
	case *hclsyntax.UnaryOpExpr:
		return l.evalUnary(e, sc)
	case *hclsyntax.FunctionCallExpr:
		return l.evalCall(e, sc)
	}
	return faulty{} // a syntax error, which the parser reported
}

func (l *loader) literal(e *hclsyntax.LiteralValueExpr) value {
	v := e.Val
	switch {
	case !v.IsKnown():
		return faulty{}
	case v.IsNull():
		return nil
	case v.Type() == cty.String:
		return v.AsString()
	case v.Type() == cty.Bool:
		return v.True()
	case v.Type() == cty.Number:
		f, _ := v.AsBigFloat().Float64()
		return l.number(f, e.SrcRange)
	}
	return faulty{}
}

// number refuses what is no ordinary number, such as 1e400 or 1/0.
func (l *loader) number(f float64, at hcl.Range) value {
	if math.IsNaN(f) || math.Abs(f) > 1e300 {
		return l.fail(sumNumber, "The number is too large, or not a number at all. Numbers here are ports, counts and indexes.", at)
	}
	return f
}

func (l *loader) evalTemplate(e *hclsyntax.TemplateExpr, sc *scope) value {
	if s, ok := literalString(e); ok {
		return s
	}
	var b strings.Builder
	bad := false
	for _, part := range e.Parts {
		v := l.eval(part, sc)
		if _, ok := v.(faulty); ok {
			bad = true
			continue
		}
		s, ok := asString(v)
		if !ok {
			l.fail(sumTemplate, fmt.Sprintf("A template can hold strings, numbers and bools, but this is %s.", typeName(v)), part.Range())
			bad = true
			continue
		}
		if !l.spendText(len(s), part.Range()) {
			return faulty{}
		}
		b.WriteString(s)
	}
	if bad {
		return faulty{}
	}
	return b.String()
}

// evalJoin is the "for" of a template.
func (l *loader) evalJoin(e *hclsyntax.TemplateJoinExpr, sc *scope) value {
	list, ok := l.eval(e.Tuple, sc).([]any)
	if !ok {
		return faulty{}
	}
	var b strings.Builder
	for _, v := range list {
		s, ok := asString(v)
		if !ok {
			return l.fail(sumTemplate, fmt.Sprintf("A template can hold strings, numbers and bools, but this is %s.", typeName(v)), e.Range())
		}
		if !l.spendText(len(s), e.Range()) {
			return faulty{}
		}
		b.WriteString(s)
	}
	return b.String()
}

// evalIndex is x[y] where y isn't a constant.
func (l *loader) evalIndex(e *hclsyntax.IndexExpr, sc *scope) value {
	coll, key := l.eval(e.Collection, sc), l.eval(e.Key, sc)
	if _, ok := key.(faulty); ok {
		return faulty{}
	}
	return l.step(coll, key, e.SrcRange, sc)
}

func (l *loader) evalList(e *hclsyntax.TupleConsExpr, sc *scope) value {
	out := make([]any, 0, len(e.Exprs))
	bad := false
	for _, x := range e.Exprs {
		v := l.eval(x, sc)
		if _, ok := v.(faulty); ok {
			bad = true
		}
		out = append(out, v)
	}
	if bad {
		return faulty{}
	}
	return out
}

func (l *loader) evalObject(e *hclsyntax.ObjectConsExpr, sc *scope) value {
	m := make(map[string]value, len(e.Items))
	bad := false
	for _, it := range e.Items {
		k, ok := l.objectKey(it.KeyExpr, sc)
		v := l.eval(it.ValueExpr, sc)
		if _, isFault := v.(faulty); isFault || !ok {
			bad = true
			continue
		}
		if _, dup := m[k]; dup {
			l.fail(sumDuplicateKey, fmt.Sprintf("The key %q is in this object already. Remove one of them.", clip(k)), it.KeyExpr.Range())
			bad = true
		}
		m[k] = v
	}
	if bad {
		return faulty{}
	}
	return newObject(m)
}

// objectKey is the key of an object's element: a name stands for itself.
func (l *loader) objectKey(e hclsyntax.Expression, sc *scope) (string, bool) {
	if k, ok := e.(*hclsyntax.ObjectConsKeyExpr); ok {
		if name := hcl.ExprAsKeyword(k.Wrapped); name != "" && !k.ForceNonLiteral {
			return name, true
		}
		e = k.Wrapped
	}
	v := l.eval(e, sc)
	if _, ok := v.(faulty); ok {
		return "", false
	}
	s, ok := asString(v)
	if !ok {
		l.fail(sumKeyType, fmt.Sprintf("The key of an object must be a string, but this is %s.", typeName(v)), e.Range())
	}
	return s, ok
}

func (l *loader) evalConditional(e *hclsyntax.ConditionalExpr, sc *scope) value {
	switch c, ok := l.boolOperand(e.Condition, sc); {
	case !ok:
		return faulty{}
	case c:
		return l.eval(e.TrueResult, sc)
	default:
		return l.eval(e.FalseResult, sc)
	}
}

func (l *loader) boolOperand(e hclsyntax.Expression, sc *scope) (result, ok bool) {
	v := l.eval(e, sc)
	if _, isFault := v.(faulty); isFault {
		return false, false
	}
	result, ok = asBool(v)
	if !ok {
		l.fail(sumOperand, fmt.Sprintf("This must be true or false, but it is %s.", typeName(v)), e.Range())
	}
	return result, ok
}

func (l *loader) numberOperand(e hclsyntax.Expression, sc *scope) (float64, bool) {
	v := l.eval(e, sc)
	if _, isFault := v.(faulty); isFault {
		return 0, false
	}
	f, ok := asNumber(v)
	if !ok {
		l.fail(sumOperand, fmt.Sprintf("This must be a number, but it is %s.", typeName(v)), e.Range())
	}
	return f, ok
}

func (l *loader) evalUnary(e *hclsyntax.UnaryOpExpr, sc *scope) value {
	if e.Op == hclsyntax.OpLogicalNot {
		b, ok := l.boolOperand(e.Val, sc)
		if !ok {
			return faulty{}
		}
		return !b
	}
	f, ok := l.numberOperand(e.Val, sc)
	if !ok {
		return faulty{}
	}
	return -f
}

func (l *loader) evalBinary(e *hclsyntax.BinaryOpExpr, sc *scope) value {
	switch e.Op {
	case hclsyntax.OpLogicalAnd, hclsyntax.OpLogicalOr:
		// The second operand counts only if the first doesn't decide.
		x, ok := l.boolOperand(e.LHS, sc)
		if !ok {
			return faulty{}
		}
		if x == (e.Op == hclsyntax.OpLogicalOr) {
			return x
		}
		y, ok := l.boolOperand(e.RHS, sc)
		if !ok {
			return faulty{}
		}
		return y
	case hclsyntax.OpEqual, hclsyntax.OpNotEqual:
		return l.evalEqual(e, sc)
	}
	x, okX := l.numberOperand(e.LHS, sc)
	y, okY := l.numberOperand(e.RHS, sc)
	if !okX || !okY {
		return faulty{}
	}
	switch e.Op {
	case hclsyntax.OpGreaterThan:
		return x > y
	case hclsyntax.OpGreaterThanOrEqual:
		return x >= y
	case hclsyntax.OpLessThan:
		return x < y
	case hclsyntax.OpLessThanOrEqual:
		return x <= y
	case hclsyntax.OpAdd:
		return l.number(x+y, e.SrcRange)
	case hclsyntax.OpSubtract:
		return l.number(x-y, e.SrcRange)
	case hclsyntax.OpMultiply:
		return l.number(x*y, e.SrcRange)
	case hclsyntax.OpDivide:
		return l.number(x/y, e.SrcRange)
	case hclsyntax.OpModulo:
		return l.number(math.Mod(x, y), e.SrcRange)
	}
	return faulty{}
}

func (l *loader) evalEqual(e *hclsyntax.BinaryOpExpr, sc *scope) value {
	x, y := l.eval(e.LHS, sc), l.eval(e.RHS, sc)
	if _, ok := x.(faulty); ok {
		return x
	}
	if _, ok := y.(faulty); ok {
		return y
	}
	return l.sameValue(x, y, e.SrcRange) == (e.Op == hclsyntax.OpEqual)
}
