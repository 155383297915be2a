package targets

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/nbfwc/nbfwc/ruleset"
)

// A world of 4 sources, 4 destinations and 2 ports. Sets are masks.
type (
	toyLine struct {
		permit   bool
		src, dst string // a group, or a literal mask "=5"
		port     uint8  // mask of 2
	}
	toyGroup map[string]uint8 // element's key to its mask; a key "@g" holds group g
	toyState struct {
		lines  []toyLine
		groups map[string]toyGroup
	}
)

func (s *toyState) mask(operand string) (m uint8) {
	if n := 0; strings.HasPrefix(operand, "=") {
		fmt.Sscanf(operand, "=%d", &n)
		return uint8(n)
	}
	for key, e := range s.groups[operand] {
		if g, ok := strings.CutPrefix(key, "@"); ok {
			e = s.mask(g)
		}
		m |= e
	}
	return m
}

// verdicts are what the list does with all 32 packets.
func (s *toyState) verdicts() (v [32]bool) {
	for p := range v {
		src, dst, port := p&3, p>>2&3, p>>4
		for _, l := range s.lines {
			if s.mask(l.src)>>src&1 == 1 && s.mask(l.dst)>>dst&1 == 1 && l.port>>port&1 == 1 {
				v[p] = l.permit
				break
			}
		}
	}
	return v
}

func addresses(mask uint8, third byte) ruleset.AddrSet {
	var ranges []ruleset.Range
	for i := range 4 {
		if mask>>i&1 == 1 {
			a := netip.AddrFrom4([4]byte{10, 0, third, byte(i)})
			ranges = append(ranges, ruleset.Range{From: a, To: a})
		}
	}
	return ruleset.NewAddrSet(ranges...)
}

// Groups s* hold sources, d* destinations; that is all that tells the sides
// apart.
func sideOf(name string) byte {
	if name[0] == 's' {
		return 1
	}
	return 2
}

func (s *toyState) editLines() []EditLine {
	var out []EditLine
	for _, l := range s.lines {
		r := ruleset.Rule{Action: ruleset.Deny, Src: addresses(s.mask(l.src), 1), Dst: addresses(s.mask(l.dst), 2)}
		if l.permit {
			r.Action = ruleset.Permit
		}
		for i := range 2 {
			if l.port>>i&1 == 1 {
				port := uint16(80 + i)
				r.Service = r.Service.Union(ruleset.TCPPorts(ruleset.PortRange{From: port, To: port}))
			}
		}
		if l.src[0] != '=' {
			r.SrcGroup = l.src
		}
		if l.dst[0] != '=' {
			r.DstGroup = l.dst
		}
		out = append(out, EditLine{Key: fmt.Sprint(l), Rule: &r})
	}
	return out
}

func elementsOf(name string, g toyGroup) []Element {
	var out []Element
	for key, mask := range g {
		e := Element{Key: key, Addrs: addresses(mask, sideOf(name))}
		if of, ok := strings.CutPrefix(key, "@"); ok {
			e = Element{Key: key, Group: of}
		}
		out = append(out, e)
	}
	slices.SortFunc(out, func(a, b Element) int { return strings.Compare(a.Key, b.Key) })
	return out
}

func editGroups(have, want *toyState) []EditGroup {
	names := map[string]bool{}
	for _, s := range []*toyState{have, want} {
		for n := range s.groups {
			names[n] = true
		}
	}
	var out []EditGroup
	for _, n := range slices.Sorted(mapsKeys(names)) {
		h, inHave := have.groups[n]
		w, inWant := want.groups[n]
		out = append(out, EditGroup{Name: n, InHave: inHave, InWant: inWant, Have: elementsOf(n, h), Want: elementsOf(n, w)})
	}
	return out
}

func mapsKeys(m map[string]bool) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

func (s *toyState) clone() *toyState {
	c := &toyState{lines: slices.Clone(s.lines), groups: map[string]toyGroup{}}
	for n, g := range s.groups {
		c.groups[n] = toyGroup{}
		for k, v := range g {
			c.groups[n][k] = v
		}
	}
	return c
}

