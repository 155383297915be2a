package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// policyMaker writes random policies as text: a few zones around one to three
// firewalls in a line or a star, one or two domains with most of the roles that
// the language offers, and flows of the policy's own.
type policyMaker struct {
	*rand.Rand
	b      strings.Builder
	csv    strings.Builder
	zones  []*madeZone
	blocks []string // "domain.d0.hosts.media0"
	selves []madeSelf
}

// madeSelf is a block of one host, all of whose addresses are in one zone: a
// firewall may be that host.
type madeSelf struct{ block, zone string }

// madeZone is a zone with what of it is taken. Hosts live at the start of its
// networks; another zone may have a network within its last quarter.
type madeZone struct {
	name      string
	number    int
	v6        bool
	nested    *madeZone // who holds the last quarter
	holds     *madeZone // whose last quarter it has
	taken     int
	elsewhere bool
}

// randomPolicy returns the text of a policy and of the file hosts.csv beside it.
func randomPolicy(seed uint64) (policy, inventory string) {
	m := &policyMaker{Rand: rand.New(rand.NewPCG(seed, 23))}
	m.csv.WriteString("name,address,version\n")
	firewalls := m.network()
	domains := 1 + m.IntN(2)
	for i := range domains {
		m.domain(fmt.Sprintf("d%d", i))
	}
	if domains == 2 && m.chance(2) {
		m.line("air \"link\" {\n  source = domain.d0\n  target = domain.d1\n}")
	}
	m.firewalls(firewalls)
	m.flows()
	return m.b.String(), m.csv.String()
}

func (m *policyMaker) chance(n int) bool { return m.IntN(n) == 0 }

func (m *policyMaker) line(format string, args ...any) { fmt.Fprintf(&m.b, format+"\n", args...) }

func pick[T any](m *policyMaker, list ...T) T { return list[m.IntN(len(list))] }

// madeInterface is an interface before it is written.
type madeInterface struct {
	devices []string
	zones   []string
	extra   string
}

// network writes the zones and returns the interfaces of the firewalls.
func (m *policyMaker) network() [][]madeInterface {
	var firewalls [][]madeInterface
	shape := m.IntN(4)
	count := []int{1, 2, 3, 3}[shape]
	for i := range count {
		var list []madeInterface
		for j := range []int{3, 1 + m.IntN(2), 1, 1 + m.IntN(2)}[shape] {
			list = append(list, m.leaf(i, j))
		}
		firewalls = append(firewalls, list)
	}
	m.nest()
	join := func(zone string, ends ...int) {
		for _, i := range ends {
			d := fmt.Sprintf("x%d%s", i, zone)
			firewalls[i] = append(firewalls[i], madeInterface{devices: []string{d}, zones: []string{zone}})
		}
		m.line("zone %q {\n  networks = [%q]\n  transit  = true\n}", zone, fmt.Sprintf("10.255.%d.0/29", len(firewalls[0])*8+ends[0]))
	}
	switch shape {
	case 1:
		join("t0", 0, 1)
	case 2: // a line of three
		join("t0", 0, 1)
		join("t1", 1, 2)
	case 3: // a star
		join("t0", 0, 1, 2)
	}
	if m.chance(2) {
		i := m.IntN(count)
		firewalls[i] = append(firewalls[i], madeInterface{devices: []string{fmt.Sprintf("inet%d", i)}, extra: "default = true"})
		m.zones = append(m.zones, &madeZone{name: "elsewhere", elsewhere: true, v6: true})
	}
	for _, z := range m.zones {
		if z.elsewhere {
			continue
		}
		nets := []string{fmt.Sprintf("%q", fmt.Sprintf("10.%d.0.0/24", z.number))}
		if z.v6 {
			nets = append(nets, fmt.Sprintf("%q", fmt.Sprintf("fd00:%d::/64", z.number)))
		}
		if z.holds != nil {
			nets = append(nets, fmt.Sprintf("%q", fmt.Sprintf("10.%d.0.192/26", z.holds.number)))
		}
		m.line("zone %q { networks = [%s] }", z.name, strings.Join(nets, ", "))
	}
	return firewalls
}

// leaf is an interface with zones that hold hosts: mostly one zone behind one
// device, or one behind several, or several that meet in front of the firewall
// or in it.
func (m *policyMaker) leaf(firewall, n int) madeInterface {
	device := fmt.Sprintf("e%d-%d", firewall, n)
	in := madeInterface{devices: []string{device}, zones: []string{m.zone()}}
	switch m.IntN(6) {
	case 0:
		in.devices = append(in.devices, device+"b")
	case 1:
		in.zones = append(in.zones, m.zone())
	case 2:
		in.zones = append(in.zones, m.zone())
		in.extra = "hairpin = true"
	}
	return in
}

