package lang

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// kind is a type of block that references can name.
type kind uint8

const (
	kindZone kind = iota
	kindDevice
	kindFirewall
	kindDomain
	kindHosts
	kindService
	kindRole
	kindFeature
	kindSetting
	kindFlow
	kindAir
	kindPath
	kindVariable
	kinds
)

var kindNames = [kinds]string{"zone", "device", "firewall", "domain", "hosts", "service", "role", "feature", "setting", "flow", "air", "path", "variable"}

func (k kind) String() string { return kindNames[k] }

// referable are the kinds whose names begin a reference.
const referable = kindFeature + 1

func kindOf(name string) (kind, bool) {
	for k, n := range kindNames[:referable] {
		if n == name {
			return kind(k), true
		}
	}
	return 0, false
}

// decl is a labelled block.
type decl struct {
	kind     kind
	label    string
	domain   *decl // that it stands in, nil for none
	block    *hcl.Block
	content  *hcl.BodyContent
	embedded bool // from the catalogue of the program
	position int  // in the order of files and lines

	// expanding and expanded are for the instances, which are made when
	// something needs them.
	expanding, expanded bool
	keyed               bool // has for_each
	broken              bool // for_each failed
	inst                []*instance
	byKey               map[string]*instance
}

func (d *decl) labelRange() hcl.Range {
	if len(d.block.LabelRanges) > 0 {
		return d.block.LabelRanges[0]
	}
	return d.block.DefRange
}

// instance is what a block declares: one thing, or with for_each one for each
// element.
type instance struct {
	decl *decl
	key  string
	each value // each.value
	// object is the *Zone, *Device, ... or *hostsBlock that it becomes. It is
	// there before its attributes are read, so that references can be made in
	// any order.
	object any
}

// name is the label, with the key of an instance: site["berlin"].
func (in *instance) name() string {
	if !in.decl.keyed {
		return in.decl.label
	}
	return in.decl.label + `["` + in.key + `"]`
}

// kindRef is "zone" or "domain.d.hosts" by itself: a step on the way to a
// reference.
type kindRef struct {
	kind   kind
	domain *decl
}

// elsewhereRef is zone.elsewhere, which no block declares.
var elsewhereRef = &instance{decl: &decl{kind: kindZone, label: Elsewhere.Name}, object: Elsewhere}

// refer finds the block that a reference names.
func (l *loader) refer(k kindRef, label string, at hcl.Range, sc *scope) value {
	if k.kind == kindZone && label == Elsewhere.Name {
		return elsewhereRef
	}
	d := l.find(k, label, at, sc)
	if d == nil || !l.expand(d, at) {
		return faulty{}
	}
	if d.keyed {
		return d
	}
	return d.inst[0]
}

func (l *loader) find(k kindRef, label string, at hcl.Range, sc *scope) *decl {
	if k.kind != kindHosts {
		if d := l.decls[k.kind][label]; d != nil {
			return d
		}
		return l.unknown(k.kind.String(), label, sortedKeys(l.decls[k.kind]), at)
	}
	if k.domain == nil && sc.root().domain != nil {
		k.domain = sc.root().domain
	}
	if k.domain != nil {
		if d := l.hosts[k.domain][label]; d != nil {
			return d
		}
		return l.unknown("hosts", label, sortedKeys(l.hosts[k.domain]), at)
	}
	switch all := l.hostsByLabel[label]; len(all) {
	case 0:
		return l.unknown("hosts", label, sortedKeys(l.hostsByLabel), at)
	case 1:
		return all[0]
	default:
		l.fail(sumAmbiguous, fmt.Sprintf("Several domains have hosts %q. Write domain.%s.hosts.%s for those of the first one.", label, all[0].domain.label, label), at)
		return nil
	}
}

// roleCalled is the role that is known by another name: later releases say
// primary server for the master server, and texts say media server where the
// role is media. It is "" if there is none.
func roleCalled(label string, known []string) string {
	name := strings.TrimSuffix(strings.ReplaceAll(strings.ToLower(label), "-", "_"), "_server")
	if name == "primary" {
		name = "master"
	}
	if slices.Contains(known, name) {
		return name
	}
	return ""
}

// unknown reports a reference to a block that isn't there.
func (l *loader) unknown(what, label string, known []string, at hcl.Range) *decl {
	detail := fmt.Sprintf("There is no %s %q.", what, clip(label))
	s := closest(label, known)
	if s == "" && what == "role" {
		s = roleCalled(label, known)
	}
	switch {
	case s != "":
		detail += fmt.Sprintf(" Did you mean %s.%s?", what, s)
	case len(known) == 0:
		detail += fmt.Sprintf(" The policy has no %s block that could be meant here.", what)
	case len(known) <= 12:
		detail += fmt.Sprintf(" There are: %s.", strings.Join(known, ", "))
	case what == "role" || what == "feature":
		detail += fmt.Sprintf(" \"nbfwc catalog\" lists the %ss.", what)
	}
	l.fail(sumUnknownReference, detail, at)
	return nil
}

