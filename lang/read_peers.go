package lang

import (
	"fmt"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// readPeers reads peers = { media = [hosts.media] } of hosts: the keys are
// roles.
func (l *loader) readPeers(b *body) map[*Role][]PeerBlock {
	if b.expr("peers") == nil {
		return nil
	}
	out := map[*Role][]PeerBlock{}
	l.eachPeers(b, func(r *Role, _ hcl.Range, hits []hit) {
		if out[r] == nil {
			out[r] = []PeerBlock{}
		}
		for _, h := range hits {
			if h.decl.domain != b.sc.domain {
				l.fail(sumWrongReference, fmt.Sprintf("Peers are of the same domain, but hosts.%s are of the domain %q.", h.name(), h.decl.domain.label), h.at)
				continue
			}
			if p := (PeerBlock{h.name()}); !slices.Contains(out[r], p) {
				out[r] = append(out[r], p)
			}
		}
	})
	return out
}

// readLinkPeers reads peers = { msdp = [domain.a.hosts.storage] } of a link.
func (l *loader) readLinkPeers(b *body, k *Link) {
	missed := l.missedRefs
	l.eachPeers(b, func(r *Role, at hcl.Range, hits []hit) {
		if len(hits) == 0 && l.missedRefs == missed {
			l.fail(sumEmpty, fmt.Sprintf("The list names no hosts with the role %s that take part. Name those that do, or leave the role out if all do.", r.Name), at)
		}
		for _, h := range hits {
			var d *Domain
			for _, x := range []*Domain{k.Source, k.Target} {
				if x != nil && x.Name == h.decl.domain.label {
					d = x
				}
			}
			if d == nil {
				if k.Source != nil && k.Target != nil {
					l.fail(sumWrongReference, fmt.Sprintf("Peers are of the domains %q and %q, but hosts.%s are of the domain %q.", k.Source.Name, k.Target.Name, h.name(), h.decl.domain.label), h.at)
				}
				continue
			}
			if k.Peers == nil {
				k.Peers = map[*Role][]LinkPeer{}
			}
			k.Peers[r] = appendOnce(k.Peers[r], LinkPeer{d, h.name()})
		}
	})
}

// eachPeers calls add for each role of the attribute peers with the hosts that
// it names.
func (l *loader) eachPeers(b *body, add func(*Role, hcl.Range, []hit)) {
	e := b.expr("peers")
	if e == nil {
		return
	}
	named := func(role string, at hcl.Range, hits []hit) {
		d := l.decls[kindRole][role]
		if d == nil {
			l.unknown("role", role, sortedKeys(l.decls[kindRole]), at)
			return
		}
		add(refOf[Role](l.only(d)), at, hits)
	}
	o, ok := e.(*hclsyntax.ObjectConsExpr)
	if !ok {
		if v := l.eval(e, b.sc); v != nil {
			l.peersOf(b, v, e.Range(), named)
		}
		return
	}
	for _, it := range o.Items {
		if k, ok := l.objectKey(it.KeyExpr, b.sc); ok {
			named(k, it.KeyExpr.Range(), l.references(it.ValueExpr, b.sc, kindHosts))
		}
	}
}

// peersOf takes peers that are not a literal object.
func (l *loader) peersOf(b *body, v value, at hcl.Range, named func(string, hcl.Range, []hit)) {
	if _, isFault := v.(faulty); isFault {
		return
	}
	o, ok := v.(*object)
	if !ok {
		b.wrongType("peers", "an object such as { media = [hosts.media] }", v, at)
		return
	}
	for i, k := range o.keys {
		var hits []hit
		list, ok := o.vals[i].([]any)
		if !ok {
			list = []any{o.vals[i]}
		}
		for _, x := range list {
			hits = l.appendHits(hits, x, at, []kind{kindHosts})
		}
		named(k, at, hits)
	}
}
