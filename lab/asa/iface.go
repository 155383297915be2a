package asa

import (
	"net/netip"
	"slices"
	"strings"
)

const nameifLimit = 48

// iface is an interface. What has nothing to do with names, levels and
// addresses is kept as it is.
type iface struct {
	port    string // GigabitEthernet0/1
	before  []string
	nameif  string
	level   int
	leveled bool
	ip      netip.Addr
	mask    [4]byte
	standby netip.Addr
	dynamic string // dhcp setroute, pppoe
	after   []string
}

func (f *iface) shut() bool { return slices.Contains(f.before, "shutdown") }

func (f *iface) lines(sp spelling) []string {
	out := []string{"interface " + f.port}
	for _, l := range f.before {
		out = append(out, " "+l)
	}
	if f.nameif == "" {
		out = append(out, " no nameif")
	} else {
		out = append(out, " nameif "+f.nameif)
	}
	if !f.leveled {
		out = append(out, " no security-level")
	} else {
		out = append(out, " security-level "+itoa(f.level))
	}
	switch {
	case f.dynamic != "":
		out = append(out, " ip address "+f.dynamic)
	case f.ip.IsValid():
		l := " ip address " + sp.ip(f.ip) + " " + netip.AddrFrom4(f.mask).String()
		if f.standby.IsValid() {
			l += " standby " + sp.ip(f.standby)
		}
		out = append(out, l+" ")
	default:
		out = append(out, " no ip address")
	}
	for _, l := range f.after {
		out = append(out, " "+l)
	}
	return out
}

func (cfg *config) interfaceNamed(nameif string) *iface {
	if nameif == "" {
		return nil
	}
	return find(cfg.interfaces, func(f *iface) bool { return f.nameif == nameif })
}

// Lines that stand before the name of an interface, and after its address.
var (
	ifaceBefore = []string{"description", "shutdown", "vlan", "speed", "duplex", "channel-group", "management-only", "member-interface",
		"flowcontrol", "mac-address", "delay", "port-channel", "lacp", "bridge-group", "zone-member", "nve-only", "cts", "hardware", "switchport"}
	ifaceAfter = []string{"ipv6", "ospf", "pim", "igmp", "bfd", "eigrp", "rip", "policy-route", "dhcprelay", "authentication", "tunnel", "isis", "split-horizon"}
	ifaceWords = append(append([]string{"nameif", "security-level", "ip"}, ifaceBefore...), ifaceAfter...)
)

// cmdInterface is "interface NAME".
func cmdInterface(c *call) error {
	port, err := c.in.name(64)
	if err != nil {
		return err
	}
	if n := c.in.peek(); n != "" && n[0] >= '0' && n[0] <= '9' { // "interface GigabitEthernet 0/1"
		c.in.at += len(n)
		port += n
	}
	if err := c.in.done(); err != nil {
		return err
	}
	full := physical(port)
	if full == "" {
		return c.at(port)
	}
	port = full
	f := find(c.cfg.interfaces, func(f *iface) bool { return strings.EqualFold(f.port, port) })
	if c.no {
		if f == nil || !strings.ContainsAny(port, ".") {
			return refuse("ERROR: %% interface %s can't be removed", port)
		}
		c.cfg.unname(f.nameif)
		c.cfg.interfaces = without(c.cfg.interfaces, f)
		return nil
	}
	if f == nil {
		f = &iface{port: port}
		c.cfg.interfaces = append(c.cfg.interfaces, f)
	}
	c.s.enter(modeInterface, f.port)
	return nil
}

// physical returns the full name of a port, "" if it can't be one.
func physical(port string) string {
	i := strings.IndexAny(port, "0123456789")
	if i < 2 || strings.Trim(port[i:], "0123456789/.") != "" {
		return ""
	}
	kinds := []string{"Ethernet", "GigabitEthernet", "TenGigabitEthernet", "FortyGigabitEthernet", "TwentyFiveGigE", "HundredGigE",
		"Management", "Port-channel", "Redundant", "Vlan", "BVI", "Tunnel", "Loopback", "FastEthernet", "Internal-Data"}
	word, _ := choose(port[:i], kinds)
	if word == "" {
		return ""
	}
	return word + port[i:]
}

