package view

import (
	"fmt"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// documents are the types of all documents by kind.
var documents = map[string]reflect.Type{
	"validate":    reflect.TypeFor[ValidateDocument](),
	"catalog":     reflect.TypeFor[CatalogDocument](),
	"flows":       reflect.TypeFor[FlowsDocument](),
	"retire":      reflect.TypeFor[RetireDocument](),
	"explain":     reflect.TypeFor[ExplainDocument](),
	"query":       reflect.TypeFor[QueryDocument](),
	"graph":       reflect.TypeFor[GraphDocument](),
	"compile":     reflect.TypeFor[CompiledDocument](),
	"manifest":    reflect.TypeFor[ManifestDocument](),
	"diff":        reflect.TypeFor[DiffDocument](),
	"plan":        reflect.TypeFor[PlanDocument](),
	"plans":       reflect.TypeFor[PlansDocument](),
	"fetch":       reflect.TypeFor[FetchDocument](),
	"audit":       reflect.TypeFor[AuditDocument](),
	"push":        reflect.TypeFor[PushDocument](),
	"history":     reflect.TypeFor[HistoryDocument](),
	"devices":     reflect.TypeFor[DevicesDocument](),
	"trust":       reflect.TypeFor[TrustDocument](),
	"check":       reflect.TypeFor[CheckDocument](),
	"import":      reflect.TypeFor[ImportDocument](),
	"config-diff": reflect.TypeFor[ConfigDiffDocument](),
	"init":        reflect.TypeFor[InitDocument](),
	"fmt":         reflect.TypeFor[FmtDocument](),
	"resolve":     reflect.TypeFor[ResolveDocument](),
	"version":     reflect.TypeFor[VersionDocument](),
}

// docField is a field as docs/json.md has it.
type docField struct{ name, typ string }

// docSections are the sections "### NAME" of docs/json.md with the rows of
// their tables.
func docSections(t *testing.T) map[string][]docField {
	t.Helper()
	text, err := os.ReadFile("../docs/json.md")
	if err != nil {
		t.Fatal(err)
	}
	row := regexp.MustCompile("^\\| `([^`]+)` \\| ([^|]+) \\| ([^|]*) \\|$")
	link := regexp.MustCompile(`\[([A-Za-z]+)\]\(#([a-z]+)\)`)
	sections := map[string][]docField{}
	section := ""
	for i, line := range strings.Split(string(text), "\n") {
		name, isHeading := strings.CutPrefix(line, "### ")
		switch {
		case isHeading:
			if _, twice := sections[name]; twice {
				t.Errorf("line %d: section %s twice", i+1, name)
			}
			section = name
			sections[name] = nil
		case strings.HasPrefix(line, "## "):
			section = ""
		case strings.HasPrefix(line, "| `") && section != "":
			m := row.FindStringSubmatch(line)
			if m == nil || strings.TrimSpace(m[3]) == "" {
				t.Errorf("line %d is no row of field, type and meaning: %s", i+1, line)
				continue
			}
			for _, l := range link.FindAllStringSubmatch(m[2], -1) {
				if strings.ToLower(l[1]) != l[2] {
					t.Errorf("line %d: link of %s leads to %s", i+1, l[1], l[2])
				}
			}
			sections[section] = append(sections[section], docField{m[1], link.ReplaceAllString(m[2], "$1")})
		}
	}
	return sections
}

// typeWords spells a type as docs/json.md does, and hands on the structs in it.
func typeWords(t *testing.T, typ reflect.Type, structs func(reflect.Type)) string {
	switch typ.Kind() {
	case reflect.String:
		return "string"
	case reflect.Int:
		return "integer"
	case reflect.Bool:
		return "boolean"
	case reflect.Pointer:
		return typeWords(t, typ.Elem(), structs)
	case reflect.Slice:
		return "list of " + typeWords(t, typ.Elem(), structs)
	case reflect.Struct:
		structs(typ)
		return typ.Name()
	}
	t.Fatalf("a document can't have a %s", typ)
	return ""
}

// docFields are the fields of a struct in the order of their declaration,
// without those of the head that every document has.
func docFields(t *testing.T, typ reflect.Type, structs func(reflect.Type)) []docField {
	var fields []docField
	for _, f := range reflect.VisibleFields(typ) {
		if f.Anonymous || len(f.Index) > 1 && typ.FieldByIndex(f.Index[:len(f.Index)-1]).Type == reflect.TypeFor[Document]() {
			continue
		}
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		words := typeWords(t, f.Type, structs)
		switch {
		case name == "" || name == "-":
			t.Errorf("%s.%s has no JSON name", typ, f.Name)
		case options == "omitempty":
			words += ", optional"
		case options != "":
			t.Errorf("%s.%s: option %s", typ, f.Name, options)
		}
		fields = append(fields, docField{name, words})
	}
	return fields
}

// docs/json.md describes every field of every document, with its type and
// whether it is optional, in the order in which it is printed; and nothing
// else.
func TestSchemaIsDocumented(t *testing.T) {
	sections := docSections(t)
	want := map[string][]docField{"Head": docFields(t, reflect.TypeFor[Document](), nil)}
	var add func(reflect.Type)
	add = func(typ reflect.Type) {
		if typ == reflect.TypeFor[ManifestEnd]() {
			want[typ.Name()] = nil // a list or a string: described in words
			return
		}
		if _, done := want[typ.Name()]; !done {
			want[typ.Name()] = []docField{}
			want[typ.Name()] = docFields(t, typ, add)
		}
	}
	for kind, typ := range documents {
		want[kind] = docFields(t, typ, add)
	}
	for _, name := range SortedKeys(want) {
		got, ok := sections[name]
		if !ok {
			t.Errorf("docs/json.md has no section %s; it would be:\n%s", name, docTable(want[name]))
			continue
		}
		if !slices.Equal(got, want[name]) {
			t.Errorf("section %s of docs/json.md has\n%snot\n%s", name, docTable(got), docTable(want[name]))
		}
	}
	for name := range sections {
		if _, ok := want[name]; !ok {
			t.Errorf("docs/json.md describes %s, which no document has", name)
		}
	}
}

func docTable(fields []docField) string {
	var b strings.Builder
	for _, f := range fields {
		fmt.Fprintf(&b, "| `%s` | %s | |\n", f.name, f.typ)
	}
	return b.String()
}

// docs/json.md names the version of the schema and every kind.
func TestSchemaNamesItsVersion(t *testing.T) {
	text, err := os.ReadFile("../docs/json.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), "`"+SchemaVersion+"`") {
		t.Errorf("docs/json.md doesn't name %s", SchemaVersion)
	}
	for kind, typ := range documents {
		if kind == "manifest" {
			continue
		}
		if f, ok := typ.FieldByName("Document"); !ok || !f.Anonymous || f.Index[0] != 0 {
			t.Errorf("%s doesn't begin with the head of a document", typ)
		}
	}
}