func (m *policyMaker) zone() string {
	n := len(m.zones) + 1
	z := &madeZone{name: fmt.Sprintf("z%d", n), number: n, v6: m.IntN(4) > 0}
	m.zones = append(m.zones, z)
	return z.name
}

// nest may give a zone a network inside that of another.
func (m *policyMaker) nest() {
	if a, b := pick(m, m.zones...), pick(m, m.zones...); a != b && m.chance(2) {
		a.nested, b.holds = b, a
	}
}

// v4 and v6 are new addresses of a zone; of the two the last octets agree.
func (m *policyMaker) host(z *madeZone) (v4, v6 string) {
	z.taken += 1 + m.IntN(3)
	if z.elsewhere {
		return fmt.Sprintf("198.51.100.%d", z.taken), fmt.Sprintf("2001:db8:77::%x", z.taken)
	}
	v4 = fmt.Sprintf("10.%d.0.%d", z.number, 8+z.taken)
	if z.holds != nil && m.chance(3) && z.taken < 60 {
		v4 = fmt.Sprintf("10.%d.0.%d", z.holds.number, 192+z.taken)
	}
	if z.v6 {
		v6 = fmt.Sprintf("fd00:%d::%x", z.number, 8+z.taken)
	}
	return v4, v6
}

// somewhere is a zone that holds hosts; seldom the rest of the world.
func (m *policyMaker) somewhere() *madeZone {
	z := pick(m, m.zones...)
	if z.elsewhere && !m.chance(4) {
		return m.somewhere()
	}
	return z
}

func quoted(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return `"` + strings.Join(list, `", "`) + `"`
}

// hosts writes a block of hosts with n hosts and the given lines.
func (m *policyMaker) hosts(domain, label string, n int, lines ...string) {
	z := m.somewhere()
	m.line("  hosts %q {", label)
	for _, l := range lines {
		if l != "" {
			m.line("    %s", l)
		}
	}
	if z.elsewhere {
		m.line("    zone = zone.elsewhere")
	}
	single := m.addresses(z, domain+"_"+label, n)
	m.line("  }")
	ref := fmt.Sprintf("domain.%s.hosts.%s", domain, label)
	m.blocks = append(m.blocks, ref)
	if single && n == 1 && !z.elsewhere {
		m.selves = append(m.selves, madeSelf{ref, z.name})
	}
}

// addresses writes the addresses of a block in one of the ways that the
// language has. It says whether each host is in its zone with all of them.
func (m *policyMaker) addresses(z *madeZone, prefix string, n int) bool {
	switch m.IntN(8) {
	case 0: // a range, which ends in IPv4 only
		if !z.elsewhere && z.holds == nil {
			from, _ := m.host(z)
			z.taken += n + 3
			to, _ := m.host(z)
			m.line("    addresses = [\"%s-%s\"]", from, to)
			return false
		}
	case 1: // a prefix and an expression
		if !z.elsewhere && z.taken < 120 && z.holds == nil {
			z.taken = (z.taken + 8 + 15) &^ 7
			m.line("    addresses = concat([\"10.%d.0.%d/30\"], [for i in range(%d) : cidrhost(\"10.%d.0.0/24\", %d + 2 * i)])", z.number, z.taken, n, z.number, z.taken+8)
			z.taken += 2*n + 8
			return false
		}
	case 2: // an address for backups or of a cluster beside the own one
		if n < 3 {
			m.line("    addresses = {")
			for i := range n {
				data, _ := m.host(z)
				other := m.somewhere()
				for other.elsewhere {
					other = m.somewhere()
				}
				second, _ := m.host(other)
				use := pick(m, "backup", "virtual", "backup")
				if z.elsewhere || m.chance(3) {
					m.line("      %s_%d = { data = %q, second = { address = %q, use = %q, zone = zone.%s } }", prefix, i, data, second, use, other.name)
				} else {
					m.line("      %s_%d = { data = %q, %s = %q }", prefix, i, data, use, second)
				}
			}
			m.line("    }")
			return false
		}
	case 3: // an instance of for_each for each host
		if n > 1 && !z.elsewhere {
			m.line("    for_each = {")
			for i := range n {
				v4, _ := m.host(z)
				m.line("      h%d = %q", i, v4)
			}
			m.line("    }\n    addresses = { \"%s_${each.key}\" = each.value }", prefix)
			return false
		}
	case 4: // an inventory
		if !z.elsewhere {
			for i := range n + 2 {
				v4, v6 := m.host(z)
				fmt.Fprintf(&m.csv, "%s_%d,%s,%s\n", prefix, i, strings.TrimSpace(v4+" "+v6), "")
			}
			m.line("    addresses = [for r in inventory(\"hosts.csv\") : r if startswith(r.name, %q)]", prefix+"_")
			return false
		}
	}
	m.line("    addresses = {")
	for i := range n {
		v4, v6 := m.host(z)
		list := []string{v4}
		if v6 != "" {
			list = append(list, v6)
		}
		m.line("      %s_%d = [%s]", prefix, i, quoted(list))
	}
	m.line("    }")
	return true
}

