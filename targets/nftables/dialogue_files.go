package nftables

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/nbfwc/nbfwc/targets"
)

// An object is a chain, set or map that a file names.
type object struct{ table, kind, name string }

func (o object) String() string { return o.kind + " " + o.table + " " + o.name }

// objectOf names a piece.
func objectOf(p piece) object {
	name := p.name
	if f := strings.Fields(p.text); p.kind == "ct" && len(f) > 2 {
		name = f[2] // "ct timeout nb_idle"
	}
	return object{p.table, p.kind, name}
}

// A loadFile is a file for nft -f that Plan or Restore made.
type loadFile struct {
	text   string
	pieces []piece // of its blocks; all of them are ours
	// first is the command that a file names an object by first, and deleted
	// are the objects that it deletes.
	first   map[object]string
	deleted map[object]bool
	named   []object // in order
	decl    map[object]string
	table   bool // replaces or removes the table of ours
}

// namedIn are the commands of files of ours that name an object.
var namedIn = regexp.MustCompile(`^(add|flush|delete) (chain|set|map) (\S+ \S+) (\S+)(?: (\{.*\}))?$`)

// fileOf is the file of a change.
func fileOf(c *targets.Change) (*loadFile, error) {
	var b strings.Builder
	for _, s := range c.Steps {
		for _, line := range s.Commands {
			b.WriteString(line + "\n")
		}
	}
	f := &loadFile{text: b.String(), first: map[object]string{}, deleted: map[object]bool{}, decl: map[object]string{}}
	var err error
	if f.pieces, err = piecesOf(f.text); err != nil {
		return nil, fmt.Errorf("nftables: the change: %w", err)
	}
	for line := range strings.Lines(f.text) {
		line = strings.TrimRight(line, "\r\n")
		if line == "table inet "+table {
			f.table = true
		}
		if m := namedIn.FindStringSubmatch(line); m != nil {
			o := object{m[3], m[2], m[4]}
			f.name(o, m[1])
			if m[1] == "delete" {
				f.deleted[o] = true
			}
			if m[5] != "" {
				f.decl[o] = m[5]
			}
		}
	}
	for _, p := range f.pieces {
		if p.isTable() {
			f.table = true
		}
		if o := objectOf(p); o.table != "inet "+table && (p.kind == "chain" || p.kind == "set" || p.kind == "map") {
			f.name(o, "add")
			if p.kind != "chain" && f.decl[o] == "" {
				f.decl[o] = withoutElements(p.text)
			}
		}
	}
	return f, nil
}

func (f *loadFile) name(o object, by string) {
	if f.first[o] == "" {
		f.first[o] = by
		f.named = append(f.named, o)
	}
}

// withoutElements is the block of a set without its elements.
func withoutElements(text string) string {
	text = text[strings.Index(text, "{"):]
	if i := strings.Index(text, "\n\t\telements = {"); i >= 0 {
		text = text[:i] + "\n\t}"
	}
	return text
}

