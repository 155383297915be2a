package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/nbfwc/nbfwc/view"
)

// documentTypes are the types of the documents by kind. That docs/json.md
// describes exactly these types is held by a test of view.
var documentTypes = map[string]reflect.Type{
	"validate":    reflect.TypeFor[view.ValidateDocument](),
	"init":        reflect.TypeFor[view.InitDocument](),
	"fmt":         reflect.TypeFor[view.FmtDocument](),
	"resolve":     reflect.TypeFor[view.ResolveDocument](),
	"catalog":     reflect.TypeFor[view.CatalogDocument](),
	"flows":       reflect.TypeFor[view.FlowsDocument](),
	"retire":      reflect.TypeFor[view.RetireDocument](),
	"explain":     reflect.TypeFor[view.ExplainDocument](),
	"query":       reflect.TypeFor[view.QueryDocument](),
	"graph":       reflect.TypeFor[view.GraphDocument](),
	"compile":     reflect.TypeFor[view.CompiledDocument](),
	"manifest":    reflect.TypeFor[view.ManifestDocument](),
	"diff":        reflect.TypeFor[view.DiffDocument](),
	"plan":        reflect.TypeFor[view.PlanDocument](),
	"plans":       reflect.TypeFor[view.PlansDocument](),
	"fetch":       reflect.TypeFor[view.FetchDocument](),
	"audit":       reflect.TypeFor[view.AuditDocument](),
	"push":        reflect.TypeFor[view.PushDocument](),
	"history":     reflect.TypeFor[view.HistoryDocument](),
	"devices":     reflect.TypeFor[view.DevicesDocument](),
	"trust":       reflect.TypeFor[view.TrustDocument](),
	"check":       reflect.TypeFor[view.CheckDocument](),
	"import":      reflect.TypeFor[view.ImportDocument](),
	"config-diff": reflect.TypeFor[view.ConfigDiffDocument](),
	"version":     reflect.TypeFor[view.VersionDocument](),
}

// checkDocument says where a text is not one document of the kind, with every
// required field and no unknown one.
func checkDocument(text []byte, kind string) error {
	typ, ok := documentTypes[kind]
	if !ok {
		return fmt.Errorf("no kind %q", kind)
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more than one document")
	}
	if err := conforms(v, typ, kind); err != nil {
		return err
	}
	head := v.(map[string]any)
	if head["schema"] != view.SchemaVersion || head["kind"] != kind {
		return fmt.Errorf("schema %v, kind %v", head["schema"], head["kind"])
	}
	return nil
}

// conforms says where a JSON value is not of a type.
func conforms(v any, typ reflect.Type, path string) error {
	if typ == reflect.TypeFor[view.ManifestEnd]() {
		text, err := json.Marshal(v)
		if err != nil {
			return err
		}
		return json.Unmarshal(text, new(view.ManifestEnd))
	}
	bad := func() error { return fmt.Errorf("%s: %v is no %s", path, v, typ) }
	switch typ.Kind() {
	case reflect.Pointer:
		return conforms(v, typ.Elem(), path)
	case reflect.String:
		if _, ok := v.(string); !ok {
			return bad()
		}
	case reflect.Bool:
		if _, ok := v.(bool); !ok {
			return bad()
		}
	case reflect.Int:
		n, ok := v.(json.Number)
		if _, err := n.Int64(); !ok || err != nil {
			return bad()
		}
	case reflect.Slice:
		list, ok := v.([]any)
		if !ok {
			return bad()
		}
		for i, item := range list {
			if err := conforms(item, typ.Elem(), fmt.Sprintf("%s[%d]", path, i)); err != nil {
				return err
			}
		}
	case reflect.Struct:
		object, ok := v.(map[string]any)
		if !ok {
			return bad()
		}
		return conformsStruct(object, typ, path)
	default:
		return fmt.Errorf("%s: a document can't have a %s", path, typ)
	}
	return nil
}

func conformsStruct(object map[string]any, typ reflect.Type, path string) error {
	known := map[string]bool{}
	for _, f := range reflect.VisibleFields(typ) {
		name, options, tagged := strings.Cut(f.Tag.Get("json"), ",")
		if name == "" {
			continue // embedded
		}
		known[name] = true
		v, present := object[name]
		switch {
		case !present && tagged && options == "omitempty":
		case !present:
			return fmt.Errorf("%s.%s is missing", path, name)
		default:
			if err := conforms(v, f.Type, path+"."+name); err != nil {
				return err
			}
		}
	}
	for name := range object {
		if !known[name] {
			return fmt.Errorf("%s.%s is unknown", path, name)
		}
	}
	return nil
}

// The check itself must fail on what is wrong.
func TestCheckDocument(t *testing.T) {
	const good = `{"schema":"nbfwc/1","kind":"validate","policy":"p","valid":true,"diagnostics":[{"severity":"error","summary":"s","place":{"file":"f","line":1,"column":2}}]}`
	if err := checkDocument([]byte(good), "validate"); err != nil {
		t.Error(err)
	}
	for _, c := range []struct{ old, new, want string }{
		{`"valid":true,`, ``, "validate.valid is missing"},
		{`"valid":true`, `"valid":1`, "is no bool"},
		{`"valid":true`, `"valid":true,"more":0`, "validate.more is unknown"},
		{`nbfwc/1`, `nbfwc/2`, "schema nbfwc/2"},
		{`"line":1`, `"line":1.5`, "is no int"},
		{`"line":1,`, ``, "place.line is missing"},
		{`[{`, `null,"x":[{`, "is no []view.Diagnostic"},
		{`"column":2}}]}`, `"column":2}}]}{}`, "more than one"},
	} {
		err := checkDocument([]byte(strings.Replace(good, c.old, c.new, 1)), "validate")
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s for %s: %v, want %s", c.new, c.old, err, c.want)
		}
	}
	for _, end := range []string{`[1]`, `{}`, `1`} {
		if err := conforms(jsonValue(t, end), reflect.TypeFor[view.ManifestEnd](), "end"); err == nil {
			t.Errorf("%s is a side of a flow", end)
		}
	}
}

func jsonValue(t *testing.T, text string) (v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// Every document that the program can print is checked by a story.
func TestEveryKindIsChecked(t *testing.T) {
	text := allScripts(t)
	for kind := range documentTypes {
		if !slices.ContainsFunc(strings.Split(text, "\n"), func(line string) bool {
			words := strings.Fields(line)
			return len(words) == 3 && words[0] == "json" && words[2] == kind
		}) {
			t.Errorf("no script checks a document of kind %s", kind)
		}
	}
}
