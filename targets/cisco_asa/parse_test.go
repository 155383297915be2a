package cisco_asa

import (
	"strings"
	"testing"

	"github.com/nbfwc/nbfwc/targets"
)

// parsed reads a text that must be readable.
func parsed(t testing.TB, text string, opt targets.ParseOptions) *targets.Config {
	t.Helper()
	c, err := parse(strings.NewReader(text), opt)
	if err != nil {
		t.Fatal(err)
	}
	return c
}