// back is a file that makes what the file touches what it was before, whether
// it was loaded or not: first everything exists, then it is emptied, then what
// wasn't there goes and what was there is filled.
func (f *loadFile) back(before string) (string, error) {
	pieces, err := piecesOf(before)
	if err != nil {
		return "", fmt.Errorf("nftables: the configuration before the change: %w", err)
	}
	objects, decl, was := slices.Clone(f.named), f.decl, map[object]bool{}
	tables := map[string]bool{}
	for _, o := range f.named {
		tables[o.table] = true
	}
	var old []piece
	for _, p := range pieces {
		switch o := objectOf(p); {
		case p.isTable() && f.table:
			old = append(old, p)
		case p.table == "inet "+table, !tables[p.table]:
		case p.ours(), f.first[o] != "":
			old = append(old, p)
			was[o] = true
			if f.first[o] == "" {
				objects = append(objects, o)
			}
			if p.kind != "chain" && decl[o] == "" {
				decl[o] = withoutElements(p.text)
			}
		}
	}
	var b strings.Builder
	if f.table {
		b.WriteString("table inet " + table + "\ndelete table inet " + table + "\n")
	}
	each := func(command string, some func(object) bool) {
		for _, o := range objects {
			if some(o) {
				b.WriteString(command + " " + o.String())
				if command == "add" && o.kind != "chain" {
					b.WriteString(" " + decl[o])
				}
				b.WriteString("\n")
			}
		}
	}
	chain := func(o object) bool { return o.kind == "chain" }
	each("add", func(object) bool { return true })
	each("flush", chain)
	each("flush", func(o object) bool { return !chain(o) })
	each("delete", func(o object) bool { return chain(o) && !was[o] })
	each("delete", func(o object) bool { return !chain(o) && !was[o] })
	b.WriteString(blocksOf(old))
	return b.String(), nil
}

// blocksOf is the text of pieces.
func blocksOf(pieces []piece) string {
	var b strings.Builder
	last := ""
	for _, p := range pieces {
		if p.table != last && last != "" {
			b.WriteString("}\n")
			last = ""
		}
		if p.kind == "table" {
			b.WriteString("\n" + p.text + "\n")
			continue
		}
		if last == "" {
			b.WriteString("\ntable " + p.table + " {\n")
			last = p.table
		}
		b.WriteString("\t" + p.text + "\n")
	}
	if last != "" {
		b.WriteString("}\n")
	}
	return b.String()
}

// lasts says whether the file can be loaded at boot: Render's can, and has
// remarks that the kernel doesn't keep. One that flushes or deletes what it
// didn't add can't.
func (f *loadFile) lasts() bool {
	for _, first := range f.first {
		if first != "add" {
			return false
		}
	}
	return len(f.deleted) == 0 && len(f.pieces) > 0
}

// bootOf is what a file holds that loads what is ours of a listing; "" if
// nothing is.
func bootOf(listing string) (string, error) {
	pieces, err := piecesOf(listing)
	if err != nil {
		return "", err
	}
	// A section of which only empty chains are left is a place that the user made.
	used := map[string]bool{}
	for _, p := range pieces {
		if p.ours() && !p.empty() {
			used[p.table] = true
		}
	}
	var ours []piece
	var head strings.Builder
	for _, p := range pieces {
		switch {
		case !used[p.table] && !p.isTable():
			continue
		case p.isTable():
			head.WriteString("table inet " + table + "\ndelete table inet " + table + "\n")
		case p.ours() && p.kind == "chain":
			head.WriteString("add " + objectOf(p).String() + "\nflush " + objectOf(p).String() + "\n")
		case p.ours():
			head.WriteString("add " + objectOf(p).String() + " " + withoutElements(p.text) + "\nflush " + objectOf(p).String() + "\n")
		case p.section && p.kind == "ct" && strings.HasPrefix(objectOf(p).name, prefix):
		default:
			continue
		}
		ours = append(ours, p)
	}
	return head.String() + blocksOf(ours), nil
}

// empty says whether the piece is a chain without rules.
func (p piece) empty() bool {
	return p.kind == "chain" && strings.TrimSpace(p.text[strings.IndexByte(p.text, '{')+1:]) == "}"
}

// loadedIn says whether what a listing has of the file's does what the file
// says.
func (f *loadFile) loadedIn(listing string) (bool, error) {
	pieces, err := piecesOf(listing)
	if err != nil {
		return false, err
	}
	wanted := map[object]bool{}
	for _, p := range f.pieces {
		wanted[objectOf(p)] = true
	}
	var have []piece
	for _, p := range pieces {
		o := objectOf(p)
		switch {
		case p.isTable() && f.table && !wanted[o], f.deleted[o] && !wanted[o]:
			return false, nil
		case p.table == "inet "+table && !p.isTable():
		case wanted[o] && p.kind != "table" || p.isTable() && wanted[o]:
			have = append(have, p)
		}
	}
	var want []piece
	for _, p := range f.pieces {
		if p.isTable() || p.kind != "table" && p.table != "inet "+table {
			want = append(want, p)
		}
	}
	return sameEffect(have, want)
}