// unname takes a name of an interface away, with all that hangs on it.
func (cfg *config) unname(nameif string) {
	if nameif == "" {
		return
	}
	cfg.accessGroups = slices.DeleteFunc(cfg.accessGroups, func(g accessGroup) bool { return g.nameif == nameif })
	cfg.servicePolicies = slices.DeleteFunc(cfg.servicePolicies, func(s servicePolicy) bool { return s.nameif == nameif })
	cfg.blocks = slices.DeleteFunc(cfg.blocks, func(b *block) bool {
		f := strings.Fields(b.top)
		return len(f) > 1 && (f[0] == "route" || f[0] == "mtu") && f[1] == nameif
	})
}

// subInterface is a line inside an interface.
func subInterface(c *call, word string) error {
	f := find(c.cfg.interfaces, func(f *iface) bool { return f.port == c.s.mode.name })
	if f == nil {
		return refuse("ERROR: %% interface %s doesn't exist", c.s.mode.name)
	}
	switch word {
	case "nameif":
		return c.setNameif(f)
	case "security-level":
		if c.no {
			f.level, f.leveled = 0, false
			return nil
		}
		n, err := c.in.number(0, 100)
		if err != nil {
			return err
		}
		if err := c.in.done(); err != nil {
			return err
		}
		f.level, f.leveled = n, true
		return nil
	case "ip":
		if _, err := c.in.keyword("address"); err != nil {
			return err
		}
		return c.setAddress(f)
	}
	list := &f.before
	if slices.Contains(ifaceAfter, word) {
		list = &f.after
	}
	text := trimRight(word + " " + c.in.rest())
	single := !slices.Contains(ifaceAfter, word) && word != "member-interface"
	*list = slices.DeleteFunc(*list, func(l string) bool {
		return l == text || l == "no "+text || text == "no "+l ||
			(single || c.no) && (l == word || strings.HasPrefix(l, word+" "))
	})
	if !c.no {
		*list = append(*list, text)
	} else if c.s.loading {
		*list = append(*list, "no "+text)
	}
	return nil
}

func (c *call) setNameif(f *iface) error {
	if c.no {
		c.cfg.unname(f.nameif)
		f.nameif = ""
		return nil
	}
	n, err := c.in.name(nameifLimit)
	if err != nil {
		return err
	}
	if err := c.in.done(); err != nil {
		return err
	}
	if o := c.cfg.interfaceNamed(n); o != nil && o != f {
		return refuse("ERROR: Name %q has been assigned to interface %s", n, o.port)
	}
	if f.nameif != n {
		c.cfg.unname(f.nameif)
	}
	f.nameif = n
	if !f.leveled {
		f.leveled = true
		if n == "inside" {
			f.level = 100
		}
		if !c.s.loading {
			c.say("INFO: Security level for %q set to %d by default.", n, f.level)
		}
	}
	return nil
}

func (c *call) setAddress(f *iface) error {
	if c.no {
		f.ip, f.standby, f.dynamic = netip.Addr{}, netip.Addr{}, ""
		return nil
	}
	if w := c.in.accept("dhcp", "pppoe"); w != "" {
		f.dynamic = trimRight(w + " " + c.in.rest())
		return nil
	}
	ip, err := c.hostAddress()
	if err != nil {
		return err
	}
	if !ip.Is4() {
		return refuse("ERROR: %s is not an IPv4 address", ip)
	}
	m, err := c.netmask()
	if err != nil {
		return err
	}
	var standby netip.Addr
	if c.in.accept("standby") != "" {
		if standby, err = c.hostAddress(); err != nil {
			return err
		}
	}
	if err := c.in.done(); err != nil {
		return err
	}
	f.ip, f.mask, f.standby, f.dynamic = ip, m, standby, ""
	return nil
}