func (s *toyState) rename(old, new string) {
	s.groups[new] = s.groups[old]
	delete(s.groups, old)
	for i := range s.lines {
		if s.lines[i].src == old {
			s.lines[i].src = new
		}
		if s.lines[i].dst == old {
			s.lines[i].dst = new
		}
	}
	for _, g := range s.groups {
		if _, ok := g["@"+old]; ok {
			delete(g, "@"+old)
			g["@"+new] = 0
		}
	}
}

func randomToy(rng *rand.Rand) *toyState {
	s := &toyState{groups: map[string]toyGroup{}}
	for _, n := range []string{"s1", "s2", "d1", "d2"} {
		s.groups[n] = toyGroup{}
		for len(s.groups[n]) == 0 {
			for i := range 4 {
				if rng.IntN(3) == 0 {
					s.groups[n][fmt.Sprint("host ", i)] = 1 << i
				}
			}
		}
	}
	if rng.IntN(3) == 0 {
		s.groups["s3"] = toyGroup{"@s1": 0, "host 3": 8}
	}
	for range 1 + rng.IntN(5) {
		s.lines = append(s.lines, s.randomLine(rng))
	}
	return s
}

func (s *toyState) randomLine(rng *rand.Rand) toyLine {
	operand := func(side string) string {
		if rng.IntN(5) == 0 {
			return fmt.Sprint("=", 1+rng.IntN(15))
		}
		n := 2
		if _, ok := s.groups["s3"]; ok && side == "s" {
			n = 3
		}
		return fmt.Sprint(side, 1+rng.IntN(n))
	}
	return toyLine{permit: rng.IntN(4) > 0, src: operand("s"), dst: operand("d"), port: uint8(1 + rng.IntN(3))}
}

// changedToy changes members and lines.
func changedToy(rng *rand.Rand, s *toyState) *toyState {
	c := s.clone()
	for range 1 + rng.IntN(3) {
		switch rng.IntN(4) {
		case 0:
			c.lines = slices.Insert(c.lines, rng.IntN(len(c.lines)+1), c.randomLine(rng))
		case 1:
			if len(c.lines) > 1 {
				i := rng.IntN(len(c.lines))
				c.lines = slices.Delete(c.lines, i, i+1)
			}
		default:
			name := []string{"s1", "s2", "d1", "d2"}[rng.IntN(4)]
			i := rng.IntN(4)
			key := fmt.Sprint("host ", i)
			if g := c.groups[name]; g[key] == 0 {
				g[key] = 1 << i
			} else if len(g) > 1 {
				delete(g, key)
			}
		}
	}
	// A list holds a line once, as devices demand.
	seen := map[toyLine]bool{}
	c.lines = slices.DeleteFunc(c.lines, func(l toyLine) bool {
		defer func() { seen[l] = true }()
		return seen[l]
	})
	return c
}

// order asks until no group needs a new name.
func order(t *testing.T, have, want *toyState) (ops []Op, renamed int) {
	t.Helper()
	for range 10 {
		ops, fresh, err := Order([]EditList{{Have: have.editLines(), Want: want.editLines(), Default: ruleset.Deny}}, editGroups(have, want))
		if err != nil {
			t.Fatal(err)
		}
		if len(fresh) == 0 {
			return ops, renamed
		}
		for _, name := range fresh {
			want.rename(name, name+"b")
			renamed++
		}
	}
	t.Fatalf("have %v, want %v: names never settle", have, want)
	return nil, 0
}

