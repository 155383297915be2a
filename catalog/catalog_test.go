package catalog_test

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"

	"github.com/nbfwc/nbfwc/catalog"
)

// block is a block of the catalogue with its attributes.
type block struct {
	file, kind, label string
	attrs             map[string]hclsyntax.Expression
}

func (b *block) String() string { return fmt.Sprintf("%s: %s %q", b.file, b.kind, b.label) }

// name is the last step of a reference such as role.media, "" if there is none.
func (b *block) name(attr string) string {
	e, ok := b.attrs[attr]
	if !ok {
		return ""
	}
	return lastStep(e)
}

func lastStep(e hclsyntax.Expression) string {
	t, ok := e.(*hclsyntax.ScopeTraversalExpr)
	if !ok || len(t.Traversal) != 2 {
		return ""
	}
	return t.Traversal[1].(hcl.TraverseAttr).Name
}

// names are the references of a list.
func (b *block) names(attr string) []string {
	list, ok := b.attrs[attr].(*hclsyntax.TupleConsExpr)
	if !ok {
		return nil
	}
	var out []string
	for _, e := range list.Exprs {
		out = append(out, lastStep(e))
	}
	return out
}

// value is the value of an attribute without references.
func (b *block) value(t *testing.T, attr string) cty.Value {
	e, ok := b.attrs[attr]
	if !ok {
		return cty.NilVal
	}
	v, diags := e.Value(nil)
	if diags.HasErrors() {
		t.Errorf("%s: %s: %v", b, attr, diags)
		return cty.NilVal
	}
	return v
}

func (b *block) text(t *testing.T, attr string) string {
	v := b.value(t, attr)
	if v == cty.NilVal || v.Type() != cty.String {
		return ""
	}
	return v.AsString()
}

func (b *block) texts(t *testing.T, attr string) []string {
	v := b.value(t, attr)
	if v == cty.NilVal {
		return nil
	}
	var out []string
	for _, s := range v.AsValueSlice() {
		if s.Type() != cty.String {
			t.Errorf("%s: %s is not a list of strings", b, attr)
			return nil
		}
		out = append(out, s.AsString())
	}
	return out
}

// attributes are those that a block can have, by kind; a trailing ! is for
// those that it must have.
var attributes = map[string]string{
	"role":    "title! cite! versioned external ipmi brings implies",
	"feature": "title! cite! on!",
	"setting": "title! cite! kind! on! choices default",
	"service": "title! cite! tcp udp netbackup reserved",
	"flow":    "from! to! service! cite! breaks! covers from_covers to_covers when ports class fallback inferred link source",
}

// library has the blocks of the catalogue in the order of files and lines, and
// by kind and label.
type library struct {
	blocks []*block
	by     map[string]*block
}

func (l *library) all(kind string) []*block {
	var out []*block
	for _, b := range l.blocks {
		if b.kind == kind {
			out = append(out, b)
		}
	}
	return out
}

func load(t *testing.T) *library {
	t.Helper()
	files, err := fs.Glob(catalog.FS, "*.hcl")
	if err != nil || len(files) == 0 {
		t.Fatalf("the catalogue has no files: %v", err)
	}
	l := &library{by: map[string]*block{}}
	for _, f := range files {
		text, err := catalog.FS.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		parsed, diags := hclsyntax.ParseConfig(text, f, hcl.InitialPos)
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		body := parsed.Body.(*hclsyntax.Body)
		if len(body.Attributes) > 0 {
			t.Errorf("%s has attributes outside blocks", f)
		}
		for _, x := range body.Blocks {
			l.add(t, f, x)
		}
	}
	return l
}

func (l *library) add(t *testing.T, file string, x *hclsyntax.Block) {
	t.Helper()
	if len(x.Labels) != 1 || len(x.Body.Blocks) > 0 {
		t.Fatalf("%s: block %s has not one label, or has blocks inside", x.DefRange(), x.Type)
	}
	b := &block{file: file, kind: x.Type, label: x.Labels[0], attrs: map[string]hclsyntax.Expression{}}
	for n, a := range x.Body.Attributes {
		b.attrs[n] = a.Expr
	}
	if old := l.by[b.kind+"."+b.label]; old != nil {
		t.Errorf("%s is declared in %s already", b, old.file)
	}
	l.by[b.kind+"."+b.label] = b
	l.blocks = append(l.blocks, b)
}

