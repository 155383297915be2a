package lang

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// conditionReader turns the expressions of a row into conditions and ports. It
// checks all types, so that a condition can't fail later.
type conditionReader struct {
	l   *loader
	row *Row
	bad bool
}

// condition reads "when"; nil if there is none or it is faulty.
func (c *conditionReader) condition(e hclsyntax.Expression) *Condition {
	if e == nil {
		return nil
	}
	if b := c.l.bare(e); b != nil {
		e = b
	}
	root := c.claim(e)
	if c.bad {
		return nil
	}
	return &Condition{text: c.l.sourceText(e), root: root}
}

// sourceText is an expression as it is written, on one line.
func (l *loader) sourceText(e hclsyntax.Expression) string {
	if text, ok := l.jsonText[e]; ok {
		return text
	}
	r := e.Range()
	if p, ok := e.(*hclsyntax.ParenthesesExpr); ok {
		r = p.Expression.Range()
	}
	for _, f := range l.files {
		if f.name == r.Filename && r.Start.Byte < r.End.Byte && r.End.Byte <= len(f.src) {
			return strings.Join(strings.Fields(string(f.src[r.Start.Byte:r.End.Byte])), " ")
		}
	}
	return ""
}

func (c *conditionReader) fail(at hcl.Range, format string, args ...any) claim {
	c.bad = true
	c.l.fail(sumCondition, fmt.Sprintf(format, args...), at)
	return constant(false)
}

func (c *conditionReader) claim(e hclsyntax.Expression) claim {
	switch e := e.(type) {
	case *hclsyntax.ParenthesesExpr:
		return c.claim(e.Expression)
	case *hclsyntax.TemplateWrapExpr:
		return c.claim(e.Wrapped)
	case *hclsyntax.LiteralValueExpr:
		if e.Val.Type() == cty.Bool && e.Val.IsKnown() && !e.Val.IsNull() {
			return constant(e.Val.True())
		}
	case *hclsyntax.UnaryOpExpr:
		if e.Op == hclsyntax.OpLogicalNot {
			return not{c.claim(e.Val)}
		}
	case *hclsyntax.BinaryOpExpr:
		return c.binary(e)
	case *hclsyntax.FunctionCallExpr:
		return c.call(e)
	case *hclsyntax.ScopeTraversalExpr:
		return c.truth(e)
	}
	return c.fail(e.Range(), "A condition is made of older, atleast, has, plays, declared, == and != by &&, || and !.")
}

func (c *conditionReader) binary(e *hclsyntax.BinaryOpExpr) claim {
	switch e.Op {
	case hclsyntax.OpLogicalAnd:
		return allOf{c.claim(e.LHS), c.claim(e.RHS)}
	case hclsyntax.OpLogicalOr:
		return anyOf{c.claim(e.LHS), c.claim(e.RHS)}
	case hclsyntax.OpEqual:
		return c.equal(e)
	case hclsyntax.OpNotEqual:
		return not{c.equal(e)}
	}
	return c.fail(e.SrcRange, "Conditions compare by == and !=; versions by older(version, \"7.0.1\") and atleast(version, \"7.5\").")
}

// operand is from.version, to.setting.x and the like.
type operand struct {
	end     end
	setting *SettingDef // nil for the version
}

// operand reads from.version or from.setting.x. It reports what else it finds.
func (c *conditionReader) operand(e hclsyntax.Expression) (operand, bool) {
	t, ok := e.(*hclsyntax.ScopeTraversalExpr)
	if !ok {
		c.fail(e.Range(), "This must be from.version, to.version, from.setting.NAME or to.setting.NAME.")
		return operand{}, false
	}
	var o operand
	switch t.Traversal.RootName() {
	case "from":
	case "to":
		o.end = toEnd
	default:
		c.fail(e.Range(), "This must begin with from or to, the two ends of the flow.")
		return o, false
	}
	names := attrNames(t.Traversal[1:])
	switch {
	case len(names) == 1 && names[0] == "version":
		return o, c.versioned(o.end, e.Range())
	case len(names) == 2 && names[0] == "setting":
		o.setting = c.setting(names[1], e.Range())
		return o, o.setting != nil
	}
	c.fail(e.Range(), "An end has .version and .setting.NAME.")
	return o, false
}