func roles(list ...string) string { return "roles = [role." + strings.Join(list, ", role.") + "]" }

func (m *policyMaker) version(list ...string) string {
	if m.chance(2) {
		return ""
	}
	return fmt.Sprintf("version = %q", pick(m, list...))
}

// sometimes is a line or none.
func (m *policyMaker) sometimes(n int, text string) string {
	if m.chance(n) {
		return text
	}
	return ""
}

func (m *policyMaker) domain(d string) {
	m.line("domain %q {\n  version = %q", d, pick(m, "7.0.1", "7.1", "7.5", "7.6", "7.7"))
	for _, l := range []string{
		m.sometimes(2, "reset_fallback = true"), m.sometimes(3, "ping = true"), m.sometimes(3, "source_ports = \"nonreserved\""),
		m.sometimes(3, "aggregate = true"), m.sometimes(4, "strict = true"), m.sometimes(4, "uncertain = true"), m.sometimes(4, "idle = \"3h\""),
	} {
		if l != "" {
			m.line("  %s", l)
		}
	}
	all := []string{"7.0", "7.0.1", "7.1", "7.5", "7.6", "7.7"}
	m.hosts(d, "master", 1, roles("master"))
	media := 1 + m.IntN(2)
	for i := range media {
		m.hosts(d, fmt.Sprintf("media%d", i), 1+m.IntN(3), pick(m, roles("media"), roles("media", "msdp")), m.version(all...))
	}
	for i := range 2 + m.IntN(3) {
		m.hosts(d, fmt.Sprintf("clients%d", i), 1+m.IntN(4), roles("client"), m.version(all...),
			m.sometimes(3, fmt.Sprintf("peers = { media = [hosts.media%d] }", m.IntN(media))),
			m.sometimes(3, pick(m, "features = [feature.client_dedup]", "features = [feature.app_backup]", "features = [feature.connect_options, feature.client_dedup]", "features = [feature.grt]")))
	}
	m.extras(d)
	m.line("}")
}

// extras are roles that not every domain has.
func (m *policyMaker) extras(d string) {
	for _, x := range []struct {
		label string
		n     int
		lines []string
	}{
		{"emm", 1, []string{roles("emm")}},
		{"vxss", 1, []string{roles("vxss")}},
		{"java", 2, []string{roles("java_console")}},
		{"windows", 1, []string{roles("win_console")}},
		{"novell", 1, []string{roles("netware")}},
		{"fingers", 1, []string{roles("media", "fingerprint")}},
		{"balance", 1, []string{roles("media", "load_balancing")}},
		{"rsv", 2, []string{roles("client"), `version = "7.5"`, "features = [feature.resilient]"}},
	} {
		if m.chance(4) {
			m.hosts(d, x.label, x.n, x.lines...)
		}
	}
	if m.chance(3) {
		m.hosts(d, "opscenter", 1, roles("opscenter_server"), pick(m, "", "settings = { snmp_port = 1162 }", "settings = { opscenter_web = \"8181/8443\", smtp_port = 2525 }"))
		m.hosts(d, "browsers", 3, roles("web_browser"))
		m.hosts(d, "notified", 1, roles("mail_server", "snmp_server"))
	}
	if m.chance(4) {
		m.hosts(d, "filers", 2, roles("ndmp_filer"), "features = [feature.remote_ndmp]", "peers = { media = [hosts.mover] }")
		m.hosts(d, "mover", 1, roles("media"), "features = [feature.remote_ndmp]", "settings = { server_port_window = \"4900-4920\" }", "peers = { ndmp_filer = [hosts.filers] }")
	}
	if m.chance(4) {
		m.hosts(d, "vhost", 1, roles("vmware_backup_host", "client"), "features = [feature.vmware_nbd]")
		m.hosts(d, "virtual", 1, roles("vcenter"))
		m.hosts(d, "esx", 3, roles("esx"))
	}
	if m.chance(4) {
		m.appliance(d)
	}
}

