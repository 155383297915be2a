package catalog_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/nbfwc/nbfwc/catalog"
	"github.com/nbfwc/nbfwc/lang"
)

// sevens are the versions for which the guide and the catalogue are compared:
// each release of 7.x, those around 7.0.1, and some maintenance releases.
var sevens = strings.Fields("7.0 7.0.1 7.0.1.1 7.0.2 7.1 7.5 7.5.0.7 7.6 7.7 7.7.3")

// firmwares are around the one that the guide names.
var firmwares = strings.Fields("2.9 2.13 2.13.1 2.14 3.0")

// embedded is the catalogue as package lang reads it.
func embedded(t *testing.T) *lang.Catalog {
	t.Helper()
	p, _, diags := lang.Load(fstest.MapFS{"p.hcl": {Data: []byte("zone \"a\" { networks = [\"10.0.0.0/24\"] }\n")}}, "p.hcl", lang.Options{Catalog: catalog.FS})
	if p == nil {
		t.Fatal(diags)
	}
	return p.Catalog
}

func named[T any](t *testing.T, list []*T, name string, nameOf func(*T) string) *T {
	t.Helper()
	i := slices.IndexFunc(list, func(x *T) bool { return nameOf(x) == name })
	if i < 0 {
		t.Fatalf("the catalogue has no %T %q", *new(T), name)
	}
	return list[i]
}

func roleNamed(t *testing.T, c *lang.Catalog, name string) *lang.Role {
	t.Helper()
	return named(t, c.Roles, name, func(r *lang.Role) string { return r.Name })
}

// asked is what conditions ask about the two ends: it is enough to go through
// these facts, since nothing else can change an answer.
type asked struct {
	features, settings, roles [2]map[string]bool
	domain                    bool
}

func newAsked() *asked {
	a := &asked{}
	for i := range 2 {
		a.features[i], a.settings[i], a.roles[i] = map[string]bool{}, map[string]bool{}, map[string]bool{}
	}
	return a
}

func endOf(name string) int {
	if name == "to" {
		return 1
	}
	return 0
}

var (
	hasCall   = regexp.MustCompile(`has\((from|to), feature\.(\w+)\)`)
	playsCall = regexp.MustCompile(`plays\((from|to), role\.(\w+)\)`)
	settingOf = regexp.MustCompile(`\b(from|to)\.setting\.(\w+)`)
)

func (a *asked) byRow(row *lang.Row) {
	text := row.When.String()
	for _, m := range hasCall.FindAllStringSubmatch(text, -1) {
		a.features[endOf(m[1])][m[2]] = true
	}
	for _, m := range playsCall.FindAllStringSubmatch(text, -1) {
		a.roles[endOf(m[1])][m[2]] = true
	}
	for _, m := range settingOf.FindAllStringSubmatch(text, -1) {
		a.settings[endOf(m[1])][m[2]] = true
	}
	a.domain = a.domain || strings.Contains(text, "domain.")
}

func (a *asked) byGuide(e expression) {
	e.each(func(t test) {
		switch {
		case t.op == "has":
			a.features[endOf(t.end)][t.value] = true
		case t.op == "strict" || t.op == "uncertain":
			a.domain = true
		case t.what != "" && t.what != "version":
			a.settings[endOf(t.end)][t.what] = true
		}
	})
}

// domains are what the two hosts' domain can say.
func (a *asked) domains() []*lang.Domain {
	if !a.domain {
		return []*lang.Domain{{}}
	}
	return []*lang.Domain{{}, {Strict: true}, {Uncertain: true}, {Strict: true, Uncertain: true}}
}

