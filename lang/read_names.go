package lang

import (
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2"
)

// DefaultPrefix begins the names of our objects on devices where a firewall
// doesn't say otherwise.
const DefaultPrefix = "NBU-"

// pairs calls f for each element of an object, in the order of the keys.
func (b *body) pairs(name, want string, f func(key string, v value, at hcl.Range)) {
	v, at := b.value(name)
	if v == nil {
		return
	}
	o, ok := v.(*object)
	if !ok {
		b.wrongType(name, want, v, at)
		return
	}
	for i, k := range o.keys {
		if _, bad := o.vals[i].(faulty); !bad {
			f(k, o.vals[i], b.l.elementRange(b.expr(name), k))
		}
	}
}

// readUseObjects reads use_object = { "NBU-client-inside" = "SRV-CLIENTS" }.
// Whether there are such groups is known when they are compiled.
func (l *loader) readUseObjects(b *body, f *Firewall) {
	if f.Target == "nftables" && b.attrs["use_object"] != nil {
		l.fail(sumConflict, "nftables has no objects of others that a rule of ours could use. Remove \"use_object\".", b.attrs["use_object"].NameRange)
		return
	}
	const want = `an object of names such as { "NBU-client-inside" = "SRV-CLIENTS" }`
	b.pairs("use_object", want, func(key string, v value, at hcl.Range) {
		object, ok := v.(string)
		if !ok || object == "" {
			b.wrongType("use_object", want, v, at)
			return
		}
		if !l.checkWord("use_object", object, at) {
			return
		}
		if strings.HasPrefix(object, DefaultPrefix) {
			l.fail(sumReserved, fmt.Sprintf("%q begins with %q as all objects that nbfwc writes do. Name an object of the device's own.", clip(object), DefaultPrefix), at)
			return
		}
		f.UseObjects = append(f.UseObjects, UseObject{Group: key, Object: object, Origin: originOf(at)})
	})
}
