package compile

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/nbfwc/nbfwc/lang"
)

// placeKey tells places of the policy apart. The instances of a block with
// for_each share theirs: what is wrong with all of them is said once.
func placeKey(o lang.Origin) string { return fmt.Sprintf("%s %d", o.File, o.Byte) }

// instanceKey is the key of a block's instance within quotes: [\"north\"].
var instanceKey = regexp.MustCompile(`\[\\"[^"]*\\"\]`)

// withoutEchoes leaves the first of problems that say the same of several
// instances of one block, and has it say how many there are. The problems are
// sorted by place.
func withoutEchoes(list []Problem) []Problem {
	type kind struct {
		place    string
		severity Severity
		summary  string
		detail   string
	}
	first, more, said := map[kind]int{}, map[int]int{}, map[Problem]bool{}
	var out []Problem
	for _, p := range list {
		k := kind{placeKey(p.Subject), p.Severity, p.Summary, instanceKey.ReplaceAllString(p.Detail, "")}
		if i, ok := first[k]; ok {
			if !said[p] {
				more[i]++
			}
			said[p] = true
			continue
		}
		said[p] = true
		first[k] = len(out)
		out = append(out, p)
	}
	for i, n := range more {
		out[i].Detail += fmt.Sprintf(" The same holds for further instances of the block (%d).", n)
	}
	return out
}

// apart is the hosts blocks that have to talk and share no address family.
type apart struct {
	blocks map[string]*apartBlock
	pairs  int
}

// apartBlock is one of them with those that it can't talk with.
type apartBlock struct {
	key, name string
	origin    lang.Origin
	order     int
	noSource  bool // it has virtual addresses only
	others    []*apartBlock
}

// maxApart bounds the pairs that are remembered. They are all errors, and the
// first already names what to change.
const maxApart = 100_000

// noSource reports whether a side has no address that it can connect from.
func noSource(s side) bool {
	return !slices.ContainsFunc(s.legs, func(l legRef) bool { return l.use != lang.Virtual })
}

// add notes that two groups have to talk and can't; noSource says that the
// first has no address to connect from.
func (a *apart) add(from, to *lang.Group, noSource bool) {
	if a.pairs == maxApart {
		return
	}
	x, y := a.block(from), a.block(to)
	x.noSource = x.noSource || noSource
	if slices.Contains(x.others, y) {
		return
	}
	a.pairs++
	x.others = append(x.others, y)
	if x != y {
		y.others = append(y.others, x)
	}
}

func (a *apart) block(g *lang.Group) *apartBlock {
	key := placeKey(g.Origin)
	b := a.blocks[key]
	if b == nil {
		b = &apartBlock{key: key, name: g.Block, origin: g.Origin, order: len(a.blocks)}
		if a.blocks == nil {
			a.blocks = map[string]*apartBlock{}
		}
		a.blocks[key] = b
	}
	return b
}

// problems blames few blocks for all pairs: those without a source, then again
// and again the one that can't talk with most of the others.
func (a *apart) problems() []Problem {
	list := make([]*apartBlock, 0, len(a.blocks))
	for _, b := range a.blocks {
		list = append(list, b)
	}
	var out []Problem
	for {
		worst := slices.MinFunc(append(list, &apartBlock{order: len(list)}), func(x, y *apartBlock) int {
			return cmp.Or(-cmp.Compare(x.weight(), y.weight()), cmp.Compare(x.order, y.order))
		})
		if len(worst.others) == 0 {
			return out
		}
		out = append(out, worst.problem())
		for _, o := range worst.others {
			if o != worst {
				o.others = slices.DeleteFunc(o.others, func(b *apartBlock) bool { return b == worst })
			}
		}
		worst.others = nil
	}
}

func (b *apartBlock) weight() int {
	if b.noSource && len(b.others) > 0 {
		return maxApart + 1
	}
	return len(b.others)
}

func (b *apartBlock) problem() Problem {
	const most = 4
	var names []string
	for i, o := range b.others {
		if i == most {
			names = append(names, fmt.Sprintf("and %d more", len(b.others)-i))
			break
		}
		names = append(names, fmt.Sprintf("%q (%s)", o.name, placeText(o.origin)))
	}
	p := Problem{
		Summary: "No common address family", Subject: b.origin,
		Detail: fmt.Sprintf("Hosts %q have to talk with %s, but no address of one fits an address of the other. ", b.name, strings.Join(names, ", ")),
	}
	if b.noSource {
		p.Detail += fmt.Sprintf("Hosts %q have virtual addresses only, and those are destinations. Give them an ordinary address.", b.name)
	} else {
		p.Detail += "IPv4 talks to IPv4 and IPv6 to IPv6. Give one of them an address of the other's family, or keep them apart with peers."
	}
	return p
}
