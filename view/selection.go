package view

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/nbfwc/nbfwc/compile"
	"github.com/nbfwc/nbfwc/lang"
	"github.com/nbfwc/nbfwc/ruleset"
)

// Selection says which flows of a graph to show. Empty fields select all; a
// flow must satisfy each field that is set.
type Selection struct {
	Host     string // hosts block, with or without domain; host name; or address
	Zone     string
	Role     string
	Firewall string
	Port     string // "1556", or "udp/111"
}

// Select returns the ids of the flows that s selects, ascending. It is an error
// if s names something that the policy doesn't have: an empty answer must mean
// that there is no such flow.
func Select(g *compile.Graph, s Selection) ([]int32, error) {
	tests, err := s.tests(g)
	if err != nil {
		return nil, err
	}
	var ids []int32
	for i := range g.Flows {
		f := &g.Flows[i]
		if !slices.ContainsFunc(tests, func(test func(*compile.Flow) bool) bool { return !test(f) }) {
			ids = append(ids, int32(i))
		}
	}
	return ids, nil
}

func (s Selection) tests(g *compile.Graph) ([]func(*compile.Flow) bool, error) {
	var tests []func(*compile.Flow) bool
	either := func(test func(compile.End) bool) {
		tests = append(tests, func(f *compile.Flow) bool { return test(f.From) || test(f.To) })
	}
	if s.Host != "" {
		groups := hostGroups(g.Policy, s.Host)
		if len(groups) == 0 {
			return nil, fmt.Errorf("no hosts block, host or address %q in the policy", s.Host)
		}
		either(func(e compile.End) bool { return e.Group != nil && groups[e.Group] })
	}
	if s.Zone != "" {
		if s.Zone != lang.Elsewhere.Name && !slices.ContainsFunc(g.Policy.Zones, func(z *lang.Zone) bool { return lang.NamesBlock(s.Zone, z.Name) }) {
			return nil, fmt.Errorf("no zone %q in the policy%s", s.Zone, choices(g.Policy.Zones, func(z *lang.Zone) string { return z.Name }))
		}
		either(func(e compile.End) bool { return lang.NamesBlock(s.Zone, endZone(e).Name) })
	}
	if s.Role != "" {
		if !slices.ContainsFunc(g.Policy.Catalog.Roles, func(r *lang.Role) bool { return r.Name == s.Role }) {
			return nil, fmt.Errorf("no role %q in the catalogue: \"nbfwc catalog\" lists the roles", s.Role)
		}
		tests = append(tests, func(f *compile.Flow) bool {
			return f.Row != nil && (f.Row.From.Name == s.Role || f.Row.To.Name == s.Role)
		})
	}
	if s.Firewall != "" {
		if !slices.ContainsFunc(g.Firewalls, func(fw *compile.Firewall) bool { return lang.NamesBlock(s.Firewall, fw.Name) }) {
			return nil, fmt.Errorf("no firewall %q in the policy%s", s.Firewall, choices(g.Firewalls, func(fw *compile.Firewall) string { return fw.Name }))
		}
		tests = append(tests, func(f *compile.Flow) bool { return crosses(f, s.Firewall) })
	}
	if s.Port != "" {
		proto, port, err := ParsePort(s.Port)
		if err != nil {
			return nil, err
		}
		tests = append(tests, func(f *compile.Flow) bool {
			return slices.ContainsFunc(f.Ports, func(p compile.Port) bool {
				return (proto == 0 || p.Proto == proto) && p.From <= port && port <= p.To
			})
		})
	}
	return tests, nil
}

// choices ends a message with the names that could have been meant.
func choices[T any](items []T, name func(T) string) string {
	if len(items) == 0 {
		return ""
	}
	names := make([]string, len(items))
	for i, it := range items {
		names[i] = name(it)
	}
	return ": it has " + few(names)
}

// hostGroups are the groups that a word of the user's means.
func hostGroups(p *lang.Policy, word string) map[*lang.Group]bool {
	groups := map[*lang.Group]bool{}
	addr, notAddr := netip.ParseAddr(word)
	for _, d := range p.Domains {
		for _, g := range d.Groups {
			switch {
			case g.InBlock(word), g.InBlock(strings.TrimPrefix(word, d.Name+".")), slices.Contains(g.Names, word):
				groups[g] = true
			case notAddr == nil && hasAddress(g, addr.Unmap()):
				groups[g] = true
			}
		}
	}
	return groups
}

func hasAddress(g *lang.Group, addr netip.Addr) bool {
	return slices.ContainsFunc(g.Legs, func(leg lang.Leg) bool {
		return slices.ContainsFunc(leg.Addrs, func(a lang.AddrRange) bool {
			return a.From.BitLen() == addr.BitLen() && a.From.Compare(addr) <= 0 && addr.Compare(a.To) <= 0
		})
	})
}

func crosses(f *compile.Flow, firewall string) bool {
	return slices.ContainsFunc(f.Paths, func(path []compile.Hop) bool {
		return slices.ContainsFunc(path, func(h compile.Hop) bool { return lang.NamesBlock(firewall, h.Firewall.Name) })
	})
}

// ParsePort reads "1556", "tcp/1556" or "udp/111". The protocol is 0 if none
// is given.
func ParsePort(s string) (proto uint8, port uint16, err error) {
	number := s
	if name, rest, ok := strings.Cut(s, "/"); ok {
		number = rest
		if proto, err = ParseProtocol(name); err != nil {
			return 0, 0, err
		}
	}
	n, err := strconv.ParseUint(number, 10, 16)
	if err != nil {
		return 0, 0, fmt.Errorf("port %q: write a number from 0 to 65535, or tcp/NUMBER or udp/NUMBER", s)
	}
	return proto, uint16(n), nil
}

// ParseProtocol reads the name of a protocol.
func ParseProtocol(s string) (uint8, error) {
	for _, p := range []uint8{ruleset.TCP, ruleset.UDP, ruleset.ICMP, ruleset.ICMPv6} {
		if ProtocolName(p) == s {
			return p, nil
		}
	}
	return 0, fmt.Errorf("protocol %q: write tcp, udp, icmp or icmpv6", s)
}

// endZone is the zone of one side of a flow.
func endZone(e compile.End) *lang.Zone {
	if e.Zone != nil {
		return e.Zone
	}
	return e.Group.Legs[e.Leg].Zone
}
