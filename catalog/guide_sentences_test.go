package catalog_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/nbfwc/nbfwc/lang"
)

// TestEverySentenceIsHonoured looks up what guide_sentences.tsv names for each
// sentence of the guide, and holds that the rows named for a table cite it.
func TestEverySentenceIsHonoured(t *testing.T) {
	x := newIndex(t)
	for _, s := range table(t, "guide_sentences.tsv", 4) {
		for _, ref := range strings.Split(s[3], "; ") {
			if why := x.missing(s[0], ref); why != "" {
				t.Errorf("%s: %s: %s", s[0], s[1], why)
			}
		}
	}
	for id, ofLine := range x.decisions {
		if !ofLine && !x.used["decision "+id] {
			t.Errorf("decision %s is on no line of guide.tsv, and no sentence names it", id)
		}
	}
}

// index is what sentences can name.
type index struct {
	catalog   *lang.Catalog
	decisions map[string]bool // whether the decision is on a line of guide.tsv
	closed    map[string]bool // "section, port"
	summaries map[string]bool // string literals of package compile
	advice    string          // docs/diagnostics.md
	names     map[string]bool // declared in the code, and tests of this package
	used      map[string]bool
}

func newIndex(t *testing.T) *index {
	t.Helper()
	x := &index{catalog: embedded(t), decisions: map[string]bool{}, closed: map[string]bool{},
		summaries: map[string]bool{}, names: map[string]bool{}, used: map[string]bool{}}
	for _, d := range decisions(t) {
		x.decisions[d.id] = x.decisions[d.id] || d.table != "-"
	}
	for _, c := range table(t, "guide_closed.tsv", 7) {
		x.closed[c[0]+", "+c[1]] = true
	}
	text, err := os.ReadFile("../docs/diagnostics.md")
	if err != nil {
		t.Fatal(err)
	}
	x.advice = strings.Join(strings.Fields(string(text)), " ")
	for _, dir := range []string{".", "../lang", "../compile"} {
		x.read(t, dir)
	}
	return x
}

// read notes what a directory's package declares.
func (x *index) read(t *testing.T, dir string) {
	t.Helper()
	files, err := filepath.Glob(dir + "/*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: no Go files: %v", dir, err)
	}
	for _, name := range files {
		if dir != "." && strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			x.declaration(f.Name.Name, d)
		}
		if f.Name.Name == "compile" {
			ast.Inspect(f, x.literal)
		}
	}
}

func (x *index) literal(n ast.Node) bool {
	if l, ok := n.(*ast.BasicLit); ok && l.Kind == token.STRING {
		if s, err := strconv.Unquote(l.Value); err == nil {
			x.summaries[s] = true
		}
	}
	return true
}

// declaration notes functions, constants and types with their fields.
func (x *index) declaration(pkg string, d ast.Decl) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Recv == nil {
			x.names[pkg+"."+d.Name.Name] = true
		}
	case *ast.GenDecl:
		for _, s := range d.Specs {
			switch s := s.(type) {
			case *ast.ValueSpec:
				for _, n := range s.Names {
					x.names[pkg+"."+n.Name] = true
				}
			case *ast.TypeSpec:
				x.fields(pkg+"."+s.Name.Name, s.Type)
			}
		}
	}
}

func (x *index) fields(name string, typ ast.Expr) {
	x.names[name] = true
	if s, ok := typ.(*ast.StructType); ok {
		for _, f := range s.Fields.List {
			for _, n := range f.Names {
				x.names[name+"."+n.Name] = true
			}
		}
	}
}

// missing says why a reference of a sentence honours nothing, "" if it does.
func (x *index) missing(section, ref string) string {
	x.used[ref] = true
	kind, name, _ := strings.Cut(ref, " ")
	found := false
	switch kind {
	case "row":
		return x.rows(section, name)
	case "role":
		found = slices.ContainsFunc(x.catalog.Roles, func(r *lang.Role) bool { return r.Name == name })
	case "feature":
		found = slices.ContainsFunc(x.catalog.Features, func(f *lang.Feature) bool { return f.Name == name })
	case "setting":
		found = slices.ContainsFunc(x.catalog.Settings, func(s *lang.SettingDef) bool { return s.Name == name })
	case "service":
		found = slices.ContainsFunc(x.catalog.Services, func(s *lang.Service) bool { return s.Name == name })
	case "advice":
		found = x.summaries[name] && strings.Contains(x.advice, "### "+name+" ")
	case "decision":
		_, found = x.decisions[name]
	case "closed":
		found = x.closed[name]
	case "name":
		found = x.names[name]
	case "test":
		found = strings.HasPrefix(name, "Test") && x.names["catalog_test."+name]
	}
	if !found {
		return fmt.Sprintf("there is no %s", ref)
	}
	return ""
}

// rows looks up rows of the guide by a name in which * is any text; one of them
// at least must cite the section if that is a part of the guide with lines.
func (x *index) rows(section, pattern string) string {
	part := ""
	if strings.HasPrefix(section, "2-") || strings.HasPrefix(section, "3-") || guideTables[section] != "" {
		part = tableName(section)
	}
	n, cited := 0, 0
	for _, row := range x.catalog.Rows {
		if ok, err := filepath.Match(pattern, row.Name); err != nil || !ok || !ofSeven(row) {
			continue
		}
		n++
		if slices.ContainsFunc(row.Cite, func(c string) bool { return strings.Contains(c, part) }) {
			cited++
		}
	}
	if n == 0 || cited == 0 {
		return fmt.Sprintf("%d rows of the guide are named %s, %d of them cite %s", n, pattern, cited, part)
	}
	return ""
}
