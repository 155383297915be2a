package ruleset

import "net/netip"

// Frozen answers for many packets what RuleSet.Verdict answers for one. It is
// read only, safe for concurrent use, and doesn't allocate.
type Frozen struct {
	ins, outs  map[string]int32
	otherIn    int32
	otherOut   int32
	group      []int32 // of each in and out class
	nOut       int32
	src4, dst4 lookup4
	src6, dst6 *classes[ip6]
	svc        *serviceClasses
	v4, v6     []*flatField // of each group
}

// Freeze prepares a rule set for many questions. The error is ErrTooLarge.
func Freeze(rs *RuleSet) (*Frozen, error) {
	w := newWorld(nil, rs)
	f := &Frozen{
		svc: w.svc, src6: w.src6, dst6: w.dst6, src4: newLookup4(w.src4), dst4: newLookup4(w.dst4),
		nOut: int32(len(w.outs)), group: make([]int32, len(w.ins)*len(w.outs)),
	}
	f.ins, f.otherIn = classOfLabel(w.ins)
	f.outs, f.otherOut = classOfLabel(w.outs)
	for gi := range w.groups {
		g := &w.groups[gi]
		for _, pair := range g.pairs {
			f.group[int32(pair[0])*f.nOut+int32(pair[1])] = int32(gi)
		}
		v4, v6, err := w.verdictFields(g)
		if err != nil {
			return nil, err
		}
		f.v4, f.v6 = append(f.v4, v4), append(f.v6, v6)
	}
	return f, nil
}

// verdictFields makes fields whose codes are verdicts.
func (w *world) verdictFields(g *pairGroup) (v4, v6 *flatField, err error) {
	kind := func(a Action, _ Effects) int32 { return int32(verdictOfAction(a)) }
	p, _ := w.program(g, kind, false)
	j := &judge{p: p}
	eval := func(lines []int32) int32 {
		j.gather(lines)
		return int32(verdictOf(j.lists))
	}
	f4, ok4 := newField(w.svc, p.items, p.v4, w.src4.of, w.dst4.of, w.src4.n(), w.dst4.n(), DefaultLimit, p.trim, eval)
	f6, ok6 := newField(w.svc, p.items, p.v6, w.src6.of, w.dst6.of, w.src6.n(), w.dst6.n(), DefaultLimit, p.trim, eval)
	if !ok4 || !ok6 {
		return nil, nil, ErrTooLarge
	}
	return flatten(f4), flatten(f6), nil
}

// A flatField is a field whose layers are laid out as one row of destination
// classes for each source class, as far as that takes maxFlat cells; beyond
// that a question goes through the layers.
type flatField struct {
	field *field
	row   []int32 // of each source class: its row, or -1
	// ends[k] is the end of row k in los and states.
	ends        []uint32
	los, states []int32
}

// maxFlat bounds the cells of a flatField: 32 MB.
const maxFlat = 4 << 20

func flatten(f *field) *flatField {
	ff := &flatField{field: f, row: make([]int32, len(f.top)), ends: []uint32{0}}
	rowOf := make([]int32, len(f.layers))
	for i := range rowOf {
		rowOf[i] = -1
	}
	f.steps, f.limit = 0, 4*maxFlat
	last := f.layers[0].cells[0].hi
	for x, top := range f.top {
		if rowOf[top] < 0 && len(ff.los) < maxFlat {
			start := len(ff.los)
			f.cover(top, 0, last, func(lo, _ int32, c *cell) {
				if n := len(ff.los); n == start || ff.states[n-1] != c.state {
					ff.los, ff.states = append(ff.los, lo), append(ff.states, c.state)
				}
			})
			if f.steps > f.limit {
				ff.los, ff.states = ff.los[:start], ff.states[:start]
			} else {
				rowOf[top] = int32(len(ff.ends))
				ff.ends = append(ff.ends, uint32(len(ff.los)))
			}
		}
		ff.row[x] = rowOf[top]
	}
	f.forget()
	return ff
}

// verdict returns the verdict for a source, destination and service class.
func (f *flatField) verdict(x, y, service int32) Verdict {
	k := f.row[x]
	if k < 0 {
		return Verdict(f.field.codes[f.field.match(f.field.stateAt(x, y), service)])
	}
	lo, hi := f.ends[k-1], f.ends[k]
	for hi-lo > 1 {
		m := lo + (hi-lo)/2
		if f.los[m] <= y {
			lo = m
		} else {
			hi = m
		}
	}
	return Verdict(f.field.codes[f.field.match(f.states[lo], service)])
}

// forget drops what only the building of a field needs.
func (f *field) forget() {
	f.eval, f.trim, f.items, f.lists, f.matches, f.combined, f.alone, f.stateOf = nil, nil, nil, nil, nil, nil, nil, nil
	f.scratch = scratch{}
}

// classOfLabel returns the classes of the labels that are listed, and of all
// others.
func classOfLabel(cs []ifaceClass) (map[string]int32, int32) {
	m := map[string]int32{}
	other := int32(-1)
	for i, c := range cs {
		if !c.set.only {
			other = int32(i)
			continue
		}
		for _, l := range c.set.labels {
			m[l] = int32(i)
		}
	}
	// A label that some sets list and that still is in the class of the others
	// is found there.
	return m, other
}

// Verdict returns what RuleSet.Verdict returns for a packet whose addresses are
// of one family, and Unknown for any other and for an ICMP type or code above
// 255.
func (f *Frozen) Verdict(p Packet) Verdict {
	in, ok := f.ins[p.In]
	if !ok {
		in = f.otherIn
	}
	out, ok := f.outs[p.Out]
	if !ok {
		out = f.otherOut
	}
	s := f.svc.class(p.Proto, p.SrcPort, p.DstPort)
	src, dst := p.Src.Unmap(), p.Dst.Unmap()
	if s < 0 || !src.IsValid() || src.BitLen() != dst.BitLen() {
		return Unknown
	}
	g := f.group[in*f.nOut+out]
	if src.Is4() {
		return f.v4[g].verdict(f.src4.class(src), f.dst4.class(dst), s)
	}
	x, y := f.src6.class[f.src6.interval(ip6Of(src))], f.dst6.class[f.dst6.interval(ip6Of(dst))]
	return f.v6[g].verdict(x, y, s)
}

// lookup4 finds the class of an IPv4 address.
type lookup4 struct {
	*classes[ip4]
	// first[k] is the interval that holds the lowest address whose upper half
	// is k, and one more at the end.
	first []int32
}

func newLookup4(c *classes[ip4]) lookup4 {
	l := lookup4{c, make([]int32, 1<<16+1)}
	for k := range 1 << 16 {
		l.first[k] = int32(c.interval(ip4(k) << 16))
	}
	l.first[1<<16] = int32(len(c.starts)) - 1
	return l
}

func (l *lookup4) class(a netip.Addr) int32 {
	x := ip4Of(a)
	lo, hi := l.first[x>>16], l.first[x>>16+1]+1
	for hi-lo > 1 {
		m := lo + (hi-lo)/2
		if l.starts[m] <= x {
			lo = m
		} else {
			hi = m
		}
	}
	return l.classes.class[lo]
}
