package lang

import (
	"strings"
	"testing"
	"testing/fstest"
)

// conditionOf loads a row with the condition and returns it.
func conditionOf(t *testing.T, when, ports string) *Row {
	t.Helper()
	text := `
setting "mode" {
  kind    = "choice"
  choices = ["clear", "secret"]
}
setting "window" { kind = "ports" }
setting "web" {
  kind    = "port"
  default = 80
}
setting "firmware" { kind = "version" }
setting "flag" { kind = "bool" }
flow "row" {
  from    = role.media
  to      = role.client
  service = service.pbx
  when    = ` + when
	if ports != "" {
		text += "\n  ports = " + ports
	}
	p, _, diags := Load(fstest.MapFS{"p.hcl": {Data: []byte(text + "\n}\n")}}, "p.hcl", testOptions())
	if p == nil {
		t.Fatalf("%s: %v", when, diags)
	}
	return p.Catalog.Rows[len(p.Catalog.Rows)-1]
}

func version(t *testing.T, s string) Version {
	t.Helper()
	v, err := ParseNumber(s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestConditions(t *testing.T) {
	from := &Facts{Version: version(t, "7.0"), Domain: &Domain{Strict: true},
		Roles:    []*Role{{Name: "master"}, {Name: "media"}},
		Settings: []Setting{{"firmware", version(t, "2.5"), true}, {"mode", "clear", true}, {"web", 80, false}}}
	to := &Facts{Version: version(t, "7.6.0.4"), Domain: &Domain{}, Features: []*Feature{{Name: "client_dedup"}, {Name: "resilient"}},
		Settings: []Setting{{"flag", true, true}, {"web", 8080, true}}}
	for _, c := range []struct {
		when    string
		holds   bool
		because string // of the reasons, "|" between them
	}{
		{`older(from.version, "7.0.1")`, true, "the source has version 7.0, which is older than 7.0.1"},
		{`older(to.version, "7.0.1")`, false, "the destination has version 7.6.0.4, which is 7.0.1 or newer"},
		{`older(to.version, "7.6.0.4")`, false, "the destination has version 7.6.0.4, which is 7.6.0.4 or newer"},
		{`older(from.version, "7.0")`, false, "the source has version 7.0, which is 7.0 or newer"},
		{`atleast(to.version, "7.6.0.4")`, true, "the destination has version 7.6.0.4, which is 7.6.0.4 or newer"},
		{`atleast(from.version, "7.0.1")`, false, "the source has version 7.0, which is older than 7.0.1"},
		{`atleast(to.version, "7.6")`, true, "the destination has version 7.6.0.4, which is 7.6 or newer"},
		{`from.version == "7.0.0"`, true, "the source has version 7.0"},
		{`from.version != "7.0"`, false, "the source has version 7.0"},
		{`has(to, feature.resilient)`, true, "the destination has the feature resilient"},
		{`has(from, feature.resilient)`, false, "the source doesn't have the feature resilient"},
		{`plays(from, role.master)`, true, "the source is a master as well"},
		{`!plays(from, role.master)`, false, "the source is a master as well"},
		{`domain.strict`, true, "the domain sets strict"},
		{`domain.uncertain`, false, "the domain doesn't set uncertain"},
		{`from.setting.mode == "clear"`, true, `the source has mode = "clear"`},
		{`from.setting.mode != "clear"`, false, `the source has mode = "clear"`},
		{`to.setting.mode == "clear"`, false, "the destination has no mode"},
		{`to.setting.mode != "clear"`, true, "the destination has no mode"},
		{`declared(to.setting.web)`, true, "the destination declares web"},
		{`declared(from.setting.web)`, false, "the source doesn't declare web"},
		{`from.setting.web == 80`, true, "the source has web = 80"},
		{`to.setting.flag`, true, "the destination has flag = true"},
		{`!from.setting.flag`, true, "the source has no flag"},
		{`older(from.setting.firmware, "2.6")`, true, "the source has firmware 2.5, which is older than 2.6"},
		{`atleast(to.setting.firmware, "2.6")`, false, "the destination has no firmware"},
		{`older(to.setting.firmware, "2.6")`, false, "the destination has no firmware"},
		{`older(from.version, "7.5") && older(to.version, "7.5")`, false, "the destination has version 7.6.0.4, which is 7.5 or newer"},
		{`older(to.version, "7.5") || domain.uncertain`, false, "the destination has version 7.6.0.4, which is 7.5 or newer|the domain doesn't set uncertain"},
		{`older(to.version, "7.5") || domain.strict`, true, "the domain sets strict"},
		{"(\n older(to.version, \"7.5\") ||\n domain.strict\n)", true, "the domain sets strict"},
		{`false`, false, "the condition is never true"},
	} {
		r := conditionOf(t, c.when, "")
		holds, because := r.When.Explain(from, to)
		if holds != c.holds || r.When.Holds(from, to) != c.holds {
			t.Errorf("%s: holds %t", c.when, holds)
		}
		if got := strings.Join(because, "|"); got != c.because {
			t.Errorf("%s: because %q, want %q", c.when, got, c.because)
		}
		want := strings.Join(strings.Fields(strings.Trim(c.when, "()")), " ")
		if !strings.HasPrefix(c.when, "(") {
			want = c.when
		}
		if r.When.String() != want {
			t.Errorf("text is %q, want %q", r.When, want)
		}
	}
}

func TestPorts(t *testing.T) {
	from := &Facts{Settings: []Setting{{"window", []PortRange{{1000, 1005}}, true}}}
	to := &Facts{Domain: &Domain{}, Settings: []Setting{{"web", 1006, false}}}
	for ports, want := range map[string]string{
		`to.setting.web`: "1006",
		`[from.setting.window, to.setting.web, 22]`:       "22, 1000-1006",
		`from.setting.mode == "clear" ? 1 : "2-3"`:        "2-3",
		`[domain.strict ? [443] : [from.setting.window]]`: "1000-1005",
		`to.setting.window`:                               "error: the destination has no window, which the ports depend on: write settings = { window = ... } in its hosts block",
	} {
		r := conditionOf(t, "true", ports)
		from.Domain = &Domain{}
		list, err := r.Ports.Ports(from, to)
		got := portsText(list)
		if err != nil {
			got = "error: " + err.Error()
		}
		if got != want {
			t.Errorf("%s: %s, want %s", ports, got, want)
		}
		if r.Ports.String() != ports {
			t.Errorf("text is %q, want %q", r.Ports, ports)
		}
	}
}
