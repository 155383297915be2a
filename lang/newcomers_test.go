package lang

import (
	"strings"
	"testing"
	"testing/fstest"
)

// TestMistakesAreNamed holds that a message says which value of a list is wrong
// and which role was meant by another name of it.
func TestMistakesAreNamed(t *testing.T) {
	const policy = `
service "odd" { tcp = [1556, 70000, "http"] }
domain "prod" {
  version = "10.2"
  hosts "a" {
    addresses = ["10.0.0.10"]
    roles     = [role.primary, role.Media-Server, role.backup_thing]
  }
}
`
	_, _, diags := Load(fstest.MapFS{"p.hcl": {Data: []byte(policy)}}, "p.hcl", testOptions())
	var text strings.Builder
	for _, d := range diags {
		text.WriteString(d.Detail + "\n")
	}
	for _, want := range []string{
		"70000 is no port", `"http" is no port`,
		"Did you mean role.master?", "Did you mean role.media?", `"nbfwc catalog" lists the roles`,
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("no message says %q:\n%s", want, text.String())
		}
	}
}