// expand makes the instances of a block. It reports whether there are any to
// be had.
func (l *loader) expand(d *decl, at hcl.Range) bool {
	switch {
	case d.expanded:
		return !d.broken
	case d.expanding:
		l.fail(sumCycle, fmt.Sprintf("The for_each of %s %q depends on itself.", d.kind, d.label), at)
		d.broken = true
		return false
	}
	d.expanding = true
	defer func() { d.expanding, d.expanded = false, true }()
	attr := d.content.Attributes["for_each"]
	if attr == nil {
		d.inst = []*instance{{decl: d}}
		d.inst[0].object = l.newObject(d.inst[0])
		return true
	}
	d.keyed = true
	l.forEach(d, l.native(attr.Expr))
	return !d.broken
}

// forEach makes one instance for each element of the value of e.
func (l *loader) forEach(d *decl, e hclsyntax.Expression) {
	v := l.eval(e, &scope{domain: d.domain})
	_, d.broken = v.(faulty)
	if d.broken {
		return
	}
	d.byKey = map[string]*instance{}
	ok := l.elements(v, e.Range(), func(key, val value) bool {
		return l.addInstance(d, e, v, key, val)
	})
	if !ok {
		l.fail(sumForEachType, fmt.Sprintf("for_each takes a map, a list of strings, an inventory or a block with for_each, but this is %s.", typeName(v)), e.Range())
	}
	d.broken = d.broken || !ok || l.exhausted
}

// addInstance adds the instance of one element and reports whether to go on.
func (l *loader) addInstance(d *decl, e hclsyntax.Expression, coll, key, val value) bool {
	in := &instance{decl: d, each: val}
	at := e.Range()
	switch c := coll.(type) {
	case *object, *decl:
		in.key = key.(string)
	case *rows:
		i := int(key.(float64))
		in.key, at = c.inv.Keys[c.row(i)], c.inv.Range(c.row(i))
	default:
		in.key = elementKey(val)
		if list, ok := e.(*hclsyntax.TupleConsExpr); ok {
			at = list.Exprs[int(key.(float64))].Range()
		}
	}
	if in.key == "" {
		l.fail(sumForEachKey, fmt.Sprintf("Each element of a list needs a key: it must be a string, a reference, or an object with \"key\" or \"name\". This one is %s.", typeName(val)), at)
		d.broken = true
		return false
	}
	if !l.checkKey(in.key, at) {
		d.broken = true
		return true
	}
	if d.byKey[in.key] != nil {
		l.fail(sumForEachKey, fmt.Sprintf("The key %q occurs twice in for_each of %s %q. Each instance needs a key of its own; a column \"key\" of an inventory can give it.", clip(in.key), d.kind, d.label), at)
		d.broken = true
		return true
	}
	if len(d.inst) >= l.opt.Limits.Instances {
		l.fail(sumExpands, fmt.Sprintf("for_each makes more than %d instances. Hosts that agree in all but their addresses need one hosts block with an inventory, and no instance for each.", l.opt.Limits.Instances), e.Range())
		d.broken = true
		return false
	}
	in.object = l.newObject(in)
	d.byKey[in.key] = in
	d.inst = append(d.inst, in)
	return true
}

// elementKey is the key of an element of a list.
func elementKey(v value) string {
	switch v := v.(type) {
	case string:
		return v
	case *instance:
		if v.decl.keyed {
			return v.key
		}
		return v.decl.label
	case *object:
		for _, k := range [...]string{"key", "name"} {
			if s, _ := v.get(k); s != nil && s != "" {
				text, _ := s.(string)
				return text
			}
		}
	}
	return ""
}

// newObject is the empty thing that an instance will be.
func (l *loader) newObject(in *instance) any {
	o := originOf(in.decl.block.DefRange)
	switch in.decl.kind {
	case kindZone:
		return &Zone{Name: in.name(), Origin: o}
	case kindDevice:
		return &Device{Name: in.name(), Origin: o}
	case kindFirewall:
		return &Firewall{Name: in.name(), Origin: o}
	case kindDomain:
		return &Domain{Name: in.name(), Origin: o}
	case kindService:
		return &Service{Name: in.name(), Origin: o}
	case kindRole:
		return &Role{Name: in.name(), Origin: o}
	case kindFeature:
		return &Feature{Name: in.name(), Origin: o}
	case kindSetting:
		return &SettingDef{Name: in.name(), Origin: o}
	case kindHosts:
		return &hostsBlock{in: in, origin: o}
	}
	return nil
}
