package fortigate

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/nbfwc/nbfwc/ruleset"
)

// all4 and all6 are what an address holds that says nothing.
var (
	all4 = netip.PrefixFrom(netip.IPv4Unspecified(), 0)
	all6 = netip.PrefixFrom(netip.IPv6Unspecified(), 0)
)

// openAddress makes an address as the device does: an IPv4 network that holds
// all, an IPv6 network that holds all.
func openAddress(v6 bool) func(*reader, string, int) int {
	prefix := all4
	if v6 {
		prefix = all6
	}
	return func(p *reader, name string, line int) int {
		p.m.addresses = append(p.m.addresses, address{name: name, v6: v6, prefix: prefix, line: line})
		return len(p.m.addresses) - 1
	}
}

// cosmetic are fields of objects that are for people or for the GUI.
var cosmetic = map[string]bool{
	"color": true, "visibility": true, "fabric-object": true, "allow-routing": true, "cache-ttl": true, "tags": true,
	"global-object": true, "obj-id": true, "passive-fqdn-learning": true,
}

var addrKinds = map[string]addrKind{
	"": ipmask, "ipmask": ipmask, "ipprefix": ipmask, "iprange": iprange, "wildcard": wildcard, "fqdn": fqdn, "geography": geography,
}

func (p *reader) addressField(f *frame, e edit) string {
	a := &p.m.addresses[f.at]
	switch e.name {
	case "type":
		word := e.one()
		kind, ok := addrKinds[word]
		if !ok {
			kind, a.word = otherAddr, word
		}
		a.kind = kind
	case "subnet", "ip6":
		return a.network(e)
	case "start-ip", "end-ip":
		return a.end(e)
	case "wildcard":
		return a.mask(e)
	case "fqdn", "country":
		return e.text(&a.value)
	case "associated-interface":
		return e.text(&a.associated)
	case "comment":
		return e.text(&a.comment)
	case "uuid":
		return e.text(&a.uuid)
	default:
		if cosmetic[e.name] || a.standard(e) {
			return ""
		}
		return e.other(&a.others)
	}
	return ""
}

// standard says whether a field has the value that it has on every address that
// doesn't use it.
func (a *address) standard(e edit) bool {
	switch e.name {
	case "sub-type":
		return e.one() == "sdn" || e.one() == ""
	case "host-type":
		return e.one() == "any" || e.one() == ""
	case "obj-type":
		return e.one() == "ip" || e.one() == ""
	case "node-ip-only", "route-tag", "dirty", "clearpass-spt", "sdn", "macaddr", "interface", "template", "host", "sdn-addr-type",
		"tenant", "organization", "epg-name", "subnet-name", "sdn-tag", "policy-group", "filter", "fsso-group", "obj-tag", "tag-type",
		"hw-vendor", "hw-model", "os", "sw-version", "tag-detection-level":
		if v := e.one(); v == "" || v == "disable" || v == "0" || e.name == "dirty" || v == "unknown" || e.name == "sdn-addr-type" {
			return true
		}
	}
	return false
}

// network reads the network of an address. Bits behind the mask don't count.
func (a *address) network(e edit) string {
	if e.verb == "unset" {
		a.prefix = all4
		if a.v6 {
			a.prefix = all6
		}
		return ""
	}
	pf, ok := ipMask(e.values)
	if !ok || pf.Addr().Is6() != a.v6 || pf.Addr().Is4In6() {
		a.unreadable(e)
		return "not a network"
	}
	a.prefix = pf.Masked()
	return ""
}

func (a *address) end(e edit) string {
	to := &a.from
	if e.name == "end-ip" {
		to = &a.to
	}
	if e.verb == "unset" {
		*to = netip.Addr{}
		return ""
	}
	ip, err := netip.ParseAddr(e.one())
	if err != nil || ip.Is6() != a.v6 || ip.Is4In6() || ip.Zone() != "" {
		a.unreadable(e)
		return "not an address"
	}
	*to = ip
	return ""
}

func (a *address) mask(e edit) string {
	if e.verb == "unset" {
		a.from, a.to = netip.Addr{}, netip.Addr{}
		return ""
	}
	if len(e.values) == 2 {
		ip, err := netip.ParseAddr(e.values[0])
		m, err2 := netip.ParseAddr(e.values[1])
		if err == nil && err2 == nil && ip.Is4() && m.Is4() {
			a.from, a.to = addr4(word4(ip)&word4(m)), m
			return ""
		}
	}
	a.unreadable(e)
	return "not an address and a mask"
}

// unreadable makes an address one whose content isn't known.
func (a *address) unreadable(e edit) {
	a.kind, a.word = otherAddr, e.name+" "+strings.Join(e.values, " ")
}