// appliance is an appliance with its management module and who talks to it.
func (m *policyMaker) appliance(d string) {
	in := func() *madeZone {
		for {
			if z := m.somewhere(); !z.elsewhere {
				return z
			}
		}
	}
	data, _ := m.host(in())
	ipmi, _ := m.host(in())
	m.line("  hosts \"box\" {\n    addresses = { %s_box = { data = %q, ipmi = %q } }\n    %s\n    settings = { appliance_model = %q, appliance_firmware = \"2.14\", rmm_mode = %q, ipmi_623 = %q }\n  }",
		d, data, ipmi, roles("media", "appliance", "appliance_ipmi"), pick(m, "5220", "5230"), pick(m, "encrypted", "clear"), pick(m, "none", "udp", "both"))
	m.hosts(d, "shell", 1, roles("command_line"))
	m.hosts(d, "console", 1, roles("rm_console"))
}

// firewalls writes the firewalls, and now and then one that is a host.
func (m *policyMaker) firewalls(list [][]madeInterface) {
	managed := false
	self := func(zones []string) (found madeSelf) {
		for i, s := range m.selves {
			if slices.Contains(zones, s.zone) && m.chance(2) {
				m.selves = append(m.selves[:i], m.selves[i+1:]...)
				return s
			}
		}
		return found
	}
	write := func(name string, interfaces []madeInterface, self string) {
		m.line("firewall %q {\n  target = \"nftables\"", name)
		switch {
		case m.chance(2) && self != "":
			m.line("  manage = \"section\"\n  anchor = \"inet users to-others to-me from-me\"\n  self   = [%s]", self)
		case m.chance(3) && self == "":
			m.line("  manage = \"section\"\n  anchor = \"inet filter FORWARD\"")
		default:
			m.line("  manage = \"exclusive\"")
			if self != "" {
				managed = true
				m.line("  self   = [%s]", self)
			}
		}
		for i, in := range interfaces {
			zones := make([]string, len(in.zones))
			for j, z := range in.zones {
				zones[j] = "zone." + z
			}
			m.line("  interface \"side%d\" {\n    zones   = [%s]\n    devices = [%s]", i, strings.Join(zones, ", "), quoted(in.devices))
			if in.extra != "" {
				m.line("    %s", in.extra)
			}
			m.line("  }")
		}
		m.line("  rule_defaults {\n    log      = %v\n    deny_log = %v\n  }\n}", m.chance(3), m.chance(3))
	}
	for i, interfaces := range list {
		var own []string
		for _, in := range interfaces {
			if len(in.devices) == 1 && !strings.Contains(in.extra, "hairpin") {
				own = append(own, in.zones...)
			}
		}
		var host madeSelf
		if m.chance(3) {
			host = self(own)
		}
		write(fmt.Sprintf("fw%d", i), interfaces, host.block)
	}
	// Behind the interface of a host are all zones that it reaches without a
	// firewall. The network has no node for hosts between several devices.
	hosts := 0
	for _, interfaces := range list {
		for _, in := range interfaces {
			if len(in.devices) > 1 || in.extra != "" {
				continue
			}
			if host := self(in.zones); host.block != "" {
				write(fmt.Sprintf("host%d", hosts), []madeInterface{{devices: []string{"nic0"}, zones: in.zones}}, host.block)
				hosts++
			}
		}
	}
	if managed {
		m.line("management { from = [\"10.1.0.0/27\", \"10.2.0.200/32\"] }")
	}
}

// flows writes services and flows of the policy's own.
func (m *policyMaker) flows() {
	m.line(`service "agent" { tcp = [8400, "9000-9010"] }`)
	m.line(`service "syslog" { udp = [514, "6000-6003"] }`)
	m.line(`service "both" {
  tcp = [53]
  udp = [53]
}`)
	m.line(`service "echo" { icmp = [{ type = 8, code = 0, family = 4 }, { type = 128, code = 0, family = 6 }] }`)
	end := func() string {
		if z := pick(m, m.zones...); m.chance(3) {
			return "zone." + z.name
		}
		return pick(m, m.blocks...)
	}
	for i := range 2 + m.IntN(4) {
		m.line("flow \"own%d\" {\n  from    = [%s]\n  to      = [%s]\n  service = [service.%s]", i, end(), end(), pick(m, "agent", "syslog", "both", "echo", "syslog, service.agent"))
		if m.chance(3) {
			m.line("  sources = \"nonreserved\"")
		}
		m.line("}")
	}
}
