package lang

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
)

// readTopology reads zones, devices, firewalls and paths.
func (l *loader) readTopology() {
	at := map[netip.Prefix]*Zone{}
	errors := l.diags.count[""]
	for _, d := range l.order[kindZone] {
		l.eachInstance(d, func(in *instance, b *body) { l.readZone(b, refOf[Zone](in), at) })
	}
	l.zonesBroken = l.zonesBroken || l.diags.count[""] > errors || slices.ContainsFunc(l.order[kindZone], func(d *decl) bool { return d.broken })
	l.zones = newZoneIndex(l.policy.Zones)
	for _, d := range l.order[kindDevice] {
		l.eachInstance(d, func(in *instance, b *body) { l.readDevice(b, refOf[Device](in)) })
	}
	for _, d := range l.order[kindFirewall] {
		l.eachInstance(d, func(in *instance, b *body) { l.readFirewall(d, b, refOf[Firewall](in)) })
	}
	for _, d := range l.order[kindPath] {
		l.readPath(d)
	}
	l.readManagement()
}

// eachInstance calls f for all instances of a block.
func (l *loader) eachInstance(d *decl, f func(*instance, *body)) {
	if !l.expand(d, d.block.DefRange) {
		return
	}
	for _, in := range d.inst {
		f(in, l.bodyOf(d, d.content, scopeOf(in)))
	}
}

func (l *loader) readZone(b *body, z *Zone, at map[netip.Prefix]*Zone) {
	z.Transit = b.flag("transit")
	prefixes, ranges := b.prefixes("networks")
	for i, p := range prefixes {
		if other := at[p]; other != nil {
			l.fail(sumNetworkTwice, fmt.Sprintf("The network %s is in zone %q as well. A network belongs to one zone; a part of it can be in another.", p, other.Name), ranges[i])
			continue
		}
		at[p] = z
		z.Networks = append(z.Networks, p)
	}
	slices.SortFunc(z.Networks, netip.Prefix.Compare)
	l.zonesBroken = l.zonesBroken || b.silent
	if !z.Transit {
		if !b.need("networks", `networks = ["10.0.0.0/24"]`) {
			return
		}
		if v, r := b.value("networks"); v != nil && len(prefixes) == 0 {
			if list, ok := v.([]any); ok && len(list) == 0 {
				l.fail(sumEmpty, "A zone without networks holds nothing. List its networks, or set transit = true if it only joins firewalls.", r)
			}
		}
	}
	l.policy.Zones = append(l.policy.Zones, z)
}

func (l *loader) readDevice(b *body, d *Device) {
	switch {
	case b.attrs["address"] != nil && b.attrs["addresses"] != nil:
		l.fail(sumConflict, "Write address for one device or addresses for a pair, not both.", b.attrs["addresses"].NameRange)
	case b.attrs["address"] == nil && b.attrs["addresses"] == nil:
		b.need("address", `address = "192.0.2.1"`)
	}
	for _, name := range [...]string{"address", "addresses"} {
		b.each(name, func(v value, at hcl.Range) {
			s, ok := v.(string)
			if !ok {
				b.wrongType(name, "an address in quotes", v, at)
				return
			}
			a, err := parseAddrPort(s)
			if err != nil {
				l.fail(sumAddressInvalid, sentence(err), at)
				return
			}
			d.Addresses = append(d.Addresses, a)
		})
	}
	if a := b.attrs["addresses"]; a != nil && b.attrs["address"] == nil && len(d.Addresses) > 2 {
		l.fail(sumConflict, "A device has at most two addresses, those of a pair.", a.Expr.Range())
	}
	d.Username, d.Hostname = b.name("username"), b.name("hostname")
	b.each("serials", func(v value, at hcl.Range) {
		s, ok := v.(string)
		if !ok || s == "" {
			b.wrongType("serials", "a list of serial numbers in quotes", v, at)
			return
		}
		if l.checkWord("serials", s, at) {
			d.Serials = append(d.Serials, s)
		}
	})
	if e := b.expr("jump"); e != nil {
		d.Jump = refOf[Device](b.ref("jump", kindDevice))
		for at := d.Jump; at != nil; at = at.Jump {
			if at == d {
				l.fail(sumConflict, fmt.Sprintf("The way to device %q leads through itself. Let the jump hosts end at one that is reached directly.", d.Name), e.Range())
				d.Jump = nil
				break
			}
		}
	}
	l.policy.Devices = append(l.policy.Devices, d)
}