func openGroup(v6 bool) func(*reader, string, int) int {
	return func(p *reader, name string, line int) int {
		p.m.groups = append(p.m.groups, addrGroup{name: name, v6: v6, line: line})
		return len(p.m.groups) - 1
	}
}

func (p *reader) groupField(f *frame, e edit) string {
	g := &p.m.groups[f.at]
	switch e.name {
	case "member":
		return e.list(&g.members)
	case "exclude":
		return e.flag(&g.exclude, false)
	case "exclude-member":
		return e.list(&g.excluded)
	case "comment":
		return e.text(&g.comment)
	case "uuid":
		return e.text(&g.uuid)
	case "category":
		if g.category = e.one(); g.category == "default" {
			g.category = ""
		}
		return ""
	case "type":
		if v := e.one(); v == "default" || v == "" {
			return ""
		}
	default:
		if cosmetic[e.name] {
			return ""
		}
	}
	return e.other(&g.others)
}

func (p *reader) openCategory(name string, _ int) int {
	p.m.categories = append(p.m.categories, name)
	return 0
}

func (p *reader) openService(name string, line int) int {
	p.m.services = append(p.m.services, service{name: name, icmpType: -1, icmpCode: -1, line: line})
	return len(p.m.services) - 1
}

var svcKinds = map[string]svcKind{
	"": tcpUDPSCTP, "TCP/UDP/SCTP": tcpUDPSCTP, "TCP/UDP/UDP-Lite/SCTP": tcpUDPSCTP, "ICMP": icmp, "ICMP6": icmp6, "IP": ip,
}

func (p *reader) serviceField(f *frame, e edit) string {
	s := &p.m.services[f.at]
	switch e.name {
	case "protocol":
		word := e.one()
		kind, ok := svcKinds[word]
		if !ok {
			kind, s.word = otherSvc, word
		}
		s.kind = kind
	case "tcp-portrange":
		return s.readPorts(&s.tcp, e)
	case "udp-portrange":
		return s.readPorts(&s.udp, e)
	case "sctp-portrange":
		return s.readPorts(&s.sctp, e)
	case "icmptype":
		return s.readICMP(&s.icmpType, e)
	case "icmpcode":
		return s.readICMP(&s.icmpCode, e)
	case "protocol-number":
		n, err := strconv.ParseUint(e.one(), 10, 8)
		if s.number = uint8(n); err != nil && e.verb != "unset" {
			return s.unreadable(e, "not a protocol number")
		}
	case "session-ttl":
		return readTTL(e, &s.ttl)
	case "category":
		return e.text(&s.category)
	case "comment":
		return e.text(&s.comment)
	case "uuid":
		return e.text(&s.uuid)
	default:
		if cosmetic[e.name] || s.standard(e) {
			return ""
		}
		return e.other(&s.others)
	}
	return ""
}

// standard says whether a field has the value that it has on every service that
// doesn't use it.
func (s *service) standard(e edit) bool {
	v := e.one()
	switch e.name {
	case "proxy", "app-service-type":
		return v == "disable" || v == ""
	case "helper":
		return v == "auto" || v == ""
	case "check-reset-range":
		return v == "default" || v == ""
	case "iprange":
		return v == "0.0.0.0" || v == "0.0.0.0-0.0.0.0" || v == ""
	case "fqdn", "app-category", "application", "udplite-portrange":
		return v == ""
	case "tcp-halfclose-timer", "tcp-halfopen-timer", "tcp-timewait-timer", "tcp-rst-timer", "udp-idle-timer":
		return v == "0" || v == ""
	}
	return false
}

func (s *service) unreadable(e edit, why string) string {
	s.kind, s.word = otherSvc, e.name+" "+strings.Join(e.values, " ")
	return why
}

func (s *service) readPorts(to *[]ports, e edit) string {
	switch e.verb {
	case "set":
		*to = nil
	case "unset":
		*to = nil
		return ""
	case "unselect":
		return s.unreadable(e, "ports can't be taken out of a list")
	}
	*to = slices.Grow(*to, len(e.values))
	for _, v := range e.values {
		dst, src, hasSrc := strings.Cut(v, ":")
		one := ports{src: anyPort}
		var ok bool
		if one.dst, ok = portRange(dst); !ok {
			return s.unreadable(e, "not a range of ports")
		}
		if hasSrc {
			if one.src, ok = portRange(src); !ok {
				return s.unreadable(e, "not a range of source ports")
			}
			if one.src == (ruleset.PortRange{From: 1, To: 65535}) {
				one.src = anyPort
			}
		}
		*to = append(*to, one)
	}
	return ""
}

