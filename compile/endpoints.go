package compile

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/nbfwc/nbfwc/lang"
)

// Endpoint is something that talks: an address with what the policy knows of
// it.
type Endpoint struct {
	Addr  netip.Addr
	Host  string      // its name, "" if it has none
	Group *lang.Group // nil for an address that no host has
	Leg   int
	Zone  *lang.Zone
	// On is the firewall that has the address itself, nil for none.
	On *Firewall
}

// Endpoint is what the policy knows of an address.
func (x *Index) Endpoint(a netip.Addr) Endpoint {
	a = a.Unmap().WithZone("")
	s := x.spot(a)
	e := Endpoint{Addr: a, Zone: x.g.topology.zones[s.zone]}
	if s.self >= 0 {
		e.On = x.g.Firewalls[s.self]
	}
	if s.legs[0] >= 0 {
		o := x.g.legs.list[s.legs[0]]
		e.Group, e.Leg = o.group, o.leg
		for k, r := range o.addrs() {
			if r.From.Compare(a) <= 0 && a.Compare(r.To) <= 0 && k < len(o.group.Names) {
				e.Host = o.group.Names[k]
			}
		}
	}
	return e
}

// maxEndpoints bounds the endpoints that one text names: a question about a
// block of thousands of hosts is answered for one of each kind.
const maxEndpoints = 16

// Endpoints are what a text names: an address; a host by its name; a hosts
// block, as "block", "hosts.block" or "domain.block", of which one host of each
// group stands for all; a zone, of which an address that no host has. It is an
// error if the text names nothing.
func (x *Index) Endpoints(text string) ([]Endpoint, error) {
	if a, err := netip.ParseAddr(text); err == nil {
		return []Endpoint{x.Endpoint(a)}, nil
	}
	var list []Endpoint
	for id, o := range x.g.legs.list {
		if k, ok := named(text, o.group); ok && len(list) < maxEndpoints {
			list = append(list, x.member(int32(id), k))
		}
	}
	if len(list) > 0 {
		return list, nil
	}
	for i, z := range x.g.topology.zones {
		if lang.NamesBlock(strings.TrimPrefix(text, "zone."), z.Name) {
			if e, ok := x.stranger(int32(i)); ok {
				return []Endpoint{e}, nil
			}
			return nil, fmt.Errorf("zone %q has no address that no host has: name a host", z.Name)
		}
	}
	return nil, fmt.Errorf("%q is no address, host, hosts block or zone of the policy", text)
}

// named reports whether the text names the group or a host of it, and which.
func named(text string, g *lang.Group) (host int, ok bool) {
	block := strings.TrimPrefix(text, "hosts.")
	block = strings.TrimPrefix(strings.TrimPrefix(block, "domain."), g.Domain.Name+".")
	if g.InBlock(strings.TrimPrefix(block, "hosts.")) {
		return 0, true
	}
	i := slices.Index(g.Names, text)
	return i, i >= 0 && text != ""
}

func (x *Index) member(id int32, k int) Endpoint {
	o := x.g.legs.list[id]
	e := Endpoint{Addr: o.addrs()[k].From, Group: o.group, Leg: o.leg, Zone: x.g.topology.zones[o.place.zone]}
	if k < len(o.group.Names) {
		e.Host = o.group.Names[k]
	}
	if o.place.self >= 0 {
		e.On = x.g.Firewalls[o.place.self]
	}
	return e
}

// stranger is an address of a zone that no host has, if one is soon found.
func (x *Index) stranger(zone int32) (Endpoint, bool) {
	for _, r := range x.g.topology.zoneSet(x.g.topology.zones[zone]).Ranges() {
		a := r.From
		for range 1 << 16 {
			if e := x.Endpoint(a); e.Group == nil {
				return e, true
			}
			if a == r.To {
				break
			}
			a = a.Next()
		}
	}
	return Endpoint{}, false
}

// String is the endpoint in words: "web1 (192.0.2.11, zone dmz)".
func (e Endpoint) String() string {
	where := "zone " + e.Zone.Name
	if e.On != nil {
		where = "firewall " + e.On.Name
	}
	if e.Host != "" {
		return fmt.Sprintf("%s (%s, %s)", e.Host, e.Addr, where)
	}
	return fmt.Sprintf("%s (%s)", e.Addr, where)
}
