package lang

import (
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/nbfwc/nbfwc/catalog"
)

// portsOf loads a policy whose service has ports that its variables and locals
// give, and returns them as text.
func portsOf(t *testing.T, text string, opt Options) string {
	t.Helper()
	p, _, diags := Load(fstest.MapFS{"p.hcl": {Data: []byte(text)}}, ".", opt)
	if p == nil {
		return found(diags)[0]
	}
	return portsText(p.Catalog.Services[0].TCP)
}

func TestVariables(t *testing.T) {
	const text = "variable \"p\" {\n type = \"number\"\n default = 1\n}\nservice \"s\" { tcp = [var.p] }\n"
	env := []string{"NBFWC_VAR_p=2", "NBFWC_VAR_other=7", "HOME=/"}
	file := VarFile{Name: "prod.hcl", Src: []byte("p = 3\n")}
	for _, c := range []struct {
		name string
		opt  Options
		want string
	}{
		{"default", Options{}, "1"},
		{"environment", Options{Environ: env}, "2"},
		{"file over environment", Options{Environ: env, VarFiles: []VarFile{file}}, "3"},
		{"argument over file", Options{Environ: env, VarFiles: []VarFile{file}, Vars: map[string]string{"p": "4"}}, "4"},
		{"an expression", Options{Vars: map[string]string{"p": "2 * 21"}}, "42"},
		{"no number at all", Options{Vars: map[string]string{"p": "true"}}, "-var p:1 ERROR: Wrong type for variable"},
		{"no number", Options{Vars: map[string]string{"p": `"many"`}}, "-var p:1 ERROR: Wrong type for variable"},
		{"no expression", Options{Vars: map[string]string{"p": "1 +"}}, "-var p:1 ERROR: Missing expression"},
		{"not declared", Options{VarFiles: []VarFile{{Name: "v.hcl", Src: []byte("p = 1\nq = 2\n")}}}, "v.hcl:2 ERROR: Undeclared variable"},
	} {
		if got := portsOf(t, text, c.opt); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

// TestVariableTypes holds that types may be bare words.
func TestVariableTypes(t *testing.T) {
	for text, want := range map[string]string{
		`type = number`:   "7",
		`type = "number"`: "7",
		`type = string`:   "7",
		`type = numbr`:    "p.hcl:2 ERROR: Unknown name",
		`type = "numbr"`:  "p.hcl:2 ERROR: Unknown word",
	} {
		policy := "variable \"p\" {\n " + text + "\n default = 7\n}\nservice \"s\" { tcp = [var.p] }\n"
		if got := portsOf(t, policy, Options{}); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

// TestFunctions evaluates functions and operators by the ports they give.
func TestFunctions(t *testing.T) {
	for expr, want := range map[string]string{
		`[for s in split(",", "3,1,2") : tonumber(s)]`:                               "1-3",
		`[length(join("-", ["ab", "c"]))]`:                                           "4",
		`[length(regexall("[0-9]+", "a1b22c"))]`:                                     "2",
		`[tonumber(regex("^p(\\d+)$", "p80")[0])]`:                                   "80",
		`[tonumber(format("%d%02d", 4, 3))]`:                                         "403",
		`[tonumber(substr("x8080", 1, -1))]`:                                         "8080",
		`[tonumber(replace("1a2", "a", ""))]`:                                        "12",
		`concat([1], [3])`:                                                           "1, 3",
		`distinct([5, 5, 7])`:                                                        "5, 7",
		`flatten([1, [3, [5]]])`:                                                     "1, 3, 5",
		`[length(keys({ a = 1, b = 2 })) + 10]`:                                      "12",
		`values(merge({ a = 1 }, { a = 9, b = 3 }))`:                                 "3, 9",
		`setsubtract([1, 3, 5], [3])`:                                                "1, 5",
		`setintersection([1, 3, 5], [5, 3])`:                                         "3, 5",
		`setunion([1], [3], [1])`:                                                    "1, 3",
		`slice([1, 3, 5, 7], 1, 3)`:                                                  "3, 5",
		`[lookup({ a = 1 }, "b", 9)]`:                                                "9",
		`[zipmap(["a", "b"], [1, 3]).b]`:                                             "3",
		`[max(1, 9, 3), min(4, 2)]`:                                                  "2, 9",
		`[reverse([1, 3])[0]]`:                                                       "3",
		`[tonumber(sort(["30", "20"])[0])]`:                                          "20",
		`[contains(["a"], "a") ? 1 : 3]`:                                             "1",
		`[startswith("abc", "ab") && !endswith("abc", "x") ? 7 : 3]`:                 "7",
		`[tonumber(split(".", cidrhost("10.0.0.0/24", -1))[3])]`:                     "255",
		`[tonumber(split("/", cidrsubnet("10.0.0.0/16", 8, 3))[1])]`:                 "24",
		`[cidrsubnet("10.0.0.0/16", 8, 3) == "10.0.3.0/24" ? 1 : 3]`:                 "1",
		`[cidrrange("2001:db8::/64", 1, 255) == "2001:db8::1-2001:db8::ff" ? 1 : 3]`: "1",
		`[for k, v in { a = 1, b = 3 } : v if k != "a"]`:                             "3",
		`[{ for v in [1, 2, 3] : (v % 2 == 0 ? "even" : "odd") => v... }["odd"][1]]`: "3",
		`[{ a = 5 }].*.a`:                                                            "5",
		`[[5, 7][*]][0]`:                                                             "5, 7",
		`range(3, 9, 3)`:                                                             "3, 6",
		`["%{if true}8%{else}9%{endif}1"]`:                                           "81",
		`["8000-${8000 + 10}"]`:                                                      "8000-8010",
		`[tonumber(trimspace(" 5 ")), tonumber(lower("7")), tonumber(upper("9"))]`:   "5, 7, 9",
		`[-1 + 2 * 3 - 4 / 2]`:                                                       "3",
		`[5 >= 5 && 5 <= 5 && !(5 > 5) && !(5 < 5) ? 1 : 3]`:                         "1",
		`[tolist([1])[0], toset(["3", "3"])[0]]`:                                     "1, 3",
		`[tostring(1) == "1" ? 1 : 3]`:                                               "1",
		`[format("%s")]`:                                                             "p.hcl:1 ERROR: Unusable argument",
		`[0]`:                                                                        "p.hcl:1 ERROR: Invalid port",
		`[65536]`:                                                                    "p.hcl:1 ERROR: Invalid port",
		`[1.5]`:                                                                      "p.hcl:1 ERROR: Invalid port",
		`["9-8"]`:                                                                    "p.hcl:1 ERROR: Invalid port",
		`["080"]`:                                                                    "p.hcl:1 ERROR: Invalid port",
	} {
		if got := portsOf(t, "service \"s\" { tcp = "+expr+" }\n", Options{}); got != want {
			t.Errorf("%s: %s, want %s", expr, got, want)
		}
	}
}

// TestSameWithAnyWorkers holds that the number of workers changes nothing.
func TestSameWithAnyWorkers(t *testing.T) {
	fsys := blocksPolicy()
	var first string
	for _, workers := range []int{1, 2, 7} {
		p, _, diags := Load(fsys, ".", Options{Catalog: catalog.FS, Workers: workers})
		if p == nil {
			t.Fatal(diags)
		}
		got := describe(p)
		if first == "" {
			first = got
		}
		if got != first {
			t.Errorf("with %d workers the policy differs", workers)
		}
	}
}

// TestBothSyntaxes holds that the JSON syntax gives the same policy.
func TestBothSyntaxes(t *testing.T) {
	native := `
zone "core" { networks = ["10.0.0.0/24"] }
zone "dmz" { networks = ["192.0.2.0/24"] }
domain "prod" {
  version = "7.6"
  hosts "master" {
    zone      = zone.core
    addresses = ["10.0.0.10"]
    roles     = [role.master]
  }
  hosts "web" {
    zone      = zone.dmz
    addresses = { w1 = "192.0.2.11" }
    roles     = [role.client]
    features  = [feature.client_dedup]
    peers     = { media = hosts.master }
  }
}
flow "agent" {
  from    = hosts.web
  to      = hosts.master
  service = service.pbx
}
`
	p, _, diags := Load(fstest.MapFS{"p.hcl": {Data: []byte(native)}}, ".", testOptions())
	if p == nil {
		t.Fatal(diags)
	}
	q, _, diags := Load(os.DirFS("testdata/valid"), "example.hcl.json", testOptions())
	if q == nil {
		t.Fatal(diags)
	}
	if diff := cmp.Diff(describe(p), describe(q)); diff != "" {
		t.Errorf("the syntaxes differ (-native +json):\n%s", diff)
	}
	last := q.Catalog.Rows[len(q.Catalog.Rows)-1]
	if got := last.When.String(); got != `older(to.version, "7.5") || has(to, feature.client_dedup)` || !last.User {
		t.Errorf("row of the policy: %q", got)
	}
}

// TestCatalogIsClean holds that the embedded catalogue has nothing to say, and
// that what users add stands beside it.
func TestCatalogIsClean(t *testing.T) {
	p, _, diags := Load(fstest.MapFS{"p.hcl": {Data: []byte("flow \"master-media-pbx\" {\n from = role.master\n to = role.media\n service = service.pbx\n}\n")}}, ".", testOptions())
	if got := found(diags); !slices.Equal(got, []string{"p.hcl:1 WARNING: Catalogue entry replaced"}) {
		t.Errorf("diagnostics: %v", got)
	}
	users := 0
	for _, r := range p.Catalog.Rows {
		if r.User {
			users++
			if r.Name != "master-media-pbx" || len(r.Cite) > 0 {
				t.Errorf("the row is not the policy's: %+v", r)
			}
		} else if r.Source == "" || !strings.HasPrefix(r.Origin.File, "catalog/") {
			t.Errorf("row %s: source %q of %s", r.Name, r.Source, r.Origin.File)
		}
	}
	if users != 1 {
		t.Errorf("%d rows are the policy's", users)
	}
}

// TestInputs holds that all files that were read are among the inputs, and no
// others.
func TestInputs(t *testing.T) {
	fsys := inventoryPolicy(2, 4)
	fsys["other.csv"] = &fstest.MapFile{Data: []byte("name\n")}
	p, _, diags := Load(fsys, "p.hcl", Options{Catalog: catalog.FS})
	if p == nil {
		t.Fatal(diags)
	}
	var names []string
	for _, in := range p.Inputs {
		names = append(names, in.Name)
	}
	if want := []string{"clients.csv", "p.hcl", "sites.csv"}; !slices.Equal(names, want) {
		t.Errorf("inputs %v, want %v", names, want)
	}
}