func attrNames(t hcl.Traversal) []string {
	var out []string
	for _, s := range t {
		a, ok := s.(hcl.TraverseAttr)
		if !ok {
			return nil
		}
		out = append(out, a.Name)
	}
	return out
}

// versioned holds that hosts of the end's role have a version at all.
func (c *conditionReader) versioned(e end, at hcl.Range) bool {
	role, name := c.row.From, "from"
	if e == toEnd {
		role, name = c.row.To, "to"
	}
	if !role.Versioned {
		c.fail(at, "Hosts of the role %s have no version, so that %s.version can't be asked for. Set versioned = true in the role, or drop this part.", role.Name, name)
	}
	return role.Versioned
}

func (c *conditionReader) setting(name string, at hcl.Range) *SettingDef {
	d := c.l.decls[kindSetting][name]
	if d == nil {
		c.l.unknown("setting", name, sortedKeys(c.l.decls[kindSetting]), at)
		c.bad = true
		return nil
	}
	return refOf[SettingDef](c.l.only(d))
}

// truth is a name that is true or false by itself.
func (c *conditionReader) truth(e *hclsyntax.ScopeTraversalExpr) claim {
	if e.Traversal.RootName() == "domain" {
		switch names := attrNames(e.Traversal[1:]); {
		case len(names) == 1 && names[0] == "strict":
			return domainTest{}
		case len(names) == 1 && names[0] == "uncertain":
			return domainTest{uncertain: true}
		}
		return c.fail(e.SrcRange, "Of the domain a condition sees domain.strict and domain.uncertain.")
	}
	o, ok := c.operand(e)
	switch {
	case !ok:
		return constant(false)
	case o.setting == nil || o.setting.Kind != "bool":
		return c.fail(e.SrcRange, "This is not true or false by itself. Compare it, such as: to.setting.mode == \"clear\".")
	}
	return settingTest{o.end, o.setting.Name, true}
}

// equal is operand == literal.
func (c *conditionReader) equal(e *hclsyntax.BinaryOpExpr) claim {
	left, right := e.LHS, e.RHS
	if _, ok := left.(*hclsyntax.ScopeTraversalExpr); !ok {
		left, right = right, left
	}
	o, ok := c.operand(left)
	if !ok {
		return constant(false)
	}
	v, ok := c.constant(right)
	if !ok {
		return constant(false)
	}
	if o.setting == nil || o.setting.Kind == "version" {
		return c.versionTest(o, "==", v, right.Range())
	}
	if o.setting.Kind == "ports" {
		return c.fail(left.Range(), "A list of ports can't be compared. Ask with declared(...) whether it is set.")
	}
	errors := c.l.diags.count[""]
	want := c.l.settingValue(o.setting, v, right.Range())
	c.bad = c.bad || c.l.diags.count[""] > errors
	return settingTest{o.end, o.setting.Name, want}
}

// constant is a literal value.
func (c *conditionReader) constant(e hclsyntax.Expression) (value, bool) {
	switch e := e.(type) {
	case *hclsyntax.LiteralValueExpr:
		return c.l.literal(e), true
	case *hclsyntax.TemplateExpr:
		if s, ok := literalString(e); ok {
			return s, true
		}
	}
	c.fail(e.Range(), "A setting or version is compared with a fixed value, such as \"7.5\", 25 or true.")
	return nil, false
}

func (c *conditionReader) versionTest(o operand, op string, v value, at hcl.Range) claim {
	text, _ := v.(string)
	parse := ParseVersion
	name := ""
	if o.setting != nil {
		parse, name = ParseNumber, o.setting.Name
	}
	than, err := parse(text)
	if err != nil {
		return c.fail(at, "%s", sentence(err))
	}
	return versionTest{o.end, name, op, than}
}

