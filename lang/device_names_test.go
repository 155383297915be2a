package lang

import (
	"testing"
	"testing/fstest"
)

func oneFirewall(t *testing.T, name, text string) *Firewall {
	t.Helper()
	p, _, diags := Load(fstest.MapFS{name: {Data: []byte(text)}}, ".", testOptions())
	if p == nil {
		t.Fatal(diags)
	}
	return p.Firewalls[0]
}

// What a firewall says of names on its device is the same in both syntaxes.
func TestNamesOnTheDevice(t *testing.T) {
	for name, text := range map[string]string{
		"p.hcl": `zone "a" { networks = ["10.0.0.0/24"] }
firewall "x" {
  target       = "paloalto"
  name_prefix  = "BKP_"
  group_name   = "{interface}.{role}-{class}"
  use_object   = { "BKP_b" = "B", BKP_a = "A" }
  device_group = "DC"
  local_rules  = true
  assume       = { "app-id ssl" = true, "user known" = false }
  interface "a" { zones = [zone.a] }
}`,
		"p.hcl.json": `{"zone": {"a": {"networks": ["10.0.0.0/24"]}}, "firewall": {"x": {"target": "paloalto", "name_prefix": "BKP_",
"group_name": "{interface}.{role}-{class}", "use_object": {"BKP_b": "B", "BKP_a": "A"}, "device_group": "DC", "local_rules": true, "assume": {"app-id ssl": true, "user known": false},
"interface": {"a": {"zones": ["zone.a"]}}}}}`,
	} {
		t.Run(name, func(t *testing.T) {
			f := oneFirewall(t, name, text)
			if f.NamePrefix != "BKP_" || f.GroupName.Text != "{interface}.{role}-{class}" || f.GroupName.Origin.Line == 0 || f.DeviceGroup != "DC" || !f.LocalRules {
				t.Errorf("%+v", f)
			}
			if have, known := f.Assume["user known"]; len(f.Assume) != 2 || !f.Assume["app-id ssl"] || have || !known {
				t.Errorf("%v", f.Assume)
			}
			if len(f.UseObjects) != 2 || f.UseObjects[0].Group != "BKP_a" || f.UseObjects[0].Object != "A" || f.UseObjects[0].Origin.Line == 0 || f.UseObjects[1].Object != "B" {
				t.Errorf("%+v", f.UseObjects)
			}
		})
	}
	f := oneFirewall(t, "p.hcl", `zone "a" { networks = ["10.0.0.0/24"] }
firewall "x" {
  target = "paloalto"
  interface "a" { zones = [zone.a] }
}`)
	if f.NamePrefix != DefaultPrefix || f.GroupName.Text != "" || f.UseObjects != nil || f.DeviceGroup != "" || f.LocalRules {
		t.Errorf("%+v", f)
	}
}

func TestPrefixes(t *testing.T) {
	for s, want := range map[string]bool{
		"N": true, "NBU-": true, "n9_.-": true, "abcdefghijkl": true,
		"": false, "abcdefghijklm": false, "9a": false, "-a": false, "a b": false, "ä": false, "a;": false, "a\n": false,
	} {
		if isPrefix(s) != want {
			t.Errorf("%q: %t", s, !want)
		}
	}
}
