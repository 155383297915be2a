package ruleset

import "errors"

// ErrTooLarge says that rule sets are too entangled to be looked at within the
// limit of steps: nothing was found out about them.
var ErrTooLarge = errors.New("the rule sets are too large or too entangled to compare within the limit of steps; compare fewer rules at a time, or raise the limit")

// DefaultLimit is the number of steps that are spent on one group of interface
// pairs where no other limit is given. A step takes some tens of nanoseconds
// and bytes.
const DefaultLimit = 100_000_000

// A world is what several rule sets have in common: classes of everything that
// their rules mention.
type world struct {
	sides      []*side
	byPair     [][]map[int32][]int32
	n          *numbers
	svc        *serviceClasses
	src4, dst4 *classes[ip4]
	src6, dst6 *classes[ip6]
	ins, outs  []ifaceClass
	groups     []pairGroup
	// behind gives for each interface class the classes of addresses that
	// belong behind it; an entry with known == false doesn't restrict.
	inBehind, outBehind []behind
}

// behind is what belongs behind an interface, as classes of each family.
type behind struct {
	known  bool
	v4, v6 []classRange
}

// newWorld makes the classes of rule sets.
func newWorld(behindMap map[string]AddrSet, sets ...*RuleSet) *world {
	w := &world{n: newNumbers()}
	for _, rs := range sets {
		s := w.n.side(rs)
		w.sides = append(w.sides, s)
		w.byPair = append(w.byPair, s.byPair())
	}
	special := sortedLabels(behindMap)
	numbers := make(map[string][4]int32, len(special))
	for _, l := range special {
		numbers[l] = w.n.address(behindMap[l])
	}
	w.svc = partitionServices(w.n.svc.values)
	w.src4, w.dst4 = partition(w.n.src4.values, all4[0]), partition(w.n.dst4.values, all4[0])
	w.src6, w.dst6 = partition(w.n.src6.values, all6[0]), partition(w.n.dst6.values, all6[0])
	var inHolds, outHolds [][]bool
	w.ins, inHolds = ifaceClasses(w.n.ins.values, special)
	w.outs, outHolds = ifaceClasses(w.n.outs.values, special)
	for _, c := range w.ins {
		b := behind{}
		if ids, ok := numbers[c.example]; ok {
			b = behind{true, w.src4.of[ids[0]], w.src6.of[ids[1]]}
		}
		w.inBehind = append(w.inBehind, b)
	}
	for _, c := range w.outs {
		b := behind{}
		if ids, ok := numbers[c.example]; ok {
			b = behind{true, w.dst4.of[ids[2]], w.dst6.of[ids[3]]}
		}
		w.outBehind = append(w.outBehind, b)
	}
	w.groups = pairGroups(w.n, w.sides, w.ins, w.outs, inHolds, outHolds)
	return w
}

func sortedLabels(m map[string]AddrSet) []string {
	out := make([]string, 0, len(m))
	for l := range m {
		out = append(out, l)
	}
	return sortedSet(out)
}

// A stretch is rules of one run that stand together and do the same: their
// order doesn't matter.
type stretch struct {
	slot    int32
	opaque  bool
	unknown opaqueKey
	outcome int32
}

// A slot is one run of one side.
type slot struct {
	side int
	// applies is false for a run none of whose stages applies: it permits.
	applies  bool
	fallback int32 // outcome of the default
}

// A program is all that applies to one group of interface pairs, as lines of a
// field: line numbers are indices of stretches.
type program struct {
	slots     []slot
	stretches []stretch
	items     []item
	known     map[item]int32
	v4, v6    []placed
}

// kindOf tells what a rule or default does: the outcome that the caller wants
// to tell apart.
type kindOf func(Action, Effects) int32

// program makes the program of a group. With rules as lines of their own, each
// rule is a stretch; origin then says which.
func (w *world) program(g *pairGroup, kind kindOf, eachRule bool) (p *program, origin []ruleAt) {
	p = &program{known: map[item]int32{}}
	for si, s := range w.sides {
		for run := 0; run+1 < len(s.bounds); run++ {
			rules, last := s.applying(w.byPair[si], g, si, run)
			if last < 0 {
				continue
			}
			e := s.rs.Stages[last].Effects
			p.slots = append(p.slots, slot{si, true, kind(s.rs.runDefault(last, s.bounds[run+1]), e)})
			fresh := true
			for _, r := range rules {
				rule := &s.rs.Stages[r.stage].Rules[r.rule]
				next := stretch{slot: int32(len(p.slots) - 1), outcome: kind(rule.Action, rule.Effects)}
				if rule.Opaque != nil {
					next.opaque = true
					next.unknown = s.rs.opaqueKey(r.stage, r.rule)
					if next.unknown.id == "" {
						next.unknown.side = si
					}
				}
				if fresh || eachRule || p.stretches[len(p.stretches)-1] != next {
					p.stretches = append(p.stretches, next)
					origin = append(origin, r)
					fresh = false
				}
				p.add(s.rules[r.stage][r.rule])
			}
		}
	}
	return p, origin
}

// add adds a rule to the last stretch. Rules of a stretch that share a service
// share an item.
func (p *program) add(r numbered) {
	it := item{int32(len(p.stretches) - 1), r.svc}
	k, ok := p.known[it]
	if !ok {
		k = int32(len(p.items))
		p.known[it] = k
		p.items = append(p.items, it)
	}
	p.v4 = append(p.v4, placed{r.src4, r.dst4, k})
	p.v6 = append(p.v6, placed{r.src6, r.dst6, k})
}
