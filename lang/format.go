package lang

import (
	"bytes"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
)

// Format lays out policy text in the one way that nbfwc fmt knows: that of
// HCL's own formatter, with lines ended by \n and one newline at the end.
// Comments stay; Format of the result is the result. Text that is not HCL is
// not touched: it comes with the diagnostics of the parser.
func Format(src []byte, name string) ([]byte, hcl.Diagnostics) {
	if strings.HasSuffix(name, ".json") {
		return nil, hcl.Diagnostics{fileFault(name, "JSON is not formatted",
			"%s is JSON. nbfwc fmt lays out native HCL only; use the formatter of your editor, or jq.", name)}
	}
	if diags := guard(name, src, DefaultLimits()); diags.HasErrors() {
		return nil, diags
	}
	if _, diags := hclsyntax.ParseConfig(src, name, hcl.InitialPos); diags.HasErrors() {
		return nil, diags
	}
	out := bytes.TrimRight(hclwrite.Format(normalLines(src)), " \t\r\n")
	if len(out) == 0 {
		return out, nil
	}
	return append(out, '\n'), nil
}

// normalLines ends lines by \n alone, except in text with heredocs, where the
// ends of lines are part of values.
func normalLines(src []byte) []byte {
	src = bytes.TrimPrefix(src, bom)
	if bytes.Contains(src, []byte("<<")) {
		return src
	}
	return bytes.ReplaceAll(src, []byte("\r\n"), []byte("\n"))
}