// sameEffect compares pieces of ours by what they do.
func sameEffect(have, want []piece) (bool, error) {
	a, err := parse(entered(have), targets.ParseOptions{})
	if err != nil {
		return false, err
	}
	b, err := parse(entered(want), targets.ParseOptions{})
	if err != nil {
		return false, err
	}
	return len(have) == len(want) && unchanged(&a.RuleSet, &b.RuleSet), nil
}

// entered is the text of pieces, with a base chain that enters each section.
func entered(pieces []piece) string {
	pieces = slices.Clone(pieces)
	// Sets stand before the chains that refer to them, as in a listing.
	slices.SortStableFunc(pieces, func(a, b piece) int {
		if a.table != b.table {
			return strings.Compare(a.table, b.table)
		}
		if c := rank(a.kind) - rank(b.kind); c != 0 {
			return c
		}
		return strings.Compare(objectOf(a).name, objectOf(b).name)
	})
	var enter []piece
	for _, p := range pieces {
		for hook, chain := range sectionChains {
			if p.kind == "chain" && p.name == chain && p.table != "inet "+table {
				name := "nbfwc-enters-" + hookNames[hook]
				enter = append(enter, piece{table: p.table, kind: "chain", name: name,
					text: "chain " + name + " {\n\t\ttype filter hook " + hookNames[hook] + " priority filter; policy drop;\n\t\tjump " + chain + "\n\t}"})
			}
		}
	}
	return blocksOf(append(pieces, enter...))
}

func rank(kind string) int { return strings.Index("table ct set map chain", kind) }

// stamped is a file with a first line by which a later push knows that nobody
// has edited it.
func stamped(id, body string) string {
	return stampWord + id + " sha256 " + hashOf(body) + "\n" + body
}

const stampWord = "# Written by nbfwc and replaced by its next push: "

var stampLine = regexp.MustCompile(`^` + regexp.QuoteMeta(stampWord) + `(\S+) sha256 ([0-9a-f]{64})\n`)

// stampOf is the push that wrote a file, "" if none did or the file was edited.
func stampOf(text string) string {
	m := stampLine.FindStringSubmatch(text)
	if m == nil || hashOf(text[len(m[0]):]) != m[2] {
		return ""
	}
	return m[1]
}

func hashOf(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

// agent is the program that loads the change on the machine, and goes back
// unless it is confirmed in time. It alone loads anything, so a login that
// breaks can't leave a load behind that takes effect later. Where it stands is
// the name of one file, which is renamed: who renames it has won.
func agent(h *host, dir string, seconds int) string {
	load := h.root(h.nft + " -f -")
	return `# Loads a change of nbfwc, and goes back unless it is confirmed in time.
cd ` + dir + ` || exit 1
umask 077
trap '' HUP
echo $$ >pid
mv ready armed 2>/dev/null || exit 0
` + load + ` <new.nft >load.log 2>&1
r=$?
echo $r >load.tmp
mv load.tmp loaded
# Status 1 is nft's own refusal, after which nothing has changed. Of a load that
# was killed nobody knows.
if [ $r = 1 ]; then mv armed failed; exit 0; fi
[ $r = 0 ] || : >now
n=0
while [ $n -lt ` + fmt.Sprint(seconds) + ` ] && [ ! -e now ]; do
  sleep 1
  n=$((n + 1))
  [ -e armed ] || exit 0
done
mv armed fired 2>/dev/null || exit 0
` + load + ` <old.nft >back.log 2>&1
echo $? >back.tmp
mv back.tmp back
`
}
