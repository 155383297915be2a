package view

import (
	"strings"
	"testing"
)

// TestNoCellIsAFormula: a spreadsheet takes cells that begin with one of four
// signs for formulas, also where the sign is all there is.
func TestNoCellIsAFormula(t *testing.T) {
	for _, cell := range []string{"=1+1", "+1", "-1", "@SUM(A1)", "=", "-"} {
		table := Table{Heading: []string{"name"}}
		table.Add(cell)
		var b strings.Builder
		if err := table.CSV(&b); err != nil {
			t.Fatal(err)
		}
		if want := "name\n'" + cell + "\n"; b.String() != want {
			t.Errorf("%q is written as %q, want %q", cell, b.String(), want)
		}
	}
}
