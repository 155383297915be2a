package lang

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// VarFile is a file with values for variables: HCL attributes.
type VarFile struct {
	Name string
	Src  []byte
}

// envPrefix begins the names of environment variables that set variables.
const envPrefix = "NBFWC_VAR_"

// localDecl is an attribute of a locals block.
type localDecl struct {
	expr  hclsyntax.Expression
	at    hcl.Range
	state uint8 // 0 untouched, 1 being evaluated, 2 done
	v     value
}

// local evaluates a local when it is first needed.
func (l *loader) local(name string, at hcl.Range) value {
	d := l.locals[name]
	if d == nil {
		known := sortedKeys(l.locals)
		detail := fmt.Sprintf("There is no local %q.", clip(name))
		if s := closest(name, known); s != "" {
			detail += fmt.Sprintf(" Did you mean local.%s?", s)
		}
		return l.fail(sumUnknownName, detail, at)
	}
	switch d.state {
	case 1:
		l.localCycle(name)
		return faulty{}
	case 0:
		d.state = 1
		l.localStack = append(l.localStack, name)
		d.v = l.eval(d.expr, &scope{})
		l.localStack = l.localStack[:len(l.localStack)-1]
		d.state = 2
	}
	return d.v
}

// localCycle reports the locals on the stack from name on.
func (l *loader) localCycle(name string) {
	i := len(l.localStack) - 1
	for i > 0 && l.localStack[i] != name {
		i--
	}
	path := append([]string{}, l.localStack[i:]...)
	if len(path) > 8 {
		path = append(path[:7:7], "...")
	}
	l.fail(sumCycle, fmt.Sprintf("These locals need each other: local.%s -> local.%s. Break the circle.", strings.Join(path, " -> local."), name), l.locals[name].at)
}

// variableDecl is a variable block.
type variableDecl struct {
	typ string
	v   value
	set bool
	at  hcl.Range
}

func (l *loader) variable(name string, at hcl.Range) value {
	d := l.variables[name]
	if d == nil {
		known := sortedKeys(l.variables)
		detail := fmt.Sprintf("No variable %q is declared. Declare it with: variable %q {}.", clip(name), clip(name))
		if s := closest(name, known); s != "" {
			detail = fmt.Sprintf("No variable %q is declared. Did you mean var.%s?", clip(name), s)
		}
		return l.fail(sumUnknownName, detail, at)
	}
	return d.v
}

// variableTypes are the words that a variable's type may be.
var variableTypes = []string{"string", "number", "bool", "list", "map", "any"}

// declareVariable reads a variable block.
func (l *loader) declareVariable(d *decl) {
	b := l.bodyOf(d, d.content, &scope{})
	v := &variableDecl{typ: "any", v: faulty{}, at: d.labelRange()}
	l.variables[d.label] = v
	b.text("description", 1000)
	if a := d.content.Attributes["type"]; a != nil {
		// type = string and type = "string" are the same.
		if v.typ = hcl.ExprAsKeyword(a.Expr); !slices.Contains(variableTypes, v.typ) {
			v.typ = b.word(a, variableTypes)
		}
	}
	if a := d.content.Attributes["default"]; a != nil {
		v.set = true
		v.v = l.ofType(v.typ, l.eval(l.native(a.Expr), &scope{}), a.Expr.Range())
	}
}

// setVariables takes the values from outside, in rising order.
func (l *loader) setVariables() {
	for _, kv := range l.opt.Environ {
		name, text, _ := strings.Cut(kv, "=")
		if name, ok := strings.CutPrefix(name, envPrefix); ok && l.variables[name] != nil {
			l.setText(name, text, "the environment variable "+envPrefix+name)
		}
	}
	for _, f := range l.opt.VarFiles {
		l.readVarFile(f)
	}
	for _, name := range sortedKeys(l.opt.Vars) {
		l.setText(name, l.opt.Vars[name], "-var "+name)
	}
	for _, name := range sortedKeys(l.variables) {
		if v := l.variables[name]; !v.set {
			l.fail(sumNoValue, fmt.Sprintf("The variable %q has no value. Give it with -var %s=VALUE, in a -var-file, by the environment variable %s%s, or write a default.", name, name, envPrefix, name), v.at)
		}
	}
}

// setText sets a variable from a text: as it stands for strings, else as an
// expression.
func (l *loader) setText(name, text, source string) {
	v := l.variables[name]
	at := hcl.Range{Filename: source, Start: hcl.InitialPos, End: hcl.InitialPos}
	if v == nil {
		l.undeclaredVariable(name, at)
		return
	}
	v.set = true
	if v.typ == "string" || v.typ == "any" {
		v.v = text
		return
	}
	if tooDeep(text, l.opt.Limits.Nesting) {
		l.fail(sumTooDeep, "The value has too many brackets.", at)
		return
	}
	e, diags := hclsyntax.ParseExpression([]byte(text), source, hcl.InitialPos)
	l.diags.addAll(diags)
	if diags.HasErrors() {
		v.v = faulty{}
		return
	}
	v.v = l.ofType(v.typ, l.eval(e, &scope{}), at)
}

func (l *loader) undeclaredVariable(name string, at hcl.Range) {
	detail := fmt.Sprintf("A value is given for the variable %q, which the policy doesn't declare.", clip(name))
	if s := closest(name, sortedKeys(l.variables)); s != "" {
		detail += fmt.Sprintf(" Did you mean %q?", s)
	}
	l.fail(sumUndeclared, detail, at)
}

func (l *loader) readVarFile(f VarFile) {
	file := l.parse(f.Name, f.Src)
	if file == nil {
		return
	}
	attrs, diags := file.Body.JustAttributes()
	l.diags.addAll(diags)
	for _, name := range sortedKeys(attrs) {
		a := attrs[name]
		v := l.variables[name]
		if v == nil {
			l.undeclaredVariable(name, a.NameRange)
			continue
		}
		v.set = true
		v.v = l.ofType(v.typ, l.eval(l.native(a.Expr), &scope{}), a.Expr.Range())
	}
}

// ofType converts v to the declared type of a variable.
func (l *loader) ofType(typ string, v value, at hcl.Range) value {
	if _, ok := v.(faulty); ok || v == nil {
		return v
	}
	ok := true
	switch typ {
	case "string":
		v, ok = asString(v)
	case "number":
		v, ok = asNumber(v)
	case "bool":
		v, ok = asBool(v)
	case "list":
		switch v.(type) {
		case []any, *rows:
		default:
			ok = false
		}
	case "map":
		_, ok = v.(*object)
	}
	if !ok {
		return l.fail(sumVariableType, fmt.Sprintf("The variable is declared with the type %s, and this value is of another type.", typ), at)
	}
	return v
}
