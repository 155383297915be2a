package lang

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// readAddresses reads the hosts of a block into the table.
func (l *loader) readAddresses(h *hostsBlock, b *body) {
	e := b.expr("addresses")
	h.whole = e.Range()
	before := l.table.Len()
	errors := l.diags.count[""]
	switch e := e.(type) {
	case *hclsyntax.TupleConsExpr:
		h.elements = e.Exprs
		l.table.reserve(len(e.Exprs))
		for i, x := range e.Exprs {
			l.listElement(h, b, x, i)
		}
	case *hclsyntax.ObjectConsExpr:
		l.literalMap(h, b, e)
	default:
		l.addressValue(h, l.eval(e, b.sc))
	}
	if l.table.Len() == before && l.diags.count[""] == errors && !l.exhausted && !h.broken && !l.zonesBroken {
		l.fail(sumEmpty, "These hosts have no address. Remove the block, or list addresses.", h.whole)
	}
}

// listElement is an element of a literal list. Plain strings are taken as they
// stand, so that 100,000 of them cost their parsing only.
func (l *loader) listElement(h *hostsBlock, b *body, x hclsyntax.Expression, i int) {
	if s, ok := literalString(x); ok {
		l.plainAddress(h, "", s, i)
		return
	}
	l.addressElement(h, l.eval(x, b.sc), i)
}

// literalMap is addresses = { name = "10.0.0.1" }.
func (l *loader) literalMap(h *hostsBlock, b *body, e *hclsyntax.ObjectConsExpr) {
	seen := make(map[string]bool, len(e.Items))
	h.elements = make([]hclsyntax.Expression, len(e.Items))
	for i, it := range e.Items {
		h.elements[i] = it.ValueExpr
		name, ok := l.objectKey(it.KeyExpr, b.sc)
		if !ok {
			continue
		}
		if seen[name] {
			l.fail(sumDuplicateKey, fmt.Sprintf("There is a host %q in this block already.", clip(name)), it.KeyExpr.Range())
			continue
		}
		seen[name] = true
		if !l.checkHostName(name, it.KeyExpr.Range()) {
			continue
		}
		if s, ok := literalString(it.ValueExpr); ok {
			l.plainAddress(h, name, s, i)
			continue
		}
		l.namedHost(h, name, l.eval(it.ValueExpr, b.sc), i)
	}
}

// checkHostName refuses names that aren't names of hosts.
func (l *loader) checkHostName(name string, at hcl.Range) bool {
	ok := len(name) > 0 && len(name) <= 253
	for i := 0; ok && i < len(name); i++ {
		c := rune(name[i])
		ok = isLetter(c) || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.' || c == ':'
	}
	if !ok {
		l.fail(sumText, fmt.Sprintf("%q can't be the name of a host: it has letters, digits and the characters - _ . : only.", clip(name)), at)
	}
	return ok
}

// addressValue takes addresses that an expression made.
func (l *loader) addressValue(h *hostsBlock, v value) {
	switch v := v.(type) {
	case faulty:
		h.broken = true
	case *rows:
		l.inventoryHosts(h, v.hosts())
	case []any:
		for _, x := range v {
			l.addressElement(h, x, -1)
		}
	case *object:
		for i, name := range v.keys {
			if l.checkHostName(name, h.whole) {
				l.namedHost(h, name, v.vals[i], -1)
			}
		}
	default:
		l.fail(sumType, fmt.Sprintf("\"addresses\" must be a list of addresses, a map from host names to addresses, or an inventory, but it is %s.", typeName(v)), h.whole)
	}
}

// addressElement is an element of a list: an address, a list of addresses, or
// an object like a row of an inventory.
func (l *loader) addressElement(h *hostsBlock, v value, i int) {
	switch v := v.(type) {
	case faulty:
		h.broken = true
	case string:
		l.plainAddress(h, "", v, i)
	case []any:
		for _, x := range v {
			l.addressElement(h, x, i)
		}
	case *object:
		l.rowObject(h, v, i)
	default:
		l.fail(sumType, fmt.Sprintf("An address must be a string in quotes, but this is %s.", typeName(v)), h.place(i))
	}
}

// plainAddress is a host with one address.
func (l *loader) plainAddress(h *hostsBlock, name, text string, i int) {
	if l.leg(h, text, legKind{}, h.zone, h.place(i)) {
		l.endHost(h, profileKey{block: h.id}, name, i)
	}
}

// endHost ends a host whose legs were good.
func (l *loader) endHost(h *hostsBlock, k profileKey, name string, i int) {
	l.table.addHost(l.profileID(h, k), name, i)
}

// leg adds one address. It reports what is wrong with it.
func (l *loader) leg(h *hostsBlock, text string, k legKind, z *Zone, at hcl.Range) bool {
	r, err := parseAddrRange(text)
	if err != nil {
		l.fail(sumAddressInvalid, sentence(err), at)
		return false
	}
	return l.legRange(h, r, k, z, at)
}