func (c *conditionReader) call(e *hclsyntax.FunctionCallExpr) claim {
	usage := map[string]string{
		"older":    `older(from.version, "7.0.1")`,
		"atleast":  `atleast(from.version, "7.5")`,
		"has":      "has(to, feature.NAME)",
		"plays":    "plays(to, role.NAME)",
		"declared": "declared(to.setting.NAME)",
	}[e.Name]
	if usage == "" {
		names := []string{"older", "atleast", "has", "plays", "declared"}
		detail := fmt.Sprintf("A condition has the functions %s; there is no %q.", strings.Join(names, ", "), clip(e.Name))
		if s := closest(e.Name, names); s != "" {
			detail += fmt.Sprintf(" Did you mean %s?", s)
		}
		return c.fail(e.NameRange, "%s", detail)
	}
	if n := 1 + min(1, strings.Count(usage, ",")); len(e.Args) != n || e.ExpandFinal {
		return c.fail(e.Range(), "Write %s.", usage)
	}
	switch e.Name {
	case "older", "atleast":
		return c.compare(e, usage)
	case "declared":
		o, ok := c.operand(e.Args[0])
		if !ok {
			return constant(false)
		}
		if o.setting == nil {
			return c.fail(e.Range(), "Write %s.", usage)
		}
		return declaredTest{o.end, o.setting.Name}
	}
	return c.membership(e, usage)
}

func (c *conditionReader) compare(e *hclsyntax.FunctionCallExpr, usage string) claim {
	o, ok := c.operand(e.Args[0])
	if !ok {
		return constant(false)
	}
	if o.setting != nil && o.setting.Kind != "version" {
		return c.fail(e.Args[0].Range(), "The setting %s is of kind %s, not a version.", o.setting.Name, o.setting.Kind)
	}
	v, ok := c.constant(e.Args[1])
	if !ok {
		return constant(false)
	}
	return c.versionTest(o, e.Name, v, e.Args[1].Range())
}

// membership is has or plays.
func (c *conditionReader) membership(e *hclsyntax.FunctionCallExpr, usage string) claim {
	var at end
	switch hcl.ExprAsKeyword(e.Args[0]) {
	case "from":
	case "to":
		at = toEnd
	default:
		return c.fail(e.Args[0].Range(), "Write %s: the first argument is from or to.", usage)
	}
	want := kindFeature
	if e.Name == "plays" {
		want = kindRole
	}
	in := c.l.reference(e.Args[1], &scope{}, want)
	switch {
	case in == nil:
		c.bad = true
		return constant(false)
	case want == kindRole:
		return roleTest{at, refOf[Role](in)}
	}
	return featureTest{at, refOf[Feature](in)}
}

// ports reads the "ports" of a row; nil if there are none or they are faulty.
func (c *conditionReader) ports(e hclsyntax.Expression) *PortsExpr {
	if e == nil {
		return nil
	}
	if b := c.l.bare(e); b != nil {
		e = b
	}
	c.bad = false
	p := &PortsExpr{text: c.l.sourceText(e)}
	p.items = c.portItems(nil, e, nil)
	if c.bad {
		return nil
	}
	return p
}

// portItems appends the items of e, which count where when holds.
func (c *conditionReader) portItems(items []portsItem, e hclsyntax.Expression, when claim) []portsItem {
	switch e := e.(type) {
	case *hclsyntax.ParenthesesExpr:
		return c.portItems(items, e.Expression, when)
	case *hclsyntax.TemplateWrapExpr:
		return c.portItems(items, e.Wrapped, when)
	case *hclsyntax.TupleConsExpr:
		for _, x := range e.Exprs {
			items = c.portItems(items, x, when)
		}
		return items
	case *hclsyntax.ConditionalExpr:
		cond := c.claim(e.Condition)
		items = c.portItems(items, e.TrueResult, both(when, cond))
		return c.portItems(items, e.FalseResult, both(when, not{cond}))
	case *hclsyntax.ScopeTraversalExpr:
		o, ok := c.operand(e)
		if ok && (o.setting == nil || !slices.Contains([]string{"port", "ports"}, o.setting.Kind)) {
			c.fail(e.SrcRange, "Ports come from a setting of kind port or ports.")
		}
		if !ok || o.setting == nil {
			return items
		}
		return append(items, portsItem{end: o.end, setting: o.setting.Name, when: when})
	}
	v, ok := c.constant(e)
	if !ok {
		return items
	}
	r, ok := portRange(v)
	if !ok {
		c.fail(e.Range(), "A port is a number from 1 to 65535, such as 1556, or a range in quotes, such as \"8000-8010\".")
	}
	return append(items, portsItem{ports: r, when: when})
}

func both(x, y claim) claim {
	if x == nil {
		return y
	}
	return allOf{x, y}
}