// facts are all hosts of the role that differ in what is asked of that end.
func (a *asked) facts(t *testing.T, c *lang.Catalog, end int, role *lang.Role, d *lang.Domain, versions []string) []*lang.Facts {
	t.Helper()
	list := []*lang.Facts{{Domain: d}}
	split := func(ways ...func(*lang.Facts)) {
		var next []*lang.Facts
		for _, f := range list {
			for _, way := range ways {
				g := *f
				g.Roles, g.Features, g.Settings = slices.Clone(f.Roles), slices.Clone(f.Features), slices.Clone(f.Settings)
				way(&g)
				next = append(next, &g)
			}
		}
		list = next
	}
	same := func(*lang.Facts) {}
	split(func(f *lang.Facts) { f.Roles = withImplied(f.Roles, role) })
	if role.Versioned {
		var ways []func(*lang.Facts)
		for _, v := range versions {
			ways = append(ways, func(f *lang.Facts) { f.Version, _ = lang.ParseVersion(v) })
		}
		split(ways...)
	}
	for name := range a.roles[end] {
		r := roleNamed(t, c, name)
		split(same, func(f *lang.Facts) { f.Roles = withImplied(f.Roles, r) })
	}
	for name := range a.features[end] {
		x := named(t, c.Features, name, func(f *lang.Feature) string { return f.Name })
		if slices.Contains(x.On, role) {
			split(same, func(f *lang.Facts) { f.Features = append(f.Features, x) })
		}
	}
	for name := range a.settings[end] {
		def := named(t, c.Settings, name, func(s *lang.SettingDef) string { return s.Name })
		if slices.Contains(def.On, role) {
			split(settingWays(def)...)
		}
	}
	for _, f := range list {
		slices.SortFunc(f.Features, func(x, y *lang.Feature) int { return strings.Compare(x.Name, y.Name) })
		slices.SortFunc(f.Settings, func(x, y lang.Setting) int { return strings.Compare(x.Name, y.Name) })
	}
	return list
}

// withImplied adds the role and those that it implies, sorted by name.
func withImplied(roles []*lang.Role, r *lang.Role) []*lang.Role {
	if slices.Contains(roles, r) {
		return roles
	}
	roles = append(roles, r)
	for _, x := range r.Implies {
		roles = withImplied(roles, x)
	}
	slices.SortFunc(roles, func(x, y *lang.Role) int { return strings.Compare(x.Name, y.Name) })
	return roles
}

// settingWays gives the host each value of a setting, or none if it has no
// default.
func settingWays(def *lang.SettingDef) []func(*lang.Facts) {
	var ways []func(*lang.Facts)
	give := func(v any) {
		ways = append(ways, func(f *lang.Facts) {
			f.Settings = append(f.Settings, lang.Setting{Name: def.Name, Value: v, Declared: true})
		})
	}
	if def.Default == nil {
		ways = append(ways, func(*lang.Facts) {})
	}
	switch def.Kind {
	case "choice":
		for _, v := range def.Choices {
			give(v)
		}
	case "version":
		for _, v := range firmwares {
			n, _ := lang.ParseNumber(v)
			give(n)
		}
	case "port":
		give(4711)
	case "ports":
		give([]lang.PortRange{{From: 4900, To: 4999}})
	}
	return ways
}

// pairs calls use for all pairs of hosts of the two roles that conditions can
// tell apart, until it says that it has enough.
func (a *asked) pairs(t *testing.T, c *lang.Catalog, k key, versions []string, use func(pair) bool) {
	t.Helper()
	from, to := roleNamed(t, c, k.from), roleNamed(t, c, k.to)
	for _, d := range a.domains() {
		targets := a.facts(t, c, 1, to, d, versions)
		for _, f := range a.facts(t, c, 0, from, d, versions) {
			for _, g := range targets {
				if !use(pair{f, g, k.air}) {
					return
				}
			}
		}
	}
}

// covers reports whether the row's source speaks for the two hosts.
func (p pair) covered(row *lang.Row) bool {
	return (!row.From.Versioned || row.FromCovers.Contains(p.from.Version)) && (!row.To.Versioned || row.ToCovers.Contains(p.to.Version))
}

func (p pair) String() string { return factsText(p.from) + " to " + factsText(p.to) }

func factsText(f *lang.Facts) string {
	var words []string
	for _, r := range f.Roles {
		words = append(words, r.Name)
	}
	words = append(words, f.Version.String())
	for _, x := range f.Features {
		words = append(words, "with "+x.Name)
	}
	for _, s := range f.Settings {
		words = append(words, fmt.Sprintf("%s=%v", s.Name, s.Value))
	}
	if f.Domain.Strict {
		words = append(words, "strict")
	}
	if f.Domain.Uncertain {
		words = append(words, "uncertain")
	}
	return strings.Join(words, " ")
}
