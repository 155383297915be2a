package lang

// hostTable is all hosts of the policy in columns, until they are in groups.
// A host is a row; its addresses are legs start[i] to start[i+1].
type hostTable struct {
	profile []int32 // index of profiles
	name    []string
	at      []int32 // element of a literal list, or row of an inventory
	start   []int32

	addr []AddrRange
	kind []int32 // index of kinds: what an address is for
	zone []int32 // index of zones

	profiles []profile
	// The profile that was looked for last.
	lastKey   profileKey
	lastID    int32
	lastValid bool
	profileOf map[profileKey]int32
	kinds     []legKind
	kindOf    map[legKind]int32
	zones     []*Zone
	zoneOf    map[*Zone]int32
}

// profile is what hosts of a group have in common before roles that others
// bring are added.
type profile struct {
	blocks   []*hostsBlock // the first one gives the name
	version  Version       // said by a row or block; zero if not
	roles    []*Role       // sorted by name
	features []*Feature    // sorted by name
	settings []Setting     // sorted by name
	peers    map[*Role][]PeerBlock
}

// profileKey finds the profile of a row of a block.
type profileKey struct {
	block                    int32
	version, roles, features uint32 // texts of the inventory
}

// legKind is the use of an address, with its name and whether the policy said
// the use. An address in a plain list has none said.
type legKind struct {
	use  Use
	name string
	said bool
}

func newHostTable() *hostTable {
	return &hostTable{
		start:     []int32{0},
		profileOf: map[profileKey]int32{},
		kindOf:    map[legKind]int32{},
		zoneOf:    map[*Zone]int32{},
	}
}

// reserve makes room for n more hosts with an address each. The room doubles,
// so that many small blocks cost no more than a large one.
func (t *hostTable) reserve(n int) {
	t.profile, t.name, t.at = withRoom(t.profile, n), withRoom(t.name, n), withRoom(t.at, n)
	t.start, t.addr = withRoom(t.start, n), withRoom(t.addr, n)
	t.kind, t.zone = withRoom(t.kind, n), withRoom(t.zone, n)
}

// withRoom is the list with room for n more elements, and for twice as many as
// it had if that is not enough.
func withRoom[E any](list []E, n int) []E {
	if cap(list)-len(list) >= n {
		return list
	}
	return append(make([]E, 0, max(2*cap(list), len(list)+n)), list...)
}

// Len is the number of hosts.
func (t *hostTable) Len() int { return len(t.profile) }

// addLeg adds an address to the host that addHost will end.
func (t *hostTable) addLeg(r AddrRange, k legKind, z *Zone) {
	t.addr = append(t.addr, r)
	t.kind = append(t.kind, t.kindID(k))
	t.zone = append(t.zone, t.zoneID(z))
}

// addHost ends a host.
func (t *hostTable) addHost(profile int32, name string, at int) {
	t.profile = append(t.profile, profile)
	t.name = append(t.name, name)
	t.at = append(t.at, int32(at))
	t.start = append(t.start, int32(len(t.addr)))
}

// profileID is the index of the profile of a key, if there is one. Neighbours
// mostly have the same.
func (t *hostTable) profileID(k profileKey) (int32, bool) {
	if t.lastValid && t.lastKey == k {
		return t.lastID, true
	}
	id, ok := t.profileOf[k]
	if ok {
		t.lastKey, t.lastID, t.lastValid = k, id, true
	}
	return id, ok
}

// dropLegs forgets the legs since the last host: one of them was faulty.
func (t *hostTable) dropLegs() {
	n := t.start[len(t.start)-1]
	t.addr, t.kind, t.zone = t.addr[:n], t.kind[:n], t.zone[:n]
}

// legs are the legs of host i.
func (t *hostTable) legs(i int) (from, to int32) { return t.start[i], t.start[i+1] }

// ascends reports whether each address is above the one before it, as in
// inventories that are sorted: then no two hosts share one.
func (t *hostTable) ascends() bool {
	for i := 1; i < len(t.addr); i++ {
		if !t.addr[i-1].To.Less(t.addr[i].From) {
			return false
		}
	}
	return true
}

// kindID is the index of a kind of address. Neighbours are mostly equal.
func (t *hostTable) kindID(k legKind) int32 {
	if n := len(t.kind); n > 0 && t.kinds[t.kind[n-1]] == k {
		return t.kind[n-1]
	}
	id, ok := t.kindOf[k]
	if !ok {
		id = int32(len(t.kinds))
		t.kindOf[k] = id
		t.kinds = append(t.kinds, k)
	}
	return id
}

// zoneID is the index of a zone. Neighbours are mostly in one zone.
func (t *hostTable) zoneID(z *Zone) int32 {
	if n := len(t.zone); n > 0 && t.zones[t.zone[n-1]] == z {
		return t.zone[n-1]
	}
	id, ok := t.zoneOf[z]
	if !ok {
		id = int32(len(t.zones))
		t.zoneOf[z] = id
		t.zones = append(t.zones, z)
	}
	return id
}
