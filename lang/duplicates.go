package lang

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"

	"github.com/hashicorp/hcl/v2"
)

// maxPieces bounds how many pieces overlapping ranges of hosts are cut into.
const maxPieces = 1_000_000

// unite makes addresses unique: hosts that share an address become one host,
// and ranges that overlap are cut. It returns for each host the one that it is
// united with (itself for most), nil if there are none to unite.
func (l *loader) unite() *unions {
	if l.table.ascends() {
		return nil
	}
	order := l.byAddress()
	if !overlaps(l.table, order) {
		return nil
	}
	c := &cutter{l: l, t: l.table, owner: ownersOf(l.table), dead: map[int32]bool{}}
	for from := 0; from < len(order); {
		to, last := from+1, l.table.addr[order[from]].To
		for to < len(order) && !last.Less(l.table.addr[order[to]].From) {
			last = maxAddr(last, l.table.addr[order[to]].To)
			to++
		}
		if to-from > 1 {
			c.cluster(order[from:to])
		}
		from = to
	}
	u := newUnions(c.t.Len(), c.dead)
	for _, p := range c.pairs {
		u.join(p[0], p[1])
	}
	return u
}

func maxAddr(a, b netip.Addr) netip.Addr {
	if a.Less(b) {
		return b
	}
	return a
}

// byAddress is the legs in the order of their first addresses. IPv4 addresses
// are sorted as numbers that carry the leg, which is many times faster than
// comparing addresses.
func (l *loader) byAddress() []int32 {
	v4 := make([]uint64, 0, len(l.table.addr))
	var v6 []int32
	for i, r := range l.table.addr {
		if r.From.Is4() {
			b := r.From.As4()
			v4 = append(v4, uint64(binary.BigEndian.Uint32(b[:]))<<32|uint64(i))
		} else {
			v6 = append(v6, int32(i))
		}
	}
	slices.Sort(v4)
	slices.SortFunc(v6, func(a, b int32) int {
		return cmp.Or(l.table.addr[a].From.Compare(l.table.addr[b].From), cmp.Compare(a, b))
	})
	out := make([]int32, 0, len(l.table.addr))
	for _, x := range v4 {
		out = append(out, int32(uint32(x)))
	}
	return append(out, v6...)
}

func overlaps(t *hostTable, order []int32) bool {
	for i := 1; i < len(order); i++ {
		if !t.addr[order[i-1]].To.Less(t.addr[order[i]].From) {
			return true
		}
	}
	return false
}

// ownersOf gives the host of each leg.
func ownersOf(t *hostTable) []int32 {
	out := make([]int32, len(t.addr))
	for h := range t.Len() {
		from, to := t.legs(h)
		for i := from; i < to; i++ {
			out[i] = int32(h)
		}
	}
	return out
}

// cutter treats clusters of legs that overlap.
type cutter struct {
	l     *loader
	t     *hostTable
	owner []int32
	dead  map[int32]bool // hosts that were cut into others
	pairs [][2]int32     // hosts to unite
	cuts  int
}

// cluster treats legs that hang together, sorted by first address.
func (c *cutter) cluster(legs []int32) {
	first := c.t.addr[legs[0]]
	equal := !slices.ContainsFunc(legs, func(i int32) bool { return c.t.addr[i] != first })
	if equal {
		c.sameAddress(legs)
		return
	}
	for _, i := range legs {
		h := c.owner[i]
		if from, to := c.t.legs(int(h)); to-from > 1 {
			other := legs[0]
			if other == i {
				other = legs[1]
			}
			c.l.fail(sumAddressOverlap, fmt.Sprintf("%s overlaps %s (%s). A host with several addresses can't be cut; write these addresses so that they are equal or apart.",
				spanText(c.t.addr[i]), spanText(c.t.addr[other]), c.l.hostPlace(c.owner[other])), c.l.hostPlace(h))
			return
		}
	}
	c.cut(legs)
}

// sameAddress unites the hosts of legs with one address.
func (c *cutter) sameAddress(legs []int32) {
	hosts := make([]int32, len(legs))
	for k, i := range legs {
		hosts[k] = c.owner[i]
	}
	slices.Sort(hosts)
	for k := 1; k < len(hosts); k++ {
		c.pair(hosts[0], hosts[k], c.t.addr[legs[0]])
	}
	c.sameUse(legs)
}

