package lang

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// hostsBlock is a hosts block, or one instance of it, on its way to groups.
type hostsBlock struct {
	in     *instance
	origin Origin
	domain *domainParts
	id     int32

	zone     *Zone // nil: not said
	roles    []*Role
	features []*Feature
	version  Version // zero: not said
	settings []Setting
	peers    map[*Role][]PeerBlock
	broken   bool // something of it was faulty

	// at is where the addresses are written: the elements of a literal list or
	// map, else the whole expression or the lines of an inventory.
	elements []hclsyntax.Expression
	whole    hcl.Range
	inv      *inventory
	groups   []*Group
}

// domainParts is a domain with what its hosts have by default.
type domainParts struct {
	*Domain
	decl     *decl
	features []*Feature
	declared map[*Role]bool // roles that hosts of the domain declare
	broken   bool           // something of it was faulty
}

// readDomains reads domains and their hosts, with all addresses.
func (l *loader) readDomains() {
	hostsOf := map[*decl][]*decl{}
	for _, d := range l.order[kindHosts] {
		hostsOf[d.domain] = append(hostsOf[d.domain], d)
	}
	var all []*domainParts
	for _, d := range l.order[kindDomain] {
		p := &domainParts{Domain: refOf[Domain](l.only(d)), decl: d, declared: map[*Role]bool{}}
		l.readDomain(p)
		all = append(all, p)
		l.policy.Domains = append(l.policy.Domains, p.Domain)
	}
	for _, p := range all {
		for _, d := range hostsOf[p.decl] {
			l.eachInstance(d, func(in *instance, b *body) { l.readHosts(p, b, refOf[hostsBlock](in)) })
		}
	}
}

func (l *loader) readDomain(p *domainParts) {
	b := l.bodyOf(p.decl, p.decl.content, &scope{domain: p.decl})
	errors := l.diags.count[""]
	p.Version = b.version("version")
	for _, h := range b.refs("features", kindFeature) {
		p.features = appendOnce(p.features, refOf[Feature](h.instance))
	}
	p.Strict, p.Uncertain = b.flag("strict"), b.flag("uncertain")
	p.ResetFallback, p.Ping, p.Aggregate = b.flag("reset_fallback"), b.flag("ping"), b.flag("aggregate")
	p.SourcePorts = b.oneOf("source_ports", "any", "nonreserved") == "nonreserved"
	p.Idle = b.duration("idle")
	p.broken = b.silent || l.diags.count[""] > errors
}

func appendOnce[T comparable](s []T, x T) []T {
	if slices.Contains(s, x) {
		return s
	}
	return append(s, x)
}

func (l *loader) readHosts(p *domainParts, b *body, h *hostsBlock) {
	h.domain, h.id = p, int32(len(l.blocks))
	l.blocks = append(l.blocks, h)
	errors := l.diags.count[""]
	h.zone = b.zone("zone")
	if h.zone != nil && h.zone.Transit {
		l.fail(sumTransit, fmt.Sprintf("The zone %q joins firewalls; no hosts live there. Put these hosts into a zone of their own, or remove transit = true.", h.zone.Name), b.expr("zone").Range())
	}
	h.roles = b.roles("roles")
	h.version = b.version("version")
	for _, hit := range b.refs("features", kindFeature) {
		h.features = appendOnce(h.features, refOf[Feature](hit.instance))
	}
	h.settings = l.readSettings(b)
	h.peers = l.readPeers(b)
	h.broken = b.silent || l.diags.count[""] > errors
	if b.need("addresses", `addresses = ["10.0.0.10"]`) {
		l.readAddresses(h, b)
	}
	l.checkHosts(h, b)
}

// checkHosts is what can be said of a block without its addresses.
func (l *loader) checkHosts(h *hostsBlock, b *body) {
	rowsHaveRoles := h.inv != nil && l.textsOf(h.inv).haveRoles
	if len(h.roles) == 0 && !h.broken && !rowsHaveRoles {
		if b.attrs["roles"] != nil {
			l.fail(sumEmpty, "Hosts play at least one role, such as: roles = [role.client].", b.expr("roles").Range())
		} else {
			b.need("roles", "roles = [role.client]")
		}
		h.broken = true
	}
	for i, f := range h.features {
		if rowsHaveRoles || h.broken || len(h.roles) == 0 || canHave(f.On, h.roles) {
			continue
		}
		at := b.expr("features").Range()
		if list, ok := b.expr("features").(*hclsyntax.TupleConsExpr); ok && len(list.Exprs) == len(h.features) {
			at = list.Exprs[i].Range()
		}
		l.fail(sumFeature, fmt.Sprintf("The feature %s is for hosts with one of the roles %s; these hosts have none of them.", f.Name, roleNames(f.On)), at)
	}
}

func roleNames(roles []*Role) string {
	names := make([]string, len(roles))
	for i, r := range roles {
		names[i] = r.Name
	}
	return strings.Join(names, ", ")
}

// canHave reports whether hosts of the roles, or of those that these bring or
// imply, can have what is for the roles on. An empty on is for all.
func canHave(on, roles []*Role) bool {
	if len(on) == 0 {
		return true
	}
	is := func(r *Role) bool { return slices.Contains(on, r) }
	for _, r := range withImplied(roles) {
		if is(r) || slices.ContainsFunc(r.Brings, is) {
			return true
		}
	}
	return false
}

// withImplied are the roles with those that they imply, sorted by name.
func withImplied(roles []*Role) []*Role {
	out := slices.Clone(roles)
	for i := 0; i < len(out); i++ {
		for _, r := range out[i].Implies {
			out = appendOnce(out, r)
		}
	}
	return sortedRoles(out)
}

// readSettings reads settings = { smtp_port = 2525 }.
func (l *loader) readSettings(b *body) []Setting {
	v, at := b.value("settings")
	if v == nil {
		return nil
	}
	o, ok := v.(*object)
	if !ok {
		b.wrongType("settings", "an object such as { smtp_port = 2525 }", v, at)
		return nil
	}
	var out []Setting
	for i, k := range o.keys {
		where := l.elementRange(b.expr("settings"), k)
		d := l.decls[kindSetting][k]
		if d == nil {
			l.unknown("setting", k, sortedKeys(l.decls[kindSetting]), where)
			continue
		}
		if val := l.settingValue(refOf[SettingDef](l.only(d)), o.vals[i], where); val != nil {
			out = append(out, Setting{Name: k, Value: val, Declared: true})
		}
	}
	return out // sorted, as the keys of the object are
}

// elementRange is where the element of a literal object is written, or else
// the whole expression.
func (l *loader) elementRange(e hclsyntax.Expression, key string) hcl.Range {
	if o, ok := e.(*hclsyntax.ObjectConsExpr); ok {
		for _, it := range o.Items {
			k := hcl.ExprAsKeyword(it.KeyExpr)
			if kc, ok := it.KeyExpr.(*hclsyntax.ObjectConsKeyExpr); ok && k == "" {
				k, _ = literalString(kc.Wrapped)
			}
			if k == "" {
				k, _ = literalString(it.KeyExpr)
			}
			if k == key {
				return hcl.RangeBetween(it.KeyExpr.Range(), it.ValueExpr.Range())
			}
		}
	}
	return e.Range()
}