func TestEveryOperationIsSafe(t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 12))
	inPlace, fresh := 0, 0
	for range 15_000 {
		have := randomToy(rng)
		seen := map[toyLine]bool{}
		have.lines = slices.DeleteFunc(have.lines, func(l toyLine) bool {
			defer func() { seen[l] = true }()
			return seen[l]
		})
		want := changedToy(rng, have)
		ops, renamed := order(t, have, want)
		fresh += renamed
		a, b := have.verdicts(), want.verdicts()
		now := have.clone()
		check := func(op Op) {
			t.Helper()
			for p, v := range now.verdicts() {
				if v != a[p] && v != b[p] {
					t.Fatalf("have %v\nwant %v\nafter %+v of %+v: packet %d is left to chance in %v", have, want, op, ops, p, now)
				}
			}
		}
		for _, op := range ops {
			switch op.Kind {
			case CreateGroup:
				g := toyGroup{}
				for _, e := range op.Elements {
					g[e.Key] = want.groups[op.Group][e.Key]
				}
				now.groups[op.Group] = g
			case AddElements:
				inPlace++
				for _, e := range op.Elements {
					now.groups[op.Group][e.Key] = want.groups[op.Group][e.Key]
					check(op)
				}
			case RemoveElements:
				inPlace++
				for _, e := range op.Elements {
					if delete(now.groups[op.Group], e.Key); len(now.groups[op.Group]) == 0 {
						t.Fatalf("have %v\nwant %v\n%+v empties a group", have, want, op)
					}
					check(op)
				}
			case InsertLine:
				now.lines = slices.Insert(now.lines, op.Edit.At, want.lines[op.Edit.Line])
			case DeleteLine:
				now.lines = slices.Delete(now.lines, op.Edit.At, op.Edit.At+1)
			case DeleteGroup:
				if g := op.Group; slices.ContainsFunc(now.lines, func(l toyLine) bool { return l.src == g || l.dst == g }) {
					t.Fatalf("have %v\nwant %v\n%s is deleted while in use", have, want, g)
				}
				delete(now.groups, op.Group)
			}
			check(op)
		}
		if now.verdicts() != b || len(now.groups) != len(want.groups) {
			t.Fatalf("have %v\nwant %v\nends at %v", have, want, now)
		}
	}
	if inPlace < 5000 || fresh < 100 {
		t.Errorf("%d edits in place, %d new names: the cases don't tell them apart", inPlace, fresh)
	}
	t.Logf("%d edits in place, %d new names", inPlace, fresh)
}

// TestOneMember: a host more is one command, wherever its group is used.
func TestOneMember(t *testing.T) {
	have := &toyState{
		groups: map[string]toyGroup{"s1": {"host 0": 1}, "d1": {"host 0": 1}},
		lines:  []toyLine{{true, "s1", "d1", 3}, {true, "=15", "=8", 1}, {false, "=15", "=15", 3}},
	}
	want := have.clone()
	want.groups["s1"]["host 2"] = 4
	ops, renamed := order(t, have, want)
	if len(ops) != 1 || ops[0].Kind != AddElements || renamed > 0 {
		t.Errorf("%+v", ops)
	}
}

// TestSharedGroup: a host must not be added to a group while a line that is
// going still uses it, but it can be added after.
func TestSharedGroup(t *testing.T) {
	have := &toyState{
		groups: map[string]toyGroup{"s1": {"host 0": 1}, "d1": {"host 0": 1}, "d2": {"host 1": 2}},
		lines:  []toyLine{{true, "s1", "d1", 1}, {true, "s1", "d2", 1}},
	}
	want := have.clone()
	want.groups["s1"]["host 2"] = 4
	want.lines = want.lines[:1]
	ops, renamed := order(t, have, want)
	var kinds []OpKind
	for _, op := range ops {
		kinds = append(kinds, op.Kind)
	}
	if renamed > 0 || !slices.Equal(kinds, []OpKind{DeleteLine, AddElements}) {
		t.Errorf("%+v, %d renamed", ops, renamed)
	}
}

// TestUnknownUse: a group that a line of others uses in an unknown way isn't
// edited in place.
func TestUnknownUse(t *testing.T) {
	group := EditGroup{
		Name: "g", InHave: true, InWant: true,
		Have: []Element{{Key: "a", Addrs: addresses(1, 1)}}, Want: []Element{{Key: "a", Addrs: addresses(1, 1)}, {Key: "b", Addrs: addresses(2, 1)}},
	}
	line := EditLine{Key: "not g", Rule: &ruleset.Rule{Action: ruleset.Deny}, Refers: []string{"g"}}
	_, fresh, err := Order([]EditList{{Have: []EditLine{line}, Want: []EditLine{line}, Default: ruleset.Deny}}, []EditGroup{group})
	if err != nil || !slices.Equal(fresh, []string{"g"}) {
		t.Errorf("fresh %v, %v", fresh, err)
	}
}
