package lang

import (
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// isJSON reports whether a file is in HCL's JSON syntax.
func isJSON(name string) bool { return strings.HasSuffix(name, ".json") }

// native gives an expression of either syntax as nodes of the native one, so
// that everything after it knows one syntax. In JSON a string is a template.
func (l *loader) native(e hcl.Expression) hclsyntax.Expression {
	if n, ok := e.(hclsyntax.Expression); ok {
		return n
	}
	if n, ok := l.fromJSON[e]; ok {
		return n
	}
	n := l.jsonExpr(e)
	l.fromJSON[e] = n
	return n
}

func (l *loader) jsonExpr(e hcl.Expression) hclsyntax.Expression {
	if list, diags := hcl.ExprList(e); !diags.HasErrors() {
		t := &hclsyntax.TupleConsExpr{SrcRange: e.Range(), OpenRange: e.StartRange()}
		for _, x := range list {
			t.Exprs = append(t.Exprs, l.native(x))
		}
		return t
	}
	if pairs, diags := hcl.ExprMap(e); !diags.HasErrors() {
		o := &hclsyntax.ObjectConsExpr{SrcRange: e.Range(), OpenRange: e.StartRange()}
		for _, kv := range pairs {
			o.Items = append(o.Items, hclsyntax.ObjectConsItem{KeyExpr: l.native(kv.Key), ValueExpr: l.native(kv.Value)})
		}
		return o
	}
	// Without a context the JSON reader gives strings as they stand.
	v, diags := e.Value(nil)
	l.diags.addAll(diags)
	if diags.HasErrors() {
		return fault(e.Range())
	}
	if v.IsNull() || v.Type() != cty.String {
		return &hclsyntax.LiteralValueExpr{Val: v, SrcRange: e.Range()}
	}
	return l.jsonTemplate(v.AsString(), e.Range())
}

// jsonTemplate parses the text of a JSON string as a template. The guard has
// counted the brackets of JSON but not those within strings.
func (l *loader) jsonTemplate(text string, at hcl.Range) hclsyntax.Expression {
	if !strings.Contains(text, "${") && !strings.Contains(text, "%{") {
		return &hclsyntax.TemplateExpr{SrcRange: at, Parts: []hclsyntax.Expression{
			&hclsyntax.LiteralValueExpr{Val: cty.StringVal(text), SrcRange: at},
		}}
	}
	if tooDeep(text, l.opt.Limits.Nesting) {
		l.fail(sumTooDeep, "The expression in this string has too many brackets or operators in a row. Split it by locals.", at)
		return fault(at)
	}
	start := hcl.Pos{Line: at.Start.Line, Byte: at.Start.Byte + 1, Column: at.Start.Column + 1}
	e, diags := hclsyntax.ParseTemplate([]byte(text), at.Filename, start)
	l.diags.addAll(diags)
	if diags.HasErrors() {
		return fault(at)
	}
	l.jsonText[e] = strings.TrimSuffix(strings.TrimPrefix(text, "${"), "}")
	return e
}

// bare parses an expression that stands as a plain string in JSON, such as
// "zone.core" or "older(to.version, \"7.5\")". It returns nil if e is anything
// else.
func (l *loader) bare(e hclsyntax.Expression) hclsyntax.Expression {
	text, ok := literalString(e)
	if !ok || !isJSON(e.Range().Filename) || tooDeep(text, l.opt.Limits.Nesting) {
		return nil
	}
	at := e.Range()
	start := hcl.Pos{Line: at.Start.Line, Byte: at.Start.Byte + 1, Column: at.Start.Column + 1}
	n, diags := hclsyntax.ParseExpression([]byte(text), at.Filename, start)
	if diags.HasErrors() {
		return nil
	}
	l.jsonText[n] = text
	return n
}

// literalString is the text of a string without interpolations, taken without
// evaluating it: lists of 100,000 of them are common.
func literalString(e hclsyntax.Expression) (string, bool) {
	t, ok := e.(*hclsyntax.TemplateExpr)
	if !ok || len(t.Parts) > 1 {
		return "", false
	}
	if len(t.Parts) == 0 {
		return "", true
	}
	lit, ok := t.Parts[0].(*hclsyntax.LiteralValueExpr)
	if !ok || lit.Val.IsNull() || lit.Val.Type() != cty.String {
		return "", false
	}
	return lit.Val.AsString(), true
}

// fault is an expression whose value is faulty.
func fault(at hcl.Range) hclsyntax.Expression {
	return &hclsyntax.ExprSyntaxError{Placeholder: cty.DynamicVal, SrcRange: at}
}

// tooDeep bounds what the recursive parser may be given: the brackets that are
// open at once and the operators in a row that each cost it a stack frame.
// Characters inside quotes count too, which errs on the safe side.
func tooDeep(text string, most int) bool {
	open, prefix := 0, 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '(', '[', '{':
			open++
			prefix++
		case ')', ']', '}':
			open = max(open-1, 0)
			prefix = 0
		case '-', '!', '?', ':':
			prefix++
		}
		if open > most || prefix > most*5 {
			return true
		}
	}
	return false
}
