package nftables

import (
	"errors"
	"fmt"
	"strings"

	"github.com/nbfwc/nbfwc/targets"
)

// A piece is a table of a listing, or a chain, set or map in one.
type piece struct {
	table    string // family and name
	kind     string // table, chain, set, map, ...
	name     string // "" for a table
	from, to int    // in the text
	text     string
	// section says that the table holds a section of ours.
	section bool
}

// ours says whether the piece belongs to a section of ours.
func (p piece) ours() bool {
	return p.section && strings.HasPrefix(p.name, prefix) && (p.kind == "chain" || p.kind == "set" || p.kind == "map")
}

// isTable says whether the piece is the table of ours.
func (p piece) isTable() bool { return p.kind == "table" && p.table == "inet "+table }

func isJSON(text string) bool { return strings.HasPrefix(strings.TrimLeft(text, " \t\r\n"), "{") }

var errUnbalanced = errors.New("the listing has a block that doesn't end")

// piecesOf cuts the text form of a listing into its pieces, as they stand.
func piecesOf(text string) ([]piece, error) {
	var pieces []piece
	x := &scanner{s: text, line: 1}
	depth, tableAt, open := 0, -1, -1
	var words []string // of the statement so far
	begin := 0         // where it begins
	for {
		at := x.pos
		t := x.next()
		switch {
		case t.kind == tEnd:
			if depth != 0 || x.err != nil {
				return nil, errors.Join(errUnbalanced, x.err)
			}
			return withSections(pieces), nil
		case t.kind == tBreak:
			words = words[:0]
			continue
		case t.is("{"):
			depth++
			switch {
			case depth == 1 && len(words) > 1 && words[0] == "table":
				tableAt = len(pieces)
				pieces = append(pieces, piece{table: strings.Join(words[1:], " "), kind: "table", from: begin})
			case depth == 2 && tableAt >= 0 && len(words) > 1:
				open = len(pieces)
				pieces = append(pieces, piece{table: pieces[tableAt].table, kind: words[0], name: words[1], from: begin})
			}
			words = words[:0]
			continue
		case t.is("}"):
			depth--
			if depth < 0 {
				return nil, errUnbalanced
			}
			if depth == 1 && open >= 0 {
				pieces[open].end(text, x.pos)
				open = -1
			}
			if depth == 0 && tableAt >= 0 {
				pieces[tableAt].end(text, x.pos)
				tableAt = -1
			}
			words = words[:0]
			continue
		}
		if len(words) == 0 {
			begin = at + len(text[at:x.pos]) - len(strings.TrimLeft(text[at:x.pos], " \t\r"))
		}
		words = append(words, t.text)
	}
}

func (p *piece) end(text string, to int) {
	p.to, p.text = to, text[p.from:to]
}

// withSections marks the pieces of tables that hold a section.
func withSections(pieces []piece) []piece {
	has := map[string]bool{}
	for _, p := range pieces {
		for _, name := range sectionChains {
			if p.kind == "chain" && p.name == name {
				has[p.table] = true
			}
		}
	}
	for i := range pieces {
		pieces[i].section = has[pieces[i].table] && !pieces[i].isTable()
	}
	return pieces
}

// without is a listing without some of its pieces, and whether it had any.
func without(text string, some func(piece) bool) (rest string, had bool, err error) {
	if isJSON(text) {
		return "", false, errors.New(`a plan needs the listing as text: save the output of "nft -s list ruleset"`)
	}
	pieces, err := piecesOf(text)
	if err != nil {
		return "", false, err
	}
	var b strings.Builder
	at := 0
	for _, p := range pieces {
		if p.from >= at && some(p) {
			b.WriteString(text[at:p.from])
			at, had = p.to, true
		}
	}
	b.WriteString(text[at:])
	return b.String(), had, nil
}

// loaded is a listing after a file was loaded.
func loaded(rest, file string) string { return rest + "\n" + file }

// problem says what of the user's is missing that a section needs.
func (a anchor) problem(text string) *targets.Problem {
	pieces, err := piecesOf(text)
	if err != nil {
		return &targets.Problem{Why: err.Error()}
	}
	for _, chain := range a.chains {
		if chain != "" && !hasChain(pieces, a.family+" "+a.table, chain) {
			return &targets.Problem{Text: chain, Why: fmt.Sprintf("the machine has no chain %s in table %s %s; correct the anchor, or make the chain", chain, a.family, a.table)}
		}
	}
	return nil
}

func hasChain(pieces []piece, table, chain string) bool {
	for _, p := range pieces {
		if p.kind == "chain" && p.table == table && p.name == chain {
			return true
		}
	}
	return false
}

// notEntered are findings for base chains that don't jump to the section.
func (a anchor) notEntered(text string) []targets.Problem {
	pieces, err := piecesOf(text)
	if err != nil {
		return nil
	}
	var out []targets.Problem
	for hook, chain := range a.chains {
		for _, p := range pieces {
			if chain == "" || p.kind != "chain" || p.table != a.family+" "+a.table || p.name != chain {
				continue
			}
			if want := sectionChains[hook]; !strings.Contains(p.text, "jump "+want) && !strings.Contains(p.text, "goto "+want) {
				out = append(out, targets.Problem{Line: 1 + strings.Count(text[:p.from], "\n"), Text: chain, Why: fmt.Sprintf("the chain doesn't jump to %s: nothing of ours has any effect; add the rule \"jump %s\" where it belongs", want, want)})
			}
		}
	}
	return out
}