// legRange adds an address that was read, in the zone that it is in.
func (l *loader) legRange(h *hostsBlock, r AddrRange, k legKind, z *Zone, at hcl.Range) bool {
	if h.broken && z == nil && h.zone == nil {
		// The zone may be what is faulty.
		z, _ = l.zones.find(r)
		if z == nil {
			return false
		}
	}
	found, border := l.zones.find(r)
	switch {
	case l.zonesBroken && (found == nil || found == Elsewhere || z != nil && found != z), found != nil && found.Transit && found == h.zone:
		// What is wrong is the zone, and that was said.
		return false
	case found == nil:
		l.fail(sumAddressWrongZone, fmt.Sprintf("The range %s lies in more than one zone: at %s another one begins. Split the range there.", spanText(r), border), at)
	case found == Elsewhere && z == nil:
		l.fail(sumAddressNoZone, fmt.Sprintf("%s is in no zone. Add its network to a zone, or write zone = zone.elsewhere if it lies outside of all of them.", spanText(r)), at)
	case z != nil && found != z && found == Elsewhere:
		l.fail(sumAddressWrongZone, fmt.Sprintf("%s is declared in zone %q but is in no zone. Correct the address, or add its network to the zone.", spanText(r), z.Name), at)
	case z != nil && found != z:
		l.fail(sumAddressWrongZone, fmt.Sprintf("%s is declared in zone %q but is in zone %q, which has the longest matching network. Correct the address or the zone.", spanText(r), z.Name, found.Name), at)
	case found.Transit:
		l.fail(sumTransit, fmt.Sprintf("%s is in the zone %q, which joins firewalls; no hosts live there. Put its network into a zone of its own.", spanText(r), found.Name), at)
	default:
		l.table.addLeg(r, k, found)
		return true
	}
	return false
}

func spanText(r AddrRange) string {
	if r.From == r.To {
		return r.From.String()
	}
	return r.From.String() + "-" + r.To.String()
}

// place is where element i is written.
func (h *hostsBlock) place(i int) hcl.Range {
	switch {
	case i >= 0 && h.inv != nil:
		return h.inv.Range(i)
	case i >= 0 && i < len(h.elements):
		return h.elements[i].Range()
	}
	return h.whole
}

// uses are the names of addresses that say what an address is for.
var uses = map[string]Use{"data": Data, "backup": Backup, "ipmi": IPMI, "virtual": Virtual}

// namedHost is a host of a map: an address, a list of them, or named ones.
func (l *loader) namedHost(h *hostsBlock, name string, v value, i int) {
	good := true
	switch v := v.(type) {
	case faulty:
		h.broken, good = true, false
	case string:
		good = l.leg(h, v, legKind{}, h.zone, h.place(i))
	case []any:
		good = l.legList(h, v, legKind{}, h.zone, i)
	case *object:
		for j, k := range v.keys {
			good = l.namedLeg(h, k, v.vals[j], i) && good
		}
		if len(v.keys) == 0 {
			l.fail(sumEmpty, fmt.Sprintf("The host %q has no address.", clip(name)), h.place(i))
			good = false
		}
	default:
		l.fail(sumType, fmt.Sprintf("The addresses of a host are a string, a list, or an object such as { data = \"10.0.0.5\", backup = \"10.1.0.5\" }, but this is %s.", typeName(v)), h.place(i))
		good = false
	}
	if !good {
		l.table.dropLegs()
		return
	}
	l.endHost(h, profileKey{block: h.id}, name, i)
}

// legList is several addresses of one use.
func (l *loader) legList(h *hostsBlock, list []any, k legKind, z *Zone, i int) bool {
	good := len(list) > 0
	if !good {
		l.fail(sumEmpty, "A host needs at least one address here.", h.place(i))
	}
	for _, x := range list {
		s, ok := x.(string)
		if !ok {
			l.fail(sumType, fmt.Sprintf("An address must be a string in quotes, but this is %s.", typeName(x)), h.place(i))
			good = false
			continue
		}
		good = l.leg(h, s, k, z, h.place(i)) && good
	}
	return good
}

// namedLeg is data = "10.0.0.5" or oob = { address = "10.2.0.5", use = "ipmi" }.
// An address with a name has no zone by its block: each is in its own.
func (l *loader) namedLeg(h *hostsBlock, name string, v value, i int) bool {
	use, known := uses[name]
	k := legKind{use: use, name: name, said: true}
	zone := l.namedZone(h, use)
	if o, ok := v.(*object); ok {
		return l.legObject(h, o, k, i)
	}
	if !known {
		l.fail(sumWord, fmt.Sprintf("The addresses of a host are data, backup, ipmi and virtual. For %q write: %s = { address = \"...\", use = \"data\" }.", clip(name), clip(name)), h.place(i))
		return false
	}
	switch v := v.(type) {
	case string:
		return l.leg(h, v, k, zone, h.place(i))
	case []any:
		return l.legList(h, v, k, zone, i)
	}
	l.fail(sumType, fmt.Sprintf("An address must be a string in quotes or a list of them, but this is %s.", typeName(v)), h.place(i))
	return false
}

