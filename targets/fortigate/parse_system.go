package fortigate

import (
	"math/bits"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/nbfwc/nbfwc/ruleset"
)

func (p *reader) globalField(_ *frame, e edit) string {
	s := &p.m.settings
	switch e.name {
	case "hostname":
		return e.text(&p.m.hostname)
	case "allow-traffic-redirect":
		s.noRedirect = e.one() == "disable"
	case "ipv6-allow-traffic-redirect":
		s.noRedirect6 = e.one() == "disable"
	}
	return ""
}

func (p *reader) settingsField(_ *frame, e edit) string {
	s := &p.m.settings
	switch e.name {
	case "ngfw-mode":
		s.policyBased = e.one() == "policy-based"
		if s.policyBased {
			p.refuse(e.line, "set ngfw-mode policy-based", "the NGFW mode policy-based decides by applications in another table; only profile-based VDOMs are read")
		}
	case "opmode":
		s.transparent = e.one() == "transparent"
		if s.transparent {
			p.refuse(e.line, "set opmode transparent", "a transparent VDOM forwards between ports of one network; only VDOMs in NAT mode are read")
		}
	case "central-nat":
		return e.flag(&s.centralNAT, false)
	case "ses-denied-traffic":
		return e.flag(&s.deniedSessions, false)
	}
	return ""
}

func (p *reader) centralField(_ *frame, e edit) string {
	if e.name == "type" {
		if p.m.settings.manager = e.one(); p.m.settings.manager != "fortimanager" {
			p.m.settings.manager = ""
		}
	}
	return ""
}

func (p *reader) logField(_ *frame, e edit) string {
	if e.name == "fwpolicy-implicit-log" {
		return e.flag(&p.m.settings.implicitLog, false)
	}
	return ""
}

func (p *reader) ipmacField(_ *frame, e edit) string {
	if e.name == "bindthroughfw" && e.one() == "enable" {
		return "IP/MAC binding drops packets by hardware address; it isn't modelled"
	}
	return ""
}

func (p *reader) openWire(name string, line int) int {
	p.refuse(line, "config system virtual-wire-pair / edit "+name, "a virtual wire pair forwards between two ports without routing; it isn't modelled")
	return 0
}

func (p *reader) openInterface(name string, line int) int {
	p.m.interfaces = append(p.m.interfaces, iface{name: name, line: line})
	p.ifaceVDOM = append(p.ifaceVDOM, "")
	return len(p.m.interfaces) - 1
}

func (p *reader) interfaceField(f *frame, e edit) string {
	i := &p.m.interfaces[f.at]
	switch e.name {
	case "vdom":
		return e.text(&p.ifaceVDOM[f.at])
	case "type":
		return e.text(&i.kind)
	case "status":
		i.down = e.one() == "down"
	case "ip":
		i.connect(e.values)
	}
	return ""
}

// connect adds the network of an interface address. An address that isn't set
// is printed as zeros.
func (i *iface) connect(values []string) {
	pf, ok := ipMask(values)
	if ok && pf.Bits() > 0 && !pf.Addr().IsUnspecified() {
		i.networks = append(i.networks, pf.Masked())
	}
}

func (p *reader) secondaryField(_ *frame, e edit) string {
	if e.name == "ip" {
		p.outerInterface().connect(e.values)
	}
	return ""
}

// outerInterface is the interface in whose entry a nested table stands.
func (p *reader) outerInterface() *iface {
	for i := len(p.stack) - 1; i >= 0; i-- {
		if f := &p.stack[i]; f.path == "system interface" && f.inEntry && f.at < len(p.m.interfaces) {
			return &p.m.interfaces[f.at]
		}
	}
	return &iface{}
}

func (p *reader) ipv6Field(_ *frame, e edit) string {
	if e.name == "ip6-address" {
		p.outerInterface().connect(e.values)
	}
	return ""
}

func (p *reader) openExtra6(name string, _ int) int {
	p.outerInterface().connect([]string{name})
	return 0
}

func (p *reader) openZone(name string, line int) int {
	p.m.zones = append(p.m.zones, zone{name: name, line: line})
	return len(p.m.zones) - 1
}

func (p *reader) zoneField(f *frame, e edit) string {
	z := &p.m.zones[f.at]
	switch e.name {
	case "interface":
		return e.list(&z.members)
	case "intrazone":
		switch e.one() {
		case "allow":
			z.intrazone = true
		case "deny", "":
			z.intrazone = false
		default:
			return "neither allow nor deny"
		}
	case "description", "tagging":
	default:
		return "a field of a zone that is not known"
	}
	return ""
}

func (p *reader) openSDWANZone(name string, _ int) int {
	p.sdwanZone = append(p.sdwanZone, name)
	return 0
}

func (p *reader) openSDWANMember(name string, _ int) int {
	p.sdwan[name] = []string{"", "virtual-wan-link"}
	return 0
}

func (p *reader) sdwanMemberField(f *frame, e edit) string {
	m := p.sdwan[f.entry]
	switch e.name {
	case "interface":
		m[0] = e.one()
	case "zone":
		m[1] = e.one()
	}
	return ""
}