// pair notes two hosts to unite.
func (c *cutter) pair(a, b int32, r AddrRange) {
	if a == b {
		c.l.warn(sumAddressTwice, fmt.Sprintf("The host has %s twice.", spanText(r)), c.l.hostPlace(a))
		return
	}
	if c.l.blockOf(a) == c.l.blockOf(b) {
		c.l.warn(sumAddressTwice, fmt.Sprintf("%s stands in this block at %s already.", spanText(r), c.l.hostPlace(a)), c.l.hostPlace(b))
	}
	c.pairs = append(c.pairs, [2]int32{a, b})
}

// sameUse holds that an address is for one use, where the policy says so.
func (c *cutter) sameUse(legs []int32) {
	said := int32(-1)
	for _, i := range legs {
		k := c.t.kinds[c.t.kind[i]]
		if !k.said {
			continue
		}
		if said >= 0 && c.t.kinds[c.t.kind[said]].use != k.use {
			c.l.conflict(c.owner[said], c.owner[i], fmt.Sprintf("%s is for another use there.", spanText(c.t.addr[i])))
			return
		}
		said = i
	}
	if said >= 0 {
		for _, i := range legs {
			c.t.kind[i] = c.t.kind[said]
		}
	}
}

// cut replaces the hosts of legs, which have no other leg, by hosts for the
// pieces that their ranges cut each other into.
func (c *cutter) cut(legs []int32) {
	var starts []netip.Addr
	for _, i := range legs {
		r := c.t.addr[i]
		starts = append(starts, r.From)
		if next := r.To.Next(); next.IsValid() {
			starts = append(starts, next)
		}
		c.dead[c.owner[i]] = true
	}
	slices.SortFunc(starts, netip.Addr.Compare)
	starts = slices.Compact(starts)
	pieces := map[AddrRange][]int32{}
	var order []AddrRange
	for _, i := range legs {
		r := c.t.addr[i]
		k, _ := slices.BinarySearchFunc(starts, r.From, netip.Addr.Compare)
		for ; k < len(starts) && !r.To.Less(starts[k]); k++ {
			if c.cuts++; c.cuts > maxPieces {
				c.l.fail(sumAddressOverlap, fmt.Sprintf("The ranges of hosts overlap so much that they fall into more than %d pieces. Write ranges that are equal or apart.", maxPieces), c.l.hostPlace(c.owner[i]))
				return
			}
			p := AddrRange{starts[k], r.To}
			if k+1 < len(starts) && !r.To.Less(starts[k+1]) {
				p.To = starts[k+1].Prev()
			}
			if pieces[p] == nil {
				order = append(order, p)
			}
			pieces[p] = append(pieces[p], i)
		}
	}
	for _, p := range order {
		c.piece(p, pieces[p])
	}
}

// piece makes a host of each leg that covers p, and unites them.
func (c *cutter) piece(p AddrRange, legs []int32) {
	slices.SortFunc(legs, func(a, b int32) int { return cmp.Compare(c.owner[a], c.owner[b]) })
	c.sameUse(legs)
	first := int32(c.t.Len())
	for k, i := range legs {
		h := c.owner[i]
		c.t.addr = append(c.t.addr, p)
		c.t.kind = append(c.t.kind, c.t.kind[i])
		c.t.zone = append(c.t.zone, c.t.zone[i])
		c.t.addHost(c.t.profile[h], c.t.name[h], int(c.t.at[h]))
		if k > 0 {
			c.pairs = append(c.pairs, [2]int32{first, int32(c.t.Len() - 1)})
		}
	}
}

// unions is a union-find over hosts. The root of a set is its first host.
type unions struct {
	parent []int32
	dead   map[int32]bool
}

func newUnions(n int, dead map[int32]bool) *unions {
	u := &unions{parent: make([]int32, n), dead: dead}
	for i := range u.parent {
		u.parent[i] = int32(i)
	}
	return u
}

func (u *unions) root(i int32) int32 {
	for u.parent[i] != i {
		u.parent[i] = u.parent[u.parent[i]]
		i = u.parent[i]
	}
	return i
}

func (u *unions) join(a, b int32) {
	a, b = u.root(a), u.root(b)
	u.parent[max(a, b)] = min(a, b)
}

// blockOf is the block that declares a host.
func (l *loader) blockOf(host int32) *hostsBlock {
	return l.table.profiles[l.table.profile[host]].blocks[0]
}

// hostPlace is where a host is declared.
func (l *loader) hostPlace(host int32) hcl.Range {
	return l.blockOf(host).place(int(l.table.at[host]))
}

// conflict reports two declarations of one host that can't both be true.
func (l *loader) conflict(a, b int32, why string) {
	l.fail(sumAddressConflict, fmt.Sprintf("This host is declared at %s as well. %s Let both agree, or remove one.", l.hostPlace(a), why), l.hostPlace(b))
}
