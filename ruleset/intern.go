package ruleset

import "slices"

// lists interns lists of numbers: equal lists have equal ids. The empty list
// has id 0.
type lists struct {
	data []int32
	ends []uint32
	head map[uint64]int32 // hash to the newest id with that hash
	next []int32          // id to an older one with the same hash, or -1
}

func newLists() *lists {
	t := &lists{head: map[uint64]int32{}}
	t.id(nil)
	return t
}

// id returns the id of a list. The list is copied.
func (t *lists) id(l []int32) int32 {
	h := hashList(l)
	first, ok := t.head[h]
	if !ok {
		first = -1
	}
	for i := first; i >= 0; i = t.next[i] {
		if slices.Equal(t.at(i), l) {
			return i
		}
	}
	t.data = append(t.data, l...)
	t.ends = append(t.ends, uint32(len(t.data)))
	t.next = append(t.next, first)
	id := int32(len(t.ends) - 1)
	t.head[h] = id
	return id
}

// at returns the list with the id, which must not be changed.
func (t *lists) at(id int32) []int32 {
	start := uint32(0)
	if id > 0 {
		start = t.ends[id-1]
	}
	return t.data[start:t.ends[id]:t.ends[id]]
}

func (t *lists) len() int { return len(t.ends) }

func hashList(l []int32) uint64 {
	h := uint64(len(l))
	for _, x := range l {
		h = mix(h ^ uint64(uint32(x)))
	}
	return h
}

// mix is the finalizer of SplitMix64: a bijection that spreads its input.
func mix(h uint64) uint64 {
	h += 0x9e3779b97f4a7c15
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>27) * 0x94d049bb133111eb
	return h ^ h>>31
}

// interned gives equal values equal numbers. Values are told apart by same
// after their hashes agree.
type interned[V any] struct {
	values []V
	head   map[uint64]int32
	next   []int32
	hash   func(V) uint64
	same   func(a, b V) bool
}

func (t *interned[V]) id(v V) int32 {
	if t.head == nil {
		t.head = map[uint64]int32{}
	}
	h := t.hash(v)
	first, ok := t.head[h]
	if !ok {
		first = -1
	}
	for i := first; i >= 0; i = t.next[i] {
		if t.same(t.values[i], v) {
			return i
		}
	}
	t.values = append(t.values, v)
	t.next = append(t.next, first)
	t.head[h] = int32(len(t.values) - 1)
	return t.head[h]
}

func hash4(s []span[ip4]) uint64 {
	h := uint64(len(s))
	for _, x := range s {
		h = mix(h ^ uint64(x.lo)<<32 ^ uint64(x.hi))
	}
	return h
}

func hash6(s []span[ip6]) uint64 {
	h := uint64(len(s))
	for _, x := range s {
		h = mix(mix(mix(mix(h^x.lo.hi)^x.lo.lo)^x.hi.hi) ^ x.hi.lo)
	}
	return h
}

func hashBoxes(s ServiceSet) uint64 {
	if s.p == nil {
		return 0
	}
	h := uint64(len(s.p.boxes))
	for _, b := range s.p.boxes {
		h = mix(h ^ uint64(b.ProtoFrom)<<8 ^ uint64(b.ProtoTo))
		h = mix(h ^ uint64(b.Src.From)<<48 ^ uint64(b.Src.To)<<32 ^ uint64(b.Dst.From)<<16 ^ uint64(b.Dst.To))
	}
	return h
}
