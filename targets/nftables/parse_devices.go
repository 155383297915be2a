package nftables

import "slices"

// joinDevices returns the elements of a verdict map, with one element in place
// of those that differ only in the device and together name all devices of a
// label. Taken one by one each would match an unknown part of the label's
// packets. Where elements may overlap their order matters, and they are left as
// they are.
func (k *compiler) joinDevices(fields []node, set *setDecl) []setElem {
	elems := set.elems
	nests := func(e setElem) bool { return hasInterval(e.key) || hasPattern(e.key) }
	if set.expires || !slices.ContainsFunc(elems, k.sharesLabel(fields)) || slices.ContainsFunc(elems, nests) {
		return elems
	}
	for at, f := range fields {
		if isDeviceField(f) {
			elems = k.joinAt(elems, at, len(fields))
		}
	}
	return elems
}

// hasPattern says whether a key or a part of it ends with a star.
func hasPattern(n node) bool {
	return n.kind == nValue && n.text != "*" && isPattern(n.text) || slices.ContainsFunc(n.kids, hasPattern)
}

func isDeviceField(f node) bool {
	if f.kind != nField {
		return false
	}
	axis := fieldOf(f.text).axis
	return axis == axIn || axis == axOut
}

// sharesLabel tells elements that name a device whose label has others too.
func (k *compiler) sharesLabel(fields []node) func(setElem) bool {
	return func(e setElem) bool {
		for at, f := range fields {
			if isDeviceField(f) && k.labelAt(&e, at, len(fields)) != "" {
				return true
			}
		}
		return false
	}
}

// labelAt is the label of the device at a place of an element's key, if it has
// several devices and they have no other label; else "".
func (k *compiler) labelAt(e *setElem, at, n int) string {
	key := keyAt(e, at, n)
	if key == nil || key.kind != nValue || isPattern(key.text) || e.expires || e.doubt != "" {
		return ""
	}
	labels := k.ifs.labels[literal(key.text)]
	if len(labels) != 1 || len(k.ifs.devices[labels[0]]) < 2 {
		return ""
	}
	for _, d := range k.ifs.devices[labels[0]] {
		if len(k.ifs.labels[d]) > 1 {
			return ""
		}
	}
	return labels[0]
}

// keyAt is the part of an element's key at one of n places; nil if the key has
// other parts.
func keyAt(e *setElem, at, n int) *node {
	if n == 1 && e.key.kind != nConcat {
		return &e.key
	}
	if e.key.kind != nConcat || len(e.key.kids) != n {
		return nil
	}
	return &e.key.kids[at]
}

// joinAt joins elements that differ in the device at one place.
func (k *compiler) joinAt(elems []setElem, at, n int) []setElem {
	type same struct {
		key, comment string
		v            verdict
	}
	group := func(e *setElem, label string) same {
		rest := withKey(e, at, n, node{kind: nValue, text: label})
		return same{rest.key.String(), e.comment, e.verdict}
	}
	members := map[same][]node{}
	for i := range elems {
		if label := k.labelAt(&elems[i], at, n); label != "" {
			g := group(&elems[i], label)
			members[g] = append(members[g], *keyAt(&elems[i], at, n))
		}
	}
	out := make([]setElem, 0, len(elems))
	done := map[same]bool{}
	for i := range elems {
		e := elems[i]
		label := k.labelAt(&e, at, n)
		g := group(&e, label)
		if label == "" || len(members[g]) != len(k.ifs.devices[label]) {
			out = append(out, e)
			continue
		}
		if done[g] {
			continue
		}
		done[g] = true
		all := &setDecl{}
		for _, d := range members[g] {
			all.elems = append(all.elems, setElem{key: d})
		}
		out = append(out, withKey(&e, at, n, node{kind: nSet, set: all}))
	}
	return out
}

// withKey is an element with another part of the key at one of n places.
func withKey(e *setElem, at, n int, part node) setElem {
	out := *e
	if n == 1 && e.key.kind != nConcat {
		out.key = part
	} else if keyAt(e, at, n) != nil {
		out.key.kids = slices.Clone(e.key.kids)
		out.key.kids[at] = part
	}
	return out
}
