package lang

import (
	"fmt"
	"slices"
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

// maxPrefix is the length that a prefix may have: names of every vendor must
// have room for what comes after it.
const maxPrefix = 12

// readNames reads what the names of our objects are made of.
func (l *loader) readNames(b *body, f *Firewall) {
	f.NamePrefix = DefaultPrefix
	if s, at := b.str("name_prefix"); b.attrs["name_prefix"] != nil && !b.silent {
		if !isPrefix(s) {
			l.fail(sumPrefix, fmt.Sprintf("%q can't begin names: a prefix begins with a letter, goes on with letters, digits and the characters - _ . and has at most %d characters, such as \"BKP-\".", clip(s), maxPrefix), at)
		} else {
			f.NamePrefix = s
		}
	}
	if s, at := b.str("group_name"); s != "" && l.checkTemplate(s, at) {
		f.GroupName = NameTemplate{s, originOf(at)}
	}
	l.readUseObjects(b, f)
}

func isPrefix(s string) bool {
	return s != "" && len(s) <= maxPrefix && isLetter(rune(s[0])) && !strings.ContainsFunc(s, func(r rune) bool { return !isNameRune(r) })
}

func isNameRune(r rune) bool {
	return isLetter(r) || r >= '0' && r <= '9' || r == '-' || r == '_' || r == '.'
}

// checkTemplate holds that a template is made of fields and of characters that
// names can have, and that it says the role, which every group has.
func (l *loader) checkTemplate(s string, at hcl.Range) bool {
	known := strings.Join(NameFields[:], "}, {")
	if len(s) > maxName {
		l.fail(sumNameTemplate, fmt.Sprintf("\"group_name\" has %d characters; there may be at most %d.", len(s), maxName), at)
		return false
	}
	for rest := s; rest != ""; {
		literal, after, found := strings.Cut(rest, "{")
		if i := strings.IndexFunc(literal, func(r rune) bool { return !isNameRune(r) }); i >= 0 {
			l.fail(sumNameTemplate, fmt.Sprintf("\"group_name\" can have letters, digits, the characters - _ . and the fields {%s} only, not %q.", known, literal[i:]), at)
			return false
		}
		if !found {
			break
		}
		name, next, closed := strings.Cut(after, "}")
		if !closed || !slices.Contains(NameFields[:], name) {
			detail := fmt.Sprintf("There is no field {%s}; \"group_name\" can have the fields {%s}.", clip(name), known)
			if near := closest(name, NameFields[:]); near != "" {
				detail += fmt.Sprintf(" Did you mean {%s}?", near)
			}
			l.fail(sumNameTemplate, detail, at)
			return false
		}
		rest = next
	}
	if !strings.Contains(s, "{role}") {
		l.fail(sumNameTemplate, fmt.Sprintf("\"group_name\" needs the field {role}, since a group without it has no name. Its other fields are {%s}.", known), at)
		return false
	}
	return true
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
		if strings.HasPrefix(object, f.NamePrefix) {
			l.fail(sumReserved, fmt.Sprintf("%q begins with %q as all objects that nbfwc writes do. Name an object of the device's own.", clip(object), f.NamePrefix), at)
			return
		}
		f.UseObjects = append(f.UseObjects, UseObject{Group: key, Object: object, Origin: originOf(at)})
	})
}