func TestBlocksHaveTheirAttributes(t *testing.T) {
	for _, b := range load(t).blocks {
		known, ok := attributes[b.kind]
		if !ok {
			t.Errorf("%s: no such kind of block", b)
			continue
		}
		words := strings.Fields(known)
		for _, w := range words {
			if n, must := strings.CutSuffix(w, "!"); must && b.attrs[n] == nil {
				t.Errorf("%s has no %s", b, n)
			}
		}
		for n := range b.attrs {
			if !slices.Contains(words, n) && !slices.Contains(words, n+"!") {
				t.Errorf("%s: a %s has no attribute %s", b, b.kind, n)
			}
		}
		if b.text(t, "title") == "" && b.kind != "flow" {
			t.Errorf("%s: the title is empty", b)
		}
		for _, c := range b.texts(t, "cite") {
			if strings.TrimSpace(c) == "" {
				t.Errorf("%s: empty citation", b)
			}
		}
		if len(b.texts(t, "cite")) == 0 {
			t.Errorf("%s cites nothing", b)
		}
	}
}

func TestReferencesResolve(t *testing.T) {
	l := load(t)
	for _, b := range l.blocks {
		for n, e := range b.attrs {
			for _, tr := range e.Variables() {
				if why := l.unresolved(b, tr); why != "" {
					t.Errorf("%s: %s: %s", b, n, why)
				}
			}
		}
	}
}

// unresolved says why a traversal names nothing, "" if it does.
func (l *library) unresolved(b *block, tr hcl.Traversal) string {
	steps := []string{tr.RootName()}
	for _, s := range tr[1:] {
		a, ok := s.(hcl.TraverseAttr)
		if !ok {
			return "an index"
		}
		steps = append(steps, a.Name)
	}
	ref := strings.Join(steps, ".")
	switch {
	case len(steps) == 2 && (steps[0] == "role" || steps[0] == "feature" || steps[0] == "service"):
		if l.by[ref] == nil {
			return ref + " is not declared"
		}
		return ""
	case ref == "domain.strict", ref == "domain.uncertain", ref == "from", ref == "to", ref == "from.version", ref == "to.version":
		return ""
	case len(steps) == 3 && (steps[0] == "from" || steps[0] == "to") && steps[1] == "setting":
		return l.misplaced(b, "setting."+steps[2], steps[0])
	}
	return ref + " is no reference that a row can make"
}

// misplaced says why a setting or feature can't be had by that end of a row.
func (l *library) misplaced(row *block, ref, end string) string {
	d := l.by[ref]
	if d == nil {
		return ref + " is not declared"
	}
	if role := row.name(end); !slices.Contains(d.names("on"), role) {
		return fmt.Sprintf("%s is never on the %s end, which is a %s", ref, end, role)
	}
	return ""
}

// TestConditionsAskTheRightEnd finds conditions on a feature that the role at
// that end can't have: such a row could never hold.
func TestConditionsAskTheRightEnd(t *testing.T) {
	l := load(t)
	for _, row := range l.all("flow") {
		when, ok := row.attrs["when"]
		if !ok {
			continue
		}
		hclsyntax.VisitAll(when, func(n hclsyntax.Node) hcl.Diagnostics {
			call, ok := n.(*hclsyntax.FunctionCallExpr)
			if !ok || call.Name != "has" {
				return nil
			}
			end := call.Args[0].(*hclsyntax.ScopeTraversalExpr).Traversal.RootName()
			if why := l.misplaced(row, "feature."+lastStep(call.Args[1]), end); why != "" {
				t.Errorf("%s: %s", row, why)
			}
			return nil
		})
	}
}

// guidePorts are all ports that the guide says must be open between some hosts,
// and 1024-65535 for the window, which is a setting.
var guidePorts = strings.Fields(`22 25 53 80 111 123 162 443 623 902 1024-65535 1556 2049 2051 2052 2821 4032
	5120 5123 5124 5127 5637 5900 7394 7578 7582 8181 8282 8443 8553 10000 10082 10085 10087 10101 10102
	13720 13724 13782 13786`)

