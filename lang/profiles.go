package lang

import (
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
)

// inventoryHosts adds the rows of an inventory. Nothing but the columns of the
// table grows with their number.
func (l *loader) inventoryHosts(h *hostsBlock, r *rows) {
	h.inv = r.inv
	l.table.reserve(r.Len())
	known := l.textsOf(r.inv)
	texts, zones := known.texts, known.zones
	for i := range r.Len() {
		row := r.row(i)
		zone := h.zone
		if z := r.inv.Zone[row]; z != 0 && zone == nil {
			if zones[z] == nil {
				zones[z] = l.zoneByName(r.inv.Texts[z], r.inv.Range(row))
			}
			if zone = zones[z]; zone == nil {
				continue
			}
		}
		l.inventoryHost(h, r.inv, row, zone, profileKey{h.id, texts[r.inv.Version[row]], texts[r.inv.Roles[row]], texts[r.inv.Features[row]]})
	}
}

// inventoryTexts is what the texts of an inventory are to us. It is made once
// for all calls that share the file.
type inventoryTexts struct {
	texts     []uint32 // as indexes of loader.texts
	zones     []*Zone  // nil: not asked for yet
	haveRoles bool     // some row has roles
}

func (l *loader) textsOf(inv *inventory) *inventoryTexts {
	if t := l.known[inv]; t != nil {
		return t
	}
	t := &inventoryTexts{texts: make([]uint32, len(inv.Texts)), zones: make([]*Zone, len(inv.Texts))}
	for i, text := range inv.Texts {
		t.texts[i] = l.rowText(text)
	}
	t.haveRoles = slices.ContainsFunc(inv.Roles, func(i uint32) bool { return i != 0 })
	l.known[inv] = t
	return t
}

func (l *loader) inventoryHost(h *hostsBlock, inv *inventory, row int, zone *Zone, key profileKey) {
	good := true
	for _, a := range inv.Addrs[inv.Start[row]:inv.Start[row+1]] {
		z := zone
		if a.Use != Data && zone != Elsewhere {
			z = nil
		}
		if !l.legInRow(h, inv, row, a, z) {
			good = false
		}
	}
	if !good || inv.Start[row] == inv.Start[row+1] {
		l.table.dropLegs()
		return
	}
	if _, ok := l.table.profileID(key); !ok && !l.rowProfile(h, key, inv.Range(row)) {
		l.table.dropLegs()
		return
	}
	if name := inv.Names[row]; name != "" && !plainName(name) && !l.checkHostName(name, inv.Range(row)) {
		l.table.dropLegs()
		return
	}
	l.endHost(h, key, inv.Names[row], row)
}

// legInRow is legRange without the place, which only a fault needs.
func (l *loader) legInRow(h *hostsBlock, inv *inventory, row int, a rowAddr, zone *Zone) bool {
	if found, _ := l.zones.find(a.Range); found != nil && !found.Transit && (found == zone || zone == nil && found != Elsewhere) {
		l.table.addLeg(a.Range, legKind{use: a.Use, said: a.Use != Data}, found)
		return true
	}
	return l.legRange(h, a.Range, legKind{use: a.Use, said: a.Use != Data}, zone, inv.Range(row))
}

// plainName reports whether a name has only the most usual characters.
func plainName(name string) bool {
	for i := 0; i < len(name); i++ {
		if c := name[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '.' && c != '-' {
			return false
		}
	}
	return len(name) <= 253
}

// rowText is the index of a text in texts that all inventories share.
func (l *loader) rowText(s string) uint32 {
	id, ok := l.textOf[s]
	if !ok {
		id = uint32(len(l.texts))
		l.texts, l.textOf[s] = append(l.texts, s), id
	}
	return id
}

// profileID is the profile of a row of a block.
func (l *loader) profileID(h *hostsBlock, k profileKey) int32 {
	id, ok := l.table.profileID(k)
	if !ok {
		id = l.addProfile(k, profile{
			blocks: []*hostsBlock{h}, version: h.version, settings: h.settings, peers: h.peers,
			roles: withImplied(h.roles), features: sortedFeatures(h.features),
		})
	}
	return id
}

func (l *loader) addProfile(k profileKey, p profile) int32 {
	id := int32(len(l.table.profiles))
	l.table.profiles = append(l.table.profiles, p)
	l.table.profileOf[k] = id
	for _, r := range p.roles {
		p.blocks[0].domain.declared[r] = true
	}
	return id
}

// rowProfile makes the profile of a row that says a version, roles or features
// of its own: the version wins over the block's, the others come to the
// block's. It reports what is wrong with them.
func (l *loader) rowProfile(h *hostsBlock, k profileKey, at hcl.Range) bool {
	if _, ok := l.table.profileOf[k]; ok {
		return true
	}
	p := profile{blocks: []*hostsBlock{h}, version: h.version, settings: h.settings, peers: h.peers}
	good := true
	if text := l.texts[k.version]; text != "" {
		v, err := ParseVersion(text)
		if err != nil {
			l.fail(sumVersion, sentence(err), at)
			good = false
		}
		p.version = v
	}
	roles, features := slices.Clone(h.roles), slices.Clone(h.features)
	for _, name := range strings.Fields(l.texts[k.roles]) {
		d := l.decls[kindRole][name]
		if d == nil {
			l.unknown("role", name, sortedKeys(l.decls[kindRole]), at)
			good = false
			continue
		}
		roles = appendOnce(roles, refOf[Role](l.only(d)))
	}
	for _, name := range strings.Fields(l.texts[k.features]) {
		d := l.decls[kindFeature][name]
		if d == nil {
			l.unknown("feature", name, sortedKeys(l.decls[kindFeature]), at)
			good = false
			continue
		}
		f := refOf[Feature](l.only(d))
		if !canHave(f.On, roles) {
			l.fail(sumFeature, "The feature "+f.Name+" is for hosts with one of the roles "+roleNames(f.On)+"; this host has none of them.", at)
			good = false
		}
		features = appendOnce(features, f)
	}
	if len(roles) == 0 && !h.broken && good {
		l.fail(sumMissing, "This host has no role. Give it one in the column \"roles\", or write roles = [...] in the block.", at)
		good = false
	}
	if good {
		p.roles, p.features = withImplied(roles), sortedFeatures(features)
		l.addProfile(k, p)
	}
	return good
}

func sortedRoles(roles []*Role) []*Role {
	out := slices.Clone(roles)
	byName(out, roleName)
	return slices.Compact(out)
}

func sortedFeatures(features []*Feature) []*Feature {
	out := slices.Clone(features)
	byName(out, featureName)
	return slices.Compact(out)
}