// finish puts together what several tables say.
func (p *reader) finish() {
	if p.m.header.multi {
		p.m.vdom = p.want
		kept := p.m.interfaces[:0]
		for i, f := range p.m.interfaces {
			if v := p.ifaceVDOM[i]; v == "" || v == p.want {
				kept = append(kept, f)
			}
		}
		p.m.interfaces = kept
	} else if p.context != "" {
		p.m.vdom = p.context
	}
	members := make([]string, 0, len(p.sdwan))
	for id := range p.sdwan {
		members = append(members, id)
	}
	slices.Sort(members)
	zones := slices.Clone(p.sdwanZone)
	by := map[string][]string{}
	for _, id := range members {
		if m := p.sdwan[id]; m[0] != "" {
			if by[m[1]] == nil && !slices.Contains(zones, m[1]) {
				zones = append(zones, m[1])
			}
			by[m[1]] = append(by[m[1]], m[0])
		}
	}
	for _, name := range zones {
		p.m.zones = append(p.m.zones, zone{name: name, members: by[name], line: 0})
	}
}

func openRoute(v6 bool) func(*reader, string, int) int {
	to := netip.PrefixFrom(netip.IPv4Unspecified(), 0)
	if v6 {
		to = netip.PrefixFrom(netip.IPv6Unspecified(), 0)
	}
	return func(p *reader, _ string, line int) int {
		p.m.routes = append(p.m.routes, route{to: to, line: line})
		return len(p.m.routes) - 1
	}
}

func (p *reader) routeField(f *frame, e edit) string {
	r := &p.m.routes[f.at]
	switch e.name {
	case "dst":
		if pf, ok := ipMask(e.values); ok {
			r.to = pf.Masked()
		} else if e.verb == "set" {
			return "not a network"
		}
	case "device":
		return e.text(&r.device)
	case "status":
		if e.one() == "disable" {
			r.device, r.off = "", true
		}
	case "blackhole", "dstaddr", "internet-service", "internet-service-custom":
		if e.one() != "" && e.one() != "disable" && e.one() != "0" {
			r.off = true
		}
	}
	return ""
}

func (p *reader) ttlField(_ *frame, e edit) string {
	if e.name == "default" {
		return readTTL(e, &p.m.ttl.standard)
	}
	return "a field that is not known"
}

func (p *reader) openPortTTL(_ string, line int) int {
	p.m.ttl.ports = append(p.m.ttl.ports, portTTL{timeout: 300, line: line})
	return len(p.m.ttl.ports) - 1
}

func (p *reader) portTTLField(f *frame, e edit) string {
	t := &p.m.ttl.ports[f.at]
	n, err := strconv.ParseUint(e.one(), 10, 16)
	switch e.name {
	case "timeout":
		return readTTL(e, &t.timeout)
	case "protocol", "start-port", "end-port", "refresh-direction":
	default:
		return "a field that is not known"
	}
	if e.name == "refresh-direction" || e.verb == "unset" {
		return ""
	}
	if err != nil {
		return "not a number"
	}
	switch e.name {
	case "protocol":
		if n > 255 {
			return "not a protocol"
		}
		t.protocol = uint8(n)
	case "start-port":
		t.ports.From = uint16(n)
	case "end-port":
		t.ports.To = uint16(n)
	}
	return ""
}

// readTTL reads seconds or never.
func readTTL(e edit, to *ttl) string {
	switch v := e.one(); v {
	case "":
		*to = 0
	case "never":
		*to = never
	default:
		n, err := strconv.ParseUint(v, 10, 31)
		if err != nil {
			return "neither a number of seconds nor never"
		}
		*to = ttl(n)
	}
	return ""
}

// ipMask reads "10.0.0.0 255.0.0.0", "10.0.0.0/8" or "2001:db8::/32"; a single
// address is a host.
func ipMask(values []string) (netip.Prefix, bool) {
	switch len(values) {
	case 1:
		if strings.IndexByte(values[0], '/') >= 0 {
			pf, err := netip.ParsePrefix(values[0])
			return pf, err == nil
		}
		a, err := netip.ParseAddr(values[0])
		if err != nil || a.Zone() != "" || a.Is4In6() {
			return netip.Prefix{}, false
		}
		return netip.PrefixFrom(a, a.BitLen()), true
	case 2:
		a, err := netip.ParseAddr(values[0])
		m, err2 := netip.ParseAddr(values[1])
		if err != nil || err2 != nil || !a.Is4() || !m.Is4() {
			return netip.Prefix{}, false
		}
		n, ok := maskBits(m)
		return netip.PrefixFrom(a, n), ok
	}
	return netip.Prefix{}, false
}

// maskBits is the length of a mask that has no gaps.
func maskBits(m netip.Addr) (int, bool) {
	v := word4(m)
	n := bits.LeadingZeros32(^v)
	return n, n == 32 || v<<n == 0
}

func word4(a netip.Addr) uint32 {
	b := a.As4()
	return uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
}

func addr4(v uint32) netip.Addr {
	return netip.AddrFrom4([4]byte{byte(v >> 24), byte(v >> 16), byte(v >> 8), byte(v)})
}

// portRange reads "80" or "80-90".
func portRange(s string) (ruleset.PortRange, bool) {
	from, to, isRange := strings.Cut(s, "-")
	if !isRange {
		to = from
	}
	a, err := strconv.ParseUint(from, 10, 16)
	b, err2 := strconv.ParseUint(to, 10, 16)
	return ruleset.PortRange{From: uint16(a), To: uint16(b)}, err == nil && err2 == nil && a <= b
}
