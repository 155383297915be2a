package lang

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// lexedEvents is what the HCL lexer itself says of the text.
func lexedEvents(src []byte, template bool) []string {
	lex := hclsyntax.LexConfig
	if template {
		lex = hclsyntax.LexTemplate
	}
	tokens, _ := lex(src, "t.hcl", hcl.InitialPos)
	var all []string
	for _, t := range tokens {
		name := ""
		at := t.Range.Start.Byte
		switch t.Type {
		case hclsyntax.TokenOParen, hclsyntax.TokenOBrack, hclsyntax.TokenOBrace:
			name = "open"
		case hclsyntax.TokenCParen, hclsyntax.TokenCBrack, hclsyntax.TokenCBrace:
			name = "close"
		case hclsyntax.TokenTemplateSeqEnd:
			name = "close"
		case hclsyntax.TokenTemplateInterp:
			name = "${"
		case hclsyntax.TokenTemplateControl:
			name = "%{"
		case hclsyntax.TokenCQuote, hclsyntax.TokenCHeredoc:
			name = "literal"
			at = t.Range.End.Byte - 1
			if t.Type == hclsyntax.TokenCHeredoc {
				at = t.Range.End.Byte
				if bytes.HasPrefix(src[at:], []byte("\r")) {
					at++
				}
			}
		case hclsyntax.TokenPlus, hclsyntax.TokenMinus, hclsyntax.TokenStar, hclsyntax.TokenSlash, hclsyntax.TokenPercent,
			hclsyntax.TokenBang, hclsyntax.TokenQuestion, hclsyntax.TokenLessThan, hclsyntax.TokenGreaterThan,
			hclsyntax.TokenLessThanEq, hclsyntax.TokenGreaterThanEq, hclsyntax.TokenEqualOp, hclsyntax.TokenNotEqual,
			hclsyntax.TokenAnd, hclsyntax.TokenOr:
			name = "operator"
		case hclsyntax.TokenComma:
			name = "comma"
		case hclsyntax.TokenIdent:
			name = "word"
		}
		if name != "" {
			all = append(all, fmt.Sprintf("%s@%d", name, at))
		}
	}
	return all
}

var eventNames = map[guardEvent]string{
	guardOpen: "open", guardClose: "close", guardSeqEnd: "close", guardTemplate: "${", guardControl: "%{",
	guardLiteral: "literal", guardOperator: "operator", guardComma: "comma", guardWord: "word",
}

func scannedEvents(src []byte, mode guardMode) (all []string, unclosed bool) {
	s := newGuardScanner(src, mode)
	for {
		ev := s.next()
		switch {
		case ev == guardEnd:
			return all, false
		case ev == guardUnclosedComment:
			return all, true
		case eventNames[ev] != "":
			all = append(all, fmt.Sprintf("%s@%d", eventNames[ev], s.start))
		}
	}
}

// guardAlphabet is what makes a lexer change its mind.
var guardAlphabet = []string{
	"a", "b-", "7", "1.5", "1e", "é", "€", " ", "\t", "\n", "\r\n", "\"", "\"", "\\", "\\\"", "$", "%", "${", "${~", "%{", "$${", "%%{",
	"{", "}", "}", "~}", "~", "(", ")", "[", "]", ",", "#", "//", "/*", "*/", "*", "/", "<<", "<<A\n", "<<-A\n", "A\n", "\nA\n", "\n  A\n", "<", "=", "==",
	"=>", "&&", "|", "!", "-", "+", "?", ":", ".", "if ", "endif",
}

func compareScanner(t *testing.T, src []byte, mode guardMode) {
	t.Helper()
	got, unclosed := scannedEvents(src, mode)
	if unclosed {
		return
	}
	want := lexedEvents(src, mode == guardBare)
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Fatalf("text %q:\nhave %v\nwant %v", src, got, want)
	}
}

func TestGuardScannerSeesWhatTheLexerSees(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 100_000 {
		var b bytes.Buffer
		for range 1 + rng.IntN(24) {
			b.WriteString(guardAlphabet[rng.IntN(len(guardAlphabet))])
		}
		compareScanner(t, b.Bytes(), guardCode)
		compareScanner(t, b.Bytes(), guardBare)
	}
}