// namedZone is the zone that an address of a use must be in: the block's holds
// for data addresses only, since the others exist to be elsewhere.
func (l *loader) namedZone(h *hostsBlock, use Use) *Zone {
	if use == Data || h.zone == Elsewhere {
		return h.zone
	}
	return nil
}

// legObject is { address = "...", use = "backup", zone = zone.b }.
func (l *loader) legObject(h *hostsBlock, o *object, k legKind, i int) bool {
	zone, list, good := (*Zone)(nil), []any(nil), true
	zoneSaid := false
	for j, key := range o.keys {
		switch v := o.vals[j]; key {
		case "address", "addresses":
			var ok bool
			if list, ok = v.([]any); !ok {
				list = []any{v}
			}
		case "use":
			text, _ := v.(string)
			use, ok := uses[text]
			if !ok {
				l.fail(sumWord, "The use of an address is one of: data, backup, ipmi, virtual.", h.place(i))
				good = false
			}
			k.use = use
		case "zone":
			in, ok := v.(*instance)
			if !ok || in.decl.kind != kindZone {
				l.wrongReference(v, h.place(i), []kind{kindZone})
				good = false
				continue
			}
			zone, zoneSaid = refOf[Zone](in), true
		default:
			l.unknownKey("An address has address, use and zone; there is no", key, []string{"address", "use", "zone"}, h.place(i))
			good = false
		}
	}
	if !zoneSaid {
		zone = l.namedZone(h, k.use)
	}
	if !good {
		return false
	}
	return l.legList(h, list, k, zone, i)
}

// rowObject is an object of a list, with the keys that columns of inventories
// have. So a "for" can choose and change rows of an inventory.
func (l *loader) rowObject(h *hostsBlock, o *object, i int) {
	good, name, zone := true, "", h.zone
	var text [meansKey + 1]string
	for m, key := range meanings {
		switch v, _ := o.get(key); v := v.(type) {
		case nil:
		case string:
			text[m] = v
		case []any:
			good = l.rowList(&text[m], v, h.place(i)) && good
		case *instance:
			if m == meansZone && v.decl.kind == kindZone {
				zone = refOf[Zone](v)
				continue
			}
			text[m] = v.name()
		default:
			l.fail(sumType, fmt.Sprintf("%q of a host must be a string, but it is %s.", key, typeName(v)), h.place(i))
			good = false
		}
	}
	if name = text[meansName]; name != "" {
		good = l.checkHostName(name, h.place(i)) && good
	}
	if text[meansZone] != "" && h.zone == nil {
		zone = l.zoneByName(text[meansZone], h.place(i))
		good = good && zone != nil
	}
	n := 0
	for _, a := range addressMeanings {
		z := zone
		if a.use != Data && zone != Elsewhere {
			z = nil
		}
		k := legKind{use: a.use, said: a.use != Data}
		for _, s := range strings.Fields(text[a.meaning]) {
			n++
			good = l.leg(h, s, k, z, h.place(i)) && good
		}
	}
	if n == 0 && good {
		l.fail(sumMissing, "A host needs an address: one of the keys address, backup, ipmi or virtual.", h.place(i))
		good = false
	}
	key := profileKey{h.id, l.rowText(text[meansVersion]), l.rowText(text[meansRoles]), l.rowText(text[meansFeatures])}
	if !good || !l.rowProfile(h, key, h.place(i)) {
		l.table.dropLegs()
		return
	}
	l.endHost(h, key, name, i)
}

// rowList joins names or references with blanks, as a cell of an inventory has
// them.
func (l *loader) rowList(out *string, list []any, at hcl.Range) bool {
	words := make([]string, 0, len(list))
	for _, x := range list {
		switch x := x.(type) {
		case string:
			words = append(words, x)
		case *instance:
			words = append(words, x.name())
		default:
			l.fail(sumType, fmt.Sprintf("This must be a list of strings or references, but one element is %s.", typeName(x)), at)
			return false
		}
	}
	slices.Sort(words)
	*out = strings.Join(words, " ")
	return true
}

// zoneByName finds the zone that a text means: its label, the name of an
// instance, or the key of an instance that no other zone has.
func (l *loader) zoneByName(text string, at hcl.Range) *Zone {
	if l.zoneNames == nil {
		l.zoneNames = map[string]*Zone{}
		for _, d := range l.order[kindZone] {
			for _, in := range d.inst {
				l.nameZone(in)
			}
		}
		l.zoneNames[Elsewhere.Name] = Elsewhere
	}
	z, ok := l.zoneNames[text]
	switch {
	case !ok:
		l.unknown("zone", text, sortedKeys(l.zoneNames), at)
	case z == nil:
		l.fail(sumAmbiguous, fmt.Sprintf("Several zones have an instance %q. Write LABEL[\"%s\"].", clip(text), clip(text)), at)
	}
	return z
}

func (l *loader) nameZone(in *instance) {
	z := refOf[Zone](in)
	l.zoneNames[in.name()] = z
	if in.key == "" || l.decls[kindZone][in.key] != nil {
		return
	}
	if _, taken := l.zoneNames[in.key]; taken {
		z = nil
	}
	l.zoneNames[in.key] = z
}