// portsOf are the ports of a service with their protocol.
func portsOf(t *testing.T, s *block) []string {
	t.Helper()
	var out []string
	for _, proto := range []string{"tcp", "udp"} {
		v := s.value(t, proto)
		if v == cty.NilVal {
			continue
		}
		for _, p := range v.AsValueSlice() {
			if p.Type() == cty.Number {
				out = append(out, proto+" "+p.AsBigFloat().String())
			} else {
				out = append(out, proto+" "+p.AsString())
			}
		}
	}
	return out
}

func TestPortsAreTheGuides(t *testing.T) {
	l := load(t)
	used := map[string]bool{}
	for _, row := range l.all("flow") {
		for _, s := range append(row.names("fallback"), row.name("service")) {
			if b := l.by["service."+s]; b.attrs["reserved"] != nil {
				t.Errorf("%s uses %s, which must not be opened", row, b)
			}
			used[s] = true
		}
	}
	reserved := map[string]string{"nbatd": "tcp 13783", "nbazd": "tcp 13722"}
	seen := map[string]bool{}
	for _, s := range l.all("service") {
		ports := portsOf(t, s)
		if len(ports) != 1 {
			t.Errorf("%s has ports %v: a service of the catalogue has one", s, ports)
			continue
		}
		if want, ok := reserved[s.label]; ok {
			if ports[0] != want || s.attrs["reserved"] == nil {
				t.Errorf("%s is %s, want %s, reserved", s, ports[0], want)
			}
			continue
		}
		_, port, _ := strings.Cut(ports[0], " ")
		if !slices.Contains(guidePorts, port) {
			t.Errorf("%s: the guide has no port %s", s, port)
		}
		if !used[s.label] {
			t.Errorf("%s is used by no row", s)
		}
		seen[port] = true
	}
	for _, p := range guidePorts {
		if !seen[p] {
			t.Errorf("port %s of the guide is in no service", p)
		}
	}
}

func TestEveryRoleFeatureAndSettingIsUsed(t *testing.T) {
	l := load(t)
	used := map[string]bool{
		// Open nothing: the one says which transport is used, the other is a
		// cause for a warning.
		"feature.vmware_san": true, "feature.nat": true,
	}
	for _, row := range l.all("flow") {
		used["role."+row.name("from")], used["role."+row.name("to")] = true, true
		for _, attr := range []string{"when", "ports"} {
			e, ok := row.attrs[attr]
			if !ok {
				continue
			}
			for _, tr := range e.Variables() {
				if len(tr) == 2 {
					used[tr.RootName()+"."+tr[1].(hcl.TraverseAttr).Name] = true
				}
				if len(tr) == 3 {
					used["setting."+tr[2].(hcl.TraverseAttr).Name] = true
				}
			}
		}
	}
	for _, b := range l.blocks {
		if (b.kind == "role" || b.kind == "feature" || b.kind == "setting") && !used[b.kind+"."+b.label] {
			t.Errorf("%s is used by no row", b)
		}
	}
}

func TestRowsSayWhatTheyCover(t *testing.T) {
	l := load(t)
	for _, row := range l.all("flow") {
		if b := row.text(t, "breaks"); !strings.HasSuffix(b, ".") {
			t.Errorf("%s: what breaks is no sentence: %q", row, b)
		}
		newer := row.file == "newer.hcl"
		if newer != (row.text(t, "source") != "") {
			t.Errorf("%s: rows of newer.hcl have a source, those of the guide have none", row)
		}
		from, to := row.text(t, "from_covers"), row.text(t, "to_covers")
		if c := row.text(t, "covers"); c != "" {
			from, to = c, c
		}
		if !newer {
			if from != "7.0 - 7.7" || to != "7.0 - 7.7" {
				t.Errorf("%s covers %q and %q; the guide is for 7.0 - 7.7", row, from, to)
			}
			continue
		}
		counts := func(end string) bool { return l.by["role."+row.name(end)].attrs["versioned"] != nil }
		old7 := (!counts("from") || strings.HasPrefix(from, "7.")) && (!counts("to") || strings.HasPrefix(to, "7."))
		if from == "" || to == "" || old7 {
			t.Errorf("%s covers %q and %q: a pair of 7.x hosts is the guide's", row, from, to)
		}
	}
}

func TestFilesAreFormatted(t *testing.T) {
	files, _ := fs.Glob(catalog.FS, "*.hcl")
	for _, f := range files {
		text, err := catalog.FS.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if string(hclwrite.Format(text)) != string(text) {
			t.Errorf("%s is not formatted", f)
		}
	}
}
