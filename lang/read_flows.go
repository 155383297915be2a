package lang

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// readFlows reads what needs groups: the policy's own flows, links between
// domains, and the hosts that are firewalls themselves.
func (l *loader) readFlows() {
	for _, d := range l.order[kindFlow] {
		if !l.isRow(d) {
			l.readFlow(d)
		}
	}
	for _, d := range l.order[kindAir] {
		l.readLink(d)
	}
	for _, d := range l.order[kindFirewall] {
		for _, in := range d.inst {
			b := l.bodyOf(d, d.content, scopeOf(in))
			l.readSelf(b, refOf[Firewall](in))
		}
	}
}

func (l *loader) readFlow(d *decl) {
	b := l.bodyOf(d, d.content, &scope{domain: d.domain})
	b.refuse(rowOnly, "this flow is between hosts or zones. Rows of the catalogue are between roles.")
	f := Flow{Name: d.label, Origin: originOf(d.block.DefRange)}
	if d.domain != nil {
		f.Domain = refOf[Domain](l.only(d.domain))
	}
	if b.need("from", "from = hosts.web") {
		f.From = l.flowEnds(b, "from")
	}
	if b.need("to", "to = hosts.master") {
		f.To = l.flowEnds(b, "to")
	}
	f.SourcePorts = b.oneOf("sources", "any", "nonreserved") == "nonreserved"
	f.Idle = b.duration("idle")
	f.Ticket, f.Reason = b.text("ticket", 100), b.text("reason", 1000)
	f.Expires = l.readExpires(b)
	if !b.need("service", "service = service.my_agent") {
		return
	}
	// One Flow for each service, all of the same name.
	for _, h := range b.refs("service", kindService) {
		one := f
		one.Service = refOf[Service](h.instance)
		l.policy.Flows = append(l.policy.Flows, &one)
	}
}

// flowEnds are the groups and zones of an end, each once.
func (l *loader) flowEnds(b *body, name string) []FlowEnd {
	var out []FlowEnd
	seen := map[FlowEnd]bool{}
	add := func(e FlowEnd) {
		if !seen[e] {
			seen[e] = true
			out = append(out, e)
		}
	}
	for _, h := range b.refs(name, kindHosts, kindZone) {
		if h.decl.kind == kindZone {
			add(FlowEnd{Zone: refOf[Zone](h.instance)})
			continue
		}
		for _, g := range refOf[hostsBlock](h.instance).groups {
			add(FlowEnd{Group: g})
		}
	}
	return out
}

// readExpires reads a date. From that day on the flow is stale.
func (l *loader) readExpires(b *body) time.Time {
	s, at := b.str("expires")
	if s == "" {
		return time.Time{}
	}
	day, err := time.Parse(time.DateOnly, s)
	if err != nil {
		l.fail(sumType, "\"expires\" must be a date such as \"2027-06-30\".", at)
		return time.Time{}
	}
	if l.opt.Today.IsZero() || l.opt.Today.Format(time.DateOnly) < s {
		return day
	}
	detail := fmt.Sprintf("The flow expired on %s. Remove it, or give it a later date if it is still needed.", s)
	if l.opt.AllowExpired {
		l.warn(sumExpired, detail, at)
	} else {
		l.fail(sumExpired, detail+" To load the policy as it is, use -allow-expired.", at)
	}
	return day
}

func (l *loader) readLink(d *decl) {
	b := l.bodyOf(d, d.content, &scope{})
	k := &Link{Name: d.label, Kind: "air", Origin: originOf(d.block.DefRange)}
	if b.need("source", "source = domain.a") {
		k.Source = refOf[Domain](b.ref("source", kindDomain))
	}
	if b.need("target", "target = domain.b") {
		k.Target = refOf[Domain](b.ref("target", kindDomain))
	}
	if k.Source != nil && k.Source == k.Target {
		l.fail(sumConflict, "Auto Image Replication joins two domains; source and target are the same one here.", b.expr("target").Range())
	}
	for _, h := range b.refs("features", kindFeature) {
		k.Features = appendOnce(k.Features, refOf[Feature](h.instance))
	}
	byName(k.Features, featureName)
	l.readLinkPeers(b, k)
	l.policy.Links = append(l.policy.Links, k)
}

// readSelf takes the addresses of the hosts that a firewall runs on.
func (l *loader) readSelf(b *body, f *Firewall) {
	for _, h := range b.refs("self", kindHosts) {
		for _, g := range refOf[hostsBlock](h.instance).groups {
			for _, leg := range g.Legs {
				f.Self = append(f.Self, leg.Addrs...)
			}
		}
	}
	slices.SortFunc(f.Self, func(x, y AddrRange) int {
		return cmp.Or(x.From.Compare(y.From), x.To.Compare(y.To))
	})
	f.Self = slices.Compact(f.Self)
}