// parseAddrPort reads "192.0.2.1", "192.0.2.1:2222" or "[2001:db8::1]:2222".
func parseAddrPort(s string) (netip.AddrPort, error) {
	host, port := s, uint16(0)
	i := strings.LastIndexByte(s, ':')
	if i >= 0 && (strings.Count(s, ":") == 1 || s[0] == '[') {
		n, err := parsePart(s[i+1:])
		if err != nil || n == 0 {
			return netip.AddrPort{}, fmt.Errorf("%q has no valid port: write it like \"192.0.2.1:2222\" or \"[2001:db8::1]:2222\"", clip(s))
		}
		host, port = s[:i], n
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	a, err := parseAddr(host)
	return netip.AddrPortFrom(a, port), err
}

func (l *loader) readFirewall(d *decl, b *body, f *Firewall) {
	if b.need("target", `target = "nftables"`) {
		f.Target = b.oneOf("target", "cisco_asa", "fortigate", "nftables", "paloalto")
	}
	f.OS, f.Context, f.Anchor = b.name("os"), b.name("context"), b.name("anchor")
	f.Device = refOf[Device](b.ref("device", kindDevice))
	f.Exclusive = b.oneOf("manage", "section", "exclusive") == "exclusive"
	f.Bind, f.LocalRules = b.flag("bind"), b.flag("local_rules")
	f.DeviceGroup = b.name("device_group")
	if b.attrs["device_group"] != nil && f.Target != "" && f.Target != "paloalto" {
		l.fail(sumConflict, "Device groups are Panorama's, so only a firewall with the target paloalto is in one. Remove \"device_group\".", b.attrs["device_group"].NameRange)
	}
	f.Established = b.duration("established")
	f.Assume = b.assume()
	l.readNames(b, f)
	if b.attrs["self"] != nil && f.Target != "" && f.Target != "nftables" {
		l.fail(sumConflict, "Only a firewall with the target nftables can be a NetBackup host itself. Remove \"self\".", b.attrs["self"].NameRange)
	}
	names := map[string]hcl.Range{}
	for _, block := range d.content.Blocks {
		if block.Type == "rule_defaults" {
			l.readRuleDefaults(block, b.sc, f)
			continue
		}
		if old, ok := names[block.Labels[0]]; ok {
			l.fail(sumDuplicate, fmt.Sprintf("The firewall has an interface %q at %s already. List all its zones there.", block.Labels[0], old), block.LabelRanges[0])
			continue
		}
		names[block.Labels[0]] = block.LabelRanges[0]
		l.readInterface(block, b.sc, f)
	}
	if len(names) == 0 {
		l.fail(sumMissing, fmt.Sprintf("%s has no interface. Write one for each side, such as: interface \"inside\" { zones = [zone.core] }.", b.title), b.def)
	}
	l.checkInterfaces(d, f)
	l.policy.Firewalls = append(l.policy.Firewalls, f)
}

// assume reads assume = { "app-id ssl" = true }.
func (b *body) assume() map[string]bool {
	const want = `an object of true and false such as { "app-id ssl" = true }`
	var out map[string]bool
	b.pairs("assume", want, func(key string, v value, at hcl.Range) {
		truth, ok := v.(bool)
		if !ok {
			b.wrongType("assume", want, v, at)
			return
		}
		if out == nil {
			out = map[string]bool{}
		}
		out[key] = truth
	})
	return out
}

func (l *loader) innerBody(block *hcl.Block, s *hcl.BodySchema, sc *scope) *body {
	content, diags := block.Body.Content(s)
	l.diags.addAll(diags)
	title := block.Type
	if len(block.Labels) > 0 {
		title = fmt.Sprintf("%s %q", block.Type, block.Labels[0])
	}
	return &body{l: l, sc: sc, attrs: content.Attributes, def: block.DefRange, title: title}
}

func (l *loader) readRuleDefaults(block *hcl.Block, sc *scope, f *Firewall) {
	b := l.innerBody(block, ruleDefaultsSchema, sc)
	f.Log, f.DenyLog, f.Profile = b.flag("log"), b.flag("deny_log"), b.name("profile")
}

func (l *loader) readInterface(block *hcl.Block, sc *scope, f *Firewall) {
	b := l.innerBody(block, interfaceSchema, sc)
	i := &Interface{Label: block.Labels[0], Origin: originOf(block.DefRange)}
	if !l.checkWord("interface", i.Label, block.LabelRanges[0]) || i.Label == "" {
		return
	}
	i.Hairpin, i.Default = b.flag("hairpin"), b.flag("default")
	for _, h := range b.refs("zones", kindZone) {
		z := refOf[Zone](h.instance)
		if z == Elsewhere {
			l.fail(sumReserved, "What is in no zone lies behind the interface with default = true. Write that instead of zone.elsewhere.", h.at)
			continue
		}
		if !slices.Contains(i.Zones, z) {
			i.Zones = append(i.Zones, z)
		}
	}
	if len(i.Zones) == 0 && !i.Default {
		b.need("zones", "zones = [zone.core]")
	}
	b.each("devices", func(v value, at hcl.Range) {
		s, ok := v.(string)
		if !ok || s == "" {
			b.wrongType("devices", "a list of names such as \"eth0\"", v, at)
			return
		}
		if l.checkWord("devices", s, at) {
			i.Devices = append(i.Devices, s)
		}
	})
	if len(i.Devices) == 0 {
		i.Devices = []string{i.Label}
	}
	f.Interfaces = append(f.Interfaces, i)
}

// checkInterfaces holds that each zone is behind one interface of a firewall,
// and that what is in no zone is behind at most one.
func (l *loader) checkInterfaces(d *decl, f *Firewall) {
	behind, byDefault := map[*Zone]*Interface{}, (*Interface)(nil)
	for _, i := range f.Interfaces {
		for _, z := range i.Zones {
			if other := behind[z]; other != nil {
				l.fail(sumDuplicate, fmt.Sprintf("The zone %q is behind the interface %q of %s %q already. A zone is behind one interface of a firewall.", z.Name, other.Label, d.kind, d.label), i.Origin.hclRange())
			}
			behind[z] = i
		}
		if i.Default && byDefault != nil {
			l.fail(sumDuplicate, fmt.Sprintf("The interface %q is the default already. What is in no zone lies behind one interface.", byDefault.Label), i.Origin.hclRange())
		}
		if i.Default {
			byDefault = i
		}
	}
}

func (l *loader) readPath(d *decl) {
	b := l.bodyOf(d, d.content, &scope{})
	p := &PathChoice{Name: d.label, All: b.flag("all"), Origin: originOf(d.block.DefRange)}
	p.From, p.To = b.zone("from"), b.zone("to")
	for _, h := range b.refs("via", kindFirewall) {
		p.Via = append(p.Via, refOf[Firewall](h.instance))
	}
	for _, h := range b.refs("avoid", kindFirewall) {
		p.Avoid = append(p.Avoid, refOf[Firewall](h.instance))
	}
	if b.attrs["via"] == nil && b.attrs["avoid"] == nil && b.attrs["all"] == nil {
		l.fail(sumMissing, fmt.Sprintf("%s settles nothing. Write via or avoid with firewalls, or all = true.", b.title), b.def)
	}
	l.policy.Paths = append(l.policy.Paths, p)
}

// zone is a reference to a zone, nil if there is none.
func (b *body) zone(name string) *Zone {
	return refOf[Zone](b.ref(name, kindZone))
}

func (l *loader) readManagement() {
	if l.management == nil {
		return
	}
	b := l.innerBody(l.management, managementSchema, &scope{})
	m := &Management{Origin: originOf(l.management.DefRange)}
	if b.need("from", `from = ["10.0.0.0/28"]`) {
		m.From, _ = b.prefixes("from")
	}
	slices.SortFunc(m.From, netip.Prefix.Compare)
	m.From = slices.Compact(m.From)
	l.policy.Management = m
}
