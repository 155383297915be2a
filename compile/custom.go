package compile

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/nbfwc/nbfwc/lang"
)

// custom adds the flows of a flow block of the policy's own.
func (b *builder) custom(c *lang.Flow) {
	ports := b.portsOf(c.Service)
	for _, from := range c.From {
		for _, to := range c.To {
			f := Flow{Custom: c, Domain: customDomain(c, from, to)}
			f.Idle = customIdle(c, f.Domain, ports)
			b.customPair(f, from, to, ports)
		}
	}
}

// customDomain is the domain that a flow stands in, or that all its ends
// belong to.
func customDomain(c *lang.Flow, from, to lang.FlowEnd) *lang.Domain {
	if c.Domain != nil {
		return c.Domain
	}
	if from.Group != nil && to.Group != nil && from.Group.Domain == to.Group.Domain {
		return from.Group.Domain
	}
	return nil
}

func customIdle(c *lang.Flow, d *lang.Domain, ports *servicePorts) time.Duration {
	switch {
	case c.Idle != 0:
		return c.Idle
	case !ports.tcp:
		return 0
	case d != nil && d.Idle != 0:
		return d.Idle
	}
	return defaultIdle
}

func (b *builder) customPair(f Flow, from, to lang.FlowEnd, ports *servicePorts) {
	talks := false
	sources, targets := b.sides(from), b.sides(to)
	for _, s := range sources {
		for _, t := range targets {
			if b.flows(f, s, t, ports, f.Custom.Origin) {
				talks = true
			}
		}
	}
	if !talks {
		b.noFamilyIn(f.Custom, sources[0], targets[0])
	}
}

func (b *builder) noFamilyIn(c *lang.Flow, from, to side) {
	if !b.once("family " + placeKey(c.Origin)) {
		return
	}
	b.report(Problem{
		Summary: "No common address family",
		Detail: fmt.Sprintf("Flow %q leads from %s to %s, but no address of one fits an address of the other: IPv4 talks to IPv4, IPv6 to IPv6, and virtual addresses are destinations only. Give one of them an address of the other's family, or take it out of the flow.",
			c.Name, from.name(), to.name()),
		Subject: c.Origin,
	})
}

// sides are the ends of a flow block as sides. A whole zone is the addresses of
// the zone that are not on a firewall, and beside them the hosts that are.
func (b *builder) sides(e lang.FlowEnd) []side {
	if e.Group != nil {
		legs := b.g.legs.byGroup[e.Group]
		if plain := usable(legs, e.Group, false); len(plain) > 0 {
			legs = plain
		}
		return []side{{group: e.Group, legs: legs}}
	}
	zone := b.g.topology.zoneIndex[e.Zone]
	whole := side{zone: e.Zone}
	for _, v6 := range []bool{false, true} {
		if hasFamily(e.Zone, v6) {
			end := b.g.legs.zoneEnd(zone, v6)
			whole.legs = append(whole.legs, end)
			if _, ok := b.g.legs.sets[end.id]; !ok {
				b.g.legs.sets[end.id] = b.g.topology.zoneEndSet(e.Zone, v6)
			}
		}
	}
	list := []side{whole}
	for _, id := range b.g.legs.self[zone] {
		o := b.g.legs.list[id]
		list = append(list, side{group: o.group, legs: []legRef{b.g.legs.byGroup[o.group][o.leg]}})
	}
	return list
}

// hasFamily reports whether the zone has addresses of the family.
func hasFamily(z *lang.Zone, v6 bool) bool {
	return z == lang.Elsewhere || slices.ContainsFunc(z.Networks, func(p netip.Prefix) bool { return p.Addr().Is6() == v6 })
}
