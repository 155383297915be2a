package cisco_asa

import (
	"sort"

	"github.com/nbfwc/nbfwc/ruleset"
)

// maxCoverage bounds the findings about lines above ours.
const maxCoverage = 20

// coverage finds entries of others above our section that deny packets that we
// permit, and those that may: what they decide never reaches ours.
func (p *planner) coverage() {
	m := p.want
	found := 0
	for _, b := range m.bindings {
		a := m.aclIndex[b.acl]
		if b.kind != bindIn || a == nil {
			continue
		}
		from, to, ok, _ := m.section(a)
		if !ok || from == 0 {
			continue
		}
		found = p.covered(a, a.lines[:from], a.lines[from:to], found)
	}
	if found > maxCoverage {
		p.findings = append(p.findings, problemAt(0, "", "there are "+count(found-maxCoverage, "more entry", "more entries")+" of others above ours that deny what we permit, which aren't listed"))
	}
}

// covered looks at the entries above a section.
func (p *planner) covered(a *acl, above, section []line, found int) int {
	m := p.want
	x := newSets(m, func(int, string, string) {})
	var ours []ruleset.Box
	var src, dst []ruleset.Range
	for _, l := range section {
		if l.remark || !l.permit {
			continue
		}
		b := ruleset.Box{Src: x.addr(l.src).known, Dst: x.addr(l.dst).known, Service: x.service(l, &m.pool.tails.list[l.x]).known}
		ours = append(ours, b)
		src, dst = append(src, b.Src.Ranges()...), append(dst, b.Dst.Ranges()...)
	}
	near := [2]spans{spansOf(src), spansOf(dst)}
	hit := [2]map[int32]bool{{}, {}}
	touches := func(side int, n int32) bool {
		t, ok := hit[side][n]
		if !ok {
			set := x.addr(n)
			t = near[side].touch(set.known) || near[side].touch(set.rest)
			hit[side][n] = t
		}
		return t
	}
	for _, l := range above {
		t := &m.pool.tails.list[l.x]
		if l.remark || t.inactive && t.raw == "" {
			continue
		}
		if t.raw == "" && (l.permit || !touches(0, l.src) || !touches(1, l.dst)) {
			continue
		}
		src, dst, svc := x.addr(l.src), x.addr(l.dst), x.service(l, t)
		b := ruleset.Box{Src: src.known.Union(src.rest), Dst: dst.known.Union(dst.rest), Service: svc.known}
		unclear := src.unknown != "" || dst.unknown != "" || svc.unknown != "" || t.condition() != "" || t.raw != ""
		if svc.unknown != "" || t.raw != "" {
			b.Service = ruleset.AnyService()
		}
		if t.raw != "" {
			b.Src, b.Dst = ruleset.AnyAddr(), ruleset.AnyAddr()
		}
		for i := range ours {
			if z := ours[i].Intersect(b); z.IsEmpty() {
				continue
			}
			if found++; found <= maxCoverage {
				why := "the entry of others stands above ours and denies packets that we permit; move our section above it (remove it, and name another anchor), or narrow the entry"
				if unclear {
					why = "the entry of others stands above ours and may decide packets that we permit: it isn't wholly understood; see what it matches"
				}
				p.finding(l, m.spelled(a, l), "%s", why)
			}
			break
		}
	}
	return found
}

// spans are ranges of addresses, ascending and apart.
type spans []ruleset.Range

func spansOf(list []ruleset.Range) spans { return ruleset.NewAddrSet(list...).Ranges() }

// touch says whether a set has an address in common with the spans.
func (s spans) touch(set ruleset.AddrSet) bool {
	for _, r := range set.Ranges() {
		i := sort.Search(len(s), func(i int) bool { return s[i].To.Compare(r.From) >= 0 })
		if i < len(s) && s[i].From.Compare(r.To) <= 0 {
			return true
		}
	}
	return false
}