func (s *service) readICMP(to *int16, e edit) string {
	if e.verb == "unset" || e.one() == "" {
		*to = -1
		return ""
	}
	n, err := strconv.ParseUint(e.one(), 10, 8)
	if err != nil {
		return s.unreadable(e, "not an ICMP type or code")
	}
	*to = int16(n)
	return ""
}

func (p *reader) openSvcGroup(name string, line int) int {
	p.m.svcGroups = append(p.m.svcGroups, svcGroup{name: name, line: line})
	return len(p.m.svcGroups) - 1
}

func (p *reader) svcGroupField(f *frame, e edit) string {
	g := &p.m.svcGroups[f.at]
	switch e.name {
	case "member":
		return e.list(&g.members)
	case "comment":
		return e.text(&g.comment)
	case "uuid":
		return e.text(&g.uuid)
	case "proxy":
		if v := e.one(); v == "disable" || v == "" {
			return ""
		}
	default:
		if cosmetic[e.name] {
			return ""
		}
	}
	return e.other(&g.others)
}

func openSchedule(table string) func(*reader, string, int) int {
	return func(p *reader, name string, line int) int {
		p.m.schedules = append(p.m.schedules, schedule{name: name, table: table, line: line})
		return len(p.m.schedules) - 1
	}
}

func (p *reader) scheduleField(f *frame, e edit) string {
	if e.name == "uuid" || cosmetic[e.name] {
		return ""
	}
	return e.other(&p.m.schedules[f.at].fields)
}

func openNAT(table string) func(*reader, string, int) int {
	return func(p *reader, name string, line int) int {
		p.m.nat = append(p.m.nat, natEntry{table: table, name: name, v6: strings.HasSuffix(table, "6"), line: line})
		return len(p.m.nat) - 1
	}
}

func (p *reader) natField(f *frame, e edit) string {
	n := &p.m.nat[f.at]
	switch e.name {
	case "uuid", "comment", "comments", "color":
		return ""
	case "status":
		n.off = e.one() == "disable"
	case "extip", "startip", "start-external-ip":
		n.read(&n.outer, e)
	case "endip":
		n.upTo(e)
	case "mappedip", "source-startip", "start-internal-ip":
		n.read(&n.inner, e)
	case "orig-addr", "orig-addr6", "member":
		n.names = append(n.names, e.values...)
	case "type", "extaddr", "mapped-addr", "nat46", "nat64", "ipv6-mappedip", "ipv4-mappedip":
		if v := e.one(); v != "" && v != "static-nat" && v != "overload" && v != "one-to-one" && v != "disable" {
			n.unclear = n.unclear || !strings.HasPrefix(n.table, "ippool")
		}
	}
	return e.other(&n.fields)
}

// read adds addresses that are written out: "10.0.0.1" or "10.0.0.1-10.0.0.9".
func (n *natEntry) read(to *[]ruleset.Range, e edit) {
	for _, v := range e.values {
		from, till, isRange := strings.Cut(v, "-")
		if !isRange {
			till = from
		}
		a, err := netip.ParseAddr(from)
		b, err2 := netip.ParseAddr(till)
		r := ruleset.Range{From: a, To: b}
		if err == nil && err2 == nil && r.IsValid() {
			*to = append(*to, r)
		} else if pf, ok := ipMask([]string{v}); ok {
			*to = append(*to, ruleset.RangeOf(pf))
		} else {
			n.unclear = true
		}
	}
}

// upTo gives a pool its end.
func (n *natEntry) upTo(e edit) {
	a, err := netip.ParseAddr(e.one())
	if err != nil || len(n.outer) == 0 {
		n.unclear = true
		return
	}
	last := &n.outer[len(n.outer)-1]
	if r := (ruleset.Range{From: last.From, To: a}); r.IsValid() {
		last.To = a
	} else {
		n.unclear = true
	}
}

// openOdd makes an entry of a table that isn't modelled.
func openOdd(table, why string) func(*reader, string, int) int {
	v6, filters := strings.HasSuffix(table, "6"), strings.HasPrefix(table, "acl") || table == "ttl-policy"
	return func(p *reader, name string, line int) int {
		text := "config firewall " + table + " / edit " + name
		if filters {
			p.unread(line, text, why+"; it isn't modelled")
		} else {
			p.refuse(line, text, why)
		}
		p.m.odd = append(p.m.odd, oddEntry{table: table, name: name, v6: v6, permits: !filters, line: line})
		return len(p.m.odd) - 1
	}
}

func (p *reader) oddField(f *frame, e edit) string {
	o := &p.m.odd[f.at]
	switch e.name {
	case "status":
		o.off = e.one() == "disable"
	case "interface", "srcintf":
		return e.list(&o.in)
	}
	return ""
}
